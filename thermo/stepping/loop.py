"""One state, one loop: step-size control, located events, `integrate`. Time goes on here, whatever the sample and the programme.

What a sample can do is one body per class of sample: `line_step.py` for lumped cells and lines of nodes, `mesh_step.py` for meshes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import apart, by_type, kernel
from thermo.base.errors import SolveError
from thermo.programmes.programme import (
    ENDED,
    N_MARGINS,
    NOTHING,
    PHASE,
    TRIGGERED,
    WINDOW_OVER,
    decide,
    jumped,
    margins,
    observe,
    watches,
    window,
)
from thermo.stepping.rows import (
    History,
    Levels,
    copy,
    interpolate,
    n_kept,
    n_readings,
    sensor,
    waiting,
    write_row,
    write_within,
)

# rows of the energy ledger [J]: what a programme gives and takes by other ways than faces, what is thrown out, what shorts give at once;
# then two blocks, that of reactions, which begins at REACTIONS, and that of faces
HEAT_IN, HEAT_OUT, EJECTED, ELECTRICAL, REACTIONS = 0, 1, 2, 3, 4

# entries of `loop`
PHASE_TIME, CLOCK, STEP, LAST_ERROR, LAST_STEP, REJECTED, N_STEPS, N_REJECTED, N_SOLVES, TROUBLE, LOWEST, HIGHEST, REFERENCE_STEP = range(
    13
)
N_BANDED, N_DIRECT, N_JACOBI, N_MULTIGRID, N_MODES = range(13, 18)  # linear solves by how they were done
SENSOR_TEMPERATURE, SENSOR_RATE, SENSOR_RAMP, RESTARTED, FIRST_STEP = range(
    18, 23
)  # at the end of a step [K], [K/s], and what a heater added to the rate then
CUT_STEP = 23  # the length of a step that was cut short at an event [s]
N_LOOP = 24
TOO_MANY_STEPS, STEP_COLLAPSED, BELOW_ZERO = 1.0, 2.0, 3.0
SHORTEST = 1e-25  # s
LEAST_SCALE = 1.0  # K, of differences of temperature in a body that flux or a source heats

# TR-BDF2: the middle of its step, its diagonal, the weight of the slopes before the last; those of the three slopes in the error
G = 2.0 - math.sqrt(2.0)
D = 0.5 * G
W = math.sqrt(2.0) / 4.0
ERROR = (W - (1.0 - W) / 3.0, W - (3.0 * W + 1.0) / 3.0, D - D / 3.0)


class LedgerRows(NamedTuple):
    """Where the blocks of a ledger begin: a row each reaction, its heat before anything is ejected; a row each term on a face; the end."""

    reactions: int
    faces: int
    end: int


def ledger_rows(n_reactions: int, n_terms: int) -> LedgerRows:
    """The blocks of a sample with some reactions, those of each of its materials, and some terms on its faces."""
    return LedgerRows(REACTIONS, REACTIONS + n_reactions, REACTIONS + n_reactions + n_terms)


Stepper = Callable[..., int]  # `advance`, or the same compiled


class State(NamedTuple):
    """The whole truth between two steps, arrays only: this is the checkpoint.

    `enthalpy` [J] and `temperature` [K] (n_nodes,), `extent` (n_sites, n_reactions), `ledger` [J], `fired` (n_sites, n_switches)
    1.0 for a trigger that has fired and a switch that is on, `machine` of the programme, `loop` of the time loop, `memory` (n_nodes, m)
    of what the last step tells the next one node by node, so that a run that goes on takes the steps it would have taken. A box in mode
    space has its modes' amplitudes [K m] for the enthalpy (nz, n_modes), and as temperature what `ModalSample` says.
    """

    enthalpy: Floats
    temperature: Floats
    extent: Floats
    ledger: Floats
    fired: Floats
    machine: Floats
    loop: Floats
    memory: Floats


class Limits(NamedTuple):
    """Budget of a run: the largest number of steps, the smallest step as a share of the clock of the phase, the longest step [s]."""

    most_steps: float = 2_000_000.0
    smallest_step: float = 1e-15
    longest_step: float = np.inf


# ------------------------------------------------------------------ what a sample can do, one body per class of sample


@by_type
def make_work(sample, programme):
    """Memory for steps; depends on sample and programme only."""


@by_type
def initial_state(sample, programme):
    """The state at time zero."""


@by_type
def take_step(sample, programme, state, clock, h, work):
    """Try one step of h [s] into `work`; the error over the tolerance, infinite where the step cannot be taken."""


@by_type
def flush(sample, state, work):
    """Bring into `state` what steps have kept in `work` to save the copying; the loop does so before it returns."""


@by_type
def trigger_margin(sample, trial, clock):
    """Largest excess [K] over the temperature of a trigger that has not fired, and its index."""


@by_type
def fire(sample, state, trigger):
    """Fire a trigger of the sample."""


@kernel
def past(time, moment):
    """How long ago a moment was [s]; a moment has come when it is there."""
    return time - moment + 1e-12 * max(moment, 1.0)


@by_type
def error_order(sample):
    """Order of the step's error estimate plus one."""


@by_type
def extremes(sample, state):
    """The lowest and the highest temperature of a state [K]."""


@kernel
def extremes_of(values):
    """The smallest and the largest of some values, one after the other: compiled code takes no reduction of whole arrays."""
    low, high = values[0], values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
    return low, high


@by_type
def worth(sample, growth):
    """The factor by which the step shall change where the error allows `growth`: one that is not worth a new factorisation is 1."""


@by_type
def remember(sample, programme, state, temperature, rate):
    """Keep in the state what its sensor showed at the end of a step [K], [K/s], where that does not follow from the state itself."""


@by_type
def restart(sample, programme, state):
    """A new phase begins, and what is around the sample may jump: choose a step for it."""


# ------------------------------------------------------------------ the loop


@kernel
def copy_state(source, target):
    """Copy everything of a state that a step changes."""
    copy(source.enthalpy, target.enthalpy)
    copy(source.temperature, target.temperature)
    copy(source.extent, target.extent)
    copy(source.ledger, target.ledger)
    copy(source.fired, target.fired)
    copy(source.machine, target.machine)
    copy(source.memory, target.memory)


@kernel
def due_event(sample, programme, trial, clock, work, theta, out):
    """The first event that is due in the state `trial`, or NOTHING; the trigger it would be, the sensor's temperature and rate.

    Into `out` (N_MARGINS + 1,): the programme's margins, then that of the sample's triggers; positive is due.
    """
    out[TRIGGERED], trigger = trigger_margin(sample, trial, clock)
    temperature, rate = sensor(sample, programme, trial, clock, work, theta)
    margins(programme, trial.machine, clock, temperature, rate, out)
    return due(out, out), trigger, temperature, rate


@kernel
def due(out, ends):
    """The first event whose margin is positive both now and in `ends`."""
    event = NOTHING
    for k in range(N_MARGINS, -1, -1):
        if out[k] > 0.0 and ends[k] > 0.0 and event != TRIGGERED:
            event = k
    return event


@kernel
def first_event(sample, programme, state, clock, h, work, trial, out, before, ends):
    """Where in the step just tried something happens first: theta (2.0: nothing), on the dense output.

    An event counts once its margin is positive, so theta is the side where it is; `trial` is then the state there, or at the end.
    Only what is due at the end of the step is looked for within: `ends` are the margins there. The bracket closes by false position,
    every third time by halving; `before` holds the margins at its lower end.
    """
    event, trigger, temperature, rate, low, high, above = NOTHING, 0, 0.0, 0.0, 0.0, 1.0, 0.0
    for attempt in range(-1, MOST_LOOKS + 1):  # the first look is at the end of the step, the last at the side where it happens
        closed = attempt == MOST_LOOKS or (high - low) * h <= 1e-12 * (clock + h) or high - low < 1e-14
        middle = high if closed or attempt < 0 else 0.5 * (low + high)
        if attempt >= 0 and not closed and attempt % 3 != 2 and before[event] < 0.0:
            middle = low - before[event] * (high - low) / (above - before[event])
            # a little to either side in turn, so that the bracket closes from both ends
            middle = min(max(middle + (1e-7 if attempt % 3 == 0 else -1e-7) * (high - low), low), high)
        interpolate(sample, state, work, middle, trial)
        found, trigger, temperature, rate = due_event(sample, programme, trial, clock + middle * h, work, middle, out)
        if attempt < 0:
            if found == NOTHING:
                return 2.0, found, trigger, temperature, rate
            event, above = found, out[found]
            copy(out, ends)
            due_event(sample, programme, state, clock, work, 0.0, before)
            continue
        found = due(out, ends)
        if closed:
            event = found
            break
        if found == NOTHING:
            low = middle
            copy(out, before)
        else:
            high, event, above = middle, found, out[found]
    return high, event, trigger, temperature, rate


MOST_LOOKS = 150  # for an event within a step


@kernel
def wants_its_end(loop, theta, event, h):
    """Whether a step of several nodes shall be taken again to end at the event within it; not for ever shorter ones."""
    dense = DENSE_TRIGGER if event == TRIGGERED else DENSE_ENOUGH
    return AT_ONCE < theta and theta < dense and theta * h > AT_ONCE * loop[CUT_STEP]


AT_ONCE = 1e-6  # of a step: an event before that is taken where the step begins, whose rate need not be that at the end of the last one
DENSE_ENOUGH = 0.9  # of a step: an event of several nodes before that wants a step that ends there
DENSE_TRIGGER = 0.999  # the same of a trigger, behind which what heats the sample is another
MOST_ROWS_A_STEP = 12  # the step's own, and one an event that follows at once


@apart
def settle(sample, programme, state, work, trial, out, history, row):
    """Take every event that is due at this very moment, a row each; the number of rows written by then."""
    loop = state.loop
    for _ in range(MOST_ROWS_A_STEP - 3):
        if state.machine[PHASE] == ENDED:
            return row
        event, trigger, temperature, rate = due_event(sample, programme, state, loop[CLOCK], work, 0.0, out)
        if event == NOTHING:
            return row
        row = happen(sample, programme, state, work, event, trigger, temperature, rate, history, row)
    loop[TROUBLE] = STEP_COLLAPSED
    return row


@apart
def happen(sample, programme, state, work, event, trigger, temperature, rate, history, row):
    """One event changes sample or machine; writes a row of what the sensor sees from now on."""
    loop = state.loop
    if event == TRIGGERED:
        fire(sample, state, trigger)
        after, _ = sensor(sample, programme, state, loop[CLOCK], work, 0.0)
        jumped(programme, state.machine, loop[CLOCK], temperature, after)
    elif decide(programme, state.machine, event, loop[CLOCK], temperature, rate) != 0.0:
        loop[PHASE_TIME] += loop[CLOCK]
        loop[CLOCK] = 0.0
        restart(sample, programme, state)
    temperature, rate = sensor(sample, programme, state, loop[CLOCK], work, 0.0)
    observe(programme, state.machine, loop[CLOCK], temperature, rate)  # from here on, whatever jumped
    write_row(sample, state, loop[PHASE_TIME] + loop[CLOCK], temperature, rate, 0.0, history, row)
    return row + 1


@kernel
def widen(sample, state):
    """Keep the lowest and the highest temperature of the run so far."""
    coldest, hottest = extremes(sample, state)
    state.loop[LOWEST], state.loop[HIGHEST] = min(state.loop[LOWEST], coldest), max(state.loop[HIGHEST], hottest)


@kernel
def next_length(loop, left, limits):
    """How long the next step is to be [s], `left` being what is left of the window: a little more than half of it is made a half."""
    h = min(loop[STEP], limits.longest_step)
    if h >= left * (1.0 - 1e-12):
        return left
    if h > 0.5 * left and h < limits.longest_step:
        return 0.5 * left
    return h


@kernel
def refuse(loop, h, error, order, clock, limits):
    """Make the step shorter after one whose error is too large, or that cannot be taken."""
    loop[N_REJECTED] += 1.0
    loop[REJECTED] = 1.0
    loop[STEP] = h * (max(0.9 * error ** (-1.0 / order), 0.2) if error < 1e100 else 0.2)
    # against the clock of the phase, which is what a step must be able to move; never below what any process has
    if loop[STEP] < max(limits.smallest_step * clock, SHORTEST):
        loop[TROUBLE] = STEP_COLLAPSED


@kernel
def accept(sample, loop, h, error, order, clipped):
    """Set the length of the next step after one that is taken; a step `clipped` by the end of its window tells less."""
    growth = 0.9 * max(error, 1e-8) ** (-1.0 / order)
    if loop[N_STEPS] > 0.0 and loop[LAST_STEP] > 0.0:  # predictive control with the previous error
        growth = min(growth, growth * h / loop[LAST_STEP] * (loop[LAST_ERROR] / max(error, 1e-8)) ** (1.0 / order))
    growth = worth(sample, min(max(growth, 0.2), 1.0 if loop[REJECTED] != 0.0 else 5.0))
    loop[LAST_STEP], loop[LAST_ERROR], loop[REJECTED] = h, max(error, 1e-2), 0.0
    loop[STEP] = max(h * growth, loop[STEP] if clipped and growth > 1.0 else 0.0)
    loop[N_STEPS] += 1.0


def advance(sample, programme, state, work, trial, times, levels, limits, history, n_steps):
    """Take up to `n_steps` steps, changing `state` in place; rows of the history written.

    Rows are added at rising `times` (n,) [s] and where `levels` are first reached, from the dense output. A rejected step is only counted.
    """
    loop, out, before, ends = state.loop, np.zeros(N_MARGINS + 1), np.zeros(N_MARGINS + 1), np.zeros(N_MARGINS + 1)
    row = 0
    if loop[N_STEPS] == 0.0 and loop[N_REJECTED] == 0.0:
        temperature, rate = sensor(sample, programme, state, 0.0, work, 0.0)
        write_row(sample, state, 0.0, temperature, rate, 0.0, history, 0)
        row = settle(sample, programme, state, work, trial, out, history, 1)
    for _ in range(n_steps):
        full = row + MOST_ROWS_A_STEP + times.shape[0] + levels.level.shape[0] > history.time.shape[0]
        if full or state.machine[PHASE] == ENDED or loop[TROUBLE] != 0.0:
            break
        clock, until = loop[CLOCK], window(programme, state.machine)
        left = until - clock
        if left <= 1e-12 * until:  # an event came at the very end of the window: nothing is left to step
            temperature, rate = sensor(sample, programme, state, clock, work, 0.0)
            row = happen(sample, programme, state, work, WINDOW_OVER, 0, temperature, rate, history, row)
            row = settle(sample, programme, state, work, trial, out, history, row)
            continue
        h = next_length(loop, left, limits)
        clipped = h == left
        error, order = take_step(sample, programme, state, clock, h, work), error_order(sample)
        if not error <= 1.0:
            refuse(loop, h, error, order, clock, limits)
            continue
        copy(state.machine, trial.machine)
        theta, event, trigger, temperature, rate = 2.0, NOTHING, 0, 0.0, 0.0
        looks = watches(programme) or state.fired.size > 0
        if looks:
            theta, event, trigger, temperature, rate = first_event(sample, programme, state, clock, h, work, trial, out, before, ends)
            if state.temperature.shape[0] > 1 and wants_its_end(loop, theta, event, h):
                # within a step a node that follows another at once, as a quick sensor does, is off by what its rate blows up
                loop[STEP], loop[CUT_STEP] = theta * h, max(h, loop[CUT_STEP])
                continue
        happens, written, taken, begun = theta <= 1.0, row, min(theta, 1.0) * h, loop[PHASE_TIME] + clock
        whole = clipped and not happens
        row = write_within(sample, programme, state, work, trial, times, levels, clock, begun, h, taken, whole, history, row)
        if looks and row == written and levels.level.shape[0] == 0:
            copy_state(trial, state)
        else:
            interpolate(sample, state, work, min(theta, 1.0), state)
        accept(sample, loop, h, error, order, clipped)
        loop[CLOCK] = until if whole else clock + taken
        widen(sample, state)
        temperature, rate = sensor(sample, programme, state, loop[CLOCK], work, min(theta, 1.0))
        remember(sample, programme, state, temperature, rate)
        observe(programme, state.machine, loop[CLOCK], temperature, rate)
        write_row(sample, state, loop[PHASE_TIME] + loop[CLOCK], temperature, rate, 0.0, history, row)
        row += 1
        if happens or clipped:
            if whole:
                event, trigger = WINDOW_OVER, 0
            row = happen(sample, programme, state, work, event, trigger, temperature, rate, history, row)
            row = settle(sample, programme, state, work, trial, out, history, row)
        if loop[N_STEPS] >= limits.most_steps or loop[LOWEST] <= 0.0:
            loop[TROUBLE] = BELOW_ZERO if loop[LOWEST] <= 0.0 else TOO_MANY_STEPS
    flush(sample, state, work)
    return row


def new_history(sample: Any, state: State, n_rows: int, n_fields: int) -> History:
    """Memory for `n_rows` rows of the history of a sample, `n_fields` of them at asked times."""
    return History(
        time=np.zeros(n_rows),
        seen=np.zeros(n_rows),
        rate=np.zeros(n_rows),
        asked=np.zeros(n_rows),
        reading=np.zeros((n_rows, n_readings(sample))),
        ledger=np.zeros((n_rows, *state.ledger.shape)),
        machine=np.zeros((n_rows, *state.machine.shape)),
        field=np.zeros((n_fields, n_kept(sample, state))),
    )


def first_rows(history: History, n_rows: int) -> History:
    """The rows of a history that have been written."""
    n_fields = int(history.asked[:n_rows].sum())
    return History(*(array[:n_rows] for array in history))._replace(field=history.field[:n_fields])


def copied(state: State) -> State:
    """A state with arrays of its own."""
    return State(*(array.copy() for array in state))


def integrate(
    sample: Any,
    programme: Any,
    state: State,
    *,
    times: Floats | None = None,
    levels: Levels | None = None,
    limits: Limits | None = None,
    n_steps: int = 64,
    run: Any = advance,
) -> Iterator[History]:
    """Steps until the programme ends, a block of at most `n_steps` at a time; `state` changes in place between blocks.

    `times` [s] are moments at which a row is wanted beside those of the steps; there is one too where each of the `levels` is first
    reached. `run` is `advance`, or `advance` compiled.

    Raises SolveError with time, temperature and step size where no step can be taken or the budget is used up; what was
    done until then has been yielded.
    """
    limits, levels = limits or Limits(), levels or waiting([], [], [])
    asked = np.zeros(0) if times is None else np.asarray(times, float)
    work, trial = make_work(sample, programme), State(*(np.empty_like(array) for array in state))
    while state.machine[PHASE] != ENDED:
        left = asked[asked > state.loop[PHASE_TIME] + state.loop[CLOCK]]
        n_rows = n_steps + 2 * MOST_ROWS_A_STEP + len(left) + len(levels.level)  # the start has events of its own
        history = new_history(sample, state, n_rows, len(left))
        yield first_rows(history, run(sample, programme, state, work, trial, left, levels, limits, history, n_steps))
        if state.loop[TROUBLE] != 0.0:
            raise SolveError(trouble(state))


def trouble(state: State, what: str = "") -> str:
    """What stopped the loop, in words; `what` where it was not the loop itself."""
    loop = state.loop
    time, hottest = loop[PHASE_TIME] + loop[CLOCK], float(np.max(state.temperature))
    place = int(np.argmax(state.temperature))
    where = "" if state.temperature.shape[0] == 1 else f" (node {place})"
    if loop[TROUBLE] == BELOW_ZERO:
        why = "more heat is taken out than there is, or heat enters faster than the mesh follows"
        return f"a temperature falls below 0 K before {time:.6g} s: {why}"
    collapsed = loop[TROUBLE] == STEP_COLLAPSED
    what = what or ("no step can be taken" if collapsed else "the budget of steps is used up")
    place_text = f"at {time:.6g} s, {hottest - 273.15:.2f} degC{where}, step {loop[STEP]:.3g} s, {int(loop[N_STEPS])} steps taken"
    return f"{what} {place_text}"
