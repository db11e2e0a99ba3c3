"""Conditions on faces and sources in regions: data only. Each value is a constant, a ramp or a table over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.base.errors import did_you_mean
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.tables import number, pairs
from thermo.casefile.units import Quantity, Unit


class OverTime(NamedTuple):
    """A value over time: linear between the rows, constant before the first and after the last."""

    time: tuple[Quantity, ...]
    value: tuple[Quantity, ...]
    keys: tuple[tuple[Key, Key], ...]  # where time and value of each row stand in the file

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for row, numbers in zip(self.keys, zip(self.time, self.value, strict=True), strict=True):
            for key, entry in zip(row, numbers, strict=True):
                if key:
                    yield key, entry

    def at(self, time: float) -> float:
        """The value at a time [s]."""
        return float(np.interp(time, np.array(self.time, float), np.array(self.value, float)))


def at(value: float | OverTime, time: float) -> float:
    """A value of a condition at a time [s]."""
    return value.at(time) if isinstance(value, OverTime) else float(value)


def slope_at(value: float | OverTime, time: float) -> float:
    """Rate of a value from a time on [its unit per s]."""
    if not isinstance(value, OverTime):
        return 0.0
    row = int(np.searchsorted(np.array(value.time, float), time * (1.0 + 1e-12), side="right"))
    if row == 0 or row == len(value.time):
        return 0.0
    return float((value.value[row] - value.value[row - 1]) / (value.time[row] - value.time[row - 1]))


class Timed:
    """A constant, `{table: [[time, value], ...]}`, or `{from: value, to: value, over: time}`."""

    def __init__(self, dimension: str, **limits: float) -> None:
        self.unit = Unit(dimension, **limits)

    def _validate(self, value: Any, info: ValidationInfo) -> Quantity | OverTime:
        if isinstance(value, OverTime):
            return value
        if not isinstance(value, dict):
            return self.unit._validate(value, info)
        if "table" in value and set(value) == {"table"}:
            return self._table(value["table"], info)
        return self._ramp(value, info)

    def _table(self, rows: Any, info: ValidationInfo) -> OverTime:
        times, values = pairs(rows, Unit("time", ge=0), self.unit, info, ("0 s", "10 min"))
        return OverTime(times, values, tuple((("table", i, 0), ("table", i, 1)) for i in range(len(times))))

    def _ramp(self, value: dict[str, Any], info: ValidationInfo) -> OverTime:
        wanted = ("from", "to", "over")
        problems: list[tuple[Key, str]] = [((k,), "unknown key" + did_you_mean(k, [*wanted, "table"])) for k in value if k not in wanted]
        problems += [((k,), "is missing; a ramp is {from: ..., to: ..., over: ...}") for k in wanted if k not in value]
        if problems:
            raise misplaced(problems)
        first, last = (number(self.unit, value[name], (name,), info, problems) for name in ("from", "to"))
        span = number(Unit("time", gt=0), value["over"], ("over",), info, problems)
        if problems:
            raise misplaced(problems)
        return OverTime((span.like(0.0), span), (first, last), (((), ("from",)), (("over",), ("to",))))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number = self.unit.__get_pydantic_json_schema__(schema, handler)
        table = {"type": "object", "properties": {"table": {"type": "array"}}, "required": ["table"]}
        ramp = {
            "type": "object",
            "properties": {"from": number, "to": number, "over": {"type": "string"}},
            "required": ["from", "to", "over"],
        }
        return {"anyOf": [number, table, ramp]}


TemperatureOverTime = Annotated[Any, Timed("temperature")]


class Held(Frozen):
    """A face held at a temperature from t = 0+ on."""

    kind: Literal["held"]
    temperature: TemperatureOverTime


class Flux(Frozen):
    """Heat into the body through each unit of a face; negative where it is taken out."""

    kind: Literal["flux"]
    heat_flux: Annotated[Any, Timed("heat flux")]


class Convection(Frozen):
    """h (T - T_amb) leaves each unit of a face."""

    kind: Literal["convection"]
    heat_transfer_coefficient: Annotated[Any, Timed("heat transfer coefficient", ge=0)]
    ambient_temperature: TemperatureOverTime


class Radiation(Frozen):
    """eps sigma (T^4 - T_amb^4) leaves each unit of a face: grey, towards large surroundings."""

    kind: Literal["radiation"]
    emissivity: Annotated[Any, Timed("number", ge=0, le=1)]
    ambient_temperature: TemperatureOverTime


def strongest(film: Convection | Radiation) -> float:
    """The largest coefficient that a film has over time [W/(m2 K)]; of radiation 4 eps sigma T^3 at its hottest surroundings."""
    if isinstance(film, Convection):
        return strongest_of(film.heat_transfer_coefficient)
    return 4.0 * strongest_of(film.emissivity) * STEFAN_BOLTZMANN * strongest_of(film.ambient_temperature) ** 3


def drives(condition: Any, start: Any) -> bool:
    """Whether a condition on a face moves heat from the beginning: not one at the temperature that the whole body starts at."""
    if isinstance(condition, Flux):
        return strongest_of(condition.heat_flux) > 0.0
    if not isinstance(condition, Held | Convection | Radiation):
        return False
    known = condition.temperature if isinstance(condition, Held) else condition.ambient_temperature
    return not (isinstance(start, float) and isinstance(known, float) and abs(known - start) < 1e-9 * abs(start))


def strongest_of(value: Any) -> float:
    """The largest amount of a value that may change over time."""
    return max(abs(float(v)) for v in value.value) if isinstance(value, OverTime) else abs(float(value))


class Contact(Frozen):
    """A thermal resistance between the two sides of an interface; both sides have temperatures of their own."""

    kind: Literal["contact"]
    resistance: Annotated[Any, Timed("thermal resistance", gt=0)]


class ThinLayer(Frozen):
    """A layer on an interface that resists and stores nothing: the resistance is thickness over conductivity."""

    kind: Literal["thin-layer"]
    thickness: Annotated[float, Unit("length", gt=0)]
    thermal_conductivity: Annotated[float, Unit("thermal conductivity", gt=0)]


class GapRadiation(Frozen):
    """sigma (T^4 - T_to^4) / (1/eps + 1/eps_to - 1) passes each unit of a plane face to the plane face that it looks at, point to point.

    That holds for grey, diffuse faces whose distance is small against their size.
    """

    kind: Literal["gap-radiation"]
    to: str
    emissivity: Annotated[Any, Timed("number", gt=0, le=1)]
    other_emissivity: Annotated[Any, Timed("number", gt=0, le=1)]


class Source(Frozen):
    """Heat made in each unit of a region's volume; negative where it is taken out."""

    power_density: Annotated[Any, Timed("power density")]


LINKS = (Contact, ThinLayer, GapRadiation)  # what passes heat between two sides of the body


def resistance(condition: Any, time: float) -> float:
    """Thermal resistance of a contact or a thin layer [m2 K/W]."""
    if isinstance(condition, ThinLayer):
        return float(condition.thickness / condition.thermal_conductivity)
    return at(condition.resistance, time)


# insulated is what a face without a condition is
Condition = Annotated[Held | Flux | Convection | Radiation | Contact | ThinLayer | GapRadiation, Field(discriminator="kind")]


def corners(conditions: list[Any]) -> list[float]:
    """Times at which a value of any condition bends [s]: steps end there."""
    found = set()
    for condition in conditions:
        for name in type(condition).model_fields:
            value = getattr(condition, name)
            if isinstance(value, OverTime):
                found |= {float(time) for time in value.time}
    return sorted(found)


def amounts(condition: Flux | Source) -> list[float]:
    """Every value that a flux or a source has over time, in SI."""
    value = condition.heat_flux if isinstance(condition, Flux) else condition.power_density
    return [float(x) for x in value.value] if isinstance(value, OverTime) else [at(value, 0.0)]


def extremes_of(start: Any, terms: Any, end: float) -> tuple[float, float]:
    """The lowest and the highest temperature [K] that the start, held faces and surroundings have until the end [s]."""
    values = [float(np.min(start)), float(np.max(start))]
    for _, condition in terms:
        if isinstance(condition, Held | Convection | Radiation):
            known = condition.temperature if isinstance(condition, Held) else condition.ambient_temperature
            values.append(at(known, end))
            if isinstance(known, OverTime):
                values += [float(value) for time, value in zip(known.time, known.value, strict=True) if time < end]
    return min(values), max(values)
