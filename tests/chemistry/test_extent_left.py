"""How much further a reaction can go: until what it uses up is spent; without end where nothing is, or where it is made again."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document
from thermo.chemistry.kinetics import extent_left
from thermo.simulation.simulate import run

# columns: fuel, film; rows: burns fuel fourfold, uses film, makes film of fuel, uses nothing
STOICHIOMETRY = np.array([[-4.0, 0.0], [0.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])


@pytest.mark.parametrize(("reaction", "left"), [(0, 0.5), (1, math.inf), (2, 2.0), (3, math.inf)])
def test_what_ends_a_reaction(reaction, left):
    assert extent_left(SimpleNamespace(stoichiometry=STOICHIOMETRY), reaction, np.array([2.0, 1.0])) == left


def test_what_is_spent_by_more_than_there_was_leaves_nothing():
    assert extent_left(SimpleNamespace(stoichiometry=STOICHIOMETRY), 0, np.array([-1e-9, 1.0])) == 0.0


ENDLESS = """
title: a slab of zero order in air
status: literature
source: by definition
materials:
  cell:
    density: 2580 kg/m3
    heat_capacity: 830 J/(kg K)
    thermal_conductivity: 0.5 W/(m K)
    chemistry:
      title: a reaction of zero order
      species: {}
      reactions:
        anode:
          pre_exponential_factor: 6.89773803e12 1/s
          activation_energy: 135080 J/mol
          heat: {per_mass: 1.714e6 J/kg, content: 610.4 kg/m3}
sample:
  kind: boxes
  coordinates: line
  temperature: AMBIENT K
  regions: {cell: {material: cell, from: [0 mm], to: [10 mm]}}
  symmetry: [left]
  mesh: {order: 1, smallest: 2 mm, largest: 2 mm}
programme:
  kind: surroundings
  end: 300000 s
  faces:
    right: [{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: AMBIENT K}]
measure: {probes: {centre: [0 mm]}}
"""


def slab(ambient):
    return run(case_of(parse_document(ENDLESS.replace("AMBIENT", str(ambient)), str(CASES / "slab.yaml"))))


def test_heat_without_end_goes_on_for_days():
    """1 K below the critical surroundings of 384.473 K a stationary state is come to and kept; it makes heat as fast as at first."""
    result = slab(383.5)
    power, centre = result.columns["heat_cell_anode_W"], result.probe("centre")
    assert power[-1] == pytest.approx(-result.columns["heat_right_W"][-1], rel=1e-3)
    assert np.all(np.diff(centre) > -0.05)  # half of what a step may be off
    assert 384.473 < centre[-1] < 394.32


@pytest.mark.parametrize(("ambient", "goes"), [(384.423, False), (384.523, True)])
def test_a_slab_goes_a_little_over_its_critical_surroundings_and_stays_a_little_under(ambient, goes):
    """By finite volumes and transients of a separate program: 0.05 K over them it reaches 500 K within two days, under them it stays."""
    hottest = slab(ambient).summary()["regions"]["cell"]["maximum_K"]
    assert (hottest > 500.0) is goes
