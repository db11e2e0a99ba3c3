"""The rate at which a cell heats itself, whatever heats or cools it from outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.cells.line import kept_share
from thermo.chemistry.kinetics import amounts, heat_per_extent, rates
from thermo.materials.storage import node_capacity, sensible_capacity


def self_heating_rates(sample: Any, temperature: Floats, extent: Floats, fired: Floats, rate: Floats) -> Floats:
    """(q - q_m) / C [K/s]: the heats of reaction that stay in the cell, less what melting takes, over the heat capacity.

    C is that of the sample's node without its melting peaks, with what is fixed to it; q_m = C_m dT/dt, C_m the peaks. In a cell that
    exchanges nothing it is dT/dt. Runs interpreted for one run and compiled for a batch.

    Parameters
    ----------
    temperature [K], rate dT/dt [K/s] : arrays (n,), of the sample
    extent (n, n_reactions), fired (n, n_switches) : of its one site
    """
    made = np.zeros(temperature.shape[0])
    at, mechanism = sample.site_node[0], sample.mechanism
    amount, speed = np.zeros(mechanism.start.shape[0]), np.zeros(mechanism.heat.shape[0])
    for i in range(temperature.shape[0]):
        T = temperature[i]
        amounts(mechanism, extent[i], amount)
        rates(mechanism, T, amount, fired[i], speed)
        power = 0.0
        for k in range(speed.shape[0]):
            power += heat_per_extent(mechanism, k, amount) * speed[k]
        kept = kept_share(sample, fired[i : i + 1])
        plain = sensible_capacity(sample.storage, at, T)
        melting = (node_capacity(sample.storage, at, T) - plain) * rate[i]
        made[i] = (kept * power - melting) / plain
    return made
