"""All that a calorimeter's record says, as plain data: onsets, exotherms, apparent kinetics, warnings. Prints nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thermo.measurement.asked import CRITERIA
from thermo.onsets import onset
from thermo.records.heat_wait_seek import CESSATION, ENDS, exotherms, waits
from thermo.records.heated_from_outside import Instrument
from thermo.records.record_doctor import Record, examined
from thermo.records.record_onsets import first_onset, hidden, no_second, rates_of, reached, second_onsets, third_onset, voltage_drop
from thermo.records.record_warnings import warnings_of
from thermo.records.self_heating_curve import Curve, Fit, arrhenius_fit, early_part, main_exotherm, self_heating
from thermo.records.slopes import runs_of
from thermo.records.trace import Trace, take_apart

AT_RATES = {"0.1 K/min": 0.1 / 60.0, "1 K/min": 1.0 / 60.0, "10 K/min": 10.0 / 60.0, "60 K/min": 1.0}  # K/s
INSTRUMENT_UNITS = {"sensitivity": "_K_per_s", "seek": "_s", "wait": "_s", "step": "_K", "phi": ""}
DAY = 86400.0  # s


def analyse(record: Record, instrument: Instrument | None = None, fitted: tuple[float, float] | None = None) -> dict[str, Any]:
    """All that a record says, as plain data with the unit in every key; absent things are None and say why.

    Parameters
    ----------
    fitted : temperatures [K] between which the apparent activation energy is taken; the early part of the exotherm by default
    """
    instrument = instrument or Instrument()
    record = examined(record)
    trace = take_apart(record, instrument)
    rates = rates_of(trace)
    runaway = second_onsets(trace, rates)
    runaway["voltage-drop"], no_drop = voltage_drop(trace)
    third, reason = third_onset(trace, runaway[CRITERIA[0]])
    found, missed = exotherms(trace, third["time_s"] if third else None)
    first, no_first = first_onset(trace, found, missed)
    curve = self_heating(trace)
    made: dict[str, Any] = {
        "record": _described(record, trace),
        "instrument": {name + INSTRUMENT_UNITS[name]: value for name, value in instrument._asdict().items()},
        "onsets": {
            "T1": first,
            "T1_reason": no_first,
            "T2": runaway,
            "T2_reason": no_second(trace, runaway),
            "voltage_reason": no_drop,
            "T3": third,
            "T3_reason": reason,
            "cessation": _cessation(found),
        },
        "exotherms": found,
        "maximum_rate": onset.fastest(rates.time, rates.temperature, trace.rate[np.isfinite(trace.rate)], rates.heated),
        "at_rates": {name: None if hidden(trace, level) else reached(trace, rates, level) for name, level in AT_RATES.items()},
    }
    made["kinetics"] = _kinetics(trace, curve, made, fitted)
    made["phi_correction"] = _corrected(instrument.phi, made) if instrument.phi > 1.0 else None
    made["self_heating"] = {
        "temperature_K": curve.temperature.tolist(),
        "minus_inverse_temperature_1_per_K": (-1.0 / curve.temperature).tolist(),
        "rate_K_per_s": curve.rate.tolist(),
        "time_s": curve.time.tolist(),
    }
    made["warnings"] = warnings_of(trace, made, missed)
    made["definitions"] = DEFINITIONS
    return made


def _cessation(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where the first of the exotherms stops by itself."""
    for entry in found:
        end = entry["end"]
        if end["reason"] in (CESSATION, ENDS["step"]) and end["margin"] is not None and end["margin"] < 0.0:
            return {key: end[key] for key in ("temperature_K", "time_s", "margin")}
    return None


DEFINITIONS = {
    "T1": "end of the first seek window whose mean rate reaches the sensitivity; on a noisy record its least-squares slope. Within "
    "the uncertainty of the slope, what the instrument did next decides. If the record holds the exotherm alone: its first row, known to a "
    "step below and nothing above. Margin: that rate over the sensitivity, less 1",
    "T2": "last temperature before the rate reaches the criterion, outside heating, with a later rise of 10 K or more",
    "T2 voltage-drop": "temperature at which the voltage falls below half of what it was at the start",
    "T3": "largest temperature from T2 by 1 K/s to the next step of the heater, where the record goes on past it",
    "cessation": "end of the first window of an exotherm whose mean rate lies below the sensitivity, or the row before a step in a gap",
    "at_rates": "first row that reaches the rate (the median of it and its neighbours), the logarithm of the rate linear between rows; "
    "where the rate jumps tenfold from row to row, the row before",
    "kinetics": "ln(dT/dt) = ln K - E/(R T) by least squares over the rows named; the interval is 95 %. It is apparent: of all reactions "
    "together, valid while reactants are not consumed",
    "time to maximum rate": "R T^2/(E dT/dt), of a zero-order reaction in adiabatic mode: no reactant is consumed before the maximum",
}


HOLDS = {True: "the whole test", False: "the exotherm alone"}


def _described(record: Record, trace: Trace) -> dict[str, Any]:
    left = list(record.left_out or ())
    return {
        "file": record.name,
        "samples": len(record.time),
        "columns": record.columns,
        "rate": trace.rate_from,
        "holds": "a run of this program, phases named"
        if trace.exact and not record.by_its_own
        else trace.heating.driven or HOLDS[trace.whole],
        "noise_K": trace.spread.noise or None,  # None: the record does not show it
        "resolution_K": trace.spread.resolution or None,
        "left_out": left,
        "left_out_samples": sum(len(entry["samples"]) for entry in left),
        "heater_steps": 0 if trace.heating.driven else len(runs_of(trace.heated)),
        "wait_s": _usual_wait(trace) if trace.whole and not trace.heating.driven else None,
        "start": {"temperature_K": float(record.temperature[0]), "time_s": float(record.time[0])},
        "end": {"temperature_K": float(record.temperature[-1]), "time_s": float(record.time[-1])},
    }


def _usual_wait(trace: Trace) -> float | None:
    found = [wait for wait in waits(trace) if math.isfinite(wait)]
    return float(np.median(found)) if found else None


def _kinetics(trace: Trace, curve: Curve, made: dict[str, Any], fitted: tuple[float, float] | None) -> dict[str, Any]:
    """Apparent kinetics of the early part, and the times to maximum rate that follow from them."""
    try:
        part, low, high = (curve, *fitted) if fitted else early_part(trace, curve, made["exotherms"])
        fit = arrhenius_fit(part, low, high)
    except ValueError as error:
        return {"activation_energy_J_per_mol": None, "reason": str(error)}
    found, fastest = made["exotherms"], made["maximum_rate"]
    start = main_exotherm(found)["start"] if found else None
    predicted = measured = None
    if start and start["rate_K_per_s"]:
        predicted = onset.time_to_maximum_rate(start["temperature_K"], start["rate_K_per_s"], fit.activation_energy)
    if start and fastest and fastest["time_s"] >= start["time_s"]:
        measured = fastest["time_s"] - start["time_s"]
    return {
        "activation_energy_J_per_mol": fit.activation_energy,
        "interval_J_per_mol": [fit.activation_energy - fit.half_width, fit.activation_energy + fit.half_width],
        "log_factor_ln_K_per_s": fit.log_factor,
        "range_K": [fit.low, fit.high],
        "points": fit.n_points,
        "halves_J_per_mol": fit.halves,
        "start": {key: start[key] for key in ("temperature_K", "time_s", "rate_K_per_s")} if start else None,
        "time_to_maximum_rate_at_start_s": predicted,
        "time_to_maximum_rate_measured_s": measured,
        "temperature_of_24_h_K": _one_day(fit, trace.instrument.phi),
        "assumption": ASSUMPTION,
    }


ASSUMPTION = "zero order, adiabatic, one apparent E, used outside its range as well: no reactant is consumed before the maximum"


def _one_day(fit: Fit, phi: float) -> float | None:
    """The temperature [K] at which the bare sample takes a day to its maximum rate."""
    try:
        return onset.temperature_of_time_to_maximum_rate(DAY, fit.activation_energy, fit.log_factor + math.log(phi))
    except ValueError:
        return None


def _corrected(phi: float, made: dict[str, Any]) -> dict[str, Any]:
    """What the bare sample would do: rates phi times as high, so each rate at a lower temperature; a rise phi times as large."""
    energy = made["kinetics"]["activation_energy_J_per_mol"]
    onsets = made["onsets"]

    def bare(entry: dict[str, Any] | None) -> float | None:
        return onset.phi_shift(entry["temperature_K"], 1.0 / phi, energy) if entry and energy else None

    first, third, maximum = onsets["T1"], onsets["T3"], made["kinetics"].get("time_to_maximum_rate_at_start_s")
    return {
        "phi": phi,
        "T1_K": bare(first),
        "T2_K": {name: bare(entry) for name, entry in onsets["T2"].items()},
        "rise_K": phi * (third["temperature_K"] - first["temperature_K"]) if first and third else None,
        "time_to_maximum_rate_at_start_s": maximum / phi if maximum else None,
        "assumption": "Townsend & Tou 1980: 1/T' = 1/T + R ln(phi)/E with the apparent E, rise and rate times phi",
    }
