"""What is read off a meshed body, however it is stepped: probes, extremes, numbers of its layers, warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from meshes.block import Grid
from meshes.checks import facet_sizes, sizes
from meshes.mesh import FACETS, facet_pairs, region_numbers, rows_in
from thermo.base.arrays import Floats, Integers
from thermo.bodies.layered_block import LayeredBlock
from thermo.casefile.units import show
from thermo.heat.elements import Space
from thermo.heat.tensor import Stack
from thermo.materials.material import PROPERTIES, Material
from thermo.materials.properties import principal, sheet, tables_of, value_at
from thermo.measurement.derived import numbers, stack
from thermo.programmes.conditions import (
    amounts,
    resistance,
    strongest_of,
)
from thermo.stepping.loop import HIGHEST, LOWEST, State


class Reading(NamedTuple):
    """How a probe reads the nodes: weighted (mean, point), or the largest or smallest of them."""

    nodes: Integers
    weights: Floats
    take: str

    def of(self, temperature: Floats) -> Floats:
        """The probe's temperature from rows of nodal temperatures (n_rows, n_nodes)."""
        part = np.take(temperature, self.nodes, axis=1)
        if self.take == "maximum":
            return part.max(axis=1)  # type: ignore[no-any-return]
        if self.take == "minimum":
            return part.min(axis=1)  # type: ignore[no-any-return]
        return np.sum(part * self.weights, axis=1)  # type: ignore[no-any-return]  # row by row, however many there are


def stack_of(block: LayeredBlock, grid: Grid, materials: dict[str, Material], temperature: float) -> Stack:
    """The layers of a block row by row of cells along z, with their properties at a temperature [K]."""
    levels = np.cumsum([float(layer.thickness) for layer in block.layers])
    middle = 0.5 * (grid.z[1:] + grid.z[:-1])
    rows = [list(materials.values())[i] for i in np.searchsorted(levels, middle)]
    along = np.array([sheet(material.thermal_conductivity, temperature) for material in rows], float)
    capacity = np.array(
        [float(value_at(material.density, temperature) * value_at(material.heat_capacity, temperature)) for material in rows]
    )
    return Stack(grid, block.mesh.order, along[:, 0], along[:, 1], np.array(capacity))


def extremes_by_region(names: list[str], time: Floats, rows: Floats, place: Callable[[int], list[float]]) -> dict[str, Any]:
    """Of every region: mean and stored heat at the end, the extremes with their time and place."""
    found = {}
    for j, name in enumerate(names):
        mean, largest, smallest, at_largest, at_smallest, stored = rows[:, j].T
        high, low = int(np.argmax(largest)), int(np.argmin(smallest))
        found[name] = {
            "mean_K": float(mean[-1]),
            "stored_J": float(stored[-1]),
            "maximum_K": float(largest[high]),
            "time_of_maximum_s": float(time[high]),
            "place_of_maximum_m": place(int(at_largest[high])),
            "minimum_K": float(smallest[low]),
            "time_of_minimum_s": float(time[low]),
            "place_of_minimum_m": place(int(at_smallest[low])),
        }
    return found


def united(block: Any, areas: dict[str, float]) -> float:
    """Area of some faces together [m2]; where they lie on each other, the larger one counts."""
    if not block.overlaps(list(areas)):
        return sum(areas.values())
    mesh = block.coarse()
    space = Space(mesh, 1, axisymmetric=block.axisymmetric)
    total, known = 0.0, np.zeros((0, len(FACETS[mesh.kind][0])), np.int64)
    for face, area in sorted(areas.items(), key=lambda entry: -entry[1]):
        rows = mesh.faces[face]
        size = space.on_each_facet(rows)[1].sum(axis=1)
        total += area * float(size[rows_in(rows, known, missing=-1) < 0].sum() / max(size.sum(), 1e-300))
        known = np.concatenate([known, rows])
    return total


def derived_numbers(
    block: Any, materials: dict[str, Material], terms: Any, areas: dict[str, float], volume: float, start: float, end: float
) -> dict[str, Any]:
    """Biot and Fourier numbers, and of a stack of layers its effective conductivities and resistance, at a start temperature [K].

    `areas` are those of the faces that the terms name [m2]. No stack where a layer leads heat along z aside.
    """
    outer = [(face, condition) for face, condition in terms if not (condition.links or condition.inside)]
    area = united(block, {face: float(areas[face]) for face, _ in outer})
    along = [principal(m.thermal_conductivity, start, block.dimension, block.axisymmetric) for m in materials.values()]
    made: dict[str, Any] = numbers(volume, area, along, list(materials.values()), outer, start, end)
    if isinstance(block, LayeredBlock):
        sheets = [sheet(material.thermal_conductivity, start) for material in materials.values()]
        layers = [(float(layer.thickness), *k) for layer, k in zip(block.layers, sheets, strict=True) if k]
        contacts = [resistance(c, 0.0) for _, c in terms if c.parts]
        made["stack"] = stack(layers, contacts) if all(sheets) else None
    return made


def theta_between(start: Floats, terms: Any) -> tuple[float, float] | None:
    """(T0, Ts - T0) where a body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
    others = {condition.outside if condition.holds else None for _, condition in terms}
    (held,) = others if len(others) == 1 else (None,)
    if not isinstance(held, float) or np.ptp(start) > 0.0 or held == start.flat[0]:
        return None
    return float(start.flat[0]), float(held - start.flat[0])


QUADRATIC = "quadratic elements overshoot where a temperature jumps or heat sets in; mesh.order: 1 keeps closer to the bounds"
CAPACITY = "a consistent capacity overshoots where a temperature jumps or heat sets in; smaller cells keep closer to the bounds"
CELLS = (
    "cells of this form, or a conductivity that differs by direction; smaller cells keep closer to the bounds, shorter steps do not help"
)
STEPS = "the time steps; a smaller numerics.tolerance, or numerics.scheme: backward-euler, keeps closer to the bounds"
BEYOND = 1e-4  # of the span of temperatures: further out is told


def bounds_of(data: tuple[float, float], terms: Any) -> tuple[float, float]:
    """Between which temperatures a body stays [K], by its data: none below where something cools, none above where something heats."""
    given = [value for _, condition in terms for value in amounts(condition)]
    return (-math.inf if min(given, default=0.0) < 0.0 else data[0]), (math.inf if max(given, default=0.0) > 0.0 else data[1])


def beyond_bounds(data: tuple[float, float], terms: Any, regions: dict[str, Any], state: State, cause: str) -> list[dict[str, Any]]:
    """A warning for each side on which the body left its bounds: by how much, in which region, where and when in the history."""
    lowest, highest = bounds_of(data, terms)
    span = max(data[1] - data[0], float(state.loop[HIGHEST] - state.loop[LOWEST]), 1e-9)
    found = []
    for word, of, amount, bound in (
        ("below", "minimum", lowest - float(state.loop[LOWEST]), lowest),
        ("above", "maximum", float(state.loop[HIGHEST]) - highest, highest),
    ):
        if amount <= BEYOND * span:
            continue
        sign = -1.0 if of == "minimum" else 1.0
        region = list(regions)[int(np.argmax([sign * entry[f"{of}_K"] for entry in regions.values()]))]
        at = regions[region]
        recorded = max(sign * (at[f"{of}_K"] - bound), 0.0)
        text = f"the temperature went {amount:.3g} K {word} {show(bound, 'temperature')}, beyond which start and conditions do not lead "
        text += f"({100.0 * amount / span:.2g} % of the span of temperatures): {cause}. "
        place = ", ".join(show(x, "length") for x in at[f"place_of_{of}_m"])
        text += f"In the rows of the history {recorded:.3g} K, in {region} at ({place}) after {show(at[f'time_of_{of}_s'], 'time')}"
        found.append({"code": "undershoot", "text": text, "where": f"regions.{region}"})
    return found


LEAST_ACROSS = {1: 4.0, 2: 2.5}  # cells in the width of a patch, by order: heat through it is off by some 4 and 1 % then
MOST_DEEP = 0.5  # depth of the cells at a patch, in its widths


def coarse_patches(mesh: Any, names: Iterable[str], order: int) -> list[dict[str, Any]]:
    """A warning for every patch, a part of a larger side, that has too few cells across it, or too deep ones below it.

    Heat crowds at the edge of a patch where the surface goes on beyond it; a face that ends at the edges of the body has no such place.
    """
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    found: list[dict[str, Any]] = []
    every: tuple[Integers, Integers] | None = None
    for name in names:
        facets = mesh.faces[name]
        if not len(facets) or mesh.points.shape[1] == 1:
            continue
        corners = mesh.points[facets]
        widths = corners.max(axis=(0, 1)) - corners.min(axis=(0, 1))
        narrow = np.flatnonzero((widths > 1e-9 * (high - low)) & (widths < (1.0 - 1e-6) * (high - low)))
        if not len(narrow):
            continue
        every = every or facet_pairs(mesh)
        own = rows_in(np.sort(facets, axis=1), np.sort(every[0], axis=1))
        if not _goes_on(mesh, *every, own):
            continue
        axis = narrow[np.argmin(widths[narrow])]
        width = float(widths[axis])
        across = width / float(np.ptp(corners[:, :, axis], axis=1).max())
        beside = np.concatenate([every[1][own, 0], every[1][own, 1]])
        size = np.abs(sizes(mesh.points, mesh.cells[beside], mesh.kind)) / np.tile(facet_sizes(mesh.points, facets), 2)
        deep = float(size[beside >= 0].max()) * (2.0 if mesh.kind == "triangle" else 3.0 if mesh.kind == "tetra" else 1.0)
        if across < LEAST_ACROSS[order] - 1e-6 or deep > MOST_DEEP * width:
            text = (
                f"{name} is {show(width, 'length')} wide, with {across:.2g} cells across it and cells {show(deep, 'length')} deep at it: "
            )
            text += "heat through it is not resolved; give the mesh smaller cells there"
            found.append({"code": "coarse-patch", "text": text, "where": f"programme.faces.{name}"})
    return found


def _goes_on(mesh: Any, facets: Integers, sides: Integers, own: Integers) -> bool:
    """Whether the surface of the body goes on beyond the facets `own` without a bend, or they lie within the body."""
    outer = sides[:, 1] < 0
    if not outer[own].all():
        return True
    rest = outer.copy()
    rest[own] = False
    touching = np.zeros(len(mesh.points), bool)
    touching[facets[own]] = True
    near = np.flatnonzero(rest & (np.count_nonzero(touching[facets], axis=1) >= facets.shape[1] // 2))
    mean = np.zeros(mesh.points.shape)
    for k in range(facets.shape[1]):
        np.add.at(mean, facets[own, k], _outward(mesh, facets[own], sides[own, 0]))
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    mean /= np.where(length > 0.0, length, 1.0)
    along = np.sum(mean[facets[near]] * _outward(mesh, facets[near], sides[near, 0])[:, None, :], axis=2)
    return bool(np.any(along * touching[facets[near]] > STRAIGHT))


STRAIGHT = 0.95  # cosine between normals of a surface that goes on without a bend


def _outward(mesh: Any, facets: Integers, cells: Integers) -> Floats:
    """Unit normals of edges in a plane or of triangles and quadrilaterals in space, away from the middles of their cells."""
    corners = mesh.points[facets]
    one, other = corners[:, 1] - corners[:, 0], corners[:, -1] - corners[:, 0]
    normal = np.cross(one, other) if corners.shape[2] == 3 else np.stack([one[:, 1], -one[:, 0]], axis=1)
    away = np.sum(normal * (corners.mean(axis=1) - mesh.points[mesh.cells[cells]].mean(axis=1)), axis=1)
    unit: Floats = normal * (np.sign(away) / np.linalg.norm(normal, axis=1))[:, None]
    return unit


MOST_REACH = {1: 0.8, 2: 1.5}  # depth of a cell at a face, in sqrt(a t) at the end, by order: heat through it is off by some 2 % then
LEAST_SHARE = 0.02  # of the span of temperatures, what a surface moves in that time: less is not told


class Loaded(NamedTuple):
    """A face with a condition on it, or none where two regions start apart; cells (n,) at it: depth [m], conductivity, diffusivity."""

    name: str
    condition: Any
    depth: Floats
    conductivity: Floats
    diffusivity: Floats


def short_reach(faces: Iterable[Loaded], span: float, end: float, order: int) -> list[dict[str, Any]]:
    """A warning of faces whose cells are deeper than heat goes until the end [s]; `span`: of start and surroundings [K]."""
    worst: dict[str, tuple[float, float, float]] = {}
    for name, condition, depth, k, diffusivity in faces:
        reach = np.sqrt(diffusivity * end)
        counts = np.ones(len(depth), bool)
        if condition is not None and condition.density is not None:
            counts = strongest_of(condition.density) * reach > LEAST_SHARE * k * span
        elif condition is not None and not condition.holds:
            counts = condition.strongest() * reach > LEAST_SHARE * k
        ratio = np.where(counts, depth / reach, 0.0)
        at = int(np.argmax(ratio))
        if ratio[at] > max(MOST_REACH[order], worst.get(name, (0.0,))[0]):
            worst[name] = (float(ratio[at]), float(reach[at]), float(depth[at]))
    if not worst:
        return []
    names = list(worst)
    most = max(names, key=lambda name: worst[name][0])
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    text = f"{shown}: at {most} heat goes some {show(worst[most][1], 'length')} deep until the end, and cells there are "
    text += f"{show(worst[most][2], 'length')} deep: temperatures and heat at it are not resolved; give the mesh smaller cells there"
    return [{"code": "coarse-reach", "text": text, "where": f"programme.faces.{most}"}]


def cells_at(mesh: Any, faces: Iterable[tuple[str, Any]], bulk: Mapping[str, tuple[float, float]]) -> list[Loaded]:
    """The cells at faces (name, condition) of a mesh, with the conductivity and diffusivity of their regions."""
    facets, sides = facet_pairs(mesh)
    known, number = np.sort(facets, axis=1), region_numbers(mesh)
    k, diffusivity = np.array([bulk[name] for name in mesh.regions]).T
    found = []
    for name, condition in faces:
        rows = mesh.faces[name]
        on = rows_in(np.sort(rows, axis=1), known)
        beside = sides[on].T.ravel()
        deep = np.abs(sizes(mesh.points, mesh.cells[beside], mesh.kind)) / np.tile(facet_sizes(mesh.points, rows), 2)
        deep *= 2.0 if mesh.kind == "triangle" else 3.0 if mesh.kind == "tetra" else 1.0
        there = beside >= 0
        region = number[beside[there]]
        found.append(Loaded(name, condition, deep[there], k[region], diffusivity[region]))
    return found


def range_warnings(block: Any, materials: dict[str, Material], regions: dict[str, Any]) -> list[dict[str, Any]]:
    """Materials beyond the range in which their values hold, by the extremes of their regions."""
    found = []
    for region, material in materials.items():
        low, high = regions[region]["minimum_K"], regions[region]["maximum_K"]
        name, _ = block.materials()[region]
        where = f"materials.{name}"
        if material.valid and not (material.valid.lowest <= low and high <= material.valid.highest):
            least, most = show(material.valid.lowest, "temperature"), show(material.valid.highest, "temperature")
            text = f"{name} holds from {least} to {most}; {region} went from {show(low, 'temperature')} to "
            found.append({"code": "outside-range", "text": text + show(high, "temperature"), "where": where})
        for prop in PROPERTIES:
            for table in tables_of(getattr(material, prop)):
                first, last = float(table.temperature[0]), float(table.temperature[-1])
                if low < first or high > last:
                    text = f"{prop} of {name} is tabled from {show(first, 'temperature')} to {show(last, 'temperature')} and was held "
                    text += f"constant beyond; {region} went from {show(low, 'temperature')} to {show(high, 'temperature')}"
                    found.append({"code": "outside-table", "text": text, "where": f"{where}.{prop}"})
        melting = material.melting
        if melting is not None and low < melting.temperature < high and (melting.range is None or melting.heat is None):
            text = f"{name} melts at {show(melting.temperature, 'temperature')}; its latent heat is not in the run: give 'melting' a "
            text += "'range' of temperature and a 'heat'"
            found.append({"code": "melting", "text": text, "where": f"{where}.melting"})
    unique = {(entry["code"], entry["where"]): entry for entry in found}
    return list(unique.values())
