"""Whether a result folder is whole, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thermo.results.store import damage, member_folders, read_json, sealed_files


def faults(folder: Path) -> list[str]:
    """What is missing, changed or unfinished in a folder."""
    return [f"{folder}: {problem}" for problem in damage(folder)]


def open_balances(folder: Path) -> list[str]:
    """The energy balances of a run, or of the members of a study, that leave more open than they may."""
    return [
        f"{folder}: {name}: {warning['text']}"
        for name, member in _members(folder).items()
        for warning in member.get("warnings", [])
        if warning["code"] == "energy"
    ]


def whole(folder: Path) -> str:
    """What a folder without faults has."""
    n_files = sum(len(sealed_files(read_json(path / "manifest.json"))) for path in (folder, *member_folders(folder).values()))
    open_by = [one["energy"]["residual_relative"] for one in _members(folder).values() if "energy" in one]  # a batch keeps no balance
    balance = f", energy balance error at most {max(open_by):.1e} of the heat exchanged or moved" if open_by else ""
    return f"{folder}: complete, {n_files} files unchanged{balance}"


def _members(folder: Path) -> dict[str, dict[str, Any]]:
    summary = read_json(folder / "summary.json")
    return summary.get("members") or {folder.name: summary}  # type: ignore[no-any-return]
