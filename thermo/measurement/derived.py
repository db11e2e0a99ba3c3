"""Numbers that follow from a body and its conditions without a solution: effective conductivities, resistance, Biot and Fourier."""

from __future__ import annotations

from typing import Any

from thermo.base.arrays import Floats
from thermo.materials.properties import value_at


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
        if condition.outside is not None and not condition.holds:
            biot[face] = biot.get(face, 0.0) + condition.film(0.0) * length / least
    return {"length_m": length, "biot": biot, "fourier": slowest * end / length**2}
