"""The page of a study of points: what it concludes, its charts, its table of points."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from thermo.results.points_words import conclusion_lines, tables
from viz import theme
from viz.report import bars, chart, maps, words
from viz.report.bars import Bar, Bars
from viz.report.chart import Chart, Curve, covering
from viz.report.courses import COLOURS, colour
from viz.report.maps import Map
from viz.report.words import Row, Summary

Floats = chart.Floats
Drawn = Chart | Bars | Map
MOST_CURVES = 9
MOST_ROWS = 200  # of the table on the page
SHARE_OF_YES = "share of yes"
ANSWERS = "no = 0, yes = 1"
YES, NO = "#d55e00", "#0072b2"
QUANTILES = ((0.05, "p5", "5 %"), (0.5, "p50", "median"), (0.95, "p95", "95 %"))
AROUND = 4.0  # widths of a bracket that are shown on each side of it


class Points:
    """The table of a study: a column of numbers for each input and output, NaN where there is none."""

    def __init__(self, folder: Path, summary: Summary) -> None:
        try:
            with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
                self.rows = list(csv.DictReader(file))
        except OSError as error:
            raise ValueError(f"{folder / 'table.csv'}: cannot be read: {error.strerror}") from None
        about = summary["points"]
        heads = list(self.rows[0]) if self.rows else []
        self.inputs = {name: next((h for h in heads if h == name or h.startswith(f"{name} [")), name) for name in about["inputs"]}
        self.outputs: dict[str, str] = about["outputs"]

    def numbers(self, head: str) -> Floats:
        """A column; temperatures in degC."""
        shift = ZERO_CELSIUS if head.endswith("_K") and not head.endswith("_rise_K") else 0.0
        return np.array([_number(row.get(head)) - shift for row in self.rows])

    def answers(self) -> list[str]:
        """The column of answers."""
        return [row.get("yes") or "" for row in self.rows]


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def content(folder: Path, summary: Summary) -> dict[str, Any]:
    """What the page of a study of points has. Raises ValueError where its table cannot be read."""
    points = Points(folder, summary)
    return {
        "verdict": [words.in_words(line) for line in conclusion_lines(summary)],
        "warnings": summary["warnings"],
        "expect": words.expectation_rows(summary["expect"]),
        "studied": [(head, [Row(tuple(map(words.in_words, row))) for row in rows]) for head, rows in tables(summary)],
        "charts": [_figure(one, i) for i, one in enumerate(drawn(summary, points), 1)],
        "spreads": [
            Row(
                (entry["key"], entry["form"], words.in_words(" to ".join(entry["ends"])), entry["status"], entry["source"] or "none stated")
            )
            for entry in summary["inputs_assumed"]
        ],
        "points_head": list(points.rows[0]) if points.rows else [],
        "points": [Row(tuple(row.values())) for row in points.rows[:MOST_ROWS]],
        "n_points": len(points.rows),
        "provenance": _provenance(summary),
    }


def drawn(summary: Summary, points: Points) -> list[Drawn]:
    """What a study of points has to be drawn, for a page and for print."""
    kinds: dict[str, Callable[[Summary, Points], list[Drawn]]]
    kinds = {"threshold": _threshold, "sweep": _sweep, "uncertainty": _uncertainty, "sensitivity": _sensitivity}
    return kinds[summary["kind"]](summary, points)


def _figure(one: Drawn, number: int) -> Any:
    """As an HTML figure."""
    return chart.figure(one, number) if isinstance(one, Chart) else bars.figure(one) if isinstance(one, Bars) else maps.figure(one)


def _provenance(summary: Summary) -> list[Row]:
    made, cost = summary["provenance"], summary["cost"]
    seed = summary["points"]["seed"]
    rows = [("versions", ", ".join(f"{name} {number}" for name, number in made["versions"].items()))]
    clock, processors = theme.time_text(cost["wall_s"]), theme.time_text(cost["cpu_s"])
    rows.append(("cost", f"{clock} on the clock, {processors} of processors, {summary['points']['n']} runs"))
    return [Row(row) for row in [*rows, *([("seed", str(seed))] if seed is not None else [])]]


def _label(head: str) -> str:
    """A column in words with its unit as a page has it."""
    name, _, suffix = head.rpartition("_")
    unit = {"K": "°C", "s": "s", "J": "J", "W": "W"}.get(suffix)
    return f"{name} [{unit}]" if name and unit else head


def _answers(points: Points, shades: Sequence[tuple[str, float, float]] = (), caption: str = "") -> list[Chart]:
    """Which values of the one input answer yes."""
    ((_, head),) = points.inputs.items()
    x, answers = points.numbers(head), points.answers()
    curves = []
    for word, height, shade in (("yes", 1.0, YES), ("no", 0.0, NO)):
        chosen = np.array([answer == word for answer in answers])
        if chosen.any():
            curves.append(Curve(word, shade, x[chosen], np.full(int(chosen.sum()), height), dash=" ", dots=True))
    title = "What was asked, and the answers"
    seen = covering([x], 0.04), (-0.3, 1.3)
    return [Chart(title, head, ANSWERS, curves, *seen, y_unit="", shades=shades, caption=caption)] if curves else []


def _threshold(summary: Summary, points: Points) -> list[Drawn]:
    """Which values answer yes, with the brackets in which the answer changes; and each bracket with the points around it."""
    changes = summary["threshold"]["changes"]
    brackets = [(min(change["from"], change["to"]), max(change["from"], change["to"])) for change in changes]
    made = _answers(points, [("the answer changes", *ends) for ends in brackets], "; ".join(change["text"] for change in changes))
    for change, (low, high) in zip(changes, brackets, strict=True) if made else ():
        seen = low - AROUND * (high - low), high + AROUND * (high - low)
        if seen[1] - seen[0] < 0.5 * (made[0].x_range[1] - made[0].x_range[0]):
            curves = [near for curve in made[0].curves if len((near := _within(curve, seen)).x)]
            made.append(made[0]._replace(title="Close to the change", curves=curves, x_range=seen, caption=change["text"]))
    return list(made)


def _within(curve: Curve, ends: tuple[float, float]) -> Curve:
    """The dots between two values."""
    seen = (curve.x >= ends[0]) & (curve.x <= ends[1])
    return curve._replace(x=curve.x[seen], y=curve.y[seen])


def _sweep(summary: Summary, points: Points) -> list[Drawn]:
    """Each output over the input with most values, a curve for each combination of the others; a map where there are two inputs."""
    columns = {name: points.numbers(head) for name, head in points.inputs.items()}
    numeric = {name: values for name, values in columns.items() if np.isfinite(values).all() and len(np.unique(values)) > 1}
    if not numeric:
        return []
    along = max(numeric, key=lambda name: len(np.unique(numeric[name])))
    others = [name for name in points.inputs if name != along]
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(points.rows):
        groups.setdefault(tuple(row[points.inputs[name]] for name in others), []).append(i)
    units = [points.inputs[name].removeprefix(name).strip(" []") for name in others]
    made: list[Drawn] = []
    for head in points.outputs.values():
        y = points.numbers(head)
        curves = []
        for i, (values, rows) in enumerate(list(groups.items())[:MOST_CURVES]):
            known = [r for r in sorted(rows, key=lambda r: float(numeric[along][r])) if np.isfinite(y[r])]
            name = ", ".join(f"{value} {unit}".strip() for value, unit in zip(values, units, strict=True)) or head
            shade = colour(i, min(len(groups), MOST_CURVES))
            if known:
                curves.append(Curve(name, shade, numeric[along][known], y[known]))
        if curves:
            absent = int(np.isnan(y).sum())
            told = [f"Each curve is of one {' and '.join(others)}."] if others else []
            told += [f"The first {MOST_CURVES} of {len(groups)} are shown."] if len(groups) > MOST_CURVES else []
            caption = " ".join([*told, *([f"{absent} of {len(y)} points have no such result."] if absent else [])])
            seen = covering([numeric[along]], 0.02), covering([curve.y for curve in curves])
            title = f"{head.rpartition('_')[0] or head} over {along}"
            made.append(Chart(title, points.inputs[along], _label(head), curves, *seen, y_unit="", caption=caption))
        if len(points.inputs) == 2 and len(numeric) == 2:
            made.append(_map(points, head, y))
    if any(points.answers()):
        if len(points.inputs) == 1:
            made += _answers(points)
        elif len(points.inputs) == 2 and len(numeric) == 2:
            made.append(_map(points, "yes", np.array([{"yes": 1.0, "no": 0.0}.get(answer, np.nan) for answer in points.answers()])))
    return made


def _map(points: Points, head: str, values: Floats) -> Map:
    """A result over the two inputs."""
    (first, second) = points.inputs.values()
    title = f"{head.rpartition('_')[0] or head}: a map" if head != "yes" else "Where the answer is yes"
    label = _label(head) if head != "yes" else ANSWERS
    return Map(title, first, second, label, points.numbers(first), points.numbers(second), values)


def _uncertainty(summary: Summary, points: Points) -> list[Drawn]:
    """The share of points below each value, of every output; and over the inputs where the answer is yes."""
    made: list[Drawn] = []
    for name, head in points.outputs.items():
        y = points.numbers(head)
        known = np.sort(y[np.isfinite(y)])
        if len(known) < 2:
            continue
        share = (np.arange(len(known)) + 0.5) / len(known)
        line = Curve(head, COLOURS[0], *chart.thinned(known, share))
        absent = len(y) - len(known)
        caption = f"Of those that have it; {absent} of {len(y)} points have none." if absent else ""
        levels = [(share, _quantile(summary["uncertainty"]["results"][name], *words)) for share, *words in QUANTILES]
        made.append(Chart(f"Share of points below each {head.rpartition('_')[0] or head}", _label(head), "share of points", [line],
                          covering([known], 0.04), (0.0, 1.0), y_unit="", levels=levels, caption=caption))  # fmt: skip
    if summary["uncertainty"].get("answer"):
        made += [one for name, head in points.inputs.items() if (one := _yes_over(points, name, head)) is not None]
    return made


def _quantile(entry: Summary, word: str, name: str) -> str:
    """A quantile of an output in words."""
    value, unit = _ended(entry, word)
    return name if value is None else f"{name}: {value:.4g} {unit}".rstrip()


def _yes_over(points: Points, name: str, head: str) -> Chart | None:
    """The share of yes in tenths of an input's values: which way it moves the answer."""
    x, answers = points.numbers(head), np.array(points.answers())
    known = np.isfinite(x) & (answers != "")
    if known.sum() < 20 or len(set(answers[known].tolist())) < 2:
        return None
    order = np.argsort(x[known], kind="stable")
    parts = np.array_split(order, min(10, int(known.sum()) // 10))
    middles = np.array([float(np.median(x[known][part])) for part in parts])
    share = np.array([float(np.mean(answers[known][part] == "yes")) for part in parts])
    line = Curve(SHARE_OF_YES, YES, middles, share)
    return Chart(f"Share of yes over {name}", head, SHARE_OF_YES, [line], covering([middles], 0.04), (-0.02, 1.02), y_unit="",
                 caption="Each point of the line is a tenth of the points.")  # fmt: skip


def _sensitivity(summary: Summary, points: Points) -> list[Drawn]:
    """Bars of each output: a tornado, sizes of effects, or Sobol indices with their intervals."""
    made: list[Drawn] = []
    draw: Callable[[str, Summary], Sequence[Bars]] = {"local": _tornado, "morris": _effects, "sobol": _indices}[
        summary["sensitivity"]["method"]
    ]
    for name, entry in summary["sensitivity"]["results"].items():
        if entry["inputs"]:
            made += draw(name, entry)
    return made


def _ended(entry: Summary, word: str) -> tuple[float | None, str]:
    """An entry by the beginning of its key, in degC where it is a temperature, and its unit."""
    key = next(key for key in entry if key == word or key.startswith(f"{word}_"))
    value = entry[key]
    shift = ZERO_CELSIUS if key.endswith("_K") else 0.0
    return (None if value is None else value - shift), {"K": "°C"}.get(key.rpartition("_")[2], key.rpartition("_")[2] if "_" in key else "")


def _tornado(name: str, entry: Summary) -> list[Bars]:
    base, unit = _ended(entry, "base")
    rows = []
    for key, one in entry["inputs"].items():
        (low, _), (high, _) = _ended(one, "low"), _ended(one, "high")
        if low is not None and high is not None:
            rows.append(Bar(key, low, high, f"{low:.4g} to {high:.4g}", COLOURS[0]))
    caption = "Each input by itself from its 5 % to its 95 % quantile, the others at their medians; the line is all at their medians."
    return [Bars(f"What moves {name}", rows, f"{name} [{unit}]" if unit else name, caption, base)] if rows else []


def _effects(name: str, entry: Summary) -> list[Bars]:
    ordered = sorted(entry["inputs"].items(), key=lambda pair: -pair[1]["mean_size"])
    rows = [Bar(key, 0.0, one["mean_size"], f"{one['mean_size']:.4g}", COLOURS[0]) for key, one in ordered]
    return [Bars(f"What moves {name}", rows, "mean size of the elementary effects over the whole range of the input")]


def _indices(name: str, entry: Summary) -> list[Bars]:
    ordered = sorted(entry["inputs"].items(), key=lambda pair: -pair[1]["total"])
    found = []
    for word, title, shade in (("first", "by itself (first order)", COLOURS[0]), ("total", "with all others (total)", COLOURS[1])):
        rows = [
            Bar(key, 0.0, one[word], f"{one[word]:.3f} ({one[f'{word}_low']:.2f} to {one[f'{word}_high']:.2f})", shade,
                (one[f"{word}_low"], one[f"{word}_high"]))
            for key, one in ordered
        ]  # fmt: skip
        found.append(Bars(f"Share of the variance of {name} that an input makes {title}", rows, "Sobol index, with its 95 % interval"))
    return found
