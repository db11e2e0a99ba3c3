"""The heat equation on a mesh: matrices, convergence, conservation, held faces."""

import numpy as np
import pytest

from meshes.boxes import Extent, boxes_mesh
from tests.conftest import case_from
from thermo.heat.conduction import conduction_of
from thermo.heat.elements import Space
from thermo.heat.mesh_sample import MeshSample, surface
from thermo.heat.mesh_work import INNER_TOLERANCE, MILD_TOLERANCE, SOLVE_TOLERANCE, MeshWork
from thermo.programmes.programme import Schedule
from thermo.simulation.mesh_body import MeshBody
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run
from thermo.stepping.loop import N_LOOP, N_MULTIGRID, copied, initial_state, integrate, interpolate, make_work, take_step

BAR = """
    title: bar held at one end
    materials:
      a: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {k}}}
    sample:
      kind: layered-block
      size: [10 mm, 10 mm]
      layers: [{{name: bar, material: a, thickness: 10 mm}}]
      temperature: 300 K
      mesh: {{order: {order}, largest: {largest}, growth: 1.5}}
    programme:
      kind: surroundings
      faces: {{{face}: [{{kind: held, temperature: 400 K}}]}}
      end: {end}
    measure: {{probes: {{far: {probe}, mean: {{region: bar, take: mean}}}}, crossings: {{half: {{probe: far, fraction: 0.5, of: {face}}}}}}}
    numerics: {{tolerance: {tolerance}}}
"""


def bar(*, k="2 W/(m K)", order=2, largest="1 mm", face="top", end="60 s", probe="{face: bottom, take: mean}", tolerance=1e-5):
    return case_from(BAR.format(k=k, order=order, largest=largest, face=face, end=end, probe=probe, tolerance=tolerance))


def slab_theta(fourier):
    """theta at the insulated face of a slab whose other face is held: 1 - 4/pi sum (-1)^n/(2n+1) exp(-(2n+1)^2 pi^2 Fo/4)."""
    n = np.arange(60)
    terms = (-1.0) ** n / (2 * n + 1) * np.exp(-((2 * n + 1) ** 2) * np.pi**2 / 4.0 * fourier)
    return 1.0 - 4.0 / np.pi * terms.sum()


def solve_matrix(body):
    return body.sample.conduction.matrix, body.sample.capacity


@pytest.mark.parametrize("order", [1, 2])
def test_rows_of_the_conduction_matrix_sum_to_zero_and_it_is_symmetric(order):
    matrix, _ = solve_matrix(MeshBody(bar(order=order, largest="2.5 mm")))
    assert abs(matrix.sum(axis=1)).max() < 1e-15
    assert abs(matrix - matrix.T).max() < 1e-15


def test_linear_elements_couple_nodes_along_the_axes_only_and_never_the_wrong_way():
    """Heat flows from hot to cold between any two nodes: no positive entry off the diagonal, seven a row."""
    matrix, _ = solve_matrix(MeshBody(bar(order=1, largest="2.5 mm")))
    off = matrix.copy()
    off.setdiag(0.0)
    off.eliminate_zeros()
    assert off.data.max() < 0.0
    assert np.diff(off.indptr).max() <= 6


@pytest.mark.parametrize("order", [1, 2])
def test_capacity_is_mass_times_heat_capacity(order):
    body = MeshBody(bar(order=order))
    assert body.multiplicity * body.sample.capacity.sum() == pytest.approx(1e6 * 1e-6, rel=1e-12)


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("face", "probe"), [("top", "{face: bottom, take: mean}"), ("left", "{face: right, take: mean}"), ("back", "[3 mm, 0 mm, 4 mm]")]
)
def test_a_slab_agrees_with_its_series_along_every_axis(face, probe):
    result = run(bar(face=face, probe=probe, largest="1.25 mm"))
    theta = (result.probe("far") - 300.0) / 100.0
    fourier = 2.0 / 1e6 * result.time / 1e-4
    exact = np.array([slab_theta(fo) if fo > 1e-3 else 0.0 for fo in fourier])
    assert theta[result.time > 1.0] == pytest.approx(exact[result.time > 1.0], abs=2e-4)


@pytest.mark.slow
def test_conductivity_by_axis():
    """In plane 8, through 2 W/(m K): held on the left it is four times as fast as held on the top."""
    k = "{in_plane: 8 W/(m K), through: 2 W/(m K)}"
    along = run(bar(k=k, largest="2 mm", face="left", probe="{face: right, take: mean}")).summary()["crossings"]["half"]["time_s"]
    through = run(bar(k=k, largest="2 mm")).summary()["crossings"]["half"]["time_s"]
    assert through / along == pytest.approx(4.0, rel=1e-3)


def decayed(order, n, steps):
    """A cosine in x, y and z in an insulated unit cube of n cells after a fixed time: volumes, temperature and exact one."""
    line = np.linspace(0.0, 1.0, n + 1)
    line = line + 0.04 * np.sin(2.0 * np.pi * line)  # cells of unequal size
    mesh = boxes_mesh([line, line, line], {"cube": [Extent((0.0,) * 3, (1.0,) * 3)]}, {})
    space = Space(mesh, order, nodal=True)
    volume = space.content(np.ones(len(mesh.cells)))
    shape = np.prod(np.cos(np.pi * space.points), axis=1)
    sample = MeshSample(volume, conduction_of(space, {"cube": 1.0}, []), 3, 300.0 + shape, (), 2.0, {}, {}, {}, 1.0)
    programme = Schedule(np.array([1.0]))
    state, span = initial_state(sample, programme), 0.03
    work, trial = make_work(sample, programme), copied(state)
    for _ in range(steps):
        take_step(sample, programme, state, 0.0, span / steps, work)
        interpolate(sample, state, work, 1.0, trial)
        state = copied(trial)._replace(loop=state.loop)
    exact = 300.0 + shape * np.exp(-3.0 * np.pi**2 * span)
    return volume, state.temperature, exact


def norm(volume, error):
    """Root of the integral of the square."""
    return np.sqrt(np.sum(volume * error**2))


@pytest.mark.parametrize(("order", "sizes", "rate"), [(1, (8, 16), 2.0), (2, (4, 8), 3.0)])
def test_order_in_space(order, sizes, rate):
    """Linear elements converge with h^2, quadratic ones with h^3 or better, on unequal cells."""
    coarse, fine = (norm(v, found - exact) for v, found, exact in (decayed(order, n, 60) for n in sizes))
    assert np.log2(coarse / fine) > rate - 0.15


def test_order_in_time():
    """TR-BDF2: halving the step quarters the error."""
    volume, exact, _ = decayed(2, 4, 256)
    errors = np.array([norm(volume, decayed(2, 4, n)[1] - exact) for n in (4, 8, 16)])
    assert np.log2(errors[:-1] / errors[1:]) == pytest.approx(2.0, abs=0.1)


def test_energy_in_is_energy_stored():
    result = run(bar())
    energy = result.summary()["energy"]
    assert energy["heat_in_J"] == pytest.approx(1.0 * (result.probe("mean")[-1] - 300.0), rel=1e-9)
    assert energy["residual_relative"] < 1e-9


def test_heat_goes_in_at_a_hot_face_and_out_at_a_cold_one():
    text = BAR.format(k="2 W/(m K)", order=2, largest="1 mm", face="top", end="1 h", probe="[0 mm, 0 mm, 5 mm]", tolerance=1e-4)
    text = text.replace(
        "top: [{kind: held, temperature: 400 K}]", "top: [{kind: held, temperature: 400 K}], bottom: [{kind: held, temperature: 300 K}]"
    )
    result = run(case_from(text))
    energy = result.summary()["energy"]
    steady = 2.0 * 1e-4 * 100.0 / 0.01  # W
    assert result.columns["heat_top_W"][-1] == pytest.approx(steady, rel=1e-4)
    assert result.columns["heat_bottom_W"][-1] == pytest.approx(-steady, rel=1e-4)
    assert result.probe("far")[-1] == pytest.approx(350.0, abs=1e-3)
    assert energy["heat_out_J"] > 6000.0
    assert energy["residual_relative"] < 1e-9


def test_initial_temperature_by_region_settles_at_the_weighted_mean():
    """Two layers, insulated: T = sum(C T)/sum(C)."""
    case = case_from(
        """
        title: two layers that settle
        materials:
          a: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
          b: {density: 2000 kg/m3, heat_capacity: 800 J/(kg K), thermal_conductivity: 100 W/(m K)}
        sample:
          kind: layered-block
          size: [2 mm, 2 mm]
          layers: [{name: lower, material: a, thickness: 1 mm}, {name: upper, material: b, thickness: 0.5 mm}]
          temperature: {lower: 300 K, upper: 420 K}
        programme: {kind: surroundings, end: 60 s}
        measure: {probes: {hottest: {region: upper, take: maximum}, coldest: {region: lower, take: minimum}}}
        """
    )
    result = run(case)
    mean = (1e6 * 1e-3 * 300.0 + 1.6e6 * 0.5e-3 * 420.0) / (1e6 * 1e-3 + 1.6e6 * 0.5e-3)
    assert result.probe("hottest")[0] == pytest.approx(420.0, abs=1e-9)
    assert result.probe("coldest")[0] == pytest.approx(300.0, abs=1e-9)
    assert result.probe("hottest")[-1] == pytest.approx(mean, abs=1e-6)
    assert result.summary()["energy"]["residual_J"] == pytest.approx(0.0, abs=1e-11)


def test_a_quarter_model_gives_what_the_whole_body_gives(paper):
    """Symmetry is a way to compute, not a different answer: probes, heats and energies of the whole body."""
    text = (
        BAR.replace(
            "      temperature: 300 K",
            "      patches: {{spot: {{face: top, square: 2 mm, centre: [5 mm, 5 mm]}}}}\n      temperature: 300 K",
        )
    ).format(k="2 W/(m K)", order=1, largest="2.5 mm", face="spot", end="20 s", probe="[8 mm, 9 mm, 7 mm]", tolerance=1e-4)
    quarter = run(case_from(text.replace("largest:", "smallest: 0.2 mm, largest:")))
    whole = run(case_from(text.replace("largest:", "smallest: 0.2 mm, symmetry: false, largest:")))
    assert quarter.body.multiplicity == 4.0
    assert whole.body.multiplicity == 1.0
    assert quarter.probe("far")[-1] == pytest.approx(whole.probe("far")[-1], abs=1e-3)
    ours, theirs = quarter.summary()["energy"], whole.summary()["energy"]
    assert ours["heat_in_J"] == pytest.approx(theirs["heat_in_J"], rel=1e-4)
    assert "a quarter of the body" in quarter.body.notes()[0]


SPOT = """
    title: block with a spot in the middle
    materials:
      a: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}
    sample:
      kind: layered-block
      size: [10 mm, 10 mm]
      layers: [{name: bar, material: a, thickness: 10 mm}]
      patches: {spot: {face: top, square: 4 mm, centre: [5 mm, 5 mm]}}
      temperature: 300 K
      mesh: {order: 1, smallest: 0.4 mm, largest: 2 mm, symmetry: SYMMETRY}
    programme:
      kind: surroundings
      faces: {spot: [{kind: held, temperature: 400 K}], bottom: [{kind: held, temperature: 300 K}]}
      end: 30 s
    measure: {MEASURE}
    numerics: {tensor: false}
"""


def spot(symmetry, measure):
    return run(case_from(SPOT.replace("SYMMETRY", symmetry).replace("MEASURE", measure)))


def test_a_side_that_symmetry_cuts_off_is_read_on_its_image_in_the_general_way():
    probes = "probes: {left: {face: left, take: mean}, right: {face: right, take: mean}, edge: {edge: [right, back], take: mean}}"
    part, whole = spot("true", probes), spot("false", probes)
    assert (part.body.multiplicity, whole.body.multiplicity) == (4.0, 1.0)
    for name in ("left", "right", "edge"):
        assert part.probe(name)[-1] == pytest.approx(whole.probe(name)[-1], abs=0.05)  # the middle plane is 2 K off


def test_heat_through_one_of_two_sides_is_not_that_of_both():
    flows = "flows: [left, right, front, bottom]"
    part, whole = spot("true", flows), spot("false", flows)
    for face in ("left", "right", "front", "bottom"):
        seen, all_of_it = (result.columns[f"flow_{face}_W"][-1] for result in (part, whole))
        assert seen == pytest.approx(all_of_it, rel=1e-3)


def test_a_patch_in_the_corner_uses_no_symmetry():
    case = case_from(
        (
            BAR.replace(
                "      temperature: 300 K",
                "      patches: {{spot: {{face: top, square: 2 mm, centre: [1 mm, 1 mm]}}}}\n      temperature: 300 K",
            )
        ).format(k="2 W/(m K)", order=1, largest="2.5 mm", face="spot", end="1 s", probe="[8 mm, 9 mm, 7 mm]", tolerance=1e-3)
    )
    assert "the whole body" in build(case).notes()[0]


def test_linear_elements_stay_within_their_data_and_quadratic_ones_say_when_they_do_not():
    sharp = bar(order=1, largest="2 mm", end="0.2 s", tolerance=1e-3)
    assert not [w for w in run(sharp).summary()["warnings"] if w["code"] == "undershoot"]
    found = [w for w in run(bar(order=2, largest="2 mm", end="0.2 s", tolerance=1e-3)).summary()["warnings"] if w["code"] == "undershoot"]
    assert "the limit set by the start and the conditions" in found[0]["text"]


def test_blocks_of_steps_do_not_change_a_mesh_run():
    body = MeshBody(bar(order=1, largest="2.5 mm", tolerance=1e-3))
    ends = []
    for n_steps in (1, 9):
        state = initial_state(body.sample, body.programme)
        for _ in integrate(body.sample, body.programme, state, n_steps=n_steps):
            pass
        ends.append(state.temperature)
    assert np.array_equal(*ends)


@pytest.mark.usual(2)
@pytest.mark.parametrize("side", ["2 mm", "1 um", "50 um"])
def test_a_mean_over_a_face_whatever_the_patch(side):
    """Weights of a face sum to its area and to nothing else, however thin its cells are."""
    text = BAR.replace(
        "      temperature: 300 K",
        f"      patches: {{{{spot: {{{{face: top, square: {side}, centre: [5 mm, 5 mm]}}}}}}}}\n      temperature: 300 K",
    )
    body = MeshBody(
        case_from(
            text.format(
                k="2 W/(m K)", order=1, largest="2.5 mm", face="spot", end="1 s", probe="{face: bottom, take: mean}", tolerance=1e-3
            )
        )
    )
    assert body.shape.face("bottom")[1].sum() * body.multiplicity == pytest.approx(1e-4, rel=1e-12)
    assert body.shape.face("left")[1].sum() * 2.0 == pytest.approx(1e-4, rel=1e-12)
    assert body.shape.face("spot")[1].sum() * body.multiplicity == pytest.approx(float(body.block.patches["spot"].square) ** 2, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_a_point_reads_a_linear_field_exactly(order):
    body = MeshBody(bar(order=order, probe="[1.3 mm, 8.7 mm, 6.1 mm]"))
    x, y, z = body.shape.space.points.T
    field = (3.0 + 2e3 * x - 1e3 * y + 5e2 * z)[None, :]
    # the point lies in the half that is computed: y is mirrored to 10 mm - 8.7 mm
    assert body.probes["far"].of(field)[0] == pytest.approx(3.0 + 2.6 - 1.3 + 3.05, rel=1e-12)


def thin(layers, end):
    text = BAR.replace("layers: [{{name: bar, material: a, thickness: 10 mm}}]", f"layers: [{layers}]").replace(
        "{{region: bar,", "{{region: b0,"
    )
    return case_from(text.format(k="2 W/(m K)", order=2, largest="2 mm", face="top", end=end, probe="[0 mm, 0 mm, 0 mm]", tolerance=2e-4))


@pytest.mark.parametrize("thickness", ["10 nm", "1 um", "100 um"])
def test_thin_layers_keep_the_balance(thickness):
    """Differences of temperature, not temperatures, are multiplied: nothing cancels."""
    layers = f"{{{{name: b0, material: a, thickness: 1 mm}}}}, {{{{name: b1, material: a, thickness: {thickness}}}}}"
    result = run(thin(layers, "10 s"))
    assert result.failure is None
    assert result.summary()["energy"]["residual_relative"] <= 1e-8


def test_a_picture_at_the_very_end_is_kept():
    rng = np.random.default_rng(2)
    for _ in range(5):
        end = float(rng.uniform(1.0, 200.0))
        text = BAR.replace("crossings:", f"pictures: {{{{times: [{end!r} s]}}}}, crossings:")
        result = run(
            case_from(
                text.format(
                    k="2 W/(m K)", order=1, largest="5 mm", face="top", end=f"{end!r} s", probe="[0 mm, 0 mm, 0 mm]", tolerance=1e-2
                )
            )
        )
        assert [time for time, _ in result.frames] == [end]


def test_a_solve_that_leaves_everything_over_is_done_directly(monkeypatch):
    """Conjugate gradients that find nothing, at every tolerance that a stage asks for."""
    work = MeshWork(MeshBody(bar(order=1, largest="2 mm")).sample, Schedule(np.array([1.0])))
    n, loop = len(work.free), np.zeros(N_LOOP)
    around, capacity = surface(work.sample, 0.0, work.sample.start_temperature), work.sample.capacity
    rhs = np.random.default_rng(6).normal(size=n)
    exact = work.solve(10.0, rhs, loop, around, capacity)
    monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {3: 0})
    monkeypatch.setattr("thermo.heat.mesh_work.cg", lambda matrix, rhs, **rest: (np.zeros_like(rhs), 400))
    for tolerance in (SOLVE_TOLERANCE, INNER_TOLERANCE, MILD_TOLERANCE):
        assert work.solve(10.0, rhs, loop, around, capacity, tolerance) == pytest.approx(exact, rel=1e-9, abs=1e-9 * np.abs(exact).max())


def test_a_large_body_takes_the_same_steps(monkeypatch):
    """Its matrices are refilled, its heat flow summed and its multigrid cycled through in compiled code."""
    table = "{table: [[300 K, 2 W/(m K)], [350 K, 3 W/(m K)], [400 K, 1 W/(m K)]]}"

    def steps():
        body = MeshBody(bar(k=table, order=1, largest="2.5 mm", tolerance=1e-6))
        sample, programme = body.sample._replace(stack=None), body.programme
        state, work = initial_state(sample, programme), make_work(sample, programme)
        trial = copied(state)
        for k in range(5):
            take_step(sample, programme, state, float(k), 1.0, work)
            interpolate(sample, state, work, 1.0, trial)
            state = copied(trial)._replace(loop=state.loop)
        return state

    small = steps()
    monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {3: 0})
    monkeypatch.setattr("thermo.heat.mesh_work.STIFF", 0.0)
    for module in ("conduction", "mesh_work", "multigrid"):
        monkeypatch.setattr(f"thermo.heat.{module}.LARGE", 0)
    large = steps()
    assert large.loop[N_MULTIGRID] > 10.0
    assert large.temperature == pytest.approx(small.temperature, abs=1e-5)
    assert large.ledger == pytest.approx(small.ledger, rel=1e-6)


STRONG = """
title: a block with strong surfaces
materials: {a: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}}
sample:
  kind: boxes
  coordinates: space
  regions:
    one: {material: a, from: [0 mm, 0 mm, 0 mm], to: [10 mm, 10 mm, 5 mm]}
    two: {material: a, from: [0 mm, 0 mm, 5 mm], to: [10 mm, 10 mm, 10 mm]}
  patches: {part: {from: [0 mm, 0 mm, 10 mm], to: [5 mm, 5 mm, 10 mm]}}
  temperature: 300 K
  mesh: {smallest: 1 mm, largest: 1 mm, ELEMENTS}
programme: {kind: surroundings, faces: {FACES}, end: 1 s}
"""
STRONG_FACES = {
    "film": "part: [{kind: convection, heat_transfer_coefficient: 1e6 W/(m2 K), ambient_temperature: 400 K}]",
    "film beside a contact over time": (
        "part: [{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), ambient_temperature: 400 K}], "
        "one|two: [{kind: contact, resistance: {table: [[0 s, 1e-5 m2 K/W], [10 s, 2e-5 m2 K/W]]}}]"
    ),
    "radiation": "part: [{kind: radiation, emissivity: 1, ambient_temperature: 3000 K}]",
}


@pytest.fixture
def iterations(monkeypatch):
    """Those of the conjugate gradients of each solve, which are used whatever the size and the step."""
    from scipy.sparse.linalg import cg

    counts = []

    def counted(matrix, rhs, **rest):
        counts.append(0)

        def count(_):
            counts[-1] += 1

        return cg(matrix, rhs, callback=count, **rest)

    monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {3: 0})
    monkeypatch.setattr("thermo.heat.mesh_work.STIFF", 0.0)
    monkeypatch.setattr("thermo.heat.mesh_work.cg", counted)
    return counts


@pytest.mark.parametrize("elements", ["order: 1", "order: 2", "elements: simplices"])
@pytest.mark.parametrize("faces", STRONG_FACES.values(), ids=STRONG_FACES)
@pytest.mark.slow
def test_strong_surfaces_are_in_the_preconditioner(iterations, faces, elements):
    """Multigrid made without them leaves their nodes to the conjugate gradients one by one: a hundred iterations."""
    run(case_from(STRONG.replace("FACES", faces).replace("ELEMENTS", elements)))
    assert iterations
    assert max(iterations) <= 20


@pytest.mark.usual(2)
@pytest.mark.parametrize("elements", ["order: 1", "order: 2", "elements: simplices"])
@pytest.mark.parametrize("faces", [STRONG_FACES["film"], STRONG_FACES["radiation"], STRONG_FACES["film"].replace("1e6", "1e-3")])
def test_a_steady_state_needs_no_capacity_to_be_found(iterations, faces, elements):
    """A preconditioner of a step of a second would leave the slow modes: hundreds of iterations, and then a factor of the whole."""
    text = STRONG.replace("FACES", faces + ", bottom: [{kind: flux, heat_flux: 1 W/m2}]").replace("ELEMENTS", elements)
    run(case_from(text.replace("kind: surroundings", "kind: steady").replace(", end: 1 s", "")))
    assert iterations
    assert max(iterations) <= 30


def test_a_steady_block_needs_no_step_for_its_modes(iterations):
    layered = f"""
title: block
materials: {{a: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 2 W/(m K)}}}}
sample:
  kind: layered-block
  size: [10 mm, 10 mm]
  layers: [{{name: a, material: a, thickness: 10 mm}}]
  temperature: 300 K
  mesh: {{largest: 1 mm}}
programme: {{kind: steady, faces: {{{STRONG_FACES["film"].replace("part", "top")}, bottom: [{{kind: flux, heat_flux: 1 kW/m2}}]}}}}
"""
    run(case_from(layered))
    assert iterations
    assert max(iterations) <= 20


def test_a_solver_that_falls_back_to_factors_is_said(monkeypatch):
    """Conjugate gradients that find nothing leave the system to sparse factors, which take time and memory that nobody announced."""
    case = bar(order=1, largest="2 mm", end="1 s")

    def said():
        return [w["text"] for w in run(case, body=MeshBody(case)).summary()["warnings"] if w["code"] == "factorised"]

    assert said() == []
    monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {1: 0, 2: 0, 3: 0})
    monkeypatch.setattr("thermo.heat.mesh_work.cg", lambda matrix, rhs, **words: (np.zeros_like(rhs), 1))
    assert "the system was factorised" in said()[0]


@pytest.mark.parametrize("k", ["2 W/(m K)", "{table: [[300 K, 1 W/(m K)], [400 K, 3 W/(m K)]]}"])
@pytest.mark.slow
def test_a_steady_state_that_only_large_factors_would_solve_is_refused_in_words(monkeypatch, k):
    """What `check` announced is kept to: iterations that miss end the run, with what the factors would take."""
    films = "{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 400 K}"
    text = STRONG.replace("FACES", f"part: [{films}]").replace("ELEMENTS", "elements: boxes").replace("2 W/(m K)", k)
    case = case_from(text.replace("kind: surroundings", "kind: steady").replace(", end: 1 s", ""))
    assert run(case, body=MeshBody(case)).failure is None
    monkeypatch.setattr("thermo.heat.linear.MOST_DIRECT", {1: 0, 2: 0, 3: 0})
    for place in ("thermo.heat.mesh_work.cg", "thermo.heat.steady.bicgstab"):
        monkeypatch.setattr(place, lambda matrix, rhs, **words: (np.zeros_like(rhs), 1))
    monkeypatch.setattr("thermo.heat.linear.LARGEST_FACTOR", 0.0)
    failure = run(case, body=MeshBody(case)).failure
    assert "a linear system cannot be solved: multigrid does not converge, and factors need about " in failure
    assert failure.endswith("GB; use fewer nodes")
