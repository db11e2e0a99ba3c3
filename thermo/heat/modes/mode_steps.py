"""Steps of boxes of laterally uniform layers in the space of their lateral modes (`thermo.heat.modes.box_in_modes`).

Middles of quadratic cells are eliminated first, which leaves tridiagonal systems; their pivots are made of sums of positive terms, so that
nothing cancels where layers are thin. Nodes held on a part of the last plane enter by Lagrange multipliers, the heat they are given:
after the forward sweep u on that plane is affine in them, and a dense system of their number finds them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.heat.modes.box_in_modes import Holding, ModalSample, Values
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
    RELEASED,
    STEP,
    D,
    G,
    State,
    W,
    copy,
    error_order,
    fire,
    flush,
    initial_state,
    interpolate,
    make_work,
    sensor,
    take_step,
    trigger_margin,
    worth,
)

MANY_HELD = 60  # nodes held on a part of a plane whose dense system is worth keeping

# the first stage's rise in the right side of the second; flow and rises in the error
BETWEEN = W / D
IN_ERROR = (ERROR[0] - ERROR[1], ERROR[1] / D - ERROR[2] * W / D**2, ERROR[2] / D)


class ModalWork(NamedTuple):
    """Memory of a step. `key` is what the factorisation is for: s [s] and the coefficients of convection on the first and last plane."""

    key: Floats
    inverse: Floats  # of the pivots (nz, m)
    lower: Floats  # multipliers of the sweeps (n_cells, m)
    coupling: Floats  # of neighbouring vertices (n_cells, 1 or m)
    middle: Floats  # of a vertex and the middle of a cell (n_cells, 1)
    pairs_x: Floats  # products of the values of a mode on two lines (a a, nx)
    pairs_y: Floats  # the same (ny, b b)
    dense: Floats  # Cholesky factor (n_held, n_held)
    now: Floats  # values of the conditions at the start, the middle and the end of the step
    then: Floats
    last: Floats
    flow: Floats  # (nz, m)
    rise: Floats
    end: Floats
    spare: Floats
    cells: Floats  # (n_cells, m)
    row: Floats  # (m,)
    target: Floats  # (n_held,)
    given: Floats  # heat to held nodes, of the stages and in all [J]
    given_before: Floats
    heat: Floats  # by term [J]
    seen: Floats  # as State.temperature
    nodes: Floats  # (n_seen, nx, ny)
    # of compiled code
    other_row: Floats  # (m,)
    plane: Floats  # (nx, ny)
    line: Floats  # (a, ny), a the number of lines along y through held nodes, b that of those along x
    crossed: Floats  # (a, b)
    halfway: Floats  # (a a, ny)
    squared: Floats  # (a a, b b)
    turned_y: Floats  # vectors_y.T
    density: Floats  # (n_loads,), of a weighted sum of moments
    inflow: Floats  # (n_films,), of the same, coefficient times ambient temperature, and the coefficient
    outflow: Floats
    kept: Floats  # (1,): 1.0 while the amplitudes are in `end`, and a step makes the next ones in the state's own memory


# ------------------------------------------------------------------ a box put together


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


# ------------------------------------------------------------------ what acts on the modes


def values_at(values: Values, time: float, out: Floats) -> None:
    """Values of the conditions at a time [s]."""
    for i in range(len(out)):
        out[i] = np.interp(time, values.time[i], values.value[i])


def conduct(sample: ModalSample, u: Floats, out: Floats, flux: Floats) -> None:
    """-(l Pz + Kz) u: heat conducted into the modes [W/m], between planes from differences, so that nothing cancels in thin layers."""
    n_cells = len(sample.link)
    np.multiply(u, sample.lateral, out)
    np.multiply(out, -sample.spread, out)
    low, high, middle = slice(0, n_cells), slice(1, n_cells + 1), slice(n_cells + 1, None)
    pairs = ((low, high, 1.0),) if sample.order == 1 else ((low, middle, 8.0 / 3.0), (middle, high, 8.0 / 3.0), (low, high, -1.0 / 3.0))
    for one, other, share in pairs:
        np.subtract(u[other], u[one], flux)
        np.multiply(flux, share * sample.link, flux)
        np.add(out[one], flux, out[one])
        np.subtract(out[other], flux, out[other])


def push(sample: ModalSample, values: Floats, u: Floats, weight: float, out: Floats) -> None:
    """Add the heat through faces and from sources into the modes, `weight` times."""
    films, loads = sample.films, sample.loads
    for i in range(len(loads.density)):
        out += (weight * values[loads.density[i]] * loads.along[i]) * loads.across[i]
    for i in range(len(films.plane)):
        k = films.plane[i]
        out[k] += weight * values[films.coefficient[i]] * (values[films.ambient[i]] * sample.uniform - u[k])


def count_heat(sample: ModalSample, values: Floats, u: Floats, weight: float, heat: Floats) -> None:
    """Add to the heat of every term what passes at this moment, `weight` times. Where a part of a plane is held, convection there is
    part of the equations of the modes, and the multipliers are less by that much."""
    films, loads, holding = sample.films, sample.loads, sample.holding
    for i in range(len(loads.density)):
        heat[loads.row[i]] += weight * values[loads.density[i]] * loads.total[i]
    for i in range(len(films.plane)):
        k, coefficient, ambient = films.plane[i], weight * values[films.coefficient[i]], values[films.ambient[i]]
        heat[films.row[i]] += coefficient * (ambient * films.area[i] - films.weight[i] @ u[k])
        if k > 0:
            for j in range(len(holding.row)):
                heat[holding.row[j]] += coefficient * (ambient * holding.area[j] - holding.weight[j] @ u[k])


# ------------------------------------------------------------------ solves


def factorise(sample: ModalSample, work: ModalWork, s: float, values: Floats) -> None:
    """Make ready for solves with Cz + s (l Pz + Kz + films), unless they are; `work.spare` is lost.

    With g the coupling of a vertex to the next and e the excess of its diagonal over its couplings, the pivot is e + g, and
    e' += g e / (e + g) goes on to the next.
    """
    films, last = [0.0, 0.0], len(sample.link)
    for i in range(len(sample.films.plane)):
        films[int(sample.films.plane[i] > 0)] += values[sample.films.coefficient[i]]
    if work.key[0] == s and work.key[1] == films[0] and work.key[2] == films[1]:
        return
    work.key[:] = s, films[0], films[1]
    inverse, lower, coupling, excess = work.inverse, work.lower, work.coupling, work.spare
    np.multiply(sample.spread, sample.lateral, excess)
    np.multiply(excess, s, excess)
    np.add(excess, sample.capacity, excess)
    excess[0] += s * films[0]
    excess[last] += s * films[1]
    np.multiply(sample.link, s, coupling)
    if sample.order == 2:
        np.multiply(sample.link, 8.0 / 3.0 * s, work.middle)
        own, across = excess[last + 1 :], inverse[last + 1 :]
        np.add(own, 2.0 * work.middle, across)
        np.divide(1.0, across, across)
        np.multiply(work.middle, across, lower)
        np.multiply(own, lower, own)
        np.add(excess[:last], own, excess[:last])
        np.add(excess[1 : last + 1], own, excess[1 : last + 1])
        np.multiply(lower, work.middle, coupling)
        np.subtract(coupling, s / 3.0 * sample.link, coupling)
    for k in range(last):
        np.add(excess[k], coupling[k], inverse[k])
        np.divide(1.0, inverse[k], inverse[k])
        np.multiply(coupling[k], inverse[k], lower[k])
        np.multiply(lower[k], excess[k], excess[k])
        np.add(excess[k + 1], excess[k], excess[k + 1])
    np.divide(1.0, excess[last], inverse[last])
    if len(work.dense):
        factorise_dense(sample.holding, work)


def factorise_dense(holding: Holding, work: ModalWork) -> None:
    """Cholesky factor of P D P^T, D the inverse of the last pivots and P the modes at the held nodes."""
    from scipy.linalg.lapack import dpotrf

    a, nx = holding.lines_x.shape
    b, ny = holding.lines_y.shape
    crossed = work.pairs_x @ work.inverse[len(work.lower)].reshape(nx, ny) @ work.pairs_y
    matrix = crossed.reshape(a, a, b, b).transpose(0, 2, 1, 3).reshape(a * b, a * b)
    if len(holding.chosen) < a * b:
        matrix = matrix[np.ix_(holding.chosen, holding.chosen)]
    work.dense[:], _ = dpotrf(matrix, lower=1)


def held_part(holding: Holding, plane: Floats) -> Floats:
    """The values of the modes of a plane (m,) at the held nodes, or those modes where it is held as a whole."""
    if holding.whole:
        return plane
    nx, ny = holding.lines_x.shape[1], holding.lines_y.shape[1]
    return (holding.lines_x @ plane.reshape(nx, ny) @ holding.lines_y.T).ravel()[holding.chosen]  # type: ignore[no-any-return]


def solve(sample: ModalSample, work: ModalWork, r: Floats, target: Floats, given: Floats) -> None:
    """Solve (Cz + s (l Pz + Kz + films)) u = r + P^T `given` in place, with P u = `target` on the last plane; `given` is found."""
    last, inverse, lower, middle, cells, row = len(sample.link), work.inverse, work.lower, work.middle, work.cells, work.row
    across = inverse[last + 1 :]
    if sample.order == 2:
        np.multiply(r[last + 1 :], across, cells)
        np.multiply(cells, middle, cells)
        np.add(r[:last], cells, r[:last])
        np.add(r[1 : last + 1], cells, r[1 : last + 1])
    for factor, one, other in zip(lower, r, r[1:], strict=False):
        np.multiply(factor, one, row)
        np.add(other, row, other)
    close(sample.holding, work, r[last], target, given)
    np.multiply(r[:last], inverse[:last], r[:last])
    for factor, one, other in zip(lower[::-1], r[last - 1 :: -1], r[last:0:-1], strict=True):
        np.multiply(factor, other, row)
        np.add(one, row, one)
    if sample.order == 2:
        np.add(r[:last], r[1 : last + 1], cells)
        np.multiply(cells, middle, cells)
        np.add(r[last + 1 :], cells, r[last + 1 :])
        np.multiply(r[last + 1 :], across, r[last + 1 :])


def close(holding: Holding, work: ModalWork, r: Floats, target: Floats, given: Floats) -> None:
    """The last plane of a solve, after the forward sweep: u = (r + P^T `given`) over the pivot with P u = `target`."""
    from scipy.linalg.lapack import dpotrs

    inverse = work.inverse[len(work.lower)]
    if holding.whole:
        given[:] = target / inverse - r
        r[:] = target
        return
    if len(given):
        given[:], _ = dpotrs(work.dense, target - held_part(holding, r * inverse), lower=1)
        crossed = np.zeros((len(holding.lines_x), len(holding.lines_y)))
        crossed.ravel()[holding.chosen] = given
        r += (holding.lines_x.T @ crossed @ holding.lines_y).ravel()
    r *= inverse


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
        ledger=np.zeros(RELEASED + sample.n_terms),
        fired=np.zeros(0),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    if len(holding.row):
        values_at(sample.values, 0.0, work.now)
        aim(sample, work, work.now, u)
        held = holding.mask > 0.0
        mass = sample.capacity[last, 0] * (1.0 if holding.whole else sample.node_area[held])
        np.add.at(state.ledger, RELEASED + holding.row, holding.share @ (mass * work.target))
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


def aim(sample: ModalSample, work: ModalWork, values: Floats, u: Floats) -> None:
    """Into `work.target` what held nodes lack at some values of the conditions."""
    holding = sample.holding
    if len(holding.row):
        np.subtract(holding.blend @ values[holding.value], held_part(holding, u[len(sample.link)]), work.target)


@take_step.body(ModalSample)
def modal_step(sample: ModalSample, programme: Schedule, state: State, clock: float, h: float, work: ModalWork) -> float:
    """One step, as `system.mesh_step` takes it; the error at the nodes of the planes that are seen.

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
    trial.ledger[RELEASED:] += theta * work.heat


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
def modal_trigger_margin(sample: ModalSample, trial: State) -> tuple[float, int]:
    return -math.inf, 0


@fire.body(ModalSample)
def fire_modal(sample: ModalSample, state: State, trigger: int) -> None:
    return  # a box has no triggers


@worth.body(ModalSample)
@kernel
def modal_worth(sample, growth):  # type: ignore[no-untyped-def]
    """The dense system of many held nodes costs more than the steps that a longer one saves: powers of two."""
    if sample.holding.chosen.shape[0] <= MANY_HELD or growth < 1.0:
        return growth
    return 1.0 if growth < 2.0 else 2.0 if growth < 4.0 else 4.0


@error_order.body(ModalSample)
def modal_error_order(sample: ModalSample) -> float:
    return 2.0 if sample.euler else 3.0
