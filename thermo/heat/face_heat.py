"""Heat through faces from the balance of the nodes on them, which is as exact as that of the whole body; gradients are not.

What enters by an outer face is what the conditions on it bring, and what its held nodes are given. From a region a to its neighbour b
passes what the nodes of their interface have left over in a:

    sum over these nodes of   q_a + s_a - (K_a T) - C_a dT/dt

with q_a the heat of conditions on the faces of a, s_a that of sources in it, K_a and C_a the matrices of its cells alone. What a gets and
b gives are the same to rounding. Where more than two regions meet in a node, what they have left over is shared among their interfaces
there as currents are among resistors, one over the area of each times the lesser conductivity of its sides, and nothing passes such a node
where it is held from outside. A node of two regions on held facets of both passes nothing either: each is given what it takes. Where those
of one alone give it heat, what the other has left over passes; at a node of a held interface the mean of both. T. J. R. Hughes et al.,
Journal of Computational Physics 163 (2000) 467-488.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from meshes.mesh import Links, equal_rows, facet_pairs, region_numbers, rows_in
from thermo.base.arrays import Floats, Integers
from thermo.heat.conduction import potential
from thermo.heat.discretised import Shape
from thermo.heat.mesh_sample import MeshSample, Terms
from thermo.heat.triggers import NO_MOMENTS, Waits
from thermo.materials.integral import Integral
from thermo.materials.material import Material
from thermo.materials.properties import directions, principal
from thermo.materials.storage import Storage, capacities, storage_of

NOTHING = np.zeros((0, 0))


class Placed(Protocol):
    """What a case's body knows of its coordinates."""

    @property
    def dimension(self) -> int:
        """1, 2 or 3."""

    @property
    def axisymmetric(self) -> bool:
        """Whether the plane is turned round its second axis."""


class Reacts(Protocol):
    """What reacts in a body."""

    def share(self, region: str) -> tuple[Integers, Floats] | None:
        """The rows of the reactions of a region among all, and its share in what they make at each node; None where none is."""


class Faced(Protocol):
    """What the heat through a face is counted of: a body on its mesh, its conditions, the nodes that its links couple."""

    shape: Shape
    terms: Terms
    links: dict[str, Links]
    regions: dict[str, Integers]
    materials: dict[str, Material]
    laws: list[Integral]
    volumes: Floats
    inside: list[Integers]
    fixed: NDArray[np.bool_]
    start: Floats
    sample: MeshSample
    steady: bool

    @property
    def chemistry(self) -> Reacts | None:
        """What reacts in it."""

    @property
    def block(self) -> Placed:
        """The body as the case has it."""


class Passage(NamedTuple):
    """The terms of the heat through a face [W]: conditions by the number of their term, on nodes with their area [m2] or volume [m3];
    reactions by their rows, with the share of each node in what they make; the share of held nodes in what they are given; links
    (condition, nodes of both sides, area with a sign); conduction as (value, B), the sum of B times the potential of the conductivity
    counts against; what is stored beside the face, by enthalpies or by a row of the mass matrix."""

    exchanges: list[tuple[int, Any, Integers, Floats]] = []
    reactions: list[tuple[Integers, Floats]] = []
    waits: Mapping[int, Waits] = {}
    held: Integers = np.zeros(0, np.int64)
    share: Floats = np.zeros(0)
    links: list[tuple[Any, Integers, Integers, Floats]] = []
    conduct: list[tuple[Any, Any]] = []
    storage: list[Storage] = []
    mass: Floats | None = None

    def heat(
        self, time: float, temperature: Floats, slopes: Floats, given: Floats, moments: Floats = NO_MOMENTS, made: Floats = NOTHING
    ) -> float:
        """Heat through the face of the mesh [W]; `slopes` dT/dt [K/s] and heat `given` to held nodes [W] of all nodes, the `moments` of the
        triggers [s], what reactions have `made` (n_reactions, n_nodes) [W]."""
        found = float(given[self.held] @ self.share)
        for j, condition, nodes, area in self.exchanges:
            since = self.waits[j].since(moments, time) if j in self.waits else time
            if since is not None:
                found += float(condition.exchange(area, since, temperature[nodes])[0].sum())
        for rows, share in self.reactions if len(made) else ():
            found += float(made[rows, : len(share)].sum(axis=0) @ share)
        for condition, one, other, area in self.links:
            a, b = temperature[one], temperature[other]
            found += float(np.sum(condition.across(area, time, a, b) * (a - b)))
        for value, B in self.conduct:
            found -= float(np.sum(B @ potential(value, temperature[: B.shape[1]])))
        for storage in self.storage:
            n = len(storage.first) - 1  # of the mesh, without lumped bodies beside it
            found -= float(capacities(storage, temperature[:n]) @ slopes[:n])
        return found if self.mass is None else found - float(self.mass @ slopes[: len(self.mass)])


def passage(body: Faced, face: str) -> Passage:
    """How the heat through a face of a `MeshBody` is counted: into the body by an outer face, from a to b through an interface `a|b`.

    A face within the body is crossed in the direction in which the coordinates rise; what passes it is taken from gradients.
    """
    shape, terms = body.shape, dict(body.terms)
    if "|" in face and face in body.links:
        return Passage(links=[(terms[face], *body.links[face])])
    if "|" in face:
        return _between(body, face)
    rows = shape.mesh.faces[face]
    facets, sides = facet_pairs(shape.mesh)
    on = rows_in(rows, facets)
    if np.all(sides[on, 1] < 0):
        weights = np.zeros(len(facets))
        weights[on] = 1.0
        held, share = _held(body, facets, weights)
        at = np.ones(shape.n_nodes)
        links = _gaps(body, facets, weights, None) + _touched(body, facets, weights, at)
        return Passage(_conditions(body, facets, weights, at), [], body.sample.waits, held, share, links)
    conductivity = {name: material.thermal_conductivity for name, material in body.materials.items()}
    return Passage(conduct=[(value, -B) for value, B in shape.flow(face, conductivity)])


def _conditions(body: Faced, facets: Integers, weights: Floats, at: Floats) -> list[tuple[int, Any, Integers, Floats]]:
    """Conditions on faces but contacts with bodies, each facet (n, m) with a weight (n,) and each node with one, `at` (n_nodes,)."""
    acting = _acting(body, facets, weights, at)
    return [(j, condition, nodes, area) for j, _, condition, nodes, area in acting if not condition.beside]


def _touched(body: Faced, facets: Integers, weights: Floats, at: Floats) -> list[tuple[Any, Integers, Integers, Floats]]:
    """Heat from lumped bodies into the body, in the same way."""
    acting = [entry[1:] for entry in _acting(body, facets, weights, at) if entry[2].beside]
    return [(condition, np.full(len(nodes), body.links[name][0][0]), nodes, area) for name, condition, nodes, area in acting if len(nodes)]


def _acting(body: Faced, facets: Integers, weights: Floats, at: Floats) -> list[tuple[int, str, Any, Integers, Floats]]:
    """Conditions on faces with the nodes and the areas they act on, by the number of their term and the name of the face."""
    shape, space = body.shape, body.shape.space
    nowhere = np.zeros((0, facets.shape[1]), np.int64)
    found: list[tuple[int, str, Any, Integers, Floats]] = []
    for j, (name, condition) in enumerate(body.terms):
        if not (condition.links or condition.inside or condition.holds):
            rows = shape.mesh.faces[name]
            closed = np.concatenate([nowhere, *(shape.mesh.faces[other] for other, c in body.terms if c.covers and other != name)])
            each, share = space.on_each_facet(rows)
            scale = float(shape.areas[name] / share.sum()) if name in shape.areas else 1.0
            weight = np.where(rows_in(rows, closed, -1) < 0, weights[rows_in(rows, facets)], 0.0)  # on what is covered nothing else acts
            area: Floats = scale * at * np.bincount(each.ravel(), weights=(share * weight[:, None]).ravel(), minlength=space.n_nodes)
            nodes: Integers = np.flatnonzero(area).astype(np.int64)
            found.append((j, name, condition, nodes, area[nodes]))
    return found


def _held(body: Faced, facets: Integers, weights: Floats) -> tuple[Integers, Floats]:
    """Held nodes on facets with a weight (n,), and the share of these in the area of all held facets round each."""
    space = body.shape.space
    rows = np.concatenate([np.zeros((0, facets.shape[1]), np.int64), *(body.shape.mesh.faces[name] for name in _holding(body))])
    rows = rows[np.unique(equal_rows(rows), return_index=True)[1]]
    each, share = space.on_each_facet(rows)
    size = np.broadcast_to(share.sum(axis=1, keepdims=True), share.shape)
    whole = np.bincount(each.ravel(), weights=size.ravel(), minlength=space.n_nodes)
    part = np.bincount(each.ravel(), weights=(size * weights[rows_in(rows, facets)][:, None]).ravel(), minlength=space.n_nodes)
    held = np.flatnonzero(part)
    return held, part[held] / whole[held]


def _holding(body: Faced) -> list[str]:
    """The faces that are held."""
    return [name for name, condition in body.terms if condition.holds]


def _gaps(body: Faced, facets: Integers, weights: Floats, at: Floats | None) -> list[tuple[Any, Integers, Integers, Floats]]:
    """Radiation across gaps into the body, each facet with a weight (n,), and each node `at` (n_nodes,) if that is given."""
    mesh, found = body.shape.mesh, []
    for name, condition in body.terms:
        if condition.links and not condition.parts:
            one, other, area = body.links[name]
            partner, _ = body.shape.opposite(name, condition)
            for rows, end, sign in ((mesh.faces[name], one, -1.0), (mesh.faces[condition.to][partner], other, 1.0)):
                weight = np.repeat(weights[rows_in(rows, facets)], len(one) // len(rows)) * (1.0 if at is None else at[end])
                found.append((condition, one, other, sign * weight * area))
    return found


def _between(body: Faced, face: str) -> Passage:
    """What the nodes of an interface have left over in its first region."""
    space, mesh, steady = body.shape.space, body.shape.mesh, body.steady
    facets, sides = facet_pairs(mesh)
    found = Passage([], [], body.sample.waits, links=[], conduct=[], storage=[])
    mass = np.zeros(space.n_nodes)
    for k, (region, at) in enumerate(_weights(body, face, facets, sides).items()):
        if not np.any(at):
            continue
        cells = body.regions[region]
        mine = np.append(np.zeros(len(mesh.cells), bool), False)  # the last for no cell
        mine[cells] = True
        weights = mine[sides].sum(axis=1) / (sides >= 0).sum(axis=1)
        found.exchanges.extend(_conditions(body, facets, weights, at))
        found.links.extend(_gaps(body, facets, weights, at))
        found.links.extend(_touched(body, facets, weights, at))
        made = body.chemistry.share(region) if body.chemistry else None
        if made is not None:
            found.reactions.append((made[0], at * made[1]))
        for j, (name, condition) in enumerate(body.terms):
            if condition.inside and name == region:
                nodes = np.flatnonzero(at)
                found.exchanges.append((j, condition, nodes, at[nodes] * body.volumes[nodes, k]))
            elif condition.links and "|" in name:
                one, other, area = body.links[name]
                first, _, last = name.partition("|")
                weight = at[other] * (last == region) - at[one] * (first == region)
                found.links.append((condition, one, other, weight * area))
        for direction in directions(body.materials[region].thermal_conductivity, body.block.dimension, space.axisymmetric):
            found.conduct.append((direction.value, space.beside(at, direction.dyad, cells)))
        if body.sample.mass is None:
            found.storage.append(storage_of((at * body.volumes[:, k])[:, None], [body.laws[k]]))
        else:
            density = np.zeros(len(mesh.cells))
            density[cells] = body.laws[k].right[0]
            mass += space.mass(density) @ at
    return found._replace(storage=[] if steady else found.storage, mass=None if steady or body.sample.mass is None else mass)


def _weights(body: Faced, face: str, facets: Integers, sides: Integers) -> dict[str, Floats]:
    """How much of what each region has left over at each node (n_nodes,) passes an interface; the regions in their order."""
    space, mesh, names = body.shape.space, body.shape.mesh, list(body.regions)
    first, last = (names.index(region) for region in face.split("|"))
    nodes = space.on_facets(mesh.faces[face])[0]
    at = np.zeros((len(names), space.n_nodes))
    belongs = np.zeros((len(names), space.n_nodes), bool)
    for k, inside in enumerate(body.inside):
        belongs[k, inside] = True
    at[first, nodes] = 1.0
    at[:, nodes[body.fixed[nodes]]] = 0.0
    alone = nodes[body.fixed[nodes] & (belongs[:, nodes].sum(axis=0) == 2)]
    of_first, of_last = (_held_of(body, region, facets, sides)[alone] for region in (first, last))
    at[first, alone[of_last & ~of_first]], at[last, alone[of_first & ~of_last]] = 1.0, -1.0
    for name in _holding(body):  # an interface that is held itself: the mean of both sides
        rows = mesh.faces[name]
        within = rows[sides[rows_in(rows, facets), 1] >= 0]
        own = np.intersect1d(space.on_facets(within)[0], nodes) if len(within) else nodes[:0]
        at[first, own], at[last, own] = 0.5, -0.5
    many = nodes[(belongs[:, nodes].sum(axis=0) > 2) & ~body.fixed[nodes]]
    if len(many):
        areas = {}
        conducts = [_scale_of(body, region) for region in names]
        for name, rows in mesh.faces.items():
            if "|" in name and name not in body.links and len(rows):
                each, share = space.on_each_facet(rows)
                size = np.broadcast_to(np.abs(share).sum(axis=1, keepdims=True), share.shape)
                one, other = (names.index(region) for region in name.split("|"))
                areas[one, other] = min(conducts[one], conducts[other]) * np.bincount(
                    each.ravel(), weights=size.ravel(), minlength=space.n_nodes
                )
        for node in many:
            matrix = np.zeros((len(names), len(names)))
            for (one, other), area in areas.items():
                matrix[[one, other], [other, one]] -= area[node]
            matrix -= np.diag(matrix.sum(axis=1))
            spread = np.linalg.pinv(matrix / np.abs(matrix).max())
            at[:, node] = areas[first, last][node] / np.abs(matrix).max() * (spread[first] - spread[last])
    return {name: at[k] for k, name in enumerate(names)}


def _held_of(body: Faced, region: int, facets: Integers, sides: Integers) -> Any:
    """Which nodes (n_nodes,) lie on held outer facets of a region."""
    mesh = body.shape.mesh
    rows = np.concatenate([np.zeros((0, facets.shape[1]), np.int64), *(mesh.faces[name] for name in _holding(body))])
    on = rows_in(rows, facets)
    found = np.zeros(body.shape.space.n_nodes, bool)
    own = rows[(sides[on, 1] < 0) & (region_numbers(mesh)[sides[on, 0]] == region)]
    if len(own):
        found[body.shape.space.on_facets(own)[0]] = True
    return found


def _scale_of(body: Faced, region: str) -> float:
    """The mean conductivity of a region over its directions, at the mean temperature of the start [W/(m K)]."""
    conductivity, shape = body.materials[region].thermal_conductivity, body.shape
    return float(np.mean(principal(conductivity, float(body.start.mean()), body.block.dimension, shape.space.axisymmetric)))
