"""Packs: where their cells stand, what they measure, how heat passes from one to the next; what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import CASES, case_from

from meshes.checks import oriented, quality, sizes, tangles
from meshes.packs import INSIDE, KINDS, Plan, part_at, section
from meshes.rounds import raised
from thermo.base.errors import CaseError
from thermo.bodies.gaps import shape_factor, view_factor
from thermo.case.case import read_case
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

MATERIALS = """
title: a pack
status: assumed
source: a test
materials:
  roll:
    density: 2500 kg/m3
    heat_capacity: 900 J/(kg K)
    thermal_conductivity: {radial: 1 W/(m K), tangential: 20 W/(m K), axial: 20 W/(m K)}
  wound:
    density: 2500 kg/m3
    heat_capacity: 900 J/(kg K)
    thermal_conductivity: {radial: 1 W/(m K), tangential: 9 W/(m K), axial: 9 W/(m K)}
  plain: {density: 2500 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 3 W/(m K)}
  steel: {density: 7900 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 16 W/(m K)}
  potting: {density: 1400 kg/m3, heat_capacity: 1200 J/(kg K), thermal_conductivity: 0.3 W/(m K)}
  felt: {density: 200 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 0.04 W/(m K)}
"""

ROUND = """
sample:
  kind: pack
  temperature: 25 degC
  cylinder: {diameter: 18 mm, length: 60 mm, roll: roll, core: {diameter: 4 mm}, can: {material: steel, thickness: 0.5 mm, ends: 1 mm}}
  rows: 2
  columns: 2
  gap: 2 mm
  between: potting
  barriers: {material: felt, thickness: 1 mm}
  tray: {material: steel, thickness: 3 mm, resistance: 1e-4 m2 K/W}
  mesh: {across: 4, along: 2}
"""

BOXES = """
sample:
  kind: pack
  temperature: 25 degC
  box: {size: [40 mm, 12 mm, 60 mm], material: plain, can: {material: steel, thickness: 0.5 mm}}
  rows: 3
  gap: 2 mm
  between: potting
  barriers: {material: felt, thickness: 1 mm}
  tray: {material: steel, thickness: 3 mm}
  mesh: {across: 4, along: 2}
"""

HEATED = """
programme:
  kind: surroundings
  end: 60 s
  sources: {cell-1: {power: 20 W}}
  faces: {outside: [{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 25 degC}]}
measure: {probes: {one: {region: cell-1, take: mean}, two: {region: cell-2, take: mean}}}
numerics: {step: 10 s}
"""


def volumes(text):
    """Volume of every region [m3]."""
    body = build(case_from(MATERIALS + text + HEATED))
    return dict(zip(body.regions, body.volumes.sum(axis=0), strict=True))


def test_round_cells_have_their_volumes_and_the_filler_has_the_rest():
    """Polygons have the area of their circles: to rounding, on a coarse mesh."""
    found = volumes(ROUND)
    for k in range(1, 5):
        assert found[f"cell-{k}"] == pytest.approx(math.pi * (8.5e-3**2 - 2e-3**2) * 58e-3, rel=1e-12)
        assert found[f"can-{k}"] == pytest.approx(math.pi * (9e-3**2 * 60e-3 - 8.5e-3**2 * 58e-3), rel=1e-12)
    assert found["between"] == pytest.approx((40e-3 * 39e-3 - 4.0 * math.pi * 9e-3**2) * 60e-3, rel=1e-12)
    assert found["barrier-1"] == pytest.approx(40e-3 * 1e-3 * 60e-3, rel=1e-12)
    assert found["tray"] == pytest.approx(40e-3**2 * 3e-3, rel=1e-12)


def test_boxes_have_their_volumes_and_the_filler_is_between_them_alone():
    """Three prismatic cells in a row, with felt in the middle of each gap."""
    found = volumes(BOXES)
    for k in range(1, 4):
        assert found[f"cell-{k}"] == pytest.approx(39e-3 * 11e-3 * 59e-3, rel=1e-12)
        assert found[f"can-{k}"] == pytest.approx(40e-3 * 12e-3 * 60e-3 - 39e-3 * 11e-3 * 59e-3, rel=1e-12)
    assert found["between"] == pytest.approx(4.0 * 0.5e-3 * 40e-3 * 60e-3, rel=1e-12)
    assert found["barrier-2"] == pytest.approx(1e-3 * 40e-3 * 60e-3, rel=1e-12)
    assert found["tray"] == pytest.approx(40e-3 * 40e-3 * 3e-3, rel=1e-12)


def test_outside_are_the_faces_of_the_whole_and_no_bore():
    """An upright block with the areas of its six sides; the side of a cell that stands alone has that of its circle."""
    body = build(case_from(MATERIALS + ROUND + HEATED))
    assert body.shape.face("outside")[1].sum() == pytest.approx(4.0 * 40e-3 * 63e-3 + 2.0 * 40e-3**2, rel=1e-9)
    alone = ROUND.replace("  between: potting\n", "").replace("  barriers: {material: felt, thickness: 1 mm}\n", "")
    body = build(case_from(MATERIALS + alone + HEATED))
    assert body.shape.face("side-3")[1].sum() == pytest.approx(2.0 * math.pi * 9e-3 * 60e-3, rel=1e-12)
    outside = 4.0 * 2.0 * math.pi * 9e-3 * 60e-3 + 4.0 * 40e-3 * 3e-3 + 2.0 * 40e-3**2
    assert body.shape.face("outside")[1].sum() == pytest.approx(outside, rel=1e-9)


PLAN = Plan(2, 2, (20.0, 20.0), (18.0, 18.0), 0.5, 1.5, 0.0, 8, True)


@pytest.mark.usual(4)
@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, 0.6),
        ({"pitch": (18.09, 18.09)}, 0.6),
        ({"pitch": (60.0, 60.0)}, 0.6),
        ({"sheet": 1.8}, 0.5),
        ({"pitch": (18.5, 30.0), "sheet": 11.0}, 0.2),
        ({"core": 0.1, "across": 1}, 0.6),
        ({"wall": 4.0, "core": 0.0}, 0.6),
    ],
)
def test_its_quadrilaterals_are_sound(changes, least):
    """No cell is turned, folded or over another, in narrow and in wide gaps; parts are where `part_at` says and have their areas."""
    plan = PLAN._replace(**changes)
    made = section(plan)
    mesh = raised(made, np.array([0.0, 10.0]), np.zeros((plan.n_parts, 1), int), ["all"])
    assert oriented(mesh.points, mesh.cells, mesh.kind)[1:] == (0, [])
    assert tangles(mesh.points, mesh.cells, mesh.kind)[1] == []
    assert quality(mesh.points, mesh.cells, mesh.kind).min() > least
    volume = sizes(mesh.points, mesh.cells, mesh.kind)
    (left, right), (front, back) = plan.ends()
    assert volume.sum() == pytest.approx((right - left) * (back - front) * 10.0, rel=1e-12)
    roll = math.pi * ((9.0 - plan.wall) ** 2 - plan.core**2) * 10.0
    for cell in range(4):
        assert volume[made.part == KINDS * cell + INSIDE].sum() == pytest.approx(roll, rel=1e-12)
    middles = made.points[made.cells].mean(axis=1)
    assert [part_at(plan, x, y) for x, y in middles.tolist()] == made.part.tolist()


def rayleigh(ratio, fraction):
    """Conductivity across a square array of cylinders over that of what is between them.

    W. T. Perrins, D. R. McKenzie, R. C. McPhedran, Proc. R. Soc. A 369 (1979) 207-225, to the eighth power of the fraction.
    """
    t = (1.0 + ratio) / (1.0 - ratio)
    return 1.0 - 2.0 * fraction / (t + fraction - 0.305827 * fraction**4 * t / (t**2 - 1.402958 * fraction**8) - 0.013362 * fraction**8 / t)


@pytest.mark.parametrize(("quadrature", "across", "roll"), [("gauss", 16, "plain"), ("nodal", 32, "plain"), ("gauss", 16, "wound")])
def test_heat_passes_a_row_as_it_passes_an_array_of_cylinders(quadrature, across, roll):
    """Two cells of 3 W/(m K) in potting of 0.3 W/(m K) between planes at 100 and 0 degC: Rayleigh's conductivity of the array.

    One of layers with 1 W/(m K) across and 9 W/(m K) along them, wound round each axis, is the same from outside: every multipole
    r^m of the potential becomes r^(3 m), and the flux that it needs at the rim is that of sqrt(1 x 9) W/(m K).
    """
    row = """
sample:
  kind: pack
  temperature: 25 degC
  cylinder: {diameter: 16 mm, length: 10 mm, roll: ROLL}
  columns: 2
  pitch: 20 mm
  between: potting
  mesh: {across: ACROSS, along: 1}
programme:
  kind: steady
  faces: {left: [{kind: held, temperature: 100 degC}], right: [{kind: held, temperature: 0 degC}]}
"""
    text = MATERIALS + row.replace("ACROSS", str(across)).replace("ROLL", roll) + f"numerics: {{quadrature: {quadrature}}}\n"
    found = run(case_from(text)).columns["heat_left_W"][-1]
    exact = 0.3 * rayleigh(10.0, math.pi * 8.0**2 / 20.0**2) * 100.0 * 20e-3 * 10e-3 / 40e-3
    assert found == pytest.approx(exact, rel=5e-3)


def test_boxes_with_flush_barriers_are_layers_in_series():
    """Held in front, with a film behind: the heat is the difference of temperature over the sum of the resistances."""
    row = """
sample:
  kind: pack
  temperature: 25 degC
  box: {size: [50 mm, 12 mm, 40 mm], material: plain}
  rows: 3
  gap: 2 mm
  barriers: {material: felt, thickness: 2 mm}
  contacts: {cell-1|barrier-1: 0.002 m2 K/W}
  mesh: {across: 2, along: 1}
programme:
  kind: steady
  faces:
    front: [{kind: held, temperature: 100 degC}]
    back: [{kind: convection, heat_transfer_coefficient: 50 W/(m2 K), ambient_temperature: 0 degC}]
"""
    resistance = 3 * 12e-3 / 3.0 + 2 * 2e-3 / 0.04 + 0.002 + 1.0 / 50.0
    assert run(case_from(MATERIALS + row)).columns["heat_front_W"][-1] == pytest.approx(100.0 / resistance * 50e-3 * 40e-3, rel=1e-9)


def test_boxes_without_a_gap_touch_and_empty_gaps_are_told_of():
    """Two boxes side by side are one plate in the steady state; apart, the log says that nothing passes."""
    row = """
sample:
  kind: pack
  temperature: 25 degC
  box: {size: [12 mm, 50 mm, 40 mm], material: plain}
  columns: 2
  gap: GAP
  mesh: {across: 2, along: 1}
programme:
  kind: steady
  faces: {left: [{kind: held, temperature: 100 degC}], right: [{kind: held, temperature: 0 degC}]}
"""
    found = run(case_from(MATERIALS + row.replace("GAP", "0 mm"))).columns["heat_left_W"][-1]
    assert found == pytest.approx(3.0 * 100.0 / 24e-3 * 50e-3 * 40e-3, rel=1e-9)
    apart = case_from(MATERIALS + row.replace("GAP", "1 mm")).body
    flush = BOXES.replace("  between: potting\n", "").replace("felt, thickness: 1 mm", "felt, thickness: 2 mm")
    assert len(case_from(MATERIALS + flush + HEATED).body.notes({})) == 1
    assert apart.notes({})[1] == "no heat passes the empty gaps between cells: give 'between' or 'exchange'"


def test_a_cell_alone_cools_as_the_axisymmetric_one():
    """Its side and its ends in air: the mean of its roll after a minute, both meshes with the can and the bore."""
    film = "[{kind: convection, heat_transfer_coefficient: 60 W/(m2 K), ambient_temperature: 80 degC}]"
    programme = f"programme: {{kind: surroundings, end: 60 s, faces: {{outside: {film}}}}}\n"
    programme += "measure: {probes: {it: {region: ROLL, take: mean}}}\nnumerics: {step: 10 s}\n"
    cell = ROUND[ROUND.index("{diameter: 18 mm") : ROUND.index("  rows")].strip()
    alone = f"sample: {{kind: pack, temperature: 25 degC, gap: 2 mm, cylinder: {cell}, mesh: {{across: 8, along: 8}}}}\n"
    flat = f"sample: {{kind: cylinder, temperature: 25 degC, {cell[1:-1]}}}\n"
    pack = run(case_from(MATERIALS + alone + programme.replace("ROLL", "cell-1")))
    turned = run(case_from(MATERIALS + flat + programme.replace("ROLL", "roll")))
    assert pack.probe("it")[-1] - 298.15 == pytest.approx(turned.probe("it")[-1] - 298.15, rel=2e-2)


def test_a_symmetric_pack_stays_symmetric():
    """Three cells in potting, the middle one heated: the outer two have the same temperature, in the steady state to rounding."""
    row = (
        ROUND.replace("rows: 2", "rows: 1")
        .replace("columns: 2", "columns: 3")
        .replace("  barriers: {material: felt, thickness: 1 mm}\n", "")
    )
    heated = HEATED.replace("{cell-1: {power: 20 W}}", "{cell-2: {power: 2 W}}").replace("region: cell-2", "region: cell-3")
    steady = heated.replace("kind: surroundings\n  end: 60 s", "kind: steady").replace("numerics: {step: 10 s}\n", "")
    result = run(case_from(MATERIALS + row + steady))
    assert result.probe("one")[-1] > 310.0
    assert result.probe("two")[-1] == pytest.approx(result.probe("one")[-1], rel=1e-9)


def test_the_balance_of_a_pack_closes():
    """20 W for a minute are all there: stored, or given to the air."""
    energy = run(case_from(MATERIALS + ROUND + HEATED)).summary()["energy"]
    assert energy["residual_relative"] < 1e-12
    assert energy["heat_in_J"] == pytest.approx(1200.0, rel=1e-9)


EMPTY = ROUND.replace("between: potting", "exchange: {thermal_conductivity: 0.03 W/(m K), emissivity: 0.8}").replace(
    "  barriers: {material: felt, thickness: 1 mm}\n", ""
)


def exchanged(text, face):
    """Heat across a gap between cells at 400 K and 300 K, area and nodes of its pairs."""
    body = build(case_from(MATERIALS + text + HEATED))
    condition, (one, other, area) = dict(body.terms)[face], body.links[face]
    at = np.full(len(area), 400.0), np.full(len(area), 300.0)
    return float(np.sum(condition.across(area, 0.0, *at) * (at[0] - at[1]))), body.shape.space.points[one], body.shape.space.points[other]


def test_round_cells_exchange_by_their_shape_factor_and_their_view_factor():
    """The whole quarter that faces the neighbour passes S k L (T1 - T2), and radiation as a network of F and two surfaces."""
    for face in ("gap-1-2", "gap-1-3"):
        heat, one, other = exchanged(EMPTY, face)
        conducted = shape_factor(20.0 / 18.0) * 0.03 * 60e-3 * 100.0
        area = math.pi * 18e-3 * 60e-3
        radiated = area * 5.670374419e-8 * (400.0**4 - 300.0**4) / (2.0 * (1.0 / 0.8 - 1.0) + 1.0 / view_factor(20.0 / 18.0))
        assert heat == pytest.approx(conducted + radiated, rel=1e-6)
        axis = 0 if face == "gap-1-2" else 1
        assert one[:, axis] + other[:, axis] == pytest.approx(np.full(len(one), 20e-3), abs=1e-12)
        assert np.delete(one, axis, axis=1) == pytest.approx(np.delete(other, axis, axis=1), abs=1e-12)


def test_boxes_exchange_as_parallel_plates():
    """k A / d (T1 - T2) and grey plates: 1/eps + 1/eps - 1."""
    text = BOXES.replace("between: potting", "exchange: {thermal_conductivity: 0.03 W/(m K), emissivity: 0.5}")
    heat, one, other = exchanged(text.replace("  barriers: {material: felt, thickness: 1 mm}\n", ""), "gap-2-3")
    area = 40e-3 * 60e-3
    assert heat == pytest.approx(area * (0.03 * 100.0 / 2e-3 + 5.670374419e-8 * (400.0**4 - 300.0**4) / 3.0), rel=1e-6)
    assert other[:, 1] - one[:, 1] == pytest.approx(np.full(len(one), 2e-3), abs=1e-12)


def test_factors_of_two_cylinders_have_their_limits():
    """Touching ones see pi/2 - 1 over pi of each other; far ones see a strip of one diameter; thin wires conduct by a logarithm."""
    assert view_factor(1.0) == pytest.approx((0.5 * math.pi - 1.0) / math.pi, rel=1e-12)
    assert view_factor(200.0) == pytest.approx(1.0 / (2.0 * math.pi * 200.0), rel=1e-4)
    assert shape_factor(1e4) == pytest.approx(math.pi / math.log(2e4), rel=1e-6)


def test_what_crosses_a_gap_leaves_one_cell_and_enters_the_other():
    """The heat into both sides is opposite, the balance closes, and what faces a neighbour is no part of the outside."""
    result = run(case_from(MATERIALS + EMPTY + HEATED.replace("measure: {", "measure: {flows: [gap-1-2, gap-2-1], ")))
    assert result.columns["flow_gap-1-2_W"] == pytest.approx(-result.columns["flow_gap-2-1_W"], rel=1e-9)
    assert result.columns["flow_gap-2-1_W"][-1] > 0.0
    assert result.summary()["energy"]["residual_relative"] < 1e-12
    faces = result.body.shape.mesh.faces
    both = {tuple(row) for row in np.sort(faces["gap-1-2"], axis=1).tolist()} & {
        tuple(row) for row in np.sort(faces["outside"], axis=1).tolist()
    }
    assert both == set()


HOT = """
  hot:
    density: 2500 kg/m3
    heat_capacity: 900 J/(kg K)
    thermal_conductivity: 3 W/(m K)
    chemistry:
      title: a decay
      species: {c: {start: 1}}
      reactions:
        only:
          pre_exponential_factor: 0.1 1/s
          activation_energy: 0 J/mol
          factors: [{kind: order, species: c, order: 1}]
          consumes: {c: 1}
          heat: {per_mass: 1000 J/g, content: 1000 kg/m3}
"""


def test_one_cell_may_be_of_another_material_and_react():
    """`cells` names it; it alone is in the arrivals, and its heat is that of its volume."""
    two = """
sample:
  kind: pack
  temperature: {cell-1: 150 degC, cell-2: 25 degC}
  box: {size: [40 mm, 12 mm, 60 mm], material: plain}
  columns: 2
  gap: 2 mm
  exchange: {emissivity: 0.8}
  cells: {cell-1: {material: hot}}
  mesh: {across: 1, along: 1}
programme: {kind: surroundings, end: 200 s}
"""
    summary = run(case_from(MATERIALS + HOT + two)).summary()
    assert list(summary["arrivals"]) == ["cell-1"]
    assert summary["energy"]["released_J"]["hot_only"] == pytest.approx(1e9 * 40e-3 * 12e-3 * 60e-3, rel=1e-4)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["regions"]["cell-2"]["mean_K"] > 299.0


@pytest.mark.slow
def test_the_shipped_row_gives_what_it_says():
    """Three cells in potting: heats to rounding, delays as on the finer mesh, and a balance that closes through three runaways."""
    result = run(read_case(CASES / "propagation" / "potted-row.yaml"))
    summary = result.summary()
    assert [entry["holds"] for entry in summary["expect"]] == [True] * 6
    assert summary["energy"]["residual_relative"] < 1e-12


@pytest.mark.slow
def test_neighbours_on_both_sides_run_away_together():
    """The middle one of three cells is heated: the outer two arrive within what the solver leaves open of a second."""
    text = (CASES / "propagation" / "potted-row.yaml").read_text().replace("sources: {cell-1:", "sources: {cell-2:")
    arrivals = run(case_from(text[: text.index("expect:")])).summary()["arrivals"]
    assert arrivals["cell-1"]["time_s"] == pytest.approx(arrivals["cell-3"]["time_s"], abs=0.5)


@pytest.mark.slow
def test_a_pack_may_be_refined_once():
    """Half the size in every direction: the means of an inert pack change by a few percent of their rise on a coarse mesh."""
    refined = HEATED.replace("{step: 10 s}", "{step: 10 s, check_mesh: true}")
    found = run(case_from(MATERIALS + ROUND + refined)).summary()["mesh_check"]["results"]
    assert abs(found["one_K"]["relative"]) < 0.05


@pytest.mark.parametrize(
    ("sample", "old", "new", "said"),
    [
        (ROUND, "gap: 2 mm", "pitch: 17 mm", "test.yaml:25: sample.pitch: cells overlap: they are 18 mm wide along x, but 17 mm apart"),
        (ROUND, "gap: 2 mm", "pitch: 18 mm", "sample.pitch: round cells need a gap of 0.09 mm along x, found 0 mm"),
        (ROUND, "gap: 2 mm", "gap: -2 mm", "sample.gap: must not be negative, got -2 mm"),
        (ROUND, "gap: 2 mm", "gap: 2", "sample.gap: 2 has no unit"),
        (ROUND, "gap: 2 mm", "gap: 2 km", "points in a section, and 1.5e+06 are accepted: is its unit right? else decrease across"),
        (BOXES, "gap: 2 mm", "gap: 3 km", "points in a section, and 1.5e+06 are accepted: is its unit right? else decrease across"),
        (ROUND, "gap: 2 mm", "gap: 2 mm\n  pitch: 20 mm", "give either 'pitch', from cell to cell, or 'gap', between neighbours"),
        (ROUND, "  gap: 2 mm\n", "", "give either 'pitch', from cell to cell, or 'gap', between neighbours"),
        (
            ROUND,
            "felt, thickness: 1 mm",
            "felt, thickness: 2 mm",
            "barriers.thickness: leaves no room: 1.91 mm of the gap between rows can be filled",
        ),
        (ROUND, "rows: 2", "rows: 1", "barriers: need two rows: a barrier lies between rows"),
        (ROUND, "  mesh:", "  cells: {cell-5: {material: steel}}\n  mesh:", "cells.cell-5: there is no cell 'cell-5'"),
        (
            ROUND,
            "  mesh:",
            "  cells: {cell-1: {material: stel}}\n  mesh:",
            "cells.cell-1.material: unknown material 'stel'; did you mean 'steel'?",
        ),
        (ROUND, "  mesh:", "  exchange: {emissivity: 0.8}\n  mesh:", "exchange: is for empty gaps, but 'between' fills the gaps"),
        (EMPTY, "rows: 2\n  columns: 2", "rows: 1", "exchange: has no effect: no two cells have a gap between them"),
        (ROUND, "  mesh:", "  contacts: {can-1|tray: 0.1 m2 K/W}\n  mesh:", "the tray has a 'resistance' already: give it in one place"),
        (ROUND, "diameter: 4 mm", "diameter: 17.2 mm", "cylinder.core.diameter: leaves no roll: the can is 17 mm wide inside"),
        (ROUND, "thickness: 0.5 mm", "thickness: 9 mm", "cylinder.can.thickness: leaves no room in a cell that is 18 mm wide"),
        (ROUND, "ends: 1 mm", "ends: 30 mm", "cylinder.can.ends: leaves no room in a cell that is 60 mm high"),
        (ROUND, "  rows: 2", "  box: {size: [1 mm, 1 mm, 1 mm], material: steel}\n  rows: 2", "give one of 'cylinder' and 'box'"),
        (ROUND, "rows: 2", "rows: 300", "rows: makes 600 cells with 2 columns; at most 400 are accepted"),
        (ROUND, "gap: 2 mm", "gap: [2 mm, 2 mm, 2 mm]", "gap: has 3 entries; 2 are needed"),
        (BOXES, "felt, thickness: 1 mm", "felt, thickness: 2 mm", "between: has no gap to fill"),
        (BOXES, "rows: 3", "row: 3", "row: unknown key; did you mean 'rows'?"),
        (BOXES, "temperature: 25 degC", "temperature: {cell-1: 25 degC}", "the region 'cell-2' has no temperature"),
    ],
)
def test_what_makes_no_pack_is_refused(sample, old, new, said):
    """One clear line each, at the key that is wrong."""
    with pytest.raises(CaseError) as caught:
        case_from(MATERIALS + sample.replace(old, new) + HEATED)
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("around, said", [("1 W/(m K)", False), ("25 W/(m K)", True)])
def test_a_node_that_falls_where_nothing_cools_it_is_said(around, said):
    """The axis of a roll that conducts much better around than across falls as its rim burns; with the same in both it does not."""
    settings = ["expect=[]", "measure.pictures.times=[]", "sample.columns=2", "measure.probes={}", "programme.end=320 s"]
    text = f"materials.roll.thermal_conductivity={{radial: 1 W/(m K), tangential: {around}, axial: 25 W/(m K)}}"
    warnings = run(read_case(CASES / "propagation" / "potted-row.yaml", [*settings, text])).summary()["warnings"]
    assert ("undershoot" in [warning["code"] for warning in warnings]) == said
