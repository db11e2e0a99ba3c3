"""Make docs/validation.md: `python docs/validation.py` runs the cases of cases/validation and compares them with what was measured.

cases/validation/measured.csv has the measured numbers: temperatures [K] of a probe at a time, or the largest where there is no time; the
time [s] at which the temperature first rises by 10 K/s. `uncertainty` is one standard deviation, of the measurement and of the inputs;
temperatures are scored as rises over `base`.

cases/validation/bands.csv has what was measured of rows of cells, with the band that a model is allowed; the runs are the members of
rows.yaml. cases/validation/arc.csv has what was measured of three cells in a calorimeter; the runs are those of arc-21700-sets.yaml.
"""

from __future__ import annotations

import csv
import math
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from thermo.case.case import Case, read_case
from thermo.casefile.reader import read_document
from thermo.simulation.result import Result, look_up
from thermo.simulation.simulate import run
from thermo.studies.study import study_of

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
    "interval": "time from cell to cell in rows of prismatic cells",
}
OF_AN_INTERVAL = 0.15  # of it: what is measured and the inputs together, one standard deviation


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


def summaries(name: str) -> dict[str, dict[str, Any]]:
    """The summary of every member of a study, by name."""
    return {member.name: run(member.case).summary() for member in study_of(read_document(CASES / f"{name}.yaml")).members}


def measured_rows(name: str) -> list[dict[str, str]]:
    """A file of measured numbers."""
    with (CASES / f"{name}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


class Banded(NamedTuple):
    """A measured number, the band that a model is allowed, and that of the run; of go / no-go all are 1 or 0."""

    member: str
    quantity: str
    reading: str
    measured: float
    low: float
    high: float
    unit: str
    predicted: float


def mean_interval(summary: dict[str, Any]) -> float:
    """The mean time from cell to cell of a row [s]."""
    return float(np.mean([cell["delay_s"] for cell in summary["arrivals"].values() if cell["delay_s"] is not None]))


def banded(found: dict[str, dict[str, Any]]) -> list[Banded]:
    """What was measured of rows of cells beside what the runs give."""
    made = []
    for row in measured_rows("bands"):
        if row["quantity"] == "ratio":
            one, other = (mean_interval(found[name]) for name in row["member"].split(" over "))
            predicted = one / other
        else:
            value = look_up(found[row["member"]], row["reading"])
            predicted = float(value is not None) if row["quantity"] == "go_no_go" else math.nan if value is None else float(value)
        low, high = (float(row[word] or row["measured"]) for word in ("low", "high"))
        reading = row["reading"].replace("arrivals.", "").replace(".delay_s", "").replace("probes.", "").replace(".maximum_K", "")
        made.append(Banded(row["member"], row["quantity"], reading, float(row["measured"]), low, high, row["unit"], predicted))
    return made


BANDED = {"interval": "interval", "ratio": "ratio", "peak_temperature": "peak", "go_no_go": "spreads to the last cell"}
YES = {True: "yes", False: "NO"}


def band_table(rows: list[Banded]) -> list[str]:
    """Measured numbers, bands and runs side by side."""
    lines = ["| module | reading | measured | band | model | in the band |", "|---|---|---|---|---|---|"]
    for row in rows:
        unit = f" {row.unit}" if row.unit else ""
        holds = YES[row.low <= row.predicted <= row.high]
        digits = ".2f" if row.quantity == "ratio" else ".0f"
        numbers = [f"{row.measured:{digits}}{unit}", f"{row.low:{digits}} to {row.high:{digits}}{unit}", f"{row.predicted:{digits}}{unit}"]
        if row.quantity == "go_no_go":
            numbers = [YES[bool(row.measured)].lower(), "-", YES[bool(row.predicted)].lower()]
        place = f", {row.reading}" if row.quantity in ("interval", "peak_temperature") else ""
        lines.append("| " + " | ".join([row.member, BANDED[row.quantity] + place, *numbers, holds]) + " |")
    return lines


def input_table(found: dict[str, dict[str, Any]], rows: list[Banded]) -> list[str]:
    """The mean interval of the first module with other values of what nobody measured."""
    known = {row.member for row in rows}
    others = [name for name in found if name not in known]
    lines = ["| input | mean interval |", "|---|---|", f"| as in the file | {mean_interval(found['NCM111']):.0f} s |"]
    return [*lines, *(f"| {name} | {mean_interval(found[name]):.0f} s |" for name in others)]


READINGS = ("T1", "1 K/min", "10 K/min", "1 K/s", "T3")


def onsets_of(summary: dict[str, Any]) -> dict[str, float | None]:
    """The temperatures of a run in a calorimeter [degC], by reading."""
    onsets = summary["onsets"]
    points = {"T1": onsets["T1"], **onsets["T2"], "T3": onsets["T3"]}
    return {name: None if points[name] is None else points[name]["temperature_K"] - 273.15 for name in READINGS}


def arc_tables(found: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    """What was measured of each cell, with how far off each set is, and from where to where the sets are off."""
    measured: dict[str, dict[str, float]] = {}
    for row in measured_rows("arc"):
        measured.setdefault(row["cell"], {})[row["reading"]] = float(row["measured_degC"])
    runs = {name: onsets_of(summary) for name, summary in found.items()}
    lines, ranges = [], []
    for cell, known in measured.items():
        head = [f"**{cell}, measured**", *(f"{known[name]:.1f} degC" for name in READINGS)]
        lines += ["| set | " + " | ".join(READINGS) + " |", "|---|" + "---|" * len(READINGS), "| " + " | ".join(head) + " |"]
        for name, values in runs.items():
            off = [None if (value := values[reading]) is None else value - known[reading] for reading in READINGS]
            lines.append("| " + " | ".join([f"`{name}`", *("none" if x is None else f"{x:+.0f} K" for x in off)]) + " |")
        lines.append("")
        ends = {word: [value - known[word] for values in runs.values() if (value := values[word]) is not None] for word in ("T1", "1 K/s")}
        ranges.append(f"{cell} T1 {min(ends['T1']):+.0f} to {max(ends['T1']):+.0f} K and T2 {min(ends['1 K/s']):+.0f} to "
                      f"{max(ends['1 K/s']):+.0f} K")  # fmt: skip
    return lines, ranges


def prose(text: str) -> list[str]:
    """A paragraph between empty lines."""
    return ["", textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False), ""]


def passed(rows: list[Banded]) -> str:
    """Go / no-go, counted."""
    told = [(bool(row.measured), bool(row.predicted)) for row in rows if row.quantity == "go_no_go"]
    right = sum(one == other for one, other in told)
    return (
        f"Of {len(told)} go / no-go {right} {'is' if right == 1 else 'are'} right; stops though it spread: {told.count((True, False))}; "
        f"spreads though it did not: {told.count((False, True))}."
    )


def rows_section(found: dict[str, dict[str, Any]], rows: list[Banded]) -> list[str]:
    """Runaway from cell to cell."""
    inside = sum(row.low <= row.predicted <= row.high for row in rows)
    lines = [
        "## Runaway from cell to cell",
        *prose(ROWS),
        *band_table(rows),
        *prose(f"{inside} of {len(rows)} hold. {passed(rows)} {INPUTS}"),
    ]
    lines += [*input_table(found, rows), *prose(NOT_MODELLED), "| test | why there is no run |", "|---|---|"]
    return [*lines, *(f"| {test} | {why} |" for test, why in MISSING.items()), ""]


def arc_section(found: dict[str, dict[str, Any]]) -> list[str]:
    """Sets of kinetics in a calorimeter."""
    tables, ranges = arc_tables(found)
    return [
        "## Three cells in a calorimeter, and the sets of the library",
        *prose(ARC),
        *tables,
        *prose(f"By set {'; '.join(ranges)}. {ARC_SAYS}")[1:],
    ]


def page() -> str:
    """The page."""
    cases, pairs = pairs_of_all()
    found = summaries("rows")
    rows = banded(found)
    pairs += [
        Pair(row.member, row.quantity, "predicted", row.reading, row.measured, row.predicted, OF_AN_INTERVAL * row.measured, 0.0)
        for row in rows
        if row.quantity == "interval"
    ]
    lines = ["# Validation", *prose(INTRO), *scores(pairs), *prose(HOW)]
    for quantity, words in QUANTITIES.items():
        if quantity not in SAID:
            continue
        lines += [
            f"## {words[0].upper()}{words[1:]}",
            *prose(SAID[quantity]),
            *table([pair for pair in pairs if pair.quantity == quantity]),
        ]
        if quantity == "time_to_runaway":
            lines += [*prose(OTHERS), *ratios(pairs)]
        lines.append("")
    lines += [*rows_section(found, rows), *arc_section(summaries("arc-21700-sets"))]
    lines += ["## The cases", "", *(f"- `thermo run cases/validation/{name}.yaml`: {case.title}" for name, case in cases.items())]
    for name in ("row-ncm111", "arc-21700"):
        lines.append(f"- `thermo run cases/validation/{name}.yaml`: {read_case(CASES / f'{name}.yaml').title}")
    for name in ("rows", "arc-21700-sets"):
        lines.append(f"- `thermo run cases/validation/{name}.yaml`: {study_of(read_document(CASES / f'{name}.yaml')).text.title}")
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

ROWS = """Four prismatic cells stand in a row, and a block heater lies on the first (10.1016/j.jpowsour.2021.230724). Five stand in nitrogen
with a sheet heater (10.1016/j.psep.2024.03.011). Six cells 18650 stand in air 3 mm apart, with a heated wire round the first
(10.1007/s10694-020-00976-0). All are at full charge. Nothing is fitted. The measured numbers and most inputs come from a table that was
mined from papers and audited at 97.9 % of its fields, not from the papers. The kinetics are those of another NCM cell, `feng2015-25ah`.
The electrical energy is released within about 10 s wherever a cell is hotter than 260 degC. Density is derived from energy and size. Heat
capacity, conductivity, contacts, films and the time of release are assumed. Runaway arrives when the mean temperature of a cell passes
200 degC. Heaters keep an unknown share of their power, so the time of the first cell is not compared. The band is a quarter of an
interval and 100 K of a peak."""
INPUTS = """The prismatic model is too slow from cell to cell, and its peak is too hot. In the row of 18650 runaway went on; in the model
it stops at the second cell. The model has conduction through the air at rest and radiation, but no flames and no vented gas that heats
the neighbours. The next table has the first module with other values of what nobody measured, in m2 K/W and W/(m K). The time of release
and the conductivity count most, the contact little:"""
NOT_MODELLED = """The other tests of that collection have too few inputs for a run without a fit:"""
MISSING = {
    "ten LCO pouches, 10.1007/s10694-020-00974-2": "the size of the cells, end blocks, clamp and contact are missing",
    "four NCM523 cells of 60 Ah, 10.1016/j.applthermaleng.2025.127780": "thickness and mass are missing; two ways to derive the "
    "mass differ by a fifth to a quarter",
    "first cells under a sheet of 500 W, 10.1007/s10694-025-01703-3": "the share of the power that enters the cell is missing and would be "
    "fitted to one of the three numbers",
    "first cells, and 75, 50, 25 and 0 % charge, 10.1016/j.psep.2024.03.011": "the share of the heater is missing; no set of the "
    "library knows the state of charge",
    "2 x 2 cells 18650, 10.1007/s10694-020-00984-0": "gaps, the contact of the rod and the films at both pressures are missing",
    "times of the row of 18650, and 30 and 70 % charge, 10.1007/s10694-020-00976-0": "the share of the wire is missing; no set of the "
    "library knows the state of charge",
    "two NCM111 pouches of 24 Ah, 10.1016/j.apenergy.2018.06.126, 10.1016/j.ensm.2020.10.020": "size, heat capacity, film of the oven and "
    "kinetics are missing",
}
ARC = """The records are of 21700 cells at 100 % charge in heat-wait-seek (Ohneseit et al. 2023, 10.5281/zenodo.7707929, CC BY 4.0; paper
10.3390/batteries9050237). T1 is the first row of a record, known to a step of 5 K. Temperatures at 1 K/min, 10 K/min and 1 K/s are
those of [measured.md](measured.md). The records end in the runaway, so T3 is the mean that the paper gives, second hand. Each set runs
in the cell that it was made for, since in an adiabatic calorimeter the size does not matter. Nothing is fitted. Only `feng2015-25ah` and
`hu2020-21700` were made for NCM. `hatchard-kim-4 with LFP` has another cathode, and the others were made for LiCoO2 or lithium metal. The
rows below the measured one have prediction less measurement:"""
ARC_SAYS = """T2 is that at 1 K/s. Of the sets for NCM none predicts T2 within 10 K. `hatchard-kim-4`, made for LiCoO2, comes within a step
of T1 and within 10 K of T2 of NMC and NCA. No set predicts the LFP cell. The sets without electrical energy miss T3. Where there is no T3,
the run ends at 350 degC before its largest temperature."""


if __name__ == "__main__":
    PAGE.write_text(page())
