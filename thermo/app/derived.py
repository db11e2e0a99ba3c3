"""What is made of the results of a folder: pictures, the report, a movie. Each may be made again at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thermo.app.run_into_folder import add_derived
from thermo.base.errors import CaseError, FileError, Mistake


def draw(path: Path, listener: Any, *, again: bool = False) -> None:
    """Draw the pictures of a finished folder, unless they are there."""
    from viz.pictures import pictures

    if any((path / "pictures").glob("*.png")) and not again:  # of a replaced run only the empty folder is left
        return
    try:
        made, notes = pictures(path)
    except ValueError as error:
        raise FileError(f"{path}: {error}") from None
    add_derived(path, {f"pictures/{name}.png": png for name, png in made.items()})
    for note in notes:
        listener.note(note)
    if made:
        listener.note(f"pictures: {', '.join(f'{path}/pictures/{name}.png' for name in made)}")


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
