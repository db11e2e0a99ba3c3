"""What is read off a run, and what should come out: probes, flows, crossings, pictures, onsets, expectations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from thermo.base.errors import described
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import Unit, UnitError, parse
from thermo.materials.material import Temperature

Length = Annotated[float, Unit("length")]
Kind = Literal["exact", "predicted", "selected", "calibrated", "imposed"]
Criterion = Literal["1 K/s", "10 K/min", "1 K/min", "voltage-drop"]
CRITERIA: tuple[Criterion, ...] = ("1 K/s", "10 K/min", "1 K/min", "voltage-drop")


class Place(Frozen):
    """Mean, minimum or maximum over a face, a region, or an edge: one that has a name, or the two faces that meet in it."""

    face: str | None = None
    region: str | None = None
    edge: str | tuple[str, str] | None = None
    take: Literal["mean", "minimum", "maximum"]

    @field_validator("edge", mode="before")
    @classmethod
    def _name_or_faces(cls, value: Any) -> Any:
        faces = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(face, str) for face in value)
        if not isinstance(value, str) and not faces:
            raise misplaced([((), f"the name of an edge, or the two faces that meet in it, is needed, found {described(value)}")])
        return value

    @model_validator(mode="after")
    def _one(self) -> Place:
        if sum(part is not None for part in (self.face, self.region, self.edge)) != 1:
            raise misplaced([((), "give one of 'face', 'region' and 'edge'")])
        return self


class Crossing(Frozen):
    """The first time at which a probe reaches a temperature, a fraction of the way to that of a held face, or a rate of rise.

    The rate is that of the probe, whatever makes it rise.
    """

    probe: str
    temperature: Temperature | None = None
    fraction: Annotated[float | None, Unit("number", gt=0, lt=1)] = None
    of: str | None = None
    rate: Annotated[float | None, Unit("temperature rate", gt=0)] = None

    @model_validator(mode="after")
    def _one(self) -> Crossing:
        if sum(level is not None for level in (self.temperature, self.fraction, self.rate)) != 1:
            raise misplaced([((), "give one of 'temperature', 'fraction' and 'rate'")])
        if self.fraction is not None and self.of is None:
            raise misplaced([((), "'of' is missing: the held face that the fraction refers to")])
        if self.fraction is None and self.of is not None:
            raise misplaced([(("of",), f"is for a fraction, but a {'rate' if self.temperature is None else 'temperature'} is given")])
        return self


class Pictures(Frozen):
    """Times at which the field is kept, and whether the heat flux is kept with it."""

    times: tuple[Annotated[float, Unit("time", gt=0)], ...] = ()
    heat_flux: Annotated[bool, Field(strict=True)] = False


class Onsets(Frozen):
    """Criteria by which the onset of runaway T2 is read."""

    T2: tuple[Criterion, ...] = CRITERIA


def _point_or_place(value: Any) -> str:
    return "point" if isinstance(value, list | tuple) else "place"


Probe = Annotated[
    Annotated[tuple[Length, ...], Tag("point")] | Annotated[Place, Tag("place")],
    Discriminator(_point_or_place),
]


class Measure(Frozen):
    """What is read off a run. A probe is a point (in a block [x, y, z]), or a face, region or edge with mean, minimum or maximum.

    `flows` names faces through which the conducted heat is recorded: into the body, through an interface `a|b` from a to b. Runaway
    arrives at a region that reacts when its mean temperature passes that of `arrival`.
    """

    probes: dict[str, Probe] = {}
    flows: tuple[str, ...] = ()
    crossings: dict[str, Crossing] = {}
    pictures: Pictures = Pictures()
    onsets: Onsets = Onsets()
    arrival: Temperature = Field(default="200 degC", validate_default=True)  # type: ignore[assignment]

    @field_validator("probes", "crossings", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        problems: list[tuple[Key, str]] = [
            ((name,), "a name may have letters, digits, '-', '_'") for name in value if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name)
        ]
        if problems:
            raise misplaced(problems)
        return value

    @field_validator("probes", mode="before")
    @classmethod
    def _points_and_places(cls, value: Any) -> Any:
        problems: list[tuple[Key, str]] = [
            ((name,), f"a point [x, y, z], or a face, region or edge with 'take' is needed, found {described(entry)}")
            for name, entry in (value.items() if isinstance(value, dict) else ())
            if not (isinstance(entry, dict | Place) or (isinstance(entry, list | tuple) and 1 <= len(entry) <= 3))
        ]
        if problems:
            raise misplaced(problems)
        return value


class Expectation(Frozen):
    """What a result should be, how near, or between which bounds; of which kind that statement is, and its source.

    `exact`: closed form or independent code. `predicted`: nothing was fitted or chosen with it in view. `selected`: nothing
    fitted, but a free choice was made with it in view. `calibrated`: a number was fitted to it. `imposed`: put in by hand.
    `below` and `above` are limits that the result must keep, each by itself or both. Without a value or a limit the entry only
    states the kind of a result.
    """

    what: str
    value: str | float | None = None
    within: str | None = None
    above: str | float | None = None
    below: str | float | None = None
    kind: Kind
    source: str

    @field_validator("value", "within", "above", "below", mode="before")
    @classmethod
    def _text_or_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise misplaced([((), f"a number with its unit is needed, found {described(value)}")])
        return str(value) if info.field_name == "within" and value is not None else value

    @model_validator(mode="after")
    def _readable(self) -> Expectation:
        problems = expectation_problems(self.what, self.value, self.within, self.above, self.below)
        if problems:
            raise misplaced(problems)
        return self


def expectation_problems(
    what: str, value: Any, within: str | None, above: str | float | None = None, below: str | float | None = None
) -> list[tuple[Key, str]]:
    """What is wrong with the value, the tolerance and the limits of an expectation."""
    if above is not None or below is not None:
        return _limit_problems(what, {"value": value, "within": within}, {"above": above, "below": below})
    problems: list[tuple[Key, str]] = []
    if value is None or value == "none":
        if within is not None:
            problems.append((("within",), "a tolerance needs a value beside it"))
        return problems
    dimension = dimension_of_key(what)
    for key, text in (("value", value), ("within", within)):
        if text is None:
            problems.append(((key,), "is missing"))
            continue
        try:
            number = tolerance(what, 1.0, str(text)) if key == "within" else parse(str(text), dimension)
        except UnitError as error:
            problems.append(((key,), str(error)))
            continue
        if key == "within" and number < 0.0:
            problems.append(((key,), f"must not be negative, got {text}"))
    return problems


def _limit_problems(what: str, beside: dict[str, Any], limits: dict[str, Any]) -> list[tuple[Key, str]]:
    """What is wrong with limits, which stand for themselves."""
    problems: list[tuple[Key, str]] = [
        ((key,), "stands beside a limit: give either 'value' and 'within', or 'above', 'below' or both")
        for key, text in beside.items()
        if text is not None
    ]
    found = {}
    for key, text in ((key, text) for key, text in limits.items() if text is not None):
        try:
            found[key] = parse(str(text), dimension_of_key(what))
        except UnitError as error:
            problems.append(((key,), str(error)))
    low, high = found.get("above"), found.get("below")
    if low is not None and high is not None and not low < high:
        problems.append((("below",), f"must lie over 'above', got {limits['below']} and {limits['above']}"))
    return problems


def wanted(what: str, value: str | float | None) -> float | None:
    """The SI value of an expectation; None for `none`."""
    return None if value is None or value == "none" else float(parse(str(value), dimension_of_key(what)))


def tolerance(what: str, value: float, within: str) -> float:
    """The half-width of an expectation in SI: `0.5 %` of the value, or a difference. Raises UnitError."""
    if within.strip().endswith("%"):
        return abs(value) * float(parse(within, "number"))
    dimension = dimension_of_key(what)
    return float(parse(within, "temperature difference" if dimension == "temperature" else dimension))
