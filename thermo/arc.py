"""The accelerating rate calorimeter: heat, wait, seek, then adiabatic tracking. Blind to what is inside the sample.

    HEAT   the heater adds `heater` [K/s] until the target of the step
    WAIT   transients die
    SEEK   mean rate over the window >= sensitivity?  yes: an exotherm, no: the next target
    EXO    the wall follows; the mean rate is looked at again once a seek window
    RUN    the rate passed `runaway_rate` in any phase: until the temperature falls, or self-heating is over

In every phase the wall follows the sensor: dTw/dt = min((T - Tw)/lag + dT/dt, tracking).
D. I. Townsend, J. C. Tou, Thermochimica Acta 37 (1980) 1-30.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from thermo.compiled import kernel
from thermo.materials import Temperature
from thermo.programme import (
    ENDED,
    N_MACHINE,
    PHASE,
    REASON,
    REASONS,
    WINDOW_OVER,
    Surroundings,
    decide,
    jumped,
    margins,
    progress,
    start,
    surroundings,
    watches,
    window,
)
from thermo.reader import Frozen, Key, misplaced
from thermo.units import Unit

HEAT, WAIT, SEEK, EXO, RUN = 1.0, 2.0, 3.0, 4.0, 5.0
PHASE_NAMES = {HEAT: "heat", WAIT: "wait", SEEK: "seek", EXO: "exotherm", RUN: "runaway", ENDED: "end"}

# entries of the machine beside PHASE and REASON
TARGET, WINDOW_TEMPERATURE, FOLLOWS, WALL, WALL_CLOCK, WINDOW_RATE, WINDOW_START, EXOTHERMS, IN_EXOTHERM, BEFORE, MEAN_RATE, ELAPSED = (
    range(2, 14)
)

TARGET_REACHED, ALARM, RUNAWAY, RUNAWAY_OVER, WALL_SWITCH, END_TEMPERATURE = range(6)  # margins

RUNAWAY_ENDS_AFTER = 60.0  # s, from then on a self-heating below the sensitivity ends a runaway


class Calorimeter(NamedTuple):
    """Settings of the instrument, SI. `grid` 1: targets are start + k step; 0: the present temperature + step.

    `lost` 1: an exotherm whose rate falls below the sensitivity returns to heating; 0: it is tracked to the end.
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


@surroundings.body(Calorimeter)
@kernel
def surroundings_of_arc(programme, machine, clock):
    ramp = programme.heater if machine[PHASE] == HEAT else 0.0
    if machine[FOLLOWS] != 0.0:
        offset = wall_offset(programme, machine, clock)
        slope = -offset / programme.lag
        return Surroundings(1.0, offset, slope, programme.loss, programme.emissive_area, 0.0, 0.0, 0.0, 0.0, 0.0, ramp, 0.0)
    wall = machine[WALL] + programme.tracking * (clock - machine[WALL_CLOCK])
    return Surroundings(0.0, wall, programme.tracking, programme.loss, programme.emissive_area, 0.0, 0.0, 0.0, 0.0, 0.0, ramp, 0.0)


@window.body(Calorimeter)
@kernel
def window_of_arc(programme, machine):
    phase = machine[PHASE]
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
    out[TARGET_REACHED] = temperature - machine[TARGET] if phase == HEAT else -1.0
    ramp = programme.heater if phase == HEAT else 0.0
    quiet = phase in (HEAT, WAIT)
    out[ALARM] = rate - ramp - programme.alarm * programme.sensitivity if quiet else -1.0
    out[RUNAWAY] = rate - programme.runaway_rate if phase != RUN else -1.0
    out[RUNAWAY_OVER] = -1.0
    if phase == RUN:
        out[RUNAWAY_OVER] = -rate
        if clock > RUNAWAY_ENDS_AFTER:
            out[RUNAWAY_OVER] = programme.sensitivity - rate
    if machine[FOLLOWS] != 0.0:
        offset = wall_offset(programme, machine, clock)
        out[WALL_SWITCH] = rate - offset / programme.lag - programme.tracking
    else:
        wall = machine[WALL] + programme.tracking * (clock - machine[WALL_CLOCK])
        out[WALL_SWITCH] = programme.tracking - rate - (temperature - wall) / programme.lag
    out[END_TEMPERATURE] = temperature - programme.end if phase != RUN else -1.0


@kernel
def enter(programme, machine, phase, clock, temperature):
    """Begin a phase: the wall's reference moves to the clock that starts again."""
    if machine[FOLLOWS] != 0.0:
        machine[WALL] = wall_offset(programme, machine, clock)
    else:
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
    if event == WINDOW_OVER and machine[ELAPSED] + clock >= programme.longest * (1.0 - 1e-12):
        machine[REASON] = BY_TIME
        enter(programme, machine, ENDED, clock, temperature)
        return 1.0
    if event in (END_TEMPERATURE, RUNAWAY_OVER):
        machine[REASON] = BY_RUNAWAY if event == RUNAWAY_OVER else BY_END_TEMPERATURE
        enter(programme, machine, ENDED, clock, temperature)
        return 1.0
    if event == RUNAWAY:
        begin_exotherm(programme, machine, RUN, clock, temperature, rate, temperature)
        return 1.0
    if event == ALARM:
        begin_exotherm(programme, machine, EXO, clock, temperature, rate, temperature)
        return 1.0
    if event == TARGET_REACHED:
        enter(programme, machine, WAIT, clock, temperature)
        return 1.0
    if event == WINDOW_OVER and phase == WAIT:
        enter(programme, machine, SEEK, clock, temperature)
        return 1.0
    if event == WINDOW_OVER and phase in (SEEK, EXO):
        mean = (temperature - machine[WINDOW_TEMPERATURE]) / programme.seek
        machine[MEAN_RATE] = mean
        if mean >= programme.sensitivity:
            begin_exotherm(programme, machine, EXO, clock, temperature, mean, machine[WINDOW_TEMPERATURE])
        elif phase == EXO and programme.lost == 0.0:
            machine[IN_EXOTHERM] = 0.0
            if mean < 1e-3 * programme.sensitivity:
                machine[REASON] = BY_STANDSTILL
                enter(programme, machine, ENDED, clock, temperature)
            else:
                enter(programme, machine, EXO, clock, temperature)
        else:
            machine[IN_EXOTHERM] = 0.0
            machine[TARGET] = next_target(programme, temperature)
            enter(programme, machine, HEAT, clock, temperature)
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


def _default(text: str) -> Any:
    return Field(default=text, validate_default=True)


class Instrument(Frozen):
    """The calorimeter itself: holder, how the wall follows, how heat is lost when it does not.

    `phi`: heat capacity of sample and holder over that of the sample. `alarm`: how many times the sensitivity ends heating
    or waiting at once. `runaway_rate`: from there on the test only waits for the temperature to fall.
    """

    phi: Annotated[float, Unit("number", ge=1)] = _default("1")
    tracking: Annotated[float, Unit("temperature rate", gt=0)] = _default("20 K/min")
    lag: Annotated[float, Unit("time", gt=0)] = _default("20 s")
    loss: Annotated[float, Unit("heat transfer conductance", ge=0)] = _default("0 W/K")
    radiating_area: Annotated[float, Unit("area", ge=0)] = _default("0 m2")
    alarm: Annotated[float, Unit("number", gt=1)] = _default("25")
    runaway_rate: Annotated[float, Unit("temperature rate", gt=0)] = _default("5 K/s")


class ArcProgramme(Frozen):
    """Heat-wait-seek in an accelerating rate calorimeter."""

    kind: Literal["arc"]
    start: Temperature
    step: Annotated[float, Unit("temperature difference", gt=0)]
    steps: Literal["grid", "relative"] = "grid"
    heater: Annotated[float, Unit("temperature rate", gt=0)]
    wait: Annotated[float, Unit("time", gt=0)]
    seek: Annotated[float, Unit("time", gt=0)]
    sensitivity: Annotated[float, Unit("temperature rate", gt=0)]
    lost_exotherm: Literal["return", "track"] = "return"
    end: Temperature
    longest: Annotated[float, Unit("time", gt=0)] = _default("60 d")
    calorimeter: Instrument = Instrument()

    @model_validator(mode="after")
    def _in_order(self) -> ArcProgramme:
        problems: list[tuple[Key, str]] = []
        if self.end <= self.start:
            problems.append((("end",), "the end temperature must lie above the start temperature"))
        if self.heater >= self.calorimeter.runaway_rate:
            problems.append((("heater",), "heats faster than the rate that counts as a runaway"))
        elif self.heater > self.calorimeter.tracking:
            problems.append((("heater",), "heats faster than the wall can follow (calorimeter.tracking)"))
        if problems:
            raise misplaced(problems)
        return self

    def build(self) -> Calorimeter:
        """The instrument as settings for the kernels."""
        made = self.calorimeter
        return Calorimeter(
            start=float(self.start),
            step=float(self.step),
            grid=1.0 if self.steps == "grid" else 0.0,
            heater=float(self.heater),
            wait=float(self.wait),
            seek=float(self.seek),
            sensitivity=float(self.sensitivity),
            end=float(self.end),
            lost=1.0 if self.lost_exotherm == "return" else 0.0,
            tracking=float(made.tracking),
            lag=float(made.lag),
            loss=float(made.loss),
            emissive_area=float(made.radiating_area),
            alarm=float(made.alarm),
            runaway_rate=float(made.runaway_rate),
            longest=float(self.longest),
        )
