"""A source makes a known field of steady conduction (manufactured solutions). Quadrature of higher order gives the error in L2.

-div(k grad u) = f;  u held on the outside, or film, radiation and a flux there;   ||u - u_h|| falls as h^2 for linear and h^3 for
quadratic elements. At the end the orders of the steps in time.
"""

import functools

import numpy as np
import pytest
from scipy.linalg import expm
from skfem import Basis, FacetBasis, LinearForm

from meshes.boxes import Extent, boxes_mesh
from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.casefile.units import Quantity
from thermo.heat import mesh_step  # noqa: F401 - what steps a MeshSample
from thermo.heat.conduction import conduction_of
from thermo.heat.elements import Space
from thermo.heat.linear import factorised
from thermo.heat.mesh_sample import MeshSample
from thermo.heat.steady import settle
from thermo.materials.integral import Integral
from thermo.materials.properties import Cylindrical, Table, Tensor
from thermo.materials.storage import storage_of
from thermo.programmes.conditions import Convection, Radiation, Source, extremes_of
from thermo.programmes.programme import Schedule
from thermo.stepping.loop import N_STEPS, Limits, initial_state, integrate

CELLS = [(1, False), (2, False), (2, True), (3, False), (3, True)]
NAMES = ["line", "quad", "triangle", "hexahedron", "tetra"]


def cube(dimension, simplices, n, bent):
    """n cells along each axis in two regions by x; `bent`: no cell is a box, and cells near each other are alike."""
    low, high = (0.0,) * dimension, (1.0,) * dimension
    regions = {"a": [Extent(low, high)], "b": [Extent((0.5, *low[1:]), high)]}
    mesh = boxes_mesh([np.linspace(0.0, 1.0, n + 1)] * dimension, regions, {}, simplices)
    if bent:  # nodes of the outside slide along it
        x = mesh.points
        turned = [0.05 * np.sin(2.0 * np.pi * x[:, i]) * np.prod(np.cos(np.pi * np.delete(x, i, axis=1)), axis=1) for i in range(dimension)]
        mesh = mesh._replace(points=x + np.stack(turned, axis=1))
    return mesh


def load_of(space, source):
    """The integral of a source over every node's shape function."""
    basis = Basis(space.mesh, space.element, intorder=8)
    return LinearForm(lambda v, w: source(w.x) * space.measure(w.x) * v).assemble(basis)[space.dof_of]


def error_of(space, u, field):
    """||u - u_h||"""
    basis = Basis(space.mesh, space.element, intorder=8)
    places = np.asarray(basis.global_coordinates())
    found = np.asarray(basis.interpolate(u[space.node_of]))
    return float(np.sqrt(np.sum((found - field(places)) ** 2 * basis.dx * space.measure(places))))


def error(space, conductivity, field, source, faces=("outside",)):
    """||u - u_h|| with u held on some faces; conductivities that depend on it are those of the last of some iterates."""
    f = load_of(space, source)
    nodes = np.unique(np.concatenate([space.on_facets(space.of.faces[face])[0] for face in faces]))
    free = np.setdiff1d(np.arange(space.n_nodes), nodes)
    u = field(space.points.T)
    exact, u = u.copy(), np.where(np.isin(np.arange(len(u)), nodes), u, u.mean())
    conduction = conduction_of(space, conductivity, [])
    for _ in range(80 if conduction.variable else 1):
        matrix, before = conduction.at(u).matrix, u[free]
        _, solved = factorised(matrix[free][:, free])
        u[free] = solved(f[free] - matrix[free][:, nodes] @ exact[nodes])
        if np.max(np.abs(u[free] - before)) < 1e-10 * np.max(np.abs(u)):
            break
    return error_of(space, u, field)


COARSE = {1: 16, 2: 8, 3: 4}


def rate(errors):
    return float(np.log2(errors[0] / errors[1]))


def order(dimension, simplices, k, conductivity, field, source, bent=False, nodal=False, coarse=COARSE):
    n = coarse[dimension]
    spaces = [Space(cube(dimension, simplices, m, bent), k, nodal=nodal) for m in (n, 2 * n)]
    return rate([error(space, conductivity, field, source) for space in spaces])


def wave(x):
    """A product of one exponential along each axis, far from a polynomial and without symmetry."""
    return np.exp(sum((0.7 + 0.3 * i) * x[i] for i in range(len(x))))


def strength(dimension):
    return sum((0.7 + 0.3 * i) ** 2 for i in range(dimension))


@pytest.mark.usual(8)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
@pytest.mark.parametrize("bent", [False, True])
def test_a_smooth_field(dimension, simplices, k, bent):
    coarse = COARSE | {3: 5} if bent else COARSE
    found = order(dimension, simplices, k, {"a": 2.0, "b": 2.0}, wave, lambda x: -2.0 * strength(dimension) * wave(x), bent, coarse=coarse)
    assert found == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), [c for c in CELLS if not c[1]], ids=["line", "quad", "hexahedron"])
def test_a_smooth_field_with_a_point_of_quadrature_a_node(dimension, simplices, k):
    found = order(dimension, simplices, k, {"a": 2.0, "b": 2.0}, wave, lambda x: -2.0 * strength(dimension) * wave(x), nodal=True)
    assert found == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.usual(3)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_a_jump_of_the_conductivity(dimension, simplices, k):
    """k is 1 and 1000 on the two sides of x = 0.5. u = sin(pi (x - 0.5))/k times the wave of the other axes has the same flux on both."""
    across = 0.0 if dimension == 1 else strength(dimension) - 0.49

    def other(x):
        return np.exp(sum((0.7 + 0.3 * i) * x[i] for i in range(1, len(x)))) if len(x) > 1 else 1.0

    def field(x):
        return np.sin(np.pi * (x[0] - 0.5)) * other(x) / np.where(x[0] < 0.5, 1.0, 1000.0)

    def source(x):
        return (np.pi**2 - across) * np.sin(np.pi * (x[0] - 0.5)) * other(x)

    assert order(dimension, simplices, k, {"a": 1.0, "b": 1000.0}, field, source) == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.usual(3)
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


@pytest.mark.usual(3)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_a_conductivity_that_rises_with_temperature(dimension, simplices, k):
    """A table holds k = 1 + 0.2 u exactly. For the wave u the source is f = -(k lap u + 0.2 |grad u|^2)."""
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
        coarse=COARSE | ({3: 6} if simplices and k == 2 else {}),  # 3.14 from 4 to 8 cells a side, 3.09 from 6 to 12
    )
    assert found == pytest.approx(k + 1.0, abs=0.1)


H, EPSILON, AIR, WALLS = 20.0, 0.8, 290.0, 600.0


def face_error(space, conductivity, field, gradient, source):
    """||u - u_h|| of a steady state all of whose outside is in air and sees walls.

    What passes through it besides, q = k du/dn + h (u - T_air) + eps sigma (u^4 - T_walls^4), makes the field exact; what the film and
    the walls take is the product's.
    """
    basis = FacetBasis(space.mesh, space.element, intorder=8)

    def passing(w):
        u = field(w.x)
        leaving = H * (u - AIR) + EPSILON * STEFAN_BOLTZMANN * (u**4 - WALLS**4)
        return conductivity * sum(a * b for a, b in zip(gradient(w.x), w.n, strict=True)) + leaving

    f = load_of(space, source) + LinearForm(lambda v, w: passing(w) * space.measure(w.x) * v).assemble(basis)[space.dof_of]
    nodes, areas = space.on_facets(space.of.faces["outside"])
    n, dimension = space.points.shape
    faces, shares = {"outside": nodes, "load": np.arange(n)}, {"outside": areas, "load": f}  # a load is a source of one watt per m3
    conduction = conduction_of(space, {"a": conductivity, "b": conductivity}, [])
    terms = (
        ("outside", Convection(kind="convection", heat_transfer_coefficient=H, ambient_temperature=AIR)),
        ("outside", Radiation(kind="radiation", emissivity=EPSILON, ambient_temperature=WALLS)),
        ("load", Source(power_density=1.0)),
    )
    programme = Schedule(np.array([1.0]))
    sample = MeshSample(np.ones(n), conduction, dimension, np.full(n, 400.0), terms, 1.0, faces, shares, {}, 1.0)
    state = initial_state(sample, programme)
    for _ in settle(sample, programme, state):
        pass
    return error_of(space, state.temperature, field)


def face_order(dimension, simplices, k, conductivity, n, bent=False):
    """Of the wave from 310 K to 500 K at most."""
    slopes = [0.7 + 0.3 * i for i in range(dimension)]
    size = 10.0 * 20.0 ** (1.0 - sum(slopes) / 3.0)

    def field(x):
        return 300.0 + size * wave(x)

    def gradient(x):
        return [size * slope * wave(x) for slope in slopes]

    def source(x):
        return -conductivity * strength(dimension) * size * wave(x)

    spaces = [Space(cube(dimension, simplices, m, bent), k) for m in (n, 2 * n)]
    return rate([face_error(space, conductivity, field, gradient, source) for space in spaces])


@pytest.mark.usual(2)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
@pytest.mark.parametrize("bent", [False, True])
def test_convection_and_radiation(dimension, simplices, k, bent):
    """The Biot number is about one. The areas that nodes stand for cost no order."""
    n = {1: 16, 2: 16, 3: {1: 8, 2: 7 if simplices else 6}[k]}[dimension]
    assert face_order(dimension, simplices, k, 40.0, n, bent) == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.usual(1)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS, ids=NAMES)
def test_convection_and_radiation_that_govern(dimension, simplices, k):
    """The Biot number is twenty. Most of the error comes from the areas of the nodes, and it falls at least as fast."""
    assert face_order(dimension, simplices, k, 2.0, {1: 16, 2: 16, 3: 7 if k == 1 else 5}[dimension]) > k + 0.9


def turned(x):
    """A field without a kink on the axis r = 0."""
    return np.exp(0.7 * x[0] ** 2 + x[1])


ROUND = [(False, False), (False, True), (True, False)]  # triangles, a point of quadrature a node


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("simplices", "nodal"), ROUND, ids=["quad", "quad-nodal", "triangle"])
@pytest.mark.parametrize("bent", [False, True])
def test_round_an_axis(simplices, nodal, k, bent):
    """k is 5 along r and 1 along z, and u is held except on the axis. The source is f = -(5 (r u')'/r + u'')."""
    along, axial = Quantity.of(5.0, "thermal conductivity"), Quantity.of(1.0, "thermal conductivity")
    value = Cylindrical(along, along, axial, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    found = []
    for n in (16, 32):
        space = Space(cube(2, simplices, n, bent), k, axisymmetric=True, nodal=nodal)
        faces = ("right", "bottom", "top")
        found.append(error(space, {"a": value, "b": value}, turned, lambda x: -(5.0 * (2.8 + 1.96 * x[0] ** 2) + 1.0) * turned(x), faces))
    assert rate(found) == pytest.approx(k + 1.0, abs=0.1)


@pytest.mark.usual(5)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("simplices", "nodal"), ROUND, ids=["quad", "quad-nodal", "triangle"])
@pytest.mark.parametrize("bent", [False, True])
def test_convection_and_radiation_round_an_axis(simplices, nodal, k, bent):
    def field(x):
        return 300.0 + 40.0 * turned(x)

    def gradient(x):
        return [40.0 * 1.4 * x[0] * turned(x), 40.0 * turned(x)]

    def source(x):
        return -40.0 * 40.0 * (2.8 + 1.96 * x[0] ** 2 + 1.0) * turned(x)

    spaces = [Space(cube(2, simplices, n, bent), k, axisymmetric=True, nodal=nodal) for n in (16, 32)]
    assert rate([face_error(space, 40.0, field, gradient, source) for space in spaces]) == pytest.approx(k + 1.0, abs=0.1)


SPAN = 0.1  # s, in which waves of the whole length fall to a third


def in_time(space, *, consistent=False, storing=False, conducting=False, radiating=False):
    """A sample from 500 K to 300 K at first, no flux at any side of it; walls of 300 K that its right side sees or not."""
    volume = space.content(np.ones(len(space.of.cells)))
    rising = Table(
        *(tuple(Quantity.of(v, name) for v in row) for name, row in (("temperature", (200.0, 600.0)), ("thermal conductivity", (0.5, 2.0))))
    )
    value = rising if conducting else 1.0
    law = Integral(np.array([200.0, 600.0]), np.array([0.5, 1.5]), np.array([0.5, 1.5]), np.array([0.0, 400.0]))
    nodes, areas = space.on_facets(space.of.faces["right"])
    walls = Radiation(kind="radiation", emissivity=0.9, ambient_temperature=300.0)
    start = 400.0 + 100.0 * np.prod(np.cos(np.pi * space.points), axis=1)
    terms = (("right", walls),) if radiating else ()
    low, high = extremes_of(start, terms, SPAN)
    sample = MeshSample(
        volume,
        conduction_of(space, {"a": value, "b": value}, []),
        space.points.shape[1],
        start,
        terms,
        high - low,
        {"right": nodes},
        {"right": areas},
        {},
        1e-5,
        mass=space.mass(np.ones(len(space.of.cells))) if consistent else None,
        storage=storage_of(volume[:, None], [law]) if storing else None,
    )
    return sample, Schedule(np.array([SPAN]))


def after(sample, programme, scheme, n_steps):
    """Temperatures at the end of equal steps."""
    sample = sample._replace(scheme=scheme, step=SPAN / n_steps)
    state = initial_state(sample, programme)
    for _ in integrate(sample, programme, state, limits=Limits(longest_step=sample.step)):
        pass
    assert n_steps <= state.loop[N_STEPS] <= n_steps + 1  # the last may be one of rounding
    return state.temperature


KINDS = {
    "lumped": {},
    "consistent": {"consistent": True},
    "enthalpy": {"storing": True},
    "conductivity": {"conducting": True},
    "radiation": {"radiating": True},
    "all": {"storing": True, "conducting": True, "radiating": True},
    "all-consistent": {"consistent": True, "conducting": True, "radiating": True},
}


@functools.cache
def timed(dimension, simplices, k, kind):
    """A sample, its programme, and the temperatures at the end: the exponential of the matrices where all is linear, else two runs of
    the second order extrapolated."""
    sample, programme = in_time(Space(cube(dimension, simplices, 8 if dimension == 1 else 4, False), k), **KINDS[kind])
    if kind in ("lumped", "consistent"):
        inertia = np.diag(sample.capacity) if sample.mass is None else sample.mass.toarray()
        return sample, programme, expm(-SPAN * np.linalg.solve(inertia, sample.conduction.matrix.toarray())) @ sample.start_temperature
    coarse, fine = (after(sample, programme, "tr-bdf2", n) for n in (80, 160))
    return sample, programme, (4.0 * fine - coarse) / 3.0


@pytest.mark.usual(1)
@pytest.mark.parametrize(("scheme", "expected"), [("tr-bdf2", 2.0), ("backward-euler", 1.0)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("dimension", "simplices", "k"), [(1, False, 2), pytest.param(2, True, 1, marks=pytest.mark.slow)], ids=["line", "triangle"]
)
def test_order_in_time(dimension, simplices, k, kind, scheme, expected):
    sample, programme, exact = timed(dimension, simplices, k, kind)
    errors = [np.max(np.abs(after(sample, programme, scheme, n) - exact)) for n in (32, 64)]
    assert rate(errors) == pytest.approx(expected, abs=0.05)
