"""What is done to a sample: the surroundings that a programme sets, and the questions that the loop asks it.

A programme is a NamedTuple of settings; what changes while it runs is its `machine`, an array of floats. It sees its
sensor (temperature and rate) and sets the surroundings, nothing else. `Schedule` is the plain one: surroundings that
are the same until the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np

from thermo.boundary import Condition
from thermo.compiled import by_type, kernel
from thermo.kinetics import Floats, Integers
from thermo.reader import Frozen
from thermo.units import Unit


class Surroundings(NamedTuple):
    """What a programme sets at one moment.

    `follows` 1: the wall stands at sensor + `wall`; 0: the wall stands at `wall` [K]; `wall_slope` is the rate of
    `wall` [K/s]. Heat leaves by `conductance` [W/K] and from `emissive_area` (emissivity x area) [m2]; the heater adds
    `ramp` [K/s].
    """

    follows: float
    wall: float
    wall_slope: float
    conductance: float
    emissive_area: float
    ramp: float


ENDED = -1.0  # the phase of a machine whose test is over; `machine[0]` is always the phase
N_MACHINE = 16
PHASE, REASON = 0, 1

# an event beside those of a programme's margins: the window ran out
WINDOW_OVER = -1


@by_type
def start(programme, machine, temperature):
    """Set the machine as the test begins, the sensor at `temperature` [K]."""
    raise NotImplementedError


@by_type
def surroundings(programme, machine, clock):
    """The surroundings at `clock` [s] since the phase began: a `Surroundings`."""
    raise NotImplementedError


@by_type
def window(programme, machine):
    """The clock [s] at which the phase is looked at again."""
    raise NotImplementedError


@by_type
def margins(programme, machine, clock, temperature, rate, out):
    """Into `out` (N_MARGINS,): margin of each event, which happens where its margin turns positive."""
    raise NotImplementedError


@by_type
def decide(programme, machine, event, clock, temperature, rate):
    """Change the machine at an event; 1.0 where a new phase begins and the clock starts again, else 0.0."""
    raise NotImplementedError


@by_type
def progress(programme, machine, clock, temperature):
    """About how much of the test is done, 0 to 1."""
    raise NotImplementedError


REASONS: dict[type, tuple[str, ...]] = {}  # why a test ended, in words, by class of programme: `machine[REASON]` counts in it

N_MARGINS = 6
TRIGGERED = N_MARGINS  # the place of the sample's triggers behind the programme's margins
NOTHING = -2


class Schedule(NamedTuple):
    """Surroundings that stay as they are until `end` [s]: faces held at a temperature, everything else insulated.

    `held_face` (n,) index of a face of the sample, `held_temperature` (n,) [K].
    """

    end: float
    held_face: Integers
    held_temperature: Floats


REASONS[Schedule] = ("", "end of the programme")


@start.body(Schedule)
@kernel
def start_schedule(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0


@surroundings.body(Schedule)
@kernel
def surroundings_of_schedule(programme, machine, clock):
    return Surroundings(0.0, 298.15, 0.0, 0.0, 0.0, 0.0)


@window.body(Schedule)
@kernel
def window_of_schedule(programme, machine):
    return programme.end


@margins.body(Schedule)
@kernel
def margins_of_schedule(programme, machine, clock, temperature, rate, out):
    for k in range(N_MARGINS):
        out[k] = -1.0


@decide.body(Schedule)
@kernel
def decide_schedule(programme, machine, event, clock, temperature, rate):
    machine[PHASE] = ENDED
    machine[REASON] = 1.0
    return 0.0


@progress.body(Schedule)
def progress_of_schedule(programme, machine, clock, temperature):
    # a transient from a sharp start takes about as many steps a decade of time
    decades = 7.0
    return 1.0 + math.log10(max(clock / programme.end, 10.0**-decades)) / decades


class SurroundingsProgramme(Frozen):
    """Surroundings that stay as they are: conditions by face; a face without one is insulated."""

    kind: Literal["surroundings"]
    faces: dict[str, tuple[Condition, ...]] = {}
    end: Annotated[float, Unit("time", gt=0)]

    def build(self, face_names: Sequence[str]) -> Schedule:
        """The programme as arrays for the kernels, faces by their place in `face_names`."""
        held = [(face_names.index(name), float(c.temperature)) for name, conditions in self.faces.items() for c in conditions]
        return Schedule(float(self.end), np.array([face for face, _ in held], np.int64), np.array([temperature for _, temperature in held]))
