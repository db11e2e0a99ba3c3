"""What the record of a calorimeter says: heater steps, seek windows, exotherms, T1, T2, T3, apparent kinetics. Prints nothing.

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
from thermo.constants import GAS_CONSTANT, ZERO_CELSIUS
from thermo.kinetics import Floats
from thermo.record import Record

HEATER_RATE = 0.3 / 60.0  # K/s, more than any exotherm has when it is found
QUIET_RATE = 0.1 / 60.0  # K/s, after a heater step
HALF_WINDOW, HALF_RISE = 300.0, 0.5  # s and K: a slope is taken over rows at most so far away
MOST_ROWS = 150  # on either side of a slope
BLOCK = 0.5  # K, of a point of the self-heating curve
GAP = 60.0  # s, the shortest gap in which a heater step is looked for
FALL = 0.1  # K, more than the noise of a thermocouple
JUMP = 10.0  # rates of neighbouring rows further apart than this are no curve
EARLY = 1.0 / 60.0  # K/s, where the early part of an exotherm ends
THIN = 0.2  # a margin below this is worth a warning
COARSE = 5.0  # K, between the maximum and the rows beside it
ACCOUNTED = 1.2  # times the rates on either side: what self-heating can have for a mean
CRITERIA = ("1 K/s", "10 K/min", "1 K/min", "voltage-drop")
AT_RATES = {"0.1 K/min": 0.1 / 60.0, "1 K/min": 1.0 / 60.0, "10 K/min": 10.0 / 60.0, "60 K/min": 1.0}  # K/s
DAY = 86400.0  # s


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


class Curve(NamedTuple):
    """Points of self-heating: time [s], temperature [K], rate [K/s], each (n,), by time."""

    time: Floats
    temperature: Floats
    rate: Floats


class Fit(NamedTuple):
    """ln(dT/dt) = log_factor - E / (R T), rate in K/s: E and the half-width of its 95 % interval [J/mol], range [K], points."""

    activation_energy: float
    half_width: float
    log_factor: float
    low: float
    high: float
    n_points: int


def slopes(time: Floats, temperature: Floats, hold: Any, half_window: float, half_rise: float) -> Floats:
    """Rate of each row [K/s]: least-squares slope over the rows of its hold at most `half_window` [s] and `half_rise` [K] away.

    Where no earlier row is so near, the difference to the last one before it in time; not a number in the first row of a hold.

    Parameters
    ----------
    time [s], temperature [K], hold [a number a hold] : arrays (n,)
    """
    n = len(time)
    count, t, T, tt, tT = np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    earlier = np.zeros(n, bool)
    for side in (-1, 1):
        rows = np.arange(n)
        for k in range(1, MOST_ROWS + 1):
            rows = rows[(rows + side * k >= 0) & (rows + side * k < n)]
            other = rows + side * k
            along, up = time[other] - time[rows], temperature[other] - temperature[rows]
            near = (hold[other] == hold[rows]) & (np.abs(along) <= half_window) & (np.abs(up) <= half_rise)
            rows, along, up = rows[near], along[near], up[near]
            if not len(rows):
                break
            count[rows] += 1.0
            for total, term in ((t, along), (T, up), (tt, along * along), (tT, along * up)):
                total[rows] += term
            if side == -1:
                earlier[rows] = True
    begins = np.append(True, hold[1:] != hold[:-1])
    spread = tt - t * t / count
    fitted = (count >= 3.0) & (earlier | begins) & (spread > 0.0)
    rate = np.full(n, math.nan)
    rate[fitted] = (tT - t * T / count)[fitted] / spread[fitted]
    last = np.searchsorted(time, time, "left") - 1  # the last row at an earlier time
    single = np.flatnonzero(~fitted & (last >= 0))
    single = single[hold[last[single]] == hold[single]]
    rate[single] = (temperature[single] - temperature[last[single]]) / (time[single] - time[last[single]])
    return rate


def line(time: Floats, temperature: Floats) -> tuple[float, float]:
    """Least-squares slope [K/s] and its standard error."""
    t = time - time.mean()
    along = float(t @ t)
    slope = float(t @ temperature) / along
    left = temperature - temperature.mean() - slope * t
    return slope, math.sqrt(float(left @ left) / (len(t) - 2) / along)


# --- what the instrument did ---


def named_phases(record: Record) -> npt.NDArray[np.str_] | None:
    """The phases of a run of this program; None where the record names none, or others."""
    words = set() if record.phase is None else {str(word) for word in record.phase}
    return record.phase if "heat" in words and words <= set(PHASE_NAMES.values()) else None


def heated_rows(record: Record, rate: Floats, step: float) -> npt.NDArray[np.bool_]:
    """Rows up to which the instrument heated since the row before.

    Parameters
    ----------
    rate : array (n,) [K/s]
    step : float [K], of the heater
    """
    phase = named_phases(record)
    if phase is not None:
        heat = phase == "heat"
        return np.asarray(heat | ((phase == "end") & np.append(False, heat[:-1])))
    heated = np.zeros(len(rate), bool)
    with np.errstate(invalid="ignore"):
        fast = rate > HEATER_RATE
    for a, b in _runs(fast):
        if _is_heater(record.temperature, rate, a, b, step):
            heated[a : b + 1] = True
    near = np.append(0.0, np.diff(record.time)) < 0.2 * HALF_WINDOW
    # the rows on either side have a share of the step where rows are close
    return np.asarray(heated | (near & np.append(False, heated[:-1])) | (near & np.append(heated[1:], False)))


def _runs(rows: Any) -> list[tuple[int, int]]:
    """First and last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _is_heater(temperature: Floats, rate: Floats, a: int, b: int, step: float) -> bool:
    """Whether rows a to b are a step of the heater: it comes and goes suddenly, by a step or so or at an even rate."""
    middle = float(np.median(rate[a : b + 1]))
    quiet = max(QUIET_RATE, 0.3 * middle)
    before, after = rate[max(a - 2, 0) : a], rate[b + 1 : b + 3]
    sudden = (a <= 1 or bool((before < quiet).any())) and (not len(after) or bool((np.abs(after) < quiet).any()))
    rise = float(temperature[b] - temperature[max(a - 1, 0)])
    slow, quick = np.percentile(rate[a : b + 1], [10, 90])
    even = bool(quick < 3.0 * slow) and middle < onset.RATES["1 K/s"]
    if not len(after):
        return sudden and even and rise <= 1.6 * step
    return sudden and (even or rise <= 1.6 * step)


class Gap(NamedTuple):
    """Rows `row` and `row + 1` with something between them: "step" of the heater, "fall" of temperature, or "self-heating"."""

    row: int
    kind: str
    rise: float
    duration: float


def gaps(record: Record, rate: Floats, heated: Any, step: float, sensitivity: float) -> list[Gap]:
    """Where a record leaves out what happened.

    A step of the heater is told from self-heating by the rates on either side: self-heating cannot have a mean of more than
    both, and where a heater comes on the rate was near the sensitivity. Temperatures that fall end an exotherm.
    """
    found: list[Gap] = []
    duration, rise = np.diff(record.time), np.diff(record.temperature)
    late = int(np.argmax(record.temperature))
    for i in np.flatnonzero((duration >= GAP) & (np.abs(rise) > FALL) & ~heated[1:] & ~heated[:-1]):
        gap = Gap(int(i), "", float(rise[i]), float(duration[i]))
        if rise[i] < 0.0:
            found += [gap._replace(kind="fall")] if i < late else []
        elif rise[i] >= 0.5 * step:
            beside = rate[np.array([i, min(i + (1 if record.rate is not None else 2), len(rate) - 1)])]
            most = float(np.max(beside[np.isfinite(beside)], initial=0.0))
            around = duration[max(i - 1, 0) : i + 2 : 2]
            if most < 5.0 * sensitivity and rise[i] / duration[i] > ACCOUNTED * most:
                found.append(gap._replace(kind="step"))
            elif len(around) and duration[i] > 3.0 * around.max():
                found.append(gap._replace(kind="self-heating"))
    return found


def holds_of(n_rows: int, heated: Any, found: list[Gap]) -> list[Hold]:
    """The rows between steps of the heater, and between gaps that end an exotherm."""
    cuts = {gap.row: gap.kind for gap in found if gap.kind != "self-heating"}
    made: list[Hold] = []
    for a, b in _runs(~heated):
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
    """A record taken apart. `exact`: its rates and phases are those of a simulation, without noise."""

    record: Record
    instrument: Instrument
    rate: Floats
    heated: npt.NDArray[np.bool_]
    holds: list[Hold]
    gaps: list[Gap]
    exact: bool

    @property
    def whole(self) -> bool:
        """Whether it shows the heater, so that there are seek windows in it."""
        return bool(self.heated.any()) or not (self._begins_hot() or any(gap.kind == "step" for gap in self.gaps))

    def _begins_hot(self) -> bool:
        known = self.rate[np.isfinite(self.rate)]
        return bool(len(known) and known[0] >= self.instrument.sensitivity)


def take_apart(record: Record, instrument: Instrument) -> Trace:
    """Heater, gaps, holds and the rate of each row of a record."""
    rate = record.rate
    everything = np.zeros(len(record.time), np.int64)
    if rate is None:
        rate = slopes(record.time, record.temperature, everything, HALF_WINDOW, HALF_RISE)
    heated = heated_rows(record, rate, instrument.step)
    found = gaps(record, rate, heated, instrument.step, instrument.sensitivity)
    holds = holds_of(len(rate), heated, found)
    if record.rate is None:
        rate = slopes(record.time, record.temperature, numbered(len(rate), holds), HALF_WINDOW, HALF_RISE)
    exact = record.rate is not None and named_phases(record) is not None
    return Trace(record, instrument, rate, heated, holds, found, exact)


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
    return Window(start, end, *line(record.time[rows], record.temperature[rows]), cool, warm)


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

    Where it does so within the uncertainty of its own slope, what the instrument did decides: it heats on at once where it
    found nothing, and stays where it found an exotherm.
    """
    reached = found.rate >= trace.instrument.sensitivity
    if abs(found.rate - trace.instrument.sensitivity) > 2.0 * found.error or trace.exact:
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
    list of {start: {temperature_K, time_s, ...}, end: {temperature_K, time_s, reason, margin}, rise_K, duration_s}
    """
    if not trace.whole:
        return _segments(trace, peak_time), None
    made: list[dict[str, Any]] = []
    missed: Window | None = None
    until = math.inf if peak_time is None else peak_time
    for hold, wait in zip(trace.holds, waits(trace), strict=True):
        if trace.record.time[hold.first] >= until:
            break
        begun: dict[str, Any] | None = None
        for found in windows(trace, hold, wait, until):
            if detects(trace, hold, found):
                begun = begun or _detected(trace, found)
            elif begun:
                made.append(_ended(trace, begun, found.end, found.warm, CESSATION, found.rate))
                begun = None
            elif not made:
                missed = found
        last = min(float(trace.record.time[hold.last]), until)
        if begun is None and hold.ended == "record" and not (made and made[-1]["end"]["time_s"] >= last):
            begun = _unseen(trace, hold, last)
        if begun:
            warm = float(np.interp(last, trace.record.time, trace.record.temperature))
            made.append(_ended(trace, begun, last, warm, "maximum" if last == until else ENDS[hold.ended], None))
    return made, missed


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
            last = int(np.argmax(record.temperature))
        reason = "maximum" if last < hold.last else ENDS[hold.ended]
        rate = float(trace.rate[last]) if hold.ended in ("step", "fall") else None
        made.append(_ended(trace, begun, float(record.time[last]), float(record.temperature[last]), reason, rate))
    return made


FIRST_ROW = "first row: the record holds the exotherm alone"


# --- the curve of self-heating and its slope ---


def self_heating(trace: Trace) -> Curve:
    """Points of rate and temperature outside heating: the rows where the record has rates, else slopes over 0.5 K or more."""
    record = trace.record
    if record.rate is not None:
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero((trace.rate > 0.0) & ~trace.heated)
        return Curve(record.time[rows], record.temperature[rows], trace.rate[rows])
    points = [point for hold in trace.holds for point in _blocks(trace, hold)]
    made = np.array([point for point in points if point[2] > 0.0]).reshape(-1, 3)
    return Curve(made[:, 0], made[:, 1], made[:, 2])


def _blocks(trace: Trace, hold: Hold) -> list[tuple[float, float, float]]:
    """Middle time, middle temperature and slope of runs of rows that rise by 0.5 K, or of two rows that do."""
    time, temperature = trace.record.time[hold.first : hold.last + 1], trace.record.temperature[hold.first : hold.last + 1]
    made: list[tuple[float, float, float]] = []
    first = 0

    def take(last: int, least: float) -> None:
        t, T = time[first : last + 1], temperature[first : last + 1]
        if len(t) > 1 and t[-1] > t[0] and (T[-1] - T[0] >= BLOCK or t[-1] - t[0] >= least):
            slope = line(t, T)[0] if len(t) > 2 else float((T[-1] - T[0]) / (t[-1] - t[0]))
            made.append((float(0.5 * (t[0] + t[-1])), float(0.5 * (T[0] + T[-1])), slope))

    for row in range(1, len(time)):
        if temperature[row] - temperature[row - 1] >= BLOCK and row - 1 > first:
            take(row - 1, 0.25 * trace.instrument.seek)
            first = row - 1
        if temperature[row] - temperature[first] >= BLOCK and time[row] > time[first]:
            take(row, math.inf)
            first = row
    take(len(time) - 1, 0.5 * trace.instrument.seek)
    return made


def arrhenius_fit(curve: Curve, low: float, high: float) -> Fit:
    """The straight line through ln(rate) over 1/T between two temperatures.

    ln(dT/dt) = ln K - E/(R T) by least squares; the interval is that of a slope, Student's t at 95 % with n - 2.

    Parameters
    ----------
    low, high : float [K]

    Raises
    ------
    ValueError with fewer than three points, or where the rate does not rise with temperature.
    """
    from scipy.special import stdtrit

    rows = (curve.temperature >= low) & (curve.temperature <= high) & (curve.rate > 0.0)
    T, y = curve.temperature[rows], np.log(curve.rate[rows])
    if len(T) < 3 or np.ptp(T) < 1e-3:
        raise ValueError(f"{len(T)} points with a rate lie in the range; three are the least")
    slope, error = line(1.0 / T, y)
    if slope >= 0.0:
        raise ValueError("the rate does not rise with temperature")
    factor = float(y.mean() - slope * (1.0 / T).mean())
    half = float(stdtrit(len(T) - 2, 0.975)) * error * GAS_CONSTANT
    return Fit(-slope * GAS_CONSTANT, half, factor, float(T.min()), float(T.max()), len(T))


def main_exotherm(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The exotherm with the largest rise."""
    return max(found, key=lambda entry: float(entry["rise_K"]))


def early_part(trace: Trace, curve: Curve, found: list[dict[str, Any]]) -> tuple[Curve, float, float]:
    """The points of the exotherm with the largest rise, and the temperatures between which it is early.

    Early is up to 1 K/min, and up to the first gap: what happens in one nobody knows.

    Raises ValueError where there is no exotherm.
    """
    if not found:
        raise ValueError("there is no exotherm")
    main = main_exotherm(found)
    rows = (curve.time >= main["start"]["time_s"]) & (curve.time <= main["end"]["time_s"])
    part = Curve(*(column[rows] for column in curve))
    blind = min(
        (float(trace.record.time[gap.row]) for gap in trace.gaps if trace.record.time[gap.row] > main["start"]["time_s"]), default=math.inf
    )
    fast = np.flatnonzero((part.rate >= EARLY) | (part.time > blind))
    stop = int(fast[0]) if len(fast) else len(part.rate)
    if not stop:
        raise ValueError("the exotherm has no point below 1 K/min")
    return Curve(*(column[:stop] for column in part)), float(part.temperature[0]), float(part.temperature[stop - 1])


# --- all of it ---


def smoothed(temperature: Floats, rate: Floats) -> Floats:
    """The median of each rate and its neighbours: what the next row undoes is gone, a curve that rises stays as it is.

    A row that lies 10 K or more above the one before is no slip, and keeps its rate.
    """
    if len(rate) < 3:
        return rate
    middle = np.median(np.stack([rate[:-2], rate[1:-1], rate[2:]]), axis=0)
    made = np.concatenate([rate[:1], middle, rate[-1:]])
    return np.where(np.append(0.0, np.diff(temperature)) >= onset.LATER_RISE, np.maximum(rate, made), made)


def analyse(record: Record, instrument: Instrument | None = None, fitted: tuple[float, float] | None = None) -> dict[str, Any]:
    """All that a record says, as plain data with the unit in every key; absent things are None and say why.

    Parameters
    ----------
    fitted : temperatures [K] between which the apparent activation energy is taken; the early part of the exotherm by default
    """
    instrument = instrument or Instrument()
    trace = take_apart(record, instrument)
    known = np.flatnonzero(np.isfinite(trace.rate))
    time, T, rate, heated = record.time[known], record.temperature[known], trace.rate[known], trace.heated[known]
    if not trace.exact:
        rate = smoothed(T, rate)
    jump = math.inf if trace.exact else JUMP
    voltage = record.voltage
    runaway = onset.runaway_onsets(CRITERIA[:3], time, T, rate, heated, None, jump)
    runaway |= onset.runaway_onsets(CRITERIA[3:], record.time, record.temperature, trace.rate, trace.heated, _filled(voltage))
    third, reason = _third(record, trace, runaway[CRITERIA[0]])
    peak_time = third["time_s"] if third else None
    found, missed = exotherms(trace, peak_time)
    curve = self_heating(trace)
    cessations = [entry["end"] for entry in found if entry["end"]["reason"] in (CESSATION, ENDS["step"])]
    made: dict[str, Any] = {
        "record": _described(record, trace),
        "instrument": instrument._asdict(),
        "onsets": {
            "T1": _first(trace, found),
            "T2": runaway,
            "T3": third,
            "T3_reason": reason,
            "cessation": {key: cessations[0][key] for key in ("temperature_K", "time_s", "margin")} if cessations else None,
        },
        "exotherms": found,
        "maximum_rate": onset.fastest(time, T, trace.rate[known], heated),
        "at_rates": {name: onset.first_reach(level, time, T, rate, heated, 0.0, jump) for name, level in AT_RATES.items()},
    }
    made["kinetics"] = _kinetics(trace, curve, made, fitted)
    made["phi_correction"] = _corrected(instrument.phi, made) if instrument.phi > 1.0 else None
    made["self_heating"] = {
        "temperature_K": curve.temperature.tolist(),
        "minus_inverse_temperature_1_per_K": (-1.0 / curve.temperature).tolist(),
        "rate_K_per_s": curve.rate.tolist(),
        "time_s": curve.time.tolist(),
    }
    made["warnings"] = _warnings(trace, made, missed)
    made["definitions"] = DEFINITIONS
    return made


DEFINITIONS = {
    "T1": "end of the first seek window whose mean rate reaches the sensitivity; on a noisy record its least-squares slope, and within "
    "the uncertainty of that what the instrument did next decides. Where the record holds the exotherm alone its first row, known to a "
    "step below and nothing above. Margin: that rate over the sensitivity, less 1",
    "T2": "last temperature before the rate reaches the criterion, outside heating, with a later rise of 10 K or more",
    "T2 voltage-drop": "temperature at which the voltage falls below half of what it was at the start",
    "T3": "largest temperature, where there is a T2 by 1 K/s and the record goes on past it",
    "cessation": "end of the first window of an exotherm whose mean rate lies below the sensitivity, or the row before a step in a gap",
    "at_rates": "first row that reaches the rate (the median of it and its neighbours), the logarithm of the rate linear between rows; "
    "where the rate jumps tenfold from row to row, the row before",
    "kinetics": "ln(dT/dt) = ln K - E/(R T) by least squares over the rows named; the interval is 95 %. It is apparent: of all reactions "
    "together, as far as reactants are not spent",
    "time to maximum rate": "R T^2/(E dT/dt), of a zero-order reaction in adiabatic mode: no reactant is spent before the maximum",
}


def _filled(voltage: Floats | None) -> Floats | None:
    """Voltages with the last one known in the place of what is missing; None where none is known."""
    if voltage is None or not np.isfinite(voltage).any():
        return None
    known = np.flatnonzero(np.isfinite(voltage))
    last = np.maximum(np.searchsorted(known, np.arange(len(voltage)), "right") - 1, 0)
    return voltage[known[last]]  # type: ignore[no-any-return]


def _third(record: Record, trace: Trace, runaway: dict[str, float] | None) -> tuple[dict[str, float] | None, str | None]:
    """T3, or why there is none."""
    known = trace.rate[np.isfinite(trace.rate)]
    last = known[-1:] if len(known) else np.zeros(1)
    third = onset.third(record.time, record.temperature, last, runaway, trace.instrument.sensitivity)
    most = _degrees(float(record.temperature.max()))
    if third is not None:
        return third, None
    if runaway is None:
        return None, f"no runaway by 1 K/s up to {most}"
    return (
        None,
        f"the record ends in the runaway: its last row still heats itself at {last[0] * 60.0:.3g} K/min, at {most}",
    )


def _described(record: Record, trace: Trace) -> dict[str, Any]:
    kind = "a run of this program, phases named" if trace.exact else "the whole test" if trace.whole else "the exotherm alone"
    return {
        "file": record.name,
        "samples": len(record.time),
        "columns": record.columns,
        "rate": "as recorded" if record.rate is not None else "from the temperatures",
        "holds": kind,
        "heater_steps": len(_runs(trace.heated)),
        "wait_s": _usual_wait(trace) if trace.whole else None,
        "start": {"temperature_K": float(record.temperature[0]), "time_s": float(record.time[0])},
        "end": {"temperature_K": float(record.temperature[-1]), "time_s": float(record.time[-1])},
    }


def _usual_wait(trace: Trace) -> float | None:
    found = [wait for wait in waits(trace) if math.isfinite(wait)]
    return float(np.median(found)) if found else None


def _first(trace: Trace, found: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not found:
        return None
    below = 0.0 if trace.whole else -trace.instrument.step
    return {**found[0]["start"], "known_to_K": [below, 0.0]}


def _kinetics(trace: Trace, curve: Curve, made: dict[str, Any], fitted: tuple[float, float] | None) -> dict[str, Any]:
    """Apparent kinetics of the early part, and the times to maximum rate that follow from them."""
    try:
        part, low, high = (curve, *fitted) if fitted else early_part(trace, curve, made["exotherms"])
        fit = arrhenius_fit(part, low, high)
    except ValueError as error:
        return {"activation_energy_J_per_mol": None, "reason": str(error)}
    found, fastest = made["exotherms"], made["maximum_rate"]
    start = main_exotherm(found)["start"] if found else None
    predicted = measured = None
    if start and start["rate_K_per_s"]:
        predicted = onset.time_to_maximum_rate(start["temperature_K"], start["rate_K_per_s"], fit.activation_energy)
    if start and fastest and fastest["time_s"] >= start["time_s"]:
        measured = fastest["time_s"] - start["time_s"]
    return {
        "activation_energy_J_per_mol": fit.activation_energy,
        "interval_J_per_mol": [fit.activation_energy - fit.half_width, fit.activation_energy + fit.half_width],
        "log_factor_ln_K_per_s": fit.log_factor,
        "range_K": [fit.low, fit.high],
        "points": fit.n_points,
        "start": {key: start[key] for key in ("temperature_K", "time_s", "rate_K_per_s")} if start else None,
        "time_to_maximum_rate_at_start_s": predicted,
        "time_to_maximum_rate_measured_s": measured,
        "temperature_of_24_h_K": _one_day(fit, trace.instrument.phi),
        "assumption": ASSUMPTION,
    }


ASSUMPTION = "zero order, adiabatic, one apparent E held outside the range: no reactant is spent before the maximum"


def _one_day(fit: Fit, phi: float) -> float | None:
    """The temperature [K] at which the bare sample takes a day to its maximum rate."""
    try:
        return onset.temperature_of_time_to_maximum_rate(DAY, fit.activation_energy, fit.log_factor + math.log(phi))
    except ValueError:
        return None


def _corrected(phi: float, made: dict[str, Any]) -> dict[str, Any]:
    """What the bare sample would do: rates phi times as high, so each rate at a lower temperature; a rise phi times as large."""
    energy = made["kinetics"]["activation_energy_J_per_mol"]
    onsets = made["onsets"]

    def bare(entry: dict[str, Any] | None) -> float | None:
        return onset.phi_shift(entry["temperature_K"], 1.0 / phi, energy) if entry and energy else None

    first, third, maximum = onsets["T1"], onsets["T3"], made["kinetics"].get("time_to_maximum_rate_at_start_s")
    return {
        "phi": phi,
        "T1_K": bare(first),
        "T2_K": {name: bare(entry) for name, entry in onsets["T2"].items()},
        "rise_K": phi * (third["temperature_K"] - first["temperature_K"]) if first and third else None,
        "time_to_maximum_rate_at_start_s": maximum / phi if maximum else None,
        "assumption": "Townsend & Tou 1980: 1/T' = 1/T + R ln(phi)/E with the apparent E, rise and rate times phi",
    }


# --- warnings ---


def _warnings(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
    found = _thin(trace, made, missed)
    record = trace.record
    if record.rate is not None and not np.isfinite(record.rate).all():
        rows = np.flatnonzero(~np.isfinite(record.rate))
        found.append(
            _warning("no-rate", f"{_samples(rows)} no rate and {'is' if len(rows) == 1 else 'are'} left out of what needs one", rows)
        )
    top = int(np.argmax(record.temperature))
    fell = np.flatnonzero((np.diff(record.temperature) < -FALL) & (np.arange(1, len(record.time)) <= top)) + 1
    if len(fell):
        most = float(-np.diff(record.temperature)[fell - 1].min())
        found.append(_warning("falling", f"{_samples(fell)} a temperature below the one before, by up to {most:.2f} K", fell))
    found += [_gap_warning(trace, gap) for gap in trace.gaps if gap.kind != "fall"]
    if trace.whole and not made["exotherms"] and missed is None:
        text = f"no hold is long enough for a seek window of {trace.instrument.seek / 60.0:g} min: nothing was looked for"
        found.append(_warning("no-window", text, []))
    return found + _coarse(trace, made, top)


def _warning(code: str, text: str, rows: Any) -> dict[str, Any]:
    return {"code": code, "text": text, "samples": [int(row) + 1 for row in rows]}


def _samples(rows: Any) -> str:
    listed = ", ".join(str(int(row) + 1) for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    return f"sample {listed} has" if len(rows) == 1 else f"samples {listed} have"


def _thin(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
    """Where a little more or less of rate would move T1 or the cessation."""
    found = []
    sensitivity = trace.instrument.sensitivity
    first, ended = made["onsets"]["T1"], made["onsets"]["cessation"]
    if first and first["margin"] is not None and first["margin"] < THIN:
        at, error = _row(trace, first["time_s"]), first["rate_error_K_per_s"]
        within = f" (uncertain by {100.0 * error / sensitivity:.2g} %)" if error else ""
        text = f"T1 (sample {at + 1}) rests on a rate {_off(first['margin'])}{within}: a little less and it is a step later"
        found.append(_warning("thin-margin", text, [at]))
    if missed and missed.rate / sensitivity - 1.0 > -THIN:
        at, off = _row(trace, missed.end), missed.rate / sensitivity - 1.0
        text = f"the window before T1 (to sample {at + 1}, {_degrees(missed.warm)}) has a rate {_off(off)}: "
        text += "a little more and T1 is a step earlier" if off < 0.0 else "that is within its noise, and the instrument heated on"
        found.append(_warning("near-miss", text, [at]))
    if trace.whole and ended and ended["margin"] is not None and ended["margin"] > -THIN:
        at = _row(trace, ended["time_s"])
        text = f"the cessation (sample {at + 1}) rests on a rate {_off(ended['margin'])}: the sample still heats itself"
        found.append(_warning("thin-margin", text, [at]))
    return found


def _row(trace: Trace, moment: float) -> int:
    """The last row at a time [s]."""
    return max(int(np.searchsorted(trace.record.time, moment + 1e-6, "right")) - 1, 0)


def _off(margin: float) -> str:
    return f"{100.0 * abs(margin):.2g} % {'above' if margin >= 0.0 else 'below'} the sensitivity"


def _degrees(kelvin: float) -> str:
    return f"{kelvin - ZERO_CELSIUS:.1f} degC"


def _gap_warning(trace: Trace, gap: Gap) -> dict[str, Any]:
    place = f"between samples {gap.row + 1} and {gap.row + 2} {gap.rise:.1f} K in {gap.duration / 60.0:.3g} min are not recorded"
    mean = f"mean {gap.rise / gap.duration * 60.0:.2g} K/min"
    if gap.kind == "step":
        text = f"{place}: {mean} is more than the rates on either side account for, taken as a heater step"
    else:
        text = f"{place}: {mean} is what the rates on either side account for, taken as self-heating"
    return _warning("gap", text, [gap.row, gap.row + 1])


def _coarse(trace: Trace, made: dict[str, Any], top: int) -> list[dict[str, Any]]:
    """Rows too far apart for the maximum, or for T2."""
    found = []
    T = trace.record.temperature
    if made["onsets"]["T3"] is not None and not trace.exact:
        beside = [abs(float(T[top] - T[row])) for row in (top - 1, top + 1) if 0 <= row < len(T)]
        if max(beside) > COARSE:
            below = f"the rows beside the maximum (sample {top + 1}) lie up to {max(beside):.0f} K below it"
            text = f"{below}: the sampling is too coarse, T3 may be higher"
            found.append(_warning("coarse", text, [top]))
    second = made["onsets"]["T2"][CRITERIA[0]]
    if second is not None and not trace.exact:
        row = int(np.searchsorted(trace.record.time, second["time_s"], "right")) - 1
        row = min(max(row, 0), len(T) - 2)
        if T[row + 1] - T[row] > COARSE and trace.record.time[row + 1] - trace.record.time[row] > 1.0:
            text = f"between samples {row + 1} and {row + 2}, where T2 is read, lie {T[row + 1] - T[row]:.0f} K: the sampling is too coarse"
            found.append(_warning("coarse", text, [row, row + 1]))
    return found
