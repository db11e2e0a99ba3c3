"""Weak forms of the heat equation, one small function each; coefficients arrive by name, at the quadrature points."""

from __future__ import annotations

from skfem import BilinearForm
from skfem.helpers import dot, grad, mul


@BilinearForm
def conduction(T, v, w):
    """(k grad T) . grad v, `conductivity` a tensor [W/(m K)]."""
    return dot(mul(w.conductivity, grad(T)), grad(v))


@BilinearForm
def mass(T, v, w):
    """density T v."""
    return w.density * T * v
