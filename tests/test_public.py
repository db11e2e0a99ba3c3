"""The names that are promised to users of the package."""

import doctest
import importlib
import subprocess
import sys

import pytest

import thermo
from tests.conftest import CASES
from thermo.base.errors import FileError


def test_the_public_names_are_there_with_words():
    assert set(thermo.__all__) <= set(dir(thermo))
    for name in thermo.__all__:
        assert getattr(thermo, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = thermo.runn


def test_the_citation_is_of_this_version():
    lines = (CASES.parent / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("version:")] == [f"version: {thermo.__version__}"]


def test_importing_the_package_loads_nothing():
    script = "import sys, thermo; print(sorted({'numpy', 'scipy', 'pydantic', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_result_comes_back_from_its_folder(thermo, tmp_path):
    import thermo as package

    case = CASES / "calorimetry" / "oven-155.yaml"
    assert thermo("run", case, "--quiet", "--no-pictures", "--out", "oven")[0] == 0
    kept, run = package.load("oven"), package.run(package.read_case(case))
    assert kept.summary["onsets"] == run.summary()["onsets"]
    assert set(kept.history) == set(run.columns)
    assert set(kept.history["sample_K"].tolist()) == set(run.probe("sample").tolist())  # of two rows alike one is written
    for damaged in ("summary.json", "history.csv"):
        (tmp_path / "oven" / damaged).write_text("time_s,sample_K\n1,x\n")
        with pytest.raises(FileError):
            package.load("oven")


@pytest.mark.parametrize("name", ["results.store", "results.words", "app.loaded", "studies.compiled"])
def test_the_examples_hold(name):
    module = importlib.import_module(f"thermo.{name}")
    found = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert found.attempted > 0 and found.failed == 0


def test_the_page_about_python_says_what_happens(thermo, tmp_path):
    (tmp_path / "cases").symlink_to(CASES, target_is_directory=True)
    assert thermo("run", "cases/paper/brick-cu.yaml", "--quiet", "--no-pictures", "--no-report")[0] == 0
    found = doctest.testfile(str(CASES.parent / "docs" / "python.md"), module_relative=False)
    assert found.attempted >= 10 and found.failed == 0
