"""Every kind of meshed transient: resumed from a checkpoint it is bitwise the same, and a rejected step leaves no trace."""

import numpy as np
import pytest

from tests.conftest import case_from
from tests.test_imported_bodies import written
from thermo.body import build
from thermo.case import read_case
from thermo.simulate import checkpoint, run
from thermo.stepping import CLOCK, N_MULTIGRID, N_STEPS, copied, initial_state, interpolate, make_work, take_step

BLOCK = """
title: layers
materials:
  a: {density: 1200 kg/m3, heat_capacity: CAPACITY, thermal_conductivity: CONDUCTIVITYMELTING}
  b: {density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 40 W/(m K)}
sample:
  kind: SAMPLE
  temperature: START
  mesh: {order: ORDER, largest: LARGEST}
programme: {kind: surroundings, faces: {FACES}, sources: {SOURCES}, end: 60 s}
measure: {probes: {p: POINT}}
numerics: {NUMERICS}
"""
LAYERS = "layered-block\n  size: [4 mm, 4 mm]\n  layers: [{name: a, material: a, thickness: 3 mm}, {name: b, material: b, thickness: 3 mm}]"
TWO = "boxes\n  coordinates: {0}\n  regions: {{a: {{material: a, from: {1}, to: {2}}}, b: {{material: b, from: {3}, to: {4}}}}}"
LINE = TWO.format("line", "0 mm", "3 mm", "3 mm", "6 mm")
PLANE = TWO.format("plane", "[0 mm, 0 mm]", "[3 mm, 4 mm]", "[3 mm, 0 mm]", "[6 mm, 4 mm]")
ROUND = PLANE.replace("plane", "axisymmetric")
SPACE = TWO.format("space", "[0 mm, 0 mm, 0 mm]", "[3 mm, 4 mm, 4 mm]", "[3 mm, 0 mm, 0 mm]", "[6 mm, 4 mm, 4 mm]")
WEATHER = "{table: [[0 s, 400 K], [20 s, 500 K], [60 s, 300 K]]}"
AIR = f"[{{kind: convection, heat_transfer_coefficient: 500 W/(m2 K), ambient_temperature: {WEATHER}}}]"
GLOW = "[{kind: radiation, emissivity: 0.9, ambient_temperature: 900 K}]"
HELD = "[{kind: held, temperature: 400 K}]"
CONTACT = '"a|b": [{kind: contact, resistance: {table: [[0 s, 1e-4 m2 K/W], [30 s, 1e-3 m2 K/W]]}}]'
TABLE = "{table: [[250 K, %s], [900 K, %s]]}"
PLAIN = {
    "SAMPLE": LAYERS,
    "CAPACITY": "900 J/(kg K)",
    "CONDUCTIVITY": "0.3 W/(m K)",
    "MELTING": "",
    "START": "300 K",
    "ORDER": "2",
    "FACES": f"top: {AIR}, bottom: {HELD}",
    "SOURCES": "",
    "POINT": "[1 mm, 1 mm, 2 mm]",
    "NUMERICS": "tolerance: 1e-3",
    "LARGEST": "2 mm",
}
SIDES = f"right: {AIR}, left: {HELD}"
KINDS = {
    "layers": {},
    "layers, general way": {"NUMERICS": "tensor: false, tolerance: 1e-3"},
    "line": {"SAMPLE": LINE, "FACES": SIDES, "POINT": "[2 mm]"},
    "plane": {"SAMPLE": PLANE, "FACES": SIDES, "POINT": "[2 mm, 1 mm]", "ORDER": "1"},
    "plane, triangles": {"SAMPLE": PLANE, "FACES": SIDES, "POINT": "[2 mm, 1 mm]", "ORDER": "2, elements: simplices"},
    "axisymmetric": {"SAMPLE": ROUND, "FACES": f"right: {AIR}, top: {HELD}", "POINT": "[2 mm, 1 mm]"},
    "space": {"SAMPLE": SPACE, "FACES": SIDES},
    "space, tetrahedra": {"SAMPLE": SPACE, "FACES": SIDES, "ORDER": "1, elements: simplices"},
    "space, multigrid": {"SAMPLE": SPACE, "FACES": SIDES, "ORDER": "2, elements: simplices", "LARGEST": "0.7 mm"},
    "k(T)": {"CONDUCTIVITY": TABLE % ("0.2 W/(m K)", "0.9 W/(m K)")},
    "c(T)": {"CAPACITY": TABLE % ("800 J/(kg K)", "3000 J/(kg K)")},
    "melting": {"MELTING": ", melting: {temperature: 330 K, heat: 100 kJ/kg, range: 4 K}"},
    "radiation": {"FACES": f"top: {GLOW}"},
    "contact over time": {"FACES": f"top: {AIR}, {CONTACT}"},
    "thin layer": {"FACES": f'top: {AIR}, "a|b": [{{kind: thin-layer, thickness: 10 um, thermal_conductivity: 0.1 W/(m K)}}]'},
    "source over time": {"FACES": f"top: {AIR}", "SOURCES": "b: {power_density: {table: [[0 s, 0 W/m3], [30 s, 1e7 W/m3]]}}"},
    "backward Euler": {"NUMERICS": "scheme: backward-euler, tensor: false, tolerance: 1e-2"},
    "steps of one length": {"NUMERICS": "step: 3 s"},
    "consistent capacity": {"NUMERICS": "capacity: consistent, quadrature: gauss, tolerance: 1e-3"},
    "a start along an axis": {"START": "{along: z, table: [[0 mm, 300 K], [6 mm, 350 K]]}"},
}


def case_of(name):
    text = BLOCK
    for key, value in (PLAIN | KINDS[name]).items():
        text = text.replace(key, value)
    return case_from(text)


class Stop(Exception):
    pass


def interrupted(case, after):
    """The checkpoint of a run that stops after some steps."""
    kept, stopped = [], build(case)
    stopped.steps_at_once = 2

    def watch(moment):
        if moment.state.loop[N_STEPS] >= after:
            kept.append({key: np.array(value) for key, value in checkpoint(moment).items()})
            raise Stop

    with pytest.raises(Stop):
        run(case, body=stopped, watch=watch)
    return kept[0]


def check_resume(case):
    whole = run(case)
    assert whole.state.loop[N_STEPS] > 8
    for after in (1, int(whole.state.loop[N_STEPS]) // 2):
        resumed = run(case, resume=interrupted(case, after))
        for column, values in whole.columns.items():
            assert resumed.columns[column].tolist() == values.tolist()
        for one, other in zip(resumed.state, whole.state, strict=True):
            assert one.tobytes() == other.tobytes()


def check_restep(case):
    """A step thrown away, rejected or not, changes neither the state nor what the next step makes of it."""
    made = build(case)
    state = initial_state(made.sample, made.programme)
    work = make_work(made.sample, made.programme)
    for h in (0.1, 0.2):
        assert take_step(made.sample, made.programme, state, float(state.loop[CLOCK]), h, work) < np.inf
        interpolate(made.sample, state, work, 1.0, state)
        state.loop[CLOCK] += h
    before, clock, h = copied(state), float(state.loop[CLOCK]), 0.3
    results = []
    for spoiled in (False, True):
        fresh = make_work(made.sample, made.programme)
        if spoiled:
            for longer in (7.0, 0.01):
                take_step(made.sample, made.programme, state, clock, longer, fresh)
            for name, one, other in zip(state._fields, state, before, strict=True):
                assert name == "loop" or one.tobytes() == other.tobytes()
            state.loop[:] = before.loop
        error = take_step(made.sample, made.programme, state, clock, h, fresh)
        trial = copied(state)
        interpolate(made.sample, state, fresh, 1.0, trial)
        results.append((error, trial.enthalpy.tobytes(), trial.temperature.tobytes(), trial.ledger.tobytes()))
        state.loop[:] = before.loop
    assert results[0] == results[1]


@pytest.mark.parametrize("name", KINDS)
def test_a_resumed_run_is_bitwise_the_same(name):
    check_resume(case_of(name))


@pytest.mark.parametrize("name", KINDS)
def test_a_step_thrown_away_leaves_no_trace(name):
    check_restep(case_of(name))


GAP = """
title: two plates
materials: {m: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 10 W/(m K)}}
sample:
  kind: boxes
  coordinates: plane
  regions:
    one: {material: m, from: [0 mm, 0 mm], to: [2 mm, 4 mm]}
    two: {material: m, from: [5 mm, 0 mm], to: [7 mm, 4 mm]}
  patches: {inner: {from: [2 mm, 0 mm], to: [2 mm, 4 mm]}, outer: {from: [5 mm, 0 mm], to: [5 mm, 4 mm]}}
  temperature: {one: 900 K, two: 300 K}
  mesh: {order: 1, largest: 1 mm}
programme:
  kind: surroundings
  faces: {inner: [{kind: gap-radiation, emissivity: 0.8, other_emissivity: 0.5, to: outer}]}
  end: 60 s
"""


def test_a_gap():
    case = case_from(GAP)
    check_resume(case)
    check_restep(case)


@pytest.mark.parametrize("order", [1, 2])
def test_a_mesh_from_a_file(tmp_path, order):
    case = read_case(written(tmp_path, 3, "simplices", order, "surroundings"), ["programme.end=5 s"])
    check_resume(case)
    check_restep(case)


def test_nothing_in_multigrid_depends_on_what_was_solved_before():
    case = case_of("space, multigrid")
    assert run(case).state.loop[N_MULTIGRID] > 0.0
