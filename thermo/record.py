"""A calorimeter's record from a file: time, temperature and, where there are any, rate, voltage and phase. Reads, judges nothing.

CSV with named columns, separated by comma, semicolon or tab; lines that begin with `#` are remarks. A column says its unit in its
name (`time_min`, `t [s]`, `Temperature (degC)`, `T / K`, `rate_K_per_min`), or the caller says it (`t:min`). `history.csv` of a
result folder is such a file.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.columns import name_and_unit, rows_of, scale_of, spelled_out
from thermo.errors import CaseError, Mistake, among, shortened
from thermo.kinetics import Floats
from thermo.units import Scale, UnitError, column_scale, wanted

LARGEST_RECORD = 200_000_000  # bytes
NONE = "none"  # as the name of a column: do not look for one


class Record(NamedTuple):
    """A record in SI, in the order of its rows. Sample n of a message is row n, counted from 1.

    time [s], temperature [K], rate [K/s] or None, voltage [V] or None : arrays (n,), not a number where the file has no value
    phase : array (n,) of words, what the instrument says it did, or None
    columns : the name in the file of each of these
    """

    name: str
    time: Floats
    temperature: Floats
    rate: Floats | None = None
    voltage: Floats | None = None
    phase: npt.NDArray[np.str_] | None = None
    columns: dict[str, str] = {}


class Kind(NamedTuple):
    """A column that a record may have: the dimension of its numbers and the names it goes by, likeliest first."""

    dimension: str
    names: tuple[str, ...]


KINDS = {
    "time": Kind("time", ("time", "t", "elapsed time", "test time", "elapsed")),
    "temperature": Kind("temperature", ("sample", "temperature", "temp", "t", "cell", "cell temperature", "sample temperature")),
    "rate": Kind("temperature rate", ("rate", "self heating rate", "temperature rate", "dt/dt", "heating rate", "t rate")),
    "voltage": Kind("voltage", ("voltage", "v", "u", "cell voltage")),
}
NEEDED = ("time", "temperature")
DIMENSIONS = tuple(kind.dimension for kind in KINDS.values())


def read_record(path: Path, columns: dict[str, str] | None = None) -> Record:
    """A record from a file.

    Parameters
    ----------
    columns : what the caller says of `time`, `temperature`, `rate`, `voltage`: a column's name, `name:unit`, or `none`

    Raises
    ------
    CaseError with every mistake: no such file, not text, no column of time or temperature, a unit that is missing, text among the
    numbers, time running back, fewer than two samples.
    """
    name = str(path)
    lines = rows_of(path, LARGEST_RECORD, "a record")
    names, line = [cell.strip() for cell in lines[0][1]], lines[0][0]
    if "heat_flow_W" in names:
        text = "has a column of heat flow: a curve of a scanning calorimeter, which thermo kinetics reads"
        raise CaseError([Mistake(name, line, "heat_flow_W", text)])
    places = _columns(name, line, names, columns or {})
    rows = lines[1:]
    uneven = [
        Mistake(name, n, "", f"has {len(row)} fields, and there are {len(names)} columns") for n, row in rows if len(row) != len(names)
    ]
    if uneven:
        raise CaseError(uneven)
    if len(rows) < 2:
        text = f"holds {'one sample' if rows else 'no samples'}; two are the least that a record can have"
        raise CaseError([Mistake(name, None, "", text)])
    if set(OF_A_RUN) <= set(names) and "temperature" not in (columns or {}):
        places["temperature"] = names.index(_seen(name, rows, names)), column_scale("K", "temperature")
    mistakes: list[Mistake] = []
    values = {kind: _numbers(name, rows, names, place, kind not in NEEDED, mistakes) for kind, place in places.items()}
    if not mistakes:
        mistakes = _out_of_order(name, rows, values["time"], values["temperature"])
    if mistakes:
        raise CaseError(mistakes)
    phase = np.array([row[names.index("phase")].strip() for _, row in rows]) if "phase" in names else None
    read = {kind: names[place] for kind, (place, _) in places.items()}
    return Record(name, values["time"], values["temperature"], values.get("rate"), values.get("voltage"), phase, read)


Place = tuple[int, Scale]


def _columns(file: str, line: int, names: list[str], said: dict[str, str]) -> dict[str, Place]:
    """Which column holds what, with the scale of its numbers. Raises CaseError with all that is missing or in doubt."""
    twice = [Mistake(file, line, "", f"there are two columns {name!r}") for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise CaseError(twice)
    found: dict[str, Place] = {}
    mistakes: list[Mistake] = []
    for kind in KINDS:
        if said.get(kind) == NONE and kind not in NEEDED:
            continue
        try:
            place = _said(names, said[kind], kind) if kind in said else _sought(names, kind)
        except UnitError as error:
            mistakes.append(Mistake(file, line, "", str(error)))
            continue
        if place is not None:
            found[kind] = place
        elif kind in NEEDED:
            listed = ", ".join(repr(shortened(name, 40)) for name in names[:8]) + (", ..." if len(names) > 8 else "")
            text = f"there is no column of {kind}: its name must end in a unit, such as {EXAMPLES[kind]}; or say --{kind} 'NAME:UNIT'"
            mistakes.append(Mistake(file, line, "", f"{text}; the columns are {listed}"))
    if mistakes:
        raise CaseError(mistakes)
    return found


EXAMPLES = {"time": "time_s or 't [min]'", "temperature": "temperature_C or 'T [K]'"}


def _said(names: list[str], said: str, kind: str) -> Place:
    """The column that the caller names. Raises UnitError."""
    name, colon, unit = (said, "", "") if said in names else said.rpartition(":")
    if not colon and said not in names:
        name = said
    if name not in names:
        raise UnitError(f"--{kind}: there is no column {shortened(name)!r}{among(name, names)}")
    stated = spelled_out(unit) if colon else name_and_unit(name, DIMENSIONS)[1]
    if not stated:
        raise UnitError(
            f"--{kind}: the column {name!r} states no unit; say --{kind} '{name}:UNIT', {wanted(KINDS[kind].dimension)} is wanted"
        )
    try:
        return names.index(name), column_scale(stated, KINDS[kind].dimension)
    except UnitError as error:
        raise UnitError(f"--{kind}: {error}") from None


def _sought(names: list[str], kind: str) -> Place | None:
    """The one column whose unit fits, or of several the one with the likeliest name. Raises UnitError where that leaves a doubt."""
    dimension, known = KINDS[kind]
    parts = [name_and_unit(name, DIMENSIONS) for name in names]
    fitting = {i: scale for i, (_, unit) in enumerate(parts) if unit and (scale := scale_of(unit, dimension))}
    if len(fitting) == 1:
        return next(iter(fitting.items()))
    for word in known:
        named = [i for i in fitting if parts[i][0] == word]
        if len(named) == 1:
            return named[0], fitting[named[0]]
    if fitting:
        listed = ", ".join(repr(shortened(names[i], 40)) for i in list(fitting)[:6])
        raise UnitError(f"more than one column may be the {kind}: {listed}; say which with --{kind}")
    bare = [name for name, (plain, unit) in zip(names, parts, strict=True) if unit is None and plain in known and plain != "t"]
    if bare:
        raise UnitError(f"the column {bare[0]!r} states no unit; say --{kind} '{bare[0]}:UNIT', {wanted(dimension)} is wanted")
    return None


OF_A_RUN = {"time_s": ("s", "time"), "sample_K": ("K", "temperature"), "rate_K_per_s": ("K/s", "temperature rate")}  # of this program


def _seen(file: str, rows: list[Any], names: list[str]) -> str:
    """The temperature in the history of a run that its instrument sees: the sensor's, or of sample and holder the one whose rates fit."""
    if "sensor_K" in names or "holder_K" not in names:
        return "sensor_K" if "sensor_K" in names else "sample_K"
    wanted_units = OF_A_RUN | {"holder_K": OF_A_RUN["sample_K"]}
    time, sample, rate, holder = (
        _numbers(file, rows, names, (names.index(name), column_scale(*unit)), True, []) for name, unit in wanted_units.items()
    )
    rise = 0.5 * (rate[1:] + rate[:-1]) * np.diff(time)
    off = {
        name: float(np.nansum(np.abs(np.diff(T) - rise)[np.diff(time) > 0.0])) for name, T in (("sample_K", sample), ("holder_K", holder))
    }
    return min(off, key=lambda name: off[name])


MISSING = ("", "nan", "-", "--", "n/a", "na")


def _numbers(file: str, rows: list[Any], names: list[str], place: Place, may_miss: bool, mistakes: list[Mistake]) -> Floats:
    """A column in SI; what is wrong goes to `mistakes`."""
    at, scale = place
    made = np.full(len(rows), math.nan)
    for i, (line, row) in enumerate(rows):
        cell = row[at]
        if may_miss and cell.strip().lower() in MISSING:
            continue
        try:
            made[i] = scale(cell)
        except UnitError:
            comma = "; write it with a decimal point" if re.fullmatch(r"\s*[+-]?[0-9]+,[0-9]+\s*", cell) else ""
            found = f"{shortened(cell)!r} is not a number{comma}" if cell.strip() else "a number is missing"
            mistakes.append(Mistake(file, line, names[at], f"sample {i + 1}: {found}"))
    return made


def _out_of_order(file: str, rows: list[Any], time: Floats, temperature: Floats) -> list[Mistake]:
    """Times that run back and temperatures that nothing has."""
    back = np.flatnonzero(np.diff(time) < 0.0) + 1
    cold = np.flatnonzero(temperature <= 0.0)
    made = [Mistake(file, rows[i][0], "", f"sample {i + 1}: time runs back, from {time[i - 1]:.9g} s to {time[i]:.9g} s") for i in back]
    made += [Mistake(file, rows[i][0], "", f"sample {i + 1}: the temperature must lie above 0 K, got {temperature[i]:.6g} K") for i in cold]
    if not made and time[-1] == time[0]:
        made = [Mistake(file, None, "", "all samples have the same time")]
    return made
