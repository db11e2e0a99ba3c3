"""Lumped bodies that faces touch: exact exchange of heat, both limits of the heat capacity, the balance, symmetry, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bodies.test_mesh_file import written
from tests.conftest import case_from
from tests.simulation.test_resume import checkpoints
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.simulation.simulate import run

SLAB = """
title: a slab of 10 J/K on a holder
materials: {metal: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 1e5 W/(m K)}}
sample:
  kind: boxes
  coordinates: line
  cross_section: 10 cm2
  temperature: 400 K
  regions: {slab: {material: metal, from: [0 mm], to: [10 mm]}}
  mesh: {order: 1, largest: 2.5 mm}
programme:
  kind: surroundings
  end: 30 s
  faces: {left: [{kind: contact-with-a-body, name: holder, heat_capacity: 20 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}]}
measure: {probes: {middle: {region: slab, take: mean}}, flows: [left]}
numerics: {tolerance: 1e-5}
"""
AREA, SLAB_CAPACITY, HOLDER_CAPACITY, RESISTANCE = 1e-3, 10.0, 20.0, 1e-3  # m2, J/K, J/K, m2 K/W


def slab(*changes):
    """The slab with some words replaced, each of which must be there."""
    text = SLAB
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return case_from(text)


def relaxed(time):
    """The holder's temperature, exactly, for a slab of one temperature: tau = R/A C1 C2/(C1 + C2)."""
    whole = SLAB_CAPACITY + HOLDER_CAPACITY
    mean = (SLAB_CAPACITY * 400.0 + HOLDER_CAPACITY * 300.0) / whole
    tau = RESISTANCE / AREA * SLAB_CAPACITY * HOLDER_CAPACITY / whole
    return mean + (300.0 - mean) * np.exp(-time / tau)


@pytest.mark.parametrize(("order", "capacity"), [(1, "lumped"), (2, "lumped"), (1, "consistent"), (2, "consistent")])
def test_two_bodies_come_to_one_temperature_as_an_exponential(order, capacity):
    result = run(slab(("order: 1", f"order: {order}"), ("{tolerance: 1e-5}", f"{{tolerance: 1e-5, capacity: {capacity}}}")))
    columns, summary = result.columns, result.summary()
    assert columns["holder_K"] == pytest.approx(relaxed(columns["time_s"]), abs=0.01)
    assert columns["heat_left_W"] == pytest.approx(AREA / RESISTANCE * (columns["holder_K"] - columns["middle_K"]), abs=0.01)
    assert columns["flow_left_W"] == pytest.approx(columns["heat_left_W"], rel=1e-12)
    assert "heat_holder_W" not in columns  # nothing but the slab acts on it
    assert summary["probes"]["holder"]["initial_K"] == 300.0
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["warnings"] == []


def test_the_exchange_converges_with_the_square_of_the_step():
    errors = []
    for n in (8, 16, 32):
        step = ("{tolerance: 1e-5}", f"{{step: {8.0 / n} s}}")
        result = run(slab(step, ("end: 30 s", "end: 8 s"), ("1e5 W/(m K)", "1e9 W/(m K)")))
        errors.append(abs(result.columns["holder_K"][-1] - float(relaxed(8.0))))
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx([2.0, 2.0], abs=0.25)


CONDUCTING = [("1e5 W/(m K)", "1 W/(m K)"), ("end: 30 s", "end: 60 s"), ("largest: 2.5 mm", "smallest: 0.25 mm, largest: 0.5 mm")]


def test_a_tiny_body_insulates_and_a_huge_one_holds():
    """The limits: a face without a condition, and a film of the coefficient 1/R to the start temperature of the body."""
    tiny = run(slab(*CONDUCTING, ("20 J/K", "1e-9 J/K"))).columns["middle_K"][-1]
    huge = run(slab(*CONDUCTING, ("20 J/K", "1e9 J/K"))).columns["middle_K"][-1]
    film = run(
        slab(
            *CONDUCTING,
            (
                "{kind: contact-with-a-body, name: holder, heat_capacity: 20 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}",
                "{kind: convection, heat_transfer_coefficient: 1000 W/(m2 K), ambient_temperature: 300 K}",
            ),
        )
    ).columns["middle_K"][-1]
    assert tiny == pytest.approx(400.0, abs=1e-5)
    assert huge == pytest.approx(film, abs=2e-4)
    assert film < 370.0


def test_a_power_heats_the_body_and_the_slab():
    """20 W over 30 s into 30 J/K: 20 K. In the end both rise by 20/30 K/s, and 20/3 W pass the contact; tau is 20/3 s."""
    result = run(slab(("temperature: 300 K", "power: 20 W")))
    summary = result.summary()
    heat = SLAB_CAPACITY * (result.columns["middle_K"][-1] - 400.0) + HOLDER_CAPACITY * (result.columns["holder_K"][-1] - 400.0)
    assert heat == pytest.approx(600.0, rel=1e-9)
    assert result.columns["stored_J"][-1] == pytest.approx(600.0, rel=1e-9)
    assert summary["energy"]["heat_in_J"] == pytest.approx(600.0, rel=1e-12)
    assert summary["heats"]["holder"]["final_W"] == 20.0
    assert summary["heats"]["left"]["final_W"] == pytest.approx(20.0 / 3.0 * (1.0 - np.exp(-30.0 / (20.0 / 3.0))), rel=1e-3)
    assert summary["energy"]["residual_relative"] < 1e-12


def test_a_ramp_and_a_table_of_power_give_their_integral():
    for power, heat in (("{from: 0 W, to: 20 W, over: 10 s}", 500.0), ("{table: [[0 s, 20 W], [10 s, 20 W], [10.001 s, 0 W]]}", 200.01)):
        summary = run(slab(("temperature: 300 K", f"power: {power}"))).summary()
        assert summary["energy"]["heat_in_J"] == pytest.approx(heat, rel=1e-6)
        assert summary["energy"]["residual_relative"] < 1e-12


def test_a_body_loses_heat_to_its_surroundings():
    """Of 20 W nothing is left over at last: the holder is 20 W/(2 W/K) above its surroundings, and the slab with it."""
    lost = "power: 20 W, heat_transfer_conductance: 2 W/K, ambient_temperature: 300 K"
    summary = run(slab(("temperature: 300 K", lost), ("end: 30 s", "end: 1000 s"))).summary()
    assert summary["probes"]["holder"]["final_K"] == pytest.approx(310.0, abs=1e-3)
    assert summary["probes"]["middle"]["final_K"] == pytest.approx(310.0, abs=1e-3)
    assert summary["heats"]["holder"]["extreme_W"] == pytest.approx(-180.0, rel=1e-9)
    assert summary["energy"]["heat_in_J"] == pytest.approx(20e3, rel=1e-12)
    assert summary["energy"]["heat_out_J"] == pytest.approx(20e3 + 30.0 * 90.0, rel=1e-6)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["warnings"] == []


def test_a_resistance_over_time():
    """Until 10 s hardly any heat passes; from then on it is as if the clock had begun."""
    late = run(slab(("1e-3 m2 K/W", "{table: [[10 s, 1e9 m2 K/W], [10.000001 s, 1e-3 m2 K/W]]}")))
    time = late.columns["time_s"]
    after = time > 11.0
    assert late.columns["holder_K"][time <= 10.0].max() == pytest.approx(300.0, abs=1e-3)
    assert late.columns["holder_K"][after] == pytest.approx(relaxed(time[after] - 10.0), abs=0.02)
    assert late.summary()["energy"]["residual_relative"] < 1e-12


def test_conductivities_and_heat_capacities_may_depend_on_temperature():
    tables = [
        ("500 J/(kg K)", "{table: [[300 K, 500 J/(kg K)], [400 K, 700 J/(kg K)]]}"),
        ("1e5 W/(m K)", "{table: [[300 K, 1 W/(m K)], [400 K, 2 W/(m K)]]}"),
    ]
    summary = run(slab(*tables, ("end: 30 s", "end: 600 s"))).summary()  # 0.02 kg
    end = summary["probes"]["holder"]["final_K"]
    high, low = 500.0 + 2.0 * (400.0 - 300.0), 500.0 + 2.0 * (end - 300.0)
    assert 0.02 * 0.5 * (high + low) * (400.0 - end) == pytest.approx(HOLDER_CAPACITY * (end - 300.0), rel=1e-4)
    assert summary["energy"]["residual_relative"] < 1e-6


def test_one_body_touched_by_two_faces_and_two_bodies():
    """Both faces of the slab on one holder: half the resistance. With a second holder of the same kind, each has half of the heat."""
    left = "left: [{kind: contact-with-a-body, name: holder, heat_capacity: 20 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}]"
    right = left.replace("left", "right")
    one = run(slab((left, f"{left}, {right}"))).columns
    assert one["holder_K"] == pytest.approx(relaxed(2.0 * one["time_s"]), abs=0.01)
    halves = [text.replace("20 J/K", "10 J/K") for text in (left, right.replace("holder", "other"))]
    two = run(slab((left, ", ".join(halves)))).columns
    assert two["holder_K"] == pytest.approx(relaxed(2.0 * two["time_s"]), abs=0.01)
    assert two["other_K"] == pytest.approx(two["holder_K"], abs=1e-6)


HALVES = """
title: a bar between two sides of a holder
materials: {bar: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 5 W/(m K)}}
sample:
  kind: boxes
  coordinates: plane
  temperature: 400 K
  thickness: 10 mm
  symmetry: [bottom]
  regions: {bar: {material: bar, from: [0 mm, 0 mm], to: [10 mm, 5 mm]}}
  mesh: {order: 1, largest: 1 mm}
programme:
  kind: surroundings
  end: 20 s
  faces:
    left:
      - {kind: contact-with-a-body, name: holder, heat_capacity: 2 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K, power: 1 W,
         heat_transfer_conductance: 0.1 W/K, ambient_temperature: 290 K}
measure: {probes: {end: {face: right, take: mean}}, flows: [left]}
numerics: {step: 0.5 s}
"""


def test_half_of_a_body_by_symmetry_is_the_whole():
    half = run(case_from(HALVES))
    whole = run(case_from(HALVES.replace("symmetry: [bottom]", "symmetry: []").replace("0 mm, 0 mm]", "0 mm, -5 mm]")))
    for name in ("holder_K", "end_K", "heat_left_W", "heat_holder_W", "flow_left_W", "stored_J"):
        assert half.columns[name] == pytest.approx(whole.columns[name], rel=1e-9), name
    for summary in (half.summary(), whole.summary()):
        assert summary["energy"]["residual_relative"] < 1e-12


BESIDE = """
title: two blocks side by side on a plate, held on a patch
materials:
  one: {density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 5 W/(m K)}
  two: {density: 1000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 1 W/(m K)}
sample:
  kind: boxes
  coordinates: plane
  temperature: 400 K
  thickness: 10 mm
  regions:
    a: {material: one, from: [0 mm, 0 mm], to: [5 mm, 5 mm]}
    b: {material: two, from: [5 mm, 0 mm], to: [10 mm, 5 mm]}
  patches: {cold: {from: [0 mm, 0 mm], to: [2 mm, 0 mm]}}
  mesh: {order: 1, smallest: 0.5 mm, largest: 1 mm}
programme:
  kind: surroundings
  end: 20 s
  faces: {cold: [{kind: held, temperature: 350 K}], bottom: [CONDITION]}
measure: {probes: {end: {face: right, take: mean}}, flows: [bottom, cold, a|b]}
numerics: {step: 0.5 s}
"""


def test_a_huge_body_is_a_film_in_every_flow():
    """Through the touched face, beside a held patch on it, and through an interface that ends there."""
    body = "{kind: contact-with-a-body, name: plate, heat_capacity: 1e9 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}"
    film = "{kind: convection, heat_transfer_coefficient: 1000 W/(m2 K), ambient_temperature: 300 K}"
    touched, blown = (run(case_from(BESIDE.replace("CONDITION", condition))) for condition in (body, film))
    for name in ("end_K", "heat_bottom_W", "heat_cold_W", "flow_bottom_W", "flow_cold_W", "flow_a|b_W"):
        assert touched.columns[name] == pytest.approx(blown.columns[name], abs=1e-7), name
    assert all(warning["code"] != "energy" for warning in touched.summary()["warnings"])


ROUND = "diameter: 20 mm, length: 40 mm, roll: m"
CAN = np.pi / 4.0 * 0.02**2 * 0.04  # m3


@pytest.mark.parametrize(
    ("sample", "face", "volume"),
    [
        (f"kind: cylinder, {ROUND}, mesh: {{largest: 4 mm}}", "right", CAN),
        (f"kind: cylinder, half: false, {ROUND}, mesh: {{largest: 4 mm}}", "right", CAN),
        (f"kind: cylinder, coordinates: space, {ROUND}, mesh: {{largest: 4 mm}}", "side", CAN),
        (f"kind: pack, cylinder: {{{ROUND}}}, columns: 2, gap: 2 mm, between: m, mesh: {{across: 4, along: 2}}", "bottom", None),
        (
            "kind: stack, coordinates: space, size: [2 cm, 2 cm], layers: [{name: a, material: m, thickness: 5 mm}], mesh: {largest: 2 mm}",
            "left",
            2e-6,
        ),
        (
            "kind: layered-block, size: [20 mm, 20 mm], layers: [{name: a, material: m, thickness: 5 mm}],"
            "mesh: {order: 2, largest: 5 mm, symmetry: true}",
            "top",
            2e-6,
        ),
        (
            "kind: boxes, coordinates: space, symmetry: [left], regions: {a: {material: m, from: [0 mm, 0 mm, 0 mm],"
            "to: [10 mm, 20 mm, 5 mm]}}, mesh: {order: 2, elements: simplices, largest: 5 mm}",
            "top",
            2e-6,
        ),
    ],
)
def test_every_body_comes_to_the_temperature_of_its_holder(sample, face, volume):
    """(C T + C_b T_b)/(C + C_b) in the end, with the heat capacity of the whole body, whatever part of it is meshed."""
    result = run(
        case_from(f"""
title: a body on a holder
materials: {{m: {{density: 2000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 20 W/(m K)}}}}
sample: {{{sample}, temperature: 400 K}}
programme:
  kind: surroundings
  end: 10000 s
  faces: {{{face}: [{{kind: contact-with-a-body, name: holder, heat_capacity: 5 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}}]}}
measure: {{flows: [{face}]}}
""")
    )
    summary = result.summary()
    volume = 0.044 * 0.022 * 0.04 if volume is None else volume
    capacity = 2000.0 * 500.0 * volume
    assert summary["probes"]["holder"]["final_K"] == pytest.approx((400.0 * capacity + 300.0 * 5.0) / (capacity + 5.0), abs=1e-3)
    assert result.columns[f"flow_{face}_W"] == pytest.approx(result.columns[f"heat_{face}_W"], rel=1e-9, abs=1e-9)
    assert summary["energy"]["residual_relative"] < 1e-12


def test_a_body_from_a_mesh_file_too(tmp_path):
    file = written(tmp_path, 3, "simplices", programme="surroundings")
    body = "contact-with-a-body, name: holder, heat_capacity: 1 J/K, resistance: 1e-3 m2 K/W, temperature: 400 K"
    text = file.read_text().replace("kind: held, temperature: 400 K", f"kind: {body}")
    file.write_text(text.replace("    cold: [{kind: held, temperature: 300 K}]\n", "  end: 1000 s\n"))
    summary = run(read_case(file)).summary()
    assert summary["probes"]["holder"]["final_K"] == pytest.approx((300.0 * 0.75 + 400.0) / 1.75, abs=0.01)  # 750 mm3 of 1 MJ/(m3 K)
    assert summary["energy"]["residual_relative"] < 1e-12


REACTING = """
title: a cell of layers that burns out on a holder
materials:
  jelly: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K), chemistry: {title: one step,
    species: {a: {start: 1}}, reactions: {burn: {pre_exponential_factor: 1e10 1/s, activation_energy: 100 kJ/mol, consumes: {a: 1},
    heat: {per_mass: 200 J/g, content: 1000 kg/m3}, factors: [{kind: order, species: a, order: 1}]}}}}
  foil: {density: 2700 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 200 W/(m K)}
sample:
  kind: stack
  size: [100 mm, 100 mm]
  layers: [{name: cell, material: jelly, thickness: 5 mm}, {name: wall, material: foil, thickness: 1 mm}]
  temperature: 180 degC
  mesh: {order: 1, largest: 0.5 mm}
programme:
  kind: surroundings
  end: 300 s
  faces:
    right:
      - {kind: contact-with-a-body, name: holder, heat_capacity: 100 J/K, resistance: 1e-3 m2 K/W, temperature: 25 degC, power: 5 W}
    left: [{kind: flux, power: 20 W, stops: {probe: holder, temperature: 90 degC}}]
measure: {probes: {middle: {region: cell, take: mean}}, crossings: {warm: {probe: holder, temperature: 60 degC}}, pictures: {times: [50 s]}}
"""


def test_a_cell_that_reacts_heats_its_holder():
    case = case_from(REACTING)
    result, kept = run(case), checkpoints(case)
    summary = result.summary()
    released = sum(summary["energy"]["released_J"].values())
    assert 0.8 < released / (200e3 * 1000.0 * 0.01 * 0.005) <= 1.000001
    assert result.columns["stored_J"][-1] == pytest.approx(released + 5.0 * 300.0 + summary["triggers"]["left-stops"]["time_s"] * 20.0)
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["probes"]["holder"]["maximum_K"] > 425.0
    assert summary["hottest"]["T3"]["temperature_K"] > 490.0
    assert summary["triggers"]["left-stops"]["time_s"] > summary["crossings"]["warm"]["time_s"] > 0.0
    for k in (1, len(kept) // 2, len(kept) - 2):
        resumed = run(case, resume=kept[k])
        for name, values in result.columns.items():
            assert resumed.columns[name].tolist() == values.tolist(), name


def test_no_body_is_called_like_the_heat_of_a_reaction():
    with pytest.raises(CaseError, match=r"programme.faces.right: 'jelly_burn' has the name of the heat of a reaction"):
        case_from(REACTING.replace("holder", "jelly_burn"))


def test_an_inert_run_resumed_is_bitwise_the_same():
    whole, kept = run(case_from(HALVES)), checkpoints(case_from(HALVES))
    resumed = run(case_from(HALVES), resume=kept[len(kept) // 2])
    for name, values in whole.columns.items():
        assert resumed.columns[name].tolist() == values.tolist(), name


ENTRY = "left: [{kind: contact-with-a-body, name: holder, heat_capacity: 20 J/K, resistance: 1e-3 m2 K/W, temperature: 300 K}]"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("name: holder", "name: middle", r"faces.left.0.name: the case has a probe 'middle'; give the body another name"),
        ("name: holder", "name: slab", r"faces.left.0.name: the case has a region 'slab'"),
        ("name: holder", "name: right", r"faces.left.0.name: the case has a face 'right'"),
        ("name: holder", "name: my holder", r"faces.left.0.name: a name may have letters, digits"),
        ("20 J/K", "0 J/K", r"faces.left.0.heat_capacity: must be positive"),
        ("heat_capacity: 20 J/K, ", "", r"faces.left.0.heat_capacity: is missing|'heat_capacity' is missing"),
        ("temperature: 300 K}", "ambient_temperature: 300 K}", r"'heat_transfer_conductance' and 'ambient_temperature' together"),
        ("kind: surroundings\n  end: 30 s", "kind: steady", r"faces.left.0.kind: in a steady state a heat capacity has no effect"),
        (ENTRY, f"{ENTRY}, {ENTRY.replace('left', 'right').replace('20 J/K', '30 J/K')}", r"faces.right.0.heat_capacity: differs from"),
        (ENTRY, ENTRY[:-1] + ", " + ENTRY[7:].replace("holder", "other"), r"faces.left: touches two bodies"),
        (ENTRY, ENTRY[:-1] + ", {kind: held, temperature: 300 K}]", r"faces.left: is held at a temperature"),
    ],
)
def test_what_does_not_fit_is_refused(old, new, text):
    with pytest.raises(CaseError, match=text):
        slab((old, new))


def test_a_start_temperature_is_needed_where_the_sample_has_several():
    along = "temperature: {along: x, table: [[0 mm, 300 K], [10 mm, 400 K]]}"
    with pytest.raises(CaseError, match=r"faces.left.0: 'temperature' is missing: the sample has no single start temperature"):
        slab((", temperature: 300 K}", "}"), ("temperature: 400 K", along))
    assert run(slab(("temperature: 400 K", along))).summary()["energy"]["residual_relative"] < 1e-12


def test_all_mistakes_of_a_body_come_at_once():
    with pytest.raises(CaseError) as error:
        slab(("name: holder", "name: slab"), ("flows: [left]", "flows: [lid], crossings: {a: {probe: nobody, temperature: 310 K}}"))
    assert all(word in str(error.value) for word in ("a region 'slab'", "no face 'lid'", "no probe 'nobody'"))


def test_an_expectation_of_the_holder_is_known():
    text = SLAB + "expect: [{what: probes.holder.final_K, value: 332.963 K, within: 0.01 K, kind: exact, source: balance}]\n"
    assert run(case_from(text)).summary()["expect"][0]["holds"]
