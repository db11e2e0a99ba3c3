"""Kinetics from several heating rates agree with first-order ramps of closed solution and with picnik, and withstand noise.

1 - a = exp(-(A/b)(I(T) - I(T0))), I(T) = T E2(E/(R T)): exact through the exponential integral. Kissinger's equation is exact there.
"""

import math
import warnings

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.special import expn

from thermo.base.constants import GAS_CONSTANT
from thermo.records.dsc_curves import at_conversions, read_curves
from thermo.records.isoconversional import CONVERSIONS, analysis, friedman, kissinger, ozawa

STEPS = {  # A [1/s], E [J/mol]: peaks [K] at 1, 5 and 10 K/min
    (6.667e13, 139600.0): (437.7001, 455.8602, 464.1413),
    (1.667e15, 135080.0): (392.4863, 407.5903, 414.4504),
    (2.5e13, 135080.0): (434.4338, 452.9167, 461.3568),
}
RATES = np.array([1.0, 5.0, 10.0]) / 60.0
FIVE = np.array([1.0, 2.0, 5.0, 10.0, 20.0]) / 60.0
FIRST, SECOND = (1e11, 110e3), (3e16, 175e3)  # two reactions side by side
each_step = pytest.mark.parametrize(("step", "peaks"), STEPS.items())


def integral(T, E):
    return T * expn(2, E / (GAS_CONSTANT * T))


def ramp(rate, A, E, T):
    """Conversion and its rate [1/s] of first order on a ramp from 250 K, exact."""
    left = np.exp(-(A / rate) * (integral(T, E) - integral(250.0, E)))
    return 1.0 - left, A * np.exp(-E / (GAS_CONSTANT * T)) * left


def peak(rate, A, E):
    """Where E b/(R T^2) = A exp(-E/(R T)): the exact peak of first order."""
    return brentq(lambda T: math.log(E * rate / (GAS_CONSTANT * T * T * A)) + E / (GAS_CONSTANT * T), 250.0, 800.0, xtol=1e-11)


def temperatures(rates, A, E, conversions=CONVERSIONS):
    """Where exact ramps reach conversions, array (curves, conversions) [K]."""
    return np.array([[brentq(lambda T: ramp(b, A, E, T)[0] - a, 280.0, 700.0, xtol=1e-11) for a in conversions] for b in rates])


def parallel(rate, T):
    """Conversion and its rate of two independent halves, exact."""
    return tuple(0.5 * (one + two) for one, two in zip(ramp(rate, *FIRST, T), ramp(rate, *SECOND, T), strict=True))


def write(folder, rates, reaction, low, high, spacing=0.1, column="heat_flow_W_per_g"):
    """Curves as an instrument would leave them: a straight baseline that is not zero, 600 J/g, or the conversion itself."""
    files = []
    for i, b in enumerate(rates):
        T = np.arange(low, high, spacing)
        conversion, speed = reaction(b, T)
        values = conversion if column == "conversion" else 600.0 * speed + 0.03 + 1e-4 * (T - low)
        text = "\n".join(f"{t!r},{x!r},{v!r}" for t, x, v in zip(((T - low) / b).tolist(), (T - 273.15).tolist(), values.tolist()))
        files.append(folder / f"curve-{i}.csv")
        files[-1].write_text(f"time_s,temperature_C,{column}\n{text}\n")
    return files


@each_step
def test_peaks_are_those_of_the_closed_form(step, peaks):
    assert [peak(b, *step) for b in RATES] == pytest.approx(peaks, abs=6e-5)


def test_the_closed_ramp_is_the_integrated_one():
    A, E = 6.667e13, 139600.0
    b = RATES[1]

    def rate(time, left):
        return -A * math.exp(-E / (GAS_CONSTANT * (250.0 + b * time))) * left

    T = np.linspace(400.0, 470.0, 8)
    found = solve_ivp(rate, (0.0, 220.0 / b), [1.0], method="Radau", t_eval=(T - 250.0) / b, rtol=1e-10, atol=1e-13)
    assert 1.0 - found.y[0] == pytest.approx(ramp(b, A, E, T)[0], abs=1e-8)


@each_step
def test_kissinger_is_exact_for_first_order(step, peaks):
    found = kissinger(RATES, np.array(peaks))
    assert found.activation_energy == pytest.approx(step[1], rel=2e-5)
    assert found.pre_exponential_factor == pytest.approx(step[0], rel=1e-3)


@each_step
def test_friedman_is_exact_for_one_step_and_gives_a_f(step, peaks):
    T = temperatures(RATES, *step)
    speeds = np.array([ramp(b, *step, x)[1] for b, x in zip(RATES, T)])
    found = friedman(T, speeds)
    assert found.activation_energy == pytest.approx(step[1], rel=1e-8)
    assert np.exp(found.intercept) / (1.0 - CONVERSIONS) == pytest.approx(step[0], rel=1e-6)


@each_step
def test_ozawa_has_the_bias_of_doyles_line_and_loses_it_when_corrected(step, peaks):
    """Doyle assumes -d ln p/dx = 1.052. The true slope is exp(-x)/(x E2(x)) at x = E/(R T)."""
    T = temperatures(RATES, *step)
    x = step[1] / GAS_CONSTANT * np.mean(1.0 / T, axis=0)
    bias = np.exp(-x) / (x * expn(2, x)) / 1.052
    assert np.abs(bias - 1.0).max() < 0.007
    assert ozawa(RATES, T, corrected=False).activation_energy / step[1] == pytest.approx(bias, rel=4e-4)
    assert ozawa(RATES, T).activation_energy == pytest.approx(step[1], rel=4e-4)


@pytest.mark.parametrize(("x", "bias"), [(20.0, 0.0416), (37.0, 0.0007), (60.0, -0.0182)])
def test_doyles_line_is_off_by_what_is_said(x, bias):
    """A single step has E/(R T) = x at half conversion and 5 K/min."""
    E = x * GAS_CONSTANT * 450.0
    A = math.log(2.0) * RATES[1] / (integral(450.0, E) - integral(250.0, E))
    rates = np.array([4.5, 5.0, 5.5]) / 60.0
    T = temperatures(rates, A, E, [0.5])
    assert ozawa(rates, T, corrected=False).activation_energy[0] / E - 1.0 == pytest.approx(bias, abs=2e-4)
    assert ozawa(rates, T).activation_energy[0] == pytest.approx(E, rel=1e-4)


@pytest.mark.usual(1)
@each_step
@pytest.mark.parametrize("spacing", [0.1, 0.5])
def test_a_step_is_recovered_from_its_curves(tmp_path, step, peaks, spacing):
    found = analysis(read_curves(write(tmp_path, RATES, lambda b, T: ramp(b, *step, T), 300.0, 540.0, spacing)))
    assert [curve["peak_temperature_K"] for curve in found["curves"]] == pytest.approx(peaks, abs=0.005)
    assert found["kissinger"]["activation_energy_J_per_mol"] == pytest.approx(step[1], rel=5e-4)
    assert found["kissinger"]["pre_exponential_factor_1_per_s"] == pytest.approx(step[0], rel=0.01)
    assert [row["friedman_J_per_mol"] for row in found["conversions"]] == pytest.approx([step[1]] * 19, rel=2e-3)
    assert [row["ozawa_J_per_mol"] for row in found["conversions"]] == pytest.approx([step[1]] * 19, rel=2e-3)
    assert [curve["heat_J_per_kg"] for curve in found["curves"]] == pytest.approx([600e3] * 3, rel=1e-4)
    assert found["warnings"] == []


def test_conversion_in_a_file_does_as_well_as_heat_flow(tmp_path):
    (step, _), *_ = STEPS.items()
    files = write(tmp_path, RATES, lambda b, T: ramp(b, *step, T), 300.0, 540.0, column="conversion")
    found = analysis(read_curves(files))
    assert found["kissinger"]["activation_energy_J_per_mol"] == pytest.approx(step[1], rel=5e-4)
    assert [row["friedman_J_per_mol"] for row in found["conversions"]] == pytest.approx([step[1]] * 19, rel=2e-3)


@pytest.mark.slow
def test_two_reactions_side_by_side_show_in_e_over_conversion(tmp_path):
    """E starts at that of the first reaction and ends at that of the second. A warning says that this is not one step."""
    found = analysis(read_curves(write(tmp_path, FIVE, parallel, 300.0, 620.0)))
    energies = [row["friedman_J_per_mol"] for row in found["conversions"]]
    assert energies[0] == pytest.approx(FIRST[1], rel=0.02)
    assert energies[-1] == pytest.approx(SECOND[1], rel=0.02)
    assert any("there is more than one step" in text for text in found["warnings"])


def coverage(draw, truth, seed):
    """The share of 200 draws whose interval holds the truth."""
    rng = np.random.default_rng(seed)
    ends = [draw(rng) for _ in range(200)]
    return np.mean([low <= truth <= high for low, high in ends])


A, E = 6.667e13, 139600.0


def test_intervals_of_kissinger_hold_the_truth_as_often_as_they_say():
    """The peaks have 0.3 K of scatter. The test counts E and A over the same draws."""
    exact = np.array([peak(b, A, E) for b in FIVE])

    def noisy(rng):
        return kissinger(FIVE, exact + rng.normal(0.0, 0.3, 5))

    assert 0.90 <= coverage(lambda rng: noisy(rng).activation_energy_interval, E, 1) <= 0.99
    assert 0.90 <= coverage(lambda rng: noisy(rng).pre_exponential_factor_interval, A, 1) <= 0.99


@pytest.mark.parametrize("method", ["friedman", "ozawa"])
def test_intervals_over_conversion_hold_the_truth_as_often_as_they_say(method):
    """The temperatures have 0.3 K of scatter, the rates 3 %."""
    T = temperatures(FIVE, A, E, [0.5])
    speeds = np.array([ramp(b, A, E, x)[1] for b, x in zip(FIVE, T)])

    def draw(rng):
        seen = T + rng.normal(0.0, 0.3, T.shape)
        found = ozawa(FIVE, seen) if method == "ozawa" else friedman(seen, speeds * np.exp(rng.normal(0.0, 0.03, T.shape)))
        return found.low[0], found.high[0]

    assert 0.90 <= coverage(draw, E, 2) <= 0.99


def test_noise_in_the_curves_leaves_the_truth_within_the_intervals(tmp_path):
    """The heat flow has noise of 0.5 % of its peak. Kissinger's E is right within 1 %, and its interval contains the truth."""
    rng = np.random.default_rng(3)

    def noisy(b, T):
        conversion, speed = ramp(b, A, E, T)
        return conversion, speed + 0.005 * speed.max() * rng.normal(size=len(T))

    found = analysis(read_curves(write(tmp_path, FIVE, noisy, 330.0, 540.0)))["kissinger"]
    low, high = found["activation_energy_95_J_per_mol"]
    assert low < E < high
    assert found["activation_energy_J_per_mol"] == pytest.approx(E, rel=0.01)


def test_two_curves_give_no_interval():
    found = kissinger(RATES[:2], np.array([437.7001, 455.8602]))
    assert found.activation_energy == pytest.approx(E, rel=1e-4)
    assert np.isnan([*found.activation_energy_interval, *found.pre_exponential_factor_interval]).all()


@pytest.mark.parametrize(
    ("rates", "peaks", "words"),
    [
        ([0.1], [450.0], "E needs at least two heating rates; one gives A for an assumed E, never E"),
        ([0.1, 0.1], [450.0, 451.0], "the heating rates are equal"),
        ([0.1, 0.2], [450.0, 440.0], "do not rise"),
        ([0.1, -0.2], [450.0, 460.0], "heating rates must be numbers above 0"),
        ([0.1, 0.2], [450.0, math.nan], "temperatures must be numbers above 0"),
        ([0.1, 0.2], [450.0], "as many heating rates as temperatures"),
    ],
)
def test_what_gives_no_energy_is_refused(rates, peaks, words):
    with pytest.raises(ValueError, match=words):
        kissinger(np.array(rates), np.array(peaks))


def test_rates_of_nothing_are_refused():
    with pytest.raises(ValueError, match="conversion rates must be numbers above 0"):
        friedman(np.full((2, 3), 450.0), np.zeros((2, 3)))


@pytest.mark.parametrize("reaction", [lambda b, T: ramp(b, A, E, T), parallel], ids=["one step", "two reactions"])
def test_picnik_agrees(tmp_path, reaction):
    """picnik gets the same conversions, temperatures and rates. Its Friedman agrees, and its Ozawa with Doyle's line.

    pip install picnik seaborn: it imports seaborn without asking for it, and wants pandas below 3.
    """
    matplotlib = pytest.importorskip("matplotlib")
    with warnings.catch_warnings(), matplotlib.rc_context():  # at its import it warns of its own text and changes font sizes
        warnings.simplefilter("ignore")
        picnik = pytest.importorskip("picnik")
        pandas = pytest.importorskip("pandas")
    reached = [at_conversions(curve, CONVERSIONS) for curve in read_curves(write(tmp_path, FIVE, reaction, 300.0, 620.0))]
    T, speeds = np.array([pair[0] for pair in reached]), np.array([pair[1] for pair in reached])
    tables = [pandas.DataFrame(values.T, index=CONVERSIONS) for values in (T, T, speeds)]
    peer = picnik.ActivationEnergy(60.0 * FIVE, [300.0] * 5, tables)
    _, _, energy, deviation, intercept = peer.Fr()
    ours = friedman(T, speeds)
    assert ours.activation_energy == pytest.approx(1e3 * energy, rel=1e-7)
    assert ours.intercept == pytest.approx(intercept, rel=1e-9)
    assert ours.high - ours.activation_energy == pytest.approx(
        3.182446305 * 1e3 * deviation, rel=1e-6
    )  # Student's t of 3 degrees of freedom
    _, _, energy, _ = peer.OFW()
    assert ozawa(FIVE, T, corrected=False).activation_energy == pytest.approx(1e3 * energy, rel=1e-7)
    _, _, energy, _ = peer.KAS()  # T^1.92 in place of Doyle's line: another way to the same end
    assert ozawa(FIVE, T).activation_energy == pytest.approx(1e3 * energy, rel=2e-3)
