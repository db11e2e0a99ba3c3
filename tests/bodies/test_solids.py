"""Bodies that Gmsh meshes: a cylinder between held ends, a sphere with a source, what is refused."""

import builtins
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.bodies.solids import _meshed
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

THERE = subprocess.run([sys.executable, "-c", "import gmsh"], capture_output=True, check=False).returncode == 0
gmsh = pytest.mark.skipif(not THERE, reason="gmsh is not installed, or cannot be loaded")

ROD = """
title: rod
materials:
  a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}
  b: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
sample:
  kind: solids
  regions:
    one: {material: a, cylinder: {from: [0 mm, 0 mm, 0 mm], to: [0 mm, 0 mm, 10 mm], radius: 4 mm}}
    two: {material: b, box: {from: [-5 mm, -5 mm, 10 mm], to: [5 mm, 5 mm, 15 mm]}}
  patches:
    bottom: {from: [-5 mm, -5 mm, 0 mm], to: [5 mm, 5 mm, 0 mm]}
    top: {from: [-5 mm, -5 mm, 15 mm], to: [5 mm, 5 mm, 15 mm]}
  temperature: 300 K
  mesh: {order: 2, size: 3 mm}
programme:
  kind: steady
  faces: {bottom: [{kind: held, temperature: 400 K}], top: [{kind: held, temperature: 300 K}]}
measure: {flows: [one|two], probes: {middle: [0 mm, 0 mm, 5 mm]}}
"""


@gmsh
def test_a_rod_on_a_plate():
    """All heat passes the interface; between that of the bare rod and of rod and plate of one width."""
    result = run(case_from(ROD))
    heat = result.summary()["energy"]["heat_in_W"]
    area = np.pi * 4e-3**2
    assert 100.0 * area / (0.01 / 10.0 + 0.005 / 2.0) < heat < 100.0 * area / (0.01 / 10.0)
    assert result.columns["flow_one|two_W"][-1] == pytest.approx(heat, rel=0.15)  # read from gradients, which are singular at the edge
    assert set(result.body.block.face_names()) == {"bottom", "top", "one|two", "outside"}


@gmsh
def test_volumes_are_those_of_the_solids():
    block = case_from(ROD).sample
    assert block.exact_sizes(set()) == pytest.approx({"one": np.pi * 16e-6 * 10e-3, "two": 5e-7}, rel=1e-9)
    body = build(case_from(ROD))
    assert body.volumes.sum(axis=0) == pytest.approx([np.pi * 16e-8, 5e-7], rel=0.05)


BALL = """
title: ball
materials: {a: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 2 W/(m K)}}
sample:
  kind: solids
  regions:
    shell: {material: a, sphere: {centre: [0 mm, 0 mm, 0 mm], radius: 10 mm}}
    core: {material: a, sphere: {centre: [0 mm, 0 mm, 0 mm], radius: 6 mm}}
  temperature: 300 K
  mesh: {order: 2, size: SIZE}
programme:
  kind: steady
  faces: {outside: [{kind: held, temperature: 300 K}]}
  sources: {core: {power_density: 1e6 W/m3}}
measure: {probes: {centre: [0 mm, 0 mm, 0 mm]}}
"""


@gmsh
@pytest.mark.slow
def test_a_ball_with_a_hot_core():
    """T(0) - T(R) is q a^2/(6 k) inside and q a^3/(3 k) (1/a - 1/R) outside; the error falls with the size."""
    exact = 1e6 / 2.0 * (6e-3**2 / 6.0 + 6e-3**3 / 3.0 * (1.0 / 6e-3 - 1.0 / 10e-3))
    apart = [abs(run(case_from(BALL.replace("SIZE", size))).probe("centre")[-1] - 300.0 - exact) / exact for size in ("4 mm", "2 mm")]
    assert apart[1] < 0.03
    assert apart[1] < 0.6 * apart[0]


@gmsh
def test_a_mesh_is_the_same_each_time():
    one = case_from(ROD).sample.imported.mesh
    _meshed.cache_clear()
    other = case_from(ROD).sample.imported.mesh
    assert one.points.tobytes() == other.points.tobytes()
    assert one.cells.tobytes() == other.cells.tobytes()


BAD = {
    "covered": (
        "to: [5 mm, 5 mm, 15 mm]}}\n",
        "to: [5 mm, 5 mm, 15 mm]}}\n    last: {material: a, box: {from: [-9 mm, -9 mm, -9 mm], to: [9 mm, 9 mm, 20 mm]}}\n",
        "covered by later ones",
    ),
    "patch": ("to: [5 mm, 5 mm, 0 mm]}", "to: [1 mm, 1 mm, 0 mm]}", "within the patch 'bottom'"),
}


def check_refused(old, new, words):
    assert old in ROD
    with pytest.raises(CaseError, match=words):
        case_from(ROD.replace(old, new))


@gmsh
@pytest.mark.parametrize("name", BAD)
def test_bodies_that_cannot_be_made(name):
    check_refused(*BAD[name])


PLAIN = {
    "two shapes": (
        "radius: 4 mm}}",
        "radius: 4 mm}, sphere: {centre: [0 mm, 0 mm, 0 mm], radius: 1 mm}}",
        "one of 'cylinder', 'sphere' and 'box'",
    ),
    "flat box": ("to: [5 mm, 5 mm, 15 mm]}}", "to: [5 mm, 5 mm, 10 mm]}}", "must lie above 'from'"),
    "no length": ("to: [0 mm, 0 mm, 10 mm]", "to: [0 mm, 0 mm, 0 mm]", "no length"),
    "too fine": ("size: 3 mm", "size: 1 um", "more than 20000000 cells"),
    "name": ("    one:", "    outside:", "is already used"),
    "no radius": (", radius: 4 mm", "", "radius"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_cases_that_are_refused_before_anything_is_meshed(name):
    check_refused(*PLAIN[name])


def test_without_gmsh_the_case_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "gmsh.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _meshed.cache_clear()
    with pytest.raises(CaseError, match=r"meshed by Gmsh, which cannot be loaded \(not here\): pip install 'thermorun\[mesh\]'"):
        case_from(ROD.replace("3 mm", "2.9 mm"))


HEATED = """
title: tetrahedra heated from one side and nothing else
materials: {m: {density: 2500 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 0.7 W/(m K)}}
sample:
  kind: solids
  regions: {box: {material: m, box: {from: [0 mm, 0 mm, 0 mm], to: [24 mm, 60 mm, 100 mm]}}}
  patches: {heated: {from: [0 mm, 0 mm, 0 mm], to: [0 mm, 60 mm, 100 mm]}}
  temperature: 25 degC
  mesh: {size: 6 mm, order: 1}
programme: {kind: surroundings, faces: {heated: [{kind: flux, heat_flux: 20 kW/m2}]}, end: 1 min}
"""


def beyond(text):
    summary = run(case_from(text)).summary()
    return summary["regions"]["box"], [w["text"] for w in summary["warnings"] if w["code"] == "undershoot"]


@gmsh
@pytest.mark.parametrize(("order", "cure"), [(1, ("6 mm", "4 mm")), (2, ("order: 2", "order: 1"))])
@pytest.mark.slow
def test_what_is_colder_than_physics_allows_is_told_with_a_cure_that_works(order, cure):
    """20 kW/m2 into a block of 25 degC: nothing is colder. The warning has the history's own amount, and what it offers takes it down."""
    text = HEATED.replace("order: 1", f"order: {order}")
    region, (said,) = beyond(text)
    amount = 298.15 - region["minimum_K"]
    assert amount > 1.0
    assert f"In the history it went {amount:.3g} K beyond, in box at (" in said
    assert ("smaller cells" if order == 1 else "mesh.order: 1") in said
    cured, _ = beyond(text.replace(*cure))
    assert 298.15 - cured["minimum_K"] < 0.7 * amount


@gmsh
def test_what_is_hotter_than_physics_allows_is_told_too():
    region, (said,) = beyond(HEATED.replace("20 kW/m2", "-2 kW/m2"))
    assert f"the temperature went {region['maximum_K'] - 298.15:.3g} K above 25.00 degC" in said


def test_where_gmsh_lacks_libraries_of_the_system_they_are_named(monkeypatch, capsys):
    """A bare Debian has no libGLU; importing gmsh is an OSError there, and no pip helps."""
    from meshes.solids import _make

    def imported(name, *rest):
        if name == "gmsh":
            raise OSError("libGLU.so.1: cannot open shared object file: No such file or directory")
        return real(name, *rest)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", imported)
    with pytest.raises(SystemExit):
        _make({}, "")
    (said,) = capsys.readouterr().err.splitlines()
    assert "(libGLU.so.1: cannot open" in said and said.endswith("libxft2 libxinerama1 libgomp1") and "pip" not in said
