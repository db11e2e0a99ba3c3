"""The charts of the report as figures for print: every curve with its name and its maximum at its end."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from viz import theme
from viz.labels import Label, place
from viz.read import Floats, Run
from viz.report.chart import Chart, Curve, Mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALL, LOWER = 4.6, 3.4  # inches: the first panel, those below it
SAME = 0.002  # of the height of a chart: curves that are nowhere further apart are one
LINE = 11.0  # points from one name to the next
LETTERS = 30  # of a line of a name
MOST_NAMED = 20  # names beside a chart
MOST_TOGETHER = 4  # names of curves that cannot be told apart
MANY, LOW = 4, 2.6  # charts below each other, and the inches of each where there are more
DASHES: dict[str, Any] = {"": "-", " ": "none", "5 4": (0, (5, 4)), "2 3": (0, (2, 3))}


def figure(charts: Sequence[Chart]) -> Figure:
    """Charts below each other. Raises ValueError where there is none."""
    if not charts:
        raise ValueError("there is nothing to draw")
    heights = [TALL] + [LOWER] * (len(charts) - 1) if len(charts) <= MANY else [LOW] * len(charts)
    made = theme.figure(theme.WIDTH, sum(heights))
    rows = made.add_gridspec(len(charts), 1, height_ratios=heights)
    todo: list[tuple[Any, list[Label]]] = []
    for i, chart in enumerate(charts):
        axes = made.add_subplot(rows[i, 0])
        todo.append((axes, _drawn(axes, _merged(chart))))
    for axes, labels in todo:
        place(axes, labels)
    return made


def _drawn(axes: Any, chart: Chart) -> list[Label]:
    """A chart in a pair of axes; the marks that are still to be placed."""
    theme.dress(axes, chart.x_label, chart.y_label, chart.title)
    stacked = any(curve.below is not None for curve in chart.curves)
    axes.set_xlim(*chart.x_range)
    axes.set_ylim(*chart.y_range)
    for name, start, end in chart.shades:
        axes.axvspan(start, end, fc=theme.PHASES.get(name, theme.OTHER_PHASE), ec="none", zorder=0, label=f"_{name}")
    for curve in chart.curves:
        if curve.below is not None:
            axes.fill_between(curve.x, curve.below, curve.y, color=curve.colour, lw=0.4, alpha=0.85, label=curve.name)
        else:
            marker = "o" if curve.dots else ""
            axes.plot(curve.x, curve.y, ls=DASHES.get(curve.dash, "-"), marker=marker, ms=4.0, lw=1.6, color=curve.colour, label=curve.name)
    if any(curve.dots for curve in chart.curves):  # up goes a number of cells
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if not chart.x_ticks:
        axes.xaxis.get_major_formatter().set_useOffset(False)
    for level, words in chart.levels:
        axes.axhline(level, color=theme.FAINT, lw=0.9, ls="--", label=words)
        axes.text(0.01, level, words, transform=axes.get_yaxis_transform(), va="bottom", fontsize=theme.SMALL, color=theme.FAINT)
    if chart.x_ticks:
        axes.set_xticks([at for at, _ in chart.x_ticks if chart.x_range[0] <= at <= chart.x_range[1]])
        axes.set_xticklabels([words for at, words in chart.x_ticks if chart.x_range[0] <= at <= chart.x_range[1]])
    axes.grid(True, which="major", lw=0.4, color="#dddddd")
    axes.set_axisbelow(True)
    if stacked:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], names[::-1], fontsize=theme.SMALL, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        _names_at_ends(axes, chart)
    if chart.caption and not stacked:
        axes.set_xlabel(f"{chart.x_label}\n{chart.caption}", fontsize=theme.TEXT, color=theme.INK)
    return [Label(mark.x, mark.y, mark.text, mark.colour, "o") for mark in chart.marks]


def _names_at_ends(axes: Any, chart: Chart) -> None:
    """The name and the maximum of each curve right of the axes, beside its end, none over another."""
    if not 1 <= len(chart.curves) <= MOST_NAMED or (len(chart.curves) == 1 and (chart.curves[0].dots or not chart.curves[0].name)):
        return
    low, high = chart.y_range
    height = axes.figure.get_figheight() * 72.0 * axes.get_subplotspec().get_position(axes.figure).height * 0.8
    ends = np.array([np.clip(_last(curve, chart.x_range[1]), low, high) for curve in chart.curves])
    wanted = (ends - low) / (high - low) * height
    said = [textwrap.fill(_words(curve, chart), LETTERS, break_long_words=False, break_on_hyphens=False) for curve in chart.curves]
    apart = LINE * (0.15 + max(text.count("\n") + 1 for text in said))
    for curve, end, at, text in zip(chart.curves, ends, spread(wanted, apart, height), said, strict=True):
        note = axes.annotate(
            text,
            (1.0, (end - low) / (high - low)),
            (1.02, at / height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            fontsize=theme.SMALL,
            color=curve.colour,
            ha="left",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": curve.colour, "shrinkA": 1, "shrinkB": 1, "relpos": (0.0, 0.5)},
        )
        note.set_in_layout(True)


def _last(curve: Curve, end: float) -> float:
    """The last value that is seen."""
    seen = np.flatnonzero((curve.x <= end * (1.0 + 1e-9) if end > 0.0 else curve.x <= end + 1e-9) & np.isfinite(curve.y))
    return float(curve.y[seen[-1]]) if len(seen) else float(np.nan_to_num(curve.y[-1]))


def _words(curve: Curve, chart: Chart) -> str:
    first, *others = curve.name.split(", ")
    name = f"{first} and {len(others)} more" if len(others) >= MOST_TOGETHER else curve.name
    if curve.dots:
        return name
    top = float(np.nanmax(curve.y))
    said = f"{10.0**top:.3g}" if chart.log else f"{top:.1f}" if chart.y_unit == "°C" else f"{top:.4g}"
    return f"{name}, max {said} {chart.y_unit}".rstrip()


def spread(wanted: Floats, apart: float, highest: float = np.inf) -> Floats:
    """Places at least `apart` from each other, in the order of the wanted ones and as near to them as that allows, up to the `highest`.

    Places that are too near become a block around their middle, and blocks that meet become one.

    >>> spread(np.array([0.0, 50.0, 51.0]), 10.0).tolist()
    [0.0, 45.5, 55.5]
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []  # the middle of the first place, how many
    for value in wanted[order]:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] + blocks[-2][1] * apart > blocks[-1][0]:
            start, n = blocks.pop()
            first, m = blocks.pop()
            # the mean of what each place would have the block begin at
            blocks.append([(first * m + (start - m * apart) * n) / (m + n), m + n])
    places = np.concatenate([start + apart * np.arange(int(n)) for start, n in blocks]) if blocks else np.empty(0)
    made = np.empty(len(wanted))
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], highest - apart * (len(places) - 1 - i))
    made[order] = places
    return made


def _merged(chart: Chart) -> Chart:
    """Curves that cannot be told apart as one with both names."""
    near = SAME * (chart.y_range[1] - chart.y_range[0])
    kept: list[Curve] = []
    for curve in chart.curves:
        for i, other in enumerate(kept):
            same = curve.below is None and other.below is None and len(curve.x) > 1 and curve.dash == other.dash
            if same and float(np.nanmax(np.abs(np.interp(other.x, curve.x, curve.y) - other.y), initial=0.0)) <= near:
                kept[i] = other._replace(name=f"{other.name}, {curve.name}")
                break
        else:
            kept.append(curve)
    return chart._replace(curves=kept)


def pictures_of(run: Run) -> dict[str, Callable[[], Figure]]:
    """What can be drawn of a run beside its fields and its test: `curves`, `release`, `conversion`, `arrivals`, `energy`."""
    from viz.report import courses

    found: dict[str, Callable[[], Figure]] = {}
    if len(run.time) < 2:
        return found
    if not run.is_cell and run.probes:
        found["curves"] = lambda: figure(with_crossings(courses.probes([run]), run))
    energy = run.summary.get("energy") or {}
    for name, drawn in (
        ("release", courses.released(run) if energy else []),
        ("conversion", courses.conversions(run)),
        ("arrivals", courses.arrivals(run)),
    ):
        if drawn:
            found[name] = lambda drawn=drawn: figure(drawn)  # type: ignore[misc]
    if energy.get("released_J") and any(energy["released_J"].values()):
        found["energy"] = lambda: energies(energy)
    return found


def with_crossings(charts: Sequence[Chart], run: Run) -> list[Chart]:
    """The first of the charts of probes with the crossings of the run marked."""
    if not charts:
        return []
    first, *others = (_merged(charts[0]), *charts[1:])
    logarithmic = bool(first.x_ticks)
    size = 1.0 if logarithmic else theme.time_unit(float(run.time[-1]))[1]
    colours = {name: curve.colour for curve in first.curves for name in curve.name.split(", ")}
    marks = []
    for name, (probe, time) in run.crossings().items():
        height = float(np.interp(time, run.time, theme.celsius(run.columns[f"{probe}_K"])))
        at = float(np.log10(time)) if logarithmic else time / size
        marks.append(Mark(at, height, f"{name} {theme.time_text(time)}", colours.get(probe, theme.INK)))
    return [first._replace(marks=[*first.marks, *marks]), *others]


def energies(energy: dict[str, Any]) -> Figure:
    """Bars of the heat that came in, was released by each reaction, left, was ejected and is stored [kJ or J]."""
    bars = [("heat in", energy["heat_in_J"], theme.colour(0))]
    bars += [(f"released by {name}", value, theme.colour(1)) for name, value in energy["released_J"].items()]
    bars += [("heat out", -energy["heat_out_J"], theme.colour(0)), ("ejected", -energy.get("ejected_J", 0.0), theme.colour(3))]
    bars += [("stored at the end", energy["final_J"] - energy["initial_J"], theme.colour(2))]
    bars = [bar for bar in bars if bar[1]]
    largest = max(abs(value) for _, value, _ in bars)
    word, scale = ("kJ", 1e-3) if largest > 2000.0 else ("J", 1.0)
    made = theme.figure(theme.WIDTH, 1.2 + 0.32 * len(bars))
    axes = made.add_subplot()
    theme.dress(axes, f"energy [{word}], into the body to the right", "", "Energy balance")
    names = [name for name, _, _ in bars]
    drawn = axes.barh(names, [value * scale for _, value, _ in bars], color=[colour for _, _, colour in bars], height=0.7)
    axes.bar_label(drawn, fmt="%.4g", fontsize=theme.SMALL, padding=3)
    axes.axvline(0.0, color=theme.INK, lw=0.8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    return made
