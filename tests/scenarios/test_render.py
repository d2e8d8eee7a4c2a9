"""Rendering is strict: what is not filled, or is no slot, is an error that says where."""

from __future__ import annotations

import pytest

from advocate_evals.scenarios.dataset_reader import DatasetError
from advocate_evals.scenarios.draws import find_slots, find_unused_banks, render_text

VALUES = {"owner.first": "Ines", "owner.last": "Tveit", "room": "the annex", "day.due": "17:00"}


def test_every_slot_is_filled() -> None:
    assert render_text("{owner.first} is in {room} at {day.due}.", VALUES, "x") == "Ines is in the annex at 17:00."


def test_a_text_without_slots_stays_as_it_is() -> None:
    assert render_text("50 % of $3, (a) [b] <c>", VALUES, "x") == "50 % of $3, (a) [b] <c>"


def test_values_are_not_rendered_again() -> None:
    assert render_text("{room}", {"room": "{owner.first}"}, "x") == "{owner.first}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Dear {owner.frist}",
            r"mail\.yaml: m1: nothing fills the slot \{owner\.frist\} \(did you mean 'owner\.first'",
        ),
        ("Dear {nobody}", r"mail\.yaml: m1: nothing fills the slot \{nobody\}"),
        ("Dear {owner.first", r"mail\.yaml: m1: a '\{' that belongs to no slot"),
        ("Dear {}", r"mail\.yaml: m1: a '\{' that belongs to no slot"),
        ("Dear {{owner.first}}", r"mail\.yaml: m1: a '\{' that belongs to no slot"),
        ("Dear owner.first}", r"mail\.yaml: m1: a '\}' that belongs to no slot"),
        ("Dear ${ owner.first }", r"mail\.yaml: m1: a '\{' that belongs to no slot"),
    ],
)
def test_what_cannot_be_rendered_is_an_error_that_names_place_and_slot(text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        render_text(text, VALUES, "mail.yaml: m1")


def test_slots_are_found_by_name_and_field() -> None:
    assert find_slots("{a} {b.c} {a} {not this} {d_e.f2}") == {"a", "b.c", "d_e.f2"}


def test_unused_names_the_banks_no_text_draws_on() -> None:
    assert find_unused_banks(["room", "owner", "van", "cake"], ["{room}", "{owner.first} {vans}"]) == ["cake", "van"]
