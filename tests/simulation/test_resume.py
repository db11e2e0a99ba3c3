"""Every kind of transient of a body: resumed at a checkpoint it is bitwise what it is in one go, and a step thrown away leaves no trace."""

import contextlib
import io

import numpy as np
import pytest

from tests.bodies.test_mesh_file import written
from tests.conftest import case_from
from tests.heat import test_mode_steps
from tests.simulation.test_pairs import case as pair
from thermo.case.case import read_case
from thermo.results.store import Folder
from thermo.simulation.mesh_body import MeshBody
from thermo.simulation.mode_body import ModalBody
from thermo.simulation.prepare import build
from thermo.simulation.simulate import checkpoint, run
from thermo.stepping.loop import (
    CLOCK,
    N_BANDED,
    N_LOOP,
    N_SOLVES,
    N_STEPS,
    REFERENCE_STEP,
    STEP,
    State,
    copied,
    initial_state,
    interpolate,
    make_work,
    take_step,
)

BODY = """
title: two slabs
materials:
  a: {{density: 2000 kg/m3, heat_capacity: {capacity}, thermal_conductivity: {conductivity}{melting}}}
  b: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}}
sample:
  kind: boxes
  coordinates: {coordinates}
  regions:
    a: {{material: a, from: {zero}, to: {middle}}}
    b: {{material: b, from: {other}, to: {end}}}
  patches: {patches}
  temperature: {start}
  mesh: {{order: {order}, elements: {elements}, smallest: 2.5 mm, largest: 2.5 mm, growth: 1.1}}
programme: {{kind: surroundings, faces: {{{faces}}}, sources: {sources}, end: 20 s}}
measure:
  probes: {{p: {middle}, right: {{face: right, take: mean}}, hottest: {{region: b, take: maximum}}}}
  flows: [left]
  pictures: {{times: [3.3 s, 11 s]}}
numerics: {{{numerics}}}
"""
HELD = "left: [{kind: held, temperature: 400 K}]"
LATER = "left: [{kind: held, temperature: {table: [[0 s, 300 K], [5 s, 400 K], [12 s, 350 K]]}}]"
FILM = (
    "right: [{kind: convection, heat_transfer_coefficient: {from: 50 W/(m2 K), to: 500 W/(m2 K), over: 9 s}, ambient_temperature: 350 K}]"
)
FACES = f"{LATER}, {FILM}"
GLOW = "right: [{kind: radiation, emissivity: 0.8, ambient_temperature: {table: [[0 s, 300 K], [8 s, 900 K]]}}]"
GAP = "out: [{kind: gap-radiation, to: in, emissivity: 0.8, other_emissivity: 0.5}], left: [{kind: held, temperature: 1000 K}]"
CONTACT = f"{FACES}, a|b: [{{kind: contact, resistance: {{table: [[0 s, 5e-4 m2 K/W], [7 s, 2e-3 m2 K/W]]}}}}]"
THIN = f"{FACES}, a|b: [{{kind: thin-layer, thickness: 1 mm, thermal_conductivity: 2 W/(m K)}}]"
SOURCE = "{b: {power_density: {table: [[0 s, 0 W/m3], [4 s, 1e7 W/m3], [9 s, 2e6 W/m3]]}}}"
C_OF_T = "{table: [[300 K, 500 J/(kg K)], [400 K, 700 J/(kg K)]]}"
K_OF_T = "{table: [[300 K, 10 W/(m K)], [400 K, 5 W/(m K)]]}"
MELTING = ", melting: {temperature: 340 K, heat: 20 kJ/kg, range: 2 K}"


def boxes(coordinates="plane", *, order=1, elements="boxes", faces=FACES, gap="10", numerics="tolerance: 1e-2", **more):
    """Two slabs side by side along x, 10 and 20 mm thick, 5 mm wide; b begins at `gap` [mm]. Turned round an axis 10 mm before."""
    rest = {"line": 0, "space": 2}.get(coordinates, 1)

    def corner(x, y):
        x = float(x) + (10.0 if coordinates == "axisymmetric" else 0.0)
        return "[" + ", ".join([f"{x:g} mm", *[f"{y} mm"] * rest]) + "]"

    corners = {"zero": corner(0, 0), "middle": corner(10, 5), "other": corner(gap, 0), "end": corner(30, 5)}
    apart = f"{{out: {{from: {corner(10, 0)}, to: {corner(10, 5)}}}, in: {{from: {corner(gap, 0)}, to: {corner(gap, 5)}}}}}"
    corners["patches"] = "{}" if gap == "10" else apart
    plain = {"capacity": "500 J/(kg K)", "conductivity": "10 W/(m K)", "melting": "", "start": "300 K", "sources": "{}"}
    known = {"coordinates": coordinates, "order": order, "elements": elements, "faces": faces, "numerics": numerics}
    return case_from(BODY.format(**corners, **(plain | known | more)))


def layers(name, **more):
    return test_mode_steps.case_of(*test_mode_steps.CASES[name], **more)


def from_file(folder, dimension, elements, order):
    case = written(folder, dimension, elements, order, "surroundings")
    return read_case(case, ["programme.end=20 s", "measure.pictures.times=[3.3 s]", "measure.flows=[a|b]", "numerics.tolerance=1e-2"])


def stored_start(folder):
    """From the last field of a run on the same mesh."""
    before = run(boxes())
    with Folder(folder / "before") as kept:
        (time, field), body = before.frames[-1], before.body
        kept.write_frame(1, time, body.frame(), body.unfolded(field), None, [])
    return boxes(start=f"{{result: {folder / 'before'}}}")


ELEMENTS = [
    ("line", "boxes"),
    *((name, elements) for name in ("plane", "axisymmetric", "space") for elements in ("boxes", "simplices")),
]
BUSY = "patch over time, a film around it and on the bottom"
# what `build` makes of it, and how it is solved where it would not be by itself
KINDS = {
    **{f"layers in mode space, {n}": lambda _, n=n: layers(n) for n in (BUSY, "films on both", "source and a held patch")},
    "layers in mode space, order 2": lambda _: layers(BUSY, order=2),
    "layers in mode space, backward Euler": lambda _: layers(BUSY, scheme="backward-euler"),
    "layers on their mesh": lambda _: layers(BUSY, tensor="false"),
    "layers that radiate, solved with their modes": lambda _: test_mode_steps.case_of(test_mode_steps.GLOW),
    **{
        f"{name}, {elements}, order {order}": lambda _, name=name, elements=elements, order=order: boxes(
            name, order=order, elements=elements
        )
        for name, elements in ELEMENTS
        for order in (1, 2)
    },
    **{
        f"a file, {dimension}-D, {elements}": lambda folder, dimension=dimension, elements=elements, order=order: from_file(
            folder, dimension, elements, order
        )
        for dimension, elements, order in ((1, "boxes", 2), (2, "boxes", 1), (2, "simplices", 2), (3, "boxes", 1), (3, "simplices", 1))
    },
    "k(T)": lambda _: boxes(conductivity=K_OF_T),
    "k(T), order 2": lambda _: boxes(conductivity=K_OF_T, order=2),
    "c(T)": lambda _: boxes(capacity=C_OF_T),
    "melting": lambda _: boxes(melting=MELTING),
    "melting, k(T), c(T), backward Euler": lambda _: boxes(
        "line", melting=MELTING, capacity=C_OF_T, conductivity=K_OF_T, numerics="scheme: backward-euler, tolerance: 3e-2"
    ),
    "radiation": lambda _: boxes(faces=f"{HELD}, {GLOW}"),
    "contact over time": lambda _: boxes(faces=CONTACT),
    "contact over time, space": lambda _: boxes("space", faces=CONTACT),
    "thin layer": lambda _: boxes(faces=THIN),
    "gap radiation": lambda _: boxes(faces=GAP, gap="12"),
    "source over time": lambda _: boxes(sources=SOURCE),
    "flux alone": lambda _: boxes(faces="right: [{kind: flux, heat_flux: {from: 1 kW/m2, to: 20 kW/m2, over: 6 s}}]"),
    "backward Euler": lambda _: boxes(numerics="scheme: backward-euler, tolerance: 3e-2"),
    "fixed step": lambda _: boxes(numerics="step: 0.7 s"),
    "fixed step, backward Euler": lambda _: boxes(numerics="scheme: backward-euler, step: 0.7 s"),
    "longest step": lambda _: boxes(numerics="longest_step: 0.7 s"),
    "consistent capacity": lambda _: boxes(numerics="capacity: consistent, tolerance: 1e-2"),
    "consistent capacity, contact": lambda _: boxes(faces=CONTACT, numerics="capacity: consistent, tolerance: 1e-2"),
    "Gauss's quadrature": lambda _: boxes(numerics="quadrature: gauss, tolerance: 1e-2"),
    "start by region": lambda _: boxes(start="{a: 300 K, b: 350 K}"),
    "start along x": lambda _: boxes(start="{along: x, table: [[0 mm, 300 K], [20 mm, 360 K]]}"),
    "start from a result": stored_start,
    **{
        f"boxes under {programme}": lambda _, programme=programme: pair("boxes", programme, numerics="{tolerance: 1e-3}")
        for programme in ("oven", "hot-plate", "heater", "ramp", "arc")
    },
}
# the same with conjugate gradients: preconditioned by the diagonal, then by multigrid of either sort
ITERATED = {
    "plane, by iteration": lambda _: boxes(),
    "space, by iteration": lambda _: boxes("space", faces=CONTACT),
    "simplices of order 2, by iteration": lambda _: boxes(elements="simplices", order=2, conductivity=K_OF_T),
    "radiation, by iteration": lambda _: boxes("space", faces=f"{HELD}, {GLOW}"),
    "a calorimeter, by iteration": lambda _: pair("boxes", "arc", numerics="{tolerance: 1e-3}"),
}


@pytest.fixture
def case(request, tmp_path, monkeypatch):
    """A case of a kind."""
    if request.param in ITERATED:
        monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {1: 10**9, 2: 10, 3: 10})
    case = (KINDS | ITERATED)[request.param](tmp_path)
    assert isinstance(build(case), ModalBody if "in mode space" in request.param else MeshBody)
    return case


every_kind = pytest.mark.parametrize("case", [*KINDS, *ITERATED], indirect=True)


def through_a_file(arrays):
    """Arrays as a checkpoint keeps them."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


COUNTS = {N_SOLVES, REFERENCE_STEP, *range(N_BANDED, N_LOOP)}


class Stop(Exception):
    pass


def checkpoints(case, most_steps=np.inf):
    """Those after every block of a run."""
    body, kept = build(case), []
    body.steps_at_once = 1

    def watch(moment):
        kept.append(through_a_file(checkpoint(moment)))
        if moment.state.loop[N_STEPS] >= most_steps:
            raise Stop

    with contextlib.suppress(Stop):
        run(case, body=body, watch=watch)
    return kept


@pytest.mark.usual(4)
@every_kind
def test_a_resumed_run_is_bitwise_the_same(case):
    whole, kept = run(case), checkpoints(case)
    assert len(kept) > 5
    for k in (0, len(kept) // 2, len(kept) - 2):
        resumed = run(case, resume=kept[k])
        assert list(resumed.columns) == list(whole.columns)
        for name, values in whole.columns.items():
            assert resumed.columns[name].tolist() == values.tolist(), name
        for name, ours, theirs in zip(State._fields, resumed.state, whole.state, strict=True):
            assert ours.tolist() == theirs.tolist(), name
        for ours, theirs in zip(resumed.frames, whole.frames, strict=True):
            assert ours[0] == theirs[0]
            assert ours[1].tolist() == theirs[1].tolist()
        assert resumed.summary() == whole.summary()


def stepped(body, state, h, work):
    """A step from a state, which stays as it is: the error, and all of the states on the way and at the end."""
    state, trials = copied(state), []
    error = take_step(body.sample, body.programme, state, float(state.loop[CLOCK]), h, work)
    for theta in (0.4, 1.0):
        trials.append(copied(state))
        interpolate(body.sample, state, work, theta, trials[-1])
    return [error, *(array.tolist() for trial in trials for array in trial)]


# under a ramp or in a calorimeter the first steps end where something happens, and none is refused
STEADY_CLOCK = [name for name in (*KINDS, *ITERATED) if not name.endswith("ramp") and "arc" not in name and "calorimeter" not in name]


@pytest.mark.usual(6)
@pytest.mark.parametrize("case", STEADY_CLOCK, indirect=True)
@pytest.mark.parametrize("after", [0, 4])
def test_a_step_that_is_not_taken_leaves_no_trace(case, after):
    """One refused, and one tried and thrown away, change nothing of a state but its counts, and of the next step nothing at all."""
    body = build(case)
    state = initial_state(body.sample, body.programme)
    if after:
        kept = checkpoints(case, after)[-1]
        state = State(*(kept[f"state/{name}"] for name in State._fields))
    before, work, clock = copied(state), make_work(body.sample, body.programme), float(state.loop[CLOCK])
    h = float(state.loop[STEP])
    assert take_step(body.sample, body.programme, state, clock, float(body.programme.corners[-1]), work) > 1.0 or body.sample.step
    if take_step(body.sample, body.programme, state, clock, 3.0 * h, work) < np.inf:
        for theta in (0.4, 1.0):
            interpolate(body.sample, state, work, theta, copied(state))
    for name, ours, theirs in zip(State._fields, before, state, strict=True):
        changed = np.flatnonzero(ours != theirs)
        assert (name == "loop" and set(changed.tolist()) <= COUNTS) or not len(changed), name
    for begin in (before, state):  # the step that multigrid is made for is part of the state
        fresh = build(case)
        assert stepped(body, begin, h, work) == stepped(fresh, begin, h, make_work(fresh.sample, fresh.programme))
