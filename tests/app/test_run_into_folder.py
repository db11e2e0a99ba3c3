"""The result folder: what is in it, what is refused or replaced, and damage that is noticed."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.app.run_into_folder import run_case
from thermo.base.errors import CaseError, FileError, FolderError
from thermo.case.case import case_hash, case_of
from thermo.casefile.reader import read_document
from thermo.casefile.settings import change
from thermo.results.store import CHECKPOINTS, Folder, damage, plain_name

BRICK = """
title: a small brick
materials:
  a: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: layered-block
  size: [10 mm, 10 mm]
  layers: [{name: block, material: a, thickness: 10 mm}]
  patches: {spot: {face: top, square: 2 mm, centre: [5 mm, 5 mm]}}
  temperature: 300 K
  mesh: {order: 1, smallest: 0.5 mm, largest: 2.5 mm}
programme: {kind: surroundings, faces: {spot: [{kind: held, temperature: 400 K}]}, end: 100 s}
measure:
  probes: {below: {face: bottom, take: mean}}
  crossings: {half: {probe: below, fraction: 0.5, of: spot}}
  pictures: {times: [1 s, 10 s, 50 s]}
numerics: {checkpoint: 0 s, tolerance: 1e-3}
"""


class Quiet:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def progress(self, name, done, text):
        assert 0.0 <= done <= 1.0


def brick_file(tmp_path):
    file = tmp_path / "brick.yaml"
    file.write_text(BRICK)
    return file


def cell_file(tmp_path):
    file = tmp_path / "cell.yaml"
    file.write_text((CASES / "paper" / "cu-20li.yaml").read_text() + "numerics: {checkpoint: 0 s}\n")
    return file


FILES = {"brick": brick_file, "cell": cell_file}


def into(file, folder, **options):
    document = read_document(file)
    return run_case(case_of(document), document, folder, options.pop("listener", Quiet()), **options)


def results_of(folder):
    """History and summary, cost and provenance apart, and the field files."""
    summary = json.loads((folder / "summary.json").read_text())
    del summary["cost"], summary["provenance"]
    fields = {file.name: file.read_bytes() for file in sorted((folder / "fields").glob("*"))} if (folder / "fields").is_dir() else {}
    return (folder / "history.csv").read_bytes(), summary, fields


# ------------------------------------------------------------------ what is in a folder


@pytest.mark.parametrize("kind", sorted(FILES))
def test_the_folder_holds_what_is_promised(tmp_path, kind):
    folder = tmp_path / "out"
    into(FILES[kind](tmp_path), folder)
    names = {file.name for file in folder.iterdir()} - {".lock"}
    assert names >= {"summary.json", "history.csv", "case.yaml", "resolved.yaml", "status.json", "manifest.json"}
    assert not names & set(CHECKPOINTS)
    assert json.loads((folder / "status.json").read_text())["status"] == "complete"
    assert damage(folder) == []


KEYS = [
    "status",
    "end",
    "onsets",
    "exotherms",
    "maximum_rate",
    "crossings",
    "probes",
    "arrivals",
    "energy",
    "expect",
    "inputs_not_measured",
    "warnings",
    "cost",
    "provenance",
]


@pytest.mark.parametrize("kind", sorted(FILES))
def test_every_key_of_the_summary_is_there(tmp_path, kind):
    folder = tmp_path / "out"
    into(FILES[kind](tmp_path), folder)
    summary = json.loads((folder / "summary.json").read_text())
    assert set(KEYS) <= set(summary)
    assert set(summary["onsets"]) == {"T1", "T2", "T3", "cessation"}
    assert set(summary["onsets"]["T2"]) == {"1 K/s", "10 K/min", "1 K/min", "voltage-drop"}
    wanted = {"initial_J", "final_J", "heat_in_J", "heat_out_J", "released_J", "ejected_J", "residual_J", "residual_relative"}
    assert set(summary["energy"]) == wanted
    counted = {"wall_s", "cpu_s", "steps", "rejected_steps", "linear_solves", "solves_by", "n_dofs", "n_sites", "peak_memory_MB"}
    assert set(summary["cost"]) == counted
    assert set(summary["provenance"]) == {"case_sha256", "versions", "started", "machine"}


def test_pandas_reads_the_history_with_no_argument(tmp_path):
    pandas = pytest.importorskip("pandas")
    folder = tmp_path / "out"
    into(cell_file(tmp_path), folder)
    table = pandas.read_csv(folder / "history.csv")
    assert table.columns[0] == "time_s"
    assert table["sample_K"].max() == pytest.approx(953.15, abs=0.1)
    assert set(table["phase"]) >= {"wait", "seek", "heat", "exotherm", "runaway"}
    assert table.drop(columns="phase").dtypes.map(lambda kind: kind.kind == "f").all()


def test_fields_open_in_other_programs(tmp_path):
    """meshio reads each frame; the series lists the times that were asked for."""
    meshio = pytest.importorskip("meshio")
    folder = tmp_path / "out"
    into(brick_file(tmp_path), folder)
    times = [float(t) for t in re.findall(r'timestep="([^"]+)"', (folder / "fields" / "run.pvd").read_text())]
    assert times == [1.0, 10.0, 50.0]
    mesh = meshio.read(folder / "fields" / "frame-0003.vtu")
    assert mesh.points.max(axis=0) == pytest.approx([0.01, 0.01, 0.01])  # the whole body, though a quarter was computed
    assert mesh.point_data["temperature_K"].max() == pytest.approx(400.0)
    assert set(mesh.cell_data["material"][0]) == {0}
    corners = mesh.points[mesh.cells_dict["hexahedron"]]
    assert np.prod(corners[:, 6] - corners[:, 0], axis=1).sum() == pytest.approx(1e-6)


def test_the_resolved_case_has_every_number_in_si_with_status_and_source(tmp_path):
    from ruamel.yaml import YAML

    folder = tmp_path / "out"
    into(cell_file(tmp_path), folder)
    data = YAML(typ="safe").load((folder / "resolved.yaml").read_text())
    heat = data["sample"]["chemistry"]["reactions"]["pool"]["heat"]
    assert heat["value"] == pytest.approx(356.8589802)
    assert heat["unit"] == "J"
    assert heat["status"] == "calibrated"
    assert "T1 of Cu-20Li" in heat["source"]


# ------------------------------------------------------------------ the same case again, another one, a folder in use


def test_the_same_finished_case_is_shown_and_not_run_again(tmp_path):
    file, folder = cell_file(tmp_path), tmp_path / "out"
    first = into(file, folder)
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir() if f.name != ".lock"}
    assert into(file, folder) == json.loads(json.dumps(first)) or into(file, folder)["onsets"] == first["onsets"]
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir() if f.name != ".lock"} == before


def test_another_case_is_refused_and_replaced_only_by_force(tmp_path):
    folder = tmp_path / "out"
    into(cell_file(tmp_path), folder)
    with pytest.raises(FolderError, match=r"another case or other settings; choose another folder with --out, or replace it with --force"):
        into(brick_file(tmp_path), folder)
    (folder / "notes-of-mine.txt").write_text("keep")
    into(brick_file(tmp_path), folder, force=True)
    assert (folder / "notes-of-mine.txt").read_text() == "keep"
    assert (folder / "fields" / "frame-0001.vtu").is_file()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "thesis.tex").write_text("x")
    for force in (False, True):
        with pytest.raises(FolderError, match=r"'thesis\.tex', which is not a result of thermo"):
            into(cell_file(tmp_path), folder, force=force)
    assert [f.name for f in folder.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(FolderError, match="is a file"):
        into(cell_file(tmp_path), tmp_path / "out")


def test_a_folder_in_use_is_refused_at_once(tmp_path):
    folder = tmp_path / "out"
    with Folder(folder), pytest.raises(FolderError, match="in use by another run"):
        into(cell_file(tmp_path), folder)


def test_a_run_goes_on_from_the_end_of_another_and_never_over_it(tmp_path):
    """The field at the end is the start of the next, of a quarter as of the whole; its own folder is not to be replaced by what starts
    from it."""
    file = brick_file(tmp_path)
    file.write_text(BRICK.replace("50 s]", "100 s]"))
    document = read_document(file)
    before = run_case(case_of(document), document, tmp_path / "before", Quiet())
    file.write_text(BRICK.replace("temperature: 300 K", f"temperature: {{result: {tmp_path / 'before'}}}"))
    document = read_document(file)
    after = run_case(case_of(document), document, tmp_path / "after", Quiet())
    assert after["probes"]["below"]["initial_K"] == pytest.approx(before["probes"]["below"]["final_K"], abs=1e-9)
    kept = sorted(path.name for path in (tmp_path / "before" / "fields").iterdir())
    with pytest.raises(FolderError, match="is the result that this run starts from"):
        run_case(case_of(document), document, tmp_path / "before", Quiet(), force=True)
    assert sorted(path.name for path in (tmp_path / "before" / "fields").iterdir()) == kept


@pytest.mark.parametrize("what", ["pipe", "nan", "below zero"])
def test_a_field_to_start_from_that_is_none_is_refused_in_words(tmp_path, what):
    import meshio

    file = brick_file(tmp_path)
    file.write_text(BRICK.replace("50 s]", "100 s]"))
    into(file, tmp_path / "before")
    frame = sorted((tmp_path / "before" / "fields").glob("frame-*.vtu"))[-1]
    if what == "pipe":
        frame.unlink()
        os.mkfifo(frame)
    else:
        mesh = meshio.read(frame)
        mesh.point_data["temperature_K"][3] = np.nan if what == "nan" else -1.0
        meshio.write(frame, mesh)
    file.write_text(BRICK.replace("temperature: 300 K", f"temperature: {{result: {tmp_path / 'before'}}}"))
    words = "is not a regular file" if what == "pipe" else r"1 of \d+ values of its last field are not temperatures"
    with pytest.raises(CaseError, match=f"sample.temperature.result: .*{words}"):
        case_of(read_document(file))


@pytest.mark.slow
def test_files_and_folders_whose_names_are_no_utf8(thermo, tmp_path):
    """They are read, written, compared and drawn; what a screen cannot show is replaced."""
    strange = os.fsdecode(b"o\xff")
    try:
        shutil.copy(cell_file(tmp_path), tmp_path / f"{strange}.yaml")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert thermo("run", f"{strange}.yaml", "--quiet", "--out", strange)[0] == 0
    assert thermo("verify", strange)[0] == 0
    code, out, _ = thermo("compare", strange, "--out", "table")
    assert code == 0 and "o\ufffd" in out
    assert thermo("picture", strange)[0] == 0


def test_an_unfinished_folder_wants_resume_or_force(tmp_path):
    folder = tmp_path / "out"
    file = cell_file(tmp_path)
    seal = case_hash(case_of(read_document(file)))
    folder.mkdir()
    (folder / "status.json").write_text(json.dumps({"status": "running", "case_sha256": seal}))
    with pytest.raises(FolderError, match=r"unfinished run of this case \(running\); continue with --resume, or replace it with --force"):
        into(file, folder)
    listener = Quiet()
    into(file, folder, resume=True, listener=listener)
    assert any("has no checkpoint and starts again" in note for note in listener.notes)


def test_a_changed_result_is_noticed(tmp_path):
    file, folder = cell_file(tmp_path), tmp_path / "out"
    into(file, folder)
    with open(folder / "history.csv", "a") as history:
        history.write("1,2,3\n")
    assert damage(folder) == ["history.csv was changed after the run"]
    with pytest.raises(FolderError, match="is damaged"):
        into(file, folder)
    (folder / "resolved.yaml").unlink()
    assert "resolved.yaml is missing" in damage(folder)


def test_settings_make_another_case(tmp_path):
    document = read_document(cell_file(tmp_path))
    assert case_hash(case_of(document)) != case_hash(case_of(change(document, ["programme.wait=20 min"])))
    assert case_hash(case_of(document)) == case_hash(case_of(read_document(cell_file(tmp_path))))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises((FileError, FolderError)):
        into(cell_file(tmp_path), tmp_path / "file" / "below")


def test_names_become_plain():
    assert plain_name("PI-Ag brick") == "PI-Ag-brick"
    assert plain_name("../../etc/passwd") == "etc-passwd"
    assert plain_name("\x1b[31m") == "31m"
    assert plain_name("///") == "case"


def test_only_the_store_opens_files_for_writing():
    """One way out: every result goes through one module, which renames whole files into place.

    `files.py` reads meshes in a process of its own and hands them over in a temporary folder.
    """
    root = Path(__file__).parent.parent.parent
    pattern = re.compile(r"\bopen\([^)]*[\"'](w|a|x|wb|ab|r\+)[\"']|\.write_(text|bytes)\(|np\.save")
    files = [
        file for room in ("thermo", "meshes", "viz") for file in (root / room).glob("*.py") if file.name not in ("store.py", "files.py")
    ]
    found = [f"{file.name}: {line.strip()}" for file in files for line in file.read_text().splitlines() if pattern.search(line)]
    assert found == []


def test_a_run_with_a_record_is_whole_and_found_again(tmp_path):
    text = (CASES / "paper" / "cu-20li.yaml").read_text().replace("  kind: arc\n", "  kind: arc\n  record: {interval: 60 s}\n")
    (tmp_path / "cell.yaml").write_text(text)
    document = read_document(tmp_path / "cell.yaml")
    first = run_case(case_of(document), document, tmp_path / "out", Quiet())
    assert (tmp_path / "out" / "record.csv").is_file()
    assert damage(tmp_path / "out") == []
    again = Quiet()
    assert run_case(case_of(document), document, tmp_path / "out", again)["onsets"] == json.loads(json.dumps(first["onsets"]))
    assert "nothing was computed" in again.notes[0]


def test_only_what_is_recorded_as_written_here_is_replaced(thermo, tmp_path):
    """A user's file is one whatever its name: it is in the way, is named, and stays as it is."""
    cell_file(tmp_path).rename(tmp_path / "cell.yaml")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("mine")
    code, _, err = thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "out")
    assert code != 0 and "holds 'summary.json', which is not a result of thermo" in err[-1]
    assert (tmp_path / "out" / "summary.json").read_text() == "mine"
    assert thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run")[0] == 0
    written = set((tmp_path / "run" / ".written").read_text().split())
    assert {"case.yaml", "history.csv", "summary.json", "manifest.json", "status.json"} <= written
    (tmp_path / "run" / "table.csv").write_text("mine")
    code, _, err = thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run", "--force")
    assert code != 0 and "holds 'table.csv', which is not a result of thermo" in err[-1]
    assert (tmp_path / "run" / "table.csv").read_text() == "mine"
    (tmp_path / "run" / "table.csv").rename(tmp_path / "run" / "notes.txt")
    assert thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run", "--force")[0] == 0
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


@pytest.mark.usual(1)
@pytest.mark.parametrize("name", ["status.json", "manifest.json"])
@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "null"])
def test_a_damaged_status_or_manifest_is_said_in_a_line(thermo, tmp_path, name, text):
    cell_file(tmp_path).rename(tmp_path / "cell.yaml")
    assert thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run")[0] == 0
    (tmp_path / "run" / name).write_text(text)
    code, out, err = thermo("verify", "run")
    assert code == 5 and len(err) == 1 and "Traceback" not in out
    code, _, err = thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run", "--resume")
    assert code != 1 and not any("Traceback" in line for line in err)
    code, _, err = thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run", "--force")
    assert code == 0
    assert thermo("verify", "run")[0] == 0


@pytest.mark.parametrize("name", ["fields", "pictures", "summary.json", "history.csv.part"])
def test_links_in_a_result_folder_are_not_followed(thermo, tmp_path, name):
    cell_file(tmp_path).rename(tmp_path / "cell.yaml")
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run" / name).symlink_to(tmp_path / ("elsewhere" if "." not in name else "mine"))
    code, _, err = thermo("run", "cell.yaml", "--no-pictures", "--quiet", "--out", "run", "--force")
    assert code == 4 and f"holds '{name}', which is a link" in err[-1]
    assert (tmp_path / "mine").read_text() == "mine" and not list((tmp_path / "elsewhere").iterdir())


def test_cells_of_tables_are_no_formulas():
    from thermo.results.store import harmless

    assert [harmless(cell) for cell in ("=1+1", "+a", "-b", "@c")] == ["'=1+1", "'+a", "'-b", "'@c"]
    assert [harmless(cell) for cell in ("-1.5e3", "+2", -3.0, "name", "", None)] == ["-1.5e3", "+2", -3.0, "name", "", None]
