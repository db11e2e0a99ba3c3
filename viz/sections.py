"""Plane sections through bodies in space, without any OpenGL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viz.read import Cells, Floats

Integers = npt.NDArray[np.int64]

# six tetrahedra round the diagonal from corner 0 to corner 6 of a hexahedron, corners as in VTK
_TETRAHEDRA = np.array([(0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)])


def section(field: Cells, axis: int, level: float) -> Cells:
    """The triangles in which the plane at a level [m] of an axis (0, 1, 2) cuts a body in space, in the plane's own coordinates.

    Temperatures are linear along the edges of tetrahedra, into which hexahedra are taken apart; points on one edge are one point, so that
    the sides of a contact stay apart.
    """
    cells, material = field.cells, field.material
    if field.kind == "hexahedron":
        cells, material = cells[:, _TETRAHEDRA].reshape(-1, 4), np.repeat(material, len(_TETRAHEDRA))
    above = field.points[cells, axis] > level
    count = above.sum(axis=1)
    ends: list[Integers] = []  # of the edges whose crossings are the corners of a triangle, (n, 3, 2)
    owner: list[Integers] = []
    for n in (1, 3):
        rows = np.flatnonzero(count == n)
        alone = np.argmax(above[rows] if n == 1 else ~above[rows], axis=1)
        others = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[alone]
        one = np.take_along_axis(cells[rows], alone[:, None], axis=1)
        ends.append(np.stack([np.broadcast_to(one, others.shape), np.take_along_axis(cells[rows], others, axis=1)], axis=2))
        owner.append(rows)
    rows = np.flatnonzero(count == 2)
    order = np.argsort(~above[rows], axis=1, kind="stable")  # the two above first
    a, b, c, d = np.take_along_axis(cells[rows], order, axis=1).T
    around = np.stack([np.stack(pair, axis=1) for pair in ((a, c), (a, d), (b, d), (b, c))], axis=1)
    ends += [around[:, [0, 1, 2]], around[:, [0, 2, 3]]]
    owner += [rows, rows]
    edges, number = np.unique(np.sort(np.concatenate(ends).reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    low, high = field.points[edges[:, 0]], field.points[edges[:, 1]]
    share = (level - low[:, axis]) / (high[:, axis] - low[:, axis])
    places = low + share[:, None] * (high - low)
    temperature = field.temperature[edges[:, 0]] * (1.0 - share) + field.temperature[edges[:, 1]] * share
    points = np.zeros((len(edges), 3))
    points[:, :2] = np.delete(places, axis, axis=1)
    return Cells(points, number.reshape(-1, 3), "triangle", temperature, material[np.concatenate(owner)])


def hottest_place(field: Cells) -> Floats:
    """The middle of the cell that is hottest on the mean (3,) [m], where a plane along any axis cuts the body."""
    hottest = int(np.argmax(field.temperature[field.cells].mean(axis=1)))
    return np.asarray(field.points[field.cells[hottest]].mean(axis=0))
