"""Residuals of one record by the numbers of its reactions, with their exact Jacobian.

The numbers of a record are, for each reaction in turn, K [ln 1/s] at its reference temperature, a = E/R [K] and h [ln J], then what is
the record's own: of a calorimeter how far the first row of each section lies above the truth [K], of a scan the logarithm of its scale.

calorimeter   ln of the time between two rows: the mean rate between them. Two neighbours share the noise of the row between them, so
              the covariance is tridiagonal; residuals are whitened by its Cholesky factor.
T3            the heat balance: what reacts from the last row to the maximum, at the record's temperatures, warms the cell to it.
scan          the heat flow; a straight baseline is taken off the model and the record alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicHermiteSpline
from scipy.linalg import cholesky_banded, solve_triangular
from scipy.special import ndtr

from thermo.base.arrays import Floats
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.studies.calibrate.arc_data import ArcData, Section
from thermo.studies.calibrate.dsc_data import DscData
from thermo.studies.calibrate.forms import LARGEST, ROWS, Form
from thermo.studies.calibrate.kernels import EACH, Rates, adiabatic, forced

TOLERANCE = 1e-6  # of a step of Theta and of the time
TOP_SD = 0.5  # K, of a maximum
PAUSED = 1e4  # standard deviation of a row interval that is a pause [ln s]
BEYOND, BEYOND_STEP = 5, 40.0  # weak rows beyond the data, K apart
DECADE = float(np.log(10.0))
FAR = 1e3  # the largest residual: a start far off must not overflow


class Evaluated(NamedTuple):
    """Residuals (m,), each of unit variance where the model is right, and their Jacobian (m, numbers) or None."""

    residual: Floats
    jacobian: Floats | None


class Reactions(NamedTuple):
    """What the reactions of a record are before any number of them is fitted: `rates` as a template, the `forms` of their courses."""

    rates: Rates
    forms: tuple[Form, ...]

    def at(self, numbers: Floats) -> Rates:
        """The rates with these numbers."""
        n = EACH * len(self.forms)
        return self.rates._replace(
            log_constant=np.ascontiguousarray(numbers[0:n:EACH]),
            activation=np.ascontiguousarray(numbers[1:n:EACH]),
            log_heat=np.ascontiguousarray(numbers[2:n:EACH]),
        )

    def extent(self, j: int, theta: float) -> tuple[float, float]:
        """The extent of reaction j at its own time, and its slope by that."""
        form = self.forms[j]
        spline = _extents(form)
        u = min(np.log1p(max(theta, 0.0) / form.scale), LARGEST)
        return float(spline(u)), float(spline(u, 1)) / (form.scale + max(theta, 0.0))

    def enthalpy(self, T: float) -> float:
        """Heat from 298.15 K to a temperature [J]."""
        x, r = T - REFERENCE_TEMPERATURE, self.rates
        made = r.capacity * x + 0.5 * r.capacity_slope * x * x
        return float(made + sum(heat * ndtr((T - at) / width) for heat, at, width in r.melting))

    def capacity(self, T: float) -> float:
        """Heat capacity without what melts [J/K]."""
        return self.rates.capacity + self.rates.capacity_slope * (T - REFERENCE_TEMPERATURE)


_splines: dict[int, tuple[Form, Any]] = {}


def _extents(form: Form) -> Any:
    """x over u as a spline; the form is kept beside it, so that its number stays its own."""
    if id(form) not in _splines:
        u = np.linspace(0.0, LARGEST, ROWS)
        _splines[id(form)] = (form, CubicHermiteSpline(u, form.extent, form.value * form.scale * np.exp(u)))
    return _splines[id(form)][1]


class ArcModel:
    """The residuals of a calorimeter's record.

    Parameters
    ----------
    scatter : what a row interval is off by beside noise, standard deviation of ln of its time
    balance : whether T3 is compared by the heat balance
    goes_on : whether weak rows beyond the data say that the reaction goes on
    """

    def __init__(self, data: ArcData, reactions: Reactions, scatter: float, balance: bool, goes_on: bool) -> None:
        self.name, self.data, self.reactions = data.name, data, reactions
        self.balance = balance and data.top is not None
        self.goes_on = goes_on and not self.balance
        self.paused: dict[int, set[int]] = {}
        # the mean of ln over a noisy rise lies half its variance below the ln of the mean
        self.observed = [np.log(np.diff(section.time)) - 0.5 * self._of_noise(section) for section in data.sections]
        self.n_own = len(data.sections)
        self.own_sd = np.full(self.n_own, data.noise)
        self.own_bounds = 50.0 * data.noise
        self.whiten(scatter)

    def whiten(self, scatter: float) -> None:
        """Take the covariance of every section anew."""
        self.scatter = scatter
        self.factors = [self._factor(i, section) for i, section in enumerate(self.data.sections)]

    def _of_noise(self, section: Section) -> Floats:
        """The variance of ln dt that the noise of temperatures gives, (m - 1,)."""
        variance = (self.data.noise / section.seen) ** 2
        return np.asarray((variance[1:] + variance[:-1]) / np.diff(section.time) ** 2)

    def _factor(self, i: int, section: Section) -> Floats:
        """The inverse of the Cholesky factor of the covariance of ln dt, (m - 1, m - 1)."""
        dt = np.diff(section.time)
        variance = (self.data.noise / section.seen) ** 2 + self.data.clock**2
        diagonal = (variance[1:] + variance[:-1]) / dt**2 + self.scatter**2
        for row in self.paused.get(i, ()):
            diagonal[row] += PAUSED**2
        below = np.append(-variance[1:-1] / (dt[:-1] * dt[1:]), 0.0)
        banded = cholesky_banded(np.array([diagonal, below]), lower=True)
        lower = np.diag(banded[0]) + np.diag(banded[1, :-1], -1)
        return np.asarray(solve_triangular(lower, np.eye(len(dt)), lower=True))

    def n_numbers(self) -> int:
        """How many numbers the record has."""
        return EACH * len(self.reactions.forms) + self.n_own

    def course(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> tuple[list[Floats], list[Floats], Floats, Floats, Rates]:
        """Times between rows of each section and their sensitivities, Theta and its sensitivities at the end."""
        rates = self.reactions.at(numbers)
        n = len(self.reactions.forms)
        P = self.n_numbers() if gradient else 0
        y, S = np.zeros(n + 1), np.zeros((n + 1, P))
        none, nothing = np.zeros(0), np.zeros((0, P))
        times, slopes, i = [], [], 0
        for piece in self.data.pieces:
            if not isinstance(piece, Section):
                forced(rates, piece.time, piece.temperature, y, S, none, nothing)
                continue
            dt, dtS = np.zeros(len(piece.time) - 1), np.zeros((len(piece.time) - 1, P))
            column, shift = (EACH * n + i if gradient else -1), float(numbers[EACH * n + i])
            adiabatic(rates, piece.temperature, piece.seen, y, S, shift, column, TOLERANCE, floor, dt, dtS)
            times.append(dt)
            slopes.append(dtS)
            i += 1
        return times, slopes, y, S, rates

    def evaluate(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> Evaluated:
        """Residuals by the numbers of the record."""
        times, slopes, y, S, rates = self.course(numbers, gradient, floor)
        found, by = [], []
        for dt, dtS, W, observed in zip(times, slopes, self.factors, self.observed, strict=True):
            safe = np.maximum(dt, 1e-300)
            found.append(W @ np.clip(np.log(safe) - observed, -FAR, FAR))
            by.append(W @ (dtS / safe[:, None]))
        shifts = numbers[EACH * len(self.reactions.forms) :]
        found.append(shifts / self.own_sd)
        if gradient:
            own = np.zeros((self.n_own, self.n_numbers()))
            own[:, -self.n_own :] = np.diag(1.0 / self.own_sd)
            by.append(own)
        if self.balance:
            value, slope = self._balance(numbers, rates, y, S)
            found.append(value)
            by.append(slope)
        if self.goes_on:
            value, slope = self._beyond(rates, y, S, floor)
            found.append(value)
            by.append(slope)
        return Evaluated(np.clip(np.concatenate(found), -1e4, 1e4), np.nan_to_num(np.concatenate(by)) if gradient else None)

    def top(self, numbers: Floats) -> float:
        """T3 by the heat balance, to first order about the measured one [K]."""
        _, _, y, S, rates = self.course(numbers, False)
        assert self.data.top is not None
        return self.data.top + TOP_SD * float(self._balance(numbers, rates, y, S)[0][0])

    def _balance(self, numbers: Floats, rates: Rates, y: Floats, S: Floats) -> tuple[Floats, Floats]:
        """T3 of the model less that of the record, over its standard deviation, from Theta at the last row."""
        data = self.data
        assert data.top is not None and data.tail is not None
        slope, gradient = np.zeros(S.shape[1]), S.shape[1] > 0
        end, S_end = y.copy(), S.copy()
        forced(rates, data.tail.time, data.tail.temperature, end, S_end, np.zeros(0), np.zeros((0, S.shape[1])))
        released = 0.0
        for j in range(len(self.reactions.forms)):
            heat = float(self.reactions.rates.sign[j] * np.exp(numbers[EACH * j + 2]))
            (late, late_slope), (early, early_slope) = (self.reactions.extent(j, float(theta[j])) for theta in (end, y))
            released += heat * (late - early)
            if gradient:
                slope += heat * (late_slope * S_end[j] - early_slope * S[j])
                slope[EACH * j + 2] += heat * (late - early)
        last = float(data.sections[-1].temperature[-1])
        over = self.reactions.capacity(data.top) * TOP_SD
        excess = self.reactions.enthalpy(last) + released - self.reactions.enthalpy(data.top)
        return np.array([excess / over]), slope[None, :] / over

    def _beyond(self, rates: Rates, y: Floats, S: Floats, floor: float) -> tuple[Floats, Floats]:
        """Weak rows beyond the last: the reaction goes on at its last rate, to a decade."""
        last = self.data.sections[-1]
        rows = last.temperature[-1] + BEYOND_STEP * np.arange(BEYOND + 1.0)
        rate = float(last.seen[-1])
        dt, dtS = np.zeros(BEYOND), np.zeros((BEYOND, S.shape[1]))
        adiabatic(rates, rows, np.full(BEYOND + 1, rate), y, S, 0.0, -1, TOLERANCE, max(floor, 1e-4), dt, dtS)
        safe = np.maximum(dt, 1e-300)
        return np.clip(np.log(safe) - np.log(BEYOND_STEP / rate), -FAR, FAR) / DECADE, dtS / safe[:, None] / DECADE

    def by_interval(self, whitened: Floats) -> Floats:
        """By how much chi2 would fall without each row interval (rows,): (C^-1 r)_i^2 / (C^-1)_ii, from the whitened residuals."""
        made, first = [], 0
        for W in self.factors:
            part = whitened[first : first + len(W)]
            made.append((W.T @ part) ** 2 / np.sum(W * W, axis=0))
            first += len(W)
        return np.concatenate(made)

    def rows(self) -> list[tuple[int, int]]:
        """Section and interval of each residual that is a row, in order."""
        return [(i, row) for i, observed in enumerate(self.observed) for row in range(len(observed))]


class DscModel:
    """The residuals of a scan; `scale` and its standard deviation `scale_sd` as a share are those of its calibration."""

    def __init__(self, data: DscData, reactions: Reactions, scale: float, scale_sd: float, straight: bool) -> None:
        self.name, self.data, self.reactions, self.scale = data.name, data, reactions, scale
        self.n_own = 1
        self.own_sd = np.array([max(scale_sd, 1e-6)])
        self.own_bounds = 1.0
        T = data.temperature
        base = np.stack([np.ones_like(T), (T - T.mean()) / np.ptp(T)], axis=1)
        self.base: npt.NDArray[np.float64] = np.linalg.qr(base)[0] if straight else np.zeros((len(T), 0))

    def whiten(self, scatter: float) -> None:
        """The noise of a heat flow is the same in every row."""

    def n_numbers(self) -> int:
        """How many numbers the record has."""
        return EACH * len(self.reactions.forms) + self.n_own

    def flow(self, numbers: Floats, gradient: bool) -> tuple[Floats, Floats]:
        """The heat flow of the cell [W], times the scale, and its sensitivities."""
        P = EACH * len(self.reactions.forms) if gradient else 0
        n, m = len(self.reactions.forms), len(self.data.time)
        flow, slopes = np.zeros(m), np.zeros((m, P))
        forced(self.reactions.at(numbers), self.data.time, self.data.temperature, np.zeros(n + 1), np.zeros((n + 1, P)), flow, slopes)
        scale = self.scale * float(np.exp(numbers[-1]))
        made = scale * np.concatenate([slopes, flow[:, None]], axis=1) if gradient else np.zeros((m, 0))
        return scale * flow, made

    def evaluate(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> Evaluated:
        """Residuals by the numbers of the record."""
        flow, slopes = self.flow(numbers, gradient)
        residual = (np.clip(flow, -1e30, 1e30) - self.data.flow) / self.data.noise
        residual -= self.base @ (self.base.T @ residual)
        found = np.append(residual, numbers[-1:] / self.own_sd)
        if not gradient:
            return Evaluated(np.clip(found, -1e4, 1e4), None)
        slopes = slopes / self.data.noise
        slopes -= self.base @ (self.base.T @ slopes)
        own = np.zeros((1, self.n_numbers()))
        own[0, -1] = 1.0 / self.own_sd[0]
        return Evaluated(np.clip(found, -1e4, 1e4), np.nan_to_num(np.concatenate([slopes, own])))


Model = ArcModel | DscModel
