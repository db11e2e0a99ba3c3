"""One node that reacts while heat comes in: the law "heat in over a stage -> temperature and extents" of a mesh with chemistry.

    dH/dt = P + g/tau (r t - (T - Ta)) + sum over reactions of heat R(T, x),   dx/dt = R(T, x),   over tau from T = Ta

P [W] is the heat that comes in as it was guessed, r = (Tg - Ta)/tau the slope of the temperature that goes with the guess, and g [J/K]
what the neighbours of the node draw from it when it runs ahead of that. Where little happens an explicit midpoint step is enough; else
steps of RODAS4, whose condensed form a lumped cell takes too, follow the ignition of this node alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.chemistry.condensed import Condensed, add_response, condense, condensed_memory, stage_power, take_rates
from thermo.chemistry.kinetics import Mechanism, amounts, heat_per_extent, rates
from thermo.chemistry.rodas4 import ALPHA, GAMMA, GAMMA_SUM, N_STAGES, RISE_OF_STIFF, A, C, dense, ending
from thermo.materials.storage import node_capacity, node_heat, node_temperature

LOCAL = 0.3  # of the tolerance of a step: that of the node's own
SMOOTH = 0.01  # of the tolerance: the error of a stage in one midpoint step, which has the same sign in all
QUIET = 1e-3  # of the tolerance of an extent: rates that give less within a stage are not looked at twice
STEADY = 0.1  # growth of a rate constant by the rise that is guessed: below it, what is quiet is not looked at twice at all
IDLE = 1e-6  # of the tolerance of an extent: what would give less within a stage is left out of it
MOST_SUBSTEPS = 100_000
MOST_REFUSED = 400  # one after the other


class Reactor(NamedTuple):
    """Memory of one node's steps: stage vectors of its temperature (6,), extents and heats (6, n_reactions), what is condensed; rates at
    two moments, a point, amounts."""

    temperature: Floats
    extent: Floats
    heat: Floats
    sites: Condensed
    first: Floats
    second: Floats
    point: Floats
    released: Floats
    amount: Floats


def reactor_memory(mechanism: Mechanism) -> Reactor:
    """Memory for sites with a mechanism."""
    n, species = mechanism.stoichiometry.shape
    return Reactor(
        temperature=np.zeros(N_STAGES),
        extent=np.zeros((N_STAGES, n)),
        heat=np.zeros((N_STAGES, n)),
        sites=condensed_memory(mechanism, 1),
        first=np.zeros(n),
        second=np.zeros(n),
        point=np.zeros(n),
        released=np.zeros(n),
        amount=np.zeros(species),
    )


class Stage(NamedTuple):
    """A stage of a mesh's step as its nodes see it (n_nodes,): where it begins, temperature [K] and heat [J]; `power` P [W], `draw` g/tau
    [W/K], `slope` r [K/s]; its length `span` tau [s]; the tolerances of temperature [K] and of extents, as a share of their reach."""

    temperature: Floats
    heat: Floats
    power: Floats
    draw: Floats
    slope: Floats
    span: float
    tolerance_temperature: float
    tolerance_extent: float


@kernel
def risen(start, slope, decay, t):
    """u(t) of du/dt = start + slope t - decay u from u = 0."""
    y = decay * t
    if y < 1e-3:
        return start * t * (1.0 - y / 2.0 + y * y / 6.0) + slope * t * t / 2.0 * (1.0 - y / 3.0 + y * y / 12.0)
    first = (1.0 - math.exp(-y)) / decay
    return start * first + slope * (t - first) / decay


@kernel
def passed(mechanism, temperature, amount, fired):
    """The switch that must change at this temperature and these amounts, and how far beyond it they are: in K, or hundredths of the
    scale; -1 where all stand as they must."""
    n_triggers = fired.shape[0] - mechanism.threshold.shape[0]
    which, most = -1, 0.0
    for j in range(mechanism.threshold.shape[0]):
        species = mechanism.threshold_species[j]
        if species < 0:
            margin = temperature - mechanism.threshold[j]
        else:
            margin = (amount[species] - mechanism.threshold[j]) * 100.0 / mechanism.scale
        if fired[n_triggers + j] != 0.0:
            margin = -margin - mechanism.threshold_slack[j]
        if margin > most:
            which, most = n_triggers + j, margin
    return which, most


@kernel
def smooth(mechanism, storage, share, reach, i, extent, fired, stage, reactor):
    """An explicit midpoint step over the whole stage: the temperature at its end, NaN where it is not good enough.

    Extents of the end into `reactor.point`, heats of the reactions [J] into `reactor.released`.
    """
    T, span, n = stage.temperature[i], stage.span, reach.shape[0]
    capacity = node_capacity(storage, i, T)
    decay = stage.draw[i] / capacity
    amounts(mechanism, extent, reactor.amount)
    rates(mechanism, T, reactor.amount, fired, reactor.first)
    power, quiet, warms = stage.power[i], True, 0.0
    for k in range(n):
        heat = share[k] * heat_per_extent(mechanism, k, reactor.amount) * reactor.first[k]
        power += heat
        warms += abs(heat) * span
        reactor.released[k] = heat * span
        reactor.point[k] = extent[k] + 0.5 * span * reactor.first[k]
        quiet &= abs(reactor.first[k]) * span <= QUIET * stage.tolerance_extent * reach[k]
        quiet &= abs(stage.slope[i]) * span * mechanism.activation[k] <= STEADY * T * T
    if quiet and warms <= SMOOTH * stage.tolerance_temperature * capacity:
        for k in range(n):
            reactor.second[k] = reactor.first[k]
        return smooth_end(mechanism, storage, i, extent, fired, stage, power, capacity, reactor)
    middle = T + risen(power / capacity, decay * stage.slope[i], decay, 0.5 * span)
    if not (1.0 < middle < 1e4):
        return math.nan
    amounts(mechanism, reactor.point, reactor.amount)
    rates(mechanism, middle, reactor.amount, fired, reactor.second)
    power, error = stage.power[i], 0.0
    for k in range(n):
        a, b = abs(reactor.first[k]), abs(reactor.second[k])
        most, apart = max(a, b), abs(reactor.second[k] - reactor.first[k])
        wrong = most * span
        if wrong > QUIET * stage.tolerance_extent * reach[k]:
            wrong = span * apart * apart / (6.0 * most)
            if apart > 0.5 * most:
                return math.nan
        if not (wrong <= SMOOTH * stage.tolerance_extent * reach[k]):
            return math.nan
        heat = share[k] * heat_per_extent(mechanism, k, reactor.amount)
        error += abs(heat) * wrong
        power += heat * reactor.second[k]
        reactor.released[k] = heat * reactor.second[k] * span
    if not (error <= SMOOTH * stage.tolerance_temperature * capacity):
        return math.nan
    end = smooth_end(mechanism, storage, i, extent, fired, stage, power, capacity, reactor)
    amounts(mechanism, reactor.point, reactor.amount)
    for j in range(reactor.amount.shape[0]):  # a rate that ends at once, behind the middle, is as smooth as any before that
        if reactor.amount[j] < -stage.tolerance_extent * mechanism.scale:
            return math.nan
    return end


@kernel
def smooth_end(mechanism, storage, i, extent, fired, stage, power, capacity, reactor):
    """Temperature and extents at the end of a stage of constant `power` [W] and rates `reactor.second`; NaN where either is not so."""
    T, span, decay = stage.temperature[i], stage.span, stage.draw[i] / capacity
    end = T + risen(power / capacity, decay * stage.slope[i], decay, span)
    if not (1.0 < end < 1e4):
        return math.nan
    # where the heat capacity moves within the stage, the straight line of the temperature is not good enough
    heated = node_heat(storage, i, end) - node_heat(storage, i, T)
    if abs(heated - capacity * (end - T)) > 0.1 * stage.tolerance_temperature * capacity:
        return math.nan
    for k in range(extent.shape[0]):
        reactor.point[k] = extent[k] + span * reactor.second[k]
    if mechanism.threshold.shape[0] == 0:
        return end
    amounts(mechanism, reactor.point, reactor.amount)
    which, _ = passed(mechanism, end, reactor.amount, fired)
    return math.nan if which >= 0 else end


@kernel
def substage(mechanism, storage, share, i, heat, temperature, extent, fired, stage, t, h, row, capacity, diagonal, reactor):
    """One stage of a step of RODAS4 of the node from its `heat` [J] at the time t [s] of the mesh's stage; False where it is no number."""
    sites, n = reactor.sites, extent.shape[0]
    step, earlier = 0.0, 0.0
    for j in range(row):
        step += A[row, j] * reactor.temperature[j]
        earlier += C[row, j] * reactor.temperature[j]
    T = temperature + step
    if row:
        T = node_temperature(storage, i, heat + capacity * step, T)
    if not (1.0 < T < 1e5):
        return False
    for k in range(n):
        x, before, heats = extent[k], 0.0, 0.0
        for j in range(row):
            x += A[row, j] * reactor.extent[j, k]
            before += C[row, j] * reactor.extent[j, k]
            heats += C[row, j] * reactor.heat[j, k]
        sites.point[k] = x
        sites.right[k] = before / h
        reactor.heat[row, k] = heats / h
    if row:  # the first stage has the rates of the state
        take_rates(mechanism, share, T, fired, sites, 0)
    now, late = t + ALPHA[row] * h, GAMMA_SUM[row] * h
    drawn = stage.draw[i] * (stage.slope[i] * (now + late) - (T - stage.temperature[i]))
    right = stage.power[i] + drawn + capacity * earlier / h + stage_power(sites, 0, reactor.extent[row], reactor.heat[row])
    value = right / diagonal
    if not (abs(value) < 1e6):
        return False
    reactor.temperature[row] = value
    add_response(sites, 0, value, reactor.extent[row], reactor.heat[row])
    for k in range(n):
        reactor.heat[row, k] *= GAMMA * h
    return True


@kernel
def substep_error(mechanism, storage, reach, i, temperature, after, h, capacity, stage, reactor):
    """The error of a step of the node over the tolerance; extents of its end stand in `reactor.point`."""
    sites, n = reactor.sites, reach.shape[0]
    spread = max(1.0, capacity / node_capacity(storage, i, after))
    worst = abs(reactor.temperature[5]) * spread / (LOCAL * stage.tolerance_temperature)
    for k in range(n):
        worst = max(worst, abs(reactor.extent[5, k]) / (LOCAL * stage.tolerance_extent * reach[k]))
        if -h * sites.by_extent[0, k, k] > 5.0:  # as in the step of a line: a rate constant that rises blows up what is left
            worst = max(worst, (after - temperature) * mechanism.activation[k] / (temperature * after) / RISE_OF_STIFF)
        for m in range(mechanism.first_factor[k], mechanism.first_factor[k + 1]):
            if mechanism.factor_least[m] > 0.0:
                worst = max(worst, ending(mechanism, reactor.point, reactor.extent[5], m, stage.tolerance_extent))
    return worst


@kernel
def substep(mechanism, storage, share, reach, i, heat, temperature, extent, fired, stage, t, h, reactor):
    """One step of RODAS4 of the node: its error over the tolerance, infinite where it cannot be taken, and the temperature at its end."""
    capacity, n = node_capacity(storage, i, temperature), extent.shape[0]
    slope = condense(mechanism, share, temperature, extent, fired, 1.0 / (GAMMA * h), reactor.sites, 0)
    diagonal = capacity / (GAMMA * h) - slope + stage.draw[i]
    if not (diagonal > 0.0):
        return math.inf, temperature
    for row in range(N_STAGES):
        if not substage(mechanism, storage, share, i, heat, temperature, extent, fired, stage, t, h, row, capacity, diagonal, reactor):
            return math.inf, temperature
    for k in range(n):
        reactor.point[k] = extent[k] + dense(reactor.extent[:, k], 1.0)
    rise = dense(reactor.temperature, 1.0)
    after = node_temperature(storage, i, heat + capacity * rise, temperature + rise)
    if not (1.0 < after < 1e5):
        return math.inf, temperature
    return substep_error(mechanism, storage, reach, i, temperature, after, h, capacity, stage, reactor), after


@kernel
def ignite(mechanism, storage, share, reach, i, extent, fired, stage, h, reactor):
    """Steps of RODAS4 of node i over the stage, changing `extent` and `fired` in place: temperature and heat at its end, the next step
    [s]; heats of the reactions [J] into `reactor.released`. NaN where no step can be taken."""
    T, H, t, span, n = stage.temperature[i], stage.heat[i], 0.0, stage.span, reach.shape[0]
    h, refused, in_a_row = min(h, span), False, 0
    for k in range(n):
        reactor.released[k] = 0.0
    for _ in range(MOST_SUBSTEPS):
        left = span - t
        if left <= 1e-12 * span:
            return T, H, h
        h = min(h, left)
        if 0.5 * left < h < left:
            h = 0.5 * left
        error, after = substep(mechanism, storage, share, reach, i, H, T, extent, fired, stage, t, h, reactor)
        which = -1
        if error <= 1.0:
            amounts(mechanism, reactor.point, reactor.amount)
            which, beyond = passed(mechanism, after, reactor.amount, fired)
            species = mechanism.threshold_species[which - fired.shape[0] + mechanism.threshold.shape[0]] if which >= 0 else -1
            near = stage.tolerance_temperature if species < 0 else 100.0 * stage.tolerance_extent
            if which >= 0 and beyond > near and h > 1e-9 * span:  # a switch must not be passed by much
                error = 16.0
        if not (error <= 1.0):
            h *= max(0.2, 0.9 * error**-0.25) if error < 1e100 else 0.2
            refused, in_a_row = True, in_a_row + 1
            if in_a_row > MOST_REFUSED or h < 1e-25:
                return math.nan, H, h
            continue
        capacity = node_capacity(storage, i, T)
        H += capacity * dense(reactor.temperature, 1.0)
        T = after
        for k in range(n):
            extent[k] = reactor.point[k]
            reactor.released[k] += dense(reactor.heat[:, k], 1.0)
        t += h
        if which >= 0:
            fired[which] = 1.0 - fired[which]
        growth = min(5.0, max(0.2, 0.9 * max(error, 1e-8) ** -0.25))
        h *= min(growth, 1.0) if refused else growth
        refused, in_a_row = False, 0
    return math.nan, H, h


@kernel
def idle(mechanism, stage, i, looked):
    """Whether nothing reacts at node i within the stage, by what it gave when it was last `looked` at: the fastest rate over the reach of
    its extent [1/s], and the temperature then [K]."""
    before, T = looked[1], stage.temperature[i] + max(stage.slope[i] * stage.span, 0.0)
    most = looked[0] * stage.span
    if most > IDLE * stage.tolerance_extent:
        return False
    if T <= before:
        return True
    steepest = 0.0
    for k in range(mechanism.activation.shape[0]):
        steepest = max(steepest, mechanism.activation[k])
    return most * math.exp(min(steepest * (T - before) / (T * before), 700.0)) <= IDLE * stage.tolerance_extent


@kernel
def at_rest(mechanism, storage, i, extent, fired, stage, reactor):
    """The temperature of node i at the end of a stage in which nothing reacts."""
    for k in range(extent.shape[0]):
        reactor.second[k], reactor.released[k] = 0.0, 0.0
    capacity = node_capacity(storage, i, stage.temperature[i])
    return smooth_end(mechanism, storage, i, extent, fired, stage, stage.power[i], capacity, reactor)


def react(sites, storage, stage, extent, fired, temperature, heat, given, released, substep_length, looked, reactor, first, last):
    """The sites `first` to `last` over a stage: temperature [K] and heat [J] of their nodes at its end, in place; False where one fails.

    Parameters
    ----------
    extent (n_sites, n_reactions), fired (n_sites, n_switches) : in place, from the start of the stage to its end
    temperature, heat : (n_nodes,), of the end
    given : (n_nodes,) heat of all reactions of each node [J]
    released : (n_sites, n_reactions) heat of each reaction [J]
    substep_length : (n_nodes,) [s] the last step of each node, in place
    looked : (n_nodes, 2) what each node gave when its rates were last taken, as `idle` wants it, in place
    """
    mechanism, n, may_idle = sites.mechanism, sites.reach.shape[0], fired.shape[1] == 0  # what a switch starts comes at once
    for s in range(first, last):
        i = sites.node[s]
        if may_idle and idle(mechanism, stage, i, looked[i]):
            end = at_rest(mechanism, storage, i, extent[s], fired[s], stage, reactor)
        else:
            end = smooth(mechanism, storage, sites.share[s], sites.reach, i, extent[s], fired[s], stage, reactor)
            looked[i, 0], looked[i, 1] = 0.0, stage.temperature[i]
            for k in range(n):
                looked[i, 0] = max(looked[i, 0], abs(reactor.first[k]) / sites.reach[k])
        if not math.isnan(end):
            for k in range(n):
                extent[s, k] = reactor.point[k]
            temperature[i] = end
            heat[i] = stage.heat[i] + node_heat(storage, i, end) - node_heat(storage, i, stage.temperature[i])
        else:
            end, held, substep_length[i] = ignite(
                mechanism, storage, sites.share[s], sites.reach, i, extent[s], fired[s], stage, substep_length[i], reactor
            )
            if math.isnan(end):
                return False
            temperature[i], heat[i], looked[i, 0] = end, held, math.inf
        total = 0.0
        for k in range(n):
            released[s, k] = reactor.released[k]
            total += reactor.released[k]
        given[i] = total
    return True
