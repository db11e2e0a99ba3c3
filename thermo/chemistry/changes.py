"""Single numbers of a mechanism changed, as the key `with` of a case does."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from thermo.base.errors import described, did_you_mean, shortened
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit, UnitError
from thermo.chemistry.amount import amount_of, an
from thermo.chemistry.gas import GAS, gas_problem
from thermo.chemistry.mechanism import Heat, HeatPerMass, HeatPerMole, MechanismText, heat_problem

CHANGEABLE = {
    "pre_exponential_factor": Unit("rate constant", gt=0),
    "activation_energy": Unit("molar energy", ge=0),
    "ceiling": Unit("rate constant", gt=0),
    "heat": Unit("energy"),
    "temperature_exponent": Unit("number"),
    "gas": GAS,
}


def with_changes(mechanism: MechanismText, changes: dict[str, Any]) -> MechanismText:
    """The mechanism with single numbers replaced, keys such as `pool.heat` of a reaction, `pool.start` of a species.

    Keys must exist (see `change_problem`).
    """
    reactions, species = dict(mechanism.reactions), dict(mechanism.species)
    for key, value in changes.items():
        name, _, field = key.rpartition(".")
        if field == "start":
            species[name] = species[name].model_copy(update={field: value})
        else:
            reactions[name] = reactions[name].model_copy(update={field: value})
    return mechanism.model_copy(update={"reactions": reactions, "species": species})


def name_problem(mechanism: MechanismText, key: str) -> str | None:
    """That an entry of `with` names a species or a reaction that is not there, or None."""
    name, _, field = key.rpartition(".")
    if field == "start" and name not in mechanism.species:
        return f"there is no species {shortened(name)!r}" + did_you_mean(name, mechanism.species)
    if field != "start" and name not in mechanism.reactions:
        keys = [f"{reaction}.{number}" for reaction in mechanism.reactions for number in CHANGEABLE]
        return f"there is no reaction {shortened(name or key)!r}" + did_you_mean(key, keys)
    return None


def change_problem(mechanism: MechanismText, key: str, value: Any) -> str | None:
    """What is wrong with an entry of `with`, or None."""
    strange, (name, _, field) = name_problem(mechanism, key), key.rpartition(".")
    if strange is not None:
        return strange
    if field == "start":
        if value.dimension != mechanism.amounts:
            return f"is {an(value.dimension)}, but amounts are given as {an(mechanism.amounts)}"
        factors = (factor for reaction in mechanism.reactions.values() for factor in reaction.factors if factor.species == name)
        return next((text for factor in factors if (text := factor.start_problem(value)) is not None), None)
    if field == "heat":
        return next(iter(heat_problem(value, mechanism.amounts)), None)
    return gas_problem(value, mechanism.amounts) if field == "gas" else None


def change_value(key: str, raw: Any, info: ValidationInfo) -> Any:
    """A value of `with` as its key states it, a heat in any form. Raises UnitError, ValidationError for a form."""
    field = key.rpartition(".")[2]
    if field not in CHANGEABLE and field != "start":
        raise UnitError(f"unknown number {shortened(field)!r} of a reaction" + did_you_mean(field, CHANGEABLE))
    if isinstance(raw, dict) and field == "heat":
        return TypeAdapter(Heat).validate_python(raw, context=info.context)
    if isinstance(raw, dict):
        raise UnitError(f"a number with its unit is needed, found {described(raw)}")
    try:
        return amount_of(raw, info) if field == "start" else CHANGEABLE[field]._validate(raw, info)
    except PydanticCustomError as error:
        raise UnitError(error.message()) from None


def form_problems(error: ValidationError) -> list[tuple[Key, str]]:
    """What is wrong with the form of a heat, by the keys below it."""
    problems: list[tuple[Key, str]] = []
    for found in error.errors(include_url=False):
        key = found["loc"][1:]  # behind the tag of the form
        if found["type"] == "extra_forbidden":
            known = HeatPerMass if found["loc"][0] == "by mass" else HeatPerMole
            problems.append((key, "unknown key" + did_you_mean(str(key[-1]), list(known.model_fields))))
        elif found["type"] == "missing":
            problems.append((key, "is missing"))
        else:
            problems += found.get("ctx", {}).get("problems", [((), found["msg"])]) if found["type"] == "at" else [(key, found["msg"])]
    return problems
