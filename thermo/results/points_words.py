"""The conclusion of a study of points as tables that a person reads."""

from __future__ import annotations

from typing import Any

from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import show
from thermo.results.words import column_words, shown

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]  # its head and its rows


def conclusion_lines(summary: dict[str, Any]) -> list[str]:
    """What came out, in sentences."""
    kind = summary["kind"]
    found = summary[kind]
    n, failed = summary["points"]["n"], len(summary["points"]["failed"])
    lines = [f"{n} point{'s' if n != 1 else ''}" + (f", {failed} failed" if failed else "")]
    if found.get("posterior"):
        lines.append(found["posterior"]["text"])
    if kind == "threshold":
        lines += [f"{found['input']}: the answer changes {change['text']}" for change in found["changes"]]
        lines.append(f"yes: {found['definition']}")
    answer = found.get("answer")
    if answer and answer["probability"] is not None:
        between = f"95 % interval {percent(answer['low'])} to {percent(answer['high'])}"
        lines.append(f"probability of yes {percent(answer['probability'])} ({answer['yes']} of {answer['answered']}; {between})")
        if answer["failed"]:
            either = f"{percent(answer['if_failed_are_no'])} to {percent(answer['if_failed_are_yes'])}"
            lines.append(f"{answer['failed']} points have no answer; counted either way the probability is {either}")
        lines.append(f"yes: {answer['definition']}")
    if "answers" in found:
        lines.append(f"{found['answers']} of {n} points answer yes")
    return lines


def tables(summary: dict[str, Any]) -> list[Table]:
    """Quantiles, indices or slopes of each output."""
    rows = summary.get("table")
    if summary["kind"] == "sweep" and rows:
        shown_rows = [
            tuple(shown(name, cell) if isinstance(cell, float) else "-" if cell is None else str(cell) for name, cell in row.items())
            for row in rows
        ]
        return [(tuple(name if name.endswith("]") else column_words(name) for name in rows[0]), shown_rows)]
    found = summary[summary["kind"]].get("results") or {}
    if not found:
        return []
    return [_quantiles(found)] if summary["kind"] == "uncertainty" else [_indices(name, entry) for name, entry in found.items()]


def _quantiles(found: dict[str, Any]) -> Table:
    rows = []
    for name, entry in found.items():
        words = [_shown(entry, key) for key in ("p5", "p25", "p50", "p75", "p95")]
        rows.append((name, str(entry["n"]), *words, percent(entry["share_without"] or 0.0)))
    return ("output", "points", "5 %", "25 %", "median", "75 %", "95 %", "without it"), rows


def _shown(entry: dict[str, Any], word: str) -> str:
    """An entry whose key begins with a word and ends with its unit."""
    key = next(key for key in entry if key == word or key.startswith(f"{word}_"))
    return shown(key, entry[key]) if dimension_of_key(key) != "number" or entry[key] is None else f"{entry[key]:.4g}"


def _indices(name: str, entry: dict[str, Any]) -> Table:
    """The inputs of one output, those that move it most first."""
    inputs = entry["inputs"]
    if inputs is None:
        return (name,), [(entry["problem"],)]
    rows: list[tuple[str, ...]] = []
    first: dict[str, Any] = next(iter(inputs.values()), {})
    if "total" in first:
        for key, one in sorted(inputs.items(), key=lambda pair: -pair[1]["total"]):
            each = (f"{one[w]:.3f} ({one[f'{w}_low']:.3f} to {one[f'{w}_high']:.3f})" for w in ("first", "total"))
            rows.append((key, *each))
        return (name, "first order (95 %)", "total (95 %)"), rows
    if "mean_size" in first:
        unit = _unit_of(entry["of"])
        for key, one in sorted(inputs.items(), key=lambda pair: -pair[1]["mean_size"]):
            rows.append((key, *(f"{one[w]:.4g}{unit}" if one[w] is not None else "-" for w in ("mean_size", "mean", "sd"))))
        return (name, "size of effects, mean", "effects, mean", "standard deviation"), rows
    for key, one in inputs.items():
        low, high = (_shown(one, word) for word in ("low", "high"))
        rows.append(
            (
                key,
                " to ".join(map(_rounded, one["at"])),
                low,
                high,
                "-" if one["change"] is None else _difference(entry["of"], one["change"]),
            )
        )
    return (name, "input from and to", "at its low end", "at its high end", "change"), rows


def _unit_of(what: str) -> str:
    dimension = (
        "temperature difference" if dimension_of_key(what) == "temperature" or what.startswith("onsets.") else dimension_of_key(what)
    )
    return {"temperature difference": " K", "time": " s"}.get(dimension, "")


def _difference(what: str, change: float) -> str:
    dimension = dimension_of_key(what)
    if dimension == "temperature" or (dimension == "number" and what.startswith("onsets.")):
        dimension = "temperature difference"
    return show(change, dimension) if dimension != "number" else f"{change:.4g}"


def _rounded(text: str) -> str:
    """A number with its unit, with as many digits as a table needs."""
    number, space, unit = text.partition(" ")
    return f"{float(number):.5g}{space}{unit}"


def percent(share: float) -> str:
    """A share in %."""
    return f"{100.0 * share:.3g} %"
