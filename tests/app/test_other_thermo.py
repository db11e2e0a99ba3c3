"""The other package that is imported as `thermo`: the command says so, where the two share an environment."""

import os
import subprocess
import sys

import pytest

from tests.conftest import CASES
from thermo.app.other_thermo import in_the_way

ROOT = str(CASES.parent)


@pytest.mark.parametrize("name", ["thermo-0.6.1.dist-info", "thermo-0.2.1-py3.9.egg-info"])
def test_both_packages_in_one_environment_end_with_2_and_one_sentence(thermo, monkeypatch, tmp_path, name):
    (tmp_path / name).mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for words in (["--help"], ["check", CASES / "paper" / "cu-20li.yaml"]):
        code, out, err = thermo(*words)
        assert (code, out, len(err)) == (2, "", 1)
        assert all(word in err[0] for word in ("thermorun", "package thermo ", str(tmp_path), "virtual environment"))


def test_what_is_not_in_the_way_is_let_be(tmp_path):
    here, behind = tmp_path / "here", tmp_path / "behind"
    for folder in (
        here / "thermorun-0.1.0.dist-info",
        here / "thermo_state-1.0.dist-info",
        here / "thermo",
        behind / "thermo-0.6.1.dist-info",
    ):
        folder.mkdir(parents=True)
    path = [str(tmp_path / "python311.zip"), str(here), str(behind)]
    assert in_the_way(path, str(here)) is None  # ours is found first
    assert in_the_way(path[::-1], str(here)) is not None
    assert in_the_way(path, str(behind)) is not None  # both in one folder: they have replaced files of each other


def test_the_look_costs_no_import():
    script = "import sys\nfrom thermo.app.cli import main\ntry: main()\nexcept SystemExit: print('importlib.metadata' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", script, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
