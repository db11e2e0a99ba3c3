"""What an amount of a species may be: a fraction, a density or moles, by its unit."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo

from thermo.casefile.units import Quantity, Unit

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


Amount = Annotated[float, PlainValidator(amount_of)]
Level = Annotated[float, PlainValidator(_level)]


def an(dimension: str) -> str:
    """A dimension, or a kind, in a sentence about amounts."""
    return "a fraction" if dimension == "number" else f"{'an' if dimension[0] in 'aeiou' else 'a'} {dimension}"
