"""Biot and Fourier numbers, lengths and effective conductivities of stacks that the summary derives."""

import numpy as np
import pytest

from tests.bodies.test_bodies import corner
from tests.conftest import case_from
from thermo.simulation.simulate import run

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
