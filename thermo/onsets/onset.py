"""T1, T2, T3, cessation, exotherms: read off a record of temperature and rate, simulated or measured.

T1   the first window of an instrument whose mean rate reaches the sensitivity; the temperature at the window's end.
T2   the last temperature before the rate reaches a criterion (1 K/s first of all) with a later rise of 10 K or more,
     outside the instrument's heating; `voltage-drop`: the voltage falls below half of what it was at the start.
T3   the largest temperature between T2 and the next heating, where the record goes on to it.

`exotherm` finds the heater's steps and the windows in a record that does not name them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT

RATES = {"1 K/s": 1.0, "10 K/min": 10.0 / 60.0, "1 K/min": 1.0 / 60.0}  # K/s
KINK, SUDDEN = (
    3.0,
    1.5,
)  # times the rate of the row before; times the mean of a rate that grows by a constant factor: it has jumped where the rows begin
LATER_RISE = 10.0  # K, of a runaway that counts


def runaway_onsets(
    criteria: tuple[str, ...],
    time: Floats,
    temperature: Floats,
    rate: Floats,
    heating: Any,
    voltage: Floats | None,
    jump: float = math.inf,
    sloped: bool = False,
) -> dict[str, dict[str, float] | None]:
    """T2 by each criterion, None where it is not met.

    Parameters
    ----------
    time [s], temperature [K], rate [K/s] : arrays (n,)
    heating : array (n,) of bool, rows in which the instrument heats
    voltage : array (n,) [V] or None
    jump, sloped : see `first_reach`
    """
    found: dict[str, dict[str, float] | None] = {}
    for name in criteria:
        if name == "voltage-drop":
            low = np.flatnonzero(voltage < 0.5 * voltage[0]) if voltage is not None else np.zeros(0, int)
            found[name] = _point(time, temperature, int(low[0])) if len(low) else None
        else:
            found[name] = first_reach(RATES[name], time, temperature, rate, heating, LATER_RISE, jump, sloped)
    return found


def unconfirmed(runaway: dict[str, dict[str, float] | None], rate: Floats, heating: Any) -> list[str]:
    """The criteria in rates that are reached outside heating, and yet give no T2: the record ends before the rise that it takes."""
    own = rate[~heating]
    return [name for name, point in runaway.items() if name in RATES and point is None and bool(np.any(own >= RATES[name]))]


def first_reach(
    threshold: float,
    time: Floats,
    temperature: Floats,
    rate: Floats,
    heating: Any,
    later_rise: float = 0.0,
    jump: float = math.inf,
    sloped: bool = False,
) -> dict[str, float] | None:
    """Where the rate first reaches a threshold outside heating, with a rise of `later_rise` or more to come; None if never.

    Parameters
    ----------
    threshold : float [K/s]
    time [s], temperature [K], rate [K/s] : arrays (n,)
    heating : array (n,) of bool, rows in which the instrument heats
    later_rise : float [K]
    jump : float [-], for rates read as differences: those of neighbouring rows further apart than this factor are no curve, and the
        row before the jump is taken
    sloped : whether the rates are slopes of these temperatures, which show what came suddenly a row late
    """
    later = np.maximum.accumulate(temperature[::-1])[::-1]
    if math.isfinite(jump):  # of its own: up to where something heats it again
        again = np.flatnonzero(np.diff(np.asarray(heating).astype(int)) > 0) + 1
        parts = np.split(temperature, again)
        later = np.concatenate([np.maximum.accumulate(part[::-1])[::-1] for part in parts])
    # a rate read as a difference belongs to the way up to its row, which may be the whole of a runaway
    begun = temperature if math.isinf(jump) else np.append(temperature[:1], temperature[:-1])
    rows = np.flatnonzero((rate >= threshold) & ~heating & (later - begun >= later_rise))
    return _before(time, temperature, rate, heating, int(rows[0]), threshold, jump, sloped) if len(rows) else None


def _point(time: Floats, temperature: Floats, row: int) -> dict[str, float]:
    return {"temperature_K": float(temperature[row]), "time_s": float(time[row])}


def _before(
    time: Floats,
    temperature: Floats,
    rate: Floats,
    heating: Any,
    row: int,
    threshold: float,
    jump: float,
    sloped: bool,
) -> dict[str, float]:
    """Where the rate passes the threshold between two rows, linear in the logarithm of the rate."""
    driven = row > 0 and bool(heating[row - 1])
    if row == 0 or driven or not rate[row - 1] < threshold:
        return _point(time, temperature, row)
    if math.isfinite(jump):  # the row before may hold the jump too, together with quiet time before it
        for last in (row - 1, row):
            if last > 0 and rate[last] > jump * max(float(rate[last - 1]), 0.0):
                return _point(time, temperature, last - 1)
    if rate[row - 1] <= 0.0:
        return _point(time, temperature, row)
    if sloped and time[row] > time[row - 1] and rate[row] > KINK * rate[row - 1]:
        # risen at once: more than a rate that grows between its ends can account for
        steady = (rate[row] - rate[row - 1]) / math.log(rate[row] / rate[row - 1])
        mean = (temperature[row] - temperature[row - 1]) / (time[row] - time[row - 1])
        if mean > max(SUDDEN * steady, 0.9 * threshold):
            return _point(time, temperature, row - 1)
    return _between(time, temperature, row, math.log(threshold / rate[row - 1]) / math.log(rate[row] / rate[row - 1]))


def _between(time: Floats, temperature: Floats, row: int, share: float) -> dict[str, float]:
    """A share of the way from the row before to a row."""
    return {
        "temperature_K": float(temperature[row - 1] + share * (temperature[row] - temperature[row - 1])),
        "time_s": float(time[row - 1] + share * (time[row] - time[row - 1])),
    }


def third(
    time: Floats, temperature: Floats, last_rate: float, runaway: dict[str, float] | None, sensitivity: float, heating: Any
) -> dict[str, float] | None:
    """T3: the largest temperature from T2 to where something else heats the sample again; None without a T2.

    None too where the record ends before that and its last row heats itself at `last_rate` [K/s], above the sensitivity [K/s].
    """
    if runaway is None:
        return None
    own = np.flatnonzero((time >= runaway["time_s"]) & ~heating)
    first = int(own[0]) if len(own) else len(time)
    again = np.flatnonzero(heating[first:])
    last = first + int(again[0]) if len(again) else len(time)
    if first == last or (not len(again) and last_rate > sensitivity):
        return None
    return _point(time, temperature, first + int(np.argmax(temperature[first:last])))


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


def temperature_of_time_to_maximum_rate(time: float, activation_energy: float, log_factor: float) -> float:
    """The temperature [K] at which R T^2 / (E dT/dt) is `time` [s], for dT/dt = exp(log_factor - E/(R T)) [K/s].

    Raises ValueError where there is none between 200 and 2000 K.
    """
    from scipy.optimize import brentq

    def off(temperature: float) -> float:
        log_rate = log_factor - activation_energy / (GAS_CONSTANT * temperature)
        return math.log(GAS_CONSTANT * temperature**2 / (activation_energy * time)) - log_rate

    return float(brentq(off, 200.0, 2000.0, xtol=1e-9))


def decay_number(rise_left: float, temperature: float, activation_energy: float) -> float:
    """B = a dT_ad E / (R T^2) of a first-order pool in adiabatic mode: below 1 its rate falls from now on.

    d ln(dT/dt)/dT = E/(R T^2) - 1/(a dT_ad); `rise_left` is a dT_ad [K], what the pool can still heat.
    """
    return rise_left * activation_energy / (GAS_CONSTANT * temperature**2)
