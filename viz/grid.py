"""A frame of a result as a pyvista grid, arrays named with their unit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viz import theme
from viz.look import kept_side
from viz.read import Floats, read_cells

if TYPE_CHECKING:
    import pyvista

TEMPERATURE = "temperature [°C]"
FOLD = 40  # degrees between facets that make an edge: more than the twelfth of a turn that a coarse round face has


def grid(file: Path, others: Sequence[Path] = ()) -> tuple[pyvista.UnstructuredGrid, str]:
    """The mesh of a frame in a unit in which its size is a plain number, and that unit.

    Point data `temperature [°C]` and `temperature [K]`, cell data as in the file; of each of the `others`, which have the same mesh,
    the temperature [°C] as `frame I`. VTK's tolerances and cameras fail on bodies of
    1e-5, hence the other unit.
    """
    import pyvista

    made = pyvista.read(file)
    unit, scale = theme.length_unit(float(np.max(np.ptp(made.points, axis=0))))
    made.points = np.asarray(made.points, float) * scale
    kelvin = np.asarray(made.point_data["temperature_K"])
    made.point_data.remove("temperature_K")
    made.point_data["temperature [K]"] = kelvin
    made.point_data[TEMPERATURE] = theme.celsius(kelvin)
    for i, other in enumerate(others):
        made.point_data[frame_name(i)] = read_cells(other).temperature_c.astype(np.float32)
    made.set_active_scalars(TEMPERATURE)
    return made, unit


def frame_name(number: int) -> str:
    """The array that has the temperature of a frame of a movie."""
    return f"frame {number}"


def without_quarter(whole: pyvista.UnstructuredGrid, x: float, y: float) -> pyvista.UnstructuredGrid:
    """The mesh without what lies at larger x and smaller y: both planes through (x, y) are then seen from the front right.

    Whole cells are left out where they are boxes, which keeps their edges; cells of another form are cut.
    """
    if not _boxes(whole):
        behind, before = (whole.clip("x", origin=(x, y, 0.0), invert=invert) for invert in (True, False))
        kept = behind.merge(before.clip("y", origin=(x, y, 0.0), invert=False), merge_points=False)  # at a contact points coincide
        kept.set_active_scalars(TEMPERATURE)
        return kept.cast_to_unstructured_grid()
    centres = whole.cell_centers().points
    return whole.extract_cells(np.flatnonzero(~((centres[:, 0] > x) & (centres[:, 1] < y))))


def _boxes(whole: pyvista.UnstructuredGrid) -> bool:
    import pyvista

    return bool(np.all(whole.celltypes == pyvista.CellType.HEXAHEDRON))


def cut_open(whole: pyvista.UnstructuredGrid, cut: str, middle: Floats) -> pyvista.UnstructuredGrid:
    """The mesh without a quarter, whole, or without what lies on one side of the plane through `middle` across an axis (`Look.cut`)."""
    if cut == "quarter":
        return without_quarter(whole, middle[0], middle[1])
    if cut == "none":
        return whole
    axis = "xyz".index(cut)
    if not _boxes(whole):
        return whole.clip(cut, origin=middle, invert=kept_side(axis)).cast_to_unstructured_grid()
    centres = whole.cell_centers().points[:, axis]
    return whole.extract_cells(np.flatnonzero(centres < middle[axis] if kept_side(axis) else centres > middle[axis]))


def outlines(whole: pyvista.UnstructuredGrid, cut: pyvista.UnstructuredGrid, x: float, y: float) -> list[pyvista.PolyData]:
    """Edges of the regions of a body, and of what the cut through (x, y) shows of them."""
    return [lines for _, lines in region_outlines(whole, cut, "quarter", np.array([x, y, 0.0]))]


def region_outlines(
    whole: pyvista.UnstructuredGrid, cut: pyvista.UnstructuredGrid, how: str, middle: Floats
) -> list[tuple[int, pyvista.PolyData]]:
    """Edges of the regions of a body with the number of each, and of what a cut through `middle` shows of them (`Look.cut`).

    The pieces of cells that a plane has cut do not fit on each other, which would look like folds; so edges of the whole regions are cut,
    and their surfaces sliced.
    """
    boxes = _boxes(whole)
    found = []
    for number in np.unique(whole.cell_data["material"]):
        body = cut if boxes else whole
        part = np.flatnonzero(body.cell_data["material"] == number)
        if not len(part):
            continue
        surface = body.extract_cells(part).extract_surface(algorithm="dataset_surface").clean()
        edges = surface.extract_feature_edges(FOLD, boundary_edges=boxes, non_manifold_edges=False, manifold_edges=False)
        if boxes or how == "none":
            lines = [edges]
        elif how == "quarter":
            lines = [*_kept(edges, middle[0], middle[1]), *_sections(surface, middle[0], middle[1])]
        else:
            lines = _halved(edges, surface, "xyz".index(how), middle)
        found += [(int(number), each) for each in lines if each.n_cells]
    return found


def _halved(edges: pyvista.PolyData, surface: pyvista.PolyData, axis: int, middle: Floats) -> list[pyvista.PolyData]:
    """What a plane across an axis leaves of edges, and the line in which it meets the surface."""
    low, high = surface.bounds[2 * axis : 2 * axis + 2]
    beside = np.array(middle, float)
    beside[axis] += (-1e-6 if kept_side(axis) else 1e-6) * (high - low)  # next to nodes, not in them
    left = edges.clip("xyz"[axis], origin=beside, invert=kept_side(axis)) if edges.n_cells else edges
    return [left, surface.slice("xyz"[axis], origin=beside)]


def _kept(lines: pyvista.PolyData, x: float, y: float) -> list[pyvista.PolyData]:
    """What does not lie at larger x and smaller y."""
    before = lines.clip("x", origin=(x, y, 0.0), invert=False)
    return [lines.clip("x", origin=(x, y, 0.0)), before.clip("y", origin=(x, y, 0.0), invert=False) if before.n_cells else before]


def _sections(surface: pyvista.PolyData, x: float, y: float) -> list[pyvista.PolyData]:
    """Lines in which both halves of the cut through (x, y) meet a closed surface, and the edge between them within it."""
    import pyvista

    x0, x1, y0, y1, z0, z1 = surface.bounds
    x, y = x - 1e-6 * (x1 - x0), y + 1.3e-6 * (y1 - y0)  # next to planes and vertices, not in them
    found = []
    for axis, other, invert in (("x", "y", True), ("y", "x", False)):
        section = surface.slice(axis, origin=(x, y, 0.0))
        found.append(section.clip(other, origin=(x, y, 0.0), invert=invert) if section.n_cells else section)
    beyond = 0.1 * (z1 - z0)
    height = np.sort(surface.ray_trace((x, y, z0 - beyond), (x, y, z1 + beyond))[0][:, 2])
    return found + [pyvista.Line((x, y, a), (x, y, b)) for a, b in zip(height[::2], height[1::2], strict=False)]
