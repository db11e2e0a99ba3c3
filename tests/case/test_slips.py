"""Numbers that no cell has, sources that the file states, titles that would steer a terminal."""

import json
import textwrap

import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.case.plausibility import slips
from thermo.simulation.simulate import run

BAR = """
    title: a bar
    materials:
      m: {density: 7850 kg/m3, heat_capacity: 460 J/(kg K), thermal_conductivity: 52 W/(m K)}
    sample:
      kind: boxes
      coordinates: line
      regions: {bar: {material: m, from: 0 mm, to: 100 mm}}
      temperature: 0 degC
      mesh: {order: 1, largest: 5 mm}
    programme:
      kind: surroundings
      faces: {left: [{kind: held, temperature: 100 degC}]}
      end: 10 s
"""
CELL = """
    title: one reaction
    sample:
      kind: lumped
      parts: {cell: {mass: 50 g, heat_capacity: 1.0 J/(g K)}}
      chemistry:
        title: one
        species: {a: {start: 1}}
        reactions:
          only:
            pre_exponential_factor: 1e14 1/s
            activation_energy: 130 kJ/mol
            factors: [{kind: order, species: a, order: 1}]
            consumes: {a: 1}
            heat: HEAT
    programme: {kind: arc, start: 80 degC, step: 5 K, heater: 5 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 400 degC}
"""
SLIPS = {
    "grams for kilograms": ("7850 kg/m3", "7850 g/cm3", "materials.m.density"),
    "kilojoules for joules": ("460 J/(kg K)", "460 kJ/(kg K)", "materials.m.heat_capacity"),
    "one row of a table": ("460 J/(kg K)", "{table: [[0 degC, 460 J/(kg K)], [200 degC, 500 J/(g K)]]}", "materials.m.heat_capacity"),
    "a start in degC written as kelvin": ("temperature: 0 degC", "temperature: 25 K", "sample.temperature"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_a_unit_is_warned_of_before_and_after_the_run(slip):
    right, wrong, where = SLIPS[slip]
    case = case_from(BAR.replace(right, wrong))
    assert [entry["where"] for entry in slips(case)] == [where]
    assert [w["where"] for w in run(case).summary()["warnings"] if w["code"] == "implausible"] == [where]
    assert slips(case_from(BAR)) == []


@pytest.mark.slow
def test_a_cell_that_holds_more_than_any_and_what_comes_of_it():
    case = case_from(CELL.replace("HEAT", "10 MJ"))
    assert [entry["where"] for entry in slips(case)] == ["sample.chemistry"]
    found = {w["where"] for w in run(case_from(CELL.replace("HEAT", "400 kJ"))).summary()["warnings"] if w["code"] == "implausible"}
    assert "probes" in found
    fast = run(case_from(CELL.replace("HEAT", "15 kJ"))).summary()["warnings"]  # 300 K by one reaction without a limit: 4e4 K/s
    assert [w["where"] for w in fast if w["code"] == "implausible"] == ["maximum_rate"]
    fine = case_from(CELL.replace("HEAT", "3 kJ"))
    assert slips(fine) == []
    assert not [w for w in run(fine).summary()["warnings"] if w["code"] == "implausible"]


TAIL = """
    title: a fast reaction and a slow tail, tracked
    sample:
      kind: lumped
      heat_capacity: {at_298K: 3 J/K}
      chemistry:
        title: two
        species: {c: {start: 1}, d: {start: 1}}
        reactions:
          fast:
            pre_exponential_factor: 1e11 1/s
            activation_energy: 120 kJ/mol
            factors: [{kind: order, species: c, order: 1}]
            consumes: {c: 1}
            heat: 900 J
          tail:
            pre_exponential_factor: 2.5e-3 1/s
            activation_energy: 40 kJ/mol
            factors: [{kind: order, species: d, order: 1}]
            consumes: {d: 1}
            heat: 60 J
    programme:
      kind: arc
      start: 90 degC
      step: 5 K
      heater: 5 K/min
      wait: 15 min
      seek: 20 min
      sensitivity: 0.02 K/min
      lost_exotherm: LOST
      end: 500 degC
"""


@pytest.mark.slow
def test_a_test_tracked_to_the_end_goes_on_as_long_as_anything_heats():
    """960 J in 3 J/K are 320 K above the temperature to which the heater brought the cell."""
    summary = run(case_from(TAIL.replace("LOST", "track"))).summary()
    start, last = summary["exotherms"][0]["start"], summary["probes"]["sample"]["maximum_K"]
    assert last - start["temperature_K"] == pytest.approx(320.0 - 2.0, abs=2.0)
    assert run(case_from(TAIL.replace("LOST", "return"))).summary()["probes"]["sample"]["maximum_K"] < last


def test_a_stated_number_is_not_listed_as_a_default():
    text = """
    title: oven
    sample: {kind: lumped, heat_capacity: {at_298K: 3 J/K}, surface: 40 cm2, temperature: 25 degC}
    programme:
      kind: oven
      air: {value: 155 degC, status: measured, source: our thermocouple}
      heat_transfer_coefficient: 7 W/(m2 K)
      end: 1 h
"""
    summary = run(case_from(text)).summary()
    assert not [entry for entry in summary["inputs_not_measured"] if "air" in entry["key"]]
    assert summary["onsets"]["T2"]["1 K/s"] is None and summary["onsets"]["T3"] is None  # 1.2 K/s, all of it from the oven


def test_a_title_steers_no_terminal(thermo, tmp_path):
    (tmp_path / "a.yaml").write_text(BAR.replace("title: a bar", r'title: "evil \e[31mred \e]0;owned\x07 end"'))
    code, out, err = thermo("run", "a.yaml", "--out", "x")
    assert code == 0
    assert not [c for c in out + "".join(err) if ord(c) < 32 and c != "\n"]
    assert "end" in out


def test_a_patch_too_small_for_its_body_is_said_by_its_width():
    text = """
    title: a disc
    materials: {m: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}
    sample:
      kind: boxes
      coordinates: axisymmetric
      regions: {base: {material: m, from: [0 m, 0 m], to: [1 m, 1 m]}}
      patches: {hot: {from: [0 m, 1 m], to: [1 um, 1 m]}}
      temperature: 0 degC
    programme: {kind: steady, faces: {hot: [{kind: held, temperature: 1 degC}], bottom: [{kind: held, temperature: 0 degC}]}}
"""
    with pytest.raises(CaseError, match=r"patches.hot.to: is 1 um wide along r, the whole body 1 m: a mesh needs more than 1 um"):
        case_from(text)


ARC_CELL = (
    textwrap.dedent(CELL).replace("HEAT", "3 kJ").replace("end: 400 degC", "end: 150 degC, record: {interval: INTERVAL, fastest: 0.1 ms}")
)


def test_a_record_of_more_rows_than_a_file_holds_is_refused_or_said(thermo, tmp_path):
    """A row a microsecond is refused by the first window; one every 20 ms of a test of days is not written, and a warning says so."""
    case = tmp_path / "case.yaml"
    case.write_text(ARC_CELL.replace("INTERVAL", "1 us"))
    code, _, err = thermo("check", "case.yaml")
    assert code == 2
    assert "programme.record.interval: gives 1.5e+09 rows in the first wait and seek" in err[0]
    case.write_text(ARC_CELL.replace("INTERVAL", "1 ms"))
    assert thermo("run", "case.yaml", "--no-pictures", "--quiet", "--out", "run")[0] == 0
    assert not (tmp_path / "run" / "record.csv").exists()
    said = json.loads((tmp_path / "run" / "summary.json").read_text())["warnings"]
    assert [w["where"] for w in said if w["code"] == "record"] == ["programme.record.interval"]


HEATER = """
title: a heater left on
sample:
  kind: lumped
  heat_capacity: {at_298K: 40 J/K}
  surface: 40 cm2
  temperature: 25 degC
  chemistry:
    title: first order
    species: {c: {start: 1}}
    reactions:
      only: {pre_exponential_factor: 1e12 1/s, activation_energy: 120 kJ/mol, factors: [{kind: order, species: c, order: 1}],
             consumes: {c: 1}, heat: HEAT}
programme: {kind: heater, power: POWER, air: 25 degC, heat_transfer_coefficient: 7 W/(m2 K), end: 10 min}
"""


def test_a_heater_left_on_says_why_there_is_no_t2():
    """100 W into 40 J/K are 2.5 K/s, which are not the cell's; a strong reaction has its T2, and a weak heater needs no word."""

    def heated(heat, power="100 W"):
        summary = run(case_from(HEATER.replace("HEAT", heat).replace("POWER", power))).summary()
        return summary["onsets"]["T2"]["1 K/s"], [w["text"] for w in summary["warnings"] if w["code"] == "heated"]

    found, (said,) = heated("300 J")
    assert found is None and said.startswith("no T2 (1 K/s): the rate is reached only while something else heats the cell")
    found, said = heated("3 kJ")
    assert found is not None and said == []
    assert heated("100 J", "1 W") == (None, [])
