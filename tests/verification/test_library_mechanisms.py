"""Mechanisms of the library beside an independent integration of the equations as their sources write them."""

import math

import numpy as np
from scipy.integrate import solve_ivp

from tests.conftest import CASES
from thermo.case import read_case
from thermo.simulate import run


def test_lithiated_carbon_left_to_itself():
    """Richard and Dahn: energies in eV, factors in 1/min, rises in K; the temperature follows scipy's Radau to 1e-5 of the rise."""
    boltzmann = 8.617333262e-5  # eV/K

    def slopes(t, y):
        T, pool, lithium, layer = y
        first = 1e17 * math.exp(-1.4 / (boltzmann * T)) * pool / math.sqrt(abs(pool) + 1e-6)
        second = 1e8 * math.exp(-0.8 / (boltzmann * T)) * lithium * 1.1 * math.exp(-layer / 0.15)
        return [150.0 * first + 325.0 * second, -first, -second, second]

    exact = solve_ivp(slopes, (0.0, 400.0), [353.15, 0.1, 0.75, 0.15], method="Radau", rtol=1e-10, atol=1e-13, dense_output=True)
    result = run(read_case(CASES / "calorimetry" / "mcmb-adiabatic.yaml", ["programme.end=400 min", "numerics.tolerance=1e-7"]))
    apart = result.probe("sample") - exact.sol(result.time / 60.0)[0]
    assert np.abs(apart).max() < 1e-5 * 258.75
