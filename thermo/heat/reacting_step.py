"""A step of a meshed sample that reacts: conduction as in `mesh_step`, whose stages have the law "heat in -> temperature and extents".

    node i:   H_i(T') - H_i(T) = J_i + heat of its reactions over the stage               J_i [J] conducted in, through faces, by sources
    guess     q_g  = mean power of the node, from the last two stages
              M D  = known + s f(T) + tau q_g,   M = C + s (K + slopes),   Tg = T + D,   Jg = C D - tau q_g
    reactor   each node by itself over tau, heat Jg coming in, held by its neighbours as it runs ahead of Tg: T', x'  (`reactor`)
              J = H(T') - H(T) - heat of reactions                                         what the node really took
    correct   M e = known + s f(T') - J;   H' += C e,  J += C e

The matrix never sees the chemistry, so it is symmetric and positive definite. Energy is kept to rounding whatever guess and reactor did:
after the correction the sum of J is that of known + s f, f in a straight line with the slopes of M, as the ledger counts it.

The error is that of TR-BDF2, and what the scheme leaves out: the answer of the reactions to e, |e| min(1, E/(R T^2) |heat|/C). It is
measured in the mean over heat capacity, the largest over the parts of the body, and at most thirtyfold at a single node.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.heat.assembly import conducted
from thermo.heat.conduction import Conduction
from thermo.heat.mesh_sample import MeshSample, Surface, sight
from thermo.heat.mesh_work import MeshWork
from thermo.heat.reacting import FACE_SLOPE, FALLEN, POWER, SLOPE, WORTH_COMPILING, Chemistry, Taken, heat_left
from thermo.heat.reactor import Stage
from thermo.materials.storage import capacities, heats, temperatures
from thermo.stepping.loop import ERROR, LAST_STEP, D, G, State, W

SCALE = 100.0  # K: by this and the tolerance errors of temperature are measured, as those of a cell are
ALONE = 30.0  # times the tolerance: the error of one node
SHOWN, SENSED = 10.0, 3.0  # K: so far the mean of a part and a sensor go in one step at most
CLOSE = 0.05  # of the slopes of the heat through faces: so much they may be off in the matrix, whose factors then serve again
BRIEF = 0.1  # of a stage: within it a short gives no more than it has left
SPREAD = 0.5  # of the heat of a short by which its power turns within a stage, over which it is spread evenly: an error
FALLS = 0.01  # K within a step: less is not counted
GUESSED, CORRECTED, ESTIMATED = 1e-3, 1e-4, 1e-2  # relative residuals of the three solves, where they are iterations: energy is kept anyway
FIRM = 1e6  # heat capacities over the stage: with this a held node is drawn to its temperature


class Made(NamedTuple):
    """A stage that is done: temperature and heat of the nodes at its end, what comes in then [W], the heat that came in [J], what reacted,
    the correction e [K], heat of each term and what the programme gives and takes at its end [W], what the sensor shows [K]."""

    temperature: Floats
    heat: Floats
    flow: Floats
    received: Floats
    taken: Taken
    change: Floats
    heats: Floats
    given: Floats
    shown: float


class Step:
    """One step of a sample that reacts, with what is linearised at its start."""

    def __init__(self, sample: MeshSample, state: State, clock: float, h: float, work: MeshWork, chemistry: Chemistry) -> None:
        assert sample.reacting is not None
        self.sample, self.state, self.work, self.chemistry, self.reacting = sample, state, work, chemistry, sample.reacting
        self.clock, self.h, self.loop, self.storage = clock, h, state.loop, sample.reacting.storage
        work.begin(state, clock, h)
        T = state.temperature
        self.now: Surface = work.surface(clock, T)
        self.memory = state.memory.copy()
        if np.any(np.abs(self.now.slope - self.memory[:, FACE_SLOPE]) > CLOSE * self.now.slope):
            self.memory[:, FACE_SLOPE] = self.now.slope
        self.now = self.now.with_slope(self.memory[:, FACE_SLOPE])
        work.now = sample.conduction.at(T)
        self.diagonal = work.now.matrix.diagonal() + self.now.slope
        self.kept = self.reacting.kept(work.moments)
        self.constant = chemistry.constant
        self.capacity = sample.capacity if self.constant else capacities(self.storage, T)
        self.conducts = self.conducted(work.now, T)  # at the start [W]
        self.first = self.conducts + self.now.flow

    def into(self, temperature: Floats) -> Floats:
        """Heat conducted into each node [W]."""
        return self.conducted(self.sample.conduction.at(temperature), temperature)

    def conducted(self, conduction: Conduction, temperature: Floats) -> Floats:
        """The same with the conductivities as they are."""
        if self.reacting.n_sites < WORTH_COMPILING:
            return conduction.into(temperature)
        return conducted(conduction.matrix, temperature)

    def temperatures(self, heat: Floats, guess: Floats) -> Floats:
        """The temperature at which every node holds its heat [K]."""
        return REFERENCE_TEMPERATURE + heat / self.capacity if self.constant else temperatures(self.storage, heat, guess)

    def stage(self, begun: State | Made, known: Floats, s: float, span: float, time: float, power: Floats) -> Made | None:
        """One stage from a state over `span` [s] to a `time` of the phase, its reactions guessed to give `power` (n_nodes,) [W]."""
        work, free, held = self.work, self.work.free, self.work.held
        T, H = (begun.temperature, begun.heat) if isinstance(begun, Made) else (begun.temperature, begun.enthalpy)
        extent, fired = (begun.taken.extent, begun.taken.fired) if isinstance(begun, Made) else (begun.extent, begun.fired)
        end = T.copy()
        end[held] = work.held_values(time)
        around = work.surface(time, end)
        unmoved = begun is self.state and not len(held)
        flow = (self.conducts if unmoved else self.into(end)) + around.flow
        placed, begun_with = (self.chemistry.placed_power(extent, fired, self.kept, part * span) for part in (1.0, BRIEF))
        rises = known + s * flow + span * (power + placed)
        change = work.solve(s, rises[free], self.loop, self.now, self.capacity, GUESSED)
        if change is None:
            return None
        guess = end - T
        guess[free] += change
        stage = self._as_nodes_see_it(T, H, guess, s, span, power)
        # nodes that do not react take what comes in
        end, heat = T.copy(), H + stage.power * span
        end = self.temperatures(heat, T + guess)
        taken = self.chemistry.take(stage, extent, fired, end, heat, self.memory, self.kept)
        if taken is None:
            return None
        taken = taken._replace(turned=np.abs(taken.placed - span * begun_with))
        if len(held):
            end[held] = work.held_values(time)
            heat[held] = heats(self.storage, end)[held]
        return self._corrected(end, heat, taken, H, known, s, time)

    def _as_nodes_see_it(self, T: Floats, H: Floats, guess: Floats, s: float, span: float, power: Floats) -> Stage:
        """The stage of every node by itself; `guess` how far it will rise [K]. A held node is drawn to its temperature."""
        comes, draw = (self.capacity * guess - span * power) / span, s * self.diagonal / span
        held = self.work.held
        draw[held] = FIRM * self.capacity[held] / span
        comes[held] = self.capacity[held] * guess[held] / span
        tolerance = self.sample.tolerance
        return Stage(T, H, comes, draw, guess / span, span, SCALE * tolerance, tolerance)

    def _corrected(self, end: Floats, heat: Floats, taken: Taken, H: Floats, known: Floats, s: float, time: float) -> Made | None:
        """The stage after the one correction of its heat in."""
        work, free = self.work, self.work.free
        received = heat - H - taken.given - taken.placed
        around = work.surface(time, end)
        flow = self.into(end) + around.flow
        found = work.solve(s, (known + s * flow - received)[free], self.loop, self.now, self.capacity, CORRECTED)
        if found is None or not np.isfinite(found).all():
            return None
        change = np.zeros_like(end)
        change[free] = found
        heat[free] += self.capacity[free] * found
        received[free] += self.capacity[free] * found
        corrected = end.copy()
        corrected[free] = self.temperatures(heat, end + change)[free]
        moved = work.share * sight(self.sample, change)
        heats_then, given = self.now.after(around, change, moved)
        flow = flow + self.conducted(work.now, change) - self.now.slope * change
        if self.now.follows is not None:
            flow += self.now.follows * moved
        flow[free] = (received - known)[free] / s  # what the stage says it is, so that the next one adds up
        received = known + s * flow
        return Made(corrected, heat, flow, received, taken, change, heats_then, given, work.shown(corrected))

    def within(self, power: Floats, extent: Floats, span: float) -> Floats:
        """A guess of mean powers that does not ask for more heat than there is left."""
        least, most = heat_left(self.reacting, extent, len(power))
        return np.clip(power, least / span, most / span)


def reacting_step(sample: MeshSample, state: State, clock: float, h: float, work: MeshWork) -> float:
    """One step into `work`; the error over the tolerance, zero where steps are of a given length."""
    assert work.chemistry is not None
    step = Step(sample, state, clock, h, work, work.chemistry)
    made = (_backward_euler if sample.scheme == "backward-euler" else _trbdf2)(step)
    if made is None:
        return math.inf
    stages, raw, s = made
    _keep(step, stages)
    if sample.step:
        return 0.0
    error = work.solve(s, raw[work.free], state.loop, step.now, step.capacity, ESTIMATED)
    if error is None:
        return math.inf
    whole = np.zeros_like(raw)
    whole[work.free] = np.abs(error)
    for stage in stages:
        answer = stage.taken.answer / (step.capacity * stage.temperature**2)
        whole += np.abs(stage.change) * np.minimum(1.0, answer) + SPREAD * stage.taken.turned / step.capacity
    means = np.sqrt(work.chemistry.by_part(step.capacity, whole * whole))
    found = max(float(np.max(means)), float(np.max(whole)) / ALONE, abs(work.missed)) / (SCALE * sample.tolerance)
    found = max(found, _drawn(step, stages[-1]))
    return found if math.isfinite(found) else math.inf


def _drawn(step: Step, last: Made) -> float:
    """How far the sensor, or the mean of a part that reacts, moves within the step, over what a curve of rows shows well: as an error of
    third order, so that the next step is shorter in proportion."""
    moved = step.chemistry.by_part(step.capacity, last.temperature - step.state.temperature)
    most, (begun, _, end) = float(np.max(np.abs(moved))) / SHOWN, step.work.sensor
    if step.sample.seen is not None:
        most = max(most, abs(end - begun) / SENSED)
    return most**3


Stages = tuple[list[Made], Floats, float]  # the stages, the error before it is filtered [J], d h


def _trbdf2(step: Step) -> Stages | None:
    """A trapezium to clock + G h, then the second backward difference."""
    work, h, s, first = step.work, step.h, D * step.h, step.first
    memory, hold = step.state.memory, float(step.loop[LAST_STEP])
    begun = work.sensor[0]
    pulled = work.pull(step.state.temperature, begun)
    work.follow(s, begun + s * pulled)
    at_start, slope = memory[:, POWER], memory[:, SLOPE] if hold > 0.0 else np.zeros(len(first))
    power = step.within(at_start + 0.5 * G * h * slope, step.state.extent, G * h)
    one = step.stage(step.state, s * first, s, G * h, step.clock + G * h, power)
    if one is None:
        return None
    pulls = pulled, work.pull(one.temperature, one.shown)
    work.follow(s, begun + W * h * (pulls[0] + pulls[1]))
    mean = one.taken.given / (G * h)
    power = step.within(mean + (mean - at_start) / G, one.taken.extent, (1.0 - G) * h)
    known = W * h * (first + one.flow) - one.received
    two = step.stage(one, known, s, (1.0 - G) * h, step.clock + h, power)
    if two is None:
        return None
    work.sensor = (begun, one.shown, two.shown)
    work.missed = h * (ERROR[0] * pulls[0] + ERROR[1] * pulls[1] + ERROR[2] * work.pull(two.temperature, two.shown)) * (1.0 - work.share)
    now = step.now
    work.heat = h * (W * (now.heats + one.heats) + D * two.heats)
    work.given = h * (W * (now.given + one.given) + D * two.given)
    work.half = s * (now.heats + one.heats), s * (now.given + one.given), one.heat
    return [one, two], h * (ERROR[0] * first + ERROR[1] * one.flow + ERROR[2] * two.flow), s


def _backward_euler(step: Step) -> Stages | None:
    """One implicit stage of first order."""
    work, h = step.work, step.h
    begun = work.sensor[0]
    pulled = work.pull(step.state.temperature, begun)
    work.follow(h, begun)
    power = step.within(step.state.memory[:, POWER], step.state.extent, h)
    one = step.stage(step.state, np.zeros_like(step.first), h, h, step.clock + h, power)
    if one is None:
        return None
    work.sensor = (begun, begun + G * (one.shown - begun), one.shown)
    work.missed = 0.5 * h * (work.pull(one.temperature, one.shown) - pulled) * (1.0 - work.share)
    work.heat, work.given = h * one.heats, h * one.given
    work.half = G * work.heat, G * work.given, work.begun_heat + G * (one.heat - work.begun_heat)
    return [one], 0.5 * h * (one.flow - step.first), h


def _fallen(step: Step, end: Floats) -> Floats:
    """How far each node fell below what it had, and its neighbours had and have (n_nodes,) [K]: conduction alone does that to none.

    Elements whose conductivity depends much on direction let nodes fall beside a front. Nodes that something outside cools do not count.
    """
    T, matrix, fallen = step.state.temperature, step.work.now.matrix, np.zeros_like(end)
    alone = (T - end > FALLS) & (step.now.slope == 0.0) & (step.now.flow >= 0.0)
    alone[step.work.held] = False
    nodes = np.flatnonzero(alone)
    if not len(nodes):
        return fallen
    first, counts = matrix.indptr[nodes], np.diff(matrix.indptr)[nodes]
    begins = np.cumsum(counts) - counts
    entries = np.arange(counts.sum()) + np.repeat(first - begins, counts)
    around = np.minimum(T, end)[matrix.indices[entries]]
    own = matrix.indices[entries] == np.repeat(nodes, counts)
    around[own] = T[nodes]
    below = np.minimum.reduceat(around, begins) - end[nodes]
    fallen[nodes] = np.maximum(np.minimum(below, T[nodes] - end[nodes]), 0.0)
    return fallen


def _keep(step: Step, stages: list[Made]) -> None:
    """Into `work` what is read off the step: temperatures, heats, extents, the ledger, what the next step is told."""
    work, last, h, state = step.work, stages[-1], step.h, step.state
    received, given = (np.sum(parts, axis=0) for parts in zip(*((stage.received, stage.taken.given) for stage in stages), strict=True))
    placed = sum(stage.taken.placed for stage in stages)
    work.hold(work.heat, last.heat - state.enthalpy - given - placed - received)
    released = np.sum([stage.taken.released for stage in stages], axis=0)
    work.end, work.end_heat, work.switched = last.temperature, last.heat, last.taken.fired
    work.memory = step.memory
    work.memory[:, FALLEN] += _fallen(step, last.temperature)
    if len(stages) == 1:
        work.middle = state.temperature + G * (last.temperature - state.temperature)
        work.extents = state.extent + G * (last.taken.extent - state.extent), last.taken.extent
        work.released = G * released, released
        work.ejected = G * last.taken.ejected, last.taken.ejected
        work.mean_power = given / h
        work.memory[:, POWER], work.memory[:, SLOPE] = work.mean_power, 0.0
        return
    one, two = stages
    work.hold(work.half[0], one.heat - state.enthalpy - one.taken.given - one.taken.placed - one.received)
    work.middle, work.extents, work.released = one.temperature, (one.taken.extent, two.taken.extent), (one.taken.released, released)
    work.ejected = one.taken.ejected, one.taken.ejected + two.taken.ejected
    before, work.mean_power = one.taken.given / (G * h), two.taken.given / ((1.0 - G) * h)
    work.memory[:, SLOPE] = (work.mean_power - before) / (0.5 * h)
    work.memory[:, POWER] = work.mean_power + work.memory[:, SLOPE] * (0.5 * (1.0 - G) * h)
