"""A result does not depend on the numbers of nodes and cells, the place of the body, the units of the case, or the process that runs it."""

import csv
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes
from tests.bodies.test_bodies import KINDS
from tests.conftest import case_from
from tests.heat import test_mode_steps
from thermo.case.case import read_case
from thermo.simulation.simulate import run

RANGE = 100.0  # K, of the temperatures below

# ------------------------------------------------------------------ numbers and places

CASE = """
title: from a file
materials:
  a: {{density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: {{tensor: {tensor}}}}}
  b: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {conductivity}}}
sample:
  kind: mesh
  file: body.msh
  unit: mm
  {coordinates}
  regions: {{a: {{material: a}}, b: {{material: b}}}}
  temperature: {{a: 300 K, b: 310 K}}
  mesh: {{order: {order}}}
programme:
  kind: surroundings
  faces:
    hot: [{{kind: held, temperature: {{table: [[0 s, 300 K], [3 s, 400 K]]}}}}]
    cold: [{cold}]
    a|b: [{{kind: contact, resistance: 1e-4 m2 K/W}}]
  sources: {{b: {{power_density: 1 MW/m3}}}}
  end: 10 s
measure:
  probes: {{p: {point}, cold: {{face: cold, take: mean}}, hottest: {{region: b, take: maximum}}}}
  flows: [hot]
  pictures: {{times: [1 s, 10 s]}}
numerics: {{tolerance: 1e-2}}
"""
FILM = "{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 300 K}"
GLOW = "{kind: radiation, emissivity: 0.9, ambient_temperature: 350 K}"
TABLE = "{table: [[300 K, 2 W/(m K)], [400 K, 3 W/(m K)]]}"


def two_slabs(dimension, elements):
    """10 and 20 mm thick along x, 5 mm wide, in a mesh of millimetres with its inner vertices moved."""
    axes = [np.linspace(0.0, 30.0, 7), *[np.linspace(0.0, 5.0, 6 - dimension)] * (dimension - 1)]
    wide = (5.0,) * (dimension - 1)
    low = (0.0,) * dimension
    regions = {"a": [Extent(low, (10.0, *wide))], "b": [Extent((10.0, *low[1:]), (30.0, *wide))]}
    mesh = boxes_mesh(axes, regions, {}, elements == "simplices")
    inner = np.all((mesh.points > 0.0) & (mesh.points < [30.0, *wide]), axis=1) & (np.abs(mesh.points[:, 0] - 10.0) > 1e-9)
    mesh.points[inner] += 0.3 * np.random.default_rng(7).uniform(-1.0, 1.0, (inner.sum(), dimension))
    return mesh._replace(faces={"hot": mesh.faces["left"], "cold": mesh.faces["right"]})


def anisotropic(dimension):
    """A conductivity [W/(m K)] along no axis of the body."""
    draw = np.random.default_rng(3).normal(size=(dimension, dimension))
    return 4.0 * np.eye(dimension) + draw @ draw.T


def spoken(rows, unit):
    """Rows of numbers as a case has them."""
    return "[" + ", ".join(f"{v:.17g} {unit}" if np.isscalar(v) else spoken(v, unit) for v in rows) + "]"


def moved(folder, mesh, order, turn, shift, bent, axisymmetric):
    """The result of the body turned by a matrix and shifted [mm], and where its nodes were before [mm], on which side."""
    tensor = turn @ anisotropic(len(turn)) @ turn.T
    tensor = 0.5 * (tensor + tensor.T)
    point = turn @ np.array([17.3, 2.1, 3.2])[: len(turn)] + shift
    moved = mesh._replace(points=mesh.points @ turn.T + shift)
    folder.mkdir()
    (folder / "body.msh").write_bytes(mesh_bytes(moved, ".msh"))
    text = CASE.format(
        tensor=spoken(tensor, "W/(m K)"),
        conductivity=TABLE if bent else "2 W/(m K)",
        coordinates="coordinates: axisymmetric" if axisymmetric else "",
        order=order,
        cold=GLOW if bent else FILM,
        point=spoken(point, "mm"),
    )
    if len(turn) == 1:
        text = text.replace(f"{{tensor: {spoken(tensor, 'W/(m K)')}}}", f"{tensor[0, 0]:.17g} W/(m K)")
    (folder / "case.yaml").write_text(text)
    result = run(read_case(folder / "case.yaml"))
    places = (1e3 * result.body.shape.space.points - shift) @ turn
    side = np.zeros(len(places))
    side[result.body.inside[0]] = 1.0  # the contact has two nodes at one place
    return result, np.column_stack([places, side])


def renumbered(mesh, rng):
    """The same mesh with vertices and cells in another order, the vertices of a cell beginning at another one."""
    order, cells = rng.permutation(len(mesh.points)), rng.permutation(len(mesh.cells))
    place, at = np.argsort(order), np.argsort(cells)
    turns = {
        "line": [(0, 1)],
        "triangle": [(0, 1, 2), (1, 2, 0), (2, 0, 1)],
        "tetra": [(0, 1, 2, 3), (1, 2, 0, 3), (1, 0, 3, 2), (3, 2, 1, 0)],
    }
    turns["quad"] = [tuple(np.roll(range(4), k)) for k in range(4)]
    turns["hexahedron"] = [(*turn, *(4 + np.array(turn))) for turn in turns["quad"]] + [(4, 7, 6, 5, 0, 3, 2, 1)]
    turn = np.array(turns[mesh.kind])[rng.integers(len(turns[mesh.kind]), size=len(cells))]
    return mesh._replace(
        points=mesh.points[order],
        cells=np.take_along_axis(place[mesh.cells[cells]], turn, axis=1),
        regions={name: np.sort(at[members]) for name, members in mesh.regions.items()},
        faces={name: place[facets][rng.permutation(len(facets))] for name, facets in mesh.faces.items()},
    )


def turned(dimension, axisymmetric, mirrored):
    """A matrix of a rotation, with a mirror in it or not; round its axis a body is what it is already."""
    turn = Rotation.from_rotvec([0.3, -0.5, 0.8]).as_matrix() if dimension == 3 else np.eye(dimension)
    if dimension == 2 and not axisymmetric:
        turn = Rotation.from_rotvec([0.0, 0.0, 0.8]).as_matrix()[:2, :2]
    turn[:, -1] *= -1.0 if mirrored else 1.0
    return turn


BODIES = [(*kind, False) for kind in KINDS] + [(2, "boxes", True), (2, "simplices", True)]


@pytest.mark.parametrize(("order", "bent"), [(1, False), (2, True)], ids=["linear", "order 2, k(T) and radiation"])
@pytest.mark.parametrize(("dimension", "elements", "axisymmetric"), BODIES)
@pytest.mark.slow
def test_numbers_and_places_do_not_matter(tmp_path, dimension, elements, axisymmetric, order, bent):
    """The test numbers nodes and cells at random, moves the body rigidly with its conductivities, and mirrors it."""
    mesh, none = two_slabs(dimension, elements), np.array([10.0, 0.0]) if axisymmetric else np.zeros(dimension)
    shift = np.array([10.0, 7.7]) if axisymmetric else np.array([-12.3, 7.7, 41.0])[:dimension]
    first, places = moved(tmp_path / "first", mesh, order, np.eye(dimension), none, bent, axisymmetric)
    assert first.failure is None
    others = {
        "renumbered": (renumbered(mesh, np.random.default_rng(11)), np.eye(dimension), none),
        "moved": (mesh, turned(dimension, axisymmetric, False), shift),
        "mirrored": (mesh, turned(dimension, axisymmetric, True), shift),
    }
    for name, (other, turn, away) in others.items():
        result, there = moved(tmp_path / name, other, order, turn, away, bent, axisymmetric)
        for column in [column for column in first.columns if column.endswith("_K")]:
            assert result.columns[column] == pytest.approx(first.columns[column], abs=1e-9 * RANGE), name
        for face in ("heat_hot_W", "flow_hot_W", "heat_cold_W", "heat_a|b_W"):
            assert result.columns[face] == pytest.approx(first.columns[face], abs=1e-9 * np.abs(first.columns[face]).max()), name
        apart, which = KDTree(there).query(places)
        assert apart.max() < 1e-9
        assert len(first.frames) == 2
        for (_, ours), (_, theirs) in zip(result.frames, first.frames, strict=True):
            assert ours[which] == pytest.approx(theirs, abs=1e-9 * RANGE), name


# ------------------------------------------------------------------ units

PLAIN_AND_OTHER = {
    "layers": (
        """
        title: layers
        materials:
          a: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {in_plane: 30 W/(m K), through: 0.2 W/(m K)}}
          b: {density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 300 W/(m K)}
        sample:
          kind: layered-block
          size: [8 mm, 6 mm]
          layers: [{name: one, material: b, thickness: 0.5 mm}, {name: two, material: a, thickness: 2 mm}]
          patches: {spot: {face: top, square: 1 mm, centre: [3 mm, 2 mm]}}
          temperature: 300 K
          mesh: {order: 2, smallest: 0.5 mm, largest: 3 mm, interface: 0.2 mm, growth: 4}
        programme:
          kind: surroundings
          faces:
            spot: [{kind: held, temperature: {from: 300 K, to: 400 K, over: 90 s}}]
            bottom: [{kind: convection, heat_transfer_coefficient: 200 W/(m2 K), ambient_temperature: 310 K}]
            top: [{kind: flux, heat_flux: 2000 W/m2}]
          sources: {two: {power_density: 1e7 W/m3}}
          end: 120 s
        measure: {probes: {p: [7 mm, 5 mm, 1 mm]}, pictures: {times: [30 s]}}
        """,
        """
        title: layers
        materials:
          a: {density: 1 g/cm3, heat_capacity: 1 J/(g K), thermal_conductivity: {in_plane: 0.3 W/(cm K), through: 0.2 mW/(mm K)}}
          b: {density: 8 g/cm3, heat_capacity: 0.4 kJ/(kg K), thermal_conductivity: 0.3 kW/(m K)}
        sample:
          kind: layered-block
          size: [0.8 cm, 6000 um]
          layers: [{name: one, material: b, thickness: 500 um}, {name: two, material: a, thickness: 0.2 cm}]
          patches: {spot: {face: top, square: 1000 um, centre: [0.003 m, 0.2 cm]}}
          temperature: 26.85 degC
          mesh: {order: 2, smallest: 500 um, largest: 0.3 cm, interface: 200 um, growth: 4}
        programme:
          kind: surroundings
          faces:
            spot: [{kind: held, temperature: {from: 80.33 degF, to: 126.85 degC, over: 1.5 min}}]
            bottom: [{kind: convection, heat_transfer_coefficient: 0.02 W/(cm2 K), ambient_temperature: 36.85 degC}]
            top: [{kind: flux, heat_flux: 0.2 W/cm2}]
          sources: {two: {power_density: 10 W/cm3}}
          end: 2 min
        measure: {probes: {p: [0.7 cm, 5000 um, 0.1 cm]}, pictures: {times: [0.5 min]}}
        """,
    ),
    "boxes": (
        """
        title: boxes
        materials:
          a: {density: 2000 kg/m3, heat_capacity: {table: [[300 K, 500 J/(kg K)], [400 K, 700 J/(kg K)]]}, thermal_conductivity: 10 W/(m K),
              melting: {temperature: 360 K, heat: 20 kJ/kg, range: 2 K}}
          b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {table: [[300 K, 2 W/(m K)], [400 K, 3 W/(m K)]]}}
        sample:
          kind: boxes
          coordinates: plane
          thickness: 40 mm
          regions:
            a: {material: a, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}
            b: {material: b, from: [10 mm, 0 mm], to: [30 mm, 5 mm]}
          temperature: {along: x, table: [[0 mm, 300 K], [30 mm, 320 K]]}
          mesh: {order: 1, smallest: 2.5 mm, largest: 2.5 mm}
        programme:
          kind: surroundings
          faces:
            left: [{kind: held, temperature: {table: [[0 s, 300 K], [6 s, 400 K]]}}]
            right: [{kind: radiation, emissivity: 0.9, ambient_temperature: 500 K}]
            a|b: [{kind: contact, resistance: 1e-4 m2 K/W}]
          end: 120 s
        measure: {probes: {p: [12.5 mm, 2.5 mm]}, flows: [left], pictures: {times: [30 s]}}
        numerics: {tolerance: 1e-2, longest_step: 30 s}
        """,
        """
        title: boxes
        materials:
          a: {density: 2 g/cm3, heat_capacity: {table: [[26.85 degC, 0.5 J/(g K)], [260.33 degF, 0.7 kJ/(kg K)]]},
              thermal_conductivity: 100 mW/(cm K), melting: {temperature: 86.85 degC, heat: 20 J/g, range: 2 K}}
          b: {density: 1 g/cm3, heat_capacity: 1 J/(g K),
              thermal_conductivity: {table: [[80.33 degF, 20 mW/(cm K)], [126.85 degC, 3 W/(m K)]]}}
        sample:
          kind: boxes
          coordinates: plane
          thickness: 4 cm
          regions:
            a: {material: a, from: [0 m, 0 um], to: [1 cm, 5000 um]}
            b: {material: b, from: [0.01 m, 0 m], to: [3 cm, 0.5 cm]}
          temperature: {along: x, table: [[0 m, 26.85 degC], [3 cm, 46.85 degC]]}
          mesh: {order: 1, smallest: 2500 um, largest: 0.25 cm}
        programme:
          kind: surroundings
          faces:
            left: [{kind: held, temperature: {table: [[0 min, 26.85 degC], [0.1 min, 126.85 degC]]}}]
            right: [{kind: radiation, emissivity: 90 %, ambient_temperature: 226.85 degC}]
            a|b: [{kind: contact, resistance: 1 cm2 K/W}]
          end: 2 min
        measure: {probes: {p: [1.25 cm, 2500 um]}, flows: [left], pictures: {times: [0.5 min]}}
        numerics: {tolerance: 1 %, longest_step: 0.5 min}
        """,
    ),
    "cell": (
        """
        title: a cell
        sample:
          kind: lumped
          heat_capacity: {at_298K: 3 J/K}
          chemistry:
            title: first order
            species: {c: {start: 1}}
            reactions:
              only:
                pre_exponential_factor: 1e11 1/s
                activation_energy: 120 kJ/mol
                factors: [{kind: order, species: c, order: 1}]
                consumes: {c: 1}
                heat: 300 J
        programme:
          {kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 300 degC}
        """,
        """
        title: a cell
        sample:
          kind: lumped
          heat_capacity: {at_298K: 3000 mJ/K}
          chemistry:
            title: first order
            species: {c: {start: 100 %}}
            reactions:
              only:
                pre_exponential_factor: 6e12 1/min
                activation_energy: 120000 J/mol
                factors: [{kind: order, species: c, order: 1}]
                consumes: {c: 1}
                heat: 0.3 kJ
        programme:
          {kind: arc, start: 323.15 K, step: 5 K, heater: 120 K/h, wait: 0.25 h, seek: 600 s, sensitivity: 1.2 K/h, end: 573.15 K}
        """,
    ),
}


@pytest.mark.parametrize("kind", PLAIN_AND_OTHER)
@pytest.mark.usual(1)
def test_units_do_not_matter(kind):
    first, other = (run(case_from(text)) for text in PLAIN_AND_OTHER[kind])
    assert first.failure is None
    assert len(first.time) > 20
    assert list(first.columns) == list(other.columns)
    for name, values in first.columns.items():
        if values.dtype.kind == "f":
            assert other.columns[name] == pytest.approx(values, abs=1e-10 * max(np.abs(values).max(), 1e-300)), name
        else:
            assert other.columns[name].tolist() == values.tolist()
    for (_, ours), (_, theirs) in zip(other.frames, first.frames, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-10 * RANGE)


# ------------------------------------------------------------------ processes

SPACE = """
title: solved by iteration
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: boxes
  coordinates: space
  regions:
    a: {material: a, from: [0 mm, 0 mm, 0 mm], to: [10 mm, 10 mm, 10 mm]}
    b: {material: b, from: [10 mm, 0 mm, 0 mm], to: [20 mm, 10 mm, 10 mm]}
  temperature: 300 K
  mesh: {order: 1, elements: ELEMENTS, smallest: 1 mm, largest: 1 mm}
programme:
  kind: surroundings
  faces:
    left: [{kind: held, temperature: 400 K}]
    right: [{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 300 K}]
    top: [{kind: flux, heat_flux: 1 kW/m2}]
    a|b: [{kind: contact, resistance: 1e-4 m2 K/W}]
  end: 20 s
measure: {probes: {p: [11 mm, 5 mm, 5 mm], top: {face: top, take: maximum}}, flows: [left, right], pictures: {times: [20 s]}}
numerics: {tolerance: 1e-2}
"""
BUSY = "patch over time, a film around it and on the bottom"
WITHIN = """
import sys
from pathlib import Path
from tests.app.test_run_into_folder import Quiet
from thermo.case.case import case_of
from thermo.casefile.reader import read_document
from thermo.app.run_into_folder import run_case

folder = Path(sys.argv[1])
for file in sorted(Path(sys.argv[2]).glob("*.yaml")):
    document = read_document(file)
    run_case(case_of(document), document, folder / file.stem, Quiet())
"""


def block(faces, **more):
    """A case of test_mode_steps as text, which a process of its own reads."""
    patches = ", ".join(f"{patch}: {text}" for patch, text in test_mode_steps.PATCHES.items() if patch in faces)
    plain = {"sources": "{}", "start": test_mode_steps.PLAIN, "order": 1, "tensor": "true", "scheme": "tr-bdf2"}
    plain |= {"probes": test_mode_steps.READ, "times": "[0.3 s, 1 s]"}
    return textwrap.dedent(test_mode_steps.BOX.format(faces=faces, patches=patches, **(plain | more)))


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The result folders of the same cases by a process of its own with some environment, each once."""
    cases = tmp_path_factory.mktemp("cases")
    texts = {
        "modes": block(test_mode_steps.CASES[BUSY][0], order=2),
        "mesh": block(test_mode_steps.GLOW),
        "hexahedra": SPACE.replace("ELEMENTS", "boxes"),
        "simplices": SPACE.replace("ELEMENTS", "simplices"),
        "cell": textwrap.dedent(PLAIN_AND_OTHER["cell"][0]),
        "melting": textwrap.dedent(PLAIN_AND_OTHER["boxes"][0]),
    }
    for name, text in texts.items():
        (cases / f"{name}.yaml").write_text(text)
    mesh, d = two_slabs(2, "simplices"), 2
    moved(cases / "file", mesh, 2, np.eye(d), np.zeros(d), True, False)
    for name in ("body.msh", "case.yaml"):
        (cases / "file" / name).rename(cases / name)
    done = {}

    def folder(**environment):
        key = tuple(environment.items())
        if key not in done:
            done[key] = tmp_path_factory.mktemp("results")
            one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
            command = [sys.executable, "-c", WITHIN, str(done[key]), str(cases)]
            root = Path(__file__).parent.parent.parent
            subprocess.run(command, check=True, cwd=root, env={**os.environ, **one, **environment}, timeout=300)
        return done[key]

    return folder


FIRST = {"PYTHONHASHSEED": "1", "TZ": "UTC"}
OTHERS = {
    "another seed of hashes": {"PYTHONHASHSEED": "4711", "TZ": "UTC"},
    "another time zone and language": {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "C"},
}


@pytest.mark.slow
@pytest.mark.parametrize("other", OTHERS)
def test_another_process_gives_the_same_bytes(computed, other):
    first, second = computed(**FIRST), computed(**OTHERS[other])
    files = sorted(file.relative_to(first) for file in first.rglob("*") if file.suffix in (".csv", ".vtu", ".pvd", ".yaml", ".json"))
    assert sum(file.name == "history.csv" for file in files) == 7
    for file in files:
        if file.name in ("manifest.json", "status.json"):
            continue
        ours, theirs = ((folder / file).read_bytes() for folder in (first, second))
        if file.name == "summary.json":  # what it took, and where and when, is not the result
            ours, theirs = (
                {key: value for key, value in json.loads(text).items() if key not in ("cost", "provenance")} for text in (ours, theirs)
            )
        assert ours == theirs, file


@pytest.mark.slow
def test_two_threads_give_what_one_gives(computed):
    """Both agree to 1e-12 of the range, because two threads add sums in another order."""
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "2")
    first, second = computed(**FIRST), computed(**FIRST, **two)
    for file in sorted(first.glob("*/history.csv")):
        header, *ours = csv.reader(file.read_text().splitlines())
        same, *theirs = csv.reader((second / file.relative_to(first)).read_text().splitlines())
        assert header == same
        for name, one, other in zip(header, zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
            if name == "phase":
                assert one == other
                continue
            one, other = np.array(one, float), np.array(other, float)
            assert other == pytest.approx(one, abs=1e-12 * (RANGE if name.endswith("_K") else np.abs(one).max())), (file, name)
