"""The result folder: what is in it, locks, kills and resumes, signals, damage, full disks."""

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.app.run_into_folder import run_case, run_study
from thermo.base.errors import CaseError, FileError, FolderError
from thermo.case.case import case_hash, case_of
from thermo.casefile.reader import read_document
from thermo.casefile.settings import change
from thermo.results.store import CHECKPOINTS, Folder, damage, plain_name
from thermo.studies.study import study_of

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


# ------------------------------------------------------------------ killed and resumed

KILLED = """
import os, signal, sys
from thermo.app import run_into_folder
from thermo.results import store
from thermo.case.case import case_of
from thermo.casefile.reader import read_document
from tests.app.test_run_into_folder import Quiet
at, moment = int(sys.argv[3]), sys.argv[4]
count = 0
write = store.Folder.write
def counted(self, name, data):
    global count
    count += 1
    if count == at:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "within":
            raw = data if isinstance(data, bytes) else data.encode()
            self.record(name)
            (self.path / (name + ".part")).write_bytes(raw[: len(raw) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
    write(self, name, data)
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)
store.Folder.write = counted
from pathlib import Path
document = read_document(sys.argv[1])
run_into_folder.run_case(case_of(document), document, Path(sys.argv[2]), Quiet())
"""


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The two runs without an interruption."""
    found = {}
    for kind, file in FILES.items():
        tmp_path = tmp_path_factory.mktemp(kind)
        counted = []
        write = Folder.write

        def counting(self, name, data, write=write, counted=counted):
            counted.append(name)
            write(self, name, data)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Folder, "write", counting)
            into(file(tmp_path), tmp_path / "out")
        found[kind] = (results_of(tmp_path / "out"), len(counted))
    return found


KILLS = [("brick", i) for i in range(10)] + [("cell", i) for i in range(10)]


@pytest.mark.usual(1)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(("kind", "number"), KILLS)
def test_killed_at_any_moment_and_resumed_the_results_are_bitwise_equal(tmp_path, straight, kind, number):
    """Killed before, within or after a random write; no torn file, no lost run, no other result."""
    wanted, n_writes = straight[kind]
    dice = random.Random(f"{kind} {number}")
    at, moment = dice.randint(1, n_writes), dice.choice(["before", "within", "after"])
    file, folder = FILES[kind](tmp_path), tmp_path / "out"
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", KILLED, file, folder, str(at), moment], cwd=root, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    for json_file in folder.glob("*.json"):
        json.loads(json_file.read_text())
    into(file, folder, resume=True)
    history, summary, fields = results_of(folder)
    assert history == wanted[0]
    assert summary == wanted[1]
    assert fields == wanted[2]
    assert damage(folder) == []


def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_used(tmp_path):
    folder_path = tmp_path / "out"
    with Folder(folder_path) as folder:
        for number in (4, 5):
            folder.save_checkpoint({"state/x": np.full(3, float(number)), "column/a b": np.arange(4.0)}, "seal", number)
        arrays, number, complaints = folder.load_checkpoint("seal")
        assert (number, complaints) == (5, [])
        assert arrays["column/a b"].tolist() == [0.0, 1.0, 2.0, 3.0]
        newest = folder_path / CHECKPOINTS[1]
        raw = bytearray(newest.read_bytes())
        for place in range(80, len(raw), 40):
            raw[place] ^= 1
        newest.write_bytes(raw)
        arrays, number, complaints = folder.load_checkpoint("seal")
        assert number == 4
        assert arrays["state/x"].tolist() == [4.0, 4.0, 4.0]
        assert "is damaged or belongs to another case" in complaints[0]
        assert folder.load_checkpoint("another case")[0] is None


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_checkpoint_cut_short_is_never_taken(tmp_path, share):
    with Folder(tmp_path / "out") as folder:
        folder.save_checkpoint({"state/x": np.arange(500.0)}, "seal", 1)
        file = folder.path / CHECKPOINTS[1]
        raw = file.read_bytes()
        file.write_bytes(raw[: int(share * len(raw))])
        arrays, _, complaints = folder.load_checkpoint("seal")
        assert arrays is None
        assert len(complaints) == 1


# ------------------------------------------------------------------ signals, disks


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals on this system")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_stops_a_run_with_a_checkpoint(tmp_path, name, code):
    file, folder = tmp_path / "brick.yaml", tmp_path / "out"
    slow = "checkpoint: 1 h, longest_step: 5 ms"  # some seconds, of which the first frame takes a hundredth
    file.write_text(BRICK.replace("smallest: 0.5 mm", "smallest: 0.1 mm").replace("checkpoint: 0 s", slow))
    command = [sys.executable, "-m", "thermo", "run", str(file), "--out", str(folder), "--no-pictures"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(3000):
            if (folder / "fields" / "frame-0001.vtu").is_file() or process.poll() is not None:
                break
            time.sleep(0.02)
        process.send_signal(getattr(signal, name))
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    lines = [line for line in stderr.splitlines() if "stopped" in line]
    assert len(lines) == 1
    assert "continue with --resume" in lines[0]
    assert json.loads((folder / "status.json").read_text())["status"] == "interrupted"
    listener = Quiet()
    into(file, folder, resume=True, listener=listener)
    assert any("continues from its checkpoint" in note for note in listener.notes)
    assert damage(folder) == []


STEADY = BRICK.replace("kind: surroundings", "kind: steady")
HANGS = """
import sys, time
from thermo.app import cli
from thermo.heat import steady

def settle(*rest):
    print("begun", flush=True)
    time.sleep(600.0)  # as in a factorisation: the flag of the signal is set, and nobody looks at it
    yield

steady.settle = settle
sys.argv = ["thermo", "run", *sys.argv[1:], "--no-pictures"]
cli.main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals on this system")
@pytest.mark.slow
def test_a_signal_ends_a_steady_solve_wherever_it_is(tmp_path):
    text = re.sub(r", end: [^}]*|^  end: .*\n", "", STEADY, flags=re.M)
    text = re.sub(r"(?ms)^(measure|numerics):.*?(?=^\S|\Z)", "", text)
    (tmp_path / "steady.yaml").write_text(text)
    command = [sys.executable, "-c", HANGS, str(tmp_path / "steady.yaml"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 143
    assert "stopped; a steady state leaves no partial result" in stderr
    assert json.loads((tmp_path / "out" / "status.json").read_text())["status"] == "interrupted"


def test_a_full_disk_is_one_message_and_the_run_resumes(tmp_path, monkeypatch, straight):
    file, folder = brick_file(tmp_path), tmp_path / "out"
    fsync, count = os.fsync, 0

    def full(descriptor):
        nonlocal count
        count += 1
        if count > 14:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="cannot be written: the disk is full"):
        into(file, folder)
    monkeypatch.undo()
    assert json.loads((folder / "status.json").read_text())["status"] == "running"
    assert not list(folder.rglob("*.part"))
    into(file, folder, resume=True)
    assert results_of(folder)[0] == straight["brick"][0][0]


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


# ------------------------------------------------------------------ a study's folder

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
    assert header == "member,result,value,unit,wanted,within,holds,kind,source"
    assert len(rows) == 2 * 6 + 1
    assert damage(folder) == []
    assert damage(folder / "second") == []
    assert run_study(study_file(tmp_path), folder, Quiet())["table"] == json.loads(json.dumps(summary["table"]))


def test_what_is_wrong_in_the_folder_of_a_member_is_wrong_with_the_study(tmp_path, thermo):
    run_study(study_file(tmp_path), tmp_path / "out", Quiet())
    n_files = sum(len(json.loads(file.read_text())) for file in (tmp_path / "out").rglob("manifest.json"))
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


def test_a_checkpoint_of_another_version_is_refused_in_words(tmp_path):
    """Its arrays have other places: it is said, and the run starts over."""
    with Folder(tmp_path / "run") as folder:
        folder.save_checkpoint({"a": np.zeros(3)}, "seal", 1)
        file = folder.path / CHECKPOINTS[1]
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files if name != "layout"}  # as it was before there were layouts
        np.savez(file, **arrays)
        found, number, complaints = folder.load_checkpoint("seal")
    assert found is None and number == 0
    assert complaints == [f"{file.name} is of another version of this program, whose runs cannot be continued; it is not used"]
