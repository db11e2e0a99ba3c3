"""A study: many cases and one question. `compare` puts its members side by side and tests statements about several of them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from thermo.case import Case, case_hash, case_of
from thermo.errors import CaseError, Mistake, shortened
from thermo.measure import Kind, expectation_problems, tolerance
from thermo.reader import Document, Frozen, Key, change, did_you_mean, make, misplaced, read_document
from thermo.result import look_up, shown, unit_of
from thermo.units import Unit

_NUMBER = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*?)\s*")
_CLAIM = re.compile(r"(?P<left>[^/]+?)\s*/\s*(?P<right>[^/]+?)\s+of\s+(?P<key>\S.*)")


class Claim(Frozen):
    """A statement about two members: `A / B of KEY`, the ratio of their results."""

    what: str
    value: float
    within: str
    kind: Kind
    source: str

    @model_validator(mode="after")
    def _readable(self) -> Claim:
        problems: list[tuple[Key, str]] = [] if _CLAIM.fullmatch(self.what) else [(("what",), "'MEMBER / MEMBER of KEY' is wanted")]
        problems += expectation_problems("ratio", self.value, self.within)
        if problems:
            raise misplaced(problems)
        return self


class Changed(Frozen):
    """A case file with single entries changed, as by --set, and with expectations of its own in place of the file's."""

    file: str
    settings: dict[str, Any] = Field(default={}, alias="set")
    expect: tuple[dict[str, Any], ...] | None = None

    def assignments(self) -> list[str]:
        """The changes as `KEY=VALUE`."""
        return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.settings.items()]


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
    """One lumped case, once for each row of a table: columns of values by dotted key of the case, or the name of a CSV file of them."""

    kind: Literal["batch"]
    case: str | Changed
    table: dict[str, tuple[str | float, ...]] | str


class StudyText(Frozen):
    """A study file."""

    title: str
    notes: str | None = None
    study: Annotated[Comparison | Batch, Field(discriminator="kind")]


class Member(NamedTuple):
    """One case of a study."""

    name: str
    document: Document
    case: Case


class Study(NamedTuple):
    """A study with its members read; a batch has one, and its table."""

    document: Document
    text: StudyText
    members: tuple[Member, ...]
    table: dict[str, tuple[str | float, ...]] | None = None


def is_study(document: Document) -> bool:
    """Whether a file is a study and not a case."""
    return "study" in document.data


def study_of(document: Document) -> Study:
    """The study that a document describes, with every member read. Raises CaseError with every mistake of every file."""
    text, mistakes = make(StudyText, document)
    if text is None:
        raise CaseError(mistakes)
    if isinstance(text.study, Batch):
        return _batch_of(document, text, text.study)
    members = []
    for name, entry in text.study.cases.items():
        found, wrong = _member(document, name, entry, ("study", "cases", name))
        mistakes += wrong
        members += [found] if found else []
    names = list(text.study.cases)
    for i, claim in enumerate(text.study.claims):
        match = _CLAIM.fullmatch(claim.what)
        for member_name in (match["left"], match["right"]) if match else ():
            if member_name not in names:
                text_ = f"there is no member {member_name!r}" + did_you_mean(member_name, names)
                mistakes.append(document.mistake(("study", "claims", i, "what"), text_))
    for i, remark in enumerate(text.study.remarks):
        for member_name, _ in _placeholders(remark):
            if member_name not in names:
                text_ = f"there is no member {member_name!r}" + did_you_mean(member_name, names)
                mistakes.append(document.mistake(("study", "remarks", i), text_))
    if mistakes:
        raise CaseError(mistakes)
    return Study(document, text, tuple(members))


def _member(document: Document, name: str, entry: str | Changed, key: Key) -> tuple[Member | None, list[Mistake]]:
    """A member read, or what is wrong with it; what this file has put in, and a file that it has not got, is wrong here, not there."""
    changed = entry if isinstance(entry, Changed) else Changed(file=entry)
    try:
        member = change(read_document(Path(document.path).parent / changed.file), changed.assignments())
        if changed.expect is not None:
            member.data["expect"] = list(changed.expect)
            member = member._replace(settings=member.settings | {("expect",)})
        return Member(name, member, case_of(member)), []
    except CaseError as error:
        mistakes = []
        for mistake in error.mistakes:
            if mistake.file == "--set":
                mistakes.append(document.mistake(key, f"{mistake.key}: {mistake.text}"))
            elif mistake.line is None and not mistake.key:  # of the file as a whole
                at = (*key, "file") if isinstance(entry, Changed) else key
                mistakes.append(document.mistake(at, f"{mistake.file}: {mistake.text}"))
            else:
                mistakes.append(mistake)
        return None, mistakes


def _batch_of(document: Document, text: StudyText, batch: Batch) -> Study:
    """A batch with its table read and every value of it tried. Raises CaseError."""
    from thermo.batch import changed_cases

    member, mistakes = _member(document, "case", batch.case, ("study", "case"))
    table = batch.table
    if isinstance(table, str):
        try:
            table = _csv_table(Path(document.path).parent / table)
        except (OSError, ValueError, UnicodeDecodeError) as error:
            mistakes.append(document.mistake(("study", "table"), f"{shortened(batch.table)}: {error}"))
            table = {}
    if member is not None and table:
        lengths = {name: len(column) for name, column in table.items()}
        for name, column in table.items():
            if len(column) != max(lengths.values()):
                text_ = f"has {len(column)} values, and another column {max(lengths.values())}"
                mistakes.append(document.mistake(("study", "table", name), text_))
            for i, value in enumerate(column):
                try:
                    changed_cases(member.case, {name: [value]})
                except ValueError as error:
                    mistakes.append(document.mistake(("study", "table", name, i), str(error)))
                    break
    elif not mistakes:
        mistakes.append(document.mistake(("study", "table"), "is empty"))
    if mistakes or member is None or isinstance(table, str):
        raise CaseError(mistakes)
    return Study(document, text, (member,), table)


def _csv_table(path: Path) -> dict[str, tuple[str | float, ...]]:
    """Columns of a CSV file by the words of its first line. Raises ValueError where a line has another number of cells."""
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    for i, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise ValueError(f"line {i} has {len(row)} cells, and the first has {len(rows[0])}")
    return {name.strip(): tuple(row[j].strip() for row in rows[1:]) for j, name in enumerate(rows[0])} if rows else {}


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


COLUMNS = ("member", "result", "value", "unit", "wanted", "within", "holds", "kind", "source")


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
                made.append(
                    {
                        "member": member,
                        "result": leaf,
                        "value": value,
                        "unit": unit_of(leaf) or unit_of(f"{leaf}.temperature_K"),
                        "wanted": stated.get("wanted"),
                        "within": stated.get("within"),
                        "holds": stated.get("holds"),
                        "kind": stated.get("kind"),
                        "source": stated.get("source"),
                    }
                )
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
        holds = value is not None and abs(value - claim.value) <= tolerance("ratio", claim.value, claim.within)
        made.append(
            {
                "name": claim.what,
                "value": value,
                "unit": None,
                "wanted": claim.value,
                "within": claim.within,
                "holds": holds,
                "kind": claim.kind,
                "source": claim.source,
            }
        )
    return made


def row_text(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """A row for the screen: result, value, wanted, kind, whether it holds."""
    what = row["result"] if "result" in row else row["name"]
    key = what if row["unit"] else "ratio"
    key = f"{what}.temperature_K" if row["unit"] == "K" and unit_of(what) is None else key
    aim = row["wanted"]
    text = "-" if aim is None else "none" if aim == "none" else shown(key, aim) + (f" +- {row['within']}" if row["within"] else "")
    holds = {True: "yes", False: "NO", None: "-"}[row["holds"]]
    return what, shown(key, row["value"]), text, row["kind"] or "-", holds
