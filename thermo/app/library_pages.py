"""The library as a person would read it: every number with its unit, status and source."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from thermo.base.errors import CaseError, Mistake, did_you_mean
from thermo.casefile.units import DIMENSIONS, Quantity, show
from thermo.chemistry.factors import ThresholdFactor
from thermo.chemistry.mechanism import HeatPerMass, HeatPerMole, MechanismText, Reaction, library_mechanisms
from thermo.materials.material import PROPERTIES, Material, library_materials
from thermo.materials.properties import Table, parts_of

WIDTH = 100  # of a line of words


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
    raise CaseError([Mistake("library", None, "", f"the library has nothing named {name!r}" + did_you_mean(name, known))])


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
    for along, entry in parts_of(value).items():
        yield from _property(f"{name} {along}", entry)
    if isinstance(value, Quantity):
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
        yield f"  valid from {number(material.valid.lowest)} to {number(material.valid.highest)}"  # type: ignore[arg-type]
    for other, alternative in material.alternatives.items():
        yield f"  alternative, {other}:"
        for wanted in PROPERTIES:
            yield from ("  " + line for line in _property(wanted, getattr(alternative, wanted)))
    if material.note:
        yield f"  note: {material.note}"


def _mechanism(name: str, mechanism: MechanismText) -> Iterator[str]:
    yield f"{name}: {mechanism.title}"
    if mechanism.note:
        yield from wrap(mechanism.note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    numbers = [number for reaction in mechanism.reactions.values() for _, number in _numbers(reaction)]
    stated = {(entry.status, entry.source) for entry in numbers}
    said = number if len(stated) == 1 else sourced  # one source for all is said once
    if len(stated) == 1:
        status, source = next(iter(stated))
        yield from wrap(
            f"all numbers: [{status or 'status not stated'}] {source or 'no source'}", WIDTH, initial_indent="  ", subsequent_indent="  "
        )
    if mechanism.gas_constant is not None:
        yield f"  R = {float(mechanism.gas_constant):g} J/(mol K)"
    yield "  species (amount at the start):"
    for species, entry in mechanism.species.items():
        start = number(entry.start) if isinstance(entry.start, Quantity) else f"{entry.start:g}"
        yield f"    {species}: {start}" + (f", {entry.note}" if entry.note else "")
    for name_of, reaction in mechanism.reactions.items():
        yield f"  {name_of}: d extent/dt = {_equation(reaction)}"
        used = ", ".join(f"{float(amount):g} {species}" for species, amount in reaction.consumes.items() if amount > 0.0)
        made = ", ".join(f"{-float(amount):g} {species}" for species, amount in reaction.consumes.items() if amount < 0.0)
        yield f"    uses {used or 'nothing'}" + (f", makes {made}" if made else "")
        yield from (f"    {symbol} = {said(entry)}" for symbol, entry in _numbers(reaction))
        if reaction.note:
            yield f"    {reaction.note}"


def _numbers(reaction: Reaction) -> Iterator[tuple[str, Quantity]]:
    """The numbers of a reaction by the symbols of its equation, then its heat and its gas."""
    heat, gate, damkohler = reaction.heat, reaction.gate, reaction.damkohler
    found: list[tuple[str, Any]] = [("A", reaction.pre_exponential_factor), ("E", reaction.activation_energy)]
    found += [("Tr", reaction.reference_temperature), ("kl", reaction.ceiling)]
    if damkohler is not None:
        found += [("D", damkohler.factor), ("Ed", damkohler.activation_energy)]
    if gate is not None and gate.width is not None:
        found += [("Tm", gate.temperature), ("w", gate.width)]
    if isinstance(heat, HeatPerMass):
        found += [("heat", heat.per_mass), ("mass of the reactant", heat.mass), ("content of the reactant", heat.content)]
        found += [("share of the mass", heat.share)]
    elif isinstance(heat, HeatPerMole):
        found += [("heat", heat.per_mole), ("amount of the reactant", heat.amount), ("content of the reactant", heat.content)]
    else:
        found += [("heat", heat)]
    found.append(("gas", reaction.gas))
    yield from ((symbol, entry) for symbol, entry in found if isinstance(entry, Quantity))


def _equation(reaction: Reaction) -> str:
    constant = "A exp(-E/(R T))"
    b, at = float(reaction.temperature_exponent), reaction.reference_temperature
    if at is not None:
        constant = "A exp(-E/R (1/T - 1/Tr))"
    if b != 0.0:
        constant = constant.replace("A ", f"A (T/{'Tr' if at is not None else '1 K'})^{b:g} ")
    gate = reaction.gate
    if gate is not None and gate.width is not None:
        constant += " (1 + tanh((T - Tm)/w))/2"
    if reaction.damkohler is not None:
        constant += " / (1 + D exp(-Ed/(R T)))"
    if reaction.ceiling is not None:
        constant = f"k kl/(k + kl), k = {constant};"
    parts = [factor.equation() for factor in reaction.factors if not isinstance(factor, ThresholdFactor)]
    equation = " ".join([constant, *(["x"] if parts else []), " x ".join(parts)]).strip()
    only = []
    if gate is not None and gate.width is None:
        only.append(f"T >= {show(gate.temperature, 'temperature')}")
        only += [f"T < {show(gate.until, 'temperature')}"] if gate.until is not None else []
    for factor in reaction.factors:
        if isinstance(factor, ThresholdFactor):
            only.append(f"{factor.species} {'>' if factor.below is None else '<'} {float(factor.above or factor.below or 0.0):g}")
    return equation + (f", only while {' and '.join(only)}" if only else "")
