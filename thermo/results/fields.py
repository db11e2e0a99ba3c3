"""The fields of an earlier result, from which a run starts."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from thermo.base.errors import FileError
from thermo.results import vtu


def last_field(path: Path) -> tuple[float | None, float]:
    """The time of the last field of a result, or None, and when it ended [s]. Raises FileError where that cannot be read."""
    try:
        index = (path / "fields" / "run.pvd").read_text(encoding="utf-8")
        times = [float(time) for time in re.findall(r'timestep="([^"]*)"', index)]
    except OSError:
        return None, 0.0
    except ValueError as error:
        raise FileError(f"{path}: its fields/run.pvd is damaged: {error}") from None
    try:
        end = json.loads((path / "summary.json").read_text(encoding="utf-8"))["end"]["time_s"]
    except (OSError, ValueError, KeyError, TypeError):
        end = 0.0  # it has not ended, and goes on from where it is
    return (times[-1] if times else None), float(end)


def frame_files(path: Path) -> list[Path]:
    """The field files of a result in their order; the ten thousandth has a digit more than those before it."""
    return sorted((path / "fields").glob("frame-*.vtu"), key=lambda file: (len(file.name), file.name))


def has_reacted(path: Path) -> bool:
    """Whether anything has reacted in the run of a result folder; not where its summary cannot be read."""
    try:
        released = json.loads((path / "summary.json").read_text(encoding="utf-8"))["energy"]["released_J"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return any(released.values()) if isinstance(released, dict) else False


def mirrored_field(path: Path, axis: int, plane: float) -> bool:
    """Whether the last field of a result is its own mirror image at a plane across an axis [m]; not where there is none to be read."""
    from scipy.spatial import cKDTree

    files = frame_files(path)
    try:
        mesh = vtu.read(files[-1])
        places, values = np.asarray(mesh.points), np.asarray(mesh.point_data["temperature_K"])
    except Exception:  # the reading of the field itself says what is wrong with it
        return False
    image = places.copy()
    image[:, axis] = 2.0 * plane - image[:, axis]
    distance, partner = cKDTree(places).query(image, k=2)  # at a contact two points lie at one place
    near = distance <= 1e-6 * np.ptp(places, axis=0).max()
    return bool(np.all(np.any(near & (values[partner % len(values)] == values[:, None]), axis=1)))


def stored_field(path: Path, points: Any, region: str | None = None) -> Any:
    """The last temperatures of a result at points (n, dimension) [K]. Raises FileError where it has none there.

    Of several stored points at one place, as on a contact, one of the `region` is taken if that is given and known.
    """
    from scipy.spatial import cKDTree

    files = frame_files(path)
    try:
        mesh = vtu.read(files[-1])
        places, values = np.asarray(mesh.points), np.asarray(mesh.point_data["temperature_K"])
        cells, material = mesh.cells[0].data, np.asarray(mesh.cell_data["material"][0])
        with open(path / "fields" / "materials.csv", newline="", encoding="utf-8") as lines:
            stored = {row["name"]: np.unique(cells[material == int(row["material"])]) for row in csv.DictReader(lines)}
    except Exception as error:  # a damaged file fails in many ways, and each means the same
        lacks = f"{files[-1].name} is damaged ({type(error).__name__})" if files else "it has no frame"
        raise FileError(f"{path}: has no field that can be read: {lacks}") from None
    wrong = ~(np.isfinite(values) & (values > 0.0))
    if wrong.any():
        raise FileError(f"{path}: {np.count_nonzero(wrong)} of {len(values)} values of its last field are not temperatures")
    whole = np.zeros((len(points), 3))
    whole[:, : points.shape[1]] = points
    near = 1e-6 * np.ptp(places, axis=0).max()
    distance, number = cKDTree(places).query(whole, k=2)
    if distance[:, 0].max() > near:
        raise FileError(f"{path}: its mesh is different; a start from a stored field needs the same nodes")
    nearest = number[:, 0]
    doubtful = (distance[:, 1] <= near) & (values[number[:, 1] % len(values)] != values[nearest])
    own = stored.get(region or "", nearest[:0])
    if len(own):
        distance, number = cKDTree(places[own]).query(whole)
        same = distance <= near
        nearest[same] = own[number[same]]
        doubtful &= ~same
    if region is not None and doubtful.any():
        raise FileError(f"{path}: has two temperatures at a contact, but no region {region!r} to tell which one is meant")
    return values[nearest]
