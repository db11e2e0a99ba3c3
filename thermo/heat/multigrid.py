"""The preconditioner of large systems: a hierarchy by pyamg, and the cycle through a large one in compiled code.

A cycle is bound by how fast the matrix is read. From zero, one sweep of Gauss-Seidel reads the lower triangle and what it leaves the upper
one; a large hierarchy is of single precision, which halves the numbers. The conjugate gradients around it stay in double precision and
never see the difference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels, kernel
from thermo.heat.assembly import LARGE, Places, unsigned

Singles = NDArray[np.float32]

POWER_ITERATIONS = 6


def multigrid(matrix: csr_matrix) -> Any:
    """Algebraic multigrid: classical (Ruge & Stueben) where no entry off the diagonal is positive, as on graded boxes with nodal
    quadrature, whose strong couplings it follows; else by smoothed aggregation with all couplings.

    The prolongation of the latter is damped with 4/3 over the spectral radius of D^-1 A, D the sums of rows. A few products from one
    vector estimate that; pyamg's own way takes half of the set-up and random numbers, which would make two runs differ.
    """
    from pyamg import ruge_stuben_solver, smoothed_aggregation_solver

    scale = 1.0
    if matrix.shape[0] >= LARGE:
        scale = float(matrix.data.max())
        matrix = csr_matrix(((matrix.data / scale).astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)
    sweeps = {"presmoother": ("gauss_seidel", {"sweep": "forward"}), "postsmoother": ("gauss_seidel", {"sweep": "backward"})}
    if np.count_nonzero(matrix.data > 0.0) > matrix.shape[0]:
        D = np.add.reduceat(np.abs(matrix.data), matrix.indptr[:-1])
        vector = np.random.default_rng(0).normal(size=matrix.shape[0]).astype(matrix.dtype)
        for _ in range(POWER_ITERATIONS):
            vector = matrix @ vector / D
            radius = float(np.linalg.norm(vector))
            vector /= radius
        hierarchy = smoothed_aggregation_solver(
            matrix,
            strength=None,
            smooth=("jacobi", {"omega": 4.0 / 3.0 / radius, "weighting": "local"}),
            improve_candidates=None,
            max_coarse=100,
            **sweeps,
        )
    else:
        hierarchy = ruge_stuben_solver(matrix, strength=("classical", {"theta": 0.25}), max_coarse=100, **sweeps)
    if matrix.shape[0] < LARGE:
        return hierarchy.aspreconditioner(cycle="V")
    return LinearOperator(matrix.shape, matvec=Cycle(hierarchy, scale), dtype=float)


class Level(NamedTuple):
    """A matrix of n rows in single precision, columns of a row rising: `at` (n,) the place of its entry on the diagonal, `inverse` (n,)
    that entry's inverse; prolongation from and restriction to the next level; two vectors (n,).
    """

    indptr: Places
    indices: Places
    data: Singles
    at: Places
    inverse: Singles
    prolong: Any
    restrict: Any
    found: Singles
    left: Singles


class Cycle:
    """A V-cycle from zero: Gauss-Seidel forward on the way down and backward on the way up, so that it is symmetric."""

    def __init__(self, hierarchy: Any, scale: float) -> None:
        compiled = compile_kernels()
        self.descend, self.ascend = compiled(descend), compiled(ascend)
        self.scale = scale
        self.levels = [_level(level) for level in hierarchy.levels[:-1]]
        self.coarsest = np.linalg.pinv(hierarchy.levels[-1].A.toarray().astype(float)).astype(np.float32)

    def __call__(self, right: Floats) -> Floats:
        size = float(np.max(np.abs(right), initial=0.0))
        if size == 0.0:
            return np.zeros_like(right)
        found = self._cycle(0, (right.ravel() / size).astype(np.float32)).astype(float)
        found *= size / self.scale
        return found  # type: ignore[no-any-return]

    def _cycle(self, depth: int, right: Singles) -> Singles:
        if depth == len(self.levels):
            return self.coarsest @ right  # type: ignore[no-any-return]
        level = self.levels[depth]
        matrix = level.indptr, level.indices, level.data, level.at, level.inverse
        self.descend(*matrix, right, level.found, level.left)
        found = level.found + level.prolong @ self._cycle(depth + 1, level.restrict @ level.left)
        self.ascend(*matrix, right, found)
        return found  # type: ignore[no-any-return]


def _level(level: Any) -> Level:
    matrix = level.A.tocsr()
    matrix.sort_indices()
    indptr, indices, data = unsigned(matrix.indptr), unsigned(matrix.indices), matrix.data.astype(np.float32, copy=False)
    at, n = np.empty(matrix.shape[0], np.uint32), matrix.shape[0]
    compile_kernels()(diagonal)(indptr, indices, at)
    prolong, restrict = (transfer.tocsr().astype(np.float32) for transfer in (level.P, level.R))
    return Level(indptr, indices, data, at, 1.0 / data[at], prolong, restrict, np.empty(n, np.float32), np.empty(n, np.float32))


@kernel
def diagonal(indptr, indices, at):
    """Into `at` (n,) where the entries on the diagonal stand."""
    for row in range(at.shape[0]):
        for k in range(indptr[row], indptr[row + 1]):
            if indices[k] == row:
                at[row] = k


@kernel
def descend(indptr, indices, data, at, inverse, right, found, left):
    """Into `found` a forward sweep of Gauss-Seidel from zero, into `left` what it leaves of `right`."""
    for row in range(right.shape[0]):
        total = right[row]
        for k in range(indptr[row], at[row]):
            total -= data[k] * found[indices[k]]
        found[row] = total * inverse[row]
    for row in range(right.shape[0]):
        total = data[at[row]] * found[row]
        for k in range(at[row], indptr[row + 1]):
            total -= data[k] * found[indices[k]]
        left[row] = total


@kernel
def ascend(indptr, indices, data, at, inverse, right, found):
    """A backward sweep of Gauss-Seidel on `found`."""
    n = right.shape[0]
    for back in range(n):
        row = n - 1 - back
        total = right[row] + data[at[row]] * found[row]
        for k in range(indptr[row], indptr[row + 1]):
            total -= data[k] * found[indices[k]]
        found[row] = total * inverse[row]
