"""A calorimeter's record taken apart: what the heater did, gaps, holds, the rate of every row and where it comes from.

A record may hold a whole test (heat, wait, seek, exotherm), the exotherm alone, or a run of this program, which names its phases.
Where it does not name them they are read from its temperatures:

hold            what lies between two heater steps (see `heated_from_outside`): wait, then one seek window after another
step in a gap   rows a part of a step apart, between which the mean rate is more than the rates on either side account for
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.base.constants import ZERO_CELSIUS
from thermo.onsets import onset
from thermo.records.heated_from_outside import HEATER_RATE, QUIET_RATE, RUNAWAY, Heating, Instrument, heating_of, named_phases
from thermo.records.record_doctor import Record
from thermo.records.slopes import HALF_WINDOW, Scatter, runs_of, scatter, slopes, usual_interval

MOST_IN_GAP = 3.0  # steps of the heater: more is no heater
GAP = 60.0  # s, the shortest gap in which a heater step is looked for
ACCOUNTED = 1.2  # times the rates on either side: what self-heating can have for a mean
FILLED = 0.9  # of the rows of a rate column: with fewer it is filled from the temperatures
FEW_MISSING = 5  # rows: so many are left out of what needs a rate
FITS = 1.5  # times: a rate column further off says something else than the temperatures
SAME_PLACE = 3.0  # K, within which a column and the temperatures reach a rate
AS_RECORDED, FROM_TEMPERATURES, BOTH = "as recorded", "from the temperatures", "as recorded, where missing from the temperatures"


class Hold(NamedTuple):
    """Rows `first` to `last` between two heater steps. `ended`: by "heater", "step" or "fall" in a gap, or "record"."""

    first: int
    last: int
    ended: str


class Gap(NamedTuple):
    """Rows `row` and `row + 1` with something between them: "step" of the heater, "fall" of temperature, or "self-heating"."""

    row: int
    kind: str
    rise: float
    duration: float


def gaps(record: Record, rate: Floats, heated: Any, step: float, sensitivity: float, fall: float) -> list[Gap]:
    """Where a record leaves out what happened.

    A step of the heater is told from self-heating by the rates on either side: self-heating cannot have a mean of more than
    both, and where a heater comes on the rate was near the sensitivity. Temperatures that fall end an exotherm.
    """
    found: list[Gap] = []
    duration, rise = np.diff(record.time), np.diff(record.temperature)
    late = int(np.argmax(record.temperature))
    with np.errstate(invalid="ignore"):
        fast = np.flatnonzero((rate >= RUNAWAY) & ~heated)
    for i in np.flatnonzero((duration >= GAP) & (np.abs(rise) > fall) & ~heated[1:] & ~heated[:-1]):
        gap = Gap(int(i), "", float(rise[i]), float(duration[i]))
        begun = len(fast) > 0 and fast[0] <= i < late  # a runaway, which no dip and no plateau ends
        if begun:
            continue
        if rise[i] < 0.0:
            found += [gap._replace(kind="fall")] if i < late else []
        elif rise[i] >= 0.5 * step:
            beside = rate[np.array([i, min(i + (1 if record.rate is not None else 2), len(rate) - 1)])]
            most = float(np.max(beside[np.isfinite(beside)], initial=0.0))
            around = duration[max(i - 1, 0) : i + 2 : 2]
            if rise[i] > MOST_IN_GAP * step or rise[i] / duration[i] > RUNAWAY:
                around = duration[max(i - 1, 0) : i + 2 : 2]
                found += [gap._replace(kind="self-heating")] if len(around) and duration[i] > 3.0 * around.max() else []
                continue
            if most < 5.0 * sensitivity and rise[i] / duration[i] > ACCOUNTED * most:
                found.append(gap._replace(kind="step"))
            elif len(around) and duration[i] > 3.0 * around.max():
                found.append(gap._replace(kind="self-heating"))
    return found


def holds_of(n_rows: int, heated: Any, found: list[Gap]) -> list[Hold]:
    """The rows between steps of the heater, and between gaps that end an exotherm."""
    cuts = {gap.row: gap.kind for gap in found if gap.kind != "self-heating"}
    made: list[Hold] = []
    for a, b in runs_of(~heated):
        first = a
        for row in sorted(cuts):
            if a <= row < b:
                made.append(Hold(first, row, cuts[row]))
                first = row + 1
        made.append(Hold(first, b, "record" if b == n_rows - 1 else "heater"))
    return made


def numbered(n_rows: int, holds: list[Hold]) -> npt.NDArray[np.int64]:
    """The hold of each row; rows of the heater have numbers of their own."""
    made = -1 - np.arange(n_rows)
    for k, hold in enumerate(holds):
        made[hold.first : hold.last + 1] = k
    return made


class Trace(NamedTuple):
    """A record taken apart. `exact`: its rates and phases are those of a simulation, without noise.

    `rate_from`: "as recorded", "from the temperatures" or both; `remarks`: {code, text, samples} of a rate column that is not used.
    """

    record: Record
    instrument: Instrument
    rate: Floats
    heating: Heating
    holds: list[Hold]
    gaps: list[Gap]
    exact: bool
    spread: Scatter
    rate_from: str
    remarks: list[dict[str, Any]]

    @property
    def heated(self) -> npt.NDArray[np.bool_]:
        """Rows up to which something outside heated."""
        return self.heating.rows

    @property
    def whole(self) -> bool:
        """Whether it shows the heater, so that there are seek windows in it."""
        return bool(self.heated.any()) or not (self.begins_hot or any(gap.kind == "step" for gap in self.gaps))

    @property
    def begins_hot(self) -> bool:
        """Whether the first rows heat themselves: by as much as the sensitivity, within the error of their slope."""
        rate = self.first_rate
        return rate is not None and rate + self.first_rate_error >= self.instrument.sensitivity and rate > 0.0

    @property
    def first_rate(self) -> float | None:
        """The rate with which the record begins [K/s]; None where no row has one."""
        known = self.rate[np.isfinite(self.rate)]
        return float(known[0]) if len(known) else None

    @property
    def first_rate_error(self) -> float:
        """Its standard error [K/s], of the rows that its slope is taken over."""
        if self.exact or self.rate_from != FROM_TEMPERATURES:
            return 0.0
        time, T = self.record.time, self.record.temperature
        rows = int(np.count_nonzero((time <= time[0] + HALF_WINDOW) & (np.abs(T - T[0]) <= self.spread.half_rise)))
        return self.spread.slope_error(float(time[rows - 1] - time[0]), rows) if rows > 2 else 0.0


def first_slopes(record: Record, spread: Scatter) -> Floats:
    """The rate of each row [K/s] before it is known what the heater did."""
    half_window = spread.half_window(usual_interval(record.time))
    return slopes(record.time, record.temperature, np.zeros(len(record.time), np.int64), spread, half_window)


def take_apart(record: Record, instrument: Instrument) -> Trace:
    """Heater, gaps, holds and the rate of each row of a record."""
    exact = record.rate is not None and (named_phases(record) is not None or record.by_its_own)
    spread = Scatter(0.0, 0.0) if exact else scatter(record.time, record.temperature)
    if exact or record.of_a_run:
        rate, source, remarks = record.rate, AS_RECORDED, list[dict[str, Any]]()
    else:
        rate, source, remarks = usable_rate(record, spread, instrument)
    record = record._replace(rate=rate)
    if rate is None:
        rate = first_slopes(record, spread)
    heating = heating_of(record, rate, spread, instrument)
    found = [] if heating.driven else gaps(record, rate, heating.rows, instrument.step, instrument.sensitivity, spread.fall)
    holds = holds_of(len(rate), heating.rows, found)
    if source == FROM_TEMPERATURES and not heating.driven:
        rate = slopes(record.time, record.temperature, numbered(len(rate), holds), spread)
    return Trace(record, instrument, rate, heating, holds, found, exact, spread, source, remarks)


def usable_rate(record: Record, spread: Scatter, instrument: Instrument) -> tuple[Floats | None, str, list[dict[str, Any]]]:
    """The rates [K/s] of a record as far as its column can be used; None where it cannot, where they come from, and why."""
    column = record.columns.get("rate", "rate")
    if record.rate is None:
        return None, FROM_TEMPERATURES, []

    def remark(text: str, rows: Any) -> list[dict[str, Any]]:
        return [{"code": "rate-column", "text": f"the column {column!r} {text}", "samples": [record.sample(int(r)) for r in rows]}]

    taken = "rates are taken from the temperatures"
    known = np.isfinite(record.rate)
    if not known.any():
        return None, FROM_TEMPERATURES, remark(f"is empty: {taken}", [])
    own = first_slopes(record, spread)
    with np.errstate(invalid="ignore"):
        moves = np.isfinite(own) & (np.abs(own) > QUIET_RATE)
        silent = known & (record.rate == 0.0) & moves
        both = known & ~silent & moves & (np.abs(record.rate) > 0.0)
    if silent.any() and not (known & (record.rate != 0.0)).any():
        return None, FROM_TEMPERATURES, remark(f"holds 0 in every row while the temperature moves: {taken}", [])
    if np.count_nonzero(both) >= 5:
        ratio = float(np.median(record.rate[both] / own[both]))
        if not 1.0 / FITS < ratio < FITS:
            return None, FROM_TEMPERATURES, remark(f"has {ratio:.3g} times the rate of the temperatures (median): {taken}", [])
    with np.errstate(invalid="ignore"):
        steps = both & (own > 2.0 * HEATER_RATE) & (own < RUNAWAY) & heating_of(record, own, spread, instrument).rows
    if np.count_nonzero(steps) >= 5 and not 1.0 / FITS < float(np.median(record.rate[steps] / own[steps])) < FITS:
        return None, FROM_TEMPERATURES, remark(f"does not follow the steps of the heater, as a mean or a lag: {taken}", [])
    off = _reached_elsewhere(record, own, known)
    if off:
        return None, FROM_TEMPERATURES, remark(f"{off}: {taken}", [])
    noughts = np.count_nonzero(silent) >= FEW_MISSING  # a logger that writes 0 until there is an exotherm
    missing = ~known | (record.rate == 0.0 if noughts else False)
    if not noughts and np.count_nonzero(missing) <= max((1.0 - FILLED) * len(missing), FEW_MISSING):
        return record.rate, AS_RECORDED, []
    filled = np.where(missing, own, record.rate)
    return (
        filled,
        BOTH,
        remark(f"has no rate{' or 0' if noughts else ''} in {np.count_nonzero(missing)} rows: there {taken}", np.flatnonzero(missing)[:5]),
    )


def _reached_elsewhere(record: Record, own: Floats, known: Any) -> str:
    """In words, where a rate column reaches 10 K/min or 1 K/s at another temperature than the slopes of the temperatures do, or never.

    A mean over the minutes before, a lag, a range that ends, another unit: what a column has that disagrees in a runaway.
    """
    time, T, column = record.time[known], record.temperature[known], record.rate
    assert column is not None
    quiet = np.zeros(len(time), bool)
    for name in ("10 K/min", "1 K/s"):
        level = onset.RATES[name]
        mine = onset.first_reach(level, time, T, np.nan_to_num(own[known]), quiet, onset.LATER_RISE, 10.0)
        theirs = onset.first_reach(level, time, T, column[known], quiet, onset.LATER_RISE, 10.0)
        if mine is None:
            continue
        at = int(np.searchsorted(time, mine["time_s"]))
        within = SAME_PLACE + float(abs(T[min(at + 1, len(T) - 1)] - T[max(at - 2, 0)]))  # what the rows leave open
        if theirs is None:
            return f"never reaches {name}, but the temperatures do"
        if abs(theirs["temperature_K"] - mine["temperature_K"]) > within:
            away = theirs["temperature_K"] - mine["temperature_K"]
            return f"reaches {name} {abs(away):.0f} K {'after' if away > 0.0 else 'before'} the temperatures do"
    return ""


def row_at(trace: Trace, moment: float) -> int:
    """The last row at a time [s]."""
    return max(int(np.searchsorted(trace.record.time, moment + 1e-6, "right")) - 1, 0)


def degrees(kelvin: float) -> str:
    return f"{kelvin - ZERO_CELSIUS:.1f} degC"


def between(trace: Trace, row: int) -> str:
    return f"between samples {trace.record.sample(row)} and {trace.record.sample(row + 1)}"
