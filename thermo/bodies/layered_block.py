"""Layered blocks: named layers along z, patches on top and bottom."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from meshes.block import SNAP, Grid, box_grid, halved
from meshes.boxes import SIDES, Extent, boxes_mesh, tensor_cells
from meshes.mesh import Mesh, rows_in
from thermo.base.errors import described, shortened
from thermo.bodies.meshed import NINE_DIGITS, OUTSIDE, Coordinate, Length, Meshed, no_contradiction
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.heat.discretised import Shape

FACES = SIDES[3]

STEPS = 4  # of the edge of a disc in each quarter
FINEST_BLOCK = 400.0  # of a span of a block no finer share than this is taken by default
MOST_LAYERS, MOST_PATCHES = 200, 50  # the grid is graded towards each from every place


class Layer(Frozen):
    """One layer of a block, by material."""

    name: str
    material: str
    thickness: Length


class Patch(Frozen):
    """A square part of the top or bottom face, or a `disc` of that diameter, whose edge is a staircase and whose area is exact."""

    face: Literal["top", "bottom"]
    square: Length | None = None
    disc: Length | None = None
    centre: tuple[Coordinate, Coordinate]

    @model_validator(mode="after")
    def _one(self) -> Patch:
        if (self.square is None) == (self.disc is None):
            raise misplaced([((), "give either 'square', its side, or 'disc', its diameter")])
        return self

    @property
    def side(self) -> float:
        """Side of the square around it [m]."""
        return float(self.square if self.square is not None else self.disc)  # type: ignore[arg-type]

    def squares(self) -> list[float]:
        """Sides of the squares whose edges are lines of the mesh [m]: those with corners on a circle, for a disc."""
        if self.disc is None:
            return [self.side]
        return [self.side * math.cos(0.5 * math.pi * k / STEPS) for k in range(STEPS)]


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
            raise misplaced([((), f"1 or 2 is needed, found {described(value)}")])
        return value

    _sizes = model_validator(mode="after")(no_contradiction)


class LayeredBlock(Meshed):
    """A block of named layers along z, with patches on its top and bottom."""

    kind: Literal["layered-block"]
    part: ClassVar[str] = "layer"
    size: tuple[Length, Length]
    layers: tuple[Layer, ...]
    patches: dict[str, Patch] = {}
    mesh: BlockMesh = BlockMesh()

    @model_validator(mode="after")
    def _fits(self) -> LayeredBlock:
        problems: list[tuple[Key, str]] = []
        names = [layer.name for layer in self.layers]
        if not names:
            problems.append((("layers",), "a block needs at least one layer"))
        for key, n, most in (("layers", len(names), MOST_LAYERS), ("patches", len(self.patches), MOST_PATCHES)):
            if n > most:
                raise misplaced([((key,), f"has {n} entries; at most {most} are accepted")])
        for i, name in enumerate(names):
            if name in names[:i]:
                problems.append((("layers", i, "name"), f"the name {shortened(name)!r} is used twice"))
            if name in FACES or name == OUTSIDE or not name or "|" in name or "." in name:
                problems.append((("layers", i, "name"), f"{shortened(name)!r} is already used, is empty or contains '|' or '.'"))
        for name, patch in self.patches.items():
            if name in FACES or name == OUTSIDE or name in names:
                problems.append((("patches", name), f"the name {shortened(name)!r} is already used by a face or a layer"))
            if not name or "|" in name or "." in name:
                problems.append((("patches", name), "a name must not be empty or contain '|' or '.'"))
            for axis, along in enumerate("xy"):
                low, high = patch.centre[axis] - 0.5 * patch.side, patch.centre[axis] + 0.5 * patch.side
                if low < -1e-9 * self.size[axis] or high > self.size[axis] * (1 + 1e-9):
                    end = self.size[axis]
                    text = f"reaches from {low:.4g} m to {high:.4g} m along {along}, but the face from 0 m to {end:.4g} m"
                    problems.append((("patches", name), text))
        problems += self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    @property
    def smallest(self) -> float:
        """Size of the cells at the edge of a patch [m]."""
        if self.mesh.smallest:
            return float(self.mesh.smallest)
        wanted = [patch.side / (50.0 if patch.disc is None else 2.0 * STEPS) for patch in self.patches.values()]
        return min(wanted) if wanted else float(min(layer.thickness for layer in self.layers)) / 10.0

    @property
    def height(self) -> float:
        """Sum of the layers' thicknesses [m]."""
        return sum(layer.thickness for layer in self.layers)

    def face_names(self) -> list[str]:
        """Every face a case can name: the six sides and all of them together, the patches, the interfaces."""
        names = [layer.name for layer in self.layers]
        return [*FACES, OUTSIDE, *(f"{a}|{b}" for a, b in itertools.pairwise(names)), *self.patches]

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every layer, and where the case says so."""
        return {layer.name: (layer.material, ("layers", i, "material")) for i, layer in enumerate(self.layers)}

    def symmetric(self, faces: Mapping[str, float]) -> tuple[bool, bool]:
        """Whether the body and the conditions on `faces` are mirror images about the middle in x, in y."""
        if not self.mesh.symmetry:
            return (False, False)
        found = []
        for axis, sides in enumerate((("left", "right"), ("front", "back"))):
            middle = 0.5 * self.size[axis]
            centred = all(abs(patch.centre[axis] - middle) < 1e-9 * middle for patch in self.patches.values())
            found.append(centred and not set(faces) & set(sides))
        return (found[0], found[1])

    def vertex_grid(self, faces: Mapping[str, float], refine: int = 0) -> Grid:
        """The tensor grid of the cells, cut to the part that symmetry leaves."""
        thinnest = min(layer.thickness for layer in self.layers)
        smallest = self.smallest
        return box_grid(
            (float(self.size[0]), float(self.size[1])),
            [float(layer.thickness) for layer in self.layers],
            [(p.face, (float(p.centre[0]), float(p.centre[1])), (side, side)) for p in self.patches.values() for side in p.squares()],
            smallest=float(smallest),
            interface=float(self.mesh.interface or max(thinnest / 5.0, smallest)),
            growth=float(self.mesh.growth),
            largest=float(self.mesh.largest or max(max(self.size), self.height) / 4.0),
            mirror=self.symmetric(faces),
            refine=refine,
            wanted=self._wanted(faces),
        )

    def _wanted(self, faces: Mapping[str, float]) -> list[dict[float, float]]:
        """The cell size [m] that faces ask for along each axis by place [m], where the case says nothing of sizes."""
        wanted: list[dict[float, float]] = [{}, {}, {}]
        if self.mesh.smallest or self.mesh.interface or self.mesh.largest:
            return wanted
        ends = (float(self.size[0]), float(self.size[1]), float(self.height))
        levels = np.concatenate([[0.0], np.cumsum([float(layer.thickness) for layer in self.layers])]).tolist()
        names = [layer.name for layer in self.layers]
        for name, asked in faces.items():
            if not math.isfinite(asked):
                continue
            if name == OUTSIDE:
                for axis, end in enumerate(ends):
                    for place in (0.0, end):
                        wanted[axis][place] = min(max(asked, end / FINEST_BLOCK), wanted[axis].get(place, math.inf))
                continue
            if name in SIDES[3]:
                axis, end = divmod(SIDES[3].index(name), 2)
                place = ends[axis] if end else 0.0
            else:
                axis = 2
                face = self.patches[name].face if name in self.patches else ""
                place = levels[names.index(name.partition("|")[0]) + 1] if "|" in name else ends[2] if face == "top" else 0.0
            wanted[axis][place] = min(max(asked, ends[axis] / FINEST_BLOCK), wanted[axis].get(place, math.inf))
        return wanted

    def most_cells(self, faces: Mapping[str, float]) -> int:
        """An upper bound of the number of cells along one axis, without making the grid.

        Towards a place p the wanted size is s + ln(growth) x: at most ln(1 + ln(growth) L/s)/ln(growth) cells on each side.
        """
        thinnest = min(layer.thickness for layer in self.layers)
        smallest = self.smallest
        asked = [size for axis in self._wanted(faces) for size in axis.values()]
        finest = min([smallest, self.mesh.interface or max(thinnest / 5.0, smallest), thinnest, *asked])
        length, rise = max(*self.size, self.height), math.log(self.mesh.growth)
        largest = self.mesh.largest or length / 4.0
        places = 2 * sum(len(patch.squares()) for patch in self.patches.values()) + len(self.layers) + 1
        return int(length / largest + 2 * places * (1.0 + math.log1p(rise * length / finest) / rise))

    def overlaps(self, names: list[str]) -> list[tuple[str, str]]:
        """Pairs of faces of which one lies on the other, in part or as a whole: each patch with the face it is on or another patch."""
        pairs: list[tuple[str, str]] = []
        if OUTSIDE in names:
            pairs += [(other, OUTSIDE) for other in names if other != OUTSIDE and "|" not in other]
        for i, one in enumerate(names):
            patch = self.patches.get(one)
            for other in names if patch else []:
                beside = self.patches.get(other)
                if patch and other == patch.face:
                    pairs.append((one, other))
                elif patch and beside and other in names[:i] and patch.face == beside.face:
                    reach = 0.5 * (patch.side + beside.side) * (1 - 1e-9)
                    if all(abs(a - b) < reach for a, b in zip(patch.centre, beside.centre, strict=True)):
                        pairs.append((one, other))
        return pairs

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """Number of nodes without making the mesh."""
        return node_grid(self.vertex_grid(faces, refine), self.mesh.order).n_nodes

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The block on its mesh, cut open along interfaces, given the faces that the programme names."""
        return self._shape(self.vertex_grid(faces, refine), cuts, nodal is not False)

    def sheets(self) -> dict[str, float]:
        """The thickness of each layer [m]."""
        return {layer.name: float(layer.thickness) for layer in self.layers}

    def coarse(self) -> Mesh:
        """The layers with as few cells as the patches leave."""
        levels = np.concatenate([[0.0], np.cumsum([float(layer.thickness) for layer in self.layers])])
        axes = []
        for axis in (0, 1):
            ends = [0.0, float(self.size[axis])]
            ends += [float(p.centre[axis]) + sign * 0.5 * side for p in self.patches.values() for side in p.squares() for sign in (-1, 1)]
            places = np.unique(np.clip(ends, 0.0, ends[1]))
            axes.append(places[np.concatenate([[True], np.diff(places) > SNAP * ends[1]])])
        return self._shape(Grid(axes[0], axes[1], levels, (None, None)), [], True).mesh

    def exact_sizes(self, faces: Mapping[str, float]) -> dict[str, float]:
        """Volume of every layer, of the part that symmetry leaves."""
        share = 0.5 ** sum(self.symmetric(faces))
        return {layer.name: share * float(self.size[0] * self.size[1] * layer.thickness) for layer in self.layers}

    def _shape(self, grid: Grid, cuts: list[str], nodal: bool) -> Shape:
        levels = np.concatenate([[0.0], np.cumsum([float(layer.thickness) for layer in self.layers])])
        ends = (float(grid.x[-1]), float(grid.y[-1]))
        layers = {
            layer.name: [Extent((0.0, 0.0, low), (*ends, high))]
            for layer, low, high in zip(self.layers, levels[:-1], levels[1:], strict=True)
        }
        patches = {}
        for name, patch in self.patches.items():
            level = float(grid.z[-1] if patch.face == "top" else grid.z[0])
            x, y = (float(value) for value in patch.centre)
            half = 0.5 * patch.side
            patches[name] = Extent((x - half, y - half, level), (x + half, y + half, level))
        mesh = boxes_mesh([grid.x, grid.y, grid.z], layers, patches)
        areas = {}
        for name, patch in self.patches.items():
            if patch.disc is not None:
                facets = mesh.faces[name]
                away = mesh.points[facets].mean(axis=1)[:, :2] - np.array([float(value) for value in patch.centre])
                mesh.faces[name] = facets[np.hypot(*away.T) < 0.5 * patch.side]
                quarters = 2 ** sum(plane is not None for plane in grid.mirror)
                areas[name] = 0.25 * math.pi * patch.side**2 / quarters
        mirrors = [(axis, plane) for axis, plane in enumerate(grid.mirror) if plane is not None]
        inner = [mesh.faces[("right", "back")[axis]] for axis, _ in mirrors]  # planes of symmetry are no outer faces
        if inner:
            mesh.faces[OUTSIDE] = mesh.faces[OUTSIDE][rows_in(mesh.faces[OUTSIDE], np.concatenate(inner), -1) < 0]
        for axis, _ in mirrors:  # a side that is cut off is read on the one that is its image
            mesh.faces[("right", "back")[axis]] = mesh.faces[("left", "front")[axis]]
        nodes, _ = tensor_cells(node_grid(grid, self.mesh.order)[:3])
        return Shape(mesh, self.mesh.order, nodal=nodal, cuts=cuts, mirrors=mirrors, nodes=nodes, areas=areas)

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        if len(point) != 3:
            return f"three coordinates [x, y, z] are needed, found {len(point)}"
        ends = (*self.size, self.height)
        for value, end, along in zip(point, ends, "xyz", strict=True):
            if not -NINE_DIGITS * end <= value <= end * (1 + NINE_DIGITS):
                return f"lies outside the body: {along} is {float(value):.4g} m, but the body reaches from 0 m to {float(end):.4g} m"
        return None

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log: the symmetry used, the size."""
        x, y = self.symmetric(faces)
        part = {(True, True): "a quarter of the body", (False, False): "the whole body"}.get((x, y), "half of the body")
        why = (
            " (mirror planes in the middle of " + " and ".join(axis for axis, used in (("x", x), ("y", y)) if used) + ")" if x or y else ""
        )
        n = self.n_nodes(faces)
        return [f"the mesh covers {part}{why}, {n} nodes of {self.degree} hexahedra"]


def node_grid(grid: Grid, order: int) -> Grid:
    """The grid of the nodes of elements of an order on a grid of vertices."""
    return grid if order == 1 else grid._replace(x=halved(grid.x), y=halved(grid.y), z=halved(grid.z))
