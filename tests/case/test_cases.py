"""Every shipped case reads, says where its numbers come from, and gives what it says it gives."""

import pytest

from tests.conftest import CASES
from thermo.case.case import case_of, used_numbers
from thermo.casefile.reader import dotted, read_document
from thermo.simulation.simulate import run
from thermo.studies.study import is_study, study_of

FILES = sorted(CASES.rglob("*.yaml"))
STUDIES = [file for file in FILES if "\nstudy:" in file.read_text()]
SINGLE = [file for file in FILES if file not in STUDIES]
LONG = ("stefan-melting", "nafems-t4-convection", "meshed-18650", "travelling-front", "stability-18650")


@pytest.mark.parametrize("file", SINGLE, ids=lambda file: file.stem)
def test_every_number_of_a_shipped_case_has_a_status_and_a_source(file):
    case = case_of(read_document(file))
    bare = [dotted(key) for key, number in used_numbers(case) if number.status is None or number.source is None]
    assert bare == []


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_studies_read(file):
    assert is_study(read_document(file))
    assert study_of(read_document(file)).members


SHORT = [file for file in SINGLE if file.parent.name in ("calorimetry", "verification") or "\n  kind: lumped" in file.read_text()]
SHORT = [file for file in SHORT if file.parent.name != "validation"]  # against measurements, which need not hold: test_validation


@pytest.mark.parametrize("file", [pytest.param(file, marks=[pytest.mark.slow] * (file.stem in LONG), id=file.stem) for file in SHORT])
def test_cases_give_their_numbers(file):
    judged = run(case_of(read_document(file))).summary()["expect"]
    assert judged
    assert [entry["name"] for entry in judged if entry["holds"] is False] == []


@pytest.mark.parametrize("file", sorted((CASES / "verification").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_verification_case_has_its_page(file):
    """The page made by docs/verification.py names what the case names; what it found is checked by running the case."""
    pages, case = CASES.parent / "docs" / "verification", case_of(read_document(file))
    page = (pages / f"{file.stem}.md").read_text()
    assert page.startswith(f"# {case.title}\n")
    for entry in case.expect:
        assert f"`{entry.what}`" in page
        assert entry.source in page
    assert f"({file.stem}.md)" in (pages / "README.md").read_text()
