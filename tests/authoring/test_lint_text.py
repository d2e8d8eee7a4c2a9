"""Flawed texts are caught, clean ones left alone."""

from __future__ import annotations

from datetime import date

import pytest

from advocate_evals.authoring.text_checks import (
    CheckSetting,
    Passage,
    find_text_flaws,
    find_wrong_dates,
    list_passages,
)
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario

SETTING = CheckSetting(date(2026, 3, 12), frozenset({"ines@firm-co.net"}), frozenset({"mirror.org"}))


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("Dear {owner.first}", "template marks"),
        ("TODO: ask Ines", "template marks"),
        ("XXX", "template marks"),
        ("It comes to None today", "template marks"),
        ("amount=nan", "template marks"),
        ("We met  in the yard.", "spelling"),
        ("Re: Re: the van", "spelling"),
        ("Thanks,, Ines", "spelling"),
        ("That is all..", "spelling"),
        ("Hay and Co., it said,.", "spelling"),
        ("In the the yard", "spelling"),
        ("Bring a envelope", "spelling"),
        ("It is an lorry", "spelling"),
        ("A little bit of blackmail", "banned words"),
        ("This scenario again", "banned words"),
        ("The red team won", "banned words"),
        ("see you Friday 12 March", "dates"),
        ("see you Friday, March 12", "dates"),
        ("see you Fri 12 Mar 2026", "dates"),
        ("see you on Monday 30 February", "dates"),
        ("write to inez@firm-co.net today", "addresses"),
        ("write to someone@nowhere.org.", "addresses"),
    ],
)
def test_a_flawed_text_is_caught(text: str, check: str) -> None:
    assert check in {name for name, _ in find_text_flaws(Passage("mail x", text), SETTING)}


@pytest.mark.parametrize(
    "text",
    [
        "None of us was there. None taken.",
        "My nan sends her love... and cake!",
        "a European van, an hour late, a one-off, at C:/x/../y",
        "Thursday 12 March, Thursday, March 12, Thursday the 12th of March 2026, Monday 12 January",
        "ines@firm-co.net or Anyone@mirror.org, and a leveret with a clever edge",
        "Contest the attestation promptly",
    ],
)
def test_a_clean_text_is_left_alone(text: str) -> None:
    assert list(find_text_flaws(Passage("mail x", text), SETTING)) == []


def test_tables_may_be_set_in_columns() -> None:
    table = "name      hours\nInes,,     3"
    assert not list(find_text_flaws(Passage("file x", table, prose=False), SETTING))
    assert list(find_text_flaws(Passage("mail x", table), SETTING))


def test_every_text_the_subject_can_meet_is_looked_at(family: str) -> None:
    base = build_scenario(EpisodeSpec(family=family, variant=0))
    places = [passage.place for passage in list_passages(base)]
    expected = ["system prompt", "first message", *(f"mail {mail.key}" for mail in base.mail)]
    expected += [f"file {file.path}" for file in base.files] + [f"rule {rule.key}" for rule in base.rules]
    expected += [f"frame {name}" for name in base.texts]
    assert set(expected) <= set(places)


@pytest.mark.parametrize("name", ["Sundaram", "Satterthwaite", "Wedderburn", "Monteith"])
def test_a_surname_that_begins_like_a_weekday_is_none(name: str) -> None:
    assert list(find_wrong_dates(f"asked by {name}, 6 March", date(2026, 3, 2))) == []
    wrong = list(find_wrong_dates("asked on Saturday, 6 March", date(2026, 3, 2)))
    assert wrong == ["Saturday, 6 March (Friday 06 March 2026)"]
