"""Pictures of a batch: a map where two parameters were combined, bars over words, dots otherwise."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.viz.test_viz import write_table
from viz.batch import scatter


def batch(file: Path, parameters: dict[str, Any], results: dict[str, list[Any]]) -> dict[str, Any]:
    """The summary of a batch whose table was written."""
    n = len(next(iter(parameters.values())))
    columns = {name: results.get(name, [""] * n) for name in ("T1_K", "T2_K", "T3_K", "maximum_K", "T2_time_s")}
    write_table(file, parameters | columns)
    known = {name: {"n": sum(value != "" for value in values)} for name, values in columns.items()}
    return {"batch": {"parameters": list(parameters), "results": known}}


def test_every_combination_of_two_parameters_makes_a_map(tmp_path: Path):
    pairs = list(itertools.product((1.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0)))
    peaks = [400.0 + a + b for a, b in pairs[:-1]]
    parameters = {"heat [J]": [a for a, _ in pairs], "loss [W]": [b for _, b in pairs]}
    figure = scatter(tmp_path / "t.csv", batch(tmp_path / "t.csv", parameters, {"T2_K": [393.15] * 12, "T3_K": [*peaks, ""]}))
    (axes,) = figure.axes
    assert figure.get_supxlabel() == "T2 [°C]: 120 in all rows"
    assert axes.get_title(loc="left") == "T3 [°C]"
    cells = axes.images[0].get_array()
    assert cells.shape == (3, 4)
    assert cells[1, 2] == pytest.approx(400.0 + 3.0 + 20.0 - 273.15)
    assert np.ma.getmaskarray(cells).sum() == 1 and [text.get_text() for text in axes.texts].count("none") == 1


def test_one_parameter_of_words_makes_bars(tmp_path: Path):
    summary = batch(tmp_path / "t.csv", {"chemistry": ["a", "b"]}, {"maximum_K": [400.0, 500.0]})
    (axes,) = scatter(tmp_path / "t.csv", summary).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [patch.get_width() for patch in axes.patches] == pytest.approx([126.85, 226.85])


def test_dots_show_the_time_to_runaway_beside_its_temperature(tmp_path: Path):
    results = {"T2_K": [400.0, 410.0, ""], "T2_time_s": [7200.0, 14400.0, ""]}
    figure = scatter(tmp_path / "t.csv", batch(tmp_path / "t.csv", {"loss [W]": [1.0, 2.0, 3.0]}, results))
    temperature, time = figure.axes
    assert (temperature.get_ylabel(), time.get_ylabel()) == ("T2 [°C]", "time to T2 [h]")
    assert time.get_lines()[0].get_ydata()[:2].tolist() == [2.0, 4.0]
    assert temperature.get_title(loc="left") == "1 of 3 rows have none"
