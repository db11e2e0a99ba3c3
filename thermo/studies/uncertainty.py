"""Uncertainty: how what is not known of the inputs spreads over the results, and how sure an answer is."""

from __future__ import annotations

from typing import Any, Literal

from thermo.casefile.reader import Key
from thermo.studies.inputs import Input, joint_sample, unit_sample
from thermo.studies.points import Point, Rounds, Sampled
from thermo.studies.posterior import Draws, Posterior
from thermo.studies.results import probability, spread_of


class Uncertainty(Sampled):
    """Joint samples of the inputs; quantiles of each output beside the share that has none, and the probability of the yes.

    `posterior` names the draws of a calibration, by its `mechanism.yaml` or the `posterior.csv` beside it: each point has one whole row.
    """

    kind: Literal["uncertainty"]
    inputs: dict[str, Input] = {}
    posterior: Draws = None

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        if self.posterior is not None:
            found = [problem for problem in found if problem[0] != ("inputs",)]  # the draws are inputs enough
        if isinstance(self.posterior, Posterior):
            both = [name for name in self.inputs if name in self.posterior.columns]
            found += [(("inputs", name), f"is drawn from {self.posterior.file} already; leave one of the two out") for name in both]
        if not self.outputs and self.yes is None:
            found.append((("outputs",), "is missing: the results whose spread is wanted, or a 'yes'"))
        return found

    def count(self) -> int:
        """How many points it has."""
        return self.points

    def n_points(self) -> str:
        """How many points it has, in words."""
        drawn = "" if self.posterior is None else f", rows of {self.posterior.file}"
        return f"{self.points} points ({self.design}, seed {self.seed}{drawn})"

    def units(self) -> dict[str, str]:
        """Every key of the case that a point sets, with the unit of its numbers."""
        return super().units() | ({} if self.posterior is None else self.posterior.units)

    def listed(self) -> list[Point]:
        """All points."""
        points: list[Point] = [{} for _ in range(self.points)]
        if self.inputs:
            points = joint_sample(self.inputs, self.correlations, unit_sample(self.design, len(self.inputs), self.points, self.seed))
        if self.posterior is not None:
            points = [point | row for point, row in zip(points, self.posterior.drawn(self.points, self.seed), strict=True)]
        return points

    def rounds(self) -> Rounds:
        """All points at once, then their spread."""
        outcomes = yield self.listed()
        whole = [outcome for outcome in outcomes if not outcome.failed]
        found: dict[str, Any] = {
            "results": {name: spread_of([outcome.outputs[name] for outcome in whole], what) for name, what in self.outputs.items()}
        }
        if self.posterior is not None:
            file = self.posterior
            again = self.points > file.n_rows
            found["posterior"] = {"file": file.file, "sha256": file.sha256, "rows": file.n_rows, "rows_come_again": again}
            found["posterior"]["text"] = file.words(self.points)
        if self.yes is not None:
            answers = [outcome.yes for outcome in outcomes]
            found["answer"] = {"definition": self.yes.words(), **probability(answers)}
        return found
