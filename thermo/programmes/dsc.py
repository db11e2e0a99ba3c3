"""The curve of a differential scanning calorimeter: heat flow, baseline, peaks, onsets, areas. Exothermic is up."""

from __future__ import annotations

import functools
import math
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from thermo.base.arrays import Floats
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.casefile.models import misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Quantity, Unit, show
from thermo.materials.material import Temperature
from thermo.materials.storage import Storage, node_capacity
from thermo.programmes.conditions import OverTime
from thermo.programmes.driving import Driving, Mounting, Problems, Reader, Rows
from thermo.programmes.exposure import Exposure, exposed
from thermo.programmes.ovens import no_fuse

MOST_POINTS = 1e6
SETTLED, LEAST_POINTS = 10.0, 10  # lags, after which a straight baseline may begin; points of a curve that are left above it
LEAST_PEAK = 1e-3  # of the highest: what rises less above its surroundings is no peak


class Curve(Reader):
    """Makes the columns of a curve from rows of a run, and reads its peaks.

    Parameters
    ----------
    capacity : of the sample without its pan, one node
    tolerance : of the temperature in a step [K]

    Notes
    -----
    Without a lag the flow is kept - C dT/dt, kept being the heat released that does not leave with what is thrown out, and the baseline
    -C dT/dt. With one the flow is UA (T - Tr), UA = (C(25 degC) + pan)/lag: a furnace that rises by b [K/s] leads the reference by
    b tr (1 - exp(-t/tr)), tr = pan/UA. The baseline is that flow of a sample that does not react, H(T) + pan T rising by UA (Tf - T),
    integrated beside it (LSODA).
    """

    def __init__(self, programme: DscProgramme, capacity: Storage, tolerance: float) -> None:
        self.programme, self.capacity, self.tolerance = programme, capacity, tolerance
        self.pan = float(programme.pan)
        self.conductance = (
            0.0 if programme.lag is None else (node_capacity(capacity, 0, REFERENCE_TEMPERATURE) + self.pan) / float(programme.lag)
        )

    @functools.cached_property
    def inert(self) -> Any:
        """Temperature over time [K] of a sample that does not react, behind a lag."""
        from scipy.integrate import solve_ivp

        start, rate = float(self.programme.start), float(self.programme.rate)

        def slope(t: float, T: Floats) -> list[float]:
            return [self.conductance * (start + rate * t - T[0]) / (node_capacity(self.capacity, 0, float(T[0])) + self.pan)]

        span, longest = self.programme.span(), float(self.programme.spacing) / rate
        return solve_ivp(slope, (0.0, span), [start], method="LSODA", rtol=1e-9, atol=1e-9, max_step=longest, dense_output=True).sol

    @property
    def forced(self) -> bool:
        """Whether the sample is where the furnace is."""
        return self.programme.lag is None

    @property
    def free(self) -> bool:
        """A furnace that is taken along a ramp heats nothing freely."""
        return False

    def summary(self, rows: Rows, columns: dict[str, Any], end_reason: str) -> dict[str, Any]:
        """The peaks of the curve; what two neighbouring rows may be off by is no peak."""
        noise = 0.0 if self.programme.lag is None else 2.0 * self.tolerance * self.conductance
        return {"dsc": dsc_readings(self.programme, columns, noise)}

    def columns(self, time: Floats, machine: Floats, temperature: Floats, power: Floats) -> dict[str, Any]:
        """Heat flow out of the sample [W] and per mass, and what it would be without reactions, from arrays (n,) in s, K and W."""
        start, rate = float(self.programme.start), float(self.programme.rate)
        if self.programme.lag is None:
            base = np.array([-rate * node_capacity(self.capacity, 0, T) for T in temperature])
            flow = power + base
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


class DscProgramme(Driving):
    """Differential scanning calorimeter: the furnace rises by `rate` from `start` to `end`.

    Without a `lag` the sample is where the furnace is. With one it is coupled to the furnace by (C + pan)/lag [W/K], C its own heat
    capacity at 25 degC, and the reference, an empty pan, by the same. `per` is the mass that heat flow and areas refer to. The baseline of
    peaks is what a sample that does not react would show (`heat-capacity`), or a `straight` line from ten lags after the start to the end.
    The furnace rises by `spacing` between two points of the curve.
    """

    kind: Literal["dsc"]
    start: Temperature
    rate: Annotated[float, Unit("temperature rate", gt=0)]
    end: Temperature
    lag: Annotated[float | None, Unit("time", gt=0)] = None
    pan: Annotated[float, Unit("heat capacity", ge=0)] = Field(default="0 J/K", validate_default=True)  # type: ignore[assignment]
    per: Annotated[float, Unit("mass", gt=0)]
    baseline: Literal["heat-capacity", "straight"] = "heat-capacity"
    spacing: Annotated[float, Unit("temperature difference", gt=0)] = Field(default="0.2 K", validate_default=True)  # type: ignore[assignment]
    start_key: ClassVar[str] = "start"

    @model_validator(mode="after")
    def _in_order(self) -> DscProgramme:
        problems: list[tuple[Key, str]] = []
        if self.end <= self.start:
            problems.append((("end",), "the end temperature must lie above the start temperature"))
        elif (self.end - self.start) / self.spacing > MOST_POINTS:
            least = show((self.end - self.start) / MOST_POINTS, "temperature difference")
            problems.append((("spacing",), f"gives more than {MOST_POINTS:.0e} points of the curve; {least} or more is needed"))
        if self.pan > 0.0 and self.lag is None:
            problems.append((("pan",), "has no effect without a 'lag': the sample is where the furnace is"))
        begins = SETTLED * float(self.lag or 0.0)
        if self.baseline == "straight" and not problems and begins > self.span() - LEAST_POINTS * float(self.spacing) / float(self.rate):
            text = f"a straight baseline begins ten lags after the start, {begins / 60.0:.4g} min, but the ramp ends after "
            problems.append((("baseline",), text + f"{self.span() / 60.0:.4g} min; 'heat-capacity' needs no such wait"))
        if problems:
            raise misplaced(problems)
        return self

    def span(self) -> float:
        """How long the furnace rises [s]."""
        return float((self.end - self.start) / self.rate)

    def moments(self) -> Floats:
        """Times at which the curve is kept [s]: every `spacing`."""
        return np.linspace(0.0, self.span(), math.ceil((self.end - self.start) / self.spacing) + 1)[1:]

    def lasts(self) -> float:
        """As long as the furnace rises [s]."""
        return self.span()

    def mounting(self) -> Mounting:
        """The pan is at the temperature of the sample."""
        return Mounting(with_cell=float(self.pan))

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """The curve."""
        assert capacity is not None
        return Curve(self, capacity, tolerance)

    def cell_problems(self, cell: Any) -> Problems:
        """Heat that is given at once has nowhere to go where the temperature is that of the furnace."""
        return [] if self.lag is not None else no_fuse(cell, "dsc")

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """A sample of milligrams has one temperature."""
        return [(("kind",), "milligrams in a pan have one temperature: a programme 'dsc' needs a lumped sample")]

    def on_cell(self, surface: float, heat_capacity: float) -> Exposure:
        """The furnace around a sample of a heat capacity at 25 degC [J/K], its pan included."""
        span = self.span()
        furnace = OverTime((Quantity(0.0), Quantity(span)), (Quantity(self.start), Quantity(self.end)), ())
        if self.lag is None:
            return exposed(span, forced=furnace)
        return exposed(span, air=furnace, conductance=heat_capacity / float(self.lag))
