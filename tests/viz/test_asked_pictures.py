"""Pictures that are asked for: which field, when, from where, in which unit, and what is said where that is not possible."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.viz.folders import box_folder, plane_folder
from viz import asked, flat, pictures, read
from viz.bricks import brick, neighbours
from viz.look import CUTS, Look, read_shown

PNG = b"\x89PNG"
LIMIT = 500.0


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Three boxes in a row, a hot front on its way along them; the case has a limit."""
    folder = box_folder(tmp_path / "boxes", n_times=3)
    summary = json.loads((folder / "summary.json").read_text())
    summary["expect"] = [{"name": "arrivals.cell-1.time_s", "below": 3.0}, {"name": "probes.probe.maximum_K", "below": LIMIT}]
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture
def no_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "command", lambda *_: [sys.executable, "-c", "raise SystemExit(139)"])


def test_the_limit_is_that_of_the_first_temperature_that_must_stay_below(boxes: Path):
    assert asked.limit_of([read.read_run(boxes)]) == LIMIT


def test_the_neighbours_of_the_hottest_region_have_a_range_of_their_own(boxes: Path):
    """At the middle of the time the front is in the second of three boxes: the last one is hardly warm."""
    frames = read.read_run(boxes).frames
    field = read.read_cells(frames[1].file)
    last = field.temperature[field.cells[field.material == 2]].max()
    assert neighbours(field) == pytest.approx(float(last))
    assert neighbours(field._replace(material=np.zeros_like(field.material))) is None


def test_values_come_in_the_unit_that_is_asked_for(boxes: Path):
    file = read.read_run(boxes).frames[0].file
    kelvin, celsius = (read_shown(file, Look(unit=unit))[1] for unit in ("K", "degC"))
    assert kelvin - celsius == pytest.approx(np.full(len(kelvin), 273.15))
    with pytest.raises(ValueError, match=r"has no field 'x'; it has temperature, conversion_sei"):
        read_shown(file, Look(array="x"))


@pytest.mark.usefixtures("no_opengl")
def test_without_opengl_sections_show_the_same_field_and_one_note_says_what_is_missing(boxes: Path):
    runs = [read.read_run(boxes)]
    data, notes = asked.asked_picture(runs, "all", Look(array="conversion_sei", cut="x", view="top"))
    assert data.startswith(PNG)
    (note,) = notes
    assert "sections are drawn instead, without the view (" in note and "libegl1" in note


@pytest.mark.usefixtures("no_opengl")
def test_without_opengl_the_usual_pictures_are_all_there(boxes: Path):
    made, notes = pictures.pictures(boxes, 0.5)
    assert set(made) == {"field", "field-neighbours", "curves"}
    assert len(notes) == 1


def test_a_section_has_the_line_of_the_limit_and_the_asked_plane(boxes: Path):
    run = read.read_run(boxes)
    figure = flat.sections([brick(run, 0.5, "at half")], Look(cut="z", level=0.01, unit="K", limit=LIMIT))
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == ("x [mm]", "y [mm]", "temperature [K]")
    assert any("at half, cut at z = 10 mm" in text.get_text() for text in axes.texts)
    assert figure.get_supxlabel() == "white line: 500.0 K, the limit of the case"
    with pytest.raises(ValueError, match="the plane at 100 mm does not meet the body"):
        flat.sections([brick(run, 0.5, "")], Look(cut="z", level=0.1))


def test_slender_planes_stand_side_by_side_on_one_range(tmp_path: Path):
    run = read.read_run(plane_folder(tmp_path / "plane", axisymmetric=True))
    bricks, of = asked._bodies([run], [0.0, 1.0], [])
    *panels, _ = asked._planes(of, bricks, Look()).axes
    assert len(panels) == 2
    assert len({axes.get_position().y0 for axes in panels}) == 1
    assert len({axes.collections[0].get_clim() for axes in panels}) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--field", "nope"), "--field: there is no field 'nope'; there are temperature, conversion_sei"),
        (("--at", "3"), "--at: 3 has no unit"),
        (("--cut", "across"), "--cut: 'across' is not known"),
        (("--cut", "none=3 mm"), "--cut: a place belongs to a plane"),
        (("--view", "below"), "--view: 'below' is not known"),
        (("--unit", "F"), "--unit: 'F' is not known"),
        (("--out", "a.jpg"), "--out: a.jpg: a name that ends in .png is needed"),
    ],
)
def test_a_wrong_option_is_refused_with_what_would_be_right(boxes: Path, thermo: Any, words: tuple[str, str], said: str):
    code, out, err = thermo("picture", str(boxes), *words)
    assert (code, out) == (2, "")
    assert err[0].startswith(f"error: {said}")


@pytest.mark.usefixtures("no_opengl")
def test_several_runs_need_a_file_which_is_not_replaced(boxes: Path, thermo: Any, tmp_path: Path):
    assert thermo("picture", str(boxes), str(boxes), "--at", "1 s")[0] == 2
    out = tmp_path / "both.png"
    assert thermo("picture", str(boxes), str(boxes), "--at", "1 s", "--out", str(out))[0] == 0
    assert out.read_bytes().startswith(PNG)
    assert thermo("picture", str(boxes), "--out", str(out))[0] == 4
    assert thermo("picture", str(boxes), "--out", str(out), "--force")[0] == 0


@pytest.mark.slow
def test_cuts_and_views_are_drawn_and_differ(boxes: Path):
    run = read.read_run(boxes)
    looks = [Look(cut=cut, limit=LIMIT, names=True) for cut in CUTS]
    looks += [Look(cut="none", view=view) for view in ("front", "left", "top")] + [Look(cut="none", apart=0.5)]
    made = [asked.asked_picture([run], [0.5], look) for look in looks]
    assert all(data.startswith(PNG) for data, _ in made)
    assert any(notes for _, notes in made) or len({data for data, _ in made}) == len(looks)


@pytest.mark.slow
def test_a_picture_with_options_is_kept_with_the_derived_files(thermo: Any, tmp_path: Path):
    from tests.app.test_run_into_folder import BRICK
    from thermo.results.store import damage, read_json

    (tmp_path / "brick.yaml").write_text(BRICK)
    assert thermo("run", "brick.yaml", "--no-pictures", "--no-report", "--out", "brick")[0] == 0
    code, out, _ = thermo("picture", "brick", "--at", "all", "--cut", "y", "--unit", "K")
    assert code == 0
    assert out == "picture: brick/pictures/temperature-at-all-cut-y-k.png\n"
    assert "pictures/temperature-at-all-cut-y-k.png" in read_json(tmp_path / "brick" / "manifest.json")["derived"]
    assert damage(tmp_path / "brick") == []


def test_a_plate_is_drawn_thicker_in_sections_too(tmp_path: Path):
    """A plate of 60 x 40 x 0.3 mm would be a line: both cuts draw it twenty times as thick, and say so."""
    from tests.viz.folders import boxes as mesh
    from tests.viz.folders import write_folder

    points, cells, region = mesh((6, 4, 3), 3)
    points[:, 2] *= 0.01
    field = {"temperature_K": 300.0 + 1e3 * points[:, 0]}
    run = read.read_run(write_folder(tmp_path / "plate", (points, cells, region), [field], [1.0], ["a", "b", "c"]))
    across_y, across_x, *_ = flat.sections([brick(run, 1.0, "plate")], Look()).axes
    assert (across_y.get_aspect(), across_x.get_aspect()) == (20.0, 20.0)
    assert across_y.get_ylabel() == "z [mm]\ndrawn ×20"
