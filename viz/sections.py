"""Plane sections through bodies in space, without any OpenGL."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from viz.read import Cells, Floats

Integers = npt.NDArray[np.int64]

# six tetrahedra round the diagonal from corner 0 to corner 6 of a hexahedron, corners as in VTK
_TETRAHEDRA = np.array([(0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)])


class Crossing(NamedTuple):
    """Where a plane crosses a body: edges (n, 2) as pairs of points, the share (n,) of the way to the second one, triangles (m, 3) of these
    places, and the cell (m,) of each triangle."""

    edges: Integers
    share: Floats
    triangles: Integers
    cell: Integers

    def between(self, values: Floats) -> Floats:
        """Values of the points (k,) or (k, 3) at the crossed places, linear along the edges."""
        share = self.share if values.ndim == 1 else self.share[:, None]
        return np.asarray(values[self.edges[:, 0]] * (1.0 - share) + values[self.edges[:, 1]] * share)


def section(field: Cells, axis: int, level: float) -> Cells:
    """The triangles in which the plane at a level [m] of an axis (0, 1, 2) cuts a body in space, in the plane's own coordinates."""
    found = crossing(field, axis, level)
    points = np.zeros((len(found.edges), 3))
    points[:, :2] = np.delete(found.between(field.points), axis, axis=1)
    return Cells(points, found.triangles, "triangle", found.between(field.temperature), field.material[found.cell])


def crossing(field: Cells, axis: int, level: float) -> Crossing:
    """Where the plane at a level [m] of an axis (0, 1, 2) crosses a body in space.

    Temperatures are linear along the edges of tetrahedra, into which hexahedra are taken apart; points on one edge are one point, so that
    the sides of a contact stay apart.
    """
    along = field.points[field.cells, axis]
    met = np.flatnonzero((along.min(axis=1) <= level) & (along.max(axis=1) > level))
    cells, number = field.cells[met], met
    if field.kind == "hexahedron":
        cells, number = cells[:, _TETRAHEDRA].reshape(-1, 4), np.repeat(met, len(_TETRAHEDRA))
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
    edges, corner = np.unique(np.sort(np.concatenate(ends).reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    low, high = field.points[edges[:, 0], axis], field.points[edges[:, 1], axis]
    return Crossing(edges, (level - low) / (high - low), corner.reshape(-1, 3), number[np.concatenate(owner)])


def hottest_place(field: Cells) -> Floats:
    """The middle of the cell that is hottest on the mean (3,) [m], where a plane along any axis cuts the body."""
    hottest = int(np.argmax(field.temperature[field.cells].mean(axis=1)))
    return np.asarray(field.points[field.cells[hottest]].mean(axis=0))
