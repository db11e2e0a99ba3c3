"""When runaway comes to each cell of a body: first and last places, conversion, delays from one cell to the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats


class Reached(NamedTuple):
    """One region that reacts, over time (n_rows,): mean, largest, smallest temperature [K], the node of the largest, heat released so far
    [J]; the middle of the region [m], and about the heat [J] that it holds."""

    name: str
    mean: Floats
    largest: Floats
    smallest: Floats
    hottest: Floats
    released: Floats
    centre: Floats
    holds: float


TOGETHER = 0.01  # of the time in which runaway crosses a cell: two that go off within it do so by what both have in common
COLUMNS = {
    "order": "1 is the first cell that the temperature reached",
    "time_s": "its mean temperature passes the temperature of arrival",
    "first_time_s": "the first place in it does",
    "last_time_s": "the last place in it does",
    "crossing_s": "from the first to the last place",
    "delay_s": "after the cell before it, by the mean",
    "gap_s": "from the last place of the cell before it to its first place",
    "speed_m_per_s": "from the middle of the cell before it to its own, over the delay; none where both go off together",
    "half_conversion_s": "half of the heat that its reactants hold is released",
    "fastest_rise_s": "its mean temperature rises fastest",
    "maximum_K": "the hottest place at any time",
    "maximum_mean_K": "the largest mean temperature",
    "released_J": "heat of its reactions in all",
    "converted": "share of the heat that its reactants hold",
    "short_by_K": "by how much the mean missed the temperature of arrival",
}


def arrivals(time: Floats, cells: Sequence[Reached], level: float, place: Callable[[int], list[float]]) -> dict[str, dict[str, Any]]:
    """What there is to tell of each cell, in the order of arrival, those that were not reached last; see `COLUMNS`.

    Parameters
    ----------
    time : of the rows [s]
    level : temperature of arrival [K]
    place : where a node is [m]
    """
    found = {cell.name: _one(time, cell, level, place) for cell in cells}
    centres = {cell.name: cell.centre for cell in cells}
    ranked = sorted(found, key=lambda name: math.inf if found[name]["time_s"] is None else found[name]["time_s"])
    reached = [name for name in ranked if found[name]["time_s"] is not None]
    for i, name in enumerate(reached):
        own = found[name]
        own["order"] = i + 1
        if i == 0:
            continue
        before = found[reached[i - 1]]
        own["delay_s"] = own["time_s"] - before["time_s"]
        if before["last_time_s"] is not None:
            own["gap_s"] = own["first_time_s"] - before["last_time_s"]
        if own["delay_s"] > TOGETHER * max(own["crossing_s"] or 0.0, before["crossing_s"] or 0.0):
            own["speed_m_per_s"] = float(np.linalg.norm(centres[name] - centres[reached[i - 1]])) / own["delay_s"]
    return {name: found[name] for name in ranked}


def arrivals_table(found: dict[str, dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """The same as a table: its head, and a row each cell."""
    return ["cell", *COLUMNS], [[name, *map(cell.get, COLUMNS)] for name, cell in found.items()]


def _one(time: Floats, cell: Reached, level: float, place: Callable[[int], list[float]]) -> dict[str, Any]:
    """What there is to tell of a cell by itself."""
    made: dict[str, Any] = dict.fromkeys(COLUMNS)
    made["time_s"], made["first_time_s"], made["last_time_s"] = (
        _passes(time, values, level) for values in (cell.mean, cell.largest, cell.smallest)
    )
    if made["first_time_s"] is not None:
        made["first_place_m"] = place(int(cell.hottest[np.argmax(cell.largest >= level)]))
        if made["last_time_s"] is not None:
            made["crossing_s"] = made["last_time_s"] - made["first_time_s"]
    if cell.holds > 0.0:
        made["half_conversion_s"] = _passes(time, cell.released, 0.5 * cell.holds)
        made["converted"] = float(cell.released[-1] / cell.holds)
    rates = np.diff(cell.mean) / np.maximum(np.diff(time), 1e-300)
    if len(rates) and rates.max() > 0.0:
        at = int(np.argmax(rates))
        made["fastest_rise_s"] = float(0.5 * (time[at] + time[at + 1]))
    made["maximum_K"], made["maximum_mean_K"] = float(cell.largest.max()), float(cell.mean.max())
    made["released_J"] = float(cell.released[-1])
    if made["time_s"] is None:
        made["short_by_K"] = level - made["maximum_mean_K"]
    return made


def _passes(time: Floats, values: Floats, level: float) -> float | None:
    """The first time at which values reach a level [s], linear between rows; None if they never do."""
    over = np.flatnonzero(values >= level)
    if not len(over):
        return None
    k = int(over[0])
    if k == 0:
        return float(time[0])
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(time[k - 1] + share * (time[k] - time[k - 1]))
