"""Ramps, ovens, heaters and sudden failures are no heat-wait-seek tests. The reader takes T2 and T3 from the rows and refuses T1."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.records import blurred, record, rows
from thermo.records.analysis import analyse
from thermo.records.heated_from_outside import DRIVEN, SUDDEN

ENERGY, FACTOR, RISE = 130e3, 2e13, 500.0  # J/mol, 1/s, K


def heated(drive, end, start=298.15, rise=RISE, longest=20.0):
    """A cell of one first-order reaction that something heats by `drive(t, T)` [K/s]."""

    def slopes(t, y):
        k = FACTOR * np.exp(-ENERGY / (8.314 * y[0])) * max(y[1], 0.0)
        return [drive(t, y[0]) + rise * k, -k]

    return solve_ivp(slopes, (0.0, end), [start, 1.0], method="Radau", rtol=1e-7, atol=1e-9, dense_output=True, max_step=longest)


def reaches(solution, drive, rate, rise=RISE):
    """The temperature at which dT/dt last passes a rate before its maximum [K]."""
    time = np.linspace(0.0, solution.t[-1], 400_000)
    T, c = solution.sol(time)
    speed = np.array([drive(t, x) for t, x in zip(time, T, strict=True)]) + rise * FACTOR * np.exp(-ENERGY / (8.314 * T)) * np.maximum(
        c, 0.0
    )
    top = int(np.argmax(speed))
    return float(T[int(np.flatnonzero(speed[: top + 1] < rate)[-1])])


WAYS = {
    "ramp of 2 K/min": (lambda t, T: 2.0 / 60.0, 6000.0),
    "ramp of 8 K/min": (lambda t, T: 8.0 / 60.0, 2000.0),
    "slow ramp of 0.5 K/min": (lambda t, T: 0.5 / 60.0, 22000.0),
    "slower ramp of 0.1 K/min": (lambda t, T: 0.1 / 60.0, 90000.0),
    "oven of 150 degC": (lambda t, T: (423.15 - T) / 600.0, 12000.0),
    "oven of 200 degC": (lambda t, T: (473.15 - T) / 600.0, 6000.0),
    "heater with losses": (lambda t, T: 5.0 / 60.0 - (T - 298.0) / 6000.0, 9000.0),
    "heater after ten minutes of rest": (lambda t, T: (5.0 / 60.0 if t > 600.0 else 0.0) - (T - 298.0) / 6000.0, 9000.0),
    "heater switched off at 440 K": (lambda t, T: (5.0 / 60.0 if T < 440.0 else 0.0) - (T - 298.0) / 6000.0, 9000.0),
}


@pytest.mark.usual(1)
@pytest.mark.parametrize("way", WAYS)
def test_a_cell_that_is_heated_until_it_fails(way):
    drive, end = WAYS[way]
    solution = heated(drive, end)
    every = 10.0 if end > 10000.0 else 2.0
    time = np.arange(0.0, solution.t[-1], every)
    T = blurred(solution.sol(time)[0], 0.05, 0.1, 4)
    found = analyse(record(time, T))
    assert found["record"]["holds"] == DRIVEN
    assert found["record"]["heater_steps"] == 0
    assert found["onsets"]["T1"] is None
    assert "no heat-wait-seek record" in found["onsets"]["T1_reason"]
    second = found["onsets"]["T2"]["1 K/s"]
    low, high = second["known_to_K"]
    assert low - 2.0 <= reaches(solution, drive, 1.0) - second["temperature_K"] <= high + 2.0
    if found["onsets"]["T3"] is not None:
        assert found["onsets"]["T3"]["temperature_K"] == T.max()
        assert len(found["exotherms"]) == 1
    else:
        assert "ends in the runaway" in found["onsets"]["T3_reason"]


@pytest.mark.usual(1)
@pytest.mark.parametrize("lag", [600.0, 1500.0])
@pytest.mark.parametrize("ramp", [2.0, 5.0])
def test_an_oven_whose_air_rises_and_a_cell_that_lags_behind(ramp, lag):
    """The rate of the cell grows during its lag, as that of a reaction does. It is not self-heating."""

    def drive(t, T):
        return (298.15 + min(ramp * t / 60.0, 220.0) - T) / lag

    solution = heated(drive, 12000.0)
    time = np.arange(0.0, solution.t[-1], 5.0)
    found = analyse(record(time, blurred(solution.sol(time)[0], 0.05, 0.1, 3)))
    assert found["record"]["holds"] == DRIVEN
    assert found["onsets"]["T1"] is None
    second = found["onsets"]["T2"]["1 K/s"]
    low, high = second["known_to_K"]
    assert low - 2.0 <= reaches(solution, drive, 1.0) - second["temperature_K"] <= high + 2.0


def test_a_criterion_below_the_rate_of_the_ramp_is_refused_and_one_above_it_is_read():
    drive, end = WAYS["ramp of 2 K/min"]
    solution = heated(drive, end)
    time = np.arange(0.0, solution.t[-1], 2.0)
    found = analyse(record(time, blurred(solution.sol(time)[0], 0.02, 0.01, 4)))["onsets"]
    assert found["T2"]["1 K/min"] is None
    assert "1 K/min: hidden by the heating from outside, which gives the cell 2.0" in found["T2_reason"]
    assert found["T2"]["10 K/min"]["temperature_K"] == pytest.approx(reaches(solution, drive, 1.0 / 6.0), abs=1.0)


def test_an_inert_cell_on_a_ramp_has_no_onset():
    time = np.arange(0.0, 9000.0, 5.0)
    found = analyse(record(time, blurred(298.0 + time / 60.0, 0.05, 0.1, 2)))
    assert found["onsets"]["T1"] is None
    assert found["onsets"]["T2"] == {"1 K/s": None, "10 K/min": None, "1 K/min": None, "voltage-drop": None}
    assert found["exotherms"] == []


@pytest.mark.parametrize("before", ["at rest", "indented and two kelvin warmer"])
@pytest.mark.parametrize(("constant", "every"), [(1.0, 1.0), (5.0, 0.1), (30.0, 1.0)])
def test_a_sudden_failure_from_rest(before, constant, every):
    """After ten minutes at 25 degC a nail or a crush raises the cell by 500 K, with a time constant of some seconds."""
    time = np.arange(0.0, 1800.0, every)
    passed = np.maximum(time - 600.0, 0.0)
    T = 298.15 + 500.0 * (1.0 - np.exp(-passed / constant)) * np.exp(-passed / 500.0)
    if before != "at rest":
        T += np.clip((time - 500.0) * 0.02, 0.0, 2.0)
    T = blurred(T, 0.1, 0.1, 6)
    found = analyse(record(time, T))
    assert found["record"]["holds"] == SUDDEN
    assert found["onsets"]["T1"] is None
    assert found["onsets"]["T2"]["1 K/s"]["temperature_K"] == pytest.approx(298.15 + (0.0 if before == "at rest" else 2.0), abs=2.0)
    assert found["onsets"]["T3"]["temperature_K"] == T.max()


@pytest.mark.usual(1)
@pytest.mark.parametrize(("every", "noise", "off"), [(60.0, 0.02, 3.0), (30.0, 0.1, 5.0)])
def test_a_cell_that_is_heated_once_and_then_left_alone(every, noise, off):
    """An adiabatic hold at 72 degC lasts a day. T1 is where the rate passes the sensitivity; no window of noise is taken before it.

    At 0.1 K of noise a slope is uncertain by 40 % of the sensitivity, and T1 comes late by up to a step of a calorimeter.
    """

    def drive(t, T):
        return 2.0 / 60.0 if t < 1400.0 else 0.0

    solution = heated(drive, 600_000.0, longest=1000.0)
    time = np.arange(0.0, min(solution.t[-1], 600_000.0), every)
    found = analyse(record(time, blurred(solution.sol(time)[0], noise, 0.01, 5)))
    assert found["record"]["heater_steps"] == 1
    fine = np.linspace(2000.0, solution.t[-1], 200_000)
    T, c = solution.sol(fine)
    crosses = T[int(np.argmax(RISE * FACTOR * np.exp(-ENERGY / (8.314 * T)) * c >= 0.02 / 60.0))]
    first = found["onsets"]["T1"]
    low, high = first["known_to_K"]
    assert low - 2.0 <= crosses - first["temperature_K"] <= high + 2.0
    assert abs(first["temperature_K"] - crosses) < off
    assert [entry["end"]["reason"] for entry in found["exotherms"]] == ["maximum"]


def test_a_first_row_far_above_the_sensitivity_is_no_t1():
    """A record that begins at 0.5 K/min has missed the detection by more than a step."""
    from tests.verification.test_onset_records import arrhenius_record

    found = analyse(arrhenius_record(start=425.0, end=470.0))["onsets"]
    assert found["T1"] is None
    assert "times the sensitivity: self-heating began before it" in found["T1_reason"]
    assert analyse(arrhenius_record())["onsets"]["T1"] is not None


@pytest.mark.slow
def test_the_uncertainty_of_t2_and_t3_is_what_lies_between_the_rows():
    true_time, true_T = rows("gradual", 1.0)
    time, T = rows("gradual", 30.0, by_rise=False)
    found = analyse(record(time, T))["onsets"]
    second, third = found["T2"]["1 K/s"], found["T3"]
    best = analyse(record(true_time, true_T))["onsets"]
    for entry, exact in ((second, best["T2"]["1 K/s"]), (third, best["T3"])):
        low, high = entry["known_to_K"]
        assert high - low > 1.0
        assert low <= exact["temperature_K"] - entry["temperature_K"] <= high


@pytest.mark.usual(3)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("per_minute", "every"), [(1.0, 5.0), (2.0, 2.0), (5.0, 1.0)])
def test_a_rough_ramp_has_no_t1(per_minute, every, seed):
    """The resolution is 0.1 K, the noise 0.02 K, and rows advance by less than a step. Neighbours repeat and jump, which is neither a
    rest nor a heater.
    """
    ramp, growth = per_minute / 60.0, 0.05
    own = 463.15 + np.linspace(0.0, 400.0, 4001)
    passed = np.concatenate([[0.0], np.cumsum(0.1 / (ramp * np.exp(growth * np.minimum(own[:-1] - 463.15, 120.0))))])
    begins = (463.15 - 298.15) / ramp
    time = np.arange(0.0, begins + passed[-1], every)
    T = np.where(time < begins, 298.15 + ramp * time, np.interp(time - begins, passed, own))
    made = analyse(record(time, blurred(T, 0.02, 0.1, seed)))
    assert made["onsets"]["T1"] is None
    assert "no heat-wait-seek" in made["onsets"]["T1_reason"]


@pytest.mark.parametrize("rest", [5.0, 20.0, 60.0])
def test_a_nail_soon_after_the_record_begins_gives_no_t1(rest):
    time = np.arange(0.0, rest + 120.0, 2.0)
    T = 298.15 + 800.0 * (1.0 - np.exp(-np.maximum(time - rest, 0.0) / 5.0))
    onsets = analyse(record(time, blurred(T, 0.02, 0.01, 1)))["onsets"]
    assert onsets["T1"] is None
    assert onsets["T3"] is not None


def test_t2_of_a_rate_that_grows_slowly_is_known_as_far_as_noise_lets():
    """The rate grows by 2 % a kelvin, and rows a kelvin apart have 0.1 K of noise. The stated interval contains 611.15 K in at least
    9 of 10 records.
    """
    T = np.arange(373.15, 700.0, 1.0)
    passed = np.concatenate([[0.0], np.cumsum(np.exp(-0.02 * (T[:-1] + 0.5 - 611.15)))])
    held = 0
    for seed in range(30):
        second = analyse(record(passed, blurred(T, 0.1, 0.01, seed)))["onsets"]["T2"]["1 K/s"]
        low, high = second["known_to_K"]
        held += low <= 611.15 - second["temperature_K"] <= high
    assert held >= 27
