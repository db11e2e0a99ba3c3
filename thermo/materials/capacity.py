"""Heat capacity of a whole sample with melting peaks, its enthalpy, and the temperature that an enthalpy stands for.

H(T) = phi [C0 (T - T0) + C1/2 (T - T0)^2 + sum of peaks  heat x Phi((T - Tp)/w)],   Phi the normal distribution.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.base.constants import REFERENCE_TEMPERATURE

SQRT_2 = math.sqrt(2.0)
SQRT_2PI = math.sqrt(2.0 * math.pi)
PEAK_ENDS = 9.0  # widths from its middle a peak is below the rounding of its sum


class HeatCapacity(NamedTuple):
    """C(T) of a whole sample with its holder: `at_298` [J/K], `slope` [J/K2], melting peaks (n_peaks,) [J], [K], [K]."""

    at_298: float
    slope: float
    peak_heat: Floats
    peak_temperature: Floats
    peak_width: Floats


@kernel
def enthalpy(capacity, temperature):
    """H(T) - H(T0) of the whole sample [J]."""
    above = temperature - REFERENCE_TEMPERATURE
    value = capacity.at_298 * above + 0.5 * capacity.slope * above * above
    for j in range(capacity.peak_heat.shape[0]):
        scaled = (temperature - capacity.peak_temperature[j]) / capacity.peak_width[j]
        if scaled > PEAK_ENDS:
            value += capacity.peak_heat[j]
        elif scaled > -PEAK_ENDS:
            value += capacity.peak_heat[j] * 0.5 * (1.0 + math.erf(scaled / SQRT_2))
    return value


@kernel
def heat_capacity(capacity, temperature):
    """C(T) = dH/dT of the whole sample [J/K]."""
    value = capacity.at_298 + capacity.slope * (temperature - REFERENCE_TEMPERATURE)
    for j in range(capacity.peak_heat.shape[0]):
        scaled = (temperature - capacity.peak_temperature[j]) / capacity.peak_width[j]
        if abs(scaled) < PEAK_ENDS:
            value += capacity.peak_heat[j] / (capacity.peak_width[j] * SQRT_2PI) * math.exp(-0.5 * scaled * scaled)
    return value


@kernel
def heat_capacity_slope(capacity, temperature):
    """dC/dT of the whole sample [J/K2]."""
    value = capacity.slope
    for j in range(capacity.peak_heat.shape[0]):
        width = capacity.peak_width[j]
        scaled = (temperature - capacity.peak_temperature[j]) / width
        if abs(scaled) < PEAK_ENDS:
            value -= capacity.peak_heat[j] / (width * SQRT_2PI) * math.exp(-0.5 * scaled * scaled) * scaled / width
    return value


@kernel
def temperature_of(capacity, more, wanted, guess):
    """The temperature [K] at which `enthalpy` and that of a constant capacity `more` [J/K] are `wanted` [J]; NaN if there is none.

    Newton's method kept between bounds.
    """
    low, high, temperature = 0.0, 1e5, guess
    if not (low < temperature < high):
        temperature = REFERENCE_TEMPERATURE
    for _ in range(60):
        excess = enthalpy(capacity, temperature) + more * (temperature - REFERENCE_TEMPERATURE) - wanted
        if excess > 0.0:
            high = temperature
        else:
            low = temperature
        step = excess / (heat_capacity(capacity, temperature) + more)
        if abs(step) <= 1e-10 * temperature:
            return temperature - step
        temperature -= step
        if not (low < temperature < high):
            temperature = 0.5 * (low + high)
    return math.nan
