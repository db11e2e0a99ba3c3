"""A sample of few temperatures on a line: a lumped cell has one node, a slab one per layer; the step is the same.

The state of a node is its enthalpy, so that heat capacity and melting are in the balance to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import kernel
from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.chemistry.kinetics import Mechanism
from thermo.materials.storage import Storage


class LineSample(NamedTuple):
    """Nodes on a line with sites of reaction, arrays only.

    `storage` of the sample, of a holder and of a sensor at the nodes; `share` (n_nodes,) of the sample and `surface` (n_nodes,) of the
    surface at each node, both summing to 1; `conductance` (n_nodes - 1,) [W/K] between neighbours; `sensor` the node that an
    instrument touches, whose rate is its `own` (1.0) or that of the whole line (0.0).
    Site s sits at `site_node[s]`; the heat of each of its reactions refers to `site_share[s]` (n_reactions,) of the reacting material.
    Trigger j fires when a node reaches `trigger_temperature[j]` [K], at `trigger_time[j]` [s], or when the reactions, each by its `gas`
    (n_reactions,) [mol] per unit of extent, have made `trigger_gas[j]` [mol]. A fused short then gives `fuse_energy[j]` [J] at once,
    taking `fuse_extent[j]` of reaction `fuse_reaction[j]` (-1: a sustained trigger, its reactions start); a vent lets
    `vent_energy[j]` [J] out.
    After trigger `ejects_after` (-1: never) the share `ejected` of all heat leaves with what is thrown out.
    Errors of a step are held to `tolerance_temperature` [K] and `tolerance_extent` [-].
    """

    storage: Storage
    mechanism: Mechanism
    share: Floats
    surface: Floats
    conductance: Floats
    sensor: int
    own: float
    site_node: Integers
    site_share: Floats
    trigger_temperature: Floats
    trigger_time: Floats
    trigger_gas: Floats
    gas: Floats
    fuse_energy: Floats
    fuse_extent: Floats
    fuse_reaction: Integers
    vent_energy: Floats
    ejected: float
    ejects_after: int
    start_temperature: float
    tolerance_temperature: float
    tolerance_extent: float


@kernel
def heated_capacity(sample, i, capacity):
    """What a heater heats of the `capacity` of node i [J/K]: none of a sensor, which is neither sample nor surface."""
    return 0.0 if sample.share[i] == 0.0 and sample.surface[i] == 0.0 else capacity


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
