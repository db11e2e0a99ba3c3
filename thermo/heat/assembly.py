"""The conduction matrix of large meshes, cell by cell in compiled code: a tenth of the time and a quarter of the memory of general forms.

    K_ij = sum over cells and quadrature points of  w |J| m k (J^-T grad N_i) . (J^-T grad N_j)

scikit-fem assembles small meshes, and is what this is tested against.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels, kernel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Places = NDArray[np.uint32]

TURN = 2.0 * math.pi
NEAR = 1e-6  # K: temperatures of two pieces of a table so near are one
LARGE = 40_000  # cells from which compiling pays


def assemble(space: Any, conductivity: Floats) -> csr_matrix:
    """The conduction matrix of scalar conductivities (n_cells,) [W/(m K)], in the order of the nodes of an `elements.Space`; every pair
    of nodes of a cell has an entry."""
    from scipy.sparse import csr_matrix

    cells = np.ascontiguousarray(space.cells, np.int32)
    n_nodes, n_local = space.n_nodes, cells.shape[1]
    compiled = compile_kernels()
    start, owner = np.zeros(n_nodes + 2, np.int32), np.empty(cells.size, np.int32)
    compiled(owners)(cells, start, owner)
    indptr, room = np.zeros(n_nodes + 1, np.int32), np.empty(cells.size * n_local, np.int32)
    compiled(neighbours)(cells, start, owner, np.zeros(n_nodes, np.int32), indptr, room)
    indices = room[: indptr[-1]].copy()
    data = np.zeros(len(indices))
    compiled(fill)(cells, _geometry(space), np.asarray(conductivity, float), indptr, indices, data)
    compiled(balance)(indptr, indices, data)
    return csr_matrix((data, indices, indptr), shape=(n_nodes, n_nodes))


class Geometry(NamedTuple):
    """Where cells are: `vertices` (n_cells, n) of their `points` (n_points, 3) [m]; at the quadrature points of the unit cell `slopes`
    (n_points, n_local, 3) of the shape functions, `corners` and `values` of those that the vertices span it with, `weights`; what
    multiplies an integral (`across`, or a turn of a plane that is `turned`); in a space of `d` dimensions the others are there with unit
    length and no slope. `K` (n_local, n_local) and `G` (3, n_local) are room to work in."""

    vertices: Any
    points: Floats
    slopes: Floats
    corners: Floats
    values: Floats
    weights: Floats
    across: float
    turned: bool
    d: int
    K: Floats
    G: Floats


def _geometry(space: Any) -> Geometry:
    _, slopes = space.shapes(space.element)
    values, corners = space.straight()
    n_local = slopes.shape[1]
    return Geometry(
        np.ascontiguousarray(space.mesh.t.T, np.int32),
        _in_space(space.mesh.p.T),
        _in_space(slopes),
        _in_space(corners),
        np.ascontiguousarray(values),
        np.asarray(space.rule[1], float),
        float(space.across),
        bool(space.axisymmetric),
        slopes.shape[2],
        np.zeros((n_local, n_local)),
        np.zeros((3, n_local)),
    )


def conducted(matrix: csr_matrix, temperature: Floats) -> Floats:
    """-K T of a matrix whose rows sum to zero, from the differences of T."""
    found = np.empty(len(temperature))
    compile_kernels()(differences)(unsigned(matrix.indptr), unsigned(matrix.indices), matrix.data, temperature, found)
    return found


def between(matrix: csr_matrix, free: Any) -> tuple[Any, Any, Any, Any]:
    """The entries of a square matrix between nodes that are `free` (n_nodes,): where they stand in it, their columns counted among free
    nodes, the ends of rows, and which of them are on the diagonal; rows have their columns in rising order."""
    number = np.cumsum(free, dtype=np.int32) - np.int32(1)
    n_free = int(number[-1]) + 1 if len(number) else 0
    places, indices = np.empty(matrix.nnz, np.uint32), np.empty(matrix.nnz, np.int32)
    indptr, diagonal = np.zeros(n_free + 1, np.int32), np.empty(n_free, np.int64)
    compile_kernels()(kept)(matrix.indptr, matrix.indices, free, number, places, indices, indptr, diagonal)
    n = int(indptr[-1])
    return places[:n], indices[:n], indptr, diagonal


def gathered(s: float, data: Floats, places: Any, on_diagonal: Any, diagonal: Floats) -> Floats:
    """s times the entries at `places`, and a `diagonal` added where that stands among them."""
    found = np.empty(len(places))
    compile_kernels()(gather)(s, data, places, on_diagonal, diagonal, found)
    return found


def add_means(data: Floats, diagonal: Any, part: Any, temperature: Floats) -> None:
    """Add a `conduction.Variable` at temperatures of the nodes [K] to the entries of its matrix, in one pass."""
    law = part.law
    piece = np.searchsorted(law.temperature, temperature, side="right")
    compile_kernels()(means)(
        unsigned(part.one), unsigned(part.other), part.weight, unsigned(part.upper), unsigned(part.lower), unsigned(diagonal),
        temperature, law.value(temperature), law.at(temperature), piece, data,
    )  # fmt: skip


def unsigned(places: Any) -> Places:
    """The same numbers, none of them negative, without a copy where they have 32 bits.

    Compiled code then need not ask at each whether it counts from the end, which halves its time.
    """
    return places.view(np.uint32) if places.dtype.itemsize == 4 else places.astype(np.uint32)  # type: ignore[no-any-return]


def volumes(space: Any) -> Floats:
    """`Space.volumes_at` of all cells."""
    values, corners = space.straight()
    found = np.empty((len(space.cells), len(values)))
    compile_kernels()(measure)(
        np.ascontiguousarray(space.mesh.t.T, np.int32),
        _in_space(space.mesh.p.T),
        _in_space(corners),
        np.ascontiguousarray(values),
        np.asarray(space.rule[1], float),
        float(space.across),
        bool(space.axisymmetric),
        corners.shape[2],
        found,
    )
    return found


def _in_space(found: Floats) -> Floats:
    """With three components."""
    return np.concatenate([found, np.zeros((*found.shape[:-1], 3 - found.shape[-1]))], axis=-1)


@kernel
def owners(cells, start, owner):
    """Into `owner` the cells of each node, one after another, those of node i from `start[i]` on; `start` (n_nodes + 2,) zeros."""
    for c in range(cells.shape[0]):
        for i in range(cells.shape[1]):
            start[cells[c, i] + 2] += 1
    for node in range(2, start.shape[0]):
        start[node] += start[node - 1]
    for c in range(cells.shape[0]):
        for i in range(cells.shape[1]):
            node = cells[c, i]
            owner[start[node + 1]] = c
            start[node + 1] += 1


@kernel
def balance(indptr, indices, data):
    """Make every row sum to zero by its diagonal."""
    for row in range(indptr.shape[0] - 1):
        total, diagonal = 0.0, -1
        for k in range(indptr[row], indptr[row + 1]):
            if indices[k] == row:
                diagonal = k
            else:
                total += data[k]
        data[diagonal] = -total


@kernel
def kept(indptr, indices, free, number, places, columns, ends, diagonal):
    """Into the last four what `between` says."""
    n = 0
    for row in range(free.shape[0]):
        if not free[row]:
            continue
        for k in range(indptr[row], indptr[row + 1]):
            column = indices[k]
            if free[column]:
                if column == row:
                    diagonal[number[row]] = n
                places[n] = k
                columns[n] = number[column]
                n += 1
        ends[number[row] + 1] = n


@kernel
def gather(s, data, places, on_diagonal, diagonal, found):
    """Into the last what `gathered` says."""
    for k in range(found.shape[0]):
        found[k] = s * data[places[k]]
    for row in range(diagonal.shape[0]):
        found[on_diagonal[row]] += diagonal[row]


@kernel
def means(one, other, weight, upper, lower, diagonal, temperature, value, potential, piece, data):
    """Into the last what `add_means` says."""
    for p in range(one.shape[0]):
        i, j = one[p], other[p]
        difference = temperature[i] - temperature[j]
        if piece[i] == piece[j] or abs(difference) < NEAR:
            entry = weight[p] * 0.5 * (value[i] + value[j])
        else:
            entry = weight[p] * (potential[i] - potential[j]) / difference
        data[upper[p]] += entry
        data[lower[p]] += entry
        data[diagonal[i]] -= entry
        data[diagonal[j]] -= entry


@kernel
def differences(indptr, indices, data, temperature, found):
    """Into `found` the sum of -K_ij (T_j - T_i) over each row i."""
    for row in range(found.shape[0]):
        total, here = 0.0, temperature[row]
        for k in range(indptr[row], indptr[row + 1]):
            total -= data[k] * (temperature[indices[k]] - here)
        found[row] = total


@kernel
def neighbours(cells, start, owner, seen, indptr, indices):
    """The nodes that each node shares a cell with, itself among them, rising: those of node i in `indices` from `indptr[i]` on.

    `seen` (n_nodes,) zeros: the last node that met each node, counted from one on. `indices` has room for every pair of every cell.
    """
    for node in range(seen.shape[0]):
        first = last = indptr[node]
        for k in range(start[node], start[node + 1]):
            for j in range(cells.shape[1]):
                other = cells[owner[k], j]
                if seen[other] == node + 1:
                    continue
                seen[other] = node + 1
                at = last  # into its place among those found, from the end
                while at > first and indices[at - 1] > other:
                    indices[at] = indices[at - 1]
                    at -= 1
                indices[at] = other
                last += 1
        indptr[node + 1] = last


@kernel
def jacobian(vertices, points, corners, values, d):
    """Slopes of the place in a cell at one quadrature point, row by row (xx, xy, ... zz), and the place's first coordinate."""
    radius, xx, xy, xz, yx, yy, yz, zx, zy, zz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for v in range(vertices.shape[0]):
        place = points[vertices[v]]
        x, y, z, a, b, e = place[0], place[1], place[2], corners[v, 0], corners[v, 1], corners[v, 2]
        radius += values[v] * x
        xx, xy, xz = xx + x * a, xy + x * b, xz + x * e
        yx, yy, yz = yx + y * a, yy + y * b, yz + y * e
        zx, zy, zz = zx + z * a, zy + z * b, zz + z * e
    if d < 3:
        zz = 1.0
    if d < 2:
        yy = 1.0
    return xx, xy, xz, yx, yy, yz, zx, zy, zz, radius


@kernel
def measure(vertices, points, corners, values, weights, across, turned, d, found):
    """Into `found` (n_cells, n_points) the pieces of the volume; arguments as in `Geometry`."""
    for c in range(vertices.shape[0]):
        for q in range(weights.shape[0]):
            xx, xy, xz, yx, yy, yz, zx, zy, zz, radius = jacobian(vertices[c], points, corners[q], values[q], d)
            det = xx * (yy * zz - yz * zy) + xy * (yz * zx - yx * zz) + xz * (yx * zy - yy * zx)
            found[c, q] = weights[q] * abs(det) * (TURN * radius if turned else across)


@kernel
def cell_matrix(g, c, conductivity):
    """Into `g.K` the matrix of a cell of a scalar conductivity."""
    K = g.K
    for i in range(K.shape[0]):
        for j in range(K.shape[0]):
            K[i, j] = 0.0
    for q in range(g.weights.shape[0]):
        xx, xy, xz, yx, yy, yz, zx, zy, zz, radius = jacobian(g.vertices[c], g.points, g.corners[q], g.values[q], g.d)
        # cofactors: the inverse times the determinant
        ix, iy, iz = yy * zz - yz * zy, yz * zx - yx * zz, yx * zy - yy * zx
        jx, jy, jz = zy * xz - zz * xy, zz * xx - zx * xz, zx * xy - zy * xx
        kx, ky, kz = xy * yz - xz * yy, xz * yx - xx * yz, xx * yy - xy * yx
        det = xx * ix + xy * iy + xz * iz
        share = g.weights[q] * conductivity / abs(det) * (TURN * radius if g.turned else g.across)
        gx, gy, gz, slope = g.G[0], g.G[1], g.G[2], g.slopes[q]
        for i in range(slope.shape[0]):
            a, b, e = slope[i, 0], slope[i, 1], slope[i, 2]
            gx[i] = ix * a + iy * b + iz * e
            gy[i] = jx * a + jy * b + jz * e
            gz[i] = kx * a + ky * b + kz * e
        for i in range(K.shape[0]):
            x, y, z, row = share * gx[i], share * gy[i], share * gz[i], K[i]
            for j in range(row.shape[0]):
                row[j] += x * gx[j] + y * gy[j] + z * gz[j]


@kernel
def entry_of(indptr, indices, row, column):
    """Where the entry of a row stands, by halving without a branch to be guessed wrong."""
    at, n = indptr[row], indptr[row + 1] - indptr[row]
    while n > 1:
        half = n // 2
        at += half * (indices[at + half] <= column)
        n -= half
    return at


@kernel
def fill(cells, g, conductivity, indptr, indices, data):
    """Add every cell's matrix to `data`."""
    for c in range(cells.shape[0]):
        cell_matrix(g, c, conductivity[c])
        for i in range(cells.shape[1]):
            for j in range(cells.shape[1]):
                data[entry_of(indptr, indices, cells[c, i], cells[c, j])] += g.K[i, j]
