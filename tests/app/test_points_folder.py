"""Studies of points in their folders: real runs in processes, failures, kills, resume, and that workers change nothing."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import CASES
from thermo.results.store import damage

OVEN = CASES / "calorimetry" / "oven-155.yaml"
BRICKS = ("brick-pi-ag-ranges", "brick-cu-ranges")  # of shipped studies

SWEEP = f"""
title: four ovens
study:
  kind: sweep
  case: {OVEN}
  inputs:
    programme.air: {{from: 150 degC, to: 180 degC, points: 4}}
  outputs: {{T2: onsets.T2.1 K/s, t: crossings.runaway.time_s}}
  yes: {{what: probes.sample.maximum_K, above: 250 degC}}
"""


def table_of(folder):
    return (folder / "table.csv").read_text()


def test_a_sweep_is_a_table_with_units_in_its_head(thermo, tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    code, out, err = thermo("run", "sweep.yaml", "--workers", "2")
    assert code == 0, err
    assert "4 of 4 points answer yes" in out
    header, *rows = table_of(tmp_path / "results" / "sweep").splitlines()
    assert header == "point,programme.air [degC],T2_K,t_s,yes,reason"
    assert [row.split(",")[1] for row in rows] == ["150.0", "160.0", "170.0", "180.0"]
    # as the references of the oven test have them
    assert [float(row.split(",")[3]) for row in rows[:3]] == pytest.approx([2168.62, 1227.39, 942.23], rel=1e-3)
    assert damage(tmp_path / "results" / "sweep") == []
    assert thermo("verify", "results/sweep")[0] == 0
    assert (tmp_path / "results" / "sweep" / "pictures" / "sweep.png").is_file()
    for command in (("picture", "results/sweep", "--at", "1 s"), ("movie", "results/sweep"), ("view", "results/sweep")):
        code, _, (line,) = thermo(*command)
        assert code != 0 and "is a study whose runs keep no fields" in line


@pytest.mark.slow
def test_the_number_of_workers_changes_no_digit(thermo, tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    for workers in ("1", "2", "4"):
        assert thermo("run", "sweep.yaml", "--no-report", "--workers", workers, "--out", workers)[0] == 0
    assert table_of(tmp_path / "1") == table_of(tmp_path / "2") == table_of(tmp_path / "4")


def test_points_that_fail_are_named_and_the_others_kept(thermo, tmp_path):
    text = SWEEP.replace("    programme.air", "    numerics.most_steps: {values: [50, 100000]}\n    programme.air")
    text = text.replace("points: 4", "points: 2")
    (tmp_path / "some.yaml").write_text(text)
    code, _, err = thermo("run", "some.yaml", "--quiet", "--out", "some")
    assert code == 6
    assert len(err) == 1
    assert "2 of 4 points failed, the first is point 1: the budget of steps is used up" in err[0]
    rows = table_of(tmp_path / "some").splitlines()[1:]
    assert ["budget" in row for row in rows] == [True, True, False, False]
    kept = [folder.name for folder in (tmp_path / "some" / "points").iterdir()]
    assert sorted(kept) == ["1", "2"]
    assert json.loads((tmp_path / "some" / "points" / "1" / "summary.json").read_text())["status"] == "failed"


def test_a_point_beyond_its_limit_is_stopped(thermo, tmp_path):
    (tmp_path / "slow.yaml").write_text(SWEEP.replace("  outputs", "  limit: 1 ms\n  outputs"))
    code, _, err = thermo("run", "slow.yaml", "--quiet", "--out", "slow")
    assert code == 6
    assert "took longer than its limit of 1 ms" in err[0]
    assert table_of(tmp_path / "slow").count("took longer") == 4


def test_a_threshold_without_a_change_ends_with_3(thermo, tmp_path):
    (tmp_path / "none.yaml").write_text(f"""
title: none
study:
  kind: threshold
  case: {OVEN}
  inputs: {{programme.air: {{from: 160 degC, to: 170 degC}}}}
  within: 1 K
  yes: {{what: probes.sample.maximum_K, above: 250 degC}}
""")
    code, _, err = thermo("run", "none.yaml", "--quiet")
    assert code == 3
    assert "160.0 degC and 170.0 degC answer alike: yes" in err[0]


@pytest.mark.slow
def test_the_critical_oven_is_that_of_a_separate_program(thermo, tmp_path):
    """145.614 degC for runaway within 20 000 s, by BDF and Radau."""
    (tmp_path / "critical.yaml").write_text(f"""
title: critical
study:
  kind: threshold
  case: {{file: {OVEN}, set: {{programme.end: 20000 s}}}}
  inputs: {{programme.air: {{from: 140 degC, to: 150 degC}}}}
  within: 0.004 K
  yes: {{what: probes.sample.maximum_K, above: 250 degC}}
expect:
  - {{what: threshold.middle_K, value: 145.614 degC, within: 0.005 K, kind: exact, source: BDF and Radau of a separate program}}
""")
    code, out, _ = thermo("run", "critical.yaml")
    assert code == 0
    assert "exact  yes" in out


def children(pid):
    """Processes of a process that run points."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found += [int(entry.name)] if "spawn_main" in (entry / "cmdline").read_text() else []
        except OSError:  # it has ended
            continue
    return found


def begun(tmp_path, out, points=24):
    """A study running in a process, when its table has a few rows."""
    (tmp_path / "many.yaml").write_text(SWEEP.replace("points: 4", f"points: {points}"))
    command = [sys.executable, "-m", "thermo", "run", "many.yaml", "--no-report", "--quiet", "--out", out]
    process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(CASES.parent)}, stderr=subprocess.PIPE)
    while process.poll() is None and not ((tmp_path / out / "table.csv").is_file() and len(table_of(tmp_path / out).splitlines()) > 3):
        time.sleep(0.02)
    return process


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_killed_worker_costs_no_point(tmp_path, thermo):
    process = begun(tmp_path, "killed")
    os.kill(children(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert thermo("run", "many.yaml", "--no-report", "--quiet", "--out", "whole")[0] == 0
    assert table_of(tmp_path / "killed") == table_of(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_study_leaves_no_process_and_goes_on(tmp_path, thermo, number):
    process = begun(tmp_path, "stopped")
    workers = children(process.pid)
    assert workers
    process.send_signal(number)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30.0
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    known = len(table_of(tmp_path / "stopped").splitlines()) - 1
    assert 3 <= known < 24
    assert thermo("run", "many.yaml", "--no-report", "--quiet", "--resume", "--out", "stopped")[0] == 0
    assert thermo("run", "many.yaml", "--no-report", "--quiet", "--out", "whole")[0] == 0
    assert table_of(tmp_path / "stopped") == table_of(tmp_path / "whole")


@pytest.mark.slow
def test_many_points_are_compiled_and_agree_with_single_runs(thermo, tmp_path, monkeypatch):
    from thermo.app import run_points

    (tmp_path / "sweep.yaml").write_text(SWEEP)
    assert thermo("run", "sweep.yaml", "--no-report", "--out", "single")[0] == 0
    monkeypatch.setattr(run_points, "WORTH", 4)
    assert thermo("run", "sweep.yaml", "--no-report", "--out", "compiled")[0] == 0
    single, compiled = (list(csv.DictReader(table_of(tmp_path / name).splitlines())) for name in ("single", "compiled"))
    for a, b in zip(single, compiled, strict=True):
        assert {name: a[name] for name in ("point", "programme.air [degC]", "yes", "reason")}.items() <= b.items()
        for name in ("T2_K", "t_s"):
            assert float(a[name]) == pytest.approx(float(b[name]), rel=1e-9)


@pytest.mark.slow
def test_dask_gives_the_same_table_and_listens_on_this_machine_alone(thermo, tmp_path, monkeypatch):
    """Sockets of this process and of all that it made, while the study runs."""
    psutil = pytest.importorskip("psutil")
    seen = set()

    def look():
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.Error):
                seen.update(c.laddr.ip for c in process.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN)

    from thermo.studies.cluster import Cluster

    begin = Cluster.__init__
    monkeypatch.setattr(Cluster, "__init__", lambda self, *given: begin(self, *given[:4], look=look))
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    assert thermo("run", "sweep.yaml", "--no-report", "--out", "here")[0] == 0
    assert thermo("run", "sweep.yaml", "--no-report", "--out", "dask", "--scheduler", "local", "--workers", "2")[0] == 0
    assert table_of(tmp_path / "here") == table_of(tmp_path / "dask")
    assert seen and seen <= {"127.0.0.1", "::1"}


@pytest.mark.slow
def test_a_point_beyond_its_limit_is_stopped_on_dask_too(thermo, tmp_path):
    (tmp_path / "slow.yaml").write_text(SWEEP.replace("  outputs", "  limit: 50 ms\n  outputs").replace("points: 4", "points: 2"))
    code, _, err = thermo("run", "slow.yaml", "--quiet", "--no-report", "--out", "slow", "--scheduler", "local", "--workers", "1")
    assert code == 6
    assert "took longer than its limit of 50 ms" in err[-1]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.1.2.3:8786", "tcp://HOST:PORT or tls://HOST:PORT is needed"),
        ("tcp://10.1.2.3", "tcp://HOST:PORT or tls://HOST:PORT is needed"),
        ("tcp://10.1.2.3:8786", "is on another machine and not encrypted"),
    ],
)
def test_a_scheduler_that_is_not_safe_is_refused(thermo, tmp_path, address, words):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    code, out, err = thermo("run", "sweep.yaml", "--scheduler", address)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert words in err[0]
    assert not (tmp_path / "results").exists()


def test_without_the_extra_one_line_says_what_to_install(thermo, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    code, _, err = thermo("run", "sweep.yaml", "--scheduler", "local")
    assert code == 2
    assert err == ["error: --scheduler: Dask needs the extra 'cluster': pip install 'thermorun[cluster]'"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["critical-oven", "oven-map", "what-moves-the-oven-test", "how-sure-is-the-oven-test", *BRICKS])
def test_shipped_studies_give_their_numbers(thermo, tmp_path, name):
    assert thermo("run", CASES / "studies" / f"{name}.yaml", "--quiet", "--out", "study")[0] == 0
    summary = json.loads((tmp_path / "study" / "summary.json").read_text())
    assert [entry["name"] for entry in summary["expect"] if entry["holds"] is not True] == []
    assert summary["points"]["failed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["18650-sets-20.4W", "18650-sets-34.1W", "fit-two-reactions"])
def test_shipped_batches_and_fits_give_their_numbers(thermo, tmp_path, name):
    """5, 50 and 95 % of the times to runaway over 200 sets, within 1 % of another program's; the numbers that records were made with."""
    code, out, err = thermo("run", CASES / "studies" / f"{name}.yaml", "--quiet", "--out", "study")
    assert code == 0, err
    summary = json.loads((tmp_path / "study" / "summary.json").read_text())
    assert summary["expect"]
    assert [entry["name"] for entry in summary["expect"] if entry["holds"] is not True] == []
    assert summary["expect"][0]["name"] in out
    assert summary.get("batch", {"failed": []})["failed"] == []


def test_check_counts_points_time_memory_and_disk(thermo, tmp_path):
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    code, out, _ = thermo("check", "sweep.yaml")
    assert code == 0
    assert re.search(r"sweep\.yaml: sweep, 4 points; about \d+ s and \d+ MB in \d+ process", out)


def test_too_many_workers_for_the_memory_are_fewer_and_it_is_said(monkeypatch):
    from thermo.app import places

    monkeypatch.setattr(places, "machine", lambda: {"cores": 64, "memory_GB": 1.0})
    told = []
    found = places.Place(8).within_memory(300.0, told.append)
    assert found.workers == 2
    assert told == ["2 processes in place of 8: a run takes about 300 MB"]
    assert places.Place(2).within_memory(300.0, told.append).workers == 2
    assert len(told) == 1


ZERO_ORDER = """
title: a cell that makes heat of zero order, in an oven
status: literature
source: by definition
sample:
  kind: lumped
  parts: {cell: {mass: 42.67446 g, heat_capacity: 0.83 J/(g K)}}
  volume: 16.54049 cm3
  surface: 41.84601 cm2
  chemistry:
    title: a reaction of zero order
    gas_constant: 8.314
    species: {}
    reactions:
      anode:
        pre_exponential_factor: 6.89773803e12 1/s
        activation_energy: 135080 J/mol
        heat: {per_mass: 1.714e6 J/kg, content: 610.4 kg/m3}
  temperature: 100 degC
programme: {kind: oven, air: 127 degC, heat_transfer_coefficient: 7.17 W/(m2 K), emissivity: 0.8, end: 1e6 s}
"""


@pytest.mark.slow
def test_the_threshold_of_heat_of_zero_order_is_the_tangent(thermo, tmp_path):
    """127.8432 degC by a tangent and by transients of a separate program. Beyond it the run ends where the heat has no bound."""
    (tmp_path / "zero.yaml").write_text(ZERO_ORDER)
    (tmp_path / "threshold.yaml").write_text("""
title: zero order
study:
  kind: threshold
  case: zero.yaml
  inputs: {programme.air: {from: 120 degC, to: 135 degC}}
  within: 0.005 K
  yes: {what: probes.sample.maximum_K, above: 500 K}
expect: [{what: threshold.middle_K, value: 127.8432 degC, within: 0.01 K, kind: exact, source: tangent of heat and loss}]
""")
    code, out, err = thermo("run", "threshold.yaml", "--no-report")
    assert code == 0, err
    assert "exact  yes" in out


@pytest.mark.slow
def test_a_study_runs_where_its_process_is_the_first_one(tmp_path):
    """In a container the program may have the number 1, which elsewhere says that a parent has ended."""
    first = ["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*first, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a namespace of processes")
    (tmp_path / "sweep.yaml").write_text(SWEEP.replace("points: 4", "points: 2"))
    command = [*first, sys.executable, "-m", "thermo", "run", "sweep.yaml", "--no-report", "--quiet", "--out", "out"]
    env = os.environ | {"PYTHONPATH": str(CASES.parent)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(table_of(tmp_path / "out").splitlines()) == 3
