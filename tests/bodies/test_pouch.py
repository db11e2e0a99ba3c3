"""A pouch: the same as its stack written out; homogenised, what the theory of layers gives; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import case_from

from thermo.base.errors import CaseError
from thermo.simulation.estimate import estimate
from thermo.simulation.prepare import build
from thermo.simulation.simulate import run

MATERIALS = """
title: a pouch
status: assumed
source: a test
materials:
  copper: {density: 8960 kg/m3, heat_capacity: 385 J/(kg K), thermal_conductivity: 400 W/(m K)}
  graphite: {density: 2060 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: {in_plane: 6 W/(m K), through: 1.7 W/(m K)}}
  separator: {density: 1000 kg/m3, heat_capacity: 2000 J/(kg K), thermal_conductivity: 0.3 W/(m K)}
  oxide: {density: 3500 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 0.9 W/(m K)}
  aluminium: {density: 2700 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 237 W/(m K)}
  laminate: {density: 1500 kg/m3, heat_capacity: 1200 J/(kg K), thermal_conductivity: 0.2 W/(m K)}
"""
POUCH = """
sample:
  kind: pouch
  pairs: 2
  negative: {collector: {material: copper, thickness: 10 um}, coating: {material: graphite, thickness: 80 um}}
  positive: {collector: {material: aluminium, thickness: 12 um}, coating: {material: oxide, thickness: 70 um}}
  separator: {material: separator, thickness: 16 um}
  laminate: {material: laminate, thickness: 150 um}
  size: [100 mm, 80 mm]
  temperature: 25 degC
"""
STACK = """
sample:
  kind: stack
  layers:
    - {name: laminate-1, material: laminate, thickness: 150 um}
    - {name: negative-collector-1, material: copper, thickness: 10 um}
    - {name: negative-coating-1, material: graphite, thickness: 80 um}
    - {name: separator-1, material: separator, thickness: 16 um}
    - {name: positive-coating-1, material: oxide, thickness: 70 um}
    - {name: positive-collector-1, material: aluminium, thickness: 12 um}
    - {name: positive-coating-2, material: oxide, thickness: 70 um}
    - {name: separator-2, material: separator, thickness: 16 um}
    - {name: negative-coating-2, material: graphite, thickness: 80 um}
    - {name: negative-collector-2, material: copper, thickness: 10 um}
    - {name: laminate-2, material: laminate, thickness: 150 um}
  size: [100 mm, 80 mm]
  temperature: 25 degC
"""
HEATED = """
programme:
  kind: surroundings
  end: 20 s
  faces:
    left: [{kind: held, temperature: 100 degC}]
    right: [{kind: convection, heat_transfer_coefficient: 10 W/(m2 K), ambient_temperature: 25 degC}]
measure: {probes: {last: {face: right, take: mean}}, flows: [left, laminate-1|FIRST]}
"""
STEADY = """
programme:
  kind: steady
  faces: {left: [{kind: held, temperature: 100 degC}], right: [{kind: held, temperature: 25 degC}]}
"""
HOMOGENISED = POUCH + "  layers: homogenised\n"
INNER = (  # thickness [um]; conductivity through and in plane [W/(m K)]; density, heat capacity
    *[(10.0, 400.0, 400.0, 8960.0, 385.0)] * 2,
    *[(80.0, 1.7, 6.0, 2060.0, 1000.0)] * 2,
    *[(16.0, 0.3, 0.3, 1000.0, 2000.0)] * 2,
    *[(70.0, 0.9, 0.9, 3500.0, 1000.0)] * 2,
    (12.0, 237.0, 237.0, 2700.0, 900.0),
)


def heated(sample, first="negative-collector-1"):
    return run(case_from(MATERIALS + sample + HEATED.replace("FIRST", first)))


def test_a_pouch_is_the_stack_that_it_stands_for():
    """Every number of the history, bit by bit."""
    pouch, stack = heated(POUCH), heated(STACK)
    assert pouch.columns.keys() == stack.columns.keys()
    for name, values in stack.columns.items():
        assert np.array_equal(pouch.columns[name], values), name


@pytest.mark.parametrize("more", ["", "  first: positive\n", "  outer_coatings: true\n"])
def test_collectors_alternate_from_the_first(more):
    """Even numbers of pairs end with the electrode that they begin with, odd ones with the other."""
    names = list(build(case_from(MATERIALS + POUCH + more + HEATED.split("measure")[0])).regions)
    first, other = ("positive", "negative") if "first" in more else ("negative", "positive")
    collectors = [name for name in names if "collector" in name]
    assert collectors == [f"{first}-collector-1", f"{other}-collector-1", f"{first}-collector-2"]
    outside = [name for name in names if "laminate" not in name][:: len(names) - 3]
    kind = "coating" if "outer" in more else "collector"
    assert all(f"{first}-{kind}" in name for name in outside)
    assert len(names) == 11 + (2 if "outer" in more else 0)


def test_homogenised_layers_are_those_of_the_theory_in_derived_and_in_check():
    """Through: d / sum(d_i/k_i); along: sum(d_i k_i)/d; density by volume, heat capacity by mass. One by one they are shown too."""
    d, through, in_plane, rho, c = np.array(INNER).T
    wanted = {
        "conductivity_through_W_per_m_K": d.sum() / (d / through).sum(),
        "conductivity_in_plane_W_per_m_K": d @ in_plane / d.sum(),
        "density_kg_per_m3": d @ rho / d.sum(),
        "heat_capacity_J_per_kg_K": (d * rho) @ c / (d @ rho),
        "thickness_m": 1e-6 * d.sum(),
        "layers": 9,
    }
    for sample, first in ((HOMOGENISED, "core"), (POUCH, "negative-collector-1")):
        core = heated(sample, first).summary()["derived"]["core"]
        for name, value in wanted.items():
            assert core[name] == pytest.approx(value, rel=1e-12)
        said = estimate(case_from(MATERIALS + sample + HEATED.replace("FIRST", first)))
        assert (
            f"core: 9 layers, 0.364 mm, in perfect contact exactly {wanted['conductivity_through_W_per_m_K']:.4g} W/(m K) through" in said
        )


def test_steady_heat_through_a_homogenised_core_is_that_through_its_layers():
    """In steady state nothing depends on how the resistance is spread: R = sum(d_i/k_i), to rounding."""
    resistance = 2.0 * 150e-6 / 0.2 + sum(1e-6 * d / k for d, k, *_ in INNER)
    exact = 75.0 / resistance * 0.1 * 0.08
    for sample in (POUCH, HOMOGENISED):
        result = run(case_from(MATERIALS + sample + STEADY))
        assert result.summary()["heats"]["left"]["final_W"] == pytest.approx(exact, rel=1e-12)


def test_a_homogenised_core_warms_up_as_its_layers_do():
    """The same heat capacity behind the same resistances: the far side within 0.2 K of 75 at all times, and the same heat at the end."""
    layers, core = heated(POUCH), heated(HOMOGENISED, "core")
    times = np.linspace(0.05, 20.0, 100)
    read = [np.interp(times, result.columns["time_s"], result.probe("last")) for result in (layers, core)]
    assert read[0] == pytest.approx(read[1], abs=0.2)
    heat = [result.summary()["energy"] for result in (layers, core)]
    assert heat[0]["final_J"] - heat[0]["initial_J"] == pytest.approx(heat[1]["final_J"] - heat[1]["initial_J"], rel=1e-4)
    assert heat[1]["residual_relative"] <= 1e-12
    assert heat[0]["residual_relative"] <= 1e-11  # cells of copper of 2.5 um pass 1e8 W/(m2 K): the digits of their temperatures show


def test_tables_of_layers_are_a_table_of_their_core():
    """At every row of the tables: the resistances there in series, the heat capacities there by mass."""
    text = MATERIALS.replace("heat_capacity: 2000 J/(kg K)", "heat_capacity: {table: [[300 K, 2000 J/(kg K)], [400 K, 2600 J/(kg K)]]}")
    text = text.replace("conductivity: 0.9 W/(m K)", "conductivity: {table: [[350 K, 0.9 W/(m K)], [500 K, 0.6 W/(m K)]]}")
    material = case_from(text + HOMOGENISED + HEATED.split("measure")[0]).material("core")
    d, k, _, rho, c = np.array(INNER).T
    k[6:8], c[4:6] = 0.6, 2600.0
    assert [float(T) for T in material.heat_capacity.temperature] == [300.0, 400.0]
    assert float(material.heat_capacity.value[1]) == pytest.approx((d * rho) @ c / (d @ rho), rel=1e-12)
    assert float(material.thermal_conductivity.through.value[1]) == pytest.approx(d.sum() / (d / k).sum(), rel=1e-12)


def test_a_pouch_in_space_conducts_along_its_layers_as_the_theory_says():
    """Held at two edges of the sheet, x across it: heat goes along the layers, k_in_plane d w / L times 75 K."""
    d, _, in_plane, *_ = np.array(INNER).T
    exact = 75.0 * (1e-6 * d @ in_plane + 2.0 * 150e-6 * 0.2) * 0.08 / 0.1
    programme = STEADY.replace("left:", "front:").replace("right:", "back:")
    for layers in ("one-by-one", "homogenised"):
        sample = POUCH + f"  layers: {layers}\n  coordinates: space\n  mesh: {{largest: 20 mm, smallest: 1 mm, growth: 5}}\n"
        result = run(case_from(MATERIALS + sample + programme))
        assert result.summary()["heats"]["front"]["final_W"] == pytest.approx(exact, rel=1e-9)


def test_a_pouch_in_space_is_wide_and_thin_and_so_are_its_cells():
    """A thirtieth of its length and width, not of its thickness."""
    body = case_from(MATERIALS + HOMOGENISED + "  coordinates: space\n" + HEATED.split("measure")[0]).body
    assert 30_000 < body.n_nodes({}) < 100_000


def reacts(name, energy, heat):
    """A chemistry of one reaction, below a material or a core."""
    return f"""
    chemistry:
      title: one reaction
      species: {{{name}: {{start: 1}}}}
      reactions:
        {name}:
          pre_exponential_factor: 1e12 1/s
          activation_energy: {energy} kJ/mol
          factors: [{{kind: order, species: {name}, order: 1}}]
          consumes: {{{name}: 1}}
          heat: {heat}
"""


REACTING = """
title: a pouch that reacts
status: assumed
source: a test
materials:
  copper: {density: 8960 kg/m3, heat_capacity: 385 J/(kg K), thermal_conductivity: 400 W/(m K)}
  separator: {density: 1000 kg/m3, heat_capacity: 2000 J/(kg K), thermal_conductivity: 0.3 W/(m K)}
  aluminium: {density: 2700 kg/m3, heat_capacity: 900 J/(kg K), thermal_conductivity: 237 W/(m K)}
  laminate: {density: 1500 kg/m3, heat_capacity: 1200 J/(kg K), thermal_conductivity: 0.2 W/(m K)}
  graphite:
    density: 2060 kg/m3
    heat_capacity: 1000 J/(kg K)
    thermal_conductivity: 1.7 W/(m K)GRAPHITE
  oxide:
    density: 3500 kg/m3
    heat_capacity: 1000 J/(kg K)
    thermal_conductivity: 0.9 W/(m K)
""".replace("GRAPHITE", reacts("g", 118, "{per_mass: 200 J/g, content: 900 kg/m3}").rstrip())
REACTING = REACTING.rstrip() + reacts("o", 122, "{per_mass: 300 J/g, share: 0.5}")
OVEN = """
programme: {kind: oven, air: 170 degC, heat_transfer_coefficient: 50 W/(m2 K), faces: [left, right], end: 1 h}
measure: {probes: {inside: [332 um]}}
"""


def burnt(more="", text=REACTING):
    sample = POUCH.replace("pairs: 2", "pairs: 1") + "  mesh: {smallest: 100 um, largest: 100 um}\n"
    return run(case_from(text + sample + more + OVEN))


def test_a_reacting_pouch_releases_what_its_coatings_hold_in_either_form():
    """All reactants spent: heat by volume of each coating, 180 MJ/m3 of 80 um and 525 MJ/m3 of 70 um on 80 cm2."""
    wanted = {"graphite_g": 200e3 * 900.0 * 80e-6 * 8e-3, "oxide_o": 300e3 * 0.5 * 3500.0 * 70e-6 * 8e-3}
    layers, core = burnt(), burnt("  layers: homogenised\n")
    for result, before in ((layers, ""), (core, "core_")):
        energy = result.summary()["energy"]
        assert energy["released_J"] == pytest.approx({before + name: value for name, value in wanted.items()}, rel=1e-6)
        assert energy["residual_relative"] <= 1e-12
    hottest = [result.summary()["probes"]["inside"]["maximum_K"] for result in (layers, core)]
    assert hottest[0] == pytest.approx(hottest[1], abs=0.5)
    assert hottest[0] > 445.0
    assert set(core.summary()["arrivals"]) == {"core"}
    assert set(layers.summary()["arrivals"]) == {"negative-coating-1", "positive-coating-1"}


def test_a_core_may_have_a_chemistry_of_its_own():
    """In place of that of the coatings, per m3 of all layers."""
    own = "  layers: homogenised\n  core:" + reacts("all", 118, "{per_mass: 200 J/g, content: 500 kg/m3}")
    result = burnt(own, MATERIALS)
    volume = (10 + 80 + 16 + 70 + 12) * 1e-6 * 8e-3
    assert result.summary()["energy"]["released_J"] == pytest.approx({"core_all": 200e3 * 500.0 * volume}, rel=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pairs: 2", "pairs: 0", r"sample\.pairs: must be at least 1, got 0"),
        ("pairs: 2", "pairs: 100", r"sample\.layers: makes 403 layers; at most 400 are accepted"),
        ("collector: {material: copper, thickness: 10 um}, ", "", r"sample\.negative\.collector: is missing"),
        ("thickness: 16 um", "thickness: 16", r"sample\.separator\.thickness: 16 has no unit"),
        ("material: copper", "material: coper", r"sample\.negative\.collector\.material: unknown material 'coper'; did you mean 'copper'"),
        ("  size: [100 mm, 80 mm]", "  coordinates: space", r"sample\.size: is missing: a pouch in space needs its length and its width"),
        ("  size:", "  layers: resolved\n  size:", r"sample\.layers: unknown choice 'resolved'; choose one of 'one-by-one', 'homogenised'"),
        ("  size:", "  first: copper\n  size:", r"sample\.first: unknown choice 'copper'; choose one of 'negative', 'positive'"),
        ("  size:", "  core: {chemistry: hatchard-kim-4}\n  size:", r"sample\.core: is what reacts in homogenised layers; one by one"),
        ("temperature: 25 degC", "temperature: {core: 25 degC}", r"sample\.temperature\.core: no such region"),
        ("  size:", "  symmetry: [top]\n  size:", r"sample\.symmetry\.0: one of left, right is needed, found 'top'"),
    ],
)  # fmt: skip
def test_what_makes_no_pouch_is_refused(old, new, said):
    assert old in POUCH
    with pytest.raises(CaseError, match=said):
        case_from(MATERIALS + POUCH.replace(old, new, 1) + HEATED.split("measure")[0])


OTHER_CONSTANT = REACTING.replace("title: one reaction", "title: one reaction\n      gas_constant: 8.3145", 1)
SHORT = "short: {at: {temperature: 80 degC}, resistance: 1 ohm, charge: 0.1 Ah, voltage: {empty: 3 V, full: 4.2 V}, from: WHAT}\n"
MELTING = MATERIALS
for k in ("0.3", "0.9"):
    plain = f"thermal_conductivity: {k} W/(m K)"
    MELTING = MELTING.replace(plain, f"{plain}, melting: {{temperature: 135 degC, heat: 60 J/g, range: 5 K}}")
BY_AXES = MATERIALS.replace("{in_plane: 6 W/(m K), through: 1.7 W/(m K)}", "{x: 6 W/(m K), y: 6 W/(m K), z: 1 W/(m K)}")
CALLED = MATERIALS + "  core: {density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}\n"
SHORTED = REACTING.replace("W/(m K)\n    chemistry", "W/(m K)\n    " + SHORT.replace("WHAT", "g") + "    chemistry", 1)


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (
            OTHER_CONSTANT,
            "",
            r"sample\.layers: .*'graphite' and 'oxide' were fitted with different gas constants.*; use layers: one-by-one",
        ),
        (REACTING, "  core: {chemistry: hatchard-kim-4}\n", r"sample\.core\.chemistry: 'graphite' reacts as well: give the chemistry of"),
        (SHORTED, "", r"sample\.negative\.coating\.material: 'graphite' has 'short', which is that of one layer.*give it to sample\.core"),
        (CALLED, "", r"sample\.layers: the material of homogenised layers is called 'core'"),
        (BY_AXES, "", r"sample\.negative\.coating\.material: 'graphite' cannot be homogenised: its conductivity goes by axes"),
        (MELTING, "", r"sample\.layers: .* each have a heat of fusion over a range"),
    ],
)
def test_what_cannot_be_homogenised_is_refused_with_the_cure(text, more, said):
    with pytest.raises(CaseError, match=said):
        case_from(text + HOMOGENISED + more + HEATED.split("measure")[0])


def test_a_mistake_elsewhere_hides_none_of_the_layers():
    """A thickness without a unit, a programme without one, and mechanisms that do not fit together."""
    bad = HOMOGENISED.replace("thickness: 16 um", "thickness: 16") + HEATED.split("measure")[0].replace("end: 20 s", "end: 20")
    with pytest.raises(CaseError) as caught:
        case_from(OTHER_CONSTANT + bad)
    assert {mistake.key for mistake in caught.value.mistakes} == {"sample.separator.thickness", "programme.end", "sample.layers"}


def test_all_mistakes_of_a_pouch_come_at_once():
    """Of its layers, its conductivities and its materials."""
    bad = HOMOGENISED.replace("material: copper", "material: coper")
    with pytest.raises(CaseError) as caught:
        case_from(BY_AXES + bad + HEATED.split("measure")[0])
    assert {mistake.key for mistake in caught.value.mistakes} == {f"sample.negative.{part}.material" for part in ("collector", "coating")}


def test_a_core_is_the_cell_that_its_short_discharges():
    """0.1 Ah at 3.6 V in the mean, all of it as heat: 1296 J."""
    own = (
        "  layers: homogenised\n  core:" + reacts("all", 300, "{per_mass: 1 J/g, content: 1 kg/m3}") + "    " + SHORT.replace("WHAT", "all")
    )
    energy = burnt(own, MATERIALS).summary()["energy"]
    assert energy["released_J"]["core_short"] == pytest.approx(0.1 * 3600.0 * 3.6, rel=1e-3)


HOT = """
programme:
  kind: surroundings
  end: 20 s
  faces: {left: [{kind: held, temperature: 200 degC}], right: [{kind: held, temperature: 200 degC}]}
"""


def test_a_separator_that_melts_takes_its_heat_in_a_homogenised_core():
    """From 25 to 200 degC: sensible heat of all layers and 60 J/g of the separator."""
    plain = "thermal_conductivity: 0.3 W/(m K)"
    text = MATERIALS.replace(plain, plain + ", melting: {temperature: 135 degC, heat: 60 J/g, range: 5 K}")
    found = run(case_from(text + HOMOGENISED + HOT)).summary()["regions"]["core"]["stored_J"]
    d, *_, rho, c = np.array(INNER).T
    assert found == pytest.approx(8e-3 * 1e-6 * (175.0 * (d * rho) @ c + 32.0 * 1000.0 * 60e3), rel=1e-6)


LIBRARY = """
title: as a user writes it
materials:
  copper: {library: copper}
  graphite: {library: graphite-coating-wet}
  separator: {library: separator-pe-al2o3-wet}
  oxide: {library: ncm811-coating-wet}
  aluminium: {library: aluminium}
  laminate: {library: pouch-laminate}
"""
TRIED = {
    "in a hot oven": """
  layers: homogenised
programme: {kind: oven, air: 120 degC, heat_transfer_coefficient: 15 W/(m2 K), end: 5 min}
""",
    "a heater on one side": """
  layers: homogenised
programme:
  kind: heater
  power: 20 W
  heats: {face: left}
  off_by: hot
  off_at: 60 degC
  air: 25 degC
  heat_transfer_coefficient: 10 W/(m2 K)
  end: 2 min
measure: {probes: {hot: {face: left, take: mean}}}
""",
    "against a plate with a contact and a source in one layer": """
  contacts: {laminate-1|negative-collector-1: 1e-4 m2 K/W}
programme:
  kind: surroundings
  end: 10 s
  faces:
    left: [{kind: held, temperature: 60 degC}]
    right: [{kind: contact-with-a-body, name: plate, resistance: 1e-3 m2 K/W, heat_capacity: 100 J/K, temperature: 25 degC}]
  regions: {negative-coating-1: [{kind: source, power: 1 W}]}
""",
}


@pytest.mark.parametrize("name", TRIED)
def test_a_pouch_of_library_materials_runs_as_users_try_it(name):
    """Tables over temperature, several metals that melt far above, any programme; the balance of energy closes."""
    summary = run(case_from(LIBRARY + POUCH.rstrip() + TRIED[name])).summary()
    assert summary["end"]["reason"].startswith("end of the programme")
    assert summary["energy"]["residual_relative"] <= 1e-10
    assert (
        summary["derived"]["core"]["conductivity_in_plane_W_per_m_K"] > 10.0 * summary["derived"]["core"]["conductivity_through_W_per_m_K"]
    )
