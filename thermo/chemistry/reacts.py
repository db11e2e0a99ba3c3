"""What may react: a cell of one temperature, or a material of a body; its chemistry by name or written, single numbers changed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError, ValidationInfo, field_validator, model_validator

from thermo.base.errors import CaseError, did_you_mean, shortened
from thermo.casefile.models import Frozen, make, misplaced
from thermo.casefile.reader import Key, read_document
from thermo.casefile.units import Unit, UnitError
from thermo.chemistry.changes import change_problem, change_value, form_problems, name_problem, with_changes
from thermo.chemistry.gas import WHOLE
from thermo.chemistry.mechanism import HeatPerMass, HeatPerMole, MechanismOfFile, MechanismText, library_mechanisms
from thermo.chemistry.short import ShortCircuit, Trigger, short_problems
from thermo.chemistry.vent import Vent
from thermo.materials.material import Material


def _name_or_written(value: Any) -> str:
    return "name" if isinstance(value, str) else "written"


def _from_file(value: Any, info: ValidationInfo) -> Any:
    """The mechanism of a file, where a name ends as one of YAML: beside the case file, read as strictly as that."""
    if not isinstance(value, str) or not value.endswith((".yaml", ".yml")) or not info.context:
        return value
    path = info.context["folder"] / value
    try:
        made, mistakes = make(MechanismText, read_document(path))
    except CaseError as error:
        mistakes = error.mistakes
    if mistakes:
        raise misplaced([((), str(mistake)) for mistake in mistakes])
    return MechanismOfFile.model_construct(**dict(made))  # checked above; to be made anew would lose what its numbers say of themselves


Chemistry = Annotated[
    Annotated[str, Tag("name")] | Annotated[MechanismText, Tag("written")],
    Discriminator(_name_or_written),
    BeforeValidator(_from_file),
]


class Reacts(Frozen):
    """Something with a `chemistry`, whose numbers `with` changes one by one."""

    chemistry: Chemistry | None = None
    changes: dict[str, Any] = Field(default={}, alias="with")

    @field_validator("changes", mode="before")
    @classmethod
    def _numbers(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        made: dict[str, Any] = {}
        problems: list[tuple[Key, str]] = []
        for key, raw in value.items():
            try:
                made[key] = change_value(key, raw, info)
            except ValidationError as error:
                problems += [((key, *more), text) for more, text in form_problems(error)]
            except UnitError as error:
                problems.append(((key,), str(error)))
        if problems:  # nobody asks for the names of what has no value
            text = _written_out(info.data.get("chemistry"))
            known = {key[0] for key, _ in problems if len(key) == 1}
            named = [(key, name_problem(text, key)) for key in value if key not in known] if text else []
            raise misplaced(problems + [((key,), said) for key, said in named if said])
        return made

    def mechanism(self) -> MechanismText | None:
        """The chemistry with the numbers of `with` in place."""
        text = _written_out(self.chemistry)
        return None if text is None else with_changes(text, self.changes)

    def written(self, owner: str) -> tuple[MechanismText | None, list[tuple[Key, str]]]:
        """The chemistry as it stands without `with`, and what is wrong with both; `owner` is what has them, in words."""
        if isinstance(self.chemistry, str) and self.chemistry not in library_mechanisms():
            text = f"unknown mechanism {shortened(self.chemistry)!r}" + did_you_mean(self.chemistry, library_mechanisms())
            return None, [(("chemistry",), text)]
        base = _written_out(self.chemistry)
        if base is None:
            return None, [(("with",), f"changes numbers of a chemistry, but the {owner} has none")] if self.changes else []
        found = [(key, change_problem(base, key, value)) for key, value in self.changes.items()]
        return base, [(("with", key), text) for key, text in found if text]


def _written_out(chemistry: str | MechanismText | None) -> MechanismText | None:
    """A chemistry by its name in the library or as it is; None where there is none of that name."""
    return library_mechanisms().get(chemistry) if isinstance(chemistry, str) else chemistry


After = Annotated[
    Annotated[Literal["vent"], Tag("name")] | Annotated[Trigger, Tag("written")],
    Discriminator(_name_or_written),
]


class ThrownOut(Frozen):
    """Share of the heat of its reactions that leaves a region with what is thrown out, from a temperature or its vent on."""

    fraction: Annotated[float, Unit("number", gt=0, lt=1)]
    after: After


class ReactsByVolume(Reacts):
    """A chemistry whose heats are those of each cubic metre of a material, and how regions of it fail.

    Of each region of this material `ejecta` take a share of the heat, once its hottest place is at a temperature or its `vent` has opened,
    and each is a cell that a `short` discharges.
    """

    ejecta: ThrownOut | None = None
    short: ShortCircuit | None = None
    vent: Vent | None = None

    @model_validator(mode="after")
    def _fails(self) -> ReactsByVolume:
        problems: list[tuple[Key, str]] = []
        if self.ejecta is not None and self.chemistry is None:
            problems.append((("ejecta",), "take a share of the heat of reactions, but the material has no chemistry"))
        if self.vent is not None and self.chemistry is None:
            problems.append((("vent",), "is that of a cell that reacts, but the material has no chemistry"))
        if self.ejecta is not None and self.ejecta.after == "vent" and self.vent is None:
            problems.append((("ejecta", "after"), "names a vent, but the material has none"))
        problems += [(("vent", *key), f"is that of a whole cell; a material needs {cure}") for key, cure in _of_a_whole(self.vent)]
        if self.short is not None and self.chemistry is None:
            problems.append((("short",), "uses up a species of the chemistry, but the material has none"))
        elif not isinstance(self.chemistry, str) or self.chemistry in library_mechanisms():
            problems += short_problems(self.short, self.written("material")[0])
        if self.short is not None and self.short.fused_energy is not None:
            problems.append(
                (("short", "fused_energy"), "is for a cell of one temperature; in a body a short lasts until its charge is gone")
            )
        if problems:
            raise misplaced(problems)
        return self

    @model_validator(mode="after")
    def _by_volume(self) -> ReactsByVolume:
        base, problems = self.written("material")
        if base is not None and not problems:
            text = with_changes(base, self.changes)
            of_cells = [name for name, reaction in text.reactions.items() if _of_a_cell(reaction.heat, text)]
            problems = [(("chemistry",), _whole_cell(of_cells, self.chemistry))] if of_cells else []
            whole = next((name for name, reaction in text.reactions.items() if getattr(reaction.gas, "dimension", None) == WHOLE), None)
            if whole is not None:
                problems.append(
                    (("chemistry",), f"the gas of {shortened(whole)!r} is that of a whole cell; a material needs mol/m3 or mol/kg")
                )
        if problems:
            raise misplaced(problems)
        return self


class ReactingMaterial(ReactsByVolume, Material):
    """A material of a case: what the library has, and what reacts in it."""


def _of_a_whole(vent: Vent | None) -> list[tuple[Key, str]]:
    """What of the vent of a material is an amount of a whole cell, and what it needs."""
    if vent is None:
        return []
    found: list[tuple[Key, str]] = []
    if getattr(vent.at.gas, "dimension", None) == WHOLE:
        found.append((("at", "gas"), "mol/m3 or mol/kg"))
    if getattr(vent.takes, "dimension", None) == "energy":
        found.append((("takes",), "J/kg"))
    return found


def _of_a_cell(heat: Any, text: MechanismText) -> bool:
    """Whether a heat is that of a whole cell, and not of a volume of material."""
    if text.amounts == "density":
        return False
    return not isinstance(heat, HeatPerMass | HeatPerMole) or (heat.content is None and getattr(heat, "share", None) is None)


def _whole_cell(reactions: list[str], chemistry: Any) -> str:
    """What is wrong with heats of a whole cell in a material, and the cure."""
    named = isinstance(chemistry, str)
    cure = f"with: {{{reactions[0]}.heat: {BY_VOLUME}, ...}}" if named else f"heat: {BY_VOLUME}"
    return (
        f"the heats of {', '.join(map(shortened, reactions))} {f'in {chemistry!r} ' if named else ''}are those of a whole cell, and a "
        f"material needs them by volume: give {cure}; the content is the mass of the reactant over the volume of the material"
    )


BY_VOLUME = "{per_mass: 257 J/g, content: 610 kg/m3}"
