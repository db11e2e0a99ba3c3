"""A meshed sample: matrices of the heat equation, TR-BDF2 steps, the heat through held faces.

    C dT/dt + K T = 0 inside, T held on faces, everything else insulated;  C is lumped (row sums).

TR-BDF2 (Bank et al. 1985; Hosea & Shampine, Applied Numerical Mathematics 20 (1996) 21-37): one step, second order,
L-stable, every stage with the same matrix C + d h K, and an error estimate of third order filtered by that matrix.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import cg

from thermo.constants import REFERENCE_TEMPERATURE
from thermo.errors import SolveError
from thermo.kinetics import Floats, Integers
from thermo.programme import N_MACHINE, Schedule, start
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
STIFF = 100.0  # below this ratio of step to the fastest node's time the diagonal alone preconditions well enough


class MeshSample(NamedTuple):
    """Nodes with lumped heat capacity `capacity` (n_nodes,) [J/K] and conduction `matrix` (n_nodes, n_nodes) [W/K].

    `faces` node indices by name; `start_temperature` (n_nodes,) [K]; errors of a step are held to
    `tolerance_temperature` times the largest difference of temperature that the programme makes.
    """

    capacity: Floats
    matrix: csr_matrix
    faces: dict[str, Integers]
    start_temperature: Floats
    tolerance: float


class MeshWork:
    """Memory of a TR-BDF2 step: the split into free and held nodes, the slopes of the step, the preconditioner."""

    def __init__(self, sample: MeshSample, programme: Schedule) -> None:
        n = len(sample.capacity)
        names = list(sample.faces)
        total, count = np.zeros(n), np.zeros(n)
        self.face_nodes: list[Integers] = []
        for face, temperature in zip(programme.held_face, programme.held_temperature, strict=True):
            nodes = sample.faces[names[face]]
            self.face_nodes.append(nodes[count[nodes] == 0])  # the heat of a shared node counts once
            total[nodes] += temperature
            count[nodes] += 1
        self.held = np.flatnonzero(count)
        self.held_temperature = total[self.held] / count[self.held]  # a node of two held faces takes the mean
        self.free = np.flatnonzero(count == 0)
        self.capacity = sample.capacity[self.free]
        self.matrix = sample.matrix[self.free][:, self.free].tocsr()
        self.fastest = float(np.min(self.capacity / self.matrix.diagonal())) if len(self.free) else math.inf
        self.reference = float(self.held_temperature.mean()) if len(self.held) else float(sample.start_temperature.mean())
        ends = np.concatenate([sample.start_temperature, self.held_temperature])
        self.scale = max(float(np.ptp(ends)), 1e-6)
        self.slopes = np.zeros((3, n))
        self.end_slope = np.zeros(n)
        self.end = np.zeros(n)
        self.heat = np.zeros(len(self.face_nodes))
        self.system: tuple[float, Any] = (math.nan, None)
        self.preconditioner: tuple[float, Any] = (math.nan, None)

    def flow(self, sample: MeshSample, temperature: Floats) -> Floats:
        """-K T: heat flowing into each node [W]; relative to a reference, since rows of K sum to zero."""
        return -(sample.matrix @ (temperature - self.reference))  # type: ignore[no-any-return]

    def slope(self, sample: MeshSample, temperature: Floats) -> Floats:
        """dT/dt of the free nodes [K/s], zero where held."""
        out = np.zeros_like(temperature)
        out[self.free] = self.flow(sample, temperature)[self.free] / self.capacity
        return out

    def solve(self, h: float, rhs: Floats, guess: Floats, loop: Floats, tolerance: float = SOLVE_TOLERANCE) -> Floats:
        """Solve (C + d h K) x = rhs on the free nodes by conjugate gradients; raises SolveError unless it converged."""
        if self.system[0] != h:
            self.system = (h, (diags_array(self.capacity) + (D * h) * self.matrix).tocsr())
        matrix = self.system[1]
        if D * h < STIFF * self.fastest:
            chosen = diags_array(1.0 / matrix.diagonal())
        else:
            if not h / STALE <= loop[REFERENCE_STEP] <= h * STALE:
                loop[REFERENCE_STEP] = h
            if self.preconditioner[0] != loop[REFERENCE_STEP]:
                made = multigrid((diags_array(self.capacity) + (D * loop[REFERENCE_STEP]) * self.matrix).tocsr())
                self.preconditioner = (float(loop[REFERENCE_STEP]), made)
            chosen = self.preconditioner[1]
        norm = float(np.linalg.norm(rhs))
        loop[N_SOLVES] += 1.0
        if norm == 0.0:
            return np.zeros_like(rhs)
        found, _ = cg(matrix, rhs, x0=guess, rtol=tolerance, atol=0.0, maxiter=400, M=chosen)
        residual = float(np.linalg.norm(rhs - matrix @ found)) / norm
        if not residual <= 100.0 * tolerance:
            raise SolveError(f"a linear solve ended with a relative residual of {residual:.1e} at a step of {h:.3g} s")
        return found  # type: ignore[no-any-return]


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
def make_mesh_work(sample: MeshSample, programme: Schedule) -> MeshWork:
    return MeshWork(sample, programme)


@initial_state.body(MeshSample)
def initial_mesh_state(sample: MeshSample, programme: Schedule) -> State:
    """Held faces stand at their temperature from t = 0+; the heat of that jump counts as heat through the face."""
    work = MeshWork(sample, programme)
    temperature = sample.start_temperature.copy()
    temperature[work.held] = work.held_temperature
    state = State(
        enthalpy=sample.capacity * (temperature - REFERENCE_TEMPERATURE),
        temperature=temperature,
        extent=np.zeros((0, 0)),
        ledger=np.zeros(RELEASED + len(work.face_nodes)),
        fired=np.zeros(0),
        machine=np.zeros(N_MACHINE),
        loop=np.zeros(N_LOOP),
    )
    for j, nodes in enumerate(work.face_nodes):
        jump = temperature[nodes] - sample.start_temperature[nodes]
        state.ledger[RELEASED + j] = float(np.sum(sample.capacity[nodes] * jump))
    start(programme, state.machine, float(temperature[0]))
    state.loop[STEP] = min(0.1 * work.fastest, programme.end)
    state.loop[LAST_ERROR] = 1.0
    state.loop[LOWEST] = float(np.min(temperature))
    state.loop[HIGHEST] = float(np.max(temperature))
    return state


@take_step.body(MeshSample)
def trbdf2_step(sample: MeshSample, programme: Schedule, state: State, clock: float, h: float, work: MeshWork) -> float:
    """One step of TR-BDF2; the filtered error over the tolerance in the maximum norm."""
    free, loop = work.free, state.loop
    T, k = state.temperature, work.slopes
    flows = np.zeros((3, len(T)))
    flows[0] = work.flow(sample, T)
    k[0] = 0.0
    k[0, free] = flows[0, free] / work.capacity
    k[1, free] = work.solve(h, work.flow(sample, T + (D * h) * k[0])[free], k[0, free], loop)
    middle = T + (D * h) * (k[0] + k[1])
    k[2, free] = work.solve(h, work.flow(sample, T + (W * h) * (k[0] + k[1]))[free], k[1, free], loop)
    work.end = T + h * (W * (k[0] + k[1]) + D * k[2])
    flows[1], flows[2] = work.flow(sample, middle), work.flow(sample, work.end)
    into = -h * (W * (flows[0] + flows[1]) + D * flows[2])  # heat that held nodes must be given
    for j, nodes in enumerate(work.face_nodes):
        work.heat[j] = float(np.sum(into[nodes]))
    work.end_slope = np.zeros_like(T)
    work.end_slope[free] = flows[2, free] / work.capacity
    raw = h * (ERROR[0] * k[0, free] + ERROR[1] * k[1, free] + ERROR[2] * k[2, free])
    error = work.solve(h, work.capacity * raw, raw, loop, 1e-3)
    worst = float(np.max(np.abs(error))) / (sample.tolerance * work.scale) if len(free) else 0.0
    return worst if np.isfinite(worst) else math.inf


@interpolate.body(MeshSample)
def interpolate_mesh(sample: MeshSample, state: State, work: MeshWork, theta: float, trial: State) -> None:
    """Cubic Hermite polynomial of the step's ends; the heat through faces alike in proportion of its own cubic."""
    if theta == 1.0:
        trial.temperature[:] = work.end
    else:
        h = work.system[0]
        a, b = (1.0 + 2.0 * theta) * (1.0 - theta) ** 2, theta * (1.0 - theta) ** 2
        c, d = theta**2 * (3.0 - 2.0 * theta), theta**2 * (theta - 1.0)
        trial.temperature[:] = a * state.temperature + b * h * work.slopes[0] + c * work.end + d * h * work.end_slope
    trial.enthalpy[:] = sample.capacity * (trial.temperature - REFERENCE_TEMPERATURE)
    trial.ledger[:] = state.ledger
    for j in range(len(work.heat)):
        trial.ledger[RELEASED + j] += work.heat[j] * theta


@sensor.body(MeshSample)
def mesh_sensor(sample: MeshSample, programme: Schedule, trial: State, clock: float, work: MeshWork) -> tuple[float, float]:
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
