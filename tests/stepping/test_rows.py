"""Rows of a run: what they keep of a state, and one where a level is first reached, which changes nothing else."""

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from tests.heat.test_mode_steps import CASES as LAYERS
from tests.heat.test_mode_steps import case_of
from thermo.case.case import read_case
from thermo.cells.line_step import line_reading
from thermo.measurement.asked import Crossing
from thermo.simulation.cell_body import CellBody
from thermo.simulation.prepare import build
from thermo.simulation.simulate import checkpoint, run
from thermo.stepping.loop import initial_state, integrate, new_history
from thermo.stepping.rows import SEEN, waiting

OVEN = CASES / "calorimetry" / "oven-155.yaml"
ROD = """
title: a rod heated from one end
materials:
  a: {density: 2000 kg/m3, heat_capacity: CAPACITY, thermal_conductivity: 10 W/(m K)}
sample:
  kind: boxes
  coordinates: line
  regions: {a: {material: a, from: [0 mm], to: [20 mm]}}
  temperature: START
  mesh: {smallest: SIZE, largest: SIZE, growth: 1.1}
programme: {kind: surroundings, faces: {left: [{kind: held, temperature: 400 K}]}, end: 60 s}
measure:
  probes: {middle: [10 mm], all: {region: a, take: mean}}
  crossings: CROSSINGS
  pictures: {times: [PICTURES]}
numerics: {tolerance: TOLERANCE}
"""
CROSSINGS = (
    "{early: {probe: middle, temperature: 310 K}, half: {probe: all, of: left, fraction: 0.5}, never: {probe: all, temperature: 500 K}}"
)


def rod(crossings=CROSSINGS, tolerance="1e-3", capacity="500 J/(kg K)", start="300 K", size="0.5 mm", pictures="5 s, 20 s"):
    given = {"CROSSINGS": crossings, "TOLERANCE": tolerance, "CAPACITY": capacity, "START": start, "SIZE": size, "PICTURES": pictures}
    text = ROD
    for name, value in given.items():
        text = text.replace(name, value)
    return case_from(text)


def slab(**levels):
    """A layered block with films, in mode space; what its probes reach [K]."""
    case = case_of(*LAYERS["films on both"])
    crossings = {probe: Crossing(probe=probe, temperature=level) for probe, level in levels.items()}
    return case.model_copy(update={"measure": case.measure.model_copy(update={"crossings": crossings})})


def oven(*settings):
    return read_case(OVEN, ["expect=[]", *settings])


def without(columns, times):
    """The columns without the rows at some times."""
    kept = ~np.isin(columns["time_s"], times)
    assert np.sum(~kept) == len(times)
    return {name: values[kept] for name, values in columns.items()}


KINDS = {
    "modes": lambda crossings: slab(**({"side": 340.0, "hottest": 390.0} if crossings else {})),
    "cell": lambda crossings: oven(*([] if crossings else ["measure.crossings={}"])),
    "mesh": lambda crossings: rod(CROSSINGS if crossings else "{}"),
    "mesh that stores by a table": lambda crossings: rod(
        CROSSINGS if crossings else "{}", capacity="{table: [[300 K, 500 J/(kg K)], [400 K, 700 J/(kg K)]]}"
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_crossing_has_a_row_at_its_level_and_the_other_rows_stay(kind):
    """Bitwise: it is looked up on the dense output, no step ends there."""
    plain, result = run(KINDS[kind](False)), run(KINDS[kind](True))
    found = {name: crossing for name, crossing in result.summary()["crossings"].items() if crossing}
    assert len(found) == 2
    for name, crossing in found.items():
        (row,) = np.flatnonzero(result.time == crossing["time_s"])
        probe = result.probe(result.case.measure.crossings[name].probe)
        assert probe[row] == pytest.approx(crossing["temperature_K"], abs=1e-9)
        assert probe[row - 1] < crossing["temperature_K"] < probe[row + 1]
    assert np.all(np.diff(result.time) >= 0.0)
    others = without(result.columns, [crossing["time_s"] for crossing in found.values()])
    assert list(others) == list(plain.columns)
    for name, values in plain.columns.items():
        assert np.array_equal(values, others[name]), name
    assert [time for time, _ in result.frames] == [time for time, _ in plain.frames]
    for (_, ours), (_, theirs) in zip(result.frames, plain.frames, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(("kind", "tolerances", "within"), [("cell", (1e-5, 1e-6), 1e-5), ("mesh", ("1e-3", "1e-4"), 1e-3)])
def test_the_time_of_a_crossing_is_as_good_as_the_steps(kind, tolerances, within):
    """Against steps ten times as exact: within what the tolerance allows, where rows lie far apart."""
    times = []
    for tolerance in tolerances:
        case = oven(f"numerics.tolerance={tolerance}") if kind == "cell" else rod(tolerance=tolerance)
        times.append({name: found["time_s"] for name, found in run(case).summary()["crossings"].items() if found})
    assert times[0] == pytest.approx(times[1], rel=within)


def test_asked_times_do_not_move_a_crossing():
    """It does not depend on which other rows there are."""
    few, many = run(rod(pictures="")), run(rod(pictures="1 s, 2 s, 3 s, 7 s, 11 s"))
    assert len(many.time) == len(few.time) + 5
    assert few.summary()["crossings"] == many.summary()["crossings"]


def lumped(level, times=(), probe=0):
    """The oven's cell with one level: its rows, and the temperature of each."""
    body = CellBody(oven())
    state = initial_state(body.sample, body.programme)
    levels = waiting([probe], [level], [float(state.temperature[0])])
    blocks = list(integrate(body.sample, body.programme, state, times=np.array(times), levels=levels))
    reading = np.concatenate([block.reading for block in blocks])
    return np.concatenate([block.time for block in blocks]), line_reading(body.sample, reading).temperature[:, 0]


def test_a_crossing_at_a_row_is_that_row():
    """At an asked time, or at the end of a step: none beside it."""
    time, T = lumped(1e4, [500.0])
    asked = int(np.flatnonzero(time == 500.0)[0])
    for row in (asked, asked + 1, asked + 2):
        again, _ = lumped(float(T[row]), [500.0])
        assert np.array_equal(again, time)


def test_only_the_first_time_counts():
    """A cell that runs away and cools again passes the level once more, which has no row."""
    time, T = lumped(1e4)
    level = 0.5 * (T.max() + T[-1])
    assert T[-1] < level
    again, _ = lumped(level)
    assert len(again) == len(time) + 1


def test_what_the_sensor_shows_is_a_probe_too():
    """Of a cell it is the node that it touches."""
    (one, _), (other, _) = (lumped(440.0, probe=probe) for probe in (0, SEEN))
    assert np.array_equal(one, other)


def test_a_level_is_reached_from_above_as_well():
    result = run(rod("{cold: {probe: all, temperature: 410 K}}", start="420 K"))
    found = result.summary()["crossings"]["cold"]
    (row,) = np.flatnonzero(result.time == found["time_s"])
    assert result.probe("all")[row] == pytest.approx(410.0, abs=1e-9)


def test_a_resumed_run_looks_for_what_is_left():
    """The crossings of the whole run, and their rows, whichever was before it was stopped."""
    moments = []

    def watch(moment):
        moments.append({name: np.copy(values) for name, values in checkpoint(moment).items()})

    whole = run(oven(), watch=watch)
    for kept in moments[:: max(1, len(moments) // 4)]:
        again = run(oven(), resume=kept)
        for name, values in whole.columns.items():
            assert np.array_equal(values, again.columns[name])
        assert again.summary()["crossings"] == whole.summary()["crossings"]


def test_rows_of_a_mesh_are_small():
    """20 000 nodes: a row keeps tens of numbers, and fields are those of asked times alone."""
    body = build(rod("{}", tolerance="1e-1", size="1 um"))
    assert body.n_dofs > 20_000
    state = initial_state(body.sample, body.programme)
    history = new_history(body.sample, state, 25, 0)
    assert sum(array.nbytes for array in history) < 25 * 100 * 8
    blocks = list(integrate(body.sample, body.programme, state, times=np.array([5.0, 20.0]), n_steps=1))
    assert sum(len(block.field) for block in blocks) == 2
    assert sum(block.asked.sum() for block in blocks) == 2.0
    assert {block.field.shape[1:] for block in blocks} == {(body.n_dofs,)}
