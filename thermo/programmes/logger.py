"""The record that a logger makes of what the sensor shows: rows at an interval and at rises, with noise."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from thermo.base.arrays import Floats
from thermo.casefile.models import Frozen
from thermo.casefile.units import Unit

MOST_ROWS = 1e7  # of a record


class Record(Frozen):
    """A record as a logger writes it: a row every `interval`, and wherever the temperature has changed by `rise`, rows at least `fastest`
    apart. It goes on for a minute after a runaway, with a row every 20 s at least. `noise` is the standard deviation of what is added
    to each temperature, drawn with the `seed`."""

    interval: Annotated[float, Unit("time", gt=0)]
    rise: Annotated[float | None, Unit("temperature difference", gt=0)] = None
    fastest: Annotated[float, Unit("time", gt=0)] = Field(default="0.1 s", validate_default=True)
    noise: Annotated[float, Unit("temperature difference", ge=0)] = Field(default="0 K", validate_default=True)
    seed: Annotated[int, Field(ge=0, strict=True)] = 0


def between_rows(time: Floats, temperature: Floats, rate: Floats, wanted: Floats) -> Floats:
    """Temperatures [K] at wanted times [s] by the cubic through the rows around each, times rising, slopes `rate` [K/s]."""
    left = np.clip(np.searchsorted(time, wanted, side="right") - 1, 0, len(time) - 2)
    h = np.where(time[left + 1] > time[left], time[left + 1] - time[left], 1.0)
    s = np.clip((wanted - time[left]) / h, 0.0, 1.0)
    before, change = temperature[left], temperature[left + 1] - temperature[left]
    first, last = rate[left] * h, rate[left + 1] * h
    return np.asarray(before + s * (first + s * (3.0 * change - 2.0 * first - last + s * (first + last - 2.0 * change))))


AFTERWARDS = 20.0  # s, between rows after a runaway


def logged(time: Floats, temperature: Floats, rate: Floats, record: Record, over: float | None = None) -> tuple[Floats, Floats]:
    """Times [s] and temperatures [K] of a record of a run, from its rows (n,): two rows at one time where something happened.

    `over` [s]: when a runaway was over, from where on rows come every 20 s at least.
    """
    interval, fastest = float(record.interval), float(record.fastest)
    moments = np.arange(0.0, time[-1] * (1.0 + 1e-12), interval)
    if record.rise is not None:
        moments = np.concatenate([moments, *(_levels(*row, float(record.rise)) for row in _steps(time, temperature, rate))])
    if over is not None:
        moments = np.concatenate([moments, np.arange(over, time[-1], AFTERWARDS)])
    kept = _no_closer(np.unique(moments), fastest, float(time[-1]))
    if time[-1] - kept[-1] > 0.01 * fastest:
        kept.append(float(time[-1]))
    found = np.array(kept)
    noise = np.random.default_rng(record.seed).normal(0.0, float(record.noise), len(found)) if record.noise > 0.0 else 0.0
    return found, between_rows(time, temperature, rate, found) + noise


def _no_closer(moments: Floats, fastest: float, end: float) -> list[float]:
    """Moments at least `fastest` [s] apart: a row that comes too soon is written as soon as it may be."""
    kept: list[float] = []
    last, due = -math.inf, False
    for moment in moments:
        if due and moment >= last + fastest * (1.0 - 1e-9):
            last, due = last + fastest, False
            kept.append(last)
        if moment >= last + fastest * (1.0 - 1e-9):
            last, due = float(moment), False
            kept.append(last)
        elif moment > last:
            due = True
    return [*kept, last + fastest] if due and last + fastest < end else kept


def _steps(time: Floats, temperature: Floats, rate: Floats) -> list[tuple[Floats, Floats, Floats]]:
    """Pairs of rows that lie apart in time."""
    return [(time[i : i + 2], temperature[i : i + 2], rate[i : i + 2]) for i in range(len(time) - 1) if time[i + 1] > time[i]]


def _levels(time: Floats, temperature: Floats, rate: Floats, rise: float) -> Floats:
    """Times between two rows at which the temperature passes a multiple of `rise`."""
    n = 2 + int(4.0 * abs(temperature[1] - temperature[0]) / rise)
    fine = np.linspace(time[0], time[1], n)
    values = between_rows(time, temperature, rate, fine) / rise
    rows = np.flatnonzero(np.floor(values[1:]) != np.floor(values[:-1]))
    level = np.maximum(np.floor(values[rows]), np.floor(values[rows + 1]))
    return np.asarray(fine[rows] + (level - values[rows]) / (values[rows + 1] - values[rows]) * (fine[rows + 1] - fine[rows]))
