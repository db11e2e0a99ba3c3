"""A calibration from its records to its intervals: fit, pauses, scatter, forms, intervals, draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from thermo.base.arrays import Floats
from thermo.case.case import Case
from thermo.chemistry.factors import OrderFactor
from thermo.studies.calibrate.fitting import Fit, Goodness, fitted, goodness
from thermo.studies.calibrate.holding_out import checked
from thermo.studies.calibrate.intervals import Interval, doubted, drawn, linearised, profiled, widening
from thermo.studies.calibrate.parameters import parameters_of, starts_of
from thermo.studies.calibrate.problem import Measured, Problem
from thermo.studies.calibrate.rows import again, with_scatter, without_pauses
from thermo.studies.calibrate.sampling import Sampled, quantiles, sampled
from thermo.studies.calibrate.text import Calibration

Look = Callable[[float, str], None]  # how much is done, 0 to 1, and at what; it may raise to stop

AGAIN, BETTER = 2, 3.84  # times that profiles are taken, and the fall of chi2 that they find for which they are taken again


class Calibrated(NamedTuple):
    """What a calibration has found. `pauses` are (record, section, row interval); `wide` is what intervals are widened by; `draws`
    (2000, parameters); `forms` a row each form; `chain` where walkers drew; `check` of what was held out."""

    problem: Problem
    fit: Fit
    goodness: list[Goodness]
    pauses: list[tuple[str, int, int]]
    scatter: float
    wide: float
    intervals: list[Interval]
    draws: Floats
    forms: list[dict[str, Any]]
    chain: Sampled | None
    check: dict[str, Any] | None


def calibrated(study: Calibration, case: Case, records: Sequence[Measured], look: Look) -> Calibrated:
    """Fit the free numbers of a study to its records. Raises what `look` raises."""
    starts = starts_of(case, study)
    problem = Problem(study, parameters_of(study, starts), starts, records)
    fit = fitted(problem, study.starts, study.seed, lambda done: look(0.5 * done, "starts"))
    fit, scatter = with_scatter(problem, fit)
    fit, pauses = without_pauses(problem, fit)
    if pauses:
        fit, scatter = with_scatter(problem, fit)
    found = [goodness(problem, i, fit.x) for i in range(len(records))]
    wide = widening(fit, found)
    forms = forms_of(study, case, records, look)
    check = None if study.check is None else checked(study, case, records, look)
    intervals = linearised(problem, fit, wide)
    if study.intervals != "profile":
        intervals = doubted(problem, fit, wide, intervals)
    for _ in range(AGAIN if study.intervals == "profile" else 0):
        intervals, best = profiled(problem, fit, wide, lambda done: look(0.7 + 0.3 * done, "profiles"))
        better = again(problem, fit._replace(x=best))
        if better.chi2 > fit.chi2 - BETTER:
            break
        fit = better._replace(reached=1)
        found = [goodness(problem, i, fit.x) for i in range(len(records))]
        wide = widening(fit, found)
    if study.intervals == "sample":
        chain = sampled(problem, fit, wide, study.seed, lambda done: look(0.7 + 0.3 * done, "walkers"))
        intervals, draws = quantiles(problem, chain, intervals), chain.draws
    else:
        chain, draws = None, drawn(problem, fit, wide, study.seed)
    return Calibrated(problem, fit, found, pauses, scatter, wide, intervals, draws, forms, chain, check)


def forms_of(study: Calibration, case: Case, records: Sequence[Measured], look: Look) -> list[dict[str, Any]]:
    """The fit with each other order that `forms` names: what the records say of the other numbers rests on it."""
    made: list[dict[str, Any]] = []
    for key, orders in study.forms.items():
        reaction = key.rpartition(".")[0]
        for order in orders:
            look(0.6, f"{key} {order:g}")
            base = with_order(case, reaction, float(order))
            others = [record._replace(case=with_order(record.case, reaction, float(order))) for record in records]
            starts = starts_of(base, study)
            problem = Problem(study, parameters_of(study, starts), starts, others)
            fit = fitted(problem, study.starts, study.seed)
            made.append(
                {
                    "form": key,
                    "value": float(order),
                    "chi2_per_dof": fit.chi2 / fit.freedom,
                    "numbers": {p.name: float(fit.x[i]) for i, p in enumerate(problem.parameters)},
                }
            )
    return made


def with_order(case: Case, reaction: str, order: float) -> Case:
    """The case with the order of a reaction changed, of its first factor of this kind."""
    cell = case.cell
    assert cell is not None
    text = cell.mechanism()
    assert text is not None
    entry = text.reactions[reaction]
    factors = list(entry.factors)
    at = next(i for i, factor in enumerate(factors) if isinstance(factor, OrderFactor))
    factors[at] = OrderFactor(kind="order", species=factors[at].species, order=order)
    changed = text.model_copy(update={"reactions": {**text.reactions, reaction: entry.model_copy(update={"factors": tuple(factors)})}})
    return case.model_copy(update={"sample": cell.model_copy(update={"chemistry": changed, "changes": {}})})
