"""Lumped bodies that faces touch: a holder, a block heater, a cold plate of finite heat capacity.

Each has one temperature Tb:

    C dTb/dt = P(t) + UA (T_amb - Tb) + sum over its faces of A/R (T - Tb)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from thermo.base.arrays import Floats
from thermo.casefile.models import misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.programmes.conditions import Acting, Timed, at, rows_of, same, strongest_of

OF_THE_BODY = ("heat_capacity", "temperature", "power", "heat_transfer_conductance", "ambient_temperature")


class ContactWithABody(Acting):
    """A face touches a body of one temperature through a resistance; the body may be heated, and lose heat to its surroundings.

    Several faces touch the same body where they give it the same name, and the same numbers but the resistance.
    """

    kind: Literal["contact-with-a-body"]
    name: str
    heat_capacity: Annotated[float, Unit("heat capacity", gt=0)]
    resistance: Annotated[Any, Timed("thermal resistance", gt=0)]
    temperature: Annotated[float | None, Unit("temperature")] = None  # at the start; that of the sample where it is not given
    power: Annotated[Any, Timed("power")] = None
    heat_transfer_conductance: Annotated[Any, Timed("heat transfer conductance", ge=0)] = None
    ambient_temperature: Annotated[Any, Timed("temperature")] = None
    beside: ClassVar[bool] = True

    @model_validator(mode="after")
    def _complete(self) -> Any:
        problems: list[tuple[Key, str]] = []
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            problems.append((("name",), "a name may have letters, digits, '-', '_'"))
        if (self.heat_transfer_conductance is None) != (self.ambient_temperature is None):
            problems.append(((), "give 'heat_transfer_conductance' and 'ambient_temperature' together"))
        if problems:
            raise misplaced(problems)
        return self

    def drives(self, start: Any) -> bool:
        """Unless the body starts with the sample, and nothing heats or cools it."""
        heated = self.power is not None and strongest_of(self.power) > 0.0
        known = (self.temperature, self.ambient_temperature)
        return heated or any(value is not None and not same(value, start) for value in known)

    def strongest(self) -> float:
        """1/R at the least resistance."""
        return 1.0 / float(np.min(rows_of(self.resistance)[1]))

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """A/R."""
        return area / at(self.resistance, time)

    def column(self, place: str, alone: bool) -> str:
        """Beside other conditions on its face it has a column of its own."""
        return place if alone else f"{place}|{self.name}"

    def alone(self) -> list[Acting]:
        """What acts on the body itself: its power, its loss to the surroundings."""
        made: list[Acting] = []
        if self.power is not None:
            made.append(Power.model_construct(power=self.power))
        if self.heat_transfer_conductance is not None:
            made.append(Loss.model_construct(conductance=self.heat_transfer_conductance, ambient_temperature=self.ambient_temperature))
        return made

    def differs(self, other: ContactWithABody) -> list[str]:
        """The keys in which another contact says something else of the body."""
        return [key for key in OF_THE_BODY if _rows(getattr(self, key)) != _rows(getattr(other, key))]


class Power(Acting):
    """Heat that is made in a lumped body [W]; its area is the share of the body that belongs to the mesh."""

    power: Any
    inside: ClassVar[bool] = True

    @property
    def density(self) -> Any:
        """The power [W]."""
        return self.power

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """P, whatever the temperature is."""
        return at(self.power, time) * area, np.zeros_like(area)


class Loss(Acting):
    """UA (Tb - T_amb) leaves a lumped body; its area is the share of the body that belongs to the mesh."""

    conductance: Any
    ambient_temperature: Any
    inside: ClassVar[bool] = True

    @property
    def outside(self) -> Any:
        """The temperature of the surroundings [K]."""
        return self.ambient_temperature

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """UA (T_amb - Tb) and UA."""
        conductance = at(self.conductance, time) * area
        return conductance * (at(self.ambient_temperature, time) - temperature), conductance


def _rows(value: Any) -> Any:
    """A value as it can be compared."""
    return None if value is None else tuple(part.tolist() for part in rows_of(value))  # type: ignore[misc]


def lumped_names(terms: Iterable[tuple[str, Any]]) -> list[str]:
    """The names of the lumped bodies that faces touch."""
    return list(dict.fromkeys(condition.name for _, condition in terms if condition.beside))
