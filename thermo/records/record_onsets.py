"""T1, T2 and T3 of a calorimeter's record, how far each is known, or why there is none."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT
from thermo.measurement.asked import CRITERIA
from thermo.onsets import onset
from thermo.records.heat_wait_seek import Window
from thermo.records.heated_from_outside import LARGEST_STEP
from thermo.records.record_doctor import STANDSTILL
from thermo.records.slopes import NEAR, STEEPER, UNKNOWN_NOISE, line, usual_interval
from thermo.records.trace import FROM_TEMPERATURES, Trace, between, degrees, row_at

OVER = 1.25  # times the sensitivity: the slope of the last rows of a record that stops as the runaway is over
TOO_HIGH = 2.0  # times what one step of the heater accounts for: a first row with such a rate is no T1
STEEPEST = 200e3  # J/mol, of a reaction that one step of the heater makes so much faster
OF_DRIVE = 1.2  # times the rate of what heats the cell: a criterion below cannot be told from it
UNSEEN = 50.0  # K between two rows, in which a runaway may pass unseen
NO_QUIET = "the first self-heating is"
LEAST_VOLTAGE = 0.5  # V, of a cell
CLOCK_STEPS = 4.0  # at least, of a clock that rows share, in a slope
CLOCK_RISES = 0.1, 5.0  # K, within a step of the clock: by less it does not matter, by more there is no slope
CLOCK_NOISES = 10.0  # standard deviations of a row, at least, that the record rises by in half of such a slope
GROWTH = 0.01, 15.0  # 1/K, least growth of a rate that is looked for, within so many kelvin


def smoothed(temperature: Floats, rate: Floats) -> Floats:
    """The median of each rate and its neighbours: what the next row undoes is gone, a curve that rises stays as it is.

    A row that lies 10 K or more above the one before is no slip, and keeps its rate.
    """
    if len(rate) < 3:
        return rate
    middle = np.median(np.stack([rate[:-2], rate[1:-1], rate[2:]]), axis=0)
    made = np.concatenate([rate[:1], middle, rate[-1:]])
    return np.where(np.append(0.0, np.diff(temperature)) >= onset.LATER_RISE, np.maximum(rate, made), made)


class Rates(NamedTuple):
    """The rows of a record that have a rate [K/s], which noise has been taken out of."""

    time: Floats
    temperature: Floats
    rate: Floats
    heated: npt.NDArray[np.bool_]


def rates_of(trace: Trace) -> Rates:
    """The rows that onsets by a rate are looked for in."""
    known = np.flatnonzero(np.isfinite(trace.rate))
    T, rate = trace.record.temperature[known], trace.rate[known]
    return Rates(trace.record.time[known], T, rate if trace.exact else smoothed(T, rate), trace.heated[known])


def reached(trace: Trace, rates: Rates, level: float, rise: float = 0.0) -> dict[str, float] | None:
    """Where the rate first reaches a level [K/s] with a later rise of so many K."""
    time, T, rate, heated = rates
    jump, sloped = (math.inf, False) if trace.exact else (STEEPER, trace.rate_from == FROM_TEMPERATURES)
    slope = over_the_clock(time, T, rate, heated, trace.record.tick, level, trace.spread.row)
    return onset.first_reach(level, time, T, slope, heated, rise, jump, sloped=sloped)


def second_onsets(trace: Trace, rates: Rates) -> dict[str, Any]:
    """T2 by each criterion that is a rate."""
    made: dict[str, Any] = {}
    for name in CRITERIA[:3]:
        level = onset.RATES[name]
        point = None if hidden(trace, level) else reached(trace, rates, level, onset.LATER_RISE)
        made[name] = point if trace.exact or point is None else {**point, "known_to_K": _between_rows(trace, point, level)}
    return made


def first_onset(trace: Trace, found: list[dict[str, Any]], missed: Window | None) -> tuple[dict[str, Any] | None, str | None]:
    """T1, or why there is none; `missed`: the last window before it that found nothing."""
    sensitivity, step = trace.instrument.sensitivity, trace.instrument.step
    if trace.heating.driven:
        return None, f"no heat-wait-seek record: {trace.heating.driven}; T1 is the end of a seek window, which this record does not have"
    if not found:
        return None, f"no exotherm reaches {sensitivity * 60.0:g} K/min"
    start = found[0]["start"]
    T, rate, most = start["temperature_K"], start["rate_K_per_s"], most_of_a_step(trace, start["temperature_K"])
    quiet = missed is not None and T - missed.warm <= LARGEST_STEP * step
    if trace.whole and not trace.exact and not quiet and rate is not None and rate - 2.0 * (start["rate_error_K_per_s"] or 0.0) > most:
        times = f"at {rate / sensitivity:.3g} times the sensitivity, at {degrees(T)}"
        return (
            None,
            f"{NO_QUIET} {times}, and no window without self-heating lies a step before it: not a heat-wait-seek test",
        )
    if trace.whole and not trace.exact:
        rows = trace.instrument.seek / usual_interval(trace.record.time[: row_at(trace, start["time_s"]) + 1])
        error = trace.spread.slope_error(trace.instrument.seek, rows)
        if error > sensitivity:
            text = f"a slope over a seek window is uncertain by {error * 60.0:.2g} K/min, the sensitivity is {sensitivity * 60.0:.2g} K/min"
            return None, f"cannot be decided: {text}"
        known = step if error > 0.5 * sensitivity else 0.0
        low, high = start.get("known_to_K", (0.0, 0.0))
        return {**start, "known_to_K": [min(low, -known), max(high, known)]}, None
    if trace.whole:
        return {**start, "known_to_K": [0.0, 0.0]}, None
    error = trace.first_rate_error
    if rate is not None and rate - error > most:
        times = f"{rate / sensitivity:.3g} times the sensitivity"
        return None, f"the first row has {times}: self-heating began before it, at a temperature that the record does not hold"
    if rate is not None and error > 0.5 * sensitivity and not rate - 2.0 * error > sensitivity:
        return None, f"cannot be decided: the first rows have a rate of {rate * 60.0:.2g} +- {error * 60.0:.2g} K/min"
    return {**start, "known_to_K": [-step, 0.0]}, None


def most_of_a_step(trace: Trace, temperature: float) -> float:
    """The largest rate [K/s] at a temperature [K] of a sample that showed nothing one step of the heater below it."""
    growth = math.exp(STEEPEST * trace.instrument.step / (GAS_CONSTANT * temperature**2))
    return TOO_HIGH * trace.instrument.sensitivity * growth


def hidden(trace: Trace, level: float) -> bool:
    """Whether a rate [K/s] is one that what heats the cell gives it."""
    return bool(trace.heating.driven) and level < OF_DRIVE * trace.heating.drive


def no_second(trace: Trace, runaway: dict[str, Any]) -> str | None:
    """Why a criterion gives no T2 in a record of a sample that is heated until it fails."""
    blind = [name for name in CRITERIA[:3] if hidden(trace, onset.RATES[name])]
    if not blind:
        return None
    return f"{' and '.join(blind)}: hidden by the heating from outside, which gives the cell {trace.heating.drive * 60.0:.3g} K/min"


def over_the_clock(time: Floats, T: Floats, rate: Floats, heated: npt.NDArray[np.bool_], tick: float, level: float, sigma: float) -> Floats:
    """Rates [K/s], those near `level` and above over several steps of a clock whose steps `tick` [s] rows share; as given without one.

    A rate over one step is good for nothing where a row more or less falls into it. Where something heats from outside within the rows
    of such a slope, and where the record rises too much in a step, the rate stays.
    """
    half = max(0.5 * CLOCK_STEPS * tick, CLOCK_NOISES * sigma / level)
    if not CLOCK_RISES[0] <= tick * level <= CLOCK_RISES[1] or half * level > 2.0 * CLOCK_RISES[1]:
        return rate
    first, last = np.searchsorted(time, time - half), np.minimum(np.searchsorted(time, time + half, "right"), len(time)) - 1
    counted = np.append(0, np.cumsum(heated))
    alone = (counted[last + 1] == counted[first]) & (last - first >= 2) & (rate > 0.2 * level)
    slope = (np.interp(time + half, time, T) - np.interp(time - half, time, T)) / (2.0 * half)
    return np.where(alone, slope, rate)


def _between_rows(trace: Trace, point: dict[str, float], criterion: float) -> list[float]:
    """How far below and above a temperature [K] the rows lie between which it was read.

    Where rows share their times, also the rows where the slope over some steps of the clock reaches the criterion [K/s] if those steps are
    one too long, or one too short.
    """
    time, T = trace.record.time, trace.record.temperature
    before = max(int(np.searchsorted(time, point["time_s"])) - 1, 0)
    after = min(int(np.searchsorted(time, point["time_s"], "right")), len(T) - 1)
    if trace.record.tick:
        before, after = (int(i) for i in np.searchsorted(time, (point["time_s"] - trace.record.tick, point["time_s"] + trace.record.tick)))
        before, after = max(before - 1, 0), min(after, len(T) - 1)
        half = max(0.5 * CLOCK_STEPS * trace.record.tick, float(time[after] - time[before]))
        error = 0.5 * trace.record.tick / half
        slope = (np.interp(time + half, time, T) - np.interp(time - half, time, T)) / (2.0 * half)
        below = np.flatnonzero(slope[: before + 1] / (1.0 - error) < criterion)
        above = np.flatnonzero(slope[after:] / (1.0 + error) >= criterion)
        before = int(below[-1]) if len(below) else before
        after = after + int(above[0]) if len(above) else after
    low, high = min(T[before], T[after]), max(T[before], T[after])
    sigma, blurred = 2.0 * trace.spread.row, _blurred(trace, point["temperature_K"], criterion)
    # the first slope that reaches it is one that noise has made steep
    return [
        float(min(low - point["temperature_K"], -sigma, -2.0 * blurred)),
        float(max(high - point["temperature_K"], sigma, 3.0 * blurred)),
    ]


def _blurred(trace: Trace, temperature: float, criterion: float) -> float:
    """How far [K] the scatter of rates near the criterion [K/s] moves the place where one first reaches it.

    A standard deviation of ln(rate) about its line over the temperature, over the slope of that line.
    """
    if trace.rate_from != FROM_TEMPERATURES or trace.record.tick:
        return 0.0
    T, rate = trace.record.temperature, trace.rate
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero((np.abs(T - temperature) < GROWTH[1]) & (rate > 0.3 * criterion) & (rate < 3.0 * criterion) & ~trace.heated)
    if len(near) < 5 or np.ptp(T[near]) < 2.0:
        return 0.0
    growth = line(T[near], np.log(rate[near]))[0]
    left = np.log(rate[near]) - growth * (T[near] - T[near].mean())
    return float(left.std(ddof=2)) / max(growth, GROWTH[0])


def voltage_drop(trace: Trace) -> tuple[dict[str, float] | None, str | None]:
    """Where the voltage falls below half of what it was, for good, or why there is no such place.

    What it was: what nine tenths of the values up to the maximum of the temperature lie below. A contact that is lost comes back.
    """
    record = trace.record
    known = np.flatnonzero(np.isfinite(record.voltage)) if record.voltage is not None else np.zeros(0, int)
    if record.voltage is None or not len(known):
        return None, "no voltage"
    if trace.exact:
        last = np.maximum(np.searchsorted(known, np.arange(len(record.time)), "right") - 1, 0)
        voltage = record.voltage[known[last]]
        found = onset.runaway_onsets(CRITERIA[3:], record.time, record.temperature, trace.rate, trace.heated, voltage)["voltage-drop"]
        return found, None if found else "it does not fall below half of its start"
    until = max(int(np.argmax(record.temperature)), int(known[0]))
    was = float(np.quantile(record.voltage[known[known <= until]], 0.9))
    if was < LEAST_VOLTAGE:
        return None, f"it is {was:.3g} V at most: no cell was connected"
    high = known[record.voltage[known] >= 0.5 * was]
    later = known[known > high[-1]]
    if not len(later):
        returned = bool(np.any(record.voltage[known] < 0.5 * was))
        return None, "it falls below half and comes back: a contact was lost" if returned else "it does not fall below half of its start"
    row = int(later[0])
    return {"temperature_K": float(record.temperature[row]), "time_s": float(record.time[row])}, None


def third_onset(trace: Trace, runaway: dict[str, float] | None) -> tuple[dict[str, Any] | None, str | None]:
    """T3, or why there is none."""
    record, last = trace.record, _last_rate(trace)
    over = trace.instrument.sensitivity * (1.0 if trace.exact else OVER)
    third = onset.third(record.time, record.temperature, last, runaway, over, trace.heated)
    most = degrees(float(record.temperature.max()))
    if runaway is None:
        return None, f"no runaway of 1 K/s up to {most}{_unseen_rise(trace)}"
    if any(entry["code"] == STANDSTILL for entry in record.left_out or ()):
        return None, f"the record stands still at {most}: the range of the logger ends there, or the sensor is stuck; it does not hold T3"
    if third is None:
        return None, f"the record ends in the runaway: its last row still heats itself at {last * 60.0:.3g} K/min, at {most}"
    if trace.exact:
        return third, None
    top = row_at(trace, third["time_s"])
    sigma = 2.0 * trace.spread.row
    return {**third, "known_to_K": [-sigma, max(_missed_above(record.time, record.temperature, top), sigma)]}, None


def _unseen_rise(trace: Trace) -> str:
    """A rise between two rows that may hold a runaway, in words."""
    T = trace.record.temperature
    row = int(np.argmax(np.diff(T))) if len(T) > 1 else 0
    rise = float(T[row + 1] - T[row]) if len(T) > 1 else 0.0
    return f"; {between(trace, row)} {rise:.0f} K are not recorded, and a runaway may lie there" if rise > UNSEEN else ""


def _missed_above(time: Floats, T: Floats, top: int) -> float:
    """How far [K] the maximum may lie above the highest row: where the rise before it and the fall after it would meet."""
    rising = (T[top] - T[top - 1]) / (time[top] - time[top - 1]) if top > 0 and time[top] > time[top - 1] else 0.0
    if top + 1 < len(T) and time[top + 1] > time[top]:
        gap, drop = time[top + 1] - time[top], T[top] - T[top + 1]
        after = top + 2 < len(T) and time[top + 2] > time[top + 1]
        falling = max((T[top + 1] - T[top + 2]) / (time[top + 2] - time[top + 1]), 0.0) if after else 2.0 * drop / gap
        # rising on from the row for a while, and falling as after the next row for the rest of the way to it
        return float(max(rising * max(gap * falling - drop, 0.0) / (rising + falling), 0.0)) if rising + falling > 0.0 else 0.0
    return 0.0


def _last_rate(trace: Trace) -> float:
    """The rate at the end [K/s]: where rows follow on one that noise does not tell from the maximum, what their slope is at least."""
    known = trace.rate[np.isfinite(trace.rate)]
    if trace.exact or not len(known):
        return float(known[-1]) if len(known) else 0.0
    time, T = trace.record.time, trace.record.temperature
    first = int(np.argmax(T >= T.max() - trace.spread.fall))
    if len(T) - first < 3 or time[-1] - time[first] < NEAR:
        return float(known[-1])
    slope, error = line(time[first:], T[first:])
    # three rows may lie on a line by chance
    by_noise = max(trace.spread.row, UNKNOWN_NOISE) / float(np.linalg.norm(time[first:] - time[first:].mean()))
    return slope - 2.0 * max(error, by_noise)
