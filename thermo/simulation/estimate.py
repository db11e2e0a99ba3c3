"""What a run will take, before it is run."""

from __future__ import annotations

import math
from typing import NamedTuple

from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.bodies.meshed import Meshed
from thermo.case.case import Case
from thermo.measurement.derived import layers_text

BYTES_A_NODE = {1: 500, 2: 2_000, 3: 6_000}  # matrices, multigrid levels and a few rows of history, by dimension
SECONDS_A_NODE = 0.7e-3  # a transient over ten decades of time, some 300 solves by multigrid
SECONDS_A_STEADY_NODE = 4e-5  # assembly and a few solves
FACTORS_OF_A_BRANCH = 80.0  # on the way to critical surroundings
SECONDS_A_FRAME, BYTES_A_FRAME = (0.011, 1e-6), (500, 9)  # of itself, and for each of its nodes: compressed, and on a disk
SECONDS_A_ROUND_NODE = 1.5e-4  # of a calorimeter that heats and waits once, some 70 solves
STEPS_OF_A_BURN, SECONDS_A_STEP, SECONDS_A_STEP_NODE = 1000.0, 5e-3, 3.3e-6  # of 1000 nodes that react, more as the root of their number
SECONDS_OF_A_CELL = 0.3
BYTES_A_BOX_NODE, SECONDS_A_BOX_NODE = 500, 3e-5  # a transient of a box of layers in mode space


def layers_of(case: Case, body: Meshed) -> list[str]:
    """What layers of the body amount to, each in a line, where it starts at one temperature; else at 25 degC."""
    temperature = body.temperature if isinstance(body.temperature, float) else REFERENCE_TEMPERATURE
    materials = {name: body.placed(name, case.material(own)) for name, (own, _) in body.materials().items()}
    return [layers_text(name, found and found._asdict()) for name, found in body.effective(materials, float(temperature)).items()]


class Needs(NamedTuple):
    """What a run takes, about: seconds, megabytes, and both with unknowns and files in words."""

    seconds: float
    megabytes: float
    text: str


def estimate(case: Case) -> str:
    """Unknowns, memory, time and files of a case, in words."""
    return needs(case).text


def needs(case: Case) -> Needs:
    """Time, memory, unknowns and files of a case."""
    body = case.body
    if body is not None:
        from thermo.simulation.mode_body import modal_body

        n = body.n_nodes(case.named_faces())
        frames = len(case.measure.pictures.times)
        seconds, memory = SECONDS_A_NODE * n, float(BYTES_A_NODE[body.dimension] * n)
        factors = ""
        if case.programme.steady:
            from thermo.heat.linear import directly, factor_bytes, factors_fit

            seconds, need = SECONDS_A_STEADY_NODE * n, factor_bytes(n, body.dimension, symmetric=False)
            if case.programme.stability:
                seconds, memory = FACTORS_OF_A_BRANCH * seconds, memory + factor_bytes(n, body.dimension)
            elif not directly(n, body.dimension) and memory < need and factors_fit(n, body.dimension, symmetric=False):
                factors = f" ({130 + need / 1e6:.0f} MB if iterations do not converge and a system is factorised)"
        elif case.reacting:
            seconds = STEPS_OF_A_BURN * math.sqrt(n / 1000.0) * (SECONDS_A_STEP + SECONDS_A_STEP_NODE * n)
        elif case.programme.rounds() > 1.0:
            seconds = SECONDS_A_ROUND_NODE * case.programme.rounds() * n
        elif modal_body(case) is not None:
            seconds, memory = SECONDS_A_BOX_NODE * n, BYTES_A_BOX_NODE * n
        factor = (9.0, 4.0) if case.numerics.check_mesh else (1.0, 1.0)
        note = body.notes(case.named_faces())[0]
        writing, size = (frames * (alone + each * n) for alone, each in (SECONDS_A_FRAME, BYTES_A_FRAME))
        kept = f"{frames} frame{'' if frames == 1 else 's'}" + (f" of {size / 1e6:.0f} MB in all" if size > 1e7 else "")
        lasts = 1.0 + factor[0] * seconds + writing
        megabytes = 130 + factor[1] * memory / 1e6
        told = f"valid; {note}; about {megabytes:.0f} MB{factors}, {lasts:.0f} s, {kept}"
        return Needs(lasts, megabytes, "; ".join([told, *layers_of(case, body)]))
    n = len(case.cell.reaction_names()) if case.cell else 0
    return Needs(SECONDS_OF_A_CELL, 100.0, f"valid; one temperature, {n} reaction{'' if n == 1 else 's'}; about 100 MB, 1 s")
