"""The page of a calibration: records with their fit, residuals, the numbers with their intervals."""

from __future__ import annotations

import base64
import csv
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from thermo.base.constants import ZERO_CELSIUS
from thermo.results.calibration_words import parameter_table, record_table, sentences
from viz import theme
from viz.report.chart import Chart, Curve, covering, figure
from viz.report.words import Row, Summary, expectation_rows

MOST_RECORDS = 8  # in one chart
MINUTE = 60.0


def content(folder: Path, summary: Summary) -> dict[str, Any]:
    """What the page of a calibration has. Raises ValueError where its table of rows cannot be read."""
    head, rows = parameter_table(summary)
    head_of_records, records = record_table(summary)
    return {
        "verdict": sentences(summary),
        "warnings": summary["warnings"],
        "expect": expectation_rows(summary["expect"]),
        "studied": [(head, [Row(row) for row in rows]), (head_of_records, [Row(row) for row in records])],
        "charts": [*(figure(chart, i) for i, chart in enumerate(charts(folder), 1)), *_corner(folder)],
        "provenance": [Row((f"data, {name}", seal)) for name, seal in summary["data"].items()],
    }


def _corner(folder: Path) -> list[Markup]:
    """The joint draws as a picture within the page, where the folder has them."""
    from viz import corner

    if not (folder / "posterior.csv").is_file():
        return []
    data = base64.b64encode(theme.png(corner.picture(folder))).decode("ascii")
    said = "Fitted numbers over each other: joint draws, each with its median and 95 %, and the correlations of pairs"
    return [
        Markup('<figure><div class="scroll"><img class="large" src="data:image/png;base64,{}" alt="{}"></div></figure>').format(data, said)
    ]


Columns = dict[str, dict[str, Any]]


def fitted_rows(folder: Path) -> dict[str, Columns]:
    """The columns of each record by kind of instrument. Raises ValueError where the table cannot be read."""
    try:
        with (folder / "fit.csv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        return {kind: _by_record([row for row in table if row["kind"] == kind]) for kind in ("arc", "dsc")}
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{folder / 'fit.csv'}: cannot be read: {error}") from None


def charts(folder: Path) -> list[Chart]:
    """Rates of the calorimeters and heat flows of the scans beside their fit, and the whitened residuals of all."""
    rows = fitted_rows(folder)
    made = []
    if rows["arc"]:
        made.append(
            _beside(
                rows["arc"],
                "Self-heating rate and its fit",
                "log10 of the rate in K/min",
                lambda y: np.log10(np.maximum(y * MINUTE, 1e-12)),
            )
        )
    if rows["dsc"]:
        made.append(_beside(rows["dsc"], "Heat flow and its fit", "heat flow of the cell [W]", lambda y: y))
    return [*made, _residuals(rows["arc"] | rows["dsc"])]


def _by_record(rows: list[dict[str, str]]) -> Columns:
    """The columns of each record; `section` numbers the parts between which it has a gap."""
    made: Columns = {}
    for name in dict.fromkeys(row["record"] for row in rows):
        own = [row for row in rows if row["record"] == name]
        made[name] = {
            word: np.array([float(row[word]) for row in own]) for word in ("section", "temperature_K", "observed", "fitted", "residual")
        }
    return made


def _beside(records: Columns, title: str, label: str, scaled: Any) -> Chart:
    """Rows as dots and the fit as a line that ends at the gaps of its record, each record in its colour."""
    curves = []
    for i, (name, columns) in enumerate(list(records.items())[:MOST_RECORDS]):
        colour, x = theme.colour(i, min(len(records), MOST_RECORDS)), columns["temperature_K"] - ZERO_CELSIUS
        curves.append(Curve(name, colour, x, scaled(columns["observed"]), dots=True))
        starts = (np.flatnonzero(np.diff(columns["section"])) + 1).tolist()
        curves.append(Curve(f"{name}, fit", colour, x, scaled(columns["fitted"]), dash="4 3", starts=starts))
    more = f"The first {MOST_RECORDS} of {len(records)} records." if len(records) > MOST_RECORDS else ""
    return Chart(
        title,
        "temperature [°C]",
        label,
        curves,
        covering([c.x for c in curves], 0.02),
        covering([c.y for c in curves]),
        x_unit="°C",
        y_unit="",
        caption=more,
    )


def _residuals(records: Columns) -> Chart:
    """Residuals in standard deviations: where they lie on one side over many rows the form is wrong."""
    shown = list(records.items())[:MOST_RECORDS]
    curves = [
        Curve(name, theme.colour(i, len(shown)), columns["temperature_K"] - ZERO_CELSIUS, columns["residual"], dots=True)
        for i, (name, columns) in enumerate(shown)
    ]
    caption = "Noise alone stays within 2 in 95 of 100 rows, and on both sides; a run of rows on one side says that the form is wrong."
    ends = covering([*(c.y for c in curves), np.array([-3.0, 3.0])])
    return Chart(
        "Residuals",
        "temperature [°C]",
        "standard deviations",
        curves,
        covering([c.x for c in curves], 0.02),
        ends,
        x_unit="°C",
        y_unit="",
        caption=caption,
    )
