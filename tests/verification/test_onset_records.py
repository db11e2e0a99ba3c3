"""Onsets read off a logger's records agree with the simulations that made the records.

The two calorimeter tests of the paper are sampled every 20 s, and in the runaway whenever the temperature has moved by 1 K, at most
every 0.1 s; noise is added from a stated seed. The reader gets time and temperature alone: it must find the heater and the windows.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import case_from
from tests.records import GRADUAL
from thermo.base.constants import GAS_CONSTANT
from thermo.programmes.arc_machine import PHASE_NAMES
from thermo.records.analysis import analyse
from thermo.records.heated_from_outside import Instrument
from thermo.records.record_doctor import Record
from thermo.records.self_heating_curve import Curve, arrhenius_fit
from thermo.simulation.simulate import run

NOISE = (0.0, 0.005, 0.01, 0.02)  # K
SEED = 20240816
COOLING = 112.0  # s, heat capacity over loss of the Cu cell: what happens after its maximum, where the simulation ends


def curve(result, cools):
    """Times and temperatures every 20 s and finely in the runaway: the cubic through the rows and rates of a result."""
    time, T, rate = result.time, result.probe("sample"), result.columns["rate_K_per_s"]
    steep = time[rate > 0.1]
    asked = np.arange(0.0, time[-1], 20.0)
    if len(steep):
        asked = np.unique(np.concatenate([asked, np.arange(steep[0], time[-1], 1e-3)]))
    k = np.clip(np.searchsorted(time, asked, "right") - 1, 0, len(time) - 2)
    h = time[k + 1] - time[k]
    x = (asked - time[k]) / h
    values = (1 + 2 * x) * (1 - x) ** 2 * T[k] + x * (1 - x) ** 2 * h * rate[k]
    values += x**2 * (3 - 2 * x) * T[k + 1] - x**2 * (1 - x) * h * rate[k + 1]
    if cools:
        after = np.arange(1e-3, 900.0, 1e-2)
        asked = np.concatenate([asked, time[-1] + after])
        values = np.concatenate([values, 298.0 + (T[-1] - 298.0) * np.exp(-after / COOLING)])
    return asked, values


def logged(result, cools, every=20.0, event=1.0, quick=0.1):
    """What a logger keeps: a row `every` so many seconds, one whenever the temperature has moved by `event` [K], and in the runaway,
    where that is more than 1 K/s, one every `quick` seconds."""
    time, T = curve(result, cools)
    kept = [0]
    for i in range(1, len(time)):
        passed, moved = time[i] - time[kept[-1]], abs(T[i] - T[kept[-1]])
        if passed >= every - 1e-9 or (passed >= quick - 1e-9 and (moved >= event or moved >= passed)):
            kept.append(i)
    return time[kept], T[kept]


def noisy(time, T, noise, seed=SEED):
    return Record("made", time, T + noise * np.random.default_rng(seed).standard_normal(len(T)))


@pytest.fixture(scope="module")
def cu(paper):
    result = paper("cu-20li")
    return result.summary()["onsets"], logged(result, True), result


@pytest.fixture(scope="module")
def pi_ag(paper):
    result = paper("pi-ag-20li")
    return result.summary(), logged(result, False), result


@pytest.mark.parametrize("noise", NOISE)
def test_t1_of_a_whole_test(cu, noise):
    true, (time, T), _ = cu
    found = analyse(noisy(time, T, noise))["onsets"]["T1"]
    assert true["T1"]["margin"] > 0.2
    assert found["temperature_K"] == pytest.approx(true["T1"]["temperature_K"], abs=0.15)
    assert found["time_s"] == pytest.approx(true["T1"]["time_s"], abs=60.0)
    assert found["margin"] == pytest.approx(true["T1"]["margin"], abs=0.02 + 3.0 * found["rate_error_K_per_s"] * 3000.0)


@pytest.mark.parametrize("noise", NOISE)
def test_t2_and_t3_of_a_whole_test(cu, noise):
    true, (time, T), _ = cu
    found = analyse(noisy(time, T, noise))["onsets"]
    assert found["T2"]["1 K/s"]["temperature_K"] == pytest.approx(true["T2"]["1 K/s"]["temperature_K"], abs=0.1)
    assert found["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.2)


@pytest.mark.parametrize("noise", NOISE)
def test_a_maximum_between_rows_too_far_apart_is_warned_of(cu, noise):
    """A regular interval of 20 s misses the maximum by about a hundred kelvin. Every value that the reader gives has a warning."""
    true, _, result = cu
    time, T = logged(result, True, event=np.inf, quick=np.inf)
    found = analyse(noisy(time, T, noise))
    assert abs(found["onsets"]["T3"]["temperature_K"] - true["T3"]["temperature_K"]) > 20.0
    assert any(w["code"] == "coarse" and w["samples"] == [int(np.argmax(T)) + 1] for w in found["warnings"])


def test_rows_fine_enough_for_the_maximum_are_not_complained_of(cu):
    _, (time, T), _ = cu
    assert not [w for w in analyse(noisy(time, T, 0.01))["warnings"] if w["code"] == "coarse"]


@pytest.mark.parametrize("noise", NOISE)
def test_a_margin_within_the_noise_is_warned_of_and_the_instrument_decides(pi_ag, noise):
    """The rate exceeds the sensitivity by 3.4 %, and 0.02 K of noise makes it uncertain by 6 %. The instrument stayed, so it had
    found an exotherm.
    """
    true, (time, T), _ = pi_ag
    found = analyse(noisy(time, T, noise))
    assert true["onsets"]["T1"]["margin"] < 0.2
    assert any(w["code"] == "thin-margin" and "T1" in w["text"] for w in found["warnings"])
    assert found["onsets"]["T1"]["temperature_K"] == pytest.approx(true["onsets"]["T1"]["temperature_K"], abs=0.15)
    assert found["onsets"]["T2"]["1 K/min"] is None
    assert found["onsets"]["T3"] is None
    assert "no runaway of 1 K/s" in found["onsets"]["T3_reason"]


@pytest.mark.parametrize("noise", NOISE)
def test_every_exotherm_and_every_heater_step_is_found(pi_ag, noise):
    true, (time, T), _ = pi_ag
    found = analyse(noisy(time, T, noise))
    assert found["record"]["heater_steps"] == 19
    assert len(found["exotherms"]) == len(true["exotherms"]) == 2
    for mine, theirs in zip(found["exotherms"], true["exotherms"], strict=True):
        assert mine["start"]["temperature_K"] == pytest.approx(theirs["start"]["temperature_K"], abs=0.15)
    assert found["exotherms"][0]["end"]["temperature_K"] == pytest.approx(true["exotherms"][0]["end"]["temperature_K"], abs=0.15)


@pytest.mark.parametrize("every", [10.0, 30.0, 60.0])
@pytest.mark.usual(1)
def test_the_rhythm_of_the_logger_does_not_matter(cu, every):
    true, _, result = cu
    found = analyse(noisy(*logged(result, True, every=every), 0.01))["onsets"]
    assert found["T1"]["temperature_K"] == pytest.approx(true["T1"]["temperature_K"], abs=0.15)
    assert found["T2"]["1 K/s"]["temperature_K"] == pytest.approx(true["T2"]["1 K/s"]["temperature_K"], abs=0.1)
    assert found["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.2)


@pytest.mark.parametrize("noise", NOISE[1:])
@pytest.mark.usual(1)
def test_no_seed_is_a_lucky_one(cu, pi_ag, noise):
    """Each test has twelve seeds. The window before T1 lies 5.5 % below the sensitivity, and 0.02 K of noise makes it uncertain by 6 %."""
    true, (time, T), _ = cu
    for seed in range(12):
        found = analyse(noisy(time, T, noise, seed))["onsets"]
        assert found["T1"]["temperature_K"] == pytest.approx(true["T1"]["temperature_K"], abs=0.08)
        assert found["T2"]["1 K/s"]["temperature_K"] == pytest.approx(true["T2"]["1 K/s"]["temperature_K"], abs=0.04)
        assert found["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.09)
    true, (time, T), _ = pi_ag
    for seed in range(12):
        found = analyse(noisy(time, T, noise, seed))
        assert found["onsets"]["T1"]["temperature_K"] == pytest.approx(true["onsets"]["T1"]["temperature_K"], abs=0.08)
        assert any(w["code"] == "thin-margin" for w in found["warnings"])


def test_a_seek_window_longer_than_every_hold_is_said(cu):
    _, (time, T), _ = cu
    rows = time < 20000.0  # before the exotherm
    found = analyse(Record("made", time[rows], T[rows]), Instrument(seek=3600.0))
    assert found["onsets"]["T1"] is None
    assert [w["code"] for w in found["warnings"]] == ["no-window"]


def test_a_record_that_ends_in_the_runaway_holds_no_t3(cu):
    _, (time, T), _ = cu
    rows = slice(0, int(np.argmax(T)) - 5)
    found = analyse(noisy(time[rows], T[rows], 0.0))["onsets"]
    assert found["T2"]["1 K/s"] is not None
    assert found["T3"] is None
    assert "ends in the runaway" in found["T3_reason"]


def test_the_exotherm_alone_begins_with_its_first_row(cu):
    """A record cut at T1 has no heater step and no window. The first row is T1, and may lie a step too high."""
    true, (time, T), _ = cu
    rows = time >= true["T1"]["time_s"]
    found = analyse(noisy(time[rows], T[rows], 0.0))
    assert found["record"]["holds"] == "the exotherm alone"
    assert found["onsets"]["T1"]["temperature_K"] == T[rows][0]
    assert found["onsets"]["T1"]["known_to_K"] == [-5.0, 0.0]


def test_the_history_of_a_run_gives_what_its_summary_says(paper, tmp_path):
    """The history names the phases and has exact rates. Other code gets the same numbers to the last digit."""
    for name in ("cu-20li", "pi-ag-20li"):
        result = paper(name)
        summary, columns = result.summary(), result.columns
        record = Record(name, result.time, result.probe("sample"), columns["rate_K_per_s"], None, named(columns["phase"]))
        found = analyse(record)
        for key in ("T1", "T3", "cessation"):
            theirs = summary["onsets"][key]
            assert found["onsets"][key] is None if theirs is None else found["onsets"][key]["temperature_K"] == theirs["temperature_K"]
        for criterion in ("1 K/s", "10 K/min", "1 K/min"):
            assert found["onsets"]["T2"][criterion] == summary["onsets"]["T2"][criterion]
        assert len(found["exotherms"]) == len(summary["exotherms"])
        for mine, theirs in zip(found["exotherms"], summary["exotherms"], strict=True):
            assert mine["start"]["margin"] == pytest.approx(theirs["start"]["margin"], rel=1e-9)
            assert mine["end"]["temperature_K"] == pytest.approx(theirs["end"]["temperature_K"], abs=1e-9)


def named(phase):
    return np.array([PHASE_NAMES.get(value, "") if not isinstance(value, str) else value for value in phase])


def arrhenius_record(energy=120e3, factor=29.0, start=400.0, end=440.0, row=1.0):
    """Adiabatic, zero order, a row a kelvin: dT/dt = exp(factor - E/(R T)), integrated in steps of 0.001 K."""
    T = np.arange(start, end, 1e-3)
    passed = np.concatenate([[0.0], np.cumsum(1e-3 * np.exp(energy / (GAS_CONSTANT * (T[:-1] + 5e-4)) - factor))])
    rows = np.arange(0, len(T), round(row / 1e-3))
    return Record("made", passed[rows], T[rows])


def test_one_reaction_gives_its_own_energy_and_times():
    """Differences over a kelvin give E within 0.1 %. They give the temperature at which R T^2 / (E k(T)) is 24 h."""
    record = arrhenius_record()
    kinetics = analyse(record, fitted=(400.0, 440.0))["kinetics"]
    assert kinetics["activation_energy_J_per_mol"] == pytest.approx(120e3, rel=1e-3)
    T = kinetics["temperature_of_24_h_K"]
    assert GAS_CONSTANT * T**2 / 120e3 * np.exp(120e3 / (GAS_CONSTANT * T) - 29.0) == pytest.approx(86400.0, rel=0.01)
    low, high = kinetics["interval_J_per_mol"]
    assert high - low < 500.0


def test_the_holder_is_taken_out_of_rates_and_rise():
    """By Townsend and Tou the bare sample has the same rate at a lower temperature than the sample with its holder."""
    found = analyse(arrhenius_record(), Instrument(phi=1.25), fitted=(400.0, 440.0))
    T, bare = found["onsets"]["T1"]["temperature_K"], found["phi_correction"]["T1_K"]
    energy = found["kinetics"]["activation_energy_J_per_mol"]
    assert 1.25 * np.exp(-energy / (GAS_CONSTANT * bare)) == pytest.approx(np.exp(-energy / (GAS_CONSTANT * T)), rel=1e-9)
    plain = analyse(arrhenius_record(), fitted=(400.0, 440.0))
    assert plain["phi_correction"] is None
    assert found["kinetics"]["temperature_of_24_h_K"] < plain["kinetics"]["temperature_of_24_h_K"]


def test_the_interval_of_the_energy_holds_the_true_one_as_often_as_it_says():
    """Rates have 3 % of noise, drawn 200 times. About 95 % of the intervals contain E."""
    T = np.linspace(380.0, 420.0, 30)
    draw = np.random.default_rng(SEED)
    held = 0
    for _ in range(200):
        rate = np.exp(25.0 - 110e3 / (GAS_CONSTANT * T) + 0.03 * draw.standard_normal(len(T)))
        fit = arrhenius_fit(Curve(T, T, rate), 380.0, 420.0)
        held += abs(fit.activation_energy - 110e3) <= fit.half_width
    assert 180 <= held <= 199


def test_points_that_bend_are_warned_of_and_a_straight_line_is_not():
    """Two reactions of 60 and 160 kJ/mol have equal rates at 400 K. Of 200 noisy lines of one energy at most three may be warned of."""
    T = np.linspace(380.0, 420.0, 40)
    draw = np.random.default_rng(SEED)
    unlucky = 0
    for _ in range(200):
        rate = np.exp(25.0 - 110e3 / (GAS_CONSTANT * T) + 0.03 * draw.standard_normal(len(T)))
        unlucky += arrhenius_fit(Curve(T, T, rate), 380.0, 420.0).halves is not None
    assert unlucky <= 3
    rate = 1e-4 * sum(np.exp(energy / GAS_CONSTANT * (1.0 / 400.0 - 1.0 / T)) for energy in (60e3, 160e3))
    cold, hot = arrhenius_fit(Curve(T, T, rate), 380.0, 420.0).halves
    assert 60e3 < cold < 110e3 < hot < 160e3


@pytest.mark.parametrize(("shift", "word"), [(273.15, "kelvin"), (-273.15, "degC")])
def test_a_scale_that_no_test_has_is_warned_of(shift, word):
    time, T = np.array([0.0, 600.0, 1500.0]), np.array([363.15, 364.0, 365.0])
    found = [w for w in analyse(Record("made", time, T + shift))["warnings"] if w["code"] == "scale"]
    assert len(found) == 1
    assert f"is the column in {word}" in found[0]["text"]


def test_a_logger_slower_than_the_seek_window_is_warned_of(cu):
    _, _, result = cu
    slow = analyse(noisy(*logged(result, True, every=1200.0, event=np.inf, quick=np.inf), 0.0))
    assert "slow" in [w["code"] for w in slow["warnings"]]
    usual = analyse(noisy(*logged(result, True), 0.0))
    assert "slow" not in [w["code"] for w in usual["warnings"]]
    assert "the largest rate" in " ".join(w["text"] for w in slow["warnings"])


RECORDED = GRADUAL.replace(
    "end: 400 degC",
    """end: END
  record: {interval: 20 s, rise: 1 K, fastest: 0.1 s, noise: NOISE, seed: 1}""",
)


@pytest.fixture(scope="module")
def gradual():
    """The test once, its record with any noise."""
    case = case_from(RECORDED.replace("END", "400 degC").replace("NOISE", "0 K"))
    result = run(case)
    record = result.record()
    return result.summary()["onsets"], record["time_s"], record["temperature_K"]


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.01, 0.02])
def test_a_gradual_runaway_and_its_end(gradual, noise):
    """Rows lie a kelvin apart, and each has the rate of the curve at its place. The last rows are flat and end the runaway."""
    true, time, T = gradual
    found = analyse(noisy(time, T, noise))
    for criterion in ("1 K/s", "10 K/min"):
        within = 0.1 + 20.0 * noise  # the rate doubles in 8 K, so a difference that is 1 % off moves it by 0.12 K
        assert found["onsets"]["T2"][criterion]["temperature_K"] == pytest.approx(true["T2"][criterion]["temperature_K"], abs=within)
    assert found["onsets"]["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.2)
    assert [entry["end"]["reason"] for entry in found["exotherms"]] == ["maximum"]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_what_the_heater_does_after_a_runaway_is_no_t3(gradual, noise):
    """Ten steps of 5 K with holds follow the same runaway."""
    true, time, T = gradual
    step = np.arange(20.0, 150.0 + 1500.0, 20.0)
    rise = np.minimum(step * 2.0 / 60.0, 5.0)
    later = np.concatenate([time[-1] + 1500.0 + k * 1650.0 + step for k in range(10)])
    hotter = np.concatenate([T[-1] + 5.0 * k + rise for k in range(10)])
    hold = time[-1] + np.arange(20.0, 1500.0, 20.0)
    record = noisy(np.concatenate([time, hold, later]), np.concatenate([T, np.full(len(hold), T[-1]), hotter]), noise)
    found = analyse(record)["onsets"]
    assert found["T3"]["temperature_K"] == pytest.approx(true["T3"]["temperature_K"], abs=0.2)
