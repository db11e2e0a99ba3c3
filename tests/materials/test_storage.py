"""Heat stored in nodes: by one node at a time, interpreted and compiled, and by all at once."""

import numpy as np
import pytest

from thermo.base.compiled import compile_kernels
from thermo.materials import storage as module
from thermo.materials.capacity import HeatCapacity
from thermo.materials.integral import NO_PEAKS, Peaks, integral_of
from thermo.materials.storage import (
    capacities,
    capacity_slope,
    fill_capacities,
    fill_heats,
    fill_temperatures,
    heats,
    node_capacity,
    node_heat,
    node_temperature,
    storage_of,
    temperatures,
    volumes,
)

CONSTANT = integral_of(np.array([298.15]), np.array([3.0]), np.array([3.0]))
TABLE = integral_of(np.array([300.0, 350.0, 360.0]), np.array([1.0, 2.0, 1.8]), np.array([1.0, 2.0, 1.8]))
MELTING = integral_of(np.array([340.0, 340.1]), np.array([2.0, 2000.0]), np.array([2000.0, 4.0]))
VOLUMES = np.array(
    [
        [1.0, 0.0, 0.0],
        [0.0, 0.3, 0.0],
        [0.0, 0.0, 2.0],
        [0.0, 0.0, 0.0],
        [0.5, 0.1, 0.0],
        [0.0, 1.0, 1.0],
        [1e-9, 3e-9, 2e-9],
        [0.0, 0.1, 2.0],
    ]
)
STORAGE = storage_of(VOLUMES, [CONSTANT, TABLE, MELTING])
NODES = range(len(VOLUMES))
CELL = HeatCapacity(6.7, 0.0035, Peaks(np.array([19.8, 122.8, 465.4]), np.array([408.15, 453.65, 933.5]), np.array([4.5, 1.5, 4.0])))
ONE = storage_of(np.ones((1, 1)), [CELL])
TEMPERATURES = (
    250.0,
    298.15,
    300.0,
    325.0,
    340.0,
    340.05,
    340.1,
    349.0,
    360.0,
    900.0,
)  # below the first corner, at corners, above the last


def one_by_one(kernel, *values):
    return np.array([kernel(STORAGE, i, *(value[i] for value in values)) for i in NODES])


def compiled(fill, *values):
    found = np.empty(len(VOLUMES)) if len(values) == 1 else values[1].copy()
    compile_kernels()(fill)(STORAGE, values[0], found)
    return found


@pytest.mark.parametrize("T", TEMPERATURES)
def test_heat_and_capacity_are_the_same_by_node_compiled_and_of_all(T):
    """And the sums over materials of the volume times each one's own."""
    laws, temperature = (CONSTANT, TABLE, MELTING), np.full(len(VOLUMES), T)
    for kernel, fill, whole, own in (
        (node_heat, fill_heats, heats, [law.at(np.array([T]))[0] for law in laws]),
        (node_capacity, fill_capacities, capacities, [law.value(np.array([T]))[0] for law in laws]),
    ):
        found = one_by_one(kernel, temperature)
        assert found == pytest.approx(VOLUMES @ own, rel=1e-15)
        assert whole(STORAGE, temperature).tolist() == found.tolist()
        assert compiled(fill, temperature) == pytest.approx(found, rel=1e-15)


@pytest.mark.parametrize("away", [0.0, -60.0, 5.0, 1000.0])
@pytest.mark.parametrize("T", TEMPERATURES)
def test_the_temperature_of_a_heat_is_found_from_any_guess(T, away):
    heat, guess = heats(STORAGE, np.full(len(VOLUMES), T)), np.full(len(VOLUMES), T + away)
    expected = np.where(VOLUMES.any(axis=1), T, guess)
    for found in (one_by_one(node_temperature, heat, guess), temperatures(STORAGE, heat, guess), compiled(fill_temperatures, heat, guess)):
        assert found == pytest.approx(expected, rel=1e-13)


def test_the_temperature_of_nodes_of_two_materials_is_found_in_few_steps(monkeypatch):
    """Where a guess is the answer already, no bisection follows."""
    T, asked = np.array([310.0, 340.05, 400.0, 310.0]), []
    mixed = storage_of(np.repeat(VOLUMES[4:5], 4, axis=0), [CONSTANT, TABLE, MELTING])
    heat = heats(mixed, T)
    monkeypatch.setattr(module, "heats", lambda storage, T: asked.append(T) or heats(storage, T))
    for guess in (T, np.full(4, 345.0)):
        assert temperatures(mixed, heat, guess) == pytest.approx(T, rel=1e-13)
    assert len(asked) < 20


def test_a_large_body_is_done_in_compiled_code_to_the_same_numbers(monkeypatch):
    T = np.linspace(250.0, 500.0, len(VOLUMES))
    heat = heats(STORAGE, T)
    expected = heat, capacities(STORAGE, T), temperatures(STORAGE, heat, T + 3.0)
    monkeypatch.setattr(module, "LARGE", 1)
    found = heats(STORAGE, T), capacities(STORAGE, T), temperatures(STORAGE, heat, T + 3.0)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-13)


def test_what_is_not_a_number_stays_so():
    """A step that went astray must be seen to be rejected."""
    heat, guess, some = np.full(len(VOLUMES), np.nan), np.full(len(VOLUMES), 300.0), VOLUMES.any(axis=1)
    for found in (one_by_one(node_temperature, heat, guess), temperatures(STORAGE, heat, guess), compiled(fill_temperatures, heat, guess)):
        assert np.isnan(found[some]).all()


def test_the_volume_of_a_node_is_that_of_its_materials():
    assert volumes(STORAGE) == pytest.approx(VOLUMES.sum(axis=1), rel=1e-15)


def test_constant_capacity_is_a_material_of_one_corner():
    """H = V c (T - 298.15 K), and back exactly."""
    storage = storage_of(np.array([[2.0]]), [CONSTANT])
    assert node_heat(storage, 0, 398.15) == pytest.approx(600.0, rel=1e-15)
    assert node_capacity(storage, 0, 100.0) == 6.0
    assert node_temperature(storage, 0, -600.0, 0.0) == pytest.approx(198.15, rel=1e-15)


@pytest.mark.parametrize("temperature", [250.0, 298.15, 405.0, 452.9, 600.0, 935.0, 1500.0])
def test_the_heat_capacity_of_a_cell_is_the_slope_of_its_enthalpy(temperature):
    step = 1e-4
    difference = (node_heat(ONE, 0, temperature + step) - node_heat(ONE, 0, temperature - step)) / (2 * step)
    assert node_capacity(ONE, 0, temperature) == pytest.approx(difference, rel=1e-7)
    difference = (node_capacity(ONE, 0, temperature + step) - node_capacity(ONE, 0, temperature - step)) / (2 * step)
    assert capacity_slope(ONE, 0, temperature) == pytest.approx(difference, rel=1e-5, abs=1e-8)


def test_a_melting_peak_takes_its_heat():
    bare = storage_of(np.ones((1, 1)), [CELL._replace(melting=NO_PEAKS)])
    taken = [node_heat(ONE, 0, T) - node_heat(bare, 0, T) for T in (430.0, 480.0)]
    assert taken[1] - taken[0] == pytest.approx(122.8, rel=1e-6)


@pytest.mark.parametrize("temperature", [200.0, 407.0, 453.65, 454.5, 933.5, 2500.0])
@pytest.mark.parametrize("guess", [250.0, 453.0, 940.0, -5.0])
def test_the_temperature_of_a_cell_is_found_from_any_guess(temperature, guess):
    assert node_temperature(ONE, 0, node_heat(ONE, 0, temperature), guess) == pytest.approx(temperature, abs=1e-9)


def test_a_body_may_hold_what_a_cell_does():
    """One law for both: nodes of a melting cell beside tables, by node, compiled and of all."""
    mixed = storage_of(np.array([[1.0, 0.0], [0.25, 0.5], [0.0, 2.0]]), [CELL, TABLE])
    for T in (300.0, 407.0, 453.0, 700.0):
        temperature = np.full(3, T)
        own = [node_heat(ONE, 0, T), TABLE.at(np.array([T]))[0]]
        heat = heats(mixed, temperature)
        assert heat == pytest.approx([own[0], 0.25 * own[0] + 0.5 * own[1], 2.0 * own[1]], rel=1e-14)
        assert [node_heat(mixed, i, T) for i in range(3)] == pytest.approx(heat, rel=1e-14)
        assert [node_capacity(mixed, i, T) for i in range(3)] == pytest.approx(capacities(mixed, temperature), rel=1e-14)
        assert temperatures(mixed, heat, temperature + 20.0) == pytest.approx(temperature, rel=1e-13)
        assert [node_temperature(mixed, i, heat[i], T + 20.0) for i in range(3)] == pytest.approx(temperature, rel=1e-13)


def test_a_heat_that_no_temperature_has_gives_none():
    """Below the temperature at which a falling capacity ends there is none."""
    falling = storage_of(np.ones((1, 1)), [HeatCapacity(6.0, 0.1, NO_PEAKS)])
    assert node_temperature(falling, 0, node_heat(falling, 0, 260.0), 300.0) == pytest.approx(260.0)
    assert np.isnan(node_temperature(falling, 0, -1e3, 300.0))
