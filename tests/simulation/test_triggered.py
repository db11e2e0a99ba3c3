"""Heat that a temperature starts or stops: its moment, its energy, tables that count from it, a run resumed after it, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import case_from
from tests.simulation.test_resume import checkpoints
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run

BLOCK = """
title: a slab that heats itself when it is warm
materials:
  metal: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 1e5 W/(m K)CHEMISTRY}
sample:
  kind: boxes
  coordinates: line
  cross_section: 10 cm2
  temperature: 300 K
  regions:
    first: {material: metal, from: [0 mm], to: [5 mm]}
    second: {material: metal, from: [5 mm], to: [10 mm]}
  mesh: {order: 1, largest: 2.5 mm}
programme:
  kind: surroundings
  end: 100 s
  faces: {left: [{kind: flux, power: 100 W, stops: {probe: middle, temperature: 420 K}}]}
  regions: {second: [{kind: source, STARTS}]}
measure: {probes: {middle: {region: second, take: mean}}}
"""
FLUX = "{kind: flux, power: 100 W, stops: {probe: middle, temperature: 420 K}}"
TABLE = "starts: {region: second, temperature: 350 K}, power: {table: [[0 s, 0 W], [1 s, 200 W], [2 s, 200 W], [2.5 s, 0 W]]}"
CAPACITY = 2000.0 * 500.0 * 1e-5  # J/K


def case(starts=TABLE, chemistry="", order=1):
    return case_from(
        BLOCK.replace("STARTS", starts).replace("CHEMISTRY", chemistry).replace("order: 1, largest", f"order: {order}, largest")
    )


def test_a_table_counts_from_the_moment_that_starts_it():
    """100 W raise 10 J/K by 50 K in 5 s; 350 J of the table then bring 420 K 3.5 s earlier than the flux alone."""
    summary = run(case()).summary()
    assert summary["triggers"]["second-starts"]["time_s"] == pytest.approx(5.0, abs=2e-4)
    assert summary["triggers"]["left-stops"]["time_s"] == pytest.approx(8.5, abs=2e-4)
    assert summary["heats"]["second"]["extreme_W"] == pytest.approx(200.0, rel=1e-12)
    assert summary["energy"]["heat_in_J"] == pytest.approx(120.0 * CAPACITY, rel=2e-5)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(420.0, abs=0.01)
    assert not [w for w in summary["warnings"] if w["code"] == "not-triggered"]


def test_heat_that_is_constant_goes_on_from_the_moment_that_starts_it():
    summary = run(case("starts: {region: second, temperature: 350 K}, power_density: 20 W/cm3")).summary()  # 100 W
    assert summary["triggers"]["left-stops"]["time_s"] == pytest.approx(5.0 + 70.0 / 20.0, abs=2e-4)
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(420.0 + 10.0 * 91.5, abs=0.05)
    assert summary["energy"]["residual_relative"] < 1e-10


@pytest.mark.parametrize("level", [333.15, 373.15, 420.0, 473.15])
@pytest.mark.parametrize("conductivity", ["1 W/(m K)", "20 W/(m K)"])
def test_a_crossing_at_the_temperature_that_ends_the_heat_comes_at_that_moment(level, conductivity):
    """A thermocouple under a heater cuts it off and falls at once: at the level it was, to the rounding of the event."""
    text = (
        BLOCK.replace("1e5 W/(m K)CHEMISTRY", conductivity)
        .replace("  regions: {second: [{kind: source, STARTS}]}\n", "")
        .replace("420 K", f"{level} K")
        .replace(
            "{middle: {region: second, take: mean}}", f"{{middle: [0 mm]}}, crossings: {{cut: {{probe: middle, temperature: {level} K}}}}"
        )
    )
    summary = run(case_from(text)).summary()
    stopped = summary["triggers"]["left-stops"]["time_s"]
    assert stopped is not None
    assert summary["crossings"]["cut"] == {"time_s": pytest.approx(stopped, rel=1e-8), "temperature_K": level}
    assert summary["probes"]["middle"]["final_K"] < level - 1.0


def test_what_never_comes_is_said():
    summary = run(case(TABLE.replace("350 K", "500 K"))).summary()
    assert summary["triggers"]["second-starts"] == {
        "time_s": None,
        "temperature_K": 500.0,
        "maximum_K": pytest.approx(420.0, abs=0.01),
    }
    (warning,) = (w for w in summary["warnings"] if w["code"] == "not-triggered")
    assert "second-starts waits for 226.85 degC and never comes" in warning["text"]


def test_what_is_warm_already_starts_at_once():
    summary = run(case(TABLE.replace("350 K", "299 K"))).summary()
    assert summary["triggers"]["second-starts"]["time_s"] == 0.0
    assert summary["triggers"]["left-stops"]["time_s"] == pytest.approx(8.5, abs=2e-4)


INERT = """, chemistry: {title: hardly any, species: {a: {start: 1 kg/m3}}, reactions: {slow: {
    pre_exponential_factor: 1 1/s, activation_energy: 100 kJ/mol, consumes: {a: 1}, heat: {per_mass: 1 J/g},
    factors: [{kind: order, species: a, order: 1}]}}}"""


def test_a_body_that_reacts_has_triggers_too():
    summary = run(case(chemistry=INERT)).summary()
    assert summary["triggers"]["second-starts"]["time_s"] == pytest.approx(5.0, abs=5e-4)
    assert summary["triggers"]["left-stops"]["time_s"] == pytest.approx(8.5, abs=5e-4)
    assert summary["energy"]["residual_relative"] < 1e-12


@pytest.mark.parametrize("order", [1, 2])
def test_the_moment_does_not_depend_on_the_elements(order):
    summary = run(case(order=order)).summary()
    assert summary["triggers"]["left-stops"]["time_s"] == pytest.approx(8.5, abs=2e-4)


def test_a_run_resumed_on_either_side_of_a_trigger_is_bitwise_the_same():
    whole, kept = run(case()), checkpoints(case())
    for k in (1, len(kept) // 2, len(kept) - 2):
        resumed = run(case(), resume=kept[k])
        assert resumed.state.fired.tolist() == whole.state.fired.tolist()
        for name, values in whole.columns.items():
            assert resumed.columns[name].tolist() == values.tolist(), name


THROWS = """
title: two blocks that react, nothing around them
materials:
  metal: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 1e5 W/(m K), EJECTA
    chemistry: {title: one step, species: {a: {start: 1}}, reactions: {burn: {
      pre_exponential_factor: 1e8 1/s, activation_energy: 80 kJ/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 1}],
      heat: {per_mass: 50 kJ/kg, content: 2000 kg/m3}}}}}
sample:
  kind: boxes
  coordinates: line
  cross_section: 10 cm2
  temperature: 400 K
  regions:
    first: {material: metal, from: [0 mm], to: [5 mm]}
    second: {material: metal, from: [5 mm], to: [10 mm]}
  mesh: {order: 1, largest: 2.5 mm}
programme: {kind: surroundings, end: 1000 s}
measure: {probes: {middle: {region: second, take: mean}}}
numerics: {tolerance: 1e-4}
"""


def test_what_is_thrown_out_takes_its_share_of_the_heat_that_is_left():
    """100 K in all: 50 K up to 450 K, then half of the other 50 K; the rest is in the balance."""
    summary = run(case_from(THROWS.replace("EJECTA", "ejecta: {fraction: 0.5, after: {temperature: 450 K}},"))).summary()
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(475.0, abs=0.01)
    assert summary["energy"]["ejected_J"] == pytest.approx(25.0 * CAPACITY, abs=0.01 * CAPACITY)
    assert sum(summary["energy"]["released_J"].values()) == pytest.approx(100.0 * CAPACITY, rel=1e-4)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert set(summary["triggers"]) == {"first-ejects", "second-ejects"}


def test_ejecta_that_never_come_are_said():
    summary = run(case_from(THROWS.replace("EJECTA", "ejecta: {fraction: 0.5, after: {temperature: 600 K}},"))).summary()
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(500.0, abs=0.01)
    assert summary["energy"]["ejected_J"] == 0.0
    assert [w["where"] for w in summary["warnings"] if w["code"] == "not-triggered"] == ["triggers.first-ejects", "triggers.second-ejects"]


def test_ejecta_of_what_does_not_react_are_refused():
    with pytest.raises(CaseError, match="the material has no chemistry"):
        case_from(BLOCK.replace("CHEMISTRY", ", ejecta: {fraction: 0.5, after: {temperature: 450 K}}").replace("STARTS", "power: 1 W"))


SHORT = "short: {at: {temperature: 399 K}, resistance: 0.1 ohm, charge: 100 A s, voltage: {empty: 4 V, full: 4 V}, from: a, half: 1e-6},"


def shorted(short=SHORT):
    """Hardly anything but the short reacts."""
    return THROWS.replace("EJECTA", short).replace("1e8 1/s", "1e-8 1/s")


def test_each_region_is_a_cell_that_its_short_discharges():
    """4 V over 0.1 ohm for 2.5 s: 400 J in each of two cells of 5 J/K."""
    summary = run(case_from(shorted())).summary()
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(480.0, abs=0.01)
    assert summary["regions"]["first"]["released_J"]["short"] == pytest.approx(400.0, rel=1e-4)
    assert summary["energy"]["released_J"]["metal_short"] == pytest.approx(800.0, rel=1e-4)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["triggers"]["first-shorts"]["time_s"] == 0.0


def test_one_of_two_cells_is_shorted():
    """A contact that hardly conducts keeps the other cold."""
    text = shorted(SHORT.replace("399 K", "420 K")).replace("end: 1000 s}", "end: 10 s, sources: {first: {power: 100 W}}}")
    summary = run(case_from(text.replace("  mesh:", "  contacts: {first|second: 1 m2 K/W}\n  mesh:"))).summary()
    assert summary["triggers"]["first-shorts"]["time_s"] == pytest.approx(1.0, abs=0.01)
    assert summary["regions"]["first"]["released_J"]["short"] == pytest.approx(400.0, rel=1e-3)
    assert summary["regions"]["second"]["released_J"]["short"] == 0.0
    assert summary["triggers"]["second-shorts"]["time_s"] is None


def test_a_short_is_that_of_a_cell_of_one_temperature():
    """V falls from 4 to 2 V with the charge: 400 J (1 - exp(-0.4 t/s)), in both."""
    falling = SHORT.replace("empty: 4 V", "empty: 2 V")
    one = shorted(falling).replace("    second: {material: metal, from: [5 mm], to: [10 mm]}\n", "")
    body = one.replace("region: second", "region: first").replace("to: [5 mm]", "to: [10 mm]")
    for text, probe in ((body, "middle"), (CELL.replace("SHORT", falling.rstrip(",")), "sample")):
        levels = ["410 K", "420 K", "425 K"]
        crossings = ", ".join(f"at-{level[:3]}: {{probe: {probe}, temperature: {level}}}" for level in levels)
        text = text.replace("take: mean}}}", f"take: mean}}}}, crossings: {{{crossings}}}}}").replace("CROSSINGS", crossings)
        summary = run(case_from(text)).summary()
        for level in levels:
            exact = -np.log(1.0 - (float(level[:3]) - 400.0) * CAPACITY / 400.0) / 0.4
            assert summary["crossings"][f"at-{level[:3]}"]["time_s"] == pytest.approx(exact, abs=3e-3)
        assert summary["energy"]["residual_relative"] < 1e-12


CELL = """
title: the same with one temperature
sample:
  kind: lumped
  temperature: 400 K
  volume: 1e-5 m3
  heat_capacity: {at_298K: 10 J/K}
  SHORT
  chemistry: {title: one step, species: {a: {start: 1}}, reactions: {burn: {
    pre_exponential_factor: 1e-8 1/s, activation_energy: 80 kJ/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 1}],
    heat: {per_mass: 50 kJ/kg, content: 2000 kg/m3}}}}
programme: {kind: surroundings, end: 1000 s}
measure: {crossings: {CROSSINGS}}
"""


@pytest.mark.parametrize(
    "short, text",
    [
        (SHORT.replace("from: a", "from: b"), "no such species 'b'"),
        (SHORT.replace("half:", "fused_energy: 10 J, half:"), "in a body a short lasts until its charge is gone"),
        (SHORT.replace("full: 4 V", "full: 3 V"), "must not have less voltage"),
        (SHORT.replace("399 K", "399"), "has no unit"),
    ],
)
def test_a_short_that_does_not_fit_is_refused(short, text):
    with pytest.raises(CaseError, match=text):
        case_from(shorted(short))


def test_cells_of_one_material_are_of_one_size():
    with pytest.raises(CaseError, match="'first' is smaller than 'second'"):
        case_from(shorted().replace("to: [10 mm]", "to: [11 mm]"))


@pytest.mark.parametrize("place", ["", "place: {box: {from: [6 mm], to: [8 mm]}}, "])
def test_a_cell_whose_image_is_another_has_no_short(place):
    """One charge would serve both; a cell that the mirror halves is one with its image."""
    text = shorted(SHORT.replace("at:", f"{place}at:")).replace("  mesh:", "  symmetry: [SIDE]\n  mesh:")
    with pytest.raises(CaseError, match="'second' does not reach the mirror at 'left', so that its image is another cell"):
        case_from(text.replace("SIDE", "left"))
    if place:
        case_from(text.replace("SIDE", "right"))


def test_a_place_that_starts_at_its_level_has_come_to_it():
    """And one that a face holds there; neither takes ever shorter steps."""
    for level in ("300 K", "300.0000001 K"):
        summary = run(case(TABLE.replace("350 K", level))).summary()
        assert summary["triggers"]["second-starts"]["time_s"] == 0.0
    held = BLOCK.replace("STARTS", TABLE).replace("CHEMISTRY", "").replace("1e5 W/(m K)", "1 W/(m K)")
    held = held.replace(
        "{left: [{kind: flux, power: 100 W, stops: {probe: middle, temperature: 420 K}}]}", "{right: [{kind: held, temperature: 350 K}]}"
    )
    summary = run(case_from(held)).summary()
    assert summary["triggers"]["second-starts"]["time_s"] is not None


def test_a_short_pulse_after_a_long_wait_gives_all_its_heat():
    """10 ms behind a trigger that comes after ten hours."""
    pulse = "starts: {region: first, temperature: 310 K}, power: {table: [[0 s, 0 W], [10 ms, 300 kW], [20 ms, 0 W]]}"
    text = (
        BLOCK.replace("STARTS", pulse)
        .replace("CHEMISTRY", "")
        .replace("end: 100 s", "end: 15 h")
        .replace("power: 100 W, stops: {probe: middle, temperature: 420 K}", "power: 3 mW")
    )
    summary = run(case_from(text)).summary()
    assert summary["energy"]["heat_in_J"] == pytest.approx(3000.0 + 3e-3 * 54000.0, rel=1e-6)
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(300.0 + 3162.0 / CAPACITY, abs=0.02)


def test_heats_of_a_short_by_region_add_up_to_that_of_the_body():
    """Whatever its voltage is; half of what a cell holds is half of the larger of the short's and the reaction's heat."""
    summary = run(case_from(shorted(SHORT.replace("empty: 4 V", "empty: 2 V")))).summary()
    assert summary["energy"]["released_J"]["metal_short"] == pytest.approx(600.0, rel=1e-3)
    for region in ("first", "second"):
        assert summary["regions"][region]["released_J"]["short"] == pytest.approx(300.0, rel=1e-3)
        assert summary["arrivals"][region]["released_J"] == pytest.approx(300.0, rel=1e-3)
        assert summary["arrivals"][region]["converted"] == pytest.approx(300.0 / 500.0, rel=1e-3)


def test_onsets_at_the_hottest_place_are_with_what_ejecta_leave():
    """Isothermal: the rate of the history at T2 is the criterion."""
    text = THROWS.replace("EJECTA", "ejecta: {fraction: 0.5, after: {temperature: 351 K}},").replace(
        "temperature: 400 K", "temperature: 350 K"
    )
    result = run(case_from(text.replace("end: 1000 s", "end: 2 h")))
    onset = result.summary()["hottest"]["T2"]["1 K/min"]
    T = result.probe("middle")
    row = int(np.searchsorted(result.time, onset["time_s"]))
    rate = (T[row + 1] - T[row - 1]) / (result.time[row + 1] - result.time[row - 1])
    assert rate == pytest.approx(1.0 / 60.0, rel=0.1)


def test_a_held_face_gives_what_reactions_at_its_nodes_make_too():
    """Its heat over time is that of the balance."""
    text = (
        THROWS.replace("EJECTA", "")
        .replace("1e5 W/(m K)", "1 W/(m K)")
        .replace("end: 1000 s}", "end: 200 s, faces: {left: [{kind: held, temperature: 400 K}]}}")
    )
    result = run(case_from(text.replace("measure: {", "measure: {flows: [first|second, left], ")))
    energy = result.summary()["energy"]
    heat = np.trapezoid(result.columns["heat_left_W"], result.time)
    assert heat == pytest.approx(energy["heat_in_J"] - energy["heat_out_J"], rel=2e-3)
    assert result.columns["flow_left_W"] == pytest.approx(result.columns["heat_left_W"], rel=1e-9, abs=1e-9)
    stored = 5.0 * (result.summary()["regions"]["second"]["mean_K"] - 400.0)
    passed = np.trapezoid(result.columns["flow_first|second_W"], result.time)
    assert passed == pytest.approx(stored - result.summary()["regions"]["second"]["released_J"]["burn"], rel=5e-3)


@pytest.mark.parametrize(
    "starts, key, text",
    [
        ("starts: {region: third, temperature: 350 K}, power: 1 W", "starts.region", "the sample has no region 'third'"),
        ("starts: {probe: core, temperature: 350 K}, power: 1 W", "starts.probe", "there is no probe 'core'"),
        ("stops: {temperature: 350 K}, power: 1 W", "stops", "give either 'probe' or 'region'"),
        ("stops: {region: first, temperature: 350}, power: 1 W", "stops.temperature", "350 has no unit"),
    ],
)
def test_a_place_that_is_not_there_is_refused(starts, key, text):
    with pytest.raises(CaseError) as refused:
        case(starts)
    assert f"programme.regions.second.0.{key}" in str(refused.value)
    assert text in str(refused.value)


def test_a_steady_state_waits_for_nothing():
    steady = BLOCK.replace("STARTS", TABLE).replace("CHEMISTRY", "").replace("  end: 100 s\n", "").replace("surroundings", "steady")
    with pytest.raises(CaseError, match="has no time"):
        case_from(steady.replace("{left: [", "{right: [{kind: held, temperature: 300 K}], left: ["))
