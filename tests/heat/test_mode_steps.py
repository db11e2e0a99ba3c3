"""Layered blocks in mode space against the general way on the same mesh, step by step."""

import re

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.heat.modes.box_in_modes import line_modes
from thermo.simulation.mesh_body import MeshBody
from thermo.simulation.mode_body import ModalBody
from thermo.simulation.prepare import build
from thermo.simulation.simulate import checkpoint, run
from thermo.stepping.loop import N_STEPS, copied, copy_state, initial_state, interpolate, make_work, take_step

BOX = """
    title: layers
    materials:
      a: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {{in_plane: 30 W/(m K), through: 0.2 W/(m K)}}}}
      b: {{density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 300 W/(m K)}}
    sample:
      kind: layered-block
      size: [8 mm, 6 mm]
      layers:
        - {{name: one, material: b, thickness: 0.5 mm}}
        - {{name: two, material: a, thickness: 2 mm}}
        - {{name: three, material: b, thickness: 1 mm}}
      patches: {{{patches}}}
      temperature: {start}
      mesh: {{order: {order}, smallest: 0.5 mm, largest: 3 mm, interface: 0.2 mm, growth: 4}}
    programme: {{kind: surroundings, faces: {faces}, sources: {sources}, end: 2 s}}
    measure:
      probes: {{p: [7 mm, 5 mm, 1 mm], mean: {{face: bottom, take: mean}}, {probes}}}
      pictures: {{times: {times}}}
    numerics: {{tolerance: 1e-3, tensor: {tensor}, scheme: {scheme}}}
"""
HELD = "[{kind: held, temperature: 400 K}]"
LATER = "[{kind: held, temperature: {table: [[0 s, 300 K], [0.5 s, 400 K], [1 s, 350 K]]}}]"
FILM = "[{kind: convection, heat_transfer_coefficient: 2000 W/(m2 K), ambient_temperature: 350 K}]"
GUST = (
    "[{kind: convection, heat_transfer_coefficient: {from: 100 W/(m2 K), to: 5000 W/(m2 K), over: 1.5 s}, "
    "ambient_temperature: {from: 300 K, to: 420 K, over: 1 s}}]"
)
FLUX = "[{kind: flux, heat_flux: 20000 W/m2}]"
PULSE = "[{kind: flux, heat_flux: {table: [[0 s, 1000 W/m2], [1 s, 80000 W/m2]]}}]"
HEAT = "{two: {power_density: 1e7 W/m3}}"
PLAIN, LAYERS = "300 K", "{one: 300 K, two: 320 K, three: 310 K}"
PATCHES = {
    "spot": "{face: top, square: 1 mm, centre: [3 mm, 2 mm]}",
    "beside": "{face: top, square: 1 mm, centre: [4 mm, 2 mm]}",
    "disc": "{face: top, disc: 2 mm, centre: [6 mm, 2 mm]}",
    "below": "{face: bottom, square: 1 mm, centre: [3 mm, 2 mm]}",
    "middle": "{face: top, square: 1 mm, centre: [4 mm, 3 mm]}",
}
# faces, sources, start
CASES = {
    "patch on the top": (f"{{spot: {HELD}}}", "{}", PLAIN),
    "patch on the bottom": (f"{{below: {HELD}}}", "{}", LAYERS),
    "patch in the middle, a quarter": (f"{{middle: {HELD}}}", "{}", PLAIN),
    "two patches that touch": (f"{{spot: {HELD}, beside: {LATER}}}", "{}", PLAIN),
    "square and disc": (f"{{spot: {HELD}, disc: {LATER}}}", "{}", PLAIN),
    "the whole top": (f"{{top: {HELD}}}", "{}", PLAIN),
    "the whole bottom over time, a film on the top": (f"{{bottom: {LATER}, top: {FILM}}}", "{}", LAYERS),
    "patch over time, a film around it and on the bottom": (f"{{spot: {LATER}, top: {FILM}, bottom: {GUST}}}", "{}", PLAIN),
    "films on both": (f"{{top: {FILM}, bottom: {GUST}}}", "{}", "{along: z, table: [[0 mm, 300 K], [3 mm, 340 K]]}"),
    "flux on a patch and on an interface": (f'{{spot: {FLUX}, "one|two": {PULSE}}}', "{}", PLAIN),
    "flux around a held patch": (f"{{spot: {HELD}, top: {PULSE}}}", "{}", PLAIN),
    "source and a held patch": (f"{{spot: {HELD}}}", HEAT, PLAIN),
    "insulated from an uneven start": ("{}", "{}", "{along: x, table: [[0 mm, 300 K], [8 mm, 340 K]]}"),
}
READ = 'side: {face: left, take: mean}, hottest: {region: two, take: maximum}, coldest: {face: "one|two", take: minimum}'


def case_of(faces, sources="{}", start=PLAIN, order=1, tensor="true", scheme="tr-bdf2", probes=READ, times="[0.3 s, 1 s]"):
    patches = ", ".join(f"{patch}: {text}" for patch, text in PATCHES.items() if patch in faces)
    return case_from(
        BOX.format(
            patches=patches,
            faces=faces,
            sources=sources,
            start=start,
            order=order,
            tensor=tensor,
            scheme=scheme,
            probes=probes,
            times=times,
        )
    )


KINDS = [(name, order) for name in sorted(CASES) for order in (1, 2) if (name, order) != ("square and disc", 2)]  # that has too many nodes


def field(body, temperature):
    """Temperatures in the order of the general way: z runs fastest."""
    nz, nx, ny = body.box.shape
    return temperature[: nz * nx * ny].reshape(nz, nx * ny).T.ravel()


def driven(ours, theirs, steps):
    """Both ways through the same steps: the largest difference of temperature [K], those of errors and heats as shares of their size."""
    ways = []
    # heat into held nodes by facets beside the held ones, which changes nothing else, is added by steps in mode space at the end
    areas = {name: np.where(theirs.fixed[theirs.sample.faces[name]], 0.0, area) for name, area in theirs.sample.areas.items()}
    theirs.sample = theirs.sample._replace(
        areas=theirs.sample.areas | {name: areas[name] for name, _ in theirs.terms if name in theirs.shape.mesh.faces}
    )
    for body in (ours, theirs):
        body.sample = body.sample._replace(tolerance=1e6)  # takes any step
        state = initial_state(body.sample, body.programme)
        ways.append((body, state, copied(state), make_work(body.sample, body.programme)))
    clock, apart, errors = 0.0, [], []
    for h in steps:
        error, within = [], []
        for body, state, trial, work in ways:
            error.append(take_step(body.sample, body.programme, state, clock, h, work))
            interpolate(body.sample, state, work, 0.4, trial)
            within.append(trial.temperature.copy())
            interpolate(body.sample, state, work, 1.0, trial)
            copy_state(trial, state)
        clock += h
        errors.append(error[0] / error[1] - 1.0)
        apart.append(field(ours, within[0]) - within[1])
        apart.append(field(ours, ways[0][1].temperature) - ways[1][1].temperature)
    ledgers = [state.ledger for _, state, *_ in ways]
    return np.abs(apart).max(), np.abs(errors).max(), np.abs(ledgers[0] - ledgers[1]).max() / max(np.abs(ledgers[1]).max(), 1e-6)


RIMS = {
    "flux": f"{{spot: {HELD}, top: {FLUX}}}",
    "a rising film over time around a rising patch": f"{{spot: {LATER}, top: {GUST}, bottom: {FILM}}}",
    "flux around two patches": f"{{spot: {HELD}, disc: {LATER}, top: {PULSE}}}",
}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("faces", RIMS.values(), ids=RIMS)
@pytest.mark.slow
def test_heat_that_enters_held_nodes_beside_the_held_facets_counts_alike(faces, order):
    """In the columns row by row, in the balance over the run, where both ways choose their steps."""
    ours, theirs = (run(case_of(faces, order=order, tensor=tensor)) for tensor in ("true", "false"))
    assert isinstance(ours.body, ModalBody)
    assert not isinstance(theirs.body, ModalBody)
    balances = [way.summary()["energy"] for way in (ours, theirs)]
    assert any(leaving.beside for leaving in ours.body.leaving)
    for key in ("heat_in_J", "heat_out_J"):
        assert balances[0][key] == pytest.approx(balances[1][key], rel=1e-4)
    for name in (name for name in ours.columns if name.startswith("heat_")):
        there = np.interp(ours.columns["time_s"], theirs.columns["time_s"], theirs.columns[name])
        assert ours.columns[name][-1] == pytest.approx(there[-1], rel=1e-3)


def test_a_flux_on_the_whole_face_around_a_held_patch_brings_what_it_says():
    """100 W/m2 on 64 mm2 less the facets of the patch, whatever the mesh."""
    result = run(case_of(f"{{spot: {HELD}, top: {FLUX}}}"))
    area = result.body.box.on_facets(np.ones([len(points) - 1 for points in result.body.box.vertices[:2]], bool)).sum()
    patch = result.body.box.area_on("spot").sum()
    density = next(c.heat_flux for _, c in result.body.terms if hasattr(c, "heat_flux"))
    assert result.columns["heat_top_W"][-1] == pytest.approx(result.body.multiplicity * density * (area - patch), rel=1e-9)


@pytest.mark.usual(8)
@pytest.mark.parametrize("scheme", ["tr-bdf2", "backward-euler"])
@pytest.mark.parametrize(("name", "order"), KINDS)
def test_the_same_steps_as_on_the_assembled_mesh(name, order, scheme):
    case = case_of(*CASES[name], order=order, scheme=scheme)
    ours, theirs = build(case), MeshBody(case)
    assert isinstance(ours, ModalBody)
    assert ours.n_dofs == theirs.n_dofs
    apart, errors, heats = driven(ours, theirs, [1e-3, 2e-3, 2e-3, 7e-3, 3e-2, 0.1, 0.1, 0.4])
    assert apart < 1e-8 * 100.0
    assert errors < 2e-3  # the general way solves for its error to 1e-3
    assert heats < 1e-8


@pytest.mark.usual(4)
@pytest.mark.parametrize(("name", "order"), KINDS)
def test_a_run_reads_off_the_same(name, order, monkeypatch):
    """Columns, fields, extremes and numbers of the layers, where both change their steps alike."""
    monkeypatch.setattr("thermo.heat.modes.mode_steps.MANY_HELD", 10**6)
    case = case_of(*CASES[name], order=order)
    ours, theirs = run(case), run(case, body=MeshBody(case))
    assert list(ours.columns) == list(theirs.columns)
    for column, values in theirs.columns.items():
        assert ours.columns[column] == pytest.approx(values, rel=1e-4, abs=1e-4 * np.abs(values).max() + 1e-9)
    for (time, one), (other_time, other) in zip(ours.frames, theirs.frames, strict=True):
        assert time == other_time
        assert field(ours.body, one) == pytest.approx(other, abs=1e-5)
    mine, general = ours.summary(), theirs.summary()
    for key in ("regions", "derived", "energy", "warnings"):
        assert flat(mine[key]) == pytest.approx(flat(general[key]), rel=1e-5, abs=1e-5)


def flat(data):
    """The numbers of nested dictionaries and lists, in order; residuals of balances and what depends on ties are left out."""
    if isinstance(data, dict):
        return [x for key, value in data.items() if not re.match("residual|place|time", key) for x in flat(value)]
    if isinstance(data, list):
        return [x for value in data for x in flat(value)]
    return [data] if isinstance(data, float) else []


@pytest.mark.usual(10)
@pytest.mark.parametrize(("name", "order"), KINDS)
def test_the_balance_closes(name, order):
    assert run(case_of(*CASES[name], order=order)).summary()["energy"]["residual_relative"] < 1e-10


def test_the_whole_body_in_a_frame():
    """The unfolded field has its values where the points are, mirrored parts included."""
    case = case_of(f"{{middle: {HELD}}}", order=2)
    body = build(case)
    assert isinstance(body, ModalBody)
    assert body.multiplicity == 4.0
    x, y, z = np.meshgrid(*body.box.nodes[:3], indexing="ij")
    frame = body.frame()
    folded = np.minimum(frame.points, np.array([8e-3, 6e-3, np.inf]) - frame.points)
    found = body.unfolded(np.moveaxis(x + 10.0 * y + 100.0 * z, 2, 0).ravel())
    assert found == pytest.approx(folded @ np.array([1.0, 10.0, 0.0]) + 100.0 * frame.points[:, 2])
    general = MeshBody(case).frame()
    assert len(frame.points) == len(general.points)
    assert np.bincount(frame.material).tolist() == np.bincount(general.material).tolist()
    flux = body.heat_flux(frame, 300.0 + 1000.0 * frame.points[:, 0])[frame.material == 1]
    assert flux == pytest.approx(np.tile([-30e3, 0.0, 0.0], (len(flux), 1)), abs=1e-6)


def test_a_side_that_symmetry_cuts_off_is_read_on_its_image():
    result = run(case_of(f"{{middle: {HELD}}}", probes="near: {face: left, take: mean}, far: {face: right, take: mean}"))
    assert result.probe("near").tolist() == result.probe("far").tolist()


class Stop(Exception):
    pass


def test_a_resumed_run_is_bitwise_the_same():
    case = case_of(*CASES["patch over time, a film around it and on the bottom"], order=2)
    whole, body, kept = run(case), build(case), []
    body.steps_at_once = 3

    def watch(moment):
        if moment.state.loop[N_STEPS] > 5:
            kept.append({key: np.array(value) for key, value in checkpoint(moment).items()})
            raise Stop

    with pytest.raises(Stop):
        run(case, body=body, watch=watch)
    resumed = run(case, resume=kept[0])
    for name, values in whole.columns.items():
        assert resumed.columns[name].tolist() == values.tolist()
    assert resumed.state.enthalpy.tolist() == whole.state.enthalpy.tolist()


@pytest.mark.parametrize("order", [1, 2])
def test_a_rejected_step_leaves_no_trace(order):
    body = build(case_of(*CASES["patch over time, a film around it and on the bottom"], order=order))
    state = initial_state(body.sample, body.programme)
    before, work = copied(state), make_work(body.sample, body.programme)
    assert take_step(body.sample, body.programme, state, 0.0, 1.0, work) > 1.0
    for name, kept, array in zip(state._fields, before, state, strict=True):
        if name != "loop":
            assert kept.tolist() == array.tolist()
    after = [copied(state), copied(state)]
    for trial, memory in zip(after, (work, make_work(body.sample, body.programme)), strict=True):
        assert take_step(body.sample, body.programme, state, 0.0, 1e-5, memory) <= 1.0
        interpolate(body.sample, state, memory, 1.0, trial)
    assert after[0].enthalpy.tolist() == after[1].enthalpy.tolist()


SIDE = "{left: [{kind: held, temperature: 400 K}]}"
GLOW = "{top: [{kind: radiation, emissivity: 0.9, ambient_temperature: 1200 K}]}"
PART = "{spot: [{kind: convection, heat_transfer_coefficient: 2000 W/(m2 K), ambient_temperature: 350 K}]}"
BOTH = f"{{top: {HELD}, bottom: {HELD}}}"


@pytest.mark.parametrize("faces", [SIDE, GLOW, PART, BOTH])
def test_other_conditions_go_the_general_way(faces):
    assert isinstance(build(case_of(faces)), MeshBody)


def test_the_switch():
    assert isinstance(build(case_of(f"{{spot: {HELD}}}")), ModalBody)
    assert isinstance(build(case_of(f"{{spot: {HELD}}}", tensor="false")), MeshBody)


def test_planes_that_nothing_looks_at_are_left_out(monkeypatch):
    """What is read comes out as it does when all nodes are looked at."""
    case = case_of(f"{{spot: {HELD}}}", order=2, probes="coldest: {face: bottom, take: minimum}", times="[]")
    whole = run(case)
    monkeypatch.setattr("thermo.simulation.mode_body.MOST_SEEN", 1)
    part = run(case)
    assert len(part.body.seen) < len(whole.body.seen)
    for probe in ("p", "mean", "coldest"):
        assert part.probe(probe)[-1] == pytest.approx(whole.probe(probe)[-1], abs=0.05)
    assert part.columns["stored_J"][-1] == pytest.approx(whole.columns["stored_J"][-1], rel=1e-3)
    assert part.summary()["energy"]["residual_relative"] < 1e-10


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.slow
def test_slow_modes_of_a_line_with_tiny_cells(order):
    """(k pi / L)^2 where cells differ by a factor of thousands; the constant has none of it."""
    points = np.unique(np.concatenate([np.linspace(0.0, 1.0, 201), 0.5 + 1e-6 * np.arange(1, 6)]))
    values, vectors, weights = line_modes(points, order)
    assert values[0] == 0.0
    assert values[1:4] == pytest.approx((np.pi * np.arange(1, 4)) ** 2, rel=5e-4 if order == 1 else 1e-6)
    assert vectors.T @ (weights[:, None] * vectors) == pytest.approx(np.eye(len(weights)), abs=1e-9)
