"""A calorimeter's record cut into what is fitted: adiabatic sections by their rows, and what lies between them as given temperatures."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from thermo.base.arrays import Floats
from thermo.base.errors import CaseError, Mistake
from thermo.case.case import Case
from thermo.programmes.arc import ArcProgramme
from thermo.records.heat_wait_seek import exotherms
from thermo.records.heated_from_outside import HEATER_RATE, QUIET_RATE, Instrument, instrument_of_a_run
from thermo.records.record import read_record
from thermo.records.record_doctor import Record
from thermo.records.record_onsets import rates_of, second_onsets, third_onset
from thermo.records.trace import Trace, take_apart
from thermo.studies.calibrate.text import RecordText

LEAST_RISE = 0.8  # K, between two rows that are used; and so many times the noise
NOISES = 10.0
BELOW_TOP = 6.0  # K under the maximum: above it the rate is that of the end, not of a reaction
FEW_ROWS = 4  # of a section
SMOOTHED, SLOWLY = 5, 0.7  # intervals, of the rate that rows are weighted by, and the change of its ln over them
LEAST_NOISE = 0.005  # K, that a thermocouple has
FROM_RUN = 0.02  # K, of a record that this program wrote without noise


class Section(NamedTuple):
    """Rows (m,) of an adiabatic section, time [s] and temperature [K], with about the rate at each [K/s] and their samples in the file."""

    time: Floats
    temperature: Floats
    seen: Floats
    samples: npt.NDArray[np.int64]


class Given(NamedTuple):
    """Rows (m,) between sections, whose temperatures [K] over time [s] are taken as they are: heater steps, waits, pauses."""

    time: Floats
    temperature: Floats


class Fall(NamedTuple):
    """A row interval in which the temperature fell: temperature [K] and time [s] before it, how long it is [s], the samples beside it."""

    temperature: float
    time: float
    duration: float
    samples: tuple[int, int]


class ArcData(NamedTuple):
    """A record as it is fitted.

    `top` [K]: the maximum of a runaway; None where the record holds none, and `why`. `tail` leads from the last row of the last section to
    it. `noise` [K], `clock` [s] are standard deviations; `heater_steps` that lie before its end; `left_out` rows by the doctor; `falls`
    between sections.
    """

    name: str
    pieces: tuple[Section | Given, ...]
    top: float | None
    tail: Given | None
    why: str | None
    noise: float
    clock: float
    heater_steps: int
    left_out: int
    falls: tuple[Fall, ...]

    @property
    def sections(self) -> list[Section]:
        """Its sections."""
        return [piece for piece in self.pieces if isinstance(piece, Section)]


def read_arc(name: str, text: RecordText, path: Path, case: Case) -> ArcData:
    """A record of the kinds `arc` and `adiabatic`, read and examined as `onset` does. Raises CaseError."""
    return arc_data(name, text, read_record(path, text.columns or None), case, _instrument(case, path))


def arc_data(name: str, text: RecordText, record: Record, case: Case, instrument: Instrument) -> ArcData:
    """A record that has been read, cut into what is fitted. Raises CaseError where there is nothing to fit."""
    record = _once(record)
    trace = take_apart(record, instrument)
    third, why = third_onset(trace, second_onsets(trace, rates_of(trace))["1 K/s"])
    if text.kind == "adiabatic":
        spans = [(0, int(np.argmax(record.temperature)))]
    else:
        found, _ = exotherms(trace, third["time_s"] if third else None)
        spans = [_rows_of(record, entry["start"]["time_s"], entry["end"]["time_s"]) for entry in found]
    noise = text.noise_number() if text.noise is not None else max(FROM_RUN if record.of_a_run else trace.spread.noise, LEAST_NOISE)
    top = None if third is None else float(third["temperature_K"])
    least = max(LEAST_RISE, NOISES * noise)
    pieces = _pieces(trace, spans, least, np.inf if top is None else top - BELOW_TOP, text.up_to, case)
    if not any(isinstance(piece, Section) for piece in pieces):
        words = "holds no exotherm" if not spans else f"has no exotherm of {FEW_ROWS} rows that lie {least:.2g} K apart"
        raise CaseError([Mistake(record.name, None, "", f"{words}: there is nothing to fit")])
    sections = [piece for piece in pieces if isinstance(piece, Section)]
    tail, ended = None, float(sections[-1].time[-1])
    if third is not None and float(third["time_s"]) > ended:
        first, end = _rows_of(record, ended, float(third["time_s"]))
        tail = Given(record.time[first : end + 1], record.temperature[first : end + 1])
    return ArcData(
        name,
        tuple(pieces),
        top if tail is not None else None,
        tail,
        why,
        noise,
        _clock(record),
        trace.heating.steps + int(trace.heating.first),
        sum(len(entry["samples"]) for entry in record.left_out or ()),
        _falls(trace, float(sections[0].time[0]), ended),
    )


def _falls(trace: Trace, begins: float, ends: float) -> tuple[Fall, ...]:
    """Gaps between two times [s] in which the temperature fell: no heater does that."""
    time, T = trace.record.time, trace.record.temperature
    return tuple(
        Fall(float(T[gap.row]), float(time[gap.row]), gap.duration, (trace.record.sample(gap.row), trace.record.sample(gap.row + 1)))
        for gap in trace.gaps
        if gap.kind == "fall" and begins <= time[gap.row] < ends
    )


def _instrument(case: Case, path: Path) -> Instrument:
    """What the reader must know of the test: that of the case, or of the run that wrote the record."""
    programme = case.programme
    if isinstance(programme, ArcProgramme):
        known = {word: float(getattr(programme, word)) for word in ("sensitivity", "seek", "wait", "step")}
        return Instrument(**known)
    return Instrument()._replace(**instrument_of_a_run(path))


def _once(record: Record) -> Record:
    """The record with one row at each time, the later of two."""
    kept = np.append(np.diff(record.time) > 0.0, True)
    if kept.all():
        return record
    samples = record.samples if record.samples is not None else np.arange(1, len(kept) + 1)

    def rows(values: Floats | None) -> Floats | None:
        return None if values is None else values[kept]

    phase = None if record.phase is None else record.phase[kept]
    lines = None if record.lines is None else record.lines[kept]
    return record._replace(
        time=record.time[kept],
        temperature=record.temperature[kept],
        rate=rows(record.rate),
        voltage=rows(record.voltage),
        phase=phase,
        lines=lines,
        samples=samples[kept],
    )


def _rows_of(record: Record, begins: float, ends: float) -> tuple[int, int]:
    """First and last row between two times [s]."""
    first, last = np.searchsorted(record.time, (begins - 1e-6, ends + 1e-6))
    return int(first), min(int(last), len(record.time)) - 1


def _clock(record: Record) -> float:
    """Standard deviation of a time that is rounded to the step of its clock [s]."""
    if record.tick > 0.0:
        return record.tick / float(np.sqrt(12.0))
    steps = np.diff(record.time)
    for step in (60.0, 1.0, 0.1, 0.01):
        if np.all(np.abs(steps / step - np.round(steps / step)) < 1e-6):
            return step / float(np.sqrt(6.0))
    return 0.0


def _pieces(
    trace: Trace, spans: list[tuple[int, int]], least: float, highest: float, up_to: float | None, case: Case
) -> list[Section | Given]:
    """Sections within `spans` of rows, and given temperatures before and between them; nothing after the last section."""
    record = trace.record
    time, T = record.time, record.temperature
    pieces: list[Section | Given] = []
    at = 0
    for first, last in [part for span in spans for part in _parted(time, T, *span, 0.5 * least)]:
        rows = _thinned(time, T, first, last, least, highest, _fastest(up_to, case))
        if len(rows) < FEW_ROWS:
            continue
        if rows[0] > at:
            pieces.append(_with_corners(time[at : rows[0] + 1], T[at : rows[0] + 1]))
        pieces.append(Section(time[rows], T[rows], _rates_about(time[rows], T[rows]), np.array([record.sample(int(row)) for row in rows])))
        at = int(rows[-1])
    return pieces


def _with_corners(time: Floats, T: Floats) -> Given:
    """Given temperatures with a row where the heater begins or ends between two: there the lines through the rows on either side meet.

    A logger has none there, and a straight line past a corner of 0.5 K is off for as long as a row lasts.
    """
    slope = np.diff(T) / np.diff(time)
    before, within, after = slope[:-2], slope[1:-1], slope[2:]
    heats, rests = np.maximum(before, after), np.minimum(before, after)
    rows = 1 + np.flatnonzero((heats > HEATER_RATE) & (rests < QUIET_RATE) & (rests < within) & (within < heats))
    away = (T[rows + 1] - T[rows] - slope[rows + 1] * (time[rows + 1] - time[rows])) / (slope[rows - 1] - slope[rows + 1])
    inside = (away > 0.0) & (away < time[rows + 1] - time[rows])
    rows, away = rows[inside], away[inside]
    return Given(np.insert(time, rows + 1, time[rows] + away), np.insert(T, rows + 1, T[rows] + slope[rows - 1] * away))


def _rates_about(time: Floats, T: Floats) -> Floats:
    """About the rate at each row [K/s], smoothed where it changes slowly: a weight must not go with the noise of its own row."""
    logarithm = np.log(np.diff(T) / np.diff(time))
    slowly = maximum_filter1d(logarithm, SMOOTHED, mode="nearest") - minimum_filter1d(logarithm, SMOOTHED, mode="nearest") < SLOWLY
    logarithm = np.where(slowly, uniform_filter1d(logarithm, SMOOTHED, mode="nearest"), logarithm)
    return np.asarray(np.exp(np.concatenate([logarithm[:1], 0.5 * (logarithm[1:] + logarithm[:-1]), logarithm[-1:]])))


def _parted(time: Floats, T: Floats, first: int, last: int, rise: float) -> list[tuple[int, int]]:
    """A span of rows cut where a short step of the heater lies in it: a rise between two rows at a heater's rate, quiet on both sides."""
    parts, begins = [], first
    rates = np.diff(T[first : last + 1]) / np.diff(time[first : last + 1])
    for i in range(1, len(rates) - 1):
        row = first + i
        beside = max(rates[i - 1], float(np.min(rates[i + 1 : i + 3])))
        if rates[i] > HEATER_RATE and beside < QUIET_RATE and T[row + 1] - T[row] > rise:
            parts.append((begins, row))
            begins = row + 1
    return [*parts, (begins, last)]


def _fastest(up_to: float | None, case: Case) -> float:
    """The rate [K/s] beyond which rows are not adiabatic, or not wanted."""
    made = getattr(case.programme, "calorimeter", None)
    lossy = made is not None and (made.loss > 0.0 or made.radiating_area > 0.0)
    return min(np.inf if up_to is None else float(up_to), float(made.tracking) if made is not None and lossy else np.inf)


def _thinned(time: Floats, T: Floats, first: int, last: int, least: float, highest: float, fastest: float) -> npt.NDArray[np.int64]:
    """Rows of a section, each at least so much warmer than the one before.

    A row is chosen by the mean of its two neighbours: chosen by its own temperature it would be one whose noise is high.
    """
    beside = T.copy()
    beside[1:-1] = 0.5 * (T[:-2] + T[2:])
    beside[last] = T[last]
    rows = [first]
    for row in range(first + 1, last + 1):
        if T[row] > highest:
            break
        if beside[row] - beside[rows[-1]] < least or T[row] - T[rows[-1]] < 0.5 * least:
            continue
        if (T[row] - T[rows[-1]]) / (time[row] - time[rows[-1]]) > fastest:
            break
        rows.append(row)
    return np.array(rows)
