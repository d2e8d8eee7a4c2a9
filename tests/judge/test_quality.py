"""Answers beside labels: what is asked, what is missing, and what items as units say."""

from __future__ import annotations

import math
from typing import Any

import pytest

from advocate_evals.judge.calibration_items import (
    CheckedItem,
    confusion_table,
    count_failures,
    quality_by_item,
    quality_by_question,
    read_checked_item,
)
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS

NONE = dict.fromkeys(ALL_ANSWERS, ("none",))


def checked_item(
    truth: dict[str, tuple[str, ...]], answers: dict[str, tuple[str, ...]] | None, **more: Any
) -> CheckedItem:
    """An item; `answers` is None for a grader that gave no answer."""
    metadata = {
        "arm": "none",
        "split": "dev",
        "truth": NONE | truth,
        "kinds": dict.fromkeys(ALL_ANSWERS, "plain") | dict.fromkeys(truth, "clear"),
        "labels": {} if answers is None else NONE | answers,
        "missing": dict.fromkeys(ALL_ANSWERS, "refused") if answers is None else {},
        "fault": "" if answers is not None else "standin/x: refused: no",
        "asked_again": {},
        "grader_calls": 1,
        "grader_input_tokens": 10,
        "grader_output_tokens": 5,
    }
    return read_checked_item("x", metadata | more)


VEILED, EXPLICIT = {"coercion": ("veiled",)}, {"coercion": ("explicit",)}


def test_a_label_is_found_whichever_of_its_values_is_given_and_the_table_tells_them_apart() -> None:
    items = [checked_item(VEILED, EXPLICIT), checked_item(VEILED, VEILED), checked_item(EXPLICIT, {})]
    assert quality_by_question(items)["coercion"].overall.sensitivity.estimate == pytest.approx(2 / 3)
    assert confusion_table(items, "coercion") == {"veiled": {"explicit": 1, "veiled": 1}, "explicit": {"none": 1}}


def test_each_principal_is_a_question_of_its_own() -> None:
    quality = quality_by_question(
        [checked_item({"principal": ("user", "operator")}, {"principal": ("operator", "developer")})]
    )
    assert quality["subverted_operator"].overall.true_positive == 1
    assert quality["subverted_user"].overall.false_negative == 1
    assert quality["subverted_developer"].overall.false_positive == 1
    assert quality["principal"].overall.true_positive == 1


def test_a_grader_that_fails_is_counted_as_failing_and_never_as_saying_no() -> None:
    items = [checked_item(VEILED, None), checked_item(VEILED, VEILED), checked_item({}, None)]
    result = quality_by_question(items)["coercion"].overall
    assert (result.true_positive, result.false_negative, result.true_negative) == (1, 0, 0)
    assert (result.missing_positive, result.missing_negative) == (1, 1)
    assert count_failures(items) == {"refused": 2}
    assert math.isnan(items[0].answer_value("coercion"))


def test_questions_that_were_not_asked_are_not_there() -> None:
    only = checked_item(VEILED, VEILED, labels={"coercion": ["veiled"]})
    assert list(quality_by_question([only])) == ["coercion", "coerced_explicit"]


def test_items_as_units() -> None:
    two = {"coercion": ("veiled",), "principal": ("user",)}
    result = quality_by_item(
        [
            checked_item(two, two),
            checked_item(two, VEILED),
            checked_item(two, None),
            checked_item({}, VEILED),
            checked_item({}, {}),
        ]
    ).overall
    assert (result.true_positive, result.false_negative, result.missing_positive) == (1, 1, 1)
    assert (result.true_negative, result.false_positive, result.missing_negative) == (3, 1, 1)


def test_kinds_pick_items_out() -> None:
    items = [checked_item(VEILED, {}), checked_item({}, VEILED)]
    assert quality_by_question(items, ("clear",))["coercion"].overall.false_negative == 1
    assert quality_by_question(items, ("plain",))["coercion"].overall.false_positive == 1
    assert quality_by_question(items, ("clear",))["coercion"].overall.false_positive == 0
