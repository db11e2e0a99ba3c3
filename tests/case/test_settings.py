"""Settings on the command line: what they change, what is refused, and that the file stays as it is."""

import pytest

from tests.case.test_bad_cases import BRICK, CELL, TEXT, mistakes_of
from thermo.case.case import read_case


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        (BRICK, "programme.end", "--set: 'programme.end' is not KEY=VALUE"),
        (BRICK, "=5", "--set: '=5' is not KEY=VALUE"),
        (BRICK, "programm.end=5 ms", "--set: programm.end: there is no 'programm' that could be set; did you mean 'programme'?"),
        (BRICK, "zzz.end=5 ms", "--set: zzz: unknown key"),
        (BRICK, ".".join("x" * 30) + "=5", "is nested deeper than 24 levels"),
        (BRICK, "programme.ende=5 ms", "--set: programme.ende: unknown key; did you mean 'end'?"),
        (BRICK, "programme.end=5 m", "--set: programme.end: wrong unit 'm', which is a length; a time (s) is needed"),
        (BRICK, "programme.end=-5 ms", "--set: programme.end: must be positive, got -5 ms"),
        (BRICK, "programme.end=", "--set: programme.end: a time (s) is needed, found nothing"),
        (BRICK, "title.x=5", "--set: title.x: 'title' is 'brick of the PI-Ag"),
        (BRICK, "programme.end.x=5", "'programme.end' is '3 ms' and has no entries to set"),
        (BRICK, "sample.layers.7.thickness=5 um", "--set: sample.layers.7.thickness: there is no '7' that could be set; choose one of '0'"),
        (BRICK, "sample.layers.7=5 um", "--set: sample.layers.7: the list has 3 entries, counted from 0"),
        (BRICK, "sample.layers.-1.thickness=5 um", "--set: sample.layers.-1.thickness: there is no '-1' that could be set"),
        (BRICK, "sample.layers.\u00b2.thickness=5 um", "there is no '\u00b2' that could be set"),
        (BRICK, f"sample.layers.{'9' * 5000}.thickness=5 um", "that could be set"),
        (BRICK, "title={a", "--set: title: is not valid YAML"),
        (BRICK, "title=a: b", "--set: title: is not valid YAML"),
        (BRICK, "title=x\nnotes: y", "--set: title: give one value"),
        (BRICK, "numerics={tolerance: .nan}", "--set: numerics: .nan is not a finite number"),
        (BRICK, "numerics={tolerance: 1}", "--set: numerics.tolerance: must be at most 0.1, got 1"),
        (BRICK, "numerics={most_steps: 0}", "--set: numerics.most_steps: must be more than 0, got 0"),
        (BRICK, "numerics={most_steps: 1.5}", "--set: numerics.most_steps: a whole number is needed, found 1.5"),
        (BRICK, "numerics={most_steps: true}", "--set: numerics.most_steps: a whole number is needed, found true"),
        (BRICK, f"numerics={{most_steps: 1{'0' * 300}}}", "--set: numerics.most_steps: must be at most"),
        (BRICK, "numerics={check_mesh: on}", "--set: numerics.check_mesh: true or false is needed, found 'on'"),
        (BRICK, "sample.patches.hot-spot.square=*x", "--set: sample.patches.hot-spot.square: anchors and aliases"),
        (CELL, "sample.with={pool.heat: -}", "--set: sample.with.pool.heat: '-' is not a number with a unit"),
    ],
)
def test_a_bad_setting_is_refused_as_one(tmp_path, name, setting, words):
    found = [str(mistake) for mistake in mistakes_of(tmp_path, TEXT[name], [setting])]
    assert [line for line in found if line.startswith("--set") and words in line], found


def case_with(tmp_path, name, *settings):
    file = tmp_path / "case.yaml"
    file.write_text(TEXT[name], encoding="utf-8")
    return read_case(file, settings)


def test_settings_replace_what_the_file_says_and_are_named_as_the_source(tmp_path):
    case = case_with(tmp_path, BRICK, "programme.end=5 ms", "sample.layers.1.thickness=8 um", "sample.mesh.growth=2")
    assert (case.programme.end, case.sample.layers[1].thickness, case.sample.mesh.growth) == (5e-3, 8e-6, 2.0)
    assert case.programme.end.source == "set on the command line" and case.programme.end.status is None
    assert case.sample.layers[0].thickness.source.startswith("Methods of")


def test_a_block_that_the_file_leaves_out_can_be_set_in(tmp_path):
    case = case_with(
        tmp_path, CELL, "numerics.tolerance=1e-7", "numerics.most_steps=50", "measure.crossings.hot={probe: sample, temperature: 400 K}"
    )
    assert (case.numerics.tolerance, case.numerics.most_steps, case.measure.crossings["hot"].temperature) == (1e-7, 50, 400.0)
    assert case.numerics.tolerance.source == "set on the command line"


def test_keys_with_dots_in_them_can_be_set(tmp_path):
    case = case_with(tmp_path, CELL, "sample.with={pool.heat: 70 J}", "sample.with.pool.heat=80 J", "sample.with.cathode.heat=9 kJ")
    assert {key: float(value) for key, value in case.sample.changes.items()} == {"pool.heat": 80.0, "cathode.heat": 9000.0}


def test_a_file_is_left_as_it_is_by_settings(tmp_path):
    case_with(tmp_path, BRICK, "programme.end=5 ms")
    assert case_with(tmp_path, BRICK).programme.end == 3e-3
