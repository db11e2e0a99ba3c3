"""Rates, heats and slopes of one material point."""

import math

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.cells.cell import LumpedCell
from thermo.chemistry.factors import KINDS, NUMBER, factor, factor_slope
from thermo.chemistry.kinetics import (
    amounts,
    heat_per_extent,
    rate_constant,
    rate_constant_and_slope,
    rate_slopes,
    rates,
)
from thermo.chemistry.mechanism import MechanismText, library_mechanisms
from thermo.chemistry.mechanism_arrays import Short, arrays
from thermo.simulation.simulate import run

MECHANISM = arrays(library_mechanisms()["limetal-ncm811-lhce"], Short(0.15, 1800.0, 3.3, 4.3, "cathode", 0.001), n_triggers=1)
FIRED = np.ones(1)


def rates_at(temperature, extent):
    amount, out = np.zeros(3), np.zeros(4)
    amounts(MECHANISM, extent, amount)
    rates(MECHANISM, temperature, amount, FIRED, out)
    return out


FACTORS = [
    ("order", 1.0, 1e-6),
    ("order", 0.5, 1e-6),
    ("order", 2.5, 1e-6),
    ("saturation", 0.03, 0.0),
    ("linear", 3.3, 1.0),
    ("barrier", 0.033, math.inf),
    ("barrier", 0.033, 0.1),
    ("autocatalytic", 1.0, 1.0),
    ("autocatalytic", 0.7, 1.5),
    ("autocatalytic", 0.7, 0.0),
    ("avrami-erofeev", 0.5, 1e-4),
    ("avrami-erofeev", 3.0, 1e-4),
    ("avrami-erofeev", 3.0, 0.2),
]


@pytest.mark.parametrize(("kind", "a", "b"), FACTORS)
@pytest.mark.parametrize("amount", [0.9, 0.2, 0.01, -0.05])
def test_the_slope_of_a_factor_is_its_derivative(kind, a, b, amount):
    step, number = 1e-6 * abs(amount), NUMBER[kind]
    difference = (factor(number, amount + step, a, b) - factor(number, amount - step, a, b)) / (2 * step)
    assert factor_slope(number, amount, a, b) == pytest.approx(difference, rel=1e-6)


@pytest.mark.slow
def test_every_kind_is_the_same_compiled():
    """Each kind of the table is found by its number in compiled code too."""
    import numba

    from thermo.base.compiled import OPTIONS, compile_kernels

    compile_kernels()

    @numba.njit(**OPTIONS)
    def both(number, amount, a, b):
        return factor(number, amount, a, b), factor_slope(number, amount, a, b)

    assert {kind for kind, _, _ in FACTORS} == set(KINDS)
    for kind, a, b in FACTORS:
        for amount in (0.9, 0.2, -0.05):
            number = NUMBER[kind]
            wanted = factor(number, amount, a, b), factor_slope(number, amount, a, b)
            assert both(number, amount, a, b) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("number", [-1, len(KINDS)])
def test_a_kind_that_is_not_in_the_table_raises(number):
    for function in (factor, factor_slope):
        with pytest.raises(IndexError, match="is not written for such a number"):
            function(number, 0.5, 1.0, 1.0)


@pytest.mark.parametrize("amount", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("order", [0.0, 0.5, 1.0])
def test_an_autocatalytic_factor_without_its_other_order_is_one_of_order_n(order, amount):
    """It starts from all that there is, and ends where nothing is left."""
    for function in (factor, factor_slope):
        assert function(NUMBER["autocatalytic"], amount, order, 0.0) == function(NUMBER["order"], amount, order, 1e-6)
    assert factor(NUMBER["autocatalytic"], 1.0, order, 0.0) == pytest.approx(1.0, rel=2e-6)
    assert factor(NUMBER["autocatalytic"], 0.0, order, 0.0) == 0.0


@pytest.mark.parametrize("n", [1.0, 1.5, 2.0])
def test_a_factor_of_order_n_is_odd_in_the_amount(n):
    """An overshoot below zero is driven back, not clipped: mass and energy stay exact."""
    assert factor(NUMBER["order"], -0.3, n, 1e-6) == -factor(NUMBER["order"], 0.3, n, 1e-6)


@pytest.mark.parametrize(("kind", "a", "b"), [("order", 0.5, 1e-6), ("saturation", 1e-3, 0.0)])
def test_a_step_linear_in_a_rate_that_ends_at_once_ends_at_zero_from_either_side(kind, a, b):
    """Newton's step from c > 0 goes to -c; from there it must not come back to c, as it would were the rate odd."""
    c = 1e-3
    for _ in range(4):
        c -= factor(NUMBER[kind], c, a, b) / factor_slope(NUMBER[kind], c, a, b)
    assert abs(c) < 1e-9


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
    assert rate_constant_and_slope(MECHANISM, 1, 1500.0, FIRED)[1] < 1e-4


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


EVERYTHING = {
    "title": "all that slows a rate down",
    "species": {"a": {"start": "300 kg/m3"}, "b": {"start": "0 kg/m3"}},
    "reactions": {
        "one": {
            "pre_exponential_factor": "1e10 1/s",
            "activation_energy": "110 kJ/mol",
            "temperature_exponent": 1.5,
            "damkohler": {"factor": 1e8, "activation_energy": "90 kJ/mol"},
            "ceiling": "0.3 1/s",
            "factors": [
                {"kind": "order", "species": "a", "order": 0.5},
                {"kind": "barrier", "species": "b", "reference": "20 kg/m3", "critical": "60 kg/m3"},
                {"kind": "saturation", "species": "a", "half": "5 kg/m3"},
            ],
            "consumes": {"a": 1, "b": -0.4},
            "heat": {"per_mass": "500 kJ/kg"},
        },
        "two": {
            "pre_exponential_factor": "1e-3 1/s",
            "activation_energy": "80 kJ/mol",
            "reference_temperature": "400 K",
            "temperature_exponent": -1,
            "gate": {"temperature": "410 K", "width": "8 K"},
            "factors": [{"kind": "order", "species": "b", "order": 1.3}],
            "consumes": {"b": 1},
            "heat": {"per_mass": "-200 kJ/kg"},
        },
    },
}
SETS = {name: arrays(text, None, 1e-4) for name, text in library_mechanisms().items()}
SETS["everything"] = arrays(MechanismText.model_validate(EVERYTHING), None, 2e-4)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.8])
@pytest.mark.parametrize("temperature", [360.0, 415.0, 480.0, 700.0])
@pytest.mark.parametrize("name", SETS)
def test_slopes_of_every_set_are_its_derivatives(name, temperature, share):
    mechanism = SETS[name]
    n, m = mechanism.stoichiometry.shape
    on = np.ones(len(mechanism.threshold))
    extent = share * 0.2 * mechanism.scale * np.linspace(0.3, 1.0, n)

    def at(temperature, extent):
        amount, out = np.zeros(m), np.zeros(n)
        amounts(mechanism, extent, amount)
        rates(mechanism, temperature, amount, on, out)
        return out

    amount, by_temperature, by_extent = np.zeros(m), np.zeros(n), np.zeros((n, n))
    amounts(mechanism, extent, amount)
    rate_slopes(mechanism, temperature, amount, on, by_temperature, by_extent)
    difference = (at(temperature + 1e-3, extent) - at(temperature - 1e-3, extent)) / 2e-3
    assert by_temperature == pytest.approx(difference, rel=1e-5, abs=1e-300)
    for k in range(n):
        change = np.zeros(n)
        change[k] = 1e-7 * mechanism.scale
        difference = (at(temperature, extent + change) - at(temperature, extent - change)) / (2.0 * change[k])
        assert by_extent[:, k] == pytest.approx(difference, rel=2e-5, abs=1e-6 * np.abs(difference).max())


def test_a_rate_constant_with_everything_is_what_its_equation_says():
    R, T = 8.314462618, 450.0
    bare = 1e10 * T**1.5 * math.exp(-110e3 / (R * T)) / (1.0 + 1e8 * math.exp(-90e3 / (R * T)))
    assert rate_constant(SETS["everything"], 0, T, np.zeros(0)) == pytest.approx(bare * 0.3 / (bare + 0.3), rel=1e-12)
    bare = 1e-3 * (400.0 / T) * math.exp(-80e3 / R * (1.0 / T - 1.0 / 400.0)) * 0.5 * (1.0 + math.tanh(5.0))
    assert rate_constant(SETS["everything"], 1, T, np.zeros(0)) == pytest.approx(bare, rel=1e-12)
    assert SETS["everything"].heat == pytest.approx([500e3 * 2e-4, -200e3 * 2e-4])


HELD = """
title: nuclei that form and grow at one temperature
sample:
  kind: lumped
  heat_capacity: {{at_298K: 1 J/K}}
  chemistry:
    title: nuclei
    gas_constant: 8.314
    species: {{c: {{start: {start}}}}}
    reactions:
      only:
        pre_exponential_factor: 1e10 1/s
        activation_energy: 100 kJ/mol
        factors: [{{kind: avrami-erofeev, species: c, order: {order}{seed}}}]
        consumes: {{c: 1}}
        heat: 100 J
  {changes}
programme: {{kind: ramp, temperature: 430 K, end: 8 min}}
numerics: {{tolerance: 1e-7}}
"""


@pytest.mark.parametrize("seed", [1e-4, 1e-3])
@pytest.mark.parametrize("order", [0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
def test_nuclei_that_form_and_grow_follow_avrami(order, seed):
    """a = 1 - exp(-(k t)^n) at one temperature, as if begun (1 - 1/n) (-ln(1 - seed))^(1/n)/k earlier; n wrong by 1 % is 3e-3."""
    result = run(case_from(HELD.format(start=1, order=order, seed=f", seed: {seed}", changes="")))
    made = result.columns["conversion_only"]
    k = 1e10 * math.exp(-100e3 / (8.314 * 430.0))
    seen = made > seed
    time = k * result.time[seen] + (1.0 - 1.0 / order) * (-math.log1p(-seed)) ** (1.0 / order)
    assert made[seen] == pytest.approx(1.0 - np.exp(-(time**order)), abs=3e-5)
    assert seen.sum() > 20 and made[-1] > 0.8


def test_a_reaction_of_nuclei_begins_by_its_seed_and_wants_all_at_the_start():
    usual = run(case_from(HELD.format(start=1, order=2, seed="", changes=""))).columns["conversion_only"]
    given = run(case_from(HELD.format(start=1, order=2, seed=", seed: 1e-4", changes=""))).columns["conversion_only"]
    assert np.array_equal(usual, given)
    for start, changes, key in (("0.9", "", "factors.0.species"), ("1", "with: {c.start: 0.9}", "with.c.start")):
        with pytest.raises(CaseError, match=f"{key}: starts at 0.9; a factor of kind avrami-erofeev wants one that starts at 1"):
            case_from(HELD.format(start=start, order=2, seed="", changes=changes))
