"""Cells of one temperature in every programme: resumed in the middle, the run is bitwise what it is in one go."""

import numpy as np
import pytest

from tests.conftest import CASES
from thermo.case.case import read_case
from thermo.simulation.simulate import checkpoint, run

ARC = "programme.calorimeter={loss: 0.06 W/K, radiating_area: 48 cm2"
PLATE = (
    "programme={kind: hot-plate, plate: {from: 25 degC, to: 300 degC, over: 20 min}, contact_coefficient: 200 W/(m2 K),"
    " contact_area: 9 cm2, air: 25 degC, heat_transfer_coefficient: 7 W/(m2 K), emissivity: 0.8, end: 40 min}"
)
HEATER = (
    "programme={kind: heater, power: {table: [[0 s, 0 W], [5 min, 20 W]]}, off_at: 140 degC, air: 25 degC,"
    " heat_transfer_coefficient: 7 W/(m2 K), emissivity: 0.8, end: 40 min}"
)
OVEN = ["expect=[]", "measure.crossings={}"]
KINDS = {
    "arc": ("paper/pi-ag-20li", []),
    "arc, slope of the window": ("paper/pi-ag-20li", ["programme.rate_of_window=slope"]),
    "arc, holder and sensor": (
        "paper/cu-20li",
        [ARC + ", holder: {mass: 2 g, heat_capacity: 0.5 J/(g K), conductance: 0.3 W/K}, sensor: {place: holder, lag: 10 s}}"],
    ),
    "arc, cooled and again": (
        "paper/pi-ag-20li",
        ["programme.cool_down={to: 60 degC, air: 25 degC, conductance: 0.06 W/K}", "programme.tests=2"],
    ),
    "dsc": ("calorimetry/anode-dsc", []),
    "dsc with a lag": ("paper/dsc-cu", ["programme.lag=5 s", "programme.pan=30 mJ/K"]),
    "gates": ("calorimetry/feng-adiabatic", []),
    "thresholds": ("calorimetry/hu2020-adiabatic", []),
    "oven": ("calorimetry/oven-155", []),
    "hot plate": ("calorimetry/oven-155", [PLATE, *OVEN]),
    "heater": ("calorimetry/oven-155", [HEATER, *OVEN]),
    "ramp": ("paper/dsc-cu", ["programme={kind: ramp, temperature: {from: 50 degC, to: 300 degC, over: 25 min}}", "expect=[]"]),
}


@pytest.mark.usual(2)
@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_cell_is_bitwise_the_same(kind):
    file, settings = KINDS[kind]
    case = read_case(CASES / f"{file}.yaml", settings)
    kept = []
    whole = run(case, watch=lambda moment: kept.append({name: np.copy(array) for name, array in checkpoint(moment).items()}))
    assert len(kept) >= 2
    for stored in (kept[0], kept[len(kept) // 2]):
        again = run(case, resume=stored)
        assert again.failure is None
        for name, values in whole.columns.items():
            assert np.array_equal(values, again.columns[name]), name
        assert np.array_equal(whole.ledger, again.ledger)
        assert again.summary() == whole.summary()
