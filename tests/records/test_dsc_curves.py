"""Curves from CSV and `thermo kinetics`: units, baseline, peaks, and one line for each thing that is wrong."""

import json

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.base.errors import CaseError
from thermo.records.dsc_curves import Reading, at_conversions, read_curve

T = np.arange(400.0, 500.0, 0.5)
BUMP = np.exp(-(((T - 450.0) / 8.0) ** 2))  # a peak at 450 K, area 8 sqrt(pi) K


def write(file, **columns):
    """Columns as a CSV file."""
    rows = ["\n".join(",".join(f"{value!r}" for value in row) for row in np.column_stack(list(columns.values())).tolist())]
    file.write_text("\n".join([",".join(columns), *rows]) + "\n")
    return file


def gauss(file, rate=10.0, shift=0.0, **more):
    """A ramp of `rate` [K/min] with one peak at 450 K and a shift."""
    peak = np.exp(-(((T - 450.0 - shift) / 8.0) ** 2))
    return write(file, time_min=(T - T[0]) / rate, temperature_K=T, heat_flow_W_per_g=peak, **more)


@pytest.fixture
def two(tmp_path):
    return [gauss(tmp_path / "slow.csv", 2.0, -15.0), gauss(tmp_path / "fast.csv", 10.0)]


@pytest.mark.parametrize(
    "columns",
    [
        {"time_s": (T - 400.0) * 6.0, "temperature_K": T, "heat_flow_W_per_g": BUMP},
        {"time_min": (T - 400.0) / 10.0, "temperature_C": T - 273.15, "heat_flow_mW_per_mg": BUMP},
        {"temperature_K": T, "heating_rate_K_per_min": np.full(len(T), 10.0), "heat_flow_W_per_g": BUMP},
        {"heat_flow_W_per_g": BUMP, "heating_rate_K_per_s": np.full(len(T), 1.0 / 6.0), "signal": BUMP, "temperature_C": T - 273.15},
    ],
)
def test_every_way_to_say_the_same_gives_the_same_curve(tmp_path, columns):
    curve = read_curve(write(tmp_path / "a.csv", **columns))
    assert curve.heating_rate == pytest.approx(10.0 / 60.0, rel=1e-9)
    assert curve.peak_temperature == pytest.approx(450.0, abs=2e-3)
    assert curve.heat == pytest.approx(1e3 * 8.0 * np.sqrt(np.pi) * 6.0, rel=1e-6)  # the area of the peak over time
    assert curve.conversion[[0, -1]] == pytest.approx([0.0, 1.0])
    assert curve.warnings == ()


@pytest.mark.parametrize(
    "head", ["Temp./°C;Time/min;DSC/(mW/mg)", "Temperature (degC)\tt [min]\tHeat flow [W/g]", "Ts [C],Time (min),HF (W/g)"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_heads_that_instruments_write(tmp_path, head, encoding):
    plain = read_curve(gauss(tmp_path / "a.csv"))
    separator = max(",;\t", key=head.count)
    rows = np.column_stack([T - 273.15, (T - T[0]) / 10.0, BUMP]).tolist()
    text = "\n".join([head, *(separator.join(map(repr, row)) for row in rows)])
    (tmp_path / "b.csv").write_bytes(text.encode(encoding))
    curve = read_curve(tmp_path / "b.csv")
    assert curve.heat == pytest.approx(plain.heat, rel=1e-9)
    assert curve.peak_temperature == pytest.approx(plain.peak_temperature, abs=1e-9)


def test_of_the_same_heat_flow_the_one_per_mass_is_taken(tmp_path):
    curve = read_curve(gauss(tmp_path / "a.csv", heat_flow_mW=5.0 * BUMP))
    assert curve.heat == pytest.approx(read_curve(gauss(tmp_path / "b.csv")).heat)


@pytest.mark.parametrize(("name", "size"), [("heat_flow_W", 1.0), ("heat_flow_mW", 5.0)])
def test_heat_flow_without_mass_gives_conversion_and_no_heat_per_mass(tmp_path, name, size):
    curve = read_curve(write(tmp_path / "a.csv", time_s=(T - 400.0) * 6.0, temperature_K=T, **{name: size * BUMP}))
    assert curve.heat is None
    assert at_conversions(curve, np.array([0.5]))[0] == pytest.approx([450.0], abs=0.01)


def test_a_straight_baseline_changes_nothing(tmp_path):
    plain = read_curve(write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=BUMP))
    tilted = read_curve(write(tmp_path / "b.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=BUMP - 3.0 + 0.01 * (T - 400.0)))
    assert tilted.conversion == pytest.approx(plain.conversion, abs=1e-12)
    assert tilted.peak_temperature == pytest.approx(plain.peak_temperature, abs=1e-6)


def test_conversion_and_heat_flow_agree(tmp_path):
    flow = read_curve(write(tmp_path / "a.csv", time_s=(T - 400.0) * 6.0, temperature_K=T, heat_flow_W=BUMP))
    known = read_curve(write(tmp_path / "b.csv", time_s=(T - 400.0) * 6.0, temperature_K=T, conversion=flow.conversion))
    asked = np.array([0.1, 0.5, 0.9])
    for ours, theirs, near in zip(at_conversions(flow, asked), at_conversions(known, asked), (1e-6, 0.01), strict=True):
        assert ours == pytest.approx(theirs, rel=near)
    assert known.peak_temperature == pytest.approx(450.0, abs=0.01)


def test_conversions_that_a_curve_does_not_reach_are_nan(tmp_path):
    curve = read_curve(
        write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, conversion=0.2 + 0.5 / (1.0 + np.exp(-(T - 450.0) / 5.0)))
    )
    assert np.isnan(at_conversions(curve, np.array([0.1, 0.5, 0.9]))[0]).tolist() == [True, False, True]


def test_remarks_blank_lines_and_a_byte_order_mark_are_skipped(tmp_path):
    file = gauss(tmp_path / "a.csv")
    plain = read_curve(file)
    file.write_bytes(b"\xef\xbb\xbf# cell 7, 12.3 mg\r\n\r\n" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_curve(file).peak_temperature == plain.peak_temperature


def test_a_peak_that_points_down_is_turned_and_said(tmp_path):
    curve = read_curve(write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=2.0 - BUMP))
    assert curve.peak_temperature == pytest.approx(450.0, abs=2e-3)
    assert "points down" in curve.warnings[0]


@pytest.mark.parametrize(("size", "n"), [(0.5, 2), (0.05, 0)])
def test_a_second_maximum_above_a_tenth_is_said(tmp_path, size, n):
    second = size * np.exp(-(((T - 480.0) / 4.0) ** 2))
    curve = read_curve(write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=BUMP + second))
    assert [text[:30] for text in curve.warnings] == ["2 maxima above 10 % of the lar"][:n]


def test_heat_flow_on_the_other_side_of_the_baseline_is_said(tmp_path):
    melting = 0.2 * np.exp(-(((T - 415.0) / 3.0) ** 2))
    curve = read_curve(write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=BUMP - melting))
    (baseline,) = curve.warnings
    assert "the baseline changes the area by 10 %: 13.12 J above a straight one" in baseline
    assert "the tangential one is used" in baseline
    assert curve.heats["tangential"] == pytest.approx(8.0 * np.sqrt(np.pi), rel=0.03)  # of the peak, without the melting
    kept = read_curve(tmp_path / "a.csv", Reading(baseline="straight"))
    assert kept.warnings[1] == "the heat flow lies on the other side of its straight baseline by up to 20 % of the peak"


def test_few_rows_on_the_peak_are_said(tmp_path):
    curve = read_curve(write(tmp_path / "a.csv", time_s=T[::4] - 400.0, temperature_K=T[::4], heat_flow_W=BUMP[::4]))
    assert "the top of the peak has only" in curve.warnings[0]
    assert curve.peak_temperature == pytest.approx(450.0, abs=0.1)


def test_noise_is_no_second_maximum(tmp_path):
    noisy = BUMP + np.random.default_rng(5).normal(0.0, 0.02, len(T))
    curve = read_curve(write(tmp_path / "a.csv", time_s=T - 400.0, temperature_K=T, heat_flow_W=noisy))
    assert curve.warnings == ()
    assert curve.peak_temperature == pytest.approx(450.0, abs=1.0)


def test_a_rate_that_is_not_quite_steady_is_said(tmp_path):
    time = (T - 400.0) * 6.0 + 8.0 * BUMP  # s: a sample that heats itself
    curve = read_curve(write(tmp_path / "a.csv", time_s=time, temperature_K=T, heat_flow_W=BUMP))
    assert "the heating rate is not steady" in curve.warnings[0]
    assert 0.05 < curve.unsteadiness < 0.25


def test_a_column_of_heating_rates_that_contradicts_the_time_is_said(tmp_path):
    curve = read_curve(gauss(tmp_path / "a.csv", heating_rate_K_per_min=np.full(len(T), 20.0)))
    assert "the column gives 20 K/min, time and temperature give 10 K/min" in curve.warnings[0]


GOOD = {"time_s": T - 400.0, "temperature_K": T, "heat_flow_W": BUMP}
HEAT_AND_HOLD = np.concatenate([np.linspace(400.0, 450.0, 100), np.full(100, 450.0)])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"time_s": T, "heat_flow_W": T},
            r"a.csv:1: there is no column of temperature, such as temperature_C or 'T \[K\]'; found 'time_s'",
        ),
        ({**GOOD, "temperature_K": None, "temperature": T}, "no column of temperature, .*; 'temperature' states no unit"),
        ({"time_s": T, "temperature_K": T}, "no column of heat flow or conversion"),
        ({"temperature_K": T, "heat_flow_W": T}, "no column of time or heating rate"),
        ({**GOOD, "conversion": BUMP}, "columns of heat flow and of conversion; give one of them"),
        (
            {**GOOD, "temperature_C": T},
            "more than one column may be the temperature: 'temperature_K', 'temperature_C'; choose one with --temperature",
        ),
        ({**GOOD, "temperature_K": T - 401.0}, "a.csv:2: temperature_K: must be above absolute zero, got -1 K"),
        ({**GOOD, "time_s": np.floor(T)}, "a.csv:3: time_s: must rise from row to row, got 400 s after 400 s"),
        ({**GOOD, "temperature_K": HEAT_AND_HOLD}, "temperature_K: is not a ramp: one heating rate is needed, found"),
        ({**GOOD, "temperature_K": 900.0 - T}, "temperature_K: is not a ramp: the temperature must rise, found -60 K/min"),
        ({**GOOD, "heat_flow_W": T}, "heat_flow_W: no peak"),
        ({"time_s": T, "temperature_K": T, "conversion": 100.0 * BUMP}, "conversion: must be between 0 and 1, got .*is it in per cent"),
        (
            {"time_s": T, "temperature_K": T, "conversion": (500.0 - T) / 100.0},
            "conversion: must rise from 0 to 1, got .*the unreacted part",
        ),
        ({"time_s": T, "temperature_K": T, "conversion": 0.5 + 0.0 * T}, "no peak: the largest rate is in the first row"),
        ({**GOOD, "heating_rate_K_per_min": T}, "a.csv:3: heating_rate_K_per_min: one rate for the whole curve is needed, got 400.5 K/min"),
        ({**GOOD, "heating_rate_K_per_min": 0.0 * T}, "heating_rate_K_per_min: must be above 0, got 0 K/min"),
        ({name: values[:10] for name, values in GOOD.items()}, "a.csv: has 10 rows of numbers; at least 20 are needed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, columns, words):
    file = write(tmp_path / "a.csv", **{name: values for name, values in columns.items() if values is not None})
    with pytest.raises(CaseError, match=words) as caught:
        read_curve(file)
    assert len(caught.value.lines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("450.0", "n/a", "a.csv:102: temperature_K: sample 101: 'n/a' is not a number"),
        ("450.0", "", "a.csv:102: temperature_K: sample 101: a number is missing"),
        ("450.0", "nan", "a.csv:102: temperature_K: sample 101: 'nan' is not a number"),
        ("450.0", "450,0", "a.csv:102: 3 cells are needed, as in the line of names, found 4"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path, old, new, words):
    file = write(tmp_path / "a.csv", **GOOD)
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(CaseError) as caught:
        read_curve(file)
    assert [line.removeprefix(f"{tmp_path}/") for line in caught.value.lines()] == [words]


@pytest.mark.parametrize(
    "data", [b"", b"# a remark\n", b"\xff\xfe\x00", b"\x00" * 40, b'"' * 200_000, b"time_s,temperature_K,conversion\n"]
)
def test_what_is_no_table_is_refused_in_one_line(thermo, tmp_path, data):
    (tmp_path / "a.csv").write_bytes(data)
    code, out, err = thermo("kinetics", "a.csv", "a.csv")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith("error: a.csv")


def test_the_command_prints_energies_and_what_is_assumed(thermo, two):
    code, out, err = thermo("kinetics", *two)
    assert (code, err) == (0, [])
    assert "10 K/min      176.85 degC" in out
    assert "Kissinger, first order: E " in out
    assert "need not hold in a cell" in out
    assert "two heating rates give a line but no interval" in out
    assert sum(line[:2] == "0." for line in out.splitlines()) == 19


def test_a_heating_rate_that_is_measured_twice_gives_no_interval(thermo, two):
    code, out, err = thermo("kinetics", two[0], *two)
    assert (code, err) == (0, [])
    assert "(95 %: none)" in out
    assert out.count("none") == 2 + 2 * 19
    assert "warning: 3 curves of 2 heating rates: those within 1 % count as one, and the lines use all curves" in out
    assert "warning: two heating rates give a line but no interval; an interval needs three or more" in out


def test_json_is_one_document(thermo, two, tmp_path):
    code, out, err = thermo("kinetics", *two, gauss(tmp_path / "third.csv", 30.0, 11.0), "--json")
    found = json.loads(out)
    assert (code, err) == (0, [])
    assert [round(curve["heating_rate_K_per_s"] * 60.0) for curve in found["curves"]] == [2, 10, 30]
    low, high = found["kissinger"]["activation_energy_95_J_per_mol"]
    assert low < found["kissinger"]["activation_energy_J_per_mol"] < high
    assert len(found["conversions"]) == 19


@pytest.mark.slow
def test_the_figure_has_both_panels_and_is_not_written_over_unasked(thermo, two, tmp_path):
    from viz.kinetics import kinetics

    assert thermo("kinetics", *two, "--figure", "k.png")[0] == 0
    assert (tmp_path / "k.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = thermo("kinetics", *two, "--figure", "k.png")
    assert code == 4
    assert "--figure" in err[0]
    assert thermo("kinetics", *two, "--figure", "k.png", "--force")[0] == 0
    assert thermo("kinetics", *two, "--figure", "k.pdf")[0] == 2
    figure = kinetics(json.loads(thermo("kinetics", *two, "--json")[1]))
    assert [axes.get_ylabel()[:2] for axes in figure.axes] == ["ln", "E "]
    assert len(figure.axes[0].lines[1].get_xdata()) == 2


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["slow.csv"], "error: slow.csv: E needs at least two heating rates; one gives A for an assumed E, never E"),
        (["slow.csv", "slow.csv"], "slow.csv, slow.csv: the heating rates are equal, 2 K/min: E needs at least two"),
        (["slow.csv", "backwards.csv"], "the peak temperatures do not rise with the heating rate"),
        (["slow.csv", "missing.csv"], "missing.csv: there is no such file"),
        (["slow.csv", "."], ".: is a folder; a curve file is needed"),
        (["fast.csv", "part.csv"], "no conversion from 0.05 to 0.95 is reached by every curve"),
    ],
)
def test_curves_that_give_no_energy_end_with_2_and_one_line(thermo, two, tmp_path, files, words):
    gauss(tmp_path / "backwards.csv", 20.0, -30.0)
    write(tmp_path / "part.csv", time_s=(T - 400.0) * 60.0, temperature_K=T - 30.0, conversion=0.02 / (1.0 + np.exp(-(T - 450.0) / 5.0)))
    code, out, err = thermo("kinetics", *files)
    assert (code, out, len(err)) == (2, "", 1)
    assert words in err[0]
    assert "Traceback" not in err[0]


def test_mistakes_of_all_files_are_reported_at_once(thermo, two):
    two[0].write_text("a\n")
    two[1].write_text("b\n")
    code, _, err = thermo("kinetics", *two)
    assert code == 2
    assert len(err) == 2


@pytest.mark.slow
def test_histories_of_scans_of_this_program_are_read_as_they_are(thermo, tmp_path):
    for rate in (5, 10, 20):
        settings = ("--set", f"programme.rate={rate} K/min", "--set", "expect=[]")
        assert thermo("run", CASES / "paper" / "dsc-cu.yaml", "--no-pictures", "--out", f"r{rate}", *settings)[0] == 0
    code, out, _ = thermo("kinetics", *(f"r{rate}/history.csv" for rate in (5, 10, 20)), "--json")
    assert code == 0
    assert json.loads(out)["kissinger"]["activation_energy_J_per_mol"] == pytest.approx(135080.0, rel=1e-3)
    code, out, err = thermo("onset", "r5/history.csv")
    assert code == 2
    assert "use thermo kinetics" in err[0]


@pytest.mark.parametrize("digits", [4, 6])
def test_steps_of_a_printed_conversion_are_no_maxima(digits):
    time = np.arange(0.0, 4000.0, 2.0)
    conversion = np.round(1.0 / (1.0 + np.exp(-(time - 2000.0) / 150.0)), digits)
    from thermo.records.dsc_curves import _maxima

    assert _maxima(np.gradient(conversion, time)) == 1
    both = 0.5 * conversion + 0.5 / (1.0 + np.exp(-(time - 3000.0) / 100.0))
    assert _maxima(np.gradient(both, time)) == 2
