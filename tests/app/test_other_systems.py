"""What Windows and macOS lack is not needed: every module loads and cases run without it.

The systems themselves are not at hand. A `sitecustomize`, which Python loads at its start, removes the same from every process below.
"""

import json
import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from meshes import files
from tests.app.test_run_into_folder import BRICK
from tests.bodies.test_mesh_file import written
from tests.conftest import CASES

WITHOUT = """
import os, signal, sys

for name in ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
signals = "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGUSR1 SIGUSR2 SIGXCPU"
calls = "alarm getitimer pause pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait sigwaitinfo"
system = "chown fchmod fchown fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getsid getuid"
system += " killpg lchown mkfifo mknod nice pread pwrite sched_getaffinity sched_setaffinity set_blocking setsid statvfs sysconf"
system += " sysconf_names wait3 wait4 O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK"
# os.uname stays: libraries call it after asking whether this is Linux
for module, names in ((signal, signals + " " + calls), (os, system)):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
"""

EVERY_MODULE = """
import importlib, pkgutil, signal
import meshes, thermo, viz

assert not hasattr(signal, "SIGHUP")
names = [found.name for package in (meshes, thermo, viz) for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Run Python with these words on such a system; its exit code and stdout, and stderr where it fails."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), str(CASES.parent)))}

    def run(*words):
        done = subprocess.run([sys.executable, *map(str, words)], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_every_module_loads(elsewhere):
    assert int(elsewhere("-c", EVERY_MODULE)) > 80


def lumped(folder):
    file = folder / "cell.yaml"
    file.write_text((CASES / "paper" / "cu-20li.yaml").read_text(encoding="utf-8"))
    return file, ["programme.end=100 degC"]


def block(folder):
    file = folder / "block.yaml"
    file.write_text(textwrap.dedent(BRICK))
    return file, ["programme.end=5 s", "measure.pictures.times=[1 s]"]


def steady_mesh(folder):
    return written(folder, 2, "boxes"), []  # the file is read by a process of its own; the solve could be ended by a signal


@pytest.mark.slow
@pytest.mark.parametrize("case", [lumped, block, steady_mesh])
def test_a_case_runs(elsewhere, tmp_path, case):
    file, settings = case(tmp_path)
    elsewhere("-m", "thermo", "run", file, "--no-pictures", "--out", "out", *(word for text in settings for word in ("--set", text)))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["status"] == "complete"
    assert summary["cost"]["peak_memory_MB"] is None  # the system did lack what tells it
    assert summary["provenance"]["machine"]["memory_GB"] is None


def test_a_reader_is_bounded_by_what_limits_there_are(monkeypatch):
    def refuse(which, limits):
        asked.append((which, limits))
        raise ValueError("current limit exceeds maximum limit")

    asked = []
    monkeypatch.setitem(sys.modules, "resource", SimpleNamespace(RLIMIT_CPU=0, RLIMIT_AS=9, setrlimit=refuse))
    files._limit(60, 2**30)
    assert asked == [(0, (60, 61)), (9, (2**30, 2**30))]
    monkeypatch.setitem(sys.modules, "resource", SimpleNamespace(RLIMIT_AS=9, setrlimit=refuse))
    files._limit(60, 2**30)
    assert asked[2:] == [(9, (2**30, 2**30))]
    monkeypatch.setitem(sys.modules, "resource", None)
    files._limit(60, 2**30)
    assert len(asked) == 3
