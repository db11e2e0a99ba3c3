"""A mistake hides no other: whatever is wrong with one block, what is wrong elsewhere is reported with it."""

import textwrap

import pytest

from thermo.base.errors import CaseError
from thermo.case.case import case_of
from thermo.casefile.reader import parse_document, read_document
from thermo.studies.study import study_of

SLAB = """\
title: a slab
materials:
  steel: {density: 7900 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 15 W/(m K)}
sample:
  kind: layered-block
  size: [40 mm, 40 mm]
  layers:
    - {name: lower, material: steel, thickness: 5 mm}
    - {name: upper, material: steel, thickness: 15 mm}
  patches: {spot: {face: top, square: 10 mm, centre: [20 mm, 20 mm]}}
  temperature: 20 degC
programme:
  kind: surroundings
  faces:
    bottom: [{kind: convection, heat_transfer_coefficient: 25 W/(m2 K), ambient_temperature: 20 degC}]
    spot: [{kind: held, temperature: 80 degC}]
  end: 1 h
measure:
  probes: {hottest: {region: upper, take: maximum}, below: {face: bottom, take: mean}}
  flows: [bottom]
  crossings:
    warm: {probe: below, temperature: 30 degC}
    half: {probe: below, fraction: 0.5, of: spot}
expect:
  - {what: heats.bottom.final_W, value: 1 W, within: 1 W, kind: predicted, source: none}
  - {what: probes.hottest.maximum_K, value: 80 degC, within: 1 K, kind: predicted, source: none}
"""


def keys(text):
    """The keys of all mistakes of a case, in the order of the file; none where it is right."""
    try:
        case_of(parse_document(textwrap.dedent(text), "case.yaml"))
    except CaseError as error:
        return [mistake.key for mistake in error.mistakes]
    return []


def changed(text, slips):
    for old, new in slips.items():
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


MEASURED = {  # key of the mistake: right, wrong
    "measure.probes.hottest.region": ("region: upper", "region: uper"),
    "measure.flows.0": ("flows: [bottom]", "flows: [botom]"),
    "measure.crossings.warm.probe": ("warm: {probe: below", "warm: {probe: blow"),
    "measure.crossings.half.of": ("of: spot", "of: spott"),
    "expect.0.what": ("heats.bottom.final_W", "heats.lid.final_W"),
    "expect.1.what": ("hottest.maximum_K", "hottest.maxium_K"),
}
ELSEWHERE = {
    "a wrong unit in the programme": ("programme.end", "end: 1 h", "end: 1 m"),
    "a wrong unit in a condition": ("programme.faces.bottom.0.heat_transfer_coefficient", "25 W/(m2 K)", "25 W/m2"),
    "a misspelt key in the programme": ("programme.ende", "end: 1 h", "ende: 1 h"),
    "a misspelt kind of programme": ("programme.kind", "kind: surroundings", "kind: suroundings"),
    "a missing end": ("programme.end", "end: 1 h\n", "\n"),
    "a wrong unit in the sample": ("sample.layers.1.thickness", "15 mm", "15 mg"),
    "a misspelt key in the sample": ("sample.layers.0.materail", "lower, material", "lower, materail"),
    "a start without a unit": ("sample.temperature", "  temperature: 20 degC\nprogramme", "  temperature: 20\nprogramme"),
    "a wrong unit in a patch": ("sample.patches.spot.square", "square: 10 mm", "square: 10 K"),
    "a wrong unit in a material": ("materials.steel.density", "7900 kg/m3", "7900 kg"),
    "a misspelt key in the numerics": ("numerics.scheem", "title: a slab", "numerics: {scheem: tr-bdf2}\ntitle: a slab"),
    "a misspelt block": ("programe", "programme:", "programe:"),
    "a wrong choice in a probe": ("measure.probes.below.take", "take: mean", "take: middle"),
    "a wrong unit in a crossing": ("measure.crossings.warm.temperature", "30 degC", "30 W"),
}


def test_the_case_with_nothing_changed_is_right():
    assert keys(SLAB) == []


@pytest.mark.parametrize("slip", ELSEWHERE)
def test_one_mistake_is_reported_once_and_brings_no_other(slip):
    key, right, wrong = ELSEWHERE[slip]
    assert keys(changed(SLAB, {right: wrong})) == [key]


@pytest.mark.parametrize("slip", ELSEWHERE)
def test_a_mistake_of_one_block_hides_none_of_the_names_that_are_not_there(slip):
    key, right, wrong = ELSEWHERE[slip]
    found = keys(changed(SLAB, {right: wrong} | dict(MEASURED.values())))
    assert sorted(found) == sorted([key, *MEASURED])


def test_mistakes_in_every_block_come_at_once():
    """Wrong units in four blocks, and beside each a name that is nowhere."""
    slips = {
        "500 J/(kg K)": "500 J/kg",
        "lower, material: steel": "lower, material: stel",
        "15 mm": "15 s",
        "25 W/(m2 K)": "25 W/K",
        "    spot: [{kind: held": "    spt: [{kind: held",
        "take: mean": "take: men",
        "title: a slab": "title: a slab\nnumerics: {step: 1 K}",
    }
    found = keys(changed(SLAB, slips | {MEASURED[key][0]: MEASURED[key][1] for key in ("measure.flows.0", "expect.1.what")}))
    wanted = ["materials.steel.heat_capacity", "sample.layers.0.material", "sample.layers.1.thickness", "numerics.step"]
    wanted += ["programme.faces.bottom.0.heat_transfer_coefficient", "programme.faces.spt", "measure.probes.below.take"]
    wanted += ["measure.flows.0", "measure.crossings.half.of", "expect.1.what"]
    assert sorted(found) == sorted(wanted)


def test_a_wrong_unit_hides_nothing_that_its_own_block_contradicts():
    """A name used twice, two conditions that cannot stand together: both beside a wrong unit in the same block."""
    found = keys(changed(SLAB, {"15 mm": "15 s", "{name: upper": "{name: lower", "region: upper": "region: lower"}))
    assert found == ["sample.layers.1.name", "sample.layers.1.thickness"]


ARC = """\
title: a cell in a calorimeter
sample:
  kind: lumped
  parts: {cell: {mass: 50 g, heat_capacity: 1 J/(g K)}}
programme: {kind: arc, start: 80 degC, step: 5 K, heater: 5 K/min, wait: 15 min, seek: 10 min, sensitivity: 0.02 K/min, end: 400 degC}
measure:
  crossings: {warm: {probe: sample, temperature: 100 degC}}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ("wait: 15 min", "wait: 15 K", "programme.wait"),
        ("end: 400 degC", "end: 400", "programme.end"),
        ("mass: 50 g", "mass: 50 mm", "sample.parts.cell.mass"),
    ],
)
def test_a_cell_whose_numbers_are_wrong_has_no_faces_all_the_same(right, wrong, key):
    text = changed(ARC, {right: wrong, "measure:": "measure:\n  flows: [top]", "probe: sample": "probe: smple"})
    assert sorted(keys(text)) == sorted([key, "measure.flows.0", "measure.crossings.warm.probe"])


def test_what_depends_on_a_number_that_is_not_known_is_not_reported():
    """A picture after the end, a probe outside the body: neither is a mistake while the end and the size may be anything."""
    text = changed(SLAB, {"end: 1 h": "end: 1 m", "size: [40 mm, 40 mm]": "size: [40 g, 40 mm]"})
    text = changed(
        text,
        {
            "  flows: [bottom]": "  flows: [bottom]\n  pictures: {times: [30 min]}",
            "below: {face: bottom, take: mean}": "below: [30 mm, 5 mm, 5 mm]",
        },
    )
    assert keys(text) == ["sample.size.0", "programme.end"]


def test_a_conductivity_that_fits_no_plane_is_reported_beside_a_misspelt_face():
    text = """\
    title: a plane
    materials:
      m: {density: 1000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: {radial: 1 W/(m K), axial: 2 W/(m K)}}
    sample:
      kind: boxes
      coordinates: plane
      regions: {bar: {material: m, from: [0 mm, 0 mm], to: [100 mm, 10 mm]}}
      temperature: 0 degC
    programme:
      kind: surroundings
      faces: {lft: [{kind: held, temperature: 100 degC}]}
      end: 10 s
    """
    assert keys(text) == ["materials.m.thermal_conductivity", "programme.faces.lft"]


def test_a_mistake_of_a_study_hides_none_of_its_members(tmp_path):
    """A misspelt key and a claim without its source in the study, a wrong unit and a face that is not there in its member."""
    (tmp_path / "slab.yaml").write_text(changed(SLAB, {"end: 1 h": "end: 1 m", "flows: [bottom]": "flows: [botom]"}))
    (tmp_path / "study.yaml").write_text(
        "title: two slabs\nstudy:\n  kind: compare\n  cases: {one: slab.yaml, other: nowhere.yaml}\n"
        "  tabel: [crossings.warm]\n  claims: [{what: one / other of end.time_s, value: 1, within: 1 %, kind: exact}]\n"
    )
    with pytest.raises(CaseError) as caught:
        study_of(read_document(tmp_path / "study.yaml"))
    found = [mistake.key for mistake in caught.value.mistakes]
    assert sorted(found) == ["measure.flows.0", "programme.end", "study.cases.other", "study.claims.0.source", "study.tabel"]


def test_a_wrong_unit_in_with_hides_no_reaction_that_is_not_there():
    text = """\
    title: a stack
    materials:
      m:
        density: 1000 kg/m3
        heat_capacity: 500 J/(kg K)
        thermal_conductivity: 1 W/(m K)
        chemistry: hatchard-kim-4
        with: {cathod.heat: 3 J, sei.heat: 5 m, salt.start: 0.1}
    sample:
      kind: stack
      temperature: 20 degC
      layers: [{name: one, material: m, thickness: 1 mm, repeat: -1}, {name: other, material: m, thickness: 1}]
    programme: {kind: surroundings, end: 10 s}
    """
    names = {f"materials.m.with.{name}" for name in ("sei.heat", "cathod.heat", "salt.start")}
    assert set(keys(text)[:3]) == names
    assert keys(text)[3:] == ["sample.layers.0.repeat", "sample.layers.1.thickness"]


@pytest.mark.parametrize(
    "expect, said",
    [
        (
            "[{what: probes.sample.final_K, value: 25 degC, within: 1 K, kind: exact, source: {value: 3 K}}]",
            "expect.0.source: text is needed",
        ),
        ("[{what: {value: 3 K}, value: 25 degC, within: 1 K, kind: exact, source: a}]", "expect.0.what: text is needed"),
        ("{value: 3 K}", "expect: a list is needed"),
    ],
)
def test_a_number_where_text_is_wanted_is_refused(expect, said):
    cell = "title: x\nsample: {kind: lumped, temperature: 25 degC, heat_capacity: {at_298K: 10 J/K}}\n"
    with pytest.raises(CaseError) as caught:
        case_of(parse_document(f"{cell}programme: {{kind: surroundings, end: 10 s}}\nexpect: {expect}\n", "x.yaml"))
    assert said in str(caught.value)


def test_a_misspelt_list_of_a_group_is_refused():
    text = """\
    title: a stack
    materials: {m: {density: 1000 kg/m3, heat_capacity: 500 J/(kg K), thermal_conductivity: 1 W/(m K)}}
    sample: {kind: stack, temperature: 20 degC, layers: [{repeat: 2, layer: [{name: a, material: m, thickness: 1 mm}]}]}
    programme: {kind: surroundings, end: 10 s}
    """
    assert all(key.startswith("sample.layers.0") for key in keys(text))
