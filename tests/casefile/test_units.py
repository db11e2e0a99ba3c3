"""Numbers with units: what they are in SI, exactly, and in which words the others are refused."""

import math
import re
from fractions import Fraction
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import DIMENSIONS, Quantity, Unit, UnitError, parse, show, unit_factor


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("10 um", "length", 1e-5),
        ("10 µm", "length", 1e-5),  # micro sign
        ("10 μm", "length", 1e-5),  # Greek letter
        ("0.5um", "length", 5e-7),
        ("3 nm", "length", 3e-9),
        ("2.5 cm", "length", 0.025),
        ("80 degC", "temperature", 353.15),
        ("80 °C", "temperature", 353.15),
        ("80 ℃", "temperature", 353.15),
        ("-40 degC", "temperature", 233.15),
        ("-40 degF", "temperature", 233.15),
        ("212 °F", "temperature", 373.15),
        ("300 K", "temperature", 300.0),
        ("80 K", "temperature difference", 80.0),
        ("60 K/min", "temperature rate", 1.0),
        ("60 degC/min", "temperature rate", 1.0),
        ("0.5 Ah", "electrical charge", 1800.0),
        ("500 mAh", "electrical charge", 1800.0),
        ("1 Wh", "energy", 3600.0),
        ("0.5 %", "number", 0.005),
        ("0.5%", "number", 0.005),
        ("0.5", "number", 0.5),
        ("48 cm2", "area", 0.0048),
        ("48 cm^2", "area", 0.0048),
        ("48 cm²", "area", 0.0048),
        ("1 m2", "area", 1.0),
        ("0.12 W/(m K)", "thermal conductivity", 0.12),
        ("0.12 W/m/K", "thermal conductivity", 0.12),
        ("0.12 W m-1 K-1", "thermal conductivity", 0.12),
        ("0.12 W m⁻¹ K⁻¹", "thermal conductivity", 0.12),
        ("0.12 W/(m·K)", "thermal conductivity", 0.12),
        ("0.12 W/(m*K)", "thermal conductivity", 0.12),
        ("120 mW/(m K)", "thermal conductivity", 0.12),
        ("1 g/cm3", "density", 1000.0),
        ("1 g/cm³", "density", 1000.0),
        ("1.09 J/(g K)", "specific heat capacity", 1090.0),
        ("432 J/g", "specific energy", 432e3),
        ("135.08 kJ/mol", "molar energy", 135080.0),
        ("2.5e13 1/s", "rate constant", 2.5e13),
        ("60 1/min", "rate constant", 1.0),
        ("60 min-1", "rate constant", 1.0),
        ("0.15 ohm", "electrical resistance", 0.15),
        ("150 mΩ", "electrical resistance", 0.15),
        ("150 m\u2126", "electrical resistance", 0.15),
        ("60 d", "time", 5184000.0),
        ("+.5 s", "time", 0.5),
        ("5. s", "time", 5.0),
        ("1E2 s", "time", 100.0),
        ("  5   s  ", "time", 5.0),
        ("5\u00a0s", "time", 5.0),
        ("0e999999999 s", "time", 0.0),
        ("-3 J/K2", "slope of a heat capacity", -3.0),
    ],
)
def test_a_number_with_its_unit_is_this_in_si_exactly(text, dimension, value):
    made = parse(text, dimension)
    assert made == value and (made.dimension, made.text) == (dimension, text)


@pytest.mark.parametrize(
    ("text", "dimension", "words"),
    [
        ("10", "length", "10 has no unit; a length (um) is needed, probably '10 um' or '10 mm'"),
        ("80", "temperature", "80 has no unit; a temperature (degC) is needed, probably '80 degC' or '80 K'"),
        ("5", "temperature rate", "5 has no unit; a temperature rate (K/min) is needed, probably '5 K/min' or '5 K/s'"),
        ("5 K", "length", "wrong unit 'K', which is a temperature; a length (um) is needed"),
        ("5 J", "specific energy", "wrong unit 'J', which is an energy; a specific energy (J/g) is needed"),
        ("5 J", "electrical charge", "wrong unit 'J', which is an energy; an electrical charge (Ah) is needed"),
        ("5 Pa", "energy", "wrong unit 'Pa'; an energy (J) is needed"),
        ("5 W/m K", "thermal conductivity", "wrong unit 'W/m K'; did you mean 'W/(m K)'?; a thermal conductivity (W/(m K)) is needed"),
        ("5 W/mK", "thermal conductivity", "did you mean 'W/(m K)'?"),
        ("5 K", "number", "wrong unit 'K', which is a temperature; a plain number, or a share in %, is needed"),
        ("5 1", "number", "wrong unit '1', which is a number"),
        ("5 degC", "temperature difference", "'5 degC' is a temperature; a temperature difference (K) is needed"),
        ("9 °F", "temperature difference", "'9 °F' is a temperature; a temperature difference (K) is needed"),
        ("5 mK", "temperature", "wrong unit 'mK'; a temperature (degC) is needed"),
        ("5 C", "temperature", "unknown unit 'C'; did you mean 'degC'?; a temperature (degC) is needed"),
        ("5 celsius", "temperature", "did you mean 'degC'?"),
        ("5 Kelvin", "temperature", "did you mean 'K'?"),
        ("5 F", "temperature", "did you mean 'degF'?"),
        ("5 degc", "temperature", "did you mean 'degC'?"),
        ("5 sec", "time", "unknown unit 'sec'; did you mean 's'?"),
        ("5 hours", "time", "did you mean 'h'?"),
        ("5 micron", "length", "did you mean 'um'?"),
        ("5 UM", "length", "did you mean 'um'?"),
        ("5 percent", "number", "did you mean '%'?"),
        ("5 kj/mol", "molar energy", "did you mean 'kJ/mol'?"),
        ("5 furlong", "length", "unknown unit 'furlong'; a length (um) is needed"),
        ("5 m 1", "length", "unknown unit '1'"),
        ("5 m %", "length", "unknown unit '%'"),
        ("5 m/", "length", "unknown unit 'm/'"),
        ("5 m//s", "length", "unknown unit 'm//s'"),
        ("5 /m", "length", "unknown unit '/m'"),
        ("5 (m", "length", "unknown unit '(m'"),
        ("5 m)", "length", "unknown unit 'm)'"),
        ("5 ()", "length", "unknown unit '()'"),
        ("5 m0", "length", "unknown unit 'm0'"),
        ("5 m**9**9**9", "length", "unknown unit 'm**9**9**9'"),
        ("9**9**9**9 m", "length", "unknown unit '**9**9**9 m'"),
        ("5 " + "(" * 38, "length", "unknown unit"),
        ("5 " + "(" * 3000, "length", "a number with its unit has at most 80 characters"),
        ("5 " + "m" * 60, "length", "a unit has at most 40 characters"),
        ("1" * 5000 + " m", "length", "a number with its unit has at most 80 characters"),
        ("1,5 m", "length", "'1,5 m' has a comma; write the number with a decimal point"),
        ("1.000,5 m", "length", "has a comma"),
        ("1e400 m", "length", "'1e400 m' is too large for a number"),
        ("1e999999999999999999 m", "length", "is too large for a number"),
        ("1e-999999999999999999 m", "length", "is too small for a number"),
        ("1e6 m", "length", "'1e6 m' is too large for a length (at most 100000 m)"),
        ("1e-13 m", "length", "'1e-13 m' is too small for a length (at least 1e-12 m)"),
        ("1e300 s", "time", "is too large for a time"),
        ("1e30", "number", "'1e30' is too large for a number (at most 1e+20)"),
        ("1e300 J", "energy", "is too large for an energy"),
        ("nan m", "length", "'nan m' is not a number with a unit; a length (um) is needed"),
        ("inf m", "length", "'inf m' is not a number with a unit"),
        ("-inf", "number", "is not a number with a unit; a plain number, or a share in %, is needed"),
        ("", "length", "'' is not a number with a unit"),
        ("much", "length", "'much' is not a number with a unit"),
        ("0x10 m", "length", "unknown unit 'x'"),
        ("1_000 m", "length", "unknown unit '_000 m'"),
        ("5 m\x1b[31m", "length", "\ufffd[31m"),
        ("５ m", "length", "is not a number with a unit"),  # a full-width digit
        ("5 m\n6 m", "length", "is not a number with a unit"),
        ("__import__('os') m", "length", "is not a number with a unit"),
    ],
    ids=lambda v: v[:30],
)
def test_other_texts_are_refused_in_these_words(text, dimension, words):
    with pytest.raises(UnitError, match=re.escape(words)) as caught:
        parse(text, dimension)
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 250


UNITS = [(unit, name) for name, known in DIMENSIONS.items() for unit in known.examples if unit != "1"]


@pytest.mark.parametrize(("unit", "dimension"), UNITS)
def test_every_unit_that_is_suggested_is_taken(unit, dimension):
    assert math.isfinite(parse(f"5 {unit}", dimension))
    assert "deg" in unit or parse(f"5 {unit}", dimension) == float(5 * unit_factor(unit)[0])


@pytest.mark.parametrize(("name", "known"), DIMENSIONS.items())
def test_every_dimension_is_read_back_in_its_own_unit(name, known):
    text = "0.75" if known.unit == "1" else f"0.75 {known.unit}"
    assert parse(text, name) == 0.75


@given(st.sampled_from(UNITS), st.decimals(min_value="1e-6", max_value="1e6", allow_nan=False, places=6))
def test_a_number_times_its_unit_is_rounded_once(unit, number):
    name, dimension = unit
    if "deg" in name:
        return
    try:
        made = parse(f"{number} {name}", dimension)
    except UnitError as error:
        assert "too large for" in str(error) or "too small for" in str(error)
        return
    assert made == float(Fraction(str(number)) * unit_factor(name)[0])
    assert made / float(unit_factor(name)[0]) == pytest.approx(float(number), rel=1e-15, abs=1e-300)


@given(
    st.text(max_size=120) | st.from_regex(r"[0-9.eE+-]{1,8} ?[a-zA-Z/()* ^0-9%µ²-]{0,20}", fullmatch=True),
    st.sampled_from(list(DIMENSIONS)),
)
@example("1e999999999 m", "length")
@example("5 m9 m9 m9 m9 m9 m9 m9 m9 m9 m9", "length")
def test_any_text_is_a_finite_number_or_refused(text, dimension):
    try:
        made = parse(text, dimension)
    except UnitError:
        return
    assert math.isfinite(made) and abs(made) <= DIMENSIONS[dimension].most + 460.0


@given(st.text(max_size=60))
def test_any_text_is_a_unit_or_refused(text):
    try:
        factor, exponents = unit_factor(text)
    except UnitError:
        return
    assert factor > 0 and len(exponents) == 6


# fields of a case

FROM_FILE = {"from_file": True}


def taken(unit, value, context=None):
    return TypeAdapter(Annotated[float, unit]).validate_python(value, context=context)


def refusal(unit, value, context=None):
    with pytest.raises(ValidationError) as caught:
        taken(unit, value, context)
    return caught.value.errors()[0]["msg"]


def test_python_gives_si_numbers_and_files_give_units():
    assert taken(Unit("length"), 2e-5) == 2e-5 == taken(Unit("length"), "20 um")
    assert taken(Unit("number"), 3, FROM_FILE) == 3.0
    assert "20 has no unit" in refusal(Unit("length"), 20, FROM_FILE)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_number_that_is_not_finite_is_refused(value):
    assert refusal(Unit("length"), value) == "must be a finite number" == refusal(Unit("number"), value, FROM_FILE)


@pytest.mark.parametrize(
    ("value", "found"), [(True, "true"), (None, "nothing"), ([1], "a list of 1"), ([], "an empty list"), ({"x": 1}, "a block of keys (x)")]
)
def test_what_is_no_number_is_named_in_the_words_of_a_case_file(value, found):
    assert refusal(Unit("length"), value) == f"a length (um) is needed, found {found}"


def test_a_block_for_a_number_says_which_key_is_wrong():
    assert refusal(Unit("length"), {}) == "a length (um) is needed, found a block without 'value'"
    assert refusal(Unit("length"), {"valeu": "5 um"}) == "unknown key; did you mean 'value'?"


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        (Unit("length", gt=0), "0 um", "must be positive, got 0 um"),
        (Unit("length", gt=0), "-3 um", "must be positive, got -3 um"),
        (Unit("length", ge=0), "-3 um", "must not be negative, got -3 um"),
        (Unit("number", ge=1), 0.5, "must be at least 1, got 0.5"),
        (Unit("number", gt=1), 1, "must be more than 1, got 1"),
        (Unit("number", le=1), 2, "must be at most 1, got 2"),
        (Unit("number", lt=1), 1, "must be less than 1, got 1"),
        (Unit("temperature"), "0 K", "must lie above 0 K, got 0 K"),
        (Unit("temperature"), "-300 degC", "must lie above 0 K, got -300 degC"),
        (Unit("temperature"), 0.0, "must lie above 0 K, got 0.0"),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_what_was_found(unit, value, words):
    assert refusal(unit, value, FROM_FILE if isinstance(value, int | float) and unit.dimension == "number" else None) == words


def test_a_quantity_of_another_dimension_is_refused():
    length = Quantity.of(2.0, "length")
    assert taken(Unit("length"), length) is length
    assert refusal(Unit("time"), length) == "a time (s) is needed, found a length"


def test_a_quantity_keeps_where_it_is_from_when_its_value_changes():
    made = Quantity.of(2.0, "length")
    made.status, made.source = "measured", "a ruler"
    other = made.like(3.0)
    assert (other, other.dimension, other.status, other.source) == (3.0, "length", "measured", "a ruler")


def test_the_schema_of_a_field_lists_its_units_and_the_form_with_a_source():
    forms = TypeAdapter(Annotated[float, Unit("length")]).json_schema()["anyOf"]
    assert "um, mm, m" in forms[0]["description"]
    assert set(forms[1]["properties"]) == {"value", "status", "source", "uncertainty"}


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (353.15, "temperature", "80.00 degC"),
        (1 / 60, "temperature rate", "1 K/min"),
        (3e-3, "time", "3 ms"),
        (2.946e-4, "time", "294.6 us"),
        (5e-9, "time", "5 ns"),
        (0.0, "time", "0 s"),
        (90.0, "time", "90 s"),
        (600.0, "time", "10 min"),
        (86400.0, "time", "24 h"),
        (0.25, "number", "0.25"),
        (1e-5, "length", "10 um"),
    ],
)
def test_a_value_is_shown_in_a_fitting_unit(value, dimension, text):
    assert show(value, dimension) == text


@pytest.mark.parametrize(
    ("key", "dimension"),
    [
        ("crossings.half-rise.time_s", "time"),
        ("onsets.T1.temperature_K", "temperature"),
        ("onsets.T1.rate_K_per_s", "temperature rate"),
        ("exotherms.0.rise_K", "temperature difference"),
        ("energy.final_J", "energy"),
        ("energy.released_J.roll_sei", "energy"),
        ("hottest.sensor_later_s.T3", "time"),
        ("onsets.T1.margin", "number"),
        ("missed_crossings.hot.short_by_K", "temperature difference"),
        ("lags.tab.largest_K", "temperature difference"),
        ("arrivals.cell-2.speed_m_per_s", "speed"),
        ("front.thermal_layer_m", "length"),
        ("derived.stack.conductivity_through_W_per_m_K", "thermal conductivity"),
        ("derived.stack.resistance_through_m2_K_per_W", "thermal resistance"),
        ("energy.residual_relative", "number"),
    ],
)
def test_the_last_word_of_a_result_states_its_dimension(key, dimension):
    assert dimension_of_key(key) == dimension
