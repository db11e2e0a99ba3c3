"""A curve of a scanning calorimeter as it is fitted: its rows, the heat flow up, what mass it refers to."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.base.errors import CaseError, Mistake
from thermo.case.case import Case
from thermo.casefile.units import show
from thermo.records.baselines import points_down
from thermo.records.dsc_curves import Reading, read_scan
from thermo.studies.calibrate.text import RecordText

LEAST_SHARE = 0.003  # of the peak: noise that a heat flow has at least
OTHER_RATE = 0.05  # by which a stated heating rate may differ from that of the rows


class DscData(NamedTuple):
    """A scan as it is fitted: time [s], temperature [K], flow (m,) [W for the whole cell of the case], its `noise` [W]; `rate` [K/s]."""

    name: str
    time: Floats
    temperature: Floats
    flow: Floats
    noise: float
    rate: float
    turned: bool


def read_dsc(name: str, text: RecordText, path: Path, case: Case) -> DscData:
    """A record of the kind `dsc`. Raises CaseError."""
    table = read_scan(path, Reading(columns=text.columns))

    def wrong(words: str) -> CaseError:
        return CaseError([Mistake(str(path), None, "", words)])

    if "heat flow" not in table.columns:
        raise wrong("has no column of heat flow; a fit needs the heat flow itself and not a conversion")
    mass = case.cell.reference().get("kg") if case.cell is not None else None
    if mass is None:
        raise wrong("a heat flow refers to the mass of the cell: give the case sample.mass, or parts")
    temperature, flow = table.columns["temperature"], table.columns["heat flow"]
    if table.per_mass:
        flow = flow * mass
    elif text.mass is None:
        raise wrong("the heat flow is not per mass; give 'mass', that of the sample in the pan")
    else:
        flow = flow * mass / float(text.mass)
    given = table.columns.get("time")
    time = (temperature - temperature[0]) / table.columns["heating rate"][0] if given is None else given
    rate = float(np.polyfit(time - time[0], temperature, 1)[0])
    if text.rate is not None and abs(rate / float(text.rate) - 1.0) > OTHER_RATE:
        raise wrong(f"rises by {show(rate, 'temperature rate')}, but 'rate' says {show(float(text.rate), 'temperature rate')}")
    turned = points_down(flow)
    flow = -flow if turned else flow
    peak = float(np.ptp(flow))
    own = float(np.std(np.diff(flow, 2))) / np.sqrt(6.0)
    noise = text.noise_number() * peak if text.noise is not None else max(own, LEAST_SHARE * peak)
    return DscData(name, time, temperature, flow, noise, rate, turned)
