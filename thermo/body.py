"""A sample put together for a run: the arrays that are stepped, and how columns, energies and fields are read from them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import thermo.rodas  # noqa: F401 - it is what steps a LineSample
from meshes.block import mirrored, point_weights
from thermo.arc import HEAT, PHASE_NAMES, ArcProgramme
from thermo.boundary import Flux, Held, Radiation, Source, slope_at
from thermo.case import Case, Place
from thermo.cell import LumpedCell
from thermo.constants import REFERENCE_TEMPERATURE
from thermo.geometry import LayeredBlock, node_grid
from thermo.kinetics import Floats, Integers, amounts, heat_per_extent, rates
from thermo.materials import ByAxis, Material
from thermo.programme import PHASE, FaceSchedule, SurroundingsProgramme
from thermo.stepping import CLOCK, EJECTED, FUSED, HEAT_IN, HEAT_OUT, HIGHEST, LOWEST, RELEASED, History, State
from thermo.tensor import Stack
from thermo.units import show


class Reading(NamedTuple):
    """How a probe reads the nodes: weighted (mean, point), or the largest or smallest of them."""

    nodes: Integers
    weights: Floats
    take: str

    def of(self, temperature: Floats) -> Floats:
        """The probe's temperature from rows of nodal temperatures (n_rows, n_nodes)."""
        part = temperature[:, self.nodes]
        if self.take == "maximum":
            return part.max(axis=1)  # type: ignore[no-any-return]
        if self.take == "minimum":
            return part.min(axis=1)  # type: ignore[no-any-return]
        return part @ self.weights  # type: ignore[no-any-return]


class Frame(NamedTuple):
    """What a field file needs: points (n, 3) [m], hexahedra, the layer of each, the layers' names."""

    points: Floats
    cells: Integers
    material: Integers
    names: list[str]


class CellBody:
    """A lumped cell under any programme."""

    multiplicity = 1.0

    def __init__(self, case: Case) -> None:
        cell, programme = case.sample, case.programme
        assert isinstance(cell, LumpedCell)
        arc = isinstance(programme, ArcProgramme)
        phi = float(programme.calorimeter.phi) if isinstance(programme, ArcProgramme) else 1.0
        start = programme.start if isinstance(programme, ArcProgramme) else cell.temperature
        assert start is not None
        self.cell, self.arc = cell, arc
        self.sample = cell.build(phi, float(start), case.step_tolerance())
        self.programme = programme.build() if isinstance(programme, ArcProgramme) else programme.build(has_faces=False)
        self.reactions = cell.reaction_names()
        self.probes: dict[str, Reading] = {"sample": Reading(np.zeros(1, np.int64), np.ones(1), "mean")}
        self.n_dofs, self.n_sites = 1, 1

    energy_limit = 1e-6  # of the heat exchanged, beyond which a run counts as failed

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of the stored heat leave open [J]: below it there is nothing to say of the balance."""
        return float(1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"])))

    def notes(self) -> list[str]:
        """What is said in the log."""
        return [f"one temperature, {len(self.reactions)} reactions"]

    def frame(self) -> Frame | None:
        """A cell of one temperature has no field."""
        return None

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block."""
        made: dict[str, Any] = {"sample_K": block.temperature[:, 0], "rate_K_per_s": block.rate}
        n_rows, n_reactions = len(block.time), len(self.reactions)
        power, voltage = np.zeros((n_rows, n_reactions)), np.zeros(n_rows)
        mechanism = self.sample.mechanism
        amount, rate = np.zeros(len(mechanism.start)), np.zeros(n_reactions)
        for i in range(n_rows):
            fired = block.fired[i]
            amounts(mechanism, block.extent[i, 0], amount)
            rates(mechanism, block.temperature[i, 0], amount, fired, rate)
            for k in range(n_reactions):
                power[i, k] = heat_per_extent(mechanism, k, amount) * rate[k]
            if self.cell.short is not None:
                voltage[i] = self._voltage(amount, bool(np.any(fired)))
        for k, name in enumerate(self.reactions):
            made[f"heat_{name}_W"] = power[:, k]
        for k, name in enumerate(self.reactions):
            made[f"conversion_{name}"] = block.extent[:, 0, k]
        if self.arc:
            made["phase"] = np.array([PHASE_NAMES[phase] for phase in block.machine[:, PHASE]])
        if self.cell.short is not None:
            made["voltage_V"] = voltage
        return made

    def _voltage(self, amount: Floats, shorted: bool) -> float:
        """Open-circuit voltage before a sustained short, I R_short after it; an electrical reading of the cell's terminals."""
        short = self.cell.short
        assert short is not None
        mechanism = self.cell.mechanism()
        assert mechanism is not None
        s = float(amount[list(mechanism.species).index(short.species)])
        voltage = float(short.voltage.empty) + float(short.voltage.full - short.voltage.empty) * s
        if shorted and short.fused_energy is None:
            voltage *= s / (abs(s) + float(short.half))
        return voltage

    def heating(self, phase: Floats) -> Any:
        """Rows in which the instrument heats."""
        return phase == HEAT if self.arc else np.zeros(len(phase), bool)

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run; `begun` is the enthalpy at the start [J]."""
        ledger = state.ledger
        released = {name: float(ledger[RELEASED + k]) for k, name in enumerate(self.reactions)}
        if self.cell.short is not None and self.cell.short.fused_energy is not None:
            released["fused_short"] = float(ledger[FUSED])
        return {
            "initial_J": float(np.sum(begun)),
            "final_J": float(np.sum(state.enthalpy)),
            "heat_in_J": float(ledger[HEAT_IN]) + max(0.0, -float(ledger[HEAT_OUT])),
            "heat_out_J": max(0.0, float(ledger[HEAT_OUT])),
            "released_J": released,
            "ejected_J": float(ledger[EJECTED]),
        }

    def warnings(self, state: State) -> list[dict[str, Any]]:
        """Reactions that nothing ends."""
        mechanism = self.cell.mechanism()
        found = []
        for name, reaction in mechanism.reactions.items() if mechanism else []:
            if not any(reaction.consumes.values()):
                text = f"the reaction '{name}' uses nothing up, so it never ends"
                found.append({"code": "endless-reaction", "text": text, "where": f"sample.chemistry.reactions.{name}"})
        return found


class MeshBody:
    """A layered block on a mesh."""

    arc = False

    def __init__(self, case: Case, refine: int = 0) -> None:
        from thermo.system import HexMesh, MeshSample, edges_of

        block, programme = case.sample, case.programme
        assert isinstance(block, LayeredBlock) and isinstance(programme, SurroundingsProgramme)
        self.block, faces = block, case.named_faces()
        self.vertices = block.vertex_grid(faces, refine)
        self.grid = node_grid(self.vertices, block.mesh.order)
        cells, nodes = block.mesh_of(self.vertices), block.mesh_of(self.grid)
        self.layer_names = list(nodes.regions)
        self.materials = {layer.name: case.material(layer.material) for layer in block.layers}
        conductivity, capacity, start = np.zeros((len(cells.cells), 3)), np.zeros(len(cells.cells)), np.zeros(len(cells.cells))
        for name, material in self.materials.items():
            rows = cells.regions[name]
            conductivity[rows] = by_axis(material)
            capacity[rows] = float(material.density) * float(material.heat_capacity)
            start[rows] = block.start_of(name)
        self.mesh = HexMesh(cells.points, cells.cells, nodes.points, block.mesh.order)
        made = self.mesh.matrices(conductivity, capacity, start)
        self.cells, self.nodes = cells, nodes
        # a uniform start is exact; the mean of equal temperatures is so but for rounding
        self.start = made.initial if np.ptp(start) > 0.0 else np.full(len(made.capacity), start[0])
        self.areas = block.areas_on(self.vertices)
        places, shares = dict(nodes.faces), dict(self.areas)
        for name in programme.sources:
            volume = self.mesh.region_weights(cells.regions[name])
            places[name] = np.flatnonzero(volume)
            shares[name] = volume[places[name]]
        # where nodes are held, nothing else acts: what a condition on the whole face would bring there only went into the holding
        fixed = np.zeros(len(made.capacity), bool)
        for name in programme.held():
            fixed[places[name]] = True
        for name in programme.faces:
            shares[name] = np.where(fixed[places[name]], 0.0, shares[name])
        stack = self._stack() if case.numerics.tensor else None
        edges = edges_of(made.conduction)
        self.sample = MeshSample(made.capacity, made.conduction, edges, stack, places, shares, self.start, case.step_tolerance())
        built = programme.build(has_faces=True)
        assert isinstance(built, FaceSchedule)
        self.programme = built
        self.multiplicity = float(np.prod([2.0 if plane is not None else 1.0 for plane in self.grid.mirror]))
        self.named = faces
        self.n_dofs, self.n_sites = len(made.capacity), 0
        self.probes = {name: self._reading(probe) for name, probe in case.measure.probes.items()}

    @property
    def energy_limit(self) -> float:
        """Share of the heat exchanged beyond which a run counts as failed: less where nothing is iterated."""
        return 1e-6 if any(isinstance(condition, Radiation) for _, condition in self.programme.terms) else 1e-8

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of temperature leave open [J]: of the stored heat, and of conduction between neighbours over a long time."""
        stored = 1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"]))
        hottest, time = float(state.loop[HIGHEST]), float(state.loop[CLOCK])
        conducted = np.finfo(float).eps * hottest * float(self.sample.matrix.diagonal().max()) * time
        return float(stored + self.multiplicity * conducted)

    def _stack(self) -> Stack:
        """The layers row by row of cells along z."""
        levels = np.cumsum([float(layer.thickness) for layer in self.block.layers])
        middle = 0.5 * (self.vertices.z[1:] + self.vertices.z[:-1])
        rows = [list(self.materials.values())[i] for i in np.searchsorted(levels, middle)]
        conductivity = np.array([by_axis(material) for material in rows])
        capacity = np.array([float(material.density) * float(material.heat_capacity) for material in rows])
        return Stack(self.vertices, self.block.mesh.order, conductivity[:, 0], conductivity[:, 2], capacity)

    def _reading(self, probe: Any) -> Reading:
        if isinstance(probe, Place):
            if probe.face is not None:
                nodes = self.nodes.faces[probe.face]
                return Reading(nodes, self.areas[probe.face] / self.areas[probe.face].sum(), probe.take)
            else:
                cells = self.cells.regions[str(probe.region)]
                weights = self.mesh.region_weights(cells)
                nodes = np.flatnonzero(weights > 0.0)
            return Reading(nodes, weights[nodes] / weights[nodes].sum(), probe.take)
        point = [float(value) for value in probe]
        for axis, plane in enumerate(self.grid.mirror):
            if plane is not None and point[axis] > plane:
                point[axis] = 2.0 * plane - point[axis]
        weights = point_weights(self.vertices, self.block.mesh.order, np.array(point))
        nodes = np.flatnonzero(weights)
        return Reading(nodes, weights[nodes], "mean")

    def notes(self) -> list[str]:
        """What is said in the log: symmetry, size, nodes shared by faces that are held at different temperatures."""
        notes = self.block.notes(self.named)
        seen: dict[int, Any] = {}
        shared = set()
        for face, condition in self.programme.terms:
            if isinstance(condition, Held):
                for node in self.sample.faces[face]:
                    if seen.setdefault(int(node), condition.temperature) != condition.temperature:
                        shared.add(int(node))
        if shared:
            notes.append(f"{len(shared)} nodes lie on faces held at different temperatures and take the mean")
        return notes

    def frame(self) -> Frame:
        """The whole body for a field file: hexahedra between nodes, mirrored where the mesh was cut."""
        whole, _ = mirrored(self.grid)
        box = self.block.mesh_of(whole._replace(mirror=(None, None)))
        material = np.zeros(len(box.cells), np.int64)
        for i, name in enumerate(self.layer_names):
            material[box.regions[name]] = i
        return Frame(box.points, box.cells, material, self.layer_names)

    def unfolded(self, temperature: Floats) -> Floats:
        """Nodal temperatures of the whole body from those of the mesh."""
        return temperature[mirrored(self.grid)[1]]

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block: probes, the same as theta, heat through held faces."""
        made: dict[str, Any] = {f"{name}_K": reading.of(block.temperature) for name, reading in self.probes.items()}
        scale = self.theta_scale()
        if scale is not None:
            low, span = scale
            made |= {f"{name}_theta": (reading.of(block.temperature) - low) / span for name, reading in self.probes.items()}
        for name, power in self._powers(block).items():
            made[f"heat_{name}_W"] = power
        made["stored_J"] = self.multiplicity * ((block.temperature - self.start) @ self.sample.capacity)
        return made

    def _powers(self, block: History) -> dict[str, Floats]:
        """Heat into the body through each named face over the rows of a block [W]."""
        from thermo.system import conduction, surface

        found = {face: np.zeros(len(block.time)) for face, _ in self.programme.terms}
        for i, time in enumerate(block.time):
            around = surface(self.sample, self.programme.terms, float(time), block.temperature[i])
            conducted = conduction(self.sample, block.temperature[i])
            counted = np.zeros(self.n_dofs, bool)
            for j, (face, condition) in enumerate(self.programme.terms):
                if isinstance(condition, Held):
                    nodes = self.sample.faces[face]
                    nodes = nodes[~counted[nodes]]  # the heat of a node of two held faces counts once
                    counted[nodes] = True
                    rising = slope_at(condition.temperature, float(time)) * self.sample.capacity[nodes]
                    found[face][i] += float(np.sum(rising - conducted[nodes] - around.flow[nodes]))
                else:
                    found[face][i] += around.heats[j]
        return {face: self.multiplicity * power for face, power in found.items()}

    def theta_scale(self) -> tuple[float, float] | None:
        """(T0, Ts - T0) where the body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
        others = {condition.temperature if isinstance(condition, Held) else None for _, condition in self.programme.terms}
        (held,) = others if len(others) == 1 else (None,)
        if not isinstance(held, float) or np.ptp(self.start) > 0.0 or held == self.start[0]:
            return None
        return float(self.start[0]), float(held - self.start[0])

    def heating(self, phase: Floats) -> Any:
        """A schedule heats by its faces, not by a heater."""
        return np.zeros(len(phase), bool)

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run, of the whole body; `begun` is the enthalpy at the start [J]."""
        through = self.multiplicity * state.ledger[RELEASED:]
        start = self.sample.capacity @ (self.start - REFERENCE_TEMPERATURE)
        return {
            "initial_J": float(self.multiplicity * start),
            "final_J": float(self.multiplicity * np.sum(state.enthalpy)),
            "heat_in_J": float(through[through > 0.0].sum()),
            "heat_out_J": float(-through[through < 0.0].sum()),
            "released_J": {},
            "ejected_J": 0.0,
        }

    def warnings(self, state: State) -> list[dict[str, Any]]:
        """Temperatures beyond what the data allow; materials beyond the range in which their values hold."""
        from thermo.system import extremes

        lowest, highest = extremes(self.sample, self.programme)
        low, high = float(state.loop[LOWEST]), float(state.loop[HIGHEST])
        span = max(highest - lowest, 1e-9)
        found = []
        beyond = max(lowest - low, high - highest)
        bounded = not any(isinstance(condition, Flux | Source) for _, condition in self.programme.terms)
        if bounded and beyond > 1e-4 * span:
            why = "quadratic elements overshoot where a temperature jumps" if self.block.mesh.order == 2 else "the time steps"
            text = f"the temperature left the range of its data by {beyond:.3g} K, {100.0 * beyond / span:.2g} % of it: {why}"
            found.append({"code": "undershoot", "text": text, "where": "numerics"})
        for layer in self.block.layers:
            material = self.materials[layer.name]
            if material.valid and not (material.valid.lowest <= low and high <= material.valid.highest):
                least, most = show(material.valid.lowest, "temperature"), show(material.valid.highest, "temperature")
                text = f"{layer.material} holds from {least} to {most}; the run went from {show(low, 'temperature')} to "
                found.append({"code": "outside-range", "text": text + show(high, "temperature"), "where": f"materials.{layer.material}"})
        return found


def by_axis(material: Material) -> Floats:
    """Thermal conductivity along x, y, z [W/(m K)]."""
    value = material.thermal_conductivity
    if isinstance(value, ByAxis):
        return np.array([value.in_plane, value.in_plane, value.through], float)
    return np.full(3, float(value))


Body = CellBody | MeshBody


def build(case: Case, refine: int = 0) -> Body:
    """The case's sample put together under its programme."""
    return CellBody(case) if isinstance(case.sample, LumpedCell) else MeshBody(case, refine)
