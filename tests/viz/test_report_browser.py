"""The report in headless Chromium: no error, no request, curves that are read under the pointer, narrow and printed pages."""

import pytest

from tests.app.test_run_into_folder import BRICK
from tests.conftest import CASES
from tests.viz.chromium import NO_CHROMIUM, Opened

pytestmark = [NO_CHROMIUM, pytest.mark.slow]
CU = CASES / "paper" / "cu-20li.yaml"


@pytest.fixture
def cell(thermo, tmp_path):
    assert thermo("run", CU, "--no-pictures", "--out", "cell")[0] == 0
    return tmp_path / "cell" / "report.html"


def test_the_report_asks_nobody_and_has_no_error(cell, browser):
    opened = Opened(browser, cell)
    assert opened.console == []
    assert opened.unasked() == []
    assert opened.page.title().startswith("Cu-20Li pouch cell")


def test_a_curve_is_read_under_the_pointer(cell, browser):
    """At the right end of the test up to the runaway the sample is at 125 degC."""
    page = Opened(browser, cell).page
    chart = page.locator("figure.chart svg.wide").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    left, right = (float(v) for v in chart.get_attribute("data-box").split()[:2])
    low, high = 0.0, 1.02  # of the time of T2
    at = left + (right - left) * (1.0 - low) / (high - low)
    page.mouse.move(box["x"] + box["width"] * at / 860.0 - 1.0, box["y"] + 0.5 * box["height"])
    words = chart.locator(".tip").text_content()
    value = float(words.split("sample:")[1].split()[0])
    assert value == pytest.approx(125.0, abs=1.0)
    page.mouse.move(2, 2)
    assert chart.locator(".tip").text_content() == ""


@pytest.mark.parametrize("wide", [400, 1100])
def test_no_width_needs_scrolling_sideways(cell, browser, wide):
    page = Opened(browser, cell, wide=wide).page
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    shown = page.locator("figure.chart svg.wide" if wide > 560 else "figure.chart svg.narrow").first
    assert shown.is_visible()


def test_a_printed_page_has_its_folds_open(cell, browser):
    page = Opened(browser, cell).page
    assert page.locator("details[open]").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details[open]").count() == page.locator("details").count() > 0


def test_the_scene_of_a_body_draws_in_its_report(thermo, tmp_path, browser):
    (tmp_path / "brick.yaml").write_text(BRICK)
    assert thermo("run", "brick.yaml", "--out", "brick")[0] == 0
    opened = Opened(browser, tmp_path / "brick" / "report.html")
    opened.page.wait_for_selector(".scene[data-ready]")
    assert opened.console == []
    assert opened.unasked() == []
