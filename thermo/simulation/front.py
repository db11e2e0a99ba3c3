"""How well a mesh resolves a front of reactions: the layer that conduction heats, the zone that reacts, cells across it.

With dT the difference of temperature within the steepest cell that burns, T_b the hottest place, T_0 the coldest start, and s the slope of
the logarithm of the rate constants at T_b, weighted with the heats of the reactions (E/(R T_b^2) of a single Arrhenius reaction):

    Zeldovich number  s (T_b - T_0),   thermal layer  (T_b - T_0)/|grad T|,   reaction zone  1/(s |grad T|),   cells across it  1/(s dT)

Zeldovich & Frank-Kamenetskii, Acta Physicochim. URSS 9 (1938) 341: the reaction zone is the thermal layer over the Zeldovich number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.units import show
from thermo.chemistry.kinetics import Mechanism, rate_constant
from thermo.chemistry.sites import reach_of
from thermo.heat.discretised import cell_gradient

if TYPE_CHECKING:
    from thermo.simulation.mesh_body import MeshBody

BURNS = 1.0  # K/s: slower self-heating of all nodes is no front
TAKES_PART = 0.01  # of the largest power of a node: cells whose nodes have less do not burn
LEAST = 3.0  # cells across the reaction zone
MOST_FALLEN = 5.0  # K
# numbers of a row: power of all reactions [W], cells across the zone, thermal layer [m], Zeldovich number, all zero where nothing burns;
# the temperature of the hottest node that reacts [K], and the rate at which it heats itself [K/s]
OF_A_FRONT, OF_THE_HOTTEST = 6, slice(4, 6)
NO_SWITCHES = np.zeros(0)


Held = tuple[Mechanism, list[float]]  # a mechanism whose reactions are always on, the heat that each of them holds


def held_by(mechanisms: Iterable[Mechanism]) -> list[Held]:
    """Mechanisms with what `sensitivity` wants to know of them."""
    return [
        (m._replace(first_switch=np.zeros_like(m.first_switch)), [float(heat) for heat in np.abs(m.heat) * reach_of(m)]) for m in mechanisms
    ]


def sensitivity(held: Iterable[Held], temperature: float) -> float:
    """The slope of the logarithm of the rate constants [1/K], mean over the heats that the reactions hold."""
    slope = whole = 0.0
    for always, heats in held:
        for k, heat in enumerate(heats):
            low, high = (rate_constant(always, k, T, NO_SWITCHES) for T in (temperature - 0.5, temperature + 0.5))
            if low > 0.0 and high > 0.0:
                slope += heat * math.log(high / low)
                whole += heat
    return slope / whole if whole > 0.0 else 0.0


class Front:
    """The steepest burning cell of a body, row by row."""

    def __init__(self, body: MeshBody) -> None:
        assert body.chemistry is not None
        mesh, space = body.shape.mesh, body.shape.space
        rows = np.concatenate([cells for name, cells in mesh.regions.items() if name in body.chemistry.regions])
        pieces, owner = space.pieces()  # a quadratic cell in linear ones
        self.cells, self.points, self.kind = pieces[np.isin(owner, rows)], space.points, mesh.kind
        self.nodes, self.known = np.unique(self.cells), dict[int, float]()
        self.held, self.start = held_by(body.chemistry.mechanisms.values()), float(np.min(body.start[: body.n_nodes]))

    def row(self, temperature: Floats, power: Floats, capacity: Floats) -> Floats:
        """The numbers of a front at one moment (`OF_A_FRONT`,), given the power of the reactions of each node [W]."""
        made, rate = np.zeros(OF_A_FRONT), power / capacity
        hottest_node = self.nodes[int(np.argmax(temperature[self.nodes]))]
        made[OF_THE_HOTTEST] = temperature[hottest_node], rate[hottest_node]
        if np.max(rate) < BURNS:
            return made
        burning = power[self.cells].max(axis=1) > TAKES_PART * power.max()
        values = temperature[self.cells[burning]]
        widest = int(np.argmax(np.ptp(values, axis=1)))
        within = float(np.ptp(values[widest]))
        hottest = float(temperature.max())
        whole = round(hottest)  # a kelvin more or less is a third of a percent of it
        if whole not in self.known:
            self.known[whole] = sensitivity(self.held, float(whole))
        slope = self.known[whole]
        if not within > 0.0 or not slope > 0.0:
            return made
        nodes = self.cells[burning][widest]
        gradient = float(np.linalg.norm(cell_gradient(self.points[nodes][None], temperature[nodes][None], self.kind)))
        rise = hottest - self.start
        layer = rise / gradient if gradient > 0.0 else 0.0
        made[: OF_THE_HOTTEST.start] = power.sum(), 1.0 / (slope * within), layer, slope * rise
        return made


def summed_up(time: Floats, rows: Floats) -> dict[str, float] | None:
    """The front of a run: the moment at which half of its heat has come with fewer cells across the zone; None where none burned."""
    if len(time) < 2:
        return None
    weight = np.maximum(rows[:, 0], 0.0) * np.gradient(time)
    weight[rows[:, 1] <= 0.0] = 0.0
    if not weight.sum() > 0.0:
        return None
    order = np.argsort(rows[:, 1])
    at = order[int(np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum()))]
    _, cells, layer, number = (float(value) for value in rows[at, : OF_THE_HOTTEST.start])
    zone = layer / number
    return {
        "zeldovich": number,
        "thermal_layer_m": layer,
        "reaction_zone_m": zone,
        "cells_across_reaction_zone": cells,
        "cell_m": zone / cells,
    }


def fallen_warnings(fallen: Floats, points: Floats) -> list[dict[str, Any]]:
    """A warning of a node (n_nodes,) that has fallen by much [K] below all around it, at its place (n_nodes, dimension) [m]."""
    worst = int(np.argmax(fallen[: len(points)]))
    if fallen[worst] < MOST_FALLEN:
        return []
    at = ", ".join(show(round(float(x), 9), "length") for x in points[worst])
    text = f"a place at ({at}) fell by {fallen[worst]:.0f} K below all around it, which conduction cannot do: the elements let it, where a "
    text += "conductivity depends much on direction; compare with conductivities that are nearer to each other"
    return [{"code": "undershoot", "text": text, "where": "sample.mesh"}]


def front_warnings(front: dict[str, float] | None) -> list[dict[str, Any]]:
    """A warning of a reaction zone that fewer cells cross than resolve it, with the size that would do."""
    if front is None or front["cells_across_reaction_zone"] >= LEAST:
        return []
    cells, zone = front["cells_across_reaction_zone"], front["reaction_zone_m"]
    size = show(front["cell_m"], "length")
    text = f"the burn is not resolved: its reaction zone is {show(zone, 'length')} thick, {cells:.2g} cells of {size}. Temperatures within "
    text += "the body while it burns, and the speed of a front, depend on the mesh; "
    text += f"cells of {show(zone / LEAST, 'length')} resolve it (sample.mesh)"
    return [{"code": "front-unresolved", "text": text, "where": "sample.mesh"}]
