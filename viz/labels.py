"""Labels beside their points that cover neither a curve nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from viz import theme


class Label(NamedTuple):
    """A point in the axes' own coordinates, its marker and its words, if any."""

    x: float
    y: float
    text: str
    colour: str
    marker: str


def place(axes: Any, labels: Sequence[Label]) -> None:
    """Draw the markers and put each label where it covers least; the limits of the axes must be final."""
    figure = axes.figure
    for i, label in enumerate(labels):  # the first lies uppermost
        size = {"*": 11.0, "^": 7.0}.get(label.marker, 5.5)
        axes.plot(
            label.x,
            label.y,
            label.marker,
            ms=size,
            mfc=label.colour,
            mec="white",
            mew=0.8,
            zorder=6 - 0.01 * i,
            clip_on=False,
            label=f"_{label.text}",
        )
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    taken = [np.array([(x - 7, y - 7), (x + 7, y + 7)]) for x, y in (axes.transData.transform((label.x, label.y)) for label in labels)]
    curves = np.concatenate([_pixels(axes, line) for line in axes.get_lines()] or [np.empty((0, 2))])
    for label in labels:
        if not label.text:
            continue
        note = axes.annotate(
            label.text,
            (label.x, label.y),
            (0, 0),
            textcoords="offset pixels",
            fontsize=theme.SMALL,
            color=label.colour,
            ha="center",
            va="center",
            zorder=5.5,
            annotation_clip=False,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75},
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": label.colour, "shrinkA": 0, "shrinkB": 3},
        )
        note.set_in_layout(False)
        box = note.get_window_extent()
        width, height = box.width / 2 + 4, box.height / 2 + 3
        half = np.array([width, height])
        at = axes.transData.transform((label.x, label.y))
        offset = min(_offsets(width, height), key=lambda by: _cost(at, by, width, height, inside, taken, curves))
        note.set_position((float(offset[0]), float(offset[1])))
        centre = at + offset
        taken.append(np.array([centre - half, centre + half]))


def _offsets(width: float, height: float) -> list[Any]:
    """Where a label may stand: rings of growing distance around its point, in pixels."""
    return [
        np.array([np.sign(c) * min(abs(c) * 3, 1) * width + c * gap, np.sign(s) * min(abs(s) * 3, 1) * height + s * gap])
        for gap in (14.0, 30.0, 50.0, 75.0, 105.0, 140.0, 185.0, 240.0)
        for c, s in ((np.cos(a), np.sin(a)) for a in np.arange(24) * np.pi / 12 + 0.13)
    ]


def _cost(at: Any, by: Any, width: float, height: float, inside: Any, taken: list[Any], curves: Any) -> float:
    """How much a label at `at + by` and its leader would cover, and how far it is."""
    low, high = at + by - (width, height), at + by + (width, height)
    cost = 0.02 * float(np.hypot(*by))
    if low[0] < inside.x0 or high[0] > inside.x1 or low[1] < inside.y0 or high[1] > inside.y1 + 4:
        cost += 60.0
    for box in taken:
        overlap = np.minimum(high, box[1]) - np.maximum(low, box[0])
        cost += 100.0 if overlap.min() > 0 else 0.0
    leader = at + np.outer(np.linspace(0.0, 1.0, 12), by)
    leader = leader[np.hypot(*(leader - at).T) > 12.0]
    crossed = sum(bool(np.any(np.hypot(*(curves - point).T) < 4.0)) for point in leader)
    cost += 40.0 * sum(bool(np.any(np.all((leader > box[0]) & (leader < box[1]), axis=1))) for box in taken)
    return cost + 0.7 * crossed + float(np.sum(np.all((curves > low) & (curves < high), axis=1)))


def _pixels(axes: Any, line: Any) -> Any:
    """Points of a line every few pixels."""
    corners = line.get_transform().transform(np.asarray(line.get_xydata(), float))
    corners = corners[np.all(np.isfinite(corners), axis=1)]
    if len(corners) < 2:
        return corners.reshape(-1, 2)
    corners = np.clip(corners, -5e3, 2e4)
    steps = np.hypot(*np.diff(corners, axis=0).T)
    way = np.append(0.0, np.cumsum(steps))
    asked = np.arange(0.0, way[-1] + 1.0, 4.0)
    return np.column_stack([np.interp(asked, way, corners[:, i]) for i in (0, 1)])
