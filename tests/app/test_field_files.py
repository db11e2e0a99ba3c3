"""Field files: VTK's reader, meshio's and the pictures' find the same numbers, whatever the cells and however long the arrays."""

import meshio
import numpy as np
import pytest
import pyvista
from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

from thermo.heat.discretised import Frame
from thermo.results.fields import stored_field
from thermo.results.store import Folder, damage, read_json
from viz.read import read_frame, read_frames

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


HOSTILE = [
    "a < b & c",
    "\"quoted\" 'twice'",
    "Zelle \u00b5 \u96fb\u6c60 \U0001f525",
    "<!--",
    "]]> &amp;",
    "two\nlines\tand a tab",
    "",
    "_",
    "../x",
]


@pytest.mark.parametrize("kind", CORNERS)
def test_regions_are_named_for_other_tools(tmp_path, kind):
    """VTK and pyvista read the name of each cell's region, whatever the name, and the table of names and numbers."""
    mesh = mesh_of(kind, 40)._replace(material=np.arange(40) % len(HOSTILE), names=HOSTILE)
    with Folder(tmp_path / "run") as folder:
        for number in (1, 2):
            folder.write_frame(number, float(number), mesh, np.full(len(mesh.points), 300.0), None, [1.0][: number - 1])
        folder.finish({"status": "complete"})
    file = tmp_path / "run" / "fields" / "regions.vtu"
    drawn = pyvista.read(file)
    np.testing.assert_array_equal(drawn.points, mesh.points)
    np.testing.assert_array_equal(drawn.cells.reshape(40, -1)[:, 1:], mesh.cells)
    assert list(drawn.cell_data["region"]) == [HOSTILE[number] for number in mesh.material]
    assert drawn.cell_data["material"].tolist() == mesh.material.tolist()
    assert list(drawn.field_data["region_name"]) == HOSTILE
    assert drawn.field_data["region_material"].tolist() == list(range(len(HOSTILE)))
    reader = vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(file))
    reader.Update()
    region = reader.GetOutput().GetCellData().GetAbstractArray("region")
    assert [region.GetValue(i) for i in range(40)] == [HOSTILE[number] for number in mesh.material]
    assert "fields/regions.vtu" in read_json(tmp_path / "run" / "manifest.json")
    assert damage(tmp_path / "run") == []


def test_a_field_is_cut_to_a_region_by_its_name(tmp_path):
    """As docs/pictures.md says: the cells of regions.vtu and of a frame have the same order."""
    mesh = mesh_of("tetra", 20)._replace(names=["can", "core"])
    with Folder(tmp_path / "run") as folder:
        folder.write_frame(1, 0.0, mesh, np.where(np.arange(80) // 4 % 2, 400.0, 300.0), None, [])
    names, field = (pyvista.read(tmp_path / "run" / "fields" / name) for name in ("regions.vtu", "frame-0001.vtu"))
    core = field.extract_cells(np.array(names.cell_data["region"]) == "core")
    assert core.n_cells == 10
    assert set(core.point_data["temperature_K"]) == {400.0}


def test_a_file_of_regions_that_a_kill_left_half_written_is_removed(tmp_path):
    mesh = mesh_of("tetra", 20)
    with Folder(tmp_path / "run") as folder:
        folder.write_frame(1, 0.0, mesh, np.full(80, 300.0), None, [])
    half = tmp_path / "run" / "fields" / ".regions.part.vtu"
    half.write_bytes(b"<VTKFile")
    with Folder(tmp_path / "run"):
        assert not half.exists()


def test_old_folders_without_regions_and_new_ones_are_read_alike(tmp_path):
    mesh = mesh_of("hexahedron", 20)
    for name in ("new", "old"):
        with Folder(tmp_path / name) as folder:
            folder.write_frame(1, 0.0, mesh, np.linspace(300.0, 400.0, 160), None, [])
            if name == "old":
                (folder.path / "fields" / "regions.vtu").unlink()
            folder.finish({"status": "complete"})
    found = [(stored_field(tmp_path / name, mesh.points), damage(tmp_path / name), read_frames(tmp_path / name)) for name in ("new", "old")]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert [(problems, [frame.file.name for frame in frames]) for _, problems, frames in found] == [([], ["frame-0001.vtu"])] * 2
