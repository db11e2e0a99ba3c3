"""Any sample under any programme: every pair runs or the message gives the reason; a body that conducts well is a cell."""

import itertools

import numpy as np
import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run

EDGE = 0.02  # m, of a cube of rho c = 2e6 J/(m3 K)
CAPACITY, SURFACE = 2e6 * EDGE**3, 6.0 * EDGE**2

SAMPLES = {
    "lumped": "{{kind: lumped, heat_capacity: {{at_298K: {CAPACITY} J/K}}, surface: {SURFACE} m2, mass: 16 g{start}}}",
    "layered-block": "{{kind: layered-block, size: [20 mm, 20 mm], layers: [{{name: core, material: m, thickness: 8 mm}}, "
    "{{name: lid, material: m, thickness: 12 mm}}], mesh: {{order: 1, largest: 5 mm}}{start}}}",
    "boxes": "{{kind: boxes, coordinates: space, regions: {{core: {{material: m, from: [0 mm, 0 mm, 0 mm], to: [20 mm, 20 mm, 20 mm]}}}}, "
    "mesh: {{order: 1, largest: 5 mm}}{start}}}",
}
AIR = "air: 150 degC, heat_transfer_coefficient: 20 W/(m2 K), emissivity: 0.8"
ON_BODY = {
    "surroundings": "{kind: surroundings, end: 1 h}",
    "oven": f"{{kind: oven, end: 1 h, {AIR}}}",
    "hot-plate": f"{{kind: hot-plate, end: 1 h, {AIR}, plate: 200 degC, contact_coefficient: 300 W/(m2 K), plate_face: bottom}}",
    "heater": f"{{kind: heater, end: 1 h, {AIR}, power: 10 W, off_at: 120 degC, off_by: middle, heats: {{region: core}}}}",
    "ramp": "{kind: ramp, temperature: {from: 25 degC, to: 125 degC, over: 20 min}}",
    "steady": "{kind: steady, faces: {bottom: [{kind: held, temperature: 400 K}]}}",
    "dsc": "{kind: dsc, start: 50 degC, rate: 10 K/min, end: 200 degC, per: 5 mg}",
    "arc": "{kind: arc, start: 50 degC, step: 10 K, heater: 2 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 90 degC, "
    "calorimeter: {loss: 0.05 W/K, sensor: {probe: middle, lag: 4 s}}}",
}
ON_CELL = ON_BODY | {
    "hot-plate": f"{{kind: hot-plate, end: 1 h, {AIR}, plate: 200 degC, contact_coefficient: 300 W/(m2 K), contact_area: {EDGE**2} m2}}",
    "heater": f"{{kind: heater, end: 1 h, {AIR}, power: 10 W, off_at: 120 degC}}",
    "arc": ON_BODY["arc"].replace("probe: middle, ", ""),
}
REFUSED = {
    ("lumped", "steady"): "a cell of one temperature has no field; the steady state of a reacting cell is not supported yet",
    ("layered-block", "dsc"): "milligrams in a pan have one temperature: a programme 'dsc' needs a lumped sample",
    ("boxes", "dsc"): "milligrams in a pan have one temperature: a programme 'dsc' needs a lumped sample",
}


def case(kind, programme, conductivity="1e5 W/(m K)", probes="{middle: [10 mm, 10 mm, 10 mm]}", numerics="{tolerance: 3e-6}", **changes):
    """A cube of 20 mm, or a cell of its heat capacity and surface, under a programme."""
    cell = kind == "lumped"
    text = changes.get("programme") or (ON_CELL if cell else ON_BODY)[programme]
    own = programme in ("arc", "dsc") or (cell and programme == "ramp")
    start = "" if own else ", temperature: 25 degC"
    sample = SAMPLES[kind].format(start=start, CAPACITY=CAPACITY, SURFACE=SURFACE)
    material = f"materials: {{m: {{density: 2000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {conductivity}}}}}"
    return case_from(
        f"""
        title: {kind} under {programme}
        {"" if cell else material}
        sample: {sample}
        programme: {text}
        {"" if cell else "measure: {probes: " + probes + "}"}
        numerics: {numerics if not cell else "{tolerance: 1e-7}"}
        """
    )


PAIRS = [(kind, programme) for kind in SAMPLES for programme in ON_BODY]


@pytest.mark.parametrize(("kind", "programme"), [pair for pair in PAIRS if pair not in REFUSED])
def test_a_pair_runs_and_its_energy_closes(kind, programme):
    summary = run(case(kind, programme)).summary()
    assert summary["status"] == "complete", summary["warnings"]
    assert summary["energy"]["residual_relative"] < 1e-6


@pytest.mark.parametrize(("kind", "programme"), REFUSED)
def test_a_pair_that_does_not_run_says_why(kind, programme):
    with pytest.raises(CaseError, match=REFUSED[kind, programme]):
        case(kind, programme)


@pytest.mark.parametrize("kind", ["layered-block", "boxes"])
@pytest.mark.parametrize("programme", ["surroundings", "oven", "hot-plate", "heater", "ramp", "arc"])
def test_a_body_that_conducts_well_has_the_history_of_a_cell(kind, programme):
    """1e5 W/(m K): within 0.01 K at every row, between rows by the cubic through the cell's rows with their rates."""
    cell, body = run(case("lumped", programme)), run(case(kind, programme))
    name = "sensor" if programme == "arc" else "sample"
    mine = body.probe("sensor" if programme == "arc" else "middle")
    theirs = between(cell, name, body.time)
    assert np.abs(mine - theirs).max() < 0.01
    assert body.time[-1] == pytest.approx(cell.time[-1], rel=1e-5)


def between(result, name, wanted):
    """A probe of a cell at other times [K], by the cubic through its rows on each side with their slopes."""
    from scipy.interpolate import CubicHermiteSpline

    time, T, rate = result.time, result.probe(name), result.columns["rate_K_per_s"]
    found = np.empty_like(wanted)
    ends = [0, *(np.flatnonzero(np.diff(time) == 0.0) + 1), len(time)]
    for low, high in itertools.pairwise(ends):
        on = (wanted >= time[low]) & (wanted <= time[min(high, len(time)) - 1])
        if high - low > 1:
            found[on] = CubicHermiteSpline(time[low:high], T[low:high], rate[low:high])(wanted[on])
        else:
            found[on] = T[low]
    return found
