"""Results of studies in SI, with the unit in their keys, as those of a run have."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.result_units import SUFFIXES, dimension_of_key
from thermo.casefile.units import DIMENSIONS, UnitError, parse

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def suffix_of(unit: str) -> tuple[str, Callable[[float], float]]:
    """The suffix of a key for numbers in a unit, and what turns them into SI: `_K` for degC. Empty for a unit that no result has."""
    for suffix, dimension in SUFFIXES.items():
        if not suffix.startswith("_") or dimension == "temperature difference":
            continue
        try:
            parse(f"1 {unit}", dimension)
        except UnitError:
            continue
        return suffix, functools.partial(_si, unit, dimension)
    return "", lambda value: value


def _si(unit: str, dimension: str, value: float) -> float:
    return float(parse(f"{value!r} {unit}", dimension))


def suffix_of_key(what: str) -> str:
    """The suffix of a result's key that says its unit: `_K` of `onsets.T1.temperature_K` and of the group `onsets.T1`."""
    if what.split(".")[0] == "onsets" and dimension_of_key(what) == "number":
        return "_K"
    dimension = dimension_of_key(what)
    if dimension in ("number", "temperature difference"):
        return "_K" if dimension == "temperature difference" else ""
    return next(suffix for suffix, known in SUFFIXES.items() if known == dimension and suffix.startswith("_"))


def spread_of(values: Sequence[float | None], what: str) -> dict[str, Any]:
    """Quantiles, mean and standard deviation of those that have a value, and the share of those that have none."""
    known = np.array([value for value in values if value is not None], float)
    suffix, n = suffix_of_key(what), len(values)
    deviation = suffix if DIMENSIONS.get(dimension_of_key(what)) and suffix != "_K" else "_rise_K" if suffix == "_K" else ""
    made: dict[str, Any] = {"of": what, "n": len(known), "share_without": (n - len(known)) / n if n else None}
    numbers = np.quantile(known, QUANTILES).tolist() if len(known) else [None] * len(QUANTILES)
    made |= {f"p{round(100 * q)}{suffix}": value for q, value in zip(QUANTILES, numbers, strict=True)}
    made[f"mean{suffix}"] = float(known.mean()) if len(known) else None
    made[f"sd{deviation}"] = float(known.std(ddof=1)) if len(known) > 1 else None
    return made


def wilson(yes: int, n: int, level: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % interval of a probability of which `yes` of n trials were one.

    (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)

    Source
    ------
    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if n == 0:
        return 0.0, 1.0
    p, z2 = yes / n, level**2
    middle, half = p + z2 / (2 * n), level * math.sqrt(p * (1.0 - p) / n + z2 / (4 * n**2))
    return max((middle - half) / (1.0 + z2 / n), 0.0), min((middle + half) / (1.0 + z2 / n), 1.0)


def probability(answers: Sequence[bool | None]) -> dict[str, Any]:
    """How often the answer is yes among the points that answered, with Wilson's interval; and with those that failed counted either way."""
    known = [answer for answer in answers if answer is not None]
    yes, n, failed = sum(known), len(known), len(answers) - len(known)
    low, high = wilson(yes, n)
    made: dict[str, Any] = {"yes": yes, "answered": n, "failed": failed, "probability": yes / n if n else None, "low": low, "high": high}
    if failed:
        made["if_failed_are_no"], made["if_failed_are_yes"] = yes / len(answers), (yes + failed) / len(answers)
    return made


def column(values: Sequence[float | None]) -> Floats:
    """Values as an array, NaN where there is none."""
    return np.array([math.nan if value is None else value for value in values], float)
