"""Tables as loggers and instruments write them, through both commands that read them."""

import json

import numpy as np
import pytest

from thermo.base.errors import CaseError
from thermo.casefile.columns import read_sheet
from thermo.records.dsc_curves import Reading, read_curve
from thermo.records.record import read_record

ROWS = [(0.0, 90.0), (40.5, 91.25), (75.0, 92.0), (107.0, 93.0), (135.0, 94.5), (160.0, 95.0)]  # min, degC
SECONDS, KELVIN = [t * 60.0 for t, _ in ROWS], [T + 273.15 for _, T in ROWS]


@pytest.fixture
def write(tmp_path):
    def written(text, encoding="utf-8", name="record.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


def lines(separator=",", comma=False, rows=ROWS):
    made = "".join(separator.join(f"{value}" for value in row) + "\n" for row in rows)
    return made.replace(".", ",") if comma else made


FILES = {
    "UTF-16 with its mark": ("time_min\ttemperature_C\n" + lines("\t"), "utf-16", {}),
    "UTF-16 little-endian without a mark": ("time_min\ttemperature_C\n" + lines("\t"), "utf-16-le", {}),
    "UTF-16 big-endian without a mark": ("time_min\ttemperature_C\n" + lines("\t"), "utf-16-be", {}),
    "byte-order mark": ("time_min,temperature_C\n" + lines(), "utf-8-sig", {}),
    "decimal comma by semicolon": ("time_min;temperature_C\n" + lines(";", comma=True), "utf-8", {}),
    "decimal comma by tab": ("time_min\ttemperature_C\n" + lines("\t", comma=True), "utf-8", {}),
    "decimal comma by blanks": ("time_min temperature_C\n" + lines("  ", comma=True), "utf-8", {}),
    "decimal comma in quotes": (
        'time_min,temperature_C\n"0,0","90,0"\n"40,5","91,25"\n"75","92"\n"107","93"\n"135","94,5"\n"160","95"\n', "utf-8", {}),
    "line ends of Windows": (("time_min,temperature_C\n" + lines()).replace("\n", "\r\n"), "utf-8", {}),
    "a separator at each line's end": ("time_min;temperature_C;\n" + lines(";").replace("\n", ";\n"), "utf-8", {}),
    "units below the names": ("time,temp\n[min],[degC]\n" + lines(), "utf-8", {}),
    "units without brackets": ("Time;Temperature\nmin;°C\n" + lines(";"), "cp1252", {}),
    "a preamble": ("Cell: NMC 21700\nMass;70 g\nOperator;A. B.\n\ntime_min;temperature_C\n" + lines(";"), "utf-8", {}),
    "a preamble with numbers": ("Range,25,400\nserial,7\ntime_min,temperature_C\n" + lines(), "utf-8", {}),
    "names behind a hash": ("# logged by hand\n# time_min,temperature_C\n" + lines(), "utf-8", {}),
    "names behind two": ("#EXPORTTYPE:\tDATA ALL\n#IDENTITY:\tcell\n##Time/min;Temp./°C\n" + lines(";"), "cp1252", {}),
    "separated by blanks": ("time_min   temperature_C\n" + lines("   "), "utf-8", {}),
    "names of two words": ("Time (min)   Cell Temperature (degC)\n" + lines("   "), "utf-8", {}),
    "StartOfData": ("Nsig\t2\nSig1\tTime (min)\nSig2\tTemperature (°C)\nStartOfData\n" + lines("\t") + "-2\t0\n", "utf-16", {}),
    "no names": (lines(), "utf-8", {"time": "1:min", "temperature": "2:degC"}),
    "columns by number beside names": ("a,b\n" + lines(), "utf-8", {"time": "1:min", "temperature": "2:degC"}),
    "a comment between rows": ("time_min,temperature_C\n" + lines(rows=ROWS[:3]) + "# venting heard\n" + lines(rows=ROWS[3:]), "utf-8", {}),
    "the names again": ("time_min,temperature_C\n" + lines(rows=ROWS[:3]) + "time_min,temperature_C\n" + lines(rows=ROWS[3:]), "utf-8", {}),
    "an empty line between": ("time_min,temperature_C\n" + lines(rows=ROWS[:3]) + "\n" + lines(rows=ROWS[3:]), "utf-8", {}),
    "a line below the table": ("time_min,temperature_C\n" + lines() + "*** end of data ***\n", "utf-8", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_record_reads_the_same_however_it_is_written(write, kind):
    text, encoding, said = FILES[kind]
    record = read_record(write(text, encoding), said)
    assert record.time.tolist() == pytest.approx(SECONDS)
    assert record.temperature.tolist() == pytest.approx(KELVIN)


CLOCKS = {
    "hh:mm:ss": ("Time,T_C\n", ["00:00:00", "00:40:30", "01:15:00", "01:47:00", "02:15:00", "02:40:00"]),
    "hh:mm:ss with its format below": ("Time,T\nhh:mm:ss,degC\n", ["00:00:00", "00:40:30", "01:15:00", "01:47:00", "02:15:00", "02:40:00"]),
    "hours above a day": ("Elapsed time,T_C\n", ["25:00:00", "25:40:30", "26:15:00", "26:47:00", "27:15:00", "27:40:00"]),
    "past midnight": ("Time,T_C\n", ["23:00:00", "23:40:30", "00:15:00", "00:47:00", "01:15:00", "01:40:00"]),
    "fractions of a second": ("Time,T_C\n", ["0:00:00.000", "0:40:30.000", "1:15:00.0", "1:47:00.0", "2:15:00.0", "2:40:00.0"]),
    "ISO": ("when,T_C\n", [f"2024-02-28T23:{m:02d}:{s:02d}" for m, s in ((0, 0), (40, 30))]
            + [f"2024-02-29 {h:02d}:{m:02d}:00" for h, m in ((0, 15), (0, 47), (1, 15), (1, 40))]),
    "days with points": ("Datum,T_C\n", ["31.12.2023 23:00:00", "31.12.2023 23:40:30", "01.01.2024 00:15:00", "01.01.2024 00:47:00",
                                        "01.01.2024 01:15:00", "01.01.2024 01:40:00"]),
    "in the afternoon": ("Time,T_C\n", ["11:00:00 AM", "11:40:30 AM", "12:15:00 PM", "12:47:00 PM", "1:15:00 PM", "1:40:00 PM"]),
    "month first": ("Date,T_C\n", ["12/31/2023 23:00:00", "12/31/2023 23:40:30", "1/1/2024 00:15:00", "1/1/2024 00:47:00",
                                   "1/1/2024 01:15:00", "1/1/2024 01:40:00"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLOCKS)
def test_clock_times_count_from_the_first(write, kind):
    head, clock = CLOCKS[kind]
    record = read_record(write(head + "".join(f"{c},{T}\n" for c, (_, T) in zip(clock, ROWS, strict=True))))
    assert record.time.tolist() == pytest.approx(SECONDS)


def test_cells_without_a_number_are_rows_left_out(write):
    text = "time_min,temperature_C\n" + lines(rows=ROWS[:2]) + "50,\n60,OVER\n" + lines(rows=ROWS[2:]) * 1
    made = read_record(write(text))
    assert made.temperature.tolist() == pytest.approx(KELVIN)
    assert [(entry["code"], entry["samples"]) for entry in made.left_out] == [("missing", [3, 4])]


def test_a_last_row_cut_short_is_no_row_and_is_said(write):
    made = read_record(write("time_min,temperature_C\n" + lines() + "170"))
    assert made.temperature.tolist() == pytest.approx(KELVIN)
    assert [entry["code"] for entry in made.left_out] == ["text"]


@pytest.mark.parametrize(
    ("text", "said", "words"),
    [
        (lines(), {}, "no line names the columns; tell which of the 2 holds the time: --time 1:s"),
        ("time_min;temperature_C\n0;90,5\n1;91.5\n", {}, "'90,5' has a comma where '91.5' in line 3 has a point"),
        ("time_min,temperature_C\n" + lines(), {"time": "7:s"}, "--time: there is no column '7'"),
        ("Time,T_C\n10:00,20\n10:01,21\n", {}, "'10:00' is not a clock time; hh:mm:ss is needed"),
        ("Time,T_C\n10:00:00,20\nlater,21\n10:00:02,22\n", {}, "sample 2: 'later' is not a clock time"),
        ("time_s,T_C\n" + "".join(f"{i},{i + 1}\n" for i in range(40)), {}, "it is a counter, not a temperature"),
    ],
)
def test_what_cannot_be_read_is_one_line(write, text, said, words):
    with pytest.raises(CaseError) as caught:
        read_record(write(text), said)
    assert words in str(caught.value)
    assert len(caught.value.mistakes) <= 2


def test_the_decimal_sign_can_be_said(write):
    file = write("time_min;temperature_C\n0;90,5\n1;91.5\n")
    with pytest.raises(CaseError, match="'90,5' is not a number"):
        read_record(file, decimal="point")
    assert read_record(file, decimal="comma").temperature.tolist() == pytest.approx([363.65, 364.65])


def test_a_column_without_a_name_is_called_by_its_number(write):
    sheet = read_sheet(write("time_s,,T_K\n0,7,300\n1,8,301\n"), 1000, "a record")
    assert sheet.names == ["time_s", "2", "T_K"]
    assert (sheet.line, [row for _, row in sheet.rows]) == (1, [["0", "7", "300"], ["1", "8", "301"]])


# --- the same for curves of a scanning calorimeter ---

T = np.arange(400.0, 500.0, 0.5)
PEAK = np.exp(-(((T - 450.0) / 8.0) ** 2))


def curve(head, separator=",", comma=False, encoding="utf-8", order=(0, 1, 2)):
    columns = [(T - 400.0) * 6.0, T - 273.15, PEAK]
    rows = zip(*(columns[i] for i in order), strict=True)
    text = "".join(separator.join(f"{x:.6f}" for x in row) + "\n" for row in rows)
    return head + (text.replace(".", ",") if comma else text), encoding


CURVES = {
    "Netzsch": (*curve("#IDENTITY:x\n#SAMPLE MASS /mg:5\n##Temp./°C;Time/s;DSC/(mW/mg)\n", ";", order=(1, 0, 2), encoding="cp1252"), {}),
    "Netzsch in German": (*curve("#IDENTITY:x\n##Temp./°C;Zeit/s;DSC/(mW/mg)\n", ";", True, order=(1, 0, 2), encoding="cp1252"), {}),
    "units below": (*curve("time,Temp,Heat Flow Rate\n[s],[degC],[mW/mg]\n"), {}),
    "Heat Flow Rate (W/g)": (*curve("Time (s),Temperature (°C),Heat Flow Rate (W/g)\n"), {}),
    "Heat Flow (Normalized)": (*curve("Time (s)\tTemperature (°C)\tHeat Flow (Normalized) (W/g)\n", "\t"), {}),
    "StartOfData": (
        *curve("Nsig\t3\nSig1\tTime (s)\nSig2\tTemperature (°C)\nSig3\tHeat Flow (W/g)\nStartOfData\n", "\t", encoding="utf-16"), {}),
    "columns by number": (*curve(""), {"time": "1:s", "temperature": "2:degC", "heat flow": "3:W/g"}),
    "names said": (*curve("a,b,c\n"), {"time": "a:s", "temperature": "b:degC", "heat flow": "c:mW/mg"}),
    "other columns beside": (*curve("Time/s,Ts/°C,Value/(mW/mg)\n"), {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", CURVES)
def test_a_curve_reads_the_same_however_it_is_written(write, kind):
    text, encoding, said = CURVES[kind]
    made = read_curve(write(text, encoding), Reading(columns=said))
    assert made.heating_rate == pytest.approx(10.0 / 60.0, rel=1e-6)
    assert made.peak_temperature == pytest.approx(450.0, abs=2e-3)
    assert made.heat == pytest.approx(1e3 * 8.0 * np.sqrt(np.pi) * 6.0, rel=1e-4)


def heated_and_cooled(tmp_path, name="a.csv", rate=10.0, shift=0.0, sign=1.0, base=lambda T: 0.0 * T):
    """A start transient, a ramp with a peak, and cooling, in one file."""
    up = np.arange(380.0, 520.0, 0.25)
    time_up = (up - 380.0) * 60.0 / rate + 300.0
    flow = np.exp(-(((up - 450.0 - shift) / 8.0) ** 2)) + 3.0 * np.exp(-(up - 380.0) / 1.5) + base(up)
    hold = np.arange(0.0, 300.0, 5.0)
    down = np.arange(520.0, 400.0, -2.0)
    time = np.concatenate([hold, time_up, time_up[-1] + 5.0 + np.arange(len(down)) * 5.0])
    kelvin = np.concatenate([np.full(len(hold), 380.0), up, down])
    heat = sign * np.concatenate([np.zeros(len(hold)), flow, np.full(len(down), -0.5)])
    file = tmp_path / name
    file.write_text(
        "time_s,temperature_K,heat_flow_W_per_g\n" + "".join(f"{a},{b},{c}\n" for a, b, c in zip(time, kelvin, heat, strict=True))
    )
    return file


def test_a_transient_and_a_cooling_segment_are_cut_off(tmp_path):
    file = heated_and_cooled(tmp_path)
    with pytest.raises(CaseError, match="is not a ramp"):
        read_curve(file)
    made = read_curve(file, Reading(between=(400.0, 500.0)))
    assert made.temperature[0] == 400.0
    assert made.temperature[-1] == 500.0
    assert made.peak_temperature == pytest.approx(450.0, abs=0.01)
    with pytest.raises(CaseError, match=r"no row lies between --from and --to; the curve goes from 106"):
        read_curve(file, Reading(between=(600.0, 700.0)))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_peak_is_found_against_its_surroundings_not_by_the_net_area(tmp_path, sign):
    """A baseline that sags by more area than the peak has: the peak stays the peak, whichever way it points."""
    ramp = np.arange(360.0, 560.0, 0.5)
    peak = np.exp(-(((ramp - 480.0) / 6.0) ** 2))
    sag = -0.5 * np.sin((ramp - 360.0) / 200.0 * np.pi)
    file = tmp_path / "a.csv"
    rows = zip((ramp - 360.0) * 6.0, ramp, sign * (peak + sag), strict=True)
    file.write_text("time_s,temperature_K,heat_flow_W_per_g\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    made = read_curve(file)
    assert made.peak_temperature == pytest.approx(480.0, abs=0.5)
    assert any("the baseline changes the area by" in text for text in made.warnings)
    assert any("points down" in text for text in made.warnings) is (sign < 0.0)
    assert made.baseline == "tangential"
    assert abs(made.heat) == pytest.approx(1e3 * 6.0 * np.sqrt(np.pi) * 6.0, rel=0.15)
    with pytest.raises(CaseError, match="nothing lies above the straight baseline"):
        read_curve(file, Reading(baseline="straight"))


def test_the_direction_can_be_said(tmp_path):
    file = heated_and_cooled(tmp_path, sign=-1.0)
    made = read_curve(file, Reading(between=(400.0, 500.0), exotherm="down"))
    assert made.peak_temperature == pytest.approx(450.0, abs=0.01)
    assert not [text for text in made.warnings if "points down" in text]


def test_the_top_of_a_noisy_peak_is_found_locally(tmp_path):
    """1 % of noise and a shoulder at two thirds of the height, 20 K above: the top is 0.3 K off at most."""
    ramp = np.arange(400.0, 520.0, 0.5)
    exact = np.exp(-(((ramp - 450.0) / 8.0) ** 2)) + 0.55 * np.exp(-(((ramp - 468.0) / 8.0) ** 2))
    top = ramp[np.argmax(exact)]
    file = tmp_path / "a.csv"
    off = []
    for seed in range(10):
        noisy = exact + 0.01 * np.random.default_rng(seed).standard_normal(len(ramp))
        rows = zip((ramp - 400.0) * 6.0, ramp, noisy, strict=True)
        file.write_text("time_s,temperature_K,heat_flow_W_per_g\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
        off.append(read_curve(file, Reading(baseline="straight")).peak_temperature - top)
    assert np.abs(off).max() < 0.6
    assert np.abs(np.mean(off)) < 0.35


def test_options_of_the_command(thermo, tmp_path):
    for rate, shift in ((3.0, -8.0), (10.0, 0.0), (30.0, 9.0)):
        heated_and_cooled(tmp_path, f"{rate:g}.csv", rate, shift)
    names = ["3.csv", "10.csv", "30.csv"]
    code, out, err = thermo("kinetics", *names, "--from", "120 degC", "--to", "230 degC", "--json")
    assert (code, err) == (0, [])
    made = json.loads(out)
    assert 150e3 < made["kissinger"]["activation_energy_J_per_mol"] < 250e3
    assert {curve["baseline"] for curve in made["curves"]} == {"straight"}
    code, out, err = thermo("kinetics", *names, "--from", "230 degC", "--to", "120 degC")
    assert (code, len(err)) == (2, 1)
    assert "--from: must lie below --to" in err[0]
    for option in ("--baseline", "--exotherm", "--decimal"):
        code, _, err = thermo("kinetics", *names, option, "sideways")
        assert (code, len(err)) == (2, 1)
        assert f"{option}: 'sideways' is not known" in err[0]


def test_a_value_that_cannot_be_is_refused_by_itself(thermo, tmp_path):
    """Late conversions that come at lower temperatures at higher rates have an E below 0: they are left out, the others stay."""
    ramp = np.arange(400.0, 520.0, 0.5)
    for rate, centre, width in ((3.0, 440.0, 20.0), (10.0, 446.0, 8.0), (30.0, 452.0, 2.0)):
        rows = zip((ramp - 400.0) * 60.0 / rate, ramp, np.exp(-(((ramp - centre) / width) ** 2)), strict=True)
        text = "time_s,temperature_K,heat_flow_W_per_g\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
        (tmp_path / f"{rate:g}.csv").write_text(text)
    code, out, err = thermo("kinetics", "3.csv", "10.csv", "30.csv", "--json", "--baseline", "straight")
    made = json.loads(out)
    assert (code, err) == (0, [])
    energies = [row["ozawa_J_per_mol"] for row in made["conversions"]]
    assert None in energies
    assert all(0.0 < energy <= 1e6 for energy in energies if energy is not None)
    assert any("which no reaction has, and is left out at conversions" in text for text in made["warnings"])
    assert made["kissinger"]["activation_energy_J_per_mol"] > 0.0
    assert thermo("kinetics", "3.csv", "10.csv", "30.csv")[0] == 0
