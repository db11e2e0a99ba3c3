"""What a study of the kind `calibrate` says: records, the numbers that are free, intervals and checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from thermo.base.errors import did_you_mean
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Quantity, Unit, UnitError, parse
from thermo.materials.material import Temperature
from thermo.studies.member import Changed


class Scale(Frozen):
    """The factor of a heat flow: `value`, and how far the calibration of the instrument may be off, `sd`, as a share of it."""

    value: Annotated[float, Unit("number", gt=0)] = Field(default="1", validate_default=True)  # type: ignore[assignment]
    sd: Annotated[float, Unit("number", ge=0, le=1)] = Field(default="3 %", validate_default=True)  # type: ignore[assignment]


class RecordText(Frozen):
    """One record: its file, the instrument, its noise, and what `set` changes in the case for it (programme, phi, mass, content).

    `noise` is a difference of temperature for `arc` and `adiabatic`, a share of the peak for `dsc`. Rows faster than `up_to` are left
    out. `soc` is the state of charge that `own` may refer to. `mass` is that of a sample whose heat flow is in W.
    """

    file: str
    kind: Literal["arc", "adiabatic", "dsc"]
    noise: str | None = None
    up_to: Annotated[float | None, Unit("temperature rate", gt=0)] = None
    settings: dict[str, Any] = Field(default={}, alias="set")
    soc: Annotated[float | None, Unit("number", gt=0, le=1.5)] = None
    rate: Annotated[float | None, Unit("temperature rate", gt=0)] = None
    scale: Scale | None = None
    baseline: Literal["straight", "none"] = "straight"
    mass: Annotated[float | None, Unit("mass", gt=0)] = None
    columns: dict[str, str] = {}

    @model_validator(mode="after")
    def _fits(self) -> RecordText:
        problems: list[tuple[Key, str]] = []
        words = ("rate", "scale", "mass") if self.kind != "dsc" else ("up_to",)
        for word in words:
            if getattr(self, word) is not None:
                problems.append(((word,), f"is not for a record of the kind {self.kind}"))
        try:
            if self.noise is not None and self.noise_number() <= 0.0:
                problems.append((("noise",), f"must be positive, got {self.noise}"))
        except UnitError as error:
            problems.append((("noise",), str(error)))
        if problems:
            raise misplaced(problems)
        return self

    def noise_number(self) -> float:
        """Standard deviation of a temperature [K], or of a heat flow as a share of its peak. Raises UnitError."""
        return float(parse(self.noise or "", "number" if self.kind == "dsc" else "temperature difference"))

    def changed(self, case: str | Changed) -> Changed:
        """The case of the study with what this record changes in it."""
        base = case if isinstance(case, Changed) else Changed(file=case)
        return Changed.model_validate({"file": base.file, "set": {**base.settings, **self.settings}, "expect": ()})


Made = TypeVar("Made", "FreeRate", "FreeEnergy", "FreeHeat")


class FreeRate(Frozen):
    """A rate constant that is free, at the temperature `at`, within `from` and `to`; a prior has a `factor` of one standard deviation."""

    at: Temperature | None = None
    least: Annotated[float | None, Unit("rate constant", gt=0), Field(alias="from")] = None
    most: Annotated[float | None, Unit("rate constant", gt=0), Field(alias="to")] = None
    prior: Annotated[float | None, Unit("rate constant", gt=0)] = None
    factor: Annotated[float | None, Unit("number", gt=1)] = None

    @model_validator(mode="after")
    def _in_order(self) -> FreeRate:
        return _checked(self, "factor", self.factor)


class FreeEnergy(Frozen):
    """An activation energy that is free, within `from` and `to`, or about a `prior` with a standard deviation `sd`."""

    least: Annotated[float | None, Unit("molar energy", gt=0), Field(alias="from")] = None
    most: Annotated[float | None, Unit("molar energy", gt=0), Field(alias="to")] = None
    prior: Annotated[float | None, Unit("molar energy", gt=0)] = None
    sd: Annotated[float | None, Unit("molar energy", gt=0)] = None

    @model_validator(mode="after")
    def _in_order(self) -> FreeEnergy:
        return _checked(self, "sd", self.sd)


class FreeHeat(Frozen):
    """A heat that is free, per unit of extent [J]: within `from` and `to`, or about a `prior` with a standard deviation `sd`."""

    least: Annotated[float | None, Unit("energy", gt=0), Field(alias="from")] = None
    most: Annotated[float | None, Unit("energy", gt=0), Field(alias="to")] = None
    prior: Annotated[float | None, Unit("energy", gt=0)] = None
    sd: Annotated[float | None, Unit("energy", gt=0)] = None

    @model_validator(mode="after")
    def _in_order(self) -> FreeHeat:
        return _checked(self, "sd", self.sd)


def _checked(made: Made, word: str, width: float | None) -> Made:
    """A free number whose range is in order and whose prior has a width."""
    problems: list[tuple[Key, str]] = []
    if made.least is not None and made.most is not None and made.least >= made.most:
        ends = [end.text if isinstance(end, Quantity) and end.text else f"{end:g}" for end in (made.least, made.most)]
        problems.append((("to",), f"the range is empty: it goes from {ends[0]} to {ends[1]}"))
    if (made.prior is None) != (width is None):
        problems.append(((word if width is None else "prior",), f"is missing: a prior has 'prior' and '{word}'"))
    if problems:
        raise misplaced(problems)
    return made


class Free(Frozen):
    """What is free of one reaction; what is not named stays as the case has it."""

    rate_constant: FreeRate | None = None
    activation_energy: FreeEnergy | None = None
    heat: FreeHeat | None = None

    @model_validator(mode="after")
    def _some(self) -> Free:
        if self.rate_constant is None and self.activation_energy is None and self.heat is None:
            raise misplaced([((), "frees nothing: name rate_constant, activation_energy or heat")])
        return self


class PowerOf(Frozen):
    """A number that goes with a power of the state of charge: value x soc^power, the power being free."""

    power_of: Literal["soc"]


class Check(Frozen):
    """Held-out prediction: each record in turn, rows above a rate, and how many reactions of `fit`, from the first on, predict best."""

    leave_out: Literal["each record"] | None = None
    hold_out: Annotated[float | None, Unit("temperature rate", gt=0)] = None
    reactions: tuple[Annotated[int, Field(strict=True, ge=1)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _above(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("hold_out"), str):
            return {**value, "hold_out": value["hold_out"].removeprefix("above").strip()}
        return value


FREE = ("rate_constant", "activation_energy", "heat")


class Calibration(Frozen):
    """Records of one chemistry, and the numbers of its reactions that are fitted to all of them at once.

    `case` is a lumped cell; its numbers are where the fit starts. `own` gives a number to each record by itself (`each`), or makes it go
    with a power of the state of charge; all others are shared. `scatter` is what a row is off by beside its noise, as a share of the time
    between two rows, or `fitted`. `beyond: goes-on` says that reactions do not stop where the records end.
    """

    kind: Literal["calibrate"]
    case: str | Changed
    records: dict[str, RecordText]
    fit: dict[str, Free]
    own: dict[str, Literal["each"] | PowerOf] = {}
    scatter: Literal["fitted"] | Annotated[float, Unit("number", ge=0, le=1)] = Field(default="0.2 %", validate_default=True)  # type: ignore[assignment]
    beyond: Literal["goes-on"] | None = None
    forms: dict[str, tuple[Annotated[float, Unit("number", ge=0, le=10)], ...]] = {}
    starts: Annotated[int, Field(strict=True, ge=1, le=1000)] = 10
    intervals: Literal["linearised", "profile", "sample"] = "profile"
    check: Check | None = None
    seed: Annotated[int, Field(strict=True, ge=0)] = 0

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`, before any record is read."""
        found: list[tuple[Key, str]] = [((name,), "is empty") for name in ("records", "fit") if not getattr(self, name)]
        for key, entry in self.own.items():
            reaction, _, word = key.rpartition(".")
            if reaction not in self.fit:
                found.append((("own", key), f"there is no reaction {reaction!r} in 'fit'" + did_you_mean(reaction, self.fit)))
            elif word not in FREE or getattr(self.fit[reaction], word) is None:
                found.append((("own", key), f"{word!r} of {reaction} is not free; name it in 'fit'"))
            elif isinstance(entry, PowerOf) and word == "activation_energy":
                found.append((("own", key), "goes with a power of soc for a rate_constant or a heat only"))
            elif isinstance(entry, PowerOf):
                found += [
                    (("records", name, "soc"), f"is missing: {key} goes with a power of it")
                    for name, record in self.records.items()
                    if record.soc is None
                ]
        for n in () if self.check is None else self.check.reactions:
            if n > len(self.fit):
                found.append((("check", "reactions"), f"'fit' has {len(self.fit)} reactions, not {n}"))
        return found
