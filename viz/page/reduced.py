"""A body too large for a page: its surfaces and three cuts through its middle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from viz.read import Cells, Floats
from viz.sections import crossing

Integers = npt.NDArray[np.int64]
FACES = {
    "hexahedron": np.array([(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]),
    "tetra": np.array([(0, 2, 1, 1), (0, 1, 3, 3), (1, 2, 3, 3), (2, 0, 3, 3)]),  # triangles as quads that end in the same corner twice
}


class Skin(NamedTuple):
    """Quads `cells` (m, 4) on the surfaces of the regions and in cuts: `sheet` (m,) is 0 on a surface, 1, 2, 3 in the cut across x, y, z.

    Its points lie between `pairs` of points of the body, `share` of the way to the second. `levels` [m] are those of the cuts.
    """

    pairs: Integers
    share: Floats
    cells: Integers
    region: Integers
    sheet: Integers
    levels: tuple[float, float, float]

    def between(self, values: Floats) -> Floats:
        """Values of the body's points (n,) or (n, 3) at the skin's points."""
        share = self.share if values.ndim == 1 else self.share[:, None]
        return np.asarray(values[self.pairs[:, 0]] * (1.0 - share) + values[self.pairs[:, 1]] * share)


def skin(body: Cells) -> Skin:
    """The surfaces of the regions of a body in space and its cuts across x, y and z through the middle."""
    faces, region = surfaces(body)
    nodes, corners = np.unique(faces, return_inverse=True)
    pairs, share = [np.column_stack([nodes, nodes])], [np.zeros(len(nodes))]
    cells, regions, sheet = [corners.reshape(-1, 4)], [region], [np.zeros(len(faces), np.int64)]
    low, high = body.points.min(axis=0), body.points.max(axis=0)
    levels = low + 0.5000017 * (high - low)  # a little off the middle, where faces of cells may lie
    for axis in range(3):
        found = crossing(body, axis, float(levels[axis]))
        start = sum(map(len, share))
        pairs.append(found.edges)
        share.append(found.share)
        cells.append(found.triangles[:, [0, 1, 2, 2]] + start)
        regions.append(body.material[found.cell])
        sheet.append(np.full(len(found.triangles), axis + 1))
    whole = np.concatenate
    ends = (float(levels[0]), float(levels[1]), float(levels[2]))
    return Skin(whole(pairs), whole(share), whole(cells), whole(regions), whole(sheet), ends)


def surfaces(body: Cells) -> tuple[Integers, Integers]:
    """Faces (m, 4) on the outside and between regions, there once for each side, and their region (m,)."""
    sides = FACES[body.kind]
    faces = body.cells[:, sides].reshape(-1, 4)
    owner = np.repeat(body.material, len(sides))
    # a face is known by a sum over its nodes, scattered over 64 bits: two faces fall together once in 1e6 bodies of 1e6 cells
    nodes = np.where(sides[:, 3] == sides[:, 2], 0, 1)  # the corner that a triangle has twice counts once
    marks = _scattered(faces.astype(np.uint64))
    key = marks[:, 0] + marks[:, 1] + marks[:, 2] + marks[:, 3] * np.tile(nodes, len(body.cells)).astype(np.uint64)
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    inner = same & (owner[order][1:] == owner[order][:-1])
    keep = np.ones(len(faces), bool)
    keep[order[1:][inner]] = keep[order[:-1][inner]] = False
    return faces[keep], owner[keep]


def _scattered(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each number as one that looks like any other of 64 bits (the finaliser of splitmix64)."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
