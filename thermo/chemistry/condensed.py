"""The extents of a site eliminated from a step: heat sees a slope more in its matrix and a power more in each stage.

A linearly implicit step with g = 1/(gamma h) solves g U = slope of U at the stage + Jacobian U + earlier, for the change U of the
temperature and V of the extents together. With rates R, their slopes R_T (n_reactions,) and R_x (n_reactions, n_reactions), the power q of
each reaction and its slopes q_T = heat R_T and q_x = d q/d x, all slopes those of the start of the step,

    B = g I - R_x,   w = B^-1 R_T,   z = B^-1 (R + earlier),   V = z + w U;

heat then has the slope sum(q_T + q_x w) [W/K] (`condense`) and, in each stage, the power sum(q + q_x z) [W] (`stage_power`). Once U is
known, V follows (`add_response`). What the reactions then give is that slope times U and that power, but for digits: of fast reactions
that live on each other large terms cancel. See docs/numerics.md.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.chemistry.kinetics import Mechanism, amounts, heat_per_extent, rate_slopes, rates


class Condensed(NamedTuple):
    """Memory of a step of `n_sites` sites.

    By site and reaction: rates `rate` R [1/s] and powers `power` q [W] where they were last taken; of the start of the step `heat` [J] per
    extent, `by_temperature` R_T [1/(s K)], `response` w [1/K], and by two reactions `by_extent` R_x [1/s], `inverse` B^-1 [s], `coupling`
    q_x [W]. By site the `slope` [W/K], and of its power in a stage the part sum(q_x z) [W] that heat was `told`. Of one site at a time:
    `point`, the extents at which a stage takes its rates, and `right` [1/s], into which the caller puts what earlier stages give
    (n_reactions,); `amount` (n_species,), `matrix` B (n_reactions, n_reactions).
    """

    rate: Floats
    power: Floats
    heat: Floats
    by_temperature: Floats
    response: Floats
    by_extent: Floats
    inverse: Floats
    coupling: Floats
    slope: Floats
    told: Floats
    point: Floats
    right: Floats
    amount: Floats
    matrix: Floats


def condensed_memory(mechanism: Mechanism, n_sites: int) -> Condensed:
    """Memory for the sites of a sample."""
    reactions, species = mechanism.stoichiometry.shape
    each, pairs = (n_sites, reactions), (n_sites, reactions, reactions)
    return Condensed(
        rate=np.zeros(each),
        power=np.zeros(each),
        heat=np.zeros(each),
        by_temperature=np.zeros(each),
        response=np.zeros(each),
        by_extent=np.zeros(pairs),
        inverse=np.zeros(pairs),
        coupling=np.zeros(pairs),
        slope=np.zeros(n_sites),
        told=np.zeros(n_sites),
        point=np.zeros(reactions),
        right=np.zeros(reactions),
        amount=np.zeros(species),
        matrix=np.zeros((reactions, reactions)),
    )


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
def condense(mechanism, share, temperature, extent, fired, g, sites, s):
    """Rates, heats and slopes of site s at its `temperature` [K] and `extent` (n_reactions,); the heat of each reaction refers to
    `share` (n_reactions,) of its material.

    `g` [1/s] is one over gamma h. Returns the slope of the site's power with temperature, its extents eliminated [W/K]; NaN where they
    cannot be.
    """
    n_reactions = extent.shape[0]
    amounts(mechanism, extent, sites.amount)
    rates(mechanism, temperature, sites.amount, fired, sites.rate[s])
    rate_slopes(mechanism, temperature, sites.amount, fired, sites.by_temperature[s], sites.by_extent[s])
    for k in range(n_reactions):
        for other in range(n_reactions):
            sites.matrix[k, other] = (g if k == other else 0.0) - sites.by_extent[s, k, other]
    if not invert(sites.matrix, sites.inverse[s]):
        return math.nan
    for k in range(n_reactions):
        response = 0.0
        for other in range(n_reactions):
            response += sites.inverse[s, k, other] * sites.by_temperature[s, other]
        sites.response[s, k] = response
    slope = 0.0
    for k in range(n_reactions):
        heat = share[k] * heat_per_extent(mechanism, k, sites.amount)
        sites.heat[s, k] = heat
        sites.power[s, k] = heat * sites.rate[s, k]
        species = mechanism.heat_species[k]
        slope += heat * sites.by_temperature[s, k]
        for other in range(n_reactions):
            by_extent = heat * sites.by_extent[s, k, other]
            if species >= 0:
                by_extent += share[k] * mechanism.heat_slope[k] * mechanism.stoichiometry[other, species] * sites.rate[s, k]
            sites.coupling[s, k, other] = by_extent
            slope += by_extent * sites.response[s, other]
    sites.slope[s] = slope
    return slope


@kernel
def take_rates(mechanism, share, temperature, fired, sites, s):
    """Rates and powers of site s at `temperature` [K] and the extents `sites.point`; the first stage has those of `condense`."""
    amounts(mechanism, sites.point, sites.amount)
    rates(mechanism, temperature, sites.amount, fired, sites.rate[s])
    for k in range(sites.point.shape[0]):
        sites.power[s, k] = share[k] * heat_per_extent(mechanism, k, sites.amount) * sites.rate[s, k]


@kernel
def stage_power(sites, s, z, released):
    """The extents of site s at unchanged temperature into `z` (n_reactions,); its power with them [W].

    `sites.right` holds what earlier stages give and takes the rates in; `released` (n_reactions,) [W] takes the powers in.
    """
    n_reactions = z.shape[0]
    power, coupled = 0.0, 0.0
    for k in range(n_reactions):
        heat = sites.power[s, k]
        power += heat
        released[k] += heat
        sites.right[k] += sites.rate[s, k]
    for k in range(n_reactions):
        value = 0.0
        for other in range(n_reactions):
            value += sites.inverse[s, k, other] * sites.right[other]
        z[k] = value
    for k in range(n_reactions):
        for other in range(n_reactions):
            coupled += sites.coupling[s, k, other] * z[other]
    sites.told[s] = coupled
    return power + coupled


@kernel
def add_response(sites, s, change, z, released):
    """The extents `z` of site s follow the `change` of its temperature [K]; `released` (n_reactions,) [W] takes what that adds.

    Returns what that is more than heat was told [W], which is rounding.
    """
    n_reactions, total = z.shape[0], 0.0
    for k in range(n_reactions):
        z[k] += sites.response[s, k] * change
    for k in range(n_reactions):
        more = sites.heat[s, k] * sites.by_temperature[s, k] * change
        for other in range(n_reactions):
            more += sites.coupling[s, k, other] * z[other]
        released[k] += more
        total += more
    return total - sites.told[s] - sites.slope[s] * change
