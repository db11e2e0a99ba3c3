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
REFITS, NEAR = 14, 0.03  # of a profile on each side, and how near to its target it ends
MOST = 60  # evaluations of a refit
STEP = 0.06  # of the range, the first step of a profile at most
FAR, DOUBTED = 0.125, 0.02  # of the range: an interval that reaches further from the fit is open; a half width that is looked at again
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
    """x +- 1.96 sd of each parameter, cut at the bounds; open where that reaches far."""
    sd = np.sqrt(np.maximum(np.diag(fit.covariance()), 0.0)) * wide
    made = []
    for i, p in enumerate(problem.parameters):
        half = Z95 * float(sd[i])
        low, high = fit.x[i] - half, fit.x[i] + half
        wide_open = half > FAR * (p.high - p.low)
        made.append(Interval(max(low, p.low), min(high, p.high), bool(wide_open or low <= p.low), bool(wide_open or high >= p.high), half))
    return made


def doubted(problem: Problem, fit: Fit, wide: float, plain: Sequence[Interval]) -> list[Interval]:
    """The linearised intervals, open on each side where the number may be far from the fit: all others are fitted again there, and chi2
    rises by less than at the end of an interval. The curvature at the optimum tells nothing of a valley that bends."""
    made = list(plain)
    for i, (p, found) in enumerate(zip(problem.parameters, plain, strict=True)):
        span = p.high - p.low
        if not DOUBTED * span < found.half <= FAR * span:
            continue
        low, high = (_Side(problem, fit, i, side, Z95 * wide, Best(fit.chi2, fit.x)).holds(FAR * span) for side in (-1.0, 1.0))
        made[i] = found._replace(
            low=p.low if low else found.low,
            high=p.high if high else found.high,
            low_open=low or found.low_open,
            high_open=high or found.high_open,
        )
    return made


def profiled(problem: Problem, fit: Fit, wide: float, look: Callable[[float], None]) -> tuple[list[Interval], Floats]:
    """The ends at which chi2, all other numbers fitted again, has risen by 1.96^2 times the square of the widening; and the vector of the
    least chi2 that was met on the way, which may lie below that of the fit."""
    made = []
    best = Best(fit.chi2, fit.x)
    for i, plain in enumerate(linearised(problem, fit, wide)):
        look(i / problem.n_free)
        side_of = [_Side(problem, fit, i, side, Z95 * wide, best) for side in (-1.0, 1.0)]
        ends = [side.end() for side in side_of]
        p = problem.parameters[i]
        far, x = FAR * (p.high - p.low), float(fit.x[i])
        if x - ends[0][0] > far:
            ends[0] = p.low, True
        if ends[1][0] - x > far or plain.half > far:
            ends[1] = p.high, True  # a flat valley that bends: its other end may be found, this one is not trusted
        points = sorted([(float(fit.x[i]), 0.0), *side_of[0].points, *side_of[1].points])
        made.append(Interval(ends[0][0], ends[1][0], ends[0][1], ends[1][1], plain.half, tuple(points)))
    return made, best.x


class Best:
    """The least chi2 of all refits, and where."""

    def __init__(self, chi2: float, x: Floats) -> None:
        self.chi2, self.x = chi2, x

    def hear(self, chi2: float, x: Floats) -> None:
        """Keep a refit that is better."""
        if chi2 < self.chi2:
            self.chi2, self.x = chi2, x


class _Side:
    """One side of a profile: steps along the valley of chi2, each refit begun where the last ones point, until chi2 has risen enough."""

    def __init__(self, problem: Problem, fit: Fit, i: int, side: float, target: float, best: Best) -> None:
        self.problem, self.fit, self.i, self.side, self.target, self.best = problem, fit, i, side, target, best
        p = problem.parameters[i]
        self.at = float(fit.x[i])
        self.limit = (p.high - self.at) if side > 0.0 else (self.at - p.low)
        covariance = fit.covariance()
        self.sd = float(np.sqrt(max(float(covariance[i, i]), 0.0)))
        self.step = STEP * (p.high - p.low)
        self.slope = side * covariance[:, i] / max(float(covariance[i, i]), 1e-300)
        self.points: list[tuple[float, float]] = []
        self.path: list[tuple[float, float, Floats]] = [(0.0, 0.0, fit.x)]  # away, sqrt of the rise, vector: within the target

    def refit(self, away: float) -> tuple[float, Floats]:
        """The square root of the rise of chi2 so far away, and the vector there."""
        value = {self.i: self.at + self.side * away}
        inner, _, x = self.path[-1]
        slope = self.slope if len(self.path) == 1 else (x - self.path[-2][2]) / (inner - self.path[-2][0])
        guess = np.clip(x + slope * (away - inner), self.problem.low, self.problem.high)
        found, chi2, _ = solved(self.problem, guess, MOST, value)
        if chi2 - self.fit.chi2 > (2.0 * self.target) ** 2:  # the guess may have left the valley
            other, lower, _ = solved(self.problem, x, MOST, value)
            found, chi2 = (other, lower) if lower < chi2 else (found, chi2)
        self.best.hear(chi2, found)
        self.points.append((self.at + self.side * away, max(chi2 - self.fit.chi2, 0.0)))
        return float(np.sqrt(max(chi2 - self.fit.chi2, 0.0))), found

    def holds(self, away: float) -> bool:
        """Whether the number may be so far away, or at its bound if that is nearer."""
        return self.limit <= 0.0 or self.refit(min(away, self.limit))[0] < self.target

    def end(self) -> tuple[float, bool]:
        """Where the profile ends, and whether that is the bound: then it is open."""
        away = min(self.target * self.sd if self.sd > 0.0 else self.limit, self.step, self.limit)
        outer: tuple[float, float] | None = None
        for _ in range(REFITS):
            if away <= 0.0:
                return self.at, True
            rise, found = self.refit(away)
            if abs(rise - self.target) < NEAR * self.target:
                return self.at + self.side * away, False
            if rise > self.target:
                outer = away, rise
            else:
                if away >= 0.999 * self.limit:
                    return self.at + self.side * self.limit, True
                self.path.append((away, rise, found))
            inner, inner_rise, _ = self.path[-1]
            if outer is None:
                more = min(max(self.target / max(rise, 0.2 * self.target) - 1.0, 0.2) * away, self.step * 1.5 ** (len(self.path) - 2))
                away = min(away + more, self.limit)
            else:
                share = (self.target - inner_rise) / (outer[1] - inner_rise) if outer[1] < 3.0 * self.target else 0.5
                away = inner + (outer[0] - inner) * min(max(share, 0.1), 0.9)
                if outer[0] - inner < NEAR * outer[0]:
                    break
        return self.at + self.side * away, outer is None


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
