"""Factors of a reaction rate: what a case says of one, its value and its slope by the amount, and the table of all kinds.

A kind is a class of `Factor`, two kernels and a line of `KINDS`; the case file, the interpreter and compiled code follow the table.
A threshold is a factor to a case and a switch to the step: passing it is found as an event, and it has no kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Union

from pydantic import Field, model_validator

from thermo.base.compiled import by_number, kernel
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.units import Quantity, Unit
from thermo.chemistry.amount import Level, an

LEAST = 1e-6  # amount below which a rate of an order under one goes to nothing in proportion: such a reactant ends in finite time


class Factor(Frozen):
    """A factor of a rate, by the amount of one species.

    `levels` are the keys that are amounts, `positive` those of them that must not be zero; `fractions` where amounts must be fractions.
    """

    kind: str
    species: str
    levels: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = ()
    fractions: ClassVar[bool] = False

    @property
    def limits(self) -> bool:
        """Whether it ends the reaction where the species is spent."""
        return True

    def numbers(self, scale: float) -> tuple[float, float]:
        """The numbers a and b that its kernels take, amounts being of the size `scale`."""
        raise NotImplementedError

    def least(self, scale: float) -> float:
        """The amount below which it goes to nothing in proportion, where it would end its species at once; 0.0 where it does not."""
        return 0.0

    def seeded(self, start: float) -> float:
        """What is there at the start of a product that it grows from; 0.0 where it needs none."""
        return 0.0

    def equation(self) -> str:
        """It as a person writes it."""
        raise NotImplementedError

    def start_problem(self, start: float) -> str | None:
        """What is wrong with the amount of its species at the start, or None."""
        return None

    def problems(self, amounts: str) -> list[tuple[str, str]]:
        """What does not fit where amounts are of this dimension, by key."""
        found = []
        for word in self.levels:
            level = getattr(self, word)
            if isinstance(level, Quantity) and level.dimension != amounts:
                found.append((word, f"is {an(level.dimension)}, but amounts are given as {an(amounts)}"))
            if level is not None and word in self.positive and level <= 0.0:
                found.append((word, "must be positive"))
        if self.fractions and amounts != "number":
            found.append(("kind", f"{an(self.kind)} factor needs fractions, but amounts are given as {an(amounts)}"))
        return found


class OrderFactor(Factor):
    """amount^order of a species."""

    kind: Literal["order"]
    order: Annotated[float, Unit("number", ge=0)]

    def numbers(self, scale: float) -> tuple[float, float]:
        return float(self.order), LEAST * scale

    def least(self, scale: float) -> float:
        return LEAST * scale if self.order < 1.0 else 0.0

    def equation(self) -> str:
        return power(self.species, self.order)


@kernel
def order_n(amount, order, least):
    """c^n, odd in the amount where n >= 1: an overshoot below zero is driven back. For n < 1 it is c (max(c, 0) + least)^(n - 1).

    That is a line below zero: a step linear in the rate, which from c may go to -c, then comes back to zero and not to c again.
    """
    if order == 1.0:
        return amount
    if order < 1.0:
        return amount * (max(amount, 0.0) + least) ** (order - 1.0)
    return math.copysign(abs(amount) ** order, amount)


@kernel
def order_n_slope(amount, order, least):
    """d/dc of `order_n`."""
    if order == 1.0:
        return 1.0
    if order < 1.0:
        size = max(amount, 0.0)
        return (order * size + least) * (size + least) ** (order - 2.0)
    return order * abs(amount) ** (order - 1.0)


class SaturationFactor(Factor):
    """amount / (amount + half) of a species: one while there is plenty."""

    kind: Literal["saturation"]
    half: Level
    levels = positive = ("half",)

    def numbers(self, scale: float) -> tuple[float, float]:
        return float(self.half), 0.0

    def least(self, scale: float) -> float:
        return float(self.half)

    def equation(self) -> str:
        return f"{self.species}/({self.species} + {float(self.half):g})"


@kernel
def saturation(amount, half, _):
    """c / (max(c, 0) + K): one while there is plenty, linear when little is left and below zero, as an order of zero is."""
    return amount / (max(amount, 0.0) + half)


@kernel
def saturation_slope(amount, half, _):
    """d/dc of `saturation`."""
    return half / (max(amount, 0.0) + half) ** 2


@kernel
def linear(amount, at_zero, slope):
    """a + b c: the voltage of a short over what is left of its charge."""
    return at_zero + slope * amount


@kernel
def linear_slope(amount, at_zero, slope):
    """d/dc of `linear`."""
    return slope


class BarrierFactor(Factor):
    """exp(-amount / reference) of a species: what passes a layer that grows, such as the SEI; beyond a `critical` amount it is as there."""

    kind: Literal["barrier"]
    reference: Level
    critical: Level | None = None
    levels = ("reference", "critical")
    positive = ("reference",)

    @property
    def limits(self) -> bool:
        return False

    def numbers(self, scale: float) -> tuple[float, float]:
        return float(self.reference), math.inf if self.critical is None else float(self.critical)

    def equation(self) -> str:
        thickness = self.species if self.critical is None else f"min({self.species}, {float(self.critical):g})"
        return f"exp(-{thickness}/{float(self.reference):g})"


@kernel
def barrier(amount, reference, critical):
    """exp(-c / c0): what passes a layer whose thickness is c; beyond a critical thickness it is as at that one."""
    return math.exp(-min(amount, critical) / reference)


@kernel
def barrier_slope(amount, reference, critical):
    """d/dc of `barrier`."""
    if amount >= critical:
        return 0.0
    return -math.exp(-amount / reference) / reference


class AutocatalyticFactor(Factor):
    """amount^order (1 - amount)^other_order of a species of which `amount` is left (Sestak and Berggren; both 1: Prout and Tompkins)."""

    kind: Literal["autocatalytic"]
    order: Annotated[float, Unit("number", ge=0)] = 1.0
    other_order: Annotated[float, Unit("number", ge=0)] = 1.0
    fractions = True

    def numbers(self, scale: float) -> tuple[float, float]:
        return float(self.order), float(self.other_order)

    def seeded(self, start: float) -> float:
        return 1.0 - start if self.other_order else 0.0

    def equation(self) -> str:
        return f"{power(self.species, self.order)} {power(f'(1 - {self.species})', self.other_order)}"


@kernel
def autocatalytic(amount, order, other):
    """c^n (1 - c)^m of what is left, after Sestak and Berggren; n = m = 1 is that of Prout and Tompkins, m = 0 order n."""
    left = order_n(amount, order, LEAST)
    return left if other == 0.0 else left * order_n(1.0 - amount, other, LEAST)


@kernel
def autocatalytic_slope(amount, order, other):
    """d/dc of `autocatalytic`."""
    slope = order_n_slope(amount, order, LEAST)
    if other == 0.0:
        return slope
    left, made = order_n(amount, order, LEAST), order_n(1.0 - amount, other, LEAST)
    return slope * made - left * order_n_slope(1.0 - amount, other, LEAST)


class AvramiErofeevFactor(Factor):
    """n c (-ln c)^((n - 1)/n) of a species of which c is left: nuclei that form and grow, c = exp(-(k t)^n) at a constant k(T).

    With a = 1 - c it is n (1 - a) (-ln(1 - a))^((n - 1)/n) (Avrami, J. Chem. Phys. 7 (1939) 1103; Erofeev, Dokl. Akad. Nauk SSSR 52 (1946)
    511); `order` is n. c is a fraction that starts at 1. At a = 0 the factor is 0 where n > 1, so that nothing would begin: an `a` below
    `seed` counts as the seed. At constant k all is as if it had begun (1 - 1/n) (-ln(1 - seed))^(1/n)/k earlier.
    """

    kind: Literal["avrami-erofeev"]
    order: Annotated[float, Unit("number", ge=0.5)]
    seed: Annotated[float, Unit("number", ge=1e-12, le=0.1)] = 1e-4
    fractions = True

    def numbers(self, scale: float) -> tuple[float, float]:
        return float(self.order), float(self.seed)

    def seeded(self, start: float) -> float:
        return float(self.seed) if self.order > 1.0 else 0.0

    def equation(self) -> str:
        n = float(self.order)
        return self.species if n == 1.0 else f"{n:g} {self.species} (-ln {self.species})^{(n - 1.0) / n:g}"

    def start_problem(self, start: float) -> str | None:
        return None if start == 1.0 else f"starts at {float(start):g}; a factor of kind avrami-erofeev wants one that starts at 1"


@kernel
def avrami_erofeev(amount, order, seed):
    """n c (-ln c)^((n - 1)/n), in the logarithm `LEAST` <= c <= 1 - seed: an overshoot below zero is driven back."""
    logarithm = -math.log(min(max(amount, LEAST), 1.0 - seed))
    return order * amount * logarithm ** (1.0 - 1.0 / order)


@kernel
def avrami_erofeev_slope(amount, order, seed):
    """d/dc of `avrami_erofeev`."""
    logarithm = -math.log(min(max(amount, LEAST), 1.0 - seed))
    slope = order * logarithm ** (1.0 - 1.0 / order)
    if LEAST < amount < 1.0 - seed:
        slope -= (order - 1.0) * logarithm ** (-1.0 / order)
    return slope


class ThresholdFactor(Factor):
    """One while the amount of a species is above, or below, a threshold, else zero; passing it is found as an event."""

    kind: Literal["threshold"]
    above: Level | None = None
    below: Level | None = None
    levels = ("above", "below")

    @property
    def limits(self) -> bool:
        return self.above is not None

    @model_validator(mode="after")
    def _one(self) -> ThresholdFactor:
        if (self.above is None) == (self.below is None):
            raise misplaced([((), "give either 'above' or 'below'")])
        return self


def power(name: str, order: float) -> str:
    """A power in words."""
    return name if order == 1.0 else f"{name}^{float(order):g}"


class Kind(NamedTuple):
    """What a case writes (None: no case does), value and slope by the amount: kernels of the amount and the numbers a and b."""

    written: type[Factor] | None
    value: Callable[[float, float, float], float]
    slope: Callable[[float, float, float], float]


# whatever takes a factor follows this table, a line a kind
KINDS = {
    "order": Kind(OrderFactor, order_n, order_n_slope),
    "saturation": Kind(SaturationFactor, saturation, saturation_slope),
    "linear": Kind(None, linear, linear_slope),
    "barrier": Kind(BarrierFactor, barrier, barrier_slope),
    "autocatalytic": Kind(AutocatalyticFactor, autocatalytic, autocatalytic_slope),
    "avrami-erofeev": Kind(AvramiErofeevFactor, avrami_erofeev, avrami_erofeev_slope),
}
NUMBER = {name: number for number, name in enumerate(KINDS)}

if TYPE_CHECKING:
    Written = Factor
else:
    _CLASSES = (*(kind.written for kind in KINDS.values() if kind.written is not None), ThresholdFactor)
    Written = Annotated[Union[_CLASSES], Field(discriminator="kind")]  # noqa: UP007


@by_number([kind.value for kind in KINDS.values()])
def factor(number: int, amount: float, a: float, b: float) -> Any:
    """Value of a factor at an amount, by the `NUMBER` of its kind."""


@by_number([kind.slope for kind in KINDS.values()])
def factor_slope(number: int, amount: float, a: float, b: float) -> Any:
    """d/dc of `factor`."""
