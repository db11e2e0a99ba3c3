"""A cell of one temperature as a case names it: parts, melting, chemistry, a short, a vent, what is thrown out."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from thermo.base.errors import shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.cells.line import LineSample
from thermo.chemistry.changes import with_changes
from thermo.chemistry.gas import amount_of_gas, gas_per_extent
from thermo.chemistry.mechanism import MechanismText, needs_mass, needs_volume
from thermo.chemistry.mechanism_arrays import arrays
from thermo.chemistry.reacts import Reacts
from thermo.chemistry.short import ShortCircuit, short_problems
from thermo.chemistry.vent import Vent, vent_problems
from thermo.materials.capacity import HeatCapacity
from thermo.materials.integral import NO_PEAKS, Peaks
from thermo.materials.material import Temperature
from thermo.materials.storage import storage_of
from thermo.programmes.driving import Mounting

Fraction = Annotated[float, Unit("number", ge=0, le=1)]


class CapacityOfCell(Frozen):
    """C(T) = at_298K + slope (T - 298.15 K)."""

    at_298K: Annotated[float, Unit("heat capacity", gt=0)]
    slope: Annotated[float, Unit("slope of a heat capacity")] = Field(default="0 J/K2", validate_default=True)  # type: ignore[assignment]


class Part(Frozen):
    """One part of a cell."""

    mass: Annotated[float, Unit("mass", gt=0)]
    heat_capacity: Annotated[float, Unit("specific heat capacity", gt=0)]


class Melting(Frozen):
    """A peak of the apparent heat capacity: its area, middle and width (standard deviation)."""

    heat: Annotated[float, Unit("energy", gt=0)]
    temperature: Temperature
    width: Annotated[float, Unit("temperature difference", gt=0)]


class Ejecta(Frozen):
    """Share of all heat that leaves with what is thrown out, once the short has happened or the vent has opened."""

    fraction: Fraction
    after: Literal["short", "vent"]


class Event(NamedTuple):
    """What happens once: the temperature [K], the gas [mol] or the time [s] that begins it, infinite where it is not asked; the heat that
    it `gives` and `takes` at once [J]; how far it brings a reaction by its number."""

    temperature: float
    gas: float
    time: float = math.inf
    gives: float = 0.0
    extent: float = 0.0
    reaction: int = -1
    takes: float = 0.0


SENSOR_SHARE = 1e-6  # of the cell's heat capacity: what a sensor with a lag has


class LumpedCell(Reacts):
    """A cell of one temperature. Its `surface` takes up heat in an oven, its `volume` holds what heats per mass refer to.

    `mass` (that of its parts if they are given) and `charge` are what heats of exotherms are referred to; nothing else uses them.
    """

    kind: Literal["lumped"]
    mass: Annotated[float | None, Unit("mass", gt=0)] = None
    charge: Annotated[float | None, Unit("electrical charge", gt=0)] = None
    volume: Annotated[float | None, Unit("volume", gt=0)] = None
    surface: Annotated[float | None, Unit("area", gt=0)] = None
    heat_capacity: CapacityOfCell | None = None
    parts: dict[str, Part] = {}
    melting: dict[str, Melting] = {}
    short: ShortCircuit | None = None
    vent: Vent | None = None
    ejecta: Ejecta | None = None
    temperature: Temperature | None = None
    has_field: ClassVar[bool] = False

    @model_validator(mode="after")
    def _complete(self) -> LumpedCell:
        problems: list[tuple[Key, str]] = []
        if (self.heat_capacity is None) == (not self.parts):
            problems.append(((), "give either 'heat_capacity' or 'parts'"))
        if self.ejecta is not None and getattr(self, self.ejecta.after) is None:
            problems.append((("ejecta", "after"), f"names a {self.ejecta.after}, but the cell has none"))
        base, found = self.written("cell")
        problems += found
        if self.chemistry is not None and base is None:
            raise misplaced(problems)
        if base is not None and not problems and needs_volume(with_changes(base, self.changes)) and self.volume is None:
            problems.append(((), "'volume' is missing: the chemistry gives its amounts or heats per volume"))
        if base is not None and not problems and needs_mass(with_changes(base, self.changes)) and "kg" not in self.reference():
            problems.append(((), "'mass' is missing: the chemistry gives heats by a share of it"))
        found = short_problems(self.short, base)
        problems += found
        if self.short is not None and self.short.place is not None:
            problems.append((("short", "place"), "is for a body with a mesh: a cell of one temperature has no places; leave it out"))
        fuses = self.short is not None and self.short.fused_energy is not None
        if self.short is not None and fuses and base is not None and not found and _use_of(base, self.short.species) < 0:
            name = shortened(self.short.species)
            text = f"needs a reaction that consumes {name!r} one for one and nothing else"
            problems.append((("short", "fused_energy"), text + f" (consumes: {{{name}: 1}}); there is none"))
        if problems:
            raise misplaced(problems)
        problems = vent_problems(self.vent, self.mechanism(), self.volume, self.reference().get("kg"))
        if problems:
            raise misplaced(problems)
        return self

    def capacity(self) -> CapacityOfCell:
        """The heat capacity, from its parts where the case gives parts."""
        if self.heat_capacity is not None:
            return self.heat_capacity
        total = sum(part.mass * part.heat_capacity for part in self.parts.values())
        return CapacityOfCell(at_298K=total)

    def law(self, phi: float) -> HeatCapacity:
        """How the cell stores heat, all of it `phi` times."""
        capacity, peaks = self.capacity(), list(self.melting.values())
        heat, temperature, width = (np.array([float(getattr(peak, name)) for peak in peaks]) for name in ("heat", "temperature", "width"))
        return HeatCapacity(phi * float(capacity.at_298K), phi * float(capacity.slope), Peaks(phi * heat, temperature, width))

    def reference(self) -> dict[str, float]:
        """Mass [kg] and charge [Ah] that heats are referred to, as far as they are known."""
        mass = self.mass if self.mass is not None else sum(part.mass for part in self.parts.values()) or None
        charge = self.charge if self.charge is not None or self.short is None else self.short.charge
        found = {"kg": mass, "Ah": None if charge is None else charge / 3600.0}
        return {unit: float(value) for unit, value in found.items() if value is not None}

    def reaction_names(self) -> list[str]:
        """Names of the reactions in the order of the extents; a sustained short is the last."""
        mechanism = self.mechanism()
        sustained = self.short is not None and self.short.fused_energy is None
        return [*(mechanism.reactions if mechanism else []), *(["short"] if sustained else [])]

    def events(self) -> list[str]:
        """What happens once, `short` and `vent`, in the order of the triggers."""
        return [name for name in ("short", "vent") if getattr(self, name) is not None]

    def _event(self, name: str, text: MechanismText, volume: float | None, mass: float | None) -> Event:
        """One of `events` as numbers."""
        if name == "vent":
            assert self.vent is not None
            at = self.vent.at
            gas = math.inf if at.gas is None else amount_of_gas(at.gas, volume, mass)
            return Event(math.inf if at.temperature is None else float(at.temperature), gas, takes=self.vent.heat(mass))
        assert self.short is not None
        energy, extent = self.short.fuse()
        temperature, time = (math.inf if at is None else float(at) for at in (self.short.at.temperature, self.short.at.time))
        return Event(temperature, math.inf, time, energy, extent, _use_of(text, self.short.species) if energy else -1)

    def build(self, phi: float, start: float, tolerance: float, mounting: Mounting | None = None) -> LineSample:
        """The cell as arrays for the kernels: one node, one site; a holder and a sensor are further nodes on the line.

        Parameters
        ----------
        phi : heat capacity of cell and holder over that of the cell
        start : temperature at time zero [K]
        tolerance : error of a step in the extents [-]; 100 K times this in temperature
        mounting : what is heated with the cell
        """
        short = self.short
        text = self.mechanism() or MechanismText(title="inert", species={}, reactions={})
        volume = None if self.volume is None else float(self.volume)
        mass = self.reference().get("kg")
        mechanism = arrays(text, None if short is None else short.reaction(), volume, len(self.events()), mass)
        events = [self._event(name, text, volume, mass) for name in self.events()]
        mounted = mounting or Mounting()
        nodes, links = _line_of(mounted, SENSOR_SHARE * float(self.capacity().at_298K))
        names = [name for name, _ in nodes]
        seen = "sensor" if "sensor" in names else "holder" if mounted.sensor_on_holder else "cell"
        outer = "holder" if "holder" in names else "cell"
        share = np.array([float(name == "cell") for name in names])
        fixed = np.array([capacity for _, capacity in nodes])
        return LineSample(
            storage=storage_of(np.column_stack([share, fixed]), [self.law(phi), HeatCapacity(1.0, 0.0, NO_PEAKS)]),
            mechanism=mechanism,
            share=share,
            surface=np.array([float(name == outer) for name in names]),
            conductance=np.array(links, float),
            sensor=names.index(seen),
            own=float(len(names) > 1),
            site_node=np.array([names.index("cell")], np.int64),
            site_share=np.ones((1, mechanism.heat.shape[0])),
            trigger_temperature=np.array([event.temperature for event in events]),
            trigger_time=np.array([event.time for event in events]),
            trigger_gas=np.array([event.gas for event in events]),
            gas=gas_per_extent(text, len(mechanism.heat), volume, mass),
            fuse_energy=np.array([event.gives for event in events]),
            fuse_extent=np.array([event.extent for event in events]),
            fuse_reaction=np.array([event.reaction for event in events], np.int64),
            vent_energy=np.array([event.takes for event in events]),
            ejected=float(self.ejecta.fraction) if self.ejecta else 0.0,
            ejects_after=self.events().index(self.ejecta.after) if self.ejecta else -1,
            start_temperature=start,
            tolerance_temperature=100.0 * tolerance,
            tolerance_extent=tolerance * mechanism.scale,
        )


def _line_of(mounted: Mounting, touch: float) -> tuple[list[tuple[str, float]], list[float]]:
    """The nodes of a cell with what is mounted on it, each with its heat capacity beside the cell's [J/K], and the links between them.

    A sensor has a heat capacity `touch` [J/K].
    """
    nodes, links = [("cell", mounted.with_cell)], []
    if mounted.conductance > 0.0:
        nodes.append(("holder", mounted.holder))
        links.append(mounted.conductance)
    if mounted.lag > 0.0:
        at = len(nodes) if mounted.sensor_on_holder else 0
        nodes.insert(at, ("sensor", touch))
        links.insert(at, touch / mounted.lag)
    return nodes, links


def _use_of(text: MechanismText, species: str) -> int:
    """The first reaction whose extent is what it uses of a species, and nothing else is used or made; -1 if there is none."""
    for k, reaction in enumerate(text.reactions.values()):
        if {name: amount for name, amount in reaction.consumes.items() if amount != 0.0} == {species: 1.0}:
            return k
    return -1
