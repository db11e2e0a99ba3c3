"""Linear systems of the heat equation: which are factorised, how, and what that takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import splu

from thermo.base.arrays import Floats
from thermo.stepping.loop import (
    N_BANDED,
    N_DIRECT,
)

MOST_DIRECT = {1: 10**9, 2: 20_000, 3: 1500}  # unknowns up to which a linear system is solved directly, by dimension
LARGEST_FACTOR = 2e9  # bytes of sparse factors to which a system that iterations do not solve is left


def directly(n: int, dimension: int) -> bool:
    """Whether a system of n unknowns is factorised: the others are solved by conjugate gradients."""
    return n <= MOST_DIRECT[dimension]


def factors_fit(n: int, dimension: int, symmetric: bool = True) -> bool:
    """Whether a system of n unknowns that iterations do not solve is left to factors."""
    return factor_bytes(n, dimension, symmetric) <= LARGEST_FACTOR


def factor_bytes(n: int, dimension: int, symmetric: bool = True) -> float:
    """About what sparse factors of n unknowns take: n^(4/3) entries in space, n log n in a plane, by SuperLU on cubes and squares."""
    if dimension == 1:
        return 100.0 * n
    entries = (
        (30.0 if symmetric else 80.0) * n ** (4.0 / 3.0) if dimension == 3 else (6.0 if symmetric else 10.0) * n * math.log2(max(n, 2))
    )
    return 12.0 * entries


def factorised(matrix: csr_matrix) -> tuple[int, Any]:
    """How a symmetric matrix is solved directly, and which counter that adds to: as a band where it is narrow, else sparse factors."""
    entries = matrix.tocoo()
    width = int(np.max(np.abs(entries.row - entries.col), initial=0))
    if width > 3:
        factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        return N_DIRECT, factor.solve
    from scipy.linalg import LinAlgError, cholesky_banded
    from scipy.linalg.lapack import dpbtrs  # what `cho_solve_banded` calls, which takes longer to ask what it was given

    band = np.zeros((width + 1, matrix.shape[0]))
    for offset in range(width + 1):
        band[offset, : matrix.shape[0] - offset] = matrix.diagonal(-offset)
    try:
        found = cholesky_banded(band, lower=True)
    except LinAlgError:
        return N_BANDED, lambda rhs: np.full_like(rhs, np.nan)
    return N_BANDED, lambda rhs: dpbtrs(found, rhs, lower=1)[0]


def solved(matrix: csr_matrix, found: Floats, left: Floats, most: float) -> bool:
    """Whether the residual `left` is at most `most` in norm, as far as it is more than the rounding of the product itself: a nearly uniform
    body at a long step is a small difference of large terms."""
    norm = float(np.linalg.norm(left))
    return norm <= most or norm - 1e-13 * float(np.linalg.norm(matrix.diagonal() * found)) <= most
