"""The fields of a run's frames, one after the other: names, units, values at the points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz.read import Cells, Floats, Frame, Run, named_frames, read_frame

TEMPERATURE = "temperature_K"
UNITS = {"_K": "K", "_W_per_m3": "W/m³", "_W_per_m2": "W/m²", "_J_per_m3": "J/m³", "_kg_per_m3": "kg/m³", "_Pa": "Pa", "_per_s": "1/s"}
NAMES = {"heat_flux_W_per_m2": "heat flux |k ∇T|"}


class Quantity(NamedTuple):
    """A field as a reader sees it: the name of its array, its name and unit in words."""

    array: str
    name: str
    unit: str


def quantity(array: str) -> Quantity:
    """What an array of a frame is, from its name.

    >>> quantity("conversion_roll_sei"), quantity("heat_release_W_per_m3").unit
    (Quantity(array='conversion_roll_sei', name='conversion roll sei', unit=''), 'W/m³')
    """
    if array == TEMPERATURE:
        return Quantity(array, "temperature", "°C")
    ending = next((ending for ending in sorted(UNITS, key=len, reverse=True) if array.endswith(ending)), "")
    return Quantity(array, NAMES.get(array, array.removesuffix(ending).replace("_", " ")), UNITS.get(ending, ""))


def checked_frames(run: Run) -> tuple[Frame, ...]:
    """The frames of a run. Raises ValueError for the first one that its series names and that is not there."""
    for frame in named_frames(run.folder):
        if not frame.file.is_file():
            raise ValueError(f"{frame.file}: is missing, though fields/run.pvd names it")
    return run.frames


KEPT = 500_000_000  # bytes of frames that a reader keeps: a scene wants each of them twice


class Reader:
    """Reads frames of one mesh, and keeps what it has read as far as there is room. `first` is the mesh with the first temperatures."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.kept: dict[Path, dict[str, Floats]] = {}
        self.room = KEPT
        self.first, beside = read_frame(frames[0].file)
        self.others = tuple(sorted(name for name, values in beside.items() if self._usable(values)))

    def _usable(self, values: Any) -> bool:
        """Whether an array has a number or a vector for each point or cell."""
        places = (len(self.first.points), len(self.first.cells))
        vectors = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 3)
        return vectors and len(values) in places and np.issubdtype(values.dtype, np.number)

    def __call__(self, file: Path) -> dict[str, Floats]:
        """Values at the points (n,) by array: temperature [degC], magnitudes of vectors, means of the cells around a point.

        Raises ValueError where the file cannot be read, has another mesh than the first frame, or a temperature that is not finite.
        """
        if file not in self.kept:
            found = self._read(file)
            self.room -= sum(values.nbytes for values in found.values())
            if self.room < 0:
                return found
            self.kept[file] = found
        return self.kept[file]

    def _read(self, file: Path) -> dict[str, Floats]:
        cells, beside = read_frame(file)
        if not self._same(cells):
            raise ValueError(f"{file}: has another mesh than the first frame")
        if not np.isfinite(cells.temperature).all():
            raise ValueError(f"{file}: has temperatures that are not finite")
        found = {TEMPERATURE: np.asarray(cells.temperature, float) - ZERO_CELSIUS}
        for name in self.others:
            if name in beside and self._usable(beside[name]):
                found[name] = self._at_points(beside[name])
        return found

    def _same(self, cells: Cells) -> bool:
        first = self.first
        return cells.kind == first.kind and np.array_equal(cells.points, first.points) and np.array_equal(cells.cells, first.cells)

    def _at_points(self, values: Any) -> Floats:
        values = np.asarray(values, float)
        if len(values) != len(self.first.points):
            corners, n = self.first.cells.ravel(), len(self.first.points)
            parts = values.reshape(len(values), -1).T
            weights = np.maximum(np.bincount(corners, minlength=n), 1)
            values = np.array([np.bincount(corners, np.repeat(part, self.first.cells.shape[1]), n) / weights for part in parts]).T
            values = values[:, 0] if values.shape[1] == 1 else values
        return values if values.ndim == 1 else np.asarray(np.linalg.norm(values, axis=1))
