"""Numbers that follow from a body and its conditions without a solution: effective conductivities, resistance, Biot and Fourier."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.boundary import Convection, Radiation, at
from thermo.constants import STEFAN_BOLTZMANN
from thermo.kinetics import Floats
from thermo.materials import ByAxis, Cylindrical, Orthotropic, Table, Tensor


def value_at(value: Any, temperature: Any) -> Any:
    """A constant, or a table at temperatures [K]."""
    if isinstance(value, Table):
        return np.interp(temperature, np.array(value.temperature, float), np.array(value.value, float))
    return np.full(np.shape(temperature), float(value))


def principal(conductivity: Any, temperature: float) -> Floats:
    """The conductivities along the directions of a material [W/(m K)], at a temperature [K]; the last is that through."""
    if isinstance(conductivity, Tensor):
        return np.linalg.eigvalsh(np.array(conductivity.rows, float))  # type: ignore[no-any-return]
    if isinstance(conductivity, ByAxis | Orthotropic):
        return np.array([value_at(value, temperature) for value in conductivity])
    if isinstance(conductivity, Cylindrical):
        return np.array([value_at(value, temperature) for value in conductivity[:3]])
    return np.full(2, value_at(conductivity, temperature))


def stack(layers: list[tuple[float, float, float]], contacts: list[float]) -> dict[str, float]:
    """A stack of layers (thickness [m], conductivity in plane and through [W/(m K)]) with contact resistances [m2 K/W].

    In plane: sum(k d)/sum(d); through: sum(d)/R with R = sum(d/k) + contacts.
    """
    thickness = sum(d for d, _, _ in layers)
    resistance = sum(d / through for d, _, through in layers) + sum(contacts)
    return {
        "conductivity_in_plane_W_per_m_K": sum(d * along for d, along, _ in layers) / thickness,
        "conductivity_through_W_per_m_K": thickness / resistance,
        "resistance_through_m2_K_per_W": resistance,
    }


def numbers(volume: float, areas: dict[str, float], materials: list[Any], terms: Any, start: float, end: float) -> dict[str, Any]:
    """Biot and Fourier numbers of a body.

    L = V/A with A all faces that heat passes; Bi = h L/k by convective or radiative face, h = 4 eps sigma T_amb^3 for radiation, k the
    least conductivity in the body; Fo = a t/L^2 with the least a = k/(rho c) at the end of the run.
    """
    passed = {face for face, _ in terms if face in areas}
    area = sum(areas[face] for face in passed)
    if area <= 0.0:
        return {"length_m": None, "biot": {}, "fourier": None}
    length = volume / area
    least = min(float(principal(m.thermal_conductivity, start).min()) for m in materials)
    slowest = min(
        float(principal(m.thermal_conductivity, start).min()) / (value_at(m.density, start) * value_at(m.heat_capacity, start))
        for m in materials
    )
    biot: dict[str, float] = {}
    for face, condition in terms:
        if isinstance(condition, Convection):
            film = at(condition.heat_transfer_coefficient, 0.0)
        elif isinstance(condition, Radiation):
            film = 4.0 * at(condition.emissivity, 0.0) * STEFAN_BOLTZMANN * at(condition.ambient_temperature, 0.0) ** 3
        else:
            continue
        biot[face] = biot.get(face, 0.0) + film * length / least
    return {"length_m": length, "biot": biot, "fourier": slowest * end / length**2}
