"""Heat conduction between nodes: a symmetric matrix whose rows sum to zero, kept or made anew where conductivities depend on T.

    K = sum over regions and directions d of  integral of  k_d(T) (D_d grad N_i) . grad N_j,   D_d the dyad of a direction

Linear elements take k_d at the mean temperature of a cell, quadratic ones at each quadrature point; both keep their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from meshes.mesh import Links
from thermo.assembly import LARGE, added, assemble, conducted, shares
from thermo.kinetics import Floats, Integers
from thermo.materials import ByAxis, Cylindrical, Orthotropic, Table, Tensor

NEXT_TO_NOTHING = 1e-200  # W/(m K): keeps the entries of a matrix that a table fills later, since adding matrices drops zeros


class Edges(NamedTuple):
    """A conduction matrix as conductances between pairs of nodes: `difference` (n_edges, n_nodes) of +-1, `conductance` [W/K]."""

    difference: csr_matrix
    conductance: Floats

    def into(self, temperature: Floats) -> Floats:
        """-K T: heat conducted into each node [W], from differences, so that nothing cancels where layers are thin."""
        flow = self.conductance * (self.difference @ temperature)
        return -(self.difference.T @ flow)  # type: ignore[no-any-return]


def edges_of(matrix: csr_matrix) -> Edges:
    """Pairs of nodes that a symmetric matrix with rows summing to zero couples."""
    n = matrix.shape[0]
    rows = np.repeat(np.arange(n, dtype=matrix.indices.dtype), np.diff(matrix.indptr))
    upper = matrix.indices > rows
    m = int(np.count_nonzero(upper))
    columns = np.stack([rows[upper], matrix.indices[upper]], axis=1).ravel()
    difference = csr_matrix((np.tile([-1.0, 1.0], m), columns, 2 * np.arange(m + 1)), shape=(m, n))
    return Edges(difference, -matrix.data[upper])


class Directions(NamedTuple):
    """One number or table of a conductivity, and the dyad it multiplies at places (dimension, ...) [m]."""

    value: Any
    dyad: Any


def directions(conductivity: Any, dimension: int, axisymmetric: bool) -> list[Directions]:
    """A conductivity taken apart: k = sum of value x dyad. `through` is along the last axis.

    Raises ValueError where its form does not fit the dimension.
    """

    def along(*axes: int) -> Any:
        made = np.zeros((dimension, dimension))
        made[axes, axes] = 1.0
        return lambda places: np.broadcast_to(made.reshape(made.shape + (1,) * (places.ndim - 1)), made.shape + places.shape[1:])

    last = dimension - 1
    if isinstance(conductivity, ByAxis):
        parts = [Directions(conductivity.through, along(last))]
        return parts + ([Directions(conductivity.in_plane, along(*range(last)))] if last else [])
    if isinstance(conductivity, Orthotropic):
        return [Directions(value, along(axis)) for axis, value in enumerate(conductivity[:dimension])]
    if isinstance(conductivity, Tensor):
        rows = np.array(conductivity.rows, float)
        if len(rows) != dimension:
            raise ValueError(f"has {len(rows)} rows, and the body has {dimension} dimensions")
        return [
            Directions(
                1.0, lambda places: np.broadcast_to(rows.reshape(rows.shape + (1,) * (places.ndim - 1)), rows.shape + places.shape[1:])
            )
        ]
    if isinstance(conductivity, Cylindrical):
        return list(_round(conductivity, dimension, axisymmetric, along))
    return [Directions(conductivity, along(*range(dimension)))]


def _round(conductivity: Cylindrical, dimension: int, axisymmetric: bool, along: Any) -> Iterator[Directions]:
    if axisymmetric:
        yield Directions(conductivity.radial, along(0))
        yield Directions(conductivity.axial, along(1))
        return
    if dimension == 1:
        raise ValueError("is cylindrical, and the body is a line")
    axis = np.array(conductivity.direction, float)
    axis /= np.linalg.norm(axis)
    if dimension == 2 and abs(axis[2]) < 1.0 - 1e-9:
        raise ValueError("has an axis that is not across the plane of the body; give direction: [0, 0, 1]")
    centre, axis = np.array(conductivity.centre, float)[:dimension], axis[:dimension]
    if dimension == 2:
        axis = np.zeros(2)

    def radial(places: Floats) -> Floats:
        shape = (dimension,) + (1,) * (places.ndim - 1)
        away = places - centre.reshape(shape)
        away = away - axis.reshape(shape) * np.tensordot(axis, away, 1)
        away = away / np.maximum(np.sqrt(np.sum(away * away, axis=0)), 1e-300)
        return away[:, None] * away[None, :]  # type: ignore[no-any-return]

    def axial(places: Floats) -> Floats:
        made = np.outer(axis, axis)
        return np.broadcast_to(made.reshape(made.shape + (1,) * (places.ndim - 1)), made.shape + places.shape[1:])

    yield Directions(conductivity.radial, radial)
    yield Directions(conductivity.tangential, lambda places: along(*range(dimension))(places) - radial(places) - axial(places))
    if dimension == 3:
        yield Directions(conductivity.axial, axial)


class Variable(NamedTuple):
    """What a table of conductivity adds to the entries of the matrix: `entries` (n_entries, n_points) [m] times k at the points,
    whose temperature is `points` (n_points, n_nodes) times that of the nodes."""

    entries: csr_matrix
    points: csr_matrix
    temperature: Floats
    value: Floats


class Conduction(NamedTuple):
    """The matrix [W/K] as it is without what depends on temperature, its pairs of nodes (of a large one none are kept), and what depends
    on temperature."""

    matrix: csr_matrix
    edges: Edges | None
    variable: tuple[Variable, ...]
    upper: Integers | None = None  # where the entries above the diagonal stand, if something depends on temperature

    def into(self, temperature: Floats) -> Floats:
        """-K T: heat conducted into each node [W], from differences of temperature."""
        return conducted(self.matrix, temperature) if self.edges is None else self.edges.into(temperature)

    def at(self, temperature: Floats) -> Conduction:
        """The same with the conductivities at a temperature of the nodes [K]; itself where none depends on it."""
        if not self.variable:
            return self
        data = self.matrix.data
        for part in self.variable:
            value = np.interp(part.points @ temperature, part.temperature, part.value)
            data = added(data, part.entries, value) if self.edges is None else data + part.entries @ value
        matrix = csr_matrix((data, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)
        return Conduction(matrix, None if self.edges is None else Edges(self.edges.difference, -data[self.upper]), ())


def table_of(value: Any) -> tuple[Floats, Floats]:
    """The rows of a table."""
    return np.array(value.temperature, float), np.array(value.value, float)


def conduction_of(space: Any, conductivity: dict[str, Any], links: list[Links]) -> Conduction:
    """The conduction of a body.

    Parameters
    ----------
    space : elements.Space
    conductivity : by region, as a material has it
    links : pairs of nodes that touch through a resistance, which stay as they are
    """
    scalars = all(isinstance(value, float) or (isinstance(value, Table) and space.order == 1) for value in conductivity.values())
    if len(space.of.cells) >= LARGE and not space.nodal and scalars:
        return _of_scalars(space, conductivity, links)
    dimension, places = space.points.shape[1], space.places()
    constant = np.zeros((dimension, dimension, *places.shape[1:]))
    tables: list[tuple[Integers, Floats, Table]] = []
    for region, value in conductivity.items():
        cells = space.of.regions[region]
        for part in directions(value, dimension, space.axisymmetric):
            dyad = part.dyad(places[:, cells])
            if isinstance(part.value, Table):
                tables.append((cells, dyad, part.value))
            else:
                constant[:, :, cells] += float(part.value) * dyad
    if not tables:
        matrix = _linked(space.conduction(constant), links)
        return Conduction(matrix, edges_of(matrix), ())
    added_by = [_shares(space, cells, dyad) for cells, dyad, _ in tables]
    n = space.n_nodes
    matrix = _linked(space.conduction(constant) if np.any(constant) else csr_matrix((n, n)), links)
    # one pattern for what is constant and what is not: an entry may vanish for a uniform conductivity and not for another
    pairs = np.sort(np.concatenate([share.pairs for share in added_by]))
    pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]  # sorting is several times faster than np.unique
    spread = (matrix + csr_matrix((np.full(len(pairs), 1e-300), (pairs // n, pairs % n)), shape=(n, n))).tocsr()
    spread.sort_indices()
    variable = tuple(_variable(space, spread, cells, share, table) for share, (cells, _, table) in zip(added_by, tables, strict=True))
    rows = np.repeat(np.arange(spread.shape[0]), np.diff(spread.indptr))
    edges = edges_of(spread) if len(space.of.cells) < LARGE else None
    return Conduction(spread, edges, variable, np.flatnonzero(spread.indices > rows))


def _of_scalars(space: Any, conductivity: dict[str, Any], links: list[Links]) -> Conduction:
    """The same of a large mesh, in compiled code: constants, and tables on linear elements."""
    by_cell = np.zeros(len(space.of.cells))
    for region, value in conductivity.items():
        by_cell[space.of.regions[region]] = NEXT_TO_NOTHING if isinstance(value, Table) else value
    matrix = _linked(assemble(space, by_cell), links)
    tables = [(space.of.regions[region], value) for region, value in conductivity.items() if isinstance(value, Table)]
    variable = [Variable(shares(space, matrix, cells), at_points(space, cells), *table_of(table)) for cells, table in tables]
    return Conduction(matrix, None, tuple(variable))


def _linked(matrix: csr_matrix, links: list[Links]) -> csr_matrix:
    """The matrix with conductances between pairs of nodes added."""
    for a, b, conductance in links:
        rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        data = np.concatenate([conductance, conductance, -conductance, -conductance])
        matrix = (matrix + csr_matrix((data, (rows, columns)), shape=matrix.shape)).tocsr()
    matrix.sort_indices()  # multigrid would do so in place, in arrays that are shared
    return matrix


class _Shares(NamedTuple):
    """What a conductivity at each point adds to which entry: `pairs` row x n_nodes + column, `points`, `data` [m]."""

    pairs: Integers
    points: Integers
    data: Floats


def _shares(space: Any, cells: Integers, dyad: Floats) -> _Shares:
    basis, nodes, n = space.basis, space.cells[cells].astype(np.int64), space.n_nodes
    n_local, n_cells = nodes.shape[1], len(cells)
    weight = basis.dx[cells] * space.measure(space.places()[:, cells])
    gradients = [np.broadcast_to(np.asarray(basis.basis[i][0].grad)[:, cells], (len(dyad), *weight.shape)) for i in range(n_local)]
    n_points = points_of(space)
    pairs, points, data = [], [], []
    for i in range(n_local):
        turned = np.einsum("abcq,bcq,cq->acq", dyad, gradients[i], weight)
        for j in range(n_local):
            value = np.einsum("acq,acq->cq", turned, gradients[j])
            value = value.sum(axis=1, keepdims=True) if n_points == 1 else value
            keep = value != 0.0
            pairs.append(np.broadcast_to((nodes[:, i] * n + nodes[:, j])[:, None], value.shape)[keep])
            points.append((np.arange(n_cells)[:, None] * n_points + np.arange(n_points))[keep])
            data.append(value[keep])
    return _Shares(np.concatenate(pairs), np.concatenate(points), np.concatenate(data))


def points_of(space: Any) -> int:
    """Places in a cell at which a conductivity over temperature is taken."""
    return 1 if space.order == 1 else len(space.rule[1])


def _variable(space: Any, matrix: csr_matrix, cells: Integers, share: _Shares, table: Table) -> Variable:
    n = matrix.shape[0]
    keys = np.repeat(np.arange(n, dtype=np.int64), np.diff(matrix.indptr)) * n + matrix.indices
    shape = (len(keys), len(cells) * points_of(space))
    entries = csr_matrix((share.data, (np.searchsorted(keys, share.pairs), share.points)), shape=shape)
    return Variable(entries, at_points(space, cells), *table_of(table))


def at_points(space: Any, cells: Integers) -> csr_matrix:
    """The temperatures at the places in some cells at which their conductivity is taken, from those of the nodes."""
    nodes, n_points = space.cells[cells], points_of(space)
    n_rows, n_local = len(cells) * n_points, nodes.shape[1]
    each = space.shapes(space.element)[0] if n_points > 1 else np.full((1, n_local), 1.0 / n_local)
    columns = np.repeat(nodes, n_points, axis=0).ravel()
    return csr_matrix(
        (np.tile(each, (len(cells), 1)).ravel(), columns, np.arange(0, n_rows * n_local + 1, n_local)), shape=(n_rows, space.n_nodes)
    )
