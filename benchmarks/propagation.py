"""Bodies that react: a front in a bar, a stack of five cells, a cylinder in an oven.

The peer of the bar is scipy BDF on the same nodes, with the sparse Jacobian written out; both are held to the speed of the travelling wave,
0.148301 mm/s (`tests/verification/test_front_speed.py`). The other figures stand beside the same steps without chemistry.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.sparse import block_array, csr_array, diags_array

from thermo.case.case import case_of, read_case
from thermo.casefile.reader import read_document
from thermo.casefile.settings import change
from thermo.simulation.simulate import run

CASES = Path(__file__).parent.parent / "cases"
SPEED = 1.48271480898e-4  # m/s
DENSITY, CAPACITY, CONDUCTIVITY, HEAT, START, FACTOR, OVER_R = 2000.0, 1000.0, 2.0, 5e5, 300.0, 2800.0, 8000.0
BURNT, LENGTH, SIZE, END = START + HEAT / CAPACITY, 0.24, 0.25e-3, 1380.0
FRONT = CASES / "verification" / "travelling-front.yaml"


def ours() -> float:
    """The speed between 150 and 170 mm [m/s]."""
    return run(read_case(FRONT, ["numerics.tolerance=1e-3"])).summary()["arrivals"]["second"]["speed_m_per_s"]  # type: ignore[no-any-return]


def by_bdf(rtol: float) -> float:
    """The same by scipy BDF: temperatures of the free nodes, then extents; nodes lumped, half a cell at the right end."""
    n = round(LENGTH / SIZE)
    volume = np.full(n, SIZE)
    volume[-1] *= 0.5
    links = np.full(n, CONDUCTIVITY / SIZE)  # the first one to the held face
    matrix = diags_array([np.append(links[:-1] + links[1:], links[-1]), -links[1:], -links[1:]], offsets=[0, 1, -1]).tocsr()
    given = np.zeros(n)
    given[0] = links[0] * BURNT
    inertia = DENSITY * CAPACITY * volume

    def change_of(t: float, y: Any) -> Any:
        T, x = y[:n], y[n:]
        rate = FACTOR * (1.0 - x) * np.exp(-OVER_R / T)
        return np.concatenate([(given - matrix @ T + DENSITY * HEAT * volume * rate) / inertia, rate])

    def jacobian(t: float, y: Any) -> csr_array:
        T, x = y[:n], y[n:]
        constant = FACTOR * np.exp(-OVER_R / T)
        by_temperature, by_extent = constant * (1.0 - x) * OVER_R / T**2, -constant
        heated = DENSITY * HEAT * volume / inertia
        first = [diags_array(1.0 / inertia) @ -matrix + diags_array(heated * by_temperature), diags_array(heated * by_extent)]
        return block_array([first, [diags_array(by_temperature), diags_array(by_extent)]], format="csc")

    nodes = [round(0.15 / SIZE) - 1, round(0.17 / SIZE) - 1]
    events = [lambda t, y, node=node: y[node] - 550.0 for node in nodes]
    begun = np.concatenate([np.full(n, START), np.zeros(n)])
    found = solve_ivp(change_of, (0.0, END), begun, method="BDF", rtol=rtol, atol=1e-3 * rtol, jac=jacobian, events=events)
    first, second = (float(times[0]) for times in found.t_events)
    return 0.02 / (second - first)


def main() -> None:
    run(read_case(FRONT, ["programme.end=1 s", "expect=[]"]))  # compiles, or loads what is compiled
    rows: list[dict[str, Any]] = []
    own, speed = cpu(ours, 3)
    for rtol in (1e-3, 1e-5):
        peer, other = cpu(lambda rtol=rtol: by_bdf(rtol))
        print(f"front, 960 nodes: ours {speed / SPEED - 1.0:+.1e} off the wave's speed, scipy BDF at {rtol:g} {other / SPEED - 1.0:+.1e}")
        rows.append(row(f"front-960-{rtol:g}", own, "s", f"scipy BDF, rtol {rtol:g}", peer))
    for name, path, settings in (
        ("stack5-631", CASES / "propagation" / "five-pouch-cells.yaml", []),
        ("rod-1079-oven", CASES / "oven" / "rod-18650.yaml", ["sample.mesh.largest=0.54 mm"]),
    ):
        case = read_case(path, settings)
        reacting, result = cpu(lambda case=case: run(case), 2)
        document = change(read_document(path), [*settings, "expect=[]"])
        for material in document.data["materials"].values():
            material.pop("chemistry", None)
        inert, plain = cpu(lambda document=document: run(case_of(document)), 2)
        steps, others = result.counts()["steps"], plain.counts()["steps"]
        print(
            f"{name}: {steps} steps, {1e3 * reacting / steps:.3g} ms each; without chemistry {others}, {1e3 * inert / others:.3g} ms each"
        )
        rows.append(row(f"{name}-step", reacting / steps, "s/step", "ours without chemistry", inert / others))
        rows.append(row(name, reacting, "s", "none", float("nan")))
    show(rows)


if __name__ == "__main__":
    main()
