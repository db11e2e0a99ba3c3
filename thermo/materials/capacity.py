"""Heat capacity of a whole sample, linear in temperature, with melting peaks.

H(T) = C0 (T - T0) + C1/2 (T - T0)^2 + sum of peaks  heat x Phi((T - Tp)/w),   T0 = 298.15 K, Phi the normal distribution.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.materials.integral import Peaks, Pieces


class HeatCapacity(NamedTuple):
    """C(T) of a whole sample or of what is fixed to it: `at_298` [J/K], `slope` [J/K2], melting peaks [J], [K], [K]."""

    at_298: float
    slope: float
    melting: Peaks

    def pieces(self) -> Pieces:
        """One piece, from 298.15 K on and below."""
        return Pieces(*(np.array([part]) for part in (REFERENCE_TEMPERATURE, self.at_298, self.slope, 0.0)))

    def peaks(self) -> Peaks:
        """The melting peaks."""
        return self.melting
