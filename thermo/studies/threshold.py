"""A threshold: between which two values of an input the answer changes, by bisection."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

from pydantic import Field

from thermo.casefile.reader import Key
from thermo.studies.inputs import DIFFERENCES, Number, number_of
from thermo.studies.points import Outcome, Point, PointStudy, Rounds
from thermo.studies.results import suffix_of

MOST_HALVINGS = 60


class Threshold(PointStudy):
    """One input between `from` and `to`, halved until the bracket is narrower than `within`. Both ends must answer differently.

    `scan`: so many values, evenly spread, are asked first, and every change between them is narrowed by itself.
    """

    kind: Literal["threshold"]
    within: str | float
    scan: Annotated[int, Field(strict=True, ge=2, le=1000)] = 2

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        if len(self.inputs) > 1:
            found.append((("inputs",), f"of a threshold is one, found {len(self.inputs)}"))
        for name, entry in self.inputs.items():
            if entry.form != "range":
                found.append((("inputs", name), f"of a threshold needs from and to, found {entry.form}"))
            elif entry.points is not None:
                found.append((("inputs", name, "points"), "belongs to a sweep; a threshold has 'scan'"))
            elif not found:
                found += self._within_problems(name)
        if self.yes is None:
            found.append((("yes",), "is missing: the result that answers, with 'above' or 'below'"))
        return found

    def _within_problems(self, name: str) -> list[tuple[Key, str]]:
        first, last = self.inputs[name].numbers()
        try:
            width = number_of(self.within)
        except ValueError as error:
            return [(("within",), str(error))]
        unit = DIFFERENCES.get(first.unit, first.unit)
        if width.unit not in (unit, first.unit if first.unit not in DIFFERENCES else unit):
            return [(("within",), f"{self.within} is needed in {unit or 'no unit'}, as from and to are")]
        least = abs(last.value - first.value) * 2.0**-MOST_HALVINGS
        if not least < width.value < abs(last.value - first.value):
            return [(("within",), f"must be positive and smaller than the range, got {self.within}")]
        return []

    def width(self) -> float:
        """How narrow the bracket must be, in the unit of the input."""
        (entry,) = self.inputs.values()
        scale = 1.8 if entry.numbers()[0].unit == "degF" and number_of(self.within).unit == "K" else 1.0
        return number_of(self.within).value * scale

    def n_points(self) -> str:
        """How many points it has, in words."""
        (entry,) = self.inputs.values()
        first, last = entry.numbers()
        halvings = math.ceil(math.log2(abs(last.value - first.value) / (self.scan - 1) / self.width()))
        return f"{self.scan} points, then {max(halvings, 0)} for each change between them"

    def rounds(self) -> Rounds:
        """The ends (or a scan), then the middle of each bracket in which the answer changes."""
        assert self.yes is not None
        ((name, entry),) = self.inputs.items()
        first, last = entry.numbers()
        values = [first.value + (last.value - first.value) * i / (self.scan - 1) for i in range(self.scan)]
        answers = dict(zip(values, (yield [{name: first.text(value)} for value in values]), strict=True))
        conclusion: dict[str, Any] = {"input": name, "definition": self.yes.words(), "changes": []}
        brackets = [
            (a, b)
            for a, b in itertools.pairwise(values)
            if not (answers[a].failed or answers[b].failed) and answers[a].yes != answers[b].yes
        ]
        stuck: list[str] = [f"{first.text(value)}: {answer.reason}" for value, answer in answers.items() if answer.failed]
        while any(abs(b - a) > self.width() for a, b in brackets):
            asked = [i for i, (a, b) in enumerate(brackets) if abs(b - a) > self.width()]
            middles = {i: 0.5 * (brackets[i][0] + brackets[i][1]) for i in asked}
            points: list[Point] = [{name: first.text(middle)} for middle in middles.values()]
            outcomes: list[Outcome] = yield points
            kept = dict(enumerate(brackets))
            for i, outcome in zip(asked, outcomes, strict=True):
                a, b = brackets[i]
                if outcome.failed:  # no answer: the change lies on one of its two sides, and nobody knows on which
                    stuck.append(f"{first.text(middles[i])}: {outcome.reason}")
                    conclusion["changes"].append(self._change(first, a, b, answers) | {"stopped": outcome.reason})
                    del kept[i]
                    continue
                answers[middles[i]] = outcome
                kept[i] = (middles[i], b) if outcome.yes == answers[a].yes else (a, middles[i])
            brackets = list(kept.values())
        conclusion["changes"] += [self._change(first, a, b, answers) for a, b in brackets]
        conclusion["changes"].sort(key=lambda change: min(change["from"], change["to"]))
        conclusion["failed"] = stuck
        if len(conclusion["changes"]) == 1:
            conclusion |= {
                key: value for key, value in conclusion["changes"][0].items() if key.rpartition("_")[0] in ("low", "high", "middle")
            }
        if not conclusion["changes"]:
            said = {answer.yes for answer in answers.values() if not answer.failed}
            word = "yes" if said == {True} else "no"
            asked_of = (
                f"{first.text()} and {last.text()}" if self.scan == 2 else f"all {self.scan} values from {first.text()} to {last.text()}"
            )
            conclusion["problem"] = "a point failed" if stuck else f"{asked_of} answer alike: {word} ({self.yes.words()})"
        return conclusion

    def _change(self, unit: Number, a: float, b: float, answers: dict[float, Outcome]) -> dict[str, Any]:
        """A bracket in which the answer changes: in the unit of the input and in SI."""
        suffix, si = suffix_of(unit.unit)
        low, high = sorted((a, b))
        named = {f"{word}{suffix}": si(value) for word, value in (("low", low), ("high", high), ("middle", 0.5 * (low + high)))}
        text = f"between {_shown(unit, low)} ({_word(answers[low].yes)}) and {_shown(unit, high)} ({_word(answers[high].yes)})"
        return {"from": a, "to": b, "unit": unit.unit, "text": text, **named}


def _word(answer: bool | None) -> str:
    return "yes" if answer else "no"


def _shown(unit: Number, value: float) -> str:
    """A value of the input with as many digits as a person reads."""
    return f"{value:.8g} {unit.unit}".strip()
