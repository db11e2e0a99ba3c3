"""One step, step-size control, located events, `integrate`: time goes on here, whatever the sample and the programme.

The condensed step is RODAS4 (Hairer & Wanner, Solving Ordinary Differential Equations II, 1996; six stages, order 4(3),
L-stable, stiffly accurate) for enthalpies and reaction extents. The extents are eliminated site by site; each stage is
one solve with the heat matrix plus a diagonal. Heat exchanged, heat ejected and the heat of each reaction are further
equations of the same step, so that the energy balance holds to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from thermo.compiled import by_type, kernel
from thermo.constants import STEFAN_BOLTZMANN
from thermo.errors import SolveError
from thermo.kinetics import Floats, amounts, heat_per_extent, rate_slopes, rates
from thermo.lumped import LineSample, enthalpy, heat_capacity, heat_capacity_slope, temperature_of
from thermo.programme import (
    ENDED,
    N_MACHINE,
    N_MARGINS,
    NOTHING,
    PHASE,
    TRIGGERED,
    WINDOW_OVER,
    decide,
    jumped,
    margins,
    start,
    surroundings,
    window,
)

# rows of the energy ledger [J]; RELEASED + k is the heat of reaction k, before anything is ejected
HEAT_IN, HEAT_OUT, EJECTED, FUSED, RELEASED = 0, 1, 2, 3, 4

# entries of `loop`
PHASE_TIME, CLOCK, STEP, LAST_ERROR, LAST_STEP, REJECTED, N_STEPS, N_REJECTED, N_SOLVES, TROUBLE, LOWEST, HIGHEST, REFERENCE_STEP = range(
    13
)
N_LOOP = 16
TOO_MANY_STEPS, STEP_COLLAPSED = 1.0, 2.0
SHORTEST = 1e-25  # s


class State(NamedTuple):
    """The whole truth between two steps, arrays only: this is the checkpoint.

    `enthalpy` [J] and `temperature` [K] (n_nodes,), `extent` (n_sites, n_reactions), `ledger` [J], `fired` (n_triggers,)
    1.0 for a trigger that has fired, `machine` of the programme, `loop` of the time loop.
    """

    enthalpy: Floats
    temperature: Floats
    extent: Floats
    ledger: Floats
    fired: Floats
    machine: Floats
    loop: Floats


class History(NamedTuple):
    """Rows written while steps are taken; `rate` is that of the sensor [K/s], `asked` 1.0 for a row at an asked time."""

    time: Floats
    rate: Floats
    asked: Floats
    temperature: Floats
    extent: Floats
    ledger: Floats
    fired: Floats
    machine: Floats


class Limits(NamedTuple):
    """Budget of a run: the largest number of steps, the smallest step as a share of the clock of the phase."""

    most_steps: float = 2_000_000.0
    smallest_step: float = 1e-15


# ------------------------------------------------------------------ what a sample can do, one body per class of sample


@by_type
def make_work(sample, programme):
    """Memory for steps; depends on sample and programme only."""
    raise NotImplementedError


@by_type
def initial_state(sample, programme):
    """The state at time zero."""
    raise NotImplementedError


@by_type
def take_step(sample, programme, state, clock, h, work):
    """Try one step of h [s] into `work`; the error over the tolerance, infinite where the step cannot be taken."""
    raise NotImplementedError


@by_type
def interpolate(sample, state, work, theta, trial):
    """The dense output of the step just tried, at theta in (0, 1], into the state `trial` (all rows alike)."""
    raise NotImplementedError


@by_type
def sensor(sample, programme, trial, clock, work):
    """Temperature [K] and rate [K/s] that the instrument's sensor sees in the state `trial`."""
    raise NotImplementedError


@by_type
def trigger_margin(sample, trial):
    """Largest excess [K] over the temperature of a trigger that has not fired, and its index."""
    raise NotImplementedError


@by_type
def fire(sample, state, trigger):
    """Fire a trigger of the sample."""
    raise NotImplementedError


@by_type
def error_order(sample):
    """Order of the step's error estimate plus one."""
    raise NotImplementedError


# ------------------------------------------------------------------ RODAS4 on a line of nodes

GAMMA = 0.25
N_STAGES = 6
A = np.zeros((6, 5))
A[1, 0] = 1.544
A[2, :2] = 0.9466785280815826, 0.2557011698983284
A[3, :3] = 3.314825187068521, 2.896124015972201, 0.9986419139977817
A[4, :4] = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895
A[5, :5] = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 1.0
C = np.zeros((6, 5))
C[1, 0] = -5.6688
C[2, :2] = -2.430093356833875, -0.2063599157091915
C[3, :3] = -0.1073529058151375, -9.594562251023355, -20.47028614809616
C[4, :4] = 7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616
C[5, :5] = 8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054
D = np.zeros((2, 5))
D[0] = 10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662
D[1] = -0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872
ALPHA = np.array([0.0, 0.386, 0.21, 0.63, 1.0, 1.0])
GAMMA_SUM = np.array([0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0])


class LineWork(NamedTuple):
    """Memory of `rodas4_step`: stage vectors of temperature (6, n), extents (6, n_sites, n_reactions), ledger (6, n_rows)."""

    temperature: Floats
    extent: Floats
    ledger: Floats
    capacity: Floats
    diagonal: Floats
    pivot: Floats
    rhs: Floats
    loss_slope: Floats
    wall_slope: Floats
    rank_one: Floats
    stage_temperature: Floats
    stage_extent: Floats
    amount: Floats
    rate: Floats
    by_temperature: Floats
    by_extent: Floats
    inverse: Floats
    response: Floats
    coupling: Floats
    z: Floats
    heater_slope: Floats
    heat: Floats


@kernel
def invert(matrix, out):
    """Inverse of a small matrix into `out` by Gauss-Jordan elimination with row exchange; False where it is singular."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = 1.0 if i == j else 0.0
    for i in range(n):
        best = i
        for r in range(i + 1, n):
            if abs(matrix[r, i]) > abs(matrix[best, i]):
                best = r
        pivot = matrix[best, i]
        if not (abs(pivot) > 0.0):
            return False
        if best != i:
            for j in range(n):
                matrix[i, j], matrix[best, j] = matrix[best, j], matrix[i, j]
                out[i, j], out[best, j] = out[best, j], out[i, j]
        for j in range(n):
            matrix[i, j] /= pivot
            out[i, j] /= pivot
        for r in range(n):
            share = matrix[r, i]
            if r != i and share != 0.0:
                for j in range(n):
                    matrix[r, j] -= share * matrix[i, j]
                    out[r, j] -= share * out[i, j]
    return True


@kernel
def kept_share(sample, fired):
    """Share of the heat that stays in the sample: 1 - ejected once the trigger of the ejection has fired."""
    if sample.ejects_after >= 0 and fired[sample.ejects_after] != 0.0:
        return 1.0 - sample.ejected
    return 1.0


@kernel
def wall_temperature(around, temperature):
    """Temperature of the wall [K] when the sensor stands at `temperature`."""
    return around.follows * temperature + around.wall


@kernel
def surface_loss(around, temperature, wall):
    """UA (T - Tw) + (eps A) sigma (T^4 - Tw^4): heat leaving the whole surface [W]."""
    return around.conductance * (temperature - wall) + around.emissive_area * STEFAN_BOLTZMANN * (temperature**4 - wall**4)


@kernel
def surface_loss_slope(around, temperature):
    """d/dT of `surface_loss` [W/K]; with the wall's temperature, minus its slope in the wall."""
    return around.conductance + 4.0 * around.emissive_area * STEFAN_BOLTZMANN * temperature**3


@kernel
def conduct(sample, temperature, out):
    """Into `out` (n_nodes,): heat flowing into each node along the line [W]."""
    n = temperature.shape[0]
    for i in range(n):
        out[i] = 0.0
    for i in range(n - 1):
        flow = sample.conductance[i] * (temperature[i + 1] - temperature[i])
        out[i] += flow
        out[i + 1] -= flow


@kernel
def factorise(sample, work):
    """Pivots of the tridiagonal matrix K + diagonal; False unless all are positive."""
    n = work.diagonal.shape[0]
    for i in range(n):
        pivot = work.diagonal[i]
        if i > 0:
            pivot += sample.conductance[i - 1] - sample.conductance[i - 1] ** 2 / work.pivot[i - 1]
        if i < n - 1:
            pivot += sample.conductance[i]
        if not (pivot > 0.0 and pivot < math.inf):
            return False
        work.pivot[i] = pivot
    return True


@kernel
def solve(sample, work, vector):
    """Solve (K + diagonal) x = vector in place, then spread the rounding of the balance over the nodes."""
    n = vector.shape[0]
    wanted = 0.0
    for i in range(n):
        wanted += vector[i]
    for i in range(1, n):
        vector[i] += sample.conductance[i - 1] / work.pivot[i - 1] * vector[i - 1]
    vector[n - 1] /= work.pivot[n - 1]
    for i in range(n - 2, -1, -1):
        vector[i] = (vector[i] + sample.conductance[i] * vector[i + 1]) / work.pivot[i]
    if n > 1:  # the columns of K sum to zero: sum(d x) = sum(rhs) holds exactly, and is the energy balance
        found, weight = 0.0, 0.0
        for i in range(n):
            found += work.diagonal[i] * vector[i]
            weight += work.diagonal[i]
        for i in range(n):
            vector[i] += (wanted - found) / weight


@kernel
def rodas4_step(sample, programme, state, clock, h, work):
    """One step of RODAS4 for enthalpies, extents and ledger into `work`; the error over the tolerance.

    Infinite where a pivot is not positive or a number is not finite: the caller halves the step.
    """
    n_nodes, n_reactions, n_sites = state.temperature.shape[0], state.extent.shape[1], sample.site_node.shape[0]
    n_rows = state.ledger.shape[0]
    mechanism, capacity, at = sample.mechanism, sample.capacity, sample.sensor
    g = 1.0 / (GAMMA * h)
    around = surroundings(programme, state.machine, clock)
    kept = kept_share(sample, state.fired)
    wall = wall_temperature(around, state.temperature[at])
    for i in range(n_nodes):
        T = state.temperature[i]
        work.capacity[i] = sample.share[i] * heat_capacity(capacity, T)
        work.loss_slope[i] = sample.surface[i] * surface_loss_slope(around, T)
        work.wall_slope[i] = sample.surface[i] * surface_loss_slope(around, wall)
        work.heater_slope[i] = around.ramp * sample.share[i] * heat_capacity_slope(capacity, T)
        work.diagonal[i] = g * work.capacity[i] + work.loss_slope[i] - work.heater_slope[i]
    for s in range(n_sites):
        T, share = state.temperature[sample.site_node[s]], sample.site_share[s]
        amounts(mechanism, state.extent[s], work.amount)
        rates(mechanism, T, work.amount, state.fired, work.rate[s])
        rate_slopes(mechanism, T, work.amount, state.fired, work.by_temperature[s], work.by_extent[s])
        for k in range(n_reactions):
            for other in range(n_reactions):
                work.z[k, other] = (g if k == other else 0.0) - work.by_extent[s, k, other]
        if not invert(work.z, work.inverse[s]):
            return math.inf
        slope = 0.0
        for k in range(n_reactions):
            response = 0.0
            for other in range(n_reactions):
                response += work.inverse[s, k, other] * work.by_temperature[s, other]
            work.response[s, k] = response
        for k in range(n_reactions):
            heat = share * heat_per_extent(mechanism, k, work.amount)
            work.heat[s, k] = heat
            species = mechanism.heat_species[k]
            slope += heat * work.by_temperature[s, k]
            for other in range(n_reactions):
                by_extent = heat * work.by_extent[s, k, other]
                if species >= 0:
                    by_extent += share * mechanism.heat_slope[k] * mechanism.stoichiometry[other, species] * work.rate[s, k]
                work.coupling[s, k, other] = by_extent
                slope += by_extent * work.response[s, other]
        work.diagonal[sample.site_node[s]] -= kept * slope
    if not factorise(sample, work):
        return math.inf
    denominator = 1.0
    if around.follows != 0.0:
        for i in range(n_nodes):
            work.rank_one[i] = work.wall_slope[i]
        solve(sample, work, work.rank_one)
        denominator = 1.0 - work.rank_one[at]
        if not (denominator > 0.0):
            return math.inf

    for stage in range(N_STAGES):
        moment = surroundings(programme, state.machine, clock + ALPHA[stage] * h)
        for i in range(n_nodes):
            step = 0.0
            for j in range(stage):
                step += A[stage, j] * work.temperature[j, i]
            target = state.enthalpy[i] + work.capacity[i] * step
            T = temperature_of(capacity, target / sample.share[i], state.temperature[i] + step) if stage else state.temperature[i]
            if not (T > 0.0 and T < 1e5):
                return math.inf
            work.stage_temperature[i] = T
        wall = wall_temperature(moment, work.stage_temperature[at])
        conduct(sample, work.stage_temperature, work.rhs)
        for r in range(n_rows):
            value = 0.0
            for j in range(stage):
                value += C[stage, j] * work.ledger[j, r]
            work.ledger[stage, r] = value / h
        for i in range(n_nodes):
            T = work.stage_temperature[i]
            loss = sample.surface[i] * surface_loss(moment, T, wall)
            heater = moment.ramp * sample.share[i] * heat_capacity(capacity, T)
            earlier = 0.0
            for j in range(stage):
                earlier += C[stage, j] * work.temperature[j, i]
            drift = GAMMA_SUM[stage] * h * work.wall_slope[i] * around.wall_slope
            work.rhs[i] += heater - loss + drift + work.capacity[i] * earlier / h
            work.ledger[stage, HEAT_IN] += heater
            work.ledger[stage, HEAT_OUT] += loss - drift
        for s in range(n_sites):
            node, share = sample.site_node[s], sample.site_share[s]
            for k in range(n_reactions):
                step = 0.0
                for j in range(stage):
                    step += A[stage, j] * work.extent[j, s, k]
                work.stage_extent[k] = state.extent[s, k] + step
            amounts(mechanism, work.stage_extent, work.amount)
            rates(mechanism, work.stage_temperature[node], work.amount, state.fired, work.rate[s])
            released = 0.0
            for k in range(n_reactions):
                heat = share * heat_per_extent(mechanism, k, work.amount) * work.rate[s, k]
                released += heat
                work.ledger[stage, RELEASED + k] += heat
                earlier = 0.0
                for j in range(stage):
                    earlier += C[stage, j] * work.extent[j, s, k]
                work.stage_extent[k] = work.rate[s, k] + earlier / h
            for k in range(n_reactions):
                value = 0.0
                for other in range(n_reactions):
                    value += work.inverse[s, k, other] * work.stage_extent[other]
                work.extent[stage, s, k] = value  # z; the part that follows the temperature is added below
            for k in range(n_reactions):
                for other in range(n_reactions):
                    released += work.coupling[s, k, other] * work.extent[stage, s, other]
            work.rhs[node] += kept * released
        solve(sample, work, work.rhs)
        lift = work.rhs[at] / denominator if around.follows != 0.0 else 0.0
        for i in range(n_nodes):
            value = work.rhs[i]
            if around.follows != 0.0:
                value += work.rank_one[i] * lift
            work.temperature[stage, i] = value
        at_sensor = work.temperature[stage, at] * around.follows
        for i in range(n_nodes):
            value = work.temperature[stage, i]
            if not (abs(value) < 1e300):
                return math.inf
            work.ledger[stage, HEAT_IN] += work.heater_slope[i] * value
            work.ledger[stage, HEAT_OUT] += work.loss_slope[i] * value - work.wall_slope[i] * at_sensor
        for s in range(n_sites):
            value = work.temperature[stage, sample.site_node[s]]
            for k in range(n_reactions):
                work.extent[stage, s, k] += work.response[s, k] * value
            for k in range(n_reactions):
                change = work.heat[s, k] * work.by_temperature[s, k] * value
                for other in range(n_reactions):
                    change += work.coupling[s, k, other] * work.extent[stage, s, other]
                work.ledger[stage, RELEASED + k] += change
        work.ledger[stage, EJECTED] = 0.0
        for r in range(n_rows):
            work.ledger[stage, r] *= GAMMA * h
        for k in range(n_reactions):
            work.ledger[stage, EJECTED] += (1.0 - kept) * work.ledger[stage, RELEASED + k]

    worst = 0.0
    for i in range(n_nodes):
        # in enthalpy, over the smaller capacity of both ends: a narrow melting peak must not hide what lies behind it
        after = sample.share[i] * heat_capacity(capacity, work.stage_temperature[i])
        spread = max(1.0, work.capacity[i] / after)
        worst = max(worst, abs(work.temperature[5, i]) * spread / sample.tolerance_temperature)
    for s in range(n_sites):
        for k in range(n_reactions):
            worst = max(worst, abs(work.extent[5, s, k]) / sample.tolerance_extent)
    return worst


@make_work.body(LineSample)
def make_line_work(sample, programme):
    n, sites = sample.share.shape[0], sample.site_node.shape[0]
    reactions, species = sample.mechanism.stoichiometry.shape
    zeros = np.zeros
    return LineWork(
        temperature=zeros((N_STAGES, n)),
        extent=zeros((N_STAGES, sites, reactions)),
        ledger=zeros((N_STAGES, RELEASED + reactions)),
        capacity=zeros(n),
        diagonal=zeros(n),
        pivot=zeros(n),
        rhs=zeros(n),
        loss_slope=zeros(n),
        wall_slope=zeros(n),
        rank_one=zeros(n),
        stage_temperature=zeros(n),
        stage_extent=zeros(reactions),
        amount=zeros(species),
        rate=zeros((sites, reactions)),
        by_temperature=zeros((sites, reactions)),
        by_extent=zeros((sites, reactions, reactions)),
        inverse=zeros((sites, reactions, reactions)),
        response=zeros((sites, reactions)),
        coupling=zeros((sites, reactions, reactions)),
        z=zeros((reactions, reactions)),
        heater_slope=zeros(n),
        heat=zeros((sites, reactions)),
    )


@initial_state.body(LineSample)
def initial_line_state(sample, programme):
    n, sites = sample.share.shape[0], sample.site_node.shape[0]
    reactions = sample.mechanism.stoichiometry.shape[0]
    state = State(
        enthalpy=sample.share * enthalpy(sample.capacity, sample.start_temperature),
        temperature=np.full(n, sample.start_temperature),
        extent=np.zeros((sites, reactions)),
        ledger=np.zeros(RELEASED + reactions),
        fired=np.zeros(sample.trigger_temperature.shape[0]),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    start(programme, state.machine, sample.start_temperature)
    state.loop[STEP] = 1.0  # s; an error estimate corrects it at once
    state.loop[LAST_ERROR] = 1.0
    state.loop[LOWEST] = state.loop[HIGHEST] = sample.start_temperature
    return state


@take_step.body(LineSample)
@kernel
def take_line_step(sample, programme, state, clock, h, work):
    return rodas4_step(sample, programme, state, clock, h, work)


@interpolate.body(LineSample)
@kernel
def interpolate_line(sample, state, work, theta, trial):
    """y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta)(K1 + theta K2)) for every row of the state."""
    for i in range(state.temperature.shape[0]):
        value = dense(work.temperature[:, i], theta)
        trial.enthalpy[i] = state.enthalpy[i] + work.capacity[i] * value
        guess = state.temperature[i] + value
        trial.temperature[i] = temperature_of(sample.capacity, trial.enthalpy[i] / sample.share[i], guess)
    for s in range(state.extent.shape[0]):
        for k in range(state.extent.shape[1]):
            trial.extent[s, k] = state.extent[s, k] + dense(work.extent[:, s, k], theta)
    for r in range(state.ledger.shape[0]):
        trial.ledger[r] = state.ledger[r] + dense(work.ledger[:, r], theta)
    for j in range(state.fired.shape[0]):
        trial.fired[j] = state.fired[j]


@kernel
def dense(stages, theta):
    """Change of one row at theta from its six stage values."""
    whole = stages[5]
    for j in range(5):
        whole += A[5, j] * stages[j]
    if theta == 1.0:
        return whole
    first, second = 0.0, 0.0
    for j in range(5):
        first += D[0, j] * stages[j]
        second += D[1, j] * stages[j]
    return theta * (whole + (1.0 - theta) * (first + theta * second))


@sensor.body(LineSample)
@kernel
def line_sensor(sample, programme, trial, clock, work):
    """The sensor's node: its temperature, and its rate from the heat balance of the whole line.

    The balance of a single node of a well conducting body is a difference of large numbers; the body's rate is not.
    """
    around = surroundings(programme, trial.machine, clock)
    wall = wall_temperature(around, trial.temperature[sample.sensor])
    kept = kept_share(sample, trial.fired)
    power, capacity = 0.0, 0.0
    for i in range(trial.temperature.shape[0]):
        T = trial.temperature[i]
        node = sample.share[i] * heat_capacity(sample.capacity, T)
        capacity += node
        power += around.ramp * node - sample.surface[i] * surface_loss(around, T, wall)
    for s in range(trial.extent.shape[0]):
        amounts(sample.mechanism, trial.extent[s], work.amount)
        rates(sample.mechanism, trial.temperature[sample.site_node[s]], work.amount, trial.fired, work.stage_extent)
        for k in range(trial.extent.shape[1]):
            heat = heat_per_extent(sample.mechanism, k, work.amount)
            power += kept * sample.site_share[s] * heat * work.stage_extent[k]
    return trial.temperature[sample.sensor], power / capacity


@trigger_margin.body(LineSample)
@kernel
def line_trigger_margin(sample, trial):
    hottest = trial.temperature[0]
    for i in range(1, trial.temperature.shape[0]):
        hottest = max(hottest, trial.temperature[i])
    worst, which = -math.inf, 0
    for j in range(trial.fired.shape[0]):
        margin = hottest - sample.trigger_temperature[j]
        if trial.fired[j] == 0.0 and margin > worst:
            worst, which = margin, j
    return worst, which


@fire.body(LineSample)
@kernel
def fire_line(sample, state, trigger):
    state.fired[trigger] = 1.0
    k = sample.fuse_reaction[trigger]
    if k < 0:
        return
    for s in range(state.extent.shape[0]):
        state.extent[s, k] += sample.fuse_extent[trigger]
    for i in range(state.temperature.shape[0]):
        state.enthalpy[i] += sample.share[i] * sample.fuse_energy[trigger]
        wanted = state.enthalpy[i] / sample.share[i]
        state.temperature[i] = temperature_of(sample.capacity, wanted, state.temperature[i])
    state.ledger[FUSED] += sample.fuse_energy[trigger]


@error_order.body(LineSample)
@kernel
def line_error_order(sample):
    return 4.0


# ------------------------------------------------------------------ the loop


@kernel
def copy(source, target):
    """Copy an array of any shape; the identity into `target` allocates nothing."""
    np.positive(source, target)


@kernel
def copy_state(source, target):
    """Copy everything of a state that a step changes."""
    copy(source.enthalpy, target.enthalpy)
    copy(source.temperature, target.temperature)
    copy(source.extent, target.extent)
    copy(source.ledger, target.ledger)
    copy(source.fired, target.fired)
    copy(source.machine, target.machine)


@kernel
def due_event(sample, programme, trial, clock, work, out):
    """The first event that is due in the state `trial`, or NOTHING; the trigger it would be, the sensor's temperature and rate.

    Into `out` (N_MARGINS + 1,): the programme's margins, then that of the sample's triggers; positive is due.
    """
    out[TRIGGERED], trigger = trigger_margin(sample, trial)
    temperature, rate = sensor(sample, programme, trial, clock, work)
    margins(programme, trial.machine, clock, temperature, rate, out)
    event = NOTHING
    for k in range(N_MARGINS, -1, -1):
        if out[k] > 0.0 and event != TRIGGERED:
            event = k
    return event, trigger, temperature, rate


@kernel
def first_event(sample, programme, state, clock, h, work, trial, out, before):
    """Where in the step just tried something happens first: theta (2.0: nothing), on the dense output.

    On return `trial` holds the state there. An event counts once its margin is positive, so theta is the side where it is.
    The bracket closes by false position, every third time by halving; `before` holds the margins at its lower end.
    """
    copy(state.machine, trial.machine)
    interpolate(sample, state, work, 1.0, trial)
    event, trigger, temperature, rate = due_event(sample, programme, trial, clock + h, work, out)
    if event == NOTHING:
        return 2.0, event, trigger, temperature, rate
    low, high, above = 0.0, 1.0, out[event]
    due_event(sample, programme, state, clock, work, before)
    for attempt in range(150):
        if (high - low) * h <= 1e-12 * (clock + h) or high - low < 1e-14:
            break
        middle = 0.5 * (low + high)
        if attempt % 3 != 2 and before[event] < 0.0:
            middle = low - before[event] * (high - low) / (above - before[event])
            # a little to either side in turn, so that the bracket closes from both ends
            middle = min(max(middle + (1e-7 if attempt % 3 == 0 else -1e-7) * (high - low), low), high)
        interpolate(sample, state, work, middle, trial)
        found, trigger, temperature, rate = due_event(sample, programme, trial, clock + middle * h, work, out)
        if found == NOTHING:
            low = middle
            copy(out, before)
        else:
            high, event, above = middle, found, out[found]
    interpolate(sample, state, work, high, trial)
    event, trigger, temperature, rate = due_event(sample, programme, trial, clock + high * h, work, out)
    return high, event, trigger, temperature, rate


@kernel
def write_row(state, time, rate, asked, history, row):
    """Keep the state as a row of the history."""
    history.time[row] = time
    history.rate[row] = rate
    history.asked[row] = asked
    copy(state.temperature, history.temperature[row])
    copy(state.extent, history.extent[row])
    copy(state.ledger, history.ledger[row])
    copy(state.fired, history.fired[row])
    copy(state.machine, history.machine[row])


MOST_ROWS_A_STEP = 12  # the step's own, and one an event that follows at once


@kernel
def settle(sample, programme, state, work, trial, out, history, row):
    """Take every event that is due at this very moment, a row each; the number of rows written by then."""
    loop = state.loop
    for _ in range(MOST_ROWS_A_STEP - 3):
        if state.machine[PHASE] == ENDED:
            return row
        event, trigger, temperature, rate = due_event(sample, programme, state, loop[CLOCK], work, out)
        if event == NOTHING:
            return row
        row = happen(sample, programme, state, work, event, trigger, temperature, rate, history, row)
    loop[TROUBLE] = STEP_COLLAPSED
    return row


@kernel
def happen(sample, programme, state, work, event, trigger, temperature, rate, history, row):
    """One event changes sample or machine; writes a row of what the sensor sees from now on."""
    loop = state.loop
    if event == TRIGGERED:
        fire(sample, state, trigger)
        after, _ = sensor(sample, programme, state, loop[CLOCK], work)
        jumped(programme, state.machine, loop[CLOCK], temperature, after)
    elif decide(programme, state.machine, event, loop[CLOCK], temperature, rate) != 0.0:
        loop[PHASE_TIME] += loop[CLOCK]
        loop[CLOCK] = 0.0
    temperature, rate = sensor(sample, programme, state, loop[CLOCK], work)
    write_row(state, loop[PHASE_TIME] + loop[CLOCK], rate, 0.0, history, row)
    return row + 1


def advance(sample, programme, state, work, trial, times, limits, history, n_steps):
    """Take up to `n_steps` steps, changing `state` in place; rows of the history written.

    `times` (n,) [s] rising: rows are added there from the dense output. A rejected step leaves no trace but its count.
    """
    loop, out, before = state.loop, np.zeros(N_MARGINS + 1), np.zeros(N_MARGINS + 1)
    row = 0
    if loop[N_STEPS] == 0.0 and loop[N_REJECTED] == 0.0:
        temperature, rate = sensor(sample, programme, state, 0.0, work)
        write_row(state, 0.0, rate, 0.0, history, 0)
        row = settle(sample, programme, state, work, trial, out, history, 1)
    for _ in range(n_steps):
        if state.machine[PHASE] == ENDED or loop[TROUBLE] != 0.0:
            break
        if row + MOST_ROWS_A_STEP + times.shape[0] > history.time.shape[0]:
            break
        clock = loop[CLOCK]
        until = window(programme, state.machine)
        left = until - clock
        if left <= 1e-12 * until:  # an event came at the very end of the window: nothing is left to step
            temperature, rate = sensor(sample, programme, state, clock, work)
            row = happen(sample, programme, state, work, WINDOW_OVER, 0, temperature, rate, history, row)
            row = settle(sample, programme, state, work, trial, out, history, row)
            continue
        h = loop[STEP]
        clipped = h >= left * (1.0 - 1e-12)
        if clipped:
            h = left
        elif h > 0.5 * left:
            h = 0.5 * left
        error = take_step(sample, programme, state, clock, h, work)
        order = error_order(sample)
        if not error <= 1.0:
            loop[N_REJECTED] += 1.0
            loop[REJECTED] = 1.0
            loop[STEP] = h * (max(0.9 * error ** (-1.0 / order), 0.2) if error < 1e100 else 0.2)
            # against the clock of the phase, which is what a step must be able to move; never below what any process has
            if loop[STEP] < max(limits.smallest_step * clock, SHORTEST):
                loop[TROUBLE] = STEP_COLLAPSED
            continue
        theta, event, trigger, temperature, rate = first_event(sample, programme, state, clock, h, work, trial, out, before)
        happens = theta <= 1.0
        taken = theta * h if happens else h
        begun = loop[PHASE_TIME] + clock
        for time in times:
            if begun < time <= begun + taken or (clipped and not happens and abs(time - begun - taken) <= 1e-12 * time):
                interpolate(sample, state, work, min((time - begun) / h, 1.0), trial)
                _, there = sensor(sample, programme, trial, clock + (time - begun), work)
                write_row(trial, time, there, 1.0, history, row)
                row += 1
        interpolate(sample, state, work, taken / h, trial)
        copy_state(trial, state)
        growth = 0.9 * max(error, 1e-8) ** (-1.0 / order)
        if loop[N_STEPS] > 0.0 and loop[LAST_STEP] > 0.0:  # predictive control with the previous error
            growth = min(growth, growth * h / loop[LAST_STEP] * (loop[LAST_ERROR] / max(error, 1e-8)) ** (1.0 / order))
        growth = min(max(growth, 0.2), 1.0 if loop[REJECTED] != 0.0 else 5.0)
        loop[LAST_STEP], loop[LAST_ERROR], loop[REJECTED] = h, max(error, 1e-2), 0.0
        loop[STEP] = max(h * growth, loop[STEP] if clipped and growth > 1.0 else 0.0)
        loop[N_STEPS] += 1.0
        loop[CLOCK] = until if clipped and not happens else clock + taken
        loop[LOWEST] = min(loop[LOWEST], np.min(state.temperature))
        loop[HIGHEST] = max(loop[HIGHEST], np.max(state.temperature))
        temperature, rate = sensor(sample, programme, state, loop[CLOCK], work)
        write_row(state, loop[PHASE_TIME] + loop[CLOCK], rate, 0.0, history, row)
        row += 1
        if happens:
            row = happen(sample, programme, state, work, event, trigger, temperature, rate, history, row)
        elif clipped:
            row = happen(sample, programme, state, work, WINDOW_OVER, 0, temperature, rate, history, row)
        if happens or clipped:
            row = settle(sample, programme, state, work, trial, out, history, row)
        if loop[N_STEPS] >= limits.most_steps:
            loop[TROUBLE] = TOO_MANY_STEPS
    return row


def new_history(state: State, n_rows: int) -> History:
    """Memory for `n_rows` rows of a state's history."""
    return History(
        time=np.zeros(n_rows),
        rate=np.zeros(n_rows),
        asked=np.zeros(n_rows),
        temperature=np.zeros((n_rows, *state.temperature.shape)),
        extent=np.zeros((n_rows, *state.extent.shape)),
        ledger=np.zeros((n_rows, *state.ledger.shape)),
        fired=np.zeros((n_rows, *state.fired.shape)),
        machine=np.zeros((n_rows, *state.machine.shape)),
    )


def copied(state: State) -> State:
    """A state with arrays of its own."""
    return State(*(array.copy() for array in state))


def integrate(
    sample: Any,
    programme: Any,
    state: State,
    *,
    times: Floats | None = None,
    limits: Limits | None = None,
    n_steps: int = 64,
    run: Any = advance,
) -> Iterator[History]:
    """Steps until the programme ends, a block of at most `n_steps` at a time; `state` changes in place between blocks.

    `times` [s] are moments at which a row is wanted beside those of the steps. `run` is `advance`, or `advance` compiled.

    Raises SolveError with time, temperature and step size where no step can be taken or the budget is used up; what was
    done until then has been yielded.
    """
    limits = limits or Limits()
    asked = np.zeros(0) if times is None else np.asarray(times, float)
    work, trial = make_work(sample, programme), copied(state)
    while state.machine[PHASE] != ENDED:
        history = new_history(state, n_steps + MOST_ROWS_A_STEP + len(asked))
        rows = run(sample, programme, state, work, trial, asked, limits, history, n_steps)
        yield History(*(array[:rows] for array in history))
        if state.loop[TROUBLE] != 0.0:
            raise SolveError(trouble(state))


def trouble(state: State) -> str:
    """What stopped the loop, in words."""
    loop = state.loop
    time, hottest = loop[PHASE_TIME] + loop[CLOCK], float(np.max(state.temperature))
    place = int(np.argmax(state.temperature))
    where = "" if state.temperature.shape[0] == 1 else f" (node {place})"
    what = "the budget of steps is used up" if loop[TROUBLE] == TOO_MANY_STEPS else "no step can be taken"
    advice = "" if loop[TROUBLE] == TOO_MANY_STEPS or state.extent.size == 0 else "; a rate without a ceiling may have run away with it"
    place_text = f"at {time:.6g} s, {hottest - 273.15:.2f} degC{where}, step {loop[STEP]:.3g} s, {int(loop[N_STEPS])} steps taken"
    return f"{what} {place_text}{advice}"
