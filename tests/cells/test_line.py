"""Enthalpy, heat capacity and melting of a lumped sample."""

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.case.case import read_case
from thermo.materials.capacity import HeatCapacity, enthalpy, heat_capacity, heat_capacity_slope, temperature_of
from thermo.materials.integral import integral_of
from thermo.materials.storage import node_capacity, node_heat, node_temperature, storage_of
from thermo.simulation.prepare import build

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


def test_a_cell_of_constant_capacity_holds_what_a_node_of_a_mesh_does():
    """One law for both: H = C (T - 298.15 K)."""
    sample = build(read_case(CASES / "paper" / "cu-20li.yaml")).sample
    cell = sample._replace(capacity=HeatCapacity(6.0, 0.0, np.zeros(0), np.zeros(0), np.zeros(0)))
    mesh = storage_of(np.array([[2.0]]), [integral_of(np.array([298.15]), np.array([3.0]), np.array([3.0]))])
    for T in (250.0, 298.15, 600.0):
        heat = 6.0 * (T - 298.15)
        for node in (cell, mesh):
            assert node_heat(node, 0, T) == pytest.approx(heat, abs=1e-12)
            assert node_capacity(node, 0, T) == pytest.approx(6.0, rel=1e-15)
            assert node_temperature(node, 0, heat, 300.0) == pytest.approx(T, rel=1e-14)


def test_what_has_no_law_of_storage_is_refused():
    with pytest.raises(TypeError, match="node_heat is not written for HeatCapacity"):
        node_heat(CELL, 0, 300.0)
