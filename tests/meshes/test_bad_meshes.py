"""Mesh files that are refused: sound but for one thing, and the message names it."""

from __future__ import annotations

import os
import re
import sys

import meshio
import numpy as np
import pytest

from meshes.imported import MeshError, mesh_bytes, report
from meshes.mesh import DIMENSION, Mesh
from tests.meshes.test_imported_meshes import CUBE, FILES, PAIR, SQUARE, TWO, abaqus, as_meshio, gmsh, halves, read_here

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
