"""The programme `stability` on cells and bodies: critical surroundings, eigenvalues, compositions, what it says and what it refuses.

Figures are of separate programs that integrate or solve the same equations: roots of the stationary balance of a cell of one temperature,
finite volumes of 100 to 400 cells of slabs and cylinders, of 24 x 80 cells of a cylinder, all extrapolated.
"""

import meshio
import numpy as np
import pytest

from tests.bodies.test_solids import THERE
from tests.conftest import case_from
from thermo.app.cli import main
from thermo.app.screen_text import case_text
from thermo.base.errors import CaseError
from thermo.results.store import damage
from thermo.simulation.simulate import run
from thermo.studies.batch import simulate_many

ZERO = 273.15
PRE = 6.897738030e12  # 1/s: 2.5e13 times 0.75/e, the anode of Kim's set at its start
SOURCE = f"pre_exponential_factor: {PRE} 1/s, activation_energy: 135080 J/mol, heat: {{per_mass: 1.714e6 J/kg, content: 610.4 kg/m3}}"


def anode(gas_constant):
    return f"{{title: zero order, gas_constant: {gas_constant}, species: {{}}, reactions: {{anode: {{{SOURCE}}}}}}}"


CELL = """
title: a cell of one temperature
sample:
  kind: lumped
  parts: {cell: {mass: 42.67446 g, heat_capacity: 0.83 J/(g K)}}
  volume: 16.54049 cm3
  surface: 41.84601 cm2
  chemistry: CHEMISTRY
  with: WITH
programme:
  kind: stability
  ambient: AMBIENT
  heat_transfer_coefficient: 7.17 W/(m2 K)
  emissivity: 0.8
  composition: COMPOSITION
"""
RANGE = "{from: 60 degC, to: 200 degC}"


def cell(chemistry="hatchard-kim-4", ambient=RANGE, composition="fresh", changes="{}"):
    text = CELL.replace("CHEMISTRY", chemistry).replace("AMBIENT", ambient).replace("COMPOSITION", composition)
    return text.replace("WITH", changes)


def solved(text):
    return run(case_from(text))


def stability(text):
    return solved(text).summary()["stability"]


NONE = "{sei.start: 0, anode.start: 0, cathode.start: %g}"  # the electrolyte, which gives 0.01 K at most, is there
SPENT = "{sei.start: 0}"


@pytest.mark.parametrize(
    ("case", "ambient", "then"),
    [
        (cell(), 108.445, 118.074),
        (cell(anode(8.314)), 127.84318, 138.53620),
        (cell(changes=SPENT), 127.453, 138.111),
        (cell(changes=NONE % 0.96), 166.564, 179.091),
        (cell(changes=NONE % 0.7), 145.765, 157.081),
        (cell(changes=NONE % 0.96, composition="igniting"), 143.749, 154.951),
        (cell(composition="igniting"), 143.749, 154.951),
    ],
    ids=["fresh", "zero order", "SEI spent", "cathode at 0.04", "cathode at 0.3", "cathode at its largest", "those that ignite"],
)
def test_critical_oven_of_a_cell(case, ambient, then):
    """Tangents of heat and loss of the 18650 of Kim et al. 2007 in an oven."""
    found = stability(case)
    assert found["critical_ambient_K"] - ZERO == pytest.approx(ambient, abs=2e-3)
    assert found["hottest_K"] - ZERO == pytest.approx(then, abs=0.02)  # it is flat there
    assert abs(found["lambda_1_per_s"]) < 1e-9


def test_which_reactions_can_ignite():
    """SEI and anode burn out, B about 1 and 1.5: the first holds 389 J, 11 K; the anode slows itself by 1/e each 571 J, 16 K."""
    result = solved(cell(composition="igniting"))
    found = result.summary()["stability"]["reactions"]
    assert [name for name, entry in found.items() if not entry["counted"]] == ["sei", "anode"]
    assert found["sei"]["adiabatic_rise_K"] == pytest.approx(389.0 / 35.42, rel=2e-3)
    assert found["anode"]["adiabatic_rise_K"] == pytest.approx(571.0 / 35.42, rel=0.05)
    assert found["sei"]["B"] == pytest.approx(1.0, abs=0.1)
    assert found["cathode"]["factor"] == pytest.approx(0.25, rel=1e-9)
    assert "left out, B below 5: 'sei' (B 0.97), 'anode' (B 1.4)" in case_text(result.summary())


def test_a_fresh_cell_says_where_it_is_too_cautious():
    text = case_text(solved(cell()).summary())
    assert "critical ambient 108.445 degC: lambda is zero there" in text
    assert "composition fresh" in text
    assert "burns out before it ignites, B below 5: 'sei' (B 1.2), 'anode' (B 1.6)" in text


def test_a_cell_at_one_ambient():
    """Stable below the critical one; above it the critical one is told."""
    below, above = (solved(cell(anode(8.314), f"{T} degC")).summary() for T in (120, 130))
    assert below["stability"]["stable"]
    assert below["stability"]["critical_ambient_K"] is None
    slope = (7.17 + 4.0 * 0.8 * 5.670374419e-8 * below["probes"]["sample"]["final_K"] ** 3) * 41.84601e-4
    made = below["stability"]["reactions"]["anode"]["heat_W"]
    rising = made * 135080.0 / 8.314 / below["probes"]["sample"]["final_K"] ** 2
    assert below["stability"]["lambda_1_per_s"] == pytest.approx((slope - rising) / 35.4198, rel=1e-4)
    assert not above["stability"]["stable"]
    assert above["stability"]["critical_ambient_K"] - ZERO == pytest.approx(127.84318, abs=1e-4)
    assert "unstable at an ambient of 130.000 degC: the heat outgrows the loss above 127.843 degC" in case_text(above)
    assert "stable at an ambient of 120.000 degC" in case_text(below)
    assert below["energy"]["residual_relative"] < 1e-9
    assert below["energy"]["released_W"]["anode"] == pytest.approx(below["energy"]["heat_out_W"], rel=1e-9)


def test_stable_all_the_way():
    """No fold up to `to`: the state there is told, and no critical one."""
    found = solved(cell(anode(8.314), "{from: 20 degC, to: 100 degC}")).summary()
    assert found["stability"]["stable"]
    assert found["stability"]["ambient_K"] == pytest.approx(373.15)
    assert "stable up to an ambient of 100.000 degC" in case_text(found)


def test_a_range_that_begins_too_hot():
    found = solved(cell(anode(8.314), "{from: 130 degC, to: 200 degC}")).summary()
    assert found["stability"]["critical_ambient_K"] - ZERO == pytest.approx(127.84318, abs=1e-4)
    assert "unstable at 130.00 degC already: the critical ambient lies below the range" in case_text(found)


def two(other):
    """The anode of zero order beside another reaction."""
    return anode(8.314).replace("reactions: {", f"reactions: {{{other}, ").replace("species: {}", "species: {a: {start: 1}, b: {start: 0}}")


def alone(critical):
    """Whether a critical oven [degC] is that of the anode of zero order alone."""
    return critical == pytest.approx(127.84318, abs=1e-4)


@pytest.mark.parametrize(
    ("other", "composition", "said", "compared"),
    [
        (
            "short: {rate, E0, heat: 100 J, consumes: {a: 1}}",
            "fresh",
            "burns out before it ignites, B below 5: 'short' (B 0)",
            lambda T: T < 127.8,
        ),
        ("short: {rate, E0, heat: 100 J, consumes: {a: 1}}", "igniting", "left out, B below 5: 'short' (B 0)", alone),
        (
            "melt: {fast, E1, heat: -90 J, consumes: {a: 1}, order a}",
            "fresh",
            "takes up heat for a while only: 'melt' (B -",
            lambda T: T > 127.86,
        ),
        ("melt: {fast, E1, heat: -90 J, consumes: {a: 1}, order a}", "igniting", "left out, B below 5: 'melt' (B -", alone),
        (
            "later: {fast, E1, heat: 90 J, consumes: {b: 1}, order b}",
            "fresh",
            "nothing to react with at this composition: 'later'",
            alone,
        ),
        (
            "gated: {fast, E1, heat: 900 J, consumes: {a: 1}, order a, gate: {temperature: 200 degC}}",
            "igniting",
            "does not act in this state: 'gated'; once it is triggered or switched on",
            alone,
        ),
    ],
)
def test_what_a_composition_leaves_open_is_said(other, composition, said, compared):
    """A source that does not rise with temperature, heat that is taken up, a reactant that is not there yet, a gate."""
    for word, meant in {
        "rate": "pre_exponential_factor: 1e-3 1/s",
        "fast": "pre_exponential_factor: 1e12 1/s",
        "E0": "activation_energy: 0 J/mol",
        "E1": "activation_energy: 130 kJ/mol",
        "order a": "factors: [{kind: order, species: a, order: 1}]",
        "order b": "factors: [{kind: order, species: b, order: 1}]",
    }.items():
        other = other.replace(word, meant)
    summary = solved(cell(two(other), composition=composition)).summary()
    assert said in case_text(summary)
    assert compared(summary["stability"]["critical_ambient_K"] - ZERO)


SHORT = "short: {at: {temperature: 130 degC}, resistance: 50 mohm, charge: 2 Ah, voltage: {empty: 3 V, full: 4.2 V}, from: cathode}"


def test_a_short_is_not_counted_and_the_run_says_so():
    """The state lies above its trigger, so that in a test it would have come before."""
    one = cell(composition="igniting").replace("  with: {}", f"  {SHORT}")
    other = slab(CHEMISTRY=f"hatchard-kim-4, {SHORT}", COOLED=film(10.0, "right") + ", composition: igniting")
    for text, name in ((one, "the short"), (other, "roll-shorts")):
        summary = solved(text).summary()
        said = case_text(summary)
        assert f"{name} comes at 130.00 degC, below the temperatures of this state, and is not counted" in said
        assert "does not act in this state: " in said
        assert "never" not in said


def test_a_source_that_is_too_strong_everywhere():
    """The run fails in words, and leaves what it began with."""
    strong = "short: {pre_exponential_factor: 1 1/s, activation_energy: 0 J/mol, heat: 10 kJ, consumes: {}}"
    summary = solved(cell(two(strong), ambient="50 degC")).summary()
    assert summary["status"] == "failed"
    assert "'short' gives most of the heat" in summary["end"]["reason"]
    assert summary["stability"] is None


def test_a_batch_of_it_is_refused():
    with pytest.raises(ValueError, match="a programme 'stability' has no course over time"):
        simulate_many(case_from(cell()), {"programme.emissivity": [0.7, 0.9]})


BODY = """
title: a body
materials:
  roll: {density: 2580 kg/m3, heat_capacity: 830 J/(kg K), thermal_conductivity: CONDUCTS, chemistry: CHEMISTRY}
sample:
  kind: boxes
  coordinates: COORDINATES
  regions: {roll: {material: roll, from: FROM, to: TO}}
  symmetry: SYMMETRY
  mesh: {order: 1, smallest: CELLS, largest: CELLS}
programme: {PROGRAMME}
numerics: NUMERICS
MORE
"""
STABLE = "kind: stability, ambient: AMBIENT, COOLED"


def film(h, *faces, emissivity=0.0):
    return f"heat_transfer_coefficient: {h} W/(m2 K), emissivity: {emissivity}, faces: [{', '.join(faces)}]"


def body(**words):
    """The text of a body with words of it given."""
    usual = {
        "MORE": "",
        "NUMERICS": "{}",
        "AMBIENT": RANGE,
        "CHEMISTRY": anode(8.314462618),
        "PROGRAMME": STABLE,
        "COOLED": film(10.0, "right"),
    }
    text = BODY
    for word in ("PROGRAMME", *(usual | words)):
        text = text.replace(word, (usual | words)[word])
    return text


def slab(half=10.0, conducts=0.5, cells=10, **words):
    """A slab of which the left half is meshed, in mm."""
    shape = {"COORDINATES": "line", "FROM": "[0 mm]", "TO": f"[{half} mm]", "SYMMETRY": "[left]", "CELLS": f"{half / cells} mm"}
    return body(**({"CONDUCTS": f"{conducts} W/(m K)"} | shape | words))


@pytest.mark.parametrize(
    ("case", "ambient", "centre", "surface"),
    [
        (slab(), 384.47304, 394.3192, 393.4112),
        (slab(COOLED="held_faces: [right]"), 410.501, 423.5069, 410.501),
        (slab(30.0, 0.8, COOLED=film(25.0, "right")), 380.63556, 390.9493, 387.5253),
    ],
    ids=["small Bi", "held", "Bi 1"],
)
def test_a_slab(case, ambient, centre, surface):
    """Ten cells: within 0.02 K, and the balance closes."""
    summary = solved(case).summary()
    found = summary["stability"]
    assert found["critical_ambient_K"] == pytest.approx(ambient, abs=2e-2)
    assert (found["hottest_K"], found["coldest_K"]) == pytest.approx((centre, surface), abs=4e-2)
    assert summary["energy"]["residual_relative"] < 1e-9
    assert summary["energy"]["released_W"]["roll_anode"] == pytest.approx(summary["energy"]["heat_out_W"], rel=1e-9)
    assert set(summary["regions"]["roll"]) >= {"maximum_K", "minimum_K"}


def cylinder(h, cells=10, **words):
    """A disc of a long cylinder of radius 9 mm."""
    shape = {"COORDINATES": "axisymmetric", "FROM": "[0 mm, 0 mm]", "TO": "[9 mm, 5 mm]", "SYMMETRY": "[]"}
    return body(**({"CONDUCTS": "0.5 W/(m K)", "CELLS": f"{9.0 / cells} mm", "COOLED": film(h, "right")} | shape | words))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "ambient"),
    [
        (slab(cells=50), 384.47304),
        (slab(cells=50, COOLED=film(1e6, "right")), 410.50239),
        (slab(30.0, 0.8, cells=50, COOLED=film(25.0, "right")), 380.63556),
        (cylinder(10.0, 30), 392.46939),
        (cylinder(50.0, 30), 407.31239),
    ],
)
def test_bodies_on_fine_meshes(case, ambient):
    assert stability(case)["critical_ambient_K"] == pytest.approx(ambient, abs=5e-3)


ROD = {
    "COORDINATES": "axisymmetric",
    "FROM": "[0 mm, 0 mm]",
    "TO": "[9 mm, 32.5 mm]",
    "SYMMETRY": "[bottom]",
    "COOLED": film(7.17, "right", "top", emissivity=0.8),
    "CHEMISTRY": anode(8.314),
}


@pytest.mark.slow
@pytest.mark.parametrize(("radial", "axial", "ambient"), [(0.43, 28.0, 126.851), (1.0, 25.0, 127.405)])
def test_a_meshed_18650(radial, axial, ambient):
    found = solved(body(CONDUCTS=f"{{radial: {radial} W/(m K), axial: {axial} W/(m K)}}", CELLS="0.75 mm", **ROD))
    assert found.summary()["stability"]["critical_ambient_K"] - ZERO == pytest.approx(ambient, abs=5e-3)
    assert found.summary()["status"] == "complete"


@pytest.mark.slow
def test_where_a_conductivity_depends_on_temperature():
    """A table that is nearly constant gives what a constant gives, though its matrix is not symmetric."""
    table = "{table: [[300 K, 0.5 W/(m K)], [500 K, 0.5000001 W/(m K)]]}"
    for ambient in ("380 K", RANGE):
        one, other = (stability(slab(CONDUCTS=k, AMBIENT=ambient)) for k in ("0.5 W/(m K)", table))
        assert other["lambda_1_per_s"] == pytest.approx(one["lambda_1_per_s"], rel=1e-5, abs=1e-9)
        assert other["critical_ambient_K"] == pytest.approx(one["critical_ambient_K"], abs=1e-5)


BALL = """
title: a sphere
materials:
  roll: {density: 2580 kg/m3, heat_capacity: 830 J/(kg K), thermal_conductivity: 0.5 W/(m K), chemistry: CHEMISTRY}
sample:
  kind: solids
  regions: {ball: {material: roll, sphere: {centre: [0 mm, 0 mm, 0 mm], radius: 10 mm}}}
  mesh: {order: 1, size: SIZE}
programme: {kind: stability, ambient: {from: 60 degC, to: 200 degC}, heat_transfer_coefficient: 10 W/(m2 K)}
"""


@pytest.mark.slow
@pytest.mark.skipif(not THERE, reason="gmsh is not installed, or cannot be loaded")
def test_a_sphere():
    """Flat facets hold less than the sphere: the error is of second order in their size, 0.04 K at 1.5 mm."""
    errors = []
    for size in ("3 mm", "1.5 mm"):
        found = stability(BALL.replace("CHEMISTRY", anode(8.314462618)).replace("SIZE", size))
        errors.append(found["critical_ambient_K"] - 395.53289)
    assert errors[1] == pytest.approx(0.0, abs=0.05)
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("off", "time"), [(-0.01, None), (0.01, 66_537.0), (1.0, 6891.0)])
def test_a_transient_of_a_cell_agrees(off, time):
    """0.01 K below the critical oven the cell stays; above it 500 K comes at the time of another program."""
    critical = stability(cell(anode(8.314)))["critical_ambient_K"]
    text = cell(anode(8.314)).replace("kind: stability", "kind: oven\n  end: 11 d").replace("  composition: fresh\n", "")
    text = text.replace(f"ambient: {RANGE}", f"air: {critical + off} K").replace("programme:", "  temperature: 25 degC\nprogramme:")
    text += "measure: {crossings: {away: {probe: sample, temperature: 500 K}}}\n"
    crossing = solved(text + "numerics: {tolerance: 1e-6}").summary()["crossings"]["away"]
    assert crossing is None if time is None else crossing["time_s"] == pytest.approx(time, rel=5e-3)


@pytest.mark.slow
def test_a_transient_agrees():
    """0.05 K below the critical surroundings the slab stays, 0.05 K above it runs away, after 141 500 s by a separate program."""
    critical = stability(slab())["critical_ambient_K"]
    measure = "measure: {probes: {centre: [0 mm]}, crossings: {away: {probe: centre, temperature: 500 K}}}"
    for off, time in ((-0.05, None), (0.05, 141_500.0)):
        oven = f"kind: oven, air: {critical + off} K, end: 400000 s, COOLED"
        text = slab(PROGRAMME=oven, NUMERICS="{tolerance: 1e-5}", MORE=measure)
        text = text.replace("  regions:", f"  temperature: {critical + off - 20.0} K\n  regions:")
        crossing = solved(text).summary()["crossings"]["away"]
        assert crossing is None if time is None else crossing["time_s"] == pytest.approx(time, rel=0.02)


def test_the_mode_is_a_field(tmp_path, monkeypatch):
    """Its largest value is 1, in the middle of the body; the history has no columns of a transient."""
    (tmp_path / "case.yaml").write_text(slab())
    monkeypatch.setattr("sys.argv", ["thermo", "run", str(tmp_path / "case.yaml"), "--out", str(tmp_path / "out"), "--no-pictures"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    assert damage(tmp_path / "out") == []
    field = meshio.read(tmp_path / "out" / "fields" / "frame-0001.vtu")
    mode, T = field.point_data["mode"], field.point_data["temperature_K"]
    assert np.max(mode) == 1.0
    assert np.argmax(mode) == np.argmax(T)
    assert (tmp_path / "out" / "history.csv").read_text().splitlines()[0].split(",") == ["time_s", "heat_roll_anode_W", "heat_right_W"]


def test_a_check_of_the_mesh():
    """The critical ambient is among the results that a finer mesh changes."""
    result = solved(slab(cells=4, NUMERICS="{check_mesh: true}"))
    entry = result.mesh_check["results"]["stability.critical_ambient_K"]
    assert abs(entry["refined_value"] - 384.47304) < 0.3 * abs(entry["value"] - 384.47304) < 0.01


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (cell().replace("  chemistry: hatchard-kim-4\n  with: {}\n", ""), "programme.kind: nothing reacts in this cell"),
        (slab().replace(f", chemistry: {anode(8.314462618)}", ""), "programme.kind: nothing reacts in this body"),
        (slab(COOLED=film(0.0, "right")), "programme.heat_transfer_coefficient: no heat leaves the sample"),
        (slab(COOLED="emissivity: 0.8"), "programme: 'heat_transfer_coefficient' is missing"),
        (slab(COOLED=film(5.0, "rigth")), "programme.faces.0: the sample has no face 'rigth'"),
        (slab(COOLED="held_faces: [rigth]"), "programme.held_faces.0: the sample has no face 'rigth'"),
        (slab(AMBIENT="{from: 200 degC, to: 100 degC}"), "programme.ambient.to: must lie above 'from'"),
        (slab(AMBIENT="200"), "programme.ambient: "),
        (cell(ambient="100 degC", composition="worst"), "programme.composition: "),
        (cell(composition="fresh\n  faces: [outside]"), "programme.faces: is for bodies with faces"),
        (
            slab(PROGRAMME="kind: steady, faces: {right: [{kind: held, temperature: 300 K}]}").replace(
                "  regions:", "  temperature: 300 K\n  regions:"
            ),
            "a body that reacts has no steady state that this programme could find; use 'stability'",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(text, said):
    with pytest.raises(CaseError, match=said) as error:
        case_from(text)
    assert len(error.value.mistakes) == 1
