"""Bodies of boxes: every kind of element, materials by direction and by temperature, contacts and gaps, steady states, derived numbers."""

import re

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.results.store import Folder
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

HEAD = """
title: boxes
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
"""
LO, HI = "300 K", "400 K"


def corner(value, dimension, other):
    return "[" + ", ".join([value] + [other] * (dimension - 1)) + "]"


def two(dimension, order=2, elements="boxes", *, faces="{}", kind="steady", more="", measure="{}", numerics="{}", coordinates=None):
    """Two regions side by side along x: a from 0 to 10 mm, b from 10 to 30 mm, 5 mm wide."""
    name = coordinates or {1: "line", 2: "plane", 3: "space"}[dimension]
    zero, wide = "0 mm", "5 mm"
    return case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: {name}
  regions:
    a: {{material: a, from: {corner("0 mm", dimension, zero)}, to: {corner("10 mm", dimension, wide)}}}
    b: {{material: b, from: {corner("10 mm", dimension, zero)}, to: {corner("30 mm", dimension, wide)}}}
  temperature: 300 K
  mesh: {{order: {order}, elements: {elements}, smallest: 2.5 mm, largest: 2.5 mm, growth: 1.1}}
programme: {{kind: {kind}, faces: {faces}{more}}}
measure: {measure}
numerics: {numerics}
""")


HELD = "left: [{kind: held, temperature: 400 K}], right: [{kind: held, temperature: 300 K}]"
KINDS = [(1, "boxes"), (2, "boxes"), (2, "simplices"), (3, "boxes"), (3, "simplices")]


@pytest.mark.usual(11)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
@pytest.mark.parametrize(
    "contact", ["", "{kind: contact, resistance: 5e-4 m2 K/W}", "{kind: thin-layer, thickness: 1 mm, thermal_conductivity: 2 W/(m K)}"]
)
def test_two_slabs_in_series(dimension, elements, order, contact):
    """Resistances add: 0.01/10 + 0.02/2 (+ 0.0005) m2 K/W; both sides of a contact have temperatures of their own."""
    faces = f"{{{HELD}" + (f", a|b: [{contact}]" if contact else "") + "}"
    result = run(two(dimension, order, elements, faces=faces, measure="{flows: [a|b, left, right]}"))
    summary = result.summary()
    gap = 5e-4 if contact else 0.0
    flux = 100.0 / (0.001 + gap + 0.01)
    area = {1: 1.0, 2: 5e-3, 3: 25e-6}[dimension]
    assert summary["energy"]["heat_in_W"] == pytest.approx(flux * area, rel=1e-9)
    assert result.columns["flow_left_W"][-1] == pytest.approx(flux * area, rel=1e-9)
    assert result.columns["flow_right_W"][-1] == pytest.approx(-flux * area, rel=1e-9)
    assert result.columns["flow_a|b_W"][-1] == pytest.approx(flux * area, rel=1e-9)
    assert summary["energy"]["residual_relative"] < 1e-8
    if contact:
        assert result.columns["heat_a|b_W"][-1] == pytest.approx(flux * area, rel=1e-9)
        assert summary["probes"]["a|b_a"]["final_K"] == pytest.approx(400.0 - flux * 0.001, abs=1e-6)
        assert summary["probes"]["a|b_b"]["final_K"] == pytest.approx(300.0 + flux * 0.01, abs=1e-6)
    assert summary["regions"]["a"]["mean_K"] == pytest.approx(400.0 - 0.5 * flux * 0.001, abs=1e-6)
    assert summary["regions"]["b"]["minimum_K"] == pytest.approx(300.0)
    assert summary["regions"]["b"]["place_of_minimum_m"][0] == pytest.approx(0.03)


@pytest.mark.usual(3)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
def test_the_same_transient_from_every_element(dimension, elements, order):
    """A bar is a bar: 1-D, 2-D and 3-D give the same midpoint, and the energy balance closes."""
    place = corner("10 mm", dimension, "2 mm")
    reference = run(two(1, 2, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 20 s", measure="{probes: {p: [10 mm]}}"))
    made = run(
        two(dimension, order, elements, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 20 s", measure=f"{{probes: {{p: {place}}}}}")
    )
    assert made.probe("p")[-1] == pytest.approx(reference.probe("p")[-1], abs=0.6 if order == 1 else 0.05)
    assert made.summary()["energy"]["residual_relative"] < 1e-8


@pytest.mark.parametrize("capacity", ["lumped", "consistent"])
@pytest.mark.parametrize("contact", ["5e-4 m2 K/W", "{table: [[0 s, 5e-4 m2 K/W], [5 s, 1e-3 m2 K/W]]}"])
def test_a_contact_that_changes_with_time_keeps_the_energy(capacity, contact):
    faces = f"{{{HELD}, a|b: [{{kind: contact, resistance: {contact}}}]}}"
    case = two(2, 1, faces=faces, kind="surroundings", more=", end: 400 s", numerics=f"{{capacity: {capacity}}}")
    summary = run(case).summary()
    resistance = 5e-4 if contact.startswith("5") else 1e-3
    flux = 100.0 / (0.011 + resistance)
    assert summary["probes"]["a|b_b"]["final_K"] == pytest.approx(300.0 + flux * 0.01, abs=0.05)
    assert summary["energy"]["residual_relative"] < 1e-8


@pytest.mark.slow
def test_a_gap_between_two_plates_radiates():
    """sigma (T1^4 - T2^4)/(1/e1 + 1/e2 - 1) between the faces, conduction in the plates: one equation for the flux."""
    case = case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: plane
  regions:
    hot: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}}
    cold: {{material: b, from: [12 mm, 0 mm], to: [32 mm, 5 mm]}}
  patches:
    out: {{from: [10 mm, 0 mm], to: [10 mm, 5 mm]}}
    in: {{from: [12 mm, 0 mm], to: [12 mm, 5 mm]}}
  temperature: 500 K
  mesh: {{largest: 2.5 mm}}
programme:
  kind: steady
  faces:
    left: [{{kind: held, temperature: 1000 K}}]
    right: [{{kind: held, temperature: 300 K}}]
    out: [{{kind: gap-radiation, to: in, emissivity: 0.8, other_emissivity: 0.5}}]
""")
    result = run(case)
    factor = 5.670374419e-8 / (1 / 0.8 + 1 / 0.5 - 1)
    low, high = 0.0, 1e6
    for _ in range(200):
        flux = 0.5 * (low + high)
        passed = factor * ((1000.0 - flux * 0.001) ** 4 - (300.0 + flux * 0.01) ** 4)
        low, high = (flux, high) if passed > flux else (low, flux)
    assert result.summary()["energy"]["heat_in_W"] == pytest.approx(flux * 5e-3, rel=1e-8)
    assert result.columns["heat_out_W"][-1] == pytest.approx(flux * 5e-3, rel=1e-8)
    # and in time, to the same end
    text = case.model_copy(
        update={"programme": two(1, kind="surroundings", more=", end: 3 h").programme.model_copy(update={"faces": case.programme.faces})}
    )
    ended = run(text).summary()
    assert ended["energy"]["residual_relative"] < 1e-6
    assert ended["regions"]["hot"]["mean_K"] == pytest.approx(1000.0 - flux * 0.0005, abs=0.1)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("elements", ["boxes", "simplices"])
def test_a_hollow_cylinder(order, elements):
    """2 pi k (T1 - T2)/ln(r2/r1) for each metre."""
    case = case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: axisymmetric
  regions: {{ring: {{material: a, from: [10 mm, 0 mm], to: [30 mm, 10 mm]}}}}
  temperature: 300 K
  mesh: {{order: {order}, elements: {elements}, smallest: 1 mm, largest: 1 mm}}
programme: {{kind: steady, faces: {{{HELD}}}}}
measure: {{probes: {{middle: [20 mm, 5 mm]}}, flows: [left]}}
""")
    result = run(case)
    exact = 2 * np.pi * 10.0 * 100.0 / np.log(3.0) * 0.01
    assert result.summary()["energy"]["heat_in_W"] == pytest.approx(exact, rel=1e-3 if order == 1 else 1e-5)
    assert result.columns["flow_left_W"][-1] == pytest.approx(exact, rel=0.06 if order == 1 else 2e-3)
    assert result.probe("middle")[-1] == pytest.approx(400.0 - 100.0 * np.log(2.0) / np.log(3.0), abs=0.05)


@pytest.mark.parametrize(("order", "capacity"), [(1, "lumped"), (1, "consistent"), (2, "consistent")])
def test_a_solid_cylinder_cools(order, capacity):
    """The first eigenfunction of a rod in a film: Carslaw & Jaeger 7.7; one term is enough at Fo = 0.8."""
    from scipy.special import j0, j1

    case = case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: axisymmetric
  regions: {{rod: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 2 mm]}}}}
  temperature: 400 K
  mesh: {{order: {order}, smallest: 0.5 mm, largest: 0.5 mm}}
programme:
  kind: surroundings
  faces: {{right: [{{kind: convection, heat_transfer_coefficient: 1000 W/(m2 K), ambient_temperature: 300 K}}]}}
  end: 8 s
measure: {{probes: {{axis: [0 mm, 1 mm]}}}}
numerics: {{capacity: {capacity}, tolerance: 2e-5}}
""")
    result = run(case)
    from scipy.optimize import brentq

    root = brentq(lambda x: x * j1(x) - 1.0 * j0(x), 0.1, 2.4)  # Bi = h R/k = 1
    exact = 300.0 + 100.0 * 2.0 / root * j1(root) / (j0(root) ** 2 + j1(root) ** 2) * np.exp(-(root**2) * 0.8)
    assert result.probe("axis")[-1] == pytest.approx(exact, abs=0.1 if order == 1 else 0.02)
    summary = result.summary()
    assert summary["energy"]["residual_relative"] < 1e-8
    assert summary["derived"]["length_m"] == pytest.approx(0.005)
    assert summary["derived"]["biot"]["right"] == pytest.approx(0.5)
    assert summary["derived"]["fourier"] == pytest.approx(1e-5 * 8.0 / 25e-6)


def steady_plate(conductivity, dimension=2):
    name = {2: "plane", 3: "space"}[dimension]
    return case_from(f"""
title: plate
materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {conductivity}}}}}
sample:
  kind: boxes
  coordinates: {name}
  regions: {{m: {{material: m, from: {corner("0 mm", dimension, "0 mm")}, to: {corner("10 mm", dimension, "10 mm")}}}}}
  temperature: 300 K
  mesh: {{smallest: 2.5 mm, largest: 2.5 mm}}
programme: {{kind: steady, faces: {{{HELD}}}}}
measure: {{pictures: {{heat_flux: true}}, flows: [left]}}
""")


def test_conductivity_along_each_axis():
    body = build(steady_plate("{x: 3 W/(m K), y: 1 W/(m K), z: 1 W/(m K)}", 3))
    for axis, k in enumerate((3.0, 1.0, 1.0)):
        x = body.shape.space.points[:, axis]
        assert x @ body.sample.conduction.matrix @ x == pytest.approx(k * 1e-6)


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_rotated_tensor_is_the_tensor_along_its_axes_turned(dimension):
    """K = R diag(4, 1, (2)) R^T: grad u . K grad v of linear fields is exact."""
    angle = 0.4
    turn = np.eye(dimension)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    tensor = turn @ np.diag([4.0, 1.0, 2.0][:dimension]) @ turn.T
    rows = "[" + ", ".join("[" + ", ".join(f"{v:.17g} W/(m K)" for v in row) + "]" for row in tensor) + "]"
    body = build(steady_plate(f"{{tensor: {rows}}}", dimension))
    matrix, points = body.sample.conduction.matrix, body.shape.space.points
    volume = body.volumes.sum()
    for a in range(dimension):
        for b in range(dimension):
            assert points[:, a] @ matrix @ points[:, b] == pytest.approx(tensor[a, b] * volume, abs=1e-12)


def test_a_cylindrical_conductivity_turns_round_its_axis():
    """Far from the axis along x the radial direction is x, along y it is y."""
    k = "{radial: 1 W/(m K), tangential: 9 W/(m K), axial: 4 W/(m K), centre: [-10 m, 5 mm, 0 m]}"
    body = build(steady_plate(k, 3))
    matrix, points = body.sample.conduction.matrix, body.shape.space.points
    for axis, value in enumerate((1.0, 9.0, 4.0)):
        assert points[:, axis] @ matrix @ points[:, axis] == pytest.approx(value * 1e-6, rel=1e-4)


@pytest.mark.parametrize(
    ("conductivity", "words"),
    [
        ("{tensor: [[1 W/(m K), 0.5 W/(m K)], [0.2 W/(m K), 1 W/(m K)]]}", "is not symmetric"),
        ("{tensor: [[1 W/(m K), 2 W/(m K)], [2 W/(m K), 1 W/(m K)]]}", "is not positive definite"),
        ("{tensor: [[1 W/(m K), 0 W/(m K), 0 W/(m K)], [0 W/(m K), 1 W/(m K), 0 W/(m K)], [0 W/(m K), 0 W/(m K), 1 W/(m K)]]}", "3 rows"),
        ("{tensor: [[1 W/(m K)]]}", "two rows of two numbers"),
        ("{radial: 1 W/(m K), tangential: 1 W/(m K), axial: 1 W/(m K), direction: [0, 0, 0]}", "must not be zero"),
        ("{x: 1 W/(m K), y: -1 W/(m K), z: 1 W/(m K)}", "must be positive"),
        ("0 W/(m K)", "must be positive"),
    ],
)
def test_bad_conductivities(conductivity, words):
    with pytest.raises(CaseError, match=words):
        steady_plate(conductivity)


@pytest.mark.slow
def test_melting_keeps_the_energy_whatever_the_step():
    """1 kg/m2 heated by a flux through its melting: the mean enthalpy is what came in, however coarse the steps."""
    text = """
title: melting
materials:
  m:
    density: 1000 kg/m3
    heat_capacity: {table: [[300 K, 1000 J/(kg K)], [400 K, 2000 J/(kg K)]]}
    thermal_conductivity: {table: [[300 K, 100 W/(m K)], [400 K, 50 W/(m K)]]}
    melting: {temperature: 330 K, heat: 50 kJ/kg, range: 1 K}
sample:
  kind: boxes
  coordinates: line
  regions: {m: {material: m, from: 0 mm, to: 1 mm}}
  temperature: 300 K
  mesh: {order: 1, largest: 0.1 mm}
programme: {kind: surroundings, faces: {left: [{kind: flux, heat_flux: 100 kW/m2}]}, end: 1.5 s}
numerics: {NUMERICS}
"""
    means = []
    for numerics in ("step: 0.1 s", "scheme: backward-euler, step: 0.05 s", "tolerance: 1e-4"):
        result = run(case_from(text.replace("NUMERICS", numerics)))
        summary = result.summary()
        assert summary["energy"]["residual_relative"] < 1e-9
        assert summary["regions"]["m"]["stored_J"] == pytest.approx(150e3, rel=1e-9)
        means.append(summary["regions"]["m"]["mean_K"])
    # 150 kJ/kg: 50 of melting, and 100 = 1000 x + 5 x^2 of a capacity that rises by 10 J/(kg K) with each K
    exact = 300.0 + (-1000.0 + np.sqrt(1000.0**2 + 4 * 5.0 * 1e5)) / 10.0
    assert means == pytest.approx([exact] * 3, abs=0.05)


def test_tables_say_where_they_were_left_and_melting_where_it_is_not_in():
    text = """
title: hot
materials:
  m:
    density: 1000 kg/m3
    heat_capacity: {table: [[300 K, 1000 J/(kg K)], [320 K, 2000 J/(kg K)]]}
    thermal_conductivity: 1 W/(m K)
    melting: {temperature: 330 K}
sample: {kind: boxes, coordinates: line, regions: {m: {material: m, from: 0 mm, to: 1 mm}}, temperature: 300 K, mesh: {order: 1}}
programme: {kind: surroundings, faces: {left: [{kind: held, temperature: 400 K}]}, end: 1 s}
"""
    warnings = run(case_from(text)).summary()["warnings"]
    assert {entry["code"] for entry in warnings} == {"outside-table", "melting"}
    assert any("heat_capacity of m is tabulated from 26.85 degC to 46.85 degC" in entry["text"] for entry in warnings)


@pytest.mark.usual(1)
@pytest.mark.parametrize(("scheme", "order"), [("tr-bdf2", 2.0), ("backward-euler", 1.0)])
def test_order_in_time_with_steps_of_one_length(scheme, order):
    """A film on one end of a bar: the difference to very short steps falls as h^order."""

    def end(step):
        ambient = "{from: 300 K, to: 400 K, over: 16 s}"
        faces = f"{{left: [{{kind: convection, heat_transfer_coefficient: 500 W/(m2 K), ambient_temperature: {ambient}}}]}}"
        case = two(
            1,
            1,
            faces=faces,
            kind="surroundings",
            more=", end: 16 s",
            measure="{probes: {p: [0 mm]}}",
            numerics=f"{{scheme: {scheme}, step: {step} s}}",
        )
        result = run(case)
        assert np.diff(result.time)[:-1] == pytest.approx(step)
        return result.probe("p")[-1]

    reference = end(0.025)
    coarse, fine = abs(end(1.0) - reference), abs(end(0.5) - reference)
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.1)


def test_backward_euler_with_linear_elements_never_leaves_the_range_of_its_data():
    faces = f"{{{HELD}}}"
    case = two(3, 1, faces=faces, kind="surroundings", more=", end: 5 s", numerics="{scheme: backward-euler, step: 0.01 s}")
    result = run(case)
    temperatures = np.array([[region["minimum_K"], region["maximum_K"]] for region in result.summary()["regions"].values()])
    assert temperatures.min() >= 300.0 - 1e-9
    assert temperatures.max() <= 400.0 + 1e-9


def test_steps_by_error_with_backward_euler():
    case = two(
        1,
        1,
        faces=f"{{{HELD}}}",
        kind="surroundings",
        more=", end: 60 s",
        measure="{probes: {p: [10 mm]}}",
        numerics="{scheme: backward-euler, tolerance: 1e-3}",
    )
    reference = run(two(1, 1, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 60 s", measure="{probes: {p: [10 mm]}}"))
    assert run(case).probe("p")[-1] == pytest.approx(reference.probe("p")[-1], abs=0.3)


def test_the_longest_step_is_kept():
    case = two(1, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 20 s", numerics="{longest_step: 0.5 s}")
    assert np.diff(run(case).time).max() <= 0.5 * (1 + 1e-12)


def test_a_start_along_an_axis():
    case = case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: plane
  regions: {{a: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}}}}
  temperature: {{along: y, table: [[2 mm, 300 K], [8 mm, 360 K]]}}
programme: {{kind: surroundings, end: 1 us}}
measure: {{probes: {{low: [5 mm, 1 mm], middle: [5 mm, 5 mm], high: [5 mm, 9 mm]}}}}
""")
    result = run(case)
    assert [result.probe(name)[0] for name in ("low", "middle", "high")] == pytest.approx([300.0, 330.0, 360.0], abs=0.3)


def test_a_mirrored_half_is_the_whole():
    half = case_from(f"""{HEAD}
sample:
  kind: boxes
  coordinates: plane
  regions: {{a: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}}}}
  symmetry: [left]
  temperature: 300 K
programme: {{kind: surroundings, faces: {{top: [{{kind: flux, heat_flux: 10 kW/m2}}]}}, end: 10 s}}
measure: {{probes: {{p: [-5 mm, 1 mm]}}}}
""")
    result = run(half)
    assert result.summary()["energy"]["heat_in_J"] == pytest.approx(10e3 * 0.02 * 10.0)
    frame = result.body.frame()
    assert frame.points[:, 0].min() == pytest.approx(-0.01)
    assert len(result.body.unfolded(result.body.start)) == len(frame.points)


HALF = f"""{HEAD}
sample:
  kind: boxes
  coordinates: space
  regions: {{a: {{material: a, from: [0 mm, 0 mm, 0 mm], to: [10 mm, 10 mm, 10 mm]}}}}
  patches: {{within: {{from: [0 mm, 2 mm, 2 mm], to: [0 mm, 8 mm, 8 mm]}}}}
  symmetry: [left]
  temperature: 300 K
  mesh: {{order: 1, largest: 2 mm}}
programme:
  kind: surroundings
  faces: {{outside: [{{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 400 K}}]}}
  end: 100 s
measure: {{probes: {{all: {{region: a, take: mean}}, middle: {{face: left, take: mean}}}}}}
"""


def test_the_outside_of_a_mirrored_half_is_that_of_the_whole():
    half = run(case_from(HALF))
    whole = run(case_from(HALF.replace("from: [0 mm, 0 mm", "from: [-10 mm, 0 mm").replace("symmetry: [left]", "symmetry: []")))
    assert half.probe("all")[-1] == pytest.approx(whole.probe("all")[-1], abs=1e-3)
    energy = [result.summary()["energy"]["heat_in_J"] for result in (half, whole)]
    assert energy[0] == pytest.approx(energy[1], rel=1e-4)


@pytest.mark.parametrize(
    ("old", "new"),
    [("{outside: [{", "{left: [{"), ("{outside: [{", "{within: [{"), ("measure: {", "measure: {flows: [left], ")],
)
def test_no_heat_is_put_through_a_plane_of_symmetry(old, new):
    with pytest.raises(CaseError, match="lies on the plane or axis of symmetry 'left', which no heat crosses"):
        case_from(HALF.replace(old, new))


def test_which_way_systems_are_solved_is_counted():
    line = run(two(1, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 1 s")).counts()
    assert line["solves_by"]["banded"] > 0
    plane = run(two(2, faces=f"{{{HELD}}}", kind="surroundings", more=", end: 1 s")).counts()
    assert plane["solves_by"]["direct"] > 0


BAD = {
    "two coordinates where one is needed": ("from: [0 mm, 0 mm]", "1 coordinates \\[x\\] are needed, found 2"),
    "upside down": ("from: [20 mm]", "lies below 'from'"),
    "flat": ("from: [10 mm]", "the box has no volume"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_boxes_that_do_not_fit(name):
    corner_text, words = BAD[name]
    with pytest.raises(CaseError, match=words):
        case_from(f"""{HEAD}
sample: {{kind: boxes, coordinates: line, regions: {{a: {{material: a, {corner_text}, to: [10 mm]}}}}, temperature: 300 K}}
programme: {{kind: steady, faces: {{left: [{{kind: held, temperature: 300 K}}]}}}}
""")


@pytest.mark.parametrize(
    ("faces", "words"),
    [
        ("{}", "the steady temperature of 'a' is undetermined: no face of this part is held, convective or radiative"),
        ("{left: [{kind: flux, heat_flux: 1 W/m2}]}", "no face of this part is held"),
        ("{left: [{kind: contact, resistance: 1 m2 K/W}]}", "a contact lies between two regions; name an interface, such as a|b"),
        ("{left: [{kind: gap-radiation, to: nowhere, emissivity: 1, other_emissivity: 1}]}", "no other face 'nowhere'"),
        ("{left: [{kind: held, temperature: {from: 300 K, to: 400 K, over: 1 s}}]}", "changes with time, but a steady programme"),
        ("{a|b: [{kind: contact, resistance: 1 m2 K/W}, {kind: contact, resistance: 1 m2 K/W}]}", "two contacts on one face"),
        ("{outside: [{kind: held, temperature: 1 K}], left: [{kind: held, temperature: 1 K}]}", "overlaps"),
    ],
)
def test_conditions_that_do_not_fit(faces, words):
    with pytest.raises(CaseError, match=words):
        two(1, faces=faces)


MIRRORED = """
title: half a plate
materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {k}}}}}
sample:
  kind: boxes
  coordinates: plane
  regions: {{m: {{material: m, from: [0 mm, 0 mm], to: [4 mm, 2 mm]}}}}
  symmetry: [left]
  temperature: 300 K
programme: {{kind: steady, faces: {{top: [{{kind: held, temperature: 400 K}}], bottom: [{{kind: held, temperature: 300 K}}]}}}}
"""
ROUND = "{{radial: 1 W/(m K), tangential: 5 W/(m K), axial: 1 W/(m K), centre: [{} mm, 1 mm, 0 mm], direction: [0, 0, 1]}}"


@pytest.mark.parametrize(
    ("k", "good"),
    [
        ("{tensor: [[2 W/(m K), 0 W/(m K)], [0 W/(m K), 1 W/(m K)]]}", True),
        ("{tensor: [[2 W/(m K), 0.5 W/(m K)], [0.5 W/(m K), 1 W/(m K)]]}", False),
        (ROUND.format(0), True),
        (ROUND.format(1), False),
    ],
)
def test_a_conductivity_has_the_symmetry_of_the_body(k, good):
    text = MIRRORED.format(k=k)
    if good:
        assert case_from(text).sample.symmetry == ("left",)
    else:
        with pytest.raises(CaseError, match="not mirror-symmetric at 'left'"):
            case_from(text)


PAIR = """
sample:
  kind: boxes
  coordinates: plane
  regions:
    a: {{material: a, from: [{low}, 0 mm], to: [10 mm, 5 mm]}}
    b: {{material: b, from: [{low}, 5 mm], to: [10 mm, 25 mm]}}
  symmetry: {symmetry}
  temperature: {start}
  mesh: {{order: {order}, smallest: 2.5 mm, largest: 2.5 mm}}
programme: {{kind: surroundings, faces: {{bottom: [{{kind: held, temperature: 400 K}}]{contact}}}, end: 20 s}}
measure: {{pictures: {{times: [20 s]}}}}
"""
CONTACT = ", a|b: [{kind: contact, resistance: 1e-2 m2 K/W}]"


def pair(start="300 K", order=1, contact=CONTACT, half=True):
    """Two slabs one on the other, the left half of them by symmetry."""
    low, symmetry = ("0 mm", "[left]") if half else ("-10 mm", "[]")
    return case_from(HEAD + PAIR.format(low=low, symmetry=symmetry, start=start, order=order, contact=contact))


def kept(folder, result):
    """The folder with the last field of a run, as a case names it to start from."""
    (time, field), body = result.frames[-1], result.body
    with Folder(folder) as made:
        made.write_frame(1, time, body.frame(), body.unfolded(field), None, [])
    return f"{{result: {folder}}}"


@pytest.mark.usual(3)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("before", "after"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_stored_field_keeps_the_jump_across_a_contact(tmp_path, order, before, after):
    """Each side starts where it ended, whether the body is whole or half of it."""
    ended = run(pair(order=order, half=before))
    begun = run(pair(kept(tmp_path / "before", ended), order=order, half=after))
    assert ended.probe("a|b_a")[-1] - ended.probe("a|b_b")[-1] > 10.0
    for side in ("a|b_a", "a|b_b"):
        assert begun.probe(side)[0] == pytest.approx(ended.probe(side)[-1], abs=1e-9)


def test_both_sides_of_a_new_contact_start_alike(tmp_path):
    ended = run(pair(contact=""))
    begun = run(pair(kept(tmp_path / "before", ended)))
    assert begun.probe("a|b_a")[0] == pytest.approx(begun.probe("a|b_b")[0], abs=1e-9)
    assert np.ptp(begun.body.start) > 50.0
    closed = run(pair(kept(tmp_path / "cut", run(pair())), contact=""))
    assert len(closed.body.start) < len(begun.body.start)


PLATES = """
sample:
  kind: boxes
  coordinates: {coordinates}
  regions:
    one: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 30 mm]}}
    two: {{material: b, from: [12 mm, 0 mm], to: [32 mm, 30 mm]}}
    upper: {{material: b, from: [0 mm, 32 mm], to: [10 mm, 40 mm]}}
    part: {{material: b, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}}
  patches:
    right-of-one: {{from: [10 mm, 0 mm], to: [10 mm, 30 mm]}}
    low-of-one: {{from: [10 mm, 0 mm], to: [10 mm, 10 mm]}}
    left-of-two: {{from: [12 mm, 0 mm], to: [12 mm, 30 mm]}}
    right-of-two: {{from: [32 mm, 0 mm], to: [32 mm, 30 mm]}}
    top-of-one: {{from: [0 mm, 30 mm], to: [10 mm, 30 mm]}}
    under-upper: {{from: [0 mm, 32 mm], to: [10 mm, 32 mm]}}
  temperature: 300 K
  mesh: {{largest: 4 mm}}
programme:
  kind: surroundings
  faces:
    {face}:
      - {{kind: gap-radiation, to: {to}, emissivity: 0.8, other_emissivity: 0.5}}
  end: 1 s
"""
APART = [
    ("plane", "right-of-one", "right-of-two", "do not face each other"),
    ("plane", "left", "right-of-one", "do not face each other"),
    ("plane", "right-of-one", "left", "do not face each other"),
    ("plane", "left", "left-of-two", "do not face each other"),
    ("plane", "right-of-one", "top-of-one", "is not parallel"),
    ("plane", "right-of-one", "outside", "'outside' is not plane"),
    ("plane", "low-of-one", "left-of-two", "facet by facet"),
    ("plane", "one|part", "under-upper", "'one|part' lies within the body"),
    ("axisymmetric", "right-of-one", "left-of-two", "two faces across the axis"),
]


@pytest.mark.parametrize(("coordinates", "face", "to", "words"), APART)
def test_faces_that_have_no_gap_between_them(coordinates, face, to, words):
    text = HEAD + PLATES.format(coordinates=coordinates, face=face, to=to)
    with pytest.raises(CaseError, match=re.escape(words)) as caught:
        case_from(text)
    (mistake,) = caught.value.mistakes
    assert mistake.key == f"programme.faces.{face}.0.to"
    assert "gap-radiation" in text.splitlines()[mistake.line - 1]


@pytest.mark.parametrize("elements", ["boxes", "simplices"])
@pytest.mark.parametrize("coordinates", ["line", "plane", "space"])
@pytest.mark.parametrize("between", [True, False])
def test_radiation_does_not_pass_a_body_in_the_gap(coordinates, elements, between):
    dimension = {"line": 1, "plane": 2, "space": 3}[coordinates]

    def box(x, y):
        ends = [", ".join(f"{value} mm" for value in (place, *(y[side],) * (dimension - 1))) for side, place in enumerate(x)]
        return f"{{from: [{ends[0]}], to: [{ends[1]}]}}"

    def region(x, y):
        return "{material: a, " + box(x, y).removeprefix("{")

    screen = ((12, 13), (3, 6) if between or dimension == 1 else (12, 15))
    text = f"""{HEAD}
sample:
  kind: boxes
  coordinates: {coordinates}
  regions:
    one: {region((0, 10), (0, 10))}
    two: {region((20, 30), (0, 10))}
    {f"screen: {region(*screen)}" if between or dimension > 1 else ""}
  patches: {{of-one: {box((10, 10), (0, 10))}, of-two: {box((20, 20), (0, 10))}}}
  temperature: 300 K
  mesh: {{elements: {elements if dimension > 1 else "boxes"}, smallest: 2 mm}}
programme:
  kind: surroundings
  faces: {{of-one: [{{kind: gap-radiation, to: of-two, emissivity: 0.8, other_emissivity: 0.5}}]}}
  end: 1 s
"""
    if not between:
        assert len(build(case_from(text)).links["of-one"][0]) >= 1
        return
    with pytest.raises(CaseError, match="another part of the body lies between it and 'of-two'"):
        case_from(text)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("coordinates", "face", "to"),
    [
        ("plane", "right-of-one", "left-of-two"),
        ("plane", "top-of-one", "under-upper"),
        ("axisymmetric", "top-of-one", "under-upper"),
    ],
)
def test_faces_that_look_at_each_other(coordinates, face, to, turned):
    face, to = (to, face) if turned else (face, to)
    assert len(build(case_from(HEAD + PLATES.format(coordinates=coordinates, face=face, to=to))).links[face][0]) > 1


STRIP = """
sample:
  kind: boxes
  coordinates: plane
  regions:
    a: {{material: a, from: [0 mm, 0 mm], to: [10 mm, 10 mm]}}
    b: {{material: b, from: [10 mm, 0 mm], to: [30 mm, 10 mm]}}
  patches: {{strip: {{from: [10 mm, 0 mm], to: [10 mm, 5 mm]}}, edge: {{from: [0 mm, 0 mm], to: [0 mm, 5 mm]}}}}
  temperature: 300 K
programme:
  kind: steady
  faces:
    outside: [{{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 300 K}}]
    edge: [{{kind: flux, heat_flux: 1 kW/m2}}]
    {faces}
measure: {{flows: [{flows}, a|b, left], probes: {{p: {{face: {probe}, take: mean}}}}}}
"""
LAYER = "a|b: [{kind: thin-layer, thickness: 1 mm, thermal_conductivity: 2 W/(m K)}]"


@pytest.mark.parametrize("parts", ["a|b: [{kind: contact, resistance: 1e-4 m2 K/W}]", LAYER])
@pytest.mark.parametrize(
    ("place", "key"),
    [
        ({"faces": "strip: [{kind: flux, heat_flux: 1 kW/m2}]"}, "programme.faces.strip"),
        ({"flows": "strip"}, "measure.flows.0"),
        ({"probe": "strip"}, "measure.probes.p.face"),
    ],
)
def test_a_part_of_an_interface_with_two_sides_is_no_face(parts, place, key):
    plain = {"faces": "", "flows": "edge", "probe": "a|b"}
    text = HEAD + STRIP.replace("{faces}", "{faces}\n    PARTS").format(**(plain | place))
    case_from(text.replace("PARTS", ""))
    with pytest.raises(CaseError, match=re.escape("'strip' lies on the interface 'a|b', which has two temperatures")) as caught:
        case_from(text.replace("PARTS", parts))
    assert [mistake.key for mistake in caught.value.mistakes] == [key]
    case_from(HEAD + STRIP.format(**(plain | {"faces": parts})))


@pytest.mark.slow
def test_a_gap_beside_a_film_has_a_column_of_its_own():
    """What the gap takes from the first face to the other and what the film gives it are told apart; the flow has both."""
    gap = "{kind: gap-radiation, to: left-of-two, emissivity: 1, other_emissivity: 1}"
    film = "{kind: convection, heat_transfer_coefficient: 80 W/(m2 K), ambient_temperature: 300 K}"
    text = HEAD + PLATES.format(coordinates="plane", face="right-of-one", to="left-of-two")
    text = text.replace("temperature: 300 K", "temperature: {one: 1000 K, two: 300 K, upper: 300 K, part: 1000 K}")
    text = re.sub(r"- \{kind: gap.*", f"- {gap}\n      - {film}", text) + "measure: {flows: [right-of-one]}\n"
    columns = run(case_from(text)).columns
    gone, given = columns["heat_right-of-one|left-of-two_W"], columns["heat_right-of-one_W"]
    assert gone[0] == pytest.approx(5.670374419e-8 * (1000.0**4 - 300.0**4) * 0.03, rel=1e-9)
    assert given[0] == pytest.approx(-80.0 * 700.0 * 0.03, rel=1e-9)
    assert columns["flow_right-of-one_W"] == pytest.approx(given - gone)
    alone = run(case_from(text.replace(f"\n      - {film}", ""))).columns
    assert alone["heat_right-of-one_W"][0] == pytest.approx(gone[0]) and "heat_right-of-one|left-of-two_W" not in alone


FILM = "[{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 300 K}]"
SLAB = """
title: slab
materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {k}}}}}
sample: {sample}
programme: {{kind: surroundings, faces: {{{faces}}}, end: 1 s}}
"""
BLOCK = "{kind: layered-block, size: [10 mm, 20 mm], layers: [{name: m, material: m, thickness: 5 mm}], temperature: 300 K}"


def derived(k, sample, faces=f"bottom: {FILM}"):
    return run(case_from(SLAB.format(k=k, sample=sample, faces=faces))).summary()["derived"]


@pytest.mark.parametrize(
    ("k", "in_plane", "through"),
    [
        ("{in_plane: 5 W/(m K), through: 1 W/(m K)}", 5.0, 1.0),
        ("{x: 5 W/(m K), y: 7 W/(m K), z: 1 W/(m K)}", 6.0, 1.0),
        ("{tensor: [[5 W/(m K), 0 W/(m K), 0 W/(m K)], [0 W/(m K), 7 W/(m K), 0 W/(m K)], [0 W/(m K), 0 W/(m K), 1 W/(m K)]]}", 6.0, 1.0),
        ("{tensor: [[5 W/(m K), 2 W/(m K), 0 W/(m K)], [2 W/(m K), 7 W/(m K), 0 W/(m K)], [0 W/(m K), 0 W/(m K), 9 W/(m K)]]}", 6.0, 9.0),
        ("{tensor: [[5 W/(m K), 0 W/(m K), 1 W/(m K)], [0 W/(m K), 7 W/(m K), 0 W/(m K)], [1 W/(m K), 0 W/(m K), 1 W/(m K)]]}", None, None),
        ("{radial: 1 W/(m K), tangential: 1 W/(m K), axial: 5 W/(m K), direction: [1, 0, 0], centre: [0 mm, 5 mm, 2 mm]}", None, None),
    ],
)
def test_what_a_stack_conducts_along_and_through(k, in_plane, through):
    found = derived(k, BLOCK)["stack"]
    if in_plane is None:
        assert found is None
    else:
        assert found["conductivity_in_plane_W_per_m_K"] == pytest.approx(in_plane)
        assert found["conductivity_through_W_per_m_K"] == pytest.approx(through)


SPOT = BLOCK[:-1] + ", patches: {spot: {face: top, square: 4 mm, centre: [5 mm, 10 mm]}}}"
DISC = BLOCK[:-1] + ", patches: {spot: {face: top, disc: 4 mm, centre: [5 mm, 10 mm]}}}"
RING = "{kind: boxes, coordinates: axisymmetric, regions: {m: {material: m, from: [0 mm, 0 mm], to: [10 mm, 20 mm]}}, temperature: 300 K}"


@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("sample", "faces", "length"),
    [
        (BLOCK, f"top: {FILM}, bottom: {FILM}", 0.0025),
        (SPOT, f"spot: [{{kind: held, temperature: 400 K}}], top: {FILM}", 0.005),
        (SPOT, f"spot: [{{kind: flux, heat_flux: 1 kW/m2}}], top: {FILM}, left: {FILM}", 1e-6 / 3e-4),
        (DISC, f"spot: {FILM}, top: {FILM}", 0.005),
        (RING, f"outside: {FILM}, top: {FILM}", 2e-6 * np.pi / (6e-4 * np.pi)),
        (RING, f"right: {FILM}, top: {FILM}, bottom: {FILM}, outside: {FILM}", 2e-6 * np.pi / (6e-4 * np.pi)),
    ],
)
def test_a_face_on_another_counts_once_in_the_length(sample, faces, length):
    assert derived("10 W/(m K)", sample, faces)["length_m"] == pytest.approx(length, rel=1e-6)


@pytest.mark.parametrize(
    ("coordinates", "k", "least"),
    [
        ("line", "{in_plane: 1 W/(m K), through: 4 W/(m K)}", 4.0),
        ("plane", "{in_plane: 2 W/(m K), through: 4 W/(m K)}", 2.0),
        ("line", "{x: 4 W/(m K), y: 2 W/(m K), z: 1 W/(m K)}", 4.0),
        ("plane", "{x: 4 W/(m K), y: 2 W/(m K), z: 1 W/(m K)}", 2.0),
        ("space", "{x: 4 W/(m K), y: 2 W/(m K), z: 1 W/(m K)}", 1.0),
        ("plane", "{radial: 4 W/(m K), tangential: 2 W/(m K), axial: 1 W/(m K), direction: [0, 0, 1]}", 2.0),
        ("axisymmetric", "{radial: 4 W/(m K), tangential: 1 W/(m K), axial: 2 W/(m K)}", 2.0),
        ("axisymmetric", "{radial: 4 W/(m K), axial: 2 W/(m K)}", 2.0),
    ],
)
def test_only_conductivities_along_axes_of_the_body_count(coordinates, k, least):
    n = {"line": 1, "space": 3}.get(coordinates, 2)
    region = f"{{material: m, from: {corner('0 mm', n, '0 mm')}, to: {corner('10 mm', n, '10 mm')}}}"
    sample = f"{{kind: boxes, coordinates: {coordinates}, regions: {{m: {region}}}, temperature: 300 K}}"
    found = derived(k, sample, f"right: {FILM}")
    assert found["biot"]["right"] == pytest.approx(100.0 * found["length_m"] / least)
    assert found["fourier"] == pytest.approx(least * 1e-6 / found["length_m"] ** 2)


def test_a_body_that_does_not_turn_round_an_axis_needs_the_tangential_conductivity():
    region = "{material: m, from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm]}"
    sample = f"{{kind: boxes, coordinates: space, regions: {{m: {region}}}, temperature: 300 K}}"
    with pytest.raises(CaseError, match=r"thermal_conductivity: has no 'tangential', which 'm' needs"):
        derived("{radial: 4 W/(m K), axial: 2 W/(m K)}", sample, f"right: {FILM}")


@pytest.mark.parametrize("kind", ["boxes", "layered-block"])
def test_heat_that_moves_within_a_closed_body_is_what_its_balance_is_measured_by(kind):
    """Two halves of two temperatures, nothing around them: 1e-12 of the heat that passes from one to the other."""
    shape = {
        "boxes": "coordinates: line, regions: {a: {material: m, from: 0 mm, to: 5 mm}, b: {material: m, from: 5 mm, to: 10 mm}}",
        "layered-block": "size: [10 mm, 10 mm], layers: [{name: a, material: m, thickness: 5 mm}, {name: b, material: m, thickness: 5 mm}]",
    }[kind]
    text = f"""
    title: closed
    materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}}}
    sample: {{kind: {kind}, {shape}, temperature: {{a: 0 degC, b: 100 degC}}}}
    programme: {{kind: surroundings, end: 1 min}}
    """
    summary = run(case_from(text)).summary()
    assert summary["energy"]["residual_relative"] < 1e-12
    assert not [warning for warning in summary["warnings"] if warning["code"] == "energy"]


@pytest.mark.parametrize("kind", ["boxes", "layered-block"])
def test_a_probe_given_to_nine_digits_at_a_corner_is_inside(kind):
    """A third of a metre and a ten-thousandth of it beside: the rounding of a coordinate is no place outside."""
    corner = "[333.333334 mm, 333.333334 mm, 33.3333334 mm]"
    sample = {
        "boxes": "kind: boxes, coordinates: space, regions: {m: {material: m, from: [0 m, 0 m, 0 m], to: [0.3333333333333 m, "
        "0.3333333333333 m, 0.03333333333333 m]}}",
        "layered-block": "kind: layered-block, size: [0.3333333333333 m, 0.3333333333333 m], "
        "layers: [{name: m, material: m, thickness: 0.03333333333333 m}]",
    }[kind]
    text = f"""
title: corner
materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}}}
sample: {{{sample}, temperature: 300 K, mesh: {{order: 1}}}}
programme: {{kind: surroundings, faces: {{top: [{{kind: held, temperature: 400 K}}]}}, end: 1 s}}
measure: {{probes: {{p: {corner}}}}}
"""
    assert run(case_from(text)).probe("p")[-1] == pytest.approx(400.0)
    with pytest.raises(CaseError, match="outside the body"):
        case_from(text.replace("33.3333334 mm", "33.3334 mm"))


FIN = """
title: a fin
materials: {{m: {{thermal_conductivity: 200 W/(m K){capacity}}}}}
sample: {{kind: boxes, coordinates: {coordinates}, {across}regions: {{m: {{material: m, from: {low}, to: {high}}}}}, temperature: 300 K,
  mesh: {{order: 2, largest: 2 mm}}}}
programme: {{kind: steady, faces: {{left: [{{kind: held, temperature: 400 K}}]}}, regions: {{m: [{{kind: perimeter, perimeter: {perimeter},
  area: {area}, heat_transfer_coefficient: 50 W/(m2 K), ambient_temperature: 300 K}}]}}}}
measure: {{probes: {{tip: {{face: right, take: mean}}}}}}
"""
FINS = {  # perimeter over area 2000/m in both: a rod of 2 mm across, a plate of 1 mm
    "line": ("cross_section: 4 mm2, ", "0 mm", "50 mm", "8 mm", "4 mm2"),
    "plane": ("thickness: 1 mm, ", "[0 mm, 0 mm]", "[50 mm, 10 mm]", "2 mm", "1 mm2"),
}


@pytest.mark.parametrize("coordinates", FINS)
def test_a_fin_has_the_temperature_of_its_closed_form(coordinates):
    """(T - Tamb)/(Tb - Tamb) = cosh m(L - x)/cosh mL with m^2 = h P/(k A), its tip insulated; it takes k A m tanh(mL) (Tb - Tamb)."""
    across, low, high, perimeter, area = FINS[coordinates]
    text = FIN.format(coordinates=coordinates, across=across, low=low, high=high, perimeter=perimeter, area=area, capacity="")
    summary = run(case_from(text)).summary()
    mL = np.sqrt(50.0 * 2000.0 / 200.0) * 0.05
    assert summary["probes"]["tip"]["final_K"] == pytest.approx(300.0 + 100.0 / np.cosh(mL), abs=1e-3)
    section = {"line": 4e-6, "plane": 1e-5}[coordinates]
    heat = 200.0 * section * mL / 0.05 * np.tanh(mL) * 100.0
    assert summary["heats"]["left"]["final_W"] == pytest.approx(heat, rel=1e-4)
    assert summary["heats"]["m"]["final_W"] == pytest.approx(-heat, rel=1e-4)


HEATED = """
title: power
materials: {{m: {{density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}}}}
sample: {{kind: layered-block, size: [20 mm, 20 mm], layers: [{{name: a, material: m, thickness: 5 mm}}, {{name: b, material: m,
  thickness: 5 mm}}], temperature: 300 K, mesh: {{order: 1, smallest: 1 mm, largest: 10 mm}},
  patches: {{pad: {{face: top, disc: 8 mm, centre: [10 mm, 10 mm]}}, spot: {{face: top, square: 2 mm, centre: [3 mm, 3 mm]}}}}}}
programme: {{kind: surroundings, end: 20 s, faces: {{{faces}}}, sources: {{a: {{{source}}}}}}}
measure: {{probes: {{pad: {{face: pad, take: mean}}}}}}
numerics: {{tensor: {tensor}}}
"""


@pytest.mark.parametrize("tensor", ["true", "false"])
@pytest.mark.parametrize(
    ("faces", "source", "powers"),
    [
        ("pad: [{kind: flux, power: 3 W}]", "power: 5 W", {"pad": 3.0, "a": 5.0}),
        ("top: [{kind: flux, power: 3 W}], spot: [{kind: held, temperature: 300 K}]", "power: -1 W", {"top": 3.0, "a": -1.0}),
        ("left: [{kind: flux, power: {from: 0 W, to: 4 W, over: 20 s}}]", "power_density: 1 MW/m3", {"left": 4.0, "a": 2.0}),
    ],
)
def test_a_power_is_that_of_the_whole_place(faces, source, powers, tensor):
    """Whatever symmetry leaves out, however a disc is meshed, and beside a patch that is held, where nothing else acts."""
    summary = run(case_from(HEATED.format(faces=faces, source=source, tensor=tensor))).summary()
    for name, power in powers.items():
        assert summary["heats"][name]["final_W"] == pytest.approx(power, rel=1e-9)
    assert summary["status"] == "complete"


@pytest.mark.parametrize(
    ("flux", "text"), [("power: 1 W, heat_flux: 1 W/m2", "give either 'heat_flux' or 'power'"), ("", "give either 'heat_flux'")]
)
def test_a_flux_is_given_in_one_way(flux, text):
    with pytest.raises(CaseError, match=text):
        case_from(HEATED.format(faces=f"pad: [{{kind: flux, {flux}}}]", source="power: 1 W", tensor="true"))


WALL = """
title: a wall
materials: {{m: {{{known}thermal_conductivity: 2 W/(m K)}}}}
sample: {{kind: boxes, coordinates: line, regions: {{m: {{material: m, from: 0 mm, to: 10 mm}}}}, temperature: 300 K}}
programme: {{kind: {programme}, faces: {{left: [{{kind: flux, heat_flux: 1 kW/m2}}], right: [{{kind: held, temperature: 300 K}}]}}}}
measure: {{probes: {{left: {{face: left, take: mean}}}}, flows: [left]}}
"""


def test_a_steady_state_needs_no_density():
    """Nothing is then said of what is stored, and the rest is that of a material with one."""
    bare, whole = (
        run(case_from(WALL.format(known=known, programme="steady"))) for known in ("", "density: 2000 kg/m3, heat_capacity: 1 kJ/(kg K), ")
    )
    one, other = bare.summary(), whole.summary()
    assert one["probes"]["left"]["final_K"] == pytest.approx(305.0)
    assert one["probes"] == other["probes"] and one["flows"] == other["flows"] and one["energy"] == other["energy"]
    assert one["regions"]["m"]["stored_J"] is None and "stored_J" not in bare.columns and one["derived"]["fourier"] is None
    with pytest.raises(CaseError, match="'density' is missing") as error:
        case_from(WALL.format(known="", programme="surroundings, end: 1 s"))
    assert "'heat_capacity' is missing" in str(error.value)
