"""Reactions under a linear ramp have closed solutions through the exponential integral.

I(T) = T exp(-E/(R T)) - (E/R) E1(E/(R T)):   first order  c = c0 exp(-(A/b)(I(T) - I(T0)));   Prout and Tompkins  logit a rises by the same
"""

import math

import numpy as np
import pytest
from scipy.special import exp1

from tests.conftest import case_from
from thermo.simulation.simulate import run

R, START = 8.314, 298.15
SEI, CATHODE = (1.667e15, 135080.0), (6.667e13, 139600.0)


def integral(T, energy):
    return T * np.exp(-energy / (R * T)) - energy / R * exp1(energy / (R * T))


def ramp(rate, pair, start, factor):
    """Temperature and what is left of the reactant over time, the sample held to air that rises by `rate` [K/min] to 310 degC."""
    span = (583.15 - START) / rate
    text = f"""
    title: ramp
    sample:
      kind: lumped
      heat_capacity: {{at_298K: 1 J/K}}
      surface: 1 m2
      temperature: {START} K
      chemistry:
        title: one
        gas_constant: {R}
        species: {{c: {{start: {start}}}}}
        reactions:
          only:
            pre_exponential_factor: {pair[0]!r} 1/s
            activation_energy: {pair[1]!r} J/mol
            factors: [{factor}]
            consumes: {{c: 1}}
            heat: 0 J
    programme:
      kind: oven
      air: {{from: {START} K, to: 583.15 K, over: {span!r} min}}
      heat_transfer_coefficient: 1e6 W/(m2 K)
      end: {span!r} min
    numerics: {{tolerance: 1e-6}}
    """
    result = run(case_from(text))
    return result.probe("sample"), start - result.columns["conversion_only"]


def peak(T, rate):
    """Where a rate is largest, and how large, by the parabola through the highest row and its neighbours."""
    k = int(np.argmax(rate))
    fit = np.polyfit(T[k - 1 : k + 2] - T[k], rate[k - 1 : k + 2], 2)
    at = -fit[1] / (2.0 * fit[0])
    return T[k] + at, float(np.polyval(fit, at))


PEAKS = {
    1: (179.829, 1.241528e-3, 0.6282),
    5: (199.293, 5.718585e-3, 0.6280),
    10: (208.187, 1.102888e-2, 0.6280),
    20: (217.412, 2.125678e-2, 0.6278),
}


@pytest.mark.parametrize("rate", PEAKS)
def test_an_autocatalytic_reaction(rate):
    T, left = ramp(rate, CATHODE, 0.96, "{kind: autocatalytic, species: c}")
    A, energy = CATHODE
    exact = math.log(0.04 / 0.96) + A / (rate / 60.0) * (integral(T, energy) - integral(START, energy))
    assert left == pytest.approx(1.0 / (1.0 + np.exp(np.minimum(exact, 700.0))), abs=2e-5)
    found = peak(T, A * left * (1.0 - left) * np.exp(-energy / (R * T)))
    temperature, largest, made = PEAKS[rate]
    assert found[0] - 273.15 == pytest.approx(temperature, abs=0.02)
    assert found[1] == pytest.approx(largest, rel=1e-3)
    assert 1.0 - float(np.interp(found[0], T, left)) == pytest.approx(made, abs=1e-3)


@pytest.mark.parametrize(("rate", "share"), [(1, 0.384858), (10, 0.385764)])
def test_a_reaction_of_first_order(rate, share):
    T, left = ramp(rate, SEI, 1.0, "{kind: order, species: c, order: 1}")
    A, energy = SEI
    assert left == pytest.approx(np.exp(-A / (rate / 60.0) * (integral(T, energy) - integral(START, energy))), abs=2e-5)
    at, _ = peak(T, A * left * np.exp(-energy / (R * T)))
    assert float(np.interp(at, T, left)) == pytest.approx(share, rel=1e-3)
