"""The compiled steps of a box in mode space against the interpreted ones."""

import numpy as np
import pytest

from tests.heat.test_mode_steps import CASES, KINDS, case_of
from thermo.base.compiled import compile_kernels
from thermo.simulation.prepare import build
from thermo.stepping.loop import N_STEPS, advance, initial_state, integrate
from thermo.stepping.rows import waiting


@pytest.fixture(scope="module")
def compiled():
    import thermo.heat.modes.mode_loops  # noqa: F401

    return compile_kernels()(advance)


@pytest.mark.slow
def test_compiled_steps_reach_a_level_where_the_interpreted_ones_do(compiled):
    """A mean, a largest and a smallest value each have a row of their own."""
    body, rows = build(case_of(*CASES["films on both"])), []
    probes = [list(body.probes).index(name) for name in ("side", "hottest", "coldest")]
    for run in (advance, compiled):
        state = initial_state(body.sample, body.programme)
        start = [float(body.probes[name].of(state.temperature[None])[0]) for name in ("side", "hottest", "coldest")]
        levels = waiting(probes, [340.0, 380.0, 345.0], start)
        rows.append(np.concatenate([block.time for block in integrate(body.sample, body.programme, state, levels=levels, run=run)]))
        assert levels.waits.tolist() == [0.0, 0.0, 0.0]
    state = initial_state(body.sample, body.programme)
    plain = sum(len(block.time) for block in integrate(body.sample, body.programme, state))
    assert len(rows[0]) == plain + 3
    assert rows[1] == pytest.approx(rows[0], rel=1e-9)


def final(body, run, times):
    state, rows = initial_state(body.sample, body.programme), []
    for block in integrate(body.sample, body.programme, state, times=times, run=run):
        rows.append(block.field)
    return state, np.concatenate(rows)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["tr-bdf2", "backward-euler"])
@pytest.mark.parametrize(("name", "order"), KINDS)
def test_compiled_steps_are_the_interpreted_ones(name, order, scheme, compiled):
    """Same steps, so the same state at the end and between steps, to rounding."""
    body = build(case_of(*CASES[name], order=order, scheme=scheme))
    if scheme == "backward-euler":
        body.sample = body.sample._replace(tolerance=1e-2)
    times = np.array([0.01, 0.3, 1.1])
    (one, first), (other, second) = (final(body, run, times) for run in (advance, compiled))
    assert one.loop[N_STEPS] == other.loop[N_STEPS]
    assert first.shape == (3, len(one.temperature))
    assert second == pytest.approx(first, abs=1e-8)
    assert other.enthalpy == pytest.approx(one.enthalpy, abs=1e-9 * np.abs(one.enthalpy).max())
    assert other.ledger == pytest.approx(one.ledger, abs=1e-8 * max(np.abs(one.ledger).max(), 1e-9))
