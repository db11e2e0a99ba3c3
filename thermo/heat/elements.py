"""Lagrange elements on a mesh, by scikit-fem: nodes, matrices, the shares of nodes in volumes and faces.

Three sorts of coordinates: `cartesian`, a line, a plane or a body, of which a cross-section or a thickness multiplies every
integral; `axisymmetric`, a plane (r, z) turned round z, every integral with 2 pi r.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from meshes.mesh import DIMENSION, EDGES, Mesh, all_edges, rows_in
from thermo.base.arrays import Floats, Integers
from thermo.heat.assembly import LARGE, volumes
from thermo.heat.unit_cell import (
    PARTS,
    SKFEM_ORDER,
    TURNED,
    determinant,
    element_of,
    facet_rule,
    nodal_rule,
    normals,
    signed_volume,
    vtk_order,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TENSOR = ("line", "quad", "hexahedron")
CHUNK = 50_000  # cells that are worked on at once
NEAREST = 12  # cells in which a point is looked for first
NEWTON = 30  # iterations for where a point lies in a cell


def _mesh(mesh: Mesh) -> Any:
    import skfem

    made = {"line": "MeshLine", "triangle": "MeshTri", "quad": "MeshQuad", "tetra": "MeshTet", "hexahedron": "MeshHex"}[mesh.kind]
    cells = mesh.cells.T
    if mesh.kind in SKFEM_ORDER:
        cells = cells[SKFEM_ORDER[mesh.kind]]
    more = {"sort_t": False} if mesh.kind == "triangle" else {}
    return getattr(skfem, made)(np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(cells), **more)


class Space:
    """Elements of order 1 or 2 on a mesh.

    Parameters
    ----------
    mesh : the cells and their named parts
    order : 1 or 2
    axisymmetric : whether the plane is (r, z)
    across : cross-section of a line [m2], thickness of a plane [m]; 1 otherwise
    nodal : quadrature with one point a node, which is meant for boxes; else Gauss's
    nodes : (n_nodes, dimension) [m], the order of the nodes where it matters; else scikit-fem's
    """

    def __init__(
        self, mesh: Mesh, order: int, *, axisymmetric: bool = False, across: float = 1.0, nodal: bool = False, nodes: Floats | None = None
    ) -> None:
        self.of, self.order, self.axisymmetric, self.across, self.nodal = mesh, order, axisymmetric, across, nodal
        self.mesh, self.element = _mesh(mesh), element_of(mesh.kind, order)
        if order == 1:  # its nodes are the vertices
            dofs, places = self.mesh.t, mesh.points
        else:
            dofs, places = self.basis.element_dofs, self.basis.doflocs.T
        if mesh.kind == "line":  # along the line, so that matrices are bands; of two nodes at a cut the one of the left cell comes first
            middle = np.full(len(places), np.inf)
            np.minimum.at(middle, dofs, np.broadcast_to(mesh.points[mesh.cells].mean(axis=1)[:, 0], dofs.shape))
            self.dof_of = np.lexsort((middle, places[:, 0]))
            self.points = places[self.dof_of]
        elif nodes is None:
            self.dof_of = np.arange(len(places))
            self.points = np.ascontiguousarray(places)
        else:
            from scipy.spatial import cKDTree

            _, node_of = cKDTree(nodes).query(places)
            self.dof_of = np.argsort(node_of)
            self.points = nodes
        self.node_of = np.argsort(self.dof_of)
        self.cells: Integers = self.node_of[dofs.T]

    @functools.cached_property
    def rule(self) -> tuple[Floats, Floats]:
        """Quadrature points (dimension, n_points) and weights (n_points,) on the unit cell."""
        import skfem

        if self.nodal:
            return nodal_rule(self.order, DIMENSION[self.of.kind])
        exact = 2 * self.order if self.of.kind in TENSOR or self.order == 2 or self.axisymmetric else 2
        return skfem.quadrature.get_quadrature(self.element.refdom, exact)  # type: ignore[no-any-return]

    @functools.cached_property
    def basis(self) -> Any:
        """scikit-fem's basis, for forms; its arrays are large."""
        from skfem import Basis

        return Basis(self.mesh, self.element, quadrature=self.rule)

    def shapes(self, element: Any) -> tuple[Floats, Floats]:
        """Shape functions of an element at the quadrature points: values (n_points, n_local), slopes (n_points, n_local, dimension)."""
        points, weights = self.rule
        values, slopes = [], []
        for i in range(len(element.doflocs)):
            value, slope = element.lbasis(points, i)
            values.append(np.broadcast_to(value, len(weights)))
            slopes.append(np.broadcast_to(slope, (len(points), len(weights))).T)
        return np.stack(values, axis=1), np.stack(slopes, axis=1)

    def straight(self) -> tuple[Floats, Floats]:
        """The same of the linear element that the corners span a cell with."""
        return self.shapes(self.mesh.elem())

    def volumes_at(self, part: slice) -> Floats:
        """|J| w times the measure at the quadrature points of some cells, (n_cells, n_points): the pieces of their volume [m3]."""
        values, slopes = self.straight()
        corners = np.moveaxis(self.mesh.p[:, self.mesh.t[:, part]], 1, 2)  # (dimension, n_cells, n_corners)
        jacobian = np.tensordot(corners, slopes, ([2], [1]))  # (dimension, n_cells, n_points, dimension)
        volume = np.abs(determinant(np.moveaxis(jacobian, 3, 1))) * self.rule[1]
        return volume * self.measure(np.tensordot(corners, values, ([2], [1])))  # type: ignore[no-any-return]

    def cell_volumes(self) -> Floats:
        """Volume of every cell [m3]."""
        if len(self.of.cells) >= LARGE:
            return volumes(self).sum(axis=1)  # type: ignore[no-any-return]
        parts = (slice(first, first + CHUNK) for first in range(0, len(self.of.cells), CHUNK))
        return np.concatenate([self.volumes_at(part).sum(axis=1) for part in parts])

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.points)

    def measure(self, places: Any) -> Floats:
        """What multiplies an integral at quadrature points (dimension, n_cells, n_points): thickness, cross-section, 2 pi r."""
        return 2.0 * np.pi * places[0] if self.axisymmetric else np.full(places[0].shape, self.across)

    def places(self) -> Floats:
        """Quadrature points (dimension, n_cells, n_points) [m]."""
        return np.asarray(self.basis.global_coordinates())

    def turning(self, places: Floats) -> Floats:
        """Where directions that turn from place to place are taken, from quadrature points (dimension, n_cells, n_points) [m].

        Linear elements have flat sides and one direction each, so that layers round an axis lead no heat out between their corners.
        """
        return places if self.order == 2 else np.broadcast_to(places.mean(axis=2, keepdims=True), places.shape)

    def content(self, density: Floats) -> Floats:
        """Share of each node in the integral of a density per cell (n_cells,): row sums of a mass matrix."""
        values, _ = self.shapes(self.element)
        if len(self.of.cells) >= LARGE:
            shares = (density[:, None] * (volumes(self) @ values)).ravel()
            return np.bincount(self.cells.ravel(), weights=shares, minlength=self.n_nodes).astype(float)
        found = np.zeros(self.n_nodes)
        for first in range(0, len(self.of.cells), CHUNK):
            part = slice(first, first + CHUNK)
            share = density[part, None] * (self.volumes_at(part) @ values)
            found += np.bincount(self.cells[part].ravel(), weights=share.ravel(), minlength=self.n_nodes)
        return found

    def mass(self, density: Floats) -> csr_matrix:
        """Mass matrix of a density per cell (n_cells,), by Gauss's quadrature."""
        from skfem import Basis

        from thermo.heat.forms import mass

        basis = Basis(self.mesh, self.element, intorder=2 * self.order + int(self.axisymmetric))
        places = np.asarray(basis.global_coordinates())
        return self._ordered(mass.assemble(basis, density=density[:, None] * self.measure(places)))

    def conduction(self, conductivity: Floats) -> csr_matrix:
        """Conduction matrix of a conductivity tensor, (dimension, dimension, n_cells, n_points) [W/(m K)] at the quadrature points.

        Its rows sum to zero: a uniform body exchanges nothing.
        """
        from thermo.heat.forms import conduction

        made = without_rounding(conduction.assemble(self.basis, conductivity=conductivity * self.measure(self.places())).tocsr())
        return self._ordered(balanced(made))

    def _ordered(self, matrix: Any) -> csr_matrix:
        return matrix.tocsr()[self.dof_of][:, self.dof_of].tocsr()  # type: ignore[no-any-return]

    def facet_nodes(self, facets: Integers) -> Integers:
        """Nodes of facets given by their vertices (n, m): corners, then the middles of their sides, then the centre."""
        cell, side = self._sides(facets)
        return np.take_along_axis(self.cells[cell], self._facet_locals()[side], axis=1)

    def _on_facet(self, corners: tuple[int, ...]) -> list[int]:
        """Local nodes of the facet of a cell whose corners VTK numbers so."""
        places = np.rint(4 * np.asarray(self.element.doflocs)).astype(int)
        number = {tuple(place): i for i, place in enumerate(places.tolist())}
        vertices = [places[vtk_order(self.of.kind)[corner]] for corner in corners]
        found = list(vertices)
        if self.order == 2 and len(vertices) > 1:
            pairs = list(itertools.pairwise([*vertices, vertices[0]])) if len(vertices) > 2 else [(vertices[0], vertices[1])]
            found += [(one + other) // 2 for one, other in pairs]
            found += [sum(vertices) // 4] if len(vertices) == 4 else []
        return [number[tuple(place.tolist())] for place in found]

    def on_each_facet(self, facets: Integers) -> tuple[Integers, Floats]:
        """Nodes of each facet (n, m), and the area that each stands for in it [m2]: integrals of the shape functions."""
        nodes = self.facet_nodes(facets)
        shapes, slopes, weights = facet_rule(self.of.kind, self.order)
        corners = self.points[nodes[:, : facets.shape[1]]]
        shapes_1, slopes_1, _ = facet_rule(self.of.kind, 1)
        tangents = np.einsum("qia,fid->fqad", slopes_1, corners)  # a straight facet: its place is linear in its corners
        metric = np.einsum("fqad,fqbd->fqab", tangents, tangents)
        size = np.sqrt(np.linalg.det(metric)) if slopes.shape[2] else np.ones(metric.shape[:2])
        places = np.einsum("qi,fid->dfq", shapes_1, corners)
        return nodes, np.einsum("qi,fq,q->fi", shapes, size * self.measure(places), weights)

    def on_facets(self, facets: Integers) -> tuple[Integers, Floats]:
        """Nodes on some facets and the area that each stands for [m2]."""
        each, share = self.on_each_facet(facets)
        nodes, place = np.unique(each, return_inverse=True)
        return nodes, np.bincount(place.ravel(), weights=share.ravel(), minlength=len(nodes)).astype(float)

    def on_edges(self, edges: Integers) -> tuple[Integers, Floats]:
        """Nodes on some edges of cells in space, given by their vertices (n, 2), and the length that each stands for [m]."""
        touched = np.zeros(len(self.of.points), bool)
        touched[edges] = True
        known, owner = all_edges(self.of, np.flatnonzero(np.count_nonzero(touched[self.of.cells], axis=1) > 1))
        place = rows_in(edges, known)
        cell, side = owner[place], place // (len(owner) // len(EDGES[self.of.kind]))
        each = np.take_along_axis(self.cells[cell], np.array([self._on_facet(ends) for ends in EDGES[self.of.kind]])[side], axis=1)
        length = np.linalg.norm(np.diff(self.of.points[edges], axis=1)[:, 0], axis=1)
        shares = np.array([0.5, 0.5] if self.order == 1 else [1.0, 1.0, 4.0]) / (1.0 if self.order == 1 else 6.0)
        nodes, number = np.unique(each, return_inverse=True)
        return nodes, np.bincount(number.ravel(), weights=np.outer(length, shares).ravel(), minlength=len(nodes)).astype(float)

    def flux(self, facets: Integers, dyad: Any, cells: Integers) -> Any:
        """Heat through facets from the side of some cells, the sum of B F with F the potential of the conductivity at the nodes.

        `dyad` gives the dyads of a direction at places (dimension, n). Facets that none of the cells has count for nothing.
        """
        from scipy.sparse import csr_matrix

        cell, side = self._sides(facets, cells)
        nodes = np.take_along_axis(self.cells[cell], self._facet_locals()[side], axis=1)
        shapes, slopes, weights = facet_rule(self.of.kind, 1)
        corners = self.points[nodes[:, : facets.shape[1]]]
        places = np.einsum("qi,fid->dfq", shapes, corners)
        # the facet's places in the unit cell
        unit = np.asarray(self.element.doflocs)[self._facet_locals()[side][:, : facets.shape[1]]]
        gradient = self._gradients(cell, np.einsum("qi,fid->dfq", shapes, unit))
        inside = self.of.points[self.of.cells[cell]].mean(axis=1)
        turned = np.einsum("abfq,fqb->afq", dyad(places), normals(corners, slopes, inside))  # normal times area
        share = -np.einsum("fqia,afq,fq,q->fqi", gradient, turned, self.measure(places), weights)
        n = share.shape[0] * share.shape[1]
        repeated = np.repeat(self.cells[cell], len(weights), axis=0)
        return csr_matrix((share.ravel(), (np.repeat(np.arange(n), repeated.shape[1]), repeated.ravel())), shape=(n, self.n_nodes))

    def beside(self, at: Floats, dyad: Any, cells: Integers) -> Any:
        """The rows of the conduction matrix of some cells, each times its node's `at` (n_nodes,), as B (n_pieces, n_nodes).

        With F the potential of their conductivity at the nodes, at . (K T) is the sum of B F. `dyad` gives the dyads of a direction at
        places (dimension, ...).
        """
        from scipy.sparse import csr_matrix
        from skfem import Basis

        touching = cells[np.any(at[self.cells[cells]] != 0.0, axis=1)]
        basis = Basis(self.mesh, self.element, quadrature=self.rule, elements=touching)
        places, own = np.asarray(basis.global_coordinates()), self.cells[touching]
        slopes = [np.broadcast_to(np.asarray(field[0].grad), (len(places), *basis.dx.shape)) for field in basis.basis]
        test = sum(slope * at[own[:, i]][None, :, None] for i, slope in enumerate(slopes))
        turned = np.einsum("abcq,bcq,cq->acq", dyad(self.turning(places)), test, basis.dx * self.measure(places))
        share = np.stack([np.einsum("acq,acq->cq", turned, slope) for slope in slopes], axis=-1)
        share = share.sum(axis=1)
        n, width = own.shape
        return csr_matrix((share.ravel(), own.ravel(), np.arange(0, n * width + 1, width)), shape=(n, self.n_nodes))

    def _gradients(self, cells: Integers, local: Floats) -> Floats:
        """Gradients of the shape functions of cells (n,) at places (dimension, n, q) of the unit cell: (n, q, n_local, dimension)."""
        mapping = self.mesh.mapping()
        fields = [self.element.gbasis(mapping, local, i, tind=cells)[0] for i in range(self.cells.shape[1])]
        return np.stack([np.moveaxis(np.asarray(field.grad), 0, -1) for field in fields], axis=2)

    def _sides(self, facets: Integers, cells: Integers | None = None) -> tuple[Integers, Integers]:
        """The cell of each facet and which of its sides it is; of some `cells` alone, facets that none of them has are left out."""
        from meshes.mesh import FACETS

        on = np.zeros(len(self.of.points), bool)
        on[facets] = True
        near = np.count_nonzero(on[self.of.cells], axis=1) >= facets.shape[1]
        if cells is not None:
            other = np.ones(len(near), bool)
            other[cells] = False
            near &= ~other
        owner = np.flatnonzero(near)
        corners = FACETS[self.of.kind]
        known = np.concatenate([self.of.cells[owner][:, list(corner)] for corner in corners])
        number = rows_in(np.sort(facets, axis=1), np.sort(known, axis=1), missing=-1 if cells is not None else None)
        found = number[number >= 0]
        return owner[found % len(owner)], found // len(owner)

    def _facet_locals(self) -> Integers:
        """Local nodes of every side of a cell."""
        from meshes.mesh import FACETS

        return np.array([self._on_facet(corners) for corners in FACETS[self.of.kind]])

    def opposite(self, one: Integers, other: Integers, along: Floats | None = None) -> tuple[Integers, Integers, Floats]:
        """Pairs of nodes on two lists of facets (n, m) that lie opposite in the same order, and the area of each pair [m2].

        Nodes are paired where they coincide, seen along the direction `along` if it is given. A node of several facets has several
        pairs. Raises ValueError where a node has no partner.
        """
        nodes, share = self.on_each_facet(one)
        partners = self.facet_nodes(other)
        points, others = self.points[nodes], self.points[partners]
        apart = others[:, None] - points[:, :, None]
        if along is not None:
            apart = apart - np.tensordot(apart, along, 1)[..., None] * along
        distance = np.sqrt(np.sum(apart**2, axis=-1))
        nearest = np.argmin(distance, axis=2)
        size = np.ptp(self.points[nodes], axis=1).max(initial=0.0) or 1.0
        if np.take_along_axis(distance, nearest[:, :, None], axis=2).max(initial=0.0) > 1e-6 * size:
            raise ValueError("the nodes of the two sides do not lie opposite each other")
        return nodes.ravel(), np.take_along_axis(partners, nearest, axis=1).ravel(), share.ravel()

    def weights_at(self, point: Floats) -> Floats:
        """Weights of all nodes in the value at a point [m]. Raises ValueError where it lies in no cell, by more than 1e-6 of one and
        1e-8 of the body, as coordinates of nine digits do."""
        _, near = self._finder.query(np.asarray(point, float), k=min(NEAREST, len(self.of.cells)))
        near = np.atleast_1d(near)
        local, outside = self._local(near, np.asarray(point, float))
        best = int(np.argmin(outside))
        if outside[best] > 1e-6:  # long cells reach far from their middles
            near = np.arange(len(self.of.cells))
            low, high = (end(self.mesh.p[:, self.mesh.t], axis=1) for end in (np.min, np.max))
            slack = 1e-6 * (high - low) + 1e-8 * np.ptp(self.mesh.p, axis=1)[:, None]
            near = near[np.all((point[:, None] >= low - slack) & (point[:, None] <= high + slack), axis=0)]
            if not len(near):
                raise ValueError("the point lies in no cell")
            local, outside = self._local(near, np.asarray(point, float))
            best = int(np.argmin(outside))
        size = np.ptp(self.mesh.p[:, self.mesh.t[:, near[best]]], axis=1).min()
        if not outside[best] <= 1e-6 + 1e-8 * float(np.ptp(self.mesh.p, axis=1).max()) / size:
            raise ValueError("the point lies in no cell")
        weights = np.zeros(self.n_nodes)
        for i, node in enumerate(self.cells[near[best]]):
            weights[node] += float(np.asarray(self.element.lbasis(local[best][:, None], i)[0]).ravel()[0])
        return weights

    @functools.cached_property
    def _finder(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self.mesh.p[:, self.mesh.t].mean(axis=1).T)

    def _local(self, cells: Integers, point: Floats) -> tuple[Floats, Floats]:
        """Where a point lies in the unit cell of each of some cells, (n, dimension), and by how much it is outside of it."""
        element = self.mesh.elem()
        corners = np.moveaxis(self.mesh.p[:, self.mesh.t[:, cells]], 0, 2)  # (n_corners, n, dimension)
        local = np.full((len(cells), len(point)), 0.5 if self.of.kind in TENSOR else 1.0 / (len(point) + 1))
        for _ in range(NEWTON):
            shapes = [element.lbasis(local.T, i) for i in range(len(corners))]
            values = np.stack([np.broadcast_to(value, len(cells)) for value, _ in shapes])
            slopes = np.stack([np.broadcast_to(slope, (len(point), len(cells))) for _, slope in shapes])
            left = point - np.einsum("in,ind->nd", values, corners)
            change = np.linalg.solve(np.einsum("ind,ian->nda", corners, slopes), left[..., None])[..., 0]
            local = np.clip(local + change, -1.0, 2.0)
            if np.max(np.abs(change)) < 1e-12:
                break
        beyond = (
            np.maximum(-local, local - 1.0)
            if self.of.kind in TENSOR
            else np.concatenate([-local, local.sum(axis=1)[:, None] - 1.0], axis=1)
        )
        return local, beyond.max(axis=1)

    def pieces(self) -> tuple[Integers, Integers]:
        """Cells between the nodes alone, for pictures: nodes of each (n, m) as VTK numbers them, and its cell."""
        if self.order == 1:
            found, owner = self.cells[:, vtk_order(self.of.kind)], np.arange(len(self.cells))
        else:
            places = np.rint(2 * np.asarray(self.element.doflocs)).astype(int)
            number = {tuple(place): i for i, place in enumerate(places.tolist())}
            parts = [[number[corner] for corner in part] for part in PARTS[self.of.kind]]
            found = np.concatenate([self.cells[:, part] for part in parts])
            owner = np.tile(np.arange(len(self.cells)), len(parts))
        found = found.copy()
        turned = np.flatnonzero(signed_volume(self.points[found], self.of.kind) < 0.0)
        found[turned] = found[turned][:, TURNED[self.of.kind]]
        return found, owner


def balanced(matrix: csr_matrix) -> csr_matrix:
    """The matrix with a diagonal that makes its rows sum to zero."""
    matrix.setdiag(0.0)
    matrix.setdiag(-np.asarray(matrix.sum(axis=1)).ravel())
    return matrix


def without_rounding(matrix: csr_matrix) -> csr_matrix:
    """The symmetric matrix without the entries that are zero but for rounding."""
    from scipy.sparse import csr_matrix

    entries, diagonal = matrix.tocoo(), matrix.diagonal()
    size = np.sqrt(np.abs(diagonal[entries.row] * diagonal[entries.col]))
    keep = np.abs(entries.data) > 1e-13 * size
    return csr_matrix((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=matrix.shape)
