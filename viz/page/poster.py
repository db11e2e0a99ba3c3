"""The picture that stands in for a scene: on paper, and where a browser has no WebGL or runs no scripts."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from viz import theme
from viz.bricks import brick
from viz.pictures import command, rendered
from viz.read import Run

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 150_000
COLOURS = 256  # of the reduced picture


def poster(run: Run, time: float, plane: bool) -> str:
    """A PNG of the field as data URI: the one that the folder has, or one drawn at a time [s].

    Raises ValueError where the frame of that time cannot be read.
    """
    there = run.folder / "pictures" / ("plane.png" if plane else "field.png")
    data = there.read_bytes() if there.is_file() else drawn(run, time, plane)
    return "data:image/png;base64," + base64.b64encode(small(data)).decode("ascii")


def drawn(run: Run, time: float, plane: bool) -> bytes:
    """The body at a time [s]: in three dimensions by a process of its own, or in sections where that fails."""
    from viz import flat
    from viz.plane import planes

    body = brick(run, time, "")
    body = body._replace(title=f"{run.name}, {'steady state' if len(run.time) == 1 else theme.time_text(body.time)}")
    if plane:
        return theme.png(planes([body], [run.axisymmetric]))
    data, _ = rendered(command([run], [body]))
    return data if data is not None else theme.png(flat.fields([body]))


def small(data: bytes) -> bytes:
    """A PNG without what a page does not need: with few colours, then with fewer points, if it is larger than 150 kB."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    made = _png(picture)
    while len(made) > MOST_BYTES and picture.width >= 300:
        made = _png(picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE))
        picture = picture.resize((int(0.8 * picture.width), int(0.8 * picture.height)))
    return made


def _png(picture: Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()
