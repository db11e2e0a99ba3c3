"""Gas that reactions make: how a mechanism states it, how much of it there is, and the most that can come."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.chemistry.amount import OneOf
from thermo.chemistry.kinetics import Mechanism, extent_left

WHOLE, BY_VOLUME, BY_MASS = "amount of substance", "concentration", "specific amount"  # dimensions of an amount of gas


GAS = OneOf(WHOLE, BY_VOLUME, BY_MASS, "number", ge=0)  # that a reaction makes


def gas_problem(gas: Any, amounts: str) -> str | None:
    """What is wrong with the gas of a reaction whose amounts are of this dimension, or None."""
    dimension = getattr(gas, "dimension", WHOLE)
    if gas is None:
        return None
    if amounts == "density" and dimension != BY_MASS:
        return "amounts are in kg/m3: give the gas per kg of extent, such as 12 mol/kg"
    if amounts == WHOLE and dimension != "number":
        return "amounts are in mol: give mol of gas per mol of extent, a number without a unit"
    if amounts == "number" and dimension == "number":
        return "amounts are fractions: give the gas of all of it as mol of the cell, mol/m3 or mol/kg of the cell or the material"
    return None


def amount_of_gas(gas: Any, volume: float | None, mass: float | None) -> float:
    """An amount of gas [mol] in a volume [m3] and a mass [kg]; a material has those of one cubic metre."""
    scale = {BY_VOLUME: volume, BY_MASS: mass}.get(getattr(gas, "dimension", WHOLE), 1.0)
    assert scale is not None
    return float(gas) * scale


def gas_per_extent(text: Any, n: int, volume: float | None, mass: float | None) -> Floats:
    """Gas that each of `n` reactions makes per unit of extent [mol], those of a mechanism as written first; others make none."""
    made = np.zeros(n)
    for k, reaction in enumerate(text.reactions.values()):
        if reaction.gas is not None:
            made[k] = float(reaction.gas) * volume if text.amounts == "density" and volume else amount_of_gas(reaction.gas, volume, mass)
    return made


def most_gas(mechanism: Mechanism, made: Floats) -> float:
    """The most gas that reactions can make from what there is at the start [mol]; infinite where one of them never ends."""
    return float(sum(gas * extent_left(mechanism, k, mechanism.start) for k, gas in enumerate(made) if gas > 0.0))
