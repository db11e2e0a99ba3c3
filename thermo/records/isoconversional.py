"""Activation energies from curves at several heating rates: Kissinger, Ozawa with Flynn and Wall, Friedman.

Each is a straight line against 1/T over the curves; intervals are those of the regression at 95 % (Student's t, curves less two
degrees of freedom). They hold the scatter of the points about the line and nothing else: neither baseline, calibration nor
thermal lag. Two heating rates give a line and no interval (nan), however often each was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expn
from scipy.stats import linregress, t

from thermo.base.constants import GAS_CONSTANT

if TYPE_CHECKING:
    from thermo.records.dsc_curves import Curve

Floats = npt.NDArray[np.float64]
LEVEL = 0.95  # of the intervals
LEAST_SPREAD = 0.05  # of heating rates: within it there is no line through them
SAME_RATE = 0.01  # of heating rates: nearer ones are one, measured again
DOYLE = 1.052  # -d ln p/dx of Doyle's line, x = E/(R T) from 20 to 60
CORRECTIONS = 50  # most steps of the correction of Doyle's line; it takes about five
# of E between conversions of 0.1 and 0.9: several steps beyond it (Vyazovkin et al., Thermochim. Acta 520 (2011) 1, recalled: 0.2 to 0.3)
VARIES = 0.2
LARGEST = 1000e3  # J/mol: no reaction has more
CONVERSIONS = np.linspace(0.05, 0.95, 19)  # of the table
ALONE = "E needs at least two heating rates; one gives A for an assumed E, never E"


class Kissinger(NamedTuple):
    """One first-order step from the temperatures of its peaks; intervals (low, high) at 95 %, nan with two heating rates."""

    activation_energy: float
    activation_energy_interval: tuple[float, float]
    pre_exponential_factor: float
    pre_exponential_factor_interval: tuple[float, float]
    slope: float  # of ln(b/Tp^2) over 1/Tp [K]
    intercept: float


class Isoconversional(NamedTuple):
    """E over conversion; arrays (m,), intervals at 95 %, nan with two heating rates."""

    activation_energy: Floats
    low: Floats
    high: Floats
    slope: Floats  # over 1/T [K]
    intercept: Floats


def kissinger(heating_rates: Floats, peak_temperatures: Floats) -> Kissinger:
    """E and A of one first-order step from the temperatures at which its rate is largest.

    ln(b/Tp^2) = ln(A R/E) - E/(R Tp): exact for first order, where the slope of the rate vanishes at E b/(R Tp^2) = A exp(-E/(R Tp)).
    ln A = intercept + ln(E/R), its interval with the covariance of slope and intercept.

    Parameters
    ----------
    heating_rates : array (n,) [K/s]
    peak_temperatures : array (n,) [K]

    Returns
    -------
    Kissinger, E [J/mol], A [1/s]

    Raises
    ------
    ValueError for fewer than two heating rates, and where peaks do not move up with the heating rate.

    Source
    ------
    H. E. Kissinger, Anal. Chem. 29 (1957) 1702.

    >>> found = kissinger(np.array([1.0, 5.0, 10.0]) / 60.0, np.array([437.7001, 455.8602, 464.1413]))
    >>> round(found.activation_energy / 1000.0, 2), f"{found.pre_exponential_factor:.2e}"
    (139.6, '6.67e+13')
    """
    rates, peaks = _checked(heating_rates, peak_temperatures)
    if peaks.ndim != 1:
        raise ValueError(f"one peak temperature per curve is needed, got an array of shape {peaks.shape}")
    line = linregress(1.0 / peaks, np.log(rates / peaks**2))
    slope, intercept = float(line.slope), float(line.intercept)
    if not slope < 0.0:
        raise ValueError("the peak temperatures do not rise with the heating rate, so there is no E")
    energy, factor = -GAS_CONSTANT * slope, -slope * math.exp(min(intercept, 600.0))  # larger is no A of a reaction
    reach = _reach(len(rates), n_rates(rates))
    mean = float(np.mean(1.0 / peaks))
    variance = line.intercept_stderr**2 + (line.stderr / slope) ** 2 - 2.0 * mean * line.stderr**2 / slope  # of ln A
    half, spread = GAS_CONSTANT * reach * line.stderr, reach * math.sqrt(max(variance, 0.0))
    ends = (factor * math.exp(-min(spread, 600.0)), factor * math.exp(min(spread, 600.0))) if spread == spread else (math.nan, math.nan)
    return Kissinger(energy, (energy - half, energy + half), factor, ends, slope, intercept)


def ozawa(heating_rates: Floats, temperatures: Floats, *, corrected: bool = True) -> Isoconversional:
    """E over conversion from the temperatures at which curves reach the same conversion (integral, by Ozawa, Flynn and Wall).

    ln b = const - 1.052 E/(R T), with Doyle's line for the temperature integral. E of that line is some per cent high where
    x = E/(R T) is small and low where it is large (+4 % at 20, 0 at 37, -2 % at 60). `corrected` puts the true slope
    -d ln p/dx = exp(-x)/(x E2(x)) at the mean 1/T in place of 1.052, by Flynn; of a single step less than
    0.05 % is then left from 1 to 10 K/min.

    Parameters
    ----------
    heating_rates : array (n,) [K/s]
    temperatures : array (n, m) [K], a row a curve, a column a conversion

    Returns
    -------
    Isoconversional, E [J/mol]; nan where a correction finds no E above 0

    Raises
    ------
    ValueError for fewer than two heating rates.

    Source
    ------
    T. Ozawa, Bull. Chem. Soc. Jpn. 38 (1965) 1881; J. H. Flynn, L. A. Wall, J. Polym. Sci. B 4 (1966) 323; C. D. Doyle, J. Appl.
    Polym. Sci. 6 (1962) 639; J. H. Flynn, J. Therm. Anal. 27 (1983) 95.
    """
    rates, reached = _checked(heating_rates, temperatures)
    found = _lines(1.0 / reached, np.broadcast_to(np.log(rates)[:, None], reached.shape), n_rates(rates))
    factors = np.full(reached.shape[1], DOYLE)
    if corrected:
        inverse = np.mean(1.0 / reached, axis=0)
        factors = np.array([_true_factor(-s, i) for s, i in zip(found.slope, inverse, strict=True)])
    return found._replace(activation_energy=found.activation_energy / factors, low=found.low / factors, high=found.high / factors)


def friedman(temperatures: Floats, conversion_rates: Floats, heating_rates: Floats | None = None) -> Isoconversional:
    """E over conversion from the rates at the same conversion (differential, by Friedman); nothing is approximated.

    ln(da/dt) = ln(A f(a)) - E/(R T); the intercept is ln(A f(a)), with A [1/s].

    Parameters
    ----------
    temperatures : array (n, m) [K], a row a curve, a column a conversion
    conversion_rates : array (n, m) [1/s], above 0
    heating_rates : array (n,) [K/s], which say how many there are; without them each curve has one of its own

    Returns
    -------
    Isoconversional, E [J/mol]

    Raises
    ------
    ValueError for fewer than two curves, and for rates that are not above 0.

    Source
    ------
    H. L. Friedman, J. Polym. Sci. C 6 (1964) 183.
    """
    reached, speeds = np.asarray(temperatures, float), np.asarray(conversion_rates, float)
    if reached.ndim != 2 or reached.shape != speeds.shape:
        raise ValueError(f"temperatures and rates of one shape (curves, conversions) are needed, got {reached.shape} and {speeds.shape}")
    if len(reached) < 2:
        raise ValueError(ALONE)
    _positive("temperatures", reached)
    _positive("conversion rates", speeds)
    return _lines(1.0 / reached, np.log(speeds), len(reached) if heating_rates is None else n_rates(heating_rates))


ASSUMED = (
    "one peak per curve, on {baseline}; conversion is the running area over the whole",
    "Kissinger: one first-order step",
    "Ozawa (Flynn, Wall): Doyle's line, corrected for E/(R T) by Flynn; the uncorrected E beside it",
    "Friedman: the rate depends on temperature and conversion alone",
    "intervals: 95 %, of the scatter about the lines alone; they do not include baseline, calibration and thermal lag",
    "kinetics from a calorimeter in one electrolyte need not hold in a cell",
)


def analysis(curves: Sequence[Curve]) -> dict[str, Any]:
    """Every method on curves of several heating rates, as plain data in SI with the unit in each key; None where nothing is known.

    An E below 0 or above 1000 kJ/mol is None, and a warning says so.

    Raises ValueError for fewer than two heating rates, for curves with no conversion in common, and where no E is possible.
    """
    from thermo.records.dsc_curves import at_conversions

    curves = sorted(curves, key=lambda curve: curve.heating_rate)
    rates = np.array([curve.heating_rate for curve in curves])
    peaks, no_peaks = _kissinger_or_reason(rates, np.array([curve.peak_temperature for curve in curves]))
    reached = [at_conversions(curve, CONVERSIONS) for curve in curves]
    temperatures, speeds = np.array([pair[0] for pair in reached]), np.array([pair[1] for pair in reached])
    whole = (np.isfinite(temperatures) & (speeds > 0.0)).all(axis=0)
    if not whole.any():
        raise ValueError(f"no conversion from {CONVERSIONS[0]:g} to {CONVERSIONS[-1]:g} is reached by every curve")
    temperatures, speeds = temperatures[:, whole], speeds[:, whole]
    differential = friedman(temperatures, speeds, rates)
    integral, plain = ozawa(rates, temperatures), ozawa(rates, temperatures, corrected=False)
    rows = [_row(conversion, i, differential, integral, plain) for i, conversion in enumerate(CONVERSIONS[whole])]
    if peaks is None and all(row[f"{method}_J_per_mol"] is None for row in rows for method in METHODS):
        raise ValueError(no_peaks)
    return {
        "curves": [
            {
                "file": curve.file,
                "rows": len(curve.time),
                "heating_rate_K_per_s": curve.heating_rate,
                "heating_rate_unsteadiness": curve.unsteadiness,
                "peak_temperature_K": curve.peak_temperature,
                "heat_J_per_kg": curve.heat,
                "baseline": curve.baseline,
                "heat_by_baseline": curve.heats,
            }
            for curve in curves
        ],
        "kissinger": {
            "activation_energy_J_per_mol": peaks.activation_energy if peaks else None,
            "activation_energy_95_J_per_mol": _ends(*peaks.activation_energy_interval) if peaks else None,
            "pre_exponential_factor_1_per_s": peaks.pre_exponential_factor if peaks else None,
            "pre_exponential_factor_95_1_per_s": _ends(*peaks.pre_exponential_factor_interval) if peaks else None,
            "slope_K": peaks.slope if peaks else None,
            "intercept": peaks.intercept if peaks else None,
            "reason": no_peaks or None,
        },
        "conversions": rows,
        "assumed": [text.format(baseline=_baselines(curves)) for text in ASSUMED],
        "warnings": [f"{curve.file}: {text}" for curve in curves for text in curve.warnings]
        + ([f"no E by Kissinger: {no_peaks}"] if no_peaks else [])
        + _impossible(rows)
        + _doubts(rates, whole, rows),
    }


def _row(conversion: float, i: int, differential: Isoconversional, integral: Isoconversional, plain: Isoconversional) -> dict[str, Any]:
    """One conversion, the i-th of those that every curve reaches."""
    fits, other = _possible(differential.activation_energy[i]), _possible(integral.activation_energy[i])
    return {
        "conversion": float(conversion),
        "friedman_J_per_mol": float(differential.activation_energy[i]) if fits else None,
        "friedman_95_J_per_mol": _ends(differential.low[i], differential.high[i]) if fits else None,
        "friedman_ln_A_f": _number(differential.intercept[i]) if fits else None,
        "ozawa_J_per_mol": float(integral.activation_energy[i]) if other else None,
        "ozawa_95_J_per_mol": _ends(integral.low[i], integral.high[i]) if other else None,
        "ozawa_uncorrected_J_per_mol": float(plain.activation_energy[i]) if _possible(plain.activation_energy[i]) else None,
    }


METHODS = {"friedman": "Friedman", "ozawa": "Ozawa"}


def _possible(energy: float) -> bool:
    """Whether a reaction can have this E [J/mol]."""
    return bool(0.0 < energy <= LARGEST)


def _kissinger_or_reason(rates: Floats, peaks: Floats) -> tuple[Kissinger | None, str]:
    """Kissinger's line; None and why where its E is none that a reaction has. Raises ValueError for fewer than two heating rates."""
    _checked(rates, peaks)
    try:
        found = kissinger(rates, peaks)
    except ValueError as error:
        return None, str(error)
    if not _possible(found.activation_energy):
        text = f"its line gives {found.activation_energy / 1e3:.4g} kJ/mol, which no reaction has"
        return None, f"{text}; if the highest peak is a melting, use --exotherm, or --from and --to"
    return found, ""


def _impossible(rows: list[dict[str, Any]]) -> list[str]:
    """Which conversions have an E that no reaction has."""
    made = []
    for method, name in METHODS.items():
        missing = [f"{row['conversion']:.2f}" for row in rows if row[f"{method}_J_per_mol"] is None]
        if missing:
            text = f"E by {name} lies below 0 or above {LARGEST / 1e3:g} kJ/mol, which no reaction has, and is left out at conversions"
            made.append(f"{text} {', '.join(missing)}")
    return made


def _baselines(curves: Sequence[Curve]) -> str:
    """The baseline in words."""
    names = {curve.baseline for curve in curves} - {None}
    if names == {"tangential"}:
        return "a baseline that touches it on both sides"
    return "a straight baseline between its ends" if names else "no baseline: its conversion is read"


def _doubts(rates: Floats, whole: Any, rows: list[dict[str, Any]]) -> list[str]:
    """What a reader of the numbers should know beside them."""
    doubts = []
    n = n_rates(rates)
    if n < len(rates):
        doubts.append(
            f"{len(rates)} curves of {n} heating rates: those within {100.0 * SAME_RATE:g} % count as one, and the lines use all curves"
        )
    if n < 3:
        doubts.append("two heating rates give a line but no interval; an interval needs three or more")
    if not whole.all():
        missing = ", ".join(f"{conversion:.2f}" for conversion in CONVERSIONS[~whole])
        doubts.append(f"not every curve reaches these conversions with a rate above 0, so they are left out: {missing}")
    middle = [row for row in rows if 0.099 < row["conversion"] < 0.901]
    energies = [row["friedman_J_per_mol"] for row in middle if row["friedman_J_per_mol"] is not None]
    ends = [row["friedman_95_J_per_mol"] for row in middle if row["friedman_95_J_per_mol"]]
    beyond_noise = not ends or max(low for low, _ in ends) > min(high for _, high in ends)
    if energies and beyond_noise and max(energies) - min(energies) > VARIES * abs(float(np.mean(energies))):
        text = (
            f"E by Friedman changes from {min(energies) / 1e3:.4g} to {max(energies) / 1e3:.4g} kJ/mol between conversions of 0.1 and 0.9: "
        )
        why = "there is more than one step, or the baseline is wrong; E and A by Kissinger then describe no single reaction"
        doubts.append(text + (why if ends else "several steps, or noise"))
    return doubts


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _ends(low: float, high: float) -> list[float] | None:
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None


def n_rates(heating_rates: Floats) -> int:
    """How many heating rates there are; of those within 1 % one was measured again.

    >>> n_rates(np.array([2.0, 5.0, 2.01]))
    2
    """
    rates = np.sort(heating_rates)
    return 1 + int(np.count_nonzero(rates[1:] > (1.0 + SAME_RATE) * rates[:-1]))


def _lines(inverse: Floats, logarithm: Any, rates: int) -> Isoconversional:
    """A regression for each column, E = -R slope, over curves of so many heating rates."""
    lines = [linregress(x, y) for x, y in zip(inverse.T, logarithm.T, strict=True)]
    slope = np.array([line.slope for line in lines])
    half = GAS_CONSTANT * _reach(len(inverse), rates) * np.array([line.stderr for line in lines])
    energy = -GAS_CONSTANT * slope
    return Isoconversional(energy, energy - half, energy + half, slope, np.array([line.intercept for line in lines]))


def _reach(n_curves: int, rates: int) -> float:
    """Standard errors on either side of a regression's slope at 95 %; nan for two heating rates: a line through them shows no scatter."""
    return float(t.ppf(0.5 * (1.0 + LEVEL), n_curves - 2)) if rates > 2 else math.nan


def _true_factor(steepness: float, inverse: float) -> float:
    """-d ln p/dx at x = E/(R T), for the E that it gives itself: E = R steepness/factor. `steepness` [K], 1/T [1/K]."""
    x = steepness * inverse / DOYLE
    for _ in range(CORRECTIONS):
        if not 0.5 < x < 600.0:  # no reaction has such an E; expn would run out of numbers
            return math.nan
        factor = math.exp(-x) / (x * float(expn(2, x)))
        x, before = steepness * inverse / factor, x
        if abs(x - before) < 1e-12 * x:
            return factor
    return math.nan


def _checked(heating_rates: Any, temperatures: Any) -> tuple[Floats, Floats]:
    rates, reached = np.asarray(heating_rates, float), np.asarray(temperatures, float)
    if rates.ndim != 1 or reached.ndim not in (1, 2) or len(reached) != len(rates):
        raise ValueError(f"as many heating rates as temperatures are needed, got {rates.shape} and {reached.shape}")
    _positive("heating rates", rates)
    _positive("temperatures", reached)
    if len(rates) < 2:
        raise ValueError(ALONE)
    if rates.max() < (1.0 + LEAST_SPREAD) * rates.min():
        raise ValueError(f"the heating rates are equal, {rates.mean() * 60.0:.3g} K/min: {ALONE}")
    return rates, reached


def _positive(what: str, values: Floats) -> None:
    if not (np.isfinite(values) & (values > 0.0)).all():
        raise ValueError(f"{what} must be numbers above 0")
