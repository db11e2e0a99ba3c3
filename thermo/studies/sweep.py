"""A sweep: every combination of the values of the inputs, or row by row."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

from thermo.casefile.reader import Key
from thermo.studies.points import Point, PointStudy, Rounds

MOST_POINTS = 10_000_000


class Sweep(PointStudy):
    """Every combination of the values of its inputs, the last one changing fastest; with `rows: true` one value of each together."""

    kind: Literal["sweep"]
    rows: bool = False

    def problems(self) -> list[tuple[Key, str]]:
        """What is wrong with it as a whole, below `study`."""
        found = super().problems()
        found += [
            (("inputs", name), f"of a sweep needs values, or from, to and points, found {entry.form}")
            for name, entry in self.inputs.items()
            if entry.spread
        ]
        found += [
            (("inputs", name, "points"), "is missing")
            for name, entry in self.inputs.items()
            if entry.form == "range" and entry.points is None
        ]
        if found:
            return found
        lengths = {name: len(entry.listed()) for name, entry in self.inputs.items()}
        if self.rows and len(set(lengths.values())) > 1:
            found.append((("inputs",), f"differ in length, but are taken row by row: {', '.join(f'{k} {n}' for k, n in lengths.items())}"))
        if not self.rows and math.prod(lengths.values()) > MOST_POINTS:
            found.append((("inputs",), f"have {math.prod(lengths.values()):.3g} combinations; at most {MOST_POINTS:.0e} are run"))
        if not self.outputs and self.yes is None:
            found.append((("outputs",), "is missing: the results that are wanted of each point"))
        return found

    def listed(self) -> list[Point]:
        """All points."""
        columns = [entry.listed() for entry in self.inputs.values()]
        rows = zip(*columns, strict=True) if self.rows else itertools.product(*columns)
        return [dict(zip(self.inputs, row, strict=True)) for row in rows]

    def count(self) -> int:
        """How many points it has."""
        lengths = [len(entry.listed()) for entry in self.inputs.values()]
        return lengths[0] if self.rows else math.prod(lengths)

    def n_points(self) -> str:
        """How many points it has, in words."""
        return f"{self.count()} points"

    def rounds(self) -> Rounds:
        """All points at once; a sweep has no conclusion but its table."""
        outcomes = yield self.listed()
        found: dict[str, Any] = {"answers": sum(bool(outcome.yes) for outcome in outcomes)} if self.yes else {}
        return found
