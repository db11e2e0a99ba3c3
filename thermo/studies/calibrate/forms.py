"""How a reaction runs down by itself, as a table: its factors over its own time, from the registry of factors.

With Theta = integral of k dt a reaction that shares no species obeys dx/dTheta = f(x), whatever the temperature does. x(Theta) and
F(Theta) = f(x(Theta)) are tabled over u = ln(1 + Theta/scale) and read by cubics with the slopes of the registry.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.chemistry.factors import factor, factor_slope
from thermo.chemistry.kinetics import Mechanism

LARGEST, ROWS = 32.0, 4001  # of u: a layer that stops its own growth takes long; rows of a table
SPENT = 1e-9  # of what there is: an extent so near its end counts as there


class Form(NamedTuple):
    """A reaction over its own time: arrays (ROWS,) over u, extent `x` [extent], F and its slope dF/du; `scale` of Theta; the `most` x."""

    extent: Floats
    value: Floats
    slope: Floats
    scale: float
    most: float


def alone(mechanism: Mechanism, k: int) -> str | None:
    """Why a reaction cannot be tabled by itself, in words; None where it can."""
    if mechanism.first_switch[k + 1] > mechanism.first_switch[k]:
        return "is switched by a threshold, a gate or the end of a species that no factor follows"
    if mechanism.gate_width[k] > 0.0 or mechanism.damkohler_log[k] > -np.inf or mechanism.ceiling[k] > 0.0:
        return "has a gate, a ceiling or a Damkohler number"
    if mechanism.heat_species[k] >= 0:
        return "has a heat that goes with an amount"
    own = {int(s) for s in np.flatnonzero(mechanism.stoichiometry[k])}
    seen = own | {int(s) for s in mechanism.factor_species[mechanism.first_factor[k] : mechanism.first_factor[k + 1]]}
    for other in range(len(mechanism.heat)):
        if other == k:
            continue
        theirs = {int(s) for s in mechanism.factor_species[mechanism.first_factor[other] : mechanism.first_factor[other + 1]]}
        changed = {int(s) for s in np.flatnonzero(mechanism.stoichiometry[other])}
        if seen & changed or own & theirs:
            return "shares a species with another reaction"
    if not any(mechanism.stoichiometry[k] < 0.0):
        return "consumes nothing and does not end"
    return None


def form_of(mechanism: Mechanism, k: int) -> Form:
    """The table of a reaction that is `alone`."""
    first, last = mechanism.first_factor[k], mechanism.first_factor[k + 1]
    species = mechanism.factor_species[first:last]
    factors = tuple(
        (int(kind), float(mechanism.start[s]), float(mechanism.stoichiometry[k, s]), float(a), float(b))
        for kind, s, a, b in zip(
            mechanism.factor_kind[first:last], species, mechanism.factor_a[first:last], mechanism.factor_b[first:last], strict=True
        )
    )
    used = mechanism.stoichiometry[k] < 0.0
    most = float(np.min(mechanism.start[used] / -mechanism.stoichiometry[k][used]))
    return _tabled(factors, most)


@functools.lru_cache(maxsize=256)
def _tabled(factors: tuple[tuple[int, float, float, float, float], ...], most: float) -> Form:
    from scipy.integrate import solve_ivp

    def value_and_slope(x: float) -> tuple[float, float]:
        """f and df/dx at an extent."""
        values = [factor(kind, start + per * x, a, b) for kind, start, per, a, b in factors]
        whole = float(np.prod(values))
        rising = 0.0
        for i, (kind, start, per, a, b) in enumerate(factors):
            others = float(np.prod(values[:i] + values[i + 1 :]))
            rising += per * factor_slope(kind, start + per * x, a, b) * others
        return whole, rising

    fastest = max(value_and_slope(share * most)[0] for share in np.linspace(0.0, 0.99, 100))
    scale = most / fastest if fastest > 0.0 else 1.0

    def course(u: float, x: Floats) -> list[float]:
        return [value_and_slope(float(x[0]))[0] * scale * np.exp(u)]

    u = np.linspace(0.0, LARGEST, ROWS)

    def spent(_: float, x: Floats) -> float:
        return float(most * (1.0 - SPENT) - x[0])

    spent.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(course, (0.0, LARGEST), [0.0], method="LSODA", rtol=1e-10, atol=1e-13 * most, t_eval=u, events=spent)
    x = np.full(ROWS, most)
    x[: len(found.y[0])] = found.y[0]
    pairs = np.array([value_and_slope(float(extent)) for extent in x])
    pairs[len(found.y[0]) :] = 0.0
    return Form(x, pairs[:, 0], pairs[:, 1] * pairs[:, 0] * scale * np.exp(u), scale, most)
