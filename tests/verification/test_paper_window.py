"""The window of sets that suit Cu-20Li, and what PI-Ag-20Li does with them, against a separate program."""

import importlib.util
import re

import pytest

from tests.conftest import CASES

PATH = CASES.parent / "docs" / "window.py"
# steps 130, 135, 140, 145 degC and no onset, of 236 sets; a separate program with the same grid
COUNTED = {0.20: {135: 36, 140: 169, 145: 13, 0: 18}, 0.30: {130: 57, 135: 154, 140: 19, 0: 6}}


@pytest.fixture(scope="module")
def window():
    spec = importlib.util.spec_from_file_location("window", PATH)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.slow
def test_the_window_is_that_of_a_separate_program(window):
    factor, heat = window.sets()
    assert len(factor) == pytest.approx(236, abs=3)
    found = {one.ratio: one for one in window.shares(factor, heat)}
    for ratio, counted in COUNTED.items():
        for step, count in counted.items():
            assert found[ratio].steps[step] == pytest.approx(count, abs=3), (ratio, step)
    assert "No set runs away" in window.page(len(factor), list(found.values()))


def test_the_page_says_what_is_imposed():
    text = (CASES.parent / "docs" / "paper-window.md").read_text(encoding="utf-8")
    assert "That is imposed" in text
    assert re.search(r"\| 0\.2 \|.*\| 36 \|", text)
