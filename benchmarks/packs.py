"""Large bodies that react, in space: one cell with a heater on a patch, packs of 5, 20 and 60 cells, and what a step spends where.

    python benchmarks/packs.py                 some ten minutes
    python benchmarks/packs.py --full          also 20 cells on 150 000 nodes

Two threads share the sites. The peer of a step is the same step without chemistry.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import sys
import time
from pathlib import Path
from typing import Any

from common import row, show

from thermo.case.case import case_of
from thermo.casefile.reader import Document, read_document
from thermo.casefile.settings import change
from thermo.simulation.result import Result
from thermo.simulation.simulate import run

CASES = Path(__file__).parent.parent / "cases" / "propagation"
PARTS = {"solves": "solve", "reactions": "take", "conduction": "conducted", "surface": "surface", "rows": "read_mesh"}
SIZES = {"5 cells": (5, 1, 4, 4), "20 cells": (5, 4, 4, 4), "60 cells": (10, 6, 4, 4)}  # columns, rows, elements across and along
FULL = (5, 4, 18, 13)


def without_chemistry(document: Document) -> Document:
    """The same bodies inert."""
    for material in document.data["materials"].values():
        material.pop("chemistry", None)
    return document


def timed(document: Document) -> tuple[Result, float, dict[str, float]]:
    """The result of a case, the time it took [s], and the share of its parts."""
    profile, begun = cProfile.Profile(), time.perf_counter()
    profile.enable()
    result = run(case_of(document))
    profile.disable()
    whole, found = time.perf_counter() - begun, dict.fromkeys(PARTS, 0.0)
    for (_, _, name), (_, _, _, spent, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for part, function in PARTS.items():
            if name == function:
                found[part] = max(found[part], spent / whole)
    return result, whole, found


def told(name: str, result: Result, whole: float, parts: dict[str, float]) -> dict[str, Any]:
    """Print what a run took; its row."""
    counts = result.counts()
    tried = counts["steps"] + counts["rejected_steps"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    shares = ", ".join(f"{part} {100 * share:.0f} %" for part, share in parts.items())
    print(f"{name}: {counts['n_dofs']} nodes, {counts['steps']} + {counts['rejected_steps']} steps, {whole:.0f} s, {memory:.2f} GB at most")
    print(f"  {1e3 * whole / tried:.3g} ms each: {shares}; energy {result.summary()['energy']['residual_relative']:.0e}")
    times = [entry["time_s"] for entry in result.summary()["arrivals"].values()]
    print(f"  arrivals {', '.join('never' if time is None else f'{time:.2f}' for time in times)} s", flush=True)
    return row(name, whole, "s", "none", float("nan"))


def cell() -> Document:
    """18 mm x 18 mm x 65 mm on 104 000 nodes, 20 W on 12 mm x 12 mm of one side until everything has reacted."""
    return change(read_document(CASES / "heated-cell.yaml"), ["expect=[]", "sample.mesh={order: 1, smallest: 0.6 mm, largest: 0.6 mm}"])


def pack(columns: int, rows: int, across: int, along: int) -> Document:
    """Of so many cells, on so many elements across and along each of them."""
    settings = [
        "measure.probes={axis-1: [0 mm, 0 mm, 32.5 mm]}",
        f"sample.columns={columns}",
        f"sample.rows={rows}",
        f"sample.mesh={{across: {across}, along: {along}}}",
        "expect=[]",
    ]
    return change(
        read_document(CASES / "twenty-cells.yaml"), [*settings, f"programme.end={25 if columns * rows > 20 or across > 4 else 18} min"]
    )


def main() -> None:
    run(case_of(change(read_document(CASES / "twenty-cells.yaml"), ["programme.end=1 s", "expect=[]"])))  # compiles
    result, whole, parts = timed(cell())
    rows = [told("cell-104k", result, whole, parts)]
    plain, inert, _ = timed(without_chemistry(cell()))
    one, other = whole / result.counts()["steps"], inert / plain.counts()["steps"]
    rows.append(row("cell-104k-step", one, "s/step", "ours without chemistry", other))
    sizes = SIZES | ({"20 cells, 150 000 nodes": FULL} if "--full" in sys.argv else {})
    rows += [told(name, *timed(pack(*size))) for name, size in sizes.items()]
    show(rows)


if __name__ == "__main__":
    main()
