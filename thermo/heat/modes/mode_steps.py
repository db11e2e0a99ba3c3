"""Steps of boxes of laterally uniform layers in the space of their lateral modes (`thermo.heat.modes.box_in_modes`)."""

from __future__ import annotations

import math

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.heat.modes.modal_arrays import FACES, HIGHEST_OF, LOWEST_OF, ModalSample, ModalWork
from thermo.heat.modes.mode_solves import aim, conduct, count_heat, factorise, push, solve, values_at
from thermo.programmes.programme import N_MACHINE, Schedule, start
from thermo.stepping.loop import (
    ERROR,
    HIGHEST,
    LAST_ERROR,
    LEAST_SCALE,
    LOWEST,
    N_LOOP,
    N_MODES,
    N_SOLVES,
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
from thermo.stepping.rows import copy, interpolate, keep, n_kept, n_readings, probe, read, sensor

MANY_HELD = 60  # nodes held on a part of a plane whose dense system is worth keeping

# the first stage's rise in the right side of the second; flow and rises in the error
BETWEEN = W / D
IN_ERROR = (ERROR[0] - ERROR[1], ERROR[1] / D - ERROR[2] * W / D**2, ERROR[2] / D)


@make_work.body(ModalSample)
def make_modal_work(sample: ModalSample, programme: Schedule) -> ModalWork:
    nz, m, n_cells = len(sample.capacity), len(sample.lateral), len(sample.link)
    n_held, n_values, (nx, ny) = len(sample.holding.blend), len(sample.values.time), sample.node_area.shape
    lines_x, lines_y = sample.holding.lines_x, sample.holding.lines_y
    pairs_x = (lines_x[:, None] * lines_x).reshape(-1, nx)
    pairs_y = (lines_y[:, None] * lines_y).reshape(-1, ny).T.copy()
    n_dense = len(sample.holding.chosen)
    return ModalWork(
        key=np.full(3, np.nan),
        inverse=np.empty((nz, m)),
        lower=np.empty((n_cells, m)),
        coupling=np.empty((n_cells, 1 if sample.order == 1 else m)),
        middle=np.empty((n_cells, 1)),
        pairs_x=pairs_x,
        pairs_y=pairs_y,
        dense=np.empty((n_dense, n_dense)),
        now=np.zeros(n_values),
        then=np.zeros(n_values),
        last=np.zeros(n_values),
        flow=np.empty((nz, m)),
        rise=np.empty((nz, m)),
        end=np.empty((nz, m)),
        spare=np.empty((nz, m)),
        cells=np.empty((n_cells, m)),
        row=np.empty(m),
        target=np.zeros(n_held),
        given=np.zeros(n_held),
        given_before=np.zeros(n_held),
        heat=np.zeros(sample.n_terms),
        seen=np.empty(len(sample.seen) * m + nz),
        nodes=np.empty((len(sample.seen), nx, ny)),
        other_row=np.empty(m),
        plane=np.empty((nx, ny)),
        line=np.empty((len(lines_x), ny)),
        crossed=np.empty((len(lines_x), len(lines_y))),
        halfway=np.empty((len(pairs_x), ny)),
        squared=np.empty((len(pairs_x), pairs_y.shape[1])),
        turned_y=sample.vectors_y.T.copy(),
        density=np.zeros(len(sample.loads.density)),
        inflow=np.zeros(len(sample.films.plane)),
        outflow=np.zeros(len(sample.films.plane)),
        kept=np.zeros(1),
    )


# ------------------------------------------------------------------ solves


def nodal(sample: ModalSample, u: Floats, out: Floats) -> None:
    """Values at the nodes of the planes that are seen (n_seen, nx, ny) from those of the modes (nz, m)."""
    np.matmul(sample.vectors_x, u[sample.seen].reshape(out.shape) @ sample.vectors_y.T, out)


def observe(sample: ModalSample, u: Floats, work: ModalWork, out: Floats) -> None:
    """What State.temperature shows: nodes of the planes that are seen, then the mean of every plane."""
    nodal(sample, u, work.nodes)
    n = work.nodes.size
    out[:n] = work.nodes.ravel()
    np.divide(u[:, 0], sample.uniform[0], out[n:])


# ------------------------------------------------------------------ steps


@initial_state.body(ModalSample)
def initial_modal_state(sample: ModalSample, programme: Schedule) -> State:
    """Held nodes stand at their temperature from t = 0+; the heat of that jump counts as heat through the face."""
    work, holding, last = make_work(sample, programme), sample.holding, len(sample.link)
    if sample.start.shape[1:] == (1, 1):
        u = sample.start[:, 0] * sample.uniform
    else:
        u = (sample.vectors_x.T @ (sample.start * sample.node_area) @ sample.vectors_y).reshape(len(sample.capacity), -1)
    state = State(
        enthalpy=u,
        temperature=np.empty_like(work.seen),
        extent=np.zeros((0, 0)),
        ledger=np.zeros(FACES + sample.n_terms),
        fired=np.zeros(0),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
        memory=np.zeros((0, 0)),
    )
    if len(holding.row):
        values_at(sample.values, 0.0, work.now)
        aim(sample, work, work.now, u)
        held = holding.mask > 0.0
        mass = sample.capacity[last, 0] * (1.0 if holding.whole else sample.node_area[held])
        np.add.at(state.ledger, FACES + holding.row, holding.share @ (mass * work.target))
        jump = np.zeros_like(sample.node_area)
        if holding.whole:
            u[last] += work.target
        else:
            jump[held] = work.target * sample.node_area[held]
            u[last] += (sample.vectors_x.T @ jump @ sample.vectors_y).ravel()
    observe(sample, u, work, state.temperature)
    start(programme, state.machine, 0.0)
    state.loop[STEP] = sample.step or min(0.1 * sample.fastest, float(programme.corners[0]))
    state.loop[LAST_ERROR] = 1.0
    state.loop[LOWEST] = float(np.min(state.temperature))
    state.loop[HIGHEST] = float(np.max(state.temperature))
    return state


def stored(sample: ModalSample, u: Floats) -> float:
    """Heat of the box relative to 298.15 K [J]."""
    mean = u[:, 0] / sample.uniform[0]
    return float(sample.uniform[0] ** 2 * (sample.capacity[:, 0] @ (mean - REFERENCE_TEMPERATURE)))


@take_step.body(ModalSample)
def modal_step(sample: ModalSample, programme: Schedule, state: State, clock: float, h: float, work: ModalWork) -> float:
    """One step, as `thermo.heat.mesh_step` takes it; the error at the nodes of the planes that are seen.

    With f the heat into the modes and U, V the rises of u to the middle and to the end of the step, TR-BDF2 is
        (C + s K) U = 2 s f + P^T m,     (C + s K) V = s f + w/d C U + P^T n,     s = d h,
    where f has the conditions of either end; the held nodes are given n + w/d m.
    """
    loop, u = state.loop, state.enthalpy
    values_at(sample.values, clock, work.now)
    conduct(sample, u, work.flow, work.cells)
    push(sample, work.now, u, 1.0, work.flow)
    work.heat[:] = 0.0
    (backward_euler if sample.euler else trbdf2)(sample, work, u, clock, h)
    np.add.at(work.heat, sample.holding.row, sample.holding.share @ work.given)
    n_solves = (1.0 if sample.euler else 2.0) + (sample.step == 0.0)
    loop[N_SOLVES] += n_solves
    loop[N_MODES] += n_solves
    worst = 0.0
    if sample.step == 0.0:
        work.target[:] = 0.0
        solve(sample, work, work.spare, work.target, work.given)
        nodal(sample, work.spare, work.nodes)
        worst = largest(work.nodes) / (sample.tolerance * scale_now(sample, loop))
    if not math.isfinite(worst):
        return math.inf
    if worst <= 1.0:
        observe(sample, work.end, work, work.seen)
    return worst


def trbdf2(sample: ModalSample, work: ModalWork, u: Floats, clock: float, h: float) -> None:
    """A trapezium to clock + G h, then the second backward difference; into `work.spare` the right side of the error."""
    s, flow, rise, end, spare = D * h, work.flow, work.rise, work.end, work.spare
    values_at(sample.values, clock + G * h, work.then)
    values_at(sample.values, clock + h, work.last)
    np.multiply(flow, 2.0 * s, rise)
    if sample.varies:
        push(sample, work.then, u, s, rise)
        push(sample, work.now, u, -s, rise)
    factorise(sample, work, s, work.then)
    aim(sample, work, work.then, u)
    solve(sample, work, rise, work.target, work.given)

    np.multiply(rise, BETWEEN * sample.capacity, end)
    np.multiply(flow, s, flow)
    np.add(end, flow, end)
    if sample.varies:
        push(sample, work.last, u, s, end)
        push(sample, work.now, u, -s, end)
    factorise(sample, work, s, work.last)
    aim(sample, work, work.last, u)
    np.multiply(flow, IN_ERROR[0] / D, flow)
    np.multiply(rise, IN_ERROR[1] * sample.capacity, spare)
    np.add(spare, flow, spare)
    np.multiply(work.given, BETWEEN, work.given_before)
    solve(sample, work, end, work.target, work.given)
    np.add(work.given, work.given_before, work.given)
    np.multiply(end, IN_ERROR[2] * sample.capacity, flow)
    np.add(spare, flow, spare)

    count_heat(sample, work.now, u, W * h, work.heat)
    np.add(u, rise, flow)
    count_heat(sample, work.then, flow, W * h, work.heat)
    np.add(u, end, end)
    count_heat(sample, work.last, end, s, work.heat)


def backward_euler(sample: ModalSample, work: ModalWork, u: Floats, clock: float, h: float) -> None:
    """One implicit stage of first order, and the right side of its error, half of what the heat has changed by."""
    flow, end, spare = work.flow, work.end, work.spare
    values_at(sample.values, clock + h, work.last)
    np.multiply(flow, h, end)
    if sample.varies:
        push(sample, work.last, u, h, end)
        push(sample, work.now, u, -h, end)
    factorise(sample, work, h, work.last)
    aim(sample, work, work.last, u)
    solve(sample, work, end, work.target, work.given)
    np.multiply(end, 0.5 * sample.capacity, spare)
    np.multiply(flow, 0.5 * h, flow)
    np.subtract(spare, flow, spare)
    np.add(u, end, end)
    count_heat(sample, work.last, end, h, work.heat)


def largest(values: Floats) -> float:
    """Largest magnitude."""
    return max(float(np.max(values)), -float(np.min(values)))


def scale_now(sample: ModalSample, loop: Floats) -> float:
    """The difference of temperature [K] that errors are measured by: that of the data, or what a flux has made so far."""
    if sample.scale > 0.0 and not sample.driven:
        return sample.scale
    return max(sample.scale, float(loop[HIGHEST] - loop[LOWEST]), LEAST_SCALE)


@interpolate.body(ModalSample)
def interpolate_modal(sample: ModalSample, state: State, work: ModalWork, theta: float, trial: State) -> None:
    """The parabola through the step's three states, a line after backward Euler; the heats in proportion to the time."""
    u = state.enthalpy
    if theta == 1.0:
        trial.enthalpy[:] = work.end
        trial.temperature[:] = work.seen
    else:
        share = theta if sample.euler else theta * (theta - G) / (1.0 - G)
        np.subtract(work.end, u, work.spare)
        np.multiply(work.spare, share, work.spare)
        if not sample.euler:
            np.multiply(work.rise, theta * (theta - 1.0) / (G * (G - 1.0)), work.flow)
            np.add(work.spare, work.flow, work.spare)
        np.add(work.spare, u, trial.enthalpy)
        observe(sample, trial.enthalpy, work, trial.temperature)
    trial.ledger[:] = state.ledger
    trial.ledger[FACES:] += theta * work.heat


@n_readings.body(ModalSample)
def n_modal_readings(sample: ModalSample) -> int:
    return len(sample.seen) * len(sample.lateral) + len(sample.capacity)


@read.body(ModalSample)
@kernel
def read_modal(sample, time, state, out):  # type: ignore[no-untyped-def]
    """The nodes of the planes that are seen, and the means of all planes."""
    copy(state.temperature, out)


@n_kept.body(ModalSample)
def n_modal_kept(sample, state):  # type: ignore[no-untyped-def]
    return state.temperature.shape[0]


@keep.body(ModalSample)
@kernel
def keep_modal(sample, state, out):  # type: ignore[no-untyped-def]
    """The temperatures."""
    copy(state.temperature, out)


@probe.body(ModalSample)
def modal_probe(sample: ModalSample, state: State, which: int) -> float:
    nodes = slice(sample.probes.first[which], sample.probes.first[which + 1])
    part, take = state.temperature[sample.probes.node[nodes]], sample.probes.take[which]
    if take == HIGHEST_OF:
        return float(part.max())
    if take == LOWEST_OF:
        return float(part.min())
    return float(np.sum(part * sample.probes.weight[nodes]))


@flush.body(ModalSample)
@kernel
def flush_modal(sample, state, work):  # type: ignore[no-untyped-def]
    """What the loops of compiled code keep in `end`."""
    if work.kept[0] != 0.0:
        copy(work.end, state.enthalpy)
        work.kept[0] = 0.0


@sensor.body(ModalSample)
def modal_sensor(
    sample: ModalSample, programme: Schedule, trial: State, clock: float, work: ModalWork, theta: float
) -> tuple[float, float]:
    # a schedule looks at no sensor
    return float(trial.temperature[0]), 0.0


@trigger_margin.body(ModalSample)
def modal_trigger_margin(sample: ModalSample, trial: State, clock: float) -> tuple[float, int]:
    return -math.inf, 0


@fire.body(ModalSample)
def fire_modal(sample: ModalSample, state: State, trigger: int) -> None:
    return  # a box has no triggers


@remember.body(ModalSample)
@kernel
def remember_modal(sample, programme, state, temperature, rate):  # type: ignore[no-untyped-def]
    return


@restart.body(ModalSample)
@kernel
def restart_modal(sample, programme, state):  # type: ignore[no-untyped-def]
    return


@worth.body(ModalSample)
@kernel
def modal_worth(sample, growth):  # type: ignore[no-untyped-def]
    """The dense system of many held nodes costs more than the steps that a longer one saves: powers of two."""
    if sample.holding.chosen.shape[0] <= MANY_HELD or growth < 1.0:
        return growth
    return 1.0 if growth < 2.0 else 2.0 if growth < 4.0 else 4.0


@extremes.body(ModalSample)
def modal_extremes(sample: ModalSample, state: State) -> tuple[float, float]:
    return float(np.min(state.temperature)), float(np.max(state.temperature))


@error_order.body(ModalSample)
def modal_error_order(sample: ModalSample) -> float:
    return 2.0 if sample.euler else 3.0
