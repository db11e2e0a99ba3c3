"""The general path on a cube of jittered hexahedra.

A cube of 10 um, polyimide below and silver above 5 um (contrast 2860), uniform hexahedra whose inner nodes off the interface are moved
by up to 0.2 of the spacing (seeded); a square of 1 um on the top held at 473 K, 298 K elsewhere; backward Euler, steps of 1 us.
Set-up is assembly and preconditioner; a step is the mean of five after the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from meshes.boxes import Extent, boxes_mesh
from meshes.mesh import Mesh
from thermo.heat.conduction import conduction_of
from thermo.heat.elements import Space
from thermo.heat.mesh_sample import MeshSample
from thermo.programmes.conditions import Held
from thermo.programmes.programme import Schedule
from thermo.stepping.loop import N_SOLVES, copied, copy_state, initial_state, interpolate, make_work, take_step

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


def ours(mesh: Mesh, table: Any = None) -> tuple[float, float, float, np.ndarray]:
    """Set-up, step and solve [s of CPU], and the temperatures at the end."""
    begun = time.process_time()
    space = Space(mesh, 1)
    density = np.zeros(len(mesh.cells))
    for name, (_, value) in (("lower", LOWER), ("upper", UPPER)):
        density[mesh.regions[name]] = value
    conduction = conduction_of(space, {"lower": table or LOWER[0], "upper": UPPER[0]}, [])
    nodes, area = space.on_facets(mesh.faces["spot"])
    start = np.full(space.n_nodes, COLD)
    held = Held.model_validate({"kind": "held", "temperature": f"{HOT} K"})
    sample = MeshSample(
        space.content(density),
        conduction,
        3,
        start,
        (("spot", held),),
        HOT - float(start.min()),
        {"spot": nodes},
        {"spot": area},
        {},
        1e-4,
        scheme="backward-euler",
        step=STEP,
    )
    programme = Schedule(np.array([1.0]))
    state = initial_state(sample, programme)
    work, trial = make_work(sample, programme), copied(state)

    def step(k: int) -> None:
        take_step(sample, programme, state, k * STEP, STEP, work)
        interpolate(sample, state, work, 1.0, trial)
        copy_state(trial, state)

    step(0)
    set_up = time.process_time() - begun
    begun, before = time.process_time(), state.loop[N_SOLVES]
    for k in range(1, N_STEPS + 1):
        step(k)
    each = time.process_time() - begun
    return set_up - each / N_STEPS, each / N_STEPS, each / (state.loop[N_SOLVES] - before), state.temperature


def assembled(mesh: Mesh) -> tuple[csr_matrix, np.ndarray]:
    """Conduction and row sums of capacity by scikit-fem's forms."""
    from skfem import Basis, BilinearForm, ElementHex1, LinearForm, MeshHex
    from skfem.helpers import dot, grad

    made = MeshHex(np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(mesh.cells.T[[0, 4, 3, 1, 7, 5, 2, 6]]))
    basis = Basis(made, ElementHex1(), intorder=2)
    k, c = np.empty(len(mesh.cells)), np.empty(len(mesh.cells))
    for name, (conductivity, density) in (("lower", LOWER), ("upper", UPPER)):
        k[mesh.regions[name]], c[mesh.regions[name]] = conductivity, density
    stiffness = BilinearForm(lambda u, v, w: w.k * dot(grad(u), grad(v))).assemble(basis, k=np.repeat(k[:, None], 8, axis=1))
    capacity = LinearForm(lambda v, w: w.c * v).assemble(basis, c=np.repeat(c[:, None], 8, axis=1))
    return stiffness.tocsr(), capacity


def theirs(
    stiffness: csr_matrix, capacity: np.ndarray, held: np.ndarray, peer: Callable[[csr_matrix], Any], n_steps: int = N_STEPS
) -> tuple[float, float, np.ndarray]:
    """The same steps with a peer's solver, set up once: set-up of the solver and step [s of CPU], and the temperatures at the end."""
    begun = time.process_time()
    free = np.setdiff1d(np.arange(len(capacity)), held)
    matrix = (diags_array(capacity[free]) + STEP * stiffness[free][:, free]).tocsr()
    load = -STEP * (stiffness[free][:, held] @ np.full(len(held), HOT))
    solve = peer(matrix)
    T = np.full(len(capacity), COLD)
    T[held] = HOT
    T[free] = solve(capacity[free] * T[free] + load, T[free])
    set_up = time.process_time() - begun
    begun = time.process_time()
    for _ in range(n_steps):
        T[free] = solve(capacity[free] * T[free] + load, T[free])
    each = (time.process_time() - begun) / n_steps
    return set_up - each, each, T
