"""What a logger wrote that is no measurement: found by its rows, named, left out or refused.

missing             an empty cell, or a word of the logger such as OVER
open thermocouple   a value that no cell reaches, come to by a jump
no neighbour        a row, or a few, that the rows on either side contradict
stuck               one value many times over while the temperature rose, and then a jump to where it had got to
standstill          the highest value many times over, come to at full speed: no maximum
clock               a time that fits neither neighbour; a clock that runs back is refused
repeated            a row that says again what the last one said

Runs of this program are taken as they are: their rows are no measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.base.constants import ZERO_CELSIUS
from thermo.base.errors import CaseError, Mistake
from thermo.records.slopes import line, noise, resolution, runs_of

FEW = 10  # rows, below which nothing is left out
HOTTEST, COLDEST = 1640.0, 213.0  # K: a type K thermocouple ends at 1645 K, no test begins below 213 K
OPEN_JUMP = 50.0  # K, by which such a value stands apart from its neighbour
UNSUPPORTED = 8.0  # times what the neighbours differ by among themselves
LEAST_SLIP = 1.0  # K, and so many standard deviations and steps of resolution, are told from a measurement
NOISES, STEPS = 20.0, 5.0
LONGEST_SLIP, SLIP_SHARE = 200, 0.02  # rows, and share of the record, of one slip
LONELY = 5.0  # times the usual interval: rows further apart support nothing and contradict nothing
STUCK_ROWS = 6
MISSED = 0.3  # of a jump: what the slope before a stuck value must have had for its share


class Record(NamedTuple):
    """A record in SI, in the order of its rows. Sample n of a message is row n of the file, counted from 1.

    time [s], temperature [K], rate [K/s] or None, voltage [V] or None : arrays (n,), not a number where the file has no value
    phase : array (n,) of words, what the instrument says it did, or None
    columns : the name in the file of each of these
    samples : array (n,), the number of each row in the file; None where none was left out
    lines : array (n,), its line in the file, or None
    left_out : {code, text, samples} of what was left out; None before the record is examined
    tick : the step of a clock [s] that several rows share; 0 where each has its own time
    """

    name: str
    time: Floats
    temperature: Floats
    rate: Floats | None = None
    voltage: Floats | None = None
    phase: npt.NDArray[np.str_] | None = None
    columns: dict[str, str] = {}
    samples: npt.NDArray[np.int64] | None = None
    lines: npt.NDArray[np.int64] | None = None
    left_out: tuple[dict[str, Any], ...] | None = None
    tick: float = 0.0

    def sample(self, row: int) -> int:
        """The number of a row in the file, counted from 1."""
        return row + 1 if self.samples is None else int(self.samples[row])

    @property
    def of_a_run(self) -> bool:
        """Whether this program wrote it: rates and temperatures by their names."""
        return {"sample_K", "rate_K_per_s"} <= set(self.columns.values()) or self.phase is not None or self.by_its_own

    @property
    def by_its_own(self) -> bool:
        """Whether its rates are the self-heating of a cell in a run of this program, whatever is around it."""
        return self.columns.get("rate") == "self_heating_K_per_s"


def examined(record: Record) -> Record:
    """The record without the rows that are no measurement; what was left out stands in `left_out`.

    Raises
    ------
    CaseError where the clock runs back, where all samples have one time, and where fewer than two samples are left.
    """
    if record.left_out is not None:
        return record
    found: list[dict[str, Any]] = []
    if not record.of_a_run:
        for code, text, find in CHECKS if len(record.time) >= FEW else CHECKS[:1]:
            rows = find(record)
            if rows.any():
                found.append({"code": code, "text": text, "samples": [record.sample(int(row)) for row in np.flatnonzero(rows)]})
                record = _without(record, rows)
    cold = np.flatnonzero(record.temperature <= 0.0)
    if len(cold):
        raise CaseError([_at(record, int(i), f"the temperature must lie above 0 K, got {record.temperature[i]:.6g} K") for i in cold])
    if len(record.time) < 2:
        listed = "; ".join(f"samples {', '.join(map(str, entry['samples'][:5]))}: {entry['text']}" for entry in found)
        raise CaseError([Mistake(record.name, None, "", f"fewer than two samples are left: {listed}")])
    _refuse_a_clock_that_runs_back(record)
    return (record if record.of_a_run else _with_own_times(record))._replace(left_out=tuple(found))


def _at(record: Record, row: int, text: str) -> Mistake:
    line_number = None if record.lines is None else int(record.lines[row])
    return Mistake(record.name, line_number, "", f"sample {record.sample(row)}: {text}")


def _without(record: Record, rows: npt.NDArray[np.bool_]) -> Record:
    samples = np.arange(1, len(rows) + 1) if record.samples is None else record.samples
    kept = {
        name: getattr(record, name)[~rows]
        for name in ("time", "temperature", "rate", "voltage", "phase", "lines")
        if getattr(record, name) is not None
    }
    return record._replace(samples=samples[~rows], **kept)


FEW_SHARED, LEAST_SHARED = 3, 0.5  # rows at the time of the row before, so many kelvin from it, are as much
SHARED = 0.1  # of the rows have the time of the row before: the clock is coarser than the rows


def _with_own_times(record: Record) -> Record:
    """The record with rows that share a time spread evenly up to the next one."""
    time = record.time
    begins = np.append(True, np.diff(time) > 0.0)
    moved = np.abs(np.append(0.0, np.diff(record.temperature))) > LEAST_SHARED
    if np.mean(~begins) < SHARED and np.count_nonzero(~begins & moved) < FEW_SHARED:
        return record
    firsts = np.flatnonzero(begins)
    lengths = np.diff(np.append(firsts, len(time)))
    steps = np.diff(time[firsts])
    shared = np.append(steps, steps[-1])[lengths > 1]
    tick = float(np.median(shared))
    width = np.append(np.minimum(steps, 2.0 * tick), tick)
    group = np.cumsum(begins) - 1
    spread = time + width[group] * (np.arange(len(time)) - firsts[group]) / lengths[group]
    return record._replace(time=spread, tick=tick)


def _refuse_a_clock_that_runs_back(record: Record) -> None:
    time = record.time
    back = np.flatnonzero(np.diff(time) < 0.0) + 1
    mistakes = [_at(record, int(i), f"time runs back, from {time[i - 1]:.9g} s to {time[i]:.9g} s") for i in back]
    if not mistakes and time[-1] == time[0]:
        mistakes = [Mistake(record.name, None, "", "all samples have the same time")]
    if mistakes:
        raise CaseError(mistakes)


# --- what is looked for ---

STANDSTILL = "standstill"

Rows = npt.NDArray[np.bool_]


def _nothing(record: Record) -> Rows:
    return np.zeros(len(record.time), bool)


def wild_times(record: Record) -> Rows:
    """Rows whose time fits neither neighbour, while these fit each other."""
    time, found = record.time, _nothing(record)
    for i in np.flatnonzero(np.diff(time) < 0.0):  # time runs back after row i
        if i > 0 and i + 1 < len(time) and time[i + 1] > time[i - 1] and not (i > 1 and found[i - 1]):
            found[i] = True  # row i is ahead of its time
        elif i + 2 < len(time) and time[i + 2] > time[i] and time[i + 1] < time[i]:
            found[i + 1] = True  # the row after is behind it
    return found if np.count_nonzero(found) <= max(3, SLIP_SHARE * len(time)) else _nothing(record)


def repeated(record: Record) -> Rows:
    """Rows with the time and the temperature of the row before."""
    return np.append(False, (np.diff(record.time) == 0.0) & (np.diff(record.temperature) == 0.0))


def open_thermocouple(record: Record) -> Rows:
    """Rows beyond what a cell or a thermocouple reaches that stand apart from the rows beside them."""
    T, found = record.temperature, _nothing(record)
    for a, b in runs_of((T > HOTTEST) | (T < COLDEST)):
        beside = [abs(T[a] - T[a - 1])] if a > 0 else []
        beside += [abs(T[b] - T[b + 1])] if b + 1 < len(T) else []
        if T[a] <= 0.0 or (beside and max(beside) > OPEN_JUMP):
            found[a : b + 1] = True
    same = np.append(False, np.diff(T) == 0.0)
    last = len(T) - 1 - int(np.argmin(same[::-1]))  # from here on one value to the end
    if 0 < last < len(T) - 1 and T[last - 1] - T[last] > OPEN_JUMP:
        found[last:] = True
    return found


def unsupported(record: Record) -> Rows:
    """Rows that leave what the rows on either side say, and come back to it at once."""
    time, T = record.time, record.temperature
    found = _nothing(record)
    if len(T) < 5:
        return found
    least = max(LEAST_SLIP, NOISES * noise(time, T), STEPS * resolution(T))
    usual = LONELY * float(np.median(np.diff(time)))
    step = np.diff(T)
    for a in np.flatnonzero(np.abs(step) > least) + 1:
        if found[a - 1] or a + 1 >= len(T):
            continue
        for b in _ends(T, int(a), len(T)):
            around = [abs(T[b + 1] - T[a - 1])]
            around += [abs(T[a - 1] - T[a - 2])] if a > 1 else []
            around += [abs(T[b + 2] - T[b + 1])] if b + 2 < len(T) else []
            off = np.abs(T[a : b + 1] - 0.5 * (T[a - 1] + T[b + 1]))
            if off.min() > max(least, UNSUPPORTED * max(around)) and np.diff(time[a - 1 : b + 2]).max() <= usual:
                found[a : b + 1] = True
                break
    return found


def _ends(T: Floats, a: int, n: int) -> Iterator[int]:
    """Last rows that a slip from row a may have: those after which the temperature jumps back."""
    jump = T[a] - T[a - 1]
    longest = min(a + max(3, min(LONGEST_SLIP, int(SLIP_SHARE * n))), n - 1)
    back = np.diff(T[a : longest + 1]) * -np.sign(jump) > 0.5 * abs(jump)
    yield from (a + int(k) for k in np.flatnonzero(back)[:3])


def stuck(record: Record) -> Rows:
    """Rows that repeat a value while the temperature rose: what the slope before promises comes in one jump after them."""
    time, T = record.time, record.temperature
    found = _nothing(record)
    least = max(LEAST_SLIP, 10.0 * noise(time, T), STEPS * resolution(T))
    same = np.append(False, np.diff(T) == 0.0)
    for a, b in runs_of(same):
        if b - a + 2 < STUCK_ROWS or b + 1 >= len(T) or T[b + 1] - T[b] < least:
            continue
        jump = T[b + 1] - T[b]
        if b + 2 < len(T) and T[b + 2] - T[b + 1] > 0.3 * jump:
            continue  # a heater goes on as it came
        length = time[b] - time[a - 1]
        first = int(np.searchsorted(time, time[a - 1] - length))
        parts = [slice(a - (a - first) // part, a) for part in (1, 2, 4) if (a - first) // part >= 4]
        slopes = [line(time[part], T[part])[0] * length for part in parts]
        if slopes and min(slopes) > MISSED * jump:  # it rose, up to the end
            found[a : b + 1] = True
    return found


FLAT_ROWS = 4
FINE = 0.02  # K: to which a level must be known to tell the rounder of round numbers from others
LOGGER_LIMITS = 10.0, 50.0  # K: loggers saturate at round numbers; levels known to that and better, and others
KNOWN_LIMITS = (1372.0, 1370.0, 1300.0, 1200.0, 760.0, 1768.0, 1820.0)  # degC, of thermocouples
LEAST_RISE = 2.0  # K, or so many standard deviations and steps of resolution, tell how fast a record comes to its top
BAND = 8.0, 2.0  # standard deviations, and steps of resolution: rows so near the highest one stand at the top
STEADY = 0.8  # times the speed before it: a rise that does not slow down


def standstill(record: Record) -> Rows:
    """Rows that stand still at the maximum of the record without having slowed down before: the range of a logger, or a stuck sensor.

    A reaction that ends slows down first. So a top that the record comes to at full speed, and keeps, is no maximum where it is a value at
    which loggers end, or where rows that agree to the last digit would have shown noise.
    """
    time, T, found = record.time, record.temperature, _nothing(record)
    sigma, step = noise(time, T), resolution(T)
    for band in (0.0, BAND[0] * sigma + BAND[1] * step):
        top = _level_top(time, T, band, sigma, step)
        if top is None:
            continue
        first, last = top
        own = math.sqrt(max(sigma**2 - step**2 / 12.0, 0.0))  # beside what rounding makes
        alike = math.erf(step / (2.0 * math.sqrt(2.0) * own)) if own > 2e-3 else 1.0  # of two rows at one temperature, by chance
        if (band == 0.0 and alike ** (last - first) < 1e-6) or _at_a_limit(T[first : last + 1], sigma, step):
            found[first + 1 : last + 1] = True
            break
    return found


def abrupt_top(record: Record) -> int | None:
    """First of the rows that stand at the maximum, where the rise to it does not slow down as far as rows show it; None elsewhere.

    A logger at the end of its range looks so, and so does a reaction that ends between two rows, or one of low order.
    """
    time, T = record.time, record.temperature
    sigma, step = noise(time, T), resolution(T)
    top = _level_top(time, T, BAND[0] * sigma + BAND[1] * step, sigma, step)
    if top is None or top[0] < 2:
        return None
    first = top[0]
    least = _least_rise(sigma, step)
    below = np.flatnonzero(T[: first - 1] <= T[first - 1] - least)
    if not len(below):
        return None
    ends = first - 1 - (first - 1 - int(below[-1])) * np.arange(3)  # the last rise by so much took so many rows
    if ends[-1] < 0:
        return None
    speeds = np.diff(T[ends]) / np.diff(time[ends])  # the last one first
    onto = (T[first] - T[first - 1]) / (time[first] - time[first - 1])
    return first if onto > speeds.max() or speeds[0] > STEADY * speeds[1] else None


def _least_rise(sigma: float, step: float) -> float:
    return max(LEAST_RISE, 10.0 * sigma, 10.0 * step)


def _level_top(time: Floats, T: Floats, band: float, sigma: float, step: float) -> tuple[int, int] | None:
    """First and last of the rows within `band` [K] of the highest one, where they stand still and were come to at full speed."""
    top = int(np.argmax(T))
    first, last = next((a, b) for a, b in runs_of(T >= T[top] - band) if a <= top <= b)
    least = _least_rise(sigma, step)
    below = np.flatnonzero(T[:first] < T[top] - least)
    if last - first + 1 < FLAT_ROWS or not len(below):
        return None
    into = (T[first] - T[below[-1]]) / max(time[first] - time[below[-1]], 1e-9)
    half = (last - first + 2) // 2
    moved = abs(float(T[last + 1 - half : last + 1].mean() - T[first : first + half].mean()))
    level = moved <= 4.0 * sigma * math.sqrt(2.0 / half) + 0.5 * step + 1e-6
    return (first, last) if level and into * (time[last] - time[first]) >= least else None


def _at_a_limit(T: Floats, sigma: float, step: float) -> bool:
    """Whether loggers or thermocouples end at the temperature of these rows [K]: round in kelvin, degC or degF."""
    level = float(T.mean())
    celsius = level - ZERO_CELSIUS
    near = 1e-5 + 0.5 * step + 3.0 * sigma / math.sqrt(len(T))
    limit = LOGGER_LIMITS[0] if near < FINE else LOGGER_LIMITS[1]
    off = [abs(value - limit * round(value / limit)) for value in (celsius, level, celsius * 1.8 + 32.0)]
    return min(off) < near or any(abs(celsius - value) < max(0.01, near) for value in KNOWN_LIMITS)


def missing(record: Record) -> Rows:
    """Rows without a temperature."""
    return ~np.isfinite(record.temperature)


CHECKS = (
    ("missing", "no temperature", missing),
    ("clock", "a time that fits neither neighbour", wild_times),
    ("repeated", "the same time and temperature as the row before", repeated),
    ("open-thermocouple", f"a temperature that no cell has (above {HOTTEST - ZERO_CELSIUS:.0f} or below "
     f"{COLDEST - ZERO_CELSIUS:.0f} degC), as an open thermocouple gives", open_thermocouple),
    ("no-neighbour", "a temperature that the rows on either side contradict", unsupported),
    ("stuck", "a value that stood still while the temperature rose", stuck),
    (STANDSTILL, "the highest value repeated, reached without slowing down: the range of the logger ends there, or the sensor is "
     "stuck", standstill),
)  # fmt: skip
