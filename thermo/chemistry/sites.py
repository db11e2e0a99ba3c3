"""Where a mesh reacts: sites, a node with the materials that react there, and the mechanisms of these side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.chemistry.kinetics import Mechanism


class Sites(NamedTuple):
    """Sites of one kind: nodes at which the same materials react.

    `node` (n_sites,); `share` (n_sites, n_reactions) what the heat of each reaction refers to, m3 of its material at the node; the
    `mechanism` of these materials side by side; `row` (n_reactions,) the row of each reaction in the block of the ledger; `reach`
    (n_reactions,) about the largest extent that each can come to; `n_triggers` of the switches of a site that are not the mechanism's own.
    """

    node: Integers
    share: Floats
    mechanism: Mechanism
    row: Integers
    reach: Floats
    n_triggers: int

    @property
    def n_switches(self) -> int:
        """Of a site."""
        return self.n_triggers + len(self.mechanism.threshold)


def side_by_side(mechanisms: Sequence[Mechanism], n_triggers: Sequence[int]) -> Mechanism:
    """One mechanism that has the species and the reactions of all, none of which sees another's; the `n_triggers` of each come first among
    the switches, those of the mechanisms after them."""
    if len(mechanisms) == 1:
        return mechanisms[0]
    counts = np.cumsum([0, *(m.start.shape[0] for m in mechanisms)])
    triggers, switches = np.cumsum([0, *n_triggers]), np.cumsum([sum(n_triggers), *(m.threshold.shape[0] for m in mechanisms)])
    stoichiometry = np.zeros((sum(m.heat.shape[0] for m in mechanisms), int(counts[-1])))
    row = 0
    for m, first in zip(mechanisms, counts[:-1], strict=True):
        stoichiometry[row : row + m.heat.shape[0], first : first + m.start.shape[0]] = m.stoichiometry
        row += m.heat.shape[0]

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(m, name) for m in mechanisms])

    def moved(name: str, by: Integers) -> Integers:
        return np.concatenate([np.where(getattr(m, name) < 0, -1, getattr(m, name) + n) for m, n in zip(mechanisms, by, strict=False)])

    def offsets(name: str) -> Integers:
        """Where the list of each reaction begins, in the lists of all."""
        ends = np.cumsum([0, *(getattr(m, name)[-1] for m in mechanisms)])
        return np.concatenate([[0], *(getattr(m, name)[1:] + n for m, n in zip(mechanisms, ends, strict=False))]).astype(np.int64)

    lists = {"first_switch", "first_factor"}
    species = {"heat_species", "factor_species", "threshold_species"}
    plain = [name for name in Mechanism._fields if name not in {*lists, *species, "switch", "stoichiometry", "scale"}]
    parts: dict[str, Any] = {name: joined(name) for name in plain}
    parts |= {name: offsets(name) for name in lists} | {name: moved(name, counts) for name in species}
    switch = np.concatenate(
        [
            np.where(m.switch < own, m.switch + first, m.switch - own + after)
            for m, own, first, after in zip(mechanisms, n_triggers, triggers, switches, strict=False)
        ]
    )
    return Mechanism(**parts, switch=switch, stoichiometry=stoichiometry, scale=max(m.scale for m in mechanisms))


def reach_of(mechanism: Mechanism) -> Floats:
    """About the largest extent of each reaction: what there is of the species that it uses, of one that is made again the scale."""
    made = np.any(mechanism.stoichiometry > 0.0, axis=0)
    found = np.full(mechanism.heat.shape[0], mechanism.scale)
    for k, row in enumerate(mechanism.stoichiometry):
        ends = [mechanism.start[j] / -row[j] for j in np.flatnonzero(row < 0.0) if not made[j] and mechanism.start[j] > 0.0]
        if ends:
            found[k] = min(ends)
    return found
