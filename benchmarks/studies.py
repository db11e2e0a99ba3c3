"""Studies: tests of a batch, the overhead of a point, points that wait, a fit, memory over rows.

`python benchmarks/studies.py [--quick] [PART ...]`: a tenth of the rows; some of tests, overhead, waiting, fit, memory.
The peer of each figure is the most that it should cost. Start of processes and kept folders stand apart from the cost of a point.
"""

from __future__ import annotations

from common import row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from thermo.case.case import read_case
from thermo.studies.batch import simulate_many
from thermo.studies.cluster import Cluster
from thermo.studies.engine import Engine
from thermo.studies.points import Job

CASES = Path(__file__).parent.parent / "cases"
QUICK = "--quick" in sys.argv
NOT_A_CASE = "title: an empty point\n"  # refused at once: what is left is the cost of a point itself
PEER = "asked"


def full_tests() -> list[dict[str, Any]]:
    """10 000 heat-wait-seek tests of Cu-20Li with heats of their own, after compiling: CPU time of all cores."""
    n = 1000 if QUICK else 10_000
    case = read_case(CASES / "paper" / "cu-20li.yaml")
    simulate_many(case, {"sample.with.pool.heat": [357.0, 350.0]})
    begun = time.process_time()
    found = simulate_many(case, {"sample.with.pool.heat": [340.0 + 30.0 * i / n for i in range(n)]})
    spent = (time.process_time() - begun) * (10_000 / n)
    assert len(found["T1_K"]) == n
    return [row("10 000 tests of Cu-20Li", spent, "s CPU", PEER, 24.0)]


def overhead() -> list[dict[str, Any]]:
    """200 points that do nothing, through two processes and through Dask; what starting them costs."""
    job = Job(NOT_A_CASE, str(CASES / "empty.yaml"), (), {"t": "end.time_s"}, None, None)
    rows = []
    for name, most, engine in (
        ("processes", 5.0, lambda: Engine(job, 2, None)),
        ("Dask", 20.0, lambda: Cluster(job, "local", 2, None)),
    ):
        begun = time.monotonic()
        with engine() as opened:
            opened.run([{}] * 2)
            started = time.monotonic()
            outcomes = opened.run([{}] * 200)
            each = 1e3 * (time.monotonic() - started) / 200
        assert all(outcome.failed for outcome in outcomes)
        rows.append(row(f"a point, {name}", each, "ms", PEER, most))
        rows.append(row(f"start, {name}", started - begun, "s", "none", float("nan")))
    return rows


def waiting() -> list[dict[str, Any]]:
    """20 points that wait 1 s each, on two processes: pebble's pool as the engine uses it."""
    from concurrent.futures import wait

    with Engine(Job(NOT_A_CASE, str(CASES / "empty.yaml"), (), {}, None, None), 2, None) as engine:
        begun = time.monotonic()
        wait([engine.pool.schedule(time.sleep, args=[1.0]) for _ in range(20)])
        return [row("20 points of 1 s on two", time.monotonic() - begun, "s", PEER, 11.8)]


def fit() -> list[dict[str, Any]]:
    """Three reactions with profiles from two records of a calorimeter, the whole command with its pictures and its report."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "fit.yaml"
        study.write_text(three_reactions(Path(folder)))
        begun, before = time.monotonic(), os.times()
        command = [sys.executable, "-m", "thermo", "run", study, "--quiet", "--out", Path(folder) / "out"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        whole, spent = time.monotonic() - begun, os.times().children_user - before.children_user
        return [row("fit of three reactions", whole, "s", PEER, 10.0), row("its CPU time", spent, "s CPU", PEER, 10.0)]


def three_reactions(folder: Path) -> str:
    """A fit of three reactions to records that runs of them made."""
    text = (CASES / "studies" / "two-reactions.yaml").read_text().partition("expect:")[0]
    third = "cathode, order: 1}]\n        consumes: {cathode: 1}\n        heat: 10 kJ\n"
    more = "      binder:\n        pre_exponential_factor: 3e-5 1/s\n        reference_temperature: 465 K\n"
    more += "        activation_energy: 150 kJ/mol\n        factors: [{kind: order, species: binder, order: 1}]\n"
    more += "        consumes: {binder: 1}\n        heat: 6 kJ\n"
    text = text.replace(third, third + more).replace("cathode: {start: 1}}", "cathode: {start: 1}, binder: {start: 1}}")
    (folder / "three.yaml").write_text(text)
    for phi in ("1", "1.5"):
        made = ["run", folder / "three.yaml", "--set", f"programme.calorimeter.phi={phi}", "--quiet", "--no-report", "--out", folder / phi]
        subprocess.run([sys.executable, "-m", "thermo", *made], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    free = "activation_energy: {from: 80 kJ/mol, to: 200 kJ/mol}, heat: {}}"
    fits = "\n".join(
        f"    {name}: {{rate_constant: {{at: {at} K}}, {free}" for name, at in (("sei", 370), ("cathode", 425), ("binder", 465))
    )
    return f"""title: three reactions
study:
  kind: calibrate
  case: three.yaml
  records:
    alone: {{file: 1/record.csv, kind: arc, noise: 0.02 K}}
    held: {{file: 1.5/record.csv, kind: arc, noise: 0.02 K, set: {{programme.calorimeter.phi: 1.5}}}}
  fit:
{fits}
"""


ROWS_STUDY = """title: rows
study:
  kind: uncertainty
  case: {case}
  inputs: {{programme.air: {{uniform: [150 degC, 160 degC]}}}}
  outputs: {{t: crossings.runaway.time_s}}
  points: {points}
"""


def memory() -> list[dict[str, Any]]:
    """Largest memory of a study of 100 000 points over that of one of 10 000, each a process of its own."""
    used = []
    with tempfile.TemporaryDirectory() as folder:
        for points in (1_000, 10_000) if QUICK else (10_000, 100_000):
            study = Path(folder) / f"rows-{points}.yaml"
            study.write_text(ROWS_STUDY.format(case=CASES / "calorimetry" / "oven-155.yaml", points=points))
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, study, Path(folder) / str(points)], capture_output=True, text=True, check=True
            )
            used.append(float(done.stdout.split()[-1]))
    return [row("memory of 10 times the rows", used[1] - used[0], "MB", f"{PEER}; the fewer rows have {used[0]:.0f} MB", 100.0)]


MEASURED = """
import resource, runpy, sys
sys.argv = ["thermo", "run", sys.argv[1], "--no-report", "--quiet", "--out", sys.argv[2]]
try:
    runpy.run_module("thermo", run_name="__main__")
except SystemExit:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parts = {"tests": full_tests, "overhead": overhead, "waiting": waiting, "fit": fit, "memory": memory}
    chosen = [name for name in parts if name in sys.argv] or list(parts)
    show([entry for name in chosen for entry in parts[name]()])


if __name__ == "__main__":
    main()
