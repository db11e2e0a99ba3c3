"""Models made from a document: what pydantic finds wrong as mistakes with key and line, and the source of every number.

Nothing of physics: what a case may say is written in the rooms that use it, as classes of `Frozen`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from thermo.base.errors import Mistake, closest, described, did_you_mean
from thermo.casefile.reader import Document, Key
from thermo.casefile.units import Quantity, UnitError, block_for_value, parse

MOST_SUGGESTED = 200  # mistakes of one file for which a right spelling is looked up


class Frozen(BaseModel):
    """What a case file may say at one place: every key known, checked when made, unchanged after."""

    of_another_file: ClassVar[bool] = False  # a part that was read from a file of its own, whose numbers have their status from there
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context and isinstance(data, dict):
            info.context["keys"][id(data)] = [field.alias or name for name, field in cls.model_fields.items()]
        elif not isinstance(data, dict | cls) and info.context:
            raise PydanticCustomError("block", "{text}", {"text": f"a block of keys is needed, found {described(data)}"})
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
            found = translated(problem, root, document, at, context["keys"], meant, suggest=i < MOST_SUGGESTED)
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


_ELSEWHERE = {  # keys in a wrong place
    "chemistry": "is given to a cell of one temperature, or to a material",
    "starts": "is for a flux or a source: nothing else waits for a temperature",
    "stops": "is for a flux or a source: nothing else waits for a temperature",
}


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


def place_of(problem: Any, root: Any) -> tuple[Key, Any, Any]:
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


def translated(
    problem: Any, root: Any, document: Document, at: Key, keys: Mapping[int, list[str]], meant: set[Key], suggest: bool
) -> list[Mistake]:
    """One pydantic error as mistakes with key and line; `meant` collects the keys that were misspelt."""
    key, node, parent = place_of(problem, root)
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
    elif kind == "missing" and isinstance(parent, list) and isinstance(key[-1], int):
        full, text = full[:-1], f"has {len(parent)} entries; {int(key[-1]) + 1} are needed"
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
        text = "'kind' is missing" if isinstance(node, dict) else f"a block of keys is needed, found {described(node)}"
        near = closest("kind", list(node)) if isinstance(node, dict) else None
        if near is not None:
            full, text = (*full, near), "unknown key; did you mean 'kind'?"
    elif kind == "too_short" and len(node) >= context["min_length"]:
        return []  # entries with mistakes of their own do not count
    elif kind in ("too_long", "too_short"):
        most = context.get("max_length", context.get("min_length"))
        text = f"has {len(node)} entries; {most} are needed"
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
        text = next(f"must be {words[name]} {limit}, got {described(node)}" for name, limit in context.items() if name in words)
    else:
        wanted = _WANTED.get(kind.split("_")[0], "a block of keys")
        if isinstance(node, dict) and wanted != "a block of keys":
            return [document.mistake((*full, *more), text) for more, text in block_for_value(node, wanted)]
        text = f"{wanted} is needed, found {described(node)}"
    return [document.mistake(full, text)]


def _attach(made: Any, at: Key, document: Document) -> list[Mistake]:
    """Give every quantity of a model the status, source and uncertainty stated for it or around it.

    What the file does not write, a default, gets none of them: the source of a block speaks of what stands there.
    """
    mistakes = []
    uncertain = {key for key, stated in document.provenance.items() if "uncertainty" in stated and key[: len(at)] == at}
    seen: set[int] = set()  # a number may stand in a part that is made of others too, which the file does not write
    for key, quantity in sorted(quantities(made, at, whole=False), key=lambda entry: entry[0] not in document.lines):
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
    mistakes += [document.mistake((*key, "uncertainty"), "an uncertainty needs a number beside it") for key in sorted(uncertain, key=str)]
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


def quantities(node: Any, key: Key = (), whole: bool = True) -> Iterable[tuple[Key, Quantity]]:
    """Every number of a model with its key, in the order of the file; not `whole`: without parts of other files."""
    if not whole and getattr(node, "of_another_file", False):
        return
    if isinstance(node, Quantity):
        yield key, node
    elif isinstance(node, BaseModel):
        for name, field in type(node).model_fields.items():
            yield from quantities(getattr(node, name), (*key, field.alias or name), whole)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from quantities(value, (*key, name), whole)
    elif hasattr(node, "entries"):
        for more, value in node.entries():
            yield from quantities(value, (*key, *more), whole)
    elif isinstance(node, list | tuple):
        for i, value in enumerate(node):
            yield from quantities(value, (*key, i), whole)
