"""A meshed sample as arrays, and the heat that enters it: by conditions on faces and in regions, and by an instrument around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_matrix

from meshes.mesh import Links
from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE, STEFAN_BOLTZMANN
from thermo.heat.conduction import Conduction
from thermo.heat.reacting import Reacting
from thermo.heat.tensor import Stack
from thermo.heat.triggers import NO_MOMENTS, Trigger, Waits
from thermo.materials.storage import Storage, capacities, heats
from thermo.programmes.programme import Surroundings
from thermo.stepping.loop import LedgerRows, ledger_rows

Terms = tuple[tuple[str, Any], ...]


class MeshReader(Protocol):
    """What a row of the history keeps of a state of a mesh."""

    n_readings: int

    def row(self, time: float, temperature: Floats, extent: Floats, fired: Floats, step: float) -> Floats:
        """What is read at a time [s] of temperatures (n_nodes,) [K], extents and switches (n_readings,), after a step of a length [s]."""

    def probe(self, which: int, temperature: Floats) -> float:
        """The temperature of a probe by its number [K]."""


class Share(NamedTuple):
    """Some nodes, and what each of them has of a whole (n,)."""

    nodes: Integers
    share: Floats


class Lasting(NamedTuple):
    """The terms whose heat is g + b (T_out - T) at all times, as one: their numbers, and of the `nodes` of one after the other (n,) where
    each begins, g `given` [W], b the `conductance` [W/K], T_out `outside` [K]; `slope` is b by node of the body, `parts` b by term."""

    terms: Integers
    begins: Integers
    nodes: Integers
    given: Floats
    conductance: Floats
    outside: Floats
    slope: Floats
    parts: tuple[tuple[int, Share], ...]


class MeshSample(NamedTuple):
    """Nodes with heat capacity `capacity` (n_nodes,) [J/K], row sums of the `mass` matrix where that is kept, or replaced by the
    `storage` of materials that depend on temperature; their `conduction`; a `stack` where it is a box of laterally uniform layers.

    Lumped bodies that faces touch are nodes as well, after those of the mesh; `terms` on them are called by their names.

    `terms` pairs of a face, or a region, and a condition on it; `faces` node indices by that name; `areas` the area [m2] or the volume
    [m3] that each of these nodes stands for; `pairs` nodes on two sides and their area by name of a face with a contact or a gap;
    `start_temperature` (n_nodes,) [K]; errors of a step are held to `tolerance` times `scale` [K], the largest difference of
    temperature that the data make; steps of the `scheme` are of `step` [s], or of what the tolerance allows where that is zero.

    What an instrument sets acts on the `wall`, the share of each node in the surface that its wall sees; its heater's power on what
    is `heated`; its sensor follows a `seen` mean of nodes with a `lag` [s]. What of it is `reacting` has a storage as well.
    The `reader` says what rows of the history keep; without one they keep nothing of the nodes.
    Terms that wait for one of the `triggers`, or end with one, have an entry in `waits` by their number.
    """

    capacity: Floats
    conduction: Conduction
    dimension: int
    start_temperature: Floats
    terms: Terms
    scale: float
    faces: dict[str, Integers]
    areas: dict[str, Floats]
    pairs: dict[str, Links]
    tolerance: float
    scheme: str = "tr-bdf2"
    step: float = 0.0
    mass: csr_matrix | None = None
    storage: Storage | None = None
    stack: Stack | None = None
    wall: Share | None = None
    heated: Share | None = None
    seen: Share | None = None
    lag: float = 0.0
    reacting: Reacting | None = None
    reader: MeshReader | None = None
    triggers: tuple[Trigger, ...] = ()
    waits: Mapping[int, Waits] = {}

    @property
    def ledger(self) -> LedgerRows:
        """Where the blocks of its ledger begin."""
        return ledger_rows(0 if self.reacting is None else self.reacting.n_reactions, len(self.terms))

    @property
    def events(self) -> bool:
        """Whether steps may end at events, where the balance must be closed: an instrument drives it, it reacts, something triggers."""
        return self.driven or self.reacting is not None or bool(self.triggers)

    @property
    def driven(self) -> bool:
        """Whether a programme acts on it by other ways than conditions on faces."""
        return self.wall is not None or self.heated is not None


class Surface(NamedTuple):
    """All heat through faces at one moment: into each node [W], minus its slope [W/K], of each term [W], links between nodes; what a
    programme's heater gives and what its wall takes [W], and the slope of the heat from a wall that follows the sensor, in that [W/K].
    `parts`: the nodes and the slope of each term, `wall` those of the wall."""

    flow: Floats
    slope: Floats
    heats: Floats
    links: list[Links]
    given: Floats
    follows: Floats | None = None
    parts: tuple[tuple[int, Share], ...] = ()
    wall: Share | None = None

    def with_slope(self, slope: Floats) -> Surface:
        """The same with another slope by node [W/K], which its terms and its wall share as they share their own."""
        scale = np.divide(slope, self.slope, out=np.ones_like(slope), where=self.slope > 0.0)
        parts = tuple((j, Share(nodes, own * scale[nodes])) for j, (nodes, own) in self.parts)
        wall = None if self.wall is None else Share(self.wall.nodes, self.wall.share * scale[self.wall.nodes])
        return self._replace(slope=slope, parts=parts, wall=wall)

    def after(self, other: Surface, change: Floats, shown: float) -> tuple[Floats, Floats]:
        """Heat of each term and what the programme gives and takes [W] where `other` says what they are, after a `change` of the nodes [K]
        and of what the sensor shows [K], in a straight line with the slopes of this moment."""
        heats, given = other.heats.copy(), other.given.copy()
        for j, (nodes, slope) in self.parts:
            heats[j] -= np.add.reduce(slope * change[nodes])
        if self.wall is not None:
            given[1] += np.add.reduce(self.wall.share * change[self.wall.nodes])
        if self.follows is not None:
            given[1] -= float(self.follows.sum()) * shown
        return heats, given


def surface(
    sample: MeshSample,
    time: float,
    temperature: Floats,
    around: Surroundings | None = None,
    seen: float = 0.0,
    moments: Floats = NO_MOMENTS,
    lasting: Lasting | None = None,
) -> Surface:
    """Heat through every face by conditions that are not `held`, and by what a programme sets `around` it, its sensor showing `seen` [K].

    What passes between two sides of the body is heat of no term. `moments` [s] of the triggers that have come; the terms that are `lasting`
    are counted together.
    """
    found = Surface(np.zeros_like(temperature), np.zeros_like(temperature), np.zeros(len(sample.terms)), [], np.zeros(2))
    parts: list[tuple[int, Share]] = []
    if lasting is not None:
        parts += lasting.parts
        _add_lasting(lasting, temperature, found)
    together = {j for j, _ in parts}
    for j, (face, condition) in enumerate(sample.terms):
        if j in together:
            continue
        if condition.links or condition.beside:
            if face not in sample.pairs:  # a constant one is part of the conduction
                continue
            one, other, area = sample.pairs[face]
            conductance = condition.across(area, time, temperature[one], temperature[other])
            heat = conductance * (temperature[one] - temperature[other])
            np.add.at(found.flow, one, -heat)
            np.add.at(found.flow, other, heat)
            found.links.append((one, other, conductance))
        elif not condition.holds:
            nodes = sample.faces[face]
            since = sample.waits[j].since(moments, time) if j in sample.waits else time
            if since is None:
                continue
            heat, slope = condition.exchange(sample.areas[face], since, temperature[nodes])
            found.flow[nodes] += heat
            found.slope[nodes] += slope
            found.heats[j] = heat.sum()
            parts.append((j, Share(nodes, slope)))
    found = found._replace(parts=tuple(parts))
    return found if around is None else _instrument(sample, around, seen, temperature, found)


def _add_lasting(lasting: Lasting, temperature: Floats, found: Surface) -> None:
    """Add the heat of the terms that are counted together."""
    heat = lasting.given + lasting.conductance * (lasting.outside - temperature[lasting.nodes])
    found.flow[:] += np.bincount(lasting.nodes, heat, len(temperature))
    found.slope[:] += lasting.slope
    found.heats[lasting.terms] = np.add.reduceat(heat, lasting.begins)


def lasting_of(sample: MeshSample) -> Lasting | None:
    """The terms of a sample that can be counted together; None where there are none."""
    terms: list[int] = []
    places: list[Integers] = []
    parts: list[Floats] = []
    for j, (face, condition) in enumerate(sample.terms):
        if condition.lasts and j not in sample.waits and len(sample.faces[face]):
            nodes = sample.faces[face]
            outside = np.full(len(nodes), float(condition.outside or REFERENCE_TEMPERATURE))
            terms.append(j)
            places.append(nodes)
            parts.append(np.array([*condition.exchange(sample.areas[face], 0.0, outside), outside]))
    if not terms:
        return None
    nodes, (given, conductance, outside) = np.concatenate(places), np.concatenate(parts, axis=1)
    return Lasting(
        terms=np.array(terms),
        begins=np.cumsum([0, *(len(part) for part in places[:-1])]),
        nodes=nodes,
        given=given,
        conductance=conductance,
        outside=outside,
        slope=np.bincount(nodes, conductance, len(sample.capacity)).astype(float),
        parts=tuple((j, Share(place, own[1])) for j, place, own in zip(terms, places, parts, strict=True)),
    )


def _instrument(sample: MeshSample, around: Surroundings, seen: float, temperature: Floats, found: Surface) -> Surface:
    """The heat of an instrument's heater and wall added: UA (T - Tw) + (eps A) sigma (T^4 - Tw^4) leaves the surface."""
    heater = np.zeros_like(temperature)
    if around.ramp != 0.0:
        heater += around.ramp * capacity_of(sample, temperature)
    if around.power != 0.0 and sample.heated is not None:
        heater[sample.heated.nodes] += around.power * sample.heated.share
    found.flow[:] += heater
    found.given[0] = heater.sum()
    if sample.wall is None or (around.conductance == 0.0 and around.emissive_area == 0.0):
        return found
    nodes, share = sample.wall
    T = temperature[nodes]
    wall = around.follows * seen + around.wall
    loss = share * (around.conductance * (T - wall) + around.emissive_area * STEFAN_BOLTZMANN * (T**4 - wall**4))
    found.flow[nodes] -= loss
    slope = share * (around.conductance + 4.0 * around.emissive_area * STEFAN_BOLTZMANN * T**3)
    found.slope[nodes] += slope
    found.given[1] = loss.sum()
    found = found._replace(wall=Share(nodes, slope))
    if around.follows == 0.0:
        return found
    follows = np.zeros_like(temperature)
    follows[nodes] = share * (around.conductance + 4.0 * around.emissive_area * STEFAN_BOLTZMANN * wall**3)
    return found._replace(follows=follows)


def sight(sample: MeshSample, temperature: Floats) -> float:
    """The temperature that the sensor is at [K]; that of the first node where there is none."""
    if sample.seen is None:
        return float(temperature[0])
    return float(np.add.reduce(temperature[sample.seen.nodes] * sample.seen.share))


def capacity_of(sample: MeshSample, temperature: Floats) -> Floats:
    """Heat capacity of every node [J/K]."""
    return sample.capacity if sample.storage is None else capacities(sample.storage, temperature)


def heat_of(sample: MeshSample, temperature: Floats) -> Floats:
    """Enthalpy of every node relative to 298.15 K [J]; with a consistent mass matrix its sum alone has a meaning."""
    if sample.storage is not None:
        return heats(sample.storage, temperature)
    return sample.capacity * (temperature - REFERENCE_TEMPERATURE)
