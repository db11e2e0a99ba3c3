"""A lumped sample follows closed forms of thermal explosion: Semenov, zero order, radiation; Kissinger's equation at three rates."""

import math

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from thermo.case.case import read_case
from thermo.simulation.crossings import first_crossing
from thermo.simulation.simulate import run

R, E = 8.314462618, 135080.0
ZERO_ORDER = """
title: zero order
sample:
  kind: lumped
  heat_capacity: {{at_298K: 1 J/K}}
  surface: 1 m2
  temperature: {start} K
  chemistry:
    title: never used up
    species: {{c: {{start: 1}}}}
    reactions:
      only: {{pre_exponential_factor: {A!r} 1/s, activation_energy: {E} J/mol, consumes: {{c: 1e-12}}, heat: 1 J}}
programme: {programme}
"""


def zero_order(A, start, programme):
    return run(case_from(ZERO_ORDER.format(A=A, E=E, start=start, programme=programme)))


def test_semenov():
    """In air of 400 K tangency lies at T = (E/2R)(1 - sqrt(1 - 4 R Ta/E)) = 410.365 K. With 1 % less than hA = q E/(R T^2) the sample
    runs away; with 1 % more it stays.
    """
    critical = E / (2.0 * R) * (1.0 - math.sqrt(1.0 - 4.0 * R * 400.0 / E))
    assert critical == pytest.approx(410.365363, abs=1e-6)
    A = 1e14
    film = A * math.exp(-E / (R * critical)) * E / (R * critical**2)
    for share, runs_away in ((0.99, True), (1.01, False)):
        programme = f"{{kind: oven, air: 400 K, heat_transfer_coefficient: {share * film!r} W/(m2 K), end: 300 h}}"
        text = ZERO_ORDER.format(A=A, E=E, start=400.0, programme=programme)
        if runs_away:
            text = text.replace("consumes: {c: 1e-12}", "consumes: {c: 1e-3}, factors: [{kind: order, species: c, order: 0}]")
        T = run(case_from(text)).probe("sample")
        assert (T.max() > 500.0) == runs_away
        if not runs_away:  # the cooler of the two temperatures at which heat and loss balance
            heat = A * np.exp(-E / (R * T[-1]))
            assert heat == pytest.approx(share * film * (T[-1] - 400.0), rel=1e-3)
            assert T[-1] < critical


def test_the_critical_overheat_at_120_degc():
    """It is 10.0043 K, and R Ta^2/E gives 9.5139 K. psi is 0.37712, and 1/e gives 0.36788."""
    Ta = 393.15
    over = E / (2.0 * R) * (1.0 - math.sqrt(1.0 - 4.0 * R * Ta / E)) - Ta
    assert over == pytest.approx(10.0043, abs=1e-3)
    assert R * Ta**2 / E == pytest.approx(9.5139, abs=1e-3)


def test_adiabatic_self_heating_of_zero_order():
    """t = [F(T1) - F(T0)]/(H A/C) with F(T) = T e^(E/RT) - (E/R) Ei(E/RT). It gives 3486.1992 s to 400 K and 3555.7700 s to 453.15 K."""
    result = zero_order(6.426285e16, 363.15, "{kind: surroundings, end: 3555.8 s}")
    for level, exact in ((400.0, 3486.1992), (453.15, 3555.7700)):
        assert first_crossing(result.time, result.probe("sample"), level) == pytest.approx(exact, rel=2e-5)


def test_cooling_by_radiation_alone():
    """One square metre of 1e4 J/K and emissivity 0.8 cools in 298 K. It falls from 900 to 500 K in 521.1338 s."""
    text = """
    title: a plate
    sample: {kind: lumped, heat_capacity: {at_298K: 10 kJ/K}, surface: 1 m2, temperature: 900 K}
    programme: {kind: oven, air: 298 K, heat_transfer_coefficient: 0 W/(m2 K), emissivity: 0.8, end: 600 s}
    """
    result = run(case_from(text))
    assert first_crossing(result.time, result.probe("sample"), 500.0) == pytest.approx(521.1338, abs=0.02)


@pytest.mark.parametrize(
    ("energy", "A", "rate", "peak"),
    [(135080.0, 1e13, 10.0, 199.845), (80000.0, 1e8, 5.0, 132.101), (200000.0, 1e18, 20.0, 261.168)],
)
@pytest.mark.usual(1)
def test_kissinger(energy, A, rate, peak):
    """E b/(R Tp^2) = A exp(-E/(R Tp)) is exact for first order."""
    settings = [f"sample.with={{lithium.activation_energy: {energy} J/mol, lithium.pre_exponential_factor: {A} 1/s}}", "expect=[]"]
    settings += [f"programme.rate={rate} K/min", "programme.end=400 degC"]
    found = run(read_case(CASES / "paper" / "dsc-cu.yaml", settings)).summary()["dsc"]["peaks"]
    assert len(found) == 1
    assert found[0]["temperature_K"] - 273.15 == pytest.approx(peak, abs=0.02)


def test_the_width_of_the_peak_at_160_degc():
    """The full width at half maximum is 27.2 K."""
    columns = run(read_case(CASES / "paper" / "dsc-cu.yaml")).columns
    T, heat = columns["sample_K"], columns["heat_lithium_W"]
    high = T[heat > 0.5 * heat.max()]
    assert high[-1] - high[0] == pytest.approx(27.2, abs=0.3)
