"""Bodies of boxes: every kind of element, steps in time, starts, symmetry, powers and steady states."""

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
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
