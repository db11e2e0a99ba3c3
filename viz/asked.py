"""A picture of a field that is asked for: which runs, which times, which field, cut, view and unit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from viz import pictures, theme
from viz.bricks import Brick, best_time, brick
from viz.look import Look, colours_of, read_shown
from viz.page.quantities import TEMPERATURE
from viz.read import Run, read_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BODIES = 12  # side by side
TITLE_WIDTH = 40  # characters of a line
FLAT = ("triangle", "quad")


def fields_of(runs: Sequence[Run]) -> list[str]:
    """The names of the fields that the frames of all runs have. Raises ValueError where a frame cannot be read."""
    from viz.look import names

    found = [names(read_frame(run.frames[0].file)[1]) for run in runs if run.frames]
    return [name for name in found[0] if all(name in each for each in found)] if found else []


def limit_of(runs: Sequence[Run]) -> float | None:
    """The limit of the first expectation that a temperature stays below something [K]; None where no case has one."""
    for run in runs:
        for entry in run.summary.get("expect") or ():
            below = entry.get("below")
            if isinstance(below, int | float) and str(entry.get("name", "")).endswith("_K"):
                return float(below)
    return None


def asked_picture(runs: Sequence[Run], times: Sequence[float] | str, look: Look) -> tuple[bytes, list[str]]:
    """One picture of the fields of all runs at all times on one range of colours, as PNG, and lines worth telling.

    Parameters
    ----------
    runs : runs that have frames, all on a line, all in a plane or all in space
    times : times [s], of each run the nearest frame; 'all' for those of its frames; empty for the most telling one
    look : what is shown and from where

    Raises
    ------
    ValueError where runs of different dimension meet, a frame cannot be read or lacks the field.
    """
    kinds = {run.kind for run in runs}
    dimensions = {1 if kind == "line" else 2 if kind in FLAT else 3 for kind in kinds}
    if len(dimensions) != 1:
        raise ValueError("bodies on a line, in a plane and in space do not fit into one picture; name runs of one kind")
    (dimension,) = dimensions
    notes: list[str] = []
    if dimension < 3 and (look.cut not in ("quarter", "none") or look.view != "iso" or look.apart):
        notes.append("cut, view and regions apart are of bodies in space; this one is drawn without them")
    if dimension == 1:
        return theme.png(_lines(runs, times, look)), notes
    bricks, of = _bodies(runs, times, notes)
    if dimension == 2:
        return theme.png(_planes(of, bricks, look)), notes
    data, failure = pictures.rendered(pictures.command(of, bricks, look))
    if data is not None:
        return data, notes
    missing = [word for word, asked in (("the view", look.view != "iso"), ("regions apart", bool(look.apart))) if asked]
    lacking = f", without {' and '.join(missing)}" if missing else ""
    notes.append(f"{pictures.LIBRARIES}; sections are drawn instead{lacking} ({failure})")
    from viz import flat

    return theme.png(flat.sections(bricks, look)), notes


def _bodies(runs: Sequence[Run], times: Sequence[float] | str, notes: list[str]) -> tuple[list[Brick], list[Run]]:
    """The bodies to draw, and the run of each."""
    found: list[Brick] = []
    of: list[Run] = []
    for run in runs:
        asked = [frame.time for frame in run.frames] if times == "all" else [float(time) for time in times]
        wanted = asked or [best_time(runs)]
        for time in wanted:
            one = brick(run, time, "")
            if abs(one.time - time) > 1e-6 * abs(time):
                notes.append(f"{run.name}: there is no frame at {theme.time_text(time)}; the one at {theme.time_text(one.time)} is drawn")
            if not any(one.file == other.file for other in found):
                found.append(one)
                of.append(run)
    if len(found) > MOST_BODIES:
        notes.append(f"the first {MOST_BODIES} of {len(found)} fields are drawn")
    found, of = found[:MOST_BODIES], of[:MOST_BODIES]
    titled = [one._replace(title=_title(run, one.time, len(runs), len(found))) for one, run in zip(found, of, strict=True)]
    return titled, of


def _title(run: Run, time: float, n_runs: int, n_bodies: int) -> str:
    stamp = "steady state" if len(run.time) == 1 else theme.time_text(time)
    name = run.name if n_runs > 1 else run.title
    return stamp if n_runs == 1 and n_bodies > 1 else theme.heading(name, stamp, TITLE_WIDTH)


def _planes(runs: Sequence[Run], bricks: Sequence[Brick], look: Look) -> Figure:
    from viz.plane import Panel, panelled

    panels = []
    for run, one in zip(runs, bricks, strict=True):
        cells, values = read_shown(one.file, look)
        panels.append(Panel(one, cells, one.title, ("r", "z") if run.axisymmetric else ("x", "y"), values))
    return panelled(panels, colours_of([panel.values for panel in panels], look), look)  # type: ignore[misc]


def _lines(runs: Sequence[Run], times: Sequence[float] | str, look: Look) -> Figure:
    from viz.plane import profiles

    chosen: list[Any] = []
    for run in runs:
        wanted = [] if isinstance(times, str) else [brick(run, time, "").time for time in times]
        chosen.append(run._replace(frames=tuple(frame for frame in run.frames if not wanted or frame.time in wanted)))
    return profiles(chosen, [run.title if len(runs) == 1 else run.name for run in runs], look)


def plain_words(look: Look, times: Sequence[float] | str) -> str:
    """A name for the file of a picture: lower case letters, digits and '-'.

    >>> plain_words(Look(cut="x", view="top"), [120.0])
    'temperature-at-2-min-cut-x-top'
    """
    import re

    parts = ["temperature" if look.array == TEMPERATURE else look.array]
    parts += ["at", "all"] if isinstance(times, str) else list(itertools.chain(*(("at", theme.time_text(time)) for time in times)))
    parts += [] if look.cut == "quarter" else [f"cut-{look.cut}"]
    parts += [] if look.level is None else [f"{look.level * 1e3:.4g}-mm"]
    parts += [] if look.view == "iso" else [look.view]
    parts += [] if not look.apart else ["apart"]
    parts += [] if look.unit == "degC" else [look.unit]
    plain = "-".join(parts).replace("µ", "u").replace(".", "p").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80]
