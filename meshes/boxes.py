"""Regions made of boxes on a tensor mesh: a line, a plane or a body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from meshes.block import SNAP, graded, halved
from meshes.mesh import Floats, Integers, Mesh, facet_pairs, interfaces

SIDES = {1: ("left", "right"), 2: ("left", "right", "bottom", "top"), 3: ("left", "right", "front", "back", "bottom", "top")}
KINDS = {1: "line", 2: "quad", 3: "hexahedron"}


class Extent(NamedTuple):
    """A box: its lower and its upper corner (dimension,) [m]; equal along one axis where it is a part of a face."""

    low: tuple[float, ...]
    high: tuple[float, ...]


ACROSS = {1: 4.0, 2: 10.0, 3: 4.0}  # cells in the width of a patch, by dimension: heat crowds at its edge


def patch_sizes(extents: Sequence[Extent], patches: Sequence[Extent]) -> list[dict[float, float]]:
    """The cell size [m] that patches ask for, along each axis by place [m]: a share of their width, at their edges and across them.

    What reaches over the whole body along an axis has no width there.
    """
    dimension = len(extents[0].low)
    low = [min(extent.low[axis] for extent in extents) for axis in range(dimension)]
    high = [max(extent.high[axis] for extent in extents) for axis in range(dimension)]
    wanted: list[dict[float, float]] = [{} for _ in range(dimension)]
    for patch in patches:
        widths = [b - a for a, b in zip(patch.low, patch.high, strict=True)]
        narrow = [w for w, a, b in zip(widths, low, high, strict=True) if 0.0 < w < (1.0 - SNAP) * (b - a)]
        for axis in range(dimension) if narrow else ():
            for place in {patch.low[axis], patch.high[axis]}:
                if widths[axis] < (1.0 - SNAP) * (high[axis] - low[axis]):
                    size = min(narrow) / ACROSS[dimension]
                    wanted[axis][place] = min(size, wanted[axis].get(place, size))
    return wanted


def boxes_axes(
    extents: Sequence[Extent],
    patches: Sequence[Extent] = (),
    thin: Sequence[Mapping[float, float]] = (),
    *,
    smallest: float | None,
    growth: float,
    largest: float | Sequence[float | None] | None,
    share: float = 0.25,
    refine: int = 0,
) -> list[Floats]:
    """Points along each axis, every side of a box among them; cells are of `smallest` there and grow from there.

    `smallest` is a `share` of the shortest distance between two sides along the axis where it is not given, and at a patch what
    `patch_sizes` says, at the places in `thin` (one mapping an axis) no more than the size there; `largest`, one for all axes or
    one each, a tenth of the whole.
    """
    axes = []
    wanted = patch_sizes(extents, patches)
    extents = [*extents, *patches]
    each = largest if isinstance(largest, Sequence) else [largest] * len(extents[0].low)
    for axis in range(len(extents[0].low)):
        ends = np.unique([value for extent in extents for value in (extent.low[axis], extent.high[axis])])
        span = ends[-1] - ends[0]
        keep = np.concatenate([[True], np.diff(ends) > SNAP * span])
        breaks = ends[keep]
        breaks[-1] = ends[-1]
        fine = smallest or share * float(np.min(np.diff(breaks)))
        sizes = dict.fromkeys(breaks.tolist(), fine)
        asked = [*wanted[axis].items(), *(thin[axis].items() if thin else ())]
        for place, size in () if smallest else asked:
            nearest = float(breaks[np.argmin(np.abs(breaks - place))])
            sizes[nearest] = min(size, sizes[nearest])
        points = graded(breaks.tolist(), sizes, growth, each[axis] or 0.1 * float(span))
        for _ in range(refine):
            points = halved(points)
        axes.append(points)
    return axes


def tensor_cells(axes: Sequence[Floats]) -> tuple[Floats, Integers]:
    """Points (n, dimension) and cells of a tensor mesh, the vertices of each in VTK's order; the last axis runs fastest."""
    shape = tuple(len(points) for points in axes)
    number = np.arange(int(np.prod(shape))).reshape(shape)
    points = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    low, high = slice(None, -1), slice(1, None)
    corners: list[tuple[slice, ...]] = {  # type: ignore[assignment]
        1: [(low,), (high,)],
        2: [(low, low), (high, low), (high, high), (low, high)],
        3: [(a, b, c) for c in (low, high) for a, b in ((low, low), (high, low), (high, high), (low, high))],
    }[len(axes)]
    return points, np.stack([number[corner].ravel() for corner in corners], axis=1)


def boxes_mesh(
    axes: Sequence[Floats], regions: Mapping[str, Sequence[Extent]], patches: Mapping[str, Extent], simplices: bool = False
) -> Mesh:
    """The mesh of all boxes, a later region in place of an earlier one, with sides, patches and interfaces as faces.

    A side (`left`, `top`, ...) is what lies at that end of the whole; `outside` is the outer boundary, that of holes included. With
    `simplices` every quadrilateral is two triangles and every hexahedron six tetrahedra.
    """
    points, cells = tensor_cells(axes)
    dimension = len(axes)
    centres = points[cells].mean(axis=1)
    number = np.full(len(cells), -1)
    for i, extents in enumerate(regions.values()):
        for extent in extents:
            number[np.all((centres > extent.low) & (centres < extent.high), axis=1)] = i
    cells, number = cells[number >= 0], number[number >= 0]
    kind = KINDS[dimension]
    if simplices and dimension > 1:
        parts = _SIMPLICES[dimension]
        cells, number = np.concatenate([cells[:, list(part)] for part in parts]), np.tile(number, len(parts))
        kind = "triangle" if dimension == 2 else "tetra"
    used, cells = np.unique(cells, return_inverse=True)
    cells = cells.reshape(-1, {"line": 2, "triangle": 3, "quad": 4, "tetra": 4, "hexahedron": 8}[kind])
    mesh = Mesh(points[used], cells, kind, {name: np.flatnonzero(number == i) for i, name in enumerate(regions)}, {})
    facets, sides = facet_pairs(mesh)
    low, high = mesh.points[facets].min(axis=1), mesh.points[facets].max(axis=1)
    outer = sides[:, 1] < 0
    faces = {}
    for i, name in enumerate(SIDES[dimension]):
        axis, end = divmod(i, 2)
        faces[name] = facets[outer & (low[:, axis] == high[:, axis]) & (low[:, axis] == axes[axis][-end])]
    faces["outside"] = facets[outer]
    faces |= interfaces(mesh)
    for name, extent in patches.items():
        # by points of the axes: a plane of cells may lie nearer to the next than the numbers of a case are exact
        ends = [[points[np.argmin(np.abs(points - end[axis]))] for axis, points in enumerate(axes)] for end in (extent.low, extent.high)]
        faces[name] = facets[np.all((low >= ends[0]) & (high <= ends[1]), axis=1)]
    return mesh._replace(faces=faces)


# Kuhn's division along one diagonal, the same in every cell, so that neighbours meet
_SIMPLICES = {
    2: ((0, 1, 2), (0, 2, 3)),
    3: ((0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)),
}
