"""The chemistry of a meshed sample: its sites as arrays, and all of them taken over a stage of a step."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import compile_kernels
from thermo.chemistry.kinetics import amounts, extent_left, heat_per_extent, rates
from thermo.chemistry.sites import Sites
from thermo.heat.placed import Placed
from thermo.heat.reactor import Reactor, Stage, passed, react, reactor_memory
from thermo.materials.storage import Storage, constant

WORTH_COMPILING = 16  # sites; the loops over fewer run interpreted, for compiling takes half a minute once on a machine
WORTH_A_THREAD = 2000  # sites; fewer are done before a thread has begun
# of a node: the power of its reactions at the end of the last step [W] and the slope of that [W/s], the last step of its reactor [s], the
# slope of the heat through faces that the matrix has [W/K], how far it has fallen below all around it so far, which nothing does [K]; its
# fastest rate when that was last looked at [1/s] and the temperature then [K]
POWER, SLOPE, SUBSTEP, FACE_SLOPE, FALLEN, LOOKED, LOOKED_AT, N_MEMORY = 0, 1, 2, 3, 4, 5, 6, 7


class Ejecta(NamedTuple):
    """What leaves with what a part throws out after a `trigger`: at its `nodes` the `share` (n,) of the heat of their reactions."""

    trigger: int
    nodes: Integers
    share: Floats


class Shorted(NamedTuple):
    """What a `trigger` switches on: the switch number `column` of the sites in `rows`."""

    trigger: int
    rows: Integers
    column: int


class Vented(NamedTuple):
    """What a vent takes at once when its `trigger` comes: `heat` (n,) [J] from its `nodes`."""

    trigger: int
    nodes: Integers
    heat: Floats


class Reacting(NamedTuple):
    """What reacts in a meshed sample: sites by `kinds`, the `storage` of all its nodes, the nodes of each of its `parts`, whose errors are
    measured apart, how many reactions its materials have in all, what takes heat away, what is shorted, what vents, and
    the shorts whose heat is made at a place."""

    kinds: tuple[Sites, ...]
    storage: Storage
    parts: tuple[Integers, ...]
    n_reactions: int
    ejecta: tuple[Ejecta, ...] = ()
    shorted: tuple[Shorted, ...] = ()
    vented: tuple[Vented, ...] = ()
    placed: tuple[Placed, ...] = ()

    def kept(self, moments: Floats) -> Floats | None:
        """The share of the heat of the reactions of each node that stays, given the moments of the triggers [s]; None where all does."""
        gone = [part for part in self.ejecta if moments[part.trigger] < np.inf]
        if not gone:
            return None
        kept = np.ones(len(self.storage.first) - 1)
        for _, nodes, share in gone:
            kept[nodes] -= share
        return kept

    def by_node(self, extent: Floats) -> Floats:
        """Extents of a state (n_sites, n_reactions) by reaction of the materials and node, NaN where there is none of it."""
        found = np.full((self.n_reactions, len(self.storage.first) - 1), np.nan)
        for kind, rows in rows_of(self.kinds):
            for k, row in enumerate(kind.row):
                found[row, kind.node] = extent[rows, k]
        return found

    @property
    def n_sites(self) -> int:
        """Of all kinds."""
        return sum(len(kind.node) for kind in self.kinds)

    @property
    def shape(self) -> tuple[int, int]:
        """That of the extents of a state."""
        return self.n_sites, max(len(kind.reach) for kind in self.kinds)

    @property
    def n_switches(self) -> int:
        """Of the kind that has most."""
        return max(kind.n_switches for kind in self.kinds)


def rows_of(kinds: Iterable[Sites]) -> Iterator[tuple[Sites, slice]]:
    """Each kind of sites and its rows among all."""
    first = 0
    for kind in kinds:
        yield kind, slice(first, first + len(kind.node))
        first += len(kind.node)


def ready(loop: Any, kinds: Iterable[Sites]) -> Any:
    """A loop over sites, compiled where there are many."""
    return compile_kernels()(loop) if sum(len(kind.node) for kind in kinds) >= WORTH_COMPILING else loop


class Taken(NamedTuple):
    """What sites have done over a stage: extents and switches at its end, as in a state; heat of all reactions by node and of each reaction
    of the materials [J]; by node the sum of |heat| E/R over reactions [J K], which says how they answer a change of temperature; what of
    the heat of the reactions is `ejected` [J], and not given to the nodes; what shorts at a place give to the nodes beside all that [J],
    and by how much their power has `turned` within the stage [J]."""

    extent: Floats
    fired: Floats
    given: Floats
    released: Floats
    answer: Floats
    ejected: float = 0.0
    placed: Floats | float = 0.0
    turned: Floats | float = 0.0


class Chemistry:
    """Memory and compiled code for the sites of a sample."""

    def __init__(self, sample: Reacting) -> None:
        self.sample = sample
        self.react: Any = ready(react, sample.kinds)
        self.constant = constant(sample.storage)  # no heat capacity depends on temperature
        self.memory = [[reactor_memory(kind.mechanism) for _ in range(n_threads(len(kind.node)))] for kind in sample.kinds]
        self.nodes, counts = np.concatenate(sample.parts), [len(part) for part in sample.parts]
        self.begins = np.cumsum([0, *counts[:-1]])

    def take(
        self, stage: Stage, extent: Floats, fired: Floats, temperature: Floats, heat: Floats, nodes_memory: Floats, kept: Floats | None
    ) -> Taken | None:
        """All sites over a stage; `temperature` and `heat` of the nodes that react and their memory (n_nodes, N_MEMORY) change in place.

        `kept` is the share of its heat that each node keeps, None where that is all. None where a site has no solution.
        """
        sample, n, ejected = self.sample, len(temperature), 0.0
        made = Taken(extent.copy(), fired.copy(), np.zeros(n), np.zeros(sample.n_reactions), np.zeros(n))
        for (kind, rows), memory in zip(rows_of(sample.kinds), self.memory, strict=True):
            m, switches = len(kind.reach), kind.n_switches
            own, on = extent[rows, :m].copy(), fired[rows, :switches].copy()
            released, stays = np.zeros_like(own), None if kept is None else kept[kind.node][:, None]
            sites = kind if stays is None else kind._replace(share=kind.share * stays)
            told = nodes_memory[:, SUBSTEP], nodes_memory[:, LOOKED:N_MEMORY]
            arguments = (sites, sample.storage, stage, own, on, temperature, heat, made.given, released, *told)
            if not self._all(arguments, len(kind.node), memory):
                return None
            made.extent[rows, :m], made.fired[rows, :switches] = own, on
            if stays is not None:
                released /= stays
                ejected += float(np.sum(released * (1.0 - stays)))
            np.add.at(made.released, kind.row, released.sum(axis=0))
            made.answer[kind.node] = np.abs(released) @ kind.mechanism.activation
        placed = np.zeros(n) if sample.placed else 0.0
        for short in sample.placed:
            energy, stays = short.energy(extent, made.extent), short.share if kept is None else short.share * kept
            made.released[short.row] += energy
            ejected += energy * (1.0 - float(stays.sum())) if kept is not None else 0.0
            placed = placed + energy * stays
        return made._replace(ejected=ejected, placed=placed)

    def placed_power(self, extent: Floats, fired: Floats, kept: Floats | None, moment: float) -> Floats | float:
        """What shorts at a place give to each node at a state [W], no more than they have left for a `moment` [s]."""
        found: Floats | float = 0.0
        for short in self.sample.placed:
            stays = short.share if kept is None else short.share * kept
            found = found + short.power(extent, fired, moment) * stays
        return found

    def by_part(self, capacity: Floats, value: Floats) -> Floats:
        """The mean of a value of the nodes over the heat capacity of each part (n_parts,)."""
        weight = capacity[self.nodes]
        return np.add.reduceat(weight * value[self.nodes], self.begins) / np.add.reduceat(weight, self.begins)  # type: ignore[no-any-return]

    def _all(self, arguments: tuple[object, ...], n: int, memory: list[Reactor]) -> bool:
        """Every site of a kind, each of which is alone."""
        free = list(memory)

        def some(first: int, last: int) -> bool:
            own = free.pop()
            done = bool(self.react(*arguments, own, first, last))
            free.append(own)
            return done

        return all(in_threads(some, n))


CPUS = os.cpu_count() or 1


def n_threads(n: int) -> int:
    """How many threads share n sites."""
    return min(CPUS, 1 + n // WORTH_A_THREAD)


@functools.cache
def pool() -> ThreadPoolExecutor:
    """The threads of this process."""
    return ThreadPoolExecutor(CPUS)


def in_threads(loop: Callable[[int, int], Any], n: int) -> list[Any]:
    """What a loop over the sites from the first to the last gives, in threads where there are many; sites do not know of each other, so the
    result does not depend on how many threads there are."""
    if n_threads(n) == 1:
        return [loop(0, n)]
    ends = np.linspace(0, n, 4 * n_threads(n) + 1).astype(int)  # a front burns in one place: shares of unequal work
    return list(pool().map(loop, ends[:-1].tolist(), ends[1:].tolist()))


def powers(kinds: Sequence[Sites], temperature: Floats, extent: Floats, fired: Floats, moment: float = 0.0) -> Floats:
    """Heat of each reaction of the materials by node at one moment (n_reactions, n_nodes) [W].

    With a `moment` [s] no reaction gives more than what is left of it would within that time: where a reactant is spent, the tolerance
    of its amount times a rate constant that has become huge is no power.
    """
    made = np.zeros((1 + max(int(kind.row.max()) for kind in kinds), len(temperature)))
    fill: Any = ready(fill_powers, kinds)
    for kind, rows in rows_of(kinds):
        m, switches = len(kind.reach), kind.n_switches
        found = np.zeros((len(kind.node), m))
        own, on = np.ascontiguousarray(extent[rows, :m]), np.ascontiguousarray(fired[rows, :switches])
        in_threads(functools.partial(fill, kind, temperature, own, on, moment, found), len(found))
        for k, row in enumerate(kind.row):
            made[row, kind.node] = found[:, k]
    return made


def fill_powers(sites, temperature, extent, fired, moment, found, first, last):  # type: ignore[no-untyped-def]
    """Into `found` (n_sites, n_reactions) the power of each reaction at each site [W], limited as `powers` says."""
    mechanism = sites.mechanism
    amount, rate = np.zeros(mechanism.start.shape[0]), np.zeros(found.shape[1])
    for s in range(first, last):
        amounts(mechanism, extent[s], amount)
        rates(mechanism, temperature[sites.node[s]], amount, fired[s], rate)
        for k in range(found.shape[1]):
            most = extent_left(mechanism, k, amount)
            if moment > 0.0 and abs(rate[k]) * moment > most:
                rate[k] = most / moment
            found[s, k] = sites.share[s, k] * heat_per_extent(mechanism, k, amount) * rate[k]


def switches_at(sample: Reacting, temperature: Floats) -> Floats:
    """The switches of every site as they stand at the start (n_sites, n_switches)."""
    found = np.zeros((sample.n_sites, sample.n_switches))
    for kind, rows in rows_of(sample.kinds):
        n = kind.n_switches
        for i, node in zip(range(rows.start, rows.stop), kind.node, strict=True):
            on = found[i, :n]
            for _ in range(n):
                which, _ = passed(kind.mechanism, temperature[node], kind.mechanism.start, on)
                if which < 0:
                    break
                on[which] = 1.0 - on[which]
    return found


def heat_left(sample: Reacting, extent: Floats, n_nodes: int) -> tuple[Floats, Floats]:
    """About the heat [J] that the reactions of each node can still take up, negative, and release (n_nodes,)."""
    least, most = np.zeros(n_nodes), np.zeros(n_nodes)
    fill: Any = ready(fill_left, sample.kinds)
    for kind, rows in rows_of(sample.kinds):
        own = np.ascontiguousarray(extent[rows, : len(kind.reach)])
        in_threads(functools.partial(fill, kind, own, least, most), len(own))
    return least, most


def fill_left(sites, extent, least, most, first, last):  # type: ignore[no-untyped-def]
    """Into `least` and `most` (n_nodes,) the heats [J] that are left at each site."""
    mechanism = sites.mechanism
    amount = np.zeros(mechanism.start.shape[0])
    for s in range(first, last):
        i = sites.node[s]
        amounts(mechanism, extent[s], amount)
        for k in range(extent.shape[1]):
            each = sites.share[s, k] * heat_per_extent(mechanism, k, mechanism.start)
            if each > 0.0:
                most[i] += each * extent_left(mechanism, k, amount)
            elif each < 0.0:
                least[i] += each * extent_left(mechanism, k, amount)
