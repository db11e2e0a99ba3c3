"""A mechanism as a case writes it: species, reactions, heats; the library of mechanisms."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Discriminator,
    Tag,
    model_validator,
)

from thermo.base.errors import did_you_mean, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Quantity, Unit
from thermo.chemistry.amount import Amount, an
from thermo.chemistry.factors import Written
from thermo.chemistry.gas import BY_MASS, BY_VOLUME, GAS, gas_problem
from thermo.materials.material import LIBRARY, read_shipped

Temperature = Annotated[float, Unit("temperature")]
Energy = Annotated[float, Unit("energy")]


class Species(Frozen):
    """Something that reactions use up or make: its amount at the start, as a fraction of the full one, in kg per m3 of the cell or in
    mol. All species of a mechanism are in one of these, and so is the extent of its reactions."""

    start: Amount
    note: str | None = None


class Gate(Frozen):
    """A rate that is blocked below a temperature: (1 + tanh((T - temperature)/width))/2, or at once where there is no width.

    A gate at once may also have an upper end, `until`; passing either is found as an event.
    """

    temperature: Temperature
    width: Annotated[float | None, Unit("temperature difference", gt=0)] = None
    until: Temperature | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Gate:
        if self.until is not None and self.width is not None:
            raise misplaced([(("until",), "is for a gate without a width")])
        if self.until is not None and self.until <= self.temperature:
            raise misplaced([(("until",), "must lie above 'temperature'")])
        return self


class HeatPerMass(Frozen):
    """Heat per mass of a reactant, and how much of it there is: its `mass`, its `content` in the volume of the cell or the material, or its
    `share` of their mass.

    Where amounts are in kg/m3 neither is wanted: the extent counts the mass.
    """

    per_mass: Annotated[float, Unit("specific energy")]
    mass: Annotated[float | None, Unit("mass", gt=0)] = None
    content: Annotated[float | None, Unit("density", gt=0)] = None
    share: Annotated[float | None, Unit("number", gt=0, le=1)] = None

    def of(self, volume: float | None, mass: float | None) -> float:
        """The heat [J] per unit of extent in a cell of a volume [m3] and a mass [kg]; of both only a heat by `mass` needs none."""
        if self.mass is not None:
            return float(self.per_mass * self.mass)
        if self.share is not None:
            assert mass is not None
            return float(self.per_mass * self.share) * mass
        assert volume is not None
        return float(self.per_mass) * float(1.0 if self.content is None else self.content) * volume


class HeatPerMole(Frozen):
    """Heat per mole of extent, and how many moles there are: `amount`, or `content` in the volume of the cell; neither where amounts are
    in mol."""

    per_mole: Annotated[float, Unit("molar energy")]
    amount: Annotated[float | None, Unit("amount of substance", gt=0)] = None
    content: Annotated[float | None, Unit("concentration", gt=0)] = None

    def of(self, volume: float | None, mass: float | None) -> float:
        """The heat [J] per unit of extent in a cell of a volume [m3], which `content` needs; of its `mass` nothing is asked."""
        if self.content is None:
            return float(self.per_mole) * float(1.0 if self.amount is None else self.amount)
        assert volume is not None
        return float(self.per_mole * self.content) * volume


def _kind_of_heat(value: Any) -> str:
    if isinstance(value, HeatPerMass | HeatPerMole):
        return "by mass" if isinstance(value, HeatPerMass) else "by mole"
    if isinstance(value, dict):
        by_mole = "per_mole" in value or ("amount" in value and "per_mass" not in value)
        by_mass = "per_mass" in value or "mass" in value or "content" in value or "share" in value
        return "by mole" if by_mole else "by mass" if by_mass else "number"
    return "number"


Heat = Annotated[
    Annotated[Energy, Tag("number")] | Annotated[HeatPerMass, Tag("by mass")] | Annotated[HeatPerMole, Tag("by mole")],
    Discriminator(_kind_of_heat),
]


class Damkohler(Frozen):
    """Da(T) = factor exp(-E/(R T)), the rate of reaction over that of diffusion; the rate constant is divided by 1 + Da."""

    factor: Annotated[float, Unit("number", gt=0)]
    activation_energy: Annotated[float, Unit("molar energy", ge=0)]


class Reaction(Frozen):
    """One reaction: rate = k(T) x product of factors, k(T) = ceiling(A exp(-E/(R T)) x gate / (1 + Da)).

    With a `temperature_exponent` b, k has the factor (T/1 K)^b. With a `reference_temperature` Tr, A is the rate constant there:
    k = A (T/Tr)^b exp(-E/R (1/T - 1/Tr)). Where amounts are in kg/m3 or mol, so is the extent, and A is the number that gives its rate per
    second from factors in these units. `consumes` gives the amount of each species used per unit of extent (negative: made), `heat` the
    heat released and `gas` the gas made per unit of extent. A reaction ends when a species that it consumes is spent, whether a factor
    mentions it or not.
    """

    pre_exponential_factor: Annotated[float, Unit("rate constant", gt=0)]
    activation_energy: Annotated[float, Unit("molar energy", ge=0)]
    temperature_exponent: Annotated[float, Unit("number")] = 0.0
    reference_temperature: Temperature | None = None
    damkohler: Damkohler | None = None
    gate: Gate | None = None
    ceiling: Annotated[float | None, Unit("rate constant", gt=0)] = None
    factors: tuple[Written, ...] = ()
    consumes: dict[str, Annotated[float, Unit("number")]] = {}
    heat: Heat
    gas: Annotated[float | None, GAS] = None
    note: str | None = None


def unlimited(reaction: Reaction) -> list[str]:
    """The species that a reaction consumes without a factor that ends it when they are spent; it is switched off there."""
    limiting = {factor.species for factor in reaction.factors if factor.limits}
    return [name for name, amount in reaction.consumes.items() if amount > 0.0 and name not in limiting]


def _with_its_unit(value: Any) -> Any:
    """A gas constant without its unit is in J/(mol K), as tables of mechanisms give it."""
    return value if isinstance(value, bool | str) or not isinstance(value, int | float) else f"{value!r} J/(mol K)"


class MechanismText(Frozen):
    """A mechanism written out. `gas_constant` is the one the numbers were fitted with."""

    title: str
    gas_constant: Annotated[float, Unit("molar heat capacity", gt=8.2, lt=8.4), BeforeValidator(_with_its_unit)] | None = None
    species: dict[str, Species]
    reactions: dict[str, Reaction]
    note: str | None = None

    @property
    def amounts(self) -> str:
        """The dimension of all amounts, that of most starts: `number` (fractions), `density` or `amount of substance`."""
        known = Counter(species.start.dimension for species in self.species.values() if isinstance(species.start, Quantity))
        return known.most_common(1)[0][0] if known else "number"

    @model_validator(mode="after")
    def _consistent(self) -> MechanismText:
        problems: list[tuple[Key, str]] = []
        for name, entry in self.species.items():
            if isinstance(entry.start, Quantity) and entry.start.dimension != self.amounts:
                text = f"is {an(entry.start.dimension)}, but other species are given as {an(self.amounts)}"
                problems.append((("species", name, "start"), text))
        for name, reaction in self.reactions.items():
            problems += [(("reactions", name, *key), text) for key, text in _reaction_problems(reaction, self.species, self.amounts)]
        if problems:
            raise misplaced(problems)
        return self


class MechanismOfFile(MechanismText):
    """A mechanism of a file of its own, with the status and the source that its numbers have there."""

    of_another_file: ClassVar[bool] = True


LEAST_ENERGY, MOST_ENERGY = 1e3, 1e6  # J/mol, of an activation that is not zero


def _reaction_problems(reaction: Reaction, species: dict[str, Species], amounts: str) -> list[tuple[Key, str]]:
    """What in a reaction does not fit the species, or cannot be."""
    used: list[tuple[Key, str]] = [(("factors", i, "species"), factor.species) for i, factor in enumerate(reaction.factors)]
    used += [(("consumes", name), name) for name in reaction.consumes]
    problems: list[tuple[Key, str]] = [
        (key, f"undeclared species {shortened(name)!r}" + did_you_mean(name, species)) for key, name in used if name not in species
    ]
    for i, factor in enumerate(reaction.factors):
        problems += [(("factors", i, word), text) for word, text in factor.problems(amounts)]
        text = factor.start_problem(species[factor.species].start) if factor.species in species else None
        problems += [(("factors", i, "species"), text)] if text is not None else []
    made = sum(reaction.consumes.values())
    grows = [shortened(name) for name, amount in reaction.consumes.items() if amount < 0.0]
    if grows and max(reaction.consumes.values()) <= 0.0:
        text = f"makes {', '.join(grows)} and consumes nothing; a consumed amount is positive, a produced one negative"
        problems.append((("consumes",), text))
    elif amounts == "density" and made < -1e-6:
        problems.append((("consumes",), f"creates mass: it produces {-made:.6g} kg more than it consumes per kg of extent"))
    energy = reaction.activation_energy
    if 0.0 < energy < LEAST_ENERGY:
        text = f"{energy:g} J/mol is not an activation energy of a reaction; {energy:g} kJ/mol is probably meant"
        problems.append((("activation_energy",), text))
    if energy > MOST_ENERGY:
        text = f"{energy / 1e3:g} kJ/mol is not an activation energy of a reaction; {energy / 1e3:g} J/mol is probably meant"
        problems.append((("activation_energy",), text))
    strange = gas_problem(reaction.gas, amounts)
    problems += [(("gas",), strange)] if strange else []
    return problems + [(("heat",), text) for text in heat_problem(reaction.heat, amounts)]


def heat_problem(heat: Any, amounts: str) -> list[str]:
    """What does not fit in the form of a heat where amounts are of this dimension."""
    if isinstance(heat, HeatPerMass):
        absent = [heat.mass, heat.content, heat.share].count(None)
        if amounts == "number" and absent != 2:
            return ["give one of 'mass', 'content' and 'share' beside 'per_mass'"]
        if amounts == "density" and absent != 3:
            return ["amounts are in kg/m3: 'per_mass' alone gives the heat"]
        return ["amounts are in mol; 'per_mole' is needed"] if amounts == "amount of substance" else []
    if isinstance(heat, HeatPerMole):
        given = [heat.amount, heat.content].count(None)
        if amounts == "number" and given != 1:
            return ["give either 'amount' or 'content' beside 'per_mole'"]
        if amounts == "amount of substance" and given != 2:
            return ["amounts are in mol: 'per_mole' alone gives the heat"]
        return ["amounts are in kg/m3; 'per_mass' is needed"] if amounts == "density" else []
    wanted = {"density": "per_mass", "amount of substance": "per_mole"}.get(amounts)
    return [f"amounts are given as {an(amounts)}; a heat such as {{{wanted}: ...}} is needed"] if wanted else []


class Shipped(Mapping[str, MechanismText]):
    """The shipped mechanisms by name, each read when it is asked for. Raises CaseError where its file is damaged."""

    def __init__(self) -> None:
        self.files = {file.stem: file for file in sorted((LIBRARY / "mechanisms").glob("*.yaml"))}
        self.read: dict[str, MechanismText] = {}

    def __getitem__(self, name: str) -> MechanismText:
        if name not in self.read:
            self.read[name] = read_shipped(self.files[name], MechanismText)[1]
        return self.read[name]

    def __contains__(self, name: object) -> bool:
        return name in self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@functools.cache
def library_mechanisms() -> Shipped:
    """The shipped mechanisms by name."""
    return Shipped()


def needs_volume(text: MechanismText) -> bool:
    """Whether heats or gas refer to the volume of the cell."""
    if text.amounts == "density" or any(getattr(r.gas, "dimension", None) == BY_VOLUME for r in text.reactions.values()):
        return True
    return any(isinstance(r.heat, HeatPerMass | HeatPerMole) and r.heat.content is not None for r in text.reactions.values())


def needs_mass(text: MechanismText) -> bool:
    """Whether heats or gas refer to the mass of the cell or the material."""
    if text.amounts == "number" and any(getattr(r.gas, "dimension", None) == BY_MASS for r in text.reactions.values()):
        return True
    return any(isinstance(r.heat, HeatPerMass) and r.heat.share is not None for r in text.reactions.values())
