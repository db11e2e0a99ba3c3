"""The process that reads mesh files: its limits, what it refuses to open, damaged files."""

from __future__ import annotations

import os
import random
import re

import meshio
import numpy as np
import pytest

from meshes.imported import MeshError, mesh_bytes, read_mesh
from tests.meshes.test_bad_meshes import REFUSED_MESHES
from tests.meshes.test_imported_meshes import FILES, as_meshio, check_sound, halves, read_here


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
