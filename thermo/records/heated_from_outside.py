"""What heated a sample from outside, read off its record: the steps of a heater, a ramp, an oven; or nothing, and it failed from rest.

heater step     after a rest the rate jumps above 0.3 K/min, and falls back as suddenly after a rise of at most 1.6 steps
driven          a rate that begins high and does not grow as that of a reaction does, with no hold after it
from rest       a jump to a runaway within a step of where a quiet record begins
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT
from thermo.base.errors import CaseError
from thermo.casefile.reader import read_document
from thermo.onsets import onset
from thermo.programmes.arc_machine import PHASE_NAMES
from thermo.records.record_doctor import Record
from thermo.records.slopes import HALF_WINDOW, UNKNOWN_NOISE, Scatter, line, runs_of, usual_interval

HEATER_RATE = 0.3 / 60.0  # K/s, more than any exotherm has when it is found
QUIET_RATE = 0.1 / 60.0  # K/s, before a heater step
SMALLEST_STEP, LARGEST_STEP = 0.2, 1.6  # of a step of the heater: it heats to the next one of its grid
EVEN = 3.0  # times: rates of a heater lie no further apart
NO_REACTION = 40e3  # J/mol: a rate that grows more slowly with temperature is what a heater or an oven does
LEAVES = 1.2  # times the least rate of what heats the cell: faster, and it heats itself
EARLY_RISE = 15.0  # K, over which that is looked at
SOON = 120.0  # s, within which the rate has fallen after a heater step
REST = 0.5  # of a seek window: what a heater step has before it at least
RUNAWAY = onset.RATES["10 K/min"]  # after it a heater step needs a whole seek window of rest


OF_A_RUN = ("sensitivity", "seek", "wait", "step")  # what a result folder says of the instrument, in SI


class Instrument(NamedTuple):
    """What the reader must know of the test, SI. `wait` None: as long as the record's own holds leave beside the seek window."""

    sensitivity: float = 0.02 / 60.0
    seek: float = 600.0
    wait: float | None = None
    step: float = 5.0
    phi: float = 1.0


def instrument_of_a_run(file: Path) -> dict[str, float]:
    """What the run looked with, whose `history.csv` or `record.csv` a file in its result folder is; empty for any other file."""
    if file.name not in ("history.csv", "record.csv"):
        return {}
    try:
        programme = read_document(file.parent / "resolved.yaml").data["programme"]
        return {name: float(programme[name]) for name in OF_A_RUN} if programme["kind"] == "arc" else {}
    except (CaseError, KeyError, TypeError, ValueError):
        return {}


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


DRIVEN, SUDDEN = "a cell that a ramp, a heater or an oven drives", "a sudden failure from rest"


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
    if record.by_its_own:
        return Heating(heated, 0, False, DRIVEN, 0.0)
    with np.errstate(invalid="ignore"):
        fast = runs_of(rate > HEATER_RATE)
    T = record.temperature
    runs = [(a, b) for a, b in fast if T[b] - T[max(a - 1, 0)] >= SMALLEST_STEP * instrument.step]  # the others are noise
    blurred = spread.span(usual_interval(record.time), QUIET_RATE / 8.0)
    needed = min(max(REST * instrument.seek, blurred), 1.5 * instrument.seek)
    steps, first, own_since, doubtful = 0, False, -math.inf, -1
    for k, (a, b) in enumerate(runs):
        since = max(own_since, float(record.time[runs[k - 1][1]]) if k else -math.inf)
        early = record.time[a] - record.time[0] < needed  # what comes in slowly takes its time
        begins = k == 0 and (a <= 1 or early or _rests(record, rate, a, since, needed, instrument))
        if begins and _is_even(rate, a, b) and _ends_soon(record, rate, a, b):
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
    if not steps and not first and _is_slow_ramp(record, rate, instrument):
        return _driven(record, rate, 0, len(rate) - 1)
    if not steps and not first and _fails_from_rest(record, rate, spread, instrument):
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
    beside = rate[max(row - 4, 0) : row]  # the last ones may have a share of what comes
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
    even, small = _is_even(rate, a, b), rise <= LARGEST_STEP * instrument.step
    if b + 1 == len(rate):  # the record ends while it is heated
        return small and (even or rate[a : b + 1].max() < RUNAWAY)
    return (even or small) and _ends_soon(record, rate, a, b)


def _ends_soon(record: Record, rate: Floats, a: int, b: int) -> bool:
    """Whether the rate falls back at once after rows a to b."""
    after = np.abs(rate[b + 1 : max(b + 3, int(np.searchsorted(record.time, record.time[b] + SOON)))])
    return bool((after < max(QUIET_RATE, 0.3 * float(np.median(rate[a : b + 1])))).any())


def _is_outside(record: Record, rate: Floats, a: int, b: int) -> bool:
    """Whether rows that begin fast are heated from outside: their rate does not grow as that of a reaction does."""
    rows = _early(record, a, b)
    usual = float(np.median(rate[rows]))
    if rows.stop - rows.start < 3 or (a > 1 and usual >= onset.RATES["1 K/s"]):
        return False  # from rest so fast: it fails by itself
    full = rows.start + int(np.argmax(rate[rows] >= 0.7 * usual))  # a slope takes its time to show what came suddenly
    rows = slice(full, rows.stop)
    if rows.stop - rows.start < 3 or np.ptp(record.temperature[rows]) < 1.0:
        return False
    while rows.stop - rows.start >= 3 and np.ptp(record.temperature[rows]) >= 1.0 and rate[rows].max() < onset.RATES["1 K/s"]:
        # what comes in slowly grows at first, as a reaction does, and no more after
        slope = line(1.0 / record.temperature[rows], np.log(np.maximum(rate[rows], 1e-9)))[0]
        if -slope * GAS_CONSTANT < NO_REACTION:
            return True
        rows = _early(record, rows.stop - 1, b)
    return False


def _early(record: Record, a: int, b: int) -> slice:
    """The rows from a on, to b at most, in which the temperature rises by 15 K."""
    T = record.temperature[a : b + 1]
    high = np.flatnonzero(T >= T[0] + EARLY_RISE)
    return slice(a, a + (int(high[0]) + 1 if len(high) else len(T)))


def _is_slow_ramp(record: Record, rate: Floats, instrument: Instrument) -> bool:
    """Whether a record begins with one rate above the sensitivity, kept over more kelvin than any reaction keeps it."""
    rows = _early(record, 0, len(rate) - 1)
    if rows.stop < 20 or np.ptp(record.temperature[rows]) < EARLY_RISE:
        return False
    ends = np.linspace(0, rows.stop, 5).astype(int)
    rates = [line(record.time[i:k], record.temperature[i:k])[0] for i, k in itertools.pairwise(ends)]
    return instrument.sensitivity < min(rates) and max(rates) < min(LEAVES * min(rates), HEATER_RATE)


def _driven(record: Record, rate: Floats, a: int, b: int) -> Heating:
    """A record of a sample that is heated until it fails: heated up to where the rate is least before it is largest."""
    top = a + int(np.nanargmax(rate[a:]))
    fast = np.flatnonzero(rate[a : top + 1] >= onset.RATES["1 K/s"])
    stop = a + int(fast[0]) if len(fast) else top
    a += int(np.argmax(rate[a : stop + 1] >= 0.9 * np.nanmedian(rate[a : stop + 1])))  # what comes in slowly has come in
    least = float(np.nanpercentile(rate[a : stop + 1], 2))
    until = a + int(np.flatnonzero(rate[a : stop + 1] <= LEAVES * max(least, 0.0) + 1e-9)[-1])  # the last row at the rate of what heats
    rows = np.zeros(len(rate), bool)
    rows[:until] = True
    drive = float(np.median(rate[a : stop + 1][rate[a : stop + 1] <= LEAVES * max(least, 0.0) + 1e-9]))
    if not len(fast):
        rows[: len(rate)] = True  # nothing of its own is seen
    return Heating(rows, 0, True, DRIVEN, max(drive, 0.0))


def _fails_from_rest(record: Record, rate: Floats, spread: Scatter, instrument: Instrument) -> bool:
    """Whether the temperature jumps from where the record begins, at rest, to a runaway."""
    with np.errstate(invalid="ignore"):
        fast = np.flatnonzero(rate >= onset.RATES["1 K/s"])
    if not len(fast) or fast[0] < 3:
        return False
    row, T = int(fast[0]), record.temperature
    half = slice(0, max(row // 2, 2))
    slope, error = line(record.time[half], T[half])
    span = float(np.ptp(record.time[half]))
    told = spread._replace(noise=max(spread.noise, UNKNOWN_NOISE))
    error = max(error, told.slope_error(span, half.stop) if span else 0.0)  # of few rows a line tells little
    return float(T[row - 1]) < float(np.median(T[half])) + instrument.step and slope < max(instrument.sensitivity, 3.0 * error)
