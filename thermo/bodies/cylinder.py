"""A cylindrical cell, axisymmetric or in space: the roll, what is in its middle, the can."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from meshes.mesh import Mesh, rows_in
from meshes.rounds import SQUARE, at_place, disc, drawn, raised, sides_of, widened
from thermo.base.arrays import Floats
from thermo.bodies.boxes import FINEST, Box, BoxBody, LinearMesh, Region
from thermo.bodies.meshed import NINE_DIGITS, OUTSIDE, Length
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.heat.discretised import Shape
from thermo.materials.material import Material
from thermo.materials.properties import about

ACROSS = {2: 20.0, 3: 8.0}  # cells in the radius by default, by dimension


def _sides(r: Floats) -> int:
    """How many sides a body with points at r [m] has, so that its cells are about as long round it as along the radius."""
    return sides_of(float(r[-1]), float(np.diff(r).max()))


class Core(Frozen):
    """What is in the middle of the roll: a rod of a material, or nothing."""

    diameter: Length
    material: str | None = None


class Can(Frozen):
    """A can round the roll: the thickness of its wall, and of its ends where that differs."""

    material: str
    thickness: Length
    ends: Length | None = None


class Cylinder(BoxBody):
    """A cell of a `diameter` and a `length` with its can; `half`: the upper half alone, mirrored at the middle of the length.

    Regions are `roll`, `core` and `can`, the first two inside the can; coordinates r from the axis and z from the lower end, or from the
    middle of a half. By default cells are linear and at most 1/20 of the radius. In `space` they are hexahedra of at most 1/8 of it round
    the axis x = y = 0: a square in the middle and rings, polygons of the area of their circles, so that volumes are exact. The axisymmetric
    face `right` is `side` there.
    """

    kind: Literal["cylinder"]
    diameter: Length
    length: Length
    roll: str
    core: Core | None = None
    can: Can | None = None
    half: bool = True
    coordinates: Literal["axisymmetric", "space"] = "axisymmetric"
    mesh: LinearMesh = LinearMesh()

    @model_validator(mode="after")
    def _fits(self) -> Cylinder:
        problems: list[tuple[Key, str]] = []
        radius, _, end = self._inside()
        if radius <= 0.0:
            problems.append((("can", "thickness"), f"leaves no room for the roll in a diameter of {float(self.diameter):g} m"))
        elif self.core is not None and 0.5 * self.core.diameter >= radius:
            problems.append((("core", "diameter"), f"leaves no roll: the can is {2.0 * radius:g} m wide inside"))
        if 2.0 * end >= self.length:
            problems.append((("can", "ends"), f"leave no room for the roll in a length of {float(self.length):g} m"))
        if self.coordinates == "space":
            problems += [(("mesh", "order"), "must be 1 for a cylinder in space")] if self.mesh.order != 1 else []
            problems += [(("mesh", "elements"), "must be boxes for a cylinder in space")] if self.mesh.elements != "boxes" else []
        problems = problems or self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    def _inside(self) -> tuple[float, float, float]:
        """The radius of the roll, the thickness of the wall and of the ends [m]."""
        wall = float(self.can.thickness) if self.can else 0.0
        end = float(self.can.ends) if self.can and self.can.ends is not None else wall
        return 0.5 * float(self.diameter) - wall, wall, end

    def _height(self) -> tuple[float, float]:
        """Where the roll begins and ends along z [m]."""
        _, _, end = self._inside()
        return (0.0, 0.5 * float(self.length) - end) if self.half else (end, float(self.length) - end)

    @property  # type: ignore[misc]
    def symmetry(self) -> tuple[str, ...]:
        """The middle of a half."""
        return ("bottom",) if self.half else ()

    @functools.cached_property  # type: ignore[misc]
    def regions(self) -> dict[str, Region]:
        """Its parts as boxes of the half plane (r, z); later ones lie over earlier ones."""
        radius, wall, end = self._inside()
        (low, high), inner = self._height(), (0.5 * float(self.core.diameter) if self.core else 0.0)
        top = high + end
        made: dict[str, Region] = {}

        def add(name: str, material: str, box: tuple[float, float, float, float]) -> None:
            made[name] = Region.model_construct(material=material, low=box[:2], high=box[2:], boxes=())

        if self.can is not None:
            boxes = [(radius, 0.0, radius + wall, top), (0.0, high, radius, top)]
            boxes += [] if self.half else [(0.0, 0.0, radius, low)]
            parts = tuple(Box.model_construct(low=box[:2], high=box[2:]) for box in boxes)
            made["can"] = Region.model_construct(material=self.can.material, low=None, high=None, boxes=parts)
        add("roll", self.roll, (inner, low, radius, high))
        if self.core is not None and self.core.material is not None:
            add("core", self.core.material, (0.0, low, inner, high))
        return made

    @property  # type: ignore[misc]
    def patches(self) -> dict[str, Any]:
        """It has none."""
        return {}

    @property  # type: ignore[misc]
    def cross_section(self) -> None:
        """It is whole."""
        return

    @property  # type: ignore[misc]
    def thickness(self) -> None:
        """It is whole."""
        return

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every part, and where the case says so."""
        where: dict[str, Key] = {"roll": ("roll",), "core": ("core", "material"), "can": ("can", "material")}
        return {name: (region.material, where[name]) for name, region in self.regions.items()}

    def finest(self) -> float:
        """In space one cell through a thin can has to do."""
        return 1.0 if self.coordinates == "space" else super().finest()

    def _meshed(self, axes: list[Any], simplices: bool) -> Mesh:
        """The outside ends at the bore of an empty core, in which no air moves."""
        mesh = self._turned(*axes) if self.coordinates == "space" else super()._meshed(axes, simplices)
        if self.core is None or self.core.material is not None:
            return mesh
        outer, (low, high) = mesh.faces["outside"], self._height()
        along, z = mesh.points[outer, :-1], mesh.points[outer, -1]
        slack, wide = NINE_DIGITS * float(self.length), widened(_sides(axes[0])) if self.coordinates == "space" else 1.0
        within = np.linalg.norm(along, axis=-1) <= 0.5 * float(self.core.diameter) * wide + slack
        bore = within & (z >= low - slack) & (z <= high + slack)
        return mesh._replace(faces=mesh.faces | {"outside": outer[~bore.all(axis=1)]})

    def _turned(self, r: Floats, z: Floats) -> Mesh:
        """The half plane with points at r and z [m] turned round its axis."""
        radii, first = self._rings(r)
        ends = np.concatenate([[0.0], radii])
        middle, layer = 0.5 * (ends[1:] + ends[:-1]), 0.5 * (z[1:] + z[:-1])
        number = np.full((len(middle), len(layer)), -1)
        for i, extents in enumerate(self._extents().values()):
            for (r0, z0), (r1, z1) in extents:
                number[np.ix_((middle > r0) & (middle < r1), (layer > z0) & (layer < z1))] = i
        mesh = raised(disc(radii, first, _sides(r)), z, number, list(self.regions))
        outer = mesh.faces[OUTSIDE]
        rim = np.linalg.norm(mesh.points[:, :2], axis=1)
        ends_of = {"bottom": at_place(mesh, outer, 2, z[0]), "top": at_place(mesh, outer, 2, z[-1])}
        side = outer[(rim[outer] > rim.max() * (1.0 - NINE_DIGITS)).all(axis=1)]
        if self.half:
            outer = outer[rows_in(outer, ends_of["bottom"], missing=-1) < 0]
        return mesh._replace(faces={"side": side, **ends_of} | mesh.faces | {OUTSIDE: outer})

    def _rings(self, r: Floats) -> tuple[list[float], float]:
        """Half the diagonal of the square in the middle and the ends of the rings round it, and the first circle, from points at r [m]."""
        inner = min(
            low for extents in self._extents().values() for extent in extents for low in (extent.low[0], extent.high[0]) if low > 0.0
        )
        inside = r[(r > 0.0) & (r < inner * (1.0 - NINE_DIGITS))]
        square = float(inside[np.argmin(np.abs(inside - SQUARE * inner))]) if len(inside) else SQUARE * inner
        return [square, *r[r > square * (1.0 + NINE_DIGITS)].tolist()], inner

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The body on its mesh, cut open along interfaces; in space its outer faces have the areas of the round ones."""
        if self.coordinates == "axisymmetric":
            return super().shape(faces, cuts, refine=refine, nodal=nodal)
        axes = self._axes(faces, refine)
        radius, ends = 0.5 * float(self.diameter), 1.0 if self.half else 2.0
        side = 2.0 * math.pi * radius * float(axes[1][-1])
        return Shape(
            self._meshed(axes, False),
            1,
            nodal=nodal is not False,
            cuts=cuts,
            mirrors=[self.mirror(plane) for plane in self.symmetry],
            areas={"side": side, OUTSIDE: side + ends * math.pi * radius**2},
            onto=lambda points: np.concatenate([drawn(points[:, :2], _sides(axes[0])), points[:, 2:]], axis=1),
        )

    def placed(self, region: str, material: Material) -> Material:
        """A roll in space goes round the axis of the cell."""
        if self.coordinates == "axisymmetric":
            return material
        return material.model_copy(update={"thermal_conductivity": about(material.thermal_conductivity, (0.0, 0.0))})

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        if self.coordinates == "axisymmetric" or len(point) != 3:
            return super().contains(point)
        slack = NINE_DIGITS * float(self.length)
        r, z = math.hypot(float(point[0]), float(point[1])), abs(float(point[2])) if self.half else float(point[2])
        for extents in self._extents().values():
            if any(r0 - slack <= r <= r1 + slack and z0 - slack <= z <= z1 + slack for (r0, z0), (r1, z1) in extents):
                return None
        return "lies outside the body"

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """Number of nodes of the whole mesh, an empty bore included, without making it."""
        if self.coordinates == "axisymmetric":
            return super().n_nodes(faces, refine)
        r, z = self._axes(faces, refine)
        return ((_sides(r) // 4 + 1) ** 2 + _sides(r) * (len(self._rings(r)[0]) - 1)) * len(z)

    def _thin(self, faces: Mapping[str, float]) -> list[dict[float, float]]:
        """The cell size [m] that faces ask for, along r and z by place [m], no finer than a share of the span."""
        if self.coordinates == "axisymmetric":
            return super()._thin(faces)
        radius, top = 0.5 * float(self.diameter), float(self.length) * (0.5 if self.half else 1.0)
        wanted: list[dict[float, float]] = [{}, {}]
        for name, axis, place, span in (("side", 0, radius, radius), ("bottom", 1, 0.0, top), ("top", 1, top, top)):
            asked = min(faces.get(name, math.inf), faces.get(OUTSIDE, math.inf) if name not in self.symmetry else math.inf)
            if math.isfinite(asked):
                wanted[axis][place] = max(asked, span / FINEST[3])
        return wanted

    def widest(self) -> float | None:
        """The largest cell [m]."""
        return super().widest() or 0.5 * float(self.diameter) / ACROSS[self.dimension]
