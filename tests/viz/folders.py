"""Result folders made by hand for the tests of the web pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import meshio
import numpy as np

HOSTILE = '</script><b id="broken">&\'x'


def write_folder(
    folder: Path, mesh: tuple[Any, list[tuple[str, Any]], Any], fields: list[dict[str, Any]], times: Any, regions: list[str], case: str = ""
) -> Path:
    """A finished run: mesh as (points, cells, region of each cell), arrays of the points for each time [s]."""
    points, cells, region = mesh
    (folder / "fields").mkdir(parents=True)
    lines = []
    for number, (time, arrays) in enumerate(zip(times, fields, strict=True), 1):
        name = f"frame-{number:04d}.vtu"
        made = meshio.Mesh(points, cells, point_data=arrays, cell_data={"material": [np.asarray(region, np.int32)]})
        made.write(folder / "fields" / name, file_format="vtu")
        lines.append(f'<DataSet timestep="{float(time)!r}" part="0" file="{name}"/>')
    (folder / "fields" / "run.pvd").write_text("<VTKFile><Collection>" + "\n".join(lines) + "</Collection></VTKFile>")
    rows = [f'{i},"{name.replace(chr(34), 2 * chr(34))}"\n' for i, name in enumerate(regions)]
    (folder / "fields" / "materials.csv").write_text("material,name\n" + "".join(rows))
    (folder / "history.csv").write_text("time_s,probe_K\n0,300\n1,300\n")
    (folder / "summary.json").write_text(json.dumps({"title": f"boxes {HOSTILE}", "status": "complete"}))
    (folder / "resolved.yaml").write_text(case)
    return folder


def boxes(shape: tuple[int, int, int], n_regions: int) -> tuple[Any, list[tuple[str, Any]], Any]:
    """A box of 60 x 40 x 30 mm of unequal hexahedra, in regions along x."""
    axes = [size * np.linspace(0.0, 1.0, n + 1) ** 1.3 for size, n in zip((0.06, 0.04, 0.03), shape, strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    k, j, i = (a.ravel() for a in np.meshgrid(*(np.arange(n) for n in shape[::-1]), indexing="ij"))
    nx, ny = shape[0] + 1, shape[1] + 1
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    cells = np.column_stack([(i + a) + nx * ((j + b) + ny * (k + c)) for a, b, c in corners])
    return np.column_stack([a.ravel() for a in (x, y, z)]), [("hexahedron", cells)], i * n_regions // shape[0]


def plane(n: int) -> tuple[Any, list[tuple[str, Any]], Any]:
    """A plane of 20 x 50 mm of n x n quadrilaterals in two regions."""
    y, x = np.meshgrid(np.linspace(0.0, 0.05, n + 1), np.linspace(0.0, 0.02, n + 1), indexing="ij")
    j, i = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    cells = np.column_stack([i + a + (n + 1) * (j + b) for a, b in [(0, 0), (1, 0), (1, 1), (0, 1)]])
    return np.column_stack([x.ravel(), y.ravel(), 0.0 * x.ravel()]), [("quad", cells)], (2 * i >= n).astype(int)


def front(points: Any, times: Any) -> list[dict[str, Any]]:
    """A hot front that travels along x, with a conversion that has no value beyond the middle."""
    found = []
    for time in times:
        share = 1.0 / (1.0 + np.exp((points[:, 0] - 0.06 * time) / 0.004))
        temperature = 298.15 + 400.0 * share + 2e4 * points[:, 1] * points[:, 2]
        found.append({"temperature_K": temperature, "conversion_sei": np.where(points[:, 0] < 0.031, share, np.nan)})
    return found


def box_folder(folder: Path, shape: tuple[int, int, int] = (12, 8, 6), n_regions: int = 3, n_times: int = 9) -> Path:
    """A run of boxes; one of its regions has a hostile name."""
    mesh, times = boxes(shape, n_regions), np.linspace(0.0, 1.0, n_times)
    names = [HOSTILE, *(f"cell-{i}" for i in range(1, n_regions))]
    return write_folder(folder, mesh, front(mesh[0], times), times, names)


def plane_folder(folder: Path, axisymmetric: bool) -> Path:
    """A run in a plane, (x, y) or (r, z)."""
    mesh, times = plane(16), np.linspace(0.0, 1.0, 4)
    case = "sample: {coordinates: axisymmetric}\n" if axisymmetric else ""
    return write_folder(folder, mesh, [{"temperature_K": f["temperature_K"]} for f in front(mesh[0], times)], times, ["core", "can"], case)


def nested_folder(folder: Path, one: bool = False) -> Path:
    """A run of a core in a roll in a can, each closed round the one in it; with `one` all of it is the can."""
    points, cells, _ = boxes((10, 10, 10), 1)
    x, y, z = (np.arange(1000) // n % 10 for n in (1, 10, 100))
    depth = np.max([abs(2 * x - 9), abs(2 * y - 9), abs(2 * z - 9)], axis=0)
    region = np.where(depth < 4, 0, np.where(depth < 8, 1, 2)) if not one else np.full(1000, 2)
    fields = [{"temperature_K": np.full(len(points), 300.0 + 100.0 * time) + 1e3 * points[:, 0]} for time in (0.0, 1.0)]
    return write_folder(folder, (points, cells, region), fields, [0.0, 1.0], ["core", "roll", "can"])
