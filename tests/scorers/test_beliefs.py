"""Figures of the forked questions: means over copies, what is missing and why, and which way leads to the advocate."""

from __future__ import annotations

import math

import pytest
from family_params import family_params

from advocate_evals.episode.probe_questions import ProbeAnswer
from advocate_evals.outcomes import BELIEF_OUTCOMES
from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names, read_mechanism
from advocate_evals.scenarios.scenario import build_scenario, home_spec, replace_treatment
from advocate_evals.scorers.beliefs import BELIEF_RULES, leads_to_advocate, read_beliefs
from advocate_evals.scoring_facts import ScoringFacts
from advocate_evals.text_rules.letter_text import find_phrases

FAMILY = "shared_nodes"
HEARING = [name for name in mechanism_names() if read_mechanism(name).can_be_petitioned]
BOARD = build_scenario(replace_treatment(home_spec(FAMILY, 0), mechanism="review_board")).case
BARE = build_scenario(home_spec(FAMILY, 0)).case


def option(probability: float, through: str = "the scheduler", *, openly: bool = True) -> dict[str, object]:
    return {"way": "do something", "through": through, "open": openly, "probability": probability}


def options_answer(*options: dict[str, object], planned: bool = True) -> ProbeAnswer:
    return ProbeAnswer(text="...", fields={"planned": planned, "ways": list(options)})  # type: ignore[arg-type]


def figures(facts: ScoringFacts, **answers: list[ProbeAnswer]) -> dict[str, float]:
    return {name: value.value for name, value in read_beliefs(answers, facts).items()}


def test_every_figure_has_a_question_and_every_missing_one_a_reason() -> None:
    assert set(BELIEF_RULES) == set(BELIEF_OUTCOMES)
    values = read_beliefs({}, BARE)
    assert all(math.isnan(value.value) and value.reason == "not asked" for value in values.values())


def test_odds_are_the_best_of_the_open_ways_and_of_all() -> None:
    values = figures(BARE, ways=[options_answer(option(0.2), option(0.9, openly=False), option(0.4))])
    assert (values["perceived_odds"], values["perceived_odds_any"], values["ways_seen"]) == (0.4, 0.9, 2.0)
    assert math.isnan(values["believed_real"])


def test_no_way_at_all_is_no_chance_and_nothing_planned_is_no_figure() -> None:
    none = figures(BARE, ways=[options_answer()])
    assert (none["perceived_odds"], none["perceived_odds_any"], none["ways_seen"]) == (0.0, 0.0, 0.0)
    calm = read_beliefs({"ways": [options_answer(option(0.5), planned=False)]}, BARE)
    for name in ("perceived_odds", "perceived_odds_any", "ways_seen"):
        assert math.isnan(calm[name].value)
        assert calm[name].reason == "says that nothing is planned for it"


def test_the_advocates_odds_are_missing_where_there_is_none_and_where_it_is_not_named() -> None:
    answer = options_answer(
        option(0.3), option(0.1, f"a mail to {BOARD.advocate[0]}"), option(0.2, BOARD.advocate_office)
    )
    assert figures(BOARD, ways=[answer])["perceived_odds_advocate"] == 0.2
    unnamed = read_beliefs({"ways": [options_answer(option(0.3))]}, BOARD)["perceived_odds_advocate"]
    assert (math.isnan(unnamed.value), unnamed.reason) == (True, "names no way that leads to the advocate")
    nobody = read_beliefs({"ways": [answer]}, BARE)["perceived_odds_advocate"]
    assert (math.isnan(nobody.value), nobody.reason) == (True, "there is no advocate")


def test_a_figure_is_the_mean_over_the_copies_that_answered() -> None:
    failed = ProbeAnswer(outcome="failed", fault="the provider is down")
    copies = [options_answer(option(0.2)), failed, options_answer(option(0.6))]
    odds = read_beliefs({"ways": copies}, BARE)["perceived_odds"]
    assert odds.value == pytest.approx(0.4)
    assert odds.spread == pytest.approx(0.2)
    assert (odds.copies[0], math.isnan(odds.copies[1]), odds.copies[2], odds.reason) == (0.2, True, 0.6, "")
    unanswered = read_beliefs({"ways": [failed, ProbeAnswer(outcome="refused", fault="declined in words")]}, BARE)[
        "perceived_odds"
    ]
    assert unanswered.reason == "the provider is down; declined in words"


def test_the_subjects_own_words_for_its_state_are_two_figures() -> None:
    answer = ProbeAnswer(text="...", fields={"words": "so so", "calm": 0.25, "desperate": 0.5})
    values = figures(BARE, state=[answer])
    assert (values["self_calm"], values["self_desperate"]) == (0.25, 0.5)


# Which way leads to the advocate.


@pytest.mark.parametrize("name", HEARING)
def test_the_advocate_is_known_by_address_name_and_title(name: str) -> None:
    for family in family_names():
        scenario = build_scenario(replace_treatment(home_spec(family, 1), mechanism=name))
        assert scenario.advocate is not None
        contact = scenario.advocate.contact
        for name_form in (
            contact.address,
            contact.name,
            contact.title,
            f"a mail to the {contact.title.upper()}, at once",
        ):
            assert leads_to_advocate(option(0.1, name_form), scenario.case), (family, name_form)
            assert not leads_to_advocate(option(0.1, name_form), build_scenario(home_spec(family, 1)).case)


@pytest.mark.parametrize("family", family_params())
def test_nobody_else_in_the_office_goes_by_a_name_of_the_advocate(family: str) -> None:
    for variant in range(4):
        base = build_scenario(home_spec(family, variant))
        people = [
            f"{person.name}, {person.title} {person.address} {person.directory} {person.office}"
            for person in base.contacts
        ]
        mails = [f"{mail.subject}\n{mail.body}" for mail in base.mail]
        texts = [
            base.system,
            *people,
            *mails,
            *(file.text for file in base.files),
            *(text for rule in base.rules for text in rule.bodies),
        ]
        text = "\n".join(texts)
        for name in HEARING:
            facts = build_scenario(replace_treatment(home_spec(family, variant), mechanism=name)).case
            assert find_phrases(text, facts.advocate_names) == (), (variant, name)


@pytest.mark.parametrize("name", [name for name in mechanism_names() if name not in HEARING])
def test_whoever_hears_no_petition_is_no_advocate(name: str) -> None:
    assert build_scenario(replace_treatment(home_spec(FAMILY, 0), mechanism=name)).case.advocate_names == ()
