"""Make the tutorials from real runs: `python docs/tutorials.py` runs their cases and renews the tables and pictures of their pages.

`python docs/tutorials.py --site OUT` also writes the scenes of the runs for a site that was built into OUT.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from thermo.results.store import read_json
from thermo.results.words import row_text, shown
from viz.page.scene import scene_page
from viz.pictures import pictures
from viz.read import read_run

DOCS = Path(__file__).parent
ROOT = DOCS.parent
BEGIN, END = "<!-- made by docs/tutorials.py -->\n", "<!-- end -->"


class Tutorial(NamedTuple):
    """A page: its case, the pictures that it shows, the member of a study whose scene it has."""

    name: str
    case: str
    shown: tuple[str, ...]
    member: str = ""
    pictured: str = ""


TUTORIALS = (
    Tutorial("paper", "paper/replay", ("curves", "temperature"), member="PI-Ag-brick", pictured="PI-Ag-brick"),
    Tutorial("oven", "oven/rod-18650", ("curves", "release")),
    Tutorial("propagation", "propagation/potted-row", ("curves", "arrivals")),
)


def run(tutorial: Tutorial, folder: Path) -> None:
    """Run the case of a tutorial into a folder. Raises CalledProcessError where it fails."""
    words = ["run", str(ROOT / "cases" / f"{tutorial.case}.yaml"), "--out", str(folder), "--no-pictures", "--no-report", "--quiet"]
    subprocess.run([sys.executable, "-m", "thermo", *words], cwd=ROOT, check=True, capture_output=True)


def table(folder: Path) -> str:
    """What the case states of its results and what came out; of a case that states nothing its crossings and largest temperatures."""
    summary: dict[str, Any] = read_json(folder / "summary.json")
    if "table" not in summary and not summary.get("expect"):
        return _found(summary)
    rows = [row for row in (*summary.get("table", ()), *summary.get("claims", ())) if row["source"]] or summary.get("expect", ())
    several = "table" in summary
    lines = ["| " + ("of | " if several else "") + "result | found | wanted | kind | holds |", "|---" * (6 if several else 5) + "|"]
    for row in rows:
        cells = [str(row.get("member") or "")] * several + [f"`{cell}`" if i == 0 else cell for i, cell in enumerate(row_text(row))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _found(summary: dict[str, Any]) -> str:
    """Crossings and largest temperatures."""
    lines = ["| result | found |", "|---|---|"]
    for name, entry in summary["crossings"].items():
        lines.append(f"| crossing `{name}` | {shown('time_s', entry and entry['time_s'])} |")
    for name, entry in summary["probes"].items():
        lines.append(f"| largest temperature of `{name}` | {shown('maximum_K', entry['maximum_K'])} |")
    return "\n".join(lines) + "\n"


def page(text: str, made: str) -> str:
    """A page with its table renewed. Raises ValueError where it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the table")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def renew(tutorial: Tutorial, folder: Path) -> None:
    """Write table and pictures of a tutorial into the sources of the site."""
    file = DOCS / "tutorials" / f"{tutorial.name}.md"
    file.write_text(page(file.read_text("utf-8"), table(folder)), encoding="utf-8")
    made, _ = pictures(folder)
    if tutorial.pictured:
        made |= {"curves": pictures(folder / tutorial.pictured)[0]["curves"]}
    for name in tutorial.shown:
        (DOCS / "pictures" / f"tutorial-{tutorial.name}-{name}.png").write_bytes(made[name])


def write_scene(tutorial: Tutorial, folder: Path, site: Path) -> None:
    """Write the scene of a tutorial into a site."""
    (site / "scenes").mkdir(parents=True, exist_ok=True)
    (site / "scenes" / f"{tutorial.name}.html").write_bytes(scene_page(read_run(folder / tutorial.member if tutorial.member else folder)))


def main() -> None:
    """Renew the pages, or write the scenes of a site."""
    parser = argparse.ArgumentParser(description="Make the tutorials from real runs.")
    parser.add_argument("--site", type=Path, metavar="OUT", help="write the scenes into this site and leave the pages as they are")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for tutorial in TUTORIALS:
            folder = Path(place) / tutorial.name
            run(tutorial, folder)
            if given.site is None:
                renew(tutorial, folder)
            else:
                write_scene(tutorial, folder, given.site)


if __name__ == "__main__":
    main()
