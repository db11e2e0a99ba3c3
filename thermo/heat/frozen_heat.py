"""Heat that the sites of a sample make at a frozen composition, as a function of the temperature of its nodes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.chemistry.frozen import Frozen, Rule, frozen, switches_on
from thermo.chemistry.kinetics import rate_constant_and_slope
from thermo.chemistry.sites import Sites
from thermo.heat.reacting import ready


class FrozenHeat:
    """q_i(T) = sum over the reactions k at node i of  V_ik H_k f_k k_k(T_i)  [W], with f_k and H_k of a composition that stays.

    Reactions that are not `counted` (n_reactions,) give nothing, and none of the triggers of the sites has fired.
    """

    def __init__(self, kinds: Sequence[Sites], n_nodes: int, rule: Rule, counted: Any) -> None:
        self.kinds, self.n_nodes = tuple(kinds), n_nodes
        self.switches = [np.zeros(kind.n_switches) for kind in self.kinds]
        self.fill: Any = ready(fill_frozen, self.kinds)
        self.reactions = Frozen(*(np.zeros(len(counted)) for _ in Frozen._fields))
        self.holds = np.zeros(len(counted))  # heat of each reaction per extent, of the whole sample [J]
        self.weights = []
        for kind in self.kinds:
            own = frozen(kind.mechanism, rule)
            for whole, part in zip(self.reactions, own, strict=True):
                whole[kind.row] = part
            self.holds[kind.row] += kind.share.sum(axis=0) * own.heat
            self.weights.append(kind.share * (own.heat * own.factor * counted[kind.row]))

    def __call__(self, temperature: Floats) -> tuple[Floats, Floats]:
        """Heat [W] and its slope [W/K] by node (n_nodes,)."""
        heat, slope, _ = self._taken(temperature)
        return heat, slope

    def by_reaction(self, temperature: Floats) -> Floats:
        """Heat of each reaction (n_reactions,) [W]."""
        return self._taken(temperature)[2]

    def _taken(self, temperature: Floats) -> tuple[Floats, Floats, Floats]:
        heat, slope, powers = np.zeros(self.n_nodes), np.zeros(self.n_nodes), np.zeros(len(self.holds))
        for kind, weight, fired in zip(self.kinds, self.weights, self.switches, strict=True):
            own = np.zeros(weight.shape[1])
            self.fill(kind, weight, temperature, fired, heat, slope, own)
            powers[kind.row] += own
        return heat, slope, powers


def fill_frozen(sites, weight, temperature, fired, heat, slope, powers):  # type: ignore[no-untyped-def]
    """Add to `heat` [W] and `slope` [W/K] (n_nodes,) and to `powers` (n_reactions,) [W] what sites give, `weight` by rate constant."""
    mechanism = sites.mechanism
    for s in range(weight.shape[0]):
        i = sites.node[s]
        switches_on(mechanism, temperature[i], mechanism.start, fired)
        for k in range(weight.shape[1]):
            if weight[s, k] != 0.0:
                value, rising = rate_constant_and_slope(mechanism, k, temperature[i], fired)
                heat[i] += weight[s, k] * value
                slope[i] += weight[s, k] * rising
                powers[k] += weight[s, k] * value
