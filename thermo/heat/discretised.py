"""A body put on a mesh: nodes and their shares in regions and faces, the pairs across contacts, the whole body for pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from meshes.mesh import Links, Mesh, edges_between, facet_pairs, rows_in, split
from thermo.base.arrays import Floats, Integers
from thermo.heat.elements import Space


class Frame(NamedTuple):
    """What a field file needs: points (n, 3) [m], cells of one kind as VTK numbers them, the region of each, the regions' names."""

    points: Floats
    cells: Integers
    kind: str
    material: Integers
    names: list[str]


def cell_gradient(corners: Floats, values: Floats, kind: str) -> Floats:
    """Gradient in the middle of linear cells, (n, dimension), from their corners (n, m, dimension) and values (n, m)."""
    slopes = {
        "line": [[-1.0, 1.0]],
        "triangle": [[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]],
        "tetra": [[-1.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 1.0]],
        "quad": [[-0.5, 0.5, 0.5, -0.5], [-0.5, -0.5, 0.5, 0.5]],
        "hexahedron": [
            [-0.25, 0.25, 0.25, -0.25, -0.25, 0.25, 0.25, -0.25],
            [-0.25, -0.25, 0.25, 0.25, -0.25, -0.25, 0.25, 0.25],
            [-0.25, -0.25, -0.25, -0.25, 0.25, 0.25, 0.25, 0.25],
        ],
    }[kind]
    local = np.array(slopes)
    jacobian = np.einsum("ai,nid->nad", local, corners)
    return np.linalg.solve(jacobian, np.einsum("ai,ni->na", local, values)[..., None])[..., 0]  # type: ignore[no-any-return]


def facing(mesh: Mesh, face: str, to: str, axisymmetric: bool) -> tuple[Integers, Floats]:
    """For each facet of a plane face the number of the one opposite it in another face, and the normal (dimension,) towards that.

    Raises ValueError where the two do not look at each other across empty space, facet by facet.
    """
    from scipy.spatial import cKDTree

    one, other = mesh.faces[face], mesh.faces[to]
    normal = _normal(mesh, face)
    if abs(abs(float(normal @ _normal(mesh, to))) - 1.0) > 1e-6:
        raise ValueError(f"{to!r} is not parallel to it")
    if axisymmetric and abs(normal[1]) < 1.0 - 1e-6:
        raise ValueError("in an axisymmetric body a gap needs two faces across the axis")
    facets, sides = facet_pairs(mesh)
    ends = []
    for name, rows in ((face, one), (to, other)):
        cells = sides[rows_in(rows, facets)]
        if np.any(cells[:, 1] >= 0):
            raise ValueError(f"{name!r} lies within the body; a gap needs two faces of its outside")
        ends.append((mesh.points[rows].mean(axis=1), mesh.points[mesh.cells[cells[:, 0]]].mean(axis=1)))
    (centre, inside), (centre_other, inside_other) = ends
    normal = normal * np.sign(normal @ (centre_other.mean(axis=0) - centre.mean(axis=0)))
    if not (np.all((centre - inside) @ normal > 0.0) and np.all((centre_other - inside_other) @ normal < 0.0)):
        raise ValueError(f"it and {to!r} do not face each other: no gap lies in front of both")
    flat, flat_other = (points - np.outer(points @ normal, normal) for points in (centre, centre_other))
    distance, partner = cKDTree(flat_other).query(flat)
    apart = mesh.points[other[partner]][:, None] - mesh.points[one][:, :, None]
    apart = apart - np.tensordot(apart, normal, 1)[..., None] * normal
    size = max(float(np.max(np.ptp(mesh.points[one], axis=1))), 1e-300)
    corners = np.sqrt(np.sum(apart**2, axis=-1)).min(axis=2)
    if len(one) != len(other) or float(max(distance.max(), corners.max())) > 1e-6 * size:
        raise ValueError(f"it and {to!r} do not lie opposite each other facet by facet")
    surface = mesh.points[facets[sides[:, 1] < 0]]
    if np.any(_between(surface, centre, centre_other[partner], normal)):
        raise ValueError(f"another part of the body lies between it and {to!r} and blocks the radiation")
    return partner, normal


def _between(surface: Floats, start: Floats, end: Floats, normal: Floats) -> Any:
    """Which lines along the normal, from `start` to `end` (n, dimension), a facet of the surface (m, vertices, dimension) lies across."""
    height = surface.mean(axis=1) @ normal
    low, high = start @ normal, end @ normal
    inner = surface[(height > low.min()) & (height < high.max())]
    tangents = np.linalg.svd(normal[None])[2][1:]
    flat, at = inner @ tangents.T, start @ tangents.T
    height = inner.mean(axis=1) @ normal
    found = np.zeros(len(start), dtype=bool)
    for corners in combinations(range(surface.shape[1]), len(normal)):  # parts of a facet: points, lines or triangles
        part = flat[:, corners]
        edges = part[:, 1:] - part[:, :1]
        wide = np.abs(np.linalg.det(edges)) > 1e-9 * np.prod(np.linalg.norm(edges, axis=2).clip(1e-300), axis=1)
        for origin, edge, z in zip(part[wide, 0], edges[wide], height[wide], strict=True):
            share = (at - origin) @ np.linalg.inv(edge)
            found |= np.all(share > -1e-9, axis=1) & (share.sum(axis=1) < 1.0 + 1e-9) & (z > low) & (z < high)
    return found


def _normal(mesh: Mesh, face: str) -> Floats:
    """A normal of a plane face. Raises ValueError where it is not plane."""
    points = mesh.points[np.unique(mesh.faces[face])]
    dimension = points.shape[1]
    if dimension == 1:
        return np.ones(1)
    _, size, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=True)
    if len(size) == dimension and size[-1] > 1e-6 * size[0]:
        raise ValueError(f"{face!r} is not plane")
    return directions[-1]  # type: ignore[no-any-return]


LATTICE, MOST_LATTICE = 4.0, 12  # points of a lattice over the width of a place; the most along a side of a cell


class Shape:
    """A mesh with elements of an order, cut open along `cuts`; `mirrors` are (axis, coordinate [m]) of planes that it ends at.
    `areas` [m2] are those of faces whose facets only come near them; `onto` moves points of the body (n, dimension) to where its mesh,
    whose facets are flat, has them.

    Raises ValueError where a cut is on the outside.
    """

    def __init__(
        self,
        mesh: Mesh,
        order: int,
        *,
        axisymmetric: bool = False,
        across: float = 1.0,
        nodal: bool = True,
        cuts: Iterable[str] = (),
        mirrors: Iterable[tuple[int, float]] = (),
        nodes: Floats | None = None,
        areas: dict[str, float] | None = None,
        onto: Callable[[Floats], Floats] | None = None,
    ) -> None:
        names, self._whole = list(cuts), mesh
        mesh, self.sides = split(mesh, names) if names else (mesh, {})
        self.space = Space(mesh, order, axisymmetric=axisymmetric, across=across, nodal=nodal, nodes=None if names else nodes)
        self.mesh, self.mirrors, self.areas = mesh, list(mirrors), areas or {}
        self.onto = onto
        self._known: dict[str, tuple[Integers, Floats]] = {}

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.space.n_nodes

    @property
    def multiplicity(self) -> float:
        """How many times the mesh stands in the body."""
        return float(2 ** len(self.mirrors))

    def face(self, name: str) -> tuple[Integers, Floats]:
        """Nodes of a face and the area of each [m2]; of one with a contact, those of its first side."""
        if name not in self._known:
            nodes, area = self.space.on_facets(self.mesh.faces[name])
            self._known[name] = (nodes, area * (self.areas[name] / area.sum()) if name in self.areas else area)
        return self._known[name]

    def open_area(self, name: str, holding: Iterable[str]) -> Floats:
        """Area of each node (n_nodes,) on the facets of a face that lie on none of these others [m2]."""
        rows = self.mesh.faces[name]
        scale = self.areas[name] / self.space.on_facets(rows)[1].sum() if name in self.areas else 1.0
        closed = np.concatenate([np.zeros((0, rows.shape[1]), np.int64), *(self.mesh.faces[other] for other in holding)])
        found = np.zeros(self.n_nodes)
        rows = rows[rows_in(rows, closed, -1) < 0]
        if len(rows):
            nodes, area = self.space.on_facets(rows)
            found[nodes] = scale * area
        return found

    def edge(self, edge: str | tuple[str, str]) -> tuple[Integers, Floats]:
        """Nodes of an edge, by its name or as that in which two faces meet, and the length of each [m]."""
        if isinstance(edge, str):
            return self.space.on_edges(self.mesh.edges[edge])
        rows = edges_between(self._whole, *edge)  # of a mesh that is cut there the sides have no vertices in common
        if self.sides:
            rows = split(self._whole._replace(edges={"": rows}), list(self.sides))[0].edges[""]
        return self.space.on_edges(rows)

    def region(self, name: str) -> Floats:
        """Volume that each node stands for in a region [m3]."""
        density = np.zeros(len(self.mesh.cells))
        density[self.mesh.regions[name]] = 1.0
        return self.space.content(density)

    def links(self, face: str, condition: Any) -> Links:
        """Pairs of nodes that a contact or a gap couples, and the area of each pair [m2]. Raises ValueError where nodes do not face."""
        if condition.parts:
            return self.space.opposite(*self.sides[face])
        partner, normal = self.opposite(face, condition)
        return self.space.opposite(self.mesh.faces[face], self.mesh.faces[condition.to][partner], normal)

    def opposite(self, face: str, condition: Any) -> tuple[Integers, Floats]:
        """For each facet of the face of a gap the number of the one opposite it, and the normal towards that, see `facing`."""
        return facing(self.mesh, face, condition.to, self.space.axisymmetric)

    def flow(self, face: str, conductivity: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Conduction through a face within the body, where the coordinates rise, as terms (value, B): the heat is the sum of B times
        the potential of the conductivity [W], the mean of what both sides say, see `Space.flux`."""
        from thermo.materials.properties import directions

        facets, sides = facet_pairs(self.mesh)
        rows = self.mesh.faces[face]
        both = sides[rows_in(rows, facets)]
        normal = self._rising_normals(rows)
        away = self.mesh.points[self.mesh.cells[both[:, 0]]].mean(axis=1) - self.mesh.points[rows].mean(axis=1)
        lower = np.where(np.sum(away * normal, axis=1) < 0.0, both[:, 0], both[:, 1])
        upper = both.sum(axis=1) - lower
        found = []
        for region, value in conductivity.items():
            for near, sign in ((lower, 0.5), (upper, -0.5)):
                part = np.intersect1d(near, self.mesh.regions[region])
                for direction in directions(value, self.mesh.points.shape[1], self.space.axisymmetric) if len(part) else ():
                    found.append((direction.value, sign * self.space.flux(rows, direction.dyad, part)))
        return found

    def _rising_normals(self, facets: Integers) -> Floats:
        """A normal of each facet (n, dimension), the sum of its components positive."""
        corners = self.mesh.points[facets]
        if corners.shape[2] == 1:
            return np.ones((len(facets), 1))
        along = corners[:, 1:3] - corners[:, :1]
        normal = np.stack([along[:, 0, 1], -along[:, 0, 0]], axis=1) if corners.shape[2] == 2 else np.cross(along[:, 0], along[:, 1])
        return normal * np.where(normal.sum(axis=1, keepdims=True) < 0.0, -1.0, 1.0)  # type: ignore[no-any-return]

    def weights_at(self, point: Floats) -> Floats:
        """Weights of all nodes in the value at a point of the whole body [m]. Raises ValueError where it lies in no cell."""
        point = np.array(point, float)[: self.mesh.points.shape[1]]
        if self.onto is not None:
            point = self.onto(point[None])[0]
        for axis, plane in self.mirrors:
            if (point[axis] - plane) * (self.mesh.points[:, axis].mean() - plane) < 0.0:
                point[axis] = 2.0 * plane - point[axis]
        return self.space.weights_at(point)

    def region_at(self, point: Floats) -> str | None:
        """The first region that has a point of the whole body [m]; None where it lies in none."""
        try:
            nodes = np.flatnonzero(np.abs(self.weights_at(point)) > 1e-9)
        except ValueError:
            return None
        for name, cells in self.mesh.regions.items():
            if np.any(np.count_nonzero(np.isin(self.space.cells[cells], nodes), axis=1) == len(nodes)):
                return name
        return None

    def part_of(self, region: str, middle: Floats, width: float, holds: Callable[[Floats], Any]) -> Floats:
        """Volume of each node (n_nodes,) [m3] in what a region has of a place, its `middle` in the region, its least `width` [m].

        `holds` says which points (n, dimension) lie in the place. A cell counts by the share of a lattice in it that does. Where the place
        is so small that it has none, all of it is at the middle.
        """
        cells, mesh = self.mesh.regions[region], self.space.mesh
        size = np.ptp(self.mesh.points[self.mesh.cells[cells]], axis=1).max()
        n = int(np.clip(np.ceil(LATTICE * size / width), 2, MOST_LATTICE))
        dimension = self.mesh.points.shape[1]
        local = (np.stack(np.meshgrid(*[np.arange(n)] * dimension), axis=0).reshape(dimension, -1) + 0.5) / n
        if self.mesh.kind in ("triangle", "tetra"):
            local = local[:, local.sum(axis=0) < 1.0]
        fraction = np.zeros(len(self.mesh.cells))
        for part in np.array_split(cells, max(1, len(cells) * local.shape[1] // 1_000_000)):
            points = np.moveaxis(np.asarray(mesh.mapping().F(local, tind=part)), 0, -1)
            there = holds(points.reshape(-1, dimension))
            for axis, plane in self.mirrors:  # the image of a place in the other half
                image = points.copy()
                image[..., axis] = 2.0 * plane - image[..., axis]
                there |= holds(image.reshape(-1, dimension))
            fraction[part] = there.reshape(points.shape[:2]).mean(axis=1)
        return self.space.content(fraction) if np.any(fraction) else self.weights_at(middle)

    def frame(self) -> Frame:
        """The whole body for a field file."""
        cells, owner = self.space.pieces()
        material = np.zeros(len(self.mesh.cells), np.int64)
        for i, rows in enumerate(self.mesh.regions.values()):
            material[rows] = i
        points = np.zeros((self.n_nodes, 3))
        points[:, : self.space.points.shape[1]] = self.space.points
        kinds = material[owner]
        turned = {
            "line": [1, 0],
            "triangle": [0, 2, 1],
            "quad": [0, 3, 2, 1],
            "tetra": [0, 2, 1, 3],
            "hexahedron": [4, 5, 6, 7, 0, 1, 2, 3],
        }
        for axis, plane in self.mirrors:
            other, image = self._mirrored(points, axis, plane)
            cells = np.concatenate([cells, image[cells][:, turned[self.mesh.kind]]])
            points, kinds = np.concatenate([points, other]), np.tile(kinds, 2)
        return Frame(points, cells, self.mesh.kind, kinds, list(self.mesh.regions))

    def heat_flux(self, frame: Frame, values: Floats, conductivity: dict[str, Any]) -> Floats:
        """-k grad T in the middle of every cell of a frame [W/m2], (n_cells, 3), from the temperatures of its points [K]."""
        from thermo.heat.conduction import potential
        from thermo.materials.properties import directions

        corners = frame.points[frame.cells]
        dimension = self.mesh.points.shape[1]
        middle = corners.mean(axis=1)
        made = np.zeros((len(frame.cells), 3))
        for number, value in enumerate(conductivity.values()):
            rows = np.flatnonzero(frame.material == number)
            for direction in directions(value, dimension, self.space.axisymmetric):
                cells = frame.cells[rows]
                slope = cell_gradient(corners[rows, :, :dimension], potential(direction.value, values)[cells], frame.kind)
                made[rows, :dimension] -= np.einsum("abn,nb->na", direction.dyad(middle[rows, :dimension].T), slope)
        return made

    def unfolded(self, values: Floats) -> Floats:
        """Nodal values of the whole body from those of the mesh."""
        points = np.zeros((self.n_nodes, 3))
        points[:, : self.space.points.shape[1]] = self.space.points
        for axis, plane in self.mirrors:
            other, image = self._mirrored(points, axis, plane)
            made = np.concatenate([values, np.empty(len(other))])
            made[image] = values
            points, values = np.concatenate([points, other]), made
        return values

    def _mirrored(self, points: Floats, axis: int, plane: float) -> tuple[Floats, Integers]:
        """The images of points that do not lie on a plane, and for each point the number of its image."""
        away = np.abs(points[:, axis] - plane) > 1e-9 * np.ptp(points[:, axis])
        other = points[away].copy()
        other[:, axis] = 2.0 * plane - other[:, axis]
        image = np.arange(len(points))
        image[away] = len(points) + np.arange(len(other))
        return other, image
