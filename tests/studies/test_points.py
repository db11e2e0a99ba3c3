"""Studies of points: what each kind concludes of functions whose answers are known, without any run."""

import json

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.base.errors import CaseError
from thermo.casefile.reader import parse_document
from thermo.results.points_words import conclusion_lines, tables
from thermo.studies.inputs import number_of
from thermo.studies.points import Outcome
from thermo.studies.results import probability, spread_of, suffix_of, wilson
from thermo.studies.sensitivity import Sensitivity
from thermo.studies.study import study_of
from thermo.studies.sweep import Sweep
from thermo.studies.threshold import Threshold
from thermo.studies.uncertainty import Uncertainty

OVEN = CASES / "calorimetry" / "oven-155.yaml"
HOT = {"what": "probes.sample.maximum_K", "above": "250 degC"}


def concluded(kind, function):
    """The conclusion of a study whose runs are a function of the point's numbers: it gives a number, None where there is no such result,
    or words where it fails. Also how many points it asked for."""
    rounds, asked = kind.rounds(), 0
    points = next(rounds)
    while True:
        outcomes = []
        for point in points:
            asked += 1
            found = function(**{name.replace(".", "_"): number_of(text).value for name, text in point.items()})
            if isinstance(found, str):
                outcomes.append(Outcome(dict.fromkeys(kind.outputs), None, found))
            else:
                outcomes.append(Outcome(dict.fromkeys(kind.outputs, found), kind.yes.answer(found) if kind.yes else None))
        try:
            points = rounds.send(outcomes)
        except StopIteration as ended:
            return ended.value, asked


def threshold(start="140 degC", to="150 degC", within="0.01 K", **more):
    inputs = {"air": {"from": start, "to": to}}
    return Threshold.model_validate({"kind": "threshold", "case": "x", "inputs": inputs, "within": within, "yes": HOT} | more)


def runs_away_above(*levels):
    """A largest temperature that lies above the limit beyond an odd number of these levels."""
    return lambda air: 600.0 if sum(air > level for level in levels) % 2 else 400.0


def test_a_threshold_is_found_within_its_width_by_halving():
    found, asked = concluded(threshold(), runs_away_above(145.613))
    assert found["low_K"] <= 145.613 + 273.15 <= found["high_K"]
    assert found["high_K"] - found["low_K"] <= 0.01
    assert asked == 2 + 10  # 10 K by halves to 0.01 K
    assert found["changes"][0]["text"].endswith("(yes)")
    assert found["definition"] == "probes.sample.maximum_K above 250.00 degC"


@pytest.mark.parametrize(("level", "word"), [(200.0, "no"), (100.0, "yes")])
def test_ends_that_answer_alike_are_a_problem_and_no_threshold(level, word):
    found, asked = concluded(threshold(), runs_away_above(level))
    assert f"answer alike: {word}" in found["problem"]
    assert asked == 2
    assert "low_K" not in found


def test_a_scan_finds_every_change():
    found, _ = concluded(threshold(scan=11), runs_away_above(142.3, 145.6, 147.9))
    middles = [0.5 * (change["low_K"] + change["high_K"]) - 273.15 for change in found["changes"]]
    assert middles == pytest.approx([142.3, 145.6, 147.9], abs=0.005)
    assert "middle_K" not in found  # of several changes none is the threshold


def test_a_point_that_fails_is_never_a_no():
    found, _ = concluded(threshold(), lambda air: "it broke" if air > 149.0 else 400.0)
    assert found["problem"] == "a point failed"
    assert found["failed"] == ["150.0 degC: it broke"]


def test_a_failure_in_the_middle_stops_the_bracket_there():
    found, _ = concluded(threshold(), lambda air: "it broke" if 144.0 < air < 146.0 else 600.0 if air > 144.5 else 400.0)
    (change,) = found["changes"]
    assert change["stopped"] == "it broke"
    assert (change["from"], change["to"]) == (140.0, 150.0)


@pytest.mark.parametrize(
    ("what", "above", "yes"), [("maximum_K", "250 degC", True), ("final_K", "250 degC", None), ("maximum_K", "900 degC", None)]
)
def test_a_run_that_failed_may_have_had_its_yes(monkeypatch, what, above, yes):
    from thermo.simulation import simulate
    from thermo.studies.points import Job, Yes, outcome_of

    class Failed:
        def summary(self):
            return {"status": "failed", "end": {"reason": "it broke"}, "probes": {"sample": {"maximum_K": 800.0, "final_K": 800.0}}}

    monkeypatch.setattr(simulate, "run", lambda case: Failed())
    job = Job(OVEN.read_text(), str(OVEN), (), {"": f"probes.sample.{what}"}, Yes(what=f"probes.sample.{what}", above=above), None)
    assert outcome_of(job, {}) == Outcome({}, yes, "it broke")


def test_an_answer_may_change_from_yes_to_no():
    found, _ = concluded(threshold(), lambda air: 400.0 if air > 145.613 else 600.0)
    assert found["low_K"] <= 145.613 + 273.15 <= found["high_K"]
    assert "(yes) and" in found["changes"][0]["text"]


def sensitivity(method, points, n_inputs=3, **more):
    inputs = {f"x{i}": {"uniform": [-np.pi, np.pi]} for i in range(n_inputs)}
    entries = {"kind": "sensitivity", "case": "x", "inputs": inputs, "outputs": {"y": "end.time_s"}, "method": method, "points": points}
    return Sensitivity.model_validate(entries | more)


def ishigami(x0, x1, x2):
    return float(np.sin(x0) + 7.0 * np.sin(x1) ** 2 + 0.1 * x2**4 * np.sin(x0))


def ishigami_indices():
    """First order and total, in closed form (Ishigami and Homma 1990) for a = 7, b = 0.1."""
    a, b = 7.0, 0.1
    v1, v2 = 0.5 * (1.0 + b * np.pi**4 / 5.0) ** 2, a**2 / 8.0
    v13 = b**2 * np.pi**8 * 8.0 / 225.0
    whole = v1 + v2 + v13
    return [v1 / whole, v2 / whole, 0.0], [(v1 + v13) / whole, v2 / whole, v13 / whole]


def test_sobol_indices_of_ishigami_s_function():
    found, asked = concluded(sensitivity("sobol", 4096, resamples=20), ishigami)
    assert asked == 4096 * 5
    inputs = found["results"]["y"]["inputs"]
    first, total = ishigami_indices()
    assert [inputs[f"x{i}"]["first"] for i in range(3)] == pytest.approx(first, abs=0.02)
    assert [inputs[f"x{i}"]["total"] for i in range(3)] == pytest.approx(total, abs=0.02)
    for entry in inputs.values():
        assert entry["total_low"] <= entry["total"] <= entry["total_high"]


def test_sobol_indices_are_those_of_another_program():
    """SALib, from the same numbers of runs."""
    sobol = pytest.importorskip("SALib.analyze.sobol")
    sample = pytest.importorskip("SALib.sample.sobol")
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[-np.pi, np.pi]] * 3}
    rows = sample.sample(problem, 4096, calc_second_order=False, seed=1)
    theirs = sobol.analyze(problem, np.array([ishigami(*row) for row in rows]), calc_second_order=False, seed=1)
    ours, _ = concluded(sensitivity("sobol", 4096, resamples=20), ishigami)
    for i in range(3):
        entry = ours["results"]["y"]["inputs"][f"x{i}"]
        assert entry["first"] == pytest.approx(theirs["S1"][i], abs=0.02)
        assert entry["total"] == pytest.approx(theirs["ST"][i], abs=0.02)


def test_morris_effects_of_a_linear_function_are_its_slopes():
    found, asked = concluded(sensitivity("morris", 12), lambda x0, x1, x2: 3.0 * x0 - x1)
    assert asked == 12 * 4
    inputs = found["results"]["y"]["inputs"]
    span = 2.0 * np.pi
    assert [inputs[f"x{i}"]["mean"] for i in range(3)] == pytest.approx([3.0 * span, -span, 0.0], abs=1e-9)
    assert [inputs[f"x{i}"]["sd"] for i in range(3)] == pytest.approx([0.0] * 3, abs=1e-9)


def test_local_slopes_are_derivatives_and_the_largest_change_comes_first():
    found, asked = concluded(sensitivity("local", 2), lambda x0, x1, x2: 3.0 * x0 - 7.0 * x1)
    assert asked == 7
    inputs = found["results"]["y"]["inputs"]
    assert list(inputs) == ["x1", "x0", "x2"]
    assert [inputs[f"x{i}"]["slope"] for i in range(3)] == pytest.approx([3.0, -7.0, 0.0])


def test_an_output_that_some_points_lack_has_no_index_and_the_count_is_said():
    found, _ = concluded(sensitivity("sobol", 64, resamples=5), lambda x0, x1, x2: None if x0 > 3.0 else x0)
    entry = found["results"]["y"]
    assert entry["inputs"] is None
    assert entry["absent"] > 0
    assert entry["problem"].startswith(f"{entry['absent']} of 320 points have no end.time_s")


def uncertainty(**more):
    inputs = {"a": {"normal": "0 K", "sd": "1 K"}, "b": {"normal": "0 K", "sd": "1 K"}}
    entries = {"kind": "uncertainty", "case": "x", "inputs": inputs, "outputs": {"y": "end.time_s"}, "points": 1024}
    return Uncertainty.model_validate(entries | more)


@pytest.mark.parametrize(("correlation", "exact"), [(0.6, np.sqrt(1 + 4 + 2 * 2 * 0.6)), (None, np.sqrt(5.0))])
def test_the_spread_of_a_linear_result_knows_the_correlation(correlation, exact):
    correlations = [] if correlation is None else [{"of": ["a", "b"], "value": correlation}]
    found, _ = concluded(uncertainty(correlations=correlations), lambda a, b: a + 2.0 * b)
    assert found["results"]["y"]["sd_s"] == pytest.approx(exact, rel=0.03)
    assert found["results"]["y"]["p50_s"] == pytest.approx(0.0, abs=0.05)


def test_quantiles_are_of_those_that_have_a_value_beside_the_share_without():
    found, _ = concluded(uncertainty(), lambda a, b: a if a > 0.0 else None)
    entry = found["results"]["y"]
    assert entry["share_without"] == pytest.approx(0.5, abs=0.01)
    assert entry["p50_s"] == pytest.approx(0.6745, abs=0.03)


def test_a_probability_has_wilson_s_interval_and_counts_failures_both_ways():
    """Wilson's interval of 8 in 10 is 0.4902 to 0.9433 (Brown, Cai and DasGupta 2001 give its formula)."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    found = probability([True] * 8 + [False] * 2 + [None] * 10)
    assert (found["probability"], found["if_failed_are_no"], found["if_failed_are_yes"]) == (0.8, 0.4, 0.9)


def test_a_sweep_has_every_combination_or_rows():
    inputs = {"a": {"from": "1 s", "to": "3 s", "points": 3}, "b": {"values": ["1 K", "2 K"]}}
    entries = {"kind": "sweep", "case": "x", "inputs": inputs, "outputs": {"y": "end.time_s"}}
    grid = Sweep.model_validate(entries).listed()
    assert len(grid) == 6
    assert grid[1] == {"a": "1.0 s", "b": "2 K"}
    problems = Sweep.model_validate(entries | {"rows": True}).problems()
    assert "differ in length" in problems[0][1]


def test_suffixes_say_the_unit_in_si():
    suffix, si = suffix_of("degC")
    assert (suffix, si(145.0)) == ("_K", 418.15)
    suffix, si = suffix_of("min")
    assert (suffix, si(2.0)) == ("_s", 120.0)
    assert suffix_of("furlong")[0] == ""


def test_a_spread_of_temperatures_is_in_kelvin_and_its_width_is_a_rise():
    found = spread_of([400.0, 410.0, None], "onsets.T1")
    assert found["p50_K"] == 405.0
    assert found["sd_rise_K"] == pytest.approx(7.0711, abs=1e-4)
    assert found["share_without"] == pytest.approx(1 / 3)


RANGE = {"programme.air": {"from": "140 degC", "to": "150 degC"}}
AIR = {"programme.air": {"uniform": ["150 degC", "160 degC"]}}
LIST = "a list of 1"


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({"posterior": ["a"], "inputs": {}}, [f"study.posterior: the name of a file is needed, found {LIST}"]),
        ({"posterior": {"a": 1}, "inputs": {}}, ["study.posterior: the name of a file is needed, found a block of keys (a)"]),
        ({"posterior": True, "inputs": {}}, ["study.posterior: the name of a file is needed, found true"]),
        ({"outputs": ["a"]}, [f"study.outputs: a block of keys is needed, found {LIST}"]),
        ({"outputs": {}, "yes": True}, ["study.yes: a block of keys is needed, found true"]),
        ({"inputs": ["a"]}, [f"study.inputs: a block of keys is needed, found {LIST}"]),
        (
            {"inputs": {"programme.air": {"normal": [3]}}},
            [f"study.inputs.programme.air.normal: a number with its unit is needed, found {LIST}"],
        ),
        (
            {"inputs": {"programme.air": {"normal": True}}},
            ["study.inputs.programme.air.normal: a number with its unit is needed, found true"],
        ),
    ],
)
def test_one_mistake_is_one_line(tmp_path, changed, lines):
    """What is left out to read on is not told to be missing."""
    assert mistakes(tmp_path, {"kind": "uncertainty", "inputs": AIR, "outputs": {"y": "end.time_s"}} | changed) == lines


def text_of(study, **more):
    return json.dumps({"title": "a study", "study": {"case": str(OVEN)} | study} | more)


def mistakes(tmp_path, study):
    with pytest.raises(CaseError) as caught:
        study_of(parse_document(text_of(study), str(tmp_path / "study.yaml")))
    return [f"{mistake.key}: {mistake.text}" for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"kind": "uncertainty", "inputs": {}, "outputs": {"y": "end.time_s"}}, "study.inputs: is empty"),
        ({"kind": "uncertainty", "inputs": AIR}, "study.outputs: is missing"),
        ({"kind": "uncertainty", "inputs": AIR, "outputs": {"y": "end.tim_s"}}, "study.outputs.y: unknown result 'end.tim_s'"),
        ({"kind": "uncertainty", "inputs": AIR, "outputs": {"y": "onsets.T2"}}, "has several numbers"),
        (
            {"kind": "uncertainty", "inputs": {"programme.are": {"uniform": ["1 K", "2 K"]}}, "outputs": {"y": "end.time_s"}},
            "study.inputs.programme.are: ",
        ),
        (
            {"kind": "uncertainty", "inputs": {"programme.air": {"uniform": ["1 W", "2 W"]}}, "outputs": {"y": "end.time_s"}},
            "wrong unit 'W'",
        ),
        (
            {"kind": "uncertainty", "inputs": {"programme.emissivity": {"uniform": ["0.6", "1.2"]}}, "outputs": {"y": "end.time_s"}},
            "study.inputs.programme.emissivity: 1.2: ",
        ),
        ({"kind": "uncertainty", "inputs": {"programme.air": {"values": ["1 K"]}}, "outputs": {"y": "end.time_s"}}, "needs a distribution"),
        ({"kind": "sweep", "inputs": AIR, "outputs": {"y": "end.time_s"}}, "of a sweep needs values"),
        ({"kind": "threshold", "inputs": AIR, "within": "1 K", "yes": HOT}, "of a threshold needs from and to"),
        (
            {"kind": "threshold", "inputs": {"programme.air": {"from": "140 degC", "to": "150 degC"}}, "within": "1 degC", "yes": HOT},
            "study.within: 1 degC is needed in K",
        ),
        (
            {"kind": "threshold", "inputs": {"programme.air": {"from": "140 degC", "to": "150 degC"}}, "within": "20 K", "yes": HOT},
            "smaller",
        ),
        (
            {"kind": "threshold", "inputs": {"programme.air": {"from": "140 degC", "to": "150 degC"}}, "within": "1 K"},
            "study.yes: is missing",
        ),
        (
            {
                "kind": "sensitivity",
                "inputs": AIR | {"programme.emissivity": {"uniform": ["0.6", "0.9"]}},
                "outputs": {"y": "end.time_s"},
                "correlations": [{"of": ["programme.air", "programme.emissivity"], "value": 0.5}],
            },
            "needs inputs that are independent",
        ),
        (
            {"kind": "uncertainty", "inputs": AIR, "yes": {"what": "onsets.T1", "above": "1 K", "below": "2 K"}},
            "stands beside 'above'",
        ),
    ],
)
def test_slips_are_refused_at_their_place(tmp_path, study, words):
    found = mistakes(tmp_path, study)
    assert any(words in mistake for mistake in found), found


def test_a_source_of_an_input_is_its_own(tmp_path):
    entry = {"uniform": ["150 degC", "160 degC"], "source": "the maker", "status": "measured"}
    said = {"kind": "uncertainty", "inputs": {"programme.air": entry}, "outputs": {"y": "end.time_s"}}
    study = study_of(parse_document(text_of(said), str(tmp_path / "study.yaml")))
    (found,) = study.text.study.inputs.values()
    assert (found.source, found.status) == ("the maker", "measured")


def summary_of(kind, conclusion, n=10, failed=()):
    return {"kind": kind, kind: conclusion, "points": {"n": n, "failed": list(failed)}}


def test_the_screen_says_what_came_out():
    found, asked = concluded(threshold(), runs_away_above(145.613))
    lines = conclusion_lines(summary_of("threshold", found, asked))
    assert lines[0] == "12 points"
    assert "the answer changes between 145.6" in lines[1]
    found, _ = concluded(sensitivity("local", 2), lambda x0, x1, x2: x0)
    ((head, rows),) = tables(summary_of("sensitivity", found))
    assert head[0] == "y"
    assert rows[0][0] == "x0"
