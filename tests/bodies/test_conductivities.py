"""Conductivities by direction, as tensors and round an axis; properties over temperature and melting."""

import numpy as np
import pytest

from tests.bodies.test_bodies import HELD, corner
from tests.bodies.test_derived_numbers import FILM, derived
from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run


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


def test_a_body_that_does_not_turn_round_an_axis_needs_the_tangential_conductivity():
    region = "{material: m, from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm]}"
    sample = f"{{kind: boxes, coordinates: space, regions: {{m: {region}}}, temperature: 300 K}}"
    with pytest.raises(CaseError, match=r"thermal_conductivity: has no 'tangential', which 'm' needs"):
        derived("{radial: 4 W/(m K), axial: 2 W/(m K)}", sample, f"right: {FILM}")
