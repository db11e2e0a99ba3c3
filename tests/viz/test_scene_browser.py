"""The scene in headless Chromium, opened from a file with every name blocked: what it draws, reads and asks for (nothing)."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from tests.viz.chromium import NO_CHROMIUM, NO_WEBGL, Opened, launched
from tests.viz.folders import HOSTILE, box_folder, nested_folder, plane_folder
from viz.page import scene as scenes
from viz.page.policy import content_policy
from viz.page.scene import scene_page, scene_part
from viz.read import read_run

pytestmark = NO_CHROMIUM


class Page(Opened):
    """A page with a scene."""

    def ready(self):
        self.page.wait_for_selector(".scene[data-ready]")
        return self

    def drawn(self):
        """Wait for the next picture."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def picture(self):
        """The canvas as (high, wide, 3) once it rests: a busy browser shows the picture before for some frames."""
        from PIL import Image

        data, before = b"", None
        for _ in range(20):
            self.drawn()
            self.page.wait_for_timeout(100)
            data, before = self.page.locator("canvas").screenshot(), data
            if data == before:
                break
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)

    def put(self, name, value):
        """Move a slider or choose a value, as a hand does."""
        self.page.eval_on_selector(
            name, "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', {bubbles: true})); }", str(value)
        )

    def box(self):
        self.page.locator("canvas").scroll_into_view_if_needed()
        return self.page.locator("canvas").bounding_box()

    def read(self, across, upwards):
        """Click at shares of the canvas; of each place that was hit its value, coordinates and words."""
        box, found, last = self.box(), [], None
        for x in across:
            for y in upwards:
                self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
                row = self.page.evaluate(
                    "(e => e && [e.dataset.value, e.dataset.place, e.innerText])(document.querySelector('.pins li:last-child'))"
                )
                if row and row[1] != last:
                    last = row[1]
                    found.append((float(row[0]), [float(number) for number in row[1].split()], row[2]))
        return found


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A run of boxes and its page."""
    folder = box_folder(tmp_path_factory.mktemp("scene") / "run")
    return folder, written(folder)


def written(folder, **options):
    """The page of a run, beside its folder."""
    file = folder.parent / "page.html"
    file.write_bytes(scene_page(read_run(folder), **options))
    return file


def differ(a, b):
    return int((np.abs(a - b).max(axis=2) > 24).sum())


def test_each_control_changes_the_picture_and_nothing_is_asked_for(browser, box):
    page = Page(browser, box[1]).ready()
    picture = page.picture()
    assert (np.ptp(picture, axis=2) > 30).mean() > 0.1, "the body fills its picture"
    place = page.box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2

    def drag():
        page.page.mouse.move(x, y)
        page.page.mouse.down()
        page.page.mouse.move(x + 90, y + 12, steps=5)
        page.page.mouse.up()

    for name, act in {
        "drag": drag,
        "time": lambda: page.put(".slider", 65),
        "cut": lambda: page.page.select_option(".cut", "2"),
        "place of the cut": lambda: page.put(".level", 300),
        "region": lambda: page.page.locator(".regions input").nth(1).uncheck(),
        "apart": lambda: page.put(".apart", 120),
        "stretch": lambda: page.page.fill(".times", "3"),
        "line": lambda: page.page.fill(".line", "130"),
        "colours": lambda: page.page.fill(".high", "200"),
        "other side": lambda: page.page.locator(".other").check(),
        "first view": lambda: page.page.click(".again"),
    }.items():
        act()
        now = page.picture()
        assert differ(now, picture) > 200, name
        picture = now
    words = page.page.inner_text(".said")
    for said in ("Cut at y", "moved apart by 1.2 times", "drawn 3 times as long", "1 of 3 regions is hidden", "pale blue", "white line"):
        assert said in words
    assert "between frames" in page.page.inner_text(".time")
    assert (page.console, page.unasked()) == ([], [])
    assert page.page.get_attribute("meta[http-equiv]", "content").startswith("default-src 'none'")


@pytest.mark.slow
def test_the_play_button_moves_the_time(browser, box):
    page = Page(browser, box[1]).ready()
    page.put(".slider", 0)
    page.page.click(".play")
    page.page.wait_for_timeout(400)
    page.page.click(".play")
    stopped = float(page.page.input_value(".slider"))
    assert stopped > 0.0
    page.drawn()
    assert float(page.page.input_value(".slider")) == stopped


def of_the_run(folder, number, places):
    """Temperatures [degC] of a frame at places [mm], by VTK; NaN outside."""
    import pyvista

    found = pyvista.PolyData(np.array(places) / 1e3).sample(pyvista.read(read_run(folder).frames[number].file), tolerance=1e-6)
    values = np.asarray(found.point_data["temperature_K"], float) - 273.15
    return np.where(np.asarray(found.point_data["vtkValidPointMask"]) == 1, values, np.nan)


def test_values_read_by_clicks_are_those_of_the_run(browser, box):
    """50 clicks on surfaces and in a cut: within the step of the packing and 0.1 K of VTK's interpolation in the VTU."""
    folder, file = box
    page = Page(browser, file).ready()
    page.put(".slider", 40)  # the fifth frame
    page.page.select_option(".cut", "2")
    hits = page.read(np.linspace(0.27, 0.66, 8), np.linspace(0.25, 0.8, 8))
    assert len(hits) >= 50
    step = json.loads(scene_part(read_run(folder)).data)["fields"][0]["step"]
    exact = of_the_run(folder, 4, [place for _, place, _ in hits])
    known = np.isfinite(exact)  # a place on the rim may fall just outside
    assert known.sum() >= 50
    assert np.abs(exact - [value for value, _, _ in hits])[known].max() <= step + 0.1
    borders = [60.0 * (cells / 12) ** 1.3 for cells in (4, 8)]
    for _, (x, _, _), said in hits:
        if min(abs(x - border) for border in borders) > 0.01:
            assert said.startswith([HOSTILE, "cell-1", "cell-2"][int(np.searchsorted(borders, x))])


@pytest.mark.parametrize("axisymmetric", [True, False], ids=["axisymmetric", "plane"])
def test_values_of_a_plane_body_are_those_of_the_run(browser, tmp_path, axisymmetric):
    folder = plane_folder(tmp_path / "run", axisymmetric)
    page = Page(browser, written(folder)).ready()
    page.put(".slider", 20)
    hits = page.read(np.linspace(0.36, 0.56, 6), np.linspace(0.15, 0.8, 5))
    assert len(hits) > 15
    exact = of_the_run(folder, 2, [(*place, 0.0) for _, place, _ in hits])
    known = np.isfinite(exact)
    assert known.sum() > 15
    assert np.abs(exact - [value for value, _, _ in hits])[known].max() < 0.3
    assert ("turned round its axis" in page.page.inner_text("figcaption")) == axisymmetric
    assert (page.console, page.unasked()) == ([], [])


def test_further_fields_are_shown_and_have_no_value_where_there_is_none(browser, box):
    page = Page(browser, box[1]).ready()
    before = page.picture()
    page.page.select_option(".quantity", "1")
    page.page.locator(".exact", has_text="Conversion sei").wait_for()
    assert differ(page.picture(), before) > 200
    assert "no value in the pale grey parts" in page.page.inner_text(".said")
    assert page.console == []


def test_each_field_has_a_line_of_its_own(browser, box):
    """A line in a share is drawn and told without a unit; back at the temperature the line there is as it was."""
    sync_api = pytest.importorskip("playwright.sync_api")
    page = Page(browser, box[1]).ready()
    page.page.fill(".line", "130")
    page.page.select_option(".quantity", "1")
    sync_api.expect(page.page.locator(".line")).to_have_value("")  # its frames are unpacked first
    assert page.page.inner_text(".line-unit") == ""
    before = page.picture()
    page.page.fill(".line", "0.5")
    assert differ(page.picture(), before) > 20
    assert "is 0.5." in page.page.inner_text(".said")
    page.page.select_option(".quantity", "0")
    assert (page.page.input_value(".line"), page.page.inner_text(".line-unit")) == ("130", "°C")
    assert "is 130 °C." in page.page.inner_text(".said")
    assert page.console == []


def test_a_region_around_others_opens_and_shows_them(browser, tmp_path):
    """Closed, clicks read the can alone. Apart, they read can, roll and core, with the values of the run at the places that they name."""
    folder = nested_folder(tmp_path / "run")
    page = Page(browser, written(folder)).ready()
    places = np.linspace(0.08, 0.86, 14), np.linspace(0.3, 0.7, 5)

    def regions():
        found = page.read(*places)
        exact = of_the_run(folder, 0, [place for _, place, _ in found])
        known = np.isfinite(exact)
        assert np.abs(exact - [value for value, _, _ in found])[known].max() < 0.2
        return {said.split(",")[0] for _, _, said in found}

    closed, other = page.picture(), Page(browser, written(nested_folder(tmp_path / "one" / "run", one=True))).ready()
    assert differ(closed, other.picture()) < 20, "closed it looks like a body of one region"
    other.context.close()
    assert regions() == {"can"}
    page.put(".apart", 60)
    opened = page.picture()
    assert differ(opened, closed) > 2000
    assert regions() == {"can", "roll", "core"}
    assert "A region around others opens in two halves." in page.page.inner_text(".said")
    page.put(".apart", 0)
    assert regions() == {"can"}
    page.page.evaluate("() => { for (let b; (b = document.querySelector('.pins button')); ) b.click(); }")
    assert any(differ(page.picture(), closed) < 20 for _ in range(20)), "a busy browser may show the picture before for some frames"
    page.put(".apart", 60)
    page.page.locator(".regions input").nth(2).uncheck()
    assert "opens in two halves" in page.page.inner_text(".said")  # the roll
    assert differ(page.picture(), opened) > 200
    page.page.select_option(".cut", "2")
    assert differ(page.picture(), opened) > 200
    assert (page.console, page.unasked()) == ([], [])


def test_hostile_names_stay_text(browser, box):
    page = Page(browser, box[1]).ready()
    assert page.page.locator("#broken").count() == 0
    assert page.page.locator(".regions label").first.inner_text().strip() == HOSTILE
    assert HOSTILE in page.page.inner_text("h1")


@pytest.mark.slow
def test_forty_regions_are_shown_and_hidden_one_by_one(browser, tmp_path):
    page = Page(browser, written(box_folder(tmp_path / "run", (80, 4, 4), 40, 2))).ready()
    assert page.page.locator(".regions input").count() == 40
    page.put(".apart", 50)
    before = page.picture()
    page.page.locator(".regions input").nth(36).uncheck()
    assert 50 < differ(page.picture(), before) < 0.1 * before[..., 0].size


def test_a_finger_turns_and_two_zoom_on_a_narrow_screen(browser, box):
    page = Page(browser, box[1], 400, 800, has_touch=True, is_mobile=True).ready()
    assert page.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    client, place = page.context.new_cdp_session(page.page), page.box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2

    def touch(kind, *points):
        touches = [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(points)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    first = page.picture()
    touch("touchStart", (x, y))
    for i in range(6):
        touch("touchMove", (x + 10 * i, y + 3 * i))
    touch("touchEnd")
    turned = page.picture()
    assert differ(turned, first) > 200
    touch("touchStart", (x - 20, y), (x + 20, y))
    for i in range(6):
        touch("touchMove", (x - 20 - 8 * i, y), (x + 20 + 8 * i, y))
    touch("touchEnd")
    coloured = [(np.ptp(picture, axis=2) > 30).sum() for picture in (turned, page.picture())]
    assert coloured[1] > 1.2 * coloured[0]
    assert page.console == []


def test_without_scripts_the_poster_stands(browser, box):
    page = Page(browser, box[1], java_script_enabled=False)
    assert page.page.locator(".poster").is_visible() and not page.page.locator("canvas").is_visible()
    assert not page.page.locator(".slider").is_visible()
    assert "scripts" in page.page.locator(".why").inner_text()


def test_without_webgl_the_poster_stands(driver, box):
    browser = launched(driver, NO_WEBGL)
    page = Page(browser, box[1])
    page.page.locator(".why", has_text="WebGL 2").wait_for()
    assert page.page.locator(".poster").is_visible() and not page.page.locator("canvas").is_visible()
    assert page.page.evaluate("document.querySelector('.poster').naturalWidth") > 300
    assert page.unasked() == []
    browser.close()


@pytest.mark.slow
def test_on_paper_the_poster_stands(browser, box):
    page = Page(browser, box[1]).ready()
    page.page.emulate_media(media="print")
    assert page.page.locator(".poster").is_visible() and not page.page.locator("canvas").is_visible()


@pytest.mark.slow
def test_a_body_too_large_is_cut_through_its_middle(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "MOST_CELLS", 100)
    folder = box_folder(tmp_path / "run")
    page = Page(browser, written(folder)).ready()
    assert "too large for a page" in page.page.inner_text(".note")
    before = page.picture()
    page.put(".slider", 40)
    page.page.select_option(".cut", "2")
    assert differ(page.picture(), before) > 200
    assert page.page.locator(".level").is_disabled()
    hits = page.read(np.linspace(0.3, 0.6, 5), np.linspace(0.3, 0.7, 4))
    assert sum(abs(place[1] - 20.0) < 0.01 for _, place, _ in hits) > 5
    exact = of_the_run(folder, 4, [place for _, place, _ in hits])
    assert np.nanmax(np.abs(exact - [value for value, _, _ in hits])) < 6.0  # linear in tetrahedra, not in hexahedra
    assert page.console == []


def test_two_scenes_stand_on_one_page(browser, box, tmp_path):
    """As in a report: one script, one style, a name for each scene."""
    plane = read_run(plane_folder(tmp_path / "run", axisymmetric=False))
    parts = [scene_part(read_run(box[0]), name="first"), scene_part(plane, name="second", limit=403.15)]
    policy = content_policy([parts[0].script], [parts[0].style])
    markup = "".join(part.markup + part.data_element for part in parts)
    file = tmp_path / "two.html"
    file.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<style>{parts[0].style}</style>{markup}<script>{parts[0].script}</script>",
        "utf-8",
    )
    page = Page(browser, file)
    for name, n_regions in (("first", 3), ("second", 2)):
        page.page.wait_for_selector(f"#{name}[data-ready]")
        assert page.page.locator(f"#{name} .regions input").count() == n_regions
    assert "white line" in page.page.inner_text("#second .said")
    assert (page.console, page.unasked()) == ([], [])


CASE = """\
sample:
  patches:
    spot: {face: top, square: 0.012, centre: [0.03, 0.02]}
    disc: {face: bottom, disc: 0.02, centre: [0.03, 0.02]}
programme: {faces: {spot: [{kind: held, temperature: 400.0}]}}
"""


def blue(picture):
    """How many points have the colour of the outlines of patches."""
    red, green, light = (picture[:, :, k] for k in range(3))
    return int(np.count_nonzero((red < 60) & (green > 170) & (light > 220)))


def test_patches_are_outlined_on_the_region_that_has_them(browser, tmp_path):
    """In the unit of the page, around what they cover; an outline goes where its region is hidden."""
    folder = box_folder(tmp_path / "run", n_times=3)
    (folder / "resolved.yaml").write_text(CASE)
    page = Page(browser, written(folder)).ready()
    head = json.loads(page.page.inner_text("#scene-data"))
    segments = np.array(head["patches"]).reshape(-1, 7)
    assert head["unit"] == "mm" and len(segments) == 4 + 48
    assert segments[:4, [0, 1]].tolist() == [[24.0, 14.0], [36.0, 14.0], [36.0, 26.0], [24.0, 26.0]]
    np.testing.assert_allclose(np.hypot(segments[4:, 0] - 30.0, segments[4:, 1] - 20.0), 10.0, rtol=1e-6)
    assert set(segments[:4, 2]) == {30.0} and set(segments[4:, 2]) == {0.0}
    assert "Outlined in blue: spot, held at 126.9 °C; disc." in page.page.inner_text("figcaption")
    assert blue(page.picture()) > 100
    page.page.locator(".regions input").nth(int(segments[0, 6])).uncheck()
    assert blue(page.picture()) < 20
    assert page.console == []
