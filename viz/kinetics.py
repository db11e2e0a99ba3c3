"""Activation energies from curves at several heating rates: Kissinger's line, and E over conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from viz import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def kinetics(summary: dict[str, Any]) -> Figure:
    """ln(b/Tp^2) over 1/Tp with its line, and E after Friedman and Ozawa over conversion with intervals; of `isoconversional.analysis`."""
    figure = theme.figure(theme.WIDTH, 4.4)
    left, right = figure.subplots(1, 2)
    _line(left, summary)
    _energies(right, summary)
    return figure


def _line(axes: Any, summary: dict[str, Any]) -> None:
    found = summary["kissinger"]
    peaks = np.array([curve["peak_temperature_K"] for curve in summary["curves"]])
    rates = np.array([curve["heating_rate_K_per_s"] for curve in summary["curves"]])
    theme.dress(axes, r"1000 K / T$_\mathrm{p}$", r"ln(b / T$_\mathrm{p}^2$)   [b in K/s, T$_\mathrm{p}$ in K]", "Kissinger, first order")
    if found["activation_energy_J_per_mol"] is not None:
        energy, ends = found["activation_energy_J_per_mol"] / 1e3, found["activation_energy_95_J_per_mol"]
        reach = f" ± {(ends[1] - ends[0]) / 2e3:.2g}" if ends else ""
        x = np.array([1.0 / peaks.max(), 1.0 / peaks.min()])
        label = f"E = {energy:.4g}{reach} kJ/mol, A = {found['pre_exponential_factor_1_per_s']:.3g} 1/s"
        axes.plot(1e3 * x, found["intercept"] + found["slope_K"] * x, color=theme.colour(0), lw=1.4, label=label)
    axes.plot(1e3 / peaks, np.log(rates / peaks**2), "o", ms=5.5, mfc=theme.colour(1), mec="white", mew=0.8, label="peaks of the curves")
    for peak, rate in zip(peaks, rates, strict=True):
        axes.annotate(
            f"{rate * 60.0:.3g} K/min",
            (1e3 / peak, np.log(rate / peak**2)),
            (6, 4),
            textcoords="offset points",
            fontsize=theme.SMALL,
            color=theme.INK,
        )
    axes.margins(0.12, 0.12)
    axes.legend(fontsize=theme.SMALL, frameon=False, loc="lower left")


def _energies(axes: Any, summary: dict[str, Any]) -> None:
    rows = summary["conversions"]
    theme.dress(axes, "conversion", "E [kJ/mol]", "E over conversion")
    shown = []
    for i, (method, name) in enumerate((("friedman", "Friedman"), ("ozawa", "Ozawa, corrected"))):
        known = [row for row in rows if row[f"{method}_J_per_mol"] is not None]
        x = np.array([row["conversion"] for row in known])
        y = np.array([row[f"{method}_J_per_mol"] for row in known]) / 1e3
        shown += list(y)
        axes.plot(x, y, marker="os"[i], ms=3.5, lw=1.2, color=theme.colour(i), label=name)
        ends = [row[f"{method}_95_J_per_mol"] for row in known]
        if known and all(ends):
            low, high = np.array(ends).T / 1e3
            axes.fill_between(x, low, high, color=theme.colour(i), alpha=0.18, lw=0, label=f"_95 % {name}")
    if summary["kissinger"]["activation_energy_J_per_mol"] is not None:
        axes.axhline(summary["kissinger"]["activation_energy_J_per_mol"] / 1e3, color=theme.FAINT, lw=0.9, ls="--", label="Kissinger")
        shown.append(summary["kissinger"]["activation_energy_J_per_mol"] / 1e3)
    middle, half = 0.5 * (max(shown) + min(shown)), 0.5 * (max(shown) - min(shown))
    room = max(1.6 * half, 0.1 * abs(middle))  # a constant E is drawn as one: digits of rounding are no change
    axes.set_ylim(middle - room, middle + room)
    axes.set_xlim(0.0, 1.0)
    axes.legend(fontsize=theme.SMALL, frameon=False, loc="best", title="bands: 95 %", title_fontsize=theme.SMALL)
