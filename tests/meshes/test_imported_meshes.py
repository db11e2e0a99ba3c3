"""Meshes from files: regions, faces and edges by name, cells made straight and turned, vertices merged, figures."""

from __future__ import annotations

import itertools
import re
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
SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
CUBE = [*SQUARE, *((x, y, 1) for x, y, _ in SQUARE)]
TWO = [*SQUARE, (2, 0, 0), (2, 1, 0)]
PAIR = [("quad", 1, (1, 2, 3, 4)), ("quad", 2, (2, 5, 6, 3))]


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
