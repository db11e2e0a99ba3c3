"""A mechanism as a case writes it: species, reactions, factors, heats; the library of mechanisms."""

from __future__ import annotations

import functools
import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from thermo.constants import GAS_CONSTANT
from thermo.errors import described, did_you_mean, shortened
from thermo.kinetics import AUTOCATALYTIC, BARRIER, LINEAR, ORDER, SATURATION, Mechanism
from thermo.materials import LIBRARY, read_library
from thermo.reader import Frozen, Key, misplaced
from thermo.units import Unit, UnitError

Temperature = Annotated[float, Unit("temperature")]
Energy = Annotated[float, Unit("energy")]
Fraction = Annotated[float, Unit("number", ge=0, le=1)]


class Species(Frozen):
    """Something that reactions use up or make: its amount at the start as a fraction of the full one."""

    start: Fraction
    note: str | None = None


class Gate(Frozen):
    """A rate that is blocked below a temperature: (1 + tanh((T - temperature)/width))/2."""

    temperature: Temperature
    width: Annotated[float, Unit("temperature difference", gt=0)]


class OrderFactor(Frozen):
    """amount^order of a species."""

    kind: Literal["order"]
    species: str
    order: Annotated[float, Unit("number", ge=0)]


class SaturationFactor(Frozen):
    """amount / (amount + half) of a species: one while there is plenty."""

    kind: Literal["saturation"]
    species: str
    half: Annotated[float, Unit("number", gt=0)]


class BarrierFactor(Frozen):
    """exp(-amount / reference) of a species: what passes a layer that grows, such as the SEI."""

    kind: Literal["barrier"]
    species: str
    reference: Annotated[float, Unit("number", gt=0)]


class AutocatalyticFactor(Frozen):
    """amount^order (1 - amount)^other_order of a species of which `amount` is left (Sestak and Berggren; both 1: Prout and Tompkins)."""

    kind: Literal["autocatalytic"]
    species: str
    order: Annotated[float, Unit("number", ge=0)] = 1.0
    other_order: Annotated[float, Unit("number", ge=0)] = 1.0


Factor = Annotated[OrderFactor | SaturationFactor | BarrierFactor | AutocatalyticFactor, Field(discriminator="kind")]


class HeatPerMass(Frozen):
    """Heat per mass of a reactant, and how much of it there is: its `mass`, or its `content` in the volume of the cell."""

    per_mass: Annotated[float, Unit("specific energy")]
    mass: Annotated[float | None, Unit("mass", gt=0)] = None
    content: Annotated[float | None, Unit("density", gt=0)] = None

    @model_validator(mode="after")
    def _one(self) -> HeatPerMass:
        if (self.mass is None) == (self.content is None):
            raise misplaced([((), "one of 'mass' and 'content' is wanted beside 'per_mass'")])
        return self

    def in_volume(self, volume: float | None) -> float:
        """The heat [J] of a cell of a volume [m3], which `content` needs."""
        if self.mass is not None:
            return float(self.per_mass * self.mass)
        assert self.content is not None
        assert volume is not None
        return float(self.per_mass * self.content) * volume


def _number_or_mass(value: Any) -> str:
    return "mass" if isinstance(value, HeatPerMass) or (isinstance(value, dict) and "per_mass" in value) else "number"


Heat = Annotated[Annotated[Energy, Tag("number")] | Annotated[HeatPerMass, Tag("mass")], Discriminator(_number_or_mass)]


class Reaction(Frozen):
    """One reaction: rate = k(T) x product of factors [1/s], k(T) = ceiling(A exp(-E/(R T)) x gate).

    `consumes` gives the fraction of each species used per unit of extent (negative: made), `heat` the heat released per unit of extent.
    """

    pre_exponential_factor: Annotated[float, Unit("rate constant", gt=0)]
    activation_energy: Annotated[float, Unit("molar energy", ge=0)]
    gate: Gate | None = None
    ceiling: Annotated[float | None, Unit("rate constant", gt=0)] = None
    factors: tuple[Factor, ...] = ()
    consumes: dict[str, Annotated[float, Unit("number")]] = {}
    heat: Heat
    note: str | None = None


class MechanismText(Frozen):
    """A mechanism written out. `gas_constant` is the one the numbers were fitted with."""

    title: str
    gas_constant: Annotated[float | None, Unit("number", gt=0)] = None
    species: dict[str, Species]
    reactions: dict[str, Reaction]
    note: str | None = None

    @model_validator(mode="after")
    def _declared(self) -> MechanismText:
        problems: list[tuple[Key, str]] = []
        for name, reaction in self.reactions.items():
            used: list[tuple[Key, str]] = [(("factors", i, "species"), factor.species) for i, factor in enumerate(reaction.factors)]
            used += [(("consumes", species), species) for species in reaction.consumes]
            for more, species in used:
                if species not in self.species:
                    text = f"undeclared species {shortened(species)!r}" + did_you_mean(species, self.species)
                    problems.append((("reactions", name, *more), text))
        if problems:
            raise misplaced(problems)
        return self


CHANGEABLE = {
    "pre_exponential_factor": Unit("rate constant", gt=0),
    "activation_energy": Unit("molar energy", ge=0),
    "ceiling": Unit("rate constant", gt=0),
    "heat": Unit("energy"),
}


@functools.cache
def library_mechanisms() -> dict[str, MechanismText]:
    """The shipped mechanisms by name. Raises CaseError if a shipped file is damaged."""
    from pathlib import Path

    found = {}
    for document, mechanism in read_library(LIBRARY / "mechanisms", MechanismText):
        found[Path(document.path).stem] = mechanism
    return found


def with_changes(mechanism: MechanismText, changes: dict[str, Any]) -> MechanismText:
    """The mechanism with single numbers replaced, keys such as `pool.heat`. Keys must exist (see `change_problems`)."""
    reactions = dict(mechanism.reactions)
    for key, value in changes.items():
        name, _, field = key.rpartition(".")
        reactions[name] = reactions[name].model_copy(update={field: value})
    return mechanism.model_copy(update={"reactions": reactions})


def change_problem(mechanism: MechanismText, key: str) -> str | None:
    """What is wrong with a key of `with`, or None."""
    name = key.rpartition(".")[0]
    if name not in mechanism.reactions:
        keys = [f"{reaction}.{number}" for reaction in mechanism.reactions for number in CHANGEABLE]
        return f"there is no reaction {shortened(name or key)!r}" + did_you_mean(key, keys)
    return None


def change_value(key: str, raw: Any, info: ValidationInfo) -> Any:
    """A value of `with` as a quantity of the dimension its key states. Raises UnitError."""
    field = key.rpartition(".")[2]
    if field not in CHANGEABLE:
        raise UnitError(f"unknown number {shortened(field)!r} of a reaction" + did_you_mean(field, CHANGEABLE))
    if isinstance(raw, dict):
        raise UnitError(f"a number with its unit is wanted, found {described(raw)}")
    try:
        return CHANGEABLE[field]._validate(raw, info)
    except PydanticCustomError as error:
        raise UnitError(error.message()) from None


class Short(NamedTuple):
    """An internal short as a reaction that shares a charged species: I = (V0 + V1 s)/R x s/(s + half)."""

    trigger: int
    resistance: float
    charge: float
    empty: float
    full: float
    species: str
    half: float


def needs_volume(text: MechanismText) -> bool:
    """Whether a heat is given by the content of a reactant in the volume of the cell."""
    return any(isinstance(reaction.heat, HeatPerMass) and reaction.heat.content is not None for reaction in text.reactions.values())


def parameters(factor: Factor) -> tuple[int, float, float]:
    """Kind and numbers of a factor as the kernels take them."""
    if isinstance(factor, OrderFactor):
        return ORDER, float(factor.order), 0.0
    if isinstance(factor, SaturationFactor):
        return SATURATION, float(factor.half), 0.0
    if isinstance(factor, BarrierFactor):
        return BARRIER, float(factor.reference), 0.0
    return AUTOCATALYTIC, float(factor.order), float(factor.other_order)


def arrays(text: MechanismText, short: Short | None = None, volume: float | None = None) -> Mechanism:
    """The mechanism as arrays for the kernels, in a cell of a volume [m3]; a sustained short is one more reaction, named `short`."""
    species = list(text.species)
    n = len(text.reactions) + (short is not None)
    gas_constant = text.gas_constant or GAS_CONSTANT
    columns: dict[str, list[float]] = {name: [] for name in ("log_factor", "activation", "ceiling", "gate", "gate_width", "heat")}
    kinds, which, a, b, first = [], [], [], [], [0]
    stoichiometry = np.zeros((n, len(species)))
    for k, reaction in enumerate(text.reactions.values()):
        columns["log_factor"].append(math.log(reaction.pre_exponential_factor))
        columns["activation"].append(reaction.activation_energy / gas_constant)
        columns["ceiling"].append(float(reaction.ceiling or 0.0))
        columns["gate"].append(float(reaction.gate.temperature) if reaction.gate else 0.0)
        columns["gate_width"].append(float(reaction.gate.width) if reaction.gate else 0.0)
        heat = reaction.heat
        columns["heat"].append(heat.in_volume(volume) if isinstance(heat, HeatPerMass) else float(heat))
        for factor in reaction.factors:
            kind, first_number, second_number = parameters(factor)
            kinds.append(kind)
            which.append(species.index(factor.species))
            a.append(first_number)
            b.append(second_number)
        first.append(len(kinds))
        for name, amount in reaction.consumes.items():
            stoichiometry[k, species.index(name)] -= amount
    heat_slope, heat_species, trigger = [0.0] * n, [-1] * n, [-1] * n
    if short is not None:
        s = species.index(short.species)
        columns["log_factor"].append(-math.log(short.resistance * short.charge))
        for name in ("activation", "ceiling", "gate", "gate_width"):
            columns[name].append(0.0)
        columns["heat"].append(short.charge * short.empty)
        heat_slope[-1], heat_species[-1], trigger[-1] = short.charge * (short.full - short.empty), s, short.trigger
        kinds += [LINEAR, SATURATION]
        which += [s, s]
        a += [short.empty, short.half]
        b += [short.full - short.empty, 0.0]
        first.append(len(kinds))
        stoichiometry[-1, s] = -1.0
    return Mechanism(
        **{name: np.array(values) for name, values in columns.items()},
        trigger=np.array(trigger, np.int64),
        heat_slope=np.array(heat_slope),
        heat_species=np.array(heat_species, np.int64),
        first_factor=np.array(first, np.int64),
        factor_kind=np.array(kinds, np.int64),
        factor_species=np.array(which, np.int64),
        factor_a=np.array(a, float),
        factor_b=np.array(b, float),
        stoichiometry=stoichiometry,
        start=np.array([float(entry.start) for entry in text.species.values()]),
    )
