"""CVODE (rtol 1e-10) solves the equations of the library's mechanisms as their sources write them, in an adiabatic cell.

Both are compared over the temperature: a runaway takes seconds, and a difference of a microsecond in its time would be one of kelvins.
"""

import math

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

from tests.conftest import CASES
from thermo.case.case import read_case
from thermo.simulation.simulate import run

cvode = pytest.importorskip("sksundae.cvode")


def rates_mcmb(T, y, passed):
    """Richard and Dahn: energies in eV, factors in 1/min, rises in K."""
    pool, lithium, layer = y
    boltzmann = 8.617333262e-5  # eV/K
    first = 1e17 / 60.0 * math.exp(-1.4 / (boltzmann * T)) * pool / math.sqrt(max(pool, 0.0) + 1e-6)
    second = 1e8 / 60.0 * math.exp(-0.8 / (boltzmann * T)) * lithium * 1.1 * math.exp(-layer / 0.15)
    return [-first, -second, second], 150.0 * first + 325.0 * second


def rates_kim(T, y, passed):
    """Hatchard and Kim: per m3 of the cell, rho cp 2580 x 830."""
    sei, anode, thickness, cathode, electrolyte = y
    k = [math.log(A) - E / (8.314 * T) for A, E in ((1.667e15, 135080.0), (2.5e13, 135080.0), (6.667e13, 139600.0), (5.14e25, 274000.0))]
    r = [math.exp(k[0]) * sei, math.exp(k[1]) * anode * math.exp(-thickness / 0.033)]
    r += [math.exp(k[2]) * cathode * (1.0 - cathode), math.exp(k[3]) * electrolyte]
    heat = 2.57e5 * 610.4 * r[0] + 1.714e6 * 610.4 * r[1] + 3.14e5 * 1221.0 * r[2] + 1.55e5 * 406.9 * r[3]
    return [-r[0], -r[1], r[1], -r[2], -r[3]], heat / (2580.0 * 830.0)


def rates_hu(T, y, passed):
    """Hu et al.: per m3, rho cp 2500 x 1000."""
    sei, anode, cathode, electrolyte = y
    R = 8.314462618
    r_sei = 1.667e15 * math.exp(-135080.0 / (R * T)) * sei
    r_anode = 2.5e13 * math.exp(-135080.0 / (R * T)) * anode * math.exp(-sei / 0.15) if 0.10 in passed else 0.0
    open_ = cathode * (1.0 - cathode) if 393.15 in passed else 0.0
    r1, r2 = 1.75e9 * math.exp(-114950.0 / (R * T)) * open_, 1.077e12 * math.exp(-158880.0 / (R * T)) * open_
    r_electrolyte = 5.14e25 * math.exp(-274000.0 / (R * T)) * electrolyte if 473.15 in passed else 0.0
    heat = 610.4 * (2.57e5 * r_sei + 1.714e6 * r_anode) + 1221.0 * (7.7e4 * r1 + 8.4e4 * r2) + 1.55e5 * 406.9 * r_electrolyte
    return [-r_sei, -r_anode, -r1 - r2, -r_electrolyte], heat / 2.5e6


def rates_feng(T, y, passed):
    """Feng et al.: 792 J/K; the SEI regenerates by five times the rate of the anode, its heat counts the decomposition alone."""
    sei, anode, c1, c2, electrolyte, separator = y

    def k(A, E, gate):
        return math.exp(math.log(A) - E / (8.314 * T)) if gate + 273.15 in passed else 0.0

    r_sei = k(1.667e15, 135080.0, 50.0) * sei
    r_anode = k(5.0 if 533.15 in passed else 0.035, 33000.0, 50.0) * anode * math.exp(-sei)
    r1, r2 = k(1.75e9, 114950.0, 180.0) * c1 * (1.0 - c1), k(1.077e12, 158880.0, 220.0) * c2 * (1.0 - c2)
    r_electrolyte, r_separator = k(3e15, 170000.0, 140.0) * electrolyte, k(1.5e50, 420000.0, 120.0) * separator
    heat = 100.58 * (257.0 * r_sei + 1714.0 * r_anode) + 179.12 * (77.0 * r1 + 84.0 * r2)
    heat += 108.0 * 800.0 * r_electrolyte - 17.6 * 233.2 * r_separator
    return [5.0 * r_anode - r_sei, -r_anode, -r1, -r2, -r_electrolyte, -r_separator], heat / 792.0


def rates_kurzawski(T, y, passed):
    """Kurzawski et al.: kg/m3, Da from the numbers of the source."""
    ec, lic6, sei, li2co3, coo2, co3o4 = y
    R, rho, surface = 8.3145, 1815.759421, 0.31 * 1.1**1.22
    zc = 2 * 6 * 12.011 / (73.89 * rho * 0.1212044831 * math.sqrt(1.1))

    def damkohler(area, A, E, D, Ed):
        c = 1e-6 * 2e-6 / (1e-6 * area * rho)
        return c * A * math.exp(-E / (R * T)) / (D * math.exp(Ed / (R * 298.15)) * math.exp(-Ed / (R * T)))

    r1 = 3.707251453e16 * sei / math.sqrt(max(sei, 0.0) + 1e-6 * 266.5813562) * math.exp(-16236.69493 / T)
    r2 = 3.2718e13 * math.exp(-135000.0 / (R * T)) * surface * lic6 * math.exp(-72.5 * min(zc * li2co3, 0.08)) * ec / (1.2 + abs(ec))
    r2 /= 1.0 + damkohler(1000.0 * surface, 2.1e13, 135000.0, 3.67e-14, 35000.0)
    r3 = 1539795175.0 * coo2 * co3o4 * math.exp(-122520.0 / (R * T))
    r3 /= 1.0 + damkohler(348.225659632, 6.667e11, 122520.0, 2.0e-14, 29000.0)
    total = 308.0178
    slopes = [-0.35786505 * r2 - 35.2248 / total * r3, -0.64213495 * r2, -r1, 0.30027309 * r2, -272.793 / total * r3, 240.795 / total * r3]
    return slopes, (635e3 * r1 + 2287.1e3 * r2 + 1732228.705 * r3) / (rho * 778.0)


SETS = {
    "mcmb-adiabatic": (rates_mcmb, 353.15, [0.1, 0.75, 0.15], 400.0 * 60.0, ()),
    "oven-155": (rates_kim, 403.15, [0.15, 0.75, 0.033, 0.96, 1.0], 3e4, ()),
    "hu2020-adiabatic": (rates_hu, 383.15, [0.15, 0.75, 0.96, 1.0], 36000.0, (393.15, 473.15, 0.10)),
    "feng-adiabatic": (
        rates_feng,
        353.15,
        [0.15, 1.0, 0.999, 0.999, 1.0, 1.0],
        60 * 86400.0,
        (323.15, 393.15, 413.15, 453.15, 493.15, 533.15),
    ),
    "kurzawski-adiabatic": (rates_kurzawski, 393.15, [97.86982903, 241.2749, 24.72879149, 0.0, 266.5813562, 9.80466528], 36000.0, ()),
}


def gate_events(left):
    def events(t, y, out):
        for j, (i, level) in enumerate(left):
            out[j] = y[i] - level

    events.terminal, events.direction = [True] * len(left), [0] * len(left)
    return events


def independent(rates, start, amounts, end, gates):
    """Time, temperature, amounts and rate of temperature by CVODE, begun anew where a gate is passed: a temperature from below, or the
    amount 0.10 of the first species from above. In between all gates stay as they are."""
    scale = np.array([1000.0, *np.maximum(np.abs(amounts), max(amounts) * 1e-3)])
    t, y = 0.0, np.array([start, *amounts])
    passed = {gate for gate in gates if gate > 1.0 and gate <= start}
    rows = []
    for _ in range(len(gates) + 1):
        left = [(0 if gate > 1.0 else 1, gate) for gate in gates if gate not in passed]

        def rhs(t, y, out, now=frozenset(passed)):
            slopes, out[0] = rates(max(y[0], 1.0), y[1:], now)
            out[1:] = slopes

        more = {"eventsfn": gate_events(left), "num_events": len(left)} if left else {}
        solver = cvode.CVODE(plain(rhs), rtol=1e-10, atol=1e-11 * scale, max_num_steps=1_000_000, **more)
        found = solver.solve([0.0, end - t], y)  # from zero each time: the last steps are of nanoseconds
        rows.append(np.column_stack([t + found.t, found.y, [rates(row[0], row[1:], frozenset(passed))[1] for row in found.y]]))
        t, y = t + float(found.t[-1]), found.y[-1].copy()
        if not left:
            break
        passed.add(min(left, key=lambda gate: abs(y[gate[0]] - gate[1]) / gate[1])[1])
    assert t == pytest.approx(end)
    return np.concatenate(rows)


def plain(rhs):
    """The function with the three arguments that the solver counts."""
    return lambda t, y, out: rhs(t, y, out)


def when(levels, time, temperature, rate):
    """Times at which temperatures are reached, by the cubic through rows of time and slope 1/rate."""
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(temperature)) > 1e-6]) & (np.array(rate) > 0.0)
    return CubicHermiteSpline(temperature[rising], time[rising], 1.0 / np.array(rate)[rising])(levels)


@pytest.mark.usual(1)
@pytest.mark.parametrize("name", SETS)
def test_a_set_left_to_itself(name):
    rates, start, amounts, end, gates = SETS[name]
    settings = [f"programme={{kind: surroundings, end: {end} s}}", f"sample.temperature={start} K", "numerics.tolerance=1e-7", "expect=[]"]
    settings += ["measure.crossings={}"]
    result = run(read_case(CASES / "calorimetry" / f"{name}.yaml", settings))
    exact = independent(rates, start, amounts, end, gates)
    T = result.probe("sample")
    rise = T[-1] - start
    assert T[-1] == pytest.approx(exact[-1, 1], abs=1e-5 * rise)
    levels = start + rise * np.linspace(0.02, 0.8, 25)  # beyond, rates fall by decades from row to row
    assert when(levels, result.time, T, result.columns["rate_K_per_s"]) == pytest.approx(
        when(levels, exact[:, 0], exact[:, 1], exact[:, -1]), rel=1e-5
    )
    final = [next(iter(entry.items()))[1] for entry in (dict(reversed(pair.items())) for pair in result.summary()["amounts"].values())]
    assert final == pytest.approx(exact[-1, 2:-1], abs=1e-5 * max(amounts))
    assert result.summary()["energy"]["residual_relative"] <= 1e-12
