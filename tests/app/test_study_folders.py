"""The folder of a study: a folder a case and one table, and what is wrong with a member."""

import json

import pytest

from tests.app.test_run_into_folder import Quiet
from tests.conftest import CASES
from thermo.app.run_into_folder import run_study
from thermo.base.errors import FolderError
from thermo.casefile.reader import read_document
from thermo.results.store import damage, sealed_files
from thermo.studies.study import study_of

STUDY = """
title: two cells
study:
  kind: compare
  cases: {first cell: a.yaml, second: b.yaml}
  table: [onsets.T1.temperature_K, onsets.T2, onsets.T3.temperature_K]
  claims: [{what: first cell / second of onsets.T1.time_s, value: 1, within: 0.1 %, kind: exact, source: the same cell}]
  remarks: ["T1 is {first cell: onsets.T1.temperature_K}"]
"""


def study_file(tmp_path):
    text = (CASES / "paper" / "cu-20li.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text.replace("value: 0.4,", "value: 0.5,"))
    (tmp_path / "study.yaml").write_text(STUDY)
    return study_of(read_document(tmp_path / "study.yaml"))


def test_a_study_leaves_a_folder_a_case_and_one_table(tmp_path):
    folder = tmp_path / "out"
    summary = run_study(study_file(tmp_path), folder, Quiet())
    assert {f.name for f in folder.iterdir() if f.is_dir()} == {"first-cell", "second"}
    assert summary["claims"][0]["holds"] is True
    assert summary["remarks"] == ["T1 is 120.79 degC"]
    header, *rows = (folder / "table.csv").read_text().splitlines()
    assert header == "member,result,value,unit,wanted,within,above,below,margin,holds,kind,source"
    assert len(rows) == 2 * 6 + 1
    assert damage(folder) == []
    assert damage(folder / "second") == []
    assert run_study(study_file(tmp_path), folder, Quiet())["table"] == json.loads(json.dumps(summary["table"]))


def test_what_is_wrong_in_the_folder_of_a_member_is_wrong_with_the_study(tmp_path, thermo):
    run_study(study_file(tmp_path), tmp_path / "out", Quiet())
    n_files = sum(len(sealed_files(json.loads(file.read_text()))) for file in (tmp_path / "out").rglob("manifest.json"))
    code, out, _ = thermo("verify", "out")
    assert code == 0
    assert f"complete, {n_files} files unchanged" in out
    (tmp_path / "out" / "first-cell" / "history.csv").write_text("time_s\n")
    (tmp_path / "out" / "second" / "summary.json").unlink()
    code, _, err = thermo("verify", "out")
    assert code == 5
    assert err == [
        "error: out: member first cell: history.csv was changed after the run",
        "error: out: member second: summary.json is missing",
    ]
    with pytest.raises(FolderError, match="member first cell"):
        run_study(study_file(tmp_path), tmp_path / "out", Quiet())


def test_a_study_with_a_failed_member_keeps_the_others_and_says_so(tmp_path):
    study = study_file(tmp_path)
    (tmp_path / "b.yaml").write_text((tmp_path / "b.yaml").read_text() + "numerics: {most_steps: 20}\n")
    summary = run_study(study_of(study.document), tmp_path / "out", Quiet())
    assert summary["status"] == "failed"
    assert summary["reason"] == "failed: second"
    assert summary["members"]["first cell"]["status"] == "complete"
    assert "budget of steps" in summary["members"]["second"]["end"]["reason"]


@pytest.mark.slow
def test_a_study_killed_between_members_goes_on(tmp_path):
    study, folder = study_file(tmp_path), tmp_path / "out"
    run_study(study, folder, Quiet())
    whole = (folder / "table.csv").read_bytes()
    for name in ("status.json", "summary.json", "table.csv", "manifest.json"):
        (folder / name).unlink()
    status = folder / "second" / "status.json"
    status.write_text(status.read_text().replace("complete", "running"))
    (folder / "status.json").write_text(json.dumps({"status": "running", "case_sha256": "x"}))
    with pytest.raises(FolderError, match="another case"):
        run_study(study, folder, Quiet())
    from thermo.studies.study import study_hash

    (folder / "status.json").write_text(json.dumps({"status": "running", "case_sha256": study_hash(study)}))
    with pytest.raises(FolderError, match="unfinished"):
        run_study(study, folder, Quiet())
    run_study(study, folder, Quiet(), resume=True)
    assert (folder / "table.csv").read_bytes() == whole
