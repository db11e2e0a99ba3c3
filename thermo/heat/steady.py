"""The steady state of a meshed body: surface(T) - K(T) T = 0 by Newton's method, held by a search along its direction.

Where conductivities depend on temperature its matrix is the full tangent, and each step is one in the potential of the nodes rather than
in their temperature: of a body of one material it is the whole way, however its conductivity changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import bicgstab, splu

from thermo.base.arrays import Floats
from thermo.base.errors import SolveError
from thermo.heat.conduction import edges_of
from thermo.heat.linear import directly, factor_bytes, factors_fit, solved
from thermo.heat.mesh_sample import MeshSample, Surface, heat_of, surface
from thermo.heat.mesh_work import SOLVE_TOLERANCE, MeshWork
from thermo.heat.multigrid import multigrid
from thermo.materials.storage import capacities, heats, temperatures, volumes
from thermo.programmes.programme import ENDED, PHASE, REASON, Schedule
from thermo.stepping.loop import (
    HIGHEST,
    LOWEST,
    N_DIRECT,
    N_MULTIGRID,
    N_SOLVES,
    N_STEPS,
    State,
    new_history,
)
from thermo.stepping.rows import History, write_row

MOST = 200  # iterations
SMALLEST = 1e-10  # of the largest flow, what may be left open at a node


class SteadyWork(MeshWork):
    """Memory of Newton's method. Without capacities no step is short, and what preconditions a step does not fit: multigrid is made of
    every matrix itself."""

    made: tuple[csr_matrix | None, Any] = (None, None)

    def preconditioner_at(self, s: float, matrix: csr_matrix, loop: Floats) -> tuple[int, Any]:
        """Multigrid."""
        if self.made[0] is not matrix:
            self.made = (matrix, multigrid(matrix))
        return N_MULTIGRID, self.made[1]

    def tangent_solve(self, T: Floats, left: Floats, around: Surface, loop: Floats, slope: Floats) -> Floats | None:
        """The change of the free nodes by the full tangent, slopes of conductivities and all [K]; None if it is not found.

        Large ones with multigrid of the mean conductivities; where that misses, in changes of the nodes' potentials, whose `slope` in the
        temperature (n_nodes,) [W/(m K)] is known: of one material the tangent is symmetric in them.
        """
        loop[N_SOLVES] += 1.0
        tangent = self._system(1.0, self.sample.conduction.tangent(T), around.slope[self.free], around.links)
        norm = float(np.linalg.norm(left))
        if not directly(len(left), self.sample.dimension):
            means = self.matrix_at(1.0, around, np.zeros_like(T))
            per = diags_array(1.0 / slope[self.free])
            scaled = (tangent @ per).tocsr()
            for matrix, near in ((tangent, lambda: means), (scaled, lambda: (0.5 * (scaled + scaled.T)).tocsr())):
                found, _ = bicgstab(matrix, left, rtol=SOLVE_TOLERANCE, atol=0.0, maxiter=100, M=multigrid(near()))
                if solved(matrix, found, left - matrix @ found, 10.0 * SOLVE_TOLERANCE * norm):
                    loop[N_MULTIGRID] += 1.0
                    return found if matrix is tangent else per @ found  # type: ignore[no-any-return]
            if not factors_fit(len(left), self.sample.dimension, symmetric=False):
                return None
        loop[N_DIRECT] += 1.0
        found = splu(tangent.tocsc()).solve(left)
        return found if np.all(np.isfinite(found)) else None


def settle(sample: MeshSample, programme: Schedule, state: State) -> Iterator[History]:
    """The steady state, in place of the state; the one row that there is. The ledger holds powers [W].

    Raises SolveError where it is not found; the row is then what was reached.
    """
    work, T = SteadyWork(sample._replace(mass=None), programme), state.temperature
    T[work.held] = work.held_values(0.0)
    failure = _newton(work, T, state.loop)
    yield settled_row(sample, programme, state)
    if failure:
        raise SolveError(failure)


def settled_row(sample: MeshSample, programme: Schedule, state: State, made: float | Floats = 0.0) -> History:
    """The one row of a state in which nothing changes any more, with its powers in the ledger [W]; reactions have `made` (n_nodes,) [W]."""
    work, T, loop = MeshWork(sample._replace(mass=None), programme), state.temperature, state.loop
    around = surface(sample, 0.0, T)
    into = sample.conduction.at(T).into(T) + around.flow + made
    state.ledger[sample.ledger.faces :] = around.heats
    for j, _, _, nodes in work.held_terms:
        state.ledger[sample.ledger.faces + j] = -float(np.sum(into[nodes]))
    state.enthalpy[:] = heat_of(sample, T)
    loop[LOWEST], loop[HIGHEST] = float(np.min(T)), float(np.max(T))
    state.machine[PHASE], state.machine[REASON] = ENDED, 2.0
    history = new_history(sample, state, 1, 1)
    write_row(sample, state, 0.0, float(T[0]), 0.0, 1.0, history, 0)
    return history


def _newton(work: SteadyWork, T: Floats, loop: Floats) -> str:
    """Change T until nothing is left unbalanced; why that failed, or nothing."""
    nothing = np.zeros_like(T)
    curved = any(condition.curved for _, condition in work.terms)
    potentials = work.sample.conduction.potentials() if work.sample.conduction.variable else None
    left, scale = _unbalance(work, T)
    for _ in range(MOST):
        around = surface(work.sample, 0.0, T)
        if potentials:
            change = work.tangent_solve(T, left, around, loop, capacities(potentials, T) / volumes(potentials))
        else:
            change = work.solve(1.0, left, loop, around, nothing)
        if change is None:
            symmetric = potentials is None
            need = factor_bytes(len(left), work.sample.dimension, symmetric)
            why = (
                f": multigrid does not converge, and factors need about {need / 1e9:.1f} GB; use fewer nodes"
                if not factors_fit(len(left), work.sample.dimension, symmetric)
                else ""
            )
            return f"the steady state was not found: a linear system cannot be solved{why}"
        small = float(np.max(np.abs(change), initial=0.0)) < SMALLEST * float(np.max(np.abs(T)))
        share, before = 1.0, float(np.linalg.norm(left))
        while True:
            trial = T.copy()
            trial[work.free] += share * change
            if potentials:
                aim = heats(potentials, T) + capacities(potentials, T) * (trial - T)
                trial[work.free] = temperatures(potentials, aim, T)[work.free]
            found, size = _unbalance(work, trial)
            if (np.min(trial) > 0.0 or not curved) and (small or np.linalg.norm(found) <= (1.0 - 0.1 * share) * before):
                break
            share *= 0.5
            if share < 1e-8:
                return "the steady state was not found: Newton's method does not converge"
        T[:], left, scale = trial, found, size
        loop[N_STEPS] += 1.0
        if small or np.max(np.abs(left), initial=0.0) <= SMALLEST * scale:
            return ""
    return f"the steady state was not found in {MOST} iterations"


def _unbalance(work: SteadyWork, temperature: Floats) -> tuple[Floats, float]:
    """What flows into every free node [W], and the largest that flows anywhere."""
    around = surface(work.sample, 0.0, temperature)
    work.now = work.sample.conduction.at(temperature)
    inside = work.now.into(temperature)
    edges = work.now.edges or edges_of(work.now.matrix)
    passing = np.abs(edges.conductance * (edges.difference @ temperature))
    return (inside + around.flow)[work.free], float(max(np.max(passing, initial=0.0), np.max(np.abs(around.flow), initial=0.0)))
