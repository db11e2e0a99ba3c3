"""What a row of the history keeps of a body on a mesh: its probes, the heats of its reactions, heat through its faces, its regions.

They are read at the moment at which a row is written, so that no row needs the temperatures of all nodes.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.heat.mesh_sample import capacity_of, heat_of, lasting_of, surface
from thermo.heat.triggers import moments_of
from thermo.materials.storage import constant
from thermo.programmes.conditions import slope_at
from thermo.simulation.front import OF_A_FRONT, Front

if TYPE_CHECKING:
    from thermo.simulation.mesh_body import MeshBody

PROBES, REACTIONS, FRONT, POWERS, STORED, REGIONS = "probes", "reactions", "front", "powers", "stored", "regions"
OF_A_REGION = 6  # numbers
BRIEF = 0.1  # of a step: within it a reaction gives no more than it has left


class RegionReadings:
    """Reads the regions of a body, the nodes of one after the other in one go."""

    def __init__(self, body: MeshBody) -> None:
        self.laws, self.multiplicity, counts = body.laws, body.multiplicity, [len(nodes) for nodes in body.inside]
        self.nodes, self.counts, self.begins = np.concatenate(body.inside), np.array(counts), np.cumsum([0, *counts[:-1]])
        self.volume = np.concatenate([body.volumes[nodes, j] for j, nodes in enumerate(body.inside)])
        self.whole = np.add.reduceat(self.volume, self.begins)
        self.start = body.start[self.nodes]
        bends = [len(law.temperature) > 1 for law in body.laws]
        self.capacity = np.array([0.0 if bent else float(law.right[0]) for bent, law in zip(bends, body.laws, strict=True)])
        ends = zip(self.begins, self.begins + self.counts, strict=True)
        self.bent = [(j, slice(*part), body.laws[j].at(self.start[slice(*part)])) for j, part in enumerate(ends) if bends[j]]

    def row(self, temperature: Floats) -> Floats:
        """Of each region mean, largest, smallest temperature [K], the nodes of the latter two, heat stored since the start [J]."""
        part, made = temperature[self.nodes], np.empty((len(self.laws), OF_A_REGION))
        made[:, 0] = np.add.reduceat(self.volume * part, self.begins) / self.whole
        made[:, 1], made[:, 3] = self._extreme(np.maximum, part)
        made[:, 2], made[:, 4] = self._extreme(np.minimum, part)
        made[:, 5] = self.capacity * np.add.reduceat(self.volume * (part - self.start), self.begins)
        for j, rows, begun in self.bent:
            made[j, 5] = float(np.sum(self.volume[rows] * (self.laws[j].at(part[rows]) - begun)))
        made[:, 5] *= self.multiplicity
        return made

    def _extreme(self, take: np.ufunc, part: Floats) -> tuple[Floats, Integers]:
        """The largest or the smallest of each region, and the first node that has it."""
        found = take.reduceat(part, self.begins)
        at = np.flatnonzero(part == np.repeat(found, self.counts))
        return found, self.nodes[at[np.searchsorted(at, self.begins)]]


class MeshReadings:
    """Reads states of a body. `names` are those of its probes, `columns` the blocks of a row: which numbers of it each has."""

    def __init__(self, body: MeshBody) -> None:
        self.body, self.names = body, list(body.probes)
        terms = body.sample.terms
        faces = [face for face, _ in terms]
        self.of_term = [condition.column(face, faces.count(face) == 1) for face, condition in terms]
        self.powers = list(dict.fromkeys(self.of_term))
        burns = body.chemistry is not None and not body.steady
        sizes = {
            PROBES: len(self.names),
            REACTIONS: len(body.chemistry.column_names) if burns and body.chemistry else 0,
            FRONT: OF_A_FRONT if burns else 0,
            POWERS: len(self.powers) + len(body.flows),
            STORED: 1 if body.weighs else 0,
            REGIONS: OF_A_REGION * len(body.regions),
        }
        ends = list(itertools.accumulate(sizes.values(), initial=0))
        self.blocks = {name: slice(*pair) for name, pair in zip(sizes, itertools.pairwise(ends), strict=True)}
        self.n_readings = ends[-1]
        self.front = Front(body) if burns else None
        self.inside = RegionReadings(body)
        self.even = body.sample.storage is None or constant(body.sample.storage)  # no heat capacity depends on temperature
        self.lasting = (terms, lasting_of(body.sample))
        self.at_start = heat_of(body.sample, body.start)
        probes = list(body.probes.values())
        self.means = [i for i, probe in enumerate(probes) if probe.take == "mean"]
        self.others = [i for i, probe in enumerate(probes) if probe.take != "mean"]
        read = [probes[i] for i in self.means]
        self.nodes = np.concatenate([probe.nodes for probe in read] or [np.zeros(0, np.int64)])
        self.weights = np.concatenate([probe.weights for probe in read] or [np.zeros(0)])
        self.begins = np.cumsum([0, *(len(probe.nodes) for probe in read[:-1])])

    def probe(self, which: int, temperature: Floats) -> float:
        """The temperature of a probe by its number [K]."""
        return float(self.body.probes[self.names[which]].of(temperature[None])[0])

    def row(self, time: float, temperature: Floats, extent: Floats, fired: Floats, step: float) -> Floats:
        """What is read at a time [s] of temperatures (n_nodes,) [K], extents and switches (n_readings,), after a step of a length [s]."""
        body, out, blocks = self.body, np.empty(self.n_readings), self.blocks
        if self.means:
            out[self.means] = np.add.reduceat(self.weights * temperature[self.nodes], self.begins)
        for i in self.others:
            out[i] = self.probe(i, temperature)
        moments, made = moments_of(fired, body.sample.triggers), np.zeros((0, len(temperature)))
        if body.chemistry and self.front and body.sample.reacting:
            made = body.chemistry.powers(temperature, extent, fired, BRIEF * step)
            out[blocks[REACTIONS]] = [*(body.multiplicity * made.sum(axis=1)), *body.chemistry.means(extent)]
            kept, mesh = body.sample.reacting.kept(moments), slice(body.n_nodes)
            made = made if kept is None else made * kept
            capacity = (body.sample.capacity if self.even else capacity_of(body.sample, temperature))[mesh]
            out[blocks[FRONT]] = self.front.row(temperature[mesh], made.sum(axis=0)[mesh], capacity)
        out[blocks[POWERS]] = body.multiplicity * self._powers(time, temperature, moments, made)
        if body.weighs:
            out[blocks[STORED]] = body.multiplicity * self._stored(temperature)
        out[blocks[REGIONS]] = self.inside.row(temperature).ravel()
        return out

    def probes(self, rows: Floats) -> dict[str, Floats]:
        """The temperatures of the probes [K] in some rows (n_rows, n_readings)."""
        return dict(zip(self.names, rows[:, self.blocks[PROBES]].T, strict=True))

    def reactions(self, rows: Floats) -> dict[str, Floats]:
        """Columns of what reacts: heat [W], extents."""
        names = self.body.chemistry.column_names if self.body.chemistry and self.front else []
        return dict(zip(names, rows[:, self.blocks[REACTIONS]].T, strict=True))

    def fronts(self, rows: Floats) -> Floats:
        """What tells how the front of reactions is resolved, and of the fastest node (n_rows, `OF_A_FRONT`)."""
        return rows[:, self.blocks[FRONT]]

    def heats(self, rows: Floats) -> dict[str, Floats]:
        """Columns of heat into the body through each named face, across a contact or a gap from its first side to the other [W], and of
        what passes the faces whose flow is asked for. A gap on a face with other conditions has a column of its own, `face|to`."""
        names = [*(f"heat_{name}_W" for name in self.powers), *(f"flow_{face}_W" for face in self.body.flows)]
        return dict(zip(names, rows[:, self.blocks[POWERS]].T, strict=True))

    def stored(self, rows: Floats) -> Floats:
        """Heat stored in the body since the start [J]."""
        return rows[:, self.blocks[STORED]][:, 0]  # type: ignore[no-any-return]

    def regions(self, rows: Floats) -> Floats:
        """Of each row and region (n_rows, n_regions, 6): mean, largest, smallest temperature [K], the nodes of the latter two, heat stored
        since the start [J]."""
        return rows[:, self.blocks[REGIONS]].reshape(len(rows), len(self.body.regions), OF_A_REGION)

    def _stored(self, temperature: Floats) -> float:
        """Heat stored in the mesh since the start [J]."""
        if self.even:
            return float(np.sum((temperature - self.body.start) * self.body.sample.capacity))
        return float(np.sum(heat_of(self.body.sample, temperature) - self.at_start))

    def _powers(self, time: float, temperature: Floats, moments: Floats, made: Floats) -> Floats:
        """Heat into the mesh by each column of conditions [W], then what passes the faces whose flow is asked for.

        `made` (n_reactions, n_nodes) [W] is what reactions give to the nodes.
        """
        body, sample = self.body, self.body.sample
        if self.lasting[0] is not sample.terms:  # a stationary state is read in the surroundings that were found
            self.lasting = sample.terms, lasting_of(sample)
        around = surface(sample, time, temperature, moments=moments, lasting=self.lasting[1])
        slopes, given = np.zeros(0), np.zeros(0)
        if body.flows or body.fixed.any():
            into = sample.conduction.at(temperature).into(temperature) + around.flow + made.sum(axis=0)
            slopes, needed = self.going(time, temperature, into)
            given = np.where(body.fixed, needed - into, 0.0)
        found, counted = dict.fromkeys(self.powers, 0.0), np.zeros(body.n_dofs, bool)
        for j, ((face, condition), column) in enumerate(zip(sample.terms, self.of_term, strict=True)):
            if condition.holds:
                nodes = sample.faces[face]
                nodes = nodes[~counted[nodes]]  # the heat of a node of two held faces counts once
                counted[nodes] = True
                found[column] += float(np.sum(given[nodes]))
            elif condition.links or condition.beside:
                one, other, area = body.links[face]
                a, b = temperature[one], temperature[other]
                found[column] += float(np.sum(condition.across(area, time, a, b) * (a - b)))
            else:
                found[column] += float(around.heats[j])
        return np.array(
            [*found.values(), *(flow.heat(time, temperature, slopes, given, moments, made) for flow in body.flows.values())], float
        )

    def going(self, time: float, temperature: Floats, into: Floats) -> tuple[Floats, Floats]:
        """How fast every node goes [K/s], held ones as they must, others as heat enters them, and what heat that takes [W]."""
        body, sample = self.body, self.body.sample
        slopes, count = np.zeros(body.n_dofs), np.zeros(body.n_dofs)
        for face, condition in body.terms:
            if condition.holds:
                count[sample.faces[face]] += 1.0
                slopes[sample.faces[face]] += slope_at(condition.outside, time)
        slopes /= np.maximum(count, 1.0)  # a node of two held faces takes the mean
        free, mass = np.flatnonzero(~body.fixed), sample.mass
        if body.steady:
            return np.zeros(body.n_dofs), np.zeros(body.n_dofs)
        if mass is None:
            capacity = capacity_of(sample, temperature)
            slopes[free] = (into / capacity)[free]
            return slopes, capacity * slopes
        from scipy.sparse import diags_array
        from scipy.sparse.linalg import cg

        inner = mass[free][:, free].tocsr()
        slopes[free], _ = cg(inner, (into - mass @ slopes)[free], rtol=1e-10, M=diags_array(1.0 / inner.diagonal()))
        return slopes, mass @ slopes
