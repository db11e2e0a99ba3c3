"""Weak forms of the heat equation, one small function each; coefficients arrive by name."""

from __future__ import annotations

import numpy as np
from skfem import BilinearForm, LinearForm
from skfem.helpers import grad


@BilinearForm
def conduction(T, v, w):
    """(k grad T) . grad v, the conductivity by axis: `conductivity_x`, `_y`, `_z` [W/(m K)]."""
    dT, dv = grad(T), grad(v)
    return w.conductivity_x * dT[0] * dv[0] + w.conductivity_y * dT[1] * dv[1] + w.conductivity_z * dT[2] * dv[2]


@LinearForm
def content(v, w):
    """density x v: the share of each node in an integral over the body (row sums of a mass matrix)."""
    return w.density * v


def cell_values(values, basis):
    """One value a cell, as `(n_cells, n_quadrature)` coefficients of a form."""
    return np.repeat(np.asarray(values, float)[:, None], basis.dx.shape[1], axis=1)
