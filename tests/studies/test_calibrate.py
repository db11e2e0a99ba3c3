"""Calibrations: known reactions come back from records that runs made, and what does not fit is said."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.studies.calibrations import ARC, DSC, FOUR, TWO, arc_record, cell, dsc_record, fit_of, found_in, mechanism, result, study
from thermo.app.cli import app
from thermo.app.run_into_folder import run_study
from thermo.app.run_points import Silent
from thermo.base.errors import CaseError
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document, read_document
from thermo.casefile.settings import change
from thermo.simulation.simulate import run
from thermo.studies.calibrate.arc_data import Given
from thermo.studies.calibrate.calibrating import calibrated
from thermo.studies.calibrate.conclusion import conclusion, warnings_of
from thermo.studies.calibrate.general import GeneralArcModel, GeneralDscModel
from thermo.studies.calibrate.models import ArcModel
from thermo.studies.calibrate.parameters import parameters_of, starts_of
from thermo.studies.calibrate.problem import Problem
from thermo.studies.calibrate.reading import read_calibration
from thermo.studies.study import study_of

PHI = "noise: 0.02 K, set: {programme.calorimeter.phi: 1.5}"


HATCHARD = "title: cell\nsample:\n  kind: lumped\n  parts: {all: {mass: 45 g, heat_capacity: 0.9 J/(g K)}}\n  volume: 16.5 cm3\n"
SHIFTED = "{sei.pre_exponential_factor: 2.2e15 1/s, anode.pre_exponential_factor: 2e13 1/s, cathode.activation_energy: 141 kJ/mol}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two calorimeters' records of two reactions, a scan, and a case that starts elsewhere."""
    made = tmp_path_factory.mktemp("records")
    truth = cell(mechanism(TWO))
    arc_record(made / "one.csv", truth)
    arc_record(made / "two.csv", truth, "programme.calorimeter.phi=1.5")
    dsc_record(made / "scan.csv", cell(mechanism(TWO), DSC), scale=1.02)
    (made / "cell.yaml").write_text(cell(mechanism(TWO, faster=1.5, higher=6.0)))
    (made / "short.csv").write_text("time_s,temperature_K\n1,300\n")
    return made


BOTH = {"one": "file: one.csv, kind: arc, noise: 0.02 K", "two": f"file: two.csv, kind: arc, {PHI}"}


@pytest.fixture(scope="module")
def both(folder):
    """The fit of both calorimeters' records."""
    return found_in(folder, study(BOTH, fit_of(2, [370, 425]), "  starts: 5\n"))


def test_two_reactions_come_back_from_two_calorimeters(both):
    """The truth lies within three half widths of the intervals, which are narrower than 1 %."""
    rows = {row["name"]: row for row in conclusion(both)["parameters"]}
    for i, (_, constant, energy, heat) in enumerate(TWO):
        for word, truth in (("rate_constant", constant), ("activation_energy", 1e3 * energy), ("heat", heat)):
            row = rows[f"r{i}.{word}"]
            assert abs(row["value"] - truth) < 1.5 * (row["high"] - row["low"])
            assert row["high"] - row["low"] < 0.02 * truth
            assert row["status"] == "calibrated"


def test_records_of_a_run_are_met_within_their_noise(both):
    summary = conclusion(both)
    assert 0.7 < summary["chi2_per_dof"] < 1.3
    assert warnings_of(summary) == []
    assert summary["starts"]["reached"] >= 3
    assert summary["records"]["one"]["fitted_top_K"] == pytest.approx(summary["records"]["one"]["top_K"], abs=1.0)


def test_exact_sensitivities_are_those_of_differences(both):
    """Of the fourth order: 7e-7 of the largest in each column."""
    problem = both.problem
    x = problem.start.copy()
    x[problem.n_free :] = 0.005
    jacobian = problem.evaluate(x, True)[1]
    for i in range(problem.n):
        h = (1e-4 if i < problem.n_free else 1e-3) * max(1.0, abs(x[i]))
        near, far = (problem.evaluate(x + k * h * np.eye(problem.n)[i], False)[0] for k in (1, 2))
        before, beyond = (problem.evaluate(x - k * h * np.eye(problem.n)[i], False)[0] for k in (1, 2))
        slope = (8.0 * (near - before) - (far - beyond)) / (12.0 * h)
        assert np.abs(slope - jacobian[:, i]).max() < 3e-6 * np.abs(jacobian[:, i]).max()


def test_the_forward_model_is_that_of_a_run(folder):
    """ln of the time between rows, heater steps included, against a record without noise."""
    arc_record(folder / "exact.csv", cell(mechanism(TWO)), "programme.record.noise=0 K")
    (folder / "truth.yaml").write_text(cell(mechanism(TWO)))
    text = study({"one": "file: exact.csv, kind: arc, noise: 0.02 K"}, fit_of(2), case="truth.yaml")
    problem, _ = problem_of(folder, text)
    model = problem.models[0]
    times = model.course(problem.maps[0].of(problem.start), False)[0]
    off = np.concatenate([np.log(dt) - np.log(np.diff(s.time)) for dt, s in zip(times, model.data.sections, strict=True)])
    assert np.abs(off).max() < 1e-5  # rows of a logger have no corner where the heater ends


def test_exchanged_settings_contradict_the_records(folder):
    """Two records with each other's phi cannot be met by any numbers."""
    swapped = {"one": f"file: one.csv, kind: arc, {PHI}", "two": "file: two.csv, kind: arc, noise: 0.02 K"}
    made = found_in(folder, study(swapped, fit_of(2), "  starts: 3\n  intervals: linearised\n"))
    summary = conclusion(made)
    assert summary["chi2_per_dof"] > 3.0
    assert any(warning["code"] == "fit" for warning in warnings_of(summary))


def test_heater_steps_left_out_contradict_the_records(folder):
    """Without what reacts while the heater heats and the instrument waits, two records of different phi disagree."""
    document = parse_document(study(BOTH, fit_of(2), "  starts: 3\n  intervals: linearised\n"), str(folder / "study.yaml"))
    made = study_of(document)
    _, records, _ = read_calibration(document, made.text.study)
    cut = [r._replace(data=r.data._replace(pieces=tuple(p for p in r.data.pieces if not isinstance(p, Given)))) for r in records]
    assert conclusion(calibrated(made.text.study, made.members[0].case, cut, lambda done, text: None))["chi2_per_dof"] > 3.0


def test_a_scan_is_fitted_with_a_calorimeter(folder):
    records = {"one": BOTH["one"], "scan": "file: scan.csv, kind: dsc, rate: 10 K/min, scale: {sd: 3 %}, noise: 0.5 %"}
    made = found_in(folder, study(records, fit_of(2), "  starts: 3\n  intervals: linearised\n"))
    summary = conclusion(made)
    assert 0.7 < summary["chi2_per_dof"] < 1.3
    assert summary["records"]["scan"]["scale"] == pytest.approx(1.02, abs=0.01)
    assert summary["reactions"]["r1"]["activation_energy_J_per_mol"] == pytest.approx(140e3, abs=1e3)


def test_a_wrong_order_is_said(folder):
    """Reactions of order 1.5 fitted as first order: residuals go together, intervals are widened, and words say so."""
    arc_record(folder / "order.csv", cell(mechanism(TWO, orders=(1.5, 1.5))))
    made = found_in(
        folder, study({"one": "file: order.csv, kind: arc, noise: 0.02 K"}, fit_of(2), "  starts: 3\n  intervals: linearised\n")
    )
    said = [warning["text"] for warning in warnings_of(conclusion(made)) if warning["code"] == "form"]
    assert any("residuals are correlated" in text for text in said)
    assert made.wide > 2.0


def test_a_stop_of_the_instrument_is_named_and_left_out(folder):
    """A record whose clock runs on for ten minutes between two rows."""
    lines = (folder / "one.csv").read_text().splitlines()
    at = next(i for i, line in enumerate(lines[1:], 1) if float(line.split(",")[1]) > 438.0)
    late = [f"{float(line.split(',')[0]) + 600.0!r},{line.split(',')[1]}" for line in lines[at:]]
    (folder / "paused.csv").write_text("\n".join([*lines[:at], *late]) + "\n")
    made = found_in(
        folder, study({"one": "file: paused.csv, kind: arc, noise: 0.02 K"}, fit_of(2), "  starts: 3\n  intervals: linearised\n")
    )
    (pause,) = conclusion(made)["pauses"]
    assert pause["temperature_K"] == pytest.approx(438.0, abs=1.5)
    assert conclusion(made)["chi2_per_dof"] < 2.0


@pytest.mark.slow
def test_what_one_calorimeter_leaves_open_of_four_reactions_is_said(folder):
    """The last activation energy has an open end and the status `assumed`; words name what it trades with."""
    arc_record(folder / "four.csv", cell(mechanism(FOUR)))
    (folder / "four.yaml").write_text(cell(mechanism(FOUR, faster=1.2, higher=3.0)))
    made = found_in(folder, study({"one": "file: four.csv, kind: arc, noise: 0.02 K"}, fit_of(4), "  starts: 2\n", "four.yaml"))
    summary = conclusion(made)
    rows = {row["name"]: row for row in summary["parameters"]}
    assert rows["r0.activation_energy"]["status"] == "calibrated"
    assert rows["r3.activation_energy"]["status"] == "assumed"
    said = [warning["text"] for warning in warnings_of(summary) if warning["where"].endswith("r3.activation_energy")]
    assert len(said) == 1 and "the activation energy of r3" in said[0]


def test_a_run_takes_the_fitted_mechanism_and_meets_the_onsets(folder, tmp_path):
    """T1, T2 and T3 of the truth to 0.5 K, by a case that names mechanism.yaml; posterior.csv is a table for a batch of it."""
    (folder / "study.yaml").write_text(study(BOTH, fit_of(2), "  starts: 3\n"))
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", str(folder / "study.yaml"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "r0.activation_energy" in done.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["status"] == "complete" and summary["kind"] == "calibrate"
    assert all((out / name).is_file() for name in ("report.html", "pictures/fit.png", "pictures/corner.png"))
    assert CliRunner().invoke(app, ["verify", str(out)]).exit_code == 0
    (out / "posterior.csv").write_text((out / "posterior.csv").read_text() + "\n")
    changed = CliRunner().invoke(app, ["verify", str(out)])
    assert changed.exit_code != 0 and "posterior.csv was changed" in changed.output
    (out / "fitted.yaml").write_text(cell("  chemistry: mechanism.yaml", ARC))
    case = case_of(read_document(out / "fitted.yaml"))
    energy = case.cell.mechanism().reactions["r0"].activation_energy
    assert energy.status == "calibrated" and "one.csv" in energy.source and energy.uncertainty > 0.0
    fitted, truth = run(case).summary()["onsets"], result(cell(mechanism(TWO))).summary()["onsets"]
    for name in ("T1", "T3"):
        assert fitted[name]["temperature_K"] == pytest.approx(truth[name]["temperature_K"], abs=0.5)
    assert fitted["T2"]["1 K/s"]["temperature_K"] == pytest.approx(truth["T2"]["1 K/s"]["temperature_K"], abs=0.5)
    with (out / "posterior.csv").open() as file:
        draws = list(csv.DictReader(file))
    assert len(draws) == 2000
    energies = np.array([float(row["sample.with.r0.activation_energy"].split()[0]) for row in draws])
    (row,) = [row for row in summary["calibrate"]["parameters"] if row["name"] == "r0.activation_energy"]
    assert energies.mean() == pytest.approx(row["value"], abs=0.2 * (row["high"] - row["low"]))
    (out / "batch.yaml").write_text("title: draws\nstudy: {kind: batch, case: fitted.yaml, table: posterior.csv}\n")
    assert len(study_of(read_document(out / "batch.yaml")).table["sample.with.r1.heat"]) == 2000
    assert np.quantile(energies, 0.975) - np.quantile(energies, 0.025) == pytest.approx(row["high"] - row["low"], rel=0.2)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: arc", "kind: ark", "records.one.kind: unknown choice 'ark'"),
        ("noise: 0.02 K", "noise: 0.02 V", "records.one.noise"),
        ("noise: 0.02 K", "niose: 0.02 K", "unknown key; did you mean 'noise'?"),
        ("file: one.csv", "file: none.csv", "records.one.file"),
        ("file: one.csv", "file: short.csv", "holds one sample"),
        ("activation_energy: {}", "activation_energy: {from: 200 kJ/mol, to: 100 kJ/mol}", "the range is empty"),
        ("activation_energy: {}", "activation_energy: {from: 200 K}", "activation_energy.from"),
        ("activation_energy: {}", "activation_energy: {prior: 140 kJ/mol}", "sd: is missing"),
        ("r1: {", "r7: {", "fit.r7: the chemistry has no reaction 'r7'"),
        ("kind: arc,", "kind: arc, set: {sample.with.r0.heat: 3 J},", "is fitted; it cannot be set"),
    ],
)
def test_bad_input_is_one_line_with_file_line_and_key(folder, old, new, words):
    text = study({"one": BOTH["one"]}, fit_of(2))
    assert old in text
    document = parse_document(text.replace(old, new, 1), str(folder / "study.yaml"))
    with pytest.raises(CaseError) as error:
        study_of(document)
    lines = error.value.lines()
    assert len(lines) == 1 and words in lines[0] and ":" in lines[0], lines


def test_what_is_not_written_is_refused(folder):
    """A gate that opens at once."""
    text = (folder / "cell.yaml").read_text().replace("consumes: {c1: 1}", "consumes: {c1: 1}\n        gate: {temperature: 400 K}")
    (folder / "gate.yaml").write_text(text)
    document = parse_document(study({"one": BOTH["one"]}, fit_of(2), case="gate.yaml"), str(folder / "study.yaml"))
    with pytest.raises(CaseError, match="has a gate or a threshold at once"):
        study_of(document)


def problem_of(folder, text):
    """The problem of a study, at its start."""
    document = parse_document(text, str(folder / "study.yaml"))
    made = study_of(document)
    _, records, _ = read_calibration(document, made.text.study)
    starts = starts_of(made.members[0].case, made.text.study)
    return Problem(made.text.study, parameters_of(made.text.study, starts), starts, records), records


@pytest.mark.slow
def test_both_ways_to_follow_reactions_give_the_same_course(folder):
    """Theta and `advance`: ln of the times between rows and T3 of a record with heater steps, and the heat flow of a scan."""
    records = {"two": BOTH["two"], "scan": "file: scan.csv, kind: dsc, noise: 0.5 %"}
    problem, measured = problem_of(folder, study(records, fit_of(2)))
    arc, scan = problem.models
    numbers, of_scan = (affine.of(problem.start) for affine in problem.maps)
    general = GeneralArcModel(measured[0].data, arc.reactions, arc.scatter, True, measured[0].case)
    for mine, theirs in zip(arc.course(numbers, False)[0], general.times(numbers)[0], strict=True):
        assert np.abs(np.log(mine) - np.log(theirs)).max() < 2e-4
    assert general.top(numbers) == pytest.approx(arc.top(numbers), abs=0.05)
    other = GeneralDscModel(measured[1].data, scan.reactions, 1.0, 0.03, True, measured[1].case)
    flow = scan.flow(of_scan, False)[0]
    assert np.abs(flow - other.flow(of_scan, False)[0]).max() < 2e-3 * flow.max()


@pytest.mark.slow
def test_reactions_that_share_a_species_come_back(tmp_path):
    """The first reaction makes what the second consumes."""

    arc_record(tmp_path / "one.csv", chain())
    arc_record(tmp_path / "two.csv", chain(), "programme.calorimeter.phi=1.5")
    (tmp_path / "cell.yaml").write_text(chain(1.2, 3.0))
    made = found_in(tmp_path, study(BOTH, fit_of(2, [370, 425]), "  starts: 2\n  intervals: linearised\n"))
    summary = conclusion(made)
    assert summary["chi2_per_dof"] < 1.3
    rows = {row["name"]: row for row in summary["parameters"]}
    for i, (_, constant, energy, heat) in enumerate(TWO):
        for word, truth in (("rate_constant", constant), ("activation_energy", 1e3 * energy), ("heat", heat)):
            row = rows[f"r{i}.{word}"]
            assert abs(row["value"] - truth) < 1.5 * (row["high"] - row["low"])


def chain(*shift):
    """A cell whose first reaction makes what the second consumes."""
    text = mechanism(TWO, *shift).replace("consumes: {c0: 1}", "consumes: {c0: 1, c1: -1}")
    return cell(text.replace("c1: {start: 1}", "c1: {start: 0}"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "shifted", "sample", "names"),
    [
        (
            HATCHARD + "  chemistry: hatchard-kim-4\n" + ARC,
            HATCHARD + f"  chemistry: hatchard-kim-4\n  with: {SHIFTED}\n" + ARC,
            HATCHARD,
            ("sei", "anode", "cathode"),
        ),
        (chain(), chain(1.2, 3.0), cell("  chemistry: none").split("  chemistry")[0], ("r0", "r1")),
    ],
    ids=["a barrier", "a shared species"],
)
def test_a_run_of_what_was_fitted_to_exact_records_has_their_onsets(tmp_path, truth, shifted, sample, names):
    """T1, T2 and T3 by `mechanism.yaml` to 0.5 K, in both calorimeters, where reactions act on each other."""
    settings = {"one": (), "two": ("programme.calorimeter.phi=1.5",)}
    for name, more in settings.items():
        arc_record(tmp_path / f"{name}.csv", truth, "programme.record.noise=0 K", *more)
    (tmp_path / "cell.yaml").write_text(shifted)
    fit = "\n".join(f"    {name}: {{rate_constant: {{}}, activation_energy: {{}}, heat: {{}}}}" for name in names)
    (tmp_path / "study.yaml").write_text(study(BOTH, fit, "  starts: 1\n  intervals: linearised\n"))
    run_study(study_of(read_document(tmp_path / "study.yaml")), tmp_path / "out", Silent())
    (tmp_path / "out" / "fitted.yaml").write_text(sample + "  chemistry: mechanism.yaml\n" + ARC)
    for more in settings.values():
        mine = run(case_of(change(read_document(tmp_path / "out" / "fitted.yaml"), more))).summary()["onsets"]
        theirs = result(truth, *more).summary()["onsets"]
        for name in ("T1", "T3"):
            assert mine[name]["temperature_K"] == pytest.approx(theirs[name]["temperature_K"], abs=0.5)
        for name, found in theirs["T2"].items():
            assert (mine["T2"][name] is None) == (found is None)
            assert found is None or mine["T2"][name]["temperature_K"] == pytest.approx(found["temperature_K"], abs=0.5)
        assert theirs["T2"]["1 K/min"] is not None


def test_models_of_a_calorimeter_know_their_rows(both):
    for model in both.problem.models:
        assert isinstance(model, ArcModel)
        assert len(model.rows()) == sum(len(dt) for dt in model.observed)


def test_a_layer_that_grows_is_fitted_with_its_barrier(tmp_path):
    """Three of the four reactions of `hatchard-kim-4`, whose anode makes the layer that slows it, and whose cathode is autocatalytic."""
    head = HATCHARD + "  chemistry: hatchard-kim-4\n"
    arc_record(tmp_path / "one.csv", head + ARC)
    arc_record(tmp_path / "two.csv", head + ARC, "programme.calorimeter.phi=1.6")
    (tmp_path / "cell.yaml").write_text(head + f"  with: {SHIFTED}\n" + ARC)
    records = {"one": BOTH["one"], "two": BOTH["two"].replace("1.5", "1.6")}
    fit = "\n".join(f"    {name}: {{rate_constant: {{}}, activation_energy: {{}}, heat: {{}}}}" for name in ("sei", "anode", "cathode"))
    made = found_in(tmp_path, study(records, fit, "  starts: 2\n  intervals: linearised\n"))
    summary = conclusion(made)
    assert summary["chi2_per_dof"] < 1.3 and summary["pauses"] == []
    numbers = summary["reactions"]
    assert numbers["anode"]["activation_energy_J_per_mol"] == pytest.approx(135080.0, rel=1e-3)
    assert numbers["cathode"]["activation_energy_J_per_mol"] == pytest.approx(139600.0, rel=1e-3)
    assert numbers["anode"]["heat_J"] == pytest.approx(1.714e6 * 610.4 * 16.5e-6, rel=1e-3)
    for record in summary["records"].values():
        assert record["fitted_top_K"] == pytest.approx(record["top_K"], abs=0.5)
    assert made.fit.reached == 2


def test_held_out_records_speak_for_two_of_three_reactions(folder):
    """One reaction misses what it has not seen, a third adds nothing: two are enough."""
    three = (*TWO, (480.0, 1e-4, 160.0, 20.0))
    (folder / "three.yaml").write_text(cell(mechanism(three, faster=1.2, higher=2.0)))
    fit = "\n".join(f"    r{i}: {{rate_constant: {{}}, activation_energy: {{}}, heat: {{}}}}" for i in (1, 0, 2))
    more = "  starts: 2\n  intervals: linearised\n  check: {leave_out: each record, reactions: [1, 2, 3]}\n"
    made = found_in(folder, study(BOTH, fit, more, "three.yaml"))
    errors = {n: [row["rms_held_out"] for row in made.check["rows"] if row["reactions"] == n] for n in (1, 2, 3)}
    assert made.check["enough"] == 2
    assert max(errors[2]) < 0.02 < min(errors[1])
    assert any("speaks for 2 reactions" in warning["text"] for warning in warnings_of(conclusion(made)))


def test_rows_above_a_rate_are_predicted_from_those_below(folder):
    more = "  starts: 3\n  intervals: linearised\n  check: {hold_out: above 10 K/min}\n"
    made = found_in(folder, study({"one": BOTH["one"]}, fit_of(2), more))
    (row,) = made.check["rows"]
    assert row["rows"] > 5 and row["held_out"] == "rows above 10 K/min"
    assert row["rms_held_out"] < 0.15


def test_a_missing_extra_is_said_in_one_line(folder, monkeypatch):
    monkeypatch.setattr("thermo.studies.calibrate.reading.installed", lambda: False)
    document = parse_document(study({"one": BOTH["one"]}, fit_of(2), "  intervals: sample\n"), str(folder / "study.yaml"))
    with pytest.raises(CaseError) as error:
        study_of(document)
    (line,) = error.value.lines()
    assert "study.intervals: needs the package emcee: pip install 'thermorun[sample]'" in line


@pytest.mark.slow
def test_walkers_agree_with_the_linearised_intervals(folder):
    pytest.importorskip("emcee")
    plain = found_in(folder, study({"one": BOTH["one"]}, fit_of(2), "  starts: 2\n  intervals: linearised\n"))
    walked = found_in(folder, study({"one": BOTH["one"]}, fit_of(2), "  starts: 2\n  intervals: sample\n"))
    assert walked.chain.enough and walked.draws.shape == (2000, 6)
    for one, other in zip(plain.intervals, walked.intervals, strict=True):
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.25)


def test_orders_are_compared_and_their_spread_is_said(folder):
    """A scan alone: what the energy is rests on the order that is taken."""
    records = {"scan": "file: scan.csv, kind: dsc, noise: 0.5 %"}
    made = found_in(folder, study(records, fit_of(2), "  starts: 2\n  intervals: linearised\n  forms: {r1.order: [0.7, 1, 1.5]}\n"))
    ratios = {form["value"]: form["chi2_per_dof"] for form in made.forms}
    assert min(ratios, key=ratios.get) == 1.0
    assert any("over r1.order 0.7, 1, 1.5" in warning["text"] for warning in warnings_of(conclusion(made)))


def test_a_heat_that_goes_with_the_state_of_charge(folder):
    """The same heats at two states of charge: the power is zero; with heats of each record alone they agree."""
    records = {"one": BOTH["one"] + ", soc: 1", "two": BOTH["two"] + ", soc: 0.5"}
    made = found_in(folder, study(records, fit_of(2), "  starts: 2\n  intervals: linearised\n  own: {r1.heat: {power_of: soc}}\n"))
    rows = {row["name"]: row for row in conclusion(made)["parameters"]}
    assert abs(rows["r1.heat.power_of_soc"]["value"]) < 0.02
    made = found_in(folder, study(BOTH, fit_of(2), "  starts: 2\n  intervals: linearised\n  own: {r1.heat: each}\n"))
    rows = {row["name"]: row for row in conclusion(made)["parameters"]}
    assert rows["r1.heat of one"]["value"] == pytest.approx(rows["r1.heat of two"]["value"], rel=0.02)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "none.yaml: there is no such file"),
        ("title: x\nspecies: {a: {start: 1}}\nreactions: {}\nspeceis: 3\n", "unknown key; did you mean 'species'?"),
        (
            "title: x\nspecies: {a: {start: 1}}\nreactions: {r: {activation_energy: 1 kJ/mol, heat: 1 J}}\n",
            "pre_exponential_factor: is missing",
        ),
    ],
)
def test_what_is_wrong_in_a_file_of_a_mechanism_is_said_with_its_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / "none.yaml").write_text(content)
    (tmp_path / "cell.yaml").write_text(cell("  chemistry: none.yaml"))
    with pytest.raises(CaseError, match=r"sample\.chemistry") as error:
        case_of(read_document(tmp_path / "cell.yaml"))
    assert any(words in line for line in error.value.lines()), error.value.lines()
