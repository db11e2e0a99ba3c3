"""An internal short of a cell: when it comes, and the reaction that it is."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from thermo.base.arrays import Floats
from thermo.base.errors import did_you_mean, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import Short
from thermo.materials.material import Temperature

AMOUNT_UNITS = {"density": "kg/m3", "amount of substance": "mol"}


class Trigger(Frozen):
    """When something happens: where the cell, or the hottest place of a region, reaches a temperature."""

    temperature: Temperature


class Beginning(Frozen):
    """When a short begins: the cell, the hottest place of a region, or of the `place` of the short, reaches a temperature; or at a time."""

    temperature: Temperature | None = None
    time: Annotated[float | None, Unit("time", ge=0)] = None

    @model_validator(mode="after")
    def _one(self) -> Beginning:
        if (self.temperature is None) == (self.time is None):
            raise misplaced([((), "give either 'temperature' or 'time'")])
        return self


Corner = tuple[Annotated[float, Unit("length")], ...]


class Ball(Frozen):
    """A ball in space, in the coordinates of the body; on a line a piece of it, in a plane a disc."""

    centre: Corner
    radius: Annotated[float, Unit("length", gt=0)]

    def middle(self) -> Floats:
        """Its centre [m]."""
        return np.array([float(x) for x in self.centre])

    def width(self) -> float:
        """Its least extent [m]."""
        return 2.0 * float(self.radius)

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Which of some points (n, dimension) [m] lie in it (n,)."""
        return np.linalg.norm(points - self.middle(), axis=1) <= float(self.radius)  # type: ignore[no-any-return]


class Block(Frozen):
    """A box along the axes of the body, from corner to corner."""

    low: Corner = Field(alias="from")
    high: Corner = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Block:
        if len(self.low) != len(self.high):
            raise misplaced([(("to",), f"has {len(self.high)} coordinates, but 'from' has {len(self.low)}")])
        if any(b <= a for a, b in zip(self.low, self.high, strict=True)):
            raise misplaced([(("to",), "must lie beyond 'from' along every axis")])
        return self

    def middle(self) -> Floats:
        """Its centre [m]."""
        return np.array([0.5 * (float(a) + float(b)) for a, b in zip(self.low, self.high, strict=True)])

    def width(self) -> float:
        """Its least extent [m]."""
        return min(float(b) - float(a) for a, b in zip(self.low, self.high, strict=True))

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Which of some points (n, dimension) [m] lie in it (n,)."""
        low, high = (np.array([float(x) for x in end]) for end in (self.low, self.high))
        slack = 1e-9 * (high - low)
        return np.all((points >= low - slack) & (points <= high + slack), axis=1)  # type: ignore[no-any-return]


class PlaceOfShort(Frozen):
    """Where a short makes its heat: a `sphere` or a `box`."""

    sphere: Ball | None = None
    box: Block | None = None

    @model_validator(mode="after")
    def _one(self) -> PlaceOfShort:
        if (self.sphere is None) == (self.box is None):
            raise misplaced([((), "give either 'sphere' or 'box'")])
        return self

    @property
    def part(self) -> Ball | Block:
        """Which of the two it is."""
        part = self.sphere or self.box
        assert part is not None
        return part


class VoltageOfCell(Frozen):
    """Open-circuit voltage over the charged fraction s: empty + (full - empty) s."""

    empty: Annotated[float, Unit("voltage", gt=0)]
    full: Annotated[float, Unit("voltage", gt=0)]


class ShortCircuit(Frozen):
    """An internal short at a trigger: sustained through `resistance`, or fused, giving `fused_energy` once.

    It takes its charge from the species `from`, a fraction, which the decomposition of the charged material shares. In a body it makes its
    heat at its `place`, or evenly in the region.
    """

    at: Beginning
    place: PlaceOfShort | None = None
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
