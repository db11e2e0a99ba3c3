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
from thermo.kinetics import Floats
from thermo.record import Record

HEATER_RATE = 0.3 / 60.0  # K/s, more than any exotherm has when it is found
QUIET_RATE = 0.1 / 60.0  # K/s, after a heater step
HALF_WINDOW, HALF_RISE = 300.0, 0.5  # s and K: a slope is taken over rows at most so far away
MOST_ROWS = 150  # on either side of a slope
NEAR = 5.0  # s, rows so close and less than FALL apart are the same moment to a noisy thermocouple
GAP = 60.0  # s, the shortest gap in which a heater step is looked for
FALL = 0.1  # K, more than the noise of a thermocouple
STEEPER = 10.0  # times: rates of neighbouring rows further apart are no curve
ACCOUNTED = 1.2  # times the rates on either side: what self-heating can have for a mean


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


def slopes(time: Floats, temperature: Floats, hold: Any, half_window: float, half_rise: float) -> Floats:
    """Rate of each row [K/s]: least-squares slope over the rows of its hold at most `half_window` [s] and `half_rise` [K] away.

    A slope ends where the way to the next row is steeper by a factor of 10 and more than noise. Where no earlier row is so near, the
    difference to the last one before it that time or temperature tells from it, or what lies between that and the difference to the
    row after, in the logarithm, where the rate grows (by a factor of 10 at most); not a number in the first row of a hold.

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
            if k > 1:
                near &= ~_kinked(along, up, time[other] - time[other - side], temperature[other] - temperature[other - side])
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
    last, after = np.searchsorted(time, time, "left") - 1, np.searchsorted(time, time, "right")  # rows at other times

    def apart(row: Any, other: Any) -> bool:  # by more than noise
        return bool(abs(time[row] - time[other]) >= NEAR or abs(temperature[row] - temperature[other]) >= FALL)

    for row in np.flatnonzero(~fitted):
        while last[row] > 0 and not apart(row, last[row]):
            last[row] -= 1
        while after[row] < n - 1 and not apart(row, after[row]):
            after[row] += 1
    single = np.flatnonzero(~fitted & (last >= 0))
    single = single[hold[last[single]] == hold[single]]
    rate[single] = (temperature[single] - temperature[last[single]]) / (time[single] - time[last[single]])
    curved = single[after[single] < n]
    curved = curved[hold[after[curved]] == hold[curved]]
    below, above = temperature[curved] - temperature[last[curved]], temperature[after[curved]] - temperature[curved]
    before, ahead = rate[curved], above / (time[after[curved]] - time[curved])
    smooth = (before > 0.0) & (ahead > before) & (ahead < STEEPER * before)
    share = (below / (below + above))[smooth]  # of the way between the middles of both
    rate[curved[smooth]] = before[smooth] ** (1.0 - share) * ahead[smooth] ** share
    return rate


def _kinked(along: Floats, up: Floats, last_along: Floats, last_up: Floats) -> Any:
    """Whether the last piece of a way of several rows is steeper than the rest of it by far, and higher than noise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steep, rest = np.abs(last_up / last_along), np.abs((up - last_up) / (along - last_along))
        return (np.abs(last_up) >= FALL) & (steep > STEEPER * rest)


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
        heat = np.asarray(heat | ((phase == "end") & np.append(False, heat[:-1])))
        for row in np.flatnonzero(phase[1:] == "wait") + 1:  # what the heater has left behind in a slow sensor
            heat[row] = heat[row - 1] and rate[row] > HEATER_RATE and (phase[row - 1] == "heat" or rate[row] <= rate[row - 1])
        return heat
    heated = np.zeros(len(rate), bool)
    with np.errstate(invalid="ignore"):
        fast = rate > HEATER_RATE
    for a, b in runs_of(fast):
        if _is_heater(record.temperature, rate, a, b, step):
            heated[a : b + 1] = True
    near = np.append(0.0, np.diff(record.time)) < 0.2 * HALF_WINDOW
    # the rows on either side have a share of the step where rows are close
    return np.asarray(heated | (near & np.append(False, heated[:-1])) | (near & np.append(heated[1:], False)))


def runs_of(rows: Any) -> list[tuple[int, int]]:
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
    list of {start: {temperature_K, time_s, ...}, end: {temperature_K, time_s, reason, margin}, rise_K, duration_s}; one that cools to
    below its start is over at its maximum
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
        warm = float(np.interp(last, trace.record.time, trace.record.temperature))
        if begun is None and hold.ended == "record" and not (made and made[-1]["end"]["time_s"] >= last):
            begun = _unseen(trace, hold, last)
            if begun and warm <= begun["temperature_K"]:  # the end of a heater step, and cooling after it
                begun = None
        if begun:
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
    if temperature < begun["temperature_K"] - FALL:  # it is over before
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
        if T[-1] < T[0] - FALL and T.max() == T[0]:  # cooling and nothing else
            continue
        rate = float(trace.rate[last]) if hold.ended in ("step", "fall") else None
        made.append(_ended(trace, begun, float(record.time[last]), float(T[-1]), reason, rate))
    return made


FIRST_ROW = "first row: the record holds the exotherm alone"
