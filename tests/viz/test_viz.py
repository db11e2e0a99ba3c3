"""Pictures of result folders made here by hand: what is in the figures, and that a drawing process that dies costs nothing."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest

from viz import pictures as album
from viz import read, theme
from viz.bricks import best_time, brick, colour_range

HOT, COLD = 473.0, 298.0
PNG = b"\x89PNG"
DIES = {"by signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "by exit code": "raise SystemExit(139)"}

BRICK_YAML = """
sample:
  temperature: {value: 298.0, unit: K}
  patches:
    hot-spot:
      face: top
      square: {value: 1.0e-06, unit: m}
      centre: [{value: 5.0e-06, unit: m}, {value: 5.0e-06, unit: m}]
programme:
  faces:
    hot-spot: [{kind: held, temperature: {value: 473.0, unit: K}}]
measure:
  crossings:
    half-rise: {probe: bottom, fraction: {value: 0.5, unit: '1'}}
"""
CELL_YAML = "programme:\n  kind: arc\n  sensitivity: {value: 0.0003333333, unit: K/s}\n"


def write_table(file: Path, columns: dict[str, Any]) -> None:
    with open(file, "w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def write_frame(file: Path, temperature: Any) -> None:
    """A brick of 10 x 10 x 8 um in two layers with temperature(x, y, z) at its nodes."""
    axes = [np.array([0.0, 4.5, 5.0, 5.5, 10.0]) * 1e-6, np.array([0.0, 4.5, 5.0, 5.5, 10.0]) * 1e-6, np.array([0.0, 1.0, 7.0, 8.0]) * 1e-6]
    nx, ny, nz = (len(axis) for axis in axes)
    points = np.array([(x, y, z) for z in axes[2] for y in axes[1] for x in axes[0]])
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    cells = [
        [(i + a) + nx * ((j + b) + ny * (k + c)) for a, b, c in corners]
        for k in range(nz - 1)
        for j in range(ny - 1)
        for i in range(nx - 1)
    ]
    material = np.array([0 if k < 2 else 1 for k in range(nz - 1) for _ in range((ny - 1) * (nx - 1))], np.int32)
    values = np.array([temperature(*point) for point in points])
    meshio.Mesh(points, [("hexahedron", cells)], point_data={"temperature_K": values}, cell_data={"material": [material]}).write(file)


def brick_folder(folder: Path, speed: float = 1.0, frames: tuple[float, ...] = (1e-6, 1e-5), theta: bool = True) -> dict[str, Any]:
    """A body that warms from above; the summary that was written."""
    (folder / "fields").mkdir(parents=True)
    time = np.append(0.0, np.geomspace(1e-8, 1e-3, 41))
    rise = {
        "bottom": 1.0 - np.exp(-speed * time / 1e-4),
        "bottom-centre": 1.0 - np.exp(-speed * time / 1.001e-4),
        "top": 1.0 - np.exp(-time / 1e-6),
    }
    columns = {"time_s": time} | {f"{name}_K": COLD + (HOT - COLD) * y for name, y in rise.items()}
    columns |= {f"{name}_theta": y for name, y in rise.items()} if theta else {}
    write_table(folder / "history.csv", columns)
    summary = {
        "title": "a brick",
        "onsets": {"T1": None, "T2": {"1 K/s": None}, "T3": None, "cessation": None},
        "exotherms": [],
        "crossings": {"half-rise": {"time_s": 0.6931e-4 / speed, "temperature_K": 385.5}, "never": None},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "resolved.yaml").write_text(BRICK_YAML)
    (folder / "fields" / "materials.csv").write_text("material,name\n0,film\n1,silver\n")
    lines = []
    for i, t in enumerate(frames, 1):
        depth = 8e-6 * speed * t / 1e-5
        write_frame(folder / "fields" / f"frame-{i:04d}.vtu", lambda x, y, z, d=depth: COLD + (HOT - COLD) * np.exp(-(8e-6 - z) / d))
        lines.append(f'<DataSet timestep="{t!r}" part="0" file="frame-{i:04d}.vtu"/>')
    (folder / "fields" / "run.pvd").write_text("<VTKFile><Collection>" + "\n".join(lines) + "</Collection></VTKFile>")
    return summary


def cell_folder(folder: Path, runaway: bool) -> dict[str, Any]:
    """A test of three steps with an exotherm that runs away or ends; the summary that was written."""
    folder.mkdir(parents=True)
    rows: list[tuple[float, float, float, str]] = []
    for i in range(3):
        t, T = 1800.0 * i, 380.0 + 5.0 * i
        rows += [
            (t, T, 1e-4, "wait"),
            (t + 900.0, T + 0.1, 1.1e-4, "seek"),
            (t + 1500.0, T + 0.2, 1.2e-4, "heat"),
            (t + 1799.0, T + 5.0, 3e-2, "heat"),
        ]
    rows += [(5400.15, 395.15, 4e-4, "exotherm")]
    onsets: dict[str, Any] = {"T1": {"temperature_K": 395.15, "time_s": 5400.15}, "T2": {"10 K/min": None, "1 K/s": None}, "T3": None}
    if runaway:
        rows += [
            (9000.0, 400.15, 1e-3, "exotherm"),
            (9000.0, 400.15, 10.0, "runaway"),
            (9005.0, 500.0, 100.0, "runaway"),
            (9010.0, 900.15, 0.0, "end"),
        ]
        onsets["T2"]["1 K/s"] = {"temperature_K": 400.15, "time_s": 9000.0}
        onsets |= {"T3": {"temperature_K": 900.15, "time_s": 9010.0}, "cessation": None}
        end = {"temperature_K": 900.15, "time_s": 9010.0}
    else:
        rows += [(8000.0, 396.15, 3e-4, "heat"), (8200.0, 402.0, 2e-4, "wait"), (9000.0, 402.1, 2e-4, "end")]
        end = {"temperature_K": 396.15, "time_s": 8000.0}
        onsets["cessation"] = end
    names = ("time_s", "sample_K", "rate_K_per_s", "phase")
    write_table(folder / "history.csv", dict(zip(names, zip(*rows, strict=True), strict=True)))
    exotherm = {"start": {"temperature_K": 395.15, "time_s": 5400.15}, "end": end}
    summary = {"title": "a cell", "onsets": onsets, "exotherms": [exotherm], "crossings": {}}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "resolved.yaml").write_text(CELL_YAML)
    return summary


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two bodies and two cells in one study."""
    members = {
        "film brick": brick_folder(tmp_path / "film-brick", 1.0, (1e-6, 1e-5, 1e-4)),
        "Cu brick": brick_folder(tmp_path / "Cu-brick", 50.0),
        "hot cell": cell_folder(tmp_path / "hot-cell", runaway=True),
        "safe cell": cell_folder(tmp_path / "safe-cell", runaway=False),
    }
    (tmp_path / "summary.json").write_text(json.dumps({"title": "all", "members": members}))
    return tmp_path


@pytest.fixture
def no_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "command", lambda *_: [sys.executable, "-c", DIES["by exit code"]])


def runs_of(folder: Path, cells: bool) -> list[read.Run]:
    return [run for run in read.read_runs(folder)[0] if run.is_cell is cells]


def colours_of(runs: list[read.Run]) -> dict[str, str]:
    return {run.name: theme.colour(i) for i, run in enumerate(runs)}


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def curves_on(axes: Any) -> list[Any]:
    return [line for line in axes.get_lines() if not line.get_label().startswith("_")]


def test_importing_the_pictures_loads_neither_matplotlib_nor_vtk():
    code = "import sys, viz, viz.pictures; print(sorted({'matplotlib', 'pyvista', 'vtkmodules', 'meshio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_field_is_read_by_coordinates(study: Path):
    field = read.read_field(study / "film-brick" / "fields" / "frame-0002.vtu")
    assert field.temperature.shape == (5, 5, 4)
    assert field.temperature[0, 0, -1] == pytest.approx(HOT)
    assert field.temperature[2, 3, 0] == pytest.approx(COLD + (HOT - COLD) * np.exp(-1.0))
    assert field.material[0, 0].tolist() == [0, 0, 1]
    assert field.weights.sum() == pytest.approx(1.0)
    # the mean of z over the body, trapezoidal in each cell, is exact
    assert np.sum(field.weights * field.axes[2]) == pytest.approx(4e-6)


def test_a_damaged_frame_is_named(tmp_path: Path):
    (tmp_path / "frame-0001.vtu").write_text("<VTKFile")
    with pytest.raises(ValueError, match=r"frame-0001\.vtu: cannot be read"):
        read.read_field(tmp_path / "frame-0001.vtu")


@pytest.mark.slow
def test_theta_over_log_time_has_a_colour_a_body_and_a_style_a_probe(study: Path):
    from viz import curves

    runs = runs_of(study, cells=False)
    figure = curves.probes(runs, colours_of(runs))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "time [s]"
    assert axes.get_ylabel().startswith("θ") and axes.get_ylabel().endswith("[–]")
    drawn = curves_on(axes)
    assert len(drawn) == 4  # bottom and bottom-centre agree within 1 % and share a curve
    assert {line.get_color() for line in drawn} == {theme.colour(0), theme.colour(1)}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"film brick", "Cu brick", "bottom\nbottom-centre", "top"} <= set(legend)
    assert sorted(texts(axes)) == ["half-rise 1.39 µs", "half-rise 69.3 µs"]


def test_without_theta_the_probes_are_in_degrees(tmp_path: Path):
    from viz import curves

    brick_folder(tmp_path / "one", theta=False)
    figure = curves.probes([read.read_run(tmp_path / "one")], {"one": theme.colour(0)})
    assert figure.axes[0].get_ylabel() == "temperature [°C]"
    assert max(line.get_ydata().max() for line in curves_on(figure.axes[0])) == pytest.approx(HOT - 273.15, abs=0.1)


@pytest.mark.slow
def test_a_runaway_has_a_panel_of_its_own_seconds(study: Path):
    from viz import curves

    runs = runs_of(study, cells=True)
    figure = curves.temperature(runs, colours_of(runs))
    test, runaway, safe, around = figure.axes
    assert [axes.get_xlabel() for axes in (test, runaway)] == ["time [h]", "time after T2 [s]"]
    assert all(axes.get_ylabel() == "temperature [°C]" for axes in figure.axes)
    assert {"T1  122.0 °C", "T2  127.0 °C"} <= set(texts(test))
    assert {"T2  127.0 °C", "T3  627.0 °C"} == set(texts(runaway))
    assert runaway.get_xlim()[0] < 0.0 < 10.0 < runaway.get_xlim()[1] < 12.0
    assert "cessation  123.0 °C" in texts(safe) and "cessation  123.0 °C" in texts(around)
    assert not any(text.startswith(("T2", "T3")) for text in texts(safe))
    assert test.get_title(loc="left") == "hot cell"
    phases = [text.get_text() for text in figure.legends[0].get_texts()]
    assert phases == ["wait", "seek", "heat", "exotherm", "runaway"]


def test_phases_follow_each_other_without_a_gap(study: Path):
    from viz import curves

    for run in runs_of(study, cells=True):
        spans = curves.phases(run)
        assert spans[0][1] == 0.0
        assert all(a[2] == b[1] for a, b in itertools.pairwise(spans))


def test_the_rate_leaves_out_what_the_heater_does(study: Path):
    from viz import curves

    runs = runs_of(study, cells=True)
    figure = curves.rate(runs, colours_of(runs))
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel().startswith("temperature [°C]") and axes.get_ylabel() == "self-heating rate [K/min]"
    hot, safe, sensitivity, criterion = curves_on(axes)
    assert np.nanmax(safe.get_ydata()) == pytest.approx(4e-4 * 60.0)  # not the heater's 1.8 K/min
    assert np.nanmax(hot.get_ydata()) == pytest.approx(6000.0)
    assert sensitivity.get_label() == "sensitivity, 0.02 K/min"
    assert criterion.get_label() == "criterion of T2, 1 K/s"
    expected = {"T1  122.0 °C", "T2  127.0 °C", "T3  627.0 °C", "cessation  123.0 °C"}
    assert set(texts(axes)) == expected and len(texts(axes)) == 5


@pytest.mark.slow
def test_labels_stay_apart(study: Path):
    from viz import curves

    runs = runs_of(study, cells=True)
    figure = curves.rate(runs, colours_of(runs))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_bbox_patch().get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_cell_without_an_instrument_has_no_phases(tmp_path: Path):
    from viz import curves

    folder = tmp_path / "oven"
    folder.mkdir()
    columns = {"time_s": [0.0, 10.0, 60.0], "sample_K": [300.0, 310.0, 330.0], "rate_K_per_s": [1.0, 0.5, 0.1]}
    write_table(folder / "history.csv", columns)
    (folder / "summary.json").write_text(json.dumps({"title": "oven", "onsets": {}, "exotherms": [], "crossings": {}}))
    run = read.read_run(folder)
    figure = curves.temperature([run], {"oven": theme.colour(0)})
    assert len(figure.axes) == 1 and not figure.legends
    assert figure.axes[0].get_xlabel() == "time [s]"
    assert len(curves.rate([run], {"oven": theme.colour(0)}).axes) == 1


def test_one_range_of_colours_serves_all_bodies(study: Path):
    from viz import flat

    bricks = [brick(run, 1e-5, run.name) for run in runs_of(study, cells=False)]
    figure = flat.fields(bricks)
    surfaces = [image for axes in figure.axes for image in axes.images]
    assert len(surfaces) == 4
    assert {image.get_clim() for image in surfaces} == {(25.0, 200.0)}
    bar = figure.axes[-1]
    assert bar.get_ylabel() == "temperature [°C]"
    panels = figure.axes[:-1]
    assert [axes.get_xlabel() for axes in panels] == ["x [µm]"] * 4
    assert [axes.get_ylabel() for axes in panels] == ["y [µm]", "z [µm]"] * 2
    assert [axes.get_title() for axes in panels if axes.get_title()] == ["film brick", "Cu brick"]
    (square,) = panels[0].patches
    assert square.get_bbox().extents == pytest.approx([4.5, 4.5, 5.5, 5.5])
    assert "outlined: hot-spot, 1 µm square held at 199.9 °C" in texts(panels[1])
    assert {"film", "silver"} <= set(texts(panels[1]))


@pytest.mark.slow
def test_the_scene_has_both_bodies_on_one_range_in_micrometres(study: Path):
    """Nothing is rendered, so that it holds without OpenGL, too."""
    from viz.grid import grid, without_quarter

    bricks = [brick(run, 1e-5, run.name) for run in runs_of(study, cells=False)]
    whole, unit = grid(bricks[0].file)
    assert unit == "µm"
    assert whole.bounds == pytest.approx((0.0, 10.0, 0.0, 10.0, 0.0, 8.0))
    assert whole.point_data["temperature [°C]"].max() == pytest.approx(HOT - 273.15)
    cut = without_quarter(whole, 5.0, 5.0)
    assert cut.n_cells == whole.n_cells * 3 // 4
    assert colour_range(bricks, [read.read_field(b.file) for b in bricks])[:2] == (25.0, 200.0)


def test_a_cut_through_tetrahedra_shows_the_edges_of_its_regions_alone():
    """Each of the two L-shaped layers has 6 upright edges of 5 and two outlines of 40; every line lies in two of the planes."""
    import pyvista

    from viz.grid import outlines, without_quarter

    whole = pyvista.ImageData(dimensions=(5, 5, 5), spacing=(2.5, 2.5, 2.5)).to_tetrahedra(5)
    whole.points = np.asarray(whole.points, float)
    whole.point_data["temperature [°C]"] = whole.points[:, 0]
    whole.cell_data["material"] = (whole.cell_centers().points[:, 2] > 5.0).astype(int)
    lines = outlines(whole, without_quarter(whole, 5.0, 5.0), 5.0, 5.0)
    points = np.concatenate([part.points for part in lines])
    assert np.all(np.sum(np.abs(points[:, :, None] - np.array([0.0, 5.0, 10.0])).min(axis=2) < 1e-4, axis=1) >= 2)
    assert sum(float(part.compute_cell_sizes()["Length"].sum()) for part in lines) == pytest.approx(2 * (6 * 5.0 + 2 * 40.0), rel=1e-4)


def test_a_cut_through_tetrahedra_keeps_both_temperatures_at_a_contact():
    """Two cubes that touch at x = 5 without a point in common, one at 0, one at 100 degC."""
    import pyvista

    from viz.grid import without_quarter

    parts = [pyvista.ImageData(dimensions=(3, 5, 5), spacing=(2.5, 2.5, 2.5), origin=(x, 0.0, 0.0)).to_tetrahedra(5) for x in (0.0, 5.0)]
    for part, value in zip(parts, (0.0, 100.0), strict=True):
        part.point_data["temperature [°C]"] = np.full(part.n_points, value)
    whole = parts[0].merge(parts[1], merge_points=False)
    cut = without_quarter(whole, 4.0, 4.0)
    assert set(np.round(cut.point_data["temperature [°C]"], 6)) == {0.0, 100.0}
    left = cut.cell_centers().points[:, 0] < 5.0
    means = cut.point_data_to_cell_data().cell_data["temperature [°C]"]
    assert np.all(means[left] == 0.0)
    assert np.all(means[~left] == 100.0)


def test_a_field_beyond_what_conduction_reaches_widens_the_range(study: Path):
    bricks = [brick(run, 1e-5, run.name) for run in runs_of(study, cells=False)]
    field = read.read_field(bricks[0].file)
    hotter = field._replace(temperature=field.temperature + 300.0)
    assert colour_range(bricks, [field, hotter])[:2] == (25.0, 500.0)


def test_the_best_time_is_one_at_which_every_body_has_a_frame(study: Path):
    runs = runs_of(study, cells=False)
    assert best_time(runs) in (1e-6, 1e-5)  # the frame at 1e-4 of one body alone varies most, but the other has none
    assert best_time(runs[:1]) in (1e-6, 1e-5, 1e-4)


@pytest.mark.slow
def test_a_drawing_process_that_dies_leaves_sections_and_one_note(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Nothing is written and nothing printed besides."""
    monkeypatch.setattr(album, "command", lambda *_: [sys.executable, "-c", DIES["by signal"]])
    before = sorted(study.rglob("*"))
    made, notes = album.pictures(study, 1e-5)
    assert set(made) == {"fields", "curves", "temperature", "rate"}
    assert all(data.startswith(PNG) for data in made.values())
    (note,) = notes
    assert "apt-get install libegl1 libgl1-mesa-dri" in note
    assert sorted(study.rglob("*")) == before
    assert capsys.readouterr() == ("", "")


def test_a_drawing_process_without_a_picture_is_a_failure():
    assert album.rendered([sys.executable, "-c", DIES["by exit code"]]) == (None, "the drawing process ended with 139")
    assert album.rendered([sys.executable, "-c", DIES["by signal"]]) == (None, "the drawing process ended by signal 9")
    assert album.rendered([sys.executable, "-c", "print('no picture')"])[0] is None
    assert album.rendered(["/no/such/program"])[0] is None


@pytest.mark.slow
def test_the_picture_in_three_dimensions_or_its_stand_in(tmp_path: Path):
    """Whatever the libraries of this machine: a picture, and at most one note."""
    brick_folder(tmp_path / "one", frames=(1e-5,))
    made, notes = album.pictures(tmp_path / "one")
    assert set(made) == {"field", "curves"}
    assert all(data.startswith(PNG) for data in made.values())
    assert len(notes) <= 1


@pytest.mark.slow
def test_a_cell_has_temperature_and_rate(tmp_path: Path):
    cell_folder(tmp_path / "cell", runaway=True)
    made, notes = album.pictures(tmp_path / "cell")
    assert set(made) == {"temperature", "rate"} and notes == []


@pytest.mark.slow
def test_the_time_is_that_of_the_summary_unless_another_is_asked(study: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[list[float]] = []

    def command(runs: Any, bricks: Any, look: Any) -> list[str]:
        asked.append([b.time for b in bricks])
        return [sys.executable, "-c", "raise SystemExit(1)"]

    monkeypatch.setattr(album, "command", command)
    monkeypatch.setattr("viz.flat.fields", lambda bricks: theme.figure(1.0, 1.0))
    members = dict.fromkeys(("film brick", "Cu brick"))
    (study / "summary.json").write_text(json.dumps({"members": members, "picture_time_s": 1e-6}))
    album.pictures(study)
    notes = album.pictures(study, 1e-4)[1]
    assert asked == [[1e-6, 1e-6], [1e-4, 1e-5]]
    assert "Cu brick: there is no frame at 100 µs; the one at 10 µs is drawn" in notes


@pytest.mark.slow
@pytest.mark.usefixtures("no_opengl")
def test_a_member_that_cannot_be_read_is_named_and_the_others_are_drawn(study: Path):
    (study / "Cu-brick" / "history.csv").unlink()
    (study / "film-brick" / "fields" / "frame-0002.vtu").write_text("<VTKFile")
    made, notes = album.pictures(study, 1e-5)
    assert set(made) == {"curves", "temperature", "rate"}
    assert any(note.startswith("Cu brick is not drawn") for note in notes)
    assert any(note.startswith("the picture 'fields' cannot be drawn") for note in notes)


def test_a_folder_without_a_summary_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"summary\.json"):
        album.pictures(tmp_path)


def sliced(kind: str):
    """A box of 3 x 2 x 1 whose temperature is linear, of hexahedra or tetrahedra, in two materials above each other."""
    from viz.read import Cells
    from viz.sections import _TETRAHEDRA

    x, y, z = np.linspace(0.0, 3.0, 4), np.linspace(0.0, 2.0, 3), np.linspace(0.0, 1.0, 5)
    points = np.array([(a, b, c) for c in z for b in y for a in x])
    at = np.arange(len(points)).reshape(5, 3, 4)
    corners = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)]
    cells = np.stack([at[c : 4 + c, b : 2 + b, a : 3 + a].ravel() for c, b, a in corners], axis=1)
    if kind == "tetra":
        cells = cells[:, _TETRAHEDRA].reshape(-1, 4)
    material = (points[cells, 2].mean(axis=1) > 0.5).astype(int)
    return Cells(points, cells, kind, 300.0 + points @ np.array([1.0, 20.0, 300.0]), material)


@pytest.mark.parametrize("kind", ["hexahedron", "tetra"])
@pytest.mark.parametrize(("axis", "level"), [(0, 1.3), (1, 1.0), (2, 0.61), (2, 0.5)])
def test_a_section_has_the_area_of_the_plane_and_its_temperatures(kind: str, axis: int, level: float):
    """A linear field is met to the last digits but a few, whether the plane passes between nodes or through them."""
    from viz.sections import section

    field = sliced(kind)
    found = section(field, axis, level)
    u, v = found.points[found.cells, 0], found.points[found.cells, 1]
    areas = 0.5 * np.abs((u[:, 1] - u[:, 0]) * (v[:, 2] - v[:, 0]) - (u[:, 2] - u[:, 0]) * (v[:, 1] - v[:, 0]))
    assert areas.sum() == pytest.approx(6.0 / (3.0, 2.0, 1.0)[axis])
    places = np.insert(found.points[:, :2], axis, level, axis=1)
    assert found.temperature == pytest.approx(300.0 + places @ np.array([1.0, 20.0, 300.0]))
    if axis < 2:
        assert areas[found.material == 1].sum() == pytest.approx(0.5 * areas.sum())


CUT = """
title: two blocks
materials: {m: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}
sample:
  kind: boxes
  coordinates: space
  regions:
    a: {material: m, from: [0 mm, 0 mm, 0 mm], to: [30 mm, 20 mm, 10 mm]}
    b: {material: m, from: [0 mm, 0 mm, 10 mm], to: [30 mm, 20 mm, 16 mm]}
  temperature: 300 K
  mesh: {order: 1, largest: 6 mm}
programme:
  kind: surroundings
  faces: {bottom: [{kind: held, temperature: 400 K}], a|b: [{kind: contact, resistance: 1e-2 m2 K/W}]}
  end: 60 s
measure: {pictures: {times: [60 s]}}
"""


@pytest.mark.usefixtures("no_opengl")
@pytest.mark.slow
def test_a_body_that_a_contact_cuts_is_drawn_without_opengl(thermo: Any, tmp_path: Path):
    (tmp_path / "cut.yaml").write_text(CUT)
    code, _, err = thermo("run", "cut.yaml", "--quiet", "--out", "cut")
    assert code == 0 and (tmp_path / "cut" / "pictures" / "field.png").exists(), err
    from viz import flat

    figure = flat.fields([brick(read.read_run(tmp_path / "cut"), 60.0, "cut")])
    assert len(figure.axes) == 3
    assert {"a", "b"} <= set(texts(figure.axes[0]))
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == ["z [mm]"] * 2


@pytest.mark.parametrize("n_words", [1, 3, 9, 14, 60])
def test_a_title_has_two_lines_and_its_moment_whole(n_words: int):
    lines = theme.heading(" ".join(["compound,"] * n_words), "15 min", 40).splitlines()
    assert len(lines) <= 2
    assert lines[-1].endswith("15 min")
    assert max(map(len, lines)) <= 72
