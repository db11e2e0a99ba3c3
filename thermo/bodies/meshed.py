"""What every body with a mesh shares: regions and faces by name, a temperature to start from, the cells that its conditions ask for."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from meshes.mesh import Mesh, facet_pairs, region_numbers, rows_in
from thermo.base.errors import among, described, did_you_mean, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.tables import pairs
from thermo.casefile.units import Quantity, Unit
from thermo.chemistry.reacts import ReactingMaterial
from thermo.heat.discretised import Shape, facing
from thermo.materials.homogenised import Effective
from thermo.materials.material import Material
from thermo.programmes.conditions import Contact

Length = Annotated[float, Unit("length", gt=0)]
Coordinate = Annotated[float, Unit("length")]
EVERY = "interfaces"  # all that the contacts of a body do not name
OUTSIDE = "outside"  # all faces of a body that are no interfaces

NINE_DIGITS = 1e-8  # of a body: a point so near to it lies on it, as coordinates written to nine digits do


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
        from thermo.results.fields import frame_files

        return frame_files(self.folder)

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
    from thermo.results.fields import mirrored_field

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
            raise misplaced([(("result",), f"the folder of a result is needed, found {described(value['result'])}")])
        stored = Stored(value["result"], Path((info.context or {}).get("folder", "."), value["result"]))
        strange = [frame for frame in stored.frames() if not frame.is_file()]
        if strange:
            raise misplaced([(("result",), f"{strange[0]} is not a regular file")])
        return stored
    if set(value) == {"along", "table"}:
        if value["along"] not in ("x", "y", "z", "r"):
            raise misplaced([(("along",), f"x, y, z or r is needed, found {described(value['along'])}")])
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


StartTemperature = Annotated[
    Any,
    BeforeValidator(_start_temperature),
    Field(
        description="temperature at time zero: one for all, one for each region, {along, table} over a coordinate, or {result: folder}; "
        "left out where the programme sets it"
    ),
]


IN_FILM = {1: 6.0, 2: 6.0, 3: 3.0}  # cells in the depth of a film, by dimension
IN_REACH = {1: 0.3, 2: 0.7}  # cells at a face, in sqrt(a t), by order: what enters is within some 2 % then


class Meshed(Frozen):
    """What every meshed body has: regions of materials, faces by name, a temperature to start from where no programme sets it, thermal
    resistances at `contacts` between its regions, `interfaces` standing for all that are not named."""

    temperature: StartTemperature = None
    contacts: dict[str, Annotated[float, Unit("thermal resistance", gt=0)]] = {}
    has_field: ClassVar[bool] = True
    part: ClassVar[str] = "region"  # what its regions are called
    coarser: ClassVar[str] = "increase smallest, interface or growth"  # what to do about too many nodes
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

    def written(self) -> list[tuple[str, Key]]:
        """Every material of the case that the sample names, and where."""
        return list(self.materials().values())

    def made(self, materials: Mapping[str, ReactingMaterial]) -> dict[str, ReactingMaterial]:
        """The materials that the body makes of those of the case, by name; regions may have them."""
        return {}

    def consists(self, region: str) -> list[str]:
        """The materials of the case that a region is made of."""
        return [self.materials()[region][0]]

    def mixing_problems(self, materials: Mapping[str, ReactingMaterial]) -> list[tuple[Key, str]]:
        """Why it cannot make these, each with its key below `sample`."""
        return []

    def derives(self) -> dict[str, tuple[str, ...]]:
        """What `effective` gives, by name, and what is told of each."""
        return {}

    def effective(self, materials: Mapping[str, Material], temperature: float) -> dict[str, Effective | None]:
        """What layers of the body amount to at a temperature [K], from the materials of its regions as they lie there."""
        return {}

    def placed(self, region: str, material: Material) -> Material:
        """A material as it lies in a region: what a body in space knows of the axis that it goes round."""
        return material

    def sheets(self) -> dict[str, float] | None:
        """The thickness of each of its regions [m] where it is a stack of layers; None where it is not."""
        return None

    def touching(self) -> tuple[tuple[str, Any], ...]:
        """The contacts of the body itself, whatever acts on it."""
        if not self.contacts:
            return ()
        every = [name for name in self.face_names() if "|" in name] if EVERY in self.contacts else []
        named = {name: value for name, value in self.contacts.items() if name != EVERY}
        resistances = dict.fromkeys(every, self.contacts.get(EVERY)) | named
        return tuple((name, Contact.model_construct(kind="contact", resistance=value)) for name, value in resistances.items())

    def contact_problems(self) -> list[tuple[Key, str]]:
        """Contacts where two regions do not touch."""
        known = [name for name in self.face_names() if "|" in name]
        strange = [name for name in self.contacts if name not in (EVERY, *known)]
        text = "the sample has no interface {!r}: these regions do not touch"
        return [(("contacts", name), text.format(shortened(name)) + among(name, known)) for name in strange]

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
        faces = self.coarse().faces
        rows = {name: {tuple(row) for row in np.sort(faces[name], axis=1).tolist()} for name in names if name in faces}
        known = list(rows)
        return [(one, other) for i, one in enumerate(known) for other in known[:i] if rows[one] & rows[other]]

    def planes(self) -> tuple[str, ...]:
        """Sides at which the body goes on as a mirror image, and what lies on an axis."""
        return ()

    def apart(self, one: str, other: str) -> str | None:
        """What is wrong with two faces that should meet in an edge, or None."""
        from meshes.mesh import edges_between

        if one == other or self.overlaps([one, other]):
            return f"{shortened(one)!r} and {shortened(other)!r} overlap"
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
            if condition.strongest() > 0.0 and not condition.beside:  # through a good contact it is like a held face
                films[name] = films.get(name, 0.0) + condition.strongest()
        mesh = self.coarse()
        loaded = {name: None for name, condition in terms if name in mesh.faces and condition.drives(self.temperature)}
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
            if condition.outside is not None and condition.inside:
                tied |= set(label[mesh.regions[name]].tolist())
            elif condition.outside is not None or condition.beside:
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
        what = self.part
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
