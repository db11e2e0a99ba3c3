"""Fields of bodies in a plane or on a line, without any OpenGL."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from viz import theme
from viz.bricks import Brick, colour_range
from viz.look import ABOVE, NONE, Look, read_shown
from viz.read import Cells, Floats, Run, read_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PROFILES = 8
NARROWEST, LETTER = 4.0, 0.095  # inches: a picture of a slender body, a letter of a title
TALLEST, BESIDE = (6.5, 4.6), 0.62  # inches: one body, one of several; of the width: bodies that take less of it stand side by side
MOST_NAMED = 12  # regions whose names are written
BRIGHT = 0.6  # of the range of colours, from where on words are dark


class Panel(NamedTuple):
    """A plane field with its title, the letters of its coordinates, and what is shown of it at points or in cells: else degC."""

    brick: Brick
    field: Cells
    title: str
    letters: tuple[str, str]
    values: Floats | None = None

    @property
    def shown(self) -> Floats:
        """Values at the points (n,) or in the cells (m,)."""
        return self.field.temperature_c if self.values is None else self.values


def planes(bricks: Sequence[Brick], axisymmetric: Sequence[bool]) -> Figure:
    """Each body in its plane below the other, on one range of colours. Raises ValueError where a frame cannot be read."""
    data = [read_cells(brick.file) for brick in bricks]
    letters = [("r", "z") if turned else ("x", "y") for turned in axisymmetric]
    panels = [Panel(brick, field, brick.title, pair) for brick, field, pair in zip(bricks, data, letters, strict=True)]
    return panelled(panels, colour_range(bricks, data))


def panelled(panels: Sequence[Panel], colours: tuple[float, float, list[float]], look: Look = Look()) -> Figure:  # noqa: B008
    """Plane fields below each other, slender ones side by side, on one range of colours (least, most, ticks)."""
    low, high, ticks = colours
    shapes = [np.ptp(panel.field.points[:, :2], axis=0) for panel in panels]
    stretches = [theme.stretch(*shape) for shape in shapes]
    wide, tallest = 0.82 * theme.WIDTH, TALLEST[len(panels) > 1]
    heights = [min(max(wide * s * shape[1] / shape[0], 0.9), tallest) for shape, s in zip(shapes, stretches, strict=True)]
    # what the bodies take of the width
    widths = [height * shape[0] / (s * shape[1]) for height, shape, s in zip(heights, shapes, stretches, strict=True)]
    broad = max(widths)
    narrow = broad < BESIDE * wide
    n_columns = max(1, min(len(panels), int(1.6 * theme.WIDTH / (broad + 1.6)))) if narrow else 1
    n_rows = -(-len(panels) // n_columns)
    columns = [max(widths[i::n_columns]) + 1.6 for i in range(n_columns)]
    width = theme.WIDTH if not narrow else min(max(sum(columns) + 1.0, NARROWEST), 1.6 * theme.WIDTH)
    rows = [max(heights[i * n_columns : (i + 1) * n_columns]) for i in range(n_rows)]
    figure = theme.figure(width, sum(rows) + 1.1 * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns, height_ratios=rows, width_ratios=columns)
    drawn: Any = None
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(grid[i // n_columns, i % n_columns])
        unit, scale = theme.length_unit(float(shapes[i].max()))
        drawn = _drawn(axes, panel, scale, (low, high), look)
        across, up = (f"{letter} [{unit}]" for letter in panel.letters)
        theme.dress(axes, across, up if stretches[i] == 1.0 else f"{up}\ndrawn \N{MULTIPLICATION SIGN}{stretches[i]:g}")
        letters_of_a_line = int((width - 1.0) * columns[i % n_columns] / sum(columns) / LETTER)
        # above the left end of the axis: a title would not be wider than a slender body
        axes.annotate(
            textwrap.fill(
                f"{panel.title}: {look.span(panel.shown)}".replace(f" {look.sign}", f"\N{NO-BREAK SPACE}{look.sign}"), letters_of_a_line
            ),
            (0.0, 1.0),
            (-30 if narrow else 0, 8),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=theme.TEXT + 1,
            fontweight="bold",
            color=theme.INK,
            annotation_clip=False,
        )
        axes.set_aspect(stretches[i], anchor="W")
    bar = figure.colorbar(drawn, ax=figure.axes, ticks=ticks, fraction=0.04, pad=0.02, format="%.4g")
    bar.set_label(look.label, fontsize=theme.TEXT, color=theme.INK)
    bar.ax.tick_params(labelsize=theme.SMALL, width=0.6)
    bar.outline.set_linewidth(0.6)  # type: ignore[operator]
    remarks = [look.limit_words() if look.level_of_limit is not None else ""]
    remarks += [f"pale blue: above {high:g} {look.sign}"] if look.highest is not None else []
    if any(remarks):
        figure.supxlabel("; ".join(filter(None, remarks)), fontsize=theme.SMALL, color=theme.INK)
    level = look.level_of_limit
    if level is not None and low < level < high:
        bar.ax.axhline(level, color="black", lw=3.0)
        bar.ax.axhline(level, color="white", lw=1.5)
    return figure


def _drawn(axes: Any, panel: Panel, scale: float, ends: tuple[float, float], look: Look) -> Any:
    """The field of a panel with borders, names of regions and the line of equal temperature at the limit."""
    from matplotlib import colormaps

    field, values, (low, high) = panel.field, panel.shown, ends
    points, corners = field.points[:, :2] * scale, triangles(field)
    colour_map = colormaps[theme.COLOUR_MAP].with_extremes(bad=NONE, over=None if look.highest is None else ABOVE)
    how: dict[str, Any] = {"cmap": colour_map, "vmin": low, "vmax": high, "rasterized": True}
    if len(values) == len(points) and np.isfinite(values).all():
        drawn = axes.tripcolor(*points.T, corners, values, shading="gouraud", **how)
    else:
        each = values[corners].mean(axis=1) if len(values) == len(points) else np.tile(values, len(corners) // len(values))
        drawn = axes.tripcolor(*points.T, corners, facecolors=np.ma.masked_invalid(each), **how)
    level = look.level_of_limit
    if level is not None and float(values.min()) < level < float(values.max()):  # a temperature has values everywhere
        line = axes.tricontour(*points.T, corners, values, levels=[level], colors="white", linewidths=1.6, zorder=3.5)
        line.set_path_effects([withStroke(linewidth=3.2, foreground="black")])
    thin = min(0.8, max(0.25, 6.0 / max(len(panel.brick.layers), 1)))  # of many regions lines as thick would hide the colours
    axes.add_collection(LineCollection(points[np.array(borders(field))], colors="#9aa0a6", linewidths=thin, zorder=3))
    for name, place, cell in _names(panel.brick, field, points):
        value = float(np.nan_to_num(values[field.cells[cell]].mean() if len(values) == len(points) else values[cell], nan=high))
        ink, around = ("black", "white") if value > low + BRIGHT * (high - low) else ("white", "black")
        text = axes.text(place[0], place[1], name, fontsize=theme.SMALL - 1, color=ink, ha="center", va="center", zorder=4)
        text.set_path_effects([withStroke(linewidth=2.0, foreground=around)])
    return drawn


def profiles(runs: Sequence[Run], titles: Sequence[str], look: Look = Look()) -> Figure:  # noqa: B008
    """Temperature, or another field, along each line at some of its frames, early to late. Raises ValueError where one cannot be read."""
    from matplotlib import colormaps

    figure = theme.figure(theme.WIDTH, 4.6 * len(runs))
    for i, (run, title) in enumerate(zip(runs, titles, strict=True)):
        axes = figure.add_subplot(len(runs), 1, i + 1)
        chosen = [run.frames[k] for k in np.unique(np.linspace(0, len(run.frames) - 1, MOST_PROFILES).astype(int))]
        read = [read_shown(frame.file, look) for frame in chosen]
        fields = [cells for cells, _ in read]
        x = fields[0].points[:, 0]
        unit, scale = theme.length_unit(float(np.ptp(x)))
        for k, (frame, (field, shown)) in enumerate(zip(chosen, read, strict=True)):
            ends = field.points[field.cells, 0] * scale
            values = shown[field.cells] if len(shown) == len(x) else np.repeat(shown[:, None], 2, axis=1)
            order = np.argsort(ends.mean(axis=1))
            colour = theme.INK if len(chosen) == 1 else colormaps["viridis"](0.9 * k / (len(chosen) - 1))
            # cell by cell: at a contact there are two temperatures at one place
            axes.plot(ends[order].ravel(), values[order].ravel(), color=colour, lw=1.6, label=theme.time_text(frame.time))
        material = fields[0].material
        middles = fields[0].points[fields[0].cells, 0].mean(axis=1) * scale
        for number, name in enumerate(run.layers()[:MOST_NAMED]):
            part = middles[material == number]
            if len(part):
                axes.text(
                    0.5 * (part.min() + part.max()),
                    1.01,
                    name,
                    transform=axes.get_xaxis_transform(),
                    fontsize=theme.SMALL,
                    ha="center",
                    color=theme.FAINT,
                )
        for point, _ in borders(fields[0]):
            axes.axvline(float(x[point] * scale), color=theme.FAINT, lw=0.6, ls=(0, (4, 4)))
        if look.level_of_limit is not None:
            axes.axhline(look.level_of_limit, color=theme.FAINT, lw=1.0, ls="--", label=f"limit, {look.level_of_limit:.1f} {look.sign}")
        theme.dress(axes, f"x [{unit}]", look.label)
        axes.set_title(title, fontsize=theme.TEXT + 1, fontweight="bold", color=theme.INK, loc="left", pad=16)
        axes.xaxis.set_major_locator(MaxNLocator(8))
        axes.grid(True, which="major", lw=0.4, color="#dddddd")
        if len(chosen) > 1:
            axes.legend(fontsize=theme.SMALL, frameon=False, title="after", title_fontsize=theme.SMALL)
    return figure


def triangles(field: Cells) -> Any:
    """The triangles of a plane field, two for every quadrilateral."""
    if field.kind == "triangle":
        return field.cells
    return np.concatenate([field.cells[:, [0, 1, 2]], field.cells[:, [0, 2, 3]]])


def borders(field: Cells) -> list[tuple[int, int]]:
    """Pairs of points on the borders between regions and on the outside; on a line the points between regions, twice."""
    if field.kind == "line":
        ends = np.concatenate([field.cells[:, 0], field.cells[:, 1]])
        owner = np.tile(field.material, 2)
        place = np.round(field.points[ends, 0] / max(float(np.ptp(field.points[:, 0])), 1e-300), 9)
        return [(int(ends[place == p][0]),) * 2 for p in np.unique(place) if len(set(owner[place == p].tolist())) > 1]
    n = field.cells.shape[1]
    sides = np.concatenate([field.cells[:, [k, (k + 1) % n]] for k in range(n)])
    owner = np.tile(field.material, n)
    edges, number, count = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True, return_counts=True)
    low, high = np.full(len(edges), owner.max() + 1), np.full(len(edges), -1)
    np.minimum.at(low, number.ravel(), owner)
    np.maximum.at(high, number.ravel(), owner)
    keep = (count == 1) | (low != high)
    return [(int(a), int(b)) for a, b in edges[keep]]


def _names(brick: Brick, field: Cells, points: Floats) -> list[tuple[str, Any, int]]:
    """The name of each region, the middle of one of its cells nearest to its middle, and that cell, if there are not too many."""
    if not 1 < len(brick.layers) <= MOST_NAMED:
        return []
    middles = points[field.cells].mean(axis=1)
    found = []
    for number, name in enumerate(brick.layers):
        part = np.flatnonzero(field.material == number)
        if len(part):
            near = part[np.argmin(np.sum((middles[part] - middles[part].mean(axis=0)) ** 2, axis=1))]
            found.append((name, middles[near], int(near)))
    return found
