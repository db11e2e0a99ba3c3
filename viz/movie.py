"""A movie of the fields of a run or of the members of a study, as MP4: colours fixed over all times, the time above.

python -m viz.movie OUT FPS --body FOLDER TITLE [--body FOLDER TITLE ...] draws it in a process of its own and tells how far it is.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import theme
from viz.bricks import Brick, brick

if TYPE_CHECKING:
    from viz.read import Cells, Run

MOST_FRAMES = 100
SECONDS = 6.0  # about the length of a movie
RATES = 2, 20  # fewest and most frames a second
EXTRA = "a movie needs the extra 'movie': pip install 'thermorun[movie]'"
QUALITY = ["-crf", "23", "-preset", "medium", "-movflags", "+faststart"]


def movie(folder: Path, tell: Callable[[float], None] = lambda _: None) -> bytes:
    """The movie of a finished run or study; `tell` hears which share of it is done.

    Raises
    ------
    ValueError : there are not two frames of a body in a plane or in space, or it cannot be drawn
    ImportError : the extra `movie` is not installed
    """
    from viz.read import read_runs

    try:
        import imageio_ffmpeg  # noqa: F401 - the drawing process needs it
    except ImportError:
        raise ImportError(EXTRA) from None
    runs, _ = read_runs(folder)
    chosen = [run for run in runs if len(run.frames) > 1 and run.kind != "line"]
    flat = [run for run in chosen if run.kind in ("triangle", "quad")]
    chosen = chosen if len(flat) in (0, len(chosen)) else [run for run in chosen if run not in flat]
    if not chosen:
        raise ValueError(f"{folder}: a movie needs two or more frames of a body in a plane or in space (measure.pictures.times)")
    n_frames = len(moments(chosen))
    rate = min(max(n_frames / SECONDS, RATES[0]), RATES[1])
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "movie.mp4"
        words = [word for run in chosen for word in ("--body", str(run.folder), run.title if len(chosen) == 1 else run.name)]
        _drawn([sys.executable, "-P", "-m", "viz.movie", str(target), f"{rate:.3f}", *words], n_frames, tell)
        return target.read_bytes()


def moments(runs: Sequence[Run]) -> list[float]:
    """The times of a movie [s]: those of the frames of all runs, evenly chosen where there are more than a hundred."""
    times = sorted({frame.time for run in runs for frame in run.frames})
    kept = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_FRAMES)).round().astype(int))
    return [times[i] for i in kept]


def _drawn(command: Sequence[str], n_frames: int, tell: Callable[[float], None]) -> None:
    """Run the drawing process and pass on how far it is. Raises ValueError with what it said where it fails."""
    home = str(Path(__file__).resolve().parent.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))}
    done, said = 0, []
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=complaints, text=True)  # noqa: S603 - ours
        except OSError as error:
            raise ValueError(f"the drawing process did not start: {error}") from None
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                done += line.startswith("frame")
                tell(min(done / n_frames, 1.0))
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        from viz.pictures import LIBRARIES

        ended = f"ended by signal {-process.returncode}" if process.returncode < 0 else f"ended with {process.returncode}"
        hint = f"; {LIBRARIES}" if process.returncode < 0 else ""
        raise ValueError(f"the drawing process {ended}" + (f": {said[-1][:200]}" if said else "") + hint)


def film(target: Path, rate: float, bodies: Sequence[tuple[Path, str]]) -> Iterator[int]:
    """Write the movie of result folders under titles; yields the number of each frame when it is drawn."""
    import imageio_ffmpeg

    from viz.read import read_cells, read_run

    runs = [read_run(folder) for folder, _ in bodies]
    times = moments(runs)
    shown = [[brick(run, time, title) for time in times] for run, (_, title) in zip(runs, bodies, strict=True)]
    files = {one.file for row in shown for one in row}
    cells = {file: read_cells(file) for file in sorted(files)}
    low = min(float(field.temperature.min()) for field in cells.values())
    high = max(float(field.temperature.max()) for field in cells.values())
    colours = theme.round_range(theme.celsius(low), theme.celsius(high))
    draw = _plane if runs[0].kind in ("triangle", "quad") else _space
    writer: Any = None
    for number, picture in enumerate(draw(runs, shown, cells, colours), 1):
        if writer is None:
            size = picture.shape[1], picture.shape[0]
            writer = imageio_ffmpeg.write_frames(
                str(target), size, fps=rate, codec="libx264", pix_fmt_out="yuv420p", macro_block_size=2, output_params=QUALITY
            )
            writer.send(None)
        writer.send(np.ascontiguousarray(picture[:, :, :3]).tobytes())
        yield number
    writer.close()


def _titled(one: Brick, n_bodies: int) -> str:
    return (
        f"{one.title}, {theme.time_text(one.time)}" if n_bodies > 1 or len(one.title) < 60 else f"{one.title},\n{theme.time_text(one.time)}"
    )


def _space(
    runs: Sequence[Run], shown: Sequence[Sequence[Brick]], cells: dict[Path, Cells], colours: tuple[float, float, list[float]]
) -> Iterator[Any]:
    """Pictures of bodies in space. Surfaces are cut once, with the temperatures of all frames on them."""
    from viz.around import SHOWN
    from viz.grid import frame_name
    from viz.scene import filmed

    files = [list(dict.fromkeys(one.file for one in row)) for row in shown]
    plotter, bodies = filmed([row[0]._replace(title=_titled(row[0], len(runs))) for row in shown], colours, files)
    plotter.enable_anti_aliasing("msaa", multi_samples=8, all_renderers=True)
    for i in range(len(shown[0])):
        for body, row, mine in zip(bodies, shown, files, strict=True):
            body.surface[SHOWN] = np.asarray(body.surface[frame_name(mine.index(row[i].file))])
            body.title.input = _titled(row[i], len(runs))
            body.span.input = theme.span(cells[row[i].file].temperature)
        plotter.render()
        yield _even(plotter.screenshot(return_img=True))
    plotter.close()


def _plane(
    runs: Sequence[Run], shown: Sequence[Sequence[Brick]], cells: dict[Path, Cells], colours: tuple[float, float, list[float]]
) -> Iterator[Any]:
    """Pictures of bodies in a plane."""
    from viz.plane import Panel, panelled

    letters = [("r", "z") if run.axisymmetric else ("x", "y") for run in runs]
    for i in range(len(shown[0])):
        panels = [Panel(row[i], cells[row[i].file], _titled(row[i], len(runs)), pair) for row, pair in zip(shown, letters, strict=True)]
        figure: Any = panelled(panels, colours)
        figure.canvas.draw()
        yield _even(np.asarray(figure.canvas.buffer_rgba()))


def _even(picture: Any) -> Any:
    """A picture of even width and height, as the colours of a movie need them."""
    return picture[: 2 * math.floor(picture.shape[0] / 2), : 2 * math.floor(picture.shape[1] / 2)]


def main(words: Sequence[str] | None = None) -> None:
    """Draw what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m viz.movie", description="A movie of result folders.")
    parser.add_argument("out", type=Path)
    parser.add_argument("rate", type=float)
    parser.add_argument("--body", nargs=2, action="append", required=True, metavar=("FOLDER", "TITLE"))
    given = parser.parse_args(words)
    from viz.render import use_egl

    told = os.dup(1)
    os.dup2(2, 1)  # the drivers may write to stdout, which is for the progress alone
    use_egl()
    with os.fdopen(told, "w") as out:
        for number in film(given.out, given.rate, [(Path(folder), title) for folder, title in given.body]):
            print(f"frame {number}", file=out, flush=True)


if __name__ == "__main__":
    main()
