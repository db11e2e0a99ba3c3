"""A composition held as it is: what its rates are multiplied by, and how far each reaction goes before it slows itself down.

    rate_k(T) = f_k k_k(T),   f_k the product of the factors of reaction k at the composition

Heat per mass of a body rises without end at a frozen composition, as that of a zero-order reaction does. A real reaction uses itself up:
after an extent of 1/(-d ln f/d extent) its factor has fallen to 1/e, or by then its reactant is spent.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.chemistry.factors import factor, factor_slope
from thermo.chemistry.kinetics import Mechanism, heat_per_extent, rate_constant_and_slope

Rule = Literal["fresh", "igniting"]
GRID = 1001  # extents at which the largest factor is looked for


class Frozen(NamedTuple):
    """The reactions of a mechanism at a frozen composition, arrays (n_reactions,).

    `factor` of each rate constant [-] or in units of the extent; `heat` per extent [J]; `lasts` the extent that the reaction goes through
    before its factor falls to 1/e or its reactant is spent, infinite for one that nothing ends.
    """

    factor: Floats
    heat: Floats
    lasts: Floats


def frozen(mechanism: Mechanism, rule: Rule) -> Frozen:
    """A mechanism frozen as it starts (`fresh`), or each reaction where its own extent makes its factor largest (`igniting`)."""
    n = len(mechanism.heat)
    made = Frozen(np.zeros(n), np.zeros(n), np.zeros(n))
    for k in range(n):
        spent = reach(mechanism, k)
        extent = _largest(mechanism, k, spent) if rule == "igniting" and math.isfinite(spent) else 0.0
        made.factor[k], slope = factor_of(mechanism, k, extent)
        made.heat[k] = heat_per_extent(mechanism, k, mechanism.start)
        falls = -slope / made.factor[k] if made.factor[k] > 0.0 else 0.0
        made.lasts[k] = min(spent, 1.0 / falls) if falls > 0.0 else spent
    return made


def reach(mechanism: Mechanism, k: int) -> float:
    """The extent of reaction k at which something that it consumes is spent; infinite where it consumes nothing."""
    row = mechanism.stoichiometry[k]
    return min((float(mechanism.start[j] / -row[j]) for j in np.flatnonzero(row < 0.0)), default=math.inf)


def factor_of(mechanism: Mechanism, k: int, extent: float) -> tuple[float, float]:
    """The product of the factors of reaction k after an extent of its own, and its slope by that extent."""
    amount = mechanism.start + extent * mechanism.stoichiometry[k]
    parts = range(mechanism.first_factor[k], mechanism.first_factor[k + 1])
    species = [int(mechanism.factor_species[m]) for m in parts]
    given = [
        (mechanism.factor_kind[m], amount[j], mechanism.factor_a[m], mechanism.factor_b[m]) for m, j in zip(parts, species, strict=True)
    ]
    values = [float(factor(*numbers)) for numbers in given]
    slopes = [float(factor_slope(*numbers)) * mechanism.stoichiometry[k, j] for numbers, j in zip(given, species, strict=True)]
    slope = sum(slopes[i] * math.prod(values[:i] + values[i + 1 :]) for i in range(len(values)))
    return math.prod(values), float(slope)


def _largest(mechanism: Mechanism, k: int, spent: float) -> float:
    """The extent of reaction k, up to where its reactant is `spent`, at which its factor is largest."""
    from scipy.optimize import minimize_scalar

    grid = np.linspace(0.0, spent, GRID)
    values = [factor_of(mechanism, k, float(extent))[0] for extent in grid]
    best = int(np.argmax(values))
    if values[best] <= values[0] * (1.0 + 1e-12):
        return 0.0
    near = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, GRID - 1)]))
    found = minimize_scalar(
        lambda extent: -factor_of(mechanism, k, extent)[0], bounds=near, method="bounded", options={"xatol": 1e-9 * spent}
    )
    return float(found.x)


@kernel
def switches_on(mechanism, temperature, amount, fired):  # type: ignore[no-untyped-def]
    """Set the mechanism's own switches in `fired` (n_switches,) as they stand at a temperature [K] and at amounts; triggers stay."""
    n, last = mechanism.threshold.shape[0], fired.shape[0]
    for j in range(n):
        species = mechanism.threshold_species[j]
        value = temperature if species < 0 else amount[species]
        fired[last - n + j] = 1.0 if value > mechanism.threshold[j] else 0.0


def relative_slope(mechanism: Mechanism, k: int, temperature: float, n_triggers: int) -> float:
    """d ln k/dT of reaction k at a temperature [1/K]; no number where a switch keeps it off."""
    fired = np.zeros(n_triggers + len(mechanism.threshold))
    switches_on(mechanism, temperature, mechanism.start, fired)
    value, slope = rate_constant_and_slope(mechanism, k, temperature, fired)
    return float(slope / value) if value > 0.0 else math.nan
