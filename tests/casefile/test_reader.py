"""The strict reader of YAML: what is taken, what is refused, and at which line."""

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from thermo.base.errors import CaseError, FileError, Mistake, closest, described, did_you_mean, printable, shortened
from thermo.case.case import case_of, read_case
from thermo.casefile import reader
from thermo.casefile.models import Frozen, make
from thermo.casefile.reader import DEEPEST, LARGEST_FILE, MOST_NODES, parse_document, read_document
from thermo.casefile.settings import change
from thermo.casefile.units import Quantity

CASES = [(Path(__file__).parent.parent.parent / "cases" / "paper" / name).read_text("utf-8") for name in ("brick-cu.yaml", "cu-20li.yaml")]


def value(text):
    """What a YAML value is read as."""
    document = parse_document(f"a: {text}\n", "x.yaml")
    assert document.mistakes == ()
    return document.data["a"]


def refusal(text):
    """The mistakes of a text that cannot be read, or can be read with mistakes only."""
    try:
        return list(parse_document(text, "x.yaml").mistakes)
    except CaseError as error:
        return error.mistakes


def refused(text, words, line):
    found = refusal(text)
    assert [m for m in found if words in m.text and m.line == line], [str(m) for m in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("010", 10),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        ("1E5", 1e5),
        ("1e-3", 1e-3),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1e", "1e"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ('"true"', "true"),
        ("'5'", "5"),
        ('"1e400"', "1e400"),
        ("!!str 5", "5"),
        ("~", None),
        ("null", None),
        ("", None),
        ("[1, x, [2.5]]", [1, "x", [2.5]]),
        ("{b: 1, 2: c}", {"b": 1, "2": "c"}),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_a_scalar_is_read_by_the_core_rules_of_yaml_1_2(text, wanted):
    made = value(text)
    assert made == wanted and type(made) is type(wanted)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.Inf", "+.INF"])
def test_a_number_that_is_not_finite_is_refused(text):
    refused(f"b: 1\na: {text}\n", f"{text} is not a finite number", 2)


@pytest.mark.parametrize("text", ["1e400", "-1e999999999", "9" * 5000, "1" + "0" * 320])
def test_a_number_too_large_for_a_float_is_refused_and_shortened(text):
    refused(f"b: 1\na: {text}\n", "is too large for a number", 2)
    assert all(len(m.text) < 100 for m in refusal(f"a: {text}\n"))


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "appears twice, in lines 1 and 3", 3),
        ("a: {b: 1,\n b: 2}\n", "appears twice, in lines 1 and 2", 2),
        ("a: 1\nb: &x 2\n", "anchors and aliases (& and *) are not accepted; write the value out", 2),
        ("a: 1\nb: *x\n", "anchors and aliases", 2),
        ("a: &x [*x]\n", "anchors and aliases", 1),
        ("a: 1\nb: &x {c: 1}\n", "anchors and aliases", 2),
        ("&x a: 1\n", "anchors and aliases", 1),
        ("a:\n  <<: {b: 1}\n", "merge keys (<<) are not accepted; write the entries out", 2),
        ("a: 1\nb: !!python/object:os.system x\n", "the tag 'tag:yaml.org,2002:python/object:os.system' is not accepted", 2),
        ("a: 1\nb: !own x\n", "the tag '!own' is not accepted", 2),
        ("a: !!set {b}\n", "is not accepted", 1),
        ("a: !!binary aGk=\n", "is not accepted", 1),
        ("a: !!timestamp 2024-01-31\n", "is not accepted", 1),
        ("a: 1\n---\nb: 2\n", "a second document begins here; a file holds one case", 2),
        ("%YAML 1.1\n---\na: 1\n", "a directive (%YAML, %TAG) is not accepted", 2),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", "a directive (%YAML, %TAG) is not accepted", 2),
        ("%YAML 9.9\n---\na: 1\n", "is not valid YAML", 1),
        ("%YAML 1.9\n---\na: 1\n", "is not valid YAML", 1),
        ("a: 1\n? [x]\n: 2\n", "a key must be a word", 2),
        ("a: 1\n{b: 1}: 2\n", "a key must be a word", 2),
        (f"a: 1\n? {'k' * 201}\n: 2\n", "a key has at most 200 characters", 2),
        ("a: 1\nb: [1, 2\nc: 3\n", "is not valid YAML", 3),
        ("a: 1\nb: 'x\n", "the enclosing part begins in line 2", 3),
        ("a: 1\nb: c: d\n", "is not valid YAML: mapping values are not allowed here", 2),
        ("a: 1\n\tb: 2\n", "is not valid YAML", 2),
        ("a: 1\n  b: 2\n", "is not valid YAML", 2),
        ("a: @x\n", "is not valid YAML", 1),
        ('a: "\\x4"\n', "is not valid YAML", 1),
        ('a: 1\nb: "\\UFFFFFFFF"\n', "is not valid YAML after this line", 2),
        ('a: 1\nb: "\\ud800"\n', "contains an unpaired surrogate", 2),
        ('a: 1\n"\\ud800": 2\n', "contains an unpaired surrogate", 2),
        ("a: 1\nb: x\0y\n", "contains the control character U+0000", 2),
        ("a: 1\nb: x\x1b[31my\n", "contains the control character U+001B", 2),
        ("a: 1\nb: x\ufffe\n", "contains the noncharacter U+FFFE", 2),
        ("a: 1\nb: x\uffff\n", "contains the noncharacter U+FFFF", 2),
        ("a: 1\nb: x\ud800\n", "contains the unpaired surrogate U+D800", 2),
        ("", "is not a case: keys with values are needed, such as 'title: ...'", 1),
        ("# only a remark\n", "is not a case", 1),
        ("- a\n- b\n", "is not a case: keys with values are needed, such as 'title: ...'", 1),
        ("just words\n", "is not a case: keys with values are needed, such as 'title: ...'", 1),
        ("b:\n  source: {x: 1}\n", "found a block of keys (x); what is called 'source' here needs another name", 2),
        ("b:\n  value: {x: 1}\n  c: {x: 1}\n", "is reserved for a number with its source; what is called 'value' here needs another", 2),
        ("b:\n  status: {x: 1}\n", "what is called 'status' here needs another name", 2),
        (
            "a: 1\nb:\n  status: certain\n  c: 1\n",
            "unknown status 'certain'; choose one of 'literature', 'measured', 'calibrated', 'assumed'",
            3,
        ),
        ("b:\n  status: litrature\n", "unknown status 'litrature'; did you mean 'literature'?", 2),
        ("b:\n  status: [assumed]\n", "unknown status a list of 1", 2),
        ("b:\n  source: {x: 1}\n", "text is needed, found a block of keys (x)", 2),
        ("b:\n  source: null\n", "text is needed, found nothing", 2),
        ("b:\n  source: []\n", "text is needed, found an empty list", 2),
        ("b:\n  source: ''\n", "text is needed, found ''", 2),
        ("b:\n  value: 1\n  note: {x: 1}\n", "text is needed, found a block of keys (x)", 3),
        ("b:\n  value: 1\n  sourc: x\n", "unknown key; did you mean 'source'?", 3),
        ("b:\n  value: 1\n  uncertainty: {x: 1}\n", "a share such as '5 %' or a number with its unit is needed", 3),
    ],
    ids=lambda v: repr(v)[:40],
)
def test_a_text_is_refused_at_the_line_in_these_words(text, words, line):
    refused(text, words, line)


@pytest.mark.parametrize("begin", ["[", "{a: ", "- "])
def test_a_text_nested_too_deep_is_refused(begin):
    found = refusal("a:\n  " + begin * 5000)
    assert [m for m in found if f"is nested deeper than {DEEPEST} levels" in m.text or "not valid YAML" in m.text]
    assert refusal("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)) == []
    refused("a: " + "[" * DEEPEST + "]" * DEEPEST, f"is nested deeper than {DEEPEST} levels", 1)


def test_a_text_of_too_many_entries_is_refused(monkeypatch):
    monkeypatch.setattr(reader, "MOST_NODES", 100)
    refused("a:\n" + "".join(f"  - {i}\n" for i in range(200)), "has more than 100 entries; large tables go into a CSV file", 99)
    assert MOST_NODES >= 10_000


def test_mistakes_that_leave_something_to_read_come_with_those_of_the_schema():
    class Two(Frozen):
        a: str
        b: str

    document = parse_document("a: x\na: y\nb: 5\nc: 1\n", "x.yaml")
    assert [(m.line, m.key) for m in sorted(make(Two, document).mistakes, key=lambda m: m.line)] == [(2, "a"), (3, "b"), (4, "c")]


# files


def test_a_file_that_is_absent_or_none_is_refused_with_the_reason(tmp_path):
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    for path, words in (
        (tmp_path / "none.yaml", "there is no such file"),
        (tmp_path, "is a folder; a case file is needed"),
        ("", "is a folder; a case file is needed"),
        ("/dev/zero", "is not a regular file; a case file is needed"),
        ("/dev/null", "is not a regular file; a case file is needed"),
        (loop, "cannot be opened: "),
        ("x\0y.yaml", "cannot be opened: "),
        (str(tmp_path / ("x" * 300)), "cannot be opened: "),
        ("\ud800.yaml", "cannot be opened: "),
        (tmp_path / "none.yaml" / "x.yaml", "there is no such file"),
    ):
        with pytest.raises(CaseError, match=re.escape(words)) as caught:
            read_document(path)
        str(caught.value).encode()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with pytest.raises(CaseError, match="is not a regular file"):
        read_case(pipe)


def test_a_file_that_is_too_large_is_refused(tmp_path):
    file = tmp_path / "case.yaml"
    with open(file, "wb") as handle:
        handle.truncate(LARGEST_FILE + 1)
    with pytest.raises(CaseError, match=f"is larger than {LARGEST_FILE} bytes, the most that a case file may have"):
        read_document(file)


def test_a_file_that_cannot_be_read_is_another_error(tmp_path, monkeypatch):
    file = tmp_path / "case.yaml"
    file.write_text("a: 1\n")

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(FileError, match=r"case\.yaml: cannot be read: Permission denied"):
        reader.read_bytes(file)


@pytest.mark.parametrize(
    ("raw", "words", "line"),
    [
        ("a: 1\nb: 2\n".encode("utf-16"), "is not UTF-8 text", 1),
        ("a: 1\nb: 2\n".encode("utf-16-le"), "contains the control character U+0000", 1),
        (b"a: 1\nb: \xff\n", "is not UTF-8 text", 2),
        ("a: 1\nb: é\n".encode("latin-1"), "is not UTF-8 text", 2),
        (b"a: 1\nb: \xed\xa0\x80\n", "is not UTF-8 text", 2),
        (b"a: 1\nb: \x00\n", "contains the control character U+0000", 2),
        (b"", "is not a case", 1),
    ],
)
def test_bytes_that_are_no_text_are_refused_at_their_line(tmp_path, raw, words, line):
    file = tmp_path / "case.yaml"
    file.write_bytes(raw)
    with pytest.raises(CaseError) as caught:
        read_document(file)
    assert [(m.line, words in m.text) for m in caught.value.mistakes] == [(line, True)]


@pytest.mark.parametrize("form", [lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: t.replace("\n", "\r\n").encode()], ids=["BOM", "CRLF"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path, form):
    file = tmp_path / "case.yaml"
    file.write_bytes(form("a: 1\nb:\n  - x\n  - y\n"))
    document = read_document(file)
    assert document.data == {"a": 1, "b": ["x", "y"]} and document.line(("b", 1)) == 4


# lines, sources


def test_every_key_has_its_line_and_what_is_absent_that_of_the_block_around_it():
    document = parse_document("a: 1\nb:\n  c:\n    - x\n    - d: 2\n      e: 3\n", "x.yaml")
    places = {("a",): 1, ("b",): 2, ("b", "c"): 3, ("b", "c", 0): 4, ("b", "c", 1): 5, ("b", "c", 1, "e"): 6}
    assert {key: document.line(key) for key in places} == places
    assert document.line(("b", "c", 1, "none", "x")) == 5 and document.line(("none",)) == 1


def test_a_value_with_its_source_is_read_as_the_value_at_its_own_line():
    document = parse_document("a:\n  status: assumed\n  value:\n    - 1\n    - 2\n  source: [x, y]\n", "x.yaml")
    assert document.data == {"a": [1, 2]}
    assert document.provenance == {("a",): {"status": "assumed", "source": "x; y"}}
    assert (document.line(("a",)), document.line(("a", 1))) == (3, 5)


def test_a_source_of_a_block_holds_for_what_states_none_itself():
    text = "b:\n  status: assumed\n  source: outer\n  c: {value: 1, source: inner}\n  d: 2\n"
    document = parse_document(text, "x.yaml")
    assert document.data == {"b": {"c": 1, "d": 2}}
    assert document.provenance[("b", "c")] == {"status": "assumed", "source": "inner"}


def test_a_statement_keeps_its_value_and_its_source():
    entry = {"what": "x", "value": "1 K", "source": "y"}
    assert parse_document("expect: [{what: x, value: 1 K, source: y}]\n", "x.yaml").data == {"expect": [entry]}


def test_a_default_does_not_take_the_source_of_the_block_it_is_missing_from(tmp_path):
    lines = CASES[1].splitlines(keepends=True)
    text = "".join(line for line in lines if "phi:" not in line and "lag:" not in line)
    for source in ("one source", "another"):
        case = case_of(parse_document(text.replace("estimate for a cell of 6 g", source), "x.yaml"))
        instrument = case.programme.calorimeter
        assert instrument.tracking.source.startswith(source)
        assert (instrument.phi.status, instrument.phi.source) == ("assumed", "a default, not stated in the file")


def test_an_uncertainty_is_kept_with_its_number_as_a_half_width():
    text = CASES[1].replace("value: 0.15 ohm,", "value: 0.15 ohm, uncertainty: 20 %,")
    text = text.replace("value: 125 degC,", "value: 125 degC, uncertainty: 2 K,").replace("value: 0.4,", "value: 0.4, uncertainty: 10 %,")
    case = case_of(parse_document(text, "x.yaml"))
    short = case.sample.short
    assert short.resistance.uncertainty == pytest.approx(0.03) and short.resistance.uncertainty.dimension == "electrical resistance"
    assert short.at.temperature.uncertainty == 2.0
    assert case.sample.ejecta.fraction.uncertainty == 0.1  # a share of its own, in the unit of the number
    assert short.charge.uncertainty is None


# the schema's refusals in the words of a case file


class Inner(Frozen):
    x: int = 1


class Outer(Frozen):
    text: str = ""
    flag: bool = False
    whole: int = 1
    number: float = 1.0
    block: Inner = Inner()
    pair: tuple[int, int] = (1, 2)
    choice: Literal["one", "two"] = "one"
    names: dict[str, int] = {}
    many: list[int] = []


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("text: 5", "text", "text is needed, found 5"),
        ("text: [a]", "text", "text is needed, found a list of 1"),
        ("text: {a: 1}", "text", "text is needed, found a block of keys (a)"),
        ("text: {valeu: a}", "text.valeu", "unknown key; did you mean 'value'?"),
        ("flag: maybe", "flag", "true or false is needed, found 'maybe'"),
        ("whole: x", "whole", "a whole number is needed, found 'x'"),
        ("whole: 1.5", "whole", "a whole number is needed, found 1.5"),
        ("number: x", "number", "a number is needed, found 'x'"),
        ("block: 5", "block", "a block of keys is needed, found 5"),
        ("block: [x]", "block", "a block of keys is needed, found a list of 1"),
        ("block: {y: 1}", "block.y", "unknown key; choose 'x'"),
        ("pair: 5", "pair", "a list is needed, found 5"),
        ("pair: [5]", "pair", "has 1 entries; 2 are needed"),
        ("pair: [5, 6, 7]", "pair", "has 3 entries; 2 are needed"),
        ("choice: ono", "choice", "unknown choice 'ono'; did you mean 'one'?"),
        ("choice: 5", "choice", "unknown choice 5; choose one of 'one', 'two'"),
        ("names: 5", "names", "a block of keys is needed, found 5"),
        ("many: 5", "many", "a list is needed, found 5"),
        ("text:", "text", "text is needed, found nothing"),
        ("names: {a: }", "names.a", "a whole number is needed, found nothing"),
    ],
)
def test_what_the_schema_refuses_is_said_in_the_words_of_a_case_file(text, key, words):
    made, mistakes = make(Outer, parse_document(f"# x\n{text}\n", "x.yaml"))
    assert made is None
    assert [(m.line, m.key, m.text) for m in mistakes] == [(2, key, words)]


def test_a_key_without_a_value_is_refused_where_it_could_be_left_out():
    class Loose(Frozen):
        a: str | None = None

    (mistake,) = make(Loose, parse_document("a:\n", "x.yaml")).mistakes
    assert str(mistake) == "x.yaml:1: a: has no value; write one, or leave the key out"


def test_a_misspelt_key_is_not_reported_as_an_absent_one_as_well():
    class Needs(Frozen):
        title: str

    (mistake,) = make(Needs, parse_document("titel: x\n", "x.yaml")).mistakes
    assert str(mistake) == "x.yaml:1: titel: unknown key; did you mean 'title'?"


# words


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("densty", ["density", "heat_capacity"], "density"),
        ("Density", ["density"], "density"),
        ("heat-capacity", ["heat_capacity"], "heat_capacity"),
        ("fo", ["of", "probe"], "of"),
        ("fom", ["to", "from"], "from"),
        ("ta", ["at", "library"], "at"),
        ("silvr", ["silver", "silver-layer"], "silver"),
        ("xyz", ["density"], None),
        ("", ["a", "b"], None),
        ("a", ["b"], None),
        ("x" * 10_000, ["density"], None),
        ("steel", ["nickel-plated-steel-can"], None),
    ],
)
def test_the_name_that_was_probably_meant(name, known, meant):
    assert closest(name, known) == meant


def test_where_no_name_is_near_the_known_ones_are_listed():
    assert did_you_mean("xyz", ["a", "b"]) == "; choose one of 'a', 'b'"
    assert did_you_mean("xyz", []) == "; there is none"
    assert did_you_mean("xyz", [f"name-{i}" for i in range(20)]).endswith("'name-7', ...")


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f", "\x9b", "\n", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\ud800"])
def test_what_could_drive_a_terminal_is_replaced(bad):
    mistake = Mistake(f"a{bad}b.yaml", 3, f"k{bad}y", f"te{bad}xt")
    assert str(mistake) == "a\ufffdb.yaml:3: k\ufffdy: te\ufffdxt" == printable(f"a{bad}b.yaml:3: k{bad}y: te{bad}xt")


def test_control_characters_of_names_do_not_reach_the_message():
    text = 'title: x\n"\\e[31mred": 1\nsample: {kind: "\\e]0;x\\a"}\n'
    with pytest.raises(CaseError) as caught:
        case_of(parse_document(text, "x.yaml"))
    assert "\x1b" not in str(caught.value) and "\ufffd[31mred: unknown key" in str(caught.value)


def test_long_names_are_shortened():
    assert shortened("x" * 100) == "x" * 57 + "..."
    assert described({"a" * 50: 1, "b": 2, "c": 3, "d": 4}) == f"a block of keys ({'a' * 17}..., b, c, ...)"
    assert described({}) == "an empty block"


def test_one_more_mistake_than_can_be_shown_is_counted_as_one():
    error = CaseError([Mistake("x", i, "", "wrong") for i in range(21)])
    assert error.lines()[-1] == "and 1 more mistake" and len(error.lines()) == 21
    assert len(CaseError([Mistake("x", 1, "", "wrong")] * 5).lines()) == 1


def test_settings_leave_the_document_as_it_was():
    document = parse_document("a: {b: 1}\n", "x.yaml")
    changed = change(document, ["a.b=2", "a.c=[1, 2]"])
    assert (document.data, changed.data) == ({"a": {"b": 1}}, {"a": {"b": 2, "c": [1, 2]}})
    assert str(changed.mistake(("a", "b"), "wrong")) == "--set: a.b: wrong"
    assert str(document.mistake(("a", "b"), "wrong")) == "x.yaml:1: a.b: wrong"


# anything at all

FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
BITS = [
    *":-[]{}#&*!|>'\"%@`?,~ \n\t",
    "<<",
    "---",
    "...",
    "!!",
    "\\u",
    "\\x",
    "%YAML ",
    ": ",
    "- ",
    "\n  ",
    "a",
    "1",
    "value: ",
    "kind: ",
    "null",
]


@FUZZ
@given(st.text(max_size=200) | st.lists(st.sampled_from(BITS), max_size=60).map("".join))
@example('"\\UFFFFFFFF"')
@example("%YAML 1.9\n---\na: 1")
@example("? ? ? ?")
@example("value:")
def test_any_text_is_read_or_refused(text):
    try:
        case_of(parse_document(text, "x.yaml"))
    except CaseError as error:
        assert error.mistakes


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path, raw):
    file = tmp_path / "case.yaml"
    file.write_bytes(raw)
    with pytest.raises((CaseError, FileError)):
        read_case(file)


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["5 um", "300 K", "1 s", "held", "top"])
)


@FUZZ
@given(st.sampled_from(CASES), st.integers(0, 10_000), st.integers(0, 40), st.lists(st.sampled_from(BITS), max_size=4).map("".join))
def test_a_good_case_with_a_passage_replaced_is_read_or_refused(text, at, length, other):
    at %= len(text)
    try:
        case_of(parse_document(text[:at] + other + text[at + length :], "x.yaml"))
    except CaseError as error:
        assert error.mistakes and not re.search("<class|pydantic|NoneType|Input should", str(error))


@FUZZ
@given(st.data())
def test_a_good_case_with_any_value_at_any_key_is_read_or_refused(data):
    document = parse_document(data.draw(st.sampled_from(CASES)), "x.yaml")
    key = data.draw(st.sampled_from(sorted((k for k in document.lines if k), key=str)))
    value = data.draw(
        st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))
    )
    node = document.data
    try:
        for part in key[:-1]:
            node = node[part]
        node[key[-1]] = value
    except (KeyError, TypeError, IndexError):
        return  # below a value with its source
    try:
        case_of(document)
    except CaseError as error:
        assert error.mistakes and not re.search("<class|pydantic|NoneType|Input should", str(error))


@FUZZ
@given(st.lists(st.text(max_size=30) | st.from_regex(r"[a-z.0-9]{0,20}=.{0,20}", fullmatch=True), max_size=3))
def test_any_settings_are_taken_or_refused(settings):
    try:
        case_of(change(parse_document(CASES[0], "x.yaml"), settings))
    except CaseError as error:
        assert error.mistakes


def test_quantities_carry_their_text():
    case = case_of(parse_document(CASES[0], "x.yaml"))
    assert isinstance(case.programme.end, Quantity) and case.programme.end.text == "100 us"
