"""Edges of bodies in space: named in a file, or where two faces meet; what is read there."""

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes, read_mesh, report
from meshes.mesh import edges_between, split
from tests.bodies.test_mesh_file import refused
from tests.meshes.test_imported_meshes import gmsh, read_here
from thermo.case.case import read_case
from thermo.heat.elements import Space
from thermo.simulation.simulate import run

CASE = """
title: edges
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: mesh
  file: body.msh
  unit: mm
  regions: {low: {material: a}, high: {material: b}}
  temperature: 300 K
  mesh: {order: ORDER}
programme:
  kind: steady
  faces:
    bottom: [{kind: held, temperature: 300 K}]
    top: [{kind: held, temperature: 400 K}]
measure:
  probes:
    rim: {edge: rim, take: mean}
    most: {edge: rim, take: maximum}
    least: {edge: rim, take: minimum}
    corner: {edge: [left, low|high], take: mean}
"""


def two_boxes(simplices=False):
    """20 x 10 x 30, cut at z = 10 into two regions; the edge `rim` runs up at x = 20, y = 0."""
    axes = [np.linspace(0.0, 20.0, 4), np.linspace(0.0, 10.0, 3), np.array([0.0, 4.0, 10.0, 16.0, 30.0])]
    regions = {"low": [Extent((0.0, 0.0, 0.0), (20.0, 10.0, 10.0))], "high": [Extent((0.0, 0.0, 10.0), (20.0, 10.0, 30.0))]}
    mesh = boxes_mesh(axes, regions, {}, simplices)
    return mesh._replace(edges={"rim": edges_between(mesh, "right", "front")})


def written(folder, simplices=False, order=1):
    (folder / "body.msh").write_bytes(mesh_bytes(two_boxes(simplices), ".msh"))
    case = folder / "case.yaml"
    case.write_text(CASE.replace("ORDER", str(order)))
    return case


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("simplices", [False, True])
def test_the_length_of_an_edge_and_the_mean_of_a_polynomial(simplices, order):
    """z^2 along z is met by quadratic elements, z by linear ones; cells along the edge are of different lengths."""
    mesh = two_boxes(simplices)
    space = Space(mesh, order)
    nodes, length = space.on_edges(mesh.edges["rim"])
    z = space.points[nodes, 2]
    assert length.sum() == pytest.approx(30.0, rel=1e-14)
    assert length @ z**order == pytest.approx(30.0 ** (order + 1) / (order + 1), rel=1e-13)
    assert np.all(space.points[nodes, 0] == 20.0) and np.all(space.points[nodes, 1] == 0.0)


@pytest.mark.usual(2)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("simplices", [False, True])
def test_probes_on_edges(tmp_path, simplices, order):
    """Two slabs in series: 10 mm of 10 W/(m K) and 20 mm of 2 W/(m K) between 300 and 400 K."""
    result = run(read_case(written(tmp_path, simplices, order)))
    between = 300.0 + 100.0 * (10.0 / 10.0) / (10.0 / 10.0 + 20.0 / 2.0)
    mean = (10.0 * 0.5 * (300.0 + between) + 20.0 * 0.5 * (between + 400.0)) / 30.0
    found = [result.probe(name)[-1] for name in ("rim", "most", "least", "corner")]
    assert found == pytest.approx([mean, 400.0, 300.0, between], abs=1e-6)


def test_an_edge_on_a_cut_is_that_of_the_first_region(tmp_path):
    """1e-3 m2 K/W between the slabs, as much as the lower one and a tenth of the upper one."""
    case = written(tmp_path)
    contact = "low|high: [{kind: contact, resistance: 1e-3 m2 K/W}]"
    case.write_text(case.read_text().replace("    bottom: [", f"    {contact}\n    bottom: ["))
    below, above = 300.0 + 100.0 / 12.0, 300.0 + 200.0 / 12.0
    result = run(read_case(case))
    assert result.probe("corner")[-1] == pytest.approx(below, abs=1e-6)
    mean = (10.0 * 0.5 * (300.0 + below) + 20.0 * 0.5 * (above + 400.0)) / 30.0
    assert result.probe("rim")[-1] == pytest.approx(mean, abs=0.2)  # the node at the cut is read below it


def test_an_edge_of_two_faces_that_a_contact_parts(tmp_path):
    """The left side of each slab meets the other's, and the contact, in the same line, which is read in the lower slab."""
    mesh = two_boxes()
    left = mesh.faces["left"]
    low = mesh.points[left][:, :, 2].max(axis=1) <= 10.0
    (tmp_path / "body.msh").write_bytes(mesh_bytes(mesh._replace(faces=mesh.faces | {"ll": left[low], "lh": left[~low]}), ".msh"))
    case = tmp_path / "case.yaml"
    contact = "low|high: [{kind: contact, resistance: 1e-3 m2 K/W}]"
    probes = "  probes:\n    upper: {edge: [lh, low|high], take: mean}\n    both: {edge: [ll, lh], take: maximum}\n"
    text = CASE.replace("ORDER", "1").replace("    bottom: [", f"    {contact}\n    bottom: [").replace("  probes:\n", probes)
    case.write_text(text)
    result = run(read_case(case))
    for name in ("corner", "upper", "both"):
        assert result.probe(name)[-1] == pytest.approx(300.0 + 100.0 / 12.0, abs=1e-6)


def test_edges_keep_to_their_cells_where_a_mesh_is_cut():
    mesh = two_boxes()
    cut, _ = split(mesh, ["low|high"])
    rows = cut.edges["rim"]
    assert np.array_equal(cut.points[rows], mesh.points[mesh.edges["rim"]])
    for ends in rows:  # both ends on one cell
        assert np.any(np.isin(cut.cells, ends).sum(axis=1) == 2)


def test_a_written_mesh_has_its_edges_again(tmp_path):
    path = tmp_path / "body.msh"
    mesh = two_boxes()
    path.write_bytes(mesh_bytes(mesh, ".msh"))
    found = read_mesh(path, 1e-3, edges={"upright": "rim"}).mesh
    assert list(found.edges) == ["upright"]
    told = report(found)["edges"]["upright"]
    assert told["n_edges"] == 4 and told["length_m"] == pytest.approx(0.03)


def test_curves_of_gmsh(tmp_path):
    made = pytest.importorskip("gmsh")
    path = tmp_path / "cylinder.msh"
    made.initialize(["-noenv"], interruptible=False)
    try:
        made.option.setNumber("General.Terminal", 0)
        made.model.occ.addCylinder(0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 5.0, 1)
        made.model.occ.synchronize()
        top = [tag for _, tag in made.model.getEntities(1) if min(made.model.getBoundingBox(1, tag)[2::3]) > 9.0]
        made.model.addPhysicalGroup(1, top, 7, "rim")
        made.model.addPhysicalGroup(3, [1], 1, "cell")
        made.option.setNumber("Mesh.MeshSizeMax", 1.0)
        made.model.mesh.generate(3)
        made.write(str(path))
    finally:
        made.finalize()
    mesh = read_mesh(path, 1e-3).mesh
    assert list(mesh.edges) == ["rim"]
    assert report(mesh)["edges"]["rim"]["length_m"] == pytest.approx(np.pi * 0.01, rel=0.01)


def test_curves_without_a_group_go_by_their_number(tmp_path):
    """Lines of an entity 5, which no group holds."""
    mesh = two_boxes()
    lines = mesh_bytes(mesh, ".msh").decode().replace('1 1 "rim"\n', "").replace("$PhysicalNames\n9", "$PhysicalNames\n8")
    text = "\n".join(line.replace(" 1 2 1 1 ", " 1 2 0 5 ", 1) for line in lines.splitlines())
    path = tmp_path / "body.msh"
    path.write_text(text + "\n")
    assert list(read_here(path).mesh.edges) == ["5"]
    assert list(read_here(path, edges={"rim": 5}).mesh.edges) == ["rim"]


def test_node_sets_of_abaqus_in_which_no_facet_lies(tmp_path):
    path = tmp_path / "body.inp"
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    lines = ["*NODE", *(f"{i}, {x}, {y}, {z}" for i, (x, y, z) in enumerate(corners, 1))]
    lines += ["*ELEMENT, TYPE=C3D8, ELSET=all", "1, 1, 2, 3, 4, 5, 6, 7, 8"]
    lines += ["*NSET, NSET=bent", "1, 2, 6", "*NSET, NSET=alone", "7", "*NSET, NSET=face", "1, 2, 3, 4"]
    path.write_text("\n".join(lines) + "\n")
    found = read_here(path)
    assert {tuple(np.sort(found.mesh.points[ends].sum(axis=1)).tolist()) for ends in found.mesh.edges["bent"]} == {(0.0, 1.0), (1.0, 2.0)}
    assert list(found.mesh.edges) == ["bent"] and "face" in found.mesh.faces
    assert any("'alone' holds no whole facet and no edge, so it names nothing" in note for note in found.notes)


def test_a_line_that_is_no_edge_of_a_cell(tmp_path):
    points = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]
    cells = [("tetra", 1, (1, 2, 3, 4)), ("tetra", 1, (2, 3, 4, 5)), ("line", 2, (1, 5)), ("line", 3, (1, 2))]
    path = tmp_path / "body.msh"
    path.write_text(gmsh(points, cells, [(1, 2, "across"), (1, 3, "along"), (3, 1, "all")]))
    found = read_here(path)
    assert list(found.mesh.edges) == ["along"]
    assert any("the group 'across' names no edge: its 1 cells are not edges of the body" in note for note in found.notes)


@pytest.mark.usual(4)
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rim: {edge: rim", "rim: {edge: ring", "the sample has no edge 'ring'; choose 'rim'"),
        ("[left, low|high]", "[left, lower]", "the sample has no face 'lower'"),
        ("[left, low|high]", "[left, right]", "'left' and 'right' do not meet in an edge"),
        ("[left, low|high]", "[left, outside]", "'left' and 'outside' overlap"),
        ("[left, low|high]", "[left]", "the name of an edge, or the two faces that meet in it, is needed"),
        ("rim: {edge: rim, take", "rim: {edge: rim, face: left, take", "give one of 'face', 'region' and 'edge'"),
        ("bottom: [{", "rim: [{kind: held, temperature: 310 K}]\n    bottom: [{", "'rim' is an edge: it has no area"),
        ("unit: mm", "unit: mm\n  edges: {ring: rum}", "'rum' is not in the file; did you mean 'rim'"),
    ],
)
def test_what_does_not_fit_an_edge_is_one_clear_line(tmp_path, old, new, words):
    assert words in refused(written(tmp_path), (old, new))


def test_a_plane_has_no_edges_of_its_own(tmp_path):
    from tests.bodies.test_mesh_file import written as plane

    case = plane(tmp_path, 2, "boxes")
    case.write_text(case.read_text() + "measure: {probes: {p: {edge: [hot, cold], take: mean}}}\n")
    assert "only a body in three dimensions has edges; the sides of this one are faces" in refused(case)
