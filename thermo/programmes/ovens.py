"""A sample in air, on a hot plate, beside a heater, or taken along a temperature: nothing looks for an onset.

A cell of one temperature has one `surface`; a body has faces, by default its whole `outside`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from thermo.base.errors import among, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.units import Quantity, Unit, show
from thermo.materials.material import Temperature
from thermo.materials.storage import Storage
from thermo.programmes.conditions import (
    Acting,
    Convection,
    Held,
    OverTime,
    Radiation,
    TemperatureOverTime,
    Timed,
    at,
    varies,
)
from thermo.programmes.driving import Driving, OnBody, Problems, Reader, Terms
from thermo.programmes.exposure import Exposure, ExposureReader, exposed
from thermo.programmes.surroundings import schedule

OUTSIDE = ("outside",)


def missing_faces(programme: Any, body: Any) -> Problems:
    """The `faces` of a programme that a body does not have, or that lie within it."""
    known, found = body.face_names(), []
    for i, name in enumerate(programme.faces):
        key = ("faces", i) if "faces" in programme.model_fields_set else ("kind",)
        if name not in known:
            found.append((key, f"the sample has no face {shortened(name)!r}" + among(name, known)))
        elif body.within(name):
            found.append((key, f"{shortened(name)!r} lies within the body, where there are no surroundings; name an outer face"))
    for one, other in body.overlaps([name for name in programme.faces if name in known]):
        found.append((("faces",), f"{shortened(one)!r} lies on {shortened(other)!r}: the surroundings would act twice there"))
    return found


def no_faces(programme: Any, names: tuple[str, ...]) -> Problems:
    """Keys of a body that a case gives for a cell."""
    given = [name for name in names if name in programme.model_fields_set]
    return [((name,), "is for bodies with faces; a cell of one temperature has one surface") for name in given]


class InAir(Driving):
    """What is common to samples in still air until an end: film and radiation on what is free of their surface."""

    end: Annotated[float, Unit("time", gt=0)]
    air: TemperatureOverTime
    heat_transfer_coefficient: Annotated[float, Unit("heat transfer coefficient", ge=0)]
    emissivity: Annotated[float, Unit("number", ge=0, le=1)] = 0.0
    faces: tuple[str, ...] = OUTSIDE
    in_air: ClassVar[bool] = True

    def terms(self) -> Terms:
        """Film and radiation on each face."""
        acting: list[Acting] = [
            Convection.model_construct(
                kind="convection", heat_transfer_coefficient=self.heat_transfer_coefficient, ambient_temperature=self.air
            )
        ]
        if self.emissivity > 0.0:
            acting.append(Radiation.model_construct(kind="radiation", emissivity=self.emissivity, ambient_temperature=self.air))
        return tuple((name, condition) for name in self.faces for condition in acting)

    def on_body(self) -> OnBody:
        """The conditions until the end."""
        return OnBody(schedule(self.terms(), float(self.end)))

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """Air and plate beside the history of a cell."""
        return Reader() if capacity is None else ExposureReader(machine)

    def cell_problems(self, cell: Any) -> Problems:
        """It needs the surface of a cell, and where the cell starts."""
        return no_faces(self, ("faces",))

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """Faces that are not there."""
        return missing_faces(self, body)


class OvenProgramme(InAir):
    """A sample in the air of an oven: film and radiation on its whole outside, on named faces, or on the `surface` of a cell."""

    kind: Literal["oven"]

    def on_cell(self, surface: float, heat_capacity: float) -> Exposure:
        """Air around the whole surface."""
        film, glow = float(self.heat_transfer_coefficient) * surface, float(self.emissivity) * surface
        return exposed(float(self.end), air=self.air, conductance=film, emissive_area=glow)


class Plate(Convection):
    """The contact of a plate: hc (T - Tplate) through each unit of a face, which no air reaches."""

    covers: ClassVar[bool] = True


class HotPlateProgramme(InAir):
    """A sample on a plate: hc (T - Tplate) through the `contact_area` of a cell or the `plate_face` of a body, air around the rest."""

    kind: Literal["hot-plate"]
    plate: TemperatureOverTime
    contact_coefficient: Annotated[float, Unit("heat transfer coefficient", gt=0)]
    contact_area: Annotated[float | None, Unit("area", gt=0)] = None
    plate_face: str | None = None

    def terms(self) -> Terms:
        """The contact of the plate, and air on what it leaves of the other faces."""
        contact = Plate.model_construct(
            kind="convection", heat_transfer_coefficient=self.contact_coefficient, ambient_temperature=self.plate
        )
        return ((str(self.plate_face), contact), *super().terms())

    def on_cell(self, surface: float, heat_capacity: float) -> Exposure:
        """The plate on the contact area, air around the rest."""
        assert self.contact_area is not None
        free, touching = surface - float(self.contact_area), float(self.contact_area) * float(self.contact_coefficient)
        film, glow = float(self.heat_transfer_coefficient) * free, float(self.emissivity) * free
        return exposed(float(self.end), air=self.air, conductance=film, emissive_area=glow, plate=self.plate, plate_conductance=touching)

    def cell_problems(self, cell: Any) -> Problems:
        """The contact is a part of the surface."""
        found = no_faces(self, ("faces", "plate_face"))
        if self.contact_area is None:
            found.append((("contact_area",), "is missing: the area of the cell that the plate touches"))
        elif cell.surface is not None and self.contact_area > cell.surface:
            found.append((("contact_area",), f"is more than the surface of the cell ({show(cell.surface, 'area')})"))
        return found

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """The plate lies on an outer face."""
        found, known = super().body_problems(body, probes), body.face_names()
        if self.plate_face in self.faces:
            found.append((("faces",), f"the plate lies on {shortened(str(self.plate_face))!r}, which no air reaches; leave it out here"))
        if self.contact_area is not None:
            found.append((("contact_area",), "is for a cell of one temperature; a body uses the area of its 'plate_face'"))
        if self.plate_face is None:
            found.append((("plate_face",), "is missing: the face of the body that the plate touches"))
        elif self.plate_face not in known:
            text = f"the sample has no face {shortened(self.plate_face)!r}" + among(self.plate_face, known)
            found.append((("plate_face",), text))
        elif body.within(self.plate_face):
            found.append((("plate_face",), f"{shortened(self.plate_face)!r} lies within the body, where no plate touches it"))
        return found


class Heated(Frozen):
    """What of a body a heater heats: a face or a region."""

    face: str | None = None
    region: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Heated:
        if (self.face is None) == (self.region is None):
            raise misplaced([((), "give either 'face' or 'region'")])
        return self


class HeaterProgramme(InAir):
    """A heater that gives a `power` until the sample is at `off_at`, in air. Of a body it heats what `heats` says, and the probe `off_by`
    switches it off."""

    kind: Literal["heater"]
    power: Annotated[Any, Timed("power", ge=0)]
    off_at: Temperature | None = None
    off_by: str | None = None
    heats: Heated | None = None

    def _machine(self, conductance: float, emissive_area: float) -> Exposure:
        off_at = np.inf if self.off_at is None else float(self.off_at)
        return exposed(float(self.end), air=self.air, conductance=conductance, emissive_area=emissive_area, power=self.power, off_at=off_at)

    def on_cell(self, surface: float, heat_capacity: float) -> Exposure:
        """The heater within, air around the whole surface."""
        return self._machine(float(self.heat_transfer_coefficient) * surface, float(self.emissivity) * surface)

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """What the heater gave, of a body as of a cell."""
        return ExposureReader(machine)

    def on_body(self) -> OnBody:
        """The heater on its face or in its region; the air is a condition on faces."""
        heated = self.heats.face or self.heats.region if self.heats else None
        return OnBody(self._machine(0.0, 0.0), heated=heated, seen=self.off_by)

    def cell_problems(self, cell: Any) -> Problems:
        """It must come on at all."""
        found = no_faces(self, ("faces", "heats", "off_by"))
        if self.off_at is not None and cell.temperature is not None and self.off_at <= cell.temperature:
            text = f"lies below the start of the cell ({show(cell.temperature, 'temperature')}): the heater never switches on"
            found.append((("off_at",), text))
        return found

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """What it heats is there, and so is the probe that switches it off."""
        found = super().body_problems(body, probes)
        if self.heats is None:
            found.append((("heats",), "is missing: the face or the region of the body that the heater heats, such as {face: bottom}"))
        for word, names in (("face", body.face_names()), ("region", body.region_names())) if self.heats else ():
            name = getattr(self.heats, word)
            if name is not None and name not in names:
                found.append((("heats", word), f"the sample has no {word} {shortened(name)!r}" + among(name, names)))
        if self.off_at is not None and self.off_by is None:
            found.append((("off_by",), "is missing: the probe that switches the heater off"))
        elif self.off_by is not None and self.off_by not in probes:
            found.append((("off_by",), f"there is no probe {shortened(self.off_by)!r}" + among(self.off_by, list(probes))))
        if self.off_by is not None and self.off_at is None:
            found.append((("off_by",), "has no effect without 'off_at'"))
        return found


class RampProgramme(Driving):
    """The temperature of the sample itself over time, whatever it takes: what its reactions give is taken away. Of a body the `faces`
    follow it."""

    kind: Literal["ramp"]
    temperature: TemperatureOverTime
    end: Annotated[float | None, Unit("time", gt=0)] = None
    faces: tuple[str, ...] = Field(default=OUTSIDE)
    start_key: ClassVar[str] = "temperature"
    on_body_starts_itself: ClassVar[bool] = True

    @model_validator(mode="after")
    def _ends(self) -> RampProgramme:
        if self.end is None and not varies(self.temperature):
            raise misplaced([((), "'end' is missing: give the time for which this temperature is held")])
        return self

    def starts_at(self) -> float:
        """The temperature at time zero [K]."""
        return at(self.temperature, 0.0)

    def lasts(self) -> float:
        """Until the end, or the last row of the temperature [s]."""
        return float(self.end) if self.end is not None else float(self.temperature.time[-1])

    def terms(self) -> Terms:
        """Faces that are held at it."""
        held = Held.model_construct(kind="held", temperature=self.temperature)
        return tuple((name, held) for name in self.faces)

    def on_cell(self, surface: float, heat_capacity: float) -> Exposure:
        """The temperature is given; it needs nothing of the cell."""
        known = self.temperature
        return exposed(self.lasts(), forced=known if varies(known) else OverTime((Quantity(0.0),), (known,), ()))

    def on_body(self) -> OnBody:
        """The faces follow until the end."""
        return OnBody(schedule(self.terms(), self.lasts()))

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """That a cell's temperature is given is all there is to say."""
        return Reader() if capacity is None else ExposureReader(machine)

    def cell_problems(self, cell: Any) -> Problems:
        """Heat that is given at once has nowhere to go."""
        return [*no_faces(self, ("faces",)), *no_fuse(cell, "ramp")]

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """Faces that are not there."""
        return missing_faces(self, body)


def no_fuse(cell: Any, kind: str) -> Problems:
    """A short that gives its heat at once, or a vent that takes some, in a cell whose temperature is given."""
    found: Problems = []
    but = f"the cell at once, but the programme '{kind}' prescribes its temperature; leave it out"
    if cell.short is not None and cell.short.fused_energy is not None:
        found.append((("..", "sample", "short", "fused_energy"), f"heats {but}"))
    if cell.vent is not None and cell.vent.takes is not None:
        found.append((("..", "sample", "vent", "takes"), f"cools {but}"))
    return found
