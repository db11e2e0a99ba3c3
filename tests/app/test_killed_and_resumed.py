"""Runs that are killed, stopped by a signal or by a full disk go on to bitwise the same result."""

import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.app.test_run_into_folder import BRICK, FILES, Quiet, brick_file, into, results_of
from thermo.base.errors import FileError
from thermo.results.store import CHECKPOINTS, Folder, damage

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
