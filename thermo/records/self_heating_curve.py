"""The curve of self-heating over temperature that a record holds, and the Arrhenius line through a part of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT
from thermo.records.slopes import line
from thermo.records.trace import Hold, Trace

BLOCK, BLOCK_NOISES = 0.5, 20.0  # K, or so many standard deviations of a row: of a point of the self-heating curve
EARLY = 1.0 / 60.0  # K/s, where the early part of an exotherm ends
LEAST_HALF = 5  # points of half a line, for a slope of its own
BENT = 0.1  # share of E by which the halves of a line differ where it is bent


class Curve(NamedTuple):
    """Points of self-heating: time [s], temperature [K], rate [K/s], each (n,), by time."""

    time: Floats
    temperature: Floats
    rate: Floats


class Fit(NamedTuple):
    """ln(dT/dt) = log_factor - E / (R T), rate in K/s: E and the half-width of its 95 % interval [J/mol], range [K], points.

    `halves`: E [J/mol] of the colder and of the hotter half where the points bend, else None.
    """

    activation_energy: float
    half_width: float
    log_factor: float
    low: float
    high: float
    n_points: int
    halves: tuple[float, float] | None


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
    block = max(BLOCK, BLOCK_NOISES * trace.spread.row)
    first = 0

    def take(last: int, least: float) -> None:
        t, T = time[first : last + 1], temperature[first : last + 1]
        if len(t) > 1 and t[-1] > t[0] and (T[-1] - T[0] >= block or t[-1] - t[0] >= least):
            slope = line(t, T)[0] if len(t) > 2 else float((T[-1] - T[0]) / (t[-1] - t[0]))
            made.append((float(0.5 * (t[0] + t[-1])), float(0.5 * (T[0] + T[-1])), slope))

    for row in range(1, len(time)):
        if temperature[row] - temperature[row - 1] >= block and row - 1 > first:
            take(row - 1, 0.25 * trace.instrument.seek)
            first = row - 1
        if temperature[row] - temperature[first] >= block and time[row] > time[first]:
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
        raise ValueError(f"{len(T)} points with a rate lie in the range; at least three are needed")
    slope, error = line(1.0 / T, y)
    if slope >= 0.0:
        raise ValueError("the rate does not rise with temperature")
    factor = float(y.mean() - slope * (1.0 / T).mean())
    half = float(stdtrit(len(T) - 2, 0.975)) * error * GAS_CONSTANT
    return Fit(-slope * GAS_CONSTANT, half, factor, float(T.min()), float(T.max()), len(T), _halves(T, y, slope))


def _halves(T: Floats, y: Floats, slope: float) -> tuple[float, float] | None:
    """E [J/mol] of either half of the points, where they differ by 10 % and by three standard errors."""
    order = np.argsort(T)
    parts = order[: len(T) // 2], order[len(T) // 2 :]
    if len(parts[0]) < LEAST_HALF or min(np.ptp(T[part]) for part in parts) < 1e-3:
        return None
    (cold, cold_error), (hot, hot_error) = (line(1.0 / T[part], y[part]) for part in parts)
    if abs(hot - cold) < max(BENT * abs(slope), 3.0 * math.hypot(cold_error, hot_error)):
        return None
    return -cold * GAS_CONSTANT, -hot * GAS_CONSTANT


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
