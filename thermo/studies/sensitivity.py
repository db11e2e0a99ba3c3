"""Sensitivity: which input moves a result, by itself and with the others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from thermo.base.arrays import Floats
from thermo.casefile.reader import Key
from thermo.studies.inputs import joint_sample, unit_sample
from thermo.studies.points import Outcome, Point, Rounds, Sampled
from thermo.studies.results import column, suffix_of_key

LOW, HIGH = 0.05, 0.95  # quantiles between which a tornado moves an input
LEVELS = 4  # of Morris's grid
RESAMPLES = 200  # for the intervals of Sobol's indices


class Sensitivity(Sampled):
    """`local`: each input by itself at its 5 and 95 % quantiles, the others at their medians (a tornado).

    `morris`: elementary effects on `points` trajectories. `sobol`: first-order and total indices from `points` (n + 2) runs.
    """

    kind: Literal["sensitivity"]
    method: Literal["local", "morris", "sobol"] = "sobol"
    resamples: Annotated[int, Field(strict=True, ge=2, le=10_000)] = RESAMPLES

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        if not self.outputs:
            found.append((("outputs",), "is missing: the results whose sensitivity is wanted"))
        if self.correlations and self.method != "local":
            found.append(
                (("correlations",), f"are given, but '{self.method}' needs inputs that are independent; use 'local', or leave them out")
            )
        if self.correlations and self.method == "local":
            found.append((("correlations",), "have no part in 'local', which moves one input by itself; leave them out"))
        return found

    def listed(self) -> list[Point]:
        """All points."""
        return joint_sample(self.inputs, (), self._cube())

    def _cube(self) -> Floats:
        n = len(self.inputs)
        if self.method == "local":
            rows = np.full((2 * n + 1, n), 0.5)
            for j in range(n):
                rows[2 * j + 1, j], rows[2 * j + 2, j] = LOW, HIGH
            return rows
        return _trajectories(n, self.points, self.seed) if self.method == "morris" else _saltelli(n, self.points, self.design, self.seed)

    def count(self) -> int:
        """How many points it has."""
        n = len(self.inputs)
        return {"local": 2 * n + 1, "morris": self.points * (n + 1), "sobol": self.points * (n + 2)}[self.method]

    def n_points(self) -> str:
        """How many points it has, in words."""
        return f"{self.count()} points ({self.method}, seed {self.seed})"

    def rounds(self) -> Rounds:
        """All points at once, then the indices of each output."""
        outcomes = yield self.listed()
        found = {name: self._of(name, what, outcomes) for name, what in self.outputs.items()}
        return {"method": self.method, "results": found}

    def _of(self, name: str, what: str, outcomes: list[Outcome]) -> dict[str, Any]:
        """The indices of one output; none where a point has not got it."""
        values = column([outcome.outputs[name] for outcome in outcomes])
        absent = int(np.isnan(values).sum())
        made: dict[str, Any] = {"of": what, "absent": absent}
        if absent and self.method != "local":
            return made | {"inputs": None, "problem": f"{absent} of {len(values)} points have no {what}: it has no index"}
        suffix = suffix_of_key(what)
        if self.method == "local":
            return made | {"base" + suffix: _or_none(values[0]), "inputs": self._tornado(values, suffix)}
        if float(np.ptp(values)) == 0.0:
            return made | {"inputs": None, "problem": "all points have the same value: nothing moves it"}
        indices = (
            self._morris(values, suffix)
            if self.method == "morris"
            else _sobol(values, len(self.inputs), self.points, self.resamples, self.seed)
        )
        return made | {"inputs": dict(zip(self.inputs, indices, strict=True))}

    def _tornado(self, values: Floats, suffix: str) -> dict[str, Any]:
        """What each input does by itself, those that do most first; the slope is per unit of the input."""
        found: dict[str, dict[str, Any]] = {}
        for j, (name, entry) in enumerate(self.inputs.items()):
            low, high = values[2 * j + 1], values[2 * j + 2]
            unit = entry.numbers()[0]
            ends = entry.quantile(np.array([LOW, HIGH]))
            slope = (high - low) / (ends[1] - ends[0])
            found[name] = {
                "at": [unit.text(float(end)) for end in ends],
                f"low{suffix}": _or_none(low),
                f"high{suffix}": _or_none(high),
                "change": _or_none(high - low),
                "slope": _or_none(slope),
            }
        return dict(sorted(found.items(), key=lambda pair: -abs(pair[1]["change"] or 0.0)))

    def _morris(self, values: Floats, suffix: str) -> list[dict[str, Any]]:
        """Mean, mean of the sizes and standard deviation of the elementary effects of each input over its quantiles 0 to 1.

        Source
        ------
        M. D. Morris, Technometrics 33 (1991) 161; F. Campolongo et al., Environ. Model. Softw. 22 (2007) 1509.
        """
        n = len(self.inputs)
        cube = _trajectories(n, self.points, self.seed).reshape(self.points, n + 1, n)
        effects: list[list[float]] = [[] for _ in range(n)]
        for walk, results in zip(cube, values.reshape(self.points, n + 1), strict=True):
            for step in range(n):
                change = walk[step + 1] - walk[step]
                j = int(np.argmax(np.abs(change)))
                effects[j].append(float((results[step + 1] - results[step]) / change[j]))
        rows = [np.array(effect) for effect in effects]
        return [
            {"mean": float(row.mean()), "mean_size": float(np.abs(row).mean()), "sd": float(row.std(ddof=1)) if len(row) > 1 else None}
            for row in rows
        ]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _trajectories(n_inputs: int, count: int, seed: int) -> Floats:
    """Walks through a grid of four levels (count (n + 1), n), each moving every input once by two thirds, in random order."""
    rng = np.random.default_rng(seed)
    delta = LEVELS / (2.0 * (LEVELS - 1.0))
    grid = np.arange(LEVELS // 2) / (LEVELS - 1.0)  # from here a step up stays within
    walks = np.empty((count, n_inputs + 1, n_inputs))
    for walk in walks:
        walk[0] = rng.choice(grid, n_inputs)
        up = rng.random(n_inputs) < 0.5
        walk[0] = np.where(up, walk[0], walk[0] + delta)
        for step, j in enumerate(rng.permutation(n_inputs), 1):
            walk[step] = walk[step - 1]
            walk[step, j] += delta if up[j] else -delta
    return np.clip(walks.reshape(-1, n_inputs), 0.01, 0.99)  # an endless distribution has no ends


def _saltelli(n_inputs: int, points: int, design: str, seed: int) -> Floats:
    """Two samples A and B, and A with each column of B: ((n + 2) points, n)."""
    both = unit_sample(design, 2 * n_inputs, points, seed)
    a, b = both[:, :n_inputs], both[:, n_inputs:]
    mixed = []
    for j in range(n_inputs):
        one = a.copy()
        one[:, j] = b[:, j]
        mixed.append(one)
    return np.concatenate([a, b, *mixed])


def _sobol(values: Floats, n_inputs: int, points: int, resamples: int, seed: int) -> list[dict[str, Any]]:
    """First-order and total indices with 95 % intervals by bootstrap, from results at A, B and A with each column of B."""
    from scipy.stats import sobol_indices

    a, b, mixed = values[:points], values[points : 2 * points], values[2 * points :].reshape(n_inputs, 1, points)
    found = sobol_indices(func={"f_A": a[None], "f_B": b[None], "f_AB": mixed}, n=points)
    spread = found.bootstrap(confidence_level=0.95, n_resamples=resamples)
    made = []
    for j in range(n_inputs):
        one = {"first": float(found.first_order[j]), "total": float(found.total_order[j])}
        for name, interval in (("first", spread.first_order.confidence_interval), ("total", spread.total_order.confidence_interval)):
            one |= {f"{name}_low": float(interval.low[j]), f"{name}_high": float(interval.high[j])}
        made.append(one)
    return made
