"""Bad case files are refused: every mistake at its line, in the words of a case file, with what would be right."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

from tests.conftest import calls
from thermo.base.errors import CaseError
from thermo.case.case import read_case

PAPER = Path(__file__).parent.parent.parent / "cases" / "paper"
BRICK, CELL = ("brick-pi-ag.yaml", "cu-20li.yaml")
TEXT = {name: (PAPER / name).read_text(encoding="utf-8") for name in (BRICK, CELL)}
JARGON = re.compile(r"ValidationError|\bdict\b|NoneType|\bNone\b|pydantic|<class|\btuple\b|\bstr\b|\bint\b|Input should|Frozen|Mistake|\{'")


def mistakes_of(tmp_path, text, settings=()):
    """The mistakes that reading a case finds, in order; none where it is taken."""
    file = tmp_path / "case.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        read_case(file, settings)
    except CaseError as error:
        for line in error.lines():
            assert not JARGON.search(line), line
        return error.mistakes
    return []


def changed(text, old, new):
    """The text with one passage replaced, which must stand there exactly once, and the line of it."""
    assert text.count(old) == 1, (text.count(old), old)
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


class Place(NamedTuple):
    """Where a key and its value stand in the text of a case; lines from 1."""

    key: str
    line: int
    around: int  # the line of the block around it
    begin: int
    value: int
    end: int
    flow: bool
    scalar: bool


def places(text):
    """Every key of a case with its place in the text."""
    found = []

    def walk(node, at, around):
        if hasattr(node, "value") and isinstance(node.value, list):
            for i, entry in enumerate(node.value):
                if not isinstance(entry, tuple):
                    walk(entry, [*at, str(i)], entry.start_mark.line + 1)
                    continue
                name, value = entry
                begin, end = name.start_mark.index, value.end_mark.index
                end = begin + len(text[begin:end].rstrip())
                key, line = [*at, name.value], name.start_mark.line + 1
                scalar = not isinstance(value.value, list)
                found.append(Place(".".join(key), line, around, begin, value.start_mark.index, end, bool(node.flow_style), scalar))
                walk(value, key, line)

    walk(YAML(typ="safe", pure=True).compose(text), [], 1)
    return found


PLACES = [(name, place) for name in (BRICK, CELL) for place in places(TEXT[name])]


def named(entry):
    return f"{entry[0].removesuffix('.yaml')}:{entry[1].line}:{entry[1].key}"


def without(text, place):
    """The text without a key and its value."""
    before, after = text[: place.begin], text[place.end :]
    if not place.flow:
        return before + after
    return before + after[2:] if after.startswith(", ") else before.removesuffix(", ") + after


def with_value(text, place, value):
    """The text with another value of a key; what follows keeps its lines."""
    return text[: place.value] + value + "\n" * text[place.value : place.end].count("\n") + text[place.end :]


# names that the case chooses itself, and provenance that may be left out
CHOSEN = re.compile(
    r"materials\.[^.]+|sample\.(patches|melting)\.[^.]+|measure\.(probes|crossings)\.[^.]+|programme\.faces\.[^.]+|.*\.(lithium|separator)"
)


def swapped(word):
    """A slip of the fingers: two letters of the middle the other way round."""
    at = len(word) // 2
    for i in [*range(at, len(word) - 1), *range(at)]:
        if word[i] != word[i + 1]:
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word + "x"


SLIPS = {
    "doubled": lambda word: word[: len(word) // 2 + 1] + word[len(word) // 2] + word[len(word) // 2 + 1 :],
    "dropped": lambda word: word[:-1] if len(word) > 2 else word + word[-1],
    "swapped": swapped,
    "capital": lambda word: word[0].upper() + word[1:] if word[0].islower() else word.lower(),
}


def misspelt(text, place, slip):
    word = place.key.rpartition(".")[2]
    return word, text[: place.begin] + SLIPS[slip](word) + text[place.begin + len(word) :]


NAMED = [entry for entry in PLACES if not CHOSEN.fullmatch(entry[1].key)]


@pytest.mark.usual(35)
@pytest.mark.parametrize("entry", NAMED, ids=named)
def test_a_misspelt_key_is_refused_at_its_line_with_the_right_one(tmp_path, entry):
    name, place = entry
    slips = list(SLIPS)
    for slip in {slips[place.line % 4], slips[place.begin % 4]}:
        word, text = misspelt(TEXT[name], place, slip)
        found = mistakes_of(tmp_path, text)
        assert [str(m) for m in found if m.line == place.line and f"did you mean {word!r}?" in m.text], [str(m) for m in found]
        assert len(found) <= 3, [str(m) for m in found]


OPTIONAL = re.compile(
    r"notes|expect|measure|materials\.[^.]+\.at|(?!expect).*\.(status|source)|sample\.(mesh|melting|ejecta)|sample\.(mesh|melting)\.[^.]+|sample\.short\.half"
    r"|sample\.heat_capacity\.slope|programme\.(longest|calorimeter)|programme\.calorimeter\.[^.]+|measure\.(pictures|onsets).*"
    r"|measure\.probes\.(?!bottom-mean)[^.]+|measure\.crossings\.(?!half-rise)[^.]+"
)
USED_ELSEWHERE = re.compile(
    r"materials|materials\.[^.]+|sample\.(patches|short|chemistry)|programme\.faces(\.[^.]+)?|measure\.(probes|crossings)(\.[^.]+)?"
)


@pytest.mark.usual(50)
@pytest.mark.parametrize("entry", [entry for entry in PLACES if not OPTIONAL.fullmatch(entry[1].key)], ids=named)
def test_a_required_key_that_is_absent_is_refused_at_the_block_around_it(tmp_path, entry):
    name, place = entry
    text = without(TEXT[name], place)
    if "value: none" in TEXT[name][place.begin : place.end]:
        pytest.skip("an entry without a value only states the kind of a result")
    found = mistakes_of(tmp_path, text)
    assert found and all(mistake.line for mistake in found)
    if not USED_ELSEWHERE.fullmatch(place.key):
        assert {m.line for m in found} & {place.around, place.line, place.line + 1}, [str(m) for m in found]


NUMBERS = [
    entry
    for entry in PLACES
    if entry[1].scalar and re.match(r"[0-9]", TEXT[entry[0]][entry[1].value : entry[1].end]) and not entry[1].key.endswith("source")
]
WORDS = [entry for entry in PLACES if entry[1].scalar and entry not in NUMBERS]
BLOCKS = [entry for entry in PLACES if not entry[1].scalar]


def refused(tmp_path, entry, value, pattern):
    """Whether a value in place of a good one is refused at its line for the reason expected."""
    name, place = entry
    found = mistakes_of(tmp_path, with_value(TEXT[name], place, value))
    assert [m for m in found if m.line in (place.line, place.line + 1) and re.search(pattern, m.text)], (value, [str(m) for m in found])


def all_refused(tmp_path, name, entries, value_of, pattern):
    """Put other values in many places of one file: every one of them must be refused at its line, all at once."""
    text, wanted = TEXT[name], []
    for _, place in reversed([entry for entry in entries if entry[0] == name]):
        value = value_of(place, TEXT[name][place.value : place.end])
        if value is not None:
            text = with_value(text, place, value)
            wanted.append(place)
    found = mistakes_of(tmp_path, text)
    missed = [
        place.key
        for place in wanted
        if not [
            m
            for m in found
            if m.line == place.line and f"{m.key}.".startswith(place.key.removesuffix(".value")) and re.search(pattern, m.text)
        ]
    ]
    assert wanted and missed == [], [str(m) for m in found]


@pytest.mark.parametrize("name", (BRICK, CELL))
@pytest.mark.parametrize(
    ("value_of", "pattern"),
    [
        (lambda number, unit: number if unit else None, "has no unit"),
        (lambda number, unit: f"{number} cd", "unknown unit"),
        (lambda number, unit: f"{number} V2", "wrong unit"),
        (lambda number, unit: f'"1,5 {unit}"', "has a comma"),
        (lambda number, unit: f"1e400 {unit}".strip(), "too large for a number"),
        (lambda number, unit: f"1e-400 {unit}" if unit else None, "too small for a number"),
        (lambda number, unit: f"nan {unit}", "is not a number with a unit"),
        (lambda number, unit: f"{number} {unit}**9**9**9", "unknown unit|wrong unit"),
        (lambda number, unit: "true", "needed, found true"),
        (lambda number, unit: "much", "is not a number with a unit"),
        (lambda number, unit: ".nan", "is not a finite number"),
        (lambda number, unit: ".inf", "is not a finite number"),
        (lambda number, unit: "null", "found nothing|has no value|is missing"),
        (lambda number, unit: "[1]", "found a list of 1"),
        (lambda number, unit: "{a: 1}", "found a block of keys|unknown key|has no unit"),
    ],
)
def test_what_is_no_number_with_the_right_unit_is_refused_everywhere_at_once(tmp_path, name, value_of, pattern):
    def value(place, text):
        number, _, unit = text.partition(" ")
        return value_of(number, unit.strip())

    all_refused(tmp_path, name, NUMBERS, value, pattern)


SIGNED = re.compile(r"expect.*|.*\.slope")
ZERO = re.compile(r"expect.*|.*\.(slope|loss|radiating_area)|sample\.ejecta\.fraction\.value")


@pytest.mark.parametrize("name", (BRICK, CELL))
def test_negative_numbers_and_temperatures_below_zero_are_refused_everywhere_at_once(tmp_path, name):
    def value(place, text):
        if SIGNED.fullmatch(place.key):
            return None
        return "-300 degC" if text.endswith("degC") else f"-{text}"

    all_refused(tmp_path, name, NUMBERS, value, "must be positive|must not be negative|must lie above 0 K|must be (more than|at least)")


@pytest.mark.parametrize("name", (BRICK, CELL))
def test_zero_is_refused_everywhere_at_once(tmp_path, name):
    def value(place, text):
        unit = text.partition(" ")[2]
        return None if ZERO.fullmatch(place.key) or unit.strip() == "degC" else f"0 {unit}".strip()

    all_refused(tmp_path, name, NUMBERS, value, "must be positive|must lie above 0 K|must be (more than|at least)")


KINDS = re.compile(r"(sample|programme)\.kind")  # without them nothing else of the block can be looked at


@pytest.mark.parametrize("name", (BRICK, CELL))
@pytest.mark.parametrize("value", ["true", "5", "[[1]]", "{a: 1}", "null"])
def test_other_things_in_place_of_words_are_refused_everywhere_at_once(tmp_path, name, value):
    def value_of(place, text):
        return None if KINDS.fullmatch(place.key) or re.search(r"expect.*\.value", place.key) else value

    all_refused(tmp_path, name, WORDS, value_of, "needed|unknown|has no value|is missing")


@pytest.mark.parametrize("name", (BRICK, CELL))
@pytest.mark.parametrize("value", ["true", "5", "[[1]]", "{a: 1}", "null", '"lumpd"'])
def test_an_unknown_kind_of_sample_and_programme_is_refused(tmp_path, name, value):
    all_refused(tmp_path, name, WORDS, lambda place, text: value if KINDS.fullmatch(place.key) else None, "unknown kind|is missing")


@pytest.mark.usual(10)
@pytest.mark.parametrize("entry", BLOCKS, ids=named)
def test_other_things_in_place_of_a_block_or_a_list_are_refused(tmp_path, entry):
    number = entry[1].key in ("sample.short.half", "sample.short.charge")
    for value in ("word", "true", "null", *([] if number else ["5"])):
        refused(tmp_path, entry, value, "needed|has no value|has no unit|must be at most|is not a number")


REFERENCES = r".*\.(kind|face|take|material|probe|of|chemistry|from|after|library|status|what)"


@pytest.mark.usual(32)
@pytest.mark.parametrize("entry", [entry for entry in WORDS if re.fullmatch(REFERENCES, entry[1].key)], ids=named)
def test_an_unknown_name_is_refused_and_the_right_one_suggested(tmp_path, entry):
    name, place = entry
    word = TEXT[name][place.value : place.end]
    slip = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word[:-1]
    refused(tmp_path, entry, slip, "(unknown|no such|there is no|no face|undeclared).*did you mean")


WRITTEN = """chemistry:
    title: one reaction
    species: {fuel: {start: 1}}
    reactions:
      burn:
        pre_exponential_factor: 1e9 1/s
        activation_energy: 100 kJ/mol
        factors: [{kind: order, species: fuel, order: 1}]
        consumes: {fuel: 1}
        heat: 10 J
"""
OWN = "copper: {density: 8960 kg/m3, heat_capacity: 385 J/(kg K), thermal_conductivity: 400 W/(m K)}\n  silver-298K"
CHEMISTRY = "chemistry: limetal-ncm811-lhce"
PROBE = "middle: [5 um, 5 um, 4 um]"
HELD = "[{kind: held, temperature: 473 K}]"
PICTURES = "pictures: {times: [30 ns,"
FIRST = "top-mean: {face: top, take: mean}"
TENTH = "tenth-rise: {probe: bottom-mean, fraction: 0.1, of: hot-spot}"
SIZE = "size: [10 um, 10 um]"
MESH = "mesh: {smallest: 20 nm, interface: 100 nm, growth: 2.5, largest: 2.5 um}"
HELD_TWICE = "[{kind: held, temperature: 473 K}, {kind: held, temperature: 400 K}]"

TABLE = [  # file, passage, what stands in its place, line after that of the passage, words of the refusal
    # names of other things
    (BRICK, "library: silver,", "library: silvr,", 0, "unknown material 'silvr'; did you mean 'silver'?"),
    (BRICK, "material: polyimide-298K", "material: polymide-298K", 0, "unknown material 'polymide-298K'; did you mean 'polyimide-298K'?"),
    (BRICK, "faces: {hot-spot:", "faces: {hotspot:", 0, "the sample has no face 'hotspot'; did you mean 'hot-spot'?"),
    (BRICK, FIRST, "top-mean: {face: topp, take: mean}", 0, "the sample has no face 'topp'; did you mean 'top'?"),
    (BRICK, FIRST, "top-mean: {region: flim, take: mean}", 0, "the sample has no region 'flim'; did you mean 'film'?"),
    (BRICK, FIRST, "top-mean: {face: top, region: film, take: mean}", 0, "give one of 'face', 'region' and 'edge'"),
    (BRICK, FIRST, "top-mean: {face: top, take: meen}", 0, "unknown choice 'meen'; did you mean 'mean'?"),
    (BRICK, FIRST, "top.mean: {face: top, take: mean}", 0, "a name may have letters, digits, '-', '_'"),
    (BRICK, FIRST, '"../x": {face: top, take: mean}', 0, "a name may have letters, digits, '-', '_'"),
    (BRICK, FIRST, "top-mean: [5 um, 5 um]", 0, "three coordinates [x, y, z] are needed, found 2"),
    (BRICK, TENTH, TENTH.replace("bottom-mean", "botom-mean"), 0, "there is no probe 'botom-mean'; did you mean 'bottom-mean'?"),
    (BRICK, TENTH, TENTH.replace("of: hot-spot", "of: bottom"), 0, "no face 'bottom' is held at a temperature; choose 'hot-spot'"),
    (BRICK, TENTH, "tenth-rise: {probe: bottom-mean, fraction: 0.1}", 0, "'of' is missing: the held face that the fraction refers to"),
    (BRICK, TENTH, "tenth-rise: {probe: bottom-mean}", 0, "give either 'temperature' or 'fraction'"),
    (BRICK, TENTH, TENTH.replace("fraction: 0.1", "temperature: 300 K"), 0, "is for a fraction, but a temperature is given"),
    (BRICK, TENTH, TENTH.replace("0.1", "1"), 0, "must be less than 1, got 1"),
    (CELL, CHEMISTRY, "chemistry: limetal-ncm811", 0, "unknown mechanism 'limetal-ncm811'; did you mean 'limetal-ncm811-lhce'?"),
    (CELL, CHEMISTRY, "with: {pool.heat: 70 J}", 0, "changes numbers of a chemistry, but the cell has none"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pol.heat: 70 J}}", 1, "there is no reaction 'pol'; did you mean 'pool.heat'?"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{heat: 70 J}}", 1, "there is no reaction 'heat'"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heet: 70 J}}", 1, "unknown number 'heet' of a reaction; did you mean 'heat'?"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heat: 70}}", 1, "70 has no unit; an energy (J) is needed"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heat: {{a: 70 J}}}}", 1, "an energy (J) is needed, found a block of keys (a)"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.pre_exponential_factor: 0 1/s}}", 1, "must be positive, got 0 1/s"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: [pool]", 1, "a block of keys is needed, found a list of 1"),
    (CELL, "from: cathode", "from: cathod", 0, "no such species 'cathod'; did you mean 'cathode'?"),
    (CELL, "after: short", "after: shirt", 0, "unknown choice 'shirt'; did you mean 'short'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("species: fuel,", "species: fule,"), 7, "undeclared species 'fule'; did you mean 'fuel'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("consumes: {fuel", "consumes: {full"), 8, "undeclared species 'full'; did you mean 'fuel'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("kind: order", "kind: ordre"), 7, "unknown kind 'ordre'; did you mean 'order'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("order: 1", "order: -1"), 7, "must not be negative, got -1"),
    (CELL, CHEMISTRY, WRITTEN.replace("order: 1", "odrer: 1"), 7, "unknown key; did you mean 'order'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("burn", "short"), 0, "has a reaction named 'short', which is reserved for the internal short"),
    # places and sizes
    (BRICK, "square: 1 um", "square: 11 um", -2, "reaches from -5e-07 m to 1.05e-05 m along x, but the face from 0 m to 1e-05 m"),
    (BRICK, "centre: {value: [5 um, 5 um]", "centre: {value: [0 um, 5 um]", -3, "reaches from -5e-07 m to 5e-07 m along x"),
    (BRICK, PROBE, "middle: [5 um, 5 um, 9 um]", 0, "lies outside the body: z is 9e-06 m, but the body reaches from 0 m to 8e-06 m"),
    (BRICK, PROBE, "middle: [-5 um, 5 um, 4 um]", 0, "lies outside the body: x is -5e-06 m"),
    (BRICK, PROBE, "middle: [5, 5 um, 4 um]", 0, "5 has no unit; a length (um) is needed, probably '5 um' or '5 mm'"),
    (BRICK, SIZE, "size: [10 um]", 0, "has 1 entries; 2 are needed"),
    (BRICK, SIZE, "size: [10 um, 10 um, 10 um]", 0, "has 3 entries; 2 are needed"),
    (BRICK, "name: film", "name: lower-silver", 0, "the name 'lower-silver' is used twice"),
    (BRICK, "name: film", "name: top", 0, "'top' is already used, is empty or contains '|' or '.'"),
    (BRICK, "name: film", "name: a|b", 0, "'a|b' is already used, is empty or contains '|' or '.'"),
    (BRICK, "    hot-spot:\n", "    film:\n", 0, "the name 'film' is already used by a face or a layer"),
    (BRICK, "    hot-spot:\n", "    hot.spot:\n", 0, "a name must not be empty or contain '|' or '.'"),
    (BRICK, "temperature: 298 K\n", "temperature: {film: 298 K}\n", 0, "the layer 'lower-silver' has no temperature"),
    (BRICK, "temperature: 298 K\n", "temperature: {flim: 298 K}\n", 0, "no such layer; did you mean 'film'?"),
    (BRICK, "temperature: 298 K\n", "temperature:\n    film: 298\n", 1, "298 has no unit; a temperature (degC) is needed"),
    (BRICK, MESH, "mesh: {smallest: 20 nm, growth: 1}", 0, "must be more than 1, got 1"),
    (BRICK, MESH, "mesh: {order: 3}", 0, "unknown choice 3; choose one of '1', '2'"),
    (BRICK, MESH, "mesh: {order: true}", 0, "1 or 2 is needed, found true"),
    (BRICK, MESH, 'mesh: {symmetry: "yes"}', 0, "true or false is needed, found 'yes'"),
    (BRICK, MESH, "mesh: {symmetry: 1}", 0, "true or false is needed, found 1"),
    (BRICK, MESH, "mesh: {smallest: 1 pm, largest: 1 pm}", 0, "nodes; at most 3000000 are accepted: increase smallest, interface or"),
    (BRICK, MESH, "mesh: {smallest: 1 nm, growth: 1.0000001}", 0, "nodes; at most 3000000 are accepted"),
    (BRICK, MESH, "mesh: {smallest: 20 nm, largest: 20 nm}", 0, "nodes; at most 3000000 are accepted"),
    # times, conditions, order
    (BRICK, "end: {value: 3 ms", "end: {value: 0 ms", 0, "must be positive, got 0 ms"),
    (BRICK, "end: {value: 3 ms", "end: {value: 3 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, PICTURES, "pictures: {times: [30 s,", 0, "lies after the end of the programme (3 ms)"),
    (BRICK, PICTURES, "pictures: {times: [0 s,", 0, "must be positive, got 0 s"),
    (BRICK, "measure:\n", "measure:\n  onsets: {T2: [1 K/s]}\n", 1, "no instrument looks for an onset in this sample"),
    (CELL, "heater: {value: 2 K/min", "heater: {value: 30 K/min", 0, "heats faster than the wall can follow"),
    (CELL, "measure: {", "measure: {pictures: {times: [1 s]}, ", 0, "a lumped sample has no field to keep"),
    (BRICK, HELD, HELD_TWICE, 0, "held at 2 temperatures at once; a face can be held at one"),
    (BRICK, HELD, f"{HELD}, top: {HELD}", 0, "overlaps 'top', which is held as well, in line 28"),
    (BRICK, HELD, "[]", 0, "a condition is needed, such as {kind: held, temperature: 473 K}; a face that is not named is insulated"),
    (BRICK, HELD, "[{kind: helt, temperature: 473 K}]", 0, "unknown kind 'helt'; did you mean 'held'?"),
    (BRICK, HELD, "{kind: held, temperature: 473 K}", 0, "a list is needed, found a block of keys (kind, temperature)"),
    (CELL, "end: {value: 300 degC", "end: {value: 20 degC", 0, "the end temperature must lie above the start temperature"),
    (CELL, "heater: {value: 2 K/min", "heater: {value: 400 K/min", 0, "heats faster than the rate that counts as a runaway"),
    (
        CELL,
        "kind: lumped",
        "kind: lumped\n  temperature: 25 degC",
        1,
        "a programme 'arc' sets the start itself (programme.start); leave it out here",
    ),
    (CELL, "full: 4.3 V", "full: 3.2 V", 0, "the full cell must not have less voltage than the empty one"),
    (CELL, "measure: {", "measure: {probes: {x: {face: top, take: mean}}, ", 0, "one temperature, named 'sample', and accepts no probes"),
    (CELL, "measure: {", "measure: {crossings: {x: {probe: y, temperature: 400 K}}, ", 0, "there is no probe 'y'; choose 'sample'"),
    (CELL, "T2: [1 K/s,", "T2: [2 K/s,", 0, "unknown choice '2 K/s'; did you mean '1 K/s'?"),
    # two samples of one thing, forms
    (
        CELL,
        "kind: lumped",
        "kind: lumped\n  parts: {a: {mass: 1 g, heat_capacity: 1 J/(g K)}}",
        -1,
        "give either 'heat_capacity' or 'parts'",
    ),
    (
        CELL,
        "status: assumed\n    source: sum of",
        "status: asumed\n    source: sum of",
        0,
        "unknown status 'asumed'; did you mean 'assumed'?",
    ),
    (CELL, "status: assumed\n    source: sum of", "status: 5\n    source: sum of", 0, "unknown status 5; choose one of 'literature'"),
    (CELL, "value: 0.15 ohm,", "valeu: 0.15 ohm,", 0, "unknown key; did you mean 'value'?"),
    (CELL, "value: 0.15 ohm, status", "value: 0.15 ohm, statsu", 0, "unknown key; did you mean 'status'?"),
    (
        CELL,
        "value: 0.15 ohm,",
        "value: 0.15 ohm, uncertainty: 5 furlong,",
        0,
        "unknown unit 'furlong'; an electrical resistance (ohm) is needed",
    ),
    (CELL, "value: 0.15 ohm,", "value: 0.15 ohm, uncertainty: -5 %,", 0, "must not be negative, got -5 %"),
    (
        CELL,
        "value: 0.15 ohm,",
        "value: 0.15 ohm, uncertainty: [5 %],",
        0,
        "a share such as '5 %' or a number with its unit is needed, found a list",
    ),
    (CELL, "from: cathode", "from: {value: cathode, uncertainty: 5 %}", 0, "an uncertainty needs a number beside it"),
    (CELL, "empty: 3.3 V,", "empty: 3.3 V, uncertainty: 5 %,", 0, "unknown key; choose one of 'empty', 'full'"),
    (
        BRICK,
        "title: brick of the PI-Ag",
        "<<: {title: x}\ntitle: brick of the PI-Ag",
        0,
        "merge keys (<<) are not accepted; write the entries out",
    ),
    # materials written in the case
    (BRICK, "silver-298K:", OWN.replace("density: 8960", "density: -8960") + ":", 0, "must be positive, got -8960 kg/m3"),
    (BRICK, "silver-298K:", OWN.replace("density: 8960 kg/m3, ", "") + ":", 0, "'density' is missing"),
    (BRICK, "silver-298K:", OWN.replace("density:", "densty:") + ":", 0, "unknown key; did you mean 'density'?"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("{density", "{at: 298 K, density") + ":",
        0,
        "needs a library material; give 'library' as well",
    ),
    (BRICK, "silver-298K:", OWN.replace("{density", "{uncertainty: 5 %, density") + ":", 0, "a block of keys is needed, found '5 %'"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("{density", "{uncertainty: {densty: 5 %}, density") + ":",
        0,
        "'densty' is not a property; did you mean 'density'?",
    ),
    (BRICK, "silver-298K:", OWN.replace("{density", "{valid: {from: 300 K, to: 200 K}, density") + ":", 0, "must lie above 'from'"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{in_plane: 4 W/(m K)}") + ":", 0, "is missing"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{in_plan: 4 W/(m K), through: 4 W/(m K)}") + ":",
        0,
        "unknown key; did you mean 'in_plane'?",
    ),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{tabel: [[298 K, 4 W/(m K)]]}") + ":", 0, "unknown key; did you mean 'table'?"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: []}") + ":", 0, "a list of pairs is needed, such as [[298 K, 1 W/(m K)]"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: [[298 K, 4 W/(m K), 3 K]]}") + ":", 0, "a list of pairs is needed"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{table: [[400 K, 4 W/(m K)], [300 K, 4 W/(m K)]]}") + ":",
        0,
        "the temperatures of a table must rise",
    ),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: [[300 K, 4 W/(m K)], [400 K, 4]]}") + ":", 0, "4 has no unit"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{status: assumed}") + ":",
        0,
        "a thermal conductivity (W/(m K)) is needed, found a block without 'value'",
    ),
    # expectations
    (BRICK, "value: 294.6 us", "value: 294.6 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, "value: 294.6 us", "value: 294.6", 0, "294.6 has no unit; a time (s) is needed, probably '294.6 s' or '294.6 min'"),
    (BRICK, "value: 294.6 us", "value: none", 1, "a tolerance needs a value beside it"),
    (BRICK, "within: 0.5 %", "within: -0.5 %", 0, "must not be negative, got -0.5 %"),
    (BRICK, "within: 0.5 %", "within: 0.5 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, "within: 0.5 %", "within: 0.5", 0, "0.5 has no unit"),
    (BRICK, "kind: exact", "kind: exactly", 0, "unknown choice 'exactly'; did you mean 'exact'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossing.half-rise.time_s", 0, "there is no 'crossing'; did you mean 'crossings'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossings.halfrise.time_s", 0, "there is no 'halfrise'; did you mean 'half-rise'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossings.half-rise.tim_s", 0, "there is no 'tim_s'; did you mean 'time_s'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: probes.midle.maximum_K", 0, "there is no 'midle'; did you mean 'middle'?"),
    (
        BRICK,
        "what: crossings.half-rise.time_s",
        "what: crossings.half-rise",
        0,
        "has several numbers; name one of them: temperature_K, time_s",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "after", "words"), TABLE, ids=lambda v: str(v)[:50])
def test_a_bad_case_is_refused_at_its_line_in_words(tmp_path, name, old, new, after, words):
    text, line = changed(TEXT[name], old, new)
    found = mistakes_of(tmp_path, text)
    assert [m for m in found if words in m.text and m.line == line + after], [str(m) for m in found]


SURROUNDINGS = "programme:\n  kind: surroundings\n  end: 1 h\n"


def arc_of_a_cell():
    return TEXT[CELL][TEXT[CELL].index("programme:\n") : TEXT[CELL].index("measure:")]


def replaced_programme(name, programme):
    text = TEXT[name]
    return text[: text.index("programme:\n")] + programme + text[re.search("^measure:", text, re.MULTILINE).start() :]


def test_a_cell_in_surroundings_says_where_it_starts(tmp_path):
    found = mistakes_of(tmp_path, replaced_programme(CELL, SURROUNDINGS))
    assert [str(m)[-58:] for m in found] == [":5: sample: 'temperature' is missing: the cell needs a start temperature"[-58:]]
    faces = SURROUNDINGS + "  faces: {top: [{kind: held, temperature: 400 K}]}\n"
    found = mistakes_of(tmp_path, replaced_programme(CELL, faces))
    assert [m.text for m in found][-1] == "the sample has no face 'top'; there is none"


def test_a_body_in_a_calorimeter_needs_a_probe_to_be_followed(tmp_path):
    """That a body has no place there was a refusal of before."""
    found = mistakes_of(tmp_path, replaced_programme(BRICK, arc_of_a_cell()))
    assert any(m.text.startswith("'probe' is missing: the probe of the body that the instrument follows") for m in found)


def test_a_short_that_is_missing_cannot_throw_anything_out(tmp_path):
    short = next(place for name, place in PLACES if name == CELL and place.key == "sample.short")
    found = mistakes_of(tmp_path, without(TEXT[CELL], short))
    assert [(m.key, m.text) for m in found] == [("sample.ejecta.after", "names a short, but the cell has none")]


CATHODE = """  chemistry:
    title: one cathode
    species: {{cathode: {{start: {start}}}, salt: {{start: {salt}}}}}
    reactions:
      decay:
        pre_exponential_factor: 1e10 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: cathode, order: 1}}]
        consumes: {consumes}
        heat: {heat}
"""


def with_cathode(**numbers):
    """The cell with a chemistry of one reaction, and the line of its species `from`."""
    numbers = {"start": "1", "salt": "1", "consumes": "{cathode: 1}", "heat": "1 kJ"} | numbers
    text = TEXT[CELL].replace("  chemistry: limetal-ncm811-lhce\n", "  volume: 1 cm3\n" + CATHODE.format(**numbers))
    return text, text[: text.index("    from: ")].count("\n") + 1


@pytest.mark.parametrize(("unit", "heat"), [("kg/m3", "{per_mass: 1 kJ/kg}"), ("mol", "{per_mole: 1 kJ/mol}")])
def test_a_short_takes_its_charge_from_a_fraction(tmp_path, unit, heat):
    text, line = with_cathode(start=f"500 {unit}", salt=f"1 {unit}", heat=heat)
    found = [m for m in mistakes_of(tmp_path, text) if m.key == "sample.short.from"]
    assert [m.line for m in found] == [line]
    assert f"amounts are given in {unit}; give them as fractions, with a start of at most 1" in found[0].text
    assert not [m for m in mistakes_of(tmp_path, with_cathode()[0]) if m.key.startswith("sample")]


@pytest.mark.parametrize("consumes", ["{salt: 1}", "{cathode: 2}", "{cathode: -1, salt: 1}", "{cathode: 1, salt: 1}"])
def test_a_fused_short_takes_its_charge_by_a_reaction_of_its_species_alone(tmp_path, consumes):
    text, line = with_cathode(consumes=consumes)
    fused = text.replace("    from: cathode\n", "    from: cathode\n    fused_energy: 50 J\n")
    found = [m for m in mistakes_of(tmp_path, fused) if m.key == "sample.short.fused_energy"]
    assert [m.line for m in found] == [line + 1]
    assert "consumes 'cathode' one for one and nothing else (consumes: {cathode: 1}); there is none" in found[0].text
    assert not [m for m in mistakes_of(tmp_path, text) if m.key.startswith("sample")]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("[]", "a block needs at least one layer"),
        (
            "[" + ", ".join(f"{{name: l{i}, material: silver-298K, thickness: 1 um}}" for i in range(201)) + "]",
            "has 201 entries; at most 200",
        ),
    ],
)
def test_a_block_has_layers_but_not_too_many(tmp_path, layers, words):
    place = next(place for name, place in PLACES if name == BRICK and place.key == "sample.layers")
    found = mistakes_of(tmp_path, with_value(TEXT[BRICK], place, layers))
    assert [m for m in found if m.line in (place.line, place.line + 1) and m.key == "sample.layers" and words in m.text], [
        str(m) for m in found
    ]


@pytest.mark.parametrize(("x", "overlap"), [("5.5 um", True), ("7 um", False), ("6 um", False)])
def test_patches_that_lie_on_each_other_are_not_both_held(tmp_path, x, overlap):
    text = TEXT[BRICK].replace("    hot-spot:\n", f"    second: {{face: top, square: 1 um, centre: [{x}, 5 um]}}\n    hot-spot:\n")
    text = text.replace(f"faces: {{hot-spot: {HELD}", f"faces: {{hot-spot: {HELD}, second: {HELD}")
    assert [m.key for m in mistakes_of(tmp_path, text)] == (["programme.faces.second"] if overlap else [])


def test_a_misspelt_kind_is_one_mistake(tmp_path):
    text = TEXT[CELL].replace("  kind: lumped", "  knid: lumped")
    assert [m.text for m in mistakes_of(tmp_path, text)] == ["unknown key; did you mean 'kind'?"]


# settings of the command line


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        (BRICK, "programme.end", "--set: 'programme.end' is not KEY=VALUE"),
        (BRICK, "=5", "--set: '=5' is not KEY=VALUE"),
        (BRICK, "programm.end=5 ms", "--set: programm.end: there is no 'programm' that could be set; did you mean 'programme'?"),
        (BRICK, "zzz.end=5 ms", "--set: zzz: unknown key"),
        (BRICK, ".".join("x" * 30) + "=5", "is nested deeper than 24 levels"),
        (BRICK, "programme.ende=5 ms", "--set: programme.ende: unknown key; did you mean 'end'?"),
        (BRICK, "programme.end=5 m", "--set: programme.end: wrong unit 'm', which is a length; a time (s) is needed"),
        (BRICK, "programme.end=-5 ms", "--set: programme.end: must be positive, got -5 ms"),
        (BRICK, "programme.end=", "--set: programme.end: a time (s) is needed, found nothing"),
        (BRICK, "title.x=5", "--set: title.x: 'title' is 'brick of the PI-Ag"),
        (BRICK, "programme.end.x=5", "'programme.end' is '3 ms' and has no entries to set"),
        (BRICK, "sample.layers.7.thickness=5 um", "--set: sample.layers.7.thickness: there is no '7' that could be set; choose one of '0'"),
        (BRICK, "sample.layers.7=5 um", "--set: sample.layers.7: the list has 3 entries, counted from 0"),
        (BRICK, "sample.layers.-1.thickness=5 um", "--set: sample.layers.-1.thickness: there is no '-1' that could be set"),
        (BRICK, "sample.layers.\u00b2.thickness=5 um", "there is no '\u00b2' that could be set"),
        (BRICK, f"sample.layers.{'9' * 5000}.thickness=5 um", "that could be set"),
        (BRICK, "title={a", "--set: title: is not valid YAML"),
        (BRICK, "title=a: b", "--set: title: is not valid YAML"),
        (BRICK, "title=x\nnotes: y", "--set: title: give one value"),
        (BRICK, "numerics={tolerance: .nan}", "--set: numerics: .nan is not a finite number"),
        (BRICK, "numerics={tolerance: 1}", "--set: numerics.tolerance: must be at most 0.1, got 1"),
        (BRICK, "numerics={most_steps: 0}", "--set: numerics.most_steps: must be more than 0, got 0"),
        (BRICK, "numerics={most_steps: 1.5}", "--set: numerics.most_steps: a whole number is needed, found 1.5"),
        (BRICK, "numerics={most_steps: true}", "--set: numerics.most_steps: a whole number is needed, found true"),
        (BRICK, f"numerics={{most_steps: 1{'0' * 300}}}", "--set: numerics.most_steps: must be at most"),
        (BRICK, "numerics={check_mesh: on}", "--set: numerics.check_mesh: true or false is needed, found 'on'"),
        (BRICK, "sample.patches.hot-spot.square=*x", "--set: sample.patches.hot-spot.square: anchors and aliases"),
        (CELL, "sample.with={pool.heat: -}", "--set: sample.with.pool.heat: '-' is not a number with a unit"),
    ],
)
def test_a_bad_setting_is_refused_as_one(tmp_path, name, setting, words):
    found = [str(mistake) for mistake in mistakes_of(tmp_path, TEXT[name], [setting])]
    assert [line for line in found if line.startswith("--set") and words in line], found


def case_with(tmp_path, name, *settings):
    file = tmp_path / "case.yaml"
    file.write_text(TEXT[name], encoding="utf-8")
    return read_case(file, settings)


def test_settings_replace_what_the_file_says_and_are_named_as_the_source(tmp_path):
    case = case_with(tmp_path, BRICK, "programme.end=5 ms", "sample.layers.1.thickness=8 um", "sample.mesh.growth=2")
    assert (case.programme.end, case.sample.layers[1].thickness, case.sample.mesh.growth) == (5e-3, 8e-6, 2.0)
    assert case.programme.end.source == "set on the command line" and case.programme.end.status is None
    assert case.sample.layers[0].thickness.source.startswith("Methods of")


def test_a_block_that_the_file_leaves_out_can_be_set_in(tmp_path):
    case = case_with(
        tmp_path, CELL, "numerics.tolerance=1e-7", "numerics.most_steps=50", "measure.crossings.hot={probe: sample, temperature: 400 K}"
    )
    assert (case.numerics.tolerance, case.numerics.most_steps, case.measure.crossings["hot"].temperature) == (1e-7, 50, 400.0)
    assert case.numerics.tolerance.source == "set on the command line"


def test_keys_with_dots_in_them_can_be_set(tmp_path):
    case = case_with(tmp_path, CELL, "sample.with={pool.heat: 70 J}", "sample.with.pool.heat=80 J", "sample.with.cathode.heat=9 kJ")
    assert {key: float(value) for key, value in case.sample.changes.items()} == {"pool.heat": 80.0, "cathode.heat": 9000.0}


def test_a_file_is_left_as_it_is_by_settings(tmp_path):
    case_with(tmp_path, BRICK, "programme.end=5 ms")
    assert case_with(tmp_path, BRICK).programme.end == 3e-3


# all mistakes at once


def test_all_mistakes_of_a_file_come_at_once_sorted_by_line(tmp_path):
    text = TEXT[BRICK]
    for old, new in (
        ("library: silver,", "library: silvr,"),
        ("thickness: 7 um", "thickness: 7 kg"),
        ("  temperature: 298 K\n", "  temperature: 298 K\n  temperature: 299 K\n"),
        (
            "status: literature\n  source: Methods of Zhang et al. 2024 (the",
            "status: litterature\n  source: Methods of Zhang et al. 2024 (the",
        ),
        ("growth: 2.5", "growth: .nan"),
        ("kind: exact", "kind: exakt"),
        ("bottom-mean: {face: bottom,", "bottom-mean: {face: botom,"),
        ("tenth-rise: {probe: bottom-mean", "tenth-rise: {prob: bottom-mean"),
    ):
        text = changed(text, old, new)[0]
    found = mistakes_of(tmp_path, text)
    lines = [mistake.line for mistake in found]
    assert lines == sorted(lines)
    words = ["'silver'", "wrong unit 'kg'", "appears twice, in lines", "'literature'", "not a finite number", "'exact'", "'probe'"]
    assert [word for word in words if not any(word in mistake.text for mistake in found)] == [], [str(m) for m in found]


def test_at_most_20_mistakes_are_shown_and_the_others_counted(tmp_path):
    text = TEXT[BRICK].replace("measure:\n", "measure:\n" + "".join(f"  unknown-{i}: 1\n" for i in range(27)))
    with pytest.raises(CaseError) as caught:
        file = tmp_path / "case.yaml"
        file.write_text(text, encoding="utf-8")
        read_case(file)
    shown = str(caught.value).splitlines()
    assert len(caught.value.mistakes) >= 27
    assert len(shown) == 21 and shown[-1] == f"and {len(caught.value.mistakes) - 20} more mistakes"


def test_each_mistake_is_one_line_that_begins_with_file_line_and_key(tmp_path):
    text = TEXT[BRICK].replace("thickness: 7 um", "thickness: 7 kg")
    (mistake,) = mistakes_of(tmp_path, text)
    line = text[: text.index("7 kg")].count("\n") + 1
    expected = f"{tmp_path}/case.yaml:{line}: sample.layers.1.thickness: wrong unit 'kg', which is a mass; a length (um) is needed"
    assert str(mistake) == expected


@pytest.mark.usual(2)
@pytest.mark.parametrize(
    "block",
    [
        "".join(f"unknown-{i}: 1\n" for i in range(400)),
        "materials:\n" + "".join(f"  m{i}: {{library: silvr}}\n" for i in range(200)),
        "measure:\n  crossings:\n" + "".join(f"    c{i}: {{probe: p{i}, temperature: 5 K}}\n" for i in range(200)),
    ],
    ids=["keys", "materials", "crossings"],
)
def test_twice_as_many_mistakes_take_twice_the_work(tmp_path, block):
    text = "".join(line for line in TEXT[BRICK].splitlines(keepends=True)) if block.startswith("unknown") else TEXT[CELL]
    text = re.sub(r"(?ms)^(measure|expect):.*?(?=^\S|\Z)", "", text)
    (tmp_path / "half").mkdir()
    lines = block.splitlines(keepends=True)
    half = text + "".join(lines[: len(lines) // 2])
    many, work = calls(lambda: mistakes_of(tmp_path, text + block))
    few, less = calls(lambda: mistakes_of(tmp_path / "half", half))
    assert len(many) >= 200
    assert len(many) > 1.9 * len(few)
    assert work < 3.0 * less
