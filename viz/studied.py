"""Pictures of studies of points: the charts, bars and maps of their report as figures for print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thermo.results.points_words import conclusion_lines
from viz import theme
from viz.report.bars import Bars, short
from viz.report.chart import Chart
from viz.report.maps import Map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PANELS = 6  # charts below each other, or groups of bars
ROW, AROUND = 0.3, 1.1  # inches: a bar, and the axis with its words


def pictures_of(folder: Path, summary: dict[str, Any]) -> dict[str, Callable[[], Figure]]:
    """What can be drawn of a study of points, by name: its kind for curves and bars, `map` for results over two inputs, `answers` for the
    share of yes over each input of an uncertainty.

    Raises ValueError where the table of the study cannot be read.
    """
    from viz.batch import maps
    from viz.charted import figure
    from viz.report.point_studies import SHARE_OF_YES, Points, drawn

    made = drawn(summary, Points(folder, summary))
    charts = [_unnamed(one) for one in made if isinstance(one, Chart)]
    answers = [one for one in charts if one.y_label == SHARE_OF_YES]
    charts = [one for one in charts if one.y_label != SHARE_OF_YES]
    groups = [one for one in made if isinstance(one, Bars)][:MOST_PANELS]
    over = [one for one in made if isinstance(one, Map)][:MOST_PANELS]
    found: dict[str, Callable[[], Figure]] = {}
    said = [line for line in conclusion_lines(summary) if line.startswith("probability")]
    for name, drawn_so in ((summary["kind"], charts), ("answers", answers)):
        if drawn_so:
            found[name] = lambda drawn_so=drawn_so: _under(figure(drawn_so[:MOST_PANELS]), said)  # type: ignore[misc]
    if groups:
        found[summary["kind"]] = lambda: bars(groups)
    if over:
        found["map"] = lambda: maps(over)
    return found


def _unnamed(chart: Chart) -> Chart:
    """A chart of one curve without the curve's name, which its axis has already."""
    return chart if len(chart.curves) > 1 else chart._replace(curves=[curve._replace(name="") for curve in chart.curves])


def _under(made: Figure, lines: Sequence[str]) -> Figure:
    """A figure with lines of words under it."""
    made.supxlabel("\n".join(lines), fontsize=theme.TEXT, color=theme.INK)
    return made


def bars(groups: Sequence[Bars]) -> Figure:
    """Groups of bars below each other: each bar from one value to another with its interval, its words right of the axes."""
    heights = [ROW * len(group.bars) + AROUND for group in groups]
    made = theme.figure(theme.WIDTH, sum(heights))
    grid = made.subplots(len(groups), 1, squeeze=False, height_ratios=heights)
    for axes, group in zip(grid[:, 0], groups, strict=True):
        words = group.caption if group is groups[-1] or group.caption != groups[-1].caption else ""  # of all alike it stands once
        theme.dress(axes, "\n".join(filter(None, (group.label, words))), "", group.title)
        for i, bar in enumerate(group.bars):
            axes.barh(i, bar.end - bar.start, left=bar.start, height=0.65, color=bar.colour)
            if bar.interval is not None:
                low, high = bar.interval
                axes.errorbar(0.5 * (low + high), i, xerr=0.5 * (high - low), color=theme.INK, lw=1.0, capsize=3.0)
            axes.text(1.01, i, bar.text, transform=axes.get_yaxis_transform(), va="center", fontsize=theme.SMALL, color=theme.INK)
        axes.set_yticks(range(len(group.bars)), [short(bar.name) for bar in group.bars])
        axes.set_ylim(len(group.bars) - 0.4, -0.6)
        axes.set_xlim(*group.span)
        if group.base is not None:
            axes.axvline(group.base, color=theme.INK, lw=1.0)
        axes.grid(True, axis="x", lw=0.4, color="#dddddd")
        axes.set_axisbelow(True)
    return made
