"""A frame of a result as a pyvista grid, arrays named with their unit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viz import theme

if TYPE_CHECKING:
    import pyvista

TEMPERATURE = "temperature [°C]"


def grid(file: Path) -> tuple[pyvista.UnstructuredGrid, str]:
    """The mesh of a frame in a unit in which its size is a plain number, and that unit.

    Point data `temperature [°C]` and `temperature [K]`, cell data as in the file. VTK's tolerances and cameras fail on bodies of
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
    made.set_active_scalars(TEMPERATURE)
    return made, unit


def without_quarter(whole: pyvista.UnstructuredGrid, x: float, y: float) -> pyvista.UnstructuredGrid:
    """The mesh without what lies at larger x and smaller y: both planes through (x, y) are then seen from the front right.

    Whole cells are left out where they are boxes, which keeps their edges; cells of another form are cut.
    """
    import pyvista

    if np.any(whole.celltypes != pyvista.CellType.HEXAHEDRON):
        behind, before = (whole.clip("x", origin=(x, y, 0.0), invert=invert) for invert in (True, False))
        kept = behind.merge(before.clip("y", origin=(x, y, 0.0), invert=False), merge_points=True)
        kept.set_active_scalars(TEMPERATURE)
        return kept.cast_to_unstructured_grid()
    centres = whole.cell_centers().points
    return whole.extract_cells(np.flatnonzero(~((centres[:, 0] > x) & (centres[:, 1] < y))))
