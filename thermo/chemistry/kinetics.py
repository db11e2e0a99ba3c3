"""Chemistry of one material point: rates, heats and their slopes from temperature and species; no meshes, no time.

rate_k = k_k(T) x product of factors of the species, in 1/s;   k_k(T) = ceiling(A T^b exp(-E / (R T)) x gate(T) / (1 + Da(T))).
The unknowns are reaction *extents*: amount = start + stoichiometry x extent, so that mass balance is exact.
A switch turns reactions on or off at once; it is found as an event, and a step is taken with all switches as they are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import kernel
from thermo.chemistry.factors import factor, factor_slope


class Mechanism(NamedTuple):
    """A mechanism as arrays; one compilation serves every size.

    Per reaction, shape (n_reactions,): `log_factor` ln of A in 1/s, `exponent` b of the temperature in K, `activation` E/R [K],
    `damkohler_log` and `damkohler_activation` [K] of Da(T) = exp(log - activation/T) (log -inf: none), `ceiling` of the rate constant
    [1/s] (0: none), `gate` temperature and `gate_width` [K] (width 0: none), heat per extent
    `heat + heat_slope x amount of heat_species` [J].
    Switches of reaction k: `first_switch[k]` to `first_switch[k + 1]` of `switch`, which must stand as `switch_on` says (1.0 or 0.0).
    The last switches are those of the mechanism: on while the amount of `threshold_species` (-1: the temperature) is above
    `threshold` (n_thresholds,), off again `threshold_slack` below it; those before them are triggers of the sample.
    Factors of reaction k: `first_factor[k]` to `first_factor[k + 1]`, shape (n_factors,): number of the kind, species, numbers a and b;
    `factor_least` is the amount below which a factor that ends its reactant at once goes to nothing in proportion (0.0: it does not).
    `stoichiometry` (n_reactions, n_species), `start` (n_species,); `scale` is the size of an amount, 1 for fractions.
    """

    log_factor: Floats
    exponent: Floats
    activation: Floats
    damkohler_log: Floats
    damkohler_activation: Floats
    ceiling: Floats
    gate: Floats
    gate_width: Floats
    first_switch: Integers
    switch: Integers
    switch_on: Floats
    threshold_species: Integers
    threshold: Floats
    threshold_slack: Floats
    heat: Floats
    heat_slope: Floats
    heat_species: Integers
    first_factor: Integers
    factor_kind: Integers
    factor_species: Integers
    factor_a: Floats
    factor_b: Floats
    factor_least: Floats
    stoichiometry: Floats
    start: Floats
    scale: float


@kernel
def switched_on(mechanism, k, fired):
    """Whether every switch of reaction k stands as it must."""
    for m in range(mechanism.first_switch[k], mechanism.first_switch[k + 1]):
        if fired[mechanism.switch[m]] != mechanism.switch_on[m]:
            return False
    return True


@kernel
def arrhenius(mechanism, k, temperature):
    """A T^b exp(-E/(R T)) of reaction k [1/s]."""
    power = mechanism.log_factor[k] - mechanism.activation[k] / temperature
    if mechanism.exponent[k] != 0.0:
        power += mechanism.exponent[k] * math.log(temperature)
    return math.exp(power)


@kernel
def rate_constant(mechanism, k, temperature, fired):
    """k(T) of reaction k [1/s]: Arrhenius, gate (1 + tanh((T - Tm)/w))/2, 1/(1 + Da), then the ceiling k kl/(k + kl)."""
    if not switched_on(mechanism, k, fired):
        return 0.0
    value = arrhenius(mechanism, k, temperature)
    width = mechanism.gate_width[k]
    if width > 0.0:
        value *= 0.5 * (1.0 + math.tanh((temperature - mechanism.gate[k]) / width))
    if mechanism.damkohler_log[k] > -math.inf:
        value /= 1.0 + math.exp(mechanism.damkohler_log[k] - mechanism.damkohler_activation[k] / temperature)
    ceiling = mechanism.ceiling[k]
    if ceiling > 0.0:
        value *= ceiling / (value + ceiling)
    return value


@kernel
def rate_constant_and_slope(mechanism, k, temperature, fired):
    """`rate_constant` [1/s] and its d/dT [1/(s K)]."""
    if not switched_on(mechanism, k, fired):
        return 0.0, 0.0
    value = arrhenius(mechanism, k, temperature)
    slope = value * (mechanism.activation[k] / temperature + mechanism.exponent[k]) / temperature
    width = mechanism.gate_width[k]
    if width > 0.0:
        bent = math.tanh((temperature - mechanism.gate[k]) / width)
        slope = slope * 0.5 * (1.0 + bent) + value * 0.5 * (1.0 - bent * bent) / width
        value *= 0.5 * (1.0 + bent)
    if mechanism.damkohler_log[k] > -math.inf:
        number = math.exp(mechanism.damkohler_log[k] - mechanism.damkohler_activation[k] / temperature)
        rising = number * mechanism.damkohler_activation[k] / temperature**2
        slope = (slope - value * rising / (1.0 + number)) / (1.0 + number)
        value /= 1.0 + number
    ceiling = mechanism.ceiling[k]
    if ceiling > 0.0:
        slope *= (ceiling / (value + ceiling)) ** 2
        value *= ceiling / (value + ceiling)
    return value, slope


@kernel
def extent_left(mechanism, k, amount):
    """How much further reaction k can go with these amounts: until a species is spent that it consumes and none makes again. Without such a
    species it is endless."""
    left = math.inf
    for j in range(amount.shape[0]):
        used = -mechanism.stoichiometry[k, j]
        if used <= 0.0:
            continue
        made = False
        for other in range(mechanism.stoichiometry.shape[0]):
            if mechanism.stoichiometry[other, j] > 0.0:
                made = True
        if not made:
            left = min(left, max(amount[j], 0.0) / used)
    return left


@kernel
def amounts(mechanism, extent, out):
    """Species from the extents of one site: start + stoichiometry x extent, into `out` (n_species,)."""
    n_reactions, n_species = mechanism.stoichiometry.shape
    for j in range(n_species):
        total = mechanism.start[j]
        for k in range(n_reactions):
            total += mechanism.stoichiometry[k, j] * extent[k]
        out[j] = total


@kernel
def rates(mechanism, temperature, amount, fired, out):
    """Rate of every reaction [1/s] at one site, into `out` (n_reactions,)."""
    for k in range(out.shape[0]):
        value = rate_constant(mechanism, k, temperature, fired)
        if value != 0.0:
            for m in range(mechanism.first_factor[k], mechanism.first_factor[k + 1]):
                c = amount[mechanism.factor_species[m]]
                value *= factor(mechanism.factor_kind[m], c, mechanism.factor_a[m], mechanism.factor_b[m])
        out[k] = value


@kernel
def rate_slopes(mechanism, temperature, amount, fired, by_temperature, by_extent):
    """Slopes of `rates`: d/dT into `by_temperature` (n_reactions,), d/d extent into `by_extent` (n_reactions, n_reactions)."""
    n_reactions = by_temperature.shape[0]
    for k in range(n_reactions):
        for other in range(n_reactions):
            by_extent[k, other] = 0.0
        first, last = mechanism.first_factor[k], mechanism.first_factor[k + 1]
        constant, rising = rate_constant_and_slope(mechanism, k, temperature, fired)
        product = 1.0
        for m in range(first, last):
            c = amount[mechanism.factor_species[m]]
            product *= factor(mechanism.factor_kind[m], c, mechanism.factor_a[m], mechanism.factor_b[m])
        by_temperature[k] = rising * product
        if constant == 0.0:
            continue
        for m in range(first, last):
            species = mechanism.factor_species[m]
            slope = constant * factor_slope(mechanism.factor_kind[m], amount[species], mechanism.factor_a[m], mechanism.factor_b[m])
            for other_m in range(first, last):
                if other_m != m:
                    c = amount[mechanism.factor_species[other_m]]
                    slope *= factor(mechanism.factor_kind[other_m], c, mechanism.factor_a[other_m], mechanism.factor_b[other_m])
            for other in range(n_reactions):
                by_extent[k, other] += slope * mechanism.stoichiometry[other, species]


@kernel
def heat_per_extent(mechanism, k, amount):
    """Heat of reaction k at the present amounts [J per unit of extent], positive when released."""
    species = mechanism.heat_species[k]
    if species < 0:
        return mechanism.heat[k]
    return mechanism.heat[k] + mechanism.heat_slope[k] * amount[species]
