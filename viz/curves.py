"""Histories: temperature at probes over log time, a calorimeter test over hours, self-heating rate over temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as Swatch
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from thermo.base.constants import ZERO_CELSIUS
from viz import theme
from viz.labels import Label, place
from viz.read import Floats, Mark, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Zoom = tuple[float, float, str]  # start and end of what is drawn larger [s], the label of its axis of time
SAME = 0.01  # of the whole rise: probes closer than this over the whole run share one curve
MOST_RUNS = 8  # with rows of their own, or labels
EARLY = 1.0 / 300.0  # of a run: what changes earlier is seen over the logarithm of time alone
CRITERION = 60.0  # K/min, that of T2
LOWEST_RATE = 1e-3  # K/min, below the sensitivity of any calorimeter


def probes(runs: Sequence[Run], colours: Mapping[str, str]) -> Figure:
    """Temperature at the probes of one or several bodies against log time, or against time where nothing happens early.

    theta = (T - T_start) / (T_held - T_start) where every history has it, degC otherwise. Colour is the body, line style the
    probe. Probes that agree within 1 % of the rise share one curve; the probe of the crossings is drawn solid.
    """
    dimensionless = all(f"{name}_theta" in run.columns for run in runs for name in run.probes)
    values = {(run.name, name): _reading(run, name, dimensionless) for run in runs for name in run.probes}
    groups = _groups(runs, values)
    figure = theme.figure(theme.WIDTH, 5.2)
    axes = figure.add_subplot()
    end, first = max(float(run.time[-1]) for run in runs), first_change(runs, values)
    unit, size = theme.time_unit(end) if first > EARLY * end else ("s", 1.0)
    theme.dress(
        axes,
        f"time [{unit}]",
        r"θ = (T − T$_\mathrm{start}$) / (T$_\mathrm{held}$ − T$_\mathrm{start}$)  [–]" if dimensionless else "temperature [°C]",
    )
    for run in runs:
        later = run.time > 0.0
        # between rows far apart a straight line in time is none over its logarithm
        drawn = (
            np.unique(np.concatenate([run.time[later], np.geomspace(run.time[later][0], run.time[-1], 500)]))
            if later.any()
            else run.time[later]
        )
        for i, group in enumerate(groups):
            if (run.name, group[0]) not in values:
                continue
            style, width = theme.PROBES[i % len(theme.PROBES)], 1.9 if i == 0 else 1.2
            y = np.interp(drawn, run.time, values[run.name, group[0]])
            axes.plot(drawn / size, y, ls=style, lw=width, color=colours[run.name], label=f"{run.name}: {group[0]}")
    if first > EARLY * end:
        axes.set_xlim(0.0, end / size)
    else:
        axes.set_xscale("log")
        axes.set_xlim(10.0 ** np.floor(np.log10(first)), end)
        axes.xaxis.set_major_locator(LogLocator(numticks=30))
        axes.xaxis.set_major_formatter(EngFormatter(unit="s", places=0))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if dimensionless:
        axes.set_ylim(-0.02, 1.04)
    axes.grid(True, which="major", lw=0.4, color="#dddddd")
    axes.set_axisbelow(True)
    bodies = [Line2D([], [], color=colours[run.name], lw=2.2, label=run.name) for run in runs]
    styles = [
        Line2D([], [], color=theme.INK, lw=1.4, ls=theme.PROBES[i % len(theme.PROBES)], label="\n".join(group))
        for i, group in enumerate(groups)
    ]
    handles = [*bodies, Line2D([], [], ls="", label=""), *styles]
    crossings = [(run, name, probe, time) for run in runs for name, (probe, time) in run.crossings().items()]
    if crossings:
        handles += [Line2D([], [], ls="", label=""), Line2D([], [], color=theme.FAINT, ls="", marker="o", ms=6, label="crossing, its time")]
    figure.legend(handles=handles, loc="outside right upper", fontsize=theme.SMALL, frameon=False, handlelength=2.6)
    marked = []
    for run, name, probe, time in crossings:
        height = float(np.interp(time, run.time, values[run.name, probe]))
        marked.append(Label(time / size, height, f"{name} {theme.time_text(time)}", colours[run.name], "o"))
    place(axes, marked)
    return figure


def _reading(run: Run, name: str, dimensionless: bool) -> Floats:
    return np.asarray(run.columns[f"{name}_theta"] if dimensionless else theme.celsius(run.columns[f"{name}_K"]))


def _groups(runs: Sequence[Run], values: Mapping[tuple[str, str], Floats]) -> list[list[str]]:
    """Probes that cannot be told apart, the probe of the crossings first."""
    crossed = [probe for run in runs for probe, _ in run.crossings().values()]
    names = list(dict.fromkeys([*crossed, *(name for run in runs for name in run.probes)]))
    span = max(float(np.nanmax(y)) for y in values.values()) - min(float(np.nanmin(y)) for y in values.values())
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            both = [(values.get((run.name, name)), values.get((run.name, group[0]))) for run in runs]
            if all(a is not None and b is not None and np.nanmax(np.abs(a - b)) <= SAME * span for a, b in both):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def first_change(runs: Sequence[Run], values: Mapping[tuple[str, str], Floats]) -> float:
    """When something is first seen to change [s]."""
    first = []
    for run in runs:
        for name in run.probes:
            y = values[run.name, name]
            moved = (np.abs(y - y[0]) > 0.02 * max(float(np.ptp(y)), 1e-300)) & (run.time > 0.0)
            first += [float(run.time[moved][0])] if moved.any() else []
    return min(first, default=float(max(run.time[-1] for run in runs)) * 1e-3)


def temperature(runs: Sequence[Run], colours: Mapping[str, str]) -> Figure:
    """Calorimeter tests: temperature over hours, the phases shaded, a row for each cell, T1, T2, T3 and cessation marked; in an oven or
    on a hot plate with the temperatures around it.

    A test that runs away has a second panel over the seconds of its runaway, and its first panel ends a little above the
    temperature at which that begins; a test with an exotherm that ends has a second panel around it. Of many tests the first are drawn.
    """
    told, runs = f"the first {MOST_RUNS} of {len(runs)} tests" if len(runs) > MOST_RUNS else "", runs[:MOST_RUNS]
    figure = theme.figure(theme.WIDTH, 0.6 + 3.1 * len(runs))
    rows = figure.add_gridspec(len(runs), 2, width_ratios=[1.55, 1.0])
    shown: dict[str, Any] = {}
    todo: list[tuple[Any, list[Label]]] = []
    for row, run in enumerate(runs):
        away = runaway_zoom(run)
        zoom = away or exotherm_zoom(run)
        axes = figure.add_subplot(rows[row, 0] if zoom else rows[row, :])
        todo.append((axes, _whole_test(axes, run, colours[run.name], away, shown)))
        if zoom:
            side = figure.add_subplot(rows[row, 1])
            todo.append((side, _close_up(side, run, colours[run.name], zoom, away is not None, shown)))
    if shown:
        handles = list(shown.values())
        figure.legend(
            handles=handles, loc="outside upper center", ncols=len(handles), fontsize=theme.SMALL, frameon=False, columnspacing=1.8
        )
    if told:
        figure.supxlabel(told, fontsize=theme.TEXT, color=theme.FAINT)
    for axes, labels in todo:
        place(axes, labels)
    return figure


def _whole_test(axes: Any, run: Run, colour: str, away: Zoom | None, shown: dict[str, Any]) -> list[Label]:
    """A test over all its time, up to where it runs `away`; its marks."""
    unit, size = theme.time_unit(float(run.time[-1]))
    T = theme.celsius(run.columns["sample_K"])
    _test(axes, run, colour, size, 0.0, shown)
    theme.dress(axes, f"time [{unit}]", "temperature [°C]", run.name, colour)
    axes.set_xlim(0.0, float(run.time[-1]) / size * 1.01)
    all_of_it = np.concatenate([T, *(theme.celsius(run.columns[f"{name}_K"]) for name in AROUND if f"{name}_K" in run.columns)])
    low, high = float(all_of_it.min()), float(all_of_it.max())
    if away:
        high = float(np.interp(away[0], run.time, T))
    axes.set_ylim(low - 0.06 * (high - low), high + (0.28 if away else 0.12) * max(high - low, 1.0))
    if away:
        axes.annotate(
            f"to {theme.degrees(float(run.columns['sample_K'].max()))}, see right",
            (1.0, 1.0),
            (-8, -3),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=theme.SMALL,
            color=colour,
            ha="right",
            va="top",
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75},
        )
    marked = [mark for mark in run.marks() if not away or mark.temperature < axes.get_ylim()[1] + ZERO_CELSIUS]
    return [_label(mark, colour, size, 0.0) for mark in marked]


def _close_up(side: Any, run: Run, colour: str, zoom: Zoom, away: bool, shown: dict[str, Any]) -> list[Label]:
    """A part of a test, from its beginning on where it runs `away`; the marks in it."""
    start, end, words = zoom
    unit, size = theme.time_unit(end - start if away else float(run.time[-1]))
    origin = start if away else 0.0
    _test(side, run, colour, size, origin, shown)
    theme.dress(side, words.format(unit), "temperature [°C]", "", colour)
    margin = (0.1 if away else 0.3) * (end - start)
    left, right = max(start - margin, 0.0), end + (0.08 if away else 0.12) * (end - start)
    side.set_xlim((left - origin) / size, (right - origin) / size)
    T = theme.celsius(run.columns["sample_K"])
    within = np.interp(np.linspace(left, min(right, float(run.time[-1])), 400), run.time, T)
    low, high = float(within.min()), float(within.max())
    side.set_ylim(low - 0.08 * (high - low), high + 0.16 * (high - low))
    return [_label(mark, colour, size, origin) for mark in run.marks() if left <= mark.time <= right]


AROUND = {"air": "--", "plate": ":"}  # temperatures around a sample, and how they are drawn


def _test(axes: Any, run: Run, colour: str, size: float, origin: float, shown: dict[str, Any]) -> None:
    """The curve of a test over its shaded phases and the temperatures around it; what the legend must say is added to `shown`."""
    time = (run.time - origin) / size
    for name, start, end in phases(run):
        shade = theme.PHASES.get(name, theme.OTHER_PHASE)
        shown[name] = Swatch(fc=shade, ec="#bbbbbb", lw=0.4, label=name)
        axes.axvspan((start - origin) / size, (end - origin) / size, fc=shade, ec="none", zorder=0)
    for name, style in AROUND.items():
        if f"{name}_K" in run.columns:
            (shown[name],) = axes.plot(time, theme.celsius(run.columns[f"{name}_K"]), ls=style, lw=1.1, color=theme.FAINT, label=name)
    axes.plot(time, theme.celsius(run.columns["sample_K"]), color=colour, lw=1.5, solid_joinstyle="round", label=run.name)


def phases(run: Run) -> list[tuple[str, float, float]]:
    """What the instrument did from when to when [s]; nothing where there is no instrument."""
    phase = run.phase
    starts = np.flatnonzero(np.append(True, phase[1:] != phase[:-1]))
    ends = np.append(run.time[starts[1:]], run.time[-1])
    return [(str(phase[i]), float(run.time[i]), float(end)) for i, end in zip(starts, ends, strict=True) if phase[i] and end > run.time[i]]


def runaway_zoom(run: Run) -> Zoom | None:
    """Start and end of a runaway [s], and the label of the axis of time; None where there is none."""
    found = {mark.name: mark for mark in run.marks()}
    ran = [(start, end) for name, start, end in phases(run) if name == "runaway"]
    if "T2" in found:
        start, words = found["T2"].time, "time after T2 [{}]"
    elif ran:
        start, words = ran[0][0], "time after the start of the runaway [{}]"
    else:
        return None
    # in an oven the cell cools again, and there is no T3
    end = found["T3"].time if "T3" in found else float(run.time[np.argmax(run.columns["sample_K"])])
    return (start, end, words) if end > start else None


def exotherm_zoom(run: Run) -> Zoom | None:
    """From the first exotherm's start to the last one's end [s]; None where none ended before the test."""
    entries = run.summary.get("exotherms") or []
    if not entries:
        return None
    start, end = entries[0]["start"]["time_s"], entries[-1]["end"]["time_s"]
    return (
        (start, end, "time [{}], around the exotherms" if len(entries) > 1 else "time [{}], around the exotherm") if end > start else None
    )


def _label(mark: Mark, colour: str, size: float, origin: float) -> Label:
    text = f"{mark.name}  {theme.degrees(mark.temperature)}"
    return Label((mark.time - origin) / size, float(theme.celsius(mark.temperature)), text, colour, theme.MARKERS[mark.name])


def rate(runs: Sequence[Run], colours: Mapping[str, str]) -> Figure:
    """Self-heating rate of all cells against temperature, on the scales in which one reaction of constant E is a straight line.

    The axis of temperature is spaced as -1/T and labelled in degC, that of the rate is logarithmic. What the heater does is left
    out, and so is what air or a plate heats. T1, T2 and cessation are marked on the curves; T3, where the rate is nought, where it was last
    above nought. Of many tests the marks have no words.
    """
    lines_of_legend = -(-(len(runs) + len(theme.MARKERS) + 4) // 4)
    figure = theme.figure(theme.WIDTH, 5.4 + 0.19 * max(lines_of_legend - 3, 0))
    axes = figure.add_subplot()
    theme.dress(axes, "temperature [°C], spaced as −1/T", "self-heating rate [K/min]")
    curves = {run.name: self_heating(run) for run in runs}
    limits = [limit * 60.0 for limit in (run.sensitivity() for run in runs) if limit]
    floor = min(limits) / 20.0 if limits else LOWEST_RATE
    tops = [float(np.nanmax(y, initial=floor)) for _, y in curves.values()]
    seen = [x[np.nan_to_num(y) > floor] for x, y in curves.values()]
    warm = np.concatenate([*seen, *([theme.celsius(mark.temperature)] for run in runs for mark in run.marks())])
    low, high = (float(warm.min()), float(warm.max())) if len(warm) else (0.0, 100.0)
    arrhenius_axes(axes, low, high)
    axes.set_ylim(floor, max(*tops, floor * 100.0) * 4.0 if tops else 1.0)
    labels: list[Label] = []
    for run in runs:
        x, y = curves[run.name]
        axes.plot(x, y, color=colours[run.name], lw=1.8, solid_capstyle="round", label=run.name)
        if "self_heating_K_per_s" in run.columns:  # air or a plate heats too
            all_of_it = run.columns["rate_K_per_s"] * 60.0
            axes.plot(
                x, np.where(all_of_it > 0.0, all_of_it, np.nan), color=colours[run.name], lw=0.9, ls=(0, (2, 2)), label=f"{run.name}: dT/dt"
            )
        quiet = np.isin(run.phase, ("wait", "seek"))  # hardly a line: the cell warms by little in them
        axes.plot(x[quiet], y[quiet], ".", ms=3.5, color=colours[run.name], label=f"_quiet {run.name}")
        last = max(float(y[np.isfinite(y)][-1]) if np.isfinite(y).any() else floor, floor)
        for mark in run.marks():
            at = float(theme.celsius(mark.temperature))
            text = f"{mark.name}  {theme.degrees(mark.temperature)}"
            if mark.name == "T3":
                axes.plot([at, at], [floor, last], color=colours[run.name], lw=1.0, ls=":", label=f"_T3 {run.name}")
            y_mark = last if mark.name == "T3" else _rate_at(run, mark, floor)
            labels.append(Label(at, y_mark, text if len(runs) <= MOST_RUNS else "", colours[run.name], theme.MARKERS[mark.name]))
    if len(runs) > MOST_RUNS:
        for name, marker in theme.MARKERS.items():
            axes.plot([], [], marker, ls="", color=theme.FAINT, label=name)
    for limit in sorted(set(limits)):
        axes.axhline(limit, color=theme.FAINT, lw=0.9, ls="--", label=f"sensitivity, {limit:.3g} K/min")
    if max(tops, default=0.0) > 0.1 * CRITERION:
        axes.axhline(CRITERION, color=theme.FAINT, lw=0.9, ls=":", label="criterion of T2, 1 K/s")
    figure.legend(loc="outside upper center", ncols=min(len(runs) + 1, 4), fontsize=theme.TEXT, frameon=False)
    place(axes, labels)
    return figure


def arrhenius_axes(axes: Any, low: float, high: float, apart: float = 0.045) -> None:
    """Temperature [degC] along, spaced as -1/T, from a little below `low` to a little above `high`; the logarithm of a rate up.

    `apart`: the share of the axis between two of its numbers, at least.
    """
    margin = 0.04 * (_arrhenius(high) - _arrhenius(low)) + 2e-6
    ends = [_celsius_back(_arrhenius(low) - margin), _celsius_back(min(_arrhenius(high) + margin, -1e-4))]
    axes.set_xscale("function", functions=(_arrhenius, _celsius_back))
    axes.set_xlim(*ends)
    axes.set_xticks(arrhenius_ticks(ends[0], ends[1], apart))
    axes.set_xticks([], minor=True)
    axes.set_yscale("log")
    axes.grid(True, which="major", lw=0.4, color="#dddddd")
    axes.set_axisbelow(True)


def self_heating(run: Run) -> tuple[Floats, Floats]:
    """Temperature [degC] and self-heating rate [K/min] of a test, with a gap wherever nothing is released.

    In a calorimeter dT/dt outside heating, elsewhere what the cell would do by itself.
    """
    T = run.columns["sample_K"]
    if "self_heating_K_per_s" in run.columns:
        y = run.columns["self_heating_K_per_s"] * 60.0
        return np.asarray(theme.celsius(T)), np.where(y > 0.0, y, np.nan)
    y = run.columns["rate_K_per_s"] * 60.0
    heated = run.phase == "heat"
    for name in AROUND:
        if f"{name}_K" in run.columns:
            heated = heated | (run.columns[f"{name}_K"] > T)
    return np.asarray(theme.celsius(T)), np.where(heated | ~(y > 0.0), np.nan, y)


def _rate_at(run: Run, mark: Mark, floor: float) -> float:
    """The largest self-heating rate at the moment of a mark [K/min]: at T2 it jumps."""
    _, y = self_heating(run)
    near = np.abs(run.time - mark.time) <= 1e-9 * max(abs(mark.time), 1.0)
    there = y[near][np.isfinite(y[near])]
    if not len(there):
        known = np.isfinite(y)
        there = np.interp([mark.time], run.time[known], y[known]) if known.any() else np.array([floor])
    return max(float(there.max()), floor)


def _arrhenius(degrees: Any) -> Any:
    return -1.0 / np.maximum(np.asarray(degrees) + ZERO_CELSIUS, 1.0)


def _celsius_back(place: Any) -> Any:
    return -1.0 / np.minimum(np.asarray(place), -1e-5) - ZERO_CELSIUS


def arrhenius_ticks(low: float, high: float, apart: float) -> list[float]:
    """Round temperatures that stand apart on the scale of -1/T."""
    span = _arrhenius(high) - _arrhenius(low)
    wide = np.concatenate([np.arange(-100, 200, 20), np.arange(200, 400, 50), np.arange(400, 3001, 100)])
    steps = np.arange(-100, 3001, 5 if high - low < 60.0 else 10) if high - low < 150.0 else wide
    kept: list[float] = []
    for tick in steps.astype(float):
        if low <= tick <= high and (not kept or _arrhenius(tick) - _arrhenius(kept[-1]) > apart * span):
            kept.append(tick)
    return kept
