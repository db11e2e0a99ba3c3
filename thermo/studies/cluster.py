"""Runs the points of a study on Dask: workers of a scheduler, or of a cluster of this machine that listens on loopback alone.

The scheduler's protocol runs code of whoever connects to it. So a scheduler on another machine must speak TLS with the certificates of
Dask's configuration, unless the user says that the network is safe.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO, Any

from thermo import __version__
from thermo.base.errors import FileError
from thermo.casefile.units import show
from thermo.studies.engine import MOST_DEATHS, Told
from thermo.studies.points import Job, Outcome, Point, outcome_of

EXTRA = "Dask needs the extra 'cluster': pip install 'thermorun[cluster]'"
LOCAL = "local"  # in place of an address: a cluster of this machine
PATIENCE = "30 s"  # for a scheduler that does not answer
POLL = 0.2  # seconds between two looks at whether the user wants to stop


def address_problem(address: str, insecure: bool) -> str | None:
    """What is wrong with the address of a scheduler, or None."""
    if address == LOCAL:
        return None
    protocol, separator, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if protocol not in ("tcp", "tls") or not separator or not host or not port.isdigit():
        return f"'{LOCAL}', tcp://HOST:PORT or tls://HOST:PORT is needed, found {address!r}"
    if protocol == "tls" or insecure or _loopback(host.strip("[]")):
        return None
    danger = f"{address} is on another machine and not encrypted: whoever reaches it runs code there"
    return f"{danger}; use tls://, or --insecure on a safe network"


def _loopback(host: str) -> bool:
    """Whether every address of a host is this machine's own."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
        return bool(found) and all(ipaddress.ip_address(str(address)).is_loopback for address in found)
    except (OSError, ValueError):
        return False


def available() -> bool:
    """Whether the extra is installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        return False
    return True


class Cluster:
    """Points on Dask; `with Cluster(...) as cluster:` leaves it, and ends a cluster of its own.

    Parameters
    ----------
    job : what every point has in common
    address : of the scheduler, or `local`
    workers : processes of a cluster of this machine
    limit : the longest that a point may take [s], or None
    look : called often; it may raise to stop
    """

    def __init__(self, job: Job, address: str, workers: int, limit: float | None, look: Callable[[], None] = lambda: None) -> None:
        self.job, self.address, self.workers, self.limit, self.look = job, address, workers, limit, look
        self.client: Any = None
        self.cluster: Any = None

    def __enter__(self) -> Cluster:
        import dask
        from distributed import Client, LocalCluster

        dask.config.set({"distributed.scheduler.allowed-failures": MOST_DEATHS - 1})
        try:
            if self.address == LOCAL:
                alone = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": None, "silence_logs": 50}
                self.cluster = LocalCluster(n_workers=self.workers, threads_per_worker=1, **alone)
            self.client = Client(self.cluster or self.address, timeout=PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise FileError(f"{self.address}: there is no Dask scheduler: {error}") from None
        self._checked()
        return self

    def _checked(self) -> None:
        """Refuse workers of another version: their numbers might be others."""
        try:
            found = self.client.run(version_here)
        except Exception as error:  # a worker without this package fails in many ways, and each means the same
            self.__exit__(None, None, None)
            raise FileError(f"{self.address}: a worker has not got thermorun {__version__}: {type(error).__name__}: {error}") from None
        others = sorted({version for version in found.values() if version != __version__})
        if others or not found:
            self.__exit__(None, None, None)
            words = f"workers have thermorun {', '.join(others)}, and this is {__version__}" if others else "it has no workers"
            raise FileError(f"{self.address}: {words}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.client is not None:
            self.client.close()
        if self.cluster is not None:
            self.cluster.close()

    def run(self, points: Sequence[Point], told: Told = lambda *_: None) -> list[Outcome]:
        """What came of each point, in their order."""
        futures = [self.client.submit(outcome_as_data, self.job, point, self.limit, pure=False) for point in points]
        found: dict[int, Outcome] = {}
        ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for i, future in enumerate(futures):
            future.add_done_callback(lambda done, number=i: ended.put((number, done)))
        try:
            while len(found) < len(points):
                self.look()
                try:
                    i, future = ended.get(timeout=POLL)
                except queue.Empty:
                    continue
                found[i] = self._outcome(future)
                told(i, found[i])
        finally:
            self.client.cancel(futures)
        return [found[i] for i in range(len(points))]

    def _outcome(self, future: Any) -> Outcome:
        try:
            return Outcome(*future.result())
        except Exception as error:  # of a worker that died, or a bug met at this point alone
            nothing: dict[str, float | None] = {name: None for name in self.job.wanted if name}
            died = type(error).__name__ == "KilledWorker"
            return Outcome(nothing, None, f"killed its process {MOST_DEATHS} times" if died else f"{type(error).__name__}: {error}")


def version_here() -> str:
    """The version of this package where this runs."""
    return __version__


class Alone:
    """A process that runs points one by one, and that a point beyond its limit ends. Its start is no part of a limit."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "thermo.app.one_point", str(os.getpid())]
        same = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # it finds this package where this process does
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=same)  # noqa: S603 - our own
        self._pipes()[1].readline()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self.process.stdin is not None and self.process.stdout is not None
        return self.process.stdin, self.process.stdout

    def answer(self, line: str, limit: float) -> tuple[str, bool]:
        """What it answers to a line, empty where it has ended; and whether the time is over."""
        over, (given, told) = threading.Event(), self._pipes()

        def end() -> None:
            over.set()
            self.process.kill()

        timer = threading.Timer(limit, end)
        timer.start()
        try:
            given.write(line + "\n")
            given.flush()
            found = told.readline()
        except OSError:
            found = ""
        finally:
            timer.cancel()
        if over.is_set() or not found:
            self.process.kill()
            self.process.wait()
            with contextlib.suppress(OSError):
                given.close()
            told.close()
        return found, over.is_set()


_here = threading.local()  # the process of each thread of a worker


def outcome_as_data(job: Job, point: Point, limit: float | None) -> tuple[dict[str, float | None], bool | None, str]:
    """Run a point on a worker; with a limit in a process beside it, which is ended when the time is over."""
    if limit is None:
        return tuple(outcome_of(job, point))  # type: ignore[return-value]
    alone = getattr(_here, "alone", None)
    if alone is None or alone.process.poll() is not None:
        alone = _here.alone = Alone()
    given = json.dumps([[*job[:4], job.yes.model_dump() if job.yes else None, job.folder], point])
    found, over = alone.answer(given, limit)
    if found:
        outputs, answer, reason = json.loads(found)
        return outputs, answer, reason
    nothing: dict[str, float | None] = {name: None for name in job.wanted if name}
    why = f"took longer than its limit of {show(limit, 'time')}" if over else f"its process ended with {alone.process.returncode}"
    return nothing, None, why
