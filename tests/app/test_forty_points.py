"""One study of forty points that meets all that goes wrong: a point that fails, one that hangs, a killed worker, a stop and a resume."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.test_points_folder import OVEN, children, table_of
from tests.conftest import CASES

FAILS, HANGS, POINTS = 3, 6, 40
AIR = [f"{150.0 + 0.5 * i} degC" for i in range(POINTS)]
STEPS = ["50" if i + 1 == FAILS else "100000000" for i in range(POINTS)]
TOLERANCE = ["1e-15" if i + 1 == HANGS else "1e-6" for i in range(POINTS)]  # so sharp a run takes half a minute and more
STUDY = {
    "title": "forty ovens",
    "study": {
        "kind": "sweep",
        "rows": True,
        "case": {"file": str(OVEN), "set": {"programme.end": "1 h"}},
        "inputs": {
            "programme.air": {"values": AIR},
            "numerics.most_steps": {"values": STEPS},
            "numerics.tolerance": {"values": TOLERANCE},
        },
        "outputs": {"t": "crossings.runaway.time_s", "hottest": "probes.sample.maximum_K"},
        "limit": "5 s",
        "keep": "none",
    },
}
ENV = os.environ | {"PYTHONPATH": str(CASES.parent)}
THERMO = [sys.executable, "-m", "thermo", "run", "forty.yaml", "--no-report", "--quiet"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")]


def rows(folder):
    """Lines of the table so far."""
    return len(table_of(folder).splitlines()) - 1 if (folder / "table.csv").is_file() else 0


def until(process, folder, n):
    """Wait for a table of n rows."""
    while process.poll() is None and rows(folder) < n:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study run without a disturbance."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "forty.yaml").write_text(json.dumps(STUDY))
    done = subprocess.run([*THERMO, "--out", "out"], cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 6, done.stderr
    return folder / "out"


def test_what_fails_and_what_hangs_costs_itself_alone(whole):
    reasons = [row["reason"] for row in csv.DictReader(table_of(whole).splitlines())]
    assert len(reasons) == POINTS
    assert [i + 1 for i, reason in enumerate(reasons) if reason] == [FAILS, HANGS]
    assert "the budget of steps is used up" in reasons[FAILS - 1]
    assert reasons[HANGS - 1] == "took longer than its limit of 5 s"
    assert json.loads((whole / "summary.json").read_text())["points"]["failed"] == [FAILS, HANGS]


@pytest.fixture
def place(request, tmp_path):
    """Options of the command, and what gives the workers of a study: processes of its own, or those of a Dask scheduler with TLS."""
    if request.param == "processes":
        yield [], lambda process: children(process.pid)
        return
    pytest.importorskip("distributed")
    yield from dask_with_tls(tmp_path)


def dask_with_tls(folder):
    """A scheduler and two workers of this machine that speak TLS alone, each a process; they end with the test."""
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
    subprocess.run([*key, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], cwd=folder, capture_output=True, check=True)
    files = {"ca-file": "cert.pem"} | {
        f"{role}.{what}": f"{what}.pem" for role in ("scheduler", "worker", "client") for what in ("key", "cert")
    }
    tls = {
        f"DASK_DISTRIBUTED__COMM__TLS__{name.upper().replace('-', '_').replace('.', '__')}": str(folder / f) for name, f in files.items()
    }
    ENV.update(tls | {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"})
    began = []

    def begin(*words):
        began.append(subprocess.Popen([sys.executable, "-m", "distributed.cli." + words[0], *words[1:]], cwd=folder, env=ENV,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # fmt: skip
        return began[-1]

    try:
        begin("dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", "s.json")
        deadline = time.monotonic() + 60.0
        while not (folder / "s.json").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads((folder / "s.json").read_text())["address"]
        assert address.startswith("tls://127.0.0.1:")
        common = ["--nthreads", "1", "--no-dashboard", "--local-directory", "work"]
        nannies = [begin("dask_worker", address, *common) for _ in range(2)]
        while not all(children(nanny.pid) for nanny in nannies) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield ["--scheduler", address], lambda process: [pid for nanny in nannies for pid in children(nanny.pid)]
    finally:
        for process in reversed(began):
            process.terminate()
            process.wait(timeout=30)
        for name in (*tls, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"):
            ENV.pop(name)


@pytest.mark.parametrize("place", ["processes", "dask"], indirect=True)
def test_a_killed_worker_a_stop_and_a_resume_change_no_row(whole, place, tmp_path):
    options, workers = place
    (tmp_path / "forty.yaml").write_text(json.dumps(STUDY))
    out: Path = tmp_path / "out"
    process = subprocess.Popen([*THERMO, *options, "--out", "out"], cwd=tmp_path, env=ENV, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    until(process, out, 2)
    os.kill(workers(process)[0], signal.SIGKILL)
    until(process, out, 8)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert 8 <= rows(out) < POINTS
    again = subprocess.run(
        [*THERMO, *options, "--resume", "--out", "out"], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False
    )
    assert again.returncode == 6, again.stderr
    assert table_of(out) == table_of(whole)
