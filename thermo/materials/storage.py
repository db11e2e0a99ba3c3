"""Heat stored in the nodes of a body or a cell whose materials may depend on temperature and melt, node by node and of all at once.

    H_i(T) = sum over materials m of V_im h_m(T),   C_i(T) = dH_i/dT = sum of V_im s_m(T)

with V_im the volume of material m at node i, s_m its volumetric heat capacity and h_m the integral of that from 298.15 K: pieces that are
quadratic in T (`integral`) and melting peaks L Phi((T - Tp)/w), Phi the normal distribution. A lumped cell is a material whose volume
is 1. Kernels take a node at a time, as compiled loops do; of all nodes of a small body the same sums are taken by arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import compile_kernels, kernel
from thermo.materials.integral import Peaks, Pieces

LOWEST, HIGHEST = -1e4, 1e5  # K: where the temperature of a node of several materials is looked for
MOST_STEPS = 200
SMALLEST = 1e-13  # of the temperature: the last step
LARGE = 40_000  # nodes from which compiling pays
SQRT_2 = math.sqrt(2.0)
SQRT_2PI = math.sqrt(2.0 * math.pi)
CORNER, START, SLOPE, THERE = range(4)  # columns of a piece
MIDDLE, HEAT, WIDTH = range(3)  # of a melting peak
PEAK_ENDS = 9.0  # widths from its middle a peak is below the rounding of its sum


class Law(Protocol):
    """How a material stores heat."""

    def pieces(self) -> Pieces:
        """Its heat capacity from corner to corner, per volume."""

    def peaks(self) -> Peaks:
        """Its melting peaks beside that, per volume."""


class Storage(NamedTuple):
    """What is at the nodes, arrays only.

    Node i has the entries from `first[i]` to `first[i + 1]` (n_nodes + 1,), each a `material` and the `volume` [m3] of that.
    Material m has the rows of `law` (n_rows, 4) from `ends[2 m]` to `ends[2 m + 1]` as pieces: from the temperature `CORNER` [K] on the
    heat capacity `START` [J/(m3 K)] with `SLOPE` [J/(m3 K2)], and the enthalpy `THERE` [J/m3]. Those from there to `ends[2 m + 2]` are its
    melting peaks: `MIDDLE` [K], `HEAT` [J/m3], `WIDTH` [K]. Few arrays, since compiled code hands each of them on.
    """

    first: Integers
    material: Integers
    volume: Floats
    ends: Integers
    law: Floats


def storage_of(volumes: Floats, materials: Sequence[Law]) -> Storage:
    """The storage of nodes with `volumes` (n_nodes, n_materials) [m3] of materials of these laws."""
    node, material = (np.ascontiguousarray(part) for part in np.nonzero(volumes))
    rows = [part for law in materials for part in (np.column_stack(law.pieces()), _padded(law.peaks()))]
    first, ends = _ends(np.bincount(node, minlength=len(volumes))), _ends(np.array([len(part) for part in rows]))
    return Storage(first, material, volumes[node, material], ends, np.concatenate(rows))


def _padded(peaks: Peaks) -> Floats:
    """Melting peaks as rows of a law."""
    return np.column_stack([peaks.temperature, peaks.heat, peaks.width, np.zeros(len(peaks.heat))])


def _ends(counts: Integers) -> Integers:
    """Where rows of these lengths begin and end, one after another."""
    return np.concatenate([[0], np.cumsum(counts)])


@kernel
def piece_before(storage, m, column, x):
    """The last piece of material m whose value in a column is not above x, or the first, by halving without a branch."""
    at, n = storage.ends[2 * m], storage.ends[2 * m + 1] - storage.ends[2 * m]
    while n > 1:
        half = n // 2
        at += half * (storage.law[at + half, column] <= x)
        n -= half
    return at


@kernel
def enthalpy_per_volume(storage, m, temperature):
    """h of material m [J/m3]."""
    law = storage.law
    k = piece_before(storage, m, CORNER, temperature)
    x = temperature - law[k, CORNER]
    value = law[k, THERE] + x * (law[k, START] + 0.5 * law[k, SLOPE] * x)
    for j in range(storage.ends[2 * m + 1], storage.ends[2 * m + 2]):
        scaled = (temperature - law[j, MIDDLE]) / law[j, WIDTH]
        if scaled > PEAK_ENDS:
            value += law[j, HEAT]
        elif scaled > -PEAK_ENDS:
            value += law[j, HEAT] * 0.5 * (1.0 + math.erf(scaled / SQRT_2))
    return value


@kernel
def sensible_per_volume(storage, m, temperature):
    """s of material m without its peaks [J/(m3 K)]."""
    k = piece_before(storage, m, CORNER, temperature)
    return storage.law[k, START] + storage.law[k, SLOPE] * (temperature - storage.law[k, CORNER])


@kernel
def capacity_per_volume(storage, m, temperature):
    """s = dh/dT of material m [J/(m3 K)]."""
    law, value = storage.law, sensible_per_volume(storage, m, temperature)
    for j in range(storage.ends[2 * m + 1], storage.ends[2 * m + 2]):
        scaled = (temperature - law[j, MIDDLE]) / law[j, WIDTH]
        if abs(scaled) < PEAK_ENDS:
            value += law[j, HEAT] / (law[j, WIDTH] * SQRT_2PI) * math.exp(-0.5 * scaled * scaled)
    return value


@kernel
def slope_per_volume(storage, m, temperature):
    """ds/dT of material m [J/(m3 K2)]."""
    law = storage.law
    value = law[piece_before(storage, m, CORNER, temperature), SLOPE]
    for j in range(storage.ends[2 * m + 1], storage.ends[2 * m + 2]):
        scaled = (temperature - law[j, MIDDLE]) / law[j, WIDTH]
        if abs(scaled) < PEAK_ENDS:
            value -= law[j, HEAT] / (law[j, WIDTH] * SQRT_2PI) * math.exp(-0.5 * scaled * scaled) * scaled / law[j, WIDTH]
    return value


@kernel
def temperature_by_volume(storage, m, enthalpy):
    """The temperature [K] at which h of material m, which has no peaks, is `enthalpy` [J/m3]: the root of a quadratic; NaN if none is."""
    law = storage.law
    k = piece_before(storage, m, THERE, enthalpy)
    start, rest = law[k, START], enthalpy - law[k, THERE]
    square = start * start + 2.0 * law[k, SLOPE] * rest
    if square < 0.0:
        return math.nan
    return law[k, CORNER] + 2.0 * rest / (start + math.sqrt(square))


@kernel
def node_heat(storage, i, temperature):
    """Heat of node i relative to 298.15 K [J]."""
    heat = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        heat += storage.volume[e] * enthalpy_per_volume(storage, storage.material[e], temperature)
    return heat


@kernel
def node_capacity(storage, i, temperature):
    """Heat capacity of node i [J/K]: the slope of its heat."""
    capacity = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        capacity += storage.volume[e] * capacity_per_volume(storage, storage.material[e], temperature)
    return capacity


@kernel
def sensible_capacity(storage, i, temperature):
    """Heat capacity of node i without the melting peaks of its materials [J/K]."""
    capacity = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        capacity += storage.volume[e] * sensible_per_volume(storage, storage.material[e], temperature)
    return capacity


@kernel
def capacity_slope(storage, i, temperature):
    """The slope of the heat capacity of node i [J/K2]."""
    slope = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        slope += storage.volume[e] * slope_per_volume(storage, storage.material[e], temperature)
    return slope


@kernel
def node_temperature(storage, i, heat, guess):
    """The temperature [K] at which node i holds `heat` [J], looked for from a guess, which it is where a node has no material.

    Exact where the node has one material without peaks, else Newton's method kept between bounds; NaN where that does not end.
    """
    e = storage.first[i]
    if storage.first[i + 1] == e:
        return guess
    m = storage.material[e]
    if storage.first[i + 1] - e == 1 and storage.ends[2 * m + 1] == storage.ends[2 * m + 2]:
        return temperature_by_volume(storage, m, heat / storage.volume[e])
    low, high, temperature = LOWEST, HIGHEST, guess
    for _ in range(MOST_STEPS):
        excess = node_heat(storage, i, temperature) - heat
        if excess > 0.0:
            high = temperature
        else:
            low = temperature
        step = excess / node_capacity(storage, i, temperature)
        small = SMALLEST * abs(temperature)
        temperature -= step
        if not abs(step) > small:  # asked before the bounds, one of which is the temperature; what is not a number stays so
            return temperature
        if not (low < temperature < high):
            temperature = 0.5 * (low + high)
    return math.nan


@kernel
def fill_heats(storage, temperature, found):
    """Into `found` the heat of every node at its temperature."""
    for i in range(found.shape[0]):
        found[i] = node_heat(storage, i, temperature[i])


@kernel
def fill_capacities(storage, temperature, found):
    """Into `found` the heat capacity of every node at its temperature."""
    for i in range(found.shape[0]):
        found[i] = node_capacity(storage, i, temperature[i])


@kernel
def fill_temperatures(storage, heat, found):
    """Into `found`, the first guesses, the temperature at which every node holds its heat."""
    for i in range(found.shape[0]):
        found[i] = node_temperature(storage, i, heat[i], found[i])


def heats(storage: Storage, temperature: Floats) -> Floats:
    """`node_heat` of all nodes at their temperatures (n_nodes,) [J]."""
    if len(temperature) >= LARGE:
        found = np.empty(len(temperature))
        compile_kernels()(fill_heats)(storage, temperature, found)
        return found
    piece, x = _entries(storage, temperature)
    by_volume = piece[THERE] + x * (piece[START] + 0.5 * piece[SLOPE] * x)
    for peak, entries, scaled in _each_peak(storage, temperature):
        from scipy.special import erf  # slow to load

        by_volume[entries] += peak[HEAT] * 0.5 * (1.0 + erf(scaled / SQRT_2))
    return _summed(storage, storage.volume * by_volume)


def capacities(storage: Storage, temperature: Floats) -> Floats:
    """`node_capacity` of all nodes at their temperatures (n_nodes,) [J/K]."""
    if len(temperature) >= LARGE:
        found = np.empty(len(temperature))
        compile_kernels()(fill_capacities)(storage, temperature, found)
        return found
    piece, x = _entries(storage, temperature)
    by_volume = piece[START] + piece[SLOPE] * x
    for peak, entries, scaled in _each_peak(storage, temperature):
        by_volume[entries] += peak[HEAT] / (peak[WIDTH] * SQRT_2PI) * np.exp(-0.5 * scaled * scaled)
    return _summed(storage, storage.volume * by_volume)


def temperatures(storage: Storage, heat: Floats, guess: Floats) -> Floats:
    """`node_temperature` of all nodes that hold `heat` (n_nodes,) [J]."""
    found = guess.copy()
    if len(found) >= LARGE:
        compile_kernels()(fill_temperatures)(storage, heat, found)
        return found
    count, peaks = np.diff(storage.first), np.diff(storage.ends)[1::2]
    exact = count == 1
    if peaks.any():
        exact &= _summed(storage, peaks[storage.material]) == 0
    pure, mixed = np.flatnonzero(exact), np.flatnonzero((count > 0) & ~exact)
    e = storage.first[pure]
    enthalpy = heat[pure] / storage.volume[e]
    corner, start, slope, there = _pieces(storage, THERE, storage.material[e], enthalpy)
    rest = enthalpy - there
    found[pure] = corner + 2.0 * rest / (start + np.sqrt(np.maximum(start * start + 2.0 * slope * rest, 0.0)))
    if len(mixed):
        found[mixed] = _between(_part(storage, mixed), heat[mixed], guess[mixed])
    return found


def volumes(storage: Storage) -> Floats:
    """The volume of each node (n_nodes,) [m3]."""
    return _summed(storage, storage.volume)


def constant(storage: Storage) -> bool:
    """Whether no heat capacity depends on temperature."""
    pieces = [storage.law[a:b] for a, b in zip(storage.ends[:-1:2], storage.ends[1::2], strict=True)]
    melts = np.diff(storage.ends)[1::2].any()
    return not melts and all(not law[:, SLOPE].any() and np.ptp(law[:, START]) == 0.0 for law in pieces)


def _nodes(storage: Storage) -> Integers:
    """The node of every entry."""
    return np.repeat(np.arange(len(storage.first) - 1), np.diff(storage.first))


def _summed(storage: Storage, part: Floats) -> Floats:
    """The sum over the entries of each node."""
    return np.bincount(_nodes(storage), part, len(storage.first) - 1)  # type: ignore[return-value]


def _entries(storage: Storage, temperature: Floats) -> tuple[Floats, Floats]:
    """Of every entry the piece it is in (4, n_entries), and how far above the beginning of that [K]."""
    T = temperature[_nodes(storage)]
    piece = _pieces(storage, CORNER, storage.material, T)
    return piece, T - piece[CORNER]


def _each_peak(storage: Storage, temperature: Floats) -> Iterator[tuple[Floats, Integers, Floats]]:
    """Every melting peak with the entries of its material, and how many widths above its middle those are."""
    for m in range(len(storage.ends) // 2):
        for peak in storage.law[storage.ends[2 * m + 1] : storage.ends[2 * m + 2]]:
            entries = np.flatnonzero(storage.material == m)
            yield peak, entries, (temperature[_nodes(storage)[entries]] - peak[MIDDLE]) / peak[WIDTH]


def _pieces(storage: Storage, column: int, material: Integers, x: Floats) -> Floats:
    """The rows of `piece_before` for many materials and places (4, n)."""
    at, n = storage.ends[2 * material], np.diff(storage.ends)[::2]
    if len(n) == n.sum():
        return storage.law[at].T  # of one piece each
    corners = np.ascontiguousarray(storage.law[:, column])
    while n.max(initial=0) > 1:
        half = (n // 2)[material]
        at += half * (corners[at + half] <= x)
        n -= n // 2
    return storage.law[at].T


def _part(storage: Storage, nodes: Integers) -> Storage:
    """The storage of some of the nodes, in their order."""
    count = np.diff(storage.first)[nodes]
    first = _ends(count)
    entries = np.arange(first[-1]) + np.repeat(storage.first[nodes] - first[:-1], count)
    return storage._replace(first=first, material=storage.material[entries], volume=storage.volume[entries])


def _between(storage: Storage, heat: Floats, temperature: Floats) -> Floats:
    """Newton's method of `node_temperature` on nodes of several materials, or of one with peaks; NaN where it does not end."""
    low, high = np.full(len(heat), LOWEST), np.full(len(heat), HIGHEST)
    for _ in range(MOST_STEPS):
        excess = heats(storage, temperature) - heat
        high, low = np.where(excess > 0.0, temperature, high), np.where(excess > 0.0, low, temperature)
        step = excess / capacities(storage, temperature)
        moves = np.abs(step) > SMALLEST * np.abs(temperature)  # asked before the bounds, one of which is the temperature
        temperature = temperature - step
        if not moves.any():
            return temperature
        outside = ~((temperature > low) & (temperature < high))
        temperature = np.where(moves & outside, 0.5 * (low + high), temperature)
    return np.where(moves, math.nan, temperature)
