"""`report.html`: what was asked, what came out and how sure it is, on one page that needs no network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
from markupsafe import Markup

from thermo.base.errors import printable
from thermo.results.store import plain_name, read_json
from viz import theme
from viz.read import Run, read_run, read_runs, read_summary
from viz.report import batches, chart, courses, fits, point_studies, words
from viz.report.words import Row, Summary

HERE = Path(__file__).parent
MOST_BYTES, OTHERS = 6_000_000, 1_500_000  # of a page that is mailed; of its parts beside the scene and the movie
DRAWN = {  # pictures of fields and what they show
    "field": "the field",
    "field-neighbours": "the field on the range of the regions beside the hottest ones",
    "plane": "the field of two dimensions",
    "plane-neighbours": "the field on the range of the regions beside the hottest ones",
    "profile": "temperature along the line",
    "fields": "the fields of the members",
    "planes": "the fields of the members of two dimensions",
    "profiles": "temperature along the lines of the members",
}


class Picture(NamedTuple):
    """A picture in the page: its bytes in base64, what it shows."""

    data: str
    alt: str


def report(folder: Path) -> tuple[bytes, list[str]]:
    """The page of a finished run, study or batch, and lines worth telling. The same folder gives the same bytes.

    Raises
    ------
    ValueError where the folder is not a finished result.
    """
    summary = read_summary(folder)
    notes: list[str] = []
    if "batch" in summary:
        content = batches.content(folder, summary)
    elif summary.get("kind") == "calibrate":
        content = fits.content(folder, summary)
    elif "points" in summary:
        content = point_studies.content(folder, summary)
    elif isinstance(summary.get("members"), dict):
        runs, notes = read_runs(folder)
        content = _study(folder, summary, runs)
    else:
        content = _case(folder, summary)
    return page(content | _common(folder, summary)), notes


def page(content: dict[str, Any]) -> bytes:
    """The page as UTF-8; everything that a case or a file may name is escaped."""
    from viz.page.policy import content_policy

    style = (HERE / "report.css").read_text(encoding="utf-8")
    scripts = [(HERE / "chart.js").read_text(encoding="utf-8"), *content.pop("scripts", ())]
    style += content.pop("style", "")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.ChainableUndefined)
    ours = {"style": Markup(style), "scripts": [Markup(script) for script in scripts]}  # noqa: S704 - files of this package
    text = environment.get_template("report.html.j2").render(**content, **ours, policy=content_policy(scripts, [style]))
    return text.encode("utf-8")


def _common(folder: Path, summary: Summary) -> dict[str, Any]:
    """What every page has: where it comes from and how to run it again."""
    status = read_json(folder / "status.json")
    status = status if isinstance(status, dict) else {}
    name = "study.yaml" if (folder / "study.yaml").is_file() else "case.yaml"
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    made_by = _provenance(summary)
    state = status.get("status", "unknown")
    unfinished = "" if state == "complete" else f"This run is {state}; the page shows what there is."
    started = str(status.get("started") or "")[:16].replace("T", " ") + " UTC" if status.get("started") else ""
    return {
        "title": summary["title"], "folder": printable(folder.resolve().name), "file": name, "text": text,
        "seal": str(status.get("case_sha256", "")),
        "version": (made_by.get("versions") or {}).get("thermorun", ""), "started": started, "unfinished": unfinished,
    }  # fmt: skip


def _provenance(summary: Summary) -> Summary:
    """That of the run, or of the first member of a study."""
    found = summary.get("provenance")
    members = summary.get("members")
    if not found and isinstance(members, dict) and members:
        found = next(iter(members.values())).get("provenance")
    return found or {}


def _case(folder: Path, summary: Summary) -> dict[str, Any]:
    run = read_run(folder)
    scene = _scene(run)
    pictures = [] if scene else _pictures(folder)
    return {
        "verdict": words.verdict(summary),
        "cards": words.cards(summary, bool(np.any(run.phase != ""))),
        "warnings": summary["warnings"],
        "onsets": words.onset_rows(summary),
        "arrivals": _arrivals(summary),
        "expect": words.expectation_rows(summary["expect"]),
        "charts": _charts([run]),
        "pictures": pictures,
        "energy": words.energy_rows(summary),
        "balance": _balance(summary),
        "inputs": words.input_rows(summary),
        "provenance": provenance_rows(summary),
        "movie": _base64(folder / "movie.mp4"),
    } | scene


def _scene(run: Run) -> dict[str, Any]:
    """The body in three dimensions, with its style and scripts; nothing where there is no field to be shown.

    Raises ValueError where a frame is missing or damaged.
    """
    from viz.page.scene import scene_part

    part = scene_part(run, limit=_limit(run.summary), most_bytes=MOST_BYTES - OTHERS)
    if part is None:
        return {}
    element = Markup(part.markup) + Markup(part.data_element)  # noqa: S704 - escaped where it is made
    return {"scene": element, "style": part.style, "scripts": [part.script]}


def _limit(summary: Summary) -> float | None:
    """The temperature of the isoline: the first limit that a temperature must keep below [K]."""
    limits = [entry["below"] for entry in summary["expect"] if entry.get("below") is not None and entry["unit"] == "K"]
    return float(limits[0]) if limits else None


def _charts(runs: Sequence[Run]) -> list[Markup]:
    return [chart.figure(drawn, i) for i, drawn in enumerate(courses.charts(runs), 1)]


def _pictures(folder: Path) -> list[Picture]:
    """The pictures of fields that the folder has."""
    found = []
    for name, words_of_it in DRAWN.items():
        data = _base64(folder / "pictures" / f"{name}.png")
        if data:
            found.append(Picture(data, words_of_it))
    return found


def _base64(file: Path) -> str:
    """A file as base64, empty where there is none or where it is too large for a page."""
    try:
        data = file.read_bytes()
    except OSError:
        return ""
    return base64.b64encode(data).decode() if len(data) < OTHERS / 2 else ""


def _arrivals(summary: Summary) -> list[Row]:
    """When runaway came to each cell."""

    def moment(seconds: float | None) -> str:
        return "–" if seconds is None else theme.time_text(seconds, 4)

    rows = []
    for name, cell in (summary.get("arrivals") or {}).items():
        never = f"never, {cell['short_by_K']:.3g} K short" if cell["time_s"] is None else moment(cell["time_s"])
        converted = "–" if cell["converted"] is None else f"{100.0 * cell['converted']:.0f} %"
        half = moment(cell["half_conversion_s"])
        rows.append(Row((name, never, moment(cell["delay_s"]), half, theme.degrees(cell["maximum_K"]), converted)))
    return rows


def _balance(summary: Summary) -> str:
    return f"The balance of energy is open by {summary['energy']['residual_relative']:.1e} of the heat exchanged or moved."


def provenance_rows(summary: Summary) -> list[Row]:
    """Fingerprint, versions, machine, cost and mesh check of a run."""
    made, cost = summary.get("provenance") or {}, summary.get("cost") or {}
    machine = made.get("machine") or {}
    rows = [("case, sha256", str(made.get("case_sha256", "")))]
    rows.append(("versions", ", ".join(f"{name} {number}" for name, number in (made.get("versions") or {}).items())))
    if machine:
        rows.append(("machine", f"{machine.get('cores')} cores, {machine.get('memory_GB')} GB"))
    if cost:
        each = [f"{theme.time_text(cost['wall_s'])} on the clock", f"{cost['steps']} steps, {cost['rejected_steps']} refused"]
        each.append(f"{cost['n_dofs']} unknown{'s' if cost['n_dofs'] > 1 else ''}")
        if cost.get("peak_memory_MB"):
            each.append(f"{cost['peak_memory_MB']:.0f} MB")
        rows.append(("cost", ", ".join(each)))
    rows.append(("mesh", _mesh_words(summary, cost.get("n_dofs", 1))))
    return [Row(row) for row in rows]


def _mesh_words(summary: Summary, n_dofs: int) -> str:
    check = summary.get("mesh_check")
    if check is None:
        return (
            "a cell of one temperature has none"
            if n_dofs == 1
            else "its error is not known: the case asks for no check (numerics.check_mesh)"
        )
    changes = [entry["relative_difference"] for entry in check["crossings"].values() if entry["relative_difference"] is not None]
    changes += [entry["relative"] for entry in check["results"].values()]
    worst = f"; results change by at most {max(map(abs, changes)):.2%}" if changes else ""
    return f"refined once, from {check['n_dofs']} to {check['refined_n_dofs']} unknowns{worst}"


def _study(folder: Path, summary: Summary, runs: Sequence[Run]) -> dict[str, Any]:
    members = summary["members"]
    links = [(name, f"{plain_name(name)}/report.html" if (folder / plain_name(name)).is_dir() else "") for name in members]
    warnings = [warning | {"member": name} for name, member in members.items() for warning in member["warnings"]]
    stated = [row for row in summary["table"] if row["source"]]
    unstated = words.expectation_rows([row for row in summary["table"] if not row["source"]], member=True)
    return {
        "verdict": words.kept([*summary["table"], *summary["claims"]]),
        "warnings": warnings,
        "remarks": summary["remarks"],
        "expect": words.expectation_rows([*stated, *summary["claims"]], member=True),
        "unstated": [Row(row.cells[:3]) for row in unstated],
        "members": links,
        "member_rows": [Row((name, " ".join(words.verdict(member)))) for name, member in members.items()],
        "charts": _charts(runs),
        "pictures": _pictures(folder),
        "provenance": _study_provenance(summary),
    }


def _study_provenance(summary: Summary) -> list[Row]:
    made = _provenance(summary)
    rows = [("versions", ", ".join(f"{name} {number}" for name, number in (made.get("versions") or {}).items()))]
    times = [member["cost"]["wall_s"] for member in summary["members"].values() if member.get("cost")]
    if times:
        rows.append(("cost", f"{theme.time_text(sum(times))} on the clock for {len(times)} runs"))
    return [Row(row) for row in rows]
