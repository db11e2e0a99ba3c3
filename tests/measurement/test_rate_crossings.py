"""Crossings of a rate: when a probe first rises so fast."""

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document
from thermo.simulation.crossings import first_crossing, probe_rates
from thermo.simulation.simulate import run
from thermo.studies.batch import simulate_many

OVEN = CASES / "calorimetry" / "oven-155.yaml"


def oven(crossings):
    text = OVEN.read_text().replace("    runaway: {probe: sample", f"{crossings}    runaway: {{probe: sample", 1)
    return case_of(parse_document(text, str(OVEN)))


def test_the_rate_of_a_parabola_is_exact_between_uneven_rows():
    time = np.array([0.0, 0.3, 0.3, 1.0, 1.2, 2.0, 3.1])
    found = probe_rates(time, 5.0 * time**2)
    np.testing.assert_allclose(found[1:-1], 10.0 * time[1:-1], rtol=1e-12)
    assert found[1] == found[2]


def test_two_rows_have_no_rate():
    np.testing.assert_array_equal(probe_rates(np.array([0.0, 1.0]), np.array([300.0, 400.0])), 0.0)


@pytest.fixture(scope="module")
def fast():
    return run(oven("    fast: {probe: sample, rate: 600 K/min}\n    never: {probe: sample, rate: 1e9 K/s}\n"))


def test_the_crossing_of_a_rate_has_its_moment_and_temperature(fast):
    """10 K/s comes after 1 K/s, which is T2, and before the peak."""
    summary = fast.summary()
    found = summary["crossings"]["fast"]
    assert summary["onsets"]["T2"]["1 K/s"]["time_s"] < found["time_s"] < summary["probes"]["sample"]["time_of_maximum_s"]
    assert found["rate_K_per_s"] == pytest.approx(10.0)
    at = np.interp(found["time_s"], fast.time, fast.columns["rate_K_per_s"])
    assert at == pytest.approx(10.0, rel=0.05)


def test_a_rate_that_never_comes_says_the_fastest(fast):
    summary = fast.summary()
    assert summary["crossings"]["never"] is None
    missed = summary["missed_crossings"]["never"]
    assert missed["nearest_K_per_s"] == pytest.approx(float(fast.columns["rate_K_per_s"].max()))


@pytest.mark.slow
def test_a_batch_reads_the_same_moment(fast):
    case = oven("    fast: {probe: sample, rate: 600 K/min}\n")
    row = simulate_many(case, {"programme.air": ["155 degC"]})
    assert row["crossing fast_time_s"][0] == pytest.approx(fast.summary()["crossings"]["fast"]["time_s"], rel=1e-9)


def test_by_rows_the_moment_is_near_that_of_the_loop(fast):
    own = first_crossing(fast.time, fast.columns["rate_K_per_s"], 10.0)
    assert first_crossing(fast.time, probe_rates(fast.time, fast.probe("sample")), 10.0) == pytest.approx(own, abs=1.0)
