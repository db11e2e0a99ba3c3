"""What tests share: cases from text, the shipped files, one replay of the paper's cases a session."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # bitwise equal reruns, and no waiting on busy machines

import textwrap
from pathlib import Path

import pytest

from thermo.case import Case, case_of, read_case
from thermo.reader import parse_document
from thermo.simulate import run

CASES = Path(__file__).parent.parent / "cases"


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
