"""The page of a scene as text: what it allows, what it holds, how large it is, and the command that writes it."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import stat
import webbrowser
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CASES
from tests.viz.folders import HOSTILE, box_folder, boxes, front, plane_folder, write_folder
from viz.page import poster
from viz.page.policy import content_policy
from viz.page.scene import OTHER_BYTES, Scene, scene_page, scene_part, script_json
from viz.read import read_run, read_unfinished


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of boxes, whose poster is drawn without OpenGL, which is faster."""
    monkeypatch.setattr(poster, "rendered", lambda command: (None, "not wanted here"))
    return read_run(box_folder(tmp_path / "run", (6, 5, 4)))


class Elements(html.parser.HTMLParser):
    """The elements of a page as (name, attributes, text), and whether each that opens is closed."""

    VOID = {"meta", "link", "img", "input", "br"}

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])
        if tag not in self.VOID:
            self.open.append(self.found[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            self.open[-1][2] += data

    def all(self, tag):
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


def test_the_policy_allows_this_script_and_style_and_no_request(run):
    page = Elements(scene_page(run).decode())
    assert page.open == []
    policy = next(a["content"] for a, _ in page.all("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for tag in ("script", "style"):
        texts = [text for attributes, text in page.all(tag) if attributes.get("type") != "application/json"]
        assert len(texts) == 1
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "http" not in policy
    for _, attributes, _ in page.found:
        assert not any(name == "style" or name.startswith("on") for name in attributes), "the policy would refuse it"
        for name in ("src", "href"):
            assert attributes.get(name, "data:").startswith("data:")


def test_a_policy_without_scripts_allows_none():
    assert "script-src 'none'; style-src 'none'" in content_policy([], [])


def test_hostile_names_and_titles_are_text(run):
    text = scene_page(run).decode()
    page = Elements(text)
    assert 'id="broken"' not in text
    assert page.all("title")[0][1] == f"boxes {HOSTILE}"
    data = json.loads(next(text for attributes, text in page.all("script") if attributes.get("type") == "application/json"))
    assert data["regions"][0] == HOSTILE
    assert not set("<>&") & set(script_json({"name": HOSTILE + "<!--"}))


def test_the_same_folder_gives_the_same_bytes(run):
    assert scene_page(run) == scene_page(read_run(run.folder))


def test_a_report_takes_the_scene_in_parts(run):
    made = scene_part(run, limit=403.15, name="body")
    assert isinstance(made, Scene)
    assert 'id="body"' in made.markup and 'value="130"' in made.markup
    assert made.data_element == f'<script type="application/json" id="body-data">{made.data}</script>'
    assert "<script" not in made.markup and made.script.startswith('"use strict"')
    assert re.search(r"at most 0\.0\d+ K from those of the run", json.loads(made.data)["fields"][0]["exact"])


def test_the_poster_is_small_and_is_the_picture_that_the_folder_has(run):
    from viz import theme

    (run.folder / "pictures").mkdir()
    figure = theme.figure(8.0, 6.0)
    figure.text(0.5, 0.5, "the picture")
    (run.folder / "pictures" / "field.png").write_bytes(theme.png(figure))
    data = re.search(r'src="data:image/png;base64,([^"]+)"', scene_part(run).markup)
    picture = base64.b64decode(data[1])
    assert picture == poster.small(theme.png(figure))
    assert len(picture) < poster.MOST_BYTES


@pytest.mark.parametrize("share, n_fields, least, most", [(1.0, 2, 30, 30), (0.8, 1, 30, 30), (0.3, 1, 8, 18)])
def test_what_does_not_fit_is_left_out_and_named(tmp_path, monkeypatch, share, n_fields, least, most):
    monkeypatch.setattr(poster, "rendered", lambda command: (None, "not wanted here"))
    run = read_run(box_folder(tmp_path / "run", (10, 8, 6), n_times=30))
    room = int(share * len(scene_part(run).data))
    made = scene_part(run, most_bytes=OTHER_BYTES + room)
    head = json.loads(made.data)
    assert len(head["fields"]) == n_fields
    assert least <= len(head["times"]) <= most
    assert len(made.notes) == (n_fields < 2) + (most < 30)
    assert len(made.data) <= room + 2000  # words beside the numbers


def test_a_body_without_room_for_five_frames_is_shown_by_its_surface(tmp_path, monkeypatch):
    monkeypatch.setattr(poster, "rendered", lambda command: (None, "not wanted here"))
    mesh, times, noise = boxes((30, 30, 30), 2), np.arange(6.0), np.random.default_rng(1)
    fields = [{"temperature_K": 300.0 + 100.0 * noise.random(len(mesh[0]))} for _ in times]  # few bytes cannot hold it
    made = scene_part(read_run(write_folder(tmp_path / "run", mesh, fields, times, ["a", "b"])), most_bytes=OTHER_BYTES + 300_000)
    head = json.loads(made.data)
    assert (head["kind"], len(head["times"])) == ("quad", 6)
    assert len(made.data) < 302_000
    assert made.notes == ["The body is too large for a page: the scene has its surface and a cut through the middle across each axis."]


def test_only_bodies_in_two_or_three_dimensions_have_a_scene(tmp_path):
    points, times = boxes((4, 1, 1), 1)[0][:5], [0.0, 1.0]
    line = (points, [("line", [[i, i + 1] for i in range(4)])], [0] * 4)
    run = read_run(write_folder(tmp_path / "run", line, front(points, times), times, ["bar"]))
    assert scene_part(run) is None
    with pytest.raises(ValueError, match="has no fields of a body in two or three dimensions"):
        scene_page(run)


def test_an_unfinished_run_is_shown_as_far_as_it_got(run):
    (run.folder / "summary.json").unlink()
    (run.folder / "history.csv").write_text("time_s,probe_K\n0,30")
    made = scene_part(read_unfinished(run.folder))
    assert made.notes[0] == "The run is unfinished: the scene shows it up to 1 s."


def test_a_damaged_series_is_named(run):
    (run.folder / "fields" / "run.pvd").write_text('<DataSet timestep="soon" file="frame-0001.vtu"/>')
    with pytest.raises(ValueError, match=r"run\.pvd: cannot be read"):
        scene_part(run)


@pytest.mark.parametrize("harm", ["cut short", "gone", "not a number"])
def test_a_damaged_or_missing_frame_is_named(run, harm):
    file = run.frames[4].file
    if harm == "cut short":
        file.write_bytes(file.read_bytes()[:2000])
    elif harm == "gone":
        file.unlink()
    else:
        mesh = boxes((6, 5, 4), 3)
        other = write_folder(file.parent / "other", mesh, [{"temperature_K": 0.0 / (mesh[0][:, 0] - 1.0) + float("nan")}], [0.0], ["a"] * 3)
        file.write_bytes(read_run(other).frames[0].file.read_bytes())
    with pytest.raises(ValueError, match=r"frame-0005\.vtu"):
        scene_part(read_run(run.folder))


def test_a_large_poster_is_reduced():
    import io

    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    assert len(file.getvalue()) > 1_000_000
    assert len(poster.small(file.getvalue())) <= poster.MOST_BYTES


def test_the_name_of_a_scene_is_an_id(run):
    with pytest.raises(ValueError, match="is made of letters, digits and '-'"):
        scene_part(run, name='a"b')


def test_view_writes_a_private_file_and_opens_it(run, thermo, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    code, out, err = thermo("view", run.folder)
    file = Path(out.removeprefix("scene: ").strip())
    assert (code, err, opened) == (0, [], [file.as_uri()])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_bytes() == scene_page(run)
    file.unlink()
    file.parent.rmdir()


def test_view_with_out_opens_nothing_and_replaces_only_when_told(run, thermo, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: pytest.fail("no browser is asked for"))
    assert thermo("view", run.folder, "--out", "page.html")[0] == 0
    assert Path("page.html").read_bytes() == scene_page(run)
    assert thermo("view", run.folder, "--out", "page.html")[0] == 4
    assert thermo("view", run.folder, "--out", "page.html", "--force")[0] == 0


def test_view_says_what_it_cannot_show(run, thermo, tmp_path):
    assert thermo("view", tmp_path / "none")[0] == 5
    (tmp_path / "empty").mkdir()
    code, _, err = thermo("view", tmp_path / "empty")
    assert code == 2 and "has no fields of a body" in err[0]
    run.frames[1].file.write_bytes(b"<VTKFile")
    code, _, err = thermo("view", run.folder)
    assert code == 5 and len(err) == 1 and "frame-0002.vtu: cannot be read" in err[0]
    (run.folder / "summary.json").write_text(json.dumps({"members": {"a": {}}}))
    (run.folder / "study.yaml").write_text("")
    code, _, err = thermo("view", run.folder)
    assert code == 2 and f"is a study; view one of its members: {run.folder / 'a'}" in err[0]


@pytest.mark.slow
def test_a_run_of_100000_cells_and_40_frames_makes_a_page_below_2_mb(tmp_path, monkeypatch):
    monkeypatch.setattr(poster, "rendered", lambda command: (None, "not wanted here"))
    page = scene_page(read_run(box_folder(tmp_path / "run", (64, 36, 44), 8, 40)))
    assert len(page) < 2_000_000


@pytest.mark.slow
def test_a_shipped_case_has_a_scene(tmp_path, thermo):
    assert thermo("run", CASES / "oven" / "rod-18650.yaml", "--out", "rod", "-q", "--no-pictures")[0] == 0
    assert thermo("view", "rod", "--out", "rod.html")[0] == 0
    text = Path("rod.html").read_text("utf-8")
    assert "turned round its axis" in text and "conversion roll cathode" in text


def test_a_plane_body_has_two_axes_to_cut(tmp_path):
    for axisymmetric, letters in ((False, "xy"), (True, "xyz")):
        made = scene_part(read_run(plane_folder(tmp_path / letters, axisymmetric)))
        select = re.search(r'<select class="cut">(.*?)</select>', made.markup)[1]
        assert re.findall(r">([xyz])<", select) == list(letters)
