"""A calorimeter's record from a file: time, temperature and, where there are any, rate, voltage and phase. Reads, judges nothing.

`columns` says which tables are read. A column says its unit in its name (`time_min`, `t [s]`, `Temperature (degC)`, `T / K`,
`rate_K_per_min`) or in a line of units below, or the caller says it (`t:min`, `1:s`). Times may be clock times. `history.csv` of a
result folder is such a file.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.errors import CaseError, Mistake, among, shortened
from thermo.casefile.columns import CLOCK, CLOCK_FORMAT, Sheet, clock_seconds, name_and_unit, read_sheet, scale_of, spelled_out
from thermo.casefile.units import DIMENSIONS as ALL_DIMENSIONS
from thermo.casefile.units import Scale, UnitError, column_scale, wanted
from thermo.records.record_doctor import Record as Record
from thermo.records.record_doctor import examined

LARGEST_RECORD = 200_000_000  # bytes
NONE = "none"  # as the name of a column: do not look for one


Rows = list[tuple[int, list[str]]]


class Kind(NamedTuple):
    """A column that a record may have: the dimension of its numbers and the names it goes by, likeliest first."""

    dimension: str
    names: tuple[str, ...]


KINDS = {
    "time": Kind("time", ("time", "t", "elapsed time", "test time", "elapsed")),
    "temperature": Kind(
        "temperature",
        (
            "sample",
            "temperature",
            "temp",
            "t",
            "cell",
            "cell temperature",
            "sample temperature",
            "sample temp",
            "cell temp",
            "bomb",
            "bomb temperature",
            "bomb temp",
        ),
    ),
    "rate": Kind("temperature rate", ("rate", "self heating rate", "temperature rate", "dt/dt", "heating rate", "t rate")),
    "voltage": Kind("voltage", ("voltage", "v", "u", "cell voltage")),
}
NEEDED = ("time", "temperature")
DIMENSIONS = tuple(kind.dimension for kind in KINDS.values())


def read_record(path: Path, columns: dict[str, str] | None = None, decimal: str | None = None) -> Record:
    """A record from a file, examined: see `doctor`.

    Parameters
    ----------
    columns : what the caller says of `time`, `temperature`, `rate`, `voltage`: a column's name or number, the same with `:unit`, or
        `none`
    decimal : "comma" or "point"; told from the numbers where None

    Raises
    ------
    CaseError with every mistake: no such file, not text, no column of time or temperature, a unit that is missing, text among the
    numbers, time running back, fewer than two samples.
    """
    name = str(path)
    sheet = read_sheet(path, LARGEST_RECORD, "a record", decimal)
    names, rows = sheet.names, sheet.rows
    if "heat_flow_W" in names:
        text = "has a column of heat flow: it is a curve of a scanning calorimeter; use thermo kinetics"
        raise CaseError([Mistake(name, sheet.line, "heat_flow_W", text)])
    places = _columns(name, sheet, columns or {})
    uneven = [
        Mistake(name, n, "", f"has {len(row)} fields, but there are {len(names)} columns") for n, row in rows if len(row) != len(names)
    ]
    if uneven:
        raise CaseError(uneven)
    if len(rows) < 2:
        text = f"holds {'one sample' if rows else 'no samples'}; a record needs at least two"
        raise CaseError([Mistake(name, None, "", text)])
    if set(OF_A_RUN) <= set(names) and "temperature" not in (columns or {}):
        places["temperature"] = Place(names.index(_seen(name, rows, names)), column_scale("K", "temperature"))
    if SELF_HEATING in names and "rate" not in (columns or {}):
        places["rate"] = Place(names.index(SELF_HEATING), column_scale("K/s", "temperature rate"))
    mistakes: list[Mistake] = []
    rows = [(n, row) for n, row in rows if any(row)]  # a line of separators alone
    values = {kind: numbers(name, rows, names, place, kind != "time", mistakes, kind == "temperature") for kind, place in places.items()}
    if not mistakes and _counts([row[places["temperature"].at] for _, row in rows]):
        text = "rises by the same whole number from row to row: it is a counter, not a temperature"
        mistakes = [Mistake(name, sheet.line, names[places["temperature"].at], text)]
    if mistakes:
        raise CaseError(mistakes)
    phase = np.array([row[names.index("phase")] for _, row in rows]) if "phase" in names else None
    read = {kind: names[place.at] for kind, place in places.items()}
    raw = Record(name, values["time"], values["temperature"], values.get("rate"), values.get("voltage"), phase, read)
    left = sheet.left_out
    made = examined(raw._replace(lines=np.array([n for n, _ in rows])))
    if not left:
        return made
    text = f"{len(left)} line{'s' if len(left) > 1 else ''} within the table {'are' if len(left) > 1 else 'is'} not a row of it"
    entry = {"code": "text", "text": f"{text}, the first is line {left[0]}", "samples": []}
    return made._replace(left_out=(*(made.left_out or ()), entry))


COUNTED = 20  # rows that rise by the same whole number: a counter


def _counts(cells: list[str]) -> bool:
    """Whether a column is a counter: whole numbers, each as much above the last."""
    if len(cells) < COUNTED or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    steps = set(np.diff(np.array(cells, float)).tolist())
    return len(steps) == 1 and steps != {0.0}


class Place(NamedTuple):
    """Which column, and how its numbers become SI; of clock times no scale."""

    at: int
    scale: Scale | None


def _columns(file: str, sheet: Sheet, said: dict[str, str]) -> dict[str, Place]:
    """Which column holds what, with the scale of its numbers. Raises CaseError with all that is missing or in doubt."""
    names, line = sheet.names, sheet.line
    twice = [Mistake(file, line, "", f"there are two columns {name!r}") for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise CaseError(twice)
    found: dict[str, Place] = {}
    mistakes: list[Mistake] = []
    for kind, known in KINDS.items():
        if said.get(kind) == NONE and kind not in NEEDED:
            continue
        try:
            place = said_column(sheet, said[kind], kind, (known.dimension,))[0] if kind in said else _sought(sheet, kind)
        except UnitError as error:
            mistakes.append(Mistake(file, line, "", str(error)))
            continue
        if place is not None:
            found[kind] = place
        elif kind in NEEDED:
            listed = ", ".join(repr(shortened(name, 40)) for name in names[:8]) + (", ..." if len(names) > 8 else "")
            text = f"there is no column of {kind}: its name must end in a unit, such as {EXAMPLES[kind]}; or use --{kind} 'NAME:UNIT'"
            if line is None:
                text = f"no line names the columns; tell which of the {len(names)} holds the {kind}: --{kind} 1:{UNITS[kind]}"
            mistakes.append(Mistake(file, line, "", text if line is None else f"{text}; the columns are {listed}"))
    if mistakes:
        raise CaseError(mistakes)
    return found


EXAMPLES = {"time": "time_s or 't [min]'", "temperature": "temperature_C or 'T [K]'"}
UNITS = {"time": "s", "temperature": "degC"}


def said_column(sheet: Sheet, said: str, kind: str, dimensions: tuple[str, ...]) -> tuple[Place, str]:
    """The column that the caller names, by its name or number, with its unit where the name states none, and its dimension.

    Raises UnitError.
    """
    option = "--" + kind.replace(" ", "-")
    name, colon, unit = (said, "", "") if sheet.place(said) is not None else said.rpartition(":")
    if not colon and sheet.place(said) is None:
        name = said
    at = sheet.place(name)
    if at is None:
        raise UnitError(f"{option}: there is no column {shortened(name)!r}{among(name, sheet.names)}")
    stated = spelled_out(unit) if colon else name_and_unit(sheet.names[at], ALL_DIMENSIONS)[1]
    if not stated and "time" in dimensions and _clocked(sheet, at):
        return Place(at, None), "time"
    if not stated:
        given = ", ".join(wanted(dimension) for dimension in dimensions)
        raise UnitError(f"{option}: the column {name!r} states no unit; use {option} '{name}:UNIT', {given} is needed")
    if colon and "time" in dimensions and CLOCK_FORMAT.fullmatch(unit):
        return Place(at, None), "time"
    problem = ""
    for dimension in dimensions:
        try:
            return Place(at, column_scale(stated, dimension)), dimension
        except UnitError as error:
            problem = problem or str(error)
    raise UnitError(f"{option}: {problem}")


def _clocked(sheet: Sheet, at: int) -> bool:
    """Whether a column holds clock times."""
    cells = [row[at] for _, row in sheet.rows[:5] if at < len(row)]
    return 2 * sum(bool(CLOCK.fullmatch(cell)) for cell in cells) > len(cells)


def clock_column(sheet: Sheet) -> Place | None:
    """The column of clock times, where there is one; the one called time of several."""
    found = [at for at in range(len(sheet.names)) if _clocked(sheet, at)]
    named = [at for at in found if "time" in sheet.names[at].lower()]
    return Place((named or found)[0], None) if len(named) == 1 or len(found) == 1 else None


def _sought(sheet: Sheet, kind: str) -> Place | None:
    """The one column whose unit fits, or of several the one with the likeliest name. Raises UnitError where that leaves a doubt."""
    names, (dimension, known) = sheet.names, KINDS[kind]
    parts = [name_and_unit(name, DIMENSIONS) for name in names]
    fitting = {i: scale for i, (_, unit) in enumerate(parts) if unit and (scale := scale_of(unit, dimension))}
    if len(fitting) == 1:
        return Place(*next(iter(fitting.items())))
    for word in known:
        named = [i for i in fitting if parts[i][0] == word]
        if len(named) == 1:
            return Place(named[0], fitting[named[0]])
    if fitting:
        listed = ", ".join(repr(shortened(names[i], 40)) for i in list(fitting)[:6])
        raise UnitError(f"more than one column may be the {kind}: {listed}; choose one with --{kind}")
    if kind == "time" and (clock := clock_column(sheet)) is not None:
        return clock
    bare = [name for name, (plain, unit) in zip(names, parts, strict=True) if unit is None and plain in known and plain != "t"]
    if bare:
        raise UnitError(f"the column {bare[0]!r} states no unit; use --{kind} '{bare[0]}:UNIT', {wanted(dimension)} is needed")
    return None


SELF_HEATING = "self_heating_K_per_s"  # of a run of this program that is no calorimeter's
OF_A_RUN = {"time_s": ("s", "time"), "sample_K": ("K", "temperature"), "rate_K_per_s": ("K/s", "temperature rate")}  # of this program


def _seen(file: str, rows: Rows, names: list[str]) -> str:
    """The temperature in the history of a run that its instrument sees: the sensor's, or of sample and holder the one whose rates fit."""
    if "sensor_K" in names or "holder_K" not in names:
        return "sensor_K" if "sensor_K" in names else "sample_K"
    wanted_units = OF_A_RUN | {"holder_K": OF_A_RUN["sample_K"]}
    time, sample, rate, holder = (
        numbers(file, rows, names, Place(names.index(name), column_scale(*unit)), True, []) for name, unit in wanted_units.items()
    )
    rise = 0.5 * (rate[1:] + rate[:-1]) * np.diff(time)
    off = {
        name: float(np.nansum(np.abs(np.diff(T) - rise)[np.diff(time) > 0.0])) for name, T in (("sample_K", sample), ("holder_K", holder))
    }
    return min(off, key=lambda name: off[name])


MISSING = ("", "nan", "-", "--", "n/a", "na")
NO_READING = (
    *MISSING,
    "---",
    "#n/a",
    "#wert!",
    "over",
    "overflow",
    "ovld",
    "ol",
    "o.l.",
    "open",
    "err",
    "error",
    "fail",
    "underflow",
    "9.9e37",
)


def numbers(file: str, rows: Rows, names: list[str], place: Place, may_miss: bool, mistakes: list[Mistake], faults: bool = False) -> Floats:
    """A column in SI; what is wrong goes to `mistakes`. Cells that `may_miss` are no numbers; with `faults` so are words of a logger."""
    at, scale = place

    def refuse(i: int, found: str) -> None:
        mistakes.append(Mistake(file, rows[i][0], names[at], f"sample {i + 1}: {found}"))

    if scale is None:
        return np.array(clock_seconds([row[at] for _, row in rows], refuse))
    made = np.full(len(rows), math.nan)
    for i, (_, row) in enumerate(rows):
        cell = row[at]
        if may_miss and cell.lower() in (NO_READING if faults else MISSING):
            continue
        try:
            made[i] = scale(cell)
        except UnitError:
            comma = "; write it with a decimal point" if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell) else ""
            refuse(i, f"{shortened(cell)!r} is not a number{comma}" if cell else "a number is missing")
    return made
