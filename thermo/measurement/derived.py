"""Numbers that follow from a body and its conditions without a solution: effective conductivities, resistance, Biot and Fourier."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.chemistry.kinetics import Floats
from thermo.materials.material import ByAxis, Cylindrical, Orthotropic, Table, Tensor
from thermo.programmes.conditions import Convection, Radiation, at


def value_at(value: Any, temperature: Any) -> Any:
    """A constant, or a table at temperatures [K]."""
    if isinstance(value, Table):
        return np.interp(temperature, np.array(value.temperature, float), np.array(value.value, float))
    return np.full(np.shape(temperature), float(value))


def principal(conductivity: Any, temperature: float, dimension: int, axisymmetric: bool = False) -> Floats:
    """The conductivities along the directions of a material that a body has [W/(m K)], at a temperature [K]."""
    if isinstance(conductivity, Tensor):
        return np.linalg.eigvalsh(np.array(conductivity.rows, float))  # type: ignore[no-any-return]
    values: tuple[Any, ...] = (conductivity,)
    if isinstance(conductivity, ByAxis):
        values = (conductivity.through, conductivity.in_plane)[:dimension]
    elif isinstance(conductivity, Orthotropic):
        values = conductivity[:dimension]
    elif isinstance(conductivity, Cylindrical):
        values = (conductivity.radial, conductivity.axial) if axisymmetric else conductivity[:dimension]
    return np.array([value_at(value, temperature) for value in values])


def sheet(conductivity: Any, temperature: float) -> tuple[float, float] | None:
    """The mean conductivity in the plane of a layer and that through it, along z [W/(m K)]; None where heat along z goes astray."""
    if isinstance(conductivity, Tensor):
        (xx, _, xz), (_, yy, yz), (_, _, zz) = conductivity.rows
        return None if xz or yz else (0.5 * float(xx + yy), float(zz))
    if isinstance(conductivity, Cylindrical):
        return None
    if isinstance(conductivity, Orthotropic):
        x, y, z = (float(value_at(value, temperature)) for value in conductivity)
        return 0.5 * (x + y), z
    in_plane, through = conductivity if isinstance(conductivity, ByAxis) else (conductivity, conductivity)
    return float(value_at(in_plane, temperature)), float(value_at(through, temperature))


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


def numbers(
    volume: float, area: float, conductivity: list[Floats], materials: list[Any], terms: Any, start: float, end: float
) -> dict[str, Any]:
    """Biot and Fourier numbers of a body.

    L = V/A with A all faces that heat passes; Bi = h L/k by convective or radiative face, h = 4 eps sigma T_amb^3 for radiation, k the
    least conductivity in the body; Fo = a t/L^2 with the least a = k/(rho c) at the end of the run. `conductivity` are those of each
    material along the directions that the body has.
    """
    if area <= 0.0:
        return {"length_m": None, "biot": {}, "fourier": None}
    length = volume / area
    least = min(float(k.min()) for k in conductivity)
    slowest = min(
        float(k.min()) / (value_at(m.density, start) * value_at(m.heat_capacity, start))
        for k, m in zip(conductivity, materials, strict=True)
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
