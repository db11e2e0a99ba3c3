"""The replay of the paper as a study: one table, kinds, words; and it claims no more than it may."""

import pytest

from tests.conftest import CASES
from thermo.app.run_into_folder import compared
from thermo.base.errors import CaseError
from thermo.casefile.reader import parse_document, read_document
from thermo.studies.study import is_study, judged_claims, leaves, said, study_of

REPLAY = study_of(read_document(CASES / "paper" / "replay.yaml"))
FILES = {"PI-Ag brick": "brick-pi-ag", "Cu brick": "brick-cu", "Cu-20Li": "cu-20li", "PI-Ag-20Li": "pi-ag-20li"}


@pytest.fixture(scope="module")
def replay(paper):
    summaries = {name: paper(file).summary() for name, file in FILES.items()}
    return compared(REPLAY.text.title, REPLAY.text.study, summaries)


def row(replay, member, result):
    return next(entry for entry in replay["table"] if entry["member"] == member and entry["result"].startswith(result))


def test_the_table_holds(replay):
    broken = [entry for entry in replay["table"] + replay["claims"] if entry["holds"] is False]
    assert broken == []


def test_every_row_says_its_kind(replay):
    assert [entry["result"] for entry in replay["table"] if entry["kind"] is None] == []


# What may be claimed of each headline number. T1, T2, T3 of Cu-20Li each have a number fitted to them; the PI-Ag onset and its
# cessation come out of choices made with them in view; the absence of a runaway is put in. Nothing here is predicted.
ALLOWED = {
    ("PI-Ag brick", "crossings.half-rise"): "exact",
    ("Cu brick", "crossings.half-rise"): "exact",
    ("Cu-20Li", "onsets.T1"): "calibrated",
    ("Cu-20Li", "onsets.T2.1 K/s"): "calibrated",
    ("Cu-20Li", "onsets.T3"): "calibrated",
    ("PI-Ag-20Li", "onsets.T1"): "selected",
    ("PI-Ag-20Li", "onsets.cessation"): "selected",
    ("PI-Ag-20Li", "onsets.T2.1 K/s"): "imposed",
    ("PI-Ag-20Li", "onsets.T3"): "imposed",
}


@pytest.mark.parametrize(("member", "result"), sorted(ALLOWED))
def test_the_table_claims_no_more_than_it_may(replay, member, result):
    assert row(replay, member, result)["kind"] == ALLOWED[member, result]


def test_nothing_in_the_calorimeter_is_called_predicted_or_exact(replay):
    cells = [entry for entry in replay["table"] if entry["member"].endswith("20Li")]
    assert {entry["kind"] for entry in cells} <= {"calibrated", "selected", "imposed"}


@pytest.mark.parametrize(
    "words",
    [
        "three calibrated numbers",
        "does not predict",
        "selected",
        "three or four steps after Cu-20Li, most likely 140 degC",
        "resumes at 140.76 degC",
        "the paper does not report that",
        "imposed in part",
        "runs away at 178 degC",
        "0.40, which lies below the 0.55 to 0.89",
        "cannot decide a result of the calorimeter",
        "table S5, which is not public",
    ],
)
def test_the_summary_says_it_in_words(replay, words):
    assert words in " ".join(" ".join(replay["remarks"]).split())


def test_the_paper_s_temperatures_are_expectations(replay):
    wanted = {
        ("Cu-20Li", "onsets.T1"): 121.0,
        ("Cu-20Li", "onsets.T2.1 K/s"): 125.0,
        ("Cu-20Li", "onsets.T3"): 680.0,
        ("PI-Ag-20Li", "onsets.T1"): 135.0,
    }
    for (member, result), temperature in wanted.items():
        assert row(replay, member, result)["wanted"] - 273.15 == pytest.approx(temperature)


def test_members_differ_only_in_what_the_words_say():
    """Cu-20Li and PI-Ag-20Li share chemistry and instrument; pool, heat capacity, short, ejection and end temperature differ."""
    cu, pi = (member.case for member in REPLAY.members if member.name.endswith("20Li"))
    assert cu.sample.chemistry == pi.sample.chemistry
    assert cu.sample.melting == pi.sample.melting
    assert cu.programme.calorimeter == pi.programme.calorimeter
    assert cu.programme.model_copy(update={"end": pi.programme.end}) == pi.programme
    assert list(pi.sample.changes) == ["pool.heat"]
    assert pi.sample.changes["pool.heat"] / cu.sample.mechanism().reactions["pool"].heat == pytest.approx(0.2025, rel=1e-3)
    assert pi.sample.short is None
    assert pi.sample.ejecta is None


def test_a_claim_is_the_ratio_of_two_results(replay):
    claim = judged_claims(REPLAY.text.study.claims, replay["members"])[0]
    assert claim["value"] == pytest.approx(147.5, rel=0.01)
    assert claim["holds"] is True


def test_a_group_in_the_table_stands_for_its_temperatures(replay):
    assert leaves(replay["members"]["Cu-20Li"], "onsets.T3") == ["onsets.T3.temperature_K"]
    assert "onsets.T2.1 K/s.temperature_K" in leaves(replay["members"]["Cu-20Li"], "onsets.T2")


def test_a_remark_gives_results_as_people_read_them():
    summaries = {"a": {"onsets": {"T1": {"temperature_K": 400.0}, "T3": None}}}
    assert said("T1 {a: onsets.T1.temperature_K}, T3 {a: onsets.T3.temperature_K}", summaries) == "T1 126.85 degC, T3 none"


def mistakes_of(text):
    with pytest.raises(CaseError) as caught:
        study_of(parse_document(text, str(CASES / "paper" / "study.yaml")))
    return str(caught.value)


def test_mistakes_of_a_study_come_all_at_once():
    text = """
title: x
study:
  kind: compare
  cases: {Cu: cu-20li.yaml, lost: no-such-file.yaml}
  table: [onsets.T1.temperature_K]
  claims:
    - {what: Cu / Cx of onsets.T1.temperature_K, value: 1, within: 1 %, kind: exact, source: x}
  remarks: ["{Cv: onsets.T1.temperature_K}"]
"""
    found = mistakes_of(text)
    assert "no-such-file.yaml: there is no such file" in found
    assert "study.claims.0.what: there is no member 'Cx'" in found
    assert "study.remarks.0: there is no member 'Cv'" in found


@pytest.mark.parametrize(
    ("said", "line", "key"),
    [
        ("kind: batch\n  case: lost.yaml\n  table: {programme.wait: [1 min]}", 4, "study.case"),
        ("kind: batch\n  case:\n    file: lost.yaml\n  table: {programme.wait: [1 min]}", 5, "study.case.file"),
        ("kind: compare\n  cases:\n    one: lost.yaml\n  table: [onsets.T2]", 5, "study.cases.one"),
    ],
)
def test_a_file_that_is_not_there_is_a_mistake_where_it_is_named(tmp_path, said, line, key):
    (tmp_path / "study.yaml").write_text(f"title: x\nstudy:\n  {said}\n")
    with pytest.raises(CaseError) as caught:
        study_of(read_document(tmp_path / "study.yaml"))
    assert str(caught.value) == f"{tmp_path}/study.yaml:{line}: {key}: {tmp_path}/lost.yaml: there is no such file"


def test_a_comparison_with_expectations_is_refused():
    text = """
title: x
study: {kind: compare, cases: {Cu: cu-20li.yaml}, table: [onsets.T1.temperature_K]}
expect: [{what: onsets.T1.temperature_K, below: 400 K, kind: exact, source: x}]
"""
    assert "study.yaml:4: expect: is not for a comparison: its members have their own" in mistakes_of(text)


def test_a_claim_that_cannot_be_read():
    text = """
title: x
study:
  kind: compare
  cases: {Cu: cu-20li.yaml}
  table: [onsets.T1.temperature_K]
  claims: [{what: Cu over Cu, value: 1, within: 1 K, kind: exakt, source: x}]
"""
    found = mistakes_of(text)
    assert "unknown" in found
    assert "exakt" in found


# --- slips in a study ---
def test_a_study_misspelt_is_one_mistake_and_what_it_lacks_is_told_with_it(tmp_path):
    (tmp_path / "s.yaml").write_text("title: x\nstud:\n  kind: compare\n")
    document = read_document(tmp_path / "s.yaml")
    assert is_study(document)
    with pytest.raises(CaseError) as caught:
        study_of(document)
    found = [str(mistake) for mistake in caught.value.mistakes]
    assert found[0] == f"{tmp_path}/s.yaml:2: stud: unknown key; did you mean 'study'?"
    assert [line.removeprefix(f"{tmp_path}/s.yaml:2: ") for line in found[1:]] == ["study.cases: is missing", "study.table: is missing"]


MEMBER = """
title: a cell in an oven
sample:
  kind: lumped
  heat_capacity: {at_298K: 3 J/K}
  surface: 40 cm2
  temperature: 25 degC
programme: {kind: oven, air: 155 degC, heat_transfer_coefficient: 7 W/(m2 K), end: 2 h}
measure: {crossings: {hot: {probe: sample, temperature: 150 degC}}}
"""
COMPARE = """
title: two
study:
  kind: compare
  cases: {cases}
  table: {table}
  {more}
"""


def mistakes(tmp_path, cases="{a: m.yaml, b: m.yaml}", table="[crossings.hot.time_s]", more=""):
    (tmp_path / "m.yaml").write_text(MEMBER)
    (tmp_path / "s.yaml").write_text(COMPARE.format(cases=cases, table=table, more=more))
    try:
        study_of(read_document(tmp_path / "s.yaml"))
    except CaseError as error:
        return [str(mistake).removeprefix(str(tmp_path)) for mistake in error.mistakes]
    return []


CLAIM = "claims: [{{what: {what}, value: 1, within: 5 %, kind: exact, source: x}}]"


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (
            {"table": "[crossings.hot.tim_s]"},
            "/s.yaml:6: study.table.0: unknown result 'crossings.hot.tim_s': there is no 'tim_s'; did you mean",
        ),
        ({"table": "[onsets.T7]"}, "there is no 'T7'; did you mean 'T1'?"),
        ({"table": "[crossings.cold.time_s]"}, "there is no 'cold'"),
        ({"table": "[nonsense]"}, "unknown result 'nonsense'"),
        ({"more": CLAIM.format(what="a / c of end.time_s")}, "/s.yaml:7: study.claims.0.what: there is no member 'c'"),
        ({"more": CLAIM.format(what="a / b of end.tme_s")}, "a: unknown result 'end.tme_s'"),
        ({"more": CLAIM.format(what="a / b of probes.sample")}, "has several numbers"),
        ({"more": CLAIM.format(what="a / b of probes.sample.maximum_K")}, "the ratio of two temperatures depends on their unit"),
        ({"more": "remarks: ['it is {a: nonsense.key}']"}, "/s.yaml:7: study.remarks.0: a: unknown result 'nonsense.key'"),
        ({"cases": "{cell a: m.yaml, cell-a: m.yaml}"}, "/s.yaml:5: study.cases.cell-a: has the folder 'cell-a', as 'cell a' has"),
        ({"cases": "{Cell: m.yaml, cell: m.yaml}"}, "has the folder 'cell', as 'Cell' has"),
        ({"cases": "{summary.json: m.yaml, b: m.yaml}"}, "has the folder 'summary.json', which is the study's own"),
        ({"cases": "{a: m.yaml, b: {file: m.yaml, set: {programme.air: 165}}}"}, "study.cases.b.set.programme.air: 165 has no unit"),
        ({"cases": "{a: m.yaml, b: {file: m.yaml, set: {programme.are: 165 K}}}"}, "study.cases.b.set.programme.are: "),
        (
            {"cases": "{a: m.yaml, b: {file: m.yaml, expect: [{what: end.tim_s, value: 1 s, within: 1 s, kind: exact, source: x}]}}"},
            "study.cases.b.expect.0.what: unknown result 'end.tim_s'",
        ),
    ],
)
def test_slips_are_mistakes_at_their_line(tmp_path, slip, words):
    found = mistakes(tmp_path, **slip)
    assert any(words in mistake for mistake in found), found


def test_what_is_right_is_taken(tmp_path):
    more = CLAIM.format(what="a / b of crossings.hot.time_s") + "\n  remarks: ['after {a: crossings.hot.time_s}']"
    assert mistakes(tmp_path, table="[crossings.hot.time_s, onsets.T2, probes.sample]", more=more) == []
