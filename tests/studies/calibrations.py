"""Records of known reactions for the tests of a calibration: each made by a run in its instrument, and the study of them."""

import math

import numpy as np

from thermo.base.constants import GAS_CONSTANT
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document
from thermo.casefile.settings import change
from thermo.simulation.simulate import run
from thermo.studies.calibrate.calibrating import calibrated
from thermo.studies.calibrate.reading import read_calibration
from thermo.studies.study import study_of

# temperature [K], rate constant there [1/s], activation energy [kJ/mol], heat [J] in a cell of 1 J/K
TWO = ((370.0, 3e-5, 130.0, 30.0), (425.0, 3e-5, 140.0, 250.0))
FOUR = ((370.0, 3e-5, 130.0, 30.0), (410.0, 2e-5, 135.0, 100.0), (450.0, 3e-5, 150.0, 250.0), (500.0, 1e-4, 175.0, 150.0))
ARC = """
programme:
  kind: arc
  start: 50 degC
  step: 5 K
  heater: 2 K/min
  wait: 15 min
  seek: 10 min
  sensitivity: 0.02 K/min
  end: 450 degC
  record: {interval: 2 min, rise: 1 K, fastest: 0.5 s, noise: 0.02 K, seed: 3}
numerics: {tolerance: 1e-7}
"""
DSC = """
programme: {kind: dsc, start: 320 K, rate: 10 K/min, end: 620 K, per: 1 g, spacing: 1 K}
numerics: {tolerance: 1e-7}
"""


def mechanism(reactions, faster=1.0, higher=0.0, orders=None):
    """The chemistry of a case, its rate constants times a factor and its energies raised by so many kJ/mol."""
    lines = ["    title: known", "    species:", *(f"      c{i}: {{start: 1}}" for i in range(len(reactions))), "    reactions:"]
    for i, (at, constant, energy, heat) in enumerate(reactions):
        energy += higher
        factor = faster * constant * math.exp(energy * 1e3 / GAS_CONSTANT / at)
        order = 1 if orders is None else orders[i]
        lines += [
            f"      r{i}:",
            f"        pre_exponential_factor: {factor:.12e} 1/s",
            f"        activation_energy: {energy} kJ/mol",
            f"        factors: [{{kind: order, species: c{i}, order: {order}}}]",
            f"        consumes: {{c{i}: 1}}",
            f"        heat: {heat} J",
        ]
    return "\n".join(lines)


def cell(chemistry, programme=ARC):
    """A case of a cell of 1 g and 1 J/K."""
    chemistry = chemistry if chemistry.startswith("  chemistry") else f"  chemistry:\n{chemistry}"
    return f"title: cell\nsample:\n  kind: lumped\n  mass: 1 g\n  heat_capacity: {{at_298K: 1 J/K}}\n{chemistry}{programme}"


def result(text, *settings):
    """The run of a case with settings."""
    return run(case_of(change(parse_document(text, "cell.yaml"), settings)))


def arc_record(path, text, *settings):
    """Write the record of a calorimeter as its logger does."""
    columns = result(text, *settings).record()
    rows = "\n".join(",".join(repr(float(x)) for x in row) for row in zip(*columns.values(), strict=True))
    path.write_text(",".join(columns) + "\n" + rows + "\n")


def dsc_record(path, text, *settings, noise=0.005, scale=1.0, seed=1):
    """Write a scan with noise, a share of its peak, on a sloping baseline."""
    columns = result(text, *settings).columns
    time, T, flow = (np.asarray(columns[name]) for name in ("time_s", "sample_K", "heat_flow_W_per_g"))
    kept = np.append(np.diff(time) > 0.0, True)
    time, T, flow = time[kept], T[kept], scale * flow[kept]
    flow = flow + noise * np.ptp(flow) * np.random.default_rng(seed).standard_normal(len(flow)) + 0.1 * np.ptp(flow) * (T - 320.0) / 300.0
    rows = "\n".join(f"{a!r},{b!r},{c!r}" for a, b, c in zip(time.tolist(), T.tolist(), flow.tolist(), strict=True))
    path.write_text(f"time_s,temperature_K,heat_flow_W_per_g\n{rows}\n")


def fit_of(n, at=None):
    """The block `fit` that frees all of so many reactions."""
    places = at or [row[0] for row in FOUR[:n]]
    return "\n".join(f"    r{i}: {{rate_constant: {{at: {places[i]} K}}, activation_energy: {{}}, heat: {{}}}}" for i in range(n))


def study(records, fit, more="", case="cell.yaml"):
    """A study file."""
    lines = "\n".join(f"    {name}: {{{entry}}}" for name, entry in records.items())
    return f"title: fit\nstudy:\n  kind: calibrate\n  case: {case}\n  records:\n{lines}\n  fit:\n{fit}\n{more}"


def found_in(folder, text):
    """The calibration of a study in a folder."""
    document = parse_document(text, str(folder / "study.yaml"))
    made = study_of(document)
    _, records, mistakes = read_calibration(document, made.text.study)
    assert mistakes == []
    return calibrated(made.text.study, made.members[0].case, records, lambda done, text: None)
