"""A meshed sample: matrices of the heat equation, TR-BDF2 steps, the heat through held faces.

    C dT/dt + K T = surface(T, t);  T held on faces, flux, convection and radiation on others, insulated elsewhere.

C is lumped (row sums). A condition that is not linear is met by Newton's method in each stage.

TR-BDF2 (Bank et al. 1985; Hosea & Shampine, Applied Numerical Mathematics 20 (1996) 21-37): one step, second order,
L-stable, every stage with the same matrix C + d h K, and an error estimate of third order filtered by that matrix.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import cg

from thermo.boundary import Convection, Flux, Held, OverTime, Radiation, at, slope_at
from thermo.constants import REFERENCE_TEMPERATURE, STEFAN_BOLTZMANN
from thermo.errors import SolveError
from thermo.kinetics import Floats, Integers
from thermo.programme import N_MACHINE, FaceSchedule, start
from thermo.stepping import (
    HIGHEST,
    LAST_ERROR,
    LOWEST,
    N_LOOP,
    N_SOLVES,
    REFERENCE_STEP,
    RELEASED,
    STEP,
    State,
    error_order,
    fire,
    initial_state,
    interpolate,
    make_work,
    sensor,
    take_step,
    trigger_margin,
)

G = 2.0 - math.sqrt(2.0)
D = 0.5 * G
W = math.sqrt(2.0) / 4.0
ERROR = (W - (1.0 - W) / 3.0, W - (3.0 * W + 1.0) / 3.0, D - D / 3.0)  # weights of the three slopes in the error

SOLVE_TOLERANCE = 1e-9  # relative residual of a linear solve
STALE = 3.0  # a preconditioner serves steps up to this factor from the one it was made for
MOST_NEWTON = 12  # iterations of a stage with radiation
STIFF = 100.0  # below this ratio of step to the fastest node's time the diagonal alone preconditions well enough


class MeshSample(NamedTuple):
    """Nodes with lumped heat capacity `capacity` (n_nodes,) [J/K] and conduction `matrix` (n_nodes, n_nodes) [W/K].

    `faces` node indices by name; `areas` the area that each of these nodes stands for [m2], of the faces that a programme names;
    `start_temperature` (n_nodes,) [K]; errors of a step are held to `tolerance` times the largest difference of temperature
    that the programme makes.
    """

    capacity: Floats
    matrix: csr_matrix
    faces: dict[str, Integers]
    areas: dict[str, Floats]
    start_temperature: Floats
    tolerance: float


Terms = tuple[tuple[str, Any], ...]


def exchange(condition: Any, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
    """Heat into each node of a face by a condition that is not `held` [W], and minus its slope in the temperature [W/K]."""
    if isinstance(condition, Flux):
        return at(condition.heat_flux, time) * area, np.zeros_like(area)
    ambient = at(condition.ambient_temperature, time)
    if isinstance(condition, Convection):
        conductance = at(condition.heat_transfer_coefficient, time) * area
        return conductance * (ambient - temperature), conductance
    factor = at(condition.emissivity, time) * STEFAN_BOLTZMANN * area
    return factor * (ambient**4 - temperature**4), 4.0 * factor * temperature**3


class Surface(NamedTuple):
    """All heat through faces at one moment: into each node [W], minus its slope [W/K], and of each term [W]."""

    flow: Floats
    slope: Floats
    heats: Floats


def surface(sample: MeshSample, terms: Terms, time: float, temperature: Floats) -> Surface:
    """Heat through every face by conditions that are not `held`."""
    found = Surface(np.zeros_like(temperature), np.zeros_like(temperature), np.zeros(len(terms)))
    for j, (face, condition) in enumerate(terms):
        if not isinstance(condition, Held):
            nodes = sample.faces[face]
            heat, slope = exchange(condition, sample.areas[face], time, temperature[nodes])
            found.flow[nodes] += heat
            found.slope[nodes] += slope
            found.heats[j] = heat.sum()
    return found


class MeshWork:
    """Memory of a TR-BDF2 step: the split into free and held nodes, the slopes of the step, the preconditioner."""

    def __init__(self, sample: MeshSample, programme: FaceSchedule) -> None:
        n = len(sample.capacity)
        self.terms = programme.terms
        self.linear = not any(isinstance(condition, Radiation) for _, condition in self.terms)
        count = np.zeros(n)
        self.held_terms: list[tuple[int, Any, Integers, Integers]] = []  # ledger row, temperature, its nodes, those it counts for
        for j, (face, condition) in enumerate(self.terms):
            if isinstance(condition, Held):
                nodes = sample.faces[face]
                self.held_terms.append((j, condition.temperature, nodes, nodes[count[nodes] == 0]))  # shared heat counts once
                count[nodes] += 1
        self.count = count
        self.held = np.flatnonzero(count)
        self.free = np.flatnonzero(count == 0)
        self.capacity = sample.capacity[self.free]
        self.matrix = sample.matrix[self.free][:, self.free].tocsr()
        self.fastest = float(np.min(self.capacity / self.matrix.diagonal())) if len(self.free) else math.inf
        ends = extremes(sample, programme)
        self.reference = 0.5 * (ends[0] + ends[1])
        self.scale = max(ends[1] - ends[0], 1e-6)
        self.slopes = np.zeros((3, n))
        self.end_slope = np.zeros(n)
        self.end = np.zeros(n)
        self.heat = np.zeros(len(self.terms))
        self.h = math.nan
        self.system: tuple[float, Any] = (math.nan, None)
        self.preconditioner: tuple[float, Any] = (math.nan, None)

    def held_values(self, time: float) -> Floats:
        """Temperature of the held nodes at a time [K]; a node of two held faces takes the mean."""
        total = np.zeros_like(self.end)
        for _, temperature, nodes, _ in self.held_terms:
            total[nodes] += at(temperature, time)
        return total[self.held] / self.count[self.held]

    def held_slopes(self, time: float) -> Floats:
        """Rate of the held nodes from a time on [K/s]."""
        total = np.zeros_like(self.end)
        for _, temperature, nodes, _ in self.held_terms:
            total[nodes] += slope_at(temperature, time)
        return total[self.held] / self.count[self.held]

    def conduction(self, sample: MeshSample, temperature: Floats) -> Floats:
        """-K T: heat conducted into each node [W]; relative to a reference, since rows of K sum to zero."""
        return -(sample.matrix @ (temperature - self.reference))  # type: ignore[no-any-return]

    def solve(self, h: float, rhs: Floats, guess: Floats, loop: Floats, slope: Floats, tolerance: float = SOLVE_TOLERANCE) -> Floats:
        """Solve (C + d h (K + diag(slope))) x = rhs on the free nodes by conjugate gradients; raises SolveError unless it converged."""
        if self.system[0] != h:
            self.system = (h, (diags_array(self.capacity) + (D * h) * self.matrix).tocsr())
        matrix = self.system[1]
        if D * h < STIFF * self.fastest:
            chosen = diags_array(1.0 / (matrix.diagonal() + D * h * slope))
        else:
            if not h / STALE <= loop[REFERENCE_STEP] <= h * STALE:
                loop[REFERENCE_STEP] = h
            if self.preconditioner[0] != loop[REFERENCE_STEP]:
                made = multigrid((diags_array(self.capacity) + (D * loop[REFERENCE_STEP]) * self.matrix).tocsr())
                self.preconditioner = (float(loop[REFERENCE_STEP]), made)
            chosen = self.preconditioner[1]
        if slope.any():
            matrix = (matrix + diags_array(D * h * slope)).tocsr()
        norm = float(np.linalg.norm(rhs))
        loop[N_SOLVES] += 1.0
        if norm == 0.0:
            return np.zeros_like(rhs)
        found, _ = cg(matrix, rhs, x0=guess, rtol=tolerance, atol=0.0, maxiter=400, M=chosen)
        residual = float(np.linalg.norm(rhs - matrix @ found)) / norm
        if not residual <= 100.0 * tolerance:
            raise SolveError(f"a linear solve ended with a relative residual of {residual:.1e} at a step of {h:.3g} s")
        return found  # type: ignore[no-any-return]

    def stage(self, sample: MeshSample, base: Floats, time: float, h: float, guess: Floats, loop: Floats) -> Floats | None:
        """Slope k of the free nodes with C k = -K T + surface(T) at T = base + d h k; None where Newton's method does not settle."""
        free = self.free
        k, T = guess, base.copy()
        for _ in range(MOST_NEWTON):
            T[free] = base[free] + (D * h) * k
            around = surface(sample, self.terms, time, T)
            residual = (self.conduction(sample, T) + around.flow)[free] - self.capacity * k
            change = self.solve(h, residual, np.zeros_like(k), loop, around.slope[free])
            k = k + change
            if self.linear or D * h * float(np.max(np.abs(change), initial=0.0)) < 1e-4 * sample.tolerance * self.scale:
                return k
        return None


def extremes(sample: MeshSample, programme: FaceSchedule) -> tuple[float, float]:
    """The lowest and the highest temperature [K] that the start, held faces and surroundings have at any time."""
    values = [float(sample.start_temperature.min()), float(sample.start_temperature.max())]
    for _, condition in programme.terms:
        if not isinstance(condition, Flux):
            known = condition.temperature if isinstance(condition, Held) else condition.ambient_temperature
            values += [float(v) for v in known.value] if isinstance(known, OverTime) else [float(known)]
    return min(values), max(values)


def multigrid(matrix: csr_matrix) -> Any:
    """Classical algebraic multigrid (Ruge & Stueben): it coarsens along strong couplings only, which the stretched cells of a
    graded mesh want, and nothing in it is random, so that a run repeated is bitwise equal."""
    from pyamg import ruge_stuben_solver

    hierarchy = ruge_stuben_solver(
        matrix,
        strength=("classical", {"theta": 0.25}),
        presmoother=("gauss_seidel", {"sweep": "forward"}),
        postsmoother=("gauss_seidel", {"sweep": "backward"}),
        max_coarse=100,
    )
    return hierarchy.aspreconditioner(cycle="V")


@make_work.body(MeshSample)
def make_mesh_work(sample: MeshSample, programme: FaceSchedule) -> MeshWork:
    return MeshWork(sample, programme)


@initial_state.body(MeshSample)
def initial_mesh_state(sample: MeshSample, programme: FaceSchedule) -> State:
    """Held faces stand at their temperature from t = 0+; the heat of that jump counts as heat through the face."""
    work = MeshWork(sample, programme)
    temperature = sample.start_temperature.copy()
    temperature[work.held] = work.held_values(0.0)
    state = State(
        enthalpy=sample.capacity * (temperature - REFERENCE_TEMPERATURE),
        temperature=temperature,
        extent=np.zeros((0, 0)),
        ledger=np.zeros(RELEASED + len(work.terms)),
        fired=np.zeros(0),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    for j, _, _, nodes in work.held_terms:
        jump = temperature[nodes] - sample.start_temperature[nodes]
        state.ledger[RELEASED + j] = float(np.sum(sample.capacity[nodes] * jump))
    start(programme, state.machine, float(temperature[0]))
    state.loop[STEP] = min(0.1 * work.fastest, float(programme.corners[0]))
    state.loop[LAST_ERROR] = 1.0
    state.loop[LOWEST] = float(np.min(temperature))
    state.loop[HIGHEST] = float(np.max(temperature))
    return state


@take_step.body(MeshSample)
def trbdf2_step(sample: MeshSample, programme: FaceSchedule, state: State, clock: float, h: float, work: MeshWork) -> float:
    """One step of TR-BDF2; the filtered error over the tolerance in the maximum norm."""
    free, held, loop, terms = work.free, work.held, state.loop, work.terms
    T, k = state.temperature, work.slopes
    times = (clock, clock + G * h, clock + h)
    now = surface(sample, terms, times[0], T)
    flows = np.zeros((3, len(T)))
    flows[0] = work.conduction(sample, T) + now.flow
    k[0, held] = work.held_slopes(times[0])
    k[0, free] = flows[0, free] / work.capacity

    middle = T + (D * h) * k[0]
    middle[held] = work.held_values(times[1])
    found = work.stage(sample, middle, times[1], h, k[0, free], loop)
    if found is None:
        return math.inf
    k[1, free] = found
    middle[free] += (D * h) * found

    work.end = T + (W * h) * (k[0] + k[1])
    work.end[held] = work.held_values(times[2])
    found = work.stage(sample, work.end, times[2], h, k[1, free], loop)
    if found is None:
        return math.inf
    k[2, free] = found
    work.end[free] += (D * h) * found

    then = [surface(sample, terms, times[1], middle), surface(sample, terms, times[2], work.end)]
    flows[1], flows[2] = work.conduction(sample, middle) + then[0].flow, work.conduction(sample, work.end) + then[1].flow
    work.heat = h * (W * (now.heats + then[0].heats) + D * then[1].heats)
    # what held nodes must be given: their rise, less what flows into them from everywhere else
    given = sample.capacity * (work.end - T) - h * (W * (flows[0] + flows[1]) + D * flows[2])
    for j, _, _, nodes in work.held_terms:
        work.heat[j] = float(np.sum(given[nodes]))
    work.end_slope = np.zeros_like(T)
    work.end_slope[free] = flows[2, free] / work.capacity
    work.end_slope[held] = work.held_slopes(times[2] * (1.0 - 1e-9))
    work.h = h
    raw = h * (ERROR[0] * k[0, free] + ERROR[1] * k[1, free] + ERROR[2] * k[2, free])
    error = work.solve(h, work.capacity * raw, raw, loop, then[1].slope[free], 1e-3)
    worst = float(np.max(np.abs(error), initial=0.0)) / (sample.tolerance * work.scale)
    return worst if np.isfinite(worst) else math.inf


@interpolate.body(MeshSample)
def interpolate_mesh(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """Cubic Hermite polynomial of the step's ends; the heat through faces in proportion to the time."""
    if theta == 1.0:
        trial.temperature[:] = work.end
    else:
        a, b = (1.0 + 2.0 * theta) * (1.0 - theta) ** 2, theta * (1.0 - theta) ** 2
        c, d = theta**2 * (3.0 - 2.0 * theta), theta**2 * (theta - 1.0)
        trial.temperature[:] = a * state.temperature + b * work.h * work.slopes[0] + c * work.end + d * work.h * work.end_slope
    trial.enthalpy[:] = sample.capacity * (trial.temperature - REFERENCE_TEMPERATURE)
    trial.ledger[:] = state.ledger
    trial.ledger[RELEASED:] += theta * work.heat


@sensor.body(MeshSample)
def mesh_sensor(sample: MeshSample, programme: FaceSchedule, trial: State, clock: float, work: MeshWork) -> tuple[float, float]:
    # a schedule looks at no sensor
    return float(trial.temperature[0]), 0.0


@trigger_margin.body(MeshSample)
def mesh_trigger_margin(sample: MeshSample, trial: State) -> tuple[float, int]:
    return -math.inf, 0


@fire.body(MeshSample)
def fire_mesh(sample: MeshSample, state: State, trigger: int) -> None:
    raise SolveError("a mesh has no triggers")


@error_order.body(MeshSample)
def mesh_error_order(sample: MeshSample) -> float:
    return 3.0


class Matrices(NamedTuple):
    """The heat equation on a mesh, in the order of the nodes: conduction [W/K], heat capacity [J/K], volume [m3]."""

    conduction: csr_matrix
    capacity: Floats
    volume: Floats
    initial: Floats


def nodal_rule(order: int) -> tuple[Floats, Floats]:
    """Points (3, n) and weights (n,) on the unit cube with one point a node of the element (Gauss-Lobatto).

    On boxes the conduction matrix then couples neighbours along the axes only: for linear elements no entry off the
    diagonal is positive, so that heat flows from hot to cold between any two nodes.
    """
    line, weights = (np.array([0.0, 1.0]), np.full(2, 0.5)) if order == 1 else (np.array([0.0, 0.5, 1.0]), np.array([1.0, 4.0, 1.0]) / 6.0)
    points = np.stack(np.meshgrid(line, line, line, indexing="ij")).reshape(3, -1)
    return points, np.einsum("i,j,k->ijk", weights, weights, weights).ravel()


class HexMesh:
    """scikit-fem's mesh and basis of a box of hexahedra, with its nodes numbered as ours."""

    def __init__(self, vertices: Floats, cells: Integers, nodes: Floats, order: int) -> None:
        from scipy.spatial import cKDTree
        from skfem import Basis, ElementHex1, ElementHex2, MeshHex

        self.order = order
        self.mesh = MeshHex(np.ascontiguousarray(vertices.T), np.ascontiguousarray(cells.T[_SKFEM_ORDER]))
        self.element = ElementHex1() if order == 1 else ElementHex2()
        self.basis = Basis(self.mesh, self.element, quadrature=nodal_rule(order))
        _, self.node_of = cKDTree(nodes).query(self.basis.doflocs.T)
        self.dof_of = np.argsort(self.node_of)

    def matrices(self, conductivity: Floats, volumetric_heat_capacity: Floats, initial_temperature: Floats) -> Matrices:
        """Assemble.

        Parameters
        ----------
        conductivity : array (n_cells, 3) [W/(m K)], by axis
        volumetric_heat_capacity : array (n_cells,) [J/(m3 K)]
        initial_temperature : array (n_cells,) [K]; a node between cells takes the mean weighted with their heat capacity
        """
        from thermo.forms import cell_values, conduction, content

        basis, order = self.basis, self.dof_of
        names = ("conductivity_x", "conductivity_y", "conductivity_z")
        by_axis = {name: cell_values(conductivity[:, axis], basis) for axis, name in enumerate(names)}
        matrix = without_rounding(conduction.assemble(basis, **by_axis).tocsr())
        matrix.setdiag(0.0)
        matrix.setdiag(-np.asarray(matrix.sum(axis=1)).ravel())  # rows sum to zero: a uniform body exchanges nothing
        one = np.ones(len(volumetric_heat_capacity))
        capacity = content.assemble(basis, density=cell_values(volumetric_heat_capacity, basis))
        held = content.assemble(basis, density=cell_values(volumetric_heat_capacity * initial_temperature, basis))
        volume = content.assemble(basis, density=cell_values(one, basis))
        return Matrices(matrix[order][:, order].tocsr(), capacity[order], volume[order], (held / capacity)[order])

    def face_weights(self, nodes: Integers) -> Floats:
        """Area that each node stands for in the part of the mesh's facets whose corners are all among `nodes` [m2]."""
        from skfem import FacetBasis

        from thermo.forms import content

        inside = np.zeros(len(self.node_of), bool)
        inside[nodes] = True
        corner_inside = inside[self.node_of[self.basis.nodal_dofs[0]]]
        facets = np.flatnonzero(corner_inside[self.mesh.facets].all(axis=0))
        basis = FacetBasis(self.mesh, self.element, facets=facets, intorder=2 * self.order)
        return content.assemble(basis, density=1.0)[self.dof_of]  # type: ignore[no-any-return]

    def region_weights(self, cells: Integers) -> Floats:
        """Volume that each node stands for in some cells [m3]."""
        from thermo.forms import cell_values, content

        density = np.zeros(self.mesh.nelements)
        density[cells] = 1.0
        return content.assemble(self.basis, density=cell_values(density, self.basis))[self.dof_of]  # type: ignore[no-any-return]

    def point_weights(self, point: Floats) -> Floats:
        """Weights of the nodes in the temperature at a point [m]."""
        return np.asarray(self.basis.probes(point[:, None]).toarray()).ravel()[self.dof_of]  # type: ignore[no-any-return]


def without_rounding(matrix: csr_matrix) -> csr_matrix:
    """The symmetric matrix without the entries that are zero but for rounding."""
    entries, diagonal = matrix.tocoo(), matrix.diagonal()
    size = np.sqrt(np.abs(diagonal[entries.row] * diagonal[entries.col]))
    keep = np.abs(entries.data) > 1e-13 * size
    return csr_matrix((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=matrix.shape)


# scikit-fem numbers the corners of the unit cube otherwise than VTK does
_SKFEM_ORDER = np.array([0, 4, 3, 1, 7, 5, 2, 6])
