"""The page of a batch: how results spread over all rows, and each over what was changed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from thermo.results.words import column_words, shown
from viz.batch import MOST_PARAMETERS, SHOWN
from viz.report.chart import Chart, Curve, covering, figure
from viz.report.words import Row, Summary, expectation_rows, in_words, kept

SPREAD = ("minimum", "p5", "median", "p95", "maximum")


def content(folder: Path, summary: Summary) -> dict[str, Any]:
    """What the page of a batch has. Raises ValueError where its table cannot be read."""
    batch = summary["batch"]
    rows, failed = batch["rows"], len(batch["failed"])
    words = f"{rows - failed} of {rows} rows were computed" + (f"; {failed} failed." if failed else ".")
    known = {name: entry for name, entry in batch["results"].items() if entry["n"]}
    spread = [
        Row((column_words(name), str(entry["n"]), *(in_words(shown(name, entry[word])) for word in SPREAD)))
        for name, entry in known.items()
    ]
    charts = [figure(chart, i) for i, chart in enumerate(_charts(folder, batch), 1)]
    changed = Row(("changed", ", ".join(batch["parameters"])))
    judged = summary.get("expect", ())  # batches made before have none
    return {
        "verdict": [words, *kept(judged)],
        "warnings": summary["warnings"],
        "expect": expectation_rows(judged),
        "spread": spread,
        "charts": charts,
        "provenance": [changed],
    }


def _charts(folder: Path, batch: Summary) -> list[Chart]:
    """Onsets, or the largest temperature, over each of the first parameters whose values are numbers; a row is a dot."""
    try:
        with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
    except OSError as error:
        raise ValueError(f"{folder / 'table.csv'}: cannot be read: {error.strerror}") from None
    results = [name for name in SHOWN[:3] if batch["results"][name]["n"]] or [SHOWN[3]]
    made = []
    for parameter in batch["parameters"][:MOST_PARAMETERS]:
        x = np.array([_number(row.get(parameter)) for row in table])
        for result in results:
            y = np.array([_number(row.get(result)) for row in table]) - ZERO_CELSIUS
            known = np.isfinite(x) & np.isfinite(y)
            if known.sum() < 2 or np.ptp(x[known]) == 0.0:
                continue
            missing = len(table) - int(known.sum())
            order = np.argsort(x[known], kind="stable")
            line = Curve(column_words(result), "#0072b2", x[known][order], y[known][order], dots=True)
            caption = f"{missing} of {len(table)} rows have no such number." if missing else ""
            title, ends = column_words(result), covering([line.y, line.y.mean() + np.array([-1.0, 1.0])])
            made.append(
                Chart(f"{title} over {parameter}", parameter, f"{title} [°C]", [line], covering([line.x], 0.04), ends, caption=caption)
            )
    return made


def _number(text: str | None) -> float:
    """A cell of the table as a number; NaN where it is none."""
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
