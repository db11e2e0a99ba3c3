"""Results as a person reads them on the screen: text made of summaries. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermo.base.errors import printable
from thermo.bodies.pouch import CORE
from thermo.casefile.result_units import STATISTICS
from thermo.casefile.units import show
from thermo.measurement.derived import layers_text
from thermo.results.words import column_words, row_text, shown
from thermo.simulation.result import changed_by
from thermo.simulation.triggered import awaited_text

MOST_LINES = 20  # of a table on the screen
SHOWN = 5  # results of a mesh check on the screen, those that change most
HEAD = ("result", "value", "wanted", "kind", "holds")


def columns_text(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as aligned columns."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def case_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a case's summary."""

    ended = f" after {show(summary['end']['time_s'], 'time')}" if summary["end"]["time_s"] > 0.0 else ""
    lines = [summary["title"], f"ended: {summary['end']['reason']}{ended}"]
    for i, exotherm in enumerate(summary["exotherms"], 1):
        start, end = exotherm["start"], exotherm["end"]
        lines.append(
            f"exotherm {i}: {show(start['temperature_K'], 'temperature')} to {show(end['temperature_K'], 'temperature')}, "
            f"{exotherm['rise_K']:.2f} K, {exotherm['heat_J']:.4g} J, {end['reason']}"
        )
    lines += _onset_lines(summary)
    body = "regions" in summary
    if summary["maximum_rate"] is not None and not summary["exotherms"] and not body:
        hottest = summary["probes"]["sample"]
        lines.append(f"hottest: {show(hottest['maximum_K'], 'temperature')} after {show(hottest['time_of_maximum_s'], 'time')}")
    lines += _scan_lines(summary.get("dsc")) + _stability_lines(summary.get("stability"))
    for name, crossing in summary["crossings"].items():
        if crossing:
            found = f"{show(crossing['time_s'], 'time')} at {show(crossing['temperature_K'], 'temperature')}"
        else:
            missed = summary["missed_crossings"][name]
            after = show(missed["time_of_nearest_s"], "time")
            if "rate_K_per_s" in missed:
                nearest, level = (show(missed[key], "temperature rate") for key in ("nearest_K_per_s", "rate_K_per_s"))
                found = f"never; the fastest was {nearest} after {after}, and {level} is waited for"
            else:
                nearest, level = (show(missed[key], "temperature") for key in ("nearest_K", "temperature_K"))
                found = f"never; the nearest to {level} was {nearest} after {after}, {missed['short_by_K']:.3g} K short of it"
        lines.append(f"{name}: {found}")
    triggers = summary.get("triggers", {}).items()
    for name, entry in sorted(triggers, key=lambda pair: float("inf") if pair[1]["time_s"] is None else pair[1]["time_s"]):
        came = "never" if entry["time_s"] is None else show(entry["time_s"], "time")
        lines.append(f"{name}: {came}, waiting for {awaited_text(entry)}")
    for name, lag in summary.get("lags", {}).items():
        late = "" if lag["lag_s"] is None else f"; by {show(abs(lag['lag_s']), 'time')} at the end of the last heating"
        after = show(lag["time_of_largest_s"], "time")
        word = "behind" if lag["largest_K"] >= 0.0 else "ahead of"
        lines.append(f"{name} is {word} the sensor by {abs(lag['largest_K']):.3g} K at most, after {after}{late}")
    if body:
        lines += _body_lines(summary)
    if summary["expect"]:
        lines += ["", columns_text([row_text(row) for row in summary["expect"]], HEAD)]
    lines += ["", *_closing(summary)]
    return "\n".join(lines)


def _body_lines(summary: dict[str, Any]) -> list[str]:
    """Tables of a body: its probes, its regions, the heat that enters and passes."""
    steady = summary["end"]["time_s"] == 0.0

    def at(value: float, time: float) -> str:
        return show(value, "temperature") + ("" if steady else f" after {show(time, 'time')}")

    probes: list[tuple[str, ...]] = [
        (
            name,
            *([] if steady else [show(probe["initial_K"], "temperature"), at(probe["maximum_K"], probe["time_of_maximum_s"])]),
            show(probe["final_K"], "temperature"),
        )
        for name, probe in summary["probes"].items()
        if "|" not in name  # sides of an interface, that the history has
    ]
    regions: list[tuple[str, ...]] = [
        (
            name,
            at(region["minimum_K"], region["time_of_minimum_s"]),
            at(region["maximum_K"], region["time_of_maximum_s"]),
            show(region["mean_K"], "temperature"),
        )
        for name, region in summary["regions"].items()
    ]
    passing: list[tuple[str, ...]] = [
        (
            f"{word} {name}",
            *([] if steady else [f"{entry['extreme_W']:.5g} W after {show(entry['time_of_extreme_s'], 'time')}"]),
            f"{entry['final_W']:.5g} W",
        )
        for word in ("heat", "flow")
        for name, entry in summary[f"{word}s"].items()
    ]
    tables = [
        (_arrivals(summary["arrivals"] or {}), ("cell", "arrives", "after the one before", "half converted", "hottest", "converted")),
        (probes, ("probe", "value") if steady else ("probe", "start", "maximum", "end")),
        (regions, ("region", "coldest", "hottest", "mean") if steady else ("region", "coldest", "hottest", "mean at the end")),
        (passing, ("through", "value") if steady else ("through", "largest", "end")),
    ]
    named = {name: entry for name, entry in summary["derived"].items() if name == CORE}
    lines = [layers_text(name, entry) for name, entry in named.items()]
    for rows, head in tables:
        if rows:
            lines += ["", columns_text(rows[:MOST_LINES], head)]
        if len(rows) > MOST_LINES:
            lines.append(f"... {len(rows) - MOST_LINES} more; summary.json has all")
    return lines


def _arrivals(cells: dict[str, Any]) -> list[tuple[str, ...]]:
    """When runaway came to each cell."""

    def after(seconds: float | None) -> str:
        return "-" if seconds is None else show(seconds, "time")

    rows: list[tuple[str, ...]] = []
    for name, cell in cells.items():
        never = f"never, {cell['short_by_K']:.3g} K short" if cell["time_s"] is None else after(cell["time_s"])
        converted = "-" if cell["converted"] is None else percent(cell["converted"])
        delay, half = after(cell["delay_s"]), after(cell["half_conversion_s"])
        rows.append((name, never, delay, half, show(cell["maximum_K"], "temperature"), converted))
    return rows


def _scan_lines(scan: dict[str, Any] | None) -> list[str]:
    if scan is None:
        return []
    lines = []
    for i, peak in enumerate(scan["peaks"], 1):
        onset = "no separate onset" if peak["onset_K"] is None else f"onset {show(peak['onset_K'], 'temperature')}"
        area = show(peak["area_J_per_kg"], "specific energy")
        lines.append(f"peak {i}: {show(peak['temperature_K'], 'temperature')}, {onset}, {peak['height_W']:.4g} W, {area}")
    return [
        *(lines or ["no peak"]),
        f"total area: {show(scan['area_J_per_kg'], 'specific energy')}, above the baseline '{scan['baseline']}'",
    ]


RULES = {
    "fresh": "composition fresh: every reaction as it starts",
    "igniting": "composition igniting: reactions with B of 5 or more, each at its largest factor; the others left out",
}


def _stability_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []

    def degrees(value: float | None) -> str:
        return "not known" if value is None else f"{value - 273.15:.3f} degC"

    eigenvalue, critical = found["lambda_1_per_s"], found["critical_ambient_K"]
    if found["stable"]:
        upto = "up to" if isinstance(found["asked_K"], list) else "at"
        line = f"stable {upto} an ambient of {degrees(found['ambient_K'])}: lambda {eigenvalue:.5g} 1/s there, "
        lines = [line + f"a disturbance falls to 1/e in {show(1.0 / eigenvalue, 'time')}"]
    elif isinstance(found["asked_K"], list):
        lines = [f"critical ambient {degrees(critical)}: lambda is zero there, and in hotter surroundings the heat outgrows the loss"]
    else:
        lines = [f"unstable at an ambient of {degrees(found['asked_K'])}: the heat outgrows the loss above {degrees(critical)}"]
    ends = list(dict.fromkeys((degrees(found["coldest_K"]), degrees(found["hottest_K"]))))
    lines.append(f"sample at an ambient of {degrees(found['ambient_K'])}: {' to '.join(ends)}")
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{entry['heat_W']:.4g} W" if entry["counted"] else "left out",
            "endless" if entry["adiabatic_rise_K"] is None else f"{entry['adiabatic_rise_K']:.4g} K",
            ("endless" if entry["adiabatic_rise_K"] is None else "off") if entry["B"] is None else f"{entry['B']:.3g}",
        )
        for name, entry in found["reactions"].items()
    ]
    return [*lines, RULES[found["composition"]], "", columns_text(rows, ("reaction", "heat", "adiabatic rise", "B"))]


def percent(share: float) -> str:
    """A margin as people read it: two digits, and times where it is large."""
    if abs(share) >= 10.0:
        return f"{share:.0f} times"
    return f"{100.0 * share:.0f} %" if abs(share) >= 0.995 else f"{100.0 * share:.2g} %"


def _onset_lines(summary: dict[str, Any]) -> list[str]:
    onsets, hottest = summary["onsets"], summary.get("hottest")

    def found(entry: dict[str, Any] | None) -> str:
        return f"{show(entry['temperature_K'], 'temperature')} after {show(entry['time_s'], 'time')}" if entry else "none"

    inside = []
    if hottest and hottest["T3"]:
        named = [("T1", hottest["T1"]), *((f"T2 ({criterion})", entry) for criterion, entry in hottest["T2"].items())]
        inside = [f"hottest place: {name} {found(entry)}" for name, entry in [*named, ("T3", hottest["T3"])] if entry]
    if summary["definitions"] is None:
        return inside
    first = onsets["T1"]
    lines = [f"T1: {found(first)}" + (f", {first['criterion']}, margin {percent(first['margin'])}" if first else "")]
    lines += [f"T2 ({criterion}): {found(entry)}" for criterion, entry in onsets["T2"].items()]
    lines.append(f"T3: {found(onsets['T3'])}")
    if onsets["cessation"]:
        lines.append(f"cessation: {found(onsets['cessation'])}, margin {percent(onsets['cessation']['margin'])}")
    return lines + inside


def _closing(summary: dict[str, Any]) -> list[str]:
    energy, unmeasured = summary["energy"], summary["inputs_not_measured"]
    lines = [f"energy balance error {energy['residual_relative']:.1e} of the heat exchanged or moved"]
    if unmeasured:
        lines.append(f"{len(unmeasured)} numbers are neither literature nor measured; summary.json lists them (inputs_not_measured)")
    check = summary.get("mesh_check")
    if check:
        for name, entry in check["crossings"].items():
            change = entry["relative_difference"]
            if change is not None:
                text = f"mesh refined once: {name} changes by {change:+.2%}"
                lines.append(f"{text}; near the edge of a patch the remaining error is about twice that, {2 * change:+.2%}")
        for name, entry in sorted(check["results"].items(), key=lambda pair: -abs(pair[1]["relative"]))[:SHOWN]:
            lines.append(f"mesh refined once: {name} changes by {changed_by(name, entry)}")
        lines.append(
            f"mesh check: {len(check['results'])} results on {check['n_dofs']} and {check['refined_n_dofs']} unknowns; summary.json has all"
        )
    return lines + [f"warning: {warning['text']}" for warning in summary["warnings"]]


def summary_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of the summary of a case or a study."""
    if summary.get("kind") == "calibrate":
        return calibration_text(summary)
    if "points" in summary:
        return points_text(summary)
    if "batch" in summary:
        return batch_text(summary)
    return study_text(summary) if isinstance(summary.get("members"), dict) else case_text(summary)


def study_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a study's summary."""
    rows: list[tuple[str, ...]] = [(row["member"], *row_text(row)) for row in summary["table"]]
    rows += [("", *row_text(row)) for row in summary["claims"]]
    lines = [summary["title"], "", columns_text(rows, ("member", *HEAD)), ""]
    lines += ["kind: exact (closed form or independent code), predicted, selected (a free choice was made with it in view),"]
    lines += ["calibrated (a number was fitted to it), imposed (put in by hand)", ""]
    lines += [f"- {remark}" for remark in summary["remarks"]]
    for name, member in summary["members"].items():
        lines += [f"warning: {name}: {warning['text']}" for warning in member["warnings"]]
    return "\n".join(lines)


def batch_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a batch's summary."""
    batch = summary["batch"]
    lines = [summary["title"], f"{batch['rows']} rows, {len(batch['failed'])} failed; changed: {', '.join(batch['parameters'])}", ""]
    known = [name for name, entry in batch["results"].items() if entry["n"]]
    judged: list[tuple[str, ...]] = [row_text(row) for row in summary.get("expect", ())]
    last = ["", columns_text(judged, HEAD)] if judged else []
    last += ["", *(f"warning: {warning['text']}" for warning in summary["warnings"])]
    if batch.get("table"):
        head = ("row", *batch["parameters"], *map(column_words, known))
        made = [
            (str(i), *(str(row[name]) for name in batch["parameters"]), *(shown(name, row[name]) for name in known))
            for i, row in enumerate(batch["table"], 1)
        ]
        return "\n".join([*lines, columns_text(made, head), *last])
    rows = [
        (column_words(name), str(entry["n"]), *(shown(name, entry[word]) for word in STATISTICS))
        for name, entry in ((name, batch["results"][name]) for name in known)
    ]
    head = ("result", "rows", "smallest", "5 %", "median", "95 %", "largest")
    return "\n".join([*lines, columns_text(rows, head), *last])


def mesh_text(made: dict[str, Any]) -> str:
    """What a person wants to see of a mesh's report."""
    size = next((key for key in ("volume_m3", "area_m2", "length_m") if key in next(iter(made["regions"].values()))), "")
    between = f"edges {show(made['smallest_edge_m'], 'length')} to {show(made['largest_edge_m'], 'length')}"
    counts = f"{made['n_cells']} cells ({made['kind']}), {made['n_vertices']} vertices, {between}"
    quality = f"quality {made['quality_minimum']:.3g} to 1 at best, mean {made['quality_mean']:.3g}; {made['n_parts']} part(s)"
    rows: list[tuple[str, ...]] = []
    for name, region in made["regions"].items():
        off = f"{region['relative_difference']:+.1e}" if "exact" in region else "not known"
        rows.append((name, str(region["n_cells"]), f"{region[size]:.6g}", off))
    faces: list[tuple[str, ...]] = [
        (name, str(face["n_facets"]), *([f"{face[key]:.6g}" for key in ("area_m2", "length_m") if key in face] or [""]))
        for name, face in made["faces"].items()
    ]
    head = ("region", "cells", size.replace("_", " in "), "off the exact")
    tables = [columns_text(rows, head), columns_text(faces, ("face", "facets", "size in m or m2"))]
    if made["edges"]:
        edges: list[tuple[str, ...]] = [(name, str(edge["n_edges"]), f"{edge['length_m']:.6g}") for name, edge in made["edges"].items()]
        tables.append(columns_text(edges, ("edge", "edges of cells", "length in m")))
    return "\n\n".join(["\n".join([counts, quality]), *tables])


def kinetics_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a kinetic analysis."""

    def kilo(value: float | None) -> str:
        return "none" if value is None else f"{value / 1e3:.2f}"

    def between(ends: list[float] | None, text: Callable[[float], str]) -> str:
        return f"{text(ends[0])} to {text(ends[1])}" if ends else "none"

    curves: list[tuple[str, ...]] = []
    for curve in summary["curves"]:
        heat = "" if curve["heat_J_per_kg"] is None else f"{curve['heat_J_per_kg'] / 1e3:.4g}"
        peak, rate = show(curve["peak_temperature_K"], "temperature"), show(curve["heating_rate_K_per_s"], "temperature rate")
        curves.append((printable(curve["file"]), rate, peak, heat, str(curve["rows"])))
    rows: list[tuple[str, ...]] = [
        (
            f"{row['conversion']:.2f}",
            kilo(row["friedman_J_per_mol"]),
            between(row["friedman_95_J_per_mol"], kilo),
            kilo(row["ozawa_J_per_mol"]),
            between(row["ozawa_95_J_per_mol"], kilo),
            kilo(row["ozawa_uncorrected_J_per_mol"]),
        )
        for row in summary["conversions"]
    ]
    found = summary["kissinger"]
    energy, factor = found["activation_energy_J_per_mol"], found["pre_exponential_factor_1_per_s"]
    lines = [columns_text(curves, ("curve", "heating rate", "peak", "heat J/g", "rows")), ""]
    if energy is None:
        lines += [f"Kissinger, first order: no result: {found['reason']}", ""]
    else:
        lines.append(f"Kissinger, first order: E {kilo(energy)} kJ/mol (95 %: {between(found['activation_energy_95_J_per_mol'], kilo)})")
        ends = between(found["pre_exponential_factor_95_1_per_s"], lambda value: f"{value:.3e}")
        lines += [f"                        A {factor:.3e} 1/s (95 %: {ends})", ""]
    head = ("conversion", "E Friedman kJ/mol", "95 %", "E Ozawa kJ/mol", "95 %", "uncorrected")
    lines += [columns_text(rows, head), ""]
    lines += [f"- {text}" for text in summary["assumed"]]
    return "\n".join(lines + [f"warning: {printable(text)}" for text in summary["warnings"]])


def record_text(found: dict[str, Any]) -> str:
    """What a person wants to see of a record."""
    about, instrument = found["record"], found["instrument"]
    read = ", ".join(repr(printable(name)) for name in about["columns"].values())
    steps = f", {about['heater_steps']} heater steps" if about["heater_steps"] else ""
    waited = f"; {about['wait_s'] / 60.0:.1f} min from a step to its seek window" if about["wait_s"] else ""
    spread = [f"{name} {about[key]:.2g} K" for name, key in (("noise", "noise_K"), ("resolution", "resolution_K")) if about[key]]
    spread += [f"{about['left_out_samples']} samples left out"] if about["left_out_samples"] else []
    lines = [
        f"{printable(about['file'])}: {about['samples']} samples of {read}; rate {about['rate']}",
        f"the record holds {about['holds']}{steps}{waited}",
        f"sensitivity {instrument['sensitivity_K_per_s'] * 60.0:.4g} K/min over seek windows of {instrument['seek_s'] / 60.0:.4g} min",
        *(["; ".join(spread)] if spread else []),
        "",
        columns_text(_record_rows(found), ("result", "temperature", "time", "remark")),
        "",
    ]
    if found["exotherms"]:
        head = ("exotherm", "from", "to", "rise", "duration", "ended by")
        lines += [columns_text(_exotherm_rows(found["exotherms"]), head), ""]
    lines += _kinetics_lines(found["kinetics"]) + _phi_lines(found["phi_correction"])
    return "\n".join(lines + [f"warning: {warning['text']}" for warning in found["warnings"]])


def _record_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:

    onsets, fastest = found["onsets"], found["maximum_rate"]
    first = onsets["T1"]

    def row(name: str, entry: dict[str, Any] | None, remark: str = "") -> tuple[str, ...]:
        if entry is None:
            return (name, "none", "", remark)
        return (name, show(entry["temperature_K"], "temperature"), f"{entry['time_s'] / 60.0:.2f} min", remark)

    def margin(entry: dict[str, Any] | None) -> str:
        return f"margin {percent(entry['margin'])}" if entry and entry["margin"] is not None else ""

    def known(entry: dict[str, Any] | None, least: float) -> str:
        low, high = (entry or {}).get("known_to_K", (0.0, 0.0))
        return f"known to {low:+.3g}/+{high:.3g} K" if max(-low, high) > least else ""

    told = "; ".join(filter(None, (", ".join(filter(None, (first["criterion"], known(first, 0.0)))), margin(first)))) if first else ""
    made = [row("T1", first, told or onsets["T1_reason"])]
    hidden = onsets["T2_reason"] or ""
    for name, entry in onsets["T2"].items():
        why = (onsets["voltage_reason"] or "") if name == "voltage-drop" else ""
        made.append(row(f"T2 ({name})", entry, known(entry, 0.5) if entry else why or (hidden if name in hidden else "")))
    made += [
        row("T3", onsets["T3"], onsets["T3_reason"] or known(onsets["T3"], 0.5)),
        row("cessation", onsets["cessation"], margin(onsets["cessation"])),
    ]
    made += [row(f"rate {name}", entry) for name, entry in found["at_rates"].items()]
    if fastest:
        made.append(row("largest rate", fastest, show(fastest["rate_K_per_s"], "temperature rate")))
    return made


def _exotherm_rows(exotherms: list[dict[str, Any]]) -> list[tuple[str, ...]]:

    made = []
    for i, entry in enumerate(exotherms, 1):
        ends = [show(entry[end]["temperature_K"], "temperature") for end in ("start", "end")]
        made.append((str(i), *ends, f"{entry['rise_K']:.2f} K", show(entry["duration_s"], "time"), entry["end"]["reason"]))
    return made


def _kinetics_lines(made: dict[str, Any]) -> list[str]:

    energy = made["activation_energy_J_per_mol"]
    if energy is None:
        return [f"no apparent activation energy: {made['reason']}"]
    low, high = (show(T, "temperature") for T in made["range_K"])
    half = 0.5 * (made["interval_J_per_mol"][1] - made["interval_J_per_mol"][0])
    lines = [
        f"apparent activation energy {energy / 1e3:.1f} +- {half / 1e3:.1f} kJ/mol (95 %), from {low} to {high}, {made['points']} points; "
        f"ln K = {made['log_factor_ln_K_per_s']:.3f} (K/s)"
    ]
    if made["time_to_maximum_rate_at_start_s"] is not None:
        measured = made["time_to_maximum_rate_measured_s"]
        beside = f"; {show(measured, 'time')} in the record" if measured is not None else ""
        start = show(made["start"]["temperature_K"], "temperature")
        lines.append(f"time to maximum rate from {start}: {show(made['time_to_maximum_rate_at_start_s'], 'time')}{beside}")
    if made["temperature_of_24_h_K"] is not None:
        lines.append(f"time to maximum rate is 24 h at {show(made['temperature_of_24_h_K'], 'temperature')}, by the line of that energy")
    return [*lines, f"(times to maximum rate: {made['assumption']})"]


def _phi_lines(made: dict[str, Any] | None) -> list[str]:

    if made is None:
        return []
    parts = [f"{name} {show(value, 'temperature')}" for name, value in {"T1": made["T1_K"], **_named_t2(made)}.items() if value is not None]
    if made["rise_K"] is not None:
        parts.append(f"rise from T1 to T3 {made['rise_K']:.4g} K")
    if made["time_to_maximum_rate_at_start_s"] is not None:
        parts.append(f"time to maximum rate {show(made['time_to_maximum_rate_at_start_s'], 'time')}")
    return [f"the bare sample, corrected for phi {made['phi']:g}: {', '.join(parts) or 'not known without an activation energy'}"]


def _named_t2(made: dict[str, Any]) -> dict[str, float | None]:
    return {f"T2 ({name})": value for name, value in made["T2_K"].items()}


def calibration_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a calibration."""
    from thermo.results.calibration_words import parameter_table, record_table, sentences

    lines = [summary["title"], *sentences(summary)]
    for head, rows in (parameter_table(summary), record_table(summary)):
        lines += ["", columns_text(rows, head)]
    if summary["expect"]:
        lines += ["", columns_text([row_text(row) for row in summary["expect"]], HEAD)]
    return "\n".join(lines + [f"warning: {warning['text']}" for warning in summary["warnings"]])


def points_text(summary: dict[str, Any]) -> str:
    """What a person wants to see of a study of points."""
    from thermo.results.points_words import conclusion_lines, tables

    lines = [summary["title"], *conclusion_lines(summary)]
    for head, rows in tables(summary):
        lines += ["", columns_text(rows, head)]
    if summary["expect"]:
        lines += ["", columns_text([row_text(row) for row in summary["expect"]], HEAD)]
    assumed = summary["inputs_assumed"]
    if assumed:
        lines += ["", f"{len(assumed)} inputs have a distribution that is assumed: {', '.join(entry['key'] for entry in assumed)}"]
    return "\n".join(lines + [f"warning: {warning['text']}" for warning in summary["warnings"]])
