"""The curve of a differential scanning calorimeter: heat flow, baseline, peaks, onsets, areas. Exothermic is up."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.materials.capacity import HeatCapacity, heat_capacity
from thermo.programmes.exposure import SETTLED, SPACING, DscProgramme

LEAST_PEAK = 1e-3  # of the highest: what rises less above its surroundings is no peak


class Curve:
    """Makes the columns of a curve from rows of a run.

    Parameters
    ----------
    capacity : of the sample without its pan

    Notes
    -----
    Without a lag the flow is kept - C dT/dt, kept being the heat released that does not leave with what is thrown out, and the baseline
    -C dT/dt. With one the flow is UA (T - Tr), UA = (C(25 degC) + pan)/lag: a furnace that rises by b [K/s] leads the reference by
    b tr (1 - exp(-t/tr)), tr = pan/UA. The baseline is that flow of a sample that does not react, H(T) + pan T rising by UA (Tf - T),
    integrated beside it (LSODA).
    """

    def __init__(self, programme: DscProgramme, capacity: HeatCapacity) -> None:
        self.programme, self.capacity = programme, capacity
        self.pan = float(programme.pan)
        self.conductance = 0.0 if programme.lag is None else (capacity.at_298 + self.pan) / float(programme.lag)

    @functools.cached_property
    def inert(self) -> Any:
        """Temperature over time [K] of a sample that does not react, behind a lag."""
        from scipy.integrate import solve_ivp

        start, rate = float(self.programme.start), float(self.programme.rate)

        def slope(t: float, T: Floats) -> list[float]:
            return [self.conductance * (start + rate * t - T[0]) / (heat_capacity(self.capacity, float(T[0])) + self.pan)]

        span, longest = self.programme.span(), SPACING / rate
        return solve_ivp(slope, (0.0, span), [start], method="LSODA", rtol=1e-9, atol=1e-9, max_step=longest, dense_output=True).sol

    def columns(self, time: Floats, temperature: Floats, kept: Floats) -> dict[str, Floats]:
        """Heat flow out of the sample [W] and per mass, and what it would be without reactions, from arrays (n,) in s, K and W."""
        start, rate = float(self.programme.start), float(self.programme.rate)
        if self.programme.lag is None:
            base = np.array([-rate * heat_capacity(self.capacity, T) for T in temperature])
            flow = kept + base
        else:
            reference = self.pan / self.conductance
            behind = reference * -np.expm1(-time / reference) if reference > 0.0 else np.zeros_like(time)
            leads = start + rate * (time - behind)
            flow, base = self.conductance * (temperature - leads), self.conductance * (self.inert(time)[0] - leads)
        return {"heat_flow_W": flow, "baseline_W": base, "heat_flow_W_per_g": flow * 1e-3 / float(self.programme.per)}


def dsc_readings(programme: DscProgramme, columns: dict[str, Floats], noise: float) -> dict[str, Any]:
    """Peaks of a curve with onset and area, and the area of it all; exothermic positive. Below `noise` [W] nothing is a peak.

    A peak ends where the curve is lowest between it and the next. Its onset is where the tangent at the
    steepest point of its rise meets the baseline; its place and height are those of the parabola through its highest three points.
    """
    from scipy.signal import find_peaks

    every = columns["time_s"]  # a row that is asked for may fall on one of a step, to rounding
    first = np.append(0, np.flatnonzero(np.diff(every) > 1e-9 * every[-1]) + 1)
    time, temperature, flow, base = (columns[name][first] for name in ("time_s", "sample_K", "heat_flow_W", "baseline_W"))
    if programme.baseline == "straight":
        settled = time >= SETTLED * float(programme.lag or 0.0)
        time, temperature, flow = time[settled], temperature[settled], flow[settled]
        base = np.interp(time, time[[0, -1]], flow[[0, -1]])
    above = flow - base
    rows, _ = find_peaks(above, prominence=max(LEAST_PEAK * float(np.max(above, initial=0.0)), noise) or None)
    ends = [0, *(int(a + np.argmin(above[a:b])) for a, b in pairwise(rows)), len(time) - 1]
    peaks = [_peak(time, temperature, above, int(row), *part) for row, part in zip(rows, pairwise(ends), strict=False)]
    mass = float(programme.per)
    total = float(np.trapezoid(above, time))
    for peak in peaks:
        peak["area_J_per_kg"] = peak["area_J"] / mass
    return {"peaks": peaks, "area_J": total, "area_J_per_kg": total / mass, "baseline": programme.baseline}


def _peak(time: Floats, temperature: Floats, above: Floats, row: int, low: int, high: int) -> dict[str, Any]:
    near = slice(max(row - 1, 0), row + 2)
    fit = np.polynomial.Polynomial.fit(temperature[near], above[near], min(2, len(time[near]) - 1))
    top = fit.deriv().roots()
    at = float(top[0].real) if len(top) else float(temperature[row])
    slopes = np.gradient(above[low : row + 1], temperature[low : row + 1]) if row - low >= 2 else np.zeros(1)
    steepest = low + int(np.argmax(slopes))
    onset = float(temperature[steepest] - above[steepest] / slopes.max()) if slopes.max() > 0.0 else None
    if onset is not None and onset < temperature[low]:  # the tangent of a peak on the flank of another meets nothing of its own
        onset = None
    part = slice(low, high + 1)
    return {
        "temperature_K": at,
        "time_s": float(time[row]),
        "height_W": float(fit(at)),
        "onset_K": onset,
        "area_J": float(np.trapezoid(above[part], time[part])),
    }
