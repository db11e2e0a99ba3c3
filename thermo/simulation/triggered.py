"""What in a body waits for a place to come to a temperature, conditions, shorts, ejecta: their triggers, and what a run says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.units import show
from thermo.heat.triggers import Trigger, Waits, moments_of
from thermo.measurement.readings import Reading
from thermo.programmes.conditions import Reached, bends_of


class Triggered(NamedTuple):
    """The triggers of a body and the terms that wait for them; those that are a place at a temperature by their `names`, each with its
    number."""

    triggers: tuple[Trigger, ...]
    waits: dict[int, Waits]
    names: dict[str, tuple[int, Reached]]

    def summary(self, fired: Floats, maximum: Callable[[Reached], float]) -> dict[str, Any]:
        """When each trigger came, its temperature, and the `maximum` temperature that its place had in a row."""
        moments = moments_of(fired, self.triggers)
        return {
            name: {
                "time_s": float(moments[j]) if np.isfinite(moments[j]) else None,
                "temperature_K": float(reached.temperature),
                "maximum_K": maximum(reached),
            }
            for name, (j, reached) in self.names.items()
        }


def triggered(terms: Sequence[tuple[str, Any]], fails: Mapping[tuple[str, str], float], reading: Callable[[Reached], Reading]) -> Triggered:
    """The triggers of the terms of a body, and of what `fails`, a region and a word, at a temperature [K].

    `reading` reads the place that one names.
    """
    made, waits, names = list[Trigger](), dict[int, Waits](), dict[str, tuple[int, Reached]]()
    for j, (place, condition) in enumerate(terms):
        numbers = {"starts": -1, "stops": -1}
        for word, reached in condition.waits().items():
            numbers[word] = len(made)
            same = sum(name.startswith(f"{place}-{word}") for name in names)
            names[f"{place}-{word}" + (f"-{same + 1}" if same else "")] = len(made), reached
            made.append(Trigger(reading(reached), float(reached.temperature)))
        if condition.waits():
            waits[j] = Waits(**numbers)
        if numbers["starts"] >= 0:
            made += [Trigger(None, time, numbers["starts"]) for time in bends_of(condition) if time > 0.0]
    for (region, word), temperature in fails.items():
        reached = Reached.model_construct(region=region, temperature=temperature)
        names[f"{region}-{word}"] = len(made), reached
        made.append(Trigger(reading(reached), float(reached.temperature)))
    return Triggered(tuple(made), waits, names)


def never_triggered(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A warning of every trigger that did not come, from a summary."""
    warnings = []
    for name, entry in found.items():
        if entry["time_s"] is None:
            level, highest = (show(entry[key], "temperature") for key in ("temperature_K", "maximum_K"))
            text = f"{name} waits for {level} and never comes: its place reaches {highest} at most"
            warnings.append({"code": "not-triggered", "text": text, "where": f"triggers.{name}"})
    return warnings
