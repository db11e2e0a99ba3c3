"""Manufactured solutions: steady conduction with a source that makes a known field, the error in L2 by quadrature of higher order.

-div(k grad u) = f,   u held on the outside;   ||u - u_h|| falls as h^2 for linear and h^3 for quadratic elements
"""

import numpy as np
import pytest
from scipy.sparse.linalg import splu
from skfem import Basis, LinearForm

from meshes.boxes import Extent, boxes_mesh
from thermo.conduction import conduction_of
from thermo.elements import Space
from thermo.materials import Table, Tensor
from thermo.units import Quantity

CELLS = [(1, False), (2, False), (2, True), (3, False), (3, True)]
NAMES = ["line", "quad", "triangle", "hexahedron", "tetra"]


def cube(dimension, simplices, n, bent):
    """n cells along each axis in two regions by x; `bent`: no cell is a box, and cells near each other are alike."""
    low, high = (0.0,) * dimension, (1.0,) * dimension
    regions = {"a": [Extent(low, high)], "b": [Extent((0.5, *low[1:]), high)]}
    mesh = boxes_mesh([np.linspace(0.0, 1.0, n + 1)] * dimension, regions, {}, simplices)
    if bent:
        x = mesh.points
        shift = 0.06 * np.prod(np.sin(np.pi * x), axis=1)[:, None] * np.sin(2.0 * np.pi * x[:, :1])  # nothing on the outside, nor at 0.5
        mesh = mesh._replace(points=x + shift)
    return mesh


def error(space, conductivity, field, source, picard=1):
    """||u - u_h|| with u held on the outside."""
    load = Basis(space.mesh, space.element, intorder=8)
    f = LinearForm(lambda v, w: source(w.x) * v).assemble(load)[space.dof_of]
    nodes, _ = space.on_facets(space.of.faces["outside"])
    free = np.setdiff1d(np.arange(space.n_nodes), nodes)
    u = field(space.points.T)
    exact, u = u.copy(), np.where(np.isin(np.arange(len(u)), nodes), u, u.mean())
    conduction = conduction_of(space, conductivity, [])
    for _ in range(picard):
        matrix = conduction.at(u).matrix
        u[free] = splu(matrix[free][:, free].tocsc()).solve(f[free] - matrix[free][:, nodes] @ exact[nodes])
    found = load.interpolate(u[np.argsort(space.dof_of)])
    return float(np.sqrt(np.sum((np.asarray(found) - field(np.asarray(load.global_coordinates()))) ** 2 * load.dx)))


def order(dimension, simplices, k, conductivity, field, source, bent=False, nodal=False, picard=1):
    coarse = {1: 16, 2: 8, 3: 4}[dimension]
    errors = [
        error(Space(cube(dimension, simplices, n, bent), k, nodal=nodal), conductivity, field, source, picard) for n in (coarse, 2 * coarse)
    ]
    return float(np.log2(errors[0] / errors[1]))


def wave(x):
    """A product of one exponential along each axis, far from a polynomial and without symmetry."""
    return np.exp(sum((0.7 + 0.3 * i) * x[i] for i in range(len(x))))


def strength(dimension):
    return sum((0.7 + 0.3 * i) ** 2 for i in range(dimension))


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
@pytest.mark.parametrize("bent", [False, True])
def test_a_smooth_field(dimension, simplices, k, bent):
    found = order(dimension, simplices, k, {"a": 2.0, "b": 2.0}, wave, lambda x: -2.0 * strength(dimension) * wave(x), bent)
    assert found == pytest.approx(k + 1.0, abs=0.1 if not bent else 0.25)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), [c for c in CELLS if not c[1]], ids=["line", "quad", "hexahedron"])
def test_a_smooth_field_with_a_point_of_quadrature_a_node(dimension, simplices, k):
    found = order(dimension, simplices, k, {"a": 2.0, "b": 2.0}, wave, lambda x: -2.0 * strength(dimension) * wave(x), nodal=True)
    assert found == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_a_jump_of_the_conductivity(dimension, simplices, k):
    """k = 1 and 1000 on the two sides of x = 0.5; u = sin(pi (x - 0.5))/k times the wave of the other axes has one flux on both."""
    across = 0.0 if dimension == 1 else strength(dimension) - 0.49

    def other(x):
        return np.exp(sum((0.7 + 0.3 * i) * x[i] for i in range(1, len(x)))) if len(x) > 1 else 1.0

    def field(x):
        return np.sin(np.pi * (x[0] - 0.5)) * other(x) / np.where(x[0] < 0.5, 1.0, 1000.0)

    def source(x):
        return (np.pi**2 - across) * np.sin(np.pi * (x[0] - 0.5)) * other(x)

    assert order(dimension, simplices, k, {"a": 1.0, "b": 1000.0}, field, source) == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS[1:], ids=NAMES[1:])
def test_a_rotated_tensor(dimension, simplices, k):
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(dimension, dimension)))
    tensor = turn @ np.diag([5.0, 1.0, 2.0][:dimension]) @ turn.T
    tensor = 0.5 * (tensor + tensor.T)
    value = Tensor(tuple(tuple(Quantity.of(v, "thermal conductivity") for v in row) for row in tensor))
    slopes = np.array([0.7 + 0.3 * i for i in range(dimension)])
    found = order(dimension, simplices, k, {"a": value, "b": value}, wave, lambda x: -(slopes @ tensor @ slopes) * wave(x))
    assert found == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_a_conductivity_that_rises_with_temperature(dimension, simplices, k):
    """k = 1 + 0.2 u, which a table holds exactly; u the wave: f = -(k lap u + 0.2 |grad u|^2)."""
    rows = [Quantity.of(value, "temperature") for value in (0.1, 100.0)]
    table = Table(tuple(rows), tuple(Quantity.of(1.0 + 0.2 * row, "thermal conductivity") for row in rows))
    s = strength(dimension)
    found = order(
        dimension,
        simplices,
        k,
        {"a": table, "b": table},
        wave,
        lambda x: -((1.0 + 0.2 * wave(x)) * s * wave(x) + 0.2 * s * wave(x) ** 2),
        picard=80,
    )
    assert found == pytest.approx(k + 1.0, abs=0.1)
