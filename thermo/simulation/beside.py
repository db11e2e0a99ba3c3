"""The lumped bodies that faces of a mesh touch, each as one node more, after those of the mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import block_diag, csr_matrix, diags_array

from meshes.mesh import Links
from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.materials.integral import Integral, integral_of
from thermo.materials.storage import Storage, storage_of
from thermo.programmes.lumped_bodies import lumped_names


class Beside(NamedTuple):
    """Lumped bodies by their `names`, of the share that a mesh has of the whole: `nodes`, `capacity` [J/K], `start` [K], all (n,).

    `links` by face: the node of the body, the node of the mesh, the area [m2] of each pair. `terms`: what acts on a body itself; on the
    `share` of it.
    """

    names: list[str]
    nodes: Integers
    capacity: Floats
    start: Floats
    links: dict[str, Links]
    terms: tuple[tuple[str, Any], ...]
    share: float

    def storage(self, volumes: Floats, laws: Sequence[Integral]) -> Storage:
        """What all nodes store; `volumes` of the mesh (n_nodes, n_materials) [m3] and the laws of their materials."""
        n, m = volumes.shape
        if not self.names:
            return storage_of(volumes, laws)
        whole = np.zeros((n + len(self.names), m + 1))
        whole[:n, :m] = volumes
        whole[n:, m] = self.capacity  # volumes of a material of 1 J/(m3 K)
        return storage_of(whole, [*laws, integral_of(np.array([REFERENCE_TEMPERATURE]), np.ones(1), np.ones(1))])

    def mass(self, mass: csr_matrix) -> csr_matrix:
        """The mass matrix of all nodes from that of the mesh."""
        return block_diag([mass, diags_array(self.capacity)]).tocsr() if self.names else mass

    def places(self) -> dict[str, Integers]:
        """The node of each."""
        return {name: self.nodes[i : i + 1] for i, name in enumerate(self.names)}

    def shares(self) -> dict[str, Floats]:
        """The share of each."""
        return {name: np.array([self.share]) for name in self.names}


def bodies_beside(
    terms: Sequence[tuple[str, Any]],
    places: Mapping[str, Integers],
    areas: Mapping[str, Floats],
    start: Any,
    n_nodes: int,
    multiplicity: float,
) -> Beside:
    """The lumped bodies that the terms of a mesh name.

    Parameters
    ----------
    places, areas : nodes of each face, and the area of each that is open to conditions [m2]
    start : temperature of the sample at the start, a number where a body does not say its own [K]
    n_nodes : of the mesh
    multiplicity : of the mesh in the whole body
    """
    names = lumped_names(terms)
    said = {name: next(c for _, c in terms if c.beside and c.name == name) for name in names}
    links = {}
    for face, condition in terms:
        if condition.beside:
            touched = areas[face] > 0.0
            nodes = places[face][touched]
            links[face] = (np.full(len(nodes), n_nodes + names.index(condition.name)), nodes, areas[face][touched])
    return Beside(
        names=names,
        nodes=n_nodes + np.arange(len(names)),
        capacity=np.array([float(c.heat_capacity) / multiplicity for c in said.values()]),
        start=np.array([float(start if c.temperature is None else c.temperature) for c in said.values()]),
        links=links,
        terms=tuple((name, acting) for name, c in said.items() for acting in c.alone()),
        share=1.0 / multiplicity,
    )
