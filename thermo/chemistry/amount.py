"""What an amount of a species may be: a fraction, a density or moles, by its unit."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema

from thermo.casefile.units import Quantity, Unit, UnitError, parse

AMOUNTS = {"number": "", "density": "_kg_per_m3", "amount of substance": "_mol"}  # what amounts may be, and how their columns end


def amount_of(value: Any, info: ValidationInfo) -> Quantity:
    """The amount of a species at the start: a fraction of at most 1, a density or moles, by its unit."""
    made = _level(value, info)
    return Unit("number", ge=0, le=1)._validate(made, info) if made.dimension == "number" else made


def _level(value: Any, info: ValidationInfo) -> Quantity:
    """An amount that rates refer to: a number, a density or moles, by its unit."""
    text = value.get("value") if isinstance(value, dict) else value
    unit = text.strip().lstrip("+-.0123456789eE").strip() if isinstance(text, str) else ""
    dimension = value.dimension if isinstance(value, Quantity) else "number"
    if "mol" in unit:
        dimension = "amount of substance"
    elif "g" in unit:
        dimension = "density"
    return Unit(dimension, ge=0)._validate(value, info)


Amount = Annotated[float, PlainValidator(amount_of), Field(description="a fraction of at most 1, a density or moles")]
Level = Annotated[float, PlainValidator(_level), Field(description="a number, a density or moles, as its species has them")]


class OneOf(Unit):
    """A quantity of one of some dimensions, by its unit; what has none of their units is refused as one of the first."""

    def __init__(self, *dimensions: str, **limits: float) -> None:
        super().__init__(dimensions[0], **limits)
        self.units = {name: Unit(name, **limits) for name in dimensions}

    def _validate(self, value: Any, info: ValidationInfo) -> Quantity:
        text = value.get("value") if isinstance(value, dict) else value
        known = getattr(value, "dimension", "number" if isinstance(text, int | float) else self.dimension)
        if isinstance(text, str):
            for name, unit in self.units.items():
                try:
                    parse(text, name)
                except UnitError:
                    continue
                return unit._validate(value, info)
        return self.units.get(known, self.units[self.dimension])._validate(value, info)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [entry for unit in self.units.values() for entry in unit.__get_pydantic_json_schema__(schema, handler)["anyOf"]]}


def an(dimension: str) -> str:
    """A dimension, or a kind, in a sentence about amounts."""
    return "a fraction" if dimension == "number" else f"{'an' if dimension[0] in 'aeiou' else 'a'} {dimension}"
