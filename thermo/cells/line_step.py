"""What the loop asks of a line of nodes beside its step (`condensed_step.py`): its dense output, its sensor, its triggers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.cells.condensed_step import LineWork
from thermo.cells.line import (
    LineSample,
    heated_capacity,
    kept_share,
    surface_loss,
    wall_temperature,
)
from thermo.chemistry.condensed import condensed_memory
from thermo.chemistry.kinetics import amounts, heat_per_extent, rates
from thermo.chemistry.rodas4 import N_STAGES, dense
from thermo.materials.storage import node_capacity, node_heat, node_temperature
from thermo.programmes.programme import N_MACHINE, start, surroundings
from thermo.stepping.loop import (
    EJECTED,
    ELECTRICAL,
    HEAT_IN,
    HIGHEST,
    LAST_ERROR,
    LOWEST,
    N_LOOP,
    PHASE_TIME,
    REACTIONS,
    STEP,
    State,
    error_order,
    extremes,
    extremes_of,
    fire,
    flush,
    initial_state,
    make_work,
    past,
    remember,
    restart,
    trigger_margin,
    worth,
)
from thermo.stepping.rows import copy, interpolate, keep, n_kept, n_readings, probe, read, sensor


@make_work.body(LineSample)
def make_line_work(sample, programme):
    n, sites, reactions = sample.share.shape[0], sample.site_node.shape[0], sample.mechanism.heat.shape[0]
    zeros = np.zeros
    return LineWork(
        temperature=zeros((N_STAGES, n)),
        extent=zeros((N_STAGES, sites, reactions)),
        ledger=zeros((N_STAGES, REACTIONS + reactions)),
        sites=condensed_memory(sample.mechanism, sites),
        capacity=zeros(n),
        diagonal=zeros(n),
        pivot=zeros(n),
        rhs=zeros(n),
        loss_slope=zeros(n),
        wall_slope=zeros(n),
        heater_slope=zeros(n),
        rank_one=zeros(n),
        stage_temperature=zeros(n),
        forced=zeros(1),
    )


@initial_state.body(LineSample)
def initial_line_state(sample, programme):
    n, sites = sample.share.shape[0], sample.site_node.shape[0]
    reactions = sample.mechanism.stoichiometry.shape[0]
    state = State(
        enthalpy=np.array([node_heat(sample.storage, i, sample.start_temperature) for i in range(n)]),
        temperature=np.full(n, sample.start_temperature),
        extent=np.zeros((sites, reactions)),
        ledger=np.zeros(REACTIONS + reactions),
        fired=np.zeros((sites, sample.trigger_temperature.shape[0] + sample.mechanism.threshold.shape[0])),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
        memory=np.zeros((0, 0)),
    )
    for s in range(sites):
        for j in range(sample.mechanism.threshold.shape[0]):
            state.fired[s, sample.trigger_temperature.shape[0] + j] = float(threshold_margin(sample, state, s, j) >= 0.0)
    start(programme, state.machine, sample.start_temperature)
    state.loop[STEP] = 1.0  # s; an error estimate corrects it at once
    state.loop[LAST_ERROR] = 1.0
    state.loop[LOWEST] = state.loop[HIGHEST] = sample.start_temperature
    return state


@interpolate.body(LineSample)
@kernel
def interpolate_line(sample, state, work, theta, trial):
    """y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta)(K1 + theta K2)) for every row of the state.

    Where the temperature is given, enthalpy follows from it, and the heat that went in from that.
    """
    rise, trial.loop[PHASE_TIME] = 0.0, state.loop[PHASE_TIME]  # for what begins at a time
    for i in range(state.temperature.shape[0]):
        value = dense(work.temperature[:, i], theta)
        guess = state.temperature[i] + value
        if work.forced[0] != 0.0:
            held = node_heat(sample.storage, i, guess)
            rise += held - state.enthalpy[i]
            trial.enthalpy[i], trial.temperature[i] = held, guess
        else:
            trial.enthalpy[i] = state.enthalpy[i] + work.capacity[i] * value
            trial.temperature[i] = node_temperature(sample.storage, i, trial.enthalpy[i], guess)
    for s in range(state.extent.shape[0]):
        for k in range(state.extent.shape[1]):
            trial.extent[s, k] = state.extent[s, k] + dense(work.extent[:, s, k], theta)
    for r in range(state.ledger.shape[0]):
        change = rise if r == HEAT_IN and work.forced[0] != 0.0 else dense(work.ledger[:, r], theta)
        trial.ledger[r] = state.ledger[r] + change
    for s in range(state.fired.shape[0]):
        for j in range(state.fired.shape[1]):
            trial.fired[s, j] = state.fired[s, j]


class LineReading(NamedTuple):
    """What rows of the history say of a line, a row each: `temperature` (n_rows, n_nodes) [K], `extent` (n_rows, n_sites, n_reactions),
    `fired` (n_rows, n_sites, n_switches)."""

    temperature: Floats
    extent: Floats
    fired: Floats


def sizes(sample: LineSample) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Shapes of the temperature, the extents and the switches of a state."""
    nodes, sites, mechanism = len(sample.share), len(sample.site_node), sample.mechanism
    return (nodes,), (sites, len(mechanism.heat)), (sites, len(sample.trigger_temperature) + len(mechanism.threshold))


def line_reading(sample: LineSample, rows: Floats) -> LineReading:
    """The parts of some rows of readings (n_rows, n_readings)."""
    parts, at = [], 0
    for shape in sizes(sample):
        size = math.prod(shape)
        parts.append(rows[:, at : at + size].reshape(len(rows), *shape))
        at += size
    return LineReading(*parts)


@n_readings.body(LineSample)
def n_line_readings(sample):
    return sum(math.prod(shape) for shape in sizes(sample))


@read.body(LineSample)
@kernel
def read_line(sample, time, state, out):
    """All of the state that columns follow from."""
    nodes, sites, at = state.temperature.shape[0], state.extent.shape[0], 0
    for i in range(nodes):
        out[at + i] = state.temperature[i]
    at += nodes
    for s in range(sites):
        for k in range(state.extent.shape[1]):
            out[at] = state.extent[s, k]
            at += 1
    for s in range(sites):
        for j in range(state.fired.shape[1]):
            out[at] = state.fired[s, j]
            at += 1


@n_kept.body(LineSample)
def n_line_kept(sample, state):
    return state.temperature.shape[0]


@keep.body(LineSample)
@kernel
def keep_line(sample, state, out):
    """The temperatures."""
    copy(state.temperature, out)


@probe.body(LineSample)
@kernel
def line_probe(sample, state, which):
    """A probe is a node."""
    return state.temperature[which]


@flush.body(LineSample)
@kernel
def flush_line(sample, state, work):
    return


@sensor.body(LineSample)
@kernel
def line_sensor(sample, programme, trial, clock, work, theta):
    """The sensor's node: its temperature, and its rate from its own heat balance, or from that of the whole line.

    The balance of a single node of a well conducting body is a difference of large numbers; the body's rate is not.
    """
    around = surroundings(programme, trial.machine, clock)
    at = sample.sensor
    wall = wall_temperature(around, trial.temperature[at])
    fed = kept_share(sample, trial.fired) if around.forced == 0.0 else 0.0
    power, capacity, amount, rate = 0.0, 0.0, work.sites.amount, work.sites.point
    for i in range(trial.temperature.shape[0]):
        if sample.own == 0.0 or i == at:
            T = trial.temperature[i]
            node = node_capacity(sample.storage, i, T)
            capacity += node
            power += (
                around.ramp * heated_capacity(sample, i, node)
                + sample.share[i] * around.power
                - sample.surface[i] * surface_loss(around, T, wall)
            )
    if sample.own != 0.0:
        if at > 0:
            power += sample.conductance[at - 1] * (trial.temperature[at - 1] - trial.temperature[at])
        if at < sample.conductance.shape[0]:
            power += sample.conductance[at] * (trial.temperature[at + 1] - trial.temperature[at])
    for s in range(trial.extent.shape[0]):
        if sample.own != 0.0 and sample.site_node[s] != at:
            continue
        amounts(sample.mechanism, trial.extent[s], amount)
        rates(sample.mechanism, trial.temperature[sample.site_node[s]], amount, trial.fired[s], rate)
        for k in range(trial.extent.shape[1]):
            power += fed * sample.site_share[s, k] * heat_per_extent(sample.mechanism, k, amount) * rate[k]
    return trial.temperature[at], power / capacity


@kernel
def threshold_margin(sample, trial, s, j):
    """Excess over the j-th threshold of the mechanism at site s: of the temperature [K], or of an amount in hundredths of its scale."""
    mechanism = sample.mechanism
    species = mechanism.threshold_species[j]
    if species < 0:
        return trial.temperature[sample.site_node[s]] - mechanism.threshold[j]
    amount = mechanism.start[species]
    for k in range(trial.extent.shape[1]):
        amount += mechanism.stoichiometry[k, species] * trial.extent[s, k]
    return (amount - mechanism.threshold[j]) * 100.0 / mechanism.scale


@kernel
def gas_made(sample, extent):
    """Gas that the reactions of all sites have made [mol]."""
    made = 0.0
    for s in range(extent.shape[0]):
        for k in range(extent.shape[1]):
            made += sample.site_share[s, k] * sample.gas[k] * extent[s, k]
    return made


@trigger_margin.body(LineSample)
@kernel
def line_trigger_margin(sample, trial, clock):
    hottest = 0.0
    for i in range(trial.temperature.shape[0]):
        if sample.share[i] > 0.0:
            hottest = max(hottest, trial.temperature[i])
    worst, which = -math.inf, 0
    n_triggers, n_switches = sample.trigger_temperature.shape[0], trial.fired.shape[1]
    for j in range(n_triggers):
        margin = hottest - sample.trigger_temperature[j]
        if sample.trigger_gas[j] < math.inf:
            margin = 100.0 * (gas_made(sample, trial.extent) / sample.trigger_gas[j] - 1.0)
        elif sample.trigger_time[j] < math.inf:
            margin = past(trial.loop[PHASE_TIME] + clock, sample.trigger_time[j])
        if trial.fired[0, j] == 0.0 and margin > worst:
            worst, which = margin, j
    for s in range(trial.fired.shape[0]):
        for j in range(n_triggers, n_switches):
            margin = threshold_margin(sample, trial, s, j - n_triggers)
            if trial.fired[s, j] != 0.0:
                margin = -margin - sample.mechanism.threshold_slack[j - n_triggers]
            if margin > worst:
                worst, which = margin, s * n_switches + j
    return worst, which


@fire.body(LineSample)
@kernel
def fire_line(sample, state, trigger):
    n_triggers, n_switches = sample.trigger_temperature.shape[0], state.fired.shape[1]
    if trigger >= n_triggers:
        s, j = trigger // n_switches, trigger % n_switches
        state.fired[s, j] = 1.0 - state.fired[s, j]
        return
    for s in range(state.fired.shape[0]):
        state.fired[s, trigger] = 1.0
    k, given, taken = sample.fuse_reaction[trigger], sample.fuse_energy[trigger], sample.vent_energy[trigger]
    for s in range(state.extent.shape[0]):
        if k >= 0:
            state.extent[s, k] += sample.fuse_extent[trigger]
    if given == 0.0 and taken == 0.0:
        return
    for i in range(state.temperature.shape[0]):
        state.enthalpy[i] += sample.share[i] * (given - taken)
        state.temperature[i] = node_temperature(sample.storage, i, state.enthalpy[i], state.temperature[i])
        state.loop[LOWEST] = min(state.loop[LOWEST], state.temperature[i])
    state.ledger[ELECTRICAL] += given
    state.ledger[EJECTED] += taken


@remember.body(LineSample)
@kernel
def remember_line(sample, programme, state, temperature, rate):
    return


@restart.body(LineSample)
@kernel
def restart_line(sample, programme, state):
    return


@worth.body(LineSample)
@kernel
def line_worth(sample, growth):
    return growth


@extremes.body(LineSample)
@kernel
def line_extremes(sample, state):
    return extremes_of(state.temperature)


@error_order.body(LineSample)
@kernel
def line_error_order(sample):
    return 4.0
