"""Rows that are no measurement: named, left out, counted; and rates that a column does not hold."""

import numpy as np
import pytest

from tests.records import blurred, record, rows
from thermo.base.errors import CaseError
from thermo.records.analysis import analyse
from thermo.records.record_doctor import examined


@pytest.fixture(scope="module")
def sound():
    time, T = rows("gradual", 10.0)
    return time, blurred(T, 0.02, 0.01, 5)


@pytest.fixture(scope="module")
def found(sound):
    return analyse(record(*sound))["onsets"]


def same(mine, theirs, but=()):
    for name in {"T1", "T3"} - set(but):
        assert mine[name]["temperature_K"] == pytest.approx(theirs[name]["temperature_K"], abs=0.1)
    for name, entry in theirs["T2"].items():
        assert entry is None or mine["T2"][name]["temperature_K"] == pytest.approx(entry["temperature_K"], abs=0.5)


def at(T, celsius):
    return int(np.argmax(T > celsius + 273.15))


SLIPS = {
    "open thermocouple": ("open-thermocouple", lambda time, T: (at(T, 150), 1, 9999.0)),
    "open for five rows": ("open-thermocouple", lambda time, T: (at(T, 150), 5, 1372.0)),
    "cold for three rows": ("open-thermocouple", lambda time, T: (at(T, 150), 3, -200.0)),
    "below nought kelvin": ("open-thermocouple", lambda time, T: (at(T, 150), 2, -9999.0)),
    "one zero": ("no-neighbour", lambda time, T: (at(T, 150), 1, 0.0)),
    "four zeros": ("no-neighbour", lambda time, T: (at(T, 150), 4, 0.0)),
    "a spike in a hold": ("no-neighbour", lambda time, T: (int(np.argmax(time > 20000.0)), 1, 70.0)),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_rows_that_no_neighbour_supports_are_left_out_and_counted(sound, found, slip):
    code, where = SLIPS[slip]
    time, T = sound
    row, n, value = where(time, T)
    wrong = T.copy()
    wrong[row : row + n] = value + 273.15
    made = analyse(record(time, wrong))
    assert made["record"]["left_out_samples"] == n
    assert [(entry["code"], entry["samples"]) for entry in made["record"]["left_out"]] == [(code, list(range(row + 1, row + n + 1)))]
    assert any(w["code"] == code and "left out" in w["text"] for w in made["warnings"])
    same(made["onsets"], found)


def test_a_counter_for_a_while_is_left_out(sound, found):
    time, T = sound
    row = at(T, 150)
    wrong = T.copy()
    wrong[row : row + 12] = 273.15 + np.arange(12.0)
    same(analyse(record(time, wrong))["onsets"], found)


def test_a_thermocouple_that_opens_at_the_end(sound, found):
    time, T = sound
    wrong = T.copy()
    wrong[-30:] = 1372.0 + 273.15
    same(analyse(record(time, wrong))["onsets"], found)
    wrong[int(np.argmax(T)) - 3 :] = 9999.0
    made = analyse(record(time, wrong))["onsets"]
    same(made, found, but=("T3",))
    assert made["T3"] is None


@pytest.mark.parametrize("limit", [300.0, 287.3])
def test_a_logger_that_saturates_holds_no_t3(sound, found, limit):
    time, T = sound
    made = analyse(record(time, np.minimum(T, limit + 273.15)))["onsets"]
    assert made["T3"] is None
    assert f"stands still at {limit} degC" in made["T3_reason"]
    same(made, found, but=("T3",))


@pytest.mark.parametrize("limit", [250.0, 287.3])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_noise_on_top_of_a_range_that_ends(sound, limit, noise):
    """At a value where loggers end there is no T3; at another one it may be a maximum, and a warning says so."""
    time, T = sound
    made = analyse(record(time, blurred(np.minimum(T, limit + 273.15), noise, 0.001, 5)))
    if limit == 250.0:
        assert made["onsets"]["T3"] is None
        assert "stands still at 25" in made["onsets"]["T3_reason"]
    else:
        assert made["onsets"]["T3"] is not None
        assert "abrupt-top" in [warning["code"] for warning in made["warnings"]]


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_noise_on_top_of_a_range_that_ends_in_the_midst_of_a_quick_runaway(noise):
    """Rows 7 to 70 K apart before the top."""
    time, T = rows("cu-20li", 1.0, False)
    made = analyse(record(time, blurred(np.minimum(T, 311.27 + 273.15), noise, 0.001, 5)))
    assert made["onsets"]["T3"] is not None
    assert {"abrupt-top", "coarse"} & {warning["code"] for warning in made["warnings"]}


@pytest.mark.usual(1)
@pytest.mark.parametrize(("every", "noise"), [(1.0, 0.0), (1.0, 0.1), (5.0, 0.02)])
def test_a_maximum_that_a_reaction_comes_to_slowly_gets_no_word(every, noise):
    """Without loss: the rows stand still after it too."""
    time, T = rows("gradual", every)
    top = int(np.argmax(T))
    made = analyse(record(time, blurred(np.where(np.arange(len(T)) > top, T[top], T), noise, 0.001, 5)))
    assert made["onsets"]["T3"]["temperature_K"] == pytest.approx(T.max(), abs=0.5)
    assert "abrupt-top" not in [warning["code"] for warning in made["warnings"]]


def test_a_sensor_stuck_for_a_while_is_left_out(sound, found):
    time, T = sound
    row = at(T, 120)
    wrong = T.copy()
    wrong[row : row + 25] = wrong[row]
    made = analyse(record(time, wrong))
    assert made["record"]["left_out"][0]["code"] == "stuck"
    assert made["record"]["left_out_samples"] == 24
    same(made["onsets"], found)


def test_a_sensor_stuck_to_the_end_is_no_cessation(sound):
    time, T = sound
    wrong = T.copy()
    wrong[at(T, 200) :] = wrong[at(T, 200)]
    made = analyse(record(time, wrong))
    assert made["onsets"]["cessation"] is None
    assert [entry["code"] for entry in made["record"]["left_out"]] == ["standstill"]


def test_a_time_that_fits_neither_neighbour_is_left_out(sound, found):
    time, T = sound
    wrong = time.copy()
    wrong[at(T, 150)] += 1e5
    made = analyse(record(wrong, T))
    assert made["record"]["left_out"][0]["code"] == "clock"
    same(made["onsets"], found)


def test_a_clock_that_starts_again_is_refused_with_its_row(sound):
    time, T = sound
    row = at(T, 150)
    wrong = time.copy()
    wrong[row:] -= wrong[row]
    with pytest.raises(CaseError, match=f"sample {row + 1}: time runs back, from"):
        analyse(record(wrong, T))


def test_rows_that_are_written_twice_count_once(sound, found):
    time, T = sound
    made = analyse(record(np.repeat(time, 2), np.repeat(T, 2)))
    assert made["record"]["left_out_samples"] == len(time)
    same(made["onsets"], found)


def test_a_clock_of_whole_minutes_is_said_and_t2_known_to_a_minute(sound, found):
    time, T = sound
    made = analyse(record(np.floor(time / 60.0) * 60.0, T))
    assert any(w["code"] == "clock" and "steps of 60 s" in w["text"] for w in made["warnings"])
    second = made["onsets"]["T2"]["1 K/s"]
    low, high = second["known_to_K"]
    assert low <= found["T2"]["1 K/s"]["temperature_K"] - second["temperature_K"] <= high
    assert made["onsets"]["T1"]["temperature_K"] == pytest.approx(found["T1"]["temperature_K"], abs=0.2)


def test_a_sound_record_keeps_every_row(sound):
    assert examined(record(*sound)).left_out == ()


@pytest.mark.parametrize("cut", [230.0, 320.0])
def test_a_record_that_ends_rising_holds_no_t3(sound, cut):
    time, T = sound
    row = at(T, cut)
    made = analyse(record(time[:row], T[:row]))["onsets"]
    assert made["T3"] is None
    assert "ends in the runaway" in made["T3_reason"]


def test_a_steep_maximum_between_rows_far_apart_is_no_slip():
    """One row at the top, its neighbours a hundred kelvin below: it is the maximum."""
    time, T = rows("cu-20li", 60.0, by_rise=False)
    assert analyse(record(time, T))["record"]["left_out_samples"] == 0


# --- columns of rates ---


def rates(time, T):
    return np.gradient(T, time)


BAD_COLUMNS = [
    "empty",
    "zero",
    "per minute",
    "nought before the exotherm",
    "missing before the exotherm",
    "mean of ten minutes before",
    "one window late",
    "clipped at 5 K/min",
    "four fifths too much",
]


@pytest.mark.parametrize("kind", BAD_COLUMNS)
def test_a_rate_column_that_does_not_say_what_the_temperatures_do(sound, found, kind):
    time, T = rows("gradual", 10.0)
    time, T = time[np.append(True, np.diff(time) > 0.0)], T[np.append(True, np.diff(time) > 0.0)]
    rate = rates(time, T)
    before = time < time[at(T, 80)] + 1500.0
    column = {
        "empty": np.full(len(T), np.nan),
        "zero": np.zeros(len(T)),
        "per minute": rate * 60.0,
        "nought before the exotherm": np.where(before, 0.0, rate),
        "missing before the exotherm": np.where(before, np.nan, rate),
        "mean of ten minutes before": (T - np.interp(time - 600.0, time, T)) / 600.0,
        "one window late": np.interp(time - 600.0, time, rate),
        "clipped at 5 K/min": np.minimum(rate, 5.0 / 60.0),
        "four fifths too much": 1.8 * rate,
    }[kind]
    made = analyse(record(time, T, column))
    assert any(w["code"] == "rate-column" for w in made["warnings"])
    assert made["record"]["rate"] != "as recorded"
    same(made["onsets"], found)


def test_a_rate_column_that_fits_is_taken_without_a_word(found):
    time, T = rows("gradual", 10.0)
    time, T = time[np.append(True, np.diff(time) > 0.0)], T[np.append(True, np.diff(time) > 0.0)]
    made = analyse(record(time, T, rates(time, T)))
    assert made["record"]["rate"] == "as recorded"
    assert not [w for w in made["warnings"] if w["code"] == "rate-column"]
    same(made["onsets"], found)


# --- voltage, worn clocks, rough sensors ---

VOLTAGES = {
    "falls for good": (lambda on: np.where(on < 0.0, 4.1, 0.05), None),
    "falls for good after noise and a dip": (lambda on: np.where(on < 0.0, np.where((on > -900) & (on < -880), 0.1, 4.1), 0.05), None),
    "connected late": (lambda on: np.where(on < -20000.0, 0.0, np.where(on < 0.0, 4.1, 0.05)), None),
    "a contact lost": (lambda on: np.where((on > -900) & (on < -880), 0.1, 4.1), "a contact was lost"),
    "never connected": (lambda on: 0.003 * np.ones(len(on)), "no cell was connected"),
    "holds": (lambda on: 4.1 * np.ones(len(on)), "does not fall below half"),
}


@pytest.mark.parametrize("kind", VOLTAGES)
def test_a_voltage_that_falls_for_good_is_told_from_a_lost_contact(sound, kind):
    """It falls where the temperature passes 160 degC, if it does."""
    time, T = sound
    drop = at(T, 160)
    make, reason = VOLTAGES[kind]
    made = analyse(record(time, T)._replace(voltage=make(time - time[drop])))["onsets"]
    if reason is None:
        assert made["T2"]["voltage-drop"]["temperature_K"] == T[drop]
    else:
        assert made["T2"]["voltage-drop"] is None
        assert reason in made["voltage_reason"]


@pytest.mark.parametrize("tick", [1.0, 5.0])
def test_a_clock_cut_in_the_runaway_is_said_and_t2_known_to_its_step(sound, found, tick):
    time, T = sound
    second = analyse(record(np.floor(time / tick) * tick, T))["onsets"]["T2"]["1 K/s"]
    low, high = second["known_to_K"]
    off = found["T2"]["1 K/s"]["temperature_K"] - second["temperature_K"]
    assert low - 0.5 <= off <= high + 0.5
    assert abs(off) < (1.0 if tick == 1.0 else 4.0)


def test_a_thermocouple_that_dies_to_nought_before_the_maximum_gives_no_t3(sound, found):
    time, T = sound
    wrong = T.copy()
    wrong[int(np.argmax(T)) - 3 :] = 273.15
    made = analyse(record(time, wrong))["onsets"]
    same(made, found, but=("T3",))
    assert made["T3"] is None


def test_a_sensor_too_rough_for_the_sensitivity_gives_no_t1(found):
    """0.5 K of resolution: a slope over ten minutes does not tell 0.02 K/min. T2 and T3 are there all the same."""
    time, T = rows("gradual", 30.0)
    made = analyse(record(time, blurred(T, 0.3, 0.5, 3)))["onsets"]
    assert made["T1"] is None
    assert "cannot be decided: a slope over a seek window is uncertain" in made["T1_reason"]
    assert made["T2"]["1 K/s"]["temperature_K"] == pytest.approx(found["T2"]["1 K/s"]["temperature_K"], abs=2.0)
    assert made["T3"]["temperature_K"] == pytest.approx(found["T3"]["temperature_K"], abs=1.5)


@pytest.mark.parametrize("kind", ["lag of 5 min", "mean of 10 min", "slow at the heater"])
def test_a_rate_column_that_comes_after_the_heater_is_not_used(kind):
    """On a cell that never reaches 10 K/min, so that no criterion tells it."""
    time, T = rows("gradual" if kind == "slow at the heater" else "pi-ag-20li", 10.0, False)
    true = np.gradient(T, time)
    if kind == "mean of 10 min":
        column = (T - np.interp(time - 600.0, time, T)) / 600.0
    elif kind == "slow at the heater":
        column = np.where((true > 0.5 / 60.0) & (T < 370.0), 0.2 * true, true)
    else:
        column = np.zeros(len(T))
        for i in range(1, len(T)):
            share = 1.0 - np.exp(-(time[i] - time[i - 1]) / 300.0)
            column[i] = column[i - 1] + share * (true[i] - column[i - 1])
    right, made = analyse(record(time, T)), analyse(record(time, T, column))
    assert made["record"]["rate"] == "from the temperatures"
    words = {"slow at the heater": "does not follow the steps of the heater"}.get(kind, "times the rate of the temperatures")
    assert words in made["warnings"][0]["text"]
    assert made["onsets"]["T1"] == right["onsets"]["T1"]


@pytest.mark.parametrize("step", [0.01, 0.1])
def test_an_adiabatic_end_without_noise_is_a_maximum(step):
    """Rounding is no noise that would have shown."""
    time, T = rows("gradual", 10.0)
    top = int(np.argmax(T))
    T = np.where(np.arange(len(T)) > top, T[top], T) + 1.237
    made = analyse(record(time, np.round(T / step) * step))["onsets"]
    assert made["T3"]["temperature_K"] == pytest.approx(T.max(), abs=step)
