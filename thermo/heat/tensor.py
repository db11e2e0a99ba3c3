"""Exact solves on boxes whose coefficients depend on z only: eigenvectors along x and y, a band along z.

With nodal quadrature the matrices of such a box are
    C = Mx x My x Cz,   K = Kx x My x Pz + Mx x Ky x Pz + Mx x My x Kz,
so the eigenvectors of (Kx, Mx) and (Ky, My) leave one band in z a lateral mode: (Cz + d h ((lx + ly) Pz + Kz)). Nodes held on a part
of the top or bottom enter as Lagrange multipliers: after the forward sweep each mode's value on that plane is affine in them, and a
dense system of the size of the patch gives them; the same back substitution finishes both.
R. E. Lynch, J. R. Rice, D. H. Thomas, Numerische Mathematik 6 (1964) 185-199.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meshes.block import Grid, line_matrices
from thermo.base.arrays import Floats, Integers

MOST_HELD = 1200  # nodes held on part of a plane, a dense system


class Stack(NamedTuple):
    """A laterally uniform box: the grid of its cells, the order of its elements, coefficients of each row of cells along z."""

    vertices: Grid
    order: int
    conductivity_in_plane: Floats
    conductivity_through: Floats
    volumetric_heat_capacity: Floats


class BoxSolver:
    """Solves (C + s K) x = r with x = 0 on held nodes, for any s [s]; `None` from `box_solver` where the form does not fit."""

    def __init__(self, stack: Stack, held: Integers, plane: int, whole: bool) -> None:
        from scipy.linalg import eigh

        grid, order, one = stack.vertices, stack.order, np.ones
        self.vectors, values = [], []
        for points in (grid.x, grid.y):
            stiffness, weights = line_matrices(points, order, one(len(points) - 1))
            found, vectors = eigh(stiffness, np.diag(weights))
            values.append(found)
            self.vectors.append(vectors)
        self.shape = tuple(order * (len(points) - 1) + 1 for points in grid[:3])
        self.lateral = (values[0][:, None] + values[1][None, :]).ravel()
        stiffness, _ = line_matrices(grid.z, order, stack.conductivity_through)
        _, self.capacity = line_matrices(grid.z, order, stack.volumetric_heat_capacity)
        _, self.spread = line_matrices(grid.z, order, stack.conductivity_in_plane)
        self.band = [np.diagonal(stiffness, -offset) for offset in range(order + 1)]
        # the plane of the held nodes comes last in the elimination
        self.turned = plane == 0
        if self.turned:
            self.capacity, self.spread = self.capacity[::-1], self.spread[::-1]
            self.band = [diagonal[::-1] for diagonal in self.band]
        self.whole = whole
        self.held = held
        nx, ny, _ = self.shape
        across = held // self.shape[2]
        self.patch = (
            np.zeros((0, nx * ny))
            if whole
            else np.einsum("pi,pj->pij", self.vectors[0][across // ny], self.vectors[1][across % ny]).reshape(len(held), nx * ny)
        )
        self.step = np.nan

    def factorise(self, s: float) -> None:
        """L D L^T of every mode's band, and the dense system of a held patch."""
        from scipy.linalg import cho_factor

        n, order = self.shape[2] - self.whole, len(self.band) - 1
        pivot = np.empty((n, len(self.lateral)))
        lower = np.zeros((order, n, len(self.lateral)))
        for k in range(n):
            pivot[k] = self.capacity[k] + s * (self.band[0][k] + self.lateral * self.spread[k])
            for offset in range(min(order, k), 0, -1):
                entry = np.full_like(self.lateral, s * self.band[offset][k - offset])
                if order == 2 and offset == 1 and k > 1:
                    entry -= lower[1, k] * pivot[k - 2] * lower[0, k - 1]
                lower[offset - 1, k] = entry / pivot[k - offset]
            for offset in range(1, min(order, k) + 1):
                pivot[k] -= lower[offset - 1, k] ** 2 * pivot[k - offset]
        self.pivot, self.lower, self.step = pivot, lower, s
        if len(self.patch):
            self.dense = cho_factor((self.patch / pivot[-1]) @ self.patch.T)

    def solve(self, s: float, right: Floats) -> Floats:
        """x from r, both on all nodes (n_nodes,); r on held nodes counts for nothing."""
        from scipy.linalg import cho_solve

        if s != self.step:
            self.factorise(s)
        nx, ny, nz = self.shape
        r = right.copy()
        r[self.held] = 0.0
        modal = np.tensordot(self.vectors[0].T, r.reshape(nx, ny, nz), 1)
        modal = np.matmul(self.vectors[1].T, modal).reshape(nx * ny, nz).T
        y = (modal[::-1] if self.turned else modal)[: len(self.pivot)].copy()
        order = len(self.lower)
        for k in range(1, len(y)):
            for offset in range(1, min(order, k) + 1):
                y[k] -= self.lower[offset - 1, k] * y[k - offset]
        if len(self.patch):
            y[-1] -= self.patch.T @ cho_solve(self.dense, self.patch @ (y[-1] / self.pivot[-1]))
        y /= self.pivot
        for k in range(len(y) - 2, -1, -1):
            for offset in range(1, min(order, len(y) - 1 - k) + 1):
                y[k] -= self.lower[offset - 1, k + offset] * y[k + offset]
        if self.whole:
            y = np.concatenate([y, np.zeros((1, nx * ny))])
        back = (y[::-1] if self.turned else y).T.reshape(nx, ny, nz)
        x: Floats = np.matmul(self.vectors[1], np.tensordot(self.vectors[0], back, 1)).ravel()
        x[self.held] = 0.0
        return x

    def operator(self, s: float, free: Integers) -> Any:
        """The solve on the free nodes alone, as a preconditioner that leaves nothing to do."""
        from scipy.sparse.linalg import LinearOperator

        n = int(np.prod(self.shape))

        def apply(right: Floats) -> Floats:
            whole = np.zeros(n)
            whole[free] = right
            return self.solve(s, whole)[free]

        return LinearOperator((len(free), len(free)), matvec=apply, dtype=float)


def box_solver(stack: Stack | None, held: Integers) -> BoxSolver | None:
    """A solver for a box whose held nodes lie on its top or on its bottom; None where the form does not fit."""
    if stack is None:
        return None
    nz = stack.order * (len(stack.vertices.z) - 1) + 1
    levels = np.unique(held % nz)
    if len(levels) > 1 or (len(levels) == 1 and levels[0] not in (0, nz - 1)):
        return None
    n_plane = int(np.prod([stack.order * (len(points) - 1) + 1 for points in stack.vertices[:2]]))
    whole = len(held) == n_plane
    if not whole and len(held) > MOST_HELD:
        return None
    return BoxSolver(stack, held, int(levels[0]) if len(levels) else nz - 1, whole)
