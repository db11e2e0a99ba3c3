"""The dimension of a result, which the last word of its key states."""

from __future__ import annotations


def dimension_of_key(key: str) -> str:
    """The dimension that the last word of a result key states: `half-rise.time_s` is a time.

    That of a member of a group is the group's: `released_J.roll_sei` is an energy. That of a statistic of a batch is its column's:
    `batch.results.T1_K.p5` is a temperature. A number where no unit is stated.
    """
    *_, group, last = ["", *key.split(".")]
    key = group if group in GROUPS or (key.startswith("batch.results.") and last in STATISTICS) else last
    for suffix, dimension in SUFFIXES.items():
        if key.endswith(suffix):
            return dimension
    return "number"


SUFFIXES = {  # longest first: `_K_per_s` before `_s`
    "_K_per_s": "temperature rate",
    "_m_per_s": "speed",
    "temperature_start_of_window_K": "temperature",
    "rise_K": "temperature difference",
    "short_by_K": "temperature difference",
    "largest_K": "temperature difference",
    "heated_K": "temperature difference",
    "_W_per_m_K": "thermal conductivity",
    "_m2_K_per_W": "thermal resistance",
    "_J_per_mol": "molar energy",
    "_1_per_s": "rate constant",
    "_K": "temperature",
    "_m": "length",
    "_s": "time",
    "_J_per_kg": "specific energy",
    "_J_per_K": "heat capacity",
    "_J": "energy",
    "_W": "power",
    "_kg_per_m3": "density",
    "_mol_per_m3": "concentration",
    "_mol": "amount of substance",
}

GROUPS = {"released_J", "by_reaction_mol", "sensor_later_s"}  # of results that are named by what they belong to
STATISTICS = ("minimum", "p5", "median", "p95", "maximum")  # of a column of a batch
