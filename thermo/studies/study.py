"""A study: many cases and one question. `compare` puts its members side by side and tests statements about several of them."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from thermo.base.errors import CaseError, Mistake, closest, did_you_mean
from thermo.case.case import Case, case_hash, case_of
from thermo.case.checks import result_problem, results_of
from thermo.casefile.mending import mended
from thermo.casefile.models import Frozen, make, misplaced
from thermo.casefile.reader import Document, Key
from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.settings import change
from thermo.casefile.units import Unit
from thermo.measurement.asked import Expectation, Kind, expectation_problems
from thermo.results.store import plain_name
from thermo.results.words import shown, unit_of
from thermo.simulation.result import look_up, verdict
from thermo.studies.calibrate.reading import files_of, read_calibration
from thermo.studies.calibrate.text import Calibration
from thermo.studies.csv_table import csv_table
from thermo.studies.member import Changed, Member, read_member
from thermo.studies.points import PointStudy, input_mistakes, output_problems
from thermo.studies.posterior import Posterior, posterior_problems
from thermo.studies.sensitivity import Sensitivity
from thermo.studies.sweep import Sweep
from thermo.studies.threshold import Threshold
from thermo.studies.uncertainty import Uncertainty

_NUMBER = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*?)\s*")
_CLAIM = re.compile(r"(?P<left>[^/]+?)\s*/\s*(?P<right>[^/]+?)\s+of\s+(?P<key>\S.*)")


class Claim(Frozen):
    """A statement about two members: `A / B of KEY`, the ratio of their results."""

    what: str
    value: float | None = None
    within: str | None = None
    above: float | None = None
    below: float | None = None
    kind: Kind
    source: str

    @model_validator(mode="after")
    def _readable(self) -> Claim:
        problems: list[tuple[Key, str]] = [] if _CLAIM.fullmatch(self.what) else [(("what",), "give it as 'MEMBER / MEMBER of KEY'")]
        problems += expectation_problems("ratio", self.value, self.within, self.above, self.below)
        if self.value is None and self.above is None and self.below is None:
            problems.append((("value",), "is missing; 'above' and 'below' may stand in its place"))
        if problems:
            raise misplaced(problems)
        return self


class Comparison(Frozen):
    """Members by name and file (or file and what is changed in it), the results for the table, statements about several members,
    remarks in words, the moment of the pictures of fields.

    In a remark `{MEMBER: KEY}` stands for that result, so that the words cannot disagree with the numbers.
    """

    kind: Literal["compare"]
    cases: dict[str, str | Changed]
    table: tuple[str, ...]
    claims: tuple[Claim, ...] = ()
    remarks: tuple[str, ...] = ()
    picture_time: Annotated[float | None, Unit("time", gt=0)] = None


class Batch(Frozen):
    """One lumped case, once for each row of a table: columns of values by dotted key of the case, or the name of a CSV file of them.

    With a `grid` in place of a table every combination of the values of its columns is a row, the last column changing fastest.
    """

    kind: Literal["batch"]
    case: str | Changed
    table: dict[str, tuple[Any, ...]] | str | None = None
    grid: dict[str, tuple[Any, ...]] | None = None

    @model_validator(mode="after")
    def _one(self) -> Batch:
        if (self.table is None) == (self.grid is None):
            raise misplaced([((), "give either 'table' or 'grid'")])
        return self


class StudyText(Frozen):
    """A study file."""

    title: str
    notes: str | None = None
    study: Annotated[Comparison | Batch | Sweep | Threshold | Sensitivity | Uncertainty | Calibration, Field(discriminator="kind")]
    expect: tuple[Expectation, ...] = ()


class Study(NamedTuple):
    """A study with its members read; a batch has one, and its table."""

    document: Document
    text: StudyText
    members: tuple[Member, ...]
    table: dict[str, tuple[str | float, ...]] | None = None


def is_study(document: Document) -> bool:
    """Whether a file is a study and not a case."""
    keys = list(document.data)
    return "study" in keys or (not {"sample", "programme"} & set(keys) and closest("study", keys) is not None)


def _of_left_out(found: Mistake, told: list[Mistake]) -> bool:
    """Whether something is told to be missing or empty because what is written there, below it or in its place has a mistake itself."""
    if not found.text.startswith(("is missing", "is empty")):
        return False
    here = [mistake.key for mistake in told if mistake.file == found.file]
    return any(f"{key}.".startswith(f"{found.key}.") or f"'{key.removeprefix('study.')}'" in found.text for key in here)


def study_of(document: Document) -> Study:
    """The study that a document describes, with every member read. Raises CaseError with every mistake of every file."""
    text, mistakes = make(StudyText, document)
    if text is None:  # the members are read all the same, so that all mistakes come at once
        found = mended(StudyText, document, (), ("study.*",), ())
        mistakes += found.mistakes
        if not found.models:
            raise CaseError(mistakes)
        text, document = found.models[0], found.document
    if not isinstance(text.study, Comparison):
        try:
            study = _single_of(document, text)
        except CaseError as error:
            raise CaseError([*mistakes, *(found for found in error.mistakes if not _of_left_out(found, mistakes))]) from None
        if mistakes:
            raise CaseError(mistakes)
        return study
    if text.expect:
        mistakes.append(document.mistake(("expect",), "is not for a comparison: its members have their own, and 'claims' speak of several"))
    members = []
    for name, entry in text.study.cases.items():
        member, wrong = read_member(document, name, entry, ("study", "cases", name))
        mistakes += wrong
        members += [member] if member else []
    mistakes += [document.mistake(key, problem) for key, problem in _comparison_problems(text.study, {m.name: m.case for m in members})]
    if mistakes:
        raise CaseError(mistakes)
    return Study(document, text, tuple(members))


OURS = (
    "summary.json",
    "table.csv",
    "study.yaml",
    "status.json",
    "manifest.json",
    "report.html",
    "pictures",
    "points",
)  # in a study's folder


def _comparison_problems(study: Comparison, cases: dict[str, Case]) -> list[tuple[Key, str]]:
    """What is wrong with names of members, and with results that the table, claims and remarks name; members that were read are known."""
    problems: list[tuple[Key, str]] = []
    folders: dict[str, str] = {}
    for name in study.cases:
        folder = plain_name(name).lower()
        if folder in folders:
            problems.append(
                (("study", "cases", name), f"has the folder {plain_name(name)!r}, as {folders[folder]!r} has; choose another name")
            )
        elif folder in OURS:
            problems.append(
                (("study", "cases", name), f"has the folder {plain_name(name)!r}, which is the study's own; choose another name")
            )
        folders.setdefault(folder, name)
    results = {name: results_of(case) for name, case in cases.items()}
    complete = len(cases) == len(study.cases)  # else a result may be one of the member that was not read
    for i, what in enumerate(study.table):
        found = [result_problem(known, what, single=False) for known in results.values()]
        if complete and found and all(found):
            problems.append((("study", "table", i), str(found[0])))

    def named(key: Key, member: str, what: str) -> None:
        if member not in study.cases:
            problems.append((key, f"there is no member {member!r}" + did_you_mean(member, study.cases)))
        elif member in results and (problem := result_problem(results[member], what)):
            problems.append((key, f"{member}: {problem}"))

    for i, claim in enumerate(study.claims):
        match = _CLAIM.fullmatch(claim.what)
        if match is None:
            continue
        for side in ("left", "right"):
            named(("study", "claims", i, "what"), match[side], match["key"])
        if dimension_of_key(match["key"]) == "temperature":
            text = "the ratio of two temperatures depends on their unit; claim that of a rise (rise_K), of times or of rates"
            problems.append((("study", "claims", i, "what"), text))
    for i, remark in enumerate(study.remarks):
        for member, what in _placeholders(remark):
            named(("study", "remarks", i), member, what)
    return problems


def _single_of(document: Document, text: StudyText) -> Study:
    """A study of one case. Raises CaseError."""
    kind = text.study
    if isinstance(kind, Calibration):
        members, _, mistakes = read_calibration(document, kind)
        if mistakes:
            raise CaseError(mistakes)
        return Study(document, text, tuple(members))
    assert not isinstance(kind, Comparison)
    return _batch_of(document, text, kind) if isinstance(kind, Batch) else _points_of(document, text, kind)


def _points_of(document: Document, text: StudyText, study: PointStudy) -> Study:
    """A study of points with its case read, and its inputs tried on it. Raises CaseError."""
    member, mistakes = read_member(document, "case", study.case, ("study", "case"))
    mistakes += [document.mistake(("study", *key), problem) for key, problem in study.problems()]
    if member is not None:
        if not mistakes:
            mistakes += input_mistakes(document, member.document, study)
            if isinstance(study, Uncertainty) and isinstance(study.posterior, Posterior):  # one that cannot be read is told already
                found = posterior_problems(study.posterior, member.case, member.document)
                mistakes += [document.mistake(("study", "posterior", *key), problem) for key, problem in found]
        mistakes += [document.mistake(("study", *key), problem) for key, problem in output_problems(study, member.case)]
    if mistakes or member is None:
        raise CaseError(mistakes)
    return Study(document, text, (member,))


MOST_TRIED = 300  # rows that are tried whole before the run; of a longer table each value is, and rows spread over it


def _batch_of(document: Document, text: StudyText, batch: Batch) -> Study:
    """A batch with its table read and its rows tried as cases. Raises CaseError."""
    member, mistakes = read_member(document, "case", batch.case, ("study", "case"))
    word = "table" if batch.grid is None else "grid"
    table, lines = batch.table, [0]
    if isinstance(table, str):
        try:
            table, lines = csv_table(Path(document.path).parent / table)
        except CaseError as error:
            mistakes += error.mistakes
            table = {}
    elif batch.grid is not None:
        rows = itertools.product(*batch.grid.values())
        table = dict(zip(batch.grid, map(tuple, zip(*rows, strict=True)), strict=True)) if all(batch.grid.values()) else {}

    def wrong(name: str, row: int, problem: str) -> Mistake:
        if isinstance(batch.table, str):
            return Mistake(str(Path(document.path).parent / batch.table), lines[row], name, problem)
        place = row if batch.grid is None else batch.grid[name].index((table or {})[name][row])
        return document.mistake(("study", word, name, place), problem)

    if isinstance(batch.table, str) and table and not any(table.values()) and not mistakes:
        mistakes.append(Mistake(str(Path(document.path).parent / batch.table), 1, "", "has a header but no row below it"))
    elif member is not None and table:
        longest = max(map(len, table.values()))
        uneven = [(name, len(column)) for name, column in table.items() if len(column) != longest]
        for name, length in uneven:
            mistakes.append(document.mistake(("study", word, name), f"has {length} values, but another column has {longest}"))
        if member.case.sample.has_field:
            mistakes.append(document.mistake(("study", "case"), "a batch needs a lumped cell"))
        elif member.case.programme.steady:
            why = f"a batch follows tests over time, and a programme '{member.case.programme.kind}' has none; run each case alone"
            mistakes.append(document.mistake(("study", "case"), why))
        elif not uneven:
            mistakes += _rows_tried(member, table, wrong)
    elif not mistakes:
        mistakes.append(document.mistake(("study", word), "is empty"))
    if mistakes or member is None or not isinstance(table, dict):
        raise CaseError(mistakes)
    return Study(document, text, (member,), {name: tuple(map(str, column)) for name, column in table.items()})


def _rows_tried(member: Member, table: dict[str, tuple[Any, ...]], wrong: Callable[[str, int, str], Mistake]) -> list[Mistake]:
    """What is wrong with rows of a table, read as a case file would be; one mistake a value."""
    n = len(next(iter(table.values())))
    tried = set(range(n)) if n <= MOST_TRIED else set(np.linspace(0, n - 1, MOST_TRIED).astype(int).tolist())
    if n > MOST_TRIED:
        for column in table.values():
            tried |= {column.index(value) for value in dict.fromkeys(column)}
            if len(tried) > 10 * MOST_TRIED:
                break
    mistakes: dict[tuple[str, str], Mistake] = {}
    for row in sorted(tried):
        entries = {name: column[row] for name, column in table.items()}
        try:
            case_of(
                change(
                    member.document, [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in entries.items()]
                )
            )
        except CaseError as error:
            for mistake in error.mistakes:
                name = max((key for key in entries if mistake.key == key or mistake.key.startswith(key + ".")), key=len, default=None)
                name = name or next(iter(entries))
                rest = mistake.key.removeprefix(name).strip(".") if mistake.key.startswith(name) else mistake.key
                mistakes.setdefault((name, str(entries[name])), wrong(name, row, f"{rest}: {mistake.text}" if rest else mistake.text))
    return list(mistakes.values())


def numeric_columns(table: dict[str, tuple[str | float, ...]]) -> dict[str, list[str | float]]:
    """The columns as numbers with the unit in the head, `sample.with.pool.heat [J]`; one whose values differ in unit stays text."""
    made: dict[str, list[str | float]] = {}
    for name, column in table.items():
        parts = [_NUMBER.fullmatch(str(value)) for value in column]
        units = {part["unit"] if part else None for part in parts}
        unit = units.pop() if len(units) == 1 else None
        if unit is None:
            made[name] = list(column)
        else:
            made[f"{name} [{unit}]" if unit else name] = [float(part["number"]) for part in parts if part]
    return made


def study_hash(study: Study) -> str:
    """sha256 of the study's own text as read and of all its cases."""
    seal = hashlib.sha256(json.dumps(study.document.data, sort_keys=True).encode())
    seal.update(json.dumps(study.table, sort_keys=True).encode())
    for member in study.members:
        seal.update(case_hash(member.case).encode())
    if isinstance(study.text.study, Calibration):
        seal.update(json.dumps(files_of(study.text.study, Path(study.document.path).parent)).encode())
    if isinstance(study.text.study, Uncertainty) and study.text.study.posterior is not None:
        seal.update(study.text.study.posterior.sha256.encode())
    return seal.hexdigest()


def _placeholders(remark: str) -> list[tuple[str, str]]:
    return [(member.strip(), key.strip()) for member, key in re.findall(r"\{([^{}:]+):([^{}]+)\}", remark)]


def said(remark: str, summaries: dict[str, dict[str, Any]]) -> str:
    """A remark with its results filled in."""

    def fill(match: re.Match[str]) -> str:
        member, key = match.group(1).strip(), match.group(2).strip()
        found = look_up(summaries.get(member, {}), key)
        return shown(key, found) if found is None or isinstance(found, int | float) else str(found)

    return re.sub(r"\{([^{}:]+):([^{}]+)\}", fill, remark)


COLUMNS = ("member", "result", "value", "unit", "wanted", "within", "above", "below", "margin", "holds", "kind", "source")
UNSTATED = {"kind": "computed"}  # what no expectation speaks of is what the run gave, and no more


def leaves(summary: dict[str, Any], key: str) -> list[str]:
    """The results that a key of the table stands for: itself, or the temperatures of a group such as `onsets.T2`."""
    found = look_up(summary, key)
    if not isinstance(found, dict):
        return [key]
    if "temperature_K" in found:
        return [f"{key}.temperature_K"]
    return [leaf for name in found for leaf in leaves(summary, f"{key}.{name}")]


def table(rows: Iterable[str], summaries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a member and result: what came out, what was wanted, of which kind the statement is."""
    made = []
    for member, summary in summaries.items():
        judged = {entry["name"]: entry for entry in summary["expect"]}
        shown_already = set()
        for key in rows:
            if not applies(summary, key):
                continue
            for leaf in leaves(summary, key):
                if leaf.removesuffix(".temperature_K") in shown_already:
                    continue
                shown_already.add(leaf.removesuffix(".temperature_K"))
                stated = judged.get(leaf) or judged.get(leaf.removesuffix(".temperature_K")) or judged.get(key) or {}
                value = look_up(summary, leaf)
                unit = unit_of(leaf) or unit_of(f"{leaf}.temperature_K")
                row = {"member": member, "result": leaf, "value": value, "unit": unit}
                made.append(row | {name: stated.get(name, UNSTATED.get(name)) for name in COLUMNS[len(row) :]})
    return made


def applies(summary: dict[str, Any], key: str) -> bool:
    """Whether a result means anything for a case: a brick has no onsets, a cell without crossings no half-rise."""
    group = key.split(".")[0]
    if group == "onsets":
        return summary["maximum_rate"] is not None
    if group == "dsc":
        return "dsc" in summary
    return group not in ("crossings", "probes") or look_up(summary, key) is not None or key.split(".")[1] in summary[group]


def judged_claims(claims: Iterable[Claim], summaries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each statement about two members beside what came out."""
    made = []
    for claim in claims:
        match = _CLAIM.fullmatch(claim.what)
        assert match is not None
        left, right = (look_up(summaries[match[side]], match["key"]) for side in ("left", "right"))
        value = left / right if left is not None and right else None
        made.append({"name": claim.what, "value": value, "unit": None} | verdict("ratio", claim, value is None, value))
    return made
