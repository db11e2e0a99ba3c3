"""What a run leaves: columns over time, frames, events, energies, and the summary made of them. Knows nothing of equations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case, used_numbers
from thermo.case.plausibility import excesses, slips
from thermo.casefile.reader import dotted
from thermo.casefile.units import DIMENSIONS, show
from thermo.measurement.asked import CRITERIA, tolerance, wanted
from thermo.onsets import onset
from thermo.programmes.driving import Rows
from thermo.programmes.logger import MOST_ROWS
from thermo.programmes.programme import ENDED, PHASE, REASON, REASONS
from thermo.results.words import unit_of
from thermo.simulation.crossings import first_crossing, level_of, probe_rates
from thermo.simulation.hottest import hottest_onsets
from thermo.simulation.prepared import Prepared
from thermo.simulation.reactions import credible_power
from thermo.stepping.loop import (
    N_BANDED,
    N_DIRECT,
    N_JACOBI,
    N_MODES,
    N_MULTIGRID,
    N_REJECTED,
    N_SOLVES,
    N_STEPS,
    State,
)
from thermo.stepping.rows import History


class Recording:
    """Takes blocks of the history as they come and keeps what the case asks for; arrays only, so that it can be kept whole."""

    def __init__(self, body: Prepared) -> None:
        self.body, self.framed = body, body.frame() is not None
        self.parts: dict[str, list[Any]] = {}
        self.frames: list[tuple[float, Floats]] = []

    def take(self, block: History) -> list[tuple[float, Floats]]:
        """Keep a block; the frames that it completed, (time [s], nodal temperatures [K])."""
        columns = {"time_s": block.time, **self.body.columns(block)}
        columns |= {"row/machine": block.machine, "row/ledger": block.ledger}
        for name, values in columns.items():
            self.parts.setdefault(name, []).append(np.array(values))  # a view would hold all of the block
        new: list[tuple[float, Floats]] = []
        if self.framed:
            new = [(float(time), field.copy()) for time, field in zip(block.time[block.asked > 0.0], block.field, strict=True)]
            self.frames += new
        return new

    def columns(self) -> dict[str, Any]:
        """All rows so far, by column."""
        return {name: np.concatenate(values) for name, values in self.parts.items() if not name.startswith("row/")}

    def rows(self) -> dict[str, Floats]:
        """All rows so far of what is kept for the summary alone: the machine, the ledger, regions, heat released."""
        return {name.removeprefix("row/"): np.concatenate(values) for name, values in self.parts.items() if name.startswith("row/")}

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

    def __init__(self, case: Case, body: Prepared, state: State, begun: Floats, recording: Recording, failure: str | None) -> None:
        self.case, self.body, self.state = case, body, state
        self.columns, self.rows = recording.columns(), recording.rows()
        for name, released in body.released_by(self.ledger).items():
            self.columns[f"heat_{name}_W"] = credible_power(self.time, self.columns[f"heat_{name}_W"], released)
        self.frames = recording.frames
        self.failure = failure
        self.begun = begun
        self.mesh_check: dict[str, Any] | None = None

    @property
    def machine(self) -> Floats:
        """The machine of the programme, a row each."""
        return self.rows["machine"]

    @property
    def ledger(self) -> Floats:
        """The ledger of energies [J], a row each."""
        return self.rows["ledger"]

    @property
    def time(self) -> Floats:
        """Times of the rows [s]."""
        return self.columns["time_s"]  # type: ignore[no-any-return]

    def probe(self, name: str) -> Floats:
        """Temperature of a probe over time [K]."""
        return self.columns[f"{name}_K"]  # type: ignore[no-any-return]

    def summary(self) -> dict[str, Any]:
        """The summary as it is written, `cost` and `provenance` apart; absent things are None."""
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
            "hottest": None,
            "definitions": None,
        }
        if self.body.sensor is not None:
            made |= sensed(self.body, self.case.measure.onsets.T2, self._seen(), self.columns, self._end_reason())
            made["definitions"] = DEFINITIONS
        made |= self.body.summary(self.columns, self.rows, self.state)
        if "hottest" in self.rows:
            criteria = dict.fromkeys((CRITERIA[0], *self.case.measure.onsets.T2))
            made["hottest"] = hottest_onsets(self.time, self.rows["hottest"], criteria, made["onsets"])
        made["missed_crossings"] = {name: self._nearest(name) for name, crossing in made["crossings"].items() if crossing is None}
        made["energy"] = self._energy()
        made["expect"] = [judged(entry, made) for entry in self.case.expect]
        made["inputs_not_measured"] = self._inputs()
        made["warnings"] = self._warnings(made)
        if any(warning["code"] == "energy" for warning in made["warnings"]):
            made["status"] = "failed"
        made["mesh_check"] = self.mesh_check
        return made

    def _seen(self) -> Rows:
        """The run as its sensor saw it."""
        T, rows = self.probe(str(self.body.sensor)), self.rows
        return Rows(self.time, T, self.columns["rate_K_per_s"], rows["machine"], rows["released"])

    def record(self) -> dict[str, Floats] | None:
        """What a logger on the instrument's sensor has written, if the case asks for it."""
        if self.body.sensor is None:
            return None
        seen = self._seen()
        made = self.case.programme.written(seen, self.body.reader.last_row(seen.machine))
        if made is not None and "voltage_V" in self.columns:
            made["voltage_V"] = np.interp(made["time_s"], self.time, self.columns["voltage_V"])
        return made

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

    def _end_reason(self) -> str:
        if self.failure:
            return self.failure
        if self.state.machine[PHASE] != ENDED:
            return "stopped early"
        return str(REASONS[type(self.body.programme)][int(self.state.machine[REASON])])

    def _rates(self, probe: str) -> Floats:
        """How fast a probe rises [K/s]: as the loop has it of the sensor, else by its rows."""
        own = probe == self.body.sensor and "rate_K_per_s" in self.columns
        return self.columns["rate_K_per_s"] if own else probe_rates(self.time, self.probe(probe))

    def _crossing(self, name: str) -> dict[str, float] | None:
        asked = self.case.measure.crossings[name]
        if asked.rate is not None:
            at = first_crossing(self.time, self._rates(asked.probe), float(asked.rate))
            reached = 0.0 if at is None else float(np.interp(at, self.time, self.probe(asked.probe)))
            return None if at is None else {"time_s": at, "temperature_K": reached, "rate_K_per_s": float(asked.rate)}
        level = level_of(self.case, self.body, name)
        time = first_crossing(self.time, self.probe(self.case.measure.crossings[name].probe), level)
        return None if time is None else {"time_s": time, "temperature_K": level}

    def _nearest(self, name: str) -> dict[str, float]:
        """How near a crossing came that never happened."""
        asked = self.case.measure.crossings[name]
        if asked.rate is not None:
            rates = self._rates(asked.probe)
            row = int(np.argmax(rates))
            nearest, level = float(rates[row]), float(asked.rate)
            return {
                "rate_K_per_s": level,
                "nearest_K_per_s": nearest,
                "time_of_nearest_s": float(self.time[row]),
                "short_by": level - nearest,
            }
        level, values = level_of(self.case, self.body, name), self.probe(asked.probe)
        row = int(np.argmin(np.abs(values - level)))
        return {
            "temperature_K": level,
            "nearest_K": float(values[row]),
            "time_of_nearest_s": float(self.time[row]),
            "short_by_K": float(abs(values[row] - level)),
        }

    def _probe(self, name: str) -> dict[str, float]:
        values = self.probe(name)
        at = int(np.argmax(values))
        return {
            "initial_K": self.body.initial(name),
            "final_K": float(values[-1]),
            "maximum_K": float(values[at]),
            "time_of_maximum_s": float(self.time[at]),
        }

    def _energy(self) -> dict[str, Any]:
        energy = self.body.energy(self.state, self.begun)
        if "heat_in_W" in energy:
            made = energy.get("released_W", {}).values()
            left = energy["heat_in_W"] - energy["heat_out_W"] + sum(made)
            passed = energy["heat_in_W"] + energy["heat_out_W"] + sum(map(abs, made))
            return energy | {"residual_W": left, "residual_relative": abs(left) / passed if passed > 0.0 else 0.0}
        # heat that came and went again is none of the sums
        between = float(np.max(np.abs(self.columns["stored_J"]))) if "stored_J" in self.columns else 0.0
        return balanced(self.body, self.state, self.begun, self.rows, between)

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
        found = self.body.warnings(self.state, made, self.columns)
        if self.body.sensor is not None:
            found += self.body.reader.warnings(made)
            own, driven, _ = self.body.reader.own_rates(
                self.columns["rate_K_per_s"], self.rows["machine"], self.columns.get("self_heating_K_per_s")
            )
            found += onset_warnings(self.body, made, own, driven, self.columns["rate_K_per_s"])
        late = [float(time) for time in self.case.measure.pictures.times if time > self.time[-1] * (1.0 + 1e-9)]
        if late and not self.failure and not self.case.programme.steady:
            ended, first = show(float(self.time[-1]), "time"), show(min(late), "time")
            text = f"the run ended after {ended}, so there is no picture at {first}" + (" and later" if len(late) > 1 else "")
            found.append({"code": "no-picture", "text": text, "where": "measure.pictures.times"})
        if self.case.programme.too_long(self.time):
            least = show(float(self.time[-1]) / MOST_ROWS, "time")
            text = f"record.csv would have more than {MOST_ROWS:.0e} rows and is not written; give an interval of {least} or more"
            found.append({"code": "record", "text": text, "where": "programme.record.interval"})
        found += slips(self.case)
        T0 = min(
            (probe["initial_K"] for probe in made["probes"].values()),
            default=self.body.coldest_start(),
        )
        found += excesses(made, T0)
        found += _unconverged(self.mesh_check) if self.mesh_check else []
        for key, number in used_numbers(self.case):
            if number.source and "held constant beyond its table" in number.source:
                found.append({"code": "outside-table", "text": f"{dotted(key)}: {number.source}", "where": dotted(key)})
        return found + open_balance(self.body, self.state, made["energy"])


def sensed(body: Prepared, criteria: Iterable[str], seen: Rows, columns: dict[str, Any], end_reason: str) -> dict[str, Any]:
    """Onsets by the rates of the sensor, the largest rate, and what an instrument finds by itself; as a summary has them.

    `columns` may hold the self-heating rate and the voltage of a cell, `end_reason` says why the run ended.
    """
    reader = body.reader
    own, driven, heated = reader.own_rates(seen.rate, seen.machine, columns.get("self_heating_K_per_s"))
    second = onset.runaway_onsets(tuple(criteria), seen.time, seen.temperature, own, driven, columns.get("voltage_V"))
    row = reader.last_row(seen.machine)
    primary, last = second.get(CRITERIA[0]), min(float(own[row]), float(seen.rate[row]))  # what cools is past its largest temperature
    onsets: dict[str, Any] = {"T1": None, "T2": second, "T3": None, "cessation": None}
    onsets["T3"] = onset.third(seen.time, seen.temperature, last, primary, reader.sensitivity, heated)
    found = reader.summary(seen, columns, end_reason)
    for entry in found.get("exotherms", ()):
        entry |= {f"heat_J_per_{unit}": entry["heat_J"] / value for unit, value in body.references().items()}
        begun, ended = (body.stored(entry[end]["temperature_K"]) for end in ("start", "end"))
        entry["stored_J"] = ended - begun
        entry["heat_capacity_J_per_K"] = entry["stored_J"] / entry["rise_K"] if entry["rise_K"] != 0.0 else None
    fastest = onset.fastest(seen.time, seen.temperature, own, driven)
    return found | {"onsets": onsets | found.get("onsets", {}), "maximum_rate": fastest}


def onset_warnings(body: Prepared, made: dict[str, Any], own: Floats, driven: Any, rate: Floats) -> list[dict[str, Any]]:
    """What there is to say of the onsets; `own` and `driven` as `Reader.own_rates` gives them, `rate` dT/dt [K/s]."""
    found, onsets = [], made["onsets"]
    for name in onset.unconfirmed(onsets["T2"], own, driven)[:1]:
        text = f"the cell rises by less than {onset.LATER_RISE:g} K after its self-heating reaches {name}: no T2 ({name}) can be read; "
        text += f"at the end its self-heating rate is {show(float(own[-1]), 'temperature rate')}"
        found.append({"code": "cut-short", "text": text, "where": f"onsets.T2.{name}"})
    primary = CRITERIA[0]
    if body.reader.free and body.reactions and primary in onsets["T2"] and onsets["T2"][primary] is None:
        fastest = float(np.max(own))
        if fastest < onset.RATES[primary] <= float(np.max(rate)):
            text = f"no T2 ({primary}): the rate is reached only while something else heats the cell; its own self-heating is "
            text += f"{show(fastest, 'temperature rate')} at most"
            found.append({"code": "heated", "text": text, "where": f"onsets.T2.{primary}"})
    return found


def open_balance(body: Prepared, state: State, energy: dict[str, Any]) -> list[dict[str, Any]]:
    """A warning where the balance of energy leaves more open than digits do."""
    residual = energy["residual_W"] if "residual_W" in energy else energy["residual_J"]
    if energy["residual_relative"] <= body.energy_limit or abs(residual) <= body.rounding(energy, state):
        return []
    text = f"the energy balance has an error of {energy['residual_relative']:.1e} of the heat exchanged or moved; "
    return [{"code": "energy", "text": text + f"at most {body.energy_limit:g} is allowed", "where": "energy"}]


def balanced(body: Prepared, state: State, begun: Floats, rows: dict[str, Floats], between: float = 0.0) -> dict[str, Any]:
    """The balance of energy of a run that is not steady; `between`: heat that came and went, or moved between regions [J]."""
    energy = body.energy(state, begun)
    released = sum(energy["released_J"].values())
    balance = energy["final_J"] - energy["initial_J"] - energy["heat_in_J"] + energy["heat_out_J"]
    residual = balance - released + energy["ejected_J"]
    exchanged = energy["heat_in_J"] + energy["heat_out_J"] + energy["ejected_J"]
    exchanged += sum(abs(heat) for heat in energy["released_J"].values())
    stored = max(abs(energy["initial_J"]), abs(energy["final_J"]))
    # a body that exchanges nothing moves heat within it, and one that does not has the digits of what it stores
    exchanged = max(exchanged, between, body.moved(state, begun, rows), 1e-12 * stored)
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


SOLVERS = {"banded": N_BANDED, "direct": N_DIRECT, "cg-jacobi": N_JACOBI, "cg-multigrid": N_MULTIGRID, "modes": N_MODES}

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
    ended = float(summary["end"]["time_s"]) if unit_of(key) == "s" else None
    return {"name": entry.what, "value": value, "unit": unit_of(key)} | verdict(entry.what, entry, found is None, value, ended)


def verdict(what: str, entry: Any, absent: bool, value: float | None, ended: float | None = None) -> dict[str, Any]:
    """What an expectation wants of a value in the unit of the key `what`, and whether it holds: None where it wants nothing.

    `margin` is how far the value keeps from the nearest limit, negative beyond it. What is absent meets no limit; but a time that has not
    come when the run has `ended` [s] lies above any limit until then.
    """
    aim, low, high = (wanted(what, text) for text in (entry.value, entry.above, entry.below))
    holds: bool | None = None
    margin: float | None = None
    if entry.value == "none":
        holds = absent
    elif aim is not None:
        holds = value is not None and abs(value - aim) <= tolerance(what, aim, str(entry.within))
    elif low is not None or high is not None:
        if value is not None:
            margin = min(value - low if low is not None else math.inf, high - value if high is not None else math.inf)
        holds = margin > 0.0 if margin is not None else high is None and ended is not None and low is not None and ended >= low
    return {
        "wanted": "none" if entry.value == "none" else aim,
        "within": entry.within,
        "above": low,
        "below": high,
        "margin": margin,
        "holds": holds,
        "kind": entry.kind,
        "source": entry.source,
    }
