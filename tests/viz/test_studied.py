"""Pictures of studies of points and of calibrations: the numbers of their tables, on paper as on the page."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viz import corner, studied
from viz.pictures import pictures
from viz.report.maps import Map
from viz.report.point_studies import Points, drawn

CHANGE = {"from": 145.5, "to": 145.6, "unit": "degC", "text": "between 145.5 degC (no) and 145.6 degC (yes)"}


def study(folder: Path, kind: str, table: dict[str, list[Any]], outputs: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """A folder with the table of a study of points, and its summary."""
    folder.mkdir(exist_ok=True)
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    inputs = [name.split(" [")[0] for name in table if name.startswith("programme")]
    n = len(next(iter(table.values())))
    summary = {"title": "a study", "kind": kind, "points": {"n": n, "failed": [], "inputs": inputs, "outputs": outputs}, kind: found}
    (folder / "summary.json").write_text(json.dumps(summary))
    return summary


def figure(folder: Path, summary: dict[str, Any], name: str) -> Any:
    return studied.pictures_of(folder, summary)[name]()


def test_a_threshold_shows_its_bracket(tmp_path: Path):
    table = {"programme.air [degC]": [140.0, 150.0, 145.0, 147.5, 145.6, 145.5], "yes": ["no", "yes", "no", "yes", "yes", "no"]}
    summary = study(tmp_path, "threshold", table, {}, {"input": "programme.air", "changes": [CHANGE], "definition": "hot"})
    whole, close = figure(tmp_path, summary, "threshold").axes
    yes, no = whole.get_lines()
    assert sorted(yes.get_xdata()) == [145.6, 147.5, 150.0] and sorted(no.get_xdata()) == [140.0, 145.0, 145.5]
    assert yes.get_linestyle() == "None"  # nothing is known between two points
    (shade,) = close.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((145.5, 145.6))
    assert [line.get_xdata().tolist() for line in close.get_lines()] == [[145.6], [145.5]]
    assert "145.5 degC (no)" in close.get_xlabel()


def test_a_sweep_of_two_inputs_has_curves_and_a_map(tmp_path: Path):
    """The axes have the units of the inputs; a point without a result is a gap in its curve and a grey cell of the map."""
    air, film = [a for a in (150.0, 160.0, 170.0) for _ in (5.0, 10.0)], [5.0, 10.0] * 3
    table = {"programme.air [degC]": air, "programme.film [W/(m2 K)]": film, "hottest_K": [400.0, "", 450.0, 460.0, 500.0, 510.0]}
    summary = study(tmp_path, "sweep", table, {"hottest": "hottest_K"}, {})
    (axes,) = figure(tmp_path, summary, "sweep").axes
    first, second = axes.get_lines()
    assert first.get_label() == "5.0 W/(m2 K)" and len(second.get_xdata()) == 2
    np.testing.assert_allclose(first.get_ydata(), np.array([400.0, 450.0, 500.0]) - 273.15)
    assert axes.get_xlabel().startswith("programme.air [degC]") and "programme.film" in axes.get_xlabel()
    (axes,) = figure(tmp_path, summary, "map").axes
    cells = axes.images[0].get_array()
    assert cells.shape == (2, 3) and bool(np.ma.getmaskarray(cells)[1, 0]) and np.ma.getmaskarray(cells).sum() == 1
    assert cells[0, 2] == pytest.approx(500.0 - 273.15)


@pytest.mark.parametrize("n_inputs", [1, 2, 3])
def test_a_sweep_that_only_answers_is_drawn_as_far_as_paper_goes(tmp_path: Path, n_inputs: int):
    """One input: its answers; two: a map, in which a point that failed is neither yes nor no; three: the table says it."""
    values = {f"programme.i{k} [K]": [float((row >> k) & 1) for row in range(8)] for k in range(n_inputs)}
    if n_inputs == 1:
        values = {"programme.i0 [K]": [float(row) for row in range(8)]}
    if n_inputs == 2:
        values = {"programme.i0 [K]": [0.0, 1.0, 2.0, 3.0] * 2, "programme.i1 [K]": [0.0] * 4 + [1.0] * 4}
    summary = study(tmp_path, "sweep", values | {"yes": ["no"] * 4 + ["yes"] * 3 + [""]}, {}, {})
    found = studied.pictures_of(tmp_path, summary)
    assert list(found) == [["sweep"], ["map"], []][n_inputs - 1]
    for picture in found.values():
        picture()
    if n_inputs == 2:
        (one,) = drawn(summary, Points(tmp_path, summary))
        assert isinstance(one, Map)
        np.testing.assert_array_equal(one.cells()[2], [[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, np.nan]])


def test_a_tornado_has_a_bar_from_low_to_high(tmp_path: Path):
    inputs = {"programme.air": {"low_K": 400.0, "high_K": 420.0}, "programme.film": {"low_K": 415.0, "high_K": 405.0}}
    found = {"method": "local", "results": {"T2": {"base_K": 410.0, "inputs": inputs, "of": "onsets.T2"}}}
    summary = study(tmp_path, "sensitivity", {"programme.air [K]": [1.0], "programme.film [K]": [1.0], "T2_K": [410.0]}, {}, found)
    (axes,) = figure(tmp_path, summary, "sensitivity").axes
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert spans[0] == pytest.approx((126.85, 146.85)) and sorted(spans[1]) == pytest.approx([131.85, 141.85])
    assert [label.get_text() for label in axes.get_yticklabels()] == list(inputs)
    assert axes.get_xlabel().startswith("T2 [°C]")


def test_sobol_indices_have_their_intervals(tmp_path: Path):
    one = {"first": 0.4, "first_low": 0.3, "first_high": 0.55, "total": 0.6, "total_low": 0.5, "total_high": 0.7}
    found = {"method": "sobol", "results": {"T2": {"inputs": {"programme.air": one}, "of": "onsets.T2"}}}
    summary = study(tmp_path, "sensitivity", {"programme.air [K]": [1.0], "T2_K": [410.0]}, {}, found)
    first, total = figure(tmp_path, summary, "sensitivity").axes
    for axes, low, high in ((first, 0.3, 0.55), (total, 0.5, 0.7)):
        (segment,) = axes.collections[0].get_segments()
        assert segment[:, 0].tolist() == pytest.approx([low, high])


def test_an_uncertainty_has_its_quantiles_and_its_probability(tmp_path: Path):
    y = [float(v) for v in np.linspace(400.0, 500.0, 101)]
    quantiles = {"n": 101, "share_without": 0.0, "p5_K": 405.15, "p50_K": 450.15, "p95_K": 495.15}
    answer = {"probability": 0.25, "low": 0.2, "high": 0.3, "yes": 25, "answered": 101, "failed": 0, "definition": "hot"}
    table = {"programme.air [K]": y, "hottest_K": y, "yes": ["yes" if v > 475.0 else "no" for v in y]}
    summary = study(tmp_path, "uncertainty", table, {"hottest": "hottest_K"}, {"results": {"hottest": quantiles}, "answer": answer})
    made = figure(tmp_path, summary, "uncertainty")
    (axes,) = made.axes
    curve = axes.get_lines()[0]
    assert float(np.interp(0.5, curve.get_ydata(), curve.get_xdata())) == pytest.approx(450.0 - 273.15)
    assert [text.get_text() for text in axes.texts] == ["5 %: 132 °C", "median: 177 °C", "95 %: 222 °C"]
    assert "25 %" in made.get_supxlabel()
    share = figure(tmp_path, summary, "answers").axes[0].get_lines()[0]
    assert share.get_ydata()[0] == 0.0 and share.get_ydata()[-1] == 1.0


def posterior(folder: Path, n: int = 400) -> np.ndarray[Any, Any]:
    """Draws of three numbers, the first two of which go together."""
    random = np.random.default_rng(0)
    energy = 130e3 + 500.0 * random.standard_normal(n)
    factor = 10.0 ** (12.0 + (energy - 130e3) / 2000.0)
    heat = 30.0 + random.standard_normal(n)
    with (folder / "posterior.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"sample.with.sei.{word}" for word in ("pre_exponential_factor", "activation_energy", "heat")])
        for a, e, h in zip(factor, energy, heat, strict=True):
            writer.writerow([f"{a:.10g} 1/s", f"{e:.10g} J/mol", f"{{per_mass: {h:.10g} J/kg, of: anode}}"])
    return np.array([np.log10(factor), 1e-3 * energy, heat])


def test_a_corner_plot_has_every_draw_and_every_pair(tmp_path: Path):
    """Energies in kJ/mol, factors by their logarithm, heats in braces by their number; correlations above the diagonal."""
    truth = posterior(tmp_path)
    draws = corner.read_draws(tmp_path)
    assert [one.name for one in draws] == ["sei\nlog10 A [1/s]", "sei\nE [kJ/mol]", "sei\nheat [J/kg]"]
    np.testing.assert_allclose([one.values for one in draws], truth, rtol=1e-8)
    axes = np.array(corner.picture(tmp_path).axes).reshape(3, 3)
    np.testing.assert_allclose(axes[2, 1].get_lines()[0].get_xdata(), truth[1], rtol=1e-8)
    assert axes[0, 1].texts[0].get_text() == "+1.00"
    assert float(axes[1, 2].texts[0].get_text()) == pytest.approx(np.corrcoef(truth[1], truth[2])[0, 1], abs=0.005)


@pytest.mark.parametrize("text", ["", "a,b\n", "a\nx\ny\n", "a,b\n1 K\n2 K\n"])
def test_draws_that_are_damaged_are_said(tmp_path: Path, text: str):
    (tmp_path / "posterior.csv").write_text(text)
    with pytest.raises(ValueError, match=r"posterior\.csv: cannot be read"):
        corner.picture(tmp_path)


def test_the_same_study_gives_the_same_bytes(tmp_path: Path):
    table = {"programme.air [degC]": [140.0, 150.0], "yes": ["no", "yes"]}
    study(tmp_path, "threshold", table, {}, {"input": "programme.air", "changes": [CHANGE], "definition": "hot"})
    first, _ = pictures(tmp_path)
    vectors: dict[str, bytes] = {}
    second, notes = pictures(tmp_path, vectors=vectors)
    assert first == second and list(first) == ["threshold"] == list(vectors) and not notes
