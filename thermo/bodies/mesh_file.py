"""Bodies from mesh files: which region is of which material, in which unit the file is."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, PlainValidator, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from meshes.mesh import FACETS, Mesh, off_axis, on_axis
from thermo.base.errors import among, described, shortened
from thermo.bodies.meshed import NINE_DIGITS, Length, Meshed
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit, UnitError, parse
from thermo.heat.discretised import Shape
from thermo.heat.elements import Space

if TYPE_CHECKING:
    from meshes.imported import Imported

SIZES = tuple(Unit(dimension, gt=0) for dimension in ("length", "area", "volume"))  # of what a mesh of 1, 2, 3 dimensions holds
SI = ("m", "m2", "m3")
MOST_OFF = 0.2  # of the size that a case states for a region; round edges made of planes take less
MOST_POINTS = 100_000  # vertices up to which a point is looked for before the run; in a larger mesh its bounds are


class MeshFile(str):
    """The name of a mesh file as the case writes it, and where it is."""

    path: Path

    @property
    def sha256(self) -> str:
        """Of its contents, which are part of the case."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def _size(value: Any, info: ValidationInfo) -> Any:
    """A length, an area or a volume, by its unit; what is none of them is left to the mesh, whose dimension says what is wanted."""
    for unit in SIZES if isinstance(value, str) else ():
        with contextlib.suppress(PydanticCustomError):
            return unit._validate(value, info)
    return value


class ImportedRegion(Frozen):
    """The material of a region; `is`: its name or its number in the file, where that is another one; `size`: its exact volume, area or
    length, by the dimension of the mesh, for the report of it."""

    material: str
    size: Annotated[Any, PlainValidator(_size), Field(json_schema_extra={"type": "string"})] = None
    named: Annotated[str | int | None, Field(alias="is")] = None


class ImportedMeshing(Frozen):
    """How the cells of the file are used: with elements of order 1 or 2."""

    order: Annotated[int, Field(strict=True, ge=1, le=2)] = 1


class ImportedBody(Meshed):
    """A body whose mesh is there as a whole: `imported`."""

    if TYPE_CHECKING:
        regions: dict[str, Any]
        mesh: Any

    @property
    def imported(self) -> Imported:
        """The mesh as read. Raises MeshError."""
        raise NotImplementedError

    @property
    def across(self) -> float:
        """Cross-section of a line [m2], thickness of a plane [m], else 1."""
        return 1.0

    @property
    def dimension(self) -> int:
        """1, 2 or 3."""
        return int(self.imported.mesh.points.shape[1])

    @property
    def lumps(self) -> bool:
        """Whether the heat capacity of its elements can be lumped."""
        return self.mesh.order == 1 or self.boxed

    @property
    def boxed(self) -> bool:
        """Whether quadrature may have one point a node."""
        return self.imported.mesh.kind in ("line", "quad", "hexahedron") and not self.axisymmetric

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every region, and where the case says so."""
        return {name: (region.material, ("regions", name, "material")) for name, region in self.regions.items()}

    def face_names(self) -> list[str]:
        """Every face a case can name: those of the file, interfaces, the outside."""
        return list(self.imported.mesh.faces)

    def edge_names(self) -> list[str]:
        """The edges of the file."""
        return list(self.imported.mesh.edges)

    def planes(self) -> tuple[str, ...]:
        """What lies on the axis."""
        return tuple(on_axis(self.imported.mesh)) if self.axisymmetric else ()

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        mesh = self.imported.mesh
        if len(point) != self.dimension:
            return f"{self.dimension} coordinates are needed, found {len(point)}"
        place = np.array([float(v) for v in point])
        low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
        if np.any(place < low - NINE_DIGITS * (high - low)) or np.any(place > high + NINE_DIGITS * (high - low)):
            ends = ", ".join(f"{a:.4g} to {b:.4g} m" for a, b in zip(low, high, strict=True))
            return f"lies outside the body, which reaches over {ends}"
        if len(mesh.points) <= MOST_POINTS:
            try:
                Space(mesh, 1).weights_at(place)
            except ValueError:
                return "lies outside the body"
        return None

    def wanted_cells(self, terms: Iterable[tuple[str, Any]], bulk: Callable[[str], tuple[float, float]], end: float) -> dict[str, float]:
        """None: the mesh is what the file holds."""
        return {}

    def most_cells(self, faces: Mapping[str, float]) -> int:
        """The number of cells."""
        return len(self.imported.mesh.cells)

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """Number of nodes: vertices, and for order 2 about as many as edges, faces and cells have middles."""
        mesh = self.imported.mesh
        if self.mesh.order == 1:
            return len(mesh.points)
        n_facets = len(mesh.cells) * len(FACETS[mesh.kind]) // 2
        each = {"line": 1, "triangle": 0, "quad": 1, "tetra": 0, "hexahedron": 1}[mesh.kind]
        edges = {1: 0, 2: n_facets, 3: len(mesh.points) + n_facets}[self.dimension]  # in space by Euler's formula, about
        return len(mesh.points) + edges + each * len(mesh.cells) + (n_facets if mesh.kind == "hexahedron" else 0)

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The body on its mesh, cut open along interfaces."""
        if refine:
            raise ValueError("a mesh from a file cannot be refined")
        return Shape(self.imported.mesh, self.mesh.order, axisymmetric=self.axisymmetric, across=self.across, nodal=bool(nodal), cuts=cuts)

    def coarse(self) -> Mesh:
        """The mesh itself."""
        return self.imported.mesh


class ImportedMesh(ImportedBody):
    """A body from a file of Gmsh (.msh), VTK (.vtu), Abaqus (.inp) or XDMF (.xdmf), whose lengths are in `unit`.

    `regions` gives each region of the file its material; `faces` and `edges` name those that the file gives a number or another name only;
    `cell_array` is the array of cells that holds the regions (.vtu, .xdmf). Vertices nearer than `merge` are made one.
    """

    kind: Literal["mesh"]
    file: Annotated[Any, Field(json_schema_extra={"type": "string"})]
    unit: str
    coordinates: Literal["line", "plane", "axisymmetric", "space"] | None = None
    regions: dict[str, ImportedRegion]
    faces: dict[str, str | int] = {}
    edges: dict[str, str | int] = {}
    cell_array: str | None = None
    merge: Length | None = None
    cross_section: Annotated[float | None, Unit("area", gt=0)] = None
    thickness: Length | None = None
    mesh: ImportedMeshing = ImportedMeshing()

    @field_validator("file", mode="before")
    @classmethod
    def _where(cls, value: Any, info: ValidationInfo) -> MeshFile:
        if isinstance(value, MeshFile):
            return value
        if not isinstance(value, str):
            raise misplaced([((), f"the name of a mesh file is needed, found {described(value)}")])
        made = MeshFile(value)
        made.path = Path((info.context or {}).get("folder", "."), value)
        return made

    @field_validator("unit")
    @classmethod
    def _a_length(cls, value: str) -> str:
        try:
            parse(f"1 {value}", "length")
        except UnitError:
            raise misplaced([((), f"a unit of length is needed, such as mm, found {described(value)}")]) from None
        return value

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> ImportedMesh:
        from meshes.checks import sizes
        from meshes.imported import MeshError

        try:
            made = self.imported
        except MeshError as error:
            raise misplaced([_placed(self.file.path, cause) for cause in error.causes]) from None
        problems: list[tuple[Key, str]] = []
        known = list(made.mesh.regions)
        problems += [
            (("regions", name), f"the file has no region {shortened(name)!r}" + among(name, known))
            for name in self.regions
            if name not in known
        ]
        missing = [name for name in known if name not in self.regions]
        if missing:
            problems.append(
                (("regions",), f"no material for {', '.join(shortened(name) for name in missing)}; the file has {', '.join(known)}")
            )
        d = made.mesh.points.shape[1]
        size = sizes(made.mesh.points, made.mesh.cells, made.mesh.kind)
        measured = {name: float(size[cells].sum()) for name, cells in made.mesh.regions.items()}
        for name, region in self.regions.items():
            try:
                if region.size is not None:
                    said = float(SIZES[d - 1]._validate(region.size, info))
                    found = measured.get(name, said)
                    if abs(found - said) > MOST_OFF * said:
                        text = f"the mesh has {found:.4g} {SI[d - 1]} there in the unit {self.unit}, not {said:.4g} {SI[d - 1]}"
                        problems.append((("regions", name, "size"), text))
            except PydanticCustomError as error:
                problems.append((("regions", name, "size"), error.message()))
        fitting = {1: ("line",), 2: ("plane", "axisymmetric"), 3: ("space",)}[d]
        if self.coordinates not in (None, *fitting):
            problems.append((("coordinates",), f"the mesh has {d} dimensions: give {' or '.join(fitting)}"))
        if self.axisymmetric and d == 2 and made.mesh.points[:, 0].min() < -1e-9 * np.ptp(made.mesh.points[:, 0]):
            problems.append((("coordinates",), f"r must not be negative; the mesh begins at {made.mesh.points[:, 0].min():.4g} m"))
        for word, value, where in (("cross_section", self.cross_section, 1), ("thickness", self.thickness, 2)):
            if value is not None and (d != where or self.axisymmetric):
                problems.append(((word,), f"is for a {'line' if where == 1 else 'plane'} only"))
        if not problems:
            problems += self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    @property
    def imported(self) -> Imported:
        """The mesh as read. Raises MeshError."""
        stat = self.file.path.stat() if self.file.path.is_file() else None
        stamp = (stat.st_mtime_ns, stat.st_size) if stat else None
        regions = tuple((name, region.named) for name, region in self.regions.items() if region.named is not None)
        merge = None if self.merge is None else float(self.merge)
        faces, edges = tuple(self.faces.items()), tuple(self.edges.items())
        scale = float(parse(f"1 {self.unit}", "length"))
        return _read(self.file.path, stamp, scale, regions, faces, edges, merge, self.cell_array, self.axisymmetric)

    @property
    def axisymmetric(self) -> bool:
        """Whether the plane is (r, z)."""
        return self.coordinates == "axisymmetric"

    @property
    def across(self) -> float:
        """Cross-section of a line [m2], thickness of a plane [m], else 1."""
        return float(self.cross_section or self.thickness or 1.0)

    def exact_sizes(self, faces: Mapping[str, float]) -> dict[str, float]:
        """What the case says that regions measure."""
        return {name: float(region.size) for name, region in self.regions.items() if region.size is not None}

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log."""
        mesh = self.imported.mesh
        return [
            f"{self.file}: {len(mesh.cells)} cells ({mesh.kind}), {self.degree} elements, about {self.n_nodes(faces)} nodes",
            *self.imported.notes,
        ]


def _placed(path: Path, cause: str) -> tuple[Key, str]:
    """What is wrong with a mesh file, at the key of the case that it is about."""
    from meshes.imported import Misnamed

    if not isinstance(cause, Misnamed):
        return ("file",), f"{path}: {cause}"
    return (cause.what, cause.name, *(["is"] if cause.what == "regions" else [])), f"{path}: {cause.text}"


@functools.lru_cache(maxsize=4)
def _read(
    path: Path, stamp: Any, scale: float, regions: Any, faces: Any, edges: Any, merge: float | None, cell_array: str | None, turned: bool
) -> Imported:
    """A mesh file, read once as long as it stays as it is; a plane that is `turned` round an axis has no face there."""
    from meshes.imported import read_mesh

    made = read_mesh(path, scale, regions=dict(regions), faces=dict(faces), edges=dict(edges), merge=merge, cell_array=cell_array)
    return made._replace(mesh=off_axis(made.mesh)) if turned and made.mesh.points.shape[1] == 2 else made
