"""A picture in three dimensions as PNG to stdout: a process of its own, for without its libraries VTK dies by segmentation fault.

python -m viz.render --body FOLDER TIME TITLE [--body FOLDER TIME TITLE ...] [--look JSON]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def png(bodies: Sequence[tuple[Path, float, str]], look: dict[str, Any]) -> bytes:
    """The scene of result folders at times [s] under titles; `look` has the fields of `viz.look.Look` that are not as usual."""
    from viz.bricks import brick
    from viz.look import Look
    from viz.read import read_run, read_unfinished
    from viz.scene import scene

    runs = [read_run(folder) if (folder / "summary.json").is_file() else read_unfinished(folder) for folder, _, _ in bodies]
    plotter = scene([brick(run, time, title) for run, (_, time, title) in zip(runs, bodies, strict=True)], Look(**look))
    file = io.BytesIO()
    plotter.screenshot(file)
    plotter.close()
    return file.getvalue()


def use_egl() -> None:
    """Let VTK draw without a screen on Linux; to be called before vtk is imported."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def main(words: Sequence[str] | None = None) -> None:
    """Draw what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m viz.render", description="A scene as PNG to stdout.")
    parser.add_argument("--body", nargs=3, action="append", required=True, metavar=("FOLDER", "TIME", "TITLE"))
    parser.add_argument("--look", type=json.loads, default={}, metavar="JSON")
    given = parser.parse_args(words)
    # the drivers may write to stdout, which is for the picture alone
    picture = os.dup(1)
    os.dup2(2, 1)
    use_egl()
    data = png([(Path(folder), float(time), title) for folder, time, title in given.body], given.look)
    with os.fdopen(picture, "wb") as out:
        out.write(data)


if __name__ == "__main__":
    main()
