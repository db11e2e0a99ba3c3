"""What is done to a sample: the surroundings that a programme sets, and the questions that the loop asks it.

A programme is a NamedTuple of settings; what changes while it runs is its `machine`, an array of floats. It sees its
sensor (temperature and rate) and sets the surroundings, nothing else. `Schedule` is the plain one: no instrument, and
what changes over time are conditions of the sample.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.arrays import Floats
from thermo.base.compiled import by_type, kernel


class Surroundings(NamedTuple):
    """What a programme sets at one moment.

    `follows` 1: the wall stands at sensor + `wall`; 0: the wall stands at `wall` [K]; `wall_slope` is the rate of
    `wall` [K/s]. Heat leaves to it by `conductance` [W/K] and from `emissive_area` (emissivity x area) [m2], and by
    `plate_conductance` [W/K] to a plate at `plate` [K], whose rate is `plate_slope`. A heater gives `power` [W], its rate
    `power_slope`, and adds `ramp` [K/s]; `forced` 1: that is all the sample's temperature does, its own heat being taken away.
    """

    follows: float
    wall: float
    wall_slope: float
    conductance: float
    emissive_area: float
    plate: float
    plate_slope: float
    plate_conductance: float
    power: float
    power_slope: float
    ramp: float
    forced: float


ENDED = -1.0  # the phase of a machine whose test is over; `machine[0]` is always the phase
N_MACHINE = 20
PHASE, REASON = 0, 1

# an event beside those of a programme's margins: the window ran out
WINDOW_OVER = -1


@by_type
def start(programme, machine, temperature):
    """Set the machine as the test begins, the sensor at `temperature` [K]."""


@by_type
def surroundings(programme, machine, clock):
    """The surroundings at `clock` [s] since the phase began: a `Surroundings`."""


@by_type
def window(programme, machine):
    """The clock [s] at which the phase is looked at again."""


@by_type
def watches(programme):
    """Whether anything that the sensor shows makes an event."""


@by_type
def margins(programme, machine, clock, temperature, rate, out):
    """Into `out` (N_MARGINS,): margin of each event, which happens where its margin turns positive."""


@by_type
def decide(programme, machine, event, clock, temperature, rate):
    """Change the machine at an event; 1.0 where a new phase begins and the clock starts again, else 0.0."""


@by_type
def jumped(programme, machine, clock, before, after):
    """Tell the programme that the sensor jumped at once from `before` to `after` [K], which no wall can follow."""


@by_type
def observe(programme, machine, clock, temperature, rate):
    """Tell the programme what its sensor shows at the end of a step, before anything is decided there."""


@by_type
def progress(programme, machine, clock, temperature):
    """About how much of the test is done, 0 to 1."""


REASONS: dict[type, tuple[str, ...]] = {}  # why a test ended, in words, by class of programme: `machine[REASON]` counts in it

N_MARGINS = 7
TRIGGERED = N_MARGINS  # the place of the sample's triggers behind the programme's margins
NOTHING = -2


class Schedule(NamedTuple):
    """No instrument, until `corners[-1]` [s]; steps end at each corner, where a condition of the sample bends."""

    corners: Floats


CORNER = 2  # entry of the machine: which corner comes next

REASONS[Schedule] = ("", "end of the programme", "steady state")


@start.body(Schedule)
@kernel
def start_schedule(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0


@surroundings.body(Schedule)
@kernel
def surroundings_of_schedule(programme, machine, clock):
    return Surroundings(0.0, 298.15, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@window.body(Schedule)
@kernel
def window_of_schedule(programme, machine):
    return programme.corners[int(machine[CORNER])]


@watches.body(Schedule)
@kernel
def schedule_watches(programme):
    return False


@margins.body(Schedule)
@kernel
def margins_of_schedule(programme, machine, clock, temperature, rate, out):
    for k in range(N_MARGINS):
        out[k] = -1.0


@decide.body(Schedule)
@kernel
def decide_schedule(programme, machine, event, clock, temperature, rate):
    machine[CORNER] += 1.0
    if machine[CORNER] >= programme.corners.shape[0]:
        machine[PHASE] = ENDED
        machine[REASON] = 1.0
    return 0.0


@jumped.body(Schedule)
@kernel
def jumped_schedule(programme, machine, clock, before, after):
    return


@observe.body(Schedule)
@kernel
def observe_nothing(programme, machine, clock, temperature, rate):
    return


@progress.body(Schedule)
def progress_of_schedule(programme, machine, clock, temperature):
    if programme.corners[-1] == 0.0:
        return 1.0
    # a transient from a sharp start takes about as many steps a decade of time
    decades = 7.0
    return 1.0 + math.log10(max(clock / programme.corners[-1], 10.0**-decades)) / decades
