"""Onsets read off constructed records whose answer is known."""

import math

import numpy as np
import pytest

from thermo.onsets.onset import fastest, first_reach, runaway_onsets, third, unconfirmed
from thermo.simulation.crossings import first_crossing

QUIET = np.zeros(4, bool)


def test_t2_lies_between_two_rows_where_the_rate_passes_the_criterion():
    """The logarithm of the rate is linear between rows: 0.1 to 10 K/s passes 1 K/s half way."""
    found = runaway_onsets(
        ("1 K/s",), np.array([0.0, 10.0, 20.0]), np.array([400.0, 410.0, 450.0]), np.array([0.1, 10.0, 20.0]), QUIET[:3], None
    )
    assert found["1 K/s"] == pytest.approx({"temperature_K": 405.0, "time_s": 5.0})


def test_t2_is_the_row_itself_where_the_rate_was_above_before():
    time, T, rate = np.array([0.0, 1.0, 2.0]), np.array([400.0, 430.0, 470.0]), np.array([2.0, 3.0, 4.0])
    assert runaway_onsets(("1 K/s",), time, T, rate, QUIET[:3], None)["1 K/s"] == {"temperature_K": 400.0, "time_s": 0.0}


def test_where_the_rate_jumps_the_row_before_is_taken():
    """A rate read as a difference: the row that holds the jump has quiet time before it in its mean, and may stay below."""
    time, T = np.array([0.0, 20.0, 40.0, 52.0, 52.1]), np.array([398.0, 398.01, 398.02, 399.02, 401.02])
    rate = np.array([5e-4, 5e-4, 5e-4, 0.08, 20.0])
    quiet = np.zeros(5, bool)
    assert first_reach(1.0, time, T, rate, quiet, jump=10.0) == {"temperature_K": 398.02, "time_s": 40.0}
    assert first_reach(1.0, time, T, rate, quiet)["temperature_K"] > 399.0
    assert first_reach(30.0, time, T, rate, quiet, jump=10.0) is None


def test_a_rate_without_a_later_rise_of_ten_kelvin_is_no_runaway():
    time, rate = np.array([0.0, 1.0, 2.0]), np.array([0.1, 5.0, 0.0])
    for rise, there in ((9.0, False), (11.0, True)):
        found = runaway_onsets(("1 K/s",), time, np.array([400.0, 400.5, 400.5 + rise]), rate, QUIET[:3], None)["1 K/s"]
        assert (found is not None) is there


def test_the_heater_of_the_instrument_is_no_runaway():
    time, T, rate = np.array([0.0, 600.0, 1200.0]), np.array([400.0, 420.0, 420.0]), np.array([2.0, 2.0, 0.0]) / 60.0
    assert runaway_onsets(("1 K/min",), time, T, rate, np.array([True, True, False]), None)["1 K/min"] is None


def test_a_voltage_below_half_of_the_first_is_a_drop():
    voltage = np.array([4.3, 4.2, 2.0, 0.1])
    found = runaway_onsets(("voltage-drop",), np.arange(4.0), np.array([400.0, 401.0, 402.0, 403.0]), np.zeros(4), QUIET, voltage)
    assert found["voltage-drop"] == {"temperature_K": 402.0, "time_s": 2.0}
    assert runaway_onsets(("voltage-drop",), np.arange(4.0), np.zeros(4), np.zeros(4), QUIET, None)["voltage-drop"] is None


def test_a_record_that_still_heats_itself_at_its_end_holds_no_t3():
    time, T, runaway = np.array([0.0, 1.0]), np.array([400.0, 900.0]), {"temperature_K": 400.0, "time_s": 0.0}
    own = np.zeros(2, bool)
    assert third(time, T, 5.0, runaway, 3e-4, own) is None
    assert third(time, T, 0.0, runaway, 3e-4, own) == {"temperature_K": 900.0, "time_s": 1.0}
    assert third(time, T, 0.0, None, 3e-4, own) is None


def test_what_is_heated_after_a_runaway_is_no_t3():
    time, T = np.arange(5.0), np.array([400.0, 450.0, 449.0, 460.0, 500.0])
    runaway, heating = {"temperature_K": 400.0, "time_s": 0.0}, np.array([False, False, False, True, True])
    assert third(time, T, 1.0, runaway, 3e-4, heating) == {"temperature_K": 450.0, "time_s": 1.0}


def test_a_rate_that_jumps_within_a_row_is_reached_where_the_row_begins():
    """Slopes show a jump a row late: the way up to the row is steeper than a rate that grows between its ends could make it."""
    time, T, rate = np.array([0.0, 1.0, 2.0]), np.array([400.0, 401.0, 415.0]), np.array([0.13, 1.26, 14.0])
    quiet = np.zeros(3, bool)
    assert first_reach(1.0, time, T, rate, quiet, jump=10.0, sloped=True) == {"temperature_K": 400.0, "time_s": 0.0}
    assert first_reach(1.0, time, T, rate, quiet, jump=10.0)["temperature_K"] > 400.5


def test_a_criterion_without_the_rise_it_takes_is_told():
    rate, heating = np.array([0.1, 2.0, 0.0]), np.array([False, False, False])
    assert unconfirmed({"1 K/s": None, "10 K/min": None, "voltage-drop": None}, rate, heating) == ["1 K/s", "10 K/min"]
    assert unconfirmed({"1 K/s": None}, rate, ~heating) == []


def test_the_largest_rate_leaves_heating_out():
    found = fastest(np.arange(3.0), np.array([300.0, 310.0, 320.0]), np.array([5.0, 1.0, 2.0]), np.array([True, False, False]))
    assert found == {"rate_K_per_s": 2.0, "temperature_K": 320.0, "time_s": 2.0}


@pytest.mark.parametrize(
    ("values", "level", "time"),
    [
        ([0.0, 1.0, 2.0, 3.0], 1.5, 1.5),
        ([3.0, 2.0, 1.0, 0.0], 1.5, 1.5),
        ([3.0, 2.0, 1.0, 0.0], 1.0, 2.0),
        ([0.0, 1.0, 1.0, 3.0], 1.0, 1.0),
        ([2.0, 2.0, 3.0, 4.0], 2.0, 0.0),
        ([0.0, 0.1, 0.2, 0.3], 9.0, None),
    ],
)
def test_a_crossing_rises_or_falls_to_its_level(values, level, time):
    found = first_crossing(np.arange(4.0), np.array(values), level)
    assert found == (None if time is None else pytest.approx(time, rel=1e-9))


def test_a_crossing_between_rows_at_one_time_is_that_time():
    """An event writes two rows at its moment."""
    assert first_crossing(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 0.1, 5.0, 5.0]), 3.0) == 1.0


def test_a_crossing_over_decades_of_time_is_read_in_log_time():
    time = np.geomspace(1e-9, 1e-3, 60)
    values = 1.0 / (1.0 + (2e-6 / time))
    assert first_crossing(time, values, 0.5) == pytest.approx(2e-6, rel=1e-3)
    assert math.isfinite(first_crossing(np.concatenate([[0.0], time]), np.concatenate([[0.0], values]), 0.5))


def test_a_crossing_on_a_ramp_between_rows_far_apart():
    """Linear in time, and in rows that lie a factor of two apart; another one is linear in the logarithm of time."""
    time = np.array([20.0, 50.0, 100.0, 200.0, 400.0, 600.0, 610.0])
    assert first_crossing(time, 300.0 + 0.1 * time, 330.0) == pytest.approx(300.0, rel=1e-9)
    assert first_crossing(time, np.log(time), np.log(300.0)) == pytest.approx(300.0, rel=1e-9)
