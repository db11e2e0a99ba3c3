"""The documents: the site builds without a warning, its tables are those of the models, what it tells to type works."""

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import CASES

ROOT = CASES.parent
DOCS = ROOT / "docs"


@pytest.fixture
def scripts(monkeypatch):
    """The folder of the documents as a place of modules."""
    monkeypatch.syspath_prepend(str(DOCS))


@pytest.mark.usefixtures("scripts")
def test_the_table_of_keys_is_that_of_the_models():
    import reference

    assert (DOCS / "case-keys.md").read_text("utf-8") == reference.page(), "run python docs/reference.py"


@pytest.mark.usefixtures("scripts")
def test_every_model_that_a_key_names_has_a_table():
    import reference

    made = reference.page()
    assert set(re.findall(r"\]\(#([a-z]+)\)", made)) <= {name.lower() for name in re.findall(r"^## (\w+)$", made, re.MULTILINE)}


def test_the_first_case_can_be_run(thermo, tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "first-case.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "warm.yaml").write_text(text)
    code, out, _ = thermo("run", "warm.yaml", "--no-pictures", "--no-report")
    assert code == 0
    assert re.search(r"probes.warm.final_K .* below 50.00 degC .* yes", out)


def test_every_link_between_documents_leads_somewhere():
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), (page, target)


def test_every_page_stands_in_the_contents():
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text("utf-8"), re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or any(fnmatchcase(name, pattern) for pattern in listed), name


def test_every_case_that_a_tutorial_names_is_there():
    for page in DOCS.rglob("*.md"):
        for name in re.findall(r"\bcases/[\w/.-]+\.yaml", page.read_text("utf-8")):
            assert (ROOT / name).is_file(), (page, name)


@pytest.mark.slow
@pytest.mark.usefixtures("scripts")
def test_a_tutorial_shows_what_its_run_gives(tmp_path):
    import tutorials

    (oven,) = (tutorial for tutorial in tutorials.TUTORIALS if tutorial.name == "oven")
    tutorials.run(oven, tmp_path / "oven")
    page = (DOCS / "tutorials" / "oven.md").read_text("utf-8")
    assert tutorials.page(page, tutorials.table(tmp_path / "oven")) == page
    tutorials.write_scene(oven, tmp_path / "oven", tmp_path)
    assert (tmp_path / "scenes" / "oven.html").read_bytes().startswith(b"<!DOCTYPE html>")


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path):
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    command = [sys.executable, str(DOCS / "make_site.py"), str(tmp_path / "site"), "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {file.relative_to(tmp_path / "site").with_suffix(".md").as_posix() for file in (tmp_path / "site").rglob("*.html")}
    assert pages >= {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md")}
