"""Where the points of a study run: in processes of this machine, or on a Dask scheduler."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from thermo.app.run_into_folder import machine
from thermo.base.errors import CaseError, Mistake
from thermo.simulation.estimate import needs
from thermo.studies.cluster import EXTRA, Cluster, address_problem, available
from thermo.studies.engine import Engine
from thermo.studies.points import Job, PointStudy
from thermo.studies.study import Study

SHARE = 0.8  # of the memory of a machine that processes may take


class Place(NamedTuple):
    """Where points run: so many processes, by default one for each core, of this machine; or a Dask scheduler."""

    workers: int | None = None
    scheduler: str | None = None

    @property
    def n_workers(self) -> int:
        """How many processes or threads."""
        return self.workers or os.cpu_count() or 1

    def within_memory(self, megabytes: float, tell: Callable[[str], None]) -> Place:
        """The same with no more processes than this machine has memory for, if each takes so much; it is told where they are fewer."""
        most = fitting(self.n_workers, megabytes)
        if most < self.n_workers:
            tell(f"{most} process{'es' if most > 1 else ''} in place of {self.n_workers}: a run takes about {megabytes:.0f} MB")
        return self._replace(workers=most)

    def engine(self, job: Job, limit: float | None, look: Callable[[], None]) -> Engine | Cluster:
        """What runs them."""
        if self.scheduler is None:
            return Engine(job, self.n_workers, limit, look)
        return Cluster(job, self.scheduler, self.n_workers, limit, look)


def place_of(workers: int | None, scheduler: str | None, insecure: bool, warn: Callable[[str], None]) -> Place:
    """Where the options of the command put the points. Raises CaseError without the extra, or where the scheduler is not safe."""
    if scheduler is not None:
        problem = address_problem(scheduler, insecure) or (None if available() else EXTRA)
        if problem:
            raise CaseError([Mistake("--scheduler", None, "", problem)])
        if insecure and scheduler.startswith("tcp://"):
            warn(f"warning: {scheduler} is not encrypted: whoever reaches it runs code on its workers")
    return Place(workers, scheduler)


def points_estimate(study: Study) -> str:
    """Points, time, memory and disk of a study, in words, with a process for each core."""
    kind = study.text.study
    assert isinstance(kind, PointStudy)
    each, n = needs(study.members[0].case), kind.count()
    workers = fitting(os.cpu_count() or 1, each.megabytes)
    line = 24 * (2 + len(kind.units()) + len(kind.outputs))
    lasts = 2.0 + each.seconds * n / workers
    size = f"{n * line / 1e6:.1f} MB" if n * line > 1e5 else f"{max(n * line // 1000, 1)} kB"
    return (
        f"{kind.kind}, {kind.n_points()}; about {lasts:.0f} s and {workers * each.megabytes:.0f} MB in {workers} processes, {size} on disk"
    )


def fitting(workers: int, megabytes: float) -> int:
    """So many processes, or as many as this machine has memory for."""
    memory = machine()["memory_GB"]
    return workers if memory is None else max(1, min(workers, int(SHARE * 1e3 * float(memory) / megabytes)))
