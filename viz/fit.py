"""A picture of a calibration: every record beside its fit, residuals below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(folder: Path) -> Figure:
    """Rates of calorimeters [K/min] and heat flows of scans [W] over temperature, the fit as a line; residuals in standard deviations.

    Raises ValueError where the table of rows cannot be read.
    """
    from viz.report.fits import fitted_rows

    kinds = [(kind, records) for kind, records in fitted_rows(folder).items() if records]
    figure = theme.figure(theme.WIDTH, 5.4)
    grid = figure.subplots(2, len(kinds), squeeze=False, sharex="col", height_ratios=[2.5, 1.0])
    for column, (kind, records) in enumerate(kinds):
        above, below = grid[0, column], grid[1, column]
        theme.dress(above, "", "self-heating rate [K/min]" if kind == "arc" else "heat flow of the cell [W]")
        theme.dress(below, "temperature [°C]", "residual / sd")
        factor = 60.0 if kind == "arc" else 1.0
        for i, (name, columns) in enumerate(records.items()):
            colour, x = theme.colour(i, len(records)), columns["temperature_K"] - ZERO_CELSIUS
            above.plot(x, columns["observed"] * factor, "o", ms=2.5, mew=0.0, alpha=0.6, color=colour, label=name)
            for section in np.unique(columns["section"]):
                part = columns["section"] == section
                above.plot(x[part], columns["fitted"][part] * factor, color=colour, lw=1.0)
            below.plot(x, columns["residual"], "o", ms=2.0, mew=0.0, alpha=0.7, color=colour)
        if kind == "arc":
            above.set_yscale("log")
        below.axhline(0.0, color=theme.FAINT, lw=0.8)
        largest = max(3.0, *(float(np.abs(columns["residual"]).max()) for columns in records.values()))
        below.set_ylim(-1.1 * largest, 1.1 * largest)
        above.legend(fontsize=theme.SMALL, frameon=False)
    return figure
