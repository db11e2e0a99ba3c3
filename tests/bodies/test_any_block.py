"""Bodies drawn by lot: whatever a case may legally say runs to its end or fails with a reason, and keeps its balance."""

import math
import random

import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run


class Lot:
    """Draws blocks, materials, meshes and conditions over many decades."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def over_decades(self, low, high):
        return math.exp(self.dice.uniform(math.log(low), math.log(high)))

    def temperature(self):
        return f"{self.dice.uniform(250.0, 1200.0):.5g} K"

    def timed(self, value):
        kind = self.dice.random()
        if kind < 0.6:
            return value()
        if kind < 0.8:
            return f"{{from: {value()}, to: {value()}, over: {self.over_decades(1e-3, 1e4):.4g} s}}"
        times = sorted({round(self.over_decades(1e-3, 1e4), 4) for _ in range(4)})
        return "{table: [" + ", ".join(f"[{time} s, {value()}]" for time in times) + "]}"

    def condition(self):
        kind = self.dice.choice(["held", "flux", "convection", "radiation"])
        if kind == "held":
            return f"{{kind: held, temperature: {self.timed(self.temperature)}}}"
        if kind == "flux":
            flux = self.timed(lambda: f"{self.dice.choice([-1, 1]) * self.over_decades(1.0, 1e5):.4g} W/m2")
            return f"{{kind: flux, heat_flux: {flux}}}"
        ambient = f"ambient_temperature: {self.timed(self.temperature)}"
        if kind == "convection":
            film = self.timed(lambda: f"{self.over_decades(1e-2, 1e5):.4g} W/(m2 K)")
            return f"{{kind: convection, heat_transfer_coefficient: {film}, {ambient}}}"
        return f"{{kind: radiation, emissivity: {self.dice.uniform(0.0, 1.0):.3g}, {ambient}}}"

    def case(self):
        dice, size = self.dice, self.over_decades(1e-6, 1e-1)
        n_layers = dice.randint(1, 3)
        layers = ", ".join(
            f"{{name: l{i}, material: m{i}, thickness: {size * self.over_decades(1e-3, 1.0):.5g} m}}" for i in range(n_layers)
        )
        materials = "\n".join(
            f"  m{i}: {{density: {self.over_decades(1.0, 2e4):.4g} kg/m3, heat_capacity: {self.over_decades(100.0, 5000.0):.4g} J/(kg K), "
            f"thermal_conductivity: {self.over_decades(1e-2, 500.0):.4g} W/(m K)}}"
            for i in range(n_layers)
        )
        side = size * self.over_decades(1e-2, 0.9)
        centre = dice.choice([size / 2.0, side / 2.0, dice.uniform(side / 2.0, size - side / 2.0)])
        named = dice.sample(["top", "bottom", "left", "right", "front", "back", "spot"], dice.randint(0, 3))
        faces = ", ".join(f"{name}: [{self.condition()}]" for name in named)
        return f"""
title: a block drawn by lot
materials:
{materials}
sample:
  kind: layered-block
  size: [{size:.6g} m, {size:.6g} m]
  layers: [{layers}]
  patches: {{spot: {{face: {dice.choice(["top", "bottom"])}, square: {side:.6g} m, centre: [{centre:.6g} m, {centre:.6g} m]}}}}
  temperature: {dice.uniform(250.0, 500.0):.5g} K
  mesh: {{order: {dice.choice([1, 2])}, growth: {dice.uniform(2.0, 6.0):.3g}, smallest: {side / dice.uniform(2.0, 20.0):.5g} m,
         largest: {size / dice.uniform(1.0, 4.0):.5g} m, interface: {size / dice.uniform(2.0, 50.0):.5g} m}}
programme: {{kind: surroundings, faces: {{{faces}}}, end: {self.over_decades(1e-6, 1e5):.5g} s}}
measure: {{probes: {{mean: {{region: l0, take: mean}}, hottest: {{face: bottom, take: maximum}}, point: [{size / 3.0:.5g} m, 0 m, 0 m]}}}}
numerics: {{tolerance: {self.over_decades(1e-3, 1e-2):.3g}, most_steps: 1500}}
"""


def check_drawn(seed):
    text = Lot(seed).case()
    try:
        case = case_from(text)
    except CaseError:
        return  # a patch and its face both held, say
    if case.sample.n_nodes(case.named_faces()) > 2500:
        return
    result = run(case)
    summary = result.summary()
    if summary["status"] != "complete":  # an open balance would fail it too
        assert "below 0 K" in summary["end"]["reason"], text


@pytest.mark.usual(5)
@pytest.mark.parametrize("seed", range(24))
def test_any_block_runs_and_keeps_its_balance(seed):
    check_drawn(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 250))
def test_many_blocks_run_and_keep_their_balance(seed):
    check_drawn(seed)
