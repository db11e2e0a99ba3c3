"""One implicit stage of a meshed sample: Newton's method, the matrix, its preconditioners, a wall that follows the sensor."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import cg

from thermo.base.arrays import Floats, Integers
from thermo.heat.assembly import LARGE, between, gathered
from thermo.heat.jacobi import solved_by_jacobi
from thermo.heat.linear import directly, factorised, factors_fit, solved
from thermo.heat.mesh_sample import MeshSample, Surface, capacity_of, lasting_of, sight, surface
from thermo.heat.multigrid import multigrid
from thermo.heat.reacting import Chemistry
from thermo.heat.tensor import box_solver
from thermo.heat.triggers import NO_MOMENTS, moments_of
from thermo.materials.storage import heats, temperatures
from thermo.programmes.conditions import at
from thermo.programmes.programme import N_MACHINE, surroundings
from thermo.stepping.loop import (
    HIGHEST,
    LEAST_SCALE,
    LOWEST,
    N_BANDED,
    N_JACOBI,
    N_MODES,
    N_MULTIGRID,
    N_SOLVES,
    REFERENCE_STEP,
    SENSOR_RAMP,
    SENSOR_RATE,
    SENSOR_TEMPERATURE,
    State,
)

SOLVE_TOLERANCE = 1e-6  # relative residual of a linear solve, the sum of which is then taken to nothing
BOX_TOLERANCE = 1e-9  # the same where the preconditioner is all but exact
INNER_TOLERANCE = 1e-4  # the same within Newton's method, which asks again
MILD_TOLERANCE = 0.1  # the same where only conductivities move, by about as much an iteration
STALE = 3.0  # a preconditioner serves steps up to this factor from the one it was made for
MOST_NEWTON = 40  # iterations of a stage
STIFF = 100.0  # below this ratio of step to the fastest node's time the diagonal alone preconditions well enough


class MeshWork:
    """Memory of a step: the split into free and held nodes, the temperatures of the step, matrices and preconditioner."""

    def __init__(self, sample: MeshSample, programme: Any) -> None:
        n = len(sample.capacity)
        self.sample, self.terms, self.programme = sample, sample.terms, programme
        self.machine = np.zeros(N_MACHINE)  # that of the step which is taken
        self.lasting = lasting_of(sample)
        self.moments = NO_MOMENTS  # of the triggers, as that step finds them [s]
        self.curved = any(condition.curved for _, condition in self.terms) or (
            sample.wall is not None and surroundings(programme, self.machine, 0.0).emissive_area > 0.0
        )
        self.linear = not (self.curved or sample.storage or sample.conduction.variable)
        count = np.zeros(n)
        self.behind, self.share = 0.0, 1.0
        self.sensor = (math.nan, math.nan, math.nan)  # what the sensor shows at the three times of a step [K]
        self.held_terms: list[tuple[int, Any, Integers, Integers]] = []  # ledger row, temperature, its nodes, those it counts for
        for j, (face, condition) in enumerate(self.terms):
            if condition.holds:
                nodes = sample.faces[face]
                self.held_terms.append((j, condition.outside, nodes, nodes[count[nodes] == 0]))  # shared heat counts once
                count[nodes] += 1
        self.count = count
        self.held = np.flatnonzero(count)
        self.free = np.flatnonzero(count == 0)
        self.now = sample.conduction.at(sample.start_temperature)
        inertia = self.capacity_at(sample.start_temperature) if sample.mass is None else sample.mass.diagonal()
        self.fastest = float(np.min((inertia / self.now.matrix.diagonal())[self.free], initial=math.inf))
        self.scale = sample.scale
        self.rate = 0.0  # of the sensor at the beginning of the step [K/s]
        self.given, self.span, self.missed = np.zeros(2), 1.0, 0.0
        self.middle, self.end, self.begun_heat, self.end_heat = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
        self.heat = np.zeros(len(self.terms))
        self.half = self.heat, self.given, self.begun_heat  # heat by term, what the programme gave, enthalpy at the middle of a step
        self.system: tuple[Any, tuple[Any, ...], Any] = (None, (), None)
        self.asked: tuple[Any, ...] = (None,) * 4
        self.factor: tuple[Any, Any] = (None, None)
        self.sums: tuple[Any, Floats, float] = (None, np.zeros(0), 1.0)  # of a matrix those of its columns, and their sum
        self.diagonal: tuple[Any, Floats] = (None, np.zeros(0))  # of a matrix
        self.wall: tuple[Any, Any, Any] = (None, None, None)
        self.preconditioner: tuple[float, Any] = (math.nan, None)
        self.kept: dict[float, Any] = {}
        self.memory = np.zeros((0, 0))  # of the step just tried, as in a state
        if sample.reacting is not None:
            self.extents = np.zeros(sample.reacting.shape), np.zeros(sample.reacting.shape)  # at the middle and the end of it
            self.switched = np.zeros((sample.reacting.n_sites, sample.reacting.n_switches))
            self.released = np.zeros(sample.reacting.n_reactions), np.zeros(sample.reacting.n_reactions)  # by then [J]
            self.ejected = 0.0, 0.0  # by then [J]
            self.mean_power = np.zeros(n)  # of its last stage [W]

    def begin(self, state: State, clock: float, h: float) -> None:
        """A step of h [s] is tried from a state at the clock of the phase [s]: what the sensor shows there, and its rate."""
        sample, loop = self.sample, state.loop
        self.begun_heat, self.machine, self.span = state.enthalpy, state.machine, h
        self.moments = moments_of(state.fired, sample.triggers)
        shown = float(loop[SENSOR_TEMPERATURE]) if sample.lag > 0.0 else sight(sample, state.temperature)
        self.behind, self.share, self.sensor = shown, 0.0, (shown, math.nan, math.nan)
        if sample.seen is not None:
            self.rate = float(loop[SENSOR_RATE] + surroundings(self.programme, state.machine, clock).ramp - loop[SENSOR_RAMP])

    @functools.cached_property
    def chemistry(self) -> Chemistry | None:
        """What reacts, ready to be stepped."""
        return None if self.sample.reacting is None else Chemistry(self.sample.reacting)

    @functools.cached_property
    def mass(self) -> csr_matrix | None:
        """The mass matrix between free nodes, where one is kept."""
        return None if self.sample.mass is None else self.sample.mass[self.free][:, self.free].tocsr()

    @functools.cached_property
    def box(self) -> Any:
        """The exact solver of a box, where it is one."""
        return box_solver(self.sample.stack, self.held)

    @functools.cached_property
    def inner(self) -> tuple[Integers, Integers, Integers, Integers]:
        """The conduction matrix between free nodes: where its entries stand in the whole one, their columns, the ends of rows, and which
        of them are on the diagonal."""
        matrix, free = self.now.matrix, self.count == 0
        if len(free) >= LARGE:
            return between(matrix, free)
        kept = free[matrix.indices] & np.repeat(free, np.diff(matrix.indptr))
        dropped = np.flatnonzero(~kept)  # few, mostly
        ends = matrix.indptr[1:] - np.searchsorted(dropped, matrix.indptr[1:])
        indptr = np.concatenate([[0], ends[free]]).astype(matrix.indices.dtype)
        number = np.cumsum(free, dtype=matrix.indices.dtype) - 1
        places = np.flatnonzero(kept)
        indices = number[matrix.indices[places]]
        diagonal = np.flatnonzero(indices == np.repeat(np.arange(len(self.free)), np.diff(indptr)))
        return places, indices, indptr, diagonal

    def between_free(self, s: float, matrix: csr_matrix, diagonal: Floats) -> csr_matrix:
        """s K plus a diagonal, between free nodes."""
        places, indices, indptr, on_diagonal = self.inner
        if len(self.count) >= LARGE:
            data = gathered(s, matrix.data, places, on_diagonal, diagonal)
        else:
            data = s * matrix.data[places]
            data[on_diagonal] += diagonal
        return csr_matrix((data, indices, indptr), shape=(len(self.free),) * 2)

    def capacity_at(self, temperature: Floats) -> Floats:
        """Heat capacity of every node [J/K]."""
        return capacity_of(self.sample, temperature)

    def surface(self, time: float, temperature: Floats) -> Surface:
        """All heat through faces at a time of the phase [s], with what the programme sets around the sample."""
        if not self.sample.driven:
            return surface(self.sample, time, temperature, moments=self.moments, lasting=self.lasting)
        around = surroundings(self.programme, self.machine, time)
        return surface(self.sample, time, temperature, around, self.shown(temperature), self.moments, self.lasting)

    def shown(self, temperature: Floats) -> float:
        """What the sensor shows in the present stage [K], linear in the temperature of what it touches."""
        return self.behind + self.share * sight(self.sample, temperature)

    def follow(self, s: float, before: float) -> None:
        """Set how the sensor follows in a stage: T_s = before + s (T - T_s)/lag, `before` what is known [K]."""
        ratio = s / self.sample.lag if self.sample.lag > 0.0 else math.inf
        self.share = ratio / (1.0 + ratio) if ratio < math.inf else 1.0
        self.behind = before / (1.0 + ratio) if ratio < math.inf else 0.0

    def pull(self, temperature: Floats, shown: float) -> float:
        """The rate of a sensor with a lag [K/s]; zero without one."""
        return (sight(self.sample, temperature) - shown) / self.sample.lag if self.sample.lag > 0.0 else 0.0

    def stored(self, rise: Floats) -> Floats:
        """C times a rise of temperature [J]."""
        return self.sample.capacity * rise if self.sample.mass is None else self.sample.mass @ rise  # type: ignore[no-any-return]

    def scale_now(self, loop: Floats) -> float:
        """The difference of temperature [K] that errors are measured by: that of the data, or what a flux has made so far."""
        if self.scale > 0.0 and all(condition.density is None for _, condition in self.terms):
            return self.scale
        return max(self.scale, float(loop[HIGHEST] - loop[LOWEST]), LEAST_SCALE)

    def hold(self, heat: Floats, given: Floats) -> None:
        """Into `heat` by term what held nodes must be `given` (n_nodes,) [J]: their rise, less what flows into them from elsewhere."""
        for j, _, _, nodes in self.held_terms:
            heat[j] = float(np.sum(given[nodes]))

    def held_values(self, time: float) -> Floats:
        """Temperature of the held nodes at a time [K]; a node of two held faces takes the mean."""
        total = np.zeros_like(self.end)
        for _, temperature, nodes, _ in self.held_terms:
            total[nodes] += at(temperature, time)
        return total[self.held] / self.count[self.held]

    @functools.cached_property
    def near_held(self) -> tuple[Integers, Integers, Integers]:
        """The entries of the conduction matrix in the rows of held nodes: where they stand, their rows and columns."""
        matrix = self.now.matrix
        rows = matrix[self.held].tocoo().row  # numbers of held nodes
        places = np.concatenate([np.arange(matrix.indptr[node], matrix.indptr[node + 1]) for node in self.held] or [np.zeros(0, np.int64)])
        return places, self.held[rows], matrix.indices[places]

    def into_held(self, temperature: Floats) -> Floats:
        """Heat conducted into each held node [W], and zero for others."""
        places, rows, columns = self.near_held
        flow = self.now.matrix.data[places] * (temperature[rows] - temperature[columns])
        return np.bincount(rows, weights=flow, minlength=len(temperature)).astype(float)

    def matrix_at(self, s: float, around: Surface, capacity: Floats) -> csr_matrix:
        """C + s (K + slopes of the surfaces) on the free nodes; the same object as long as nothing in it changes."""
        asked = (s, around, capacity, self.now.matrix)
        if all(one is other for one, other in zip(self.asked, asked, strict=True)):  # the solves of one step
            return self.system[2]
        self.asked = asked
        diagonal = s * around.slope[self.free] + (capacity[self.free] if self.mass is None else 0.0)
        conduction = self.now.matrix  # of a body whose conductivities move, another at each iterate
        key: tuple[Any, ...] = (s, diagonal, *(conductance for _, _, conductance in around.links))
        if self.system[0] is conduction and all(np.array_equal(a, b) for a, b in zip(self.system[1], key, strict=True)):
            return self.system[2]
        matrix = self._system(s, conduction, diagonal, around.links)
        columns = self._columns(s, conduction, diagonal, around.links)
        self.system, self.sums = (conduction, key, matrix), (matrix, columns, float(np.sum(columns)))
        return matrix

    def _system(self, s: float, conduction: csr_matrix, diagonal: Floats, links: list[tuple[Integers, Integers, Floats]]) -> csr_matrix:
        matrix = self.between_free(s, conduction, diagonal)
        if self.mass is not None:
            matrix = matrix + self.mass
        for one, other, conductance in links:
            rows, columns = np.concatenate([one, other, one, other]), np.concatenate([one, other, other, one])
            data = s * np.concatenate([conductance, conductance, -conductance, -conductance])
            matrix = matrix + csr_matrix((data, (rows, columns)), shape=(len(self.count),) * 2)[self.free][:, self.free]
        return matrix.tocsr()

    def _columns(self, s: float, conduction: csr_matrix, diagonal: Floats, links: list[tuple[Integers, Integers, Floats]]) -> Floats:
        """The sum of each column of that matrix [J/K], in which what passes between free nodes cancels: summed up it would leave a rounding
        that is large where cells are thin."""
        columns = diagonal if self.mass is None else diagonal + np.asarray(self.mass.sum(axis=0)).ravel()
        if len(self.held):
            places, _, others = self.near_held
            lost = np.bincount(others, weights=-conduction.data[places], minlength=len(self.count))
            for one, other, conductance in links:
                np.add.at(lost, one, np.where(self.count[other], conductance, 0.0))
                np.add.at(lost, other, np.where(self.count[one], conductance, 0.0))
            columns = columns + s * lost[self.free]
        return columns  # type: ignore[no-any-return]

    def solve(
        self, s: float, rhs: Floats, loop: Floats, around: Surface, capacity: Floats, tolerance: float = SOLVE_TOLERANCE
    ) -> Floats | None:
        """Solve (C + s (K + slopes)) x = rhs on the free nodes: directly where they are few or conjugate gradients miss.

        None where the residual stays too large, or the right side is no number: the step is refused.
        """
        loop[N_SOLVES] += 1.0
        norm = math.sqrt(float(np.add.reduce(rhs * rhs)))  # threads of a product would wait for those of the reactions
        if norm == 0.0:
            return np.zeros_like(rhs)
        if not np.isfinite(norm):
            return None
        matrix = self.matrix_at(s, around, capacity)
        found = self._solved(s, matrix, rhs, norm, loop, tolerance)
        if found is None or around.follows is None or not np.any(around.follows):
            return found
        return self._with_wall(s, matrix, found, around.follows, loop, tolerance)

    def _with_wall(self, s: float, matrix: csr_matrix, found: Floats, follows: Floats, loop: Floats, tolerance: float) -> Floats | None:
        """The solution where a wall follows the sensor w.x: (A - s u w^T) x = r has x = y + z w.y/(1 - w.z), A y = r, A z = s u."""
        if self.wall[0] is not matrix or not np.array_equal(self.wall[1], follows):
            right = s * follows[self.free]
            response = self._solved(s, matrix, right, float(np.linalg.norm(right)), loop, min(tolerance, SOLVE_TOLERANCE))
            if response is None:
                return None
            self.wall = (matrix, follows, response)
        whole = np.zeros(len(self.count))
        whole[self.free] = self.wall[2]
        left = 1.0 - self.share * sight(self.sample, whole)
        if not left > 0.0:
            return None
        seen = whole.copy()
        seen[self.free] = found
        return found + self.wall[2] * (self.share * sight(self.sample, seen) / left)  # type: ignore[no-any-return]

    def _solved(self, s: float, matrix: csr_matrix, rhs: Floats, norm: float, loop: Floats, tolerance: float) -> Floats | None:
        """Solve with a matrix on the free nodes; None where the residual stays too large."""
        if not directly(len(rhs), self.sample.dimension):
            if self.sample.reacting is not None and self.box is None and s < STIFF * self.fastest:
                loop[N_JACOBI] += 1.0
                if self.diagonal[0] is not matrix:
                    self.diagonal = (matrix, matrix.diagonal())
                quick = solved_by_jacobi(matrix, self.diagonal[1], rhs, tolerance)
                return None if quick is None else self._balanced(rhs, quick)
            counter, operator = self.preconditioner_at(s, matrix, loop)
            loop[counter] += 1.0
            tolerance = min(tolerance, BOX_TOLERANCE) if counter == N_MODES and tolerance == SOLVE_TOLERANCE else tolerance
            found, _ = cg(matrix, rhs, rtol=tolerance, atol=0.0, maxiter=400, M=operator)
            left = rhs - matrix @ found
            if solved(matrix, found, left, min(10.0 * tolerance, 2.0 * MILD_TOLERANCE) * norm):
                return self._balanced(rhs, found)
            if not factors_fit(len(rhs), self.sample.dimension):
                return None
        if self.factor[0] is not matrix:
            self.factor = (matrix, factorised(matrix))
        counter, direct = self.factor[1]
        loop[counter] += 1.0
        found = direct(rhs)
        if self.sample.reacting is not None:  # five solves a step: what rounding leaves is one constant, and a band loses no digits
            banded = counter == N_BANDED and bool(np.isfinite(found).all())
            return self._balanced(rhs, found) if banded or solved(matrix, found, rhs - matrix @ found, 1e-6 * norm) else None
        found = found + direct(rhs - matrix @ found)
        return found if solved(matrix, found, rhs - matrix @ found, 1e-6 * norm) else None

    def _balanced(self, rhs: Floats, found: Floats) -> Floats:
        """The solution plus the one constant that leaves no heat over: the sum of its residual is zero."""
        _, columns, whole = self.sums
        return found + (np.add.reduce(rhs) - np.add.reduce(columns * found)) / whole  # type: ignore[no-any-return]

    def preconditioner_at(self, s: float, matrix: csr_matrix, loop: Floats) -> tuple[int, Any]:
        """The exact solve of a box; the diagonal for a short step; multigrid, made anew when the step has grown out of it."""
        if self.box is not None:
            return N_MODES, self.box.operator(s, self.free)
        if s < STIFF * self.fastest:
            return N_JACOBI, diags_array(1.0 / matrix.diagonal())
        if not s / STALE <= loop[REFERENCE_STEP] <= s * STALE:
            # under an instrument steps grow and shrink with every phase: what was made serves again
            loop[REFERENCE_STEP] = STALE ** round(math.log(s, STALE)) if self.sample.driven else s
        if self.sample.driven:
            made_for = float(loop[REFERENCE_STEP])
            if made_for not in self.kept:
                self.kept[made_for] = multigrid(self._reference(made_for))
            return N_MULTIGRID, self.kept[made_for]
        if self.preconditioner[0] != loop[REFERENCE_STEP]:
            made_for = float(loop[REFERENCE_STEP])
            own = made_for == s and self.linear and all(c.holds or c.density is not None for _, c in self.terms)
            self.preconditioner = (made_for, multigrid(matrix if own else self._reference(made_for)))
        return N_MULTIGRID, self.preconditioner[1]

    def _reference(self, s: float) -> csr_matrix:
        """The matrix that multigrid is made for: of the state as it was at the start, so that a resumed run makes the same."""
        start = self.sample.start_temperature
        around = surface(self.sample, 0.0, start, moments=np.full(len(self.sample.triggers), math.inf))
        diagonal = s * around.slope[self.free] + (self.capacity_at(start)[self.free] if self.mass is None else 0.0)
        return self._system(s, self.sample.conduction.at(start).matrix, diagonal, around.links)

    def stage(self, T: Floats, known: Floats, time: float, s: float, end: Floats, loop: Floats) -> Floats | None:
        """Solve H(end) - H(T) = known + s (-K end + surface(end)) on the free nodes; the rise of H [J] everywhere, or None.

        `end` holds the first guess and, on its held nodes, their temperature at `time`; on return it is the solution. Rises and heats
        are carried, not rates: a rate of a thin layer is a small difference over a tiny capacity. Where H is not linear it is H that
        Newton's method moves, and T follows from it, so that a step across a range of melting loses nothing.
        """
        sample, free, storage = self.sample, self.free, self.sample.storage
        if storage:
            self.end_heat = heats(storage, end)
        # with conductivities alone each iterate keeps the energy, and need not be better than the step
        mild = not (self.curved or storage)
        small = (3e-2 if mild else 1e-4) * sample.tolerance * self.scale_now(loop)
        inner, before = SOLVE_TOLERANCE if self.linear else MILD_TOLERANCE if mild else INNER_TOLERANCE, math.inf
        for _ in range(MOST_NEWTON):
            around = self.surface(time, end)
            self.now = sample.conduction.at(end)
            flow = self.now.into(end) + around.flow
            residual = (known + s * flow - self.rise(T, end))[free]
            capacity = self.capacity_at(end)
            change = self.solve(s, residual, loop, around, capacity, inner)
            if change is None or not np.all(np.isfinite(change)):
                return None
            if storage:
                self.end_heat[free] += capacity[free] * change
                end[free] = temperatures(storage, self.end_heat, end)[free]
            else:
                end[free] += change
            moved = float(np.max(np.abs(change), initial=0.0))
            # what is left after a change is that change times how much smaller it is than the one before, and so on
            left = moved * moved / (before - moved) if mild and moved < before < math.inf else moved
            if self.linear or left < small:
                return self.rise(T, end)
            before = moved
        return None

    def rise(self, T: Floats, end: Floats) -> Floats:
        """H(end) - H(T) of every node [J]."""
        return self.end_heat - self.begun_heat if self.sample.storage else self.stored(end - T)
