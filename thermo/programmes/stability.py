"""Whether a sample that makes heat is stable in surroundings at one temperature, and up to which: stationary states in place of a test."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from thermo.base.errors import among, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.units import Unit
from thermo.chemistry.frozen import Rule
from thermo.materials.material import Temperature
from thermo.programmes.conditions import Acting, Convection, Held, Radiation
from thermo.programmes.driving import Driving, OnBody, Problems, Terms
from thermo.programmes.ovens import OUTSIDE, missing_faces, no_faces
from thermo.programmes.programme import Schedule


class Between(Frozen):
    """The temperatures between which the critical one of the surroundings is looked for."""

    lowest: Temperature = Field(alias="from")
    highest: Temperature = Field(alias="to")

    @model_validator(mode="after")
    def _rises(self) -> Between:
        if self.highest <= self.lowest:
            raise misplaced([(("to",), "must lie above 'from'")])
        return self


def _form(value: Any) -> str:
    return "range" if isinstance(value, dict | Between) else "number"


Ambient = Annotated[Annotated[Temperature, Tag("number")] | Annotated[Between, Tag("range")], Discriminator(_form)]


class StabilityProgramme(Driving):
    """Film and radiation on `faces`, or `held_faces` at the temperature of the surroundings.

    At one `ambient` temperature it asks whether the sample is stable there; from one to another, where it ceases to be. The heat is that of
    a frozen `composition`: `fresh`, or `igniting`, without the reactions that burn out before they ignite and each other at its fastest.
    """

    kind: Literal["stability"]
    ambient: Ambient
    heat_transfer_coefficient: Annotated[float | None, Unit("heat transfer coefficient", ge=0)] = None
    emissivity: Annotated[float, Unit("number", ge=0, le=1)] = 0.0
    faces: tuple[str, ...] = OUTSIDE
    held_faces: tuple[str, ...] = ()
    composition: Rule = "fresh"
    steady: ClassVar[bool] = True
    stability: ClassVar[bool] = True
    in_air: ClassVar[bool] = True

    @model_validator(mode="after")
    def _cooled(self) -> StabilityProgramme:
        if self.heat_transfer_coefficient is None and not self.held_faces:
            raise misplaced([((), "'heat_transfer_coefficient' is missing")])
        if self.heat_transfer_coefficient is None and "faces" in self.model_fields_set:
            raise misplaced([((), "'heat_transfer_coefficient' is missing: 'faces' are those that it acts on")])
        if not (self.heat_transfer_coefficient or self.emissivity or self.held_faces):
            text = "no heat leaves the sample: with a heat transfer coefficient and an emissivity of zero it has no stationary state"
            raise misplaced([(("heat_transfer_coefficient",), text)])
        return self

    @property
    def begins(self) -> float:
        """The temperature of the surroundings that is asked about, or from which on they are [K]."""
        return float(self.ambient.lowest if isinstance(self.ambient, Between) else self.ambient)

    @property
    def highest(self) -> float | None:
        """The temperature of the surroundings up to which the critical one is looked for [K]; None where that is not asked."""
        return float(self.ambient.highest) if isinstance(self.ambient, Between) else None

    def at(self, ambient: float) -> Terms:
        """What acts in surroundings at a temperature [K]."""
        acting: list[Acting] = []
        if self.heat_transfer_coefficient:
            film = self.heat_transfer_coefficient
            acting.append(Convection.model_construct(kind="convection", heat_transfer_coefficient=film, ambient_temperature=ambient))
        if self.emissivity > 0.0:
            acting.append(Radiation.model_construct(kind="radiation", emissivity=self.emissivity, ambient_temperature=ambient))
        held = Held.model_construct(kind="held", temperature=ambient)
        return (*((name, condition) for name in self.faces for condition in acting), *((name, held) for name in self.held_faces))

    def terms(self) -> Terms:
        """What acts at the lowest temperature that is asked about."""
        return self.at(self.begins)

    def starts_at(self) -> float:
        """The temperature of the surroundings [K]: what a sample may say of its start has no meaning."""
        return self.begins

    def on_cell(self, surface: float, heat_capacity: float) -> Schedule:
        """There is no time for anything to last."""
        return Schedule(np.zeros(1))

    def on_body(self) -> OnBody:
        """There is no time for the conditions to last."""
        return OnBody(Schedule(np.zeros(1)))

    def cell_problems(self, cell: Any) -> Problems:
        """It has one surface, and something must react."""
        found = no_faces(self, ("faces", "held_faces"))
        if not cell.reaction_names():
            found.append((("kind",), "nothing reacts in this cell, so there is no heat that could make it unstable; give it a 'chemistry'"))
        return found

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """Faces that are not there."""
        found, known = missing_faces(self, body) if self.heat_transfer_coefficient or self.emissivity else [], body.face_names()
        filmed = self.faces if self.heat_transfer_coefficient or self.emissivity else ()
        for i, name in enumerate(self.held_faces):
            if name in self.held_faces[:i]:
                found.append((("held_faces", i), f"{shortened(name)!r} is named twice"))
            elif name in filmed and name in known:
                found.append(
                    (
                        ("held_faces", i),
                        f"{shortened(name)!r} has a film as well, which does nothing on a held face; leave it out of 'faces'",
                    )
                )
            elif name not in known:
                found.append((("held_faces", i), f"the sample has no face {shortened(name)!r}" + among(name, known)))
            elif body.within(name):
                found.append((("held_faces", i), f"{shortened(name)!r} lies within the body; name an outer face"))
        return found
