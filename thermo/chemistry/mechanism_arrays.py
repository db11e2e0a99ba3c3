"""A mechanism as arrays for the kernels: factors, switches and thresholds numbered, an internal short as one more reaction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from thermo.base.constants import GAS_CONSTANT
from thermo.chemistry.factors import LEAST, NUMBER, ThresholdFactor
from thermo.chemistry.kinetics import Mechanism
from thermo.chemistry.mechanism import HeatPerMass, HeatPerMole, MechanismText, Reaction, unlimited

SLACK_TEMPERATURE, SLACK_AMOUNT = 1e-3, 1e-4  # K, hundredths of the scale: what switches off again has passed its threshold

# per reaction, and what stands where nothing is said
_PER_REACTION: dict[str, float] = {
    "log_factor": 0.0,
    "exponent": 0.0,
    "activation": 0.0,
    "damkohler_log": -math.inf,
    "damkohler_activation": 0.0,
    "ceiling": 0.0,
    "gate": 0.0,
    "gate_width": 0.0,
    "heat": 0.0,
    "heat_slope": 0.0,
    "heat_species": -1,
}


class Short(NamedTuple):
    """An internal short as a reaction that shares a charged species: I = (V0 + V1 s)/R x s/(s + half), from the first trigger on.

    Its heat is that of the cell over its `volume` [m3], or of all of it where that is 1.
    """

    resistance: float
    charge: float
    empty: float
    full: float
    species: str
    half: float
    volume: float = 1.0


Entry = tuple[int, int, float, float, float]  # of a factor: number of its kind, species, a, b, least


class _Lists:
    """The arrays of a mechanism while they grow, a reaction at a time."""

    def __init__(self, text: MechanismText, n_triggers: int) -> None:
        self.species, self.n_triggers = list(text.species), n_triggers
        self.scale = 1.0 if text.amounts == "number" else max(float(entry.start) for entry in text.species.values()) or 1.0
        self.gas_constant = float(text.gas_constant or GAS_CONSTANT)
        self.numbers: dict[str, list[float]] = {name: [] for name in _PER_REACTION}
        self.factors: list[Entry] = []
        self.made_of = {name for r in text.reactions.values() for name, amount in r.consumes.items() if amount < 0.0}
        self.first_factor, self.first_switch = [0], [0]
        self.switches: list[tuple[int, float]] = []
        self.thresholds: list[tuple[int, float]] = []
        self.stoichiometry: list[Any] = []

    def add(self, numbers: dict[str, float], factors: Iterable[Entry], consumes: dict[str, float]) -> None:
        """One reaction, its switches having been added before."""
        for name, absent in _PER_REACTION.items():
            self.numbers[name].append(float(numbers.get(name, absent)))
        self.factors += factors
        self.first_factor.append(len(self.factors))
        self.first_switch.append(len(self.switches))
        row = np.zeros(len(self.species))
        for name, amount in consumes.items():
            row[self.species.index(name)] -= amount
        self.stoichiometry.append(row)

    def threshold(self, species: int, level: float, on: float) -> None:
        """A switch of the reaction to come: `on` 1.0 to run above the level, 0.0 below it."""
        entry = (species, level)
        if entry not in self.thresholds:
            self.thresholds.append(entry)
        self.switches.append((self.n_triggers + self.thresholds.index(entry), on))

    def reaction(self, reaction: Reaction, volume: float | None, mass: float | None) -> None:
        """A reaction as written."""
        heat, energy, exponent = reaction.heat, float(reaction.activation_energy), float(reaction.temperature_exponent)
        numbers = {
            "log_factor": math.log(reaction.pre_exponential_factor),
            "exponent": exponent,
            "activation": energy / self.gas_constant,
            "ceiling": float(reaction.ceiling or 0.0),
            "heat": heat.of(volume, mass) if isinstance(heat, HeatPerMass | HeatPerMole) else float(heat),
        }
        if reaction.reference_temperature is not None:
            at = float(reaction.reference_temperature)
            numbers["log_factor"] += numbers["activation"] / at - exponent * math.log(at)
        if reaction.damkohler is not None:
            numbers["damkohler_log"] = math.log(reaction.damkohler.factor)
            numbers["damkohler_activation"] = float(reaction.damkohler.activation_energy) / self.gas_constant
        gate = reaction.gate
        if gate is not None and gate.width is not None:
            numbers |= {"gate": float(gate.temperature), "gate_width": float(gate.width)}
        elif gate is not None:
            self.threshold(-1, float(gate.temperature), 1.0)
            if gate.until is not None:
                self.threshold(-1, float(gate.until), 0.0)
        factors: list[Entry] = []
        for factor in reaction.factors:
            at_species = self.species.index(factor.species)
            if isinstance(factor, ThresholdFactor):
                level = factor.below if factor.above is None else factor.above
                assert level is not None
                self.threshold(at_species, float(level), 1.0 if factor.below is None else 0.0)
            else:
                a, b = factor.numbers(self.scale)
                factors.append((NUMBER[factor.kind], at_species, a, b, factor.least(self.scale)))
        for name in unlimited(reaction):
            at_species = self.species.index(name)
            if name in self.made_of:  # made again while it is used: its rate goes to zero with it
                factors.append((NUMBER["saturation"], at_species, LEAST * self.scale, 0.0, 0.0))
            else:
                self.threshold(at_species, 0.01 * SLACK_AMOUNT * self.scale, 1.0)
        self.add(numbers, factors, dict(reaction.consumes))

    def short(self, short: Short) -> None:
        """An internal short as one more reaction."""
        s = self.species.index(short.species)
        numbers = {
            "log_factor": -math.log(short.resistance * short.charge),
            "heat": short.charge * short.empty / short.volume,
            "heat_slope": short.charge * (short.full - short.empty) / short.volume,
            "heat_species": s,
        }
        self.switches.append((0, 1.0))
        voltage = (NUMBER["linear"], s, short.empty, short.full - short.empty, 0.0)
        self.add(numbers, [voltage, (NUMBER["saturation"], s, short.half, 0.0, 0.0)], {short.species: 1.0})

    def made(self, start: list[float]) -> Mechanism:
        """The arrays."""
        kinds, which, a, b, least = zip(*self.factors, strict=True) if self.factors else ((),) * 5
        levels = [level for _, level in self.thresholds]
        slack = [SLACK_TEMPERATURE if species < 0 else SLACK_AMOUNT for species, _ in self.thresholds]
        return Mechanism(
            **{name: np.array(values, np.int64 if name == "heat_species" else float) for name, values in self.numbers.items()},
            first_switch=np.array(self.first_switch, np.int64),
            switch=np.array([switch for switch, _ in self.switches], np.int64),
            switch_on=np.array([on for _, on in self.switches], float),
            threshold_species=np.array([species for species, _ in self.thresholds], np.int64),
            threshold=np.array(levels, float),
            threshold_slack=np.array(slack, float),
            first_factor=np.array(self.first_factor, np.int64),
            factor_kind=np.array(kinds, np.int64),
            factor_species=np.array(which, np.int64),
            factor_a=np.array(a, float),
            factor_b=np.array(b, float),
            factor_least=np.array(least, float),
            stoichiometry=np.array(self.stoichiometry, float).reshape(len(self.first_factor) - 1, len(self.species)),
            start=np.array(start, float),
            scale=self.scale,
        )


def arrays(
    text: MechanismText, short: Short | None = None, volume: float | None = None, n_triggers: int = 0, mass: float | None = None
) -> Mechanism:
    """The mechanism as arrays for the kernels, in a cell or a piece of material of a volume [m3] and a mass [kg]. A cell may have triggers
    of its own, the first of which begins a sustained short, one more reaction named `short`."""
    lists = _Lists(text, n_triggers)
    for reaction in text.reactions.values():
        lists.reaction(reaction, volume, mass)
    if short is not None:
        lists.short(short)
    return lists.made([float(entry.start) for entry in text.species.values()])
