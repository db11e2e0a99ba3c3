"""Chemistry on a mesh: the cell of one temperature as a body, conservation, symmetry, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import case_from

from thermo.base.errors import CaseError
from thermo.heat import reacting as module
from thermo.heat.reacting import Chemistry
from thermo.heat.reactor import Stage
from thermo.materials.storage import heats
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run
from thermo.stepping.loop import State, copied, initial_state, integrate

ROLL = "density: 2580 kg/m3, heat_capacity: 830 J/(kg K), thermal_conductivity: K, chemistry: hatchard-kim-4"

OVEN = """
title: a rod in an oven
status: assumed
source: a test
materials:
  roll: {ROLL}
sample:
  kind: boxes
  coordinates: axisymmetric
  temperature: 25 degC
  regions: {roll: {material: roll, from: [0 mm, 0 mm], to: [9 mm, 65 mm]}}
  mesh: {order: 1, smallest: 65 mm, largest: 65 mm}
programme: {kind: oven, air: 155 degC, heat_transfer_coefficient: 7.17 W/(m2 K), emissivity: 0.8, end: 1600 s}
measure: {probes: {core: [0 mm, 0 mm]}, crossings: {hot: {probe: core, temperature: 200 degC}}}
"""


def rod(conductivity="20000 W/(m K)", **changes):
    """The rod with other values of its keys."""
    text = OVEN.replace("ROLL", ROLL).replace("K,", f"{conductivity},", 1)
    for key, value in changes.items():
        old = next(line for line in text.splitlines() if key in line)
        text = text.replace(old, value)
    return case_from(text)


def test_a_rod_that_conducts_well_goes_off_as_the_cell_of_one_temperature():
    """Two separate programs give 1496.85 s and 523.36 degC for the cell in this oven."""
    summary = run(rod()).summary()
    assert summary["crossings"]["hot"]["time_s"] == pytest.approx(1496.85, rel=1e-3)
    assert summary["probes"]["core"]["maximum_K"] == pytest.approx(523.36 + 273.15, abs=0.5)
    assert abs(summary["energy"]["residual_relative"]) < 1e-12
    given = summary["energy"]["released_J"]
    assert given["roll_cathode"] == pytest.approx(0.96 * 3.14e5 * 1221 * np.pi * 9e-3**2 * 65e-3, rel=1e-5)  # all of it


BAR = """
title: a bar that nothing cools
status: assumed
source: a test
materials:
  one: {density: 2000 kg/m3, heat_capacity: CP, thermal_conductivity: 1 W/(m K), MELTING chemistry: CHEMISTRY}
sample:
  kind: boxes
  coordinates: line
  temperature: START degC
  regions: {bar: {material: one, from: [0 mm], to: [1 mm]}}
  mesh: {order: 1, largest: 0.5 mm}
programme: {kind: surroundings, end: END}
measure: {probes: {mid: [0.5 mm]}}
"""

CELL = """
title: the same in one point
status: assumed
source: a test
sample:
  kind: lumped
  parts: {cell: {mass: 2 g, heat_capacity: 1000 J/(kg K)}}
  volume: 1 cm3
  chemistry: CHEMISTRY
  temperature: START degC
programme: {kind: surroundings, end: END}
"""


@pytest.mark.usual(2)
@pytest.mark.parametrize(
    ("chemistry", "start", "end"),
    [
        ("hatchard-kim-4", 140, "400 s"),
        ("kurzawski-lco-damkohler", 180, "20 min"),
        ("hu2020-21700", 150, "20 min"),
        ("sandia-anode-zcrit", 120, "1 h"),
    ],
)
def test_a_uniform_bar_follows_the_cell_with_the_same_chemistry(chemistry, start, end):
    """Gates, barriers, limits by diffusion and species that run out are met inside the nodes, by steps of their own."""

    def text(of):
        return of.replace("CHEMISTRY", chemistry).replace("START", str(start)).replace("END", end).replace("CP", "1000 J/(kg K)")

    bar, cell = run(case_from(text(BAR).replace("MELTING ", ""))), run(case_from(text(CELL)))
    rise = np.ptp(cell.probe("sample"))
    assert rise > 100.0
    for share in (0.1, 0.5, 0.9):
        level = cell.probe("sample")[0] + share * rise
        times = [np.interp(level, T, result.time) for result, T in ((bar, bar.probe("mid")), (cell, cell.probe("sample")))]
        assert times[0] == pytest.approx(times[1], rel=3e-3)
    assert bar.probe("mid")[-1] == pytest.approx(cell.probe("sample")[-1], abs=1e-3 * rise)
    assert abs(bar.summary()["energy"]["residual_relative"]) < 1e-12


def test_heats_of_a_material_may_be_given_by_its_mass():
    """A share of the mass, or the same content in the volume: one mechanism, in a body and in a cell."""
    by_volume = "hatchard-kim-4, with: {cathode.heat: {per_mass: 314 J/g, content: 1200 kg/m3}}"
    by_mass = "hatchard-kim-4, with: {cathode.heat: {per_mass: 314 J/g, share: 0.6}}"
    text = BAR.replace("START", "140").replace("END", "10 s").replace("CP", "1000 J/(kg K)").replace("MELTING ", "")
    one, other = (build(case_from(text.replace("CHEMISTRY", chemistry))).sample.reacting.kinds[0] for chemistry in (by_volume, by_mass))
    assert other.mechanism.heat == pytest.approx(one.mechanism.heat, rel=1e-12)
    cell = CELL.replace("START", "140").replace("END", "10 s")
    cells = [cell.replace("CHEMISTRY", chemistry.replace(", with:", "\n  with:")) for chemistry in (by_volume, by_mass)]
    one, other = (build(case_from(text)).sample.mechanism.heat for text in cells)
    assert other == pytest.approx(one, rel=1e-12)
    without = cells[1].replace("parts: {cell: {mass: 2 g, heat_capacity: 1000 J/(kg K)}}", "heat_capacity: {at_298K: 2 J/K}")
    with pytest.raises(CaseError, match="'mass' is missing: the chemistry gives heats by a share of it"):
        case_from(without)


def test_an_adiabatic_end_follows_from_the_heats_alone():
    """The heat capacity rises with temperature and the material melts on the way: the end is where the enthalpy holds all heats."""
    heats_given = 0.15 * 2.57e5 * 610.4 + 0.75 * 1.714e6 * 610.4 + 0.96 * 3.14e5 * 1221 + 1.55e5 * 406.9  # J/m3
    text = BAR.replace("CHEMISTRY", "hatchard-kim-4").replace("START", "170").replace("END", "1 d")
    text = text.replace("CP", "{table: [[0 degC, 900 J/(kg K)], [1000 degC, 1900 J/(kg K)]]}")
    text = text.replace("MELTING", "melting: {temperature: 300 degC, range: 20 K, heat: 50 J/g},")
    result = run(case_from(text))
    start, end = 170.0, result.probe("mid")[-1] - 273.15

    def enthalpy(T):
        return 2000.0 * (900.0 * T + 0.5 * T**2 + (50e3 if T > 310.0 else 0.0))

    conversions = [result.columns[f"conversion_bar_{name}"][-1] for name in ("sei", "anode", "cathode", "electrolyte")]
    given = np.dot(conversions, [2.57e5 * 610.4, 1.714e6 * 610.4, 3.14e5 * 1221, 1.55e5 * 406.9])
    assert given <= heats_given
    assert enthalpy(end) - enthalpy(start) == pytest.approx(given, rel=1e-9)
    assert abs(result.summary()["energy"]["residual_relative"]) < 1e-12


TWO = """
title: two materials that react, side by side, and one that does not
status: assumed
source: a test
materials:
  anode: {density: 2000 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 2 W/(m K), chemistry: sandia-anode-zcrit}
  roll: {ROLL}
  steel: {density: 7900 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 16 W/(m K)}
sample:
  kind: boxes
  coordinates: line
  temperature: 150 degC
  regions:
    first: {material: anode, from: [0 mm], to: [2 mm]}
    middle: {material: roll, from: [2 mm], to: [5 mm]}
    plate: {material: steel, from: [5 mm], to: [6 mm]}
    last: {material: anode, from: [6 mm], to: [8 mm]}
  mesh: {order: 1, smallest: 1 mm, largest: 1 mm}
programme:
  kind: surroundings
  end: 300 s
  faces:
    left: [{kind: held, temperature: {table: [[0 s, 150 degC], [200 s, 190 degC]]}}]
    right: [{kind: radiation, emissivity: 0.9, ambient_temperature: 25 degC}]
measure: {probes: {mid: {region: middle, take: mean}}}
"""


def test_several_materials_react_beside_each_other_and_the_balance_closes():
    """A held face, one that radiates, nodes of two reacting materials and of one beside an inert one: not a joule is lost."""
    result = run(case_from(TWO.replace("ROLL", ROLL).replace("K,", "3 W/(m K),", 1)))
    summary = result.summary()
    energy = summary["energy"]
    assert set(energy["released_J"]) == {
        *(f"anode_{name}" for name in ("sei", "anode")),
        *(f"roll_{name}" for name in ("sei", "anode", "cathode", "electrolyte")),
    }
    assert energy["released_J"]["roll_cathode"] > 1e5
    assert abs(energy["residual_relative"]) < 1e-12
    balance = energy["initial_J"] + sum(energy["released_J"].values()) + energy["heat_in_J"] - energy["heat_out_J"]
    assert balance == pytest.approx(energy["final_J"], rel=1e-12)
    # the heats of the columns, over time, are those of the ledger
    power = sum(result.columns[f"heat_{name}_W"] for name in energy["released_J"])
    assert np.trapezoid(power, result.time) == pytest.approx(sum(energy["released_J"].values()), rel=0.05)


@pytest.mark.slow
def test_a_body_that_is_heated_alike_from_both_ends_stays_symmetric():
    """Both halves go off at once: to 1e-9 of what the temperature spans."""
    text = TWO.replace("ROLL", ROLL).replace("K,", "3 W/(m K),", 1)
    start = text.index("    first:")
    text = text[:start] + "    middle: {material: roll, from: [0 mm], to: [8 mm]}\n" + text[text.index("  mesh:") :]
    text = text.replace("  anode:", "  other:").replace("chemistry: sandia-anode-zcrit", "note: not used")
    text = text.replace("smallest: 1 mm, largest: 1 mm", "largest: 0.5 mm")
    text = text[: text.index("    left:")] + "    outside: [{kind: held, temperature: 215 degC}]\n" + text[text.index("measure:") :]
    case = case_from(text)
    body = build(case)
    state = initial_state(body.sample, body.programme)
    span = 0.0
    for _ in integrate(body.sample, body.programme, state, n_steps=1):
        T, order = state.temperature, np.argsort(body.shape.space.points[:, 0])
        span = max(span, np.ptp(T))
        assert np.abs(T[order] - T[order][::-1]).max() <= 1e-9 * max(span, 1.0)
    assert span > 100.0


def test_a_state_that_is_kept_goes_on_bit_by_bit():
    """What a step tells the next stands in the state: a run that starts from a copy takes the same steps."""
    body = build(
        rod(
            conductivity="2 W/(m K)", programme="programme: {kind: oven, air: 200 degC, heat_transfer_coefficient: 50 W/(m2 K), end: 900 s}"
        )
    )
    state, kept = initial_state(body.sample, body.programme), None
    rows = []
    for number, block in enumerate(integrate(body.sample, body.programme, state, n_steps=8)):
        rows.append(block)
        if number == 5:
            kept, after = copied(state), len(rows)
    assert kept is not None
    again = list(integrate(body.sample, body.programme, kept, n_steps=8))
    for one, other in zip(rows[after:], again, strict=True):
        assert np.array_equal(one.reading, other.reading)
        assert np.array_equal(one.ledger, other.ledger)
    assert all(np.array_equal(a, b) for a, b in zip(state, kept, strict=True) if a is not State)


def test_threads_change_nothing(monkeypatch):
    """Every node is alone while it reacts, so shares of the nodes may be done at the same time."""
    body = build(rod())
    reacting, n = body.sample.reacting, body.n_dofs
    T = np.linspace(380.0, 520.0, n)
    stage = Stage(T, heats(reacting.storage, T), np.full(n, 0.01), np.full(n, 0.1), np.full(n, 0.1), 2.0, 0.1, 1e-3)

    def taken(n_threads):
        monkeypatch.setattr(module, "n_threads", lambda n: n_threads)
        temperature, heat, memory = T.copy(), stage.heat.copy(), np.full((n, module.N_MEMORY), np.inf)
        extent, fired = np.zeros(reacting.shape), np.zeros((n, reacting.n_switches))
        made = Chemistry(reacting).take(stage, extent, fired, temperature, heat, memory, None)
        return temperature, heat, made.extent, made.released, memory, module.powers(reacting.kinds, temperature, made.extent, fired)

    assert all(np.array_equal(a, b) for a, b in zip(taken(1), taken(3), strict=True))


def test_a_node_that_gives_nothing_is_left_out_of_a_stage():
    """Cold nodes keep their extents to the last digit, and warm ones do not; what is left out is 1e-6 of the tolerance at most."""
    body = build(rod())
    reacting, n = body.sample.reacting, body.n_dofs
    T = np.linspace(250.0, 450.0, n)
    zeros = np.zeros(n)
    stage = Stage(T, heats(reacting.storage, T), zeros, zeros, zeros, 1.0, 0.1, 1e-3)
    chemistry, memory, looks = Chemistry(reacting), np.full((n, module.N_MEMORY), np.inf), []
    for _ in range(2):
        made = chemistry.take(stage, np.zeros(reacting.shape), np.zeros((n, 0)), T.copy(), stage.heat.copy(), memory, None)
        looks.append(made.extent)
    out = ~looks[1].any(axis=1)
    assert 0 < np.count_nonzero(out) < n
    assert np.all(looks[0].any(axis=1))
    reach = reacting.kinds[0].reach
    assert np.max(looks[0][out] / reach) <= 1e-6 * 1e-3
    assert np.array_equal(looks[0][~out], looks[1][~out])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("chemistry: hatchard-kim-4", "chemistry: feng2015-25ah", "are those of a whole cell, and a material needs them by volume"),
        ("chemistry: hatchard-kim-4", "chemistry: hatchard-kim", "unknown mechanism 'hatchard-kim'; did you mean 'hatchard-kim-4'?"),
        ("chemistry: hatchard-kim-4", "with: {sei.heat: 1 J}", "changes numbers of a chemistry, but the material has none"),
        (
            "kind: oven, air: 155 degC, heat_transfer_coefficient: 7.17 W/(m2 K), emissivity: 0.8, end: 1600 s",
            "kind: steady",
            "no steady state",
        ),
        ("largest: 65 mm}", "largest: 65 mm}\nnumerics: {capacity: consistent}", "needs a lumped heat capacity"),
        ("{material: roll,", "{material: steel,", "nothing of 'roll' reacts: no region has this material"),
    ],
)
def test_what_cannot_react_is_refused_with_the_cure(old, new, said):
    """One line each, before anything is stepped."""
    text = OVEN.replace("ROLL", ROLL).replace("K,", "2 W/(m K),", 1)
    steel = "materials:\n  steel: {density: 7900 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 16 W/(m K)}\n"
    with pytest.raises(CaseError) as caught:
        case_from(text.replace("materials:\n", steel).replace(old, new))
    assert said in str(caught.value)


ARC = """
programme:
  kind: arc
  start: 70 degC
  step: 5 K
  heater: 5 K/min
  wait: 20 min
  seek: 10 min
  sensitivity: 0.02 K/min
  end: 400 degC
  calorimeter: {loss: 0.005 W/K, radiating_area: 5 cm2, tracking: 10 K/minSENSOR}
measure: {PROBES onsets: {T2: [1 K/s, 1 K/min]}}
"""


@pytest.mark.slow
def test_a_rod_in_the_calorimeter_has_the_onsets_of_the_cell():
    """With loss, radiation and a wall that is left behind: T1 to 0.01 K, T2 and T3 to 0.1 K, and the test ends."""
    text = OVEN.replace("ROLL", ROLL).replace("K,", "20000 W/(m K),", 1).replace("  temperature: 25 degC\n", "")
    body = text[: text.index("programme:")] + ARC.replace("SENSOR", ", sensor: {probe: mean}").replace(
        "PROBES", "probes: {mean: {region: roll, take: mean}},"
    )
    volume = np.pi * 9e-3**2 * 65e-3
    cell = CELL[: CELL.index("programme:")].replace("CHEMISTRY", "hatchard-kim-4").replace("  temperature: START degC\n", "")
    cell = cell.replace("{mass: 2 g, heat_capacity: 1000 J/(kg K)}", f"{{mass: {2580.0 * volume!r} kg, heat_capacity: 830 J/(kg K)}}")
    cell = cell.replace("volume: 1 cm3", f"volume: {volume!r} m3") + ARC.replace("SENSOR", "").replace("PROBES ", "")
    one, other = (run(case_from(case)).summary() for case in (body, cell))
    found, wanted = one["onsets"], other["onsets"]
    assert found["T1"]["temperature_K"] == pytest.approx(wanted["T1"]["temperature_K"], abs=0.01)
    for name in ("1 K/s", "1 K/min"):
        assert found["T2"][name]["temperature_K"] == pytest.approx(wanted["T2"][name]["temperature_K"], abs=0.1)
    assert found["T3"]["temperature_K"] == pytest.approx(wanted["T3"]["temperature_K"], abs=0.1)
    assert abs(one["energy"]["residual_relative"]) < 1e-12


def test_a_reaction_that_nothing_ends_is_told_in_a_body_too():
    """As in a cell: the case that names it, the reaction, what is wrong."""
    text = BAR.replace("MELTING ", "").replace("CP", "1000 J/(kg K)").replace("START", "140").replace("END", "1 s")
    written = "{title: one, species: {}, reactions: {burn: {pre_exponential_factor: 1e3 1/s, activation_energy: 80 kJ/mol, heat: HEAT}}}"
    text = text.replace("CHEMISTRY", written.replace("HEAT", "{per_mass: 100 J/g, share: 0.1}"))
    (warning,) = [entry for entry in run(case_from(text)).summary()["warnings"] if entry["code"] == "endless-reaction"]
    assert warning["where"] == "materials.one.chemistry.reactions.burn"


def test_a_run_that_has_reacted_is_no_start(tmp_path):
    """Its field holds temperatures alone; what is burnt would burn again."""
    (tmp_path / "fields").mkdir()
    (tmp_path / "summary.json").write_text('{"energy": {"released_J": {"one_sei": 12.0}}}')
    text = OVEN.replace("ROLL", ROLL).replace("K,", "2 W/(m K),", 1).replace("temperature: 25 degC", f"temperature: {{result: {tmp_path}}}")
    with pytest.raises(CaseError, match="something has reacted in"):
        case_from(text)


def test_a_field_has_the_extents_of_every_reaction_at_its_nodes():
    """Of a body of which one half reacts: not a number in the other, and in the mean what the history has."""
    result = run(
        case_from("""
    title: half of it reacts
    materials:
      burns:
        density: 2000 kg/m3
        heat_capacity: 1000 J/(kg K)
        thermal_conductivity: 1 W/(m K)
        chemistry: {title: one step, species: {a: {start: 1}}, reactions: {burn: {
          pre_exponential_factor: 1e8 1/s, activation_energy: 80 kJ/mol, consumes: {a: 1}, factors: [{kind: order, species: a, order: 1}],
          heat: {per_mass: 5 kJ/kg, content: 2000 kg/m3}}}}
      inert: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}
    sample:
      kind: stack
      temperature: 420 K
      layers: [{name: one, material: burns, thickness: 6 mm}, {name: other, material: inert, thickness: 6 mm}]
      mesh: {order: 1, smallest: 1 mm, largest: 1 mm}
    programme: {kind: surroundings, end: 60 s}
    measure: {pictures: {times: [30 s, 60 s]}}
    """)
    )
    assert [time for time, _ in result.frames] == [30.0, 60.0]
    for time, field in result.frames:
        (found,) = result.body.fields(field).values()
        there = result.body.chemistry.volumes[:, 0] > 0.0
        assert np.isnan(found[~there]).all()
        mean = found[there] @ result.body.chemistry.volumes[there, 0] / result.body.chemistry.volumes[there, 0].sum()
        row = int(np.flatnonzero(result.time == time)[0])
        assert mean == pytest.approx(result.columns["conversion_one_burn"][row], rel=1e-12)
        assert len(result.body.unfolded(field)) == 13
