"""A calorimeter's record and what was read from it: temperature over time, and self-heating rate over -1/T."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thermo.base.constants import GAS_CONSTANT, ZERO_CELSIUS
from thermo.onsets import onset
from thermo.records.record_doctor import Record
from viz import theme
from viz.curves import arrhenius_axes
from viz.labels import Label, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOUR, LINE = theme.colour(0), theme.colour(1)
MOST_POINTS = 20_000  # of a curve: more than there are pixels


def record(made: Record, found: dict[str, Any]) -> Figure:
    """The record as it is, T1, T2, T3 and cessation marked; its self-heating rate on the scales in which one reaction is a straight line.

    Parameters
    ----------
    found : what `thermo.records.analysis.analyse` makes of the record
    """
    figure = theme.figure(theme.WIDTH, 4.6)
    left, right = figure.subplots(1, 2)
    labels = [_over_time(left, made, found), _over_temperature(right, found)]
    for axes, marked in zip((left, right), labels, strict=True):
        place(axes, marked)
    return figure


def marks(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The temperatures worth marking, by name: of several criteria for T2 the first that is met."""
    onsets = found["onsets"]
    met = [entry for entry in onsets["T2"].values() if entry]
    entries = {"T1": onsets["T1"], "T2": met[0] if met else None, "T3": onsets["T3"], "cessation": onsets["cessation"]}
    return [(name, entry) for name, entry in entries.items() if entry]


def _label(name: str, x: float, y: float, entry: dict[str, Any]) -> Label:
    return Label(x, y, f"{name}  {theme.degrees(entry['temperature_K'])}", theme.INK, theme.MARKERS[name])


def _over_time(axes: Any, made: Record, found: dict[str, Any]) -> list[Label]:
    time, T = made.time, theme.celsius(made.temperature)
    unit, size = theme.time_unit(float(time[-1] - time[0]))
    rows = np.unique(np.linspace(0, len(time) - 1, MOST_POINTS).astype(int)) if len(time) > MOST_POINTS else np.arange(len(time))
    for entry in found["exotherms"]:
        axes.axvspan(
            entry["start"]["time_s"] / size,
            entry["end"]["time_s"] / size,
            fc=theme.PHASES["exotherm"],
            ec="none",
            zorder=0,
            label="_exotherm",
        )
    axes.plot(time[rows] / size, T[rows], "-", lw=1.3, color=COLOUR, label="temperature")
    if len(time) < 600:
        axes.plot(time / size, T, ".", ms=3.0, color=COLOUR, label="_samples")
    theme.dress(axes, f"time [{unit}]", "temperature [°C]")
    span = float(time[-1] - time[0]) / size
    axes.set_xlim(float(time[0]) / size - 0.02 * span, float(time[-1]) / size + 0.04 * span)
    low, high = float(T.min()), float(T.max())
    axes.set_ylim(low - 0.08 * max(high - low, 1.0), high + 0.12 * max(high - low, 1.0))
    return [_label(name, entry["time_s"] / size, float(theme.celsius(entry["temperature_K"])), entry) for name, entry in marks(found)]


def _over_temperature(axes: Any, found: dict[str, Any]) -> list[Label]:
    curve, kinetics = found["self_heating"], found["kinetics"]
    T, rate = np.array(curve["temperature_K"]), np.array(curve["rate_K_per_s"]) * 60.0
    limit = found["instrument"]["sensitivity_K_per_s"] * 60.0
    theme.dress(axes, "temperature [°C], spaced as −1/T", "self-heating rate dT/dt [K/min]")
    seen = rate > limit / 20.0
    shown = T[seen] if seen.any() else np.array([found["record"]["start"]["temperature_K"], found["record"]["end"]["temperature_K"]])
    low, high = float(shown.min()) - ZERO_CELSIUS, float(shown.max()) - ZERO_CELSIUS
    arrhenius_axes(axes, low, max(high, low + 1.0), 0.07)
    axes.set_ylim(limit / 20.0, max(float(rate.max(initial=limit)), 100.0 * limit) * 4.0)
    axes.plot(theme.celsius(T[seen]), rate[seen], ".", ms=4.0, color=COLOUR, label="self-heating")
    axes.axhline(limit, color=theme.FAINT, lw=0.9, ls="--", label=f"sensitivity, {limit:.3g} K/min")
    if kinetics["activation_energy_J_per_mol"] is not None:
        ends = np.linspace(kinetics["range_K"][0], kinetics["range_K"][1], 50)
        E, factor = kinetics["activation_energy_J_per_mol"], kinetics["log_factor_ln_K_per_s"]
        half = 0.5 * (kinetics["interval_J_per_mol"][1] - kinetics["interval_J_per_mol"][0])
        words = f"E = {E / 1e3:.1f} ± {half / 1e3:.1f} kJ/mol"
        axes.plot(theme.celsius(ends), np.exp(factor - E / (GAS_CONSTANT * ends)) * 60.0, "-", lw=1.6, color=LINE, label=words)
    axes.legend(fontsize=theme.SMALL, frameon=False, loc="best")
    by_time = np.argsort(curve["time_s"], kind="stable")
    made = []
    for name, entry in marks(found):
        if name == "T3" or not len(rate):
            continue
        at = int(np.searchsorted(np.array(curve["time_s"])[by_time], entry["time_s"]))
        height = float(rate[by_time][min(at, len(rate) - 1)])
        criterion = next((key for key, value in found["onsets"]["T2"].items() if value is entry), "")
        height = onset.RATES.get(criterion, height / 60.0) * 60.0
        made.append(_label(name, float(theme.celsius(entry["temperature_K"])), max(height, limit / 20.0), entry))
    return made
