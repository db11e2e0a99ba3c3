"""A sample put together for a run: the arrays that are stepped, and how columns, energies and fields are read from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.bodies.layered_block import LayeredBlock
from thermo.bodies.meshed import Meshed
from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.heat import mesh_step  # noqa: F401 - the module is what steps a MeshSample
from thermo.heat.conduction import conduction_of
from thermo.heat.discretised import Frame
from thermo.heat.face_heat import passage
from thermo.heat.linear import directly
from thermo.heat.mesh_sample import MeshSample, Share, heat_of
from thermo.heat.reacting import FALLEN
from thermo.heat.tensor import Stack
from thermo.materials.integral import enthalpy_of
from thermo.materials.properties import follows_axes
from thermo.measurement.asked import Place
from thermo.measurement.readings import LARGEST, STORED, Reading, derived_numbers, field_summary, lags, stack_of, theta_between
from thermo.measurement.resolution import (
    CAPACITY,
    CELLS,
    QUADRATIC,
    STEPS,
    beyond_bounds,
    cells_at,
    coarse_patches,
    faint_signals,
    range_warnings,
    short_reach,
)
from thermo.programmes.conditions import Reached, extremes_of, lasting, resistance
from thermo.programmes.lumped_bodies import lumped_names
from thermo.simulation.beside import bodies_beside
from thermo.simulation.front import OF_THE_HOTTEST, fallen_warnings, front_warnings, summed_up
from thermo.simulation.mesh_readings import MeshReadings
from thermo.simulation.reaction_warnings import gas_of
from thermo.simulation.reactions import at_short, reactions_of
from thermo.simulation.start import nodal_start
from thermo.simulation.triggered import never_triggered, triggered
from thermo.stepping.loop import CLOCK, EJECTED, HEAT_IN, HEAT_OUT, HIGHEST, N_DIRECT, State, Stepper, advance
from thermo.stepping.rows import SEEN, History

SEEN_AT_ONCE = 10_000  # nodes times steps between two looks at the clock
IN_INSTRUMENT = 100.0  # K: by this errors of a step are measured in a calorimeter, as those of a cell are


def started(body: Meshed, temperature: float | None) -> Meshed:
    """The body with a start temperature [K], where it has none of its own."""
    return body if body.temperature is not None or temperature is None else body.model_copy(update={"temperature": temperature})


class MeshBody:
    """A meshed body."""

    def __init__(self, case: Case, refine: int = 0) -> None:
        programme, self.named = case.programme, case.named_faces()
        assert case.body is not None
        self.block = started(case.body, programme.starts_at())
        self.steady, self.end = programme.steady, 0.0 if programme.steady else programme.lasts()
        self.driven, self.terms = programme.on_body(), case.terms()
        cuts = [name for name, condition in self.terms if condition.parts]
        quadrature = {} if case.numerics.quadrature is None else {"nodal": case.numerics.quadrature == "nodal"}
        self.shape = self.block.shape(self.named, cuts, refine=refine, **quadrature)
        self.multiplicity, self.regions = self.shape.multiplicity, self.shape.mesh.regions
        named = self.block.materials()
        self.materials = {name: self.block.placed(name, case.material(named[name][0])) for name in self.regions}  # in the order of the mesh
        self.weighs = all(m.density is not None and m.heat_capacity is not None for m in self.materials.values())
        self.materials = {name: material.for_steady() for name, material in self.materials.items()}
        self.stated = case.stated()
        self.bulk = {name: case.bulk(named[name][0]) for name in self.regions}
        self.volumes = np.stack([self.shape.region(name) for name in self.regions], axis=1)
        self.laws = [enthalpy_of(material) for material in self.materials.values()]
        self.inside = [np.unique(self.shape.space.cells[cells]) for cells in self.regions.values()]
        self.n_nodes = self.shape.n_nodes
        self.n_dofs = self.n_nodes + len(lumped_names(self.terms))
        self.chemistry = reactions_of(case, self.shape, {region: named[region][0] for region in self.regions}, self.volumes)
        self.reactions = self.chemistry.names if self.chemistry else []
        self.steps_at_once = max(1, min(16, SEEN_AT_ONCE // self.n_dofs))
        self.asked, self.arrival = list(case.measure.probes), float(case.measure.arrival)
        self.probes = {name: self._reading(probe) for name, probe in case.measure.probes.items()}
        for region, part in (self.chemistry.places_of_shorts if self.chemistry else {}).items():
            self.probes[at_short(region)] = Reading(np.flatnonzero(part), np.ones(np.count_nonzero(part)), "maximum")
        self.sample = self._sample(case, cuts, refine)
        self.programme, self.terms = self.driven.machine, self.sample.terms[: len(self.terms)]  # the others act on lumped bodies
        self.reader = programme.reader(self.programme, None, self.sample.tolerance * self.sample.scale)
        self.sensor = self.driven.seen if self.reader.watches_onsets else None
        if self.sensor and self.driven.lag > 0.0:  # it shows something else than what it touches
            self.probes["sensor"], self.sensor = self.probes[self.sensor], "sensor"
        self.n_sites = 0 if self.sample.reacting is None else self.sample.reacting.n_sites
        self.flows = {face: passage(self, face) for face in case.measure.flows}
        for name in cuts:
            for side, nodes in zip(name.split("|"), self.links[name][:2], strict=True):
                self.probes[f"{name}_{side}"] = Reading(nodes, self.links[name][2] / self.links[name][2].sum(), "mean")
        self.readings = MeshReadings(self)
        self.sample = self.sample._replace(reader=self.readings)

    def _sample(self, case: Case, cuts: list[str], refine: int) -> MeshSample:
        """What is stepped."""
        space = self.shape.space
        density = np.zeros(len(self.shape.mesh.cells))
        for cells, law in zip(self.regions.values(), self.laws, strict=True):
            density[cells] = law.right[0]
        capacity = space.content(density)
        around = np.zeros(self.n_nodes)  # what the cells of each node hold in all
        np.add.at(around, space.cells, (density * space.cell_volumes())[:, None])
        lumped = bool(np.all(capacity > 1e-9 * around))
        consistent = case.numerics.capacity == "consistent" or (case.numerics.capacity is None and not lumped)
        places, shares = self._places(case, cuts)
        beside = bodies_beside(self.terms, places, shares, self.block.temperature, self.n_nodes, self.multiplicity)
        self.probes |= {name: Reading(nodes, np.ones(1), "mean") for name, nodes in beside.places().items()}
        self.start = np.concatenate([nodal_start(self, density, consistent), beside.start])
        self.links = {name: self.shape.links(name, condition) for name, condition in self.terms if condition.links} | beside.links
        always = {name: c for name, c in self.terms if lasting(c)}
        touching = [(one, other, area / resistance(always[name], 0.0)) for name in always for one, other, area in [self.links[name]]]
        conductivity = {name: m.thermal_conductivity for name, m in self.materials.items()}
        conduction = conduction_of(space, conductivity, touching, len(beside.names))
        terms = tuple((name, c.spread(self.multiplicity * float(shares[name].sum())) if name in shares else c) for name, c in self.terms)
        terms += beside.terms
        self.fixed = np.zeros(self.n_dofs, bool)
        for name, condition in terms:
            if condition.holds:
                self.fixed[places[name]] = True
        low, high = extremes_of(self.start, terms, self.end)
        seen = self.probes[self.driven.seen] if self.driven.seen else None
        self.triggered = triggered(terms, self.chemistry.fails if self.chemistry else {}, self._place)
        storage = beside.storage(self.volumes, self.laws)
        return MeshSample(
            capacity=np.concatenate([capacity, beside.capacity]),
            mass=beside.mass(space.mass(density)) if consistent else None,
            storage=storage if self.chemistry or any(len(law.temperature) > 1 for law in self.laws) else None,
            conduction=conduction,
            stack=self._stack(refine) if case.numerics.tensor and not (consistent or cuts or beside.names) else None,
            dimension=self.block.dimension,
            terms=terms,
            scale=IN_INSTRUMENT if self.driven.wall else high - low,
            faces=places | beside.places(),
            areas=shares | beside.shares(),
            pairs={name: pair for name, pair in self.links.items() if name not in always},
            start_temperature=self.start,
            tolerance=case.step_tolerance(),
            scheme=case.numerics.scheme,
            step=float(case.numerics.step or 0.0),
            wall=self._share([self.shape.face(name) for name in self.driven.wall]),
            heated=self._share([self._acted_on(self.driven.heated)] if self.driven.heated else []),
            seen=None if seen is None else Share(seen.nodes, seen.weights),
            lag=self.driven.lag,
            reacting=self.chemistry.reacting(storage, (*self.inside, *beside.places().values()), self.triggered)
            if self.chemistry
            else None,
            triggers=self.triggered.triggers,
            waits=self.triggered.waits,
        )

    def _place(self, reached: Reached) -> Reading:
        """The place that a condition waits for: a probe, or the hottest place of a region."""
        if reached.probe is not None:
            return self.probes[reached.probe]
        nodes = self.inside[list(self.regions).index(str(reached.region))]
        return Reading(nodes, np.ones(len(nodes)), "maximum")

    def _places(self, case: Case, cuts: list[str]) -> tuple[dict[str, Integers], dict[str, Floats]]:
        """Nodes of what conditions act on and probes read, and the area or volume of each that is open to the conditions."""
        places, shares = {}, {}
        faces = {name for name, condition in self.terms if not condition.inside}
        for name in {*faces, *(probe.face for probe in case.measure.probes.values() if isinstance(probe, Place) and probe.face)}:
            places[name], shares[name] = self.shape.face(name)
        for name, condition in self.terms:
            if condition.inside:
                places[name], shares[name] = self._acted_on(name)
        # on facets that are held nothing else acts: what a condition on the whole face would bring there only went into the holding
        covering = [name for name, condition in self.terms if condition.covers]
        for name in faces - set(cuts):
            shares[name] = self.shape.open_area(name, [other for other in covering if other != name])[places[name]]
        return places, shares

    def _acted_on(self, name: str) -> tuple[Integers, Floats]:
        """Nodes of a face or a region, and the area [m2] or the volume [m3] of each."""
        if name in self.shape.mesh.faces:
            return self.shape.face(name)
        volume = self.volumes[:, list(self.regions).index(name)]
        nodes = np.flatnonzero(volume)
        return nodes, volume[nodes]

    def _share(self, parts: list[tuple[Integers, Floats]]) -> Share | None:
        """What each node of some faces has of what acts on them in all, of the whole body; None where there are none."""
        if not parts:
            return None
        size = np.bincount(np.concatenate([nodes for nodes, _ in parts]), weights=np.concatenate([area for _, area in parts]))
        nodes = np.flatnonzero(size)
        return Share(nodes, size[nodes] / size.sum() / self.multiplicity)

    def stepper(self) -> Stepper:
        """The loop over steps."""
        return advance

    def settled(self, state: State) -> Iterator[History]:
        """The steady state by Newton's method."""
        from thermo.heat import steady

        return steady.settle(self.sample, self.programme, state)

    @property
    def energy_limit(self) -> float:
        """Share of the heat exchanged beyond which a run counts as failed: less where nothing is iterated."""
        curved = any(condition.curved for _, condition in self.terms)
        return 1e-6 if curved or self.sample.storage or self.sample.conduction.variable else 1e-8

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of temperature leave open [J]: of the stored heat, and of conduction between neighbours over a long time.

        In a steady state it is that of conduction [W].
        """
        if self.steady:
            flow = np.abs(self.sample.conduction.at(state.temperature).matrix.diagonal()) * state.temperature
            return float(self.multiplicity * np.finfo(float).eps * np.sqrt(len(flow)) * flow.max())
        beside = float(np.abs(self.sample.capacity[self.n_nodes :] @ state.temperature[self.n_nodes :]))  # of lumped bodies, maybe huge
        stored = 1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"]), self.multiplicity * beside)
        hottest, time = float(state.loop[HIGHEST]), float(state.loop[CLOCK])
        diagonal = self.sample.conduction.at(state.temperature).matrix.diagonal()
        conducted = np.finfo(float).eps * hottest * float(diagonal.max()) * time
        return float(stored + self.multiplicity * conducted)

    def _stack(self, refine: int) -> Stack | None:
        """The layers row by row of cells along z, where the body is a block of them; what varies, as it is at the start.

        Linear systems are solved with it by conjugate gradients, so it may be a little off.
        """
        if not isinstance(self.block, LayeredBlock) or not self.shape.space.nodal:
            return None
        if not all(follows_axes(m.thermal_conductivity) for m in self.materials.values()):
            return None
        return stack_of(self.block, self.block.vertex_grid(self.named, refine), self.materials, float(self.start.mean()))

    def _reading(self, probe: Any) -> Reading:
        if isinstance(probe, Place):
            if probe.face is not None:
                nodes, weights = self.shape.face(probe.face)
            elif probe.edge is not None:
                nodes, weights = self.shape.edge(probe.edge)
            else:
                weights = self.volumes[:, list(self.regions).index(str(probe.region))]
                nodes = np.unique(self.shape.space.cells[self.regions[str(probe.region)]])
                weights = weights[nodes]
            return Reading(nodes, weights / weights.sum(), probe.take)
        weights = self.shape.weights_at(np.array([float(value) for value in probe]))
        nodes = np.flatnonzero(weights)
        return Reading(nodes, weights[nodes], "mean")

    def notes(self) -> list[str]:
        """What is said in the log: symmetry, size, nodes shared by faces that are held at different temperatures."""
        notes = self.block.notes(self.named)
        seen: dict[int, Any] = {}
        shared = set()
        for face, condition in self.terms:
            if condition.holds:
                for node in self.sample.faces[face]:
                    if seen.setdefault(int(node), condition.outside) != condition.outside:
                        shared.add(int(node))
        if shared:
            notes.append(f"{len(shared)} nodes lie on faces held at different temperatures and get the mean")
        notes.append("every face without a condition is insulated")
        if self.sample.mass is not None:
            notes.append("the heat capacity is a consistent mass matrix")
        return notes

    def frame(self) -> Frame:
        """The whole body for a field file."""
        return self.shape.frame()

    def unfolded(self, field: Floats) -> Floats:
        """Nodal temperatures of the whole body from a field of the history."""
        return self.shape.unfolded(field[: self.n_nodes])

    def fields(self, field: Floats) -> dict[str, Floats]:
        """Nodal extents of reactions of the whole body from a field of the history."""
        if self.chemistry is None:
            return {}
        rows = field[self.n_dofs :].reshape(-1, self.n_dofs)
        return {name: self.shape.unfolded(values[: self.n_nodes]) for name, values in zip(self.chemistry.field_names, rows, strict=True)}

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block: probes, the same as theta, heat through faces, stored heat."""
        read, rows = self.readings, block.reading
        probes = read.probes(rows)
        made: dict[str, Any] = {f"{name}_K": values for name, values in probes.items()}
        scale = self.theta_scale()
        if scale is not None:
            low, span = scale
            made |= {f"{name}_theta": (values - low) / span for name, values in probes.items()}
        if self.sensor:
            made |= {f"{self.sensor}_K": block.seen, "rate_K_per_s": block.rate, "row/released": self._released(block.ledger).sum(axis=1)}
        made |= read.reactions(rows)
        power = np.sum([made[f"heat_{name}_W"] for name in self.reactions], axis=0) if self.reactions else np.zeros(len(block.time))
        made |= self.reader.columns(block.time, block.machine, block.seen, power)
        made |= read.heats(rows)
        made |= {"row/regions": read.regions(rows), "row/front": read.fronts(rows)}
        if self.chemistry:
            largest = made["row/regions"][:, :, LARGEST].max(axis=1)
            made["row/hottest"] = np.column_stack([largest, read.fronts(rows)[:, OF_THE_HOTTEST]])
        if self.weighs:
            made["stored_J"] = read.stored(rows)
        return made

    def number(self, probe: str) -> int:
        """The number of a probe; that of the sensor is what it shows."""
        return SEEN if probe == self.sensor else self.readings.names.index(probe)

    def released_by(self, ledger: Floats) -> dict[str, Floats]:
        """Heat of each reaction so far [J], at the rows of a ledger."""
        return dict(zip(self.reactions, self._released(ledger).T, strict=True))

    def _released(self, ledger: Floats) -> Floats:
        """Heat of each reaction so far [J] from rows of the ledger, of the whole body."""
        rows = self.sample.ledger
        return self.multiplicity * ledger[..., rows.reactions : rows.faces]

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """Regions, heat through faces, derived numbers; behind which probe the others lag in a calorimeter."""
        time, points = columns["time_s"], self.shape.space.points
        made: dict[str, Any] = field_summary(list(self.regions), columns, rows, lambda node: [float(x) for x in points[node]])
        made["derived"] = self.derived(float(time[-1]))
        if not self.weighs:  # without density and heat capacity nothing is known of what is stored
            made["derived"]["fourier"] = None
            made["regions"] = {name: region | {"stored_J": None} for name, region in made["regions"].items()}
        if self.chemistry and not self.steady:
            made["front"] = summed_up(time, rows["front"])
            made["arrivals"] = self.chemistry.arrivals(columns, rows["regions"], self.arrival, points, self.multiplicity)
            for name, released in self.chemistry.released_in(columns, self.multiplicity).items():
                made["regions"][name]["released_J"] = released
        if self.chemistry:
            made |= gas_of(self.chemistry.gas_made(state.extent, self.multiplicity), np.concatenate([*self.chemistry.gas.values()]))
        made["triggers"] = self.triggered.summary(
            state.fired, state.extent, lambda reached: self._largest(reached, columns, rows["regions"])
        )
        if self.sensor and self.driven.wall:
            made["lags"] = lags(columns, self.sensor, list(self.probes), self.reader.heating(columns["rate_K_per_s"], rows["machine"]))
        return made

    def _largest(self, reached: Reached, columns: dict[str, Any], regions: Floats) -> float:
        """The largest temperature of a place that something waits for, in any row [K]."""
        if reached.probe is not None:
            return float(np.max(columns[f"{reached.probe}_K"]))
        return float(np.max(regions[:, list(self.regions).index(str(reached.region)), LARGEST]))

    def references(self) -> dict[str, float]:
        """Heats are referred to nothing: nothing reacts."""
        return {}

    def stored(self, temperature: float) -> float:
        """Enthalpy of the body [J], were all of it at one temperature [K]."""
        return self.multiplicity * float(heat_of(self.sample, np.full(self.n_dofs, temperature)).sum())

    def blame(self, state: State) -> str:
        """Nothing can be blamed node by node."""
        return ""

    def coldest_start(self) -> float:
        """The lowest temperature that it starts at [K]."""
        return float(np.min(self.start))

    def derived(self, end: float) -> dict[str, Any]:
        """Biot and Fourier numbers, and of a stack of layers its effective conductivities and resistance, at the mean start temperature."""
        terms = self.terms
        areas = {face: self.shape.face(face)[1].sum() for face, condition in terms if not (condition.links or condition.inside)}
        mean = float(np.average(self.start[: self.n_nodes], weights=self.volumes.sum(axis=1)))
        return derived_numbers(self.block, self.materials, terms, areas, float(self.volumes.sum()), mean, end)

    def heat_flux(self, frame: Frame, temperature: Floats) -> Floats:
        """Heat flux of the cells of a frame [W/m2] from the temperatures of its points."""
        return self.shape.heat_flux(frame, temperature, {name: m.thermal_conductivity for name, m in self.materials.items()})

    def theta_scale(self) -> tuple[float, float] | None:
        """(T0, Ts - T0) where the body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
        return theta_between(self.start, self.terms)

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run, of the whole body; `begun` is the enthalpy at the start [J]."""
        through = self.multiplicity * state.ledger[self.sample.ledger.faces : self.sample.ledger.end]
        if self.steady:
            return {"heat_in_W": float(through[through > 0.0].sum()), "heat_out_W": float(-through[through < 0.0].sum())}
        start = heat_of(self.sample, self.sample.start_temperature).sum()
        heater, wall = (self.multiplicity * float(state.ledger[row]) for row in (HEAT_IN, HEAT_OUT))
        return {
            "initial_J": float(self.multiplicity * start),
            "final_J": float(self.multiplicity * np.sum(state.enthalpy)),
            "heat_in_J": float(through[through > 0.0].sum()) + heater + max(0.0, -wall),
            "heat_out_J": float(-through[through < 0.0].sum()) + max(0.0, wall),
            "released_J": dict(zip(self.reactions, self._released(state.ledger).tolist(), strict=True)),
            "ejected_J": float(self.multiplicity * state.ledger[EJECTED]),
        }

    def moved(self, state: State, begun: Floats, rows: dict[str, Floats]) -> float:
        """Heat that has moved between the nodes of the body [J], half of what all have gained or lost, or between its regions."""
        between = 0.5 * float(np.abs(rows["regions"][:, :, STORED]).sum(axis=1).max())
        return max(
            between, 0.5 * self.multiplicity * float(np.abs(state.enthalpy - heat_of(self.sample, self.sample.start_temperature)).sum())
        )

    def initial(self, probe: str) -> float:
        """What a probe reads before held faces jump to their temperature [K]."""
        return float(self.probes[probe].of(self.start[None])[0])

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """Temperatures beyond what the data allow; materials beyond the range in which their values hold."""
        regions = summary["regions"]
        terms, matrix = self.terms, self.sample.conduction.at(self.start).matrix
        if self.shape.space.order == 2:
            cause = QUADRATIC
        elif self.sample.mass is not None:
            cause = CAPACITY
        else:  # entries above zero off the diagonal let a node follow the hotter one of its neighbours the wrong way
            above = int(np.count_nonzero(matrix.data > 1e-9 * matrix.data.max()))
            cause = CELLS if above > self.n_dofs or self.steady else STEPS
        data = extremes_of(self.start, self.sample.terms, 0.0 if self.steady else self.end)
        found = [] if self.sample.events else beyond_bounds(data, self.sample.terms, regions, state, cause)
        found += range_warnings(self.stated, regions) + front_warnings(summary.get("front"))
        if self.chemistry:
            found += self.chemistry.warnings(float(state.loop[HIGHEST]), self.sample.tolerance)
            found += fallen_warnings(state.memory[:, FALLEN], self.shape.space.points)
        faces = dict.fromkeys(face for face, condition in terms if not (condition.links or condition.inside))
        times = int(state.loop[N_DIRECT])
        if times and not directly(int(np.count_nonzero(~self.fixed)), self.sample.dimension):
            text = f"the iterative solver did not converge {times} times, so the system was factorised: more time and memory than estimated"
            found.append({"code": "factorised", "text": text, "where": "numerics"})
        if not self.steady:
            driven = [
                (face, condition) for face, condition in terms if face in self.shape.mesh.faces and condition.drives(self.block.temperature)
            ]
            driven += [(face, None) for face in self.shape.mesh.faces if "|" in face and face not in self.links and self.block.jumps(face)]
            cells = cells_at(self.shape.mesh, driven, self.bulk) if driven else []
            found += short_reach(cells, data[1] - data[0], self.end, self.shape.space.order)
        if not self.steady and not self.sample.step and self.sensor is None:
            now = extremes_of(self.start, self.sample.terms, float(columns["time_s"][-1]))
            asked = {name: columns[f"{name}_K"] for name in self.asked}
            found += faint_signals(self.sample.tolerance, now, asked, regions)
        return (
            found
            + never_triggered(summary["triggers"])
            + self._loose(terms)
            + coarse_patches(self.shape.mesh, faces, self.shape.space.order)
        )

    def _loose(self, terms: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
        """A warning for every part of a body in several that nothing links to the others or to surroundings."""
        from meshes.checks import near_parts, parts

        mesh = self.block.coarse()
        label = parts(mesh)
        if label.max() == 0:
            return []
        gap = near_parts(mesh, label, NEAR)
        apart = (
            []
            if gap is None or any(condition.links and not condition.parts for _, condition in terms)
            else [
                {
                    "code": "parts-apart",
                    "text": f"two parts of the body lie {show(gap[0], 'length')} from each other at {gap[1]} and share no "
                    "vertex: no heat passes "
                    "between them; if they should touch, make the meshes meet (`merge` of a mesh from a file makes near vertices one)",
                    "where": "sample",
                }
            ]
        )
        return apart + [
            {
                "code": "loose-part",
                "text": f"the part of the body with '{region}' touches no other part, and no condition links it to anything: "
                "no heat leaves it; if it should touch, make the meshes meet",
                "where": "sample",
            }
            for region in self.block.untied(terms, steady=False)
        ]


NEAR = 1e-3  # of the length of the body, between parts that probably ought to touch
