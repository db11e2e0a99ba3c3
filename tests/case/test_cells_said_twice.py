"""Cells under programmes whose answer is known: peaks, slow and quick sensors, heaters that end, a baseline that drifts."""

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.conftest import case_from
from thermo.simulation.simulate import run

ZERO = 273.15

INERT = """
    title: an inert cell in the calorimeter
    sample: {kind: lumped, heat_capacity: {at_298K: 40 J/K}}
    programme:
      kind: arc
      start: 50 degC
      step: 5 K
      heater: 2 K/min
      wait: 15 min
      seek: 10 min
      sensitivity: 0.02 K/min
      end: 120 degC
      steps: STEPS
      calorimeter: {sensor: {lag: LAG s}}
"""


@pytest.mark.usual(4)
@pytest.mark.parametrize("steps", ["grid", "relative"])
@pytest.mark.parametrize("lag", [0.5, 1, 2, 3, 7, 20])
def test_a_sensor_with_a_lag_gives_no_alarm_of_its_own(steps, lag):
    summary = run(case_from(INERT.replace("STEPS", steps).replace("LAG", str(lag)))).summary()
    assert summary["exotherms"] == [] and summary["onsets"]["T1"] is None


PEAK = """
    title: a peak of the heat capacity
    sample:
      kind: lumped
      heat_capacity: {at_298K: 3 J/K}
      melting: {metal: {heat: 50 J, temperature: 180.54 degC, width: WIDTH K}}
    programme: {kind: ramp, temperature: {from: 25 degC, to: 300 degC, over: 1 h}}
"""


@pytest.mark.parametrize("width", [0.05, 0.2, 1, 5])
def test_a_forced_temperature_passes_a_peak_of_any_width(width):
    result = run(case_from(PEAK.replace("WIDTH", str(width))))
    summary = result.summary()
    assert result.probe("sample")[-1] == pytest.approx(300.0 + ZERO, abs=1e-9)
    assert summary["energy"]["heat_in_J"] == pytest.approx(275.0 * 3.0 + 50.0, rel=1e-9)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert np.allclose(result.probe("sample"), 25.0 + ZERO + 275.0 * result.time / 3600.0, rtol=0.0, atol=1e-9)


def test_a_scan_of_a_pan_with_a_narrow_peak_ends_where_it_should():
    result = run(
        case_from("""
    title: a scan
    sample:
      kind: lumped
      heat_capacity: {at_298K: 10 mJ/K}
      melting: {metal: {heat: 0.2 J, temperature: 180.54 degC, width: 0.2 K}}
    programme: {kind: dsc, start: 25 degC, rate: 5 K/min, end: 300 degC, per: 10 mg, baseline: straight}
    """)
    )
    assert result.probe("sample")[-1] == pytest.approx(300.0 + ZERO, abs=1e-9)
    assert result.summary()["dsc"]["area_J"] == pytest.approx(-0.2, abs=2e-3)


@pytest.mark.parametrize("width", [0.2, 1])
def test_the_heater_of_a_calorimeter_pays_for_a_peak(width):
    """A step of 100 K across it takes as long as ever, for the heater keeps its rate; its heat is in the balance."""
    text = INERT.replace("STEPS", "grid").replace("      calorimeter: {sensor: {lag: LAG s}}\n", "").replace("step: 5 K", "step: 100 K")
    text = text.replace("40 J/K}", "40 J/K}, melting: {metal: {heat: 50 J, temperature: 100 degC, width: WIDTH K}}").replace(
        "WIDTH", str(width)
    )
    text = text.replace("end: 120 degC", "end: 200 degC")
    result = run(case_from(text))
    heat = result.columns["phase"] == "heat"
    first = np.flatnonzero(heat)[0]
    done = float(np.interp(140.0 + ZERO, result.probe("sample")[first:], result.time[first:]))
    assert done - result.time[first] == pytest.approx(90.0 / 2.0 * 60.0, rel=1e-3)


HEATED = """
    title: a heater that ends
    sample:
      kind: lumped
      heat_capacity: {at_298K: 100 J/K}
      temperature: 25 degC
      surface: 10 cm2
      chemistry:
        title: one
        species: {c: {start: 1}}
        reactions:
          only:
            pre_exponential_factor: 1e11 1/s
            activation_energy: 120 kJ/mol
            factors: [{kind: order, species: c, order: 1}]
            consumes: {c: 1}
            heat: 30 kJ
    programme: {kind: heater, power: 200 W, off_at: 130 degC, air: 25 degC, heat_transfer_coefficient: 0 W/(m2 K), end: 1 h}
"""


def test_t2_after_a_heater_is_that_of_the_cell():
    """Switched off at 130 degC it heats itself adiabatically: dT/dt = 300 K k(T) (1 - (T - 130 degC)/300 K), little being used before."""
    onsets = run(case_from(HEATED)).summary()["onsets"]["T2"]
    for criterion, rate in (("1 K/s", 1.0), ("10 K/min", 1.0 / 6.0)):
        exact = brentq(lambda T: 300.0 * 1e11 * np.exp(-120e3 / 8.314462618 / T) * (1.0 - (T - 403.15) / 300.0) - rate, 400.0, 500.0)
        assert onsets[criterion]["temperature_K"] == pytest.approx(exact, abs=0.1)


def test_what_a_slow_sensor_still_shows_of_the_heater_is_no_t2():
    text = HEATED[: HEATED.index("    programme")].replace("      temperature: 25 degC\n", "").replace("      surface: 10 cm2\n", "")
    arc = INERT[INERT.index("    programme") :].replace("STEPS", "grid").replace("end: 120 degC", "end: 300 degC").replace("LAG", "20")
    slow = run(case_from(text + arc)).summary()["onsets"]["T2"]
    quick = run(case_from(text + arc.replace("lag: 20 s", "lag: 0 s"))).summary()["onsets"]["T2"]
    assert slow["1 K/min"]["temperature_K"] == pytest.approx(quick["1 K/min"]["temperature_K"], abs=2.0)
    assert slow["10 K/min"]["temperature_K"] == pytest.approx(quick["10 K/min"]["temperature_K"], abs=6.0)


def test_a_baseline_that_drifts_does_not_stop_a_runaway():
    text = HEATED[: HEATED.index("    programme")].replace("      temperature: 25 degC\n", "").replace("      surface: 10 cm2\n", "")
    arc = INERT[INERT.index("    programme") :].replace("STEPS", "grid").replace("end: 120 degC", "end: 300 degC")
    with_drift, without = (
        run(case_from(text + arc.replace("{sensor: {lag: LAG s}}", entry))).summary()
        for entry in ("{drift: 0.001 K/min, tracking: 5 K/min}", "{tracking: 5 K/min}")
    )
    assert with_drift["status"] == "complete"
    one, other = (summary["onsets"]["T3"]["temperature_K"] for summary in (with_drift, without))
    assert one == pytest.approx(other, abs=1.0)


@pytest.mark.parametrize(("start", "warned"), [("0.999999999", True), ("0.999", False), ("1", False)])
def test_a_seed_below_the_error_of_a_step_is_told(start, warned):
    text = HEATED.replace("{start: 1}", f"{{start: {start}}}").replace(
        "{kind: order, species: c, order: 1}", "{kind: autocatalytic, species: c}"
    )
    found = [warning["code"] for warning in run(case_from(text)).summary()["warnings"]]
    assert ("tiny-seed" in found) == warned
