"""The extents of a site eliminated, against the equations of temperature and extents solved together."""

import numpy as np
import pytest

from thermo.chemistry.condensed import add_response, condense, condensed_memory, invert, stage_power, take_rates
from thermo.chemistry.kinetics import amounts, heat_per_extent, rates
from thermo.chemistry.mechanism import library_mechanisms
from thermo.chemistry.mechanism_arrays import Short, arrays

MECHANISM = arrays(library_mechanisms()["limetal-ncm811-lhce"], Short(0.15, 1800.0, 3.3, 4.3, "cathode", 0.001), n_triggers=1)
FIRED, SHARE = np.ones(1), np.array([0.7, 0.5, 0.9, 0.6])  # of the material of each reaction
STATE = np.array([455.0, 0.2, 0.1, 0.3, 0.05])  # temperature and extents


def rates_and_powers(y):
    amount, rate = np.zeros(3), np.zeros(4)
    amounts(MECHANISM, y[1:], amount)
    rates(MECHANISM, y[0], amount, FIRED, rate)
    return rate, SHARE * np.array([heat_per_extent(MECHANISM, k, amount) for k in range(4)]) * rate


def slopes():
    """Central differences of rates and powers (4, 5) by temperature and extents."""
    by = [np.subtract(rates_and_powers(STATE + d), rates_and_powers(STATE - d)) / (2.0 * d.max()) for d in np.diag([1e-3, *[1e-6] * 4])]
    return np.moveaxis(by, 0, -1)


def test_the_inverse_of_a_small_matrix():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(5, 5))
    out = np.zeros((5, 5))
    assert invert(matrix.copy(), out)
    assert out @ matrix == pytest.approx(np.eye(5), abs=1e-12)
    assert not invert(np.zeros((2, 2)), np.zeros((2, 2)))


@pytest.mark.parametrize("moved", [False, True])
def test_eliminated_extents_solve_the_whole_system(moved):
    """A stage at the start of a step, and one elsewhere with the slopes of the start."""
    g, capacity = 1.0 / (0.25 * 3.0), 7.0
    earlier = np.array([1e-3, -2e-3, 5e-4, 0.0])
    sites = condensed_memory(MECHANISM, 1)
    slope = condense(MECHANISM, SHARE, STATE[0], STATE[1:], FIRED, g, sites, 0)
    point = STATE + (np.array([0.5, 0.01, 0.02, -0.01, 0.0]) if moved else 0.0)
    sites.point[:], sites.right[:] = point[1:], earlier
    if moved:
        take_rates(MECHANISM, SHARE, point[0], FIRED, sites, 0)
    z, released = np.zeros(4), np.zeros(4)
    change = stage_power(sites, 0, z, released) / (g * capacity - slope)
    add_response(sites, 0, change, z, released)

    (rate_slopes, power_slopes), (rate, power) = slopes(), rates_and_powers(point)
    whole = np.diag([g * capacity, g, g, g, g])
    whole[0] -= power_slopes.sum(axis=0)
    whole[1:] -= rate_slopes
    exact = np.linalg.solve(whole, [power.sum(), *(rate + earlier)])
    assert [change, *z] == pytest.approx(exact, rel=1e-6)
    assert released == pytest.approx(power + power_slopes @ exact, rel=1e-6, abs=1e-6 * abs(power).max())
