"""How often intervals of a calibration hold the truth: many records of one truth, each with noise of its own."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from tests.studies.calibrations import DSC, FOUR, TWO, cell, fit_of, mechanism, result, study
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document
from thermo.records.heated_from_outside import Instrument
from thermo.records.record_doctor import Record
from thermo.studies.calibrate.arc_data import arc_data
from thermo.studies.calibrate.dsc_data import DscData
from thermo.studies.calibrate.fitting import Z95, fitted
from thermo.studies.calibrate.intervals import doubted, linearised
from thermo.studies.calibrate.parameters import parameters_of, starts_of
from thermo.studies.calibrate.problem import Measured, Problem
from thermo.studies.study import StudyText

SEEDS = range(1000, 1200)
NOISE, SHARE, SCALE = 0.02, 0.005, 0.03  # K, of the peak of a scan, standard deviation of its scale


def truth_of(reactions):
    """The vector of the true numbers."""
    return np.array([x for _, constant, energy, _ in reactions for x in (math.log(constant), energy, 0.0)])


class Designs:
    """Records without noise of some reactions, from which noisy ones are drawn; a calorimeter's record and scans of some rates."""

    def __init__(self, reactions, rates):
        text = cell(mechanism(reactions))
        self.reactions = reactions
        self.case = case_of(parse_document(text, "cell.yaml"))
        logged = result(text, "programme.record.noise=0 K").record()
        self.time, self.temperature = logged["time_s"], logged["temperature_K"]
        self.scans = []
        for rate in rates:
            columns = result(cell(mechanism(reactions), DSC), f"programme.rate={rate} K/min").columns
            kept = np.append(np.diff(columns["time_s"]) > 0.0, True)
            self.scans.append(tuple(np.asarray(columns[name])[kept] for name in ("time_s", "sample_K", "heat_flow_W")))
        records = {"arc": "file: none.csv, kind: arc, noise: 0.02 K"}
        records |= {f"scan{i}": "file: none.csv, kind: dsc, noise: 0.5 %" for i in range(len(rates))}
        data = parse_document(study(records, fit_of(len(reactions), [row[0] for row in reactions])), "study.yaml").data
        self.kind = StudyText.model_validate(data).study
        self.starts = starts_of(self.case, self.kind)

    def problem(self, seed):
        """A calibration of records with noise of a seed."""
        rng = np.random.default_rng(seed)
        noisy = self.temperature + NOISE * rng.standard_normal(len(self.temperature))
        record = Record("made", self.time, noisy, left_out=())
        arc = arc_data("arc", self.kind.records["arc"], record, self.case, Instrument(sensitivity=0.02 / 60.0, seek=600.0, wait=900.0))
        if arc.top is not None:
            arc = arc._replace(top=float(self.temperature.max()) + 0.5 * rng.standard_normal())
        measured = [Measured("arc", self.case, arc)]
        scale = math.exp(SCALE * rng.standard_normal())
        for i, (time, T, flow) in enumerate(self.scans):
            sd = SHARE * float(np.ptp(flow))
            data = DscData(f"scan{i}", time, T, scale * flow + sd * rng.standard_normal(len(flow)), sd, 1.0, False)
            measured.append(Measured(f"scan{i}", self.case, data))
        return Problem(self.kind, parameters_of(self.kind, self.starts), self.starts, measured)


def coverage(design, seeds):
    """For each seed, which numbers lie within their linearised interval, and whether all lie in the joint ellipsoid; chi2/dof."""
    truth, inside, joint, ratios = truth_of(design.reactions), [], [], []
    for seed in seeds:
        problem = design.problem(seed)
        fit = fitted(problem, 1, seed)
        n = problem.n_free
        covariance = fit.covariance()[:n, :n]
        off = fit.x[:n] - truth
        inside.append(np.abs(off) <= Z95 * np.sqrt(np.diag(covariance)))
        joint.append(off @ np.linalg.solve(covariance, off) <= chi2.ppf(0.95, n))
        ratios.append(fit.chi2 / fit.freedom)
    return np.mean(inside, axis=0), float(np.mean(joint)), np.array(ratios)


@pytest.mark.slow
def test_intervals_of_two_reactions_hold_the_truth_as_often_as_they_say():
    """A calorimeter and a scan, 200 repeats: each number and the joint ellipsoid in 0.91 to 0.99 of them."""
    each, joint, ratios = coverage(Designs(TWO, [10.0]), SEEDS)
    assert np.all((each >= 0.91) & (each <= 0.99)), each
    assert 0.91 <= joint <= 0.99
    assert 0.9 < np.median(ratios) < 1.1


@pytest.mark.slow
def test_intervals_of_four_reactions_hold_the_truth_with_three_scans():
    """All numbers together in 0.90 to 0.98 of 100 repeats."""
    each, _, _ = coverage(Designs(FOUR, [2.0, 5.0, 10.0]), SEEDS[:100])
    assert 0.90 <= each.mean() <= 0.98, each


@pytest.mark.slow
def test_what_one_calorimeter_leaves_open_is_found_by_refits():
    """The last energy of four reactions in five of six repeats at least; nothing where a scan is fitted too."""
    alone, both = Designs(FOUR, []), Designs(TWO, [10.0])
    found = []
    for seed in SEEDS[:6]:
        problem = alone.problem(seed)
        fit = fitted(problem, 2, seed)
        intervals = doubted(problem, fit, 1.0, linearised(problem, fit, 1.0))
        (last,) = [i for p, i in zip(problem.parameters, intervals, strict=True) if p.name == "r3.activation_energy"]
        found.append(last.low_open or last.high_open)
        problem = both.problem(seed)
        fit = fitted(problem, 1, seed)
        assert not any(i.low_open or i.high_open for i in doubted(problem, fit, 1.0, linearised(problem, fit, 1.0)))
    assert sum(found) >= 5


def test_a_few_repeats_hold_the_truth():
    """Ten repeats: of sixty intervals at 95 % no more than nine fail (fewer than 1 in 1000 by chance)."""
    each, _, ratios = coverage(Designs(TWO, [10.0]), SEEDS[:10])
    assert each.sum() * 10 >= 51
    assert np.all((ratios > 0.7) & (ratios < 1.3))
