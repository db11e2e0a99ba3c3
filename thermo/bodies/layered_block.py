"""Bodies as a case names them: layered blocks, and what every meshed body shares."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from meshes.block import SNAP, Grid, box_grid, halved
from meshes.boxes import SIDES, Extent, boxes_mesh, tensor_cells
from meshes.mesh import Mesh, facet_pairs, region_numbers, rows_in
from thermo.base.errors import described, did_you_mean, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.tables import pairs
from thermo.casefile.units import Quantity, Unit
from thermo.heat.discretised import Shape, facing
from thermo.programmes.conditions import drives

Length = Annotated[float, Unit("length", gt=0)]
Coordinate = Annotated[float, Unit("length")]
FACES = SIDES[3]
OUTSIDE = "outside"  # all faces of a body that are no interfaces

STEPS = 4  # of the edge of a disc in each quarter
NINE_DIGITS = 1e-8  # of a body: a point so near to it lies on it, as coordinates written to nine digits do
MOST_LAYERS, MOST_PATCHES = 200, 50  # the grid is graded towards each from every place


class Along(NamedTuple):
    """A temperature over a coordinate: linear between the rows, constant beyond the ends."""

    letter: str
    position: tuple[Quantity, ...]
    value: tuple[Quantity, ...]

    def entries(self) -> Iterator[tuple[Key, Quantity]]:
        """Every number with its key as the file has it."""
        for i, row in enumerate(zip(self.position, self.value, strict=True)):
            yield ("table", i, 0), row[0]
            yield ("table", i, 1), row[1]


def no_contradiction(mesh: Any) -> Any:
    """A mesh whose smallest cells are not larger than its largest ones. Raises a mistake."""
    if mesh.smallest is not None and mesh.largest is not None and mesh.smallest > mesh.largest:
        raise misplaced([(("smallest",), f"{float(mesh.smallest):g} m is more than 'largest', {float(mesh.largest):g} m")])
    return mesh


class Stored(NamedTuple):
    """The last field of another result: its folder as the case writes it, and where that is."""

    result: str
    folder: Path

    def frames(self) -> list[Path]:
        """The files with its fields."""
        return sorted((self.folder / "fields").glob("frame-*.vtu"))

    @property
    def sha256(self) -> str:
        """Of the file with the field, which is part of the case."""
        frames = self.frames()
        return hashlib.sha256(frames[-1].read_bytes()).hexdigest() if frames else ""

    def mirrored(self, axis: int, plane: float) -> bool:
        """Whether the field is its own mirror image at a plane across an axis [m]."""
        return _mirrored(self.folder, self.sha256, axis, plane)


@functools.lru_cache(maxsize=16)
def _mirrored(folder: Path, sha256: str, axis: int, plane: float) -> bool:
    from thermo.results.store import mirrored_field

    return mirrored_field(folder, axis, plane)


AXES = ("x", "y", "z")


def _start_temperature(value: Any, info: ValidationInfo) -> Any:
    """A temperature; by region; `{along: z, table: [[place, temperature], ...]}`; `{result: folder}`."""
    unit = Unit("temperature")
    if isinstance(value, Along | Stored):
        return value
    if not isinstance(value, dict):
        return unit._validate(value, info)
    if set(value) == {"result"}:
        if not isinstance(value["result"], str):
            raise misplaced([(("result",), f"the folder of a result is wanted, found {described(value['result'])}")])
        stored = Stored(value["result"], Path((info.context or {}).get("folder", "."), value["result"]))
        strange = [frame for frame in stored.frames() if not frame.is_file()]
        if strange:
            raise misplaced([(("result",), f"{strange[0]} is not a regular file")])
        return stored
    if set(value) == {"along", "table"}:
        if value["along"] not in ("x", "y", "z", "r"):
            raise misplaced([(("along",), f"x, y, z or r is wanted, found {described(value['along'])}")])
        return Along(value["along"], *pairs(value["table"], Unit("length"), unit, info, ("0 mm", "5 mm")))
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


StartTemperature = Annotated[Any, BeforeValidator(_start_temperature)]


FINEST_BLOCK = 400.0  # of a span of a block no finer share than this is taken by default
IN_FILM = {1: 6.0, 2: 6.0, 3: 3.0}  # cells in the depth of a film, by dimension
IN_REACH = {1: 0.3, 2: 0.7}  # cells at a face, in sqrt(a t), by order: what enters is within some 2 % then


class Meshed(Frozen):
    """What every meshed body has: regions of materials, faces by name, a temperature to start from where no programme sets it."""

    temperature: StartTemperature = None
    has_field: ClassVar[bool] = True
    if TYPE_CHECKING:
        mesh: Any
        kind: Any

    @property
    def degree(self) -> str:
        """Of the elements, in words."""
        return "quadratic" if self.mesh.order == 2 else "linear"

    @property
    def dimension(self) -> int:
        """1, 2 or 3."""
        return 3

    @property
    def axisymmetric(self) -> bool:
        """Whether the plane is turned round its second axis."""
        return False

    @property
    def lumps(self) -> bool:
        """Whether the heat capacity of its elements can be lumped: the share of every node is positive."""
        return True

    @property
    def boxed(self) -> bool:
        """Whether quadrature may have one point a node: lines, quadrilaterals or hexahedra, and no radius that vanishes at one."""
        return True

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every region, and where the case says so below `sample`."""
        raise NotImplementedError

    def region_names(self) -> list[str]:
        """Every region a case can name."""
        return list(self.materials())

    def face_names(self) -> list[str]:
        """Every face a case can name."""
        raise NotImplementedError

    def edge_names(self) -> list[str]:
        """Every edge that has a name of its own."""
        return []

    def overlaps(self, names: list[str]) -> list[tuple[str, str]]:
        """Pairs of faces of which one lies on the other, in part or as a whole."""
        raise NotImplementedError

    def planes(self) -> tuple[str, ...]:
        """Sides at which the body goes on as a mirror image, and what lies on an axis."""
        return ()

    def apart(self, one: str, other: str) -> str | None:
        """What is wrong with two faces that should meet in an edge, or None."""
        from meshes.mesh import edges_between

        if one == other or self.overlaps([one, other]):
            return f"{shortened(one)!r} and {shortened(other)!r} lie on each other"
        met = len(edges_between(self.coarse(), one, other))
        return None if met else f"{shortened(one)!r} and {shortened(other)!r} do not meet in an edge"

    def no_gap(self, one: str, other: str) -> str | None:
        """What is wrong with two faces that should look at each other across a gap, or None."""
        try:
            facing(self.coarse(), one, other, self.axisymmetric)
        except ValueError as error:
            return str(error)
        return None

    def within(self, face: str) -> bool:
        """Whether a face, or a part of it, lies within the body."""
        from meshes.mesh import between_cells

        mesh = self.coarse()
        return bool(np.any(between_cells(mesh, mesh.faces[face])))

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        raise NotImplementedError

    def most_cells(self, faces: Mapping[str, float]) -> int:
        """An upper bound of the number of cells along one axis, without making the mesh."""
        raise NotImplementedError

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """Number of nodes, holes included, without making the mesh."""
        raise NotImplementedError

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log."""
        raise NotImplementedError

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The body on its mesh, cut open along interfaces, given the faces that the programme names. Raises ValueError."""
        raise NotImplementedError

    def coarse(self) -> Mesh:
        """The coarsest mesh that shows what touches what."""
        raise NotImplementedError

    def exact_sizes(self, faces: Mapping[str, float]) -> dict[str, float]:
        """Length, area or volume of every region in a mesh made for the faces that the programme names; of boxes that is exact."""
        from meshes.checks import sizes

        mesh = self.coarse()
        size = sizes(mesh.points, mesh.cells, mesh.kind)
        return {name: float(size[cells].sum()) for name, cells in mesh.regions.items()}

    def wanted_cells(self, terms: Iterable[tuple[str, Any]], bulk: Callable[[str], tuple[float, float]], end: float) -> dict[str, float]:
        """The cell size [m] that each face of the default mesh asks for, from the conditions on it until the `end` [s], infinite if steady.

        A share of the depth k/h of its films, and of sqrt(a t), as far as heat goes in that time. `bulk` gives the least conductivity
        [W/(m K)] and the least diffusivity [m2/s] of a material.
        """
        terms = list(terms)
        films: dict[str, float] = {}
        for name, condition in terms:
            if condition.strongest() > 0.0:
                films[name] = films.get(name, 0.0) + condition.strongest()
        mesh = self.coarse()
        loaded = {name: None for name, condition in terms if name in mesh.faces and drives(condition, self.temperature)}
        loaded |= dict.fromkeys(face for face in mesh.faces if "|" in face and self.jumps(face))
        if not loaded:
            return {}
        facets, sides = facet_pairs(mesh)
        number, known = np.append(region_numbers(mesh), -1), np.sort(facets, axis=1)
        found = {}
        for name in loaded:
            on = rows_in(np.sort(mesh.faces[name], axis=1), known)
            beside = {list(mesh.regions)[k] for k in number[sides[on]].ravel().tolist() if k >= 0}
            k, diffusivity = (min(values) for values in zip(*(bulk(self.materials()[region][0]) for region in beside), strict=True))
            size = k / films[name] / IN_FILM[self.dimension] if films.get(name) else math.inf
            if math.isfinite(end):
                size = min(size, IN_REACH[self.mesh.order] * math.sqrt(diffusivity * end))
            found[name] = size
        return found

    def jumps(self, face: str) -> bool:
        """Whether the two regions of an interface start at different temperatures."""
        start, (one, other) = self.temperature, face.split("|")
        return isinstance(start, dict) and one in start and other in start and float(start[one]) != float(start[other])

    def untied(self, terms: Iterable[tuple[str, Any]], steady: bool) -> list[str]:
        """A region of every part that no condition ties to a temperature, from its terms (face, condition).

        In a steady state the part beyond a gap must be tied in turn; else a gap to another part is enough.
        """
        from meshes.checks import parts

        mesh = self.coarse()
        label = parts(mesh)
        facets, sides = facet_pairs(mesh)
        known = np.sort(facets, axis=1)

        def touched(face: str) -> set[int]:
            return set(label[sides[rows_in(np.sort(mesh.faces[face], axis=1), known), 0]].tolist())

        tied, gaps = set[int](), []
        for name, condition in terms:
            if condition.outside is not None:
                tied |= touched(name)
            elif condition.links and not condition.parts:
                gaps.append(touched(name) | touched(condition.to))
        for _ in gaps:
            for both in gaps:
                tied |= both if both & tied or (not steady and len(both) > 1) else set()
        loose = [part for part in range(int(label.max()) + 1) if part not in tied]
        return [next(name for name, cells in mesh.regions.items() if np.any(label[cells] == part)) for part in loose]

    def start_problems(self) -> list[tuple[Key, str]]:
        """What is wrong with temperatures by region or along an axis."""
        names = self.region_names()
        if isinstance(self.temperature, Along) and self.temperature.letter not in self.letters():
            return [(("temperature", "along"), f"the coordinates of the body are {' and '.join(self.letters())}")]
        if not isinstance(self.temperature, dict):
            return []
        what = "layer" if isinstance(self, LayeredBlock) else "region"
        found: list[tuple[Key, str]] = [
            (("temperature", n), f"no such {what}" + did_you_mean(n, names)) for n in self.temperature if n not in names
        ]
        missing = [n for n in names if n not in self.temperature]
        return found + [(("temperature",), f"the {what} {shortened(n)!r} has no temperature") for n in missing]

    def letters(self) -> tuple[str, ...]:
        """The coordinates of the body."""
        return ("r", "z") if self.axisymmetric else AXES[: self.dimension]

    def start_of(self, region: str) -> float:
        """The temperature of a region at time zero [K], where it is uniform."""
        return float(self.temperature[region] if isinstance(self.temperature, dict) else self.temperature)


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
            raise misplaced([((), "one of 'square', its side, and 'disc', its diameter, is wanted")])
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
            raise misplaced([((), f"1 or 2 is wanted, found {described(value)}")])
        return value

    _sizes = model_validator(mode="after")(no_contradiction)


class LayeredBlock(Meshed):
    """A block of named layers along z, with patches on its top and bottom."""

    kind: Literal["layered-block"]
    size: tuple[Length, Length]
    layers: tuple[Layer, ...]
    patches: dict[str, Patch] = {}
    mesh: BlockMesh = BlockMesh()

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
            if name in FACES or name == OUTSIDE or not name or "|" in name or "." in name:
                problems.append((("layers", i, "name"), f"{shortened(name)!r} is taken, is empty or has '|' or '.' in it"))
        for name, patch in self.patches.items():
            if name in FACES or name == OUTSIDE or name in names:
                problems.append((("patches", name), f"the name {shortened(name)!r} is taken by a face or a layer"))
            if not name or "|" in name or "." in name:
                problems.append((("patches", name), "a name is not empty and has neither '|' nor '.' in it"))
            for axis, along in enumerate("xy"):
                low, high = patch.centre[axis] - 0.5 * patch.side, patch.centre[axis] + 0.5 * patch.side
                if low < -1e-9 * self.size[axis] or high > self.size[axis] * (1 + 1e-9):
                    end = self.size[axis]
                    text = f"reaches from {low:.4g} m to {high:.4g} m along {along}, the face from 0 m to {end:.4g} m"
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
            return f"three coordinates [x, y, z] are wanted, found {len(point)}"
        ends = (*self.size, self.height)
        for value, end, along in zip(point, ends, "xyz", strict=True):
            if not -NINE_DIGITS * end <= value <= end * (1 + NINE_DIGITS):
                return f"lies outside the body: {along} is {float(value):.4g} m, the body reaches from 0 m to {float(end):.4g} m"
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
