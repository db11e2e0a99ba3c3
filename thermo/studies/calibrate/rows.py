"""What rows of a record are off by: a scatter that is fitted, and intervals that are a pause of the instrument."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from thermo.base.arrays import Floats
from thermo.studies.calibrate.fitting import Fit, fitted, goodness, solved
from thermo.studies.calibrate.models import ArcModel
from thermo.studies.calibrate.problem import FIXED_SCATTER, Problem

PAUSE_SHARE, PAUSE_SIZE = 1.0 / 3.0, 5.0  # of the squares of a record, and standard deviations, from which one interval is a pause
MOST_PAUSES = 3  # of a record
LARGEST_SCATTER = 1.0
ROUNDS = 4  # of fit and scatter


def again(problem: Problem, fit: Fit) -> Fit:
    """The fit once more from where it is."""
    x, chi2, jacobian = solved(problem, fit.x)
    return fit._replace(x=x, chi2=chi2, jacobian=jacobian)


def without_pauses(problem: Problem, fit: Fit) -> tuple[Fit, list[tuple[str, int, int]]]:
    """The fit without row intervals that hold a third of the squares of their record by themselves, and these intervals."""
    pauses: list[tuple[str, int, int]] = []
    for _ in range(MOST_PAUSES):
        more = []
        for i, model in enumerate(problem.models):
            if not isinstance(model, ArcModel):
                continue
            found = goodness(problem, i, fit.x)
            size = np.sqrt(found.worst_share * found.chi2_per_row * found.rows)
            if found.worst_share > PAUSE_SHARE and size > PAUSE_SIZE and found.rows > 10:
                section, row = model.rows()[found.worst]
                model.paused.setdefault(section, set()).add(row)
                model.whiten(model.scatter)
                more.append((model.name, section, row))
        if not more:
            break
        pauses += more
        fit = again(problem, fit)
    n = len(pauses)
    return fit._replace(freedom=max(fit.freedom - n, 1)), pauses


def with_scatter(problem: Problem, fit: Fit) -> tuple[Fit, float]:
    """The fit with the scatter that the study states, or, `fitted`, at which the calorimeters' records have a chi2 of one a row."""
    if problem.study.scatter != "fitted":
        return fit, float(problem.study.scatter)
    models = [(i, model) for i, model in enumerate(problem.models) if isinstance(model, ArcModel)]
    scatter = FIXED_SCATTER
    for round_number in range(ROUNDS if models else 0):

        def excess(logarithm: float, x: Floats = fit.x) -> float:
            rows = total = 0.0
            for i, model in models:
                model.whiten(float(np.exp(logarithm)))
                found = goodness(problem, i, x)
                rows, total = rows + found.rows, total + found.chi2_per_row * found.rows
            return total / rows - 1.0

        low, high = np.log(1e-5), np.log(LARGEST_SCATTER)
        scatter = float(np.exp(low if excess(low) < 0.0 else high if excess(high) > 0.0 else brentq(excess, low, high, xtol=1e-3)))
        for _, model in models:
            model.whiten(scatter)
        if round_number:
            fit = again(problem, fit)
        else:  # with wider rows another optimum may be the best: what is weak was nothing beside rows that were taken to be exact
            other = fitted(problem, problem.study.starts, problem.study.seed)
            mine = again(problem, fit)
            fit = other if other.chi2 < mine.chi2 else mine
    return fit, scatter
