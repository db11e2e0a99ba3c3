"""Lumped adiabatic samples follow algebra.

Numbers marked C1 to C15 follow from the formulas in each docstring; they were also reproduced by an independent script.
"""

import math

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.constants import GAS_CONSTANT
from thermo.onsets.onset import decay_number, phi_shift, single_step_energy, time_to_maximum_rate
from thermo.simulation.crossings import first_crossing
from thermo.simulation.simulate import run

E = 135080.0  # J/mol
START = 393.15  # K
RATE = 0.02 / 60.0  # K/s at the start
ZERO = 273.15


def adiabatic(rise, *, end, order=1, phi=1.0, start=START, rate=RATE, energy=E, tolerance=1e-7):
    """A sample of 1 J/K that heats itself at `rate` [K/s] at `start`, left alone for `end` [s]."""
    factor = rate / rise * math.exp(energy / (GAS_CONSTANT * start))
    factors = "[{kind: order, species: c, order: 1}]" if order == 1 else "[]"
    return run(
        case_from(
            f"""
            title: adiabatic sample
            sample:
              kind: lumped
              heat_capacity: {{at_298K: {phi!r} J/K}}
              temperature: {start!r} K
              chemistry:
                title: one step
                species: {{c: {{start: 1}}}}
                reactions:
                  only:
                    pre_exponential_factor: {factor!r} 1/s
                    activation_energy: {energy!r} J/mol
                    factors: {factors}
                    consumes: {{c: 1}}
                    heat: {rise!r} J
            programme: {{kind: surroundings, end: {end!r} s}}
            numerics: {{tolerance: {tolerance}}}
            """
        )
    )


def test_c1_time_to_maximum_rate_of_zero_order():
    """t = integral of dT / (rate exp(E/R (1/T0 - 1/T))) gives 30034.5 s to +250 K. R T0^2/(E rate) = 28541.8 s approximates it."""
    result = adiabatic(1e6, order=0, end=30500.0)
    time = first_crossing(result.time, result.probe("sample"), START + 250.0)
    assert time == pytest.approx(30034.5, rel=1e-3)
    assert time_to_maximum_rate(START, RATE, E) == pytest.approx(28541.8, rel=1e-5)


def test_c2_adiabatic_rise_does_not_depend_on_the_path():
    """When all reactant is spent, T_end = T0 + dT_ad."""
    result = adiabatic(400.0, end=40000.0)
    assert result.probe("sample")[-1] == pytest.approx(793.15, abs=1e-4)


def test_c3_largest_rate_is_where_e_over_r_t2_meets_one_over_the_rise_left():
    """E (Tf - T)/(R T^2) = 1 at 484.65 degC."""
    found = adiabatic(400.0, end=40000.0).summary()["maximum_rate"]["temperature_K"]
    assert found - ZERO == pytest.approx(484.65, abs=0.5)


def test_c4_time_of_a_first_order_adiabatic_rise():
    """The cell has risen by 200 K after 30878.32 s."""
    result = adiabatic(400.0, end=40000.0, tolerance=1e-8)
    assert first_crossing(result.time, result.probe("sample"), START + 200.0) == pytest.approx(30878.32, abs=0.05)


def test_c5_a_holder_takes_its_share_of_the_rise():
    """With phi 1.25 a rise of 400 K becomes 320 K."""
    result = adiabatic(400.0, end=80000.0, phi=1.25)
    assert result.probe("sample")[-1] - START == pytest.approx(320.0, abs=1e-3)


def test_c6_onset_shift_at_equal_rate():
    """1/T' = 1/T - R ln(phi)/E moves 120 degC to 122.134 degC. A sample with a holder has there the rate of the bare sample at 120 degC."""
    shifted = phi_shift(START, 1.25, E)
    assert shifted - ZERO == pytest.approx(122.134, abs=1e-3)
    result = adiabatic(1e6, order=0, end=1.0, phi=1.25, start=shifted, rate=RATE * math.exp(E / GAS_CONSTANT * (1 / START - 1 / shifted)))
    assert result.columns["rate_K_per_s"][0] == pytest.approx(RATE, rel=1e-9)


@pytest.mark.parametrize(("rise", "falls"), [(9.4, True), (9.6, False)])
def test_c13_a_pool_below_r_t2_over_e_slows_down_from_the_start(rise, falls):
    """B = dT_ad E/(R T^2). A rise of 9.5139 K separates falling from growing self-heating at 120 degC."""
    rate = adiabatic(rise, end=3000.0).columns["rate_K_per_s"]
    assert bool(rate[2] < rate[0]) is falls  # some seconds later; at 9.6 K the rise itself lasts minutes
    assert bool(decay_number(rise, START, E) < 1.0) is falls
    assert decay_number(9.5139, START, E) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(("rate", "energy"), [(1.0, 1276e3), (60.0, 2612e3)])
def test_c14_c15_one_arrhenius_step_cannot_go_from_121_to_125(rate, energy):
    """E = R ln(r2/r1)/(1/T1 - 1/T2) is what a step needs to go from 0.02 K/min at 121 degC to 1 K/min (or 1 K/s) at 125 degC."""
    assert single_step_energy((121.0 + ZERO, 0.02), (125.0 + ZERO, rate)) == pytest.approx(energy, abs=1e3)


def test_first_order_rate_over_temperature_is_algebra():
    """Every row of the run lies on rate(T) = A exp(-E/RT) (Tf - T), which does not depend on time."""
    result = adiabatic(400.0, end=40000.0, tolerance=1e-8)
    T, rate = result.probe("sample"), result.columns["rate_K_per_s"]
    factor = RATE / 400.0 * math.exp(E / (GAS_CONSTANT * START))
    exact = factor * np.exp(-E / (GAS_CONSTANT * T)) * (START + 400.0 - T)
    early = T < START + 399.0
    assert rate[early] == pytest.approx(exact[early], rel=1e-9)


def test_an_independent_solver_agrees():
    """scikit-SUNDAE CVODE solves the same equations at rtol 1e-10. The temperatures at the same times agree within 1e-5 of the rise."""
    cvode = pytest.importorskip("sksundae.cvode")
    factor = RATE / 400.0 * math.exp(E / (GAS_CONSTANT * START))

    def rhs(t, y, dy):
        rate = factor * math.exp(-E / (GAS_CONSTANT * y[0])) * y[1]
        dy[0], dy[1] = 400.0 * rate, -rate

    times = np.array([0.0, 10000.0, 25000.0, 30000.0, 30800.0, 30900.0, 35000.0])
    solution = cvode.CVODE(rhs, rtol=1e-10, atol=1e-12, max_num_steps=100000).solve(times, np.array([START, 1.0]))
    result = adiabatic(400.0, end=40000.0, tolerance=1e-8)
    from scipy.interpolate import CubicHermiteSpline

    keep = np.concatenate([[True], np.diff(result.time) > 0.0])
    ours = CubicHermiteSpline(result.time[keep], result.probe("sample")[keep], result.columns["rate_K_per_s"][keep])(times)
    assert ours == pytest.approx(solution.y[:, 0], abs=400.0 * 1e-4)
    assert ours[[0, 1, 2, 3, 6]] == pytest.approx(solution.y[[0, 1, 2, 3, 6], 0], abs=400.0 * 1e-5)
