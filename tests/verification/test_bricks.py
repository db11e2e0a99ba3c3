"""The paper's two boxes and layered slabs agree with independent codes and exact solutions.

Boxes: quarter model, quadratic tensor-product elements of 4 nm at the patch edge in x, y and z, exact-in-time
rational-Krylov projection; extrapolated half-rise times 1.997 us (Cu) and 294.6 us (PI-Ag). Slabs: Laplace transfer
matrices with Talbot inversion, 25 digits.
"""

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from thermo.case.case import read_case
from thermo.simulation.simulate import run

PROBES = ("top-mean", "top-corner", "middle", "bottom-centre", "bottom-mean")

# time s: theta of the probes above, stored heat over its last value, heat into the patch in W per K
CU = {
    3e-8: (0.05718, 0.00230, 0.01482, 0.00033, 0.00013, 0.01232, 1.0255e-3),
    1e-7: (0.09690, 0.03450, 0.04573, 0.01264, 0.01060, 0.03749, 9.7092e-4),
    3e-7: (0.16553, 0.10778, 0.11281, 0.07662, 0.07457, 0.10505, 8.9730e-4),
    1e-6: (0.35300, 0.30823, 0.31200, 0.28383, 0.28224, 0.30599, 6.9573e-4),
    3e-6: (0.68712, 0.66546, 0.66729, 0.65367, 0.65290, 0.66438, 3.3645e-4),
    1e-5: (0.97539, 0.97369, 0.97383, 0.97276, 0.97270, 0.97361, 2.6461e-5),
    3e-5: (0.99998, 0.99998, 0.99998, 0.99998, 0.99998, 0.99998, 1.8510e-8),
}
PI_AG = {
    3e-8: (0.16745, 0.03643, 0.00000, 0.00000, 0.00000, 0.01609, 5.4651e-4),
    1e-7: (0.39901, 0.29058, 0.00000, 0.00000, 0.00000, 0.04019, 3.8678e-4),
    3e-7: (0.73445, 0.68664, 0.00000, 0.00000, 0.00000, 0.07943, 1.7121e-4),
    1e-6: (0.94653, 0.93720, 0.00000, 0.00000, 0.00000, 0.11846, 3.4980e-5),
    3e-6: (0.97715, 0.97323, 0.00004, 0.00000, 0.00000, 0.14982, 1.5065e-5),
    1e-5: (0.98813, 0.98611, 0.00472, 0.00000, 0.00000, 0.20406, 7.8381e-6),
    3e-5: (0.99324, 0.99209, 0.10223, 0.00095, 0.00095, 0.28962, 4.4669e-6),
    1e-4: (0.99632, 0.99569, 0.37307, 0.10150, 0.10150, 0.45551, 2.4348e-6),
    3e-4: (0.99818, 0.99787, 0.67631, 0.50844, 0.50844, 0.71181, 1.2032e-6),
    1e-3: (0.99980, 0.99976, 0.96400, 0.94531, 0.94531, 0.96794, 1.3278e-7),
}
BRICKS = {"brick-cu": CU, "brick-pi-ag": PI_AG}
CAPACITY = {"brick-cu": 2.759680e-9, "brick-pi-ag": 1.330210e-9}  # J/K
ROWS = [(name, time) for name, table in BRICKS.items() for time in table]


@pytest.mark.parametrize(("name", "time"), ROWS)
def test_every_row_of_the_boxes(paper, name, time):
    """theta agrees within 0.005 at every probe, the stored heat within 0.5 % of its full scale."""
    result = paper(name)
    row = int(np.argmin(np.abs(result.time - time)))
    assert result.time[row] == pytest.approx(time, rel=1e-12)
    found = [result.columns[f"{probe}_theta"][row] for probe in PROBES]
    assert found == pytest.approx(BRICKS[name][time][:5], abs=0.005)
    assert result.columns["stored_J"][row] / (CAPACITY[name] * 175.0) == pytest.approx(BRICKS[name][time][5], abs=0.005)


@pytest.mark.parametrize(("name", "time"), [row for row in ROWS if row[1] < 2e-5])
def test_heat_into_the_patch(paper, name, time):
    """The heat agrees within 2 %. A coarse mesh lets too much through the edge of the patch, where the flux is singular."""
    result = paper(name)
    row = int(np.argmin(np.abs(result.time - time)))
    assert result.columns["heat_hot-spot_W"][row] / 175.0 == pytest.approx(BRICKS[name][time][6], rel=0.02)


@pytest.mark.parametrize(("name", "half_rise"), [("brick-cu", 1.997e-6), ("brick-pi-ag", 294.6e-6)])
def test_half_rise_of_the_bottom_mean(paper, name, half_rise):
    assert paper(name).summary()["crossings"]["half-rise"]["time_s"] == pytest.approx(half_rise, rel=0.005)


def test_ratio_of_the_half_rises(paper):
    times = [paper(name).summary()["crossings"]["half-rise"]["time_s"] for name in ("brick-pi-ag", "brick-cu")]
    assert times[0] / times[1] == pytest.approx(147.5, rel=0.01)


def test_the_picture_of_figure_6(paper):
    """At 10 us the copper box is uniform at theta 0.973 to 0.975. The PI-Ag box is hot on top and unchanged at the bottom."""
    for name, probe, low, high in (
        ("brick-cu", "top-corner", 0.973, 0.975),
        ("brick-cu", "middle", 0.973, 0.975),
        ("brick-cu", "bottom-mean", 0.972, 0.975),
        ("brick-pi-ag", "top-mean", 0.987, 0.989),
        ("brick-pi-ag", "middle", 0.0, 0.0097),
        ("brick-pi-ag", "bottom-mean", -1e-4, 1e-4),
    ):
        result = paper(name)
        row = int(np.argmin(np.abs(result.time - 1e-5)))
        assert low <= result.columns[f"{probe}_theta"][row] <= high


@pytest.mark.parametrize("name", sorted(BRICKS))
def test_energy_balance_of_a_brick(paper, name):
    assert paper(name).summary()["energy"]["residual_relative"] <= 1e-8


@pytest.mark.parametrize("name", sorted(BRICKS))
def test_both_boxes_end_at_the_patch_temperature(paper, name):
    """The model has no heat sink, so the figure of the paper shows a transient."""
    assert paper(name).probe("bottom-coldest")[-1] == pytest.approx(473.0, abs=0.1)


SLAB = """
    title: layered slab, top face stepped to 1
    materials:
      ag: {density: 10500 kg/m3, heat_capacity: 235 J/(kg K), thermal_conductivity: 429 W/(m K)}
      pi: {density: 1420 kg/m3, heat_capacity: 1090 J/(kg K), thermal_conductivity: 0.12 W/(m K)}
      cu: {density: 8960 kg/m3, heat_capacity: 385 J/(kg K), thermal_conductivity: 400 W/(m K)}
      good: {density: 2400 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 200 W/(m K)}
      poor: {density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}
    sample:
      kind: layered-block
      size: SIZE
      layers: LAYERS
      temperature: 300 K
      mesh: MESH
    programme: {kind: surroundings, faces: {top: [{kind: held, temperature: 400 K}]}, end: END}
    measure:
      probes: PROBES
      pictures: {times: TIMES}
    numerics: {tolerance: 5e-5}
"""
SLABS = {
    "silver polyimide silver": (
        {
            "SIZE": "[1 um, 1 um]",
            "LAYERS": "[{name: a, material: ag, thickness: 0.5 um}, {name: b, material: pi, thickness: 7 um}, "
            "{name: c, material: ag, thickness: 0.5 um}]",
            "MESH": "{largest: 0.5 um, interface: 50 nm}",
            "END": "1.01 ms",
            "PROBES": "{bottom: [0 um, 0 um, 0 um], middle: [0 um, 0 um, 4 um]}",
            "TIMES": "[10 us, 30 us, 100 us, 300 us, 1 ms]",
        },
        {
            "bottom": (7.889e-9, 0.0009965156, 0.1029994979, 0.5109041362, 0.9461422900),
            "middle": (0.0049395775, 0.1046184092, 0.3758398763, 0.6785938588, 0.9646200879),
        },
    ),
    "copper": (
        {
            "SIZE": "[1 um, 1 um]",
            "LAYERS": "[{name: a, material: cu, thickness: 8 um}]",
            "MESH": "{largest: 0.5 um}",
            "END": "1.01 us",
            "PROBES": "{bottom: [0 um, 0 um, 0 um]}",
            "TIMES": "[10 ns, 100 ns, 300 ns, 1 us]",
        },
        {"bottom": (2.9885e-7, 0.1933338954, 0.6669881410, 0.9854313507)},
    ),
    "good on poor": (
        {
            "SIZE": "[10 mm, 10 mm]",
            "LAYERS": "[{name: cold, material: poor, thickness: 20 mm}, {name: hot, material: good, thickness: 10 mm}]",
            "MESH": "{largest: 1 mm}",
            "END": "501 s",
            "PROBES": "{back: [0 mm, 0 mm, 0 mm], interface: [0 mm, 0 mm, 20 mm]}",
            "TIMES": "[10 s, 50 s, 100 s, 200 s, 500 s]",
        },
        {
            "back": (1.84e-10, 0.0086831446, 0.0886551662, 0.3112506260, 0.7250161652),
            "interface": (0.9866740991, 0.9943007034, 0.9959928979, 0.9972715275, 0.9989215144),
        },
    ),
}


@pytest.mark.parametrize("name", sorted(SLABS))
def test_a_layered_slab_agrees_with_its_exact_solution(name):
    """theta agrees within 0.001 at every time."""
    text = SLAB
    for key, value in SLABS[name][0].items():
        text = text.replace(key, value)
    result = run(case_from(text))
    rows = [int(np.argmin(np.abs(result.time - float(time)))) for time in result.case.measure.pictures.times]
    for probe, exact in SLABS[name][1].items():
        assert (result.probe(probe)[rows] - 300.0) / 100.0 == pytest.approx(exact, abs=0.001)


@pytest.mark.slow
def test_a_pi_ag_collector_is_no_barrier_to_the_heat_of_a_local_short():
    """Figure 6A in the pouch: three films add t/k each, and the layers below the short become hotter, not cooler."""
    copper, film = (run(read_case(CASES / "paper" / f"figure-6a-{name}.yaml")).summary() for name in ("cu", "pi-ag"))
    assert all(row["holds"] for row in (*copper["expect"], *film["expect"]))
    added = film["derived"]["stack"]["resistance_through_m2_K_per_W"] - copper["derived"]["stack"]["resistance_through_m2_K_per_W"]
    assert added == pytest.approx(3 * (7e-6 / 0.12 + 1e-6 / 429.0 - 8e-6 / 400.0), rel=0.02)
    for name in ("anode-2", "cathode-2", "anode-3"):
        assert film["crossings"][name]["time_s"] < copper["crossings"][name]["time_s"]
        assert film["probes"][name]["maximum_K"] > copper["probes"][name]["maximum_K"]
    for summary in (copper, film):  # the power, a fall of 1 ms included
        assert summary["energy"]["heat_in_J"] == pytest.approx(2.001, rel=1e-9)
        assert summary["energy"]["residual_relative"] < 1e-12
