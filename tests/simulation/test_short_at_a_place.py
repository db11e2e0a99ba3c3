"""A short at a place and at a time: its charge is that of the whole cell, its heat comes in the place; what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import case_from
from tests.simulation.test_resume import checkpoints
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run

BAR = """
title: a bar of 10 J/K with a short of 4 V over 0.1 ohm
materials:
  metal: &metal
    density: 2000 kg/m3
    heat_capacity: 500 J/(kg K)
    thermal_conductivity: 20 W/(m K)
    SHORT
    chemistry: {title: one step, species: {a: {start: 1}}, reactions: {burn: {
      pre_exponential_factor: 1e-8 1/s, activation_energy: 80 kJ/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 1}],
      heat: {per_mass: 50 kJ/kg, content: 2000 kg/m3}}}}
sample:
  kind: boxes
  coordinates: line
  cross_section: 10 cm2
  temperature: 400 K
  regions: {first: {material: metal, from: [0 mm], to: [10 mm]}}
  mesh: {order: 1, smallest: 0.5 mm, largest: 0.5 mm}
programme: {kind: surroundings, end: 30 s}
measure: {probes: {left: {face: left, take: mean}, right: {face: right, take: mean}}}
""".replace("&metal", "")
FINE = {"programme:": "numerics: {tolerance: 1e-5}\nprogramme:"}
WHOLE = "place: {box: {from: [0 mm], to: [10 mm]}},"
PART = "place: {box: {from: [1 mm], to: [3 mm]}},"


def short(at="time: 1 s", place="", empty="4 V"):
    voltage = f"voltage: {{empty: {empty}, full: 4 V}}"
    return f"short: {{at: {{{at}}}, {place} resistance: 0.1 ohm, charge: 100 A s, {voltage}, from: a, half: 1e-6}}"


def lumped(text):
    """The same with one temperature, without its programme."""
    material = BAR[: BAR.index("sample:")].replace("SHORT", "")
    return f"""
title: a cell of 10 J/K
sample:
  kind: lumped
  temperature: 400 K
  volume: 1e-5 m3
  heat_capacity: {{at_298K: 10 J/K}}
  {text}
  {material[material.index("chemistry:") :].strip()}
"""


def bar(text=None, **changes):
    made = BAR.replace("SHORT", short(place=PART) if text is None else text)
    for old, new in changes.items():
        assert old in made
        made = made.replace(old, new)
    return case_from(made)


@pytest.mark.parametrize("empty, energy", [("4 V", 400.0), ("2 V", 300.0)])
def test_the_energy_is_that_of_the_charge_wherever_it_comes(empty, energy):
    """The mean voltage times 100 A s; nothing of it is lost between the place and the rest."""
    summary = run(bar(short(place=PART, empty=empty))).summary()
    assert summary["energy"]["released_J"]["metal_short"] == pytest.approx(energy, rel=1e-6)
    assert summary["energy"]["final_J"] - summary["energy"]["initial_J"] == pytest.approx(energy, rel=1e-6)
    assert summary["energy"]["residual_relative"] < 1e-12


@pytest.mark.parametrize("place", [WHOLE, ""])
@pytest.mark.parametrize("empty", ["4 V", "2 V"])
def test_a_place_that_is_all_of_the_cell_is_no_place(empty, place):
    """16 K/s at 4 V; where V falls from 4 to 2 V with the charge, 400 J (1 - exp(-0.4 t/s)) have come."""
    levels = [410.0, 420.0, 425.0]
    crossings = ", ".join(f"at-{level:g}: {{probe: right, temperature: {level:g} K}}" for level in levels)
    asked = f"take: mean}}}}, crossings: {{{crossings}}}}}\nnumerics: {{tolerance: 1e-4}}"
    summary = run(bar(short(place=place, empty=empty), **{"take: mean}}}": asked})).summary()
    for level in levels:
        after = (level - 400.0) / 16.0 if empty == "4 V" else -np.log(1.0 - (level - 400.0) / 40.0) / 0.4
        assert summary["crossings"][f"at-{level:g}"]["time_s"] == pytest.approx(1.0 + after, abs=8e-3)  # 0.016 K at 2 K/s
    assert summary["probes"]["right"]["final_K"] == pytest.approx(440.0 if empty == "4 V" else 430.0, abs=0.01)
    assert summary["energy"]["residual_relative"] < 1e-12


@pytest.mark.parametrize("place", [PART, ""])
@pytest.mark.parametrize("tolerance", ["1e-3", "1e-4"])
def test_a_short_ends_when_its_charge_is_gone(place, tolerance):
    """After 2.5 s, within a step; it draws no more than there is, and gives none of it back. The ends follow a series of cosines."""
    result = run(bar(short(place=place), **{"programme:": f"numerics: {{tolerance: {tolerance}}}\nprogramme:"}))
    drawn = result.columns["conversion_first_short"]
    assert np.max(drawn) <= 1.0 + float(tolerance)
    assert np.min(np.diff(drawn)) >= -float(tolerance)
    if place:
        assert np.interp([3.0, 3.5, 3.584], result.time, result.columns["left_K"]) == pytest.approx([444.15, 452.31, 451.30], abs=0.15)


def test_the_place_is_heated_as_by_a_source_of_the_same_power():
    """160 W for 2.5 s from 1 s on, in the piece of the bar between 1 and 3 mm."""
    shorted = run(bar(**FINE))
    text = BAR.replace("SHORT", "").replace("programme:", FINE["programme:"])
    text = text.replace(
        "{first: {material: metal, from: [0 mm], to: [10 mm]}}",
        "{first: {material: metal, from: [0 mm], to: [10 mm]}, hot: {material: metal, from: [1 mm], to: [3 mm]}}",
    )
    source = "sources: {hot: {power: {table: [[0 s, 0 W], [1 s, 0 W], [1.0001 s, 160 W], [3.5 s, 160 W], [3.5001 s, 0 W]]}}}"
    heated = run(case_from(text.replace("end: 30 s", f"end: 30 s, {source}")))
    times = np.linspace(0.0, 10.0, 41)
    for name in ("left_K", "right_K"):
        one, other = (np.interp(times, result.time, result.columns[name]) for result in (shorted, heated))
        assert one == pytest.approx(other, abs=0.1)
    assert np.max(shorted.columns["left_K"] - shorted.columns["right_K"]) > 15.0


def test_the_charge_is_drawn_evenly_from_the_whole_cell():
    """A share of the charge of every node, wherever the heat is; 1 s after the beginning it is 40 of 100 A s."""
    result = run(bar(**{"end: 30 s": "end: 2 s"}))
    used = result.state.extent[:, 1]
    assert used == pytest.approx(0.4, rel=1e-5)
    assert np.ptp(used) < 1e-12


def test_a_reaction_finds_what_the_short_has_left():
    """Both use the charged material: in all one unit of it is spent."""
    changes = {"1e-8 1/s": "1e9 1/s", "end: 30 s": "end: 60 s"}
    result = run(bar(short(at="time: 0 s", place=PART), **changes))
    summary = result.summary()
    assert result.state.extent.sum(axis=1) == pytest.approx(1.0, abs=1e-3)
    assert 0.05 < result.columns["conversion_first_short"][-1] < 0.95
    assert summary["energy"]["released_J"]["metal_short"] == pytest.approx(400.0 * result.columns["conversion_first_short"][-1], rel=1e-9)
    assert summary["energy"]["residual_relative"] < 1e-12


def test_the_temperature_is_that_of_the_place():
    """The bar is heated from the left; the place near its right end comes to 420 K later than the left end."""
    place = "place: {box: {from: [8 mm], to: [9 mm]}},"
    case = bar(short(at="temperature: 420 K", place=place), **{"end: 30 s": "end: 30 s, faces: {left: [{kind: flux, power: 40 W}]}"})
    result = run(case)
    summary = result.summary()
    began = summary["triggers"]["first-shorts"]["time_s"]
    assert np.interp(began, result.time, result.columns["first-short_K"]) == pytest.approx(420.0, abs=0.01)
    assert np.interp(began, result.time, result.columns["left_K"]) > 423.0
    assert summary["energy"]["residual_relative"] < 1e-12


TWO = "{first: {material: metal, from: [0 mm], to: [5 mm]}, second: {material: metal, from: [5 mm], to: [12 mm]}}"


def test_the_cell_that_has_the_place_is_shorted_and_no_other():
    """Cells of one material need not be of one size then."""
    summary = run(bar(**{"{first: {material: metal, from: [0 mm], to: [10 mm]}}": TWO})).summary()
    assert set(summary["triggers"]) == {"first-shorts"}
    assert summary["energy"]["released_J"]["metal_short"] > 399.0
    assert summary["energy"]["residual_relative"] < 1e-12


def test_a_hot_short_with_ejecta_keeps_its_energy_and_resumes_bitwise():
    text = short(place=PART) + "\n    ejecta: {fraction: 0.3, after: {temperature: 450 K}}"
    case = bar(text, **{"1e-8 1/s": "1e9 1/s"})
    whole, kept = run(case), checkpoints(case)
    assert whole.summary()["energy"]["residual_relative"] < 1e-12
    assert whole.summary()["energy"]["ejected_J"] > 20.0
    for k in (1, len(kept) // 2, len(kept) - 2):
        resumed = run(case, resume=kept[k])
        for name, values in whole.columns.items():
            assert resumed.columns[name].tolist() == values.tolist(), name


@pytest.mark.parametrize("elements", ["boxes", "simplices"])
@pytest.mark.parametrize("part", ["sphere: {centre: [6 mm, 3 mm], radius: 1 mm}", "sphere: {centre: [6 mm, 3 mm], radius: 10 um}"])
def test_the_hottest_place_of_a_plate_is_at_the_ball(elements, part):
    changes = {
        "coordinates: line": "coordinates: plane",
        "cross_section: 10 cm2": "thickness: 100 mm",
        "{material: metal, from: [0 mm], to: [10 mm]}": "{material: metal, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}",
        "order: 1, ": f"order: 1, elements: {elements}, ",
        "end: 30 s": "end: 2 s",
    }
    summary = run(bar(short(place=f"place: {{{part}}},"), **changes)).summary()
    assert summary["regions"]["first"]["place_of_maximum_m"] == pytest.approx([6e-3, 3e-3], abs=0.8e-3)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["energy"]["final_J"] - summary["energy"]["initial_J"] == pytest.approx(160.0, rel=1e-4)


def test_a_place_in_the_mirrored_half_is_its_image():
    """Half of the bar is modelled; the energy is that of the whole charge."""
    found = []
    for place in ("from: [1 mm], to: [3 mm]", "from: [-3 mm], to: [-1 mm]"):
        text = short(place=f"place: {{box: {{{place}}}}},")
        found.append(run(bar(text, **{"  mesh:": "  symmetry: [left]\n  mesh:"})).summary())
    assert found[0]["energy"]["released_J"]["metal_short"] == pytest.approx(400.0, rel=1e-6)
    assert found[0]["probes"]["left"] == found[1]["probes"]["left"]


def test_a_cell_of_one_temperature_is_shorted_at_a_time():
    """And one in a calorimeter, whose phases have clocks of their own."""
    text = lumped(short("time: 7 s"))
    summary = run(case_from(text + "programme: {kind: surroundings, end: 30 s}\n")).summary()
    assert summary["triggers"]["sample-shorts"] == {"time_s": pytest.approx(7.0, rel=1e-9), "begins_s": 7.0}
    assert summary["probes"]["sample"]["final_K"] == pytest.approx(440.0, rel=1e-5)
    arc = "programme: {kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min,"
    late = text.replace("  temperature: 400 K\n", "").replace("time: 7 s", "time: 50 min")
    summary = run(case_from(f"{late}{arc} end: 80 degC}}\n")).summary()
    assert summary["triggers"]["sample-shorts"]["time_s"] == pytest.approx(3000.0, rel=1e-9)
    never = run(case_from(text.replace("time: 7 s", "time: 7 h") + "programme: {kind: surroundings, end: 30 s}\n")).summary()
    assert "waits for 7 h and never comes: the run ends before" in never["warnings"][0]["text"]


def test_a_time_of_a_body_is_that_of_the_run():
    summary = run(bar(short(at="time: 0 s"))).summary()
    assert summary["triggers"]["first-shorts"] == {"time_s": 0.0, "begins_s": 0.0}
    summary = run(bar(short(at="time: 1 h"))).summary()
    assert [w["text"] for w in summary["warnings"] if w["code"] == "not-triggered"] == [
        "first-shorts waits for 1 h and never comes: the run ends before".replace("1 h", "60 min")
    ]


def test_a_jump_is_no_error_of_the_mesh():
    """The power of a short that begins at a time jumps then on any mesh."""
    checked = {"programme:": "numerics: {check_mesh: true}\nprogramme:", "end: 30 s": "end: 2 s"}
    summary = run(bar(short(), **checked)).summary()
    assert abs(summary["mesh_check"]["results"]["heat_metal_short_W"]["relative"]) < 1e-3
    assert not [w for w in summary["warnings"] if w["code"] == "mesh"]


@pytest.mark.parametrize(
    "text, changes, said",
    [
        (short(place="place: {sphere: {centre: [12 mm], radius: 1 mm}},"), {}, "short.place: its middle lies outside the body"),
        (short(place="place: {sphere: {centre: [12 cm], radius: 1 mm}},"), {}, "short.place: its middle lies outside the body"),
        (short(place="place: {sphere: {centre: [1 mm, 1 mm], radius: 1 mm}},"), {}, "needs 1 coordinates, found 2"),
        (short(place="place: {box: {from: [3 mm], to: [1 mm]}},"), {}, "must lie beyond 'from' along every axis"),
        (short(place="place: {box: {from: [3 mm], to: [4 mm, 5 mm]}},"), {}, "has 2 coordinates, but 'from' has 1"),
        (short(place="place: {},"), {}, "give either 'sphere' or 'box'"),
        (short(at="time: 1 s, temperature: 400 K"), {}, "give either 'temperature' or 'time'"),
        (short(place="place: {cylinder: {from: [1 mm]}},"), {}, "unknown key"),
        (short(place=PART), {"left: {face: left, take: mean}": "first-short: {face: left, take: mean}"}, "the case has one of that name"),
    ],
)
def test_a_place_that_does_not_fit_is_refused(text, changes, said):
    with pytest.raises(CaseError, match=said) as refused:
        bar(text, **changes)
    assert len(refused.value.mistakes) == (2 if "cylinder" in text else 1)


def test_a_place_in_another_material_is_refused():
    more = "materials:\n  other: {density: 1 kg/m3, heat_capacity: 1 J/(kg K), thermal_conductivity: 1 W/(m K)}\n"
    regions = "{first: {material: other, from: [0 mm], to: [5 mm]}, second: {material: metal, from: [5 mm], to: [10 mm]}}"
    with pytest.raises(CaseError, match="in 'first', which is of another material; the cells of 'metal' are 'second'"):
        bar(**{"materials:\n": more, "{first: {material: metal, from: [0 mm], to: [10 mm]}}": regions})


def test_a_cell_of_one_temperature_has_no_places():
    with pytest.raises(CaseError, match="a cell of one temperature has no places"):
        case_from(lumped(short(place=PART)) + "programme: {kind: surroundings, end: 30 s}\n")
