"""Tables in a case file: lists of pairs, every mistake of a table found at once."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from thermo.casefile.models import misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import DIMENSIONS, Quantity, Unit

Problems = list[tuple[Key, str]]


def number(unit: Unit, value: Any, key: Key, info: ValidationInfo, problems: Problems) -> Quantity:
    """One number of a block; what is wrong with it goes to `problems` under `key`, and a stand-in is returned."""
    try:
        return unit._validate(value, info)
    except PydanticCustomError as error:
        context = error.context or {}
        problems += [((*key, *more), text) for more, text in context.get("problems", [((), error.message())])]
        return Quantity.of(1.0, unit.dimension)


def pairs(
    rows: Any, first: Unit, second: Unit, info: ValidationInfo, examples: tuple[str, str]
) -> tuple[tuple[Quantity, ...], tuple[Quantity, ...]]:
    """The two columns of `table: [[a, b], ...]`, the first of which rises. Raises an error that names every mistake.

    `examples` are two values of the first column, for the message that says what a table looks like.
    """
    if not isinstance(rows, list | tuple) or not rows or any(not isinstance(row, list | tuple) or len(row) != 2 for row in rows):
        unit = DIMENSIONS[second.dimension].examples[0]
        text = f"a list of pairs is needed, such as [[{examples[0]}, 1 {unit}], [{examples[1]}, 2 {unit}]]"
        raise misplaced([(("table",), text)])
    problems: Problems = []
    left = tuple(number(first, row[0], ("table", i, 0), info, problems) for i, row in enumerate(rows))
    right = tuple(number(second, row[1], ("table", i, 1), info, problems) for i, row in enumerate(rows))
    if not problems:
        falling = [i for i in range(1, len(rows)) if left[i] <= left[i - 1]]
        problems += [(("table", i, 0), f"the {first.dimension}s of a table must rise") for i in falling]
    if problems:
        raise misplaced(problems)
    return left, right
