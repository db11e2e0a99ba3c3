"""Elements and matrices: the compiled assembly against scikit-fem's, shares of nodes, normals and gradients."""

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from meshes.mesh import split
from thermo.casefile.units import Quantity
from thermo.heat.assembly import assemble, conducted, volumes
from thermo.heat.conduction import conduction_of
from thermo.heat.elements import Space
from thermo.materials.properties import Table

CELLS = [(1, False), (2, False), (2, True), (3, False), (3, True)]


def bent(dimension, simplices, n=3):
    """A cube of n cells along each axis in two regions, every vertex moved a little and smoothly."""
    low, middle, high = (0.0,) * dimension, (0.5,) + (0.0,) * (dimension - 1), (1.0,) * dimension
    axes = [np.array([0.0, 0.2, 0.5, 0.8, 1.0])] + [np.linspace(0.0, 1.0, n + 1)] * (dimension - 1)
    mesh = boxes_mesh(axes, {"a": [Extent(low, high)], "b": [Extent(middle, high)]}, {}, simplices)
    return mesh._replace(points=mesh.points + 0.03 * np.sin(3.0 * mesh.points[:, ::-1] + 1.0))


@pytest.mark.usual(2)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS)
@pytest.mark.parametrize("axisymmetric", [False, True])
def test_the_compiled_assembly_is_that_of_scikit_fem(dimension, simplices, order, axisymmetric):
    if axisymmetric and dimension != 2:
        pytest.skip("an axisymmetric body is a plane")
    mesh = bent(dimension, simplices)
    space = Space(mesh, order, axisymmetric=axisymmetric)
    conductivity = np.random.default_rng(1).uniform(1.0, 2.0, len(mesh.cells))
    tensor = np.eye(dimension)[:, :, None, None] * conductivity[None, None, :, None] * np.ones(space.basis.dx.shape)
    exact, found = space.conduction(tensor), assemble(space, conductivity)
    assert abs(found - exact).max() < 1e-13 * abs(exact).max()
    x = np.cos(np.arange(space.n_nodes))
    assert conducted(found, x) == pytest.approx(-(exact @ x), abs=1e-12 * abs(exact).max())
    assert volumes(space) == pytest.approx(space.volumes_at(slice(None)), rel=1e-13)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS)
def test_a_table_that_is_flat_is_a_constant(dimension, simplices, order):
    """k(T) = 2 on 250 to 400 K by entries and points, and k(T) linear at a uniform temperature."""
    space = Space(bent(dimension, simplices), order)
    rows = [Quantity.of(value, "temperature") for value in (250.0, 400.0)]
    for values in ((2.0, 2.0), (1.0, 4.0)):
        table = Table(tuple(rows), tuple(Quantity.of(value, "thermal conductivity") for value in values))
        T = np.full(space.n_nodes, 300.0)
        exact = conduction_of(space, {"a": 2.0, "b": 3.0}, []).matrix
        found = conduction_of(space, {"a": table, "b": 3.0}, []).at(T)
        assert abs(found.matrix - exact).max() < 1e-12 * abs(exact).max()
        x = space.points[:, 0] ** 2
        assert found.into(x) == pytest.approx(-(exact @ x), abs=1e-10)


@pytest.mark.parametrize(("dimension", "simplices"), CELLS)
def test_tables_of_a_large_mesh_are_put_together_in_compiled_code(dimension, simplices, monkeypatch):
    """The same matrix at temperatures that differ from node to node, with a link between nodes that share no cell."""
    space = Space(bent(dimension, simplices), 1, axisymmetric=dimension == 2)
    rows = [Quantity.of(value, "temperature") for value in (250.0, 300.0, 400.0)]
    table = Table(tuple(rows), tuple(Quantity.of(value, "thermal conductivity") for value in (1.0, 4.0, 2.0)))
    links = [(np.array([0]), np.array([space.n_nodes - 1]), np.array([5.0]))]
    T = 300.0 + 80.0 * np.sin(np.arange(space.n_nodes))
    for conductivity in ({"a": table, "b": 3.0}, {"a": 3.0, "b": table}, {"a": table, "b": table}):
        exact = conduction_of(space, conductivity, links).at(T)
        with monkeypatch.context() as patch:
            patch.setattr("thermo.heat.conduction.LARGE", 0)
            made = conduction_of(space, conductivity, links)
        assert made.edges is None and len(made.variable) == list(conductivity.values()).count(table)
        found = made.at(T)
        assert abs(found.matrix - exact.matrix).max() < 1e-13 * abs(exact.matrix).max()
        assert found.into(T) == pytest.approx(exact.into(T), abs=1e-12 * abs(exact.into(T)).max())


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), CELLS)
def test_the_flux_through_the_outside_is_the_divergence(dimension, simplices, order):
    """T = x: what leaves through all faces of each region is nothing; through those that face right it is minus what those left take."""
    mesh = bent(dimension, simplices)
    space = Space(mesh, order)
    x = space.points[:, 0]
    for cells in mesh.regions.values():
        part = mesh._replace(cells=mesh.cells[cells], regions={"all": np.arange(len(cells))})
        from meshes.mesh import outside

        B = space.flux(outside(part), lambda places: np.eye(dimension)[:, :, None, None] * np.ones(places.shape[1:]), cells)
        assert float((B @ x).sum()) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("dimension", "simplices"), CELLS[1:])
def test_a_cut_that_ends_within_the_body_keeps_its_tip_whole(dimension, simplices):
    """Half of the interface is cut: vertices on its edge within the body stay one."""
    mesh = bent(dimension, simplices, 4)
    facets = mesh.faces["a|b"]
    half = facets[mesh.points[facets].mean(axis=1)[:, 1] < 0.5]
    opened, sides = split(mesh._replace(faces=mesh.faces | {"slit": half}), ["slit"])
    tip = {2: 1, 3: 5}[dimension]
    assert len(opened.points) - len(mesh.points) == len(np.unique(half)) - tip
    one, other = sides["slit"]
    assert opened.points[one] == pytest.approx(opened.points[other])


def test_cuts_that_cross_leave_one_vertex_for_each_corner():
    """Four squares round a point, all four interfaces cut: four vertices where there was one."""
    axes = [np.array([0.0, 1.0, 2.0])] * 2
    names = {"a": (0, 0), "b": (1, 0), "c": (0, 1), "d": (1, 1)}
    regions = {name: [Extent((x, y), (x + 1.0, y + 1.0))] for name, (x, y) in names.items()}
    mesh = boxes_mesh(axes, regions, {})
    cuts = [name for name in mesh.faces if "|" in name]
    assert len(cuts) == 4
    opened, _ = split(mesh, cuts)
    assert len(opened.points) == 16
    with pytest.raises(ValueError, match="'left' is on the outside"):
        split(mesh, ["left"])
