"""Numbers that no cell and no material has: slips of a unit or of a power of ten. They are warned of, not refused."""

from __future__ import annotations

from typing import Any

from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.cells.cell import LumpedCell
from thermo.materials.properties import Table

DENSEST = 25_000.0  # kg/m3: osmium has 22 590
MOST_HEAT_CAPACITY = 20_000.0  # J/(kg K): hydrogen has 14 300
COLDEST = 150.0  # K, of a start
HIGHEST_RISE = 3000.0  # K above the start
FASTEST = 1e4  # K/s
MOST_HEAT = 20e6  # J/kg of a cell: lithium burning in air gives 43 MJ/kg of lithium


def slips(case: Case) -> list[dict[str, Any]]:
    """What a case says that cannot be, told before anything is solved."""
    found: list[dict[str, Any]] = []

    def warn(where: str, text: str) -> None:
        found.append({"code": "implausible", "text": f"{where}: {text}; is the unit right?", "where": where})

    if case.body is not None:
        for name in dict.fromkeys(material for material, _ in case.body.written()):
            material = case.material(name)
            for key, most in (("density", DENSEST), ("heat_capacity", MOST_HEAT_CAPACITY)):
                largest = _largest(getattr(material, key))
                if largest > most:
                    unit = "kg/m3" if key == "density" else "J/(kg K)"
                    warn(f"materials.{name}.{key}", f"{largest:.4g} {unit} is more than any material has (at most {most:g})")
    start = getattr(case.sample, "temperature", None)
    starts = [start] if isinstance(start, float) else list(start.values()) if isinstance(start, dict) else []
    for value in [float(x) for x in starts if isinstance(x, float)]:
        if value < COLDEST:
            warn("sample.temperature", f"a start at {value:.4g} K, {show(value, 'temperature')}, is colder than any test")
    if isinstance(case.sample, LumpedCell):
        mass = case.sample.reference().get("kg")
        mechanism = case.sample.mechanism()
        if mass and mechanism is not None and mechanism.amounts == "number":
            heats = [float(r.heat) for r in mechanism.reactions.values() if isinstance(r.heat, float)]
            if sum(max(heat, 0.0) for heat in heats) > MOST_HEAT * mass:
                warn("sample.chemistry", f"{sum(heats):.3g} J in {mass * 1e3:.3g} g are more than any cell holds")
    return found


def _largest(value: Any) -> float:
    if isinstance(value, Table):
        return max(float(entry) for entry in value.value)
    return float(value) if isinstance(value, float) else 0.0


def excesses(summary: dict[str, Any], start: float) -> list[dict[str, Any]]:
    """What came out of a run that cannot be: temperatures and rates that only a slip makes."""
    found = []
    hottest = max((probe["maximum_K"] for probe in summary["probes"].values()), default=0.0)
    hottest = max([hottest, *(region.get("maximum_K", 0.0) for region in summary.get("regions", {}).values())])
    if hottest - start > HIGHEST_RISE:
        text = f"a rise of {hottest - start:.4g} K: heats, masses or heat capacities are probably off by a power of ten"
        found.append({"code": "implausible", "text": text, "where": "probes"})
    fastest = summary.get("maximum_rate")
    if fastest is not None and fastest["rate_K_per_s"] > FASTEST:
        text = f"a rate of {fastest['rate_K_per_s']:.3g} K/s: no cell is so fast; reactions or heat capacity are probably off"
        found.append({"code": "implausible", "text": text, "where": "maximum_rate"})
    return found
