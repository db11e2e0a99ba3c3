"""The library as a person would read it: every number with its unit, status and source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thermo.chemistry import HeatPerMass, MechanismText, library_mechanisms
from thermo.errors import CaseError, Mistake
from thermo.materials import PROPERTIES, ByAxis, Material, Table, library_materials
from thermo.reader import did_you_mean
from thermo.units import DIMENSIONS, Quantity


def listing() -> str:
    """Names of all materials and mechanisms with a word on each."""
    lines = ["materials"]
    lines += [f"  {name:<36} {material.title or ''}".rstrip() for name, material in library_materials().items()]
    lines += ["", "mechanisms"]
    lines += [f"  {name:<36} {mechanism.title}" for name, mechanism in library_mechanisms().items()]
    return "\n".join([*lines, "", "thermo library NAME prints one of them with its sources"])


def page(name: str) -> str:
    """One material or mechanism in full. Raises CaseError for an unknown name."""
    if name in library_materials():
        return "\n".join(_material(name, library_materials()[name]))
    if name in library_mechanisms():
        return "\n".join(_mechanism(name, library_mechanisms()[name]))
    known = [*library_materials(), *library_mechanisms()]
    raise CaseError([Mistake("library", None, "", f"there is nothing named {name!r}" + did_you_mean(name, known))])


def number(value: Quantity) -> str:
    """A number with its unit as it was written, or in SI."""
    unit = DIMENSIONS[value.dimension].unit
    return value.text or (f"{float(value):g}" if unit == "1" else f"{float(value):g} {unit}")


def sourced(value: float) -> str:
    """A number of the library with its unit, status and source."""
    assert isinstance(value, Quantity)
    return f"{number(value)}   [{value.status or 'status not stated'}] {value.source or 'no source'}"


def _property(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Table):
        yield f"  {name}:"
        for temperature, entry in zip(value.temperature, value.value, strict=True):
            yield f"    at {number(temperature):<9} {sourced(entry)}"
    elif isinstance(value, ByAxis):
        yield f"  {name} in plane: {sourced(value.in_plane)}"
        yield f"  {name} through:  {sourced(value.through)}"
    elif value is not None:
        yield f"  {name}: {sourced(value)}"


def _material(name: str, material: Material) -> Iterator[str]:
    yield f"{name}" + (f": {material.title}" if material.title else "")
    for wanted in PROPERTIES:
        yield from _property(wanted, getattr(material, wanted))
    for change in ("melting", "boiling", "degradation"):
        transition = getattr(material, change)
        if transition is not None:
            yield f"  {change} at {sourced(transition.temperature)}"
            if transition.heat is not None:
                yield f"  {change} takes {sourced(transition.heat)}"
    for wanted, value in material.uncertainty.items():
        yield f"  uncertainty of {wanted}: +- {100.0 * value:g} %"
    if material.valid is not None:
        yield f"  holds from {number(material.valid.lowest)} to {number(material.valid.highest)}"  # type: ignore[arg-type]
    for other, alternative in material.alternatives.items():
        yield f"  otherwise, {other}:"
        for wanted in PROPERTIES:
            yield from ("  " + line for line in _property(wanted, getattr(alternative, wanted)))
    if material.note:
        yield f"  note: {material.note}"


def _mechanism(name: str, mechanism: MechanismText) -> Iterator[str]:
    yield f"{name}: {mechanism.title}"
    if mechanism.note:
        yield f"  {mechanism.note}"
    yield "  species (amount at the start):"
    for species, entry in mechanism.species.items():
        yield f"    {species}: {float(entry.start):g}" + (f", {entry.note}" if entry.note else "")
    for name_of, reaction in mechanism.reactions.items():
        yield f"  {name_of}: d extent/dt = {_equation(reaction)}"
        uses = ", ".join(f"{float(amount):g} {species}" for species, amount in reaction.consumes.items())
        yield f"    uses up {uses or 'nothing'}"
        yield f"    A = {sourced(reaction.pre_exponential_factor)}"
        yield f"    E = {sourced(reaction.activation_energy)}"
        if reaction.gate is not None:
            yield f"    Tm = {sourced(reaction.gate.temperature)}"
            yield f"    w = {sourced(reaction.gate.width)}"
        if reaction.ceiling is not None:
            yield f"    kl = {sourced(reaction.ceiling)}"
        if isinstance(reaction.heat, HeatPerMass):
            yield f"    heat = {sourced(reaction.heat.per_mass)} of the reactant"
            amount = reaction.heat.content if reaction.heat.mass is None else reaction.heat.mass
            assert amount is not None
            yield f"    reactant = {sourced(amount)}"
        else:
            yield f"    heat = {sourced(reaction.heat)}"


def _equation(reaction: Any) -> str:
    constant = "A exp(-E/(R T))"
    if reaction.gate is not None:
        constant += " (1 + tanh((T - Tm)/w))/2"
    if reaction.ceiling is not None:
        constant = f"k kl/(k + kl), k = {constant};"
    parts = []
    for factor in reaction.factors:
        if factor.kind == "order":
            parts.append(factor.species if factor.order == 1.0 else f"{factor.species}^{float(factor.order):g}")
        elif factor.kind == "barrier":
            parts.append(f"exp(-{factor.species}/{float(factor.reference):g})")
        elif factor.kind == "autocatalytic":
            left, made = factor.species, f"(1 - {factor.species})"
            powers = ("" if order == 1.0 else f"^{float(order):g}" for order in (factor.order, factor.other_order))
            parts.append(" ".join(name + power for name, power in zip((left, made), powers, strict=True)))
        else:
            parts.append(f"{factor.species}/({factor.species} + {float(factor.half):g})")
    return " ".join([constant, *(["x"] if parts else []), " x ".join(parts)]).strip()
