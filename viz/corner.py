"""The fitted numbers of a calibration over each other, from its joint draws."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thermo.results.calibration_words import SHOWN
from viz import theme
from viz.read import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 9  # numbers of one picture
BINS = 24
LETTERS = {"pre_exponential_factor": "log10 A", "activation_energy": "E"}
NUMBER = re.compile(r"([-+]?\d[\d.]*(?:[eE][-+]?\d+)?)(?: ([^,}]*))?")


class Draws(NamedTuple):
    """Draws of one number: its name with its unit, and its values (n,), of a pre-exponential factor their decadic logarithm."""

    name: str
    values: Floats


def read_draws(folder: Path) -> list[Draws]:
    """The columns of `posterior.csv`. Raises ValueError where it cannot be read."""
    file = folder / "posterior.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            head, *rows = csv.reader(lines)
        if len(rows) < 2:
            raise ValueError("it has no draws")
        return [_draws(name, [row[i] for row in rows]) for i, name in enumerate(head)]
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise ValueError(f"{file}: cannot be read: {error}") from None


def _draws(column: str, cells: list[str]) -> Draws:
    """A column of numbers with their units; of a heat in braces the first number in them."""
    found = [NUMBER.search(cell.lstrip("'")) for cell in cells]
    if not all(found):
        raise ValueError(f"{column}: '{cells[[match is None for match in found].index(True)]}' has no number")
    values = np.array([float(match[1]) for match in found if match])
    said = (found[0][2] if found[0] else None) or "1"
    unit, factor = SHOWN.get(said, (said, 1.0))
    reaction, _, word = column.removeprefix("sample.with.").rpartition(".")
    logarithm = word == "pre_exponential_factor"
    name = f"{reaction}\n{LETTERS.get(word, word.replace('_', ' '))} [{unit}]"
    return Draws(name, np.log10(values) if logarithm else values * factor)


def picture(folder: Path) -> Figure:
    """Below the diagonal each pair of numbers as dots, on it each by itself with its median and its 95 %, above it their correlations.

    Raises ValueError where `posterior.csv` cannot be read.
    """
    every = read_draws(folder)
    draws = every[:MOST]
    n = len(draws)
    size = min(theme.WIDTH, 1.6 + 1.7 * n)
    made = theme.figure(size, size)
    grid = made.subplots(n, n, squeeze=False)
    small = theme.SMALL if n < 6 else theme.SMALL - 2.0
    for i, up in enumerate(draws):
        for j, across in enumerate(draws):
            axes = grid[i, j]
            theme.dress(axes, across.name if i == n - 1 else "", up.name if j == 0 < i else "")
            axes.xaxis.label.set_size(small)
            axes.yaxis.label.set_size(small)
            axes.tick_params(labelsize=small - 1.0, labelbottom=i == n - 1, labelleft=j == 0 < i)
            axes.locator_params(nbins=2 if n > 5 else 4)
            axes.ticklabel_format(useOffset=False)
            axes.tick_params(axis="x", labelrotation=35.0 if n > 5 else 0.0)
            if i == j:
                _alone(axes, up.values)
            elif j < i:
                axes.plot(across.values, up.values, "o", ms=1.5, mew=0.0, alpha=0.25, color=theme.colour(0), rasterized=True)
            else:
                _together(axes, across.values, up.values, small)
    words = "Joint draws; on the diagonal the median and the 2.5 % and 97.5 % quantiles; above it correlations."
    made.suptitle("Fitted numbers over each other", fontsize=theme.TEXT + 1, fontweight="bold", x=0.02, ha="left")
    made.supxlabel(words + (f" The first {MOST} of {len(every)} numbers." if len(every) > MOST else ""), fontsize=small, color=theme.FAINT)
    return made


def _together(axes: Any, x: Floats, y: Floats, size: float) -> None:
    """The correlation of two numbers, the larger the stronger it is."""
    shared = float(np.corrcoef(x, y)[0, 1]) if min(np.ptp(x), np.ptp(y)) > 0.0 else 0.0
    words = {"ha": "center", "va": "center", "fontsize": size + 3.0 * abs(shared), "color": theme.INK}
    axes.text(0.5, 0.5, f"{shared:+.2f}", transform=axes.transAxes, **words)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _alone(axes: Any, values: Floats) -> None:
    """How one number spreads."""
    axes.hist(values, bins=BINS, color=theme.colour(0), alpha=0.6)
    for quantile, style in ((0.025, "--"), (0.5, "-"), (0.975, "--")):
        axes.axvline(float(np.quantile(values, quantile)), color=theme.INK, lw=0.8, ls=style)
    axes.set_yticks([])
