"""Mistakes between the parts of a case: what a programme or a measure names must be there, and what stands together must fit."""

from __future__ import annotations

from typing import Any

from thermo.base.errors import Mistake, among, closest, did_you_mean, shortened
from thermo.bodies.meshed import Meshed
from thermo.casefile.reader import Document, Key
from thermo.casefile.units import show
from thermo.measurement.asked import Crossing, Measure, Place
from thermo.programmes.conditions import varies
from thermo.programmes.lumped_bodies import lumped_names


def sample_mistakes(document: Document, sample: Any, raw: Any) -> list[Mistake]:
    """Materials of regions that the case does not have."""
    if sample is None or not sample.has_field:
        return []
    found = [document.mistake(("sample", *key), text) for key, text in sample.contact_problems()]
    if "materials" not in raw and any(closest(key, ["materials"]) for key in raw):
        return found  # misspelt: one mistake, and not one of every layer as well
    names = raw.get("materials") if isinstance(raw.get("materials"), dict) else {}
    return found + [
        document.mistake(("sample", *key), f"unknown material {shortened(material)!r}" + did_you_mean(material, names))
        for material, key in sample.written()
        if material not in names
    ]


def with_interfaces(document: Document, sample: Any) -> Document:
    """The document with its interfaces called as the sample calls them: `b|a` is `a|b`. The same one where all are."""
    names = sample.face_names() if sample is not None and sample.has_field else []
    other = {"|".join(reversed(name.split("|"))): name for name in names if name.count("|") == 1}
    other = {turned: name for turned, name in other.items() if turned not in names}
    moved: dict[Key, Key] = {}
    mistakes = list(document.mistakes)

    def renamed(node: Any, key: tuple[Any, ...], new: tuple[Any, ...]) -> Any:
        if key != new:
            moved[key] = new
        if isinstance(node, dict):
            made = {}
            for name, value in node.items():
                plain = other.get(name, name) if key in (("programme", "faces"), ("sample", "contacts")) else name
                if plain != name and plain in node:
                    mistakes.append(document.mistake((*key, name), f"is the interface {plain!r}, which is given as well"))
                    continue
                made[plain] = renamed(value, (*key, name), (*new, plain))
            return made
        if isinstance(node, list):
            return [renamed(value, (*key, i), (*new, i)) for i, value in enumerate(node)]
        if not isinstance(node, str) or "|" not in node:
            return node
        return ".".join(other.get(word, word) for word in node.split(".")) if key[-1] == "what" else other.get(node, node)

    parts = ("sample", "programme", "measure", "expect")
    data = {name: renamed(node, (name,), (name,)) if name in parts else node for name, node in document.data.items()}
    if data == document.data and len(mistakes) == len(document.mistakes):
        return document
    return document._replace(
        data=data,
        lines={moved.get(key, key): line for key, line in document.lines.items()},
        provenance={moved.get(key, key): stated for key, stated in document.provenance.items()},
        settings=frozenset(moved.get(key, key) for key in document.settings),
        mistakes=tuple(mistakes),
    )


BODY = "contact-with-a-body"


def _beside(document: Document) -> list[str]:
    """The names of lumped bodies that a programme has, as read: they are read like probes."""
    programme = document.data.get("programme")
    faces = programme.get("faces") if isinstance(programme, dict) else None
    entries = [entry for part in faces.values() if isinstance(part, list) for entry in part] if isinstance(faces, dict) else []
    return [
        entry["name"] for entry in entries if isinstance(entry, dict) and entry.get("kind") == BODY and isinstance(entry.get("name"), str)
    ]


def _kinds(conditions: Any) -> list[Any]:
    """The kinds of the conditions on a face, as read."""
    entries = conditions if isinstance(conditions, list) else []
    return [entry.get("kind") for entry in entries if isinstance(entry, dict)]


def _at_face(block: Any, name: str, conditions: Any, programme: str) -> list[tuple[Key, str]]:
    """What is wrong with the conditions that a programme names for one face, with the key below it."""
    faces, found = block.face_names() if block else [], list[tuple[Key, str]]()
    if block and name in block.edge_names() and name not in faces:
        text = f"{shortened(name)!r} is an edge: it has no area, so the heat that crosses it is undetermined; name a face"
        found.append(((), text))
    elif name not in faces:
        found.append(((), f"the sample has no face {shortened(name)!r}" + among(name, faces)))
    elif block:
        found += [((), text) for text in _mirrored(block, name)]
    if conditions == []:
        text = "a condition is needed, such as {kind: held, temperature: 473 K}; a face that is not named is insulated"
        found.append(((), text))
    entries = [entry for entry in conditions if isinstance(entry, dict)] if isinstance(conditions, list) else []
    for i, entry in enumerate(entries):
        found += [((i, *key), text) for key, text in _one_condition(block, faces, name, entry, programme == "steady")]
    return found + _together(block, faces, name, _kinds(conditions))


STANDING = "changes with time, but a steady programme has no time"


def _moving(entries: Any) -> list[tuple[Key, str]]:
    """Values that change over time in a condition, or in a list of them: the key of the condition, and that of the first such value."""
    found: list[tuple[Key, str]] = []
    if isinstance(entries, list):
        for i, entry in enumerate(entries):
            found += [((i, *key), word) for key, word in _moving(entry)]
        return found
    for word, value in entries.items() if isinstance(entries, dict) else ():
        if not found and isinstance(value, dict) and ("table" in value or "over" in value):
            found.append(((), word))
    return found


def _one_condition(block: Any, faces: list[str], name: str, entry: dict[str, Any], steady: bool) -> list[tuple[Key, str]]:
    """What is wrong with one condition at its face."""
    found: list[tuple[Key, str]] = []
    if entry.get("kind") in ("contact", "thin-layer") and name in faces and "|" not in name:
        text = "a contact lies between two regions; name an interface, such as " + next((f for f in faces if "|" in f), "'a|b'")
        found.append((("kind",), text))
    if entry.get("kind") == "gap-radiation":
        to = entry.get("to")
        if to not in faces or to == name:
            found.append((("to",), f"the sample has no other face {shortened(to)!r}" + did_you_mean(str(to), faces)))
        elif block and name in faces:
            problem = block.no_gap(name, to)
            found += [(("to",), problem)] if problem else []
    return found + [((word,), STANDING) for _, word in _moving(entry) if steady]


def _together(block: Any, faces: list[str], name: str, kinds: list[Any]) -> list[tuple[Key, str]]:
    """Conditions that cannot stand on one face together, or not on this one."""
    found: list[tuple[Key, str]] = []
    films = [kind for kind in kinds if kind in ("convection", "radiation", BODY)]
    if films and block and name in faces and block.within(name):
        text = f"{shortened(name)!r} lies within the body, where there are no surroundings: {films[0]} belongs on an outer face "
        found.append(((), text + "(for heat released inside, use a flux on such a face or a source in a region)"))
    n_links = sum(kind in ("contact", "thin-layer", "gap-radiation") for kind in kinds)
    if n_links > 1 or (n_links and ("held" in kinds or ("gap-radiation" not in kinds and len(kinds) > 1))):
        found.append(((), "a contact, a thin layer or a gap must be alone on its face" if n_links == 1 else "two contacts on one face"))
    if kinds.count(BODY) > 1:
        found.append(((), "touches two bodies; a face touches one, so give each a face of its own, such as a patch"))
    if kinds.count(BODY) == 1 and "gap-radiation" in kinds:
        found.append(((), "looks across a gap, so it touches no body"))
    n_held = kinds.count("held")
    if n_held > 1:
        found.append(((), f"is held at {n_held} temperatures at once; a face can be held at one"))
    elif n_held and len(kinds) > 1:
        other = next(kind for kind in kinds if kind != "held")
        found.append(((), f"is held at a temperature; remove {shortened(other)!r}, which has no effect there"))
    return found


def place_mistakes(document: Document, sample: Any, raw: Any) -> list[Mistake]:
    """Faces and regions that a programme names, what stands on one face together; from the data as read, well formed or not."""
    mistakes: list[Mistake] = []
    if sample is None or not isinstance(raw, dict) or raw.get("kind") not in ("surroundings", "steady"):
        return mistakes
    block = sample if sample.has_field else None
    faces, regions = (block.face_names(), block.region_names()) if block else ([], [])

    def refuse(group: str, name: str, text: str) -> None:
        mistakes.append(document.mistake(("programme", group, name), text))

    written = raw.get("faces")
    named: dict[str, Any] = written if isinstance(written, dict) else {}
    for name, conditions in named.items():
        mistakes += [
            document.mistake(("programme", "faces", name, *key), text) for key, text in _at_face(block, name, conditions, raw["kind"])
        ]
    own = {face for face, _ in block.touching()} if block else set()
    for name in own & set(named):
        refuse("faces", name, "the sample has a contact there already ('contacts'): give it in one place")
    held = [name for name, conditions in named.items() if name in faces and "held" in _kinds(conditions)]
    cuts = [name for name, conditions in named.items() if _parts(conditions)]
    for name, text in _parted(block, [name for name in named if name in faces], cuts) if block and cuts else []:
        refuse("faces", name, text)
    for group in ("regions", "sources"):
        within = raw.get(group)
        for name, entries in within.items() if isinstance(within, dict) else []:
            if name in named and name in faces:
                refuse(group, name, "a face of that name has conditions as well: give one of them another name ('faces' of the sample)")
            if name not in regions:
                refuse(group, name, f"the sample has no region {shortened(name)!r}" + among(name, regions))
            for key, word in _moving(entries) if raw["kind"] == "steady" else []:
                mistakes.append(document.mistake(("programme", group, name, *key, word), STANDING))
    for one, other in block.overlaps(held) if block else []:
        text = f"overlaps {other!r}, which is held as well, in line {document.line(('programme', 'faces', other))}"
        refuse("faces", one, text)
    return mistakes


def programme_mistakes(document: Document, sample: Any, programme: Any, measure: Any) -> list[Mistake]:
    """A programme that does not fit its sample: what one of them must say, or leave to the other."""
    if sample is None or programme is None:
        return []
    mistakes = []

    def refuse(key: Key, text: str) -> None:
        mistakes.append(document.mistake(key, text))

    begins, kind = programme.starts_at(), programme.kind
    fixed = bool(programme.start_key) and not (sample.has_field and programme.on_body_starts_itself)
    written = document.data.get("sample")
    started = sample.temperature is not None or (isinstance(written, dict) and "temperature" in written)  # maybe wrongly written
    if begins is None and not started and not (programme.steady and not sample.has_field):
        what = "body" if sample.has_field else "cell"
        refuse(("sample",), f"'temperature' is missing: the {what} needs a start temperature")
    if fixed and sample.temperature is not None:
        refuse(
            ("sample", "temperature"),
            f"a programme '{kind}' sets the start itself (programme.{programme.start_key}); leave it out here",
        )
    if programme.in_air and not sample.has_field and sample.surface is None:
        refuse(("sample",), f"'surface' is missing: the cell area that the {kind} acts on")
    probes = measure.probes if isinstance(measure, Measure) else {}
    found = programme.body_problems(sample, probes) if sample.has_field else programme.cell_problems(sample)
    for key, text in found:
        refuse(key[1:] if key and key[0] == ".." else ("programme", *key), text)
    return mistakes


def _mirrored(body: Meshed, face: str) -> list[str]:
    """That a face lies on a plane of symmetry, where it does."""
    planes = [plane for plane in body.planes() if plane == face or body.overlaps([plane, face])]
    return [f"{shortened(face)!r} lies on the plane or axis of symmetry '{plane}', which no heat crosses" for plane in planes]


def _parts(conditions: Any) -> bool:
    """Whether a contact or a thin layer is among the conditions of a face, as read."""
    kinds = [entry.get("kind") for entry in conditions if isinstance(entry, dict)] if isinstance(conditions, list) else []
    return "contact" in kinds or "thin-layer" in kinds


def _parted(body: Meshed, faces: list[str], cuts: list[str]) -> list[tuple[str, str]]:
    """The faces that lie on an interface with a contact or a thin layer and are not that interface, and what is wrong with each."""
    text = "lies on the interface {!r}, which has two temperatures because of its contact or thin layer; name a face of one region"
    found = []
    for pair in body.overlaps(list(dict.fromkeys([*cuts, *faces]))):
        on = [name for name in pair if name not in cuts]
        if len(on) == 1:
            (cut,) = set(pair) - set(on)
            found.append((on[0], f"{shortened(on[0])!r} " + text.format(shortened(cut))))
    return found


def _edge_problems(body: Meshed, edge: str | tuple[str, str]) -> list[str]:
    """What is wrong with an edge that is read."""
    if body.dimension < 3:
        return ["only a body in three dimensions has edges; the sides of this one are faces"]
    if isinstance(edge, str):
        known = body.edge_names()
        there = among(edge, known) if known else "; no edge of it has a name: give the two faces that meet in it"
        return [] if edge in known else [f"the sample has no edge {shortened(edge)!r}{there}"]
    names = body.face_names()
    strange = [f"the sample has no face {shortened(face)!r}" + among(face, names) for face in edge if face not in names]
    problem = None if strange else body.apart(*edge)
    return [problem] if problem else strange


def _flow_problems(sample: Any, programme: Any, face: str) -> list[str]:
    """What is wrong with asking for the heat through a face."""
    if not sample.has_field:
        return ["a lumped sample has no faces"]
    if face not in sample.face_names():
        return [f"the sample has no face {shortened(face)!r}" + among(face, sample.face_names())]
    driven = programme.on_body() if programme is not None else None
    if driven is not None and (driven.wall or driven.heated):
        return [f"is not counted under a programme '{programme.kind}': what its wall or its heater gives belongs to no face"]
    return _mirrored(sample, face)


def _crossing_mistakes(document: Document, name: str, crossing: Crossing, known: list[str], held: Any) -> list[Mistake]:
    """Probes that are not there, and faces not held at one temperature; `held` of the programme, None where that is not known."""
    found: list[tuple[str, str]] = []
    if crossing.probe not in known and isinstance(crossing.probe, str):
        found.append(("probe", f"there is no probe {shortened(crossing.probe)!r}" + did_you_mean(crossing.probe, known)))
    if held is not None and crossing.of in held and varies(held[crossing.of]):
        found.append(("of", f"the temperature of {shortened(crossing.of)!r} changes with time; give the crossing a 'temperature'"))
    if held is not None and crossing.of is not None and crossing.of not in held:
        found.append(("of", f"no face {shortened(crossing.of)!r} is held at a temperature" + did_you_mean(crossing.of, held)))
    return [document.mistake(("measure", "crossings", name, word), text) for word, text in found]


def measure_mistakes(document: Document, sample: Any, programme: Any, measure: Any) -> list[Mistake]:
    """Places that the sample does not have, probes and held faces that crossings refer to."""
    if not isinstance(measure, Measure):
        return []
    mistakes = []
    if sample is None:  # what the probes are called is known all the same
        written = document.data.get("sample")
        known = [*measure.probes, *_beside(document)]
        known += [] if isinstance(written, dict) and written.get("kind") != "lumped" else ["sample"]
        held = programme.held() if programme is not None else None
        return [
            mistake for name, crossing in measure.crossings.items() for mistake in _crossing_mistakes(document, name, crossing, known, held)
        ]
    block = sample.has_field
    if not block and measure.pictures.times:
        mistakes.append(document.mistake(("measure", "pictures"), "a lumped sample has no field to keep"))
    if block and "onsets" in measure.model_fields_set and programme is not None and not programme.on_body().wall:
        text = "no instrument looks for an onset in this sample"
        mistakes.append(document.mistake(("measure", "onsets"), text))
    for name, probe in measure.probes.items():
        key: Key = ("measure", "probes", name)
        if not block:
            mistakes.append(document.mistake(key, "a lumped sample has one temperature, named 'sample', and accepts no probes"))
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
        mistakes += [document.mistake(("measure", "flows", i), text) for text in _flow_problems(sample, programme, face)]
    terms = (*(programme.terms() if programme is not None else ()), *sample.touching()) if block else ()
    cuts = [name for name, condition in terms if condition.parts and block and name in sample.face_names()]
    read: list[tuple[Key, str | None]] = [(("measure", "flows", i), face) for i, face in enumerate(measure.flows)]
    read += [(("measure", "probes", name, "face"), probe.face) for name, probe in measure.probes.items() if isinstance(probe, Place)]
    parted = _parted(sample, [face for _, face in read if face], cuts) if cuts else []
    mistakes += [document.mistake(key, text) for key, face in read for name, text in parted if name == face]
    known = [*measure.probes, *_beside(document)] if block else ["sample"]
    for name, crossing in measure.crossings.items():
        held = (programme.held() if block else {}) if programme is not None else None
        mistakes += _crossing_mistakes(document, name, crossing, known, held)
    end = programme.lasts() if programme is not None and not programme.steady else None
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
_THROUGH: dict[str, Any] = {name: {} for name in ("final_W", "extreme_W", "time_of_extreme_s")}
_MISSED: dict[str, Any] = {name: {} for name in ("temperature_K", "nearest_K", "time_of_nearest_s", "short_by_K", "nearest_K_per_s")}
_LAG: dict[str, Any] = {name: {} for name in ("largest_K", "time_of_largest_s", "heated_K", "lag_s")}
_STACK: dict[str, Any] = {
    name: {} for name in ("conductivity_in_plane_W_per_m_K", "conductivity_through_W_per_m_K", "resistance_through_m2_K_per_W")
}
_STABILITY: dict[str, Any] = {name: {} for name in ("ambient_K", "lambda_1_per_s", "critical_ambient_K", "hottest_K", "coldest_K")}
_STABILITY |= {"reactions": {"*": {name: {} for name in ("heat_W", "factor", "adiabatic_rise_K", "B")}}}
_WAITED: dict[str, Any] = {name: {} for name in ("begins_s", "gas_mol", "made_mol", "gas_mol_per_m3", "made_mol_per_m3")}
_ENERGY = ("initial_J", "final_J", "heat_in_J", "heat_out_J", "ejected_J", "residual_J", "residual_relative")
_BALANCE: dict[str, Any] = {"heat_in_W": {}, "heat_out_W": {}, "residual_W": {}, "residual_relative": {}}


def _heated(sample: Any, programme: Any) -> list[str]:
    """What the columns of heat are called for: faces, regions with sources, contacts, pairs of faces across a gap."""
    own = sample.touching() if sample is not None and sample.has_field else ()
    terms = (*programme.terms(), *own)
    columns = [c.column(name, alone) for name, c in terms for alone in (True, False)]
    return list(dict.fromkeys([*columns, *lumped_names(terms)]))


def _results(sample: Any, measure: Measure, programme: Any, beside: list[str]) -> dict[str, Any]:
    """The keys of a summary, as far as a case can expect them, `beside` the names of lumped bodies; `*` stands for any name."""
    meshed = sample is None or sample.has_field  # what is not known may be either
    probes = [*measure.probes, *beside] if meshed and sample is not None else [*measure.probes, *beside, "sample", "holder", "sensor"]
    heats = ["*"] if programme is None else _heated(sample, programme)
    regions = ["*"] if sample is None else sample.region_names() if meshed else []
    stack: dict[str, Any] = {} if sample is not None and meshed and sample.sheets() is None else {"stack": _STACK}
    core: dict[str, Any] = (
        {name: {word: {} for word in words} for name, words in sample.derives().items()} if sample is not None and meshed else {}
    )
    energy: dict[str, Any] = {name: {} for name in _ENERGY} | {"released_J": {"*": {}}}
    if programme is None or programme.steady:
        energy = _BALANCE | {"released_W": {"*": {}}} if programme is not None else energy | _BALANCE
    return {
        "end": {"reason": {}, "time_s": {}},
        "onsets": {"T1": _FIRST, "T2": dict.fromkeys(measure.onsets.T2, _POINT), "T3": _POINT, "cessation": _POINT},
        "exotherms": {"*": _EXOTHERM},
        "maximum_rate": _POINT | {"rate_K_per_s": {}},
        "crossings": dict.fromkeys(measure.crossings, _POINT),
        "probes": dict.fromkeys(probes, _PROBE),
        "arrivals": {"*": {"*": {}}},
        **({"hottest": {"T1": _POINT, "T2": {"*": _POINT}, "T3": _POINT, "sensor_later_s": {"*": {}}}} if meshed else {}),
        "lags": {"*": _LAG} if meshed else {},
        "triggers": {"*": {"time_s": {}, "temperature_K": {}, "maximum_K": {}, **_WAITED}},
        "gas": {"made_mol": {}, "by_reaction_mol": {"*": {}}},
        "missed_crossings": dict.fromkeys(measure.crossings, _MISSED),
        **({"heats": dict.fromkeys(heats, _THROUGH), "flows": dict.fromkeys(measure.flows, _THROUGH)} if meshed else {}),
        "regions": dict.fromkeys(regions, _REGION),
        "derived": {"length_m": {}, "fourier": {}, "biot": {"*": {}}} | stack | core,
        "dsc": {"peaks": {"*": _PEAK}, "area_J": {}, "area_J_per_kg": {}},
        "amounts": {"*": {"*": {}}},
        **({"stability": _STABILITY} if programme is None or programme.stability else {}),
        "energy": energy,
    }


def results_of(case: Any) -> dict[str, Any]:
    """The keys of the summary of a case, by group; `*` stands for any name."""
    return _results(case.sample, case.measure, case.programme, lumped_names(case.programme.terms()))


def result_problem(results: dict[str, Any], what: str, single: bool = True) -> str | None:
    """What is wrong with a dotted key of a summary, or None. `single`: it must be one number, and no group of several."""
    node: Any = results
    for word in what.split("."):
        if word not in node and "*" not in node:
            return f"unknown result {shortened(what)!r}: there is no {shortened(word)!r}" + did_you_mean(word, node)
        node = node.get(word, node.get("*"))
    return "has several numbers; name one of them: " + ", ".join(node) if node and single else None


def expect_mistakes(document: Document, sample: Any, expect: Any, measure: Any, programme: Any) -> list[Mistake]:
    """Results that such a run does not have."""
    mistakes = []
    results = _results(sample, measure if isinstance(measure, Measure) else Measure(), programme, _beside(document))
    for i, entry in enumerate(expect if isinstance(expect, list) else ()):
        what = entry.get("what") if isinstance(entry, dict) else None
        if not isinstance(what, str) or (not isinstance(measure, Measure) and what.startswith(("crossings", "probes", "onsets"))):
            continue  # what they may be called is not known
        problem = result_problem(results, what, entry.get("value") not in (None, "none"))
        if problem:
            mistakes.append(document.mistake(("expect", i, "what"), problem))
    return mistakes
