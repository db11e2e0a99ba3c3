"""Intervals of the numbers of a fit: linearised, by profile, and joint draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.studies.calibrate.fitting import Z95, Fit, Goodness, solved
from thermo.studies.calibrate.problem import Problem

CORRELATED = 0.3  # of neighbouring residuals: more, and the plain interval is never printed
REFITS, NEAR = 8, 0.03  # of a profile on each side, and how near to its target it ends
WIDEST = 0.5  # of the range: a linearised interval that is wider is open
DRAWS = 2000


class Interval(NamedTuple):
    """Ends as they stand in the vector; an `open` end lies at the bound. `half` is the linearised half width. `points` are (value, rise of
    chi2) of a profile."""

    low: float
    high: float
    low_open: bool
    high_open: bool
    half: float
    points: tuple[tuple[float, float], ...] = ()


def widening(fit: Fit, found: Sequence[Goodness]) -> float:
    """By how much intervals are widened for a fit that is worse than its noise, and for residuals that go together.

    sqrt(max(1, chi2/dof) (1 + rho)/(1 - rho)), the latter where rho > 0.3; 1 where chi2/dof is within three standard deviations of 1.
    """
    ratio = fit.chi2 / fit.freedom
    square = ratio if ratio > 1.0 + 3.0 * math.sqrt(2.0 / fit.freedom) else 1.0
    rows = sum(g.rows for g in found)
    rho = sum(g.correlation * g.rows for g in found) / max(rows, 1)
    if rho > CORRELATED:
        square *= (1.0 + min(rho, 0.99)) / (1.0 - min(rho, 0.99))
    return math.sqrt(max(square, 1.0))


def linearised(problem: Problem, fit: Fit, wide: float) -> list[Interval]:
    """x +- 1.96 sd of each parameter, cut at the bounds."""
    sd = np.sqrt(np.maximum(np.diag(fit.covariance()), 0.0)) * wide
    made = []
    for i, p in enumerate(problem.parameters):
        half = Z95 * float(sd[i])
        low, high = fit.x[i] - half, fit.x[i] + half
        wide_open = half > WIDEST * (p.high - p.low)
        made.append(Interval(max(low, p.low), min(high, p.high), bool(wide_open or low <= p.low), bool(wide_open or high >= p.high), half))
    return made


def profiled(problem: Problem, fit: Fit, wide: float, look: Callable[[float], None]) -> list[Interval]:
    """The ends at which chi2, all other numbers fitted again, has risen by 1.96^2 times the square of the widening."""
    covariance = fit.covariance()
    made = []
    for i, plain in enumerate(linearised(problem, fit, wide)):
        look(i / problem.n_free)
        points = [(float(fit.x[i]), 0.0)]
        ends = [_end(problem, fit, covariance, i, side, Z95 * wide, points) for side in (-1.0, 1.0)]
        points.sort()
        made.append(Interval(ends[0][0], ends[1][0], ends[0][1], ends[1][1], plain.half, tuple(points)))
    return made


def _end(
    problem: Problem, fit: Fit, covariance: Floats, i: int, side: float, target: float, points: list[tuple[float, float]]
) -> tuple[float, bool]:
    """One end of a profile and whether it is open, by the secant of sqrt(rise of chi2)."""
    p, at = problem.parameters[i], float(fit.x[i])
    limit = (p.high - at) if side > 0.0 else (at - p.low)
    sd = math.sqrt(max(float(covariance[i, i]), 0.0))
    away = min(target * sd if sd > 0.0 else limit, limit)
    direction = covariance[:, i] / max(float(covariance[i, i]), 1e-300)
    inner, inner_rise, outer = 0.0, 0.0, None
    x = fit.x.copy()
    for _ in range(REFITS):
        if away <= 0.0:
            return at, True
        guess = np.clip((x if inner > 0.0 else fit.x) + direction * side * (away - inner), problem.low, problem.high)
        found, chi2, _ = solved(problem, guess, 60, {i: at + side * away}, rough=False)
        rise = math.sqrt(max(chi2 - fit.chi2, 0.0))
        points.append((at + side * away, rise**2))
        if abs(rise - target) < NEAR * target:
            return at + side * away, False
        if rise < target:
            inner, inner_rise, x = away, rise, found
            if away >= 0.999 * limit:
                return at + side * limit, True
        else:
            outer = (away, rise)
        if outer is None:
            away = min(away * min(max(target / max(rise, 0.2 * target), 1.05), 4.0), limit)
        else:
            away = inner + (outer[0] - inner) * min(max((target - inner_rise) / (outer[1] - inner_rise), 0.1), 0.9)
    return at + side * away, outer is None


def drawn(problem: Problem, fit: Fit, wide: float, seed: int, count: int = DRAWS) -> Floats:
    """Joint draws (count, parameters) of the normal approximation at the optimum, all within the bounds.

    A number that the records leave open is held by its bounds alone: its range enters as a normal prior of the same standard deviation
    (range/sqrt 12). Draws outside the bounds are drawn again.
    """
    n = problem.n_free
    information = np.linalg.pinv(fit.covariance()[:n, :n] * wide**2, hermitian=True)
    span = np.array([p.high - p.low for p in problem.parameters])
    covariance = np.linalg.inv(information + np.diag(12.0 / span**2))
    root = np.linalg.cholesky(0.5 * (covariance + covariance.T))
    rng = np.random.default_rng(seed)
    low, high = problem.low[:n], problem.high[:n]
    made = np.empty((0, n))
    for _ in range(200):
        more = fit.x[:n] + rng.standard_normal((2 * count, n)) @ root.T
        made = np.concatenate([made, more[np.all((more >= low) & (more <= high), axis=1)]])
        if len(made) >= count:
            return made[:count]
    short = count - len(made)
    return np.concatenate([made, np.clip(fit.x[:n] + rng.standard_normal((short, n)) @ root.T, low, high)])


def trades(fit: Fit, problem: Problem, i: int) -> tuple[str, float]:
    """The number that a parameter goes with most, and their correlation."""
    covariance = fit.covariance()[: problem.n_free, : problem.n_free]
    sd = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    row = covariance[i] / (sd[i] * sd)
    row[i] = 0.0
    other = int(np.argmax(np.abs(row)))
    return problem.parameters[other].name, float(row[other])


def correlations(fit: Fit, problem: Problem) -> Floats:
    """The correlations of all parameters (n, n)."""
    covariance = fit.covariance()[: problem.n_free, : problem.n_free]
    sd = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    return np.asarray(covariance / np.outer(sd, sd))
