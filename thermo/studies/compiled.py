"""Many points of a lumped case at once, by the compiled step of a batch: the same numbers as single runs to nine digits.

Compiling takes the better part of a minute, so few points do not pay for it. The number of points of a round decides, never the clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from thermo.case.case import Case
from thermo.measurement.asked import CRITERIA
from thermo.studies.batch import columns_of, simulate_many
from thermo.studies.engine import Told
from thermo.studies.points import Job, Outcome, Point

WORTH = 500  # points of a round, from which on compiling pays
CHUNK = 2000  # points that are in memory together


def column_of(what: str) -> str | None:
    """The column of a batch that has a result of a summary; None where it has none.

    >>> column_of("onsets.T2.10 K/min.time_s"), column_of("crossings.hot.time_s"), column_of("energy.heat_in_J")
    ('T2 10 K/min_time_s', 'crossing hot_time_s', None)
    """
    words = what.split(".")
    if words[0] == "onsets" and len(words) > 1:
        last = words[-1] if words[-1] in ("temperature_K", "time_s") else "temperature_K"
        middle = words[1 : -1 if words[-1] == last else None]
        suffix = "_K" if last == "temperature_K" else "_time_s"
        if middle[0] == "T2" and len(middle) == 2:
            return ("T2" if middle[1] == CRITERIA[0] else f"T2 {middle[1]}") + suffix
        return f"{middle[0]}{suffix}" if len(middle) == 1 and middle[0] in ("T1", "T3", "cessation") else None
    if words[0] == "crossings" and len(words) == 3 and words[2] == "time_s":
        return f"crossing {words[1]}_time_s"
    return {
        "maximum_rate.rate_K_per_s": "maximum_rate_K_per_s",
        "end.time_s": "end_time_s",
        "probes.sample.maximum_K": "maximum_K",
        "probes.sample.final_K": "final_K",
    }.get(what)


def compilable(case: Case, job: Job, limit: float | None) -> bool:
    """Whether a batch has every result that is asked for, of a case that it can follow, and no point has a limit of time."""
    if case.sample.has_field or case.programme.steady or limit is not None:
        return False
    known = set(columns_of(case))
    return all(column_of(what) in known for what in job.wanted.values())


class Compiled:
    """Points of a lumped case in threads; `look` is called often and may raise to stop."""

    def __init__(self, job: Job, case: Case, workers: int, look: Callable[[], None]) -> None:
        self.job, self.case, self.workers, self.look = job, case, workers, look

    def run(self, points: Sequence[Point], told: Told = lambda *_: None) -> list[Outcome]:
        """What came of each point, in their order. Raises ValueError where a batch cannot change an input."""
        found: list[Outcome] = []
        for first in range(0, len(points), CHUNK):
            part = points[first : first + CHUNK]
            table = {name: [point[name] for point in part] for name in part[0]}
            warned: dict[int, list[dict[str, object]]] = {}
            columns = simulate_many(self.case, table, cores=self.workers, watch=lambda _: self.look(), warned=warned)
            for i in range(len(part)):
                balance = next((str(w["text"]) for w in warned.get(i, ()) if w["code"] == "energy"), "")
                outcome = self._outcome({name: float(values[i]) for name, values in columns.items()}, balance)
                found.append(outcome)
                told(first + i, outcome)
        return found

    def _outcome(self, row: dict[str, float], balance: str) -> Outcome:
        """A row of the batch as an outcome."""
        nothing: dict[str, float | None] = {name: None for name in self.job.wanted if name}
        if math.isnan(row["end_time_s"]) or balance:
            return Outcome(nothing, None, balance or "could not be finished")
        values = {name: _or_none(row[str(column_of(what))]) for name, what in self.job.wanted.items()}
        answer = self.job.yes.answer(values.pop("")) if self.job.yes else None
        return Outcome(values, answer)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
