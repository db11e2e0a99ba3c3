"""Boxes of laterally uniform layers in the space of their lateral modes, put together: modes, bands, what acts on them.

With nodal quadrature the matrices of such a box are C = Wx Wy Cz and K = Kx Wy Pz + Wx Ky Pz + Wx Wy Kz (Kronecker products; Wx, Wy,
Cz, Pz diagonal). With V the eigenvectors of (Kx, Wx) and (Ky, Wy) and l the sums of their eigenvalues, T = V u turns the equations into

    Cz du/dt + (l Pz + Kz) u = V^T (heat through faces and from sources),      one band in z for each lateral mode,

and u is what is stepped (`thermo.heat.modes.mode_steps`).
R. E. Lynch, J. R. Rice, D. H. Thomas, Numerische Mathematik 6 (1964) 185-199.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meshes.block import line_matrices
from thermo.base.arrays import Floats, Integers
from thermo.heat.modes.modal_arrays import Films, Holding, Loads, ModalSample, Share, Values
from thermo.heat.tensor import MOST_HELD, Stack
from thermo.programmes.conditions import rows_of, varies


def line_modes(points: Floats, order: int) -> tuple[Floats, Floats, Floats]:
    """Eigenvalues (n,) [1/m2], eigenvectors (n, n) and weights (n,) [m] of conduction on a line insulated at both ends.

    An eigensolver is exact to the largest eigenvalue, and the slow modes' are small against that: the constant, which is the first of
    the modes, is moved out of their way and put in exactly, the eigenvalues are Rayleigh quotients of differences.
    """
    from scipy.linalg import eigh

    stiffness, weights = line_matrices(points, order, np.ones(len(points) - 1))
    root = np.sqrt(weights)
    constant = root / math.sqrt(weights.sum())
    scaled = stiffness / np.outer(root, root)
    _, vectors = eigh(scaled + 8.0 * np.max(np.diagonal(scaled)) * np.outer(constant, constant))
    found = int(np.argmax(np.abs(constant @ vectors)))
    vectors = np.concatenate([constant[:, None], vectors[:, :found], vectors[:, found + 1 :]], axis=1) / root[:, None]
    values = np.zeros(len(weights))
    for offset in range(1, order + 1):
        values -= np.diagonal(stiffness, offset) @ (vectors[offset:] - vectors[:-offset]) ** 2
    values[0] = 0.0
    return values, vectors, weights


def planes(order: int, nz: int, turned: bool) -> Integers:
    """The planes of a state as numbered from the bottom; `turned` where the held nodes are there."""
    up = np.arange(nz)[::-1] if turned else np.arange(nz)
    return np.concatenate([up[::2], up[1::2]]) if order == 2 else up


def held_plane(terms: Any, shares: dict[str, Share]) -> int | None:
    """The plane of the held nodes, the top one where there are none; None where they are not all on the top or all on the bottom."""
    nz = max((len(share.along) for share in shares.values()), default=0)
    found = {int(plane) for name, condition in terms if condition.holds for plane in np.flatnonzero(shares[name].along)}
    return min(found, default=-1) % max(nz, 1) if found in (set(), {0}, {nz - 1}) else None


def fits(terms: Any, shares: dict[str, Share]) -> bool:
    """Whether all conditions are such as are stepped in mode space: nodes held on the top or on the bottom, the whole of it or not too
    many, convection on the whole of either, flux on planes, sources."""
    if held_plane(terms, shares) is None:
        return False
    held = np.zeros((1, 1), bool)
    for name, condition in terms:
        along, across = shares[name]
        plane = np.flatnonzero(along)
        if condition.holds:
            held = held | (across > 0.0)
        elif condition.coefficient is not None:
            if len(plane) != 1 or plane[0] not in (0, len(along) - 1) or np.any(across == 0.0):
                return False
        elif not (condition.inside or (condition.density is not None and len(plane) == 1)):
            return False
    return bool(held.all()) or int(held.any(axis=0).sum() * held.any(axis=1).sum()) <= MOST_HELD


class _Making:
    """What the parts of a box are made of: its nodes and modes, the plane of the held nodes, the values over time that are asked for."""

    def __init__(self, stack: Stack, terms: Any, shares: dict[str, Share]) -> None:
        grid, self.order = stack.vertices, stack.order
        self.terms, self.shares = terms, shares
        (values_x, self.vectors_x, wx), (values_y, self.vectors_y, wy) = (line_modes(points, self.order) for points in (grid.x, grid.y))
        self.lateral = np.add.outer(values_x, values_y).ravel()
        self.node_area = np.outer(wx, wy)
        # of the stiffness along x and y at each node, over what it holds [1/m2]
        self.sideways = np.add.outer(
            *(np.diagonal(line_matrices(p, self.order, np.ones(len(p) - 1))[0]) / w for p, w in ((grid.x, wx), (grid.y, wy)))
        )
        nz, found = self.order * (len(grid.z) - 1) + 1, held_plane(terms, shares)
        assert found is not None
        self.plane = found if shares else nz - 1
        self.up = planes(self.order, nz, self.plane == 0)
        self.given: list[Any] = []
        self.holds = [(j, shares[name].across > 0.0, term) for j, (name, term) in enumerate(terms) if term.holds]
        self.masks = np.array([mask for _, mask, _ in self.holds], bool).reshape(len(self.holds), *self.node_area.shape)
        self.fixed = np.any(self.masks, axis=0)
        self.whole = bool(self.fixed.all())

    def modes(self, nodal: Floats) -> Floats:
        """Loads of the modes by those of nodes, V^T f; weights of the modes in an integral by those of nodes."""
        return (self.vectors_x.T @ nodal @ self.vectors_y).ravel()  # type: ignore[no-any-return]

    def known(self, value: Any) -> int:
        """The index of a value over time."""
        self.given.append(value)
        return len(self.given) - 1

    def place(self, at: int) -> int:
        """The number of a plane in a state, from that counted from the bottom."""
        return int(np.flatnonzero(self.up == at)[0])


def _holding(making: _Making) -> Holding:
    fixed, whole, masks, area = making.fixed, making.whole, making.masks, making.node_area
    count, m = np.sum(masks, axis=0), area.size
    lines = (np.flatnonzero(fixed.any(axis=1)), np.flatnonzero(fixed.any(axis=0)))
    own = [mask & ~np.any(masks[:i], axis=0) for i, mask in enumerate(masks)]  # the heat of a node of two held faces counts once
    parts = np.array([making.modes(area * mask) for mask in own]).reshape(len(own), m)
    blend = [making.modes(area * mask / count) if whole else mask[fixed] / count[fixed] for mask in masks]
    return Holding(
        whole=whole,
        mask=fixed.astype(float),
        value=_integers(making.known(condition.outside) for *_, condition in making.holds),
        row=_integers(j for j, *_ in making.holds),
        blend=np.stack(blend, axis=1) if blend else np.zeros((0, 0)),
        share=parts if whole else np.array([mask[fixed] for mask in own], float).reshape(len(own), int(fixed.sum())),
        lines_x=np.ascontiguousarray(making.vectors_x[lines[0][: 0 if whole else None]]),
        lines_y=np.ascontiguousarray(making.vectors_y[lines[1][: 0 if whole else None]]),
        chosen=_integers(() if whole else np.flatnonzero(fixed[np.ix_(*lines)])),
        area=np.array([area[mask].sum() for mask in own]),
        weight=parts,
    )


def _films(making: _Making) -> Films:
    """Convection; where a whole plane is held it would only go into the holding."""
    shares, plane, area = making.shares, making.plane, making.node_area
    blown = [
        (j, int(np.argmax(shares[name].along)), condition)
        for j, (name, condition) in enumerate(making.terms)
        if condition.coefficient is not None and not (making.whole and shares[name].along[plane] > 0.0)
    ]
    open_area = [area * ~making.fixed if at == plane else area for _, at, _ in blown]
    return Films(
        plane=_integers(making.place(at) for _, at, _ in blown),
        coefficient=_integers(making.known(condition.coefficient) for *_, condition in blown),
        ambient=_integers(making.known(condition.outside) for *_, condition in blown),
        row=_integers(j for j, *_ in blown),
        area=np.array([part.sum() for part in open_area]),
        weight=np.array([making.modes(part) for part in open_area]).reshape(len(blown), area.size),
    )


def _loads(making: _Making) -> Loads:
    """Flux and sources; flux on held nodes would only go into the holding."""
    pushed = []
    for j, (name, condition) in enumerate(making.terms):
        along, across = making.shares[name]
        if condition.inside:
            pushed.append((j, condition.density, along, across))
        elif condition.density is not None:
            pushed.append((j, condition.density, along, np.where(making.fixed & (along[making.plane] > 0.0), 0.0, across)))
    return Loads(
        density=_integers(making.known(density) for _, density, *_ in pushed),
        row=_integers(j for j, *_ in pushed),
        total=np.array([along.sum() * across.sum() for *_, along, across in pushed]),
        along=np.array([along[making.up] for *_, along, _ in pushed]).reshape(len(pushed), len(making.up), 1),
        across=np.array([making.modes(across) for *_, across in pushed]).reshape(len(pushed), 1, making.node_area.size),
    )


def _values(given: list[Any]) -> Values:
    tables = [rows_of(value) for value in given]
    n_rows = max([len(times) for times, _ in tables], default=1)
    time, value = (np.array([(*row[i], *[row[i][-1]] * (n_rows - len(row[i]))) for row in tables], float) for i in (0, 1))
    return Values(time.reshape(len(given), n_rows), value.reshape(len(given), n_rows))


def _fastest(making: _Making, stiffness: Floats, capacity: Floats, spread: Floats) -> float:
    """The time [s] of the node whose temperature follows its neighbours' fastest; held ones follow nothing."""
    sideways, plane = making.sideways, making.plane
    rates = (np.max(sideways) * spread + np.diagonal(stiffness)) / capacity
    free = np.max(sideways[~making.fixed], initial=0.0) * spread[plane] + stiffness[plane, plane]
    rates[plane] = free / capacity[plane] * (not making.whole)
    return 1.0 / float(rates.max())


def modal_sample(
    stack: Stack,
    terms: Any,
    shares: dict[str, Share],
    *,
    start: Floats,
    seen: Integers,
    scale: float,
    tolerance: float,
    euler: bool = False,
    step: float = 0.0,
) -> ModalSample:
    """A box in mode space.

    Parameters
    ----------
    stack : the layers
    terms : pairs of the name of a face or a region and a condition, which `fits`
    shares : of the nodes, by name
    start : (nz, nx, ny), planes from the bottom, or (nz, 1, 1) where laterally uniform [K]
    seen : planes whose nodes the state shows, numbered from the bottom
    scale : largest difference of temperature that the data have [K]
    tolerance, euler, step : of the steps, as in `MeshSample`
    """
    making, z, order = _Making(stack, terms, shares), stack.vertices.z, stack.order
    stiffness, _ = line_matrices(z, order, stack.conductivity_through)
    _, capacity = line_matrices(z, order, stack.volumetric_heat_capacity)
    _, spread = line_matrices(z, order, stack.conductivity_in_plane)
    link, up, turned = stack.conductivity_through / np.diff(z), making.up, making.plane == 0
    holding, films, loads = _holding(making), _films(making), _loads(making)
    return ModalSample(
        order=order,
        vectors_x=making.vectors_x,
        vectors_y=making.vectors_y,
        lateral=making.lateral,
        uniform=making.modes(making.node_area) * (np.arange(making.lateral.size) == 0),
        node_area=making.node_area,
        capacity=capacity[up, None],
        spread=spread[up, None],
        link=(link[::-1] if turned else link)[:, None].copy(),
        seen=_integers(making.place(at) for at in seen),
        turned=turned,
        start=start[up],
        values=_values(making.given),
        films=films,
        loads=loads,
        holding=holding,
        n_terms=len(terms),
        varies=any(varies(entry) for entry in making.given),
        driven=len(loads.row) > 0,
        fastest=_fastest(making, stiffness, capacity, spread),
        scale=scale,
        tolerance=tolerance,
        euler=euler,
        step=step,
    )


def _integers(found: Any) -> Integers:
    return np.array(list(found), np.int64)
