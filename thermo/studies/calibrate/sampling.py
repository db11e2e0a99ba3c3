"""The posterior of a calibration by an ensemble of walkers (emcee).

Source
------
D. Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125 (2013) 306; moves of C. J. F. ter Braak and J. A. Vrugt, Stat. Comput. 18 (2008) 435.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.studies.calibrate.fitting import Fit
from thermo.studies.calibrate.intervals import DRAWS, Interval, drawn
from thermo.studies.calibrate.problem import Problem

EXTRA = "needs the package emcee: pip install 'thermorun[sample]'"
WALKERS, STEPS, BLOCK = 4, 3000, 20  # walkers for each number, the most steps, steps between two looks at whether to stop
ENOUGH = 50.0  # correlation times of a chain that is long enough
AT_BOUND = 0.02  # of the range: a quantile so near a bound is open
TAILS = (0.025, 0.975)


class Sampled(NamedTuple):
    """Draws (2000, parameters); `steps` taken and the correlation time in steps, whether the chain is long enough."""

    draws: Floats
    steps: int
    correlation_time: float
    enough: bool


def installed() -> bool:
    """Whether the extra `sample` is there."""
    return importlib.util.find_spec("emcee") is not None


def sampled(problem: Problem, fit: Fit, wide: float, seed: int, look: Callable[[float], None]) -> Sampled:
    """Draws from exp(-chi2/(2 widening^2)) within the bounds, priors being part of chi2; those of the first correlation times are left out.

    Raises what `look` raises; ImportError without the extra.
    """
    import emcee

    walkers = WALKERS * problem.n
    start = np.tile(fit.x, (walkers, 1))
    start[:, : problem.n_free] = drawn(problem, fit, wide, seed, walkers)
    rng = np.random.default_rng(seed)
    sd = np.sqrt(np.maximum(np.diag(fit.covariance())[problem.n_free :], 1e-16))
    start[:, problem.n_free :] += 0.5 * sd * rng.standard_normal((walkers, problem.n - problem.n_free))
    start = np.clip(start, problem.low, problem.high)

    def logarithm(x: Floats) -> float:
        if np.any(x < problem.low) or np.any(x > problem.high):
            return -np.inf
        residual, _ = problem.evaluate(x, False)
        return float(-0.5 * (residual @ residual) / wide**2)

    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
    sampler = emcee.EnsembleSampler(walkers, problem.n, logarithm, moves=moves)
    sampler.random_state = np.random.RandomState(seed).get_state()
    time = float("inf")
    state = emcee.State(start)
    while sampler.iteration < STEPS:
        look(sampler.iteration / STEPS)
        state = sampler.run_mcmc(state, BLOCK, skip_initial_state_check=True)
        if sampler.iteration % (10 * BLOCK) == 0:
            time = float(np.max(sampler.get_autocorr_time(tol=0)))
            if np.isfinite(time) and sampler.iteration > ENOUGH * time:
                break
    left = min(int(2.0 * time) if np.isfinite(time) else sampler.iteration // 2, sampler.iteration // 2)
    chain = sampler.get_chain(discard=left, flat=True)[:, : problem.n_free]
    draws = chain[rng.choice(len(chain), DRAWS, replace=len(chain) < DRAWS)]
    return Sampled(draws, int(sampler.iteration), time, bool(sampler.iteration > ENOUGH * time))


def quantiles(problem: Problem, found: Sampled, plain: list[Interval]) -> list[Interval]:
    """The interval of each number that holds 95 % of the draws; open where it reaches a bound, or where the linearised one is open."""
    made = []
    for i, (p, before) in enumerate(zip(problem.parameters, plain, strict=True)):
        low, high = (float(end) for end in np.quantile(found.draws[:, i], TAILS))
        near = AT_BOUND * (p.high - p.low)
        open_ends = low < p.low + near or before.low_open, high > p.high - near or before.high_open
        made.append(Interval(low, high, *open_ends, before.half))
    return made
