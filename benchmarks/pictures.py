"""The wait for what is drawn of a large body: a pack of twelve cells, about 96 000 hexahedra and a hundred stored frames.

A short real run writes the folder (some minutes; `--folder DIR` keeps it, and uses it when it is there). Then each command that draws is
timed as a user calls it, its start included, beside the time that it may take. `field` also stands without the start and the imports.
"""

from __future__ import annotations

from common import row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PACK = Path(__file__).parent.parent / "cases" / "propagation" / "potted-row.yaml"
END, N_FRAMES = 90.0, 100  # s: the first cell has run away at 73 s
SETTINGS = [
    "sample.columns=4", "sample.rows=3", "sample.mesh={across: 16, along: 19}",
    "numerics.tolerance=1e-2", f"programme.end={END} s", "expect=[]",
    f"measure.pictures.times=[{', '.join(f'{t:g} s' for t in np.linspace(END / N_FRAMES, END, N_FRAMES))}]",
]  # fmt: skip
IMPORTS = "import pyvista, vtk, matplotlib.figure, viz.render, viz.pictures"
PAGE, PICTURE = 2e6, 3.0  # bytes, s


def thermo(*words: str) -> float:
    """The time that a command takes [s]. Raises CalledProcessError where it fails."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "thermo", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


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
    """Bytes of the stored fields, and the times to read all of them and to write one again."""
    from thermo.results.store import Folder
    from viz.read import read_frame, read_frames

    stored = read_frames(folder)
    size = sum(file.stat().st_size for file in (folder / "fields").iterdir())
    begun = time.perf_counter()
    for frame in stored:
        cells, beside = read_frame(frame.file)
    reading = time.perf_counter() - begun
    points = {name: values for name, values in beside.items() if name.startswith("conversion")}
    whole = 8.0 * len(stored) * len(cells.points) * (1 + len(points))
    print(f"{len(cells.cells)} cells, {len(cells.points)} points, {len(stored)} frames of {1 + len(points)} fields")
    with tempfile.TemporaryDirectory() as place, Folder(Path(place) / "run") as out:
        from thermo.heat.discretised import Frame

        mesh = Frame(cells.points, cells.cells, cells.kind, cells.material, [str(i) for i in range(int(cells.material.max()) + 1)])
        times: list[float] = []
        for number in range(1, 6):  # the first one packs the mesh
            begun = time.perf_counter()
            out.write_frame(number, float(number), mesh, cells.temperature, None, [float(i) for i in range(1, number)], **points)
            times.append(time.perf_counter() - begun)
        writing = min(times)
    return [
        row("fields-bytes", size / 1e6, "MB", "the values of its fields alone, not packed", whole / 1e6),
        row("read-frame", reading / len(stored), "s/frame", "none", float("nan")),
        row("write-frame", writing, "s/frame", "none", float("nan")),
    ]


def drawn(folder: Path) -> list[dict[str, Any]]:
    """Times of the commands, each beside the longest one allowed."""
    from viz.read import read_frames

    at = f"{read_frames(folder)[-1].time:g} s"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    imports = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as place:
        picture, page = Path(place) / "field.png", Path(place) / "scene.html"
        one = thermo("picture", str(folder), "--at", at, "--out", str(picture))
        scene = thermo("view", str(folder), "--out", str(page))
        scene_bytes, first = page.stat().st_size, opened(page)
    movie = thermo("movie", str(folder))
    report = thermo("report", str(folder))
    report_bytes = (folder / "report.html").stat().st_size
    return [
        row("field", one, "s", "none", float("nan")),
        row("field-after-imports", one - imports, "s", "allowed", PICTURE),
        row("movie-100", movie, "s", "allowed", 60.0),
        row("report", report, "s", "allowed", 20.0),
        row("report-bytes", report_bytes / 1e6, "MB", "allowed", PAGE / 1e6),
        row("view", scene, "s", "none", float("nan")),
        row("view-bytes", scene_bytes / 1e6, "MB", "none", float("nan")),
        row("page-opened", first, "s", "allowed", PICTURE),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the result folder here")
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place) / "pack"
        written(folder)
        show([*frames(folder), *drawn(folder)])


if __name__ == "__main__":
    main()
