"""Meshes from files: what is in them, what is refused and in which words, and that nothing else ever comes of a damaged file."""

from __future__ import annotations

import itertools
import os
import random
import re
import sys
from pathlib import Path

import meshio
import numpy as np
import pytest

from meshes.checks import facets_of, parts, quality, sizes
from meshes.files import Unreadable, read_raw
from meshes.imported import _MIDDLES, MeshError, assembled, mesh_bytes, read_mesh, report
from meshes.mesh import DIMENSION, FACETS, Mesh

FILES = Path(__file__).parent  # written by Gmsh 4.15: two boxes of 2 x 1 x 1 on one another
TYPES = {"point": 15, "line": 1, "triangle": 2, "quad": 3, "tetra": 4, "hexahedron": 5, "wedge": 6, "pyramid": 7}


def read_here(path, scale=1.0, regions=None, faces=None, merge=None, cell_array=None, edges=None):
    """As `read_mesh`, in this process."""
    try:
        raw = read_raw(path, cell_array)
    except Unreadable as error:
        raise MeshError(path, [str(error)]) from None
    return assembled(path, raw, scale, regions or {}, faces or {}, edges or {}, merge, cell_array)


def gmsh(points, cells, names=()):
    """A file of Gmsh's format 2.2: points, cells as (kind, group, nodes from 1), names as (dimension, group, name)."""
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat"]
    if names:
        lines += ["$PhysicalNames", str(len(names)), *(f'{d} {i} "{name}"' for d, i, name in names), "$EndPhysicalNames"]
    lines += [
        "$Nodes",
        str(len(points)),
        *(f"{i} {x} {y} {z}" for i, (x, y, z) in enumerate(points, 1)),
        "$EndNodes",
        "$Elements",
        str(len(cells)),
    ]
    lines += [f"{i} {TYPES[kind]} 2 {group} {group} {' '.join(map(str, nodes))}" for i, (kind, group, nodes) in enumerate(cells, 1)]
    return "\n".join([*lines, "$EndElements", ""])


def grid(kind, n=2):
    """n cells (of a line), squares or cubes along each axis, the sides of a square or cube cut in 2 or 6 for simplices."""
    d = DIMENSION[kind]
    number = np.arange((n + 1) ** d).reshape((n + 1,) * d)
    points = np.stack([axis.ravel() for axis in np.meshgrid(*[np.linspace(0.0, 1.0, n + 1)] * d, indexing="ij")], axis=1)

    def corner(*at):
        return number[tuple(slice(i, n + i) for i in at)].ravel()

    if d == 1:
        return points, np.stack([corner(0), corner(1)], axis=1)
    if d == 2:
        quads = np.stack([corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)], axis=1)
        return points, quads if kind == "quad" else np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    at = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    cubes = np.stack([corner(*place) for place in at], axis=1)
    if kind == "hexahedron":
        return points, cubes
    return points, np.concatenate([cubes[:, [0, a, b, 6]] for a, b in ((1, 2), (2, 3), (3, 7), (7, 4), (4, 5), (5, 1))])


def halves(kind, n=2):
    """The grid in two regions by x, with the face x = 0 named."""
    points, cells = grid(kind, n)
    left = points[cells].mean(axis=1)[:, 0] < 0.5
    facets = facets_of(cells, kind).vertices
    return Mesh(
        points,
        cells,
        kind,
        {"anode": np.flatnonzero(left), "cathode": np.flatnonzero(~left)},
        {"cold side": facets[(points[facets][..., 0] == 0.0).all(axis=1)]},
    )


def as_meshio(mesh, **data):
    """The same for meshio, facets first, groups by number in `group`."""
    points = np.pad(mesh.points, ((0, 0), (0, 3 - mesh.points.shape[1])))
    group = np.empty(len(mesh.cells), int)
    for i, cells in enumerate(mesh.regions.values(), 1):
        group[cells] = i
    facet = {1: "vertex", 2: "line", 3: "triangle", 4: "quad"}[len(FACETS[mesh.kind][0])]
    facets = mesh.faces["cold side"]
    return meshio.Mesh(points, [(facet, facets), (mesh.kind, mesh.cells)], cell_data={"group": [np.full(len(facets), 7), group]}, **data)


def places(mesh, facets):
    """Facets by where they are, whatever the numbers of their vertices."""
    return {tuple(sorted(map(tuple, mesh.points[facet].round(9).tolist()))) for facet in facets}


def enclosed(mesh):
    """Volume within the boundary, by the divergence theorem: the integral of x . n over the boundary, over the dimension."""
    total, d = 0.0, mesh.points.shape[1]
    for facet in FACETS[mesh.kind]:
        corners = mesh.points[mesh.cells[:, list(facet)]]
        if d == 1:
            normal = np.full((len(corners), 1), 1.0 if facet[0] else -1.0)
        elif d == 2:
            along = corners[:, 1] - corners[:, 0]
            normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
        else:
            last = len(facet) - 1
            normal = 0.5 * np.cross(corners[:, last - 1] - corners[:, 0], corners[:, last] - corners[:, 1 if last == 3 else 0])
        total += np.einsum("ij,ij->", corners.mean(axis=1), normal) / d
    return total


def check_sound(mesh):
    """What every mesh that is read must be."""
    volumes = sizes(mesh.points, mesh.cells, mesh.kind)
    assert np.isfinite(mesh.points).all() and (volumes > 0.0).all()
    assert volumes.sum() == pytest.approx(enclosed(mesh), rel=1e-6)
    assert np.array_equal(np.sort(np.concatenate(list(mesh.regions.values()))), np.arange(len(mesh.cells)))
    assert np.array_equal(np.unique(mesh.cells), np.arange(len(mesh.points)))
    assert (facets_of(mesh.cells, mesh.kind).users <= 2).all()


KINDS = list(FACETS)


# ---- what is in a file


@pytest.mark.usual(3)
@pytest.mark.parametrize("kind", KINDS)
def test_a_mesh_comes_back_from_its_own_file(tmp_path, kind):
    """Regions and faces by name, cells and coordinates to the last digit; interfaces and the boundary are added."""
    mesh = halves(kind)
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(mesh, ".msh"))
    back = read_mesh(tmp_path / "mesh.msh", 1.0).mesh
    check_sound(back)
    assert back.kind == kind and list(back.regions) == ["anode", "cathode"]
    assert all(np.array_equal(back.regions[name], cells) for name, cells in mesh.regions.items())
    assert np.array_equal(back.points[back.cells], mesh.points[mesh.cells])
    assert list(back.faces) == ["cold side", "anode|cathode", "outside"]
    assert places(back, back.faces["cold side"]) == places(mesh, mesh.faces["cold side"])
    assert {x[0] for facet in places(back, back.faces["anode|cathode"]) for x in facet} == {0.5}
    facets = facets_of(mesh.cells, kind)
    assert places(back, back.faces["outside"]) == places(mesh, facets.vertices[facets.users == 1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_vtu_of_ours_comes_back_by_its_array(tmp_path, kind):
    mesh = halves(kind)
    (tmp_path / "mesh.vtu").write_bytes(mesh_bytes(mesh, ".vtu"))
    back = read_here(tmp_path / "mesh.vtu", cell_array="region", regions={"anode": 1, "cathode": 2}).mesh
    assert all(np.array_equal(back.regions[name], cells) for name, cells in mesh.regions.items())
    assert np.array_equal(back.points[back.cells], mesh.points[mesh.cells])


@pytest.mark.parametrize("name", ["boxes-2.2.msh", "boxes-2.2-binary.msh", "boxes-4.1.msh", "boxes-4.1-binary.msh", "boxes-order2-4.1.msh"])
def test_files_of_gmsh(name):
    """Physical groups by name, also those that share cells (`cold` holds `bottom`); millimetres; second order made straight."""
    imported = read_here(FILES / name, 1e-3, regions={"cell": "lower cell"})
    found = report(imported.mesh, {"cell": 2e-9, "upper": 2e-9})
    assert list(found["regions"]) == ["cell", "upper"]
    assert abs(found["regions"]["upper"]["relative_difference"]) < 1e-12
    areas = {face: round(entry["area_m2"] * 1e6, 9) for face, entry in found["faces"].items()}
    assert areas == {"bottom": 2.0, "cold": 4.0, "cell|upper": 2.0, "outside": 16.0}
    assert any("straightened " in note for note in imported.notes) == ("order2" in name)


def test_gmsh_as_abaqus():
    """Sets on *ELEMENT are hidden by named sets of the same cells; sets of shells are faces."""
    imported = read_here(FILES / "boxes.inp")
    assert {name: len(cells) for name, cells in imported.mesh.regions.items()} == {"lower_cell": 24, "upper": 24}
    assert {"bottom", "lower_cell|upper", "outside"} <= set(imported.mesh.faces)
    assert any("'Volume1' is not a region" in note for note in imported.notes)


@pytest.mark.parametrize("form", ["gmsh22", "vtu", "xdmf"])
@pytest.mark.parametrize("kind", ["triangle", "hexahedron"])
@pytest.mark.parametrize("binary", [True, False])
def test_files_of_meshio(tmp_path, form, kind, binary):
    """The same body by each writer of meshio, binary and as text; groups by number."""
    mesh = as_meshio(halves(kind))
    path = tmp_path / f"mesh.{'msh' if form == 'gmsh22' else form}"
    if form == "gmsh22":
        mesh.cell_data["gmsh:physical"] = mesh.cell_data["gmsh:geometrical"] = mesh.cell_data.pop("group")
    options = {"data_format": "HDF" if binary else "XML"} if form == "xdmf" else {"binary": binary}
    meshio.write(path, mesh, file_format=form, **options)
    array = None if form == "gmsh22" else "group"
    back = read_here(path, regions={"anode": 1, "cathode": "2"}, faces={"cold": 7}, cell_array=array).mesh
    check_sound(back)
    assert {name: len(cells) for name, cells in back.regions.items()} == {"anode": len(back.cells) // 2, "cathode": len(back.cells) // 2}
    assert len(back.faces["cold"]) == (2 if kind == "triangle" else 4)


ABAQUS = """*HEADING
** two cubes
*NODE, NSET=all
{nodes}
*ELEMENT, TYPE=C3D8R
1, 1, 2, 5, 4, 7, 8, 11, 10
*Element, type=C3D8R,
 elset=Right
2, 2, 3, 6, 5, 8, 9,
 12, 11
{sets}
"""


def abaqus(sets):
    """Two cubes along x, of which the first is in no set of its own."""
    corners = itertools.product((0, 1), (0, 1), (0, 1, 2))
    return ABAQUS.format(nodes="\n".join(f"{i}, {x}., {y}., {z}." for i, (z, y, x) in enumerate(corners, 1)), sets=sets)


def test_sets_of_abaqus(tmp_path):
    """Sets stay with their own cells (the first *ELEMENT has none); ranges, sets of sets, node sets and surfaces."""
    path = tmp_path / "cubes.inp"
    sets = """*ELSET, ELSET=Eall, GENERATE
1, 2, 1
*ELSET, ELSET=left
1
*NSET, NSET=end
1, 4, 7, 10
*NSET, NSET=middle
2, 5, 8, 11
*NSET, NSET=both
end, middle
*NSET, NSET=edge
1, 4
*SURFACE, NAME=far, TYPE=ELEMENT
right, S4
*SURFACE, NAME=low
1, S1
Part-1-1.2, S1
"""
    path.write_text(abaqus(sets))
    imported = read_here(path)
    mesh = imported.mesh
    assert {name: cells.tolist() for name, cells in mesh.regions.items()} == {"left": [0], "Right": [1]}
    where = {name: {x[0] for facet in places(mesh, facets) for x in facet} for name, facets in mesh.faces.items()}
    assert where["end"] == {0.0} and where["middle"] == {1.0} and where["far"] == {2.0}
    assert len(mesh.faces["both"]) == 1 + 4  # those on the boundary
    assert len(mesh.faces["low"]) == 2 and {x[2] for facet in places(mesh, mesh.faces["low"]) for x in facet} == {0.0}
    assert any("'Eall' is not a region" in note for note in imported.notes)
    assert {name: len(ends) for name, ends in mesh.edges.items()} == {"edge": 1}


def test_sets_of_abaqus_by_the_sets_in_them(tmp_path):
    """Sets of sets of sets, behind the name of an instance too; nodes of a set of elements; a set said twice has both."""
    path = tmp_path / "cubes.inp"
    sets = """*ELSET, ELSET=all
inner
*ELSET, ELSET=inner
Assembly.left, Right
*ELSET, ELSET=left
1
*NSET, NSET=near, ELSET=left
*NSET, NSET=nearer, ELSET=Part-1-1.left
*NSET, NSET=ends
low, high
*NSET, NSET=low
1, 4
*NSET, NSET=high
Part-1-1.7, 10
*ELSET, ELSET=Right
2
"""
    path.write_text(abaqus(sets))
    mesh = read_here(path).mesh
    assert {name: cells.tolist() for name, cells in mesh.regions.items()} == {"left": [0], "Right": [1]}
    assert len(mesh.faces["near"]) == len(mesh.faces["nearer"]) == 5
    assert {x[0] for facet in places(mesh, mesh.faces["ends"]) for x in facet} == {0.0}
    path.write_text(abaqus(sets.replace("inner\n*E", "other\n*E")))
    with pytest.raises(MeshError, match="has a set 'all' that names 'other', which is not a set of the file"):
        read_here(path)
    path.write_text(abaqus(sets.replace("ELSET=left\n*NSET", "ELSET=lft\n*NSET")))
    with pytest.raises(MeshError, match="has a set 'near' that names 'lft', which is not a set of the file"):
        read_here(path)


def test_an_abaqus_file_whose_last_line_has_no_end(tmp_path):
    """It is read; where a number may be cut a word says so."""
    path = tmp_path / "cubes.inp"
    for sets, doubted in (
        ("*ELSET, ELSET=left\n1", True),
        ("*ELSET, ELSET=left\n1\n*End Part", False),
        ("*ELSET, ELSET=left\n1\n**", False),
    ):
        path.write_text(abaqus(sets).rstrip("\n"))
        imported = read_here(path)
        assert list(imported.mesh.regions) == ["left", "Right"]
        assert any("its last line has no line break" in note for note in imported.notes) == doubted


@pytest.mark.parametrize("kept", ["*ELSET, ELSET=hidden, INTERNAL", "*ELSET, ELSET=_far_S4"])
def test_sets_that_abaqus_makes_for_a_surface_are_no_regions(tmp_path, kept):
    path = tmp_path / "cubes.inp"
    name = kept.partition("=")[2].partition(",")[0]
    path.write_text(abaqus(f"*ELSET, ELSET=left\n1\n{kept}\n2\n*SURFACE, NAME=far, TYPE=ELEMENT\n{name}, S4"))
    mesh = read_here(path).mesh
    assert {name: cells.tolist() for name, cells in mesh.regions.items()} == {"left": [0], "Right": [1]}
    assert {x[0] for facet in places(mesh, mesh.faces["far"]) for x in facet} == {2.0}


def test_a_set_of_elements_and_one_of_their_nodes_are_one_edge(tmp_path):
    path = tmp_path / "cubes.inp"
    path.write_text(abaqus("*ELSET, ELSET=left\n1\n*ELEMENT, TYPE=T3D2, ELSET=rim\n7, 1, 4\n*NSET, NSET=rim\n1, 4"))
    assert {name: len(ends) for name, ends in read_here(path).mesh.edges.items()} == {"rim": 1}
    path.write_text(abaqus("*ELSET, ELSET=left\n1\n*ELEMENT, TYPE=T3D2, ELSET=rim\n7, 1, 4\n*NSET, NSET=rim\n3, 6"))
    with pytest.raises(MeshError, match="two edges are called 'rim'"):
        read_here(path)


def test_sets_of_abaqus_that_name_no_face_or_share_a_name(tmp_path):
    path = tmp_path / "cubes.inp"
    sets = """*NSET, NSET=far
3, 6, 9, 12
*SURFACE, NAME=far, TYPE=ELEMENT
2, S2
*SURFACE, NAME=inside
Right, SPOS
"""
    path.write_text(abaqus(sets))
    imported = read_here(path)
    assert {"far", "far-2"} <= set(imported.mesh.faces)
    assert any("the surface 'inside' is not given by faces S1, S2, ... of elements" in note for note in imported.notes)
    with pytest.raises(MeshError, match="faces: in: 'inside' holds no facet of a cell of the body"):
        read_here(path, faces={"in": "inside"})


def test_faces_without_a_group_are_called_by_their_entity(tmp_path):
    """Edges of a square of two cells; points, and a line that is no edge, name nothing."""
    cells = [*PAIR, ("line", 4, (1, 2)), ("line", 5, (1, 3)), ("point", 6, (1,))]
    text = re.sub(r"(?m)^(\d+ \d+ 2) \d+ (\d+) ", r"\1 0 \2 ", gmsh(TWO, cells))
    path = tmp_path / "mesh.msh"
    path.write_text(text)
    imported = read_here(path, faces={"low": 4})
    assert list(imported.mesh.faces) == ["low", "1|2", "outside"] and list(imported.mesh.regions) == ["1", "2"]
    assert "the group '5' names no face: its 1 cells are not facets of the body" in imported.notes
    assert "dropped 1 cells of lower dimension that cannot be faces or edges" in imported.notes


def test_a_group_within_a_group(tmp_path):
    """The smaller is the region and the larger keeps the rest, unless the case names the larger alone."""
    path = tmp_path / "cubes.inp"
    path.write_text(abaqus("*ELSET, ELSET=Eall\n1, 2"))
    assert {n: c.tolist() for n, c in read_here(path).mesh.regions.items()} == {"Eall": [0], "Right": [1]}
    assert list(read_here(path, regions={"body": "Eall"}).mesh.regions) == ["body"]
    path.write_text(abaqus("*ELSET, ELSET=Eall\n1, 2\n*ELSET, ELSET=left\n1"))
    with pytest.raises(MeshError, match="regions: body: all cells of 'Eall' belong to smaller groups in it"):
        read_here(path, regions={"body": "Eall", "l": "left", "r": "Right"})


def test_cells_in_no_group_are_regions_by_their_entity(tmp_path):
    points = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]
    cells = [("line", group, (i, i + 1)) for i, group in ((1, 5), (2, 0), (3, 0))]
    text = gmsh(points, cells, [(1, 5, "a.b|c")]).replace("2 1 2 0 0", "2 1 2 0 8").replace("3 1 2 0 0", "3 1 2 0 9")
    path = tmp_path / "line.msh"
    path.write_text(text)
    imported = read_here(path, regions={"end": 9})
    assert {n: c.tolist() for n, c in imported.mesh.regions.items()} == {"a-b-c": [0], "8": [1], "end": [2]}
    assert any("2 cells are in no group" in note for note in imported.notes)
    assert any("the region 'a.b|c' is called 'a-b-c'" in note for note in imported.notes)
    assert list(imported.mesh.faces) == ["a-b-c|8", "8|end", "outside"]


@pytest.mark.parametrize(("columns", "axes"), [((0, 1), "xy"), ((2, 0), "xz"), ((1, 2), "yz"), ((0,), "x"), ((2,), "z")])
def test_bodies_in_coordinate_planes_and_along_axes(tmp_path, columns, axes):
    """The columns in which the body extends are kept in their order; cells are turned where that inverts them."""
    kind = "quad" if len(columns) == 2 else "line"
    points, cells = grid(kind)
    placed = np.full((len(points), 3), 0.25)
    placed[:, list(columns)] = points
    path = tmp_path / "mesh.msh"
    path.write_text(gmsh(placed.tolist(), [(kind, 1, cell) for cell in (cells + 1).tolist()]))
    imported = read_here(path)
    check_sound(imported.mesh)
    assert imported.axes == axes
    assert any("with the opposite orientation" in note for note in imported.notes) == (columns == (2, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_second_order_cells_are_made_straight(tmp_path, kind):
    """Their corners are used; the note says how far a node lay from the middle of its edge, here 0.1 of it."""
    linear = halves(kind, 1)
    order = {"line": "line3", "triangle": "triangle6", "quad": "quad8", "tetra": "tetra10", "hexahedron": "hexahedron20"}[kind]
    edges = _MIDDLES[order][1]
    points, cells = linear.points, linear.cells
    for a, b in edges:
        middles = 0.5 * (points[linear.cells[:, a]] + points[linear.cells[:, b]])
        cells = np.column_stack([cells, np.arange(len(points), len(points) + len(middles))])
        points = np.concatenate([points, middles])
    moved = cells[0, -1]
    one, other = linear.cells[0, list(edges[-1])]
    points[moved] += 0.1 * (points[other] - points[one])
    padded = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
    for name, options in (("mesh.vtu", {}), ("mesh.msh", {"file_format": "gmsh22", "binary": False})):
        meshio.write(tmp_path / name, meshio.Mesh(padded, [(order, cells)]), **options)
        imported = read_here(tmp_path / name)
        assert imported.mesh.kind == kind and len(imported.mesh.points) == len(linear.points)
        assert sizes(*imported.mesh[:3]).sum() == pytest.approx(1.0)
        assert any(f"{order} cells: a node lay up to 0.1 of an edge length" in note for note in imported.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mesh_inverted_as_a_whole_is_turned(tmp_path, kind):
    mesh = halves(kind)
    mirrored = mesh._replace(points=mesh.points * np.array([-1.0, 1.0, 1.0])[: DIMENSION[kind]])
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(mirrored, ".msh"))
    imported = read_here(tmp_path / "mesh.msh")
    check_sound(imported.mesh)
    assert f"renumbered {len(mesh.cells)} cells with the opposite orientation" in " ".join(imported.notes)


@pytest.mark.parametrize("kind", ["triangle", "quad", "tetra", "hexahedron"])
def test_cells_numbered_either_way_round_are_turned_one_by_one(tmp_path, kind):
    """Every third cell of a sound mesh the other way round: the same volume, and nothing overlaps."""
    from meshes.checks import TURNED

    mesh = halves(kind)
    cells = mesh.cells.copy()
    cells[::3] = cells[::3][:, list(TURNED[kind])]
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(mesh._replace(cells=cells), ".msh"))
    imported = read_here(tmp_path / "mesh.msh")
    check_sound(imported.mesh)
    assert sizes(*imported.mesh[:3]).sum() == pytest.approx(1.0)
    assert f"renumbered {len(cells[::3])} cells with the opposite orientation" in " ".join(imported.notes)


def apart(kind, n, m, shift=0.0):
    """A unit square or cube of n cells along each axis beside one of m, meshed apart, with a gap between them."""
    (one, left), (other, right) = grid(kind, n), grid(kind, m)
    points = np.concatenate([one, other + np.array([1.0 + shift, 0.0, 0.0])[: DIMENSION[kind]]])
    cells = np.concatenate([left, right + len(one)])
    regions = {"left": np.arange(len(left)), "right": np.arange(len(left), len(cells))}
    return Mesh(points, cells, kind, regions, {}, {})


@pytest.mark.parametrize("kind", ["triangle", "quad", "tetra", "hexahedron"])
@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 2), (1, 4), (2, 4)])
@pytest.mark.parametrize("merge", [None, 1e-6])
def test_sides_that_meet_without_the_same_vertices_are_a_crack(tmp_path, kind, n, m, merge):
    """No heat would cross where a vertex lies within another cell's facet, whatever `merge` joins beside it."""
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(apart(kind, n, m), ".msh"))
    with pytest.raises(MeshError) as caught:
        read_here(tmp_path / "mesh.msh", merge=merge)
    text = str(caught.value)
    assert "no heat crosses this crack" in text
    if merge is not None:
        assert re.search(r"cell \d+ lies against cell \d+ at \(1, ", text)


@pytest.mark.parametrize("kind", ["triangle", "quad", "tetra", "hexahedron"])
def test_bodies_with_a_gap_between_them_are_no_crack(tmp_path, kind):
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(apart(kind, 2, 3, shift=1e-3), ".msh"))
    assert report(read_here(tmp_path / "mesh.msh").mesh)["n_parts"] == 2


def test_unused_points_are_dropped_even_without_a_number(tmp_path):
    path = tmp_path / "mesh.msh"
    path.write_text(gmsh([(0, 0, 0), ("nan", 0, 0), (1, 0, 0)], [("line", 1, (1, 3))]))
    imported = read_here(path)
    assert sorted(imported.mesh.points.tolist()) == [[0.0], [1.0]]
    assert "dropped 1 point that no cell uses as a corner" in imported.notes


def test_merged_vertices(tmp_path):
    """Two squares with vertices of their own: refused, and one part when merged."""
    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    path = tmp_path / "crack.msh"
    path.write_text(
        gmsh([*square, *((x + 1.0 + 1e-9, y, z) for x, y, z in square)], [("quad", 1, (1, 2, 3, 4)), ("quad", 2, (5, 6, 7, 8))])
    )
    with pytest.raises(MeshError, match=r"2 vertices lie on another, the first at \(1, [01]\) m: no heat .*; `merge` joins"):
        read_here(path)
    imported = read_here(path, merge=1e-6)
    assert parts(imported.mesh).tolist() == [0, 0]
    assert len(imported.mesh.faces["1|2"]) == 1
    assert "merged 2 vertices with another closer than 1e-06 m" in imported.notes
    with pytest.raises(MeshError, match="merge must be below half the smallest edge, which is 1 m; got 2 m"):
        read_here(path, merge=2.0)


def test_vertices_in_a_heap_are_merged_as_one(tmp_path):
    """Four squares about one place, each with its own vertex there."""
    points, cells = grid("quad")
    path = tmp_path / "heap.msh"
    corners = np.pad(points[cells].reshape(-1, 2), ((0, 0), (0, 1)))
    path.write_text(gmsh(corners.tolist(), [("quad", 1, nodes) for nodes in np.arange(1, 17).reshape(4, 4).tolist()]))
    assert len(read_here(path, merge=1e-6).mesh.points) == 9


def test_parts_that_touch_in_a_vertex_are_told_of(tmp_path):
    points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 1, 0), (2, 2, 0), (1, 2, 0)]
    path = tmp_path / "corner.msh"
    path.write_text(gmsh(points, [("quad", 1, (1, 2, 3, 4)), ("quad", 1, (3, 5, 6, 7))]))
    imported = read_here(path)
    assert len(set(parts(imported.mesh))) == 2
    assert "the body has 2 separate parts, of which 1 touch another in an edge or a vertex only" in imported.notes


def test_vertices_are_numbered_with_a_small_bandwidth(tmp_path):
    mesh = halves("quad", 8)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(mesh.points))
    shuffled = mesh._replace(points=mesh.points[np.argsort(order)], cells=order[mesh.cells], faces={})
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(shuffled, ".msh"))
    cells = read_here(tmp_path / "mesh.msh").mesh.cells
    assert np.ptp(shuffled.cells, axis=1).max() > 40
    assert np.ptp(cells, axis=1).max() <= 18


# ---- figures


def test_quality_is_one_for_regular_cells_and_their_angles_below():
    """60 degrees in a triangle, the regular tetrahedron, a flat box: 1; the right-angled isosceles triangle: sin 45 / sin 60."""
    triangle = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
    assert quality(triangle, np.array([[0, 1, 2]]), "triangle") == pytest.approx(1.0)
    right = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert quality(right, np.array([[0, 1, 2]]), "triangle") == pytest.approx(np.sin(np.pi / 4) / np.sin(np.pi / 3))
    regular = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    assert quality(regular, np.array([[0, 2, 1, 3]]), "tetra") == pytest.approx(1.0)
    points, cells = grid("hexahedron")
    assert quality(points * [1.0, 1.0, 1e-4], cells, "hexahedron") == pytest.approx(np.ones(8))


def test_the_size_of_a_twisted_hexahedron_is_exact():
    """A cube with one corner pulled out by h along each axis grows by h/4 + h^2/4 + ..., here against a million points of Gauss."""
    points, cells = grid("hexahedron", 1)
    points[np.argmax(points.sum(axis=1))] += [0.3, 0.2, 0.1]
    g, w = np.polynomial.legendre.leggauss(8)
    g = 0.5 + 0.5 * g
    total = 0.0
    for (x, a), (y, b), (z, c) in itertools.product(zip(g, w, strict=True), repeat=3):
        # only one corner moves, whose shape function is x y z
        gradient = np.eye(3) + np.outer([0.3, 0.2, 0.1], [y * z, x * z, x * y])
        total += a * b * c / 8.0 * np.linalg.det(gradient)
    assert sizes(points, cells, "hexahedron")[0] == pytest.approx(total, rel=1e-12)


def test_a_report_against_exact_sizes():
    mesh = halves("tetra")
    found = report(mesh, {"anode": 0.25})
    assert (found["kind"], found["n_cells"], found["n_vertices"], found["n_parts"]) == ("tetra", 48, 27, 1)
    assert found["smallest_edge_m"] == pytest.approx(0.5) and found["largest_edge_m"] == pytest.approx(0.75**0.5)
    assert found["regions"]["anode"]["relative_difference"] == pytest.approx(1.0)
    assert found["regions"]["cathode"] == {"n_cells": 24, "volume_m3": pytest.approx(0.5)}
    assert found["faces"]["cold side"]["area_m2"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="'anod' is not a region of this mesh; its regions are anode, cathode"):
        report(mesh, {"anod": 1.0})
    with pytest.raises(ValueError, match="the exact size of 'anode' must be positive, got 0"):
        report(mesh, {"anode": 0.0})


# ---- what is refused: sound files but for one thing

SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
CUBE = [*SQUARE, *((x, y, 1) for x, y, _ in SQUARE)]
TWO = [*SQUARE, (2, 0, 0), (2, 1, 0)]
PAIR = [("quad", 1, (1, 2, 3, 4)), ("quad", 2, (2, 5, 6, 3))]
FAN = [(0.5, 0.5, 0), *SQUARE]  # four triangles about a vertex in the middle
FANNED = [("triangle", 1, (1, 2, 3)), ("triangle", 1, (1, 3, 4)), ("triangle", 1, (1, 4, 5)), ("triangle", 1, (1, 5, 2))]

REFUSED_MESHES = {
    "negative node": (gmsh(SQUARE, [("quad", 1, (1, 2, 3, -1))]), "an element 1 on the node -1, which is not among its 4 nodes"),
    "node zero": (gmsh(SQUARE, [("quad", 1, (0, 1, 2, 3))]), "on the node 0, which is not among"),
    "node beyond": (gmsh(SQUARE, [("quad", 1, (1, 2, 3, 44))]), "on the node 44, which is not among"),
    "node twice": (gmsh(SQUARE, PAIR[:1]).replace("\n4 0 1 0", "\n3 0 1 0"), "has the node 3 twice"),
    "not a number": (gmsh([("nan", 0, 0), *SQUARE[1:]], PAIR[:1]), "not finite numbers: first on cell 1"),
    "infinite": (gmsh([("1e400", 0, 0), *SQUARE[1:]], PAIR[:1]), "not finite numbers"),
    "far away": (gmsh([("-1e200", 0, 0), *SQUARE[1:]], PAIR[:1]), "extends over 1e\\+200 m; the size must be between 1e-40 and 1e\\+40 m"),
    "no cells": (gmsh(SQUARE, []), "has no cells"),
    "only points": (gmsh(SQUARE, [("point", 1, (1,))]), "has no cells, only points"),
    "pyramid": (gmsh(CUBE, [("pyramid", 1, (1, 2, 3, 4, 5))]), "has pyramid cells, which are not supported; a body needs"),
    "mixed": (gmsh(TWO, [PAIR[0], ("triangle", 1, (2, 5, 6))]), "has quad and triangle cells; a body needs cells of one kind"),
    "strange type": (gmsh(SQUARE, PAIR[:1]).replace("1 3 2 1 1", "1 93 2 1 1"), "elements of Gmsh's type 93, which are not supported"),
    "tilted": (gmsh([(0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 1, 0)], PAIR[:1]), "they lie in no plane .*: the mesh has no volume cells"),
    "closed surface": (
        gmsh(CUBE, [("quad", 1, nodes) for nodes in ((1, 2, 3, 4), (5, 6, 7, 8), (1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8))]),
        "the mesh has no volume cells",
    ),
    "slanting line": (gmsh(SQUARE, [("line", 1, (1, 3))]), "lie along no coordinate axis"),
    "flat body": (gmsh([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [("triangle", 1, (1, 2, 3))]), "is flat: its triangle cells extend in 1 of 2"),
    "flat cell": (gmsh([*SQUARE, (2, 0, 0)], [PAIR[0], ("quad", 1, (1, 2, 5, 2))]), "1 cell is flat or .*: cell 2 at"),
    "vertex twice": (gmsh(FAN, [*FANNED[:3], ("triangle", 1, (1, 5, 5))]), "1 cell is flat or .*: cell 4 at"),
    "folded": (gmsh(SQUARE, [("quad", 1, (1, 2, 4, 3))]), r"1 cell is folded over or numbered in wrong order: cell 1 at \(0.5, 0.5\) m"),
    "tangled": (gmsh([(0.5, -0.5, 0), *SQUARE], FANNED), r"3 cells overlap a neighbour \(vertex misplaced\?\): cell 1"),
    "tangled and renumbered": (
        gmsh([(0.5, -0.5, 0), *SQUARE], [("triangle", 2, (1, 3, 2)), *FANNED[1:]]),
        r"cells overlap a neighbour \(vertex misplaced\?\): cell 1",
    ),
    "duplicate": (gmsh(TWO, [*PAIR, ("quad", 2, (2, 5, 6, 3))]), r"1 cell is listed twice: cell 3 at \(1.5, 0.5\) m"),
    "three on a facet": (
        gmsh([*TWO, (3, 0, 0), (3, 1, 0)], [*PAIR, ("quad", 1, (2, 7, 8, 3))]),
        r"1 facet is shared by more than two cells, so cells overlap: the first at \(1, 0.5\) m",
    ),
    "overlap": (
        gmsh([*SQUARE, *((x + 0.7, y + 0.6, z) for x, y, z in SQUARE)], [PAIR[0], ("quad", 2, (5, 6, 7, 8))]),
        r"cells overlap: cell [12] reaches into cell [12] at \(",
    ),
    "overlapping lines": (
        gmsh([(0, 0, 0), (2, 0, 0), (1, 0, 0), (3, 0, 0)], [("line", 1, (1, 2)), ("line", 1, (3, 4))]),
        "cells overlap",
    ),
    "group of other facets": (
        gmsh(TWO, [*PAIR, ("line", 3, (1, 2)), ("line", 3, (1, 3))], [(1, 3, "rim")]),
        "the group 'rim' has 1 cells that are not facets of the body, besides 1 that are",
    ),
    "half the boundary as the whole": (
        gmsh(TWO, [*PAIR, ("line", 3, (1, 2))], [(1, 3, "outside")]),
        "the face 'outside' is not the whole boundary, and this name is reserved for that",
    ),
    "two of a name": (gmsh(TWO, PAIR, [(2, 1, "a.b"), (2, 2, "a|b")]), "two regions are called 'a-b'; the `regions` of the case may"),
    "cut": (gmsh(TWO, PAIR)[:-20], r"is truncated: its section \$Elements does not end"),
    "counts": (gmsh(TWO, PAIR).replace("$Elements\n2", "$Elements\n3"), "announces 3 elements and has 2"),
    "huge count": (gmsh(TWO, PAIR).replace("$Nodes\n6", "$Nodes\n99999999999"), r"\$Nodes has fewer numbers than it announces"),
    "no nodes": (gmsh(TWO, PAIR).replace("Nodes", "Sodes"), r"has no section \$Nodes"),
    "sections": (gmsh(TWO, PAIR) + gmsh(TWO, PAIR).split("$EndMeshFormat\n")[1], r"has two sections \$Nodes"),
    "partitions": (gmsh(TWO, PAIR) + "$PartitionedEntities\n$EndPartitionedEntities\n", "is partitioned"),
    "short element": (gmsh(TWO, PAIR).replace("2 5 6 3\n$End", "2 5\n$End"), "is truncated or damaged in its last element"),
    "long element": (gmsh(TWO, PAIR).replace("2 5 6 3\n$End", "2 5 6 3 4\n$End"), "is truncated or damaged in its last element"),
    "half a node": (gmsh(TWO, PAIR).replace("1 2 3 4", "1 2 3 4.5"), r"\$Elements has numbers that are not integers"),
    "version": (gmsh(TWO, PAIR).replace("2.2 0 8", "4 0 8"), "has the format version '4'; save it as 4.1 or 2.2"),
    "other file": ("hello\n", r"does not begin with \$MeshFormat"),
    "empty": ("", r"does not begin with \$MeshFormat"),
}


@pytest.mark.parametrize("what", REFUSED_MESHES)
def test_a_bad_mesh_is_refused_by_name(tmp_path, what):
    text, words = REFUSED_MESHES[what]
    path = tmp_path / "bad.msh"
    path.write_text(text)
    with pytest.raises(MeshError, match=words) as caught:
        read_here(path)
    assert all(line.startswith(f"{path}: ") for line in caught.value.problems)
    assert str(caught.value).splitlines() == caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (r"(\$Nodes\n\d+) \d+", r"\1 99", "announces 99 nodes and has"),
        (r"(\$Elements\n\d+) \d+", r"\1 99", "announces 99 elements and has"),
        (r"(\$Entities\n)\d+", r"\g<1>99", r"section \$Entities has fewer numbers|not integers"),
        (r"(\$Elements\n[^\n]*\n\d+ \d+ \d+ \d+\n\d+) \d+", r"\1 -3", "on the node -3, which is not among its"),
    ],
)
def test_a_bad_file_of_version_4_is_refused_by_name(tmp_path, old, new, words):
    text, n = re.subn(old, new, (FILES / "boxes-4.1.msh").read_text(), count=1)
    assert n == 1
    (tmp_path / "bad.msh").write_text(text)
    with pytest.raises(MeshError, match=words):
        read_here(tmp_path / "bad.msh")


@pytest.mark.parametrize("kind", ["triangle", "quad", "tetra", "hexahedron"])
def test_a_vertex_pulled_through_its_neighbours_is_refused(tmp_path, kind):
    mesh = halves(kind, 3)
    inner = np.flatnonzero(((mesh.points > 0.01) & (mesh.points < 0.99)).all(axis=1))[0]
    mesh.points[inner] += 0.7
    (tmp_path / "mesh.msh").write_bytes(mesh_bytes(mesh, ".msh"))
    with pytest.raises(MeshError, match=r"overlap a neighbour|folded over"):
        read_here(tmp_path / "mesh.msh")


@pytest.mark.parametrize("kind", ["quad", "tetra", "hexahedron"])
def test_bodies_that_reach_into_one_another_are_refused(tmp_path, kind):
    """Moved by most of its width, and by a few hundredths of a cell less than clear of it; clear of it, it is taken."""
    mesh = halves(kind)
    n = len(mesh.points)
    for shift, sound in ((0.63, False), (0.99, False), (1.01, True)):
        moved = mesh.points + np.array([shift, 0.03, 0.02])[: DIMENSION[kind]]
        regions = {"one": np.arange(len(mesh.cells)), "other": np.arange(len(mesh.cells)) + len(mesh.cells)}
        both = Mesh(np.concatenate([mesh.points, moved]), np.concatenate([mesh.cells, mesh.cells + n]), kind, regions, {})
        path = tmp_path / "both.msh"
        path.write_bytes(mesh_bytes(both, path.suffix))
        if sound:
            assert report(read_here(path).mesh)["n_parts"] == 2
        else:
            with pytest.raises(MeshError, match="cells overlap"):
                read_here(path)


def test_all_problems_are_told_at_once(tmp_path):
    path = tmp_path / "bad.msh"
    path.write_text(gmsh([*SQUARE, (2, 0, 0)], [PAIR[0], ("quad", 2, (1, 2, 5, 2))], [(2, 1, "anode"), (2, 2, "cathode")]))
    with pytest.raises(MeshError) as caught:
        read_here(path, regions={"a": "anod", "b": "film"})
    assert [line.removeprefix(f"{path}: ") for line in caught.value.problems] == [
        "regions: a: 'anod' is not in the file; did you mean 'anode'?; it has 'anode', 'cathode'",
        "regions: b: 'film' is not in the file; it has 'anode', 'cathode'",
        "1 cell is flat or flat at a corner: cell 2 at (1, 0) m",
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"regions": {"a|b": 1}}, "regions: a|b: a name must not be empty or contain"),
        ({"regions": {"a": 1, "b": 1}}, "regions: b: 1 is already given as 'a'"),
        ({"regions": {"2": 1}}, "two regions are called '2'"),
        ({"faces": {"top": "lid"}}, "faces: top: 'lid' is not in the file; it has none"),
        ({"cell_array": "region"}, "has no array of integers 'region' on its cells; it has none"),
    ],
)
def test_what_a_case_asks_for_wrongly(tmp_path, asked, words):
    path = tmp_path / "mesh.msh"
    path.write_text(gmsh(TWO, PAIR))
    with pytest.raises(MeshError, match=re.escape(words)):
        read_here(path, **asked)


def test_a_missing_array_is_told_with_those_that_are_there(tmp_path):
    meshio.write(tmp_path / "mesh.vtu", as_meshio(halves("quad")))
    with pytest.raises(MeshError, match="has no array of integers 'gruop' on its cells; did you mean 'group'"):
        read_here(tmp_path / "mesh.vtu", cell_array="gruop")
    assert any("`cell_array` reads one" in note for note in read_here(tmp_path / "mesh.vtu").notes)


REFUSED_SETS = {
    "overlap": (
        "*ELSET, ELSET=a\n1, 2\n*ELSET, ELSET=b\n2, 3",
        "the groups 'a' and 'b' have 1 cells in common .cell 2 is the first.; a cell can be",
    ),
    "lost element": ("*ELSET, ELSET=a\n9", "element set 'a' with the number 9, which is not in the mesh"),
    "lost node": ("*NSET, NSET=a\n99", "node set 'a' with the number 99, which is not in the mesh"),
    "lost set": ("*ELSET, ELSET=a\nb", "a set 'a' that names 'b', which is not a set"),
    "include": ("*INCLUDE, INPUT=/etc/passwd", r"uses \*INCLUDE, which is not supported"),
    "parts": ("*PART, NAME=a\n*PART, NAME=b", "has several parts or a moved part"),
    "moved": ("*INSTANCE, NAME=a, PART=b\n1., 0., 0.", "has several parts or a moved part"),
    "type": ("*ELEMENT, TYPE=COH3D8\n9, 1, 2, 5, 4, 7, 8, 11, 10", "elements of the type 'COH3D8', which is not supported"),
    "short element": ("*ELEMENT, TYPE=C3D8\n9, 1, 2, 5", "elements C3D8 have 8 nodes each"),
    "endless": ("*ELSET, ELSET=a, GENERATE\n1, 999999999999, 1", "the set 'a' goes from 1 to 999999999999 in steps of 1"),
    "same number": (
        "*ELEMENT, TYPE=C3D8\n1, 1, 2, 5, 4, 7, 8, 11, 10\n*ELSET, ELSET=a\n1",
        "has two elements or two nodes of the same number",
    ),
    "words": ("*NODE\n13, one, 2., 3.", "is damaged or is a kind of Abaqus file"),
    "columns": ("*NODE\n13, 1., 2., 3.\n14, 1., 2.", r"each line below \*NODE needs a number and 1 to 3 coordinates"),
    "wedge": ("*ELEMENT, TYPE=C3D6\n9, 1, 2, 5, 7, 8, 11", "has wedge cells, which are not supported"),
}


@pytest.mark.parametrize("what", REFUSED_SETS)
def test_a_bad_abaqus_file_is_refused_by_name(tmp_path, what):
    sets, words = REFUSED_SETS[what]
    text = abaqus(sets)
    if what == "overlap":
        text = text.replace(",\n elset=Right", "").replace(
            "*ELSET", "*NODE\n13,0.,0.,2.\n14,1.,0.,2.\n15,0.,1.,2.\n16,1.,1.,2.\n*ELEMENT,TYPE=C3D8\n3,7,8,11,10,13,14,16,15\n*ELSET", 1
        )
    path = tmp_path / "bad.inp"
    path.write_text(text)
    with pytest.raises(MeshError, match=words):
        read_here(path)


# ---- VTU and XDMF


def vtu(tmp_path, binary=False):
    path = tmp_path / "mesh.vtu"
    meshio.write(path, as_meshio(halves("quad")), binary=binary)
    return path, path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<VTKFile", '<!DOCTYPE a [<!ENTITY b "c">]>\n<VTKFile', "has a DOCTYPE, which is not accepted"),
        ('NumberOfPoints="9"', 'NumberOfPoints="9000000000"', "is damaged or is a kind of VTU file"),
        (r'(Name="connectivity"[^>]*>\s*)\d+', r"\g<1>-3", "has a cell on the node -3; its nodes are 0 to 8"),
        (r'(Name="connectivity"[^>]*>\s*)\d+', r"\g<1>77", "has a cell on the node 77; its nodes are 0 to 8"),
        (r'(Name="offsets"[^>]*>\s*)\d+', r"\g<1>1", "the offsets of its cells do not fit"),
        (r'(Name="types"[^>]*>\s*)\d+', r"\g<1>11", "cells of VTK's type 11, which are not supported"),
        (r"(<Piece.*</Piece>)", r"\1\1", "has several pieces; write it as one"),
        (r"(?s)</Cells>.*", "", "is damaged or is a kind of VTU file"),
    ],
)
def test_a_bad_vtu_is_refused_by_name(tmp_path, old, new, words):
    path, text = vtu(tmp_path)
    assert re.search(old, text, re.DOTALL)
    path.write_text(re.sub(old, new, text, count=1, flags=re.DOTALL))
    with pytest.raises(MeshError, match=words):
        read_here(path)


def xdmf(tmp_path):
    path = tmp_path / "mesh.xdmf"
    meshio.write(path, as_meshio(halves("quad")))
    return path, path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<Xdmf", "<!DOCTYPE a>\n<Xdmf", "has a DOCTYPE"),
        ("mesh.h5:", "../mesh.h5:", "points at '../mesh.h5', which is not a regular file in the same folder"),
        ("mesh.h5:", "/etc/mesh.h5:", "points at '/etc/mesh.h5', which is not"),
        ("mesh.h5:/data0", "mesh.h5:/data99", "'/data99' in 'mesh.h5', which is not there or is a link"),
        ('Format="HDF"', 'Format="Binary"', "data of the format 'Binary' outside the file"),
    ],
)
def test_a_bad_xdmf_is_refused_by_name(tmp_path, old, new, words):
    path, text = xdmf(tmp_path)
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(MeshError, match=re.escape(words)):
        read_here(path)


@pytest.mark.parametrize("kind", ["external link", "soft link", "external storage", "virtual"])
def test_an_xdmf_whose_data_lie_in_other_files_is_refused(tmp_path, kind):
    """What HDF5 would follow anywhere, the user's own files included."""
    import h5py

    path, _ = xdmf(tmp_path)
    canary = tmp_path / "canary"
    canary.write_bytes(np.zeros(27).tobytes())
    os.rename(tmp_path / "mesh.h5", tmp_path / "other.h5")
    with h5py.File(tmp_path / "mesh.h5", "w") as file:
        if kind == "external link":
            file["data0"] = h5py.ExternalLink("other.h5", "/data0")
        elif kind == "soft link":
            file["data0"] = h5py.SoftLink("/data1")
        elif kind == "external storage":
            file.create_dataset("data0", (9, 3), "f8", external=[(str(canary), 0, 216)])
        else:
            layout = h5py.VirtualLayout((9, 3), "f8")
            layout[:] = h5py.VirtualSource("other.h5", "data0", (9, 3))
            file.create_virtual_dataset("data0", layout)
    with pytest.raises(MeshError, match="link to elsewhere" if "link" in kind else "lies in another file"):
        read_here(path)


def test_an_array_that_claims_terabytes_is_refused(tmp_path):
    import h5py

    path, _ = xdmf(tmp_path)
    with h5py.File(tmp_path / "mesh.h5", "r+") as file:
        del file["data0"]
        file.create_dataset("data0", (10**12,), "f8", chunks=(1024,))
    with pytest.raises(MeshError, match="an array larger than 2 GiB"):
        read_here(path)


def test_a_package_that_is_not_there_is_named(tmp_path, monkeypatch):
    path, _ = xdmf(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MeshError, match="cannot be read without the package h5py: pip install h5py"):
        read_here(path)


# ---- the process that reads


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "link", "suffix"])
def test_what_is_no_mesh_file_is_refused_before_it_is_opened(tmp_path, kind):
    path = tmp_path / ("mesh.stl" if kind == "suffix" else "mesh.msh")
    words = {
        "missing": "no such file",
        "folder": "is a folder",
        "fifo": "not a regular",
        "link": "is a link",
        "suffix": "not a file of a kind that can be read",
    }
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(FILES / "boxes-2.2.msh")
    with pytest.raises(MeshError, match=words[kind]):
        read_mesh(path, 1.0)


def test_a_file_too_large_is_refused(tmp_path):
    path = tmp_path / "mesh.msh"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3 + 1)
    with pytest.raises(MeshError, match="is larger than 2 GiB"):
        read_mesh(path, 1.0)


def test_arguments(tmp_path):
    path = FILES / "boxes-2.2.msh"
    with pytest.raises(ValueError, match="scale must be positive and finite, got 0"):
        read_mesh(path, 0.0)
    with pytest.raises(ValueError, match="merge must be positive and finite, got nan"):
        read_mesh(path, 1.0, merge=float("nan"))
    with pytest.raises(MeshError, match="`cell_array` is for"):
        read_mesh(path, 1.0, cell_array="region")
    with pytest.raises(ValueError, match="a mesh can be written as"):
        mesh_bytes(halves("line"), ".stl")
    with pytest.raises(ValueError, match="quotation mark"):
        (tmp_path / "mesh.msh").write_bytes(mesh_bytes(halves("line")._replace(faces={'a"b': np.array([[0]])}), ".msh"))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_reader_s_limits(tmp_path):
    """Of time on the wall and of memory; a child that dies is told of in one line."""
    path = FILES / "boxes-2.2.msh"
    with pytest.raises(MeshError, match=r"took longer than 0\.01 s to read"):
        read_mesh(path, 1.0, seconds=0.01)
    large = tmp_path / "large.msh"
    large.write_bytes(mesh_bytes(halves("hexahedron", 60), ".msh"))
    with pytest.raises(MeshError, match=r"needs more than 0.25 GiB of memory to read|stopped the program that read it"):
        read_mesh(large, 1.0, memory=2**28)


@pytest.mark.parametrize("name", ["boxes.inp", "mesh.vtu", "mesh.xdmf"])
def test_formats_through_the_process(tmp_path, name):
    path = FILES / name
    if name != "boxes.inp":
        path = tmp_path / name
        meshio.write(path, as_meshio(halves("quad")))
    check_sound(read_mesh(path, 1.0, cell_array=None if name == "boxes.inp" else "group").mesh)


def test_a_refusal_through_the_process(tmp_path):
    path = tmp_path / "bad\x1b[31m.msh"
    path.write_text(REFUSED_MESHES["negative node"][0])
    with pytest.raises(MeshError) as caught:
        read_mesh(path, 1.0)
    assert caught.value.problems == [f"{tmp_path}/bad\ufffd[31m.msh: has an element 1 on the node -1, which is not among its 4 nodes"]


def test_modules_of_the_case_s_folder_are_not_run(tmp_path, monkeypatch):
    """A numpy.py beside the case is not the reader's."""
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert len(read_mesh(FILES / "boxes-4.1.msh", 1.0).mesh.cells) == 48


# ---- damage


def damaged(data, rng):
    """The file cut, with bytes changed, or with a number replaced."""
    way = rng.choice(("cut", "bytes", "number", "number", "line"))
    if way == "cut":
        return data[: rng.randrange(len(data))]
    if way == "bytes":
        out = bytearray(data)
        for _ in range(rng.choice((1, 3, 30))):
            out[rng.randrange(len(out))] = rng.randrange(256)
        return bytes(out)
    if way == "line":
        lines = data.splitlines(keepends=True)
        i = rng.randrange(len(lines))
        return b"".join(lines[:i] + rng.choice(([], [lines[i]] * 2)) + lines[i + 1 :])
    numbers = list(re.finditer(rb"(?<![\w.])-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", data))
    found = rng.choice(numbers)
    return data[: found.start()] + rng.choice((b"nan", b"1e400", b"-3", b"99999999999", b"0", b"7", b"1e18", b"x")) + data[found.end() :]


def originals(folder):
    mesh = as_meshio(halves("tetra", 1))
    vtus = []
    for name, binary in (("text.vtu", False), ("packed.vtu", True)):
        meshio.write(folder / name, mesh, binary=binary)
        vtus.append(folder / name)
    return {
        ".msh 2.2": [FILES / "boxes-2.2.msh", FILES / "boxes-2.2-binary.msh"],
        ".msh 4.1": [FILES / "boxes-4.1.msh", FILES / "boxes-4.1-binary.msh"],
        ".vtu": vtus,
        ".inp": [FILES / "boxes.inp"],
    }


def fuzz(folder, form, n, read):
    rng = random.Random(f"damage to {form}")
    refused = 0
    for i in range(n):
        original = rng.choice(originals(folder)[form])
        path = folder / f"damaged-{i}{original.suffix}"
        path.write_bytes(damaged(original.read_bytes(), rng))
        try:
            mesh = read(path).mesh
        except MeshError as error:
            assert all(line.startswith(str(path)) and line.isprintable() for line in error.problems), error.problems
            refused += 1
        else:
            check_sound(mesh)
    assert refused > n // 4


@pytest.mark.usual(2)
@pytest.mark.parametrize("form", [".msh 2.2", ".msh 4.1", ".vtu", ".inp"])
def test_damage_is_refused_or_does_no_harm(tmp_path, form):
    fuzz(tmp_path, form, 60, read_here)


@pytest.mark.slow
@pytest.mark.parametrize("form", [".msh 2.2", ".msh 4.1", ".vtu", ".inp"])
def test_damage_through_the_process(tmp_path, form):
    fuzz(tmp_path, form, 120, lambda path: read_mesh(path, 1.0, seconds=20))


@pytest.mark.slow
@pytest.mark.parametrize("form", [".msh 2.2", ".msh 4.1", ".vtu", ".inp"])
def test_much_damage(tmp_path, form):
    fuzz(tmp_path, form, 2000, read_here)
