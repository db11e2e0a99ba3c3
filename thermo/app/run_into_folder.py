"""A case or a study run into its folder: locks, checkpoints, signals, results; prints nothing, tells a listener."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from thermo import __version__
from thermo.base.compiled import telling
from thermo.base.errors import FileError, FolderError, Stopped, printable
from thermo.bodies.meshed import Stored
from thermo.case.case import Case, case_hash, resolved
from thermo.casefile.reader import Document
from thermo.casefile.result_units import STATISTICS
from thermo.measurement.arrivals import arrivals_table
from thermo.results.store import Folder, damage, plain_name, read_json
from thermo.simulation.result import Result
from thermo.studies.calibrate.text import Calibration
from thermo.studies.points import PointStudy
from thermo.studies.study import COLUMNS, Comparison, Study, judged_claims, numeric_columns, said, study_hash, table

PACKAGES = ("numpy", "scipy", "scikit-fem", "pyamg", "meshio", "pydantic", "ruamel.yaml", "numba")
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


PATIENCE = 3.0  # seconds from a signal to the end of a steady solve


class Listener(Protocol):
    """What a run tells while it goes on."""

    def note(self, text: str) -> None:
        """A line worth reading."""

    def progress(self, name: str, done: float, text: str) -> None:
        """About how much of a run is done, 0 to 1, and where it is."""


class Interrupts:
    """Turns SIGINT, SIGTERM and SIGHUP into a flag; a second one ends the process at once."""

    def __init__(self) -> None:
        self.caught: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        with contextlib.suppress(ValueError):  # not in the main thread: signals are not ours
            for number in SIGNALS:
                self.before[number] = signal.signal(number, self._catch)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def ending(self, last: Callable[[], None]) -> Iterator[None]:
        """Within it a signal ends the process after a few seconds, whatever the main thread is in; `last` is called before.

        A sparse factorisation may take minutes, and no Python of the main thread runs in it.
        """
        if not self.before or not hasattr(os, "set_blocking"):  # signals are not ours, or (Windows) no pipe can tell of them
            yield
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        over = threading.Event()

        def wait() -> None:
            while number := os.read(reading, 1):
                if number[0] in SIGNALS and not over.wait(PATIENCE):
                    last()
                    os._exit(128 + number[0])

        watcher = threading.Thread(target=wait, daemon=True)
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        watcher.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            over.set()
            os.close(writing)
            watcher.join()
            os.close(reading)

    def _catch(self, number: int, _: object) -> None:
        if self.caught is not None:
            os._exit(128 + number)
        self.caught = number


def machine() -> dict[str, Any]:
    """Cores and memory of this machine."""
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return {"cores": os.cpu_count(), "memory_GB": memory}


def versions() -> dict[str, str]:
    """Versions of the program and of what it computes with."""
    found = {"thermorun": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def peak_memory() -> float | None:
    """Largest memory of this process so far [MB]; None where the system does not say."""
    try:
        import resource
    except ImportError:  # on Windows
        return None
    used: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # type: ignore[attr-defined]
    return round(used / (2**20 if sys.platform == "darwin" else 2**10), 1)


@contextlib.contextmanager
def opened(path: Path, seal: str, *, force: bool, resume: bool) -> Iterator[tuple[Folder, str]]:
    """A folder ready for the case with hash `seal`: "new", "resume" or "done". Raises FolderError where it holds anything else."""
    with Folder(path) as folder:
        status = folder.status()
        state, same = status.get("status"), status.get("case_sha256") == seal
        if force and state is not None:
            folder.clear()
            state = None
        if state is None:
            yield folder, "new"
        elif not same:
            raise FolderError(f"{path} holds another case or other settings; choose another folder with --out, or replace it with --force")
        elif state == "complete":
            broken = damage(path)
            if broken:
                raise FolderError(f"{path} is damaged ({broken[0]}); replace it with --force")
            yield folder, "done"
        elif resume:
            yield folder, "resume"
        else:
            raise FolderError(f"{path} holds an unfinished run of this case ({state}); continue with --resume, or replace it with --force")


def run_case(
    case: Case,
    document: Document,
    path: Path,
    listener: Listener,
    *,
    force: bool = False,
    resume: bool = False,
    interrupts: Interrupts | None = None,
) -> dict[str, Any]:
    """Run a case into a folder, or take what is there; its summary.

    Raises FolderError, FileError, Stopped (after a checkpoint).
    """
    seal = case_hash(case)
    start = getattr(case.sample, "temperature", None)
    if isinstance(start, Stored) and start.folder.resolve() == path.resolve():
        raise FolderError(f"{path} is the result that this run starts from; give the run another folder with --out")
    with opened(path, seal, force=force, resume=resume) as (folder, state):
        if state == "done":
            listener.note(f"{path}: this run is complete already; nothing was computed")
            return read_json(folder.path / "summary.json")  # type: ignore[no-any-return]
        told = telling(lambda text: listener.note(f"{path.name}: {text}"))
        with told, contextlib.nullcontext(interrupts) if interrupts else Interrupts() as flag:
            return _run(case, document, folder, seal, listener, state == "resume", flag)


def _run(
    case: Case, document: Document, folder: Folder, seal: str, listener: Listener, resume: bool, interrupts: Interrupts
) -> dict[str, Any]:
    from thermo.simulation.prepare import build
    from thermo.simulation.simulate import Moment, checkpoint, run

    begun, cpu = time.monotonic(), time.process_time()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    name = folder.path.name
    stored, number, complaints = folder.load_checkpoint(seal) if resume else (None, 0, [])
    for complaint in complaints:
        listener.note(f"{name}: {complaint}")
    if resume:
        listener.note(f"{name}: " + ("continues from its checkpoint" if stored else "has no checkpoint and starts again"))
    folder.write_json("status.json", {"status": "running", "case_sha256": seal, "started": started})
    folder.write("case.yaml", document.text)
    folder.write("resolved.yaml", as_yaml(resolved(case)))
    body = build(case)
    for note in body.notes():
        listener.note(f"{name}: {note}")
    mesh = body.frame()
    written: list[float] = []
    saved = [time.monotonic(), number]

    def keep(frames: Iterable[tuple[float, Any]]) -> None:
        for moment, field in frames:
            if mesh is not None:
                whole = body.unfolded(field)
                flux = body.heat_flux(mesh, whole) if case.measure.pictures.heat_flux else None
                folder.write_frame(len(written) + 1, moment, mesh, whole, flux, written, **body.fields(field))
            written.append(moment)

    if stored is not None:
        keep(zip((float(t) for t in stored["frame/time"]), stored["frame/temperature"], strict=True))

    def watch(moment: Moment) -> None:
        keep(moment.frames)
        listener.progress(name, moment.done, where(moment))
        due = time.monotonic() - saved[0] >= float(case.numerics.checkpoint)
        if due or interrupts.caught is not None:
            saved[1] += 1
            folder.save_checkpoint(checkpoint(moment), seal, int(saved[1]))
            saved[0] = time.monotonic()
        if interrupts.caught is not None:
            folder.finish({"status": "interrupted", "case_sha256": seal, "started": started})
            raise Stopped(interrupts.caught, f"{folder.path}: stopped {where(moment)}; continue with --resume")

    def stopped() -> None:
        folder.finish({"status": "interrupted", "case_sha256": seal, "started": started})
        listener.note(f"{folder.path}: stopped; a steady state leaves no partial result")

    with interrupts.ending(stopped) if case.programme.steady else contextlib.nullcontext():
        result = run(case, body=body, resume=stored, watch=watch)
    listener.progress(name, 1.0, "")
    ways = result.counts()["solves_by"]
    if ways:
        listener.note(f"{name}: linear systems solved: " + ", ".join(f"{count} by {way}" for way, count in ways.items()))
    taken = {"wall_s": time.monotonic() - begun, "cpu_s": time.process_time() - cpu}
    cost = taken | result.counts() | {"peak_memory_MB": peak_memory()}
    return _written(folder, result, cost, {"case_sha256": seal, "versions": versions(), "started": started, "machine": machine()})


def _written(folder: Folder, result: Result, cost: dict[str, Any], provenance: dict[str, Any]) -> dict[str, Any]:
    """Write history, record and summary of a run, and say that the folder is whole; the summary."""
    summary = result.summary() | {"cost": cost, "provenance": provenance}
    columns = result.columns
    rows = list(zip(*(values.tolist() for values in columns.values()), strict=True))
    told = [i for i, name in enumerate(columns) if name != "phase"]
    # an event writes a row before and one after it; where nothing but the phase changes, the later one is enough
    kept = [a for a, b in zip(rows, [*rows[1:], None], strict=True) if b is None or any(a[i] != b[i] for i in told)]
    folder.write_csv("history.csv", list(columns), kept)
    record = result.record()
    if record is not None:
        folder.write_csv("record.csv", list(record), list(zip(*(values.tolist() for values in record.values()), strict=True)))
    if summary["arrivals"]:
        folder.write_csv("propagation.csv", *arrivals_table(summary["arrivals"]))
    folder.write_json("summary.json", summary)
    folder.finish({"status": summary["status"], "case_sha256": provenance["case_sha256"], "started": provenance["started"]})
    return summary


def where(moment: Any) -> str:
    """Where a run is, in words."""
    from thermo.casefile.units import show
    from thermo.stepping.loop import CLOCK, PHASE_TIME

    loop = moment.state.loop
    hottest = float(moment.state.temperature.max())
    return f"at {show(float(loop[PHASE_TIME] + loop[CLOCK]), 'time')}, {show(hottest, 'temperature')}"


def as_yaml(data: Any) -> str:
    """Plain data as YAML text."""
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 140
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()


def run_study(
    study: Study, path: Path, listener: Listener, *, force: bool = False, resume: bool = False, place: Any = None
) -> dict[str, Any]:
    """Run every member into a folder of its own below `path` and put them side by side; the study's summary.

    `place` says where the points of a study run (`places.Place`); by default in a process for each core.

    Raises FolderError, FileError, Stopped. A member that fails is named, the others are kept.
    """
    seal = study_hash(study)
    with opened(path, seal, force=force, resume=True) as (folder, state):
        if state == "done":
            listener.note(f"{path}: this study is complete already; nothing was computed")
            return read_json(folder.path / "summary.json")  # type: ignore[no-any-return]
        started = datetime.now(UTC).isoformat(timespec="seconds")
        head = {"case_sha256": seal, "started": started}
        folder.write_json("status.json", {"status": "running", **head})
        folder.write("study.yaml", study.document.text)
        if study.table is not None:
            return _run_batch(study, folder, head, listener)
        if isinstance(study.text.study, Calibration):
            from thermo.app.run_calibration import run_calibration

            return run_calibration(study, folder, head, listener)
        if isinstance(study.text.study, PointStudy):
            from thermo.app.places import Place
            from thermo.app.run_points import run_points

            return run_points(study, folder, head, listener, resume=resume, place=place or Place())
        summaries: dict[str, dict[str, Any]] = {}
        with Interrupts() as interrupts:
            for member in study.members:
                below = path / plain_name(member.name)
                try:
                    summaries[member.name] = run_case(
                        member.case, member.document, below, listener, force=force and state == "new", resume=resume, interrupts=interrupts
                    )
                except Stopped:
                    folder.finish({"status": "interrupted", **head})
                    raise
        assert isinstance(study.text.study, Comparison)
        summary = compared(study.text.title, study.text.study, summaries)
        failed = [name for name, member in summaries.items() if member["status"] != "complete"]
        summary |= {"status": "failed" if failed else "complete", "reason": f"failed: {', '.join(failed)}" if failed else None}
        summary["provenance"] = {"case_sha256": seal, "versions": versions(), "started": started, "machine": machine()}
        write_comparison(folder, summary)
        folder.finish({"status": summary["status"], **head})
        return summary


SHOWN_ROWS = 20  # of a batch, that its summary has row by row


def _run_batch(study: Study, folder: Folder, head: dict[str, Any], listener: Listener) -> dict[str, Any]:
    """Run every row of a batch into one table; its summary."""
    from thermo.app.run_points import judged
    from thermo.studies.batch import simulate_many

    assert study.table is not None
    name, begun, cpu = folder.path.name, time.monotonic(), time.process_time()
    with Interrupts() as interrupts:

        def watch(done: float) -> None:
            listener.progress(name, done, "")
            if interrupts.caught is not None:
                folder.finish({"status": "interrupted", **head})
                raise Stopped(interrupts.caught, f"{folder.path}: stopped; a batch leaves no partial result")

        warned: dict[int, list[dict[str, Any]]] = {}
        case = study.members[0].case
        with telling(lambda text: listener.note(f"{name}: {text}")):
            results = simulate_many(case, study.table, watch=watch, warned=warned)
    n_rows = len(results["end_time_s"])
    open_rows = {i for i, warnings in warned.items() if any(warning["code"] == "energy" for warning in warnings)}
    failed = [i + 1 for i in range(n_rows) if math.isnan(results["end_time_s"][i]) or i in open_rows]
    found: dict[str, Any] = {column: [None if math.isnan(x) else float(x) for x in values] for column, values in results.items()}
    changed = numeric_columns(study.table)
    found["warnings"] = [len(warned.get(i, ())) for i in range(n_rows)]
    folder.write_csv("table.csv", [*changed, *found], list(zip(*changed.values(), *found.values(), strict=True)))
    spread = {column: _spread([x for x in values if x is not None]) for column, values in found.items() if column != "warnings"}
    reason = f"{len(failed)} of {n_rows} rows could not be finished, the first is row {failed[0]}" if failed else None
    summary: dict[str, Any] = {
        "title": study.text.title,
        "status": "failed" if failed else "complete",
        "reason": reason,
        "batch": {
            "rows": n_rows,
            "failed": failed,
            "parameters": list(changed),
            "results": spread,
            "table": [dict(zip([*changed, *found], row, strict=True)) for row in zip(*changed.values(), *found.values(), strict=True)]
            if n_rows <= SHOWN_ROWS
            else None,
        },
        "warnings": ([] if reason is None else [{"code": "row", "text": reason, "where": "table.csv"}]) + _by_kind(warned, n_rows),
        "cost": {"wall_s": time.monotonic() - begun, "cpu_s": time.process_time() - cpu, "peak_memory_MB": peak_memory()},
        "provenance": {**head, "versions": versions(), "machine": machine()},
    }
    summary["expect"] = [judged(entry, summary) for entry in study.text.expect]
    folder.write_json("summary.json", summary)
    folder.finish({"status": summary["status"], **head})
    return summary


MOST_ROWS_NAMED = 5  # of a warning that many rows have


def _by_kind(said: dict[int, list[dict[str, Any]]], n_rows: int) -> list[dict[str, Any]]:
    """Warnings of rows put together by what they are about: the words of the first row that has it, and all its rows from 1."""
    kinds: dict[tuple[str, str], dict[str, Any]] = {}
    for i in sorted(said):
        for warning in said[i]:
            kinds.setdefault((warning["code"], warning["where"]), {**warning, "rows": []})["rows"].append(i + 1)
    for entry in kinds.values():
        rows = entry["rows"] = list(dict.fromkeys(entry["rows"]))
        which = ", ".join(map(str, rows[:MOST_ROWS_NAMED])) + (", ..." if len(rows) > MOST_ROWS_NAMED else "")
        entry["text"] = f"row{'s' if len(rows) > 1 else ''} {which} ({len(rows)} of {n_rows}): {entry['text']}"
    return list(kinds.values())


def _spread(values: list[float]) -> dict[str, Any]:
    """How many, the smallest, the 5th, 50th and 95th percentile and the largest of some values."""
    import numpy as np

    found = np.percentile(values, [0, 5, 50, 95, 100]).tolist() if values else [None] * 5
    return {"n": len(values), **dict(zip(STATISTICS, found, strict=True))}


def compared(title: str, study: Comparison, summaries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The summary of a comparison: table, statements, remarks, the members' own summaries."""
    return {
        "title": title,
        "picture_time_s": None if study.picture_time is None else float(study.picture_time),
        "table": table(study.table, summaries),
        "claims": judged_claims(study.claims, summaries),
        "remarks": [said(remark, summaries) for remark in study.remarks],
        "members": summaries,
    }


def add_derived(path: Path, files: dict[str, bytes]) -> None:
    """Write what is made of results, by file name, into a finished folder and seal it anew. Raises FolderError, FileError."""
    with Folder(path) as folder:
        for name, data in files.items():
            folder.write(name, data)
        folder.finish(folder.status())


def write_comparison(folder: Folder, summary: dict[str, Any]) -> None:
    """Write `table.csv` and `summary.json` of a comparison."""
    rows = summary["table"] + [{"member": None, "result": row["name"], **row} for row in summary["claims"]]
    folder.write_csv("table.csv", list(COLUMNS), [[row.get(name) for name in COLUMNS] for row in rows])
    folder.write_json("summary.json", summary)


def compare_folders(paths: list[Path], out: Path | None) -> dict[str, Any]:
    """Finished result folders side by side, all that any of them states a kind of, crossings and probes; written to `out` if given.

    Raises FileError where a folder is not a finished run of a case, FolderError where `out` cannot be used.
    """
    summaries: dict[str, dict[str, Any]] = {}
    for path in dict.fromkeys(paths):
        found = read_json(path / "summary.json")
        if isinstance(found, dict) and "members" in found:
            members = " ".join(str(path / plain_name(name)) for name in found["members"])
            raise FileError(f"{path} is a study; name its members: {members}")
        if not isinstance(found, dict) or "onsets" not in found:
            raise FileError(f"{path}: there is no summary.json of a case: this is not a finished result folder")
        name = printable(path)
        summaries[name if name not in summaries else f"{name} ({len(summaries) + 1})"] = found
    keys = dict.fromkeys(entry["name"] for member in summaries.values() for entry in member["expect"])
    bodies = [member for member in summaries.values() if "regions" in member]
    keys |= dict.fromkeys(f"crossings.{name}.time_s" for member in summaries.values() for name in member["crossings"])
    keys |= dict.fromkeys(f"probes.{name}.maximum_K" for member in bodies for name in member["probes"] if "|" not in name)
    keys |= dict.fromkeys(f"regions.{name}.maximum_K" for member in bodies for name in member["regions"])
    cells = [member for member in summaries.values() if "regions" not in member]
    if cells:
        keys |= dict.fromkeys(("onsets.T1.temperature_K", "onsets.T2", "onsets.T3.temperature_K"))
        if not all(member["exotherms"] for member in cells):
            keys |= {"probes.sample.maximum_K": None}
    if any("dsc" in member for member in summaries.values()):
        keys |= dict.fromkeys(("dsc.peaks.0.temperature_K", "dsc.area_J_per_kg"))
    study = Comparison(kind="compare", cases=dict.fromkeys(summaries, ""), table=tuple(keys))
    summary = compared("comparison of " + ", ".join(summaries), study, summaries) | {"status": "complete"}
    if out is not None:
        seal = hashlib.sha256(json.dumps(sorted(summaries)).encode()).hexdigest()
        with opened(out, seal, force=True, resume=False) as (folder, _):
            write_comparison(folder, summary)
            folder.finish({"status": "complete", "case_sha256": seal, "started": None})
    return summary
