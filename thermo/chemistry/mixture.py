"""Several reacting materials in one volume: their mechanisms side by side as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from thermo.base.errors import shortened
from thermo.chemistry.amount import an
from thermo.chemistry.gas import BY_MASS
from thermo.chemistry.mechanism import HeatPerMass, MechanismText


class Part(NamedTuple):
    """A mechanism, and the share of the volume and of the mass that its material has."""

    volume: float
    mass: float
    text: MechanismText


def mixture_problem(parts: Mapping[str, MechanismText]) -> str | None:
    """Why mechanisms, by the names of their materials, cannot be one mechanism, or None."""
    if len(parts) < 2:
        return None
    first, *others = parts.items()
    for name, text in others:
        pair = f"{shortened(first[0])!r} and {shortened(name)!r}"
        if text.amounts != first[1].amounts:
            return f"the amounts of {pair} are {an(first[1].amounts)} and {an(text.amounts)}, and one mechanism has one kind of them"
        if _gas_constant(text) != _gas_constant(first[1]):
            return f"the mechanisms of {pair} were fitted with different gas constants, and one mechanism has one"
    for kind in ("species", "reactions"):
        names = [_called(material, own) for material, text in parts.items() for own in getattr(text, kind)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            return f"two of the {kind} would both be called {shortened(twice)!r}; rename a material"
    return None


def mixture(parts: Mapping[str, Part]) -> MechanismText:
    """The mechanisms of materials that share a volume, as one mechanism per m3 of that volume.

    A reaction goes on in its material as it does there alone: its amounts stay those per m3 of that material, so that no rate changes.
    Only its heat is divided: by the share of the volume, and where a heat refers to the mass of the material (`share`) by that of the
    mass. Where several react, species and reactions are named after their material, `anode_sei`. See `mixture_problem`.
    """
    species: dict[str, Any] = {}
    reactions: dict[str, Any] = {}
    for material, part in parts.items():
        named = {name: _called(material, name) if len(parts) > 1 else name for name in (*part.text.species, *part.text.reactions)}
        species |= {named[name]: entry for name, entry in part.text.species.items()}
        for name, reaction in part.text.reactions.items():
            factors = tuple(factor.model_copy(update={"species": named[factor.species]}) for factor in reaction.factors)
            consumes = {named[own]: amount for own, amount in reaction.consumes.items()}
            update = {"factors": factors, "consumes": consumes, "heat": _shared(reaction.heat, part), "gas": _gas(reaction.gas, part)}
            reactions[named[name]] = reaction.model_copy(update=update)
    title = "; ".join(f"{material}: {part.text.title}" for material, part in parts.items())
    first = next(iter(parts.values())).text
    return MechanismText.model_construct(title=title, gas_constant=first.gas_constant, species=species, reactions=reactions, note=None)


def _gas(gas: Any, part: Part) -> Any:
    """Gas per m3 or per kg of a material, or per kg of extent in each m3 of it, as that of the whole."""
    if gas is None:
        return None
    by_mass = part.text.amounts == "number" and gas.dimension == BY_MASS
    return gas.like((part.mass if by_mass else part.volume) * gas)


def _called(material: str, name: str) -> str:
    return f"{material}_{name}"


def _gas_constant(text: MechanismText) -> float | None:
    return None if text.gas_constant is None else float(text.gas_constant)


def _shared(heat: Any, part: Part) -> Any:
    """A heat per m3 of a material as one per m3 of the whole."""
    if isinstance(heat, HeatPerMass):
        share = part.volume if heat.share is None else part.mass
        return heat.model_copy(update={"per_mass": heat.per_mass.like(share * heat.per_mass)})  # type: ignore[attr-defined]
    return heat.model_copy(update={"per_mole": heat.per_mole.like(part.volume * heat.per_mole)})
