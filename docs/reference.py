"""Make docs/case-keys.md: `python docs/reference.py` writes the tables of every key of a case file from the models that read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thermo.case.case import Case

PAGE = Path(__file__).parent / "case-keys.md"
HEAD = """# Every key of a case file

`python docs/reference.py` makes this page from the models that read a case file. [cases.md](cases.md) says what the keys mean.
A key without a default is needed. Each number may also be written `{value, status, source, uncertainty}`.
"""


def page() -> str:
    """The whole page."""
    schema = Case.model_json_schema()
    models = {"Case": schema} | {name: found for name, found in schema["$defs"].items() if "properties" in found}
    named = sorted(models.items(), key=lambda pair: (pair[0] != "Case", plain(pair[0]).lower()))
    return "\n".join([HEAD, *(section(plain(name), model) for name, model in named)])


def plain(name: str) -> str:
    """The name of a model; one of several with the same name begins with that of its module.

    >>> plain("thermo__bodies__pouch__Core"), plain("StackLayer")
    ('PouchCore', 'StackLayer')
    """
    *module, last = name.split("__")
    return f"{module[-1].title()}{last}" if module else last


def section(name: str, model: dict[str, Any]) -> str:
    """The keys of one model as a table."""
    lines = [f"## {name}", ""]
    lines += [model["description"].strip(), ""] if "description" in model else []
    lines += ["| key | value | default |", "|---|---|---|"]
    needed = model.get("required", ())
    for key, entry in model["properties"].items():
        default = "" if key in needed or "const" in entry else _default(entry)
        lines.append(f"| `{key}` | {_cell(words(entry))} | {_cell(default)} |")
    return "\n".join([*lines, ""])


def words(entry: dict[str, Any]) -> str:
    """What a key takes."""
    if "$ref" in entry:
        name = plain(entry["$ref"].rsplit("/", 1)[1])
        return f"[{name}](#{name.lower()})"
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    choices = entry.get("anyOf") or entry.get("oneOf")
    if choices:
        kept = [choice for choice in choices if choice.get("type") != "null" and "value" not in choice.get("properties", {})]
        return " or ".join(dict.fromkeys(words(choice) for choice in kept))
    kind = entry.get("type")
    if "description" in entry:
        return str(entry["description"]).replace(", a number with its unit: ", " in ")
    if kind == "array":
        several = entry.get("prefixItems")
        return "[" + ", ".join(words(item) for item in several) + "]" if several else f"list of {words(entry.get('items') or {})}"
    if kind == "object":
        below = entry.get("additionalProperties")
        return f"by name: {words(below)}" if isinstance(below, dict) else "a block"
    return {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}.get(
        str(kind), "see [cases.md](cases.md)"
    )


def _default(entry: dict[str, Any]) -> str:
    if "default" not in entry:
        return ""
    value = entry["default"]
    if value in (None, {}, [], ()):
        return "none"
    if isinstance(value, dict):
        return "its defaults"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
