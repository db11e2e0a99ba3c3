"""What a sample of one temperature is exposed to without an instrument that looks at it: oven, hot plate, heater, forced temperature, DSC.

    C dT/dt = heat - h A (T - Tair) - eps sigma A (T^4 - Tair^4) - hc Ac (T - Tplate) + P       or, forced:  T as the programme says

Air, plate, power and forced temperature are constants, ramps or tables over time; steps end where one of them bends.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from thermo.base.compiled import kernel
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Quantity, Unit
from thermo.chemistry.kinetics import Floats
from thermo.materials.material import Temperature
from thermo.programmes.conditions import Convection, OverTime, Radiation, TemperatureOverTime, Timed
from thermo.programmes.programme import (
    CORNER,
    ENDED,
    N_MACHINE,
    N_MARGINS,
    PHASE,
    REASON,
    REASONS,
    WINDOW_OVER,
    Surroundings,
    SurroundingsProgramme,
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

SETTLED, LEAST_POINTS = 10.0, 10  # lags, after which a straight baseline may begin; points of a curve that are left above it
SPACING = 0.2  # K, between two points of a DSC curve
SWITCHED_OFF = 3  # entry of the machine: 1.0 once the heater has been switched off


class Exposure(NamedTuple):
    """Surroundings over time until `corners[-1]` [s], linear between their times: `air` [K] by `conductance` [W/K] and `emissive_area`
    (emissivity x area) [m2], `plate` [K] by `plate_conductance` [W/K], a heater's `power` [W] until the sample is at `off_at` [K],
    or the `forced` temperature [K] of the sample itself (no rows: it is free)."""

    corners: Floats
    air_time: Floats
    air: Floats
    conductance: float
    emissive_area: float
    plate_time: Floats
    plate: Floats
    plate_conductance: float
    power_time: Floats
    power: Floats
    off_at: float
    forced_time: Floats
    forced: Floats


REASONS[Exposure] = ("", "end of the programme")


@start.body(Exposure)
@kernel
def start_exposure(programme, machine, temperature):
    for k in range(N_MACHINE):
        machine[k] = 0.0


@kernel
def between(times, values, clock):
    """Value and rate at `clock` of what is linear between the rows and constant before and after them."""
    last = times.shape[0] - 1
    if clock >= times[last]:
        return values[last], 0.0
    if clock < times[0]:
        return values[0], 0.0
    row = 0
    while clock >= times[row + 1]:
        row += 1
    slope = (values[row + 1] - values[row]) / (times[row + 1] - times[row])
    return values[row] + slope * (clock - times[row]), slope


@surroundings.body(Exposure)
@kernel
def surroundings_of_exposure(programme, machine, clock):
    # a step that ends at a corner belongs to what came before it
    before = min(clock, programme.corners[int(machine[CORNER])] * (1.0 - 1e-15))
    air, air_slope = between(programme.air_time, programme.air, before)
    plate, plate_slope = between(programme.plate_time, programme.plate, before)
    power, power_slope = between(programme.power_time, programme.power, before)
    if machine[SWITCHED_OFF] != 0.0:
        power, power_slope = 0.0, 0.0
    ramp, forced = 0.0, 0.0
    if programme.forced.shape[0] > 0:
        forced = 1.0
        _, ramp = between(programme.forced_time, programme.forced, before)
    return Surroundings(
        0.0,
        air,
        air_slope,
        programme.conductance,
        programme.emissive_area,
        plate,
        plate_slope,
        programme.plate_conductance,
        power,
        power_slope,
        ramp,
        forced,
    )


@window.body(Exposure)
@kernel
def window_of_exposure(programme, machine):
    return programme.corners[int(machine[CORNER])]


@watches.body(Exposure)
@kernel
def exposure_watches(programme):
    return programme.off_at < np.inf


@margins.body(Exposure)
@kernel
def margins_of_exposure(programme, machine, clock, temperature, rate, out):
    for k in range(N_MARGINS):
        out[k] = -1.0
    if machine[SWITCHED_OFF] == 0.0:
        out[0] = temperature - programme.off_at


@decide.body(Exposure)
@kernel
def decide_exposure(programme, machine, event, clock, temperature, rate):
    if event != WINDOW_OVER:
        machine[SWITCHED_OFF] = 1.0
        return 0.0
    machine[CORNER] += 1.0
    if machine[CORNER] >= programme.corners.shape[0]:
        machine[CORNER] -= 1.0
        machine[PHASE] = ENDED
        machine[REASON] = 1.0
    return 0.0


@jumped.body(Exposure)
@kernel
def jumped_exposure(programme, machine, clock, before, after):
    return


@observe.body(Exposure)
@kernel
def observe_exposure(programme, machine, clock, temperature, rate):
    return


@progress.body(Exposure)
def progress_of_exposure(programme, machine, clock, temperature):
    return clock / programme.corners[-1]


def _rows(value: Any) -> tuple[Floats, Floats]:
    """Times and values of a constant or of what changes over time."""
    if isinstance(value, OverTime):
        return np.array(value.time, float), np.array(value.value, float)
    return np.zeros(1), np.array([float(value)])


def exposed(
    end: float,
    *,
    air: Any = 298.15,
    conductance: float = 0.0,
    emissive_area: float = 0.0,
    plate: Any = 298.15,
    plate_conductance: float = 0.0,
    power: Any = 0.0,
    off_at: float = np.inf,
    forced: OverTime | None = None,
) -> Exposure:
    """The exposure until `end` [s], with its corners."""
    tables = [_rows(air), _rows(plate), _rows(power), (np.zeros(0), np.zeros(0)) if forced is None else _rows(forced)]
    bends = sorted({float(time) for times, _ in tables for time in times if 0.0 < time < end})
    (air_time, air_value), (plate_time, plate_value), (power_time, power_value), (forced_time, forced_value) = tables
    return Exposure(
        np.array([*bends, end]),
        air_time,
        air_value,
        conductance,
        emissive_area,
        plate_time,
        plate_value,
        plate_conductance,
        power_time,
        power_value,
        off_at,
        forced_time,
        forced_value,
    )


class OvenProgramme(SurroundingsProgramme):
    """A sample in the air of an oven: film and radiation on its whole outside, or on the `surface` of a cell of one temperature."""

    kind: Literal["oven"]  # type: ignore[assignment]
    air: TemperatureOverTime
    heat_transfer_coefficient: Annotated[float, Unit("heat transfer coefficient", ge=0)]
    emissivity: Annotated[float, Unit("number", ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _around(self) -> OvenProgramme:
        if "faces" in self.model_fields_set:
            raise misplaced([(("faces",), "an oven acts on the whole outside; conditions on faces belong to the programme 'surroundings'")])
        film = Convection.model_construct(
            kind="convection", heat_transfer_coefficient=self.heat_transfer_coefficient, ambient_temperature=self.air
        )
        glow = Radiation.model_construct(kind="radiation", emissivity=self.emissivity, ambient_temperature=self.air)
        self.__dict__["faces"] = {"outside": (film, glow)}
        return self

    def around(self, surface: float, heat_capacity: float) -> Exposure:
        """The programme around a sample of one surface [m2] and heat capacity [J/K]."""
        film, glow = float(self.heat_transfer_coefficient) * surface, float(self.emissivity) * surface
        return exposed(float(self.end), air=self.air, conductance=film, emissive_area=glow)


def _value(value: Any, time: float) -> float:
    return value.at(time) if isinstance(value, OverTime) else float(value)


class InAir(Frozen):
    """What is common to samples in still air until an end: film and radiation on what is free of their surface."""

    end: Annotated[float, Unit("time", gt=0)]
    air: TemperatureOverTime
    heat_transfer_coefficient: Annotated[float, Unit("heat transfer coefficient", ge=0)]
    emissivity: Annotated[float, Unit("number", ge=0, le=1)] = 0.0


class HotPlateProgramme(InAir):
    """A sample on a plate: hc (T - Tplate) through the `contact_area`, film and radiation to the air on the rest of its surface."""

    kind: Literal["hot-plate"]
    plate: TemperatureOverTime
    contact_coefficient: Annotated[float, Unit("heat transfer coefficient", gt=0)]
    contact_area: Annotated[float, Unit("area", gt=0)]

    def around(self, surface: float, heat_capacity: float) -> Exposure:
        """The programme around a sample of one surface [m2], of which the contact is a part."""
        free, touching = surface - float(self.contact_area), float(self.contact_area) * float(self.contact_coefficient)
        film, glow = float(self.heat_transfer_coefficient) * free, float(self.emissivity) * free
        return exposed(float(self.end), air=self.air, conductance=film, emissive_area=glow, plate=self.plate, plate_conductance=touching)


class HeaterProgramme(InAir):
    """A heater that gives a `power` until the sample is at `off_at`, in air."""

    kind: Literal["heater"]
    power: Annotated[Any, Timed("power", ge=0)]
    off_at: Temperature | None = None

    def around(self, surface: float, heat_capacity: float) -> Exposure:
        """The programme around a sample of one surface [m2]."""
        film, glow = float(self.heat_transfer_coefficient) * surface, float(self.emissivity) * surface
        off_at = np.inf if self.off_at is None else float(self.off_at)
        return exposed(float(self.end), air=self.air, conductance=film, emissive_area=glow, power=self.power, off_at=off_at)


class RampProgramme(Frozen):
    """The temperature of the sample itself over time, whatever it takes: what its reactions give is taken away."""

    kind: Literal["ramp"]
    temperature: TemperatureOverTime
    end: Annotated[float | None, Unit("time", gt=0)] = None

    @model_validator(mode="after")
    def _ends(self) -> RampProgramme:
        if self.end is None and not isinstance(self.temperature, OverTime):
            raise misplaced([((), "'end' is missing: how long this temperature is held")])
        return self

    @property
    def start(self) -> float:
        """The temperature at time zero [K]."""
        return _value(self.temperature, 0.0)

    def around(self, surface: float, heat_capacity: float) -> Exposure:
        """The programme; it needs nothing of the sample."""
        known = self.temperature
        end = float(self.end) if self.end is not None else float(known.time[-1])
        return exposed(end, forced=known if isinstance(known, OverTime) else OverTime((Quantity(0.0),), (known,), ()))


class DscProgramme(Frozen):
    """Differential scanning calorimeter: the furnace rises by `rate` from `start` to `end`.

    Without a `lag` the sample is where the furnace is. With one it is coupled to the furnace by (C + pan)/lag [W/K], C its own heat
    capacity at 25 degC, and the reference, an empty pan, by the same. `per` is the mass that heat flow and areas refer to. The baseline of
    peaks is what a sample that does not react would show (`heat-capacity`), or a `straight` line from ten lags after the start to the end.
    """

    kind: Literal["dsc"]
    start: Temperature
    rate: Annotated[float, Unit("temperature rate", gt=0)]
    end: Temperature
    lag: Annotated[float | None, Unit("time", gt=0)] = None
    pan: Annotated[float, Unit("heat capacity", ge=0)] = Field(default="0 J/K", validate_default=True)  # type: ignore[assignment]
    per: Annotated[float, Unit("mass", gt=0)]
    baseline: Literal["heat-capacity", "straight"] = "heat-capacity"

    @model_validator(mode="after")
    def _in_order(self) -> DscProgramme:
        problems: list[tuple[Key, str]] = []
        if self.end <= self.start:
            problems.append((("end",), "the end temperature must lie above the start temperature"))
        if self.pan > 0.0 and self.lag is None:
            problems.append((("pan",), "has no effect without a 'lag': the sample is where the furnace is"))
        begins = SETTLED * float(self.lag or 0.0)
        if self.baseline == "straight" and not problems and begins > self.span() - LEAST_POINTS * SPACING / float(self.rate):
            text = f"a straight baseline begins ten lags after the start, {begins / 60.0:.4g} min, and the ramp is over after "
            problems.append((("baseline",), text + f"{self.span() / 60.0:.4g} min; 'heat-capacity' needs no such wait"))
        if problems:
            raise misplaced(problems)
        return self

    def span(self) -> float:
        """How long the furnace rises [s]."""
        return float((self.end - self.start) / self.rate)

    def moments(self) -> Floats:
        """Times at which the curve is kept [s]: every 0.2 K."""
        return np.linspace(0.0, self.span(), math.ceil((self.end - self.start) / SPACING) + 1)[1:]

    def around(self, surface: float, heat_capacity: float) -> Exposure:
        """The furnace around a sample of a heat capacity at 25 degC [J/K], its pan included."""
        span = self.span()
        furnace = OverTime((Quantity(0.0), Quantity(span)), (Quantity(self.start), Quantity(self.end)), ())
        if self.lag is None:
            return exposed(span, forced=furnace)
        return exposed(span, air=furnace, conductance=heat_capacity / float(self.lag))


EXPOSED = (OvenProgramme, HotPlateProgramme, HeaterProgramme, RampProgramme, DscProgramme)
