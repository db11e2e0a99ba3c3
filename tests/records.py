"""Records as loggers write them, made of tests whose answer is known."""

import numpy as np

from tests.conftest import CASES, case_from
from thermo.case.case import read_case
from thermo.programmes.logger import Record as Logged
from thermo.programmes.logger import logged
from thermo.records.record_doctor import Record
from thermo.simulation.simulate import run

GRADUAL = """
title: a cell of two reactions that runs away gradually
sample:
  kind: lumped
  parts: {cell: {mass: 50 g, heat_capacity: 1.0 J/(g K)}}
  chemistry:
    title: two reactions
    species: {a: {start: 1}, b: {start: 1}}
    reactions:
      sei:
        pre_exponential_factor: 1e14 1/s
        activation_energy: 130 kJ/mol
        factors: [{kind: order, species: a, order: 1}]
        consumes: {a: 1}
        heat: 3 kJ
      cathode:
        pre_exponential_factor: 1e15 1/s
        activation_energy: 160 kJ/mol
        factors: [{kind: order, species: b, order: 1}]
        consumes: {b: 1}
        heat: 10 kJ
programme:
  kind: arc
  start: 50 degC
  step: 5 K
  heater: 2 K/min
  wait: 15 min
  seek: 10 min
  sensitivity: 0.02 K/min
  end: 400 degC
"""
CELLS = ("cu-20li", "pi-ag-20li", "gradual")
COOLING = 400.0  # s, heat capacity over loss after the maximum, where the simulation ends

_results = {}


def simulated(cell):
    """The result of one of the cells, run once a process."""
    if cell not in _results:
        _results[cell] = run(case_from(GRADUAL) if cell == "gradual" else read_case(CASES / "paper" / f"{cell}.yaml"))
    return _results[cell]


def rows(cell, every, by_rise=True):
    """Times and exact temperatures of a logger's rows: one `every` so many seconds, and one a kelvin at most ten times a second."""
    result = simulated(cell)
    log = Logged(interval=every, fastest=0.1, **({"rise": 1.0} if by_rise else {}))
    time, T = logged(result.time, result.probe("sample"), result.columns["rate_K_per_s"], log)
    if cell != "pi-ag-20li":  # it cools
        after = np.arange(every, 1800.0, every)
        if by_rise:
            after = np.unique(np.concatenate([np.arange(0.5, 60.0, 0.5), after]))
        time = np.concatenate([time, time[-1] + after])
        T = np.concatenate([T, 298.0 + (T[-1] - 298.0) * np.exp(-after / COOLING)])
    return time, T


def blurred(T, noise, resolution, seed):
    """Temperatures with noise [K], rounded to steps of the resolution [K]."""
    noisy = T + noise * np.random.default_rng(seed).standard_normal(len(T))
    return np.round(noisy / resolution) * resolution


def record(time, T, rate=None):
    return Record("made", np.asarray(time, float), np.asarray(T, float), rate)
