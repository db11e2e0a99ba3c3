"""What happens once in a body: a place comes to a temperature, and heat starts or stops.

The moments stand in the last row of the switches of a state, infinite as long as a thing has not happened. A step ends at each of them, and
where a table that counts from one of them bends.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from thermo.base.arrays import Floats
from thermo.stepping.loop import past


class Place(Protocol):
    """Where a temperature is read."""

    def of(self, temperature: Floats) -> Floats:
        """Temperatures (n_rows,) [K] from those of the nodes (n_rows, n_nodes)."""


class Gas(NamedTuple):
    """Gas that the reactions of a region have made [mol/m3]: of each of its `parts` rows and columns of the extents of a state, and what an
    extent there counts (n_rows, n_columns)."""

    parts: tuple[tuple[slice, slice, Floats], ...]

    def of(self, extent: Floats) -> float:
        """How much there is at these extents (n_sites, n_reactions)."""
        return sum(float(np.sum(weights * extent[rows, columns])) for rows, columns, weights in self.parts)


class Trigger(NamedTuple):
    """A place that comes to a `level` [K]; `gas` that comes to one [mol/m3]; or, without either, the time `level` [s] after the trigger
    number `follows`, or after the start where it follows none."""

    place: Place | None
    level: float
    follows: int = -1
    gas: Gas | None = None


class Waits(NamedTuple):
    """Of a term that does not act all the time: the numbers of the triggers at which it starts and stops, -1 where there is none."""

    starts: int = -1
    stops: int = -1

    def since(self, moments: Floats, time: float) -> float | None:
        """How long it has been acting at a time [s], from the moments of the triggers; None where it does not act."""
        begun = float(moments[self.starts]) if self.starts >= 0 else 0.0
        ended = float(moments[self.stops]) if self.stops >= 0 else math.inf
        return time - begun if begun <= time and not ended <= time else None


NO_MOMENTS = np.zeros(0)
REACHED = 1e-9  # of a level: a place that is so near has come to it, whatever rounding says


def room_for(fired: Floats, triggers: tuple[Trigger, ...]) -> Floats:
    """Switches of a state (n, m) with a last row for the moments of the triggers, none of which has come."""
    if not triggers:
        return fired
    wider = np.zeros((len(fired) + 1, max(fired.shape[1], len(triggers))))
    wider[:-1, : fired.shape[1]] = fired
    wider[-1] = math.inf
    return wider


def moments_of(fired: Floats, triggers: tuple[Trigger, ...]) -> Floats:
    """The moments of the triggers [s] in the switches of a state."""
    return fired[-1, : len(triggers)] if triggers else NO_MOMENTS


def next_trigger(triggers: tuple[Trigger, ...], moments: Floats, temperature: Floats, extent: Floats, clock: float) -> tuple[float, int]:
    """Excess over the trigger that is due most, in K, s or hundredths of an amount of gas, negative where none is due, and its number."""
    worst, which = -math.inf, 0
    for j, trigger in enumerate(triggers):
        if moments[j] < math.inf:
            continue
        if trigger.gas is not None:
            margin = 100.0 * (trigger.gas.of(extent) / trigger.level - 1.0 + REACHED)
        elif trigger.place is None:
            margin = clock - float(moments[trigger.follows]) - trigger.level if trigger.follows >= 0 else past(clock, trigger.level)
        else:
            margin = float(trigger.place.of(temperature[None])[0]) - trigger.level + REACHED * trigger.level
        if margin > worst:
            worst, which = margin, j
    return worst, which


def until_next(triggers: tuple[Trigger, ...], moments: Floats, clock: float) -> float:
    """How long it is until the first of the known moments [s], those that follow a trigger that has come; infinite where none is known."""
    timed = [t for j, t in enumerate(triggers) if t.place is None and t.gas is None and moments[j] == math.inf]
    known = [t.level + (float(moments[t.follows]) if t.follows >= 0 else 0.0) for t in timed]
    return min((moment - clock for moment in known if clock < moment < math.inf), default=math.inf)
