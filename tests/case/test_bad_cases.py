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
    words = [
        "'silver'",
        "wrong unit 'kg'",
        "appears twice, in lines",
        "'literature'",
        "not a finite number",
        "'exact'",
        "'probe'",
        "no face 'botom'",
    ]
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
