"""What a run will take, before it is run."""

from __future__ import annotations

from thermo.case import Case
from thermo.geometry import Meshed

BYTES_A_NODE = 6_000  # matrices, multigrid levels and a few rows of history
SECONDS_A_NODE = 0.7e-3  # a transient over ten decades of time, some 300 solves by multigrid
SECONDS_A_BOX_NODE = 1.5e-4  # the same where the box is solved mode by mode


def estimate(case: Case) -> str:
    """Unknowns, memory, time and files of a case, in words."""
    if isinstance(case.sample, Meshed):
        n = case.sample.n_nodes(case.named_faces())
        frames = len(case.measure.pictures.times)
        each = SECONDS_A_BOX_NODE if case.numerics.tensor and case.sample.kind == "layered-block" else SECONDS_A_NODE
        seconds, memory = 1.0 + each * n, 130 + BYTES_A_NODE * n / 1e6
        if case.numerics.check_mesh:
            seconds, memory = 9.0 * seconds, 4.0 * memory
        note = case.sample.notes(case.named_faces())[0]
        return f"good; {note}; about {memory:.0f} MB, {seconds:.0f} s, {frames} frames"
    return f"good; one temperature, {len(case.sample.reaction_names())} reactions; about 100 MB, 1 s"
