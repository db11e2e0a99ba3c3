"""What a part of a case says as far as it is right, so that a mistake in it hides no other.

A misspelt word is put right where one is near, a wrong number is replaced by a stand-in. Checks between the parts of a case then run
on what comes out. A stand-in may be far off: a part is made with several, of very different size, and a mistake counts only if all
of them show it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from thermo.base.errors import Mistake, closest
from thermo.casefile.models import place_of, translated
from thermo.casefile.reader import Document, Key
from thermo.casefile.units import Quantity, Unit

SCALES = (1e-9, 1e-3, 1.0, 1e3, 1e6)  # of the stand-ins, in SI
MOST_ROUNDS = 6  # each shows the mistakes that those of the round before have hidden
MOST_MENDED = 50  # mistakes of a part; a file of more is not looked through


class StandIns:
    """Numbers in place of wrong ones, of about `scale` in SI, no two of them equal and each larger than the one before."""

    def __init__(self, scale: float) -> None:
        self.scale, self.n = scale, 0

    def one(self, unit: Unit) -> Quantity:
        """The next one, within the range of a field."""
        self.n += 1
        value = self.scale * (1.0 + 0.01 * self.n)
        low = next((limit for limit in (unit.gt, unit.ge) if limit is not None), None)
        high = next((limit for limit in (unit.lt, unit.le) if limit is not None), None)
        if high is not None:
            low = high - 1.0 if low is None else low
            value = low + (high - low) * value / (1.0 + value)
        elif low is not None:
            value += low
        return Quantity.of(value, unit.dimension)


class Unknown:
    """Stands where nothing useful is written: a number makes a stand-in of it, any other field refuses it."""


class Mended(NamedTuple):
    """A part in each way that it may be meant, none where that is not to be told; the mistakes that its own mistakes hid; the document
    with the right words in it."""

    models: list[Any]
    mistakes: list[Mistake]
    document: Document


def mended(model: Any, document: Document, at: Key, may_drop: Iterable[str] = (), scales: tuple[float, ...] = SCALES) -> Mended:
    """Make `model` of what is written at a key of the document, whatever mistakes it has.

    may_drop : keys below `at` that are left out if nothing else helps; "*" for an entry below them
    scales : of the stand-ins for wrong numbers [SI]; none for a part that would be slow to make of them
    """
    data = document.data
    for word in at:
        data = data[word]
    data, adapter, moved = copy.deepcopy(data), TypeAdapter(model), dict[Key, Key]()
    drops = frozenset(may_drop)
    below: list[Mistake] = []
    for round_ in range(MOST_ROUNDS):
        problems, keys, _ = _problems(adapter, document, data, None)
        if len(problems) > MOST_MENDED:
            return Mended([], [], document)
        if round_ > 0:  # what a misspelt key or kind has hidden; those of the first round are known
            shown = [problem for problem in problems if not isinstance(place_of(problem, data)[1], Unknown)]
            turned = document._replace(lines=_lines(document.lines, at, moved))
            meant: set[Key] = set()
            below += [mistake for problem in shown for mistake in translated(problem, data, turned, at, keys, meant, suggest=True)]
        if not [problem for problem in problems if _spelt(problem, data, keys, moved)]:
            break
    turned = document._replace(data=_with(document.data, at, data), lines=_lines(document.lines, at, moved))
    problems, _, made = _problems(adapter, document, data, None)
    if not problems:
        return Mended([made], below, turned)
    models, found = [], list[set[Mistake]]()
    for scale in scales or (None,):
        part, seen = _made(adapter, turned, at, copy.deepcopy(data), scale, drops)
        models += [] if part is None else [part]
        found.append(seen)
    return Mended(models if len(models) > 1 or not scales else [], [*below, *set.intersection(*found)], turned)


def with_right_keys(document: Document, known: list[str]) -> Document:
    """The document with the misspelt keys of its top put right."""
    data, moved = dict(document.data), dict[Key, Key]()
    for word in list(data):
        match = closest(word, [name for name in known if name not in data]) if word not in known else None
        if match is not None:
            _renamed(data, (word,), match, moved)
    return document._replace(data=data, lines=_lines(document.lines, (), moved)) if moved else document


def _problems(adapter: Any, document: Document, data: Any, scale: float | None) -> tuple[list[Any], dict[int, list[str]], Any]:
    """What pydantic finds wrong, the keys that each block may have, and the model if nothing is wrong."""
    context: dict[str, Any] = {"from_file": True, "keys": {}, "folder": Path(document.path).parent}
    if scale is not None:
        context["stand_ins"] = StandIns(scale)
    try:
        return [], {}, adapter.validate_python(data, context=context)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=True)
        # what is unknown comes first: a misspelt key brings what else would be missing
        return sorted(problems, key=lambda problem: problem["type"] != "extra_forbidden"), context["keys"], None


def _made(adapter: Any, document: Document, at: Key, data: Any, scale: float | None, drops: frozenset[str]) -> tuple[Any, set[Mistake]]:
    """The model with stand-ins of a scale, or None; mistakes of its blocks that wrong numbers have hidden."""
    seen: set[Mistake] = set()
    for round_ in range(MOST_ROUNDS):
        problems, keys, made = _problems(adapter, document, data, scale)
        if not problems:
            return made, seen
        if round_ == 0 and scale is not None:  # later ones may come of what was left out
            blocks = [problem for problem in problems if problem["type"] == "at"]
            seen = {mistake for problem in blocks for mistake in translated(problem, data, document, at, keys, set(), suggest=True)}
        if not all(_left_out(place_of(problem, data)[0], problem, data, drops) for problem in problems):
            return None, seen
    return None, seen


def _spelt(problem: Any, root: Any, keys: dict[int, list[str]], moved: dict[Key, Key]) -> bool:
    """Put one misspelt word right in place; an unknown key goes. Whether that was possible."""
    key, node, parent = place_of(problem, root)
    kind = problem["type"]
    if kind == "extra_forbidden" and isinstance(parent, dict) and key[-1] in parent:
        known = keys.get(id(parent), [])
        match = closest(str(key[-1]), [*(name for name in known if name not in parent), "status", "source"])
        return _renamed(parent, key, match if match in known else None, moved)
    if kind == "union_tag_not_found" and isinstance(node, dict):
        near = closest("kind", list(node))
        return near is not None and _renamed(node, (*key, near), "kind", moved)
    if kind in ("union_tag_invalid", "literal_error"):
        context = problem.get("ctx", {})
        expected = [e.strip("'\" ") for e in re.split(r", | or ", str(context.get("expected_tags", context.get("expected", ""))))]
        found = node.get("kind") if kind == "union_tag_invalid" and isinstance(node, dict) else node
        match = closest(found, expected) if isinstance(found, str) else None
        if match is None:
            return False
        holder, word = (node, "kind") if kind == "union_tag_invalid" else (parent, key[-1])
        holder[word] = match
        return True
    if kind == "missing" and isinstance(parent, dict) and key[-1] not in parent:
        parent[key[-1]] = Unknown()
        return True
    return False


def _renamed(block: dict[str, Any], key: Key, name: str | None, moved: dict[Key, Key]) -> bool:
    """Give an entry of a block its right key, or take it out where there is none."""
    entries = [(word if word != key[-1] else name, value) for word, value in block.items()]
    block.clear()
    block.update({word: value for word, value in entries if word is not None})
    if name is not None:
        moved[key] = (*key[:-1], name)
    return True


def _left_out(key: Key, problem: Any, root: Any, drops: frozenset[str]) -> bool:
    """Put what is unknown in the place of a value, or leave out the part of it that may go. Whether either was possible."""
    whole = False
    if problem["type"] == "at" and problem.get("ctx", {}).get("problems"):
        within = problem["ctx"]["problems"][0][0]
        key, whole = (*key, *within), not within
    nodes = [root]
    for word in key:
        try:
            nodes.append(nodes[-1][word])
        except (KeyError, IndexError, TypeError):
            break
    key = key[: len(nodes) - 1]
    if not key:
        return False
    if not isinstance(nodes[-1], Unknown | dict | list) or (whole and not isinstance(nodes[-1], Unknown)):
        nodes[-2][key[-1]] = Unknown()
        return True
    for n in range(1, len(key) + 1):
        pattern = str(key[0]) if n == 1 else f"{key[0]}.*" if n == 2 else None
        if pattern in drops:
            del nodes[n - 1][key[n - 1]]
            return True
    return False


def _with(data: Any, at: Key, part: Any) -> Any:
    """The data with another part at a key."""
    return {**data, at[0]: _with(data[at[0]], at[1:], part)} if at else part


def _lines(lines: dict[Key, int], at: Key, moved: dict[Key, Key]) -> dict[Key, int]:
    """The lines with those of misspelt keys under the right ones as well."""
    made = dict(lines)
    for old, new in moved.items():
        n = len(at) + len(old)
        made |= {(*at, *new, *key[n:]): line for key, line in list(made.items()) if key[:n] == (*at, *old)}
    return made
