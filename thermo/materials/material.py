"""What a body is made of: density, heat capacity, thermal conductivity, melting; the library of materials."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from thermo.base.errors import CaseError, Mistake, closest, did_you_mean, shortened
from thermo.casefile.models import Frozen, make, misplaced
from thermo.casefile.reader import Document, Key, read_document
from thermo.casefile.units import Quantity, Unit
from thermo.materials.properties import Property, frozen

Temperature = Annotated[float, Unit("temperature")]

Density = Annotated[Any, Property("density")]
SpecificHeatCapacity = Annotated[Any, Property("specific heat capacity")]
Conductivity = Annotated[Any, Property("thermal conductivity", by_axis=True)]
Share = Annotated[float, Unit("number", ge=0)]


class Transition(Frozen):
    """A change of phase: where it is, the heat it takes, and the range of temperature that heat is spread over."""

    temperature: Temperature
    heat: Annotated[float | None, Unit("specific energy", gt=0)] = None
    range: Annotated[float | None, Unit("temperature difference", gt=0)] = None
    note: str | None = None


class Range(Frozen):
    """The temperatures between which a material's values hold."""

    lowest: Temperature = Field(alias="from")
    highest: Temperature = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.highest <= self.lowest:
            raise misplaced([(("to",), "must lie above 'from'")])
        return self


PROPERTIES = ("density", "heat_capacity", "thermal_conductivity")


class Material(Frozen):
    """A material: written out, or one of the library with single numbers replaced, as it is or frozen at a temperature.

    `uncertainty` is relative, the half-width of about 95 %. `alternatives` are other published values.
    """

    library: str | None = None
    at: Temperature | None = None
    title: str | None = None
    density: Density = None
    heat_capacity: SpecificHeatCapacity = None
    thermal_conductivity: Conductivity = None
    melting: Transition | None = None
    boiling: Transition | None = None
    degradation: Transition | None = None
    uncertainty: dict[str, Share] = {}
    valid: Range | None = None
    alternatives: dict[str, Alternative] = {}
    note: str | None = None

    @field_validator("uncertainty")
    @classmethod
    def _of_properties(cls, value: dict[str, Any]) -> dict[str, Any]:
        problems: list[tuple[Key, str]] = [
            ((name,), f"{shortened(name, 40)!r} is not a property" + did_you_mean(name, PROPERTIES))
            for name in value
            if name not in PROPERTIES
        ]
        if problems:
            raise misplaced(problems)
        return value

    def for_steady(self) -> Material:
        """The material with a density of 1 kg/m3 and a heat capacity of 1 J/(kg K) where it states none: a steady state needs neither."""
        missing = {name: 1.0 for name in PROPERTIES[:2] if getattr(self, name) is None}
        return self.model_copy(update=missing) if missing else self

    def resolved(self) -> Material:
        """The material with everything the library adds, frozen where the case freezes it. Library names must exist.

        A property that the case replaces has the case's uncertainty or none: the library's speaks of another number.
        """
        base = library_materials()[self.library] if self.library else self
        own = {name: getattr(self, name) for name in self.model_fields_set if name not in ("library", "at")}
        entries = {name: getattr(base, name) for name in type(base).model_fields if name not in ("library", "at")} | own
        replaced = {name for name in PROPERTIES if own.get(name) is not None}
        for name in PROPERTIES:  # nothing in place of a number leaves the library's
            entries[name] = own[name] if name in replaced else getattr(base, name)
        for name in ("melting", "boiling", "degradation"):
            entries[name] = _merged(getattr(base, name), own.get(name))
        entries["alternatives"] = base.alternatives | self.alternatives
        kept = {name: share for name, share in base.uncertainty.items() if name not in replaced}
        stated = {name: share for name in replaced if (share := _share(own[name])) is not None}
        entries["uncertainty"] = kept | stated | self.uncertainty
        if self.at is not None:
            for name in PROPERTIES:
                entries[name] = frozen(entries[name], self.at)
        return Material.model_construct(library=self.library, at=self.at, **entries)


def _merged(base: Transition | None, own: Transition | None) -> Transition | None:
    """The library's transition with what the case writes in its place."""
    if base is None or own is None:
        return own or base
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _share(number: Any) -> Quantity | None:
    """The uncertainty stated with a number itself, as a share of it."""
    if not isinstance(number, Quantity) or number.uncertainty is None:
        return None
    made = Quantity.of(number.uncertainty / number, "number")
    made.status, made.source = number.status, number.source
    return made


class Alternative(Frozen):
    """Other published values of some properties, kept for comparison."""

    density: Density = None
    heat_capacity: SpecificHeatCapacity = None
    thermal_conductivity: Conductivity = None
    note: str | None = None


Material.model_rebuild()


class _Family(Frozen):
    title: str
    materials: dict[str, Material]


LIBRARY = Path(__file__).parent.parent / "library"


def read_shipped(file: Path, model: Any) -> tuple[Document, Any]:
    """A file of the library, read as strictly as a case. Raises CaseError."""
    document = read_document(file)
    made, mistakes = make(model, document)
    if mistakes:
        raise CaseError(mistakes)
    return document, made


@functools.cache
def library_materials() -> dict[str, Material]:
    """The shipped materials by name. Raises CaseError if a shipped file is damaged."""
    materials: dict[str, Material] = {}
    for file in sorted((LIBRARY / "materials").glob("*.yaml")):
        document, family = read_shipped(file, _Family)
        for name, material in family.materials.items():
            if name in materials:
                raise CaseError([Mistake(document.path, document.line(("materials", name)), name, "appears in two files of the library")])
            materials[name] = material
    return materials


def material_mistakes(document: Document, raw: Any, steady: bool = False) -> list[Mistake]:
    """What is wrong with the `materials` block beyond its form: unknown library names, properties that are missing.

    A `steady` state needs the conductivity alone.
    """
    needed = PROPERTIES[-1:] if steady else PROPERTIES
    mistakes = []
    for name, entry in raw.items() if isinstance(raw, dict) else []:
        if not isinstance(entry, dict):
            continue
        library = entry.get("library")
        if isinstance(library, str):
            if library not in library_materials():
                text = f"unknown material {shortened(library)!r}" + did_you_mean(library, library_materials())
                mistakes.append(document.mistake(("materials", name, "library"), text))
        else:
            if "at" in entry:
                mistakes.append(document.mistake(("materials", name, "at"), "needs a library material; give 'library' as well"))
            if any(closest(key, ["library"]) for key in entry if key not in Material.model_fields):
                continue  # a misspelt 'library' is one mistake, and not also the absence of all that it would bring
            for missing in (known for known in needed if entry.get(known) is None):
                if not any(closest(key, PROPERTIES) == missing for key in entry if key not in PROPERTIES):
                    mistakes.append(document.mistake(("materials", name), f"{missing!r} is missing"))
    return mistakes
