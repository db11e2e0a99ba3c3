"""What a summary says, in sentences and rows of tables, for the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from thermo.base.constants import ZERO_CELSIUS
from thermo.casefile.result_units import dimension_of_key
from thermo.casefile.units import show
from thermo.results.words import aim_text, shown
from viz import theme

Summary = dict[str, Any]
PRIMARY = "1 K/s"  # of several criteria for T2 the one that is told first


class Card(NamedTuple):
    """A headline number: what it is, its value, the kind of statement, a word more."""

    name: str
    value: str
    kind: str
    more: str = ""


class Row(NamedTuple):
    """Cells of a table."""

    cells: tuple[str, ...]
    mark: str = ""


def degrees(kelvin: float) -> str:
    """A temperature."""
    return theme.degrees(kelvin)


def after(seconds: float) -> str:
    """A moment, in words."""
    return f"after {theme.time_text(seconds, 4)}" if seconds > 0.0 else "at the start"


CAUTION = ("imposed", "calibrated", "selected", "predicted", "exact")  # of several kinds that are stated of a result the first is told


def kind_of(summary: Summary, *keys: str) -> str:
    """The kind that expectations state of a result: of the first key that any speaks of, else `computed`."""
    for key in keys:
        stated = {entry["kind"] for entry in summary["expect"] if entry["name"] == key or entry["name"].startswith(f"{key}.")}
        if stated:
            return str(min(stated, key=CAUTION.index))
    return "computed"


def second(onsets: Summary) -> tuple[str, Summary] | None:
    """The criterion of T2 that was met, and where; the primary one before others."""
    found = {name: entry for name, entry in (onsets.get("T2") or {}).items() if entry}
    name = PRIMARY if PRIMARY in found else next(iter(found), None)
    return None if name is None else (name, found[name])


def verdict(summary: Summary) -> list[str]:
    """What came out, in sentences: the runaway, where it comes, what the limits say."""
    found = []
    if summary["status"] != "complete":
        found.append(f"The run is not whole: {summary['end']['reason']}.")
    if summary.get("stability"):
        found += _stability(summary["stability"])
    elif summary.get("dsc"):
        found += _scan(summary["dsc"])
    else:
        found += _cell(summary) if summary["definitions"] is not None or "regions" not in summary else []
        found += _body(summary) if "regions" in summary else []
        found += _not_predicted(summary)
    return found + _limits(summary["expect"])


MEANING = {
    "calibrated": "numbers were fitted to them, so the run reproduces them and does not predict them",
    "imposed": "put in by hand",
    "selected": "free choices were made with them in view",
}


def _not_predicted(summary: Summary) -> list[str]:
    """Of the onsets that were found, those that no prediction gave."""
    onsets = summary["onsets"]
    named = {"T1": onsets["T1"], "T2": second(onsets), "T3": onsets["T3"], "cessation": onsets["cessation"]}
    keys = {"T2": f"onsets.T2.{PRIMARY}"}
    found: dict[str, list[str]] = {}
    for name, entry in named.items():
        if entry:
            found.setdefault(kind_of(summary, keys.get(name, f"onsets.{name}")), []).append(name)
    return [
        f"{' and '.join(', '.join(names).rsplit(', ', 1))} {'is' if len(names) == 1 else 'are'} {kind}: {MEANING[kind]}."
        for kind, names in found.items()
        if kind in MEANING
    ]


def _cell(summary: Summary) -> list[str]:
    """Of a sample that a calorimeter watches, or that has one temperature: whether it heats itself and runs away."""
    onsets, ran = summary["onsets"], second(summary["onsets"])
    first, last, over = onsets["T1"], onsets["T3"], onsets["cessation"]
    if ran and ran[0] == PRIMARY:
        start = f"heats itself from {degrees(first['temperature_K'])} on, " if first else ""
        end = f" and reaches {degrees(last['temperature_K'])}" if last else ""
        return [f"The sample {start}runs away at {degrees(ran[1]['temperature_K'])}{end}."]
    never = f"It does not run away in this run (no T2 by {PRIMARY})."
    if first:
        start = f"The sample heats itself from {degrees(first['temperature_K'])} on"
        if over:
            return [f"{start}; its self-heating falls below what the instrument detects at {degrees(over['temperature_K'])}.", never]
        return [f"{start}.", never]
    hottest = summary["probes"].get("sample")
    if hottest is None:
        return ["The instrument detects no self-heating."]
    return [f"The sample reaches {degrees(hottest['maximum_K'])} {after(hottest['time_of_maximum_s'])}.", never]


def _body(summary: Summary) -> list[str]:
    regions = summary["regions"]
    steady = summary["end"]["time_s"] == 0.0
    name, hottest = max(regions.items(), key=lambda pair: float(pair[1]["maximum_K"])) if regions else ("", None)
    cells = summary.get("arrivals") or {}
    found = []
    if cells:
        found.append(_arrivals(cells))
    if hottest and steady:
        coldest = min(float(region["minimum_K"]) for region in regions.values())
        found.append(
            f"In the steady state temperatures go from {degrees(coldest)} to {degrees(hottest['maximum_K'])}, the hottest in {name}."
        )
    elif hottest:
        found.append(f"The hottest place, in {name}, reaches {degrees(hottest['maximum_K'])} {after(hottest['time_of_maximum_s'])}.")
    return found


def _arrivals(cells: Summary) -> str:
    came = {name: entry for name, entry in cells.items() if entry["time_s"] is not None}
    if len(cells) == 1:
        (name, entry), *_ = cells.items()
        if came:
            return f"Runaway comes to {name} {after(entry['time_s'])}."
        return f"Runaway does not come to {name}: its mean stays {entry['short_by_K']:.3g} K short of it."
    if not came:
        nearest = min(cells.items(), key=lambda pair: float(pair[1]["short_by_K"]))
        return f"Runaway comes to none of {len(cells)} cells; the mean of {nearest[0]} stays {nearest[1]['short_by_K']:.3g} K short of it."
    last = max(came.items(), key=lambda pair: float(pair[1]["time_s"]))
    if len(came) == len(cells):
        return f"Runaway comes to all {len(cells)} cells, the last being {last[0]} {after(last[1]['time_s'])}."
    missed = min(((n, e) for n, e in cells.items() if n not in came), key=lambda pair: float(pair[1]["short_by_K"]))
    words = f"Runaway comes to {len(came)} of {len(cells)} cells, the last being {last[0]} {after(last[1]['time_s'])}; "
    return f"{words}the mean of {missed[0]} stays {missed[1]['short_by_K']:.3g} K short of it."


def _scan(scan: Summary) -> list[str]:
    peaks = [degrees(peak["temperature_K"]) for peak in scan["peaks"]]
    heat = in_words(show(scan["area_J_per_kg"], "specific energy"))
    named = f"{len(peaks)} peak{'s' if len(peaks) > 1 else ''}, at {', '.join(peaks)}" if peaks else "no peak"
    return [f"The scan has {named}; {heat} are released above the baseline."]


def _stability(found: Summary) -> list[str]:
    critical = found["critical_ambient_K"]
    asked = found["asked_K"][-1] if isinstance(found["asked_K"], list) else found["asked_K"]
    if found["stable"]:
        return [f"The sample is stable in surroundings up to {degrees(found['ambient_K'])}."]
    if critical is None:
        return [f"The sample is unstable in surroundings of {degrees(asked)}."]
    return [f"The sample is stable in surroundings up to {degrees(critical)}; in hotter ones its heat outgrows the loss."]


def _limits(expect: Sequence[Summary]) -> list[str]:
    """One sentence of all limits, and one of each that is not kept."""
    limits = [entry for entry in expect if entry.get("above") is not None or entry.get("below") is not None]
    if not limits:
        return []
    broken = [entry for entry in limits if not entry["holds"]]
    if not broken:
        nearest = (
            min((e for e in limits if e["margin"] is not None), key=lambda e: float(e["margin"]), default=None)
            if len(limits) == 1
            else None
        )
        margin = f", by {_difference(nearest)}" if nearest else ""
        return [f"{'The limit is' if len(limits) == 1 else f'All {len(limits)} limits are'} kept{margin}."]
    each = [
        f"{entry['name']} is {in_words(shown(entry['name'], entry['value']))} and not {in_words(aim_text(entry['name'], entry))}"
        for entry in broken
    ]
    return [f"{len(broken)} of {len(limits)} limits {'is' if len(broken) == 1 else 'are'} not kept: {'; '.join(each)}."]


def _difference(entry: Summary) -> str:
    dimension = dimension_of_key(entry["name"])
    return show(abs(entry["margin"]), "temperature difference" if dimension == "temperature" else dimension)


def cards(summary: Summary, instrument: bool) -> list[Card]:
    """The headline numbers of a run with the kind of each; `instrument` says whether one looks for T1."""
    if summary.get("stability"):
        return _stability_cards(summary)
    if summary.get("dsc"):
        return _scan_cards(summary)
    body = "regions" in summary
    watched = _onset_cards(summary, instrument) if summary["definitions"] is not None or not body else []
    return [*_crossing_cards(summary), *watched, *(_body_cards(summary) if body else [])][:MOST_CARDS]


def _onset_cards(summary: Summary, instrument: bool) -> list[Card]:
    onsets, ran = summary["onsets"], second(summary["onsets"])
    first, last, over = onsets["T1"], onsets["T3"], onsets["cessation"]
    found = []
    if instrument or first:
        more = (
            f"{after(first['time_s'])}; rate {100.0 * first['margin']:.2g} % above the sensitivity" if first and first.get("margin") else ""
        )
        found.append(
            Card("T1, onset of self-heating", degrees(first["temperature_K"]) if first else "none", kind_of(summary, "onsets.T1"), more)
        )
    if ran:
        found.append(Card(f"T2, runaway ({ran[0]})", degrees(ran[1]["temperature_K"]), kind_of(summary, f"onsets.T2.{ran[0]}", "onsets.T2"),
                          after(ran[1]["time_s"])))  # fmt: skip
    else:
        found.append(Card("T2, runaway", "none", kind_of(summary, f"onsets.T2.{PRIMARY}", "onsets.T2")))
    if last:
        later = f"{theme.time_text(last['time_s'] - ran[1]['time_s'])} after T2" if ran else after(last["time_s"])
        found.append(Card("T3, peak", degrees(last["temperature_K"]), kind_of(summary, "onsets.T3"), later))
    elif "sample" in summary["probes"]:
        hottest = summary["probes"]["sample"]
        found.append(
            Card("hottest", degrees(hottest["maximum_K"]), kind_of(summary, "probes.sample.maximum_K"), after(hottest["time_of_maximum_s"]))
        )
    if over:
        found.append(Card("self-heating stops", degrees(over["temperature_K"]), kind_of(summary, "onsets.cessation"),
                          f"rate {abs(100.0 * over['margin']):.2g} % below the sensitivity"))  # fmt: skip
    fastest = summary["maximum_rate"]
    if fastest and ran:
        text = show(fastest["rate_K_per_s"], "temperature rate") if fastest["rate_K_per_s"] < 1.0 else f"{fastest['rate_K_per_s']:.3g} K/s"
        found.append(
            Card("fastest self-heating", text, kind_of(summary, "maximum_rate.rate_K_per_s"), f"at {degrees(fastest['temperature_K'])}")
        )
    return found


MOST_CARDS = 8


def _crossing_cards(summary: Summary) -> list[Card]:
    found = []
    for name, entry in summary["crossings"].items():
        value, more = ("never", "") if entry is None else (theme.time_text(entry["time_s"], 4), f"at {degrees(entry['temperature_K'])}")
        missed = (summary.get("missed_crossings") or {}).get(name)
        if entry is None and missed:
            fastest = missed.get("nearest_K_per_s")
            more = f"{missed['short_by_K']:.3g} K short of it" if fastest is None else f"fastest {show(fastest, 'temperature rate')}"
        found.append(Card(name.replace("-", " "), value, kind_of(summary, f"crossings.{name}"), more))
    return found[:MOST_CARDS]


def _body_cards(summary: Summary) -> list[Card]:
    found, cells = [], summary.get("arrivals") or {}
    came = [entry for entry in cells.values() if entry["time_s"] is not None]
    if len(cells) > 1:
        found.append(Card("cells that run away", f"{len(came)} of {len(cells)}", "computed"))
        delays = [entry["delay_s"] for entry in came if entry["delay_s"] is not None]
        if delays:
            mean = sum(delays) / len(delays)
            kinds = {kind_of(summary, f"arrivals.{name}.delay_s") for name, entry in cells.items() if entry["delay_s"] is not None}
            kind = kinds.pop() if len(kinds) == 1 else "computed"  # a mean is of a kind if all that it is made of are
            more = f"{theme.time_text(min(delays))} to {theme.time_text(max(delays))}"
            found.append(Card("from cell to cell, on average", theme.time_text(mean, 4), kind, more if len(delays) > 1 else ""))
    elif cells:
        ((name, entry),) = cells.items()
        value = theme.time_text(entry["time_s"], 4) if came else "never"
        more = "" if came else f"{entry['short_by_K']:.3g} K short of it"
        found.append(Card(f"runaway of {name}", value, kind_of(summary, f"arrivals.{name}.time_s"), more))
    regions = sorted(summary["regions"].items(), key=lambda pair: -float(pair[1]["maximum_K"]))
    steady = summary["end"]["time_s"] == 0.0
    for name, entry in regions[: 1 if cells else 3]:
        more = "" if steady else after(entry["time_of_maximum_s"])
        found.append(Card(f"hottest of {name}", degrees(entry["maximum_K"]), kind_of(summary, f"regions.{name}.maximum_K"), more))
    return found


def _scan_cards(summary: Summary) -> list[Card]:
    found = []
    for i, peak in enumerate(summary["dsc"]["peaks"]):
        more = "" if peak["onset_K"] is None else f"onset {degrees(peak['onset_K'])}"
        found.append(Card(f"peak {i + 1}", degrees(peak["temperature_K"]), kind_of(summary, f"dsc.peaks.{i}.temperature_K"), more))
    heat = show(summary["dsc"]["area_J_per_kg"], "specific energy")
    return [*found[:MOST_CARDS], Card("heat released", heat, kind_of(summary, "dsc.area_J_per_kg"))]


def _stability_cards(summary: Summary) -> list[Card]:
    found = summary["stability"]
    critical, rate = found["critical_ambient_K"], found["lambda_1_per_s"]
    made = [
        Card(
            "critical surroundings",
            "not known" if critical is None else degrees(critical),
            kind_of(summary, "stability.critical_ambient_K"),
        )
    ]
    made.append(
        Card(
            "lowest eigenvalue",
            f"{rate:.4g} 1/s",
            kind_of(summary, "stability.lambda_1_per_s"),
            f"in surroundings of {degrees(found['ambient_K'])}",
        )
    )
    return [*made, Card("hottest place there", degrees(found["hottest_K"]), kind_of(summary, "stability.hottest_K"))]


def onset_rows(summary: Summary) -> list[Row]:
    """T1, T2 by every criterion, T3, cessation, with their definition and margin; those at the hottest place of a body. None of a scan."""
    found, onsets = [], summary["onsets"]
    if summary.get("dsc"):
        return []
    if summary["definitions"] is not None:
        ran = second(onsets)
        named = [("T1", onsets["T1"]), *((f"T2, {name}", entry) for name, entry in onsets["T2"].items()), ("T3", onsets["T3"])]
        for name, entry in [*named, ("cessation", onsets["cessation"])]:
            if entry is None:
                found.append(Row((name, "none", "–", "", "–")))
                continue
            criterion = (
                entry.get("criterion") or summary["definitions"].get(name.replace(",", "")) or summary["definitions"].get(name[:2], "")
            )
            margin = f"{100.0 * entry['margin']:+.2g} %" if entry.get("margin") is not None else "–"
            late = name == "T3" and ran and 0.0 < entry["time_s"] - ran[1]["time_s"] < 600.0
            time = (
                f"{theme.time_text(entry['time_s'] - ran[1]['time_s'])} after T2" if late and ran else theme.time_text(entry["time_s"], 4)
            )
            found.append(Row((name, degrees(entry["temperature_K"]), time, criterion, margin)))
    inside = summary.get("hottest")
    if inside and inside["T3"]:
        named = [("T1", inside["T1"]), *((f"T2, {name}", entry) for name, entry in inside["T2"].items()), ("T3", inside["T3"])]
        words = "at the hottest place that reacts"
        found += [
            Row((f"{name}, inside", degrees(e["temperature_K"]), theme.time_text(e["time_s"], 4), words, "–")) for name, e in named if e
        ]
    return found


def kept(rows: Sequence[Summary]) -> list[str]:
    """How many of the statements about results hold, in a sentence; nothing where none can be judged."""
    judged = [row["holds"] for row in rows if row["holds"] is not None]
    return [f"{sum(judged)} of {len(judged)} statements about results hold."] if judged else []


def expectation_rows(rows: Sequence[Summary], member: bool = False) -> list[Row]:
    """Expected and found: result, value, what was wanted, whether it holds, kind, source."""
    found = []
    for row in rows:
        what = row["result"] if "result" in row else row["name"]
        key = what if row["unit"] else "ratio"
        key = f"{what}.temperature_K" if row["unit"] == "K" and dimension_of_key(what) == "number" else key
        holds = {True: "yes", False: "NO", None: "–"}[row["holds"]]
        cells = (
            what,
            in_words(shown(key, row["value"])),
            in_words(aim_text(key, row)),
            holds,
            row["kind"] or "computed",
            row["source"] or "",
        )
        found.append(Row(((row.get("member") or "both",) if member else ()) + cells, {"yes": "yes", "NO": "no"}.get(holds, "")))
    return found


def in_words(text: str) -> str:
    """Text of a terminal with the signs of a page."""
    return "–" if text == "-" else text.replace("+-", "±").replace(" degC", " °C").replace(" um", " µm").replace(" us", " µs")


class Entry(NamedTuple):
    """A part of the balance of energy [J], its share of the largest and the colour of its bar."""

    name: str
    value: str
    share: float
    colour: str


def energy_rows(summary: Summary) -> list[Entry]:
    """Where the heat came from and where it went; of a steady state [W]."""
    energy = summary["energy"]
    if "released_J" not in energy:
        return []
    parts = [("into the body", energy["heat_in_J"], "#e69f00")]
    parts += [(f"released by {name}", heat, "#d55e00") for name, heat in energy["released_J"].items()]
    parts += [("out of the body", energy["heat_out_J"], "#0072b2"), ("carried away by ejecta", energy["ejected_J"], "#56b4e9")]
    parts += [("stored in the end, more than at the start", energy["final_J"] - energy["initial_J"], "#009e73")]
    parts = [part for part in parts if part[1] != 0.0]
    largest = max((abs(value) for _, value, _ in parts), default=1.0)
    return [
        Entry(name, f"{value:,.5g}" if abs(value) < 1e5 else f"{value:,.0f}", 100.0 * abs(value) / largest, c) for name, value, c in parts
    ]


_ENTRY = re.compile(r"(?:\.\d+)+$")
_ORDER = {"calibrated": 0, "imposed": 1, "assumed": 2}


def input_rows(summary: Summary) -> list[Row]:
    """Inputs that are neither measured nor literature, those that matter most first: fitted before assumed, defaults last.

    The numbers of a table are one line.
    """
    groups: dict[str, list[Summary]] = {}
    for entry in summary["inputs_not_measured"]:
        groups.setdefault(_ENTRY.sub("", entry["key"]), []).append(entry)

    def weight(entries: list[Summary]) -> tuple[bool, int, int]:
        first = entries[0]
        return "a default" in (first["source"] or ""), _ORDER.get(first["status"], 3), -len(first["used_by"])

    found = []
    for key, entries in sorted(groups.items(), key=lambda pair: weight(pair[1])):
        first = entries[0]
        single = len(entries) == 1
        value = _value(first) if single else f"{len(entries)} numbers"
        found.append(Row((first["key"] if single else key, value, first["status"], first["source"] or "", _used(first["used_by"]))))
    return found


def _value(entry: Summary) -> str:
    value, unit = entry["value"], entry["unit"]
    if not isinstance(value, int | float):
        return str(value)
    if unit == "K" and "temperature" in entry["key"]:
        return f"{value - ZERO_CELSIUS:.6g} °C"
    return f"{value:.6g}" + ("" if unit in ("1", None) else f" {unit}")


def _used(keys: Sequence[str]) -> str:
    """What depends on an input, in short."""
    names = dict.fromkeys(
        re.sub(r"^(onsets|crossings|probes|regions)\.", "", re.sub(r"\.(temperature_K|time_s)$", "", key)).replace("T2.", "T2 ")
        for key in keys
    )
    short = dict.fromkeys("T2" if name.startswith("T2 ") else name for name in names)
    shown_names = list(short)[:6]
    return ", ".join(shown_names) + (f" and {len(short) - 6} more" if len(short) > 6 else "")
