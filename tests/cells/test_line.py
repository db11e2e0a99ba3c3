"""Enthalpy, heat capacity and melting of a lumped sample."""

import numpy as np
import pytest

from thermo.materials.capacity import HeatCapacity, enthalpy, heat_capacity, heat_capacity_slope, temperature_of

CELL = HeatCapacity(6.7, 0.0035, np.array([19.8, 122.8, 465.4]), np.array([408.15, 453.65, 933.5]), np.array([4.5, 1.5, 4.0]))


@pytest.mark.parametrize("temperature", [250.0, 298.15, 405.0, 452.9, 600.0, 935.0, 1500.0])
def test_heat_capacity_is_the_slope_of_the_enthalpy(temperature):
    step = 1e-4
    difference = (enthalpy(CELL, temperature + step) - enthalpy(CELL, temperature - step)) / (2 * step)
    assert heat_capacity(CELL, temperature) == pytest.approx(difference, rel=1e-7)
    difference = (heat_capacity(CELL, temperature + step) - heat_capacity(CELL, temperature - step)) / (2 * step)
    assert heat_capacity_slope(CELL, temperature) == pytest.approx(difference, rel=1e-5, abs=1e-8)


def test_a_melting_peak_takes_its_heat():
    bare = CELL._replace(peak_heat=np.zeros(3))
    taken = [enthalpy(CELL, T) - enthalpy(bare, T) for T in (430.0, 480.0)]
    assert taken[1] - taken[0] == pytest.approx(122.8, rel=1e-6)


@pytest.mark.parametrize("temperature", [200.0, 407.0, 453.65, 454.5, 933.5, 2500.0])
@pytest.mark.parametrize("guess", [250.0, 453.0, 940.0, -5.0])
def test_the_temperature_of_an_enthalpy_is_found_from_any_guess(temperature, guess):
    assert temperature_of(CELL, 0.0, enthalpy(CELL, temperature), guess) == pytest.approx(temperature, abs=1e-9)
