"""A calorimeter's record taken apart: rates, holds, seek windows, exotherms.

A record may hold a whole test (heat, wait, seek, exotherm), the exotherm alone, or a run of this program, which names its phases.
Where it does not name them they are read from its temperatures:

hold            what lies between two heater steps (see `heating`): wait, then one seek window after another
step in a gap   rows a part of a step apart, between which the mean rate is more than the rates on either side account for
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.onsets import onset
from thermo.records.heated_from_outside import HEATER_RATE, QUIET_RATE, RUNAWAY, SUDDEN, Heating, Instrument, heating_of, named_phases
from thermo.records.record_doctor import Record
from thermo.records.slopes import HALF_WINDOW, Scatter, line, runs_of, scatter, slopes, usual_interval

MOST_IN_GAP = 3.0  # steps of the heater: more is no heater
GAP = 60.0  # s, the shortest gap in which a heater step is looked for
ACCOUNTED = 1.2  # times the rates on either side: what self-heating can have for a mean


class Hold(NamedTuple):
    """Rows `first` to `last` between two heater steps. `ended`: by "heater", "step" or "fall" in a gap, or "record"."""

    first: int
    last: int
    ended: str


class Window(NamedTuple):
    """A seek window: its ends [s], mean rate and the standard error of that [K/s], temperatures at its ends [K]."""

    start: float
    end: float
    rate: float
    error: float
    cool: float
    warm: float


# --- what the instrument did ---


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


# --- windows and exotherms ---


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


AS_RECORDED, FROM_TEMPERATURES, BOTH = "as recorded", "from the temperatures", "as recorded, where missing from the temperatures"


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
            return f"never has {name} while the temperature rises so"
        if abs(theirs["temperature_K"] - mine["temperature_K"]) > within:
            away = theirs["temperature_K"] - mine["temperature_K"]
            return f"has {name} {abs(away):.0f} K {'after' if away > 0.0 else 'before'} the temperature rises so"
    return ""


DOUBTFUL = 0.2  # of the sensitivity: a standard error above it moves a detection by itself
FILLED = 0.9  # of the rows of a rate column: with fewer it is filled from the temperatures
FEW_MISSING = 5  # rows: so many are left out of what needs a rate
FITS = 1.5  # times: a rate column further off says something else than the temperatures
SAME_PLACE = 3.0  # K, within which a column and the temperatures reach a rate


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
            return None, FROM_TEMPERATURES, remark(f"has {ratio:.3g} times the rate of the temperatures, in the median: {taken}", [])
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


def waits(trace: Trace) -> list[float]:
    """How long after its beginning the first seek window of each hold opens [s].

    From the phases where they are named, else what the caller says, else what a hold that ended in a heater step usually has
    beside its seek window. Without any such hold, nothing.
    """
    time, seek = trace.record.time, trace.instrument.seek
    phase = named_phases(trace.record)
    if phase is not None:
        opened = []
        for hold in trace.holds:
            after = np.flatnonzero(phase[hold.first : hold.last + 1] != "wait")
            opened.append(float(time[hold.first + after[0]] - time[hold.first]) if len(after) else math.inf)
        return opened
    wait = trace.instrument.wait
    if wait is None:
        lengths = [time[hold.last] - time[hold.first] for hold in trace.holds if hold.ended == "heater"]
        wait = max(float(np.median(lengths)) - seek, 0.0) if lengths else 0.0
    return [wait] * len(trace.holds)


def seek_of_phases(trace: Trace) -> float | None:
    """How long the seek windows are [s] that a record names and that found nothing; None where it names none."""
    phase, time = named_phases(trace.record), trace.record.time
    if phase is None:
        return None
    ended = [(a, b + 1) for a, b in runs_of(phase == "seek") if b + 1 < len(phase) and phase[b + 1] == "heat"]
    return float(np.median([time[b] - time[a] for a, b in ended])) if ended else None


def window(trace: Trace, start: float, end: float) -> Window:
    """A seek window: the mean rate, for which on a noisy record the least-squares slope stands."""
    record = trace.record
    cool, warm = (float(np.interp(t, record.time, record.temperature)) for t in (start, end))
    rows = slice(int(np.searchsorted(record.time, start - 1e-6)), int(np.searchsorted(record.time, end + 1e-6, "right")))
    mean = (warm - cool) / (end - start)
    if trace.exact:
        return Window(start, end, mean, 0.0, cool, warm)
    if rows.stop - rows.start < 5 or record.time[rows.stop - 1] - record.time[rows.start] < 0.5 * (end - start):
        # so few rows: the last may have a share of the heater's next step
        shorter = np.diff(record.temperature[rows]) / np.diff(record.time[rows])
        return Window(start, end, mean, float(np.abs(mean - shorter).max(initial=0.0)), cool, warm)
    slope, error = line(record.time[rows], record.temperature[rows])
    span = float(record.time[rows.stop - 1] - record.time[rows.start])
    return Window(start, end, slope, max(error, trace.spread.slope_error(span, rows.stop - rows.start)), cool, warm)


def windows(trace: Trace, hold: Hold, wait: float, until: float) -> list[Window]:
    """The seek windows of a hold, one after another; the last may miss a tenth of its length, as rows do not mark its end."""
    time, seek = trace.record.time, trace.instrument.seek
    start, stop = float(time[hold.first]) + wait, min(float(time[hold.last]), until)
    made = []
    while start + 0.9 * seek <= stop:
        made.append(window(trace, start, min(start + seek, stop)))
        start += seek
    return made


CLEAR = 3.0  # standard errors by which a rate is told from the sensitivity


def detects(trace: Trace, hold: Hold, found: Window) -> bool:
    """Whether a window's rate reaches the sensitivity.

    Where it does so within three standard errors of its own slope, what the instrument did decides: it heats on at once where it
    found nothing, and stays where it found an exotherm.
    """
    reached = found.rate >= trace.instrument.sensitivity
    if abs(found.rate - trace.instrument.sensitivity) > CLEAR * found.error or trace.exact:
        return reached
    left = float(trace.record.time[hold.last]) - found.end
    if hold.first > 0 and trace.heating.steps and left > 0.5 * trace.instrument.seek and found.rate > 0.0:
        return True  # an instrument that heats on where it finds nothing has stayed
    if hold.ended == "heater" and (left <= 0.5 * trace.instrument.seek or hold.first == 0):
        return False
    # nothing but the rows tells: they must do so by a standard error where that is large
    return reached and (found.error < DOUBTFUL * trace.instrument.sensitivity or found.rate - found.error >= trace.instrument.sensitivity)


def exotherms(trace: Trace, peak_time: float | None) -> tuple[list[dict[str, Any]], Window | None]:
    """Every exotherm, and the last window before the first of them.

    Parameters
    ----------
    peak_time : float [s], of the maximum of a runaway that the record holds; None where there is none

    Returns
    -------
    list of {start: {temperature_K, time_s, ...}, end: {temperature_K, time_s, reason, margin}, rise_K, duration_s}; one that cools to
    below its start is over at its maximum
    """
    if trace.heating.driven:
        return _failure(trace), None
    if not trace.whole:
        return _segments(trace, peak_time), None
    made: list[dict[str, Any]] = []
    missed: Window | None = None
    until = math.inf if peak_time is None else peak_time
    begins, top = _runaway(trace)
    for hold, wait in zip(trace.holds, waits(trace), strict=True):
        if trace.record.time[hold.first] >= until:
            break
        begun: dict[str, Any] | None = None
        clear, doubtful = False, None
        for found in windows(trace, hold, wait, until):
            if detects(trace, hold, found):
                begun = begun or _detected(trace, found)
                if doubtful is not None:
                    begun["known_to_K"] = [min(doubtful - begun["temperature_K"], 0.0), 0.0]
                clear = clear or trace.exact or found.rate - trace.instrument.sensitivity > CLEAR * found.error
            elif begun and not begins <= found.end <= top:  # a plateau does not end a runaway that goes on
                stayed = float(trace.record.time[hold.last]) - found.end > trace.instrument.seek  # so the instrument saw no end
                if clear or not stayed:
                    made.append(_ended(trace, begun, found.end, found.warm, CESSATION, found.rate))
                else:  # noise: the first such window is where the exotherm can begin at the earliest
                    doubtful = begun["temperature_K"] if doubtful is None else min(doubtful, begun["temperature_K"])
                    missed = missed if made else found
                begun, clear = None, False
            elif not made and not begun:
                missed = found
        last = min(float(trace.record.time[hold.last]), until)
        warm = float(np.interp(last, trace.record.time, trace.record.temperature))
        if begun is None and hold.ended == "record" and not (made and made[-1]["end"]["time_s"] >= last):
            begun = _unseen(trace, hold, last)
            if begun and warm <= begun["temperature_K"]:  # the end of a heater step, and cooling after it
                begun = None
        if begun:
            made.append(_ended(trace, begun, last, warm, "maximum" if last == until else ENDS[hold.ended], None))
    return made, missed


def _runaway(trace: Trace) -> tuple[float, float]:
    """When a runaway began, by 10 K/min, and when it has its maximum [s]; infinite where there is none."""
    time, T = trace.record.time, trace.record.temperature
    with np.errstate(invalid="ignore"):
        fast = np.flatnonzero((trace.rate >= RUNAWAY) & ~trace.heated)
    if not len(fast):
        return math.inf, math.inf
    again = np.flatnonzero(trace.heated[fast[0] :])
    last = int(fast[0]) + (int(again[0]) if len(again) else len(T) - int(fast[0]))
    return float(time[fast[0]]), float(time[int(fast[0]) + int(np.argmax(T[fast[0] : last]))])


CESSATION = "rate below the sensitivity"
ENDS = {
    "heater": "the heater came on",
    "step": "a heater step followed, which is not recorded",
    "fall": "the temperature fell in a gap",
    "record": "end of the record",
}


def _detected(trace: Trace, found: Window) -> dict[str, Any]:
    sensitivity = trace.instrument.sensitivity
    return {
        "temperature_K": found.warm,
        "temperature_start_of_window_K": found.cool,
        "time_s": found.end,
        "criterion": f"mean rate over the seek window >= {sensitivity * 60.0:g} K/min",
        "rate_K_per_s": found.rate,
        "rate_error_K_per_s": found.error,
        "margin": found.rate / sensitivity - 1.0,
    }


def _unseen(trace: Trace, hold: Hold, until: float) -> dict[str, Any] | None:
    """A runaway that comes before a seek window of its hold is over."""
    rows = slice(hold.first, hold.last + 1)
    with np.errstate(invalid="ignore"):
        high = np.flatnonzero((trace.rate[rows] >= onset.RATES["1 K/min"]) & (trace.record.time[rows] <= until))
    if not len(high):
        return None
    row = hold.first + int(high[0])
    return _at_row(trace, row, "first row above 1 K/min, with no seek window before it")


def _at_row(trace: Trace, row: int, criterion: str) -> dict[str, Any]:
    """A beginning at a row: its own rate, or that to the next row of its hold where there is none before it."""
    time, T, rate = trace.record.time, trace.record.temperature, float(trace.rate[row])
    if not math.isfinite(rate) and any(hold.first <= row < hold.last for hold in trace.holds) and time[row + 1] > time[row]:
        rate = float((T[row + 1] - T[row]) / (time[row + 1] - time[row]))
    known = math.isfinite(rate)
    return {
        "temperature_K": float(trace.record.temperature[row]),
        "temperature_start_of_window_K": None,
        "time_s": float(trace.record.time[row]),
        "criterion": criterion,
        "rate_K_per_s": rate if known else None,
        "rate_error_K_per_s": None,
        "margin": rate / trace.instrument.sensitivity - 1.0 if known else None,
    }


def _ended(trace: Trace, begun: dict[str, Any], time: float, temperature: float, reason: str, rate: float | None) -> dict[str, Any]:
    if temperature < begun["temperature_K"] - trace.spread.fall:  # it is over before
        first, last = np.searchsorted(trace.record.time, (begun["time_s"], time))
        top = int(first + np.argmax(trace.record.temperature[first : last + 1]))
        time, temperature, reason, rate = float(trace.record.time[top]), float(trace.record.temperature[top]), "maximum", None
    margin = None if rate is None or not math.isfinite(rate) else rate / trace.instrument.sensitivity - 1.0
    return {
        "start": begun,
        "end": {"temperature_K": temperature, "time_s": time, "reason": reason, "margin": margin},
        "rise_K": temperature - begun["temperature_K"],
        "duration_s": time - begun["time_s"],
    }


def _failure(trace: Trace) -> list[dict[str, Any]]:
    """The exotherm of a sample that is heated until it fails, or fails from rest: from where it leaves what heats it to the maximum."""
    T, own = trace.record.temperature, np.flatnonzero(~trace.heated)
    with np.errstate(invalid="ignore"):
        fast = np.flatnonzero((trace.rate >= onset.RATES["1 K/s"]) & ~trace.heated)
    if not len(fast):
        return []
    first = max(int(fast[0]) - 1, 0) if trace.heating.driven == SUDDEN else int(own[0])
    if trace.exact:
        first = int(np.argmax(trace.rate >= trace.instrument.sensitivity))
    last = first + int(np.argmax(T[first:]))
    criterion = "the row before the jump" if trace.heating.driven == SUDDEN else "faster than what heats the cell"
    begun = _at_row(trace, first, criterion)
    return [_ended(trace, begun, float(trace.record.time[last]), float(T[last]), "maximum" if last + 1 < len(T) else ENDS["record"], None)]


def _segments(trace: Trace, peak_time: float | None) -> list[dict[str, Any]]:
    """The exotherms of a record that holds nothing else: from one gap with a heater step, or a fall, to the next."""
    made = []
    record = trace.record
    for hold in trace.holds:
        begun = _at_row(trace, hold.first, FIRST_ROW if hold.first == 0 else "first row after a gap")
        last = hold.last
        if peak_time is not None and record.time[hold.first] <= peak_time <= record.time[last]:
            last = int(np.searchsorted(record.time, peak_time))
        reason = "maximum" if last < hold.last else ENDS[hold.ended]
        T = record.temperature[hold.first : last + 1]
        if T[-1] < T[0] - trace.spread.fall and T.max() == T[0]:  # cooling and nothing else
            continue
        rate = float(trace.rate[last]) if hold.ended in ("step", "fall") else None
        made.append(_ended(trace, begun, float(record.time[last]), float(T[-1]), reason, rate))
    return made


FIRST_ROW = "first row: the record holds the exotherm alone"
