"""Conditions on faces and sources in regions, over time or in a steady state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from thermo.base.errors import among, shortened
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.programmes.conditions import (
    Contact,
    Convection,
    Flux,
    GapRadiation,
    Held,
    Inside,
    Radiation,
    Source,
    ThinLayer,
    corners,
)
from thermo.programmes.driving import Driving, OnBody, Problems, Terms
from thermo.programmes.lumped_bodies import ContactWithABody, lumped_names
from thermo.programmes.programme import Schedule

# insulated is what a face without a condition is
Condition = Annotated[
    Held | Flux | Convection | Radiation | Contact | ThinLayer | GapRadiation | ContactWithABody, Field(discriminator="kind")
]


def schedule(terms: Terms, end: float) -> Schedule:
    """Nothing but conditions until an end [s]; steps end where one bends."""
    bends = [time for time in corners([condition for _, condition in terms]) if 0.0 < time < end]
    return Schedule(np.array([*bends, end]))


class Conditions(Driving):
    """Conditions by face and by region, several on one if need be; a face without one is insulated. Sources of heat by region."""

    faces: dict[str, tuple[Condition, ...]] = {}
    regions: dict[str, tuple[Inside, ...]] = {}
    sources: dict[str, Source] = {}

    def terms(self) -> Terms:
        """Each condition with the name of its face, then each condition and each source with the name of its region."""
        placed = [*self.faces.items(), *self.regions.items()]
        return tuple([(name, condition) for name, conditions in placed for condition in conditions] + list(self.sources.items()))

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """What conditions wait for is there, and there is a time to wait in."""
        found = self._lumped_problems(body, probes)
        probes = [*probes, *lumped_names(self.terms())]
        for key, condition in self._placed():
            for word, reached in condition.waits().items():
                if self.steady:
                    found.append(((*key, word), "has no effect in a steady state, which has no time"))
                if reached.probe is not None and reached.probe not in probes:
                    text = f"there is no probe {shortened(reached.probe)!r}" + among(reached.probe, list(probes))
                    found.append(((*key, word, "probe"), text))
                if reached.region is not None and reached.region not in body.region_names():
                    text = f"the sample has no region {shortened(reached.region)!r}" + among(reached.region, body.region_names())
                    found.append(((*key, word, "region"), text))
        return found

    def _lumped_problems(self, body: Any, probes: Mapping[str, Any]) -> Problems:
        """Lumped bodies whose names or numbers do not fit; there is nothing to hold their heat where time has no meaning."""
        found: Problems = []
        first: dict[str, tuple[str, Any]] = {}
        taken = [("probe", probes), ("face", body.face_names()), ("region", body.region_names())]
        for key, condition in self._placed():
            if not condition.beside:
                continue
            name, place = condition.name, str(key[1])
            for what, names in taken:
                if name in names:
                    found.append(((*key, "name"), f"the case has a {what} {shortened(name)!r}; give the body another name"))
            if self.steady:
                text = "in a steady state a heat capacity has no effect; use a convection with the coefficient 1/resistance"
                found.append(((*key, "kind"), text))
            elif condition.temperature is None and not isinstance(body.temperature, float):
                text = f"'temperature' is missing: the sample has no single start temperature that {shortened(name)!r} could start at"
                found.append((key, text))
            other = first.setdefault(name, (place, condition))
            for word in condition.differs(other[1]):
                text = f"differs from what the face {shortened(other[0])!r} says of {shortened(name)!r}; "
                found.append(((*key, word), text + "faces that touch the same body give it the same numbers, each its own resistance"))
        return found

    def _placed(self) -> list[tuple[Key, Any]]:
        """Every condition with its key."""
        made: list[tuple[Key, Any]] = [(("sources", name), source) for name, source in self.sources.items()]
        for block, places in (("faces", self.faces), ("regions", self.regions)):
            made += [((block, name, i), condition) for name, conditions in places.items() for i, condition in enumerate(conditions)]
        return made


class SteadyProgramme(Conditions):
    """The temperatures that conditions and sources, constant in time, lead to in the end."""

    kind: Literal["steady"]
    steady: ClassVar[bool] = True

    def on_body(self) -> OnBody:
        """The conditions; there is no time for them to last."""
        return OnBody(Schedule(np.zeros(1)))

    def cell_problems(self, cell: Any) -> Problems:
        """A cell has no field."""
        text = "a cell of one temperature has no field; use 'stability' for its stationary state while it reacts"
        return [(("kind",), text)]


class SurroundingsProgramme(Conditions):
    """Conditions by face and sources by region until an end."""

    kind: Literal["surroundings"]
    end: Annotated[float, Unit("time", gt=0)]

    def on_cell(self, surface: float, heat_capacity: float) -> Schedule:
        """Nothing is around a cell: it has no faces."""
        return schedule(self.terms(), float(self.end))

    def on_body(self) -> OnBody:
        """The conditions until the end."""
        return OnBody(schedule(self.terms(), float(self.end)))
