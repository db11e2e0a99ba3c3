"""Conditions on faces and in regions: what each brings to the nodes that it acts on. Each value is a constant, a ramp or a table over time.

A condition is a class with its heat and the slope of that, and a place in `surroundings.Condition`; nothing else has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from thermo.base.arrays import Floats
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


def varies(value: Any) -> bool:
    """Whether a value of a condition changes over time."""
    return isinstance(value, OverTime)


def rows_of(value: Any) -> tuple[Floats, Floats]:
    """Times [s] and values (n,) of a constant, which has one row at 0 s, or of what changes over time."""
    if isinstance(value, OverTime):
        return np.array(value.time, float), np.array(value.value, float)
    return np.zeros(1), np.array([float(value)])


def strongest_of(value: Any) -> float:
    """The largest amount of a value that may change over time."""
    return float(np.max(np.abs(rows_of(value)[1])))


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


class Reached(Frozen):
    """A probe, or the hottest place of a region, that comes to a temperature for the first time."""

    probe: str | None = None
    region: str | None = None
    temperature: Annotated[float, Unit("temperature")]

    @model_validator(mode="after")
    def _one(self) -> Reached:
        if (self.probe is None) == (self.region is None):
            raise misplaced([((), "give either 'probe' or 'region', whose hottest place is meant")])
        return self


class Acting(Frozen):
    """What every condition answers. A kind that has no answer to a question that is asked raises TypeError.

    holds : it gives the temperature itself
    covers : on its facets nothing else acts
    links : it passes heat between two sides of the body, and none from outside
    beside : it passes heat to a lumped body beside the mesh
    parts : both sides of its interface have temperatures of their own
    inside : it acts in the volume of a region, not on a face
    curved : its heat is not linear in the temperature
    shared : it is given for the whole of its place, see `spread`
    """

    holds: ClassVar[bool] = False
    covers: ClassVar[bool] = False
    links: ClassVar[bool] = False
    beside: ClassVar[bool] = False
    parts: ClassVar[bool] = False
    inside: ClassVar[bool] = False
    curved: ClassVar[bool] = False

    @property
    def shared(self) -> bool:
        """See above."""
        return False

    @property
    def lasts(self) -> bool:
        """Whether it exchanges heat with the outside that is linear in the temperature, and the same at all times."""
        apart = self.holds or self.links or self.beside or self.curved
        return not (apart or any(varies(getattr(self, name)) for name in type(self).model_fields))

    @property
    def outside(self) -> Any:
        """The temperature over time that it holds, or that of the surroundings it exchanges heat with [K]; None where there is none."""
        return None

    @property
    def density(self) -> Any:
        """Heat over time that it brings whatever the temperature is [W/m2], inside a region [W/m3]; None where it brings no such heat."""
        return None

    @property
    def coefficient(self) -> Any:
        """Its heat transfer coefficient over time [W/(m2 K)]; None where it has none, or none that is the same at all temperatures."""
        return None

    def film(self, time: float) -> float:
        """Its heat transfer coefficient to the surroundings [W/(m2 K)] at a time [s]; zero where it has none."""
        return 0.0

    def strongest(self) -> float:
        """The largest coefficient that it has over time [W/(m2 K)]."""
        return 0.0

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """Heat into each node (n,) [W] by its `area` (n,) [m2], or its volume [m3], and minus the slope of that heat [W/K]."""
        raise TypeError(f"{type(self).__name__} exchanges no heat with the surroundings")

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """Conductance (n,) [W/K] between nodes at `one` and nodes at `other` [K], by the `area` (n,) [m2] of each pair."""
        raise TypeError(f"{type(self).__name__} has one side")

    def spread(self, size: float) -> Any:
        """The same where it is given for the whole of its place, by each unit of the area [m2] or volume [m3] that it acts on."""
        return self

    def drives(self, start: Any) -> bool:
        """Whether it moves heat by itself on a body that starts at a temperature [K]: not at that temperature all over."""
        if self.density is not None:
            return strongest_of(self.density) > 0.0
        return self.outside is not None and not same(self.outside, start)

    def waits(self) -> dict[str, Reached]:
        """What it waits for, by the words `starts` and `stops`."""
        return {}

    def column(self, place: str, alone: bool) -> str:
        """What the column of its heat is called for; `alone`: nothing else acts at its place."""
        return place


class Held(Acting):
    """A face held at a temperature from t = 0+ on."""

    kind: Literal["held"]
    temperature: TemperatureOverTime
    holds: ClassVar[bool] = True
    covers: ClassVar[bool] = True

    @property
    def outside(self) -> Any:
        """The temperature that it holds [K]."""
        return self.temperature


class Given(Acting):
    """Heat that comes whatever the temperature is: by each unit of its place, or as a `power` for the whole of it.

    With `starts` it begins when a place reaches a temperature, and its table counts from then; with `stops` it ends so.
    """

    power: Annotated[Any, Timed("power")] = None
    starts: Reached | None = None
    stops: Reached | None = None
    by_unit: ClassVar[str]  # the key of what each unit gets

    @model_validator(mode="after")
    def _one(self) -> Any:
        if (getattr(self, self.by_unit) is None) == (self.power is None):
            raise misplaced([((), f"give either '{self.by_unit}' or 'power', the total")])
        return self

    @property
    def shared(self) -> bool:
        """Whether it is given for the whole of its place."""
        return self.power is not None

    @property
    def density(self) -> Any:
        """Heat by area [W/m2] or volume [W/m3]; where it is for the whole and not spread yet, the power [W]."""
        return getattr(self, self.by_unit) if self.power is None else self.power

    def spread(self, size: float) -> Any:
        """A power over the area [m2] or volume [m3] that it acts on, so that the whole gets it."""
        if self.power is None:
            return self
        times, values = rows_of(self.power)
        each = [Quantity(value / size) for value in values]
        made = OverTime(tuple(Quantity(time) for time in times), tuple(each), ()) if varies(self.power) else each[0]
        return self.model_copy(update={self.by_unit: made, "power": None})

    def waits(self) -> dict[str, Reached]:
        """Of the two what is given."""
        return {word: reached for word, reached in (("starts", self.starts), ("stops", self.stops)) if reached is not None}

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """q A or q V, whatever the temperature is."""
        return at(getattr(self, self.by_unit), time) * area, np.zeros_like(area)


class Flux(Given):
    """Heat into the body through a face, through each unit of it or as the `power` of the whole; negative where it is taken out."""

    kind: Literal["flux"]
    heat_flux: Annotated[Any, Timed("heat flux")] = None
    by_unit: ClassVar[str] = "heat_flux"


class Convection(Acting):
    """h (T - T_amb) leaves each unit of a face."""

    kind: Literal["convection"]
    heat_transfer_coefficient: Annotated[Any, Timed("heat transfer coefficient", ge=0)]
    ambient_temperature: TemperatureOverTime

    @property
    def outside(self) -> Any:
        """The temperature of the surroundings [K]."""
        return self.ambient_temperature

    @property
    def coefficient(self) -> Any:
        """h over time."""
        return self.heat_transfer_coefficient

    def film(self, time: float) -> float:
        """h."""
        return at(self.heat_transfer_coefficient, time)

    def strongest(self) -> float:
        """The largest h over time."""
        return strongest_of(self.heat_transfer_coefficient)

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """h A (T_amb - T) and h A."""
        conductance = at(self.heat_transfer_coefficient, time) * area
        return conductance * (at(self.ambient_temperature, time) - temperature), conductance


class Radiation(Acting):
    """eps sigma (T^4 - T_amb^4) leaves each unit of a face: grey, towards large surroundings."""

    kind: Literal["radiation"]
    emissivity: Annotated[Any, Timed("number", ge=0, le=1)]
    ambient_temperature: TemperatureOverTime
    curved: ClassVar[bool] = True

    @property
    def outside(self) -> Any:
        """The temperature of the surroundings [K]."""
        return self.ambient_temperature

    def film(self, time: float) -> float:
        """4 eps sigma T_amb^3."""
        return 4.0 * at(self.emissivity, time) * STEFAN_BOLTZMANN * at(self.ambient_temperature, time) ** 3

    def strongest(self) -> float:
        """4 eps sigma T^3 at the hottest surroundings."""
        return 4.0 * strongest_of(self.emissivity) * STEFAN_BOLTZMANN * strongest_of(self.ambient_temperature) ** 3

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """eps sigma A (T_amb^4 - T^4) and 4 eps sigma A T^3."""
        ambient = at(self.ambient_temperature, time)
        factor = at(self.emissivity, time) * STEFAN_BOLTZMANN * area
        return factor * (ambient**4 - temperature**4), 4.0 * factor * temperature**3


class Contact(Acting):
    """A thermal resistance between the two sides of an interface; both sides have temperatures of their own."""

    kind: Literal["contact"]
    resistance: Annotated[Any, Timed("thermal resistance", gt=0)]
    links: ClassVar[bool] = True
    parts: ClassVar[bool] = True

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """A/R."""
        return area / at(self.resistance, time)


class ThinLayer(Acting):
    """A layer on an interface that resists and stores nothing: the resistance is thickness over conductivity."""

    kind: Literal["thin-layer"]
    thickness: Annotated[float, Unit("length", gt=0)]
    thermal_conductivity: Annotated[float, Unit("thermal conductivity", gt=0)]
    links: ClassVar[bool] = True
    parts: ClassVar[bool] = True

    @property
    def resistance(self) -> float:
        """Thickness over conductivity [m2 K/W]."""
        return float(self.thickness / self.thermal_conductivity)

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """A/R."""
        return area / self.resistance


class GapRadiation(Acting):
    """sigma (T^4 - T_to^4) / (1/eps + 1/eps_to - 1) passes each unit of a plane face to the plane face that it looks at, point to point.

    That holds for grey, diffuse faces whose distance is small against their size.
    """

    kind: Literal["gap-radiation"]
    to: str
    emissivity: Annotated[Any, Timed("number", gt=0, le=1)]
    other_emissivity: Annotated[Any, Timed("number", gt=0, le=1)]
    links: ClassVar[bool] = True
    curved: ClassVar[bool] = True

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """sigma A (T + T_to)(T^2 + T_to^2) / (1/eps + 1/eps_to - 1)."""
        exchanged = 1.0 / (1.0 / at(self.emissivity, time) + 1.0 / at(self.other_emissivity, time) - 1.0)
        return exchanged * STEFAN_BOLTZMANN * area * (one + other) * (one**2 + other**2)  # type: ignore[no-any-return]

    def column(self, place: str, alone: bool) -> str:
        """Beside other conditions on its face it has a column of its own."""
        return place if alone else f"{place}|{self.to}"


class Source(Given):
    """Heat made in a region, in each unit of its volume or as the `power` of the whole; negative where it is taken out."""

    power_density: Annotated[Any, Timed("power density")] = None
    by_unit: ClassVar[str] = "power_density"
    inside: ClassVar[bool] = True


class HeatSource(Source):
    """The same among other conditions of a region."""

    kind: Literal["source"]


class Perimeter(Acting):
    """A film on what the mesh of a line or a plane leaves out: h (T - T_amb) P/A leaves each unit of volume.

    P is the perimeter of the cross-section and A its area: of a plane of a thickness d with a film on both sides, P/A is 2/d.
    """

    kind: Literal["perimeter"]
    perimeter: Annotated[float, Unit("length", gt=0)]
    area: Annotated[float, Unit("area", gt=0)]
    heat_transfer_coefficient: Annotated[Any, Timed("heat transfer coefficient", ge=0)]
    ambient_temperature: TemperatureOverTime
    inside: ClassVar[bool] = True

    @property
    def outside(self) -> Any:
        """The temperature of the surroundings [K]."""
        return self.ambient_temperature

    def exchange(self, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
        """h P/A V (T_amb - T) and h P/A V, with the volume V of each node in `area`."""
        conductance = at(self.heat_transfer_coefficient, time) * float(self.perimeter / self.area) * area
        return conductance * (at(self.ambient_temperature, time) - temperature), conductance


Inside = Annotated[HeatSource | Perimeter, Field(discriminator="kind")]  # conditions in regions


def same(temperature: Any, start: Any) -> bool:
    """Whether two temperatures [K] are one and the same, at all times and places."""
    return isinstance(start, float) and isinstance(temperature, float) and abs(temperature - start) < 1e-9 * abs(start)


def resistance(condition: Any, time: float) -> float:
    """Thermal resistance of a contact, a thin layer or a contact with a body [m2 K/W]."""
    return at(condition.resistance, time)


def lasting(condition: Any) -> bool:
    """Whether a contact, a thin layer or a contact with a body has one resistance for all times."""
    return bool(condition.parts or condition.beside) and not varies(condition.resistance)


def corners(conditions: list[Any]) -> list[float]:
    """Times at which a value of any condition bends [s]: steps end there. Those of one that waits are not known before."""
    return sorted({time for condition in conditions if "starts" not in condition.waits() for time in bends_of(condition)})


def bends_of(condition: Acting) -> list[float]:
    """The times of the tables of a condition [s]."""
    values = [getattr(condition, name) for name in type(condition).model_fields]
    return sorted({float(time) for value in values if isinstance(value, OverTime) for time in value.time})


def amounts(condition: Acting) -> list[float]:
    """Every value that the heat which a condition brings by itself has over time, in SI; none of other conditions."""
    return [] if condition.density is None else [float(value) for value in rows_of(condition.density)[1]]


def extremes_of(start: Any, terms: Any, end: float) -> tuple[float, float]:
    """The lowest and the highest temperature [K] that the start, held faces and surroundings have until the end [s]."""
    values = [float(np.min(start)), float(np.max(start))]
    for _, condition in terms:
        known = condition.outside
        if known is not None:
            times, given = rows_of(known)
            values.append(at(known, end))
            values += [float(value) for time, value in zip(times, given, strict=True) if time < end]
    return min(values), max(values)
