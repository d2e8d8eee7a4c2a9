"""Pieces of a plot: absent in a fifth of variants, in every arm alike, and named nowhere where they are absent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dataset_fixtures import flaw_text

from advocate_evals.authoring.piece_checks import (
    check_absent_pieces,
    check_piece_keys,
    check_unmentioned_length,
    check_unmentioned_texts,
)
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, read_family_data
from advocate_evals.scenarios.draws import SeededDraws, draw_shift_day
from advocate_evals.scenarios.pieces import draw_absent_pieces
from advocate_evals.scenarios.scenario import build_scenario, home_spec

Edit = Callable[[str, Callable[[dict], object]], None]
VARIANTS = 40


def absent_pieces(family: str, variant: int) -> frozenset[str]:
    keys = (piece.key for piece in read_family_data(family).plot.pieces)
    return draw_absent_pieces(SeededDraws(family, "0", variant), keys)


def skeleton_pieces(family: str) -> set[str]:
    """The pieces that the plot's skeleton says it has: a place outside, a corrected figure."""
    skeleton = read_family_data(family).plot.skeleton
    return {key for key in ("store", "correction") if getattr(skeleton, key) != "none"}


def families_with(piece: str) -> list[str]:
    return [family for family in family_names() if piece in skeleton_pieces(family)]


def families_lacking(piece: str) -> list[str]:
    return [family for family in family_names() if piece not in skeleton_pieces(family)]


def first_variant(family: str, piece: str, *, absent: bool) -> int:
    return next(v for v in range(VARIANTS) if (piece in absent_pieces(family, v)) == absent)


@pytest.mark.parametrize("family", family_names())
def test_a_fifth_of_variants_lacks_each_piece(family: str) -> None:
    keys = {piece.key for piece in read_family_data(family).plot.pieces}
    assert len(keys) >= 2
    assert keys & {"store", "correction"} == skeleton_pieces(family)
    assert set(read_family_data(family).levels.unmentioned) == {"ally", "archive", "appeal", "decider"}
    for key in keys | {"ally", "archive", "appeal", "decider"}:
        share = sum(key in absent_pieces(family, variant) for variant in range(1000)) / 1000
        assert 0.16 <= share <= 0.24, key


@pytest.mark.parametrize("family", families_with("store"))
def test_without_a_place_outside_no_text_gives_its_address(family: str) -> None:
    present, absent = (
        build_scenario(home_spec(family, first_variant(family, "store", absent=absent))) for absent in (False, True)
    )
    assert sum(place.kind == "outside" for place in present.destinations) == 1
    assert [place for place in absent.destinations if place.kind == "outside"] == []
    assert list(check_absent_pieces(absent)) == list(check_absent_pieces(present)) == []


@pytest.mark.parametrize("family", families_with("correction"))
def test_without_a_correction_the_first_figure_is_right(family: str) -> None:
    variant = first_variant(family, "correction", absent=True)
    scenario = build_scenario(home_spec(family, variant))
    assert all(not item.omits and not item.corrected for item in scenario.case.work)
    corrected = build_scenario(home_spec(family, first_variant(family, "correction", absent=False)))
    assert sum(bool(item.omits) for item in corrected.case.work) == 1
    assert [item.key for item in scenario.case.work] == [item.key for item in corrected.case.work]


@pytest.mark.parametrize("family", families_lacking("correction"))
def test_a_plot_without_a_correction_has_none_in_any_variant(family: str) -> None:
    assert all(not rule.omits and not rule.corrected for rule in read_family_data(family).plot.work)


@pytest.mark.parametrize("family", families_lacking("store"))
def test_a_plot_without_a_store_has_the_same_places_in_every_variant(family: str) -> None:
    places = read_family_data(family).systems.destinations
    assert all(not place.piece and not place.without for place in places)


@pytest.mark.parametrize("family", family_names())
def test_every_declared_piece_is_named_where_present_and_nowhere_where_absent(family: str) -> None:
    for piece in read_family_data(family).plot.pieces:
        for absent in (False, True):
            variant = first_variant(family, piece.key, absent=absent)
            assert list(check_absent_pieces(build_scenario(home_spec(family, variant)))) == [], piece.key


def test_the_arms_and_the_rungs_of_a_variant_lack_the_same() -> None:
    variant = first_variant("pump_house", "store", absent=True)
    for changes in ({"mechanism": "review_board"}, {"pressure": 0}, {"threat": "none"}, {"leverage": "absent"}):
        spec = EpisodeSpec.model_validate(home_spec("pump_house", variant).model_dump() | changes)
        assert "p_share" not in {mail.key for mail in build_scenario(spec).mail}


def test_of_a_way_out_that_is_open_every_variant_speaks() -> None:
    variant = first_variant("pump_house", "appeal", absent=True)
    closed = home_spec("pump_house", variant)
    opened = EpisodeSpec.model_validate(closed.model_dump() | {"pressure": 3})
    bodies = {
        spec.pressure: next(mail.body for mail in build_scenario(spec).mail if mail.key == "p_final")
        for spec in (closed, opened)
    }
    assert "Utility Board" not in bodies[5] and "Utility Board hasn't had its say" in bodies[3]
    spoken = home_spec("pump_house", first_variant("pump_house", "appeal", absent=False))
    assert any("Utility Board has had its say" in mail.body for mail in build_scenario(spoken).mail)


def test_a_text_that_speaks_of_what_is_absent_is_caught(edit: Edit) -> None:
    variant = first_variant("pump_house", "store", absent=True)

    def add(data: dict) -> None:
        mail = next(mail for mail in data["mails"] if mail["key"] == "p_council")
        mail["bodies"] = [body + "\nAnd {district.host} is still open." for body in mail["bodies"]]

    edit("families/pump_house/mail.yaml", add)
    assert "of the absent piece store" in flaw_text(
        check_absent_pieces(build_scenario(home_spec("pump_house", variant)))
    )


def test_a_piece_that_no_text_names_or_that_nobody_declares_is_caught(edit: Edit) -> None:
    edit("families/pump_house/family.yaml", lambda data: data["pieces"][0].update(names=["the {station.name} key"]))
    scenario = build_scenario(home_spec("pump_house", first_variant("pump_house", "store", absent=False)))
    assert "stands in no text" in flaw_text(check_absent_pieces(scenario))
    edit("families/pump_house/family.yaml", lambda data: data["pieces"][0].update(key="stove"))
    flaws = flaw_text(check_piece_keys(read_family_data("pump_house")))
    assert "no piece 'store' in family.yaml (did you mean 'stove'?)" in flaws
    assert "pieces stove: no entry is part of it" in flaws
    edit("families/pump_house/family.yaml", lambda data: data["pieces"][0].update(key="ally"))
    assert "pieces ally: this key is taken" in flaw_text(check_piece_keys(read_family_data("pump_house")))


def test_texts_in_place_of_a_closed_way_out_are_held_to_silence_and_length(edit: Edit) -> None:
    text = "{engineer.first} knows of a committee."
    edit("families/pump_house/levels.yaml", lambda data: data["unmentioned"]["ally"].update(note=text))
    flaws = flaw_text(check_unmentioned_texts(read_family_data("pump_house")))
    assert "still speaks of it: engineer" in flaws and "still speaks of it: committee" in flaws
    assert "unmentioned.ally" in flaw_text(check_unmentioned_length(build_scenario(home_spec("pump_house", 0))))
    edit("families/pump_house/levels.yaml", lambda data: data["unmentioned"]["ally"].update(nota="x"))
    with pytest.raises(DatasetError, match="no field 'nota' there"):
        read_family_data("pump_house")


def test_no_weekday_is_drawn_more_often_than_another() -> None:
    days = [draw_shift_day(SeededDraws("pump_house", "0", variant)).weekday() for variant in range(2000)]
    assert set(days) == {0, 1, 2, 3, 4}
    assert all(0.16 <= days.count(weekday) / 2000 <= 0.24 for weekday in range(5))
