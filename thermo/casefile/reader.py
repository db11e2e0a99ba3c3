"""Strict YAML 1.2: limits, duplicate keys, the line of every value. Nothing of physics.

A file is read as parser events and composed here, so that size, depth, aliases, tags and duplicate keys are decided
before anything is built. What comes out is plain: dictionaries, lists, text, numbers, true/false and null; `models.py` makes of it
what a case may say.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from thermo.base.errors import CaseError, FileError, Mistake, described, did_you_mean, printable, shortened

Key = tuple[str | int, ...]

LARGEST_FILE = 2_000_000  # bytes: read in two seconds or so
DEEPEST = 24  # levels
MOST_NODES = 50_000  # keys and values
STATUSES = ("literature", "measured", "calibrated", "assumed")

_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BAD_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORE_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"}


class Document(NamedTuple):
    """A file as read: plain data, the line of every key, and the status and source stated in it.

    `mistakes` are those that leave something to read on with, such as a key that stands twice; `make` reports them with
    its own. `settings` are the keys that the command line has replaced.
    """

    path: str
    text: str
    data: Any
    lines: dict[Key, int]
    provenance: dict[Key, dict[str, str]]
    mistakes: tuple[Mistake, ...] = ()
    settings: frozenset[Key] = frozenset()

    def line(self, key: Key) -> int | None:
        """The line of a key, or of the nearest one around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def mistake(self, key: Key, text: str) -> Mistake:
        """A mistake at a key of this file, or of what the command line put there."""
        if any(key[:n] in self.settings for n in range(1, len(key) + 1)):
            return Mistake("--set", None, dotted(key), text)
        return Mistake(self.path, self.line(key), dotted(key), text)


def dotted(key: Iterable[str | int]) -> str:
    """A key as people write it, whole: `sample.layers.0.thickness`."""
    return ".".join(printable(part) for part in key)


def read_bytes(path: Path, most: int = LARGEST_FILE, wanted: str = "a case file") -> bytes:
    """The bytes of a regular file of at most `most`. Raises CaseError for anything else, FileError if unreadable."""
    name = str(path)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise CaseError([Mistake(name, None, "", "there is no such file")]) from None
    except (OSError, ValueError) as error:
        raise CaseError([Mistake(name, None, "", f"cannot be opened: {_reason(error)}")]) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise CaseError([Mistake(name, None, "", f"is {kind}; {wanted} is needed")])
    try:
        with open(path, "rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise FileError(f"{name}: cannot be read: {_reason(error)}") from None
    if len(raw) > most:
        raise CaseError([Mistake(name, None, "", f"is larger than {most} bytes, the most that {wanted} may have")])
    return raw


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def read_document(path: str | Path) -> Document:
    """Read a YAML file strictly. Raises CaseError with the line of what cannot be taken."""
    raw = read_bytes(Path(path))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CaseError([Mistake(str(path), line, "", "is not UTF-8 text")]) from None
    return parse_document(text, str(path))


def parse_document(text: str, path: str) -> Document:
    """Read YAML text strictly; `path` is the name in messages. Raises CaseError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    bad = _BAD_CHARACTER.search(text.removeprefix("\ufeff"))
    if bad:
        line = text.count("\n", 0, bad.start() + 1) + 1
        raise CaseError([Mistake(path, line, "", f"contains {_kind_of_character(bad[0])} U+{ord(bad[0]):04X}")])
    composer = _Composer(path)
    yaml = YAML(typ="safe", pure=True)
    try:
        for event in yaml.parse(text):
            composer.take(event)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        begun = getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else composer.line
        since = f"; the enclosing part begins in line {begun.line + 1}" if begun and begun.line + 1 != line else ""
        composer.mistakes.append(Mistake(path, line, "", f"is not valid YAML: {problem}{since}"))
        raise CaseError(composer.mistakes) from None
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        # what the parser lets through of its own, such as an escape beyond the last character
        composer.mistakes.append(Mistake(path, composer.line, "", "is not valid YAML after this line"))
        raise CaseError(composer.mistakes) from None
    if not isinstance(composer.root, dict):
        text = "is not a case: keys with values are needed, such as 'title: ...'"
        raise CaseError([*composer.mistakes, Mistake(path, composer.root_line, "", text)])
    data, provenance = _strip_provenance(composer.root, composer, path)
    return Document(path, text, data, composer.lines, provenance, tuple(composer.mistakes))


def _kind_of_character(character: str) -> str:
    """What a character is that no YAML file may have."""
    if "\ud800" <= character <= "\udfff":
        return "the unpaired surrogate"
    return "the noncharacter" if character in "\ufffe\uffff" else "the control character"


class _Composer:
    """Builds plain data from parser events and counts as it goes; `line` is the one it has come to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Any = None
        self.line = self.root_line = 1
        self.lines: dict[Key, int] = {(): 1}
        self.mistakes: list[Mistake] = []
        self.n_nodes = 0
        self.n_documents = 0
        self.stack: list[tuple[Any, Key]] = []  # open containers with their keys
        self.pending: list[str | None] = []  # the key a mapping waits to give a value

    def refuse(self, event: Any, text: str) -> None:
        key = self.stack[-1][1] if self.stack else ()
        raise CaseError([Mistake(self.path, event.start_mark.line + 1, dotted(key), text)])

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        self.line = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self.n_documents += 1
            if event.version or event.tags:
                self.refuse(event, "a directive (%YAML, %TAG) is not accepted")
            if self.n_documents > 1:
                self.refuse(event, "a second document begins here; a file holds one case")
        elif kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            self.refuse(event, "anchors and aliases (& and *) are not accepted; write the value out")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop()
            self.pending.pop()
        elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent"):
            self.node(event, kind)

    def node(self, event: Any, kind: str) -> None:
        self.n_nodes += 1
        if self.n_nodes > MOST_NODES:
            self.refuse(event, f"has more than {MOST_NODES} entries; large tables go into a CSV file")
        tag = event.tag if isinstance(event.tag, str) or event.tag is None else str(event.tag)
        if tag is not None and tag != "!" and not (kind == "ScalarEvent" and tag in _CORE_TAGS):
            self.refuse(event, f"the tag {shortened(tag)!r} is not accepted")
        line = event.start_mark.line + 1
        parent, at = self.stack[-1] if self.stack else (None, ())
        if isinstance(parent, dict) and self.pending[-1] is None:
            if kind != "ScalarEvent":
                self.refuse(event, "a key must be a word")
            self.key(event, at, line, parent)
            return
        value: Any = {} if kind == "MappingStartEvent" else []
        if kind == "ScalarEvent":
            value = self.scalar(event, line)
        key: Key = ()
        if isinstance(parent, dict):
            key = (*at, self.pending[-1])  # type: ignore[arg-type]
            parent[self.pending[-1]] = value
            self.pending[-1] = None
        elif isinstance(parent, list):
            key = (*at, len(parent))
            parent.append(value)
            self.lines[key] = line
        else:
            self.root, self.root_line = value, line
        if kind != "ScalarEvent":
            if len(self.stack) >= DEEPEST:
                self.refuse(event, f"is nested deeper than {DEEPEST} levels")
            self.stack.append((value, key))
            self.pending.append(None)

    def key(self, event: Any, at: Key, line: int, parent: dict[str, Any]) -> None:
        name = event.value
        if len(name) > 200:
            self.refuse(event, "a key has at most 200 characters")
        if name == "<<":
            self.refuse(event, "merge keys (<<) are not accepted; write the entries out")
        self.whole_characters(event)
        if name in parent:
            first = self.lines[(*at, name)]
            text = f"appears twice, in lines {first} and {line}"
            self.mistakes.append(Mistake(self.path, line, dotted((*at, name)), text))
        self.lines[(*at, name)] = line
        self.pending[-1] = name

    def scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        self.whole_characters(event)
        if not event.implicit[0]:  # quoted, or tagged as text
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "True", "TRUE"):
            return True
        if text in ("false", "False", "FALSE"):
            return False
        if _NOT_FINITE.fullmatch(text):
            return self.unfit(text, line, "is not a finite number")
        if _FLOAT.fullmatch(text):
            if not math.isfinite(float(text)):
                return self.unfit(text, line, "is too large for a number")
            return int(text) if _INTEGER.fullmatch(text) else float(text)
        return text

    def unfit(self, text: str, line: int, problem: str) -> str:
        """Note a number that is none and leave its text, so that all else is looked at."""
        at = self.stack[-1][1] if self.stack else ()
        if self.pending and self.pending[-1] is not None:
            at = (*at, self.pending[-1])
        self.mistakes.append(Mistake(self.path, line, dotted(at), f"{shortened(text)} {problem}"))
        return text

    def whole_characters(self, event: Any) -> None:
        """Refuse half characters, which an escape can write and nothing can print."""
        if re.search("[\ud800-\udfff]", event.value):
            self.refuse(event, "contains an unpaired surrogate")


_SOURCED = ("value", "status", "source", "uncertainty", "note")
# statements, not numbers: their 'value', 'source' and 'status' are keys of their own
_OWN_SOURCE = {("expect",), ("study", "claims"), ("study", "inputs"), ("study", "correlations")}


def _strip_provenance(root: Any, composer: _Composer, path: str) -> tuple[Any, dict[Key, dict[str, str]]]:
    """Plain values in place of `{value, status, source}`; what was stated, by key.

    Any mapping may say `status` and `source` for all numbers in it that do not state their own. `uncertainty` as text
    belongs to one number: it is taken beside `value` only.
    """
    stated: dict[Key, dict[str, str]] = {}

    def mistake(at: Key, text: str) -> None:
        composer.mistakes.append(Mistake(path, composer.lines.get(at), dotted(at), text))

    def check(node: dict[str, Any], at: Key, sourced: bool) -> None:
        status = node.get("status")
        if "status" in node and not (isinstance(status, str) and status in STATUSES):
            known = did_you_mean(status if isinstance(status, str) else "", STATUSES)
            why = "; what is called 'status' here needs another name" if isinstance(status, dict) and not sourced else ""
            mistake((*at, "status"), f"unknown status {described(status)}" + known + why)
        for name in ("source", "note") if sourced else ("source",):
            words = node[name] if isinstance(node.get(name), list) else [node.get(name)]
            if name in node and not (words and all(isinstance(word, str) and word.strip() for word in words)):
                why = f"; what is called '{name}' here needs another name" if isinstance(node[name], dict) and not sourced else ""
                mistake((*at, name), f"text is needed, found {described(node[name])}{why}")
        if sourced and not isinstance(node.get("uncertainty", ""), str | int | float):
            mistake(
                (*at, "uncertainty"), f"a share such as '5 %' or a number with its unit is needed, found {described(node['uncertainty'])}"
            )

    def strip(node: Any, key: Key, at: Key, around: dict[str, str]) -> Any:
        """`key` is where the plain value goes, `at` where it stands in the file: below `value` they differ."""
        if key != at and at in composer.lines:
            composer.lines[key] = composer.lines[at]
        if key in _OWN_SOURCE or (isinstance(node, dict) and "what" in node):
            return node
        if isinstance(node, list):
            return [strip(item, (*key, i), (*at, i), around) for i, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("value"), dict) and len(node) > 1 and all(isinstance(value, dict) for value in node.values()):
            mistake((*at, "value"), "is reserved for a number with its source; what is called 'value' here needs another name")
            node = {name: value for name, value in node.items() if name != "value"}
        sourced = "value" in node and at != ()
        check(node, at, sourced)
        own = dict(around)
        for name in ("status", "source", "uncertainty") if sourced else ("status", "source"):
            if name in node:
                own[name] = "; ".join(str(part) for part in node[name]) if isinstance(node[name], list) else str(node[name])
        if own != around:
            stated[key] = own
        if sourced:
            for name in node:
                if name not in _SOURCED:
                    mistake((*at, name), "unknown key" + did_you_mean(name, _SOURCED))
            return strip(node["value"], key, (*at, "value"), own)
        return {name: strip(value, (*key, name), (*at, name), own) for name, value in node.items() if name not in ("status", "source")}

    return strip(root, (), (), {}), stated
