"""What stands around bodies in space: rulers, the bar of colours, words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from viz import theme
from viz.look import Look
from viz.read import Floats

LARGE, MIDDLE, LITTLE = 22, 18, 16  # pixels of text
BAR = 160  # pixels of the column with the colour bar
SHOWN = "shown"  # the array of what is shown
GREY = "#505050"


def axes_of_view(away: tuple[float, float, float]) -> tuple[Floats, Floats, Floats]:
    """Unit vectors from the camera to the body, to the right and up in the picture."""
    towards = -np.array(away) / np.linalg.norm(away)
    above = np.array([0.0, 0.0, 1.0]) if abs(towards[2]) < 0.99 else np.array([0.0, 1.0, 0.0])
    right = np.cross(towards, above)
    right /= np.linalg.norm(right)
    return towards, right, np.cross(right, towards)


def rulers(plotter: Any, bounds: Any, unit: str, stretch: float, away: tuple[float, float, float]) -> None:
    """Length, width and height of the body, each along an edge, those that the view shows; the height as it is, not as it is drawn."""
    import pyvista

    x0, x1, y0, y1, z0, z1 = bounds
    gap = 0.07 * max(x1 - x0, y1 - y0)
    ends: list[tuple[str, Any, Any, Any, str, str]] = [  # the words begin or end beside their ruler, however slender the body
        ("x", (x0, y0 - gap, z0), (x1, y0 - gap, z0), (0.0, -1.0, 0.0), "right", "top"),
        ("y", (x1 + gap, y0, z0), (x1 + gap, y1, z0), (1.0, 0.0, 0.0), "left", "top"),
        ("z", (x0 - 0.7 * gap, y0 - 0.7 * gap, z0), (x0 - 0.7 * gap, y0 - 0.7 * gap, z1), (-1.0, -0.4, 0.0), "right", "center"),
    ]
    _, right, up = axes_of_view(away)
    if np.count_nonzero(away) == 1:
        gap = 0.03 * max(x1 - x0, y1 - y0, z1 - z0)
        ends = _flat_rulers(bounds, gap, right, up)
    for name, start, end, out, across, along in ends:
        a, b, n = np.array(start), np.array(end), np.array(out)
        plotter.add_mesh(pyvista.Line(a, b), color=GREY, line_width=2)
        for tip in (a, b):
            plotter.add_mesh(pyvista.Line(tip - 0.25 * gap * n, tip + 0.25 * gap * n), color=GREY, line_width=2)
        length = np.linalg.norm(b - a) / (stretch if name == "z" else 1.0)
        labels(plotter, [0.5 * (a + b) + 0.4 * gap * n], [f"{name}  {length:.4g} {unit}"], across, along)


def _flat_rulers(bounds: Any, gap: float, right: Floats, up: Floats) -> list[tuple[str, Any, Any, Any, str, str]]:
    """The rulers below and at the left of a body that is seen along an axis."""
    low, high = np.array(bounds[::2]), np.array(bounds[1::2])
    least = {True: low, False: high}
    found: list[tuple[str, Any, Any, Any, str, str]] = []
    for along, other, across, height in ((right, up, "center", "top"), (up, right, "right", "center")):
        axis, beside = int(np.argmax(np.abs(along))), int(np.argmax(np.abs(other)))
        start, end = low.copy(), low.copy()
        end[axis] = high[axis]
        start[beside] = end[beside] = least[bool(other[beside] > 0.0)][beside] - gap * other[beside]
        found.append(("xyz"[axis], start, end, -other, across, height))
    return found


def bar(plotter: Any, low: float, high: float, ticks: list[float], look: Look) -> None:
    """The one colour bar, in a column of its own. Made by hand: VTK's own puts the numbers beside their places."""
    import pyvista

    width, height = 0.05, 1.0
    made = pyvista.ImageData(dimensions=(2, 257, 1), spacing=(width, height / 256, 1.0))
    made.point_data[SHOWN] = np.repeat(np.linspace(low, high, 257), 2)
    plotter.add_mesh(made, scalars=SHOWN, clim=(low, high), cmap=theme.COLOUR_MAP, lighting=False, show_scalar_bar=False)
    frame = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)])
    plotter.add_mesh(pyvista.lines_from_points(np.column_stack([frame, np.full(5, 0.01)])), color=GREY, line_width=2)
    levels = [height * (tick - low) / (high - low) for tick in ticks]
    for level in levels:
        plotter.add_mesh(pyvista.Line((width, level, 0.01), (1.25 * width, level, 0.01)), color=GREY, line_width=2)
    whole = all(abs(tick - round(tick)) < 1e-9 for tick in ticks)
    labels(plotter, [(1.6 * width, level, 0.01) for level in levels], [tick_text(tick, whole) for tick in ticks], "left")
    plotter.camera.parallel_projection = True
    plotter.camera.position, plotter.camera.focal_point, plotter.camera.up = (
        (1.6 * width, 0.53, 5.0),
        (1.6 * width, 0.53, 0.0),
        (0.0, 1.0, 0.0),
    )
    plotter.camera.parallel_scale = 0.68
    plotter.camera.clipping_range = (1.0, 10.0)
    limit = look.level_of_limit
    if limit is not None and low < limit < high:
        level = height * (limit - low) / (high - low)
        for colour, wide in (("black", 8), ("white", 4)):
            plotter.add_mesh(pyvista.Line((0.0, level, 0.02), (width, level, 0.02)), color=colour, line_width=wide)
    said = f"{look.name}\n[{look.sign or '–'}]"
    words(plotter, said, 0.5, 0.93, int(theme.fitting(said, MIDDLE, BAR)))


def labels(plotter: Any, places: Any, texts: list[str], across: str, along: str = "center", plate: bool = False) -> None:
    """Words at places of the scene, always in front, on a white plate if wanted."""
    plotter.add_point_labels(
        np.array(places, float),
        texts,
        font_size=LITTLE,
        font_file=font(),
        bold=False,
        text_color=theme.INK,
        shape=None,
        background_color="white" if plate else None,
        background_opacity=0.7 if plate else None,
        show_points=False,
        always_visible=True,
        justification_horizontal=across,
        justification_vertical=along,
    )


def words(plotter: Any, text: str, x: float, y: float, size: int, bold: bool = False) -> Any:
    """Text centred at a place of the current view, 0 to 1 along each side."""
    if not text:
        return None
    actor = plotter.add_text(text, position=(x, y), viewport=True, font_size=size, font_file=font(bold), color=theme.INK)
    actor.prop.font_size = size
    actor.prop.justification_horizontal, actor.prop.justification_vertical = "center", "center"
    return actor


def font(bold: bool = False) -> str:
    """The font of the other pictures, which comes with matplotlib."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))


def tick_text(tick: float, whole: bool) -> str:
    """A number of the bar; `whole` where all of them are.

    >>> tick_text(1250000.0, True), tick_text(300.0, True), tick_text(0.25, False)
    ('1.25e+06', '300', '0.25')
    """
    return f"{tick:.0f}" if whole and abs(tick) < 1e5 else f"{tick:.4g}"
