"""What a calibration concludes: numbers with intervals, how well each record is met, and in words what the records do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.casefile.units import show
from thermo.studies.calibrate.calibrating import Calibrated
from thermo.studies.calibrate.intervals import CORRELATED, trades
from thermo.studies.calibrate.models import ArcModel
from thermo.studies.calibrate.parameters import ENERGY, HEAT, RATE
from thermo.studies.calibrate.written import KEYS, UNITS, outer

POOR = 3.0  # chi2/dof: more, and the model does not describe the records
FEW_REACH = 0.3  # of the starts: fewer, and another optimum may be better
WORDS = {RATE: "the rate constant", ENERGY: "the activation energy", HEAT: "the heat"}


def conclusion(made: Calibrated) -> dict[str, Any]:
    """All of it as plain data in SI, with the unit in every key."""
    problem, fit = made.problem, made.fit
    rows = [_parameter(made, i) for i in range(problem.n_free)]
    reactions: dict[str, dict[str, float]] = {}
    for i, p in enumerate(problem.parameters):
        start = problem.starts[p.reaction]
        entry = reactions.setdefault(p.reaction, {"at_K": start.reference})
        key = f"{KEYS.get(p.word, p.key.removeprefix(p.reaction + '.'))}"
        entry[f"{p.record}.{key}" if p.record else key] = outer(p, start, float(fit.x[i]))
    records = {}
    for i, model in enumerate(problem.models):
        found = made.goodness[i]
        entry_of: dict[str, Any] = {
            "kind": "arc" if isinstance(model, ArcModel) else "dsc",
            "rows": found.rows,
            "chi2_per_row": found.chi2_per_row,
            "rms_decades" if isinstance(model, ArcModel) else "rms_of_peak": float(found.rms),
            "correlation": found.correlation,
        }
        if isinstance(model, ArcModel):
            numbers = problem.maps[i].of(fit.x)
            data = model.data
            entry_of |= {
                "sections": len(data.sections),
                "heater_steps": data.heater_steps,
                "left_out": data.left_out,
                "noise_K": data.noise,
                "top_K": data.top,
                "fitted_top_K": model.top(numbers) if model.balance else None,
                "no_top": data.why,
            }
        else:
            entry_of |= {"scale": model.scale * float(np.exp(problem.maps[i].of(fit.x)[-1])), "rate_K_per_s": model.data.rate}
        records[model.name] = entry_of
    return {
        "parameters": rows,
        "reactions": reactions,
        "records": records,
        "chi2": fit.chi2,
        "dof": fit.freedom,
        "chi2_per_dof": fit.chi2 / fit.freedom,
        "widened": made.wide,
        "scatter": made.scatter,
        "starts": {"tried": fit.starts, "reached": fit.reached},
        "intervals": problem.study.intervals,
        "pauses": [_pause(made, *pause) for pause in made.pauses] + _falls(made),
        "forms": made.forms,
        "draws": len(made.draws),
        "check": made.check,
        "chain": None
        if made.chain is None
        else {"steps": made.chain.steps, "correlation_time": made.chain.correlation_time, "enough": made.chain.enough},
    }


def _parameter(made: Calibrated, i: int) -> dict[str, Any]:
    """A fitted number: value, interval, whether the records leave it open, and what it trades with."""
    problem, interval = made.problem, made.intervals[i]
    p = problem.parameters[i]
    start = problem.starts[p.reaction]
    ends = sorted((outer(p, start, interval.low), outer(p, start, interval.high)))
    swapped = p.word == HEAT and start.heat < 0.0
    low_open, high_open = (interval.high_open, interval.low_open) if swapped else (interval.low_open, interval.high_open)
    other, how = trades(made.fit, problem, i) if problem.n_free > 1 else ("", 0.0)
    return {
        "name": p.name,
        "reaction": p.reaction,
        "word": p.word,
        "unit": UNITS.get(p.word, ""),
        "value": outer(p, start, float(made.fit.x[i])),
        "low": ends[0],
        "high": ends[1],
        "low_open": low_open,
        "high_open": high_open,
        "start": outer(p, start, p.start),
        "trades_with": other,
        "correlation": how,
        "linearised_half_width": interval.half,
        "status": "assumed" if low_open or high_open else "calibrated",
    }


def _falls(made: Calibrated) -> list[dict[str, Any]]:
    """Row intervals between sections in which the temperature fell."""
    return [
        {
            "record": model.name,
            "temperature_K": fall.temperature,
            "time_s": fall.time,
            "duration_s": fall.duration,
            "samples": list(fall.samples),
            "why": "the temperature fell in it",
        }
        for model in made.problem.models
        if isinstance(model, ArcModel)
        for fall in model.data.falls
    ]


def _pause(made: Calibrated, name: str, section: int, row: int) -> dict[str, Any]:
    model = next(model for model in made.problem.models if model.name == name)
    assert isinstance(model, ArcModel)
    rows = model.data.sections[section]
    return {
        "record": name,
        "temperature_K": float(rows.temperature[row]),
        "time_s": float(rows.time[row]),
        "duration_s": float(rows.time[row + 1] - rows.time[row]),
        "samples": [int(rows.samples[row]), int(rows.samples[row + 1])],
        "why": "it held more than a third of the squares",
    }


def warnings_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """In words: what is open, a form that is wrong, intervals that are not plain, pauses, few starts that reached the optimum."""
    said: list[tuple[str, str, str]] = []
    for row in found["parameters"]:
        if row["low_open"] or row["high_open"]:
            said.append(("open", _open_words(row), f"calibrate.parameters.{row['name']}"))
    for name, record in found["records"].items():
        if record["correlation"] > CORRELATED and record["chi2_per_row"] > 1.0:
            text = (
                f"{name}: residuals are correlated ({record['correlation']:.2f}): the form is wrong; intervals widened "
                f"{found['widened']:.2g} times may still be too narrow"
            )
            said.append(("form", text, f"calibrate.records.{name}"))
    ratio = found["chi2_per_dof"]
    if ratio > POOR:
        text = f"chi2/dof is {ratio:.3g}: the records contradict the model by far more than their noise"
        said.append(("fit", f"{text}; check each record's 'set', its heater steps and the form of the reactions", "calibrate.chi2_per_dof"))
    for pause in found["pauses"]:
        at, (first, second) = show(pause["temperature_K"], "temperature"), pause["samples"]
        text = (
            f"{pause['record']}: the row interval at {at} (samples {first} and {second}) is taken as a pause of the instrument, left out: "
            f"{pause['why']}"
        )
        said.append(("pause", text, f"calibrate.records.{pause['record']}"))
    starts = found["starts"]
    if starts["tried"] > 3 and starts["reached"] < FEW_REACH * starts["tried"]:
        text = f"{starts['reached']} of {starts['tried']} starts reached this optimum; a better one may have been missed: give more starts"
        said.append(("starts", text, "calibrate.starts"))
    check = found["check"]
    if check is not None and check["enough"] is not None and len({row["reactions"] for row in check["rows"]}) > 1:
        n, fitted = check["enough"], len({row["reaction"] for row in found["parameters"]})
        if n != fitted:
            text = f"held-out prediction speaks for {n} reaction{'s' if n > 1 else ''}, this fit has {fitted}; see check.csv"
            said.append(("check", text, "calibrate.check"))
    chain = found["chain"]
    if chain is not None and not chain["enough"]:
        text = f"the chain of {chain['steps']} steps has a correlation time of {chain['correlation_time']:.0f}: its intervals are rough"
        said.append(("chain", text, "calibrate.chain"))
    for key in dict.fromkeys(form["form"] for form in found["forms"]):
        said.append(("form", _spread_words(key, [form for form in found["forms"] if form["form"] == key]), "calibrate.forms"))
    return [{"code": code, "text": text, "where": where} for code, text, where in said]


def _open_words(row: dict[str, Any]) -> str:
    """That a number is open, in words."""
    what = f"{WORDS.get(row['word'], row['word'])} of {row['reaction']}"

    def shown(value: float) -> str:
        if row["unit"] == "J/mol":
            return f"{value / 1e3:.4g} kJ/mol"
        return f"{value:.4g} {row['unit']}".strip()

    if row["low_open"] and row["high_open"]:
        text = f"{what} is not determined by these records"
    elif row["high_open"]:
        text = f"{what} is anywhere above {shown(row['low'])}"
    else:
        text = f"{what} is anywhere below {shown(row['high'])}"
    return text + (f": it trades with {row['trades_with']} ({row['correlation']:.3f})" if row["trades_with"] else "")


def _spread_words(key: str, forms: list[dict[str, Any]]) -> str:
    """How far the energies spread over the forms."""
    energies = {
        name: [form["numbers"][name] for form in forms] for name in forms[0]["numbers"] if name.partition(" of ")[0].endswith(ENERGY)
    }
    spread = ", ".join(f"{name} {min(values):.0f} to {max(values):.0f} kJ/mol" for name, values in energies.items())
    ratios = [form["chi2_per_dof"] for form in forms]
    values = ", ".join(f"{form['value']:g}" for form in forms)
    return f"over {key} {values}: {spread}, chi2/dof {min(ratios):.3g} to {max(ratios):.3g}"
