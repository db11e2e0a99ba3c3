"""A study of points run into its folder: the table grows as points end, and a stopped study goes on from it."""

from __future__ import annotations

import csv
import os
import time
from typing import Any

from thermo.app.places import Place
from thermo.app.run_into_folder import SHOWN_ROWS, Interrupts, Listener, machine, peak_memory, run_case, versions
from thermo.base.compiled import telling
from thermo.base.errors import CaseError, SolveError, Stopped
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document
from thermo.casefile.settings import change
from thermo.results.store import Folder, harmless
from thermo.simulation.estimate import needs
from thermo.simulation.result import look_up, verdict
from thermo.studies.cluster import Cluster
from thermo.studies.compiled import WORTH, Compiled, compilable
from thermo.studies.engine import Engine, Told
from thermo.studies.points import Job, Outcome, Point, PointStudy, assignments, job_of
from thermo.studies.results import suffix_of_key
from thermo.studies.study import Study
from thermo.studies.uncertainty import Uncertainty

Engines = tuple[Engine | Cluster, Compiled | None]  # for any points, and for many


class Ledger:
    """The table of a study: what came of each point, in the order of points; on disk from the moment it is known."""

    def __init__(self, folder: Folder, study: PointStudy) -> None:
        self.folder, self.study = folder, study
        self.heads = {name: f"{name}{suffix_of_key(what)}" for name, what in study.outputs.items()}
        self.units = study.units()
        named = [f"{name} [{unit}]" if unit else name for name, unit in self.units.items()]
        self.columns = ["point", *named, *self.heads.values(), *(["yes"] if study.yes else []), "reason"]
        self.rows: dict[int, tuple[Point, Outcome]] = {}
        self.known: dict[int, tuple[Point, Outcome]] = {}

    def read(self) -> None:
        """Take over the whole lines of a table that an earlier run of this study left."""
        try:
            with open(self.folder.path / "table.csv", newline="", encoding="utf-8") as file:
                lines = list(csv.reader(file))
        except (OSError, UnicodeDecodeError, csv.Error):
            return
        if not lines or lines[0] != [harmless(name) for name in self.columns]:
            return
        for cells in lines[1:]:
            row = dict(zip(self.columns, cells, strict=False))
            try:
                number = int(row["point"])
                outputs = {name: float(row[head]) if row[head] else None for name, head in self.heads.items()}
                answer = {"yes": True, "no": False}.get(row["yes"]) if self.study.yes else None
                point = {
                    name: f"{cell} {unit}" if unit else cell for (name, unit), cell in zip(self.units.items(), cells[1:], strict=False)
                }
                self.known[number] = (point, Outcome(outputs, answer, row["reason"]))
            except (KeyError, ValueError):  # a line that a kill cut short
                continue

    def put(self, number: int, point: Point, outcome: Outcome) -> None:
        """A point that has ended, at once on disk."""
        self.rows[number] = (point, outcome)
        file = self.folder.path / "table.csv"
        if len(self.rows) == 1 or not file.is_file():
            self.folder.write_csv("table.csv", self.columns, [self.line(n) for n in self.rows])
            return
        with open(file, "a", newline="", encoding="utf-8") as table:
            csv.writer(table, lineterminator="\n").writerow([harmless(cell) for cell in self.line(number)])
            table.flush()

    def line(self, number: int) -> list[Any]:
        """A row of the table."""
        point, outcome = self.rows[number]
        answer = [] if self.study.yes is None else ["" if outcome.yes is None else "yes" if outcome.yes else "no"]
        values = [point[name].removesuffix(f" {unit}") if unit else point[name] for name, unit in self.units.items()]
        return [number, *values, *(outcome.outputs[name] for name in self.heads), *answer, outcome.reason]

    def finish(self) -> None:
        """The whole table in the order of points."""
        self.folder.write_csv("table.csv", self.columns, (self.line(n) for n in sorted(self.rows)))


def run_points(study: Study, folder: Folder, head: dict[str, Any], listener: Listener, *, resume: bool, place: Place) -> dict[str, Any]:
    """Run every point that a study asks for, and conclude; its summary. Raises Stopped."""
    kind = study.text.study
    assert isinstance(kind, PointStudy)
    (member,) = study.members
    settings = kind.case if isinstance(kind.case, str) else kind.case.assignments()
    job = job_of(kind, member.document, [] if isinstance(settings, str) else settings)
    name, begun, cpu = folder.path.name, time.monotonic(), cpu_of_all()
    ledger = Ledger(folder, kind)
    if resume:
        ledger.read()
    if place.scheduler is None:
        place = place.within_memory(needs(member.case).megabytes, lambda text: listener.note(f"{name}: {text}"))
    with Interrupts() as interrupts:

        def look() -> None:
            if interrupts.caught is not None:
                folder.finish({"status": "interrupted", **head})
                raise Stopped(interrupts.caught, f"{folder.path}: stopped after {len(ledger.rows)} points; continue with --resume")

        compiles = place.scheduler is None and compilable(member.case, job, kind.limit)
        many = Compiled(job, member.case, place.n_workers, look) if compiles else None
        with place.engine(job, kind.limit, look) as engine, telling(lambda text: listener.note(f"{name}: {text}")):
            conclusion = _rounds(kind, (engine, many), ledger, lambda text: listener.progress(name, *text))
        ledger.finish()
        asked = bool(kind.outputs)  # of a point that failed the answer may be known, but no output
        failed = [number for number, (_, outcome) in sorted(ledger.rows.items()) if outcome.failed and (asked or outcome.yes is None)]
        _keep(kind, job, ledger, folder, failed, listener)
    problem = conclusion.pop("problem", None)
    n_rows = len(ledger.rows)
    reason = problem
    if failed and not problem:
        reason = f"{len(failed)} of {n_rows} points failed, the first is point {failed[0]}: {ledger.rows[failed[0]][1].reason}"
    about = {
        "n": n_rows,
        "failed": failed,
        "inputs": list(kind.units()),
        "outputs": dict(ledger.heads),
        "seed": getattr(kind, "seed", None),
    }
    summary: dict[str, Any] = {
        "title": study.text.title,
        "status": "failed" if problem or failed else "complete",
        "reason": reason,
        "kind": kind.kind,
        "points": about,
        kind.kind: conclusion,
        "inconclusive": problem is not None,
        "inputs_assumed": _assumed(kind),
        "warnings": [] if reason is None else [{"code": "points", "text": reason, "where": "table.csv"}],
        "cost": {"wall_s": time.monotonic() - begun, "cpu_s": cpu_of_all() - cpu, "peak_memory_MB": peak_memory()},
        "provenance": {**head, "versions": versions(), "machine": machine()},
    }
    if n_rows <= SHOWN_ROWS:
        summary["table"] = [dict(zip(ledger.columns, ledger.line(number), strict=True)) for number in sorted(ledger.rows)]
    summary["expect"] = [judged(entry, summary) for entry in study.text.expect]
    folder.write_json("summary.json", summary)
    folder.finish({"status": summary["status"], **head})
    return summary


def cpu_of_all() -> float:
    """CPU time of this process and of those that it made and that have ended [s]."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _rounds(kind: PointStudy, engines: Engines, ledger: Ledger, told: Any) -> dict[str, Any]:
    """Every round of points until the study has its conclusion."""
    rounds = kind.rounds()
    points = next(rounds)
    while True:
        outcomes = _round(points, engines, ledger, told)
        try:
            points = rounds.send(outcomes)
        except StopIteration as ended:
            return dict(ended.value)


def _round(points: list[Point], engines: Engines, ledger: Ledger, told: Any) -> list[Outcome]:
    """The outcomes of a round; those that an earlier run knew are not run again."""
    first = len(ledger.rows) + 1
    found: dict[int, Outcome] = {}
    for i, point in enumerate(points):
        known = ledger.known.get(first + i)
        if known is not None and known[0] == point and not known[1].failed:
            found[i] = known[1]
            ledger.put(first + i, point, known[1])
    left = [i for i in range(len(points)) if i not in found]

    def ended(place: int, outcome: Outcome) -> None:
        number = first + left[place]
        ledger.put(number, points[left[place]], outcome)
        text = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in points[left[place]].items())
        told(((len(ledger.rows) - first + 1) / len(points), f"point {number}: {text}"[:60]))

    for i, outcome in zip(left, _run([points[i] for i in left], engines, ended, len(points)), strict=True):
        found[i] = outcome
    return [found[i] for i in range(len(points))]


def _run(points: list[Point], engines: Engines, ended: Told, n_round: int) -> list[Outcome]:
    """Points in processes, or compiled where the round has many; a study that goes on takes the way that it began with."""
    engine, many = engines
    if many is not None and n_round >= WORTH:
        try:
            return many.run(points, ended)
        except ValueError:  # an input that a batch cannot change
            pass
    return engine.run(points, ended)


class Silent:
    """Hears nothing of points that are run once more."""

    def note(self, text: str) -> None:
        """A line."""

    def progress(self, name: str, done: float, text: str) -> None:
        """How far a run is."""


def _keep(kind: PointStudy, job: Job, ledger: Ledger, folder: Folder, failed: list[int], listener: Listener) -> None:
    """Run the points that are to be kept once more, each into a folder of its own, with fields and history."""
    if kind.keep == "none":
        return
    wanted = set(failed) if kind.keep == "failed" else set(ledger.rows) if kind.keep == "all" else set(kind.keep) & set(ledger.rows)
    for number in sorted(wanted):
        point, outcome = ledger.rows[number]
        if "killed its process" in outcome.reason or "its limit" in outcome.reason:
            continue  # it would do so here
        try:
            document = change(parse_document(job.text, job.path), [*job.settings, *assignments(point)])
            case = case_of(document).model_copy(update={"expect": ()})
            run_case(case, document, folder.path / "points" / str(number), Silent(), force=True)
        except (CaseError, SolveError) as error:
            listener.note(f"{folder.path.name}: point {number} is not kept: {str(error)[:200]}")


def _assumed(kind: PointStudy) -> list[dict[str, Any]]:
    """Inputs whose values or distribution nobody vouches for."""
    return [
        {"key": name, "form": entry.form, "ends": entry.ends(0.05), "status": entry.status or "assumed", "source": entry.source}
        for name, entry in kind.inputs.items()
        if entry.spread and (entry.source is None or entry.status in ("assumed", "calibrated"))
    ] + (kind.posterior.assumed() if isinstance(kind, Uncertainty) and kind.posterior is not None else [])


def judged(entry: Any, summary: dict[str, Any]) -> dict[str, Any]:
    """An expectation of a study beside what came out."""
    from thermo.results.words import unit_of

    found = look_up(summary, entry.what)
    value = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    return {"name": entry.what, "value": value, "unit": unit_of(entry.what)} | verdict(entry.what, entry, found is None, value)
