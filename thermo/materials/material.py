"""What a body is made of: density, heat capacity, thermal conductivity, melting; the library of materials."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from thermo.base.errors import CaseError, Mistake, closest, did_you_mean, shortened
from thermo.casefile.models import Frozen, make, misplaced
from thermo.casefile.reader import Document, Key, read_document
from thermo.casefile.tables import number, pairs
from thermo.casefile.units import Quantity, Unit, block_for_value, show, wanted

Temperature = Annotated[float, Unit("temperature")]

WORSE = {None: 0, "assumed": 1, "calibrated": 2, "literature": 3, "measured": 4}  # the lower one stands for a mixture


class Table(NamedTuple):
    """A property over temperature: linear between the rows, constant beyond the ends."""

    temperature: tuple[Quantity, ...]
    value: tuple[Quantity, ...]

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for i, row in enumerate(zip(self.temperature, self.value, strict=True)):
            yield ("table", i, 0), row[0]
            yield ("table", i, 1), row[1]

    def at(self, temperature: float) -> Quantity:
        """The value at a temperature [K].

        Between two rows it has the status of the weaker one and the sources of both, and says that it is interpolated.
        """
        rows = list(zip(self.temperature, self.value, strict=True))
        below = max((row for row in rows if row[0] <= temperature), key=lambda row: row[0], default=rows[0])
        above = min((row for row in rows if row[0] >= temperature), key=lambda row: row[0], default=rows[-1])
        if below[0] == above[0]:
            made = below[1].like(float(below[1]))
        else:
            share = (temperature - below[0]) / (above[0] - below[0])
            made = min(below[1], above[1], key=lambda q: WORSE[q.status]).like((1.0 - share) * below[1] + share * above[1])
            sources = dict.fromkeys(row[1].source or "no source" for row in (below, above))
            made.source = "; ".join([*sources, f"interpolated between {below[0]:.6g} K and {above[0]:.6g} K"])
        if not rows[0][0] <= temperature <= rows[-1][0]:
            made.source = f"{made.source or 'no source'}; held constant beyond its table at {show(temperature, 'temperature')}"
        return made


def _entries_of(value: Any, key: Key) -> Iterator[tuple[Key, Quantity]]:
    for more, entry in value.entries() if isinstance(value, Table) else [((), value)]:
        yield (*key, *more), entry


class ByAxis(NamedTuple):
    """A property of a sheet: the same in its plane, another one through it, along the last axis; constants or tables."""

    in_plane: Any
    through: Any

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for name, value in zip(self._fields, self, strict=True):
            yield from _entries_of(value, (name,))


class Orthotropic(NamedTuple):
    """A conductivity along each axis; constants or tables."""

    x: Any
    y: Any
    z: Any

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for name, value in zip(self._fields, self, strict=True):
            yield from _entries_of(value, (name,))


class Cylindrical(NamedTuple):
    """A conductivity along the radius, round and along an axis through `centre` [m] with `direction`; constants or tables."""

    radial: Any
    tangential: Any
    axial: Any
    centre: tuple[Quantity, ...]
    direction: tuple[Quantity, ...]

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for name, value in zip(self._fields[:3], self[:3], strict=True):
            yield from _entries_of(value, (name,))

    def mirrored(self, axis: int, place: float) -> bool:
        """Whether it is its own image in the plane across a coordinate axis at a place [m]."""
        along = [abs(float(v)) for v in self.direction]
        across = along[axis] < 1e-9 * max(along)
        return (across and abs(float(self.centre[axis]) - place) <= 1e-9 * max(abs(place), 1e-6)) or along[axis] > max(along) * (1.0 - 1e-9)


class Tensor(NamedTuple):
    """A symmetric, positive definite conductivity tensor, row by row: 2 x 2 or 3 x 3 constants."""

    rows: tuple[tuple[Quantity, ...], ...]

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for i, row in enumerate(self.rows):
            for j, entry in enumerate(row):
                yield ("tensor", i, j), entry

    def mirrored(self, axis: int, place: float) -> bool:
        """Whether it is its own image in the plane across a coordinate axis."""
        return axis >= len(self.rows) or all(float(entry) == 0.0 for i, entry in enumerate(self.rows[axis]) if i != axis)


_DIRECTIONS: dict[type, tuple[str, ...]] = {
    ByAxis: ("in_plane", "through"),
    Orthotropic: ("x", "y", "z"),
    Cylindrical: ("radial", "tangential", "axial"),
}


class _Property:
    """A constant, a table over temperature or, for conductivities, values by direction."""

    def __init__(self, dimension: str, by_axis: bool = False) -> None:
        self.unit, self.by_axis = Unit(dimension, gt=0), by_axis

    def _validate(self, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, (Table, Tensor, *_DIRECTIONS)):
            return value
        if isinstance(value, dict) and set(value) == {"table"}:
            return Table(*pairs(value["table"], Unit("temperature"), self.unit, info, ("298 K", "400 K")))
        if isinstance(value, dict) and self.by_axis and set(value) == {"tensor"}:
            return self._tensor(value["tensor"], info)
        for form, names in _DIRECTIONS.items() if self.by_axis and isinstance(value, dict) else ():
            if set(value) & set(names):
                return self._directions(form, names, value, info)
        if isinstance(value, dict):
            known = ["table"] + ([*(name for names in _DIRECTIONS.values() for name in names), "tensor"] if self.by_axis else [])
            if any(closest(name, [*known, "value"]) in known for name in value):
                raise misplaced([((name,), "unknown key" + did_you_mean(name, known)) for name in value if name not in known])
            raise misplaced(block_for_value(value, wanted(self.unit.dimension)))
        return self.unit._validate(value, info)

    def _directions(self, form: Any, names: tuple[str, ...], value: dict[str, Any], info: ValidationInfo) -> Any:
        extra = ("centre", "direction") if form is Cylindrical else ()
        known = (*names, *extra)
        problems: list[tuple[Key, str]] = [((name,), "unknown key" + did_you_mean(name, known)) for name in value if name not in known]
        problems += [((name,), "is missing") for name in names if name not in value]
        found: list[Any] = []
        for name in names:
            entry = value.get(name)
            if isinstance(entry, dict) and set(entry) == {"table"}:
                try:
                    found.append(Table(*pairs(entry["table"], Unit("temperature"), self.unit, info, ("298 K", "400 K"))))
                except PydanticCustomError as error:
                    problems += [((name, *more), text) for more, text in (error.context or {})["problems"]]
            elif name in value:
                found.append(number(self.unit, entry, (name,), info, problems))
        for name, dimension, usual in (("centre", "length", ("0 m",) * 3), ("direction", "number", (0, 0, 1))) if extra else ():
            given = value.get(name, usual)
            if not isinstance(given, list | tuple) or len(given) != 3:
                problems.append(((name,), "three numbers are wanted"))
                continue
            found.append(tuple(number(Unit(dimension), entry, (name, i), info, problems) for i, entry in enumerate(given)))
            if name == "direction" and not problems and not any(found[-1]):
                problems.append(((name,), "has no length"))
        if problems:
            raise misplaced(problems)
        return form(*found)

    def _tensor(self, rows: Any, info: ValidationInfo) -> Tensor:
        size = len(rows) if isinstance(rows, list | tuple) else 0
        if size not in (2, 3) or any(not isinstance(row, list | tuple) or len(row) != size for row in rows):
            raise misplaced([(("tensor",), "two rows of two numbers or three of three are wanted")])
        problems: list[tuple[Key, str]] = []
        unit = Unit(self.unit.dimension)
        made = tuple(
            tuple(number(unit, entry, ("tensor", i, j), info, problems) for j, entry in enumerate(row)) for i, row in enumerate(rows)
        )
        values = np.array(made, float)
        if not problems and not np.allclose(values, values.T, rtol=1e-9, atol=0.0):
            i, j = np.unravel_index(np.argmax(np.abs(values - values.T)), values.shape)
            text = f"is not symmetric: {values[i, j]:g} in row {i + 1}, column {j + 1}, {values[j, i]:g} in row {j + 1}, column {i + 1}"
            problems.append((("tensor",), text + "; heat would turn round by itself"))
        elif not problems and np.linalg.eigvalsh(values)[0] <= 0.0:
            text = f"is not positive definite: along one direction it is {np.linalg.eigvalsh(values)[0]:.3g} W/(m K)"
            problems.append((("tensor",), text + ", and heat would flow from cold to hot"))
        if problems:
            raise misplaced(problems)
        return Tensor(made)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number = self.unit.__get_pydantic_json_schema__(schema, handler)
        table = {"type": "object", "properties": {"table": {"type": "array"}}, "required": ["table"]}
        forms = [number, table]
        if self.by_axis:
            for form, names in _DIRECTIONS.items():
                properties: dict[str, Any] = {name: {"anyOf": [number, table]} for name in names}
                if form is Cylindrical:
                    properties |= {"centre": {"type": "array"}, "direction": {"type": "array"}}
                forms.append({"type": "object", "properties": properties, "required": list(names)})
            forms.append({"type": "object", "properties": {"tensor": {"type": "array"}}, "required": ["tensor"]})
        return {"anyOf": forms}


Density = Annotated[Any, _Property("density")]
SpecificHeatCapacity = Annotated[Any, _Property("specific heat capacity")]
Conductivity = Annotated[Any, _Property("thermal conductivity", by_axis=True)]
Share = Annotated[float, Unit("number", ge=0)]


class Transition(Frozen):
    """A change of phase: where it is, the heat it takes, and the range of temperature that heat is spread over."""

    temperature: Temperature
    heat: Annotated[float | None, Unit("specific energy", gt=0)] = None
    range: Annotated[float | None, Unit("temperature difference", gt=0)] = None
    note: str | None = None


class Range(Frozen):
    """The temperatures between which a material's values hold."""

    lowest: Temperature = Field(alias="from")
    highest: Temperature = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.highest <= self.lowest:
            raise misplaced([(("to",), "must lie above 'from'")])
        return self


PROPERTIES = ("density", "heat_capacity", "thermal_conductivity")


class Material(Frozen):
    """A material: written out, or one of the library with single numbers replaced, as it is or frozen at a temperature.

    `uncertainty` is relative, the half-width of about 95 %. `alternatives` are other published values.
    """

    library: str | None = None
    at: Temperature | None = None
    title: str | None = None
    density: Density = None
    heat_capacity: SpecificHeatCapacity = None
    thermal_conductivity: Conductivity = None
    melting: Transition | None = None
    boiling: Transition | None = None
    degradation: Transition | None = None
    uncertainty: dict[str, Share] = {}
    valid: Range | None = None
    alternatives: dict[str, Alternative] = {}
    note: str | None = None

    @field_validator("uncertainty")
    @classmethod
    def _of_properties(cls, value: dict[str, Any]) -> dict[str, Any]:
        problems: list[tuple[Key, str]] = [
            ((name,), f"{shortened(name, 40)!r} is not a property" + did_you_mean(name, PROPERTIES))
            for name in value
            if name not in PROPERTIES
        ]
        if problems:
            raise misplaced(problems)
        return value

    def resolved(self) -> Material:
        """The material with everything the library adds, frozen where the case freezes it. Library names must exist.

        A property that the case replaces has the case's uncertainty or none: the library's speaks of another number.
        """
        base = library_materials()[self.library] if self.library else self
        own = {name: getattr(self, name) for name in self.model_fields_set if name not in ("library", "at")}
        entries = {name: getattr(base, name) for name in type(base).model_fields if name not in ("library", "at")} | own
        replaced = {name for name in PROPERTIES if own.get(name) is not None}
        for name in PROPERTIES:  # nothing in place of a number leaves the library's
            entries[name] = own[name] if name in replaced else getattr(base, name)
        for name in ("melting", "boiling", "degradation"):
            entries[name] = _merged(getattr(base, name), own.get(name))
        entries["alternatives"] = base.alternatives | self.alternatives
        kept = {name: share for name, share in base.uncertainty.items() if name not in replaced}
        stated = {name: share for name in replaced if (share := _share(own[name])) is not None}
        entries["uncertainty"] = kept | stated | self.uncertainty
        if self.at is not None:
            for name in PROPERTIES:
                entries[name] = _frozen(entries[name], self.at)
        return Material.model_construct(library=self.library, at=self.at, **entries)


def _frozen(value: Any, temperature: float) -> Any:
    """A property without its tables."""
    if isinstance(value, Table):
        return value.at(temperature)
    if isinstance(value, ByAxis | Orthotropic | Cylindrical):
        return value._replace(**{name: _frozen(getattr(value, name), temperature) for name in _DIRECTIONS[type(value)]})
    return value


def tables_of(value: Any) -> list[Table]:
    """The tables over temperature in a property."""
    if isinstance(value, Table):
        return [value]
    directed = isinstance(value, ByAxis | Orthotropic | Cylindrical)
    return [entry for entry in value if isinstance(entry, Table)] if directed else []


def _merged(base: Transition | None, own: Transition | None) -> Transition | None:
    """The library's transition with what the case writes in its place."""
    if base is None or own is None:
        return own or base
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _share(number: Any) -> Quantity | None:
    """The uncertainty stated with a number itself, as a share of it."""
    if not isinstance(number, Quantity) or number.uncertainty is None:
        return None
    made = Quantity.of(number.uncertainty / number, "number")
    made.status, made.source = number.status, number.source
    return made


class Alternative(Frozen):
    """Other published values of some properties, kept for comparison."""

    density: Density = None
    heat_capacity: SpecificHeatCapacity = None
    thermal_conductivity: Conductivity = None
    note: str | None = None


Material.model_rebuild()


class _Family(Frozen):
    title: str
    materials: dict[str, Material]


LIBRARY = Path(__file__).parent.parent / "library"


def read_library(folder: Path, model: Any) -> Iterator[tuple[Document, Any]]:
    """Each file of a library folder, read as strictly as a case. Raises CaseError."""
    for file in sorted(folder.glob("*.yaml")):
        document = read_document(file)
        made, mistakes = make(model, document)
        if mistakes:
            raise CaseError(mistakes)
        yield document, made


@functools.cache
def library_materials() -> dict[str, Material]:
    """The shipped materials by name. Raises CaseError if a shipped file is damaged."""
    materials: dict[str, Material] = {}
    for document, family in read_library(LIBRARY / "materials", _Family):
        for name, material in family.materials.items():
            if name in materials:
                raise CaseError([Mistake(document.path, document.line(("materials", name)), name, "stands in two files of the library")])
            materials[name] = material
    return materials


def material_mistakes(document: Document, raw: Any) -> list[Mistake]:
    """What is wrong with the `materials` block beyond its form: unknown library names, properties that are missing."""
    mistakes = []
    for name, entry in raw.items() if isinstance(raw, dict) else []:
        if not isinstance(entry, dict):
            continue
        library = entry.get("library")
        if isinstance(library, str):
            if library not in library_materials():
                text = f"unknown material {shortened(library)!r}" + did_you_mean(library, library_materials())
                mistakes.append(document.mistake(("materials", name, "library"), text))
        else:
            if "at" in entry:
                mistakes.append(document.mistake(("materials", name, "at"), "freezes a library material; there is no 'library' here"))
            if any(closest(key, ["library"]) for key in entry if key not in Material.model_fields):
                continue  # a misspelt 'library' is one mistake, and not also the absence of all that it would bring
            for missing in (known for known in PROPERTIES if entry.get(known) is None):
                if not any(closest(key, PROPERTIES) == missing for key in entry if key not in PROPERTIES):
                    mistakes.append(document.mistake(("materials", name), f"{missing!r} is missing"))
    return mistakes
