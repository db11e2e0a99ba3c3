"""A run's mesh and fields in few bytes of text, and back.

Coordinates are places in short tables where the mesh has few of them. Cells are differences from the cell before. Values are whole numbers
of steps, as differences from the frame before and along the points. All bytes of one weight stand together, deflated, as base64.
`scene.js` undoes the same.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from viz import theme
from viz.page.quantities import TEMPERATURE, Reader, quantity
from viz.page.reduced import Skin
from viz.read import Floats, Frame

MOST_FRAMES = 30
STEPS = 5000  # about, from the least to the largest value of a field
LEAST_STEP = 1e-3  # K
MOST_CHOOSING = 60_000_000  # values held to choose frames; beyond, every so manyth point
Integers = npt.NDArray[np.int64]


class Survey(NamedTuple):
    """What a first look at all frames gives: the order in which frames are worth keeping, and the range of each field over all frames."""

    order: tuple[int, ...]
    ranges: dict[str, tuple[float, float]]


class Scale(NamedTuple):
    """How values become whole numbers: `low` + `step` times 0, 1, 2 ...; -1 where there is no value (NaN)."""

    low: float
    step: float

    @classmethod
    def of(cls, low: float, high: float, array: str) -> Scale:
        """The scale of a field between two values."""
        step = step_of(low, high, array)
        return cls(math.floor(low / step) * step, step)

    def whole(self, values: Floats) -> Integers:
        """Values (n,) as whole numbers."""
        numbers = np.rint((values - self.low) / self.step)
        return np.where(np.isfinite(numbers), numbers, -1.0).astype(np.int64)

    def value(self, numbers: Integers) -> Floats:
        """Whole numbers (...) as values."""
        return np.where(numbers < 0, np.nan, self.low + self.step * numbers)


class Packed(NamedTuple):
    """A scene's data: `head` is plain data for JSON, `kept` the numbers of the frames in it."""

    head: dict[str, Any]
    kept: tuple[int, ...]

    def without(self, number: int) -> Packed:
        """Without one of its fields."""
        return self._replace(head=self.head | {"fields": [f for i, f in enumerate(self.head["fields"]) if i != number]})


def survey(frames: Sequence[Frame], reader: Reader) -> Survey:
    """Read every frame once. Raises ValueError where one cannot be read."""
    n = len(reader.first.points)
    every = max(1, -(-n * len(frames) // MOST_CHOOSING))
    temperature = np.empty((len(frames), -(-n // every)), np.float32)
    ranges: dict[str, tuple[float, float]] = {}
    missing: set[str] = set()  # fields that some frames lack
    for i, frame in enumerate(frames):
        values = reader(frame.file)
        temperature[i] = values[TEMPERATURE][::every]
        for name, found in values.items():
            known = found[np.isfinite(found)]
            low, high = ranges.get(name, (math.inf, -math.inf))
            ranges[name] = (min(low, float(known.min(initial=math.inf))), max(high, float(known.max(initial=-math.inf))))
        missing |= {name for name in reader.others if name not in values}
    names = [name for name in (TEMPERATURE, *reader.others) if name not in missing and ranges[name][0] <= ranges[name][1]]
    return Survey(by_worth([frame.time for frame in frames], temperature), {name: ranges[name] for name in names})


def by_worth(times: Sequence[float], values: npt.NDArray[np.float32], most: int = MOST_FRAMES) -> tuple[int, ...]:
    """At most so many frames in the order in which they are worth keeping.

    First both ends, then always the one where straight lines in time between those before it err most.

    Parameters
    ----------
    times : n times [s], rising
    values : array (n, points)

    >>> by_worth([0.0, 1.0, 2.0, 3.0], np.array([[0.0], [0.0], [0.0], [1.0]], np.float32))
    (0, 3, 2, 1)
    """
    n = len(times)
    order = [0, n - 1] if n > 1 else [0]
    worst: dict[tuple[int, int], tuple[float, int]] = {}  # of each interval the largest error and where

    def look(a: int, b: int) -> None:
        found = (-1.0, -1)
        for k in range(a + 1, b):
            share = (times[k] - times[a]) / (times[b] - times[a]) if times[b] > times[a] else 0.5
            error = float(np.abs(values[a] * np.float32(1.0 - share) + values[b] * np.float32(share) - values[k]).max())
            found = max(found, (error, -k))
        if b > a + 1:
            worst[a, b] = (found[0], -found[1])

    if n > 1:
        look(0, n - 1)
    while worst and len(order) < most:
        (a, b), (_, k) = max(worst.items(), key=lambda item: (item[1][0], -item[1][1]))
        del worst[a, b]
        order.append(k)
        look(a, k)
        look(k, b)
    return tuple(order)


def step_of(low: float, high: float, array: str) -> float:
    """The step in which a field is told: 1, 2 or 5 times a power of ten, about 1/5000 of its range.

    >>> step_of(25.0, 702.0, TEMPERATURE), step_of(0.0, 1.0, "conversion")
    (0.2, 0.0002)
    """
    least = LEAST_STEP if array == TEMPERATURE else max(1e-7 * max(abs(low), abs(high)), 1e-300)
    rough = max((high - low) / STEPS, least)
    power = math.floor(math.log10(rough) + 1e-12)
    return next(float(f"{k}e{power + j}") for k, j in ((1, 0), (2, 0), (5, 0), (1, 1)) if k * 10.0**j >= rough / 10.0**power * (1.0 - 1e-9))


def fitting_range(low: float, high: float) -> list[float]:
    """A range of colours with round ends close around a field.

    >>> fitting_range(25.3, 702.0)
    [25.0, 725.0]
    """
    span = max(high - low, 1e-9 * max(abs(low), abs(high)), 1e-12)
    power = 10.0 ** math.floor(math.log10(span / 30.0))
    step = next(power * k for k in (1.0, 2.0, 2.5, 5.0, 10.0) if power * k >= span / 30.0)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return [float(f"{first * step:.9g}"), float(f"{max(last, first + 1) * step:.9g}")]


def pack(frames: Sequence[Frame], reader: Reader, looked: Survey, most: int = MOST_FRAMES, skin: Skin | None = None) -> Packed:
    """Mesh and fields of the `most` (2 or more) frames that are most worth keeping; of the surface and its cuts only where `skin` is given.

    The errors are those of what is packed, over all points: `rounding` at the kept frames, `between` at those left out, where the page
    draws a straight line in time; the unit is that of the field.

    Raises
    ------
    ValueError where a frame cannot be read.
    """
    kept = sorted(looked.order[:most])
    scales = {name: Scale.of(low, high, name) for name, (low, high) in looked.ranges.items()}
    whole: dict[str, list[Integers]] = {name: [] for name in scales}
    rounding, between = dict.fromkeys(scales, 0.0), dict.fromkeys(scales, 0.0)

    def read(k: int) -> dict[str, Floats]:
        found = reader(frames[k].file)
        return {name: found[name] if skin is None else skin.between(found[name]) for name in scales}

    for row, k in enumerate(kept):
        for name, values in read(k).items():
            whole[name].append(scales[name].whole(values))
            rounding[name] = max(rounding[name], _largest(scales[name].value(whole[name][row]) - values))
        for i in range(kept[row - 1] + 1, k) if row else ():
            a, b = frames[kept[row - 1]].time, frames[k].time
            share = (frames[i].time - a) / (b - a) if b > a else 0.5
            for name, values in read(i).items():
                before, after = (scales[name].value(whole[name][at]) for at in (row - 1, row))
                between[name] = max(between[name], _largest(before * (1.0 - share) + after * share - values))
    fields = []
    for name, rows in whole.items():
        said, (low, step) = quantity(name), scales[name]
        ends = [low + step * min(int(row[row >= 0].min()) for row in rows), low + step * max(int(row.max()) for row in rows)]
        shown = [0.0, 1.0] if _is_share(name, looked) else fitting_range(ends[0], ends[1])
        told = {"array": name, "name": said.name, "unit": said.unit, "low": low, "step": step, "least": ends[0], "most": ends[1]}
        told |= {"range": shown, "rounding": rounding[name], "between": between[name], "partly": any((row < 0).any() for row in rows)}
        fields.append(told | {"frames": packed_frames(rows)})
    mesh = packed_mesh(reader, skin)
    return Packed(mesh | {"times": [frames[k].time for k in kept], "fields": fields}, tuple(kept))


def _largest(errors: Floats) -> float:
    """The largest size of some errors, where there are values."""
    return float(np.abs(errors[np.isfinite(errors)]).max(initial=0.0))


def _is_share(name: str, looked: Survey) -> bool:
    low, high = looked.ranges[name]
    return name.startswith("conversion") and low > -0.01 and high < 1.01


def packed_frames(rows: Sequence[Integers]) -> list[str]:
    """Whole numbers (n,) of each frame as text: differences from the frame before, and of these along the points."""
    texts, before = [], np.zeros_like(rows[0])
    for row in rows:
        texts.append(_text(_zigzag(_steps(row - before)), "<u2"))
        before = row
    return texts


def unpacked_frames(field: dict[str, Any]) -> Floats:
    """The values (frames, n) of a field of `Packed.head`, in its unit."""
    steps = np.array([np.cumsum(_signed(_numbers(text, "<u2"))) for text in field["frames"]])
    return Scale(field["low"], field["step"]).value(np.cumsum(steps, axis=0))


def packed_mesh(reader: Reader, skin: Skin | None) -> dict[str, Any]:
    """Points, cells and regions as text; lengths in the unit that suits the body."""
    first = reader.first
    points, cells, region, kind = first.points, first.cells, first.material, first.kind
    if skin is not None:
        points, cells, region, kind = skin.between(first.points), skin.cells, skin.region, "quad"
    unit, scale = theme.length_unit(float(np.ptp(first.points, axis=0).max()))
    places = np.zeros((len(points), 3), np.float32)
    places[:, : points.shape[1]] = points * scale
    made: dict[str, Any] = {"kind": kind, "nodes": len(points), "cells": len(cells), "unit": unit}
    tables = [np.unique(places[:, axis], return_inverse=True) for axis in range(3)]
    if all(len(table) < 60000 and 8 * len(table) < max(len(points), 800) for table, _ in tables):
        steps = np.concatenate([_steps(number.ravel().astype(np.int64)) for _, number in tables])
        made |= {"axes": [[float(f"{x:.9g}") for x in table] for table, _ in tables], "points": _text(_zigzag(steps), "<u4")}
    else:
        made |= {"axes": None, "points": _text(places.ravel(), "<f4")}
    made["connectivity"] = _text(_zigzag(_steps(cells.astype(np.int64))).ravel(), "<u4")
    made["region"] = _text(region, "<u2")
    made["cuts"] = None if skin is None else {"levels": [level * scale for level in skin.levels], "sheet": _text(skin.sheet, "<u2")}
    return made


def unpacked_mesh(head: dict[str, Any]) -> tuple[Floats, Integers, Integers]:
    """Points (n, 3) in the unit of `head`, cells (m, corners) and region (m,)."""
    n = head["nodes"]
    if head["axes"]:
        places = np.cumsum(_signed(_numbers(head["points"], "<u4")).reshape(3, n), axis=1)
        points = np.array([np.array(table)[place] for table, place in zip(head["axes"], places, strict=True)]).T
    else:
        points = _numbers(head["points"], "<f4").reshape(n, 3).astype(float)
    steps = _signed(_numbers(head["connectivity"], "<u4"))
    return points, np.cumsum(steps.reshape(head["cells"], -1), axis=0), _numbers(head["region"], "<u2").astype(np.int64)


def _text(values: Any, dtype: str) -> str:
    array = np.ascontiguousarray(values, dtype=dtype)
    if dtype != "<f4" and not np.array_equal(array, values):
        raise ValueError(f"numbers beyond what {dtype} holds")
    shuffled = array.ravel().view(np.uint8).reshape(-1, array.itemsize).T.tobytes()
    return base64.b64encode(zlib.compress(shuffled, 9)).decode("ascii")


def _numbers(text: str, dtype: str) -> npt.NDArray[Any]:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    size = np.dtype(dtype).itemsize
    return np.ascontiguousarray(raw.reshape(size, -1).T).view(dtype).ravel()


def _steps(values: Integers) -> Integers:
    """Each row less the one before it."""
    return np.concatenate([values[:1], values[1:] - values[:-1]])


def _zigzag(values: Integers) -> Integers:
    """0, -1, 1, -2, 2 as 0, 1, 2, 3, 4."""
    return np.where(values >= 0, 2 * values, -2 * values - 1)


def _signed(values: npt.NDArray[Any]) -> Integers:
    z = values.astype(np.int64)
    return np.where(z % 2 == 0, z // 2, -(z + 1) // 2)
