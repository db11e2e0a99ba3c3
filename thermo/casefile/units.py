"""Numbers with units to SI and back: the only place that converts.

A field of a case file names the *dimension* it wants ("thermal conductivity"); the text gives number and unit
("0.12 W/(m K)"). Conversion is done in exact fractions and rounded once, so that 10 um is the float nearest to 1e-5.
"""

from __future__ import annotations

import math
import re
import sys
from fractions import Fraction
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from thermo.base.errors import closest, described, did_you_mean, shortened

Exponents = tuple[int, int, int, int, int, int]  # of kg, m, s, K, A, mol

_BASE: dict[str, tuple[Fraction | int, Exponents]] = {
    "m": (1, (0, 1, 0, 0, 0, 0)),
    "g": (Fraction(1, 1000), (1, 0, 0, 0, 0, 0)),
    "s": (1, (0, 0, 1, 0, 0, 0)),
    "K": (1, (0, 0, 0, 1, 0, 0)),
    "A": (1, (0, 0, 0, 0, 1, 0)),
    "mol": (1, (0, 0, 0, 0, 0, 1)),
    "J": (1, (1, 2, -2, 0, 0, 0)),
    "W": (1, (1, 2, -3, 0, 0, 0)),
    "V": (1, (1, 2, -3, 0, -1, 0)),
    "ohm": (1, (1, 2, -3, 0, -2, 0)),
    "Pa": (1, (1, -1, -2, 0, 0, 0)),
    "Ah": (3600, (0, 0, 1, 0, 1, 0)),
    "Wh": (3600, (1, 2, -2, 0, 0, 0)),
    "L": (Fraction(1, 1000), (0, 3, 0, 0, 0, 0)),
}
_PLAIN: dict[str, tuple[Fraction | int, Exponents]] = {  # units that take no prefix
    "min": (60, (0, 0, 1, 0, 0, 0)),
    "h": (3600, (0, 0, 1, 0, 0, 0)),
    "d": (86400, (0, 0, 1, 0, 0, 0)),
    "degC": (1, (0, 0, 0, 1, 0, 0)),
    "degF": (Fraction(5, 9), (0, 0, 0, 1, 0, 0)),
    "bar": (100000, (1, -1, -2, 0, 0, 0)),
    "%": (Fraction(1, 100), (0, 0, 0, 0, 0, 0)),
    "1": (1, (0, 0, 0, 0, 0, 0)),
}
_PREFIX: dict[str, Fraction | int] = {
    "f": Fraction(1, 10**15),
    "p": Fraction(1, 10**12),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "c": Fraction(1, 100),
    "d": Fraction(1, 10),
    "k": 1000,
    "M": 10**6,
    "G": 10**9,
}
_SAME = str.maketrans(
    {
        "µ": "u",
        "μ": "u",
        "Ω": "ohm",
        "\u2126": "ohm",  # the ohm sign, beside the Greek letter
        "\u212a": "K",
        "·": " ",
        "⋅": " ",
        "*": " ",
        "²": "2",
        "³": "3",
        "−": "-",
        "⁻": "-",
        "¹": "1",
        "℃": "degC",
        "℉": "degF",
        "°": "deg",
    }
)
_OFFSET = {"K": Fraction(0), "degC": Fraction(27315, 100), "degF": Fraction(45967, 100) * Fraction(5, 9)}


class Dimension(NamedTuple):
    """A kind of quantity: its SI unit as printed, units people write for it, and the size that none of a battery has.

    `least` and `most` bound the absolute value, in SI; zero is always within.
    """

    unit: str
    examples: tuple[str, ...]
    least: float = 1e-40
    most: float = 1e20


DIMENSIONS: dict[str, Dimension] = {
    "number": Dimension("1", ("1", "%")),
    "temperature": Dimension("K", ("degC", "K", "degF"), 1e-6, 1e6),
    "temperature difference": Dimension("K", ("K",), 1e-12, 1e6),
    "temperature rate": Dimension("K/s", ("K/min", "K/s", "K/h")),
    "time": Dimension("s", ("s", "min", "h", "us"), 1e-18, 1e13),
    "length": Dimension("m", ("um", "mm", "m"), 1e-12, 1e5),
    "speed": Dimension("m/s", ("mm/s", "m/s", "mm/min")),
    "area": Dimension("m2", ("cm2", "m2", "mm2")),
    "volume": Dimension("m3", ("cm3", "mm3", "m3")),
    "mass": Dimension("kg", ("g", "kg", "mg")),
    "density": Dimension("kg/m3", ("kg/m3", "g/cm3")),
    "specific heat capacity": Dimension("J/(kg K)", ("J/(kg K)", "J/(g K)", "kJ/(kg K)")),
    "heat capacity": Dimension("J/K", ("J/K", "kJ/K")),
    "slope of a heat capacity": Dimension("J/K2", ("J/K2",)),
    "thermal conductivity": Dimension("W/(m K)", ("W/(m K)", "mW/(m K)")),
    "heat transfer coefficient": Dimension("W/(m2 K)", ("W/(m2 K)", "mW/(m2 K)")),
    "power density": Dimension("W/m3", ("W/m3", "W/cm3", "MW/m3")),
    "heat flux": Dimension("W/m2", ("W/m2", "kW/m2", "W/cm2")),
    "heat transfer conductance": Dimension("W/K", ("W/K", "mW/K")),
    "energy": Dimension("J", ("J", "kJ", "Wh")),
    "specific energy": Dimension("J/kg", ("J/g", "kJ/kg", "kJ/g")),
    "molar energy": Dimension("J/mol", ("kJ/mol", "J/mol")),
    "molar heat capacity": Dimension("J/(mol K)", ("J/(mol K)",)),
    "amount of substance": Dimension("mol", ("mol", "mmol")),
    "concentration": Dimension("mol/m3", ("mol/m3", "mol/L")),
    "specific amount": Dimension("mol/kg", ("mol/kg", "mmol/g")),
    "rate constant": Dimension("1/s", ("1/s", "1/min"), 1e-100, 1e100),
    "thermal resistance": Dimension("m2 K/W", ("m2 K/W", "mm2 K/W", "cm2 K/W")),
    "electrical resistance": Dimension("ohm", ("ohm", "mohm")),
    "electrical charge": Dimension("A s", ("Ah", "mAh")),
    "voltage": Dimension("V", ("V", "mV")),
    "power": Dimension("W", ("W", "mW", "kW")),
    "specific power": Dimension("W/kg", ("W/g", "mW/mg", "W/kg")),
}


class UnitError(ValueError):
    """The text is not a number with a unit of the wanted dimension."""


class Quantity(float):
    """A number in SI that remembers its dimension, the words of its source and its status.

    `status` is `literature`, `measured`, `calibrated` or `assumed`; None where nothing was stated, as for the others.
    """

    dimension: str = "number"
    status: str | None = None
    source: str | None = None
    text: str | None = None
    uncertainty: Quantity | None = None  # half-width of about 95 %, in the unit of the number itself

    @classmethod
    def of(cls, value: float, dimension: str, text: str | None = None) -> Quantity:
        """A quantity of a dimension, `text` as somebody wrote it."""
        made = cls(value)
        made.dimension = dimension
        made.text = text
        return made

    def like(self, value: float) -> Quantity:
        """Another value with the dimension, status and source of this one."""
        made = Quantity.of(value, self.dimension)
        made.status, made.source = self.status, self.source
        return made


def _atom(name: str) -> tuple[Fraction, Exponents] | None:
    for table in (_PLAIN, _BASE):
        if name in table:
            factor, exponents = table[name]
            return Fraction(factor), exponents
    if len(name) > 1 and name[0] in _PREFIX and name[1:] in _BASE:
        factor, exponents = _BASE[name[1:]]
        return Fraction(factor) * Fraction(_PREFIX[name[0]]), exponents
    return None


_TOKEN = re.compile(r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<slash>/)|(?P<atom>[A-Za-z%]+|1(?![0-9]))(?P<power>\^?-?[1-9])?)\s*")
MOST_CHARACTERS = 40


def unit_factor(unit: str) -> tuple[Fraction, Exponents]:
    """Factor to SI and exponents of a unit such as `W/(m K)`, `J kg-1 K-1`, `g/cm3`.

    Raises UnitError where the text is no unit.
    """
    text = unit.translate(_SAME).strip()
    if len(text) > MOST_CHARACTERS:
        raise UnitError(f"a unit has at most {MOST_CHARACTERS} characters")
    stack: list[tuple[Fraction, list[int], int]] = []
    factor, exponents, sign, place = Fraction(1), [0] * 6, 1, 0
    expects_atom = True
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise UnitError(f"unknown unit {shortened(unit)!r}")
        place = token.end()
        if token["slash"]:
            if expects_atom or sign == -1:
                raise UnitError(f"unknown unit {shortened(unit)!r}")
            sign, expects_atom = -1, True
        elif token["open"]:
            stack.append((factor, exponents, sign))
            factor, exponents, sign, expects_atom = Fraction(1), [0] * 6, 1, True
        elif token["close"]:
            if not stack or expects_atom:
                raise UnitError(f"unknown unit {shortened(unit)!r}")
            outer, outer_exponents, outer_sign = stack.pop()
            factor = outer * factor**outer_sign
            exponents = [a + outer_sign * b for a, b in zip(outer_exponents, exponents, strict=True)]
            sign, expects_atom = 1, False
        else:
            found = _atom(token["atom"])
            alone = not text[: token.start("atom")].strip("( ") and text[place : place + 1] in ("", "/", ")")
            if found is None or (token["atom"] in ("1", "%") and not alone):  # 5 m 1, 5 % m: a slip, not a unit
                raise UnitError(f"unknown unit {shortened(token['atom'])!r}")
            power = sign * int((token["power"] or "1").lstrip("^"))
            factor *= Fraction(found[0] ** power)
            exponents = [a + power * b for a, b in zip(exponents, found[1], strict=True)]
            sign, expects_atom = 1, False
    if stack or expects_atom:
        raise UnitError(f"unknown unit {shortened(unit)!r}")
    return factor, tuple(exponents)  # type: ignore[return-value]


_EXPONENTS = {name: unit_factor(dimension.unit)[1] for name, dimension in DIMENSIONS.items()}
_NUMBER = re.compile(r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<unit>\s*\S.*)?\s*")


def wanted(dimension: str) -> str:
    """What to ask for where a quantity of a dimension is wanted."""
    if dimension == "number":
        return "a plain number, or a share in %,"
    article = "an" if dimension[0] in "aeiou" else "a"
    return f"{article} {dimension} ({DIMENSIONS[dimension].examples[0]})"


def _found(exponents: Exponents) -> str:
    names = [name for name, known in _EXPONENTS.items() if known == exponents and name != "temperature difference"]
    return f", which is {'an' if names[0][0] in 'aeiou' else 'a'} {names[0]}" if names else ""


_WORDS = {  # what people write for a unit
    "c, celsius, deg c, deg.c, degree celsius, degrees": "degC",
    "f, fahrenheit, deg f": "degF",
    "kelvin, deg k, degk": "K",
    "sec, secs, second, seconds": "s",
    "minute, minutes, mins": "min",
    "hr, hrs, hour, hours": "h",
    "micron, microns, micrometer, micrometre": "um",
    "meter, metre, meters, metres": "m",
    "gram, grams, gr": "g",
    "joule, joules": "J",
    "watt, watts": "W",
    "volt, volts": "V",
    "ohms": "ohm",
    "percent, pct": "%",
    "hz": "1/s",
}


def _close_unit(unit: str, dimension: str) -> str:
    """The unit that was probably meant: one of this dimension, spelt nearly so, or with its brackets in place."""
    known = DIMENSIONS[dimension].examples
    word = unit.strip()
    meant = next((name for names, name in _WORDS.items() if word.lower() in names.split(", ") and name in known), None)
    meant = meant or next((name for name in known if name.lower() == word.lower()), None) or closest(word, known)
    return f"; did you mean '{meant}'?" if meant and meant != word else ""


def parse(text: str, dimension: str) -> Quantity:
    """The SI value of a text such as `"80 degC"` read as a quantity of `dimension`.

    Raises UnitError: what was found, what would be right.

    >>> float(parse("10 um", "length"))
    1e-05
    """
    if len(text) > 2 * MOST_CHARACTERS:
        raise UnitError(f"a number with its unit has at most {2 * MOST_CHARACTERS} characters")
    match = _NUMBER.fullmatch(text.strip())
    if re.match(r"\s*[+-]?[0-9.]*,[0-9]", text):
        raise UnitError(f"{shortened(text)!r} has a comma; write the number with a decimal point")
    if match is None:
        raise UnitError(f"{shortened(text)!r} is not a number with a unit; {wanted(dimension)} is needed")
    number, unit = _exact(match["number"], text), (match["unit"] or "").strip()
    if not unit:
        if dimension != "number":
            raise UnitError(bare(text.strip(), dimension))
        return _sized(number, dimension, text)
    try:
        factor, exponents = unit_factor(unit)
    except UnitError as error:
        raise UnitError(f"{error}{_close_unit(unit, dimension)}; {wanted(dimension)} is needed") from None
    if exponents != _EXPONENTS[dimension] or unit == "1":
        hint = _close_unit(unit, dimension)
        raise UnitError(f"wrong unit {shortened(unit)!r}{_found(exponents)}{hint}; {wanted(dimension)} is needed")
    plain = unit.translate(_SAME)
    if dimension == "temperature difference" and "deg" in plain:
        raise UnitError(f"{shortened(text)!r} is a temperature; {wanted(dimension)} is needed")
    if dimension == "temperature":
        if plain not in _OFFSET:
            raise UnitError(f"wrong unit {shortened(unit)!r}; {wanted(dimension)} is needed")
        return _sized(number * factor + _OFFSET[plain], dimension, text)
    return _sized(number * factor, dimension, text)


class Scale(NamedTuple):
    """From the numbers of a column to SI: value = number * factor + offset, exact and rounded once."""

    factor: Fraction
    offset: Fraction

    def __call__(self, text: str) -> float:
        """The SI value of a number as text. Raises UnitError where it is none."""
        match = _NUMBER.fullmatch(text.strip())
        if match is None or match["unit"]:
            raise UnitError(f"{shortened(text)!r} is not a number")
        number = _exact(match["number"], text)
        return float(number * self.factor + self.offset)


def column_scale(unit: str, dimension: str) -> Scale:
    """How the numbers of a column in `unit` become SI values of `dimension`.

    Raises UnitError where the text is no unit of it.

    >>> column_scale("degC", "temperature")("90.425")
    363.575
    """
    factor, exponents = unit_factor(unit)
    if exponents != _EXPONENTS[dimension] or unit == "1":
        raise UnitError(f"wrong unit {shortened(unit)!r}; {wanted(dimension)} is needed")
    if dimension != "temperature":
        return Scale(factor, Fraction(0))
    plain = unit.translate(_SAME)
    if plain not in _OFFSET:
        raise UnitError(f"wrong unit {shortened(unit)!r}; {wanted(dimension)} is needed")
    return Scale(factor, _OFFSET[plain])


def _exact(number: str, text: str) -> Fraction:
    """The number as a fraction. Raises UnitError where no float is near it: the fraction of 1e999999 would take long."""
    near = float(number)
    if not math.isfinite(near):
        raise UnitError(f"{shortened(text)!r} is too large for a number")
    if near == 0.0:
        if re.search("[1-9]", re.split("[eE]", number)[0]):
            raise UnitError(f"{shortened(text)!r} is too small for a number")
        return Fraction(0)
    return Fraction(number)


def _sized(value: Fraction, dimension: str, text: str) -> Quantity:
    """The value rounded once. Raises UnitError where nothing of this dimension is so large or so small."""
    known = DIMENSIONS[dimension]
    unit = "" if known.unit == "1" else f" {known.unit}"
    a = "an" if dimension[0] in "aeiou" else "a"
    if abs(value) > known.most:
        raise UnitError(f"{shortened(text)!r} is too large for {a} {dimension} (at most {known.most:g}{unit})")
    if 0 < abs(value) < known.least:
        raise UnitError(f"{shortened(text)!r} is too small for {a} {dimension} (at least {known.least:g}{unit})")
    return Quantity.of(float(value), dimension, text)


def bare(number: object, dimension: str) -> str:
    """What to say of a number without a unit: the likely meanings."""
    known = DIMENSIONS[dimension].examples
    meant = " or ".join(f"'{number} {unit}'" for unit in known[:2])
    return f"{number} has no unit; {wanted(dimension)} is needed, probably {meant}"


def show(value: float, dimension: str) -> str:
    """The value as people read it: temperatures in degC, times in a fitting unit."""
    if dimension == "temperature":
        return f"{value - 273.15:.2f} degC"
    if dimension == "temperature rate":
        return f"{value * 60.0:.4g} K/min"
    if dimension == "time":
        for unit, factor in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
            if abs(value) >= factor * (2.0 if unit in ("h", "min") else 1.0):
                return f"{value / factor:.4g} {unit}"
        return f"{value / 1e-9:.4g} ns" if value else "0 s"
    if dimension == "speed":
        return f"{value * 1e3:.4g} mm/s"
    if dimension == "length" and 0.0 < abs(value) < 1e-3:
        return f"{value * 1e6:.4g} um"
    if dimension == "specific energy":
        return f"{value * 1e-6:.4g} kJ/g" if abs(value) >= 1e6 else f"{value * 1e-3:.4g} J/g"
    unit = DIMENSIONS[dimension].unit
    return f"{value:.4g}" if unit == "1" else f"{value:.4g} {unit}"


def block_for_value(block: dict[str, Any], instead: str) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a block of keys where one value is wanted, by key: `{value, status, source}` was probably meant."""
    known = ("value", "status", "source", "uncertainty", "note")
    if not block:
        return [((), f"{instead} is needed, found a block without 'value'")]
    unknown = [((name,), "unknown key" + did_you_mean(name, known)) for name in block if name not in known]
    if unknown and any(closest(name, known) for name in block):
        return list(unknown)
    return [((), f"{instead} is needed, found {described(block)}")]


class Unit:
    """What a field wants: a dimension and a range. Text is converted; a bare number is taken from Python only, as SI."""

    def __init__(
        self, dimension: str, *, gt: float | None = None, ge: float | None = None, le: float | None = None, lt: float | None = None
    ) -> None:
        self.dimension, self.gt, self.ge, self.le, self.lt = dimension, gt, ge, le, lt

    def _validate(self, value: Any, info: ValidationInfo) -> Quantity:
        try:
            return self._checked(value, info)
        except PydanticCustomError:
            if info.context is None or "stand_ins" not in info.context:
                raise
            return info.context["stand_ins"].one(self)  # type: ignore[no-any-return]  # see `mending.py`

    def _checked(self, value: Any, info: ValidationInfo) -> Quantity:
        from_file = bool(info.context and info.context.get("from_file"))
        if isinstance(value, dict):
            problems = block_for_value(value, wanted(self.dimension))
            raise PydanticCustomError("at", "{text}", {"text": problems[0][1], "problems": problems})
        try:
            made = self._quantity(value, from_file)
        except UnitError as error:
            raise PydanticCustomError("unit", "{text}", {"text": str(error)}) from None
        problem = self._out_of_range(made)
        if problem:
            raise PydanticCustomError("range", "{text}", {"text": f"{problem}, got {made.text or float(made)}"})
        return made

    def _quantity(self, value: Any, from_file: bool) -> Quantity:
        if isinstance(value, Quantity):
            if _EXPONENTS[value.dimension] != _EXPONENTS[self.dimension]:
                raise UnitError(
                    f"{wanted(self.dimension)} is needed, found {'an' if value.dimension[0] in 'aeiou' else 'a'} {value.dimension}"
                )
            return value
        if isinstance(value, str):
            return parse(value, self.dimension)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnitError(f"{wanted(self.dimension)} is needed, found {described(value)}")
        if from_file and self.dimension != "number":
            raise UnitError(bare(value, self.dimension))
        if not abs(value) <= sys.float_info.max:
            raise UnitError("must be a finite number")
        return _sized(Fraction(value), self.dimension, str(value)) if from_file else Quantity.of(float(value), self.dimension)

    def _out_of_range(self, value: float) -> str | None:
        if self.dimension == "temperature" and value <= 0.0:
            return "must lie above 0 K"
        if self.gt is not None and not value > self.gt:
            return "must be positive" if self.gt == 0 else f"must be more than {self.gt:g}"
        if self.ge is not None and not value >= self.ge:
            return "must not be negative" if self.ge == 0 else f"must be at least {self.ge:g}"
        if self.le is not None and not value <= self.le:
            return f"must be at most {self.le:g}"
        if self.lt is not None and not value < self.lt:
            return f"must be less than {self.lt:g}"
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        examples = DIMENSIONS[self.dimension].examples
        number = {"type": ["string", "number"] if self.dimension == "number" else "string"}
        described = number | {"description": f"{self.dimension}, a number with its unit: {', '.join(examples)}"}
        sourced = {
            "type": "object",
            "properties": {
                "value": number,
                "status": {"enum": ["literature", "measured", "calibrated", "assumed"]},
                "source": {"type": "string"},
                "uncertainty": {"type": "string"},
            },
            "required": ["value"],
            "additionalProperties": False,
        }
        return {"anyOf": [described, sourced]}
