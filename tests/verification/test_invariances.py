"""What must not change a result: numbers of nodes and cells, where the body lies, units, threads, hash seeds, time zones.

Steps have one length here: the length that an error estimate chooses would carry its last digit into everything.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes
from tests.conftest import case_from
from thermo.body import build
from thermo.case import read_case
from thermo.simulate import run

CASE = """
title: two slabs
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: TENSOR}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: mesh
  file: body.msh
  unit: mm
  regions: {a: {material: a}, b: {material: b}}
  temperature: 300 K
  mesh: {order: ORDER}
programme:
  kind: surroundings
  faces:
    hot: [{kind: held, temperature: 400 K}]
    cold:
      - {kind: convection, heat_transfer_coefficient: 200 W/(m2 K), ambient_temperature: 280 K}
      - {kind: radiation, emissivity: 0.9, ambient_temperature: 250 K}
  end: 4 s
numerics: {step: 0.5 s}
"""
DIAGONAL = np.diag([10.0, 4.0, 7.0])


def body(dimension, simplices):
    """Two slabs of millimetres, inner vertices moved."""
    axes = [np.linspace(0.0, 30.0, 9), *[np.linspace(0.0, 5.0, 4)] * (dimension - 1)]
    low, high = (0.0,) * dimension, (30.0, *[5.0] * (dimension - 1))
    regions = {"a": [Extent(low, (15.0, *high[1:]))], "b": [Extent((15.0, *low[1:]), high)]}
    mesh = boxes_mesh(axes, regions, {}, simplices)
    inner = np.all((mesh.points > 1e-9) & (mesh.points < np.array(high) - 1e-9), axis=1) & (np.abs(mesh.points[:, 0] - 15.0) > 1e-9)
    mesh.points[inner] += 0.2 * np.random.default_rng(7).uniform(-1.0, 1.0, (inner.sum(), dimension))
    return mesh._replace(faces={"hot": mesh.faces["left"], "cold": mesh.faces["right"]})


def final(folder, mesh, tensor, order):
    """Places of the nodes [mm] and their temperatures at the end."""
    folder.mkdir(exist_ok=True)
    (folder / "body.msh").write_bytes(mesh_bytes(mesh, ".msh"))
    d = mesh.points.shape[1]
    rows = ", ".join("[" + ", ".join(f"{float(v)!r} W/(m K)" for v in row[:d]) + "]" for row in tensor[:d])
    (folder / "case.yaml").write_text(CASE.replace("TENSOR", f"{{tensor: [{rows}]}}").replace("ORDER", str(order)))
    case = read_case(folder / "case.yaml")
    made = build(case)
    return 1e3 * made.shape.space.points, run(case, body=made).state.temperature


def paired(one, other):
    """For each place of one list the number of the same place in the other."""
    from scipy.spatial import cKDTree

    distance, number = cKDTree(other).query(one)
    assert distance.max() < 1e-6
    return number


ELEMENTS = [(2, False), (2, True), (3, False), (3, True)]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), ELEMENTS)
def test_nodes_and_cells_in_another_order(tmp_path, dimension, simplices, order):
    mesh, rng = body(dimension, simplices), np.random.default_rng(11)
    place, T = final(tmp_path / "one", mesh, DIAGONAL, order)
    new = rng.permutation(len(mesh.points))  # where each vertex goes
    shuffled = rng.permutation(len(mesh.cells))
    points = np.empty_like(mesh.points)
    points[new] = mesh.points
    regions = {name: np.flatnonzero(np.isin(shuffled, cells)) for name, cells in mesh.regions.items()}
    faces = {name: new[facets] for name, facets in mesh.faces.items()}
    other = mesh._replace(points=points, cells=new[mesh.cells][shuffled], regions=regions, faces=faces)
    again, found = final(tmp_path / "other", other, DIAGONAL, order)
    assert np.abs(found[paired(place, again)] - T).max() < 1e-9 * 100.0


def turned(dimension):
    """A rotation [-] of the first axes."""
    if dimension == 2:
        c, s = np.cos(0.7), np.sin(0.7)
        return np.array([[c, -s], [s, c]])
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    return turn * np.sign(np.linalg.det(turn))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("dimension", "simplices"), ELEMENTS)
def test_a_body_moved_and_turned(tmp_path, dimension, simplices, order):
    """The tensor turns with it."""
    mesh, turn = body(dimension, simplices), turned(dimension)
    place, T = final(tmp_path / "one", mesh, DIAGONAL, order)
    shift = np.array([40.0, -7.0, 3.0][:dimension])
    tensor = turn @ DIAGONAL[:dimension, :dimension] @ turn.T
    again, found = final(tmp_path / "other", mesh._replace(points=mesh.points @ turn.T + shift), 0.5 * (tensor + tensor.T), order)
    assert np.abs(found[paired(place @ turn.T + shift, again)] - T).max() < 1e-9 * 100.0


METRES = """
title: layers
materials:
  a: {density: 1200 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 0.3 W/(m K)}
  b: {density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 40 W/(m K)}
sample:
  kind: KIND
  temperature: 300 K
  mesh: {order: 2, largest: 0.002 m}
programme:
  kind: surroundings
  faces:
    top: [{kind: convection, heat_transfer_coefficient: 50 W/(m2 K), ambient_temperature: 400 K}, {kind: flux, heat_flux: 2000 W/m2}]
    bottom: [{kind: held, temperature: {table: [[0 s, 300 K], [120 s, 330 K]]}}]
  end: 180 s
measure: {probes: {p: [0.001 m, 0.001 m, 0.003 m], top: {face: top, take: mean}}}
numerics: {step: 6 s}
"""
LAYERS = """layered-block
  size: [0.004 m, 0.006 m]
  layers: [{name: a, material: a, thickness: 0.002 m}, {name: b, material: b, thickness: 0.003 m}]"""
BOXES = """boxes
  coordinates: space
  regions:
    a: {material: a, from: [0 m, 0 m, 0 m], to: [0.004 m, 0.006 m, 0.002 m]}
    b: {material: b, from: [0 m, 0 m, 0.002 m], to: [0.004 m, 0.006 m, 0.005 m]}"""
OTHER = [
    ("1200 kg/m3", "1.2 g/cm3"),
    ("8000 kg/m3", "8 g/cm3"),
    ("900 J/(kg K)", "0.9 J/(g K)"),
    ("40 W/(m K)", "0.4 W/(cm K)"),
    ("300 K", "26.85 degC"),
    ("330 K", "56.85 degC"),
    ("400 K", "126.85 degC"),
    ("180 s", "3 min"),
    ("120 s", "2 min"),
    ("0.001 m", "1 mm"),
    ("0.002 m", "2000 um"),
    ("0.003 m", "0.3 cm"),
    ("0.004 m", "4 mm"),
    ("0.006 m", "6 mm"),
    ("0.005 m", "5 mm"),
    ("2000 W/m2", "0.2 W/cm2"),
]


@pytest.mark.parametrize("kind", [LAYERS, BOXES], ids=["layers", "boxes"])
def test_other_units(kind):
    text = METRES.replace("KIND", kind)
    other = text.replace("step: 6 s", "step: 0.1 min")
    for one, same in OTHER:
        other = other.replace(one, same)
    first, second = (run(case_from(version)) for version in (text, other))
    for name in ("p", "top"):
        assert second.probe(name) == pytest.approx(first.probe(name), rel=1e-10)
    for name, value in first.summary()["energy"].items():
        if name.endswith("_J") and name != "residual_J":
            assert second.summary()["energy"][name] == pytest.approx(value, rel=1e-10, abs=1e-8)


SCRIPT = """
import sys
from pathlib import Path
from thermo.case import read_case
from thermo.simulate import run
result = run(read_case(Path(sys.argv[1])))
Path(sys.argv[2]).write_bytes(b"".join(values.tobytes() for values in result.columns.values() if values.dtype == float))
"""


def elsewhere(tmp_path, name, **environment):
    """The columns of a run in a process of its own, as bytes."""
    target = tmp_path / name
    subprocess.run([sys.executable, "-c", SCRIPT, tmp_path / "case.yaml", target], env=os.environ | environment, check=True)
    return np.frombuffer(target.read_bytes())


@pytest.mark.parametrize("kind", ["layers", "mesh"])
def test_hash_seeds_time_zones_and_threads(tmp_path, kind):
    """Bitwise the same, and with more threads to 1e-12."""
    if kind == "layers":
        (tmp_path / "case.yaml").write_text(METRES.replace("KIND", LAYERS).replace("numerics: {step: 6 s}", ""))
    else:
        final(tmp_path, body(3, True), DIAGONAL, 2)
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    first = elsewhere(tmp_path, "first", PYTHONHASHSEED="0", TZ="UTC", **one)
    second = elsewhere(tmp_path, "second", PYTHONHASHSEED="12345", TZ="Asia/Kathmandu", LC_ALL="C", **one)
    assert first.tobytes() == second.tobytes()
    more = elsewhere(tmp_path, "more", **dict.fromkeys(one, "2"))
    assert more == pytest.approx(first, rel=1e-12, abs=1e-9)
