"""Runs the points of a study in processes of their own: a point that hangs or kills its process costs itself alone.

Which process runs a point, and in which order points end, changes no result.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as TooLong
from types import TracebackType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from thermo.casefile.units import show
from thermo.studies.points import Job, Outcome, Point, outcome_of

MOST_DEATHS = 3  # processes that a point may kill
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
POLL = 0.2  # seconds between two looks at whether the user wants to stop

Told = Callable[[int, Outcome], None]  # the place of a point in its round, and what came of it


def settle(parent: int) -> None:
    """In a new process: end with its `parent`, leave Ctrl-C to it, and load what a run needs, which no point's limit pays."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it ended before; in a container its number may be 1
            os._exit(1)
    importlib.import_module("thermo.simulation.simulate")


class Engine:
    """So many processes for the points of one job; `with Engine(...) as engine:` ends them.

    Parameters
    ----------
    job : what every point has in common
    workers : processes
    limit : the longest that a point may take [s], or None
    look : called often; it may raise to stop
    """

    def __init__(self, job: Job, workers: int, limit: float | None, look: Callable[[], None] = lambda: None) -> None:
        self.job, self.workers, self.limit, self.look = job, max(workers, 1), limit, look
        self.pool: Any = None

    def __enter__(self) -> Engine:
        kept = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # what a new process finds when it loads numpy
        self.before: Mapping[str, str | None] = kept
        spawn = multiprocessing.get_context("spawn")
        self.pool = ProcessPool(max_workers=self.workers, context=spawn, initializer=settle, initargs=[os.getpid()])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pool.stop() if kind else self.pool.close()
        self.pool.join()
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def run(self, points: Sequence[Point], told: Told = lambda *_: None) -> list[Outcome]:
        """What came of each point, in their order."""
        found: dict[int, Outcome] = {}
        deaths = dict.fromkeys(range(len(points)), 0)
        ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for i, point in enumerate(points):
            self._begin(i, point, ended)
        while len(found) < len(points):
            self.look()
            try:
                i, future = ended.get(timeout=POLL)
            except queue.Empty:
                continue
            outcome, died = self._outcome(future)
            deaths[i] += died
            if died and deaths[i] < MOST_DEATHS:
                self._begin(i, points[i], ended)
                continue
            found[i] = outcome
            told(i, outcome)
        return [found[i] for i in range(len(points))]

    def _begin(self, number: int, point: Point, ended: queue.SimpleQueue[tuple[int, Any]]) -> None:
        future = self.pool.schedule(outcome_of, args=[self.job, point], timeout=self.limit)
        future.add_done_callback(lambda done: ended.put((number, done)))

    def _outcome(self, future: Any) -> tuple[Outcome, bool]:
        """What a process gave for a point, and whether it died over it."""
        nothing: dict[str, float | None] = {name: None for name in self.job.wanted if name}
        try:
            return future.result(), False
        except TooLong:
            assert self.limit is not None
            return Outcome(nothing, None, f"took longer than its limit of {show(self.limit, 'time')}"), False
        except ProcessExpired as error:
            return Outcome(nothing, None, f"killed its process {MOST_DEATHS} times (the last ended with {error.exitcode})"), True
        except Exception as error:  # a bug met at this point alone
            return Outcome(nothing, None, f"{type(error).__name__}: {error}"), False
