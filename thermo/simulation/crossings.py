"""The crossings that a case asks for: the levels that its probes are waited for to reach, and when they first did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermo.case.case import Case
from thermo.simulation.prepared import Prepared
from thermo.stepping.rows import Levels, waiting


def level_of(case: Case, body: Prepared, name: str) -> float:
    """The temperature that a crossing waits for [K]."""
    crossing = case.measure.crossings[name]
    if crossing.temperature is not None:
        return float(crossing.temperature)
    held = case.programme.held()[str(crossing.of)]  # type: ignore[union-attr]
    assert crossing.fraction is not None
    begun = body.initial(crossing.probe)
    return float(begun + crossing.fraction * (held - begun))


def levels_of(case: Case, body: Prepared, temperature: Any, columns: Mapping[str, Any]) -> Levels:
    """The levels of a case's crossings that are still waited for: given the temperatures of the state at time zero, and the columns of all
    rows so far, which a resumed run has."""
    crossings = case.measure.crossings
    probes = [crossing.probe for crossing in crossings.values()]
    start = [float(body.probes[probe].of(temperature[None])[0]) for probe in probes]
    levels = waiting([body.number(probe) for probe in probes], [level_of(case, body, name) for name in crossings], start)
    for k, probe in enumerate(probes):
        if f"{probe}_K" in columns and np.any(levels.side[k] * (columns[f"{probe}_K"] - levels.level[k]) >= 0.0):
            levels.waits[k] = 0.0
    return levels
