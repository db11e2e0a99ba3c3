"""Baselines under a peak of heat flow, and the way it points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks, peak_prominences, peak_widths

from thermo.base.arrays import Floats

STRAIGHT, TANGENTIAL = "straight", "tangential"
END_ROWS = 100  # the first and the last of so many parts of the rows carry a straight baseline
TOUCHED_ROWS = 40  # one of so many parts of the rows, beyond the points where it touches, carries a tangential one


DIP, NARROW = 0.05, 0.6  # of the height and of the width of the peak: a dip deeper and narrower is no baseline


class Baseline(NamedTuple):
    """A heat flow above a baseline. Arrays (n,): conversion [-], its rate [1/s]; the area [J or J/kg] above it."""

    name: str
    conversion: Floats
    rate: Floats
    area: float


def straight(time: Floats, flow: Floats) -> Baseline:
    """Above the line through the means of the first and the last hundredth of the rows.

    One noisy point at an end would move the area of a narrow peak by some per cent.
    """
    few = max(1, len(flow) // END_ROWS)
    start, end, first, last = (float(np.mean(x)) for x in (time[:few], time[-few:], flow[:few], flow[-few:]))
    return _above(STRAIGHT, time, flow - (first + (last - first) * (time - start) / (end - start)))


def tangential(time: Floats, flow: Floats) -> Baseline:
    """Above the line that touches the curve on both sides of its peak; nothing lies beyond the points where it does.

    The edge of the lower convex hull below the peak, of the mean over a fortieth of the rows, in which noise does not decide. Dips
    narrower than the peak are left out: these are events of their own, such as a melting.
    """
    few, top = max(1, len(flow) // TOUCHED_ROWS), highest(flow)
    smooth = _without_dips(uniform_filter1d(flow, few, mode="nearest"), top, few)
    left, right = _touched(time, smooth, top)
    before, after = slice(max(left - few, 0), left + 1), slice(right, right + few + 1)
    start, end, first, last = (float(np.mean(x)) for x in (time[before], time[after], smooth[before], smooth[after]))
    base = first + (last - first) * (time - start) / (end - start)
    rows = np.arange(len(flow))
    return _above(TANGENTIAL, time, np.where((rows >= left) & (rows <= right), flow - base, 0.0))


def _without_dips(smooth: Floats, top: int, few: int) -> Floats:
    """The curve with straight lines in place of minima that are narrower than the peak at `top`."""
    near = slice(max(top - few, 0), top + few + 1)
    top = near.start + int(np.argmax(smooth[near]))
    height, width = float(peak_prominences(smooth, [top])[0][0]), float(peak_widths(smooth, [top])[0][0])
    dips, _ = find_peaks(-smooth, prominence=DIP * height, width=(None, NARROW * width), rel_height=0.5)
    made = smooth.copy()
    rows = np.arange(len(smooth))
    for first, last in zip(*(np.array(side) for side in peak_widths(-smooth, dips, rel_height=0.95)[2:]), strict=True):
        inside = (rows > first) & (rows < last)
        made[inside] = np.interp(rows[inside], rows[~inside], smooth[~inside])
    return made


def _above(name: str, time: Floats, above: Floats) -> Baseline:
    running = np.concatenate([[0.0], np.cumsum(0.5 * (above[1:] + above[:-1]) * np.diff(time))])
    area = float(running[-1])
    return Baseline(name, running / area, above / area, area) if area else Baseline(name, running, above, 0.0)


def _touched(time: Floats, flow: Floats, top: int) -> tuple[int, int]:
    """The rows on either side of `top` where a line touches the curve from below: an edge of its lower convex hull."""
    hull: list[int] = []
    for i in range(len(flow)):
        while len(hull) > 1 and _turns_up(time, flow, hull[-2], hull[-1], i):
            hull.pop()
        hull.append(i)
    after = int(np.searchsorted(hull, top, "right"))
    after = min(max(after, 1), len(hull) - 1)
    return hull[after - 1], hull[after]


def _turns_up(time: Floats, flow: Floats, a: int, b: int, c: int) -> bool:
    """Whether b lies on or above the line from a to c."""
    return bool((flow[b] - flow[a]) * (time[c] - time[a]) >= (flow[c] - flow[a]) * (time[b] - time[a]))


def prominence(flow: Floats) -> float:
    """How far the most prominent maximum rises above its own surroundings; 0 where there is none."""
    return _prominence(flow)[0]


def _prominence(flow: Floats) -> tuple[float, int]:
    """How far the most prominent maximum rises above its own surroundings, and where it is."""
    smooth = uniform_filter1d(flow, max(1, len(flow) // END_ROWS), mode="nearest")
    peaks = find_peaks(smooth)[0]
    if not len(peaks):
        return 0.0, int(np.argmax(flow))
    heights = peak_prominences(smooth, peaks)[0]
    best = int(np.argmax(heights))
    return float(heights[best]), int(peaks[best])


def points_down(flow: Floats) -> bool:
    """Whether the peak that rises most above its own surroundings points down."""
    return _prominence(-flow)[0] > _prominence(flow)[0]


def highest(flow: Floats) -> int:
    """The row of the maximum that rises most above its own surroundings."""
    return _prominence(flow)[1]
