"""Bodies side by side at one moment, a quarter of each cut away, on one range of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import theme
from viz.bricks import Brick, colour_range
from viz.grid import TEMPERATURE, grid, without_quarter
from viz.read import read_field

if TYPE_CHECKING:
    import pyvista

MOST_IN_A_ROW = 3
TALL = 760  # pixels of a row
BAR = 150  # pixels of the column with the colour bar
LARGE, MIDDLE, LITTLE = 22, 18, 16  # pixels of text


def scene(bricks: Sequence[Brick]) -> pyvista.Plotter:
    """The plotter with all bodies, ready to be shown or saved. Raises ValueError where a frame cannot be read."""
    import pyvista

    low, high, ticks = colour_range(bricks, [read_field(brick.file) for brick in bricks])
    n_columns = min(len(bricks), MOST_IN_A_ROW)
    n_rows = -(-len(bricks) // n_columns)
    wide = {1: 850, 2: 625, 3: 520}[n_columns]
    plotter = pyvista.Plotter(
        off_screen=True,
        shape=(n_rows, n_columns + 1),
        col_weights=[wide] * n_columns + [BAR],
        border=False,
        window_size=[wide * n_columns + BAR, TALL * n_rows],
    )
    plotter.set_background("white", all_renderers=True)
    for i, brick in enumerate(bricks):
        plotter.subplot(i // n_columns, i % n_columns)
        mapper = _body(plotter, brick, low, high)
    plotter.subplot(0, n_columns)
    _bar(plotter, mapper, low, high, ticks)
    plotter.enable_anti_aliasing("ssaa", all_renderers=True)
    return plotter


def _body(plotter: Any, brick: Brick, low: float, high: float) -> Any:
    """One body with its outlines, rulers and words; what maps its temperatures to colours."""
    import pyvista

    whole, unit = grid(brick.file)
    x0, x1, y0, y1, z0, z1 = whole.bounds
    _, scale = theme.length_unit(max(x1 - x0, y1 - y0, z1 - z0) / {"µm": 1e6, "mm": 1e3, "m": 1.0}[unit])
    middle = np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1)])
    if brick.patches:
        middle = 0.5 * scale * (np.array(brick.patches[0].low) + np.array(brick.patches[0].high))
    cut = without_quarter(whole, *middle)
    surface = cut.extract_surface(algorithm="dataset_surface")
    actor = plotter.add_mesh(
        surface, scalars=TEMPERATURE, clim=(low, high), cmap=theme.COLOUR_MAP, lighting=False, show_scalar_bar=False, n_colors=256
    )
    thin: dict[str, Any] = {"color": "#303030", "line_width": 1.2, "lighting": False}
    for number in np.unique(cut.cell_data["material"]):
        layer = cut.extract_cells(np.flatnonzero(cut.cell_data["material"] == number)).extract_surface(algorithm="dataset_surface")
        edges = layer.extract_feature_edges(30, boundary_edges=True, non_manifold_edges=False, manifold_edges=False)
        plotter.add_mesh(edges, **thin)
    lift = 0.004 * (z1 - z0)
    for patch in brick.patches:
        z = z1 + lift if patch.face == "top" else z0 - lift
        plotter.add_mesh(_outline(patch, middle, scale, z), color=theme.PATCH, line_width=4, lighting=False)
    gone = np.array([[middle[0], y0], [x1, y0], [x1, middle[1]]])
    for z in (z0, z1):
        plotter.add_mesh(pyvista.lines_from_points(np.column_stack([gone, np.full(3, z)])), color="#a8a8a8", line_width=1)
    plotter.add_mesh(pyvista.Line((x1, y0, z0), (x1, y0, z1)), color="#a8a8a8", line_width=1)
    _rulers(plotter, whole.bounds, unit)
    size = max(x1 - x0, y1 - y0, z1 - z0)
    focus = np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.46 * (z0 + z1)])
    away = np.array([1.0, -1.35, 0.95])
    plotter.camera.position = tuple(focus + 4.0 * size * away / np.linalg.norm(away))
    plotter.camera.focal_point = tuple(focus)
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = 0.93 * size
    _words(plotter, brick.title, 0.5, 0.93, LARGE, bold=True)
    _words(plotter, brick.remark, 0.5, 0.03, LITTLE)
    return actor.mapper


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


def _rulers(plotter: Any, bounds: Any, unit: str) -> None:
    """Length, width and height of the body, each along an edge."""
    import pyvista

    x0, x1, y0, y1, z0, z1 = bounds
    gap = 0.07 * max(x1 - x0, y1 - y0)
    ends = [
        ("x", (x0, y0 - gap, z0), (x1, y0 - gap, z0), (0.0, -1.0, 0.0)),
        ("y", (x1 + gap, y0, z0), (x1 + gap, y1, z0), (1.0, 0.0, 0.0)),
        ("z", (x0 - 0.7 * gap, y0 - 0.7 * gap, z0), (x0 - 0.7 * gap, y0 - 0.7 * gap, z1), (-1.0, -0.4, 0.0)),
    ]
    places, texts = [], []
    for name, start, end, out in ends:
        a, b, n = np.array(start), np.array(end), np.array(out)
        plotter.add_mesh(pyvista.Line(a, b), color="#505050", line_width=1.2)
        for tip in (a, b):
            plotter.add_mesh(pyvista.Line(tip - 0.25 * gap * n, tip + 0.25 * gap * n), color="#505050", line_width=1.2)
        places.append(0.5 * (a + b) + 1.5 * gap * n)
        texts.append(f"{name}  {np.linalg.norm(b - a):.4g} {unit}")
    plotter.add_point_labels(
        np.array(places),
        texts,
        font_size=LITTLE,
        text_color=theme.INK,
        shape=None,
        show_points=False,
        always_visible=True,
        justification_horizontal="center",
        justification_vertical="center",
    )


def _bar(plotter: Any, mapper: Any, low: float, high: float, ticks: list[float]) -> None:
    """The one colour bar, in a column of its own."""
    _words(plotter, "temperature\n[°C]", 0.42, 0.9, MIDDLE)
    bar = plotter.add_scalar_bar(
        title="",
        mapper=mapper,
        vertical=True,
        position_x=0.22,
        position_y=0.12,
        width=0.5,
        height=0.72,
        n_labels=len(ticks),
        label_font_size=LITTLE,
        fmt="%.0f" if all(abs(tick - round(tick)) < 1e-9 for tick in ticks) else "%.4g",
        color=theme.INK,
        unconstrained_font_size=True,
        outline=False,
    )
    bar.SetTextPad(6)
    bar.SetBarRatio(0.42)


def _words(plotter: Any, text: str, x: float, y: float, size: int, bold: bool = False) -> None:
    """Text centred at a place of the current view, 0 to 1 along each side."""
    if not text:
        return
    actor = plotter.add_text(text, position=(x, y), viewport=True, font_size=size, color=theme.INK)
    actor.prop.font_size, actor.prop.bold = size, bold
    actor.prop.justification_horizontal, actor.prop.justification_vertical = "center", "center"
