"""An accelerating rate calorimeter shapes its record by windows, holder, sensor, drift, cool-down and logger."""

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.programmes.arc_machine import COOL, EXO, HEAT, MEAN_RATE, SEEK, WAIT, WINDOW_RATE
from thermo.programmes.programme import PHASE
from thermo.simulation.simulate import run

CASE = """
title: one reaction in the calorimeter
sample:
  kind: lumped
  mass: 20 g
  charge: 2 Ah
  heat_capacity: {{at_298K: 25 J/K}}
  chemistry:
    title: first order
    species: {{c: {{start: 1}}}}
    reactions:
      only:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: c, order: 1}}]
        consumes: {{c: 1}}
        heat: {heat}
programme:
  kind: arc
  start: 47.5 degC
  step: 5 K
  heater: 5 K/min
  wait: 15 min
  seek: 20 min
  sensitivity: 0.02 K/min
  end: {end}{more}
  calorimeter: {{tracking: 1e5 K/min, runaway_rate: 1e6 K/s{instrument}}}
"""


def case(heat="12500 J", end="250 degC", more=(), instrument=""):
    return case_from(CASE.format(heat=heat, end=end, more="".join(f"\n  {line}" for line in more), instrument=instrument))


def first(result):
    return result.summary()["onsets"]["T1"]["temperature_K"]


@pytest.mark.parametrize("kind", ["mean", "slope"])
def test_the_rate_of_a_window_is_its_mean_or_its_least_squares_slope(kind):
    """numpy fits 2001 points of the same window. The rate doubles over a window, or grows by a percent."""
    built = case(more=[f"rate_of_window: {kind}"])
    result = run(built)
    machine, time, T, rate = result.machine, result.time, result.probe("sample"), result.columns["rate_K_per_s"]
    ends = np.flatnonzero((machine[1:, PHASE] != machine[:-1, PHASE]) & (machine[:-1, PHASE] == SEEK)) + 1
    assert len(ends) >= 9
    from thermo.programmes.logger import between_rows

    for end in ends[3:]:
        moments = np.linspace(time[end] - 1200.0, time[end], 2001)
        values = between_rows(time[:end], T[:end], rate[:end], moments)
        exact = np.polyfit(moments - moments[0], values, 1)[0] if kind == "slope" else (values[-1] - values[0]) / 1200.0
        assert machine[end, MEAN_RATE] == pytest.approx(exact, rel=1e-4)
    detected = int(np.flatnonzero(machine[:, PHASE] == EXO)[0])
    assert machine[detected, WINDOW_RATE] >= 0.02 / 60.0


def test_a_holder_by_mass_is_a_phi_factor():
    by_phi = run(case(instrument=", phi: 1.5"))
    by_mass = run(case(instrument=", holder: {mass: 25 g, heat_capacity: 0.5 J/(g K)}"))
    assert first(by_mass) == pytest.approx(first(by_phi), abs=1e-6)
    assert by_mass.probe("sample")[-1] == pytest.approx(by_phi.probe("sample")[-1], abs=1e-6)
    exotherm = by_mass.summary()["exotherms"][0]
    assert exotherm["heat_capacity_J_per_K"] == pytest.approx(37.5, rel=1e-9)
    assert exotherm["stored_J"] == pytest.approx(exotherm["heat_J"], rel=1e-3)
    assert exotherm["heat_J_per_kg"] == pytest.approx(exotherm["heat_J"] / 0.02)
    assert exotherm["heat_J_per_Ah"] == pytest.approx(exotherm["heat_J"] / 2.0)


def test_a_holder_of_its_own_temperature_lags_behind_what_reacts():
    """In an adiabatic pair Ts - Th = q Ch/(Cs + Ch)/G while the rate hardly changes. A tight joint makes holder and sample one."""
    tight = run(case(instrument=", holder: {mass: 25 g, heat_capacity: 0.5 J/(g K), conductance: 1000 W/K}"))
    joined = run(case(instrument=", phi: 1.5"))
    assert first(tight) == pytest.approx(first(joined), abs=1e-3)
    loose = run(case(instrument=", holder: {mass: 25 g, heat_capacity: 0.5 J/(g K), conductance: 0.05 W/K}"))
    rows = np.flatnonzero((loose.machine[:, PHASE] == EXO) & (loose.columns["rate_K_per_s"] < 2e-3))[3:]
    q = loose.columns["heat_only_W"][rows]
    apart = loose.probe("sample")[rows] - loose.probe("holder")[rows]
    # the rate grows by a few percent within the time constant of 167 s
    assert apart == pytest.approx(q * 12.5 / 37.5 / 0.05, rel=0.06)
    for result in (tight, loose):
        assert result.summary()["energy"]["residual_relative"] < 1e-9


def test_a_slow_sensor_trails_the_heater_by_rate_times_lag():
    result = run(case(heat="0 J", end="80 degC", instrument=", sensor: {lag: 30 s}"))
    machine, T, sensor = result.machine, result.probe("sample"), result.probe("sensor")
    turns = np.flatnonzero((machine[:-1, PHASE] == HEAT) & (machine[1:, PHASE] != HEAT))
    trail = T[turns] - sensor[turns]
    # in the long run each step heats for the 60 s that 5 K take
    assert trail[4:-1] == pytest.approx(5.0 / 60.0 * 30.0 * (1.0 - np.exp(-2.0)), abs=1e-3)
    assert sensor[turns[-1]] == pytest.approx(result.case.programme.end, abs=1e-6)
    assert result.summary()["energy"]["residual_relative"] < 1e-9


@pytest.mark.parametrize("instrument", [", sensor: {lag: 2 s}", ", sensor: {lag: 20 s}"])
def test_what_a_slow_sensor_still_shows_of_the_heater_is_no_alarm(instrument):
    """The heater's 5 K/min are ten times the alarm. Waiting begins while the sensor still shows them, and lasts its full time."""
    result = run(case(heat="1e-9 J", end="90 degC", instrument=instrument))
    summary = result.summary()
    assert summary["exotherms"] == []
    assert summary["onsets"]["T1"] is None
    begun = np.flatnonzero((result.machine[:-1, PHASE] == HEAT) & (result.machine[1:, PHASE] == WAIT)) + 1
    over = np.flatnonzero((result.machine[:-1, PHASE] == WAIT) & (result.machine[1:, PHASE] != WAIT)) + 1
    assert result.time[over[-len(begun) :]] - result.time[begun] == pytest.approx(900.0, abs=1e-6)


def test_a_holder_that_equalises_is_no_alarm():
    """Air cools the holder below the cell. The cell heats it again, so that it rises by itself as the second test begins."""
    holder = ", holder: {mass: 25 g, heat_capacity: 0.5 J/(g K), conductance: 0.05 W/K}, sensor: {place: holder}"
    cooled = ["cool_down: {to: 50 degC, air: 25 degC, conductance: 0.1 W/K}", "tests: 2"]
    result = run(case(heat="1e-9 J", end="70 degC", more=cooled, instrument=holder))
    assert not [e for e in result.summary()["exotherms"] if "phase" in e["start"]["criterion"]]


def test_an_alarm_still_ends_waiting_where_the_sample_runs():
    """A test starts hot. The rate rises through 0.5 K/min while the instrument waits."""
    text = CASE.format(heat="12500 J", end="250 degC", more="", instrument="").replace("start: 47.5 degC", "start: 120 degC")
    summary = run(case_from(text.replace("wait: 15 min", "wait: 60 min"))).summary()
    assert summary["onsets"]["T1"]["criterion"] == "rate above the limit in the phase 'wait'"
    assert summary["onsets"]["T1"]["rate_K_per_s"] * 60.0 == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("until", ["", ", until: 48.6 degC"])
def test_the_slope_of_a_window_in_which_a_gate_opens(until):
    """A rate jumps from zero to 2 K/h and back. numpy fits the temperatures of the same window."""
    text = CASE.format(heat="12500 J", end="100 degC", more="\n  rate_of_window: slope", instrument="")
    text = text.replace("pre_exponential_factor: 1e11 1/s", "pre_exponential_factor: 4e-6 1/s").replace("120 kJ/mol", "0 J/mol")
    text = text.replace("        factors:", f"        gate: {{temperature: 48 degC{until}}}\n        factors:", 1)
    text = text.replace("calorimeter: {", "calorimeter: {drift: 0.019 K/min, ")
    result = run(case_from(text))
    time, T, machine = result.time, result.probe("sample"), result.machine
    end = int(np.flatnonzero((machine[:-1, PHASE] == SEEK) & (machine[1:, PHASE] != SEEK))[0]) + 1
    assert T[(machine[:, PHASE] == SEEK) & (time < time[end])].min() < 321.15 < T[end]
    rows = (time >= time[end] - 1200.0 - 1e-9) & (time <= time[end])
    moments = np.linspace(time[end] - 1200.0, time[end], 20001)
    exact = np.polyfit(moments - moments[0], np.interp(moments, time[rows], T[rows]), 1)[0]  # piecewise straight, no rate changes slowly
    assert machine[end, MEAN_RATE] == pytest.approx(exact, rel=1e-3)


def test_a_sensor_on_the_holder_sees_the_onset_later():
    holder = ", holder: {mass: 25 g, heat_capacity: 0.5 J/(g K), conductance: 0.02 W/K}"
    on_sample, on_holder = run(case(instrument=holder)), run(case(instrument=holder + ", sensor: {place: holder, lag: 5 s}"))
    assert on_holder.body.sensor == "sensor"
    fast = [np.interp(1.0 / 60.0, r.columns["rate_K_per_s"][-40:], r.probe(r.body.sensor)[-40:]) for r in (on_sample, on_holder)]
    assert fast[1] < fast[0]


@pytest.mark.parametrize(("drift", "found"), [(0.025, True), (0.015, False), (-0.01, False)])
def test_a_drift_above_the_sensitivity_is_taken_for_an_exotherm(drift, found):
    result = run(case(heat="0 J", end="70 degC", instrument=f", drift: {drift} K/min", more=["longest: 2 d"]))
    summary = result.summary()
    assert (summary["onsets"]["T1"] is not None) == found
    windows = result.machine[:, MEAN_RATE][np.flatnonzero(np.diff(result.machine[:, MEAN_RATE])) + 1]
    assert windows[0] * 60.0 == pytest.approx(drift, rel=1e-6)
    assert summary["energy"]["residual_relative"] < 1e-9


def test_a_test_is_repeated_on_what_the_first_has_left():
    """Cooled by air, T - Tair falls by exp(-UA t/C). The second onset lies later because less reactant is left; the summary lists
    both tests.
    """
    result = run(case(heat="2500 J", end="140 degC", more=["cool_down: {to: 50 degC, air: 25 degC, conductance: 0.1 W/K}", "tests: 2"]))
    machine, time, T = result.machine, result.time, result.probe("sample")
    cooling = np.flatnonzero(machine[:, PHASE] == COOL)
    one = cooling[: np.flatnonzero(np.diff(cooling) > 1)[0] + 1]
    assert time[one[-1] + 1] - time[one[0]] == pytest.approx(25.0 / 0.1 * np.log((T[one[0]] - 298.15) / 25.0), rel=2e-3)
    assert T[-1] == pytest.approx(323.15, abs=1e-4)
    exotherms = result.summary()["exotherms"]
    assert [entry["test"] for entry in exotherms] == sorted(entry["test"] for entry in exotherms)
    starts = {n: next(e["start"]["temperature_K"] for e in exotherms if e["test"] == n) for n in (1, 2)}
    assert starts[2] > starts[1] + 4.0
    assert result.summary()["end"]["reason"] == "end temperature"
    assert result.summary()["energy"]["residual_relative"] < 1e-9


def test_a_record_is_event_driven_with_noise_of_a_seed():
    record = "record: {interval: 20 s, rise: 1 K, fastest: 0.1 s, noise: 0.01 K, seed: %d}"
    exact = run(case(more=[record.replace("noise: 0.01 K, ", "") % 1])).record()
    one, again, other = (run(case(more=[record % seed])).record() for seed in (1, 1, 2))
    steps, rises = np.diff(exact["time_s"]), np.abs(np.diff(exact["temperature_K"]))
    assert steps[:-1].min() > 0.0999  # the last row is that of the end
    assert steps.max() <= 20.0 + 0.1
    assert rises[steps > 1.0].max() < 1.1
    assert np.array_equal(one["temperature_K"], again["temperature_K"])
    assert np.std(one["temperature_K"] - exact["temperature_K"]) == pytest.approx(0.01, rel=0.1)
    assert not np.array_equal(one["temperature_K"], other["temperature_K"])


@pytest.mark.parametrize(
    ("more", "instrument", "words"),
    [
        (["tests: 3"], "", "tests: need a 'cool_down' between them"),
        (["cool_down: {to: 20 degC, air: 25 degC, conductance: 0.1 W/K}"], "", "to: must lie above the temperature of the air"),
        (["cool_down: {to: 300 degC, air: 25 degC, conductance: 0.1 W/K}"], "", "to: must not lie above the end temperature"),
        ([], ", phi: 1.1, holder: {mass: 1 g, heat_capacity: 1 J/(g K)}", "phi: and a 'holder' both describe"),
        ([], ", sensor: {place: holder}", "place: needs a 'holder' with a 'conductance'"),
    ],
)
def test_what_does_not_fit_is_refused(more, instrument, words):
    with pytest.raises(CaseError) as caught:
        case(more=more, instrument=instrument)
    assert len(caught.value.mistakes) == 1
    assert words in str(caught.value.mistakes[0])
