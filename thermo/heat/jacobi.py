"""Conjugate gradients with the diagonal as preconditioner, as one compiled loop: short steps of bodies that react need a few iterations."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels
from thermo.heat.assembly import unsigned


def solved_by_jacobi(matrix: csr_matrix, diagonal: Floats, rhs: Floats, tolerance: float, most: int = 400) -> Floats | None:
    """x of A x = rhs for a symmetric positive definite A with this diagonal, whose residual is at most `tolerance` in norm of rhs; None
    where it is more."""
    x, left, work = np.zeros_like(rhs), rhs.copy(), np.empty((2, len(rhs)))
    indptr, indices = unsigned(matrix.indptr), unsigned(matrix.indices)
    done = compile_kernels()(conjugate_gradients)(indptr, indices, matrix.data, diagonal, x, left, work, tolerance, most)
    return x if done else None


def conjugate_gradients(indptr, indices, data, diagonal, x, left, work, tolerance, most):  # type: ignore[no-untyped-def]
    """x in place from zero, `left` from the right side to its residual; `work` (2, n)."""
    n = x.shape[0]
    direction, product = work[0], work[1]
    norm, rho = 0.0, 0.0
    for i in range(n):
        norm += left[i] * left[i]
        direction[i] = left[i] / diagonal[i]
        rho += left[i] * direction[i]
    goal = tolerance * tolerance * norm
    found = norm == 0.0
    for _ in range(most):
        if found:
            break
        along = 0.0
        for i in range(n):
            value = 0.0
            for k in range(indptr[i], indptr[i + 1]):
                value += data[k] * direction[indices[k]]
            product[i] = value
            along += direction[i] * value
        if not along > 0.0:
            return False
        step, norm, after = rho / along, 0.0, 0.0
        for i in range(n):
            x[i] += step * direction[i]
            left[i] -= step * product[i]
            norm += left[i] * left[i]
            after += left[i] * left[i] / diagonal[i]
        found = norm <= goal
        share, rho = after / rho, after
        for i in range(n):
            direction[i] = left[i] / diagonal[i] + share * direction[i]
    return found
