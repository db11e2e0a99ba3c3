"""A cell of one temperature under its programme: columns, energies, warnings of its chemistry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case
from thermo.cells.cell import LumpedCell
from thermo.cells.line import kept_share
from thermo.cells.line_step import gas_made, line_reading
from thermo.cells.self_heating import self_heating_rates
from thermo.chemistry.amount import AMOUNTS
from thermo.chemistry.kinetics import amounts, heat_per_extent, rates
from thermo.heat.discretised import Frame
from thermo.materials.storage import node_heat, storage_of
from thermo.measurement.readings import Reading
from thermo.simulation.reaction_warnings import gas_of, reaction_warnings
from thermo.simulation.triggered import never_triggered
from thermo.stepping.loop import (
    EJECTED,
    ELECTRICAL,
    HEAT_IN,
    HEAT_OUT,
    HIGHEST,
    REACTIONS,
    STEP_COLLAPSED,
    TROUBLE,
    State,
    Stepper,
    advance,
)
from thermo.stepping.rows import History


class CellBody:
    """A lumped cell under any programme."""

    steps_at_once = 32  # between two looks at the clock

    def __init__(self, case: Case) -> None:
        cell, programme = case.sample, case.programme
        assert isinstance(cell, LumpedCell)
        start = programme.starts_at()
        start = cell.temperature if start is None else start
        assert start is not None
        self.cell, mounting = cell, programme.mounting()
        self.sample = cell.build(mounting.phi, float(start), case.step_tolerance(), mounting)
        self.programme = programme.on_cell(float(cell.surface or 0.0), float(cell.capacity().at_298K) + mounting.with_cell)
        self.reader = programme.reader(
            self.programme, storage_of(np.ones((1, 1)), [cell.law(mounting.phi)]), self.sample.tolerance_temperature
        )
        self.reactions = cell.reaction_names()
        nodes = {"sample": int(self.sample.site_node[0])}
        if mounting.conductance > 0.0:
            nodes["holder"] = int(np.flatnonzero(self.sample.surface)[0])
        if mounting.lag > 0.0:
            nodes["sensor"] = self.sample.sensor
        self.nodes = nodes
        self.sensor: str | None = next(name for name, node in nodes.items() if node == self.sample.sensor)  # what the instrument sees
        self.probes: dict[str, Reading] = {name: Reading(np.array([node]), np.ones(1), "mean") for name, node in nodes.items()}
        self.n_dofs, self.n_sites = len(nodes), 1

    energy_limit = 1e-6  # of the heat exchanged, beyond which a run counts as failed

    def stepper(self) -> Stepper:
        """The loop over steps."""
        return advance

    def settled(self, state: State) -> Iterator[History]:
        """No steady programme has it."""
        raise TypeError("a cell of one temperature is not brought to a steady state")

    def fields(self, field: Floats) -> dict[str, Floats]:
        """None beside temperatures."""
        return {}

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
        read = line_reading(self.sample, block.reading)
        extent, switches = read.extent[:, 0], read.fired[:, 0]
        made: dict[str, Any] = {f"{name}_K": read.temperature[:, node] for name, node in self.nodes.items()}
        made["rate_K_per_s"] = block.rate
        n_rows, n_reactions = len(block.time), len(self.reactions)
        power, kept = np.zeros((n_rows, n_reactions)), np.ones(n_rows)
        mechanism = self.sample.mechanism
        amount, rate = np.zeros(len(mechanism.start)), np.zeros(n_reactions)
        for i in range(n_rows):
            amounts(mechanism, extent[i], amount)
            kept[i] = kept_share(self.sample, read.fired[i])
            rates(mechanism, made["sample_K"][i], amount, switches[i], rate)
            for k in range(n_reactions):
                power[i, k] = heat_per_extent(mechanism, k, amount) * rate[k]
        for k, name in enumerate(self.reactions):
            made[f"heat_{name}_W"] = power[:, k]
        text = self.cell.mechanism()
        counted = "conversion" if text is None or text.amounts == "number" else "extent"
        for k, name in enumerate(self.reactions):
            made[f"{counted}_{name}{'' if text is None else AMOUNTS[text.amounts]}"] = extent[:, k]
        if not self.reader.watches_onsets and n_reactions:
            made["self_heating_K_per_s"] = self_heating_rates(self.sample, made["sample_K"], extent, switches, block.rate)
        made |= self.reader.columns(block.time, block.machine, made["sample_K"], kept * power.sum(axis=1))
        if self.cell.short is not None:
            made["voltage_V"] = self.voltages(extent, switches)
        made |= {"row/released": released(block.ledger), "row/fired": switches}
        return made

    def voltages(self, extent: Floats, fired: Any) -> Floats:
        """Open-circuit voltage (n,) [V] before a sustained short, I R_short after it, from extents and fired triggers of each row.

        It is an electrical reading of the terminals of a cell that has a short.
        """
        short, mechanism = self.cell.short, self.cell.mechanism()
        assert short is not None and mechanism is not None
        at = list(mechanism.species).index(short.species)
        s: Floats = self.sample.mechanism.start[at] + extent @ self.sample.mechanism.stoichiometry[:, at]
        voltage = float(short.voltage.empty) + float(short.voltage.full - short.voltage.empty) * s
        shorted = fired[:, 0].astype(bool) if short.fused_energy is None else np.zeros(len(s), bool)
        return np.where(shorted, voltage * s / (np.maximum(s, 0.0) + float(short.half)), voltage)

    def stored(self, temperature: float) -> float:
        """Enthalpy of the sample and all that is heated with it [J], were all of it at one temperature [K]."""
        sample = self.sample
        return float(sum(node_heat(sample.storage, i, temperature) for i in range(len(sample.share))))

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

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """The amounts of its species, when its short and its vent came, the gas that its reactions made."""
        made = {"amounts": self.amounts(state), "triggers": self.triggers(columns["time_s"], columns["sample_K"], rows["fired"], state)}
        return made | gas_of(dict(zip(self.reactions, (self.sample.gas * state.extent[0]).tolist(), strict=True)), self.sample.gas)

    def triggers(self, time: Floats, temperature: Floats, fired: Floats, state: State) -> dict[str, Any]:
        """When the short and the vent of the cell came, from its rows (n,), and what each waits for."""
        found: dict[str, Any] = {}
        for j, name in enumerate(self.cell.events()):
            when = float(time[int(np.argmax(fired[:, j]))]) if np.any(fired[:, j]) else None
            gas, level = float(self.sample.trigger_gas[j]), float(self.sample.trigger_temperature[j])
            waits: dict[str, Any] = {"temperature_K": level, "maximum_K": float(np.max(temperature))}
            if np.isfinite(gas):
                waits = {"gas_mol": gas, "made_mol": float(gas_made(self.sample, state.extent))}
            elif not np.isfinite(level):
                waits = {"begins_s": float(self.sample.trigger_time[j])}
            found[f"sample-{name}s"] = {"time_s": when} | waits
        return found

    def references(self) -> dict[str, float]:
        """Mass [kg] and charge [Ah] that heats are referred to, as far as they are known."""
        return self.cell.reference()

    def initial(self, probe: str) -> float:
        """What a probe reads at the start [K]."""
        return float(self.sample.start_temperature)

    def released_by(self, ledger: Floats) -> dict[str, Floats]:
        """Nothing: no power that is read off its rows needs the balance beside it."""
        return {}

    def number(self, probe: str) -> int:
        """The node of a probe."""
        return self.nodes[probe]

    def coldest_start(self) -> float:
        """The temperature that it starts at [K]."""
        return float(self.sample.start_temperature)

    def unfolded(self, temperature: Floats) -> Floats:
        """There is no field."""
        raise TypeError("a cell of one temperature has no field")

    def heat_flux(self, frame: Frame, temperature: Floats) -> Floats:
        """There is no field."""
        raise TypeError("a cell of one temperature has no field")

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run; `begun` is the enthalpy at the start [J]."""
        ledger = state.ledger
        released = {name: float(ledger[REACTIONS + k]) for k, name in enumerate(self.reactions)}
        if self.cell.short is not None and self.cell.short.fused_energy is not None:
            released["fused_short"] = float(ledger[ELECTRICAL])
        return {
            "initial_J": float(np.sum(begun)),
            "final_J": float(np.sum(state.enthalpy)),
            "heat_in_J": float(ledger[HEAT_IN]) + max(0.0, -float(ledger[HEAT_OUT])),
            "heat_out_J": max(0.0, float(ledger[HEAT_OUT])),
            "released_J": released,
            "ejected_J": float(ledger[EJECTED]),
        }

    def moved(self, state: State, begun: Floats, rows: dict[str, Floats]) -> float:
        """Heat that has moved between the parts of the cell [J]."""
        return 0.5 * float(np.abs(state.enthalpy - begun).sum()) if len(state.enthalpy) > 1 else 0.0

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """Reactions that nothing ends, whose gate stays closed, or whose heat has not the sign of their name."""
        text, mechanism = self.cell.mechanism(), self.sample.mechanism
        found = never_triggered(summary["triggers"])
        if text is None:
            return found
        return found + reaction_warnings(text, mechanism, float(state.loop[HIGHEST]), self.sample.tolerance_extent, "sample")

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
        why = "; no factor lowers its rate as a reactant is consumed" if not reaction.factors else "; its rate has no ceiling"
        if state.loop[TROUBLE] != STEP_COLLAPSED or (reaction.factors and reaction.ceiling is not None):
            why = ""
        return f"; the reaction '{self.reactions[most]}' gives most of the heat, {powers[most]:.3g} W{why}"


def released(ledger: Floats) -> Floats:
    """Heat that all reactions and a fused short have released so far (n,) [J], from rows of the ledger (n, n_rows)."""
    return ledger[:, ELECTRICAL] + ledger[:, REACTIONS:].sum(axis=1)  # type: ignore[no-any-return]
