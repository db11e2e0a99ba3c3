"""Any sample under any programme: every pair runs or the message gives the reason; a body that conducts well is a cell."""

import functools
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from meshes.imported import mesh_bytes
from tests.bodies.test_solids import THERE
from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run

EDGE = 0.02  # m, of a cube of rho c = 2e6 J/(m3 K)
CAPACITY, SURFACE = 2e6 * EDGE**3, 6.0 * EDGE**2

SAMPLES = {
    "lumped": "{{kind: lumped, heat_capacity: {{at_298K: {CAPACITY} J/K}}, surface: {SURFACE} m2, mass: 16 g{start}}}",
    "layered-block": "{{kind: layered-block, size: [20 mm, 20 mm], layers: [{{name: core, material: m, thickness: 8 mm}}, "
    "{{name: lid, material: m, thickness: 12 mm}}], mesh: {{order: 1, largest: 5 mm}}{start}}}",
    "boxes": "{{kind: boxes, coordinates: space, regions: {{core: {{material: m, from: [0 mm, 0 mm, 0 mm], to: [20 mm, 20 mm, 20 mm]}}}}, "
    "mesh: {{order: 1, largest: 5 mm}}{start}}}",
    "mesh": "{{kind: mesh, file: {FILE}, unit: mm, regions: {{core: {{material: m}}}}, mesh: {{order: 1}}{start}}}",
    "solids": "{{kind: solids, regions: {{core: {{material: m, box: {{from: [0 mm, 0 mm, 0 mm], to: [20 mm, 20 mm, 20 mm]}}}}}}, "
    "patches: {{bottom: {{from: [0 mm, 0 mm, 0 mm], to: [20 mm, 20 mm, 0 mm]}}, top: {{from: [0 mm, 0 mm, 20 mm], "
    "to: [20 mm, 20 mm, 20 mm]}}}}, mesh: {{order: 1, size: 8 mm}}{start}}}",
}
AIR = "air: 150 degC, heat_transfer_coefficient: 20 W/(m2 K), emissivity: 0.8"
ON_BODY = {
    "surroundings": "{kind: surroundings, end: 1 h}",
    "oven": f"{{kind: oven, end: 1 h, {AIR}}}",
    "hot-plate": f"{{kind: hot-plate, end: 1 h, {AIR}, plate: 200 degC, contact_coefficient: 300 W/(m2 K), plate_face: bottom}}",
    "heater": f"{{kind: heater, end: 1 h, {AIR}, power: 10 W, off_at: 120 degC, off_by: middle, heats: {{region: core}}}}",
    "ramp": "{kind: ramp, temperature: {from: 25 degC, to: 125 degC, over: 20 min}}",
    "steady": "{kind: steady, faces: {bottom: [{kind: held, temperature: 400 K}]}}",
    "dsc": "{kind: dsc, start: 50 degC, rate: 10 K/min, end: 200 degC, per: 5 mg}",
    "arc": "{kind: arc, start: 50 degC, step: 10 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 90 degC, "
    "calorimeter: {loss: 0.05 W/K, sensor: {probe: middle, lag: 4 s}}}",
}
ON_CELL = ON_BODY | {
    "hot-plate": f"{{kind: hot-plate, end: 1 h, {AIR}, plate: 200 degC, contact_coefficient: 300 W/(m2 K), contact_area: {EDGE**2} m2}}",
    "heater": f"{{kind: heater, end: 1 h, {AIR}, power: 10 W, off_at: 120 degC}}",
    "arc": ON_BODY["arc"].replace("probe: middle, ", ""),
}
BODIES = [kind for kind in SAMPLES if kind != "lumped"]
REFUSED = {("lumped", "steady"): "a cell of one temperature has no field; use 'stability'"}
REFUSED |= {(kind, "dsc"): "milligrams in a pan have one temperature: a programme 'dsc' needs a lumped sample" for kind in BODIES}


@functools.cache
def cube_file():
    """A file of Gmsh with the cube in 64 hexahedra whose inner vertices are moved by up to 1 mm."""
    folder = tempfile.TemporaryDirectory(prefix="pairs-")
    mesh = boxes_mesh([np.linspace(0.0, 20.0, 5)] * 3, {"core": [Extent((0.0, 0.0, 0.0), (20.0, 20.0, 20.0))]}, {}, False)
    inner = np.all((mesh.points > 0.0) & (mesh.points < 20.0), axis=1)
    inner &= np.any(mesh.points != 10.0, axis=1)  # the vertex at the probe stays
    mesh.points[inner] += np.random.default_rng(7).uniform(-1.0, 1.0, (inner.sum(), 3))
    mesh = mesh._replace(faces={name: mesh.faces[name] for name in ("bottom", "top")})
    path = Path(folder.name, "cube.msh")
    path.write_bytes(mesh_bytes(mesh, ".msh"))
    return folder, path


def case(kind, programme, conductivity="1e5 W/(m K)", probes="{middle: [10 mm, 10 mm, 10 mm]}", numerics="{tolerance: 3e-6}", text=""):
    """A cube of 20 mm, or a cell of its heat capacity and surface, under a programme."""
    cell = kind == "lumped"
    text = text or (ON_CELL if cell else ON_BODY)[programme]
    own = programme in ("arc", "dsc") or (cell and programme == "ramp")
    start = "" if own else ", temperature: 25 degC"
    if kind == "solids" and not THERE:
        pytest.skip("gmsh is not installed, or cannot be loaded")
    file = cube_file()[1] if kind == "mesh" else None
    sample = SAMPLES[kind].format(start=start, CAPACITY=CAPACITY, SURFACE=SURFACE, FILE=file)
    material = f"materials: {{m: {{density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {conductivity}}}}}"
    return case_from(
        f"""
        title: {kind} under {programme}
        {"" if cell else material}
        sample: {sample}
        programme: {text}
        {"" if cell else "measure: {probes: " + probes + "}"}
        numerics: {numerics if not cell else "{tolerance: 1e-7}"}
        """
    )


TWO = "{middle: [10 mm, 10 mm, 10 mm], skin: {face: top, take: mean}}"
PAIRS = [(kind, programme) for kind in SAMPLES for programme in ON_BODY]


@pytest.mark.usual(12)
@pytest.mark.parametrize(("kind", "programme"), [pair for pair in PAIRS if pair not in REFUSED])
def test_a_pair_runs_and_its_energy_closes(kind, programme):
    summary = run(case(kind, programme)).summary()
    assert summary["status"] == "complete", summary["warnings"]
    assert summary["energy"]["residual_relative"] < 1e-6


@pytest.mark.parametrize(("kind", "programme"), REFUSED)
def test_a_pair_that_does_not_run_says_why(kind, programme):
    with pytest.raises(CaseError, match=REFUSED[kind, programme]):
        case(kind, programme)


@pytest.mark.usual(6)
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("programme", ["surroundings", "oven", "hot-plate", "heater", "ramp", "arc"])
def test_a_body_that_conducts_well_has_the_history_of_a_cell(kind, programme):
    """1e5 W/(m K): within 0.01 K at every row, between rows by the cubic through the cell's rows with their rates."""
    cell, body = run(case("lumped", programme)), run(case(kind, programme))
    name = "sensor" if programme == "arc" else "sample"
    mine = body.probe("sensor" if programme == "arc" else "middle")
    theirs = between(cell, name, body.time)
    assert np.abs(mine - theirs).max() < 0.01
    assert body.time[-1] == pytest.approx(cell.time[-1], rel=1e-5)


def test_an_inert_steel_bar_in_the_calorimeter_finds_no_onset_and_its_probes_are_ahead_by_the_lag_of_the_sensor():
    """Its heater heats all of it alike, so that what separates the probes from the sensor is the lag: 4 s at 2 K/min."""
    summary = run(
        case(
            "boxes",
            "arc",
            conductivity="16 W/(m K)",
            numerics="{}",
            probes=TWO,
        )
    ).summary()
    onsets = summary["onsets"]
    assert onsets["T1"] is None and onsets["T3"] is None and onsets["cessation"] is None
    assert set(onsets["T2"].values()) == {None}
    assert summary["exotherms"] == [] and summary["warnings"] == []
    assert set(summary["lags"]) == {"middle", "skin"}
    for lag in summary["lags"].values():
        assert lag["lag_s"] == pytest.approx(-4.0, rel=0.02)
    assert summary["energy"]["residual_relative"] < 1e-10


@pytest.mark.slow
def test_a_skin_that_the_wall_cools_is_behind_the_middle():
    """A wall that cannot keep up with a heater takes heat through the skin: q L/(2 k) between the two, L/2 = 10 mm, for a film as weak."""
    slow = ON_BODY["arc"].replace("loss: 0.05 W/K", "loss: 0.2 W/K, tracking: 2 K/min, lag: 600 s")
    found = run(
        case(
            "boxes",
            "arc",
            conductivity="1 W/(m K)",
            text=slow,
            numerics="{}",
            probes=TWO,
        )
    )
    lag = found.summary()["lags"]["skin"]
    assert lag["lag_s"] > -4.0 and lag["heated_K"] > found.summary()["lags"]["middle"]["heated_K"]


def test_an_oven_acts_on_the_faces_that_it_names():
    """Air on one face of a slab alone is the condition of its own."""
    oven = "{kind: oven, end: 10 min, air: 400 K, heat_transfer_coefficient: 50 W/(m2 K), faces: [top]}"
    films = "[{kind: convection, heat_transfer_coefficient: 50 W/(m2 K), ambient_temperature: 400 K}]"
    same = f"{{kind: surroundings, end: 10 min, faces: {{top: {films}}}}}"
    one, other = (run(case("layered-block", "oven", conductivity="1 W/(m K)", text=text)) for text in (oven, same))
    assert np.array_equal(one.probe("middle"), other.probe("middle"))


def test_no_air_reaches_the_face_that_a_plate_covers():
    """Heat by the plate and heat by the air add up to what is stored, and the air acts on five of six faces."""
    result = run(case("boxes", "hot-plate", numerics="{}"))
    summary, columns = result.summary(), result.columns
    heat = {name: float(np.trapezoid(columns[f"heat_{name}_W"], columns["time_s"])) for name in ("bottom", "outside")}
    assert sum(heat.values()) == pytest.approx(columns["stored_J"][-1], rel=5e-3)
    T, start = columns["middle_K"][0], summary["probes"]["middle"]["initial_K"]
    glow = 0.8 * 5.670374419e-8 * (423.15**4 - start**4)
    assert columns["heat_outside_W"][0] == pytest.approx(5.0 * EDGE**2 * (20.0 * (423.15 - T) + glow), rel=1e-6)


BAD = {
    "no probe": (
        "arc",
        "probe: middle, ",
        "",
        "'probe' is missing: the probe of the body that the instrument follows; the case has 'middle'",
    ),
    "no such probe": ("arc", "probe: middle", "probe: midle", "there is no probe 'midle'; did you mean 'middle'"),
    "a holder": ("arc", "loss: 0.05 W/K", "phi: 1.2", "the holder of a body is one of its regions"),
    "no such face": ("arc", "start: 50 degC", "start: 50 degC, faces: [tob]", "the sample has no face 'tob'"),
    "an inner face": ("oven", "kind: oven", "kind: oven, faces: ['core|lid']", "'core|lid' lies within the body"),
    "twice": ("oven", "kind: oven", "kind: oven, faces: [outside, top]", "the surroundings would act twice there"),
    "air on the plate's face": ("hot-plate", "plate_face: bottom", "plate_face: bottom, faces: [bottom, left]", "which no air reaches"),
    "no plate": ("hot-plate", ", plate_face: bottom", "", "plate_face: is missing"),
    "a contact area": (
        "hot-plate",
        "plate_face: bottom",
        "plate_face: bottom, contact_area: 1 cm2",
        "a body uses the area of its 'plate_face'",
    ),
    "heats nothing": ("heater", ", heats: {region: core}", "", "heats: is missing"),
    "no such region": ("heater", "region: core", "region: cor", "the sample has no region 'cor'; did you mean 'core'"),
    "nothing switches it off": ("heater", "off_by: middle, ", "", "off_by: is missing: the probe that switches the heater off"),
}


@pytest.mark.parametrize(("programme", "old", "new", "text"), BAD.values(), ids=BAD)
def test_what_a_programme_needs_of_a_body_is_said(programme, old, new, text):
    assert old in ON_BODY[programme]
    with pytest.raises(CaseError) as error:
        case("layered-block", programme, text=ON_BODY[programme].replace(old, new))
    assert text in str(error.value)


def test_a_picture_after_the_end_of_a_test_is_told():
    """When a test in a calorimeter ends is not known before."""
    probes = "{middle: [10 mm, 10 mm, 10 mm]}, pictures: {times: [1 min, 5 h, 6 h]}"
    result = run(case("boxes", "arc", probes=probes, numerics="{}"))
    assert len(result.frames) == 1
    told = [w["text"] for w in result.summary()["warnings"] if w["code"] == "no-picture"]
    assert told == ["the run ended after 2.005 h, so there is no picture at 5 h and later"]


@pytest.mark.parametrize("programme", ["arc", "heater"])
def test_a_flow_beside_an_instrument_is_refused(programme):
    """The balance of the nodes of a face knows its conditions, and neither the wall nor the heater is one."""
    with pytest.raises(CaseError, match=r"measure\.flows\.0: is not counted under a programme"):
        case("boxes", programme, probes="{middle: [10 mm, 10 mm, 10 mm]}, flows: [top]")


@pytest.mark.parametrize(("programme", "more"), [("oven", "faces: [top]"), ("heater", "heats: {face: top}"), ("arc", "faces: [top]")])
def test_what_is_of_bodies_is_refused_for_a_cell(programme, more):
    with pytest.raises(CaseError, match="a cell of one temperature has one surface"):
        case("lumped", programme, text=ON_CELL[programme][:-1] + f", {more}}}")


def between(result, name, wanted):
    """A probe of a cell at other times [K], by the cubic through its rows on each side with their slopes."""
    from scipy.interpolate import CubicHermiteSpline

    time, T, rate = result.time, result.probe(name), result.columns["rate_K_per_s"]
    found = np.empty_like(wanted)
    ends = [0, *(np.flatnonzero(np.diff(time) == 0.0) + 1), len(time)]
    for low, high in itertools.pairwise(ends):
        on = (wanted >= time[low]) & (wanted <= time[min(high, len(time)) - 1])
        if high - low > 1:
            found[on] = CubicHermiteSpline(time[low:high], T[low:high], rate[low:high])(wanted[on])
        else:
            found[on] = T[low]
    return found
