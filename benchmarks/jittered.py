"""The general path on a cube of jittered hexahedra, beside scikit-fem with pyamg and, where it installs, NGSolve.

A cube of 10 um, polyimide below and silver above 5 um (contrast 2860), uniform hexahedra whose inner nodes off the interface are moved
by up to 0.2 of the spacing (seeded); a square of 1 um on the top held at 473 K, 298 K elsewhere; backward Euler, steps of 1 us.
Set-up is assembly and preconditioner; a step is the mean of five after the first. Imports and loading of compiled code are apart.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import argparse
import resource
import time
from typing import Any

import numpy as np

from meshes.boxes import Extent, boxes_mesh
from meshes.mesh import Mesh
from thermo.boundary import Held
from thermo.conduction import conduction_of
from thermo.elements import Space
from thermo.materials import Table
from thermo.programme import FaceSchedule
from thermo.stepping import copied, copy_state, initial_state, interpolate, make_work, take_step
from thermo.system import MeshSample
from thermo.units import Quantity

SIDE, STEP, N_STEPS = 10e-6, 1e-6, 5
LOWER, UPPER = (0.15, 1420.0 * 1090.0), (429.0, 10490.0 * 235.0)  # W/(m K), J/(m3 K)
HOT, COLD = 473.0, 298.0


def jittered(n: int) -> Mesh:
    """n cells along each side."""
    line = np.linspace(0.0, SIDE, n + 1)
    low, high, half = (0.0,) * 3, (SIDE,) * 3, (SIDE, SIDE, 0.5 * SIDE)
    spot = Extent((4.5e-6, 4.5e-6, SIDE), (5.5e-6, 5.5e-6, SIDE))
    regions = {"lower": [Extent(low, half)], "upper": [Extent((0.0, 0.0, 0.5 * SIDE), high)]}
    mesh = boxes_mesh([line] * 3, regions, {"spot": spot})
    inner = np.all((mesh.points > 0.0) & (mesh.points < SIDE), axis=1) & (np.abs(mesh.points[:, 2] - 0.5 * SIDE) > 1e-12)
    moved = mesh.points.copy()
    moved[inner] += 0.2 * SIDE / n * np.random.default_rng(1).uniform(-1.0, 1.0, (inner.sum(), 3))
    return mesh._replace(points=moved)


def ours(mesh: Mesh, table: Any = None) -> tuple[float, float, np.ndarray]:
    """Set-up and step [s of CPU], and the temperatures at the end."""
    begun = time.process_time()
    space = Space(mesh, 1)
    density = np.zeros(len(mesh.cells))
    for name, (_, value) in (("lower", LOWER), ("upper", UPPER)):
        density[mesh.regions[name]] = value
    conduction = conduction_of(space, {"lower": table or LOWER[0], "upper": UPPER[0]}, [])
    nodes, area = space.on_facets(mesh.faces["spot"])
    start = np.full(space.n_nodes, COLD)
    sample = MeshSample(
        space.content(density), conduction, 3, start, {"spot": nodes}, {"spot": area}, {}, 1e-4, scheme="backward-euler", step=STEP
    )
    held = Held.model_validate({"kind": "held", "temperature": f"{HOT} K"})
    programme = FaceSchedule(np.array([1.0]), (("spot", held),))
    state = initial_state(sample, programme)
    work, trial = make_work(sample, programme), copied(state)

    def step(k: int) -> None:
        take_step(sample, programme, state, k * STEP, STEP, work)
        interpolate(sample, state, work, 1.0, trial)
        copy_state(trial, state)

    step(0)
    set_up = time.process_time() - begun
    begun = time.process_time()
    for k in range(1, N_STEPS + 1):
        step(k)
    each = (time.process_time() - begun) / N_STEPS
    return set_up - each, each, state.temperature


def scikit_fem(mesh: Mesh) -> tuple[float, float, np.ndarray]:
    """The same by scikit-fem's forms and smoothed aggregation with all couplings, a hierarchy kept for all steps."""
    from pyamg import smoothed_aggregation_solver
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import cg
    from skfem import Basis, BilinearForm, ElementHex1, LinearForm, MeshHex
    from skfem.helpers import dot, grad

    begun = time.process_time()
    made = MeshHex(np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(mesh.cells.T[[0, 4, 3, 1, 7, 5, 2, 6]]))
    basis = Basis(made, ElementHex1(), intorder=2)
    k, c = np.empty(len(mesh.cells)), np.empty(len(mesh.cells))
    for name, (conductivity, density) in (("lower", LOWER), ("upper", UPPER)):
        k[mesh.regions[name]], c[mesh.regions[name]] = conductivity, density
    stiffness = BilinearForm(lambda u, v, w: w.k * dot(grad(u), grad(v))).assemble(basis, k=np.repeat(k[:, None], 8, axis=1))
    capacity = LinearForm(lambda v, w: w.c * v).assemble(basis, c=np.repeat(c[:, None], 8, axis=1))
    held = np.unique(mesh.faces["spot"])
    free = np.setdiff1d(np.arange(len(mesh.points)), held)
    matrix = (diags_array(capacity[free]) + STEP * stiffness.tocsr()[free][:, free]).tocsr()
    load = -STEP * (stiffness.tocsr()[free][:, held] @ np.full(len(held), HOT))
    solver = smoothed_aggregation_solver(matrix, strength=("symmetric", {"theta": 0.0}), max_coarse=100).aspreconditioner()
    T = np.full(len(mesh.points), COLD)
    T[held] = HOT

    def step() -> None:
        T[free], _ = cg(matrix, capacity[free] * T[free] + load, x0=T[free], rtol=1e-9, M=solver)

    step()
    set_up = time.process_time() - begun
    begun = time.process_time()
    for _ in range(N_STEPS):
        step()
    each = (time.process_time() - begun) / N_STEPS
    return set_up - each, each, T


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="also a million nodes, which takes minutes")
    options, _ = parser.parse_known_args()
    from thermo.assembly import assemble

    small = jittered(6)
    loaded, _ = cpu(lambda: assemble(Space(small, 1), np.ones(len(small.cells))))
    print(f"start-up: loading compiled code {loaded:.2f} s of CPU, in no figure below")
    rows = []
    for name, n in (("general-104k", 46), *([("general-1030k", 100)] if options.large else [])):
        mesh = jittered(n)
        set_up, step, T = ours(mesh)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        n_nodes = len(mesh.points)
        rows.append(row(f"{name}-memory", memory, "GB", "the limit", 3.5))
        rows.append(row(f"{name}-growth", 1e9 * step / n_nodes, "ns/unknown", "the same in scikit-fem + pyamg", np.nan))
        theirs_set_up, theirs, other = scikit_fem(mesh)
        rows[-1] = row(f"{name}-growth", 1e9 * step / n_nodes, "ns/unknown", "scikit-fem + pyamg theta=0", 1e9 * theirs / n_nodes)
        rows.append(row(name, step, "s/step", "scikit-fem + pyamg theta=0", theirs))
        rows.append(
            row(f"{name}-set-up", 1e6 * set_up / n_nodes, "us/unknown", "scikit-fem + pyamg theta=0", 1e6 * theirs_set_up / n_nodes)
        )
        print(f"{name}: largest difference of the two {np.max(np.abs(T - other)):.1e} K")
        if n == 46:
            table = Table(
                tuple(Quantity.of(value, "temperature") for value in (200.0, 600.0)),
                tuple(Quantity.of(value, "thermal conductivity") for value in (0.10, 0.20)),
            )
            _, varied, _ = ours(mesh, table)
            rows.append(row("variable-k-104k", varied, "s/step", "ours with constant k", step))
    show(rows)


if __name__ == "__main__":
    main()
