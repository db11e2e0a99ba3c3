"""Which moment of which bodies is drawn, and between which temperatures: what every picture of fields shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viz import theme
from viz.read import Cells, Field, Patch, Run, read_cells

DWARFED, LEAST_RISE = 0.5, 1.0  # of the whole rise; K: regions that rise less are drawn once more without the others
MOST_CANDIDATES = 24  # frames that are read to find the most telling one


class Brick(NamedTuple):
    """One body at one time [s], with what is drawn around its field."""

    title: str
    time: float
    file: Path
    patches: tuple[Patch, ...]
    layers: tuple[str, ...]
    known_range: tuple[float, float] | None

    @property
    def remark(self) -> str:
        """What the outline on its face is."""
        return self.remark_in("degC")

    def remark_in(self, unit: str) -> str:
        """What the outline on its face is, its temperature in degC or K."""
        if not self.patches:
            return ""
        patch = self.patches[0]
        length, scale = theme.length_unit(patch.high[0] - patch.low[0])
        held = "" if patch.held is None else f" held at {theme.degrees(patch.held) if unit == 'degC' else f'{patch.held:.1f} K'}"
        return f"outlined: {patch.name}, {(patch.high[0] - patch.low[0]) * scale:.3g} {length} {'across' if patch.disc else 'square'}{held}"


def brick(run: Run, time: float, title: str) -> Brick:
    """A run at its frame nearest to a time, by ratio of times. Raises ValueError where it has no frames."""
    if not run.frames:
        raise ValueError(f"{run.folder}: there are no frames")
    frame = min(run.frames, key=lambda frame: _distance(frame.time, time))
    return Brick(title, frame.time, frame.file, tuple(run.patches()), tuple(run.layers()), run.known_range())


def _distance(a: float, b: float) -> float:
    return abs(float(np.log(max(a, 1e-15) / max(b, 1e-15))))


def best_time(runs: Sequence[Run]) -> float:
    """The time whose frames tell most [s]: where the temperature varies most over all bodies taken as one.

    Each body counts the same, each node by its volume, so that both a steep field and two bodies far apart count. Only times
    are asked at which every body has a frame, if there are any, and at most 24 of them.
    """
    times: list[float] = [frame.time for frame in runs[0].frames]
    common = [time for time in times if all(_has_frame(run, time) for run in runs)] or times
    asked: list[float] = [common[i] for i in np.unique(np.linspace(0, len(common) - 1, min(len(common), MOST_CANDIDATES)).astype(int))]
    if len(asked) == 1:
        return asked[0]
    return max(asked, key=lambda time: _spread([read_cells(brick(run, time, "").file) for run in runs]))


def _has_frame(run: Run, time: float) -> bool:
    return any(abs(frame.time - time) <= 1e-6 * time for frame in run.frames)


def _spread(fields: Sequence[Cells]) -> float:
    means = [float(np.sum(field.weights * field.temperature)) for field in fields]
    middle = sum(means) / len(means)
    return float(np.sqrt(sum(float(np.sum(field.weights * (field.temperature - middle) ** 2)) for field in fields) / len(fields)))


def neighbours(field: Cells) -> float | None:
    """The highest temperature [K] of the regions that rise by less than half of what the hottest one rises above the coldest place.

    None where no region dwarfs others, or these rise by less than 1 K.
    """
    numbers = np.unique(field.material)
    tops = np.array([float(field.temperature[field.cells[field.material == number]].max()) for number in numbers])
    low = float(field.temperature.min())
    calm = tops[tops - low < DWARFED * (tops.max() - low)]
    return float(calm.max()) if len(calm) and float(calm.max()) - low > LEAST_RISE else None


def colour_range(bricks: Sequence[Brick], fields: Sequence[Cells | Field]) -> tuple[float, float, list[float]]:
    """One range of temperatures with round ends for all bodies, and its ticks [degC].

    It spans what a body can reach by conduction alone, so that pictures of one study at different times compare; where the
    fields go beyond that by more than 2 %, it spans them too.
    """
    low, high = min(float(field.temperature.min()) for field in fields), max(float(field.temperature.max()) for field in fields)
    known = [brick.known_range for brick in bricks if brick.known_range is not None]
    if len(known) == len(bricks):
        bottom, top = min(ends[0] for ends in known), max(ends[1] for ends in known)
        slack = 0.02 * (top - bottom)
        low = low if low < bottom - slack else bottom
        high = high if high > top + slack else top
    return theme.round_range(theme.celsius(low), theme.celsius(high))
