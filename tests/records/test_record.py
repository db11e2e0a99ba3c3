"""Records from files: what columns are called, units, what a bad file costs; and the command that reads one."""

import csv
import json

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.base.errors import CaseError
from thermo.casefile.columns import name_and_unit
from thermo.records.analysis import analyse
from thermo.records.heated_from_outside import Instrument
from thermo.records.record import DIMENSIONS, read_record
from thermo.records.record_doctor import Record
from thermo.records.slopes import Scatter, runs_of, slopes
from thermo.records.trace import take_apart
from thermo.results.store import finite


@pytest.fixture
def write(tmp_path):
    def written(text, name="trace.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


ROWS = [(0.0, 90.0), (40.0, 91.0), (75.0, 92.0), (107.0, 93.0), (135.0, 94.0), (160.0, 95.0)]  # min, degC
TRACE = "time_min,temperature_C\n" + "".join(f"{t},{T}\n" for t, T in ROWS)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("time_min", ("time", "min")),
        ("t [s]", ("t", "s")),
        ("Time (h)", ("time", "h")),
        ("T / K", ("t", "K")),
        ("Temperature (°C)", ("temperature", "degC")),
        ("temperature_C", ("temperature", "degC")),
        ("T_K", ("t", "K")),
        ("sample_K", ("sample", "K")),
        ("rate_K_per_min", ("rate", "K/min")),
        ("dT/dt [K/min]", ("dt/dt", "K/min")),
        ("self_heating_rate_C_per_min", ("self heating rate", "degC/min")),
        ("voltage_mV", ("voltage", "mV")),
        ("phase", ("phase", None)),
        ("heat_pool_W", ("heat pool w", None)),
    ],
)
def test_a_name_says_what_and_in_what_unit(name, parts):
    assert name_and_unit(name, DIMENSIONS) == parts


@pytest.mark.parametrize(
    "head",
    [
        "time_min,temperature_C",
        "t [min],T [degC]",
        "Time (min);Temperature / °C",
        "minutes_min\tcell_C",
        "Elapsed time [minutes],Temp [Celsius]",
    ],
)
def test_heads_and_separators(write, head):
    separator = max(",;\t", key=head.count)
    text = head + "\n" + "".join(f"{t}{separator}{T}\n" for t, T in ROWS)
    record = read_record(write("# from the instrument\n\n" + text))
    assert record.time.tolist() == [t * 60.0 for t, _ in ROWS]
    assert record.temperature.tolist() == [T + 273.15 for _, T in ROWS]


def test_a_file_of_an_instrument_in_latin_1(write):
    assert len(read_record(write("t [s],T [°C]\n0,20\n1,21\n", encoding="latin-1")).time) == 2


def test_minutes_and_celsius_give_bitwise_what_seconds_and_kelvin_do(write):
    """Numbers are converted exactly and rounded once, so the unit of a file leaves no trace in any result."""
    draw = np.random.default_rng(7)
    seconds = np.cumsum(draw.integers(1, 9999, 400)) * 6  # hundredths of a second; hundredths of 0.06 s are thousandths of a minute
    celsius = 90000 + np.cumsum(draw.integers(0, 1500, 400))  # millikelvin
    minutes = [f"{s // 6}e-3" for s in seconds]
    first = "time_min,temperature_C\n" + "".join(f"{m},{T}e-3\n" for m, T in zip(minutes, celsius, strict=True))
    second = "time_s,T_K\n" + "".join(f"{s}e-2,{T + 273150}e-3\n" for s, T in zip(seconds, celsius, strict=True))
    found = [analyse(read_record(write(text))) for text in (first, second)]
    for made in found:
        del made["record"]["columns"], made["record"]["file"]
    assert json.dumps(finite(found[0])) == json.dumps(finite(found[1]))


def test_a_rate_and_a_voltage_may_miss(write):
    text = "time_s,T_K,rate_K_per_s,voltage_V\n0,300,0.1,4.2\n10,301,,\n20,302,nan,4.1\n"
    record = read_record(write(text))
    assert np.isnan(record.rate).tolist() == [False, True, True]
    assert np.isnan(record.voltage).tolist() == [False, True, False]
    assert read_record(write(text), {"rate": "none", "voltage": "none"}).rate is None


def test_columns_may_be_said(write):
    path = write("a,b,c\n0,20,30\n1,21,31\n")
    record = read_record(path, {"time": "a:min", "temperature": "c:degC"})
    assert record.time.tolist() == [0.0, 60.0]
    assert record.temperature.tolist() == [303.15, 304.15]
    assert record.columns == {"time": "a", "temperature": "c"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n# nothing\n", "is empty"),
        ("time_s,T_K\n", "holds no samples; a record needs at least two"),
        ("time_s,T_K\n0,300\n", "holds one sample; a record needs at least two"),
        ("T_K,rate_K_per_s\n300,1\n301,1\n", "there is no column of time"),
        ("time_s,pressure_bar\n0,1\n1,2\n", "there is no column of temperature"),
        ("time,T_K\n0,300\n1,301\n", "the column 'time' states no unit; use --time 'time:UNIT'"),
        ("time_s,T_K\n0,300\n5,301\n4,302\n", ":4: sample 3: time runs back, from 5 s to 4 s"),
        ("time_s,T_K\n0,300\n5,warm\n", ":3: T_K: sample 2: 'warm' is not a number"),
        ("time_s,T_K\n0,300\n5,\n", "fewer than two samples are left: samples 2: no temperature"),
        ("time_s;T_K\n0;300.5\n5;301,5\n", ":3: '301,5' has a comma where '300.5' in line 2 has a point; use --decimal comma"),
        ("time_s,T_K\n0,300\n5,301,7\n", ":3: has 3 fields, but there are 2 columns"),
        ("time_s,T_K\n0,300\n0,301\n", "all samples have the same time"),
        ("time_s,T_K\n0,300\n1,-5\n", "sample 2: the temperature must lie above 0 K"),
        ("time_s,T_K\n0,300\n1,inf\n", "'inf' is not a number"),
        ("time_s,T_K\n0,300\n1,1e999\n", "'1e999' is not a number"),
        ("time_s,time_s,T_K\n0,0,300\n1,1,301\n", "there are two columns 'time_s'"),
        ("time_s,left_K,right_K\n0,300,300\n1,301,301\n", "more than one column may be the temperature: 'left_K', 'right_K'; choose one"),
        ('time_s,T_K\n0,"300\n1,301\n', "is not CSV"),
        ("time_s,T_K\n0,300\0\n1,301\n", "is not text"),
    ],
)
def test_what_a_bad_file_costs(thermo, write, text, words):
    """One clear line, exit code 2, nothing on stdout."""
    code, out, err = thermo("onset", write(text))
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith("error: ")
    assert words in err[0]
    assert "trace.csv" in err[0]


def test_every_mistake_of_a_file_is_told(thermo, write):
    code, _, err = thermo("onset", write("time_s,T_K\n0,a\n1,300\n2,b\n"))
    assert code == 2
    assert [line.split("trace.csv")[1][:9] for line in err] == [":2: T_K: ", ":4: T_K: "]


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_what_is_no_record(thermo, tmp_path, kind):
    path = tmp_path / "x.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 4)
    code, out, err = thermo("onset", path)
    assert (code, out, len(err)) == (2, "", 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seek", "10"), "--seek: 10 has no unit"),
        (("--seek", "0 s"), "--seek: must be positive"),
        (("--sensitivity", "0.02 K"), "--sensitivity: wrong unit 'K'"),
        (("--fit", "130 degC", "110 degC"), "--fit: LOW must lie below HIGH, got 130 degC and 110 degC"),
        (("--fit", "110 degC", "110 degC"), "--fit: LOW must lie below HIGH"),
        (("--phi", "0.9"), "--phi: must be at least 1"),
        (("--time", "time_mim"), "there is no column 'time_mim'; did you mean 'time_min'?"),
        (("--time", "temperature_C"), "--time: wrong unit"),
        (("--temperature", "temperature_C:V"), "--temperature: wrong unit"),
        (("--figure", "x.pdf"), "--figure: x.pdf: a name that ends in .png is needed"),
    ],
)
def test_what_a_bad_option_costs(thermo, write, words, said):
    code, out, err = thermo("onset", write(TRACE), *words)
    assert (code, out, len(err)) == (2, "", 1)
    assert said in err[0]


def test_the_table_and_the_document(thermo, write):
    path = write(TRACE)
    code, out, err = thermo("onset", path)
    assert (code, err) == (0, [])
    (first,) = [line for line in out.splitlines() if line.startswith("T1 ")]
    assert first.split(None, 5)[1:5] == ["90.00", "degC", "0.00", "min"]
    assert first.endswith("first row: the record holds the exotherm alone, known to -5/+0 K; margin 25 %")
    assert "no runaway of 1 K/s up to 95.0 degC" in out
    assert "apparent activation energy" in out
    code, out, _ = thermo("onset", path, "--json", "--phi", "1.2")
    made = json.loads(out)
    assert code == 0
    assert made["onsets"]["T1"]["temperature_K"] == 363.15
    assert made["instrument"]["phi"] == 1.2
    assert made["phi_correction"]["T1_K"] < 363.15
    assert len(made["self_heating"]["rate_K_per_s"]) == 5


@pytest.mark.slow
def test_a_figure_is_drawn_and_none_is_replaced_unasked(thermo, write, tmp_path):
    path = write(TRACE)
    code, out, _ = thermo("onset", path, "--figure", "x.png")
    assert code == 0
    assert "figure: x.png" in out
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert thermo("onset", path, "--figure", "x.png")[0] == 4
    assert thermo("onset", path, "--figure", "x.png", "--force", "--json")[0] == 0


@pytest.mark.slow
def test_what_the_figure_shows(write):
    from viz.trace import record as drawn

    record = read_record(write(TRACE))
    figure = drawn(record, analyse(record))
    left, right = figure.axes
    assert left.get_ylabel() == "temperature [°C]"
    assert right.get_ylabel() == "self-heating rate dT/dt [K/min]"
    assert any("T1" in text.get_text() for text in left.texts)
    assert any("kJ/mol" in text.get_text() for text in right.get_legend().get_texts())


def test_the_history_of_a_run_reads_as_its_summary(thermo, tmp_path):
    thermo("run", CASES / "paper" / "cu-20li.yaml", "--no-pictures", "--quiet", "--out", "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    code, out, _ = thermo("onset", "run/history.csv", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["record"]["columns"] == {"time": "time_s", "temperature": "sample_K", "rate": "rate_K_per_s", "voltage": "voltage_V"}
    for key in ("T1", "T3"):
        assert made["onsets"][key]["temperature_K"] == pytest.approx(summary["onsets"][key]["temperature_K"], abs=1e-9)
    for name, entry in summary["onsets"]["T2"].items():
        mine = made["onsets"]["T2"][name]
        assert mine is None if entry is None else mine["temperature_K"] == pytest.approx(entry["temperature_K"], abs=1e-9)


MOUNTED = """
title: a cell in a holder
sample:
  kind: lumped
  heat_capacity: {{at_298K: 40 J/K}}
  chemistry:
    title: one reaction
    species: {{c: {{start: 1}}}}
    reactions:
      a:
        pre_exponential_factor: 1e11 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: c, order: 1}}]
        consumes: {{c: 1}}
        heat: {heat}
programme:
  {{kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 300 degC,
  calorimeter: {{{calorimeter}}}}}
measure: {{onsets: {{T2: [1 K/s, 10 K/min, 1 K/min]}}}}
numerics: {{tolerance: 1e-6}}
"""
HOLDER = "holder: {mass: 20 g, heat_capacity: 0.5 J/(g K), conductance: 0.2 W/K}, "


@pytest.mark.usual(3)
@pytest.mark.parametrize("heat", ["15 kJ", "4 kJ"])
@pytest.mark.parametrize(
    ("calorimeter", "seen"),
    [
        (HOLDER + "sensor: {place: holder}", "holder_K"),
        (HOLDER + "sensor: {place: sample}", "sample_K"),
        ("sensor: {lag: 20 s}", "sensor_K"),
        (HOLDER + "sensor: {place: holder, lag: 10 s}", "sensor_K"),
    ],
)
def test_the_history_of_a_run_is_read_where_its_instrument_looks(thermo, tmp_path, calorimeter, seen, heat):
    (tmp_path / "case.yaml").write_text(MOUNTED.format(calorimeter=calorimeter, heat=heat))
    thermo("run", "case.yaml", "--no-pictures", "--quiet", "--out", "run")
    wanted = json.loads((tmp_path / "run" / "summary.json").read_text())["onsets"]
    made = json.loads(thermo("onset", "run/history.csv", "--json")[1])
    assert made["record"]["columns"]["temperature"] == seen
    found = made["onsets"]
    assert found["T1"]["temperature_K"] == pytest.approx(wanted["T1"]["temperature_K"], abs=0.15)
    for name, entry in found["T2"].items():
        assert (entry is None) == (wanted["T2"].get(name) is None)
        assert entry is None or entry["temperature_K"] == pytest.approx(wanted["T2"][name]["temperature_K"], abs=0.2)
    assert heat == "4 kJ" or found["T2"]["1 K/min"] is not None
    assert (found["T3"] is None) == (wanted["T3"] is None)


def test_a_history_is_read_with_the_windows_of_its_run(thermo, tmp_path):
    """Also where it has left its folder: there in words."""
    text = MOUNTED.format(calorimeter="", heat="15 kJ").replace("seek: 10 min", "seek: 20 min").replace("0.02 K/min", "0.05 K/min")
    (tmp_path / "case.yaml").write_text(text)
    thermo("run", "case.yaml", "--no-pictures", "--quiet", "--out", "run")
    wanted = json.loads((tmp_path / "run" / "summary.json").read_text())["onsets"]["T1"]["temperature_K"]
    made = json.loads(thermo("onset", "run/history.csv", "--json")[1])
    assert made["onsets"]["T1"]["temperature_K"] == pytest.approx(wanted, abs=1e-3)
    assert made["instrument"]["seek_s"] == 1200.0
    assert made["instrument"]["sensitivity_K_per_s"] == pytest.approx(0.05 / 60.0)
    assert json.loads(thermo("onset", "run/history.csv", "--seek", "10 min", "--json")[1])["instrument"]["seek_s"] == 600.0
    (tmp_path / "run" / "history.csv").rename(tmp_path / "away.csv")
    code, out, _ = thermo("onset", "away.csv")
    assert code == 0
    assert "sensitivity 0.02 K/min over seek windows of 10 min" in out
    assert "its own seek windows last 20 min" in out


COOLED = "cool_down: {to: 60 degC, air: 25 degC, conductance: 0.1 W/K}, record: {interval: 10 s, rise: 0.5 K}, calorimeter: {"


@pytest.mark.slow
def test_cooling_after_a_test_is_no_exotherm(thermo, tmp_path):
    """Neither is the last step of the heater, after which the record falls."""
    text = MOUNTED.format(calorimeter="", heat="5 kJ").replace("calorimeter: {", COOLED)
    (tmp_path / "case.yaml").write_text(text)
    thermo("run", "case.yaml", "--no-pictures", "--quiet", "--out", "run")
    (wanted,) = json.loads((tmp_path / "run" / "summary.json").read_text())["exotherms"]
    (found,) = json.loads(thermo("onset", "run/record.csv", "--json")[1])["exotherms"]
    assert found["rise_K"] == pytest.approx(wanted["rise_K"], abs=0.5)


def test_an_exotherm_that_cools_below_its_start_ends_at_its_maximum(write):
    """Too slow for a T2, and cold before its window is over."""
    time = np.arange(0.0, 6000.0, 10.0)
    T = np.interp(time, [0.0, 1800.0, 1950.0, 4400.0, 5400.0, 5700.0, 6000.0], [373.0, 373.0, 378.0, 383.0, 383.0, 213.0, 213.0])
    T += 97.0 * np.clip((time - 4400.0) / 1000.0, 0.0, 1.0) ** 6
    rows = "".join(f"{t},{x:.3f}\n" for t, x in zip(time, T, strict=True))
    (found,) = analyse(read_record(write("time_s,T_K\n" + rows)))["exotherms"]
    assert found["end"]["reason"] == "maximum"
    assert found["end"]["temperature_K"] == 480.0
    assert found["rise_K"] > 90.0


def test_a_voltage_that_drops(write):
    """Below half of the first one known, in the row where it does so."""
    text = "time_s,T_K,voltage_V\n0,400,\n60,400.1,4.2\n120,400.3,4.1\n180,401,2.0\n240,402,0.1\n"
    found = analyse(read_record(write(text)))["onsets"]["T2"]["voltage-drop"]
    assert found == {"temperature_K": 401.0, "time_s": 180.0}


def test_warnings_name_the_sample(write):
    """A row without a rate, a fall, a gap with self-heating going on."""
    rows = [
        (0, 363.0, 0.03),
        (33, 364.0, ""),
        (60, 365.0, 0.04),
        (85, 364.6, 0.04),
        (110, 366.0, 0.05),
        (230, 373.0, 0.07),
        (242, 374.0, 0.08),
    ]
    text = "time_min,T_K,rate_K_per_min\n" + "".join(f"{t},{T},{r}\n" for t, T, r in rows)
    found = {w["code"]: w["samples"] for w in analyse(read_record(write(text)))["warnings"]}
    assert found["no-rate"] == [2]
    assert found["falling"] == [4]
    assert found["gap"] == [5, 6]


@pytest.mark.slow
def test_a_large_record_is_read_in_seconds(tmp_path):
    """A row a second over a day."""
    with open(tmp_path / "long.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time_s", "T_K"])
        writer.writerows((i, f"{330.0 + 1e-5 * i:.5f}") for i in range(86400))
    record = read_record(tmp_path / "long.csv")
    assert len(record.time) == 86400
    assert analyse(record)["onsets"]["T1"] is None  # 0.0006 K/min


def test_mistakes_are_case_errors_in_python(write):
    with pytest.raises(CaseError, match="time runs back"):
        read_record(write("time_s,T_K\n5,300\n4,301\n"))


def test_rows_that_noise_alone_tells_apart_do_not_break_a_heater_step():
    """A logger on the clock and on rises writes rows a tenth of a second apart in the middle of a step: 1.4 K/min of noise between them."""
    time = np.concatenate(
        [np.arange(0.0, 1500.0, 20.0), [1500.0, 1520.0, 1539.9, 1540.0, 1560.0, 1580.0, 1600.0], np.arange(1620.0, 3200.0, 20.0)]
    )
    exact = np.interp(time, [0.0, 1500.0, 1610.0, 3200.0], [350.0, 350.0, 354.0, 354.0])
    exact[time == 1540.0] -= 0.006
    rate = slopes(time, exact, np.zeros(len(time), int), Scatter(0.0, 0.0))
    stepped = (time > 1500.0) & (time <= 1600.0)
    assert rate[stepped].min() * 60.0 > 1.5
    trace = take_apart(Record("made", time, exact, None, None, None, {}), Instrument())
    assert len(runs_of(trace.heated)) == 1
