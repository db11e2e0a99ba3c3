"""The paper's bricks on the general path, beside scikit-fem with constant steps on the same mesh.

The peer is what one writes first: the same matrices, backward Euler with a constant step, one sparse LU kept for all
steps. Its step is a hundredth of the half-rise time, which leaves it blind before that, and it stops at three half-rise
times; ours resolves the whole transient, eleven decades of time.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import resource
from pathlib import Path

import numpy as np
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu

from thermo.body import MeshBody, build
from thermo.case import read_case
from thermo.result import first_crossing
from thermo.simulate import run

CASES = Path(__file__).parent.parent / "cases" / "paper"
HALF_RISE = {"brick-cu": 1.997e-6, "brick-pi-ag": 294.6e-6}


def constant_steps(body: MeshBody, step: float, end: float) -> float:
    """Half-rise time of the bottom mean by backward Euler with one step."""
    sample, reading = body.sample, body.probes["bottom-mean"]
    held = sample.faces["hot-spot"]
    free = np.setdiff1d(np.arange(body.n_dofs), held)
    T = sample.start_temperature.copy()
    T[held] = 473.0
    matrix, capacity = sample.conduction.matrix[free][:, free], sample.capacity[free]
    load = -(sample.conduction.matrix[free][:, held] @ T[held])
    solver = splu((diags_array(capacity) + step * matrix).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    times, means = [0.0], [298.0]
    while times[-1] < end:
        T[free] = solver.solve(capacity * T[free] + step * load)
        times.append(times[-1] + step)
        means.append(float(T[reading.nodes] @ reading.weights))
    return float(first_crossing(np.array(times), np.array(means), 385.5) or np.nan)


def main() -> None:
    rows = []
    for name, exact in HALF_RISE.items():
        case = read_case(CASES / f"{name}.yaml")
        body = build(case)
        assert isinstance(body, MeshBody)
        ours, result = cpu(lambda case=case, body=body: run(case, body=body))
        found = result.summary()["crossings"]["half-rise"]["time_s"]
        theirs, other = cpu(lambda body=body, exact=exact: constant_steps(body, exact / 100.0, 3.0 * exact))
        rows.append(row(name, ours, "s CPU", "scikit-fem matrices, constant backward Euler", theirs))
        rows.append(row(f"{name}-error", abs(found / exact - 1.0), "relative", "the same", abs(other / exact - 1.0)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows.append(row("brick-memory", memory, "GB", "the limit", 1.0))
    show(rows)


if __name__ == "__main__":
    main()
