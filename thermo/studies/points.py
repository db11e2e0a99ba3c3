"""A study of points: one case, run at many values of its inputs. A point is a value of each input; its outcome, what is asked of the run.

Each kind of such a study is a class of a module of its own: it says which points it needs, hears their outcomes and concludes. Who runs
the points, and where, it does not know.
"""

from __future__ import annotations

import functools
import re
from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from thermo.base.errors import CaseError, Mistake
from thermo.case.case import Case, case_of
from thermo.case.checks import result_problem, results_of
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Document, Key, parse_document
from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.settings import change
from thermo.casefile.units import Unit, UnitError, parse
from thermo.results.words import shown
from thermo.studies.inputs import Correlation, Input, correlation_problems
from thermo.studies.member import Changed

Point = dict[str, str]  # a value with its unit for each input
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")


class Yes(Frozen):
    """What counts as a yes: a result `above` or `below` a limit; without one, that there is such a result at all."""

    what: str
    above: str | float | None = None
    below: str | float | None = None

    @model_validator(mode="after")
    def _readable(self) -> Yes:
        problems: list[tuple[Key, str]] = []
        for key, text in (("above", self.above), ("below", self.below)):
            try:
                if text is not None:
                    parse(str(text), dimension_of_key(self.what))
            except UnitError as error:
                problems.append(((key,), str(error)))
        if self.above is not None and self.below is not None:
            problems.append((("below",), "stands beside 'above': give one of them"))
        if problems:
            raise misplaced(problems)
        return self

    def answer(self, value: float | None) -> bool:
        """Whether a result is a yes; one that is absent is none."""
        if value is None:
            return False
        limit = self.above if self.above is not None else self.below
        if limit is None:
            return True
        level = float(parse(str(limit), dimension_of_key(self.what)))
        return value > level if self.above is not None else value < level

    def words(self) -> str:
        """The definition, in words."""
        for word, limit in (("above", self.above), ("below", self.below)):
            if limit is not None:
                return f"{self.what} {word} {shown(self.what, float(parse(str(limit), dimension_of_key(self.what))))}"
        return f"there is {self.what}"


class Outcome(NamedTuple):
    """What came of a point: its outputs by name, None where there is no such result; whether it is a yes, None where that is not asked;
    and why it failed, empty where it did not. Of a point that failed nothing else is known, but that its answer may be a yes already."""

    outputs: dict[str, float | None]
    yes: bool | None
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether the point has no answer."""
        return bool(self.reason)


Rounds = Generator[list[Point], list[Outcome], dict[str, Any]]  # yields points, is sent their outcomes, returns the conclusion


class PointStudy(Frozen):
    """What all studies of points say."""

    kind: str
    case: str | Changed
    inputs: dict[str, Input]
    outputs: dict[str, str] = {}
    yes: Yes | None = None
    limit: Annotated[float | None, Unit("time", gt=0)] = None
    keep: Literal["failed", "none", "all"] | tuple[Annotated[int, Field(strict=True, ge=1)], ...] = "failed"

    @field_validator("outputs", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        wrong = [name for name in value if not NAME.fullmatch(str(name))] if isinstance(value, dict) else []
        if wrong:
            raise misplaced([((name,), "a name may have letters, digits, '-', '_' and spaces") for name in wrong])
        return value

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        return [] if self.inputs else [(("inputs",), "is empty")]

    @abstractmethod
    def n_points(self) -> str:
        """How many points it has, in words."""

    @abstractmethod
    def count(self) -> int:
        """How many points it has, about."""

    @abstractmethod
    def rounds(self) -> Rounds:
        """Points to run, round by round, and what follows from their outcomes."""

    def units(self) -> dict[str, str]:
        """Every key of the case that a point sets, with the unit of its numbers; empty where they have several, or none."""
        return {name: entry.unit() for name, entry in self.inputs.items()}

    def wanted(self) -> dict[str, str]:
        """Every result that is read of a run, by name; that of the yes under an empty name."""
        return {**self.outputs, **({"": self.yes.what} if self.yes else {})}


class Sampled(PointStudy):
    """What studies say whose inputs have distributions."""

    correlations: tuple[Correlation, ...] = ()
    design: Literal["sobol", "latin-hypercube", "random"] = "sobol"
    points: Annotated[int, Field(strict=True, ge=2, le=10_000_000)] = 256
    seed: Annotated[int, Field(strict=True, ge=0)] = 1

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        for name, entry in self.inputs.items():
            if not entry.spread:
                found.append((("inputs", name), f"needs a distribution: uniform, triangular, normal or lognormal, found {entry.form}"))
        if not found:
            found += [(("correlations", *key), text) for key, text in correlation_problems(self.inputs, self.correlations)]
        return found


def assignments(point: Mapping[str, str]) -> list[str]:
    """A point as `KEY=VALUE`."""
    return [f"{key}={value}" for key, value in point.items()]


def input_mistakes(document: Document, member: Document, study: PointStudy) -> list[Mistake]:
    """Inputs that the case does not have, and ends of their ranges that it refuses, at their lines of the study."""
    mistakes = []
    for name, entry in study.inputs.items():
        for value in dict.fromkeys(entry.ends(1e-6)):
            try:
                case_of(change(member, [f"{name}={value}"]))
            except CaseError as error:
                first = error.mistakes[0]
                rest = first.key.removeprefix(name).strip(".")
                mistakes.append(document.mistake(("study", "inputs", name), f"{value}: {rest + ': ' if rest else ''}{first.text}"))
                break
    return mistakes


def output_problems(study: PointStudy, case: Case) -> list[tuple[Key, str]]:
    """Results that such a run does not have."""
    known = results_of(case)

    def problem_of(what: str) -> str | None:
        whole = result_problem(known, what)
        return whole if whole and result_problem(known, f"{what}.temperature_K") else None  # of a group its temperature is meant

    problems: list[tuple[Key, str]] = [
        (("outputs", name), problem) for name, what in study.outputs.items() if (problem := problem_of(what))
    ]
    if study.yes and (problem := result_problem(known, study.yes.what, study.yes.above is not None or study.yes.below is not None)):
        problems.append((("yes", "what"), problem))
    return problems


class Job(NamedTuple):
    """All that a worker needs for a point: the case as text with the folder it was read in, what is changed in it, what is asked."""

    text: str
    path: str
    settings: tuple[str, ...]
    wanted: dict[str, str]
    yes: Yes | None
    folder: str | None  # where the run is kept, if it is


@functools.lru_cache(maxsize=4)
def _read(text: str, path: str, settings: tuple[str, ...]) -> Document:
    """The case that all points of a study change, read once in each process."""
    return change(parse_document(text, path), settings)


def outcome_of(job: Job, point: Point) -> Outcome:
    """Run a point; a run that fails is told in the outcome, with its reason."""
    from thermo.measurement.asked import Pictures
    from thermo.simulation.result import look_up
    from thermo.simulation.simulate import run

    nothing: dict[str, float | None] = {name: None for name in job.wanted if name}
    try:
        document = change(_read(job.text, job.path, job.settings), assignments(point))
        case = case_of(document)
    except CaseError as error:
        first = error.mistakes[0]
        return Outcome(nothing, None, f"{first.key}: {first.text}" if first.key else first.text)
    case = case.model_copy(update={"expect": (), "measure": case.measure.model_copy(update={"pictures": Pictures()})})
    summary = run(case).summary()
    if summary["status"] != "complete":
        return Outcome(nothing, True if _yes_already(job.yes, summary) else None, str(summary["end"]["reason"]))
    values = {name: _number(look_up(summary, what)) for name, what in job.wanted.items()}
    answer = job.yes.answer(values.pop("")) if job.yes else None
    return Outcome(values, answer)


def _yes_already(yes: Yes | None, summary: dict[str, Any]) -> bool:
    """Whether a run that failed had its yes before: a largest temperature beyond its limit stays so, whatever would have come."""
    from thermo.simulation.result import look_up

    if yes is None or yes.above is None or not yes.what.endswith("maximum_K"):
        return False
    return yes.answer(_number(look_up(summary, yes.what)))


def _number(found: Any) -> float | None:
    """A result as a number: of a group its temperature."""
    if isinstance(found, dict):
        found = found.get("temperature_K")
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def job_of(study: PointStudy, member: Document, settings: Sequence[str], folder: Path | None = None) -> Job:
    """What a worker needs for the points of a study; paths of the case are those of the folder that it was read in."""
    path = str(Path(member.path).resolve())
    return Job(member.text, path, tuple(settings), study.wanted(), study.yes, None if folder is None else str(folder))
