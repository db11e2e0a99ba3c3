"""The lines of a layered block's nodes: what a box in mode space has in place of a mesh."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from meshes.block import FACES, line_shape, line_weights
from thermo.base.arrays import Floats
from thermo.bodies.layered_block import LayeredBlock, node_grid
from thermo.heat.modes.modal_arrays import Share


class Box:
    """The lines of a layered block's nodes, and what nodes stand for in its faces and layers."""

    def __init__(self, block: LayeredBlock, named: Mapping[str, float], refine: int) -> None:
        self.block, self.order = block, block.mesh.order
        self.vertices = block.vertex_grid(named, refine)
        self.nodes = node_grid(self.vertices, self.order)
        self.weights = [line_weights(points, self.order, -1.0, 2.0 * points[-1]) for points in self.vertices[:3]]
        self.levels = np.concatenate([[0.0], np.cumsum([float(layer.thickness) for layer in block.layers])])
        self.node_area = np.outer(self.weights[0], self.weights[1])
        self.shape = (len(self.nodes.z), *self.node_area.shape)

    @property
    def multiplicity(self) -> float:
        """How many times the grid stands in the body."""
        return float(2 ** sum(plane is not None for plane in self.nodes.mirror))

    def thickness(self, layer: int) -> Floats:
        """What planes stand for in a layer [m]."""
        return line_weights(self.vertices.z, self.order, float(self.levels[layer]), float(self.levels[layer + 1]))

    def share(self, name: str) -> Share:
        """What nodes stand for in a face or a layer. A side that symmetry has cut off is read on the side that is its image."""
        layers = [layer.name for layer in self.block.layers]
        if name in layers:
            return Share(self.thickness(layers.index(name)), self.node_area)
        if name in ("left", "right", "front", "back"):
            axis, end = FACES[name]
            line = np.zeros(self.shape[1 + axis])
            line[-end if self.nodes.mirror[axis] is None else 0] = 1.0
            return Share(self.weights[2], np.outer(line, self.weights[1]) if axis == 0 else np.outer(self.weights[0], line))
        patch = self.block.patches.get(name)
        face = patch.face if patch else name
        level = self.levels[{"bottom": 0, "top": -1}[face] if face in FACES else 1 + layers.index(face.partition("|")[0])]
        along = np.zeros(self.shape[0])
        along[int(np.argmin(np.abs(self.nodes.z - level)))] = 1.0
        return Share(along, self.area_on(name) if patch else self.node_area)

    def _facets(self, name: str) -> Any:
        """Which facets of its plane (nx, ny) a face or a patch has: those whose centres lie in it."""
        patch = self.block.patches.get(name)
        middles = [0.5 * (points[1:] + points[:-1]) for points in self.vertices[:2]]
        if patch is None:
            return np.ones((len(middles[0]), len(middles[1])), bool)
        away = np.meshgrid(*(line - float(centre) for line, centre in zip(middles, patch.centre, strict=True)), indexing="ij")
        return (np.maximum(*np.abs(away)) if patch.disc is None else np.hypot(*away)) < 0.5 * patch.side

    def on_facets(self, facets: Any) -> Floats:
        """Area of the nodes of a plane on some of its facets."""
        # what each node stands for in each cell of a line
        first, second = (
            np.array([line_weights(points, self.order, float(low), float(high)) for low, high in itertools.pairwise(points)])
            for points in self.vertices[:2]
        )
        return first.T @ facets @ second  # type: ignore[no-any-return]

    def area_on(self, name: str, without: Iterable[str] = ()) -> Floats:
        """Area of the nodes on a face or a patch, without the facets of other patches; a disc has its own area."""
        patch, facets = self.block.patches.get(name), self._facets(name)
        area = self.on_facets(facets)
        scale = 1.0 if patch is None or patch.disc is None else 0.25 * np.pi * patch.side**2 / self.multiplicity / area.sum()
        closed = [self._facets(other) for other in without]
        return scale * (self.on_facets(facets & ~np.any(closed, axis=0)) if closed else area)

    def point(self, place: Floats) -> Share:
        """Weights of the nodes in the value at a point of the whole body [m]."""
        weights = []
        for points, mirror, value in zip(self.vertices[:3], (*self.nodes.mirror, None), place, strict=True):
            folded = 2.0 * mirror - value if mirror is not None and value > mirror else value
            weights.append(line_shape(points, self.order, float(folded)))
        return Share(weights[2], np.outer(weights[0], weights[1]))
