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

from tests.conftest import case_from
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


BAR = f"""
title: a bar with a front
materials:
  bar:
    density: {DENSITY} kg/m3
    heat_capacity: {CAPACITY} J/(kg K)
    thermal_conductivity: {CONDUCTIVITY} W/(m K)
    chemistry:
      title: one step of first order
      species: {{a: {{start: 1}}}}
      reactions:
        burn:
          pre_exponential_factor: {FACTOR} 1/s
          activation_energy: {OVER_R * R} J/mol
          factors: [{{kind: order, species: a, order: 1}}]
          consumes: {{a: 1}}
          heat: {{per_mass: {HEAT} J/kg, content: {DENSITY} kg/m3}}
sample:
  kind: boxes
  coordinates: line
  cross_section: 1 cm2
  temperature: {START} K
  regions: {{bar: {{material: bar, from: [0 mm], to: [240 mm]}}}}
  mesh: {{order: 1, smallest: SIZE, largest: SIZE}}
programme:
  kind: surroundings
  end: 23 min
  faces: {{left: [{{kind: held, temperature: {BURNT} K}}]}}
measure:
  probes: {{first: [150 mm], second: [190 mm], behind: [100 mm]}}
  crossings: {{first: {{probe: first, temperature: 550 K}}, second: {{probe: second, temperature: 550 K}}}}
numerics: {{tolerance: 1e-4}}
"""


def measured(size: str) -> tuple[float, dict]:
    summary = run(case_from(BAR.replace("SIZE", size))).summary()
    first, second = (summary["crossings"][name]["time_s"] for name in ("first", "second"))
    return 0.04 / (second - first), summary


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
