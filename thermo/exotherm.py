"""A calorimeter's record taken apart: rates, heater steps, holds, seek windows, exotherms.

A record may hold a whole test (heat, wait, seek, exotherm), the exotherm alone, or a run of this program, which names its phases.
Where it does not name them they are read from its temperatures:

heater step     the rate jumps above 0.3 K/min, and falls back as suddenly after a rise of at most 1.6 steps
hold            what lies between two heater steps: wait, then one seek window after another
step in a gap   rows a part of a step apart, between which the mean rate is more than the rates on either side account for
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo import onset
from thermo.arc import PHASE_NAMES
from thermo.constants import GAS_CONSTANT
from thermo.kinetics import Floats
from thermo.record import Record
from thermo.slopes import HALF_WINDOW, Scatter, line, runs_of, scatter, slopes, usual_interval

HEATER_RATE = 0.3 / 60.0  # K/s, more than any exotherm has when it is found
QUIET_RATE = 0.1 / 60.0  # K/s, before a heater step
SMALLEST_STEP, LARGEST_STEP = 0.2, 1.6  # of a step of the heater: it heats to the next one of its grid
EVEN = 3.0  # times: rates of a heater lie no further apart
MOST_IN_GAP = 3.0  # steps of the heater: more is no heater
GAP = 60.0  # s, the shortest gap in which a heater step is looked for
ACCOUNTED = 1.2  # times the rates on either side: what self-heating can have for a mean
RUNAWAY = onset.RATES["10 K/min"]  # after it a heater step needs a whole seek window of rest
NO_REACTION = 40e3  # J/mol: a rate that grows more slowly with temperature is what a heater or an oven does
LEAVES = 1.2  # times the least rate of what heats the cell: faster, and it heats itself
EARLY_RISE = 15.0  # K, over which that is looked at
SOON = 120.0  # s, within which the rate has fallen after a heater step
REST = 0.5  # of a seek window: what a heater step has before it at least


class Instrument(NamedTuple):
    """What the reader must know of the test, SI. `wait` None: as long as the record's own holds leave beside the seek window."""

    sensitivity: float = 0.02 / 60.0
    seek: float = 600.0
    wait: float | None = None
    step: float = 5.0
    phi: float = 1.0


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


def named_phases(record: Record) -> npt.NDArray[np.str_] | None:
    """The phases of a run of this program; None where the record names none, or others."""
    words = set() if record.phase is None else {str(word) for word in record.phase}
    return record.phase if "heat" in words and words <= set(PHASE_NAMES.values()) else None


class Heating(NamedTuple):
    """What heated the sample from outside. `rows` up to which it did so since the row before, array (n,) of bool.

    `steps`: of a heater, between holds. `first`: whether the record begins with heating to where the test starts. `driven`: "" or what
    the record is in place of a heat-wait-seek test; `drive` [K/s] is then the least rate of what heats before the runaway.
    """

    rows: npt.NDArray[np.bool_]
    steps: int
    first: bool
    driven: str
    drive: float


RAMP, OVEN, SUDDEN = "a ramp or a heater that drives the cell", "an oven or a heater that the cell follows", "a sudden failure from rest"


def heating_of(record: Record, rate: Floats, spread: Scatter, instrument: Instrument) -> Heating:
    """The heater's steps in a record, or what else has heated the sample.

    Parameters
    ----------
    rate : array (n,) [K/s]
    """
    phase = named_phases(record)
    if phase is not None:
        rows = _named_heating(phase, rate)
        return Heating(rows, len(runs_of(rows)), bool(rows[:1].any()), "", 0.0)
    heated = np.zeros(len(rate), bool)
    with np.errstate(invalid="ignore"):
        fast = runs_of(rate > HEATER_RATE)
    T = record.temperature
    runs = [(a, b) for a, b in fast if T[b] - T[max(a - 1, 0)] >= SMALLEST_STEP * instrument.step]  # the others are noise
    blurred = spread.span(usual_interval(record.time), QUIET_RATE / 8.0)
    needed = min(max(REST * instrument.seek, blurred), 1.5 * instrument.seek)
    steps, first, own_since, doubtful = 0, False, -math.inf, -1
    for k, (a, b) in enumerate(runs):
        since = max(own_since, float(record.time[runs[k - 1][1]]) if k else -math.inf)
        begins = k == 0 and (a <= 1 or _rests(record, rate, a, since, needed, instrument))
        if begins and _is_even(rate, a, b):
            heated[a : b + 1], first = True, True
        elif begins and _is_outside(record, rate, a, b):
            doubtful = k  # neither a step of a heater nor a reaction: what comes later tells
        elif _is_step(record, rate, a, b, since, own_since, needed, instrument):
            heated[a : b + 1] = True
            steps += 1
        elif rate[a : b + 1].max() >= RUNAWAY:
            own_since = float(record.time[b])
    if doubtful >= 0 and steps:  # an initial heating that came in slowly
        heated[runs[doubtful][0] : runs[doubtful][1] + 1], first = True, True
        doubtful = -1
    if doubtful >= 0:
        return _driven(record, rate, *runs[doubtful])
    if not steps and not first and _fails_from_rest(record, rate, instrument):
        return Heating(heated, 0, False, SUDDEN, 0.0)
    near = np.append(0.0, np.diff(record.time)) < 0.2 * HALF_WINDOW
    # the rows on either side have a share of the step where rows are close
    beside = heated | (near & np.append(False, heated[:-1])) | (near & np.append(heated[1:], False))
    return Heating(np.asarray(beside), steps, first, "", 0.0)


def _named_heating(phase: npt.NDArray[np.str_], rate: Floats) -> npt.NDArray[np.bool_]:
    heat = phase == "heat"
    heat = np.asarray(heat | ((phase == "end") & np.append(False, heat[:-1])))
    for row in np.flatnonzero(phase[1:] == "wait") + 1:  # what the heater has left behind in a slow sensor
        heat[row] = heat[row - 1] and rate[row] > HEATER_RATE and (phase[row - 1] == "heat" or rate[row] <= rate[row - 1])
    return heat


def _rests(record: Record, rate: Floats, row: int, since: float, needed: float, instrument: Instrument) -> bool:
    """Whether the sample rested before a row: for `needed` [s], or as far as rows since `since` [s] tell."""
    time, T = record.time, record.temperature
    first = (
        int(np.searchsorted(time, since, "right")) if since > time[row - 1] - needed else int(np.searchsorted(time, time[row - 1] - needed))
    )
    quiet = max(QUIET_RATE, 3.0 * instrument.sensitivity)
    if row - first >= 4 and time[row - 1] - time[first] >= 0.5 * REST * instrument.seek:
        # the last row may have a share of what comes
        slope, error = line(time[first : row - 1], T[first : row - 1])
        return slope - 2.0 * error < quiet
    beside = rate[max(row - 2, 0) : row]
    return bool((beside < quiet).any())


def _is_even(rate: Floats, a: int, b: int) -> bool:
    """Whether rows a to b have one rate, as a heater has, and no runaway in them."""
    slow, middle, quick = np.percentile(rate[a : b + 1], [10, 50, 90])
    return bool(quick < EVEN * slow and middle < onset.RATES["1 K/s"] and rate[a : b + 1].max() < 2.0 * EVEN * middle)


def _is_step(
    record: Record, rate: Floats, a: int, b: int, since: float, runaway_over: float, needed: float, instrument: Instrument
) -> bool:
    """Whether rows a to b are a step of the heater: after a rest, suddenly, by a step or so or at an even rate.

    A runaway that began has a whole seek window of rest after it before a heater comes on.
    """
    T, time = record.temperature, record.time
    rise = float(T[b] - T[max(a - 1, 0)])
    if rise < SMALLEST_STEP * instrument.step or not _rests(record, rate, a, since, needed, instrument):
        return False
    if time[a] - runaway_over < instrument.seek:
        return False
    middle = float(np.median(rate[a : b + 1]))
    after = np.abs(rate[b + 1 : max(b + 3, int(np.searchsorted(time, time[b] + SOON)))])
    even, small = _is_even(rate, a, b), rise <= LARGEST_STEP * instrument.step
    if not len(after):
        return even and small
    return bool((after < max(QUIET_RATE, 0.3 * middle)).any()) and (even or small)


def _is_outside(record: Record, rate: Floats, a: int, b: int) -> bool:
    """Whether rows that begin fast are heated from outside: their rate does not grow as that of a reaction does."""
    T = record.temperature[a : b + 1]
    high = np.flatnonzero(T >= T[0] + EARLY_RISE)
    rows = slice(a, a + (int(high[0]) + 1 if len(high) else len(T)))
    if rows.stop - rows.start < 3 or np.ptp(record.temperature[rows]) < 1.0:
        return False
    if a > 1 and float(np.median(rate[rows])) >= onset.RATES["1 K/s"]:
        return False  # from rest so fast: it fails by itself
    slope = line(1.0 / record.temperature[rows], np.log(rate[rows]))[0]
    return -slope * GAS_CONSTANT < NO_REACTION


def _driven(record: Record, rate: Floats, a: int, b: int) -> Heating:
    """A record of a sample that is heated until it fails: heated up to where the rate is least before it is largest."""
    top = a + int(np.nanargmax(rate[a:]))
    fast = np.flatnonzero(rate[a : top + 1] >= onset.RATES["1 K/s"])
    stop = a + int(fast[0]) if len(fast) else top
    least = float(np.nanpercentile(rate[a : stop + 1], 2))
    until = a + int(np.flatnonzero(rate[a : stop + 1] <= LEAVES * max(least, 0.0) + 1e-9)[-1])  # the last row at the rate of what heats
    rows = np.zeros(len(rate), bool)
    rows[: until + 1] = True
    drive = float(np.median(rate[a : stop + 1][rate[a : stop + 1] <= LEAVES * max(least, 0.0) + 1e-9]))
    if not len(fast):
        rows[: len(rate)] = True  # nothing of its own is seen
    return Heating(rows, 0, True, RAMP if drive > HEATER_RATE else OVEN, max(drive, 0.0))


def _fails_from_rest(record: Record, rate: Floats, instrument: Instrument) -> bool:
    """Whether the temperature jumps from where the record begins, at rest, to a runaway."""
    with np.errstate(invalid="ignore"):
        fast = np.flatnonzero(rate >= onset.RATES["1 K/s"])
    if not len(fast) or fast[0] < 3:
        return False
    row, T = int(fast[0]), record.temperature
    low = float(np.median(T[:row]))
    return (
        float(T[row - 1]) < low + instrument.step
        and bool(abs(line(record.time[: row - 1], T[: row - 1])[0]) < max(QUIET_RATE, 3.0 * instrument.sensitivity))
        and float(np.nanmedian(rate[: row - 1])) < instrument.sensitivity
    )


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
    exact = record.rate is not None and named_phases(record) is not None
    spread = Scatter(0.0, 0.0) if exact else scatter(record.time, record.temperature)
    if exact or record.of_a_run():
        rate, source, remarks = record.rate, AS_RECORDED, list[dict[str, Any]]()
    else:
        rate, source, remarks = usable_rate(record, spread)
    record = record._replace(rate=rate)
    if rate is None:
        rate = first_slopes(record, spread)
    heating = heating_of(record, rate, spread, instrument)
    found = [] if heating.driven else gaps(record, rate, heating.rows, instrument.step, instrument.sensitivity, spread.fall)
    holds = holds_of(len(rate), heating.rows, found)
    if source == FROM_TEMPERATURES and not heating.driven:
        rate = slopes(record.time, record.temperature, numbered(len(rate), holds), spread)
    return Trace(record, instrument, rate, heating, holds, found, exact, spread, source, remarks)


FILLED = 0.9  # of the rows of a rate column: with fewer it is filled from the temperatures
FEW_MISSING = 5  # rows: so many are left out of what needs a rate
FITS = 2.0  # times: a rate column further off says something else than the temperatures


def usable_rate(record: Record, spread: Scatter) -> tuple[Floats | None, str, list[dict[str, Any]]]:
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
    missing = ~known | (silent if np.count_nonzero(silent) >= 5 else False)
    if np.count_nonzero(missing) <= max((1.0 - FILLED) * len(missing), FEW_MISSING):
        return record.rate, AS_RECORDED, []
    filled = np.where(missing, own, record.rate)
    return filled, BOTH, remark(f"has no rate in {np.count_nonzero(missing)} rows: there {taken}", np.flatnonzero(missing)[:5])


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


def window(trace: Trace, start: float, end: float) -> Window:
    """A seek window: the mean rate, for which on a noisy record the least-squares slope stands."""
    record = trace.record
    cool, warm = (float(np.interp(t, record.time, record.temperature)) for t in (start, end))
    rows = slice(int(np.searchsorted(record.time, start - 1e-6)), int(np.searchsorted(record.time, end + 1e-6, "right")))
    if trace.exact or rows.stop - rows.start < 5 or record.time[rows.stop - 1] - record.time[rows.start] < 0.5 * (end - start):
        return Window(start, end, (warm - cool) / (end - start), 0.0, cool, warm)
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


def detects(trace: Trace, hold: Hold, found: Window) -> bool:
    """Whether a window's rate reaches the sensitivity.

    Where it does so within three standard errors of its own slope, what the instrument did decides: it heats on at once where it
    found nothing, and stays where it found an exotherm.
    """
    reached = found.rate >= trace.instrument.sensitivity
    if abs(found.rate - trace.instrument.sensitivity) > 3.0 * found.error or trace.exact:
        return reached
    left = float(trace.record.time[hold.last]) - found.end
    if left > 0.5 * trace.instrument.seek:
        return True
    return False if hold.ended == "heater" else reached


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
        for found in windows(trace, hold, wait, until):
            if detects(trace, hold, found):
                begun = begun or _detected(trace, found)
            elif begun and not begins <= found.end <= top:  # a plateau does not end a runaway that goes on
                made.append(_ended(trace, begun, found.end, found.warm, CESSATION, found.rate))
                begun = None
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
