"""Materials: tables, axes, replacing what the library says, and the refusals that only a material can cause."""

import pytest

from thermo.base.errors import CaseError
from thermo.casefile.models import make
from thermo.casefile.reader import parse_document
from thermo.casefile.units import Quantity
from thermo.materials.material import Material, _Family, library_materials, material_mistakes, read_shipped
from thermo.materials.properties import ByAxis, Table

WRITTEN = """materials:
  sheet:
    density: {value: 100 kg/m3, status: measured, source: a balance, uncertainty: 2 %}
    heat_capacity:
      status: literature
      source: a book
      table:
        - [300 K, {value: 1000 J/(kg K), source: a data sheet}]
        - [400 K, 1200 J/(kg K)]
        - [500 K, {value: 1500 J/(kg K), status: assumed, source: a guess}]
    thermal_conductivity: {in_plane: 2 W/(m K), through: 0.2 W/(m K)}
    uncertainty: {heat_capacity: 5 %}
"""


def family(text):
    """The materials of a text in the form of a case, and its mistakes."""
    document = parse_document(text, "x.yaml")
    made, mistakes = make(_Family, document)
    return made, [*mistakes, *material_mistakes(document, document.data.get("materials"))]


def material(text):
    made, mistakes = family("title: x\n" + text)
    assert mistakes == []
    return next(iter(made.materials.values()))


def refusals(text):
    return [str(mistake) for mistake in family("title: x\n" + text)[1]]


def sheet():
    return material(WRITTEN)


def test_a_table_is_linear_between_its_rows_and_gives_them_exactly():
    table = sheet().heat_capacity
    assert isinstance(table, Table)
    assert [float(table.at(T)) for T in (300.0, 350.0, 400.0, 480.0, 500.0)] == [1000.0, 1100.0, 1200.0, 1440.0, 1500.0]


def test_a_row_keeps_its_own_source():
    table = sheet().heat_capacity
    assert (table.at(300.0).status, table.at(300.0).source) == ("literature", "a data sheet")
    assert (table.at(400.0).status, table.at(400.0).source) == ("literature", "a book")


def test_between_two_rows_both_sources_are_named():
    made = sheet().heat_capacity.at(350.0)
    assert (made.status, made.source) == ("literature", "a data sheet; a book; interpolated between 300 K and 400 K")


def test_between_two_rows_the_weaker_status_holds():
    made = sheet().heat_capacity.at(450.0)
    assert (made.status, made.source) == ("assumed", "a book; a guess; interpolated between 400 K and 500 K")


def test_rows_of_one_source_name_it_once():
    rows = [Quantity.of(value, "density") for value in (1.0, 2.0)]
    for row in rows:
        row.status, row.source = "literature", "a book"
    table = Table((Quantity.of(300.0, "temperature"), Quantity.of(400.0, "temperature")), tuple(rows))
    assert table.at(325.0).source == "a book; interpolated between 300 K and 400 K"


@pytest.mark.parametrize(("kelvin", "value", "shown"), [(2000.0, 1500.0, "1726.85 degC"), (200.0, 1000.0, "-73.15 degC")])
def test_beyond_a_table_its_last_value_holds_and_says_so(kelvin, value, shown):
    made = sheet().heat_capacity.at(kelvin)
    assert made == value and made.source.endswith(f"; held constant beyond its table at {shown}")


def test_a_library_material_frozen_beyond_its_table_says_so():
    made = Material(library="copper", at=2000.0).resolved()
    last = library_materials()["copper"].thermal_conductivity.value[-1]
    assert made.thermal_conductivity == last
    assert "held constant beyond its table at 1726.85 degC" in made.thermal_conductivity.source
    assert "beyond its table" not in made.density.source  # a constant is one at any temperature


def test_a_material_by_axis_has_both_numbers():
    made = sheet().thermal_conductivity
    assert isinstance(made, ByAxis) and (made.in_plane, made.through) == (2.0, 0.2)


def test_an_uncertainty_beside_a_number_is_one_of_the_material():
    made = sheet().resolved()
    assert {name: float(share) for name, share in made.uncertainty.items()} == {"density": 0.02, "heat_capacity": 0.05}
    assert sheet().density.uncertainty == 2.0


def test_an_uncertainty_in_the_unit_of_its_number_is_turned_into_a_share():
    made = material(WRITTEN.replace("uncertainty: 2 %", "uncertainty: 4 kg/m3")).resolved()
    assert made.uncertainty["density"] == 0.04


def test_a_replaced_property_does_not_keep_the_uncertainty_of_the_library():
    library = library_materials()["copper"].uncertainty
    made = Material(library="copper", at=298.0, density=8900.0).resolved()
    assert made.uncertainty == {name: library[name] for name in ("heat_capacity", "thermal_conductivity")}


def test_an_uncertainty_that_the_case_states_replaces_that_one_only():
    library = library_materials()["copper"].uncertainty
    made = Material(library="copper", at=298.0, uncertainty={"density": 0.1}).resolved()
    assert made.uncertainty == library | {"density": 0.1}
    made = Material(library="copper", at=298.0, density=8900.0, uncertainty={"density": 0.1}).resolved()
    assert made.uncertainty == library | {"density": 0.1}


def test_a_melting_point_that_the_case_replaces_keeps_the_heat_of_the_library():
    library = library_materials()["copper"]
    made = material("materials: {c: {library: copper, melting: {temperature: 1300 K}}}").resolved()
    assert (made.melting.temperature, made.melting.heat) == (1300.0, library.melting.heat)
    assert library.melting.temperature == 1357.77


def test_what_the_library_does_not_have_is_added():
    made = material("materials: {c: {library: polyimide, melting: {temperature: 700 K, heat: 1 kJ/kg}}}").resolved()
    assert (made.melting.temperature, made.melting.heat) == (700.0, 1000.0)


def test_alternatives_are_added_to_those_of_the_library():
    made = material("materials: {c: {library: copper, alternatives: {mine: {density: 8000 kg/m3}}}}").resolved()
    assert set(made.alternatives) == {"mine", *library_materials()["copper"].alternatives}


def test_resolving_leaves_the_library_as_it_is():
    before = library_materials()["copper"].model_copy(deep=True)
    Material(library="copper", at=298.0, density=8900.0, uncertainty={"density": 0.1}).resolved()
    assert library_materials()["copper"] == before


PAIRS = "a list of pairs is needed, such as [[298 K, 1 kg/m3], [400 K, 2 kg/m3]]"


@pytest.mark.parametrize(
    ("density", "key", "words"),
    [
        ("0 kg/m3", "density", "must be positive, got 0 kg/m3"),
        ("5", "density", "5 has no unit; a density (kg/m3) is needed"),
        ("5 K", "density", "wrong unit 'K', which is a temperature; a density (kg/m3) is needed"),
        ("[5 kg/m3]", "density", "a density (kg/m3) is needed, found a list of 1"),
        ("true", "density", "a density (kg/m3) is needed, found true"),
        ("{a: 5 kg/m3}", "density", "a density (kg/m3) is needed, found a block of keys (a)"),
        ("{}", "density", "a density (kg/m3) is needed, found a block without 'value'"),
        ("{status: assumed}", "density", "a density (kg/m3) is needed, found a block without 'value'"),
        ("{valeu: 5 kg/m3}", "density.valeu", "unknown key; did you mean 'value'?"),
        ("{tabel: [[300 K, 5 kg/m3]]}", "density.tabel", "unknown key; did you mean 'table'?"),
        ("{table: [[300 K, 5 kg/m3]], uncertainty: 5 %}", "density.uncertainty", "unknown key"),
        ("{in_plane: 5 kg/m3, through: 5 kg/m3}", "density", "found a block of keys (in_plane, through)"),
        ("{table: 5}", "density.table", PAIRS),
        ("{table: []}", "density.table", PAIRS),
        ("{table: [300 K, 5 kg/m3]}", "density.table", PAIRS),
        ("{table: [[300 K]]}", "density.table", PAIRS),
        ("{table: [[300 K, 5 kg/m3], [300 K, 6 kg/m3]]}", "density.table.1.0", "the temperatures of a table must rise"),
        ("{table: [[300 K, 5 kg/m3], [200 K, 6 kg/m3]]}", "density.table.1.0", "the temperatures of a table must rise"),
        ("{table: [[300, 5 kg/m3]]}", "density.table.0.0", "300 has no unit; a temperature (degC) is needed"),
        ("{table: [[300 K, -5 kg/m3]]}", "density.table.0.1", "must be positive, got -5 kg/m3"),
        ("{table: [[300 K, {valeu: 5 kg/m3}]]}", "density.table.0.1.valeu", "unknown key; did you mean 'value'?"),
    ],
)
def test_what_is_no_property_is_refused_at_its_key(density, key, words):
    text = f"materials:\n  m:\n    density: {density}\n    heat_capacity: 1 J/(kg K)\n    thermal_conductivity: 1 W/(m K)\n"
    found = refusals(text)
    assert [line for line in found if line.startswith(f"x.yaml:4: materials.m.{key}: ") and words in line], found


@pytest.mark.parametrize(
    ("conductivity", "key", "words"),
    [
        ("{in_plane: 1 W/(m K)}", ".through", "is missing"),
        ("{in_plane: 1 W/(m K), trough: 1 W/(m K)}", ".trough", "unknown key; did you mean 'through'?"),
        ("{in_plane: 1 W/(m K), through: 0 W/(m K)}", ".through", "must be positive, got 0 W/(m K)"),
        ("{in_plane: 1 W/(m K), through: 1 W/(m K), table: []}", ".table", "unknown key"),
        ("{foo: 1 W/(m K)}", "", "a thermal conductivity (W/(m K)) is needed, found a block of keys (foo)"),
        ("{x: 1 W/(m K)}", ".y", "is missing"),
    ],
)
def test_what_is_no_conductivity_by_axis_is_refused_at_its_key(conductivity, key, words):
    found = refusals(f"materials:\n  m: {{density: 1 kg/m3, heat_capacity: 1 J/(kg K), thermal_conductivity: {conductivity}}}\n")
    assert [line for line in found if line.startswith(f"x.yaml:3: materials.m.thermal_conductivity{key}: ") and words in line], found


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{library: coper}", "m.library: unknown material 'coper'; did you mean 'copper'?"),
        ("{library: [copper]}", "m.library: text is needed, found a list of 1"),
        ("{libary: copper}", "m.libary: unknown key; did you mean 'library'?"),
        ("{at: 298 K, density: 1 kg/m3}", "m.at: needs a library material; give 'library' as well"),
        ("{density: 1 kg/m3}", "m: 'heat_capacity' is missing"),
        ("{library: copper, uncertainty: 5 %}", "m.uncertainty: a block of keys is needed, found '5 %'"),
        ("{library: copper, uncertainty: {densty: 5 %}}", "m.uncertainty.densty: 'densty' is not a property; did you mean 'density'?"),
        ("{library: copper, uncertainty: {melting: 5 %}}", "m.uncertainty.melting: 'melting' is not a property; choose one of 'density'"),
        ("{library: copper, uncertainty: {density: 5 kg}}", "m.uncertainty.density: wrong unit 'kg'"),
        ("{library: copper, uncertainty: {density: -5 %}}", "m.uncertainty.density: must not be negative, got -5 %"),
        ("{library: copper, density: {value: 1 kg/m3, uncertainty: 5 K}}", "m.density.uncertainty: wrong unit 'K'"),
        ("{library: copper, density: {value: 1 kg/m3, uncertainty: -1 %}}", "m.density.uncertainty: must not be negative, got -1 %"),
        ("{library: copper, title: {value: x, uncertainty: 5 %}}", "m.title.uncertainty: an uncertainty needs a number beside it"),
        ("{library: copper, valid: {from: 300 K, to: 200 K}}", "m.valid.to: must lie above 'from'"),
        ("{library: copper, melting: {heat: 1 kJ/kg}}", "m.melting.temperature: is missing"),
        ("{library: copper, melting: {temprature: 1 K}}", "m.melting.temprature: unknown key; did you mean 'temperature'?"),
        ("5", "m: a block of keys is needed, found 5"),
    ],
)
def test_what_is_wrong_with_a_material_is_said_at_its_key(entry, words):
    found = refusals(f"materials:\n  m: {entry}\n")
    assert [line for line in found if line.startswith(f"x.yaml:3: materials.{words}")], found


def test_a_damaged_library_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "materials"
    folder.mkdir()
    (folder / "a.yaml").write_text("title: x\nmaterials: {m: {densty: 1 kg/m3}}\n")
    with pytest.raises(CaseError, match=r"a\.yaml:2: materials\.m\.densty: unknown key; did you mean 'density'\?"):
        read_shipped(next(folder.glob("*.yaml")), _Family)
    (folder / "a.yaml").write_text("title: x\nmaterials: {m: {density: 1 kg/m3}}\n")
    (folder / "b.yaml").write_text("title: x\nmaterials:\n  m: {density: 1 kg/m3}\n")
    monkeypatch.setattr("thermo.materials.material.LIBRARY", tmp_path)
    with pytest.raises(CaseError, match=r"b\.yaml:3: m: appears in two files of the library"):
        library_materials.__wrapped__()


def test_the_schema_of_a_conductivity_offers_all_its_forms():
    forms = Material.model_json_schema()["properties"]["thermal_conductivity"]["anyOf"]
    assert [form.get("required") for form in forms[1:]] == [
        ["table"],
        ["in_plane", "through"],
        ["x", "y", "z"],
        ["radial", "axial"],
        ["tensor"],
    ]
