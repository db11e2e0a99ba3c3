"""What a reader of a record's onsets should know: what was left out, what is thin, coarse or unlikely."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from thermo.measurement.asked import CRITERIA
from thermo.onsets import onset
from thermo.records.heat_wait_seek import Window, seek_of_phases
from thermo.records.record_doctor import abrupt_top
from thermo.records.record_onsets import NO_QUIET, hidden, most_of_a_step
from thermo.records.trace import AS_RECORDED, Gap, Trace, between, degrees, row_at

THIN = 0.2  # a margin below this is worth a warning
COARSE = 5.0  # K, between the maximum and the rows beside it
COLD, HOT = 200.0, 523.15  # K, between which a test begins


def warnings_of(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
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
        text = f"the clock has steps of {record.tick:g} s that rows share: the rows are spread over it, and rates within a step are unknown"
        found.append(_warning(trace, "clock", text, []))
    found += trace.remarks
    found += _thin(trace, made, missed)
    if trace.rate_from == AS_RECORDED and not np.isfinite(trace.rate).all():
        rows = np.flatnonzero(~np.isfinite(trace.rate))
        found.append(
            _warning(
                trace,
                "no-rate",
                f"{_samples(trace, rows)} no rate and {'is' if len(rows) == 1 else 'are'} left out where a rate is needed",
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
        text = "a simulated run without a calorimeter: heating of the sample from outside counts as self-heating"
        found.append(_warning(trace, "no-calorimeter", text, []))
    own = seek_of_phases(trace)
    if own is not None and abs(own / trace.instrument.seek - 1.0) > 0.1:
        text = f"its own seek windows last {own / 60.0:.3g} min, but it was read with windows of {trace.instrument.seek / 60.0:.3g} min: "
        text += f"T1 may differ; use --seek '{own / 60.0:.3g} min'"
        found.append(_warning(trace, "other-seek", text, []))
    if (made["onsets"]["T1_reason"] or "").startswith(NO_QUIET):
        text = "the source of the heating is not recognised: a T2 by rate may come from heating from outside"
        found.append(_warning(trace, "not-recognised", text, []))
    first = made["onsets"]["T1"]
    rate = (first or {}).get("rate_K_per_s")
    if trace.whole and not trace.exact and rate is not None and rate > most_of_a_step(trace, first["temperature_K"]):
        text = f"T1 rests on a rate {rate / trace.instrument.sensitivity:.3g} times the sensitivity, a step after a window that found "
        text += "nothing: a sudden event, or heat from outside"
        found.append(_warning(trace, "sudden", text, [row_at(trace, first["time_s"])]))
    if trace.whole and not trace.heating.driven and not made["exotherms"] and missed is None:
        text = f"no hold is long enough for a seek window of {trace.instrument.seek / 60.0:g} min: no exotherm was searched for"
        found.append(_warning(trace, "no-window", text, []))
    known = np.isfinite(trace.rate)
    told = {name: point for name, point in made["onsets"]["T2"].items() if not hidden(trace, onset.RATES.get(name, math.inf))}
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
        text = f"sample 1 of {column!r} lies at {degrees(start)}, where no test begins: is the column {other}?"
        found.append(_warning(trace, "scale", text, [0]))
    steps = np.diff(record.time)
    if len(steps) > 2 and steps.min() > 0.5 * seek and np.ptp(steps) < 0.01 * steps.mean():
        text = f"a row every {steps.mean() / 60.0:.3g} min is too slow for a seek window of {seek / 60.0:g} min: "
        text += "steps of the heater and self-heating cannot be told apart, and T1 is unreliable"
        found.append(_warning(trace, "slow", text, []))
    halves = made["kinetics"].get("halves_J_per_mol")
    if halves:
        cold, hot = (energy / 1e3 for energy in halves)
        text = f"the points bend: {cold:.0f} kJ/mol in the colder half, {hot:.0f} kJ/mol in the hotter; one apparent E, its interval "
        text += "and what follows from them (time to maximum rate, 24 h temperature) describe neither half"
        found.append(_warning(trace, "bent", text, []))
    return found


def _thin(trace: Trace, made: dict[str, Any], missed: Window | None) -> list[dict[str, Any]]:
    """Where a little more or less of rate would move T1 or the cessation."""
    found = []
    sensitivity = trace.instrument.sensitivity
    first, ended = made["onsets"]["T1"], made["onsets"]["cessation"]
    if first and first["margin"] is not None and first["margin"] < THIN:
        at, error = row_at(trace, first["time_s"]), first["rate_error_K_per_s"]
        within = f" (uncertain by {100.0 * error / sensitivity:.2g} %)" if error else ""
        text = (
            f"T1 (sample {trace.record.sample(at)}) rests on a rate {_off(first['margin'])}{within}: a slightly lower one puts T1 up a step"
        )
        found.append(_warning(trace, "thin-margin", text, [at]))
    if missed and missed.rate / sensitivity - 1.0 > -THIN:
        at, off = row_at(trace, missed.end), missed.rate / sensitivity - 1.0
        text = f"the window before T1 (to sample {trace.record.sample(at)}, {degrees(missed.warm)}) has a rate {_off(off)}: "
        text += "a slightly higher one moves T1 down a step" if off < 0.0 else "that is within its noise, and the instrument heated on"
        found.append(_warning(trace, "near-miss", text, [at]))
    if trace.whole and ended and ended["margin"] is not None and ended["margin"] > -THIN:
        at = row_at(trace, ended["time_s"])
        text = f"the cessation (sample {trace.record.sample(at)}) rests on a rate {_off(ended['margin'])}: the sample still heats itself"
        found.append(_warning(trace, "thin-margin", text, [at]))
    return found


def _coarse(trace: Trace, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows too far apart for the maximum, for the largest rate, or for T2."""
    found = []
    T = trace.record.temperature
    if made["maximum_rate"] is not None and trace.record.rate is None:
        row = row_at(trace, made["maximum_rate"]["time_s"])
        if row and T[row] - T[row - 1] > COARSE and trace.record.time[row] - trace.record.time[row - 1] > 1.0:
            text = f"the largest rate (sample {trace.record.sample(row)}) is a mean over {T[row] - T[row - 1]:.0f} K "
            text += "between two rows: the true rate is higher"
            found.append(_warning(trace, "coarse", text, [row]))
    if made["onsets"]["T3"] is not None and not trace.exact:
        top = row_at(trace, made["onsets"]["T3"]["time_s"])
        beside = [abs(float(T[top] - T[row])) for row in (top - 1, top + 1) if 0 <= row < len(T)]
        if max(beside) > COARSE:
            below = f"the rows beside the maximum (sample {trace.record.sample(top)}) lie up to {max(beside):.0f} K below it"
            text = f"{below}: the sampling is too coarse, and T3 may be higher"
            found.append(_warning(trace, "coarse", text, [top]))
        elif (first := abrupt_top(trace.record)) is not None:
            text = f"the record reaches {degrees(T[first])} (sample {trace.record.sample(first)}) without slowing down, then stays there: "
            text += "a logger whose range ends there would look the same, and T3 would be higher"
            found.append(_warning(trace, "abrupt-top", text, [first]))
    second = made["onsets"]["T2"][CRITERIA[0]]
    if second is not None and not trace.exact:
        row = int(np.searchsorted(trace.record.time, second["time_s"], "right")) - 1
        row = min(max(row, 0), len(T) - 2)
        if T[row + 1] - T[row] > COARSE and trace.record.time[row + 1] - trace.record.time[row] > 1.0:
            text = f"{between(trace, row)}, where T2 is read, lie {T[row + 1] - T[row]:.0f} K: the sampling is too coarse"
            found.append(_warning(trace, "coarse", text, [row, row + 1]))
    return found


def _gap_warning(trace: Trace, gap: Gap) -> dict[str, Any]:
    place = f"{between(trace, gap.row)} {gap.rise:.1f} K in {gap.duration / 60.0:.3g} min are not recorded"
    mean = f"mean {gap.rise / gap.duration * 60.0:.2g} K/min"
    if gap.kind == "step":
        text = f"{place}: {mean} is more than the rates on either side explain, so it counts as a heater step"
    else:
        text = f"{place}: {mean} is what the rates on either side explain, so it counts as self-heating"
    return _warning(trace, "gap", text, [gap.row, gap.row + 1])


def _warning(trace: Trace, code: str, text: str, rows: Any) -> dict[str, Any]:
    return {"code": code, "text": text, "samples": [trace.record.sample(int(row)) for row in rows]}


def _samples(trace: Trace, rows: Any) -> str:
    listed = _listed([trace.record.sample(int(row)) for row in rows])
    return f"{listed} has" if len(rows) == 1 else f"{listed} have"


def _listed(samples: list[int]) -> str:
    """Samples in words: the first five of them, and how many more."""
    listed = ", ".join(map(str, samples[:5])) + (f" and {len(samples) - 5} more" if len(samples) > 5 else "")
    return f"sample {listed}" if len(samples) == 1 else f"samples {listed}"


def _off(margin: float) -> str:
    return f"{100.0 * abs(margin):.2g} % {'above' if margin >= 0.0 else 'below'} the sensitivity"
