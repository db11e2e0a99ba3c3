"""Results as a person reads them: values with a fitting unit, rows of a table."""

from __future__ import annotations

from typing import Any

from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import DIMENSIONS, show


def unit_of(what: str) -> str | None:
    """The SI unit that the last word of a key states."""
    dimension = dimension_of_key(what)
    return None if dimension == "number" else DIMENSIONS[dimension].unit


def shown(what: str, value: float | None) -> str:
    """A value as people read it, `none` where there is none."""
    return "none" if value is None else show(value, dimension_of_key(what))


def column_words(name: str) -> str:
    """A column of a batch in words, without its unit.

    >>> column_words("maximum_rate_K_per_s")
    'maximum rate'
    """
    return name.removesuffix("_K").removesuffix("_K_per_s").removesuffix("_s").replace("_", " ")


def row_text(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """A row for the screen: result, value, wanted, kind, whether it holds."""
    what = row["result"] if "result" in row else row["name"]
    key = what if row["unit"] else "ratio"
    key = f"{what}.temperature_K" if row["unit"] == "K" and unit_of(what) is None else key
    holds = {True: "yes", False: "NO", None: "-"}[row["holds"]]
    return what, shown(key, row["value"]), aim_text(key, row), row["kind"], holds


def aim_text(key: str, row: dict[str, Any]) -> str:
    """What a row wants, in words: a value and how near, limits, or a dash."""
    aim, limits = row["wanted"], [f"{word} {shown(key, row[word])}" for word in ("above", "below") if row.get(word) is not None]
    if aim is None:
        return ", ".join(limits) or "-"
    return "none" if aim == "none" else shown(key, aim) + (f" +- {row['within']}" if row["within"] else "")
