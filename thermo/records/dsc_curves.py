"""Curves of a scanning calorimeter: temperature and heat flow, or conversion, on a ramp; conversion, its rate and its peak.

    time_s,temperature_C,heat_flow_W_per_g

`columns` says which tables are read; columns are known by name and unit (`Temp./°C`, `DSC/(mW/mg)`). Conversion is the running area
above the baseline over the whole. One peak a curve is assumed; its rates are not smoothed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks
from scipy.stats import linregress

from thermo.base.constants import ZERO_CELSIUS
from thermo.base.errors import CaseError, Mistake, among, shortened
from thermo.casefile.columns import Sheet, name_and_unit, read_sheet, scale_of
from thermo.casefile.units import Scale, UnitError
from thermo.records.baselines import END_ROWS, STRAIGHT, TANGENTIAL, Baseline, points_down, prominence, straight, tangential
from thermo.records.record import Place, clock_column, numbers, said_column

Floats = npt.NDArray[np.float64]


class Kind(NamedTuple):
    """A column that a curve may have: the names it goes by, the dimensions of its numbers (of none: a plain number), an example."""

    names: tuple[str, ...]
    dimensions: tuple[str, ...]
    example: str


KINDS = {
    "time": Kind(("time", "t"), ("time",), "time_s or 't [min]'"),
    "temperature": Kind(
        ("temperature", "temp", "sample", "sample temperature", "t", "ts", "sample temp"),
        ("temperature",),
        "temperature_C or 'T [K]'",
    ),
    "heat flow": Kind(
        (
            "heat flow",
            "heatflow",
            "dsc",
            "hf",
            "heat flow rate",
            "heat flow (normalized)",
            "normalized heat flow",
            "specific heat flow",
            "signal",
        ),
        ("specific power", "power"),
        "heat_flow_W_per_g or 'DSC/(mW/mg)'",
    ),
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
FEW_ROWS = 13  # on the top of a peak, below which it is said
# polynomials that give the temperature of a peak: through the points above a share of it, rows that takes, degree; the first that fits.
# Without noise the first is off by 0.001 K; above 1 % of noise the others scatter less
POLYNOMIALS = ((0.8, FEW_ROWS, 5), (0.7, FEW_ROWS, 5), (0.7, 7, 4), (0.6, 7, 4), (0.5, 5, 3))
NOISY, NOISY_POLYNOMIALS = 0.01, ((0.7, FEW_ROWS, 4), *POLYNOMIALS[2:])
MOVES = 0.05  # of the area: more than this, and it is said what the baseline makes of it
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
    heats: dict[str, float]  # J/kg or J, by each baseline; empty for a conversion that is read
    baseline: str | None  # that is taken
    unsteadiness: float  # the largest difference of the heating rate in a tenth of the curve, over the heating rate
    warnings: tuple[str, ...]


class Reading(NamedTuple):
    """What the caller says of curve files.

    columns : of `time`, `temperature`, `heat flow`, `conversion`, `heating rate`: name, number, either with `:unit`
    between : temperatures [K] to which the curves are cut, or None at an end
    baseline : "straight" or "tangential"; None: straight, unless that moves the area of a curve by more than 5 %
    exotherm : "up" or "down"; None: as the highest peak over its own surroundings points
    decimal : "comma" or "point"
    """

    columns: dict[str, str] = {}
    between: tuple[float | None, float | None] = (None, None)
    baseline: str | None = None
    exotherm: str | None = None
    decimal: str | None = None


def read_curves(paths: Sequence[Path], reading: Reading | None = None) -> list[Curve]:
    """Every curve, all above the same kind of baseline. Raises CaseError with the mistakes of all files."""
    reading = reading or Reading()
    curves, mistakes = [], []
    for path in paths:
        try:
            curves.append(read_curve(path, reading))
        except CaseError as error:
            mistakes += error.mistakes
    if mistakes:
        raise CaseError(mistakes)
    if len({curve.baseline for curve in curves}) > 1:
        return [read_curve(path, reading._replace(baseline=TANGENTIAL)) for path in paths]
    return curves


def read_curve(path: Path, reading: Reading | None = None) -> Curve:
    """A curve from a file; columns of other names are left alone.

    Raises
    ------
    CaseError with file, line, column, what was found and what is wanted.
    """
    reading = reading or Reading()
    table = _table(path, reading)
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
                f"the column gives {given[0] * 60.0:.4g} K/min, time and temperature give {rate * 60.0:.4g} K/min; the column is used"
            )
        rate = float(given[0])
    heat, heats, name = None, dict[str, float](), None
    if "conversion" in columns:
        conversion = _known_conversion(table)
        speed = np.gradient(conversion, time)
    else:
        base, heats = _above_baseline(table, time, reading, warnings)
        conversion, speed, name = base.conversion, base.rate, base.name
        heat = base.area if table.per_mass else None
        other = -float(speed.min() / speed.max())
        if other > max(OTHER_SIDE, 8.0 * _noise(speed) / float(speed.max())):
            warnings.append(f"the heat flow lies on the other side of its {name} baseline by up to {100.0 * other:.0f} % of the peak")
    n_maxima = _maxima(speed)
    if n_maxima > 1:
        warnings.append(
            f"{n_maxima} maxima above {100.0 * ANOTHER_PEAK:.0f} % of the largest; one peak is assumed, so E of several peaks is a mixture"
        )
    peak = _peak_temperature(table, speed, warnings)
    return Curve(table.file, rate, time, temperature, conversion, speed, peak, heat, heats, name, unsteadiness, tuple(warnings))


def _above_baseline(table: Table, time: Floats, reading: Reading, warnings: list[str]) -> tuple[Baseline, dict[str, float]]:
    """The heat flow above the baseline that is taken, and the area above each [J or J/kg]."""
    flow = table.columns["heat flow"]
    if not _prominent(flow):
        raise table.refuse("heat flow", None, "no peak: nothing lies above the straight line from one end to the other")
    down = reading.exotherm == "down" if reading.exotherm else points_down(flow)
    if down:
        if not reading.exotherm:
            warnings.append("the peak points down and is inverted: it is read as heat released downwards, or as an endothermic step")
        flow = -flow
    both = {STRAIGHT: straight(time, flow), TANGENTIAL: tangential(time, flow)}
    heats = {name: -base.area if down else base.area for name, base in both.items()}
    first, second = heats[STRAIGHT], heats[TANGENTIAL]
    moves = abs(first / second - 1.0) if second else math.inf
    ends = math.sqrt(max(1, len(flow) // END_ROWS))
    by_noise = 2.0 * _noise(flow) / ends * float(time[-1] - time[0]) / math.sqrt(2.0) / abs(second) if second else 0.0
    matters = moves > max(MOVES, by_noise)
    name = reading.baseline or (TANGENTIAL if matters else STRAIGHT)
    if matters:
        unit = "J/g" if table.per_mass else "J"
        scale = 1e-3 if table.per_mass else 1.0
        warnings.append(
            f"the baseline changes the area by {100.0 * moves:.0f} %: {first * scale:.4g} {unit} above a straight one from end to end, "
            f"{second * scale:.4g} {unit} above the tangent to both sides of the peak; the {name} one is used"
        )
    if not both[name].area > 0.0:
        raise table.refuse("heat flow", None, f"no peak: nothing lies above the {name} baseline")
    return both[name]._replace(area=heats[name]), heats


def read_scan(path: Path, reading: Reading | None = None) -> Table:
    """The columns of a curve as they stand, nothing taken off, its time rising. Raises CaseError as `read_curve` does."""
    table = _table(path, reading or Reading())
    if "time" in table.columns:
        _rising(table, "time")
    return table


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


def _table(path: Path, reading: Reading) -> Table:
    """A file as columns of numbers, cut as the caller says. Raises CaseError with every cell that is none."""
    name = str(path)
    sheet = read_sheet(path, LARGEST_CURVE, "a curve file", reading.decimal)
    used = _known_columns(name, sheet, reading.columns)
    head, rows = sheet.names, sheet.rows
    mistakes = [
        Mistake(name, n, "", f"{len(head)} cells are needed, as in the line of names, found {len(row)}")
        for n, row in rows
        if len(row) != len(head)
    ]
    if mistakes:
        raise CaseError(mistakes)
    columns = {what: numbers(name, rows, head, place, False, mistakes) for what, (place, _) in used.items()}
    if mistakes:
        raise CaseError(mistakes)
    names = {what: head[place.at] for what, (place, _) in used.items()}
    kept = np.ones(len(rows), bool)
    if names["temperature"] == "sample_K" and "time" in columns:
        kept = np.append(np.diff(columns["time"]) > 0.0, True)  # a history of this program has two rows where something happens
    low, high = reading.between
    if low is not None or high is not None:
        kept &= _within(columns["temperature"], low, high)
        if not kept.any():
            found = columns["temperature"] - ZERO_CELSIUS
            raise _refuse(
                name, None, "", f"no row lies between --from and --to; the curve goes from {found.min():.1f} to {found.max():.1f} degC"
            )
    if np.count_nonzero(kept) < LEAST_ROWS:
        raise _refuse(name, None, "", f"has {np.count_nonzero(kept)} rows of numbers; at least {LEAST_ROWS} are needed")
    columns = {what: column[kept] for what, column in columns.items()}
    lines = [n for (n, _), keep in zip(rows, kept, strict=True) if keep]
    table = Table(name, lines, columns, names, used["heat flow"][1] == "specific power" if "heat flow" in used else False)
    cold = np.flatnonzero(columns["temperature"] <= 0.0)
    if len(cold):
        row_number = int(cold[0])
        raise table.refuse("temperature", row_number, f"must be above absolute zero, got {columns['temperature'][row_number]:g} K")
    return table


NEIGHBOURS = 3  # rows beyond an end by noise, which do not part a segment


def _within(temperature: Floats, low: float | None, high: float | None) -> npt.NDArray[np.bool_]:
    """The rows of the one segment between two temperatures [K] over which the temperature rises most."""
    inside = (temperature >= (low or 0.0)) & (temperature <= (high or math.inf))
    places = np.flatnonzero(inside)
    if not len(places):
        return inside
    segments = np.split(places, np.flatnonzero(np.diff(places) > NEIGHBOURS) + 1)
    risen = []
    for segment in segments:  # up to where it turns round, for a segment that is heated and cooled without leaving the range
        values = temperature[segment]
        top = int(np.argmax(values))
        begin = int(np.argmin(values[: top + 1]))
        risen.append(segment[begin : top + 1])
    best = max(risen, key=lambda rows: temperature[rows[-1]] - temperature[rows[0]])
    made = np.zeros(len(temperature), bool)
    made[best[0] : best[-1] + 1] = True
    return made


def _known_columns(name: str, sheet: Sheet, said: dict[str, str]) -> dict[str, tuple[Place, str]]:
    """Where the columns that are read stand, with the dimension of each. Raises CaseError for what is missing or in doubt."""
    used: dict[str, tuple[Place, str]] = {}
    mistakes = []
    for what, kind in KINDS.items():
        try:
            found = _said(sheet, said[what], what) if what in said else _found(sheet, what, kind)
        except UnitError as error:
            mistakes.append(Mistake(name, sheet.line, "", str(error)))
            continue
        if found is not None:
            used[what] = found
    if mistakes:
        raise CaseError(mistakes)
    if {"heat flow", "conversion"} <= used.keys():
        for what, other in (("heat flow", "conversion"), ("conversion", "heat flow")):
            if what in said and other not in said:
                del used[other]
    if {"heat flow", "conversion"} <= used.keys():
        raise _refuse(name, sheet.line, "", "has columns of heat flow and of conversion; give one of them")
    for wanted in (("temperature",), ("heat flow", "conversion"), ("time", "heating rate")):
        if not used.keys() & set(wanted):
            raise _refuse(name, sheet.line, "", _missing(sheet, wanted))
    return used


def _missing(sheet: Sheet, wanted: tuple[str, ...]) -> str:
    """What a message says of a column that is not there."""
    head = sheet.names
    if sheet.line is None:
        return f"no line names the columns; tell which of the {len(head)} holds the {wanted[0]}: --{wanted[0].replace(' ', '-')} 1:UNIT"
    unitless = [(known, None) for what in wanted for known in KINDS[what].names]
    bare = [column for column in head if name_and_unit(column, DIMENSIONS) in unitless]
    listed = ", ".join(repr(shortened(column, 30)) for column in head[:6]) + (", ..." if len(head) > 6 else "")
    found = f"{shortened(bare[0], 40)!r} states no unit" if bare else f"found {listed}"
    examples = ", ".join(KINDS[w].example for w in wanted)
    option = f"--{wanted[0].replace(' ', '-')} 'NAME:UNIT'"
    return f"there is no column of {' or '.join(wanted)}, such as {examples}; {found}; name it so, or use {option}"


PLAIN = Scale(Fraction(1), Fraction(0))  # of a column that has no unit


def _said(sheet: Sheet, said: str, what: str) -> tuple[Place, str]:
    """The column that the caller names, and the dimension of its numbers. Raises UnitError."""
    dimensions = KINDS[what].dimensions
    if not dimensions:
        at = sheet.place(said)
        if at is None:
            raise UnitError(f"--{what}: there is no column {shortened(said)!r}{among(said, sheet.names)}")
        return Place(at, PLAIN), "number"
    place, dimension = said_column(sheet, said, what, dimensions)
    return place, dimension


def _found(sheet: Sheet, what: str, kind: Kind) -> tuple[Place, str] | None:
    """The column of a name that is known, or else the only one whose unit fits. Raises UnitError where that leaves a doubt."""
    head = sheet.names
    parts = [name_and_unit(column, DIMENSIONS) for column in head]
    if not kind.dimensions:
        plain = [i for i, (name, unit) in enumerate(parts) if name in kind.names and unit is None]
        return (Place(plain[0], PLAIN), "number") if plain else None
    for dimension in kind.dimensions:
        fits = {i: scale for i, (_, unit) in enumerate(parts) if unit and (scale := scale_of(unit, dimension))}
        named = [i for i in fits if parts[i][0] in kind.names]
        if len(named) > 1:
            listed = ", ".join(repr(head[i]) for i in named)
            raise UnitError(f"more than one column may be the {what}: {listed}; choose one with --{what.replace(' ', '-')}")
        if named:
            return Place(named[0], fits[named[0]]), dimension
    if what == "time" and (clock := clock_column(sheet)) is not None:
        return clock, "time"
    if what in ("temperature", "heat flow", "time"):
        fitting = [
            (i, scale, dimension)
            for dimension in kind.dimensions
            for i, (_, unit) in enumerate(parts)
            if unit and (scale := scale_of(unit, dimension))
        ]
        if len(fitting) == 1:
            i, scale, dimension = fitting[0]
            return Place(i, scale), dimension
    return None


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
        text = f"one rate for the whole curve is needed, got {rates[i] * 60.0:.6g} K/min after {rates[0] * 60.0:.6g} K/min"
        raise table.refuse("heating rate", i, text)


def _ramp(table: Table, time: Floats, warnings: list[str]) -> tuple[float, float]:
    """The heating rate [K/s] by a straight line, and by how much that of a tenth of the curve differs from it."""
    temperature = table.columns["temperature"]
    rate = float(linregress(time, temperature).slope)
    if not rate > 0.0:
        raise table.refuse("temperature", None, f"is not a ramp: the temperature must rise, found {rate * 60.0:.3g} K/min")
    marks = np.linspace(time[0], time[-1], STRETCHES + 1)
    rates = np.diff(np.interp(marks, time, temperature)) / np.diff(marks)
    worst = int(np.argmax(np.abs(rates - rate)))
    off = float(abs(rates[worst] / rate - 1.0))
    between = f"{marks[worst]:.6g} and {marks[worst + 1]:.6g} s"
    found = f"{rates[worst] * 60.0:.3g} K/min between {between}, {rate * 60.0:.3g} K/min over all"
    if off > NO_RAMP:
        raise table.refuse("temperature", None, f"is not a ramp: one heating rate is needed, found {found}; cut the file to its ramp")
    if off > UNSTEADY:
        warnings.append(f"the heating rate is not steady: {found}")
    return rate, off


def _known_conversion(table: Table) -> Floats:
    """Conversion as it stands in a file. Raises CaseError for per cents and for one that goes back."""
    conversion = table.columns["conversion"]
    outside = np.flatnonzero((conversion < -0.05) | (conversion > 1.05))
    if len(outside):
        i = int(outside[0])
        raise table.refuse("conversion", i, f"must be between 0 and 1, got {conversion[i]:g}; is it in per cent, or the unreacted part?")
    fallen = np.maximum.accumulate(conversion) - conversion
    i = int(np.argmax(fallen))
    if fallen[i] > BACKWARDS:
        text = f"must rise from 0 to 1, got {conversion[i]:g} after {conversion[i] + fallen[i]:g}; is it the unreacted part?"
        raise table.refuse("conversion", i, text)
    return conversion


def _prominent(flow: Floats) -> bool:
    """Whether a heat flow has a maximum or a minimum within it."""
    return max(prominence(flow), prominence(-flow)) > 1e-9 * float(np.abs(flow).max())


def _maxima(speed: Floats) -> int:
    """How many maxima above 10 % of the largest there are, beyond the noise between neighbours and the steps of few digits.

    Of the means over a 15th of the rows that are above that.
    """
    level = ANOTHER_PEAK * float(speed.max())
    smooth = uniform_filter1d(speed, max(int(np.count_nonzero(speed > level)) // 15, 1))
    return len(find_peaks(smooth, height=level, prominence=max(STANDS_OUT * float(smooth.max()), 8.0 * _noise(smooth)))[0])


def _noise(values: Floats) -> float:
    """The standard deviation of what changes from row to row, by the median of second differences."""
    return 1.4826 * float(np.median(np.abs(np.diff(values, 2)))) / math.sqrt(6.0)


def _peak_temperature(table: Table, speed: Floats, warnings: list[str]) -> float:
    """Where the rate is largest [K]: the top of a polynomial through the points about the maximum, of fewer than five a parabola's."""
    temperature, top = table.columns["temperature"], int(np.argmax(speed))
    if top in (0, len(speed) - 1):
        raise _refuse(table.file, None, "", f"no peak: the largest rate is in the {'first' if top == 0 else 'last'} row")
    noise = _noise(speed) / float(speed[top])
    for share, rows, power in NOISY_POLYNOMIALS if noise > NOISY else POLYNOMIALS:
        below = np.flatnonzero(speed < (share - 4.0 * noise) * speed[top])
        first, last = int(below[below < top].max(initial=-1)) + 1, int(below[below > top].min(initial=len(speed)))
        if last - first >= rows:
            degree = power
            break
    else:
        first, last, degree = top - 1, top + 2, 2
    if last - first < FEW_ROWS:
        warnings.append(f"the top of the peak has only {last - first} rows: its temperature is uncertain")
    x = temperature[first:last] - temperature[top]
    scale = float(np.abs(x).max())
    fitted = np.polynomial.Polynomial.fit(x / scale, speed[first:last], degree, domain=[-1.0, 1.0])
    roots = fitted.deriv().roots()
    flat = np.real(roots[np.abs(np.imag(roots)) < 1e-9])
    flat = flat[(flat >= x.min() / scale) & (flat <= x.max() / scale)]
    return float(temperature[top] + (scale * flat[np.argmax(fitted(flat))] if len(flat) else 0.0))
