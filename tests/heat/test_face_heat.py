"""Heat through faces: what one side gives the other gets, what enters is what the conditions bring."""

import numpy as np
import pytest

from tests.bodies.test_bodies import KINDS
from tests.conftest import case_from
from thermo.heat.face_heat import _between
from thermo.heat.mesh_sample import surface
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

TEXT = """
    title: three regions
    materials:
      a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: @K}
      b: {density: 1000 kg/m3, heat_capacity: @C, thermal_conductivity: 2 W/(m K)}
    sample:
      kind: boxes
      coordinates: SPACE
      regions:
        a: {material: a, from: LOW, to: HIGH}
        b: {material: b, from: MIDDLE, to: HIGH}
        c: {material: a, from: LATE, to: HIGH}
      temperature: 300 K
      mesh: {order: ORDER, elements: ELEMENTS, smallest: 2 mm, largest: 4 mm}
    programme:
      kind: surroundings
      faces:
        outside:
          - {kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 350 K}
          - {kind: radiation, emissivity: 0.8, ambient_temperature: 400 K}
        MORE
      sources: {b: {power_density: 1e5 W/m3}, c: {power_density: 2e5 W/m3}}
      end: 20 s
    measure: {flows: [a|b, b|c, left, outside]}
    numerics: {tolerance: 1e-5}
"""
HELD = "left: [{kind: held, temperature: {from: 300 K, to: 400 K, over: 10 s}}]"
CONTACT = '"b|c": [{kind: contact, resistance: 1e-3 m2 K/W}]'
TABLE = "{table: [[300 K, 5 W/(m K)], [400 K, 15 W/(m K)]]}"
FALLING = "{table: [[300 K, 1000 J/(kg K)], [400 K, 1500 J/(kg K)]]}"


def three(dimension, elements, order=1, more=HELD, k="10 W/(m K)", c="1000 J/(kg K)", text=TEXT):
    """30 mm along x, cut at 10 and 20 mm."""

    def corner(x, other):
        return "[" + ", ".join(f"{value} mm" for value in (x, *[other] * (dimension - 1))) + "]"

    words = {"SPACE": {1: "line", 2: "plane", 3: "space"}[dimension], "ORDER": order, "ELEMENTS": elements, "MORE": more, "@K": k, "@C": c}
    words |= {"LOW": corner(0, 0), "MIDDLE": corner(10, 0), "LATE": corner(20, 0), "HIGH": corner(30, 8)}
    for word, value in words.items():
        text = text.replace(word, str(value))
    return case_from(text)


@pytest.mark.usual(7)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
@pytest.mark.parametrize("varied", [False, True])
def test_what_one_side_gives_the_other_gets(dimension, elements, order, varied):
    """At any temperatures, to rounding: the interface's nodes are free, and what is left over on both sides adds up to nothing."""
    varies = {"k": TABLE, "c": FALLING} if varied and not (order == 2 and elements == "simplices") else {}
    body = build(three(dimension, elements, order, **varies))
    T = 330.0 + 30.0 * np.sin(np.arange(body.n_dofs))
    around = surface(body.sample, 5.0, T)
    into = body.sample.conduction.at(T).into(T) + around.flow
    slopes, needed = body.readings.going(5.0, T, into)
    given = np.where(body.fixed, needed - into, 0.0)
    for face in ("a|b", "b|c"):
        nodes = body.shape.space.on_facets(body.shape.mesh.faces[face])[0]
        body.shape.mesh.faces["|".join(face.split("|")[::-1])] = body.shape.mesh.faces[face]
        there, back = (_between(body, name).heat(5.0, T, slopes, given) for name in (face, "|".join(face.split("|")[::-1])))
        assert not body.fixed[nodes].any()
        assert there == pytest.approx(-back, abs=1e-10 * np.sum(np.abs(into)))
        assert body.flows[face].heat(5.0, T, slopes, given) == there


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
@pytest.mark.slow
def test_what_enters_by_the_outside_is_what_its_conditions_bring(dimension, elements, order):
    columns = run(three(dimension, elements, order)).columns
    assert columns["flow_left_W"] == pytest.approx(columns["heat_left_W"], rel=1e-9)
    both = columns["heat_outside_W"] + columns["heat_left_W"]
    assert columns["flow_outside_W"] == pytest.approx(both, rel=1e-9, abs=1e-9 * np.abs(both).max())


@pytest.mark.usual(3)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
@pytest.mark.parametrize("contact", [False, True])
def test_a_region_stores_what_it_is_given(dimension, elements, order, contact):
    """Insulated but for the left: b and c store what passes a|b and what their sources give, c what passes b|c, over the run."""
    case = three(dimension, elements, order, f"{HELD}\n        {CONTACT}" if contact else HELD)
    faces = {name: entry for name, entry in case.programme.faces.items() if name != "outside"}
    result = run(case.model_copy(update={"programme": case.programme.model_copy(update={"faces": faces})}))
    stored = {name: entry["stored_J"] for name, entry in result.summary()["regions"].items()}
    volume = 1e-2 * 8e-3 ** (dimension - 1)
    for face, regions in (("a|b", ("b", "c")), ("b|c", ("c",))):
        passed = np.trapezoid(result.columns[f"flow_{face}_W"], result.time)
        sources = 20.0 * volume * sum({"b": 1e5, "c": 2e5}[region] for region in regions)
        assert passed + sources == pytest.approx(sum(stored[region] for region in regions), rel=2e-3)


def test_flows_of_a_cylinder_are_those_of_its_balance():
    """Tetrahedra in a round body, steady: what the source in the core gives passes the core's surface, whatever the mesh."""
    pytest.importorskip("gmsh")
    result = run(
        case_from("""
    title: core in a can
    materials:
      a:
        density: 2000 kg/m3
        heat_capacity: 500 J/(kg K)
        thermal_conductivity:
          {radial: 1 W/(m K), tangential: 20 W/(m K), axial: 20 W/(m K), centre: [0 mm, 0 mm, 0 mm], direction: [0, 0, 1]}
      b: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 50 W/(m K)}
    sample:
      kind: solids
      regions:
        can: {material: b, cylinder: {from: [0 mm, 0 mm, 0 mm], to: [0 mm, 0 mm, 30 mm], radius: 9 mm}}
        core: {material: a, cylinder: {from: [0 mm, 0 mm, 1 mm], to: [0 mm, 0 mm, 29 mm], radius: 8 mm}}
      patches: {base: {from: [-10 mm, -10 mm, -0.1 mm], to: [10 mm, 10 mm, 0.1 mm]}}
      mesh: {size: 4 mm}
      temperature: 300 K
    programme:
      kind: steady
      faces:
        base: [{kind: held, temperature: 330 K}]
        outside: [{kind: convection, heat_transfer_coefficient: 20 W/(m2 K), ambient_temperature: 300 K}]
      sources: {core: {power_density: 1e5 W/m3}}
    measure: {flows: [base, outside, can|core]}
    """)
    )
    columns = {name: float(values[-1]) for name, values in result.columns.items() if name.endswith("_W")}
    assert columns["flow_can|core_W"] == pytest.approx(-columns["heat_core_W"], rel=1e-7)
    assert columns["flow_base_W"] == pytest.approx(columns["heat_base_W"], rel=1e-9)
    assert columns["flow_outside_W"] == pytest.approx(-columns["heat_core_W"], rel=1e-7)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("elements", ["boxes", "simplices"])
def test_a_wide_face_within_a_region(order, elements):
    """Half of a plane across a bar, steady: half of the heat, where coordinates rise."""
    text = TEXT.replace("outside:", "right:").replace("- {kind: radiation, emissivity: 0.8, ambient_temperature: 400 K}", "")
    text = (
        text.replace("kind: surroundings", "kind: steady")
        .replace("      end: 20 s\n", "")
        .replace("[a|b, b|c, left, outside]", "[part, left]")
    )
    text = text.replace(
        "      temperature: 300 K", "      patches: {part: {from: [15 mm, 0 mm, 0 mm], to: [15 mm, 8 mm, 4 mm]}}\n      temperature: 300 K"
    )
    text = text.replace("      sources: {b: {power_density: 1e5 W/m3}, c: {power_density: 2e5 W/m3}}\n", "")
    case = three(3, elements, order, HELD.replace("{from: 300 K, to: 400 K, over: 10 s}", "400 K"), text=text)
    columns = run(case).columns
    assert columns["flow_part_W"][-1] == pytest.approx(0.5 * columns["flow_left_W"][-1], rel=1e-6)


MEETING = """
    title: two blocks on one
    materials:
      a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
      b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: OTHER}
    sample:
      kind: boxes
      coordinates: plane
      regions:
        a: {material: a, from: [0 mm, 0 mm], to: [20 mm, 10 mm]}
        b: {material: UPPER, from: [0 mm, 10 mm], to: [10 mm, 20 mm]}
        c: {material: b, from: [10 mm, 10 mm], to: [20 mm, 20 mm]}
      temperature: 300 K
      mesh: {order: ORDER, smallest: 5 mm, largest: 5 mm}
    programme:
      kind: steady
      faces: {FACES}
    measure: {flows: [a|b, a|c, b|c, bottom, top]}
"""
UP = "bottom: [{kind: flux, heat_flux: 50 kW/m2}], top: [{kind: held, temperature: 300 K}]"


def meeting(order, faces, other="10 W/(m K)", upper="a"):
    text = MEETING.replace("ORDER", str(order)).replace("FACES", faces).replace("OTHER", other).replace("UPPER", upper)
    columns = run(case_from(text)).columns
    return {name[5:-2]: float(values[-1]) for name, values in columns.items() if name.startswith("flow_")}


@pytest.mark.parametrize("order", [1, 2])
def test_regions_that_meet_in_a_node_share_what_is_left_over(order):
    """1000 W straight up through a into b and c side by side; nothing passes between these."""
    flows = meeting(order, UP)
    assert [flows[face] for face in ("a|b", "a|c", "b|c")] == pytest.approx([500.0, 500.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_a_rim_that_is_held_passes_nothing(order):
    """Heat along x in layers of 10 and 0.1 W/(m K), their ends held: nothing crosses from one to the other but round the node that three
    regions have in common, by which a part of what the upper two exchange there is taken to go, and all of that comes back."""
    sides = "left: [{kind: held, temperature: 400 K}], right: [{kind: held, temperature: 300 K}]"
    flows = meeting(order, sides, "0.1 W/(m K)", upper="b")
    along = 0.1 * 100.0 / 0.02 * 0.01
    assert flows["a|b"] == pytest.approx(-flows["a|c"], rel=1e-7)
    assert flows["b|c"] - flows["a|b"] == pytest.approx(along, rel=1e-7)
    assert abs(flows["a|b"]) < 0.1 * along and abs(flows["bottom"]) < 1e-9


def test_a_part_of_a_face_on_a_gap_passes_its_part():
    text = """
    title: a gap
    materials: {a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}}
    sample:
      kind: boxes
      coordinates: plane
      regions:
        one: {material: a, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}
        two: {material: a, from: [10 mm, 0 mm], to: [20 mm, 10 mm]}
        over: {material: a, from: [0 mm, 12 mm], to: [20 mm, 20 mm]}
      patches:
        lo: {from: [0 mm, 10 mm], to: [20 mm, 10 mm]}
        hi: {from: [0 mm, 12 mm], to: [20 mm, 12 mm]}
        half: {from: [0 mm, 10 mm], to: [10 mm, 10 mm]}
        other: {from: [10 mm, 12 mm], to: [20 mm, 12 mm]}
      temperature: 300 K
      mesh: {order: 1, smallest: 2.5 mm, largest: 2.5 mm}
    programme:
      kind: steady
      faces:
        bottom: [{kind: held, temperature: 1000 K}]
        top: [{kind: held, temperature: 300 K}]
        lo: [{kind: gap-radiation, to: hi, emissivity: 0.8, other_emissivity: 0.8}]
    measure: {flows: [lo, hi, half, other, one|two, top]}
    """
    columns = run(case_from(text)).columns
    flows = {name[5:-2]: float(values[-1]) for name, values in columns.items() if name.startswith("flow_")}
    assert flows["lo"] == pytest.approx(-flows["hi"], rel=1e-12)
    assert flows["half"] == pytest.approx(0.5 * flows["lo"], rel=1e-6)
    assert flows["other"] == pytest.approx(0.5 * flows["hi"], rel=1e-6)
    assert flows["top"] == pytest.approx(-flows["hi"], rel=1e-6)
    assert abs(flows["one|two"]) < 1e-6 * flows["hi"]


RIM = """
title: a held patch whose rim lies on an interface
materials: {m: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}
sample:
  kind: boxes
  coordinates: COORDINATES
  regions: {a: {material: m, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}, b: {material: m, from: [0 mm, 5 mm], to: [10 mm, 10 mm]}}
  patches: {p: {from: [10 mm, 5 mm], to: [10 mm, 10 mm]}}
  temperature: 0 degC
  mesh: {order: ORDER}
programme: {kind: KIND, faces: {p: [{kind: held, temperature: 100 degC}], bottom: [{kind: held, temperature: 0 degC}]}, END}
measure: {flows: [p, a|b, bottom]}
"""


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("coordinates", ["plane", "axisymmetric"])
@pytest.mark.parametrize("kind", ["steady", "surroundings"])
def test_what_a_held_patch_gives_its_rim_on_an_interface_passes_it(coordinates, order, kind):
    """All that leaves by the bottom came through the interface, the heat of the node at the rim of the patch too."""
    end = "" if kind == "steady" else "end: 10 min"
    text = (
        RIM.replace("COORDINATES", coordinates).replace("ORDER", str(order)).replace("KIND", kind).replace("END", end).replace(", }", "}")
    )
    columns = run(case_from(text)).columns
    p, between, bottom = (columns[f"flow_{face}_W"][-1] for face in ("p", "a|b", "bottom"))
    assert [between, bottom] == pytest.approx([-p, -p], rel=1e-9 if kind == "steady" else 1e-3)
