"""Blocks of named layers on tensor meshes, graded towards patch edges and layer interfaces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SNAP = 1e-6  # of the length of an axis: an edge of a patch this near to a side lies on it, or cells of 1e-13 m would come of it

FACES = {"left": (0, 0), "right": (0, 1), "front": (1, 0), "back": (1, 1), "bottom": (2, 0), "top": (2, 1)}  # axis, side


class Grid(NamedTuple):
    """Coordinates of a tensor mesh [m] and where it may be mirrored.

    `mirror` holds, for x and y, the coordinate of the symmetry plane at the upper end of that axis, or None.
    """

    x: Floats
    y: Floats
    z: Floats
    mirror: tuple[float | None, float | None]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.x) * len(self.y) * len(self.z)


def graded(breaks: Sequence[float], sizes: Mapping[float, float], growth: float, largest: float) -> Floats:
    """Points from the first to the last break, every break among them; cells are of `sizes[p]` at p and grow from there.

    The cell size wanted at x is  h(x) = min(largest, min over p of sizes[p] + ln(growth) |x - p|);  each interval between
    breaks gets the whole number of cells next above the integral of dx/h, placed at equal parts of that integral.

    Parameters
    ----------
    breaks : rising [m]
    sizes : wanted cell size [m] at some points [m]
    growth : ratio of neighbouring cells, above 1
    largest : largest cell [m]

    >>> graded([0.0, 1.0], {0.0: 0.5}, 1.5, 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    points: list[Floats] = []
    for low, high in itertools.pairwise(breaks):
        finest = min([largest, high - low, *sizes.values()])
        # samples dense near both ends, where the size changes fastest
        s = np.geomspace(finest * 1e-3, high - low, 4000)
        x = np.unique(np.concatenate([[low], low + s, high - s, [high]]))
        x = x[(x >= low) & (x <= high)]
        h = np.full_like(x, largest)
        for place, size in sizes.items():
            h = np.minimum(h, size + np.log(growth) * np.abs(x - place))
        count = np.concatenate([[0.0], np.cumsum(np.diff(x) * 0.5 * (1.0 / h[1:] + 1.0 / h[:-1]))])
        n = max(1, int(np.ceil(count[-1] - 1e-6)))
        inner = np.interp(np.linspace(0.0, count[-1], n + 1), count, x)
        inner[0], inner[-1] = low, high
        points.append(inner if not points else inner[1:])
    return np.concatenate(points)


def halved(points: Floats) -> Floats:
    """Every cell cut in two: the mesh refined once."""
    fine = np.empty(2 * len(points) - 1)
    fine[::2], fine[1::2] = points, 0.5 * (points[1:] + points[:-1])
    return fine


def box_grid(
    size: tuple[float, float],
    thicknesses: Sequence[float],
    patches: Sequence[tuple[str, tuple[float, float], tuple[float, float]]],
    *,
    smallest: float,
    interface: float,
    growth: float,
    largest: float,
    mirror: tuple[bool, bool] = (False, False),
    refine: int = 0,
    wanted: Sequence[Mapping[float, float]] = ({}, {}, {}),
) -> Grid:
    """The tensor grid of a block of layers along z.

    Parameters
    ----------
    size : of the block along x and y [m]
    thicknesses : of the layers from the bottom [m]
    patches : (face `top` or `bottom`, centre [m], sides [m]) of each patch
    smallest, interface, growth, largest : cells at the edge of a patch in x, y and z, at an interface; ratio; limit
    mirror : model only the lower half along x, along y
    refine : how often every cell is cut in two
    wanted : cells that are no larger at places [m] along x, y, z: at ends and levels
    """
    levels = np.concatenate([[0.0], np.cumsum(thicknesses)])
    axes: list[Floats] = []
    for axis in (0, 1):
        end = size[axis] / 2 if mirror[axis] else size[axis]
        edges = {centre[axis] + sign * 0.5 * sides[axis] for _, centre, sides in patches for sign in (-1, 1)}
        edges = {edge for edge in edges if SNAP * end < edge < end * (1 - SNAP)}  # what lies closer to a side is on it
        sizes = dict.fromkeys(edges, smallest)
        for place, cell in wanted[axis].items():
            if place <= end * (1 + SNAP):
                sizes[min(place, end)] = min(cell, sizes.get(min(place, end), cell))
        axes.append(graded([0.0, *sorted(edges), end], sizes, growth, min(largest, end)))
    sizes = {}
    for i, level in enumerate(levels):
        beside = thicknesses[max(i - 1, 0) : i + 1]
        sizes[float(level)] = min(interface, *beside) if 0 < i < len(thicknesses) else largest
    for face, _, _ in patches:
        sizes[float(levels[-1] if face == "top" else 0.0)] = smallest
    for place, cell in wanted[2].items():
        level = float(levels[np.argmin(np.abs(levels - place))])
        sizes[level] = min(cell, sizes[level])
    axes.append(graded(levels.tolist(), sizes, growth, largest))
    for _ in range(refine):
        axes = [halved(points) for points in axes]
    planes = tuple(size[axis] / 2 if mirror[axis] else None for axis in (0, 1))
    return Grid(axes[0], axes[1], axes[2], planes)  # type: ignore[arg-type]


def line_weights(vertices: Floats, order: int, low: float, high: float) -> Floats:
    """Weights of the nodes of elements on a line in an integral from `low` to `high`, two of its vertices (Gauss-Lobatto).

    >>> line_weights(np.array([0.0, 1.0, 3.0]), 1, 0.0, 3.0).tolist()
    [0.5, 1.5, 1.0]
    """
    shares = (0.5, 0.5) if order == 1 else (1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0)
    weights = np.zeros(order * (len(vertices) - 1) + 1)
    middle = 0.5 * (vertices[1:] + vertices[:-1])
    for i in np.flatnonzero((middle > low) & (middle < high)):
        weights[order * i : order * i + order + 1] += np.array(shares) * (vertices[i + 1] - vertices[i])
    return weights


def line_matrices(vertices: Floats, order: int, coefficient: Floats) -> tuple[Floats, Floats]:
    """Stiffness (n, n) and weights (n,) of elements on a line with a coefficient per cell, by nodal quadrature.

    >>> stiffness, weights = line_matrices(np.array([0.0, 2.0]), 1, np.array([3.0]))
    >>> stiffness.tolist(), weights.tolist()
    ([[1.5, -1.5], [-1.5, 1.5]], [3.0, 3.0])
    """
    element = (
        np.array([[1.0, -1.0], [-1.0, 1.0]]) if order == 1 else np.array([[7.0, -8.0, 1.0], [-8.0, 16.0, -8.0], [1.0, -8.0, 7.0]]) / 3.0
    )
    shares = np.array((0.5, 0.5) if order == 1 else (1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0))
    n = order * (len(vertices) - 1) + 1
    stiffness, weights = np.zeros((n, n)), np.zeros(n)
    for i, (size, value) in enumerate(zip(np.diff(vertices), coefficient, strict=True)):
        part = slice(order * i, order * i + order + 1)
        stiffness[part, part] += value / size * element
        weights[part] += value * size * shares
    return stiffness, weights


def line_shape(vertices: Floats, order: int, x: float) -> Floats:
    """Values of the shape functions of elements on a line at a point of it.

    >>> line_shape(np.array([0.0, 1.0, 3.0]), 1, 2.0).tolist()
    [0.0, 0.5, 0.5]
    """
    i = int(np.clip(np.searchsorted(vertices, x) - 1, 0, len(vertices) - 2))
    s = (x - vertices[i]) / (vertices[i + 1] - vertices[i])
    values = np.zeros(order * (len(vertices) - 1) + 1)
    local = (1.0 - s, s) if order == 1 else ((1.0 - s) * (1.0 - 2.0 * s), 4.0 * s * (1.0 - s), s * (2.0 * s - 1.0))
    values[order * i : order * i + order + 1] = local
    return values


def mirrored(grid: Grid) -> tuple[Grid, NDArray[np.int64]]:
    """The whole body of a mirrored grid, and for each of its nodes the node of `grid` that carries its value."""
    axes, indices = [], []
    for points, plane in zip((grid.x, grid.y), grid.mirror, strict=True):
        own = np.arange(len(points))
        if plane is None:
            axes.append(points)
            indices.append(own)
        else:
            axes.append(np.concatenate([points, 2.0 * plane - points[-2::-1]]))
            indices.append(np.concatenate([own, own[-2::-1]]))
    number = np.arange(grid.n_nodes).reshape(len(grid.x), len(grid.y), len(grid.z))
    whole = number[np.ix_(indices[0], indices[1], np.arange(len(grid.z)))]
    return Grid(axes[0], axes[1], grid.z, (None, None)), whole.ravel()
