"""Bad case files are refused: every mistake at its line, in the words of a case file, with what would be right."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

from thermo.case import read_case
from thermo.errors import CaseError

PAPER = Path(__file__).parent.parent / "cases" / "paper"
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
    """The text with another value of a key."""
    return text[: place.value] + value + text[place.end :]


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
    r"notes|expect|measure|(?!expect).*\.(status|source)|sample\.(mesh|melting|ejecta)|sample\.(mesh|melting)\.[^.]+|sample\.short\.half"
    r"|sample\.heat_capacity\.slope|programme\.(longest|calorimeter)|programme\.calorimeter\.[^.]+|measure\.(pictures|onsets).*"
    r"|measure\.probes\.(?!bottom-mean)[^.]+|measure\.crossings\.(?!half-rise)[^.]+"
)
USED_ELSEWHERE = re.compile(
    r"materials|materials\.[^.]+|sample\.(patches|short|chemistry)|programme\.faces(\.[^.]+)?|measure\.(probes|crossings)(\.[^.]+)?"
)


@pytest.mark.parametrize("entry", [entry for entry in PLACES if not OPTIONAL.fullmatch(entry[1].key)], ids=named)
def test_a_required_key_that_is_absent_is_refused_at_the_block_around_it(tmp_path, entry):
    name, place = entry
    text = without(TEXT[name], place)
    if "value: none" in TEXT[name][place.begin : place.end]:
        pytest.skip("an entry without a value only states the kind of a result")
    found = mistakes_of(tmp_path, text)
    assert found and all(mistake.line for mistake in found)
    if not USED_ELSEWHERE.fullmatch(place.key):
        assert {m.line for m in found} & {place.around, place.line}, [str(m) for m in found]


NUMBERS = [entry for entry in PLACES if entry[1].scalar and re.match(r"[0-9]", TEXT[entry[0]][entry[1].value : entry[1].end])]
WORDS = [entry for entry in PLACES if entry[1].scalar and entry not in NUMBERS]
BLOCKS = [entry for entry in PLACES if not entry[1].scalar]


def refused(tmp_path, entry, value, pattern):
    """Whether a value in place of a good one is refused at its line for the reason expected."""
    name, place = entry
    found = mistakes_of(tmp_path, with_value(TEXT[name], place, value))
    assert [m for m in found if m.line in (place.line, place.line + 1) and re.search(pattern, m.text)], (value, [str(m) for m in found])


@pytest.mark.parametrize("entry", NUMBERS, ids=named)
def test_what_is_no_number_with_the_right_unit_is_refused(tmp_path, entry):
    name, place = entry
    number, _, unit = TEXT[name][place.value : place.end].partition(" ")
    unit = unit.strip()
    if unit:
        refused(tmp_path, entry, number, "has no unit|within")
        refused(tmp_path, entry, f"{number} cd", "unknown unit|wrong unit|has no unit")
    refused(tmp_path, entry, f"{number} V2", "wrong unit")
    refused(tmp_path, entry, f"1,5 {unit}", "a comma|wanted") if not place.flow else None
    refused(tmp_path, entry, f"1e400 {unit}".strip(), "too large")
    refused(tmp_path, entry, "true", "wanted, found true")
    refused(tmp_path, entry, "much", "is not a number with a unit")


@pytest.mark.parametrize("entry", NUMBERS, ids=named)
def test_other_things_in_place_of_a_number_are_refused(tmp_path, entry):
    name, place = entry
    for value in (".nan", ".inf"):
        refused(tmp_path, entry, value, "is not a finite number")
    refused(tmp_path, entry, "null", "found nothing|has no value|is missing")
    refused(tmp_path, entry, "[1]", "found a list of 1")
    refused(tmp_path, entry, "{a: 1}", "found a block of keys|unknown key")


@pytest.mark.parametrize("entry", [e for e in NUMBERS if not e[1].key.startswith("expect") and "slope" not in e[1].key], ids=named)
def test_numbers_out_of_their_range_are_refused(tmp_path, entry):
    name, place = entry
    number, _, unit = TEXT[name][place.value : place.end].partition(" ")
    below = "-300 degC" if unit.strip() == "degC" else f"-{number} {unit}".strip()
    refused(tmp_path, entry, below, "must (be|not be|lie) ?(positive|negative|above 0 K|more|at least)?|lies outside|reaches from")
    if unit.strip() != "degC" and not re.search("loss|radiating_area|ejecta", place.key):
        refused(tmp_path, entry, f"0 {unit}".strip(), "must (be positive|be more than|be at least|lie above)")


@pytest.mark.parametrize("entry", WORDS, ids=named)
def test_other_things_in_place_of_a_word_are_refused(tmp_path, entry):
    name, place = entry
    for value in ("true", "5", "[[1]]", "{a: 1}", "null"):
        if not (value == "5" and re.search(r"expect.*\.value", place.key)):
            refused(tmp_path, entry, value, "wanted|unknown|has no value|is missing|'kind'|has no unit")


@pytest.mark.parametrize("entry", BLOCKS, ids=named)
def test_other_things_in_place_of_a_block_or_a_list_are_refused(tmp_path, entry):
    for value in ("word", "5", "true", "null"):
        refused(tmp_path, entry, value, "wanted|has no value")


REFERENCES = r".*\.(kind|face|take|material|probe|of|chemistry|from|after|library|status|what)"


@pytest.mark.parametrize("entry", [entry for entry in WORDS if re.fullmatch(REFERENCES, entry[1].key)], ids=named)
def test_an_unknown_name_is_refused_and_the_right_one_suggested(tmp_path, entry):
    name, place = entry
    word = TEXT[name][place.value : place.end]
    slip = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word[:-1]
    refused(tmp_path, entry, slip, "unknown|no such|there is no|no face|undeclared")
    refused(tmp_path, entry, slip, "did you mean")
