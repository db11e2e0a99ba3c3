"""A page on the screen of the user: in a file that nobody else can read, opened by the browser of the desktop."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path

from thermo.app.screen import complain, say
from thermo.base.errors import CaseError, FileError, Mistake
from thermo.results.store import member_folders, read_json, reason, write_file


def view_run(folder: Path, out: Path | None, force: bool) -> None:
    """Write the scene of a run to a file, and open it in the browser unless `out` names the file.

    Raises CaseError where the run has nothing to show, FileError where a file is missing, damaged or cannot be written.
    """
    data = _page(folder)
    if out is not None:
        write_file(out, data, force=force)
        say(f"scene: {out}")
        return
    file = private_file(f"{folder.resolve().name}.html", data)
    say(f"scene: {file}")
    if not webbrowser.open(file.as_uri()):
        complain("no browser was found; open the file in one")


def _page(folder: Path) -> bytes:
    from viz.page.scene import scene_page
    from viz.read import named_frames, read_run, read_unfinished

    if not folder.is_dir():
        raise FileError(f"{folder}: there is no such folder")
    summary = read_json(folder / "summary.json")
    if isinstance(summary, dict) and isinstance(summary.get("members"), dict):
        members = ", ".join(map(str, member_folders(folder).values()))
        raise CaseError([Mistake(str(folder), None, "", f"is a study; view one of its members: {members}")])
    try:
        run = read_run(folder) if isinstance(summary, dict) else read_unfinished(folder)
        if not named_frames(folder) or run.kind == "line":
            raise CaseError([Mistake(str(folder), None, "", "has no fields of a body in two or three dimensions to show")])
        return scene_page(run)
    except ValueError as error:
        raise FileError(str(error)) from None


def private_file(name: str, data: bytes) -> Path:
    """A new file with mode 0600 in a new folder that is open to the user alone. Raises FileError where it cannot be written."""
    try:
        path = Path(tempfile.mkdtemp(prefix="thermo-view-")) / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise FileError(f"{error.filename or name}: cannot be written: {reason(error)}") from None
    return path
