"""What a calibration found, as tables and sentences that a person reads."""

from __future__ import annotations

from typing import Any

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]  # its head and its rows

SHOWN = {"J/mol": ("kJ/mol", 1e-3)}


def in_unit(value: float, unit: str) -> str:
    """A number with the unit that people use for it."""
    name, factor = SHOWN.get(unit, (unit, 1.0))
    return f"{value * factor:.5g} {name}".strip()


def interval_text(row: dict[str, Any]) -> str:
    """The interval of a number in words; an open end is said."""
    if row["low_open"] and row["high_open"]:
        return "open"
    if row["low_open"]:
        return f"below {in_unit(row['high'], row['unit'])}"
    if row["high_open"]:
        return f"above {in_unit(row['low'], row['unit'])}"
    return f"{in_unit(row['low'], row['unit'])} to {in_unit(row['high'], row['unit'])}"


def parameter_table(summary: dict[str, Any]) -> Table:
    """The fitted numbers with their intervals."""
    rows: list[tuple[str, ...]] = []
    reactions = summary["calibrate"]["reactions"]
    for row in summary["calibrate"]["parameters"]:
        at = f" at {reactions[row['reaction']]['at_K'] - 273.15:.1f} degC" if row["word"] == "rate_constant" else ""
        with_it = f"{row['trades_with']} ({row['correlation']:.3f})" if row["trades_with"] else ""
        rows.append((row["name"] + at, in_unit(row["value"], row["unit"]), interval_text(row), with_it))
    return ("number", "value", "95 % interval", "goes with"), rows


def record_table(summary: dict[str, Any]) -> Table:
    """How well each record is met."""
    rows: list[tuple[str, ...]] = []
    for name, record in summary["calibrate"]["records"].items():
        arc = record["kind"] == "arc"
        off = f"{record['rms_decades']:.3g} decades" if arc else f"{100.0 * record['rms_of_peak']:.2g} % of the peak"
        top = ""
        if arc and record["top_K"] is not None and record["fitted_top_K"] is not None:
            top = f"{record['fitted_top_K'] - 273.15:.1f} degC, record {record['top_K'] - 273.15:.1f} degC"
        rows.append((name, str(record["rows"]), f"{record['chi2_per_row']:.3g}", off, f"{record['correlation']:.2f}", top))
    return ("record", "rows", "chi2/row", "rms", "correlation", "T3"), rows


def sentences(summary: dict[str, Any]) -> list[str]:
    """The fit as a whole."""
    found = summary["calibrate"]
    starts = found["starts"]
    widened = f"; intervals are widened {found['widened']:.2g} times" if found["widened"] > 1.0 else ""
    check = found["check"]
    said = [] if not check else [_held_out(row) for row in check["rows"]]
    return [
        f"{len(found['parameters'])} numbers from {len(found['records'])} record{'s' if len(found['records']) != 1 else ''}: "
        f"chi2/dof {found['chi2_per_dof']:.3g}{widened}",
        f"{starts['reached']} of {starts['tried']} starts reached this optimum; intervals: {found['intervals']}",
        "mechanism.yaml is the fitted mechanism: a case takes it as sample.chemistry",
        *said,
    ]


def _held_out(row: dict[str, Any]) -> str:
    """A prediction of what was held out, in words."""

    def off(value: float) -> str:
        return f"{value:.3g} decades" if row["unit"] == "decades" else f"{100.0 * value:.2g} % of the peak"

    n = row["reactions"]
    return f"{n} reaction{'s' if n > 1 else ''} without {row['held_out']}: {row['record']} is missed by {off(row['rms_held_out'])}"
