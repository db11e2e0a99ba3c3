"""Whether a mesh resolves the zone in which a front reacts."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import case_from

from thermo.chemistry.mechanism import library_mechanisms
from thermo.chemistry.mechanism_arrays import arrays
from thermo.simulation.front import front_warnings, held_by, sensitivity, summed_up
from thermo.simulation.simulate import run

BAR = """
title: a bar that is lit at one end
status: assumed
source: a test
materials:
  fuel:
    density: 2000 kg/m3
    heat_capacity: 1000 J/(kg K)
    thermal_conductivity: 2 W/(m K)
    chemistry:
      title: first order
      species: {c: {start: 1}}
      reactions:
        burn:
          pre_exponential_factor: 1e7 1/s
          activation_energy: 100 kJ/mol
          factors: [{kind: order, species: c, order: 1}]
          consumes: {c: 1}
          heat: {per_mass: 600 J/g, content: 2000 kg/m3}
sample:
  kind: boxes
  coordinates: line
  temperature: 25 degC
  regions: {bar: {material: fuel, from: [0 mm], to: [10 mm]}}
  mesh: {order: 1, smallest: SIZE, largest: SIZE}
programme:
  kind: surroundings
  end: 10 s
  faces: {left: [{kind: held, temperature: 625 degC}]}
measure: {probes: {end: [10 mm]}}
"""


def test_the_sensitivity_of_one_reaction_is_that_of_arrhenius():
    """E/(R T^2), whatever the other numbers are."""
    text = library_mechanisms()["richard-dahn-mcmb"]
    one = text.model_copy(update={"reactions": dict(list(text.reactions.items())[:1])})
    mechanism = arrays(one)
    assert sensitivity(held_by([mechanism]), 500.0) == pytest.approx(mechanism.activation[0] / 500.0**2, rel=1e-5)


@pytest.mark.parametrize(("size", "told"), [("0.8 mm", True), pytest.param("0.02 mm", False, marks=pytest.mark.slow)])
def test_a_coarse_mesh_is_told_with_the_size_that_would_do(size, told):
    """The zone is the layer over the Zeldovich number, E (T_b - T_0)/(R T_b^2); fine cells say nothing."""
    result = run(case_from(BAR.replace("SIZE", size)))
    summary = result.summary()
    front = summary["front"]
    hottest = 25.0 + 273.15 + 600.0
    assert front["zeldovich"] == pytest.approx(100e3 / 8.314462618 * 600.0 / hottest**2, rel=0.15)
    assert front["reaction_zone_m"] == pytest.approx(front["thermal_layer_m"] / front["zeldovich"])
    assert (front["cells_across_reaction_zone"] < 3.0) == told
    codes = [warning["code"] for warning in summary["warnings"]]
    assert ("front-unresolved" in codes) == told


def test_the_front_of_a_run_is_that_of_the_middle_of_its_heat():
    """Rows are weighed with the heat that comes at them; without any there is no front, and nothing to warn of."""
    time = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    rows = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 9.0, 1e-3, 5.0], [8.0, 4.0, 2e-3, 10.0], [1.0, 2.0, 3e-3, 15.0], [0.0, 0.0, 0.0, 0.0]])
    found = summed_up(time, rows)
    assert found["cells_across_reaction_zone"] == 4.0
    assert found["cell_m"] == pytest.approx(2e-3 / 10.0 / 4.0)
    assert summed_up(time, np.zeros((5, 4))) is None
    assert front_warnings(None) == []


BLOCK = """
title: a layer that reacts on one that does not
status: assumed
source: a test
materials:
  wall: {density: 2580 kg/m3, heat_capacity: 830 J/(kg K), thermal_conductivity: 3 W/(m K)}
  roll: {density: 2580 kg/m3, heat_capacity: 830 J/(kg K), thermal_conductivity: 3 W/(m K), chemistry: hatchard-kim-4}
sample:
  SAMPLE
programme: {kind: surroundings, end: 12 s, faces: {HELD: [{kind: held, temperature: 250 degC}]}}
measure: {probes: {mean: {region: q, take: mean}}}
"""
LAYERS = "layers: [{name: p, material: wall, thickness: 1 mm}, {name: q, material: roll, thickness: 2 mm}]"
SHAPES = {
    "block of hexahedra": f"{{kind: layered-block, temperature: 25 degC, size: [2 mm, 2 mm], {LAYERS}, mesh: {{order: 1, largest: 2 mm}}}}",
    "quadratic block": f"{{kind: layered-block, temperature: 25 degC, size: [2 mm, 2 mm], {LAYERS}, mesh: {{order: 2, largest: 2 mm}}}}",
    "stack in space": f"{{kind: stack, coordinates: space, size: [2 mm, 2 mm], temperature: 25 degC, {LAYERS}, mesh: {{largest: 2 mm}}}}",
    "quadratic line": f"{{kind: stack, temperature: 25 degC, {LAYERS}, mesh: {{order: 2, largest: 1 mm}}}}",
    "line": f"{{kind: stack, temperature: 25 degC, {LAYERS}, mesh: {{largest: 1 mm}}}}",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_of_cell_tells_the_same_layer(shape):
    """Hexahedra, quadratic cells in pieces, lines: a layer of millimetres, on meshes so coarse that the moment differs."""
    held = "top" if "block" in shape else "right"
    text = BLOCK.replace("sample:\n  SAMPLE", f"sample: {SHAPES[shape]}").replace("HELD", held)
    summary = run(case_from(text)).summary()
    assert 1e-3 < summary["front"]["thermal_layer_m"] < 7e-3
    assert abs(summary["energy"]["residual_relative"]) < 1e-12
