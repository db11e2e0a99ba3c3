"""Compiled courses of reactions that each have a time of their own, Theta_j = integral of k_j dt, with exact sensitivities.

    k_j(T) = exp(K_j + a_j (1/Tr_j - 1/T)) (T/Tr_j)^b_j,      a = E/R
    R(T) = drift + sum_j s_j exp(h_j) k_j F_j(Theta_j) / C(T)       [K/s]

In an adiabatic section T is the variable: dTheta_j/dT = k_j/R and dt/dT = 1/R. A spent reaction is not stiff in Theta, as its heat is
zero, so the explicit pair of Dormand and Prince is enough. The sensitivities to K, a and h of every reaction go through the same stages.
Where the temperature is given, Theta is a quadrature.

Source
------
J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.compiled import apart, compile_kernels, kernel

STAGES = np.zeros((7, 6))
STAGES[1, :1] = 1 / 5
STAGES[2, :2] = 3 / 40, 9 / 40
STAGES[3, :3] = 44 / 45, -56 / 15, 32 / 9
STAGES[4, :4] = 19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729
STAGES[5, :5] = 9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656
STAGES[6, :6] = 35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84
PLACES = np.array([0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0])
ERRORS = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
MOST_STEPS = 400  # between two rows
EACH = 3  # numbers of a reaction: K, a, h


class Rates(NamedTuple):
    """Reactions as arrays (n,): `log_constant` K [ln 1/s], `activation` a [K], `log_heat` h [ln J], `sign` of the heat, `exponent` b,
    `reference` temperature [K]; `table` (n, rows, 2) of F and dF/du, `scale` of Theta, `step` of u; heat capacity C0 + C1 (T - 298.15)
    [J/K] with `melting` peaks (m, 3) [J, K, K]; `drift` [K/s]."""

    log_constant: Floats
    activation: Floats
    log_heat: Floats
    sign: Floats
    exponent: Floats
    reference: Floats
    table: Floats
    scale: Floats
    step: float
    capacity: float
    capacity_slope: float
    melting: Floats
    drift: float


@kernel
def capacity_at(rates, T):
    """Heat capacity at a temperature [J/K]."""
    value = rates.capacity + rates.capacity_slope * (T - 298.15)
    for i in range(rates.melting.shape[0]):
        z = (T - rates.melting[i, 1]) / rates.melting[i, 2]
        if abs(z) < 9.0:
            value += rates.melting[i, 0] / (rates.melting[i, 2] * 2.5066282746310002) * math.exp(-0.5 * z * z)
    return value


@apart
def form_at(rates, j, theta, out):
    """F and dF/dTheta of reaction j at its own time, into `out` (2,): the cubic between rows, the line before zero."""
    last = rates.table.shape[1] - 1
    if theta <= 0.0:
        out[1] = rates.table[j, 0, 1] / rates.scale[j]
        out[0] = rates.table[j, 0, 0] + out[1] * theta
        return
    place = math.log1p(theta / rates.scale[j]) / rates.step
    if not place < last:
        out[0] = rates.table[j, last, 0]
        out[1] = 0.0
        return
    i = int(place)
    s = place - i
    first, second = rates.table[j, i, 0], rates.table[j, i + 1, 0]
    rise, next_rise = rates.table[j, i, 1] * rates.step, rates.table[j, i + 1, 1] * rates.step
    c2, c3 = 3.0 * (second - first) - 2.0 * rise - next_rise, rise + next_rise - 2.0 * (second - first)
    out[0] = first + s * (rise + s * (c2 + s * c3))
    out[1] = (rise + s * (2.0 * c2 + s * 3.0 * c3)) / (rates.step * (rates.scale[j] + theta))


@kernel
def constant_at(rates, j, T):
    """k of reaction j [1/s]."""
    power = rates.log_constant[j] + rates.activation[j] * (1.0 / rates.reference[j] - 1.0 / T)
    if rates.exponent[j] != 0.0:
        power += rates.exponent[j] * math.log(T / rates.reference[j])
    return math.exp(min(power, 300.0))


@apart
def slopes(rates, T, y, S, floor, g, G, at, parts, pair):
    """dy/dT into row `at` of `g` (7, n + 1) and its sensitivities into that of `G` (7, n + 1, P); `y` are Theta and t. Returns the rate
    [K/s].

    `floor` [K/s] keeps the rate from zero where a trial has no heat; `parts` (3, n) and `pair` (2,) are memory.
    """
    n, P = rates.sign.shape[0], G.shape[2]
    over = 1.0 / capacity_at(rates, T)
    R = floor + rates.drift
    for j in range(n):
        k = constant_at(rates, j, T)
        form_at(rates, j, y[j], pair)
        h = rates.sign[j] * math.exp(rates.log_heat[j]) * over
        parts[0, j] = k
        parts[1, j] = h * k * pair[0]
        parts[2, j] = h * k * pair[1]
        R += parts[1, j]
    free = 1.0
    if not R > floor:
        R = max(floor, 1e-300)
        free = 0.0
    over = 1.0 / R
    for j in range(n):
        g[at, j] = parts[0, j] * over
    g[at, n] = over
    for p in range(P):
        q = p // 3
        dR = 0.0
        for j in range(n):
            dR += parts[2, j] * S[j, p]
        by = 1.0
        if q < n:
            if p % 3 == 1:
                by = 1.0 / rates.reference[q] - 1.0 / T
            dR += parts[1, q] * by
        dR *= free
        for j in range(n):
            G[at, j, p] = -g[at, j] * over * dR
        G[at, n, p] = -over * over * dR
        if q < n and p % 3 < 2:
            G[at, q, p] += g[at, q] * by
    return R


@apart
def step(rates, T, h, y, S, floor, g, G, yy, SS, parts, pair):
    """A trial step of h [K] from y into `yy`, sensitivities into `SS`, slopes in the rows of `g` and `G`, of which the first is known.
    Returns its error over what there is."""
    n, P = rates.sign.shape[0], S.shape[1]
    for s in range(1, 7):
        for j in range(n + 1):
            value = y[j]
            for q in range(s):
                value += h * STAGES[s, q] * g[q, j]
            yy[j] = value
            for p in range(P):
                value = S[j, p]
                for q in range(s):
                    value += h * STAGES[s, q] * G[q, j, p]
                SS[j, p] = value
        slopes(rates, T + PLACES[s] * h, yy, SS, floor, g, G, s, parts, pair)
    error = 0.0
    for j in range(n + 1):
        e = 0.0
        for q in range(7):
            e += ERRORS[q] * g[q, j]
        size = rates.scale[j] + abs(yy[j]) if j < n else abs(yy[n]) + 1e-300
        error = max(error, abs(e * h) / size)
    return error


def _adiabatic(rates, rows, seen, y, S, shift, column, tolerance, most_floor, dt, dtS):
    """Along the rows of one section: times between rows into `dt` (m - 1,) [s], sensitivities into `dtS` (m - 1, P).

    Parameters
    ----------
    rows (m,) [K], seen (m,) [K/s] : temperatures, and about the rate at each; `most_floor` of it is added to every rate
    y (n + 1,), S (n + 1, P) : Theta and its sensitivities at the start; at the end on return
    shift [K] : how far above the first row's truth that row is; `column` of S is its sensitivity, -1 for none
    """
    n, m, P = rates.sign.shape[0], rows.shape[0], S.shape[1]
    g, G = np.zeros((7, n + 1)), np.zeros((7, n + 1, P))
    yy, SS, parts, pair = np.zeros(n + 1), np.zeros((n + 1, P)), np.zeros((3, n)), np.zeros(2)
    slopes(rates, rows[0] - 0.5 * shift, y, S, most_floor * seen[0], g, G, 0, parts, pair)
    y[:n] += g[0, :n] * shift
    S[:n] += G[0, :n] * shift
    if column >= 0:
        S[:n, column] += g[0, :n]
    h = rows[1] - rows[0]
    for i in range(m - 1):
        y[n] = 0.0
        S[n, :] = 0.0
        T, end = rows[i], rows[i + 1]
        floor = most_floor * seen[i]
        slopes(rates, T, y, S, floor, g, G, 0, parts, pair)
        for _ in range(MOST_STEPS):
            left = end - T
            if left <= 1e-12:
                break
            last = h >= left
            hh = left if last else (0.5 * left if 2.0 * h > left else h)
            error = step(rates, T, hh, y, S, floor, g, G, yy, SS, parts, pair) / tolerance
            if not error < 1e300:
                error = 1e6
            if error <= 1.0 or hh < 1e-9:
                T = end if last else T + hh
                y[:] = yy
                S[:, :] = SS
                g[0] = g[6]
                G[0] = G[6]
                grown = hh * min(4.0, 0.9 * max(error, 1e-6) ** -0.2)
                h = max(h, grown) if last else grown
            else:
                h = hh * max(0.1, 0.9 * error**-0.2)
        dt[i] = y[n]
        dtS[i] = S[n]


def _forced(rates, time, T, y, S, flow, flowS):
    """Where the temperature is given over time, linear between rows: Theta by Gauss's two points an interval.

    The heat released at each row goes into `flow` (m,) [W] and its sensitivities into `flowS` (m, P), where these have rows.
    """
    n, P = rates.sign.shape[0], S.shape[1]
    pair = np.zeros(2)
    for i in range(time.shape[0]):
        for q in range(2 if i > 0 else 0):
            at = T[i - 1] + (0.5 + (q - 0.5) * 0.5773502691896258) * (T[i] - T[i - 1])
            for j in range(n):
                k = constant_at(rates, j, at) * 0.5 * (time[i] - time[i - 1])
                y[j] += k
                if P > 0:
                    S[j, 3 * j] += k
                    S[j, 3 * j + 1] += k * (1.0 / rates.reference[j] - 1.0 / at)
        for j in range(n if flow.shape[0] > 0 else 0):
            k = constant_at(rates, j, T[i]) * rates.sign[j] * math.exp(rates.log_heat[j])
            form_at(rates, j, y[j], pair)
            flow[i] += k * pair[0]
            if P > 0:
                flowS[i, 3 * j] += k * pair[0]
                flowS[i, 3 * j + 1] += k * pair[0] * (1.0 / rates.reference[j] - 1.0 / T[i])
                flowS[i, 3 * j + 2] += k * pair[0]
                for p in range(P):
                    flowS[i, p] += k * pair[1] * S[j, p]


def adiabatic(*given: Any) -> None:
    """Compiled `_adiabatic`: times between the rows of a section and their sensitivities."""
    compile_kernels()(_adiabatic)(*given)


def forced(*given: Any) -> None:
    """Compiled `_forced`: Theta, and the heat released, where the temperature is given."""
    compile_kernels()(_forced)(*given)
