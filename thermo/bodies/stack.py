"""A stack of layers, a line by nature: cells, plates, pads, in their order."""

from __future__ import annotations

import functools
import itertools
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Discriminator, Field, Tag, model_validator

from meshes.boxes import SIDES
from thermo.base.errors import shortened
from thermo.bodies.boxes import BoxBody, LinearMesh, Region
from thermo.bodies.meshed import OUTSIDE, Length
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key

CELLS = {1: 400.0, 3: 60.0}  # in the length of a stack by default, by dimension
MOST_LAYERS = 400


Repeat = Annotated[int, Field(strict=True, ge=1, le=MOST_LAYERS)]


class Placed(NamedTuple):
    """A layer where it lies: its region, its material, its thickness [m], its key in the sample."""

    name: str
    material: str
    thickness: float
    key: Key


class StackLayer(Frozen):
    """One layer, or several alike that follow each other: `cell` repeated twice is `cell-1` and `cell-2`."""

    name: str
    material: str
    thickness: Length
    repeat: Repeat = 1

    def placed(self, key: Key) -> list[Placed]:
        """The regions that it makes, from left to right; `key` is where it stands in the sample."""
        names = [self.name] if self.repeat == 1 else [f"{self.name}-{i + 1}" for i in range(self.repeat)]
        return [Placed(name, self.material, float(self.thickness), key) for name in names]


class StackGroup(Frozen):
    """Layers that follow each other again and again, as those of a pouch do: `foil` and `coating` repeated twice are `foil-1`, `coating-1`,
    `foil-2` and `coating-2`."""

    layers: Annotated[tuple[StackLayer, ...], Field(min_length=1)]
    repeat: Repeat

    def placed(self, key: Key) -> list[Placed]:
        """As of a layer."""
        once = [part for j, layer in enumerate(self.layers) for part in layer.placed((*key, "layers", j))]
        return [part._replace(name=f"{part.name}-{i + 1}") for i in range(self.repeat) for part in once]


def _layer_or_group(value: Any) -> str:
    return "group" if isinstance(value, StackGroup) or (isinstance(value, dict) and "layers" in value) else "layer"


Layers = Annotated[Annotated[StackLayer, Tag("layer")] | Annotated[StackGroup, Tag("group")], Discriminator(_layer_or_group)]


class Layered(BoxBody):
    """What every body of layers along x has, whatever says which they are. On a line the `size` is its cross-section."""

    size: tuple[Length, Length] | None = None
    coordinates: Literal["line", "space"] = "line"
    symmetry: tuple[str, ...] = ()
    mesh: LinearMesh = LinearMesh()

    @property
    def parts(self) -> list[Placed]:
        """All its layers from left to right."""
        raise NotImplementedError

    def line_problems(self, across: str) -> list[tuple[Key, str]]:
        """What is wrong with the number of its layers, its `size`, its mirrors; `across` is what the size gives, in words."""
        problems: list[tuple[Key, str]] = []
        if len(self.parts) > MOST_LAYERS:
            problems.append((("layers",), f"makes {len(self.parts)} layers; at most {MOST_LAYERS} are accepted"))
        if self.coordinates == "space" and self.size is None:
            problems.append((("size",), f"is missing: a {self.kind} in space needs its {across}"))
        for i, side in enumerate(self.symmetry):
            if side not in SIDES[self.dimension]:
                problems.append((("symmetry", i), f"one of {', '.join(SIDES[self.dimension])} is needed, found {shortened(side)!r}"))
        return problems

    @functools.cached_property  # type: ignore[misc]
    def regions(self) -> dict[str, Region]:
        """The layers as boxes."""
        ends = [0.0, *itertools.accumulate(part.thickness for part in self.parts)]
        rest = (float(self.size[0]), float(self.size[1])) if self.coordinates == "space" and self.size else ()
        return {
            part.name: Region.model_construct(material=part.material, low=(low, *(0.0 for _ in rest)), high=(high, *rest), boxes=())
            for part, (low, high) in zip(self.parts, itertools.pairwise(ends), strict=True)
        }

    @property  # type: ignore[misc]
    def patches(self) -> dict[str, Any]:
        """It has none."""
        return {}

    @property  # type: ignore[misc]
    def cross_section(self) -> float | None:
        """Of a line [m2]; of a square metre where the case gives no size."""
        return float(self.size[0] * self.size[1]) if self.coordinates == "line" and self.size else None

    @property  # type: ignore[misc]
    def thickness(self) -> None:
        """It has no thickness across a plane."""
        return None

    def sheets(self) -> dict[str, float] | None:
        """The thickness of each layer [m]; on a line, whose x is what the conductivity of a layer calls through."""
        return {part.name: part.thickness for part in self.parts} if self.coordinates == "line" else None

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every layer, and where the case says so."""
        return {part.name: (part.material, (*part.key, "material")) for part in self.parts}

    def widest(self) -> float | None:
        """The largest cell [m]."""
        return super().widest() or sum(part.thickness for part in self.parts) / CELLS[self.dimension]


class Stack(Layered):
    """Layers one after another along x, from the left. On a line the `size` is its cross-section; in `space` it is meshed.

    By default cells are at most 1/400 of the stack on a line and 1/60 in space, linear, and smaller where layers are thin.
    """

    kind: Literal["stack"]
    layers: Annotated[tuple[Layers, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Stack:
        problems: list[tuple[Key, str]] = []
        seen: set[str] = set()
        for name, _, _, key in self.parts:
            if not name or "|" in name or "." in name or name in seen or name in (*SIDES[self.dimension], OUTSIDE):
                text = f"{shortened(name)!r} is already used, is empty or contains '|' or '.'"
                problems.append(((*key, "name"), text))
            seen.add(name)
        problems = problems + self.line_problems("width and its height") or self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    @functools.cached_property
    def parts(self) -> list[Placed]:  # type: ignore[override]
        """All its layers from left to right."""
        return [part for i, entry in enumerate(self.layers) for part in entry.placed(("layers", i))]
