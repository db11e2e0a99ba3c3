"""Numbers that follow from a body and its conditions without a solution: effective conductivities, resistance, Biot and Fourier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermo.base.arrays import Floats
from thermo.casefile.units import show
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


def layers_text(name: str, found: Mapping[str, Any] | None) -> str:
    """What layers amount to, as `homogenised.Effective` has it, in a line."""
    if found is None:
        return f"{name}: heat goes astray in a layer, so that the layers have no conductivity through and along them"
    through, in_plane = found["conductivity_through_W_per_m_K"], found["conductivity_in_plane_W_per_m_K"]
    text = f"{name}: {found['layers']} layers, {1e3 * found['thickness_m']:.4g} mm, in perfect contact exactly {through:.4g} W/(m K) "
    text += f"through and {in_plane:.4g} W/(m K) in plane at {show(found['temperature_K'], 'temperature')}"
    rho, c = found["density_kg_per_m3"], found["heat_capacity_J_per_kg_K"]
    return text if rho is None else f"{text}; {rho:.5g} kg/m3, {c:.5g} J/(kg K)"


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
