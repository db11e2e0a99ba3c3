"""A vent: its moment by temperature and by gas, the heat that leaves at once, ejecta after it, what never comes, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import case_from
from tests.simulation.test_resume import checkpoints
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run
from thermo.studies.batch import simulate_many

STEADY = (
    "burn: {pre_exponential_factor: 0.01 1/s, activation_energy: 0 J/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 0}],"
)
CELL = (
    """
title: a cell of 100 J/K with 100 W for 100 s
sample:
  kind: lumped
  temperature: 300 K
  mass: 100 g
  volume: 50 mL
  heat_capacity: {at_298K: 100 J/K}
  VENT
  chemistry: {title: constant heat, species: {a: {start: 1}}, reactions: {"""
    + STEADY
    + """ heat: 10 kJ, gas: 20 mmol}}}
programme: {kind: surroundings, end: 200 s}
"""
)
BODY = (
    """
title: a bar of the same, 1000 kJ/(m3 K), 1 MW/m3 for 100 s
materials:
  roll:
    density: 2000 kg/m3
    heat_capacity: 500 J/(kg K)
    thermal_conductivity: 1 W/(m K)
    VENT
    chemistry: {title: constant heat, species: {a: {start: 1}}, reactions: {"""
    + STEADY
    + """
      heat: {per_mass: 50 J/g, content: 2000 kg/m3}, gas: 0.1 mol/kg}}}
sample:
  kind: boxes
  coordinates: line
  cross_section: 10 cm2
  temperature: 300 K
  regions: {first: {material: roll, from: [0 mm], to: [5 mm]}, second: {material: roll, from: [5 mm], to: [10 mm]}}
  mesh: {order: 1, largest: 2.5 mm}
programme: {kind: surroundings, end: 200 s}
measure: {probes: {middle: {region: second, take: mean}}}
"""
)


def cell(vent, **changes):
    text = CELL.replace("VENT", vent)
    for old, new in changes.items():
        text = text.replace(old, new)
    return case_from(text)


def body(vent):
    return case_from(BODY.replace("VENT", vent))


@pytest.mark.parametrize("gas", ["5 mmol", "0.1 mol/L", "50 mmol/kg"])
def test_gas_opens_the_vent_of_a_cell_and_heat_leaves_at_once(gas):
    """A quarter of the gas is there after 25 s, at 325 K; 10 J/g of 100 g are 10 K of 100 J/K."""
    result = run(cell(f"vent: {{at: {{gas: {gas}}}, takes: 10 J/g}}"))
    summary = result.summary()
    assert summary["triggers"]["sample-vents"]["time_s"] == pytest.approx(25.0, rel=2e-6)
    before, after = (result.columns["sample_K"][np.searchsorted(result.time, 25.0) + i] for i in (0, 1))
    assert before - after == pytest.approx(10.0, rel=1e-12)
    assert summary["probes"]["sample"]["final_K"] == pytest.approx(390.0, rel=1e-9)
    assert summary["energy"]["ejected_J"] == pytest.approx(1000.0, rel=1e-12)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["gas"] == {"made_mol": pytest.approx(0.02, rel=1e-9), "by_reaction_mol": {"burn": pytest.approx(0.02, rel=1e-9)}}


def test_a_temperature_opens_the_vent_and_ejecta_leave_from_then_on():
    """350 K after 50 s; 500 J at once, then half of the other 5000 J."""
    summary = run(cell("vent: {at: {temperature: 350 K}, takes: 500 J}\n  ejecta: {fraction: 0.5, after: vent}")).summary()
    assert summary["triggers"]["sample-vents"]["time_s"] == pytest.approx(50.0, rel=2e-6)
    assert summary["probes"]["sample"]["final_K"] == pytest.approx(300.0 + 50.0 - 5.0 + 25.0, rel=1e-7)
    assert summary["energy"]["ejected_J"] == pytest.approx(3000.0, rel=1e-6)
    assert summary["energy"]["residual_relative"] < 1e-12


@pytest.mark.parametrize("gas", ["50 mol/m3", "25 mmol/kg"])
def test_the_vent_of_a_material_is_that_of_a_cell(gas):
    """A quarter of 200 mol/m3; 5 J/g are 10 K; half of what comes after 25 s leaves."""
    summary = run(body(f"vent: {{at: {{gas: {gas}}}, takes: 5 J/g}}\n    ejecta: {{fraction: 0.5, after: vent}}")).summary()
    for region in ("first", "second"):
        assert summary["triggers"][f"{region}-vents"]["time_s"] == pytest.approx(25.0, rel=2e-6)
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(300.0 + 25.0 - 10.0 + 37.5, rel=1e-7)
    assert summary["energy"]["ejected_J"] == pytest.approx(100.0 + 375.0, rel=1e-6)
    assert summary["gas"]["made_mol"] == pytest.approx(200.0 * 1e-5, rel=1e-9)
    assert summary["energy"]["residual_relative"] < 1e-12


def test_one_region_vents_and_the_other_does_not():
    """A contact that hardly conducts; 100 W more in the first of two regions of 5 J/K bring it to 330 K after 1.2 s."""
    text = BODY.replace("VENT", "vent: {at: {temperature: 330 K}, takes: 20 J/g}").replace("0.01 1/s", "0.001 1/s")
    text = text.replace("  mesh:", "  contacts: {first|second: 1e3 m2 K/W}\n  mesh:")
    summary = run(case_from(text.replace("end: 200 s", "end: 2 s, sources: {first: {power: 100 W}}"))).summary()
    assert summary["triggers"]["first-vents"]["time_s"] == pytest.approx(30.0 / 20.1, rel=1e-3)
    assert summary["triggers"]["second-vents"]["time_s"] is None
    assert summary["energy"]["ejected_J"] == pytest.approx(20e3 * 2000.0 * 5e-6, rel=1e-12)
    assert summary["energy"]["residual_relative"] < 1e-12


def test_what_a_held_node_loses_comes_back_through_its_face():
    text = BODY.replace("VENT", "vent: {at: {gas: 50 mol/m3}, takes: 5 J/g}")
    text = text.replace("end: 200 s", "end: 200 s, faces: {left: [{kind: held, temperature: 300 K}]}")
    summary = run(case_from(text)).summary()
    assert summary["energy"]["ejected_J"] == pytest.approx(100.0, rel=1e-12)
    assert summary["energy"]["residual_relative"] < 1e-12


RUNAWAY = (
    "pre_exponential_factor: 1e11 1/s, activation_energy: 110 kJ/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 1}],"
)
CONSTANT = STEADY.removeprefix("burn: {")


@pytest.mark.parametrize("text", [CELL, BODY])
def test_a_runaway_that_vents_keeps_its_energy_and_resumes_bitwise(text):
    """On either side of the vent, where a tenth of the gas is made."""
    amount = "2 mmol" if text is CELL else "20 mol/m3"
    text = text.replace("VENT", f"vent: {{at: {{gas: {amount}}}, takes: 30 J/g}}").replace(CONSTANT, RUNAWAY)
    case = case_from(text.replace("temperature: 300 K", "temperature: 420 K").replace("end: 200 s", "end: 1 h"))
    whole, kept = run(case), checkpoints(case)
    summary = whole.summary()
    (entry, *_) = summary["triggers"].values()
    assert entry["time_s"] is not None
    assert summary["energy"]["residual_relative"] < 1e-12
    for k in (1, len(kept) // 2, len(kept) - 2):
        resumed = run(case, resume=kept[k])
        for name, values in whole.columns.items():
            assert resumed.columns[name].tolist() == values.tolist(), name


def test_a_vent_delays_a_runaway_until_enough_heat_has_left():
    """What leaves at 440 K is the difference of what is stored after the same heat has come."""
    case = {
        name: cell(vent, **{CONSTANT: RUNAWAY, "300 K": "420 K", "200 s": "1 h"})
        for name, vent in (("with", "vent: {at: {temperature: 440 K}, takes: 20 J/g}"), ("without", ""))
    }
    summary = {name: run(one).summary() for name, one in case.items()}
    late = {name: found["maximum_rate"]["time_s"] for name, found in summary.items()}
    assert late["with"] > late["without"] + 60.0
    assert summary["with"]["probes"]["sample"]["final_K"] == pytest.approx(
        summary["without"]["probes"]["sample"]["final_K"] - 20.0, abs=1e-3
    )


@pytest.mark.parametrize(
    "start, reaction, made",
    [
        ("500 kg/m3", "5 1/s, 400 kJ/kg, 12 mol/kg", 0.3),  # 25 g in 50 mL
        ("0.1 mol", "0.001 1/s, 100 kJ/mol, 2.5", 0.25),
    ],
)
def test_gas_goes_with_the_extent_whatever_amounts_are(start, reaction, made):
    """All of it after 100 s."""
    rate, heat, gas = reaction.split(", ")
    heat = f"{{{'per_mass' if 'kg' in heat else 'per_mole'}: {heat}}}"
    changes = {"0.01 1/s": rate, "start: 1}": f"start: {start}}}", "heat: 10 kJ": f"heat: {heat}", "gas: 20 mmol": f"gas: {gas}"}
    summary = run(cell(f"vent: {{at: {{gas: {0.5 * made} mol}}}}", **changes)).summary()
    assert summary["gas"]["made_mol"] == pytest.approx(made, rel=1e-6)
    assert summary["triggers"]["sample-vents"]["time_s"] == pytest.approx(50.0, rel=1e-5)


POUCH = (
    """
title: a pouch whose coatings make gas
materials:
  metal: {density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 100 W/(m K)}
  paper: {density: 1000 kg/m3, heat_capacity: 1500 J/(kg K), thermal_conductivity: 1 W/(m K)}
  anode:
    density: 1500 kg/m3
    heat_capacity: 1000 J/(kg K)
    thermal_conductivity: 1 W/(m K)
    chemistry: {title: anode, species: {a: {start: 1}}, reactions: {"""
    + STEADY
    + """ heat: {per_mass: 50 J/g, content: 1000 kg/m3}, gas: 100 mol/m3}}}
  cathode:
    density: 3000 kg/m3
    heat_capacity: 1000 J/(kg K)
    thermal_conductivity: 1 W/(m K)
    chemistry: {title: cathode, species: {a: {start: 1}}, reactions: {"""
    + STEADY
    + """ heat: {per_mass: 50 J/g, content: 1000 kg/m3}, gas: 0.1 mol/kg}}}
sample:
  kind: pouch
  pairs: 4
  negative: {collector: {material: metal, thickness: 10 um}, coating: {material: anode, thickness: 80 um}}
  positive: {collector: {material: metal, thickness: 10 um}, coating: {material: cathode, thickness: 50 um}}
  separator: {material: paper, thickness: 20 um}
  size: [100 mm, 50 mm]
  layers: LAYERS
  temperature: 300 K
programme: {kind: surroundings, end: 200 s}
"""
)


@pytest.mark.parametrize("layers", ["one-by-one", "homogenised"])
def test_layers_make_the_same_gas_one_by_one_and_homogenised(layers):
    """4 x 80 um at 100 mol/m3 and 4 x 50 um at 300 mol/m3, of 50 cm2."""
    gas = run(case_from(POUCH.replace("LAYERS", layers))).summary()["gas"]
    assert gas["made_mol"] == pytest.approx(4.0 * (80e-6 * 100.0 + 50e-6 * 300.0) * 50e-4, rel=1e-6)


@pytest.mark.parametrize("vent", ["{temperature: 500 K}", "{gas: 15 mmol}"])
def test_a_vent_that_never_comes_is_said(vent):
    summary = run(cell(f"vent: {{at: {vent}, takes: 1 J/g}}", **{"end: 200 s": "end: 50 s"})).summary()
    (warning,) = (w for w in summary["warnings"] if w["code"] == "not-triggered")
    assert "sample-vents waits for" in warning["text"] and "never comes" in warning["text"]
    assert summary["energy"]["ejected_J"] == 0.0


def test_a_material_that_never_vents_is_said():
    summary = run(body("vent: {at: {temperature: 500 K}}")).summary()
    assert [w["where"] for w in summary["warnings"] if w["code"] == "not-triggered"] == ["triggers.first-vents", "triggers.second-vents"]


def test_a_batch_vents_as_a_single_run_does():
    """Ejecta halve what comes after 25 s; 10 K leave at once."""
    case = cell("vent: {at: {gas: 5 mmol}, takes: 10 J/g}\n  ejecta: {fraction: 0.5, after: vent}")
    found = simulate_many(case, {"sample.ejecta.fraction": [0.5, 0.2]})
    assert found["final_K"] == pytest.approx([300.0 + 25.0 - 10.0 + 37.5, 300.0 + 25.0 - 10.0 + 60.0], rel=1e-7)


def test_gas_is_given_to_a_library_mechanism_by_its_name():
    text = CELL.split("  chemistry:")[0].replace("VENT", "vent: {at: {gas: 1 mmol}}").replace("300 K", "420 K").replace("50 mL", "16 mL")
    text += "  chemistry: hatchard-kim-4\n  with: {sei.gas: 20 mmol}\nprogramme: {kind: surroundings, end: 1 h}\n"
    summary = run(case_from(text)).summary()
    assert summary["triggers"]["sample-vents"]["time_s"] > 0.0
    assert summary["gas"]["by_reaction_mol"]["sei"] == pytest.approx(0.15 * 0.02, rel=1e-3)  # of 0.15 sei


@pytest.mark.parametrize(
    "vent, changes, text",
    [
        ("vent: {at: {gas: 1 mmol}}", {", gas: 20 mmol": ""}, "no reaction makes gas"),
        ("vent: {at: {gas: 30 mmol}}", {}, "never comes: the reactions make 0.667 of that amount at most"),
        ("vent: {at: {gas: 1 mmol, temperature: 400 K}}", {}, "give either 'temperature' or 'gas'"),
        ("vent: {at: {gas: 1 mol/m3}}", {"volume: 50 mL": ""}, "the cell has no 'volume'"),
        ("vent: {at: {temperature: 400 K}, takes: 1 J/g}", {"mass: 100 g": ""}, "the cell has no 'mass'"),
        ("vent: {at: {gas: 1 g}}", {}, "amount of substance"),
        ("vent: {at: {gas: 5}}", {}, "has no unit"),
        ("vent: {at: {gas: 1 mmol}}", {"gas: 20 mmol": "gas: 3"}, "amounts are fractions"),
        ("ejecta: {fraction: 0.5, after: vent}", {}, "names a vent, but the cell has none"),
        ("vent: {at: {gas: 1 mmol}, takes: 5 W}", {}, "specific energy"),
    ],
)
def test_a_vent_that_does_not_fit_is_refused(vent, changes, text):
    with pytest.raises(CaseError, match=text):
        cell(vent, **changes)


@pytest.mark.parametrize(
    "vent, old, new, text",
    [
        ("vent: {at: {gas: 5 mmol}}", "", "", "is that of a whole cell; a material needs mol/m3 or mol/kg"),
        ("vent: {at: {gas: 50 mol/m3}, takes: 5 J}", "", "", "is that of a whole cell; a material needs J/kg"),
        ("vent: {at: {gas: 500 mol/m3}}", "", "", "the reactions make 0.4 of that amount at most"),
        ("vent: {at: {temperature: 400 K}}", "0.1 mol/kg", "0.1 mol", "the gas of 'burn' is that of a whole cell"),
        ("ejecta: {fraction: 0.5, after: vent}", "", "", "names a vent, but the material has none"),
        ("ejecta: {fraction: 0.5, after: bent}", "", "", "unknown choice 'bent'; did you mean 'vent'"),
    ],
)
def test_a_vent_that_does_not_fit_a_material_is_refused(vent, old, new, text):
    with pytest.raises(CaseError, match=text):
        case_from(BODY.replace("VENT", vent).replace(old, new))


def test_a_vent_of_a_material_that_does_not_react_is_refused():
    text = BODY[: BODY.index("    chemistry")].replace("VENT", "vent: {at: {temperature: 400 K}}") + BODY[BODY.index("sample:") :]
    with pytest.raises(CaseError, match="is that of a cell that reacts"):
        case_from(text)


def test_a_programme_that_prescribes_the_temperature_takes_no_heat_at_once():
    ramp = "{kind: ramp, heating_rate: 5 K/min, end: 400 K}"
    with pytest.raises(CaseError, match="cools the cell at once, but the programme 'ramp' prescribes"):
        cell("vent: {at: {temperature: 350 K}, takes: 1 J/g}", **{"{kind: surroundings, end: 200 s}": ramp})


def test_more_heat_than_there_is_ends_the_run_in_words():
    result = run(cell("vent: {at: {temperature: 350 K}, takes: 1 MJ/kg}"))
    assert result.failure and "more heat is taken out than there is" in result.failure
