"""What a study varies: an input of a case with its values or its distribution, and joint samples of several.

u = Phi(L z)         a normal copula: z independent and normal, L L^T the correlations
x = quantile(u)      of each input by itself
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from thermo.base.arrays import Floats
from thermo.base.errors import described, shortened
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key

_NUMBER = re.compile(r"\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*?)\s*")
DIFFERENCES = {"degC": "K", "degF": "K"}  # the unit in which a difference of temperatures is said
Status = Literal["literature", "measured", "calibrated", "assumed"]


def _stated(value: Any) -> Any:
    """A number as it is written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise misplaced([((), f"a number with its unit is needed, found {described(value)}")])
    return value


Stated = Annotated[str | int | float, BeforeValidator(_stated)]


class Number(NamedTuple):
    """A number and its unit as they stand in the file."""

    value: float
    unit: str

    def text(self, value: float | None = None) -> str:
        """This number, or another one, in its unit."""
        shown = repr(float(self.value if value is None else value))
        return f"{shown} {self.unit}" if self.unit else shown


def number_of(stated: Stated) -> Number:
    """A number with its unit. Raises ValueError where it is none."""
    match = _NUMBER.fullmatch(str(stated))
    if match is None or isinstance(stated, bool):
        raise ValueError(f"{shortened(str(stated))!r} is not a number with a unit")
    return Number(float(match["number"]), match["unit"])


class Input(Frozen):
    """An input: `values`; a range `from`, `to` in so many `points`; or a distribution with its source.

    `uniform: [LEAST, MOST]`, `triangular: [LEAST, MODE, MOST]`, `normal: MEAN` with `sd` and perhaps `within: [LEAST, MOST]`,
    `lognormal: MEDIAN` with `factor`, by which one standard deviation multiplies it. All numbers have the unit of the first.
    """

    values: tuple[Stated, ...] | None = None
    start: Annotated[Stated | None, Field(alias="from")] = None
    to: Stated | None = None
    points: Annotated[int | None, Field(strict=True, ge=2, le=1_000_000)] = None
    uniform: tuple[Stated, Stated] | None = None
    triangular: tuple[Stated, Stated, Stated] | None = None
    normal: Stated | None = None
    sd: Stated | None = None
    within: tuple[Stated, Stated] | None = None
    lognormal: Stated | None = None
    factor: Annotated[float | None, Field(gt=1.0, le=1e3)] = None
    source: str | None = None
    status: Status | None = None

    @model_validator(mode="after")
    def _whole(self) -> Input:
        problems = self._form_problems() or self._number_problems()
        if problems:
            raise misplaced(problems)
        return self

    @property
    def form(self) -> str:
        """Which of the ways it is given in."""
        return next(
            (name for name in ("values", "uniform", "triangular", "normal", "lognormal") if getattr(self, name) is not None), "range"
        )

    @property
    def spread(self) -> bool:
        """Whether it has a distribution."""
        return self.form not in ("values", "range")

    def _form_problems(self) -> list[tuple[Key, str]]:
        given = [name for name in ("values", "uniform", "triangular", "normal", "lognormal") if getattr(self, name) is not None]
        given += ["from"] if self.start is not None else []
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found none"
            return [((), f"give one of values, from and to, uniform, triangular, normal, lognormal; {found}")]
        beside = {"sd": "normal", "within": "normal", "factor": "lognormal", "to": "from", "points": "from"}
        problems: list[tuple[Key, str]] = [
            ((name,), f"belongs beside '{partner}'")
            for name, partner in beside.items()
            if getattr(self, name) is not None and partner not in given
        ]
        needs = {"normal": ("sd",), "lognormal": ("factor",), "from": ("to",)}
        return problems + [((name,), "is missing") for name in needs.get(given[0], ()) if getattr(self, name) is None]

    def _number_problems(self) -> list[tuple[Key, str]]:
        problems: list[tuple[Key, str]] = []
        try:
            numbers = self.numbers()
            if self.sd is not None:
                self.deviation()
        except ValueError as error:
            return [((), str(error))]
        if self.form == "values":
            return [] if self.values else [(("values",), "is empty")]
        values = [number.value for number in numbers]
        rising = values[1:] if self.form == "normal" else values
        if any(b < a for a, b in itertools.pairwise(rising)) or (len(rising) > 1 and rising[0] == rising[-1]):
            problems.append(((), f"must rise from the least to the most, got {' to '.join(number.text() for number in numbers)}"))
        if self.form == "normal" and self.deviation() <= 0.0:
            problems.append((("sd",), f"must be positive, got {self.sd}"))
        if self.form == "normal" and len(values) == 3 and not problems:
            low, high = ((end - values[0]) / self.deviation() for end in values[1:])
            if high < -6.0 or low > 6.0:
                problems.append((("within",), "lies more than six standard deviations from the mean"))
        if self.form == "lognormal" and values[0] <= 0.0:
            problems.append((("lognormal",), f"must be positive, got {self.lognormal}"))
        return problems

    def numbers(self) -> list[Number]:
        """Every number that it states but the standard deviation, in the order of the class's words. Raises ValueError."""
        stated: Sequence[Stated] = {
            "values": self.values or (),
            "uniform": self.uniform or (),
            "triangular": self.triangular or (),
            "normal": (self.normal, *(self.within or ())),
            "lognormal": (self.lognormal,),
            "range": (self.start, self.to),
        }[self.form]  # type: ignore[assignment]
        if self.form == "values" and not all(_NUMBER.fullmatch(str(entry)) for entry in stated):
            return []  # words, such as the name of a mechanism
        numbers = [number_of(entry) for entry in stated]
        units = list(dict.fromkeys(number.unit for number in numbers))
        if len(units) > 1 and self.form != "values":
            raise ValueError(f"has numbers in {' and '.join(repr(unit) for unit in units)}; give all in one unit")
        return numbers

    def unit(self) -> str:
        """The unit of all its numbers; empty where they have several, or none."""
        units = {number.unit for number in self.numbers()}
        return units.pop() if len(units) == 1 else ""

    def deviation(self) -> float:
        """The standard deviation of a normal input in its unit. Raises ValueError where it is given in another one."""
        mean, deviation = number_of(self.normal or 0.0), number_of(self.sd or 0.0)
        wanted = DIFFERENCES.get(mean.unit, mean.unit)
        if deviation.unit != wanted:
            raise ValueError(f"sd: {self.sd} is needed in {wanted or 'no unit'}, as {self.normal} is")
        return deviation.value * (1.8 if mean.unit == "degF" else 1.0)

    def quantile(self, u: Floats) -> Floats:
        """The values below which the shares `u` of the distribution lie, in the unit of its numbers."""
        from scipy import stats

        values = [number.value for number in self.numbers()]
        if self.form == "uniform":
            low, high = values
            return low + (high - low) * u
        if self.form == "triangular":
            low, mode, high = values
            return np.asarray(stats.triang.ppf(u, (mode - low) / (high - low), loc=low, scale=high - low))
        if self.form == "lognormal":
            return np.asarray(values[0] * np.exp(math.log(self.factor or 1.0) * stats.norm.ppf(u)))
        mean, sd = values[0], self.deviation()
        ends = [(end - mean) / sd for end in values[1:]] or [-math.inf, math.inf]
        return np.asarray(stats.truncnorm.ppf(u, *ends, loc=mean, scale=sd))

    def ends(self, share: float = 0.0) -> list[str]:
        """The least and the most that it may be, or its values; of an endless distribution where `share` of it lies beyond."""
        if self.form == "values":
            return [str(value) for value in self.values or ()]
        numbers = self.numbers()
        if self.form == "range":
            return [number.text() for number in numbers]
        at = np.array([0.0, 1.0] if self.form in ("uniform", "triangular") or self.within else [max(share, 1e-9), 1.0 - max(share, 1e-9)])
        return [numbers[0].text(float(value)) for value in self.quantile(at)]

    def listed(self) -> list[str]:
        """The values of a sweep, as texts with their unit."""
        if self.form == "values":
            return [str(value) for value in self.values or ()]
        first, last = self.numbers()
        return [first.text(float(value)) for value in np.linspace(first.value, last.value, self.points or 2)]


class Correlation(Frozen):
    """How far two inputs go together: the correlation of the normal variables behind them."""

    of: tuple[str, str]
    value: Annotated[float, Field(gt=-1.0, lt=1.0)]
    source: str | None = None


def correlation_problems(inputs: Mapping[str, Input], correlations: Sequence[Correlation]) -> list[tuple[Key, str]]:
    """Correlations of inputs that do not exist, or that no joint distribution has."""
    problems: list[tuple[Key, str]] = []
    for i, entry in enumerate(correlations):
        unknown = [name for name in entry.of if name not in inputs]
        if unknown:
            problems.append(((i, "of"), f"there is no input {unknown[0]!r}; choose two of {', '.join(inputs)}"))
        elif entry.of[0] == entry.of[1]:
            problems.append(((i, "of"), "names one input twice"))
    if not problems and correlations and float(np.linalg.eigvalsh(correlation_matrix(inputs, correlations))[0]) <= 1e-9:
        problems.append(((), "no joint distribution has these correlations: their matrix is not positive definite"))
    return problems


def correlation_matrix(inputs: Mapping[str, Input], correlations: Sequence[Correlation]) -> Floats:
    """The matrix of correlations (n_inputs, n_inputs)."""
    names = list(inputs)
    matrix = np.eye(len(names))
    for entry in correlations:
        i, j = (names.index(name) for name in entry.of)
        matrix[i, j] = matrix[j, i] = entry.value
    return matrix


DESIGNS = ("sobol", "latin-hypercube", "random")


def unit_sample(design: str, n_inputs: int, points: int, seed: int) -> Floats:
    """Points of the unit cube (points, n_inputs), the same for the same seed; never on its faces."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    if design == "random":
        u = rng.random((points, n_inputs))
    elif design == "latin-hypercube":
        u = qmc.LatinHypercube(n_inputs, rng=rng).random(points)
    else:
        power = math.ceil(math.log2(max(points, 1)))
        u = qmc.Sobol(n_inputs, scramble=True, rng=rng).random_base2(power)[:points]
    return np.clip(u, 1e-12, 1.0 - 1e-12)


def joint_sample(inputs: Mapping[str, Input], correlations: Sequence[Correlation], u: Floats) -> list[dict[str, str]]:
    """A value of each input, as text with its unit, for each point of the unit cube (n_points, n_inputs)."""
    from scipy import stats

    if correlations:
        lower = np.linalg.cholesky(correlation_matrix(inputs, correlations))
        u = stats.norm.cdf(stats.norm.ppf(u) @ lower.T)
    columns = {}
    for j, (name, entry) in enumerate(inputs.items()):
        unit = entry.numbers()[0]
        columns[name] = [unit.text(float(value)) for value in entry.quantile(u[:, j])]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def input_text(value: Any) -> str:
    """A value as `KEY=VALUE` takes it."""
    return value if isinstance(value, str) else repr(value)
