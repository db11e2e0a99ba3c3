"""The scene: a run's fields in three dimensions as a part of a web page, and as a page of its own."""

from __future__ import annotations

import base64
import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import theme
from viz.page.pack import MOST_FRAMES, Packed, Survey, pack, survey
from viz.page.policy import content_policy
from viz.page.poster import poster
from viz.page.quantities import Reader, checked_frames
from viz.page.reduced import skin
from viz.read import Run

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
MOST_BYTES = 6_000_000
OTHER_BYTES = 280_000  # kept for poster, script, style and markup
MOST_CELLS = 600_000  # in a browser; of a larger body the surface and three cuts
FEW_FRAMES = 5  # a body that does not fit with so many is reduced first
DARKEST = 0.13  # of inferno: outlines are lost on black
SLENDER, STRETCHED = 15.0, 6.0  # a body this many times as long as thick is drawn only this many times as long
FLAT = ("triangle", "quad")
ROUND = 48  # corners of the outline of a disc
SCRIPTS = ("mesh.js", "drawing.js", "view.js", "words.js", "scene.js")


class Scene(NamedTuple):
    """A scene as parts of a page.

    `markup` is a figure, `style` and `script` stand once on a page, `data` is the JSON of
    `<script type="application/json" id="NAME-data">` (see `data_element`), `notes` are lines worth telling.
    """

    markup: str
    style: str
    script: str
    data: str
    notes: list[str]
    name: str = "scene"

    @property
    def data_element(self) -> str:
        """The element that holds the data; it stands before the script."""
        return f'<script type="application/json" id="{self.name}-data">{self.data}</script>'


def scene_part(run: Run, *, limit: float | None = None, most_bytes: int = MOST_BYTES, name: str = "scene") -> Scene | None:
    """The scene of a run, or None where it has no frames of a body in two or three dimensions.

    Parameters
    ----------
    run : a run; an unfinished one is shown as far as it got
    limit : temperature of the first isoline [K]
    most_bytes : of all parts together; first further fields, then frames are left out, then only surface and cuts are shown
    name : the id of the figure, letters and digits, one for each scene of a page

    Raises
    ------
    ValueError where a frame is missing or cannot be read, naming the file, or where the name is no name.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise ValueError(f"{name!r}: the name of a scene is made of letters, digits and '-'")
    frames = checked_frames(run)
    if not frames:
        return None
    reader = Reader(frames)
    if reader.first.kind == "line":
        return None
    plane = reader.first.kind in FLAT
    looked = survey(frames, reader)
    packed, notes = _fitting(run, reader, looked, most_bytes - OTHER_BYTES)
    start = _telling(packed)
    picture = poster(run, packed.head["times"][start], plane)
    if run.summary.get("status", "complete") != "complete":
        notes.insert(0, f"The run is unfinished: the scene shows it up to {theme.time_text(frames[-1].time)}.")
    head = packed.head | {
        "regions": _region_names(run, reader),
        "axisymmetric": run.axisymmetric and plane,
        "start": start,
        "steady": len(run.time) == 1,
        "stretch": _stretch(reader, run.axisymmetric),
        "colours": colours(),
        "patches": _patches(run, reader),
    }
    for field in head["fields"]:
        field["exact"] = _exactness(field, len(frames) - len(packed.kept))
    seen = {"id": name, "alt": f"Temperature field of {run.name}", "poster": picture, "regions": head["regions"]}
    seen |= {"quantities": [field["name"] for field in head["fields"]], "cut_letters": "xy" if plane and not run.axisymmetric else "xyz"}
    seen |= {"limit": "" if limit is None else f"{limit - ZERO_CELSIUS:.6g}", "caption": _caption(run, reader, head, len(frames))}
    markup = _environment().get_template("scene.html.j2").render(seen)
    return Scene(markup, _text("scene.css"), _script(), script_json(head), notes, name)


def scene_page(run: Run, *, limit: float | None = None) -> bytes:
    """A page of its own with the scene of a run, at most 6 MB; the same folder gives the same bytes.

    Raises ValueError where the run has no frames of a body in two or three dimensions, or one cannot be read.
    """
    made = scene_part(run, limit=limit)
    if made is None:
        raise ValueError(f"{run.folder}: has no fields of a body in two or three dimensions to show")
    style, script = _text("page.css") + made.style, made.script
    title = str(run.summary.get("title") or run.name)
    parts = {"title": title, "notes": made.notes, "id": made.name, "policy": content_policy([script], [style])}
    parts |= {"style": _safe(style), "script": _safe(script), "markup": _safe(made.markup), "data": _safe(made.data)}
    return _environment().get_template("page.html.j2").render(parts).encode("utf-8")


def script_json(data: Any) -> str:
    """JSON that can stand within a script element: no text in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@functools.cache
def colours() -> str:
    """256 colours as base64 of their bytes: inferno without its darkest part."""
    from matplotlib import colormaps

    rows = colormaps[theme.COLOUR_MAP](np.linspace(DARKEST, 1.0, 256))[:, :3]
    return base64.b64encode(np.rint(255.0 * rows).astype(np.uint8).tobytes()).decode("ascii")


def _fitting(run: Run, reader: Reader, looked: Survey, most_bytes: int) -> tuple[Packed, list[str]]:
    """As much of a run as the bytes allow, and what was left out."""
    notes = []
    large = len(reader.first.cells) > MOST_CELLS and reader.first.kind not in FLAT
    made = pack(run.frames, reader, looked, MOST_FRAMES, skin(reader.first) if large else None)
    while len(made.head["fields"]) > 1 and _size(made) > most_bytes:
        last = len(made.head["fields"]) - 1
        notes.append(f"The field '{made.head['fields'][last]['name']}' is left out: with it the page would be too large.")
        made = made.without(last)
    looked = looked._replace(ranges={field["array"]: looked.ranges[field["array"]] for field in made.head["fields"]})
    wanted = len(made.kept)
    for _ in range(6):
        each = sum(len(text) for field in made.head["fields"] for text in field["frames"]) / len(made.kept)
        room = most_bytes - (_size(made) - each * len(made.kept))
        n = min(len(made.kept), int(0.95 * room / each))
        if _size(made) <= most_bytes or len(made.kept) <= 2:
            break
        if n < FEW_FRAMES and not large and reader.first.kind not in FLAT:
            large, n = True, wanted
        made = pack(run.frames, reader, looked, max(n, 2), skin(reader.first) if large else None)
    if large:
        notes.append("The body is too large for a page: the scene has its surface and a cut through the middle across each axis.")
    if len(made.kept) < wanted:
        notes.append(f"The scene has {len(made.kept)} frames in place of {wanted}, so that the page is not too large.")
    return made, notes


def _size(made: Packed) -> int:
    return len(script_json(made.head))


def _telling(packed: Packed) -> int:
    """The frame that is shown first: the one in which the temperature varies most over the points."""
    from viz.page.pack import unpacked_frames

    return int(np.argmax(np.round(unpacked_frames(packed.head["fields"][0]).std(axis=1), 6)))


def _region_names(run: Run, reader: Reader) -> list[str]:
    names, n = run.layers(), 1 + int(reader.first.material.max())
    return [names[i] if i < len(names) else f"region {i}" for i in range(n)]


def _stretch(reader: Reader, axisymmetric: bool) -> tuple[int, float]:
    """Axis and factor by which a slender body is stretched at first."""
    extent = np.ptp(reader.first.points, axis=0)
    if axisymmetric:  # its radius lies along x and y, and its height is z
        extent = np.array([2.0 * extent[0], 2.0 * extent[0], extent[1]])
    elif reader.first.kind in FLAT:
        extent = extent[:2]
    thin, ratio = int(np.argmin(extent)), float(extent.max() / extent.min())
    if axisymmetric and thin != 2:
        return 2, 1.0
    if ratio <= SLENDER:
        return len(extent) - 1 if ratio < 1.5 else thin, 1.0
    return thin, float(f"{ratio / STRETCHED:.1g}")


def _exactness(field: dict[str, Any], n_left_out: int) -> str:
    """How near to the results the values of a field are, from its packing."""
    unit = "K" if field["unit"] == "°C" else field["unit"]
    unit = f" {unit}" if unit else ""
    name = field["name"][0].upper() + field["name"][1:]
    text = f"{name}: values are at most {field['rounding']:.2g}{unit} from those of the run"
    if len(field["frames"]) == 1:
        return text + "."
    text += " at the stored times. Between them the page draws straight lines in time"
    left = "the time" if n_left_out == 1 else f"the {n_left_out} times"
    return f"{text}, which err by at most {field['between']:.2g}{unit} at {left} left out." if n_left_out else text + "."


def _caption(run: Run, reader: Reader, head: dict[str, Any], n_frames: int) -> str:
    n_regions = len(head["regions"])
    words = f"{len(reader.first.cells):,} cells in {n_regions} region{'' if n_regions == 1 else 's'}"
    shown = len(head["times"])
    words += f", {shown} of {n_frames} stored times, chosen where the field changes most." if shown < n_frames else ""
    words += (", at one time." if shown == 1 else f", {shown} times.") if shown == n_frames else ""
    if head["axisymmetric"]:
        words += " The body is computed in the plane (r, z); the scene shows it turned round its axis by 270 degrees."
    elif reader.first.kind in FLAT:
        words += " The body is computed and drawn in its plane."
    told = [p.name if p.held is None else f"{p.name}, held at {theme.degrees(p.held)}" for p in run.patches()]
    return words + (f" Outlined in blue: {'; '.join(told)}." if told and head["patches"] else "")


def _patches(run: Run, reader: Reader) -> list[float]:
    """The outlines of patches as segments: two places in the unit of the page and the region whose face they lie on, seven numbers each."""
    found: list[float] = []
    points, cells = reader.first.points, reader.first.cells
    middles, scale = points[cells].mean(axis=1), theme.length_unit(float(np.ptp(points, axis=0).max()))[1]
    for patch in run.patches() if reader.first.kind not in FLAT else ():
        (x0, y0), (x1, y1) = patch.low, patch.high
        heights = points[:, 2]
        z = float(heights.max() if patch.face == "top" else heights.min())
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        if patch.disc:
            turn = np.linspace(0.0, 2.0 * np.pi, ROUND, endpoint=False)
            corners = [
                (0.5 * (x0 + x1 + (x1 - x0) * c), 0.5 * (y0 + y1 + (y1 - y0) * s)) for c, s in zip(np.cos(turn), np.sin(turn), strict=True)
            ]
        near = int(np.argmin(np.sum((middles - (0.5 * (x0 + x1), 0.5 * (y0 + y1), z)) ** 2, axis=1)))
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
            found += [float(f"{value * scale:.7g}") for value in (*a, z, *b, z)] + [int(reader.first.material[near])]
    return found


@functools.cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@functools.cache
def _script() -> str:
    """All scripts in one function, so that they share names with each other and with nothing else on the page."""
    whole = "".join(_text(name).removeprefix('"use strict";\n') for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{whole}}})();\n'


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    files = FileSystemLoader(HERE)
    return Environment(loader=files, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _safe(text: str) -> Markup:
    """Our own text, or one already escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never a text of the user
