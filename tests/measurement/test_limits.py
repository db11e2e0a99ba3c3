"""Expectations that are limits: `below` and `above`."""

import pytest
from pydantic import ValidationError

from thermo.measurement.asked import Expectation
from thermo.results.words import row_text
from thermo.simulation.result import judged
from thermo.studies.study import Claim, judged_claims, table

ABSENT = object()


def judge(what, value, ended=100.0, **limits):
    """The judgement of a limit on a result at `what` = (group, name, key)."""
    group, name, key = what
    summary = {"end": {"time_s": ended}, group: {name: None if value is ABSENT else {key: value}}}
    return judged(Expectation(what=".".join(what), kind="predicted", source="a limit", **limits), summary)


HOTTEST = ("probes", "core", "maximum_K")
ARRIVES = ("arrivals", "cell-2", "time_s")


@pytest.mark.parametrize(
    ("limits", "value", "holds", "margin"),
    [
        ({"below": "130 degC"}, 400.0, True, 3.15),
        ({"below": "130 degC"}, 404.15, False, -1.0),
        ({"below": "130 degC"}, 403.15, False, 0.0),  # what reaches the limit is not below it
        ({"above": "100 degC"}, 400.0, True, 26.85),
        ({"above": "100 degC", "below": "130 degC"}, 400.0, True, 3.15),
        ({"above": "100 degC", "below": "130 degC"}, 370.0, False, -3.15),
    ],
)
def test_a_limit_holds_on_its_side_alone(limits, value, holds, margin):
    found = judge(HOTTEST, value, **limits)
    assert found["holds"] is holds
    assert found["margin"] == pytest.approx(margin, abs=1e-9)


def test_what_is_absent_meets_no_limit():
    assert judge(HOTTEST, ABSENT, below="130 degC")["holds"] is False
    assert judge(HOTTEST, ABSENT, above="130 degC")["holds"] is False


@pytest.mark.parametrize(("ended", "holds"), [(301.0, True), (300.0, True), (299.0, False)])
def test_a_time_that_did_not_come_is_later_than_the_run_lasted(ended, holds):
    """That a neighbour stays quiet for 300 s is shown by a run of 300 s or more."""
    assert judge(ARRIVES, ABSENT, ended, above="5 min")["holds"] is holds


def test_a_time_that_did_not_come_is_below_no_limit():
    assert judge(ARRIVES, ABSENT, 1e9, below="5 min")["holds"] is False
    assert judge(ARRIVES, ABSENT, 1e9, above="5 min", below="10 min")["holds"] is False


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"below": "130"}, "130 has no unit"),
        ({"below": "none"}, "'none' is not a number with a unit"),
        ({"above": "5 s"}, "wrong unit 's'"),
        ({"below": "130 degC", "value": "120 degC", "within": "1 K"}, "stands beside a limit"),
        ({"below": "130 degC", "value": "none"}, "stands beside a limit"),
        ({"above": "130 degC", "below": "100 degC"}, "must lie over 'above'"),
        ({"above": "130 degC", "below": "130 degC"}, "must lie over 'above'"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(entry, words):
    with pytest.raises(ValidationError, match=words):
        Expectation(what="probes.core.maximum_K", kind="predicted", source="a limit", **entry)


def test_a_row_says_its_limits_in_words():
    found = judge(HOTTEST, 400.0, above="20 degC", below="130 degC")
    assert row_text(found) == ("probes.core.maximum_K", "126.85 degC", "above 20.00 degC, below 130.00 degC", "predicted", "yes")


def test_a_result_that_no_expectation_speaks_of_is_computed():
    summary = {"maximum_rate": None, "expect": [], "probes": {"core": {"maximum_K": 400.0}}}
    (row,) = table(["probes.core.maximum_K"], {"a": summary})
    assert row["kind"] == "computed"
    assert row["holds"] is None


def test_a_claim_may_be_a_limit():
    claim = Claim(what="a / b of end.time_s", above=1.0, kind="predicted", source="a limit")
    found = judged_claims([claim], {"a": {"end": {"time_s": 3.0}}, "b": {"end": {"time_s": 2.0}}})
    assert found[0]["holds"] is True
    assert found[0]["margin"] == pytest.approx(0.5)
    with pytest.raises(ValidationError, match="'above' and 'below' may stand in its place"):
        Claim(what="a / b of end.time_s", kind="predicted", source="a limit")
