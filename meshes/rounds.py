"""Sections of quadrilaterals, round ones among them, and the hexahedra that stand on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from meshes.mesh import Floats, Integers, Mesh, facet_pairs, interfaces

BULGE = 0.35  # of the way from its straight sides to the circle through its corners, the square in the middle of a disc is round
SQUARE = 0.5  # of the innermost circle: half the diagonal of the square in its middle
LEAST_SIDES = 16  # of a polygon that stands for a circle
SPREAD = 2  # power of the way to a corner with which the points of a tile spread
FLAT = 1e-9  # of the size of a body: what differs by less lies in one plane


class Section(NamedTuple):
    """Quadrilaterals of a plane: `points` (n, 2) [m], `cells` (m, 4) counterclockwise, `part` (m,) a number of what each belongs to."""

    points: Floats
    cells: Integers
    part: Integers


def widened(sides: int) -> float:
    """The radius of the corners of a regular polygon over that of the circle of the same area.

    sqrt(t / sin t) with t = 2 pi / sides: what is drawn so has the area, and its prism the volume, of the round body.

    >>> round(widened(24), 6)
    1.005741
    """
    angle = 2.0 * math.pi / sides
    return math.sqrt(angle / math.sin(angle))


def sides_of(radius: float, size: float) -> int:
    """How many sides of about a `size` [m] a circle is drawn with: a multiple of 8.

    >>> sides_of(9.0, 1.0)
    56
    """
    return max(LEAST_SIDES, 8 * round(0.25 * math.pi * radius / size))


def drawn(points: Floats, sides: int) -> Floats:
    """Where points (n, 2) of a round body about the origin lie on its polygons, which have corners at 45 degrees: circles on polygons."""
    angle = 2.0 * math.pi / sides
    within = np.mod(np.arctan2(points[:, 1], points[:, 0]), angle) - 0.5 * angle
    return np.asarray(points * (widened(sides) * math.cos(0.5 * angle) / np.cos(within))[:, None])


def _along(corners: Floats, sides: int) -> Floats:
    """Points (sides, 2) on a quadrilateral's edge, the same number on each of its four sides, from the first of its corners (4, 2)."""
    m = sides // 4
    side, share = np.divmod(np.arange(sides), m)
    weight = (share / m)[:, None]
    return np.asarray((1.0 - weight) * corners[side] + weight * corners[(side + 1) % 4])


def spread(away: float, low: float, high: float, n: int) -> Floats:
    """Points (n + 1,) along a side of a tile, from `low` below to `high` above the foot of its disc, which is `away` [m].

    Near the foot they stand where the rays of the disc pass, so that cells are upright in a narrow gap; they spread towards the corners.
    """
    t = np.tan(np.linspace(-0.25 * math.pi, 0.25 * math.pi, n + 1))
    t[[0, -1]] = -1.0, 1.0
    half = np.where(t < 0.0, low, high)
    return np.asarray(np.where(half > away, away * t + (half - away) * t * np.abs(t) ** SPREAD, half * t))


def tile(low: tuple[float, float], high: tuple[float, float], sides: int) -> Floats:
    """Points (sides, 2) on the edge of a rectangle that reaches so far below and above a disc's middle [m], from its lower right corner."""
    (left, down), (right, up), m = low, high, sides // 4
    along = (spread(right, down, up, m), spread(up, left, right, m), spread(left, down, up, m), spread(down, left, right, m))
    sides_of_it = (
        np.stack([np.full(m, right), along[0][:-1]], axis=1),
        np.stack([along[1][:0:-1], np.full(m, up)], axis=1),
        np.stack([np.full(m, -left), along[2][:0:-1]], axis=1),
        np.stack([along[3][:-1], np.full(m, -down)], axis=1),
    )
    return np.concatenate(sides_of_it)


def _filled(edge: Floats) -> Floats:
    """Points (m + 1, m + 1, 2) of a square grid whose edge has these points (4 m, 2), by Coons's formula; the last index is y."""
    m = len(edge) // 4
    right, top = edge[: m + 1], edge[m : 2 * m + 1][::-1]
    left, bottom = edge[2 * m : 3 * m + 1][::-1], np.concatenate([edge[3 * m :], edge[:1]])
    u = np.linspace(0.0, 1.0, m + 1)[:, None, None]
    v = np.linspace(0.0, 1.0, m + 1)[None, :, None]
    ruled = (1.0 - v) * bottom[:, None] + v * top[:, None] + (1.0 - u) * left[None] + u * right[None]
    flat = (1.0 - u) * ((1.0 - v) * bottom[0] + v * top[0]) + u * ((1.0 - v) * bottom[-1] + v * top[-1])
    return np.asarray(ruled - flat)


def disc(radii: Sequence[float], first: float, sides: int, border: Floats | None = None, beyond: int = 0) -> Section:
    """A disc about the origin: a square in its middle, and rings round it; `part` 0 is the square, k the ring that ends at radii[k].

    Circles are polygons of `sides`, a multiple of 8, with corners at 45 degrees and the area of the circle. With a `border`, more
    rings lead to it from the last circle; their parts go on counting.

    Parameters
    ----------
    radii : rising [m]: half the diagonal of the square, then the ends of the rings
    first : the least radius [m] among them that must be a circle; rings within go over from the square to it
    border : points (sides, 2) [m] round the disc, counterclockwise from its lower right corner, see `tile`
    beyond : rings between the last circle and the border
    """
    m, grow = sides // 4, widened(sides)
    angle = 2.0 * math.pi / sides * np.arange(sides) - 0.25 * math.pi
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    edge = grow * radii[0] * ((1.0 - BULGE) * _along(unit[::m], sides) + BULGE * unit)
    circle = grow * first * unit
    rings = []
    for radius in radii[1:]:
        share = (radius - radii[0]) / (first - radii[0])
        rings.append((1.0 - share) * edge + share * circle if share < 1.0 else grow * radius * unit)
    if border is not None:
        last = rings[-1]
        rings += [last + (i + 1) / beyond * (border - last) for i in range(beyond)]
    number = np.arange((m + 1) ** 2).reshape(m + 1, m + 1)
    square = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
    # round the square, from its lower right corner
    around = np.concatenate([number[m, :m], number[:0:-1, m], number[0, :0:-1], number[:m, 0]])
    cells, part, inner = [square], [np.zeros(len(square), np.int64)], around
    for k in range(len(rings)):
        outer = (m + 1) ** 2 + k * sides + np.arange(sides)
        cells.append(np.stack([inner, outer, np.roll(outer, -1), np.roll(inner, -1)], axis=1))
        part.append(np.full(sides, k + 1))
        inner = outer
    return Section(np.concatenate([_filled(edge).reshape(-1, 2), *rings]), np.concatenate(cells), np.concatenate(part))


def grid(x: Floats, y: Floats, part: int = 0) -> Section:
    """A rectangle of quadrilaterals between lines at x and at y [m]."""
    number = np.arange(len(x) * len(y)).reshape(len(x), len(y))
    cells = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
    return Section(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2), cells, np.full(len(cells), part))


def united(sections: Sequence[Section], near: float) -> Section:
    """Sections in one, points nearer than `near` [m] made one."""
    from meshes.checks import joined

    starts = np.cumsum([0, *(len(section.points) for section in sections)])
    points = np.concatenate([section.points for section in sections])
    kept, number = np.unique(joined(points, near), return_inverse=True)
    cells = np.concatenate([section.cells + start for section, start in zip(sections, starts[:-1], strict=True)])
    return Section(points[kept], number.ravel()[cells], np.concatenate([section.part for section in sections]))


def raised(section: Section, levels: Floats, region: Integers, names: Sequence[str]) -> Mesh:
    """Hexahedra on a section between levels along z, with `outside` and the interfaces as faces.

    `region` (n_parts, n_levels - 1) is the number in `names` of what each part of the section is in each layer, -1 for nothing.
    """
    n = len(section.points)
    points = np.concatenate(
        [np.tile(section.points, (len(levels), 1)), np.repeat(np.asarray(levels, float), n)[:, None]],
        axis=1,
    )
    cells = np.concatenate([np.concatenate([section.cells + k * n, section.cells + (k + 1) * n], axis=1) for k in range(len(levels) - 1)])
    number = region[section.part].T.ravel()
    used, cells = np.unique(cells[number >= 0], return_inverse=True)
    number = number[number >= 0]
    regions = {name: np.flatnonzero(number == i) for i, name in enumerate(names)}
    mesh = Mesh(points[used], cells.reshape(-1, 8), "hexahedron", regions, {})
    facets, sides = facet_pairs(mesh)
    return mesh._replace(faces={"outside": facets[sides[:, 1] < 0]} | interfaces(mesh))


def at_place(mesh: Mesh, facets: Integers, axis: int, place: float) -> Integers:
    """Those of some facets that lie in the plane across an axis at a place [m]."""
    away = np.abs(mesh.points[facets][:, :, axis] - place)
    found: Integers = facets[away.max(axis=1) < FLAT * float(np.ptp(mesh.points, axis=0).max())]
    return found
