"""Held-out prediction: what a fit says of rows and records that it has not seen, and how many reactions that speaks for.

Of several numbers of reactions the fewest is taken whose held-out error is within 1.2 times the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.studies.calibrate.arc_data import FEW_ROWS, ArcData, Given, Section
from thermo.studies.calibrate.fitting import fitted
from thermo.studies.calibrate.models import DECADE, ArcModel
from thermo.studies.calibrate.parameters import parameters_of, starts_of
from thermo.studies.calibrate.problem import Measured, Problem
from thermo.studies.calibrate.rows import with_scatter
from thermo.studies.calibrate.text import Calibration

WITHIN = 1.2  # times the least held-out error: so much worse is not worth another reaction
COLUMNS = ("reactions", "held_out", "record", "rows", "rms_fitted", "rms_held_out", "unit")


def checked(study: Calibration, case: Case, records: Sequence[Measured], look: Any) -> dict[str, Any]:
    """Rows of the check, one each number of reactions and what was held out, and the number that is enough. Raises what `look` raises."""
    check = study.check
    assert check is not None
    numbers = sorted(set(check.reactions)) or [len(study.fit)]
    rows: list[dict[str, Any]] = []
    for n in numbers:
        part, cut_case, cut = first_reactions(study, case, records, n)
        held: list[tuple[str, list[Measured], list[Measured], float | None]] = []
        if check.hold_out is not None:
            seen = [record._replace(data=up_to(record.data, float(check.hold_out))) for record in cut]
            words = f"rows above {show(float(check.hold_out), 'temperature rate')}"
            held.append((words, [record for record in seen if record.data is not None], list(cut), float(check.hold_out)))
        if check.leave_out is not None and len(cut) > 1:
            held += [(f"the record {left.name}", [other for other in cut if other is not left], [left], None) for left in cut]
        for words, train, test, above in held:
            look(0.65, f"{n} reactions without {words}")
            if train:
                rows += _predicted(part, cut_case, n, words, train, test, above)
    return {"rows": rows, "enough": enough(rows)}


def first_reactions(study: Calibration, case: Case, records: Sequence[Measured], n: int) -> tuple[Calibration, Case, list[Measured]]:
    """The study with the first so many reactions of `fit` alone, and its cases without the others of `fit`."""
    kept = list(study.fit)[:n]
    gone = set(study.fit) - set(kept)
    own = {key: value for key, value in study.own.items() if key.rpartition(".")[0] in kept}
    part = study.model_copy(update={"fit": {name: study.fit[name] for name in kept}, "own": own})
    return part, _without(case, gone), [record._replace(case=_without(record.case, gone)) for record in records]


def _without(case: Case, gone: set[str]) -> Case:
    """The case without some reactions."""
    cell = case.cell
    text = None if cell is None else cell.mechanism()
    if not gone or cell is None or text is None:
        return case
    left = {name: reaction for name, reaction in text.reactions.items() if name not in gone}
    changed = cell.model_copy(update={"chemistry": text.model_copy(update={"reactions": left}), "changes": {}})
    return case.model_copy(update={"sample": changed})


def up_to(data: Any, rate: float) -> Any:
    """A calorimeter's record up to a rate [K/s], without its maximum; None where too few rows are left; a scan as it is."""
    if not isinstance(data, ArcData):
        return data
    pieces: list[Section | Given] = []
    for piece in data.pieces:
        if isinstance(piece, Given):
            pieces.append(piece)
            continue
        over = np.flatnonzero(piece.seen > rate)
        n = int(over[0]) if len(over) else len(piece.seen)
        if n >= FEW_ROWS:
            pieces.append(Section(piece.time[:n], piece.temperature[:n], piece.seen[:n], piece.samples[:n]))
        if n < len(piece.seen):
            break
    while pieces and isinstance(pieces[-1], Given):
        pieces.pop()
    return data._replace(pieces=tuple(pieces), top=None, tail=None) if pieces else None


def _predicted(
    study: Calibration, case: Case, n: int, words: str, train: list[Measured], test: list[Measured], above: float | None
) -> list[dict[str, Any]]:
    """The errors of what was held out, a row each record."""
    starts = starts_of(case, study)
    parameters = parameters_of(study, starts)
    problem = Problem(study, parameters, starts, train)
    x = with_scatter(problem, fitted(problem, study.starts, study.seed))[0].x[: problem.n_free]
    errors = [_errors(Problem(study, parameters, starts, [record]), x) for record in train]
    inner = float(np.sqrt(np.mean(np.concatenate([error for error, _ in errors]) ** 2)))
    rows = []
    for record in test:
        error, rates = _errors(Problem(study, parameters, starts, [record]), x)
        if above is not None:
            error = error[rates > above] if rates is not None else error[:0]
        if len(error):
            unit = "decades" if isinstance(record.data, ArcData) else "of the peak"
            found = (n, words, record.name, len(error), inner, float(np.sqrt(np.mean(error**2))), unit)
            rows.append(dict(zip(COLUMNS, found, strict=True)))
    return rows


def _errors(problem: Problem, x: Floats) -> tuple[Floats, Floats | None]:
    """Of the one record of a problem: by how many decades each rate is off, with the rates; of a scan as shares of its peak."""
    model = problem.models[0]
    numbers = problem.maps[0].of(np.concatenate([x, np.zeros(problem.n - problem.n_free)]))
    if isinstance(model, ArcModel):
        times = model.course(numbers, False)[0]
        off = [np.log(np.maximum(dt, 1e-300)) - seen for dt, seen in zip(times, model.observed, strict=True)]
        return np.clip(np.concatenate(off) / DECADE, -10.0, 10.0), np.concatenate([section.seen[1:] for section in model.data.sections])
    residual = model.flow(numbers, False)[0] - model.data.flow
    residual -= model.base @ (model.base.T @ residual)
    return residual / float(np.ptp(model.data.flow)), None


def enough(rows: list[dict[str, Any]]) -> int | None:
    """The fewest reactions whose held-out error in decades is within 1.2 times the least; None where nothing was held out."""
    errors: dict[int, list[tuple[float, int]]] = {}
    for row in rows:
        if row["unit"] == "decades":
            errors.setdefault(row["reactions"], []).append((row["rms_held_out"] ** 2 * row["rows"], row["rows"]))
    if not errors:
        return None
    rms = {n: float(np.sqrt(sum(square for square, _ in found) / sum(count for _, count in found))) for n, found in errors.items()}
    least = min(rms.values())
    return min(n for n, value in rms.items() if value <= WITHIN * least)
