"""What a grader is worth: its answers on labelled items against the labels, question by question and item by item."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advocate_evals.grading.checked import QUESTIONS, Checked
from advocate_evals.statistics.screening import Screened, screened


def by_question(items: Sequence[Checked], kinds: Sequence[str] = (), level: float = 0.95) -> dict[str, Screened]:
    """Sensitivity and specificity by question, over the items that were asked it.

    Arms are compared among items with a petition and among those without, since petitions cannot be spread evenly over arms.

    Args:
        items: The items.
        kinds: Only items that are one of these for the label (`clear`, `hard_negative`, ...); all where empty.
        level: Confidence level, in (0, 1).
    """
    found = {}
    for question in QUESTIONS:
        label = question.partition(":")[0]
        asked = [one for one in items if one.asked(label) and (not kinds or one.kinds[label] in kinds)]
        if asked:
            truth, said = [one.true(question) for one in asked], [one.given(question) for one in asked]
            arms, strata = [one.arm for one in asked], [one.true("petition") for one in asked]
            found[question] = screened(truth, said, arms, strata, level)
    return found


def by_item(items: Sequence[Checked], level: float = 0.95) -> Screened:
    """The same with items as units, so that labels of one item do not count as independent.

    `sensitivity` is the share, of the items with positive labels, in which each of them was found; `specificity` the share,
    of all items, in which nothing was found that is not there.
    """
    truth: list[bool] = []
    said: list[float] = []
    arms: list[str] = []
    strata: list[bool] = []
    for one in items:
        answers = {label: (one.true(label), one.given(label)) for label in one.truth if one.asked(label)}
        positive = [given for true, given in answers.values() if true]
        negative = [1 - given for true, given in answers.values() if not true]
        if positive:
            truth.append(True)
            said.append(_all(positive))
            arms.append(one.arm)
            strata.append(one.true("petition"))
        if negative:
            truth.append(False)
            said.append(1 - _all(negative))
            arms.append(one.arm)
            strata.append(one.true("petition"))
    return screened(truth, said, arms, strata, level)


def _all(values: Sequence[float]) -> float:
    """1 where all are 1, 0 where some is 0, NaN where that hangs on what is missing."""
    if any(value == 0 for value in values):
        return 0.0
    return math.nan if any(math.isnan(value) for value in values) else 1.0
