"""Strict YAML 1.2: limits, duplicate keys, the line of every value. Nothing of physics.

A file is read as parser events and composed here, so that size, depth, aliases, tags and duplicate keys are decided
before anything is built. What comes out is plain: dictionaries, lists, text, numbers, true/false and null.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from thermo.errors import CaseError, FileError, Mistake, shortened
from thermo.units import Quantity

Key = tuple[str | int, ...]

LARGEST_FILE = 5_000_000  # bytes
DEEPEST = 24  # levels
MOST_NODES = 200_000
STATUSES = ("literature", "measured", "calibrated", "assumed")

_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CORE_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"}


class Document(NamedTuple):
    """A file as read: plain data, the line of every key, and the status and source stated in it."""

    path: str
    text: str
    data: Any
    lines: dict[Key, int]
    provenance: dict[Key, dict[str, str]]

    def line(self, key: Key) -> int | None:
        """The line of a key, or of the nearest one around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def mistake(self, key: Key, text: str) -> Mistake:
        """A mistake at a key of this file."""
        return Mistake(self.path, self.line(key), dotted(key), text)


def dotted(key: Iterable[str | int]) -> str:
    """A key as people write it: `sample.layers.0.thickness`."""
    return ".".join(shortened(part, 40) for part in key)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is close, else the known names."""
    names = [str(k) for k in known]
    close = difflib.get_close_matches(str(name).lower().replace("_", "-"), [n.lower().replace("_", "-") for n in names], 1, 0.6)
    if close:
        match = next(n for n in names if n.lower().replace("_", "-") == close[0])
        return f"; did you mean {match!r}?"
    if not names:
        return "; there is none"
    return "; it may be " + ", ".join(repr(shortened(n, 40)) for n in names[:8]) + (", ..." if len(names) > 8 else "")


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of at most `LARGEST_FILE`. Raises CaseError for anything else, FileError if unreadable."""
    name = str(path)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise CaseError([Mistake(name, None, "", "there is no such file")]) from None
    except (OSError, ValueError) as error:
        raise CaseError([Mistake(name, None, "", f"cannot be opened: {_reason(error)}")]) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise CaseError([Mistake(name, None, "", f"is {kind}; a case file is wanted")])
    if found.st_size > LARGEST_FILE:
        raise CaseError([Mistake(name, None, "", f"has {found.st_size} bytes; a case file has at most {LARGEST_FILE}")])
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"{name}: cannot be read: {_reason(error)}") from None


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

    composer = _Composer(path)
    yaml = YAML(typ="safe", pure=True)
    try:
        for event in yaml.parse(text):
            composer.take(event)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        composer.mistakes.append(Mistake(path, mark.line + 1 if mark else None, "", f"is not valid YAML: {problem}"))
    except RecursionError:
        composer.mistakes.append(Mistake(path, None, "", f"is nested deeper than {DEEPEST} levels"))
    if composer.mistakes:
        raise CaseError(composer.mistakes)
    if not isinstance(composer.root, dict):
        raise CaseError([Mistake(path, None, "", "is not a case: keys with values are wanted, such as 'title: ...'")])
    data, provenance = _strip_provenance(composer.root, composer, path)
    if composer.mistakes:
        raise CaseError(composer.mistakes)
    return Document(path, text, data, composer.lines, provenance)


class _Stop(Exception):
    """The file is refused as a whole."""


class _Composer:
    """Builds plain data from parser events and counts as it goes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Any = None
        self.lines: dict[Key, int] = {}
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
        if kind == "DocumentStartEvent":
            self.n_documents += 1
            if self.n_documents > 1:
                self.refuse(event, "a second document begins here; one case a file")
        elif kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            self.refuse(event, "anchors and aliases (& and *) are not taken; write the value out")
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
            self.refuse(event, f"the tag {shortened(tag)!r} is not taken")
        line = event.start_mark.line + 1
        parent, at = self.stack[-1] if self.stack else (None, ())
        if isinstance(parent, dict) and self.pending[-1] is None:
            if kind != "ScalarEvent":
                self.refuse(event, "a key must be a word")
            self.key(event, at, line, parent)
            return
        if kind == "ScalarEvent":
            value = self.scalar(event, line)
        else:
            value = {} if kind == "MappingStartEvent" else []
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
            self.root = value
        if kind != "ScalarEvent":
            if len(self.stack) >= DEEPEST:
                self.refuse(event, f"is nested deeper than {DEEPEST} levels")
            self.stack.append((value, key))
            self.pending.append(None)

    def key(self, event: Any, at: Key, line: int, parent: dict[str, Any]) -> None:
        name = event.value
        if len(name) > 200:
            self.refuse(event, "a key has at most 200 characters")
        if name in parent:
            first = self.lines[(*at, name)]
            text = f"stands twice, in lines {first} and {line}"
            self.mistakes.append(Mistake(self.path, line, dotted((*at, name)), text))
        self.lines[(*at, name)] = line
        self.pending[-1] = name

    def scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or tagged as text
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "True", "TRUE"):
            return True
        if text in ("false", "False", "FALSE"):
            return False
        if _INTEGER.fullmatch(text):
            return int(text)
        if _NOT_FINITE.fullmatch(text):
            self.refuse(event, f"{text} is not a finite number")
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                self.refuse(event, f"{shortened(text)} is too large for a number")
            return number
        return text


_SOURCED = {"value", "status", "source", "uncertainty", "note"}
_OWN_SOURCE = ("expect", "claims")  # lists whose entries have a source of their own


def _strip_provenance(root: Any, composer: _Composer, path: str) -> tuple[Any, dict[Key, dict[str, str]]]:
    """Plain values in place of `{value, status, source}`; what was stated, by key.

    Any mapping may say `status` and `source` for all numbers in it that do not state their own.
    """
    stated: dict[Key, dict[str, str]] = {}

    def strip(node: Any, key: Key, around: dict[str, str]) -> Any:
        if key and key[-1] in _OWN_SOURCE:
            return node
        if isinstance(node, list):
            return [strip(item, (*key, i), around) for i, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        own = dict(around)
        for name in ("status", "source", "uncertainty"):
            if name in node and not isinstance(node[name], dict):
                text = node[name]
                if isinstance(text, list):
                    text = "; ".join(str(part) for part in text)
                own[name] = str(text)
        if "status" in node and node["status"] not in STATUSES:
            text = f"unknown status {shortened(node['status'])!r}" + did_you_mean(str(node["status"]), STATUSES)
            composer.mistakes.append(Mistake(path, composer.lines.get((*key, "status")), dotted((*key, "status")), text))
        if own != around:
            stated[key] = own
        if "value" in node and set(node) <= _SOURCED:
            return strip(node["value"], (*key, "value"), own)
        return {
            name: strip(value, (*key, name), own)
            for name, value in node.items()
            if name not in ("status", "source") and not (name == "uncertainty" and not isinstance(value, dict))
        }

    return strip(root, (), {}), stated


class Frozen(BaseModel):
    """What a case file may say at one place: every key known, checked when made, unchanged after."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context and isinstance(data, dict):
            info.context["keys"][id(data)] = sorted(cls.model_fields)
        elif not isinstance(data, dict | cls) and info.context:
            raise PydanticCustomError("block", "{text}", {"text": f"a block of keys is wanted, found {shortened(data)!r}"})
        return data


def misplaced(problems: list[tuple[Key, str]]) -> PydanticCustomError:
    """An error of a model's own validator that names the keys below the model it speaks of."""
    return PydanticCustomError("at", "{text}", {"text": problems[0][1], "problems": problems})


class Reading(NamedTuple):
    """A model made from a document, or the mistakes that prevented it."""

    model: Any
    mistakes: list[Mistake]


def make(model: Any, document: Document, data: Any = None, at: Key = ()) -> Reading:
    """Make `model` (a pydantic class or TypeAdapter) from the document's data at a key; never raises for bad input."""
    from pydantic import TypeAdapter

    context: dict[str, Any] = {"from_file": True, "keys": {}}
    root = document.data if data is None else data
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        made = adapter.validate_python(root, context=context)
    except ValidationError as error:
        mistakes: list[Mistake] = []
        for problem in error.errors(include_url=False, include_input=True):
            mistakes += _translate(problem, root, document, at, context["keys"])
        return Reading(None, mistakes)
    _attach(made, at, document.provenance)
    return Reading(made, [])


def _translate(problem: Any, root: Any, document: Document, at: Key, keys: Mapping[int, list[str]]) -> list[Mistake]:
    """One pydantic error as mistakes with key and line; tags of unions in its place are left out."""
    key: Key = ()
    node, parent = root, root
    kind, context = problem["type"], problem.get("ctx", {})
    for i, part in enumerate(problem["loc"]):
        last = i == len(problem["loc"]) - 1
        inside = (isinstance(node, dict) and part in node) or (isinstance(node, list) and isinstance(part, int) and part < len(node))
        if inside:
            parent, node, key = node, node[part], (*key, part)  # type: ignore[index]
        elif last and kind == "missing":
            parent, key = node, (*key, part)
    full = (*at, *key)
    if kind == "at":
        return [document.mistake((*full, *more), text) for more, text in context["problems"]]
    if kind == "extra_forbidden":
        text = "unknown key" + did_you_mean(str(key[-1]), keys.get(id(parent), []))
    elif kind == "missing":
        text = "is missing"
    elif kind in ("union_tag_invalid", "literal_error"):
        found = context.get("tag", node)
        expected = [e.strip("'\" ") for e in re.split(r", | or ", str(context.get("expected_tags", context.get("expected", ""))))]
        text = f"unknown {context.get('discriminator', 'choice')} {shortened(found)!r}".replace("\"'", "").replace("'\"", "")
        text = text.replace("''", "'") + did_you_mean(str(found), expected)
    elif kind == "union_tag_not_found":
        text = "'kind' is missing"
    elif kind in ("string_type", "dict_type", "list_type", "tuple_type", "bool_type", "int_type", "model_type"):
        wanted = {"string": "text", "dict": "a block of keys", "list": "a list", "tuple": "a list", "bool": "true or false"}
        name = wanted.get(kind.split("_")[0], "a whole number" if kind == "int_type" else "a block of keys")
        text = f"{name} is wanted, found {shortened(node)!r}"
    else:
        text = problem["msg"]
    return [document.mistake(full, text)]


def _attach(made: Any, at: Key, provenance: Mapping[Key, dict[str, str]]) -> None:
    """Give every quantity of a model the status and source stated for it or around it."""
    for key, quantity in quantities(made, at):
        while key and key not in provenance:
            key = key[:-1]
        stated = provenance.get(key, {})
        quantity.status = quantity.status or stated.get("status")
        quantity.source = quantity.source or stated.get("source")


def quantities(node: Any, key: Key = ()) -> Iterable[tuple[Key, Quantity]]:
    """Every number of a model with its key, in the order of the file."""
    if isinstance(node, Quantity):
        yield key, node
    elif isinstance(node, BaseModel):
        for name, field in type(node).model_fields.items():
            yield from quantities(getattr(node, name), (*key, field.alias or name))
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from quantities(value, (*key, name))
    elif hasattr(node, "entries"):
        for more, value in node.entries():
            yield from quantities(value, (*key, *more))
    elif isinstance(node, list | tuple):
        for i, value in enumerate(node):
            yield from quantities(value, (*key, i))


def change(document: Document, assignments: Iterable[str]) -> Document:
    """The document with entries replaced by `KEY=VALUE` assignments (dotted key, YAML value). Raises CaseError."""
    import copy

    data, lines, provenance = copy.deepcopy(document.data), dict(document.lines), dict(document.provenance)
    mistakes = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            mistakes.append(Mistake("--set", None, "", f"{shortened(assignment)!r} is not KEY=VALUE"))
            continue
        parts = _split_key(name.strip(), data)
        key: Key = tuple(parts)
        node = data
        for part in parts[:-1]:
            inside = node[part] if _holds(node, part) else None
            if not isinstance(inside, dict | list):
                mistakes.append(Mistake("--set", None, name, f"there is no {part!r} to set in" + did_you_mean(str(part), _names(node))))
                node = None
                break
            node = inside
        if node is None:
            continue
        try:
            entry = parse_document(f"entry: {text}", "--set").data["entry"]
        except CaseError as error:
            mistakes += [Mistake("--set", None, name, mistake.text) for mistake in error.mistakes]
            continue
        if isinstance(node, list) and not _holds(node, parts[-1]):
            mistakes.append(Mistake("--set", None, name, f"the list has {len(node)} entries, counted from 0"))
            continue
        node[parts[-1]] = entry
        for known in [k for k in provenance if k[: len(key)] == key]:
            del provenance[known]
        provenance[key] = {"source": "set on the command line"}
    if mistakes:
        raise CaseError(mistakes)
    return Document(document.path, document.text, data, lines, provenance)


def _split_key(name: str, data: Any) -> list[str | int]:
    """The parts of a dotted key; a part that is a number counts in a list."""
    parts: list[str | int] = []
    node = data
    for word in name.split("."):
        part: str | int = int(word) if isinstance(node, list) and word.isdigit() else word
        parts.append(part)
        node = node[part] if _holds(node, part) else None
    return parts


def _holds(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _names(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [str(name) for name in node]
    return [str(i) for i in range(len(node))] if isinstance(node, list) else []
