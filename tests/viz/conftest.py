"""A browser for the tests of pages."""

from __future__ import annotations

import warnings

import pytest

from tests.viz.chromium import SOFTWARE, launched


@pytest.fixture(scope="module")
def driver():
    """Playwright's driver, which brings no browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with playwright.sync_playwright() as driver:
            yield driver


@pytest.fixture(scope="module")
def browser(driver):
    made = launched(driver, SOFTWARE)
    yield made
    made.close()
