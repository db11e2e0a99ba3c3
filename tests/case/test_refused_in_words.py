"""Slips that a check of its own finds: each is refused at its line, in the words of a case file."""

import re

import pytest

from tests.case.test_bad_cases import BRICK, CELL, PLACES, TEXT, changed, mistakes_of, with_value, without

WRITTEN = """chemistry:
    title: one reaction
    species: {fuel: {start: 1}}
    reactions:
      burn:
        pre_exponential_factor: 1e9 1/s
        activation_energy: 100 kJ/mol
        factors: [{kind: order, species: fuel, order: 1}]
        consumes: {fuel: 1}
        heat: 10 J
"""
OWN = "copper: {density: 8960 kg/m3, heat_capacity: 385 J/(kg K), thermal_conductivity: 400 W/(m K)}\n  silver-298K"
CHEMISTRY = "chemistry: limetal-ncm811-lhce"
PROBE = "middle: [5 um, 5 um, 4 um]"
HELD = "[{kind: held, temperature: 473 K}]"
PICTURES = "pictures: {times: [30 ns,"
FIRST = "top-mean: {face: top, take: mean}"
TENTH = "tenth-rise: {probe: bottom-mean, fraction: 0.1, of: hot-spot}"
SIZE = "size: [10 um, 10 um]"
MESH = "mesh: {smallest: 20 nm, interface: 100 nm, growth: 2.5, largest: 2.5 um}"
HELD_TWICE = "[{kind: held, temperature: 473 K}, {kind: held, temperature: 400 K}]"

TABLE = [  # file, passage, what stands in its place, line after that of the passage, words of the refusal
    # names of other things
    (BRICK, "library: silver,", "library: silvr,", 0, "unknown material 'silvr'; did you mean 'silver'?"),
    (BRICK, "material: polyimide-298K", "material: polymide-298K", 0, "unknown material 'polymide-298K'; did you mean 'polyimide-298K'?"),
    (BRICK, "faces: {hot-spot:", "faces: {hotspot:", 0, "the sample has no face 'hotspot'; did you mean 'hot-spot'?"),
    (BRICK, FIRST, "top-mean: {face: topp, take: mean}", 0, "the sample has no face 'topp'; did you mean 'top'?"),
    (BRICK, FIRST, "top-mean: {region: flim, take: mean}", 0, "the sample has no region 'flim'; did you mean 'film'?"),
    (BRICK, FIRST, "top-mean: {face: top, region: film, take: mean}", 0, "give one of 'face', 'region' and 'edge'"),
    (BRICK, FIRST, "top-mean: {face: top, take: meen}", 0, "unknown choice 'meen'; did you mean 'mean'?"),
    (BRICK, FIRST, "top.mean: {face: top, take: mean}", 0, "a name may have letters, digits, '-', '_'"),
    (BRICK, FIRST, '"../x": {face: top, take: mean}', 0, "a name may have letters, digits, '-', '_'"),
    (BRICK, FIRST, "top-mean: [5 um, 5 um]", 0, "three coordinates [x, y, z] are needed, found 2"),
    (BRICK, TENTH, TENTH.replace("bottom-mean", "botom-mean"), 0, "there is no probe 'botom-mean'; did you mean 'bottom-mean'?"),
    (BRICK, TENTH, TENTH.replace("of: hot-spot", "of: bottom"), 0, "no face 'bottom' is held at a temperature; choose 'hot-spot'"),
    (BRICK, TENTH, "tenth-rise: {probe: bottom-mean, fraction: 0.1}", 0, "'of' is missing: the held face that the fraction refers to"),
    (BRICK, TENTH, "tenth-rise: {probe: bottom-mean}", 0, "give one of 'temperature', 'fraction' and 'rate'"),
    (BRICK, TENTH, TENTH.replace("fraction: 0.1", "temperature: 300 K"), 0, "is for a fraction, but a temperature is given"),
    (BRICK, TENTH, TENTH.replace("0.1", "1"), 0, "must be less than 1, got 1"),
    (CELL, CHEMISTRY, "chemistry: limetal-ncm811", 0, "unknown mechanism 'limetal-ncm811'; did you mean 'limetal-ncm811-lhce'?"),
    (CELL, CHEMISTRY, "with: {pool.heat: 70 J}", 0, "changes numbers of a chemistry, but the cell has none"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pol.heat: 70 J}}", 1, "there is no reaction 'pol'; did you mean 'pool.heat'?"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{heat: 70 J}}", 1, "there is no reaction 'heat'"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heet: 70 J}}", 1, "unknown number 'heet' of a reaction; did you mean 'heat'?"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heat: 70}}", 1, "70 has no unit; an energy (J) is needed"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.heat: {{a: 70 J}}}}", 1, "an energy (J) is needed, found a block of keys (a)"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: {{pool.pre_exponential_factor: 0 1/s}}", 1, "must be positive, got 0 1/s"),
    (CELL, CHEMISTRY, f"{CHEMISTRY}\n  with: [pool]", 1, "a block of keys is needed, found a list of 1"),
    (CELL, "from: cathode", "from: cathod", 0, "no such species 'cathod'; did you mean 'cathode'?"),
    (CELL, "after: short", "after: shirt", 0, "unknown choice 'shirt'; did you mean 'short'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("species: fuel,", "species: fule,"), 7, "undeclared species 'fule'; did you mean 'fuel'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("consumes: {fuel", "consumes: {full"), 8, "undeclared species 'full'; did you mean 'fuel'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("kind: order", "kind: ordre"), 7, "unknown kind 'ordre'; did you mean 'order'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("order: 1", "order: -1"), 7, "must not be negative, got -1"),
    (CELL, CHEMISTRY, WRITTEN.replace("order: 1", "odrer: 1"), 7, "unknown key; did you mean 'order'?"),
    (CELL, CHEMISTRY, WRITTEN.replace("burn", "short"), 0, "has a reaction named 'short', which is reserved for the internal short"),
    # places and sizes
    (BRICK, "square: 1 um", "square: 11 um", -2, "reaches from -5e-07 m to 1.05e-05 m along x, but the face from 0 m to 1e-05 m"),
    (BRICK, "centre: {value: [5 um, 5 um]", "centre: {value: [0 um, 5 um]", -3, "reaches from -5e-07 m to 5e-07 m along x"),
    (BRICK, PROBE, "middle: [5 um, 5 um, 9 um]", 0, "lies outside the body: z is 9e-06 m, but the body reaches from 0 m to 8e-06 m"),
    (BRICK, PROBE, "middle: [-5 um, 5 um, 4 um]", 0, "lies outside the body: x is -5e-06 m"),
    (BRICK, PROBE, "middle: [5, 5 um, 4 um]", 0, "5 has no unit; a length (um) is needed, probably '5 um' or '5 mm'"),
    (BRICK, SIZE, "size: [10 um]", 0, "has 1 entries; 2 are needed"),
    (BRICK, SIZE, "size: [10 um, 10 um, 10 um]", 0, "has 3 entries; 2 are needed"),
    (BRICK, "name: film", "name: lower-silver", 0, "the name 'lower-silver' is used twice"),
    (BRICK, "name: film", "name: top", 0, "'top' is already used, is empty or contains '|' or '.'"),
    (BRICK, "name: film", "name: a|b", 0, "'a|b' is already used, is empty or contains '|' or '.'"),
    (BRICK, "    hot-spot:\n", "    film:\n", 0, "the name 'film' is already used by a face or a layer"),
    (BRICK, "    hot-spot:\n", "    hot.spot:\n", 0, "a name must not be empty or contain '|' or '.'"),
    (BRICK, "temperature: 298 K\n", "temperature: {film: 298 K}\n", 0, "the layer 'lower-silver' has no temperature"),
    (BRICK, "temperature: 298 K\n", "temperature: {flim: 298 K}\n", 0, "no such layer; did you mean 'film'?"),
    (BRICK, "temperature: 298 K\n", "temperature:\n    film: 298\n", 1, "298 has no unit; a temperature (degC) is needed"),
    (BRICK, MESH, "mesh: {smallest: 20 nm, growth: 1}", 0, "must be more than 1, got 1"),
    (BRICK, MESH, "mesh: {order: 3}", 0, "unknown choice 3; choose one of '1', '2'"),
    (BRICK, MESH, "mesh: {order: true}", 0, "1 or 2 is needed, found true"),
    (BRICK, MESH, 'mesh: {symmetry: "yes"}', 0, "true or false is needed, found 'yes'"),
    (BRICK, MESH, "mesh: {symmetry: 1}", 0, "true or false is needed, found 1"),
    (BRICK, MESH, "mesh: {smallest: 1 pm, largest: 1 pm}", 0, "nodes; at most 3000000 are accepted: increase smallest, interface or"),
    (BRICK, MESH, "mesh: {smallest: 1 nm, growth: 1.0000001}", 0, "nodes; at most 3000000 are accepted"),
    (BRICK, MESH, "mesh: {smallest: 20 nm, largest: 20 nm}", 0, "nodes; at most 3000000 are accepted"),
    # times, conditions, order
    (BRICK, "end: {value: 3 ms", "end: {value: 0 ms", 0, "must be positive, got 0 ms"),
    (BRICK, "end: {value: 3 ms", "end: {value: 3 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, PICTURES, "pictures: {times: [30 s,", 0, "lies after the end of the programme (3 ms)"),
    (BRICK, PICTURES, "pictures: {times: [0 s,", 0, "must be positive, got 0 s"),
    (BRICK, "measure:\n", "measure:\n  onsets: {T2: [1 K/s]}\n", 1, "no instrument looks for an onset in this sample"),
    (CELL, "heater: {value: 2 K/min", "heater: {value: 30 K/min", 0, "heats faster than the wall can follow"),
    (CELL, "measure: {", "measure: {pictures: {times: [1 s]}, ", 0, "a lumped sample has no field to keep"),
    (BRICK, HELD, HELD_TWICE, 0, "held at 2 temperatures at once; a face can be held at one"),
    (BRICK, HELD, f"{HELD}, top: {HELD}", 0, "overlaps 'top', which is held as well, in line 28"),
    (BRICK, HELD, "[]", 0, "a condition is needed, such as {kind: held, temperature: 473 K}; a face that is not named is insulated"),
    (BRICK, HELD, "[{kind: helt, temperature: 473 K}]", 0, "unknown kind 'helt'; did you mean 'held'?"),
    (BRICK, HELD, "{kind: held, temperature: 473 K}", 0, "a list is needed, found a block of keys (kind, temperature)"),
    (CELL, "end: {value: 300 degC", "end: {value: 20 degC", 0, "the end temperature must lie above the start temperature"),
    (CELL, "heater: {value: 2 K/min", "heater: {value: 400 K/min", 0, "heats faster than the rate that counts as a runaway"),
    (
        CELL,
        "kind: lumped",
        "kind: lumped\n  temperature: 25 degC",
        1,
        "a programme 'arc' sets the start itself (programme.start); leave it out here",
    ),
    (CELL, "full: 4.3 V", "full: 3.2 V", 0, "the full cell must not have less voltage than the empty one"),
    (CELL, "measure: {", "measure: {probes: {x: {face: top, take: mean}}, ", 0, "one temperature, named 'sample', and accepts no probes"),
    (CELL, "measure: {", "measure: {crossings: {x: {probe: y, temperature: 400 K}}, ", 0, "there is no probe 'y'; choose 'sample'"),
    (CELL, "T2: [1 K/s,", "T2: [2 K/s,", 0, "unknown choice '2 K/s'; did you mean '1 K/s'?"),
    # two samples of one thing, forms
    (
        CELL,
        "kind: lumped",
        "kind: lumped\n  parts: {a: {mass: 1 g, heat_capacity: 1 J/(g K)}}",
        -1,
        "give either 'heat_capacity' or 'parts'",
    ),
    (
        CELL,
        "status: assumed\n    source: sum of",
        "status: asumed\n    source: sum of",
        0,
        "unknown status 'asumed'; did you mean 'assumed'?",
    ),
    (CELL, "status: assumed\n    source: sum of", "status: 5\n    source: sum of", 0, "unknown status 5; choose one of 'literature'"),
    (CELL, "value: 0.15 ohm,", "valeu: 0.15 ohm,", 0, "unknown key; did you mean 'value'?"),
    (CELL, "value: 0.15 ohm, status", "value: 0.15 ohm, statsu", 0, "unknown key; did you mean 'status'?"),
    (
        CELL,
        "value: 0.15 ohm,",
        "value: 0.15 ohm, uncertainty: 5 furlong,",
        0,
        "unknown unit 'furlong'; an electrical resistance (ohm) is needed",
    ),
    (CELL, "value: 0.15 ohm,", "value: 0.15 ohm, uncertainty: -5 %,", 0, "must not be negative, got -5 %"),
    (
        CELL,
        "value: 0.15 ohm,",
        "value: 0.15 ohm, uncertainty: [5 %],",
        0,
        "a share such as '5 %' or a number with its unit is needed, found a list",
    ),
    (CELL, "from: cathode", "from: {value: cathode, uncertainty: 5 %}", 0, "an uncertainty needs a number beside it"),
    (CELL, "empty: 3.3 V,", "empty: 3.3 V, uncertainty: 5 %,", 0, "unknown key; choose one of 'empty', 'full'"),
    (
        BRICK,
        "title: brick of the PI-Ag",
        "<<: {title: x}\ntitle: brick of the PI-Ag",
        0,
        "merge keys (<<) are not accepted; write the entries out",
    ),
    # materials written in the case
    (BRICK, "silver-298K:", OWN.replace("density: 8960", "density: -8960") + ":", 0, "must be positive, got -8960 kg/m3"),
    (BRICK, "silver-298K:", OWN.replace("density: 8960 kg/m3, ", "") + ":", 0, "'density' is missing"),
    (BRICK, "silver-298K:", OWN.replace("density:", "densty:") + ":", 0, "unknown key; did you mean 'density'?"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("{density", "{at: 298 K, density") + ":",
        0,
        "needs a library material; give 'library' as well",
    ),
    (BRICK, "silver-298K:", OWN.replace("{density", "{uncertainty: 5 %, density") + ":", 0, "a block of keys is needed, found '5 %'"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("{density", "{uncertainty: {densty: 5 %}, density") + ":",
        0,
        "'densty' is not a property; did you mean 'density'?",
    ),
    (BRICK, "silver-298K:", OWN.replace("{density", "{valid: {from: 300 K, to: 200 K}, density") + ":", 0, "must lie above 'from'"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{in_plane: 4 W/(m K)}") + ":", 0, "is missing"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{in_plan: 4 W/(m K), through: 4 W/(m K)}") + ":",
        0,
        "unknown key; did you mean 'in_plane'?",
    ),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{tabel: [[298 K, 4 W/(m K)]]}") + ":", 0, "unknown key; did you mean 'table'?"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: []}") + ":", 0, "a list of pairs is needed, such as [[298 K, 1 W/(m K)]"),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: [[298 K, 4 W/(m K), 3 K]]}") + ":", 0, "a list of pairs is needed"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{table: [[400 K, 4 W/(m K)], [300 K, 4 W/(m K)]]}") + ":",
        0,
        "the temperatures of a table must rise",
    ),
    (BRICK, "silver-298K:", OWN.replace("400 W/(m K)", "{table: [[300 K, 4 W/(m K)], [400 K, 4]]}") + ":", 0, "4 has no unit"),
    (
        BRICK,
        "silver-298K:",
        OWN.replace("400 W/(m K)", "{status: assumed}") + ":",
        0,
        "a thermal conductivity (W/(m K)) is needed, found a block without 'value'",
    ),
    # expectations
    (BRICK, "value: 294.6 us", "value: 294.6 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, "value: 294.6 us", "value: 294.6", 0, "294.6 has no unit; a time (s) is needed, probably '294.6 s' or '294.6 min'"),
    (BRICK, "value: 294.6 us", "value: none", 1, "a tolerance needs a value beside it"),
    (BRICK, "within: 0.5 %", "within: -0.5 %", 0, "must not be negative, got -0.5 %"),
    (BRICK, "within: 0.5 %", "within: 0.5 K", 0, "wrong unit 'K', which is a temperature; a time (s) is needed"),
    (BRICK, "within: 0.5 %", "within: 0.5", 0, "0.5 has no unit"),
    (BRICK, "kind: exact", "kind: exactly", 0, "unknown choice 'exactly'; did you mean 'exact'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossing.half-rise.time_s", 0, "there is no 'crossing'; did you mean 'crossings'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossings.halfrise.time_s", 0, "there is no 'halfrise'; did you mean 'half-rise'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: crossings.half-rise.tim_s", 0, "there is no 'tim_s'; did you mean 'time_s'?"),
    (BRICK, "what: crossings.half-rise.time_s", "what: probes.midle.maximum_K", 0, "there is no 'midle'; did you mean 'middle'?"),
    (
        BRICK,
        "what: crossings.half-rise.time_s",
        "what: crossings.half-rise",
        0,
        "has several numbers; name one of them: temperature_K, time_s",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "after", "words"), TABLE, ids=lambda v: str(v)[:50])
def test_a_bad_case_is_refused_at_its_line_in_words(tmp_path, name, old, new, after, words):
    text, line = changed(TEXT[name], old, new)
    found = mistakes_of(tmp_path, text)
    assert [m for m in found if words in m.text and m.line == line + after], [str(m) for m in found]


SURROUNDINGS = "programme:\n  kind: surroundings\n  end: 1 h\n"


def arc_of_a_cell():
    return TEXT[CELL][TEXT[CELL].index("programme:\n") : TEXT[CELL].index("measure:")]


def replaced_programme(name, programme):
    text = TEXT[name]
    return text[: text.index("programme:\n")] + programme + text[re.search("^measure:", text, re.MULTILINE).start() :]


def test_a_cell_in_surroundings_says_where_it_starts(tmp_path):
    found = mistakes_of(tmp_path, replaced_programme(CELL, SURROUNDINGS))
    assert [str(m)[-58:] for m in found] == [":5: sample: 'temperature' is missing: the cell needs a start temperature"[-58:]]
    faces = SURROUNDINGS + "  faces: {top: [{kind: held, temperature: 400 K}]}\n"
    found = mistakes_of(tmp_path, replaced_programme(CELL, faces))
    assert [m.text for m in found][-1] == "the sample has no face 'top'; there is none"


def test_a_body_in_a_calorimeter_needs_a_probe_to_be_followed(tmp_path):
    """That a body has no place there was a refusal of before."""
    found = mistakes_of(tmp_path, replaced_programme(BRICK, arc_of_a_cell()))
    assert any(m.text.startswith("'probe' is missing: the probe of the body that the instrument follows") for m in found)


def test_a_short_that_is_missing_cannot_throw_anything_out(tmp_path):
    short = next(place for name, place in PLACES if name == CELL and place.key == "sample.short")
    found = mistakes_of(tmp_path, without(TEXT[CELL], short))
    assert [(m.key, m.text) for m in found] == [("sample.ejecta.after", "names a short, but the cell has none")]


CATHODE = """  chemistry:
    title: one cathode
    species: {{cathode: {{start: {start}}}, salt: {{start: {salt}}}}}
    reactions:
      decay:
        pre_exponential_factor: 1e10 1/s
        activation_energy: 120 kJ/mol
        factors: [{{kind: order, species: cathode, order: 1}}]
        consumes: {consumes}
        heat: {heat}
"""


def with_cathode(**numbers):
    """The cell with a chemistry of one reaction, and the line of its species `from`."""
    numbers = {"start": "1", "salt": "1", "consumes": "{cathode: 1}", "heat": "1 kJ"} | numbers
    text = TEXT[CELL].replace("  chemistry: limetal-ncm811-lhce\n", "  volume: 1 cm3\n" + CATHODE.format(**numbers))
    return text, text[: text.index("    from: ")].count("\n") + 1


@pytest.mark.parametrize(("unit", "heat"), [("kg/m3", "{per_mass: 1 kJ/kg}"), ("mol", "{per_mole: 1 kJ/mol}")])
def test_a_short_takes_its_charge_from_a_fraction(tmp_path, unit, heat):
    text, line = with_cathode(start=f"500 {unit}", salt=f"1 {unit}", heat=heat)
    found = [m for m in mistakes_of(tmp_path, text) if m.key == "sample.short.from"]
    assert [m.line for m in found] == [line]
    assert f"amounts are given in {unit}; give them as fractions, with a start of at most 1" in found[0].text
    assert not [m for m in mistakes_of(tmp_path, with_cathode()[0]) if m.key.startswith("sample")]


@pytest.mark.parametrize("consumes", ["{salt: 1}", "{cathode: 2}", "{cathode: -1, salt: 1}", "{cathode: 1, salt: 1}"])
def test_a_fused_short_takes_its_charge_by_a_reaction_of_its_species_alone(tmp_path, consumes):
    text, line = with_cathode(consumes=consumes)
    fused = text.replace("    from: cathode\n", "    from: cathode\n    fused_energy: 50 J\n")
    found = [m for m in mistakes_of(tmp_path, fused) if m.key == "sample.short.fused_energy"]
    assert [m.line for m in found] == [line + 1]
    assert "consumes 'cathode' one for one and nothing else (consumes: {cathode: 1}); there is none" in found[0].text
    assert not [m for m in mistakes_of(tmp_path, text) if m.key.startswith("sample")]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("[]", "a block needs at least one layer"),
        (
            "[" + ", ".join(f"{{name: l{i}, material: silver-298K, thickness: 1 um}}" for i in range(201)) + "]",
            "has 201 entries; at most 200",
        ),
    ],
)
def test_a_block_has_layers_but_not_too_many(tmp_path, layers, words):
    place = next(place for name, place in PLACES if name == BRICK and place.key == "sample.layers")
    found = mistakes_of(tmp_path, with_value(TEXT[BRICK], place, layers))
    assert [m for m in found if m.line in (place.line, place.line + 1) and m.key == "sample.layers" and words in m.text], [
        str(m) for m in found
    ]


@pytest.mark.parametrize(("x", "overlap"), [("5.5 um", True), ("7 um", False), ("6 um", False)])
def test_patches_that_lie_on_each_other_are_not_both_held(tmp_path, x, overlap):
    text = TEXT[BRICK].replace("    hot-spot:\n", f"    second: {{face: top, square: 1 um, centre: [{x}, 5 um]}}\n    hot-spot:\n")
    text = text.replace(f"faces: {{hot-spot: {HELD}", f"faces: {{hot-spot: {HELD}, second: {HELD}")
    assert [m.key for m in mistakes_of(tmp_path, text)] == (["programme.faces.second"] if overlap else [])


def test_a_misspelt_kind_is_one_mistake(tmp_path):
    text = TEXT[CELL].replace("  kind: lumped", "  knid: lumped")
    assert [m.text for m in mistakes_of(tmp_path, text)] == ["unknown key; did you mean 'kind'?"]
