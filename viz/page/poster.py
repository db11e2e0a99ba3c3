"""The picture that stands in for a scene: on paper, and where a browser has no WebGL or runs no scripts."""

from __future__ import annotations

import base64
import io

from viz import theme
from viz.bricks import brick
from viz.pictures import command, rendered
from viz.read import Run

MOST_BYTES = 150_000
COLOURS = 160  # of the reduced picture


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
    """A PNG with few colours, and with fewer points if it is still larger than 150 kB."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    while True:
        file = io.BytesIO()
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
        if file.tell() <= MOST_BYTES or picture.width < 300:
            return file.getvalue()
        picture = picture.resize((int(0.8 * picture.width), int(0.8 * picture.height)))
