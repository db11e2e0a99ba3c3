"""The step and the loop: orders, balances, events, rejected steps, the same arithmetic compiled."""

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.base.errors import SolveError
from thermo.case.case import read_case
from thermo.programmes.programme import Schedule
from thermo.simulation.cell_body import CellBody
from thermo.stepping.loop import (
    CLOCK,
    N_REJECTED,
    N_STEPS,
    STEP,
    Limits,
    copied,
    initial_state,
    integrate,
    interpolate,
    make_work,
    take_step,
)
from thermo.stepping.rows import History


def body():
    return CellBody(read_case(CASES / "paper" / "cu-20li.yaml"))


def hot_state(cell, programme, temperature=440.0):
    """The cell at a temperature where three reactions run."""
    return initial_state(cell._replace(start_temperature=temperature), programme)


def no_events(end):
    return Schedule(np.array([end]))


def fixed_steps(cell, programme, state, h, n):
    work, trial = make_work(cell, programme), copied(state)
    state = copied(state)
    for i in range(n):
        take_step(cell, programme, state, i * h, h, work)
        interpolate(cell, state, work, 1.0, trial)
        state = copied(trial)
    return state


def test_dense_output_is_of_third_order_or_better_and_meets_both_ends():
    cell, programme = body().sample._replace(trigger_temperature=np.array([1e9])), no_events(1e9)
    start = hot_state(cell, programme)
    errors = []
    for h in (4.0, 2.0):
        work, trial = make_work(cell, programme), copied(start)
        take_step(cell, programme, start, 0.0, h, work)
        interpolate(cell, start, work, 0.5, trial)
        exact = fixed_steps(cell, programme, start, 0.5 * h / 64, 64)
        errors.append(abs(trial.temperature[0] - exact.temperature[0]))
        interpolate(cell, start, work, 1e-14, trial)
        assert trial.temperature[0] == pytest.approx(start.temperature[0], abs=1e-10)
    assert np.log2(errors[0] / errors[1]) > 3.5


def test_a_rejected_step_leaves_no_trace():
    """A step ten times too long is refused; the state is what it was, and the run goes on as if it had not been tried."""
    cell, programme = body().sample, body().programme
    usual, forced = initial_state(cell, programme), initial_state(cell, programme)
    before = copied(forced)
    work = make_work(cell, programme)
    take_step(cell, programme, forced, 0.0, 1e7, work)
    for ours, theirs in zip(before, forced, strict=True):
        assert np.array_equal(ours, theirs)
    for state in (usual, forced):
        for _ in integrate(cell, programme, state):
            pass
    assert usual.temperature[0] == forced.temperature[0]
    assert usual.loop[N_REJECTED] > 0


@pytest.mark.slow
def test_blocks_do_not_change_the_steps():
    """The run is the same however many steps are taken at a time: only the state counts."""
    cell, programme = body().sample, body().programme
    ends = []
    for n_steps in (1, 7, 500):
        state = initial_state(cell, programme)
        rows = [block.time for block in integrate(cell, programme, state, n_steps=n_steps)]
        ends.append((state.temperature[0], state.loop[N_STEPS], np.concatenate(rows)))
    for other in ends[1:]:
        assert ends[0][:2] == other[:2]
        assert np.array_equal(ends[0][2], other[2])


def test_a_run_goes_on_from_a_copy_of_its_state_bitwise():
    cell, programme = body().sample, body().programme
    straight, state = initial_state(cell, programme), initial_state(cell, programme)
    for _ in integrate(cell, programme, straight):
        pass
    blocks = integrate(cell, programme, state, n_steps=11)
    for _ in range(5):
        next(blocks)
    again = copied(state)
    for _ in integrate(cell, programme, again, n_steps=3):
        pass
    for ours, theirs in zip(straight, again, strict=True):
        assert np.array_equal(ours, theirs)


def test_asked_times_come_from_the_dense_output_and_change_no_step():
    cell, programme = body().sample, body().programme
    plain, asked = initial_state(cell, programme), initial_state(cell, programme)
    for _ in integrate(cell, programme, plain):
        pass
    times = np.array([100.0, 5000.0, 31105.0])
    blocks = list(integrate(cell, programme, asked, times=times))
    history = History(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))
    assert history.time[history.asked == 1.0].tolist() == times.tolist()
    assert np.all(np.diff(history.time) >= 0.0)
    assert plain.temperature[0] == asked.temperature[0]


def test_the_budget_of_steps_ends_a_run_with_time_and_temperature():
    cell, programme = body().sample, body().programme
    state = initial_state(cell, programme)
    with pytest.raises(SolveError, match=r"budget of steps is used up at .* s, .* degC, step .*, 10 steps taken"):
        list(integrate(cell, programme, state, limits=Limits(most_steps=10)))


def test_a_rate_that_is_no_number_is_a_named_failure():
    """Nothing hangs and nothing is passed on: the step collapses and the run says where."""
    cell, programme = body().sample, body().programme
    broken = cell._replace(mechanism=cell.mechanism._replace(log_factor=np.full(4, np.nan)))
    state = initial_state(broken, programme)
    with pytest.raises(SolveError, match="no step can be taken at 0 s"):
        list(integrate(broken, programme, state))
    assert state.loop[CLOCK] == 0.0
    assert state.loop[STEP] < 1e-12


def test_a_class_without_a_body_is_named():
    with pytest.raises(TypeError, match="take_step is not written for tuple"):
        take_step((), None, None, 0.0, 1.0, None)
