"""Where the points of a study run: in processes of this machine, or on a Dask scheduler."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from thermo.base.errors import CaseError, Mistake
from thermo.studies.cluster import EXTRA, Cluster, address_problem, available
from thermo.studies.engine import Engine
from thermo.studies.points import Job


class Place(NamedTuple):
    """Where points run: so many processes, by default one for each core, of this machine; or a Dask scheduler."""

    workers: int | None = None
    scheduler: str | None = None

    @property
    def n_workers(self) -> int:
        """How many processes or threads."""
        return self.workers or os.cpu_count() or 1

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
