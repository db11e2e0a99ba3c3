"""The reader finds the known onsets of calorimeter tests in dense, rough and coarse records.

Three cells, rows every 1 to 60 s, noise of 0.01 to 0.1 K, values rounded to 0.05 or 0.1 K: T1 within 1 K (a step of the heater is
5 K), T2 within 2 K, the maximum as the rows hold it, and no heater step that is none.
"""

import itertools

import numpy as np
import pytest

from tests.records import CELLS, blurred, record, rows, simulated
from thermo.records.analysis import analyse
from thermo.records.slopes import noise, resolution

STEPS = {"cu-20li": 14, "pi-ag-20li": 19, "gradual": 6}
GRID = list(itertools.product(CELLS, (1.0, 5.0, 30.0, 60.0), (0.01, 0.02, 0.05, 0.1), (0.05, 0.1)))


def agrees(cell, every, noise, resolution, by_rise, seed):
    """Whether what is read off agrees with the run; its differences in a message."""
    true = simulated(cell).summary()["onsets"]
    time, T = rows(cell, every, by_rise)
    T = blurred(T, noise, resolution, seed)
    found = analyse(record(time, T))
    onsets = found["onsets"]
    assert onsets["T1"]["temperature_K"] == pytest.approx(true["T1"]["temperature_K"], abs=1.0)
    assert found["record"]["heater_steps"] == STEPS[cell]
    second, wanted = onsets["T2"]["1 K/s"], true["T2"]["1 K/s"]
    assert (second is None) == (wanted is None)
    if wanted is not None:
        low, high = second["known_to_K"] if not by_rise else (0.0, 0.0)  # rows a minute apart do not hold it any better
        assert low - 2.0 <= wanted["temperature_K"] - second["temperature_K"] <= high + 2.0
    assert (onsets["T3"] is None) == (true["T3"] is None)
    assert onsets["T3"] is None or onsets["T3"]["temperature_K"] == T.max()
    assert found["record"]["left_out_samples"] == 0


@pytest.mark.usual(2)
@pytest.mark.parametrize(("cell", "every", "noise", "resolution"), GRID)
def test_dense_and_rough_records_with_rows_by_rise(cell, every, noise, resolution):
    for seed in range(2):
        agrees(cell, every, noise, resolution, True, seed)


@pytest.mark.usual(5)
@pytest.mark.parametrize(("cell", "every", "noise", "resolution"), GRID)
def test_dense_and_rough_records_at_a_regular_rhythm(cell, every, noise, resolution):
    agrees(cell, every, noise, resolution, False, 7)


@pytest.mark.parametrize("sigma", [0.02, 0.1])
@pytest.mark.parametrize("step", [0.001, 0.1])
def test_noise_and_resolution_are_estimated(sigma, step):
    """The reader finds both within a fifth of the true values on a curve that bends."""
    time = np.arange(0.0, 7200.0, 5.0)
    exact = 360.0 + 20.0 * (time / 7200.0) ** 3
    T = blurred(exact, sigma, step, 3)
    assert resolution(T) == pytest.approx(step if step > 0.001 else 0.0, rel=1e-6)
    assert noise(time, T) == pytest.approx(np.hypot(sigma, step / np.sqrt(12.0)), rel=0.2)


def test_a_logger_that_writes_by_the_kelvin_is_not_coarse():
    _, T = rows("gradual", 60.0)
    steep = T > 480.0
    assert resolution(np.round(T[steep], 3)) == 0.0


def test_rounding_by_a_tenth_of_a_kelvin_is_no_heater():
    """A zero-order exotherm (110.4 kJ/mol, 0.02 K/min at 90.4 degC) has a row every 5 s, rounded to 0.1 K. It reaches 1 K/min at
    132.8 degC and 10 K/min at 163.6 degC.
    """
    T = np.arange(363.55, 503.0, 1e-3)
    slope = np.log(0.02 / 60.0) + 110.4e3 / 8.314 / 363.55
    passed = np.concatenate([[0.0], np.cumsum(1e-3 / np.exp(slope - 110.4e3 / 8.314 / (T[:-1] + 5e-4)))])
    time = np.arange(0.0, passed[-1], 5.0)
    found = analyse(record(time, np.round(np.interp(time, passed, T) - 273.15, 1) + 273.15))
    at = found["at_rates"]
    exact = {rate: 110.4e3 / 8.314 / (slope - np.log(rate)) for rate in (1.0 / 60.0, 10.0 / 60.0)}
    assert found["record"]["heater_steps"] == 0
    assert found["onsets"]["T1"]["temperature_K"] == pytest.approx(363.55, abs=0.06)
    assert at["1 K/min"]["temperature_K"] == pytest.approx(exact[1.0 / 60.0], abs=0.5)
    assert at["10 K/min"]["temperature_K"] == pytest.approx(exact[10.0 / 60.0], abs=1.0)
    assert found["kinetics"]["activation_energy_J_per_mol"] == pytest.approx(110.4e3, rel=0.02)


@pytest.mark.parametrize(
    ("seconds", "rise", "temperature"), [(60.0, 0.0, 210.0), (240.0, 2.0, 210.0), (500.0, 0.0, 210.0), (400.0, 2.0, 170.0)]
)
def test_a_plateau_or_a_jump_in_a_runaway_is_neither_a_step_nor_an_end(seconds, rise, temperature):
    time, T = rows("gradual", 10.0)
    row = int(np.argmax(T > temperature + 273.15))
    rest = np.arange(0.0, seconds, 5.0)
    time = np.concatenate([time[:row], time[row] + rest, time[row:] + seconds])
    T = np.concatenate([T[:row], np.full(len(rest), T[row]), T[row:] + rise])
    found = analyse(record(time, blurred(T, 0.02, 0.01, 1)))
    assert found["record"]["heater_steps"] == STEPS["gradual"]
    assert [entry["end"]["reason"] for entry in found["exotherms"]] == ["maximum"]
    assert found["onsets"]["cessation"] is None
    assert found["onsets"]["T3"]["temperature_K"] == pytest.approx(T.max(), abs=0.1)


def test_a_dip_in_a_runaway_does_not_end_it():
    time, T = rows("gradual", 10.0)
    row = int(np.argmax(T > 483.0))
    rest = np.arange(0.0, 300.0, 5.0)
    time = np.concatenate([time[:row], time[row] + rest, time[row:] + 300.0])
    T = np.concatenate([T[:row], T[row] - 6.0 * np.sin(rest / 300.0 * np.pi), T[row:]])
    found = analyse(record(time, blurred(T, 0.02, 0.01, 1)))
    assert [entry["end"]["reason"] for entry in found["exotherms"]] == ["maximum"]
    assert found["record"]["heater_steps"] == STEPS["gradual"]


@pytest.mark.usual(1)
@pytest.mark.parametrize("interval", ["1 s", "20 s", "60 s", "300 s"])
@pytest.mark.parametrize("loss", ["", "loss: 0.02 W/K"])
def test_a_record_of_this_program_reads_back_at_any_interval(interval, loss):
    """The logger postpones rows that come too soon and does not drop them. The record continues past the maximum."""
    from tests.conftest import case_from
    from thermo.simulation.simulate import run

    result = run(case_from(FIRST_ORDER.format(interval=interval, calorimeter=f"calorimeter: {{{loss}}}")))
    true, made = result.summary()["onsets"], result.record()
    steep = made["temperature_K"] > 500.0
    late = np.diff(made["time_s"][steep])[np.diff(made["temperature_K"][steep]) > 1.0]
    assert late.max() < 0.11  # a row as soon as one may be written
    found = analyse(record(made["time_s"], made["temperature_K"]))["onsets"]
    assert found["T1"]["temperature_K"] == pytest.approx(true["T1"]["temperature_K"], abs=0.15)
    assert found["T2"]["1 K/s"]["temperature_K"] == pytest.approx(true["T2"]["1 K/s"]["temperature_K"], abs=0.5)
    assert found["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.5)


FIRST_ORDER = """
title: recorded
sample:
  kind: lumped
  heat_capacity: {{at_298K: 3 J/K}}
  chemistry:
    title: first order
    species: {{c: {{start: 1}}}}
    reactions:
      only:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: c, order: 1}}]
        consumes: {{c: 1}}
        heat: 1500 J
programme:
  kind: arc
  start: 60 degC
  step: 5 K
  heater: 2 K/min
  wait: 15 min
  seek: 10 min
  sensitivity: 0.02 K/min
  end: 300 degC
  record: {{interval: {interval}, rise: 1 K, fastest: 0.1 s}}
  {calorimeter}
"""
