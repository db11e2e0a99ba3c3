"""The house: rooms one above the other, imports that point one way, modules and functions that can be read at once."""

import ast
import functools
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


@functools.cache
def parsed(file):
    """A module, read once."""
    return ast.parse(file.read_text("utf-8"))


def room_of(file):
    """The room of a module: `thermo/heat/modes/x.py` is in heat; None for the package itself."""
    parts = file.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 else None


def imported(file):
    """Every module of ours that a file imports, at its head or within a function, as `from a import b` names it."""
    found = []
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    return [name.split(".") for name in found if name.split(".")[0] in ("thermo", "viz", "meshes")]


def test_every_room_is_known_and_says_what_it_is_for():
    found = {path.parent.name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in (ROOT / "thermo").glob("*/__init__.py")}
    assert set(found) == set(ROOMS)
    assert all(found.values())


@functools.cache
def arrows():
    """Every import of ours as (module, parts)."""
    return [(file, parts) for file in FILES for parts in imported(file)]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room):
    known = set(ROOMS[: ROOMS.index(room) + 1])
    back = [
        f"{file.relative_to(ROOT)} imports {'.'.join(parts)}"
        for file, parts in arrows()
        if room_of(file) == room and parts[0] == "thermo" and len(parts) > 2 and parts[1] not in known
    ]
    assert back == []


def test_meshes_know_nothing_of_ours_and_only_the_command_draws():
    for file, parts in arrows():
        package = file.relative_to(ROOT).parts[0]
        if package == "meshes":
            assert parts[0] == "meshes", file
        if package == "thermo" and room_of(file) != "app":
            assert parts[0] != "viz", file
        if package == "viz":
            assert parts[0] != "thermo" or parts[1] in ("base", "casefile", "results", "onsets", "records"), (file, parts)


@functools.cache
def questions():
    """Every call of `isinstance`, with its module."""
    return [
        (file, node)
        for file in FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"
    ]


def kinds_asked(names):
    """Where `isinstance` asks for one of these classes."""
    found = []
    for file, node in questions():
        asked = {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)}
        found += [f"{file.relative_to(ROOT)}:{node.lineno}"] if asked & names else []
    return found


SAMPLES = {"LumpedCell", "Meshed", "LayeredBlock", "Boxes", "ImportedBody", "ImportedMesh", "Solids"}
PROGRAMMES = {"Driving", "Conditions", "InAir", "Calorimeter", "Exposure", "Schedule", "SteadyProgramme", "SurroundingsProgramme"}
PROGRAMMES |= {f"{name}Programme" for name in ("Arc", "Dsc", "Oven", "HotPlate", "Heater", "Ramp", "Stability")}
CONDITIONS = {
    "Acting",
    "Given",
    "Held",
    "Flux",
    "Convection",
    "Radiation",
    "Contact",
    "ThinLayer",
    "GapRadiation",
    "Source",
    "Plate",
    "ContactWithABody",
}
FORMS = {"ByAxis", "Orthotropic", "Cylindrical", "Tensor"}


def test_few_ask_what_kind_a_thing_is():
    """What is asked of a kind is a method of it: a new kind is then one class, and nobody else has to know it."""
    assert kinds_asked({"Prepared", "CellBody", "MeshBody", "ModalBody"}) == []
    assert len(kinds_asked(SAMPLES | PROGRAMMES)) < 20
    assert len(kinds_asked(CONDITIONS)) < 10
    assert {place.partition(":")[0] for place in kinds_asked(FORMS)} == {"thermo/materials/properties.py"}


MOST_LINES, MOST_IN_FUNCTION = 500, 60


def test_modules_and_functions_can_be_read_at_once():
    for file in FILES:
        if file.relative_to(ROOT).parts[0] == "meshes":  # the reader of mesh files stands alone, so that a process can run it
            continue
        text = file.read_text("utf-8")
        assert text.count("\n") <= MOST_LINES, file
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno <= MOST_IN_FUNCTION, (file, node.name)


def test_a_prepared_body_has_a_type_wherever_it_is_taken():
    """None is `Any`: parameters and attributes named `body` below the simulation are of the protocol or of a class."""
    for file in FILES:
        if room_of(file) in ("simulation", "studies", "app"):
            for node in ast.walk(parsed(file)):
                if isinstance(node, ast.arg) and node.arg == "body":
                    assert node.annotation is not None and ast.unparse(node.annotation) != "Any", (file, node.lineno)
