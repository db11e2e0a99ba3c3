"""T1, T2, T3, cessation, exotherms: read off a record of temperature and rate, simulated or measured.

T1   the first window of an instrument whose mean rate reaches the sensitivity; the temperature at the window's end.
T2   the last temperature before the rate reaches a criterion (1 K/s first of all) with a later rise of 10 K or more,
     outside the instrument's heating; `voltage-drop`: the voltage falls below half of what it was at the start.
T3   the largest temperature, where there is a T2 and the record goes on to it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thermo.constants import GAS_CONSTANT
from thermo.kinetics import Floats

RATES = {"1 K/s": 1.0, "10 K/min": 10.0 / 60.0, "1 K/min": 1.0 / 60.0}  # K/s
LATER_RISE = 10.0  # K, of a runaway that counts


def runaway_onsets(
    criteria: tuple[str, ...], time: Floats, temperature: Floats, rate: Floats, heating: Any, voltage: Floats | None
) -> dict[str, dict[str, float] | None]:
    """T2 by each criterion, None where it is not met.

    Parameters
    ----------
    time [s], temperature [K], rate [K/s] : arrays (n,)
    heating : array (n,) of bool, rows in which the instrument heats
    voltage : array (n,) [V] or None
    """
    found: dict[str, dict[str, float] | None] = {}
    later = np.maximum.accumulate(temperature[::-1])[::-1]
    for name in criteria:
        if name == "voltage-drop":
            low = np.flatnonzero(voltage < 0.5 * voltage[0]) if voltage is not None else np.zeros(0, int)
            found[name] = _point(time, temperature, int(low[0])) if len(low) else None
            continue
        due = (rate >= RATES[name]) & ~heating & (later - temperature >= LATER_RISE)
        rows = np.flatnonzero(due)
        found[name] = _before(time, temperature, rate, heating, int(rows[0]), RATES[name]) if len(rows) else None
    return found


def _point(time: Floats, temperature: Floats, row: int) -> dict[str, float]:
    return {"temperature_K": float(temperature[row]), "time_s": float(time[row])}


def _before(time: Floats, temperature: Floats, rate: Floats, heating: Any, row: int, threshold: float) -> dict[str, float]:
    """Where the rate passes the threshold between two rows: linear in the logarithm of the rate."""
    if row == 0 or heating[row - 1] or not 0.0 < rate[row - 1] < threshold:
        return _point(time, temperature, row)
    share = math.log(threshold / rate[row - 1]) / math.log(rate[row] / rate[row - 1])
    return {
        "temperature_K": float(temperature[row - 1] + share * (temperature[row] - temperature[row - 1])),
        "time_s": float(time[row - 1] + share * (time[row] - time[row - 1])),
    }


def peak(time: Floats, temperature: Floats) -> dict[str, float]:
    """The largest temperature and its time."""
    return _point(time, temperature, int(np.argmax(temperature)))


def third(time: Floats, temperature: Floats, rate: Floats, runaway: dict[str, float] | None, sensitivity: float) -> dict[str, float] | None:
    """T3: the peak, where there was a runaway and the record's last row no longer heats itself above the sensitivity [K/s]."""
    return peak(time, temperature) if runaway is not None and rate[-1] <= sensitivity else None


def fastest(time: Floats, temperature: Floats, rate: Floats, heating: Any) -> dict[str, float] | None:
    """The largest rate outside heating, with temperature and time."""
    rows = np.flatnonzero(~heating)
    if not len(rows):
        return None
    row = int(rows[np.argmax(rate[rows])])
    return {"rate_K_per_s": float(rate[row]), **_point(time, temperature, row)}


def phi_shift(temperature: float, phi: float, activation_energy: float) -> float:
    """The temperature [K] at which a sample with a holder (phi) has the rate that the bare one has at `temperature`.

    1/T' = 1/T - R ln(phi)/E.  Townsend & Tou, Thermochimica Acta 37 (1980) 1-30.

    >>> round(phi_shift(393.15, 1.25, 135080.0) - 273.15, 3)
    122.134
    """
    return 1.0 / (1.0 / temperature - GAS_CONSTANT * math.log(phi) / activation_energy)


def single_step_energy(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The activation energy [J/mol] of one Arrhenius step through two points (temperature [K], rate).

    E = R ln(r2/r1) / (1/T1 - 1/T2): what a single step would need; more than about 200 kJ/mol is no chemistry.
    """
    (cool, slow), (warm, fast) = first, second
    return GAS_CONSTANT * math.log(fast / slow) / (1.0 / cool - 1.0 / warm)


def time_to_maximum_rate(temperature: float, rate: float, activation_energy: float) -> float:
    """R T^2 / (E dT/dt) [s]: time to maximum rate of a zero-order adiabatic reaction at `temperature` [K], `rate` [K/s]."""
    return GAS_CONSTANT * temperature**2 / (activation_energy * rate)


def decay_number(rise_left: float, temperature: float, activation_energy: float) -> float:
    """B = a dT_ad E / (R T^2) of a first-order pool in adiabatic mode: below 1 its rate falls from now on.

    d ln(dT/dt)/dT = E/(R T^2) - 1/(a dT_ad); `rise_left` is a dT_ad [K], what the pool can still heat.
    """
    return rise_left * activation_energy / (GAS_CONSTANT * temperature**2)
