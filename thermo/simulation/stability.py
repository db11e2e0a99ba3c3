"""A sample whose stability is asked: its stationary state at a frozen composition, the eigenvalue there, and what there is to say of both.

B = dT_ad E/(R T^2) of a reaction tells whether it can ignite: dT_ad is what it heats its own material by before it slows itself down. One
below about 5 burns out whatever the criterion says: the limit is found by transients, see docs/numerics.md.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from thermo.base.arrays import Floats
from thermo.base.errors import SolveError
from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.chemistry.frozen import relative_slope
from thermo.chemistry.sites import Sites, reach_of
from thermo.heat.conduction import Conduction, edges_of
from thermo.heat.frozen_heat import FrozenHeat
from thermo.heat.mesh_sample import capacity_of
from thermo.heat.stability import SelfHeated, critical, lowest_mode, stationary
from thermo.heat.steady import settled_row
from thermo.materials.storage import capacities, node_heat
from thermo.programmes.programme import ENDED, PHASE, REASON
from thermo.programmes.stability import StabilityProgramme
from thermo.simulation.cell_body import CellBody
from thermo.simulation.mesh_body import MeshBody
from thermo.stepping.loop import HIGHEST, LOWEST, State, new_history
from thermo.stepping.rows import History, write_row

IGNITES = 5.0  # least B of a reaction that can ignite
COOLER = 20.0  # K, by which the surroundings are taken cooler where there is no stationary state in those that are asked about
MOST_COOLER = 10


class Making(NamedTuple):
    """A sample and what reacts in it: `around` without its heat, the sites of all `kinds`, the names of the reactions, and the heat
    capacity of what each reaction is in at a temperature [K] (n_reactions,) [J/K]; the temperature of each of its triggers [K], none of
    which has come; `multiplicity` of its mesh."""

    around: SelfHeated
    kinds: Sequence[Sites]
    names: list[str]
    own_capacity: Callable[[float], Floats]
    triggers: dict[str, float]
    multiplicity: float = 1.0


class Verdict(NamedTuple):
    """What is found: the stationary state in surroundings at `ambient` [K], whether it `stands` where it was asked for, its eigenvalue
    [1/s] and mode, the critical temperature of the surroundings [K] where that is known, and what reacts there."""

    temperature: Floats
    ambient: float
    stands: bool
    eigenvalue: float
    mode: Floats
    critical: float | None
    heat: FrozenHeat
    B: Floats
    rise: Floats
    counted: Any


def judged(made: Making, programme: StabilityProgramme) -> Verdict:
    """The verdict on a sample. Reactions that cannot ignite are left out one round after the other: without them it gets hotter before
    it is critical, and at a higher temperature B is less. Raises SolveError where no state is found."""
    counted, all_count = np.ones(len(made.names), bool), programme.composition == "fresh"
    if not all_count:
        whole = FrozenHeat(made.kinds, len(made.around.film), programme.composition, counted)
        counted = ~(_exponents(made, whole, programme.begins)[0] < IGNITES)
    while True:
        verdict = _found(made, programme, counted)
        left = counted & (~(verdict.B < IGNITES) | all_count)
        if np.array_equal(left, counted):
            return verdict
        counted = left


def _found(made: Making, programme: StabilityProgramme, counted: Any) -> Verdict:
    """The verdict with some of the reactions."""
    heat = FrozenHeat(made.kinds, len(made.around.film), programme.composition, counted)
    body, first, highest = made.around._replace(heat=heat), programme.begins, programme.highest
    state = stationary(body, first)
    stands = state is not None
    for i in range(1, MOST_COOLER + 1):
        if state is None and first > 2.0 * COOLER * i:
            state = stationary(body, first - COOLER * i)
    if state is None:
        most = made.names[int(np.argmax(heat.by_reaction(np.full(heat.n_nodes, first))))]
        text = f"there is no stationary state in surroundings at {show(first, 'temperature')}, nor in much colder ones"
        raise SolveError(f"{text}; '{most}' gives most of the heat")
    if highest is not None or not stands:
        state = critical(body, state, first if highest is None else highest)
        stands = stands or not state.folds or state.ambient >= first
    eigenvalue, mode = lowest_mode(body, state.temperature)
    if eigenvalue <= 0.0 and not state.folds:
        text = (
            f"the state in surroundings at {show(state.ambient, 'temperature')} has lambda {eigenvalue:.3g} 1/s: a fold was passed unseen"
        )
        raise SolveError(text)
    B, rise = _exponents(made, heat, float(np.max(state.temperature)))
    found = state.ambient if state.folds else None
    return Verdict(state.temperature, state.ambient, stands, eigenvalue, mode, found, heat, B, rise, counted)


def _exponents(made: Making, heat: FrozenHeat, hottest: float) -> tuple[Floats, Floats]:
    """B of each reaction at a temperature [K], and what it heats its material by before it slows itself down [K]: both infinite for one
    that nothing ends; B no number for one that is switched off."""
    rise = np.where(heat.holds == 0.0, 0.0, heat.holds * heat.reactions.lasts / made.own_capacity(hottest))
    slope = np.zeros(len(rise))
    for kind in made.kinds:
        for k, row in enumerate(kind.row):
            slope[row] = relative_slope(kind.mechanism, k, hottest, kind.n_triggers)
    return np.where(slope == 0.0, 0.0, slope * np.where(slope == 0.0, 0.0, rise)), rise


def told(made: Making, verdict: Verdict, programme: StabilityProgramme) -> dict[str, Any]:
    """What a summary says of a verdict."""
    powers = made.multiplicity * verdict.heat.by_reaction(verdict.temperature)

    def number(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    return {
        "ambient_K": verdict.ambient,
        "asked_K": programme.begins if programme.highest is None else [programme.begins, programme.highest],
        "stable": verdict.stands and verdict.critical is None,
        "lambda_1_per_s": verdict.eigenvalue,
        "critical_ambient_K": verdict.critical,
        "hottest_K": float(np.max(verdict.temperature)),
        "coldest_K": float(np.min(verdict.temperature)),
        "composition": programme.composition,
        "reactions": {
            name: {
                "counted": bool(verdict.counted[k]),
                "heat_W": float(powers[k]),
                "factor": float(verdict.heat.reactions.factor[k]),
                "adiabatic_rise_K": number(verdict.rise[k]),
                "B": number(verdict.B[k]),
            }
            for k, name in enumerate(made.names)
        },
    }


def complaints(made: Making, verdict: Verdict, programme: StabilityProgramme) -> list[dict[str, Any]]:
    """Where the criterion is off: reactions that burn out, that are left out, that have not begun."""
    heats, factors, found = verdict.heat.holds, verdict.heat.reactions.factor, []
    there, idle, off = (heats != 0.0) & (factors > 0.0), (heats != 0.0) & (factors == 0.0), np.isnan(verdict.B)

    def add(code: str, which: Any, before: str, after: str) -> None:
        named = ", ".join(f"'{made.names[k]}'" + ("" if off[k] else f" (B {verdict.B[k]:.2g})") for k in np.flatnonzero(which))
        if named:
            found.append({"code": code, "text": f"{before}: {named}{after}", "where": "programme.composition"})

    if programme.composition == "fresh":
        too_low = "; counted as if it lasted, it makes the critical ambient too low; composition: igniting leaves it out"
        add("burns-out", there & (heats > 0.0) & (verdict.B < IGNITES), f"burns out before it ignites, B below {IGNITES:g}", too_low)
        too_high = "; counted as if it lasted, it makes the critical ambient too high"
        add("heat-sink", there & (heats < 0.0), "takes up heat for a while only", too_high)
    else:
        short = "; the heat that it still gives or takes is not counted, so the critical ambient may be too high"
        add("left-out", there & ~verdict.counted, f"left out, B below {IGNITES:g}", short)
    if programme.highest is not None and not verdict.stands:
        text = f"the sample is unstable at {show(programme.begins, 'temperature')} already: the critical ambient lies below the range"
        found.append({"code": "below-range", "text": text, "where": "programme.ambient"})
    add("not-begun", idle, "has nothing to react with at this composition", "; a transient may make its reactant")
    add("switched-off", there & off, "does not act in this state", "; once it is triggered or switched on, its heat is not counted")
    for name, level in made.triggers.items():
        if level <= np.max(verdict.temperature):
            text = f"{name} comes at {show(level, 'temperature')}, below the temperatures of this state, and is not counted"
            found.append({"code": "triggered", "text": text, "where": "sample"})
    return found


class Question:
    """A sample, what is asked of it, and the answer; none where the `failure` says why."""

    def __init__(self, made: Making, programme: StabilityProgramme) -> None:
        self.made, self.programme, self.failure = made, programme, ""
        self.answer: Verdict | None = None
        try:
            self.answer = judged(made, programme)
        except SolveError as error:
            self.failure = str(error)

    def powers(self) -> Floats:
        """Heat of each reaction (n_reactions,) [W] of the whole sample; none without an answer."""
        if self.answer is None:
            return np.zeros(len(self.made.names))
        return self.made.multiplicity * self.answer.heat.by_reaction(self.answer.temperature)

    def summary(self) -> dict[str, Any] | None:
        """What a summary has of it."""
        return told(self.made, self.answer, self.programme) if self.answer else None

    def warnings(self) -> list[dict[str, Any]]:
        """Where the criterion is off."""
        return complaints(self.made, self.answer, self.programme) if self.answer else []


class StableMesh(MeshBody):
    """A meshed body whose stability is asked."""

    def __init__(self, case: Case, refine: int = 0) -> None:
        super().__init__(case, refine)
        assert isinstance(case.programme, StabilityProgramme)
        self.asked_of = case.programme

    @functools.cached_property
    def question(self) -> Question:
        """What is asked of it, answered."""
        sample, programme, n = self.sample, self.asked_of, self.n_dofs
        film, glow = np.zeros(n), np.zeros(n)
        for name in dict.fromkeys(name for name, condition in programme.terms() if not condition.holds):
            film[sample.faces[name]] += float(programme.heat_transfer_coefficient or 0.0) * sample.areas[name]
            glow[sample.faces[name]] += float(programme.emissivity) * sample.areas[name]
        held = np.flatnonzero(self.fixed)
        around = SelfHeated(sample.conduction, film, glow, held, no_heat, lambda T: capacity_of(sample, T), sample.dimension)
        assert self.chemistry is not None
        triggers = {name: awaited.level for name, (_, awaited) in self.triggered.names.items() if awaited.reached}
        return Question(Making(around, self.chemistry.kinds, self.reactions, self._own_capacity, triggers, self.multiplicity), programme)

    def _own_capacity(self, temperature: float) -> Floats:
        """The heat capacity of the material of each reaction (n_reactions,) [J/K], of the mesh."""
        chemistry = self.chemistry
        assert chemistry is not None
        found = np.zeros(len(self.reactions))
        for j, (region, law) in enumerate(zip(self.regions, self.laws, strict=True)):
            if region in chemistry.regions:
                rows = chemistry.rows[chemistry.regions[region][0]]
                found[rows] += float(self.volumes[:, j].sum() * law.value(np.array([temperature]))[0])
        return found

    def settled(self, state: State) -> Iterator[History]:
        """The stationary state that was found, its conditions as they are in its surroundings; what it starts from where none was."""
        found, heat = self.question.answer, np.zeros(self.n_dofs)
        state.temperature[:] = self.asked_of.begins
        if found is not None:
            own = self.asked_of.at(found.ambient)
            self.sample = self.sample._replace(terms=(*own, *self.sample.terms[len(own) :]))
            self.terms, heat = self.sample.terms, found.heat(found.temperature)[0]
            state.temperature[:] = found.temperature
        rows = self.sample.ledger
        state.ledger[rows.reactions : rows.faces] = self.question.powers() / self.multiplicity
        yield settled_row(self.sample, self.programme, state, heat)
        if self.question.failure:
            raise SolveError(self.question.failure)

    def fields(self, field: Floats) -> dict[str, Floats]:
        """The mode of the lowest eigenvalue, 1 where it is largest."""
        return {"mode": self.unfolded(self.question.answer.mode)} if self.question.answer else {}

    def columns(self, block: History) -> dict[str, Any]:
        """Probes, heat of each reaction and through each face: there is no time."""
        read, rows, powers = self.readings, block.reading, self._released(block.ledger)
        made: dict[str, Any] = {f"{name}_K": values for name, values in read.probes(rows).items()}
        made |= {f"heat_{name}_W": powers[:, k] for k, name in enumerate(self.reactions)}
        return made | read.heats(rows) | {"row/regions": read.regions(rows)}

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """The answer beside what any body has."""
        return super().summary(columns, rows, state) | {"triggers": {}, "stability": self.question.summary()}

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """Powers of the stationary state [W]."""
        return super().energy(state, begun) | {"released_W": dict(zip(self.reactions, self._released(state.ledger).tolist(), strict=True))}

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """Where the criterion is off, beside what there is to say of any body."""
        beside = [w for w in super().warnings(state, summary, columns) if w["code"] not in OF_A_TRANSIENT]
        return beside + self.question.warnings()


OF_A_TRANSIENT = {"endless-reaction", "tiny-seed"}


def no_heat(temperature: Floats) -> tuple[Floats, Floats]:
    """Of a sample before it is asked what it makes."""
    return np.zeros_like(temperature), np.zeros_like(temperature)


class StableCell(CellBody):
    """A cell of one temperature whose stability is asked."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        assert isinstance(case.programme, StabilityProgramme)
        self.asked_of, self.sensor = case.programme, None

    @functools.cached_property
    def question(self) -> Question:
        """What is asked of it, answered."""
        sample, programme, n = self.sample, self.asked_of, len(self.reactions)
        alone = csr_matrix((1, 1))
        area = np.array([float(self.cell.surface or 0.0)])
        kind = Sites(
            np.zeros(1, np.int64),
            sample.site_share,
            sample.mechanism,
            np.arange(n),
            reach_of(sample.mechanism),
            len(sample.trigger_temperature),
        )
        around = SelfHeated(
            Conduction(alone, edges_of(alone), ()),
            float(programme.heat_transfer_coefficient or 0.0) * area,
            float(programme.emissivity) * area,
            np.zeros(0, np.int64),
            no_heat,
            lambda T: capacities(sample.storage, T),
            1,
        )
        levels = zip(self.cell.events(), sample.trigger_temperature.tolist(), strict=True)
        triggers = {f"the {name}": level for name, level in levels if np.isfinite(level)}
        own = lambda T: np.repeat(capacities(sample.storage, np.array([T])), n)  # noqa: E731
        return Question(Making(around, [kind], self.reactions, own, triggers), programme)

    def settled(self, state: State) -> Iterator[History]:
        """The stationary state that was found; what it starts from where none was."""
        if self.question.answer:
            state.temperature[:] = self.question.answer.temperature
        state.enthalpy[:] = node_heat(self.sample.storage, 0, float(state.temperature[0]))
        state.loop[LOWEST] = state.loop[HIGHEST] = float(state.temperature[0])
        state.machine[PHASE], state.machine[REASON] = ENDED, 2.0
        history = new_history(self.sample, state, 1, 1)
        write_row(self.sample, state, 0.0, float(state.temperature[0]), 0.0, 1.0, history, 0)
        yield history
        if self.question.failure:
            raise SolveError(self.question.failure)

    def columns(self, block: History) -> dict[str, Any]:
        """The temperature and the heat of each reaction: there is no time."""
        powers = self.question.powers()
        return {"sample_K": block.seen.copy()} | {f"heat_{name}_W": powers[k : k + 1] for k, name in enumerate(self.reactions)}

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """The answer."""
        return {"stability": self.question.summary()}

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """Powers of the stationary state [W]."""
        found = self.question.answer
        out = float(self.question.made.around.loss(found.temperature, found.ambient).sum()) if found else 0.0
        powers = dict(zip(self.reactions, self.question.powers().tolist(), strict=True))
        return {"heat_in_W": max(0.0, -out), "heat_out_W": max(0.0, out), "released_W": powers}

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of the temperature leave open [W]."""
        slope = self.question.made.around.slopes(state.temperature)[0, 0]
        return float(1e-14 * abs(slope) * state.temperature[0])

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """Where the criterion is off."""
        return self.question.warnings()

    def blame(self, state: State) -> str:
        """No reaction is to blame for a state that was not found."""
        return ""
