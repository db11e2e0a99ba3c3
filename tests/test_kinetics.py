"""Rates, heats and slopes of one material point."""

import math

import numpy as np
import pytest

from thermo.cell import LumpedCell
from thermo.chemistry import Short, arrays, library_mechanisms
from thermo.kinetics import (
    AUTOCATALYTIC,
    BARRIER,
    LINEAR,
    ORDER,
    SATURATION,
    amounts,
    factor,
    factor_slope,
    heat_per_extent,
    rate_constant,
    rate_constant_slope,
    rate_slopes,
    rates,
)

MECHANISM = arrays(library_mechanisms()["limetal-ncm811-lhce"], Short(0, 0.15, 1800.0, 3.3, 4.3, "cathode", 0.001))
FIRED = np.ones(1)


def rates_at(temperature, extent):
    amount, out = np.zeros(3), np.zeros(4)
    amounts(MECHANISM, extent, amount)
    rates(MECHANISM, temperature, amount, FIRED, out)
    return out


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [
        (ORDER, 1.0, 0.0),
        (ORDER, 0.5, 0.0),
        (ORDER, 2.5, 0.0),
        (SATURATION, 0.03, 0.0),
        (LINEAR, 3.3, 1.0),
        (BARRIER, 0.033, 0.0),
        (AUTOCATALYTIC, 1.0, 1.0),
        (AUTOCATALYTIC, 0.7, 1.5),
    ],
)
@pytest.mark.parametrize("amount", [0.9, 0.2, 0.01, -0.05])
def test_the_slope_of_a_factor_is_its_derivative(kind, a, b, amount):
    step = 1e-6 * abs(amount)
    difference = (factor(kind, amount + step, a, b) - factor(kind, amount - step, a, b)) / (2 * step)
    assert factor_slope(kind, amount, a, b) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("n", [0.5, 1.0, 2.0])
def test_a_factor_of_order_n_is_odd_in_the_amount(n):
    """An overshoot below zero is driven back, not clipped: mass and energy stay exact."""
    assert factor(ORDER, -0.3, n, 0.0) == -factor(ORDER, 0.3, n, 0.0)


@pytest.mark.parametrize("temperature", [330.0, 400.0, 453.0, 460.0, 700.0, 1100.0])
def test_slopes_of_the_rates_are_their_derivatives(temperature):
    extent = np.array([0.3, 0.1, 0.25, 0.2])
    amount, by_temperature, by_extent = np.zeros(3), np.zeros(4), np.zeros((4, 4))
    amounts(MECHANISM, extent, amount)
    rate_slopes(MECHANISM, temperature, amount, FIRED, by_temperature, by_extent)
    step = 1e-4
    difference = (rates_at(temperature + step, extent) - rates_at(temperature - step, extent)) / (2 * step)
    assert by_temperature == pytest.approx(difference, rel=1e-6, abs=1e-12 * abs(difference).max())
    for other in range(4):
        change = np.zeros(4)
        change[other] = 1e-6
        difference = (rates_at(temperature, extent + change) - rates_at(temperature, extent - change)) / 2e-6
        assert by_extent[:, other] == pytest.approx(difference, rel=1e-6, abs=1e-9 * abs(difference).max())


def test_a_gate_halves_the_rate_at_its_temperature_and_a_ceiling_caps_it():
    lithium = library_mechanisms()["limetal-ncm811-lhce"].reactions["lithium"]
    bare = lithium.pre_exponential_factor * math.exp(-lithium.activation_energy / (8.314462618 * 453.65))
    assert rate_constant(MECHANISM, 1, 453.65, FIRED) == pytest.approx(0.5 * bare / (0.5 * bare + 1.0))
    assert rate_constant(MECHANISM, 1, 1500.0, FIRED) == pytest.approx(1.0, rel=1e-4)
    assert rate_constant_slope(MECHANISM, 1, 1500.0, FIRED) < 1e-4


def test_a_short_waits_for_its_trigger_and_delivers_i_times_v():
    """I = V/R x s/(s + half), heat V I, charge taken I/(3600 Q): the heat per extent is 3600 Q V."""
    s, resistance, charge = 0.8, 0.15, 1800.0
    amount, out = np.array([1.0, 1.0, s]), np.zeros(4)
    rates(MECHANISM, 400.0, amount, np.zeros(1), out)
    assert out[3] == 0.0
    rates(MECHANISM, 400.0, amount, FIRED, out)
    voltage = 3.3 + s
    current = voltage / resistance * s / (s + 0.001)
    assert out[3] == pytest.approx(current / charge)
    assert heat_per_extent(MECHANISM, 3, amount) * out[3] == pytest.approx(voltage * current)


def test_the_short_and_the_cathode_share_one_charge():
    extent, amount = np.array([0.0, 0.0, 0.3, 0.5]), np.zeros(3)
    amounts(MECHANISM, extent, amount)
    assert amount[2] == pytest.approx(0.2)


def test_a_library_mechanism_and_the_same_one_written_out_are_the_same():
    text = library_mechanisms()["limetal-ncm811-lhce"]
    common = {"kind": "lumped", "heat_capacity": {"at_298K": 6.0}, "temperature": 300.0}
    named = LumpedCell.model_validate({**common, "chemistry": "limetal-ncm811-lhce"}).build(1.0, 300.0, 1e-5).mechanism
    written = LumpedCell.model_validate({**common, "chemistry": text}).build(1.0, 300.0, 1e-5).mechanism
    for ours, theirs in zip(named, written, strict=True):
        assert np.array_equal(ours, theirs)
