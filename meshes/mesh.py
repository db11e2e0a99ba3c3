"""A mesh of one kind of cell with named parts: what every body is put together from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# vertices of the facets of each kind of cell, numbered as VTK numbers the cell's
FACETS: dict[str, tuple[tuple[int, ...], ...]] = {
    "line": ((0,), (1,)),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
    "hexahedron": ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
}
DIMENSION = {"line": 1, "triangle": 2, "quad": 2, "tetra": 3, "hexahedron": 3}


class Mesh(NamedTuple):
    """Cells of one kind with straight edges, the vertices of each numbered as VTK has them.

    `points` (n_vertices, dimension) [m]; `cells` (n_cells, n) vertex numbers; `kind` line, triangle, quad, tetra or hexahedron;
    `regions` cell numbers by name, every cell in exactly one; `faces` facets by name, (n_facets, m) vertex numbers: sides,
    patches, interfaces between regions (`a|b`).
    """

    points: Floats
    cells: Integers
    kind: str
    regions: dict[str, Integers]
    faces: dict[str, Integers]


def all_facets(mesh: Mesh) -> tuple[Integers, Integers]:
    """Every facet of every cell: its vertices (n, m), and the cell it belongs to (n,)."""
    corners = FACETS[mesh.kind]
    facets = np.concatenate([mesh.cells[:, list(corner)] for corner in corners])
    return facets, np.tile(np.arange(len(mesh.cells)), len(corners))


def facet_pairs(mesh: Mesh) -> tuple[Integers, Integers]:
    """Distinct facets (n, m), in the order of the vertices of their first cell, and the cells on their sides (n, 2), -1 for none."""
    facets, owner = all_facets(mesh)
    _, first, number = np.unique(np.sort(facets, axis=1), axis=0, return_index=True, return_inverse=True)
    number = number.ravel()
    sides = np.full((len(first), 2), -1, np.int64)
    sides[:, 0] = owner[first]
    second = np.setdiff1d(np.arange(len(facets)), first)
    sides[number[second], 1] = owner[second]
    return facets[first], sides
