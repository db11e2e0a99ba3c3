"""Least squares from several starts, and what follows from the optimum: covariance, correlations, profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from thermo.base.arrays import Floats
from thermo.studies.calibrate.models import ArcModel
from thermo.studies.calibrate.parameters import ENERGY, HEAT, KILO, RATE, REFERENCE_RATE, Parameter, Start
from thermo.studies.calibrate.problem import Problem

Z95 = 1.959963984540054
ROUGH_FLOOR, ROUGH = 1e-2, 40  # of the rate, and evaluations, with which a start is first improved
SPREAD = {RATE: 2.0, ENERGY: 25.0}  # standard deviation of a start about that of the case: ln k, kJ/mol, else ln of a heat
HEAT_SPREAD = 0.7
SAME = 1.0  # of chi2: two starts that reach the same optimum


class Fit(NamedTuple):
    """An optimum: the vector, chi2 with its degrees of freedom, Jacobian, how many of the starts reached it."""

    x: Floats
    chi2: float
    freedom: int
    jacobian: Floats
    starts: int
    reached: int
    evaluations: int

    def covariance(self) -> Floats:
        """(J^T J)^-1, directions that the records do not see being left very wide."""
        _, s, vt = np.linalg.svd(self.jacobian, full_matrices=False)
        return np.asarray((vt.T / np.maximum(s, 1e-12 * s[0]) ** 2) @ vt)


def solved(
    problem: Problem, x: Floats, most: int = 300, fixed: dict[int, float] | None = None, rough: bool = False
) -> tuple[Floats, float, Floats]:
    """The optimum that a start leads to, its chi2 and its Jacobian; entries of `fixed` stay."""
    held = fixed or {}
    free = np.array([i for i in range(problem.n) if i not in held])
    whole = np.clip(x, problem.low, problem.high)
    for i, value in held.items():
        whole[i] = value
    last: dict[bytes, tuple[Floats, Floats]] = {}

    def both(part: Floats) -> tuple[Floats, Floats]:
        key = part.tobytes()
        if key not in last:
            last.clear()
            at = whole.copy()
            at[free] = part
            residual, jacobian = problem.evaluate(at, True)
            last[key] = residual, jacobian[:, free]
        return last[key]

    low, high = problem.low[free], problem.high[free]
    inside = np.clip(whole[free], low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    tolerance = 1e-3 if rough else 1e-9
    found = least_squares(
        lambda part: both(part)[0],
        inside,
        jac=lambda part: both(part)[1],
        bounds=(low, high),
        x_scale="jac",
        max_nfev=most,
        ftol=tolerance,
        xtol=1e-10,
        gtol=1e-10,
    )
    whole[free] = found.x
    jacobian = np.zeros((len(found.fun), problem.n))
    jacobian[:, free] = found.jac
    return whole, float(2.0 * found.cost), jacobian


def fitted(problem: Problem, starts: int, seed: int, look: Callable[[float], None] = lambda done: None) -> Fit:
    """The best optimum of several starts; the first is the case itself, the others are drawn about it within the bounds."""
    rng = np.random.default_rng(seed)
    ends = []
    problem.evaluations = 0
    for i in range(starts):
        look(i / starts)
        x = problem.start.copy()
        if i > 0:
            x[: problem.n_free] = [_drawn(rng, p.word, p.start, p.low, p.high, p.ranged) for p in problem.parameters]
        problem.floor = ROUGH_FLOOR
        x, _, _ = solved(problem, x, ROUGH, rough=True)
        problem.floor = 1e-6
        ends.append(solved(problem, x, 100 if i else 300))
    x, _, _ = min(ends, key=lambda end: end[1])
    x, chi2, jacobian = solved(problem, np.clip(in_order(problem, x), problem.low, problem.high))
    reached = sum(end[1] < chi2 + SAME for end in ends)
    return Fit(x, chi2, max(len(jacobian) - problem.n, 1), jacobian, starts, reached, problem.evaluations)


def _drawn(rng: np.random.Generator, word: str, start: float, low: float, high: float, ranged: bool) -> float:
    if ranged:
        return float(rng.uniform(low, high))
    return float(np.clip(start + SPREAD.get(word, HEAT_SPREAD) * rng.standard_normal(), low, high))


def in_order(problem: Problem, x: Floats) -> Floats:
    """The same fit with reactions that only their numbers tell apart in the order of the case, by the temperature of their rate constant.

    Two reactions of one form whose numbers are all free may change places without any record noticing.
    """
    shared = {(p.reaction, p.word): i for i, p in enumerate(problem.parameters) if not p.record}
    text = list(problem.starts)
    groups: dict[tuple[int, ...], list[str]] = {}
    for k, name in enumerate(text):
        plain = all((name, word) in shared and not _bound(problem.parameters[shared[name, word]]) for word in (RATE, ENERGY, HEAT))
        if (
            plain
            and problem.starts[name].exponent == 0.0
            and not any(p.record or p.word == "power" for p in problem.parameters if p.reaction == name)
        ):
            groups.setdefault(tuple(id(model.reactions.forms[k]) if model.reactions.forms else -k for model in problem.models), []).append(
                name
            )
    made = x.copy()
    for names in groups.values():
        found = {name: tuple(float(x[shared[name, word]]) for word in (RATE, ENERGY, HEAT)) for name in names}
        begun = {name: tuple(problem.parameters[shared[name, word]].start for word in (RATE, ENERGY, HEAT)) for name in names}
        wanted = sorted(names, key=lambda name: _reached(problem.starts[name], begun[name]))
        for name, of in zip(wanted, sorted(names, key=lambda name: _reached(problem.starts[name], found[name])), strict=True):
            to, origin = problem.starts[name], problem.starts[of]
            log_constant, energy, heat = found[of]
            activation = energy * KILO / to.gas_constant
            made[shared[name, RATE]] = log_constant + activation * (1.0 / origin.reference - 1.0 / to.reference)
            made[shared[name, ENERGY]] = energy
            made[shared[name, HEAT]] = heat + np.log(abs(origin.heat) / abs(to.heat))
    return made


def _bound(p: Parameter) -> bool:
    """Whether the file says where a number is."""
    return p.prior is not None or p.ranged


def _reached(start: Start, numbers: tuple[float, ...]) -> float:
    """The temperature at which a rate constant is `REFERENCE_RATE` [K]."""
    log_constant, energy = numbers[0], numbers[1] * KILO / start.gas_constant
    inverse = 1.0 / start.reference + (log_constant - np.log(REFERENCE_RATE)) / energy
    return float(1.0 / inverse) if inverse > 0.0 else float("inf")


class Goodness(NamedTuple):
    """Of each record: chi2 over its rows, root mean square of ln of the rate in decades (of a scan: over its peak), correlation of
    neighbouring whitened residuals, and the worst row with the share of the squares that would go with it."""

    chi2_per_row: float
    rms: float
    correlation: float
    worst: int
    worst_share: float
    rows: int


def goodness(problem: Problem, i: int, x: Floats) -> Goodness:
    """How well a record is met."""
    model = problem.models[i]
    residual = problem.of_record(i, x)
    if isinstance(model, ArcModel):
        rows = sum(map(len, model.observed))
        times = model.course(problem.maps[i].of(x), False)[0]
        plain = np.concatenate([np.log(np.maximum(dt, 1e-300)) - seen for dt, seen in zip(times, model.observed, strict=True)])
        kept = np.ones(rows, bool)
        for n, (section, row) in enumerate(model.rows()):
            kept[n] = row not in model.paused.get(section, ())
        rms = float(np.sqrt(np.mean(plain[kept] ** 2))) / np.log(10.0)
    else:
        rows = len(model.data.time)
        rms = float(np.sqrt(np.mean(residual[:rows] ** 2))) * model.data.noise / float(np.ptp(model.data.flow))
    part = residual[:rows]
    squares = model.by_interval(part) if isinstance(model, ArcModel) else part**2
    total = float(part @ part)
    near = float(part[1:] @ part[:-1]) / total if total > 0.0 else 0.0
    worst = int(np.argmax(squares))
    return Goodness(total / rows, rms, near, worst, float(squares[worst]) / total if total > 0.0 else 0.0, rows)
