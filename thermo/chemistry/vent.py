"""A vent of a cell: when it opens, and the heat that leaves with what it lets out at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.chemistry.amount import OneOf
from thermo.chemistry.gas import BY_MASS, BY_VOLUME, WHOLE, amount_of_gas, gas_per_extent, most_gas
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import arrays
from thermo.materials.material import Temperature


class Opening(Frozen):
    """When a vent opens: the cell, or the hottest place of a region, reaches a temperature; or its reactions have made so much gas."""

    temperature: Temperature | None = None
    gas: Annotated[float | None, OneOf(WHOLE, BY_VOLUME, BY_MASS, gt=0)] = None

    @model_validator(mode="after")
    def _one(self) -> Opening:
        if (self.temperature is None) == (self.gas is None):
            raise misplaced([((), "give either 'temperature' or 'gas'")])
        return self


class Vent(Frozen):
    """A vent that opens once. What leaves at that moment `takes` heat with it, by each kg of the cell or the material, or in all."""

    at: Opening
    takes: Annotated[float | None, OneOf("specific energy", "energy", ge=0)] = None

    def heat(self, mass: float | None) -> float:
        """The heat that leaves at once [J] from a mass [kg]."""
        if self.takes is None:
            return 0.0
        by_mass = getattr(self.takes, "dimension", "energy") == "specific energy"
        assert mass is not None or not by_mass
        return float(self.takes) * (mass or 0.0) if by_mass else float(self.takes)


def vent_problems(vent: Vent | None, text: MechanismText | None, volume: float | None, mass: float | None) -> list[tuple[Key, str]]:
    """What is wrong with the vent of a cell of a volume [m3] and a mass [kg], as far as they are known, with this chemistry."""
    if vent is None:
        return []
    needs = {getattr(vent.at.gas, "dimension", None), getattr(vent.takes, "dimension", None)}
    if BY_VOLUME in needs and volume is None:
        return [(("vent", "at", "gas"), "is by volume, but the cell has no 'volume'")]
    if needs & {BY_MASS, "specific energy"} and mass is None:
        key = ("takes",) if "specific energy" in needs else ("at", "gas")
        return [(("vent", *key), "is by mass, but the cell has no 'mass'")]
    return _never(vent, text, volume, mass)


def _never(vent: Vent, text: MechanismText | None, volume: float | None, mass: float | None) -> list[tuple[Key, str]]:
    """That the gas a vent waits for can never come."""
    if vent.at.gas is None:
        return []
    if text is None or not any(reaction.gas for reaction in text.reactions.values()):
        return [(("vent", "at", "gas"), "never comes: no reaction makes gas; give a reaction its 'gas', or vent at a temperature")]
    mechanism = arrays(text, None, volume, 0, mass)
    most = most_gas(mechanism, gas_per_extent(text, len(mechanism.heat), volume, mass))
    wanted = amount_of_gas(vent.at.gas, volume, mass)
    if most >= wanted:
        return []
    return [(("vent", "at", "gas"), f"never comes: the reactions make {most / wanted:.3g} of that amount at most")]
