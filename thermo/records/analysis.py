"""All that a calorimeter's record says, as plain data: onsets, exotherms, apparent kinetics, warnings. Prints nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from thermo.base.arrays import Floats
from thermo.base.constants import GAS_CONSTANT, ZERO_CELSIUS
from thermo.measurement.asked import CRITERIA
from thermo.onsets import onset
from thermo.records.heat_wait_seek import (
    AS_RECORDED,
    CESSATION,
    ENDS,
    FROM_TEMPERATURES,
    Gap,
    Trace,
    Window,
    exotherms,
    seek_of_phases,
    take_apart,
    waits,
)
from thermo.records.heated_from_outside import LARGEST_STEP, Instrument
from thermo.records.record_doctor import STANDSTILL, Record, abrupt_top, examined
from thermo.records.self_heating_curve import Curve, Fit, arrhenius_fit, early_part, main_exotherm, self_heating
from thermo.records.slopes import NEAR, STEEPER, UNKNOWN_NOISE, line, runs_of, usual_interval

OVER = 1.25  # times the sensitivity: the slope of the last rows of a record that stops as the runaway is over
THIN = 0.2  # a margin below this is worth a warning
TOO_HIGH = 2.0  # times what one step of the heater accounts for: a first row with such a rate is no T1
STEEPEST = 200e3  # J/mol, of a reaction that one step of the heater makes so much faster
OF_DRIVE = 1.2  # times the rate of what heats the cell: a criterion below cannot be told from it
COARSE = 5.0  # K, between the maximum and the rows beside it
UNSEEN = 50.0  # K between two rows, in which a runaway may pass unseen
COLD, HOT = 200.0, 523.15  # K, between which a test begins
AT_RATES = {"0.1 K/min": 0.1 / 60.0, "1 K/min": 1.0 / 60.0, "10 K/min": 10.0 / 60.0, "60 K/min": 1.0}  # K/s
INSTRUMENT_UNITS = {"sensitivity": "_K_per_s", "seek": "_s", "wait": "_s", "step": "_K", "phi": ""}
DAY = 86400.0  # s


def smoothed(temperature: Floats, rate: Floats) -> Floats:
    """The median of each rate and its neighbours: what the next row undoes is gone, a curve that rises stays as it is.

    A row that lies 10 K or more above the one before is no slip, and keeps its rate.
    """
    if len(rate) < 3:
        return rate
    middle = np.median(np.stack([rate[:-2], rate[1:-1], rate[2:]]), axis=0)
    made = np.concatenate([rate[:1], middle, rate[-1:]])
    return np.where(np.append(0.0, np.diff(temperature)) >= onset.LATER_RISE, np.maximum(rate, made), made)


def analyse(record: Record, instrument: Instrument | None = None, fitted: tuple[float, float] | None = None) -> dict[str, Any]:
    """All that a record says, as plain data with the unit in every key; absent things are None and say why.

    Parameters
    ----------
    fitted : temperatures [K] between which the apparent activation energy is taken; the early part of the exotherm by default
    """
    instrument = instrument or Instrument()
    record = examined(record)
    trace = take_apart(record, instrument)
    known = np.flatnonzero(np.isfinite(trace.rate))
    time, T, rate, heated = record.time[known], record.temperature[known], trace.rate[known], trace.heated[known]
    if not trace.exact:
        rate = smoothed(T, rate)
    jump, sloped = (math.inf, False) if trace.exact else (STEEPER, trace.rate_from == FROM_TEMPERATURES)

    def reached(level: float, rise: float) -> dict[str, float] | None:
        slope = over_the_clock(time, T, rate, heated, record.tick, level, trace.spread.row)
        return onset.first_reach(level, time, T, slope, heated, rise, jump, sloped=sloped)

    runaway: dict[str, Any] = {name: reached(onset.RATES[name], onset.LATER_RISE) for name in CRITERIA[:3]}
    if trace.heating.driven:
        runaway = {name: None if _hidden(trace, onset.RATES[name]) else point for name, point in runaway.items()}
    if not trace.exact:
        runaway = {
            name: point and {**point, "known_to_K": _between_rows(trace, point, onset.RATES[name])} for name, point in runaway.items()
        }
    runaway["voltage-drop"], no_drop = _voltage_drop(trace)
    third, reason = _third(trace, runaway[CRITERIA[0]])
    peak_time = third["time_s"] if third else None
    found, missed = exotherms(trace, peak_time)
    first, no_first = _first(trace, found, missed)
    curve = self_heating(trace)
    cessations = [
        entry["end"]
        for entry in found
        if entry["end"]["reason"] in (CESSATION, ENDS["step"]) and entry["end"]["margin"] is not None and entry["end"]["margin"] < 0.0
    ]
    made: dict[str, Any] = {
        "record": _described(record, trace),
        "instrument": {name + INSTRUMENT_UNITS[name]: value for name, value in instrument._asdict().items()},
        "onsets": {
            "T1": first,
            "T1_reason": no_first,
            "T2": runaway,
            "T2_reason": _no_second(trace, runaway),
            "voltage_reason": no_drop,
            "T3": third,
            "T3_reason": reason,
            "cessation": {key: cessations[0][key] for key in ("temperature_K", "time_s", "margin")} if cessations else None,
        },
        "exotherms": found,
        "maximum_rate": onset.fastest(time, T, trace.rate[known], heated),
        "at_rates": {name: None if _hidden(trace, level) else reached(level, 0.0) for name, level in AT_RATES.items()},
    }
    made["kinetics"] = _kinetics(trace, curve, made, fitted)
    made["phi_correction"] = _corrected(instrument.phi, made) if instrument.phi > 1.0 else None
    made["self_heating"] = {
        "temperature_K": curve.temperature.tolist(),
        "minus_inverse_temperature_1_per_K": (-1.0 / curve.temperature).tolist(),
        "rate_K_per_s": curve.rate.tolist(),
        "time_s": curve.time.tolist(),
    }
    made["warnings"] = _warnings(trace, made, missed)
    made["definitions"] = DEFINITIONS
    return made


DEFINITIONS = {
    "T1": "end of the first seek window whose mean rate reaches the sensitivity; on a noisy record its least-squares slope, and within "
    "the uncertainty of that what the instrument did next decides. Where the record holds the exotherm alone its first row, known to a "
    "step below and nothing above. Margin: that rate over the sensitivity, less 1",
    "T2": "last temperature before the rate reaches the criterion, outside heating, with a later rise of 10 K or more",
    "T2 voltage-drop": "temperature at which the voltage falls below half of what it was at the start",
    "T3": "largest temperature from T2 by 1 K/s to the next step of the heater, where the record goes on past it",
    "cessation": "end of the first window of an exotherm whose mean rate lies below the sensitivity, or the row before a step in a gap",
    "at_rates": "first row that reaches the rate (the median of it and its neighbours), the logarithm of the rate linear between rows; "
    "where the rate jumps tenfold from row to row, the row before",
    "kinetics": "ln(dT/dt) = ln K - E/(R T) by least squares over the rows named; the interval is 95 %. It is apparent: of all reactions "
    "together, as far as reactants are not spent",
    "time to maximum rate": "R T^2/(E dT/dt), of a zero-order reaction in adiabatic mode: no reactant is spent before the maximum",
}


LEAST_VOLTAGE = 0.5  # V, of a cell


def _voltage_drop(trace: Trace) -> tuple[dict[str, float] | None, str | None]:
    """Where the voltage falls below half of what it was, for good, or why there is no such place.

    What it was: what nine tenths of the values up to the maximum of the temperature lie below. A contact that is lost comes back.
    """
    record = trace.record
    known = np.flatnonzero(np.isfinite(record.voltage)) if record.voltage is not None else np.zeros(0, int)
    if record.voltage is None or not len(known):
        return None, "no voltage"
    if trace.exact:
        last = np.maximum(np.searchsorted(known, np.arange(len(record.time)), "right") - 1, 0)
        voltage = record.voltage[known[last]]
        found = onset.runaway_onsets(CRITERIA[3:], record.time, record.temperature, trace.rate, trace.heated, voltage)["voltage-drop"]
        return found, None if found else "it does not fall below half of what it was"
    until = max(int(np.argmax(record.temperature)), int(known[0]))
    was = float(np.quantile(record.voltage[known[known <= until]], 0.9))
    if was < LEAST_VOLTAGE:
        return None, f"it is {was:.3g} V at most: no cell was connected"
    high = known[record.voltage[known] >= 0.5 * was]
    later = known[known > high[-1]]
    if not len(later):
        returned = bool(np.any(record.voltage[known] < 0.5 * was))
        return None, "it falls below half and comes back: a contact was lost" if returned else "it does not fall below half of what it was"
    row = int(later[0])
    return {"temperature_K": float(record.temperature[row]), "time_s": float(record.time[row])}, None


CLOCK_STEPS = 4.0  # at least, of a clock that rows share, in a slope
CLOCK_RISES = 0.1, 5.0  # K, within a step of the clock: by less it does not matter, by more there is no slope
CLOCK_NOISES = 10.0  # standard deviations of a row, at least, that the record rises by in half of such a slope


def over_the_clock(time: Floats, T: Floats, rate: Floats, heated: npt.NDArray[np.bool_], tick: float, level: float, sigma: float) -> Floats:
    """Rates [K/s], those near `level` and above over several steps of a clock whose steps `tick` [s] rows share; as given without one.

    A rate over one step is good for nothing where a row more or less falls into it. Where something heats from outside within the rows
    of such a slope, and where the record rises too much in a step, the rate stays.
    """
    half = max(0.5 * CLOCK_STEPS * tick, CLOCK_NOISES * sigma / level)
    if not CLOCK_RISES[0] <= tick * level <= CLOCK_RISES[1] or half * level > 2.0 * CLOCK_RISES[1]:
        return rate
    first, last = np.searchsorted(time, time - half), np.minimum(np.searchsorted(time, time + half, "right"), len(time)) - 1
    counted = np.append(0, np.cumsum(heated))
    alone = (counted[last + 1] == counted[first]) & (last - first >= 2) & (rate > 0.2 * level)
    slope = (np.interp(time + half, time, T) - np.interp(time - half, time, T)) / (2.0 * half)
    return np.where(alone, slope, rate)


def _between_rows(trace: Trace, point: dict[str, float], criterion: float) -> list[float]:
    """How far below and above a temperature [K] the rows lie between which it was read.

    Where rows share their times, also the rows where the slope over some steps of the clock reaches the criterion [K/s] if those steps are
    one too long, or one too short.
    """
    time, T = trace.record.time, trace.record.temperature
    before = max(int(np.searchsorted(time, point["time_s"])) - 1, 0)
    after = min(int(np.searchsorted(time, point["time_s"], "right")), len(T) - 1)
    if trace.record.tick:
        before, after = (int(i) for i in np.searchsorted(time, (point["time_s"] - trace.record.tick, point["time_s"] + trace.record.tick)))
        before, after = max(before - 1, 0), min(after, len(T) - 1)
        half = max(0.5 * CLOCK_STEPS * trace.record.tick, float(time[after] - time[before]))
        error = 0.5 * trace.record.tick / half
        slope = (np.interp(time + half, time, T) - np.interp(time - half, time, T)) / (2.0 * half)
        below = np.flatnonzero(slope[: before + 1] / (1.0 - error) < criterion)
        above = np.flatnonzero(slope[after:] / (1.0 + error) >= criterion)
        before = int(below[-1]) if len(below) else before
        after = after + int(above[0]) if len(above) else after
    low, high = min(T[before], T[after]), max(T[before], T[after])
    sigma, blurred = 2.0 * trace.spread.row, _blurred(trace, point["temperature_K"], criterion)
    # the first slope that reaches it is one that noise has made steep
    return [
        float(min(low - point["temperature_K"], -sigma, -2.0 * blurred)),
        float(max(high - point["temperature_K"], sigma, 3.0 * blurred)),
    ]


GROWTH = 0.01, 15.0  # 1/K, least growth of a rate that is looked for, within so many kelvin


def _blurred(trace: Trace, temperature: float, criterion: float) -> float:
    """How far [K] the scatter of rates near the criterion [K/s] moves the place where one first reaches it.

    A standard deviation of ln(rate) about its line over the temperature, over the slope of that line.
    """
    if trace.rate_from != FROM_TEMPERATURES or trace.record.tick:
        return 0.0
    T, rate = trace.record.temperature, trace.rate
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero((np.abs(T - temperature) < GROWTH[1]) & (rate > 0.3 * criterion) & (rate < 3.0 * criterion) & ~trace.heated)
    if len(near) < 5 or np.ptp(T[near]) < 2.0:
        return 0.0
    growth = line(T[near], np.log(rate[near]))[0]
    left = np.log(rate[near]) - growth * (T[near] - T[near].mean())
    return float(left.std(ddof=2)) / max(growth, GROWTH[0])


def _third(trace: Trace, runaway: dict[str, float] | None) -> tuple[dict[str, Any] | None, str | None]:
    """T3, or why there is none."""
    record, last = trace.record, _last_rate(trace)
    over = trace.instrument.sensitivity * (1.0 if trace.exact else OVER)
    third = onset.third(record.time, record.temperature, last, runaway, over, trace.heated)
    most = _degrees(float(record.temperature.max()))
    if runaway is None:
        return None, f"no runaway by 1 K/s up to {most}{_unseen_rise(trace)}"
    if any(entry["code"] == STANDSTILL for entry in record.left_out or ()):
        return None, f"the record stands still at {most}: the range of the logger ends there, or the sensor is stuck; T3 is not in it"
    if third is None:
        return None, f"the record ends in the runaway: its last row still heats itself at {last * 60.0:.3g} K/min, at {most}"
    if trace.exact:
        return third, None
    top = _row(trace, third["time_s"])
    sigma = 2.0 * trace.spread.row
    return {**third, "known_to_K": [-sigma, max(_missed_above(record.time, record.temperature, top), sigma)]}, None


def _unseen_rise(trace: Trace) -> str:
    """A rise between two rows that may hold a runaway, in words."""
    T = trace.record.temperature
    row = int(np.argmax(np.diff(T))) if len(T) > 1 else 0
    rise = float(T[row + 1] - T[row]) if len(T) > 1 else 0.0
    return f"; {_pair(trace, row)} {rise:.0f} K are not recorded, and a runaway may lie there" if rise > UNSEEN else ""


def _missed_above(time: Floats, T: Floats, top: int) -> float:
    """How far [K] the maximum may lie above the highest row: where the rise before it and the fall after it would meet."""
    rising = (T[top] - T[top - 1]) / (time[top] - time[top - 1]) if top > 0 and time[top] > time[top - 1] else 0.0
    if top + 1 < len(T) and time[top + 1] > time[top]:
        gap, drop = time[top + 1] - time[top], T[top] - T[top + 1]
        after = top + 2 < len(T) and time[top + 2] > time[top + 1]
        falling = max((T[top + 1] - T[top + 2]) / (time[top + 2] - time[top + 1]), 0.0) if after else 2.0 * drop / gap
        # rising on from the row for a while, and falling as after the next row for the rest of the way to it
        return float(max(rising * max(gap * falling - drop, 0.0) / (rising + falling), 0.0)) if rising + falling > 0.0 else 0.0
    return 0.0


def _last_rate(trace: Trace) -> float:
    """The rate at the end [K/s]: where rows follow on one that noise does not tell from the maximum, what their slope is at least."""
    known = trace.rate[np.isfinite(trace.rate)]
    if trace.exact or not len(known):
        return float(known[-1]) if len(known) else 0.0
    time, T = trace.record.time, trace.record.temperature
    first = int(np.argmax(T >= T.max() - trace.spread.fall))
    if len(T) - first < 3 or time[-1] - time[first] < NEAR:
        return float(known[-1])
    slope, error = line(time[first:], T[first:])
    # three rows may lie on a line by chance
    by_noise = max(trace.spread.row, UNKNOWN_NOISE) / float(np.linalg.norm(time[first:] - time[first:].mean()))
    return slope - 2.0 * max(error, by_noise)


def _hidden(trace: Trace, level: float) -> bool:
    """Whether a rate [K/s] is one that what heats the cell gives it."""
    return bool(trace.heating.driven) and level < OF_DRIVE * trace.heating.drive


def _no_second(trace: Trace, runaway: dict[str, Any]) -> str | None:
    """Why a criterion gives no T2 in a record of a sample that is heated until it fails."""
    blind = [name for name in CRITERIA[:3] if _hidden(trace, onset.RATES[name])]
    if not blind:
        return None
    return f"{' and '.join(blind)}: what heats the cell gives it {trace.heating.drive * 60.0:.3g} K/min, which hides it"


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


NO_QUIET = "what first heats itself does so"


def _most_of_a_step(trace: Trace, temperature: float) -> float:
    """The largest rate [K/s] at a temperature [K] of a sample that showed nothing one step of the heater below it."""
    growth = math.exp(STEEPEST * trace.instrument.step / (GAS_CONSTANT * temperature**2))
    return TOO_HIGH * trace.instrument.sensitivity * growth


def _first(trace: Trace, found: list[dict[str, Any]], missed: Window | None) -> tuple[dict[str, Any] | None, str | None]:
    """T1, or why there is none; `missed`: the last window before it that found nothing."""
    sensitivity, step = trace.instrument.sensitivity, trace.instrument.step
    if trace.heating.driven:
        return None, f"no heat-wait-seek record: {trace.heating.driven}; T1 is the end of a seek window, and there is none"
    if not found:
        return None, f"no exotherm by {sensitivity * 60.0:g} K/min"
    start = found[0]["start"]
    T, rate, most = start["temperature_K"], start["rate_K_per_s"], _most_of_a_step(trace, start["temperature_K"])
    quiet = missed is not None and T - missed.warm <= LARGEST_STEP * step
    if trace.whole and not trace.exact and not quiet and rate is not None and rate - 2.0 * (start["rate_error_K_per_s"] or 0.0) > most:
        times = f"at {rate / sensitivity:.3g} times the sensitivity, at {_degrees(T)}"
        return (
            None,
            f"{NO_QUIET} {times}, and no window that found nothing lies a step before it: no heat-wait-seek test",
        )
    if trace.whole and not trace.exact:
        rows = trace.instrument.seek / usual_interval(trace.record.time[: _row(trace, start["time_s"]) + 1])
        error = trace.spread.slope_error(trace.instrument.seek, rows)
        if error > sensitivity:
            text = f"a slope over a seek window is uncertain by {error * 60.0:.2g} K/min, the sensitivity is {sensitivity * 60.0:.2g} K/min"
            return None, f"cannot be told: {text}"
        known = step if error > 0.5 * sensitivity else 0.0
        low, high = start.get("known_to_K", (0.0, 0.0))
        return {**start, "known_to_K": [min(low, -known), max(high, known)]}, None
    if trace.whole:
        return {**start, "known_to_K": [0.0, 0.0]}, None
    error = trace.first_rate_error
    if rate is not None and rate - error > most:
        times = f"{rate / sensitivity:.3g} times the sensitivity"
        return None, f"the first row has {times}: self-heating began before it, at a temperature that the record does not hold"
    if rate is not None and error > 0.5 * sensitivity and not rate - 2.0 * error > sensitivity:
        return None, f"cannot be told: the first rows have a rate of {rate * 60.0:.2g} +- {error * 60.0:.2g} K/min"
    return {**start, "known_to_K": [-step, 0.0]}, None


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


ASSUMPTION = "zero order, adiabatic, one apparent E held outside the range: no reactant is spent before the maximum"


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


# --- warnings ---


def _warnings(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
    record = trace.record
    found = [
        {
            "code": entry["code"],
            "text": f"left out: {_listed(entry['samples']) + ': ' if entry['samples'] else ''}{entry['text']}",
            "samples": entry["samples"],
        }
        for entry in record.left_out or ()
    ]
    if record.tick:
        text = f"the clock has steps of {record.tick:g} s that rows share: they are spread over it, rates within a step are not known"
        found.append(_warning(trace, "clock", text, []))
    found += trace.remarks
    found += _thin(trace, made, missed)
    if trace.rate_from == AS_RECORDED and not np.isfinite(trace.rate).all():
        rows = np.flatnonzero(~np.isfinite(trace.rate))
        found.append(
            _warning(
                trace,
                "no-rate",
                f"{_samples(trace, rows)} no rate and {'is' if len(rows) == 1 else 'are'} left out of what needs one",
                rows,
            )
        )
    top = int(np.argmax(record.temperature))
    fell = np.flatnonzero((np.diff(record.temperature) < -trace.spread.fall) & (np.arange(1, len(record.time)) <= top)) + 1
    if len(fell):
        most = float(-np.diff(record.temperature)[fell - 1].min())
        found.append(_warning(trace, "falling", f"{_samples(trace, fell)} a temperature below the one before, by up to {most:.2f} K", fell))
    found += [_gap_warning(trace, gap) for gap in trace.gaps if gap.kind != "fall"]
    found += _unlikely(trace, made)
    if {"sample_K", "rate_K_per_s"} <= set(record.columns.values()) and record.phase is None and not record.by_its_own:
        text = "a run of this program without a calorimeter: what heats the sample from outside is taken for its own heat"
        found.append(_warning(trace, "no-calorimeter", text, []))
    own = seek_of_phases(trace)
    if own is not None and abs(own / trace.instrument.seek - 1.0) > 0.1:
        text = f"its own seek windows last {own / 60.0:.3g} min, and it was read by windows of {trace.instrument.seek / 60.0:.3g} min: "
        text += f"T1 may differ; say --seek '{own / 60.0:.3g} min'"
        found.append(_warning(trace, "other-seek", text, []))
    if (made["onsets"]["T1_reason"] or "").startswith(NO_QUIET):
        text = "what heats the sample is not recognised: T2 by a rate that it has from outside is none of its own"
        found.append(_warning(trace, "not-recognised", text, []))
    first = made["onsets"]["T1"]
    rate = (first or {}).get("rate_K_per_s")
    if trace.whole and not trace.exact and rate is not None and rate > _most_of_a_step(trace, first["temperature_K"]):
        text = f"T1 rests on a rate {rate / trace.instrument.sensitivity:.3g} times the sensitivity, a step after a window that found "
        text += "nothing: something sudden, or heat from outside"
        found.append(_warning(trace, "sudden", text, [_row(trace, first["time_s"])]))
    if trace.whole and not trace.heating.driven and not made["exotherms"] and missed is None:
        text = f"no hold is long enough for a seek window of {trace.instrument.seek / 60.0:g} min: nothing was looked for"
        found.append(_warning(trace, "no-window", text, []))
    known = np.isfinite(trace.rate)
    told = {name: point for name, point in made["onsets"]["T2"].items() if not _hidden(trace, onset.RATES.get(name, math.inf))}
    for name in onset.unconfirmed(told, trace.rate[known], trace.heated[known])[:1]:
        text = f"the record ends less than {onset.LATER_RISE:g} K after the rate has reached {name}: no T2 ({name}) can be read"
        found.append(_warning(trace, "cut-short", text, []))
    return found + _coarse(trace, made)


def _unlikely(trace: Trace, made: dict[str, Any]) -> list[dict[str, Any]]:
    """A scale that does not fit the numbers, rows as slow as the seek window, one energy for points that bend."""
    found = []
    record, seek = trace.record, trace.instrument.seek
    start = float(record.temperature[0])
    if not COLD <= start <= HOT:
        column = record.columns.get("temperature", "temperature")
        other = "in kelvin, not in degC" if start > HOT else "in degC, not in kelvin"
        text = f"sample 1 of {column!r} lies at {_degrees(start)}, where no test begins: is the column {other}?"
        found.append(_warning(trace, "scale", text, [0]))
    steps = np.diff(record.time)
    if len(steps) > 2 and steps.min() > 0.5 * seek and np.ptp(steps) < 0.01 * steps.mean():
        text = f"a row every {steps.mean() / 60.0:.3g} min is too slow for a seek window of {seek / 60.0:g} min: "
        text += "steps of the heater and self-heating cannot be told apart, T1 is not to be trusted"
        found.append(_warning(trace, "slow", text, []))
    halves = made["kinetics"].get("halves_J_per_mol")
    if halves:
        cold, hot = (energy / 1e3 for energy in halves)
        text = f"the points bend: {cold:.0f} kJ/mol in the colder half, {hot:.0f} kJ/mol in the hotter; one apparent E, its interval "
        text += "and what follows from them (time to maximum rate, 24 h temperature) are good for neither"
        found.append(_warning(trace, "bent", text, []))
    return found


def _warning(trace: Trace, code: str, text: str, rows: Any) -> dict[str, Any]:
    return {"code": code, "text": text, "samples": [trace.record.sample(int(row)) for row in rows]}


def _samples(trace: Trace, rows: Any) -> str:
    listed = _listed([trace.record.sample(int(row)) for row in rows])
    return f"{listed} has" if len(rows) == 1 else f"{listed} have"


def _listed(samples: list[int]) -> str:
    """Samples in words: the first five of them, and how many more."""
    listed = ", ".join(map(str, samples[:5])) + (f" and {len(samples) - 5} more" if len(samples) > 5 else "")
    return f"sample {listed}" if len(samples) == 1 else f"samples {listed}"


def _thin(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
    """Where a little more or less of rate would move T1 or the cessation."""
    found = []
    sensitivity = trace.instrument.sensitivity
    first, ended = made["onsets"]["T1"], made["onsets"]["cessation"]
    if first and first["margin"] is not None and first["margin"] < THIN:
        at, error = _row(trace, first["time_s"]), first["rate_error_K_per_s"]
        within = f" (uncertain by {100.0 * error / sensitivity:.2g} %)" if error else ""
        text = (
            f"T1 (sample {trace.record.sample(at)}) rests on a rate {_off(first['margin'])}{within}: a little less and it is a step later"
        )
        found.append(_warning(trace, "thin-margin", text, [at]))
    if missed and missed.rate / sensitivity - 1.0 > -THIN:
        at, off = _row(trace, missed.end), missed.rate / sensitivity - 1.0
        text = f"the window before T1 (to sample {trace.record.sample(at)}, {_degrees(missed.warm)}) has a rate {_off(off)}: "
        text += "a little more and T1 is a step earlier" if off < 0.0 else "that is within its noise, and the instrument heated on"
        found.append(_warning(trace, "near-miss", text, [at]))
    if trace.whole and ended and ended["margin"] is not None and ended["margin"] > -THIN:
        at = _row(trace, ended["time_s"])
        text = f"the cessation (sample {trace.record.sample(at)}) rests on a rate {_off(ended['margin'])}: the sample still heats itself"
        found.append(_warning(trace, "thin-margin", text, [at]))
    return found


def _row(trace: Trace, moment: float) -> int:
    """The last row at a time [s]."""
    return max(int(np.searchsorted(trace.record.time, moment + 1e-6, "right")) - 1, 0)


def _off(margin: float) -> str:
    return f"{100.0 * abs(margin):.2g} % {'above' if margin >= 0.0 else 'below'} the sensitivity"


def _degrees(kelvin: float) -> str:
    return f"{kelvin - ZERO_CELSIUS:.1f} degC"


def _gap_warning(trace: Trace, gap: Gap) -> dict[str, Any]:
    place = f"{_pair(trace, gap.row)} {gap.rise:.1f} K in {gap.duration / 60.0:.3g} min are not recorded"
    mean = f"mean {gap.rise / gap.duration * 60.0:.2g} K/min"
    if gap.kind == "step":
        text = f"{place}: {mean} is more than the rates on either side account for, taken as a heater step"
    else:
        text = f"{place}: {mean} is what the rates on either side account for, taken as self-heating"
    return _warning(trace, "gap", text, [gap.row, gap.row + 1])


def _pair(trace: Trace, row: int) -> str:
    return f"between samples {trace.record.sample(row)} and {trace.record.sample(row + 1)}"


def _coarse(trace: Trace, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows too far apart for the maximum, for the largest rate, or for T2."""
    found = []
    T = trace.record.temperature
    if made["maximum_rate"] is not None and trace.record.rate is None:
        row = _row(trace, made["maximum_rate"]["time_s"])
        if row and T[row] - T[row - 1] > COARSE and trace.record.time[row] - trace.record.time[row - 1] > 1.0:
            text = f"the largest rate (sample {trace.record.sample(row)}) is a mean over {T[row] - T[row - 1]:.0f} K "
            text += "between two rows: the true one is higher"
            found.append(_warning(trace, "coarse", text, [row]))
    if made["onsets"]["T3"] is not None and not trace.exact:
        top = _row(trace, made["onsets"]["T3"]["time_s"])
        beside = [abs(float(T[top] - T[row])) for row in (top - 1, top + 1) if 0 <= row < len(T)]
        if max(beside) > COARSE:
            below = f"the rows beside the maximum (sample {trace.record.sample(top)}) lie up to {max(beside):.0f} K below it"
            text = f"{below}: the sampling is too coarse, T3 may be higher"
            found.append(_warning(trace, "coarse", text, [top]))
        elif (first := abrupt_top(trace.record)) is not None:
            text = (
                f"the record comes to {_degrees(T[first])} (sample {trace.record.sample(first)}) without slowing down, and stands still: "
            )
            text += "a logger whose range ends there would look the same, and T3 be higher"
            found.append(_warning(trace, "abrupt-top", text, [first]))
    second = made["onsets"]["T2"][CRITERIA[0]]
    if second is not None and not trace.exact:
        row = int(np.searchsorted(trace.record.time, second["time_s"], "right")) - 1
        row = min(max(row, 0), len(T) - 2)
        if T[row + 1] - T[row] > COARSE and trace.record.time[row + 1] - trace.record.time[row] > 1.0:
            text = f"{_pair(trace, row)}, where T2 is read, lie {T[row + 1] - T[row]:.0f} K: the sampling is too coarse"
            found.append(_warning(trace, "coarse", text, [row, row + 1]))
    return found
