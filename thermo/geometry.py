"""Bodies as a case names them; `mesh()` calls the mesh functions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from meshes.block import FACES, Box, Grid, box_grid, box_mesh, halved
from thermo.materials import Temperature
from thermo.reader import Frozen, Key, did_you_mean, misplaced
from thermo.units import Unit

Length = Annotated[float, Unit("length", gt=0)]
Coordinate = Annotated[float, Unit("length")]

SIDES = ("left", "right", "front", "back")


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
    symmetry: bool = True


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
            return {name: unit._validate(entry, info) for name, entry in value.items()}
        return unit._validate(value, info)

    @model_validator(mode="after")
    def _fits(self) -> LayeredBlock:
        problems: list[tuple[Key, str]] = []
        names = [layer.name for layer in self.layers]
        if not names:
            problems.append((("layers",), "a block has at least one layer"))
        for i, name in enumerate(names):
            if name in names[:i]:
                problems.append((("layers", i, "name"), f"the name {name!r} stands twice"))
            if name in FACES or "|" in name or "." in name:
                problems.append((("layers", i, "name"), f"{name!r} is taken or has '|' or '.' in it"))
        for name, patch in self.patches.items():
            if name in FACES or name in names:
                problems.append((("patches", name), f"the name {name!r} is taken by a face or a layer"))
            for axis, along in enumerate("xy"):
                low, high = patch.centre[axis] - 0.5 * patch.square, patch.centre[axis] + 0.5 * patch.square
                if low < -1e-9 * self.size[axis] or high > self.size[axis] * (1 + 1e-9):
                    end = self.size[axis]
                    text = f"reaches from {low:.4g} m to {high:.4g} m along {along}, the face from 0 m to {end:.4g} m"
                    problems.append((("patches", name), text))
        if isinstance(self.temperature, dict):
            problems += [(("temperature", n), "no such layer" + did_you_mean(n, names)) for n in self.temperature if n not in names]
            problems += [(("temperature",), f"the layer {n!r} has no temperature") for n in names if n not in self.temperature]
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
        return [*FACES, *(f"{a}|{b}" for a, b in zip(names[:-1], names[1:], strict=True)), *self.patches]

    def region_names(self) -> list[str]:
        """Every region a case can name: the layers."""
        return [layer.name for layer in self.layers]

    def symmetric(self, held: set[str]) -> tuple[bool, bool]:
        """Whether the body and the faces of `held` are mirror images about the middle in x, in y."""
        if not self.mesh.symmetry:
            return (False, False)
        found = []
        for axis, sides in enumerate((("left", "right"), ("front", "back"))):
            middle = 0.5 * self.size[axis]
            centred = all(abs(patch.centre[axis] - middle) < 1e-9 * middle for patch in self.patches.values())
            found.append(centred and not held & set(sides))
        return (found[0], found[1])

    def vertex_grid(self, held: set[str], refine: int = 0) -> Grid:
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
            mirror=self.symmetric(held),
            refine=refine,
        )

    def n_nodes(self, held: set[str], refine: int = 0) -> int:
        """Number of nodes without making the mesh."""
        return node_grid(self.vertex_grid(held, refine), self.mesh.order).n_nodes

    def mesh_of(self, grid: Grid) -> Box:
        """The mesh with its named parts on a grid of vertices or of nodes."""
        patches = {
            name: (p.face, (float(p.centre[0]), float(p.centre[1])), (float(p.square), float(p.square))) for name, p in self.patches.items()
        }
        return box_mesh(grid, {layer.name: float(layer.thickness) for layer in self.layers}, patches)

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

    def notes(self, held: set[str]) -> list[str]:
        """What is said of the mesh in the log: the symmetry used, the size."""
        x, y = self.symmetric(held)
        part = {(True, True): "a quarter of the body", (False, False): "the whole body"}.get((x, y), "half of the body")
        why = " (mirror planes in the middle of " + " and ".join(axis for axis, used in (("x", x), ("y", y)) if used) + ")" if x or y else ""
        n = self.n_nodes(held)
        return [f"the mesh covers {part}{why}, {n} nodes of {'quadratic' if self.mesh.order == 2 else 'linear'} hexahedra"]


def node_grid(grid: Grid, order: int) -> Grid:
    """The grid of the nodes of elements of an order on a grid of vertices."""
    return grid if order == 1 else grid._replace(x=halved(grid.x), y=halved(grid.y), z=halved(grid.z))

