"""Heat across the empty gaps between neighbouring cells of a pack: through the gas at rest, and by radiation."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from meshes.mesh import Links, Mesh
from meshes.packs import Plan
from thermo.base.arrays import Floats, Integers
from thermo.base.constants import STEFAN_BOLTZMANN
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.units import Unit
from thermo.heat.discretised import Shape
from thermo.materials.properties import Property, value_at
from thermo.programmes.conditions import Acting

LEAST = 1e-9  # of the width of a cell: boxes that are nearer touch


class Exchange(Frozen):
    """What passes the empty gaps: conduction through a gas at rest of this conductivity, radiation between sides of this emissivity."""

    thermal_conductivity: Annotated[Any, Property("thermal conductivity")] = None
    emissivity: Annotated[float | None, Unit("number", gt=0, le=1)] = None

    @model_validator(mode="after")
    def _some(self) -> Exchange:
        if self.thermal_conductivity is None and self.emissivity is None:
            raise misplaced([((), "give 'thermal_conductivity' of the gas, 'emissivity' of the sides, or both")])
        return self


def shape_factor(ratio: float) -> float:
    """Conduction between two equal parallel cylinders in an infinite medium, by length and k (T1 - T2) [-].

    S = 2 pi / arcosh(2 X^2 - 1), with X the distance of the axes over the diameter.

    Source
    ------
    F. P. Incropera and D. P. DeWitt, Fundamentals of Heat and Mass Transfer, table of conduction shape factors.

    >>> round(shape_factor(2.0), 6)
    2.385492
    """
    return 2.0 * math.pi / math.acosh(2.0 * ratio**2 - 1.0)


def view_factor(ratio: float) -> float:
    """Share of the radiation of a cylinder that reaches an equal parallel one, by Hottel's crossed strings [-].

    F = (sqrt(X^2 - 1) + arcsin(1/X) - X) / pi, with X the distance of the axes over the diameter.

    Source
    ------
    R. Siegel and J. R. Howell, Thermal Radiation Heat Transfer, appendix of configuration factors.

    >>> round(view_factor(1.0), 6)
    0.18169
    """
    return (math.sqrt(ratio**2 - 1.0) + math.asin(1.0 / ratio) - ratio) / math.pi


class GapExchange(Acting):
    """Heat between two cells, point to point: A [k reach (T - T_to) + sigma (T^4 - T_to^4) / (2 (1/eps - 1) + 1/F)].

    A is the side of a whole round cell [m2], `reach` its shape factor over its circumference [1/m] and F its view factor; of boxes the
    face, one over the gap, and 1. k is that at the mean of both temperatures. Each pair exchanges as if it were alone: cells that stand
    diagonally see nothing of each other, and the ends of the cells have no edge effects. In a square grid the gas passes less, 0.76 of it
    for a gap of a ninth of the diameter.
    """

    kind: Literal["gap"] = "gap"
    to: str
    conductivity: Any
    emissivity: float | None
    reach: float
    view: float
    links: ClassVar[bool] = True
    curved: ClassVar[bool] = True

    def across(self, area: Floats, time: float, one: Floats, other: Floats) -> Floats:
        """Conductance of each pair [W/K]."""
        found = np.zeros_like(area)
        if self.conductivity is not None:
            found = found + value_at(self.conductivity, 0.5 * (one + other)) * self.reach * area
        if self.emissivity is not None:
            resisted = 2.0 * (1.0 / self.emissivity - 1.0) + 1.0 / self.view
            found = found + STEFAN_BOLTZMANN / resisted * area * (one + other) * (one**2 + other**2)
        return found  # type: ignore[no-any-return]


def neighbours(plan: Plan) -> list[tuple[int, int, int]]:
    """Pairs of cells with a gap between them, side by side, by number, and the axis along which they stand."""
    pairs = [(k, k + 1, 0) for k in range(plan.n_cells) if (k + 1) % plan.columns]
    pairs += [(k, k + plan.columns, 1) for k in range(plan.n_cells - plan.columns)]
    return [pair for pair in pairs if plan.gap[pair[2]] > LEAST * plan.wide[pair[2]]]


def exchanges(plan: Plan, exchange: Exchange) -> list[tuple[str, GapExchange]]:
    """What passes between each two neighbours, and the face of the first of them."""
    found = []
    for one, other, axis in neighbours(plan):
        gap, diameter = plan.gap[axis], plan.wide[0]
        ratio = plan.pitch[axis] / diameter
        condition = GapExchange.model_construct(
            to=facing(other, one),
            conductivity=exchange.thermal_conductivity,
            emissivity=None if exchange.emissivity is None else float(exchange.emissivity),
            reach=shape_factor(ratio) / (math.pi * diameter) if plan.round else 1.0 / gap,
            view=view_factor(ratio) if plan.round else 1.0,
        )
        found.append((facing(one, other), condition))
    return found


def facing(one: int, other: int) -> str:
    """The name of the face of a cell that looks at another one."""
    return f"gap-{one + 1}-{other + 1}"


class PackShape(Shape):
    """A pack on its mesh, whose cells face each other across gaps."""

    def __init__(self, mesh: Mesh, plan: Plan, high: float, **options: Any) -> None:
        super().__init__(mesh, 1, **options)
        self.plan, self.high = plan, high  # of the cells [m]

    def opposite(self, face: str, condition: Any) -> tuple[Integers, Floats]:
        """For each facet the number of its mirror image on the neighbour, and the direction to that."""
        from scipy.spatial import cKDTree

        if not isinstance(condition, GapExchange):
            return super().opposite(face, condition)
        one, other = (self.mesh.points[self.mesh.faces[name]].mean(axis=1) for name in (face, condition.to))
        normal = np.zeros(3)
        normal[self._axis(face)] = 1.0
        flat, across = (points * (1.0 - normal) for points in (one, other))
        return cKDTree(across).query(flat)[1], normal

    def links(self, face: str, condition: Any) -> Links:
        """Pairs of nodes, and the area of each [m2]; round the sides of a cell it is shared as two wires share their heat.

        q ~ 1 / (h - R cos(phi)), with h half the distance of the axes; the quarter that faces the neighbour takes it all.
        """
        one, other, area = super().links(face, condition)
        if not isinstance(condition, GapExchange) or not self.plan.round:
            return one, other, area
        axis = self._axis(face)
        near = np.array(self.plan.centre(int(face.split("-")[1]) - 1))[axis] + 0.5 * self.plan.pitch[axis]
        area = area / (near - self.space.points[one, axis])
        return one, other, area * (math.pi * self.plan.wide[0] * self.high / area.sum())

    def _axis(self, face: str) -> int:
        one, other = (int(number) for number in face.split("-")[1:])
        return 0 if other == one + 1 and self.plan.columns > 1 else 1
