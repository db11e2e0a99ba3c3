"""What a mesh must be before heat is put on it: no flat, turned, folded, double or overlapping cells; its size and quality."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from meshes.mesh import DIMENSION, EDGES, FACETS, Floats, Integers, Mesh, equal_rows

FLAT = 1e-12  # of its longest edge to the power of the dimension: a cell (or a corner of it) with less volume is flat
INWARDS = 1e-3  # of the way to the middle of its cell: where a point of the boundary is looked for in other cells
CHUNK = 1 << 14  # cells at a time, so that their corners stay in the cache
NEAREST = 8  # cells of each size class in which a point is looked for

TURNED = {"line": (1, 0), "triangle": (0, 2, 1), "quad": (0, 3, 2, 1), "tetra": (0, 2, 1, 3), "hexahedron": (4, 5, 6, 7, 0, 1, 2, 3)}
_CORNERS = {  # of the unit square and cube, as VTK numbers them
    "quad": ((0, 0), (1, 0), (1, 1), (0, 1)),
    "hexahedron": ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
}
_SIMPLEX = {"line": 1.0, "triangle": 1.0 / 2.0, "tetra": 1.0 / 6.0}  # size of the unit simplex
_REGULAR = {"line": 1.0, "triangle": 2.0 / 3.0**0.5, "quad": 1.0, "tetra": 2.0**0.5, "hexahedron": 1.0}


class Facets(NamedTuple):
    """Distinct facets of cells: `vertices` (n, m), `sides` (n, 2) their cells, -1 for none, `users` (n,) how many cells have them.

    `same_side` (n,): the two cells go round the facet in the same sense, so that they lie on one side of it and overlap.
    """

    vertices: Integers
    sides: Integers
    users: Integers
    same_side: np.ndarray[Any, np.dtype[np.bool_]]


def facets_of(cells: Integers, kind: str) -> Facets:
    """Distinct facets and the cells on their sides; of more than two cells on one, the first two."""
    corners = FACETS[kind]
    every = np.concatenate([cells[:, list(corner)] for corner in corners])
    owner = np.tile(np.arange(len(cells)), len(corners))
    local = np.repeat(np.arange(len(corners)), len(cells))
    number = equal_rows(every)
    order = np.argsort(number, kind="stable")
    count = np.bincount(number)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    one, other = order[first], order[np.minimum(first + 1, len(order) - 1)]
    shared = count > 1
    sides = np.stack([owner[one], np.where(shared, owner[other], -1)], axis=1)
    same = shared & (_sense(every[one], local[one]) == _sense(every[other], local[other]))
    return Facets(every[one], sides, count, same)


def _sense(facets: Integers, local: Integers) -> Any:
    """Which way round the vertices of facets (n, m) are given, seen from outside of their cell."""
    m = facets.shape[1]
    if m == 1:
        return local == 0
    if m == 2:
        return facets[:, 0] < facets[:, 1]
    rows, least = np.arange(len(facets)), np.argmin(facets, axis=1)
    return facets[rows, (least + 1) % m] < facets[rows, (least - 1) % m]


def _determinants(points: Floats, cells: Integers, kind: str, places: Sequence[tuple[float, ...]]) -> Floats:
    """det of the map from the reference cell at reference points, (n_places, n_cells)."""
    d, q = DIMENSION[kind], len(places)
    gradients = np.concatenate([_gradients(kind, place) for place in places], axis=1)  # (n_vertices, q d)
    dets = np.empty((q, len(cells)))
    for start in range(0, len(cells), CHUNK):
        corners = points[cells[start : start + CHUNK]].transpose(0, 2, 1)  # (n, d, n_vertices)
        columns = (corners.reshape(-1, cells.shape[1]) @ gradients).reshape(-1, d, q, d).transpose(3, 1, 2, 0)
        dets[:, start : start + CHUNK] = _determinant(columns)
    return dets


def _determinant(a: Floats) -> Any:
    """det of matrices (d, d, ...)."""
    if len(a) == 1:
        return a[0, 0]
    if len(a) == 2:
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return sum(a[0, i] * (a[1, i - 2] * a[2, i - 1] - a[1, i - 1] * a[2, i - 2]) for i in range(3))


def _gradients(kind: str, at: tuple[float, ...]) -> Floats:
    """Gradients (n_vertices, d) of the linear shape functions at a reference point."""
    if kind in _SIMPLEX:
        d = DIMENSION[kind]
        return np.concatenate([-np.ones((1, d)), np.eye(d)])
    values = np.ones((len(_CORNERS[kind]), DIMENSION[kind]))
    for j, corner in enumerate(_CORNERS[kind]):
        for k, sign in enumerate(corner):
            factors = [x if side else 1.0 - x for i, (x, side) in enumerate(zip(at, corner, strict=True)) if i != k]
            values[j, k] = (1.0 if sign else -1.0) * np.prod(factors)
    return values


def corner_determinants(points: Floats, cells: Integers, kind: str) -> Floats:
    """det of the map at each corner, (n_corners, n_cells), of a simplex (1, n_cells): positive in a sound cell."""
    corners = _CORNERS.get(kind, (tuple([0.0] * DIMENSION[kind]),))
    return _determinants(points, cells, kind, corners)


def sizes(points: Floats, cells: Integers, kind: str) -> Floats:
    """Signed length [m], area [m2] or volume [m3] of cells with straight edges, (n_cells,); exact, also with warped faces."""
    simplex = kind in _SIMPLEX
    places = itertools.product((0.5 - 0.5 / 3.0**0.5, 0.5 + 0.5 / 3.0**0.5), repeat=DIMENSION[kind])  # of Gauss
    mean: Floats = _determinants(points, cells, kind, [()] if simplex else list(places)).mean(axis=0)
    return mean * _SIMPLEX[kind] if simplex else mean


def facet_sizes(points: Floats, facets: Integers) -> Floats:
    """Area [m2] of triangles and of quadrilaterals (their diagonals' half cross product), length [m] of edges, 1 for a point."""
    if facets.shape[1] == 1:
        return np.ones(len(facets))
    corners = points[facets]
    if facets.shape[1] == 2:
        return np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)  # type: ignore[no-any-return]
    last = facets.shape[1] - 1
    across = np.cross(corners[:, last - 1] - corners[:, 0], corners[:, last] - corners[:, 1 if last == 3 else 0])
    return 0.5 * np.linalg.norm(across, axis=1)  # type: ignore[no-any-return]


def edge_lengths(points: Floats, cells: Integers, kind: str) -> Floats:
    """Lengths of the edges of each cell, (n_cells, n_edges) [m]."""
    one, other = np.array(EDGES[kind]).T
    lengths = np.empty((len(cells), len(one)))
    for start in range(0, len(cells), CHUNK):
        corners = points[cells[start : start + CHUNK]]
        along = corners[:, one] - corners[:, other]
        lengths[start : start + CHUNK] = np.sqrt(np.einsum("ijk,ijk->ij", along, along))
    return lengths


def quality(points: Floats, cells: Integers, kind: str) -> Floats:
    """Scaled Jacobian of each cell, (n_cells,) in 0..1: the smallest over its corners of det(e1, e2, e3) / (|e1| |e2| |e3|).

    e are the edges that leave the corner; scaled so that it is 1 for equilateral triangles, regular tetrahedra, rectangles and
    boxes of any aspect, and 0 for a flat corner. A cell of a line has 1.
    """
    if kind == "line":
        return np.ones(len(cells))
    lengths = edge_lengths(points, cells, kind)
    dets = corner_determinants(points, cells, kind)
    worst = np.ones(len(cells))
    for corner in range(cells.shape[1]):
        product = math.prod(lengths[:, i] for i, edge in enumerate(EDGES[kind]) if corner in edge)
        worst = np.minimum(worst, _REGULAR[kind] * dets[corner if len(dets) > 1 else 0] / product)
    return worst


def oriented(points: Floats, cells: Integers, kind: str) -> tuple[Integers, int, list[str]]:
    """Cells with positive volume, how many were turned for it, and what is wrong with the rest.

    Some programs number cells either way round, so every inverted cell is turned; where a vertex was pulled through, it then lies over
    its neighbours, which `tangles` finds. Flat: less than `FLAT` times the longest edge to the power of the dimension, at any corner.
    Folded: corners of both signs.
    """
    problems: list[str] = []
    scale = FLAT * edge_lengths(points, cells, kind).max(axis=1) ** DIMENSION[kind]
    dets = corner_determinants(points, cells, kind)
    low, high = dets.min(axis=0), dets.max(axis=0)
    flat = np.any(np.abs(dets) <= scale, axis=0)
    folded = ~flat & (low < 0.0) & (high > 0.0)
    if flat.any():
        problems.append(f"{told(flat, 'cell is', 'cells are')} flat or flat at a corner: {place(points, cells, flat)}")
    if folded.any():
        problems.append(f"{told(folded, 'cell is', 'cells are')} folded over or numbered in wrong order: {place(points, cells, folded)}")
    turn = ~flat & (high < 0.0)
    cells = np.where(turn[:, None], cells[:, list(TURNED[kind])], cells)
    return cells, int(turn.sum()), problems


def told(which: Any, one: str, many: str) -> str:
    """How many, in words.

    >>> told(np.array([True, False]), "cell is", "cells are")
    '1 cell is'
    """
    n = int(np.sum(which))
    return f"{n} {one if n == 1 else many}"


def place(points: Floats, cells: Integers, which: Any) -> str:
    """Number (from 1, in the order of the file) and middle of the first of some cells."""
    first = int(np.argmax(which))
    return f"cell {first + 1} at {at(points[cells[first]].mean(axis=0))}"


def at(point: Floats) -> str:
    """A point in words."""
    return "(" + ", ".join(f"{x:.6g}" for x in point) + ") m"


def tangles(points: Floats, cells: Integers, kind: str) -> tuple[Facets, list[str]]:
    """Facets of sound, oriented cells, and where these lie on one another.

    Found are: the same cell twice, a facet of more than two cells, two cells on the same side of their facet (so a vertex pulled
    through, whatever the numbering), and points of the boundary (vertices, middles of facets and of their cells) inside another
    cell. The last looks at the `NEAREST` nearest cells of each class of sizes (a factor of 2 each): an overlap that holds none
    of these points, or in which cells are longer than some ten times their width, may stay unseen.
    """
    facets = facets_of(cells, kind)
    number = equal_rows(cells)
    again = np.ones(len(cells), bool)
    again[np.unique(number, return_index=True)[1]] = False
    if again.any():
        return facets, [f"{told(again, 'cell is', 'cells are')} listed twice: {place(points, cells, again)}"]
    crowded = facets.users > 2
    if crowded.any():
        where = at(points[facets.vertices[np.argmax(crowded)]].mean(axis=0))
        return facets, [f"{told(crowded, 'facet is', 'facets are')} shared by more than two cells, so cells overlap: the first at {where}"]
    if facets.same_side.any():
        cell = np.isin(np.arange(len(cells)), facets.sides[facets.same_side].ravel())
        return facets, [f"{told(cell, 'cell overlaps', 'cells overlap')} a neighbour (vertex misplaced?): {place(points, cells, cell)}"]
    found = _overlap(points, cells, kind, facets) or _crack(points, cells, kind, facets)
    return facets, [] if found is None else [found]


def _overlap(points: Floats, cells: Integers, kind: str, facets: Facets) -> str | None:
    """The first place where a point of the boundary is inside a cell that it does not belong to."""
    outer = facets.sides[:, 1] < 0
    owner, vertices = facets.sides[outer, 0], facets.vertices[outer]
    middle = points[cells].mean(axis=1)
    corner, one = np.unique(vertices, return_index=True)
    edge_cells = np.unique(owner)
    samples = np.concatenate([points[vertices].mean(axis=1), points[corner], middle[edge_cells]])
    mine = np.concatenate([owner, owner[one // vertices.shape[1]], edge_cells])
    samples += INWARDS * (middle[mine] - samples)
    radius = np.sqrt(np.max([np.sum((points[cells[:, j]] - middle) ** 2, axis=1) for j in range(cells.shape[1])], axis=0))
    found = _holder(points, cells, kind, middle, radius, samples, mine)
    if found is None:
        return None
    sample, cell = found
    return f"cells overlap: cell {mine[sample] + 1} reaches into cell {cell + 1} at {at(samples[sample])}"


OUTWARDS = 1e-4  # of the size of its cell: where another cell is looked for that lies against a facet of the boundary
TOWARDS = 0.8  # of the way from the middle of such a facet to each of its vertices


def _crack(points: Floats, cells: Integers, kind: str, facets: Facets) -> str | None:
    """The first place where a facet of the boundary lies against another cell without sharing its vertices: no heat would cross there."""
    outer = facets.sides[:, 1] < 0
    owner, vertices = facets.sides[outer, 0], facets.vertices[outer]
    middle = points[cells].mean(axis=1)
    radius = np.sqrt(np.max([np.sum((points[cells[:, j]] - middle) ** 2, axis=1) for j in range(cells.shape[1])], axis=0))
    centre = points[vertices].mean(axis=1)
    places = [centre] + [centre + TOWARDS * (points[vertices[:, j]] - centre) for j in range(vertices.shape[1])] * (vertices.shape[1] > 1)
    away = centre - middle[owner]
    away *= (OUTWARDS * radius[owner] / np.linalg.norm(away, axis=1))[:, None]
    found = _holder(points, cells, kind, middle, radius, np.concatenate([place + away for place in places]), np.tile(owner, len(places)))
    if found is None:
        return None
    facet, cell = found[0] % len(owner), found[1]
    text = f"cell {owner[facet] + 1} lies against cell {cell + 1} at {at(centre[facet])} but does not share its vertices there"
    return f"{text}: no heat crosses this crack; both sides of an interface need the same vertices (in Gmsh: BooleanFragments or Coherence)"


def _holder(
    points: Floats, cells: Integers, kind: str, middle: Floats, radius: Floats, samples: Floats, mine: Integers
) -> tuple[int, int] | None:
    """The first of some points that lies in a cell that is not its own, and that cell, of the nearest ones of each class of sizes."""
    _, exponent = np.frexp(radius)
    for size in np.unique(exponent):
        here = np.flatnonzero(exponent == size)
        near = min(NEAREST, len(here))
        _, index = cKDTree(middle[here]).query(samples, k=near, distance_upper_bound=2.0 ** float(size))
        index = index.reshape(len(samples), near)
        which, column = np.nonzero(index < len(here))
        cell = here[index[which, column]]
        other = cell != mine[which]
        which, cell = which[other], cell[other]
        inside = _inside(points, cells[cell], kind, samples[which], radius[cell])
        if len(inside):
            return int(which[inside[0]]), int(cell[inside[0]])
    return None


def _inside(points: Floats, cells: Integers, kind: str, x: Floats, radius: Floats) -> Integers:
    """Numbers n of those x (n, d) inside cell n: behind the planes of all facets, of all four triangles where one may be warped."""
    left = np.arange(len(cells))
    for facet in FACETS[kind]:
        for pick in itertools.combinations(facet, DIMENSION[kind]):
            corners = [points[cells[left, j]] for j in pick]
            if len(pick) == 1:
                normal = np.full((len(left), 1), 1.0 if pick[0] else -1.0)
            elif len(pick) == 2:
                along = corners[1] - corners[0]
                normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
            else:
                normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
            height = np.einsum("ij,ij->i", x[left] - corners[0], normal)
            left = left[height < -1e-6 * radius[left] * np.sqrt(np.einsum("ij,ij->i", normal, normal))]
    return left


def joined(points: Floats, distance: float) -> Integers:
    """For each vertex (n,) the first of those that lie within `distance` [m] of one another, in chains."""
    target = np.arange(len(points))
    while True:
        kept = np.unique(target)
        if len(kept) < 2:
            return target
        apart, nearest = cKDTree(points[kept]).query(points[kept], k=2, distance_upper_bound=distance * (1.0 + 1e-9) + 1e-300)
        # with coincident points either of the two may be the point itself
        other = np.where(nearest[:, 0] == np.arange(len(kept)), nearest[:, 1], nearest[:, 0])
        close = np.isfinite(apart[:, 1])
        if not close.any():
            return target
        graph = coo_array((np.ones(close.sum()), (np.flatnonzero(close), other[close])), shape=(len(kept), len(kept)))
        _, label = connected_components(graph, directed=False)
        first = np.full(label.max() + 1, len(kept))
        np.minimum.at(first, label, np.arange(len(kept)))
        target = kept[first[label]][np.searchsorted(kept, target)]


def parts_of(facets: Facets, n_cells: int) -> Integers:
    """Label of the part of each cell, (n_cells,): cells of one part are joined through facets."""
    pairs = facets.sides[facets.sides[:, 1] >= 0]
    graph = csr_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n_cells, n_cells))
    return connected_components(graph, directed=False)[1].astype(np.int64)  # type: ignore[no-any-return]


def parts(mesh: Mesh) -> Integers:
    """Label of the part of each cell, (n_cells,) from 0: cells of one part are joined through facets, so that heat crosses."""
    return parts_of(facets_of(mesh.cells, mesh.kind), len(mesh.cells))


def report(mesh: Mesh, exact: Mapping[str, float] | None = None) -> dict[str, Any]:
    """What a mesh is made of: counts, edges [m], quality (see `quality`), sizes of its regions, faces and edges, number of parts.

    `exact`: the exact length [m], area [m2] or volume [m3] of regions by name; `relative_difference` is the mesh's less that,
    over that. Sizes stand under `length_m`, `area_m2` or `volume_m3` by dimension; points as faces of a line have none.

    Raises
    ------
    ValueError: `exact` names a region that is not there, or a size that is not positive.
    """
    keys = ("", "length_m", "area_m2", "volume_m3")
    d = DIMENSION[mesh.kind]
    exact = exact or {}
    for name, value in exact.items():
        if name not in mesh.regions:
            raise ValueError(f"{name!r} is not a region of this mesh; its regions are {', '.join(mesh.regions)}")
        if not value > 0.0:
            raise ValueError(f"the exact size of {name!r} must be positive, got {value}")
    lengths, cell_sizes, qualities = (f(mesh.points, mesh.cells, mesh.kind) for f in (edge_lengths, sizes, quality))
    regions: dict[str, dict[str, float]] = {}
    for name, cells in mesh.regions.items():
        size = float(cell_sizes[cells].sum())
        regions[name] = {"n_cells": len(cells), keys[d]: size}
        if name in exact:
            regions[name] |= {"exact": exact[name], "relative_difference": size / exact[name] - 1.0}
    faces = {
        name: {"n_facets": len(facets)} | ({keys[d - 1]: float(facet_sizes(mesh.points, facets).sum())} if d > 1 else {})
        for name, facets in mesh.faces.items()
    }
    return {
        "kind": mesh.kind,
        "n_cells": len(mesh.cells),
        "n_vertices": len(mesh.points),
        "smallest_edge_m": float(lengths.min()),
        "largest_edge_m": float(lengths.max()),
        "quality_minimum": float(qualities.min()),
        "quality_mean": float(qualities.mean()),
        "regions": regions,
        "faces": faces,
        "edges": {
            name: {"n_edges": len(ends), "length_m": float(facet_sizes(mesh.points, ends).sum())} for name, ends in mesh.edges.items()
        },
        "n_parts": int(parts(mesh).max()) + 1,
    }


def near_parts(mesh: Mesh, label: Integers, near: float) -> tuple[float, str] | None:
    """The shortest distance [m] between vertices of two parts of a mesh, and where; None if it is above a share `near` of its length.

    `label` (n_cells,) numbers the parts.
    """
    from scipy.spatial import cKDTree

    most = near * float(np.ptp(mesh.points, axis=0).max())
    part = np.full(len(mesh.points), -1)
    for k in range(mesh.cells.shape[1]):
        part[mesh.cells[:, k]] = label
    best: tuple[float, int] | None = None
    for number in range(int(label.max())):
        own, rest = np.flatnonzero(part == number), np.flatnonzero(part > number)
        distance, _ = cKDTree(mesh.points[rest]).query(mesh.points[own], distance_upper_bound=most)
        at = int(np.argmin(distance))
        if np.isfinite(distance[at]) and (best is None or distance[at] < best[0]):
            best = float(distance[at]), int(own[at])
    if best is None or best[0] == 0.0:
        return None
    return best[0], "(" + ", ".join(f"{value:.4g}" for value in mesh.points[best[1]]) + ") m"
