"""Fields without any OpenGL: each body from above and in a vertical cut, all on one range of colours."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from viz import theme
from viz.bricks import Brick, colour_range
from viz.charted import spread
from viz.look import Look, colours_of, read_shown
from viz.plane import Panel, panelled
from viz.read import Field, Floats, read_cells, read_field
from viz.sections import crossing, hottest_place, section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_IN_A_ROW = 3
MOST_NAMED, NAME = 12, 0.09  # layers whose names are written; of the height of a cut, from one to the next
PIXELS = 600  # along each side of a surface


def fields(bricks: Sequence[Brick]) -> Figure:
    """The top face and the cut through the middle of the patch of each body, side by side, with one colour bar.

    Where a body is no tensor grid, two cuts of each through its hottest place. Raises ValueError where a frame cannot be read.
    """
    try:
        data = [read_field(brick.file) for brick in bricks]
    except ValueError:
        return cuts(bricks)
    low, high, ticks = colour_range(bricks, data)
    n_columns = min(len(bricks), MOST_IN_A_ROW)
    n_rows = -(-len(bricks) // n_columns)
    figure = theme.figure(theme.WIDTH if n_columns > 1 else 0.66 * theme.WIDTH, 7.0 * n_rows if n_columns < 3 else 5.4 * n_rows)
    stretches = [theme.stretch(float(np.ptp(field.axes[0])), float(np.ptp(field.axes[2]))) for field in data]
    deep = max(s * float(np.ptp(field.axes[2])) for s, field in zip(stretches, data, strict=True))
    heights = [float(np.ptp(data[0].axes[1])), max(deep, 0.3 * float(np.ptp(data[0].axes[1])))]
    grid = figure.add_gridspec(2 * n_rows, n_columns, height_ratios=heights * n_rows)
    drawn: list[Any] = []
    room = 72.0 * 0.85 * figure.get_figwidth() / n_columns  # points across a column
    for i, (brick, field) in enumerate(zip(bricks, data, strict=True)):
        row, column = 2 * (i // n_columns), i % n_columns
        above, cut = figure.add_subplot(grid[row, column]), figure.add_subplot(grid[row + 1, column])
        unit, scale = theme.length_unit(max(float(np.ptp(axis)) for axis in field.axes))
        x, y, z = (axis * scale for axis in field.axes)
        middle = _middle(brick, field)
        above.set_title(brick.title, fontsize=theme.fitting(brick.title, theme.TEXT + 2, room), fontweight="bold", color=theme.INK, pad=25)
        where = f"cut at y = {y[middle]:.4g} {unit}"
        larger = stretches[i]
        up = f"z [{unit}]" if larger == 1.0 else f"z [{unit}]\ndrawn \N{MULTIPLICATION SIGN}{larger:g}"
        for axes, name, across, v, values, aspect in (
            (above, "top face", f"y [{unit}]", y, field.temperature[:, :, -1], 1.0),
            (cut, where, up, z, field.temperature[:, middle, :], larger),
        ):
            drawn.append(_surface(axes, x, v, values, low, high, aspect))
            name = f"{name}: {theme.span(values)}"
            theme.dress(axes, f"x [{unit}]", across)
            axes.text(0.0, 1.03, name, transform=axes.transAxes, fontsize=theme.SMALL, color=theme.FAINT, ha="left", va="bottom")
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            for spine in axes.spines.values():
                spine.set_visible(True)
        _patches(above, cut, brick, y[middle], z, scale)
        _layers(cut, brick, field, x, z)
        if brick.remark:
            # below the axis of the cut, where it covers nothing
            cut.annotate(
                brick.remark if n_columns < MOST_IN_A_ROW else brick.remark.replace(", ", ",\n"),
                (0.5, 0.0),
                (0, -34),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=theme.SMALL,
                color=theme.INK,
            )
    _bar(figure, drawn[0], ticks)
    return figure


def _bar(figure: Figure, drawn: Any, ticks: list[float]) -> None:
    """The scale of colours at the right."""
    bar: Any = figure.colorbar(drawn, ax=figure.axes, ticks=ticks, fraction=0.035, pad=0.02, aspect=34)
    bar.set_label("temperature [°C]", fontsize=theme.TEXT, color=theme.INK)
    bar.ax.tick_params(labelsize=theme.SMALL, width=0.6)
    bar.outline.set_linewidth(0.6)


def cuts(bricks: Sequence[Brick]) -> Figure:
    """Each body cut across y and across x through its hottest place. Raises ValueError where a frame cannot be read."""
    whole = [read_cells(brick.file) for brick in bricks]
    panels = []
    for brick, field in zip(bricks, whole, strict=True):
        unit, scale = theme.length_unit(float(np.ptp(field.points, axis=0).max()))
        for axis in (1, 0):
            level = float(hottest_place(field)[axis])
            title = f"{brick.title}, cut at {'xyz'[axis]} = {level * scale:.4g} {unit}"
            panels.append(Panel(brick, section(field, axis, level), title, ("x" if axis == 1 else "y", "z")))
    return panelled(panels, colour_range(bricks, whole))


def sections(bricks: Sequence[Brick], look: Look) -> Figure:
    """Each body cut across the asked axis, or across y and x through its hottest place, with what is asked for.

    Raises ValueError where a frame cannot be read, lacks the field, or the plane misses the body.
    """
    panels, values = [], []
    for brick in bricks:
        field, shown = read_shown(brick.file, look)
        unit, scale = theme.length_unit(float(np.ptp(field.points, axis=0).max()))
        axes = ["xyz".index(look.cut)] if look.cut in ("x", "y", "z") else [1, 0]
        ends = field.points.min(axis=0), field.points.max(axis=0)
        middle = hottest_place(field) if len(axes) == 2 else 0.5 * (ends[0] + ends[1])
        for axis in axes:
            level = float(middle[axis]) if look.level is None else look.level
            met = crossing(field, axis, level)
            if not len(met.triangles):
                raise ValueError(f"{brick.file}: the plane at {level * scale:.4g} {unit} does not meet the body")
            title = f"{brick.title}, cut at {'xyz'[axis]} = {level * scale:.4g} {unit}"
            letters = [letter for letter in "xyz" if letter != "xyz"[axis]]
            there = met.between(shown) if len(shown) == len(field.points) else shown[met.cell]
            panels.append(Panel(brick, section(field, axis, level), title, (letters[0], letters[1]), there))
        values.append(shown)
    return panelled(panels, colours_of(values, look), look)


def _middle(brick: Brick, field: Field) -> int:
    """The row of nodes nearest to the middle of the patch, or of the body."""
    y = field.axes[1]
    aim = 0.5 * (brick.patches[0].low[1] + brick.patches[0].high[1]) if brick.patches else 0.5 * float(y[0] + y[-1])
    return int(np.argmin(np.abs(y - aim)))


def _surface(axes: Any, x: Floats, y: Floats, temperature: Floats, low: float, high: float, aspect: float) -> Any:
    """The temperature over a rectangle, linear between nodes: long thin cells of a graded mesh would leave streaks."""
    u, v = (np.linspace(axis[0], axis[-1], PIXELS) for axis in (x, y))
    rows = np.array([np.interp(v, y, row) for row in temperature])
    values = np.array([np.interp(u, x, column) for column in rows.T])
    extent = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    return axes.imshow(theme.celsius(values), origin="lower", extent=extent, cmap=theme.COLOUR_MAP, vmin=low, vmax=high, aspect=aspect)


def _patches(above: Any, cut: Any, brick: Brick, y_cut: float, z: Floats, scale: float) -> None:
    for patch in brick.patches:
        (x0, y0), (x1, y1) = (np.array(corner) * scale for corner in (patch.low, patch.high))
        if patch.face == "top":
            above.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, ec=theme.PATCH, lw=1.4, zorder=4, label=patch.name))
        if y0 <= y_cut <= y1:
            level = float(z[-1] if patch.face == "top" else z[0])
            cut.plot([x0, x1], [level, level], color=theme.PATCH, lw=3.0, solid_capstyle="butt", clip_on=False, zorder=4, label=patch.name)


def _layers(cut: Any, brick: Brick, field: Field, x: Floats, z: Floats) -> None:
    """Thin lines between the layers, their names at the right."""
    column = field.material[0, 0, :]
    changes = np.flatnonzero(np.diff(column)) + 1
    thin = min(0.7, max(0.2, 6.0 / (len(changes) + 1)))
    for level in z[changes]:
        cut.plot([x[0], x[-1]], [level, level], color="white", lw=thin, zorder=3)
        cut.plot([x[0], x[-1]], [level, level], color="black", lw=thin, ls=(0, (4, 4)), zorder=3)
    ends = np.concatenate([[0], changes, [len(z) - 1]])
    if len(ends) > MOST_NAMED:
        return
    middles = np.array([0.5 * (z[first] + z[last]) for first, last in itertools.pairwise(ends)])
    places = spread((middles - z[0]) / (z[-1] - z[0]), min(NAME, 1.0 / len(middles)), 1.0)
    for first, place in zip(ends[:-1], places, strict=True):
        number = int(column[first])
        if number < len(brick.layers):
            words = {"fontsize": theme.SMALL - 1, "va": "center", "color": theme.INK}
            cut.text(1.02, place, brick.layers[number], transform=cut.transAxes, **words)
