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
from scipy.sparse import csr_matrix, diags_array, triu
from scipy.sparse.linalg import cg, splu

from thermo.boundary import Convection, Flux, Held, OverTime, Radiation, Source, at
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
from thermo.tensor import Stack, box_solver

G = 2.0 - math.sqrt(2.0)
D = 0.5 * G
W = math.sqrt(2.0) / 4.0
ERROR = (W - (1.0 - W) / 3.0, W - (3.0 * W + 1.0) / 3.0, D - D / 3.0)  # weights of the three slopes in the error

SOLVE_TOLERANCE = 1e-9  # relative residual of a linear solve
STALE = 3.0  # a preconditioner serves steps up to this factor from the one it was made for
SMALL = 1500  # unknowns up to which a linear system is solved directly
LEAST_SCALE = 1.0  # K
MOST_NEWTON = 12  # iterations of a stage with radiation
STIFF = 100.0  # below this ratio of step to the fastest node's time the diagonal alone preconditions well enough


class Edges(NamedTuple):
    """The conduction matrix as conductances between pairs of nodes: `difference` (n_edges, n_nodes) of +-1, `conductance` [W/K]."""

    difference: csr_matrix
    conductance: Floats


def edges_of(matrix: csr_matrix) -> Edges:
    """Pairs of nodes that a symmetric matrix with rows summing to zero couples."""
    upper = triu(matrix, 1).tocoo()
    n, m = matrix.shape[0], upper.nnz
    rows = np.repeat(np.arange(m), 2)
    columns = np.stack([upper.col, upper.row], axis=1).ravel()
    difference = csr_matrix((np.tile([1.0, -1.0], m), (rows, columns)), shape=(m, n))
    return Edges(difference, -upper.data)


def conduction(sample: MeshSample, temperature: Floats) -> Floats:
    """-K T: heat conducted into each node [W], from differences, so that nothing cancels where layers are thin."""
    flow = sample.edges.conductance * (sample.edges.difference @ temperature)
    return -(sample.edges.difference.T @ flow)  # type: ignore[no-any-return]


class MeshSample(NamedTuple):
    """Nodes with lumped heat capacity `capacity` (n_nodes,) [J/K] and conduction `matrix` (n_nodes, n_nodes) [W/K], also as `edges`,
    and as a `stack` where it is a box of laterally uniform layers.

    `faces` node indices by name of a face, or of a region with a source; `areas` the area [m2] or the volume [m3] that each of
    these nodes stands for;
    `start_temperature` (n_nodes,) [K]; errors of a step are held to `tolerance` times the largest difference of temperature
    that the programme makes.
    """

    capacity: Floats
    matrix: csr_matrix
    edges: Edges
    stack: Stack | None
    faces: dict[str, Integers]
    areas: dict[str, Floats]
    start_temperature: Floats
    tolerance: float


Terms = tuple[tuple[str, Any], ...]


def exchange(condition: Any, area: Floats, time: float, temperature: Floats) -> tuple[Floats, Floats]:
    """Heat into each node of a face or region by a condition that is not `held` [W], and minus its slope in the temperature [W/K]."""
    if isinstance(condition, Flux | Source):
        density = condition.heat_flux if isinstance(condition, Flux) else condition.power_density
        return at(density, time) * area, np.zeros_like(area)
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
    """Memory of a TR-BDF2 step: the split into free and held nodes, the temperatures of the step, the preconditioner."""

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
        self.box = box_solver(sample.stack, self.held)
        self.fastest = float(np.min(self.capacity / self.matrix.diagonal())) if len(self.free) else math.inf
        ends = extremes(sample, programme)
        self.scale = ends[1] - ends[0]
        self.middle, self.end = np.zeros(n), np.zeros(n)
        self.heat = np.zeros(len(self.terms))
        self.system: tuple[float, Any] = (math.nan, None)
        self.preconditioner: tuple[float, Any] = (math.nan, None)

    def scale_now(self, loop: Floats) -> float:
        """The difference of temperature [K] that errors are measured by: that of the data, or what a flux has made so far."""
        if self.scale > 0.0 and not any(isinstance(condition, Flux | Source) for _, condition in self.terms):
            return self.scale
        return max(self.scale, float(loop[HIGHEST] - loop[LOWEST]), LEAST_SCALE)

    def held_values(self, time: float) -> Floats:
        """Temperature of the held nodes at a time [K]; a node of two held faces takes the mean."""
        total = np.zeros_like(self.end)
        for _, temperature, nodes, _ in self.held_terms:
            total[nodes] += at(temperature, time)
        return total[self.held] / self.count[self.held]

    def solve(self, h: float, rhs: Floats, loop: Floats, slope: Floats, tolerance: float = SOLVE_TOLERANCE) -> Floats | None:
        """Solve (C + d h (K + diag(slope))) x = rhs on the free nodes: directly where they are few or conjugate gradients miss.

        None where the residual stays too large, or the right side is no number: the step is refused.
        """
        if self.system[0] != h:
            self.system = (h, (diags_array(self.capacity) + (D * h) * self.matrix).tocsr())
        matrix = self.system[1]
        if slope.any():
            matrix = (matrix + diags_array(D * h * slope)).tocsr()
        norm = float(np.linalg.norm(rhs))
        loop[N_SOLVES] += 1.0
        if norm == 0.0:
            return np.zeros_like(rhs)
        if len(rhs) > SMALL:
            found, _ = cg(matrix, rhs, rtol=tolerance, atol=0.0, maxiter=400, M=self.preconditioner_at(h, matrix, loop))
            if open_part(matrix, found, rhs) <= 100.0 * tolerance * norm:
                return found  # type: ignore[no-any-return]
        factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        found = factor.solve(rhs)
        found += factor.solve(rhs - matrix @ found)
        return found if open_part(matrix, found, rhs) <= 1e-6 * norm else None  # type: ignore[no-any-return]

    def preconditioner_at(self, h: float, matrix: csr_matrix, loop: Floats) -> Any:
        """The exact solve of a box; the diagonal for a short step; multigrid, made anew when the step has grown out of it."""
        if self.box is not None:
            return self.box.operator(D * h, self.free)
        if D * h < STIFF * self.fastest:
            return diags_array(1.0 / matrix.diagonal())
        if not h / STALE <= loop[REFERENCE_STEP] <= h * STALE:
            loop[REFERENCE_STEP] = h
        if self.preconditioner[0] != loop[REFERENCE_STEP]:
            made = multigrid((diags_array(self.capacity) + (D * loop[REFERENCE_STEP]) * self.matrix).tocsr())
            self.preconditioner = (float(loop[REFERENCE_STEP]), made)
        return self.preconditioner[1]

    def stage(self, sample: MeshSample, T: Floats, known: Floats, time: float, h: float, end: Floats, loop: Floats) -> Floats | None:
        """Solve C (end - T) = known + d h (-K end + surface(end)) on the free nodes; the rise `end - T`, or None where it fails.

        `end` holds the first guess and, on its held nodes, their temperature at `time`; on return it is the solution. Rises and heats
        are carried, not rates: a rate of a thin layer is a small difference over a tiny capacity.
        """
        free = self.free
        for _ in range(MOST_NEWTON):
            around = surface(sample, self.terms, time, end)
            flow = (conduction(sample, end) + around.flow)[free]
            residual = known[free] + (D * h) * flow - self.capacity * (end[free] - T[free])
            change = self.solve(h, residual, loop, around.slope[free])
            if change is None:
                return None
            end[free] += change
            if self.linear or float(np.max(np.abs(change), initial=0.0)) < 1e-4 * sample.tolerance * self.scale_now(loop):
                return end[free] - T[free]
        return None


def open_part(matrix: csr_matrix, found: Floats, rhs: Floats) -> float:
    """Norm of the residual, as far as it is more than the rounding of the product itself: a nearly uniform body at a long step is
    a small difference of large terms."""
    rounding = 1e-13 * float(np.linalg.norm(matrix.diagonal() * found))
    return max(0.0, float(np.linalg.norm(rhs - matrix @ found)) - rounding)


def extremes(sample: MeshSample, programme: FaceSchedule) -> tuple[float, float]:
    """The lowest and the highest temperature [K] that the start, held faces and surroundings have at any time."""
    values = [float(sample.start_temperature.min()), float(sample.start_temperature.max())]
    for _, condition in programme.terms:
        if not isinstance(condition, Flux | Source):
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
    """One step of TR-BDF2; the filtered error over the tolerance in the maximum norm.

    With f the heat into the nodes:  C (Y - T) = d h (f(T) + f(Y)),   C (T' - T) = h (w f(T) + w f(Y) + d f(T')).
    """
    free, held, loop, terms = work.free, work.held, state.loop, work.terms
    T, capacity = state.temperature, work.capacity
    times = (clock, clock + G * h, clock + h)
    now = surface(sample, terms, times[0], T)
    first = conduction(sample, T) + now.flow

    middle = T.copy()
    middle[held] = work.held_values(times[1])
    rise = work.stage(sample, T, (D * h) * first, times[1], h, middle, loop)
    if rise is None:
        return math.inf
    then = surface(sample, terms, times[1], middle)
    second = conduction(sample, middle) + then.flow
    second[free] = capacity * rise / (D * h) - first[free]  # what the stage says it is, so that the next one adds up

    end = T + (middle - T) / G
    end[held] = work.held_values(times[2])
    rise = work.stage(sample, T, (W * h) * (first + second), times[2], h, end, loop)
    if rise is None:
        return math.inf
    last = surface(sample, terms, times[2], end)
    third = conduction(sample, end) + last.flow
    third[free] = (capacity * rise / h - W * (first + second)[free]) / D

    work.middle, work.end = middle, end
    work.heat = h * (W * (now.heats + then.heats) + D * last.heats)
    # what held nodes must be given: their rise, less what flows into them from everywhere else
    given = sample.capacity * (end - T) - h * (W * (first + second) + D * third)
    for j, _, _, nodes in work.held_terms:
        work.heat[j] = float(np.sum(given[nodes]))
    raw = h * (ERROR[0] * first + ERROR[1] * second + ERROR[2] * third)[free]
    error = work.solve(h, raw, loop, last.slope[free], 1e-3)
    if error is None:
        return math.inf
    worst = float(np.max(np.abs(error), initial=0.0)) / (sample.tolerance * work.scale_now(loop))
    return worst if np.isfinite(worst) else math.inf


@interpolate.body(MeshSample)
def interpolate_mesh(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """The parabola through the step's three temperatures; the heat through faces in proportion to the time.

    Slopes at the ends would be noise where layers are thin; only rows between two steps see either.
    """
    if theta == 1.0:
        trial.temperature[:] = work.end
    else:
        a, b = (theta - G) * (theta - 1.0) / G, theta * (theta - 1.0) / (G * (G - 1.0))
        c = theta * (theta - G) / (1.0 - G)
        trial.temperature[:] = a * state.temperature + b * work.middle + c * work.end
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
        from thermo import forms
        from thermo.forms import cell_values, content

        basis, order = self.basis, self.dof_of
        names = ("conductivity_x", "conductivity_y", "conductivity_z")
        by_axis = {name: cell_values(conductivity[:, axis], basis) for axis, name in enumerate(names)}
        matrix = without_rounding(forms.conduction.assemble(basis, **by_axis).tocsr())
        matrix.setdiag(0.0)
        matrix.setdiag(-np.asarray(matrix.sum(axis=1)).ravel())  # rows sum to zero: a uniform body exchanges nothing
        one = np.ones(len(volumetric_heat_capacity))
        capacity = content.assemble(basis, density=cell_values(volumetric_heat_capacity, basis))
        held = content.assemble(basis, density=cell_values(volumetric_heat_capacity * initial_temperature, basis))
        volume = content.assemble(basis, density=cell_values(one, basis))
        return Matrices(matrix[order][:, order].tocsr(), capacity[order], volume[order], (held / capacity)[order])

    def region_weights(self, cells: Integers) -> Floats:
        """Volume that each node stands for in some cells [m3]."""
        from thermo.forms import cell_values, content

        density = np.zeros(self.mesh.nelements)
        density[cells] = 1.0
        return content.assemble(self.basis, density=cell_values(density, self.basis))[self.dof_of]  # type: ignore[no-any-return]


def without_rounding(matrix: csr_matrix) -> csr_matrix:
    """The symmetric matrix without the entries that are zero but for rounding."""
    entries, diagonal = matrix.tocoo(), matrix.diagonal()
    size = np.sqrt(np.abs(diagonal[entries.row] * diagonal[entries.col]))
    keep = np.abs(entries.data) > 1e-13 * size
    return csr_matrix((entries.data[keep], (entries.row[keep], entries.col[keep])), shape=matrix.shape)


# scikit-fem numbers the corners of the unit cube otherwise than VTK does
_SKFEM_ORDER = np.array([0, 4, 3, 1, 7, 5, 2, 6])
