"""The free numbers of a calibration as a vector, and how the numbers of each record follow from it.

The vector holds ln k at a reference temperature, E in kJ/mol, ln of a heat over that of the case, powers of the state of charge, and what
is each record's own. The numbers of a record are M x + b.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT
from thermo.case.case import Case
from thermo.chemistry.kinetics import Mechanism
from thermo.chemistry.mechanism import MechanismText
from thermo.chemistry.mechanism_arrays import arrays
from thermo.studies.calibrate.forms import LARGEST, ROWS, alone, form_of
from thermo.studies.calibrate.kernels import EACH, Rates
from thermo.studies.calibrate.models import Reactions
from thermo.studies.calibrate.text import FREE, Calibration, PowerOf

RATE, ENERGY, HEAT = FREE
LEAST_ENERGY, MOST_ENERGY = 40.0, 400.0  # kJ/mol, where a fit states no range
WIDE = {RATE: 14.0, HEAT: math.log(100.0)}  # how far ln k and ln heat may go from the case
MOST_POWER = 5.0  # of the state of charge
REFERENCE_RATE = 1e-4  # 1/s: a rate constant is given where it is about this, unless the case file says where
KILO = 1e3


class Parameter(NamedTuple):
    """A free number: its `key` such as `sei.heat`, the `record` that it is of alone or "", its reaction and `word`, bounds, where it starts
    and its prior (mean, standard deviation), all as it stands in the vector."""

    key: str
    record: str
    reaction: str
    word: str
    low: float
    high: float
    start: float
    prior: tuple[float, float] | None = None
    ranged: bool = False

    @property
    def name(self) -> str:
        """Its key, with the record that it belongs to."""
        return f"{self.key} of {self.record}" if self.record else self.key


class Start(NamedTuple):
    """A reaction of the case as numbers: ln A [1/s], E/R [K], exponent of the temperature, heat [J], the gas constant [J/(mol K)], and the
    temperature at which its rate constant is given [K]."""

    log_factor: float
    activation: float
    exponent: float
    heat: float
    gas_constant: float
    reference: float

    def log_constant(self) -> float:
        """ln k at the reference temperature."""
        return self.log_factor + self.exponent * math.log(self.reference) - self.activation / self.reference


def mechanism_arrays(case: Case) -> tuple[MechanismText, Mechanism]:
    """The mechanism of a lumped case as written and as arrays."""
    cell = case.cell
    assert cell is not None
    text = cell.mechanism()
    assert text is not None
    return text, arrays(text, None, None if cell.volume is None else float(cell.volume), 0, cell.reference().get("kg"))


def starts_of(case: Case, study: Calibration) -> dict[str, Start]:
    """Every reaction of a case as the fit starts with it."""
    text, mechanism = mechanism_arrays(case)
    made = {}
    for k, name in enumerate(text.reactions):
        rate = study.fit[name].rate_constant if name in study.fit else None
        activation, log_factor = float(mechanism.activation[k]), float(mechanism.log_factor[k])
        at = None if rate is None else rate.at
        if at is None:
            at = activation / max(log_factor - math.log(REFERENCE_RATE), 1.0)
            at = min(max(at, 300.0), 700.0) if activation > 0.0 else 400.0
        gas_constant = float(text.gas_constant or GAS_CONSTANT)
        made[name] = Start(log_factor, activation, float(mechanism.exponent[k]), float(mechanism.heat[k]), gas_constant, float(at))
    return made


def parameters_of(study: Calibration, starts: dict[str, Start]) -> list[Parameter]:
    """The free numbers of all reactions, those of one record after those that are shared."""
    made: list[Parameter] = []
    for reaction, free in study.fit.items():
        start = starts[reaction]
        for word in FREE:
            entry = getattr(free, word)
            if entry is None:
                continue
            key, how = f"{reaction}.{word}", study.own.get(f"{reaction}.{word}")
            shared = _parameter(key, reaction, word, entry, start)
            if how == "each":
                made += [shared._replace(record=name) for name in study.records]
                continue
            made.append(shared)
            if isinstance(how, PowerOf):
                made.append(Parameter(f"{key}.power_of_soc", "", reaction, "power", -MOST_POWER, MOST_POWER, 0.0))
    return made


def _parameter(key: str, reaction: str, word: str, entry: Any, start: Start) -> Parameter:
    """One free number with its bounds, as it stands in the vector."""
    at = {RATE: start.log_constant(), ENERGY: start.activation * start.gas_constant / KILO, HEAT: 0.0}[word]

    def inner(value: float) -> float:
        if word == ENERGY:
            return value / KILO
        return math.log(value) - (math.log(abs(start.heat)) if word == HEAT else 0.0)

    if word == ENERGY:
        low, high = min(LEAST_ENERGY, 0.8 * at), max(MOST_ENERGY, 1.2 * at)
    else:
        low, high = at - WIDE[word], at + WIDE[word]
    low = low if entry.least is None else inner(float(entry.least))
    high = high if entry.most is None else inner(float(entry.most))
    prior = None
    if entry.prior is not None:
        middle = inner(float(entry.prior))
        if word == RATE:
            prior = middle, math.log(float(entry.factor))
        elif word == ENERGY:
            prior = middle, float(entry.sd) / KILO
        else:
            prior = middle, float(entry.sd) / float(entry.prior)
        at = middle
    ranged = entry.least is not None and entry.most is not None
    return Parameter(key, "", reaction, word, low, high, min(max(at, low), high), prior, ranged)


def reactions_of(case: Case, starts: dict[str, Start]) -> Reactions:
    """The reactions in the cell of a record's case, its heat capacity and what is heated with it; no forms where one is not `alone`."""
    text, mechanism = mechanism_arrays(case)
    n = len(mechanism.heat)
    single = all(alone(mechanism, k) is None for k in range(n))
    forms = tuple(form_of(mechanism, k) for k in range(n)) if single else ()
    cell, mounting = case.cell, case.programme.mounting()
    assert cell is not None
    law = cell.law(mounting.phi)
    made = getattr(case.programme, "calorimeter", None)
    rates = Rates(
        log_constant=np.zeros(n),
        activation=np.zeros(n),
        log_heat=np.zeros(n),
        sign=np.sign(mechanism.heat),
        exponent=mechanism.exponent,
        reference=np.array([starts[name].reference for name in text.reactions]),
        table=np.array([np.column_stack([form.value, form.slope]) for form in forms]).reshape(-1, ROWS, 2),
        scale=np.array([form.scale for form in forms], float),
        step=LARGEST / (ROWS - 1),
        capacity=law.at_298 + mounting.with_cell,
        capacity_slope=law.slope,
        melting=np.column_stack([law.melting.heat, law.melting.temperature, law.melting.width]).reshape(-1, 3),
        drift=0.0 if made is None else float(made.drift),
    )
    return Reactions(rates, forms)


class Affine(NamedTuple):
    """The numbers of a record: `matrix` (numbers, parameters) x + `offset` (numbers,)."""

    matrix: Floats
    offset: Floats

    def of(self, x: Floats) -> Floats:
        """The numbers at a vector of parameters."""
        return self.matrix @ x + self.offset


def affine_of(
    case: Case, record: str, soc: float | None, parameters: Sequence[Parameter], starts: dict[str, Start], n_own: int, first: int, n: int
) -> Affine:
    """How the numbers of a record follow from the vector of `n` entries, its own beginning at `first`."""
    text, mechanism = mechanism_arrays(case)
    names = list(text.reactions)
    numbers = EACH * len(names) + n_own
    matrix, offset = np.zeros((numbers, n)), np.zeros(numbers)
    free = {(p.reaction, p.word): i for i, p in enumerate(parameters) if p.record in ("", record)}
    for k, name in enumerate(names):
        start, row = starts[name], EACH * k
        rate, energy, heat = (free.get((name, word)) for word in FREE)
        offset[row + 1] = float(mechanism.activation[k])
        if energy is not None:
            matrix[row + 1, energy], offset[row + 1] = KILO / start.gas_constant, 0.0
        if rate is not None:
            matrix[row, rate] = 1.0
        else:  # A stays as the case has it
            offset[row] = float(mechanism.log_factor[k]) + start.exponent * math.log(start.reference) - offset[row + 1] / start.reference
            matrix[row] -= matrix[row + 1] / start.reference
        size = abs(float(mechanism.heat[k]))
        offset[row + 2] = math.log(size) if size > 0.0 else -300.0
        if heat is not None:
            matrix[row + 2, heat] = 1.0
        power = free.get((name, "power"))
        if power is not None:
            matrix[row + (0 if rate is not None and parameters[power].key.startswith(f"{name}.{RATE}") else 2), power] = math.log(
                soc or 1.0
            )
    matrix[EACH * len(names) :, first : first + n_own] = np.eye(n_own)
    return Affine(matrix, offset)
