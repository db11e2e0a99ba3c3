"""The crossings that a case asks for: the levels that its probes are waited for to reach, and when they first did."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case
from thermo.heat.triggers import REACHED
from thermo.simulation.prepared import Prepared
from thermo.stepping.rows import Levels, waiting


def level_of(case: Case, body: Prepared, name: str) -> float:
    """The temperature that a crossing waits for [K]."""
    crossing = case.measure.crossings[name]
    if crossing.temperature is not None:
        return float(crossing.temperature)
    held = case.programme.held()[str(crossing.of)]  # type: ignore[union-attr]
    assert crossing.fraction is not None
    begun = body.initial(crossing.probe)
    return float(begun + crossing.fraction * (held - begun))


def levels_of(case: Case, body: Prepared, temperature: Any, columns: Mapping[str, Any]) -> Levels:
    """The levels of a case's crossings that are still waited for: given the temperatures of the state at time zero, and the columns of all
    rows so far, which a resumed run has."""
    crossings = {name: crossing for name, crossing in case.measure.crossings.items() if crossing.rate is None}
    probes = [crossing.probe for crossing in crossings.values()]
    start = [float(body.probes[probe].of(temperature[None])[0]) for probe in probes]
    levels = waiting([body.number(probe) for probe in probes], [level_of(case, body, name) for name in crossings], start)
    for k, probe in enumerate(probes):
        if f"{probe}_K" in columns and np.any(levels.side[k] * (columns[f"{probe}_K"] - levels.level[k]) >= 0.0):
            levels.waits[k] = 0.0
    return levels


def probe_rates(time: Floats, values: Floats) -> Floats:
    """How fast a probe rises at the rows of a history [K/s]: the slope of the parabola through a row and its neighbours.

    Rows of one moment have the same rate.
    """
    first = np.concatenate([[True], np.diff(time) > 0.0])
    if first.sum() < 3:
        return np.zeros(len(time))
    made: Floats = np.gradient(values[first], time[first])[np.cumsum(first) - 1]
    return made


AT_LEVEL = 1e-9  # of the change from row to row: as near to its level as that stands a row that was written there


def first_crossing(time: Floats, values: Floats, level: float) -> float | None:
    """When a column first reaches a level, rising or falling; None if never.

    A row that stands where the level is reached is the answer, and so is one of two at the moment of an event that is as near to it as a
    trigger at that level needs. Between others runs a monotone cubic over time or log time, or the cubic
    through the four nearest rows, which is what steps of second order allow to lie so far apart: whichever foretells the rows beside the
    crossing best from the others.
    """
    from scipy.optimize import brentq

    if values[0] == level:
        return float(time[0])
    reached = values >= level if values[0] < level else values <= level
    twice = np.concatenate([[False], np.diff(time) == 0.0])
    touched = (twice | np.concatenate([twice[1:], [False]])) & (np.abs(values - level) <= REACHED * abs(level))
    rows = np.flatnonzero(reached | touched)
    if not len(rows):
        return None
    row = int(rows[0])
    if values[row] == level or touched[row]:
        return float(time[row])
    for k in (row - 1, row):  # rounding may leave it a last digit short
        if abs(values[k] - level) <= AT_LEVEL * abs(values[row] - values[row - 1]):
            return float(time[k])
    near = np.arange(max(row - 4, 0), min(row + 4, len(time)))
    near = near[np.concatenate([[True], np.diff(time[near]) > 0.0])]
    if time[row] <= time[row - 1] or len(near) < 3:
        return float(time[row])
    t, y = time[near], values[near]
    beside = [k for k in range(1, len(near) - 1) if near[k] in (row - 1, row)]

    def missed(curve: Callable[[Floats, Floats, float], float]) -> float:
        return float(sum(abs(curve(np.delete(t, k), np.delete(y, k), float(t[k])) - float(y[k])) for k in beside))

    def above(at: float) -> float:
        ends = {float(time[k]): float(values[k]) for k in (row - 1, row)}  # to the last digit, so that the level lies between
        return (ends[at] if at in ends else curve(t, y, at)) - level

    curve = min(CURVES if t[0] > 0.0 else (CURVES[0], CURVES[2]), key=missed)
    return float(brentq(above, float(time[row - 1]), float(time[row]), xtol=1e-300, rtol=1e-14))


def _monotone(time: Floats, values: Floats, at: float) -> float:
    from scipy.interpolate import PchipInterpolator

    return float(PchipInterpolator(time, values)(at))


def _monotone_over_log(time: Floats, values: Floats, at: float) -> float:
    return _monotone(np.log(time), values, math.log(at))


def _cubic(time: Floats, values: Floats, at: float) -> float:
    """Through the four nearest rows."""
    from scipy.interpolate import KroghInterpolator  # the barycentric one draws its order at random

    first = int(np.clip(np.searchsorted(time, at) - 2, 0, max(len(time) - 4, 0)))
    return float(KroghInterpolator(time[first : first + 4], values[first : first + 4])(at))


CURVES = (_monotone, _monotone_over_log, _cubic)
