"""Uncertainty: how what is not known of the inputs spreads over the results, and how sure an answer is."""

from __future__ import annotations

from typing import Any, Literal

from thermo.casefile.reader import Key
from thermo.studies.inputs import joint_sample, unit_sample
from thermo.studies.points import Point, Rounds, Sampled
from thermo.studies.results import probability, spread_of


class Uncertainty(Sampled):
    """Joint samples of the inputs; quantiles of each output beside the share that has none, and the probability of the yes."""

    kind: Literal["uncertainty"]

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        if not self.outputs and self.yes is None:
            found.append((("outputs",), "is missing: the results whose spread is wanted, or a 'yes'"))
        return found

    def count(self) -> int:
        """How many points it has."""
        return self.points

    def n_points(self) -> str:
        """How many points it has, in words."""
        return f"{self.points} points ({self.design}, seed {self.seed})"

    def listed(self) -> list[Point]:
        """All points."""
        return joint_sample(self.inputs, self.correlations, unit_sample(self.design, len(self.inputs), self.points, self.seed))

    def rounds(self) -> Rounds:
        """All points at once, then their spread."""
        outcomes = yield self.listed()
        whole = [outcome for outcome in outcomes if not outcome.failed]
        found: dict[str, Any] = {
            "results": {name: spread_of([outcome.outputs[name] for outcome in whole], what) for name, what in self.outputs.items()}
        }
        if self.yes is not None:
            answers = [outcome.yes for outcome in outcomes]
            found["answer"] = {"definition": self.yes.words(), **probability(answers)}
        return found
