"""The accelerating rate calorimeter in a case, and what is read off its test: exotherms, T1, cessation, the record of its logger."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from thermo.base.arrays import Floats
from thermo.base.errors import among, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.materials.material import Temperature
from thermo.materials.storage import Storage
from thermo.programmes.arc_machine import (
    AFTER,
    ARMED,
    BEFORE,
    BY_STANDSTILL,
    COOL,
    EXOTHERMS,
    HEAT,
    IN_EXOTHERM,
    LOGGED_AFTER,
    MEAN_RATE,
    PHASE_NAMES,
    RUN,
    TEST,
    WAIT,
    WINDOW_RATE,
    WINDOW_START,
    Calorimeter,
)
from thermo.programmes.driving import Driving, Mounting, OnBody, Problems, Reader, Rows
from thermo.programmes.logger import MOST_ROWS, Record, logged
from thermo.programmes.ovens import OUTSIDE, missing_faces, no_faces
from thermo.programmes.programme import ENDED, PHASE, REASON, REASONS

CESSATION = "rate below the sensitivity"


def _default(text: str) -> Any:
    return Field(default=text, validate_default=True)


class Holder(Frozen):
    """What holds the sample and is heated with it: at its temperature, or at one of its own where a `conductance` couples both.

    Then it is the holder that the wall sees.
    """

    mass: Annotated[float, Unit("mass", gt=0)]
    heat_capacity: Annotated[float, Unit("specific heat capacity", gt=0)]
    conductance: Annotated[float | None, Unit("heat transfer conductance", gt=0)] = None


class Sensor(Frozen):
    """The thermocouple that the instrument follows: where it sits, on a body the `probe` of that name, and its time constant."""

    place: Literal["sample", "holder"] = "sample"
    probe: str | None = None
    lag: Annotated[float, Unit("time", ge=0)] = _default("0 s")


class Instrument(Frozen):
    """The calorimeter itself: holder, sensor, how the wall follows, how heat is lost when it does not.

    `phi`: heat capacity of sample and holder over that of the sample, or a `holder` by mass. `alarm`: how many times the sensitivity ends
    heating or waiting at once. `runaway_rate`: from there on the test only waits for the temperature to fall. `drift`: what a wall that is
    not quite at the sensor's temperature adds to or takes from the sample's rate.
    """

    phi: Annotated[float, Unit("number", ge=1)] = _default("1")
    holder: Holder | None = None
    sensor: Sensor = Sensor()
    tracking: Annotated[float, Unit("temperature rate", gt=0)] = _default("20 K/min")
    lag: Annotated[float, Unit("time", gt=0)] = _default("20 s")
    loss: Annotated[float, Unit("heat transfer conductance", ge=0)] = _default("0 W/K")
    radiating_area: Annotated[float, Unit("area", ge=0)] = _default("0 m2")
    alarm: Annotated[float, Unit("number", gt=1)] = _default("25")
    runaway_rate: Annotated[float, Unit("temperature rate", gt=0)] = _default("5 K/s")
    drift: Annotated[float, Unit("temperature rate")] = _default("0 K/min")

    @model_validator(mode="after")
    def _one_holder(self) -> Instrument:
        problems: list[tuple[Key, str]] = []
        if self.holder is not None and self.phi > 1.0:
            problems.append((("phi",), "and a 'holder' both describe what is heated with the sample; give one of them"))
        if self.sensor.place == "holder" and (self.holder is None or self.holder.conductance is None):
            problems.append((("sensor", "place"), "needs a 'holder' with a 'conductance', so that the holder has its own temperature"))
        if problems:
            raise misplaced(problems)
        return self


class CoolDown(Frozen):
    """After a test: air at `air` cools the sample by `conductance` to a temperature."""

    to: Temperature
    air: Temperature
    conductance: Annotated[float, Unit("heat transfer conductance", gt=0)]

    @model_validator(mode="after")
    def _gets_there(self) -> CoolDown:
        if self.to <= self.air:
            raise misplaced([(("to",), "must lie above the temperature of the air")])
        return self


class ArcProgramme(Driving):
    """Heat-wait-seek in an accelerating rate calorimeter. Of a body the wall sees the `faces`, and the sensor is a probe."""

    kind: Literal["arc"]
    start: Temperature
    step: Annotated[float, Unit("temperature difference", gt=0)]
    steps: Literal["grid", "relative"] = "grid"
    heater: Annotated[float, Unit("temperature rate", gt=0)]
    wait: Annotated[float, Unit("time", gt=0)]
    seek: Annotated[float, Unit("time", gt=0)]
    rate_of_window: Literal["mean", "slope"] = "mean"
    sensitivity: Annotated[float, Unit("temperature rate", gt=0)]
    lost_exotherm: Literal["return", "track"] = "return"
    end: Temperature
    longest: Annotated[float, Unit("time", gt=0)] = _default("60 d")
    cool_down: CoolDown | None = None
    tests: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    record: Record | None = None
    calorimeter: Instrument = Instrument()
    faces: tuple[str, ...] = OUTSIDE
    start_key: ClassVar[str] = "start"

    @model_validator(mode="after")
    def _in_order(self) -> ArcProgramme:
        problems: list[tuple[Key, str]] = []
        if self.end <= self.start:
            problems.append((("end",), "the end temperature must lie above the start temperature"))
        if self.heater >= self.calorimeter.runaway_rate:
            problems.append((("heater",), "heats faster than the rate that counts as a runaway (calorimeter.runaway_rate)"))
        elif self.heater > self.calorimeter.tracking:
            problems.append((("heater",), "heats faster than the wall can follow (calorimeter.tracking)"))
        if self.tests > 1 and self.cool_down is None:
            problems.append((("tests",), "need a 'cool_down' between them"))
        first = float(self.wait + self.seek) / float(self.record.interval) if self.record else 0.0
        if first > MOST_ROWS:
            text = f"gives {first:.2g} rows in the first wait and seek alone; a record has at most {MOST_ROWS:.0e} rows: give a longer one"
            problems.append((("record", "interval"), text))
        if self.cool_down is not None and self.cool_down.to > self.end:
            problems.append((("cool_down", "to"), "must not lie above the end temperature"))
        if problems:
            raise misplaced(problems)
        return self

    def lasts(self) -> float:
        """As long as a test may go on [s]."""
        return float(self.longest)

    def rounds(self) -> float:
        """How often it heats and waits, in all tests."""
        return float((self.end - self.start) / self.step) * self.tests

    def mounting(self) -> Mounting:
        """The holder and the sensor of the instrument."""
        holder, sensor = self.calorimeter.holder, self.calorimeter.sensor
        capacity = float(holder.mass * holder.heat_capacity) if holder else 0.0
        apart = float(holder.conductance or 0.0) if holder else 0.0
        phi = float(self.calorimeter.phi)
        return Mounting(0.0 if apart else capacity, capacity if apart else 0.0, apart, sensor.place == "holder", float(sensor.lag), phi)

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """What the instrument finds."""
        return ArcReader(self)

    def cell_problems(self, cell: Any) -> Problems:
        """A cell has no faces and no probes."""
        found = no_faces(self, ("faces",))
        if self.calorimeter.sensor.probe is not None:
            text = "is for bodies with named probes; a cell of one temperature has the places 'sample' and 'holder'"
            found.append((("calorimeter", "sensor", "probe"), text))
        return found

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """The sensor is a probe; what holds a body is a region of it."""
        found, made = missing_faces(self, body), self.calorimeter
        seen = made.sensor.probe
        if seen is None:
            known = "the case has " + ", ".join(repr(shortened(name)) for name in probes) if probes else "measure.probes names none"
            found.append((("calorimeter", "sensor"), f"'probe' is missing: the probe of the body that the instrument follows; {known}"))
        elif seen not in probes:
            found.append((("calorimeter", "sensor", "probe"), f"there is no probe {shortened(seen)!r}" + among(seen, list(probes))))
        if made.sensor.lag > 0.0 and "sensor" in probes:
            found.append((("..", "measure", "probes", "sensor"), "is reserved for the reading of a sensor with a lag; rename it"))
        if made.holder is not None or made.phi > 1.0:
            key = "holder" if made.holder is not None else "phi"
            found.append((("calorimeter", key), "is for a cell of one temperature; the holder of a body is one of its regions"))
        return found

    def on_body(self) -> OnBody:
        """The wall sees the faces; the sensor is a probe."""
        sensor = self.calorimeter.sensor
        return OnBody(self.on_cell(0.0, 0.0), wall=self.faces, seen=sensor.probe, lag=float(sensor.lag))

    def written(self, rows: Rows, last: int) -> dict[str, Floats] | None:
        """What a logger on the sensor has written until after the `last` row of the test, if the case asks for it."""
        if self.record is None or self.too_long(rows.time):
            return None
        over = float(rows.time[last]) if last + 1 < len(rows.time) else None
        time, temperature = logged(rows.time, rows.temperature, rows.rate, self.record, over)
        return {"time_s": time, "temperature_K": temperature}

    def too_long(self, time: Floats) -> bool:
        """Whether the record that the case asks for has more rows than one may have, the test having the rows `time` [s]."""
        return self.record is not None and float(time[-1]) / float(self.record.interval) > MOST_ROWS

    def on_cell(self, surface: float, heat_capacity: float) -> Calorimeter:
        """The instrument as settings for the kernels."""
        made, cooled = self.calorimeter, self.cool_down
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
            slope=1.0 if self.rate_of_window == "slope" else 0.0,
            drift=float(made.drift),
            tests=float(self.tests),
            cool_to=float(cooled.to) if cooled else 0.0,
            cool_air=float(cooled.air) if cooled else 0.0,
            cool_conductance=float(cooled.conductance) if cooled else 0.0,
            logged_after=LOGGED_AFTER if self.record else 0.0,
        )


class ArcReader(Reader):
    """Reads the instrument's machine: phases, exotherms, T1 and cessation with how sure they are."""

    watches_onsets = True

    def __init__(self, programme: ArcProgramme) -> None:
        self.programme = programme
        self.sensitivity = float(programme.sensitivity)

    @property
    def free(self) -> bool:
        """The instrument looks at the sample."""
        return False

    def columns(self, time: Floats, machine: Floats, temperature: Floats, power: Floats) -> dict[str, Any]:
        """The phase of the test."""
        return {"phase": np.array([PHASE_NAMES[phase] for phase in machine[:, PHASE]])}

    def own_rates(self, rate: Floats, machine: Floats, own: Floats | None) -> tuple[Floats, Any, Any]:
        """dT/dt is the sample's own outside heating."""
        heating = self.heating(rate, machine)
        return rate, heating, heating

    def heating(self, rate: Floats, machine: Floats) -> Any:
        """Rows (n,) in which the instrument heats, with those in which a slow sensor still shows what its heater has left."""
        phase = machine[:, PHASE]
        heated = (phase == HEAT) | ((phase == ENDED) & (machine[:, BEFORE] == HEAT))
        alarm = float(self.programme.calorimeter.alarm) * self.sensitivity
        for row in np.flatnonzero(((phase == WAIT) & (machine[:, ARMED] == 0.0)) | ((phase == ENDED) & ~heated)):
            # at the moment of the switch a slow sensor may still be on its way up, and at that moment a test may end
            before = row > 0 and heated[row - 1]
            falls = rate[row] > alarm if phase[row] == ENDED else rate[row] <= rate[row - 1] or phase[row - 1] == HEAT
            heated[row] = before and falls
        return heated

    def last_row(self, machine: Floats) -> int:
        """The row in which the test is over; a record of it may go on."""
        after = np.flatnonzero(machine[:, PHASE] == AFTER)
        return int(after[0]) if len(after) else len(machine) - 1

    def summary(self, rows: Rows, columns: dict[str, Any], end_reason: str) -> dict[str, Any]:
        """Exotherms, T1 and the first cessation."""
        found, first = exotherms(rows.time, rows.temperature, rows.machine, rows.released, self.sensitivity, end_reason)
        ended = [entry["end"] for entry in found if entry["end"]["reason"] == CESSATION]
        ceased = {k: ended[0][k] for k in ("temperature_K", "time_s", "margin")} if ended else None
        return {"exotherms": found, "onsets": {"T1": first, "cessation": ceased}}

    def warnings(self, summary: dict[str, Any]) -> list[dict[str, Any]]:
        """T1 and cessation that rest on a rate near the sensitivity."""
        found, (first, ended) = [], (summary["onsets"][name] for name in ("T1", "cessation"))
        if first is not None and first["margin"] < 0.1:
            text = f"T1 rests on a rate only {100.0 * first['margin']:.2g} % above the sensitivity: a slightly lower one puts T1 up a step"
            found.append({"code": "thin-margin", "text": text, "where": "onsets.T1"})
        if ended is not None and ended["margin"] > -0.1:
            text = (
                f"the cessation rests on a rate only {-100.0 * ended['margin']:.2g} % below the sensitivity: the sample still heats itself"
            )
            found.append({"code": "thin-margin", "text": text, "where": "onsets.cessation"})
        return found


def exotherms(
    time: Floats, temperature: Floats, machine: Floats, released: Floats, sensitivity: float, end_reason: str
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Every exotherm that an instrument found, and T1: the first, with the window that detected it.

    Parameters
    ----------
    time [s], temperature [K] : arrays (n,)
    machine : array (n, N_MACHINE), the instrument's state in each row
    released : array (n,) heat released so far [J]
    sensitivity : [K/s]
    end_reason : why the run ended, for an exotherm that was on by then
    """
    found: list[dict[str, Any]] = []
    first = None
    for row in np.flatnonzero(np.diff(machine[:, EXOTHERMS], prepend=0.0) > 0.0):
        later = np.flatnonzero(machine[row:, IN_EXOTHERM] == 0.0)
        over = int(row + later[0]) if len(later) else len(temperature) - 1
        ceased = bool(len(later)) and (machine[over, PHASE] not in (COOL, AFTER) or machine[over, REASON] == BY_STANDSTILL)
        reason = CESSATION if ceased else REASONS[Calorimeter][int(machine[over, REASON])] if len(later) else end_reason
        rate = float(machine[row, WINDOW_RATE])
        criterion = f"mean rate over the seek window >= {sensitivity * 60.0:g} K/min"
        if machine[row, BEFORE] in (HEAT, WAIT) or machine[row, PHASE] == RUN:
            criterion = f"rate above the limit in the phase '{PHASE_NAMES[machine[row, BEFORE]]}'"
        detected = {"criterion": criterion, "rate_K_per_s": rate, "margin": rate / sensitivity - 1.0}
        found.append(
            {
                "start": {"temperature_K": float(temperature[row]), "time_s": float(time[row]), **detected},
                "end": {
                    "temperature_K": float(temperature[over]),
                    "time_s": float(time[over]),
                    "reason": reason,
                    "margin": float(machine[over, MEAN_RATE]) / sensitivity - 1.0 if ceased else None,
                },
                "rise_K": float(temperature[over] - temperature[row]),
                "heat_J": float(released[over] - released[row]),
                "test": int(machine[row, TEST]) + 1,
            }
        )
        if first is None:
            first = {
                "temperature_K": float(temperature[row]),
                "temperature_start_of_window_K": float(machine[row, WINDOW_START]),
                "time_s": float(time[row]),
                **detected,
            }
    return found, first
