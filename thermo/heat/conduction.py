"""Heat conduction between nodes: a symmetric matrix whose rows sum to zero, kept or made anew where conductivities depend on T.

    K = sum over regions and directions d of  k_d  times  G_ij = integral of  (D_d grad N_i) . grad N_j,   D_d the dyad of a direction

A conductivity that depends on temperature has Kirchhoff's potential F(T) = integral of k dT, and k grad T is grad F. What flows between
two nodes is G_ij (F(T_j) - F(T_i)): the matrix has G_ij times the mean of k from T_i to T_j. The potential is smooth where k changes within
a few kelvin and the temperature has a kink, so the order of the elements is kept there, and the steady state of a slab is exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from meshes.mesh import Links
from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.heat.assembly import LARGE, NEAR, add_means, assemble, conducted
from thermo.materials.integral import Integral, integral_of
from thermo.materials.properties import Table, directions
from thermo.materials.storage import Storage, storage_of

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


class Variable(NamedTuple):
    """What a table of conductivity adds to the matrix: to its entry for nodes `one` and `other`, `weight` [m] times the mean of k between
    their temperatures. `upper`, `lower`: where the entries of a pair stand; `law`: k and its potential."""

    one: Integers
    other: Integers
    weight: Floats
    upper: Integers
    lower: Integers
    law: Integral

    def mean(self, temperature: Floats) -> Floats:
        """The mean of k between the temperatures of each pair [W/(m K)]: difference of potentials over that of temperatures."""
        law = self.law
        piece = np.searchsorted(law.temperature, temperature, side="right")
        value, potential = law.value(temperature), law.at(temperature)
        difference = temperature[self.one] - temperature[self.other]
        linear = (piece[self.one] == piece[self.other]) | (np.abs(difference) < NEAR)
        mean = (potential[self.one] - potential[self.other]) / np.where(linear, 1.0, difference)
        return np.where(linear, 0.5 * (value[self.one] + value[self.other]), mean)  # type: ignore[no-any-return]


class Conduction(NamedTuple):
    """The matrix [W/K] as it is without what depends on temperature, its pairs of nodes (of a large one none are kept), and what depends
    on temperature; `above` and `diagonal`: where the entries above the diagonal and on it stand, if something depends on temperature."""

    matrix: csr_matrix
    edges: Edges | None
    variable: tuple[Variable, ...]
    above: Integers | None = None
    diagonal: Integers | None = None

    def into(self, temperature: Floats) -> Floats:
        """-K T: heat conducted into each node [W], from differences of temperature."""
        return conducted(self.matrix, temperature) if self.edges is None else self.edges.into(temperature)

    def at(self, temperature: Floats) -> Conduction:
        """The same with the mean conductivities between temperatures of the nodes [K]; itself where none depends on them."""
        if not self.variable:
            return self
        data = self.matrix.data.copy()
        for part in self.variable:
            if self.edges is None:
                add_means(data, self.diagonal, part, temperature)
                continue
            entry = part.weight * part.mean(temperature)
            data[part.upper] += entry
            data[part.lower] += entry
            data[self.diagonal] -= np.bincount(part.one, entry, len(temperature)) + np.bincount(part.other, entry, len(temperature))
        matrix = csr_matrix((data, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)
        return Conduction(matrix, None if self.edges is None else Edges(self.edges.difference, -data[self.above]), ())

    def tangent(self, temperature: Floats) -> csr_matrix:
        """d(K(T) T)/dT [W/K]: its columns have the conductivities of their nodes, so that it is not symmetric."""
        data, n = self.matrix.data.copy(), len(temperature)
        for part in self.variable:
            value = part.law.value(temperature)
            to, back = part.weight * value[part.other], part.weight * value[part.one]
            data[part.upper] += to
            data[part.lower] += back
            data[self.diagonal] -= np.bincount(part.one, back, n) + np.bincount(part.other, to, n)
        return csr_matrix((data, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)

    def potentials(self) -> Storage:
        """What each node's heat flow follows as its temperature changes: the potentials of its materials, weighed by what they conduct."""
        n = self.matrix.shape[0]
        weights = [self.matrix.data[self.diagonal]]
        weights += [-np.bincount(part.one, part.weight, n) - np.bincount(part.other, part.weight, n) for part in self.variable]
        constant = integral_of(np.array([REFERENCE_TEMPERATURE]), np.ones(1), np.ones(1))
        return storage_of(np.maximum(np.stack(weights, axis=1), 0.0), [constant, *(part.law for part in self.variable)])


def law_of(table: Table) -> Integral:
    """A table of conductivity and its potential."""
    value = np.array(table.value, float)
    return integral_of(np.array(table.temperature, float), value, value)


def potential(value: Any, temperature: Floats) -> Floats:
    """Kirchhoff's potential of a number or a table of conductivity [W/m], up to a constant: k grad T is its gradient."""
    return law_of(value).at(temperature) if isinstance(value, Table) else float(value) * temperature


def conduction_of(space: Any, conductivity: dict[str, Any], links: list[Links], beside: int = 0) -> Conduction:
    """The conduction of a body.

    Parameters
    ----------
    space : elements.Space
    conductivity : by region, as a material has it
    links : pairs of nodes that touch through a resistance, which stay as they are
    beside : number of nodes beside those of the space, coupled by links alone
    """
    scalars = all(isinstance(value, float) or (isinstance(value, Table) and space.order == 1) for value in conductivity.values())
    if len(space.of.cells) >= LARGE and not space.nodal and scalars:
        return _of_scalars(space, conductivity, links, beside)
    dimension, places = space.points.shape[1], space.places()
    constant = np.zeros((dimension, dimension, *places.shape[1:]))
    tables: list[tuple[Integers, Floats, Table]] = []
    for region, value in conductivity.items():
        cells = space.of.regions[region]
        for part in directions(value, dimension, space.axisymmetric):
            dyad = part.dyad(space.turning(places[:, cells]))
            if isinstance(part.value, Table):
                tables.append((cells, dyad, part.value))
            else:
                constant[:, :, cells] += float(part.value) * dyad
    if not tables:
        matrix = _linked(_enlarged(space.conduction(constant), beside), links)
        return Conduction(matrix, edges_of(matrix), ())
    matrix = space.conduction(constant) if np.any(constant) else csr_matrix((space.n_nodes,) * 2)
    matrix = _linked(_enlarged(matrix, beside), links)
    added_by = []
    for cells, dyad, _ in tables:
        of_one = np.zeros_like(constant)
        of_one[:, :, cells] = dyad
        added_by.append(_enlarged(space.conduction(of_one), beside))
    # one pattern for what is constant and what is not: an entry may vanish for a uniform conductivity and not for another
    pattern = sum((_ones(part) for part in added_by), _ones(matrix))
    pattern.sort_indices()
    whole = _widened(matrix, pattern)
    edges = edges_of(whole) if len(space.of.cells) < LARGE else None
    return _varying(whole, edges, added_by, [table for _, _, table in tables])


def _ones(matrix: csr_matrix) -> csr_matrix:
    return csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def _keys(matrix: csr_matrix) -> Integers:
    """A number of each entry of a matrix with sorted indices, rising."""
    n = matrix.shape[0]
    return np.repeat(np.arange(n, dtype=np.int64), np.diff(matrix.indptr)) * n + matrix.indices  # type: ignore[no-any-return]


def _widened(matrix: csr_matrix, pattern: csr_matrix) -> csr_matrix:
    """The same matrix with an entry wherever the pattern has one."""
    matrix.sort_indices()
    data = np.zeros(pattern.nnz)
    data[np.searchsorted(_keys(pattern), _keys(matrix))] = matrix.data
    return csr_matrix((data, pattern.indices, pattern.indptr), shape=pattern.shape)


def _varying(matrix: csr_matrix, edges: Edges | None, added_by: list[csr_matrix], tables: list[Table]) -> Conduction:
    """The conduction of a matrix and of tables, by the matrix that each has with a conductivity of one."""
    keys, n = _keys(matrix), matrix.shape[0]
    variable = []
    for part, table in zip(added_by, tables, strict=True):
        entries = part.tocoo()
        pairs = (entries.row < entries.col) & (entries.data != 0.0)
        one, other, weight = entries.row[pairs], entries.col[pairs], entries.data[pairs]
        upper = np.searchsorted(keys, one.astype(np.int64) * n + other).astype(one.dtype)
        lower = np.searchsorted(keys, other.astype(np.int64) * n + one).astype(one.dtype)
        variable.append(Variable(one, other, weight, upper, lower, law_of(table)))
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    return Conduction(matrix, edges, tuple(variable), np.flatnonzero(matrix.indices > rows), np.flatnonzero(matrix.indices == rows))


def _of_scalars(space: Any, conductivity: dict[str, Any], links: list[Links], beside: int) -> Conduction:
    """The same of a large mesh, in compiled code: constants and tables."""
    by_cell = np.zeros(len(space.of.cells))
    for region, value in conductivity.items():
        by_cell[space.of.regions[region]] = NEXT_TO_NOTHING if isinstance(value, Table) else value
    matrix = _linked(_enlarged(assemble(space, by_cell), beside), links)
    tables = [(space.of.regions[region], value) for region, value in conductivity.items() if isinstance(value, Table)]
    if not tables:
        return Conduction(matrix, None, ())
    added_by = []
    for cells, _ in tables:
        of_one = np.zeros(len(by_cell))
        of_one[cells] = 1.0
        added_by.append(_enlarged(assemble(space, of_one), beside))
    return _varying(matrix, None, added_by, [table for _, table in tables])


def _enlarged(matrix: csr_matrix, beside: int) -> csr_matrix:
    """The matrix with further nodes that nothing couples yet."""
    if not beside:
        return matrix
    n = matrix.shape[0] + beside
    own = np.arange(matrix.shape[0], n, dtype=matrix.indices.dtype)
    data = np.concatenate([matrix.data, np.full(beside, NEXT_TO_NOTHING)])  # so that each row has an entry on the diagonal
    indptr = np.concatenate([matrix.indptr, matrix.indptr[-1] + 1 + np.arange(beside, dtype=matrix.indptr.dtype)])
    return csr_matrix((data, np.concatenate([matrix.indices, own]), indptr), shape=(n, n))


def _linked(matrix: csr_matrix, links: list[Links]) -> csr_matrix:
    """The matrix with conductances between pairs of nodes added."""
    for a, b, conductance in links:
        rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        data = np.concatenate([conductance, conductance, -conductance, -conductance])
        matrix = (matrix + csr_matrix((data, (rows, columns)), shape=matrix.shape)).tocsr()
    matrix.sort_indices()  # multigrid would do so in place, in arrays that are shared
    return matrix
