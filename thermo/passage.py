"""Heat through faces from the balance of the nodes on them, which is as exact as that of the whole body; gradients are not.

What enters by an outer face is what the conditions on it bring, and what its held nodes are given. From a region a to its neighbour b
passes what the nodes of their interface have left over in a:

    sum over these nodes of   q_a + s_a - (K_a T) - C_a dT/dt

with q_a the heat of conditions on the faces of a, s_a that of sources in it, K_a and C_a the matrices of its cells alone. What a gets and
b gives are the same to rounding. T. J. R. Hughes et al., Journal of Computational Physics 163 (2000) 467-488, "conservation properties".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meshes.mesh import equal_rows, facet_pairs, rows_in
from thermo.boundary import LINKS, GapRadiation, Held, Source
from thermo.conduction import at_points, directions
from thermo.derived import value_at
from thermo.kinetics import Floats, Integers
from thermo.storage import Storage
from thermo.system import across, exchange


class Passage(NamedTuple):
    """The terms of the heat through a face [W]: conditions on nodes with their area [m2] or volume [m3]; the share of held nodes in what
    they are given; links (condition, sign, nodes of both sides, area); conduction as (value, B, P), the heat k(P T) . (B T) that counts
    against; what is stored beside the face, by an enthalpy or by a row of the mass matrix."""

    exchanges: list[tuple[Any, Integers, Floats]] = []
    held: Integers = np.zeros(0, np.int64)
    share: Floats = np.zeros(0)
    links: list[tuple[Any, float, Integers, Integers, Floats]] = []
    conduct: list[tuple[Any, Any, Any]] = []
    storage: Storage | None = None
    mass: Floats | None = None

    def heat(self, time: float, temperature: Floats, slopes: Floats, given: Floats) -> float:
        """Heat through the face of the mesh [W]; `slopes` dT/dt [K/s] and heat `given` to held nodes [W] of all nodes."""
        found = float(given[self.held] @ self.share)
        for condition, nodes, area in self.exchanges:
            found += float(exchange(condition, area, time, temperature[nodes])[0].sum())
        for condition, sign, one, other, area in self.links:
            a, b = temperature[one], temperature[other]
            found += sign * float(np.sum(across(condition, area, time, a, b) * (a - b)))
        for value, B, P in self.conduct:
            found -= float(np.sum(value_at(value, P @ temperature) * (B @ temperature)))
        if self.storage is not None:
            found -= float(self.storage.capacity(temperature) @ slopes)
        return found if self.mass is None else found - float(self.mass @ slopes)


def passage(body: Any, face: str) -> Passage:
    """How the heat through a face of a `MeshBody` is counted: into the body by an outer face, from a to b through an interface `a|b`.

    A face within the body is crossed in the direction in which the coordinates rise; what passes it is taken from gradients.
    """
    shape, terms = body.shape, dict(body.programme.terms)
    conductivity = {name: material.thermal_conductivity for name, material in body.materials.items()}
    first, _, second = face.partition("|")
    if second and face in body.links:
        one, other, area = body.links[face]
        return Passage(links=[(terms[face], 1.0, one, other, area)])
    rows = shape.mesh.faces[face]
    facets, sides = facet_pairs(shape.mesh)
    if second:
        return _between(body, conductivity, first, shape.space.on_facets(rows)[0], facets, sides)
    if np.all(sides[rows_in(rows, facets), 1] < 0):
        weights = np.zeros(len(facets))
        weights[rows_in(rows, facets)] = 1.0
        return _conditions(body, facets, weights, None)._replace(links=_gaps(body, rows))
    return Passage(conduct=[(value, -B, P) for value, B, P in shape.flow(face, conductivity)])


def _conditions(body: Any, facets: Integers, weights: Floats, inside: Any) -> Passage:
    """Conditions and held nodes, each facet (n, m) with a weight (n,), on nodes that are `inside` (n_nodes,) if that is given."""
    shape, space = body.shape, body.shape.space
    exchanges: list[tuple[Any, Integers, Floats]] = []
    held_rows = [np.zeros((0, facets.shape[1]), np.int64)]
    for name, condition in body.programme.terms:
        if isinstance(condition, Held):
            held_rows.append(shape.mesh.faces[name])
        elif not isinstance(condition, (*LINKS, Source)):
            each, share = space.on_each_facet(shape.mesh.faces[name])
            weighted = share * weights[rows_in(shape.mesh.faces[name], facets)][:, None]
            own = np.bincount(each.ravel(), weights=weighted.ravel(), minlength=space.n_nodes)
            area: Floats = np.where(body.fixed, 0.0, own * (float(shape.areas[name] / share.sum()) if name in shape.areas else 1.0))
            nodes: Integers = np.flatnonzero(area if inside is None else area * inside).astype(np.int64)
            exchanges.append((condition, nodes, area[nodes]))
    rows = np.concatenate(held_rows)
    rows = rows[np.unique(equal_rows(rows), return_index=True)[1]]
    each, share = space.on_each_facet(rows)
    size = np.broadcast_to(share.sum(axis=1, keepdims=True), share.shape)
    whole = np.bincount(each.ravel(), weights=size.ravel(), minlength=space.n_nodes)
    part = np.bincount(each.ravel(), weights=(size * weights[rows_in(rows, facets)][:, None]).ravel(), minlength=space.n_nodes)
    held = np.flatnonzero(part if inside is None else part * inside)
    return Passage(exchanges, held, part[held] / whole[held])


def _gaps(body: Any, rows: Integers) -> list[tuple[Any, float, Integers, Integers, Floats]]:
    """The radiation across gaps whose first or other side is part of a face."""
    found = []
    for name, condition in body.programme.terms:
        if isinstance(condition, GapRadiation):
            for side, sign in ((name, -1.0), (condition.to, 1.0)):
                if np.all(rows_in(body.shape.mesh.faces[side], rows, missing=-1) >= 0):
                    found.append((condition, sign, *body.links[name]))
    return found


def _between(body: Any, conductivity: dict[str, Any], region: str, nodes: Integers, facets: Integers, sides: Integers) -> Passage:
    """What the nodes of an interface have left over in a region."""
    space, k = body.shape.space, list(body.regions).index(region)
    cells, inside = body.regions[region], np.zeros(space.n_nodes, bool)
    inside[nodes] = True
    mine = np.append(np.zeros(len(body.shape.mesh.cells), bool), False)  # the last for no cell
    mine[cells] = True
    made = _conditions(body, facets, mine[sides].sum(axis=1) / (sides >= 0).sum(axis=1), inside)
    exchanges, links = list(made.exchanges), []
    for name, condition in body.programme.terms:
        if isinstance(condition, Source) and name == region:
            exchanges.append((condition, nodes, body.volumes[nodes, k]))
        elif isinstance(condition, LINKS):
            one, other, area = body.links[name]
            ends = [part == region for part in name.split("|")] if "|" in name else [False, False]
            for end, sign, own in ((one, -1.0, ends[0]), (other, 1.0, ends[-1])):
                here = inside[end] & own
                links.append((condition, sign, one[here], other[here], area[here]))
    conduct = []
    for direction in directions(conductivity[region], body.block.dimension, space.axisymmetric):
        B, touching = space.beside(nodes, direction.dyad, cells)
        conduct.append((direction.value, B, at_points(space, touching)))
    volumes = np.where(inside, body.volumes[:, k], 0.0)[:, None]
    mass = None
    if body.sample.mass is not None:
        density = np.zeros(len(body.shape.mesh.cells))
        density[cells] = body.laws[k].right[0]
        mass = np.asarray(space.mass(density)[nodes].sum(axis=0)).ravel()
    return made._replace(
        exchanges=exchanges,
        links=links,
        conduct=conduct,
        storage=Storage(volumes, [body.laws[k]]) if mass is None and not body.steady else None,
        mass=mass if not body.steady else None,
    )
