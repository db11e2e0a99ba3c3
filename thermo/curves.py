"""Curves of a scanning calorimeter from CSV: temperature and heat flow, or conversion, on a ramp; conversion, its rate and its peak.

    time_s,temperature_C,heat_flow_W_per_g

Columns are known by name, the unit in it (`Temp./°C`, `DSC/(mW/mg)`). The baseline is straight between the ends of the curve, conversion
is the running area above it over the whole. One peak a curve is assumed; nothing is smoothed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks
from scipy.stats import linregress

from thermo.columns import name_and_unit, rows_of, scale_of
from thermo.errors import CaseError, Mistake, printable, shortened
from thermo.units import Scale

Floats = npt.NDArray[np.float64]


class Kind(NamedTuple):
    """A column that a curve may have: the names it goes by, the dimensions of its numbers (of none: a plain number), an example."""

    names: tuple[str, ...]
    dimensions: tuple[str, ...]
    example: str


KINDS = {
    "time": Kind(("time", "t"), ("time",), "time_s or 't [min]'"),
    "temperature": Kind(("temperature", "temp", "sample", "sample temperature", "t", "ts"), ("temperature",), "temperature_C or 'T [K]'"),
    "heat flow": Kind(("heat flow", "heatflow", "dsc", "hf"), ("specific power", "power"), "heat_flow_W_per_g or 'DSC/(mW/mg)'"),
    "conversion": Kind(("conversion", "alpha"), (), "conversion"),
    "heating rate": Kind(("heating rate", "beta"), ("temperature rate",), "heating_rate_K_per_min"),
}
DIMENSIONS = tuple(dimension for kind in KINDS.values() for dimension in kind.dimensions)

LARGEST_CURVE = 50_000_000  # bytes
LEAST_ROWS = 20
MOST_MISTAKES = 1000  # of a file, after which it is not read further
STRETCHES = 10  # of a curve, over which its heating rate is compared
UNSTEADY, NO_RAMP = 0.05, 0.25  # of the heating rate, in a stretch: worth a warning; no ramp at all
ANOTHER_PEAK = 0.1  # of the largest: maxima above it are counted
OTHER_SIDE = 0.05  # of the peak: a heat flow that lies further on the other side of its baseline is said
STANDS_OUT = 0.02  # of the largest: what a maximum rises above the valleys beside it
FEW_ROWS = 13  # on the top of a peak, for a polynomial of sixth degree
TOP = 0.7  # of the peak: points above it give its temperature
END_ROWS = 100  # the first and the last of so many parts of the rows carry the baseline
BACKWARDS = 0.02  # a conversion may fall by noise, not by more


class Table(NamedTuple):
    """What a file holds: the line of each row; columns in SI and their names in the file, by what they are."""

    file: str
    lines: list[int]
    columns: dict[str, Floats]
    names: dict[str, str]
    per_mass: bool

    def refuse(self, what: str, row: int | None, text: str) -> CaseError:
        """A mistake in a column."""
        return _refuse(self.file, None if row is None else self.lines[row], self.names.get(what, ""), text)


class Curve(NamedTuple):
    """One ramp. Arrays (n,): time [s], temperature [K], conversion [-], its rate [1/s]."""

    file: str
    heating_rate: float  # K/s
    time: Floats
    temperature: Floats
    conversion: Floats
    conversion_rate: Floats
    peak_temperature: float  # K, where the rate is largest
    heat: float | None  # J/kg, where the heat flow is per mass
    unsteadiness: float  # the largest difference of the heating rate in a tenth of the curve, over the heating rate
    warnings: tuple[str, ...]


def read_curves(paths: Sequence[Path]) -> list[Curve]:
    """Every curve. Raises CaseError with the mistakes of all files."""
    curves, mistakes = [], []
    for path in paths:
        try:
            curves.append(read_curve(path))
        except CaseError as error:
            mistakes += error.mistakes
    if mistakes:
        raise CaseError(mistakes)
    return curves


def read_curve(path: Path) -> Curve:
    """A curve from a CSV file; lines that begin with # are remarks, columns of other names are left alone.

    Raises
    ------
    CaseError with file, line, column, what was found and what is wanted.
    """
    table = _table(path)
    columns, temperature, given = table.columns, table.columns["temperature"], table.columns.get("heating rate")
    warnings: list[str] = []
    if given is not None:
        _one_rate(table, given)
    if "time" in columns:
        _rising(table, "time")
        time = columns["time"]
    else:
        assert given is not None
        _rising(table, "temperature")
        time = (temperature - temperature[0]) / given[0]
    rate, unsteadiness = _ramp(table, time, warnings)
    if given is not None:
        if abs(rate / given[0] - 1.0) > UNSTEADY:
            warnings.append(
                f"the column says {given[0] * 60.0:.4g} K/min, time and temperature {rate * 60.0:.4g} K/min; the column is taken"
            )
        rate = float(given[0])
    heat = None
    if "conversion" in columns:
        conversion = _known_conversion(table)
        speed = np.gradient(conversion, time)
    else:
        conversion, speed, area = _from_heat_flow(table, time, warnings)
        heat = area if table.per_mass else None
        other = -float(speed.min() / speed.max())
        if other > max(OTHER_SIDE, 8.0 * _noise(speed) / float(speed.max())):
            warnings.append(f"the heat flow lies on the other side of its straight baseline by up to {100.0 * other:.0f} % of the peak")
    n_maxima = _maxima(speed)
    if n_maxima > 1:
        warnings.append(
            f"{n_maxima} maxima above {100.0 * ANOTHER_PEAK:.0f} % of the largest; one peak is assumed, E of several is a mixture"
        )
    peak = _peak_temperature(table, speed, warnings)
    return Curve(table.file, rate, time, temperature, conversion, speed, peak, heat, unsteadiness, tuple(warnings))


def at_conversions(curve: Curve, conversions: Floats) -> tuple[Floats, Floats]:
    """Temperature [K] and rate [1/s] where a curve first reaches conversions, linear between rows; nan where it does not."""
    reached = np.maximum.accumulate(curve.conversion)
    above = np.searchsorted(reached, conversions)
    inside = (above > 0) & (above < len(reached))
    last = np.clip(above, 1, len(reached) - 1)
    share = (conversions - reached[last - 1]) / np.where(inside, reached[last] - reached[last - 1], 1.0)

    def between(values: Floats) -> Floats:
        return np.where(inside, values[last - 1] + share * (values[last] - values[last - 1]), np.nan)

    return between(curve.temperature), between(curve.conversion_rate)


def _refuse(name: str, line: int | None, column: str, text: str) -> CaseError:
    return CaseError([Mistake(name, line, column, text)])


def _table(path: Path) -> Table:
    """A CSV file as columns of numbers. Raises CaseError with every cell that is none."""
    name = str(path)
    (line, head), *rows = rows_of(path, LARGEST_CURVE, "a curve file")
    head = [cell.strip() for cell in head]
    used = _known_columns(name, line, head)
    mistakes: list[Mistake] = []
    numbers = []
    for n, row in rows:
        if len(mistakes) > MOST_MISTAKES:
            break
        numbers.append(_numbers(name, n, row, head, used, mistakes))
    if mistakes:
        raise CaseError(mistakes)
    if len(rows) < LEAST_ROWS:
        raise _refuse(name, None, "", f"has {len(rows)} rows of numbers; at least {LEAST_ROWS} are wanted")
    lines, values = [n for n, _ in rows], np.array(numbers).T
    columns, names = dict(zip(used, values, strict=True)), {what: head[place.at] for what, place in used.items()}
    if names["temperature"] == "sample_K" and "time" in columns:
        # a history of this program has two rows where something happens
        kept = np.append(np.diff(columns["time"]) > 0.0, True)
        columns = {what: column[kept] for what, column in columns.items()}
        lines = [n for n, keep in zip(lines, kept, strict=True) if keep]
    table = Table(name, lines, columns, names, used.get("heat flow", Place(0, None, "")).dimension == "specific power")
    cold = np.flatnonzero(columns["temperature"] <= 0.0)
    if len(cold):
        row_number = int(cold[0])
        raise table.refuse("temperature", row_number, f"must be above absolute zero, got {columns['temperature'][row_number]:g} K")
    return table


class Place(NamedTuple):
    """Which column, how its numbers become SI (None: as they are), and their dimension."""

    at: int
    scale: Scale | None
    dimension: str


def _place(column: str, i: int) -> tuple[str, Place] | None:
    """What a column is, by its name and the unit in it; None where it is none that is read."""
    plain, unit = name_and_unit(column, DIMENSIONS)
    for what, kind in KINDS.items():
        if plain not in kind.names:
            continue
        if not kind.dimensions and unit is None:
            return what, Place(i, None, "number")
        for dimension in kind.dimensions:
            scale = scale_of(unit, dimension) if unit else None
            if scale:
                return what, Place(i, scale, dimension)
    return None


def _known_columns(name: str, line: int, head: list[str]) -> dict[str, Place]:
    """Where the columns that are read stand. Raises CaseError for what is missing or there twice."""
    used: dict[str, Place] = {}
    for i, column in enumerate(head):
        found = _place(column, i)
        if found is None:
            continue
        what, place = found
        before = used.get(what)
        if before is not None and before.dimension != place.dimension:  # the same heat flow, per mass and not: that per mass is taken
            used[what] = min(before, place, key=lambda one: KINDS[what].dimensions.index(one.dimension))
        elif before is not None:
            raise _refuse(name, line, column, f"there is a column of {what} already, {head[before.at]!r}; one is wanted")
        else:
            used[what] = place
    if {"heat flow", "conversion"} <= used.keys():
        raise _refuse(name, line, "", "has columns of heat flow and of conversion; one of them is wanted")
    for wanted in (("temperature",), ("heat flow", "conversion"), ("time", "heating rate")):
        if not used.keys() & set(wanted):
            unitless = [(known, None) for what in wanted for known in KINDS[what].names]
            bare = [column for column in head if name_and_unit(column, DIMENSIONS) in unitless]
            listed = ", ".join(repr(shortened(column, 30)) for column in head[:6]) + (", ..." if len(head) > 6 else "")
            found_text = f"{shortened(bare[0], 40)!r} states no unit" if bare else f"found {listed}"
            examples = ", ".join(KINDS[w].example for w in wanted)
            raise _refuse(name, line, "", f"there is no column of {' or '.join(wanted)}, such as {examples}; {found_text}")
    return used


def _numbers(name: str, line: int, row: list[str], head: list[str], used: dict[str, Place], mistakes: list[Mistake]) -> list[float]:
    """The cells that are read of one row, in SI; what is no number goes to `mistakes`."""
    if len(row) != len(head):
        mistakes.append(Mistake(name, line, "", f"{len(head)} cells are wanted as in the line of names, found {len(row)}"))
        return [math.nan] * len(used)
    found = []
    for place in used.values():
        cell = row[place.at]
        try:
            value = float(cell) if place.scale is None else place.scale(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in cell:
            text = repr(shortened(cell.strip(), 30)) if cell.strip() else "nothing"
            mistakes.append(Mistake(name, line, head[place.at], f"a number is wanted, found {printable(text)}"))
        found.append(value)
    return found


def _rising(table: Table, what: str) -> None:
    values = table.columns[what]
    falls = np.flatnonzero(np.diff(values) <= 0.0)
    if len(falls):
        i, unit = int(falls[0]), {"time": "s", "temperature": "K"}[what]
        where = "" if what == "time" else "where there is no time it "
        raise table.refuse(what, i + 1, f"{where}must rise from row to row, got {values[i + 1]:.6g} {unit} after {values[i]:.6g} {unit}")


def _one_rate(table: Table, rates: Floats) -> None:
    """A heating rate in a column is one for the whole curve."""
    if not rates[0] > 0.0:
        raise table.refuse("heating rate", 0, f"must be above 0, got {rates[0] * 60.0:g} K/min")
    other = np.flatnonzero(np.abs(rates - rates[0]) > 1e-6 * rates[0])
    if len(other):
        i = int(other[0])
        text = f"one for the whole curve is wanted, got {rates[i] * 60.0:.6g} K/min after {rates[0] * 60.0:.6g} K/min"
        raise table.refuse("heating rate", i, text)


def _ramp(table: Table, time: Floats, warnings: list[str]) -> tuple[float, float]:
    """The heating rate [K/s] by a straight line, and by how much that of a tenth of the curve differs from it."""
    temperature = table.columns["temperature"]
    rate = float(linregress(time, temperature).slope)
    if not rate > 0.0:
        raise table.refuse("temperature", None, f"is not a ramp: a rising temperature is wanted, found {rate * 60.0:.3g} K/min")
    marks = np.linspace(time[0], time[-1], STRETCHES + 1)
    rates = np.diff(np.interp(marks, time, temperature)) / np.diff(marks)
    worst = int(np.argmax(np.abs(rates - rate)))
    off = float(abs(rates[worst] / rate - 1.0))
    between = f"{marks[worst]:.6g} and {marks[worst + 1]:.6g} s"
    found = f"{rates[worst] * 60.0:.3g} K/min between {between}, {rate * 60.0:.3g} K/min over all"
    if off > NO_RAMP:
        raise table.refuse("temperature", None, f"is not a ramp: one heating rate is wanted, found {found}; cut the file to its ramp")
    if off > UNSTEADY:
        warnings.append(f"the heating rate is not steady: {found}")
    return rate, off


def _known_conversion(table: Table) -> Floats:
    """Conversion as it stands in a file. Raises CaseError for per cents and for one that goes back."""
    conversion = table.columns["conversion"]
    outside = np.flatnonzero((conversion < -0.05) | (conversion > 1.05))
    if len(outside):
        i = int(outside[0])
        raise table.refuse("conversion", i, f"goes from 0 to 1, got {conversion[i]:g}; is it in per cent, or the part that is left?")
    fallen = np.maximum.accumulate(conversion) - conversion
    i = int(np.argmax(fallen))
    if fallen[i] > BACKWARDS:
        text = f"rises from 0 to 1, got {conversion[i]:g} after {conversion[i] + fallen[i]:g}; is it the part that is left?"
        raise table.refuse("conversion", i, text)
    return conversion


def _from_heat_flow(table: Table, time: Floats, warnings: list[str]) -> tuple[Floats, Floats, float]:
    """Conversion, its rate [1/s] and the area [J or J/kg] above a straight line from one end to the other.

    The line goes through the means of the first and the last hundredth of the rows: one noisy point at an end moves the area of a
    narrow peak by some per cent.
    """
    flow = table.columns["heat flow"]
    few = max(1, len(flow) // END_ROWS)
    start, end, first, last = (float(np.mean(x)) for x in (time[:few], time[-few:], flow[:few], flow[-few:]))
    above = flow - (first + (last - first) * (time - start) / (end - start))
    running = np.concatenate([[0.0], np.cumsum(0.5 * (above[1:] + above[:-1]) * np.diff(time))])
    area = float(running[-1])
    if not abs(area) > 1e-9 * float(np.abs(flow).max()) * float(time[-1] - time[0]):
        raise table.refuse("heat flow", None, "no peak: nothing lies above the straight line from one end to the other")
    if area < 0.0:
        warnings.append("the peak points down; it is taken as heat released downwards, or as an endothermic step")
    return running / area, above / area, area


def _maxima(speed: Floats) -> int:
    """How many maxima above 10 % of the largest there are, beyond the noise between neighbours."""
    largest = float(speed.max())
    return len(find_peaks(speed, height=ANOTHER_PEAK * largest, prominence=max(STANDS_OUT * largest, 8.0 * _noise(speed)))[0])


def _noise(values: Floats) -> float:
    """The standard deviation of what changes from row to row, by the median of second differences."""
    return 1.4826 * float(np.median(np.abs(np.diff(values, 2)))) / math.sqrt(6.0)


def _peak_temperature(table: Table, speed: Floats, warnings: list[str]) -> float:
    """Where the rate is largest [K]: the top of a polynomial of sixth degree through the points above 70 % of the maximum.

    Of few points there, that of a parabola through the largest and its neighbours.
    """
    temperature, top = table.columns["temperature"], int(np.argmax(speed))
    if top in (0, len(speed) - 1):
        raise _refuse(table.file, None, "", f"no peak: the largest rate is in the {'first' if top == 0 else 'last'} row")
    below = np.flatnonzero(speed < TOP * speed[top])
    first, last = int(below[below < top].max(initial=-1)) + 1, int(below[below > top].min(initial=len(speed)))
    if last - first < FEW_ROWS:
        warnings.append(
            f"{last - first} rows above {100.0 * TOP:.0f} % of the peak are few: its temperature is the top of a parabola through three"
        )
        first, last = top - 1, top + 2
    x = temperature[first:last] - temperature[top]
    scale = float(np.abs(x).max())
    fitted = np.polynomial.Polynomial.fit(x / scale, speed[first:last], 6 if last - first > 3 else 2, domain=[-1.0, 1.0])
    roots = fitted.deriv().roots()
    flat = np.real(roots[np.abs(np.imag(roots)) < 1e-9])
    flat = flat[(flat >= x.min() / scale) & (flat <= x.max() / scale)]
    return float(temperature[top] + (scale * flat[np.argmax(fitted(flat))] if len(flat) else 0.0))
