"""A fitted mechanism as a case file takes it, with interval, status and source of every fitted number; draws as a table of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from thermo.base.arrays import Floats
from thermo.casefile.units import DIMENSIONS, Quantity
from thermo.chemistry.mechanism import HeatPerMass, HeatPerMole, MechanismText
from thermo.studies.calibrate.calibrating import Calibrated
from thermo.studies.calibrate.parameters import ENERGY, HEAT, KILO, RATE, Parameter, Start

DIGITS = 10  # of a number in a file: a rate constant and its energy are given where they do not go together
UNITS = {RATE: "1/s", ENERGY: "J/mol", HEAT: "J"}
KEYS = {RATE: "rate_constant_1_per_s", ENERGY: "activation_energy_J_per_mol", HEAT: "heat_J"}


def outer(p: Parameter, start: Start, value: float) -> float:
    """A number of the vector in SI: a rate constant [1/s], an energy [J/mol], a heat [J], a power."""
    if p.word == RATE:
        return math.exp(value)
    if p.word == ENERGY:
        return value * KILO
    return start.heat * math.exp(value) if p.word == HEAT else value


def number_text(value: float, unit: str) -> str:
    """A number with its unit."""
    return f"{value:.{DIGITS}g} {unit}"


def plain(node: Any) -> Any:
    """A model as the data of a case file: every quantity in SI, with the status and the source that it has; what is absent is left out."""
    if isinstance(node, Quantity):
        unit = DIMENSIONS[node.dimension].unit
        text: Any = float(node) if unit == "1" else number_text(float(node), unit)
        told = {word: value for word, value in (("status", node.status), ("source", node.source)) if value is not None}
        return {"value": text, **told} if told and node.source != "a default, not stated in the file" else text
    if isinstance(node, BaseModel):
        names = {name: field.alias or name for name, field in type(node).model_fields.items()}
        made = {alias: plain(getattr(node, name)) for name, alias in names.items() if getattr(node, name) is not None}
        return {alias: value for alias, value in made.items() if value not in ({}, [])}
    if isinstance(node, Mapping):
        return {name: plain(value) for name, value in node.items()}
    return [plain(entry) for entry in node] if isinstance(node, list | tuple) else node


def mechanism_file(text: MechanismText, made: Calibrated, source: str, record: str = "") -> dict[str, Any]:
    """The mechanism with the fitted numbers in place; of numbers that belong to one record those of `record`.

    The rate constant is given at the temperature at which it was fitted (`reference_temperature`): there it does not go together with
    the activation energy. A number with an open end has the status `assumed`.
    """
    data: dict[str, Any] = plain(text)
    problem = made.problem
    first = record or problem.members[0].name
    for name, start in problem.starts.items():
        reaction = data["reactions"][name]
        numbers = {
            p.word: (i, p) for i, p in enumerate(problem.parameters) if p.reaction == name and p.record in ("", first) and p.word in UNITS
        }
        if not numbers:
            continue
        told = {word: _told(made, i, p, start, source) for word, (i, p) in numbers.items()}
        energy = start.activation * start.gas_constant / KILO
        if ENERGY in numbers:
            energy = float(made.fit.x[numbers[ENERGY][0]])
            reaction["activation_energy"] = told[ENERGY]
        if RATE in numbers:
            reaction["reference_temperature"] = number_text(start.reference, "K")
            reaction["pre_exponential_factor"] = told[RATE]
        elif ENERGY in numbers and text.reactions[name].reference_temperature is not None:  # A at 1/T = 0 stays, and is said there
            log_factor = start.log_factor - energy * KILO / start.gas_constant / float(text.reactions[name].reference_temperature or 1.0)
            reaction["pre_exponential_factor"] = number_text(
                math.exp(log_factor + start.exponent * math.log(float(text.reactions[name].reference_temperature or 1.0))), "1/s"
            )
        if HEAT in numbers:
            factor = math.exp(float(made.fit.x[numbers[HEAT][0]]))
            reaction["heat"] = _heat(text.reactions[name].heat, factor, told[HEAT])
    return {**data, "title": f"{text.title}, fitted", "note": source}


def _told(made: Calibrated, i: int, p: Parameter, start: Start, source: str) -> dict[str, Any]:
    """A fitted number with its interval."""
    interval, unit = made.intervals[i], UNITS[p.word]
    value = outer(p, start, float(made.fit.x[i]))
    ends = sorted((outer(p, start, interval.low), outer(p, start, interval.high)))
    is_open = interval.low_open or interval.high_open
    words = f"95 % interval {ends[0]:.6g} to {ends[1]:.6g} {unit}"
    if is_open:
        words += ", open " + " and ".join(word for word, flag in (("below", interval.low_open), ("above", interval.high_open)) if flag)
    told = {"value": number_text(value, unit), "status": "assumed" if is_open else "calibrated", "source": f"{words}; {source}"}
    if not is_open:
        told["uncertainty"] = f"{0.5 * (ends[1] - ends[0]):.6g} {unit}"
    return told


def _heat(heat: Any, factor: float, told: dict[str, Any]) -> Any:
    """A heat in the form that the case gives it, times a factor."""
    if not isinstance(heat, HeatPerMass | HeatPerMole):
        return told
    word, unit = ("per_mass", "J/kg") if isinstance(heat, HeatPerMass) else ("per_mole", "J/mol")
    old = float(getattr(heat, word))
    entry = {"value": number_text(old * factor, unit), "status": told["status"], "source": told["source"]}
    return {**plain(heat), word: entry}


def draws_table(text: MechanismText, made: Calibrated, record: str = "") -> tuple[list[str], list[list[str]]]:
    """Joint draws as a batch of the fitted case takes them, `sample.with.REACTION.WORD` with units: the numbers of `mechanism_file`."""
    problem = made.problem
    first = record or problem.members[0].name
    head: list[str] = []
    columns: list[list[str]] = []
    for i, p in enumerate(problem.parameters):
        if p.record not in ("", first) or p.word not in UNITS:
            continue
        start, reaction = problem.starts[p.reaction], text.reactions[p.reaction]
        word = "pre_exponential_factor" if p.word == RATE else p.word
        values: Floats = np.array([outer(p, start, float(value)) for value in made.draws[:, i]])
        head.append(f"sample.with.{p.reaction}.{word}")
        if p.word == HEAT and isinstance(reaction.heat, HeatPerMass | HeatPerMole):
            columns.append([_flow(reaction.heat, float(np.exp(value))) for value in made.draws[:, i]])
        else:
            columns.append([number_text(float(value), UNITS[p.word]) for value in values])
    return head, [list(row) for row in zip(*columns, strict=True)]


def _flow(heat: HeatPerMass | HeatPerMole, factor: float) -> str:
    """A heat of a form in one line of YAML."""
    word, unit = ("per_mass", "J/kg") if isinstance(heat, HeatPerMass) else ("per_mole", "J/mol")
    rest = {name: value for name, value in plain(heat).items() if name != word}
    parts = [f"{word}: {number_text(float(getattr(heat, word)) * factor, unit)}"]
    parts += [f"{name}: {value['value'] if isinstance(value, dict) else value}" for name, value in rest.items()]
    return "{" + ", ".join(parts) + "}"
