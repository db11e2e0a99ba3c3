"""Manufactured solutions: steady conduction with a source that makes a known field, the error in L2 by quadrature of higher order.

-div(k grad u) = f,   u held on the outside;   ||u - u_h|| falls as h^2 for linear and h^3 for quadratic elements
"""

import numpy as np
import pytest
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu
from skfem import Basis, LinearForm

from meshes.boxes import Extent, boxes_mesh
from tests.conftest import case_from
from thermo.boundary import Convection, Radiation
from thermo.conduction import conduction_of
from thermo.constants import STEFAN_BOLTZMANN as SIGMA
from thermo.elements import Space
from thermo.materials import Table, Tensor
from thermo.simulate import run
from thermo.system import exchange
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
    coarse = {1: 16, 2: 8, 3: 4}[dimension] * (2 if bent and dimension < 3 else 1) + (3 if bent and dimension == 3 and k == 1 else 0)
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
    assert found == pytest.approx(k + 1.0, abs=0.1)


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
        picard=30,
    )
    assert found == pytest.approx(k + 1.0, abs=0.1)


AMBIENT, FILM, EMISSIVITY = 350.0, 20.0, 0.8  # K, W/(m2 K)
SKY = {"kind": "radiation", "emissivity": EMISSIVITY, "ambient_temperature": f"{AMBIENT} K"}
AIR = {"kind": "convection", "heat_transfer_coefficient": f"{FILM} W/(m2 K)", "ambient_temperature": f"{AMBIENT} K"}


def error_with_films(space, field, slopes, source):
    """||u - u_h|| with k = 20, convection and radiation on the whole outside, and the flux there that makes u exact."""
    from skfem import FacetBasis

    load = Basis(space.mesh, space.element, intorder=8)
    edge = FacetBasis(space.mesh, space.element, intorder=8)

    def flux(w):
        u = field(w.x)
        return (
            20.0 * sum(s * n for s, n in zip(slopes(w.x), w.n, strict=True))
            + FILM * (u - AMBIENT)
            + EMISSIVITY * SIGMA * (u**4 - AMBIENT**4)
        )

    given = LinearForm(lambda v, w: source(w.x) * v).assemble(load) + LinearForm(lambda v, w: flux(w) * v).assemble(edge)
    nodes, area = space.on_facets(space.of.faces["outside"])
    K = conduction_of(space, {"a": 20.0, "b": 20.0}, []).matrix
    u = np.full(space.n_nodes, AMBIENT)
    for _ in range(12):
        residual, slope = given[space.dof_of] - K @ u, np.zeros(space.n_nodes)
        for condition in (Convection.model_validate(AIR), Radiation.model_validate(SKY)):
            heat, falling = exchange(condition, area, 0.0, u[nodes])
            residual[nodes] += heat
            slope[nodes] += falling
        u = u + splu((K + diags_array(slope)).tocsc()).solve(residual)
    found = load.interpolate(u[np.argsort(space.dof_of)])
    return float(np.sqrt(np.sum((np.asarray(found) - field(np.asarray(load.global_coordinates()))) ** 2 * load.dx)))


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_convection_and_radiation(dimension, simplices, k):
    """u = 300 K + 5 K times the wave; the heat through the nodes' areas, as in a run."""
    coarse = {1: 16, 2: 16, 3: 8 if k == 1 else 4}[dimension]
    parts = [0.7 + 0.3 * i for i in range(dimension)]
    errors = [
        error_with_films(
            Space(cube(dimension, simplices, n, False), k),
            lambda x: 300.0 + 5.0 * wave(x),
            lambda x: [5.0 * part * wave(x) for part in parts],
            lambda x: -100.0 * strength(dimension) * wave(x),
        )
        for n in (coarse, 2 * coarse)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("simplices", [False, True], ids=["quad", "triangle"])
def test_a_body_of_revolution(simplices, k):
    """u = exp(0.6 r^2 + 0.8 z):  lap u = (2.4 + 1.44 r^2 + 0.64) u;  held everywhere but on the axis, the norm weighted with r."""

    def field(x):
        return np.exp(0.6 * x[0] ** 2 + 0.8 * x[1])

    errors = []
    for n in (8, 16):
        space = Space(cube(2, simplices, n, False), k, axisymmetric=True)
        load = Basis(space.mesh, space.element, intorder=8)
        f = LinearForm(lambda v, w: -2.0 * (2.4 + 1.44 * w.x[0] ** 2 + 0.64) * field(w.x) * 2.0 * np.pi * w.x[0] * v).assemble(load)
        r, z = space.points.T
        held = (r > 1.0 - 1e-9) | (np.abs(z - 0.5) > 0.5 - 1e-9)
        u = field(space.points.T)
        K = conduction_of(space, {"a": 2.0, "b": 2.0}, []).matrix
        u[~held] = splu(K[~held][:, ~held].tocsc()).solve(f[space.dof_of][~held] - K[~held][:, held] @ u[held])
        places = np.asarray(load.global_coordinates())
        apart = np.asarray(load.interpolate(u[np.argsort(space.dof_of)])) - field(places)
        errors.append(np.sqrt(np.sum(apart**2 * places[0] * load.dx)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(k + 1.0, abs=0.1)


BAR = """
title: bar
materials: {{m: {{density: 1000 kg/m3, heat_capacity: {capacity}, thermal_conductivity: {conductivity}}}}}
sample:
  kind: boxes
  coordinates: line
  regions: {{m: {{material: m, from: 0 mm, to: 6 mm}}}}
  temperature: {{along: x, table: [{start}]}}
  mesh: {{order: 1, largest: 1 mm}}
programme: {{kind: surroundings, faces: {faces}, end: 1.6 s}}
measure: {{probes: {{p: [2 mm], q: [5 mm]}}}}
numerics: {{scheme: {scheme}, step: {step} s, {more}}}
"""
TABLE = "{table: [[200 K, %s], [700 K, %s]]}"
GLOW = "{left: [{kind: radiation, emissivity: 1, ambient_temperature: 900 K}, {kind: flux, heat_flux: -36 kW/m2}]}"
BARS = {
    "lumped": ({}, ""),
    "consistent": ({}, "capacity: consistent"),
    "c(T)": ({"capacity": TABLE % ("500 J/(kg K)", "3000 J/(kg K)")}, ""),
    "k(T)": ({"conductivity": TABLE % ("1 W/(m K)", "9 W/(m K)")}, ""),
    "radiation": ({"faces": GLOW}, ""),
}


@pytest.mark.parametrize(("scheme", "rate"), [("tr-bdf2", 2.0), ("backward-euler", 1.0)])
@pytest.mark.parametrize("name", BARS)
def test_order_in_time(name, scheme, rate):
    """A bar that evens out from a smooth start: the difference to steps 32 times as short as the shortest falls as h^order."""
    start = ", ".join(f"[{x} mm, {300.0 + 50.0 * np.cos(np.pi * x / 6.0)} K]" for x in range(7))
    changed, more = BARS[name]
    plain = {"capacity": "1000 J/(kg K)", "conductivity": "3 W/(m K)", "faces": "{}"}

    def end(n, scheme):
        result = run(case_from(BAR.format(**(plain | changed), start=start, scheme=scheme, step=1.6 / n, more=more)))
        return np.array([result.probe("p")[-1], result.probe("q")[-1]])

    coarse, exact = (16 if rate == 2.0 else 64), end(1024, "tr-bdf2")
    errors = [np.abs(end(n, scheme) - exact).max() for n in (coarse, 2 * coarse)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(rate, abs=0.05)
