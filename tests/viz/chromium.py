"""Chromium without a screen, driven by playwright, every name blocked: for tests of pages opened from files."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
NO_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_WEBGL = ["--disable-gpu", "--disable-software-rasterizer", "--disable-3d-apis"]


def launched(driver, words):
    return driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", *words])


class Opened:
    """A page that has been opened, with the lines of its console and its requests."""

    def __init__(self, browser, file, wide=1000, high=900, **options):
        self.context = browser.new_context(viewport={"width": wide, "height": high}, **options)
        self.page = self.context.new_page()
        self.console, self.requests = [], []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        self.page.set_default_timeout(30_000)

    def unasked(self):
        """Requests beyond the page itself and what stands in it."""
        return [url for url in self.requests[1:] if not url.startswith("data:")]
