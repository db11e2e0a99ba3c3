"""Tables as people and instruments write them: encoding, separator, preamble, names, units, decimal comma, clock times.

One reader serves calorimeter records and scanning-calorimeter curves. It says where each cell stands and judges no number.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from thermo.base.errors import CaseError, FileError, Mistake, printable
from thermo.casefile.reader import read_bytes
from thermo.casefile.units import DIMENSIONS, Scale, UnitError, column_scale

SAMPLED = 3000  # lines from which separator, width and head are told
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
POINT_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
START_OF_DATA = re.compile(r"\s*startofdata\s*", re.IGNORECASE)  # of TA Instruments
SIGNAL = re.compile(r"Sig(\d+)[\t ,;]+(.+)", re.IGNORECASE)  # the columns of such a file, a line each
BLANKS = " "  # as a separator: any run of blanks


class Sheet(NamedTuple):
    """A table as text: names of columns, the line they stand in (None: the file names none), rows with the numbers of their lines.

    A column without a name is called by its number, counted from 1.
    """

    names: list[str]
    line: int | None
    rows: list[tuple[int, list[str]]]
    left_out: tuple[int, ...] = ()  # lines within the table that hold no row of it

    def place(self, said: str) -> int | None:
        """The column of a name, or of a number counted from 1; None where there is none."""
        if said in self.names:
            return self.names.index(said)
        return int(said) - 1 if said.isascii() and said.isdigit() and 1 <= int(said) <= len(self.names) else None


Lines = list[tuple[int, str]]


def read_sheet(path: Path, largest: int, what: str, decimal: str | None = None) -> Sheet:
    """The table in a file.

    Columns are separated by comma, semicolon, tab or blanks. The line of names is the nearest one above the numbers that has as many
    cells and no number among them; it may begin with `#`. A line of units may stand below it. What stands above is left alone, and so
    is a line that begins with `#`. `StartOfData` of TA Instruments and its `Sig1 NAME` lines are known.

    Parameters
    ----------
    largest : int [bytes], that the file may have; `what` it is, in words
    decimal : "comma" or "point"; told from the numbers where None

    Raises
    ------
    CaseError for a file that is not there, is no text or no table.
    """
    name = str(path)
    try:
        text = _decoded(name, read_bytes(path, largest, what))
    except FileError as error:
        raise CaseError([Mistake(name, None, "", str(error).removeprefix(f"{name}: "))]) from None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    data = [(n, line) for n, line in lines if not line.lstrip().startswith("#")]
    if not data:
        raise CaseError([Mistake(name, None, "", "is empty")])
    start = next((i for i, (_, line) in enumerate(lines) if START_OF_DATA.fullmatch(line)), None)
    if start is not None:
        return _after_start(name, lines, start, decimal)
    separator, width = _shape([line for _, line in data[:SAMPLED]])
    first = next((n for n, line in data if _is_data(_cut(line, separator), width)), None)
    if first is None:  # no row of numbers: the first line has the names
        return _sheet(name, _unhashed(data[0][1], separator), data[0][0], data[1:], separator, decimal)
    names, line, last = _head([(n, line) for n, line in lines if n < first], separator, width)
    if not names:
        last = _bare_start(data, first, separator, width) - 1
        names = [str(i + 1) for i in range(width)]
    return _sheet(name, names, line, [(n, text) for n, text in data if n > last], separator, decimal)


def _decoded(name: str, raw: bytes) -> str:
    """The text of a file: UTF-8, UTF-16, or Latin-1, in which instruments write a degree sign. Raises CaseError."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(raw) > 3 and b"\0" in raw[:200]:
        # without a mark: every second byte of plain text is nought
        low, high = raw[0:2000:2].count(0), raw[1:2000:2].count(0)
        half = len(raw[:2000]) // 2
        encoding = "utf-16-le" if low == 0 and high > 0.8 * half else "utf-16-be" if high == 0 and low > 0.8 * half else "utf-8"
    else:
        encoding = "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        if encoding.startswith("utf-16"):
            raise CaseError([Mistake(name, None, "", "begins as UTF-16 text but is not valid UTF-16; save it as UTF-8")]) from None
        text = raw.decode("cp1252", errors="replace")
    if "\0" in text:
        raise CaseError([Mistake(name, None, "", "is not text")])
    return text


# --- where the table stands ---


def _cut(line: str, separator: str) -> list[str]:
    """The cells of a line, without what empty separators leave at its end."""
    if separator == BLANKS:
        return line.split()
    if '"' in line:
        try:
            cells = next(csv.reader([line], delimiter=separator))
        except csv.Error:
            cells = line.split(separator)
    else:
        cells = line.split(separator)
    return [cell.strip() for cell in cells]


def _numeric(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or CLOCK.fullmatch(cell))


def _is_data(cells: list[str], width: int) -> bool:
    """Whether a line belongs to the table of numbers: two numbers at least, cells as the table has or but empty ones more."""
    return sum(map(_numeric, cells)) >= min(2, width) and len(cells) >= width and not any(cells[width:])


def _shape(lines: list[str]) -> tuple[str, int]:
    """The separator under which most cells are numbers, and how many columns it gives."""
    best: tuple[float, float, str, int] | None = None
    for separator in ("\t", ";", ",", BLANKS):
        cut = [_cut(line, separator) for line in lines]
        rows = [cells for cells in cut if sum(map(_numeric, cells)) >= 2]
        if not rows:
            continue
        widths = Counter(len(cells) for cells in rows)
        width = widths.most_common(1)[0][0]  # of equally many the first
        rows = [cells for cells in rows if len(cells) == width]
        share = sum(sum(map(_numeric, cells)) for cells in rows) / (width * len(rows))
        found = (float(len(rows)), share, separator, width)
        if best is None or found[:2] > best[:2]:
            best = found
    if best is None:
        separator = max(",;\t", key=lines[0].count)
        return separator, len(_cut(lines[0], separator))
    separator, width = best[2:]
    # an empty last column in every row, as where each line ends with a separator
    rows = [cells for line in lines if sum(map(_numeric, cells := _cut(line, separator))) >= 2 and len(cells) == width]
    heads = [cells for line in lines[:50] if (cells := _cut(line, separator)) and not any(map(_numeric, cells))]
    while width > 2 and not any(cells[width - 1] for cells in (*rows, *[head for head in heads if len(head) >= width])):
        width -= 1
    return separator, width


def _unhashed(line: str, separator: str) -> list[str]:
    return _cut(line.lstrip().lstrip("#").strip() if line.lstrip().startswith("#") else line, separator)


def _head(above: Lines, separator: str, width: int) -> tuple[list[str], int | None, int]:
    """Names with their units, their line, and the last line of the head; no names where the file has none."""
    found = [(n, line.lstrip().startswith("#"), cells) for n, line in above if (cells := _names(line, separator, width)) is not None]
    if any(not remark for _, remark, _ in found):
        found = [entry for entry in found if not entry[1]]
    if not found:
        return [], None, 0
    last, _, cells = found[-1]
    if len(found) == 1 or not _are_units(cells):
        return cells, last, last
    line, _, names = found[-2]
    units = [bare_unit(cell) for cell in cells]
    joined = [f"{name} [{unit}]" if unit and not _has_unit(name) else name for name, unit in zip(names, units, strict=True)]
    return joined, line, last


def _bare_start(data: Lines, first: int, separator: str, width: int) -> int:
    """The line in which a table without names begins: rows with a slip in them stand above the first good one."""
    start = first
    for n, line in reversed([entry for entry in data if entry[0] < first]):
        cells = _cut(line, separator)
        if len(cells) != width or not any(map(_numeric, cells)):
            break
        start = n
    return start


def _names(line: str, separator: str, width: int) -> list[str] | None:
    """The cells of a line that may name the columns of a table."""
    cells = _unhashed(line, separator)
    if separator == BLANKS and len(cells) != width:
        cells = re.split(r"\s{2,}|\t", line.strip().lstrip("#").strip())  # names of several words
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) == width - 1 and all(cell[:1] + cell[-1:] in ("[]", "()") for cell in cells):
        cells = ["", *cells]  # units of all columns but the first, which counts the rows
    if len(cells) != width or any(map(_numeric, cells)) or not any(cells):
        return None
    return [cell or str(i + 1) for i, cell in enumerate(cells)]


def bare_unit(cell: str) -> str:
    """A unit as it stands in a line of units, without its brackets."""
    text = cell.strip()
    return text[1:-1].strip() if text[:1] + text[-1:] in ("[]", "()") else text


def _are_units(cells: list[str]) -> bool:
    """Whether a line below the names holds units: half of its cells at least, the others being empty or in brackets."""
    known = [is_unit(bare_unit(cell)) and cell not in ("t", "T") for cell in cells]
    rest = [cell for cell, unit in zip(cells, known, strict=True) if not unit]
    return sum(known) >= max(1, len(cells) // 2) and all(len(bare_unit(cell)) <= 12 for cell in rest)


def _has_unit(name: str) -> bool:
    return name_and_unit(name, DIMENSIONS)[1] is not None


def is_unit(text: str) -> bool:
    """Whether a text is a unit of any dimension, or stands for none."""
    spelled = spelled_out(text)
    return text in ("-", "1", "%") or CLOCK_FORMAT.fullmatch(text) is not None or any(scale_of(spelled, name) for name in DIMENSIONS)


def _after_start(name: str, lines: Lines, start: int, decimal: str | None) -> Sheet:
    """The table below `StartOfData`, its names from the lines `Sig1 NAME`."""
    above, below = lines[:start], lines[start + 1 :]
    if not below:
        raise CaseError([Mistake(name, lines[start][0], "", "there are no rows below StartOfData")])
    separator, width = _shape([line for _, line in below[:SAMPLED]])
    signals = {int(found[1]): (n, found[2].strip()) for n, line in above if (found := SIGNAL.fullmatch(line.strip()))}
    names = [signals.get(i + 1, (0, str(i + 1)))[1] for i in range(width)]
    # a row that begins with a whole number below nought marks the end of a segment, its other cells are no data
    kept = [(n, line) for n, line in below if not re.fullmatch(r"-\d+(\.0*)?", (_cut(line, separator) or [""])[0])]
    return _sheet(name, names, min((n for n, _ in signals.values()), default=None), kept, separator, decimal)


def _sheet(name: str, names: list[str], line: int | None, body: Lines, separator: str, decimal: str | None) -> Sheet:
    """The rows cut into cells, decimal commas written as points. Raises CaseError where that is no table."""
    rows = _rows(name, body, separator)
    # words between the rows, names again, and a last line that was not written to its end
    words = (
        {n for n, cells in rows if any(cells) and not any(map(_numeric, cells))} if any(any(map(_numeric, c)) for _, c in rows) else set()
    )
    if len(rows) > 2 and 0 < len(rows[-1][1]) < len(names) and all(len(cells) >= len(names) for n, cells in rows[:-1] if n not in words):
        words.add(rows[-1][0])
    rows = [(n, cells) for n, cells in rows if n not in words]
    trimmed = [(n, cells[: len(names)] if len(cells) > len(names) and not any(cells[len(names) :]) else cells) for n, cells in rows]
    comma = decimal == "comma" if decimal else _decimal_comma(name, trimmed, separator)
    if comma:
        trimmed = [(n, [cell.replace(",", ".") if COMMA_NUMBER.fullmatch(cell) else cell for cell in cells]) for n, cells in trimmed]
    return Sheet(names, line, trimmed, tuple(sorted(words)))


def _rows(name: str, body: Lines, separator: str) -> list[tuple[int, list[str]]]:
    if separator == BLANKS:
        return [(n, line.split()) for n, line in body]
    try:
        rows = list(csv.reader((line for _, line in body), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CaseError([Mistake(name, None, "", f"is not CSV: {error}")]) from None
    if len(rows) != len(body):
        raise CaseError([Mistake(name, None, "", "has a quoted field that spans two lines")])
    return [(n, [cell.strip() for cell in row]) for (n, _), row in zip(body, rows, strict=True)]


def _decimal_comma(name: str, rows: list[tuple[int, list[str]]], separator: str) -> bool:
    """Whether numbers have a decimal comma. Raises CaseError where some have a comma and some a point."""
    point = comma = None
    for n, cells in rows:
        for cell in cells:
            if comma is None and COMMA_NUMBER.fullmatch(cell):
                comma = n, cell
            elif point is None and POINT_NUMBER.fullmatch(cell):
                point = n, cell
        if comma and point:
            break
    if comma and point:
        text = f"{printable(comma[1])!r} has a comma where {printable(point[1])!r} in line {point[0]} has a point"
        raise CaseError([Mistake(name, comma[0], "", f"{text}; use --decimal comma or --decimal point")])
    return comma is not None


# --- names and units ---


def name_and_unit(name: str, dimensions: Iterable[str]) -> tuple[str, str | None]:
    """A column's name taken apart, the first in small letters with blanks; no unit where the name states none.

    >>> [name_and_unit(name, ("time", "temperature")) for name in ("T / °C", "Temp./degC", "t [s]", "phase")]
    [('t', 'degC'), ('temp', 'degC'), ('t', 's'), ('phase', None)]
    """
    bracketed = re.fullmatch(r"(.*?)\s*[\[(]\s*([^\])]+?)\s*[\])]", name)
    slashed = re.fullmatch(r"(.+?)\s+/\s+(.+)", name) or re.fullmatch(r"([^/]+)/([^/]+)", name)
    in_slashed = re.fullmatch(r"(.*?)\s*/\s*\(\s*([^)]+?)\s*\)", name)
    tried = [match.groups() for match in (in_slashed, bracketed, slashed) if match]
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
    text = re.sub(r"[_\s]+per[_\s]+", "/", unit.strip()).replace("°", "deg").replace("º", "deg").replace("℃", "degC")
    text = re.sub(r"\b(C|[Cc]elsius|deg C)\b", "degC", text)
    text = re.sub(r"\b(F|[Ff]ahrenheit|deg F)\b", "degF", text)
    text = re.sub(r"\b([Kk]elvin)\b", "K", text)
    text = re.sub(r"\b([Ss]ec|[Ss]ecs|[Ss]econds?)\b", "s", text)
    text = re.sub(r"\b([Mm]in|[Mm]ins|[Mm]inutes?)\b\.?", "min", text)
    return re.sub(r"\b(hr|hrs|[Hh]ours?)\b", "h", text)


def _plain(name: str) -> str:
    return re.sub(r"[_\s-]+", " ", name).strip(" ./").lower()


def scale_of(unit: str, dimension: str) -> Scale | None:
    """How numbers in a unit become SI values; None where it is no unit of the dimension."""
    try:
        return column_scale(unit, dimension)
    except UnitError:
        return None


# --- clock times ---

CLOCK = re.compile(
    r"(?:(?P<date>\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,4}/\d{1,2}/\d{1,4})[T ]+)?"
    r"(?P<h>\d{1,4}):(?P<m>\d{2})(?::(?P<s>\d{2}(?:[.,:]\d+)?))?(?:\s*(?P<half>[AaPp]\.?[Mm]\.?))?(?:Z|[+-]\d{2}:?\d{2})?"
)
CLOCK_FORMAT = re.compile(r"(?:[yYdDmM.\-/]+[T ])?[hH]{1,2}:[mM]{2}(?::[sS]{2}(?:[.,][sSfF0]+)?)?")
HALF_A_DAY, DAY = 43200.0, 86400.0  # s


def clock_seconds(cells: Sequence[str], refuse: Callable[[int, str], None]) -> list[float]:
    """Seconds since the first of clock times: `hh:mm:ss`, ISO 8601 and dates with points or slashes; a day passes at midnight.

    What is none is told to `refuse` with its place, and so is a date that may be read in two ways.
    """
    order = _date_order([found["date"] for cell in cells if (found := CLOCK.fullmatch(cell)) and found["date"]])
    made: list[float] = []
    days = 0.0
    for i, cell in enumerate(cells):
        found = CLOCK.fullmatch(cell)
        if found is None or (found["s"] is None and found["date"] is None):
            refuse(i, f"{printable(cell)[:40]!r} is not a clock time; hh:mm:ss is needed" if cell else "a time is missing")
            made.append(float("nan"))
            continue
        seconds = 60.0 * int(found["m"]) + float(re.sub("[,:]", ".", found["s"] or "0"))
        hours = int(found["h"])
        if found["half"]:
            hours = hours % 12 + (12 if found["half"][0] in "pP" else 0)
        moment = 3600.0 * hours + seconds
        if found["date"]:
            moment += DAY * _day(found["date"], order)
        elif made and moment + DAY * days < made[-1] - HALF_A_DAY:
            days += 1.0
        made.append(moment + DAY * days)
    return [moment - made[0] for moment in made] if made else made


def _date_order(dates: list[str]) -> str:
    """How dates with slashes are written: `dmy` where the first number passes 12 or alone changes, else `mdy`."""
    parts = [tuple(map(int, date.split("/"))) for date in dict.fromkeys(dates) if "/" in date]
    if any(part[0] > 31 for part in parts):
        return "ymd"
    if any(part[0] > 12 for part in parts):
        return "dmy"
    if any(part[1] > 12 for part in parts):
        return "mdy"
    return "dmy" if len({part[1] for part in parts}) == 1 and len({part[0] for part in parts}) > 1 else "mdy"


def _day(date: str, order: str) -> int:
    """The number of a day in the calendar."""
    from datetime import date as calendar

    if "-" in date:
        year, month, day = map(int, date.split("-"))
    elif "." in date:
        day, month, year = map(int, date.split("."))
    else:
        found = dict(zip(order, map(int, date.split("/")), strict=True))
        year, month, day = found["y"], found["m"], found["d"]
    try:
        return calendar(year, month, day).toordinal()
    except ValueError:
        return 0
