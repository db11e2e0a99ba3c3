"""Stacks and cylinders: the same as their boxes written out; contacts that a body has itself; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import case_from

from thermo.base.errors import CaseError
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

MATERIALS = """
title: a stack
status: assumed
source: a test
materials:
  cell: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 0.5 W/(m K)}
  plate: {density: 2700 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 200 W/(m K)}
"""

STACK = """
sample:
  kind: stack
  temperature: 25 degC
  size: [50 mm, 40 mm]
  layers:
    - {name: plate, material: plate, thickness: 5 mm}
    - {name: cell, material: cell, thickness: 7 mm, repeat: 2}
  contacts: {interfaces: 0.004 m2 K/W, cell-1|cell-2: 0.001 m2 K/W}
  mesh: {order: 1, largest: 1 mm}
"""

BOXES = """
sample:
  kind: boxes
  coordinates: line
  cross_section: 2000 mm2
  temperature: 25 degC
  regions:
    plate: {material: plate, from: [0 mm], to: [5 mm]}
    cell-1: {material: cell, from: [5 mm], to: [12 mm]}
    cell-2: {material: cell, from: [12 mm], to: [19 mm]}
  mesh: {order: 1, largest: 1 mm}
"""

HEATED = """
programme:
  kind: surroundings
  end: 300 s
  faces:
    left: [{kind: held, temperature: 200 degC}]
    right: [{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 25 degC}]CONTACTS
measure: {probes: {last: {region: cell-2, take: mean}}}
"""

CONTACTS = """
    plate|cell-1: [{kind: contact, resistance: 0.004 m2 K/W}]
    cell-1|cell-2: [{kind: contact, resistance: 0.001 m2 K/W}]"""


def test_a_stack_is_the_boxes_that_it_stands_for():
    """Layers, cross-section and contacts: the same temperatures and heats, to the last digit but that of the area."""
    stack = run(case_from(MATERIALS + STACK + HEATED.replace("CONTACTS", "")))
    boxes = run(case_from(MATERIALS + BOXES + HEATED.replace("CONTACTS", CONTACTS)))
    assert stack.body.sample.conduction.matrix.shape == boxes.body.sample.conduction.matrix.shape
    for name in ("last_K", "heat_left_W", "heat_cell-1|cell-2_W"):
        assert stack.columns[name] == pytest.approx(boxes.columns[name], rel=1e-9)
    assert stack.summary()["energy"]["residual_relative"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_a_stack_in_space_is_the_same_line_insulated_on_its_sides():
    """Through its layers nothing depends on where across it one looks."""
    line = run(case_from(MATERIALS + STACK + HEATED.replace("CONTACTS", "")))
    space = STACK.replace("  size:", "  coordinates: space\n  size:").replace("largest: 1 mm", "largest: 10 mm, smallest: 1 mm")
    solid = run(case_from(MATERIALS + space + HEATED.replace("CONTACTS", "")))
    assert solid.probe("last")[-1] == pytest.approx(line.probe("last")[-1], abs=0.3)


def test_a_body_keeps_its_contacts_under_every_programme():
    """In an oven the contact is there as well: the second layer lags behind the first by the resistance between them."""
    oven = "programme: {kind: oven, air: 150 degC, heat_transfer_coefficient: 200 W/(m2 K), faces: [left], end: 600 s}\n"
    oven += "measure: {probes: {first: {region: plate, take: mean}, last: {region: cell-1, take: mean}}}\n"
    with_contact = run(case_from(MATERIALS + STACK + oven))
    without = run(case_from(MATERIALS + STACK.replace("  contacts: {interfaces: 0.004 m2 K/W, cell-1|cell-2: 0.001 m2 K/W}\n", "") + oven))
    assert with_contact.probe("last")[-1] < without.probe("last")[-1] - 5.0
    assert "plate|cell-1_plate_K" in with_contact.columns


ROUND = """
sample:
  kind: cylinder
  temperature: 25 degC
  diameter: 18 mm
  length: 65 mm
  roll: cell
  core: {diameter: 3 mm}
  can: {material: plate, thickness: 0.25 mm, ends: 0.4 mm}
  mesh: {order: 1, largest: 1 mm}
"""

OVEN = """
programme: {kind: oven, air: 150 degC, heat_transfer_coefficient: 10 W/(m2 K), end: 10 s}
measure: {probes: {middle: {region: roll, take: mean}}}
"""


@pytest.mark.parametrize("half", [True, False])
def test_a_cylinder_has_the_volumes_of_its_parts_and_no_air_in_its_bore(half):
    """The bore of an empty core is no outside; a half is mirrored, so that powers and areas are those of the whole."""
    body = build(case_from(MATERIALS + ROUND.replace("  mesh:", f"  half: {str(half).lower()}\n  mesh:") + OVEN))
    volumes = dict(zip(body.regions, body.multiplicity * body.volumes.sum(axis=0), strict=True))
    inside, bore, length = 8.75e-3, 1.5e-3, 65e-3
    assert volumes["roll"] == pytest.approx(np.pi * (inside**2 - bore**2) * (length - 0.8e-3), rel=1e-12)
    assert volumes["can"] == pytest.approx(np.pi * (9e-3**2 * length - inside**2 * (length - 0.8e-3)), rel=1e-12)
    area = body.multiplicity * body.shape.face("outside")[1].sum()
    assert area == pytest.approx(2.0 * np.pi * 9e-3 * (length + 9e-3), rel=1e-12)


@pytest.mark.parametrize(
    ("sample", "old", "new", "said"),
    [
        (STACK, "name: plate, ", "name: cell-1, ", "'cell-1' is already used, is empty or contains '|' or '.'"),
        (STACK, "cell-1|cell-2: 0.001", "plate|cell-2: 0.001", "the sample has no interface 'plate|cell-2': these regions do not touch"),
        (
            STACK,
            "  size: [50 mm, 40 mm]",
            "  coordinates: space",
            "is missing: a stack in space needs its width and its height",
        ),
        (STACK, "temperature: 25 degC", "temperature: {plate: 25 degC}", "the region 'cell-1' has no temperature"),
        (ROUND, "diameter: 3 mm", "diameter: 17.6 mm", "leaves no roll: the can is 0.0175 m wide inside"),
        (ROUND, "thickness: 0.25 mm", "thickness: 9 mm", "leaves no room for the roll"),
        (ROUND, "ends: 0.4 mm", "ends: 40 mm", "leave no room for the roll in a length of 0.065 m"),
    ],
)
def test_what_makes_no_body_is_refused(sample, old, new, said):
    """One clear line each, at the key that is wrong."""
    programme = HEATED.replace("CONTACTS", "") if sample is STACK else OVEN
    with pytest.raises(CaseError) as caught:
        case_from(MATERIALS + sample.replace(old, new) + programme)
    assert said in str(caught.value)


@pytest.mark.parametrize("sample", [STACK, ROUND])
def test_a_mesh_with_one_key_keeps_its_linear_elements(sample):
    """`largest` alone says nothing of the order, which is 1 for stacks and cylinders."""
    programme = HEATED.replace("CONTACTS", "") if sample is STACK else OVEN
    assert case_from(MATERIALS + sample.replace("order: 1, largest", "largest") + programme).body.mesh.order == 1


def test_a_contact_is_given_in_one_place():
    """The sample has it, or the programme; both is refused, and the other order of the two regions is the same interface."""
    with pytest.raises(CaseError, match="the sample has a contact there already"):
        case_from(MATERIALS + STACK + HEATED.replace("CONTACTS", CONTACTS))
    turned = STACK.replace("cell-1|cell-2: 0.001", "cell-2|cell-1: 0.001")
    case = case_from(MATERIALS + turned + HEATED.replace("CONTACTS", ""))
    assert dict(case.terms())["cell-1|cell-2"].resistance == 0.001


POUCH = """
sample:
  kind: stack
  temperature: 25 degC
  layers:
    - {name: pouch, material: plate, thickness: 0.1 mm}
    - repeat: 3
      layers: [{name: foil, material: plate, thickness: 10 um}, {name: coating, material: cell, thickness: 80 um, repeat: 2}]
    - {name: lid, material: plate, thickness: 0.1 mm}
programme: {kind: surroundings, end: 1 s, faces: {left: [{kind: held, temperature: 200 degC}]}}
"""


def test_a_group_of_layers_is_repeated():
    body = case_from(MATERIALS + POUCH).sample
    group = [name for i in (1, 2, 3) for name in (f"foil-{i}", f"coating-1-{i}", f"coating-2-{i}")]
    assert list(body.regions) == ["pouch", *group, "lid"]
    assert body.regions["lid"].low[0] == pytest.approx(0.1e-3 + 3 * 170e-6)
    assert body.materials()["coating-2-3"] == ("cell", ("layers", 1, "layers", 1, "material"))


@pytest.mark.parametrize(
    "old, new, text",
    [
        ("material: cell, thickness: 80", "material: sell, thickness: 80", "sample.layers.1.layers.1.material: unknown material 'sell'"),
        ("repeat: 3", "repeat: 0", "sample.layers.1"),
        (
            "name: coating, material: cell, thickness: 80 um, repeat: 2",
            "name: foil, material: cell, thickness: 80 um",
            "'foil-1' is already used",
        ),
        ("thickness: 10 um", "thicknes: 10 um", "sample.layers.1.layers.0"),
    ],
)
def test_a_mistake_in_a_group_is_said_where_it_is(old, new, text):
    with pytest.raises(CaseError) as refused:
        case_from(MATERIALS + POUCH.replace(old, new))
    assert text in str(refused.value)


def test_a_stack_has_effective_conductivities():
    """In parallel and in series; plates of 200 and cells of 0.5 W/(m K)."""
    found = run(case_from(MATERIALS + POUCH)).summary()["derived"]["stack"]
    plates, cells = 0.23e-3, 0.48e-3
    assert found["conductivity_in_plane_W_per_m_K"] == pytest.approx((200.0 * plates + 0.5 * cells) / (plates + cells))
    assert found["resistance_through_m2_K_per_W"] == pytest.approx(plates / 200.0 + cells / 0.5)


def test_what_is_no_stack_of_layers_has_no_effective_conductivity_to_expect():
    expect = "expect: [{what: derived.stack.conductivity_through_W_per_m_K, value: 1 W/(m K), within: 1 %, kind: exact, source: a test}]"
    case_from(MATERIALS + POUCH + expect)
    with pytest.raises(CaseError, match="unknown result"):
        case_from(MATERIALS + POUCH.replace("kind: stack", "kind: stack\n  coordinates: space\n  size: [1 mm, 1 mm]") + expect)
