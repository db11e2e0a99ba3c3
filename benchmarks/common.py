"""What the benchmarks share: one row a figure, a table on the screen, a list in a file."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"


def row(name: str, value: float, unit: str, peer: str, peer_value: float, *, more_is_better: bool = False) -> dict[str, Any]:
    """One figure beside its peer's; a ratio above 1 says how many times better ours is."""
    ratio = value / peer_value if more_is_better else peer_value / value
    return {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}


def cpu(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """Smallest CPU time [s] of some calls, and what the last one returned."""
    best, found = float("inf"), None
    for _ in range(times):
        begun = time.process_time()
        found = work()
        best = min(best, time.process_time() - begun)
    return best, found


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table, and write the list to `--json FILE` if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", metavar="FILE")
    options, _ = parser.parse_known_args()
    print(f"{'name':<28} {'value':>12} {'unit':<10} {'peer':<44} {'its value':>12} {'ratio':>9}")
    for entry in rows:
        print(
            f"{entry['name']:<28} {entry['value']:>12.4g} {entry['unit']:<10} {entry['peer']:<44} "
            f"{entry['peer_value']:>12.4g} {entry['ratio']:>9.3g}"
        )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)
