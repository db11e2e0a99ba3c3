"""Boxes of laterally uniform layers in the space of their lateral modes, put together: modes, bands, what acts on them.

With nodal quadrature the matrices of such a box are C = Wx Wy Cz and K = Kx Wy Pz + Wx Ky Pz + Wx Wy Kz (Kronecker products; Wx, Wy,
Cz, Pz diagonal). With V the eigenvectors of (Kx, Wx) and (Ky, Wy) and l the sums of their eigenvalues, T = V u turns the equations into

    Cz du/dt + (l Pz + Kz) u = V^T (heat through faces and from sources),      one band in z for each lateral mode,

and u is what is stepped (`thermo.heat.modes.mode_steps`).
R. E. Lynch, J. R. Rice, D. H. Thomas, Numerische Mathematik 6 (1964) 185-199.

The planes of a state are numbered towards that of the held nodes, those of vertices before those of the middles of quadratic cells.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from meshes.block import line_matrices
from thermo.base.arrays import Floats, Integers
from thermo.heat.tensor import MOST_HELD, Stack
from thermo.programmes.conditions import Convection, Flux, Held, OverTime, Source


class Share(NamedTuple):
    """What nodes stand for in a face [m2] or a region [m3]: `along` (nz,), planes from the bottom, times `across` (nx, ny)."""

    along: Floats
    across: Floats


class Values(NamedTuple):
    """Values of conditions over time (n_values, n_rows): linear between the rows, constant beyond; filled up with the last entry."""

    time: Floats
    value: Floats


class Films(NamedTuple):
    """Convection on whole planes: `plane`, the indices of its values, the ledger's row; of what is not held the area [m2] and the
    weights of the modes in its integral (n_films, m)."""

    plane: Integers
    coefficient: Integers
    ambient: Integers
    row: Integers
    area: Floats
    weight: Floats


class Loads(NamedTuple):
    """Heat per area or volume: the index of its value, the ledger's row, what it acts on as a whole, its share in the equations of
    each mode: `along` (n_loads, nz, 1) times `across` (n_loads, 1, m)."""

    density: Integers
    row: Integers
    total: Floats
    along: Floats
    across: Floats


class Holding(NamedTuple):
    """Nodes held on the last plane, or all of it (`whole`), whose modes then take the place of nodes.

    `value` index and ledger's `row` of each condition; `blend` (n_held, n_conditions) makes held values of theirs, `share`
    (n_conditions, n_held) adds up the heats. `lines_x` (a, nx), `lines_y` (b, ny) give values where lines through held nodes cross,
    `chosen` the held ones of them, `mask` (nx, ny) the same on the whole plane. `area`, `weight` (n_conditions, m): the part of the
    plane that each holds, as in `Films`.
    """

    whole: bool
    mask: Floats
    value: Integers
    row: Integers
    blend: Floats
    share: Floats
    lines_x: Floats
    lines_y: Floats
    chosen: Integers
    area: Floats
    weight: Floats


class ModalSample(NamedTuple):
    """A box with m = nx ny lateral modes and nz planes, made of elements of an `order`.

    `vectors_x` (nx, nx) and `vectors_y` (ny, ny) [m^-1/2] give nodal values of modal ones, `lateral` (m,) [1/m2] are the modes'
    eigenvalues, `uniform` (m,) [m] the modes of the constant 1, `node_area` (nx, ny) [m2]. By plane `capacity` [J/(m2 K)] and
    `spread` [W/K] (nz, 1), by cell `link` (n_cells, 1) k/h [W/(m2 K)]. `seen` planes are those whose nodes `State.temperature` shows,
    followed by the mean of every plane; `turned`: whether planes are numbered from the top. `start` (nz, nx, ny) [K], or (nz, 1, 1)
    where it is laterally uniform. `varies`: whether a value changes with time; `driven`: whether there is flux or a source; `fastest`
    [s], the shortest time of a free node. `scale`, `tolerance`, `euler`, `step` as in `MeshSample`.
    """

    order: int
    vectors_x: Floats
    vectors_y: Floats
    lateral: Floats
    uniform: Floats
    node_area: Floats
    capacity: Floats
    spread: Floats
    link: Floats
    seen: Integers
    turned: bool
    start: Floats
    values: Values
    films: Films
    loads: Loads
    holding: Holding
    n_terms: int
    varies: bool
    driven: bool
    fastest: float
    scale: float
    tolerance: float
    euler: bool
    step: float


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
    found = {int(plane) for name, condition in terms if isinstance(condition, Held) for plane in np.flatnonzero(shares[name].along)}
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
        if isinstance(condition, Held):
            held = held | (across > 0.0)
        elif isinstance(condition, Convection):
            if len(plane) != 1 or plane[0] not in (0, len(along) - 1) or np.any(across == 0.0):
                return False
        elif not (isinstance(condition, Source) or (isinstance(condition, Flux) and len(plane) == 1)):
            return False
    return bool(held.all()) or int(held.any(axis=0).sum() * held.any(axis=1).sum()) <= MOST_HELD


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
    grid, order = stack.vertices, stack.order
    (values_x, vectors_x, wx), (values_y, vectors_y, wy) = line_modes(grid.x, order), line_modes(grid.y, order)
    nx, ny, nz = len(wx), len(wy), order * (len(grid.z) - 1) + 1
    m, node_area, found = nx * ny, np.outer(wx, wy), held_plane(terms, shares)
    assert found is not None
    plane = found if shares else nz - 1
    up = planes(order, nz, plane == 0)
    stiffness, _ = line_matrices(grid.z, order, stack.conductivity_through)
    _, capacity = line_matrices(grid.z, order, stack.volumetric_heat_capacity)
    _, spread = line_matrices(grid.z, order, stack.conductivity_in_plane)
    link = stack.conductivity_through / np.diff(grid.z)

    def modes(nodal: Floats) -> Floats:
        """Loads of the modes by those of nodes, V^T f; weights of the modes in an integral by those of nodes."""
        return (vectors_x.T @ nodal @ vectors_y).ravel()  # type: ignore[no-any-return]

    given: list[Any] = []

    def known(value: Any) -> int:
        """The index of a value over time."""
        given.append(value)
        return len(given) - 1

    holds = [(j, shares[name].across > 0.0, condition) for j, (name, condition) in enumerate(terms) if isinstance(condition, Held)]
    masks = np.array([mask for _, mask, _ in holds], bool).reshape(len(holds), nx, ny)
    count = np.sum(masks, axis=0)
    fixed = count > 0
    whole, lines = bool(fixed.all()), (np.flatnonzero(fixed.any(axis=1)), np.flatnonzero(fixed.any(axis=0)))
    own = [mask & ~np.any(masks[:i], axis=0) for i, mask in enumerate(masks)]  # the heat of a node of two held faces counts once
    parts = np.array([modes(node_area * mask) for mask in own]).reshape(len(own), m)
    blend = [modes(node_area * mask / count) if whole else mask[fixed] / count[fixed] for mask in masks]
    holding = Holding(
        whole=whole,
        mask=fixed.astype(float),
        value=_integers(known(condition.temperature) for *_, condition in holds),
        row=_integers(j for j, *_ in holds),
        blend=np.stack(blend, axis=1) if blend else np.zeros((0, 0)),
        share=parts if whole else np.array([mask[fixed] for mask in own], float).reshape(len(own), int(fixed.sum())),
        lines_x=np.ascontiguousarray(vectors_x[lines[0][: 0 if whole else None]]),
        lines_y=np.ascontiguousarray(vectors_y[lines[1][: 0 if whole else None]]),
        chosen=_integers(() if whole else np.flatnonzero(fixed[np.ix_(*lines)])),
        area=np.array([node_area[mask].sum() for mask in own]),
        weight=parts,
    )
    # where a whole plane is held, convection would only go into the holding
    blown = [
        (j, int(np.argmax(shares[name].along)), condition)
        for j, (name, condition) in enumerate(terms)
        if isinstance(condition, Convection) and not (whole and shares[name].along[plane] > 0.0)
    ]
    open_area = [node_area * ~fixed if at == plane else node_area for _, at, _ in blown]
    films = Films(
        plane=_integers(np.flatnonzero(up == at)[0] for _, at, _ in blown),
        coefficient=_integers(known(condition.heat_transfer_coefficient) for *_, condition in blown),
        ambient=_integers(known(condition.ambient_temperature) for *_, condition in blown),
        row=_integers(j for j, *_ in blown),
        area=np.array([area.sum() for area in open_area]),
        weight=np.array([modes(area) for area in open_area]).reshape(len(blown), m),
    )
    pushed = []
    for j, (name, condition) in enumerate(terms):
        along, across = shares[name]
        if isinstance(condition, Source):
            pushed.append((j, condition.power_density, along, across))
        elif isinstance(condition, Flux):
            pushed.append((j, condition.heat_flux, along, np.where(fixed & (along[plane] > 0.0), 0.0, across)))
    loads = Loads(
        density=_integers(known(density) for _, density, *_ in pushed),
        row=_integers(j for j, *_ in pushed),
        total=np.array([along.sum() * across.sum() for *_, along, across in pushed]),
        along=np.array([along[up] for *_, along, _ in pushed]).reshape(len(pushed), nz, 1),
        across=np.array([modes(across) for *_, across in pushed]).reshape(len(pushed), 1, m),
    )
    n_rows = max([len(value.time) for value in given if isinstance(value, OverTime)], default=1)
    tables = [(value.time, value.value) if isinstance(value, OverTime) else ((0.0,), (value,)) for value in given]
    time, value = (np.array([(*row[i], *[row[i][-1]] * (n_rows - len(row[i]))) for row in tables], float) for i in (0, 1))
    # the node whose temperature follows its neighbours' fastest; held ones follow nothing
    lateral = np.add.outer(*(np.diagonal(line_matrices(p, order, np.ones(len(p) - 1))[0]) / w for p, w in ((grid.x, wx), (grid.y, wy))))
    rates = (np.max(lateral) * spread + np.diagonal(stiffness)) / capacity
    rates[plane] = (np.max(lateral[~fixed], initial=0.0) * spread[plane] + stiffness[plane, plane]) / capacity[plane] * (not whole)
    return ModalSample(
        order=order,
        vectors_x=vectors_x,
        vectors_y=vectors_y,
        lateral=np.add.outer(values_x, values_y).ravel(),
        uniform=modes(node_area) * (np.arange(m) == 0),
        node_area=node_area,
        capacity=capacity[up, None],
        spread=spread[up, None],
        link=(link[::-1] if plane == 0 else link)[:, None].copy(),
        seen=_integers(np.flatnonzero(up == at)[0] for at in seen),
        turned=plane == 0,
        start=start[up],
        values=Values(time.reshape(len(given), n_rows), value.reshape(len(given), n_rows)),
        films=films,
        loads=loads,
        holding=holding,
        n_terms=len(terms),
        varies=any(isinstance(entry, OverTime) for entry in given),
        driven=len(pushed) > 0,
        fastest=1.0 / float(rates.max()),
        scale=scale,
        tolerance=tolerance,
        euler=euler,
        step=step,
    )


def _integers(found: Any) -> Integers:
    return np.array(list(found), np.int64)
