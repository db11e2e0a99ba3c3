"""The power of a reaction at a row is no more than the balance of energy around it allows."""

import numpy as np
import pytest

from thermo.simulation.reactions import credible_power

TIME = np.linspace(0.0, 10.0, 101)


def smooth(time):
    """A burn of 1 kJ that takes about 2 s: its power [W] and what it has released [J]."""
    rate = np.exp(-((time - 5.0) ** 2))
    released = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(time))])
    return 1000.0 * rate / np.sqrt(np.pi), 1000.0 * released / np.sqrt(np.pi)


def test_a_power_that_is_resolved_stays_as_it_is():
    power, released = smooth(TIME)
    np.testing.assert_array_equal(credible_power(TIME, power, released), power)


@pytest.mark.parametrize("wrong", [3e8, -3e8, -1.0])
def test_what_the_balance_does_not_know_is_no_power(wrong):
    power, released = smooth(TIME)
    spoilt = power.copy()
    spoilt[[30, 70]] = wrong
    found = credible_power(TIME, spoilt, released)
    np.testing.assert_allclose(found[[30, 70]], power[[30, 70]], rtol=0.6)
    kept = np.ones(len(TIME), bool)
    kept[[30, 70]] = False
    np.testing.assert_array_equal(found[kept], power[kept])


def test_rows_of_one_moment_and_a_single_row_are_no_mistake():
    time = np.array([0.0, 1.0, 1.0, 2.0])
    power, released = np.array([5.0, 5.0, 7.0, 7.0]), np.array([0.0, 5.0, 5.0, 12.0])
    np.testing.assert_array_equal(credible_power(time, power, released), power)
    np.testing.assert_array_equal(credible_power(time[:1], power[:1], released[:1]), power[:1])
