"""A calibration run into its folder: mechanism, tables of numbers, correlations, profiles, draws and the fitted rows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from thermo.app.run_into_folder import Interrupts, Listener, as_yaml, machine, peak_memory, versions
from thermo.app.run_points import judged
from thermo.base.compiled import telling
from thermo.base.errors import CaseError, Stopped
from thermo.case.case import case_hash
from thermo.results.store import Folder, plain_name
from thermo.studies.calibrate.calibrating import Calibrated, calibrated
from thermo.studies.calibrate.conclusion import conclusion, warnings_of
from thermo.studies.calibrate.holding_out import COLUMNS
from thermo.studies.calibrate.intervals import correlations
from thermo.studies.calibrate.models import ArcModel
from thermo.studies.calibrate.parameters import mechanism_arrays
from thermo.studies.calibrate.reading import files_of, read_calibration
from thermo.studies.calibrate.text import Calibration
from thermo.studies.calibrate.written import draws_table, mechanism_file
from thermo.studies.study import Study

Rows = list[list[Any]]


def run_calibration(study: Study, folder: Folder, head: dict[str, Any], listener: Listener) -> dict[str, Any]:
    """Fit the records of a study and write what came out; its summary. Raises Stopped, CaseError."""
    kind = study.text.study
    assert isinstance(kind, Calibration)
    name, begun, cpu = folder.path.name, time.monotonic(), time.process_time()
    _, records, mistakes = read_calibration(study.document, kind)
    if mistakes:
        raise CaseError(mistakes)
    case = study.members[0].case
    with Interrupts() as interrupts:

        def look(done: float, text: str) -> None:
            listener.progress(name, done, text)
            if interrupts.caught is not None:
                folder.finish({"status": "interrupted", **head})
                raise Stopped(interrupts.caught, f"{folder.path}: stopped; a calibration leaves no partial result")

        with telling(lambda text: listener.note(f"{name}: {text}")):
            made = calibrated(kind, case, records, look)
    found = conclusion(made)
    hashes = files_of(kind, Path(study.document.path).parent)
    data = ", ".join(f"{kind.records[record].file} (sha256 {seal[:12]})" for record, seal in hashes.items())
    source = f"fitted to {data}; case sha256 {case_hash(case)[:12]}"
    _write(folder, made, source)
    warnings = warnings_of(found)
    summary: dict[str, Any] = {
        "title": study.text.title,
        "status": "complete",
        "reason": None,
        "kind": "calibrate",
        "calibrate": found,
        "data": hashes,
        "warnings": warnings,
        "cost": {
            "wall_s": time.monotonic() - begun,
            "cpu_s": time.process_time() - cpu,
            "evaluations": made.fit.evaluations,
            "peak_memory_MB": peak_memory(),
        },
        "provenance": {**head, "versions": versions(), "machine": machine()},
    }
    summary["expect"] = [judged(entry, summary) for entry in study.text.expect]
    folder.write_json("summary.json", summary)
    folder.finish({"status": "complete", **head})
    return summary


def _write(folder: Folder, made: Calibrated, source: str) -> None:
    """Every file of a calibration but its summary."""
    problem = made.problem
    text = mechanism_arrays(problem.members[0].case)[0]
    folder.write("mechanism.yaml", as_yaml(mechanism_file(text, made, source)))
    folder.write_csv("posterior.csv", *draws_table(text, made))
    if any(p.record for p in problem.parameters):
        for member in problem.members:
            name = plain_name(member.name)
            folder.write(f"mechanism-{name}.yaml", as_yaml(mechanism_file(text, made, source, member.name)))
            folder.write_csv(f"posterior-{name}.csv", *draws_table(text, made, member.name))
    rows = conclusion(made)["parameters"]
    columns = [name for name in rows[0] if name != "linearised_half_width"]
    folder.write_csv("table.csv", columns, [[row[name] for name in columns] for row in rows])
    names = [p.name for p in problem.parameters]
    matrix = correlations(made.fit, problem)
    folder.write_csv("correlations.csv", ["name", *names], [[name, *row] for name, row in zip(names, matrix.tolist(), strict=True)])
    profiles: Rows = [[names[i], *point] for i, interval in enumerate(made.intervals) for point in interval.points]
    if profiles:
        folder.write_csv("profiles.csv", ["name", "value", "rise_of_chi2"], profiles)
    if made.check is not None:
        folder.write_csv("check.csv", list(COLUMNS), [[row[name] for name in COLUMNS] for row in made.check["rows"]])
    folder.write_csv("fit.csv", FITTED, _fitted_rows(made))


FITTED = ["record", "kind", "section", "sample", "time_s", "temperature_K", "observed", "fitted", "residual"]


def _fitted_rows(made: Calibrated) -> Rows:
    """Every row of every record: the rate between two rows [K/s] or the heat flow [W] beside the fit; `residual` is whitened."""
    problem = made.problem
    rows: Rows = []
    for i, model in enumerate(problem.models):
        numbers, residual = problem.maps[i].of(made.fit.x), problem.of_record(i, made.fit.x)
        if isinstance(model, ArcModel):
            at = 0
            for n, (section, dt) in enumerate(zip(model.data.sections, model.course(numbers, False)[0], strict=True)):
                rise = np.diff(section.temperature)
                for row in range(len(dt)):
                    seen, fitted = rise[row] / (section.time[row + 1] - section.time[row]), rise[row] / max(dt[row], 1e-300)
                    middle = 0.5 * (section.temperature[row] + section.temperature[row + 1])
                    rows.append([model.name, "arc", n, int(section.samples[row]), section.time[row], middle, seen, fitted, residual[at]])
                    at += 1
            continue
        flow = model.flow(numbers, False)[0]
        flow = flow + model.base @ (model.base.T @ (model.data.flow - flow))
        columns = zip(model.data.time, model.data.temperature, model.data.flow, flow, residual, strict=False)
        rows += [[model.name, "dsc", 0, k + 1, *row] for k, row in enumerate(columns)]
    return rows
