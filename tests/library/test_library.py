"""The shipped library of materials: what is in it, what its numbers are, and that each says where it is from."""

import re

import pytest

from thermo.casefile.models import quantities
from thermo.casefile.reader import STATUSES, read_document
from thermo.materials.material import LIBRARY, Material, library_materials
from thermo.materials.properties import ByAxis, Table

NAMES = [
    "silver",
    "silver-layer-wiedemann-franz",
    "silver-layer-tga-mass",
    "copper",
    "polyimide",
    "aluminium",
    "lithium",
    "lithium-silver-anode-layer",
    "nickel-plated-steel-can",
    "stainless-304",
    "ncm811-coating-wet",
    "ncm811-coating-dry",
    "graphite-coating-wet",
    "lfp-coating-wet",
    "lco-coating-wet",
    "separator-pe-al2o3-wet",
    "separator-pp-or-pe-dry",
    "electrolyte-carbonate-1m-lipf6",
    "electrolyte-lhce-lifsi-dme-tte",
    "pouch-laminate",
    "aerogel-fibre-blanket",
    "mica-sheet",
    "air-1atm",
    "cell-stack-cu-20li-ncm811",
    "cell-stack-piag-20li-ncm811",
    "generic-nmc-pouch-homogenised",
]
FAMILIES = ["electrodes", "electrolytes", "metals", "module", "polymers", "stacks"]
CODE = re.compile(r"\b[A-Z]{3,}_?[0-9]{2}\b|\b[A-Z]{3,}_[A-Z0-9]+\b|\bINCROPERA\b|\bCRCFIT\b|\bPAPER\b|\bprov\b|/work")
LETTER = re.compile(r"(^|[\s(])[SRDE]([\s,;:)]|$)")
PROPERTIES = {"density", "heat_capacity", "thermal_conductivity"}


def numbers():
    """Every number of the library as (material, dotted key, quantity)."""
    for name, material in library_materials().items():
        for key, quantity in quantities(material):
            yield name, ".".join(map(str, key)), quantity


def frozen(name, kelvin=298.0):
    return Material(library=name, at=kelvin).resolved()


def test_the_library_holds_exactly_these_materials_in_these_families():
    assert sorted(library_materials()) == sorted(NAMES)
    assert sorted(file.stem for file in (LIBRARY / "materials").iterdir() if file.suffix == ".yaml") == FAMILIES


def test_names_are_lower_case_with_hyphens():
    for name, material in library_materials().items():
        for word in (name, *material.alternatives):
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word), word


def test_every_number_has_a_status_and_a_source():
    missing = [(name, key) for name, key, quantity in numbers() if quantity.status not in STATUSES or not quantity.source]
    assert missing == []


def test_the_library_claims_nothing_measured_or_calibrated():
    assert {quantity.status for *_, quantity in numbers()} == {"literature", "assumed"}


def test_sources_are_words_not_codes():
    for name, key, quantity in numbers():
        assert not CODE.search(quantity.source), (name, key, quantity.source)
        assert not LETTER.search(quantity.source), (name, key, quantity.source)
        assert len(quantity.source.split()) >= 4, (name, key, quantity.source)


def test_what_was_recalled_says_so_at_the_end():
    for name, key, quantity in numbers():
        if "not re-read" in quantity.source:
            assert quantity.source.endswith("(recalled, not re-read)"), (name, key, quantity.source)


def test_an_assumed_number_says_how_it_was_arrived_at():
    for name, key, quantity in numbers():
        if quantity.status == "assumed":
            assert re.match(r"(estimate|derived|spread|three times)", quantity.source), (name, key, quantity.source)


def test_every_material_has_the_three_properties_and_a_title():
    for name, material in library_materials().items():
        assert material.title, name
        assert all(getattr(material, wanted) is not None for wanted in PROPERTIES), name


def test_uncertainties_are_shares_of_the_properties():
    for name, material in library_materials().items():
        assert material.uncertainty and set(material.uncertainty) <= PROPERTIES, name
        assert all(0.0 < share <= 0.7 for share in material.uncertainty.values()), name
        assert all(share.status == "assumed" for share in material.uncertainty.values()), name


@pytest.mark.parametrize(
    ("name", "conductivity", "density", "heat_capacity"),
    [("silver", 429, 10500, 235), ("copper", 400, 8960, 385), ("polyimide", 0.12, 1420, 1090)],
)
def test_the_substitutes_for_table_s5_at_298_k(name, conductivity, density, heat_capacity):
    made = frozen(name)
    assert (made.thermal_conductivity, made.density, made.heat_capacity) == (conductivity, density, heat_capacity)
    assert {made.thermal_conductivity.status, made.density.status, made.heat_capacity.status} == {"literature"}


@pytest.mark.parametrize("name", ["silver", "copper", "polyimide"])
def test_the_substitutes_say_that_table_s5_was_not_available(name):
    note = library_materials()[name].note
    assert "Table S5" in note and "not available" in note and "documented substitute" in note


def test_polyimide_is_literature_at_298_k_and_assumed_above():
    at_298, at_320, at_400 = (frozen("polyimide", kelvin).heat_capacity for kelvin in (298.0, 320.0, 400.0))
    assert (at_298, at_298.status) == (1090, "literature") and "Kapton HN" in at_298.source
    assert (at_400, at_400.status) == (1290, "assumed")
    assert at_298 < at_320 < at_400 and at_320.status == "assumed"  # the weaker of the two rows


def test_polyimide_offers_the_published_alternatives():
    others = library_materials()["polyimide"].alternatives
    library = others["comsol-mems"]
    assert (library.thermal_conductivity, library.density, library.heat_capacity) == (0.15, 1300, 1100)
    nist = others["nist-cryogenic-fit"]
    assert (nist.thermal_conductivity, nist.heat_capacity) == (0.192, 755)
    film = others["anisotropic-commercial-film"].thermal_conductivity
    assert (film.in_plane, film.in_plane.status) == (0.36, "assumed")
    assert (film.through, film.through.status) == (0.12, "literature")
    assert isinstance(others["kapton-h-through"].thermal_conductivity, Table)


def test_copper_at_350_k_lies_between_its_rows():
    made = frozen("copper", 350.0).thermal_conductivity
    assert made == pytest.approx(400 - 7 * 52 / 102, rel=1e-12)
    assert made.status == "literature" and made.dimension == "thermal conductivity"


def test_lithium_melts_at_453_65_k_with_432_kj_per_kg():
    lithium = library_materials()["lithium"]
    assert (lithium.melting.temperature, lithium.melting.heat) == (453.65, 432e3)
    assert (lithium.boiling.temperature, lithium.boiling.heat) == (1615, 21.2e6)
    solid, liquid = (frozen("lithium", kelvin) for kelvin in (453.0, 454.0))
    assert (solid.thermal_conductivity, liquid.thermal_conductivity) == (77.5, 43.0)
    assert (solid.heat_capacity, liquid.heat_capacity) == (4240, 4380)
    assert (solid.density, liquid.density) == (523, 515)


def test_silver_layers_follow_from_their_derivations():
    materials = library_materials()
    dense = 0.342  # um of dense silver in a layer of 1 um
    assert materials["silver-layer-tga-mass"].density == pytest.approx(dense * 10500, rel=1e-3)
    assert materials["silver-layer-tga-mass"].thermal_conductivity == pytest.approx(429 * dense**1.5, rel=0.02)
    assert materials["silver-layer-wiedemann-franz"].thermal_conductivity == pytest.approx(2.44e-8 * 4.6e7 * 298, rel=0.02)


@pytest.mark.parametrize(
    ("stack", "foil"),
    [
        ("cell-stack-cu-20li-ncm811", [("copper", 8)]),
        ("cell-stack-piag-20li-ncm811", [("silver", 0.5), ("polyimide", 8), ("silver", 0.5)]),
    ],
)
def test_stacks_follow_from_the_layers_of_the_library(stack, foil):
    separator, cathode = ("separator-pe-al2o3-wet", 16), ("ncm811-coating-wet", 62)
    layers = [("lithium", 20), *foil, ("lithium", 20), separator, cathode, ("aluminium", 12), cathode, separator]
    total = sum(thickness for _, thickness in layers)
    mass = heat = along = across = 0.0
    for name, thickness in layers:
        layer = frozen(name)
        k = layer.thermal_conductivity
        k = k if isinstance(k, ByAxis) else ByAxis(k, k)
        mass += thickness * layer.density
        heat += thickness * layer.density * layer.heat_capacity
        along += thickness * k.in_plane
        across += thickness / k.through
    made = library_materials()[stack]
    assert made.density == pytest.approx(mass / total, rel=1e-3)
    assert made.heat_capacity == pytest.approx(heat / mass, rel=1e-3)
    assert made.thermal_conductivity.in_plane == pytest.approx(along / total, rel=2e-3)
    assert made.thermal_conductivity.through == pytest.approx(total / across, rel=2e-3)


def test_single_numbers_of_a_library_material_can_be_replaced():
    made = Material(library="copper", at=298.0, density=8900.0).resolved()
    assert (made.density, made.heat_capacity) == (8900, 385)
    assert library_materials()["copper"].density == 8960


def test_the_files_are_readable():
    for file in sorted((LIBRARY / "materials").glob("*.yaml")):
        text = read_document(file).text
        assert max(map(len, text.splitlines())) <= 140, file.name
        assert text.isascii() and "/work" not in text and not CODE.search(text), file.name
