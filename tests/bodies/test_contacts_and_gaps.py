"""Contacts, thin layers and gaps: heat across them, the two sides of an interface, faces that look at each other."""

import re

import numpy as np
import pytest

from tests.bodies.test_bodies import HEAD, HELD, two
from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.results.store import Folder
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run


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
