"""CSV files as people and instruments write them: rows with the numbers of their lines, the unit that a column's name states."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from thermo.errors import CaseError, FileError, Mistake
from thermo.reader import read_bytes
from thermo.units import Scale, UnitError, column_scale


def rows_of(path: Path, largest: int, what: str) -> list[tuple[int, list[str]]]:
    """The rows of a file with the numbers of their lines, the names of the columns first.

    Columns are separated by comma, semicolon or tab; lines that begin with `#` are remarks. `largest` [bytes] the file may be, `what`
    it is in words.

    Raises CaseError for a file that is not there, is no text or no table.
    """
    name = str(path)
    try:
        raw = read_bytes(path, largest, what)
    except FileError as error:
        raise CaseError([Mistake(name, None, "", str(error).removeprefix(f"{name}: "))]) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # what instruments write a degree sign in
    if "\0" in text:
        raise CaseError([Mistake(name, None, "", "is not text")])
    kept = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise CaseError([Mistake(name, None, "", "is empty")])
    separator = max(",;\t", key=kept[0][1].count)
    try:
        rows = list(csv.reader((line for _, line in kept), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CaseError([Mistake(name, None, "", f"is not CSV: {error}")]) from None
    if len(rows) != len(kept):
        raise CaseError([Mistake(name, None, "", "has a field that goes over the end of its line")])
    return [(n, row) for (n, _), row in zip(kept, rows, strict=True)]


def name_and_unit(name: str, dimensions: Iterable[str]) -> tuple[str, str | None]:
    """A column's name taken apart, the first in small letters with blanks; no unit where the name states none.

    >>> [name_and_unit(name, ("time", "temperature")) for name in ("T / °C", "Temp./degC", "t [s]", "phase")]
    [('t', 'degC'), ('temp', 'degC'), ('t', 's'), ('phase', None)]
    """
    bracketed = re.fullmatch(r"(.*?)\s*[\[(]\s*([^\])]+?)\s*[\])]", name)
    slashed = re.fullmatch(r"(.+?)\s+/\s+(.+)", name) or re.fullmatch(r"([^/]+)/([^/]+)", name)
    tried = [match.groups() for match in (bracketed, slashed) if match]
    words = re.split(r"[_\s]+", name)
    tried += [("_".join(words[:i]), "_".join(words[i:])) for i in range(1, len(words))]
    for rest, unit in tried:
        spelled = spelled_out(unit)
        if any(scale_of(spelled, dimension) for dimension in dimensions):
            return _plain(rest), spelled
    return _plain(name), None


def spelled_out(unit: str) -> str:
    """A unit as people write it in the head of a column, as `units` knows it.

    >>> spelled_out("C_per_min"), spelled_out("sec"), spelled_out("°C")
    ('degC/min', 's', 'degC')
    """
    text = re.sub(r"[_\s]+per[_\s]+", "/", unit.strip()).replace("°", "deg").replace("℃", "degC")
    text = re.sub(r"\b(C|[Cc]elsius|deg C)\b", "degC", text)
    text = re.sub(r"\b(sec|secs|seconds?)\b", "s", text)
    text = re.sub(r"\b(mins|minutes?)\b", "min", text)
    return re.sub(r"\b(hr|hrs|hours?)\b", "h", text)


def _plain(name: str) -> str:
    return re.sub(r"[_\s-]+", " ", name).strip(" ./").lower()


def scale_of(unit: str, dimension: str) -> Scale | None:
    """How numbers in a unit become SI values; None where it is no unit of the dimension."""
    try:
        return column_scale(unit, dimension)
    except UnitError:
        return None
