"""A sample put together for a run: the arrays that are stepped, and how columns, energies and fields are read from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from thermo.bodies.layered_block import Along, LayeredBlock, Meshed, Stored
from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.cells import line_step  # noqa: F401  # the module is what steps a LineSample
from thermo.cells.cell import LumpedCell, Mounting
from thermo.cells.line import kept_share, node_enthalpy
from thermo.cells.self_heating import self_heating_rates
from thermo.chemistry.kinetics import Floats, amounts, heat_per_extent, rates
from thermo.chemistry.mechanism import AMOUNTS
from thermo.heat.discretised import Frame
from thermo.heat.face_heat import passage
from thermo.heat.tensor import Stack
from thermo.materials.material import ByAxis, Table
from thermo.measurement.asked import Place
from thermo.measurement.readings import (
    CAPACITY,
    CELLS,
    QUADRATIC,
    STEPS,
    Reading,
    beyond_bounds,
    cells_at,
    coarse_patches,
    derived_numbers,
    extremes_by_region,
    range_warnings,
    short_reach,
    stack_of,
    theta_between,
)
from thermo.programmes.arc import AFTER, ARMED, BEFORE, HEAT, PHASE_NAMES, WAIT, ArcProgramme, Instrument
from thermo.programmes.conditions import (
    LINKS,
    Contact,
    GapRadiation,
    Held,
    Radiation,
    Source,
    ThinLayer,
    drives,
    extremes_of,
    resistance,
    slope_at,
)
from thermo.programmes.dsc import Curve
from thermo.programmes.exposure import EXPOSED, DscProgramme, Exposure, RampProgramme
from thermo.programmes.programme import ENDED, PHASE, FaceSchedule, SteadyProgramme, SurroundingsProgramme
from thermo.results.store import stored_field
from thermo.simulation.mode_body import ModalBody, modal_body
from thermo.stepping.loop import (
    CLOCK,
    EJECTED,
    FUSED,
    HEAT_IN,
    HEAT_OUT,
    HIGHEST,
    N_DIRECT,
    RELEASED,
    STEP_COLLAPSED,
    TROUBLE,
    History,
    State,
    advance,
)


def mounted(calorimeter: Instrument) -> Mounting:
    """What an instrument heats with the cell."""
    holder, sensor = calorimeter.holder, calorimeter.sensor
    capacity = float(holder.mass * holder.heat_capacity) if holder else 0.0
    apart = float(holder.conductance or 0.0) if holder else 0.0
    return Mounting(0.0 if apart else capacity, capacity if apart else 0.0, apart, sensor.place == "holder", float(sensor.lag))


class CellBody:
    """A lumped cell under any programme."""

    multiplicity = 1.0
    steps_at_once = 32  # between two looks at the clock

    def __init__(self, case: Case) -> None:
        cell, programme = case.sample, case.programme
        assert isinstance(cell, LumpedCell)
        start = programme.start if isinstance(programme, ArcProgramme | DscProgramme | RampProgramme) else cell.temperature
        assert start is not None
        self.cell, self.arc = cell, isinstance(programme, ArcProgramme)
        self.surroundings = programme
        phi, mounting = 1.0, Mounting()
        if isinstance(programme, ArcProgramme):
            phi, mounting = float(programme.calorimeter.phi), mounted(programme.calorimeter)
        elif isinstance(programme, DscProgramme):
            mounting = Mounting(with_cell=float(programme.pan))
        self.sample = cell.build(phi, float(start), case.step_tolerance(), mounting)
        if isinstance(programme, EXPOSED):
            heated = float(cell.capacity().at_298K) + mounting.with_cell
            self.programme: Any = programme.around(float(cell.surface or 0.0), heated)
        else:
            self.programme = programme.build() if isinstance(programme, ArcProgramme) else programme.build(has_faces=False)
        self.dsc = Curve(programme, self.sample.capacity) if isinstance(programme, DscProgramme) else None
        self.reactions = cell.reaction_names()
        nodes = {"sample": int(self.sample.site_node[0])}
        if mounting.conductance > 0.0:
            nodes["holder"] = int(np.flatnonzero(self.sample.surface)[0])
        if mounting.lag > 0.0:
            nodes["sensor"] = self.sample.sensor
        self.nodes = nodes
        self.seen = next(name for name, node in nodes.items() if node == self.sample.sensor)  # what the instrument sees
        self.probes: dict[str, Reading] = {name: Reading(np.array([node]), np.ones(1), "mean") for name, node in nodes.items()}
        self.n_dofs, self.n_sites = len(nodes), 1

    energy_limit = 1e-6  # of the heat exchanged, beyond which a run counts as failed

    def stepper(self) -> Any:
        """The loop over steps."""
        return advance

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of the stored heat leave open [J]: below it there is nothing to say of the balance."""
        return float(1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"])))

    def notes(self) -> list[str]:
        """What is said in the log."""
        n = len(self.reactions)
        return [f"one temperature, {n} reaction{'' if n == 1 else 's'}"]

    def frame(self) -> Frame | None:
        """A cell of one temperature has no field."""
        return None

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block."""
        made: dict[str, Any] = {f"{name}_K": block.temperature[:, node] for name, node in self.nodes.items()}
        around = self.programme
        if isinstance(around, Exposure) and self.dsc is None:
            if around.conductance > 0.0 or around.emissive_area > 0.0:
                made["air_K"] = np.interp(block.time, around.air_time, around.air)
            if around.plate_conductance > 0.0:
                made["plate_K"] = np.interp(block.time, around.plate_time, around.plate)
        made["rate_K_per_s"] = block.rate
        n_rows, n_reactions = len(block.time), len(self.reactions)
        power, kept = np.zeros((n_rows, n_reactions)), np.ones(n_rows)
        mechanism = self.sample.mechanism
        amount, rate = np.zeros(len(mechanism.start)), np.zeros(n_reactions)
        for i in range(n_rows):
            fired = block.fired[i, 0]
            amounts(mechanism, block.extent[i, 0], amount)
            kept[i] = kept_share(self.sample, block.fired[i])
            rates(mechanism, made["sample_K"][i], amount, fired, rate)
            for k in range(n_reactions):
                power[i, k] = heat_per_extent(mechanism, k, amount) * rate[k]
        for k, name in enumerate(self.reactions):
            made[f"heat_{name}_W"] = power[:, k]
        text = self.cell.mechanism()
        counted = "conversion" if text is None or text.amounts == "number" else "extent"
        for k, name in enumerate(self.reactions):
            made[f"{counted}_{name}{'' if text is None else AMOUNTS[text.amounts]}"] = block.extent[:, 0, k]
        if not self.arc and n_reactions:
            made["self_heating_K_per_s"] = self_heating_rates(
                self.sample, made["sample_K"], block.extent[:, 0], block.fired[:, 0], block.rate
            )
        if self.arc:
            made["phase"] = np.array([PHASE_NAMES[phase] for phase in block.machine[:, PHASE]])
        if self.cell.short is not None:
            made["voltage_V"] = self.voltages(block.extent[:, 0], block.fired[:, 0])
        if self.dsc is not None:
            made |= self.dsc.columns(block.time, block.temperature[:, 0], kept * power.sum(axis=1))
        return made

    def voltages(self, extent: Floats, fired: Any) -> Floats:
        """Open-circuit voltage (n,) [V] before a sustained short, I R_short after it, from extents and fired triggers of each row.

        It is an electrical reading of the terminals of a cell that has a short.
        """
        short, mechanism = self.cell.short, self.cell.mechanism()
        assert short is not None and mechanism is not None
        amount, at = np.zeros(len(self.sample.mechanism.start)), list(mechanism.species).index(short.species)
        s = np.zeros(len(extent))
        for i in range(len(extent)):
            amounts(self.sample.mechanism, extent[i], amount)
            s[i] = amount[at]
        voltage = float(short.voltage.empty) + float(short.voltage.full - short.voltage.empty) * s
        shorted = fired[:, 0].astype(bool) if short.fused_energy is None else np.zeros(len(s), bool)
        return np.where(shorted, voltage * s / (np.abs(s) + float(short.half)), voltage)

    def own_rates(self, rate: Floats, machine: Floats, own: Floats | None) -> tuple[Floats, Any, Any]:
        """The rates (n,) that T2 counts [K/s]; the rows in which they are not the sample's own; those in which others heat it more.

        In a calorimeter dT/dt outside heating. Elsewhere `own`, the self-heating of the cell whatever is around it, and others heat it
        more where dT/dt is more than twice that, or where the programme gives the temperature.
        """
        if self.arc:
            heating = self.heating(rate, machine)
            return rate, heating, heating
        own = np.zeros(len(rate)) if own is None else own  # nothing reacts
        forced = isinstance(self.programme, Exposure) and len(self.programme.forced) > 0
        return own, np.zeros(len(rate), bool), (own < 0.5 * rate) | forced

    @property
    def surrounded(self) -> bool:
        """Whether something reacts, and what is around the cell heats it freely: no instrument looks for an onset or sets a temperature."""
        forced = isinstance(self.programme, Exposure) and len(self.programme.forced) > 0
        return not self.arc and self.dsc is None and not forced and bool(self.reactions)

    def heating(self, rate: Floats, machine: Floats) -> Any:
        """Rows (n,) in which a calorimeter heats, with those in which a slow sensor still shows what its heater has left."""
        if not self.arc:
            return np.zeros(len(rate), bool)
        heated = (machine[:, PHASE] == HEAT) | ((machine[:, PHASE] == ENDED) & (machine[:, BEFORE] == HEAT))
        for row in np.flatnonzero((machine[:, PHASE] == WAIT) & (machine[:, ARMED] == 0.0)):
            heated[row] = row > 0 and heated[row - 1] and rate[row] <= rate[row - 1]
        return heated

    def last_row(self, machine: Floats) -> int:
        """The row in which the test is over; a record of it may go on."""
        after = np.flatnonzero(machine[:, PHASE] == AFTER)
        return int(after[0]) if self.arc and len(after) else len(machine) - 1

    def stored(self, temperature: float) -> float:
        """Enthalpy of the sample and all that is heated with it [J], were all of it at one temperature [K]."""
        sample = self.sample
        return float(sum(node_enthalpy(sample, i, temperature) for i in range(len(sample.share))))

    def amounts(self, state: State) -> dict[str, dict[str, float]]:
        """The amount of each species at the start and at the end."""
        text, mechanism = self.cell.mechanism(), self.sample.mechanism
        if text is None:
            return {}
        final = mechanism.start + state.extent[0] @ mechanism.stoichiometry
        ends = f"initial{AMOUNTS[text.amounts]}", f"final{AMOUNTS[text.amounts]}"
        return {
            name: dict(zip(ends, (float(a), float(b)), strict=True))
            for name, a, b in zip(text.species, mechanism.start, final, strict=True)
        }

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

    def moved(self, state: State, begun: Floats) -> float:
        """Heat that has moved between the parts of the cell [J]."""
        return 0.5 * float(np.abs(state.enthalpy - begun).sum()) if len(state.enthalpy) > 1 else 0.0

    def warnings(self, state: State) -> list[dict[str, Any]]:
        """Reactions that nothing ends, whose gate stays closed, or whose heat has not the sign of their name."""
        mechanism = self.cell.mechanism()
        found = []
        highest = float(state.loop[HIGHEST])
        for name, reaction in mechanism.reactions.items() if mechanism else []:
            where = f"sample.chemistry.reactions.{name}"
            if not any(reaction.consumes.values()):
                found.append(
                    {"code": "endless-reaction", "text": f"the reaction '{name}' uses nothing up, so it never ends", "where": where}
                )
            grown = [factor for factor in reaction.factors if factor.kind == "autocatalytic" and factor.other_order]
            seeds = [1.0 - mechanism.species[factor.species].start for factor in grown] if mechanism else []
            if any(0.0 < seed < self.sample.tolerance_extent for seed in seeds):
                text = f"the reaction '{name}' starts from {min(seeds):.1g} of its product, less than the error of a step "
                text += f"({self.sample.tolerance_extent:.0e}): how long it takes to begin is not resolved; lower numerics.tolerance"
                found.append({"code": "tiny-seed", "text": text, "where": f"{where}.factors"})
            gate = reaction.gate
            if gate is not None and gate.temperature > highest:
                text = f"the gate of the reaction '{name}' at {show(gate.temperature, 'temperature')} was not reached: the hottest is"
                found.append({"code": "gate-closed", "text": f"{text} {show(highest, 'temperature')}", "where": f"{where}.gate"})
            sign = named_sign(name)
            heat = float(self.sample.mechanism.heat[list(mechanism.reactions).index(name)]) if mechanism else 0.0
            if sign * heat < 0.0:
                text = f"the reaction '{name}' {'takes up' if sign > 0.0 else 'releases'} heat, which is unusual for its name"
                found.append({"code": "heat-sign", "text": text, "where": f"{where}.heat"})
        return found

    def blame(self, state: State) -> str:
        """Which reaction gives most heat at this moment, in words; empty where none does."""
        mechanism = self.sample.mechanism
        amount, rate = np.zeros(len(mechanism.start)), np.zeros(len(self.reactions))
        amounts(mechanism, state.extent[0], amount)
        rates(mechanism, float(state.temperature[self.nodes["sample"]]), amount, state.fired[0], rate)
        powers = [abs(heat_per_extent(mechanism, k, amount) * rate[k]) for k in range(len(rate))]
        if not any(powers):
            return ""
        most = int(np.argmax(powers))
        text = self.cell.mechanism()
        assert text is not None
        reaction = text.reactions[self.reactions[most]]
        why = "; no factor lowers its rate as something is used up" if not reaction.factors else "; its rate has no ceiling"
        if state.loop[TROUBLE] != STEP_COLLAPSED or (reaction.factors and reaction.ceiling is not None):
            why = ""
        return f"; the reaction '{self.reactions[most]}' gives most of the heat, {powers[most]:.3g} W{why}"


TAKES_UP = ("separator", "melt", "vapor", "evaporat", "boil", "vent")
GIVES = ("sei", "anode", "cathode", "electrolyte", "lithium", "short", "binder")


def named_sign(name: str) -> float:
    """The sign of the heat that the name of a reaction lets expect; 0.0 where it says nothing."""
    word = name.lower()
    if any(part in word for part in TAKES_UP):
        return -1.0
    return 1.0 if any(part in word for part in GIVES) else 0.0


class MeshBody:
    """A meshed body."""

    arc = False
    steps_at_once = 1

    def __init__(self, case: Case, refine: int = 0) -> None:
        from thermo.heat.conduction import conduction_of
        from thermo.heat.enthalpy import Storage, enthalpy_of
        from thermo.heat.mesh_step import MeshSample

        body, programme = case.sample, case.programme
        assert isinstance(body, Meshed) and isinstance(programme, SurroundingsProgramme | SteadyProgramme)
        self.block, self.named, terms = body, case.named_faces(), programme.terms()
        self.steady = isinstance(programme, SteadyProgramme)
        cuts = [name for name, condition in terms if isinstance(condition, Contact | ThinLayer)]
        quadrature = {} if case.numerics.quadrature is None else {"nodal": case.numerics.quadrature == "nodal"}
        self.shape = body.shape(self.named, cuts, refine=refine, **quadrature)
        self.regions = self.shape.mesh.regions
        named = body.materials()
        self.materials = {name: case.material(named[name][0]) for name in self.regions}  # in the order of the mesh
        self.bulk = {name: case.bulk(named[name][0]) for name in self.regions}
        n, space = self.shape.n_nodes, self.shape.space
        self.volumes = np.stack([self.shape.region(name) for name in self.regions], axis=1)
        self.laws = laws = [enthalpy_of(material) for material in self.materials.values()]
        varies = any(len(law.temperature) > 1 for law in laws)
        density = np.zeros(len(self.shape.mesh.cells))
        for cells, law in zip(self.regions.values(), laws, strict=True):
            density[cells] = law.right[0]
        capacity = space.content(density)
        around = np.zeros(n)  # what the cells of each node hold in all
        np.add.at(around, space.cells, (density * space.cell_volumes())[:, None])
        lumped = bool(np.all(capacity > 1e-9 * around))
        consistent = case.numerics.capacity == "consistent" or (case.numerics.capacity is None and not lumped)
        self.start = self._start(density, consistent)
        self.links = {name: self.shape.links(name, condition) for name, condition in terms if isinstance(condition, LINKS)}
        lasting = [
            (name, c) for name, c in terms if isinstance(c, ThinLayer) or (isinstance(c, Contact) and isinstance(c.resistance, float))
        ]
        touching = [(one, other, area / resistance(c, 0.0)) for name, c in lasting for one, other, area in [self.links[name]]]
        conduction = conduction_of(space, {name: m.thermal_conductivity for name, m in self.materials.items()}, touching)
        places, shares = {}, {}
        for name in {*programme.faces, *(probe.face for probe in case.measure.probes.values() if isinstance(probe, Place) and probe.face)}:
            places[name], shares[name] = self.shape.face(name)
        for name in programme.sources:
            volume = self.volumes[:, list(self.regions).index(name)]
            places[name] = np.flatnonzero(volume)
            shares[name] = volume[places[name]]
        fixed = np.zeros(n, bool)
        for name in programme.held():
            fixed[places[name]] = True
        self.fixed = fixed
        # on facets that are held nothing else acts: what a condition on the whole face would bring there only went into the holding
        for name in programme.faces:
            if name not in cuts:
                shares[name] = self.shape.open_area(name, programme.held())[places[name]]
        plain = case.numerics.tensor and not (consistent or cuts)
        self.sample = MeshSample(
            capacity=capacity,
            mass=space.mass(density) if consistent else None,
            storage=Storage(self.volumes, laws) if varies else None,
            conduction=conduction,
            stack=self._stack(refine) if plain else None,
            dimension=body.dimension,
            faces=places,
            areas=shares,
            pairs={name: pair for name, pair in self.links.items() if name not in dict(lasting)},
            start_temperature=self.start,
            tolerance=case.step_tolerance(),
            scheme=case.numerics.scheme,
            step=float(case.numerics.step or 0.0),
        )
        built = programme.build(has_faces=True)
        assert isinstance(built, FaceSchedule)
        self.programme = built
        self.multiplicity = self.shape.multiplicity
        self.n_dofs, self.n_sites = n, 0
        self.inside = [np.unique(space.cells[cells]) for cells in self.regions.values()]
        self.flows = {face: passage(self, face) for face in case.measure.flows}
        self.probes = {name: self._reading(probe) for name, probe in case.measure.probes.items()}
        for name in cuts:
            for side, nodes in zip(name.split("|"), self.links[name][:2], strict=True):
                self.probes[f"{name}_{side}"] = Reading(nodes, self.links[name][2] / self.links[name][2].sum(), "mean")

    def stepper(self) -> Any:
        """The loop over steps."""
        return advance

    def _start(self, density: Floats, consistent: bool) -> Floats:
        """The temperature of every node at time zero [K]; one between regions takes that at which it holds what they held there."""
        from thermo.heat.enthalpy import Storage

        given = self.block.temperature
        points = self.shape.space.points
        if isinstance(given, Along):
            places: Floats = points[:, self.block.letters().index(given.letter)]
            return np.interp(places, np.array(given.position, float), np.array(given.value, float))  # type: ignore[no-any-return]
        if not isinstance(given, dict | Stored) or (isinstance(given, dict) and len(set(given.values())) == 1):
            return np.full(len(points), self.block.start_of(next(iter(self.regions))))
        share = density * self.shape.space.cell_volumes()
        values, around = np.zeros((len(points), len(self.regions))), np.zeros((len(points), len(self.regions)))
        for m, (name, cells) in enumerate(self.regions.items()):
            nodes = self.shape.space.cells[cells]
            np.add.at(around[:, m], nodes, np.broadcast_to(share[cells, None], nodes.shape))
            inside = np.unique(nodes)
            values[inside, m] = stored_field(given.folder, points[inside], name) if isinstance(given, Stored) else self.block.start_of(name)
        first = np.argmax(around > 0.0, axis=1)
        start: Floats = np.take_along_axis(values, first[:, None], axis=1)[:, 0]
        mixed = np.flatnonzero(np.any((around > 0.0) & (values != start[:, None]), axis=1))
        held = (self.volumes * [law.right[0] for law in self.laws])[mixed]
        if consistent:
            alone = (np.where(np.isin(np.arange(len(density)), cells), density, 0.0) for cells in self.regions.values())
            held = np.stack([np.asarray(self.shape.space.mass(part).sum(axis=1)).ravel()[mixed] for part in alone], axis=1)
        lumped = np.all(held >= 0.0, axis=1) & (held.sum(axis=1) > 1e-9 * around[mixed].sum(axis=1))
        weight = np.where(lumped[:, None], held, around[mixed])
        start[mixed] = np.sum(weight * values[mixed], axis=1) / weight.sum(axis=1)
        if lumped.any() and not lumped.all():
            # vertices of quadratic simplices hold nothing to speak of; what they leave open the others take
            left = float(np.sum(held * (values[mixed] - start[mixed, None])))
            start[mixed[lumped]] += left / float(held[lumped].sum())
        if any(len(law.temperature) > 1 for law in self.laws):  # what they held, they hold
            part = mixed[lumped]
            heat = sum(self.volumes[part, m] * law.at(values[part, m]) for m, law in enumerate(self.laws))
            start[part] = Storage(self.volumes[part], self.laws).temperature(heat, start[part])
        return start

    @property
    def energy_limit(self) -> float:
        """Share of the heat exchanged beyond which a run counts as failed: less where nothing is iterated."""
        curved = any(isinstance(condition, Radiation | GapRadiation) for _, condition in self.programme.terms)
        return 1e-6 if curved or self.sample.storage or self.sample.conduction.variable else 1e-8

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What the digits of temperature leave open [J]: of the stored heat, and of conduction between neighbours over a long time.

        In a steady state it is that of conduction [W].
        """
        if self.steady:
            flow = np.abs(self.sample.conduction.at(state.temperature).matrix.diagonal()) * state.temperature
            return float(self.multiplicity * np.finfo(float).eps * np.sqrt(len(flow)) * flow.max())
        stored = 1e-14 * max(abs(energy["initial_J"]), abs(energy["final_J"]))
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
        if not all(isinstance(m.thermal_conductivity, float | Table | ByAxis) for m in self.materials.values()):
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
        for face, condition in self.programme.terms:
            if isinstance(condition, Held):
                for node in self.sample.faces[face]:
                    if seen.setdefault(int(node), condition.temperature) != condition.temperature:
                        shared.add(int(node))
        if shared:
            notes.append(f"{len(shared)} nodes lie on faces held at different temperatures and take the mean")
        notes.append("every face without a condition is insulated")
        if self.sample.mass is not None:
            notes.append("the heat capacity is a consistent mass matrix")
        return notes

    def frame(self) -> Frame:
        """The whole body for a field file."""
        return self.shape.frame()

    def unfolded(self, temperature: Floats) -> Floats:
        """Nodal temperatures of the whole body from those of the mesh."""
        return self.shape.unfolded(temperature)

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block: probes, the same as theta, heat through faces, stored heat."""
        made: dict[str, Any] = {f"{name}_K": reading.of(block.temperature) for name, reading in self.probes.items()}
        scale = self.theta_scale()
        if scale is not None:
            low, span = scale
            made |= {f"{name}_theta": (reading.of(block.temperature) - low) / span for name, reading in self.probes.items()}
        made |= self._powers(block)
        made["row/regions"] = self._regions(block.temperature)
        made["stored_J"] = self.multiplicity * np.array([self._stored(T) for T in block.temperature])
        return made

    def _regions(self, temperature: Floats) -> Floats:
        """Of each row and region: mean, largest, smallest temperature [K], the nodes of the latter two, heat stored since the start [J]."""
        made = np.zeros((len(temperature), len(self.regions), 6))
        for j, nodes in enumerate(self.inside):
            part = temperature[:, nodes]
            weights = self.volumes[nodes, j]
            highest, lowest = np.argmax(part, axis=1), np.argmin(part, axis=1)
            row = np.arange(len(part))
            made[:, j, 0] = part @ weights / weights.sum()
            made[:, j, 1], made[:, j, 2] = part[row, highest], part[row, lowest]
            made[:, j, 3], made[:, j, 4] = nodes[highest], nodes[lowest]
            law, start = self.laws[j], self.start[nodes]
            made[:, j, 5] = self.multiplicity * np.array([weights @ (law.at(T) - law.at(start)) for T in part])
        return made

    def regions_summary(self, time: Floats, rows: Floats) -> dict[str, Any]:
        """Of every region: mean and stored heat at the end, the extremes with their time and place."""
        points = self.shape.space.points
        return extremes_by_region(list(self.regions), time, rows, lambda node: [float(x) for x in points[node]])

    def derived(self, end: float) -> dict[str, Any]:
        """Biot and Fourier numbers, and of a stack of layers its effective conductivities and resistance, at the mean start temperature."""
        terms = self.programme.terms
        areas = {face: self.shape.face(face)[1].sum() for face, condition in terms if not isinstance(condition, (*LINKS, Source))}
        mean = float(np.average(self.start, weights=self.volumes.sum(axis=1)))
        return derived_numbers(self.block, self.materials, terms, areas, float(self.volumes.sum()), mean, end)

    def heat_flux(self, frame: Frame, temperature: Floats) -> Floats:
        """Heat flux of the cells of a frame [W/m2] from the temperatures of its points."""
        return self.shape.heat_flux(frame, temperature, {name: m.thermal_conductivity for name, m in self.materials.items()})

    def _stored(self, temperature: Floats) -> float:
        """Heat stored in the mesh since the start [J]."""
        storage = self.sample.storage
        if storage is not None:
            return float(np.sum(storage.heat(temperature) - storage.heat(self.start)))
        return float((temperature - self.start) @ self.sample.capacity)

    def _powers(self, block: History) -> dict[str, Floats]:
        """Heat into the body through each named face over the rows of a block, across a contact or a gap from its first side [W], and what
        passes the faces whose flow is asked for. A gap on a face with other conditions has a column of its own, `face|to`."""
        from thermo.heat.mesh_step import across, surface

        sample, terms = self.sample, self.programme.terms
        faces = [face for face, _ in terms]
        columns = [f"{face}|{c.to}" if isinstance(c, GapRadiation) and faces.count(face) > 1 else face for face, c in terms]
        found = {column: np.zeros(len(block.time)) for column in columns}
        passing = {face: np.zeros(len(block.time)) for face in self.flows}
        for i, (time, temperature) in enumerate(zip(block.time, block.temperature, strict=True)):
            around = surface(sample, terms, float(time), temperature)
            into = sample.conduction.at(temperature).into(temperature) + around.flow
            slopes, needed = self._going(float(time), temperature, into)
            given = np.where(self.fixed, needed - into, 0.0)
            for face, flow in self.flows.items():
                passing[face][i] = flow.heat(float(time), temperature, slopes, given)
            counted = np.zeros(self.n_dofs, bool)
            for j, ((face, condition), column) in enumerate(zip(terms, columns, strict=True)):
                if isinstance(condition, Held):
                    nodes = sample.faces[face]
                    nodes = nodes[~counted[nodes]]  # the heat of a node of two held faces counts once
                    counted[nodes] = True
                    found[column][i] += float(np.sum(given[nodes]))
                elif isinstance(condition, LINKS):
                    one, other, area = self.links[face]
                    a, b = temperature[one], temperature[other]
                    found[column][i] += float(np.sum(across(condition, area, float(time), a, b) * (a - b)))
                else:
                    found[column][i] += around.heats[j]
        made = {f"heat_{column}_W": power for column, power in found.items()} | {f"flow_{face}_W": power for face, power in passing.items()}
        return {name: self.multiplicity * power for name, power in made.items()}

    def _going(self, time: float, temperature: Floats, into: Floats) -> tuple[Floats, Floats]:
        """How fast every node goes [K/s], held ones as they must, others as heat enters them, and what heat that takes [W]."""
        slopes, count = np.zeros(self.n_dofs), np.zeros(self.n_dofs)
        for face, condition in self.programme.terms:
            if isinstance(condition, Held):
                count[self.sample.faces[face]] += 1.0
                slopes[self.sample.faces[face]] += slope_at(condition.temperature, time)
        slopes /= np.maximum(count, 1.0)  # a node of two held faces takes the mean
        free = np.flatnonzero(~self.fixed)
        mass = self.sample.mass
        if self.steady:
            return np.zeros(self.n_dofs), np.zeros(self.n_dofs)
        if mass is None:
            capacity = self.sample.capacity if self.sample.storage is None else self.sample.storage.capacity(temperature)
            slopes[free] = (into / capacity)[free]
            return slopes, capacity * slopes
        from scipy.sparse import diags_array
        from scipy.sparse.linalg import cg

        inner = mass[free][:, free].tocsr()
        slopes[free], _ = cg(inner, (into - mass @ slopes)[free], rtol=1e-10, M=diags_array(1.0 / inner.diagonal()))
        return slopes, mass @ slopes

    def theta_scale(self) -> tuple[float, float] | None:
        """(T0, Ts - T0) where the body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
        return theta_between(self.start, self.programme.terms)

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run, of the whole body; `begun` is the enthalpy at the start [J]."""
        from thermo.heat.mesh_step import heat_of

        through = self.multiplicity * state.ledger[RELEASED:]
        if self.steady:
            return {"heat_in_W": float(through[through > 0.0].sum()), "heat_out_W": float(-through[through < 0.0].sum())}
        start = heat_of(self.sample, self.start).sum()
        return {
            "initial_J": float(self.multiplicity * start),
            "final_J": float(self.multiplicity * np.sum(state.enthalpy)),
            "heat_in_J": float(through[through > 0.0].sum()),
            "heat_out_J": float(-through[through < 0.0].sum()),
            "released_J": {},
            "ejected_J": 0.0,
        }

    def moved(self, state: State, begun: Floats) -> float:
        """Heat that has moved between the nodes of the body [J]: half of what all have gained or lost."""
        from thermo.heat.mesh_step import heat_of

        return 0.5 * self.multiplicity * float(np.abs(state.enthalpy - heat_of(self.sample, self.start)).sum())

    def initial(self, probe: str) -> float:
        """What a probe reads before held faces jump to their temperature [K]."""
        return float(self.probes[probe].of(self.start[None])[0])

    def warnings(self, state: State, regions: dict[str, Any]) -> list[dict[str, Any]]:
        """Temperatures beyond what the data allow; materials beyond the range in which their values hold."""
        from thermo.heat.mesh_step import MOST_DIRECT

        terms, matrix = self.programme.terms, self.sample.conduction.at(self.start).matrix
        if self.shape.space.order == 2:
            cause = QUADRATIC
        elif self.sample.mass is not None:
            cause = CAPACITY
        else:  # entries above zero off the diagonal let a node follow the hotter one of its neighbours the wrong way
            above = int(np.count_nonzero(matrix.data > 1e-9 * matrix.data.max()))
            cause = CELLS if above > self.n_dofs or self.steady else STEPS
        data = extremes_of(self.start, terms, 0.0 if self.steady else float(self.programme.corners[-1]))
        found = beyond_bounds(data, terms, regions, state, cause) + range_warnings(self.block, self.materials, regions)
        faces = dict.fromkeys(face for face, condition in terms if not isinstance(condition, (*LINKS, Source)))
        times = int(state.loop[N_DIRECT])
        if times and np.count_nonzero(~self.fixed) > MOST_DIRECT[self.sample.dimension]:
            text = f"the iterative solver missed {times} times, and the system was factorised: more time and memory than announced"
            found.append({"code": "factorised", "text": text, "where": "numerics"})
        if not self.steady:
            driven = [
                (face, condition)
                for face, condition in terms
                if face in self.shape.mesh.faces and drives(condition, self.block.temperature)
            ]
            driven += [(face, None) for face in self.shape.mesh.faces if "|" in face and face not in self.links and self.block.jumps(face)]
            cells = cells_at(self.shape.mesh, driven, self.bulk) if driven else []
            found += short_reach(cells, data[1] - data[0], float(self.programme.corners[-1]), self.shape.space.order)
        return found + self._loose(terms) + coarse_patches(self.shape.mesh, faces, self.shape.space.order)

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
            if gap is None or any(isinstance(condition, GapRadiation) for _, condition in terms)
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
Body = CellBody | MeshBody | ModalBody


def build(case: Case, refine: int = 0) -> Body:
    """The case's sample put together under its programme: a box of layers in mode space where that is possible."""
    if isinstance(case.sample, LumpedCell):
        return CellBody(case)
    return modal_body(case, refine) or MeshBody(case, refine)
