"""The wait for what is drawn of a large body: a pack of twelve cells, about 96 000 hexahedra and a hundred stored frames.

A short real run writes the folder (some minutes; `--folder DIR` keeps it, and uses it when it is there). Then each command that draws is
timed as a user calls it, its start included, beside the time that it may take. `field` also stands without the start and the imports.
`--frames` measures the field files alone.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

PACK = Path(__file__).parent.parent / "cases" / "propagation" / "potted-row.yaml"
END, N_FRAMES = 90.0, 100  # s: the first cell has run away at 73 s
N_TIMED = 10  # frames
SETTINGS = [
    "sample.columns=4", "sample.rows=3", "sample.mesh={across: 16, along: 19}",
    "numerics.tolerance=1e-2", f"programme.end={END} s", "expect=[]",
    f"measure.pictures.times=[{', '.join(f'{t:g} s' for t in np.linspace(END / N_FRAMES, END, N_FRAMES))}]",
]  # fmt: skip
IMPORTS = "import pyvista, vtk, matplotlib.figure, viz.render, viz.pictures"
PAGE, PICTURE = 2e6, 3.0  # bytes, s


def spent(*words: str) -> tuple[float, float]:
    """The time that Python takes for what it is told, on the clock and of the processor [s]. Raises CalledProcessError where it fails."""
    begun, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, own


def thermo(*words: str) -> tuple[float, float]:
    """The time that a command takes, on the clock and of the processor [s]."""
    return spent("-m", "thermo", *words)


def opened(page: Path) -> float:
    """The time from opening a page to the first picture of its scene [s]; NaN without Chromium or playwright."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return float("nan")
    if chromium is None:
        return float("nan")
    with sync_playwright() as driver:
        words = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = driver.chromium.launch(executable_path=chromium, args=words)
        tab = browser.new_page(viewport={"width": 1000, "height": 900})
        begun = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector(".scene[data-ready]")
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        spent = time.perf_counter() - begun
        browser.close()
    return spent


def written(folder: Path) -> None:
    """Run the pack into its folder, without pictures and report, if it is not there."""
    if not (folder / "manifest.json").is_file():
        changes = [word for setting in SETTINGS for word in ("--set", setting)]
        thermo("run", str(PACK), "--out", str(folder), "--no-pictures", "--no-report", "-q", *changes)


def frames(folder: Path) -> list[dict[str, Any]]:
    """Bytes of a frame, and the processor times to read and to write it, beside those of meshio's writer (zlib, all digits)."""
    import meshio

    from thermo.heat.discretised import Frame
    from thermo.results import vtu
    from thermo.results.store import Folder
    from viz.read import read_frame, read_frames

    stored = read_frames(folder)
    whole = sum(file.stat().st_size for file in (folder / "fields").iterdir())
    chosen = [frame.file for frame in stored[:: max(1, len(stored) // N_TIMED)]]
    with tempfile.TemporaryDirectory() as place, Folder(Path(place) / "run") as out:
        made, theirs = Path(place) / "run" / "fields" / "frame-0002.vtu", Path(place) / "theirs.vtu"
        taken: dict[str, list[float]] = {name: [] for name in ("read", "write", "their read", "their write")}
        size, their_size = 0, 0

        def timed(name: str, act: Any) -> Any:
            least, found = cpu(act)
            taken[name].append(least)
            return found

        mesh = None
        for file in chosen:
            cells, beside = read_frame(file)
            points = {name: values for name, values in beside.items() if name.startswith("conversion")}
            if mesh is None:
                mesh = Frame(cells.points, cells.cells, cells.kind, cells.material, [str(i) for i in range(int(cells.material.max()) + 1)])
                out.write_frame(1, 0.0, mesh, cells.temperature, None, [], **points)  # the mesh goes to VTK with the first frame
            timed("write", partial(out.write_frame, 2, 1.0, mesh, cells.temperature, None, [0.0], **points))
            arrays = {"temperature_K": cells.temperature, "temperature_degC": beside["temperature_degC"]}
            arrays |= {name: values.astype(float) for name, values in points.items()}
            other = meshio.Mesh(cells.points, [(cells.kind, cells.cells)], arrays, {"material": [cells.material.astype(np.int32)]})
            timed("their write", partial(other.write, theirs, file_format="vtu"))
            timed("read", partial(vtu.read, made))
            timed("their read", partial(vtu.read, theirs))
            size, their_size = size + made.stat().st_size, their_size + theirs.stat().st_size
    print(f"{len(cells.cells)} cells, {len(cells.points)} points, {len(stored)} frames of {1 + len(points)} fields, {whole / 1e6:.0f} MB")
    best, n = {name: min(found) for name, found in taken.items()}, len(chosen)
    return [
        row("frame-bytes", size / n / 1e6, "MB/frame", "meshio's writer", their_size / n / 1e6),
        row("read-frame", best["read"], "s/frame", "meshio's writer", best["their read"]),
        row("write-frame", best["write"], "s/frame", "meshio's writer", best["their write"]),
    ]


def times(name: str, taken: tuple[float, float], allowed: float) -> list[dict[str, Any]]:
    """A time on the clock and one of the processor, which other work on the machine changes less."""
    return [row(name, taken[0], "s", "allowed", allowed), row(f"{name}-processor", taken[1], "s", "allowed", allowed)]


def drawn(folder: Path) -> list[dict[str, Any]]:
    """Times of the commands, each beside the longest one allowed."""
    from viz.read import read_frames

    at = f"{read_frames(folder)[-1].time:g} s"
    imports = spent("-c", IMPORTS)
    with tempfile.TemporaryDirectory() as place:
        picture, page = Path(place) / "field.png", Path(place) / "scene.html"
        one = thermo("picture", str(folder), "--at", at, "--out", str(picture))
        scene = thermo("view", str(folder), "--out", str(page))
        scene_bytes, first = page.stat().st_size, opened(page)
    movie = thermo("movie", str(folder))
    report = thermo("report", str(folder))
    report_bytes = (folder / "report.html").stat().st_size
    return [
        *times("field", one, float("nan")),
        *times("field-after-imports", (one[0] - imports[0], one[1] - imports[1]), PICTURE),
        *times("movie-100", movie, 60.0),
        *times("report", report, 20.0),
        row("report-bytes", report_bytes / 1e6, "MB", "allowed", PAGE / 1e6),
        *times("view", scene, float("nan")),
        row("view-bytes", scene_bytes / 1e6, "MB", "none", float("nan")),
        row("page-opened", first, "s", "allowed", PICTURE),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the result folder here")
    parser.add_argument("--frames", action="store_true", help="measures the field files and draws nothing")
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place) / "pack"
        written(folder)
        show([*frames(folder), *([] if options.frames else drawn(folder))])


if __name__ == "__main__":
    main()
