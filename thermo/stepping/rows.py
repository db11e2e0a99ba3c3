"""The rows of a run: what is read of its states at the ends of steps, at asked times within them, and where a level is reached.

A row keeps what a sample's `read` makes of a state, never the state itself: of a large mesh that is some numbers, not all of its nodes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.compiled import apart, by_type, kernel

SEEN = -1  # in place of the number of a probe: what the instrument's sensor shows
MOST_TRIES = 100  # to locate a level within a step
NEAR = 1e-12  # of a time, or of a step: rows as near as that are one


class History(NamedTuple):
    """Rows written while steps are taken; the sensor shows `seen` [K] with a `rate` [K/s], `asked` 1.0 for a row at an asked time.

    `reading` (n_rows, n_readings) is what the sample reads of the state. `field` (n_asked, n_values) holds what `keep` keeps of the
    nodes, of the rows at asked times alone and in their order.
    """

    time: Floats
    seen: Floats
    rate: Floats
    asked: Floats
    reading: Floats
    ledger: Floats
    machine: Floats
    field: Floats


class Levels(NamedTuple):
    """Temperatures that probes are waited for to reach for the first time, arrays (n,).

    `probe` is the number of the probe, or SEEN; it comes to the `level` [K] from the `side` 1.0 below or -1.0 above. It `waits` 1.0 until
    that has happened. `theta` is where in the step at hand it happens, infinite where it does not.
    """

    probe: Integers
    level: Floats
    side: Floats
    waits: Floats
    theta: Floats


def waiting(probe: list[int], level: list[float], start: list[float]) -> Levels:
    """The levels of some probes that begin at `start` [K]; one that stands at its level has reached it."""
    levels, begun = np.array(level, float), np.array(start, float)
    return Levels(
        probe=np.array(probe, np.int64),
        level=levels,
        side=np.where(begun < levels, 1.0, -1.0),
        waits=(begun != levels).astype(float),
        theta=np.full(len(levels), math.inf),
    )


# ------------------------------------------------------------------ what a sample can do, one body per class of sample


@by_type
def n_readings(sample):
    """How many numbers a row keeps of a state."""


@by_type
def read(sample, time, state, out):
    """Into `out` (n_readings,): what is read of a state at a time [s]."""


@by_type
def n_kept(sample, state):
    """How many numbers `keep` keeps."""


@by_type
def keep(sample, state, out):
    """Into `out` (n_kept,): what is kept of the nodes at an asked time, their temperatures first."""


@by_type
def probe(sample, state, which):
    """The temperature [K] of the probe number `which` in a state."""


@by_type
def interpolate(sample, state, work, theta, trial):
    """The dense output of the step just tried, at theta in (0, 1], into the state `trial` (all rows alike), which may be `state`."""


@by_type
def sensor(sample, programme, trial, clock, work, theta):
    """Temperature [K] and rate [K/s] that the instrument's sensor sees in the state `trial`.

    `theta` in (0, 1] tells that it is that of the step just tried, interpolated there; 0.0 that it stands between two steps.
    """


# ------------------------------------------------------------------ rows


@kernel
def copy(source, target):
    """Copy an array of any shape; the identity into `target` allocates nothing."""
    np.positive(source, target)


@apart
def write_row(sample, state, time, seen, rate, asked, history, row):
    """Read the state into a row of the history; at an asked time keep its field too."""
    history.time[row] = time
    history.seen[row] = seen
    history.rate[row] = rate
    history.asked[row] = asked
    read(sample, time, state, history.reading[row])
    copy(state.ledger, history.ledger[row])
    copy(state.machine, history.machine[row])
    if asked != 0.0:
        field = 0
        for k in range(row):
            field += 1 if history.asked[k] != 0.0 else 0
        keep(sample, state, history.field[field])


@apart
def write_at(sample, programme, state, work, trial, theta, clock, time, asked, history, row):
    """Write a row at theta of the step just tried, which is at `clock` [s] of the phase and at `time` [s] of the run."""
    interpolate(sample, state, work, theta, trial)
    shown, rate = sensor(sample, programme, trial, clock, work, theta)
    write_row(sample, trial, time, shown, rate, asked, history, row)


@apart
def write_within(sample, programme, state, work, trial, times, levels, clock, begun, h, taken, to_the_end, history, row):
    """Write the rows within the step just taken, in the order of time: of the `times` [s] that it has passed, of the levels it has reached.

    The step begins at `clock` [s] of the phase and at `begun` [s] of the run. One `to_the_end` of its window reaches a time at its end, to
    rounding. Returns the next free row.
    """
    if levels.level.shape[0] > 0:
        find_crossings(sample, programme, state, clock, h, work, taken / h, levels, trial)
    for time in times:
        if begun < time <= begun + taken or (to_the_end and abs(time - begun - taken) <= NEAR * time):
            row = write_crossings(sample, programme, state, work, trial, levels, clock, begun, h, time, history, row)
            theta = min((time - begun) / h, 1.0)
            write_at(sample, programme, state, work, trial, theta, clock + (time - begun), time, 1.0, history, row)
            row += 1
    return write_crossings(sample, programme, state, work, trial, levels, clock, begun, h, begun + taken, history, row)


# ------------------------------------------------------------------ levels


@apart
def excess(sample, programme, trial, clock, work, theta, levels, k):
    """How far the k-th level has been passed [K]: not negative once it is reached. `theta` as for `sensor`."""
    if levels.probe[k] == SEEN:
        value, _ = sensor(sample, programme, trial, clock, work, theta)
    else:
        value = probe(sample, trial, levels.probe[k])
    return levels.side[k] * (value - levels.level[k])


@apart
def find_crossings(sample, programme, state, clock, h, work, until, levels, trial):
    """Into `levels.theta` where each level that waits is reached in the step just tried, up to theta `until`."""
    looked = False
    for k in range(levels.level.shape[0]):
        levels.theta[k] = np.inf
        if levels.waits[k] == 0.0:
            continue
        if excess(sample, programme, state, clock, work, 0.0, levels, k) >= 0.0:
            levels.waits[k] = 0.0  # something jumped between two steps: there is a row of it
            continue
        if not looked:
            interpolate(sample, state, work, until, trial)
            looked = True
        if excess(sample, programme, trial, clock + until * h, work, until, levels, k) >= 0.0:
            levels.waits[k], levels.theta[k] = 0.0, until
    for k in range(levels.level.shape[0]):
        if levels.theta[k] < np.inf:
            levels.theta[k] = located(sample, programme, state, clock, h, work, until, levels, k, trial)


@apart
def located(sample, programme, state, clock, h, work, until, levels, k, trial):
    """The theta up to `until` at which the k-th level is reached, on the dense output: the side where it is, to 1e-12 of the step.

    The bracket closes by false position, every third time by halving.
    """
    low, high = 0.0, until
    below = excess(sample, programme, state, clock, work, 0.0, levels, k)
    interpolate(sample, state, work, until, trial)
    above = excess(sample, programme, trial, clock + until * h, work, until, levels, k)
    for attempt in range(MOST_TRIES):
        if high - low <= NEAR or above == 0.0:
            break
        middle = 0.5 * (low + high)
        if attempt % 3 != 2:
            # a little to either side in turn, so that the bracket closes from both ends
            nudge = (1e-7 if attempt % 3 == 0 else -1e-7) * (high - low)
            middle = min(max(low - below * (high - low) / (above - below) + nudge, low + 0.1 * NEAR), high - 0.1 * NEAR)
        interpolate(sample, state, work, middle, trial)
        found = excess(sample, programme, trial, clock + middle * h, work, middle, levels, k)
        if found >= 0.0:
            high, above = middle, found
        else:
            low, below = middle, found
    return high


@apart
def write_crossings(sample, programme, state, work, trial, levels, clock, begun, h, before, history, row):
    """Write a row at each level that the step reaches before a time [s], one after the other; the next free row.

    None where another row stands: at the start of the step, at the time `before`, at the row before.
    """
    for _ in range(levels.level.shape[0]):
        theta = np.inf
        for k in range(levels.level.shape[0]):
            theta = min(theta, levels.theta[k])
        time = begun + theta * h
        if not time < before:
            break
        for k in range(levels.level.shape[0]):
            if levels.theta[k] == theta:
                levels.theta[k] = np.inf
        last = max(history.time[row - 1], begun) if row > 0 else begun
        if min(time - last, before - time) > NEAR * before:
            write_at(sample, programme, state, work, trial, theta, clock + theta * h, time, 0.0, history, row)
            row += 1
    return row
