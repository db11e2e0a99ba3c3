"""What is made of the results of a folder: pictures, the report, a movie. Each may be made again at any time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from thermo.app.options import one_of, option, place
from thermo.app.run_into_folder import add_derived
from thermo.base.errors import CaseError, FileError, Mistake

if TYPE_CHECKING:
    from viz.look import Look
    from viz.read import Run


def draw(path: Path, listener: Any, *, again: bool = False, svg: bool = False) -> None:
    """Draw the pictures of a finished folder, unless they are there; the curves also as SVG if wanted."""
    from viz.pictures import pictures

    if any((path / "pictures").glob("*.png")) and not again:  # of a replaced run only the empty folder is left
        return
    vectors: dict[str, bytes] = {}
    try:
        made, notes = pictures(path, vectors=vectors if svg else None)
    except ValueError as error:
        raise FileError(f"{path}: {error}") from None
    files = {f"pictures/{name}.png": data for name, data in made.items()} | {f"pictures/{name}.svg": data for name, data in vectors.items()}
    add_derived(path, files)
    for note in notes:
        listener.note(note)
    if made:
        listener.note(f"pictures: {', '.join(f'{path}/{name}' for name in files)}")


class Wanted(NamedTuple):
    """A picture as the options of the command ask for it, in their words; None and empty where they do not."""

    at: Sequence[str] = ()
    field: str | None = None
    cut: str | None = None
    view: str | None = None
    unit: str | None = None
    apart: float | None = None


def draw_asked(folders: Sequence[Path], wanted: Wanted, out: Path | None, force: bool, listener: Any) -> Path:
    """Draw one picture of fields as the options ask for it; to `out`, or into the one folder. Returns where it is.

    Raises CaseError where an option is wrong or there is no field to draw, FolderError where `out` is there, FileError.
    """
    from thermo.results.store import write_file
    from viz.asked import asked_picture, limit_of, plain_words
    from viz.read import read_runs

    if out is not None and out.suffix.lower() != ".png":
        raise _mistake("--out", f"{out}: a name that ends in .png is needed")
    if out is None and len(folders) > 1:
        raise _mistake("--out", "a picture of several runs belongs to none of their folders; name a file")
    try:
        read = [read_runs(folder) for folder in folders]
        runs = [run for found, _ in read for run in found if run.frames]
        if not runs:
            raise _mistake(str(folders[0]), "has no fields to draw; a case asks for them under measure.pictures")
        look = _look(wanted, runs)._replace(limit=limit_of(runs))
        times: Sequence[float] | str = "all" if list(wanted.at) == ["all"] else [option("--at", text, "time") for text in wanted.at]
        made, notes = asked_picture(runs, times, look)
    except ValueError as error:
        raise FileError(str(error)) from None
    for note in (*(note for _, said in read for note in said), *notes):
        listener.note(note)
    if out is not None:
        write_file(out, made, force=force)
        return out
    name = f"pictures/{plain_words(look, times)}.png"
    add_derived(folders[0], {name: made})
    return folders[0] / name


def _look(wanted: Wanted, runs: Sequence[Run]) -> Look:
    """What the options ask for. Raises CaseError for a word or a field that is not known."""
    from viz.asked import fields_of
    from viz.look import CUTS, UNITS, VIEWS, Look
    from viz.page.quantities import TEMPERATURE

    known = fields_of(runs)
    field = wanted.field or "temperature"
    if field not in (*known, TEMPERATURE):
        raise _mistake("--field", f"there is no field {field!r}; there are {', '.join(known)}")
    how, equals, where = (wanted.cut or "quarter").partition("=")
    one_of("--cut", how, CUTS)
    if equals and how not in ("x", "y", "z"):
        raise _mistake("--cut", f"a place belongs to a plane, as in 'x=3 mm', got {wanted.cut}")
    level = place("--cut", where) if equals else None
    apart = wanted.apart or 0.0
    return Look(
        array=TEMPERATURE if field == "temperature" else field,
        unit=one_of("--unit", wanted.unit, tuple(UNITS)) or "degC",
        cut=how,
        level=level,
        view=one_of("--view", wanted.view, tuple(VIEWS)) or "iso",
        apart=apart,
        names=True,
    )


def _mistake(where: str, what: str) -> CaseError:
    return CaseError([Mistake(where, None, "", what)])


def write_report(path: Path, listener: Any, *, again: bool = False) -> None:
    """Write the report of a finished folder and of the members of a study, unless it is there."""
    from thermo.results.store import member_folders
    from viz.report.report import report

    for folder in (*member_folders(path).values(), path):
        if (folder / "report.html").is_file() and not again:
            continue
        try:
            page, notes = report(folder)
        except ValueError as error:
            raise FileError(f"{folder}: {error}") from None
        add_derived(folder, {"report.html": page})
        for note in notes:
            listener.note(note)
    listener.note(f"report: {path}/report.html")


def film(path: Path, listener: Any) -> None:
    """Draw the movie of a finished folder. Raises CaseError without the extra, FileError where there is nothing to draw."""
    from viz.movie import movie

    try:
        made = movie(path, lambda share: listener.progress("movie", share, ""))
    except ImportError as error:
        raise CaseError([Mistake(str(path), None, "", str(error))]) from None
    except ValueError as error:
        raise FileError(str(error)) from None
    add_derived(path, {"movie.mp4": made})
