"""A meshed sample: TR-BDF2 and backward Euler steps of the heat equation, the heat through faces.

    dH(T)/dt + K(T) T = surface(T, t);  T held on faces, flux, convection, radiation, contacts on others, insulated elsewhere.

H = C T with C lumped (row sums) or the consistent mass matrix, or the enthalpy of materials that depend on temperature or melt. What
is not linear is met by Newton's method in each stage; conductivities that depend on temperature are those of the last iterate.

TR-BDF2 (Bank et al. 1985; Hosea & Shampine, Applied Numerical Mathematics 20 (1996) 21-37): one step, second order,
L-stable, every stage with the same matrix C + d h K, and an error estimate of third order filtered by that matrix.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.heat.mesh_sample import MeshSample, Surface, heat_of, sight
from thermo.heat.mesh_work import MeshWork
from thermo.heat.reacting import LOOKED, N_MEMORY, POWER, SLOPE, SUBSTEP, Reacting, powers, switches_at
from thermo.heat.reacting_step import reacting_step
from thermo.heat.triggers import moments_of, next_trigger, room_for, until_next
from thermo.materials.storage import temperatures
from thermo.programmes.programme import N_MACHINE, start, surroundings, window
from thermo.stepping.loop import (
    CLOCK,
    CUT_STEP,
    EJECTED,
    ERROR,
    FIRST_STEP,
    HEAT_IN,
    HEAT_OUT,
    HIGHEST,
    LAST_ERROR,
    LAST_STEP,
    LOWEST,
    N_LOOP,
    PHASE_TIME,
    RESTARTED,
    SENSOR_RAMP,
    SENSOR_RATE,
    SENSOR_TEMPERATURE,
    STEP,
    D,
    G,
    State,
    W,
    error_order,
    extremes,
    fire,
    flush,
    initial_state,
    make_work,
    remember,
    restart,
    take_step,
    trigger_margin,
    worth,
)
from thermo.stepping.rows import interpolate, keep, n_kept, n_readings, probe, read, sensor

DIGITS = 4.0 * 2.220446049250313e-16  # of a temperature: what rounding leaves open in the difference of two


@make_work.body(MeshSample)
def make_mesh_work(sample: MeshSample, programme: Any) -> MeshWork:
    return MeshWork(sample, programme)


@initial_state.body(MeshSample)
def initial_mesh_state(sample: MeshSample, programme: Any) -> State:
    """Held faces stand at their temperature from t = 0+; the heat of that jump counts as heat through the face."""
    work = MeshWork(sample, programme)
    temperature = sample.start_temperature.copy()
    temperature[work.held] = work.held_values(0.0)
    begun = heat_of(sample, sample.start_temperature)
    enthalpy = heat_of(sample, temperature)
    state = State(
        enthalpy=enthalpy,
        temperature=temperature,
        extent=np.zeros((0, 0)),
        ledger=np.zeros(sample.ledger.end),
        fired=np.zeros((0, 0)),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
        memory=np.zeros((0, 0)),
    )
    if sample.reacting is not None:
        state = _reacting_state(sample.reacting, state)
    state = state._replace(fired=room_for(state.fired, sample.triggers))
    for j, _, _, nodes in work.held_terms:
        state.ledger[sample.ledger.faces + j] = float(np.sum(enthalpy[nodes] - begun[nodes]))
    start(programme, state.machine, sight(sample, temperature))
    state.loop[STEP] = sample.step or min(0.1 * work.fastest, float(window(programme, state.machine)))
    state.loop[LAST_ERROR] = 1.0
    state.loop[SENSOR_TEMPERATURE] = sight(sample, temperature)
    state.loop[LOWEST] = float(np.min(temperature))
    state.loop[HIGHEST] = float(np.max(temperature))
    return state


def _reacting_state(reacting: Reacting, state: State) -> State:
    """The state with extents, switches, and the powers that its reactions begin with."""
    extent, fired = np.zeros(reacting.shape), switches_at(reacting, state.temperature)
    memory = np.zeros((len(state.temperature), N_MEMORY))
    memory[:, POWER] = powers(reacting.kinds, state.temperature, extent, fired).sum(axis=0)
    memory[:, [SUBSTEP, LOOKED]] = math.inf
    return state._replace(extent=extent, fired=fired, memory=memory)


@take_step.body(MeshSample)
def mesh_step(sample: MeshSample, programme: Any, state: State, clock: float, h: float, work: MeshWork) -> float:
    """One step; the filtered error over the tolerance in the maximum norm, zero where steps are of a given length.

    With f the heat into the nodes, TR-BDF2:  H(Y) - H(T) = d h (f(T) + f(Y)),   H(T') - H(T) = h (w f(T) + w f(Y) + d f(T')).
    Backward Euler:  H(T') - H(T) = h f(T'),  with the error h/2 (f(T') - f(T)).
    """
    if sample.reacting is not None:
        return reacting_step(sample, state, clock, h, work)
    loop, T = state.loop, state.temperature
    work.begin(state, clock, h)
    now = work.surface(clock, T)
    euler = sample.scheme == "backward-euler"
    if euler and sample.step:  # nothing is estimated, so nobody asks what flows at the start
        first = np.zeros_like(T)
    else:
        work.now = sample.conduction.at(T)
        first = work.now.into(T) + now.flow
    made = (backward_euler if euler else trbdf2)(work, T, first, now, clock, h, loop)
    if made is None:
        return math.inf
    rise, received, raw, last, s = made
    work.hold(work.heat, rise - received)
    if sample.step:
        return 0.0
    error = work.solve(s, raw[work.free], loop, last, work.capacity_at(work.end), 1e-3)
    if error is None:
        return math.inf
    worst = max(float(np.max(np.abs(error), initial=0.0)), abs(work.missed)) / (sample.tolerance * work.scale_now(loop))
    return worst if np.isfinite(worst) else math.inf


Made = tuple[Floats, Floats, Floats, Surface, float]  # rise of H, heat received by other ways than holding, error, surface, d h


def trbdf2(work: MeshWork, T: Floats, first: Floats, now: Surface, clock: float, h: float, loop: Floats) -> Made | None:
    """A trapezium to clock + G h, then the second backward difference."""
    free, held, s = work.free, work.held, D * h
    middle = T.copy()
    middle[held] = work.held_values(clock + G * h)
    begun = work.sensor[0]
    pulled = work.pull(T, begun)
    work.follow(s, begun + s * pulled)
    rise = work.stage(T, s * first, clock + G * h, s, middle, loop)
    if rise is None:
        return None
    then = work.surface(clock + G * h, middle)
    between = work.shown(middle)
    pulls = pulled, work.pull(middle, between)
    work.follow(s, begun + W * h * (pulls[0] + pulls[1]))
    second = work.into_held(middle) + then.flow
    second[free] = rise[free] / s - first[free]  # what the stage says it is, so that the next one adds up
    if work.sample.events:
        work.half = s * (now.heats + then.heats), s * (now.given + then.given), work.begun_heat + rise
        work.hold(work.half[0], rise - s * (first + second))

    end = T + (middle - T) / G
    end[held] = work.held_values(clock + h)
    known = (W * h) * (first + second)
    rise = work.stage(T, known, clock + h, s, end, loop)
    if rise is None:
        return None
    last = work.surface(clock + h, end)
    third = work.into_held(end) + last.flow
    third[free] = (rise - known)[free] / s

    work.middle, work.end, work.sensor = middle, end, (begun, between, work.shown(end))
    work.missed = h * (ERROR[0] * pulls[0] + ERROR[1] * pulls[1] + ERROR[2] * work.pull(end, work.sensor[2])) * (1.0 - work.share)
    work.heat = h * (W * (now.heats + then.heats) + D * last.heats)
    work.given = h * (W * (now.given + then.given) + D * last.given)
    return rise, known + s * third, h * (ERROR[0] * first + ERROR[1] * second + ERROR[2] * third), last, s


def backward_euler(work: MeshWork, T: Floats, first: Floats, now: Surface, clock: float, h: float, loop: Floats) -> Made | None:
    """One implicit stage of first order, which has the maximum principle wherever the matrix has it."""
    free, end = work.free, T.copy()
    end[work.held] = work.held_values(clock + h)
    begun = work.sensor[0]
    pulled = work.pull(T, begun)
    work.follow(h, begun)
    rise = work.stage(T, np.zeros_like(T), clock + h, h, end, loop)
    if rise is None:
        return None
    last = work.surface(clock + h, end)
    third = work.into_held(end) + last.flow
    third[free] = rise[free] / h
    work.middle, work.end = T + G * (end - T), end
    shown = work.shown(end)
    work.sensor = (begun, begun + G * (shown - begun), shown)
    work.missed = 0.5 * h * (work.pull(end, shown) - pulled) * (1.0 - work.share)
    work.heat, work.given = h * last.heats, h * last.given
    work.half = G * work.heat, G * work.given, work.begun_heat + G * rise
    return rise, h * third, 0.5 * h * (third - first), last, h


@interpolate.body(MeshSample)
def interpolate_mesh(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """The parabola through the step's three temperatures; the heat through faces in proportion to the time.

    Slopes at the ends would be noise where layers are thin; only rows between two steps see either. What an instrument drives ends
    its steps at events: enthalpy and ledger are the parabolas through those of the three times then, so that the balance stays closed.
    """
    a, b, c = parabola(theta)
    trial.ledger[:], trial.fired[:], trial.loop[PHASE_TIME] = state.ledger, state.fired, state.loop[PHASE_TIME]
    if sample.reacting is not None:
        _reacted(sample, state, work, theta, trial)
    if theta == 1.0:
        trial.temperature[:] = work.end
        trial.enthalpy[:] = work.end_heat if sample.storage else heat_of(sample, work.end)
    else:
        between = a * state.enthalpy + b * work.half[2] + c * work.end_heat if sample.events and sample.storage else None
        trial.temperature[:] = a * state.temperature + b * work.middle + c * work.end
        if between is not None and sample.storage:
            trial.temperature[:] = temperatures(sample.storage, between, trial.temperature)
        trial.enthalpy[:] = heat_of(sample, trial.temperature) if between is None else between
    heat, given = theta * work.heat, theta * work.given
    if sample.events and theta < 1.0:
        heat, given = b * work.half[0] + c * work.heat, b * work.half[1] + c * work.given
    trial.ledger[sample.ledger.faces : sample.ledger.end] += heat
    trial.ledger[HEAT_IN] += given[0]
    trial.ledger[HEAT_OUT] += given[1]


def _reacted(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """The extents and the heats of reaction of the step just tried, and what it tells the next one: within it no slope of the powers."""
    _, b, c = parabola(theta)
    (half, end), (by_half, by_end), rows = work.extents, work.released, sample.ledger
    trial.ledger[rows.reactions : rows.faces] += by_end if theta == 1.0 else b * by_half + c * by_end
    trial.ledger[EJECTED] += work.ejected[1] if theta == 1.0 else b * work.ejected[0] + c * work.ejected[1]
    if theta == 1.0:
        trial.extent[:], trial.memory[:] = end, work.memory
    else:
        trial.extent[:] = state.extent + b * (half - state.extent) + c * (end - state.extent)
        trial.memory[:] = work.memory
        trial.memory[:, POWER], trial.memory[:, SLOPE] = work.mean_power, 0.0
    trial.fired[:] = work.switched


@n_readings.body(MeshSample)
def n_mesh_readings(sample: MeshSample) -> int:
    return 0 if sample.reader is None else sample.reader.n_readings


@read.body(MeshSample)
def read_mesh(sample: MeshSample, time: float, state: State, out: Floats) -> None:
    if sample.reader is not None:
        out[:] = sample.reader.row(time, state.temperature, state.extent, state.fired, float(state.loop[LAST_STEP]))


@n_kept.body(MeshSample)
def n_mesh_kept(sample: MeshSample, state: State) -> int:
    return len(state.temperature) * (1 if sample.reacting is None else 1 + sample.reacting.n_reactions)


@keep.body(MeshSample)
def keep_mesh(sample: MeshSample, state: State, out: Floats) -> None:
    """The temperatures, then the extents of each reaction of the materials by node, which are not a number where it does not happen."""
    n = len(state.temperature)
    out[:n] = state.temperature
    if sample.reacting is not None:
        out[n:] = sample.reacting.by_node(state.extent).ravel()


@probe.body(MeshSample)
def mesh_probe(sample: MeshSample, state: State, which: int) -> float:
    if sample.reader is None:
        raise TypeError("nothing is read of this mesh, so it has no probes")
    return sample.reader.probe(which, state.temperature)


@flush.body(MeshSample)
def flush_mesh(sample: MeshSample, state: State, work: MeshWork) -> None:
    return


@sensor.body(MeshSample)
def mesh_sensor(sample: MeshSample, programme: Any, trial: State, clock: float, work: MeshWork, theta: float) -> tuple[float, float]:
    """What the sensor shows; its rate is the slope of the step's parabola, between steps that of the last one.

    A heater that is switched between them changes the rate of what it heats at once.
    """
    if sample.seen is None:
        return float(trial.temperature[0]), 0.0
    if theta == 0.0 and sample.lag > 0.0:
        shown = float(trial.loop[SENSOR_TEMPERATURE])
        return shown, (sight(sample, trial.temperature) - shown) / sample.lag
    if theta == 0.0:
        kick = float(surroundings(programme, trial.machine, clock).ramp - trial.loop[SENSOR_RAMP])
        return sight(sample, trial.temperature), float(trial.loop[SENSOR_RATE]) + kick
    first, middle, last = work.sensor
    a, b, c = parabola(theta)
    slopes = (2.0 * theta - 1.0 - G) / G, (2.0 * theta - 1.0) / (G * (G - 1.0)), (2.0 * theta - G) / (1.0 - G)
    shown = last if theta == 1.0 else a * first + b * middle + c * last
    if sample.lag > 0.0:
        return shown, (sight(sample, trial.temperature) - shown) / sample.lag
    rate = (slopes[0] * first + slopes[1] * middle + slopes[2] * last) / work.span
    digits = DIGITS * abs(shown) / work.span  # in a step of nanoseconds they are larger than any rate
    return shown, rate if digits <= max(1e-3 * abs(rate), 1e-9) else work.rate


def parabola(theta: float) -> tuple[float, float, float]:
    """Weights of the three values of a step in its parabola at theta in (0, 1]."""
    return (theta - G) * (theta - 1.0) / G, theta * (theta - 1.0) / (G * (G - 1.0)), theta * (theta - G) / (1.0 - G)


@trigger_margin.body(MeshSample)
def mesh_trigger_margin(sample: MeshSample, trial: State, clock: float) -> tuple[float, int]:
    moments, now = moments_of(trial.fired, sample.triggers), float(trial.loop[PHASE_TIME]) + clock
    return next_trigger(sample.triggers, moments, trial.temperature, trial.extent, now)


@fire.body(MeshSample)
def fire_mesh(sample: MeshSample, state: State, trigger: int) -> None:
    state.fired[-1, trigger] = state.loop[PHASE_TIME] + state.loop[CLOCK]
    for number, rows, columns in () if sample.reacting is None else sample.reacting.shorted:
        if number == trigger:
            state.fired[rows, columns] = 1.0
    for number, nodes, heat in () if sample.reacting is None else sample.reacting.vented:
        if number == trigger:
            _let_out(sample, state, nodes, heat)
    moments, now = moments_of(state.fired, sample.triggers), float(state.fired[-1, trigger])
    state.loop[STEP] = min(state.loop[STEP], until_next(sample.triggers, moments, now))


def _let_out(sample: MeshSample, state: State, nodes: Integers, heat: Floats) -> None:
    """A vent takes heat (n,) [J] from nodes at once; what held nodes lose comes back through their faces."""
    assert sample.reacting is not None
    out = np.zeros_like(state.enthalpy)
    out[nodes] = heat
    state.ledger[EJECTED] += out.sum()
    for j, (face, condition) in enumerate(sample.terms):
        if condition.holds:
            state.ledger[sample.ledger.faces + j] += out[sample.faces[face]].sum()
            out[sample.faces[face]] = 0.0
    state.enthalpy[:] -= out
    cooled = np.flatnonzero(out)
    state.temperature[cooled] = temperatures(sample.reacting.storage, state.enthalpy, state.temperature)[cooled]
    state.loop[LOWEST] = min(state.loop[LOWEST], float(np.min(state.temperature)))
    if np.min(state.temperature) > 0.0:  # the reactions go on more slowly
        hold = float(state.loop[LAST_STEP])
        state.memory[:, POWER] = powers(sample.reacting.kinds, state.temperature, state.extent, state.fired, hold).sum(axis=0)
        state.memory[:, SLOPE] = 0.0


@remember.body(MeshSample)
def remember_mesh(sample: MeshSample, programme: Any, state: State, temperature: float, rate: float) -> None:
    loop = state.loop
    if sample.reacting is not None:  # its rates go on over most events, such as a wall that is left behind
        loop[STEP] = max(loop[STEP], loop[CUT_STEP])
    loop[CUT_STEP] = 0.0
    if sample.seen is None:
        return
    loop[SENSOR_TEMPERATURE], loop[SENSOR_RATE] = temperature, rate
    loop[SENSOR_RAMP] = surroundings(programme, state.machine, float(loop[CLOCK])).ramp
    if loop[RESTARTED]:
        loop[RESTARTED], loop[FIRST_STEP] = 0.0, loop[LAST_STEP]


@restart.body(MeshSample)
def restart_mesh(sample: MeshSample, programme: Any, state: State) -> None:
    """A heater that is switched needs a short step: some as long as the first one was after it was switched before."""
    loop = state.loop
    if surroundings(programme, state.machine, 0.0).ramp == loop[SENSOR_RAMP]:
        return
    if loop[FIRST_STEP] > 0.0 and not sample.step:
        loop[STEP] = min(loop[STEP], 2.0 * loop[FIRST_STEP])
    loop[RESTARTED] = 1.0


@worth.body(MeshSample)
def mesh_worth(sample: MeshSample, growth: float) -> float:
    """A body that reacts takes thousands of steps of much the same length, for which its factors serve again."""
    return 1.0 if sample.reacting is not None and 1.0 <= growth < 1.3 else growth


@extremes.body(MeshSample)
def mesh_extremes(sample: MeshSample, state: State) -> tuple[float, float]:
    return float(np.min(state.temperature)), float(np.max(state.temperature))


@error_order.body(MeshSample)
def mesh_error_order(sample: MeshSample) -> float:
    return 2.0 if sample.scheme == "backward-euler" else 3.0
