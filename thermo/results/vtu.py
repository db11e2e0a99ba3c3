"""A field of a body as a file of VTK's unstructured grids (.vtu), written and read by VTK.

Arrays stand packed with LZMA in raw bytes behind the XML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

TYPES = {"line": 3, "triangle": 5, "quad": 9, "tetra": 10, "hexahedron": 12}  # VTK's numbers of cells
EFFORT = 1  # of 9: harder packing takes up to ten times as long for a third fewer bytes
BLOCK = 1 << 20  # bytes that are packed together


def grid(points: NDArray[Any], cells: NDArray[Any], kind: str, material: NDArray[Any]) -> Any:
    """The mesh of a run as a `vtkUnstructuredGrid`.

    Parameters
    ----------
    points : array (n, 3) [m]
    cells : array (m, k), points of each cell as VTK numbers them
    kind : a word of `TYPES`
    material : array (m,), the region of each cell
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkUnstructuredGrid

    made, places, corners = vtkUnstructuredGrid(), vtkPoints(), vtkCellArray()
    places.SetData(numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    corners.SetData(cells.shape[1], numpy_to_vtkIdTypeArray(np.ascontiguousarray(cells, np.int64).ravel(), deep=True))
    made.SetPoints(places)
    made.SetCells(TYPES[kind], corners)
    made.GetCellData().AddArray(_array("material", material.astype(np.int32)))
    return made


def write(file: Path, mesh: Any, of_points: Mapping[str, Any], of_cells: Mapping[str, Any], numbers: Mapping[str, float | int]) -> None:
    """Write a frame: fields of the points (n,) and of the cells (m,) or (m, 3) by name, and single numbers as its field data.

    Field data are numbers, because meshio reads no arrays of text. Raises OSError where the file cannot be written.
    """
    frame = _copy(mesh)
    for fields, values in ((frame.GetPointData(), of_points), (frame.GetCellData(), of_cells)):
        for name, field in values.items():
            fields.AddArray(_array(name, field))
    for name, number in numbers.items():
        frame.GetFieldData().AddArray(_array(name, np.array([number], np.float64 if isinstance(number, float) else np.int32)))
    _store(file, frame)


def write_regions(file: Path, mesh: Any, names: Sequence[str]) -> None:
    """Write the mesh with the name of each cell's region, in the array of text `region` beside the numbers `material`.

    The field data `region_name` and `region_material` list the names and their numbers. `names` are those of the numbers 0, 1, ... Such
    arrays of text stand in a file of their own, because meshio reads no file that has one. Raises OSError where it cannot be written.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy

    made = _copy(mesh)
    material = vtk_to_numpy(made.GetCellData().GetAbstractArray("material"))
    made.GetCellData().AddArray(_texts("region", [names[number] for number in material.tolist()]))
    made.GetFieldData().AddArray(_array("region_material", np.arange(len(names), dtype=np.int32)))
    made.GetFieldData().AddArray(_texts("region_name", names))
    _store(file, made)


def _copy(mesh: Any) -> Any:
    """A grid of its own that shares the arrays of another."""
    from vtkmodules.vtkCommonDataModel import vtkUnstructuredGrid

    made = vtkUnstructuredGrid()
    made.ShallowCopy(mesh)
    return made


def _store(file: Path, grid: Any) -> None:
    """Write a grid as a file. Raises OSError where it cannot be written."""
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

    with open(file, "wb"):  # what hinders VTK is then said by Python
        pass
    writer = vtkXMLUnstructuredGridWriter()
    writer.SetFileName(str(file))
    writer.SetInputData(grid)
    writer.SetDataModeToAppended()
    writer.EncodeAppendedDataOff()
    writer.SetCompressorTypeToLZMA()
    writer.SetCompressionLevel(EFFORT)
    writer.SetBlockSize(BLOCK)
    writer.SetHeaderTypeToUInt32()
    writer.SetIdTypeToInt32()
    if not writer.Write():
        raise OSError("VTK cannot write it: the disk may be full")


def _array(name: str, values: NDArray[Any]) -> Any:
    """An array of a file by its name, which VTK would put into the XML as it is."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    made = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
    made.SetName(escape(name, {'"': "&quot;"}))
    return made


def _texts(name: str, values: Sequence[str]) -> Any:
    """An array of text by its name."""
    from vtkmodules.vtkCommonCore import vtkStringArray

    made = vtkStringArray()
    made.SetName(name)
    made.SetNumberOfValues(len(values))
    for i, value in enumerate(values):
        made.SetValue(i, value)
    return made


def read(file: Path) -> Any:
    """A field file as a `meshio.Mesh` with cells of one kind, without its arrays of text.

    VTK reads it, because meshio decodes all that is behind an array with each array of the file: 0.27 s in place of 0.08 s for 100 000
    points. Raises ValueError where it is damaged or is of another kind, OSError where it cannot be opened.
    """
    import meshio
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkCommand, vtkLogger
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    with open(file, "rb"):  # what hinders VTK is then said by Python
        pass
    reader, wrong = vtkXMLUnstructuredGridReader(), []
    reader.AddObserver(vtkCommand.ErrorEvent, lambda *_: wrong.append(file))
    reader.SetFileName(str(file))
    told = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)  # a line of ours says it
    try:
        reader.Update()
    finally:
        vtkLogger.SetStderrVerbosity(told)
    grid = reader.GetOutput()
    n_points, n_cells = grid.GetNumberOfPoints(), grid.GetNumberOfCells()
    if wrong or reader.GetErrorCode() or not n_points or not n_cells:
        raise ValueError("it is damaged, or has no cells")
    numbers = set(vtk_to_numpy(grid.GetDistinctCellTypesArray()).tolist())
    kinds = [kind for kind, number in TYPES.items() if {number} == numbers]
    if not kinds:
        raise ValueError("its cells are not of one known kind")
    corners = vtk_to_numpy(grid.GetCells().GetConnectivityArray())
    if len(corners) % n_cells or corners.min() < 0 or corners.max() >= n_points:
        raise ValueError("its cells name points that it does not have")

    def arrays(fields: Any) -> dict[str, NDArray[Any]]:
        found = (fields.GetArray(i) for i in range(fields.GetNumberOfArrays()))  # None for text
        return {array.GetName(): vtk_to_numpy(array) for array in found if array is not None}

    return meshio.Mesh(
        vtk_to_numpy(grid.GetPoints().GetData()),
        [(kinds[0], corners.reshape(n_cells, -1))],
        arrays(grid.GetPointData()),
        {name: [values] for name, values in arrays(grid.GetCellData()).items()},
        arrays(grid.GetFieldData()),
    )
