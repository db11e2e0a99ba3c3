"""What an accelerating rate calorimeter does: heat, wait, seek, then adiabatic tracking. Blind to what is inside the sample.

    HEAT   the heater adds `heater` [K/s] until the target of the step
    WAIT   transients die
    SEEK   mean rate over the window >= sensitivity?  yes: an exotherm, no: the next target
    EXO    the wall follows; the mean rate is looked at again once a seek window
    RUN    the rate passed `runaway_rate` in any phase: until the temperature falls, or self-heating is over
    COOL   the test is over: air cools the sample, which may then be taken through the same test again
    AFTER  a runaway is over and the logger goes on for a while

In every phase but COOL the wall follows the sensor: dTw/dt = min((T - Tw)/lag + dT/dt, tracking).
D. I. Townsend, J. C. Tou, Thermochimica Acta 37 (1980) 1-30.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.compiled import kernel
from thermo.programmes.programme import (
    ENDED,
    N_MACHINE,
    N_MARGINS,
    PHASE,
    REASON,
    REASONS,
    WINDOW_OVER,
    Surroundings,
    decide,
    jumped,
    margins,
    observe,
    progress,
    start,
    surroundings,
    watches,
    window,
)

HEAT, WAIT, SEEK, EXO, RUN, COOL, AFTER = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0
PHASE_NAMES = {HEAT: "heat", WAIT: "wait", SEEK: "seek", EXO: "exotherm", RUN: "runaway", COOL: "cool", AFTER: "after", ENDED: "end"}

# entries of the machine beside PHASE and REASON
TARGET, WINDOW_TEMPERATURE, FOLLOWS, WALL, WALL_CLOCK, WINDOW_RATE, WINDOW_START, EXOTHERMS, IN_EXOTHERM, BEFORE, MEAN_RATE, ELAPSED = (
    range(2, 14)
)
# the test that is on, first moment of the temperature over the window [K s2], what the sensor showed last, whether the alarm is on
TEST, MOMENT, LAST_CLOCK, LAST_TEMPERATURE, LAST_RATE, ARMED = range(14, 20)

TARGET_REACHED, ALARM, RUNAWAY, RUNAWAY_OVER, WALL_SWITCH, END_TEMPERATURE, QUIET = range(7)  # margins

LOGGED_AFTER = 60.0  # s: so long goes a record on after a runaway, so that its maximum can be told
RUNAWAY_ENDS_AFTER = 60.0  # s, from then on a self-heating below the sensitivity ends a runaway


class Calorimeter(NamedTuple):
    """Settings of the instrument, SI. `grid` 1: targets are start + k step; 0: the present temperature + step.

    `lost` 1: an exotherm whose rate falls below the sensitivity returns to heating; 0: it is tracked to the end. `slope` 1: the rate of a
    window is its least-squares slope; 0: its mean. `drift` [K/s] of the sample while the wall follows. After each of `tests` air at
    `cool_air` cools by `cool_conductance` (0: not at all) to `cool_to`. After a runaway the record goes on for `logged_after` [s].
    """

    start: float
    step: float
    grid: float
    heater: float
    wait: float
    seek: float
    sensitivity: float
    end: float
    lost: float
    tracking: float
    lag: float
    loss: float
    emissive_area: float
    alarm: float
    runaway_rate: float
    longest: float
    slope: float
    drift: float
    tests: float
    cool_to: float
    cool_air: float
    cool_conductance: float
    logged_after: float


REASONS[Calorimeter] = ("", "end temperature", "runaway over", "longest time", "self-heating over")
BY_END_TEMPERATURE, BY_RUNAWAY, BY_TIME, BY_STANDSTILL = 1.0, 2.0, 3.0, 4.0


@start.body(Calorimeter)
@kernel
def start_arc(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0
    machine[PHASE] = WAIT
    machine[FOLLOWS] = 1.0


@kernel
def wall_offset(programme, machine, clock):
    """How far the wall, while it follows, stands above the sensor [K]: it decays with the lag."""
    if machine[WALL] == 0.0:
        return 0.0
    return machine[WALL] * math.exp(-(clock - machine[WALL_CLOCK]) / programme.lag)


@kernel
def warming(programme, machine):
    """What the calorimeter adds to the sample's own rate [K/s]: the heater, or the drift of a wall that follows not quite."""
    if machine[PHASE] == HEAT:
        return programme.heater
    return programme.drift if machine[FOLLOWS] != 0.0 else 0.0


@surroundings.body(Calorimeter)
@kernel
def surroundings_of_arc(programme, machine, clock):
    ramp, loss = warming(programme, machine), programme.loss
    if machine[FOLLOWS] != 0.0:
        wall = wall_offset(programme, machine, clock)
        slope = -wall / programme.lag
    elif machine[PHASE] == COOL:
        wall, slope, loss = programme.cool_air, 0.0, programme.cool_conductance
    else:
        wall, slope = machine[WALL] + programme.tracking * (clock - machine[WALL_CLOCK]), programme.tracking
    return Surroundings(machine[FOLLOWS], wall, slope, loss, programme.emissive_area, 0.0, 0.0, 0.0, 0.0, 0.0, ramp, 0.0)


@window.body(Calorimeter)
@kernel
def window_of_arc(programme, machine):
    phase = machine[PHASE]
    if phase == AFTER:
        return programme.logged_after
    left = programme.longest - machine[ELAPSED]
    if phase == WAIT:
        return min(programme.wait, left)
    if phase in (SEEK, EXO):
        return min(programme.seek, left)
    return left


@watches.body(Calorimeter)
@kernel
def calorimeter_watches(programme):
    return True


@margins.body(Calorimeter)
@kernel
def margins_of_arc(programme, machine, clock, temperature, rate, out):
    phase = machine[PHASE]
    for k in range(N_MARGINS):
        out[k] = -1.0
    if phase == COOL:
        out[TARGET_REACHED] = programme.cool_to - temperature
    if phase in (COOL, AFTER):
        return
    if phase == HEAT:
        out[TARGET_REACHED] = temperature - machine[TARGET]
    if phase in (HEAT, WAIT):
        # what the heater has left behind in a slow sensor is no alarm: it is on once the rate has been below it
        excess = rate - warming(programme, machine) - programme.alarm * programme.sensitivity
        out[ALARM if machine[ARMED] != 0.0 else QUIET] = excess if machine[ARMED] != 0.0 else -excess
    if phase == RUN:
        out[RUNAWAY_OVER] = programme.sensitivity - rate if clock > RUNAWAY_ENDS_AFTER else -rate
    else:
        out[RUNAWAY] = rate - programme.runaway_rate
        out[END_TEMPERATURE] = temperature - programme.end
    if machine[FOLLOWS] != 0.0:
        offset = wall_offset(programme, machine, clock)
        out[WALL_SWITCH] = rate - programme.drift - offset / programme.lag - programme.tracking
    else:
        wall = machine[WALL] + programme.tracking * (clock - machine[WALL_CLOCK])
        out[WALL_SWITCH] = programme.tracking - rate - (temperature - wall) / programme.lag


@observe.body(Calorimeter)
@kernel
def observe_window(programme, machine, clock, temperature, rate):
    """Add a step to the first moment of the temperature over its window, by the cubic through both ends (Gauss's three points)."""
    if programme.slope == 0.0 or machine[PHASE] not in (SEEK, EXO):
        return
    h, before = clock - machine[LAST_CLOCK], machine[LAST_TEMPERATURE]
    first, change = machine[LAST_RATE] * h, temperature - before
    for k in range(3):
        at, weight = 0.5 + (k - 1) * 0.5 * math.sqrt(0.6), 8.0 / 18.0 if k == 1 else 5.0 / 18.0
        cubic = at * (first + at * (3.0 * change - 2.0 * first - rate * h + at * (first + rate * h - 2.0 * change)))
        value = before + cubic - machine[WINDOW_TEMPERATURE]
        machine[MOMENT] += weight * h * (machine[LAST_CLOCK] + at * h - 0.5 * programme.seek) * value
    machine[LAST_CLOCK], machine[LAST_TEMPERATURE], machine[LAST_RATE] = clock, temperature, rate


@kernel
def enter(programme, machine, phase, clock, temperature):
    """Begin a phase: the wall's reference moves to the clock that starts again."""
    machine[MOMENT], machine[LAST_CLOCK], machine[LAST_TEMPERATURE], machine[ARMED] = 0.0, 0.0, temperature, 0.0
    if machine[FOLLOWS] != 0.0:
        machine[WALL] = wall_offset(programme, machine, clock)
    elif machine[PHASE] != COOL:
        machine[WALL] += programme.tracking * (clock - machine[WALL_CLOCK])
    machine[WALL_CLOCK] = 0.0
    machine[ELAPSED] += clock
    machine[BEFORE] = machine[PHASE]
    machine[PHASE] = phase
    machine[WINDOW_TEMPERATURE] = temperature


@kernel
def next_target(programme, temperature):
    """The next temperature to heat to: on the grid, the first value more than 0.2 of a step above the present one."""
    if programme.grid == 0.0:
        return temperature + programme.step
    steps = math.floor((temperature + 0.2 * programme.step - programme.start) / programme.step) + 1.0
    return programme.start + steps * programme.step


@kernel
def begin_exotherm(programme, machine, phase, clock, temperature, mean, window_start):
    """Enter the exotherm (or the runaway) and remember the window that detected it."""
    if machine[IN_EXOTHERM] == 0.0:
        machine[IN_EXOTHERM] = 1.0
        machine[EXOTHERMS] += 1.0
        machine[WINDOW_RATE] = mean
        machine[WINDOW_START] = window_start
    enter(programme, machine, phase, clock, temperature)


@kernel
def finish(programme, machine, reason, clock, temperature):
    """End a test: cool the sample down, let the logger see that a runaway is over, or the programme is over."""
    machine[REASON] = reason
    logs = reason == BY_RUNAWAY and programme.logged_after > 0.0
    machine[IN_EXOTHERM] = 0.0 if programme.cool_conductance > 0.0 or logs else machine[IN_EXOTHERM]
    enter(programme, machine, COOL if programme.cool_conductance > 0.0 else AFTER if logs else ENDED, clock, temperature)
    if programme.cool_conductance > 0.0:
        machine[FOLLOWS] = 0.0


@kernel
def end_window(programme, machine, phase, clock, temperature):
    """A window of the search, or of tracking, is over: its mean rate tells what comes next."""
    mean = (temperature - machine[WINDOW_TEMPERATURE]) / programme.seek
    if programme.slope != 0.0:
        mean = 12.0 * machine[MOMENT] / programme.seek**3
    machine[MEAN_RATE] = mean
    if mean >= programme.sensitivity:
        begin_exotherm(programme, machine, EXO, clock, temperature, mean, machine[WINDOW_TEMPERATURE])
    elif phase == EXO and programme.lost == 0.0:
        machine[IN_EXOTHERM] = 0.0
        if mean < 1e-3 * programme.sensitivity:
            finish(programme, machine, BY_STANDSTILL, clock, temperature)
        else:
            enter(programme, machine, EXO, clock, temperature)
    else:
        machine[IN_EXOTHERM] = 0.0
        machine[TARGET] = next_target(programme, temperature)
        enter(programme, machine, HEAT, clock, temperature)


@decide.body(Calorimeter)
@kernel
def decide_arc(programme, machine, event, clock, temperature, rate):
    phase = machine[PHASE]
    if event == WALL_SWITCH:
        if machine[FOLLOWS] != 0.0:
            machine[WALL] = temperature + wall_offset(programme, machine, clock)
            machine[FOLLOWS] = 0.0
        else:
            machine[WALL] += programme.tracking * (clock - machine[WALL_CLOCK]) - temperature
            machine[FOLLOWS] = 1.0
        machine[WALL_CLOCK] = clock
        return 0.0
    if event == QUIET:
        machine[ARMED] = 1.0
        return 0.0
    if event == WINDOW_OVER and phase == AFTER:
        enter(programme, machine, ENDED, clock, temperature)
        return 1.0
    if event == WINDOW_OVER and machine[ELAPSED] + clock >= programme.longest * (1.0 - 1e-12):
        machine[REASON] = BY_TIME
        enter(programme, machine, ENDED, clock, temperature)
        return 1.0
    if phase == COOL:  # cold again: the next test, or the end
        machine[TEST] += 1.0
        enter(programme, machine, ENDED if machine[TEST] >= programme.tests else WAIT, clock, temperature)
        machine[FOLLOWS], machine[WALL] = 1.0, 0.0
        return 1.0
    if event == RUNAWAY_OVER and programme.lost == 0.0:  # tracked to the end of all self-heating
        enter(programme, machine, EXO, clock, temperature)
        return 1.0
    if event in (END_TEMPERATURE, RUNAWAY_OVER):
        finish(programme, machine, BY_RUNAWAY if event == RUNAWAY_OVER else BY_END_TEMPERATURE, clock, temperature)
        return 1.0
    if event == RUNAWAY:
        begin_exotherm(programme, machine, RUN, clock, temperature, rate - warming(programme, machine), temperature)
        return 1.0
    if event == ALARM:
        begin_exotherm(programme, machine, EXO, clock, temperature, rate - warming(programme, machine), temperature)
        return 1.0
    if event == TARGET_REACHED:
        enter(programme, machine, WAIT, clock, temperature)
        return 1.0
    if event == WINDOW_OVER and phase == WAIT:
        enter(programme, machine, SEEK, clock, temperature)
        return 1.0
    if event == WINDOW_OVER and phase in (SEEK, EXO):
        end_window(programme, machine, phase, clock, temperature)
        return 1.0
    return 0.0


@jumped.body(Calorimeter)
@kernel
def jumped_arc(programme, machine, clock, before, after):
    if machine[FOLLOWS] != 0.0 and after != before:
        machine[WALL] = before + wall_offset(programme, machine, clock)
        machine[WALL_CLOCK] = clock
        machine[FOLLOWS] = 0.0


@progress.body(Calorimeter)
def progress_of_arc(programme, machine, clock, temperature):
    return (temperature - programme.start) / (programme.end - programme.start)
