"""A cylindrical cell, axisymmetric: the roll, what is in its middle, the can."""

from __future__ import annotations

import functools
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from meshes.mesh import Mesh
from thermo.bodies.boxes import Box, BoxBody, LinearMesh, Region
from thermo.bodies.meshed import NINE_DIGITS, Length
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key

ACROSS = 20.0  # cells in the radius by default


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
    middle of a half. By default cells are linear and at most 1/20 of the radius.
    """

    kind: Literal["cylinder"]
    diameter: Length
    length: Length
    roll: str
    core: Core | None = None
    can: Can | None = None
    half: bool = True
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
    def coordinates(self) -> str:
        """It is turned round its axis."""
        return "axisymmetric"

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

    def _meshed(self, axes: list[Any], simplices: bool) -> Mesh:
        """The outside ends at the bore of an empty core, in which no air moves."""
        mesh = super()._meshed(axes, simplices)
        if self.core is None or self.core.material is not None:
            return mesh
        outer, (low, high) = mesh.faces["outside"], self._height()
        r, z = np.moveaxis(mesh.points[outer], -1, 0)
        slack = NINE_DIGITS * float(self.length)
        bore = (r <= 0.5 * float(self.core.diameter) + slack) & (z >= low - slack) & (z <= high + slack)
        return mesh._replace(faces=mesh.faces | {"outside": outer[~bore.all(axis=1)]})

    def widest(self) -> float | None:
        """The largest cell [m]."""
        return super().widest() or 0.5 * float(self.diameter) / ACROSS
