"""The condensed step agrees with an independent integration of the same equations, written as in a textbook.

Temperature of each node, extents and every row of the ledger are compared with DOP853 at 1e-12: an error in any slope,
in the term of the moving wall or in the elimination of the extents costs the order.
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.conftest import CASES, spread
from thermo.case.case import read_case
from thermo.materials.storage import node_heat
from thermo.programmes.arc_machine import EXO, FOLLOWS, HEAT, WALL
from thermo.programmes.programme import PHASE
from thermo.simulation.cell_body import CellBody
from thermo.stepping.loop import REACTIONS, copied, initial_state, interpolate, make_work, take_step

R, SIGMA = 8.314462618, 5.670374419e-8
PEAKS = ((19.84325, 408.15, 4.5), (122.8388165, 453.65, 1.5), (465.37134, 933.5, 4.0))


def set_up(n, temperature, *, follows, wall, phase, shorted):
    """Nodes with unequal shares of everything, a sensor in the middle, radiation, a heater, a short that ejects."""
    body = CellBody(read_case(CASES / "paper" / "cu-20li.yaml"))
    rng = np.random.default_rng(11)
    share, surface, sites = (part / part.sum() for part in (rng.uniform(0.5, 1.5, n) for _ in range(3)))
    sample = body.sample._replace(
        share=share,
        surface=surface,
        storage=spread(body.sample.storage, share),
        conductance=rng.uniform(0.3, 1.2, n - 1),
        sensor=n // 2,
        site_node=np.arange(n),
        site_share=np.outer(sites, np.ones(4)),
        trigger_temperature=np.array([1e9]),
    )
    programme = body.programme._replace(loss=0.5, emissive_area=0.02, heater=0.2, tracking=0.15)
    state = initial_state(sample, programme)
    state.temperature[:] = temperature + (np.linspace(-3.0, 4.0, n) if n > 1 else 0.0)
    state.enthalpy[:] = [node_heat(sample.storage, i, state.temperature[i]) for i in range(n)]
    state.extent[:, 0] = np.linspace(0.1, 0.3, n)
    state.machine[PHASE], state.machine[FOLLOWS], state.machine[WALL] = phase, follows, wall
    state.fired[:] = float(shorted)
    return sample, programme, state


def independent(sample, programme, state, span):
    """Temperatures, extents, heat in, heat out, ejected heat and the heat of each reaction after `span` [s]."""
    n = len(state.temperature)
    shorted, follows = state.fired[0, 0] == 1.0, state.machine[FOLLOWS] == 1.0
    start, ramp = state.machine[WALL], programme.heater if state.machine[PHASE] == HEAT else 0.0
    kept = 0.6 if shorted else 1.0

    def rhs(t, y):
        T, x = y[:n], y[n : 5 * n].reshape(n, 4)
        wall = T[sample.sensor] + start * math.exp(-t / 20.0) if follows else start + 0.15 * t
        out, sums = np.zeros_like(y), np.zeros(7)
        for i in range(n):
            capacity = 6.733188306 + 0.0035 * (T[i] - 298.15)
            for heat, middle, width in PEAKS:
                capacity += heat / (width * math.sqrt(2.0 * math.pi)) * math.exp(-0.5 * ((T[i] - middle) / width) ** 2)
            capacity *= sample.share[i]
            k1 = 9.196986029e12 * math.exp(-135080.0 / (R * T[i]))
            k2 = 2.809605826e14 * math.exp(-135080.0 / (R * T[i])) * 0.5 * (1.0 + math.tanh((T[i] - 453.65) / 1.5))
            k3 = 6.960385016e23 * math.exp(-250000.0 / (R * T[i]))
            s = 1.0 - x[i, 2] - x[i, 3]
            rate = np.array([k1 * (1.0 - x[i, 0]), k2 / (1.0 + k2) * (1.0 - x[i, 1]), k3 / (1.0 + k3) * s, 0.0])
            voltage = 3.3 + s
            rate[3] = voltage / 0.15 * s / (s + 0.001) / 1800.0 if shorted else 0.0
            power = sample.site_share[i] * rate * np.array([356.8589802, 6350.934867, 2420.842667, 1800.0 * voltage])
            loss = sample.surface[i] * (0.5 * (T[i] - wall) + SIGMA * 0.02 * (T[i] ** 4 - wall**4))
            flow = sum(sample.conductance[min(i, j)] * (T[j] - T[i]) for j in (i - 1, i + 1) if 0 <= j < n)
            out[i] = (flow + ramp * capacity - loss + kept * power.sum()) / capacity
            out[n + 4 * i : n + 4 * i + 4] = rate
            sums += [ramp * capacity, loss, (1.0 - kept) * power.sum(), *power]
        out[5 * n :] = sums
        return out

    y = np.concatenate([state.temperature, state.extent.ravel(), np.zeros(7)])
    return solve_ivp(rhs, (0.0, span), y, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]


def stepped(sample, programme, state, span, n_steps):
    """The same by steps of one size, no events."""
    state = copied(state)
    work, trial = make_work(sample, programme), copied(state)
    for i in range(n_steps):
        assert take_step(sample, programme, state, i * span / n_steps, span / n_steps, work) < math.inf
        interpolate(sample, state, work, 1.0, trial)
        state = copied(trial)
    return np.concatenate([state.temperature, state.extent.ravel(), state.ledger[:3], state.ledger[REACTIONS:]])


SETTINGS = {
    "the wall follows with a gap that decays": ({"n": 1, "follows": 1.0, "wall": 8.0, "phase": EXO, "shorted": False}, 430.0, 20.0),
    "the wall is at its limit": ({"n": 1, "follows": 0.0, "wall": 400.0, "phase": EXO, "shorted": False}, 430.0, 20.0),
    "four nodes, heater, gap": ({"n": 4, "follows": 1.0, "wall": 8.0, "phase": HEAT, "shorted": False}, 430.0, 20.0),
    "three nodes, short and ejection": ({"n": 3, "follows": 1.0, "wall": -8.0, "phase": EXO, "shorted": True}, 470.0, 0.2),
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_condensed_step_converges_with_fourth_order_to_the_equations(name):
    options, temperature, span = SETTINGS[name]
    set_ = set_up(temperature=temperature, **options)
    exact = independent(*set_, span)
    n = options["n"]
    parts = {"temperature": slice(0, n), "extents": slice(n, 5 * n), "ledger": slice(5 * n, None)}
    found = [stepped(*set_, span, n_steps) for n_steps in (8, 16, 32)]
    for part, rows in parts.items():
        errors = [np.abs(each[rows] - exact[rows]).max() for each in found]
        scale = max(1.0, np.abs(exact[rows]).max())
        if errors[-1] > 1e-11 * scale:  # below, the reference itself is the limit
            assert math.log2(errors[0] / errors[2]) / 2.0 > 3.4, (part, errors)
        assert errors[-1] < 1e-5 * scale, (part, errors)
