"""A mesh of one kind of cell with named parts: what every body is put together from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Links = tuple[Integers, Integers, Floats]  # nodes on two sides, area or conductance of each pair

# vertices of the facets of each kind of cell, numbered as VTK numbers the cell's
FACETS: dict[str, tuple[tuple[int, ...], ...]] = {
    "line": ((0,), (1,)),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
    "hexahedron": ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
}
# vertices of the edges, likewise
EDGES = {
    kind: sorted({tuple(sorted(pair)) for facet in facets for pair in zip(facet, (*facet[1:], facet[0]), strict=True)})
    for kind, facets in FACETS.items()
} | {"line": [(0, 1)], "triangle": [(0, 1), (1, 2), (0, 2)], "quad": [(0, 1), (1, 2), (2, 3), (0, 3)]}
DIMENSION = {"line": 1, "triangle": 2, "quad": 2, "tetra": 3, "hexahedron": 3}


class Mesh(NamedTuple):
    """Cells of one kind with straight edges, the vertices of each numbered as VTK has them.

    `points` (n_vertices, dimension) [m]; `cells` (n_cells, n) vertex numbers; `kind` line, triangle, quad, tetra or hexahedron;
    `regions` cell numbers by name, every cell in exactly one; `faces` facets by name, (n_facets, m) vertex numbers: sides,
    patches, interfaces between regions (`a|b`); `edges` of a body in space by name, (n_edges, 2) vertex numbers.
    """

    points: Floats
    cells: Integers
    kind: str
    regions: dict[str, Integers]
    faces: dict[str, Integers]
    edges: dict[str, Integers] = {}


def all_edges(mesh: Mesh, cells: Integers) -> tuple[Integers, Integers]:
    """Every edge of some cells: its vertices (n, 2), and the cell it belongs to (n,)."""
    found = np.concatenate([mesh.cells[cells][:, list(ends)] for ends in EDGES[mesh.kind]])
    return found, np.tile(cells, len(EDGES[mesh.kind]))


def edges_between(mesh: Mesh, one: str, other: str) -> Integers:
    """The edges in which two faces of a body in space meet, (n, 2) vertex numbers."""

    def sides(face: str) -> Integers:
        rows = mesh.faces[face]
        ends = np.concatenate([rows[:, [i - 1, i]] for i in range(rows.shape[1])])
        return np.unique(np.sort(ends, axis=1), axis=0)

    known = sides(one)
    found: Integers = known[rows_in(known, sides(other), missing=-1) >= 0]
    return found


def all_facets(mesh: Mesh) -> tuple[Integers, Integers]:
    """Every facet of every cell: its vertices (n, m), and the cell it belongs to (n,)."""
    corners = FACETS[mesh.kind]
    facets = np.concatenate([mesh.cells[:, list(corner)] for corner in corners])
    return facets, np.tile(np.arange(len(mesh.cells)), len(corners))


def equal_rows(rows: Integers) -> Integers:
    """A number for each row (n,), the same for rows of the same vertices in any order.

    >>> equal_rows(np.array([[2, 1], [0, 3], [1, 2]])).tolist()
    [1, 0, 1]
    """
    rows = np.sort(rows, axis=1)
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (1, 0)))
    packed = (rows[:, 0::2] << 32) | rows[:, 1::2]  # vertices are fewer than 2^31
    order = np.lexsort(packed.T[::-1])
    new = np.any(packed[order[1:]] != packed[order[:-1]], axis=1)
    number = np.empty(len(rows), np.int64)
    number[order] = np.concatenate([np.zeros(min(len(rows), 1), np.int64), np.cumsum(new)])
    return number


def between_cells(mesh: Mesh, facets: Integers) -> NDArray[np.bool_]:
    """Which of some facets (n, m) have a cell on either side: they lie within the body."""
    touched = np.zeros(len(mesh.points), bool)
    touched[facets] = True
    near = mesh.cells[np.count_nonzero(touched[mesh.cells], axis=1) >= facets.shape[1]]
    sides = np.concatenate([near[:, list(corners)] for corners in FACETS[mesh.kind]])
    number = rows_in(np.sort(sides, axis=1), np.sort(facets, axis=1), missing=-1)
    return np.bincount(number[number >= 0], minlength=len(facets)) > 1


def facet_pairs(mesh: Mesh) -> tuple[Integers, Integers]:
    """Distinct facets (n, m), in the order of the vertices of their first cell, and the cells on their sides (n, 2), -1 for none."""
    facets, owner = all_facets(mesh)
    number = equal_rows(facets)
    order = np.argsort(number, kind="stable")
    count = np.bincount(number)
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    second = np.where(count > 1, owner[order[np.minimum(begin + 1, len(order) - 1)]], -1)
    return facets[order[begin]], np.stack([owner[order[begin]], second], axis=1)


def interfaces(mesh: Mesh) -> dict[str, Integers]:
    """The facets between each two regions that touch, as `a|b` in the order of the regions."""
    facets, sides = facet_pairs(mesh)
    number = region_numbers(mesh)
    inner = np.flatnonzero(sides[:, 1] >= 0)
    both = np.sort(number[sides[inner]], axis=1)
    names = list(mesh.regions)
    found = {}
    for a, b in np.unique(both[both[:, 0] != both[:, 1]], axis=0):
        found[f"{names[a]}|{names[b]}"] = facets[inner[(both[:, 0] == a) & (both[:, 1] == b)]]
    return found


def region_numbers(mesh: Mesh) -> Integers:
    """The number of the region of every cell, in the order of the names."""
    number = np.full(len(mesh.cells), -1, np.int64)
    for i, cells in enumerate(mesh.regions.values()):
        number[cells] = i
    return number


AXIS = 1e-9  # of the largest radius: what lies nearer is on the axis


def off_axis(mesh: Mesh) -> Mesh:
    """A plane (r, z) whose faces have no facets on the axis, which have no area; a face that is all on it stays as it is."""
    on = mesh.points[:, 0] <= AXIS * mesh.points[:, 0].max()
    lie = {name: on[rows].all(axis=1) for name, rows in mesh.faces.items()}
    return mesh._replace(faces={name: rows if lie[name].all() else rows[~lie[name]] for name, rows in mesh.faces.items()})


def on_axis(mesh: Mesh) -> list[str]:
    """The faces of a plane (r, z) that are all on the axis."""
    on = mesh.points[:, 0] <= AXIS * mesh.points[:, 0].max()
    return [name for name, rows in mesh.faces.items() if len(rows) and on[rows].all()]


def outside(mesh: Mesh) -> Integers:
    """The facets of the outer boundary."""
    facets, sides = facet_pairs(mesh)
    outer: Integers = facets[sides[:, 1] < 0]
    return outer


def split(mesh: Mesh, names: list[str]) -> tuple[Mesh, dict[str, tuple[Integers, Integers]]]:
    """The mesh cut open along some faces, and for each of them its facets on both sides, vertex by vertex opposite.

    A vertex on a cut gets one number for each group of cells that hangs together round it without crossing a cut; at the edge of a
    cut within the body it therefore stays one. The first side of `a|b` is that of a; an edge is that of the region that comes first.
    Raises ValueError where a face is on the outside.
    """
    facets, sides = facet_pairs(mesh)
    place = {name: rows_in(np.sort(rows, axis=1), np.sort(facets, axis=1)) for name, rows in mesh.faces.items()}
    cut = np.zeros(len(facets), bool)
    for name in names:
        if np.any(sides[place[name], 1] < 0):
            raise ValueError(f"{name!r} is on the outside and has one side only")
        cut[place[name]] = True
    points, cells = _opened(mesh, facets, sides, cut)

    def renumbered(rows: Integers, owner: Integers) -> Integers:
        """Rows of vertices of the mesh by the vertices that a cell with them has now."""
        local = np.argmax(mesh.cells[owner][:, None, :] == rows[:, :, None], axis=2)
        return np.take_along_axis(cells[owner], local, axis=1)

    region = region_numbers(mesh)
    known = list(mesh.regions)
    faces, both = {}, {}
    for name, rows in place.items():
        near = sides[rows, 0]
        if "|" in name:
            a = known.index(name.split("|")[0])
            near = np.where(region[near] == a, near, sides[rows, 1])
        faces[name] = renumbered(facets[rows], near)
        if name in names:
            far = np.where(near == sides[rows, 0], sides[rows, 1], sides[rows, 0])
            both[name] = (faces[name], renumbered(facets[rows], far))
    edges = {}
    for name, rows in mesh.edges.items():
        every, owners = all_edges(mesh, np.argsort(-region))
        edges[name] = renumbered(rows, owners[rows_in(rows, every)])  # of the owners of an edge, the last
    return mesh._replace(points=points, cells=cells, faces=faces, edges=edges), both


def _opened(mesh: Mesh, facets: Integers, sides: Integers, cut: NDArray[np.bool_]) -> tuple[Floats, Integers]:
    """Vertices and cells of the mesh cut open along the facets (n,) in `cut`: further vertices come after those there were."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_cells, width = mesh.cells.shape
    touched = np.zeros(len(mesh.points), bool)
    touched[facets[cut]] = True
    joined = np.flatnonzero(~cut & (sides[:, 1] >= 0) & np.any(touched[facets], axis=1))
    ends = []
    for column in range(facets.shape[1]):  # the corners of two cells that a facet joins at a vertex
        vertex = facets[joined, column]
        rows = joined[touched[vertex]]
        vertex = vertex[touched[vertex]]
        ends.append([sides[rows, k] * width + np.argmax(mesh.cells[sides[rows, k]] == vertex[:, None], axis=1) for k in (0, 1)])
    one, other = (np.concatenate([pair[k] for pair in ends]) for k in (0, 1))
    n = n_cells * width
    _, label = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)
    flat = mesh.cells.ravel()
    at = np.flatnonzero(touched[flat])
    groups, number = np.unique(np.stack([flat[at], label[at]], axis=1), axis=0, return_inverse=True)
    fresh = np.array(groups[:, 0])
    again = np.flatnonzero(np.diff(fresh, prepend=-1) == 0)  # a vertex's second group, third group, ...
    fresh[again] = len(mesh.points) + np.arange(len(again))
    changed = flat.copy()
    changed[at] = fresh[number.ravel()]
    return np.concatenate([mesh.points, mesh.points[groups[again, 0]]]), changed.reshape(mesh.cells.shape)


def rows_in(rows: Integers, known: Integers, missing: int | None = None) -> Integers:
    """The number of the row of `known` (n, m) that has the vertices of each of `rows` (k, m), or `missing`; else ValueError is raised."""
    number = equal_rows(np.concatenate([known, rows]))
    place = np.full(int(number.max(initial=-1)) + 1, -1)
    place[number[: len(known)]] = np.arange(len(known))
    found = place[number[len(known) :]]
    if np.any(found < 0):
        if missing is None:
            raise ValueError("a facet is not part of the mesh")
        found[found < 0] = missing
    return found  # type: ignore[no-any-return]
