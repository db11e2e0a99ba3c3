"""What a study varies: distributions with their moments, joint samples with their correlations, and what is refused."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from thermo.studies.inputs import Correlation, Input, correlation_problems, joint_sample, number_of, unit_sample

SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def given(**entries):
    return Input.model_validate(entries)


@pytest.mark.parametrize(
    ("entry", "exact"),
    [
        (given(uniform=["0.6", "0.9"]), stats.uniform(0.6, 0.3)),
        (given(normal="150 degC", sd="2 K"), stats.norm(150.0, 2.0)),
        (given(normal="150 degC", sd="2 K", within=["149 degC", "153 degC"]), stats.truncnorm(-0.5, 1.5, 150.0, 2.0)),
        (given(normal="300 degF", sd="1 K"), stats.norm(300.0, 1.8)),
        (given(lognormal="10 W/(m2 K)", factor=1.5), stats.lognorm(np.log(1.5), scale=10.0)),
        (given(triangular=["1 s", "2 s", "5 s"]), stats.triang(0.25, 1.0, 4.0)),
    ],
)
def test_quantiles_are_those_of_the_distribution(entry, exact):
    np.testing.assert_allclose(entry.quantile(SHARES), exact.ppf(SHARES), rtol=1e-12)


def test_values_keep_their_unit_and_every_digit():
    (point,) = joint_sample({"programme.air": given(normal="150 degC", sd="2 K")}, (), np.array([[0.3]]))
    number = number_of(point["programme.air"])
    assert number.unit == "degC"
    assert number.value == float(given(normal="150 degC", sd="2 K").quantile(np.array([0.3]))[0])


@pytest.mark.parametrize("design", ["sobol", "latin-hypercube", "random"])
def test_a_design_is_the_same_for_the_same_seed_and_within_the_cube(design):
    first, again, other = (unit_sample(design, 3, 100, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert first.shape == (100, 3)
    assert first.min() > 0.0 and first.max() < 1.0


def test_correlated_inputs_have_the_correlation_and_their_own_distributions():
    inputs = {"a": given(normal="0 K", sd="1 K"), "b": given(normal="10 K", sd="2 K"), "c": given(uniform=["0", "1"])}
    rows = joint_sample(inputs, [Correlation(of=("a", "b"), value=0.6)], unit_sample("sobol", 3, 4096, 1))
    a, b, c = (np.array([number_of(row[name]).value for row in rows]) for name in "abc")
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.6, abs=0.01)
    assert abs(np.corrcoef(a, c)[0, 1]) < 0.01
    assert (a.std(), b.mean(), b.std()) == pytest.approx((1.0, 10.0, 2.0), rel=0.01)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "give one of values"),
        ({"uniform": ["0.6", "0.9"], "values": ["1"]}, "found values and uniform"),
        ({"uniform": ["0.9", "0.6"]}, "must rise from the least to the most, got 0.9 to 0.6"),
        ({"uniform": ["1 K", "1 K"]}, "must rise"),
        ({"uniform": ["40 g", "1 kg"]}, "has numbers in 'g' and 'kg'; give all in one unit"),
        ({"normal": "150 degC", "sd": "2 degC"}, "sd: 2 degC is needed in K, as 150 degC is"),
        ({"normal": "150 degC"}, "is missing"),
        ({"normal": "150 degC", "sd": "0 K"}, "must be positive"),
        ({"normal": "150 degC", "sd": "1 K", "within": ["200 degC", "210 degC"]}, "more than six standard deviations"),
        ({"uniform": ["1", "2"], "sd": "1"}, "belongs beside 'normal'"),
        ({"lognormal": "-1", "factor": 2.0}, "must be positive"),
        ({"lognormal": "1", "factor": 0.5}, "greater than 1"),
        ({"from": "1 K"}, "is missing"),
        ({"from": "1 K", "to": "two"}, "'two' is not a number with a unit"),
        ({"values": []}, "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(entry, words):
    with pytest.raises(ValidationError, match=words):
        Input.model_validate(entry)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"of": ("a", "x"), "value": 0.1}], "there is no input 'x'"),
        ([{"of": ("a", "a"), "value": 0.1}], "names one input twice"),
        (
            [{"of": ("a", "b"), "value": 0.9}, {"of": ("b", "c"), "value": 0.9}, {"of": ("a", "c"), "value": -0.9}],
            "not positive definite",
        ),
    ],
)
def test_impossible_correlations_are_refused(entries, words):
    inputs = {name: given(uniform=["0", "1"]) for name in "abc"}
    ((_, text),) = correlation_problems(inputs, [Correlation(**entry) for entry in entries])
    assert words in text
