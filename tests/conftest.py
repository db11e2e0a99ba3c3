"""What tests share: cases from text, the shipped files, one replay of the paper's cases a session."""

from __future__ import annotations

import os
import sys
import textwrap
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # bitwise equal reruns, and no waiting on busy machines

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from thermo.app import cli  # noqa: E402
from thermo.case.case import Case, case_of, read_case  # noqa: E402
from thermo.casefile.reader import parse_document  # noqa: E402
from thermo.simulation.simulate import run  # noqa: E402

CASES = Path(__file__).parent.parent / "cases"


def spread(storage, share):
    """The storage of a cell of one node spread over nodes by their shares."""
    n = len(share)
    return storage._replace(first=np.arange(n + 1), material=np.zeros(n, np.int64), volume=share)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of the sets of parameters of a test marked `usual(n)`, n run in the usual suite, evenly spread; the others are slow."""
    tests = {}
    for item in items:
        if item.get_closest_marker("usual"):
            tests.setdefault((item.parent.nodeid, item.originalname), []).append(item)
    for sets in tests.values():
        n = sets[0].get_closest_marker("usual").args[0]
        kept = {(2 * i + 1) * len(sets) // (2 * n) for i in range(n)}
        for i, item in enumerate(sets):
            if i not in kept:
                item.add_marker("slow")


def calls(work):
    """What a function returns, and how many functions it calls on the way: its work, without a clock."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        made = work()
    finally:
        sys.setprofile(None)
    return made, count


def case_from(text: str) -> Case:
    """The case that a text describes."""
    return case_of(parse_document(textwrap.dedent(text), "test.yaml"))


@pytest.fixture(scope="session")
def paper():
    """A result of one of the paper's cases by file name, each run once a session."""
    results = {}

    def result(name, settings=()):
        key = (name, tuple(settings))
        if key not in results:
            results[key] = run(read_case(CASES / "paper" / f"{name}.yaml", settings))
        return results[key]

    return result


@pytest.fixture
def thermo(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder; its exit code, stdout and stderr lines."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["thermo", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err.splitlines()

    return run


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
    from tests.viz.chromium import SOFTWARE, launched

    made = launched(driver, SOFTWARE)
    yield made
    made.close()
