"""The draws of a calibration as inputs of a study: whole rows, so that spread and correlations are those of the draws."""

import csv
import json

import numpy as np
import pytest

from tests.studies.calibrations import ARC, DSC, TWO, arc_record, cell, fit_of, mechanism, study
from thermo.app.run_into_folder import run_study
from thermo.app.run_points import Silent
from thermo.base.errors import CaseError
from thermo.casefile.reader import parse_document, read_document
from thermo.results.points_words import conclusion_lines
from thermo.studies.inputs import number_of
from thermo.studies.points import Outcome
from thermo.studies.study import study_of

HEATS = ("sample.with.r0.heat", "sample.with.r1.heat")
STUDY = """
title: draws
study:
  kind: uncertainty
  case: fitted.yaml
  posterior: fit/mechanism.yaml
  outputs: {out: energy.heat_out_J}
  points: 12
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A calibration in `fit`, one whose second heat is each record's own in `own`, and cases with their chemistry."""
    made = tmp_path_factory.mktemp("draws")
    truth = cell(mechanism(TWO))
    arc_record(made / "one.csv", truth)
    arc_record(made / "two.csv", truth, "programme.calorimeter.phi=1.5")
    (made / "cell.yaml").write_text(cell(mechanism(TWO, faster=1.5, higher=6.0)))
    records = {name: f"file: {name}.csv, kind: arc, noise: 0.02 K" for name in ("one", "two")}
    records["two"] += ", set: {programme.calorimeter.phi: 1.5}"
    for name, more in (("fit", ""), ("own", "  own: {r1.heat: each}\n")):
        (made / f"{name}.yaml").write_text(study(records, fit_of(2), f"  starts: 2\n  intervals: linearised\n{more}"))
        run_study(study_of(read_document(made / f"{name}.yaml")), made / name, Silent())
    (made / "fitted.yaml").write_text(cell("  chemistry: fit/mechanism.yaml", DSC))
    (made / "arc.yaml").write_text(cell("  chemistry: fit/mechanism.yaml", ARC))
    (made / "of-two.yaml").write_text(cell("  chemistry: own/mechanism-two.yaml", DSC))
    return made


def kind_of(folder, text=STUDY):
    """The study as read from a file of this text in the folder."""
    return study_of(parse_document(text, str(folder / "study.yaml"))).text.study


def draws_of(folder, name="fit/posterior.csv"):
    """The draws as numbers, by column."""
    with (folder / name).open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([number_of(row[key]).value for row in rows]) for key in rows[0]}


def columns_of(points):
    """Numbers of points, by key."""
    return {key: np.array([number_of(point[key]).value for point in points]) for key in points[0]}


def concluded(kind, function):
    """The conclusion of a study whose result is a function of a point's numbers."""
    rounds = kind.rounds()
    points = next(rounds)
    with pytest.raises(StopIteration) as ended:
        rounds.send([Outcome({"out": function({k: number_of(v).value for k, v in point.items()})}, None) for point in points])
    return ended.value.value


def test_the_spread_of_a_linear_result_is_that_of_the_draws(folder):
    """All 2000 rows once: mean and standard deviation of 3 h0 - h1 are those of the draws, correlation included."""
    kind = kind_of(folder, STUDY.replace("points: 12", "points: 2000"))
    found = concluded(kind, lambda numbers: 3.0 * numbers[HEATS[0]] - numbers[HEATS[1]])["results"]["out"]
    draws = draws_of(folder)
    wanted = 3.0 * draws[HEATS[0]] - draws[HEATS[1]]
    assert found["sd_J"] == pytest.approx(wanted.std(ddof=1), rel=1e-9)
    assert found["p50_J"] == pytest.approx(np.median(wanted), rel=1e-12)


def test_correlations_of_the_draws_survive(folder):
    """Each point is one row of the file, whatever other inputs the study has."""
    text = STUDY.replace("points: 12", "points: 1500\n  inputs: {sample.mass: {uniform: [1 g, 1.1 g]}}")
    points = kind_of(folder, text).listed()
    mass = columns_of(points).pop("sample.mass")
    assert (mass.min(), mass.max()) == pytest.approx((1.0, 1.1), abs=0.001)
    rows = {tuple(row.values()) for row in csv.DictReader((folder / "fit" / "posterior.csv").read_text().splitlines())}
    assert {tuple(value for key, value in point.items() if key != "sample.mass") for point in points} <= rows
    draws, taken = draws_of(folder), columns_of(points)
    pair = ("sample.with.r0.pre_exponential_factor", "sample.with.r0.activation_energy")
    whole = np.corrcoef(draws[pair[0]], draws[pair[1]])[0, 1]
    assert abs(whole) > 0.3
    assert np.corrcoef(taken[pair[0]], taken[pair[1]])[0, 1] == pytest.approx(whole, abs=0.03)
    assert abs(np.corrcoef(mass, taken[pair[0]])[0, 1]) < 0.1


def test_a_row_comes_twice_only_if_there_are_more_points_than_rows(folder):
    few, many = (kind_of(folder, STUDY.replace("points: 12", f"points: {n}")) for n in (1999, 2001))
    assert len({tuple(point.values()) for point in few.listed()}) == 1999
    assert len({tuple(point.values()) for point in many.listed()}) < 2000
    said = concluded(many, lambda numbers: 1.0)["posterior"]
    assert said["rows_come_again"]
    assert said["text"].endswith("2001 points have more than its 2000 rows, so rows come again")
    assert kind_of(folder, STUDY + "  seed: 2\n").listed() != kind_of(folder).listed() == kind_of(folder).listed()


def test_a_run_has_the_numbers_of_its_row(folder, thermo, tmp_path):
    """The heat that a scan gives out is the sum of both heats, at the start amounts of one, less what is left at its end."""
    (folder / "scan.yaml").write_text(STUDY)
    code, out, err = thermo("run", folder / "scan.yaml", "--out", "scan", "--workers", "1")
    assert code == 0, err
    assert "6 numbers of the chemistry are rows of fit/posterior.csv" in out
    assert "assumed" not in out
    rows = list(csv.DictReader((tmp_path / "scan" / "table.csv").read_text().splitlines()))
    for row in rows:
        heats = sum(float(row[f"{name} [J]"]) for name in HEATS)
        assert float(row["out_J"]) == pytest.approx(heats, rel=1e-6)
    summary = json.loads((tmp_path / "scan" / "summary.json").read_text())
    assert summary["uncertainty"]["posterior"]["rows"] == 2000
    assert conclusion_lines(summary)[1] == "6 numbers of the chemistry are rows of fit/posterior.csv"


def test_a_record_with_numbers_of_its_own_has_draws_of_its_own(folder):
    """The heat of each record alone: its draws lie about the number of its mechanism."""
    text = STUDY.replace("fitted.yaml", "of-two.yaml").replace("fit/mechanism.yaml", "own/mechanism-two.yaml")
    kind = kind_of(folder, text)
    assert kind.posterior.file == "own/posterior-two.csv"
    heats = {name: draws_of(folder, f"own/posterior-{name}.csv")[HEATS[1]] for name in ("one", "two")}
    assert heats["two"].mean() == pytest.approx(float(kind.posterior.mechanism.reactions["r1"].heat), abs=heats["two"].std())
    assert np.any(heats["one"] != heats["two"])


def test_a_number_that_the_records_left_open_is_called_assumed(folder, tmp_path):
    text = (folder / "fit" / "mechanism.yaml").read_text()
    (tmp_path / "mechanism.yaml").write_text(text.replace("status: calibrated", "status: assumed", 1))
    (tmp_path / "posterior.csv").write_text((folder / "fit" / "posterior.csv").read_text())
    (tmp_path / "fitted.yaml").write_text(cell("  chemistry: mechanism.yaml", DSC))
    (entry,) = kind_of(tmp_path, STUDY.replace("fit/mechanism", "mechanism")).posterior.assumed()
    assert entry["key"] == "sample.with.r0.pre_exponential_factor"
    assert entry["status"] == "assumed"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "posterior: fit/mechanism.yaml",
            "posterior: none/mechanism.yaml",
            "study.posterior: FOLDER/none/mechanism.yaml: there is no such",
        ),
        ("posterior: fit/mechanism.yaml", "posterior: none.csv", "study.posterior: FOLDER/none.csv: there is no such file"),
        ("posterior: fit/mechanism.yaml", "posterior: fit/mechanism", "name the mechanism.yaml of a calibration"),
        ("posterior: fit/mechanism.yaml", "posterior: fit/table.csv", "table.csv:1: name: is no fitted number of a reaction"),
        ("posterior: fit/mechanism.yaml", "posterior: own/mechanism.yaml", "the draws are of another chemistry: reaction 'r0'"),
        ("case: fitted.yaml", "case: {file: fitted.yaml, set: {sample.with.r0.heat: 3 J}}", "reaction 'r0' is another one in the case"),
        ("case: fitted.yaml", "case: inert.yaml", "changes the chemistry of a cell of one temperature, and this case has none"),
        ("points: 12", "inputs: {sample.with.r0.heat: {uniform: [1 J, 2 J]}}", "is drawn from fit/posterior.csv already"),
    ],
)
def test_a_study_that_cannot_be_meant_is_one_line(folder, old, new, words):
    (folder / "inert.yaml").write_text(cell("", DSC).replace("  chemistry:\n", ""))
    text = STUDY.replace(old, new)
    with pytest.raises(CaseError) as caught:
        kind_of(folder, text)
    lines = caught.value.lines()
    assert len(lines) == 1, lines
    assert words.replace("FOLDER", str(folder)) in lines[0]
    assert "study.yaml:" in lines[0]


@pytest.mark.parametrize(
    ("row", "old", "new", "words"),
    [
        (3, " J,", " kJ,", "posterior.csv:3: sample.with.r0.heat: has the unit 'kJ'; the rows above have 'J'"),
        (3, "e-05 1/s", "e-05", "has no unit; a rate constant (1/s) is needed"),
        (4, "13", "x13", "posterior.csv:4: sample.with.r0.activation_energy: 'x13"),
        (4, ",", ",-", "must"),
        (5, ",", ";", "posterior.csv:5: has 5 cells, but there are 6 columns"),
        (1, "r0.heat", "r7.heat", "is no fitted number of a reaction"),
        (1, "r0.heat", "r0.activation_energy", "appears twice"),
    ],
)
def test_a_file_of_draws_that_is_damaged_is_one_line(folder, tmp_path, row, old, new, words):
    lines = (folder / "fit" / "posterior.csv").read_text().splitlines()
    assert old in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old, new, 1)
    (tmp_path / "posterior.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "mechanism.yaml").write_text((folder / "fit" / "mechanism.yaml").read_text())
    (tmp_path / "fitted.yaml").write_text(cell("  chemistry: mechanism.yaml", DSC))
    with pytest.raises(CaseError) as caught:
        kind_of(tmp_path, STUDY.replace("fit/mechanism.yaml", "posterior.csv"))
    found = caught.value.lines()
    assert len(found) == 1, found
    assert words in found[0]


@pytest.mark.slow
def test_compiled_points_have_the_numbers_of_their_rows_too(folder, thermo, tmp_path, monkeypatch):
    from thermo.app import run_points

    text = STUDY.replace("fitted.yaml", "arc.yaml").replace("points: 12", "points: 4")
    (folder / "many.yaml").write_text(text.replace("out: energy.heat_out_J", "T1: onsets.T1, T3: onsets.T3, t: end.time_s"))
    assert thermo("run", folder / "many.yaml", "--no-report", "--out", "single")[0] == 0
    monkeypatch.setattr(run_points, "WORTH", 4)
    assert thermo("run", folder / "many.yaml", "--no-report", "--out", "compiled")[0] == 0
    single, compiled = (list(csv.DictReader((tmp_path / name / "table.csv").read_text().splitlines())) for name in ("single", "compiled"))
    assert len({row["T3_K"] for row in single}) == 4
    for a, b in zip(single, compiled, strict=True):
        assert a[f"{HEATS[0]} [J]"] == b[f"{HEATS[0]} [J]"]
        for name in ("T1_K", "T3_K", "t_s"):
            assert float(a[name]) == pytest.approx(float(b[name]), rel=1e-9)
