"""The other package that is imported as `thermo`: the command says so, where it is in the way."""

import os
import subprocess
import sys

import pytest

from tests.conftest import CASES
from thermorun import in_the_way

ROOT = str(CASES.parent)


def started(words, *path):
    """The command in a process of its own, with these folders first on the path."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    # -P: the folder of the tests is not on the path before them
    command = [sys.executable, "-P", "-c", "from thermorun import main; main()", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["thermo-0.6.1.dist-info", "thermo-0.2.1-py3.9.egg-info"])
def test_the_other_package_ends_the_command_with_2_and_one_sentence(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / "thermo").mkdir()
    (tmp_path / "thermo" / "__init__.py").write_text("import chemicals_that_are_not_there\n")
    done = started(["--help"], tmp_path, ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert all(word in done.stderr for word in ("thermorun", "package thermo ", str(tmp_path), "virtual environment"))


def test_the_other_package_behind_ours_is_let_be(tmp_path):
    (tmp_path / "thermo-0.6.1.dist-info").mkdir()
    assert started(["--help"], ROOT, tmp_path).returncode == 0


def test_what_is_in_the_way_and_what_is_not(tmp_path):
    here, behind = tmp_path / "here", tmp_path / "behind"
    for name in ("thermorun-0.1.0.dist-info", "thermo_state-1.0.dist-info", "thermo"):
        (here / name).mkdir(parents=True)
    (behind / "thermo-0.6.1.dist-info").mkdir(parents=True)
    path = [str(tmp_path / "python311.zip"), str(here), str(behind)]
    assert in_the_way(path, str(here)) is None  # ours is found first
    assert in_the_way(path[::-1], str(here)) is not None
    assert in_the_way(path, str(behind)) is not None  # both in one folder: they have replaced files of each other


def test_the_look_costs_no_import():
    script = "import sys\nfrom thermorun import main\ntry: main()\nexcept SystemExit: print('importlib.metadata' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", script, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
