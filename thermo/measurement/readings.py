"""What is read off a meshed body, however it is stepped: probes, extremes, numbers of its layers, warnings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from meshes.block import Grid
from meshes.mesh import FACETS, rows_in
from thermo.base.arrays import Floats, Integers
from thermo.bodies.layered_block import LayeredBlock
from thermo.heat.elements import Space
from thermo.heat.tensor import Stack
from thermo.materials.material import Material
from thermo.materials.properties import principal, sheet, value_at
from thermo.measurement.derived import numbers, stack
from thermo.programmes.conditions import (
    resistance,
)


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
    thickness = block.sheets()
    if thickness is not None:
        sheets = [sheet(material.thermal_conductivity, start) for material in materials.values()]
        layers = [(thickness[name], *k) for name, k in zip(materials, sheets, strict=True) if k]
        contacts = [resistance(c, 0.0) for _, c in terms if c.parts]
        made["stack"] = stack(layers, contacts) if all(sheets) else None
    made |= {name: None if found is None else found._asdict() for name, found in block.effective(materials, start).items()}
    return made


def theta_between(start: Floats, terms: Any) -> tuple[float, float] | None:
    """(T0, Ts - T0) where a body starts at one temperature and is held at one other: theta = (T - T0)/(Ts - T0)."""
    others = {condition.outside if condition.holds else None for _, condition in terms}
    (held,) = others if len(others) == 1 else (None,)
    if not isinstance(held, float) or np.ptp(start) > 0.0 or held == start.flat[0]:
        return None
    return float(start.flat[0]), float(held - start.flat[0])


# of the rows of a region: mean, largest and smallest temperature [K], the node of the largest; heat stored since the start [J]
MEAN, LARGEST, SMALLEST, HOTTEST, STORED = 0, 1, 2, 3, 5


def through(columns: dict[str, Any], word: str) -> dict[str, dict[str, float]]:
    """Of the columns of heat that begin with a word: the last value and the largest by amount, by face or region."""
    found, time = {}, columns["time_s"]
    for column, values in columns.items():
        if column.startswith(word) and column.endswith("_W"):
            row = int(np.argmax(np.abs(values)))
            name = column.removeprefix(word).removesuffix("_W")
            found[name] = {"final_W": float(values[-1]), "extreme_W": float(values[row]), "time_of_extreme_s": float(time[row])}
    return found


def field_summary(
    regions: list[str], columns: dict[str, Any], rows: dict[str, Floats], place: Callable[[int], list[float]]
) -> dict[str, Any]:
    """What a field gives a summary: its regions, heat through its faces. `place` is that of a node [m]."""
    return {
        "regions": extremes_by_region(regions, columns["time_s"], rows["regions"], place),
        "heats": through(columns, "heat_"),
        "flows": through(columns, "flow_"),
    }


def lags(columns: dict[str, Any], sensor: str, probes: list[str], heating: Any) -> dict[str, Any]:
    """How far each other probe lies behind the sensor of an instrument.

    The largest difference of temperature with its time; at the end of the last heating the difference, and that over the rate of the
    sensor, the `lag_s` between the two. `heating`: rows (n,) in which the instrument heats.
    """
    time, seen, rate, found = columns["time_s"], columns[f"{sensor}_K"], columns["rate_K_per_s"], {}
    heated = np.flatnonzero(heating & (rate > 0.0))
    for name in probes:
        if name == sensor:
            continue
        behind = seen - columns[f"{name}_K"]
        row = int(np.argmax(np.abs(behind)))
        found[name] = {"largest_K": float(behind[row]), "time_of_largest_s": float(time[row]), "heated_K": None, "lag_s": None}
        if len(heated):
            last = int(heated[-1])
            found[name] |= {"heated_K": float(behind[last]), "lag_s": float(behind[last] / rate[last])}
    return found
