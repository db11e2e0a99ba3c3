"""run(case): put the sample through its programme and read off what the case asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.errors import SolveError
from thermo.case.case import Case
from thermo.programmes.programme import progress
from thermo.simulation.crossings import levels_of
from thermo.simulation.prepare import build
from thermo.simulation.prepared import Prepared
from thermo.simulation.result import Recording, Result
from thermo.stepping.loop import CLOCK, Limits, State, initial_state, integrate, trouble


class Moment:
    """Where a run is, between two blocks: all that a checkpoint, a progress bar or a signal needs."""

    def __init__(self, body: Prepared, state: State, recording: Recording, frames: list[tuple[float, Floats]]) -> None:
        self.body, self.state, self.recording, self.frames = body, state, recording, frames

    @property
    def done(self) -> float:
        """About how much of the run is done, 0 to 1."""
        machine, clock = self.state.machine, float(self.state.loop[CLOCK])
        hottest = float(np.max(self.state.temperature))
        return min(max(float(progress(self.body.programme, machine, max(clock, 1e-300), hottest)), 0.0), 1.0)


def run(
    case: Case, *, body: Prepared | None = None, resume: dict[str, Any] | None = None, watch: Callable[[Moment], None] | None = None
) -> Result:
    """Put the case's sample through its programme and read off what the case asks for.

    `resume` takes what `checkpoint` gave; `watch` is called between blocks of steps and may stop the run by raising. A run
    that cannot go on returns what it has, and says why in its summary.
    """
    body = body or build(case)
    state = initial_state(body.sample, body.programme)
    begun, recording = state.enthalpy.copy(), Recording(body)
    if resume is not None:
        recording.restore(resume)
    levels = levels_of(case, body, state.temperature, recording.columns())
    if resume is not None:
        state = State(*(resume[f"state/{name}"].copy() for name in State._fields))
    failure, started = None, time.monotonic()
    times = np.unique([*(float(time) for time in case.measure.pictures.times), *case.programme.moments()])
    longest = float(min(case.numerics.step or np.inf, case.numerics.longest_step or np.inf))
    limits = Limits(most_steps=float(case.numerics.most_steps), longest_step=longest)
    try:
        if case.programme.steady:
            blocks = body.settled(state)
        else:
            blocks = integrate(
                body.sample,
                body.programme,
                state,
                times=times,
                levels=levels,
                limits=limits,
                n_steps=body.steps_at_once,
                run=body.stepper(),
            )
        for block in blocks:
            frames = recording.take(block)
            if watch is not None:
                watch(Moment(body, state, recording, frames))
            if time.monotonic() - started > case.time_allowed():
                raise SolveError(trouble(state, "the budget of time is used up"))
    except SolveError as error:
        failure = str(error) + body.blame(state)
    result = Result(case, body, state, begun, recording, failure)
    if case.numerics.check_mesh and failure is None and body.frame() is not None:
        result.mesh_check = compared(result, run(refined(case), body=build(case, refine=1)))
    return result


def refined(case: Case) -> Case:
    """The case without its own mesh check, for the run on the finer mesh."""
    return case.model_copy(update={"numerics": case.numerics.model_copy(update={"check_mesh": False})})


def compared(coarse: Result, fine: Result) -> dict[str, Any]:
    """What changes when every cell is cut in two: crossing times, the largest difference of each probe and of each heat or flow over the
    history, extremes of regions, the heat that was exchanged.

    `relative`: a difference over the crossing time, over the span of all temperatures, or over the largest heat or flow there is.
    """
    ours, theirs = coarse.summary(), fine.summary()
    times: dict[str, Any] = {}
    for name, mine in ours["crossings"].items():
        other = theirs["crossings"][name]
        a, b = mine and mine["time_s"], other and other["time_s"]
        if mine is not None or other is not None:
            change = (b - a) / a if mine and other and a else None
            times[name] = {"time_s": a, "refined_time_s": b, "relative_difference": change}
    regions = ours["regions"]
    span = max(entry["maximum_K"] for entry in regions.values()) - min(entry["minimum_K"] for entry in regions.values())
    found: dict[str, Any] = {}

    def put(name: str, value: float, refined: float, scale: float, time: float | None = None) -> None:
        relative = (refined - value) / scale if scale > 0.0 else 0.0
        found[name] = {"value": value, "refined_value": refined, "relative": relative, "time_s": time}

    powers = [name for name in coarse.columns if name.startswith(("heat_", "flow_")) and name.endswith("_W")]
    largest = max((float(np.max(np.abs(coarse.columns[name]))) for name in powers), default=0.0)
    again = np.diff(coarse.time) == 0.0  # two rows of one moment are both sides of a jump, whose moments differ in their last digits
    smooth = ~(np.append(again, False) | np.append(False, again))
    for name in [*(f"{probe}_K" for probe in ours["probes"]), *powers]:
        mine, other = coarse.columns[name], np.interp(coarse.time, fine.time, fine.columns[name])
        row = int(np.argmax(np.abs(other - mine) * smooth))
        put(name, float(mine[row]), float(other[row]), span if name.endswith("_K") else largest, float(coarse.time[row]))
    for name, entry in regions.items():
        for key in ("maximum_K", "minimum_K"):
            put(f"regions.{name}.{key}", entry[key], theirs["regions"][name][key], span)
    if ours.get("stability", {}).get("critical_ambient_K") and theirs["stability"]["critical_ambient_K"]:
        name = "critical_ambient_K"
        put(f"stability.{name}", ours["stability"][name], theirs["stability"][name], span)
    for key in ("heat_in_J", "heat_in_W"):
        if key in ours["energy"]:
            put(f"energy.{key}", ours["energy"][key], theirs["energy"][key], abs(ours["energy"][key]))
    failure = fine.failure
    return {
        "n_dofs": coarse.body.n_dofs,
        "refined_n_dofs": fine.body.n_dofs,
        "failure": failure,
        "crossings": times,
        "results": found,
    }


def checkpoint(moment: Moment) -> dict[str, Any]:
    """Everything that a resumed run needs, as named arrays."""
    state = {f"state/{name}": array for name, array in zip(State._fields, moment.state, strict=True)}
    return state | moment.recording.arrays()
