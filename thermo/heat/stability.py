"""Whether a body that makes heat is stable: its stationary states, the lowest eigenvalue there, and the surroundings at which it vanishes.

    stationary     K(T) T + h A (T - Ta) + eps A sigma (T^4 - Ta^4) = q(T)
    stable where   (K' + h A + 4 eps A sigma T^3 - q'(T)) v = lambda C v   has no eigenvalue lambda below zero

The states that begin cold make a branch. It is followed by its arc length, which passes a fold: there the temperature Ta of the
surroundings turns back, lambda is zero, and no state of this branch belongs to hotter surroundings. The tangent of the branch is a
multiple of the mode of lambda there (E. L. Allgower, K. Georg, Numerical Continuation Methods, Springer 1990, chapters 2 and 10).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags_array, eye_array

from thermo.base.arrays import Floats, Integers
from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.base.errors import SolveError
from thermo.casefile.units import show
from thermo.heat.conduction import Conduction
from thermo.heat.linear import factor_bytes, factors_fit

MOST_NEWTON = 12  # iterations of a point of the branch
MOST_POINTS = 2000
REFINED = 3  # solves of one linear system
SMALLEST = 1e-9  # of the temperature: the last change of a point, which is of second order
FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 2.0, 6.0, 1e-7  # K along the branch
TURN = 0.9  # cosine of the angle by which the branch may turn in a step
ALL_HEAT = 10.0  # K along a branch on which the heat grows from none to all of it
FEW = 40  # nodes up to which all eigenvalues are found at once


class SelfHeated(NamedTuple):
    """A body that makes heat, in surroundings at one temperature; arrays (n_nodes,).

    `film` h A [W/K] and `glow` emissivity times area [m2] of each node; nodes that are `held` at the temperature of the surroundings;
    `heat` gives what each node makes [W] and the slope of that [W/K] at temperatures [K], `capacity` its heat capacity [J/K].
    """

    conduction: Conduction
    film: Floats
    glow: Floats
    held: Integers
    heat: Callable[[Floats], tuple[Floats, Floats]]
    capacity: Callable[[Floats], Floats]
    dimension: int

    @property
    def free(self) -> Integers:
        """The nodes that are not held."""
        return np.setdiff1d(np.arange(len(self.film)), self.held)

    def loss(self, temperature: Floats, ambient: float) -> Floats:
        """Heat that leaves each node to surroundings at a temperature [K], through films and by radiation [W]."""
        return self.film * (temperature - ambient) + self.glow * STEFAN_BOLTZMANN * (temperature**4 - ambient**4)

    def slopes(self, temperature: Floats, share: float = 1.0) -> csr_matrix:
        """K' + h A + 4 eps A sigma T^3 - share q' of all nodes [W/K]."""
        own = self.film + 4.0 * self.glow * STEFAN_BOLTZMANN * temperature**3 - share * self.heat(temperature)[1]
        return (self.conduction.tangent(temperature) + diags_array(own)).tocsr()


class Along(NamedTuple):
    """What the parameter of a branch is: the temperature of the surroundings [K], or where that is `fixed` the heat, 0 to ALL_HEAT."""

    fixed: float | None = None

    def at(self, parameter: float) -> tuple[float, float]:
        """The temperature of the surroundings [K] and the share of the heat that is made."""
        return (parameter, 1.0) if self.fixed is None else (self.fixed, parameter / ALL_HEAT)


class Point(NamedTuple):
    """A stationary state on a branch: temperatures (n_nodes,) [K], the parameter, the direction of the branch there in both."""

    temperature: Floats
    parameter: float
    direction: Floats
    forward: float


class State(NamedTuple):
    """A stationary state: temperatures (n_nodes,) [K] and those of the surroundings [K]; `folds` where no state is beyond it."""

    temperature: Floats
    ambient: float
    folds: bool


def stationary(body: SelfHeated, ambient: float) -> State | None:
    """The stationary state in surroundings at a temperature [K] that grows out of none of the heat; None where there is none.

    Raises SolveError where it is not found.
    """
    cold = np.full(len(body.film), ambient)
    found = _followed(body, Along(ambient), cold, 0.0, ALL_HEAT)
    return None if found.folds else found._replace(ambient=ambient)


def critical(body: SelfHeated, start: State, highest: float) -> State:
    """The state at which the branch through `start` turns back as the surroundings get hotter, or that at the `highest` temperature [K].

    Raises SolveError where it is not found.
    """
    return _followed(body, Along(), start.temperature, start.ambient, highest)


def lowest_mode(body: SelfHeated, temperature: Floats) -> tuple[float, Floats]:
    """The lowest eigenvalue lambda [1/s] at a stationary state, and its mode (n_nodes,), 1 where it is largest.

    A disturbance in this shape changes as exp(-lambda t). The search begins below every eigenvalue, at -max(q'/C), so that the one found is
    the lowest: without q' all are positive. Where conductivities depend on temperature the matrix is not symmetric; as one without positive
    entries off its diagonal it has a lowest eigenvalue that is real.
    """
    from scipy.linalg import eig, eigh
    from scipy.sparse.linalg import eigs, eigsh

    free = body.free
    matrix, capacity = body.slopes(temperature)[free][:, free], body.capacity(temperature)[free]
    rising = body.heat(temperature)[1][free]
    quotient = (float(matrix.sum()) + float(rising.sum())) / float(capacity.sum())  # of a uniform rise, without the heat
    below = -1.01 * float(np.max(rising / capacity, initial=0.0)) - 0.01 * quotient
    symmetric, mode = not body.conduction.variable, np.zeros(len(body.film))
    if len(free) <= FEW:
        values, vectors = (eigh if symmetric else eig)(matrix.toarray(), np.diag(capacity))
    else:
        values, vectors = (eigsh if symmetric else eigs)(
            matrix.tocsc(), k=1, M=diags_array(capacity).tocsc(), sigma=below, v0=np.ones(len(free)), tol=1e-11
        )
    at = int(np.argmin(values.real))
    mode[free] = vectors[:, at].real
    return float(values[at].real), mode / mode[np.argmax(np.abs(mode))]


class _Branch:
    """A branch of stationary states while it is followed; weights of nodes in its length are their shares of the heat capacity."""

    def __init__(self, body: SelfHeated, along: Along, cold: Floats) -> None:
        self.body, self.along, self.free = body, along, body.free
        if not factors_fit(len(self.free), body.dimension, symmetric=not body.conduction.variable):
            need = factor_bytes(len(self.free), body.dimension, symmetric=not body.conduction.variable)
            raise SolveError(f"the stability of this body needs factors of about {need / 1e9:.1f} GB; use fewer nodes")
        capacity = body.capacity(cold)[self.free]
        self.weight = capacity / capacity.sum()

    def factors(self, temperature: Floats, share: float) -> tuple[Any, Callable[[Floats], Floats]]:
        """The matrix of slopes on the free nodes, which need not be positive, and what solves with it."""
        from scipy.sparse.linalg import splu

        matrix = self.body.slopes(temperature, share)[self.free][:, self.free].tocsc()
        symmetric = {"permc_spec": "MMD_AT_PLUS_A", "options": {"SymmetricMode": True}, "diag_pivot_thresh": 0.0}
        try:
            return matrix, splu(matrix, **({} if self.body.conduction.variable else symmetric)).solve
        except RuntimeError:  # exactly singular, at the fold: what refines takes the true matrix
            shifted = matrix + 1e-13 * float(np.max(np.abs(matrix.diagonal()))) * eye_array(len(self.free))
            return matrix, splu(shifted.tocsc()).solve

    def left(self, temperature: Floats, parameter: float) -> tuple[Floats, Floats]:
        """What flows into each free node [W], and how much more where the parameter is one larger."""
        body, (ambient, share) = self.body, self.along.at(parameter)
        heat = body.heat(temperature)[0]
        flow = body.conduction.at(temperature).into(temperature) + share * heat - body.loss(temperature, ambient)
        if self.along.fixed is not None:
            return flow[self.free], heat[self.free] / ALL_HEAT
        more = body.film + 4.0 * body.glow * STEFAN_BOLTZMANN * ambient**3
        if len(body.held):
            more -= np.asarray(body.conduction.tangent(temperature)[:, body.held].sum(axis=1)).ravel()
        return flow[self.free], more[self.free]

    def point(self, temperature: Floats, parameter: float, normal: Floats, forward: float, before: Point | None) -> Point | None:
        """The state near a guess in the plane through it  weight normal . (T - guess) + forward (parameter - guess) = 0;  None where none
        is found. Its direction is that which goes on from the point `before`.
        """
        T, p, free = temperature.copy(), parameter, self.free
        first = T[free].copy()
        for _ in range(MOST_NEWTON):
            T[self.body.held] = self.along.at(p)[0]
            into, more = self.left(T, p)
            matrix, solve = self.factors(T, self.along.at(p)[1])
            b = solve(more)
            off = -float(self.weight * normal @ (T[free] - first)) - forward * (p - parameter)
            change, step = self._bordered(solve, matrix, more, b, self.weight * normal, forward, into, off)
            T[free] += change
            p += step
            moved = float(np.max(np.abs(change), initial=0.0))
            if not math.isfinite(moved + step) or np.min(T) <= 0.0:
                return None
            if max(moved, abs(step)) < SMALLEST * float(np.max(T)):
                return self._directed(T, p, b, before)
        return None

    def _bordered(
        self, solve: Any, matrix: Any, more: Floats, b: Floats, border: Floats, corner: float, into: Floats, off: float
    ) -> tuple[Floats, float]:
        """x and s with  matrix x - more s = into,  border . x + corner s = off,  given b = solve(more); refined, for near a fold the matrix
        alone is all but singular."""
        x, s = np.zeros_like(into), 0.0
        for _ in range(REFINED):
            a = solve(into - matrix @ x + more * s)
            change = (off - float(border @ x) - corner * s - float(border @ a)) / (float(border @ b) + corner)
            x, s = x + a + change * b, s + change
        return x, s

    def _directed(self, T: Floats, p: float, b: Floats, before: Point | None) -> Point:
        """A point with the direction (b, 1) of the branch, of length one."""
        T[self.body.held] = self.along.at(p)[0]
        length = math.sqrt(float(self.weight @ b**2) + 1.0)
        same = 1.0 if before is None else math.copysign(1.0, float(self.weight * before.direction @ b) + before.forward)
        return Point(T, p, same * b / length, same / length)

    def after(self, point: Point, step: float) -> Point | None:
        """The point a step [K] further along the branch."""
        guess = point.temperature.copy()
        guess[self.free] += step * point.direction
        return self.point(guess, point.parameter + step * point.forward, point.direction, point.forward, point)

    def at(self, parameter: float, near: Point) -> Point | None:
        """The point with a parameter, from one near it."""
        guess = near.temperature.copy()
        guess[self.free] += (parameter - near.parameter) * near.direction / near.forward
        return self.point(guess, parameter, np.zeros(len(self.free)), 1.0, near)

    def follows(self, one: Point, other: Point | None, step: float) -> bool:
        """Whether a point lies behind another on the branch, a `step` [K] on, and goes on much as that one does."""
        if other is None:
            return False
        apart = (other.temperature - one.temperature)[self.free]
        distance = math.hypot(math.sqrt(float(self.weight @ apart**2)), other.parameter - one.parameter)
        cosine = float(self.weight * one.direction @ other.direction) + one.forward * other.forward
        return distance <= 2.0 * step and cosine >= TURN

    def fold(self, point: Point, step: float) -> Point:
        """The point at which the parameter turns back, within a step [K] of one."""
        from scipy.optimize import brentq

        def found(length: float) -> Point:
            at = self.after(point, length)
            if at is None:
                raise SolveError(self.lost(point))
            return at

        return found(brentq(lambda length: found(length).forward, 0.0, step, xtol=1e-7, rtol=1e-12))

    def lost(self, point: Point) -> str:
        """That the branch cannot be followed beyond a point, in words."""
        ambient, share = self.along.at(point.parameter)
        hottest = show(float(np.max(point.temperature)), "temperature")
        with_heat = "" if self.along.fixed is None else f" with {share:.1%} of the heat"
        return (
            f"the stationary states were lost at an ambient of {show(ambient, 'temperature')}{with_heat}, hottest {hottest}; "
            "where a reaction switches on at once its heat jumps, and no state may be there"
        )


def _followed(body: SelfHeated, along: Along, temperature: Floats, parameter: float, last: float) -> State:
    """The state where the branch folds, or where its parameter comes to the `last`; SolveError where it is lost."""
    branch = _Branch(body, along, temperature)
    here = branch.point(temperature, parameter, np.zeros(len(branch.free)), 1.0, None)
    if here is None:
        raise SolveError("the stationary state was not found: Newton's method does not converge")
    step = FIRST_STEP
    for _ in range(MOST_POINTS):
        near = here.parameter + step * here.forward >= last
        there = branch.at(last, here) if near else branch.after(here, step)
        if there is None or not branch.follows(here, there, step) or (near and there.forward <= 0.0):
            step *= 0.5
            if step < SHORTEST_STEP:
                raise SolveError(branch.lost(here))
            continue
        if near:
            return State(there.temperature, along.at(last)[0], False)
        if there.forward <= 0.0:
            at = branch.fold(here, step)
            return State(at.temperature, along.at(at.parameter)[0], True)
        here, step = there, min(1.5 * step, LONGEST_STEP)
    raise SolveError(branch.lost(here))
