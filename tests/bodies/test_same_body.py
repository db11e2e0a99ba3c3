"""The same body said in two ways gives the same, and what is no sound way to say it is refused."""

import re

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes
from tests.bodies.test_mesh_file import refused, written
from tests.conftest import case_from
from thermo.app.screen_text import case_text
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.results.store import Folder
from thermo.simulation.mesh_body import MeshBody
from thermo.simulation.mode_body import modal_body
from thermo.simulation.simulate import run

MATERIALS = """
    title: the same
    materials:
      a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
      b: {density: 1000 kg/m3, heat_capacity: 3000 J/(kg K), thermal_conductivity: 2 W/(m K)}
"""


def test_the_order_of_regions_in_the_case_is_of_no_account(tmp_path):
    """Densities and heat capacities go to the region that the case gives them to, in whichever order it names them."""
    case = written(tmp_path, 2, "boxes", programme="surroundings\n  end: 10 s")
    case.write_text(case.read_text() + "measure: {probes: {p: {region: a, take: mean}}}\n")
    first = run(read_case(case))
    case.write_text(case.read_text().replace("{a: {material: a}, b: {material: b}}", "{b: {material: b}, a: {material: a}}"))
    second = run(read_case(case))
    assert first.probe("p").tolist() == second.probe("p").tolist()
    assert first.summary()["regions"]["a"] == second.summary()["regions"]["a"]


ROD = (
    MATERIALS
    + """
    sample:
      kind: boxes
      coordinates: axisymmetric
      regions: {rod: {material: a, from: [0 mm, 0 mm], to: [10 mm, 100 mm]}}
      temperature: 300 K
      mesh: {order: 1, largest: 2 mm}
    programme:
      kind: surroundings
      faces: {FACES}
      end: 1 s
    measure: {probes: {axis: [0 mm, 50 mm]}}
"""
)
HOT = "[{kind: held, temperature: 400 K}]"


def test_the_outside_of_a_rod_does_not_reach_its_axis():
    outside = run(case_from(ROD.replace("FACES", f"outside: {HOT}")))
    sides = run(case_from(ROD.replace("FACES", f"right: {HOT}, top: {HOT}, bottom: {HOT}")))
    assert outside.probe("axis").tolist() == sides.probe("axis").tolist()
    assert outside.probe("axis")[-1] < 330.0


def test_the_axis_of_a_mesh_file_is_no_outside_either(tmp_path):
    axes = [np.linspace(0.0, 10.0, 6), np.linspace(0.0, 100.0, 21)]
    mesh = boxes_mesh(axes, {"rod": [Extent((0.0, 0.0), (10.0, 100.0))]}, {})
    (tmp_path / "rod.msh").write_bytes(mesh_bytes(mesh, ".msh"))
    text = ROD.replace("FACES", f"outside: {HOT}").replace("    ", "", 1)
    start, end = text.index("sample:"), text.index("programme:")
    sample = """sample:
      kind: mesh
      file: rod.msh
      unit: mm
      coordinates: axisymmetric
      regions: {rod: {material: a}}
      temperature: 300 K
    """
    file = tmp_path / "rod.yaml"
    from textwrap import dedent

    file.write_text(dedent("    " + text[:start].lstrip() + sample + text[end:]))
    found = run(read_case(file)).probe("axis")[-1]
    assert found == pytest.approx(run(case_from(ROD.replace("FACES", f"outside: {HOT}"))).probe("axis")[-1], abs=1.0)


def test_nothing_is_held_on_an_axis():
    with pytest.raises(CaseError, match="'left' lies on the plane or axis of symmetry 'left', which no heat crosses"):
        case_from(ROD.replace("FACES", f"left: {HOT}"))


BLOCK = (
    MATERIALS
    + """
    sample:
      kind: layered-block
      size: [20 mm, 20 mm]
      layers: [{name: block, material: a, thickness: 20 mm}]
      patches: {spot: {face: top, square: 10 mm, centre: [10 mm, 10 mm]}}
      temperature: 300 K
      mesh: {order: 1, smallest: 8 nm, largest: 10 mm, growth: 10}
    programme: {kind: surroundings, faces: {spot: [{kind: flux, heat_flux: 10 kW/m2}]}, end: 1 s}
    numerics: {tensor: TENSOR, tolerance: 1e-2}
"""
)


@pytest.mark.parametrize("tensor", ["true", "false"])
@pytest.mark.slow
def test_a_patch_is_one_plane_however_near_the_next_is(tensor):
    """10 kW/m2 on 1 cm2 for a second is a joule, with cells of 8 nm below it too."""
    assert run(case_from(BLOCK.replace("TENSOR", tensor))).summary()["energy"]["heat_in_J"] == pytest.approx(1.0, rel=1e-6)


def test_sides_that_are_too_near_for_a_mesh_are_refused():
    text = (
        MATERIALS
        + """
    sample:
      kind: boxes
      coordinates: line
      regions: {one: {material: a, from: 0 mm, to: 10 mm}, two: {material: b, from: 10.00001 mm, to: 20 mm}}
      temperature: 300 K
    programme: {kind: surroundings, end: 1 s}
"""
    )
    with pytest.raises(
        CaseError, match=r"regions.two.from: lies 0.01 um from a side of regions.one along x: make them equal or 0.02 um apart"
    ):
        case_from(text)
    case_from(text.replace("10.00001 mm", "0.01 m"))
    case_from(text.replace("10.00001 mm", "10.0001 mm"))


@pytest.mark.parametrize(("elements", "coordinates"), [("simplices", "plane"), ("boxes", "axisymmetric")])
def test_a_point_a_node_is_for_boxes(elements, coordinates):
    text = ROD.replace("FACES", f"top: {HOT}").replace("axisymmetric", coordinates).replace("largest: 2 mm", f"elements: {elements}")
    case_from(text)
    with pytest.raises(CaseError, match=r"numerics\.quadrature: nodal quadrature is for quadrilaterals and hexahedra"):
        case_from(text + "    numerics: {quadrature: nodal}\n")


def test_a_plane_turned_round_has_no_x_y_z():
    text = ROD.replace("FACES", f"top: {HOT}").replace("10 W/(m K)", "{x: 1 W/(m K), y: 1 W/(m K), z: 5 W/(m K)}")
    with pytest.raises(CaseError, match="give radial and axial"):
        case_from(text)
    along = ROD.replace("FACES", f"top: {HOT}").replace(
        "temperature: 300 K", "temperature: {along: LETTER, table: [[0 mm, 300 K], [10 mm, 400 K]]}"
    )
    with pytest.raises(CaseError, match="the coordinates of the body are r and z"):
        case_from(along.replace("LETTER", "y"))
    assert run(case_from(along.replace("LETTER", "z"))).probe("axis")[0] == pytest.approx(400.0)
    assert run(case_from(along.replace("LETTER", "r"))).probe("axis")[0] == pytest.approx(300.0)


def test_r_is_no_coordinate_of_a_body_in_space():
    text = BLOCK.replace("TENSOR", "true").replace("temperature: 300 K", "temperature: {along: r, table: [[0 mm, 300 K], [10 mm, 400 K]]}")
    with pytest.raises(CaseError, match="the coordinates of the body are x and y and z"):
        case_from(text)


def test_a_crossing_in_a_step_is_that_of_the_parabola():
    """A flux that falls from 200 kW/m2 to none in 10 s warms a body that conducts at once: T = 300 + 20 t - t^2, 380 K after 5.528 s."""
    text = (
        MATERIALS.replace("10 W/(m K)", "1e6 W/(m K)")
        + """
    sample:
      kind: boxes
      coordinates: line
      regions: {bar: {material: a, from: 0 mm, to: 10 mm}}
      temperature: 300 K
    programme:
      kind: surroundings
      faces: {left: [{kind: flux, heat_flux: {from: 200 kW/m2, to: 0 kW/m2, over: 10 s}}]}
      end: 10 s
    measure: {probes: {p: [5 mm]}, crossings: {c: {probe: p, temperature: 380 K}}}
    numerics: {tolerance: TOLERANCE}
"""
    )
    for tolerance in ("2e-4", "1e-6"):
        found = run(case_from(text.replace("TOLERANCE", tolerance))).summary()["crossings"]["c"]["time_s"]
        assert found == pytest.approx(10.0 - np.sqrt(20.0), rel=1e-4)


def test_extremes_within_a_large_block_that_starts_uneven(monkeypatch):
    """All planes are looked at where an extreme of the start may lie within."""
    monkeypatch.setattr("thermo.simulation.mode_body.MOST_SEEN", 1)
    text = (
        BLOCK.replace("TENSOR", "true")
        .replace("smallest: 8 nm", "smallest: 1 mm")
        .replace(
            "thickness: 20 mm}]", "thickness: 5 mm}, {name: mid, material: b, thickness: 5 mm}, {name: low, material: a, thickness: 5 mm}]"
        )
    )
    case = case_from(text.replace("temperature: 300 K", "temperature: {block: 300 K, mid: 400 K, low: 300 K}"))
    result, general = run(case, body=modal_body(case)), run(case, body=MeshBody(case))
    for name in ("block", "mid", "low"):
        for key in ("maximum_K", "minimum_K"):
            one, other = (r.summary()["regions"][name][key] for r in (result, general))
            assert one == pytest.approx(other, abs=0.2)


def test_a_thin_layer_beside_a_thick_one_is_lumped_too():
    text = BLOCK.replace("TENSOR", "false").replace("thickness: 20 mm}]", "thickness: 20 mm}, {name: thin, material: a, thickness: 10 nm}]")
    assert MeshBody(case_from(text)).sample.mass is None


def test_refusals_of_the_two_ways(tmp_path):
    case = written(tmp_path, 2, "simplices")
    case.write_text(case.read_text() + "numerics: {quadrature: nodal}\n")
    assert "nodal quadrature is for quadrilaterals and hexahedra" in refused(case)


TWO_LAYERS = (
    MATERIALS
    + """
    sample:
      kind: layered-block
      size: [10 mm, 10 mm]
      layers: [{name: low, material: a, thickness: 4 mm}, {name: up, material: b, thickness: 4 mm}]
      temperature: START
      mesh: {order: ORDER, largest: 2 mm, symmetry: false}
    programme: {kind: surroundings, faces: {bottom: [{kind: flux, heat_flux: 10 kW/m2}], MORE}, end: 20 s}
    measure: {pictures: {times: [20 s]}}
    numerics: {tensor: TENSOR}
"""
)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.slow
def test_a_start_from_a_result_whose_contact_is_gone(tmp_path, order):
    """The nodes between take the mean weighted with heat capacities, in mode space too, so that no heat is lost."""
    contact = '"low|up": [{kind: contact, resistance: 2e-3 m2 K/W}]'
    text = TWO_LAYERS.replace("ORDER", str(order))
    before = run(case_from(text.replace("START", "300 K").replace("MORE", contact).replace("TENSOR", "false")))
    with Folder(tmp_path / "before") as kept:
        (time, field), body = before.frames[-1], before.body
        kept.write_frame(1, time, body.frame(), body.unfolded(field), None, [])
    stored = before.summary()["regions"]["low"]["stored_J"] + before.summary()["regions"]["up"]["stored_J"]
    starts = []
    for tensor in ("true", "false"):
        case = case_from(text.replace("START", f"{{result: {tmp_path / 'before'}}}").replace(", MORE", "").replace("TENSOR", tensor))
        after = run(case).summary()["energy"]
        cold = run(case_from(text.replace("START", "300 K").replace(", MORE", "").replace("TENSOR", tensor))).summary()["energy"]
        starts.append(after["initial_J"] - cold["initial_J"])
    assert starts == pytest.approx([stored, stored], rel=1e-6)


def test_a_face_and_a_region_of_one_name_are_told_apart(tmp_path):
    case = written(tmp_path, 2, "boxes", programme="surroundings\n  end: 1 s\n  sources: {hot: {power_density: 1 W/m3}}")
    words = refused(case)
    assert "programme.sources.hot: a face of that name has conditions as well" in words


FILM = "convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 400 K"
GLOW = "radiation, emissivity: 0.9, ambient_temperature: 400 K"
INSIDE = {
    "a plane within a region": (
        "kind: boxes, coordinates: line",
        "regions: {a: {material: a, from: 0 mm, to: 10 mm}}, patches: {in: {from: [5 mm], to: [5 mm]}}",
        "in",
    ),
    "an interface": (
        "kind: boxes, coordinates: line",
        "regions: {a: {material: a, from: 0 mm, to: 5 mm}, b: {material: a, from: 5 mm, to: 10 mm}}",
        "a|b",
    ),
    "a plane that is inside in part": (
        "kind: boxes, coordinates: plane",
        "regions: {a: {material: a, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}, b: {material: a, from: [0 mm, 5 mm], to: [5 mm, 10 mm]}}, "
        "patches: {in: {from: [0 mm, 5 mm], to: [10 mm, 5 mm]}}",
        "in",
    ),
    "layers": (
        "kind: layered-block, size: [10 mm, 10 mm]",
        "layers: [{name: a, material: a, thickness: 1 mm}, {name: b, material: a, thickness: 1 mm}]",
        "a|b",
    ),
}


@pytest.mark.parametrize("kind", [FILM, GLOW], ids=["convection", "radiation"])
@pytest.mark.parametrize("name", INSIDE)
def test_a_film_within_the_body_is_refused(name, kind):
    """There are no surroundings; a flux there is heat that is set free, and runs."""
    sample, regions, face = INSIDE[name]
    from textwrap import dedent

    text = dedent(MATERIALS) + f"sample: {{{sample}, {regions}, temperature: 300 K}}\n"
    text += f"programme: {{kind: surroundings, faces: {{{face}: [{{kind: {kind}}}]}}, end: 1 s}}\n"
    with pytest.raises(
        CaseError, match=f"{re.escape(repr(face))} lies within the body, where there are no surroundings: {kind.split(',')[0]}"
    ):
        case_from(text)
    assert case_from(text.replace(kind, "flux, heat_flux: 1 kW/m2"))


TWO = (
    MATERIALS
    + """
    sample:
      kind: boxes
      coordinates: line
      regions: {a: {material: a, from: 0 mm, to: 10 mm}, b: {material: b, from: 10 mm, to: 20 mm}}
      temperature: 300 K
    programme:
      kind: surroundings
      faces:
        left: [{kind: held, temperature: 400 K}]
        NAME: [{kind: contact, resistance: 1e-2 m2 K/W}]
      end: 20 s
    measure:
      flows: [NAME]
      probes: {p: {region: b, take: mean}}
    """
)


def test_an_interface_is_called_by_its_regions_in_either_order():
    """`b|a` is the interface `a|b`, whose flow counts from a to b; both in one file are one interface said twice."""
    first, second = (run(case_from(TWO.replace("NAME", name))) for name in ("a|b", "b|a"))
    assert list(first.columns) == list(second.columns)
    assert all(first.columns[name].tolist() == second.columns[name].tolist() for name in first.columns)
    assert first.columns["flow_a|b_W"][-1] > 0.0
    twice = TWO.replace("        NAME: [", "        a|b: [{kind: contact, resistance: 1 m2 K/W}]\n        NAME: [").replace("NAME", "b|a")
    with pytest.raises(CaseError, match=r"test.yaml:17: programme.faces.b\|a: is the interface 'a\|b', which is given as well"):
        case_from(twice)
    with pytest.raises(CaseError, match=r"test.yaml:16: programme.faces.a\|b.0.resistance: wrong unit 'K'"):
        case_from(TWO.replace("NAME", "b|a").replace("1e-2 m2 K/W", "1 K"))


def test_a_part_that_hangs_on_nothing_is_told_by_its_region():
    """A slit of 0.1 mm between two slabs: the far one stays as it is, and a word says so; a gap that radiates links it."""
    slit = TWO.replace("from: 10 mm, to: 20 mm", "from: 10.1 mm, to: 20 mm").replace(
        "        NAME: [{kind: contact, resistance: 1e-2 m2 K/W}]\n", ""
    )
    slit = slit.replace("[NAME]", "[left]").replace(
        "      temperature: 300 K",
        "      patches: {one: {from: [10 mm], to: [10 mm]}, two: {from: [10.1 mm], to: [10.1 mm]}}\n      temperature: 300 K",
    )
    (said,) = [w for w in run(case_from(slit)).summary()["warnings"] if w["code"] == "loose-part"]
    assert "the part of the body with 'b' touches no other part" in said["text"]
    linked = slit.replace(
        "        left:", "        one: [{kind: gap-radiation, to: two, emissivity: 1, other_emissivity: 1}]\n        left:"
    )
    assert not [w for w in run(case_from(linked)).summary()["warnings"] if w["code"] == "loose-part"]
    assert not [w for w in run(case_from(TWO.replace("NAME", "a|b"))).summary()["warnings"] if w["code"] == "loose-part"]


def test_a_run_of_a_body_says_its_probes_peaks_flows_and_how_near_a_crossing_came():
    text = TWO.replace("NAME", "a|b").replace("take: mean}}", "take: mean}}\n      crossings: {hot: {probe: p, temperature: 390 K}}")
    result = run(case_from(text))
    summary = result.summary()
    probe, missed = result.probe("p"), summary["missed_crossings"]["hot"]
    assert summary["crossings"]["hot"] is None
    assert missed["short_by_K"] == pytest.approx(390.0 - probe.max()) and missed["nearest_K"] == probe.max()
    for word, name in (("heat", "left"), ("flow", "a|b")):
        values, entry = result.columns[f"{word}_{name}_W"], summary[f"{word}s"][name]
        row = np.abs(values).argmax()
        assert (entry["final_W"], entry["extreme_W"], entry["time_of_extreme_s"]) == (values[-1], values[row], result.time[row])
    shown = case_text(summary).splitlines()
    assert any(line.startswith("hot: never; the nearest to 116.85 degC was ") and line.endswith(" K short of it") for line in shown)
    assert [line.split()[0] for line in shown if line.startswith(("p ", "a ", "b "))] == ["p", "a", "b"]
    assert any(line.startswith("flow a|b") for line in shown) and not any(line.startswith("a|b_a") for line in shown)


def test_what_is_expected_of_heats_and_flows_is_named_by_what_the_case_has():
    stated = "    expect: [{what: WHAT, value: 1 W, within: 1e9 W, kind: predicted, source: x}]\n"
    text = TWO.replace("NAME", "a|b") + stated.removeprefix("    ")
    for what in ("heats.left.final_W", "heats.b|a.extreme_W", "flows.b|a.final_W"):
        assert all(entry["holds"] for entry in run(case_from(text.replace("WHAT", what))).summary()["expect"])
    with pytest.raises(CaseError, match=r"there is no 'rigth'; choose one of 'left', 'a\|b'"):
        case_from(text.replace("WHAT", "heats.rigth.final_W"))
