"""What others make of a heat equation's matrices: solvers of (C + s K) x = r, each set up once for a step.

Those that do not install are left out, with a line that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, triu
from scipy.sparse.linalg import cg, splu

Solver = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of a right side and a first guess


def pyamg_solver(matrix: csr_matrix) -> Solver:
    """Conjugate gradients with smoothed aggregation, all couplings strong (theta = 0), to 1e-9 of the right side."""
    from pyamg import smoothed_aggregation_solver

    operator = smoothed_aggregation_solver(matrix, strength=("symmetric", {"theta": 0.0}), max_coarse=100).aspreconditioner()
    return lambda r, guess: cg(matrix, r, x0=guess, rtol=1e-9, M=operator)[0]


def superlu(matrix: csr_matrix) -> Solver:
    """scipy's sparse LU."""
    factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return lambda r, guess: factor.solve(r)


def pardiso(matrix: csr_matrix) -> Solver:
    """MKL's sparse Cholesky."""
    from pypardiso import PyPardisoSolver

    solver, upper = PyPardisoSolver(mtype=2), triu(matrix).tocsr()
    solver.factorize(upper)
    return lambda r, guess: solver.solve(upper, r)


def ngsolve(matrix: csr_matrix) -> Solver:
    """NGSolve's sparse Cholesky."""
    import ngsolve.la as la

    entries = matrix.tocoo()
    made = la.SparseMatrixd.CreateFromCOO(list(entries.row), list(entries.col), list(entries.data), *matrix.shape)
    inverse, right, found = made.Inverse(inverse="sparsecholesky"), made.CreateColVector(), made.CreateColVector()

    def solve(r: np.ndarray, guess: np.ndarray) -> np.ndarray:
        right.FV().NumPy()[:] = r
        found.data = inverse * right
        return np.array(found.FV().NumPy())

    return solve


PEERS: dict[str, tuple[Callable[[csr_matrix], Solver], str, int]] = {  # solver, what it needs, most unknowns that it is tried with
    "scikit-fem + pyamg theta=0": (pyamg_solver, "pyamg", 10**8),
    "scikit-fem + SuperLU": (superlu, "scipy", 25_000),
    "scikit-fem + MKL Pardiso": (pardiso, "pypardiso", 200_000),
    "scikit-fem + NGSolve Cholesky": (ngsolve, "ngsolve", 60_000),
}


def installed() -> dict[str, tuple[Callable[[csr_matrix], Solver], int]]:
    """The peers that are there; of others a line says so."""
    from importlib.util import find_spec

    found: dict[str, Any] = {}
    for name, (solver, package, most) in PEERS.items():
        if find_spec(package):
            found[name] = (solver, most)
        else:
            print(f"skipped: {name} ({package} is not installed)")
    for name in ("dolfinx", "freefem++"):
        print(f"skipped: {name} (a package of Debian; its own assembly is measured by no figure here)")
    return found
