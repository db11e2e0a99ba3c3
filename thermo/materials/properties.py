"""A property of a material: a constant, a table over temperature or, of a conductivity, values by direction.

Every form that a conductivity may have is known here and nowhere else: what others ask is `directions`, `principal`, `sheet`, `misfit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from thermo.base.arrays import Floats
from thermo.base.errors import closest, did_you_mean
from thermo.casefile.models import misplaced
from thermo.casefile.reader import Key
from thermo.casefile.tables import number, pairs
from thermo.casefile.units import Quantity, Unit, block_for_value, show, wanted

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
    """A conductivity along the radius, round and along an axis through `centre` [m] with `direction`; constants or tables.

    A body that turns round its own axis needs no `tangential`: no heat goes round it.
    """

    radial: Any
    tangential: Any
    axial: Any
    centre: tuple[Quantity, ...]
    direction: tuple[Quantity, ...]

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for name, value in zip(self._fields[:3], self[:3], strict=True):
            if value is not None:
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


class Property:
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
        missing = [name for name in names if name not in value and name != "tangential"]
        problems += [((name,), "is missing") for name in missing]
        found: list[Any] = []
        for name in names:
            entry = value.get(name)
            if isinstance(entry, dict) and set(entry) == {"table"}:
                try:
                    found.append(Table(*pairs(entry["table"], Unit("temperature"), self.unit, info, ("298 K", "400 K"))))
                except PydanticCustomError as error:
                    problems += [((name, *more), text) for more, text in (error.context or {})["problems"]]
            else:
                found.append(number(self.unit, entry, (name,), info, problems) if name in value else None)
        for name, dimension, usual in (("centre", "length", ("0 m",) * 3), ("direction", "number", (0, 0, 1))) if extra else ():
            given = value.get(name, usual)
            if not isinstance(given, list | tuple) or len(given) != 3:
                problems.append(((name,), "three numbers are needed"))
                continue
            found.append(tuple(number(Unit(dimension), entry, (name, i), info, problems) for i, entry in enumerate(given)))
            if name == "direction" and not problems and not any(found[-1]):
                problems.append(((name,), "must not be zero"))
        if problems:
            raise misplaced(problems)
        return form(*found)

    def _tensor(self, rows: Any, info: ValidationInfo) -> Tensor:
        size = len(rows) if isinstance(rows, list | tuple) else 0
        if size not in (2, 3) or any(not isinstance(row, list | tuple) or len(row) != size for row in rows):
            raise misplaced([(("tensor",), "two rows of two numbers or three rows of three are needed")])
        problems: list[tuple[Key, str]] = []
        unit = Unit(self.unit.dimension)
        made = tuple(
            tuple(number(unit, entry, ("tensor", i, j), info, problems) for j, entry in enumerate(row)) for i, row in enumerate(rows)
        )
        values = np.array(made, float)
        if not problems and not np.allclose(values, values.T, rtol=1e-9, atol=0.0):
            i, j = np.unravel_index(np.argmax(np.abs(values - values.T)), values.shape)
            text = f"is not symmetric: {values[i, j]:g} in row {i + 1}, column {j + 1}, {values[j, i]:g} in row {j + 1}, column {i + 1}"
            problems.append((("tensor",), text + "; a conductivity must be symmetric"))
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
                forms.append({"type": "object", "properties": properties, "required": [name for name in names if name != "tangential"]})
            forms.append({"type": "object", "properties": {"tensor": {"type": "array"}}, "required": ["tensor"]})
        return {"anyOf": forms}


def frozen(value: Any, temperature: float) -> Any:
    """A property without its tables."""
    if isinstance(value, Table):
        return value.at(temperature)
    if type(value) in _DIRECTIONS:
        return value._replace(**{name: frozen(getattr(value, name), temperature) for name in _DIRECTIONS[type(value)]})
    return value


def parts_of(value: Any) -> dict[str, Any]:
    """The parts of a property by direction, each with its words; empty where it is the same in all directions."""
    names = _DIRECTIONS.get(type(value), ())
    return {name.replace("_", " "): getattr(value, name) for name in names if getattr(value, name) is not None}


def tables_of(value: Any) -> list[Table]:
    """The tables over temperature in a property."""
    if isinstance(value, Table):
        return [value]
    return [entry for entry in parts_of(value).values() if isinstance(entry, Table)]


def value_at(value: Any, temperature: Any) -> Any:
    """A constant, or a table at temperatures [K]."""
    if isinstance(value, Table):
        return np.interp(temperature, np.array(value.temperature, float), np.array(value.value, float))
    return np.full(np.shape(temperature), float(value))


def constant_sheet(conductivity: Any) -> bool:
    """Whether it is one number, or one in the plane of a layer and one through it."""
    return isinstance(conductivity, float) or (isinstance(conductivity, ByAxis) and all(isinstance(value, float) for value in conductivity))


def follows_axes(conductivity: Any) -> bool:
    """Whether it is a number or a table, or one in the plane of a layer and one through it."""
    return isinstance(conductivity, float | Table | ByAxis)


def symmetric(conductivity: Any) -> bool:
    """Whether it is its own mirror image across every coordinate plane, wherever that lies."""
    return not isinstance(conductivity, Tensor | Cylindrical)


def mirrored(conductivity: Any, axis: int, place: float) -> bool:
    """Whether it is its own image in the plane across a coordinate axis at a place [m]."""
    return symmetric(conductivity) or bool(conductivity.mirrored(axis, place))


def about(conductivity: Any, axis: tuple[float, float]) -> Any:
    """A conductivity in a round body in space whose axis stands upright at (x, y) [m]: a cylindrical one without a `centre` of its own
    goes round it, and without a `tangential` value conducts round it as it does along the radius."""
    if not isinstance(conductivity, Cylindrical):
        return conductivity
    round_it = conductivity if conductivity.tangential is not None else conductivity._replace(tangential=conductivity.radial)
    return round_it if any(conductivity.centre) else round_it._replace(centre=tuple(Quantity(value) for value in (*axis, 0.0)))


def misfit(conductivity: Any, region: str, dimension: int, axisymmetric: bool) -> str:
    """Why a conductivity does not suit a region of a body; empty where it does."""
    if isinstance(conductivity, Tensor) and len(conductivity.rows) != dimension:
        return f"has {len(conductivity.rows)} rows, but {region!r} has {dimension} dimensions"
    if isinstance(conductivity, Orthotropic) and axisymmetric:
        return "has x, y and z, but the body is axisymmetric: give radial and axial"
    if isinstance(conductivity, Cylindrical) and dimension == 1:
        return f"is cylindrical, but {region!r} is a line"
    if isinstance(conductivity, Cylindrical) and conductivity.tangential is None and not axisymmetric:
        return f"has no 'tangential', which {region!r} needs: the body is not axisymmetric"
    return ""


def principal(conductivity: Any, temperature: float, dimension: int, axisymmetric: bool = False) -> Floats:
    """The conductivities along the directions of a material that a body has [W/(m K)], at a temperature [K]."""
    if isinstance(conductivity, Tensor):
        return np.linalg.eigvalsh(np.array(conductivity.rows, float))  # type: ignore[no-any-return]
    values: tuple[Any, ...] = (conductivity,)
    if isinstance(conductivity, ByAxis):
        values = (conductivity.through, conductivity.in_plane)[:dimension]
    elif isinstance(conductivity, Orthotropic):
        values = conductivity[:dimension]
    elif isinstance(conductivity, Cylindrical):
        values = (conductivity.radial, conductivity.axial) if axisymmetric else conductivity[:dimension]
    return np.array([value_at(value, temperature) for value in values])


def sheet(conductivity: Any, temperature: float) -> tuple[float, float] | None:
    """The mean conductivity in the plane of a layer and that through it, along z [W/(m K)]; None where heat along z goes astray."""
    if isinstance(conductivity, Tensor):
        (xx, _, xz), (_, yy, yz), (_, _, zz) = conductivity.rows
        return None if xz or yz else (0.5 * float(xx + yy), float(zz))
    if isinstance(conductivity, Cylindrical):
        return None
    if isinstance(conductivity, Orthotropic):
        x, y, z = (float(value_at(value, temperature)) for value in conductivity)
        return 0.5 * (x + y), z
    in_plane, through = conductivity if isinstance(conductivity, ByAxis) else (conductivity, conductivity)
    return float(value_at(in_plane, temperature)), float(value_at(through, temperature))


def layer_ways(conductivity: Any) -> tuple[Any, Any] | None:
    """The conductivity through a layer and that along it, each a number or a table; None where it goes by axes of a body."""
    if isinstance(conductivity, ByAxis):
        return conductivity.through, conductivity.in_plane
    return (conductivity, conductivity) if isinstance(conductivity, float | Table) else None


def across_x(conductivity: Any) -> Any:
    """The conductivity of a layer in space that lies across x, where one is given in its plane and one through it."""
    return Orthotropic(conductivity.through, *(conductivity.in_plane,) * 2) if isinstance(conductivity, ByAxis) else conductivity


def along_x(conductivity: Any, temperature: float) -> tuple[float, float] | None:
    """The conductivity along x and the mean of those across it [W/(m K)] of a layer that lies across x; None where heat goes astray."""
    turned = across_x(conductivity)
    if isinstance(turned, Orthotropic):
        x, y, z = (float(value_at(value, temperature)) for value in turned)
        return x, 0.5 * (y + z)
    ways = layer_ways(turned)
    return None if ways is None else (float(value_at(ways[0], temperature)), float(value_at(ways[1], temperature)))


class Directions(NamedTuple):
    """One number or table of a conductivity, and the dyad it multiplies at places (dimension, ...) [m]."""

    value: Any
    dyad: Any


def directions(conductivity: Any, dimension: int, axisymmetric: bool) -> list[Directions]:
    """A conductivity taken apart: k = sum of value x dyad. `through` is along the last axis.

    Raises ValueError where its form does not fit the dimension.
    """

    def along(*axes: int) -> Any:
        made = np.zeros((dimension, dimension))
        made[axes, axes] = 1.0
        return lambda places: np.broadcast_to(made.reshape(made.shape + (1,) * (places.ndim - 1)), made.shape + places.shape[1:])

    last = dimension - 1
    if isinstance(conductivity, ByAxis):
        parts = [Directions(conductivity.through, along(last))]
        return parts + ([Directions(conductivity.in_plane, along(*range(last)))] if last else [])
    if isinstance(conductivity, Orthotropic):
        return [Directions(value, along(axis)) for axis, value in enumerate(conductivity[:dimension])]
    if isinstance(conductivity, Tensor):
        rows = np.array(conductivity.rows, float)
        if len(rows) != dimension:
            raise ValueError(f"has {len(rows)} rows, but the body has {dimension} dimensions")
        return [
            Directions(
                1.0, lambda places: np.broadcast_to(rows.reshape(rows.shape + (1,) * (places.ndim - 1)), rows.shape + places.shape[1:])
            )
        ]
    if isinstance(conductivity, Cylindrical):
        return list(_round(conductivity, dimension, axisymmetric, along))
    return [Directions(conductivity, along(*range(dimension)))]


def _round(conductivity: Cylindrical, dimension: int, axisymmetric: bool, along: Any) -> Iterator[Directions]:
    if axisymmetric:
        yield Directions(conductivity.radial, along(0))
        yield Directions(conductivity.axial, along(1))
        return
    if dimension == 1:
        raise ValueError("is cylindrical, but the body is a line")
    axis = np.array(conductivity.direction, float)
    axis /= np.linalg.norm(axis)
    if dimension == 2 and abs(axis[2]) < 1.0 - 1e-9:
        raise ValueError("must have its axis across the plane of the body; give direction: [0, 0, 1]")
    centre, axis = np.array(conductivity.centre, float)[:dimension], axis[:dimension]
    if dimension == 2:
        axis = np.zeros(2)

    def radial(places: Floats) -> Floats:
        shape = (dimension,) + (1,) * (places.ndim - 1)
        away = places - centre.reshape(shape)
        away = away - axis.reshape(shape) * np.tensordot(axis, away, 1)
        away = away / np.maximum(np.sqrt(np.sum(away * away, axis=0)), 1e-300)
        return away[:, None] * away[None, :]  # type: ignore[no-any-return]

    def axial(places: Floats) -> Floats:
        made = np.outer(axis, axis)
        return np.broadcast_to(made.reshape(made.shape + (1,) * (places.ndim - 1)), made.shape + places.shape[1:])

    yield Directions(conductivity.radial, radial)
    yield Directions(conductivity.tangential, lambda places: along(*range(dimension))(places) - radial(places) - axial(places))
    if dimension == 3:
        yield Directions(conductivity.axial, axial)
