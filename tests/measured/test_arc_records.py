"""Three cylindrical cells in a calorimeter, against what was read from their records by hand.

The records are not part of this project: Ohneseit et al. 2023, Zenodo 10.5281/zenodo.7707929 (CC BY 4.0), paper Batteries 9 (2023)
237, 10.3390/batteries9050237; cells 21700 at 100 % state of charge, heat-wait-seek, 0.02 K/min. As `kit_arc_21700_CELL_soc100_m1.csv`
with the columns time_min, temperature_C and rate_K_per_min in the folder that the environment variable THERMO_MEASURED_DATA names.
The records begin with the detection and end in the runaway; they are event-driven, a row a kelvin or so.
"""

import os
from pathlib import Path

import pytest

from thermo.records.analysis import analyse
from thermo.records.heated_from_outside import Instrument
from thermo.records.record import read_record
from thermo.records.self_heating_curve import arrhenius_fit, self_heating
from thermo.records.trace import take_apart

FOLDER = Path(os.environ.get("THERMO_MEASURED_DATA", ""))
CELLS = ("nmc", "nca_heii", "lfp")

pytestmark = [
    pytest.mark.measured,
    pytest.mark.skipif(
        not (os.environ.get("THERMO_MEASURED_DATA") and all((FOLDER / f"kit_arc_21700_{cell}_soc100_m1.csv").is_file() for cell in CELLS)),
        reason="the records are not here: set THERMO_MEASURED_DATA to their folder (DOI 10.5281/zenodo.7707929)",
    ),
]

# temperatures in degC, times in min: first row, 0.1, 1, 10, 60 K/min, last row; from the first row and from 1 to 60 K/min; exotherms
READ = {
    "nmc": ((90.4, 373.0), 106.5, 142.3, 173.1, 197.9, 421.3, 469.4, 12.3, (1, 1)),
    "nca_heii": ((90.5, 389.0), 123.8, 147.5, 174.6, 189.7, 379.8, 924.8, 10.4, (3, 4)),
    "lfp": ((120.6, 629.0), 169.2, 198.6, 236.7, 281.8, 428.8, 1038.0, 16.1, (4, 5)),
}


def celsius(entry):
    return entry["temperature_K"] - 273.15


def record_of(cell):
    return read_record(FOLDER / f"kit_arc_21700_{cell}_soc100_m1.csv")


@pytest.fixture(scope="module", params=CELLS)
def cell(request):
    return request.param


@pytest.fixture(scope="module")
def found(cell):
    return analyse(record_of(cell))


def test_t1_is_the_first_row_known_to_a_step(cell, found):
    first = found["onsets"]["T1"]
    assert celsius(first) == pytest.approx(READ[cell][0][0], abs=0.06)
    assert first["time_s"] / 60.0 == pytest.approx(READ[cell][0][1], abs=0.6)
    assert first["known_to_K"] == [-5.0, 0.0]
    assert "first row" in first["criterion"]


@pytest.mark.parametrize(
    ("name", "place", "within"), [("0.1 K/min", 1, 0.3), ("1 K/min", 2, 0.3), ("10 K/min", 3, 0.3), ("60 K/min", 4, 1.5)]
)
def test_temperatures_at_rates(cell, found, name, place, within):
    print(cell, name, celsius(found["at_rates"][name]), READ[cell][place])
    assert celsius(found["at_rates"][name]) == pytest.approx(READ[cell][place], abs=within)


def test_t2_is_the_temperature_at_60_kelvin_a_minute(cell, found):
    assert celsius(found["onsets"]["T2"]["1 K/s"]) == pytest.approx(READ[cell][4], abs=1.5)
    assert celsius(found["onsets"]["T2"]["1 K/min"]) == pytest.approx(READ[cell][2], abs=0.3)


def test_times_to_60_kelvin_a_minute(cell, found):
    start, one, sixty = (
        entry["time_s"] / 60.0 for entry in (found["record"]["start"], *(found["at_rates"][n] for n in ("1 K/min", "60 K/min")))
    )
    print(cell, sixty - start, sixty - one)
    assert sixty - start == pytest.approx(READ[cell][6], abs=0.3 if READ[cell][6] != 1038.0 else 0.5)  # read to a minute
    assert sixty - one == pytest.approx(READ[cell][7], abs=0.3)


def test_the_record_holds_no_t3_and_says_why(cell, found):
    assert found["onsets"]["T3"] is None
    assert "ends in the runaway" in found["onsets"]["T3_reason"]
    assert celsius(found["record"]["end"]) == pytest.approx(READ[cell][5], abs=0.06)


def test_exotherms(cell, found):
    low, high = READ[cell][8]
    assert low <= len(found["exotherms"]) <= high


def test_a_gap_in_which_it_heats_itself_is_no_step_of_the_heater():
    """NMC from 126.5 to 141.5 degC in 26 min: a mean of 0.57 K/min between rates of 0.61 and 0.93."""
    found = analyse(record_of("nmc"))
    (warning,) = [w for w in found["warnings"] if w["code"] == "gap"]
    assert warning["samples"] == [37, 38]
    assert "self-heating" in warning["text"]
    assert found["record"]["heater_steps"] == 0


def test_true_steps_follow_a_rate_near_the_sensitivity():
    """NCA: 0.014 K/min at 106.5 degC, on again at 110.4. LFP starts again at 165.35 degC after a fall, in a row without a rate."""
    ends = [celsius(entry["end"]) for entry in analyse(record_of("nca_heii"))["exotherms"]]
    assert any(end == pytest.approx(106.5, abs=0.1) for end in ends)
    lfp = analyse(record_of("lfp"))
    assert celsius(lfp["exotherms"][-1]["start"]) == pytest.approx(165.35, abs=0.01)
    assert {(w["code"], *w["samples"]) for w in lfp["warnings"]} >= {("no-rate", 14), ("falling", 14)}
    assert lfp["maximum_rate"]["rate_K_per_s"] * 60.0 == pytest.approx(1502.0, abs=1.0)


@pytest.mark.parametrize(
    ("name", "low", "high", "energy", "half"),
    [("nmc", 90.0, 127.0, 110.4, 0.9), ("nmc", 141.0, 198.0, 114.4, 2.6), ("lfp", 180.0, 260.0, 119.0, 0.7)],
)
def test_apparent_activation_energies(name, low, high, energy, half):
    fit = arrhenius_fit(self_heating(take_apart(record_of(name), Instrument())), low + 273.15, high + 273.15)
    print(name, fit)
    assert fit.activation_energy / 1e3 == pytest.approx(energy, abs=half)
    assert fit.half_width / 1e3 == pytest.approx(half, abs=0.06)


def test_the_early_part_is_found_without_being_told():
    """NMC: from the first row to the gap, as by hand."""
    kinetics = analyse(record_of("nmc"))["kinetics"]
    assert kinetics["activation_energy_J_per_mol"] / 1e3 == pytest.approx(110.4, abs=0.9)
    assert kinetics["range_K"][1] == pytest.approx(126.5 + 273.15, abs=0.1)


@pytest.mark.parametrize("name", CELLS)
def test_without_its_rates_a_record_says_the_same(name):
    """The logger's rate is the difference to the row before, a kelvin below: its readings lie up to half a row higher than the curve's."""
    found = analyse(record_of(name)._replace(rate=None))
    for rate, place in (("1 K/min", 2), ("10 K/min", 3)):
        assert READ[name][place] - 0.8 < celsius(found["at_rates"][rate]) < READ[name][place] + 0.3
    assert READ[name][8][0] <= len(found["exotherms"]) <= READ[name][8][1]
