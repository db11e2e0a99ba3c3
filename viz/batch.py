"""A batch of parameter sets: each result over each parameter that was changed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("T1_K", "T2_K", "T3_K", "maximum_K")
MOST_PARAMETERS = 4


def scatter(table: Path, summary: dict[str, Any]) -> Figure:
    """Onsets, or the largest temperature where there are none, over the first four parameters; a row of the table is a dot."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    results = [name for name in SHOWN[:3] if summary["batch"]["results"][name]["n"]] or [SHOWN[3]]
    parameters = summary["batch"]["parameters"][:MOST_PARAMETERS]
    figure = theme.figure(theme.WIDTH, 0.8 + 2.2 * len(results))
    grid = figure.subplots(len(results), len(parameters), squeeze=False, sharex="col", sharey="row")
    for i, result in enumerate(results):
        y = np.array([float(row[result]) - ZERO_CELSIUS if row[result] else np.nan for row in rows])
        name = result.removesuffix("_K").replace("maximum", "largest temperature")
        for j, parameter in enumerate(parameters):
            axes = grid[i, j]
            theme.dress(axes, parameter if i == len(results) - 1 else "", f"{name} [°C]" if j == 0 else "")
            axes.plot(_numbers([row[parameter] for row in rows]), y, "o", ms=3.0, mew=0.0, alpha=0.6, color=theme.colour(0))
        missing = int(np.isnan(y).sum())
        if missing:
            grid[i, 0].set_title(f"{missing} of {len(y)} rows have no {name}", fontsize=theme.SMALL, color=theme.FAINT, loc="left")
        if np.ptp(y[~np.isnan(y)]) < 1.0:
            grid[i, 0].set_ylim(np.nanmean(y) - 1.0, np.nanmean(y) + 1.0)
    return figure


def _numbers(texts: list[str]) -> list[float] | list[str]:
    """A column as numbers, or as it is where its values have several units."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return texts
