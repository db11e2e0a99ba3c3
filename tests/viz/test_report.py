"""The report: one page without a network, in which what was found, of which kind it is and what is doubtful can be read."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.app.test_run_into_folder import BRICK
from tests.conftest import CASES
from thermo.results.store import damage
from viz.page.policy import content_policy
from viz.report import chart, fits, words
from viz.report.chart import Chart, Curve, apart, thinned, ticks
from viz.report.report import report

CU = CASES / "paper" / "cu-20li.yaml"
VOID = {"meta", "img", "br", "input", "source"}


class Page(HTMLParser):
    """A page read: its text, tags and attributes, and what is not closed in order."""

    def __init__(self, data):
        super().__init__()
        self.open, self.wrong, self.tags, self.text, self.scripts, self.styles = [], [], [], [], [], []
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        {"script": self.scripts, "style": self.styles}.get(inside, self.text).append(data)

    def words(self):
        return " ".join(" ".join(self.text).split())

    def attributes(self, tag):
        return [found for name, found in self.tags if name == tag]


@pytest.fixture
def cell(thermo, tmp_path):
    """The folder of Cu-20Li, whose report was written by the run."""
    assert thermo("run", CU, "--no-pictures", "--out", "cell")[0] == 0
    return tmp_path / "cell"


def test_a_run_writes_its_report_and_stays_whole(cell, thermo):
    page = Page((cell / "report.html").read_bytes())
    said = page.words()
    assert page.open == []
    assert page.wrong == []
    assert "The sample heats itself from 120.8 °C on, runs away at 125.0 °C and reaches 680.0 °C." in said
    assert "T1, T2 and T3 are calibrated" in said
    assert "10.2 s after T2" in said
    assert damage(cell) == []
    manifest = json.loads((cell / "manifest.json").read_text())
    assert list(manifest["derived"]) == ["report.html"]
    assert "report.html" not in manifest


def test_the_report_of_a_folder_has_the_same_bytes_again(cell, thermo):
    first = (cell / "report.html").read_bytes()
    assert thermo("report", "cell")[0] == 0
    assert (cell / "report.html").read_bytes() == first
    assert thermo("verify", "cell")[0] == 0


def test_a_report_that_is_gone_is_no_damage_and_one_that_was_changed_is(cell, thermo):
    (cell / "report.html").write_text("all is well")
    assert damage(cell) == ["report.html was changed after the run"]
    (cell / "report.html").unlink()
    assert damage(cell) == []
    assert thermo("report", "cell")[0] == 0
    assert damage(cell) == []


def test_no_report_is_written_where_none_is_wanted(thermo, tmp_path):
    assert thermo("run", CU, "--no-pictures", "--no-report", "--out", "cell")[0] == 0
    assert not (tmp_path / "cell" / "report.html").exists()
    assert thermo("report", "cell")[0] == 0
    assert (tmp_path / "cell" / "report.html").is_file()


def test_the_page_can_ask_nobody_for_anything(cell):
    """Every script and style is named by its hash, nothing is loaded, nothing is styled in an attribute, which the policy forbids."""
    page = Page((cell / "report.html").read_bytes())
    (policy,) = [found["content"] for found in page.attributes("meta") if found.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    data = re.findall(r'<script type="application/json">.*?</script>', (cell / "report.html").read_text("utf-8"), re.S)
    run = [script for script in page.scripts if f'<script type="application/json">{script}</script>' not in data]
    for text in (*run, *page.styles):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    for _, attributes in page.tags:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert str(attributes.get("src", "data:")).startswith("data:")
        assert str(attributes.get("href", "x/report.html")).endswith("report.html")


def test_every_picture_of_the_page_says_in_words_what_it_shows(cell):
    page = Page((cell / "report.html").read_bytes())
    drawings = [found for found in page.attributes("svg") if "data-box" in found]
    assert len(drawings) >= 2 * 4
    assert all(found["role"] == "img" and len(found["aria-label"]) > 20 for found in drawings)
    assert any("sample from 50 to 125 °C" in found["aria-label"] for found in drawings)
    assert all("alt" in found for found in page.attributes("img"))


HOSTILE = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'"


def test_a_hostile_title_is_text(thermo, tmp_path):
    file = tmp_path / "hostile.yaml"
    text = CU.read_text("utf-8")
    file.write_text(re.sub(r"^title: .*$", lambda _: f"title: {json.dumps(HOSTILE)}", text, count=1, flags=re.M), "utf-8")
    assert thermo("run", file, "--no-pictures", "--out", "cell", "--set", "programme.end=60 degC")[0] == 0
    data = (tmp_path / "cell" / "report.html").read_bytes()
    page = Page(data)
    assert b"<script>alert" not in data
    assert b"<img src=x" not in data
    assert page.wrong == []
    assert HOSTILE in "".join(page.text)


def test_a_hostile_name_of_a_curve_cannot_end_the_numbers_of_its_chart():
    line = Curve(HOSTILE, "#000000", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    drawn = chart.figure(Chart("x", "x", "y", [line, line], (0.0, 1.0), (0.0, 1.0)), 1)
    page = Page(str(drawn).encode())
    assert page.wrong == []
    assert [tag for tag, _ in page.tags if tag in ("script", "img")] == ["script"]
    assert json.loads(page.scripts[0])["s"][0]["n"] == HOSTILE


def test_a_body_has_its_places_and_its_energy_in_the_report(thermo, tmp_path):
    file = tmp_path / "brick.yaml"
    file.write_text(BRICK)
    assert thermo("run", file, "--no-pictures", "--out", "brick")[0] == 0
    page = Page((tmp_path / "brick" / "report.html").read_bytes())
    assert page.wrong == []
    said = page.words()
    assert "The hottest place, in " in said
    assert "Where the heat went" in said
    assert "into the body" in said


def test_a_failed_run_says_so_first(thermo, tmp_path):
    assert thermo("run", CU, "--no-pictures", "--quiet", "--out", "cell", "--set", "numerics.most_steps=50")[0] == 3
    said = Page((tmp_path / "cell" / "report.html").read_bytes()).words()
    assert "The run is not whole: " in said
    assert "budget of steps is used up" in said


def test_of_a_study_every_member_has_a_report_that_is_linked(thermo, tmp_path):
    text = f"""
title: two waits
study:
  kind: compare
  cases:
    short: {{file: {CU}, set: {{programme.end: 70 degC}}, expect: []}}
    "long & <slow>": {{file: {CU}, set: {{programme.end: 70 degC, programme.wait: 40 min}}, expect: []}}
  table: [end.time_s]
  claims: [{{what: long & <slow> / short of end.time_s, above: 1, kind: predicted, source: it waits longer}}]
"""
    (tmp_path / "two.yaml").write_text(text)
    assert thermo("run", "two.yaml", "--no-pictures", "--out", "two")[0] == 0
    page = Page((tmp_path / "two" / "report.html").read_bytes())
    links = [found["href"] for found in page.attributes("a")]
    assert len(links) == 2
    assert all((tmp_path / "two" / link).is_file() for link in links)
    assert "1 of 1 statements about results hold" in page.words()
    assert "long & <slow>" in page.words()
    assert damage(tmp_path / "two") == []


def test_a_batch_has_one_report(thermo, tmp_path):
    (tmp_path / "rows.yaml").write_text(f"""
title: waits
study:
  kind: batch
  case: {CU}
  table: rows.csv
expect:
  - {{what: batch.results.maximum_K.maximum, below: 70 degC, kind: predicted, source: the end of the test}}
  - {{what: batch.results.maximum_K.minimum, above: 64 degC, kind: predicted, source: half <of> the "rows"}}
""")
    (tmp_path / "rows.csv").write_text("programme.end,programme.wait\n60 degC,15 min\n65 degC,20 min\n")
    code, _, err = thermo("run", "rows.yaml", "--no-pictures", "--out", "rows")
    assert code == 0, err
    assert [file.name for file in (tmp_path / "rows").rglob("report.html")] == ["report.html"]
    said = Page((tmp_path / "rows" / "report.html").read_bytes()).words()
    assert "2 of 2 rows were computed" in said
    assert "1 of 2 statements about results hold" in said
    assert "Wanted and found" in said and 'half <of> the "rows"' in said
    assert "maximum" in said


def test_what_is_no_result_is_refused_in_a_line(thermo, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, err = thermo("report", "empty")
    assert (code, out) == (5, "")
    assert len(err) == 1
    assert "not a finished result folder" in err[0]


def test_svg_with_a_picture_of_fields_is_refused(cell, thermo):
    code, out, err = thermo("picture", "cell", "--svg", "--at", "1 h")
    assert (code, out) == (2, "")
    assert "--svg" in err[-1] and "is for curves" in err[-1]


def summary_of(**more):
    return {"status": "complete", "expect": [], "onsets": {"T1": None, "T2": {}, "T3": None, "cessation": None}} | more


def stated(name, kind, **more):
    return {"name": name, "kind": kind, "value": None, "holds": None, "margin": None, "above": None, "below": None, "wanted": None} | more


def test_of_several_kinds_the_most_cautious_is_told():
    """A number that another program gives too, and that misses the measurement it predicts, is a prediction."""
    summary = summary_of(expect=[stated("probes.sample.maximum_K", "exact"), stated("probes.sample.maximum_K", "predicted")])
    assert words.kind_of(summary, "probes.sample.maximum_K") == "predicted"
    assert words.kind_of(summary, "probes.core.maximum_K") == "computed"


def cells(*times):
    return {f"cell-{i}": {"time_s": t, "short_by_K": None if t is not None else 10.0 * i} for i, t in enumerate(times, 1)}


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ((1.0, 2.0), "Runaway comes to all 2 cells, the last being cell-2 after 2 s."),
        ((1.0, None, None), "Runaway comes to 1 of 3 cells, the last being cell-1 after 1 s; the mean of cell-2 stays 20 K short of it."),
        ((None, None), "Runaway comes to none of 2 cells; the mean of cell-1 stays 10 K short of it."),
        ((None,), "Runaway does not come to cell-1: its mean stays 10 K short of it."),
    ],
)
def test_the_verdict_counts_the_cells_that_run_away(times, sentence):
    found = words.verdict(summary_of(definitions=None, regions={}, arrivals=cells(*times), end={"time_s": 9.0}))
    assert found == [sentence]


def test_a_limit_that_is_not_kept_is_in_the_verdict():
    limit = stated("probes.core.maximum_K", "predicted", value=410.0, unit="K", below=403.15, within=None, margin=-6.85, holds=False)
    found = words.verdict(summary_of(definitions=None, regions={}, arrivals={}, end={"time_s": 9.0}, expect=[limit]))
    assert found == ["1 of 1 limits is not kept: probes.core.maximum_K is 136.85 °C and not below 130.00 °C."]


def test_a_table_of_inputs_is_one_line():
    one = {"value": 1.0, "unit": "W", "status": "assumed", "source": "x", "used_by": ["onsets.T1.temperature_K"]}
    entries = [one | {"key": f"programme.power.table.{i}.1"} for i in range(12)]
    (row,) = words.input_rows({"inputs_not_measured": entries})
    assert row.cells == ("programme.power.table", "12 numbers", "assumed", "x", "T1")


def test_thinning_keeps_a_peak_of_one_row():
    x = np.linspace(0.0, 1.0, 100_001)
    y = np.sin(x)
    y[54_321] = 50.0
    short, kept = thinned(x, y)
    assert len(short) <= 2 * 320 + 2
    assert kept.max() == 50.0


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 977.0), (1e-9, 3e-9), (393.9, 394.2)])
def test_ticks_are_round_and_within(low, high):
    found = ticks(low, high, 6)
    assert 2 <= len(found) <= 14
    assert all(low - 1e-12 <= t <= high + 1e-12 for t in found)


def test_words_beside_a_chart_stand_apart():
    found = apart([100.0, 101.0, 102.0, 300.0], 15.0, 290.0)
    assert np.all(np.diff(sorted(found)) >= 15.0 - 1e-9)
    assert max(found) <= 290.0


def test_the_line_of_a_fit_ends_at_the_gaps_of_its_record(tmp_path):
    """A record of three pieces has three lines, none of which goes from one piece to the next."""
    rows = [(section, 100.0 * section + t) for section in (0, 1, 2) for t in (0.0, 10.0, 20.0)]
    lines = [f"a,arc,{section},0,0,{300.0 + t},{1e-3 * (1.0 + t)},{1e-3 * (1.1 + t)},0.5" for section, t in rows]
    head = "record,kind,section,sample,time_s,temperature_K,observed,fitted,residual"
    (tmp_path / "fit.csv").write_text("\n".join([head, *lines]) + "\n")
    beside = fits.charts(tmp_path)[0]
    drawn = re.findall(r'<polyline[^>]* points="([^"]*)"', str(chart.figure(beside, 1)))
    assert [len(points.split()) for points in drawn] == [3, 3, 3] * 2  # on a wide page and on a narrow one


def test_a_policy_names_what_it_allows():
    policy = content_policy(["let a = 1;"], [])
    assert "style-src 'none'" in policy
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(b'let a = 1;').digest()).decode()}'" in policy


def test_the_report_of_a_folder_can_be_had_in_python(cell):
    page, notes = report(cell)
    assert page == (cell / "report.html").read_bytes()
    assert notes == []
