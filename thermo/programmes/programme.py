"""What is done to a sample: the surroundings that a programme sets, and the questions that the loop asks it.

A programme is a NamedTuple of settings; what changes while it runs is its `machine`, an array of floats. It sees its
sensor (temperature and rate) and sets the surroundings, nothing else. `Schedule` and `FaceSchedule` are the plain
ones: conditions over time, no instrument.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from thermo.base.compiled import by_type, kernel
from thermo.casefile.models import Frozen
from thermo.casefile.units import Unit
from thermo.chemistry.kinetics import Floats
from thermo.programmes.conditions import Condition, Held, Source, corners


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
    """Surroundings without an instrument for a sample that has no faces, until `corners[-1]` [s]; steps end at each corner."""

    corners: Floats


class FaceSchedule(NamedTuple):
    """Conditions on faces and sources in regions until `corners[-1]` [s]: pairs of a name and a condition. Steps end where one bends."""

    corners: Floats
    terms: tuple[tuple[str, Any], ...]


CORNER = 2  # entry of the machine: which corner comes next

REASONS[Schedule] = REASONS[FaceSchedule] = ("", "end of the programme", "steady state")


@start.body(FaceSchedule)
@start.body(Schedule)
@kernel
def start_schedule(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0


@surroundings.body(FaceSchedule)
@surroundings.body(Schedule)
@kernel
def surroundings_of_schedule(programme, machine, clock):
    return Surroundings(0.0, 298.15, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@window.body(FaceSchedule)
@window.body(Schedule)
@kernel
def window_of_schedule(programme, machine):
    return programme.corners[int(machine[CORNER])]


@watches.body(FaceSchedule)
@watches.body(Schedule)
@kernel
def schedule_watches(programme):
    return False


@margins.body(FaceSchedule)
@margins.body(Schedule)
@kernel
def margins_of_schedule(programme, machine, clock, temperature, rate, out):
    for k in range(N_MARGINS):
        out[k] = -1.0


@decide.body(FaceSchedule)
@decide.body(Schedule)
@kernel
def decide_schedule(programme, machine, event, clock, temperature, rate):
    machine[CORNER] += 1.0
    if machine[CORNER] >= programme.corners.shape[0]:
        machine[PHASE] = ENDED
        machine[REASON] = 1.0
    return 0.0


@jumped.body(FaceSchedule)
@jumped.body(Schedule)
@kernel
def jumped_schedule(programme, machine, clock, before, after):
    return


@observe.body(FaceSchedule)
@observe.body(Schedule)
@kernel
def observe_nothing(programme, machine, clock, temperature, rate):
    return


@progress.body(FaceSchedule)
@progress.body(Schedule)
def progress_of_schedule(programme, machine, clock, temperature):
    if programme.corners[-1] == 0.0:
        return 1.0
    # a transient from a sharp start takes about as many steps a decade of time
    decades = 7.0
    return 1.0 + math.log10(max(clock / programme.corners[-1], 10.0**-decades)) / decades


class Conditions(Frozen):
    """Conditions by face, several on one if need be; a face without one is insulated. Sources of heat by region."""

    faces: dict[str, tuple[Condition, ...]] = {}
    sources: dict[str, Source] = {}

    def terms(self) -> tuple[tuple[str, Any], ...]:
        """Each condition with the name of its face, then each source with the name of its region."""
        return tuple(
            [(name, condition) for name, conditions in self.faces.items() for condition in conditions] + list(self.sources.items())
        )

    def held(self) -> dict[str, Any]:
        """The temperature of each face that is held at one."""
        return {name: condition.temperature for name, condition in self.terms() if isinstance(condition, Held)}


class SteadyProgramme(Conditions):
    """The temperatures that conditions and sources, constant in time, lead to in the end."""

    kind: Literal["steady"]

    def build(self, has_faces: bool) -> FaceSchedule:
        """The conditions; there is no time for them to last."""
        return FaceSchedule(np.zeros(1), self.terms())


class SurroundingsProgramme(Conditions):
    """Conditions by face and sources by region until an end."""

    kind: Literal["surroundings"]
    end: Annotated[float, Unit("time", gt=0)]

    def build(self, has_faces: bool) -> Schedule | FaceSchedule:
        """The programme as the loop takes it."""
        bends = [time for time in corners([condition for _, condition in self.terms()]) if 0.0 < time < self.end]
        ends = np.array([*bends, float(self.end)])
        return FaceSchedule(ends, self.terms()) if has_faces else Schedule(ends)
