"""The calorimeter: the rules of heat-wait-seek, the reference pair of cells, a slab in the same instrument."""

import itertools
import math
import re
from typing import get_args

import numpy as np
import pytest

from tests.conftest import CASES, case_from, spread
from thermo.case.case import read_case
from thermo.casefile.models import Frozen
from thermo.cells.line_step import line_reading
from thermo.programmes.arc import ArcProgramme
from thermo.programmes.arc_machine import (
    ALARM,
    ARMED,
    END_TEMPERATURE,
    EXO,
    FOLLOWS,
    HEAT,
    QUIET,
    RUN,
    RUNAWAY,
    RUNAWAY_OVER,
    SEEK,
    TARGET,
    WAIT,
    WALL_SWITCH,
    next_target,
)
from thermo.programmes.programme import N_MACHINE, N_MARGINS, PHASE, decide, margins, start, surroundings
from thermo.simulation.cell_body import CellBody
from thermo.simulation.simulate import run
from thermo.stepping.loop import initial_state, integrate
from thermo.stepping.rows import History

ZERO = 273.15


def settings(**changes):
    return CellBody(read_case(CASES / "paper" / "cu-20li.yaml")).programme._replace(**changes)


# ------------------------------------------------------------------ rules of the machine


@pytest.mark.parametrize(("now", "target"), [(50.0, 55.0), (53.9, 55.0), (54.1, 60.0), (55.0, 60.0), (120.9, 125.0), (59.0, 65.0)])
def test_the_next_target_is_the_next_grid_value_more_than_a_fifth_of_a_step_away(now, target):
    assert next_target(settings(), now + ZERO) - ZERO == pytest.approx(target)


def test_relative_steps_start_from_the_present_temperature():
    assert next_target(settings(grid=0.0), 400.0) == 405.0


def test_a_test_begins_with_waiting():
    machine = np.zeros(N_MACHINE)
    start(settings(), machine, 323.15)
    assert machine[PHASE] == WAIT
    assert surroundings(settings(), machine, 0.0).follows == 1.0


def test_the_mean_rate_of_the_window_decides():
    for rise, phase in ((0.19, HEAT), (0.21, EXO)):  # K in a window of 600 s; 0.02 K/min are 0.2 K
        machine = np.zeros(N_MACHINE)
        start(settings(), machine, 350.0)
        assert decide(settings(), machine, -1, 900.0, 350.0, 0.0) == 1.0
        assert machine[PHASE] == SEEK
        decide(settings(), machine, -1, 600.0, 350.0 + rise, 0.0)
        assert machine[PHASE] == phase


def test_heating_stops_at_the_target():
    machine, out = np.zeros(N_MACHINE), np.zeros(N_MARGINS + 1)
    start(settings(), machine, 350.0)
    machine[PHASE], machine[TARGET], machine[ARMED] = HEAT, 360.0, 1.0
    margins(settings(), machine, 10.0, 359.99, 2.0 / 60.0, out)
    assert not np.any(out[:N_MARGINS] > 0.0)
    margins(settings(), machine, 10.0, 360.01, 2.0 / 60.0, out)
    assert out[0] > 0.0


def test_the_wall_stops_following_at_its_limit_and_takes_up_again_with_a_decaying_gap():
    instrument, machine, out = settings(), np.zeros(N_MACHINE), np.zeros(N_MARGINS + 1)
    start(instrument, machine, 400.0)
    margins(instrument, machine, 5.0, 400.0, 0.34, out)  # K/s, above 20 K/min
    assert out[WALL_SWITCH] > 0.0
    decide(instrument, machine, WALL_SWITCH, 5.0, 400.0, 0.34)
    assert machine[FOLLOWS] == 0.0
    assert surroundings(instrument, machine, 8.0).wall == pytest.approx(401.0)  # 3 s at 20 K/min
    decide(instrument, machine, WALL_SWITCH, 8.0, 403.0, 0.0)
    assert surroundings(instrument, machine, 8.0).wall == pytest.approx(-2.0)  # a gap to the sensor now
    assert surroundings(instrument, machine, 28.0).wall == pytest.approx(-2.0 * math.exp(-1.0))


# ------------------------------------------------------------------ one reaction, checked by algebra

SINGLE = """
    title: one first-order reaction
    sample:
      kind: lumped
      heat_capacity: {{at_298K: 1 J/K}}
      chemistry:
        title: first order
        species: {{c: {{start: 1}}}}
        reactions:
          only:
            pre_exponential_factor: 1e11 1/s
            activation_energy: 120 kJ/mol
            factors: [{{kind: order, species: c, order: 1}}]
            consumes: {{c: 1}}
            heat: 500 J
    programme:
      kind: arc
      start: 47.5 degC
      step: 5 K
      steps: relative
      heater: 5 K/min
      wait: 15 min
      seek: 20 min
      sensitivity: 0.02 K/min
      lost_exotherm: track
      end: 900 degC
      calorimeter: {{phi: {phi}}}
"""


@pytest.fixture(scope="module", params=[1.0, 1.5])
def single(request):
    return request.param, run(case_from(SINGLE.format(phi=request.param)))


# phi: T1, time of T1, mean rate there, rate: temperature, at the largest rate: T, rate K/min, T3, time from T1 to it
SINGLE_EXPECTED = {
    1.0: (
        93.9163,
        20340.0,
        0.02580,
        {0.1: 107.566, 1: 132.795, 10: 161.758, 60: 187.483, 600: 225.724},
        545.97,
        6.2136e6,
        592.459,
        24056.9,
    ),
    1.5: (
        99.1690,
        22500.0,
        0.02997,
        {0.1: 111.820, 1: 138.012, 10: 168.349, 60: 195.615, 600: 236.969},
        399.90,
        9.0161e4,
        430.785,
        21657.4,
    ),
}


def test_hws_single_onset(single):
    """The start of the detecting window, as an independent script has it within 0.05 K."""
    phi, result = single
    first = result.summary()["onsets"]["T1"]
    assert first["temperature_start_of_window_K"] - ZERO == pytest.approx(SINGLE_EXPECTED[phi][0], abs=0.05)
    assert first["time_s"] - 1200.0 == pytest.approx(SINGLE_EXPECTED[phi][1], abs=5.0)
    assert first["rate_K_per_s"] * 60.0 == pytest.approx(SINGLE_EXPECTED[phi][2], rel=0.01)


def test_hws_single_temperatures_at_rates(single):
    phi, result = single
    T, rate = result.probe("sample"), result.columns["rate_K_per_s"] * 60.0
    tracking = np.isin(result.columns["phase"], ["exotherm", "runaway"])
    rise = slice(int(np.argmax(tracking)), int(np.argmax(rate)) + 1)
    for wanted, temperature in SINGLE_EXPECTED[phi][3].items():
        # between rows ln(rate) is a smooth function of -1/T: a cubic through them is exact to some mK
        from scipy.interpolate import CubicSpline

        x, y = np.log(rate[rise]), -1.0 / T[rise]
        keep = np.concatenate([[True], np.diff(x) > 1e-9])
        found = -1.0 / CubicSpline(x[keep], y[keep])(math.log(wanted)) - ZERO
        assert found == pytest.approx(temperature, abs=0.1 if wanted < 60 else 0.15)


def test_hws_single_largest_rate(single):
    phi, result = single
    fastest = result.summary()["maximum_rate"]
    assert fastest["rate_K_per_s"] * 60.0 == pytest.approx(SINGLE_EXPECTED[phi][5], rel=0.005)


def test_hws_single_end(single):
    """T3 = T1 + 500 c1/phi: all reactant left at T1 becomes heat; and the time it takes."""
    phi, result = single
    summary = result.summary()
    assert summary["probes"]["sample"]["final_K"] - ZERO == pytest.approx(SINGLE_EXPECTED[phi][6], abs=0.1)
    elapsed = summary["maximum_rate"]["time_s"] - (summary["onsets"]["T1"]["time_s"] - 1200.0)
    assert elapsed == pytest.approx(SINGLE_EXPECTED[phi][7], rel=0.003)
    assert summary["energy"]["residual_relative"] < 1e-12


# ------------------------------------------------------------------ the reference pair of cells


def test_cu_cell_onset_short_and_peak(paper):
    summary = paper("cu-20li").summary()
    first = summary["onsets"]["T1"]
    assert first["temperature_K"] - ZERO == pytest.approx(120.7941, abs=0.01)
    assert first["time_s"] == pytest.approx(24563.49, abs=1.0)
    short = summary["onsets"]["T2"]["1 K/s"]
    assert short["temperature_K"] - ZERO == pytest.approx(125.0, abs=0.001)
    assert short["time_s"] == pytest.approx(31100.89, abs=2.0)
    third = summary["onsets"]["T3"]
    assert third["temperature_K"] - ZERO == pytest.approx(680.002, abs=0.1)
    assert third["time_s"] - short["time_s"] == pytest.approx(10.210, abs=0.1)
    assert summary["maximum_rate"]["rate_K_per_s"] == pytest.approx(788.9708, rel=0.005)
    assert len(summary["exotherms"]) == 1
    assert summary["onsets"]["cessation"] is None
    assert summary["end"]["reason"] == "runaway over"


def test_cu_cell_heats(paper):
    """At the maximum: electrical 1.12, cathode 1.97, lithium 6.09, pool 0.36 kJ; 3.8 ejected, 0.62 to the wall."""
    energy = paper("cu-20li").summary()["energy"]
    assert energy["released_J"]["short"] == pytest.approx(1120.0, rel=0.01)
    assert energy["released_J"]["cathode"] == pytest.approx(1970.0, rel=0.01)
    assert energy["released_J"]["lithium"] == pytest.approx(6090.0, rel=0.01)
    assert energy["ejected_J"] == pytest.approx(0.4 * (sum(energy["released_J"].values()) - 53.0), rel=0.01)
    assert energy["heat_out_J"] == pytest.approx(620.0, rel=0.02)


def test_pi_ag_cell_stops_twice(paper):
    summary = paper("pi-ag-20li").summary()
    assert summary["onsets"]["T1"]["temperature_K"] - ZERO == pytest.approx(135.5205, abs=0.01)
    assert summary["onsets"]["T1"]["time_s"] == pytest.approx(29516.26, abs=1.0)
    assert summary["onsets"]["cessation"]["temperature_K"] - ZERO == pytest.approx(136.3296, abs=0.05)
    first, second = summary["exotherms"]
    assert second["start"]["temperature_K"] - ZERO == pytest.approx(140.76, abs=0.02)
    assert second["end"]["temperature_K"] - ZERO == pytest.approx(144.55, abs=0.05)
    assert first["rise_K"] + second["rise_K"] == pytest.approx(4.605, abs=0.05)
    assert all(found is None for found in summary["onsets"]["T2"].values())
    assert summary["onsets"]["T3"] is None
    assert summary["end"]["reason"] == "end temperature"


def test_pi_ag_cell_runs_away_at_178_if_the_test_goes_on(paper):
    """More exotherms that stop, then a runaway by the gate at the melting of lithium.

    The onsets of the further exotherms are those of scikit-SUNDAE CVODE at rtol 1e-9 under a separately written machine.
    """
    summary = paper("pi-ag-20li", ("programme.end=300 degC",)).summary()
    starts = [entry["start"]["temperature_K"] - ZERO for entry in summary["exotherms"]]
    assert starts[2:] == pytest.approx([150.731, 160.609, 165.741], abs=0.01)
    assert summary["onsets"]["T2"]["1 K/s"]["temperature_K"] - ZERO == pytest.approx(178.1, abs=0.3)


@pytest.mark.parametrize("name", ["cu-20li", "pi-ag-20li"])
def test_energy_balance_of_a_calorimeter_run(paper, name):
    assert paper(name).summary()["energy"]["residual_relative"] <= 1e-12


def test_the_result_does_not_hang_on_the_tolerance(paper):
    tight = paper("cu-20li", ("numerics.tolerance=1e-7",)).summary()["onsets"]
    usual = paper("cu-20li").summary()["onsets"]
    assert usual["T1"]["temperature_K"] == pytest.approx(tight["T1"]["temperature_K"], abs=1e-3)
    assert usual["T3"]["temperature_K"] == pytest.approx(tight["T3"]["temperature_K"], abs=1e-2)


def test_with_the_same_short_pi_ag_runs_away_too(paper):
    """The short is decisive, not the chemistry: T3 674 degC."""
    text = (CASES / "paper" / "cu-20li.yaml").read_text()
    changed = text.replace("6.733188306 J/K", "6.576899675 J/K").replace("\n  chemistry: limetal-ncm811-lhce\n", "\n" + WITH_SMALL_POOL)
    summary = run(case_from(changed)).summary()
    assert summary["onsets"]["T3"]["temperature_K"] - ZERO == pytest.approx(674.0, abs=3.0)


WITH_SMALL_POOL = "  chemistry: limetal-ncm811-lhce\n  with: {pool.heat: 72.25450727 J}\n"


def test_a_fused_short_gives_its_energy_once_and_the_test_goes_on():
    """Rule 6: the temperature jumps by E/C(T), the charge falls by E/(V 3600 Q); the cell survives 50 J."""
    text = (
        (CASES / "paper" / "cu-20li.yaml")
        .read_text()
        .replace("    charge: {value: 0.5 Ah", "    fused_energy: 50 J\n    charge: {value: 0.5 Ah")
    )
    text = text.replace("\n  chemistry: limetal-ncm811-lhce\n", "\n" + WITH_SMALL_POOL).replace("value: 300 degC", "value: 140 degC")
    text = text[: text.index("  ejecta:")] + text[text.index("programme:") :]
    result = run(case_from(text))
    T = result.probe("sample")
    jump = np.flatnonzero((np.diff(T) > 2.0) & (np.diff(result.time) == 0.0))
    assert len(jump) == 1
    row = int(jump[0])
    assert T[row] - ZERO == pytest.approx(125.0, abs=1e-3)
    energy = result.summary()["energy"]
    assert energy["released_J"]["fused_short"] == 50.0
    assert energy["residual_relative"] < 1e-12
    # no wall can jump: it falls behind by the whole jump, and the cell cools towards it (an independent integration: 402.67 K after 60 s)
    later = int(np.searchsorted(result.time, result.time[row] + 60.0))
    assert T[later] < T[row + 1] - 0.5
    assert result.columns["conversion_cathode"][row + 1] - result.columns["conversion_cathode"][row] == pytest.approx(50.0 / (4.3 * 1800.0))


FUSED = """
title: a fused short
sample:
  kind: lumped
  heat_capacity: {at_298K: 100 J/K}
  chemistry:
    title: a charge that two reactions use
    species: {c: {start: 1}}
    reactions:
      twice:
        pre_exponential_factor: 1e-30 1/s
        activation_energy: 120 kJ/mol
        factors: [{kind: order, species: c, order: 1}]
        consumes: {c: 2}
        heat: 1 kJ
      once:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{kind: order, species: c, order: 1}]
        consumes: {c: 1}
        heat: 20 kJ
  short: {at: {temperature: 150 degC}, resistance: 0.1 ohm, charge: 1 Ah, voltage: {empty: 3 V, full: 4 V}, fused_energy: 2 kJ, from: c}
programme: {kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 300 degC}
"""


@pytest.fixture(scope="module")
def fused():
    return run(case_from(FUSED))


def test_a_fused_short_takes_its_charge_by_the_reaction_that_uses_it_one_for_one(fused):
    jump = np.flatnonzero((np.diff(fused.probe("sample")) > 10.0) & (np.diff(fused.time) == 0.0))
    once, twice = (np.diff(fused.columns[f"conversion_{name}"])[jump] for name in ("once", "twice"))
    assert once == pytest.approx([2000.0 / (4.0 * 3600.0)], rel=1e-12)
    assert twice == [0.0]


def test_the_heat_of_an_exotherm_has_that_of_a_fused_short_in_it(fused):
    """No heat is lost, so that what is released is stored."""
    (found,) = fused.summary()["exotherms"]
    assert found["heat_J"] == pytest.approx(found["stored_J"], rel=1e-9)
    assert found["heat_J_per_Ah"] == found["heat_J"]


def margins_at(phase, clock, rate, temperature=400.0, armed=1.0, **changes):
    """Margins of the machine in a phase, the wall following."""
    instrument, machine, out = settings(**changes), np.zeros(N_MACHINE), np.zeros(N_MARGINS + 1)
    start(instrument, machine, temperature)
    machine[PHASE], machine[TARGET], machine[ARMED] = phase, 1e9, armed
    margins(instrument, machine, clock, temperature, rate, out)
    return out


SENSITIVITY = 0.02 / 60.0  # K/s


@pytest.mark.parametrize(("phase", "watches"), [(HEAT, True), (WAIT, True), (SEEK, False), (EXO, False), (RUN, False)])
def test_the_alarm_watches_while_heating_and_waiting(phase, watches):
    """25 times the sensitivity, above the heater while it heats."""
    heater = 2.0 / 60.0 if phase == HEAT else 0.0
    assert not margins_at(phase, 1.0, heater + 24.0 * SENSITIVITY)[ALARM] > 0.0
    assert bool(margins_at(phase, 1.0, heater + 26.0 * SENSITIVITY)[ALARM] > 0.0) is watches


@pytest.mark.parametrize("phase", [HEAT, WAIT])
def test_the_alarm_is_armed_by_a_rate_below_it(phase):
    heater = 2.0 / 60.0 if phase == HEAT else 0.0
    high, low = (margins_at(phase, 1.0, heater + share * SENSITIVITY, armed=0.0) for share in (26.0, 24.0))
    assert not high[ALARM] > 0.0
    assert not high[QUIET] > 0.0
    assert low[QUIET] > 0.0
    machine = np.zeros(N_MACHINE)
    assert decide(settings(), machine, QUIET, 1.0, 400.0, 0.0) == 0.0
    assert machine[ARMED] == 1.0


@pytest.mark.parametrize("phase", [HEAT, WAIT, SEEK, EXO])
def test_a_runaway_begins_in_any_phase(phase):
    assert not margins_at(phase, 1.0, 4.9)[RUNAWAY] > 0.0
    assert margins_at(phase, 1.0, 5.1)[RUNAWAY] > 0.0


def test_a_runaway_ends_where_the_temperature_falls_or_after_a_minute_without_self_heating():
    assert margins_at(RUN, 1.0, -1e-6)[RUNAWAY_OVER] > 0.0
    assert not margins_at(RUN, 59.0, 0.5 * SENSITIVITY)[RUNAWAY_OVER] > 0.0
    assert margins_at(RUN, 61.0, 0.5 * SENSITIVITY)[RUNAWAY_OVER] > 0.0
    assert not margins_at(RUN, 61.0, 2.0 * SENSITIVITY)[RUNAWAY_OVER] > 0.0


@pytest.mark.parametrize(("phase", "ends"), [(HEAT, True), (WAIT, True), (SEEK, True), (EXO, True), (RUN, False)])
def test_the_end_temperature_ends_any_phase_but_a_runaway(phase, ends):
    assert bool(margins_at(phase, 1.0, 0.0, temperature=573.2)[END_TEMPERATURE] > 0.0) is ends


def test_an_alarm_is_said_to_be_one(paper):
    """Waiting three hours after a step of 40 K the cell passes 25 times the sensitivity: no window detected that."""
    text = (CASES / "paper" / "cu-20li.yaml").read_text()
    text = text[: text.index("  short:")] + text[text.index("programme:") : text.index("expect:")]
    text = text.replace("value: 5 K, status", "value: 40 K, status").replace("value: 15 min", "value: 3 h")
    first = run(case_from(text)).summary()["onsets"]["T1"]
    assert first["criterion"] == "rate above the limit in the phase 'wait'"
    assert first["margin"] == pytest.approx(24.0, abs=0.01)


@pytest.mark.parametrize(("hours", "phase"), [(0.1, "wait"), (0.3, "seek"), (0.425, "heat"), (7.5, "exotherm")])
def test_the_longest_time_ends_a_test_in_any_phase(paper, hours, phase):
    result = paper("cu-20li", (f"programme.longest={hours} h",))
    summary = result.summary()
    assert summary["end"]["reason"] == "longest time"
    assert summary["end"]["time_s"] == pytest.approx(3600.0 * hours, rel=1e-9)
    assert result.columns["phase"][-2] == phase


@pytest.mark.slow
def test_a_tracked_exotherm_is_never_heated_and_says_where_it_fell_below_the_sensitivity(paper):
    """The same cessation as with heating; then the cell goes on by itself to a runaway after 183 h."""
    settings_ = ("programme.lost_exotherm=track", "programme.end=300 degC")
    result = paper("pi-ag-20li", settings_)
    usual, summary = paper("pi-ag-20li").summary(), result.summary()
    assert summary["onsets"]["cessation"]["temperature_K"] == pytest.approx(usual["onsets"]["cessation"]["temperature_K"], abs=1e-3)
    assert summary["end"]["time_s"] == pytest.approx(183.4 * 3600.0, rel=0.01)
    later = result.columns["phase"][int(np.argmax(result.columns["phase"] == "exotherm")) :]
    assert "heat" not in later


SECOND = """
title: a cell that runs away, and heats itself without end when it is tested again
sample:
  kind: lumped
  heat_capacity: {at_298K: 100 J/K}
  chemistry:
    title: what comes after the first reaction
    species: {c: {start: 1}, d: {start: 1}}
    reactions:
      first:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{kind: order, species: c, order: 1}]
        consumes: {c: 1}
        heat: 40 kJ
      second:
        pre_exponential_factor: 3e-4 1/s
        activation_energy: 0 kJ/mol
        gate: {temperature: 0 degC, until: 200 degC}
        factors: [{kind: threshold, species: c, below: 0.01}]
        consumes: {d: 0.001}
        heat: 100 J
programme:
  {kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.01 K/min, end: 300 degC,
  lost_exotherm: return, tests: 2, cool_down: {to: 60 degC, air: 25 degC, conductance: 0.1 W/K}, longest: 26 h}
"""


def test_an_exotherm_in_which_the_run_ends_has_the_reason_of_that():
    found = run(case_from(SECOND)).summary()["exotherms"]
    assert [(entry["test"], entry["end"]["reason"]) for entry in found] == [(1, "runaway over"), (2, "longest time")]


def test_tracking_ends_where_self_heating_is_over():
    text = SINGLE.format(phi=1.0).replace("heat: 500 J", "heat: 20 J").replace("start: 47.5 degC", "start: 100 degC")
    summary = run(case_from(text)).summary()
    assert summary["end"]["reason"] == "self-heating over"
    assert summary["onsets"]["cessation"] is not None


def test_an_event_at_the_very_end_of_a_window_is_no_failure(paper):
    """The sample reaches its trigger as the time runs out: no step of length zero is tried."""
    result = paper("cu-20li")
    moment = result.summary()["onsets"]["T2"]["1 K/s"]["time_s"]
    for nearly in (moment, moment * (1.0 + 1e-15), moment * (1.0 - 1e-13), moment * (1.0 + 1e-13)):
        summary = paper("cu-20li", (f"programme.longest={nearly!r} s",)).summary()
        assert summary["status"] == "complete"


def test_phases_follow_in_order(paper):
    phases = paper("pi-ag-20li").columns["phase"]
    changes = [(a, b) for a, b in itertools.pairwise(phases) if a != b]
    allowed = {("wait", "seek"), ("seek", "heat"), ("heat", "wait"), ("seek", "exotherm"), ("exotherm", "heat"), ("wait", "end")}
    assert set(changes) <= allowed


# ------------------------------------------------------------------ the same cell as a slab, in the same instrument


def slab_of(sample, n, conductance):
    """A cell cut into n equal slices that conduct heat to each other; its surface at both ends, the sensor on one."""
    ends = np.zeros(n)
    ends[0] = ends[-1] = 0.5
    return sample._replace(
        share=np.full(n, 1.0 / n),
        surface=ends,
        storage=spread(sample.storage, np.full(n, 1.0 / n)),
        conductance=np.full(n - 1, conductance),
        sensor=n - 1,
        site_node=np.arange(n),
        site_share=np.full((n, sample.site_share.shape[1]), 1.0 / n),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cu-20li", "pi-ag-20li"])
def test_a_slab_of_50_conducting_nodes_gives_the_lumped_onset_and_peak(paper, name):
    """Step, loop and instrument do not know what is inside the sample."""
    body = CellBody(read_case(CASES / "paper" / f"{name}.yaml"))
    slab = slab_of(body.sample, 50, 20000.0)  # W/K: the loss at its ends then bends it by 0.04 K
    state = initial_state(slab, body.programme)
    begun = state.enthalpy.sum()
    blocks = list(integrate(slab, body.programme, state))
    history = History(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))
    temperature = line_reading(slab, history.reading).temperature[:, -1]
    lumped = paper(name).summary()
    phase = history.machine[:, PHASE]
    first = int(np.flatnonzero((phase[1:] == EXO) & (phase[:-1] == SEEK))[0]) + 1
    assert temperature[first] == pytest.approx(lumped["onsets"]["T1"]["temperature_K"], abs=0.1)
    assert temperature.max() == pytest.approx(lumped["probes"]["sample"]["maximum_K"], abs=0.1)
    ledger = state.ledger
    balance = state.enthalpy.sum() - begun - ledger[0] + ledger[1] + ledger[2] - ledger[4:].sum()
    assert abs(balance) < 1e-12 * (abs(ledger[:3]).sum() + abs(ledger[4:]).sum())


# ------------------------------------------------------------------ its page


def defaults(model, block=""):
    """Every key below a block with its default as a case would say it: empty where it is wanted."""
    found = {}
    for name, field in model.model_fields.items():
        below = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type) and issubclass(kind, Frozen)]
        if not below or field.default is None:
            found[block + name] = "" if field.is_required() else "none" if field.default is None else str(field.default)
        for kind in below:
            found |= defaults(kind, f"{block}{name}.")
    return found


def test_the_page_of_the_case_gives_every_default():
    page = (CASES.parent / "docs" / "cases.md").read_text()
    table = page[page.index("`kind: arc`") :].split("\n\n")[1].splitlines()[2:]
    rows = [line.split("|")[1:3] for line in table]
    told = {key: default.strip("` ") for keys, default in rows for key in re.findall("`([^`]+)`", keys)}
    assert told == {key: default for key, default in defaults(ArcProgramme).items() if key != "kind"}
