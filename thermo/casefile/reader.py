"""Strict YAML 1.2: limits, duplicate keys, the line of every value. Nothing of physics.

A file is read as parser events and composed here, so that size, depth, aliases, tags and duplicate keys are decided
before anything is built. What comes out is plain: dictionaries, lists, text, numbers, true/false and null.
"""

from __future__ import annotations

import copy
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from thermo.base.errors import CaseError, FileError, Mistake, closest, described, printable, shortened
from thermo.base.errors import did_you_mean as did_you_mean  # the same for everything that reads
from thermo.casefile.units import Quantity, UnitError, block_for_value, parse

Key = tuple[str | int, ...]

LARGEST_FILE = 2_000_000  # bytes: read in two seconds or so
DEEPEST = 24  # levels
MOST_NODES = 50_000  # keys and values
MOST_SUGGESTED = 200  # mistakes of one file for which a right spelling is looked up
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
        raise CaseError([Mistake(name, None, "", f"is {kind}; {wanted} is wanted")])
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
        raise CaseError([Mistake(path, line, "", f"has the character U+{ord(bad[0]):04X}, which no text has")])
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
        since = f"; what it belongs to begins in line {begun.line + 1}" if begun and begun.line + 1 != line else ""
        composer.mistakes.append(Mistake(path, line, "", f"is not valid YAML: {problem}{since}"))
        raise CaseError(composer.mistakes) from None
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        # what the parser lets through of its own, such as an escape beyond the last character
        composer.mistakes.append(Mistake(path, composer.line, "", "is not valid YAML after this line"))
        raise CaseError(composer.mistakes) from None
    if not isinstance(composer.root, dict):
        text = "is not a case: keys with values are wanted, such as 'title: ...'"
        raise CaseError([*composer.mistakes, Mistake(path, composer.root_line, "", text)])
    data, provenance = _strip_provenance(composer.root, composer, path)
    return Document(path, text, data, composer.lines, provenance, tuple(composer.mistakes))


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
                self.refuse(event, "a directive (%YAML, %TAG) is not taken")
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
            self.refuse(event, "merge keys (<<) are not taken; write the entries out")
        self.whole_characters(event)
        if name in parent:
            first = self.lines[(*at, name)]
            text = f"stands twice, in lines {first} and {line}"
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
            self.refuse(event, "has half a character, which no text has")


_SOURCED = ("value", "status", "source", "uncertainty", "note")
_OWN_SOURCE = {("expect",), ("study", "claims")}  # lists whose entries (what, value, source) are statements, not numbers


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
                mistake((*at, name), f"text is wanted, found {described(node[name])}{why}")
        if sourced and not isinstance(node.get("uncertainty", ""), str | int | float):
            mistake(
                (*at, "uncertainty"), f"a share such as '5 %' or a number with its unit is wanted, found {described(node['uncertainty'])}"
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
            mistake((*at, "value"), "is the word for a number with its source; what is called 'value' here needs another name")
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


class Frozen(BaseModel):
    """What a case file may say at one place: every key known, checked when made, unchanged after."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context and isinstance(data, dict):
            info.context["keys"][id(data)] = [field.alias or name for name, field in cls.model_fields.items()]
        elif not isinstance(data, dict | cls) and info.context:
            raise PydanticCustomError("block", "{text}", {"text": f"a block of keys is wanted, found {described(data)}"})
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

    context: dict[str, Any] = {"from_file": True, "keys": {}, "folder": Path(document.path).parent}
    root = document.data if data is None else data
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    mistakes = list(document.mistakes) if at == () else []
    noted = {(mistake.line, mistake.key.removesuffix(".value")) for mistake in document.mistakes}
    made = None
    try:
        made = adapter.validate_python(root, context=context)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=True)
        # what is unknown comes first: a misspelt key is one mistake, and not also the absence of the right one
        meant: set[Key] = set()
        for i, problem in enumerate(sorted(problems, key=lambda problem: problem["type"] != "extra_forbidden")):
            found = _translate(problem, root, document, at, context["keys"], meant, suggest=i < MOST_SUGGESTED)
            mistakes += [mistake for mistake in found if (mistake.line, mistake.key) not in noted]
    else:
        mistakes += _attach(made, at, document)
    if at == ():
        told = {(mistake.line, mistake.key) for mistake in mistakes}
        empty = [document.mistake(key, "has no value; write one, or leave the key out") for key in _empty(root)]
        mistakes += [mistake for mistake in empty if (mistake.line, mistake.key) not in told]
    return Reading(None if mistakes else made, mistakes)


def _empty(node: Any, key: Key = ()) -> Iterable[Key]:
    """Keys without a value: whoever left one open may not want the default."""
    if node is None:
        yield key
    for name, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _empty(value, (*key, name))


_ELSEWHERE = {"chemistry": "belongs to a lumped sample; reactions in a body that is meshed are not supported yet"}  # keys in a wrong place
_WANTED = {
    "string": "text",
    "dict": "a block of keys",
    "list": "a list",
    "tuple": "a list",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
}


def _place(problem: Any, root: Any) -> tuple[Key, Any, Any]:
    """Key, value and surrounding block of a pydantic error; tags of unions in its place are left out."""
    key: Key = ()
    node, parent = root, root
    tagged = False
    for i, part in enumerate(problem["loc"]):
        last = i == len(problem["loc"]) - 1
        named = last and problem["type"] in ("extra_forbidden", "missing")
        if isinstance(node, dict) and node.get("kind") == part and not tagged and not named:
            tagged = True  # the tag of a union may be a key of the block as well: kind 'order' has one of this name
        elif (isinstance(node, dict) and part in node) or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
            parent, node, key, tagged = node, node[part], (*key, part), False
        elif last and problem["type"] == "missing":
            parent, key = node, (*key, part)
    return key, node, parent


def _translate(
    problem: Any, root: Any, document: Document, at: Key, keys: Mapping[int, list[str]], meant: set[Key], suggest: bool
) -> list[Mistake]:
    """One pydantic error as mistakes with key and line; `meant` collects the keys that were misspelt."""
    key, node, parent = _place(problem, root)
    kind, context = problem["type"], problem.get("ctx", {})
    full = (*at, *key)
    if kind == "at":
        return [document.mistake((*full, *more), text) for more, text in context["problems"]]
    if kind in ("unit", "range", "block"):
        text = problem["msg"]
    elif kind == "extra_forbidden":
        known = keys.get(id(parent), [])
        if key[-1] in _ELSEWHERE and key[-1] not in known:
            return [document.mistake(full, _ELSEWHERE[key[-1]])]
        match = closest(str(key[-1]), [*known, "status", "source"]) if suggest else None
        if match is not None:
            meant.add((*key[:-1], match))
        text = "unknown key" + (did_you_mean(match, [match]) if match else did_you_mean(key[-1], known) if suggest else "")
    elif kind == "missing" and isinstance(parent, list):
        full, text = full[:-1], f"has {len(parent)} entries; {int(key[-1]) + 1} are wanted"
    elif kind == "missing":
        if key in meant:
            return []
        text = "is missing"
    elif kind in ("union_tag_invalid", "literal_error"):
        found = node.get("kind") if kind == "union_tag_invalid" and isinstance(node, dict) else node
        expected = [e.strip("'\" ") for e in re.split(r", | or ", str(context.get("expected_tags", context.get("expected", ""))))]
        if kind == "union_tag_invalid":
            full = (*full, "kind")
        what = "kind" if kind == "union_tag_invalid" else "choice"
        text = f"unknown {what} {described(found)}" + did_you_mean(found if isinstance(found, str) else "", expected)
    elif kind == "union_tag_not_found":
        text = "'kind' is missing" if isinstance(node, dict) else f"a block of keys is wanted, found {described(node)}"
        near = closest("kind", list(node)) if isinstance(node, dict) else None
        if near is not None:
            full, text = (*full, near), "unknown key; did you mean 'kind'?"
    elif kind in ("too_long", "too_short"):
        most = context.get("max_length", context.get("min_length"))
        text = f"has {len(node)} entries; {most} are wanted"
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
        text = next(f"must be {words[name]} {limit}, got {described(node)}" for name, limit in context.items() if name in words)
    else:
        wanted = _WANTED.get(kind.split("_")[0], "a block of keys")
        if isinstance(node, dict) and wanted != "a block of keys":
            return [document.mistake((*full, *more), text) for more, text in block_for_value(node, wanted)]
        text = f"{wanted} is wanted, found {described(node)}"
    return [document.mistake(full, text)]


def _attach(made: Any, at: Key, document: Document) -> list[Mistake]:
    """Give every quantity of a model the status, source and uncertainty stated for it or around it.

    What the file does not write, a default, gets none of them: the source of a block speaks of what stands there.
    """
    mistakes = []
    uncertain = {key for key, stated in document.provenance.items() if "uncertainty" in stated and key[: len(at)] == at}
    seen: set[int] = set()  # a number may stand in a part that is made of others too, which the file does not write
    for key, quantity in sorted(quantities(made, at), key=lambda entry: entry[0] not in document.lines):
        if id(quantity) in seen:
            continue
        seen.add(id(quantity))
        alone = key[-1:] == (0,) and key[:-1] in document.lines  # a number where a list may stand
        if key not in document.lines and not alone and not any(key[:n] in document.settings for n in range(1, len(key) + 1)):
            quantity.status, quantity.source = "assumed", "a default, not stated in the file"
            continue
        while key and key not in document.provenance:
            key = key[:-1]
        stated = document.provenance.get(key, {})
        quantity.status = quantity.status or stated.get("status")
        quantity.source = quantity.source or stated.get("source")
        if "uncertainty" in stated:
            uncertain -= {key[:n] for n in range(len(key) + 1)}
            try:
                quantity.uncertainty = half_width(stated["uncertainty"], quantity)
            except UnitError as error:
                mistakes.append(document.mistake((*key, "uncertainty"), str(error)))
    mistakes += [document.mistake((*key, "uncertainty"), "there is no number that it belongs to") for key in sorted(uncertain, key=str)]
    return mistakes


def half_width(text: str, quantity: Quantity) -> Quantity:
    """An uncertainty as a number in the unit of its quantity: `5 %` of the value, or a difference. Raises UnitError."""
    dimension = "temperature difference" if quantity.dimension == "temperature" else quantity.dimension
    if text.strip().endswith("%") and dimension != "number":
        made = Quantity.of(abs(quantity) * parse(text, "number"), dimension, text)
    else:
        made = parse(text, dimension)
    if made < 0.0:
        raise UnitError(f"must not be negative, got {text}")
    return made


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
        raise CaseError([*document.mistakes] or [Mistake("--set", None, "", "one value is wanted")])
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
                refuse(f"there is no {shortened(part, 40)!r} to set in" + did_you_mean(part, _names(node)))
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
