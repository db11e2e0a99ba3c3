"""All that a case may say: a sample, a programme, what is read off, what should come out."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from thermo.arc import ArcProgramme
from thermo.boundary import OverTime
from thermo.boxes import Boxes
from thermo.cell import LumpedCell
from thermo.errors import CaseError, Mistake, among, closest, described, did_you_mean, shortened
from thermo.exposure import DscProgramme, HeaterProgramme, HotPlateProgramme, InAir, OvenProgramme, RampProgramme
from thermo.geometry import Along, LayeredBlock, Meshed, Stored
from thermo.imported import ImportedBody, ImportedMesh, MeshFile
from thermo.materials import PROPERTIES, Cylindrical, Material, Table, Temperature, Tensor, material_mistakes, tables_of
from thermo.programme import Conditions, SteadyProgramme, SurroundingsProgramme
from thermo.reader import Document, Frozen, Key, change, make, misplaced, quantities, read_document
from thermo.solids import Solids
from thermo.units import DIMENSIONS, Quantity, Unit, UnitError, dimension_of_key, parse, show

Length = Annotated[float, Unit("length")]
Kind = Literal["exact", "predicted", "selected", "calibrated", "imposed"]
Criterion = Literal["1 K/s", "10 K/min", "1 K/min", "voltage-drop"]
CRITERIA: tuple[Criterion, ...] = ("1 K/s", "10 K/min", "1 K/min", "voltage-drop")
MOST_NODES = 3_000_000


class Place(Frozen):
    """Mean, minimum or maximum over a face, a region, or an edge: one that has a name, or the two faces that meet in it."""

    face: str | None = None
    region: str | None = None
    edge: str | tuple[str, str] | None = None
    take: Literal["mean", "minimum", "maximum"]

    @field_validator("edge", mode="before")
    @classmethod
    def _name_or_faces(cls, value: Any) -> Any:
        faces = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(face, str) for face in value)
        if not isinstance(value, str) and not faces:
            raise misplaced([((), f"the name of an edge, or the two faces that meet in it, is wanted, found {described(value)}")])
        return value

    @model_validator(mode="after")
    def _one(self) -> Place:
        if sum(part is not None for part in (self.face, self.region, self.edge)) != 1:
            raise misplaced([((), "one of 'face', 'region' and 'edge' is wanted")])
        return self


class Crossing(Frozen):
    """The first time at which a probe reaches a temperature, or a fraction of the way to that of a held face."""

    probe: str
    temperature: Temperature | None = None
    fraction: Annotated[float | None, Unit("number", gt=0, lt=1)] = None
    of: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Crossing:
        if (self.temperature is None) == (self.fraction is None):
            raise misplaced([((), "one of 'temperature' and 'fraction' is wanted")])
        if self.fraction is not None and self.of is None:
            raise misplaced([((), "'of' is missing: the held face that the fraction refers to")])
        if self.temperature is not None and self.of is not None:
            raise misplaced([(("of",), "belongs to a fraction, and a temperature is given")])
        return self


class Pictures(Frozen):
    """Times at which the field is kept, and whether the heat flux is kept with it."""

    times: tuple[Annotated[float, Unit("time", gt=0)], ...] = ()
    heat_flux: Annotated[bool, Field(strict=True)] = False


class Onsets(Frozen):
    """Criteria by which the onset of runaway T2 is read."""

    T2: tuple[Criterion, ...] = CRITERIA


def _point_or_place(value: Any) -> str:
    return "point" if isinstance(value, list | tuple) else "place"


Probe = Annotated[
    Annotated[tuple[Length, ...], Tag("point")] | Annotated[Place, Tag("place")],
    Discriminator(_point_or_place),
]


class Measure(Frozen):
    """What is read off a run. A probe is a point (in a block [x, y, z]), or a face, region or edge with mean, minimum or maximum.

    `flows` names faces through which the conducted heat is recorded: into the body, through an interface `a|b` from a to b.
    """

    probes: dict[str, Probe] = {}
    flows: tuple[str, ...] = ()
    crossings: dict[str, Crossing] = {}
    pictures: Pictures = Pictures()
    onsets: Onsets = Onsets()

    @field_validator("probes", "crossings", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        problems: list[tuple[Key, str]] = [
            ((name,), "a name has letters, digits, '-' and '_'") for name in value if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name)
        ]
        if problems:
            raise misplaced(problems)
        return value

    @field_validator("probes", mode="before")
    @classmethod
    def _points_and_places(cls, value: Any) -> Any:
        problems: list[tuple[Key, str]] = [
            ((name,), f"a point [x, y, z], or a face, region or edge with 'take' is wanted, found {described(entry)}")
            for name, entry in (value.items() if isinstance(value, dict) else ())
            if not (isinstance(entry, dict | Place) or (isinstance(entry, list | tuple) and 1 <= len(entry) <= 3))
        ]
        if problems:
            raise misplaced(problems)
        return value


class Expectation(Frozen):
    """What a result should be, how near, of which kind that statement is, and its source.

    `exact`: closed form or independent code. `predicted`: nothing was fitted or chosen with it in view. `selected`: nothing
    fitted, but a free choice was made with it in view. `calibrated`: a number was fitted to it. `imposed`: put in by hand.
    Without `value` the entry only states the kind of a result.
    """

    what: str
    value: str | float | None = None
    within: str | None = None
    kind: Kind
    source: str

    @field_validator("value", "within", mode="before")
    @classmethod
    def _text_or_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise misplaced([((), f"a number with its unit is wanted, found {described(value)}")])
        return str(value) if info.field_name == "within" and value is not None else value

    @model_validator(mode="after")
    def _readable(self) -> Expectation:
        problems = expectation_problems(self.what, self.value, self.within)
        if problems:
            raise misplaced(problems)
        return self


def expectation_problems(what: str, value: Any, within: str | None) -> list[tuple[Key, str]]:
    """What is wrong with the value and the tolerance of an expectation."""
    problems: list[tuple[Key, str]] = []
    if value is None or value == "none":
        if within is not None:
            problems.append((("within",), "there is no value that it belongs to"))
        return problems
    dimension = dimension_of_key(what)
    for key, text in (("value", value), ("within", within)):
        if text is None:
            problems.append(((key,), "is missing"))
            continue
        try:
            number = tolerance(what, 1.0, str(text)) if key == "within" else parse(str(text), dimension)
        except UnitError as error:
            problems.append(((key,), str(error)))
            continue
        if key == "within" and number < 0.0:
            problems.append(((key,), f"must not be negative, got {text}"))
    return problems


def wanted(what: str, value: str | float | None) -> float | None:
    """The SI value of an expectation; None for `none`."""
    return None if value is None or value == "none" else float(parse(str(value), dimension_of_key(what)))


def tolerance(what: str, value: float, within: str) -> float:
    """The half-width of an expectation in SI: `0.5 %` of the value, or a difference. Raises UnitError."""
    if within.strip().endswith("%"):
        return abs(value) * float(parse(within, "number"))
    dimension = dimension_of_key(what)
    return float(parse(within, "temperature difference" if dimension == "temperature" else dimension))


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


Sample = Annotated[LayeredBlock | Boxes | ImportedMesh | Solids | LumpedCell, Field(discriminator="kind")]
Programme = Annotated[
    SurroundingsProgramme
    | OvenProgramme
    | HotPlateProgramme
    | HeaterProgramme
    | RampProgramme
    | DscProgramme
    | SteadyProgramme
    | ArcProgramme,
    Field(discriminator="kind"),
]


class Case(Frozen):
    """A sample, a programme and what is read off."""

    title: str
    notes: str | None = None
    materials: dict[str, Material] = {}
    sample: Sample
    programme: Programme
    measure: Measure = Measure()
    expect: tuple[Expectation, ...] = ()
    numerics: Numerics = Numerics()

    def material(self, name: str) -> Material:
        """A material of the case by name, with everything the library adds."""
        return self.materials[name].resolved()

    def named_faces(self) -> set[str]:
        """Names of the faces that the programme says something of; of a block that is not symmetric, two sides more."""
        named = set(self.programme.faces) if isinstance(self.programme, Conditions) else set()
        flows = self.measure.flows if isinstance(self.sample, LayeredBlock) else ()  # through one of two sides, so that both are wanted
        return named | {face for face in flows if "|" not in face} | ({"left", "front"} if self._crooked() else set())

    def _crooked(self) -> bool:
        """Whether the start or a material of a block is no mirror image of itself, which a named side says as well."""
        body = self.sample
        if not isinstance(body, LayeredBlock):
            return False
        if isinstance(body.temperature, Stored) or (isinstance(body.temperature, Along) and body.temperature.axis < 2):
            return True
        known = [self.material(layer.material) for layer in body.layers if layer.material in self.materials]
        return any(isinstance(material.thermal_conductivity, Tensor | Cylindrical) for material in known)

    def time_allowed(self) -> float:
        """How long a run may take on the clock [s]."""
        if self.numerics.most_time is not None:
            return float(self.numerics.most_time)
        return math.inf if isinstance(self.sample, Meshed) else 600.0

    def step_tolerance(self) -> float:
        """The error allowed in a step."""
        if self.numerics.tolerance is not None:
            return float(self.numerics.tolerance)
        return 2e-4 if isinstance(self.sample, Meshed) else 1e-5


def _sample_mistakes(document: Document, sample: Any, raw: Any) -> list[Mistake]:
    if not isinstance(sample, Meshed):
        return []
    if "materials" not in raw and any(closest(key, ["materials"]) for key in raw):
        return []  # misspelt: one mistake, and not one of every layer as well
    names = raw.get("materials") if isinstance(raw.get("materials"), dict) else {}
    return [
        document.mistake(("sample", *key), f"unknown material {shortened(material)!r}" + did_you_mean(material, names))
        for material, key in sample.materials().values()
        if material not in names
    ]


def _place_mistakes(document: Document, sample: Any, raw: Any) -> list[Mistake]:
    """Faces and regions that a programme names, what stands on one face together; from the data as read, well formed or not."""
    mistakes: list[Mistake] = []
    if sample is None or not isinstance(raw, dict) or raw.get("kind") not in ("surroundings", "steady"):
        return mistakes
    block = sample if isinstance(sample, Meshed) else None
    faces, regions = (block.face_names(), block.region_names()) if block else ([], [])

    def refuse(group: str, name: str, text: str) -> None:
        mistakes.append(document.mistake(("programme", group, name), text))

    held: list[str] = []
    steady = raw.get("kind") == "steady"
    named = raw.get("faces")
    for name, conditions in named.items() if isinstance(named, dict) else []:
        if block and name in block.edge_names() and name not in faces:
            text = f"{shortened(name)!r} is an edge: it has no area, and what heat would pass it is not determined; name a face"
            refuse("faces", name, text)
        elif name not in faces:
            refuse("faces", name, f"the sample has no face {shortened(name)!r}" + among(name, faces))
        elif block:
            for text in _mirrored(block, name):
                refuse("faces", name, text)
        if conditions == []:
            text = "a condition is wanted, such as {kind: held, temperature: 473 K}; a face that is not named is insulated"
            refuse("faces", name, text)
        entries = [entry for entry in conditions if isinstance(entry, dict)] if isinstance(conditions, list) else []
        kinds = [entry.get("kind") for entry in entries]
        for i, entry in enumerate(entries):
            key: Key = ("programme", "faces", name, i)
            if entry.get("kind") in ("contact", "thin-layer") and name in faces and "|" not in name:
                text = "a contact lies between two regions; name an interface, such as " + next((f for f in faces if "|" in f), "'a|b'")
                mistakes.append(document.mistake((*key, "kind"), text))
            if entry.get("kind") == "gap-radiation":
                to = entry.get("to")
                if to not in faces or to == name:
                    text = f"the sample has no other face {shortened(to)!r}" + did_you_mean(str(to), faces)
                    mistakes.append(document.mistake((*key, "to"), text))
            moving = [word for word, value in entry.items() if isinstance(value, dict) and ("table" in value or "over" in value)]
            if steady and moving:
                mistakes.append(document.mistake((*key, moving[0]), "changes with time, and a steady programme has none"))
        n_links = sum(kind in ("contact", "thin-layer", "gap-radiation") for kind in kinds)
        if n_links > 1 or (n_links and ("held" in kinds or ("gap-radiation" not in kinds and len(kinds) > 1))):
            refuse("faces", name, "a contact, a thin layer or a gap stands alone on a face" if n_links == 1 else "two contacts on one face")
        n_held = kinds.count("held")
        if n_held > 1:
            refuse("faces", name, f"held at {n_held} temperatures at once")
        elif n_held and len(kinds) > 1:
            other = next(kind for kind in kinds if kind != "held")
            refuse("faces", name, f"held at a temperature, which leaves no room for {shortened(other)!r} on the same face")
        if n_held and name in faces:
            held.append(name)
    sources = raw.get("sources")
    for name in sources if isinstance(sources, dict) else []:
        if name not in regions:
            refuse("sources", name, f"the sample has no region {shortened(name)!r}" + among(name, regions))
    for one, other in block.overlaps(held) if block else []:
        text = f"lies on {other!r} in part, which is held as well, in line {document.line(('programme', 'faces', other))}"
        refuse("faces", one, text)
    return mistakes


def _programme_mistakes(document: Document, sample: Any, programme: Any) -> list[Mistake]:
    mistakes = []

    def refuse(key: Key, text: str) -> None:
        mistakes.append(document.mistake(key, text))

    kind = getattr(programme, "kind", None)
    if isinstance(sample, LumpedCell):
        starts = isinstance(programme, ArcProgramme | DscProgramme | RampProgramme)
        if isinstance(programme, SurroundingsProgramme | InAir) and sample.temperature is None:
            refuse(("sample",), "'temperature' is missing: where the cell starts")
        if isinstance(programme, OvenProgramme | InAir) and sample.surface is None:
            refuse(("sample",), f"'surface' is missing: the area that heat of the {kind} passes")
        if isinstance(programme, HotPlateProgramme) and sample.surface is not None and programme.contact_area > sample.surface:
            refuse(("programme", "contact_area"), f"is more than the surface of the cell ({show(sample.surface, 'area')})")
        if isinstance(programme, SteadyProgramme):
            refuse(("programme", "kind"), "a steady programme takes a meshed sample; a cell of one temperature has none")
        forced = isinstance(programme, RampProgramme) or (isinstance(programme, DscProgramme) and programme.lag is None)
        if forced and sample.short is not None and sample.short.fused_energy is not None:
            refuse(
                ("sample", "short", "fused_energy"),
                f"is given at once, and the temperature is that of the programme '{kind}' whatever happens",
            )
        off_at = programme.off_at if isinstance(programme, HeaterProgramme) else None
        if off_at is not None and sample.temperature is not None and off_at <= sample.temperature:
            refuse(
                ("programme", "off_at"),
                f"lies below the start of the cell ({show(sample.temperature, 'temperature')}): the heater never comes on",
            )
        if starts and sample.temperature is not None:
            word = "temperature" if isinstance(programme, RampProgramme) else "start"
            refuse(("sample", "temperature"), f"a programme '{kind}' sets the start itself (programme.{word}); leave it out here")
    if isinstance(sample, Meshed):
        if isinstance(programme, OvenProgramme) and "outside" not in sample.face_names():
            text = "an oven acts on the face 'outside', and this body has sides; give them convection and radiation in 'surroundings'"
            refuse(("programme", "kind"), text)
        if isinstance(programme, ArcProgramme | DscProgramme | RampProgramme | InAir):
            refuse(("programme", "kind"), f"a programme '{kind}' takes a lumped sample; a meshed body in it is not supported yet")
    return mistakes


def _mirrored(body: Meshed, face: str) -> list[str]:
    """That a face lies on a plane of symmetry, where it does."""
    planes = [plane for plane in body.planes() if plane == face or body.overlaps([plane, face])]
    return [f"{shortened(face)!r} lies on the plane of symmetry '{plane}', which no heat crosses" for plane in planes]


def _edge_problems(body: Meshed, edge: str | tuple[str, str]) -> list[str]:
    """What is wrong with an edge that is read."""
    if body.dimension < 3:
        return ["an edge is that of a body in space; the sides of this one are faces"]
    if isinstance(edge, str):
        known = body.edge_names()
        there = among(edge, known) if known else "; it has none with a name: give the two faces that meet in it"
        return [] if edge in known else [f"the sample has no edge {shortened(edge)!r}{there}"]
    names = body.face_names()
    strange = [f"the sample has no face {shortened(face)!r}" + among(face, names) for face in edge if face not in names]
    problem = None if strange else body.apart(*edge)
    return [problem] if problem else strange


def _measure_mistakes(document: Document, sample: Any, programme: Any, measure: Any) -> list[Mistake]:
    if not isinstance(measure, Measure) or sample is None:
        return []
    mistakes = []
    block = isinstance(sample, Meshed)
    if not block and measure.pictures.times:
        mistakes.append(document.mistake(("measure", "pictures"), "a lumped sample has no field to keep"))
    if block and "onsets" in measure.model_fields_set:
        mistakes.append(document.mistake(("measure", "onsets"), "nothing reacts in this sample, so there is no onset to read"))
    for name, probe in measure.probes.items():
        key: Key = ("measure", "probes", name)
        if not block:
            mistakes.append(document.mistake(key, "a lumped sample has one temperature and takes no probes; it is named 'sample'"))
        elif isinstance(probe, tuple):
            problem = sample.contains(probe)
            mistakes += [document.mistake(key, problem)] if problem else []
        elif probe.edge is not None:
            mistakes += [document.mistake((*key, "edge"), text) for text in _edge_problems(sample, probe.edge)]
        elif probe.face is not None and probe.face not in sample.face_names():
            text = f"the sample has no face {shortened(probe.face)!r}" + among(probe.face, sample.face_names())
            mistakes.append(document.mistake((*key, "face"), text))
        elif probe.region is not None and probe.region not in sample.region_names():
            text = f"the sample has no region {shortened(probe.region)!r}" + among(probe.region, sample.region_names())
            mistakes.append(document.mistake((*key, "region"), text))
    for i, face in enumerate(measure.flows):
        if not block:
            mistakes.append(document.mistake(("measure", "flows", i), "a lumped sample has no faces"))
        elif face not in sample.face_names():
            text = f"the sample has no face {shortened(face)!r}" + among(face, sample.face_names())
            mistakes.append(document.mistake(("measure", "flows", i), text))
        else:
            mistakes += [document.mistake(("measure", "flows", i), text) for text in _mirrored(sample, face)]
    known = list(measure.probes) if block else ["sample"]
    for name, crossing in measure.crossings.items():
        if crossing.probe not in known:
            text = f"there is no probe {shortened(crossing.probe)!r}" + did_you_mean(crossing.probe, known)
            mistakes.append(document.mistake(("measure", "crossings", name, "probe"), text))
        held = programme.held() if isinstance(programme, Conditions) else {}
        if crossing.of in held and isinstance(held[crossing.of], OverTime):
            text = f"the temperature of {shortened(crossing.of)!r} changes with time; give the crossing a 'temperature'"
            mistakes.append(document.mistake(("measure", "crossings", name, "of"), text))
        if crossing.of is not None and programme is not None and crossing.of not in held:
            text = f"no face {shortened(crossing.of)!r} is held at a temperature" + did_you_mean(crossing.of, held)
            mistakes.append(document.mistake(("measure", "crossings", name, "of"), text))
    end = getattr(programme, "end", None) if isinstance(programme, SurroundingsProgramme) else None
    for i, time in enumerate(measure.pictures.times):
        if end is not None and time > end:
            text = f"lies after the end of the programme ({show(end, 'time')})"
            mistakes.append(document.mistake(("measure", "pictures", "times", i), text))
    return mistakes


_POINT: dict[str, Any] = {"temperature_K": {}, "time_s": {}}
_FIRST = _POINT | {"temperature_start_of_window_K": {}, "criterion": {}, "rate_K_per_s": {}, "margin": {}}
_HEATS = ("rise_K", "heat_J", "heat_J_per_kg", "heat_J_per_Ah", "stored_J", "heat_capacity_J_per_K", "test")
_EXOTHERM = {"start": _POINT, "end": _POINT | {"reason": {}}} | {name: {} for name in _HEATS}
_PEAK: dict[str, Any] = {name: {} for name in ("temperature_K", "time_s", "height_W", "onset_K", "area_J", "area_J_per_kg")}
_PROBE: dict[str, Any] = {"initial_K": {}, "final_K": {}, "maximum_K": {}, "time_of_maximum_s": {}}
_REGION: dict[str, Any] = {name: {} for name in ("mean_K", "stored_J", "maximum_K", "time_of_maximum_s", "minimum_K", "time_of_minimum_s")}
_STACK: dict[str, Any] = {
    name: {} for name in ("conductivity_in_plane_W_per_m_K", "conductivity_through_W_per_m_K", "resistance_through_m2_K_per_W")
}
_ENERGY = ("initial_J", "final_J", "heat_in_J", "heat_out_J", "ejected_J", "residual_J", "residual_relative")
_BALANCE: dict[str, Any] = {"heat_in_W": {}, "heat_out_W": {}, "residual_W": {}, "residual_relative": {}}


def _results(sample: Any, measure: Measure, steady: bool) -> dict[str, Any]:
    """The keys of a summary, as far as a case can expect them; `*` stands for any name."""
    probes = list(measure.probes) if isinstance(sample, Meshed) else [*measure.probes, "sample", "holder", "sensor"]
    return {
        "end": {"reason": {}, "time_s": {}},
        "onsets": {"T1": _FIRST, "T2": dict.fromkeys(measure.onsets.T2, _POINT), "T3": _POINT, "cessation": _POINT},
        "exotherms": {"*": _EXOTHERM},
        "maximum_rate": _POINT | {"rate_K_per_s": {}},
        "crossings": dict.fromkeys(measure.crossings, _POINT),
        "probes": dict.fromkeys(probes, _PROBE),
        "arrivals": {"*": {"*": {}}},
        "regions": dict.fromkeys(sample.region_names() if isinstance(sample, Meshed) else (), _REGION),
        "derived": {"length_m": {}, "fourier": {}, "biot": {"*": {}}, "stack": _STACK},
        "dsc": {"peaks": {"*": _PEAK}, "area_J": {}, "area_J_per_kg": {}},
        "amounts": {"*": {"*": {}}},
        "energy": _BALANCE if steady else {name: {} for name in _ENERGY} | {"released_J": {"*": {}}},
    }


def _expect_mistakes(document: Document, sample: Any, expect: Any, measure: Any, programme: Any) -> list[Mistake]:
    mistakes = []
    results = _results(sample, measure if isinstance(measure, Measure) else Measure(), isinstance(programme, SteadyProgramme))
    for i, entry in enumerate(expect if isinstance(expect, list) else ()):
        node: Any = results
        what = entry.get("what") if isinstance(entry, dict) else None
        if not isinstance(what, str) or (not isinstance(measure, Measure) and what.startswith(("crossings", "probes", "onsets"))):
            continue  # what they may be called is not known
        for word in what.split("."):
            if word not in node and "*" not in node:
                text = f"unknown result {shortened(what)!r}: there is no {shortened(word)!r}" + did_you_mean(word, node)
                mistakes.append(document.mistake(("expect", i, "what"), text))
                break
            node = node.get(word, node.get("*"))
        else:
            if node and entry.get("value") not in (None, "none"):
                text = "is a result of several numbers; name one of them: " + ", ".join(node)
                mistakes.append(document.mistake(("expect", i, "what"), text))
    return mistakes


def _property_mistakes(document: Document, case: Case) -> list[Mistake]:
    """What does not fit together: conductivities and the dimension, elements and what is asked of them, the size of the mesh."""
    body = case.sample
    if not isinstance(body, Meshed):
        return []
    mistakes = []
    for region, (name, _) in body.materials().items():
        conductivity = case.material(name).thermal_conductivity
        key: Key = ("materials", name, "thermal_conductivity")
        if isinstance(conductivity, Tensor) and len(conductivity.rows) != body.dimension:
            text = f"has {len(conductivity.rows)} rows, and {shortened(region)!r} has {body.dimension} dimensions"
            mistakes.append(document.mistake(key, text))
        if isinstance(conductivity, Cylindrical) and body.dimension == 1:
            mistakes.append(document.mistake(key, f"is cylindrical, and {shortened(region)!r} is a line"))
    if isinstance(body, Boxes):
        for i, side in enumerate(body.symmetry):
            axis, place = body.mirror(side)
            for name, _ in dict.fromkeys(body.materials().values()):
                conductivity = case.material(name).thermal_conductivity
                if isinstance(conductivity, Tensor | Cylindrical) and not conductivity.mirrored(axis, place):
                    text = f"the conductivity of {shortened(name)!r} is not its own mirror image at '{side}'"
                    mistakes.append(document.mistake(("sample", "symmetry", i), text))
    materials = {name: case.material(name) for name, _ in body.materials().values()}
    varies = [
        name
        for name, m in materials.items()
        if tables_of(m.density) or tables_of(m.heat_capacity) or (m.melting and m.melting.heat and m.melting.range)
    ]
    if varies and case.numerics.capacity == "consistent":
        text = f"a consistent capacity is for constant heat capacities; that of {shortened(varies[0])!r} depends on temperature"
        mistakes.append(document.mistake(("numerics", "capacity"), text))
    if varies and not body.lumps:
        text = (
            f"the heat capacity of {shortened(varies[0])!r} depends on temperature: these elements of order 2 cannot lump it; use order 1"
        )
        mistakes.append(document.mistake(("sample", "mesh"), text))
    if case.numerics.capacity == "lumped" and not body.lumps:
        mistakes.append(
            document.mistake(("numerics", "capacity"), "these elements of order 2 cannot be lumped; use order 1, or consistent")
        )
    if case.numerics.check_mesh and isinstance(body, ImportedBody):
        mistakes.append(document.mistake(("numerics", "check_mesh"), "this mesh is not refined; make a finer one and compare"))
    if mistakes:
        return mistakes
    n = body.most_cells(case.named_faces())
    if n <= MOST_NODES:  # else there is no grid to be counted either
        n = body.n_nodes(case.named_faces(), int(case.numerics.check_mesh))
    if n > MOST_NODES:
        text = f"asks for {n} nodes; at most {MOST_NODES} are taken: widen smallest, interface or growth"
        mistakes.append(document.mistake(("sample", "mesh"), text))
    if isinstance(case.programme, SteadyProgramme):
        for region in body.untied(case.programme):
            text = (
                f"the part of the body with {shortened(region)!r} has no face that is held, convective or radiative: its temperature is any"
            )
            mistakes.append(document.mistake(("programme", "faces"), text))
    if isinstance(body.temperature, Stored) and not (body.temperature.folder / "fields" / "run.pvd").is_file():
        text = f"{body.temperature.folder} has no fields; a result with pictures at its end is wanted"
        mistakes.append(document.mistake(("sample", "temperature", "result"), text))
    return mistakes


def case_of(document: Document) -> Case:
    """The case that a document describes. Raises CaseError with every mistake found."""
    raw = document.data
    case, mistakes = make(Case, document)
    if case is not None:
        parts: dict[str, Any] = {name: getattr(case, name) for name in ("sample", "programme", "measure")}
    else:  # what is well formed is checked all the same, so that all mistakes come at once
        models = {"sample": Sample, "programme": Programme, "measure": Measure}
        parts = {name: make(model, document, raw[name], (name,)).model if name in raw else None for name, model in models.items()}
        if "measure" not in raw:
            parts["measure"] = Measure()
    mistakes = mistakes + material_mistakes(document, raw.get("materials"))
    mistakes += _sample_mistakes(document, parts["sample"], raw)
    mistakes += _place_mistakes(document, parts["sample"], raw.get("programme"))
    mistakes += _programme_mistakes(document, parts["sample"], parts["programme"])
    mistakes += _measure_mistakes(document, parts["sample"], parts["programme"], parts["measure"])
    mistakes += _expect_mistakes(document, parts["sample"], raw.get("expect"), parts["measure"], parts["programme"])
    if case is not None and not mistakes:
        mistakes = _property_mistakes(document, case)
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
    data["materials"] = {name: _plain(case.material(name)) for name in case.materials}
    if isinstance(case.sample, LumpedCell) and case.sample.chemistry is not None:
        data["sample"]["chemistry"] = {"name": case.sample.chemistry if isinstance(case.sample.chemistry, str) else None}
        data["sample"]["chemistry"] |= _plain(case.sample.mechanism())
    return data  # type: ignore[no-any-return]


def case_hash(case: Case) -> str:
    """sha256 of all that a case says, defaults and library values included; the same text and settings, the same hash."""
    return hashlib.sha256(json.dumps(resolved(case), sort_keys=True).encode()).hexdigest()


def used_numbers(case: Case) -> Iterable[tuple[Key, Quantity]]:
    """The numbers that a result rests on: used materials as resolved, the sample with its mechanism, the programme."""
    if isinstance(case.sample, Meshed):
        for name in dict.fromkeys(material for material, _ in case.sample.materials().values()):
            material = case.material(name)
            for wanted_property in PROPERTIES:
                yield from quantities(getattr(material, wanted_property), ("materials", name, wanted_property))
        yield from (entry for entry in quantities(case.sample, ("sample",)) if entry[0][1] != "mesh")
    else:
        mechanism = case.sample.mechanism()
        if mechanism is not None:
            yield from quantities(mechanism, ("sample", "chemistry"))
        yield from (entry for entry in quantities(case.sample, ("sample",)) if entry[0][1] not in ("chemistry", "with"))
    yield from quantities(case.programme, ("programme",))
