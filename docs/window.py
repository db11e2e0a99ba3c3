"""Make docs/paper-window.md: `python docs/window.py` asks in which share of the sets that suit Cu-20Li each claim about PI-Ag-20Li holds.

Sets: the frequency factor of the pool within a factor e^1.5 of the library's, its heat as an adiabatic rise of 10 to 100 K of the Cu cell.
Those are kept that put T1 of Cu-20Li on 120.0 to 122.5 degC. PI-Ag-20Li then has r times the heat.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from thermo.case.case import read_case
from thermo.studies.batch import simulate_many

ROOT = Path(__file__).parent.parent
PAGE, PAPER = ROOT / "docs" / "paper-window.md", ROOT / "cases" / "paper"
FACTOR, HEAT = "sample.with.pool.pre_exponential_factor", "sample.with.pool.heat"
CAPACITY = 6.733188306  # J/K at 298.15 K, of Cu-20Li
RATIOS = (0.20, 0.2025, 0.25, 0.30)
STEPS = (125, 130, 135, 140, 145)


class Share(NamedTuple):
    """Of the sets with a ratio r of heats: how many begin on each step of the heater [degC] (0: nowhere), how many of those at 135 degC
    stop below 146 degC, how many have no T2."""

    ratio: float
    steps: dict[int, int]
    stops: int
    no_runaway: int


def sets() -> tuple[np.ndarray, np.ndarray]:
    """The frequency factors [1/s] and heats [J] that put T1 of Cu-20Li on 120.0 to 122.5 degC."""
    case = read_case(PAPER / "cu-20li.yaml")
    library = float(case.sample.mechanism().reactions["pool"].pre_exponential_factor)
    factor, heat = np.meshgrid(library * np.exp(np.linspace(-1.5, 1.5, 31)), CAPACITY * np.linspace(10.0, 100.0, 46), indexing="ij")
    until = np.full(factor.size, 400.0)  # K: T1 is known long before
    found = simulate_many(case, {FACTOR: factor.ravel().tolist(), HEAT: heat.ravel().tolist(), "programme.end": until.tolist()})
    first = found["T1_K"] - ZERO_CELSIUS
    kept = (first >= 120.0) & (first <= 122.5)
    return factor.ravel()[kept], heat.ravel()[kept]


def shares(factor: np.ndarray, heat: np.ndarray) -> list[Share]:
    """What PI-Ag-20Li does with each of these sets, by ratio of heats. The step of an onset is T1 + 0.2 K, rounded down to 5 K."""
    case, made = read_case(PAPER / "pi-ag-20li.yaml"), []
    for ratio in RATIOS:
        found = simulate_many(case, {FACTOR: factor.tolist(), HEAT: (ratio * heat).tolist()})
        first, last = found["T1_K"] - ZERO_CELSIUS, found["cessation_K"] - ZERO_CELSIUS
        step = np.where(np.isnan(first), 0.0, 5.0 * np.floor((first + 0.2) / 5.0)).astype(int)
        counted = {int(value): int(np.sum(step == value)) for value in (*STEPS, 0)}
        made.append(Share(ratio, counted, int(np.sum((step == 135) & (last < 146.0))), int(np.sum(np.isnan(found["T2_K"])))))
    return made


def page(n: int, found: list[Share]) -> str:
    """The page as Markdown."""
    lines = ["# In which share of the sets the claims about PI-Ag-20Li hold", ""]
    intro = f"Of 1426 sets of frequency factor and heat of the pool, {n} put T1 of Cu-20Li on 120.0 to 122.5 degC. "
    intro += "With r times that heat PI-Ag-20Li begins to heat itself on these steps of the heater:"
    lines += textwrap.wrap("Made by `python docs/window.py`. " + intro, 140)
    lines += ["", "| r | " + " | ".join(f"{step} degC" for step in STEPS) + " | nowhere | at 135 degC and stops below 146 degC |"]
    lines += ["|---|" + "---|" * (len(STEPS) + 2)]
    for one in found:
        cells = [str(one.steps[step]) for step in (*STEPS, 0)]
        lines.append(f"| {one.ratio:g} | " + " | ".join(cells) + f" | {one.stops} ({100.0 * one.stops / n:.0f} %) |")
    likely = {one.ratio: max(STEPS, key=lambda step, one=one: one.steps[step]) for one in found}
    replay, most = found[1], found[3]
    said = [
        f"r = 0.2025 is the ratio of the replay. Its most likely step is {likely[0.2025]} degC. "
        f"135 degC, as the paper has it, comes out of {100.0 * replay.steps[135] / n:.0f} % of the sets.",
        f"With r = 0.30 it is {likely[0.30]} degC, in {100.0 * most.steps[135] / n:.0f} % of the sets. The paper does not fix r.",
        f"No set runs away ({replay.no_runaway} of {n}): no sustained short is put in, and the test ends at 150 degC. "
        "That is imposed, and no share of sets supports it.",
    ]
    lines += ["", *(textwrap.fill(f"- {text}", 140, subsequent_indent="  ") for text in said)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    suited = sets()
    PAGE.write_text(page(len(suited[0]), shares(*suited)), encoding="utf-8")
