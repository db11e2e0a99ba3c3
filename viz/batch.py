"""A batch of parameter sets: each result over each parameter that was changed, as dots, bars or a map."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import theme
from viz.read import Floats
from viz.report.maps import Map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("T1_K", "T2_K", "T3_K", "maximum_K")
TIME = "T2_time_s"  # when it runs away
SAME = 1e-3  # of a result: where all rows agree so well there is nothing to draw
MOST_PARAMETERS = 4
FEW_ROWS = 100  # whose dots may be larger
FEWEST = 3  # values of each of two parameters that make a map
MOST_WRITTEN = 100  # cells of a map with their number
MOST_TICKS = 12  # along a map
HALF = 0.6  # of the range of colours, from where on words are dark


class Result(NamedTuple):
    """A column of results in a fitting unit (n_rows,), NaN where a row has none, and its label."""

    label: str
    values: Floats


def scatter(table: Path, summary: dict[str, Any]) -> Figure:
    """Onsets with the time to runaway, or the largest temperature where there are no onsets, over the first four parameters.

    Two numeric parameters of which every combination was run make a map for each result, one parameter of words makes bars. Otherwise a
    row of the table is a dot. A result that is the same in all rows is told in words
    where others are not.
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    results, same = _results(rows, summary["batch"]["results"])
    parameters = summary["batch"]["parameters"][:MOST_PARAMETERS]
    columns = [_numbers([row[parameter] for row in rows]) for parameter in parameters]
    if len(parameters) == 2 and _full(columns):
        figure = _maps(results, parameters, columns)
    elif len(parameters) == 1 and not _numeric(columns[0]):
        figure = _bars(results, parameters[0], [str(value) for value in columns[0]])
    else:
        figure = _dots(results, parameters, columns)
    if same:
        figure.supxlabel("; ".join(_same_words(result) for result in same), fontsize=theme.SMALL, color=theme.FAINT)
    return figure


def _same_words(result: Result) -> str:
    """What to say of a result that is the same in all rows that have it."""
    known = result.values[np.isfinite(result.values)]
    value = f"{float(known.mean()):.4g}" if len(known) else "none"
    return f"{result.label}: {value} in {'all' if len(known) in (0, len(result.values)) else len(known)} rows"


def _dots(results: Sequence[Result], parameters: Sequence[str], columns: Sequence[Any]) -> Figure:
    """A dot for each row, a line of panels for each result."""
    figure = theme.figure(theme.WIDTH, 0.8 + 2.2 * len(results))
    size = 5.5 if len(columns[0]) < FEW_ROWS else 3.0
    grid = figure.subplots(len(results), len(parameters), squeeze=False, sharex="col", sharey="row")
    for i, result in enumerate(results):
        known = result.values[np.isfinite(result.values)]
        for j, (parameter, column) in enumerate(zip(parameters, columns, strict=True)):
            axes = grid[i, j]
            theme.dress(axes, parameter if i == len(results) - 1 else "", result.label if j == 0 else "")
            axes.plot(column, result.values, "o", ms=size, mew=0.0, alpha=0.6, color=theme.colour(0))
        if len(known) < len(result.values):
            words = f"{len(result.values) - len(known)} of {len(result.values)} rows have none"
            grid[i, 0].set_title(words, fontsize=theme.SMALL, color=theme.FAINT, loc="left")
        if len(known) and float(np.ptp(known)) < 1e-3 * max(abs(float(known.mean())), 1.0):
            margin = max(0.01 * abs(float(known.mean())), 0.1)
            grid[i, 0].set_ylim(known.mean() - margin, known.mean() + margin)
    return figure


def _results(rows: Sequence[dict[str, str]], known: dict[str, Any]) -> tuple[list[Result], list[Result]]:
    """The results worth drawing, and those that are the same in all rows."""
    names = [name for name in SHOWN[:3] if known[name]["n"]] or [SHOWN[3]]
    found = []
    for name in names:
        values = np.array([float(row[name]) - ZERO_CELSIUS if row[name] else np.nan for row in rows])
        found.append(Result(f"{name.removesuffix('_K').replace('maximum', 'largest temperature')} [°C]", values))
    if known.get(TIME, {}).get("n"):
        values = np.array([float(row[TIME]) if row[TIME] else np.nan for row in rows])
        unit, size = theme.time_unit(float(np.nanmax(values)))
        found.append(Result(f"time to T2 [{unit}]", values / size))
    differing = [result for result in found if _differs(result)]
    return (differing, [result for result in found if not _differs(result)]) if differing else (found, [])


def _differs(result: Result) -> bool:
    known = result.values[np.isfinite(result.values)]
    return bool(len(known)) and float(np.ptp(known)) > SAME * abs(float(known.max()))


def _numbers(texts: list[str]) -> list[float] | list[str]:
    """A column as numbers, or as it is where its values have several units."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return texts


def _numeric(column: Sequence[float] | Sequence[str]) -> bool:
    return all(isinstance(value, float) for value in column)


def _full(columns: Sequence[Any]) -> bool:
    """Whether two parameters are numbers of which every combination has one row."""
    if not all(_numeric(column) for column in columns):
        return False
    x, y = columns
    n, m = len(set(x)), len(set(y))
    return min(n, m) >= FEWEST and len(set(zip(x, y, strict=True))) == len(x) == n * m


def _maps(results: Sequence[Result], parameters: Sequence[str], columns: Sequence[Any]) -> Figure:
    """A map of each result over two parameters."""
    x, y = (np.asarray(values, float) for values in columns)
    return maps([Map("", parameters[0], parameters[1], result.label, x, y, result.values) for result in results])


def maps(drawn: Sequence[Map]) -> Figure:
    """Maps side by side in two columns; cells without a result are grey. Few cells have their number, many a scale of colours."""
    from matplotlib import colormaps

    made = theme.figure(theme.WIDTH, 4.2 * -(-len(drawn) // 2))
    colours = colormaps[theme.COLOUR_MAP].with_extremes(bad="#d9d9d9")
    for i, one in enumerate(drawn):
        axes = made.add_subplot(-(-len(drawn) // 2), min(len(drawn), 2), i + 1)
        x, y, cells = one.cells()
        image = axes.imshow(np.ma.masked_invalid(cells), origin="lower", aspect="auto", cmap=colours)
        low, high = image.get_clim()
        for (j, k), value in np.ndenumerate(cells if cells.size <= MOST_WRITTEN else np.empty((0, 0))):
            ink = "black" if not np.isfinite(value) or value > low + HALF * (high - low) else "white"
            axes.text(k, j, f"{value:.4g}" if np.isfinite(value) else "none", ha="center", va="center", fontsize=theme.SMALL - 1, color=ink)
        if cells.size > MOST_WRITTEN:
            made.colorbar(image, ax=axes)
        for axis, values in ((axes.xaxis, x), (axes.yaxis, y)):
            few = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_TICKS)).astype(int))
            axis.set_ticks(few, [f"{values[n]:.4g}" for n in few])
        theme.dress(axes, one.x_label, one.y_label, one.label)
    return made


def _bars(results: Sequence[Result], parameter: str, words: Sequence[str]) -> Figure:
    """A bar for each row below the other, a panel for each result."""
    figure = theme.figure(theme.WIDTH, 1.2 + 0.3 * len(words))
    for i, (result, axes) in enumerate(zip(results, figure.subplots(1, len(results), squeeze=False, sharey=True)[0], strict=True)):
        drawn = axes.barh(range(len(words)), np.nan_to_num(result.values), color=theme.colour(0), height=0.7)
        said = [f"{value:.4g}" if np.isfinite(value) else "none" for value in result.values]
        axes.bar_label(drawn, said, fontsize=theme.SMALL, padding=3)
        theme.dress(axes, result.label, parameter if i == 0 else "")
        axes.margins(x=0.2)
        if i == 0:
            axes.set_yticks(range(len(words)), words)
            axes.invert_yaxis()
    return figure
