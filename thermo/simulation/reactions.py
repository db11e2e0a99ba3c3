"""The reactions of a body's materials: where they are on its mesh, their columns, energies and what is said of them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.case.case import Case
from thermo.chemistry.amount import AMOUNTS
from thermo.chemistry.gas import amount_of_gas, gas_per_extent
from thermo.chemistry.kinetics import Mechanism
from thermo.chemistry.mechanism_arrays import arrays
from thermo.chemistry.reacts import ReactingMaterial
from thermo.chemistry.short import ShortCircuit
from thermo.chemistry.sites import Sites, reach_of, side_by_side
from thermo.heat.discretised import Shape
from thermo.heat.placed import Drawn, Placed
from thermo.heat.reacting import Ejecta, Reacting, Shorted, Vented, powers, rows_of
from thermo.heat.triggers import Gas
from thermo.materials.properties import value_at
from thermo.materials.storage import Storage
from thermo.measurement.arrivals import Reached, arrivals
from thermo.measurement.readings import HOTTEST, LARGEST, MEAN, SMALLEST
from thermo.programmes.conditions import Reached as Place
from thermo.simulation.reaction_warnings import reaction_warnings
from thermo.simulation.triggered import Awaited, Triggered


def reactions_of(case: Case, shape: Shape, material: Mapping[str, str], volumes: Floats) -> Reactions | None:
    """What reacts in a body, given its shape and the material of each region; None where nothing does."""
    if not case.reacting:
        return None
    places = {}
    for name in case.reacting:
        short = case.everything[name].short
        if short is not None and short.place is not None:
            part = short.place.part
            region = shape.region_at(part.middle())
            assert region is not None and material[region] == name  # see `chemistry_checks`
            places[region] = shape.part_of(region, part.middle(), part.width(), part.holds)
    density = {name: float(value_at(case.material(name).density, REFERENCE_TEMPERATURE)) for name in case.reacting}
    return Reactions({name: case.everything[name] for name in case.reacting}, material, density, volumes, shape.multiplicity, places)


class Reactions:
    """What reacts in a body; each reaction is named after its material and itself."""

    def __init__(
        self,
        materials: Mapping[str, ReactingMaterial],
        by_region: Mapping[str, str],
        density: Mapping[str, float],
        volumes: Floats,
        multiplicity: float,
        places: Mapping[str, Floats],
    ) -> None:
        """`materials` are those that react, `density` theirs at 25 degC [kg/m3]; `by_region` the material of each region, in the order of
        the columns of `volumes` (n_nodes, n_regions) [m3], of which the whole body has `multiplicity`. `places` are those of shorts by
        their region, what each node has of them (n_nodes,)."""
        self.places_of_shorts = {region: part / part.sum() for region, part in places.items()}
        named = [name for name in dict.fromkeys(by_region.values()) if name in materials]
        self.materials = {name: materials[name] for name in named}
        self.texts = {name: text for name, entry in self.materials.items() if (text := entry.mechanism()) is not None}
        self.reactions = {name: [*text.reactions, *(["short"] if self.materials[name].short else [])] for name, text in self.texts.items()}
        self.names = [f"{material}_{reaction}" for material, reactions in self.reactions.items() for reaction in reactions]
        self.regions = {region: (name, volumes[:, j]) for j, (region, name) in enumerate(by_region.items()) if name in self.texts}
        self.density, self.multiplicity = density, multiplicity
        self.gas = {name: gas_per_extent(text, len(self.reactions[name]), 1.0, density[name]) for name, text in self.texts.items()}
        self.mechanisms = {name: self._mechanism(name, density[name], multiplicity) for name in self.texts}
        self.places = {j: region for j, region in enumerate(by_region) if region in self.regions}
        self.volumes = np.stack([sum(v for own, v in self.regions.values() if own == material) for material in self.texts], axis=1)
        ends = np.cumsum([0, *(len(mechanism.heat) for mechanism in self.mechanisms.values())])
        self.rows = {m: np.arange(a, b) for m, (a, b) in zip(self.texts, itertools.pairwise(ends.tolist()), strict=True)}

    def _mechanism(self, name: str, density: float, multiplicity: float) -> Mechanism:
        """The mechanism of a material; each region of it is a cell that a short discharges, and they are of one volume."""
        short = self.materials[name].short
        reaction = None if short is None else short.reaction()
        if reaction is not None:
            own = [region for region, (material, _) in self.regions.items() if material == name]
            sizes = [multiplicity * float(self.regions[region][1].sum()) for region in self._placed_in(own) or own]
            reaction = reaction._replace(volume=sizes[0])
        return arrays(self.texts[name], reaction, volume=1.0, n_triggers=int(short is not None), mass=density)

    @functools.cached_property
    def kinds(self) -> tuple[Sites, ...]:
        """The sites of every kind: nodes that hold the same reacting materials."""
        held, made = self.volumes > 0.0, []
        for kind in np.unique(held[held.any(axis=1)], axis=0):
            which = [name for name, there in zip(self.texts, kind, strict=True) if there]
            nodes = np.flatnonzero((held == kind).all(axis=1))
            triggers = [int(self.materials[name].short is not None) for name in which]
            made.append(
                Sites(
                    node=nodes,
                    share=np.repeat(self.volumes[nodes][:, kind], [len(self.rows[name]) for name in which], axis=1) * self._heats(which),
                    mechanism=side_by_side([self.mechanisms[name] for name in which], triggers),
                    row=np.concatenate([self.rows[name] for name in which]),
                    reach=np.concatenate([reach_of(self.mechanisms[name]) for name in which]),
                    n_triggers=sum(triggers),
                )
            )
        return tuple(made)

    def arrivals(
        self, columns: Mapping[str, Any], regions: Floats, level: float, points: Floats, multiplicity: float
    ) -> dict[str, dict[str, Any]]:
        """When runaway comes to each region that reacts, from the columns of the history and the rows of `regions`.

        `level` is the temperature of arrival [K]; `points` (n_nodes, dimension) [m].
        """
        cells = []
        for j, name in self.places.items():
            material, volume = self.regions[name]
            size = multiplicity * float(volume.sum())
            cells.append(
                Reached(
                    name,
                    mean=regions[:, j, MEAN],
                    largest=regions[:, j, LARGEST],
                    smallest=regions[:, j, SMALLEST],
                    hottest=regions[:, j, HOTTEST],
                    released=size * self._released(name, columns).sum(axis=1),
                    centre=volume @ points / volume.sum(),
                    holds=size * self._holds(material),
                )
            )
        return arrivals(columns["time_s"], cells, level, lambda node: [float(x) for x in points[node]])

    def released_in(self, columns: Mapping[str, Any], multiplicity: float) -> dict[str, dict[str, float]]:
        """Heat of each reaction in each region that reacts [J], at the end."""
        found = {}
        for name, (material, volume) in self.regions.items():
            given = multiplicity * float(volume.sum()) * self._released(name, columns)[-1]
            found[name] = dict(zip(self.reactions[material], given.tolist(), strict=True))
        return found

    def _released(self, region: str, columns: Mapping[str, Any]) -> Floats:
        """Heat of each reaction of a region so far, by its mean extents, in every row (n_rows, n_reactions) [J/m3].

        That of a short depends on the charge that is left, as it is from row to row.
        """
        mechanism = self.mechanisms[self.regions[region][0]]
        extents = np.stack([columns[column] for column in self.extent_names(region)], axis=1)
        found: Floats = extents * mechanism.heat
        for k in np.flatnonzero(mechanism.heat_slope):
            species = mechanism.heat_species[k]
            amount = mechanism.start[species] + np.append(0.0, extents @ mechanism.stoichiometry[:, species])
            steps = 0.5 * (amount[1:] + amount[:-1]) * np.diff(extents[:, k], prepend=0.0)
            found[:, k] += mechanism.heat_slope[k] * np.cumsum(steps)
        return found

    def _holds(self, material: str) -> float:
        """About the heat that a material holds [J/m3]: where a short and a reaction share a charge, what gives more of it. Zero where that
        is not known, since a reaction that gives heat uses nothing up."""
        mechanism, n = self.mechanisms[material], len(self.texts[material].reactions)
        uses = mechanism.stoichiometry < 0.0
        heats = np.maximum(mechanism.heat, 0.0) * reach_of(mechanism)
        if np.any((heats > 0.0) & ~uses.any(axis=1)):
            return 0.0
        if len(heats) == n:
            return float(heats.sum())
        species = int(mechanism.heat_species[n])
        charge, shared = float(mechanism.start[species]), uses[:n, species]
        electrical = float(mechanism.heat[n] * charge + 0.5 * mechanism.heat_slope[n] * charge**2)
        return float(heats[:n][~shared].sum()) + max(float(heats[:n][shared].sum()), electrical)

    def extent_names(self, region: str) -> list[str]:
        """The columns with the mean extents of a region that reacts."""
        return self._named(self.regions[region][0], region)

    def _named(self, material: str, place: str) -> list[str]:
        """What the extents of the reactions of a material are called at a place, with their unit."""
        amounts = self.texts[material].amounts
        counted = "conversion" if amounts == "number" else "extent"
        return [f"{counted}_{place}_{name}{AMOUNTS[amounts]}" for name in self.reactions[material]]

    def warnings(self, highest: float, tolerance: float) -> list[dict[str, Any]]:
        """What there is to say of the mechanisms, given the hottest temperature that was reached [K]."""
        return [
            warning
            for name, text in self.texts.items()
            for warning in reaction_warnings(text, self.mechanisms[name], highest, tolerance, f"materials.{name}")
        ]

    @property
    def fails(self) -> dict[tuple[str, str], Awaited]:
        """What a region waits for until it `ejects`, `shorts` or `vents`, by region and word."""
        found = {}
        for region, (name, _) in self.regions.items():
            ejecta, short, vent = (getattr(self.materials[name], word) for word in ("ejecta", "short", "vent"))
            if ejecta is not None and ejecta.after != "vent":
                found[region, "ejects"] = _warm(region, ejecta.after.temperature)
            if short is not None and (short.place is None or region in self.places_of_shorts):
                found[region, "shorts"] = self._begins(region, short)
            if vent is not None and vent.at.temperature is not None:
                found[region, "vents"] = _warm(region, vent.at.temperature)
            elif vent is not None:
                found[region, "vents"] = Awaited(amount_of_gas(vent.at.gas, 1.0, self.density[name]), gas=self._gas_in(region))
        return found

    def _placed_in(self, regions: Iterable[str]) -> list[str]:
        """Those of some regions in which a short has its place."""
        return [region for region in regions if region in self.places_of_shorts]

    def _begins(self, region: str, short: ShortCircuit) -> Awaited:
        """What the short of a region waits for."""
        if short.at.time is not None:
            return Awaited(float(short.at.time))
        assert short.at.temperature is not None
        if region not in self.places_of_shorts:
            return _warm(region, short.at.temperature)
        return Awaited(float(short.at.temperature), Place.model_construct(probe=at_short(region), temperature=short.at.temperature))

    def _heats(self, which: Sequence[str]) -> Floats:
        """Which reactions of some materials side by side heat the nodes at which they are: not a short that has a place (n_reactions,)."""
        made = [np.ones(len(self.rows[name])) for name in which]
        for name, own in zip(which, made, strict=True):
            short = self.materials[name].short
            if short is not None and short.place is not None:
                own[-1] = 0.0
        return np.concatenate(made)

    @functools.cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The shorts that have a place."""
        made = []
        for region, share in self.places_of_shorts.items():
            name = self.regions[region][0]
            short, own = self.materials[name].short, list(self.texts).index(name)
            reaction = None if short is None else short.reaction()
            assert reaction is not None
            size = self.multiplicity * float(self.regions[region][1].sum())
            drawn = []
            for part, (kind, rows) in ((part, found) for part in self._shorted(region, 0) for found in rows_of(self.kinds)):
                if rows.start <= part.rows[0] < rows.stop:
                    k = int(np.flatnonzero(kind.row == self.rows[name][-1])[0])
                    volume = self.volumes[kind.node[part.rows - rows.start], own]
                    drawn.append(Drawn(part.rows, kind.mechanism, k, part.column, volume))
            made.append(Placed(int(self.rows[name][-1]), share, tuple(drawn), reaction._replace(volume=size)))
        return tuple(made)

    def _gas_in(self, region: str) -> Gas:
        """The gas of a region by the extents of a state."""
        per_extent = self.gas[self.regions[region][0]]
        return Gas(tuple((rows, columns, np.outer(weights, per_extent)) for rows, columns, weights in self._parts[region]))

    def gas_made(self, extent: Floats, multiplicity: float) -> dict[str, float]:
        """The gas that each reaction has made at these extents (n_sites, n_reactions), of the whole body [mol]."""
        found = dict.fromkeys(self.names, 0.0)
        for region, means in self.extents(extent[None]).items():
            material, volume = self.regions[region]
            for name, mean, gas in zip(self.reactions[material], means[0], self.gas[material], strict=True):
                found[f"{material}_{name}"] += float(multiplicity * volume.sum() * mean * gas)
        return found

    def reacting(self, storage: Storage, parts: tuple[Integers, ...], triggered: Triggered) -> Reacting:
        """What is stepped of it; `parts` the nodes of each region."""
        number = {key: triggered.names["-".join(key)][0] for key in self.fails}
        after = {"ejects": lambda ejecta: ejecta != "vent", "vents": lambda ejecta: ejecta == "vent"}
        thrown = tuple(
            self._thrown(region, j)
            for (region, word), j in number.items()
            if (ejecta := self.materials[self.regions[region][0]].ejecta) is not None and word in after and after[word](ejecta.after)
        )
        shorted = tuple(part for (region, word), j in number.items() if word == "shorts" for part in self._shorted(region, j))
        vented = tuple(self._vented(region, j) for (region, word), j in number.items() if word == "vents")
        return Reacting(self.kinds, storage, parts, len(self.names), thrown, shorted, vented, self._wide(len(storage.first) - 1))

    def _wide(self, n: int) -> tuple[Placed, ...]:
        """The shorts with a place, among `n` nodes, of which those of bodies beside the mesh come last."""
        return tuple(one._replace(share=np.pad(one.share, (0, n - len(one.share)))) for one in self.placed)

    def _vented(self, region: str, trigger: int) -> Vented:
        """What the vent of a region takes at once."""
        (name, volume), nodes = self.regions[region], np.flatnonzero(self.regions[region][1])
        vent = self.materials[name].vent
        assert vent is not None
        return Vented(trigger, nodes, vent.heat(self.density[name]) * volume[nodes])

    def _thrown(self, region: str, trigger: int) -> Ejecta:
        """What a region throws out; a node between two regions has as much of it as it has of the volume that reacts."""
        (name, volume), whole = self.regions[region], self.volumes.sum(axis=1)
        nodes, ejecta = np.flatnonzero(volume), self.materials[name].ejecta
        assert ejecta is not None
        return Ejecta(trigger, nodes, float(ejecta.fraction) * volume[nodes] / whole[nodes])

    def _shorted(self, region: str, trigger: int) -> Iterator[Shorted]:
        """The switches of the short at the sites of a region."""
        name, volume = self.regions[region]
        held = self.volumes > 0.0
        for kind, rows in rows_of(self.kinds):
            there = np.flatnonzero(volume[kind.node] > 0.0)
            if len(there):
                which = [other for other, own in zip(self.texts, held[kind.node[0]], strict=True) if own]
                before = sum(self.materials[other].short is not None for other in which[: which.index(name)])
                yield Shorted(trigger, rows.start + there, before)

    def extents(self, extent: Floats) -> dict[str, Floats]:
        """The mean extents over each region that reacts (n_rows, n_reactions), from those of the sites (n_rows, n_sites, n_reactions)."""
        return {
            region: sum(np.einsum("rsk,s->rk", extent[:, rows, columns], weights) for rows, columns, weights in parts)
            for region, parts in self._parts.items()
        }

    @functools.cached_property
    def _parts(self) -> dict[str, list[tuple[slice, slice, Floats]]]:
        """Of each region the sites of a kind that it has, the extents of its own reactions among theirs, and their shares of its volume."""
        found: dict[str, list[tuple[slice, slice, Floats]]] = {}
        for region, (material, volume) in self.regions.items():
            own = found[region] = []
            for kind, rows in rows_of(self.kinds):
                there, columns = volume[kind.node], np.flatnonzero(np.isin(kind.row, self.rows[material]))
                held = np.flatnonzero(there)
                if len(columns) and len(held):
                    first, last = int(held[0]), int(held[-1]) + 1
                    part = slice(rows.start + first, rows.start + last)
                    own.append((part, slice(int(columns[0]), int(columns[-1]) + 1), there[first:last] / volume.sum()))
        return found

    @property
    def field_names(self) -> list[str]:
        """What the extents of each reaction are called in a field file."""
        return [name for material in self.texts for name in self._named(material, material)]

    @functools.cached_property
    def column_names(self) -> list[str]:
        """The columns of the history, in the order of `row`."""
        made = [f"heat_{name}_W" for name in self.names]
        for region in self.regions:
            made += self.extent_names(region)
        return made

    def powers(self, temperature: Floats, extent: Floats, fired: Floats, moment: float) -> Floats:
        """Heat of each reaction at each node (n_reactions, n_nodes) [W], of one state; no more than it has left for a `moment` [s]."""
        made = powers(self.kinds, temperature, extent, fired, moment)
        for one in self.placed:
            made[one.row, : len(one.share)] += one.power(extent, fired, moment) * one.share
        return made

    def share(self, region: str) -> tuple[Integers, Floats] | None:
        """The rows of the reactions of a region among all, and its share (n_nodes,) in what they make at each node; None where none is."""
        if region not in self.regions:
            return None
        name, volume = self.regions[region]
        whole = self.volumes[:, list(self.texts).index(name)]
        return self.rows[name], np.divide(volume, whole, out=np.zeros_like(whole), where=whole > 0.0)

    def means(self, extent: Floats) -> list[float]:
        """The mean of the extent of each reaction over each region, of one state, in the order of `column_names`."""
        return [float(mean) for means in self.extents(extent[None]).values() for mean in means[0]]


def at_short(region: str) -> str:
    """What the probe at the place of the short of a region is called."""
    return f"{region}-short"


def _warm(region: str, temperature: float) -> Awaited:
    """The hottest place of a region at a temperature [K]."""
    return Awaited(float(temperature), Place.model_construct(region=region, temperature=temperature))


SUDDEN = 3.0  # times the mean power beside a row: no reaction is read to give more


def credible_power(time: Floats, power: Floats, released: Floats) -> Floats:
    """The power of a reaction at the rows of a history (n_rows,) [W], where it is one.

    Where a reactant is spent, what the tolerance leaves of it times a rate constant that has become huge is no power. A row whose power is
    beyond three times the mean powers of the steps beside it, or has another sign than both, has the larger of these in its place.

    Parameters
    ----------
    time : array (n_rows,) [s], power : array (n_rows,) [W]
    released : array (n_rows,) [J], what the reaction has given so far, as the balance of energy counts it
    """
    steps = np.diff(time)
    taken = np.flatnonzero(steps > 0.0)  # rows of one moment have no step between them
    if not len(taken):
        return power
    mean = np.diff(released)[taken] / steps[taken]
    row = np.arange(len(time))
    before = mean[np.maximum(np.searchsorted(taken, row) - 1, 0)]
    after = mean[np.minimum(np.searchsorted(taken, row), len(mean) - 1)]
    larger = np.where(np.abs(before) > np.abs(after), before, after)
    noise = 1e-9 * float(np.max(np.abs(mean), initial=0.0))
    beyond = np.abs(power) > SUDDEN * np.abs(larger) + noise
    turned = (power * before < 0.0) & (power * after < 0.0)
    return np.where(beyond | turned, larger, power)
