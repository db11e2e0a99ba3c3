"""The unit cells that elements are made on: shape functions, quadrature, corners as VTK numbers them, facets, halves.

Points of a unit cell have coordinates 0 to 1.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from meshes.mesh import DIMENSION
from thermo.base.arrays import Floats

# scikit-fem numbers the corners of the unit cube otherwise than VTK does
SKFEM_ORDER = {"hexahedron": [0, 4, 3, 1, 7, 5, 2, 6]}


def nodal_rule(order: int, dimension: int) -> tuple[Floats, Floats]:
    """Points (dimension, n) and weights (n,) on the unit cube with one point a node of the element (Gauss-Lobatto).

    On boxes the conduction matrix then couples neighbours along the axes only: for linear elements no entry off the
    diagonal is positive, so that heat flows from hot to cold between any two nodes.
    """
    line, weights = (np.array([0.0, 1.0]), np.full(2, 0.5)) if order == 1 else (np.array([0.0, 0.5, 1.0]), np.array([1.0, 4.0, 1.0]) / 6.0)
    points = np.stack(np.meshgrid(*[line] * dimension, indexing="ij")).reshape(dimension, -1)
    product = weights
    for _ in range(dimension - 1):
        product = np.multiply.outer(product, weights)
    return points, product.ravel()


def element_of(kind: str, order: int) -> Any:
    """scikit-fem's Lagrange element."""
    import skfem

    names = {"line": "LineP", "triangle": "TriP", "quad": "Quad", "tetra": "TetP", "hexahedron": "Hex"}
    return getattr(skfem, f"Element{names[kind]}{order}")()


def vtk_order(kind: str) -> list[int]:
    """Local nodes of a linear element in VTK's order."""
    order = SKFEM_ORDER.get(kind, range({"line": 2, "triangle": 3, "quad": 4, "tetra": 4}.get(kind, 8)))
    return list(np.argsort(order))


@functools.cache
def facet_rule(kind: str, order: int) -> tuple[Floats, Floats, Floats]:
    """Shape functions of a facet of cells of a kind: values (n_points, n_nodes), slopes (n_points, n_nodes, dimension - 1), weights.

    The points are Gauss's and the same for both orders. Nodes as `facet_nodes` has them.
    """
    import skfem

    dimension = DIMENSION[kind] - 1
    if dimension == 0:
        return np.ones((1, 1)), np.zeros((1, 1, 0)), np.ones(1)
    facet = {"triangle": "line", "quad": "line", "tetra": "triangle", "hexahedron": "quad"}[kind]
    element = element_of(facet, order)
    points, weights = skfem.quadrature.get_quadrature(element.refdom, 4)
    values, slopes = [], []
    for i in range(len(element.doflocs)):
        value, slope = element.lbasis(points, i)
        values.append(np.broadcast_to(value, len(weights)))
        slopes.append(np.broadcast_to(slope, (dimension, len(weights))).T)
    return np.stack(values, axis=1), np.stack(slopes, axis=1), weights


def normals(corners: Floats, slopes: Floats, inside: Floats) -> Floats:
    """Normals of facets away from a place inside their cell, as long as the facet is large in its parameters: (n, n_points, dimension)."""
    tangents = np.einsum("qia,fid->fqad", slopes, corners)
    if tangents.shape[2] == 0:
        normal = np.ones((len(corners), len(slopes), 1))
    elif tangents.shape[2] == 1:
        normal = np.stack([tangents[:, :, 0, 1], -tangents[:, :, 0, 0]], axis=-1)
    else:
        normal = np.cross(tangents[:, :, 0], tangents[:, :, 1])
    outward = np.einsum("fqd,fd->fq", normal, corners.mean(axis=1) - inside)
    return normal * np.sign(outward)[:, :, None]  # type: ignore[no-any-return]


def determinant(a: Floats) -> Any:
    """Determinants of matrices (d, d, ...)."""
    if len(a) == 1:
        return a[0, 0]
    if len(a) == 2:
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return sum(a[0, i] * (a[1, (i + 1) % 3] * a[2, (i + 2) % 3] - a[1, (i + 2) % 3] * a[2, (i + 1) % 3]) for i in range(3))


def signed_volume(corners: Floats, kind: str) -> Floats:
    """Volume of the cells by their first corner's edges, for boxes about, (n, m, dimension); its sign is their orientation."""
    edges = {"line": (1,), "triangle": (1, 2), "quad": (1, 3), "tetra": (1, 2, 3), "hexahedron": (1, 3, 4)}[kind]
    return np.linalg.det(corners[:, edges] - corners[:, :1])  # type: ignore[no-any-return]


def _boxes(dimension: int) -> list[list[tuple[int, ...]]]:
    """The halves, quarters or eighths of a box whose corners have coordinates 0 and 2."""
    square = [(0, 0), (1, 0), (1, 1), (0, 1)]
    cube = [(*place, level) for level in (0, 1) for place in square]
    corner: list[tuple[int, ...]] = {1: [(0,), (1,)], 2: [*square], 3: [*cube]}[dimension]  # type: ignore[assignment]
    starts = np.stack(np.meshgrid(*[[0, 1]] * dimension, indexing="ij")).reshape(dimension, -1).T
    return [[tuple(int(a + b) for a, b in zip(start, c, strict=True)) for c in corner] for start in starts]


_A, _B, _C, _D = (0, 0, 0), (2, 0, 0), (0, 2, 0), (0, 0, 2)
_AB, _AC, _AD, _BC, _BD, _CD = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)
# corners of the parts of a quadratic cell between its nodes, whose corners have coordinates 0 and 2
PARTS: dict[str, list[list[tuple[int, ...]]]] = {
    "line": _boxes(1),
    "quad": _boxes(2),
    "hexahedron": _boxes(3),
    "triangle": [
        [(0, 0), (1, 0), (0, 1)],
        [(1, 0), (2, 0), (1, 1)],
        [(0, 1), (1, 1), (0, 2)],
        [(1, 0), (1, 1), (0, 1)],
    ],
    "tetra": [
        [_A, _AB, _AC, _AD],
        [_AB, _B, _BC, _BD],
        [_AC, _BC, _C, _CD],
        [_AD, _BD, _CD, _D],
        [_AB, _AC, _AD, _BD],
        [_AB, _BC, _AC, _BD],
        [_AC, _AD, _BD, _CD],
        [_AC, _BD, _BC, _CD],
    ],
}
# corners of a cell whose volume has the wrong sign, in the other order
TURNED = {"line": [1, 0], "triangle": [0, 2, 1], "quad": [0, 3, 2, 1], "tetra": [0, 2, 1, 3], "hexahedron": [4, 5, 6, 7, 0, 1, 2, 3]}
