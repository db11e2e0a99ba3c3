"""Bodies from mesh files through the case file: what they give, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes, read_mesh
from tests.bodies.test_bodies import KINDS
from thermo.app.cli import app
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.simulation.simulate import run

FILES = Path(__file__).parent.parent / "meshes"

CASE = """
title: from a file
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: mesh
  file: body.msh
  unit: mm
  regions: {a: {material: a}, b: {material: b}}
  temperature: 300 K
  mesh: {order: ORDER}
programme:
  kind: PROGRAMME
  faces:
    hot: [{kind: held, temperature: 400 K}]
    cold: [{kind: held, temperature: 300 K}]
"""


def written(folder, dimension, elements, order=1, programme="steady", wobble=0.15):
    """Two slabs as in test_bodies in a .msh of millimetres, inner vertices moved: the case file."""
    axes = [np.linspace(0.0, 30.0, 13), *[np.linspace(0.0, 5.0, 3)] * (dimension - 1)]
    low, high = (0.0,) * dimension, (30.0, *[5.0] * (dimension - 1))
    regions = {"a": [Extent(low, (10.0, *high[1:]))], "b": [Extent((10.0, *low[1:]), high)]}
    mesh = boxes_mesh(axes, regions, {}, elements == "simplices")
    rng = np.random.default_rng(7)
    inner = np.ones(len(mesh.points), bool)
    for axis in range(dimension):
        inner &= (mesh.points[:, axis] > low[axis]) & (mesh.points[:, axis] < high[axis])
    inner &= np.abs(mesh.points[:, 0] - 10.0) > 1e-9
    mesh.points[inner] += wobble * rng.uniform(-1.0, 1.0, (inner.sum(), dimension))
    mesh = mesh._replace(faces={"hot": mesh.faces["left"], "cold": mesh.faces["right"]})
    (folder / "body.msh").write_bytes(mesh_bytes(mesh, ".msh"))
    case = folder / "case.yaml"
    case.write_text(CASE.replace("ORDER", str(order)).replace("PROGRAMME", programme))
    return case


@pytest.mark.usual(3)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
def test_two_slabs_from_a_file(tmp_path, dimension, elements, order):
    """A field linear in x is exact on any mesh of the file."""
    case = read_case(written(tmp_path, dimension, elements, order), ["measure.flows=[a|b]"])
    result = run(case)
    flux, area = 100.0 / 0.011, {1: 1.0, 2: 5e-3, 3: 25e-6}[dimension]
    assert result.summary()["energy"]["heat_in_W"] == pytest.approx(flux * area, rel=1e-9)
    assert result.columns["flow_a|b_W"][-1] == pytest.approx(flux * area, rel=1e-6)


@pytest.mark.usual(3)
@pytest.mark.parametrize(("dimension", "elements"), KINDS)
def test_a_transient_from_a_file_keeps_its_energy(tmp_path, dimension, elements):
    case = read_case(written(tmp_path, dimension, elements, 1, "surroundings"), ["programme.end=5 s"])
    assert run(case).summary()["energy"]["residual_relative"] < 1e-8


@pytest.mark.usual(3)
@pytest.mark.parametrize(
    "name", ["boxes-2.2.msh", "boxes-2.2-binary.msh", "boxes-4.1.msh", "boxes-4.1-binary.msh", "boxes-order2-4.1.msh", "boxes.inp"]
)
def test_files_of_gmsh(tmp_path, name):
    """Two boxes of 2 x 1 x 1 mm on one another, the lower one heated: all that comes in leaves through the bottom."""
    shutil.copy(FILES / name, tmp_path / name)
    lower = "lower_cell" if name.endswith("inp") else "lower cell"
    text = CASE.replace("body.msh", name).replace("ORDER", "2").replace("PROGRAMME", "steady")
    text = text.replace(
        "{a: {material: a}, b: {material: b}}", f"{{low: {{material: a, is: {lower}, size: 2 mm3}}, upper: {{material: b}}}}"
    )
    text = (
        text[: text.index("  faces:")]
        + "  faces: {bottom: [{kind: held, temperature: 300 K}]}\n  sources: {low: {power_density: 1 MW/m3}}\n"
    )
    case = tmp_path / "case.yaml"
    case.write_text(text + "measure: {flows: [low|upper, bottom], probes: {top: [1 mm, 0.5 mm, 2 mm]}}\n")
    made = read_case(case)
    assert made.sample.exact_sizes({}) == {"low": 2e-9}
    assert made.sample.regions["low"].size.dimension == "volume"
    result = run(made)
    summary = result.summary()
    assert summary["energy"]["heat_out_W"] == pytest.approx(2e-9 * 1e6, rel=1e-9)
    assert result.columns["flow_bottom_W"][-1] == pytest.approx(-2e-3, rel=1e-6)
    assert abs(result.columns["flow_low|upper_W"][-1]) < 1e-9
    assert summary["probes"]["top"]["final_K"] == pytest.approx(300.0 + 0.5 * 1e6 * 1e-6 / 10.0, abs=1e-6)


def refused(case, *changes):
    text = case.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    case.write_text(text)
    with pytest.raises(CaseError) as caught:
        read_case(case)
    return "\n".join(str(mistake) for mistake in caught.value.mistakes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  unit: mm\n", "", "sample.unit: is missing"),
        ("unit: mm", "unit: kg", "a unit of length is needed, such as mm"),
        ("file: body.msh", "file: nobody.msh", "nobody.msh"),
        ("file: body.msh", "file: 3", "the name of a mesh file is needed"),
        ("b: {material: b}}", "c: {material: b}}", "the file has no region 'c'"),
        (", b: {material: b}}", "}", "no material for b; the file has a, b"),
        ("hot: [", "hott: [", "the sample has no face 'hott'; did you mean 'hot'"),
        ("  unit: mm\n", "  unit: mm\n  coordinates: space\n", "the mesh has 2 dimensions: give plane or axisymmetric"),
        ("  unit: mm\n", "  unit: mm\n  cross_section: 1 m2\n", "is for a line"),
        ("ORDER", "3", "sample.mesh.order"),
    ],
)
def test_what_does_not_fit_a_mesh_file_is_one_clear_line(tmp_path, old, new, words):
    case = written(tmp_path, 2, "boxes", "ORDER" if old == "ORDER" else 1)
    assert words in refused(case, (old, new))


@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("dimension", "size", "words"),
    [
        (1, "5", "5 has no unit; a length (um) is needed, probably '5 um' or '5 mm'"),
        (2, "5", "5 has no unit; an area (cm2) is needed, probably '5 cm2' or '5 m2'"),
        (3, "5", "5 has no unit; a volume (cm3) is needed, probably '5 cm3' or '5 mm3'"),
        (2, "5 mm3", "an area (cm2) is needed, found a volume"),
        (3, "5 kg", "wrong unit 'kg', which is a mass; a volume (cm3) is needed"),
        (3, "-5 mm3", "must be positive, got -5 mm3"),
    ],
)
def test_the_size_of_a_region_has_the_unit_of_the_mesh_s_dimension(tmp_path, dimension, size, words):
    case = written(tmp_path, dimension, "boxes", 1)
    assert refused(case, ("a: {material: a}", f"a: {{material: a, size: {size}}}")).endswith(f"sample.regions.a.size: {words}")


def test_a_size_that_the_mesh_contradicts_tells_a_wrong_unit(tmp_path):
    case = written(tmp_path, 3, "boxes", 1)
    told = refused(case, ("a: {material: a}", "a: {material: a, size: 1000 m3}"))
    assert "sample.regions.a.size: the mesh has" in told
    assert told.endswith("m3 there in the unit mm, not 1000 m3")


@pytest.mark.usual(2)
@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("{a: {material: a},", "{a: {material: a,\n     is: anode},", 11, "sample.regions.a.is: BODY: 'anode' is not in the file"),
        ("unit: mm\n", "unit: mm\n  faces:\n    hot: lid\n", 11, "sample.faces.hot: BODY: 'lid' is not in the file"),
        ("unit: mm\n", "unit: mm\n  edges: {\n    hot: rim}\n", 11, "sample.edges.hot: BODY: 'rim' is not in the file"),
        ("ORDER}\n", "ORDER}\n  merge: 1 m\n", 8, "sample.file: BODY: merge must be below half the smallest edge"),
    ],
)
def test_a_group_that_is_not_in_the_file_is_a_mistake_where_it_is_named(tmp_path, old, new, line, words):
    case = written(tmp_path, 3, "boxes", "ORDER")
    text = refused(case, (old, new), ("ORDER", "1"))
    assert text.startswith(f"{case}:{line}: " + words.replace("BODY", f"{tmp_path}/body.msh"))


def test_a_mesh_from_a_file_is_not_refined(tmp_path):
    case = written(tmp_path, 2, "boxes")
    case.write_text(case.read_text() + "numerics: {check_mesh: true}\n")
    assert "this mesh cannot be refined here" in refused(case)


def test_the_contents_of_the_file_are_part_of_the_case(tmp_path):
    from thermo.case.case import case_hash

    case = written(tmp_path, 2, "boxes")
    before = case_hash(read_case(case))
    assert before == case_hash(read_case(case))
    written(tmp_path, 2, "boxes", wobble=0.1)
    assert before != case_hash(read_case(case))


def test_points_outside_a_mesh_file(tmp_path):
    case = written(tmp_path, 2, "simplices")
    read_case(case, ["measure.probes={p: [30 mm, 5 mm], q: [0 mm, 0 mm], r: [11 mm, 2 mm]}"])
    with pytest.raises(CaseError, match="lies outside the body"):
        read_case(case, ["measure.probes={p: [31 mm, 5 mm]}"])


def test_the_command_mesh_writes_and_reports(tmp_path):
    case = written(tmp_path, 3, "simplices")
    out = tmp_path / "made.msh"
    told = CliRunner().invoke(app, ["mesh", str(case), "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "288 cells (tetra), 117 vertices" in told.output
    assert "quality" in told.output and "volume in m3" in told.output
    assert out.is_file()
    again = CliRunner().invoke(app, ["mesh", str(case), "--out", str(out)])
    assert again.exit_code != 0


def test_the_mesh_of_a_block_has_the_volume_of_its_layers(tmp_path):
    case = Path(__file__).parent.parent.parent / "cases" / "paper" / "brick-pi-ag.yaml"
    told = CliRunner().invoke(app, ["mesh", str(case), "--out", str(tmp_path / "m.vtu")])
    assert told.exit_code == 0, told.output
    line = next(line for line in told.output.splitlines() if line.startswith("film"))
    assert abs(float(line.split()[-1])) < 1e-9


@pytest.mark.usual(1)
@pytest.mark.parametrize("suffix", [".vtu", ".xdmf"])
def test_regions_from_an_array_of_cells(tmp_path, suffix):
    """Two slabs whose regions are the values 1 and 2 of an array, held left and right by their flux: the same as from names."""
    pytest.importorskip("h5py")
    meshio = pytest.importorskip("meshio")
    case = written(tmp_path, 2, "simplices", programme="steady", wobble=0.0)
    named = run(read_case(case)).summary()["energy"]["heat_in_W"]
    made = read_mesh(tmp_path / "body.msh", 1.0).mesh
    region = np.zeros(len(made.cells), np.int32)
    for number, cells in enumerate(made.regions.values(), 1):
        region[cells] = number
    lines = np.concatenate([made.faces["hot"], made.faces["cold"]])
    kinds = np.repeat([7, 8], [len(made.faces["hot"]), len(made.faces["cold"])]).astype(np.int32)
    points = np.column_stack([made.points, np.zeros(len(made.points))])
    cells = [("triangle", made.cells), ("line", lines)]
    meshio.Mesh(points, cells, cell_data={"part": [region, kinds]}).write(tmp_path / f"body{suffix}")
    text = (
        case.read_text()
        .replace("body.msh", f"body{suffix}")
        .replace("unit: mm", "unit: mm\n  cell_array: part\n  faces: {hot: 7, cold: 8}")
    )
    names = list(made.regions)
    for name in names:
        text = text.replace(f"{name}: {{material: {name}}}", f"{name}: {{material: {name}, is: {names.index(name) + 1}}}")
    case.write_text(text)
    assert run(read_case(case)).summary()["energy"]["heat_in_W"] == pytest.approx(named, rel=1e-9)
