"""The reactions of a body's materials: where they are on its mesh, their columns, energies and what is said of them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.case.case import Case
from thermo.chemistry.amount import AMOUNTS
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import arrays
from thermo.chemistry.reacts import ThrownOut
from thermo.chemistry.sites import Sites, reach_of, side_by_side
from thermo.heat.reacting import Ejecta, Reacting, powers, rows_of
from thermo.materials.properties import value_at
from thermo.materials.storage import Storage
from thermo.measurement.arrivals import Reached, arrivals
from thermo.measurement.readings import HOTTEST, LARGEST, MEAN, SMALLEST
from thermo.simulation.reaction_warnings import reaction_warnings
from thermo.simulation.triggered import Triggered


def reactions_of(case: Case, material: Mapping[str, str], volumes: Floats) -> Reactions | None:
    """What reacts in a body, given the material of each region; None where nothing does."""
    if not case.reacting:
        return None
    density = {name: float(value_at(case.material(name).density, REFERENCE_TEMPERATURE)) for name in case.reacting}
    ejecta = {region: thrown for region, name in material.items() if (thrown := case.materials[name].ejecta) is not None}
    return Reactions({region: (name, case.materials[name].mechanism()) for region, name in material.items()}, density, volumes, ejecta)


class Reactions:
    """What reacts in a body; each reaction is named after its material and itself."""

    def __init__(
        self,
        by_region: Mapping[str, tuple[str, MechanismText | None]],
        density: Mapping[str, float],
        volumes: Floats,
        ejecta: Mapping[str, ThrownOut],
    ) -> None:
        """`by_region` the material of each region and its mechanism, in the order of the columns of `volumes` (n_nodes, n_regions) [m3];
        `density` of each material that reacts, at 25 degC [kg/m3]; `ejecta` of the regions that throw something out."""
        self.ejecta = ejecta
        self.texts = {material: text for material, text in by_region.values() if text is not None}
        self.names = [f"{material}_{reaction}" for material, text in self.texts.items() for reaction in text.reactions]
        self.mechanisms = {name: arrays(text, volume=1.0, mass=density[name]) for name, text in self.texts.items()}
        self.regions = {
            region: (material, volumes[:, j]) for j, (region, (material, text)) in enumerate(by_region.items()) if text is not None
        }
        self.places = {j: region for j, region in enumerate(by_region) if region in self.regions}
        self.volumes = np.stack([sum(v for own, v in self.regions.values() if own == material) for material in self.texts], axis=1)
        ends = np.cumsum([0, *(len(mechanism.heat) for mechanism in self.mechanisms.values())])
        self.rows = {m: np.arange(a, b) for m, (a, b) in zip(self.texts, itertools.pairwise(ends.tolist()), strict=True)}

    @functools.cached_property
    def kinds(self) -> tuple[Sites, ...]:
        """The sites of every kind: nodes that hold the same reacting materials."""
        held, made = self.volumes > 0.0, []
        for kind in np.unique(held[held.any(axis=1)], axis=0):
            which = [name for name, there in zip(self.texts, kind, strict=True) if there]
            nodes = np.flatnonzero((held == kind).all(axis=1))
            made.append(
                Sites(
                    node=nodes,
                    share=np.repeat(self.volumes[nodes][:, kind], [len(self.rows[name]) for name in which], axis=1),
                    mechanism=side_by_side([self.mechanisms[name] for name in which]),
                    row=np.concatenate([self.rows[name] for name in which]),
                    reach=np.concatenate([reach_of(self.mechanisms[name]) for name in which]),
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
            size, mechanism = multiplicity * float(volume.sum()), self.mechanisms[material]
            extents = np.stack([columns[column] for column in self.extent_names(name)], axis=1)
            cells.append(
                Reached(
                    name,
                    mean=regions[:, j, MEAN],
                    largest=regions[:, j, LARGEST],
                    smallest=regions[:, j, SMALLEST],
                    hottest=regions[:, j, HOTTEST],
                    released=size * (extents @ mechanism.heat),
                    centre=volume @ points / volume.sum(),
                    holds=size * float(np.maximum(mechanism.heat, 0.0) @ reach_of(mechanism)),
                )
            )
        return arrivals(columns["time_s"], cells, level, lambda node: [float(x) for x in points[node]])

    def released_in(self, columns: Mapping[str, Any], multiplicity: float) -> dict[str, dict[str, float]]:
        """Heat of each reaction in each region that reacts [J], at the end."""
        found = {}
        for name, (material, volume) in self.regions.items():
            heats = multiplicity * float(volume.sum()) * self.mechanisms[material].heat
            given = [float(heat * columns[column][-1]) for heat, column in zip(heats, self.extent_names(name), strict=True)]
            found[name] = dict(zip(self.texts[material].reactions, given, strict=True))
        return found

    def extent_names(self, region: str) -> list[str]:
        """The columns with the mean extents of a region that reacts."""
        text = self.texts[self.regions[region][0]]
        counted = "conversion" if text.amounts == "number" else "extent"
        return [f"{counted}_{region}_{name}{AMOUNTS[text.amounts]}" for name in text.reactions]

    def warnings(self, highest: float, tolerance: float) -> list[dict[str, Any]]:
        """What there is to say of the mechanisms, given the hottest temperature that was reached [K]."""
        return [
            warning
            for name, text in self.texts.items()
            for warning in reaction_warnings(text, self.mechanisms[name], highest, tolerance, f"materials.{name}")
        ]

    def reacting(self, storage: Storage, parts: tuple[Integers, ...], triggered: Triggered) -> Reacting:
        """What is stepped of it; `parts` the nodes of each region."""
        thrown = tuple(self._thrown(region, triggered.names[f"{region}-ejects"][0]) for region in self.ejecta)
        return Reacting(self.kinds, storage, parts, len(self.names), thrown)

    def _thrown(self, region: str, trigger: int) -> Ejecta:
        """What a region throws out; a node between two regions has as much of it as it has of the volume that reacts."""
        volume, whole = self.regions[region][1], self.volumes.sum(axis=1)
        nodes = np.flatnonzero(volume)
        return Ejecta(trigger, nodes, float(self.ejecta[region].fraction) * volume[nodes] / whole[nodes])

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

    @functools.cached_property
    def column_names(self) -> list[str]:
        """The columns of the history, in the order of `row`."""
        made = [f"heat_{name}_W" for name in self.names]
        for region in self.regions:
            made += self.extent_names(region)
        return made

    def powers(self, temperature: Floats, extent: Floats, fired: Floats) -> tuple[Floats, Floats]:
        """Heat of each reaction and of each node [W], of one state."""
        return powers(self.kinds, temperature, extent, fired)

    def means(self, extent: Floats) -> list[float]:
        """The mean of the extent of each reaction over each region, of one state, in the order of `column_names`."""
        return [float(mean) for means in self.extents(extent[None]).values() for mean in means[0]]
