"""A property that is piecewise linear in temperature and its integral, as a table or a range of melting gives it.

    h(T) = integral of s from 298.15 K to T,   of a material  s = rho c + rho L / w within melting

s has corners and may jump there, so h is quadratic between them and both are exact.
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


class Pieces(NamedTuple):
    """A property from corner to corner, the first piece below all of them: start + slope x, x above `temperature` [K].

    `there` is the integral at x = 0.
    """

    temperature: Floats
    start: Floats
    slope: Floats
    there: Floats


class Peaks(NamedTuple):
    """Melting peaks (n_peaks,): the `heat` of each, per volume [J/m3] or of all [J], its `temperature` [K] and `width` [K].

    heat / (width sqrt(2 pi)) exp(-((T - temperature)/width)^2 / 2) in the heat capacity, the normal distribution in the enthalpy.
    """

    heat: Floats
    temperature: Floats
    width: Floats


NO_PEAKS = Peaks(np.zeros(0), np.zeros(0), np.zeros(0))


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
        pieces, k, x = self._piece(T)
        return pieces.there[k] + x * (pieces.start[k] + 0.5 * pieces.slope[k] * x)

    def value(self, T: Floats) -> Floats:
        """The property at temperatures."""
        pieces, k, x = self._piece(T)
        return pieces.start[k] + pieces.slope[k] * x

    def temperature_of(self, integral: Floats) -> Floats:
        """Temperature at which the integral has a value [K]: the root of a quadratic."""
        pieces, k = self.pieces(), np.searchsorted(self.there, integral, side="right")
        start, rest = pieces.start[k], integral - pieces.there[k]
        return pieces.temperature[k] + 2.0 * rest / (start + np.sqrt(np.maximum(start * start + 2.0 * pieces.slope[k] * rest, 0.0)))  # type: ignore[no-any-return]

    def pieces(self) -> Pieces:
        """What is below the corners, between them and above them (n + 1,)."""
        slope = np.concatenate([[0.0], (self.left[1:] - self.right[:-1]) / np.diff(self.temperature), [0.0]])
        start, first = np.append(self.left[:1], self.right), self.temperature[:1]
        return Pieces(np.append(first, self.temperature), start, slope, np.append(self.there[:1], self.there))

    def peaks(self) -> Peaks:
        """None: melting is spread over a range."""
        return NO_PEAKS

    def _piece(self, T: Floats) -> tuple[Pieces, Integers, Floats]:
        """The pieces, in which of them each temperature is, how far above its beginning [K]."""
        pieces, k = self.pieces(), np.searchsorted(self.temperature, T, side="right")
        return pieces, k, T - pieces.temperature[k]


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
