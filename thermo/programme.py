"""What is done to a sample: the surroundings that a programme sets, and the questions that the loop asks it.

A programme is a NamedTuple of settings; what changes while it runs is its `machine`, an array of floats. It sees its
sensor (temperature and rate) and sets the surroundings, nothing else. `Schedule` and `FaceSchedule` are the plain
ones: conditions over time, no instrument.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import model_validator

from thermo.boundary import Condition, Convection, Held, OverTime, Radiation, Source, TemperatureOverTime, corners
from thermo.compiled import by_type, kernel
from thermo.kinetics import Floats
from thermo.reader import Frozen, misplaced
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
def progress(programme, machine, clock, temperature):
    """About how much of the test is done, 0 to 1."""


REASONS: dict[type, tuple[str, ...]] = {}  # why a test ended, in words, by class of programme: `machine[REASON]` counts in it

N_MARGINS = 6
TRIGGERED = N_MARGINS  # the place of the sample's triggers behind the programme's margins
NOTHING = -2


class Schedule(NamedTuple):
    """Surroundings without an instrument for a sample that has no faces, until `corners[-1]` [s]; steps end at each corner."""

    corners: Floats


class FaceSchedule(NamedTuple):
    """Conditions on faces and sources in regions until `corners[-1]` [s]: pairs of a name and a condition. Steps end where one bends."""

    corners: Floats
    terms: tuple[tuple[str, Any], ...]


class Oven(NamedTuple):
    """Air around a sample that has no faces, over time until `corners[-1]` [s]: `air` [K] at `air_time` [s], linear between, steps end at
    each corner. Heat passes by `conductance` [W/K] and `emissive_area` (emissivity x area) [m2]."""

    corners: Floats
    air_time: Floats
    air: Floats
    conductance: float
    emissive_area: float


CORNER = 2  # entry of the machine: which corner comes next

REASONS[Schedule] = REASONS[FaceSchedule] = REASONS[Oven] = ("", "end of the programme", "steady state")


@start.body(FaceSchedule)
@start.body(Oven)
@start.body(Schedule)
@kernel
def start_schedule(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0


@surroundings.body(FaceSchedule)
@surroundings.body(Schedule)
@kernel
def surroundings_of_schedule(programme, machine, clock):
    return Surroundings(0.0, 298.15, 0.0, 0.0, 0.0, 0.0)


@surroundings.body(Oven)
@kernel
def surroundings_of_oven(programme, machine, clock):
    last = programme.air_time.shape[0] - 1
    if clock >= programme.air_time[last]:
        return Surroundings(0.0, programme.air[last], 0.0, programme.conductance, programme.emissive_area, 0.0)
    row = 0
    while clock >= programme.air_time[row + 1]:
        row += 1
    slope = (programme.air[row + 1] - programme.air[row]) / (programme.air_time[row + 1] - programme.air_time[row])
    air = programme.air[row] + slope * (clock - programme.air_time[row])
    return Surroundings(0.0, air, slope, programme.conductance, programme.emissive_area, 0.0)


@window.body(FaceSchedule)
@window.body(Oven)
@window.body(Schedule)
@kernel
def window_of_schedule(programme, machine):
    return programme.corners[int(machine[CORNER])]


@watches.body(FaceSchedule)
@watches.body(Oven)
@watches.body(Schedule)
@kernel
def schedule_watches(programme):
    return False


@margins.body(FaceSchedule)
@margins.body(Oven)
@margins.body(Schedule)
@kernel
def margins_of_schedule(programme, machine, clock, temperature, rate, out):
    for k in range(N_MARGINS):
        out[k] = -1.0


@decide.body(FaceSchedule)
@decide.body(Oven)
@decide.body(Schedule)
@kernel
def decide_schedule(programme, machine, event, clock, temperature, rate):
    machine[CORNER] += 1.0
    if machine[CORNER] >= programme.corners.shape[0]:
        machine[PHASE] = ENDED
        machine[REASON] = 1.0
    return 0.0


@jumped.body(FaceSchedule)
@jumped.body(Oven)
@jumped.body(Schedule)
@kernel
def jumped_schedule(programme, machine, clock, before, after):
    return


@progress.body(FaceSchedule)
@progress.body(Oven)
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


class OvenProgramme(SurroundingsProgramme):
    """A sample in the air of an oven: film and radiation on its whole outside, or on the `surface` of a cell of one temperature."""

    kind: Literal["oven"]  # type: ignore[assignment]
    air: TemperatureOverTime
    heat_transfer_coefficient: Annotated[float, Unit("heat transfer coefficient", ge=0)]
    emissivity: Annotated[float, Unit("number", ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _around(self) -> OvenProgramme:
        if self.faces:
            raise misplaced([(("faces",), "an oven acts on the whole outside; conditions on faces belong to the programme 'surroundings'")])
        film = Convection.model_construct(
            kind="convection", heat_transfer_coefficient=self.heat_transfer_coefficient, ambient_temperature=self.air
        )
        glow = Radiation.model_construct(kind="radiation", emissivity=self.emissivity, ambient_temperature=self.air)
        self.__dict__["faces"] = {"outside": (film, glow)}
        return self

    def around(self, surface: float) -> Oven:
        """The programme around a sample of one surface [m2]."""
        known = self.air if isinstance(self.air, OverTime) else None
        times = np.array([0.0] if known is None else known.time, float)
        values = np.array([self.air] if known is None else known.value, float)
        if times[0] > 0.0:
            times, values = np.concatenate([[0.0], times]), np.concatenate([values[:1], values])
        bends = [time for time in times if 0.0 < time < self.end]
        area = float(self.heat_transfer_coefficient) * surface, float(self.emissivity) * surface
        return Oven(np.array([*bends, float(self.end)]), times, values, *area)
