"""All that a case may say: a sample, a programme, what is read off, what should come out."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from thermo.base.errors import CaseError, FileError, Mistake, shortened
from thermo.bodies.boxes import BoxBody, Boxes
from thermo.bodies.cylinder import Cylinder
from thermo.bodies.layered_block import LayeredBlock
from thermo.bodies.mesh_file import ImportedBody, ImportedMesh, MeshFile
from thermo.bodies.meshed import Along, Meshed, Stored
from thermo.bodies.pack import Pack
from thermo.bodies.pouch import Pouch
from thermo.bodies.solids import Solids
from thermo.bodies.stack import Stack
from thermo.case.checks import expect_mistakes, measure_mistakes, place_mistakes, programme_mistakes, sample_mistakes, with_interfaces
from thermo.case.chemistry_checks import chemistry_mistakes
from thermo.casefile.mending import mended, with_right_keys
from thermo.casefile.models import Frozen, make, quantities
from thermo.casefile.reader import Document, Key, read_document
from thermo.casefile.settings import change
from thermo.casefile.units import DIMENSIONS, Quantity, Unit
from thermo.cells.cell import LumpedCell
from thermo.chemistry.reacts import ReactingMaterial, Reacts
from thermo.materials.material import PROPERTIES, Material, library_materials, material_mistakes
from thermo.materials.properties import Table, mirrored, misfit, symmetric, tables_of
from thermo.measurement.asked import Crossing, Expectation, Measure, Place
from thermo.programmes.arc import ArcProgramme
from thermo.programmes.conditions import OverTime
from thermo.programmes.dsc import DscProgramme
from thermo.programmes.ovens import HeaterProgramme, HotPlateProgramme, OvenProgramme, RampProgramme
from thermo.programmes.stability import StabilityProgramme
from thermo.programmes.surroundings import SteadyProgramme, SurroundingsProgramme

MOST_NODES = 3_000_000


class Numerics(Frozen):
    """How a run is computed. `tolerance` is the error of a step: of the largest temperature difference (meshes), of an extent
    and of 100 K (cells). `tensor` solves boxes of layers exactly, mode by mode, where the conditions allow it. `check_mesh` runs once
    more on the mesh refined once and reports the difference. `scheme` of the steps of a mesh, each of `step` if that is given, at most
    `longest_step` long; `capacity` lumped or a consistent mass matrix, by default lumped where that is positive; `quadrature` with a
    point a node or Gauss's, by default nodal for cells that are boxes. `most_steps` and `most_time` on the clock (by default 10 min for a
    cell of one temperature, else no limit) end a run that goes on for longer."""

    tolerance: Annotated[float | None, Unit("number", gt=0, le=0.1)] = None
    scheme: Literal["tr-bdf2", "backward-euler"] = "tr-bdf2"
    step: Annotated[float | None, Unit("time", gt=0)] = None
    longest_step: Annotated[float | None, Unit("time", gt=0)] = None
    capacity: Literal["lumped", "consistent"] | None = None
    quadrature: Literal["nodal", "gauss"] | None = None
    tensor: Annotated[bool, Field(strict=True)] = True
    check_mesh: Annotated[bool, Field(strict=True)] = False
    checkpoint: Annotated[float, Unit("time", ge=0)] = Field(default="30 s", validate_default=True)  # type: ignore[assignment]
    most_steps: Annotated[int, Field(gt=0, le=10**12, strict=True)] = 1_000_000
    most_time: Annotated[float | None, Unit("time", gt=0)] = None


Sample = Annotated[LayeredBlock | Boxes | Stack | Pouch | Cylinder | Pack | ImportedMesh | Solids | LumpedCell, Field(discriminator="kind")]
Programme = Annotated[
    SurroundingsProgramme
    | OvenProgramme
    | HotPlateProgramme
    | HeaterProgramme
    | RampProgramme
    | DscProgramme
    | SteadyProgramme
    | StabilityProgramme
    | ArcProgramme,
    Field(discriminator="kind"),
]


class Case(Frozen):
    """A sample, a programme and what is read off."""

    title: str
    notes: str | None = None
    materials: dict[str, ReactingMaterial] = {}
    sample: Sample
    programme: Programme
    measure: Measure = Measure()
    expect: tuple[Expectation, ...] = ()
    numerics: Numerics = Numerics()

    @property
    def body(self) -> Meshed | None:
        """The sample where it has a field."""
        return self.sample if isinstance(self.sample, Meshed) else None

    @property
    def cell(self) -> LumpedCell | None:
        """The sample where it is a cell of one temperature."""
        return self.sample if isinstance(self.sample, LumpedCell) else None

    def material(self, name: str) -> Material:
        """A material of the case or of its body by name, with everything the library adds."""
        return self.everything[name].resolved()

    @property
    def everything(self) -> dict[str, ReactingMaterial]:
        """The materials by name, those among them that the body makes."""
        return self.materials | (self.body.made(known_materials(self)) if self.body else {})

    def terms(self) -> tuple[tuple[str, Any], ...]:
        """What acts on the body: what its programme states, and the contacts that it has itself."""
        return (*self.programme.terms(), *(self.body.touching() if self.body else ()))

    def named_faces(self) -> dict[str, float]:
        """The faces that the programme says something of, of a block that is not symmetric two sides more; the cell size each asks for [m].

        It is infinite where a face asks for none.
        """
        body, terms = self.body, self.terms()
        if body is None:
            return {}
        driven = self.programme.on_body()
        named = {name for name, condition in terms if not condition.inside} | set(driven.wall)
        named |= {name for name in body.face_names() if name == driven.heated}
        flows = self.measure.flows if body.kind == "layered-block" else ()  # through one of two sides, so that both are wanted
        named |= {face for face in flows if "|" not in face} | self._crooked()
        wanted = body.wanted_cells(terms, self.bulk, self.programme.lasts())
        return dict.fromkeys(sorted(named), math.inf) | {name: size for name, size in wanted.items() if name in named or "|" in name}

    def stated(self) -> list[tuple[str, str, Material]]:
        """What the case says of every region: its name, that of its material and the material; of a mixture every one that is in it."""
        body = self.body
        return [(region, name, self.material(name)) for region in body.region_names() for name in body.consists(region)] if body else []

    def bulk(self, name: str) -> tuple[float, float]:
        """The least conductivity [W/(m K)] and the least diffusivity [m2/s] that a material states, whatever direction and temperature."""
        if name not in self.everything:
            return math.inf, math.inf
        material = self.material(name)
        stated = quantities(material.thermal_conductivity)
        k = min((float(v) for _, v in stated if v.dimension == "thermal conductivity" and v > 0.0), default=math.inf)
        rho, c = (
            max((float(v) for _, v in quantities(part) if v.dimension == dimension), default=math.inf)
            for part, dimension in ((material.density, "density"), (material.heat_capacity, "specific heat capacity"))
        )
        return k, k / (rho * c)

    def _crooked(self) -> set[str]:
        """The sides that say that the start or a material of a block is no mirror image of itself across them."""
        body = self.sample
        if not isinstance(body, LayeredBlock):
            return set()
        known = [self.material(layer.material) for layer in body.layers if layer.material in self.materials]
        start, crooked = body.temperature, not all(symmetric(m.thermal_conductivity) for m in known)
        if crooked or (isinstance(start, Along) and start.letter != "z"):
            return {"left", "front"}
        if isinstance(start, Stored):
            return {side for axis, side in enumerate(("left", "front")) if not start.mirrored(axis, 0.5 * float(body.size[axis]))}
        return set()

    def time_allowed(self) -> float:
        """How long a run may take on the clock [s]."""
        if self.numerics.most_time is not None:
            return float(self.numerics.most_time)
        return math.inf if self.sample.has_field else 600.0

    @property
    def reacting(self) -> list[str]:
        """The materials of the body that react."""
        used = {material for material, _ in self.body.materials().values()} if self.body else set()
        return [name for name, material in self.everything.items() if name in used and material.chemistry is not None]

    def step_tolerance(self) -> float:
        """The error allowed in a step."""
        if self.numerics.tolerance is not None:
            return float(self.numerics.tolerance)
        if not self.sample.has_field:
            return 1e-5
        if self.programme.on_body().wall:
            return 1e-4
        return 1e-3 if self.reacting else 2e-4


def _element_mistakes(document: Document, case: Case, body: Meshed, materials: dict[str, Material]) -> list[Mistake]:
    """What is asked of elements that they cannot do."""
    mistakes = []
    varies = [
        name
        for name, m in materials.items()
        if tables_of(m.density) or tables_of(m.heat_capacity) or (m.melting and m.melting.heat and m.melting.range)
    ]
    if varies and case.numerics.capacity == "consistent":
        text = f"a consistent capacity needs constant heat capacities; that of {shortened(varies[0])!r} depends on temperature"
        mistakes.append(document.mistake(("numerics", "capacity"), text))
    if varies and not body.lumps:
        text = (
            f"the heat capacity of {shortened(varies[0])!r} depends on temperature: these elements of order 2 cannot lump it; use order 1"
        )
        mistakes.append(document.mistake(("sample", "mesh"), text))
    if case.numerics.capacity == "lumped" and not body.lumps:
        mistakes.append(
            document.mistake(("numerics", "capacity"), "these elements of order 2 cannot be lumped; use order 1 or capacity: consistent")
        )
    if case.numerics.quadrature == "nodal" and not body.boxed:
        text = "nodal quadrature is for quadrilaterals and hexahedra, not for axisymmetric bodies; use gauss or leave it out"
        mistakes.append(document.mistake(("numerics", "quadrature"), text))
    if case.numerics.check_mesh and isinstance(body, ImportedBody):
        mistakes.append(document.mistake(("numerics", "check_mesh"), "this mesh cannot be refined here; make a finer one and compare"))
    return mistakes


def known_materials(case: Case) -> dict[str, ReactingMaterial]:
    """The materials of a case without those that a library they name does not have."""
    return {name: material for name, material in case.materials.items() if material.library in (None, *library_materials())}


def _known_materials(case: Case, body: Meshed) -> dict[str, Material]:
    """The materials of the regions of a body, with all that the library adds, as far as they are there."""
    names = dict.fromkeys(name for name, _ in body.materials().values())
    known = known_materials(case)
    return {name: case.material(name) for name in names if name in known or (name in case.everything and name not in case.materials)}


def _fitting_mistakes(document: Document, case: Case) -> list[Mistake]:
    """What does not fit together: conductivities and the dimension or its symmetry, elements and what is asked of them."""
    body = case.body
    if body is None:
        return []
    mistakes = [document.mistake(("sample", *key), text) for key, text in body.mixing_problems(known_materials(case))]
    materials = _known_materials(case, body)
    for region, (name, _) in body.materials().items():
        if name not in materials:
            continue
        conductivity = body.placed(region, materials[name]).thermal_conductivity
        text = misfit(conductivity, shortened(region), body.dimension, body.axisymmetric)
        if text:
            mistakes.append(document.mistake(("materials", name, "thermal_conductivity"), text))
    if isinstance(body, BoxBody):
        for i, side in enumerate(body.symmetry):
            axis, place = body.mirror(side)
            for name, material in materials.items():
                if not mirrored(material.thermal_conductivity, axis, place):
                    text = f"the conductivity of {shortened(name)!r} is not mirror-symmetric at '{side}'"
                    mistakes.append(document.mistake(("sample", "symmetry", i), text))
    return mistakes + _element_mistakes(document, case, body, materials)


def _size_mistakes(document: Document, case: Case) -> list[Mistake]:
    """A mesh that is too large, a steady state that is undetermined, a start from a field that does not fit."""
    body = case.body
    if body is None:
        return []
    mistakes = []
    n = body.most_cells(case.named_faces())
    if n <= MOST_NODES:  # else there is no grid to be counted either
        n = body.n_nodes(case.named_faces(), int(case.numerics.check_mesh))
    if n > MOST_NODES:
        text = f"needs {n} nodes; at most {MOST_NODES} are accepted: {body.coarser}"
        mistakes.append(document.mistake(("sample", "mesh"), text))
    if case.programme.steady:
        for region in body.untied(case.terms(), steady=True):
            text = (
                f"the steady temperature of {shortened(region)!r} is undetermined: no face of this part is held, convective or radiative; "
                "give one of them such a condition"
            )
            mistakes.append(document.mistake(("programme", "faces"), text))
    if isinstance(body.temperature, Stored):
        text = stored_mistake(case, body, body.temperature)
        mistakes += [document.mistake(("sample", "temperature", "result"), text)] if text else []
        if case.numerics.check_mesh:
            text = "check_mesh cannot be used with a start from a stored field: the refined mesh has different nodes"
            mistakes.append(document.mistake(("numerics", "check_mesh"), text))
    return mistakes


MOST_COMPARED = 200_000  # nodes of a mesh that is made to see whether a field fits it


def stored_mistake(case: Case, body: Meshed, start: Stored) -> str:
    """What is wrong with the field that a body starts from, or nothing."""
    from thermo.results.fields import last_field, stored_field

    try:
        field, end = last_field(start.folder)
        if field is None:
            return f"{start.folder} has no fields; that run needs a picture at its end"
        if field < end * (1.0 - 1e-9):
            return f"the last field of {start.folder} is at {field:g} s, but the run ended at {end:g} s; give that run a picture at its end"
        if body.n_nodes(case.named_faces(), 0) <= MOST_COMPARED:
            cuts = [name for name, condition in case.terms() if condition.parts]
            shape = body.shape(case.named_faces(), cuts)
            for name, cells in shape.mesh.regions.items():
                stored_field(start.folder, shape.space.points[np.unique(shape.space.cells[cells])], name)
    except FileError as error:
        return str(error)
    return ""


MAY_GO = {  # what is left out where it is wrong: the names that others refer to stay
    "sample": ("mesh", "temperature", "chemistry", "with", "melting", "short", "vent", "ejecta"),
    "measure": ("probes", "probes.*", "crossings", "crossings.*", "flows", "pictures", "onsets"),
    "numerics": tuple(Numerics.model_fields),
}
SLOW = ("mesh", "solids")  # kinds of bodies whose mesh is read or made as they are checked


def _with_all_names(measure: Any, written: Any) -> Any:
    """The measure with the probes and the crossings that were left out: they have their names, and what they name. None without those."""
    if not isinstance(measure, Measure) or written is None:
        return measure
    if not isinstance(written, dict) or not all(isinstance(written.get(group, {}), dict) for group in ("probes", "crossings")):
        return None

    def text(entry: Any, word: str) -> str | None:
        value = entry.get(word) if isinstance(entry, dict) else None
        return value if isinstance(value, str) else None

    added: dict[str, dict[str, Any]] = {}
    for group, kind, words in (("probes", Place, ("face", "region", "edge")), ("crossings", Crossing, ("probe", "of"))):
        entries, made = written.get(group), getattr(measure, group)
        added[group] = {
            name: made[name] if name in made else kind.model_construct(None, **{word: text(entry, word) for word in words})
            for name, entry in (entries.items() if isinstance(entries, dict) else ())
        }
    return measure.model_copy(update=added)


def _ways(document: Document) -> tuple[Document, list[Case], list[Mistake]]:
    """The document with misspelt words put right; the case in each way that it may be meant, its parts None where that is not to be told;
    mistakes within a part that other mistakes of it hid."""
    models: dict[str, Any] = {"sample": Sample, "programme": Programme, "measure": Measure, "numerics": Numerics}
    parts: dict[str, list[Any]] = {}
    hidden: list[Mistake] = []
    told = with_right_keys(document, list(Case.model_fields))
    for name, model in {"materials": dict[str, ReactingMaterial], **models}.items():
        written = told.data.get(name)
        if written is None:
            parts[name] = (
                [made] if (made := {"measure": Measure(), "numerics": Numerics(), "materials": {}}.get(name)) is not None else [None]
            )
            continue
        slow = name == "sample" and isinstance(written, dict) and written.get("kind") in SLOW
        goes = MAY_GO.get(name, tuple(written) if name == "materials" and isinstance(written, dict) else ())
        found = mended(model, told, (name,), goes, *([()] if slow else []))
        told, hidden, parts[name] = found.document, hidden + found.mistakes, found.models or [None]
    parts["measure"] = [_with_all_names(measure, told.data.get("measure")) for measure in parts["measure"]]
    n = max(len(found) for found in parts.values())
    ways = [Case.model_construct(title="", **{name: found[i % len(found)] for name, found in parts.items()}) for i in range(n)]
    return told, ways, hidden


def _between(document: Document, case: Case) -> list[Mistake]:
    """Mistakes between the parts of a case, any of which may be None."""
    raw, sample, programme, measure = document.data, case.sample, case.programme, case.measure
    mistakes = material_mistakes(document, raw.get("materials"), getattr(programme, "steady", False))
    mistakes += sample_mistakes(document, sample, raw)
    mistakes += place_mistakes(document, sample, raw.get("programme"))
    mistakes += programme_mistakes(document, sample, programme, measure)
    mistakes += measure_mistakes(document, sample, programme, measure)
    mistakes += expect_mistakes(document, sample, raw.get("expect"), measure, programme)
    if sample is not None and case.materials is not None and case.numerics is not None:
        mistakes += _fitting_mistakes(document, case)
    return mistakes


def case_of(document: Document) -> Case:
    """The case that a document describes. Raises CaseError with every mistake found."""
    raw = document.data
    if not set(raw) & set(Case.model_fields):
        text = "is neither a case nor a study: it has none of the keys 'title', 'sample', 'programme' and 'study'"
        raise CaseError([*document.mistakes, Mistake(document.path, None, "", text)])
    case, mistakes = make(Case, document)
    if case is not None:
        told, ways, hidden = document, [case], list[Mistake]()
    else:  # what is right is checked all the same, so that all mistakes come at once
        told, ways, hidden = _ways(document)
    called = with_interfaces(document, ways[0].sample)
    if called is not document:
        return case_of(called)
    told = with_interfaces(told, ways[0].sample)
    mistakes = [*mistakes, *hidden, *set.intersection(*(set(_between(told, way)) for way in ways))]
    if case is not None and not mistakes:
        mistakes = chemistry_mistakes(document, case) + _size_mistakes(document, case)
    if mistakes:
        raise CaseError(mistakes)
    assert isinstance(case, Case)
    return case


def read_case(path: str | Path, settings: Iterable[str] = ()) -> Case:
    """Read a case file, with `KEY=VALUE` settings in place of its own. Raises CaseError with every mistake found."""
    return case_of(change(read_document(path), settings))


def _plain(node: Any) -> Any:
    """A model as plain data: every number with its SI unit, status and source."""
    if isinstance(node, Quantity):
        unit = DIMENSIONS[node.dimension].unit
        entry: dict[str, Any] = {"value": float(node), "unit": unit}
        if node.status or node.source:
            entry |= {"status": node.status, "source": node.source}
        return entry
    if isinstance(node, Table | OverTime):
        return {"table": [[_plain(a), _plain(b)] for a, b in zip(node[0], node[1], strict=True)]}
    if isinstance(node, Stored):
        return {"result": node.result, "sha256": node.sha256}
    if isinstance(node, MeshFile):
        return {"name": str(node), "sha256": node.sha256}
    if hasattr(node, "_asdict"):
        return {name: _plain(value) for name, value in node._asdict().items()}
    if isinstance(node, Frozen):
        return {name: _plain(getattr(node, name)) for name in type(node).model_fields}
    if isinstance(node, dict):
        return {str(name): _plain(value) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(entry) for entry in node]
    return node


def resolved(case: Case) -> dict[str, Any]:
    """Every number of a case in SI with its source and status, library materials and mechanisms written out."""
    data = _plain(case)
    data["materials"] = {name: _plain(case.material(name)) for name in case.everything}
    for name, material in case.everything.items():
        if material.chemistry is not None:
            data["materials"][name] |= {
                "chemistry": _chemistry(material),
                "ejecta": _plain(material.ejecta),
                "short": _plain(material.short),
                "vent": _plain(material.vent),
            }
    cell = case.cell
    if cell is not None and cell.chemistry is not None:
        data["sample"]["chemistry"] = _chemistry(cell)
    return data  # type: ignore[no-any-return]


def _chemistry(owner: Reacts) -> dict[str, Any]:
    """The chemistry of a cell or a material, written out with the numbers of `with` in place."""
    written: dict[str, Any] = _plain(owner.mechanism())
    return {"name": owner.chemistry if isinstance(owner.chemistry, str) else None} | written


def case_hash(case: Case) -> str:
    """sha256 of all that a case says, defaults and library values included; the same text and settings, the same hash."""
    return hashlib.sha256(json.dumps(resolved(case), sort_keys=True).encode()).hexdigest()


def used_numbers(case: Case) -> Iterable[tuple[Key, Quantity]]:
    """The numbers that a result rests on: used materials as resolved, the sample with its mechanism, the programme."""
    if case.body is not None:
        for name in dict.fromkeys(material for material, _ in case.body.written()):
            material = case.material(name)
            for wanted_property in PROPERTIES:
                yield from quantities(getattr(material, wanted_property), ("materials", name, wanted_property))
            mechanism = case.materials[name].mechanism()
            if mechanism is not None:
                yield from quantities(mechanism, ("materials", name, "chemistry"))
                yield from quantities(case.materials[name].ejecta, ("materials", name, "ejecta"))
                yield from quantities(case.materials[name].short, ("materials", name, "short"))
                yield from quantities(case.materials[name].vent, ("materials", name, "vent"))
        for name, material in case.everything.items():
            if name not in case.materials and not any(case.materials[other].chemistry for other, _ in case.body.written()):
                yield from quantities(material.mechanism(), ("sample", name, "chemistry"))
        yield from (entry for entry in quantities(case.sample, ("sample",)) if entry[0][1] != "mesh")
    elif case.cell is not None:
        mechanism = case.cell.mechanism()
        if mechanism is not None:
            yield from quantities(mechanism, ("sample", "chemistry"))
        yield from (entry for entry in quantities(case.sample, ("sample",)) if entry[0][1] not in ("chemistry", "with"))
    yield from quantities(case.programme, ("programme",))
