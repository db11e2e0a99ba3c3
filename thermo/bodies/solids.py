"""Bodies of cylinders, spheres and boxes that Gmsh meshes with tetrahedra."""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from meshes.solids import Solid, SolidsError, solids_mesh
from thermo.bodies.boxes import Box
from thermo.bodies.mesh_file import ImportedBody
from thermo.bodies.meshed import Coordinate, Length
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key

if TYPE_CHECKING:
    from meshes.imported import Imported

Point = tuple[Coordinate, Coordinate, Coordinate]
MOST_CELLS = 20_000_000  # that a size may ask for


class Cylinder(Frozen):
    """A full cylinder between the middles of its ends."""

    low: Point = Field(alias="from")
    high: Point = Field(alias="to")
    radius: Length

    def solid(self) -> Solid:
        """As the mesher takes it."""
        return Solid("cylinder", _plain(self.low), _plain(self.high), float(self.radius))


class Sphere(Frozen):
    """A full sphere."""

    centre: Point
    radius: Length

    def solid(self) -> Solid:
        """As the mesher takes it."""
        return Solid("sphere", _plain(self.centre), _plain(self.centre), float(self.radius))


class SolidRegion(Frozen):
    """A material in a cylinder, a sphere or a box."""

    material: str
    cylinder: Cylinder | None = None
    sphere: Sphere | None = None
    box: Box | None = None

    @model_validator(mode="after")
    def _one(self) -> SolidRegion:
        if sum(part is not None for part in (self.cylinder, self.sphere, self.box)) != 1:
            raise misplaced([((), "give one of 'cylinder', 'sphere' and 'box'")])
        return self

    def solid(self) -> Solid:
        """As the mesher takes it."""
        part = self.cylinder or self.sphere
        if part is not None:
            return part.solid()
        assert self.box is not None
        return Solid("box", _plain(self.box.low), _plain(self.box.high), 0.0)


class SolidsMeshing(Frozen):
    """Tetrahedra of `order` 1 or 2, with edges of about `size`; a round face gets at least twelve a turn."""

    order: Annotated[int, Field(strict=True, ge=1, le=2)] = 1
    size: Length


class Solids(ImportedBody):
    """Regions that are solids; where two lie over each other, the later one counts. `patches` are boxes: faces of the outside that lie
    in one as a whole go by its name."""

    kind: Literal["solids"]
    regions: dict[str, SolidRegion]
    patches: dict[str, Box] = {}
    mesh: SolidsMeshing

    @model_validator(mode="after")
    def _fits(self) -> Solids:
        problems: list[tuple[Key, str]] = []
        if not self.regions:
            problems.append((("regions",), "a body needs at least one region"))
        for group, names in (("regions", self.regions), ("patches", self.patches)):
            for name in names:
                if not name or "|" in name or "." in name or name == "outside" or (group == "patches" and name in self.regions):
                    problems.append(((group, name), f"{name!r} is already used, is empty or contains '|' or '.'"))
        boxes: list[tuple[Key, Box, bool]] = [
            (("regions", name, "box"), region.box, False) for name, region in self.regions.items() if region.box
        ]
        boxes += [(("patches", name), box, True) for name, box in self.patches.items()]
        for key, box, patch in boxes:
            if len(box.low) != 3 or len(box.high) != 3:
                problems.append((key, "three coordinates [x, y, z] are needed for 'from' and 'to'"))
            elif any(b < a or (a == b and not patch) for a, b in zip(box.low, box.high, strict=True)):
                problems.append(
                    ((*key, "to"), "lies below 'from' along an axis" if patch else "must lie above 'from' along all three axes")
                )
        for name, region in self.regions.items():
            if region.cylinder and region.cylinder.low == region.cylinder.high:
                problems.append((("regions", name, "cylinder", "to"), "equals 'from': the cylinder has no length"))
        if problems:
            raise misplaced(problems)
        solids = [region.solid() for region in self.regions.values()]
        volume = sum(_bounds(solid) for solid in solids)
        if 12.0 * volume / float(self.mesh.size) ** 3 > MOST_CELLS:
            raise misplaced([(("mesh", "size"), f"gives more than {MOST_CELLS} cells")])
        from meshes.imported import MeshError

        try:
            _ = self.imported
        except (MeshError, SolidsError) as error:
            raise misplaced([((), str(error))]) from None
        problems = [(("regions", name), "is not in the mesh") for name in self.regions if name not in self.imported.mesh.regions]
        problems += self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    @property
    def imported(self) -> Imported:
        """The mesh. Raises MeshError or SolidsError."""
        return self._made[0]

    @property
    def _made(self) -> tuple[Imported, dict[str, float]]:
        regions = {name: [region.solid()] for name, region in self.regions.items()}
        patches = {name: (_plain(box.low), _plain(box.high)) for name, box in self.patches.items()}
        return _meshed(json.dumps([regions, patches, float(self.mesh.size)]))

    def exact_sizes(self, faces: Mapping[str, float]) -> dict[str, float]:
        """Volumes of the regions, whose round faces the mesh replaces by planes."""
        return self._made[1]

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log."""
        mesh = self.imported.mesh
        text = f"Gmsh made {len(mesh.cells)} tetrahedra, {self.degree} elements, about {self.n_nodes(faces)} nodes"
        text += "; planes replace round faces"
        return [text, *self.imported.notes]


def _plain(point: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in point)


def _bounds(solid: Solid) -> float:
    """Volume of a box about a solid, or of something larger [m3]."""
    sides = [abs(b - a) + 2.0 * solid.radius for a, b in zip(solid.start, solid.end, strict=True)]
    return sides[0] * sides[1] * sides[2]


@functools.lru_cache(maxsize=4)
def _meshed(told: str) -> tuple[Imported, dict[str, float]]:
    """A body once meshed, and read as any file of Gmsh is: in a process of its own, checked."""
    from meshes.imported import read_mesh

    regions, patches, size = json.loads(told)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"body-{hashlib.sha256(told.encode()).hexdigest()[:8]}.msh"
        volumes = solids_mesh(path, regions, patches, size)
        return read_mesh(path, 1.0), volumes
