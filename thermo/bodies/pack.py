"""A pack of cells: rows and columns of cylinders or boxes, what fills the gaps, barriers between the rows, a tray below."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from meshes.boxes import SIDES
from meshes.mesh import Mesh, facet_pairs, rows_in
from meshes.packs import INSIDE, KINDS, MIDDLE, WALL, Plan, levels_of, n_section, part_at, section, sides_in
from meshes.rounds import LEAST_SIDES, at_place, drawn, raised, widened
from thermo.base.arrays import Floats, Integers
from thermo.base.errors import did_you_mean, shortened
from thermo.bodies.cylinder import Can, Core
from thermo.bodies.gaps import Exchange, PackShape, exchanges, facing, neighbours
from thermo.bodies.meshed import NINE_DIGITS, OUTSIDE, Length, Meshed
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.casefile.units import Unit
from thermo.heat.discretised import Shape
from thermo.materials.material import Material
from thermo.materials.properties import about
from thermo.programmes.conditions import Contact

MOST_CELLS = 400
MOST_POINTS = 1_500_000  # of a section; no body of more is accepted
NARROWEST = 5e-3  # of the diameter: round cells that are nearer need too many sides
TRAY, END, ROLL = "tray", "end", "roll"  # what there is along z: a tray, the ends of the cans, what they hold


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


def _mm(length: float) -> str:
    return f"{1e3 * length:.6g} mm"


Spacing = Annotated[tuple[Annotated[float, Unit("length", ge=0)], ...], BeforeValidator(_as_list), Field(min_length=1, max_length=2)]


class RoundCell(Frozen):
    """A cylindrical cell, upright: as the sample `cylinder` has it."""

    diameter: Length
    length: Length
    roll: str
    core: Core | None = None
    can: Can | None = None
    where: ClassVar[str] = "roll"

    @property
    def material(self) -> str:
        """Of the roll."""
        return self.roll

    def wide(self) -> tuple[float, float]:
        """Along x and y [m]."""
        return (float(self.diameter), float(self.diameter))

    def high(self) -> float:
        """Along z [m]."""
        return float(self.length)


class BoxCell(Frozen):
    """A prismatic cell or a pouch: a box of a material, in a can or not; the thickness of its wall counts within the `size`."""

    size: tuple[Length, Length, Length]
    material: str
    can: Can | None = None
    where: ClassVar[str] = "material"
    core: ClassVar[Core | None] = None

    def wide(self) -> tuple[float, float]:
        """Along x and y [m]."""
        return (float(self.size[0]), float(self.size[1]))

    def high(self) -> float:
        """Along z [m]."""
        return float(self.size[2])


class Barriers(Frozen):
    """A sheet in the middle of the gap between each two rows."""

    material: str
    thickness: Length


class Tray(Frozen):
    """A plate under the whole pack, with the thermal resistance of the contact to what stands on it; none: perfect contact."""

    material: str
    thickness: Length
    resistance: Annotated[float | None, Unit("thermal resistance", gt=0)] = None


class OneCell(Frozen):
    """What is different in one cell of a pack."""

    material: str


class PackMesh(Frozen):
    """How many hexahedra, of order 1, are across a cell and along its height; gaps, barriers and the tray have at least two."""

    order: ClassVar[int] = 1
    across: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    along: Annotated[int, Field(strict=True, ge=1, le=200)] = 8


class Pack(Meshed):
    """Upright cells in `rows` along y and `columns` along x, a `pitch` or a `gap` apart (one number, or [x, y]).

    Regions are `cell-1`, `cell-2`, ... row by row, along x first; `can-1`, `core-1`; `between`, `barrier-1`, `tray`. What is `between`
    fills the gaps over the height of the cells, round ones with half a gap beyond the outer cells. Without it the gaps are empty. An
    `exchange` then passes heat between neighbours, from a face `gap-1-2` to `gap-2-1`, and these faces are no part of the outside.

    z begins at the lower end of the cells, and the tray is below. x and y begin at the axis of the first cell, or at its lower left
    corner. Volumes are exact, as in a `cylinder` in space.
    """

    kind: Literal["pack"]
    coarser: ClassVar[str] = "decrease across or along"
    cylinder: RoundCell | None = None
    box: BoxCell | None = None
    rows: Annotated[int, Field(strict=True, ge=1, le=MOST_CELLS)] = 1
    columns: Annotated[int, Field(strict=True, ge=1, le=MOST_CELLS)] = 1
    pitch: Spacing | None = None
    gap: Spacing | None = None
    between: str | None = None
    exchange: Exchange | None = None
    barriers: Barriers | None = None
    tray: Tray | None = None
    cells: dict[str, OneCell] = {}
    mesh: PackMesh = PackMesh()

    @model_validator(mode="after")
    def _fits(self) -> Pack:
        problems: list[tuple[Key, str]] = []
        if (self.cylinder is None) == (self.box is None):
            problems.append(((), "give one of 'cylinder' and 'box', the cell of the pack"))
        if (self.pitch is None) == (self.gap is None):
            problems.append(((), "give either 'pitch', from cell to cell, or 'gap', between neighbours"))
        if self.rows * self.columns > MOST_CELLS:
            problems.append(
                (("rows",), f"makes {self.rows * self.columns} cells with {self.columns} columns; at most {MOST_CELLS} are accepted")
            )
        if problems:
            raise misplaced(problems)
        problems = self._cell_problems() or self._gap_problems()
        known = [f"cell-{k + 1}" for k in range(self.plan.n_cells)]
        problems += [
            (("cells", name), f"there is no cell {shortened(name)!r}" + did_you_mean(name, known))
            for name in self.cells
            if name not in known
        ]
        if not problems and (n := n_section(self.plan)) > MOST_POINTS:
            text = f"puts {n:.3g} points in a section, and {MOST_POINTS:.3g} are accepted: is its unit right? else decrease across"
            problems.append((("pitch" if self.gap is None else "gap",), text))
        if not problems and not self._meets():
            problems.append((("pitch" if self.gap is None else "gap",), "differs too much along x and y for a mesh between the cells"))
        if not problems:
            empty = [name for name, cells in self.coarse().regions.items() if not len(cells)]
            problems += [((name,), "has no gap to fill") for name in empty if name == "between"]
            problems = problems or self.start_problems() + self._tray_problems()
        if problems:
            raise misplaced(problems)
        return self

    def _meets(self) -> bool:
        """Whether the tiles of round cells have sound quadrilaterals: those of a few cells tell of all."""
        from meshes.checks import corner_determinants

        few = self.plan._replace(columns=min(self.columns, 2), rows=min(self.rows, 3))
        made = section(few)
        return bool(np.all(corner_determinants(made.points, made.cells, "quad") > 0.0))

    def _cell_problems(self) -> list[tuple[Key, str]]:
        """What is wrong with the cell by itself."""
        cell, problems = self.cell, list[tuple[Key, str]]()
        wall, end, narrow = self.plan.wall, self._end, min(cell.wide())
        if 2.0 * wall >= narrow:
            problems.append(((self._shape, "can", "thickness"), f"leaves no room in a cell that is {_mm(narrow)} wide"))
        elif cell.core is not None and 2.0 * self.plan.core >= narrow - 2.0 * wall:
            problems.append(((self._shape, "core", "diameter"), f"leaves no roll: the can is {_mm(narrow - 2.0 * wall)} wide inside"))
        if 2.0 * end >= cell.high():
            key = (self._shape, "can", "ends" if cell.can and cell.can.ends is not None else "thickness")
            problems.append((key, f"leaves no room in a cell that is {_mm(cell.high())} high"))
        return problems

    def _gap_problems(self) -> list[tuple[Key, str]]:
        """Cells that overlap, or that leave no room for a barrier."""
        problems: list[tuple[Key, str]] = []
        word, least = "pitch" if self.gap is None else "gap", NARROWEST * self.cell.wide()[0] if self.cylinder else 0.0
        slack = 1e-9 * max(self.cell.wide())
        for axis, along in enumerate("xy"):
            if problems and len(self.pitch or self.gap or ()) == 1:  # one number, one mistake
                break
            gap, wide = self.plan.gap[axis], self.cell.wide()[axis]
            if gap < -slack:
                text = f"cells overlap: they are {_mm(wide)} wide along {along}, but {_mm(self.plan.pitch[axis])} apart"
                problems.append(((word,), text))
            elif gap < least - slack:
                text = f"round cells need a gap of {_mm(least)} along {along}, found {_mm(max(gap, 0.0))}"
                problems.append(((word,), text))
        if self.exchange and (self.between or self.barriers):
            what = "'between' fills the gaps" if self.between else "a barrier lies in them"
            problems.append((("exchange",), f"is for empty gaps, but {what}"))
        elif self.exchange and not problems and not neighbours(self.plan):
            problems.append((("exchange",), "has no effect: no two cells have a gap between them"))
        if self.barriers and self.rows == 1:
            problems.append((("barriers",), "need two rows: a barrier lies between rows"))
        elif self.barriers and not problems:
            room = self.plan.gap[1] - least
            if self.barriers.thickness > room + slack:
                text = f"leaves no room: {_mm(room)} of the gap between rows can be filled"
                problems.append((("barriers", "thickness"), text))
        return problems

    def _tray_problems(self) -> list[tuple[Key, str]]:
        """Contacts to the tray that are given twice."""
        if self.tray is None or self.tray.resistance is None:
            return []
        text = "the tray has a 'resistance' already: give it in one place"
        return [(("contacts", name), text) for name in self.contacts if TRAY in name.split("|")]

    @property
    def cell(self) -> RoundCell | BoxCell:
        """One of its cells."""
        made = self.cylinder or self.box
        assert made is not None
        return made

    @property
    def _shape(self) -> str:
        return "cylinder" if self.cylinder else "box"

    @property
    def _end(self) -> float:
        """Thickness of the ends of the can [m]."""
        can = self.cell.can
        return 0.0 if can is None else float(can.thickness if can.ends is None else can.ends)

    @functools.cached_property
    def plan(self) -> Plan:
        """Where its cells stand."""
        wide, can, core = self.cell.wide(), self.cell.can, self.cell.core
        given = [float(value) for value in (self.pitch or self.gap or ())]
        pitch = [value + (0.0 if self.pitch else w) for value, w in zip((given * 2)[:2], wide, strict=True)]
        if self.box:  # one row of boxes has no gap
            pitch = [p if n > 1 else w for p, w, n in zip(pitch, wide, (self.columns, self.rows), strict=True)]
        return Plan(
            columns=self.columns,
            rows=self.rows,
            pitch=(pitch[0], pitch[1]),
            wide=wide,
            wall=float(can.thickness) if can else 0.0,
            core=0.5 * float(core.diameter) if core else 0.0,
            sheet=float(self.barriers.thickness) if self.barriers else 0.0,
            across=self.mesh.across,
            round=self.cylinder is not None,
        )

    def _bands(self) -> list[tuple[str, float, int]]:
        """What there is along z from below: its name, its thickness [m] and how many hexahedra are across it."""
        tray = [(TRAY, float(self.tray.thickness), 2)] if self.tray else []
        end = [(END, self._end, 1)] if self.cell.can else []
        return [*tray, *end, (ROLL, self.cell.high() - 2.0 * self._end, self.mesh.along), *end]

    def _levels(self, coarse: bool = False, refine: int = 0) -> Floats:
        breaks = [(thickness, 1 if coarse else count) for _, thickness, count in self._bands()]
        return levels_of(breaks, -float(self.tray.thickness) if self.tray else 0.0, refine)

    def _what(self, part: int, band: str) -> str:
        """The region of a part of the section in a band along z; one that has no material is empty."""
        if band == TRAY:
            return TRAY
        if part == self.plan.between:
            return "between"
        if part > self.plan.between:
            return f"barrier-{part - self.plan.between}"
        cell, kind = divmod(part, KINDS)
        return f"{'can' if band == END else {MIDDLE: 'core', INSIDE: 'cell', WALL: 'can'}[kind]}-{cell + 1}"

    def materials(self) -> dict[str, tuple[str, Key]]:
        """The material of every region, and where the case says so."""
        cell, numbers = self.cell, range(1, self.plan.n_cells + 1)
        made: dict[str, tuple[str, Key]] = {}
        for name in (f"cell-{k}" for k in numbers):
            one = self.cells.get(name)
            made[name] = (one.material, ("cells", name, "material")) if one else (cell.material, (self._shape, cell.where))
        if cell.core is not None and cell.core.material is not None:
            made |= {f"core-{k}": (cell.core.material, (self._shape, "core", "material")) for k in numbers}
        if cell.can is not None:
            made |= {f"can-{k}": (cell.can.material, (self._shape, "can", "material")) for k in numbers}
        if self.between is not None:
            made["between"] = (self.between, ("between",))
        if self.barriers is not None:
            made |= {f"barrier-{k}": (self.barriers.material, ("barriers", "material")) for k in range(1, self.rows)}
        if self.tray is not None:
            made[TRAY] = (self.tray.material, (TRAY, "material"))
        return made

    def placed(self, region: str, material: Material) -> Material:
        """A round cell conducts round its own axis."""
        kind, _, number = region.rpartition("-")
        if not self.plan.round or kind not in ("cell", "core", "can"):
            return material
        axis = self.plan.centre(int(number) - 1)
        return material.model_copy(update={"thermal_conductivity": about(material.thermal_conductivity, axis)})

    def touching(self) -> tuple[tuple[str, Any], ...]:
        """The contacts of the body itself, those of the tray and what passes empty gaps among them."""
        own: dict[str, Any] = dict(super().touching())
        if self.tray is not None and self.tray.resistance is not None:
            on_tray = [name for name in self.face_names() if name.endswith(f"|{TRAY}")]
            own |= {name: Contact.model_construct(kind="contact", resistance=self.tray.resistance) for name in on_tray}
        own |= dict(exchanges(self.plan, self.exchange) if self.exchange else ())
        return tuple(own.items())

    def _meshed(self, levels: Floats, plan: Plan, refine: int = 0) -> Mesh:
        """The pack on its section, with its faces: sides of the whole, `side-1`, ... of the cells."""
        number = {name: i for i, name in enumerate(self.materials())}
        heights, bands = np.cumsum([levels[0], *(thickness for _, thickness, _ in self._bands())]), self._bands()
        of = [bands[int(np.searchsorted(heights, z)) - 1][0] for z in 0.5 * (levels[1:] + levels[:-1])]
        table = {band: [number.get(self._what(part, band), -1) for part in range(plan.n_parts)] for band in {*of}}
        region = np.array([table[band] for band in of]).T
        mesh = raised(section(plan, refine), levels, region, list(number))
        outer = mesh.faces[OUTSIDE]
        outer = outer[~self._in_bore(mesh, outer)]
        ends = [*plan.ends(), (float(levels[0]), float(levels[-1]))]
        faces = {side: at_place(mesh, outer, i // 2, ends[i // 2][i % 2]) for i, side in enumerate(SIDES[3])}
        faces |= {name: rows for name, rows in self._sides(mesh, outer).items() if len(rows)}
        if self.exchange is not None:
            facing_each = self._facing(mesh, faces)
            faces |= facing_each
            outer = outer[rows_in(outer, np.concatenate([np.zeros((0, 4), np.int64), *facing_each.values()]), missing=-1) < 0]
        return mesh._replace(faces=faces | mesh.faces | {OUTSIDE: outer})

    def _in_bore(self, mesh: Mesh, facets: Integers) -> Any:
        """Which facets lie in the empty core of a cell, in which no air moves."""
        if self.cell.core is None or self.cell.core.material is not None:
            return np.zeros(len(facets), bool)
        x, y, z = np.moveaxis(mesh.points[facets], -1, 0)
        slack, (px, py) = NINE_DIGITS * self.cell.high(), self.plan.pitch
        away = np.hypot(x - px * np.round(x / px), y - py * np.round(y / py))
        inside = (z >= self._end - slack) & (z <= self.cell.high() - self._end + slack)
        return ((away <= widened(LEAST_SIDES) * self.plan.core) & inside).all(axis=1)  # corners of polygons lie beyond their circle

    def _sides(self, mesh: Mesh, outer: Integers) -> dict[str, Integers]:
        """The upright facets of each cell that are outside."""
        facets, cells = facet_pairs(mesh)
        owner = cells[rows_in(np.sort(outer, axis=1), np.sort(facets, axis=1)), 0]
        upright = np.ptp(mesh.points[outer][:, :, 2], axis=1) > 0.0
        made = {}
        for k in range(1, self.plan.n_cells + 1):
            own = np.concatenate([mesh.regions[name] for name in (f"can-{k}", f"cell-{k}") if name in mesh.regions])
            made[f"side-{k}"] = outer[upright & np.isin(owner, own)]
        return made

    def _facing(self, mesh: Mesh, faces: dict[str, Integers]) -> dict[str, Integers]:
        """The facets of each cell that face a neighbour across an empty gap: of a round one, within 45 degrees."""
        made = {}
        for one, other, axis in neighbours(self.plan):
            for cell, to, sign in ((one, other, 1.0), (other, one, -1.0)):
                rows = faces[f"side-{cell + 1}"]
                away = sign * (mesh.points[rows].mean(axis=1)[:, :2] - self.plan.centre(cell))
                half = 0.5 * self.plan.wide[axis] * (1.0 - NINE_DIGITS)
                made[facing(cell, to)] = rows[away[:, axis] > (np.abs(away[:, 1 - axis]) if self.plan.round else half)]
        return made

    def coarse(self) -> Mesh:
        """The coarsest mesh that shows what touches what."""
        return self._coarse

    @functools.cached_property
    def _coarse(self) -> Mesh:
        return self._meshed(self._levels(coarse=True), self.plan._replace(across=2))

    def shape(self, faces: Mapping[str, float], cuts: list[str], *, refine: int = 0, nodal: bool | None = None) -> Shape:
        """The pack on its mesh, cut open along interfaces; round faces on the outside have the areas of circles."""
        mesh = self._meshed(self._levels(refine=refine), self.plan, refine)
        return PackShape(
            mesh,
            self.plan,
            self.cell.high(),
            nodal=nodal is not False,
            cuts=cuts,
            areas=self._areas(mesh, refine),
            onto=self._onto(refine) if self.plan.round else None,
        )

    def _areas(self, mesh: Mesh, refine: int) -> dict[str, float]:
        """Areas of the faces with round sides of cells [m2]: a polygon of the area of its circle is longer than that."""
        from meshes.checks import facet_sizes

        if not self.plan.round:
            return {}
        sides = 2**refine * sides_in(self.plan)
        longer = widened(sides) * math.sin(math.pi / sides) * sides / math.pi
        upright = np.concatenate([np.zeros((0, 4), np.int64), *(rows for name, rows in mesh.faces.items() if name.startswith("side-"))])
        made = {}
        for name in (name for name, rows in mesh.faces.items() if name.startswith(("side-", "gap-", OUTSIDE)) and len(rows)):
            curved = rows_in(mesh.faces[name], upright, missing=-1) >= 0
            made[name] = float(np.sum(facet_sizes(mesh.points, mesh.faces[name]) / np.where(curved, longer, 1.0)))
        return made

    def _onto(self, refine: int) -> Callable[[Floats], Floats]:
        """Moves points of round cells (n, 3) to where their polygons have them."""
        sides, centres = 2**refine * sides_in(self.plan), np.array([self.plan.centre(k) for k in range(self.plan.n_cells)])

        def moved(points: Floats) -> Floats:
            made = points.copy()
            for i, point in enumerate(points):
                middle = centres[np.argmin(np.hypot(*(centres - point[:2]).T))]
                away = point[:2] - middle
                if 0.0 <= point[2] <= self.cell.high() and math.hypot(*away) <= 0.5 * self.plan.wide[0] * (1.0 + NINE_DIGITS):
                    made[i, :2] = middle + drawn(away[None], sides)[0]
            return made

        return moved

    def contains(self, point: tuple[float, ...]) -> str | None:
        """What is wrong with a point that should lie in the body, or None."""
        if len(point) != 3:
            return f"three coordinates [x, y, z] are needed, found {len(point)}"
        slack = NINE_DIGITS * max(self.cell.high(), *(high - low for low, high in self.plan.ends()))
        heights, known = np.cumsum([self._levels(coarse=True)[0], *(thickness for _, thickness, _ in self._bands())]), self.materials()
        for shift in itertools.product((0.0, -slack, slack), repeat=3):
            x, y, z = (float(value) + move for value, move in zip(point, shift, strict=True))
            part, band = part_at(self.plan, x, y), int(np.searchsorted(heights, z)) - 1
            if part >= 0 and 0 <= band < len(heights) - 1 and self._what(part, self._bands()[band][0]) in known:
                return None
        return "lies outside the body"

    def face_names(self) -> list[str]:
        """Every face a case can name: sides of the pack and of its cells, the outside, interfaces."""
        return [name for name, rows in self._coarse.faces.items() if len(rows)]

    def wanted_cells(self, terms: Iterable[tuple[str, Any]], bulk: Callable[[str], tuple[float, float]], end: float) -> dict[str, float]:
        """None: the mesh is that of the cells, whatever acts on them."""
        return {}

    def most_cells(self, faces: Mapping[str, float]) -> int:
        """An upper bound of the number of cells along one axis, without making the mesh."""
        return max(len(self._levels()), sides_in(self.plan) if self.plan.round else 0)

    def n_nodes(self, faces: Mapping[str, float], refine: int = 0) -> int:
        """An upper bound of the number of nodes, empty gaps included, without making the mesh."""
        return n_section(self.plan, refine) * len(self._levels(refine=refine))

    def notes(self, faces: Mapping[str, float]) -> list[str]:
        """What is said of the mesh in the log."""
        size = f"the mesh of {self.plan.n_cells} cells has up to {self.n_nodes(faces)} nodes of {self.degree} hexahedra"
        open_gaps = [gap - sheet for _, _, axis in neighbours(self.plan) for gap, sheet in [(self.plan.gap[axis], axis * self.plan.sheet)]]
        empty = max(open_gaps, default=0.0) > NINE_DIGITS * max(self.cell.wide()) and not (self.between or self.exchange)
        return [size, *(["no heat passes the empty gaps between cells: give 'between' or 'exchange'"] if empty else [])]
