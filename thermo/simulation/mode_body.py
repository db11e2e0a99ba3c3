"""A layered block stepped in mode space: which cases it is for, and how columns, energies and fields are read from its planes.

Nothing is assembled and there is no mesh but the lines of a grid. Nodes are numbered plane by plane from the bottom, y fastest.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from meshes.block import Grid, line_matrices, mirrored
from meshes.boxes import SIDES, tensor_cells
from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import compile_kernels
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.bodies.layered_block import LayeredBlock
from thermo.bodies.meshed import Along, Stored
from thermo.case.case import Case
from thermo.heat.discretised import Frame, cell_gradient
from thermo.heat.modes.box_in_modes import fits, modal_sample, planes
from thermo.heat.modes.modal_arrays import FACES, HIGHEST_OF, LOWEST_OF, MEAN_OF, Probes, Share
from thermo.heat.modes.mode_steps import stored
from thermo.materials.properties import constant_sheet
from thermo.measurement.asked import Place
from thermo.measurement.readings import STORED, Reading, derived_numbers, field_summary, stack_of, theta_between
from thermo.measurement.resolution import QUADRATIC, STEPS, Loaded, beyond_bounds, faint_signals, range_warnings, short_reach
from thermo.programmes.conditions import at, extremes_of, slope_at
from thermo.results.fields import stored_field
from thermo.simulation.box import Box
from thermo.stepping.loop import CLOCK, HIGHEST, State, Stepper, advance
from thermo.stepping.rows import History

MOST_INTERPRETED = 100_000  # nodes; of more the steps are compiled, which takes a minute once and a second in every run
MOST_SEEN = 200_000  # nodes of a box all of whose planes are looked at in every step


def modal_body(case: Case, refine: int = 0) -> ModalBody | None:
    """The case in mode space; None where it is not of the kind: a layered block over time with constant properties, no contacts, nothing
    read on edges, and conditions that fit."""
    block, programme, numerics = case.sample, case.programme, case.numerics
    if not isinstance(block, LayeredBlock) or programme.steady or case.measure.flows or case.reacting:
        return None
    driven, terms = programme.on_body(), case.terms()
    if (
        driven.wall
        or driven.heated
        or "outside" in {name for name, _ in terms} | {probe.face for probe in case.measure.probes.values() if isinstance(probe, Place)}
    ):
        return None
    if any(c.waits() for _, c in terms):
        return None
    if any(c.shared for _, c in terms) and any(c.holds for _, c in terms):  # what is left of a face beside what is held there
        return None
    if any(isinstance(probe, Place) and probe.edge is not None for probe in case.measure.probes.values()):
        return None
    if not numerics.tensor or numerics.quadrature == "gauss" or numerics.capacity == "consistent":
        return None
    for name, _ in block.materials().values():
        material = case.material(name)
        values = (material.density, material.heat_capacity)
        if not constant_sheet(material.thermal_conductivity) or not all(isinstance(value, float) for value in values):
            return None
        if material.melting and material.melting.heat and material.melting.range:
            return None
    if not all(condition.holds or condition.density is not None or condition.coefficient is not None for _, condition in terms):
        return None
    box = Box(block, case.named_faces(), refine)
    shares = {name: box.share(name) for name, _ in case.terms()}
    return ModalBody(case, box, shares) if fits(case.terms(), shares) else None


class Entering(NamedTuple):
    """Heat by a condition that is not `held`: the area or volume of each node of a plane that it acts on, the plane among those seen."""

    term: int
    condition: Any
    area: Floats
    plane: int


class Leaving(NamedTuple):
    """Heat that is given to the nodes that a face holds: weights [W/K] of the temperatures of some nodes in what is conducted away, held
    temperatures with the capacity [J/K] that follows them, sources with the volume [m3] that these nodes stand for, and what enters them
    by facets beside those that are held."""

    term: int
    nodes: Integers
    weights: Floats
    rising: list[tuple[Any, float]]
    sources: list[tuple[Any, float]]
    beside: list[Entering]


class ModalBody:
    """A layered block in mode space. Where it has more than `MOST_SEEN` nodes and no pictures are asked for, only the planes that are
    read, the faces and interfaces, and those next to the faces are looked at: without sources no extreme lies elsewhere."""

    n_sites, energy_limit = 0, 1e-8
    sensor: str | None = None
    reactions: list[str] = []

    def __init__(self, case: Case, box: Box, shares: dict[str, Share]) -> None:
        programme = case.programme
        self.block, self.box, self.shares, self.asked = box.block, box, shares, list(case.measure.probes)
        self.terms = tuple(
            (name, c.spread(box.multiplicity * float(shares[name].along.sum() * shares[name].across.sum())))
            for name, c in programme.terms()
        )
        self.tolerance, self.fixed_step = case.step_tolerance(), case.numerics.step is not None
        self.named, self.multiplicity = case.named_faces(), box.multiplicity
        self.materials = {name: case.material(material) for name, (material, _) in box.block.materials().items()}
        self.stated = case.stated()
        self.bulk = {name: case.bulk(material) for name, (material, _) in box.block.materials().items()}
        self.programme = programme.on_body().machine
        self.reader = programme.reader(self.programme, None, self.tolerance)
        self.n_dofs = int(np.prod(box.shape))
        self.steps_at_once = max(1, min(16, MOST_SEEN // self.n_dofs))
        self.stack = stack_of(box.block, box.vertices, self.materials, 0.0)
        self.thicknesses = np.array([box.thickness(i) for i in range(len(self.materials))])
        self.capacity = np.array([float(m.density) * float(m.heat_capacity) for m in self.materials.values()])  # type: ignore[arg-type]
        self.start = self._start()
        self.start_means = np.array([np.sum(box.node_area * plane) for plane in self.start]) / box.node_area.sum()  # of the planes [K]
        self.seen = self._seen(case)
        low, high = extremes_of(self.start, self.terms, float(self.programme.corners[-1]))
        self.sample = modal_sample(
            self.stack,
            self.terms,
            shares,
            start=self.start,
            seen=self.seen,
            scale=high - low,
            tolerance=case.step_tolerance(),
            euler=case.numerics.scheme == "backward-euler",
            step=float(case.numerics.step or 0.0),
        )
        self.up = planes(box.order, box.shape[0], self.sample.turned)
        self.probes = {name: self._reading(probe) for name, probe in case.measure.probes.items()}
        self.sample = self.sample._replace(probes=probes_of(self.probes.values()))
        self.entering = self._entering()
        self.leaving = self._leaving()

    def stepper(self) -> Stepper:
        """The loop over steps: `advance`, compiled where the body is large."""
        if self.n_dofs <= MOST_INTERPRETED:
            return advance
        import thermo.heat.modes.mode_loops  # noqa: F401 - what compiled code takes instead of the bodies in `mode_steps`

        return compile_kernels()(advance)

    def _start(self) -> Floats:
        """The temperature at time zero [K], (nz, nx, ny), or (nz, 1, 1) where it is laterally uniform; a plane between layers takes the
        mean weighted with their heat capacities."""
        given, nodes, (nz, nx, ny) = self.block.temperature, self.box.nodes, self.box.shape
        if isinstance(given, Stored):
            points, _ = tensor_cells(nodes[:3])
            layers = [np.moveaxis(stored_field(given.folder, points, name).reshape(nx, ny, nz), 2, 0) for name in self.materials]
            shares = self.capacity[:, None] * self.thicknesses
            return np.einsum("lkij,lk->kij", layers, shares / shares.sum(axis=0))  # type: ignore[no-any-return]
        if isinstance(given, Along):
            places = {"x": nodes.x, "y": nodes.y, "z": nodes.z}[given.letter]
            line: Floats = np.interp(places, np.array(given.position, float), np.array(given.value, float))
            if given.letter == "z":
                return line[:, None, None]
            return np.zeros(self.box.shape) + (line[:, None] if given.letter == "x" else line)
        values = np.array([self.block.start_of(name) for name in self.materials])
        heat = self.capacity[:, None] * self.thicknesses
        return (values[0] + (values - values[0]) @ heat / heat.sum(axis=0))[:, None, None]  # type: ignore[no-any-return]

    def _seen(self, case: Case) -> Integers:
        """Numbers of the planes that are looked at."""
        nz = self.box.shape[0]
        uneven = isinstance(self.block.temperature, dict | Along | Stored)  # an extreme may lie within
        if self.n_dofs <= MOST_SEEN or uneven or case.measure.pictures.times or any(c.inside for _, c in self.terms):
            return np.arange(nz)
        found = {0, 1, 2, nz - 3, nz - 2, nz - 1, *(int(np.argmin(np.abs(self.box.nodes.z - level))) for level in self.box.levels)}
        for probe in case.measure.probes.values():
            found |= set(np.flatnonzero(self._share(probe).along).tolist())
        return np.array(sorted(k for k in found if 0 <= k < nz))

    def _share(self, probe: Any) -> Share:
        """What nodes stand for in what a probe reads."""
        return self.box.share(str(probe.face or probe.region)) if isinstance(probe, Place) else self.box.point(np.array(probe, float))

    def _reading(self, probe: Any) -> Reading:
        share = self._share(probe)
        weights = (share.along[self.seen, None, None] * share.across).ravel()
        nodes = np.flatnonzero(weights)
        return Reading(nodes, weights[nodes] / weights.sum(), probe.take if isinstance(probe, Place) else "mean")

    def _of(self, *, holds: bool = False, inside: bool | None = None) -> list[tuple[int, Share, Any]]:
        """The conditions that hold nodes, or those that do not; `inside` only those that act in regions: their number, what they act on."""
        found = [(j, self.shares[name], condition) for j, (name, condition) in enumerate(self.terms) if condition.holds == holds]
        return [entry for entry in found if inside is None or entry[2].inside == inside]

    def _entering(self) -> list[Entering]:
        """On facets that are held nothing enters; sources act there too."""
        found = []
        for j, share, condition in self._of():
            plane, area = int(np.argmax(share.along)), share.along.sum() * share.across
            if not condition.inside:
                area = self.box.area_on(
                    self.terms[j][0], [self.terms[i][0] for i, held, _ in self._of(holds=True) if held.along[plane] > 0.0]
                )
            found.append(Entering(j, condition, area.ravel(), int(np.searchsorted(self.seen, plane))))
        return found

    def _leaving(self) -> list[Leaving]:
        """What leaves the nodes that each face holds; a node of two of them counts for the first and takes the mean of both."""
        box, held, found = self.box, self._of(holds=True), []
        kx, ky = (line_matrices(points, box.order, np.ones(len(points) - 1))[0] for points in box.vertices[:2])
        along, _ = line_matrices(box.vertices.z, box.order, self.stack.conductivity_through)
        _, spread = line_matrices(box.vertices.z, box.order, self.stack.conductivity_in_plane)
        _, capacity = line_matrices(box.vertices.z, box.order, self.stack.volumetric_heat_capacity)
        masks = np.array([share.across > 0.0 for _, share, _ in held])
        for i, (j, share, _) in enumerate(held):
            plane, own = int(np.argmax(share.along)), masks[i] & ~masks[:i].any(axis=0)
            area = box.node_area * own
            weights = along[self.seen, plane, None, None] * area
            weights[self.seen == plane] += spread[plane] * ((kx @ own) * box.weights[1] + box.weights[0][:, None] * (own @ ky))
            nodes = np.flatnonzero(weights)
            mixed = capacity[plane] * np.sum(area * masks / masks.sum(axis=0).clip(1), axis=(1, 2))
            rising = [(condition.outside, float(part)) for (*_, condition), part in zip(held, mixed, strict=True)]
            sources = [(condition.density, float(acts.along[plane] * area.sum())) for _, acts, condition in self._of(inside=True)]
            beside = [
                entry._replace(area=entry.area * own.ravel())
                for entry in self.entering
                if self.seen[entry.plane] == plane and not entry.condition.inside and np.any(entry.area[own.ravel()])
            ]
            found.append(Leaving(j, nodes, weights.ravel()[nodes], rising, sources, beside))
        return found

    def settled(self, state: State) -> Iterator[History]:
        """No steady programme has it."""
        raise TypeError("a box in mode space is not brought to a steady state")

    def fields(self, field: Floats) -> dict[str, Floats]:
        """None beside temperatures."""
        return {}

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of temperature leave open [J]: of the stored heat, and of conduction between neighbours over a long time."""
        box = self.box
        ends = [line_matrices(points, box.order, np.ones(len(points) - 1))[0].diagonal() for points in box.vertices[:2]]
        along, _ = line_matrices(box.vertices.z, box.order, self.stack.conductivity_through)
        lateral = np.max(np.outer(ends[0], box.weights[1]) + np.outer(box.weights[0], ends[1])) * self.sample.spread.max()
        diagonal = float(lateral + box.node_area.max() * along.diagonal().max())
        conducted = np.finfo(float).eps * float(state.loop[HIGHEST]) * diagonal * float(state.loop[CLOCK])
        return float(1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"])) + self.multiplicity * conducted)

    def notes(self) -> list[str]:
        """What is said in the log: symmetry, size, nodes shared by faces that are held at different temperatures."""
        notes, shared = self.block.notes(self.named), np.zeros(self.box.node_area.shape, bool)
        for (_, one, condition), (_, other, another) in itertools.combinations(self._of(holds=True), 2):
            if condition.outside != another.outside:
                shared |= (one.across > 0.0) & (other.across > 0.0)
        if shared.any():
            notes.append(f"{int(shared.sum())} nodes lie on faces held at different temperatures and get the mean")
        if self.n_dofs > MOST_INTERPRETED:
            notes.append("steps are compiled, which takes about a minute the first time on this machine")
        return [*notes, "every face without a condition is insulated"]

    @functools.cached_property
    def _whole(self) -> tuple[Grid, Integers]:
        """The grid of the whole body, and the node of the half or quarter that carries the value of each of its nodes."""
        return mirrored(self.box.nodes)

    def frame(self) -> Frame:
        """The whole body for a field file."""
        points, cells = tensor_cells(self._whole[0][:3])
        layer = np.searchsorted(self.box.levels, points[cells][:, :, 2].mean(axis=1)) - 1
        return Frame(points, cells, "hexahedron", layer, list(self.materials))

    def unfolded(self, temperature: Floats) -> Floats:
        """Nodal temperatures of the whole body from a row of the history."""
        nz, nx, ny = self.box.shape
        return temperature[: self.n_dofs].reshape(nz, nx * ny).T.ravel()[self._whole[1]]

    def heat_flux(self, frame: Frame, temperature: Floats) -> Floats:
        """Heat flux of the cells of a frame [W/m2] from the temperatures of its points."""
        in_plane, through = self.stack.conductivity_in_plane, self.stack.conductivity_through
        row = np.searchsorted(self.box.vertices.z, frame.points[frame.cells][:, :, 2].mean(axis=1)) - 1
        conductivity = np.stack([in_plane, in_plane, through], axis=1)[row]
        flux: Floats = -conductivity * cell_gradient(frame.points[frame.cells], temperature[frame.cells], frame.kind)
        return flux

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block: probes, the same as theta, heat through faces, stored heat."""
        n = len(self.seen) * self.box.node_area.size
        shown, means = block.reading[:, :n], np.empty((len(block.time), self.box.shape[0]))
        means[:, self.up] = block.reading[:, n:]
        made: dict[str, Any] = {f"{name}_K": reading.of(shown) for name, reading in self.probes.items()}
        scale = self.theta_scale()
        if scale is not None:
            made |= {f"{name}_theta": (made[f"{name}_K"] - scale[0]) / scale[1] for name in self.probes}
        powers = np.zeros((len(block.time), len(self.terms)))  # no rows where every step of a block was refused
        for power, time, T in zip(powers, block.time, shown, strict=True):
            power[:] = self._powers(float(time), T)
        for face in dict.fromkeys(name for name, _ in self.terms):
            rows = [j for j, (name, _) in enumerate(self.terms) if name == face]
            made[f"heat_{face}_W"] = self.multiplicity * powers[:, rows].sum(axis=1)
        made["row/regions"] = self._regions(shown, means)
        made["stored_J"] = made["row/regions"][:, :, 5].sum(axis=1)
        return made

    def released_by(self, ledger: Floats) -> dict[str, Floats]:
        """Nothing: no power that is read off its rows needs the balance beside it."""
        return {}

    def number(self, probe: str) -> int:
        """The number of a probe."""
        return list(self.probes).index(probe)

    def _powers(self, time: float, T: Floats) -> Floats:
        """Heat into the grid by each term [W]."""
        found, shown = np.zeros(len(self.terms)), T.reshape(len(self.seen), -1)
        for entry in self.entering:
            found[entry.term] = _entered(entry, time, shown)
        for leaving in self.leaving:
            near = T[leaving.nodes]
            found[leaving.term] = float(leaving.weights @ (near - near[0]))  # the weights sum to zero
            found[leaving.term] += sum(capacity * slope_at(value, time) for value, capacity in leaving.rising)
            found[leaving.term] -= sum(volume * at(density, time) for density, volume in leaving.sources)
            found[leaving.term] -= sum(_entered(entry, time, shown) for entry in leaving.beside)
        return found

    def _regions(self, shown: Floats, means: Floats) -> Floats:
        """Of each row and region: mean, largest, smallest temperature [K], the nodes of the latter two, heat stored since the start [J]."""
        made = np.zeros((len(shown), len(self.materials), 6))
        row, size, area = np.arange(len(shown)), self.box.node_area.size, float(self.box.node_area.sum())
        for i, thickness in enumerate(self.thicknesses):
            inside = np.flatnonzero(thickness[self.seen])
            first = int(inside[0]) * size
            part = shown[:, first : (int(inside[-1]) + 1) * size]
            highest, lowest = np.argmax(part, axis=1), np.argmin(part, axis=1)
            made[:, i, 0] = np.sum(means * thickness, axis=1) / thickness.sum()
            made[:, i, 1], made[:, i, 2] = part[row, highest], part[row, lowest]
            made[:, i, 3], made[:, i, 4] = first + highest, first + lowest
            made[:, i, 5] = self.multiplicity * area * self.capacity[i] * np.sum((means - self.start_means) * thickness, axis=1)
        return made

    def _place(self, node: int) -> list[float]:
        """Where a node of a row of the history is [m]."""
        k, i, j = np.unravel_index(node, (len(self.seen), *self.box.node_area.shape))
        return [float(self.box.nodes.x[i]), float(self.box.nodes.y[j]), float(self.box.nodes.z[self.seen[k]])]

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """Regions, heat through faces, derived numbers."""
        return field_summary(list(self.materials), columns, rows, self._place) | {"derived": self.derived(float(columns["time_s"][-1]))}

    def references(self) -> dict[str, float]:
        """Heats are referred to nothing: nothing reacts."""
        return {}

    def stored(self, temperature: float) -> float:
        """Enthalpy of the body [J], were all of it at one temperature [K]."""
        whole = self.multiplicity * self.box.node_area.sum() * np.sum(self.capacity @ self.thicknesses)
        return float(whole * (temperature - REFERENCE_TEMPERATURE))

    def blame(self, state: State) -> str:
        """Nothing reacts."""
        return ""

    def coldest_start(self) -> float:
        """The lowest temperature that it starts at [K]."""
        return float(np.min(self.start))

    def derived(self, end: float) -> dict[str, Any]:
        """Biot and Fourier numbers, effective conductivities and resistance of the layers, at the mean start temperature."""
        volume = float(self.box.node_area.sum() * self.thicknesses.sum())
        areas = {name: float(np.sum(share.across)) for name, share in self.shares.items()}
        return derived_numbers(
            self.block,
            self.materials,
            self.terms,
            areas,
            volume,
            float(np.average(self.start_means, weights=self.thicknesses.sum(axis=0))),
            end,
        )

    def theta_scale(self) -> tuple[float, float] | None:
        """(T0, Ts - T0) where the body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
        return theta_between(self.start, self.terms)

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run, of the whole body, from before the held nodes jump to their temperature."""
        through = self.multiplicity * (state.ledger[FACES:] + self.beside_held(float(state.loop[CLOCK])))
        before = self.box.node_area.sum() * (self.capacity @ self.thicknesses) @ (self.start_means - REFERENCE_TEMPERATURE)
        return {
            "initial_J": float(self.multiplicity * before),
            "final_J": self.multiplicity * stored(self.sample, state.enthalpy),
            "heat_in_J": float(through[through > 0.0].sum()),
            "heat_out_J": float(-through[through < 0.0].sum()),
            "released_J": {},
            "ejected_J": 0.0,
        }

    def moved(self, state: State, begun: Floats, rows: dict[str, Floats]) -> float:
        """Heat that has moved between the nodes of the body [J], where all are looked at, as after an uneven start.

        Elsewhere each region starts at one temperature, and what moves between regions stands in their rows: nothing more.
        """
        between = 0.5 * float(np.abs(rows["regions"][:, :, STORED]).sum(axis=1).max())
        if len(self.seen) < self.box.shape[0]:
            return between
        rise = state.temperature[: self.n_dofs].reshape(self.box.shape) - self.start
        heat = (self.capacity @ self.thicknesses)[:, None, None] * self.box.node_area * rise
        return max(between, 0.5 * self.multiplicity * float(np.abs(heat).sum()))

    def beside_held(self, until: float) -> Floats:
        """Heat by each term [J] that enters held nodes by facets beside the held ones, and leaves them by the holding. Steps leave it out:
        it changes no other node, and all that it depends on is given."""
        held, found = self._of(holds=True), np.zeros(len(self.terms))
        masks = np.array([share.across.ravel() > 0.0 for _, share, _ in held])
        corners = self.programme.corners
        knots = np.unique(np.concatenate([[0.0], corners[corners < until], [until]]))
        for leaving in self.leaving:
            for entry in leaving.beside:

                def power(time: float, entry: Entering = entry) -> float:
                    given = sum(mask * at(condition.outside, time) for mask, (*_, condition) in zip(masks, held, strict=True))
                    return _entered(entry, time, {entry.plane: given / np.maximum(masks.sum(axis=0), 1)})

                # between corners a product of two lines at most, of which Simpson's rule is exact
                heat = sum((b - a) / 6.0 * (power(a) + 4.0 * power(0.5 * (a + b)) + power(b)) for a, b in itertools.pairwise(knots))
                found[entry.term] += heat
                found[leaving.term] -= heat
        return found

    def initial(self, probe: str) -> float:
        """What a probe reads before held faces jump to their temperature [K]."""
        start = np.broadcast_to(self.start, self.box.shape)[self.seen]
        return float(self.probes[probe].of(start.reshape(1, -1))[0])

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """Temperatures beyond what the data allow; materials beyond the range in which their values hold."""
        regions = summary["regions"]
        end = float(self.programme.corners[-1])
        data = extremes_of(self.start, self.terms, end)
        cause = QUADRATIC if self.box.order == 2 else STEPS
        found = beyond_bounds(data, self.terms, regions, state, cause) + range_warnings(self.stated, regions)
        if not self.fixed_step:
            now = extremes_of(self.start, self.terms, float(columns["time_s"][-1]))
            found += faint_signals(self.tolerance, now, {name: columns[f"{name}_K"] for name in self.asked}, regions)
        return found + short_reach(self._at_faces(), data[1] - data[0], end, self.box.order)

    def _at_faces(self) -> list[Loaded]:
        """The cells at faces that drive the block, and at levels where its layers start apart."""
        steps = [np.diff(points) for points in self.box.vertices[:3]]
        k, diffusivity = np.array([self.bulk[layer.name] for layer in self.block.layers]).T
        found = []
        for name, condition in self.terms:
            if condition.inside or not condition.drives(self.block.temperature):
                continue
            if "|" in name:
                found.append(self._at_level(name, condition))
                continue
            side = SIDES[3].index(name) if name in SIDES[3] else 5 if self.block.patches[name].face == "top" else 4
            # a side that symmetry has cut off is the image of the one that is there
            depth = float(steps[side // 2][-1 if side == 5 else 0])
            layers = slice(None) if side < 4 else slice(-1, None) if side == 5 else slice(0, 1)
            found.append(Loaded(name, condition, np.full(len(k[layers]), depth), k[layers], diffusivity[layers]))
        faces = [f"{one.name}|{other.name}" for one, other in itertools.pairwise(self.block.layers)]
        return found + [self._at_level(face, None) for face in faces if self.block.jumps(face)]

    def _at_level(self, face: str, condition: Any) -> Loaded:
        """The cells on both sides of the plane between two layers."""
        i = [layer.name for layer in self.block.layers].index(face.partition("|")[0])
        at = int(np.argmin(np.abs(self.box.vertices.z - self.box.levels[i + 1])))
        k, diffusivity = np.array([self.bulk[layer.name] for layer in self.block.layers[i : i + 2]]).T
        return Loaded(face, condition, np.diff(self.box.vertices.z)[at - 1 : at + 1], k, diffusivity)


def _entered(entry: Entering, time: float, shown: Any) -> float:
    """Heat by a condition [W], given the temperatures of nodes by plane."""
    condition = entry.condition
    if condition.density is None:
        return float(condition.film(time) * (entry.area @ (at(condition.outside, time) - shown[entry.plane])))
    return float(at(condition.density, time) * entry.area.sum())


def probes_of(readings: Iterable[Reading]) -> Probes:
    """Readings one after the other, as compiled code takes them."""
    listed, takes = list(readings), {"mean": MEAN_OF, "maximum": HIGHEST_OF, "minimum": LOWEST_OF}
    return Probes(
        first=np.cumsum([0, *(len(reading.nodes) for reading in listed)]),
        node=np.concatenate([np.zeros(0, np.int64), *(reading.nodes for reading in listed)]),
        weight=np.concatenate([np.zeros(0), *(reading.weights for reading in listed)]),
        take=np.array([takes[reading.take] for reading in listed], np.int64),
    )
