"""A cylinder in space: the axisymmetric cell turned round, with its volumes, its faces and its heat."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import case_from

from meshes.checks import oriented, quality, tangles
from thermo.base.errors import CaseError
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

CELL = """
title: a cylinder
status: assumed
source: a test
materials:
  cell: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {radial: 0.5 W/(m K), axial: 20 W/(m K)}}
  rod: {density: 3000 kg/m3, heat_capacity: 800 J/(kg K), thermal_conductivity: 5 W/(m K)}
  steel: {density: 7900 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 16 W/(m K)}
sample:
  kind: cylinder
  temperature: 80 degC
  diameter: 18 mm
  length: 65 mm
  roll: cell
  can: {material: steel, thickness: 0.5 mm, ends: 1 mm}
  core: {diameter: 4 mm}
  coordinates: space
  mesh: {largest: 3 mm}
programme:
  kind: surroundings
  end: 120 s
  faces:
    side: [{kind: convection, heat_transfer_coefficient: 60 W/(m2 K), ambient_temperature: 20 degC}]
    top: [{kind: convection, heat_transfer_coefficient: 60 W/(m2 K), ambient_temperature: 20 degC}]
measure: {probes: {roll: {region: roll, take: mean}, skin: [0 mm, 9 mm, 0 mm]}}
numerics: {step: 2 s}
"""
FLAT = CELL.replace("  coordinates: space\n", "").replace("    side:", "    right:").replace("[0 mm, 9 mm, 0 mm]", "[9 mm, 0 mm]")


@pytest.mark.usual(2)
@pytest.mark.parametrize("half", ["true", "false"])
@pytest.mark.parametrize("core", ["{diameter: 4 mm}", "{diameter: 4 mm, material: rod}"])
def test_volumes_and_areas_are_those_of_the_round_cell(half, core):
    """Polygons have the area of their circles; outer faces are scaled to theirs; no facet of an empty bore is outside."""
    text = CELL.replace("{diameter: 4 mm}", core).replace("  coordinates:", f"  half: {half}\n  coordinates:")
    body = build(case_from(text))
    volumes = dict(zip(body.regions, body.multiplicity * body.volumes.sum(axis=0), strict=True))
    assert volumes["roll"] == pytest.approx(np.pi * (8.5e-3**2 - 2e-3**2) * 63e-3, rel=1e-12)
    assert volumes["can"] == pytest.approx(np.pi * (9e-3**2 * 65e-3 - 8.5e-3**2 * 63e-3), rel=1e-12)
    assert volumes.get("core", np.pi * 2e-3**2 * 63e-3) == pytest.approx(np.pi * 2e-3**2 * 63e-3, rel=1e-12)
    assert body.multiplicity * body.shape.face("side")[1].sum() == pytest.approx(2.0 * np.pi * 9e-3 * 65e-3, rel=1e-12)
    outside = 2.0 * np.pi * 9e-3 * (65e-3 + 9e-3)
    assert body.multiplicity * body.shape.face("outside")[1].sum() == pytest.approx(outside, rel=1e-12)


@pytest.mark.usual(1)
@pytest.mark.parametrize("largest", ["1 mm", "4 mm", "20 mm"])
def test_its_hexahedra_are_sound(largest):
    """No cell is turned, folded, flat or over another; the worst has a scaled Jacobian above a half."""
    mesh = build(case_from(CELL.replace("largest: 3 mm", f"largest: {largest}"))).shape.mesh
    assert oriented(mesh.points, mesh.cells, mesh.kind)[1:] == (0, [])
    assert tangles(mesh.points, mesh.cells, mesh.kind)[1] == []
    assert quality(mesh.points, mesh.cells, mesh.kind).min() > 0.5


def test_it_cools_as_the_axisymmetric_cell_does():
    """Roll and skin after two minutes of 60 degrees, radial and axial conductivity, a film on the side and on the ends."""
    space, flat = run(case_from(CELL)), run(case_from(FLAT.replace("largest: 3 mm", "largest: 1 mm")))
    for name in ("roll", "skin"):
        assert space.probe(name)[-1] == pytest.approx(flat.probe(name)[-1], abs=0.15)
    energy = [result.summary()["energy"] for result in (space, flat)]
    assert energy[0]["residual_relative"] < 1e-12
    assert energy[0]["heat_out_J"] == pytest.approx(energy[1]["heat_out_J"], rel=3e-3)


@pytest.mark.slow
def test_it_converges_to_the_axisymmetric_cell_at_second_order():
    """Heat that has left a bare roll after two minutes, on meshes twice and four times as fine: a quarter and a sixteenth of the error."""
    bare = "\n".join(line for line in CELL.splitlines() if "can:" not in line and "core:" not in line)
    flat = "\n".join(line for line in FLAT.splitlines() if "can:" not in line and "core:" not in line)
    exact = run(case_from(flat.replace("largest: 3 mm", "smallest: 0.15 mm, largest: 0.15 mm"))).summary()["energy"]["heat_out_J"]
    errors = [
        abs(
            run(case_from(bare.replace("largest: 3 mm", f"smallest: {size} mm, largest: {size} mm"))).summary()["energy"]["heat_out_J"]
            - exact
        )
        for size in (2.25, 1.125, 0.5625)
    ]
    assert errors[0] > 3.5 * errors[1] > 12.0 * errors[2]


def test_layers_that_lead_heat_round_the_axis_lead_none_out():
    """A field that is the same all round does not depend on the tangential conductivity, however much larger it is, on any mesh."""
    coarse = CELL.replace("step: 2 s", "step: 10 s")
    plain = run(case_from(coarse)).probe("roll")[-1]
    assert run(case_from(coarse.replace("0.5 W/(m K)", "0.5 W/(m K), tangential: 20 W/(m K)"))).probe("roll")[-1] == pytest.approx(
        plain, abs=1e-4
    )


def test_a_probe_on_the_skin_between_two_corners_reads_the_skin():
    """A point of the circle is read where the polygon has it, at any angle."""
    x, y = (9.0 * float(value) for value in (np.cos(0.3), np.sin(0.3)))
    body = build(case_from(CELL.replace("[0 mm, 9 mm, 0 mm]", f"[{x} mm, {y} mm, 5 mm]")))
    probe = body.probes["skin"]
    assert probe.weights[np.isin(probe.nodes, body.shape.face("side")[0])].sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mesh: {largest: 3 mm}", "mesh: {order: 2}", "mesh.order: must be 1 for a cylinder in space"),
        ("mesh: {largest: 3 mm}", "mesh: {elements: simplices}", "mesh.elements: must be boxes for a cylinder in space"),
        ("coordinates: space", "coordinates: plane", "unknown choice 'plane'"),
        ("[0 mm, 9 mm, 0 mm]", "[0 mm, 9.1 mm, 0 mm]", "lies outside the body"),
        ("[0 mm, 9 mm, 0 mm]", "[0 mm, 0 mm, 0 mm]", "lies outside the body"),
        ("    side:", "    right:", "the sample has no face 'right'"),
    ],
)
def test_what_it_cannot_be_is_refused(old, new, said):
    with pytest.raises(CaseError) as caught:
        case_from(CELL.replace(old, new))
    assert said in str(caught.value)
