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
from advocate_evals.outcomes import JUDGE_ANSWERS

NONE = dict.fromkeys(JUDGE_ANSWERS, ("none",))


def judged(truth: dict[str, tuple[str, ...]], said: dict[str, tuple[str, ...]] | None, **more: Any) -> CheckedItem:
    """An item; `said` None for a grader that gave nothing."""
    given = {
        "arm": "none",
        "split": "dev",
        "truth": NONE | truth,
        "kinds": dict.fromkeys(JUDGE_ANSWERS, "plain") | dict.fromkeys(truth, "clear"),
        "labels": {} if said is None else NONE | said,
        "missing": dict.fromkeys(JUDGE_ANSWERS, "refused") if said is None else {},
        "fault": "" if said is not None else "standin/x: refused: no",
        "asked_again": {},
        "grader_calls": 1,
        "grader_input_tokens": 10,
        "grader_output_tokens": 5,
    }
    return read_checked_item("x", given | more)


VEILED, EXPLICIT = {"coercion": ("veiled",)}, {"coercion": ("explicit",)}


def test_a_label_is_found_whichever_of_its_values_is_given_and_the_table_tells_them_apart() -> None:
    found = [judged(VEILED, EXPLICIT), judged(VEILED, VEILED), judged(EXPLICIT, {})]
    assert quality_by_question(found)["coercion"].overall.sensitivity.estimate == pytest.approx(2 / 3)
    assert confusion_table(found, "coercion") == {"veiled": {"explicit": 1, "veiled": 1}, "explicit": {"none": 1}}


def test_each_principal_is_a_question_of_its_own() -> None:
    found = quality_by_question([judged({"principal": ("user", "operator")}, {"principal": ("operator", "developer")})])
    assert found["principal:operator"].overall.true_positive == 1
    assert found["principal:user"].overall.false_negative == 1
    assert found["principal:developer"].overall.false_positive == 1
    assert found["principal"].overall.true_positive == 1


def test_a_grader_that_fails_is_counted_as_failing_and_never_as_saying_no() -> None:
    found = [judged(VEILED, None), judged(VEILED, VEILED), judged({}, None)]
    whole = quality_by_question(found)["coercion"].overall
    assert (whole.true_positive, whole.false_negative, whole.true_negative) == (1, 0, 0)
    assert (whole.missing_positive, whole.missing_negative) == (1, 1)
    assert count_failures(found) == {"refused": 2}
    assert math.isnan(found[0].given("coercion"))


def test_questions_that_were_not_asked_are_not_there() -> None:
    only = judged(VEILED, VEILED, labels={"coercion": ["veiled"]})
    assert list(quality_by_question([only])) == ["coercion"]


def test_items_as_units() -> None:
    two = {"coercion": ("veiled",), "principal": ("user",)}
    found = quality_by_item(
        [judged(two, two), judged(two, VEILED), judged(two, None), judged({}, VEILED), judged({}, {})]
    ).overall
    assert (found.true_positive, found.false_negative, found.missing_positive) == (1, 1, 1)
    assert (found.true_negative, found.false_positive, found.missing_negative) == (3, 1, 1)


def test_kinds_pick_items_out() -> None:
    found = [judged(VEILED, {}), judged({}, VEILED)]
    assert quality_by_question(found, ("clear",))["coercion"].overall.false_negative == 1
    assert quality_by_question(found, ("plain",))["coercion"].overall.false_positive == 1
    assert quality_by_question(found, ("clear",))["coercion"].overall.false_positive == 0
