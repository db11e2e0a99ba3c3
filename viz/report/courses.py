"""The charts of a report: what a run's history has over time, over temperature, from cell to cell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from thermo.base.constants import ZERO_CELSIUS
from viz import curves, theme
from viz.read import Floats, Run, number
from viz.report.chart import Chart, Curve, Mark, covering, thinned

EARLY = curves.EARLY  # of a run: what changes earlier is seen over the logarithm of time alone
SHORT = 0.2  # of a run: an event that takes less of it has a chart of its own
LEAST_AROUND = 0.005  # of a run: what is seen beside an event, however short it is
DWARFED = 0.5  # of the whole rise: curves that stay below it are drawn once more without the others
LEAST_CONVERTED = 1e-3  # a conversion that changes less is not drawn
EXTENT = "_kg_per_m3"
CRITERION = 1.0  # K/s, that of T2
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#b37700", "#2f8fc4", "#555555")  # read well as words on white too


def colour(number: int, of: int) -> str:
    """The colour of a curve and its name."""
    return COLOURS[number] if of <= len(COLOURS) else theme.colour(number, of)


def charts(runs: Sequence[Run]) -> list[Chart]:
    """All charts of one run, or of the members of a study together; those that say nothing are left out."""
    several = len(runs) > 1
    moving = [run for run in runs if len(run.time) > 1]
    scans = [run for run in moving if "heat_flow_W_per_g" in run.columns]
    cells = [run for run in moving if run.is_cell and run not in scans]
    bodies = [run for run in moving if not run.is_cell and run.probes]
    made: list[Chart] = []
    for run in cells if not several else ():
        made += test(run)
    if several and cells:
        made += temperatures(cells)
    if cells:
        made += rates(cells)
    if bodies:
        made += probes(bodies)
    if scans:
        made += [heat_flows(scans)]
    for run in moving if not several else ():
        made += [*released(run), *conversions(run), *arrivals(run)]
    return made


def _curve(name: str, colour: str, x: Floats, y: Floats, dash: str = "") -> Curve:
    return Curve(name, colour, *thinned(np.asarray(x, float), np.asarray(y, float)), dash)


def _marks(run: Run, size: float, origin: float = 0.0) -> list[Mark]:
    """T1, T2, T3 and cessation of a test, over time."""
    shades = {"T1": "#8a3b00", "T2": "#a03000", "T3": "#6a1b7a", "cessation": "#00644a"}
    return [
        Mark(
            (mark.time - origin) / size,
            mark.temperature - ZERO_CELSIUS,
            f"{mark.name} {theme.degrees(mark.temperature)}",
            shades[mark.name],
        )
        for mark in run.marks()
    ]


def test(run: Run) -> list[Chart]:
    """A calorimeter test or an oven test of a cell: the whole of it up to a runaway, and the runaway or the exotherm by itself."""
    away, stopped = curves.runaway_zoom(run), curves.exotherm_zoom(run)
    unit, size = theme.time_unit(float(run.time[-1]))
    T = theme.celsius(run.columns["sample_K"])
    around = {name: theme.celsius(run.columns[f"{name}_K"]) for name in curves.AROUND if f"{name}_K" in run.columns}
    until = away[0] if away else float(run.time[-1])
    part = run.time <= until * (1.0 + 1e-12)
    lines = [_curve(name, "#777777", run.time[part] / size, y[part], "5 4") for name, y in around.items()]
    lines.insert(0, _curve("sample", COLOURS[0], run.time[part] / size, T[part]))
    shades = [(name, start / size, end / size) for name, start, end in curves.phases(run)]
    words = "The runaway has a chart of its own." if away else ""
    made = [
        Chart("The test" + (" up to the runaway" if away else ""), f"time [{unit}]", "temperature [°C]", lines,
              (0.0, max(until, 1e-12) / size * 1.02), covering([line.y for line in lines], 0.12), unit, shades=shades,
              marks=_marks(run, size), caption=words)
    ]  # fmt: skip
    if away:
        made.append(_close_up(run, T, away, "The runaway", away[0]))
    elif stopped and stopped[1] - stopped[0] < 0.8 * float(run.time[-1]):
        made.append(_close_up(run, T, stopped, "The exotherms" if len(run.summary["exotherms"]) > 1 else "The exotherm", 0.0))
    return made


def _close_up(run: Run, T: Floats, zoom: curves.Zoom, title: str, origin: float) -> Chart:
    """A part of a test by itself."""
    start, end, words = zoom
    margin = 0.1 * (end - start)
    low, high = max(start - margin, 0.0), min(end + margin, max(float(run.time[-1]), end))
    unit, size = theme.time_unit(end - start if origin else float(run.time[-1]))
    part = (run.time >= low) & (run.time <= high)
    line = _curve("sample", COLOURS[0], (run.time[part] - origin) / size, T[part])
    shades = [(name, (a - origin) / size, (b - origin) / size) for name, a, b in curves.phases(run)]
    return Chart(title, words.format(unit), "temperature [°C]", [line], ((low - origin) / size, (high - origin) / size),
                 covering([line.y], 0.1), unit, shades=shades, marks=_marks(run, size, origin))  # fmt: skip


def temperatures(runs: Sequence[Run]) -> list[Chart]:
    """Several tests over the same time."""
    end = max(float(run.time[-1]) for run in runs)
    unit, size = theme.time_unit(end)
    lines = [_curve(run.name, colour(i, len(runs)), run.time / size, theme.celsius(run.columns["sample_K"])) for i, run in enumerate(runs)]
    y = covering([line.y for line in lines])
    return [Chart("Temperature of the samples", f"time [{unit}]", "temperature [°C]", lines, (0.0, end / size), y, unit)]


def rates(runs: Sequence[Run]) -> list[Chart]:
    """Self-heating rate over the scale on which one reaction is a straight line."""
    lines, low, high = [], np.inf, -np.inf
    limits = sorted({limit * 60.0 for limit in (run.sensitivity() for run in runs) if limit})
    floor = np.log10(limits[0] / 20.0) if limits else np.log10(curves.LOWEST_RATE)
    for i, run in enumerate(runs):
        T, y = curves.self_heating(run)
        seen = np.nan_to_num(y) > 10.0**floor
        if seen.sum() < 2:
            continue
        rows = np.flatnonzero(seen)
        lines.append(Curve(run.name, colour(i, len(runs)), -1000.0 / (T[rows] + ZERO_CELSIUS), np.log10(y[rows])))
        low, high = min(low, float(T[rows].min())), max(high, float(T[rows].max()))
    if not lines:
        return []
    low, high = low - 3.0, high + 0.03 * (high - low) + 3.0
    levels = [(float(np.log10(limit)), f"sensitivity {limit:.3g} K/min") for limit in limits]
    if max(float(line.y.max()) for line in lines) > np.log10(60.0 * CRITERION) - 1.0:
        levels.append((float(np.log10(60.0 * CRITERION)), "criterion of T2, 1 K/s"))
    places = [(-1000.0 / (t + ZERO_CELSIUS), f"{t:g}") for t in curves.arrhenius_ticks(low, high, 0.06)]
    top = max(float(line.y.max()) for line in lines)
    return [
        Chart("Self-heating rate, temperature spaced as −1/T", "temperature [°C]", "self-heating rate [K/min]", lines,
              (-1000.0 / (low + ZERO_CELSIUS), -1000.0 / (high + ZERO_CELSIUS)), (float(floor), max(top, float(floor) + 2.0) + 0.4),
              "", "K/min", levels=levels, log=True, x_ticks=places,
              caption="What heats the sample from outside is left out.")
    ]  # fmt: skip


def probes(runs: Sequence[Run]) -> list[Chart]:
    """Temperature at the probes; once more without those that dwarf the others, and an event that is short by itself."""
    named = {(run.name, name): theme.celsius(run.columns[f"{name}_K"]) for run in runs for name in run.probes}
    of = {run.name: run for run in runs}
    single = len(runs) == 1
    names = [name if single else f"{run}: {name}" for run, name in named]
    lines = [
        Curve(word, colour(i, len(named)), np.asarray(of[run].time, float), np.asarray(y, float))  # thinned once it is known what is seen
        for i, (word, ((run, _), y)) in enumerate(zip(names, named.items(), strict=True))
    ]
    end = max(float(run.time[-1]) for run in runs)
    first = curves.first_change(runs, {key: np.asarray(y) for key, y in named.items()})
    if first <= EARLY * end:
        return [_over_log_time(lines, first, end)]
    made = [_probes("Temperature at the probes", lines, 0.0, end)]
    event = _event(lines)
    if event and event[1] - event[0] < SHORT * end:
        made.append(_probes("The same, while it changes most", lines, *event))
    bottom, top = covering([line.y for line in lines], 0.0)
    calm = [line for line in lines if float(line.y.max()) - bottom < DWARFED * (top - bottom) and float(np.ptp(line.y)) > 0.5]
    if calm and len(calm) < len(lines):
        made.append(_probes("The same without those that get hottest", calm, 0.0, end))
    return made


def _probes(title: str, lines: Sequence[Curve], start: float, end: float) -> Chart:
    unit, size = theme.time_unit(end - start)
    drawn = []
    for line in lines:
        part = (line.x > start) & (line.x < end)
        ends = np.array([max(start, line.x[0]), min(end, line.x[-1])])  # between two rows too: a line ends at its frame
        first, last = np.interp(ends, line.x, line.y)
        x = np.concatenate([ends[:1], line.x[part], ends[1:]])
        drawn.append(_curve(line.name, line.colour, x / size, np.concatenate([[first], line.y[part], [last]])))
    y = covering([line.y for line in drawn])
    return Chart(title, f"time [{unit}]", "temperature [°C]", drawn, (start / size, end / size), y, unit)


def _over_log_time(lines: Sequence[Curve], first: float, end: float) -> Chart:
    """Probes of which the first changes very early."""
    start = 10.0 ** np.floor(np.log10(first))
    drawn = []
    for line in lines:
        later = line.x > 0.0
        drawn.append(_curve(line.name, line.colour, np.log10(line.x[later]), line.y[later]))
    powers = range(int(np.log10(start)), int(np.ceil(np.log10(end))) + 1)
    places = [(float(p), theme.time_text(10.0**p)) for p in powers]
    y = covering([line.y for line in drawn])
    return Chart("Temperature at the probes, over the logarithm of time", "time", "temperature [°C]", drawn,
                 (float(np.log10(start)), float(np.log10(end))), y, x_ticks=places)  # fmt: skip


def _event(lines: Sequence[Curve]) -> tuple[float, float] | None:
    """From when to when the curve that changes most goes from 5 to 95 % of its largest rise [s], a little more on either side."""
    largest = max(lines, key=lambda line: float(np.ptp(line.y)), default=None)
    if largest is None or float(np.ptp(largest.y)) < 1.0:
        return None
    peak = int(np.argmax(largest.y))
    rise = largest.y[: peak + 1] - largest.y[: peak + 1].min()
    if peak == 0:
        return None
    begun = float(largest.x[np.flatnonzero(rise <= 0.05 * rise[-1])[-1]])
    over = float(largest.x[np.flatnonzero(rise >= 0.95 * rise[-1])[0]])
    margin = max(0.5 * (over - begun), LEAST_AROUND * float(largest.x[-1]))
    if over - begun > 0.5 * SHORT * float(largest.x[-1]):  # slow at first: the part that is steep
        lasting = np.minimum.accumulate(rise[::-1])[::-1]  # a node of a coarse mesh that flares up and cools is no event
        begun, over = _steepest(largest.x[: peak + 1], lasting / rise[-1])
        margin = max(2.0 * (over - begun), 0.01 * float(largest.x[-1]))
    return max(begun - margin, 0.0), min(over + 2.0 * margin, float(largest.x[-1]))


def _steepest(time: Floats, share: Floats) -> tuple[float, float]:
    """The shortest time in which a rise gains two fifths of the whole, of its `share` at each time: start and end [s]."""
    gained = np.linspace(0.0, 0.6, 61)
    starts, ends = (time[np.minimum(np.searchsorted(share, level), len(time) - 1)] for level in (gained, gained + 0.4))
    least = int(np.argmin(ends - starts))
    return float(starts[least]), float(ends[least])


def heating_rate(run: Run) -> float | None:
    """The rate of a scan [K/s], where the case says one."""
    programme = run.case.get("programme")
    return number(programme.get("rate")) if isinstance(programme, dict) else None


def heat_flows(runs: Sequence[Run]) -> Chart:
    """DSC curves above their baselines, the peaks named where there is one curve."""
    lines = []
    for i, run in enumerate(runs):
        name = run.name if len(runs) > 1 else "heat flow"
        lines.append(_curve(name, colour(i, len(runs)), theme.celsius(run.columns["sample_K"]), run.columns["heat_flow_W_per_g"]))
    marks = []
    for i, run in enumerate(runs):
        for count, peak in enumerate((run.summary.get("dsc") or {}).get("peaks", ()), 1):
            at = peak["temperature_K"] - ZERO_CELSIUS
            words = f"peak {count}, {at:.1f} °C" if len(runs) == 1 else f"{at:.1f} °C"
            marks.append(Mark(at, float(np.interp(at, lines[i].x, lines[i].y)), words, colour(i, len(runs))))
        if len(runs) == 1 and "baseline_W" in run.columns:
            flow = run.columns["heat_flow_W"]
            per_gram = np.divide(run.columns["heat_flow_W_per_g"], flow, out=np.zeros_like(flow), where=flow != 0.0).max()
            lines.append(_curve("baseline", "#777777", theme.celsius(run.columns["sample_K"]), run.columns["baseline_W"] * per_gram, "5 4"))
    x = covering([line.x for line in lines], 0.0)
    rates = {60.0 * rate for run in runs if (rate := heating_rate(run)) is not None}
    title = "Heat flow, exothermic up" + (f", at {rates.pop():.3g} K/min" if len(rates) == 1 else "")
    return Chart(title, "temperature [°C]", "heat flow [W/g]", lines, x, covering([line.y for line in lines], 0.12),
                 "°C", "W/g", marks=marks)  # fmt: skip


def released(run: Run) -> list[Chart]:
    """What each reaction releases over time, one on the other, while any of it lasts.

    Where less than 1/200 of the heat comes in a tenth of that time, as in a flare long before the burn, it begins later.
    """
    names = [name for name in run.summary["energy"].get("released_J", {}) if f"heat_{name}_W" in run.columns]
    each = [np.asarray(run.columns[f"heat_{name}_W"], float) for name in names]
    if not names or "heat_flow_W_per_g" in run.columns:
        return []
    total = np.sum(np.abs(each), axis=0)
    if not total.max() > 0.0:
        return []
    heard = [bool(np.abs(heat).max() > 1e-6 * total.max()) for heat in each]
    names, each = (list(itertools.compress(values, heard)) for values in (names, each))
    loud = np.flatnonzero(total > 0.005 * total.max())
    out = np.append(0.0, np.cumsum(0.5 * (total[1:] + total[:-1]) * np.diff(run.time)))
    main = loud[out[loud] > 0.005 * out[-1]]
    if len(main) and run.time[main[0]] - run.time[loud[0]] > 0.1 * (run.time[loud[-1]] - run.time[loud[0]]):
        loud = main
    first, last = max(loud[0] - 1, 0), min(loud[-1] + 1, len(total) - 1)
    start, end = float(run.time[first]), float(run.time[last])
    if not end > start:
        return []
    unit, size = theme.time_unit(end - start)
    later = start > 0.1 * float(run.time[-1])
    origin = start if later else 0.0
    at = np.unique(np.concatenate([np.linspace(start, end, 500), thinned(run.time[first : last + 1], total[first : last + 1], 150)[0]]))
    upper, scale, word = np.zeros_like(at), *((1e-3, "kW") if total.max() > 2000.0 else (1.0, "W"))
    lines = []
    for i, (name, heat) in enumerate(zip(names, each, strict=True)):
        lower, upper = upper, upper + np.interp(at, run.time, heat) * scale
        lines.append(Curve(name, colour(i, len(names)), (at - origin) / size, upper, below=lower))
    words = f"time after {theme.time_text(origin, 4)} [{unit}]" if later else f"time [{unit}]"
    y = covering([line.y for line in lines], floor=0.0)
    seen = (start - origin) / size, (end - origin) / size
    return [
        Chart("Heat of the reactions, one on the other", words, f"heat [{word}]", lines, seen, y, unit, word,
              caption="Under the pointer each curve is the sum of its reaction and those below it.")
    ]  # fmt: skip


def conversions(run: Run) -> list[Chart]:
    """How far each reaction of a cell has gone, over temperature while it rises; of a body over time, a chart of each reaction."""
    if not run.is_cell:
        return _of_regions(run)
    names = [name for name in run.columns if name.startswith("conversion_")]
    if not names:
        return []
    T = theme.celsius(run.columns["sample_K"])
    until = int(np.argmax(T)) + 1
    if until < 3:
        return []
    lines = [
        _curve(name.removeprefix("conversion_"), colour(i, len(names)), T[:until], run.columns[name][:until])
        for i, name in enumerate(names)
    ]
    lines = [line for line in lines if len(line.y) and float(line.y.max()) > LEAST_CONVERTED]
    if not lines:
        return []
    return [
        Chart("Conversion of the reactions", "temperature [°C]", "conversion [–]", lines, covering([T[:until]], 0.0), (0.0, 1.05), "°C", "")
    ]


def _of_regions(run: Run) -> list[Chart]:
    """How far each reaction has gone in each region over time: a chart of each reaction, or one of all where one region reacts.

    Of a mechanism in shares that is its conversion, of one in amounts its extent; each is the mean over a region.
    """
    regions = sorted(run.summary.get("regions") or {}, key=len, reverse=True)  # of two that fit the longer name is meant
    made: list[Chart] = []
    for start, end, label in (
        ("conversion_", "", "conversion, mean of the region [–]"),
        ("extent_", EXTENT, "extent, mean of the region [kg/m³]"),
    ):
        found: dict[str, dict[str, Floats]] = {}
        for name in run.columns:
            rest = name.removeprefix(start).removesuffix(end)
            region = next((region for region in regions if rest.startswith(f"{region}_")), None)
            if name == f"{start}{rest}{end}" and region is not None:
                found.setdefault(rest.removeprefix(f"{region}_"), {})[region] = np.asarray(run.columns[name], float)
        made += _over_time(run, found, label)
    return made


def _over_time(run: Run, found: dict[str, dict[str, Floats]], label: str) -> list[Chart]:
    """Courses of reactions by reaction and region, those that change, from the moment at which the first one does."""
    largest = max((float(np.max(np.abs(y))) for each in found.values() for y in each.values()), default=0.0)
    least = LEAST_CONVERTED * (1.0 if "[–]" in label else largest)
    found = {name: {region: y for region, y in each.items() if float(np.ptp(y)) > least} for name, each in found.items()}
    found = {name: each for name, each in found.items() if each}
    reacting = {region for each in found.values() for region in each}
    if not found:
        return []
    if len(reacting) == 1:
        (region,) = reacting
        found = {f"the reactions in {region}": {reaction: each[region] for reaction, each in found.items()}}
    going = np.any([np.abs(y - y[0]) > least for each in found.values() for y in each.values()], axis=0)
    start, end = float(run.time[max(int(np.argmax(going)) - 1, 0)]), float(run.time[-1])
    origin = start if start > 0.1 * end else 0.0
    unit, size = theme.time_unit(end - origin)
    words = f"time after {theme.time_text(origin, 4)} [{unit}]" if origin else f"time [{unit}]"
    made = []
    for what, each in found.items():
        lines = [_curve(name, colour(i, len(each)), (run.time - origin) / size, y) for i, (name, y) in enumerate(each.items())]
        share = "[–]" in label and max(float(line.y.max()) for line in lines) <= 1.05  # a film that forms anew passes 1
        heights = (0.0, 1.05) if share else covering([line.y for line in lines], floor=0.0)
        title = f"{label.partition(',')[0].capitalize()} of {what}"
        made.append(Chart(title, words, label, lines, (0.0, (end - origin) / size), heights, unit, ""))
    return made


def arrivals(run: Run) -> list[Chart]:
    """When runaway comes to each cell, in the order in which it comes."""
    cells = [(name, entry) for name, entry in (run.summary.get("arrivals") or {}).items() if entry["time_s"] is not None]
    cells.sort(key=lambda pair: float(pair[1]["time_s"]))
    if len(cells) < 2:
        return []
    first, last = (float(cells[i][1]["time_s"]) for i in (0, -1))
    origin = first if last - first < SHORT * first else 0.0
    unit, size = theme.time_unit(max(last - origin, 1e-9))
    times = (np.array([entry["time_s"] for _, entry in cells]) - origin) / size
    order = np.arange(1.0, len(cells) + 1.0)
    steps = [b - a if b - a > 1e-6 * times[-1] else 0.0 for a, b in itertools.pairwise(times)]  # mirrored cells go off together
    line = Curve("runaway", COLOURS[1], times, order, dots=True)
    few = len(cells) <= 24
    named = [f"{name}, {1e3 * speed:.3g} mm/s" if (speed := entry.get("speed_m_per_s")) else name for name, entry in cells]
    marks = [Mark(float(t), float(n), name, COLOURS[1]) for t, n, name in zip(times, order, named, strict=True)] if few else []
    words = f"From one cell to the next {min(steps):.3g} to {max(steps):.3g} {unit}, {float(np.mean(steps)):.3g} {unit} on average."
    return [
        Chart("When runaway comes to each cell", f"time after {theme.time_text(origin, 4)} [{unit}]" if origin else f"time [{unit}]",
              "cell, in the order of arrival", [line], (-0.03 * float(times[-1]) if origin else 0.0, max(float(times[-1]), 1e-9) * 1.16),
              (0.0, len(cells) + 1.0), unit, "", marks=marks, caption=words)
    ]  # fmt: skip
