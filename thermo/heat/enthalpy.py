"""Heat stored in the nodes of a mesh whose heat capacity depends on temperature or whose materials melt.

    H_i(T) = sum over materials m of V_im h_m(T),   h_m(T) = integral of s_m from 298.15 K to T,   s_m = rho c + rho L / w within melting

with V_im the volume of material m at node i. s is piecewise linear, so h is piecewise quadratic and both are exact.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.materials.material import Material
from thermo.materials.properties import Table

PARTS = 64  # pieces between two rows of tables of density and heat capacity when both depend on temperature


class Integral(NamedTuple):
    """A property that is linear in temperature between corners, positive, constant beyond their ends, and its integral from 298.15 K.

    Of a volumetric heat capacity [J/(m3 K)] that is the enthalpy [J/m3]; of a conductivity [W/(m K)] Kirchhoff's potential [W/m].
    `temperature` (n,) [K] of the corners, the property `left` and `right` of each, its integral `there`.
    """

    temperature: Floats
    left: Floats
    right: Floats
    there: Floats

    def at(self, T: Floats) -> Floats:
        """The integral at temperatures."""
        k, x = self.piece(T)
        return self.there[k] + x * (self._start(k, T) + 0.5 * self._slope(k, T) * x)  # type: ignore[no-any-return]

    def value(self, T: Floats) -> Floats:
        """The property at temperatures."""
        k, x = self.piece(T)
        return self._start(k, T) + self._slope(k, T) * x  # type: ignore[no-any-return]

    def temperature_of(self, integral: Floats) -> Floats:
        """Temperature at which the integral has a value [K]: the root of a quadratic."""
        k = np.clip(np.searchsorted(self.there, integral, side="right") - 1, 0, len(self.there) - 1)
        below = integral < self.there[0]
        start = np.where(below, self.left[0], self.right[k])
        slope = np.where(below, 0.0, self._slopes()[k])
        rest = integral - self.there[k]
        return self.temperature[k] + 2.0 * rest / (start + np.sqrt(np.maximum(start * start + 2.0 * slope * rest, 0.0)))  # type: ignore[no-any-return]

    def piece(self, T: Floats) -> tuple[Integers, Floats]:
        """The corner before each temperature, or the first one, and how far above that it lies [K]."""
        k = np.clip(np.searchsorted(self.temperature, T, side="right") - 1, 0, len(self.temperature) - 1)
        return k, T - self.temperature[k]

    def _start(self, k: Integers, T: Floats) -> Floats:
        return np.where(T < self.temperature[0], self.left[0], self.right[k])

    def _slope(self, k: Integers, T: Floats) -> Floats:
        return np.where(T < self.temperature[0], 0.0, self._slopes()[k])

    def _slopes(self) -> Floats:
        return np.append((self.left[1:] - self.right[:-1]) / np.diff(self.temperature), 0.0)


def _values(prop: object, T: Floats) -> Floats:
    if isinstance(prop, Table):
        return np.interp(T, np.array(prop.temperature, float), np.array(prop.value, float))  # type: ignore[no-any-return]
    return np.full(len(T), float(prop))  # type: ignore[arg-type]


def integral_of(temperature: Floats, left: Floats, right: Floats) -> Integral:
    """The integral of a property with these corners."""
    steps = 0.5 * (right[:-1] + left[1:]) * np.diff(temperature)
    made = Integral(temperature, left, right, np.concatenate([[0.0], np.cumsum(steps)]))
    return made._replace(there=made.there - made.at(np.array([REFERENCE_TEMPERATURE]))[0])


def enthalpy_of(material: Material) -> Integral:
    """The enthalpy of a material: its tables clamped at their ends, melting spread over its range."""
    tables = [prop for prop in (material.density, material.heat_capacity) if isinstance(prop, Table)]
    rows = sorted({float(T) for table in tables for T in table.temperature})
    if len(tables) == 2:
        rows = sorted({T for a, b in itertools.pairwise(rows) for T in np.linspace(a, b, PARTS + 1).tolist()})
    melting = material.melting
    ends: tuple[float, float] = (0.0, 0.0)
    latent = 0.0
    if melting is not None and melting.heat is not None and melting.range is not None:
        ends = (float(melting.temperature - 0.5 * melting.range), float(melting.temperature + 0.5 * melting.range))
        density = float(_values(material.density, np.array([float(melting.temperature)]))[0])
        latent = density * float(melting.heat) / (ends[1] - ends[0])
        rows = sorted({*rows, *ends})
    T = np.array(rows or [REFERENCE_TEMPERATURE])
    sensible = _values(material.density, T) * _values(material.heat_capacity, T)
    left = sensible + latent * ((T > ends[0]) & (T <= ends[1]))
    right = sensible + latent * ((T >= ends[0]) & (T < ends[1]))
    return integral_of(T, left, right)


class Storage:
    """Heat of the nodes as a function of their temperature: `volumes` (n_nodes, n_materials) [m3], the enthalpy of each material."""

    def __init__(self, volumes: Floats, materials: list[Integral]) -> None:
        self.volumes, self.materials = volumes, materials
        self.inside = [np.flatnonzero(volumes[:, m]) for m in range(len(materials))]
        count = np.count_nonzero(volumes, axis=1)
        self.pure = [nodes[count[nodes] == 1] for nodes in self.inside]
        self.mixed = np.flatnonzero(count > 1)

    def heat(self, T: Floats) -> Floats:
        """H [J] of every node."""
        found = np.zeros_like(T)
        for m, (nodes, material) in enumerate(zip(self.inside, self.materials, strict=True)):
            found[nodes] += self.volumes[nodes, m] * material.at(T[nodes])
        return found

    def capacity(self, T: Floats) -> Floats:
        """dH/dT [J/K] of every node."""
        found = np.zeros_like(T)
        for m, (nodes, material) in enumerate(zip(self.inside, self.materials, strict=True)):
            found[nodes] += self.volumes[nodes, m] * material.value(T[nodes])
        return found

    def temperature(self, H: Floats, guess: Floats) -> Floats:
        """T [K] at which the nodes hold H: exact where there is one material, else Newton's method kept between bounds."""
        found = guess.copy()
        for m, (nodes, material) in enumerate(zip(self.pure, self.materials, strict=True)):
            found[nodes] = material.temperature_of(H[nodes] / self.volumes[nodes, m])
        if len(self.mixed):
            found[self.mixed] = self._between(H[self.mixed], guess[self.mixed])
        return found

    def _between(self, H: Floats, T: Floats) -> Floats:
        part = Storage(self.volumes[self.mixed], self.materials)
        part.mixed = np.zeros(0, np.int64)
        low, high = np.full(len(H), -1e4), np.full(len(H), 1e5)
        for _ in range(200):
            excess = part.heat(T) - H
            low, high = np.where(excess <= 0.0, T, low), np.where(excess > 0.0, T, high)
            step = excess / part.capacity(T)
            new = T - step
            done = np.abs(step) <= 1e-13 * np.abs(T)  # asked before the bounds, one of which is T
            new = np.where(done | ((new > low) & (new < high)), new, 0.5 * (low + high))
            T = new
            if done.all():
                break
        return T
