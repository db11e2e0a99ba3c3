"""An internal short of a cell: when it comes, and the reaction that it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from thermo.base.errors import did_you_mean, shortened
from thermo.casefile.models import Frozen
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import Short
from thermo.materials.material import Temperature

AMOUNT_UNITS = {"density": "kg/m3", "amount of substance": "mol"}


class Trigger(Frozen):
    """When something happens: where the cell, or the hottest place of a region, reaches a temperature."""

    temperature: Temperature


class VoltageOfCell(Frozen):
    """Open-circuit voltage over the charged fraction s: empty + (full - empty) s."""

    empty: Annotated[float, Unit("voltage", gt=0)]
    full: Annotated[float, Unit("voltage", gt=0)]


class ShortCircuit(Frozen):
    """An internal short at a trigger: sustained through `resistance`, or fused, giving `fused_energy` once.

    It takes its charge from the species `from`, a fraction, which the decomposition of the charged material shares.
    """

    at: Trigger
    resistance: Annotated[float, Unit("electrical resistance", gt=0)]
    fused_energy: Annotated[float | None, Unit("energy", ge=0)] = None
    charge: Annotated[float, Unit("electrical charge", gt=0)]
    voltage: VoltageOfCell
    species: str = Field(alias="from")
    half: Annotated[float, Unit("number", gt=0)] = 0.001

    def reaction(self) -> Short | None:
        """The reaction of a sustained short; None of a fused one."""
        if self.fused_energy is not None:
            return None
        ends = float(self.voltage.empty), float(self.voltage.full)
        return Short(float(self.resistance), float(self.charge), *ends, self.species, float(self.half))

    def fuse(self) -> tuple[float, float]:
        """Energy that a fused short gives at once [J], and the charged fraction it takes: what passes at full voltage is gone."""
        if self.fused_energy is None:
            return 0.0, 0.0
        energy = float(self.fused_energy)
        return energy, energy / (self.voltage.full * self.charge)


def short_problems(short: ShortCircuit | None, base: MechanismText | None) -> list[tuple[Key, str]]:
    """What is wrong with a short of something that has this chemistry, None where it has none."""
    if short is None:
        return []
    species = base.species if base else {}
    found: list[tuple[Key, str]] = []
    if short.voltage.full < short.voltage.empty:
        found.append((("short", "voltage"), "the full cell must not have less voltage than the empty one"))
    if short.species not in species:
        found.append((("short", "from"), f"no such species {shortened(short.species)!r}" + did_you_mean(short.species, species)))
    elif base is not None and base.amounts != "number":
        text = "a short uses the amount of this species as the charged fraction, but amounts are given in "
        found.append((("short", "from"), text + f"{AMOUNT_UNITS[base.amounts]}; give them as fractions, with a start of at most 1"))
    if base is not None and "short" in base.reactions:
        found.append((("chemistry",), "has a reaction named 'short', which is reserved for the internal short"))
    return found
