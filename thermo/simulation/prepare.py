"""A case's sample put together under its programme."""

from __future__ import annotations

from thermo.case.case import Case
from thermo.simulation.cell_body import CellBody
from thermo.simulation.prepared import Prepared


def build(case: Case, refine: int = 0) -> Prepared:
    """The sample ready to be stepped: a cell of one temperature, a box in mode space where that is possible, else a mesh."""
    if case.programme.stability:
        from thermo.simulation.stability import StableCell, StableMesh

        return StableMesh(case, refine) if case.sample.has_field else StableCell(case)
    if not case.sample.has_field:
        return CellBody(case)
    from thermo.simulation.mesh_body import MeshBody
    from thermo.simulation.mode_body import modal_body

    return modal_body(case, refine) or MeshBody(case, refine)
