"""Values of the options of a command, with what is wrong about them."""

from __future__ import annotations

from thermo.base.errors import CaseError, Mistake


def option(name: str, text: str, dimension: str, least: float | None = None, or_equal: bool = False) -> float:
    """An option's value in SI. Raises CaseError where it is no quantity of that dimension, or not above `least`."""
    from thermo.casefile.units import UnitError, parse

    try:
        value = parse(text, dimension)
    except UnitError as error:
        raise CaseError([Mistake(name, None, "", str(error))]) from None
    if value < 0.0 or (least is not None and (value < least or (value == least and not or_equal))):
        wanted = f"at least {least:g}" if or_equal else "positive" if least == 0.0 else "at least 0"
        raise CaseError([Mistake(name, None, "", f"must be {wanted}, got {text}")])
    return float(value)


def place(name: str, text: str) -> float:
    """An option's coordinate in m, which may be negative. Raises CaseError where it is no length."""
    from thermo.casefile.units import UnitError, parse

    try:
        return float(parse(text, "length"))
    except UnitError as error:
        raise CaseError([Mistake(name, None, "", str(error))]) from None


def one_of(name: str, text: str | None, known: tuple[str, ...]) -> str | None:
    """An option that is one of some words, or not given. Raises CaseError for another word."""
    if text is not None and text not in known:
        raise CaseError([Mistake(name, None, "", f"{text!r} is not known; choose {' or '.join(map(repr, known))}")])
    return text
