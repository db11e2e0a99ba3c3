"""Many parameter sets of one lumped case, compiled: the same step, loop and instrument as a single run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from thermo import onset
from thermo.arc import Calorimeter
from thermo.body import CellBody
from thermo.case import Case
from thermo.cell import LumpedCell
from thermo.compiled import compile_kernels
from thermo.kinetics import Floats
from thermo.programme import ENDED, PHASE, REASON, REASONS
from thermo.result import CESSATION, exotherms
from thermo.self_heating import self_heating_rates
from thermo.stepping import N_STEPS, RELEASED, TROUBLE, History, Limits, advance, copied, initial_state, make_work, new_history

ROWS = 20_000  # of one test; a full heat-wait-seek test writes some 300
COLUMNS = (
    *("T1_K", "T1_time_s", "T2_K", "T2_time_s", "T3_K", "T3_time_s", "cessation_K", "exotherms"),
    *("maximum_rate_K_per_s", "end_time_s", "maximum_K", "final_K"),
)
BLOCK = 64  # rows between two words of progress


def replaced(model: Any, key: str, value: float | str) -> Any:
    """The model with one number replaced (dotted key; SI, or a text with its unit), checked as if a case file had said it.

    Raises ValueError where there is no such key or the value is out of its range.
    """
    if isinstance(model, BaseModel):
        names = {field.alias or name: name for name, field in type(model).model_fields.items()}
        part = next((alias for alias in names if key == alias or key.startswith(alias + ".")), None)
        if part is None:
            raise ValueError(f"there is no {key!r}; it may be {', '.join(names)}")
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
            raise ValueError(f"there is no {key!r}; it may be {', '.join(model)}")
        old = model[part]
        if key == part:
            return {**model, part: old.like(value) if hasattr(old, "like") and not isinstance(value, str) else value}
        return {**model, part: replaced(old, key[len(part) + 1 :], value)}
    raise ValueError(f"there is no {key!r} to replace")


def changed_cases(case: Case, table: Mapping[str, Sequence[float | str]]) -> list[Case]:
    """The case once for each row of a table. Raises ValueError as `simulate_many` does."""
    if not isinstance(case.sample, LumpedCell):
        raise ValueError("simulate_many takes a lumped cell")
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


def simulate_many(
    case: Case,
    table: Mapping[str, Sequence[float | str]],
    *,
    cores: int | None = None,
    note: Callable[[str], None] | None = None,
    watch: Callable[[float], None] | None = None,
) -> dict[str, Floats]:
    """Run a lumped case once for each row of a table of parameters, whatever its programme.

    Parameters
    ----------
    case : a lumped cell in any programme
    table : columns by dotted key of the case, such as `sample.ejecta.fraction` or `sample.with.pool.heat`: SI numbers, or texts with units
    cores : threads; all cores by default
    note : told when code is compiled, which the first use on a machine does and later ones find in a cache
    watch : told from time to time how much is done, 0 to 1; it may raise to stop

    Returns
    -------
    dict of arrays (n_rows,): T1, T2 (by 1 K/s), T3, cessation [K] and their times [s], number of exotherms, largest rate, end
    of the test, largest and last temperature; NaN where a thing did not happen. A row that could not be finished is NaN throughout.

    Raises
    ------
    ValueError : the case is another one, a key does not exist, a value is out of range, columns differ in length
    """
    bodies = [CellBody(row) for row in changed_cases(case, table)]
    n_rows = len(bodies)
    compiler = compile_kernels(note)
    compiled, rates_of = compiler(advance), compiler(self_heating_rates)
    out = np.full((n_rows, len(COLUMNS)), np.nan)

    shapes = [tuple(array.shape for array in (*initial_state(b.sample, b.programme), b.sample.mechanism.start)) for b in bodies]
    alike = [[i for i in range(n_rows) if shapes[i] == shape] for shape in dict.fromkeys(shapes)]
    blocks = [rows[first : first + BLOCK] for rows in alike for first in range(0, len(rows), BLOCK)]
    spare: dict[Any, list[History]] = {shape: [] for shape in shapes}  # memory that blocks of one shape hand on to each other

    def block(rows: Sequence[int]) -> None:
        first, memory = bodies[rows[0]], spare[shapes[rows[0]]]
        state = initial_state(first.sample, first.programme)
        work, trial = make_work(first.sample, first.programme), copied(state)
        history = memory.pop() if memory else new_history(state, ROWS)
        limits = Limits(most_steps=float(case.numerics.most_steps))
        for i in rows:
            body = bodies[i]
            state = initial_state(body.sample, body.programme)
            n = compiled(body.sample, body.programme, state, work, trial, np.zeros(0), limits, history, ROWS)
            if state.loop[TROUBLE] == 0.0 and state.machine[PHASE] == ENDED and state.loop[N_STEPS] > 0.0:
                out[i] = _read(body, history, n, state, rates_of)
        memory.append(history)

    with ThreadPoolExecutor(max(1, min(cores or os.cpu_count() or 1, n_rows))) as pool:
        for done, _ in enumerate(pool.map(block, blocks), 1):
            if watch is not None:
                watch(done / len(blocks))
    return {name: out[:, j] for j, name in enumerate(COLUMNS)}


def _read(body: CellBody, history: History, n: int, state: Any, rates_of: Callable[..., Floats]) -> list[float]:
    """The numbers of one test, by the functions that read a single run."""
    programme = body.programme
    time, T, rate, machine = history.time[:n], history.temperature[:n, body.sample.sensor], history.rate[:n], history.machine[:n]
    sensitivity, own = 1e-9, None
    if not body.arc and len(body.reactions):
        own = rates_of(body.sample, history.temperature[:n, body.sample.site_node[0]], history.extent[:n, 0], history.fired[:n, 0], rate)
    own, driven, heated = body.own_rates(rate, machine, own)
    found: list[dict[str, Any]] = []
    first, ended = None, None
    if isinstance(programme, Calorimeter):
        reason, sensitivity = REASONS[Calorimeter][int(state.machine[REASON])], programme.sensitivity
        found, first = exotherms(time, T, machine, history.ledger[:n, RELEASED:].sum(axis=1), sensitivity, reason)
        ended = next((entry["end"] for entry in found if entry["end"]["reason"] == CESSATION), None)
    second = onset.runaway_onsets(("1 K/s",), time, T, own, driven, None)["1 K/s"]
    third = onset.third(time, T, float(own[body.last_row(machine)]), second, sensitivity, heated)
    fastest = onset.fastest(time, T, own, driven)
    row = [value for point in (first, second, third) for value in _pair(point)]
    row += [ended["temperature_K"] if ended else np.nan, float(len(found)), fastest["rate_K_per_s"] if fastest else np.nan]
    return [*row, float(time[-1]), float(T.max()), float(T[-1])]


def _pair(point: dict[str, Any] | None) -> tuple[float, float]:
    return (point["temperature_K"], point["time_s"]) if point else (np.nan, np.nan)
