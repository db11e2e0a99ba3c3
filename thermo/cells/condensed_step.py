"""The condensed step of RODAS4 for a line of nodes, a lumped cell being one node.

RODAS4 (Hairer & Wanner, Solving Ordinary Differential Equations II, 1996; six stages, order 4(3), L-stable, stiffly
accurate) for enthalpies and reaction extents. The extents are eliminated site by site; each stage is one solve with the
heat matrix plus a diagonal. Heat exchanged, heat ejected and the heat of each reaction are further equations of the same
step, so that the energy balance holds to rounding.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.cells.line import (
    LineSample,
    conduct,
    heated_capacity,
    kept_share,
    surface_loss,
    surface_loss_slope,
    wall_temperature,
)
from thermo.chemistry.condensed import Condensed, add_response, condense, stage_power, take_rates
from thermo.chemistry.rodas4 import ALPHA, GAMMA, GAMMA_SUM, N_STAGES, RISE_OF_STIFF, A, C, dense, ending
from thermo.materials.storage import MIDDLE, WIDTH, capacity_slope, node_capacity, node_temperature
from thermo.programmes.programme import surroundings
from thermo.stepping.loop import EJECTED, HEAT_IN, HEAT_OUT, REACTIONS, take_step


class LineWork(NamedTuple):
    """Memory of `rodas4_step`: stage vectors of temperature (6, n), extents (6, n_sites, n_reactions), ledger (6, n_rows).

    The others are by node, as linearised at the start of the step or of the stage at hand; `sites` is the chemistry's.
    """

    temperature: Floats
    extent: Floats
    ledger: Floats
    sites: Condensed
    capacity: Floats
    diagonal: Floats
    pivot: Floats
    rhs: Floats
    loss_slope: Floats
    wall_slope: Floats
    heater_slope: Floats
    rank_one: Floats
    stage_temperature: Floats
    forced: Floats  # (1,): whether the temperature of the step was given


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
def linearise(sample, state, around, fed, h, work):
    """The matrix of a step of h [s] with the extents eliminated, factorised; `fed` is the share of the heat that warms the sample.

    Returns 1 - the sensor's answer to a wall that follows it, which divides its change; not positive where the step cannot be taken.
    """
    g = 1.0 / (GAMMA * h)
    wall = wall_temperature(around, state.temperature[sample.sensor])
    for i in range(state.temperature.shape[0]):
        T = state.temperature[i]
        work.capacity[i] = node_capacity(sample.storage, i, T)
        work.loss_slope[i] = sample.surface[i] * (surface_loss_slope(around, T) + around.plate_conductance)
        work.wall_slope[i] = sample.surface[i] * surface_loss_slope(around, wall)
        work.heater_slope[i] = 0.0 if around.forced != 0.0 else around.ramp * capacity_slope(sample.storage, i, T)
        work.diagonal[i] = g * work.capacity[i] + work.loss_slope[i] - work.heater_slope[i]
        work.rank_one[i] = work.wall_slope[i]
    for s in range(sample.site_node.shape[0]):
        node = sample.site_node[s]
        slope = condense(sample.mechanism, sample.site_share[s], state.temperature[node], state.extent[s], state.fired[s], g, work.sites, s)
        work.diagonal[node] -= fed * slope
    if not factorise(sample, work):  # NaN of a site that cannot be condensed is no pivot either
        return 0.0
    if around.follows == 0.0:
        return 1.0
    solve(sample, work, work.rank_one)
    return 1.0 - work.rank_one[sample.sensor]


@kernel
def exchange(sample, around, moment, stage, h, work):
    """Heat along the line and through its surface at a stage into its right-hand side, and the rows of the ledger begun.

    `around` is what surrounds the sample at the start of the step, `moment` at that of the stage.
    """
    n_rows = work.ledger.shape[1]
    for r in range(n_rows):
        work.ledger[stage, r] = 0.0
    for j in range(stage):
        weight = C[stage, j] / h
        for r in range(n_rows):
            work.ledger[stage, r] += weight * work.ledger[j, r]
    conduct(sample, work.stage_temperature, work.rhs)
    wall = wall_temperature(moment, work.stage_temperature[sample.sensor])
    late = GAMMA_SUM[stage] * h
    for i in range(work.rhs.shape[0]):
        T = work.stage_temperature[i]
        loss = sample.surface[i] * surface_loss(moment, T, wall)
        heater = sample.share[i] * moment.power
        if moment.ramp != 0.0:  # where the temperature is given, the capacity that makes it a straight line
            heater += moment.ramp * (
                work.capacity[i] if around.forced != 0.0 else heated_capacity(sample, i, node_capacity(sample.storage, i, T))
            )
        earlier = 0.0
        for j in range(stage):
            earlier += C[stage, j] * work.temperature[j, i]
        drift = late * (work.wall_slope[i] * around.wall_slope + sample.surface[i] * around.plate_conductance * around.plate_slope)
        rising = late * sample.share[i] * around.power_slope
        work.rhs[i] += heater + rising - loss + drift + work.capacity[i] * earlier / h
        work.ledger[stage, HEAT_IN] += heater + rising
        work.ledger[stage, HEAT_OUT] += loss - drift


@kernel
def change(sample, around, kept, denominator, stage, h, work):
    """Solve a stage: its changes of temperature, of the extents that follow it, and of the ledger; False where one is not finite."""
    n_nodes, at, ledger = work.rhs.shape[0], sample.sensor, work.ledger
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
            return False
        ledger[stage, HEAT_IN] += work.heater_slope[i] * value
        ledger[stage, HEAT_OUT] += work.loss_slope[i] * value - work.wall_slope[i] * at_sensor
    fed = kept if around.forced == 0.0 else 0.0
    for s in range(sample.site_node.shape[0]):
        i = sample.site_node[s]
        more = add_response(work.sites, s, work.temperature[stage, i], work.extent[stage, s], ledger[stage, REACTIONS:])
        work.temperature[stage, i] += fed * more * GAMMA * h / work.capacity[i]  # digits of the balance
    ledger[stage, EJECTED] = 0.0
    for r in range(ledger.shape[1]):
        ledger[stage, r] *= GAMMA * h
    for r in range(REACTIONS, ledger.shape[1]):
        ledger[stage, EJECTED] += (1.0 - kept) * ledger[stage, r]
    if around.forced != 0.0:  # what is not ejected is taken away
        ledger[stage, HEAT_OUT] = 0.0
        for r in range(REACTIONS, ledger.shape[1]):
            ledger[stage, HEAT_OUT] += kept * ledger[stage, r]
    return True


@kernel
def stepped_over(storage, before, after):
    """A step from one temperature to another [K] over the width of a peak of the cell within 4 widths of it; 0.0 where there is none.

    A heater whose power goes with C(T) must not miss one.
    """
    worst = 0.0
    for j in range(storage.ends[1], storage.ends[2]):
        middle, width = storage.law[j, MIDDLE], storage.law[j, WIDTH]
        if min(before, after) < middle + 4.0 * width and max(before, after) > middle - 4.0 * width:
            worst = max(worst, abs(after - before) / width)
    return worst


@kernel
def step_error(sample, state, around, h, work):
    """The error of the step over the tolerance, from its last stage."""
    worst = 0.0
    for i in range(state.temperature.shape[0]):
        # in enthalpy, over the smaller capacity of both ends: a narrow melting peak must not hide what lies behind it
        after = node_capacity(sample.storage, i, work.stage_temperature[i])
        spread = max(1.0, work.capacity[i] / after)
        if around.forced == 0.0:
            worst = max(worst, abs(work.temperature[5, i]) * spread / sample.tolerance_temperature)
        if around.ramp != 0.0 and around.forced == 0.0 and sample.share[i] > 0.0:
            worst = max(worst, stepped_over(sample.storage, state.temperature[i], work.stage_temperature[i]))
    mechanism, point = sample.mechanism, work.sites.point
    for s in range(sample.site_node.shape[0]):
        for k in range(state.extent.shape[1]):
            point[k] = state.extent[s, k] + dense(work.extent[:, s, k], 1.0)
        for k in range(state.extent.shape[1]):
            worst = max(worst, abs(work.extent[5, s, k]) / sample.tolerance_extent)
            if -h * work.sites.by_extent[s, k, k] > 5.0:
                # what is over: all stages have the slope of the first, and a rate constant that rises by much blows up what is left
                node = sample.site_node[s]
                before, after = state.temperature[node], work.stage_temperature[node]
                worst = max(worst, (after - before) * mechanism.activation[k] / (before * after) / RISE_OF_STIFF)
            for m in range(mechanism.first_factor[k], mechanism.first_factor[k + 1]):
                if mechanism.factor_least[m] > 0.0:
                    worst = max(worst, ending(mechanism, point, work.extent[5, s], m, sample.tolerance_extent / mechanism.scale))
    return worst


@take_step.body(LineSample)
@kernel
def rodas4_step(sample, programme, state, clock, h, work):
    """One step of RODAS4 for enthalpies, extents and ledger into `work`; the error over the tolerance.

    Infinite where a pivot is not positive or a number is not finite: the caller halves the step.
    """
    around, sites = surroundings(programme, state.machine, clock), work.sites
    kept = kept_share(sample, state.fired)
    work.forced[0] = around.forced
    fed = kept if around.forced == 0.0 else 0.0
    denominator = linearise(sample, state, around, fed, h, work)
    if not (denominator > 0.0):
        return math.inf
    for stage in range(N_STAGES):
        for i in range(state.temperature.shape[0]):
            step = 0.0
            for j in range(stage):
                step += A[stage, j] * work.temperature[j, i]
            T = state.temperature[i] + step
            if stage and around.forced == 0.0:
                T = node_temperature(sample.storage, i, state.enthalpy[i] + work.capacity[i] * step, T)
            if not (T > 0.0 and T < 1e5):
                return math.inf
            work.stage_temperature[i] = T
        exchange(sample, around, surroundings(programme, state.machine, clock + ALPHA[stage] * h), stage, h, work)
        for s in range(sample.site_node.shape[0]):
            node = sample.site_node[s]
            for k in range(state.extent.shape[1]):
                step, earlier = 0.0, 0.0
                for j in range(stage):
                    step += A[stage, j] * work.extent[j, s, k]
                    earlier += C[stage, j] * work.extent[j, s, k]
                sites.point[k] = state.extent[s, k] + step
                sites.right[k] = earlier / h
            if stage:  # the first stage has the rates of the state
                take_rates(sample.mechanism, sample.site_share[s], work.stage_temperature[node], state.fired[s], sites, s)
            work.rhs[node] += fed * stage_power(sites, s, work.extent[stage, s], work.ledger[stage, REACTIONS:])
        if not change(sample, around, kept, denominator, stage, h, work):
            return math.inf
    return step_error(sample, state, around, h, work)
