"""Runaway from cell to cell, against a finite-volume code and LIM1TR on the same input."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import CASES

from thermo.case.case import read_case
from thermo.simulation.simulate import run

CELLS = ("first", "cell-1", "cell-2", "cell-3", "cell-4")
HALF = (6.702, 21.724, 40.792, 59.996, 79.201)  # s: half of the cobalt oxide is gone, by both codes to 0.001 s
START, CATHODE, SHORT = 266.5813562, 0.8856403753, 90.931 / 169.938  # kg/m3; kg of it per kg of extent
INTERFACES = {  # K, mean of both sides, by both codes to 0.1 K
    50.0: {"first|cell-1": 996.5, "cell-1|cell-2": 963.4, "cell-2|cell-3": 769.9, "cell-3|cell-4": 298.2},
    100.0: {"first|cell-1": 917.6, "cell-1|cell-2": 961.9, "cell-2|cell-3": 958.8, "cell-3|cell-4": 960.7},
}


CASE = CASES / "propagation" / "five-pouch-cells.yaml"


@pytest.fixture(scope="module", params=[[], ["sample.coordinates=space", "sample.size=[0.2 mm, 0.2 mm]"]], ids=["line", "space"])
def stack(request):
    """The shipped case, and a thin bar of the same layers in space with the same nodes along it, each run once."""
    return run(read_case(CASE, request.param))


def half_gone(result):
    """When half of the cathode of each cell is gone [s]."""
    times = []
    for name in CELLS:
        left = START - CATHODE * result.columns[f"extent_{name}_cathode_kg_per_m3"]
        if name == "first":
            left = left - SHORT * result.columns["extent_first_short_kg_per_m3"]
        k = int(np.argmax(left < 0.5 * START))
        times.append(np.interp(-0.5 * START, -left[k - 1 : k + 1], result.time[k - 1 : k + 1]))
    return times


@pytest.mark.slow
def test_steps_of_the_case_are_short_enough(stack):
    """Steps two hundred times more exact on the same mesh move no cell by 0.05 s."""
    tight = run(read_case(CASE, ["numerics.tolerance=1e-5", "expect=[]"]))
    assert half_gone(stack) == pytest.approx(half_gone(tight), abs=0.05)


@pytest.mark.slow
def test_cells_go_off_one_after_the_other_as_in_two_other_codes(stack):
    """Half of each cathode within 0.1 s, and the interval between cells in the steady part."""
    assert half_gone(stack) == pytest.approx(HALF, abs=0.1)
    arrivals = stack.summary()["arrivals"]
    assert list(arrivals) == list(CELLS)
    assert arrivals["cell-4"]["delay_s"] == pytest.approx(19.20, abs=0.10)


@pytest.mark.slow
def test_interfaces_have_the_temperatures_of_two_other_codes(stack):
    """The mean of both sides, after 50 and 100 s."""
    for time, wanted in INTERFACES.items():
        for name, temperature in wanted.items():
            sides = [stack.probe(f"{name}_{side}") for side in name.split("|")]
            assert np.interp(time, stack.time, 0.5 * (sides[0] + sides[1])) == pytest.approx(temperature, abs=1.5)


@pytest.mark.slow
def test_not_a_joule_is_lost_and_what_the_case_expects_holds(stack):
    """Energy to 1e-12 of what was exchanged, the zone that reacts resolved, every line of `expect`."""
    summary = stack.summary()
    assert abs(summary["energy"]["residual_relative"]) < 1e-12
    assert summary["front"]["cells_across_reaction_zone"] > 3.0
    assert not summary["warnings"]
    assert all(entry["holds"] for entry in summary["expect"])


@pytest.mark.slow
def test_a_heated_cell_in_space_reacts_as_a_whole():
    """What the shipped case expects; the heater is cut off once, and the hottest place is where the patch was before the far end is."""
    summary = run(read_case(CASES / "propagation" / "heated-cell.yaml")).summary()
    assert [entry["holds"] for entry in summary["expect"]] == [True, True, True]
    assert summary["energy"]["residual_relative"] < 1e-12
    assert summary["energy"]["heat_in_J"] == pytest.approx(20.0 * summary["triggers"]["pad-stops"]["time_s"], rel=1e-9)
    assert summary["arrivals"]["cell"]["first_time_s"] < summary["arrivals"]["cell"]["time_s"] < summary["arrivals"]["cell"]["last_time_s"]
