"""The heat of a short at a place: its charge is drawn from all of a cell, its electrical energy comes in a part of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.chemistry.kinetics import Mechanism
from thermo.chemistry.mechanism_arrays import Short


class Drawn(NamedTuple):
    """Sites of one kind that a short discharges: their `rows` in the extents of a state, the number of its `reaction` in their
    `mechanism` and of its switch, the `column`, and the `volume` (n_rows,) of the material at each [m3]."""

    rows: Integers
    mechanism: Mechanism
    reaction: int
    column: int
    volume: Floats

    def charge(self, extent: Floats) -> Floats:
        """The charged fraction that is left at each site (n_rows,)."""
        mechanism, species = self.mechanism, int(self.mechanism.heat_species[self.reaction])
        used = extent[self.rows, : len(mechanism.heat)] @ mechanism.stoichiometry[:, species]
        return mechanism.start[species] + used  # type: ignore[no-any-return]


class Placed(NamedTuple):
    """A short whose heat is made at a place: the `row` of its reaction among those of the ledger, the `share` of each node (n_nodes,) in
    its heat, all of them 1, and what it draws from."""

    row: int
    share: Floats
    drawn: tuple[Drawn, ...]
    short: Short

    def energy(self, before: Floats, after: Floats) -> float:
        """Electrical energy that passes between two states of the extents [J]: the voltage over the charge, linear in it.

        E = sum over sites of v (h + h' (s + s')/2) (x' - x), the energy of the charge to rounding where the short alone draws on it.
        """
        found = 0.0
        for part in self.drawn:
            k, mechanism = part.reaction, part.mechanism
            mean = 0.5 * (part.charge(before) + part.charge(after))
            passed = after[part.rows, k] - before[part.rows, k]
            found += float(part.volume @ ((mechanism.heat[k] + mechanism.heat_slope[k] * mean) * passed))
        return found

    def power(self, extent: Floats, fired: Floats, moment: float) -> float:
        """Electrical power at a state [W]: V(s)^2/R s/(s + half) by each m3 of the cell, no more than is left for a `moment` [s]."""
        found, short = 0.0, self.short
        for part in self.drawn:
            s = np.maximum(part.charge(extent), 0.0)
            voltage = short.empty + (short.full - short.empty) * s
            current = voltage / short.resistance * s / (s + short.half)
            if moment > 0.0:
                current = np.minimum(current, short.charge * s / moment)
            found += float(part.volume @ (voltage * current * fired[part.rows, part.column])) / short.volume
        return found
