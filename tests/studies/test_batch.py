"""Many parameter sets, compiled: the same numbers as single runs, and the compiler's quirks watched."""

import numpy as np
import pandas
import pytest

from tests.conftest import CASES, case_from
from thermo.app.run_into_folder import run_study
from thermo.app.screen_text import batch_text
from thermo.base.errors import CaseError
from thermo.case.case import read_case
from thermo.casefile.reader import read_document
from thermo.simulation.simulate import run
from thermo.studies.batch import replaced, simulate_many
from thermo.studies.study import numeric_columns, study_of
from viz.pictures import pictures

CU = CASES / "paper" / "cu-20li.yaml"


@pytest.fixture(scope="module")
def table():
    return {"sample.ejecta.fraction": [0.4, 0.2, 0.6], "sample.with.pool.heat": [356.8589802, 300.0, 356.8589802]}


@pytest.fixture(scope="module")
def compiled(table):
    return simulate_many(read_case(CU), table, cores=2)


@pytest.mark.slow
def test_a_batch_gives_what_single_runs_give(paper, compiled):
    """Compiled and interpreted are one source: T1, T2, T3 to 1e-6 K."""
    single = paper("cu-20li").summary()
    assert compiled["T1_K"][0] == pytest.approx(single["onsets"]["T1"]["temperature_K"], abs=1e-6)
    assert compiled["T2_K"][0] == pytest.approx(single["onsets"]["T2"]["1 K/s"]["temperature_K"], abs=1e-6)
    assert compiled["T3_K"][0] == pytest.approx(single["onsets"]["T3"]["temperature_K"], abs=1e-6)
    assert compiled["maximum_rate_K_per_s"][0] == pytest.approx(single["maximum_rate"]["rate_K_per_s"], rel=1e-9)
    assert compiled["exotherms"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.slow
def test_a_batch_finds_the_crossings_of_single_runs():
    """Within the step, as one run does."""
    case = read_case(CASES / "calorimetry" / "oven-155.yaml")
    many, single = simulate_many(case, {"sample.temperature": [float(case.sample.temperature)]}, cores=1), run(case).summary()["crossings"]
    for name, found in single.items():
        assert many[f"crossing {name}_time_s"][0] == pytest.approx(found["time_s"], rel=1e-9)


@pytest.mark.slow
def test_more_ejected_less_hot(compiled):
    """T3 with an ejected share of 0.2, 0.4, 0.6: 830 to 560 degC."""
    hottest = compiled["T3_K"] - 273.15
    assert hottest[1] > hottest[0] > hottest[2]
    assert hottest[2] == pytest.approx(560.0, abs=25.0)


@pytest.mark.slow
def test_the_number_of_threads_does_not_change_a_result(table, compiled):
    alone = simulate_many(read_case(CU), table, cores=1)
    for name, values in compiled.items():
        assert np.array_equal(values, alone[name], equal_nan=True)


@pytest.mark.slow
def test_a_thing_that_does_not_happen_is_not_a_number(compiled):
    assert np.isnan(compiled["cessation_K"]).all()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"sample.ejecta.share": [0.1]}, "there is no 'share'; choose one of fraction, after"),
        ({"sample.ejecta.fraction": [1.4]}, "must be at most 1"),
        ({"sample.with.pool.heta": [1.0]}, "unknown number 'heta'"),
        ({"sample.ejecta.fraction": [0.1], "programme.wait": [1.0, 2.0]}, "differ in length"),
        ({}, "the table is empty"),
    ],
)
def test_bad_tables(table, text):
    with pytest.raises(ValueError, match=text):
        simulate_many(read_case(CU), table)


def test_only_lumped_cells():
    with pytest.raises(ValueError, match="needs a lumped cell"):
        simulate_many(read_case(CASES / "paper" / "brick-cu.yaml"), {"programme.end": [1.0]})


def test_replacing_a_number_keeps_the_rest():
    case = read_case(CU)
    changed = replaced(case, "programme.calorimeter.loss", 0.1)
    assert changed.programme.calorimeter.loss == 0.1
    assert changed.programme.calorimeter.lag == case.programme.calorimeter.lag
    assert changed.sample == case.sample
    assert case.programme.calorimeter.loss == 0.06


def test_the_undocumented_option_of_the_compiler_still_works():
    """Kernels are compiled without reference counting; a new numba that no longer knows the option must be noticed."""
    import numba

    from thermo.base.compiled import BARE, compile_kernels, telling

    assert BARE["_nrt"] is False
    compile_kernels()

    @numba.njit(**BARE)
    def double(values):
        for i in range(values.shape[0]):
            values[i] *= 2.0

    values, told = np.arange(3.0), []
    with telling(told.append):
        double(values)
        double(values)
    assert values.tolist() == [0.0, 4.0, 8.0]
    assert len(told) == 1 and told[0].startswith("compiling")  # the second time it is there
    with telling(told.append):
        double(values)
    assert len(told) == 1


@pytest.mark.slow
def test_a_compiled_test_that_cannot_end_is_not_a_number():
    """A budget of steps ends every row; its numbers are absent, not wrong."""
    text = CU.read_text() + "numerics: {most_steps: 30}\n"
    found = simulate_many(case_from(text), {"sample.ejecta.fraction": [0.4]})
    assert all(np.isnan(values).all() for values in found.values())
    assert "budget of steps" in run(case_from(text)).summary()["end"]["reason"]


@pytest.mark.slow
def test_a_batch_reads_no_peak_off_a_record_that_still_heats_itself():
    text = CU.read_text().replace("value: 300 degC", "value: 200 degC").replace("runaway_rate: 5 K/s", "runaway_rate: 10000 K/s")
    case = case_from(text)
    assert run(case).summary()["onsets"]["T3"] is None
    assert np.isnan(simulate_many(case, {"sample.ejecta.fraction": [0.4]})["T3_K"][0])


@pytest.mark.slow
def test_a_batch_of_ovens_gives_what_single_runs_give():
    case = read_case(CASES / "calorimetry" / "oven-155.yaml")
    found = simulate_many(case, {"programme.air": ["140 degC", "155 degC"], "programme.end": [7200.0, 7200.0]})
    assert found["maximum_K"] - 273.15 == pytest.approx([147.714, 523.36], abs=0.1)
    assert np.isnan(found["T2_K"][0])
    assert found["T2_K"][1] == pytest.approx(run(case).summary()["onsets"]["T2"]["1 K/s"]["temperature_K"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["programme.calorimeter.sensor.lag", "sample.chemistry.reactions.one.gate.temperature"])
def test_rows_that_differ_in_shape_give_what_single_runs_give(key):
    """A sensor with a lag is one node more; gates at one temperature are one switch less."""
    case = case_from(GATED)
    values = {
        "programme.calorimeter.sensor.lag": [20.0, 0.0, 20.0],
        "sample.chemistry.reactions.one.gate.temperature": [400.0, 390.0, 400.0],
    }[key]
    found = simulate_many(case, {key: values})
    for i, value in enumerate(values):
        single = run(replaced(case, key, value))
        assert found["final_K"][i] == pytest.approx(single.probe(single.body.sensor)[-1], abs=1e-6)
        assert found["end_time_s"][i] == pytest.approx(single.time[-1], rel=1e-9)


GATED = """
title: two gates
sample:
  kind: lumped
  heat_capacity: {at_298K: 25 J/K}
  chemistry:
    title: two
    species: {c: {start: 1}, d: {start: 1}}
    reactions:
      one: {pre_exponential_factor: 1e11 1/s, activation_energy: 120 kJ/mol, gate: {temperature: 400 K},
            factors: [{kind: order, species: c, order: 1}], consumes: {c: 1}, heat: 1 kJ}
      two: {pre_exponential_factor: 1e11 1/s, activation_energy: 120 kJ/mol, gate: {temperature: 400 K},
            factors: [{kind: order, species: d, order: 1}], consumes: {d: 1}, heat: 1 kJ}
programme:
  kind: arc
  start: 380 K
  step: 5 K
  heater: 2 K/min
  wait: 15 min
  seek: 10 min
  sensitivity: 0.02 K/min
  end: 460 K
  calorimeter: {sensor: {lag: 0 s}}
"""
BATCH = """
title: two sensitivities
study:
  kind: batch
  case: {case}
  table: {table}
"""


def batch_file(tmp_path, table):
    file = tmp_path / "batch.yaml"
    file.write_text(BATCH.format(case=CU, table=table))
    return study_of(read_document(file))


class Silent:
    def note(self, text):
        pass

    def progress(self, name, done, text):
        pass


@pytest.mark.slow
def test_a_table_in_a_study_is_run_into_one_table(tmp_path):
    (tmp_path / "table.csv").write_text("sample.ejecta.fraction,sample.with.pool.heat\n0.4,357 J\n0.2,280 J\n0.3,340 J\n")
    study = batch_file(tmp_path, "table.csv")
    summary = run_study(study, tmp_path / "out", Silent())
    assert summary["status"] == "complete"
    assert summary["batch"]["rows"] == 3
    assert summary["batch"]["results"]["T1_K"]["n"] == 3
    table = pandas.read_csv(tmp_path / "out" / "table.csv")
    assert table["sample.with.pool.heat [J]"].tolist() == [357.0, 280.0, 340.0]
    assert summary["batch"]["parameters"] == ["sample.ejecta.fraction", "sample.with.pool.heat [J]"]
    assert table["T3_K"].is_monotonic_increasing is False
    single = simulate_many(read_case(CU), {"sample.ejecta.fraction": [0.2], "sample.with.pool.heat": [280.0]})
    assert table["T1_K"][1] == single["T1_K"][0]
    assert run_study(study, tmp_path / "out", Silent())["batch"] == summary["batch"]
    assert "batch" in pictures(tmp_path / "out")[0]


@pytest.mark.slow
def test_the_folder_of_a_batch_is_verified(tmp_path, thermo):
    run_study(batch_file(tmp_path, "{sample.ejecta.fraction: [0.4]}"), tmp_path / "out", Silent())
    assert thermo("verify", "out")[:2] == (0, "out: complete, 3 files unchanged\n")


def test_a_column_is_numbers_where_its_unit_is_one():
    columns = {"a": ("1 kJ", "2.5e3 kJ"), "b": (1.0, 2.0), "c": ("1 kJ", "3 J"), "d": ("5 degC", "6degC")}
    made = numeric_columns(columns)
    assert made == {"a [kJ]": [1.0, 2500.0], "b": [1.0, 2.0], "c": ["1 kJ", "3 J"], "d [degC]": [5.0, 6.0]}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            "{sample.ejecta.fraction: [0.1, 1.4]}",
            "study.table.sample.ejecta.fraction.1: must be at most 1, got 1.4",
        ),
        ("{sample.ejecta.fraction: [0.1], programme.wait: [1 min, 2 min]}", "has 1 values, but another column has 2"),
        ("{programme.wait: [15 s, 3 K]}", "study.table.programme.wait.1: wrong unit 'K'"),
        ("{sample.with.lithium.pre_exponential_factor: [1 K]}", "study.table.sample.with.lithium.pre_exponential_factor.0: "),
        ("{}", "study.table: is empty"),
        ("none.csv", "none.csv: "),
    ],
)
def test_what_is_wrong_with_a_table_of_a_study(tmp_path, table, words):
    with pytest.raises(CaseError) as caught:
        batch_file(tmp_path, table)
    assert len(caught.value.mistakes) == 1
    assert words in str(caught.value.mistakes[0])


QUICK = """
title: quick
sample:
  kind: lumped
  heat_capacity: {at_298K: 30 J/K}
  surface: 40 cm2
  mass: 40 g
  temperature: 25 degC
  chemistry:
    title: first order
    species: {c: {start: 1}}
    reactions:
      only: {pre_exponential_factor: 1e12 1/s, activation_energy: 120 kJ/mol, factors: [{kind: order, species: c, order: 1}],
             consumes: {c: 1}, heat: 15 kJ}
programme: {kind: oven, air: 155 degC, heat_transfer_coefficient: 7 W/(m2 K), end: 2 h}
measure: {crossings: {hot: {probe: sample, temperature: 150 degC}}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oven", "arc"])
def test_a_batch_has_the_columns_and_the_warnings_of_single_runs(name):
    """T2 by every criterion, crossings, and what is said of each row; two rows run away too fast, one stays cold."""
    if name == "oven":
        case, table = case_from(QUICK), {"programme.air": [428.15, 340.0, 443.15]}
    else:
        case, table = read_case(CU, ["expect=[]"]), {"sample.ejecta.fraction": [0.4, 0.2]}
    warned = {}
    found = simulate_many(case, table, warned=warned)
    ((key, values),) = table.items()
    for i, value in enumerate(values):
        single = run(replaced(case, key, value)).summary()
        for criterion, point in single["onsets"]["T2"].items():
            column = "T2" if criterion == "1 K/s" else f"T2 {criterion}"
            for unit, entry in (("K", "temperature_K"), ("time_s", "time_s")):
                wanted = np.nan if point is None else point[entry]
                assert found[f"{column}_{unit}"][i] == pytest.approx(wanted, rel=1e-6, nan_ok=True), column
        for crossing, point in single["crossings"].items():
            wanted = np.nan if point is None else point["time_s"]
            assert found[f"crossing {crossing}_time_s"][i] == pytest.approx(wanted, rel=1e-6, nan_ok=True)
        assert [w["code"] for w in warned.get(i, [])] == [w["code"] for w in single["warnings"]]
    assert name != "oven" or (1 not in warned and len(warned) == 2)


@pytest.mark.slow
def test_warnings_of_a_batch_are_counted_with_their_rows(tmp_path):
    (tmp_path / "quick.yaml").write_text(QUICK)
    (tmp_path / "batch.yaml").write_text(
        "title: t\nstudy: {kind: batch, case: quick.yaml, table: {programme.air: [155 degC, 60 degC, 170 degC]}}\n"
    )
    summary = run_study(study_of(read_document(tmp_path / "batch.yaml")), tmp_path / "out", Silent())
    (warning,) = summary["warnings"]
    assert warning["rows"] == [1, 3] and warning["text"].startswith("rows 1, 3 (2 of 3): a rate of ")
    assert pandas.read_csv(tmp_path / "out" / "table.csv")["warnings"].tolist() == [1, 0, 1]
    assert f"warning: {warning['text']}" in batch_text(summary)


@pytest.mark.slow
def test_what_a_batch_expects_of_a_column_is_judged(tmp_path):
    """A time in its unit; a temperature that is not met; a column that the batch has not got."""
    (tmp_path / "quick.yaml").write_text(QUICK)
    expect = [
        "{what: batch.results.end_time_s.median, below: 10 d, kind: exact, source: the end of the test}",
        "{what: batch.results.maximum_K.p95, value: 20 degC, within: 1 K, kind: predicted, source: wrong}",
        "{what: batch.results.no_K.p95, value: 20 degC, within: 1 K, kind: predicted, source: wrong}",
    ]
    table = "study: {kind: batch, case: quick.yaml, table: {programme.air: [155 degC, 60 degC]}}"
    (tmp_path / "batch.yaml").write_text(f"title: t\n{table}\nexpect:\n" + "".join(f"  - {entry}\n" for entry in expect))
    summary = run_study(study_of(read_document(tmp_path / "batch.yaml")), tmp_path / "out", Silent())
    assert [entry["holds"] for entry in summary["expect"]] == [True, False, False]
    assert [entry["unit"] for entry in summary["expect"]] == ["s", "K", "K"]
    assert "batch.results.end_time_s.median" in batch_text(summary)


def test_a_table_without_rows_is_refused(tmp_path):
    (tmp_path / "quick.yaml").write_text(QUICK)
    (tmp_path / "rows.csv").write_text("programme.air\n")
    (tmp_path / "batch.yaml").write_text("title: t\nstudy: {kind: batch, case: quick.yaml, table: rows.csv}\n")
    with pytest.raises(CaseError, match=r"rows.csv:1: has a header but no row below it"):
        study_of(read_document(tmp_path / "batch.yaml"))
