"""Field files: VTK's reader, meshio's and the pictures' find the same numbers, whatever the cells and however long the arrays."""

import meshio
import numpy as np
import pytest
import pyvista

from thermo.heat.discretised import Frame
from thermo.results.fields import stored_field
from thermo.results.store import Folder, damage
from viz.read import read_frame

CORNERS = {"line": 2, "triangle": 3, "quad": 4, "tetra": 4, "hexahedron": 8}


def mesh_of(kind, n):
    """Cells of a kind that share no point; of arrays that fill blocks exactly, and that do not."""
    random = np.random.default_rng(0)
    cells = np.arange(n * CORNERS[kind]).reshape(n, -1)
    return Frame(random.random((cells.size, 3)), cells, kind, np.arange(n) % 2, ["a < b", "&"])


@pytest.mark.parametrize("kind", CORNERS)
@pytest.mark.parametrize("n", [1, 8, 1 << 14])
def test_three_readers_agree(tmp_path, kind, n):
    mesh = mesh_of(kind, n)
    random = np.random.default_rng(1)
    temperature, share = 300.0 + random.random(len(mesh.points)), random.random(len(mesh.points))
    flux = random.random((n, 3))
    with Folder(tmp_path / "run") as folder:
        folder.write_frame(1, 0.1, mesh, temperature, flux, [], share=share)
    file = tmp_path / "run" / "fields" / "frame-0001.vtu"
    cells, beside = read_frame(file)
    theirs, drawn = meshio.read(file), pyvista.read(file)
    for points in (cells.points, theirs.points, drawn.points):
        np.testing.assert_array_equal(points, mesh.points)
    for stored in (cells.cells, theirs.cells[0].data, drawn.cells.reshape(n, -1)[:, 1:]):
        np.testing.assert_array_equal(stored, mesh.cells)
    for kelvin in (cells.temperature, theirs.point_data["temperature_K"], drawn.point_data["temperature_K"]):
        np.testing.assert_array_equal(kelvin, temperature)  # every digit: a run may start from it
    for values in (beside["share"], theirs.point_data["share"], drawn.point_data["share"]):
        np.testing.assert_allclose(values, share, atol=1e-7)
    for values in (beside["heat_flux_W_per_m2"], theirs.cell_data["heat_flux_W_per_m2"][0], drawn.cell_data["heat_flux_W_per_m2"]):
        np.testing.assert_allclose(values, flux, atol=1e-7)
    for numbers in (theirs.field_data, drawn.field_data):
        assert [float(numbers[name][0]) for name in ("TimeValue", "region a < b", "region &")] == [0.1, 0.0, 1.0]


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short_is_refused(tmp_path, kept):
    mesh = mesh_of("tetra", 500)
    with Folder(tmp_path / "run") as folder:
        folder.write_frame(1, 0.0, mesh, np.linspace(300.0, 400.0, len(mesh.points)), None, [])
    file = tmp_path / "run" / "fields" / "frame-0001.vtu"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * (len(whole) - 40))])  # the last 40 bytes close the XML
    with pytest.raises(ValueError, match=r"frame-0001\.vtu: cannot be read"):
        read_frame(file)


def test_every_frame_has_its_own_mesh(tmp_path):
    """Two frames differ in their fields alone, and another mesh in the same folder is not taken for the first."""
    first, second = mesh_of("hexahedron", 50), mesh_of("hexahedron", 60)
    with Folder(tmp_path / "run") as folder:
        for number, mesh in enumerate((first, first, second), 1):
            folder.write_frame(number, float(number), mesh, np.full(len(mesh.points), 300.0 + number), None, list(range(1, number)))
    read = [read_frame(tmp_path / "run" / "fields" / f"frame-{number:04d}.vtu")[0] for number in (1, 2, 3)]
    assert [len(cells.cells) for cells in read] == [50, 50, 60]
    assert [float(cells.temperature[0]) for cells in read] == [301.0, 302.0, 303.0]


def test_the_ten_thousandth_frame_is_the_last(tmp_path):
    """Its name has a digit more: it is still one of ours, and a run that starts from the result takes it."""
    mesh = mesh_of("tetra", 2)
    with Folder(tmp_path / "run") as folder:
        for number in (9998, 9999, 10000):
            folder.write_frame(number, float(number), mesh, np.full(8, float(number)), None, [])
        folder.write_csv("fields/materials.csv", ["material", "name"], [[0, "a"], [1, "b"]])
        folder.finish({"status": "complete"})
    assert damage(tmp_path / "run") == []
    np.testing.assert_array_equal(stored_field(tmp_path / "run", mesh.points), np.full(8, 10000.0))
