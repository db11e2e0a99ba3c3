"""Bodies side by side at one moment, cut open, on one range of colours."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from viz import theme
from viz.around import BAR, LARGE, LITTLE, SHOWN, axes_of_view, bar, labels, rulers, words
from viz.bricks import Brick, colour_range
from viz.exploded import Part, parts_of
from viz.grid import cut_open, grid, region_outlines
from viz.look import ABOVE, NONE, VIEWS, Look, colours_of, kept_side, read_shown
from viz.read import Floats, read_cells

if TYPE_CHECKING:
    import pyvista

MOST_IN_A_ROW = 3
TALL = 700  # pixels of a row
RULER = 155  # pixels at the left of a frame for the ruler of the height and its words
ROOM = 0.95, 0.14, 0.85  # of the frame: right, below, above; the rest is for titles and rulers
MOST_FITTED = 2_000_000  # points that are projected to fit the camera; of more the corners of the box
MOST_NAMED = 12  # regions whose names are written
TRIED = 30  # cells of a region at which its name may stand


class Shown(NamedTuple):
    """A body in the scene, whose frame can be changed: its surface, the words above it."""

    surface: Any
    title: Any
    span: Any


def scene(bricks: Sequence[Brick], look: Look = Look()) -> pyvista.Plotter:  # noqa: B008 - it cannot change
    """The plotter with all bodies, ready to be shown or saved. Raises ValueError where a frame cannot be read or lacks the field."""
    if look.is_temperature and look.unit == "degC" and look.highest is None:
        colours = colour_range(bricks, [read_cells(brick.file) for brick in bricks])
    else:
        colours = colours_of([read_shown(brick.file, look)[1] for brick in bricks], look)
    plotter, _ = filmed(bricks, colours, [()] * len(bricks), look)
    plotter.enable_anti_aliasing("ssaa", all_renderers=True)
    return plotter


def columns_of(n_bodies: int) -> int:
    """How many bodies stand side by side: four in two rows."""
    return 2 if n_bodies == 4 else min(n_bodies, MOST_IN_A_ROW)


def filmed(
    bricks: Sequence[Brick],
    colours: tuple[float, float, list[float]],
    others: Sequence[Sequence[Path]],
    look: Look = Look(),  # noqa: B008
) -> tuple[pyvista.Plotter, list[Shown]]:
    """The plotter with all bodies on one range of colours (least, most, ticks), and what shows the `others` of their frames."""
    import pyvista

    low, high, ticks = colours
    n_columns = columns_of(len(bricks))
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
        shown.append(_body(plotter, brick, (low, high), wide, files, look))
    plotter.subplot(0, n_columns)
    bar(plotter, low, high, ticks, look)
    return plotter, shown


class Drawn(NamedTuple):
    """A body that is cut: the whole mesh, its unit, what is left of it, where the cut goes; its parts where they are drawn apart."""

    whole: Any
    unit: str
    scale: float
    stretch: float
    cut: Any
    middle: Floats
    parts: list[Part]


def _cut(brick: Brick, others: Sequence[Path], look: Look) -> Drawn:
    whole, unit = grid(brick.file, others)
    stretch = stretch_of(whole.bounds)
    whole.points[:, 2] *= stretch
    values = read_shown(brick.file, look)[1]
    (whole.point_data if len(values) == whole.n_points else whole.cell_data)[SHOWN] = values
    whole.set_active_scalars(SHOWN)
    scale = {"µm": 1e6, "mm": 1e3, "m": 1.0}[unit]
    bounds = np.array(whole.bounds)
    middle = 0.5 * (bounds[::2] + bounds[1::2])
    if brick.patches and look.cut == "quarter":
        middle[:2] = 0.5 * scale * (np.array(brick.patches[0].low) + np.array(brick.patches[0].high))
    if look.level is not None and look.cut in ("x", "y", "z"):
        middle["xyz".index(look.cut)] = look.level * scale * (stretch if look.cut == "z" else 1.0)
    cut = cut_open(whole, look.cut, middle)
    if not cut.n_cells:
        raise ValueError(f"{brick.file}: the cut leaves nothing of the body")
    return Drawn(whole, unit, scale, stretch, cut, middle, parts_of(whole, look.apart) if look.apart else [])


def _surface(body: Drawn, look: Look) -> Any:
    """The surface of what is left, each region moved where they are to stand apart."""
    if not look.apart:
        return body.cut.extract_surface(algorithm="dataset_surface")
    found = []
    for part in body.parts:
        rows = np.flatnonzero(body.cut.cell_data["material"] == part.number)
        piece = part.of(body.cut.extract_cells(rows)) if len(rows) else None
        if piece is not None and piece.n_cells:
            found.append(piece.extract_surface(algorithm="dataset_surface").translate(part.by))
    return found[0].append_polydata(*found[1:]) if len(found) > 1 else found[0]


def _edges(body: Drawn, look: Look) -> list[Any]:
    """The edges of the regions where they are drawn; of halves also those at which they part."""
    edges = region_outlines(body.whole, body.cut, look.cut, body.middle)
    if not look.apart:
        return [lines for _, lines in edges]
    found = []
    for part in body.parts:
        mine = [part.of(lines) for number, lines in edges if number == part.number]
        rows = np.flatnonzero(body.cut.cell_data["material"] == part.number)
        if part.axis is not None and len(rows):
            beside = np.zeros(3)
            beside[part.axis] = part.place
            surface = body.cut.extract_cells(rows).extract_surface(algorithm="dataset_surface")
            mine.append(surface.slice("xyz"[part.axis], origin=beside))
        found += [lines.translate(part.by) for lines in mine if lines.n_cells]
    return found


def _body(plotter: Any, brick: Brick, colours: tuple[float, float], wide: int, others: Sequence[Path], look: Look) -> Shown:
    """One body with its outlines, rulers and words."""
    body = _cut(brick, others, look)
    surface = _surface(body, look)
    above = {} if look.highest is None else {"above_color": ABOVE}
    actor = plotter.add_mesh(
        surface, scalars=SHOWN, clim=colours, cmap=theme.COLOUR_MAP, lighting=False, show_scalar_bar=False, n_colors=256,
        nan_color=NONE, **above,
    )  # fmt: skip
    # lines that lie in the surface are drawn before it
    actor.mapper.SetResolveCoincidentTopologyToPolygonOffset()
    actor.mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(2.0, 2.0)
    width = min(2.5, max(0.8, 12.0 / max(len(brick.layers), 1)))  # of many regions lines as thick would hide the colours
    thin: dict[str, Any] = {"color": "#777777", "line_width": width, "lighting": False}
    for lines in _edges(body, look):
        plotter.add_mesh(lines, **thin)
    remarks = [_limit(plotter, surface, look)]
    if not look.apart:
        _patches(plotter, brick, body, look)
        rulers(plotter, body.whole.bounds, body.unit, body.stretch, VIEWS[look.view])
    else:
        sizes = np.ptp(body.whole.points, axis=0) / (1.0, 1.0, body.stretch)
        halves = ", those around others in halves" if any(part.axis is not None for part in body.parts) else ""
        remarks.append(f"regions drawn apart{halves}; together {' x '.join(f'{size:.4g}' for size in sizes)} {body.unit}")
    corners = _corners(body.whole.bounds)
    around = surface.points if look.apart else np.vstack([body.whole.points, corners]) if body.whole.n_points < MOST_FITTED else corners
    _fit(plotter, around, wide, look)
    if look.names:
        _names(plotter, brick, surface, look)
    title = words(plotter, brick.title, 0.5, 0.95, int(theme.fitting(brick.title, LARGE, wide)), bold=True)
    said = look.span(read_shown(brick.file, look)[1])
    span = words(plotter, said, 0.5, 0.895, LITTLE)
    remarks += [brick.remark_in(look.unit), f"thickness drawn {body.stretch:g} times as large" if body.stretch > 1.0 else ""]
    if look.highest is not None:
        remarks.append(f"pale blue: above {colours[1]:g} {look.sign}")
    remark = textwrap.fill("; ".join(filter(None, remarks)), wide // 9)
    words(plotter, remark, 0.5, 0.035, int(theme.fitting(remark, LITTLE, wide)))
    return Shown(surface, title, span)


def _limit(plotter: Any, surface: Any, look: Look) -> str:
    """The line of equal temperature at the limit, and what to say of it."""
    level = look.level_of_limit
    if level is None:
        return ""
    lines = surface.contour([level], scalars=SHOWN)
    if not lines.n_points:
        return f"the limit of {level:.1f} {look.sign} is not on what is seen"
    for colour, width in (("black", 5), ("white", 2.5)):
        plotter.add_mesh(lines, color=colour, line_width=width, lighting=False)
    return look.limit_words()


def _patches(plotter: Any, brick: Brick, body: Drawn, look: Look) -> None:
    """The outlines of patches, and of the corner that is cut away."""
    import pyvista

    x0, x1, y0, y1, z0, z1 = body.whole.bounds
    lift = 0.004 * (z1 - z0)
    for patch in brick.patches:
        if look.cut == "z" and patch.face == "top":
            continue
        z = z1 + lift if patch.face == "top" else z0 - lift
        plotter.add_mesh(_outline(patch, body.middle, body.scale, z, look.cut), color=theme.PATCH, line_width=7, lighting=False)
    if look.cut == "quarter" and body.whole.volume > 0.99 * (x1 - x0) * (y1 - y0) * (z1 - z0):  # the corner was one of the body
        gone = np.array([[body.middle[0], y0], [x1, y0], [x1, body.middle[1]]])
        for z in (z0, z1):
            plotter.add_mesh(pyvista.lines_from_points(np.column_stack([gone, np.full(3, z)])), color="#b0b0b0", line_width=1.5)
        plotter.add_mesh(pyvista.Line((x1, y0, z0), (x1, y0, z1)), color="#b0b0b0", line_width=1.5)


def _names(plotter: Any, brick: Brick, surface: Any, look: Look) -> None:
    """The name of each region where it is seen, if there are not too many."""
    numbers = np.unique(surface.cell_data["material"])
    if not 1 < len(brick.layers) <= MOST_NAMED:
        return
    towards, right, up = axes_of_view(VIEWS[look.view])
    across, along = np.ptp(surface.points @ right), np.ptp(surface.points @ up)
    far = 4.0 * float(np.linalg.norm(np.ptp(surface.points, axis=0)))
    centres = surface.cell_centers().points
    facing = surface.compute_normals(cell_normals=True, point_normals=False, consistent_normals=False, auto_orient_normals=False)
    seen = np.asarray(facing.cell_data["Normals"]) @ towards < -0.05
    found: list[tuple[Any, str]] = []
    for number in numbers:
        part = np.flatnonzero((surface.cell_data["material"] == number) & seen)
        if not len(part) or number >= len(brick.layers):
            continue
        near = part[np.argsort(np.sum((centres[part] - centres[part].mean(axis=0)) ** 2, axis=1))]
        for cell in near[:: max(len(near) // TRIED, 1)][:TRIED]:
            place = centres[cell] - 1e-4 * far * towards
            steps = [place - other for other, _ in found]
            apart = all(abs(step @ right) > 0.2 * across or abs(step @ up) > 0.05 * along for step in steps)
            if apart and not len(surface.ray_trace(place, place - far * towards)[0]):
                found.append((place, brick.layers[int(number)]))
                break
    if found:
        labels(plotter, [place for place, _ in found], [name for _, name in found], "center", plate=True)


def stretch_of(bounds: Any) -> float:
    """How many times its thickness a body between bounds is drawn (`theme.stretch`)."""
    x0, x1, y0, y1, z0, z1 = bounds
    return theme.stretch(max(x1 - x0, y1 - y0), z1 - z0)


def _corners(bounds: Any) -> Any:
    x0, x1, y0, y1, z0, z1 = bounds
    return np.array([(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)])


def _fit(plotter: Any, points: Any, wide: int, look: Look) -> None:
    """The camera, so near that the projected points fill what titles and rulers leave of the frame."""
    towards, right, up = axes_of_view(VIEWS[look.view])
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
    plotter.camera.up = tuple(up)
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = half


def _outline(patch: Any, middle: Any, scale: float, z: float, cut: str) -> Any:
    """The edge of what the cut leaves of a patch."""
    import pyvista

    (x0, y0), (x1, y1) = np.array(patch.low) * scale, np.array(patch.high) * scale
    x, y = middle[:2]
    x1 = min(x1, x) if cut == "x" and kept_side(0) else x1
    y0 = max(y0, y) if cut == "y" and not kept_side(1) else y0
    if cut == "quarter" and x0 < x < x1 and y0 < y < y1:
        corners = [(x0, y0), (x, y0), (x, y), (x1, y), (x1, y1), (x0, y1), (x0, y0)]
    else:
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return pyvista.lines_from_points(np.array([(a, b, z) for a, b in corners]))
