"""Mechanisms as a case writes them: amounts, heats, gates, thresholds, and what is wrong with them."""

import pytest

from tests.conftest import case_from
from thermo.base.errors import CaseError
from thermo.simulation.simulate import run

CELL = """
title: a cell
sample:
  kind: lumped
  heat_capacity: {{at_298K: 10 J/K}}
  volume: 20 cm3
  temperature: {start}
  chemistry:
    title: written out
    species: {species}
    reactions:
      {name}:
        pre_exponential_factor: {A}
        activation_energy: {E}
        factors: {factors}
        consumes: {consumes}
        heat: {heat}{more}
programme: {programme}
"""
PLAIN = {
    "start": "150 degC",
    "species": "{c: {start: 1}}",
    "name": "only",
    "A": "1e10 1/s",
    "E": "110 kJ/mol",
    "factors": "[{kind: order, species: c, order: 1}]",
    "consumes": "{c: 1}",
    "heat": "500 J",
    "more": "",
    "programme": "{kind: surroundings, end: 100 h}",
}


def written(**changes):
    changes["more"] = "".join(f"\n        {line}" for line in changes.get("more", ()))
    return CELL.format(**(PLAIN | changes))


def mistakes(**changes):
    with pytest.raises(CaseError) as caught:
        case_from(written(**changes))
    return "\n".join(str(mistake) for mistake in caught.value.mistakes)


def rise(**changes):
    T = run(case_from(written(**changes))).probe("sample")
    return float(T[-1] - T[0])


@pytest.mark.parametrize(
    ("changes", "exact"),
    [
        ({}, 50.0),
        ({"A": "6e11 1/min"}, 50.0),
        ({"heat": "{per_mass: 250 J/g, mass: 2 g}"}, 50.0),
        ({"heat": "{per_mass: 250 J/g, content: 100 kg/m3}"}, 50.0),
        ({"heat": "{per_mole: 50 kJ/mol, amount: 10 mmol}"}, 50.0),
        ({"heat": "{per_mole: 50 kJ/mol, content: 500 mol/m3}"}, 50.0),
        ({"species": "{c: {start: 10 mmol}}", "heat": "{per_mole: 50 kJ/mol}"}, 50.0),
        ({"species": "{c: {start: 0.1 g/cm3}}", "heat": "{per_mass: 250 J/g}"}, 50.0),
        ({"factors": "[{kind: order, species: c, order: 0}]"}, 50.0),
        ({"factors": "[{kind: order, species: c, order: 0.5}]"}, 50.0),
        ({"factors": "[{kind: order, species: c, order: 1}, {kind: threshold, species: c, above: 0.4}]"}, 30.0),
        ({"factors": "[{kind: order, species: c, order: 1}, {kind: threshold, species: c, below: 0.4}]"}, 0.0),
        ({"more": ["gate: {temperature: 151 degC}"]}, 0.0),
        ({"more": ["gate: {temperature: 150 degC}"]}, 50.0),
        ({"more": ["gate: {temperature: 100 degC, until: 170 degC}"]}, 20.0),
    ],
)
def test_everything_that_can_react_reacts(changes, exact):
    assert rise(**changes) == pytest.approx(exact, abs=2e-3)


def test_two_channels_convert_one_species_and_a_third_makes_it_again():
    """Half of what the first reaction uses comes from the second, which makes two of it for each of its own."""
    text = written(species="{c: {start: 0.5}, d: {start: 0.25}}")
    text = text.replace(
        "programme:",
        """      again:
        pre_exponential_factor: 1e9 1/s
        activation_energy: 100 kJ/mol
        factors: [{kind: order, species: d, order: 1}]
        consumes: {d: 1, c: -2}
        heat: 40 J
      other:
        pre_exponential_factor: 3e9 1/s
        activation_energy: 105 kJ/mol
        factors: [{kind: order, species: c, order: 1}]
        consumes: {c: 1}
        heat: 500 J
programme:""",
    )
    result = run(case_from(text))
    T = result.probe("sample")
    assert T[-1] - T[0] == pytest.approx((500.0 * (0.5 + 0.5) + 40.0 * 0.25) / 10.0, abs=2e-3)
    assert result.summary()["amounts"] == {
        "c": {"initial": 0.5, "final": pytest.approx(0.0, abs=1e-6)},
        "d": {"initial": 0.25, "final": pytest.approx(0.0, abs=1e-6)},
    }


def test_a_gate_is_met_and_closes_again():
    """Heated and cooled through a gate by an oven: rows stand at the gate, and nothing reacts below it."""
    text = written(
        start="100 degC",
        A="1e-6 1/s",
        E="0 J/mol",
        more=["gate: {temperature: 120 degC}"],
        programme="""
  kind: oven
  air: {table: [[0 s, 100 degC], [1 h, 140 degC], [2 h, 100 degC]]}
  heat_transfer_coefficient: 1e4 W/(m2 K)
  end: 2 h""",
    ).replace("volume: 20 cm3", "surface: 1 m2")
    result = run(case_from(text))
    T, time = result.probe("sample") - 273.15, result.time
    heat = result.columns["heat_only_W"]
    at_gate = time[abs(T - 120.0) < 2e-3]
    assert at_gate.min() == pytest.approx(1800.0, abs=0.2)
    assert at_gate.max() == pytest.approx(5400.0, abs=0.2)
    assert not heat[T < 120.0 - 2e-3].any()
    assert heat[T > 120.0 + 2e-3].min() > 0.0


def test_a_short_of_zero_order_ends_with_its_reactant():
    """V^2/R until C6Li or CoO2 is gone; energy V times the charge of what limits (exact; short_only of LIM1TR)."""
    faraday = 1000.0 * 6.022e23 * 1.6023e-19  # per kmol
    for lithium, cobalt, ends, final, left in ((0.13, 0.16, 3.628978, 1131.681, 20.760), (0.16, 0.13, 3.153101, 1022.378, 94.094)):
        rate = 4.2 / (0.001 * 4.8e-5 * faraday)  # kmol/m3/s
        text = f"""
title: an internal short
sample:
  kind: lumped
  heat_capacity: {{at_298K: {2000 * 800 * 4.8e-5} J/K}}
  volume: 48 cm3
  temperature: 298.15 K
  chemistry:
    title: lithium from one side to the other
    species: {{lithium: {{start: {lithium * 2000} kg/m3}}, cobalt: {{start: {cobalt * 2000} kg/m3}}}}
    reactions:
      short:
        pre_exponential_factor: {rate * (79.007 + 90.931)} 1/s
        activation_energy: 0 J/mol
        factors: [{{kind: order, species: lithium, order: 0}}, {{kind: order, species: cobalt, order: 0}}]
        consumes: {{lithium: {79.007 / 169.938}, cobalt: {90.931 / 169.938}}}
        heat: {{per_mass: {4.2 * faraday / 169.938} J/kg}}
programme: {{kind: surroundings, end: 10 s}}
"""
        result = run(case_from(text))
        T = result.probe("sample")
        assert T[-1] == pytest.approx(final, abs=0.01)
        before = result.time < 0.9 * ends
        assert T[before] == pytest.approx(298.15 + 229.6875 * result.time[before], abs=0.01)
        assert (final - 298.15) / 229.6875 == pytest.approx(ends, abs=1e-4)
        amounts = result.summary()["amounts"]
        assert max(amount["final_kg_per_m3"] for amount in amounts.values()) == pytest.approx(left, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consumes": "{cc: 1}"}, "consumes.cc: undeclared species 'cc'; did you mean 'c'?"),
        ({"factors": "[{kind: order, species: d, order: 1}]"}, "factors.0.species: undeclared species 'd'"),
        ({"species": "{c: {start: 1.2}}"}, "species.c.start: must be at most 1, got 1.2"),
        ({"species": "{c: {start: -1 kg/m3}}", "heat": "{per_mass: 1 J/g}"}, "must not be negative"),
        ({"species": "{c: {start: 1 kg}}", "heat": "{per_mass: 1 J/g}"}, "wrong unit 'kg'"),
        (
            {"species": "{c: {start: 1 kg/m3}, d: {start: 0.5}}", "heat": "{per_mass: 1 J/g}"},
            "d.start: is a fraction, but other species are given as a density",
        ),
        (
            {"species": "{c: {start: 1 kg/m3}, d: {start: 0 kg/m3}}", "consumes": "{c: 1, d: -1.5}", "heat": "{per_mass: 1 J/g}"},
            "consumes: creates mass: it produces 0.5 kg more than it consumes",
        ),
        ({"consumes": "{c: -1}"}, "only.consumes: makes c and consumes nothing"),
        ({"species": "{c: {start: 1}, d: {start: 0}}", "consumes": "{c: 0, d: -1}"}, "only.consumes: makes d and consumes nothing"),
        (
            {"species": "{a: {start: 1}, c: {start: 1 kg/m3}, d: {start: 1 kg/m3}}", "heat": "{per_mass: 1 J/g}"},
            "a.start: is a fraction, but other species are given as a density",
        ),
        (
            {
                "species": "{c: {start: 1 kg/m3}}",
                "heat": "{per_mass: 1 J/g}",
                "factors": "[{kind: barrier, species: c, reference: 1 kg/m3, critical: 110}]",
            },
            "critical: is a fraction, but amounts are given as a density",
        ),
        ({"species": "{c: {start: 1 kg/m3}}"}, "heat: amounts are given as a density; a heat such as {per_mass: ...} is needed"),
        ({"species": "{c: {start: 1 mol}}", "heat": "{per_mass: 1 J/g}"}, "amounts are in mol; 'per_mole' is needed"),
        ({"species": "{c: {start: 1 kg/m3}}", "heat": "{per_mass: 1 J/g, mass: 1 g}"}, "'per_mass' alone gives the heat"),
        ({"heat": "{per_mass: 1 J/g}"}, "heat: give one of 'mass', 'content' and 'share'"),
        ({"heat": "{per_mole: 1 J/mol}"}, "heat: give either 'amount' or 'content'"),
        ({"E": "110 J/mol"}, "110 J/mol is not an activation energy of a reaction; 110 kJ/mol is probably meant"),
        ({"E": "110000 kJ/mol"}, "110000 J/mol is probably meant"),
        ({"A": "1e10 K/s"}, "a rate constant (1/s) is needed"),
        ({"more": ["gate: {temperature: 150 degC, until: 120 degC}"]}, "gate.until: must lie above 'temperature'"),
        ({"more": ["gate: {temperature: 150 degC, until: 190 degC, width: 2 K}"]}, "gate.until: is for a gate without a width"),
        ({"factors": "[{kind: threshold, species: c}]"}, "give either 'above' or 'below'"),
        ({"factors": "[{kind: saturation, species: c, half: 2 kg/m3}]"}, "half: is a density, but amounts are given as a fraction"),
        ({"factors": "[{kind: barrier, species: c, reference: 0}]"}, "reference: must be positive"),
        ({"heat": "{per_mass: 257 J/g, mas: 10 g}"}, "heat.mas: unknown key; did you mean 'mass'?"),
        ({"heat": "{per_mas: 257 J/g, mass: 10 g}"}, "heat.per_mas: unknown key; did you mean 'per_mass'?"),
        ({"heat": "{per_mole: 50 kJ/mol, amont: 1 mol}"}, "heat.amont: unknown key; did you mean 'amount'?"),
        ({"heat": "{mass: 10 g}"}, "heat.per_mass: is missing"),
    ],
)
def test_what_is_wrong_with_a_mechanism_is_said_in_one_line(changes, words):
    text = mistakes(**changes)
    assert words in text
    assert text.count("\n") == 0


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pool.start", "0.5 kg/m3", "is a density, but amounts are given as a fraction"),
        ("poll.start", "0.5", "there is no species 'poll'; did you mean 'pool'?"),
    ],
)
def test_a_start_can_be_changed_and_must_fit(key, value, words):
    text = f"""
title: t
sample: {{kind: lumped, heat_capacity: {{at_298K: 1 J/K}}, chemistry: richard-dahn-mcmb, temperature: 350 K, with: {{{key}: {value}}}}}
programme: {{kind: surroundings, end: 1 h}}
"""
    with pytest.raises(CaseError, match=words):
        case_from(text)
    case = case_from(text.replace(f"{key}: {value}", "lithium.start: 0.25"))
    assert case.sample.mechanism().species["lithium"].start == 0.25


FORMS = [
    ("5 J", 5.0),
    ("{value: 5 J, source: a guess}", 5.0),
    ("{per_mass: 257 J/g, mass: 10 g}", 2570.0),
    ("{per_mass: 257 J/g, content: 610 kg/m3}", 257e3 * 610.0 * 20e-6),
    ("{per_mole: 50 kJ/mol, amount: 10 mmol}", 500.0),
    ("{per_mole: 50 kJ/mol, content: 500 mol/m3}", 500.0),
]


@pytest.mark.parametrize(("heat", "joules"), FORMS)
def test_a_heat_is_changed_in_every_form_that_a_mechanism_takes(heat, joules):
    case = case_from(written().replace("  temperature: 150", f"  with: {{only.heat: {heat}}}\n  temperature: 150"))
    result = run(case)
    assert result.summary()["energy"]["released_J"]["only"] == pytest.approx(joules, rel=1e-3)
    if "610" in heat or "500 mol" in heat:
        with pytest.raises(CaseError, match="'volume' is missing"):
            case_from(written().replace("  volume: 20 cm3\n  temperature: 150", f"  with: {{only.heat: {heat}}}\n  temperature: 150"))


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        ("{per_mass: 257 J/g, mas: 10 g}", "sample.with.only.heat.mas: unknown key; did you mean 'mass'?"),
        ("{per_mass: 257 K, mass: 10 g}", "sample.with.only.heat.per_mass: wrong unit 'K'"),
        ("{per_mass: 257 J/g}", "sample.with.only.heat: give one of 'mass', 'content' and 'share' beside 'per_mass'"),
        ("{mass: 10 g}", "sample.with.only.heat.per_mass: is missing"),
    ],
)
def test_a_changed_heat_in_a_wrong_form_is_refused_at_its_key(heat, words):
    with pytest.raises(CaseError) as caught:
        case_from(written().replace("  temperature: 150", f"  with: {{only.heat: {heat}}}\n  temperature: 150"))
    (mistake,) = caught.value.mistakes
    assert words in str(mistake)


def test_a_gas_constant_takes_its_unit():
    def with_it(words):
        return case_from(written().replace("    title: written out", f"    title: written out\n    gas_constant: {words}")).sample.chemistry

    assert with_it("8.314 J/(mol K)").gas_constant == with_it("8.314").gas_constant == 8.314
    for words, said in (("1.987 J/(mol K)", "must be more than 8.2"), ("1.987 cal/(mol K)", "unknown unit"), ("8.314 J/kg", "wrong unit")):
        with pytest.raises(CaseError, match=f"gas_constant: {said}"):
            with_it(words)


def test_a_run_that_collapses_says_what_its_hottest_reaction_lacks():
    endless = {"factors": "[]", "consumes": "{}", "start": "200 degC", "A": "1e11 1/s", "E": "120 kJ/mol", "heat": "1500 J"}
    assert run(case_from(written(**endless))).failure.endswith(" W; no factor lowers its rate as a reactant is consumed")


def warned(code, **changes):
    found = run(case_from(written(**changes))).summary()["warnings"]
    return [warning["text"] for warning in found if warning["code"] == code]


def test_a_species_may_grow_where_another_is_used_up():
    made = run(case_from(written(species="{c: {start: 1}, d: {start: 0}}", consumes="{c: 1, d: -2}"))).summary()["amounts"]
    assert made["d"]["final"] == pytest.approx(2.0 * (1.0 - made["c"]["final"]), abs=1e-12)


def test_a_heat_that_has_not_the_sign_of_its_name_is_a_warning():
    assert warned("heat-sign", name="separator") == ["the reaction 'separator' releases heat, which is unusual for its name"]
    assert warned("heat-sign", name="cathode", heat="-5 J") == ["the reaction 'cathode' takes up heat, which is unusual for its name"]
    assert warned("heat-sign", name="separator", heat="-5 J") == warned("heat-sign") == []


def test_a_gate_that_is_never_reached_is_a_warning():
    (text,) = warned("gate-closed", more=["gate: {temperature: 250 degC, width: 2 K}"])
    assert text == "the gate of the reaction 'only' at 250.00 degC was not reached: the hottest is 150.00 degC"
    assert warned("gate-closed", more=["gate: {temperature: 140 degC}"]) == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [("most_steps=10", "the budget of steps is used up at"), ("most_time=1 us", "the budget of time is used up at")],
)
def test_a_run_that_goes_on_too_long_is_stopped_with_time_temperature_and_reaction(setting, words):
    case = case_from(written() + f"numerics: {{{setting.replace('=', ': ')}}}\n")
    reason = run(case).summary()["end"]["reason"]
    assert words in reason
    assert "degC" in reason
    assert reason.endswith(" W")
    assert "the reaction 'only' gives most of the heat" in reason


SPENT = """
title: what none of its factors mentions
sample:
  kind: lumped
  heat_capacity: {{at_298K: 10 J/K}}
  temperature: 150 degC
  chemistry:
    title: t
    species: {{c: {{start: {c}}}, d: {{start: {d}}}}}
    reactions:
      r: {{pre_exponential_factor: 1e11 1/s, activation_energy: 120 kJ/mol, {ceiling}
           factors: [{factors}], consumes: {{{consumes}}}, heat: {heat}}}
      {second}
programme: {{kind: surroundings, end: 5 d}}
"""
ORDER = "{kind: order, species: c, order: 1}"
USUAL = {"c": "1", "d": "1", "ceiling": "", "factors": ORDER, "consumes": "c: 1", "heat": "100 J", "second": ""}
UNMENTIONED = {
    "a factor forgotten": {"ceiling": "ceiling: 1e-4 1/s, ", "factors": ""},
    "two reactants and one factor": {"d": "0.1", "consumes": "c: 1, d: 1"},
    "unequal shares": {"d": "0.1", "consumes": "c: 1, d: 0.5"},
    "a barrier of what is used": {"ceiling": "ceiling: 1e-3 1/s, ", "factors": "{kind: barrier, species: c, reference: 1}"},
    "in kg/m3": {"c": "500 kg/m3", "d": "50 kg/m3", "consumes": "c: 0.9, d: 0.1", "heat": "{per_mass: 100 J/kg}"},
    "made again by another reaction": {
        "d": "0",
        "ceiling": "ceiling: 1e-2 1/s, ",
        "factors": "",
        "consumes": "d: 1",
        "second": "s: {pre_exponential_factor: 1e11 1/s, activation_energy: 130 kJ/mol, "
        "factors: [{kind: order, species: c, order: 1}], consumes: {c: 1, d: -1}, heat: 10 J}",
    },
}


@pytest.mark.parametrize("kind", UNMENTIONED)
def test_a_reaction_ends_with_what_it_consumes_whether_a_factor_mentions_it_or_not(kind):
    """No amount falls below nothing, and no more heat comes out than there was."""
    text = SPENT.format(**USUAL | UNMENTIONED[kind])
    if "kg/m3" in kind:
        text = text.replace("  temperature: 150", "  volume: 10 cm3\n  temperature: 150")
    result = run(case_from(text))
    amounts = result.summary()["amounts"]
    ends = {name: next(value for key, value in entry.items() if key.startswith("final")) for name, entry in amounts.items()}
    starts = {name: next(value for key, value in entry.items() if key.startswith("initial")) for name, entry in amounts.items()}
    size = max(starts.values())
    assert min(ends.values()) > -1e-9 * size
    assert min(ends.values()) < 1e-4 * size  # one of them is spent
    released = result.summary()["energy"]["released_J"]
    wanted = {"a factor forgotten": 100.0, "two reactants and one factor": 10.0, "unequal shares": 20.0, "a barrier of what is used": 100.0,
              "in kg/m3": 0.5, "made again by another reaction": 110.0}[kind]  # fmt: skip
    assert sum(released.values()) == pytest.approx(wanted, rel=2e-4)
    assert result.summary()["energy"]["residual_relative"] < 1e-9
