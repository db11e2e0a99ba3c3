"""Calorimeter runs of a cell of one temperature: a DSC curve, a full heat-wait-seek test, the same for every set of the library.

The peers of the heat-wait-seek test are scipy BDF and scikit-SUNDAE CVODE under a separately written machine: they integrate temperature,
wall, two pools and the charge, phase by phase, with events of their own, which also checks T1 and T3. That of the DSC is scipy LSODA on its
four equations. Each set of the library is put beside the three reactions of Cu-20Li.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from thermo.base.compiled import compile_kernels
from thermo.case.case import Case, case_of, read_case
from thermo.casefile.reader import read_document
from thermo.casefile.settings import change
from thermo.programmes.dsc import DscProgramme
from thermo.programmes.programme import ENDED, PHASE
from thermo.simulation.cell_body import CellBody
from thermo.simulation.simulate import run
from thermo.stepping.loop import N_REJECTED, N_STEPS, TROUBLE, Limits, advance, copied, initial_state, make_work, new_history
from thermo.stepping.rows import waiting
from thermo.studies.batch import simulate_many

CASES = Path(__file__).parent.parent / "cases"
R, SIGMA = 8.314462618, 5.670374419e-8
Rhs = Callable[[float, Any], list[float]]


class Cell:
    """The Cu-20Li cell written out by hand."""

    peaks = ((19.84325, 408.15, 4.5), (122.8388165, 453.65, 1.5), (465.37134, 933.5, 4.0))

    def __init__(self) -> None:
        self.heater, self.shorted = 0.0, False

    def rates(self, T: float, a: float, b: float, s: float) -> tuple[float, float, float]:
        k1 = 2.5e13 * math.exp(-1.0) * math.exp(-135080.0 / (R * T))
        k2 = math.exp(33.2692355 - 135080.0 / (R * T)) * 0.5 * (1.0 + math.tanh((T - 453.65) / 1.5))
        k3 = math.exp(54.89969193 - 250000.0 / (R * T))
        return k1 * a, k2 / (k2 + 1.0) * b, k3 / (k3 + 1.0) * s

    def __call__(self, t: float, y: Any) -> list[float]:
        T, wall, a, b, s = y
        r1, r2, r3 = self.rates(T, a, b, s)
        current = (3.3 + s) / 0.15 * s / (abs(s) + 0.001) if self.shorted else 0.0
        power = 356.8589802 * r1 + 6350.934867 * r2 + 2420.842667 * r3 + (3.3 + s) * current
        if self.shorted:
            power *= 0.6
        capacity = 6.733188306 + 0.0035 * (T - 298.15)
        for heat, middle, width in self.peaks:
            capacity += heat / (width * math.sqrt(2.0 * math.pi)) * math.exp(-0.5 * ((T - middle) / width) ** 2)
        loss = 0.06 * (T - wall) + SIGMA * 0.0048 * (T**4 - wall**4)
        rate = (power - loss) / capacity + self.heater
        return [rate, min((T - wall) / 20.0 + rate, 20.0 / 60.0), -r1, -r2, -r3 - current / 1800.0]


def by_scipy(method: str, rtol: float) -> Callable[..., tuple[float, Any, int | None]]:
    """Integrate a phase with `solve_ivp`: the time, the state and the event that ended it."""

    def phase(cell: Rhs, y: Any, span: float, events: list[Callable[..., float]]) -> tuple[float, Any, int | None]:
        for event in events:
            event.terminal = True  # type: ignore[attr-defined]
        found = solve_ivp(cell, (0.0, span), y, method=method, rtol=rtol, atol=1e-10, events=events)
        which = next((k for k, times in enumerate(found.t_events) if len(times)), None)
        return float(found.t[-1]), found.y[:, -1], which

    return phase


def by_cvode(rtol: float) -> Callable[..., tuple[float, Any, int | None]]:
    """Integrate a phase with scikit-SUNDAE CVODE."""
    from sksundae.cvode import CVODE

    def phase(cell: Rhs, y: Any, span: float, events: list[Callable[..., float]]) -> tuple[float, Any, int | None]:
        def rhs(t: float, y: Any, dy: Any) -> None:
            dy[:] = cell(t, y)

        def watch(t: float, y: Any, out: Any) -> None:
            for k, event in enumerate(events):
                out[k] = event(t, y)

        watch.terminal = [True] * len(events)  # type: ignore[attr-defined]
        solver = CVODE(rhs, rtol=rtol, atol=1e-10, eventsfn=watch, num_events=len(events), max_num_steps=100000)
        found = solver.solve(np.array([0.0, span]), np.asarray(y))
        which = None
        if found.i_events is not None and len(found.i_events):
            which = int(np.flatnonzero(found.i_events[-1])[0])
        return float(found.t[-1]), found.y[-1], which

    return phase


def heat_wait_seek(phase: Callable[..., tuple[float, Any, int | None]]) -> tuple[float, float]:
    """T1 and T3 of a test, by the rules of the instrument, for any way to integrate a phase."""
    cell, y = Cell(), np.array([323.15, 323.15, 1.0, 1.0, 1.0])
    target, onset, in_exotherm = 323.15, math.nan, False

    def reaches(value: float) -> Callable[..., float]:
        return lambda t, y: float(y[0] - value)

    while True:
        if not in_exotherm:
            if y[0] < target - 1e-9:
                cell.heater = 2.0 / 60.0
                _, y, which = phase(cell, y, 1e5, [reaches(target), reaches(398.15)])
                cell.heater = 0.0
                if which == 1:
                    break
            _, y, which = phase(cell, y, 900.0, [reaches(398.15)])
            if which is not None:
                break
        before = y[0]
        _, y, which = phase(cell, y, 600.0, [reaches(398.15)])
        if which is not None:
            break
        if (y[0] - before) / 600.0 >= 0.02 / 60.0:
            onset = y[0] if not in_exotherm else onset
            in_exotherm = True
        else:
            in_exotherm = False
            target = 323.15 + 5.0 * (math.floor((y[0] + 1.0 - 323.15) / 5.0) + 1.0)
    cell.shorted = True
    _, y, _ = phase(cell, y, 60.0, [lambda t, y: cell(t, y)[0]])
    return onset - 273.15, float(y[0]) - 273.15


def shurtz(rtol: float) -> tuple[float, float]:
    """The anode of Shurtz et al. in a DSC by scipy LSODA, every 0.2 K: the highest heat release [W/m3] and its temperature [degC]."""
    surface = 0.31 * 1.1**1.22
    zc = 2 * 6 * 12.011 / (73.89 * 2001.56 * 0.532509493 * math.sqrt(1.1))

    def rates(t: float, y: Any) -> tuple[float, float]:
        T = 350.0 + t / 6.0
        k = math.exp(-16236.69493 / T)
        first = 8.158513762e16 * math.sqrt(max(y[2], 0.0)) * k
        return first, 3.2718e13 * surface * y[1] * math.exp(-72.5 * min(zc * y[3], 0.08)) * y[0] / (1.333249314 + y[0]) * k

    def slopes(t: float, y: Any) -> list[float]:
        first, second = rates(t, y)
        return [-0.35786505 * second, -0.64213495 * second, -first, 0.30027309 * second]

    times = np.linspace(0.0, 1600.0, 1334)
    start = [500.0241417, 1168.50647, 119.7627804, 0.0]
    found = solve_ivp(slopes, (0.0, 1600.0), start, method="LSODA", rtol=rtol, atol=1e-8, t_eval=times)
    heat = [635e3 * r[0] + 2287.1e3 * r[1] for r in (rates(t, y) for t, y in zip(found.t, found.y.T, strict=True))]
    return float(np.max(heat)), 76.85 + float(times[int(np.argmax(heat))]) / 6.0


ARC = (
    "programme={kind: arc, start: 50 degC, step: 5 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 300 degC,"
    " calorimeter: {loss: 0.06 W/K}}"
)
SETS = {
    "limetal-ncm811-lhce": "paper/cu-20li",
    "hatchard-kim-4": "calorimetry/oven-155",
    "richard-dahn-mcmb": "calorimetry/mcmb-adiabatic",
    "hu2020-21700": "calorimetry/hu2020-adiabatic",
    "feng2015-25ah": "calorimetry/feng-adiabatic",
    "sandia-anode-zcrit": "calorimetry/anode-dsc",
    "kurzawski-lco-damkohler": "calorimetry/kurzawski-adiabatic",
}


def compiled_run(case: Case, times: Any = None) -> tuple[Callable[[], Any], CellBody]:
    """A function that runs a case by the compiled loop; it returns the number of rows written and the state at the end."""
    body, loop = CellBody(case), compile_kernels()(advance)
    state = initial_state(body.sample, body.programme)
    asked = np.zeros(0) if times is None else times
    work, trial, limits = make_work(body.sample, body.programme), copied(state), Limits()
    history, levels = new_history(body.sample, state, 20_000 + 20 * len(asked), len(asked)), waiting([], [], [])

    def one() -> Any:
        fresh, rows = initial_state(body.sample, body.programme), 0
        while fresh.machine[PHASE] != ENDED and fresh.loop[TROUBLE] == 0.0:
            rows = loop(body.sample, body.programme, fresh, work, trial, asked, levels, limits, history, 100_000)
        return rows, fresh

    return one, body


def arc_of(file: str) -> Case:
    """The cell of a case in the calorimeter."""
    settings = [] if file.startswith("paper") else [ARC, "expect=[]", "measure.crossings={}"]
    document = change(read_document(CASES / f"{file}.yaml"), settings)
    document.data["sample"].pop("temperature", None)
    return case_of(document)


def main() -> None:
    rows = []
    case = read_case(CASES / "paper" / "cu-20li.yaml")
    single, result = cpu(lambda: run(case), 3)
    onsets = result.summary()["onsets"]
    ours = (onsets["T1"]["temperature_K"] - 273.15, onsets["T3"]["temperature_K"] - 273.15)
    begun = time.process_time()
    one, _ = compiled_run(case)
    one()
    loading = time.process_time() - begun
    fast = cpu(lambda: [one() for _ in range(100)], 3)[0] / 100.0
    fractions = np.linspace(0.1, 0.6, 1000)
    batch, _ = cpu(lambda: simulate_many(case, {"sample.ejecta.fraction": fractions}, cores=1))
    peers = {"scipy BDF, rtol 1e-7": by_scipy("BDF", 1e-7)}
    try:
        peers["scikit-SUNDAE CVODE, rtol 1e-7"] = by_cvode(1e-7)
    except ImportError:
        print("scikit-SUNDAE is not installed: skipped")
    for peer, phase in peers.items():
        theirs, found = cpu(lambda phase=phase: heat_wait_seek(phase))
        print(f"{peer}: T1 {found[0]:.4f}, T3 {found[1]:.3f} degC; ours {ours[0]:.4f}, {ours[1]:.3f}")
        rows.append(row("arc-limetal", fast, "s CPU", peer, theirs))
        rows.append(row("arc-limetal-interpreted", single, "s CPU", peer, theirs))
        rows.append(row("arc-batch", 1000.0 / batch, "tests/s", peer, 1.0 / theirs, more_is_better=True))
    rows.append(row("arc-loading-compiled", loading, "s CPU", "the interpreted test", single))

    scan = read_case(CASES / "calorimetry" / "anode-dsc.yaml")
    assert isinstance(scan.programme, DscProgramme)
    one, body = compiled_run(scan, scan.programme.moments())
    n, _ = one()
    theirs, found = cpu(lambda: shurtz(1e-6), 3)
    print(f"DSC, highest peak: scipy {found[0]:.4g} W/m3 at {found[1]:.2f} degC; ours {n} rows")
    rows.append(row("dsc-zcrit", cpu(one, 5)[0], "s CPU", "scipy LSODA, rtol 1e-6, written by hand", theirs))
    rows.append(row("dsc-zcrit-all", cpu(lambda: run(scan).summary(), 2)[0], "s CPU", "scipy LSODA, rtol 1e-6, written by hand", theirs))

    for name, file in SETS.items():
        one, body = compiled_run(arc_of(file))
        _, state = one()
        spent = cpu(lambda one=one: [one() for _ in range(50)], 3)[0] / 50.0
        print(f"{name}: {len(body.reactions)} reactions, {int(state.loop[N_STEPS])} steps, {int(state.loop[N_REJECTED])} rejected")
        rows.append(row(f"arc-{name}", spent, "s CPU", "arc-limetal", fast))
    show(rows)


if __name__ == "__main__":
    main()
