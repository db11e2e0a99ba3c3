"""What is wrong with a reading: cells too coarse for what drives a body, temperatures beyond their bounds, signals below the error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from meshes.checks import facet_sizes, sizes
from meshes.mesh import facet_pairs, region_numbers, rows_in
from thermo.base.arrays import Floats, Integers
from thermo.casefile.units import show
from thermo.materials.material import PROPERTIES, Material
from thermo.materials.properties import tables_of
from thermo.programmes.conditions import (
    amounts,
    strongest_of,
)
from thermo.stepping.loop import HIGHEST, LOWEST, State

LEAST_SIGNAL = 5.0  # times the error that a step may have: less is told


def faint_signals(tolerance: float, data: tuple[float, float], probes: dict[str, Floats], regions: dict[str, Any]) -> list[dict[str, Any]]:
    """A warning of probes whose whole signal is not far above the error that a step may have.

    Parameters
    ----------
    tolerance : of a step, in the largest difference of temperature
    data : lowest and highest temperature of start and surroundings [K]
    probes : temperatures over time by name [K]
    regions : as a summary has them
    """
    largest = max(data[1] - data[0], *(region["maximum_K"] - region["minimum_K"] for region in regions.values()))
    allowed = tolerance * largest
    signals = {name: float(np.ptp(values)) for name, values in probes.items()}
    faint = [name for name, signal in signals.items() if 1e-9 * largest < signal < LEAST_SIGNAL * allowed]
    if not faint:
        return []
    least = min(signals[name] for name in faint)
    names = ", ".join(faint[:3]) + (", ..." if len(faint) > 3 else "")
    text = f"{names}: the probe changes by {least:.2g} K, but the error of a step may reach {allowed:.2g} K ({tolerance:g} of the "
    text += "largest difference in the case): its curve is not resolved; "
    text += f"numerics.tolerance: {max(0.01 * least / largest, 1e-8):.0e} resolves it"
    return [{"code": "faint-signal", "text": text, "where": f"probes.{faint[0]}"}]


QUADRATIC = "quadratic elements overshoot where a temperature jumps or heating starts; mesh.order: 1 keeps closer to the bounds"
CAPACITY = "a consistent capacity overshoots where a temperature jumps or heating starts; smaller cells keep closer to the bounds"
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
        if amount <= max(BEYOND * span, 1e-9):  # K
            continue
        sign = -1.0 if of == "minimum" else 1.0
        region = list(regions)[int(np.argmax([sign * entry[f"{of}_K"] for entry in regions.values()]))]
        at = regions[region]
        recorded = max(sign * (at[f"{of}_K"] - bound), 0.0)
        text = f"the temperature went {amount:.3g} K {word} {show(bound, 'temperature')}, the limit set by the start and the conditions "
        text += f"({100.0 * amount / span:.2g} % of the span of temperatures): {cause}. "
        place = ", ".join(show(x, "length") for x in at[f"place_of_{of}_m"])
        text += f"In the history it went {recorded:.3g} K beyond, in {region} at ({place}) after {show(at[f'time_of_{of}_s'], 'time')}"
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
    text = f"{shown}: at {most} heat penetrates about {show(worst[most][1], 'length')} by the end, but cells there are "
    text += f"{show(worst[most][2], 'length')} deep: temperatures and heat there are not resolved; give the mesh smaller cells there"
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


def range_warnings(stated: list[tuple[str, str, Material]], regions: dict[str, Any]) -> list[dict[str, Any]]:
    """Materials beyond the range in which their values hold, by the extremes of their regions; `stated` as `Case.stated` gives them."""
    found = []
    for region, name, material in stated:
        low, high = regions[region]["minimum_K"], regions[region]["maximum_K"]
        where = f"materials.{name}"
        if material.valid and not (material.valid.lowest <= low and high <= material.valid.highest):
            least, most = show(material.valid.lowest, "temperature"), show(material.valid.highest, "temperature")
            text = f"{name} is valid from {least} to {most}; {region} went from {show(low, 'temperature')} to "
            found.append({"code": "outside-range", "text": text + show(high, "temperature"), "where": where})
        for prop in PROPERTIES:
            for table in tables_of(getattr(material, prop)):
                first, last = float(table.temperature[0]), float(table.temperature[-1])
                if low < first or high > last:
                    text = f"{prop} of {name} is tabulated from {show(first, 'temperature')} to {show(last, 'temperature')} and was held "
                    text += f"constant beyond; {region} went from {show(low, 'temperature')} to {show(high, 'temperature')}"
                    found.append({"code": "outside-table", "text": text, "where": f"{where}.{prop}"})
        melting = material.melting
        if melting is not None and low < melting.temperature < high and (melting.range is None or melting.heat is None):
            text = f"{name} melts at {show(melting.temperature, 'temperature')}; the run ignores its latent heat: give 'melting' a "
            text += "'range' of temperature and a 'heat'"
            found.append({"code": "melting", "text": text, "where": f"{where}.melting"})
    unique = {(entry["code"], entry["where"]): entry for entry in found}
    return list(unique.values())
