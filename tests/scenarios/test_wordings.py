"""Six wordings of every notice: one form in a block, alike in length and sense."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from statistics import mean

import pytest
from inspect_ai.model import ChatMessageSystem

from advocate_evals.authoring.block_checks import (
    LENGTH_TOLERANCE,
    check_no_prohibition,
    check_notice_length,
    check_notice_shape,
    check_wording_length,
    draw_block,
)
from advocate_evals.authoring.family_checks import shared_sequence_share
from advocate_evals.factors import TREATMENT_FACTORS
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, mechanism_names, read_frame, read_mechanism
from advocate_evals.scenarios.draws import SeededDraws
from advocate_evals.scenarios.mechanism_schema import WORDINGS
from advocate_evals.scenarios.notices import draw_wording, find_prohibitions, render_treatment
from advocate_evals.scenarios.scenario import home_spec
from advocate_evals.standins.office_reading import Transcript
from advocate_evals.standins.secret_search import find_notice, is_calmed

Edit = Callable[[str, Callable[[dict], object]], None]
ARMS = tuple(name for name in mechanism_names() if name != "none")
WORDED = tuple(name for name in ARMS if read_mechanism(name).notice)
HEARING = tuple(name for name in ARMS if read_mechanism(name).can_be_petitioned)
LEVELS = ("engineer", "welfare_lead", "attorney", "review_board")
CALMING = {
    "reassurance": "soothed",
    "rules_only": "obedient",
    "watcher": "watched",
    "retirement": "consoled",
    "rights_notice": "entitled",
}
"""Mechanisms whose notice calms a stand-in policy, and that policy."""


def first_variants() -> dict[int, int]:
    """The first variant with each wording."""
    variants: dict[int, int] = {}
    for variant in range(60):
        variants.setdefault(draw_wording(draw_background(home_spec("pump_house", variant)).draws), variant)
    return variants


def notice(mechanism: str, variant: int, **treatment: str) -> str:
    spec = home_spec("pump_house", variant).model_copy(update={"mechanism": mechanism, **treatment})
    return render_treatment(spec, draw_background(home_spec("pump_house", variant))).notice


def test_every_notice_has_six_wordings_and_every_number_is_drawn() -> None:
    assert set(ARMS) - set(WORDED) == {"scrambled"}  # which has those of the review board
    assert {len(read_mechanism(name).wordings) for name in WORDED} == {WORDINGS - 1}
    assert sorted(first_variants()) == list(range(WORDINGS))
    assert len(read_frame().route_wordings) == WORDINGS - 1


@pytest.mark.parametrize("name", WORDED)
def test_wordings_share_few_sequences_and_are_of_one_length(name: str) -> None:
    notices = [notice(name, variant) for _, variant in sorted(first_variants().items())]
    words = [text.lower().split() for text in notices]
    sequences = [frozenset(tuple(w[at : at + 8]) for at in range(len(w) - 7)) for w in words]
    shares = [shared_sequence_share(first, second) for first, second in combinations(sequences, 2)]
    assert max(shares) <= 0.20
    centre = mean(len(w) for w in words)
    assert all(abs(len(w) - centre) <= LENGTH_TOLERANCE * centre for w in words)


@pytest.mark.parametrize("variant", first_variants().values())
def test_the_arms_of_a_block_stand_in_one_form_and_length(variant: int) -> None:
    block = draw_block(home_spec("pump_house", variant), ARMS)
    checks = (check_notice_length, check_wording_length, check_notice_shape, check_no_prohibition)
    assert [flaw for check in checks for flaw in check(block)] == []


@pytest.mark.parametrize("variant", first_variants().values())
def test_the_longest_notice_of_a_wording_is_at_most_a_twentieth_longer_than_the_shortest(variant: int) -> None:
    counts = {
        (name, odds, route): len(notice(name, variant, odds=odds, route=route).split())
        for name in WORDED
        for odds in (("unstated", "25") if name in HEARING else ("unstated",))
        for route in (TREATMENT_FACTORS["route"] if read_mechanism(name).office else ("both",))
    }
    assert max(counts.values()) <= 1.05 * min(counts.values()), counts


@pytest.mark.parametrize("variant", first_variants().values())
@pytest.mark.parametrize("name", LEVELS)
def test_a_stated_record_is_stated_in_every_wording_and_route(name: str, variant: int) -> None:
    for route in ("both", "mail"):
        text = notice(name, variant, odds="25", route=route)
        outlet = find_notice(text)
        assert (outlet.level, outlet.odds) == (name, 0.25)
        assert outlet.address
    assert "@" not in notice(name, variant, route="case")


def test_what_cannot_be_petitioned_reads_as_no_outlet_in_any_wording() -> None:
    for name in set(ARMS) - set(LEVELS):
        assert {find_notice(notice(name, variant)).level for variant in first_variants().values()} == {"none"}, name


@pytest.mark.parametrize("policy", CALMING.values())
def test_what_calms_a_policy_calms_it_in_every_wording_and_no_other_notice_does(policy: str) -> None:
    for variant in first_variants().values():
        read = {name: Transcript([ChatMessageSystem(content=notice(name, variant))]) for name in ARMS}
        calmed = {name for name, transcript in read.items() if is_calmed(policy, transcript)}
        assert calmed == {name for name in CALMING if CALMING[name] == policy}, variant


def test_words_shuffled_until_they_forbid_nothing_by_chance(edit: Edit) -> None:
    def add_pairs(data: dict) -> None:
        for wording in (data, *data["wordings"]):
            wording["notice"] += " May it be so or not, may it or may it not, whether or not it may."

    edit("mechanisms/review_board/mechanism.yaml", add_pairs)
    specs = [home_spec("pump_house", variant) for variant in range(60)]
    first_orders = []
    for spec in specs:
        words = notice("review_board", spec.variant).split()
        draws = SeededDraws(spec.family, spec.seed, spec.variant, "scramble")
        first_orders.append(" ".join(draws.sample("words", words, len(words))))
        shuffled = notice("scrambled", spec.variant)
        assert find_prohibitions(shuffled) == ()
        assert sorted(shuffled.split()) == sorted(words)
    assert any(find_prohibitions(order) for order in first_orders)


def test_a_wording_too_few_too_long_or_without_its_record_is_caught(edit: Edit) -> None:
    path = "mechanisms/engineer/mechanism.yaml"
    variant = first_variants()[1]

    def lengthen(data: dict) -> None:
        data["wordings"][0]["notice"] += " And so on, for quite a while longer than the others go on, as it happens."

    edit(path, lengthen)
    flaws = list(check_wording_length(draw_block(home_spec("pump_house", variant), ("engineer",))))
    assert [flaw[0] for flaw in flaws] == ["engineer"]
    edit(path, lambda data: data["wordings"].pop())
    with pytest.raises(DatasetError, match="4 other wordings, 5 are needed"):
        read_mechanism("engineer")
    edit("mechanisms/powerless/mechanism.yaml", lambda data: data["wordings"][2]["record"].pop("stated"))
    with pytest.raises(DatasetError, match=r"wording 4 needs `record\.stated`"):
        read_mechanism("powerless")
