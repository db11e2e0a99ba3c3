"""A lumped sample on a hot plate, with a heater, on a forced ramp and in a DSC follows closed forms."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.conftest import CASES, case_from
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.materials.storage import node_capacity
from thermo.simulation.simulate import run

INERT = """
title: an inert sample
sample: {{kind: lumped, heat_capacity: {{at_298K: {capacity}, slope: {slope}}}, surface: 100 cm2{start}}}
programme: {programme}
"""


def inert(programme, capacity="50 J/K", slope="0 J/K2", start=", temperature: 25 degC"):
    return run(case_from(INERT.format(programme=programme, capacity=capacity, slope=slope, start=start)))


def closed(result):
    return result.summary()["energy"]["residual_relative"] < 1e-10


def test_a_hot_plate_and_the_air_share_a_sample():
    """C T' = -hc Ac (T - Tp) - h (A - Ac) (T - Tair) has one exponential towards the weighted mean."""
    result = inert(
        "{kind: hot-plate, plate: 200 degC, contact_coefficient: 400 W/(m2 K), contact_area: 40 cm2, air: 25 degC,"
        " heat_transfer_coefficient: 20 W/(m2 K), end: 10 min}"
    )
    plate, film = 400.0 * 40e-4, 20.0 * 60e-4
    final = (plate * 200.0 + film * 25.0) / (plate + film)
    exact = final + (25.0 - final) * np.exp(-(plate + film) / 50.0 * result.time)
    assert result.probe("sample") - 273.15 == pytest.approx(exact, abs=5e-3)
    assert closed(result)


def test_a_plate_that_rises_and_a_heater_of_a_table():
    """scipy's DOP853 solves the same ramps of plate and power."""
    result = inert(
        "{kind: hot-plate, plate: {from: 25 degC, to: 300 degC, over: 5 min}, contact_coefficient: 400 W/(m2 K), contact_area: 40 cm2,"
        " air: 20 degC, heat_transfer_coefficient: 20 W/(m2 K), emissivity: 0.9, end: 10 min}"
    )

    def slope(t, T):
        plate = 298.15 + 275.0 * min(t / 300.0, 1.0)
        glow = 0.9 * 60e-4 * 5.670374419e-8 * (T**4 - 293.15**4)
        return (-1.6 * (T - plate) - 0.12 * (T - 293.15) - glow) / 50.0

    assert result.columns["plate_K"] == pytest.approx(298.15 + 275.0 * np.minimum(result.time / 300.0, 1.0))
    assert result.columns["air_K"] == pytest.approx(293.15)
    exact = solve_ivp(slope, (0.0, 600.0), [298.15], rtol=1e-10, atol=1e-9, max_step=5.0, dense_output=True)
    assert result.probe("sample") == pytest.approx(exact.sol(result.time)[0], abs=5e-3)
    assert closed(result)
    result = inert(
        "{kind: heater, power: {table: [[0 s, 0 W], [100 s, 40 W], [300 s, 10 W]]}, air: 25 degC,"
        " heat_transfer_coefficient: 0 W/(m2 K), end: 500 s}"
    )
    heat = 0.5 * 100.0 * 40.0 + 0.5 * 200.0 * 50.0 + 200.0 * 10.0
    assert result.probe("sample")[-1] - 298.15 == pytest.approx(heat / 50.0, rel=1e-9)
    assert not {"air_K", "plate_K"} & set(result.columns)  # neither of them touches it
    assert closed(result)


def test_a_heater_is_switched_off_where_the_sample_is_hot_enough():
    result = inert("{kind: heater, power: 25 W, off_at: 100 degC, air: 25 degC, heat_transfer_coefficient: 0 W/(m2 K), end: 10 min}")
    T = result.probe("sample") - 273.15
    assert T.max() == pytest.approx(100.0, abs=1e-6)
    assert np.interp(75.0, result.time, T) == pytest.approx(25.0 + 25.0 / 50.0 * 75.0, abs=1e-6)
    assert result.summary()["energy"]["heat_in_J"] == pytest.approx(75.0 * 50.0, rel=1e-9)


def test_a_forced_temperature_follows_its_table_whatever_reacts():
    """The heat capacity depends on temperature and the reaction releases 9.63 J. Neither moves the temperature; the energy balance
    contains both.
    """
    case = read_case(
        CASES / "paper" / "dsc-cu.yaml",
        [
            "programme={kind: ramp, temperature: {table: [[0 s, 50 degC], [10 min, 180 degC], [20 min, 180 degC], [25 min, 30 degC]]}}",
            "sample.heat_capacity.slope=1e-3 J/K2",
            "expect=[]",
        ],
    )
    result = run(case)
    exact = np.interp(result.time, [0.0, 600.0, 1200.0, 1500.0], [323.15, 453.15, 453.15, 303.15])
    assert result.probe("sample") == pytest.approx(exact, abs=0.02)
    energy = result.summary()["energy"]
    assert energy["released_J"]["lithium"] == pytest.approx(9.63, rel=1e-3)
    assert energy["residual_relative"] < 1e-12


KISSINGER = {  # A [1/s], E [J/mol]: peaks [K] at 1, 5 and 10 K/min
    (1.667e15, 135080.0): (392.4863, 407.5903, 414.4504),
    (2.5e13, 135080.0): (434.4338, 452.9167, 461.3568),
    (6.667e13, 139600.0): (437.7001, 455.8602, 464.1413),
}


@pytest.mark.usual(1)
@pytest.mark.parametrize("pair", KISSINGER)
def test_peaks_of_a_first_order_reaction_are_those_of_kissinger(pair):
    A, E = pair
    reaction = f"with: {{lithium.pre_exponential_factor: {A} 1/s, lithium.activation_energy: {E} J/mol}}"
    for rate, exact in zip((1, 5, 10), KISSINGER[pair], strict=True):
        settings = [f"programme.rate={rate} K/min", "programme.start=320 K", "programme.end=540 K", "expect=[]"]
        case = read_case(CASES / "paper" / "dsc-cu.yaml", [*settings, f"sample.{reaction.replace(':', '=', 1)}"])
        summary = run(case).summary()
        assert len(summary["dsc"]["peaks"]) == 1
        assert summary["dsc"]["peaks"][0]["temperature_K"] == pytest.approx(exact, abs=0.02)
        assert summary["dsc"]["area_J_per_kg"] == pytest.approx(53.5e6, rel=1e-3)


@pytest.mark.parametrize("baseline", ["heat-capacity", "straight"])
@pytest.mark.usual(1)
def test_a_dsc_with_a_lag_keeps_the_area_and_delays_the_peak(baseline):
    """The sample has little heat, so that it does not run ahead of the furnace."""
    little = ["expect=[]", "sample.with={lithium.heat: 0.1 J}"]
    settings = [*little, "programme.lag=10 s", "programme.pan=40 mJ/K", f"programme.baseline={baseline}"]
    ideal = run(read_case(CASES / "paper" / "dsc-cu.yaml", little)).summary()["dsc"]
    result = run(read_case(CASES / "paper" / "dsc-cu.yaml", settings))
    real = result.summary()["dsc"]
    assert real["area_J"] == pytest.approx(0.1, rel=5e-3)
    assert len(real["peaks"]) == len(ideal["peaks"]) == 1
    assert 8.0 < real["peaks"][0]["time_s"] - ideal["peaks"][0]["time_s"] < 22.0
    assert real["peaks"][0]["height_W"] < ideal["peaks"][0]["height_W"]
    assert result.summary()["energy"]["residual_relative"] < 1e-9


def test_a_large_sample_runs_ahead_of_the_furnace():
    """9.63 J warm 60 mJ/K by 160 K. Behind a lag of 10 s the sample peaks earlier; the area still equals the heat."""
    ideal = run(read_case(CASES / "paper" / "dsc-cu.yaml")).summary()["dsc"]
    real = run(read_case(CASES / "paper" / "dsc-cu.yaml", ["expect=[]", "programme.lag=10 s", "programme.pan=40 mJ/K"])).summary()["dsc"]
    assert real["peaks"][0]["time_s"] < ideal["peaks"][0]["time_s"] - 10.0
    assert real["area_J"] == pytest.approx(9.63, rel=2e-3)


def test_an_inert_sample_in_a_dsc_shows_its_heat_capacity():
    """With a lag the sample trails the furnace, and the reference trails it with its pan. They differ by the heat capacity of the
    sample.
    """
    result = inert("{kind: dsc, start: 30 degC, rate: 10 K/min, end: 130 degC, lag: 5 s, pan: 30 mJ/K, per: 10 mg}", "20 mJ/K", start="")
    flow = result.columns["heat_flow_W"]
    t, b, UA = result.time, 10.0 / 60.0, 0.05 / 5.0
    sample = b * (t - 5.0 * (1.0 - np.exp(-t / 5.0)))
    pan = b * (t - 3.0 * (1.0 - np.exp(-t / 3.0)))
    assert flow == pytest.approx(UA * (sample - pan), abs=2e-3 * 0.02 * b)
    assert flow[-1] == pytest.approx(-0.02 * b, rel=1e-3)
    assert result.columns["heat_flow_W_per_g"] == pytest.approx(flow / 0.01)


@pytest.mark.parametrize("pan", ["0 J/K", "30 mJ/K"])
@pytest.mark.usual(1)
def test_melting_and_a_heat_capacity_that_rises_are_no_peak_of_a_dsc(pan):
    """An inert sample that melts behind a lag shows no peak above its baseline. With a reaction of 0.1 J the area is 0.1 J."""
    more = ["programme.lag=8 s", f"programme.pan={pan}", "expect=[]", "sample.heat_capacity.slope=2e-5 J/K2"]
    more += ["sample.melting={salt: {heat: 1 J, temperature: 430 K, width: 1 K}}"]
    for heat, exact in ((0.0, 0.0), (0.1, 0.1)):
        found = run(read_case(CASES / "paper" / "dsc-cu.yaml", [*more, f"sample.with={{lithium.heat: {heat} J}}"])).summary()["dsc"]
        assert found["area_J"] == pytest.approx(exact, abs=2e-3)
        assert bool(found["peaks"]) == (heat > 0.0)  # with a reaction the melting shifts as well, which is a bend of its own


def test_a_dsc_without_a_peak():
    summary = run(read_case(CASES / "paper" / "dsc-cu.yaml", ["programme.end=70 degC", "expect=[]"])).summary()
    assert summary["status"] == "complete"
    assert summary["dsc"]["peaks"] == []


def test_the_tangent_of_a_peak_on_the_flank_of_another_has_no_onset():
    peaks = run(read_case(CASES / "calorimetry" / "anode-dsc.yaml")).summary()["dsc"]["peaks"]
    assert peaks[0]["onset_K"] == pytest.approx(379.5, abs=1.0)
    for peak in peaks:
        assert peak["onset_K"] is None or peak["onset_K"] < peak["temperature_K"]


def test_a_fused_short_under_a_forced_temperature_is_refused():
    text = (CASES / "paper" / "cu-20li.yaml").read_text()
    assert "resistance:" in text
    for programme in (
        "{kind: ramp, temperature: {from: 50 degC, to: 200 degC, over: 1 h}}",
        "{kind: dsc, start: 50 degC, rate: 5 K/min, end: 200 degC, per: 6 g}",
    ):
        with pytest.raises(CaseError, match="heats the cell at once, but the programme"):
            read_case(CASES / "paper" / "cu-20li.yaml", ["sample.short.fused_energy=60 J", f"programme={programme}", "expect=[]"])


EJECTING = """
title: a sample that is thrown out in part
sample:
  kind: lumped
  heat_capacity: {{at_298K: 20 mJ/K}}
  chemistry:
    title: one reaction
    species: {{c: {{start: 1}}}}
    reactions:
      a:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: c, order: 1}}]
        consumes: {{c: 1}}
        heat: 10 J
  short: {{at: {{temperature: 100 degC}}, resistance: 1 kohm, charge: 1 mAh, voltage: {{empty: 3 V, full: 4 V}}, from: c}}
  ejecta: {{fraction: 0.4, after: short}}
programme: {{kind: dsc, start: 25 degC, end: 300 degC, rate: 10 K/min, per: 5 mg{lag}}}
"""


@pytest.mark.parametrize("lag", ["", ", lag: 5 s"])
@pytest.mark.usual(1)
def test_heat_that_leaves_with_what_is_thrown_out_is_not_in_the_area_of_a_dsc(lag):
    summary = run(case_from(EJECTING.format(lag=lag))).summary()
    energy = summary["energy"]
    assert energy["ejected_J"] > 1.0
    assert summary["dsc"]["area_J"] == pytest.approx(sum(energy["released_J"].values()) - energy["ejected_J"], rel=2e-3)


def test_the_anode_of_shurtz_in_a_dsc():
    """The run meets everything that its case expects, and its curve agrees every 3 s."""
    result = run(read_case(CASES / "calorimetry" / "anode-dsc.yaml"))
    summary = result.summary()
    assert all(entry["holds"] for entry in summary["expect"])
    assert len(summary["dsc"]["peaks"]) == 3
    assert summary["energy"]["residual_relative"] < 1e-12
    start = 8.158513762e16 * math.sqrt(119.762780361796) * math.exp(-16236.69493 / 350.0) * 635e3
    assert result.columns["heat_sei_W"][0] == pytest.approx(start, rel=1e-4)


@pytest.mark.parametrize(
    ("programme", "sample", "words"),
    [
        ("{kind: ramp, temperature: 100 degC}", "", "'end' is missing: give the time for which this temperature is held"),
        ("{kind: ramp, temperature: 100 degC, end: 1 h}", ", temperature: 25 degC", "sets the start itself (programme.temperature)"),
        ("{kind: dsc, start: 50 degC, rate: 5 K/min, end: 20 degC, per: 1 mg}", "", "end temperature must lie above the start"),
        ("{kind: dsc, start: 50 degC, rate: 5 K/min, end: 90 degC, per: 1 mg, pan: 1 J/K}", "", "has no effect without a 'lag'"),
        (
            "{kind: hot-plate, plate: 90 degC, contact_coefficient: 1 W/(m2 K), contact_area: 200 cm2, air: 25 degC,"
            " heat_transfer_coefficient: 0 W/(m2 K), end: 1 h}",
            ", temperature: 25 degC",
            "contact_area: is more than the surface of the cell",
        ),
        ("{kind: heater, power: -2 W, air: 25 degC, heat_transfer_coefficient: 0 W/(m2 K), end: 1 h}", ", temperature: 25 degC", "power"),
        ("{kind: heater, power: 2 W, air: 25 degC, heat_transfer_coefficient: 0 W/(m2 K), end: 1 h}", "", "'temperature' is missing"),
        (
            "{kind: heater, power: 2 W, off_at: 20 degC, air: 25 degC, heat_transfer_coefficient: 0 W/(m2 K), end: 1 h}",
            ", temperature: 25 degC",
            "off_at: lies below the start of the cell (25.00 degC): the heater never switches on",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_words(programme, sample, words):
    with pytest.raises(CaseError) as caught:
        case_from(INERT.format(programme=programme, capacity="1 J/K", slope="0 J/K2", start=sample))
    assert len(caught.value.mistakes) == 1
    assert words in str(caught.value.mistakes[0])


@pytest.mark.parametrize("ending", ["off_at: 190 degC, ", "off_at: 250 degC, ", ""])
@pytest.mark.usual(1)
def test_t2_beside_a_heater_is_where_the_cell_heats_itself_so(ending):
    """An 18650 cell with 40 W on it rises at once by 1 K/min. T2 is where its own heat reaches that rate, whenever the heater goes off."""
    programme = f"programme={{kind: heater, power: 40 W, {ending}air: 25 degC, heat_transfer_coefficient: 7 W/(m2 K), end: 1 h}}"
    result = run(read_case(CASES / "calorimetry" / "oven-155.yaml", [programme, "expect=[]", "measure.crossings={}"]))
    onsets = result.summary()["onsets"]
    own = sum(values for name, values in result.columns.items() if name.startswith("heat_") and name.endswith("_W"))
    capacity = node_capacity(result.body.sample.storage, 0, 298.15)
    for name, level in (("1 K/s", 1.0), ("1 K/min", 1.0 / 60.0)):
        point = onsets["T2"][name]
        row = int(np.searchsorted(result.time, point["time_s"]))
        assert own[row - 1] / capacity < level * (1.0 + 1e-6) <= own[row] / capacity * (1.0 + 2e-6)
        assert point["temperature_K"] < 463.15
    T = result.probe("sample")
    if ending:
        assert onsets["T3"]["temperature_K"] == T.max()
    else:  # the heater goes on, far above the maximum of the runaway
        assert onsets["T3"]["temperature_K"] < T.max() - 100.0
    assert result.summary()["maximum_rate"]["rate_K_per_s"] == pytest.approx((own / capacity).max(), rel=1e-9)


def test_a_runaway_that_is_over_has_its_t3_though_the_cell_still_reacts_a_little():
    """The layer on the anode leaves some lithium, which heats the cell by 2e-6 K/s when it has long cooled to the air of the oven."""
    result = run(
        case_from("""
        title: an oven at 180 degC
        sample:
          {kind: lumped, heat_capacity: {at_298K: 70 J/K}, volume: 24 cm3, surface: 50 cm2, chemistry: hatchard-kim-4, temperature: 25 degC}
        programme: {kind: oven, air: 180 degC, heat_transfer_coefficient: 20 W/(m2 K), end: 90 min}
        """)
    )
    T, own = result.probe("sample"), result.columns["self_heating_K_per_s"]
    assert own[-1] > 1e-7
    assert T[-1] < T.max() - 100.0
    assert result.summary()["onsets"]["T3"] == {"temperature_K": T.max(), "time_s": result.time[T.argmax()]}


def test_melting_is_no_self_heating():
    """Melting reduces the heat left for self-heating. In an adiabatic cell self-heating is dT/dt."""
    text = """
    title: melting
    sample:
      kind: lumped
      heat_capacity: {at_298K: 10 J/K, slope: 0.01 J/K2}
      temperature: 130 degC
      melting: {separator: {heat: 200 J, temperature: 150 degC, width: 2 K}}
      chemistry:
        title: one
        species: {c: {start: 1}}
        reactions:
          r: {pre_exponential_factor: 1e11 1/s, activation_energy: 110 kJ/mol, factors: [{kind: order, species: c, order: 1}],
              consumes: {c: 1}, heat: 1500 J}
    programme: {kind: surroundings, end: 2 h}
    """
    result = run(case_from(text))
    rate, own = result.columns["rate_K_per_s"], result.columns["self_heating_K_per_s"]
    assert own == pytest.approx(rate, rel=1e-6, abs=1e-9)
    melting = np.abs(result.probe("sample") - 423.15) < 1.0
    assert melting.any()


@pytest.mark.parametrize("spacing", ["0.05 K", "1 K"])
def test_the_points_of_a_dsc_lie_as_far_apart_as_asked(spacing):
    """A first-order reaction: where its peak lies and its area are not a question of the points."""
    text = DSC_SPACED.format(spacing=f", spacing: {spacing}")
    usual, other = (run(case_from(t)).summary()["dsc"] for t in (DSC_SPACED.format(spacing=""), text))
    assert other["peaks"][0]["temperature_K"] == pytest.approx(usual["peaks"][0]["temperature_K"], abs=0.1)
    assert other["area_J"] == pytest.approx(usual["area_J"], rel=2e-3)
    case = case_from(text)
    assert np.diff(case.programme.moments()) * float(case.programme.rate) == pytest.approx(float(case.programme.spacing), rel=1e-9)


DSC_SPACED = """
title: a curve
sample: {{kind: lumped, heat_capacity: {{at_298K: 5 mJ/K}}, chemistry: {{title: x, species: {{a: {{start: 1}}}}, reactions: {{r: {{
  pre_exponential_factor: 1e13 1/s, activation_energy: 130 kJ/mol, factors: [{{kind: order, species: a, order: 1}}], consumes: {{a: 1}},
  heat: 2 J}}}}}}}}
programme: {{kind: dsc, start: 50 degC, rate: 10 K/min, end: 250 degC, per: 5 mg{spacing}}}
"""
