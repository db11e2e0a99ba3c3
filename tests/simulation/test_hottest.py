"""Onsets at the hottest place of a body beside those of its sensor."""

import numpy as np
import pytest

from thermo.simulation.hottest import hottest_onsets

TIME = np.linspace(0.0, 100.0, 1001)
CORE = 400.0 + 0.001 * TIME**3  # K: 0.003 t^2 K/s
NOTHING = {"T1": None, "T2": {}, "T3": None}


def rows(core, own):
    return np.column_stack([np.maximum(core, 410.0), core, own])


def test_t2_is_where_a_node_heats_itself_so_fast():
    found = hottest_onsets(TIME, rows(CORE, 0.003 * TIME**2), ["1 K/s", "1 K/min"], NOTHING)
    assert found["T2"]["1 K/s"]["time_s"] == pytest.approx((1.0 / 0.003) ** 0.5, abs=1e-2)
    assert found["T2"]["1 K/min"]["time_s"] == pytest.approx((1.0 / 0.18) ** 0.5, abs=1e-2)
    assert found["T3"] == {"temperature_K": 1400.0, "time_s": 100.0}
    assert found["T1"] is None
    assert found["sensor_later_s"] == {}


def test_the_sensor_is_later_and_t1_is_what_the_hottest_place_has_then():
    seen = {
        "T1": {"temperature_K": 405.0, "time_s": 50.0},
        "T2": {"1 K/s": {"temperature_K": 430.0, "time_s": 25.0}},
        "T3": {"temperature_K": 900.0, "time_s": 110.0},
    }
    found = hottest_onsets(TIME, rows(CORE, 0.003 * TIME**2), ["1 K/s"], seen)
    assert found["T1"] == {"temperature_K": pytest.approx(525.0), "time_s": 50.0}
    assert found["sensor_later_s"] == {"T2.1 K/s": pytest.approx(25.0 - 18.257, abs=1e-2), "T3": 10.0}


def test_without_a_runaway_there_is_no_t3():
    found = hottest_onsets(TIME, rows(CORE, np.zeros_like(TIME)), ["1 K/s"], NOTHING)
    assert found == {"T1": None, "T2": {"1 K/s": None}, "T3": None, "sensor_later_s": {}}
