"""The charts of a run as figures for print: names and maxima beside their curves, the event by itself, the same bytes twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.viz.test_viz import brick_folder, write_table
from viz import charted, read, theme
from viz.pictures import pictures
from viz.report import courses


@pytest.fixture
def row(tmp_path: Path) -> Path:
    """Two cells in four hours: the first goes off after three hours within a minute and dwarfs the second."""
    folder = tmp_path / "row"
    folder.mkdir()
    time = np.unique(np.concatenate([np.linspace(0.0, 14400.0, 300), np.linspace(10800.0, 10860.0, 100)]))
    burnt = np.clip((time - 10800.0) / 60.0, 0.0, 1.0)
    hot = 300.0 + 100.0 * time / 14400.0 + 500.0 * burnt
    heat = np.where((burnt > 0.0) & (burnt < 1.0), 800.0, 0.0)
    columns = {"time_s": time, "first_K": hot, "twin_K": hot + 0.1, "second_K": 300.0 + 80.0 * time / 14400.0}
    write_table(folder / "history.csv", columns | {"heat_sei_W": 0.25 * heat, "heat_anode_W": 0.75 * heat})
    energy = {"initial_J": 0.0, "final_J": 4e4, "heat_in_J": 0.0, "heat_out_J": 8e3, "ejected_J": 0.0}
    energy["released_J"] = {"sei": 1.2e4, "anode": 3.6e4}  # type: ignore[assignment]
    arrivals: dict[str, Any] = {"a": {"time_s": 10800.0}, "b": {"time_s": 10860.0, "speed_m_per_s": 2e-3}, "c": {"time_s": None}}
    (folder / "summary.json").write_text(json.dumps({"title": "a row", "energy": energy, "arrivals": arrivals}))
    (folder / "resolved.yaml").write_text("")
    return folder


def said(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_each_probe_has_its_name_and_maximum_at_its_end_and_twins_share_a_line(row: Path):
    figure = charted.pictures_of(read.read_run(row))["curves"]()
    whole = figure.axes[0]
    assert whole.get_xlabel() == "time [h]"
    assert any(text.startswith("first, twin, max ") for text in said(whole))
    assert any(text.startswith("second, max 106.") for text in said(whole))
    assert len([line for line in whole.get_lines() if not line.get_label().startswith("_")]) == 2


def test_the_event_and_the_dwarfed_cell_have_panels_of_their_own(row: Path):
    figure = charted.pictures_of(read.read_run(row))["curves"]()
    _, event, calm = figure.axes
    assert event.get_title(loc="left") == "The same, while it changes most"
    low, high = event.get_xlim()
    unit = {"time [s]": 1.0, "time [min]": 60.0, "time [h]": 3600.0}[event.get_xlabel()]
    assert 10000.0 < low * unit < 10800.0 < 10860.0 < high * unit < 12000.0
    assert [text.split(",")[0] for text in said(calm)] == ["second"]


def test_release_is_stacked_and_energy_is_in_bars(row: Path):
    made = charted.pictures_of(read.read_run(row))
    assert set(made) == {"curves", "release", "arrivals", "energy"}
    (release,) = made["release"]().axes
    assert [text.get_text() for text in release.get_legend().get_texts()] == ["anode", "sei"]
    assert max(float(np.max(part.get_paths()[0].vertices[:, 1])) for part in release.collections) == pytest.approx(800.0)
    (bars,) = made["energy"]().axes
    widths = {label.get_text(): patch.get_width() for label, patch in zip(bars.get_yticklabels(), bars.patches, strict=True)}
    assert widths == {"released by sei": 12.0, "released by anode": 36.0, "heat out": -8.0, "stored at the end": 40.0}


def test_a_flare_long_before_the_burn_is_no_event(row: Path):
    """A node that gets hot within a second after an hour, and cools: the event and the heat stay those of the burn."""
    columns = read.read_run(row).columns
    time = np.asarray(columns["time_s"])
    flare = np.exp(-(((time - 3600.0) / 60.0) ** 2))
    hot = np.asarray(columns["first_K"]) + 420.0 * flare - 0.3 * np.clip(time - 10860.0, 0.0, None)
    hot[time < 10800.0] += 0.01 * time[time < 10800.0]  # rises at first as slowly as a body that is heated
    heat = np.array(columns["heat_sei_W"])
    heat[np.argmin(np.abs(time - 3600.0))] += 1.1  # W, of 200 W in the burn
    silent = np.full(len(time), 1e-9)
    write_table(row / "history.csv", {"time_s": time, "first_K": hot, "heat_sei_W": heat, "heat_anode_W": silent})
    run = read.read_run(row)
    events = [chart for chart in courses.probes([run]) if "changes most" in chart.title]
    for event in events:
        size = {"s": 1.0, "min": 60.0, "h": 3600.0}[event.x_unit]
        assert event.x_range[0] * size < 10800.0 < 10860.0 < event.x_range[1] * size
    (release,) = courses.released(run)
    assert [curve.name for curve in release.curves] == ["sei"], "what releases nothing has no name"
    assert release.x_label.startswith("time after 3 h")


def test_arrivals_show_the_speed_from_cell_to_cell(row: Path):
    (chart,) = courses.arrivals(read.read_run(row))
    assert [mark.text for mark in chart.marks] == ["a", "b, 2 mm/s"]
    assert chart.x_label == "time after 3 h [s]"
    assert chart.curves[0].x.tolist() == [0.0, 60.0]


def test_names_keep_their_distance_their_order_and_stay_in_the_frame():
    wanted = np.array([95.0, 3.0, 2.0, 99.0, 98.0])
    placed = charted.spread(wanted, 10.0, 100.0)
    assert np.argsort(placed, kind="stable").tolist() == np.argsort(wanted, kind="stable").tolist()
    assert np.diff(np.sort(placed)).min() >= 10.0 - 1e-9
    assert placed.max() <= 100.0


def test_a_figure_as_svg_is_the_same_twice_and_has_no_date(row: Path):
    run = read.read_run(row)
    first, second = (theme.svg(charted.pictures_of(run)["curves"]()) for _ in range(2))
    assert first == second
    assert b"<svg" in first and b"<dc:date>" not in first


def test_curves_come_as_svg_where_they_are_wanted(row: Path):
    vectors: dict[str, bytes] = {}
    made, notes = pictures(row, vectors=vectors)
    assert set(made) == set(vectors) == {"curves", "release", "arrivals", "energy"}
    assert notes == []


def test_crossings_are_marked_over_the_logarithm_of_time(tmp_path: Path):
    brick_folder(tmp_path / "brick", frames=(), theta=False)
    run = read.read_run(tmp_path / "brick")
    (chart,) = charted.with_crossings(courses.probes([run]), run)
    (mark,) = chart.marks
    assert (mark.text, mark.x) == ("half-rise 69.3 µs", pytest.approx(np.log10(0.6931e-4)))
    assert mark.y == pytest.approx(385.5 - 273.15, abs=0.5)


def of_a_body(folder: Path, columns: dict[str, Any]) -> read.Run:
    """A body of regions that react: 'cell', 'cell_1' and 'idle' over an hour."""
    folder.mkdir()
    time = np.linspace(0.0, 3600.0, 101)
    write_table(folder / "history.csv", {"time_s": time, "mean_K": 300.0 + time, **{name: y(time) for name, y in columns.items()}})
    regions: dict[str, Any] = {"cell": {}, "cell_1": {}, "idle": {}}
    (folder / "summary.json").write_text(json.dumps({"title": "a body", "regions": regions, "energy": {}}))
    (folder / "resolved.yaml").write_text("")
    return read.read_run(folder)


def test_conversions_of_a_body_go_over_time_region_by_region(tmp_path: Path):
    """A chart of each reaction; what does not react has no curve; of two names that fit the longer region is meant."""
    columns = {
        "conversion_cell_sei": lambda t: t / 3600.0,
        "conversion_cell_1_sei": lambda t: 0.5 * np.maximum(t - 1800.0, 0.0) / 1800.0,
        "conversion_idle_sei": lambda t: 0.2 + 0.0 * t,
        "conversion_cell_1_slow_anode": lambda t: 0.1 * t / 3600.0,
    }
    sei, anode = courses.conversions(of_a_body(tmp_path / "body", columns))
    assert (sei.title, anode.title) == ("Conversion of sei", "Conversion of slow_anode")
    assert [curve.name for curve in sei.curves] == ["cell", "cell_1"] and [curve.name for curve in anode.curves] == ["cell_1"]
    assert [float(curve.y[-1]) for curve in sei.curves] == pytest.approx([1.0, 0.5])
    assert sei.x_label == "time [min]" and sei.x_range == pytest.approx((0.0, 60.0))


def test_one_region_that_reacts_has_its_reactions_in_one_chart(tmp_path: Path):
    """From the moment at which something goes, where that is late; extents of a mechanism in amounts have their unit."""
    late = {f"extent_cell_{name}_kg_per_m3": lambda t, top=top: top * np.clip((t - 3000.0) / 60.0, 0.0, 1.0) for name, top in
            (("sei", 20.0), ("cathode", 300.0))}  # fmt: skip
    (chart,) = courses.conversions(of_a_body(tmp_path / "body", late))
    assert chart.title == "Extent of the reactions in cell" and chart.y_label.endswith("[kg/m³]")
    assert [float(curve.y.max()) for curve in chart.curves] == pytest.approx([20.0, 300.0])
    assert chart.x_label == "time after 49.8 min [min]"


def test_a_body_in_which_nothing_reacts_has_no_such_chart(tmp_path: Path):
    assert courses.conversions(of_a_body(tmp_path / "body", {"conversion_cell_sei": lambda t: 1e-5 * t / 3600.0})) == []
