"""Every picture of a result folder, as PNG."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from viz.bricks import Brick
    from viz.look import Look
    from viz.read import Run

TITLE_WIDTH = 48  # characters of a line
SECONDS = 120.0  # the longest that a picture in three dimensions may take
PNG = b"\x89PNG\r\n\x1a\n"
LIBRARIES = "3-D pictures need OpenGL libraries: on Debian or Ubuntu `apt-get install libegl1 libgl1-mesa-dri`"


def pictures(folder: Path, time: float | None = None, vectors: dict[str, bytes] | None = None) -> tuple[dict[str, bytes], list[str]]:
    """The pictures of a case or a study by name, and lines worth telling. Nothing is written, nothing solved.

    `field` (in a study `fields`): the bodies cut open at a time, by default `picture_time_s` of the summary, else the time at
    which the temperature varies most over all of them (`bricks.best_time`); `plane`: those of two dimensions at that time; both once
    more as `field-neighbours` on the range of the other regions where some dwarf them;
    `profile`: temperature along lines; `curves`: probes over time; `temperature` and `rate`: the calorimeter tests;
    `dsc`: heat flow over temperature; `batch`: results over what was changed; `fit`: records beside their fit, `corner`: fitted numbers
    over each other; of a study of points its kind and `map` (`studied.pictures_of`). Of one case also `release`:
    heat of the reactions, `conversion`, `arrivals`: when runaway comes to each cell, `energy`. A picture that cannot be drawn is left out
    and named.

    Parameters
    ----------
    folder : result folder of a case or a study
    time : float [s], the moment of the fields
    vectors : receives the curves as SVG by name, if given

    Raises
    ------
    ValueError where the folder is not a finished result.
    """
    from viz.read import number, read_runs, read_summary

    summary = read_summary(folder)
    runs: list[Run] = []
    notes: list[str] = []
    studied = _of_a_study(folder, summary)
    if studied is None:
        runs, notes = read_runs(folder)
    framed = [run for run in runs if run.frames]
    moment = time if time is not None else number(summary.get("picture_time_s"))
    study = isinstance(summary.get("members"), dict)
    made: dict[str, bytes] = {}

    def draw(name: str, picture: Callable[[], bytes | Figure]) -> None:
        try:
            drawn = picture()
            if isinstance(drawn, bytes):
                made[name] = drawn
                return
            made[name] = theme.png(drawn)
            if vectors is not None:
                vectors[name] = theme.svg(drawn)
        except (OSError, ValueError) as error:
            notes.append(f"the picture '{name}' cannot be drawn: {error}")

    for name, picture in (studied or {}).items():
        draw(name, picture)
    _framed(framed, moment, study, draw, made, notes)
    _courses(runs, draw)
    return made, notes


def _framed(
    runs: Sequence[Run],
    moment: float | None,
    study: bool,
    draw: Callable[[str, Callable[[], bytes | Figure]], None],
    made: dict[str, bytes],
    notes: list[str],
) -> None:
    """The pictures of fields: of bodies in space, in a plane and on a line apart; where a region dwarfs others, once more for these."""
    dimensions = {"line": 1, "triangle": 2, "quad": 2}
    for dimension, drawing in ((3, _fields), (2, _planes), (1, _profiles)):
        chosen = [run for run in runs if dimensions.get(run.kind, 3) == dimension]
        name = {3: "field", 2: "plane", 1: "profile"}[dimension] + ("s" if study else "")
        if chosen:
            draw(name, lambda chosen=chosen, drawing=drawing: drawing(chosen, moment, notes))  # type: ignore[misc]
            if dimension > 1 and not study and name in made:
                closer = _neighbours(chosen[0], moment)
                if closer is not None:
                    draw(f"{name}-neighbours", lambda run=chosen[0], closer=closer: _asked(run, closer, notes))  # type: ignore[misc]


def _courses(runs: Sequence[Run], draw: Callable[[str, Callable[[], bytes | Figure]], None]) -> None:
    """The curves over time and temperature."""
    from viz import charted
    from viz.report.courses import heat_flows

    cells = [run for run in runs if run.is_cell]
    bodies = [run for run in runs if not run.is_cell and run.probes and len(run.time) > 1]
    scans = [run for run in cells if "heat_flow_W" in run.columns]
    cells = [run for run in cells if run not in scans]  # of a scan the temperature is that of its furnace
    if len(runs) == 1:
        for name, picture in charted.pictures_of(runs[0]).items():
            draw(name, picture)
    elif bodies:
        draw("curves", _curves("probes", bodies))
    if cells:
        draw("temperature", _curves("temperature", cells))
        draw("rate", _curves("rate", cells))
    if scans:
        draw("dsc", lambda: charted.figure([heat_flows(scans)]))


def _of_a_study(folder: Path, summary: dict[str, Any]) -> dict[str, Callable[[], Figure]] | None:
    """The pictures of a batch, of a calibration or of a study of points. None for a run or a comparison."""
    if "batch" in summary:
        from viz.batch import scatter

        return {"batch": lambda: scatter(folder / "table.csv", summary)}
    if summary.get("kind") == "calibrate":
        from viz import corner, fit

        drawn = {"fit": lambda: fit.picture(folder)}
        return drawn | ({"corner": lambda: corner.picture(folder)} if (folder / "posterior.csv").is_file() else {})
    if "points" in summary:
        from viz.studied import pictures_of

        return pictures_of(folder, summary)
    return None


def _curves(name: str, runs: Sequence[Run]) -> Callable[[], Figure]:
    """One of `viz.curves`, to be drawn."""

    def picture() -> Figure:
        from viz import curves

        colours = {run.name: theme.colour(i, len(runs)) for i, run in enumerate(runs)}
        return getattr(curves, name)(runs, colours)  # type: ignore[no-any-return]

    return picture


def _bricks(runs: Sequence[Run], time: float | None, notes: list[str]) -> list[Brick]:
    """Each body at the moment that is asked for, or at the most telling one."""
    from viz.bricks import best_time, brick

    asked = best_time(runs) if time is None else time
    bricks = []
    for run in runs:
        found = brick(run, asked, run.name)
        if abs(found.time - asked) > 1e-6 * abs(asked):
            notes.append(f"{run.name}: there is no frame at {theme.time_text(asked)}; the one at {theme.time_text(found.time)} is drawn")
        title = theme.heading(run.title if len(runs) == 1 else run.name, _moment(run, found.time), TITLE_WIDTH)
        bricks.append(found._replace(title=title))
    return bricks


def _moment(run: Run, time: float) -> str:
    return "steady state" if len(run.time) == 1 else theme.time_text(time)


def _planes(runs: Sequence[Run], time: float | None, notes: list[str]) -> bytes:
    from viz import plane

    return theme.png(plane.planes(_bricks(runs, time, notes), [run.axisymmetric for run in runs]))


def _profiles(runs: Sequence[Run], time: float | None, notes: list[str]) -> bytes:
    from viz import plane

    names = [run.title if len(runs) == 1 else run.name for run in runs]
    titles = [f"{name}, steady state" if len(run.time) == 1 else name for run, name in zip(runs, names, strict=True)]
    return theme.png(plane.profiles(runs, titles))


def _fields(runs: Sequence[Run], time: float | None, notes: list[str]) -> bytes:
    bricks = _bricks(runs, time, notes)
    from viz.asked import limit_of
    from viz.look import Look

    limit = limit_of(runs)
    data, failure = rendered(command(runs, bricks, Look(names=len(runs) == 1, limit=limit)))
    if data is not None:
        return data
    notes.append(f"{LIBRARIES}; sections are drawn instead ({failure})")
    from viz import flat

    return theme.png(flat.fields(bricks) if limit is None else flat.sections(bricks, Look(limit=limit)))


def _neighbours(run: Run, time: float | None) -> tuple[float, float] | None:
    """The time of the picture [s] and the highest temperature [degC] beside the regions that dwarf the others; None where none does."""
    from viz.bricks import best_time, brick, neighbours
    from viz.read import read_cells

    asked = brick(run, best_time([run]) if time is None else time, "")
    highest = neighbours(read_cells(asked.file))
    return None if highest is None else (asked.time, float(theme.celsius(highest)))


def _asked(run: Run, closer: tuple[float, float], notes: list[str]) -> bytes:
    """The field on the range of the neighbours of what is hottest: at a time [s], up to their highest temperature [degC]."""
    time, highest = closer
    from viz.asked import asked_picture
    from viz.look import Look

    made, said = asked_picture([run], [time], Look(highest=highest, names=True))
    notes += [note for note in said if note not in notes and not note.startswith(LIBRARIES)]
    return made


def command(runs: Sequence[Run], bricks: Sequence[Brick], look: Look | None = None) -> list[str]:
    """The command that draws in three dimensions in a process of its own."""
    words = [word for run, brick in zip(runs, bricks, strict=True) for word in ("--body", str(run.folder), repr(brick.time), brick.title)]
    # -P: a file of the user's folder must not stand in for a module
    looked = [] if look is None else ["--look", json.dumps(look._asdict())]
    return [sys.executable, "-P", "-m", "viz.render", *words, *looked]


def rendered(command: Sequence[str]) -> tuple[bytes | None, str]:
    """The PNG that a drawing process gives, or None and why there is none."""
    home = str(Path(__file__).resolve().parent.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own command
    except subprocess.TimeoutExpired:
        return None, f"the drawing process took longer than {SECONDS:.0f} s"
    except OSError as error:
        return None, f"the drawing process did not start: {error}"
    if done.returncode == 0 and done.stdout.startswith(PNG):
        return done.stdout, ""
    if done.returncode < 0:
        return None, f"the drawing process ended by signal {-done.returncode}"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return None, f"the drawing process ended with {done.returncode}" + (f": {said[-1][:200]}" if said else "")
