"""When runaway comes to each cell, from rows that are known."""

from __future__ import annotations

import numpy as np
import pytest

from thermo.measurement.arrivals import COLUMNS, Reached, arrivals, arrivals_table

TIME = np.linspace(0.0, 100.0, 1001)


def cell(name, begins, centre, *, until=900.0):
    """A cell whose hottest place starts to rise at a time by 10 K/s, its mean 5 s and its coldest place 10 s later."""
    courses = [300.0 + np.clip(10.0 * (TIME - begins - lag), 0.0, until - 300.0) for lag in (5.0, 0.0, 10.0)]
    released = 50.0 * (courses[0] - 300.0)
    return Reached(name, *courses, np.full(len(TIME), 7), released, np.array(centre), holds=50.0 * 600.0)


def test_each_cell_is_told_by_itself_and_after_the_one_before():
    """The second cell begins 3 s before the last place of the first passes the level: the gap is negative then."""
    found = arrivals(TIME, [cell("b", 20.0, [0.02]), cell("a", 3.0, [0.0])], 500.0, lambda node: [0.001 * node])
    assert list(found) == ["a", "b"]
    a, b = found["a"], found["b"]
    assert (a["order"], b["order"]) == (1, 2)
    assert a["first_time_s"] == pytest.approx(23.0)
    assert a["time_s"] == pytest.approx(28.0)
    assert a["last_time_s"] == pytest.approx(33.0)
    assert a["crossing_s"] == pytest.approx(10.0)
    assert a["delay_s"] is None
    assert b["delay_s"] == pytest.approx(17.0)
    assert b["gap_s"] == pytest.approx(40.0 - 33.0)
    assert b["speed_m_per_s"] == pytest.approx(0.02 / 17.0)
    assert a["half_conversion_s"] == pytest.approx(38.0)
    assert a["first_place_m"] == [0.007]
    assert a["converted"] == pytest.approx(1.0)
    assert a["maximum_K"] == pytest.approx(900.0)


def test_a_cell_that_is_not_reached_says_by_how_much_it_missed():
    """It comes last, without an order."""
    found = arrivals(TIME, [cell("cold", 0.0, [0.02], until=480.0), cell("hot", 10.0, [0.0])], 500.0, lambda node: [0.0])
    assert list(found) == ["hot", "cold"]
    assert found["cold"]["time_s"] is None
    assert found["cold"]["order"] is None
    assert found["cold"]["short_by_K"] == pytest.approx(20.0)
    head, rows = arrivals_table(found)
    assert head == ["cell", *COLUMNS]
    assert [row[0] for row in rows] == ["hot", "cold"]


@pytest.mark.parametrize(("later", "moves"), [(0.0, False), (0.09, False), (0.5, True)])
def test_two_cells_that_go_off_together_have_no_speed_between_them(later, moves):
    """Runaway crosses a cell in 10 s: within a tenth of a second nothing went from one to the other."""
    found = arrivals(TIME, [cell("a", 3.0, [0.0]), cell("b", 3.0 + later, [0.02])], 500.0, lambda node: [0.0])
    assert found["b"]["delay_s"] == pytest.approx(later, abs=1e-9)
    assert (found["b"]["speed_m_per_s"] is not None) == moves
