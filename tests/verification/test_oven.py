"""A lumped 18650 cell in an oven has film, radiation and four reactions (Hatchard and Kim). A separate program gives the answers.

That program integrates the same equations by BDF at a relative tolerance of 1e-8 and by Radau at 1e-9, which agree to 0.002 K and 0.002 s.
"""

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.simulation.crossings import first_crossing
from thermo.simulation.simulate import run

ZERO = 273.15
# of the oven [degC]: when the cell reaches it, when it reaches 200 degC [s], the hottest [degC], when [s]
OVENS = {
    140: (1160.8, None, 147.714, 1896.6),
    148: (1060.2, 3138.39, 429.74, 3166.4),
    150: (1036.6, 2168.62, 481.84, 2191.7),
    152: (1013.1, 1792.26, 504.80, 1814.7),
    155: (978.0, 1496.85, 523.36, 1519.4),
    160: (920.8, 1227.39, 540.27, 1250.5),
    170: (815.2, 942.23, 557.95, 966.3),
}


def oven(temperature, *more):
    return read_case(CASES / "calorimetry" / "oven-155.yaml", [f"programme.air={temperature} degC", *more])


@pytest.mark.usual(4)
@pytest.mark.parametrize("temperature", OVENS)
def test_an_oven(temperature):
    reached, hot, hottest, when = OVENS[temperature]
    result = run(oven(temperature))
    time, T = result.time, result.probe("sample")
    assert first_crossing(time, T, temperature + ZERO) == pytest.approx(reached, rel=1e-3)
    found = first_crossing(time, T, 200.0 + ZERO)
    assert found is None if hot is None else found == pytest.approx(hot, rel=3e-3 if temperature == 148 else 1e-3)
    assert T.max() - ZERO == pytest.approx(hottest, abs=0.5 if hot else 0.1)
    if hot:  # else the maximum is flat
        assert time[np.argmax(T)] == pytest.approx(when, rel=1e-3)
    assert result.summary()["energy"]["residual_relative"] < 1e-6


def test_heats_of_a_cell_from_contents():
    """The four reactions together release 20.4991 kJ."""
    mechanism = oven(155).sample.build(1.0, 300.0, 1e-5).mechanism
    starts = {"sei": 0.15, "anode": 0.75, "cathode": 0.96, "electrolyte": 1.0}
    assert float(mechanism.heat @ np.array(list(starts.values()))) == pytest.approx(20499.1, abs=0.2)


@pytest.mark.slow
def test_the_critical_oven():
    """Bisection finds 145.613 degC within 0.02 K, the lowest oven in which the cell runs away within 20 000 s."""
    low, high = 145.0, 147.0
    while high - low > 0.01:
        middle = 0.5 * (low + high)
        runs = run(oven(middle, "programme.end=20000 s")).probe("sample").max() > 250.0 + ZERO
        low, high = (low, middle) if runs else (middle, high)
    assert 0.5 * (low + high) == pytest.approx(145.613, abs=0.02)


@pytest.mark.parametrize("air", [155, 180])
def test_what_the_oven_heats_is_no_runaway(air):
    """A cold cell rises fast in a hot oven. T2 is where its own heat reaches the rate, not the temperature of the air.

    The column holds the heats of reaction over the heat capacity: at T2 it passes the criterion.
    """
    result = run(oven(air))
    onsets, own = result.summary()["onsets"]["T2"], result.columns["self_heating_K_per_s"]
    for name, level in (("1 K/s", 1.0), ("10 K/min", 1.0 / 6.0), ("1 K/min", 1.0 / 60.0)):
        row = int(np.searchsorted(result.time, onsets[name]["time_s"]))
        assert own[row - 1] < level * (1.0 + 1e-6) <= own[row] * (1.0 + 2e-6)
        assert abs(onsets[name]["temperature_K"] - air - ZERO) > 1.0


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
@pytest.mark.usual(1)
def test_the_onset_in_an_oven_does_not_depend_on_the_steps(tolerance):
    """The cell first heats itself by 1 K/min at 117.23 degC."""
    onsets = run(oven(155, f"numerics.tolerance={tolerance}")).summary()["onsets"]["T2"]
    assert onsets["1 K/min"]["temperature_K"] == pytest.approx(390.384, abs=0.01)


def test_air_that_rises_with_time():
    """An inert cell follows a ramp with the lag C/(h A), once the effect of the start has decayed."""
    text = """
    title: inert
    sample: {kind: lumped, heat_capacity: {at_298K: 40 J/K}, surface: 40 cm2, temperature: 300 K}
    programme: {kind: oven, air: {from: 300 K, to: 400 K, over: 2 h}, heat_transfer_coefficient: 20 W/(m2 K), end: 2 h}
    """
    result = run(case_from(text))
    lag, slope = 40.0 / (20.0 * 40e-4), 100.0 / 7200.0
    exact = 300.0 + slope * (result.time - lag * (1.0 - np.exp(-result.time / lag)))
    assert result.probe("sample") == pytest.approx(exact, abs=2e-3)


BAD = {
    "no surface": ("surface: 40 cm2, ", "", "'surface' is missing"),
    "no start": (", temperature: 300 K}", "}", "'temperature' is missing"),
    "faces": ("kind: oven,", "kind: oven, faces: {outside: [{kind: held, temperature: 300 K}]},", "a list is needed"),
    "no volume": ("surface: 40 cm2", "surface: 40 cm2, chemistry: hatchard-kim-4", "'volume' is missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_ovens_that_are_refused(name):
    old, new, words = BAD[name]
    text = """
    title: inert
    sample: {kind: lumped, heat_capacity: {at_298K: 40 J/K}, surface: 40 cm2, temperature: 300 K}
    programme: {kind: oven, air: 400 K, heat_transfer_coefficient: 20 W/(m2 K), end: 2 h}
    """
    assert old in text
    with pytest.raises(CaseError, match=words):
        case_from(text.replace(old, new))


def test_a_meshed_body_in_an_oven():
    """The same conditions act on the outside of a body. A small one of metal follows the law of the lumped cell."""
    text = """
    title: block
    materials: {m: {density: 8000 kg/m3, heat_capacity: 400 J/(kg K), thermal_conductivity: 400 W/(m K)}}
    sample:
      kind: boxes
      coordinates: space
      regions: {m: {material: m, from: [0 mm, 0 mm, 0 mm], to: [10 mm, 10 mm, 10 mm]}}
      temperature: 300 K
      mesh: {order: 1, largest: 5 mm}
    programme: {kind: oven, air: 400 K, heat_transfer_coefficient: 20 W/(m2 K), emissivity: 0.8, end: 10 min}
    measure: {probes: {middle: [5 mm, 5 mm, 5 mm]}}
    """
    lumped = """
    title: block
    sample: {kind: lumped, heat_capacity: {at_298K: 3.2 J/K}, surface: 6 cm2, temperature: 300 K}
    programme: {kind: oven, air: 400 K, heat_transfer_coefficient: 20 W/(m2 K), emissivity: 0.8, end: 10 min}
    """
    assert run(case_from(text)).probe("middle")[-1] == pytest.approx(run(case_from(lumped)).probe("sample")[-1], abs=0.05)
