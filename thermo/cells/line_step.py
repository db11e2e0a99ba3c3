"""The condensed step of RODAS4 for a line of nodes, a lumped cell being one node.

RODAS4 (Hairer & Wanner, Solving Ordinary Differential Equations II, 1996; six stages, order 4(3), L-stable, stiffly
accurate) for enthalpies and reaction extents. The extents are eliminated site by site; each stage is one solve with the
heat matrix plus a diagonal. Heat exchanged, heat ejected and the heat of each reaction are further equations of the same
step, so that the energy balance holds to rounding.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.cells.line import LineSample, heated_capacity, node_capacity, node_enthalpy, node_temperature
from thermo.chemistry.kinetics import ORDER, amounts, heat_per_extent, rate_slopes, rates
from thermo.materials.capacity import heat_capacity_slope
from thermo.programmes.programme import N_MACHINE, start, surroundings
from thermo.stepping.loop import (
    EJECTED,
    FUSED,
    HEAT_IN,
    HEAT_OUT,
    HIGHEST,
    LAST_ERROR,
    LOWEST,
    N_LOOP,
    RELEASED,
    STEP,
    State,
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

RISE_OF_STIFF = 0.5  # of the logarithm of a rate constant within a step, once its reactant is over
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
    forced: Floats  # (1,): whether the temperature of the step was given


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
    if sample.ejects_after >= 0 and fired[0, sample.ejects_after] != 0.0:
        return 1.0 - sample.ejected
    return 1.0


@kernel
def wall_temperature(around, temperature):
    """Temperature of the wall [K] when the sensor stands at `temperature`."""
    return around.follows * temperature + around.wall


@kernel
def surface_loss(around, temperature, wall):
    """UA (T - Tw) + (eps A) sigma (T^4 - Tw^4) + UAp (T - Tp): heat leaving the whole surface [W]."""
    glow = around.emissive_area * STEFAN_BOLTZMANN * (temperature**4 - wall**4)
    return around.conductance * (temperature - wall) + glow + around.plate_conductance * (temperature - around.plate)


@kernel
def surface_loss_slope(around, temperature):
    """d/dT of `surface_loss` [W/K] without the plate; with the wall's temperature, minus its slope in the wall."""
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
def ending(sample, state, work, s, m):
    """Error of a reactant that an order under one (factor m) ends at once, over what its rate can stand."""
    mechanism = sample.mechanism
    species, least = mechanism.factor_species[m], mechanism.factor_b[m]
    left, error = mechanism.start[species], 0.0
    for k in range(state.extent.shape[1]):
        left += mechanism.stoichiometry[k, species] * (state.extent[s, k] + dense(work.extent[:, s, k], 1.0))
        error += mechanism.stoichiometry[k, species] * work.extent[5, s, k]
    return abs(error) / max(least, sample.tolerance_extent / mechanism.scale * abs(left))


@kernel
def stepped_over(capacity, before, after):
    """A step from one temperature to another [K] over the width of a peak of C(T) that it meets within 4 widths; 0.0 where it meets none.

    A heater whose power goes with C(T) must not miss one.
    """
    worst = 0.0
    for j in range(capacity.peak_heat.shape[0]):
        middle, width = capacity.peak_temperature[j], capacity.peak_width[j]
        if min(before, after) < middle + 4.0 * width and max(before, after) > middle - 4.0 * width:
            worst = max(worst, abs(after - before) / width)
    return worst


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
    work.forced[0] = around.forced
    fed = kept if around.forced == 0.0 else 0.0  # the share of the heat that warms the sample
    wall = wall_temperature(around, state.temperature[at])
    for i in range(n_nodes):
        T = state.temperature[i]
        work.capacity[i] = node_capacity(sample, i, T)
        work.loss_slope[i] = sample.surface[i] * (surface_loss_slope(around, T) + around.plate_conductance)
        work.wall_slope[i] = sample.surface[i] * surface_loss_slope(around, wall)
        work.heater_slope[i] = 0.0 if around.forced != 0.0 else around.ramp * sample.share[i] * heat_capacity_slope(capacity, T)
        work.diagonal[i] = g * work.capacity[i] + work.loss_slope[i] - work.heater_slope[i]
    for s in range(n_sites):
        T, share = state.temperature[sample.site_node[s]], sample.site_share[s]
        amounts(mechanism, state.extent[s], work.amount)
        rates(mechanism, T, work.amount, state.fired[s], work.rate[s])
        rate_slopes(mechanism, T, work.amount, state.fired[s], work.by_temperature[s], work.by_extent[s])
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
        work.diagonal[sample.site_node[s]] -= fed * slope
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
            T = state.temperature[i] + step
            if stage and around.forced == 0.0:
                T = node_temperature(sample, i, state.enthalpy[i] + work.capacity[i] * step, T)
            if not (T > 0.0 and T < 1e5):
                return math.inf
            work.stage_temperature[i] = T
        wall = wall_temperature(moment, work.stage_temperature[at])
        conduct(sample, work.stage_temperature, work.rhs)
        for r in range(n_rows):
            work.ledger[stage, r] = 0.0
        for j in range(stage):
            weight = C[stage, j] / h
            for r in range(n_rows):
                work.ledger[stage, r] += weight * work.ledger[j, r]
        for i in range(n_nodes):
            T = work.stage_temperature[i]
            loss = sample.surface[i] * surface_loss(moment, T, wall)
            heater = sample.share[i] * moment.power
            if moment.ramp != 0.0:  # where the temperature is given, the capacity that makes it a straight line
                heater += moment.ramp * (work.capacity[i] if around.forced != 0.0 else heated_capacity(sample, i, T))
            earlier = 0.0
            for j in range(stage):
                earlier += C[stage, j] * work.temperature[j, i]
            drift = (
                GAMMA_SUM[stage]
                * h
                * (work.wall_slope[i] * around.wall_slope + sample.surface[i] * around.plate_conductance * around.plate_slope)
            )
            rising = GAMMA_SUM[stage] * h * sample.share[i] * around.power_slope
            work.rhs[i] += heater + rising - loss + drift + work.capacity[i] * earlier / h
            work.ledger[stage, HEAT_IN] += heater + rising
            work.ledger[stage, HEAT_OUT] += loss - drift
        for s in range(n_sites):
            node, share = sample.site_node[s], sample.site_share[s]
            if stage:  # the first stage has the rates of the state
                for k in range(n_reactions):
                    step = 0.0
                    for j in range(stage):
                        step += A[stage, j] * work.extent[j, s, k]
                    work.stage_extent[k] = state.extent[s, k] + step
                amounts(mechanism, work.stage_extent, work.amount)
                rates(mechanism, work.stage_temperature[node], work.amount, state.fired[s], work.rate[s])
            released = 0.0
            for k in range(n_reactions):
                heat = (share * heat_per_extent(mechanism, k, work.amount) if stage else work.heat[s, k]) * work.rate[s, k]
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
            work.rhs[node] += fed * released
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
        if around.forced != 0.0:  # what is not ejected is taken away
            work.ledger[stage, HEAT_OUT] = 0.0
            for k in range(n_reactions):
                work.ledger[stage, HEAT_OUT] += kept * work.ledger[stage, RELEASED + k]

    worst = 0.0
    for i in range(n_nodes):
        # in enthalpy, over the smaller capacity of both ends: a narrow melting peak must not hide what lies behind it
        after = node_capacity(sample, i, work.stage_temperature[i])
        spread = max(1.0, work.capacity[i] / after)
        if around.forced == 0.0:
            worst = max(worst, abs(work.temperature[5, i]) * spread / sample.tolerance_temperature)
        if around.ramp != 0.0 and around.forced == 0.0 and sample.share[i] > 0.0:
            worst = max(worst, stepped_over(capacity, state.temperature[i], work.stage_temperature[i]))
    for s in range(n_sites):
        for k in range(n_reactions):
            worst = max(worst, abs(work.extent[5, s, k]) / sample.tolerance_extent)
            if -h * work.by_extent[s, k, k] > 5.0:
                # what is over: all stages have the slope of the first, and a rate constant that rises by much blows up what is left
                node = sample.site_node[s]
                before, after = state.temperature[node], work.stage_temperature[node]
                worst = max(worst, (after - before) * mechanism.activation[k] / (before * after) / RISE_OF_STIFF)
            for m in range(mechanism.first_factor[k], mechanism.first_factor[k + 1]):
                if mechanism.factor_kind[m] == ORDER and mechanism.factor_a[m] < 1.0:
                    worst = max(worst, ending(sample, state, work, s, m))
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
        forced=zeros(1),
    )


@initial_state.body(LineSample)
def initial_line_state(sample, programme):
    n, sites = sample.share.shape[0], sample.site_node.shape[0]
    reactions = sample.mechanism.stoichiometry.shape[0]
    state = State(
        enthalpy=np.array([node_enthalpy(sample, i, sample.start_temperature) for i in range(n)]),
        temperature=np.full(n, sample.start_temperature),
        extent=np.zeros((sites, reactions)),
        ledger=np.zeros(RELEASED + reactions),
        fired=np.zeros((sites, sample.trigger_temperature.shape[0] + sample.mechanism.threshold.shape[0])),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    for s in range(sites):
        for j in range(sample.mechanism.threshold.shape[0]):
            state.fired[s, sample.trigger_temperature.shape[0] + j] = float(threshold_margin(sample, state, s, j) >= 0.0)
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
    """y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta)(K1 + theta K2)) for every row of the state.

    Where the temperature is given, enthalpy follows from it, and the heat that went in from that.
    """
    rise = 0.0
    for i in range(state.temperature.shape[0]):
        value = dense(work.temperature[:, i], theta)
        guess = state.temperature[i] + value
        if work.forced[0] != 0.0:
            held = node_enthalpy(sample, i, guess)
            rise += held - state.enthalpy[i]
            trial.enthalpy[i], trial.temperature[i] = held, guess
        else:
            trial.enthalpy[i] = state.enthalpy[i] + work.capacity[i] * value
            trial.temperature[i] = node_temperature(sample, i, trial.enthalpy[i], guess)
    for s in range(state.extent.shape[0]):
        for k in range(state.extent.shape[1]):
            trial.extent[s, k] = state.extent[s, k] + dense(work.extent[:, s, k], theta)
    for r in range(state.ledger.shape[0]):
        change = rise if r == HEAT_IN and work.forced[0] != 0.0 else dense(work.ledger[:, r], theta)
        trial.ledger[r] = state.ledger[r] + change
    for s in range(state.fired.shape[0]):
        for j in range(state.fired.shape[1]):
            trial.fired[s, j] = state.fired[s, j]


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
    power, capacity = 0.0, 0.0
    for i in range(trial.temperature.shape[0]):
        if sample.own == 0.0 or i == at:
            T = trial.temperature[i]
            node = node_capacity(sample, i, T)
            capacity += node
            power += (
                around.ramp * heated_capacity(sample, i, T)
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
        amounts(sample.mechanism, trial.extent[s], work.amount)
        rates(sample.mechanism, trial.temperature[sample.site_node[s]], work.amount, trial.fired[s], work.stage_extent)
        for k in range(trial.extent.shape[1]):
            heat = heat_per_extent(sample.mechanism, k, work.amount)
            power += fed * sample.site_share[s] * heat * work.stage_extent[k]
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


@trigger_margin.body(LineSample)
@kernel
def line_trigger_margin(sample, trial):
    hottest = 0.0
    for i in range(trial.temperature.shape[0]):
        if sample.share[i] > 0.0:
            hottest = max(hottest, trial.temperature[i])
    worst, which = -math.inf, 0
    n_triggers, n_switches = sample.trigger_temperature.shape[0], trial.fired.shape[1]
    for j in range(n_triggers):
        margin = hottest - sample.trigger_temperature[j]
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
    k = sample.fuse_reaction[trigger]
    if k < 0:
        return
    for s in range(state.extent.shape[0]):
        state.extent[s, k] += sample.fuse_extent[trigger]
    for i in range(state.temperature.shape[0]):
        state.enthalpy[i] += sample.share[i] * sample.fuse_energy[trigger]
        state.temperature[i] = node_temperature(sample, i, state.enthalpy[i], state.temperature[i])
    state.ledger[FUSED] += sample.fuse_energy[trigger]


@worth.body(LineSample)
@kernel
def line_worth(sample, growth):
    return growth


@error_order.body(LineSample)
@kernel
def line_error_order(sample):
    return 4.0
