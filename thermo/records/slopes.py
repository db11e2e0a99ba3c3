"""Slopes of a noisy record: what its rows scatter by, how finely they are resolved, and the rate that they allow."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats

HALF_WINDOW = 300.0  # s: a slope is taken over rows at most so far away
HALF_RISE, NOISES = 0.5, 20.0  # K, or so many standard deviations: and over rows at most so far above or below
FALL, FALLS = 0.1, 7.0  # K, or so many standard deviations: more than noise
NEAR = 5.0  # s, rows so close and less than a fall apart are the same moment to a noisy thermocouple
STEEPER = 10.0  # times: rates of neighbouring rows further apart are no curve
TOLD = 0.1 / 60.0  # K/s, a slope that tells a heater from a hold
UNKNOWN_NOISE = 0.02  # K, of a thermocouple, where a record does not show its own
MOST_ROWS = 600  # on either side of a slope
FEW = 20  # triples of rows from which noise is told
FINEST = 1e-6  # K, below which temperatures are the same


class Scatter(NamedTuple):
    """What a single temperature of a record is good for [K].

    `noise`: standard deviation of a row. `resolution`: the step between values that can be told apart, 0 where there is none.
    """

    noise: float
    resolution: float

    @property
    def row(self) -> float:
        """Standard deviation of a row by noise and rounding."""
        return math.hypot(self.noise, self.resolution / math.sqrt(12.0))

    @property
    def fall(self) -> float:
        """A change between two rows that is more than noise [K]."""
        return max(FALL, FALLS * self.noise, 1.5 * self.resolution + 5.0 * self.noise)

    @property
    def half_rise(self) -> float:
        """How far above and below a row its slope is taken [K]."""
        return max(HALF_RISE, NOISES * self.row)

    def half_window(self, interval: float) -> float:
        """Half of the shortest time [s] over which a slope is told to 0.1 K/min, with a row every `interval` [s].

        A noisy record needs as much to show a heater that comes on; more would take in what was before it.
        """
        if self.half_rise <= HALF_RISE:
            return HALF_WINDOW  # the rise bounds it
        blurred = self.span(interval, TOLD)
        stepped = 2.0 * self.resolution / TOLD if self.noise < 0.5 * self.resolution else 0.0
        return min(max(0.5 * blurred, 1.2 * interval, stepped), HALF_WINDOW)

    def span(self, interval: float, error: float) -> float:
        """How long [s] a line must be for a standard error of its slope [K/s], with a row every `interval` [s]."""
        return float((12.0 * interval * self.row**2 / error**2) ** (1.0 / 3.0))

    def slope_error(self, span: float, rows: float) -> float:
        """Standard error [K/s] of a least-squares slope over `span` [s] with so many rows, evenly apart.

        sigma sqrt(12 / n) / span for independent errors; where noise does not blur the resolution q, rounding errors of
        neighbouring rows are alike, and 0.3 q / span is added.
        """
        alike = 0.3 * self.resolution / span if self.noise < 0.5 * self.resolution else 0.0
        return self.row * math.sqrt(12.0 / max(rows, 2.0)) / span + alike


def runs_of(rows: Any) -> list[tuple[int, int]]:
    """First and last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def line(time: Floats, temperature: Floats) -> tuple[float, float]:
    """Least-squares slope [K/s] and its standard error."""
    t = time - time.mean()
    along = float(t @ t)
    slope = float(t @ temperature) / along
    left = temperature - temperature.mean() - slope * t
    return slope, math.sqrt(float(left @ left) / max(len(t) - 2, 1) / along)


def resolution(temperature: Floats) -> float:
    """The step [K] between the values that a record takes; 0 where they lie on no grid, or on one of a millikelvin or finer.

    A logger that writes a row at every step of temperature has rows on a grid, and is not coarse for that: hardly one repeats the last.
    """
    values = np.unique(np.round(temperature, 7))
    steps = np.diff(values)
    steps = steps[steps > FINEST]
    if len(steps) < 3:
        return 0.0
    step = float(np.percentile(steps, 5))
    step = float(steps[steps < 1.5 * step].mean())
    parts = steps[steps < 50.0 * step] / step
    on_grid = np.abs(parts - np.round(parts)) < 0.15
    moved = np.abs(np.diff(temperature)) / step
    by_steps = np.mean(moved < 0.5) < 0.05 and np.mean(np.abs(moved - 1.0) < 0.15) > 0.5
    return step if step > 1.5e-3 and on_grid.mean() > 0.95 and not by_steps else 0.0


def noise(time: Floats, temperature: Floats) -> float:
    """Standard deviation [K] of what changes from row to row beside a smooth curve.

    From the distance of each row to the cubic through two rows on either side, where these lie within 3 K; the largest tenth, where
    the curve itself bends, is left out. 0 where the record does not show it.
    """
    n = len(time)
    if n < FEW + 4:
        return 0.0
    nodes = [time[k : n - 4 + k] - time[2 : n - 2] for k in (0, 1, 3, 4)]
    values = [temperature[k : n - 4 + k] for k in (0, 1, 3, 4)]
    off, size = temperature[2 : n - 2].copy(), np.ones(n - 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        for j in range(4):
            weight = np.ones(n - 4)
            for k in range(4):
                if k != j:
                    weight *= nodes[k] / (nodes[k] - nodes[j])
            off -= weight * values[j]
            size += weight**2
        off /= np.sqrt(size)
    usable = np.isfinite(off) & (np.abs(values[3] - values[0]) < 3.0) & (size < 4.0)
    off = np.sort(np.abs(off[usable]))
    if len(off) < FEW:
        return 0.0
    # a share of 0.9 of a normal distribution has 0.79 of its standard deviation
    return float(np.sqrt(np.mean(off[: int(0.9 * len(off))] ** 2)) / 0.79)


def scatter(time: Floats, temperature: Floats) -> Scatter:
    """Noise and resolution of a record. Noise that rounding alone makes is not counted twice."""
    step, seen = resolution(temperature), noise(time, temperature)
    return Scatter(math.sqrt(max(seen**2 - step**2 / 12.0, 0.0)), step)


def usual_interval(time: Floats) -> float:
    """The interval between rows [s] that a record has for half of its time."""
    steps = np.sort(np.diff(time))
    return float(steps[int(np.searchsorted(np.cumsum(steps), 0.5 * steps.sum()))])


def slopes(time: Floats, temperature: Floats, hold: Any, spread: Scatter, half_window: float = HALF_WINDOW) -> Floats:
    """Rate of each row [K/s]: least-squares slope over the rows of its hold near it in time and temperature.

    As far as `half_window` [s] and `spread.half_rise` [K], and as far as the way to the next row is not steeper by a factor of 10 and
    more than noise. Where no earlier row is so near, the difference to the last one before it that time or temperature tells from
    it, or what lies between that and the difference to the row after, in the logarithm, where the rate grows (by a factor of 10 at
    most); not a number in the first row of a hold.

    Parameters
    ----------
    time [s], temperature [K], hold [a number a hold] : arrays (n,)
    """
    n = len(time)
    fall, half_rise = spread.fall, spread.half_rise
    count, t, T, tt, tT = np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    earlier = np.zeros(n, bool)
    for side in (-1, 1):
        alive = np.ones(n, bool)
        for k in range(1, min(MOST_ROWS, n - 1) + 1):
            near, far = (slice(k, n), slice(0, n - k)) if side == -1 else (slice(0, n - k), slice(k, n))
            last = slice(1, n - k + 1) if side == -1 else slice(k - 1, n - 1)  # the row before the far one, seen from the near one
            along, up = time[far] - time[near], temperature[far] - temperature[near]
            ok = alive[near] & (hold[far] == hold[near]) & (np.abs(along) <= half_window) & (np.abs(up) <= half_rise)
            if k > 1:
                ok &= ~_kinked(along, up, time[far] - time[last], temperature[far] - temperature[last], fall)
            if not ok.any():
                break
            alive[:] = False
            alive[near] = ok
            count[near] += ok
            for total, term in ((t, along), (T, up), (tt, along * along), (tT, along * up)):
                total[near] += term * ok
            if side == -1:
                earlier |= alive
    begins = np.append(True, hold[1:] != hold[:-1])
    about = tt - t * t / count
    fitted = (count >= 3.0) & (earlier | begins) & (about > 0.0)
    rate = np.full(n, math.nan)
    rate[fitted] = (tT - t * T / count)[fitted] / about[fitted]
    return _filled_by_differences(time, temperature, hold, rate, fitted, max(fall, min(5.0 * NOISES * spread.row, half_rise)))


def _filled_by_differences(time: Floats, temperature: Floats, hold: Any, rate: Floats, fitted: Any, told: float) -> Floats:
    """Rates of the rows that no line fits, from the rows before and after that time, or `told` [K], tells from them."""
    n = len(time)
    last, after = np.searchsorted(time, time, "left") - 1, np.searchsorted(time, time, "right")  # rows at other times

    def apart(row: Any, other: Any) -> bool:  # by more than noise
        return bool(abs(time[row] - time[other]) >= NEAR or abs(temperature[row] - temperature[other]) >= told)

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
    smooth = (before > 0.0) & (ahead > before) & (ahead < STEEPER * before) & (below > 0.0)
    share = below[smooth] / (below + above)[smooth]  # of the way between the middles of both
    rate[curved[smooth]] = before[smooth] ** (1.0 - share) * ahead[smooth] ** share
    return rate


def _kinked(along: Floats, up: Floats, last_along: Floats, last_up: Floats, fall: float) -> Any:
    """Whether the last piece of a way of several rows is steeper than the rest of it by far, or flatter, and by more than noise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steep, rest = np.abs(last_up / last_along), np.abs((up - last_up) / (along - last_along))
        steeper = (np.abs(last_up) >= fall) & (steep > STEEPER * rest)
        flatter = (rest * np.abs(last_along) >= fall) & (np.abs(up - last_up) >= 2.0 * fall) & (rest > STEEPER * steep)
        return steeper | flatter
