"""What a sample is exposed to without an instrument that looks at it: air, a plate, a heater, or a temperature that is given.

    C dT/dt = heat - h A (T - Tair) - eps sigma A (T^4 - Tair^4) - hc Ac (T - Tplate) + P       or, forced:  T as the programme says

Air, plate, power and forced temperature are constants, ramps or tables over time; steps end where one of them bends.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import kernel
from thermo.programmes.conditions import OverTime, rows_of
from thermo.programmes.driving import Reader
from thermo.programmes.programme import (
    CORNER,
    ENDED,
    N_MARGINS,
    PHASE,
    REASON,
    REASONS,
    WINDOW_OVER,
    Surroundings,
    decide,
    jumped,
    jumped_schedule,
    margins,
    observe,
    observe_nothing,
    progress,
    start,
    start_schedule,
    surroundings,
    watches,
    window,
    window_of_schedule,
)

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

# it counts corners as a schedule does, which no jump of the sample disturbs
start.body(Exposure)(start_schedule)
window.body(Exposure)(window_of_schedule)
jumped.body(Exposure)(jumped_schedule)
observe.body(Exposure)(observe_nothing)


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


@progress.body(Exposure)
def progress_of_exposure(programme, machine, clock, temperature):
    return clock / programme.corners[-1]


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
    tables = [rows_of(air), rows_of(plate), rows_of(power), (np.zeros(0), np.zeros(0)) if forced is None else rows_of(forced)]
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


class ExposureReader(Reader):
    """What a cell was exposed to, and what a heater gave to a cell or a body, beside what any reader does."""

    def __init__(self, machine: Exposure) -> None:
        self.machine = machine

    @property
    def forced(self) -> bool:
        """Whether the temperature is given, whatever the sample does."""
        return len(self.machine.forced) > 0

    def columns(self, time: Floats, machine: Floats, temperature: Floats, power: Floats) -> dict[str, Any]:
        """`air_K` and `plate_K` where they touch the sample, and what a heater gives, `heater_W`."""
        around, made = self.machine, {}
        if around.conductance > 0.0 or around.emissive_area > 0.0:
            made["air_K"] = np.interp(time, around.air_time, around.air)
        if around.plate_conductance > 0.0:
            made["plate_K"] = np.interp(time, around.plate_time, around.plate)
        if np.any(around.power):
            made["heater_W"] = np.where(machine[:, SWITCHED_OFF] == 0.0, np.interp(time, around.power_time, around.power), 0.0)
        return made
