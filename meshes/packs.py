"""Sections of packs of cells: rows and columns of round or rectangular ones, what is between them, sheets between rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from meshes.mesh import Floats
from meshes.rounds import SQUARE, Section, disc, grid, sides_of, spread, tile, united

MIDDLE, INSIDE, WALL, KINDS = 0, 1, 2, 3  # parts of one cell: core or bore, roll or contents, can; how many there are


class Plan(NamedTuple):
    """Where cells stand in the plane [m].

    `columns`, `rows` along x and y; `pitch` (2,) from cell to cell; `wide` (2,) of a cell; `wall` of its can, 0 without one; `core` its
    radius, 0 without one; `sheet` thickness between rows, 0 without; `rim` (2,) of what fills the gaps beyond the outer cells. `across`
    quadrilaterals across a cell. Round cells have their axes at multiples of the pitch, rectangular ones their lower left corners.
    """

    columns: int
    rows: int
    pitch: tuple[float, float]
    wide: tuple[float, float]
    wall: float
    core: float
    sheet: float
    across: int
    round: bool

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.columns * self.rows

    @property
    def between(self) -> int:
        """The part of what fills the gaps; sheets follow it."""
        return KINDS * self.n_cells

    @property
    def n_parts(self) -> int:
        """Number of parts of the section."""
        return self.between + self.rows

    @property
    def gap(self) -> tuple[float, float]:
        """Least distance of neighbours along x and y [m]."""
        return (self.pitch[0] - self.wide[0], self.pitch[1] - self.wide[1])

    def centre(self, cell: int) -> tuple[float, float]:
        """The middle of a cell, or its axis [m]; row by row, along x first."""
        row, column = divmod(cell, self.columns)
        half = (0.0, 0.0) if self.round else (0.5 * self.wide[0], 0.5 * self.wide[1])
        return (column * self.pitch[0] + half[0], row * self.pitch[1] + half[1])

    def ends(self) -> list[tuple[float, float]]:
        """Where the section begins and ends along x and y [m]: round cells have half a gap round them."""
        found = []
        for axis, n in ((0, self.columns), (1, self.rows)):
            half = 0.5 * self.pitch[axis] if self.round else 0.0
            wide = 0.0 if self.round else self.wide[axis]
            found.append((-half, (n - 1) * self.pitch[axis] + half + wide))
        return found


def sides_in(plan: Plan) -> int:
    """Sides of the polygon of a round cell, a multiple of 8: as long as its cells are wide, and enough for the narrowest gap.

    Where two circles are near, the gap between them opens over an angle of sqrt(gap / radius): a side is no longer than that.
    """
    narrow = min(plan.gap[0], plan.gap[1] - plan.sheet) / plan.wide[0]
    return max(sides_of(0.5 * plan.wide[0], plan.wide[0] / plan.across), 8 * math.ceil(0.25 * math.pi / math.sqrt(narrow)))


def n_section(plan: Plan, refine: int = 0) -> int:
    """About how many points the section has, those on common edges counted twice."""
    if not plan.round:
        return math.prod(1 + 2**refine * sum(count for _, _, count in _breaks(plan, axis)) for axis in (0, 1))
    sides = int(2**refine) * sides_in(plan)
    strips = (plan.rows - 1) * plan.columns * (sides // 4 + 1) * (2 * int(2**refine) + 1) if plan.sheet else 0
    return plan.n_cells * ((sides // 4 + 1) ** 2 + sides * (len(_rings(plan, refine)[0]) - 1 + _beyond(plan, refine))) + strips


def section(plan: Plan, refine: int = 0) -> Section:
    """The section of a pack; `part` is `KINDS` times the number of a cell and which of its parts, or what is between, or a sheet."""
    return _of_round(plan, refine) if plan.round else _of_boxes(plan, refine)


def _cut(low: float, high: float, n: int, refine: int) -> list[float]:
    """Ends of n parts of an interval, refined; without its beginning."""
    return [float(value) for value in np.linspace(low, high, n * 2**refine + 1)[1:]]


def _rings(plan: Plan, refine: int) -> tuple[list[float], float, list[int]]:
    """Half the diagonal of the square of a round cell and the ends of its rings [m], the first circle, the part of square and rings."""
    outer, size = 0.5 * plan.wide[0], plan.wide[0] / plan.across
    inside = outer - plan.wall
    first = plan.core or inside
    square = SQUARE * first
    breaks = [(square, first, MIDDLE if plan.core else INSIDE)]
    breaks += [(first, inside, INSIDE)] if plan.core else []
    breaks += [(inside, outer, WALL)] if plan.wall else []
    radii, parts = [square], [MIDDLE if plan.core else INSIDE]
    for low, high, part in breaks:
        ends = _cut(low, high, 1 if part != INSIDE else max(2, round((high - low) / size)), refine)
        radii += ends
        parts += [part] * len(ends)
    return radii, first, parts


def _beyond(plan: Plan, refine: int) -> int:
    """Rings between a round cell and the edge of its tile."""
    return int(2**refine) * max(2, round(0.5 * max(plan.gap) / (plan.wide[0] / plan.across)))


def _of_round(plan: Plan, refine: int) -> Section:
    sides, beyond = int(2**refine) * sides_in(plan), _beyond(plan, refine)
    radii, first, kinds = _rings(plan, refine)
    made = []
    m = sides // 4
    half = (0.5 * plan.pitch[0], 0.5 * plan.pitch[1])
    for cell in range(plan.n_cells):
        row, (x, y) = cell // plan.columns, plan.centre(cell)
        low = half[1] - (0.5 * plan.sheet if row else 0.0)
        high = half[1] - (0.5 * plan.sheet if row < plan.rows - 1 else 0.0)
        own = disc(radii, first, sides, tile((half[0], low), (half[0], high), sides), beyond)
        part = np.array([KINDS * cell + kind for kind in kinds] + [plan.between] * beyond)[own.part]
        made.append(Section(own.points + np.array([x, y]), own.cells, part))
        if plan.sheet and row < plan.rows - 1:
            strip = np.linspace(y + high, y + high + plan.sheet, 2 * 2**refine + 1)
            made.append(grid(x + spread(high, half[0], half[0], m), strip, plan.between + 1 + row))
    return united(made, 1e-7 * plan.wide[0])


def _breaks(plan: Plan, axis: int) -> list[tuple[float, float, int]]:
    """Intervals along an axis of a pack of boxes, and how many quadrilaterals are across each."""
    wide, pitch, n = plan.wide[axis], plan.pitch[axis], (plan.columns, plan.rows)[axis]
    size = wide / plan.across
    sheet = plan.sheet if axis == 1 else 0.0
    found: list[tuple[float, float, int]] = []
    for k in range(n):
        low = k * pitch
        lines = [low, low + plan.wall, low + wide - plan.wall, low + wide]
        found += [(a, b, 1 if plan.wall and i != 1 else plan.across) for i, (a, b) in enumerate(itertools.pairwise(lines))]
        if k < n - 1:
            middle = 0.5 * (low + wide + low + pitch)
            lines = [low + wide, middle - 0.5 * sheet, middle + 0.5 * sheet, low + pitch]
            lines = lines if sheet else [low + wide, low + pitch]
            found += [(a, b, max(2, round((b - a) / size))) for a, b in itertools.pairwise(lines)]
    return [(a, b, count) for a, b, count in found if b - a > 1e-9 * wide]


def _lines(plan: Plan, refine: int) -> list[Floats]:
    """The lines of the grid of a pack of boxes along x and y [m]."""
    found = []
    for axis in (0, 1):
        points = [0.0]
        for low, high, count in _breaks(plan, axis):
            points += _cut(low, high, count, refine)
        found.append(np.array(points))
    return found


def _of_boxes(plan: Plan, refine: int) -> Section:
    x, y = _lines(plan, refine)
    made = grid(x, y)
    middle = made.points[made.cells].mean(axis=1)
    return made._replace(part=np.array([part_at(plan, *place) for place in middle.tolist()]))


def part_at(plan: Plan, x: float, y: float) -> int:
    """The part of the section at a point [m], -1 outside of it."""
    for value, (low, high) in zip((x, y), plan.ends(), strict=True):
        if not low <= value <= high:
            return -1
    shift = (0.0, 0.0) if plan.round else (0.5 * plan.wide[0], 0.5 * plan.wide[1])
    column, row = (
        min(max(round((value - off) / pitch), 0), n - 1)
        for value, off, pitch, n in zip((x, y), shift, plan.pitch, (plan.columns, plan.rows), strict=True)
    )
    cell = row * plan.columns + column
    away = tuple(value - middle for value, middle in zip((x, y), plan.centre(cell), strict=True))
    if plan.round:
        r, outer = math.hypot(*away), 0.5 * plan.wide[0]
        kind = next((kind for kind, end in ((MIDDLE, plan.core), (INSIDE, outer - plan.wall), (WALL, outer)) if r < end), None)
    else:
        deep = min(0.5 * wide - abs(value) for wide, value in zip(plan.wide, away, strict=True))
        kind = INSIDE if deep > plan.wall else WALL if deep > 0.0 else None
    if kind is not None:
        return KINDS * cell + kind
    beside = row + (1 if away[1] > 0.0 else 0)  # the rows on whose edge it may lie
    if plan.sheet and 0 < beside < plan.rows and 0.5 * plan.pitch[1] - abs(away[1]) < 0.5 * plan.sheet:
        return plan.between + beside
    return plan.between


def levels_of(breaks: Sequence[tuple[float, int]], start: float, refine: int = 0) -> Floats:
    """Levels from a `start` [m] upwards: thickness and number of layers of each part."""
    points = [start]
    for thickness, count in breaks:
        points += _cut(points[-1], points[-1] + thickness, count, refine)
    return np.array(points)
