"""Heat that a temperature starts or stops: its moment, its energy, tables that count from it, a run resumed after it, what is refused."""

from __future__ import annotations

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
