"""The members of a study: a case from its file, with what the study changes in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from thermo.base.errors import CaseError, Mistake
from thermo.case.case import Case, case_of
from thermo.casefile.models import Frozen
from thermo.casefile.reader import Document, Key, read_document
from thermo.casefile.settings import change


class Changed(Frozen):
    """A case file with single entries changed, as by --set, and with expectations of its own in place of the file's."""

    file: str
    settings: dict[str, Any] = Field(default={}, alias="set")
    expect: tuple[dict[str, Any], ...] | None = None

    def assignments(self) -> list[str]:
        """The changes as `KEY=VALUE`."""
        return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.settings.items()]


class Member(NamedTuple):
    """One case of a study."""

    name: str
    document: Document
    case: Case


def read_member(document: Document, name: str, entry: str | Changed, key: Key) -> tuple[Member | None, list[Mistake]]:
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
                at, rest = _put_in(changed, key, mistake.key)
                mistakes.append(document.mistake(at, f"{rest}: {mistake.text}" if rest else mistake.text))
            elif mistake.line is None and not mistake.key:  # of the file as a whole
                at = (*key, "file") if isinstance(entry, Changed) else key
                mistakes.append(document.mistake(at, f"{mistake.file}: {mistake.text}"))
            else:
                mistakes.append(mistake)
        return None, mistakes


def _put_in(changed: Changed, key: Key, wrong: str) -> tuple[Key, str]:
    """Where a member's `set` or `expect` has put in what is wrong, and what of the dotted key is left to name."""
    words = wrong.split(".")
    if words[0] == "expect" and changed.expect is not None:
        return (*key, *(int(word) if word.isdigit() else word for word in words)), ""
    name = max((name for name in changed.settings if wrong == name or wrong.startswith(name + ".")), key=len, default=None)
    return ((*key, "set", name), wrong.removeprefix(name).strip(".")) if name else (key, wrong)
