"""Make docs/validation.md: `python docs/validation.py` runs the cases of cases/validation and compares them with what was measured.

cases/validation/measured.csv has the measured numbers: temperatures [K] of a probe at a time, or the largest where there is no time; the
time [s] at which the temperature first rises by 10 K/s. `uncertainty` is one standard deviation, of the measurement and of the inputs;
temperatures are scored as rises over `base`.
"""

from __future__ import annotations

import csv
import math
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from thermo.case.case import Case, read_case
from thermo.simulation.result import Result
from thermo.simulation.simulate import run

ROOT = Path(__file__).parent.parent
CASES, PAGE = ROOT / "cases" / "validation", ROOT / "docs" / "validation.md"
WIDTH = 140  # characters of a line
RUNAWAY = 10.0  # K/s
ENOUGH = 6  # pairs of a quantity, from which on a spread is worth telling
QUANTITIES = {
    "film": "temperature of the copper plate, on which the film is calibrated",
    "body_temperature": "temperature in the insulation, 180 to 1200 s",
    "time_to_runaway": "time to runaway of an 18650 under a known power",
    "peak_temperature": "largest temperature of that cell, by sets without electrical energy",
}


class Pair(NamedTuple):
    """A measured number, that of the run, its standard uncertainty, and what both are rises over."""

    case: str
    quantity: str
    kind: str
    reading: str
    measured: float
    predicted: float
    uncertainty: float
    base: float


class Score(NamedTuple):
    """Of n pairs: the bias factor, the relative standard deviation of the model about it, that of the experiment; `bound`: the experiment
    hides the model's, which is at most so large."""

    n: int
    bias: float
    model: float
    experiment: float
    bound: bool


def scored(pairs: list[Pair]) -> Score:
    """Bias and spread of predictions M of measured E, the uncertainty of the experiment taken out.

    mean = 1/n sum ln(M/E),   sM^2 + sE^2 = 1/(n - 1) sum (ln(M/E) - mean)^2,   bias = exp(mean + sM^2/2 - sE^2/2)

    No model can be shown to be better than what it is compared with: sE^2 is at most half of the total.

    Source
    ------
    K. McGrattan, B. Toman, Metrologia 48 (2011) 173.
    """
    logs = np.array([math.log((pair.predicted - pair.base) / (pair.measured - pair.base)) for pair in pairs])
    experiment = float(np.mean([(pair.uncertainty / (pair.measured - pair.base)) ** 2 for pair in pairs]))
    total = float(np.var(logs, ddof=1))
    taken = min(experiment, 0.5 * total)
    bias = math.exp(float(np.mean(logs)) + 0.5 * (total - taken) - 0.5 * taken)
    return Score(len(pairs), bias, math.sqrt(max(total - taken, experiment)), math.sqrt(experiment), experiment > taken)


def reading(result: Result, row: dict[str, str]) -> float:
    """What a run gives for a row of the measured numbers."""
    if row["quantity"] == "time_to_runaway":
        rate = result.columns["rate_K_per_s"]
        at = int(np.argmax(rate >= RUNAWAY))
        return float(np.interp(RUNAWAY, rate[at - 1 : at + 1], result.time[at - 1 : at + 1]))
    values = result.probe(row["probe"])
    return float(np.interp(float(row["time_s"]), result.time, values)) if row["time_s"] else float(np.max(values))


def pairs_of_all() -> tuple[dict[str, Case], list[Pair]]:
    """Every case that has measured numbers, and the pairs of all."""
    cases: dict[str, Case] = {}
    results: dict[str, Result] = {}
    pairs = []
    with (CASES / "measured.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            name = row["case"]
            if name not in cases:
                cases[name] = read_case(CASES / f"{name}.yaml")
                results[name] = run(cases[name])
            told = f"{row['probe']}, {row['time_s']} s" if row["time_s"] else row["quantity"].replace("_", " ")
            given = float(row["measured"]), reading(results[name], row), float(row["uncertainty"]), float(row["base"] or 0.0)
            pairs.append(Pair(name, row["quantity"], row["kind"], told, *given))
    return cases, pairs


def table(pairs: list[Pair]) -> list[str]:
    """Measured and predicted side by side."""
    lines = ["| case | reading | measured | predicted | difference | ratio of rises or times |", "|---|---|---|---|---|---|"]
    for pair in pairs:
        unit = "s" if pair.quantity == "time_to_runaway" else "K"
        ratio = (pair.predicted - pair.base) / (pair.measured - pair.base)
        cells = [f"`{pair.case}`", pair.reading, f"{pair.measured:.1f} +- {pair.uncertainty:.1f} {unit}", f"{pair.predicted:.1f} {unit}"]
        lines.append("| " + " | ".join([*cells, f"{round(pair.predicted - pair.measured, 1) + 0.0:+.1f} {unit}", f"{ratio:.3f}"]) + " |")
    return lines


def scores(pairs: list[Pair]) -> list[str]:
    """Bias and spread of every quantity that is predicted."""
    lines = ["| quantity | pairs | bias | spread of the model | spread of experiment and inputs |", "|---|---|---|---|---|"]
    for quantity, words in QUANTITIES.items():
        own = [pair for pair in pairs if pair.quantity == quantity and pair.kind == "predicted"]
        if own:
            found = scored(own)
            spread = "too few pairs" if found.n < ENOUGH else ("at most " if found.bound else "") + f"{found.model:.3f}"
            lines.append(f"| {words} | {found.n} | {found.bias:.3f} | {spread} | {found.experiment:.3f} |")
    return lines


def ratios(pairs: list[Pair]) -> list[str]:
    """Of each cell the time at the lesser power over that at the greater, in which mass and heat capacity nearly cancel."""
    times = {pair.case: pair for pair in pairs if pair.quantity == "time_to_runaway"}
    lines = ["| cell | measured | predicted | bias of the two times |", "|---|---|---|---|"]
    for cell in dict.fromkeys(name.partition("-")[0] for name in times):
        slow, fast = times[f"{cell}-20.4W"], times[f"{cell}-34.1W"]
        found = scored([slow, fast])
        lines.append(f"| {cell.upper()} | {slow.measured / fast.measured:.2f} | {slow.predicted / fast.predicted:.2f} | {found.bias:.2f} |")
    return lines


def page() -> str:
    """The page."""
    cases, pairs = pairs_of_all()

    def prose(text: str) -> list[str]:
        return ["", textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False), ""]

    lines = ["# Validation", *prose(INTRO), *scores(pairs), *prose(HOW)]
    for quantity, words in QUANTITIES.items():
        lines += [
            f"## {words[0].upper()}{words[1:]}",
            *prose(SAID[quantity]),
            *table([pair for pair in pairs if pair.quantity == quantity]),
        ]
        if quantity == "time_to_runaway":
            lines += [*prose(OTHERS), *ratios(pairs)]
        lines.append("")
    lines += ["## The cases", "", *(f"- `thermo run cases/validation/{name}.yaml`: {case.title}" for name, case in cases.items())]
    return "\n".join([*lines, "", "`python docs/validation.py` makes this page.", ""])


INTRO = """These cases compare runs with measurements. A bias of 1.05 means that predictions are 5 % too large on average. The spread is
the relative standard deviation about that bias. Numbers that were fitted do not count."""
HOW = """The formulas are those of K. McGrattan and B. Toman, Metrologia 48 (2011) 173, as the Validation Guide of FDS uses them. The
uncertainty of the experiment is taken out of the spread. It includes that of the inputs which nobody measured. Where it hides the
model's spread, the table has the bound "at most". Pairs of one cell share its unknown inputs, so they are not independent."""
SAID: dict[str, Any] = {
    "film": """A black copper plate takes up a known flux. Its temperature gives the film coefficient of the apparatus, 15.6 W/(m2 K).
Nothing else is fitted, and these numbers do not enter the score. Source: MaCFP material database, doi 10.18434/mds2-2940.""",
    "body_temperature": """Five discs of insulation lie in the same apparatus under the same flux. The run has the film of the copper
plate. The conductivity below 533 K was not measured, so the thermocouple at 17.16 mm, which hangs on it, is not scored. Source: as
above.""",
    "time_to_runaway": """The cells take up 20.4 or 34.1 W through their sides, in nitrogen. Nothing is fitted. Mass, heat capacity,
film and emissivity are not given with the measurement. Over 200 sets of them the time of the LCO cell has a standard deviation of 42
and 17 s, which is part of the uncertainty. LCO and NMC have the kinetics of Kim et al. 2007, made for an LCO cell; LFP has the same
with another cathode. The measured numbers come from a table that was mined from papers and audited (doi 10.1016/j.proci.2022.07.185),
not from the paper itself.""",
    "peak_temperature": """The kinetics hold 16 to 20 kJ. The electrical energy of a cell of 2.6 Ah, about 35 kJ, is in none of these
sets, so the maxima of LCO and NMC come out far too low. A cell with a short has that energy.""",
}
OTHERS = """Kinetics scatter more than programs. For the NMC cell at 20.4 and 34.1 W 532 and 259 s were measured. Another program gives
380 and 211 s with the set of Kim 2007, and 321 and 183 s with that of Hu 2020. With that of Feng 2015, scaled by mass, it gives 667 and
332 s. With the same numbers as here that program agrees to 0.2 s. In the ratio of both times mass and heat capacity nearly cancel:"""


if __name__ == "__main__":
    PAGE.write_text(page())
