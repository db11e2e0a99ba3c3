"""The arrays of a box in mode space: what is stepped, what acts on it, the memory of a step.

The planes of a state are numbered towards that of the held nodes, those of vertices before those of the middles of quadratic cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.stepping.loop import ledger_rows

FACES = ledger_rows(0, 0).faces  # where the rows of its terms begin in a ledger: nothing reacts in it


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


class Probes(NamedTuple):
    """What is read of the nodes of a row: probe i the nodes `node[first[i] : first[i + 1]]` with their `weight`, and of these the
    mean, the largest or the smallest, as `take` says: MEAN_OF, HIGHEST_OF or LOWEST_OF."""

    first: Integers
    node: Integers
    weight: Floats
    take: Integers


MEAN_OF, HIGHEST_OF, LOWEST_OF = 0, 1, 2


class ModalSample(NamedTuple):
    """A box with m = nx ny lateral modes and nz planes, made of elements of an `order`.

    `vectors_x` (nx, nx) and `vectors_y` (ny, ny) [m^-1/2] give nodal values of modal ones, `lateral` (m,) [1/m2] are the modes'
    eigenvalues, `uniform` (m,) [m] the modes of the constant 1, `node_area` (nx, ny) [m2]. By plane `capacity` [J/(m2 K)] and
    `spread` [W/K] (nz, 1), by cell `link` (n_cells, 1) k/h [W/(m2 K)]. `seen` planes are those whose nodes `State.temperature` shows,
    followed by the mean of every plane; `turned`: whether planes are numbered from the top. `start` (nz, nx, ny) [K], or (nz, 1, 1)
    where it is laterally uniform. `varies`: whether a value changes with time; `driven`: whether there is flux or a source; `fastest`
    [s], the shortest time of a free node. `scale`, `tolerance`, `euler`, `step` as in `MeshSample`.
    A row of the history keeps `State.temperature`, of which the `probes` read their nodes.
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
    probes: Probes = Probes(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))


class ModalWork(NamedTuple):
    """Memory of a step. `key` is what the factorisation is for: s [s] and the coefficients of convection on the first and last plane."""

    key: Floats
    inverse: Floats  # of the pivots (nz, m)
    lower: Floats  # multipliers of the sweeps (n_cells, m)
    coupling: Floats  # of neighbouring vertices (n_cells, 1 or m)
    middle: Floats  # of a vertex and the middle of a cell (n_cells, 1)
    pairs_x: Floats  # products of the values of a mode on two lines (a a, nx)
    pairs_y: Floats  # the same (ny, b b)
    dense: Floats  # Cholesky factor (n_held, n_held)
    now: Floats  # values of the conditions at the start, the middle and the end of the step
    then: Floats
    last: Floats
    flow: Floats  # (nz, m)
    rise: Floats
    end: Floats
    spare: Floats
    cells: Floats  # (n_cells, m)
    row: Floats  # (m,)
    target: Floats  # (n_held,)
    given: Floats  # heat to held nodes, of the stages and in all [J]
    given_before: Floats
    heat: Floats  # by term [J]
    seen: Floats  # as State.temperature
    nodes: Floats  # (n_seen, nx, ny)
    # of compiled code
    other_row: Floats  # (m,)
    plane: Floats  # (nx, ny)
    line: Floats  # (a, ny), a the number of lines along y through held nodes, b that of those along x
    crossed: Floats  # (a, b)
    halfway: Floats  # (a a, ny)
    squared: Floats  # (a a, b b)
    turned_y: Floats  # vectors_y.T
    density: Floats  # (n_loads,), of a weighted sum of moments
    inflow: Floats  # (n_films,), of the same, coefficient times ambient temperature, and the coefficient
    outflow: Floats
    kept: Floats  # (1,): 1.0 while the amplitudes are in `end`, and a step makes the next ones in the state's own memory
