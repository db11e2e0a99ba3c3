"""What a picture of a field shows and from where: the field and its unit, the cut, the view, the range of colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import theme
from viz.page.quantities import TEMPERATURE, quantity
from viz.read import Cells, Floats, read_frame

ABOVE, NONE = "#cfe8ff", "#d9d9d9"  # what lies above the range; where a field has no value
UNITS = {"degC": "°C", "K": "K"}
CUTS = ("quarter", "none", "x", "y", "z")
VIEWS: dict[str, tuple[float, float, float]] = {  # from the body to the camera
    "iso": (1.0, -1.35, 0.95),
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
    "bottom": (0.0, 0.0, -1.0),
}


class Look(NamedTuple):
    """How fields are shown.

    `array` is the array of the frames; `unit`, 'degC' or 'K', counts for temperatures. `cut` takes away a quarter, nothing, or what lies
    on one side of a plane across an axis at `level` [m], by default the middle. `view` is a word of `VIEWS`. `limit` [K] is drawn as a
    line of equal temperature. `apart` moves regions away from the middle of the body by this share of their distance from it. `highest` is
    the upper end of the colours where they are not to reach the hottest place, in the unit that is shown.
    """

    array: str = TEMPERATURE
    unit: str = "degC"
    cut: str = "quarter"
    level: float | None = None
    view: str = "iso"
    limit: float | None = None
    apart: float = 0.0
    highest: float | None = None
    names: bool = False

    @property
    def is_temperature(self) -> bool:
        """Whether the field has a unit to choose."""
        return self.array == TEMPERATURE

    @property
    def sign(self) -> str:
        """The unit of the values; empty where they have none."""
        return UNITS[self.unit] if self.is_temperature else quantity(self.array).unit

    @property
    def name(self) -> str:
        """What is shown, in words."""
        return quantity(self.array).name

    @property
    def label(self) -> str:
        """Name and unit, as an axis has them."""
        return f"{self.name} [{self.sign or '–'}]"

    @property
    def level_of_limit(self) -> float | None:
        """The limit in the unit that is shown; None where there is none to draw."""
        return None if self.limit is None or not self.is_temperature else float(self.shown(self.limit))

    def shown(self, values: Any) -> Any:
        """Values of the array in the unit that is shown; of vectors their magnitude."""
        values = np.asarray(values, float)
        if self.is_temperature:
            return values - ZERO_CELSIUS if self.unit == "degC" else values
        return np.linalg.norm(values, axis=1) if values.ndim == 2 else values

    def span(self, values: Any) -> str:
        """From the least to the largest of the values.

        >>> Look().span([25.0, 199.0])
        '25.0 to 199.0 °C'
        """
        known = np.asarray(values)[np.isfinite(values)]
        if not len(known):
            return "no values here"
        low, high = float(known.min()), float(known.max())
        digits = ".1f" if self.is_temperature else ".3g"
        return f"{low:{digits}} to {high:{digits}} {self.sign}".rstrip()

    def limit_words(self) -> str:
        """What the line of equal temperature is; empty where there is none."""
        level = self.level_of_limit
        return "" if level is None else f"white line: {level:.1f} {self.sign}, the limit of the case"


def read_shown(file: Path, look: Look) -> tuple[Cells, Floats]:
    """The mesh of a frame, and what is shown of it at its points (n,) or in its cells (m,).

    Raises ValueError where the file cannot be read or has no such array, naming those that it has.
    """
    cells, beside = read_frame(file)
    if look.is_temperature:
        return cells, np.asarray(look.shown(cells.temperature))
    if look.array not in beside:
        raise ValueError(f"{file}: has no field '{look.array}'; it has {', '.join(names(beside))}")
    return cells, np.asarray(look.shown(beside[look.array]))


def names(beside: dict[str, Any]) -> list[str]:
    """The names of the fields of a frame that a picture can show."""
    return ["temperature", *sorted(name for name in beside if name != "temperature_degC")]


def colours_of(values: Sequence[Floats], look: Look) -> tuple[float, float, list[float]]:
    """One range of colours with round ends for some fields, and its ticks, in the unit that is shown. Raises ValueError without values."""
    known = [each[np.isfinite(each)] for each in values]
    if not any(len(each) for each in known):
        raise ValueError(f"the field '{look.name}' has no values at this time")
    low = min(float(each.min()) for each in known if len(each))
    high = max(float(each.max()) for each in known if len(each))
    return theme.round_range(low, high if look.highest is None else max(look.highest, low))


def kept_side(axis: int) -> bool:
    """Whether a cut across an axis keeps what lies below it: the side that is away from the camera at the front right."""
    return axis != 1
