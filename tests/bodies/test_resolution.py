"""What a mesh or a step does not resolve is made finer by default, or told."""

import numpy as np
import pytest
from scipy.special import erfcx

from tests.conftest import case_from
from thermo.simulation.estimate import estimate
from thermo.simulation.simulate import run

MATERIALS = """
    title: resolved
    materials:
      a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
      b: {density: 1000 kg/m3, heat_capacity: 3000 J/(kg K), thermal_conductivity: 2 W/(m K)}
"""


QUENCHED = """
    title: steel in hot gas
    materials: {s: {density: 7850 kg/m3, heat_capacity: 460 J/(kg K), thermal_conductivity: 52 W/(m K)}}
    sample:
      kind: boxes
      coordinates: axisymmetric
      regions: {s: {material: s, from: [0 mm, 0 mm], to: [300 mm, 400 mm]}}
      temperature: 0 degC
    programme:
      kind: surroundings
      faces: {outside: [FILM]}
      end: 60 s
    measure: {probes: {corner: [300 mm, 400 mm]}}
    """
GAS = "{kind: convection, heat_transfer_coefficient: COEFFICIENT W/(m2 K), ambient_temperature: 1000 degC}"


@pytest.mark.parametrize(("coefficient", "exact"), [(750, 576.63), (5000, 966.49)])
def test_the_default_mesh_resolves_the_depth_of_a_film(coefficient, exact):
    """At the corner of a cylinder after a minute: cells of a tenth of the span alone are 0.9 and 1.7 K off. Exact: cells of 3 mm."""
    text = QUENCHED.replace("FILM", GAS.replace("COEFFICIENT", str(coefficient)))
    assert run(case_from(text)).probe("corner")[-1] - 273.15 == pytest.approx(exact, abs=0.2)


def test_a_film_asks_for_no_cells_where_the_body_is_thinner_or_the_case_states_their_size():
    def nodes(text):
        case = case_from(text)
        return case.sample.n_nodes(case.named_faces())

    plain = nodes(QUENCHED.replace("FILM", "{kind: flux, heat_flux: 1 W/m2}"))
    assert nodes(QUENCHED.replace("FILM", GAS.replace("COEFFICIENT", "50"))) == plain
    assert plain < nodes(QUENCHED.replace("FILM", GAS.replace("COEFFICIENT", "1e6"))) < 6 * plain
    hot = "{kind: radiation, emissivity: 1, ambient_temperature: 2000 K}"
    assert nodes(QUENCHED.replace("FILM", hot)) > plain
    stated = QUENCHED.replace("temperature: 0 degC", "temperature: 0 degC\n      mesh: {smallest: 50 mm, largest: 50 mm}")
    assert nodes(stated.replace("FILM", hot)) == nodes(stated.replace("FILM", "{kind: flux, heat_flux: 1 W/m2}"))


@pytest.mark.parametrize(("mesh", "warned"), [("{}", False), ("{smallest: 5 mm, largest: 20 mm}", True), ("{order: 1}", True)])
def test_a_patch_with_few_cells_across_is_told_and_the_whole_end_of_a_pin_is_not(mesh, warned):
    """Heat crowds at the edge of a patch of a larger side; the end of a pin is narrow too, and nothing goes on beyond it."""
    text = (
        MATERIALS
        + f"""
    sample:
      kind: boxes
      coordinates: space
      regions:
        plate: {{material: a, from: [0 mm, 0 mm, 0 mm], to: [40 mm, 40 mm, 10 mm]}}
        pin: {{material: a, from: [0 mm, 0 mm, 10 mm], to: [10 mm, 10 mm, 30 mm]}}
      patches:
        spot: {{from: [20 mm, 20 mm, 0 mm], to: [30 mm, 30 mm, 0 mm]}}
      temperature: 300 K
      mesh: {mesh}
    programme:
      kind: steady
      faces: {{spot: [{{kind: held, temperature: 400 K}}], top: [{{kind: held, temperature: 300 K}}]}}
    """
    )
    codes = [(w["code"], w["where"]) for w in run(case_from(text)).summary()["warnings"]]
    assert (("coarse-patch", "programme.faces.spot") in codes) == warned
    assert ("coarse-patch", "programme.faces.top") not in codes


LONG = (
    MATERIALS
    + """
    sample: {kind: boxes, coordinates: line, regions: {a: {material: b, from: 0 mm, to: 100 mm}}, temperature: 300 K}
    programme: {kind: surroundings, faces: {left: [{kind: held, temperature: 400 K}]}, end: END}
    measure: {probes: {far: [100 mm], near: [10 mm]}}
    """
)


@pytest.mark.parametrize(("end", "told"), [("2 h", False), ("500 s", True)])
def test_a_signal_that_the_tolerance_does_not_resolve_is_told_with_a_tolerance_that_does(end, told):
    """0.02 K of 100 at the far end of a bar, where a step may err by 0.02 K."""
    summary = run(case_from(LONG.replace("END", end))).summary()
    said = [w["text"] for w in summary["warnings"] if w["code"] == "faint-signal"]
    assert bool(said) == told
    if told:
        assert said[0].startswith("far: the probe changes by ") and "near" not in said[0]
        cure = said[0].rpartition("numerics.tolerance: ")[2].split()[0]
        again = run(case_from(LONG.replace("END", end) + f"numerics: {{tolerance: {cure}}}\n")).summary()
        assert "faint-signal" not in [w["code"] for w in again["warnings"]]
        sharp = run(case_from(LONG.replace("END", end) + "numerics: {tolerance: 1e-7}\n")).probe("far")
        assert again["probes"]["far"]["final_K"] - 300.0 == pytest.approx(sharp[-1] - 300.0, rel=0.01)


def test_the_estimate_counts_frames():
    """3000 frames of 41 nodes take half a minute of writing, and a run without any a second."""
    text = LONG.replace("END", "1 h").replace("[10 mm]}", "[10 mm]}, pictures: {times: TIMES}")
    many = "[" + ", ".join(f"{k} s" for k in range(1, 3001)) + "]"
    plain, framed = (estimate(case_from(text.replace("TIMES", times))) for times in ("[]", many))
    assert plain.endswith(" 1 s, 0 frames") and framed.endswith(" 34 s, 3000 frames")


WALL = """
    title: a thick wall, a short time
    materials: {m: {density: 2500 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}
    sample: {SAMPLE, temperature: 25 degC, mesh: {MESH}}
    programme: {kind: surroundings, faces: {FACE: [CONDITION]}, end: TIME}
    measure: {probes: {s: {face: FACE, take: mean}}, flows: [FACE]}
    """
BLOCK = "kind: layered-block, size: [100 mm, 100 mm], layers: [{name: b, material: m, thickness: 50 mm}]"
LINE = "kind: boxes, coordinates: line, cross_section: 100 cm2, regions: {b: {material: m, from: 0 mm, to: 50 mm}}"
WALLS = {"block": (BLOCK, "bottom"), "line": (LINE, "left")}
INTO = {  # condition, time, what is read and its value by the closed form of a half-space
    "film": ("{kind: convection, heat_transfer_coefficient: 2000 W/(m2 K), ambient_temperature: 150 degC}", 1.0),
    "flux": ("{kind: flux, heat_flux: 20 kW/m2}", 5.0),
    "held": ("{kind: held, temperature: 150 degC}", 5.0),
}


def half_space(kind, time):
    """Temperature of the surface [K] and heat through it [W] of a half-space of k = 1, rho c = 2.5e6 on 0.01 m2."""
    k, effusivity = 1.0, np.sqrt(2.5e6)
    if kind == "film":
        left = 125.0 * erfcx(2000.0 * np.sqrt(time / 2.5e6) / k)
        return 423.15 - left, 2000.0 * 0.01 * left
    if kind == "flux":
        return 298.15 + 2.0 * 2e4 * np.sqrt(time / np.pi) / effusivity, 200.0
    return 423.15, 0.01 * 125.0 * effusivity / np.sqrt(np.pi * time)


def wall(body, kind, mesh=""):
    sample, face = WALLS[body]
    condition, time = INTO[kind]
    text = WALL.replace("SAMPLE", sample).replace("MESH", mesh).replace("FACE", face).replace("CONDITION", condition)
    return run(case_from(text.replace("TIME", f"{time} s"))), face, time


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", INTO)
@pytest.mark.parametrize("body", WALLS)
def test_the_default_mesh_resolves_how_far_heat_goes_in_the_run(body, kind, order):
    """A wall of 50 mm, seconds, millimetres: cells of a part of its thickness alone are up to 58 K and a factor of ten off."""
    result, face, time = wall(body, kind, f"order: {order}")
    surface, heat = half_space(kind, time)
    span = 125.0
    assert result.probe("s")[-1] == pytest.approx(surface, abs=0.02 * span)
    assert result.columns[f"flow_{face}_W"][-1] == pytest.approx(heat, rel=0.03)
    assert not [w for w in result.summary()["warnings"] if w["code"] == "coarse-reach"]


@pytest.mark.parametrize("kind", INTO)
@pytest.mark.parametrize("body", WALLS)
def test_cells_at_a_face_that_are_deeper_than_heat_goes_are_told(body, kind):
    result, face, _ = wall(body, kind, "largest: 12.5 mm, smallest: 12.5 mm")
    (said,) = [w["text"] for w in result.summary()["warnings"] if w["code"] == "coarse-reach"]
    assert said.startswith(f"{face}: at {face} heat penetrates about ") and "cells there are 0.0125 m deep" in said


def test_a_film_that_hardly_heats_and_a_face_at_the_start_ask_for_nothing():
    """Air beside a cold wall, ten seconds: the surface moves by a fiftieth of the span at most."""
    condition = "{kind: convection, heat_transfer_coefficient: 5 W/(m2 K), ambient_temperature: 150 degC}"
    text = WALL.replace("SAMPLE", LINE).replace("MESH", "smallest: 12.5 mm").replace("FACE", "left").replace("TIME", "1 s")
    assert not [w for w in run(case_from(text.replace("CONDITION", condition))).summary()["warnings"] if w["code"] == "coarse-reach"]
    still = text.replace("CONDITION", "{kind: held, temperature: 25 degC}")
    assert not [w for w in run(case_from(still)).summary()["warnings"] if w["code"] == "coarse-reach"]


def test_parts_that_all_but_touch_are_told():
    text = (
        MATERIALS
        + """
    sample:
      kind: boxes
      coordinates: line
      regions: {a: {material: a, from: 0 mm, to: 10 mm}, b: {material: a, from: 10.01 mm, to: 20 mm}}
      temperature: 300 K
    programme:
      kind: surroundings
      faces: {left: [{kind: held, temperature: 400 K}], right: [{kind: held, temperature: 300 K}]}
      end: 10 min
    """
    )
    (said,) = [w["text"] for w in run(case_from(text)).summary()["warnings"] if w["code"] == "parts-apart"]
    assert said.startswith("two parts of the body lie 10 um from each other at (0.01) m and share no vertex")
    apart = text.replace("10.01 mm", "12 mm")
    assert not [w for w in run(case_from(apart)).summary()["warnings"] if w["code"] == "parts-apart"]
