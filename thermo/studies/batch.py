"""Many parameter sets of one lumped case, compiled: the same step, loop and instrument as a single run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from thermo.base.arrays import Floats
from thermo.base.compiled import compile_kernels
from thermo.case.case import Case
from thermo.case.plausibility import excesses, slips
from thermo.cells.line_step import line_reading
from thermo.cells.self_heating import self_heating_rates
from thermo.measurement.asked import CRITERIA
from thermo.programmes.driving import Rows
from thermo.programmes.programme import ENDED, PHASE, REASON, REASONS
from thermo.simulation.cell_body import CellBody, released
from thermo.simulation.crossings import first_crossing, level_of, levels_of, probe_rates
from thermo.simulation.result import balanced, onset_warnings, open_balance, sensed
from thermo.stepping.loop import N_STEPS, TROUBLE, Limits, State, advance, copied, initial_state, make_work, new_history
from thermo.stepping.rows import History

ROWS = 20_000  # of one test; a full heat-wait-seek test writes some 300
BLOCK = 64  # rows between two words of progress


def columns_of(case: Case) -> list[str]:
    """The columns that a batch of a case has: onsets, T2 by every criterion of the case, its crossings."""
    criteria = [f"T2 {name}" for name in case.measure.onsets.T2 if name != CRITERIA[0]]
    onsets = ["T1", "T2", *criteria, "T3"]
    columns = [name for onset in onsets for name in (f"{onset}_K", f"{onset}_time_s")]
    columns += ["cessation_K", "exotherms", "maximum_rate_K_per_s", "end_time_s", "maximum_K", "final_K"]
    return columns + [f"crossing {name}_time_s" for name in case.measure.crossings]


def replaced(model: Any, key: str, value: float | str) -> Any:
    """The model with one number replaced (dotted key; SI, or a text with its unit), checked as if a case file had said it.

    Raises ValueError where there is no such key or the value is out of its range.
    """
    if isinstance(model, BaseModel):
        names = {field.alias or name: name for name, field in type(model).model_fields.items()}
        part = next((alias for alias in names if key == alias or key.startswith(alias + ".")), None)
        if part is None:
            raise ValueError(f"there is no {key!r}; choose one of {', '.join(names)}")
        inner = getattr(model, names[part])
        rest = key[len(part) + 1 :]
        if part == "with" and rest:  # a number of the mechanism, whether the case changes it already or not
            new: Any = {**inner, rest: value}
        else:
            new = value if key == part else replaced(inner, rest, value)
        entries = {alias: getattr(model, name) for alias, name in names.items() if name in model.model_fields_set}
        try:
            return type(model).model_validate(entries | {part: new})
        except ValidationError as error:
            raise ValueError(f"{key}: {error.errors()[0]['msg']}") from None
    if isinstance(model, Mapping):
        part = next((name for name in model if key == name or key.startswith(name + ".")), None)
        if part is None:
            raise ValueError(f"there is no {key!r}; choose one of {', '.join(model)}")
        old = model[part]
        if key == part:
            return {**model, part: old.like(value) if hasattr(old, "like") and not isinstance(value, str) else value}
        return {**model, part: replaced(old, key[len(part) + 1 :], value)}
    raise ValueError(f"there is no {key!r} to replace")


def changed_cases(case: Case, table: Mapping[str, Sequence[float | str]]) -> list[Case]:
    """The case once for each row of a table. Raises ValueError as `simulate_many` does."""
    if case.sample.has_field:
        raise ValueError("simulate_many needs a lumped cell")
    if case.programme.steady:
        raise ValueError(
            f"a programme '{case.programme.kind}' has no course over time that simulate_many could follow; run each case alone"
        )
    lengths = {len(column) for column in table.values()}
    if len(lengths) != 1:
        raise ValueError("the columns of the table differ in length" if lengths else "the table is empty")
    case = case.model_copy(update={"expect": ()})  # they would be read again in every row
    rows = []
    for i in range(lengths.pop()):
        row = case
        for key, column in table.items():
            row = replaced(row, key, column[i] if isinstance(column[i], str) else float(column[i]))
        rows.append(row)
    return rows


def blocks_of(shapes: Sequence[Any]) -> list[list[int]]:
    """The rows in blocks of at most `BLOCK` whose states are of one shape."""
    alike = [[i for i, own in enumerate(shapes) if own == shape] for shape in dict.fromkeys(shapes)]
    return [rows[first : first + BLOCK] for rows in alike for first in range(0, len(rows), BLOCK)]


def simulate_many(
    case: Case,
    table: Mapping[str, Sequence[float | str]],
    *,
    cores: int | None = None,
    watch: Callable[[float], None] | None = None,
    warned: dict[int, list[dict[str, Any]]] | None = None,
) -> dict[str, Floats]:
    """Run a lumped case once for each row of a table of parameters, whatever its programme.

    Parameters
    ----------
    case : a lumped cell in any programme
    table : columns by dotted key of the case, such as `sample.ejecta.fraction` or `sample.with.pool.heat`: SI numbers, or texts with units
    cores : threads; all cores by default
    watch : told from time to time how much is done, 0 to 1; it may raise to stop
    warned : takes the warnings of each row that has any, by its place in the table from 0, as a single run words them

    Returns
    -------
    dict of arrays (n_rows,): T1, T2 (by 1 K/s, then by the other criteria of the case), T3, cessation [K] and their times [s], number
    of exotherms, largest rate, end of the test, largest and last temperature, times of the crossings; NaN where a thing did not happen.
    A row that could not be finished is NaN throughout.

    Raises
    ------
    ValueError : the case is another one, a key does not exist, a value is out of range, columns differ in length
    """
    cases, columns = changed_cases(case, table), columns_of(case)
    bodies = [CellBody(row) for row in cases]
    n_rows = len(bodies)
    compiler = compile_kernels()
    compiled, rates_of = compiler(advance), compiler(self_heating_rates)
    out = np.full((n_rows, len(columns)), np.nan)

    shapes = [tuple(array.shape for array in (*initial_state(b.sample, b.programme), b.sample.mechanism.start)) for b in bodies]
    spare: dict[Any, list[History]] = {shape: [] for shape in shapes}  # memory that blocks of one shape hand on to each other

    def block(rows: Sequence[int]) -> None:
        first, memory = bodies[rows[0]], spare[shapes[rows[0]]]
        state = initial_state(first.sample, first.programme)
        work, trial = make_work(first.sample, first.programme), copied(state)
        history = memory.pop() if memory else new_history(first.sample, state, ROWS, 0)
        limits = Limits(most_steps=float(case.numerics.most_steps))
        for i in rows:
            body = bodies[i]
            state = initial_state(body.sample, body.programme)
            begun, levels = state.enthalpy.copy(), levels_of(cases[i], body, state.temperature, {})
            n = compiled(body.sample, body.programme, state, work, trial, np.zeros(0), levels, limits, history, ROWS)
            if state.loop[TROUBLE] == 0.0 and state.machine[PHASE] == ENDED and state.loop[N_STEPS] > 0.0:
                out[i], said = _read(cases[i], body, history, n, state, begun, rates_of, warned is not None)
                if warned is not None and said:
                    warned[i] = said
        memory.append(history)

    blocks = blocks_of(shapes)
    with ThreadPoolExecutor(max(1, min(cores or os.cpu_count() or 1, n_rows))) as pool:
        for done, _ in enumerate(pool.map(block, blocks), 1):
            if watch is not None:
                watch(done / len(blocks))
    return {name: out[:, j] for j, name in enumerate(columns)}


def _read(
    case: Case, body: CellBody, history: History, n: int, state: State, begun: Floats, rates_of: Callable[..., Floats], warn: bool
) -> tuple[list[float], list[dict[str, Any]]]:
    """The numbers of one test and its warnings, by the functions that read a single run."""
    read = line_reading(body.sample, history.reading[:n])
    extent, fired = read.extent[:, 0], read.fired[:, 0]
    time, T, rate, machine = history.time[:n], read.temperature[:, body.sample.sensor], history.rate[:n], history.machine[:n]
    columns: dict[str, Any] = {}
    if not body.reader.watches_onsets and body.reactions:
        columns["self_heating_K_per_s"] = rates_of(body.sample, read.temperature[:, body.sample.site_node[0]], extent, fired, rate)
    if body.cell.short is not None:
        columns["voltage_V"] = body.voltages(extent, fired)
    seen = Rows(time, T, rate, machine, released(history.ledger[:n]))
    criteria = tuple(dict.fromkeys((CRITERIA[0], *case.measure.onsets.T2)))
    made = sensed(body, criteria, seen, columns, str(REASONS[type(body.programme)][int(state.machine[REASON])]))
    first, seconds, third, ended = (made["onsets"][name] for name in ("T1", "T2", "T3", "cessation"))
    found, fastest = made.get("exotherms", []), made["maximum_rate"]
    row = [value for point in (first, *seconds.values(), third) for value in _pair(point)]
    row += [ended["temperature_K"] if ended else np.nan, float(len(found)), fastest["rate_K_per_s"] if fastest else np.nan]
    row += [float(time[-1]), float(T.max()), float(T[-1])]
    for name, crossing in case.measure.crossings.items():
        probe = read.temperature[:, body.nodes[crossing.probe]]
        if crossing.rate is None:
            at = first_crossing(time, probe, level_of(case, body, name))
        else:
            at = first_crossing(time, rate if crossing.probe == body.sensor else probe_rates(time, probe), float(crossing.rate))
        row.append(np.nan if at is None else at)
    if not warn:
        return row, []
    made["onsets"]["T2"] = {name: seconds[name] for name in case.measure.onsets.T2}
    made["probes"] = {"sample": {"maximum_K": float(T.max())}}
    own, driven, _ = body.reader.own_rates(rate, machine, columns.get("self_heating_K_per_s"))
    made["triggers"] = body.triggers(time, read.temperature[:, body.nodes["sample"]], fired, state)
    said = body.warnings(state, made, columns) + body.reader.warnings(made) + onset_warnings(body, made, own, driven, rate)
    said += slips(case) + excesses(made, float(T[0]))
    return row, said + open_balance(body, state, balanced(body, state, begun, {}))


def _pair(point: dict[str, Any] | None) -> tuple[float, float]:
    return (point["temperature_K"], point["time_s"]) if point else (np.nan, np.nan)
