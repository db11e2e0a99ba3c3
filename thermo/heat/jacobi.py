"""Conjugate gradients with the diagonal as preconditioner, as one compiled loop: short steps of bodies that react need a few iterations."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_matrix

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels


def solved_by_jacobi(matrix: csr_matrix, rhs: Floats, tolerance: float, most: int = 400) -> Floats | None:
    """x of A x = rhs for a symmetric positive definite A, whose residual is at most `tolerance` in norm of rhs; None where it is more.

    What is left over in all is taken away as one constant, so that the residual sums to zero.
    """
    x, left, work = np.zeros_like(rhs), rhs.copy(), np.zeros((3, len(rhs)))
    done = compile_kernels()(conjugate_gradients)(matrix.indptr, matrix.indices, matrix.data, x, left, work, tolerance, most)
    return x if done else None


def conjugate_gradients(indptr, indices, data, x, left, work, tolerance, most):  # type: ignore[no-untyped-def]
    """x in place from zero, `left` from the right side to its residual; `work` (3, n)."""
    n = x.shape[0]
    inverse, direction, product = work[0], work[1], work[2]
    norm, whole, total = 0.0, 0.0, 0.0
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            whole += data[k]
            if indices[k] == i:
                inverse[i] = 1.0 / data[k]
        norm += left[i] * left[i]
        total += left[i]
    goal, rho = tolerance * tolerance * norm, 0.0
    for i in range(n):
        direction[i] = inverse[i] * left[i]
        rho += left[i] * direction[i]
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
            after += left[i] * inverse[i] * left[i]
        found = norm <= goal
        share, rho = after / rho, after
        for i in range(n):
            direction[i] = inverse[i] * left[i] + share * direction[i]
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            total -= data[k] * x[indices[k]]
    if not math.isfinite(total):
        return False
    for i in range(n):
        x[i] += total / whole
    return found
