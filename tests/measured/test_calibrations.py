"""Calibrations of the measured records of three cells: how well two and three reactions meet them, and predict what they have not seen.

The records are those of `test_arc_records`.
"""

import os
from pathlib import Path

import pytest

from tests.studies.calibrations import cell, found_in, mechanism, study
from thermo.studies.calibrate.conclusion import conclusion

FOLDER = Path(os.environ.get("THERMO_MEASURED_DATA", ""))
STARTS = {"nmc": (410.0, 440.0, 460.0), "lfp": (440.0, 480.0, 500.0), "nca_heii": (420.0, 440.0, 460.0)}  # K, of rate constants
ENERGIES, HEATS = (120.0, 130.0, 140.0), (60.0, 300.0, 300.0)

pytestmark = [
    pytest.mark.measured,
    pytest.mark.skipif(
        not (os.environ.get("THERMO_MEASURED_DATA") and all((FOLDER / f"kit_arc_21700_{cell}_soc100_m1.csv").is_file() for cell in STARTS)),
        reason="the records are not here: set THERMO_MEASURED_DATA to their folder (DOI 10.5281/zenodo.7707929)",
    ),
]


def calibration(folder, name, n, more=""):
    """The calibration of a cell's record up to 60 K/min with so many reactions."""
    places = STARTS[name][:n]
    reactions = [(at, 1e-4, energy, heat) for at, energy, heat in zip(places, ENERGIES, HEATS, strict=False)]
    (folder / "cell.yaml").write_text(cell(mechanism(reactions)))
    free = "activation_energy: {from: 60 kJ/mol, to: 200 kJ/mol}, heat: {from: 5 J, to: 2 kJ}"
    fit = "\n".join(f"    r{i}: {{rate_constant: {{at: {at} K}}, {free}}}" for i, at in enumerate(places))
    file = FOLDER.resolve() / f"kit_arc_21700_{name}_soc100_m1.csv"
    record = {"cell": f"file: {file}, kind: arc, up_to: 60 K/min"}
    return found_in(folder, study(record, fit, f"  scatter: fitted\n  starts: 20\n  intervals: linearised\n{more}"))


@pytest.mark.parametrize(("name", "n", "most"), [("nmc", 2, 0.045), ("nmc", 3, 0.035), ("lfp", 2, 0.055)])
def test_a_record_is_met_to_a_tenth(tmp_path, name, n, most):
    """Root mean square of ln of the rate in decades."""
    assert conclusion(calibration(tmp_path, name, n))["records"]["cell"]["rms_decades"] <= most


def test_the_pause_of_the_lfp_record_is_named(tmp_path):
    """Between two rows at 165 degC its temperature falls for an hour."""
    (pause,) = conclusion(calibration(tmp_path, "lfp", 1))["pauses"]
    assert pause["temperature_K"] - 273.15 == pytest.approx(165.7, abs=0.1)
    assert pause["samples"] == [13, 14]


@pytest.mark.parametrize(("name", "most"), [("nmc", 0.15), ("lfp", 0.25), ("nca_heii", 0.25)])
def test_rows_above_10_k_per_min_are_predicted(tmp_path, name, most):
    """Two reactions, with five weak rows that say that the reaction goes on."""
    made = calibration(tmp_path, name, 2, "  beyond: goes-on\n  check: {hold_out: above 10 K/min}\n")
    (row,) = made.check["rows"]
    assert row["rms_held_out"] <= most


def test_a_wrong_form_is_said_of_a_measured_record(tmp_path):
    """No sum of first-order reactions is the NMC cell: its residuals go together, and the interval is wider than the plain one."""
    made = calibration(tmp_path, "nmc", 2)
    assert made.goodness[0].correlation > 0.3
    assert made.wide > 1.5
