"""A front of a first-order reaction in a bar moves at the speed of the travelling wave, which an eigenvalue problem gives.

In the frame of the front, alpha the share that has reacted and r = A (1 - alpha) exp(-E/RT):

    k T' = U rho (Q alpha - c (T - T0)),   alpha' = -r/U,   T -> T0 ahead,  T -> T0 + Q/c behind

so d alpha/dT = -k r / (U^2 rho (Q alpha - c (T - T0))), from the burnt end, where alpha = 1 and the slope is known, to alpha = 0 ahead.
That it arrives there gives U. At a Zeldovich number of 6 such a front is steady; from about 8 on it pulsates.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from tests.conftest import CASES
from thermo.case.case import read_case
from thermo.measurement.asked import wanted
from thermo.simulation.simulate import run

DENSITY, CAPACITY, CONDUCTIVITY, HEAT, START = 2000.0, 1000.0, 2.0, 5e5, 300.0
FACTOR, OVER_R, R = 2800.0, 8000.0, 8.314462618  # 1/s, K
BURNT = START + HEAT / CAPACITY
AHEAD = 360.0  # K: so far ahead of the front hardly anything reacts


def unburnt(speed: float) -> float:
    """alpha ahead of a front of this speed, starting from its burnt end."""
    rate = FACTOR * np.exp(-OVER_R / BURNT)
    slope = speed**2 * DENSITY * HEAT / (CONDUCTIVITY * rate + speed**2 * DENSITY * CAPACITY)  # of T over alpha at the burnt end
    left = 1e-7

    def change(T, alpha):
        r = FACTOR * (1.0 - alpha) * np.exp(-OVER_R / T)
        return -CONDUCTIVITY * r / (speed**2 * DENSITY * (HEAT * alpha - CAPACITY * (T - START)))

    found = solve_ivp(change, (BURNT - slope * left, AHEAD), [1.0 - left], method="LSODA", rtol=1e-11, atol=1e-13)
    return float(found.y[0, -1])


@functools.cache
def speed_of_wave() -> float:
    """The speed [m/s] at which nothing has reacted ahead: what the bar burns there in the meantime is left out."""
    return brentq(unburnt, 1e-4, 3e-4, xtol=1e-12)


CASE = CASES / "verification" / "travelling-front.yaml"


def measured(size: str) -> tuple[float, dict]:
    """The speed on cells of a size, between the middles of two regions."""
    summary = run(read_case(CASE, [f"sample.mesh.smallest={size}", f"sample.mesh.largest={size}", "expect=[]"])).summary()
    return summary["arrivals"]["second"]["speed_m_per_s"], summary


def test_the_case_expects_the_speed_of_this_wave():
    case = read_case(CASE)
    assert wanted(case.expect[0].what, case.expect[0].value) == pytest.approx(speed_of_wave(), rel=1e-7)
    mechanism = case.materials["bar"].mechanism()
    assert mechanism.reactions["burn"].activation_energy == pytest.approx(OVER_R * R)
    assert mechanism.reactions["burn"].pre_exponential_factor == FACTOR


@pytest.mark.slow
def test_a_front_moves_at_the_speed_of_the_travelling_wave():
    """0.1 % on cells of 0.25 mm, with an error that falls with their square; behind it the temperature that the heat gives."""
    speed, summary = measured("0.25 mm")
    assert speed == pytest.approx(speed_of_wave(), rel=1e-3)
    assert summary["probes"]["behind"]["final_K"] == pytest.approx(BURNT, abs=0.1)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["front"]["cells_across_reaction_zone"] > 3.0
    coarse, medium = (measured(size)[0] for size in ("1 mm", "0.5 mm"))
    assert np.log2((coarse - medium) / (medium - speed)) == pytest.approx(2.0, abs=0.3)
