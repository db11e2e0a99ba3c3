"""Records of reactions that share species, or have gates, ceilings or Damkohler numbers: through the loop of a run, `advance`.

An adiabatic section is a run that nothing surrounds, whose times at the rows are read off by the cubic through its steps; between
sections, and in a scan, the temperature is given. Only the numbers of the mechanism are put in anew for each call. Jacobians are central
differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels
from thermo.case.case import Case
from thermo.casefile.units import Quantity
from thermo.cells.line_step import line_reading
from thermo.chemistry.kinetics import Mechanism, amounts, heat_per_extent, rates
from thermo.programmes.conditions import OverTime
from thermo.programmes.driving import Mounting
from thermo.programmes.exposure import exposed
from thermo.programmes.surroundings import schedule
from thermo.stepping.loop import TROUBLE, Limits, advance, copied, initial_state, make_work, new_history
from thermo.stepping.rows import waiting
from thermo.studies.calibrate.arc_data import ArcData, Given, Section
from thermo.studies.calibrate.dsc_data import DscData
from thermo.studies.calibrate.kernels import EACH
from thermo.studies.calibrate.models import FAR, TOP_SD, ArcModel, DscModel, Evaluated, Reactions

ACCURACY = 1e-7  # tolerance of a step
ROWS, MOST_STEPS = 6000, 4000.0
LONGER = 5.0  # times a section, after which a course that is too slow is given up
DIFFERENCE = 1e-4  # of the size of a number, for a central difference


def shared(mechanism: Mechanism) -> str | None:
    """Why a mechanism cannot be followed by its extents alone, in words; None where it can."""
    if len(mechanism.switch):
        return "has a gate or a threshold at once, or a species that ends a reaction without a factor"
    if np.any(mechanism.heat_species >= 0):
        return "has a heat that goes with an amount"
    return None


class Runs:
    """Runs of one cell with other numbers of its mechanism.

    Parameters
    ----------
    reactions : whose template says what the numbers refer to
    """

    def __init__(self, case: Case, reactions: Reactions) -> None:
        cell, mounting = case.cell, case.programme.mounting()
        assert cell is not None
        self.reactions = reactions
        held = Mounting(with_cell=mounting.with_cell, phi=mounting.phi)
        self.sample = cell.build(mounting.phi, 300.0, ACCURACY, held)
        self.history: Any = None
        self.work: dict[type, Any] = {}

    def take(self, numbers: Floats) -> None:
        """Put in the numbers of a record."""
        mechanism, r, n = self.sample.mechanism, self.reactions.rates, EACH * len(self.reactions.rates.sign)
        constant, activation, heat = numbers[0:n:EACH], numbers[1:n:EACH], numbers[2:n:EACH]
        mechanism.log_factor[:] = constant + activation / r.reference - r.exponent * np.log(r.reference)
        mechanism.activation[:] = activation
        mechanism.heat[:] = r.sign * np.exp(heat)

    def run(self, programme: Any, start: float, extent: Floats, times: Floats) -> tuple[Floats, Floats, Floats, Floats, float]:
        """A run from a temperature [K] and extents: time, temperature, rate, extents of its rows, and the heat released [J].

        Rows are those of the steps and of the asked `times`. Raises ArithmeticError where a step cannot be taken.
        """
        sample = self.sample._replace(start_temperature=start)
        state = initial_state(sample, programme)
        state.extent[0] = extent
        kind = type(programme)
        if self.history is None:
            self.history = new_history(sample, state, ROWS, 0)
        if kind not in self.work:
            self.work[kind] = make_work(sample, programme), copied(state)
        work, trial = self.work[kind]
        compiled = compile_kernels()(advance)
        history = self.history if not len(times) else new_history(sample, state, ROWS, len(times))
        n = compiled(sample, programme, state, work, trial, times, waiting([], [], []), Limits(most_steps=MOST_STEPS), history, ROWS - 10)
        if state.loop[TROUBLE] != 0.0 and n < 3:
            raise ArithmeticError("a step cannot be taken")
        read = line_reading(sample, history.reading[:n])
        self.asked = history.asked[:n] > 0.0
        heat = float(np.sum(state.ledger[-len(extent) :]))
        return history.time[:n].copy(), read.temperature[:, 0].copy(), history.rate[:n].copy(), read.extent[:, 0].copy(), heat

    def given(self, piece: Given, extent: Floats) -> tuple[Floats, float]:
        """Extents at the end of given temperatures, and the heat released [J]."""
        span = float(piece.time[-1] - piece.time[0])
        _, _, _, extents, heat = self.run(self.forced(piece.time, piece.temperature), float(piece.temperature[0]), extent, np.zeros(0))
        return (extents[-1], heat) if span > 0.0 else (extent, 0.0)

    def forced(self, time: Floats, temperature: Floats) -> Any:
        """Surroundings that hold the sample at temperatures over time, from zero on."""
        clock = tuple(Quantity(float(t)) for t in time - time[0])
        return exposed(float(clock[-1]), forced=OverTime(clock, tuple(Quantity(float(T)) for T in temperature), ()))

    def section(self, piece: Section, extent: Floats, shift: float) -> tuple[Floats, Floats]:
        """Times between the rows of an adiabatic section, and the extents at its last row."""
        first = float(piece.temperature[0])
        extent = extent + shift * self._per_kelvin(first, extent)
        rows = piece.temperature
        time, T, rate, extents, _ = self.run(schedule((), LONGER * float(piece.time[-1] - piece.time[0])), first, extent, np.zeros(0))
        top = int(np.argmax(T)) + 1
        rising = np.append(True, np.diff(np.maximum.accumulate(T[:top])) > 1e-9)
        time, T, rate, extents = time[:top][rising], T[:top][rising], np.maximum(rate[:top][rising], 1e-12), extents[:top][rising]
        if len(T) < 2:
            return np.full(len(rows) - 1, 1e30), extent
        at = np.clip(np.searchsorted(T, rows) - 1, 0, len(T) - 2)
        h = T[at + 1] - T[at]
        u, first_slope, last_slope, dt = (rows - T[at]) / h, h / rate[at], h / rate[at + 1], time[at + 1] - time[at]
        made = time[at] + u * (first_slope + u * (3.0 * dt - 2.0 * first_slope - last_slope + u * (first_slope + last_slope - 2.0 * dt)))
        beyond = rows > T[-1]
        made[beyond] = time[-1] + (rows[beyond] - T[-1]) * LONGER / piece.seen[-1]  # never reached: far too late, and later the further
        last = min(float(rows[-1]), float(T[-1]))
        end = np.array([np.interp(last, T, extents[:, k]) for k in range(extents.shape[1])])
        return np.maximum(np.diff(made), 1e-300), end

    def _per_kelvin(self, T: float, extent: Floats) -> Floats:
        """dx/dT of an adiabatic cell."""
        rate, heat = self._rates(T, extent)
        warming = float(heat @ rate) / self.reactions.capacity(T)
        return rate / warming if warming > 0.0 else np.zeros(len(rate))

    def _rates(self, T: float, extent: Floats) -> tuple[Floats, Floats]:
        """Rates [1/s] and heats [J] at a temperature and extents."""
        mechanism = self.sample.mechanism
        amount, rate = np.zeros(len(mechanism.start)), np.zeros(len(mechanism.heat))
        amounts(mechanism, extent, amount)
        rates(mechanism, T, amount, np.zeros(0), rate)
        return rate, np.array([heat_per_extent(mechanism, k, amount) for k in range(len(rate))])

    def flow(self, data: DscData) -> Floats:
        """The heat released at each row of a scan [W]."""
        times = data.time - data.time[0]
        n = len(self.sample.mechanism.heat)
        time, _, _, extents, _ = self.run(self.forced(data.time, data.temperature), float(data.temperature[0]), np.zeros(n), np.zeros(0))
        kept = np.append(np.diff(time) > 0.0, True)
        made = np.empty(len(times))
        at = np.array([np.interp(times, time[kept], extents[kept, k]) for k in range(n)]).T
        for i, T in enumerate(data.temperature):
            rate, heat = self._rates(float(T), at[i])
            made[i] = float(heat @ rate)
        return made


def central(evaluate: Any, numbers: Floats, columns: Floats) -> Floats:
    """The Jacobian of residuals by central differences, in the columns that are asked for."""
    made = np.zeros((len(evaluate(numbers)), len(numbers)))
    for i in np.flatnonzero(columns):
        h = DIFFERENCE * max(1.0, 1e-3 * abs(numbers[i]))
        h *= 100.0 if abs(numbers[i]) > 1e3 else 1.0
        up, down = numbers.copy(), numbers.copy()
        up[i] += h
        down[i] -= h
        made[:, i] = (evaluate(up) - evaluate(down)) / (2.0 * h)
    return made


class GeneralArcModel(ArcModel):
    """The residuals of a calorimeter's record through `advance`."""

    def __init__(self, data: ArcData, reactions: Reactions, scatter: float, balance: bool, case: Case) -> None:
        super().__init__(data, reactions, scatter, balance, False)
        self.runs = Runs(case, reactions)

    def times(self, numbers: Floats) -> tuple[list[Floats], float]:
        """Times between rows of each section, and how far T3 by the heat balance lies above the record's [K]."""
        n = len(self.reactions.rates.sign)
        self.runs.take(numbers)
        extent, made, i = np.zeros(n), [], 0
        for piece in self.data.pieces:
            if isinstance(piece, Section):
                dt, extent = self.runs.section(piece, extent, float(numbers[EACH * n + i]))
                made.append(dt)
                i += 1
            else:
                extent, _ = self.runs.given(piece, extent)
        if not self.balance:
            return made, 0.0
        assert self.data.tail is not None and self.data.top is not None
        _, released = self.runs.given(self.data.tail, extent)
        last = float(self.data.sections[-1].temperature[-1])
        excess = self.reactions.enthalpy(last) + released - self.reactions.enthalpy(self.data.top)
        return made, excess / self.reactions.capacity(self.data.top)

    def course(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> Any:
        """Times between rows of each section, as of any calorimeter's record."""
        made, _ = self.times(numbers)
        return made, [], np.zeros(0), np.zeros((0, 0)), None

    def top(self, numbers: Floats) -> float:
        """T3 by the heat balance [K]."""
        assert self.data.top is not None
        return self.data.top + self.times(numbers)[1]

    def n_numbers(self) -> int:
        """How many numbers the record has."""
        return EACH * len(self.reactions.rates.sign) + self.n_own

    def plain(self, numbers: Floats) -> Floats:
        """Residuals alone."""
        try:
            times, off = self.times(numbers)
        except ArithmeticError:
            times, off = [np.full(len(observed), 1e30) for observed in self.observed], 1e3
        found = [W @ np.clip(np.log(dt) - observed, -FAR, FAR) for dt, W, observed in zip(times, self.factors, self.observed, strict=True)]
        found.append(numbers[EACH * len(self.reactions.rates.sign) :] / self.own_sd)
        if self.balance:
            found.append(np.array([off / TOP_SD]))
        return np.clip(np.concatenate(found), -1e4, 1e4)

    def evaluate(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> Evaluated:
        """Residuals by the numbers of the record, their Jacobian by differences."""
        return Evaluated(self.plain(numbers), central(self.plain, numbers, np.ones(len(numbers))) if gradient else None)


class GeneralDscModel(DscModel):
    """The residuals of a scan through `advance`."""

    def __init__(self, data: DscData, reactions: Reactions, scale: float, scale_sd: float, straight: bool, case: Case) -> None:
        super().__init__(data, reactions, scale, scale_sd, straight)
        self.runs = Runs(case, reactions)

    def n_numbers(self) -> int:
        """How many numbers the record has."""
        return EACH * len(self.reactions.rates.sign) + self.n_own

    def flow(self, numbers: Floats, gradient: bool) -> tuple[Floats, Floats]:
        """The heat flow of the cell [W], times the scale."""
        self.runs.take(numbers)
        return self.scale * float(np.exp(numbers[-1])) * self.runs.flow(self.data), np.zeros((len(self.data.time), 0))

    def evaluate(self, numbers: Floats, gradient: bool, floor: float = 1e-6) -> Evaluated:
        """Residuals by the numbers of the record, their Jacobian by differences."""

        def plain(at: Floats) -> Floats:
            return super(GeneralDscModel, self).evaluate(at, False).residual

        return Evaluated(plain(numbers), central(plain, numbers, np.ones(len(numbers))) if gradient else None)
