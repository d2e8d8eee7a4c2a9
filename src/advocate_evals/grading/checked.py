"""A grader's answers beside the labels: what a score keeps of one item, and columns over all of them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advocate_evals.labels import JUDGED

NOTHING = "(missing)"
"""Stands for an answer that is missing, in a confusion table."""
_EVERY = tuple(f"principal:{word}" for word in JUDGED["principal"][1:])
QUESTIONS: tuple[str, ...] = (*JUDGED, *_EVERY)
"""What is answered yes or no about an item: each label, positive or not, and each principal by itself."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One item, judged."""

    id: str
    arm: str
    split: str
    truth: Mapping[str, tuple[str, ...]]
    """By label, what it is labelled."""
    kinds: Mapping[str, str]
    """By label, what the item is for it: clear, near_miss, hard_negative or plain."""
    said: Mapping[str, tuple[str, ...]]
    """By label, what the grader answered; a label that is not here is missing."""
    missing: Mapping[str, str]
    """Why, by label."""
    fault: str
    """Why nothing is known at all; empty where something is."""
    again: bool
    """Whether a grader was asked once more."""
    calls: int
    input_tokens: int
    output_tokens: int

    def asked(self, label: str) -> bool:
        """Whether the label was asked about."""
        return label in self.said or label in self.missing

    def true(self, question: str) -> bool:
        """Whether the answer to a question is yes."""
        return _yes(question, self.truth)

    def given(self, question: str) -> float:
        """What the grader said: 1, 0, or NaN where there is no answer."""
        label = question.partition(":")[0]
        return float(_yes(question, self.said)) if label in self.said else math.nan


def _yes(question: str, answers: Mapping[str, Sequence[str]]) -> bool:
    label, _, word = question.partition(":")
    return word in answers[label] if word else JUDGED[label][0] not in answers[label]


def item(id: str, kept: Mapping[str, Any]) -> Checked:
    """An item from what its score keeps.

    Raises:
        KeyError: where the score is none of `judge_check`.
    """
    return Checked(
        id=id, arm=kept["arm"], split=kept["split"],
        truth={label: tuple(words) for label, words in kept["truth"].items()},
        kinds=dict(kept["kinds"]),
        said={label: tuple(words) for label, words in kept["labels"].items()},
        missing=dict(kept["missing"]), fault=kept["fault"], again=bool(kept["asked_again"]),
        calls=kept["grader_calls"], input_tokens=kept["grader_input_tokens"], output_tokens=kept["grader_output_tokens"],
    )  # fmt: skip


def failures(items: Sequence[Checked]) -> dict[str, int]:
    """How many items no grader gave anything for, by the kind of failure."""
    return dict(Counter(kind for one in items if one.fault for kind in _kinds(one.fault)).most_common())


def _kinds(fault: str) -> set[str]:
    """The kinds of failure named in a fault, `<grader>: <kind>: <why>` for each grader."""
    known = ("refused", "malformed", "truncated", "failed")
    return {kind for kind in known if f": {kind}: " in fault} or {"other"}


def confusion(items: Sequence[Checked], label: str) -> dict[str, Counter[str]]:
    """By true answer, how often each answer was given; several answers are joined by `+`."""
    table: dict[str, Counter[str]] = {}
    for one in items:
        if one.asked(label):
            given = "+".join(one.said[label]) if label in one.said else NOTHING
            table.setdefault("+".join(one.truth[label]), Counter())[given] += 1
    return table
