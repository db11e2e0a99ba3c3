"""Heat stored in the nodes of a body whose materials may depend on temperature and melt, node by node and of all at once.

    H_i(T) = sum over materials m of V_im h_m(T),   C_i(T) = dH_i/dT = sum of V_im s_m(T)

with V_im the volume of material m at node i, s_m its volumetric heat capacity and h_m the integral of that (`integral`). Kernels take a
node at a time, as compiled loops do; of all nodes of a small body the same sums are taken by arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import by_type, compile_kernels, kernel
from thermo.materials.integral import Integral

LOWEST, HIGHEST = -1e4, 1e5  # K: where the temperature of a node of several materials is looked for
MOST_STEPS = 200
SMALLEST = 1e-13  # of the temperature: the last step
LARGE = 40_000  # nodes from which compiling pays


class Storage(NamedTuple):
    """What is at the nodes, arrays only.

    Node i has the entries from `first[i]` to `first[i + 1]` (n_nodes + 1,), each with its `node`, a `material` and the `volume` [m3] of
    that. Material m has the pieces from `piece[m]` to `piece[m + 1]` (n_materials + 1,), as in `integral.Pieces`: [K], [J/(m3 K)],
    [J/(m3 K2)], [J/m3].
    """

    first: Integers
    node: Integers
    material: Integers
    volume: Floats
    piece: Integers
    temperature: Floats
    start: Floats
    slope: Floats
    there: Floats


def storage_of(volumes: Floats, materials: Sequence[Integral]) -> Storage:
    """The storage of nodes with `volumes` (n_nodes, n_materials) [m3] of materials of these enthalpies."""
    node, material = (np.ascontiguousarray(part) for part in np.nonzero(volumes))
    pieces = [law.pieces() for law in materials]
    return Storage(
        _ends(np.bincount(node, minlength=len(volumes))),
        node,
        material,
        volumes[node, material],
        _ends(np.array([len(part.start) for part in pieces])),
        *(np.concatenate(column) for column in zip(*pieces, strict=True)),
    )


def _ends(counts: Integers) -> Integers:
    """Where rows of these lengths begin and end, one after another."""
    return np.concatenate([[0], np.cumsum(counts)])


@kernel
def piece_before(corners, begin, end, x):
    """The last of the pieces `begin` to `end` whose corner is not above x, or the first, by halving without a branch."""
    at, n = begin, end - begin
    while n > 1:
        half = n // 2
        at += half * (corners[at + half] <= x)
        n -= half
    return at


@kernel
def enthalpy_per_volume(storage, m, temperature):
    """h of material m [J/m3]."""
    k = piece_before(storage.temperature, storage.piece[m], storage.piece[m + 1], temperature)
    x = temperature - storage.temperature[k]
    return storage.there[k] + x * (storage.start[k] + 0.5 * storage.slope[k] * x)


@kernel
def capacity_per_volume(storage, m, temperature):
    """s = dh/dT of material m [J/(m3 K)]."""
    k = piece_before(storage.temperature, storage.piece[m], storage.piece[m + 1], temperature)
    return storage.start[k] + storage.slope[k] * (temperature - storage.temperature[k])


@kernel
def temperature_by_volume(storage, m, enthalpy):
    """The temperature [K] at which h of material m is `enthalpy` [J/m3]: the root of a quadratic."""
    k = piece_before(storage.there, storage.piece[m], storage.piece[m + 1], enthalpy)
    start, rest = storage.start[k], enthalpy - storage.there[k]
    return storage.temperature[k] + 2.0 * rest / (start + math.sqrt(max(start * start + 2.0 * storage.slope[k] * rest, 0.0)))


@by_type
def node_heat(of, i, temperature):
    """Heat of node i relative to 298.15 K [J]."""


@by_type
def node_capacity(of, i, temperature):
    """Heat capacity of node i [J/K]: the slope of its heat."""


@by_type
def node_temperature(of, i, heat, guess):
    """The temperature [K] at which node i holds `heat` [J], looked for from a guess."""


@node_heat.body(Storage)
@kernel
def stored_heat(storage, i, temperature):
    heat = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        heat += storage.volume[e] * enthalpy_per_volume(storage, storage.material[e], temperature)
    return heat


@node_capacity.body(Storage)
@kernel
def stored_capacity(storage, i, temperature):
    capacity = 0.0
    for e in range(storage.first[i], storage.first[i + 1]):
        capacity += storage.volume[e] * capacity_per_volume(storage, storage.material[e], temperature)
    return capacity


@node_temperature.body(Storage)
@kernel
def stored_temperature(storage, i, heat, guess):
    """Exact where the node has one material, else Newton's method kept between bounds; the guess where there is none."""
    e = storage.first[i]
    count = storage.first[i + 1] - e
    if count == 0:
        return guess
    if count == 1:
        return temperature_by_volume(storage, storage.material[e], heat / storage.volume[e])
    low, high, temperature = LOWEST, HIGHEST, guess
    for _ in range(MOST_STEPS):
        excess = stored_heat(storage, i, temperature) - heat
        if excess > 0.0:
            high = temperature
        else:
            low = temperature
        step = excess / stored_capacity(storage, i, temperature)
        small = SMALLEST * abs(temperature)
        temperature -= step
        if not abs(step) > small:  # asked before the bounds, one of which is the temperature; what is not a number stays so
            break
        if not (low < temperature < high):
            temperature = 0.5 * (low + high)
    return temperature


@kernel
def fill_heats(storage, temperature, found):
    """Into `found` the heat of every node at its temperature."""
    for i in range(found.shape[0]):
        found[i] = stored_heat(storage, i, temperature[i])


@kernel
def fill_capacities(storage, temperature, found):
    """Into `found` the heat capacity of every node at its temperature."""
    for i in range(found.shape[0]):
        found[i] = stored_capacity(storage, i, temperature[i])


@kernel
def fill_temperatures(storage, heat, found):
    """Into `found`, the first guesses, the temperature at which every node holds its heat."""
    for i in range(found.shape[0]):
        found[i] = stored_temperature(storage, i, heat[i], found[i])


def heats(storage: Storage, temperature: Floats) -> Floats:
    """`node_heat` of all nodes at their temperatures (n_nodes,) [J]."""
    if len(temperature) >= LARGE:
        found = np.empty(len(temperature))
        compile_kernels()(fill_heats)(storage, temperature, found)
        return found
    k, x = _entries(storage, temperature)
    return _summed(storage, storage.volume * (storage.there[k] + x * (storage.start[k] + 0.5 * storage.slope[k] * x)))


def capacities(storage: Storage, temperature: Floats) -> Floats:
    """`node_capacity` of all nodes at their temperatures (n_nodes,) [J/K]."""
    if len(temperature) >= LARGE:
        found = np.empty(len(temperature))
        compile_kernels()(fill_capacities)(storage, temperature, found)
        return found
    k, x = _entries(storage, temperature)
    return _summed(storage, storage.volume * (storage.start[k] + storage.slope[k] * x))


def temperatures(storage: Storage, heat: Floats, guess: Floats) -> Floats:
    """`node_temperature` of all nodes that hold `heat` (n_nodes,) [J]."""
    found = guess.copy()
    if len(found) >= LARGE:
        compile_kernels()(fill_temperatures)(storage, heat, found)
        return found
    count = np.diff(storage.first)
    pure, mixed = np.flatnonzero(count == 1), np.flatnonzero(count > 1)
    e = storage.first[pure]
    enthalpy = heat[pure] / storage.volume[e]
    k = _pieces(storage, storage.there, storage.material[e], enthalpy)
    start, rest = storage.start[k], enthalpy - storage.there[k]
    found[pure] = storage.temperature[k] + 2.0 * rest / (start + np.sqrt(np.maximum(start * start + 2.0 * storage.slope[k] * rest, 0.0)))
    if len(mixed):
        found[mixed] = _between(_part(storage, mixed), heat[mixed], guess[mixed])
    return found


def volumes(storage: Storage) -> Floats:
    """The volume of each node (n_nodes,) [m3]."""
    return _summed(storage, storage.volume)


def _summed(storage: Storage, part: Floats) -> Floats:
    """The sum over the entries of each node."""
    return np.bincount(storage.node, part, len(storage.first) - 1)  # type: ignore[return-value]


def _entries(storage: Storage, temperature: Floats) -> tuple[Integers, Floats]:
    """Of every entry the piece it is in, and how far above the beginning of that [K]."""
    T = temperature[storage.node]
    k = _pieces(storage, storage.temperature, storage.material, T)
    return k, T - storage.temperature[k]


def _pieces(storage: Storage, corners: Floats, material: Integers, x: Floats) -> Integers:
    """`piece_before` for many materials and places."""
    at, n = storage.piece[material], np.diff(storage.piece)
    while n.max(initial=0) > 1:
        half = (n // 2)[material]
        at += half * (corners[at + half] <= x)
        n -= n // 2
    return at


def _part(storage: Storage, nodes: Integers) -> Storage:
    """The storage of some of the nodes, in their order."""
    count = np.diff(storage.first)[nodes]
    first, node = _ends(count), np.repeat(np.arange(len(nodes)), count)
    entries = np.arange(first[-1]) + (storage.first[nodes] - first[:-1])[node]
    return storage._replace(first=first, node=node, material=storage.material[entries], volume=storage.volume[entries])


def _between(storage: Storage, heat: Floats, temperature: Floats) -> Floats:
    """Newton's method of `node_temperature` on nodes of several materials."""
    low, high = np.full(len(heat), LOWEST), np.full(len(heat), HIGHEST)
    for _ in range(MOST_STEPS):
        excess = heats(storage, temperature) - heat
        high, low = np.where(excess > 0.0, temperature, high), np.where(excess > 0.0, low, temperature)
        step = excess / capacities(storage, temperature)
        moves = np.abs(step) > SMALLEST * np.abs(temperature)  # asked before the bounds, one of which is the temperature
        temperature = temperature - step
        if not moves.any():
            break
        outside = ~((temperature > low) & (temperature < high))
        temperature = np.where(moves & outside, 0.5 * (low + high), temperature)
    return temperature
