"""A meshed sample: TR-BDF2 and backward Euler steps of the heat equation, the heat through faces.

    dH(T)/dt + K(T) T = surface(T, t);  T held on faces, flux, convection, radiation, contacts on others, insulated elsewhere.

H = C T with C lumped (row sums) or the consistent mass matrix, or the enthalpy of materials that depend on temperature or melt. What
is not linear is met by Newton's method in each stage; conductivities that depend on temperature are those of the last iterate.

TR-BDF2 (Bank et al. 1985; Hosea & Shampine, Applied Numerical Mathematics 20 (1996) 21-37): one step, second order,
L-stable, every stage with the same matrix C + d h K, and an error estimate of third order filtered by that matrix.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import cg, splu

from meshes.mesh import Links
from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE, STEFAN_BOLTZMANN
from thermo.base.errors import SolveError
from thermo.heat.assembly import LARGE, between, gathered
from thermo.heat.conduction import Conduction
from thermo.heat.enthalpy import Storage
from thermo.heat.multigrid import multigrid
from thermo.heat.tensor import Stack, box_solver
from thermo.programmes.conditions import at
from thermo.programmes.programme import N_MACHINE, Surroundings, start, surroundings, window
from thermo.stepping.loop import (
    ERROR,
    FACES,
    HEAT_IN,
    HEAT_OUT,
    HIGHEST,
    LAST_ERROR,
    LEAST_SCALE,
    LOWEST,
    N_BANDED,
    N_DIRECT,
    N_JACOBI,
    N_LOOP,
    N_MODES,
    N_MULTIGRID,
    N_SOLVES,
    REFERENCE_STEP,
    SENSOR_RAMP,
    SENSOR_RATE,
    SENSOR_TEMPERATURE,
    STEP,
    D,
    G,
    State,
    W,
    error_order,
    fire,
    flush,
    initial_state,
    interpolate,
    make_work,
    sensor,
    take_step,
    trigger_margin,
    worth,
)

SOLVE_TOLERANCE = 1e-6  # relative residual of a linear solve, the sum of which is then taken to nothing
BOX_TOLERANCE = 1e-9  # the same where the preconditioner is all but exact
INNER_TOLERANCE = 1e-4  # the same within Newton's method, which asks again
MILD_TOLERANCE = 0.1  # the same where only conductivities move, by about as much an iteration
STALE = 3.0  # a preconditioner serves steps up to this factor from the one it was made for
MOST_DIRECT = {1: 10**9, 2: 20_000, 3: 1500}  # unknowns up to which a linear system is solved directly, by dimension
LARGEST_FACTOR = 2e9  # bytes of sparse factors to which a system that iterations do not solve is left
MOST_NEWTON = 40  # iterations of a stage
STIFF = 100.0  # below this ratio of step to the fastest node's time the diagonal alone preconditions well enough


Terms = tuple[tuple[str, Any], ...]


class Share(NamedTuple):
    """Some nodes, and what each of them has of a whole (n,)."""

    nodes: Integers
    share: Floats


class MeshSample(NamedTuple):
    """Nodes with heat capacity `capacity` (n_nodes,) [J/K], row sums of the `mass` matrix where that is kept, or replaced by the
    `storage` of materials that depend on temperature; their `conduction`; a `stack` where it is a box of laterally uniform layers.

    `terms` pairs of a face, or a region, and a condition on it; `faces` node indices by that name; `areas` the area [m2] or the volume
    [m3] that each of these nodes stands for; `pairs` nodes on two sides and their area by name of a face with a contact or a gap;
    `start_temperature` (n_nodes,) [K]; errors of a step are held to `tolerance` times `scale` [K], the largest difference of
    temperature that the data make; steps of the `scheme` are of `step` [s], or of what the tolerance allows where that is zero.

    What an instrument sets acts on the `wall`, the share of each node in the surface that its wall sees; its heater's power on what
    is `heated`; its sensor follows a `seen` mean of nodes with a `lag` [s].
    """

    capacity: Floats
    conduction: Conduction
    dimension: int
    start_temperature: Floats
    terms: Terms
    scale: float
    faces: dict[str, Integers]
    areas: dict[str, Floats]
    pairs: dict[str, Links]
    tolerance: float
    scheme: str = "tr-bdf2"
    step: float = 0.0
    mass: csr_matrix | None = None
    storage: Storage | None = None
    stack: Stack | None = None
    wall: Share | None = None
    heated: Share | None = None
    seen: Share | None = None
    lag: float = 0.0

    @property
    def driven(self) -> bool:
        """Whether a programme acts on it by other ways than conditions on faces."""
        return self.wall is not None or self.heated is not None


class Surface(NamedTuple):
    """All heat through faces at one moment: into each node [W], minus its slope [W/K], of each term [W], links between nodes; what a
    programme's heater gives and what its wall takes [W], and the slope of the heat from a wall that follows the sensor, in that [W/K]."""

    flow: Floats
    slope: Floats
    heats: Floats
    links: list[Links]
    given: Floats
    follows: Floats | None = None


def surface(sample: MeshSample, time: float, temperature: Floats, around: Surroundings | None = None, seen: float = 0.0) -> Surface:
    """Heat through every face by conditions that are not `held`, and by what a programme sets `around` it, its sensor showing `seen` [K].

    What passes between two sides of the body is heat of no term.
    """
    found = Surface(np.zeros_like(temperature), np.zeros_like(temperature), np.zeros(len(sample.terms)), [], np.zeros(2))
    for j, (face, condition) in enumerate(sample.terms):
        if condition.links:
            if face not in sample.pairs:  # a constant one is part of the conduction
                continue
            one, other, area = sample.pairs[face]
            conductance = condition.across(area, time, temperature[one], temperature[other])
            heat = conductance * (temperature[one] - temperature[other])
            np.add.at(found.flow, one, -heat)
            np.add.at(found.flow, other, heat)
            found.links.append((one, other, conductance))
        elif not condition.holds:
            nodes = sample.faces[face]
            heat, slope = condition.exchange(sample.areas[face], time, temperature[nodes])
            found.flow[nodes] += heat
            found.slope[nodes] += slope
            found.heats[j] = heat.sum()
    return found if around is None else _instrument(sample, around, seen, temperature, found)


def _instrument(sample: MeshSample, around: Surroundings, seen: float, temperature: Floats, found: Surface) -> Surface:
    """The heat of an instrument's heater and wall added: UA (T - Tw) + (eps A) sigma (T^4 - Tw^4) leaves the surface."""
    heater = np.zeros_like(temperature)
    if around.ramp != 0.0:
        heater += around.ramp * capacity_of(sample, temperature)
    if around.power != 0.0 and sample.heated is not None:
        heater[sample.heated.nodes] += around.power * sample.heated.share
    found.flow[:] += heater
    found.given[0] = heater.sum()
    if sample.wall is None or (around.conductance == 0.0 and around.emissive_area == 0.0):
        return found
    nodes, share = sample.wall
    T = temperature[nodes]
    wall = around.follows * seen + around.wall
    loss = share * (around.conductance * (T - wall) + around.emissive_area * STEFAN_BOLTZMANN * (T**4 - wall**4))
    found.flow[nodes] -= loss
    found.slope[nodes] += share * (around.conductance + 4.0 * around.emissive_area * STEFAN_BOLTZMANN * T**3)
    found.given[1] = loss.sum()
    if around.follows == 0.0:
        return found
    follows = np.zeros_like(temperature)
    follows[nodes] = share * (around.conductance + 4.0 * around.emissive_area * STEFAN_BOLTZMANN * wall**3)
    return found._replace(follows=follows)


def sight(sample: MeshSample, temperature: Floats) -> float:
    """The temperature that the sensor is at [K]; that of the first node where there is none."""
    if sample.seen is None:
        return float(temperature[0])
    return float(temperature[sample.seen.nodes] @ sample.seen.share)


def capacity_of(sample: MeshSample, temperature: Floats) -> Floats:
    """Heat capacity of every node [J/K]."""
    return sample.capacity if sample.storage is None else sample.storage.capacity(temperature)


class MeshWork:
    """Memory of a step: the split into free and held nodes, the temperatures of the step, matrices and preconditioner."""

    def __init__(self, sample: MeshSample, programme: Any) -> None:
        n = len(sample.capacity)
        self.sample, self.terms, self.programme = sample, sample.terms, programme
        self.machine = np.zeros(N_MACHINE)  # that of the step which is taken
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
        self.given, self.span, self.missed = np.zeros(2), 1.0, 0.0
        self.middle, self.end, self.begun_heat, self.end_heat = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
        self.heat = np.zeros(len(self.terms))
        self.half = self.heat, self.given, self.begun_heat  # heat by term, what the programme gave, enthalpy at the middle of a step
        self.system: tuple[Any, tuple[Any, ...], Any] = (None, (), None)
        self.factor: tuple[Any, Any] = (None, None)
        self.whole: tuple[Any, float] = (None, 1.0)
        self.wall: tuple[Any, Any, Any] = (None, None, None)
        self.preconditioner: tuple[float, Any] = (math.nan, None)

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
            return surface(self.sample, time, temperature)
        return surface(self.sample, time, temperature, surroundings(self.programme, self.machine, time), self.shown(temperature))

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
        diagonal = s * around.slope[self.free] + (capacity[self.free] if self.mass is None else 0.0)
        conduction = self.now.matrix  # of a body whose conductivities move, another at each iterate
        key: tuple[Any, ...] = (s, diagonal, *(conductance for _, _, conductance in around.links))
        if self.system[0] is conduction and all(np.array_equal(a, b) for a, b in zip(self.system[1], key, strict=True)):
            return self.system[2]
        self.system = (conduction, key, self._system(s, conduction, diagonal, around.links))
        return self.system[2]

    def _system(self, s: float, conduction: csr_matrix, diagonal: Floats, links: list[tuple[Integers, Integers, Floats]]) -> csr_matrix:
        matrix = self.between_free(s, conduction, diagonal)
        if self.mass is not None:
            matrix = matrix + self.mass
        for one, other, conductance in links:
            rows, columns = np.concatenate([one, other, one, other]), np.concatenate([one, other, other, one])
            data = s * np.concatenate([conductance, conductance, -conductance, -conductance])
            matrix = matrix + csr_matrix((data, (rows, columns)), shape=(len(self.count),) * 2)[self.free][:, self.free]
        return matrix.tocsr()

    def solve(
        self, s: float, rhs: Floats, loop: Floats, around: Surface, capacity: Floats, tolerance: float = SOLVE_TOLERANCE
    ) -> Floats | None:
        """Solve (C + s (K + slopes)) x = rhs on the free nodes: directly where they are few or conjugate gradients miss.

        None where the residual stays too large, or the right side is no number: the step is refused.
        """
        loop[N_SOLVES] += 1.0
        norm = float(np.linalg.norm(rhs))
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
            counter, operator = self.preconditioner_at(s, matrix, loop)
            loop[counter] += 1.0
            tolerance = min(tolerance, BOX_TOLERANCE) if counter == N_MODES and tolerance == SOLVE_TOLERANCE else tolerance
            found, _ = cg(matrix, rhs, rtol=tolerance, atol=0.0, maxiter=400, M=operator)
            left = rhs - matrix @ found
            if solved(matrix, found, left, min(10.0 * tolerance, 2.0 * MILD_TOLERANCE) * norm):
                return self._balanced(matrix, found, left)
            if factor_bytes(len(rhs), self.sample.dimension) > LARGEST_FACTOR:
                return None
        if self.factor[0] is not matrix:
            self.factor = (matrix, factorised(matrix))
        counter, direct = self.factor[1]
        loop[counter] += 1.0
        found = direct(rhs)
        found = found + direct(rhs - matrix @ found)
        return found if solved(matrix, found, rhs - matrix @ found, 1e-6 * norm) else None

    def _balanced(self, matrix: csr_matrix, found: Floats, left: Floats) -> Floats:
        """The solution plus the one constant that leaves no heat over: the sum of its residual is zero."""
        if self.whole[0] is not matrix:
            self.whole = (matrix, float(np.sum(matrix.data)))
        return found + float(np.sum(left)) / self.whole[1]  # type: ignore[no-any-return]

    def preconditioner_at(self, s: float, matrix: csr_matrix, loop: Floats) -> tuple[int, Any]:
        """The exact solve of a box; the diagonal for a short step; multigrid, made anew when the step has grown out of it."""
        if self.box is not None:
            return N_MODES, self.box.operator(s, self.free)
        if s < STIFF * self.fastest:
            return N_JACOBI, diags_array(1.0 / matrix.diagonal())
        if not s / STALE <= loop[REFERENCE_STEP] <= s * STALE:
            loop[REFERENCE_STEP] = s
        if self.preconditioner[0] != loop[REFERENCE_STEP]:
            made_for = float(loop[REFERENCE_STEP])
            own = made_for == s and self.linear and all(c.holds or c.density is not None for _, c in self.terms)
            self.preconditioner = (made_for, multigrid(matrix if own else self._reference(made_for)))
        return N_MULTIGRID, self.preconditioner[1]

    def _reference(self, s: float) -> csr_matrix:
        """The matrix that multigrid is made for: of the state as it was at the start, so that a resumed run makes the same."""
        start = self.sample.start_temperature
        around = self.surface(0.0, start)
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
            self.end_heat = storage.heat(end)
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
                end[free] = storage.temperature(self.end_heat, end)[free]
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


def directly(n: int, dimension: int) -> bool:
    """Whether a system of n unknowns is factorised: the others are solved by conjugate gradients."""
    return n <= MOST_DIRECT[dimension]


def factor_bytes(n: int, dimension: int, symmetric: bool = True) -> float:
    """About what sparse factors of n unknowns take: n^(4/3) entries in space, n log n in a plane, by SuperLU on cubes and squares."""
    if dimension == 1:
        return 100.0 * n
    entries = (
        (30.0 if symmetric else 80.0) * n ** (4.0 / 3.0) if dimension == 3 else (6.0 if symmetric else 10.0) * n * math.log2(max(n, 2))
    )
    return 12.0 * entries


def factorised(matrix: csr_matrix) -> tuple[int, Any]:
    """How a symmetric matrix is solved directly, and which counter that adds to: as a band where it is narrow, else sparse factors."""
    entries = matrix.tocoo()
    width = int(np.max(np.abs(entries.row - entries.col), initial=0))
    if width > 3:
        factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        return N_DIRECT, factor.solve
    from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded

    band = np.zeros((width + 1, matrix.shape[0]))
    for offset in range(width + 1):
        band[offset, : matrix.shape[0] - offset] = matrix.diagonal(-offset)
    try:
        found = cholesky_banded(band, lower=True)
    except LinAlgError:
        return N_BANDED, lambda rhs: np.full_like(rhs, np.nan)
    return N_BANDED, lambda rhs: cho_solve_banded((found, True), rhs)


def solved(matrix: csr_matrix, found: Floats, left: Floats, most: float) -> bool:
    """Whether the residual `left` is at most `most` in norm, as far as it is more than the rounding of the product itself: a nearly uniform
    body at a long step is a small difference of large terms."""
    norm = float(np.linalg.norm(left))
    return norm <= most or norm - 1e-13 * float(np.linalg.norm(matrix.diagonal() * found)) <= most


@make_work.body(MeshSample)
def make_mesh_work(sample: MeshSample, programme: Any) -> MeshWork:
    return MeshWork(sample, programme)


@initial_state.body(MeshSample)
def initial_mesh_state(sample: MeshSample, programme: Any) -> State:
    """Held faces stand at their temperature from t = 0+; the heat of that jump counts as heat through the face."""
    work = MeshWork(sample, programme)
    temperature = sample.start_temperature.copy()
    temperature[work.held] = work.held_values(0.0)
    begun = heat_of(sample, sample.start_temperature)
    enthalpy = heat_of(sample, temperature)
    state = State(
        enthalpy=enthalpy,
        temperature=temperature,
        extent=np.zeros((0, 0)),
        ledger=np.zeros(FACES + len(work.terms)),
        fired=np.zeros(0),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    for j, _, _, nodes in work.held_terms:
        state.ledger[FACES + j] = float(np.sum(enthalpy[nodes] - begun[nodes]))
    start(programme, state.machine, sight(sample, temperature))
    state.loop[STEP] = sample.step or min(0.1 * work.fastest, float(window(programme, state.machine)))
    state.loop[LAST_ERROR] = 1.0
    state.loop[SENSOR_TEMPERATURE] = sight(sample, temperature)
    state.loop[LOWEST] = float(np.min(temperature))
    state.loop[HIGHEST] = float(np.max(temperature))
    return state


def heat_of(sample: MeshSample, temperature: Floats) -> Floats:
    """Enthalpy of every node relative to 298.15 K [J]; with a consistent mass matrix its sum alone has a meaning."""
    if sample.storage is not None:
        return sample.storage.heat(temperature)
    return sample.capacity * (temperature - REFERENCE_TEMPERATURE)


@take_step.body(MeshSample)
def mesh_step(sample: MeshSample, programme: Any, state: State, clock: float, h: float, work: MeshWork) -> float:
    """One step; the filtered error over the tolerance in the maximum norm, zero where steps are of a given length.

    With f the heat into the nodes, TR-BDF2:  H(Y) - H(T) = d h (f(T) + f(Y)),   H(T') - H(T) = h (w f(T) + w f(Y) + d f(T')).
    Backward Euler:  H(T') - H(T) = h f(T'),  with the error h/2 (f(T') - f(T)).
    """
    loop, T = state.loop, state.temperature
    work.begun_heat, work.machine, work.span = state.enthalpy, state.machine, h
    shown = float(loop[SENSOR_TEMPERATURE]) if sample.lag > 0.0 else sight(sample, T)
    work.behind, work.share, work.sensor = shown, 0.0, (shown, math.nan, math.nan)
    now = work.surface(clock, T)
    euler = sample.scheme == "backward-euler"
    if euler and sample.step:  # nothing is estimated, so nobody asks what flows at the start
        first = np.zeros_like(T)
    else:
        work.now = sample.conduction.at(T)
        first = work.now.into(T) + now.flow
    made = (backward_euler if euler else trbdf2)(work, T, first, now, clock, h, loop)
    if made is None:
        return math.inf
    rise, received, raw, last, s = made
    work.hold(work.heat, rise - received)
    if sample.step:
        return 0.0
    error = work.solve(s, raw[work.free], loop, last, work.capacity_at(work.end), 1e-3)
    if error is None:
        return math.inf
    worst = max(float(np.max(np.abs(error), initial=0.0)), abs(work.missed)) / (sample.tolerance * work.scale_now(loop))
    return worst if np.isfinite(worst) else math.inf


Made = tuple[Floats, Floats, Floats, Surface, float]  # rise of H, heat received by other ways than holding, error, surface, d h


def trbdf2(work: MeshWork, T: Floats, first: Floats, now: Surface, clock: float, h: float, loop: Floats) -> Made | None:
    """A trapezium to clock + G h, then the second backward difference."""
    free, held, s = work.free, work.held, D * h
    middle = T.copy()
    middle[held] = work.held_values(clock + G * h)
    begun = work.sensor[0]
    pulled = work.pull(T, begun)
    work.follow(s, begun + s * pulled)
    rise = work.stage(T, s * first, clock + G * h, s, middle, loop)
    if rise is None:
        return None
    then = work.surface(clock + G * h, middle)
    between = work.shown(middle)
    pulls = pulled, work.pull(middle, between)
    work.follow(s, begun + W * h * (pulls[0] + pulls[1]))
    second = work.into_held(middle) + then.flow
    second[free] = rise[free] / s - first[free]  # what the stage says it is, so that the next one adds up
    if work.sample.driven:
        work.half = s * (now.heats + then.heats), s * (now.given + then.given), work.begun_heat + rise
        work.hold(work.half[0], rise - s * (first + second))

    end = T + (middle - T) / G
    end[held] = work.held_values(clock + h)
    known = (W * h) * (first + second)
    rise = work.stage(T, known, clock + h, s, end, loop)
    if rise is None:
        return None
    last = work.surface(clock + h, end)
    third = work.into_held(end) + last.flow
    third[free] = (rise - known)[free] / s

    work.middle, work.end, work.sensor = middle, end, (begun, between, work.shown(end))
    work.missed = h * (ERROR[0] * pulls[0] + ERROR[1] * pulls[1] + ERROR[2] * work.pull(end, work.sensor[2])) * (1.0 - work.share)
    work.heat = h * (W * (now.heats + then.heats) + D * last.heats)
    work.given = h * (W * (now.given + then.given) + D * last.given)
    return rise, known + s * third, h * (ERROR[0] * first + ERROR[1] * second + ERROR[2] * third), last, s


def backward_euler(work: MeshWork, T: Floats, first: Floats, now: Surface, clock: float, h: float, loop: Floats) -> Made | None:
    """One implicit stage of first order, which has the maximum principle wherever the matrix has it."""
    free, end = work.free, T.copy()
    end[work.held] = work.held_values(clock + h)
    begun = work.sensor[0]
    pulled = work.pull(T, begun)
    work.follow(h, begun)
    rise = work.stage(T, np.zeros_like(T), clock + h, h, end, loop)
    if rise is None:
        return None
    last = work.surface(clock + h, end)
    third = work.into_held(end) + last.flow
    third[free] = rise[free] / h
    work.middle, work.end = T + G * (end - T), end
    shown = work.shown(end)
    work.sensor = (begun, begun + G * (shown - begun), shown)
    work.missed = 0.5 * h * (work.pull(end, shown) - pulled) * (1.0 - work.share)
    work.heat, work.given = h * last.heats, h * last.given
    work.half = G * work.heat, G * work.given, work.begun_heat + G * rise
    return rise, h * third, 0.5 * h * (third - first), last, h


@interpolate.body(MeshSample)
def interpolate_mesh(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """The parabola through the step's three temperatures; the heat through faces in proportion to the time.

    Slopes at the ends would be noise where layers are thin; only rows between two steps see either. What an instrument drives ends
    its steps at events: enthalpy and ledger are the parabolas through those of the three times then, so that the balance stays closed.
    """
    a, b, c = parabola(theta)
    trial.ledger[:] = state.ledger
    if theta == 1.0:
        trial.temperature[:] = work.end
        trial.enthalpy[:] = work.end_heat if sample.storage else heat_of(sample, work.end)
    else:
        between = a * state.enthalpy + b * work.half[2] + c * work.end_heat if sample.driven and sample.storage else None
        trial.temperature[:] = a * state.temperature + b * work.middle + c * work.end
        if between is not None and sample.storage:
            trial.temperature[:] = sample.storage.temperature(between, trial.temperature)
        trial.enthalpy[:] = heat_of(sample, trial.temperature) if between is None else between
    heat, given = theta * work.heat, theta * work.given
    if sample.driven and theta < 1.0:
        heat, given = b * work.half[0] + c * work.heat, b * work.half[1] + c * work.given
    trial.ledger[FACES:] += heat
    trial.ledger[HEAT_IN] += given[0]
    trial.ledger[HEAT_OUT] += given[1]


@flush.body(MeshSample)
def flush_mesh(sample: MeshSample, state: State, work: MeshWork) -> None:
    return


@sensor.body(MeshSample)
def mesh_sensor(sample: MeshSample, programme: Any, trial: State, clock: float, work: MeshWork, theta: float) -> tuple[float, float]:
    """What the sensor shows; its rate is the slope of the step's parabola, between steps that of the last one.

    A heater that is switched between them changes the rate of what it heats at once.
    """
    if sample.seen is None:
        return float(trial.temperature[0]), 0.0
    if theta == 0.0 and sample.lag > 0.0:
        shown = float(trial.loop[SENSOR_TEMPERATURE])
        return shown, (sight(sample, trial.temperature) - shown) / sample.lag
    if theta == 0.0:
        kick = float(surroundings(programme, trial.machine, clock).ramp - trial.loop[SENSOR_RAMP])
        return sight(sample, trial.temperature), float(trial.loop[SENSOR_RATE]) + kick
    first, middle, last = work.sensor
    a, b, c = parabola(theta)
    slopes = (2.0 * theta - 1.0 - G) / G, (2.0 * theta - 1.0) / (G * (G - 1.0)), (2.0 * theta - G) / (1.0 - G)
    shown = last if theta == 1.0 else a * first + b * middle + c * last
    if sample.lag > 0.0:
        return shown, (sight(sample, trial.temperature) - shown) / sample.lag
    return shown, (slopes[0] * first + slopes[1] * middle + slopes[2] * last) / work.span


def parabola(theta: float) -> tuple[float, float, float]:
    """Weights of the three values of a step in its parabola at theta in (0, 1]."""
    return (theta - G) * (theta - 1.0) / G, theta * (theta - 1.0) / (G * (G - 1.0)), theta * (theta - G) / (1.0 - G)


@trigger_margin.body(MeshSample)
def mesh_trigger_margin(sample: MeshSample, trial: State) -> tuple[float, int]:
    return -math.inf, 0


@fire.body(MeshSample)
def fire_mesh(sample: MeshSample, state: State, trigger: int) -> None:
    raise SolveError("a mesh has no triggers")


@worth.body(MeshSample)
def mesh_worth(sample: MeshSample, growth: float) -> float:
    return growth


@error_order.body(MeshSample)
def mesh_error_order(sample: MeshSample) -> float:
    return 2.0 if sample.scheme == "backward-euler" else 3.0
