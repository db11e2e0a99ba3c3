"""A result loaded in a notebook: its numbers as a DataFrame, its fields at any time, its curves."""

import sys

import numpy as np
import pytest

import thermo as package
from tests.app.test_run_into_folder import BRICK
from tests.conftest import CASES
from thermo.app.loaded import Loaded
from thermo.base.errors import FileError

CU = CASES / "paper" / "cu-20li.yaml"


@pytest.fixture
def brick(thermo, tmp_path) -> Loaded:
    (tmp_path / "brick.yaml").write_text(BRICK)
    assert thermo("run", "brick.yaml", "--no-pictures", "--no-report")[0] == 0
    return package.load("results/brick")


@pytest.fixture
def cell(thermo) -> Loaded:
    assert thermo("run", CU, "--no-pictures", "--no-report", "--set", "programme.end=60 degC")[0] == 0
    return package.load("results/cu-20li")


def test_the_history_is_a_data_frame(cell):
    import pandas

    assert isinstance(cell.history, pandas.DataFrame)
    assert cell.history["sample_K"].iloc[0] == 323.15
    assert set(cell.history["phase"]) >= {"wait", "seek", "heat"}


def test_without_pandas_the_history_is_its_columns(cell, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert cell.history["sample_K"][0] == 323.15


def test_a_field_between_two_frames_goes_in_a_straight_line(brick):
    first, second = brick.times[:2]
    a, b = brick.grid(first), brick.grid(second)
    middle = brick.grid(0.5 * (first + second))
    wanted = 0.5 * (a.point_data["temperature_K"] + b.point_data["temperature_K"])
    np.testing.assert_allclose(middle.point_data["temperature_K"], wanted, rtol=1e-12)
    assert middle.field_data["TimeValue"][0] == pytest.approx(0.5 * (first + second))
    np.testing.assert_allclose(middle.point_data["temperature_degC"], wanted - 273.15, atol=1e-3)


def test_regions_are_named_in_the_field(brick):
    grid = brick.grid()
    named = {name.removeprefix("region "): int(value[0]) for name, value in grid.field_data.items() if name.startswith("region ")}
    assert set(named) == set(brick.summary["regions"])
    assert set(named.values()) == set(np.unique(grid.cell_data["material"]).tolist())


def test_a_frame_is_read_by_meshio_too(brick):
    import meshio

    frame = meshio.read(sorted((brick.folder / "fields").glob("frame-*.vtu"))[-1])
    np.testing.assert_array_equal(frame.point_data["temperature_K"], brick.grid().point_data["temperature_K"])


def test_what_is_not_there_is_refused_in_words(brick, cell):
    with pytest.raises(ValueError, match="is not within"):
        brick.grid(1e9)
    with pytest.raises(ValueError, match="has no fields"):
        cell.grid()
    with pytest.raises(ValueError, match="there is no plot 'rate' of it; it has probes"):
        brick.plot("rate")
    with pytest.raises(FileError, match="not a finished result folder"):
        package.load("results/nothing")


def test_a_damaged_frame_is_named(brick):
    file = sorted((brick.folder / "fields").glob("frame-*.vtu"))[-1]
    file.write_text("<VTKFile")
    with pytest.raises(FileError, match=file.name):
        brick.grid()


def test_plots_are_figures(brick, cell):
    assert brick.plot().axes[0].get_xlabel().startswith("time")
    assert cell.plot("rate").axes[0].get_ylabel() == "self-heating rate [K/min]"
