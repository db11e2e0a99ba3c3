"""What there is to say of a mechanism after a run: its gas, endless reactions, gates that stayed closed, heats of the wrong sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.units import show
from thermo.chemistry.kinetics import Mechanism
from thermo.chemistry.mechanism import MechanismText

TAKES_UP = ("separator", "melt", "vapor", "evaporat", "boil", "vent")
GIVES = ("sei", "anode", "cathode", "electrolyte", "lithium", "short", "binder")


def reaction_warnings(text: MechanismText, mechanism: Mechanism, highest: float, tolerance: float, owner: str) -> list[dict[str, Any]]:
    """Reactions that nothing ends, whose gate stays closed, or whose heat has not the sign of their name.

    Parameters
    ----------
    text, mechanism : the same as written and as arrays
    highest : temperature that was reached [K]
    tolerance : of an extent in a step
    owner : where the case has the chemistry, such as `sample`
    """
    found = []
    for k, (name, reaction) in enumerate(text.reactions.items()):
        where = f"{owner}.chemistry.reactions.{name}"
        if not any(reaction.consumes.values()):
            found.append({"code": "endless-reaction", "text": f"the reaction '{name}' consumes nothing, so it never ends", "where": where})
        seeds = [factor.seeded(text.species[factor.species].start) for factor in reaction.factors]
        tiny = [seed for seed in seeds if 0.0 < seed < tolerance]
        if tiny:
            words = f"the induction time of reaction '{name}' is not resolved: its initial product fraction ({min(tiny):.1g}) is below "
            words += f"the step tolerance ({tolerance:.0e}); lower numerics.tolerance"
            found.append({"code": "tiny-seed", "text": words, "where": f"{where}.factors"})
        gate = reaction.gate
        if gate is not None and gate.temperature > highest:
            words = f"the gate of the reaction '{name}' at {show(gate.temperature, 'temperature')} was not reached: the hottest is"
            found.append({"code": "gate-closed", "text": f"{words} {show(highest, 'temperature')}", "where": f"{where}.gate"})
        sign = named_sign(name)
        if sign * float(mechanism.heat[k]) < 0.0:
            words = f"the reaction '{name}' {'takes up' if sign > 0.0 else 'releases'} heat, which is unusual for its name"
            found.append({"code": "heat-sign", "text": words, "where": f"{where}.heat"})
    return found


def gas_of(made: dict[str, float], per_extent: Floats) -> dict[str, Any]:
    """The gas that each reaction has made [mol] as a summary has it; nothing where none makes any."""
    return {"gas": {"made_mol": sum(made.values()), "by_reaction_mol": made}} if np.any(per_extent) else {}


def named_sign(name: str) -> float:
    """The sign of the heat that the name of a reaction lets expect; 0.0 where it says nothing."""
    word = name.lower()
    if any(part in word for part in TAKES_UP):
        return -1.0
    return 1.0 if any(part in word for part in GIVES) else 0.0
