"""Numbers of bodies against sums made by hand: heat through faces that meet held ones, starts by region, crossings, balances, restarts."""

import re

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.materials.integral import enthalpy_of
from thermo.results.store import Folder
from thermo.simulation.simulate import run

HEAD = """
title: by hand
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  air: {density: 1 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1e-4 W/(m K)}
"""
SQUARE = """
sample:
  kind: boxes
  coordinates: plane
  regions: {a: {material: a, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}}
  temperature: 300 K
  mesh: {MESH}
"""
MESHES = ["order: 1", "order: 2", "order: 1, smallest: 2 mm, largest: 2 mm", "elements: simplices, order: 1"]


@pytest.mark.parametrize("mesh", MESHES)
def test_a_flux_beside_a_held_side_brings_what_it_says(mesh):
    """10 W in through the top, 94.27 through a film, out through the side that is held; flows say what terms say."""
    text = """
programme:
  kind: steady
  faces:
    left: [{kind: held, temperature: 300 K}]
    top: [{kind: flux, heat_flux: 1 kW/m2}]
    bottom: [{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 400 K}]
measure: {flows: [left, top, bottom]}
"""
    found = run(case_from(HEAD + SQUARE.replace("MESH", mesh) + text)).columns
    for kind in ("heat", "flow"):
        left, top, bottom = (float(found[f"{kind}_{face}_W"][0]) for face in ("left", "top", "bottom"))
        assert top == pytest.approx(10.0, rel=1e-9)
        assert bottom == pytest.approx(94.27, rel=3e-3)
        assert left == pytest.approx(-top - bottom, rel=1e-9)


def test_an_insulator_at_a_junction_takes_no_heat_from_its_neighbours():
    text = """
sample:
  kind: boxes
  coordinates: plane
  thickness: 1 m
  regions:
    lower: {material: a, from: [0 mm, 0 mm], to: [40 mm, 10 mm]}
    upper: {material: a, from: [0 mm, 10 mm], to: [40 mm, 20 mm]}
    core: {material: air, from: [0 mm, 10 mm], to: [10 mm, 20 mm]}
  temperature: 20 degC
  mesh: {order: 1, smallest: 1 mm, largest: 1 mm}
programme: {kind: steady, faces: {bottom: [{kind: held, temperature: 100 degC}], top: [{kind: held, temperature: 20 degC}]}}
measure: {flows: [bottom, lower|upper, lower|core]}
"""
    found = run(case_from(HEAD + text)).columns
    assert abs(found["flow_lower|core_W"][0]) < 0.05
    assert found["flow_lower|upper_W"][0] == pytest.approx(found["flow_bottom_W"][0], rel=1e-4)


HALVES = """
title: two halves
materials:
  a: {density: 2000 kg/m3, heat_capacity: CAPACITY, thermal_conductivity: 5 W/(m K)}
  b: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 5 W/(m K)}
sample:
  kind: boxes
  coordinates: COORDINATES
  regions: {a: {material: a, from: A, to: B}, b: {material: b, from: C, to: D}}
  temperature: {a: 800 K, b: 300 K}
  mesh: {MESH}
programme: {kind: surroundings, end: 3000 s}
measure: {probes: {a: {region: a, take: mean}}}
"""


TURNED = ("[0 mm, 0 mm]", "[2 mm, 10 mm]", "[2 mm, 0 mm]", "[10 mm, 10 mm]")


def halves(mesh, capacity="1000 J/(kg K)", coordinates="axisymmetric", corners=TURNED):
    text = HALVES.replace("MESH", mesh).replace("CAPACITY", capacity).replace("COORDINATES", coordinates)
    for key, corner in zip("ABCD", corners, strict=True):
        text = re.sub(rf"\b{key}\b", corner, text)
    return text


@pytest.mark.parametrize("mesh", ["order: 1", "order: 2", "order: 1, smallest: 2 mm, largest: 2 mm", "elements: simplices"])
@pytest.mark.usual(1)
def test_halves_round_an_axis_settle_at_their_mean(mesh):
    """A twenty-fifth of the volume 500 K hotter, on any mesh."""
    assert run(case_from(halves(mesh))).columns["a_K"][-1] == pytest.approx(320.0, abs=1e-4)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.usual(1)
def test_halves_whose_capacity_depends_on_temperature_keep_their_enthalpy(order):
    """15.00 MJ above 300 K with 2 MJ/K of the one and (500 + 4 (T - 300)) 20 kJ/K of the other: 643.07 K."""
    corners = ("0 mm", "10 mm", "10 mm", "20 mm")
    result = run(case_from(halves(f"order: {order}", "{table: [[300 K, 500 J/(kg K)], [800 K, 2500 J/(kg K)]]}", "line", corners)))
    rise = (-1500.0 + np.sqrt(1500.0**2 + 8.0 * 750e3)) / 4.0  # 1000 x + 500 x + 2 x^2 = 750 kJ/kg
    assert result.columns["a_K"][-1] == pytest.approx(300.0 + rise, abs=0.01)


def test_density_and_capacity_over_temperature_together():
    """h = integral of (2000 - 3 x)(500 + 4 x) from 300 K: 1e6 x + 3250 x^2 - 4 x^3."""
    density = "{table: [[300 K, 2000 kg/m3], [800 K, 500 kg/m3]]}"
    capacity = "{table: [[300 K, 500 J/(kg K)], [800 K, 2500 J/(kg K)]]}"
    material = f"  c: {{density: {density}, heat_capacity: {capacity}, thermal_conductivity: 1 W/(m K)}}"
    body = SQUARE.replace("material: a", "material: c").replace("MESH", "order: 1")
    case = case_from(HEAD + material + body + "programme: {kind: surroundings, end: 1 s}")
    law, x = enthalpy_of(case.material("c")), np.array([50.0, 123.4, 308.3, 500.0])
    exact = 1e6 * x + 3250.0 * x**2 - 4.0 * x**3
    assert law.at(300.0 + x) - law.at(np.array([300.0])) == pytest.approx(exact, rel=2e-4)


@pytest.mark.parametrize("tensor", ["true", "false"])
def test_half_of_a_rise_counts_from_the_start_and_not_from_the_jump(tensor):
    """A mean over nodes some of which are held at once."""
    text = f"""
sample:
  kind: layered-block
  size: [10 mm, 10 mm]
  layers: [{{name: a, material: a, thickness: 10 mm}}]
  temperature: 300 K
  mesh: {{order: 1}}
programme: {{kind: surroundings, faces: {{top: [{{kind: held, temperature: 400 K}}]}}, end: 20 s}}
measure:
  probes: {{whole: {{region: a, take: mean}}}}
  crossings: {{half: {{probe: whole, fraction: 0.5, of: top}}, level: {{probe: whole, temperature: 350 K}}}}
numerics: {{tensor: {tensor}}}
"""
    summary = run(case_from(HEAD + text)).summary()
    assert summary["crossings"]["half"] == summary["crossings"]["level"]
    assert summary["probes"]["whole"]["initial_K"] == pytest.approx(300.0)


def test_biot_is_of_the_body_and_not_of_its_mesh():
    """k of the start's mean over the volume: 300 K in ten elevenths, 800 K in one; 345.45 K, where a table of k gives 1.909 W/(m K)."""
    text = """
title: two parts
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: {table: [[300 K, 1 W/(m K)], [800 K, 11 W/(m K)]]}}
sample:
  kind: boxes
  coordinates: line
  regions: {a: {material: a, from: 0 mm, to: 10 mm}, b: {material: a, from: 10 mm, to: 11 mm}}
  temperature: {a: 300 K, b: 800 K}
  mesh: {order: 1, smallest: SIZE, largest: 2 mm}
programme:
  kind: surroundings
  faces:
    left: [{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 300 K}]
    a|b: [{kind: contact, resistance: 1e-2 m2 K/W}]
  end: 1 s
"""
    for size in ("1 mm", "0.1 mm", "0.01 mm"):
        biot = run(case_from(text.replace("SIZE", size))).summary()["derived"]["biot"]["left"]
        assert biot == pytest.approx(100.0 * 0.011 / (1.0 + 10.0 / 500.0 * 500.0 / 11.0), rel=1e-6)


def test_rows_after_the_end_change_nothing():
    text = """
programme:
  kind: surroundings
  faces: {left: [{kind: held, temperature: {table: [[0 s, 300 K], [1 s, 310 K], [30 s, 310 K]MORE]}}]}
  end: 30 s
measure: {probes: {r: {face: right, take: mean}}}
"""
    ends = [
        run(case_from(HEAD + SQUARE.replace("MESH", "order: 1") + text.replace("MORE", more)))
        for more in ("", ", [3000 s, 310 K], [4000 s, 2000 K]")
    ]
    assert ends[0].columns["r_K"].tolist() == ends[1].columns["r_K"].tolist()


def test_heat_that_came_and_went_again_is_exchanged_all_the_same():
    text = """
programme:
  kind: surroundings
  faces: {left: [{kind: flux, heat_flux: {table: [[0 s, 0 W/m2], [5 s, 50 kW/m2], [15 s, -50 kW/m2], [20 s, 0 W/m2]]}}]}
  end: 20 s
"""
    energy = run(case_from(HEAD + SQUARE.replace("MESH", "order: 1") + text)).summary()["energy"]
    assert energy["heat_in_J"] + energy["heat_out_J"] < 1e-6
    assert energy["residual_relative"] < 1e-10


def test_a_material_is_warned_of_by_the_temperatures_of_its_own_region():
    text = """
title: a cold part behind a resistance
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 5 W/(m K)}
  c:
    density: 2000 kg/m3
    heat_capacity: {table: [[290 K, 500 J/(kg K)], [400 K, 600 J/(kg K)]]}
    thermal_conductivity: 5 W/(m K)
    melting: {temperature: 500 K}
sample:
  kind: boxes
  coordinates: line
  regions: {a: {material: a, from: 0 mm, to: 10 mm}, c: {material: c, from: 10 mm, to: 20 mm}}
  temperature: 300 K
programme:
  kind: surroundings
  faces: {left: [{kind: held, temperature: 900 K}], a|c: [{kind: contact, resistance: 1 m2 K/W}]}
  end: 100 s
"""
    codes = {warning["code"] for warning in run(case_from(text)).summary()["warnings"]}
    assert not codes & {"outside-table", "melting"}


def test_what_tetrahedra_do_is_not_laid_on_the_steps():
    """A rotated tensor on simplices: heat goes to a node from a colder neighbour."""
    tensor = "{tensor: [[5 W/(m K), -4.9 W/(m K)], [-4.9 W/(m K), 5 W/(m K)]]}"
    text = HEAD + f"  t: {{density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: {tensor}}}"
    text += SQUARE.replace("material: a", "material: t").replace("MESH", "elements: simplices, order: 1, smallest: 1 mm, largest: 1 mm")
    text += "programme: {kind: surroundings, faces: {left: [{kind: held, temperature: 400 K}]}, end: 1 s}"
    found = [warning["text"] for warning in run(case_from(text)).summary()["warnings"] if warning["code"] == "undershoot"]
    assert "shorter steps do not help" in found[0]


LATER = """
sample:
  kind: boxes
  coordinates: line
  regions: {NAMES}
  temperature: START
  mesh: {order: 1}
programme: {kind: surroundings, faces: {PAIR: [{kind: contact, resistance: 0.1 m2 K/W}]}, end: 10 s}
measure: {pictures: {times: [TIME]}}
"""


def later(start, names=("p", "q"), time="10 s", more=""):
    regions = ", ".join(f"{name}: {{material: a, from: {i} mm, to: {i + 1} mm}}" for i, name in enumerate(names))
    text = LATER.replace("NAMES", regions).replace("START", start).replace("PAIR", "|".join(names)).replace("TIME", time)
    return HEAD + text + more


def kept(text, folder):
    """The fields of a run and when it ended, as a result folder has them."""
    result, written = run(case_from(text)), []
    with Folder(folder) as place:
        for number, (time, field) in enumerate(result.frames, 1):
            place.write_frame(number, time, result.body.frame(), result.body.unfolded(field), None, written)
        place.write_json("summary.json", {"end": result.summary()["end"]})


@pytest.mark.parametrize(
    ("time", "names", "more", "words"),
    [
        ("5 s", ("p", "q"), "", "is at 5 s, but the run ended at 10 s; give that run a picture at its end"),
        ("10 s", ("p", "r"), "", "no region 'r' to tell which one is meant"),
        ("10 s", ("p", "q"), "numerics: {check_mesh: true}", "the refined mesh has different nodes"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_before_the_run(tmp_path, time, names, more, words):
    kept(later("{p: 300 K, q: 400 K}", time=time), tmp_path / "before")
    with pytest.raises(CaseError, match=re.escape(words)):
        run(case_from(later(f"{{result: {tmp_path / 'before'}}}", names, more=more)))


def test_a_field_of_another_mesh_is_refused_before_the_run(tmp_path):
    kept(later("{p: 300 K, q: 400 K}"), tmp_path / "before")
    other = later(f"{{result: {tmp_path / 'before'}}}").replace("order: 1", "order: 2")
    with pytest.raises(CaseError, match="its mesh is different") as caught:
        case_from(other)
    assert caught.value.mistakes[0].key == "sample.temperature.result"


def test_cells_are_not_to_be_smaller_than_the_largest_and_larger_than_the_smallest():
    with pytest.raises(CaseError, match="is more than 'largest'"):
        case_from(HEAD + SQUARE.replace("MESH", "smallest: 5 mm, largest: 1 mm") + "programme: {kind: surroundings, end: 1 s}")
