"""The wheel: whoever installs it has every module and every library file, and nothing else."""

import configparser
import os
import subprocess
import sys
import zipfile
from email import message_from_string

import pytest

import thermo
from tests.conftest import CASES

ROOT = CASES.parent
PACKAGES = ("thermo", "meshes", "viz")


def left_by_builds():
    """What builders like to leave beside the sources."""
    return {file for pattern in ("dist", "build", "*.egg-info") for file in ROOT.glob(pattern)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The built wheel. Hatchling is taken from where the tests run, so that nothing is downloaded."""
    pytest.importorskip("hatchling")
    pytest.importorskip("build")
    folder, before = tmp_path_factory.mktemp("wheel"), left_by_builds()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert left_by_builds() == before
    (file,) = folder.iterdir()
    return file


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_library_file_and_no_test(wheel):
    # what is on disk, not what git lists: a file that .gitignore names is missing from the wheel, and is found so
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*")]
    ours = {
        file.relative_to(ROOT).as_posix()
        for file in files
        if file.suffix in (".py", ".yaml", ".js", ".css", ".j2") or file.name == "py.typed"
    }
    assert ours >= {f"{package}/py.typed" for package in PACKAGES} | {"thermo/results/store.py", "thermo/library/materials/metals.yaml"}
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if name.startswith(f"thermorun-{thermo.__version__}.dist-info/")}
    assert names - about == ours | {"thermorun.py"}


@pytest.mark.slow
def test_the_wheel_says_its_version_and_its_command(wheel):
    about = f"thermorun-{thermo.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        told = message_from_string(archive.read(f"{about}/METADATA").decode())
        commands = configparser.ConfigParser()
        commands.read_string(archive.read(f"{about}/entry_points.txt").decode())
        assert f"{about}/licenses/LICENSE" in archive.namelist()
    assert (told["Name"], told["Version"]) == ("thermorun", thermo.__version__)
    assert {name: dict(commands[name]) for name in commands.sections()} == {"console_scripts": {"thermo": "thermorun:main"}}


@pytest.mark.slow
def test_the_wheel_finds_its_library(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    script = "import thermo; print(thermo.__file__); from thermorun import main; main()"
    command = [sys.executable, "-P", "-c", script, "library", "silver"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(tmp_path / "site" / "thermo" / "__init__.py"))
    assert "thermal_conductivity" in done.stdout
