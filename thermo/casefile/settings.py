"""Entries of a document replaced by `KEY=VALUE`, as the command line and studies give them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

from thermo.base.errors import CaseError, Mistake, closest, described, did_you_mean, shortened
from thermo.casefile.reader import DEEPEST, Document, Key, dotted, parse_document


def change(document: Document, assignments: Iterable[str]) -> Document:
    """The document with entries replaced by `KEY=VALUE` assignments (dotted key, YAML value). Raises CaseError."""
    data, provenance, settings = copy.deepcopy(document.data), dict(document.provenance), set(document.settings)
    mistakes: list[Mistake] = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            mistakes.append(Mistake("--set", None, "", f"{shortened(assignment)!r} is not KEY=VALUE"))
            continue
        try:
            entry = _value(text)
            key = _set(data, name, entry)
        except CaseError as error:
            mistakes += [Mistake("--set", None, dotted([name]), mistake.text) for mistake in error.mistakes]
            continue
        for known in [k for k in provenance if k[: len(key)] == key]:
            del provenance[known]
        provenance[key] = {"source": "set on the command line"}
        settings.add(key)
    if mistakes:
        raise CaseError(mistakes)
    return document._replace(data=data, provenance=provenance, settings=frozenset(settings))


def _value(text: str) -> Any:
    """A YAML value on its own. Raises CaseError."""
    document = parse_document(f"entry: {text}", "--set")
    if document.mistakes or list(document.data) != ["entry"]:
        raise CaseError([*document.mistakes] or [Mistake("--set", None, "", "give one value")])
    return document.data["entry"]


def _set(data: dict[str, Any], name: str, entry: Any) -> Key:
    """Put an entry at a dotted key and say what was set: that key, or a block around it that the file left out.

    Raises CaseError where there is no such place.
    """

    def refuse(text: str) -> None:
        raise CaseError([Mistake("--set", None, "", text)])

    key = tuple(_split_key(name, data))
    if len(key) > DEEPEST:
        refuse(f"is nested deeper than {DEEPEST} levels")
    node: Any = data
    new: Key = ()
    for n, part in enumerate(key[:-1]):
        if not _holds(node, part):
            if isinstance(node, list) or closest(str(part), _names(node)):
                refuse(f"there is no {shortened(part, 40)!r} that could be set" + did_you_mean(part, _names(node)))
            node[part], new = {}, new or key[: n + 1]
        node = node[part]
        if not isinstance(node, dict | list):
            refuse(f"{dotted(key[: n + 1])!r} is {described(node)} and has no entries to set")
    if isinstance(node, list) and not _holds(node, key[-1]):
        refuse(f"the list has {len(node)} entries, counted from 0")
    node[key[-1]] = entry
    return new or key


def _split_key(name: str, data: Any) -> list[str | int]:
    """The parts of a dotted key; a part that is a number counts in a list. Keys that have dots themselves are kept whole."""
    words = name.split(".")
    parts: list[str | int] = []
    node = data
    while words:
        n = 1
        if isinstance(node, dict):
            whole = [k for k in range(len(words), 0, -1) if ".".join(words[:k]) in node]
            dots = bool(node) and all("." in str(known) for known in node)
            n = whole[0] if whole else len(words) if dots else 1
        elif node is None and parts and parts[-1] == "with":  # what it would change has dots in its name
            n = len(words)
        part: str | int = ".".join(words[:n])
        if isinstance(node, list) and re.fullmatch("[0-9]{1,9}", str(part)):
            part = int(part)
        parts.append(part)
        words = words[n:]
        node = node[part] if _holds(node, part) else None
    return parts


def _holds(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _names(node: Any) -> list[str]:
    return [str(name) for name in (node if isinstance(node, dict) else range(len(node)))]
