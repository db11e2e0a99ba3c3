"""Layers in perfect contact as one material: exact for heat through them and along them, not for what happens within a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.casefile.models import quantities
from thermo.casefile.units import Quantity
from thermo.materials.material import Material
from thermo.materials.properties import WORSE, ByAxis, Table, along_x, layer_ways, tables_of, value_at

SOURCE = (
    "derived from the layers: in series through them, in parallel along them, the mean by volume of density and by mass of heat capacity"
)


class Layer(NamedTuple):
    """A material and the thickness [m] of it, in one layer or in several."""

    thickness: float
    material: Material


def layer_problem(material: Material) -> str | None:
    """Why a material cannot be one of homogenised layers, or None."""
    if material.thermal_conductivity is not None and layer_ways(material.thermal_conductivity) is None:
        return "its conductivity goes by axes of the body; homogenised layers need one number, one table or {in_plane, through}"
    return None


def latent(material: Material) -> bool:
    """Whether its heat of fusion is in its enthalpy."""
    return bool(material.melting and material.melting.heat and material.melting.range)


def homogenised(layers: Sequence[Layer]) -> Material:
    """Layers in perfect contact as one material.

    k_through = d / sum(d_i / k_i),  k_in_plane = sum(d_i k_i) / d,  rho = sum(d_i rho_i) / d,  c_p = sum(d_i rho_i c_i) / (d rho)

    A property that depends on temperature in a layer is a table, exact at every row of the tables it is made of. At most one of the
    materials may have a latent heat (see `latent`), and none a `layer_problem`. If a layer states no density or no heat capacity, neither
    does the whole.
    """
    share = [layer.thickness / sum(layer.thickness for layer in layers) for layer in layers]
    parts = [layer.material for layer in layers]
    density, heat_capacity = [part.density for part in parts], [part.heat_capacity for part in parts]
    through, in_plane = zip(*(way for part in parts if (way := layer_ways(part.thermal_conductivity))), strict=True)
    melts = [(f, part) for f, part in zip(share, parts, strict=True) if latent(part)]
    whole = None not in density and None not in heat_capacity
    return Material.model_construct(
        title="homogenised layers",
        density=_mixed(density, lambda rho: _mean(share, rho), "density") if whole else None,
        heat_capacity=_mixed([*density, *heat_capacity], lambda both: _by_mass(share, both), "specific heat capacity") if whole else None,
        thermal_conductivity=ByAxis(
            _mixed(in_plane, lambda k: _mean(share, k), "thermal conductivity"),
            _mixed(through, lambda k: 1.0 / sum(f / own for f, own in zip(share, k, strict=True)), "thermal conductivity"),
        ),
        melting=_melting(melts, share, density) if melts else None,
    )


class Effective(NamedTuple):
    """What layers amount to at a temperature: exact for heat that goes through all of them, and for heat that goes along them."""

    layers: int
    thickness_m: float
    temperature_K: float
    conductivity_through_W_per_m_K: float
    conductivity_in_plane_W_per_m_K: float
    density_kg_per_m3: float | None
    heat_capacity_J_per_kg_K: float | None


def effective(layers: Sequence[Layer], n: int, temperature: float) -> Effective | None:
    """The properties at a temperature [K] of `n` layers, some of which may be written as one; None where heat goes astray in one.

    x is through the layers where a conductivity goes by axes.
    """
    ways = [along_x(layer.material.thermal_conductivity, temperature) for layer in layers]
    if any(way is None for way in ways):
        return None
    thickness = sum(layer.thickness for layer in layers)
    share = [layer.thickness / thickness for layer in layers]
    through, in_plane = zip(*(way for way in ways if way is not None), strict=True)
    rho, c = ([getattr(layer.material, name) for layer in layers] for name in ("density", "heat_capacity"))
    whole = None not in rho and None not in c
    both = [float(value_at(value, temperature)) for value in (*rho, *c)] if whole else []
    return Effective(
        n,
        thickness,
        temperature,
        1.0 / sum(f / k for f, k in zip(share, through, strict=True)),
        _mean(share, in_plane),
        _mean(share, both[: len(share)]) if whole else None,
        _by_mass(share, both) if whole else None,
    )


def _mean(share: Iterable[float], values: Iterable[float]) -> float:
    return sum(f * value for f, value in zip(share, values, strict=True))


def _by_mass(share: Sequence[float], both: Sequence[float]) -> float:
    """The mean of heat capacities by mass, from all densities and then all heat capacities."""
    mass = [f * rho for f, rho in zip(share, both[: len(share)], strict=True)]
    return _mean(mass, both[len(share) :]) / sum(mass)


def _mixed(entries: Sequence[Any], law: Callable[[list[float]], float], dimension: str) -> Quantity | Table:
    """A property of all from those of the layers: one number, or a table at every row of theirs."""

    def at(temperature: float) -> Quantity:
        made = Quantity.of(law([float(value_at(entry, temperature)) for entry in entries]), dimension)
        made.status = min((q.status for _, q in quantities(tuple(entries)) if q.dimension != "temperature"), key=lambda s: WORSE[s])
        made.source = SOURCE
        return made

    rows = sorted({float(T) for entry in entries for table in tables_of(entry) for T in table.temperature})
    if not rows:
        return at(REFERENCE_TEMPERATURE)
    return Table(tuple(Quantity.of(T, "temperature") for T in rows), tuple(at(T) for T in rows))


def _melting(melts: list[tuple[float, Material]], share: Sequence[float], density: Sequence[Any]) -> Any:
    """The latent heat of the one layer that has any, per mass of all: the share of its mass where it melts."""
    ((own, part),) = melts
    assert part.melting is not None
    assert part.melting.heat is not None
    place = float(part.melting.temperature)
    rho = _mean(share, [float(value_at(value, place)) for value in density])
    mass = own * float(value_at(part.density, place)) / rho
    heat = Quantity.of(mass * float(part.melting.heat), "specific energy")
    heat.status, heat.source = getattr(part.melting.heat, "status", None), SOURCE
    return part.melting.model_copy(update={"heat": heat})
