"""The house: rooms one above the other, imports that point one way, modules and functions that can be read at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (  # a room imports from itself and from those before it
    "base",
    "casefile",
    "results",
    "materials",
    "chemistry",
    "onsets",
    "programmes",
    "stepping",
    "heat",
    "cells",
    "bodies",
    "measurement",
    "records",
    "case",
    "simulation",
    "studies",
    "app",
)
FILES = sorted(file for package in ("thermo", "viz", "meshes") for file in (ROOT / package).rglob("*.py"))


def room_of(file):
    """The room of a module: `thermo/heat/modes/x.py` is in heat; None for the package itself."""
    parts = file.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 else None


def imported(file):
    """Every module of ours that a file imports, at its head or within a function, as `from a import b` names it."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    return [name.split(".") for name in found if name.split(".")[0] in ("thermo", "viz", "meshes")]


def test_every_room_is_known_and_says_what_it_is_for():
    found = {path.parent.name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in (ROOT / "thermo").glob("*/__init__.py")}
    assert set(found) == set(ROOMS)
    assert all(found.values())


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room):
    known = set(ROOMS[: ROOMS.index(room) + 1])
    back = [
        f"{file.relative_to(ROOT)} imports {'.'.join(parts)}"
        for file in FILES
        if room_of(file) == room
        for parts in imported(file)
        if parts[0] == "thermo" and len(parts) > 2 and parts[1] not in known
    ]
    assert back == []


def test_meshes_know_nothing_of_ours_and_only_the_command_draws():
    for file in FILES:
        package = file.relative_to(ROOT).parts[0]
        for parts in imported(file):
            if package == "meshes":
                assert parts[0] == "meshes", file
            if package == "thermo" and room_of(file) != "app":
                assert parts[0] != "viz", file
            if package == "viz":
                assert parts[0] != "thermo" or parts[1] in ("base", "results", "onsets", "records"), (file, parts)
