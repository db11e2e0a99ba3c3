"""The steps of `mode_steps.py` as loops for compiled code, with the solves of `mode_sweeps.py`.

Importing it makes them known; `compile_kernels()(advance)` then takes a `ModalSample`.
"""

from __future__ import annotations

import numpy as np

from thermo.base.compiled import kernel
from thermo.heat.modes.modal_arrays import FACES, HIGHEST_OF, LOWEST_OF, ModalSample
from thermo.heat.modes.mode_steps import BETWEEN, IN_ERROR
from thermo.heat.modes.mode_sweeps import aim_at, moments, prepare, product, stage, values_now
from thermo.stepping.loop import (
    HIGHEST,
    LEAST_SCALE,
    LOWEST,
    N_MODES,
    N_SOLVES,
    D,
    G,
    W,
    error_order,
    extremes,
    extremes_of,
    fire,
    take_step,
    trigger_margin,
)
from thermo.stepping.rows import interpolate, probe, sensor


@kernel
def heat_now(sample, values, u, rise, share, weight, heat):
    """As `mode_solves.count_heat`, of u + share times a rise."""
    films, loads, holding, m = sample.films, sample.loads, sample.holding, u.shape[1]
    for i in range(loads.density.shape[0]):
        heat[loads.row[i]] += weight * values[loads.density[i]] * loads.total[i]
    for i in range(films.plane.shape[0]):
        k, coefficient, ambient = films.plane[i], weight * values[films.coefficient[i]], values[films.ambient[i]]
        total = ambient * films.area[i]
        for j in range(m):
            total -= films.weight[i, j] * (u[k, j] + share * rise[k, j])
        heat[films.row[i]] += coefficient * total
        if k > 0:
            for h in range(holding.row.shape[0]):
                total = ambient * holding.area[h]
                for j in range(m):
                    total -= holding.weight[h, j] * (u[k, j] + share * rise[k, j])
                heat[holding.row[h]] += coefficient * total


@kernel
def nodal_loops(sample, work, u):
    """As `mode_steps.nodal`, into `work.nodes`."""
    plane, nodes, vectors_x = work.plane, work.nodes, sample.vectors_x
    nx, ny = plane.shape
    for p in range(nodes.shape[0]):
        k = sample.seen[p]
        product(u[k].reshape((nx, ny)), work.turned_y, plane)
        product(vectors_x, plane, nodes[p])


@kernel
def observe_loops(sample, work, u, out):
    """As `mode_steps.observe`."""
    nodal_loops(sample, work, u)
    nodes = work.nodes
    nx, ny, at = nodes.shape[1], nodes.shape[2], 0
    for p in range(nodes.shape[0]):
        for i in range(nx):
            for j in range(ny):
                out[at] = nodes[p, i, j]
                at += 1
    for k in range(u.shape[0]):
        out[at + k] = u[k, 0] / sample.uniform[0]


@take_step.loops(ModalSample)
@kernel
def modal_step_loops(sample, programme, state, clock, h, work):
    u, loop, end = state.enthalpy, state.loop, work.end
    if work.kept[0] != 0.0:
        u, end = work.end, state.enthalpy
    rise, spare, heat, given, before = work.rise, work.spare, work.heat, work.given, work.given_before
    s = h if sample.euler else D * h
    values_now(sample.values, clock, work.now)
    values_now(sample.values, clock + G * h, work.then)
    values_now(sample.values, clock + h, work.last)
    for i in range(heat.shape[0]):
        heat[i] = 0.0
    for p in range(before.shape[0]):
        before[p] = 0.0
    if not sample.euler:
        prepare(sample, work, s, work.then)
        aim_at(sample, work, work.then, u)
        moments(sample, work, work.now, s, work.then, s)
        stage(sample, work, s, u, 2.0 * s, u, 0.0, u, 0.0, 0.0, rise, before)
        heat_now(sample, work.now, u, u, 0.0, W * h, heat)
        heat_now(sample, work.then, u, rise, 1.0, W * h, heat)
    prepare(sample, work, s, work.last)
    aim_at(sample, work, work.last, u)
    moments(sample, work, work.now, 0.0, work.last, s)
    stage(sample, work, s, u, s, rise, 0.0 if sample.euler else BETWEEN, u, 0.0, 1.0, end, given)
    heat_now(sample, work.last, end, end, 0.0, s, heat)
    for i in range(sample.holding.row.shape[0]):
        for p in range(given.shape[0]):
            heat[sample.holding.row[i]] += sample.holding.share[i, p] * (given[p] + BETWEEN * before[p])
    n_solves = (1.0 if sample.euler else 2.0) + (1.0 if sample.step == 0.0 else 0.0)
    loop[N_SOLVES] += n_solves
    loop[N_MODES] += n_solves
    worst = 0.0
    if sample.step == 0.0:
        for p in range(work.target.shape[0]):
            work.target[p] = 0.0
        # what `end` has risen by is end - u, of which the right side takes a share
        if sample.euler:
            weight, first, second = -0.5 * h, 0.0, 0.5
        else:
            weight, first, second = IN_ERROR[0] * h, IN_ERROR[1], IN_ERROR[2]
        moments(sample, work, work.now, weight, work.now, 0.0)
        for k in range(u.shape[0]):
            for j in range(u.shape[1]):
                work.flow[k, j] = first * rise[k, j] + second * (end[k, j] - u[k, j]) if first != 0.0 else second * (end[k, j] - u[k, j])
        stage(sample, work, s, u, weight, work.flow, 1.0, u, 0.0, 0.0, spare, given)
        nodal_loops(sample, work, spare)
        scale = sample.scale
        if sample.scale == 0.0 or sample.driven:
            scale = max(scale, loop[HIGHEST] - loop[LOWEST], LEAST_SCALE)
        for k in range(work.nodes.shape[0]):
            for i in range(work.nodes.shape[1]):
                for j in range(work.nodes.shape[2]):
                    worst = max(worst, abs(work.nodes[k, i, j]))
        worst /= sample.tolerance * scale
        if not worst < np.inf:
            return np.inf
    if worst <= 1.0:
        observe_loops(sample, work, end, work.seen)
    return worst


@interpolate.loops(ModalSample)
@kernel
def interpolate_modal_loops(sample, state, work, theta, trial):
    """As `mode_steps.interpolate_modal`; the end of a step is not copied into the state, whose memory the next step takes for its end."""
    u, n, end = state.enthalpy, state.temperature.shape[0], work.end
    if work.kept[0] != 0.0:
        u, end = work.end, state.enthalpy
    if theta == 1.0:
        before, trial.loop[0] = state.loop[0], np.nan
        itself = state.loop[0] != state.loop[0]  # the trial is the state
        trial.loop[0] = before
        if itself:
            work.kept[0] = 1.0 - work.kept[0]
        else:
            for k in range(u.shape[0]):
                row, found = trial.enthalpy[k], end[k]
                for j in range(row.shape[0]):
                    row[j] = found[j]
        for i in range(n):
            trial.temperature[i] = work.seen[i]
    else:
        share = theta if sample.euler else theta * (theta - G) / (1.0 - G)
        other = 0.0 if sample.euler else theta * (theta - 1.0) / (G * (G - 1.0))
        for k in range(u.shape[0]):
            for j in range(u.shape[1]):
                trial.enthalpy[k, j] = u[k, j] + share * (end[k, j] - u[k, j])
                if other != 0.0:
                    trial.enthalpy[k, j] += other * work.rise[k, j]
        observe_loops(sample, work, trial.enthalpy, trial.temperature)
    for i in range(state.ledger.shape[0]):
        trial.ledger[i] = state.ledger[i] + (theta * work.heat[i - FACES] if i >= FACES else 0.0)


@probe.loops(ModalSample)
@kernel
def modal_probe_loops(sample, state, which):
    probes, T, total = sample.probes, state.temperature, 0.0
    highest, lowest = -np.inf, np.inf
    for i in range(probes.first[which], probes.first[which + 1]):
        value = T[probes.node[i]]
        total += probes.weight[i] * value
        highest, lowest = max(highest, value), min(lowest, value)
    if probes.take[which] == HIGHEST_OF:
        return highest
    if probes.take[which] == LOWEST_OF:
        return lowest
    return total


@sensor.loops(ModalSample)
@kernel
def modal_sensor_loops(sample, programme, trial, clock, work, theta):
    return trial.temperature[0], 0.0


@trigger_margin.loops(ModalSample)
@kernel
def modal_trigger_loops(sample, trial, clock):
    return -np.inf, 0


@fire.loops(ModalSample)
@kernel
def fire_modal_loops(sample, state, trigger):
    return


@extremes.loops(ModalSample)
@kernel
def modal_extremes_loops(sample, state):
    return extremes_of(state.temperature)


@error_order.loops(ModalSample)
@kernel
def modal_order_loops(sample):
    return 2.0 if sample.euler else 3.0
