"""What a run leaves: columns over time, frames, events, energies, and the summary made of them. Knows nothing of equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case, used_numbers
from thermo.case.plausibility import excesses, slips
from thermo.casefile.reader import dotted
from thermo.casefile.units import DIMENSIONS, show
from thermo.measurement.asked import CRITERIA, tolerance, wanted
from thermo.onsets import onset
from thermo.programmes.arc import (
    AFTER,
    BEFORE,
    BY_STANDSTILL,
    COOL,
    EXOTHERMS,
    HEAT,
    IN_EXOTHERM,
    MEAN_RATE,
    MOST_ROWS,
    PHASE_NAMES,
    RUN,
    TEST,
    WAIT,
    WINDOW_RATE,
    WINDOW_START,
    ArcProgramme,
    Calorimeter,
)
from thermo.programmes.conditions import extremes_of
from thermo.programmes.dsc import dsc_readings
from thermo.programmes.exposure import DscProgramme
from thermo.programmes.logger import logged
from thermo.programmes.programme import ENDED, PHASE, REASON, REASONS, SurroundingsProgramme
from thermo.simulation.body import Body, CellBody
from thermo.stepping.loop import (
    FUSED,
    N_BANDED,
    N_DIRECT,
    N_JACOBI,
    N_MODES,
    N_MULTIGRID,
    N_REJECTED,
    N_SOLVES,
    N_STEPS,
    RELEASED,
    History,
    State,
)


class Recording:
    """Takes blocks of the history as they come and keeps what the case asks for; arrays only, so that it can be kept whole."""

    def __init__(self, case: Case, body: Body) -> None:
        self.case, self.body = case, body
        self.parts: dict[str, list[Any]] = {}
        self.frames: list[tuple[float, Floats]] = []

    def take(self, block: History) -> list[tuple[float, Floats]]:
        """Keep a block; the frames that it completed, (time [s], nodal temperatures [K])."""
        columns = {"time_s": block.time, **self.body.columns(block)}
        columns |= {"row/machine": block.machine, "row/ledger": block.ledger}
        for name, values in columns.items():
            self.parts.setdefault(name, []).append(values)
        new: list[tuple[float, Floats]] = []
        if not isinstance(self.body, CellBody):
            new = [(float(block.time[i]), block.temperature[i].copy()) for i in np.flatnonzero(block.asked)]
            self.frames += new
        return new

    def columns(self) -> dict[str, Any]:
        """All rows so far, by column."""
        return {name: np.concatenate(values) for name, values in self.parts.items() if not name.startswith("row/")}

    def rows(self, name: str) -> Floats:
        """All rows so far of the machine or the ledger."""
        return np.concatenate(self.parts[f"row/{name}"])

    def arrays(self) -> dict[str, Any]:
        """Everything kept, as named arrays for a checkpoint."""
        kept = {f"column/{name}": np.concatenate(values) for name, values in self.parts.items()}
        kept["order"] = np.array(list(self.parts))
        kept["frame/time"] = np.array([time for time, _ in self.frames])
        kept["frame/temperature"] = np.array([temperature for _, temperature in self.frames])
        return kept

    def restore(self, arrays: dict[str, Any]) -> None:
        """Take back what `arrays` gave."""
        self.parts = {str(name): [arrays[f"column/{name}"]] for name in arrays["order"]}
        self.frames = [(float(t), T) for t, T in zip(arrays["frame/time"], arrays["frame/temperature"], strict=True)]


class Result:
    """A run that ended, or stopped early: columns by name, frames, and the summary."""

    def __init__(self, case: Case, body: Body, state: State, begun: Floats, recording: Recording, failure: str | None) -> None:
        self.case, self.body, self.state = case, body, state
        self.columns = recording.columns()
        self.machine = recording.rows("machine")
        self.ledger = recording.rows("ledger")
        self.regions = np.zeros(0) if isinstance(body, CellBody) else recording.rows("regions")
        self.frames = recording.frames
        self.failure = failure
        self.begun = begun
        self.mesh_check: dict[str, Any] | None = None

    @property
    def time(self) -> Floats:
        """Times of the rows [s]."""
        return self.columns["time_s"]  # type: ignore[no-any-return]

    def probe(self, name: str) -> Floats:
        """Temperature of a probe over time [K]."""
        return self.columns[f"{name}_K"]  # type: ignore[no-any-return]

    def summary(self) -> dict[str, Any]:
        """The summary as it is written, `cost` and `provenance` apart; absent things are None."""
        arc = isinstance(self.case.programme, ArcProgramme)
        made: dict[str, Any] = {
            "title": self.case.title,
            "status": "failed" if self.failure else "complete",
            "end": {"reason": self._end_reason(), "time_s": float(self.time[-1])},
            "onsets": {"T1": None, "T2": dict.fromkeys(self.case.measure.onsets.T2), "T3": None, "cessation": None},
            "exotherms": [],
            "maximum_rate": None,
            "crossings": {name: self._crossing(name) for name in self.case.measure.crossings},
            "missed_crossings": {},
            "probes": {name: self._probe(name) for name in self.body.probes},
            "arrivals": None,
            "definitions": None,
        }
        if isinstance(self.body, CellBody):
            programme = self.case.programme
            T, rate = self.probe(self.body.seen), self.columns["rate_K_per_s"]
            own, driven, heated = self.body.own_rates(rate, self.machine, self.columns.get("self_heating_K_per_s"))
            voltage = self.columns.get("voltage_V")
            onsets = made["onsets"]
            onsets["T2"] = onset.runaway_onsets(self.case.measure.onsets.T2, self.time, T, own, driven, voltage)
            primary = onsets["T2"].get(CRITERIA[0])
            onsets["T3"] = onset.third(self.time, T, float(own[self.body.last_row(self.machine)]), primary, self._sensitivity(), heated)
            made["maximum_rate"] = onset.fastest(self.time, T, own, driven)
            if arc:
                made["exotherms"], onsets["T1"] = self._exotherms()
                ended = [entry["end"] for entry in made["exotherms"] if entry["end"]["reason"] == CESSATION]
                onsets["cessation"] = {k: ended[0][k] for k in ("temperature_K", "time_s", "margin")} if ended else None
            if isinstance(programme, DscProgramme):
                error = 2.0 * self.body.sample.tolerance_temperature  # of two neighbouring rows [K]
                made["dsc"] = dsc_readings(
                    programme, self.columns, 0.0 if programme.lag is None else error * self.body.programme.conductance
                )
            made["amounts"] = self.body.amounts(self.state)
            made["definitions"] = DEFINITIONS
        else:
            made["regions"] = self.body.regions_summary(self.time, self.regions)
            made["heats"], made["flows"] = self._through("heat_"), self._through("flow_")
            made["derived"] = self.body.derived(float(self.time[-1]))
        made["missed_crossings"] = {name: self._nearest(name) for name, crossing in made["crossings"].items() if crossing is None}
        made["energy"] = self._energy()
        made["expect"] = [judged(entry, made) for entry in self.case.expect]
        made["inputs_not_measured"] = self._inputs()
        made["warnings"] = self._warnings(made)
        if any(warning["code"] == "energy" for warning in made["warnings"]):
            made["status"] = "failed"
        made["mesh_check"] = self.mesh_check
        return made

    def record(self) -> dict[str, Floats] | None:
        """What a logger on the instrument's sensor has written, if the case asks for it."""
        programme = self.case.programme
        if not isinstance(programme, ArcProgramme) or programme.record is None or self._too_long:
            return None
        assert isinstance(self.body, CellBody)
        last = self.body.last_row(self.machine)
        over = float(self.time[last]) if last + 1 < len(self.time) else None
        time, T = logged(self.time, self.probe(self.body.seen), self.columns["rate_K_per_s"], programme.record, over)
        made = {"time_s": time, "temperature_K": T}
        if "voltage_V" in self.columns:
            made["voltage_V"] = np.interp(time, self.time, self.columns["voltage_V"])
        return made

    @property
    def _too_long(self) -> bool:
        """Whether the record that the case asks for has more rows than one may have."""
        programme = self.case.programme
        asked = programme.record if isinstance(programme, ArcProgramme) else None
        return asked is not None and float(self.time[-1]) / float(asked.interval) > MOST_ROWS

    def counts(self) -> dict[str, Any]:
        """The part of the cost that the run itself knows."""
        loop = self.state.loop
        return {
            "steps": int(loop[N_STEPS]),
            "rejected_steps": int(loop[N_REJECTED]),
            "linear_solves": int(loop[N_SOLVES]),
            "solves_by": {name: int(loop[k]) for name, k in SOLVERS.items() if loop[k] > 0.0},
            "n_dofs": self.body.n_dofs,
            "n_sites": self.body.n_sites,
        }

    def _sensitivity(self) -> float:
        programme = self.case.programme
        return float(programme.sensitivity) if isinstance(programme, ArcProgramme) else 1e-9

    def _end_reason(self) -> str:
        if self.failure:
            return self.failure
        if self.state.machine[PHASE] != ENDED:
            return "stopped early"
        return str(REASONS[type(self.body.programme)][int(self.state.machine[REASON])])

    def _crossing(self, name: str) -> dict[str, float] | None:
        level = self._level(name)
        time = first_crossing(self.time, self.probe(self.case.measure.crossings[name].probe), level)
        return None if time is None else {"time_s": time, "temperature_K": level}

    def _level(self, name: str) -> float:
        """The temperature that a crossing waits for [K]."""
        crossing = self.case.measure.crossings[name]
        if crossing.temperature is not None:
            return float(crossing.temperature)
        held = self.case.programme.held()[str(crossing.of)]  # type: ignore[union-attr]
        assert crossing.fraction is not None
        begun = self._initial(crossing.probe, self.probe(crossing.probe))
        return float(begun + crossing.fraction * (held - begun))

    def _nearest(self, name: str) -> dict[str, float]:
        """How near a crossing came that never happened."""
        level, values = self._level(name), self.probe(self.case.measure.crossings[name].probe)
        row = int(np.argmin(np.abs(values - level)))
        return {
            "temperature_K": level,
            "nearest_K": float(values[row]),
            "time_of_nearest_s": float(self.time[row]),
            "short_by_K": float(abs(values[row] - level)),
        }

    def _through(self, word: str) -> dict[str, dict[str, float]]:
        """Of the columns of heat that begin with a word: the last value and the largest by amount, by face or region."""
        found = {}
        for column, values in self.columns.items():
            if column.startswith(word) and column.endswith("_W"):
                row = int(np.argmax(np.abs(values)))
                name = column.removeprefix(word).removesuffix("_W")
                found[name] = {"final_W": float(values[-1]), "extreme_W": float(values[row]), "time_of_extreme_s": float(self.time[row])}
        return found

    def _probe(self, name: str) -> dict[str, float]:
        values = self.probe(name)
        at = int(np.argmax(values))
        return {
            "initial_K": self._initial(name, values),
            "final_K": float(values[-1]),
            "maximum_K": float(values[at]),
            "time_of_maximum_s": float(self.time[at]),
        }

    def _initial(self, name: str, values: Floats) -> float:
        """What a probe read at the start: before held faces jumped to their temperature, which the first row has."""
        return float(values[0]) if isinstance(self.body, CellBody) else self.body.initial(name)

    def _exotherms(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        released = self.ledger[:, FUSED] + self.ledger[:, RELEASED:].sum(axis=1)
        assert isinstance(self.body, CellBody)
        seen = self.probe(self.body.seen)
        found, first = exotherms(self.time, seen, self.machine, released, self._sensitivity(), self._end_reason())
        for entry in found:
            entry |= {f"heat_J_per_{unit}": entry["heat_J"] / value for unit, value in self.body.cell.reference().items()}
            ends = self.body.stored(entry["start"]["temperature_K"]), self.body.stored(entry["end"]["temperature_K"])
            entry["stored_J"] = ends[1] - ends[0]
            entry["heat_capacity_J_per_K"] = entry["stored_J"] / entry["rise_K"] if entry["rise_K"] != 0.0 else None
        return found, first

    def _energy(self) -> dict[str, Any]:
        energy = self.body.energy(self.state, self.begun)
        if "heat_in_W" in energy:
            left, passed = energy["heat_in_W"] - energy["heat_out_W"], energy["heat_in_W"] + energy["heat_out_W"]
            return energy | {"residual_W": left, "residual_relative": abs(left) / passed if passed > 0.0 else 0.0}
        between = 0.0 if isinstance(self.body, CellBody) else 0.5 * float(np.abs(self.regions[:, :, STORED]).sum(axis=1).max())
        if "stored_J" in self.columns:  # heat that came and went again is none of the sums
            between = max(between, float(np.max(np.abs(self.columns["stored_J"]))))
        return balanced(self.body, self.state, self.begun, between)

    def _inputs(self) -> list[dict[str, Any]]:
        results = [entry.what for entry in self.case.expect] or ["every result"]
        after_short = [what for what in results if what.startswith(("onsets.T2", "onsets.T3"))] or results
        listed = []
        for key, number in used_numbers(self.case):
            if number.status in ("literature", "measured"):
                continue
            used_by = after_short if key[:2] in (("sample", "short"), ("sample", "ejecta")) else results
            listed.append(
                {
                    "key": dotted(key),
                    "value": float(number),
                    "unit": DIMENSIONS[number.dimension].unit,
                    "status": number.status or "assumed",
                    "source": number.source or "not stated",
                    "used_by": used_by,
                }
            )
        return listed

    def _warnings(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        if isinstance(self.body, CellBody):
            own, driven, _ = self.body.own_rates(self.columns["rate_K_per_s"], self.machine, self.columns.get("self_heating_K_per_s"))
            found = cell_warnings(self.body, self.state, made, own, driven, self.columns["rate_K_per_s"])
        else:
            found = self.body.warnings(self.state, made["regions"]) + self._faint(made)
        if self._too_long:
            least = show(float(self.time[-1]) / MOST_ROWS, "time")
            text = f"record.csv would have more than {MOST_ROWS:.0e} rows and is not written: an interval of {least} or more is wanted"
            found.append({"code": "record", "text": text, "where": "programme.record.interval"})
        found += slips(self.case)
        T0 = min(
            (probe["initial_K"] for probe in made["probes"].values()),
            default=300.0 if isinstance(self.body, CellBody) else float(np.min(self.body.start)),
        )
        found += excesses(made, T0)
        found += _unconverged(self.mesh_check) if self.mesh_check else []
        for key, number in used_numbers(self.case):
            if number.source and "held constant beyond its table" in number.source:
                found.append({"code": "outside-table", "text": f"{dotted(key)}: {number.source}", "where": dotted(key)})
        return found + open_balance(self.body, self.state, made["energy"])

    def _faint(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        """A warning of probes whose whole signal is not far above the error that a step may have."""
        programme = self.case.programme
        if self.case.numerics.step is not None or not isinstance(programme, SurroundingsProgramme) or isinstance(self.body, CellBody):
            return []
        low, high = extremes_of(self.body.start, programme.terms(), float(self.time[-1]))
        largest = max(high - low, *(region["maximum_K"] - region["minimum_K"] for region in made["regions"].values()))
        allowed = self.case.step_tolerance() * largest
        signals = {name: float(np.ptp(self.probe(name))) for name in self.case.measure.probes}
        faint = [name for name, signal in signals.items() if 1e-9 * largest < signal < LEAST_SIGNAL * allowed]
        if not faint:
            return []
        least = min(signals[name] for name in faint)
        names = ", ".join(faint[:3]) + (", ..." if len(faint) > 3 else "")
        text = f"{names}: the probe changes by {least:.2g} K, and a step may err by {allowed:.2g} K ({self.case.step_tolerance():g} of the "
        text += "largest difference in the case): its course is not resolved; "
        text += f"numerics.tolerance: {max(0.01 * least / largest, 1e-8):.0e} resolves it"
        return [{"code": "faint-signal", "text": text, "where": f"probes.{faint[0]}"}]


LEAST_SIGNAL = 5.0  # times the error that a step may have: less is told


def cell_warnings(body: CellBody, state: State, made: dict[str, Any], own: Floats, driven: Any, rate: Floats) -> list[dict[str, Any]]:
    """What there is to say of the chemistry and the onsets of a cell; `own` and `driven` as `own_rates` gives them, `rate` dT/dt [K/s]."""
    found, onsets = body.warnings(state), made["onsets"]
    first, ended = onsets["T1"], onsets["cessation"]
    if first is not None and first["margin"] < 0.1:
        text = f"T1 rests on a rate only {100.0 * first['margin']:.2g} % above the sensitivity: a little less and it is a whole step later"
        found.append({"code": "thin-margin", "text": text, "where": "onsets.T1"})
    if ended is not None and ended["margin"] > -0.1:
        text = f"the cessation rests on a rate only {-100.0 * ended['margin']:.2g} % below the sensitivity: the sample still heats itself"
        found.append({"code": "thin-margin", "text": text, "where": "onsets.cessation"})
    for name in onset.unconfirmed(onsets["T2"], own, driven)[:1]:
        text = f"the cell rises by less than {onset.LATER_RISE:g} K after it heats itself at {name}: no T2 ({name}) can be read; "
        text += f"at the end it heats itself at {show(float(own[-1]), 'temperature rate')}"
        found.append({"code": "cut-short", "text": text, "where": f"onsets.T2.{name}"})
    primary = CRITERIA[0]
    if body.surrounded and primary in onsets["T2"] and onsets["T2"][primary] is None:
        fastest = float(np.max(own))
        if fastest < onset.RATES[primary] <= float(np.max(rate)):
            text = f"no T2 ({primary}): the temperature rises so fast only where something else heats the cell, which heats itself at "
            text += f"{show(fastest, 'temperature rate')} at most"
            found.append({"code": "heated", "text": text, "where": f"onsets.T2.{primary}"})
    return found


def open_balance(body: Body, state: State, energy: dict[str, Any]) -> list[dict[str, Any]]:
    """A warning where the balance of energy leaves more open than digits do."""
    residual = energy["residual_W"] if "residual_W" in energy else energy["residual_J"]
    if energy["residual_relative"] <= body.energy_limit or abs(residual) <= body.rounding(energy, state):
        return []
    text = f"the energy balance is open by {energy['residual_relative']:.1e} of the heat exchanged or moved; "
    return [{"code": "energy", "text": text + f"at most {body.energy_limit:g} is allowed", "where": "energy"}]


def balanced(body: Body, state: State, begun: Floats, between: float = 0.0) -> dict[str, Any]:
    """The balance of energy of a run that is not steady; `between`: heat that came and went, or moved between regions [J]."""
    energy = body.energy(state, begun)
    released = sum(energy["released_J"].values())
    balance = energy["final_J"] - energy["initial_J"] - energy["heat_in_J"] + energy["heat_out_J"]
    residual = balance - released + energy["ejected_J"]
    exchanged = energy["heat_in_J"] + energy["heat_out_J"] + energy["ejected_J"]
    exchanged += sum(abs(heat) for heat in energy["released_J"].values())
    stored = max(abs(energy["initial_J"]), abs(energy["final_J"]))
    # a body that exchanges nothing moves heat within it, and one that does not has the digits of what it stores
    exchanged = max(exchanged, between, body.moved(state, begun), 1e-12 * stored)
    return energy | {"residual_J": residual, "residual_relative": abs(residual) / exchanged if exchanged > 0.0 else 0.0}


MOST_OFF = 0.005, 0.01  # of a crossing time; of the span of temperatures, the largest flow or the heat, by one refinement


def _unconverged(check: dict[str, Any]) -> list[dict[str, Any]]:
    """Results that change much when the mesh is refined once."""
    found = []
    if check["failure"]:
        found.append({"code": "mesh", "text": f"the run on the refined mesh failed: {check['failure']}", "where": "numerics.check_mesh"})
    for name, entry in check["crossings"].items():
        change, where = entry["relative_difference"], f"crossings.{name}"
        if change is None:
            on = "this mesh" if entry["refined_time_s"] is None else "the refined mesh"
            found.append({"code": "mesh", "text": f"{name} is crossed on {on} alone: it is not converged", "where": where})
        elif abs(change) > MOST_OFF[0]:
            text = f"{name} changes by {change:+.2%} when the mesh is refined once: it is not converged"
            found.append({"code": "mesh", "text": text, "where": where})
    for name, entry in check["results"].items():
        if abs(entry["relative"]) > MOST_OFF[1]:
            text = f"{name} changes by {changed_by(name, entry)} when the mesh is refined once: it is not converged"
            found.append({"code": "mesh", "text": text, "where": f"mesh_check.results.{name}"})
    return found


def changed_by(name: str, entry: dict[str, Any]) -> str:
    """In words, by how much a result of the mesh check has changed, and when."""
    change, unit = entry["refined_value"] - entry["value"], name.rpartition("_")[2]
    at = "" if entry["time_s"] is None else f" at {show(entry['time_s'], 'time')}"
    return f"{change:+.3g} {unit}{at} ({entry['relative']:+.2%})"


STORED = 5  # of the rows of a region: heat stored since the start [J]
SOLVERS = {"banded": N_BANDED, "direct": N_DIRECT, "cg-jacobi": N_JACOBI, "cg-multigrid": N_MULTIGRID, "modes": N_MODES}

CESSATION = "rate below the sensitivity"

DEFINITIONS = {
    "T1": "end of the first window of the instrument whose mean rate reaches the sensitivity; margin: that rate over it, less 1",
    "T2": "last temperature before the rate reaches the criterion, outside heating, with a later rise of 10 K or more",
    "T2 voltage-drop": "temperature at which the voltage falls below half of what it was at the start",
    "dsc": "exothermic up, above the baseline; a peak ends at the lowest point before the next; onset: tangent at its steepest rise",
    "T3": "largest temperature from T2 by 1 K/s to the next heating from outside, where the record goes on to it",
    "cessation": "end of the first window of an exotherm whose mean rate lies below the sensitivity; margin: that rate over it, less 1",
    "energy": "initial_J, final_J: enthalpy relative to 298.15 K; exchange with the wall is net; residual: what the balance leaves open",
    "exotherm": "from the end of the detecting window to a cessation or the end of the test; heat: released in between, in the sample; "
    "stored: what its rise takes with what is heated with it, and the mean heat capacity that rests on",
}


def exotherms(
    time: Floats, temperature: Floats, machine: Floats, released: Floats, sensitivity: float, end_reason: str
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Every exotherm that an instrument found, and T1: the first, with the window that detected it.

    Parameters
    ----------
    time [s], temperature [K] : arrays (n,)
    machine : array (n, N_MACHINE), the instrument's state in each row
    released : array (n,) heat released so far [J]
    sensitivity : [K/s]
    end_reason : why the run ended, for an exotherm that was on by then
    """
    found: list[dict[str, Any]] = []
    first = None
    for row in np.flatnonzero(np.diff(machine[:, EXOTHERMS], prepend=0.0) > 0.0):
        later = np.flatnonzero(machine[row:, IN_EXOTHERM] == 0.0)
        over = int(row + later[0]) if len(later) else len(temperature) - 1
        ceased = bool(len(later)) and (machine[over, PHASE] not in (COOL, AFTER) or machine[over, REASON] == BY_STANDSTILL)
        reason = CESSATION if ceased else REASONS[Calorimeter][int(machine[over, REASON])] if len(later) else end_reason
        rate = float(machine[row, WINDOW_RATE])
        criterion = f"mean rate over the seek window >= {sensitivity * 60.0:g} K/min"
        if machine[row, BEFORE] in (HEAT, WAIT) or machine[row, PHASE] == RUN:
            criterion = f"rate above the limit in the phase '{PHASE_NAMES[machine[row, BEFORE]]}'"
        detected = {"criterion": criterion, "rate_K_per_s": rate, "margin": rate / sensitivity - 1.0}
        found.append(
            {
                "start": {"temperature_K": float(temperature[row]), "time_s": float(time[row]), **detected},
                "end": {
                    "temperature_K": float(temperature[over]),
                    "time_s": float(time[over]),
                    "reason": reason,
                    "margin": float(machine[over, MEAN_RATE]) / sensitivity - 1.0 if ceased else None,
                },
                "rise_K": float(temperature[over] - temperature[row]),
                "heat_J": float(released[over] - released[row]),
                "test": int(machine[row, TEST]) + 1,
            }
        )
        if first is None:
            first = {
                "temperature_K": float(temperature[row]),
                "temperature_start_of_window_K": float(machine[row, WINDOW_START]),
                "time_s": float(time[row]),
                **detected,
            }
    return found, first


def first_crossing(time: Floats, values: Floats, level: float) -> float | None:
    """When a column first reaches a level, rising or falling; None if never.

    Between rows runs a monotone cubic over time or log time, or the cubic through the four nearest rows, which is what steps of second
    order allow to lie so far apart: whichever foretells the rows beside the crossing best from the others.
    """
    from scipy.optimize import brentq

    if values[0] == level:
        return float(time[0])
    reached = values >= level if values[0] < level else values <= level
    rows = np.flatnonzero(reached)
    if not len(rows):
        return None
    row = int(rows[0])
    if values[row] == level:
        return float(time[row])
    near = np.arange(max(row - 4, 0), min(row + 4, len(time)))
    near = near[np.concatenate([[True], np.diff(time[near]) > 0.0])]
    if time[row] <= time[row - 1] or len(near) < 3:
        return float(time[row])
    t, y = time[near], values[near]
    beside = [k for k in range(1, len(near) - 1) if near[k] in (row - 1, row)]

    def missed(curve: Callable[[Floats, Floats, float], float]) -> float:
        return float(sum(abs(curve(np.delete(t, k), np.delete(y, k), float(t[k])) - float(y[k])) for k in beside))

    def above(at: float) -> float:
        ends = {float(time[k]): float(values[k]) for k in (row - 1, row)}  # to the last digit, so that the level lies between
        return (ends[at] if at in ends else curve(t, y, at)) - level

    curve = min(CURVES if t[0] > 0.0 else (CURVES[0], CURVES[2]), key=missed)
    return float(brentq(above, float(time[row - 1]), float(time[row]), xtol=1e-300, rtol=1e-14))


def _monotone(time: Floats, values: Floats, at: float) -> float:
    from scipy.interpolate import PchipInterpolator

    return float(PchipInterpolator(time, values)(at))


def _monotone_over_log(time: Floats, values: Floats, at: float) -> float:
    return _monotone(np.log(time), values, math.log(at))


def _cubic(time: Floats, values: Floats, at: float) -> float:
    """Through the four nearest rows."""
    from scipy.interpolate import KroghInterpolator  # the barycentric one draws its order at random

    first = int(np.clip(np.searchsorted(time, at) - 2, 0, max(len(time) - 4, 0)))
    return float(KroghInterpolator(time[first : first + 4], values[first : first + 4])(at))


CURVES = (_monotone, _monotone_over_log, _cubic)


def look_up(summary: dict[str, Any], what: str) -> Any:
    """The entry of a summary under a dotted key; None where it is absent."""
    node: Any = summary
    for part in what.split("."):
        if isinstance(node, list):
            node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
        elif isinstance(node, dict):
            node = node.get(part)
        else:
            return None
    return node


def judged(entry: Any, summary: dict[str, Any]) -> dict[str, Any]:
    """An expectation beside what came out; `holds` is None where no value was stated."""
    found = look_up(summary, entry.what)
    key = entry.what
    if isinstance(found, dict) and "temperature_K" in found:  # a group such as an onset: its temperature stands for it
        found, key = found["temperature_K"], f"{entry.what}.temperature_K"
    value = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    aim = wanted(entry.what, entry.value)
    holds: bool | None = None
    if entry.value == "none":
        holds = found is None
    elif aim is not None:
        holds = value is not None and abs(value - aim) <= tolerance(entry.what, aim, str(entry.within))
    return {
        "name": entry.what,
        "value": value,
        "unit": unit_of(key),
        "wanted": "none" if entry.value == "none" else aim,
        "within": entry.within,
        "holds": holds,
        "kind": entry.kind,
        "source": entry.source,
    }


def unit_of(what: str) -> str | None:
    """The SI unit that the last word of a key states."""
    from thermo.casefile.units import DIMENSIONS, SUFFIXES

    return next((DIMENSIONS[dimension].unit for suffix, dimension in SUFFIXES.items() if what.endswith(suffix)), None)


def shown(what: str, value: float | None) -> str:
    """A value as people read it, `none` where there is none."""
    from thermo.casefile.units import dimension_of_key

    return "none" if value is None else show(value, dimension_of_key(what))
