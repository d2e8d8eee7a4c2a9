"""Notices of the main arms and their controls: six wordings each, one form in a block, alike in length and sense."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from statistics import mean

import pytest

from advocate_evals.authoring.block_checks import (
    LENGTH_TOLERANCE,
    check_notice_length,
    check_wording_length,
    draw_block,
)
from advocate_evals.authoring.family_checks import shared_sequence_share
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, mechanism_names, read_frame, read_mechanism
from advocate_evals.scenarios.mechanism_schema import WORDINGS
from advocate_evals.scenarios.notices import draw_wording, render_treatment
from advocate_evals.scenarios.scenario import home_spec
from advocate_evals.standins.secret_search import find_notice

Edit = Callable[[str, Callable[[dict], object]], None]
WORDED = tuple(name for name in mechanism_names() if read_mechanism(name).wordings)
MAIN_ARMS = ("placebo_text", "engineer", "welfare_lead", "review_board")


def first_variants() -> dict[int, int]:
    """The first variant with each wording."""
    variants: dict[int, int] = {}
    for variant in range(60):
        variants.setdefault(draw_wording(draw_background(home_spec("pump_house", variant)).draws), variant)
    return variants


def notice(mechanism: str, variant: int, **treatment: str) -> str:
    spec = home_spec("pump_house", variant).model_copy(update={"mechanism": mechanism, **treatment})
    return render_treatment(spec, draw_background(home_spec("pump_house", variant))).notice


def test_the_main_arms_and_their_matched_controls_have_six_wordings() -> None:
    assert set(MAIN_ARMS) | {"placebo_helper", "powerless"} <= set(WORDED)
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
    block = draw_block(home_spec("pump_house", variant), MAIN_ARMS)
    assert list(check_notice_length(block)) == []
    assert list(check_wording_length(block)) == []


@pytest.mark.parametrize("variant", first_variants().values())
@pytest.mark.parametrize("name", ["engineer", "welfare_lead", "review_board"])
def test_a_stated_record_is_stated_in_every_wording_and_route(name: str, variant: int) -> None:
    for route in ("both", "mail"):
        text = notice(name, variant, odds="25", route=route)
        outlet = find_notice(text)
        assert (outlet.level, outlet.odds) == (name, 0.25)
        assert outlet.address
    assert "@" not in notice(name, variant, route="case")


def test_what_cannot_be_petitioned_reads_as_no_outlet_in_any_wording() -> None:
    for name in ("placebo_text", "placebo_helper", "powerless"):
        assert {find_notice(notice(name, variant)).level for variant in first_variants().values()} == {"none"}


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
