"""The heat-wait-seek test in a record: seek windows of its holds, what they detect, exotherms from their beginning to their end."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from thermo.onsets import onset
from thermo.records.heated_from_outside import RUNAWAY, SUDDEN, named_phases
from thermo.records.slopes import line, runs_of
from thermo.records.trace import Hold, Trace


class Window(NamedTuple):
    """A seek window: its ends [s], mean rate and the standard error of that [K/s], temperatures at its ends [K]."""

    start: float
    end: float
    rate: float
    error: float
    cool: float
    warm: float


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


DOUBTFUL = 0.2  # of the sensitivity: a standard error above it moves a detection by itself
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
