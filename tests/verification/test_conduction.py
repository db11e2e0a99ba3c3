"""Bodies under flux, convection, radiation and temperatures that change with time agree with exact solutions.

Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed.; NAFEMS, The Standard NAFEMS Benchmarks, Rev. 3, 1990, tests T2, T3, T4.
"""

import math

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from thermo.case.case import read_case
from thermo.simulation.simulate import run

BAR = """
    title: bar along z
    materials:
      m: {{density: {density} kg/m3, heat_capacity: {heat_capacity} J/(kg K), thermal_conductivity: {conductivity} W/(m K)}}
    sample:
      kind: layered-block
      size: [{width}, {width}]
      layers: [{{name: bar, material: m, thickness: {length}}}]
      temperature: {start}
      mesh: {{largest: {largest}}}
    programme:
      kind: surroundings
      faces: {faces}
      end: {end}
    measure: {{probes: {probes}, pictures: {{times: {times}}}}}
    numerics: {{tolerance: {tolerance}}}
"""


def bar(**changes):
    options = {"width": "1 mm", "start": "0 degC", "tolerance": 2e-5, "times": "[]"} | changes
    return run(case_from(BAR.format(**options)))


def at(result, probe, time):
    return result.probe(probe)[int(np.argmin(np.abs(result.time - time)))]


# ------------------------------------------------------------------ semi-infinite solid

STEEL = {"density": 7800, "heat_capacity": 500, "conductivity": 40}
SEMI_INFINITE = {  # surface: depth m, time s: temperature degC
    "{kind: held, temperature: 100 degC}": {(0.01, 60): 77.561054, (0.02, 60): 56.861821, (0.05, 600): 65.221017},
    "{kind: flux, heat_flux: 100 kW/m2}": {(0.01, 60): 47.802913, (0.02, 60): 31.052455, (0.05, 600): 118.395620, (0.0, 60): 69.979105},
    "{kind: convection, heat_transfer_coefficient: 500 W/(m2 K), ambient_temperature: 100 degC}": {
        (0.01, 60): 19.011666,
        (0.02, 60): 12.593109,
        (0.05, 600): 32.897587,
        (0.0, 60): 27.228318,
    },
}


@pytest.mark.parametrize("condition", sorted(SEMI_INFINITE))
def test_semi_infinite_solid(condition):
    """The result agrees within 0.01 K with the error-function solutions. The far end, 6 sqrt(a t) away, is insulated."""
    probes = "{p0: [0 mm, 0 mm, 480 mm], p1: [0 mm, 0 mm, 470 mm], p2: [0 mm, 0 mm, 460 mm], p5: [0 mm, 0 mm, 430 mm]}"
    result = bar(
        **STEEL, length="480 mm", largest="4 mm", faces=f"{{top: [{condition}]}}", end="601 s", times="[60 s, 600 s]", probes=probes
    )
    for (depth, time), exact in SEMI_INFINITE[condition].items():
        assert at(result, f"p{round(100 * depth)}", time) - 273.15 == pytest.approx(exact, abs=0.01)
    assert result.summary()["energy"]["residual_relative"] < 1e-8


# ------------------------------------------------------------------ plane wall with convection on both sides

WALL = {  # Biot: Fourier: (centre, surface, mean) of (T - T_inf)/(T_0 - T_inf)
    0.1: {0.1: (0.999223, 0.965294, 0.990233), 0.5: (0.967981, 0.921779, 0.952574), 2.0: (0.837326, 0.797144, 0.823889)},
    1.0: {0.1: (0.993108, 0.723577, 0.919597), 0.5: (0.772526, 0.504522, 0.681105), 2.0: (0.254668, 0.166091, 0.224394)},
    10.0: {0.1: (0.968424, 0.170574, 0.726118), 0.5: (0.454641, 0.064329, 0.315016), 2.0: (0.021265, 0.003008, 0.014733)},
}


@pytest.mark.parametrize("biot", sorted(WALL))
def test_plane_wall_with_convection_on_both_sides(biot):
    """Heisler's whole wall agrees within 2e-4 with its series. 2L = 20 mm, k = 1 and a = 1e-6 m2/s give Fo = 0.01 t."""
    cooled = f"[{{kind: convection, heat_transfer_coefficient: {100.0 * biot} W/(m2 K), ambient_temperature: 0 degC}}]"
    result = bar(
        density=1000,
        heat_capacity=1000,
        conductivity=1,
        length="20 mm",
        largest="0.4 mm",
        start="100 degC",
        faces=f"{{top: {cooled}, bottom: {cooled}}}",
        end="201 s",
        times="[10 s, 50 s, 200 s]",
        probes="{centre: [0 mm, 0 mm, 10 mm], surface: {face: top, take: mean}, mean: {region: bar, take: mean}}",
    )
    for fourier, exact in WALL[biot].items():
        found = [(at(result, probe, 100.0 * fourier) - 273.15) / 100.0 for probe in ("centre", "surface", "mean")]
        assert found == pytest.approx(exact, abs=2e-4)
    energy = result.summary()["energy"]
    assert energy["heat_in_J"] == 0.0
    assert energy["heat_out_J"] == pytest.approx(energy["initial_J"] - energy["final_J"], rel=1e-9)


# ------------------------------------------------------------------ NAFEMS


def test_nafems_t2_radiation():
    """k (1000 - T)/L = eps sigma (T^4 - 300^4) gives 927.0040 K with the CODATA constant. The run goes on until it is steady."""
    result = bar(
        density=7850,
        heat_capacity=460,
        conductivity=55.6,
        length="100 mm",
        largest="20 mm",
        start="1000 K",
        faces="{bottom: [{kind: held, temperature: 1000 K}], top: [{kind: radiation, emissivity: 0.98, ambient_temperature: 300 K}]}",
        end="5 h",
        probes="{B: {face: top, take: mean}}",
        tolerance=1e-4,
    )
    assert result.probe("B")[-1] == pytest.approx(927.0040, abs=0.001)
    assert result.columns["heat_top_W"][-1] == pytest.approx(-40586.0 * 1e-6, rel=1e-3)
    assert result.summary()["energy"]["residual_relative"] < 1e-6


def sine_table(step):
    rows = [f"[{t:.4g} s, {100.0 * math.sin(math.pi * t / 40.0):.9g} degC]" for t in np.arange(0.0, 40.0 + step / 2, step)]
    return "{table: [" + ", ".join(rows) + "]}"


T3 = {4: 0.246046, 8: 2.787129, 12: 8.016284, 16: 14.864629, 20: 22.147260, 24: 28.774859, 28: 33.825722, 32: 36.603116, 36: 36.681301}


def transient_t3(largest, tolerance=2e-5):
    return bar(
        density=7200,
        heat_capacity=440.5,
        conductivity=35.0,
        length="100 mm",
        largest=largest,
        faces=f"{{bottom: [{{kind: held, temperature: 0 degC}}], top: [{{kind: held, temperature: {sine_table(0.2)}}}]}}",
        end="37 s",
        times="[4 s, 8 s, 12 s, 16 s, 20 s, 24 s, 28 s, 32 s, 36 s]",
        probes="{x: [0 mm, 0 mm, 80 mm]}",
        tolerance=tolerance,
    )


def test_nafems_t3_transient():
    """The Duhamel series gives T(0.08 m, 32 s) = 36.603116 degC. The whole history agrees within 0.02 K."""
    result = transient_t3("4 mm")
    for time, exact in T3.items():
        assert at(result, "x", time) - 273.15 == pytest.approx(exact, abs=0.02)


@pytest.mark.slow
def test_nafems_t3_on_meshes_as_coarse_as_the_original():
    """Meshes of 5 and 10 linear elements are 1.7 and 0.7 K low. On finer ones the error falls as h^2."""
    apart = []
    for n in (5, 10, 20, 40):
        size = f"{100.0 / n} mm"
        mesh = [f"sample.mesh.{key}" for key in ("order=1", f"largest={size}", f"interface={size}")]
        apart.append(run(read_case(CASES / "verification" / "nafems-t3-transient.yaml", mesh)).probe("P")[-1] - 273.15 - 36.603116)
    assert apart[:2] == pytest.approx([-1.734, -0.661], abs=0.01)
    assert np.log2(apart[2] / apart[3]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.slow
def test_nafems_t4_convection():
    """T(0.6, 0.2) = 18.25376 degC. Inner points agree as well, and the corners where 100 degC meets the film."""
    cooled = "[{kind: convection, heat_transfer_coefficient: 750 W/(m2 K), ambient_temperature: 0 degC}]"
    text = BAR.format(
        density=7850,
        heat_capacity=460,
        conductivity=52,
        width="WIDTH",
        length="1 m",
        largest="45 mm",
        start="0 degC",
        faces=f"{{bottom: [{{kind: held, temperature: 100 degC}}], right: {cooled}, top: {cooled}}}",
        end="30 h",
        times="[]",
        probes="{E: [600 mm, 0 mm, 200 mm], a: [0 mm, 0 mm, 200 mm], b: [300 mm, 0 mm, 500 mm], c: [0 mm, 0 mm, 1 m]}",
        tolerance=1e-4,
    ).replace("[WIDTH, WIDTH]", "[600 mm, 20 mm]")
    result = run(case_from(text))
    found = [result.probe(name)[-1] - 273.15 for name in ("E", "a", "b", "c")]
    assert found == pytest.approx([18.25376, 70.060663, 28.319960, 3.367769], abs=0.02)


# ------------------------------------------------------------------ several conditions, over time


def test_convection_and_radiation_on_one_face_add():
    """A thin plate cools by both: C dT/dt = -h A (T - Ta) - eps sigma A (T^4 - Ta^4). An independent integrator solves the same
    equation.
    """
    from scipy.integrate import solve_ivp

    result = bar(
        density=2700,
        heat_capacity=900,
        conductivity=200,
        length="1 mm",
        largest="1 mm",
        start="800 K",
        faces="{top: [{kind: convection, heat_transfer_coefficient: 20 W/(m2 K), ambient_temperature: 300 K}, "
        "{kind: radiation, emissivity: 0.8, ambient_temperature: 300 K}]}",
        end="100 s",
        times="[20 s, 100 s]",
        probes="{T: {region: bar, take: mean}}",
    )

    def rhs(t, y):
        return [-(20.0 * (y[0] - 300.0) + 0.8 * 5.670374419e-8 * (y[0] ** 4 - 300.0**4)) / (2700.0 * 900.0 * 1e-3)]

    exact = solve_ivp(rhs, (0.0, 100.0), [800.0], t_eval=[20.0, 100.0], rtol=1e-10, atol=1e-8).y[0]
    found = [at(result, "T", 20.0), at(result, "T", 100.0)]
    assert found == pytest.approx(exact, abs=0.05)  # the plate is uniform to 0.05 K, not more
    assert result.summary()["energy"]["residual_relative"] < 1e-6


def test_a_ramp_of_the_surroundings():
    """A plate behind a film follows a ramp with the lag C/(h A): T = Ta - b tau (1 - exp(-t/tau))."""
    result = bar(
        density=1000,
        heat_capacity=1000,
        conductivity=400,
        length="1 mm",
        largest="1 mm",
        start="300 K",
        faces="{top: [{kind: convection, heat_transfer_coefficient: 100 W/(m2 K), "
        "ambient_temperature: {from: 300 K, to: 360 K, over: 60 s}}]}",
        end="60 s",
        probes="{T: {region: bar, take: mean}}",
    )
    lag = 1e3 / 100.0
    exact = 360.0 - lag * (1.0 - math.exp(-60.0 / lag))
    assert result.probe("T")[-1] == pytest.approx(exact, abs=0.01)


def test_steps_end_where_a_table_bends():
    result = bar(
        density=1000,
        heat_capacity=1000,
        conductivity=1,
        length="1 mm",
        largest="0.5 mm",
        start="300 K",
        faces="{top: [{kind: flux, heat_flux: {table: [[0 s, 0 W/m2], [1.25 s, 5 kW/m2], [2 s, 5 kW/m2], [2.5 s, 0 W/m2]]}}]}",
        end="4 s",
        probes="{T: {region: bar, take: mean}}",
    )
    for corner in (1.25, 2.0, 2.5, 4.0):
        assert np.any(result.time == corner)
    heat = 1e-6 * 5e3 * (0.5 * 1.25 + 0.75 + 0.5 * 0.5)
    assert result.summary()["energy"]["heat_in_J"] == pytest.approx(heat, rel=1e-6)
    assert result.probe("T")[-1] - 300.0 == pytest.approx(heat / (1e6 * 1e-9), rel=1e-6)


def test_a_face_that_is_held_takes_nothing_else():
    from thermo.base.errors import CaseError

    with pytest.raises(CaseError, match="is held at a temperature; remove 'flux', which has no effect there"):
        bar(
            **STEEL,
            length="1 mm",
            largest="1 mm",
            end="1 s",
            probes="{}",
            faces="{top: [{kind: held, temperature: 300 K}, {kind: flux, heat_flux: 1 W/m2}]}",
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{table: [[1 s, 300 K], [1 s, 310 K]]}", "the times of a table must rise"),
        ("{table: [[300 K, 1 s]]}", "wrong unit"),
        ("{from: 300 K, to: 310 K}", "'over'|over: is missing"),
        ("{from: 300 K, to: 310 K, ovr: 1 s}", "did you mean 'over'"),
        ("{table: 3}", "a list of pairs is needed"),
        ("300", "has no unit"),
    ],
)
def test_mistakes_in_a_value_over_time(value, text):
    from thermo.base.errors import CaseError

    with pytest.raises(CaseError, match=text):
        bar(
            **STEEL,
            length="1 mm",
            largest="1 mm",
            end="1 s",
            probes="{}",
            faces=f"{{top: [{{kind: held, temperature: {value}}}]}}",
        )


def test_a_source_in_a_layer_heats_by_its_volume():
    """One of two insulated layers has a source on a ramp. The mean temperature rises by the energy over the heat capacity."""
    text = BAR.format(
        density=1000,
        heat_capacity=1000,
        conductivity=5,
        width="1 mm",
        length="2 mm",
        largest="0.5 mm",
        start="300 K",
        faces="{}",
        end="20 s",
        times="[]",
        probes="{mean: {region: bar, take: mean}, hottest: {region: bar, take: maximum}}",
        tolerance=1e-4,
    )
    text = text.replace("layers: [", "layers: [{name: heater, material: m, thickness: 1 mm}, ")
    text = text.replace("faces: {}", "sources: {heater: {power_density: {from: 0 W/cm3, to: 4 W/cm3, over: 10 s}}}")
    result = run(case_from(text))
    heat = 1e-9 * 4e6 * (0.5 * 10.0 + 10.0)  # J
    energy = result.summary()["energy"]
    assert energy["heat_in_J"] == pytest.approx(heat, rel=1e-9)
    assert energy["final_J"] - energy["initial_J"] == pytest.approx(heat, rel=1e-9)
    assert result.columns["heat_heater_W"][-1] == pytest.approx(4e-3, rel=1e-9)


def test_a_slab_with_a_uniform_source_between_cold_faces():
    """The steady temperature in the middle is T = T0 + q (L/2)^2 / (2 k)."""
    cold = "[{kind: held, temperature: 0 degC}]"
    text = BAR.format(
        density=1000,
        heat_capacity=1000,
        conductivity=2,
        width="1 mm",
        length="20 mm",
        largest="2 mm",
        start="0 degC",
        faces=f"{{top: {cold}, bottom: {cold}}}",
        end="1 h",
        times="[]",
        probes="{middle: [0 mm, 0 mm, 10 mm]}",
        tolerance=1e-4,
    ).replace("      end: 1 h", "      sources: {bar: {power_density: 1 MW/m3}}\n      end: 1 h")
    result = run(case_from(text))
    assert result.probe("middle")[-1] - 273.15 == pytest.approx(1e6 * 0.01**2 / (2.0 * 2.0), rel=1e-6)
    assert result.columns["heat_top_W"][-1] == pytest.approx(-1e6 * 0.01 * 1e-6, rel=1e-5)


def test_a_source_in_a_region_that_is_not_there():
    from thermo.base.errors import CaseError

    with pytest.raises(CaseError, match=r"programme\.sources\.bra: the sample has no region 'bra'; did you mean 'bar'"):
        bar(**STEEL, length="1 mm", largest="1 mm", faces="{}\n      sources: {bra: {power_density: 1 W/m3}}", end="1 s", probes="{}")


def test_heat_that_is_not_there_cannot_be_taken_out():
    """A flux that cools the body below 0 K ends the run as failed and gives the reason."""
    result = bar(**STEEL, length="1 mm", largest="1 mm", faces="{top: [{kind: flux, heat_flux: -1 MW/m2}]}", end="10 s", probes="{}")
    summary = result.summary()
    assert summary["status"] == "failed"
    assert "falls below 0 K" in summary["end"]["reason"]


def test_a_condition_on_a_face_acts_on_its_patches_too_unless_they_are_held():
    """10 kW/m2 on 100 mm2 give 1 W. A held patch of 25 mm2 takes its share away."""
    text = BAR.format(
        **STEEL,
        width="10 mm",
        length="5 mm",
        largest="2 mm",
        start="0 degC",
        end="1 s",
        times="[]",
        probes="{}",
        tolerance=1e-3,
        faces="{top: [{kind: flux, heat_flux: 10 kW/m2}], EXTRA}",
    ).replace(
        "      temperature: 0 degC", "      patches: {pad: {face: top, square: 5 mm, centre: [5 mm, 5 mm]}}\n      temperature: 0 degC"
    )
    both = run(case_from(text.replace("EXTRA", "pad: [{kind: flux, heat_flux: 4 kW/m2}]")))
    assert both.columns["heat_top_W"][-1] == pytest.approx(1.0, rel=1e-9)
    assert both.columns["heat_pad_W"][-1] == pytest.approx(0.1, rel=1e-9)
    held = run(case_from(text.replace("EXTRA", "pad: [{kind: held, temperature: 0 degC}]")))
    assert held.columns["heat_top_W"][-1] == pytest.approx(0.75, rel=1e-9)
