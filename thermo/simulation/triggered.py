"""What in a body waits for a place to come to a temperature, conditions, shorts, ejecta: their triggers, and what a run says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import show
from thermo.heat.triggers import Gas, Trigger, Waits, moments_of
from thermo.measurement.readings import Reading
from thermo.programmes.conditions import Reached, bends_of


class Awaited(NamedTuple):
    """What something waits for: a place `reached` at a temperature, a `level` of `gas` [mol/m3], or without either a time."""

    level: float
    reached: Reached | None = None
    gas: Gas | None = None


class Triggered(NamedTuple):
    """The triggers of a body and the terms that wait for them; those that wait for something other than another by their `names`, each with
    its number."""

    triggers: tuple[Trigger, ...]
    waits: dict[int, Waits]
    names: dict[str, tuple[int, Awaited]]

    def summary(self, fired: Floats, extent: Floats, maximum: Callable[[Reached], float]) -> dict[str, Any]:
        """When each trigger came, its temperature, and the `maximum` temperature that its place had in a row; or the gas that it waits for
        and that there is at the `extent` of the end."""
        moments, found = moments_of(fired, self.triggers), dict[str, Any]()
        for name, (j, awaited) in self.names.items():
            found[name] = {"time_s": float(moments[j]) if np.isfinite(moments[j]) else None}
            if awaited.gas is not None:
                found[name] |= {"gas_mol_per_m3": awaited.level, "made_mol_per_m3": awaited.gas.of(extent)}
            elif awaited.reached is not None:
                found[name] |= {"temperature_K": awaited.level, "maximum_K": maximum(awaited.reached)}
            else:
                found[name] |= {"begins_s": awaited.level}
        return found


def triggered(
    terms: Sequence[tuple[str, Any]], fails: Mapping[tuple[str, str], Awaited], reading: Callable[[Reached], Reading]
) -> Triggered:
    """The triggers of the terms of a body, and of what `fails`, a region and a word.

    `reading` reads the place that one names.
    """
    made, waits, names = list[Trigger](), dict[int, Waits](), dict[str, tuple[int, Awaited]]()
    for j, (place, condition) in enumerate(terms):
        numbers = {"starts": -1, "stops": -1}
        for word, reached in condition.waits().items():
            numbers[word] = len(made)
            same = sum(name.startswith(f"{place}-{word}") for name in names)
            names[f"{place}-{word}" + (f"-{same + 1}" if same else "")] = len(made), Awaited(float(reached.temperature), reached)
            made.append(Trigger(reading(reached), float(reached.temperature)))
        if condition.waits():
            waits[j] = Waits(**numbers)
        if numbers["starts"] >= 0:
            made += [Trigger(None, time, numbers["starts"]) for time in bends_of(condition) if time > 0.0]
    for (region, word), awaited in fails.items():
        names[f"{region}-{word}"] = len(made), awaited
        made.append(Trigger(reading(awaited.reached) if awaited.reached else None, awaited.level, gas=awaited.gas))
    return Triggered(tuple(made), waits, names)


def awaited_text(entry: dict[str, Any], most: bool = False) -> str:
    """What an entry of `triggers` waits for, in words; `most` gives the most that there was of it."""
    if "temperature_K" in entry:
        return show(entry["maximum_K" if most else "temperature_K"], "temperature")
    if "begins_s" in entry:
        return show(entry["begins_s"], "time")
    key = next(key for key in entry if key.startswith("gas_"))
    return f"{show(entry[key.replace('gas_', 'made_') if most else key], dimension_of_key(key))} of gas"


def never_triggered(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A warning of every trigger that did not come, from a summary."""
    warnings = []
    for name, entry in found.items():
        if entry["time_s"] is None:
            text = f"{name} waits for {awaited_text(entry)} and never comes: "
            most = awaited_text(entry, most=True)
            text += {"temperature_K": f"its place reaches {most} at most", "begins_s": "the run ends before"}.get(
                list(entry)[1], f"the reactions make {most}"
            )
            warnings.append({"code": "not-triggered", "text": text, "where": f"triggers.{name}"})
    return warnings
