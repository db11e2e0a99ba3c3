"""Bodies as a case names them; `mesh()` calls the mesh functions."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from meshes.block import FACES, Box, Floats, Grid, box_grid, box_mesh, face_weights, halved
from thermo.errors import described, did_you_mean, shortened
from thermo.materials import Temperature
from thermo.reader import Frozen, Key, misplaced
from thermo.units import Unit

Length = Annotated[float, Unit("length", gt=0)]
Coordinate = Annotated[float, Unit("length")]

MOST_LAYERS, MOST_PATCHES = 200, 50  # the grid is graded towards each from every place


class Layer(Frozen):
    """One layer of a block, by material."""

    name: str
    material: str
    thickness: Length


class Patch(Frozen):
    """A square part of the top or bottom face."""

    face: Literal["top", "bottom"]
    square: Length
    centre: tuple[Coordinate, Coordinate]


class BlockMesh(Frozen):
    """How fine a block is meshed; cells grow by `growth` from the edge of a patch and from the interfaces of layers.

    `order` 2: quadratic elements, 1: linear ones (no undershoot). `symmetry`: half or a quarter of the body where it has it.
    """

    order: Literal[1, 2] = 2
    smallest: Length | None = None
    interface: Length | None = None
    growth: Annotated[float, Unit("number", gt=1, le=10)] = 2.0
    largest: Length | None = None
    symmetry: Annotated[bool, Field(strict=True)] = True

    @field_validator("order", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # true is 1 to Python
            raise misplaced([((), f"1 or 2 is wanted, found {described(value)}")])
        return value


class LayeredBlock(Frozen):
    """A block of named layers along z, with patches on its top and bottom."""

    kind: Literal["layered-block"]
    size: tuple[Length, Length]
    layers: tuple[Layer, ...]
    patches: dict[str, Patch] = {}
    temperature: Temperature | dict[str, Temperature]
    mesh: BlockMesh = BlockMesh()

    @field_validator("temperature", mode="before")
    @classmethod
    def _one_or_by_layer(cls, value: Any, info: ValidationInfo) -> Any:
        unit = Unit("temperature")
        if isinstance(value, dict):
            made: dict[str, Any] = {}
            problems: list[tuple[Key, str]] = []
            for name, entry in value.items():
                try:
                    made[name] = unit._validate(entry, info)
                except PydanticCustomError as error:
                    problems.append(((name,), error.message()))
            if problems:
                raise misplaced(problems)
            return made
        return unit._validate(value, info)

    @model_validator(mode="after")
    def _fits(self) -> LayeredBlock:
        problems: list[tuple[Key, str]] = []
        names = [layer.name for layer in self.layers]
        if not names:
            problems.append((("layers",), "a block has at least one layer"))
        for key, n, most in (("layers", len(names), MOST_LAYERS), ("patches", len(self.patches), MOST_PATCHES)):
            if n > most:
                raise misplaced([((key,), f"has {n} entries; at most {most} are taken")])
        for i, name in enumerate(names):
            if name in names[:i]:
                problems.append((("layers", i, "name"), f"the name {shortened(name)!r} stands twice"))
            if name in FACES or not name or "|" in name or "." in name:
                problems.append((("layers", i, "name"), f"{shortened(name)!r} is taken, is empty or has '|' or '.' in it"))
        for name, patch in self.patches.items():
            if name in FACES or name in names:
                problems.append((("patches", name), f"the name {shortened(name)!r} is taken by a face or a layer"))
            if not name or "|" in name or "." in name:
                problems.append((("patches", name), "a name is not empty and has neither '|' nor '.' in it"))
            for axis, along in enumerate("xy"):
                low, high = patch.centre[axis] - 0.5 * patch.square, patch.centre[axis] + 0.5 * patch.square
                if low < -1e-9 * self.size[axis] or high > self.size[axis] * (1 + 1e-9):
                    end = self.size[axis]
                    text = f"reaches from {low:.4g} m to {high:.4g} m along {along}, the face from 0 m to {end:.4g} m"
                    problems.append((("patches", name), text))
        if isinstance(self.temperature, dict):
            problems += [(("temperature", n), "no such layer" + did_you_mean(n, names)) for n in self.temperature if n not in names]
            problems += [(("temperature",), f"the layer {shortened(n)!r} has no temperature") for n in names if n not in self.temperature]
        if problems:
            raise misplaced(problems)
        return self

    @property
    def height(self) -> float:
        """Sum of the layers' thicknesses [m]."""
        return sum(layer.thickness for layer in self.layers)

    def face_names(self) -> list[str]:
        """Every face a case can name: the six sides, the patches, the interfaces."""
        names = [layer.name for layer in self.layers]
        return [*FACES, *(f"{a}|{b}" for a, b in itertools.pairwise(names)), *self.patches]

    def region_names(self) -> list[str]:
        """Every region a case can name: the layers."""
        return [layer.name for layer in self.layers]

    def symmetric(self, faces: set[str]) -> tuple[bool, bool]:
        """Whether the body and the conditions on `faces` are mirror images about the middle in x, in y."""
        if not self.mesh.symmetry:
            return (False, False)
        found = []
        for axis, sides in enumerate((("left", "right"), ("front", "back"))):
            middle = 0.5 * self.size[axis]
            centred = all(abs(patch.centre[axis] - middle) < 1e-9 * middle for patch in self.patches.values())
            found.append(centred and not faces & set(sides))
        return (found[0], found[1])

    def vertex_grid(self, faces: set[str], refine: int = 0) -> Grid:
        """The tensor grid of the cells, cut to the part that symmetry leaves."""
        sides = [patch.square for patch in self.patches.values()]
        thinnest = min(layer.thickness for layer in self.layers)
        smallest = self.mesh.smallest or (min(sides) / 50.0 if sides else thinnest / 10.0)
        return box_grid(
            (float(self.size[0]), float(self.size[1])),
            [float(layer.thickness) for layer in self.layers],
            [(p.face, (float(p.centre[0]), float(p.centre[1])), (float(p.square), float(p.square))) for p in self.patches.values()],
            smallest=float(smallest),
            interface=float(self.mesh.interface or max(thinnest / 5.0, smallest)),
            growth=float(self.mesh.growth),
            largest=float(self.mesh.largest or max(max(self.size), self.height) / 4.0),
            mirror=self.symmetric(faces),
            refine=refine,
        )

    def most_cells(self, faces: set[str]) -> int:
        """An upper bound of the number of cells along one axis, without making the grid.

        Towards a place p the wanted size is s + ln(growth) x: at most ln(1 + ln(growth) L/s)/ln(growth) cells on each side.
        """
        thinnest = min(layer.thickness for layer in self.layers)
        sides = [patch.square for patch in self.patches.values()]
        smallest = self.mesh.smallest or (min(sides) / 50.0 if sides else thinnest / 10.0)
        finest = min(smallest, self.mesh.interface or max(thinnest / 5.0, smallest), thinnest)
        length, rise = max(*self.size, self.height), math.log(self.mesh.growth)
        largest = self.mesh.largest or length / 4.0
        places = 2 * len(self.patches) + len(self.layers) + 1
        return int(length / largest + 2 * places * (1.0 + math.log1p(rise * length / finest) / rise))

    def overlaps(self, names: list[str]) -> list[tuple[str, str]]:
        """Pairs of faces of which one lies on the other, in part or as a whole: each patch with the face it is on or another patch."""
        pairs: list[tuple[str, str]] = []
        for i, one in enumerate(names):
            patch = self.patches.get(one)
            for other in names if patch else []:
                beside = self.patches.get(other)
                if patch and other == patch.face:
                    pairs.append((one, other))
                elif patch and beside and other in names[:i] and patch.face == beside.face:
                    reach = 0.5 * (patch.square + beside.square) * (1 - 1e-9)
                    if all(abs(a - b) < reach for a, b in zip(patch.centre, beside.centre, strict=True)):
                        pairs.append((one, other))
        return pairs

    def n_nodes(self, faces: set[str], refine: int = 0) -> int:
        """Number of nodes without making the mesh."""
        return node_grid(self.vertex_grid(faces, refine), self.mesh.order).n_nodes

    def _patches(self) -> dict[str, tuple[str, tuple[float, float], tuple[float, float]]]:
        return {
            name: (p.face, (float(p.centre[0]), float(p.centre[1])), (float(p.square), float(p.square))) for name, p in self.patches.items()
        }

    def mesh_of(self, grid: Grid) -> Box:
        """The mesh with its named parts on a grid of vertices or of nodes."""
        return box_mesh(grid, {layer.name: float(layer.thickness) for layer in self.layers}, self._patches())

    def areas_on(self, vertices: Grid) -> dict[str, Floats]:
        """Area that each node of each face stands for [m2]."""
        return face_weights(vertices, self.mesh.order, self.region_names(), self._patches())

    def contains(self, point: tuple[float, float, float]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        ends = (*self.size, self.height)
        for value, end, along in zip(point, ends, "xyz", strict=True):
            if not -1e-9 * end <= value <= end * (1 + 1e-9):
                return f"lies outside the body: {along} is {float(value):.4g} m, the body reaches from 0 m to {float(end):.4g} m"
        return None

    def start_of(self, layer: str) -> float:
        """The temperature of a layer at time zero [K]."""
        return float(self.temperature[layer] if isinstance(self.temperature, dict) else self.temperature)

    def notes(self, faces: set[str]) -> list[str]:
        """What is said of the mesh in the log: the symmetry used, the size."""
        x, y = self.symmetric(faces)
        part = {(True, True): "a quarter of the body", (False, False): "the whole body"}.get((x, y), "half of the body")
        why = (
            " (mirror planes in the middle of " + " and ".join(axis for axis, used in (("x", x), ("y", y)) if used) + ")" if x or y else ""
        )
        n = self.n_nodes(faces)
        return [f"the mesh covers {part}{why}, {n} nodes of {'quadratic' if self.mesh.order == 2 else 'linear'} hexahedra"]


def node_grid(grid: Grid, order: int) -> Grid:
    """The grid of the nodes of elements of an order on a grid of vertices."""
    return grid if order == 1 else grid._replace(x=halved(grid.x), y=halved(grid.y), z=halved(grid.z))
