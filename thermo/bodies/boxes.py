"""Bodies made of boxes: a line, a plane, a plane turned round an axis, a body in space."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from meshes.block import SNAP
from meshes.boxes import SIDES, Extent, boxes_axes, boxes_mesh, patch_sizes
from meshes.mesh import Mesh, off_axis, on_axis, rows_in
from thermo.base.errors import shortened
from thermo.bodies.meshed import AXES, NINE_DIGITS, Coordinate, Length, Meshed, no_contradiction
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit, show
from thermo.heat.discretised import Shape

EQUAL = 1e-12  # of the length of the body: sides so near are the same, written in other units
FINEST = {1: 2000.0, 2: 400.0, 3: 100.0}  # of a span no finer share than this is taken by default, by dimension
MOST_BOXES = 500  # sides of all boxes are planes of the mesh


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


Corner = Annotated[tuple[Coordinate, ...], BeforeValidator(_as_list)]


class Box(Frozen):
    """A box between two corners; on a patch they are equal along one axis."""

    low: Corner = Field(alias="from")
    high: Corner = Field(alias="to")

    def extent(self) -> Extent:
        """Both corners as plain numbers [m]."""
        return Extent(tuple(float(v) for v in self.low), tuple(float(v) for v in self.high))


class Region(Frozen):
    """A material in one box, or in several."""

    material: str
    low: Corner | None = Field(None, alias="from")
    high: Corner | None = Field(None, alias="to")
    boxes: tuple[Box, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Region:
        one = self.low is not None and self.high is not None
        if (self.low is None) != (self.high is None) or one == bool(self.boxes):
            raise misplaced([((), "give either 'from' and 'to', or 'boxes' with several such pairs")])
        return self

    def parts(self) -> list[tuple[Key, Box]]:
        """Each box with its key below the region."""
        if self.boxes:
            return [(("boxes", i), box) for i, box in enumerate(self.boxes)]
        return [((), Box.model_construct(low=self.low, high=self.high))]


class BoxesMesh(Frozen):
    """How fine a body of boxes is meshed: cells of `smallest` at every side of a box, growing by `growth` to `largest`.

    `order` 2: quadratic elements, 1: linear ones (no undershoot). `elements`: boxes, or each cut into simplices.
    """

    order: Annotated[int, Field(strict=True, ge=1, le=2)] = 2
    elements: Literal["boxes", "simplices"] = "boxes"
    smallest: Length | None = None
    growth: Annotated[float, Unit("number", gt=1, le=10)] = 1.5
    largest: Length | None = None

    _sizes = model_validator(mode="after")(no_contradiction)


class LinearMesh(BoxesMesh):
    """The same with linear elements by default, as bodies that react want them."""

    order: Annotated[int, Field(strict=True, ge=1, le=2)] = 1


class BoxBody(Meshed):
    """What every body of boxes does with its regions, patches, mirrors and mesh, however a case states them."""

    if TYPE_CHECKING:
        coordinates: Any
        regions: Any
        patches: Any
        symmetry: Any
        cross_section: Any
        thickness: Any

    @property
    def dimension(self) -> int:
        """1, 2 or 3."""
        return {"line": 1, "plane": 2, "axisymmetric": 2, "space": 3}[self.coordinates]

    @property
    def axisymmetric(self) -> bool:
        """Whether the plane is (r, z)."""
        return bool(self.coordinates == "axisymmetric")

    @property
    def lumps(self) -> bool:
        """Whether the heat capacity of its elements can be lumped."""
        return bool(self.mesh.order == 1) or self.boxed

    @property
    def boxed(self) -> bool:
        """Whether quadrature has one point a node: cells are boxes, and no radius vanishes at a node."""
        return (self.mesh.elements == "boxes" or self.dimension == 1) and not self.axisymmetric

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every region, and where the case says so."""
        return {name: (region.material, ("regions", name, "material")) for name, region in self.regions.items()}

    def widest(self) -> float | None:
        """The largest cell [m]; None where that is left to the mesh."""
        return None if self.mesh.largest is None else float(self.mesh.largest)

    def widest_along(self) -> list[float | None]:
        """The same along each axis."""
        return [self.widest()] * self.dimension

    def finest(self) -> float:
        """The smallest cell as a share of the shortest distance between two sides of boxes, where the case says nothing."""
        return 0.25

    def _extents(self) -> dict[str, list[Extent]]:
        return {name: [box.extent() for _, box in region.parts()] for name, region in self.regions.items()}

    def _patches(self) -> dict[str, Extent]:
        return {name: box.extent() for name, box in self.patches.items()}

    def _thin(self, faces: Mapping[str, float]) -> list[dict[float, float]]:
        """The cell size [m] that faces ask for, along each axis by place [m], no finer than a share of the span."""
        low, high = self._coarse.points.min(axis=0), self._coarse.points.max(axis=0)
        wanted: list[dict[float, float]] = [{} for _ in range(self.dimension)]
        for name, asked in faces.items():
            rows = self._coarse.faces.get(name)
            if rows is None or not len(rows) or not math.isfinite(asked):
                continue
            corners = self._coarse.points[rows]
            flat = np.ptp(corners, axis=1) == 0.0  # along which axis each facet has no width
            for axis in range(self.dimension):
                size = max(asked, float(high[axis] - low[axis]) / FINEST[self.dimension])
                for place in np.unique(corners[flat[:, axis], 0, axis]).tolist():
                    wanted[axis][place] = min(size, wanted[axis].get(place, size))
        return wanted

    def _axes(self, faces: Mapping[str, float] | None = None, refine: int = 0, coarse: bool = False) -> list[Any]:
        size, largest = self.mesh.smallest, self.widest_along()
        return boxes_axes(
            [extent for group in self._extents().values() for extent in group],
            list(self._patches().values()),
            self._thin(faces) if faces else (),
            smallest=1e9 if coarse else None if size is None else float(size),
            growth=float(self.mesh.growth),
            largest=1e9 if coarse else largest,
            share=self.finest(),
            refine=refine,
        )

    def coarse(self) -> Mesh:
        """The coarsest mesh that shows what touches what."""
        return self._coarse

    @functools.cached_property
    def _coarse(self) -> Mesh:
        return self._meshed(self._axes(coarse=True), False)

    def _meshed(self, axes: list[Any], simplices: bool) -> Mesh:
        mesh = boxes_mesh(axes, self._extents(), self._patches(), simplices)
        outer = mesh.faces["outside"]
        for side in self.symmetry:  # the body goes on there
            outer = outer[rows_in(outer, mesh.faces[side], missing=-1) < 0]
        mesh = mesh._replace(faces=mesh.faces | {"outside": outer})
        return off_axis(mesh) if self.axisymmetric else mesh

    def planes(self) -> tuple[str, ...]:
        """Sides at which the body goes on as a mirror image, and what lies on the axis."""
        return (*self.symmetry, *(on_axis(self._coarse) if self.axisymmetric else ()))

    def face_names(self) -> list[str]:
        """Every face a case can name: sides, the outside, interfaces, patches."""
        return [name for name, rows in self._coarse.faces.items() if len(rows)]

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """Number of nodes of the whole tensor mesh, holes included, without making it."""
        return int(np.prod([self.mesh.order * (len(points) - 1) + 1 for points in self._axes(faces, refine)]))

    def most_cells(self, faces: Mapping[str, float]) -> int:
        """An upper bound of the number of cells along one axis, without making the mesh."""
        bounds = [0]
        bodies = [extent for group in self._extents().values() for extent in group]
        extents = bodies + list(self._patches().values())
        wanted, thin = patch_sizes(bodies, list(self._patches().values())), self._thin(faces)
        widest = self.widest_along()
        for axis in range(len(wanted)):
            ends = np.unique([value for extent in extents for value in (extent.low[axis], extent.high[axis])])
            span, shortest = float(ends[-1] - ends[0]), float(np.min(np.diff(ends)))
            finest = min([shortest / 4.0, *wanted[axis].values(), *thin[axis].values()])
            fine, rise = float(self.mesh.smallest or finest), float(np.log(self.mesh.growth))
            most = span / (widest[axis] or 0.1 * span)
            bounds.append(int(most + 2 * len(ends) * (1.0 + np.log1p(rise * span / fine) / rise)))
        return max(bounds)

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The body on its mesh, cut open along interfaces."""
        mesh = self._meshed(self._axes(faces, refine), self.mesh.elements == "simplices")
        return Shape(
            mesh,
            self.mesh.order,
            axisymmetric=self.axisymmetric,
            across=float(self.cross_section or self.thickness or 1.0),
            nodal=self.boxed if nodal is None else nodal,
            cuts=cuts,
            mirrors=[self.mirror(side) for side in self.symmetry],
        )

    def mirror(self, side: str) -> tuple[int, float]:
        """The axis of a side and where the body ends there [m]."""
        axis, end = divmod(SIDES[self.dimension].index(side), 2)
        ends = self._coarse.points[:, axis]
        return axis, float(ends.max() if end else ends.min())

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        if len(point) != self.dimension:
            return f"{self.dimension} coordinates are needed, found {len(point)}"
        corners = self._coarse.points[self._coarse.cells]
        low, high = corners.min(axis=1), corners.max(axis=1)
        slack = NINE_DIGITS * np.ptp(self._coarse.points, axis=0)
        place = np.array([float(v) for v in point])
        for side in self.symmetry:
            axis, plane = self.mirror(side)
            inward = 1.0 if plane < corners[:, :, axis].mean() else -1.0
            place[axis] = plane + inward * abs(place[axis] - plane)
        if np.any(np.all((place >= low - slack) & (place <= high + slack), axis=1)):
            return None
        return "lies outside the body"

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log."""
        names = {1: "lines", 2: "quadrilaterals", 3: "hexahedra"}
        if self.mesh.elements == "simplices" and self.dimension > 1:
            names = {2: "triangles", 3: "tetrahedra"}
        mirrored = f"; mirrored at {', '.join(self.symmetry)}" if self.symmetry else ""
        return [f"the mesh has up to {self.n_nodes(faces)} nodes of {self.degree} {names[self.dimension]}{mirrored}"]


class Boxes(BoxBody):
    """Regions made of boxes; where two lie over each other, the later one counts. What no box covers is empty.

    `coordinates`: `line` (x), `plane` (x, y), `axisymmetric` (r, z), `space` (x, y, z). A line has a `cross_section`, a plane a
    `thickness`. `symmetry` names sides at which the body goes on as a mirror image.
    """

    kind: Literal["boxes"]
    coordinates: Literal["line", "plane", "axisymmetric", "space"]
    regions: dict[str, Region]
    patches: dict[str, Box] = {}
    cross_section: Annotated[float | None, Unit("area", gt=0)] = None
    thickness: Length | None = None
    symmetry: tuple[str, ...] = ()
    mesh: BoxesMesh = BoxesMesh()

    @model_validator(mode="after")
    def _fits(self) -> Boxes:
        problems: list[tuple[Key, str]] = []
        n = self.dimension
        form = "[" + ", ".join(("r", "z") if self.axisymmetric else AXES[:n]) + "]"
        if not self.regions:
            problems.append((("regions",), "a body needs at least one region"))
        entries: list[tuple[Key, Box, bool]] = []
        for name, region in self.regions.items():
            entries += [(("regions", name, *key), box, False) for key, box in region.parts()]
        entries += [(("patches", name), box, True) for name, box in self.patches.items()]
        if len(entries) > MOST_BOXES:
            raise misplaced([(("regions",), f"has {len(entries)} boxes and patches; at most {MOST_BOXES} are accepted")])
        for key, box, patch in entries:
            for end, corner in (("from", box.low), ("to", box.high)):
                if len(corner) != n:
                    problems.append(((*key, end), f"{n} coordinates {form} are needed, found {len(corner)}"))
            if len(box.low) == len(box.high) == n:
                problems += [((*key, word), text) for word, text in self._corner_problems(box, patch)]
        if not problems:
            problems += self._near_problems(entries)
        sides = [*SIDES[n], "outside"]
        for group, names in (("regions", self.regions), ("patches", self.patches)):
            for name in names:
                if not name or "|" in name or "." in name or name in sides or (group == "patches" and name in self.regions):
                    problems.append(((group, name), f"{shortened(name)!r} is already used, is empty or contains '|' or '.'"))
        for word, value, where in (("cross_section", self.cross_section, "line"), ("thickness", self.thickness, "plane")):
            if value is not None and self.coordinates != where:
                problems.append(((word,), f"is for coordinates '{where}' only"))
        for i, side in enumerate(self.symmetry):
            if side not in SIDES[n]:
                problems.append((("symmetry", i), f"one of {', '.join(SIDES[n])} is needed, found {shortened(side)!r}"))
            elif side in self.symmetry[:i] or SIDES[n][SIDES[n].index(side) ^ 1] in self.symmetry[:i]:
                problems.append((("symmetry", i), "a body can be mirrored at one end of an axis only"))
            elif self.axisymmetric and side in ("left", "right"):
                problems.append((("symmetry", i), "the axis is already a symmetry, and the outside cannot be one"))
        if not problems:
            coarse = self._coarse
            problems += [
                (("regions", name), "is completely covered by later regions") for name, rows in coarse.regions.items() if not len(rows)
            ]
            problems += [(("patches", name), "lies on no face of the body") for name in self.patches if not len(coarse.faces[name])]
        problems += self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    def _near_problems(self, entries: list[tuple[Key, Box, bool]]) -> list[tuple[Key, str]]:
        """Sides of boxes that are apart and too near for a mesh between them."""
        found: list[tuple[Key, str]] = []
        for axis in range(self.dimension):
            ends = sorted(
                ((float(corner[axis]), (*key, end)) for key, box, _ in entries for end, corner in (("from", box.low), ("to", box.high))),
                key=lambda entry: entry[0],
            )
            span = ends[-1][0] - ends[0][0]
            along = (("r", "z") if self.axisymmetric else AXES)[axis]
            for (low, other), (high, key) in itertools.pairwise(ends):
                if EQUAL * span < high - low <= SNAP * span:
                    apart, least = show(high - low, "length"), show(SNAP * span, "length")
                    if other[:-1] == key[:-1]:
                        text = f"is {apart} wide along {along}, the whole body {show(span, 'length')}: a mesh needs more than {least}"
                    else:
                        text = (
                            f"lies {apart} from a side of {'.'.join(map(str, other[:-1]))} along {along}: make them equal or {least} apart"
                        )
                    found.append((key, text))
        return found

    def _corner_problems(self, box: Box, patch: bool) -> list[tuple[str, str]]:
        found = []
        flat = [a == b for a, b in zip(box.low, box.high, strict=True)]
        if any(b < a for a, b in zip(box.low, box.high, strict=True)):
            found.append(("to", "lies below 'from' along an axis"))
        elif patch and sum(flat) != 1:
            found.append(("to", "must equal 'from' along exactly one axis: a patch is flat"))
        elif not patch and any(flat):
            found.append(("to", "equals 'from' along an axis: the box has no volume"))
        if self.axisymmetric and box.low[0] < 0.0:
            found.append(("from", "r must not be negative"))
        return found
