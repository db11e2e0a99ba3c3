"""Packing of a run's mesh and fields: what the page gets is what the run has, within what it says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.viz.folders import box_folder, boxes, front, plane_folder, write_folder
from viz.page import pack as packing
from viz.page.pack import pack, survey, unpacked_frames, unpacked_mesh
from viz.page.quantities import Reader
from viz.page.reduced import skin
from viz.read import read_cells, read_frame, read_run


def packed(folder, most=30, reduced=False):
    """A run, the reader of its frames, and its packed scene."""
    run = read_run(folder)
    reader = Reader(run.frames)
    return run, reader, pack(run.frames, reader, survey(run.frames, reader), most, skin(reader.first) if reduced else None)


def test_values_come_back_within_half_a_step_at_every_node(tmp_path):
    run, _, made = packed(box_folder(tmp_path / "run"))
    assert [field["array"] for field in made.head["fields"]] == ["temperature_K", "conversion_sei"]
    for field in made.head["fields"]:
        back = unpacked_frames(field)
        stored = [read_frame(frame.file) for frame in run.frames]
        offset = 273.15 if field["array"] == "temperature_K" else 0.0
        exact = np.array([cells.temperature if offset else beside[field["array"]] for cells, beside in stored]) - offset
        assert np.array_equal(np.isnan(back), np.isnan(exact))
        assert field["partly"] == bool(np.isnan(exact).any())
        error = np.nanmax(np.abs(back - exact))
        assert error <= field["step"] / 2 * (1 + 1e-9)
        assert field["rounding"] == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize("scattered", [False, True], ids=["on a grid", "points anywhere"])
def test_the_mesh_comes_back(tmp_path, scattered):
    points, cells, region = boxes((10, 10, 10), 2)
    if scattered:
        points = points + 1e-5 * np.random.default_rng(1).standard_normal(points.shape)
    write_folder(tmp_path / "run", (points, cells, region), front(points, [0.0]), [0.0], ["a", "b"])
    _, _, made = packed(tmp_path / "run")
    assert (made.head["axes"] is None) == scattered
    back, connectivity, regions = unpacked_mesh(made.head)
    assert made.head["unit"] == "mm"
    assert np.abs(back - 1e3 * points).max() < 1e-5  # mm
    assert np.array_equal(connectivity, cells[0][1])
    assert np.array_equal(regions, region)


def test_frames_are_kept_where_straight_lines_err_most():
    """A value that stands, jumps and stands again: the frames next to the jump are kept."""
    times = np.arange(20.0)
    values = np.where(times < 13, 0.0, 100.0)[:, None].astype(np.float32)
    assert sorted(packing.by_worth(times, values, 4)) == [0, 12, 13, 19]


def test_the_error_between_frames_is_the_largest_over_all_nodes_and_times(tmp_path):
    run, _, made = packed(box_folder(tmp_path / "run", n_times=20), most=6)
    assert len(made.kept) == 6 and {0, 19} <= set(made.kept)
    field = made.head["fields"][0]
    back, times = unpacked_frames(field), made.head["times"]
    worst = 0.0
    for frame in run.frames:
        line = [np.interp(frame.time, times, column) for column in back.T]
        worst = max(worst, float(np.abs(line - (read_cells(frame.file).temperature - 273.15)).max()))
    assert field["between"] == pytest.approx(worst, rel=1e-9)
    assert field["between"] > 5 * field["rounding"]


def test_more_frames_err_less(tmp_path):
    folder = box_folder(tmp_path / "run", n_times=20)
    errors = [packed(folder, most)[2].head["fields"][0]["between"] for most in (4, 8, 16, 20)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == 0.0


def test_the_surface_of_a_body_has_its_outside_both_sides_of_its_borders_and_three_cuts(tmp_path):
    _, reader, made = packed(box_folder(tmp_path / "run", (6, 5, 4), 3), reduced=True)
    found = skin(reader.first)
    on_surface = found.cells[found.sheet == 0]
    assert len(on_surface) == 2 * (6 * 5 + 6 * 4 + 5 * 4) + 2 * 2 * (5 * 4)
    points = found.between(reader.first.points)
    size = np.ptp(points, axis=0)
    for axis in range(3):
        cut = found.cells[found.sheet == axis + 1]
        corners = points[cut]
        assert np.allclose(corners[..., axis], found.levels[axis])
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
        assert area == pytest.approx(np.prod(np.delete(size, axis)), rel=1e-9)
    back, cells, _ = unpacked_mesh(made.head)
    assert len(cells) == len(found.cells) and np.abs(back - 1e3 * points).max() < 1e-5
    assert made.head["fields"][0]["rounding"] <= made.head["fields"][0]["step"] / 2 * (1 + 1e-9)


def test_vectors_of_cells_are_shown_by_their_size_at_the_points(tmp_path):
    import meshio

    run = read_run(plane_folder(tmp_path / "run", axisymmetric=False))
    for frame in run.frames:
        cells = read_cells(frame.file)
        flux = np.tile([3.0, -4.0, 0.0], (len(cells.cells), 1))
        data = {"material": [cells.material], "heat_flux_W_per_m2": [flux]}
        meshio.Mesh(cells.points, [("quad", cells.cells)], {"temperature_K": cells.temperature}, data).write(frame.file)
    _, _, made = packed(run.folder)
    field = made.head["fields"][1]
    assert (field["name"], field["unit"]) == ("heat flux |k ∇T|", "W/m²")
    assert np.allclose(unpacked_frames(field), 5.0, atol=1e-6)


def test_a_frame_of_another_mesh_is_named(tmp_path):
    run = read_run(box_folder(tmp_path / "run"))
    other = read_run(box_folder(tmp_path / "other", (4, 4, 4)))
    run.frames[3].file.write_bytes(other.frames[3].file.read_bytes())
    with pytest.raises(ValueError, match=r"frame-0004\.vtu: has another mesh"):
        packed(run.folder)
