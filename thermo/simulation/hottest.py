"""Onsets at the hottest place of a body that reacts, wherever that is: what a sensor elsewhere sees later, or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from thermo.base.arrays import Floats
from thermo.onsets.onset import RATES, runaway_onsets


def hottest_onsets(time: Floats, rows: Floats, criteria: Iterable[str], seen: Mapping[str, Any]) -> dict[str, Any]:
    """T1, T2 and T3 at the hottest place, and how long after them the sensor has its own.

    T1 is the temperature of the hottest place when the instrument finds T1. T2 is where the rate of self-heating q/C of the hottest node
    that reacts first reaches a criterion in rates. T3 is the largest temperature of all.

    Parameters
    ----------
    time : (n,) [s]
    rows : (n, 3) the largest temperature of all [K]; that of the hottest node that reacts [K], and the rate at which it heats itself [K/s]
    criteria : of T2
    seen : the onsets at the sensor, as in a summary; None each where nothing looks
    """
    hottest, reacting, rate = rows.T
    by_rate = tuple(name for name in criteria if name in RATES)
    second = runaway_onsets(by_rate, time, reacting, rate, np.zeros(len(time), bool), None)
    top = int(np.argmax(hottest))
    first = seen["T1"]
    found: dict[str, Any] = {
        "T1": None if first is None else {"temperature_K": float(np.interp(first["time_s"], time, hottest)), "time_s": first["time_s"]},
        "T2": second,
        "T3": {"temperature_K": float(hottest[top]), "time_s": float(time[top])} if any(second.values()) else None,
    }
    pairs = {f"T2.{name}": (point, seen["T2"].get(name)) for name, point in second.items()} | {"T3": (found["T3"], seen["T3"])}
    return found | {"sensor_later_s": {name: b["time_s"] - a["time_s"] for name, (a, b) in pairs.items() if a and b}}
