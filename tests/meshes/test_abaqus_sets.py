"""Sets and surfaces of Abaqus files as regions, faces and edges."""

from __future__ import annotations

import pytest

from meshes.imported import MeshError
from tests.meshes.test_imported_meshes import abaqus, places, read_here


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
