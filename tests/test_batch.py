"""Many parameter sets, compiled: the same numbers as single runs, and the compiler's quirks watched."""

import numpy as np
import pytest

from tests.conftest import CASES, case_from
from thermo.batch import replaced, simulate_many
from thermo.case import read_case
from thermo.simulate import run

CU = CASES / "paper" / "cu-20li.yaml"


@pytest.fixture(scope="module")
def table():
    return {"sample.ejecta.fraction": [0.4, 0.2, 0.6], "sample.with.pool.heat": [356.8589802, 300.0, 356.8589802]}


@pytest.fixture(scope="module")
def compiled(table):
    notes = []
    return simulate_many(read_case(CU), table, cores=2, note=notes.append)


def test_a_batch_gives_what_single_runs_give(paper, compiled):
    """Compiled and interpreted are one source: T1, T2, T3 to 1e-6 K."""
    single = paper("cu-20li").summary()
    assert compiled["T1_K"][0] == pytest.approx(single["onsets"]["T1"]["temperature_K"], abs=1e-6)
    assert compiled["T2_K"][0] == pytest.approx(single["onsets"]["T2"]["1 K/s"]["temperature_K"], abs=1e-6)
    assert compiled["T3_K"][0] == pytest.approx(single["onsets"]["T3"]["temperature_K"], abs=1e-6)
    assert compiled["maximum_rate_K_per_s"][0] == pytest.approx(single["maximum_rate"]["rate_K_per_s"], rel=1e-9)
    assert compiled["exotherms"].tolist() == [1.0, 1.0, 1.0]


def test_more_ejected_less_hot(compiled):
    """T3 with an ejected share of 0.2, 0.4, 0.6: 830 to 560 degC."""
    hottest = compiled["T3_K"] - 273.15
    assert hottest[1] > hottest[0] > hottest[2]
    assert hottest[2] == pytest.approx(560.0, abs=25.0)


def test_the_number_of_threads_does_not_change_a_result(table, compiled):
    alone = simulate_many(read_case(CU), table, cores=1)
    for name, values in compiled.items():
        assert np.array_equal(values, alone[name], equal_nan=True)


def test_a_thing_that_does_not_happen_is_not_a_number(compiled):
    assert np.isnan(compiled["cessation_K"]).all()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"sample.ejecta.share": [0.1]}, "there is no 'share'; it may be fraction, after"),
        ({"sample.ejecta.fraction": [1.4]}, "must be at most 1"),
        ({"sample.with.pool.heta": [1.0]}, "unknown number 'heta'"),
        ({"sample.ejecta.fraction": [0.1], "programme.wait": [1.0, 2.0]}, "differ in length"),
        ({}, "the table is empty"),
    ],
)
def test_bad_tables(table, text):
    with pytest.raises(ValueError, match=text):
        simulate_many(read_case(CU), table)


def test_only_lumped_cells_in_an_arc():
    with pytest.raises(ValueError, match="takes a lumped cell in an arc"):
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

    from thermo.compiled import BARE, compile_kernels

    assert BARE["_nrt"] is False
    compile_kernels()

    @numba.njit(**BARE)
    def double(values):
        for i in range(values.shape[0]):
            values[i] *= 2.0

    values = np.arange(3.0)
    double(values)
    assert values.tolist() == [0.0, 2.0, 4.0]


def test_a_compiled_test_that_cannot_end_is_not_a_number():
    """A budget of steps ends every row; its numbers are absent, not wrong."""
    text = CU.read_text() + "numerics: {most_steps: 30}\n"
    found = simulate_many(case_from(text), {"sample.ejecta.fraction": [0.4]})
    assert all(np.isnan(values).all() for values in found.values())
    assert "budget of steps" in run(case_from(text)).summary()["end"]["reason"]


def test_a_batch_reads_no_peak_off_a_record_that_still_heats_itself():
    text = CU.read_text().replace("value: 300 degC", "value: 200 degC").replace("runaway_rate: 5 K/s", "runaway_rate: 10000 K/s")
    case = case_from(text)
    assert run(case).summary()["onsets"]["T3"] is None
    assert np.isnan(simulate_many(case, {"sample.ejecta.fraction": [0.4]})["T3_K"][0])
