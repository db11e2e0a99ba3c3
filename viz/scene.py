"""Bodies side by side at one moment, a quarter of each cut away, on one range of colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from viz import theme
from viz.bricks import Brick, colour_range
from viz.grid import TEMPERATURE, grid, outlines, without_quarter
from viz.read import read_cells

if TYPE_CHECKING:
    import pyvista

MOST_IN_A_ROW = 3
TALL = 700  # pixels of a row
BAR = 160  # pixels of the column with the colour bar
LARGE, MIDDLE, LITTLE = 22, 18, 16  # pixels of text
AWAY = np.array([1.0, -1.35, 0.95])  # from the body to the camera
RULER = 155  # pixels at the left of a frame for the ruler of the height and its words
ROOM = 0.95, 0.14, 0.85  # of the frame: right, below, above; the rest is for titles and rulers
THIN = 0.2  # of its length or width: a body that is thinner is drawn thicker
MOST_FITTED = 2_000_000  # points that are projected to fit the camera; of more the corners of the box


class Shown(NamedTuple):
    """A body in the scene, whose frame can be changed: its surface, the words above it."""

    surface: Any
    title: Any
    span: Any


def scene(bricks: Sequence[Brick]) -> pyvista.Plotter:
    """The plotter with all bodies, ready to be shown or saved. Raises ValueError where a frame cannot be read."""
    plotter, _ = filmed(bricks, colour_range(bricks, [read_cells(brick.file) for brick in bricks]), [()] * len(bricks))
    plotter.enable_anti_aliasing("ssaa", all_renderers=True)
    return plotter


def filmed(
    bricks: Sequence[Brick], colours: tuple[float, float, list[float]], others: Sequence[Sequence[Path]]
) -> tuple[pyvista.Plotter, list[Shown]]:
    """The plotter with all bodies on one range of colours (least, most, ticks) [degC], and what shows the `others` of their frames."""
    import pyvista

    low, high, ticks = colours
    n_columns = min(len(bricks), MOST_IN_A_ROW)
    n_rows = -(-len(bricks) // n_columns)
    wide = {1: 850, 2: 620, 3: 520}[n_columns]
    plotter = pyvista.Plotter(
        off_screen=True,
        shape=(n_rows, n_columns + 1),
        col_weights=[wide] * n_columns + [BAR],
        border=False,
        window_size=[wide * n_columns + BAR, TALL * n_rows],
    )
    plotter.set_background("white", all_renderers=True)
    shown = []
    for i, (brick, files) in enumerate(zip(bricks, others, strict=True)):
        plotter.subplot(i // n_columns, i % n_columns)
        shown.append(_body(plotter, brick, (low, high), wide, files))
    plotter.subplot(0, n_columns)
    _bar(plotter, low, high, ticks)
    return plotter, shown


def _body(plotter: Any, brick: Brick, colours: tuple[float, float], wide: int, others: Sequence[Path]) -> Shown:
    """One body with its outlines, rulers and words."""
    import pyvista

    whole, unit = grid(brick.file, others)
    stretch = stretch_of(whole.bounds)
    whole.points[:, 2] *= stretch
    x0, x1, y0, y1, z0, z1 = whole.bounds
    scale = {"µm": 1e6, "mm": 1e3, "m": 1.0}[unit]
    middle = np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1)])
    if brick.patches:
        middle = 0.5 * scale * (np.array(brick.patches[0].low) + np.array(brick.patches[0].high))
    cut = without_quarter(whole, *middle)
    surface = cut.extract_surface(algorithm="dataset_surface")
    actor = plotter.add_mesh(
        surface, scalars=TEMPERATURE, clim=colours, cmap=theme.COLOUR_MAP, lighting=False, show_scalar_bar=False, n_colors=256
    )
    # lines that lie in the surface are drawn before it
    actor.mapper.SetResolveCoincidentTopologyToPolygonOffset()
    actor.mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(2.0, 2.0)
    width = min(2.5, max(0.8, 12.0 / max(len(brick.layers), 1)))  # of many regions lines as thick would hide the colours
    thin: dict[str, Any] = {"color": "#777777", "line_width": width, "lighting": False}
    for lines in outlines(whole, cut, *middle):
        plotter.add_mesh(lines, **thin)
    lift = 0.004 * (z1 - z0)
    for patch in brick.patches:
        z = z1 + lift if patch.face == "top" else z0 - lift
        plotter.add_mesh(_outline(patch, middle, scale, z), color=theme.PATCH, line_width=7, lighting=False)
    if whole.volume > 0.99 * (x1 - x0) * (y1 - y0) * (z1 - z0):  # the corner that is cut away was one of the body
        gone = np.array([[middle[0], y0], [x1, y0], [x1, middle[1]]])
        for z in (z0, z1):
            plotter.add_mesh(pyvista.lines_from_points(np.column_stack([gone, np.full(3, z)])), color="#b0b0b0", line_width=1.5)
        plotter.add_mesh(pyvista.Line((x1, y0, z0), (x1, y0, z1)), color="#b0b0b0", line_width=1.5)
    _rulers(plotter, whole.bounds, unit, stretch)
    _fit(plotter, np.vstack([whole.points, _corners(whole.bounds)]) if whole.n_points < MOST_FITTED else _corners(whole.bounds), wide)
    title = _words(plotter, brick.title, 0.5, 0.95, int(theme.fitting(brick.title, LARGE, wide)), bold=True)
    span = _words(plotter, theme.span(whole.point_data["temperature [K]"]), 0.5, 0.895, LITTLE)
    remark = "; ".join(filter(None, (brick.remark, f"thickness drawn {stretch:g} times as large" if stretch > 1.0 else "")))
    _words(plotter, remark, 0.5, 0.03, int(theme.fitting(remark, LITTLE, wide)))
    return Shown(surface, title, span)


def stretch_of(bounds: Any) -> float:
    """How many times its thickness a body is drawn: a plate would be a line. A round number, 1 where the body is thick enough."""
    x0, x1, y0, y1, z0, z1 = bounds
    wanted = THIN * max(x1 - x0, y1 - y0) / (z1 - z0) if z1 > z0 else 1.0
    if wanted < 2.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return float(max(power * n for n in (1.0, 2.0, 5.0) if power * n <= wanted))


def _corners(bounds: Any) -> Any:
    x0, x1, y0, y1, z0, z1 = bounds
    return np.array([(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)])


def _fit(plotter: Any, points: Any, wide: int) -> None:
    """The camera from the front right, so near that the projected points fill what titles and rulers leave of the frame."""
    towards = -AWAY / np.linalg.norm(AWAY)
    right = np.cross(towards, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, towards)
    across, along = points @ right, points @ up
    width, height = float(np.ptp(across)), float(np.ptp(along))
    start, (end, below, above) = RULER / wide, ROOM
    half = max(0.5 * height / (above - below), 0.5 * width / (end - start) * TALL / wide)
    # the middle of the points goes to the middle of the room
    off_x, off_y = 0.5 * (start + end) - 0.5, 0.5 * (below + above) - 0.5
    x = 0.5 * float(across.max() + across.min()) - off_x * 2.0 * half * wide / TALL
    y = 0.5 * float(along.max() + along.min()) - off_y * 2.0 * half
    deep = float(np.median(points @ towards))
    focus = x * right + y * up + deep * towards
    size = float(np.max(np.ptp(points, axis=0)))
    plotter.camera.position = tuple(focus - 4.0 * size * towards)
    plotter.camera.focal_point = tuple(focus)
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = half


def _outline(patch: Any, middle: Any, scale: float, z: float) -> Any:
    """The edge of what the cut leaves of a patch."""
    import pyvista

    (x0, y0), (x1, y1) = np.array(patch.low) * scale, np.array(patch.high) * scale
    x, y = middle
    if x0 < x < x1 and y0 < y < y1:
        corners = [(x0, y0), (x, y0), (x, y), (x1, y), (x1, y1), (x0, y1), (x0, y0)]
    else:
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return pyvista.lines_from_points(np.array([(a, b, z) for a, b in corners]))


def _rulers(plotter: Any, bounds: Any, unit: str, stretch: float) -> None:
    """Length, width and height of the body, each along an edge; the height as it is, not as it is drawn."""
    import pyvista

    x0, x1, y0, y1, z0, z1 = bounds
    gap = 0.07 * max(x1 - x0, y1 - y0)
    ends = [  # the words begin or end beside their ruler, however slender the body
        ("x", (x0, y0 - gap, z0), (x1, y0 - gap, z0), (0.0, -1.0, 0.0), "right", "top"),
        ("y", (x1 + gap, y0, z0), (x1 + gap, y1, z0), (1.0, 0.0, 0.0), "left", "top"),
        ("z", (x0 - 0.7 * gap, y0 - 0.7 * gap, z0), (x0 - 0.7 * gap, y0 - 0.7 * gap, z1), (-1.0, -0.4, 0.0), "right", "center"),
    ]
    for name, start, end, out, across, along in ends:
        a, b, n = np.array(start), np.array(end), np.array(out)
        plotter.add_mesh(pyvista.Line(a, b), color="#505050", line_width=2)
        for tip in (a, b):
            plotter.add_mesh(pyvista.Line(tip - 0.25 * gap * n, tip + 0.25 * gap * n), color="#505050", line_width=2)
        _labels(
            plotter,
            [0.5 * (a + b) + 0.4 * gap * n],
            [f"{name}  {np.linalg.norm(b - a) / (stretch if name == 'z' else 1.0):.4g} {unit}"],
            across,
            along,
        )


def _bar(plotter: Any, low: float, high: float, ticks: list[float]) -> None:
    """The one colour bar, in a column of its own. Made by hand: VTK's own puts the numbers beside their places."""
    import pyvista

    width, height = 0.05, 1.0
    bar = pyvista.ImageData(dimensions=(2, 257, 1), spacing=(width, height / 256, 1.0))
    bar.point_data[TEMPERATURE] = np.repeat(np.linspace(low, high, 257), 2)
    plotter.add_mesh(bar, scalars=TEMPERATURE, clim=(low, high), cmap=theme.COLOUR_MAP, lighting=False, show_scalar_bar=False)
    frame = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)])
    plotter.add_mesh(pyvista.lines_from_points(np.column_stack([frame, np.full(5, 0.01)])), color="#505050", line_width=2)
    levels = [height * (tick - low) / (high - low) for tick in ticks]
    for level in levels:
        plotter.add_mesh(pyvista.Line((width, level, 0.01), (1.25 * width, level, 0.01)), color="#505050", line_width=2)
    whole = all(abs(tick - round(tick)) < 1e-9 for tick in ticks)
    _labels(
        plotter, [(1.6 * width, level, 0.01) for level in levels], [f"{tick:.0f}" if whole else f"{tick:.4g}" for tick in ticks], "left"
    )
    plotter.camera.parallel_projection = True
    plotter.camera.position, plotter.camera.focal_point, plotter.camera.up = (
        (1.6 * width, 0.53, 5.0),
        (1.6 * width, 0.53, 0.0),
        (0.0, 1.0, 0.0),
    )
    plotter.camera.parallel_scale = 0.68
    plotter.camera.clipping_range = (1.0, 10.0)
    _words(plotter, "temperature\n[°C]", 0.5, 0.93, MIDDLE)


def _labels(plotter: Any, places: Any, texts: list[str], across: str, along: str = "center") -> None:
    """Words at places of the scene, always in front."""
    plotter.add_point_labels(
        np.array(places, float),
        texts,
        font_size=LITTLE,
        font_file=font(),
        bold=False,
        text_color=theme.INK,
        shape=None,
        show_points=False,
        always_visible=True,
        justification_horizontal=across,
        justification_vertical=along,
    )


def _words(plotter: Any, text: str, x: float, y: float, size: int, bold: bool = False) -> Any:
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
