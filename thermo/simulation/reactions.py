"""The reactions of a body's materials: where they are on its mesh, their columns, energies and what is said of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.case.case import Case
from thermo.chemistry.amount import AMOUNTS
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import arrays
from thermo.chemistry.sites import Sites, reach_of, side_by_side
from thermo.heat.reacting import Reacting, powers, rows_of
from thermo.materials.storage import Storage
from thermo.stepping.loop import History


def reactions_of(case: Case, material: Mapping[str, str], volumes: Floats) -> Reactions | None:
    """What reacts in a body, given the material of each region; None where nothing does."""
    if not case.reacting:
        return None
    return Reactions({region: (name, case.materials[name].mechanism()) for region, name in material.items()}, volumes)


class Reactions:
    """What reacts in a body; each reaction is named after its material and itself."""

    def __init__(self, by_region: Mapping[str, tuple[str, MechanismText | None]], volumes: Floats) -> None:
        """`by_region` the material of each region and its mechanism, in the order of the columns of `volumes` (n_nodes, n_regions) [m3]."""
        self.texts = {material: text for material, text in by_region.values() if text is not None}
        self.names = [f"{material}_{reaction}" for material, text in self.texts.items() for reaction in text.reactions]
        self.volumes = {material: volumes[:, [own == material for own, _ in by_region.values()]].sum(axis=1) for material in self.texts}

    @functools.cached_property
    def kinds(self) -> tuple[Sites, ...]:
        """The sites of every kind: nodes that hold the same reacting materials."""
        mechanisms = [arrays(text, volume=1.0) for text in self.texts.values()]
        ends = np.cumsum([0, *(len(mechanism.heat) for mechanism in mechanisms)])
        held = np.stack([volume > 0.0 for volume in self.volumes.values()], axis=1)
        made = []
        for kind in np.unique(held[held.any(axis=1)], axis=0):
            which = np.flatnonzero(kind)
            nodes = np.flatnonzero((held == kind).all(axis=1))
            volume = np.stack(list(self.volumes.values()), axis=1)[nodes]
            mechanism = side_by_side([mechanisms[m] for m in which])
            made.append(
                Sites(
                    node=nodes,
                    share=np.repeat(volume[:, which], [len(mechanisms[m].heat) for m in which], axis=1),
                    mechanism=mechanism,
                    row=np.concatenate([np.arange(ends[m], ends[m + 1]) for m in which]),
                    reach=np.concatenate([reach_of(mechanisms[m]) for m in which]),
                )
            )
        return tuple(made)

    def reacting(self, storage: Storage, parts: tuple[Integers, ...]) -> Reacting:
        """What is stepped of it; `parts` the nodes of each region."""
        return Reacting(self.kinds, storage, parts, len(self.names))

    def columns(self, block: History, multiplicity: float) -> dict[str, Any]:
        """Heat of each reaction [W] and the mean of its extent over its material, for the rows of a block."""
        power, extent = np.zeros((len(block.time), len(self.names))), np.zeros((len(block.time), len(self.names)))
        whole = np.zeros(len(self.names))
        for kind, rows in rows_of(self.kinds):
            share = kind.share.sum(axis=0)
            np.add.at(whole, kind.row, share)
            extent[:, kind.row] += np.einsum("rsk,sk->rk", block.extent[:, rows, : len(kind.row)], kind.share)
        for i in range(len(block.time)):
            power[i] = multiplicity * powers(self.kinds, block.temperature[i], block.extent[i], block.fired[i])[0]
        made = {f"heat_{name}_W": power[:, k] for k, name in enumerate(self.names)}
        at = 0
        for material, text in self.texts.items():
            counted = "conversion" if text.amounts == "number" else "extent"
            for reaction in text.reactions:
                made[f"{counted}_{material}_{reaction}{AMOUNTS[text.amounts]}"] = extent[:, at] / whole[at]
                at += 1
        return made
