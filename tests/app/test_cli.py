"""The commands: what they print, exit codes, and that bad input costs one clear line and nothing else."""

import json
import os
import subprocess
import sys

import pytest

from tests.app.test_run_into_folder import BRICK
from tests.conftest import CASES

CU = CASES / "paper" / "cu-20li.yaml"


def test_run_prints_a_table_and_leaves_a_folder(thermo, tmp_path):
    code, out, _ = thermo("run", CU, "--no-pictures")
    assert code == 0
    assert "T1: 120.79 degC after 6.823 h, mean rate over the seek window >= 0.02 K/min, margin 62 %" in out
    assert "T2 (1 K/s): 125.00 degC" in out
    assert "T3: 680.00 degC" in out
    assert "onsets.T3.temperature_K" in out
    assert "calibrated" in out
    assert "energy balance error" in out
    assert "results: results/cu-20li" in out
    assert (tmp_path / "results" / "cu-20li" / "summary.json").is_file()


def test_a_second_run_shows_what_is_there(thermo, tmp_path):
    first = thermo("run", CU, "--no-pictures")
    stamp = (tmp_path / "results" / "cu-20li" / "summary.json").stat().st_mtime_ns
    assert thermo("run", CU, "--no-pictures")[:2] == first[:2]
    assert (tmp_path / "results" / "cu-20li" / "summary.json").stat().st_mtime_ns == stamp


def test_another_case_in_its_place_ends_with_4(thermo):
    thermo("run", CU, "--no-pictures", "--out", "out")
    code, out, err = thermo("run", CU, "--no-pictures", "--out", "out", "--set", "programme.wait=20 min")
    assert code == 4
    assert out == ""
    assert len(err) == 1
    assert "--out" in err[0]
    assert "--force" in err[0]
    assert thermo("run", CU, "--no-pictures", "--out", "out", "--set", "programme.wait=20 min", "--force")[0] == 0


def test_set_changes_one_entry_and_is_recorded(thermo, tmp_path):
    code, out, _ = thermo("run", CU, "--no-pictures", "--set", "programme.end=100 degC")
    assert code == 0
    assert "ended: end temperature" in out
    summary = json.loads((tmp_path / "results" / "cu-20li" / "summary.json").read_text())
    listed = {entry["key"]: entry for entry in summary["inputs_not_measured"]}
    assert listed["programme.end"]["source"] == "set on the command line"


@pytest.mark.slow
def test_a_title_that_the_output_cannot_hold_costs_its_characters_alone(tmp_path):
    """As in a pipe on Windows, after an hour of computing."""
    file = tmp_path / "cell.yaml"
    file.write_text(CU.read_text(encoding="utf-8").replace("title: ", "title: → ", 1), encoding="utf-8")
    command = [sys.executable, "-m", "thermo", "run", file, "--no-pictures", "--quiet", "--set", "programme.end=100 degC"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(CASES.parent)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout.startswith(b"? ")
    assert done.stderr == b""


def test_set_may_add_a_block(thermo):
    assert thermo("run", CU, "--no-pictures", "--set", "numerics.tolerance=1e-6")[0] == 0


def test_a_numerical_failure_ends_with_3_and_keeps_what_there_is(thermo, tmp_path):
    code, _, err = thermo("run", CU, "--no-pictures", "--quiet", "--set", "numerics.most_steps=50")
    assert code == 3
    assert len(err) == 1
    assert "budget of steps is used up at" in err[0]
    summary = json.loads((tmp_path / "results" / "cu-20li" / "summary.json").read_text())
    assert summary["status"] == "failed"
    assert (tmp_path / "results" / "cu-20li" / "history.csv").is_file()


@pytest.mark.slow
def test_several_files_at_once(thermo, tmp_path):
    code, _, _ = thermo("run", CU, CASES / "paper" / "pi-ag-20li.yaml", "--no-pictures", "--quiet")
    assert code == 0
    assert {folder.name for folder in (tmp_path / "results").iterdir()} == {"cu-20li", "pi-ag-20li"}
    assert thermo("run", CU, CU, "--out", "x")[0] == 2


def test_bad_input_is_one_line_a_mistake_exit_2_and_nothing_written(thermo, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(CU.read_text().replace("wait: {value: 15 min", "wiat: {value: 15 min").replace("value: 10 min", "value: 10"))
    code, out, err = thermo("run", bad)
    assert code == 2
    assert out == ""
    assert all(line.startswith(f"error: {bad}:") for line in err)
    assert any("programme.wiat: unknown key; did you mean 'wait'?" in line for line in err)
    assert any("10 has no unit" in line for line in err)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bad.yaml"]


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "empty"])
def test_what_is_no_case_file_is_refused_at_once(thermo, tmp_path, kind):
    place = tmp_path / "x.yaml"
    if kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no FIFO on this system")
        os.mkfifo(place)
    elif kind == "empty":
        place.write_text("")
    code, _, err = thermo("check", place)
    assert code == 2
    assert len(err) == 1


CURVES = {f"{name}.png" for name in ("conversion", "energy", "rate", "release", "temperature")}


@pytest.mark.slow
def test_a_run_replaced_has_its_pictures_again(thermo, tmp_path):
    for words in ((), ("--force",)):
        assert thermo("run", CU, "--out", "out", *words)[0] == 0
        assert {file.name for file in (tmp_path / "out" / "pictures").iterdir()} == CURVES


def test_check_gives_size_memory_and_time(thermo, tmp_path):
    code, out, _ = thermo("check", CASES / "paper" / "replay.yaml")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 10
    assert "a quarter of the body" in lines[0]
    assert "MB" in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_a_huge_grid(thermo):
    code, _, err = thermo("check", CASES / "paper" / "brick-cu.yaml", "--set", "sample.mesh.largest=10 nm")
    assert code == 2
    assert "nodes; at most" in err[0]


def test_library_lists_and_prints_with_sources(thermo):
    out = thermo("library")[1]
    assert "silver" in out
    assert "limetal-ncm811-lhce" in out
    silver = thermo("library", "silver")[1]
    assert "10500 kg/m3" in silver
    assert "[literature]" in silver
    mechanism = thermo("library", "limetal-ncm811-lhce")[1]
    assert "A exp(-E/(R T))" in mechanism
    assert "[calibrated]" in mechanism
    code, _, err = thermo("library", "sliver")
    assert code == 2
    assert "did you mean 'silver'?" in err[0]


def test_schema_is_a_json_schema_of_a_case(thermo):
    schema = json.loads(thermo("schema")[1])
    assert set(schema["properties"]) == {"title", "notes", "materials", "sample", "programme", "measure", "expect", "numerics"}
    assert "Held" in schema["$defs"]


def test_verify_tells_a_whole_folder_from_a_changed_one(thermo, tmp_path):
    thermo("run", CU, "--no-pictures")
    code, out, _ = thermo("verify", "results/cu-20li")
    assert code == 0
    assert "complete" in out
    (tmp_path / "results" / "cu-20li" / "history.csv").write_text("time_s\n")
    code, _, err = thermo("verify", "results/cu-20li")
    assert code == 5
    assert "history.csv was changed after the run" in err[0]
    assert thermo("verify", "nowhere")[0] == 5


def test_compare_puts_folders_side_by_side(thermo, tmp_path):
    thermo("run", CU, CASES / "paper" / "pi-ag-20li.yaml", "--no-pictures", "--quiet")
    code, out, _ = thermo("compare", "results/cu-20li", "results/pi-ag-20li")
    assert code == 0
    assert "120.79 degC" in out
    assert "135.52 degC" in out
    assert thermo("compare", "results/cu-20li", "nowhere")[0] == 5


def test_a_mistake_of_ours_is_one_line_and_a_file(thermo, monkeypatch):
    def broken(*_):
        raise RuntimeError("oops")

    monkeypatch.setattr("thermo.app.library_pages.listing", broken)
    code, _, err = thermo("library")
    assert code == 1
    assert len(err) == 2
    assert err[0] == "internal error: RuntimeError: oops"
    assert "the traceback is in" in err[1]


def test_progress_in_plain_lines_goes_to_stderr(thermo):
    _, out, err = thermo("run", CU, "--no-pictures")
    assert any("one temperature, 4 reactions" in line for line in err)
    assert "one temperature" not in out


def test_starting_the_program_loads_nothing_heavy():
    """Imports are late: help needs no numpy, reading a case neither scipy nor scikit-fem, a lumped run no compiler."""
    script = (
        "import sys; from thermo.app import cli; a = 'numpy' in sys.modules;"
        "from thermo import read_case; c = read_case(sys.argv[1]); b = {'scipy', 'skfem', 'pyvista', 'matplotlib'} & set(sys.modules);"
        "from thermo import run; run(c); n = 'numba' in sys.modules; print(a, sorted(b), n)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(CU)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "False [] False"


def test_a_mesh_check_refines_once_and_reports_the_difference(thermo, tmp_path):
    case = tmp_path / "brick.yaml"
    case.write_text(BRICK)
    code, out, _ = thermo("run", case, "--no-pictures", "--set", "numerics.check_mesh=true")
    assert code == 0
    assert "mesh refined once: half changes by" in out
    check = json.loads((tmp_path / "results" / "brick" / "summary.json").read_text())["mesh_check"]
    assert check["refined_n_dofs"] > 5 * check["n_dofs"]
    assert abs(check["crossings"]["half"]["relative_difference"]) > 1e-4


@pytest.mark.slow
def test_compare_lists_each_result_once(thermo):
    """One case names `onsets.T3`, the other `onsets.T3.temperature_K`: they are one row."""
    thermo("run", CU, CASES / "paper" / "pi-ag-20li.yaml", "--no-pictures", "--quiet")
    out = thermo("compare", "results/cu-20li", "results/pi-ag-20li")[1]
    rows = [line for line in out.splitlines() if line.startswith("results/")]
    names = [" ".join(line.split()[1:3]).removesuffix(".temperature_K") for line in out.splitlines() if line.startswith("results/cu")]
    assert len(rows) == 14
    assert len(names) == len(set(names))


def test_compare_of_a_study_names_its_members(thermo, tmp_path):
    (tmp_path / "a.yaml").write_text(CU.read_text())
    (tmp_path / "study.yaml").write_text("title: x\nstudy: {kind: compare, cases: {one: a.yaml}, table: [onsets.T1.temperature_K]}\n")
    assert thermo("run", "study.yaml", "--no-pictures")[0] == 0
    code, _, err = thermo("compare", "results/study")
    assert code == 5
    assert "is a study; name its members: results/study/one" in err[0]


def test_pictures_of_a_damaged_history_are_refused_at_its_line(thermo, tmp_path):
    thermo("run", CU, "--no-pictures")
    history = tmp_path / "results" / "cu-20li" / "history.csv"
    lines = history.read_text().splitlines()
    lines[5] = lines[5].replace(".", ".x", 1)
    history.write_text("\n".join(lines) + "\n")
    code, _, err = thermo("picture", "results/cu-20li")
    assert code == 5
    assert "history.csv:6: " in err[-1]
    assert "is not a number" in err[-1]


def test_a_group_that_came_out_is_shown_with_its_temperature(thermo):
    """`onsets.T2.1 K/s` is wanted to be none; where it is not, the table says what it is, and NO."""
    code, out, _ = thermo("run", CASES / "paper" / "pi-ag-20li.yaml", "--no-pictures", "--set", "programme.end=200 degC")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("onsets.T2.1 K/s"))
    assert "178.12 degC" in line
    assert line.endswith("NO")


def test_a_run_that_is_there_says_that_nothing_was_computed(thermo):
    thermo("run", CU, "--no-pictures")
    assert any("nothing was computed" in line for line in thermo("run", CU, "--no-pictures")[2])


WALL = """
title: a wall heated through a film
materials: {m: {density: 900 kg/m3, heat_capacity: 1100 J/(kg K), thermal_conductivity: 0.1 W/(m K)}}
sample:
  kind: boxes
  coordinates: line
  regions: {wall: {material: m, from: 0 mm, to: 20 mm}}
  temperature: 20 degC
  mesh: {order: 1, smallest: 10 mm, largest: 10 mm}
programme:
  kind: PROGRAMME
  faces:
    left: [{kind: convection, heat_transfer_coefficient: 15 W/(m2 K), ambient_temperature: 600 degC}]
    right: [{kind: radiation, emissivity: 0.9, ambient_temperature: 20 degC}]
measure: {probes: {hot: [0 mm]}, flows: [left]}
numerics: {check_mesh: true}
"""


@pytest.mark.parametrize("kind", ["surroundings", "steady"])
def test_a_mesh_check_says_what_each_result_does(thermo, tmp_path, kind):
    """Without a crossing too: probes, heats and flows over the history, extremes of regions, heat; what moves is a warning."""
    end = "\n  end: 5 min" if kind == "surroundings" else ""
    (tmp_path / "case.yaml").write_text(WALL.replace("PROGRAMME", kind + end))
    code, out, _ = thermo("run", "case.yaml", "--no-pictures", "--out", "run")
    assert code == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    results = summary["mesh_check"]["results"]
    word = "heat_in_J" if end else "heat_in_W"
    assert {"hot_K", "heat_left_W", "flow_left_W", "regions.wall.maximum_K", f"energy.{word}"} <= set(results)
    assert f"mesh check: {len(results)} results on 3 and 5 unknowns" in out
    warned = [w["where"] for w in summary["warnings"] if w["code"] == "mesh"]
    if end:
        assert "mesh_check.results.hot_K" in warned
        assert f"mesh refined once: hot_K changes by {results['hot_K']['refined_value'] - results['hot_K']['value']:+.3g} K at" in out
    else:
        assert warned == []  # in a slab the steady state is exact


@pytest.mark.slow
def test_no_library_speaks_on_the_terminal(tmp_path):
    """A warning or a line of a log from below is for `--debug`; what the program itself says stays."""
    script = (
        "import logging, sys, warnings; from thermo.app import cli; from thermo.case import case; old = case.case_of\n"
        "def new(document):\n"
        "    warnings.warn('of a library'); logging.getLogger('library').warning('of a library'); return old(document)\n"
        "case.case_of = new; sys.argv = ['thermo', 'check', *sys.argv[1:]]; cli.main()"
    )
    said = [
        subprocess.run([sys.executable, "-c", script, str(CU), *words], capture_output=True, text=True, check=True)
        for words in ([], ["--debug"])
    ]
    assert said[0].stderr == "" and "valid" in said[0].stdout
    assert said[1].stderr.count("of a library") >= 2
