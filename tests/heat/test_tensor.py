"""Solves mode by mode against a sparse factorisation of the assembled matrices."""

import numpy as np
import pytest
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu

from tests.conftest import case_from
from thermo.heat.mesh_work import MeshWork
from thermo.heat.tensor import box_solver
from thermo.simulation.mesh_body import MeshBody
from thermo.simulation.simulate import run

BOX = """
    title: layers
    materials:
      a: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {{in_plane: 30 W/(m K), through: 0.2 W/(m K)}}}}
      b: {{density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 300 W/(m K)}}
    sample:
      kind: layered-block
      size: [8 mm, 6 mm]
      layers:
        - {{name: one, material: b, thickness: 0.5 mm}}
        - {{name: two, material: a, thickness: 2 mm}}
        - {{name: three, material: b, thickness: 1 mm}}
      patches: {{spot: {{face: {face}, square: 1 mm, centre: [3 mm, 2 mm]}}}}
      temperature: 300 K
      mesh: {{order: {order}, smallest: 0.4 mm, largest: 2 mm}}
    programme: {{kind: surroundings, faces: {faces}, end: 2 s}}
    measure: {{probes: {{p: [7 mm, 5 mm, 1 mm], mean: {{face: bottom, take: mean}}}}}}
    numerics: {{tolerance: 1e-4, tensor: {tensor}}}
"""
HELD = "[{kind: held, temperature: 400 K}]"
FILM = "[{kind: convection, heat_transfer_coefficient: 2000 W/(m2 K), ambient_temperature: 350 K}]"
GLOW = "[{kind: radiation, emissivity: 0.9, ambient_temperature: 1200 K}]"
FACES = {
    "patch on the top": ("top", f"{{spot: {HELD}}}"),
    "patch on the bottom": ("bottom", f"{{spot: {HELD}}}"),
    "the whole top": ("top", f"{{top: {HELD}}}"),
    "the whole bottom, a film on the top": ("top", f"{{bottom: {HELD}, top: {FILM}}}"),
    "nothing held": ("top", f"{{top: {FILM}}}"),
    "patch and radiation on a side": ("top", f"{{spot: {HELD}, left: {GLOW}}}"),
}


def box(name, order, tensor="true"):
    face, faces = FACES[name]
    return case_from(BOX.format(face=face, faces=faces, order=order, tensor=tensor))


@pytest.mark.usual(2)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", sorted(FACES))
@pytest.mark.parametrize("s", [1e-9, 1e-3, 10.0])
def test_a_solve_mode_by_mode_is_the_solve_of_the_assembled_matrix(name, order, s):
    body = MeshBody(box(name, order))
    work = MeshWork(body.sample, body.programme)
    assert work.box is not None
    right = np.random.default_rng(4).normal(size=body.n_dofs)
    matrix = diags_array(body.sample.capacity[work.free]) + s * body.sample.conduction.matrix[work.free][:, work.free]
    exact = splu(matrix.tocsc()).solve(right[work.free])
    found = work.box.solve(s, right)
    assert found[work.free] == pytest.approx(exact, rel=1e-8, abs=1e-10 * np.abs(exact).max())
    assert not found[work.held].any()


@pytest.mark.parametrize("name", sorted(FACES))
@pytest.mark.slow
def test_both_ways_give_the_same_run(name):
    ours, theirs = run(box(name, 1)), run(box(name, 1, "false"))
    assert ours.probe("p")[-1] == pytest.approx(theirs.probe("p")[-1], abs=2e-3)
    assert ours.probe("mean")[-1] == pytest.approx(theirs.probe("mean")[-1], abs=2e-3)
    assert ours.summary()["energy"]["residual_relative"] < 1e-8


def test_held_sides_are_left_to_the_general_way():
    body = MeshBody(case_from(BOX.format(face="top", faces=f"{{left: {HELD}}}", order=1, tensor="true")))
    held = body.sample.faces["left"]
    assert box_solver(body.sample.stack, held) is None
    assert box_solver(None, held) is None
    assert run(case_from(BOX.format(face="top", faces=f"{{left: {HELD}}}", order=1, tensor="true"))).failure is None
