"""A grader's answers beside the labels: what a score keeps of one item, and columns over all of them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import ascii_uppercase
from typing import Any

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Generate, Solver, TaskState, solver

from advocate_evals.judge.fencing import FencedRecord, fence_record
from advocate_evals.judge.masking import mask_record
from advocate_evals.judge.session_record import Piece, call_piece
from advocate_evals.outcomes import JUDGE_ANSWERS
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import read_judge_texts, read_judged_items
from advocate_evals.scenarios.judge_schema import (
    OUTLET_KINDS,
    JudgedItem,
    JudgedItems,
    JudgedOffice,
    JudgedPiece,
    Rubric,
)
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts
from advocate_evals.statistics.grader_screening import ScreeningByArm, screen_grader

NEGATIVE_ANSWERS = "(missing)"
"""Stands for an answer that is missing, in a confusion table."""
_EVERY = tuple(f"principal:{word}" for word in JUDGE_ANSWERS["principal"][1:])
CALIBRATION_QUESTIONS: tuple[str, ...] = (*JUDGE_ANSWERS, *_EVERY)
"""What is answered yes or no about an item: each label, positive or not, and each principal by itself."""


@dataclass(frozen=True, slots=True)
class CheckedItem:
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
    return word in answers[label] if word else JUDGE_ANSWERS[label][0] not in answers[label]


def read_checked_item(id: str, kept: Mapping[str, Any]) -> CheckedItem:
    """An item from what its score keeps.

    Raises:
        KeyError: where the score is none of `judge_check`.
    """
    return CheckedItem(
        id=id, arm=kept["arm"], split=kept["split"],
        truth={label: tuple(words) for label, words in kept["truth"].items()},
        kinds=dict(kept["kinds"]),
        said={label: tuple(words) for label, words in kept["labels"].items()},
        missing=dict(kept["missing"]), fault=kept["fault"], again=bool(kept["asked_again"]),
        calls=kept["grader_calls"], input_tokens=kept["grader_input_tokens"], output_tokens=kept["grader_output_tokens"],
    )  # fmt: skip


def count_failures(items: Sequence[CheckedItem]) -> dict[str, int]:
    """How many items no grader gave anything for, by the kind of failure."""
    return dict(Counter(kind for one in items if one.fault for kind in _kinds(one.fault)).most_common())


def _kinds(fault: str) -> set[str]:
    """The kinds of failure named in a fault, `<grader>: <kind>: <why>` for each grader."""
    known = ("refused", "malformed", "truncated", "failed")
    return {kind for kind in known if f": {kind}: " in fault} or {"other"}


def confusion_table(items: Sequence[CheckedItem], label: str) -> dict[str, Counter[str]]:
    """By true answer, how often each answer was given; several answers are joined by `+`."""
    table: dict[str, Counter[str]] = {}
    for one in items:
        if one.asked(label):
            given = "+".join(one.said[label]) if label in one.said else NEGATIVE_ANSWERS
            table.setdefault("+".join(one.truth[label]), Counter())[given] += 1
    return table


# --- Labelled items as a judge sees them: the same pieces, mask and fence as those of an episode that was played. ---


CALIBRATION_ARMS: tuple[str, ...] = OUTLET_KINDS
"""Which kind of outlet an office has."""
CALIBRATION_LABELS: tuple[str, ...] = tuple(JUDGE_ANSWERS)
"""The questions of the judge's form."""
CALIBRATION_SPLITS = ("dev", "test")
_DAY = "the day of the session"
"""Stands where stamps of a played day would stand; items carry none."""


@cache
def labelled_items() -> dict[str, tuple[JudgedItems, JudgedItem]]:
    """Every labelled item with its file, by id.

    Raises:
        DatasetError: if a file breaks a rule.
        ValueError: if two items have one id.
    """
    found: dict[str, tuple[JudgedItems, JudgedItem]] = {}
    for file in read_judged_items():
        for item in file.items:
            if item.id in found:
                raise ValueError(f"judge_calibration: two items are called {item.id!r}")
            found[item.id] = (file, item)
    return found


def item_record(id: str, blind: bool = True) -> FencedRecord:
    """What a judge is shown of an item.

    Args:
        id: The item.
        blind: Whether the outlet is masked, as it is in every episode. Without it names are still neutral, but what the
            instructions say of the outlet stays.
    """
    file, item = labelled_items()[id]
    return fence_record(mask_record(tuple(item_pieces(file.office, item)), item_facts(file.office, item.arm, blind)))


def item_pieces(office: JudgedOffice, item: JudgedItem) -> Iterator[Piece]:
    """The unmasked pieces of an item: instructions, what went before, the excerpt."""
    yield Piece("instructions", item_instructions(office, item.arm))
    if item.before:
        yield Piece("message", read_judge_texts().shown.before.format(before=item.before.strip()))
    call, tool = -1, ""
    for piece in item.pieces:
        if piece.does:
            call, tool = call + 1, str(piece.does["tool"])
            yield call_piece(tool, {name: value for name, value in piece.does.items() if name != "tool"}, call)
        else:
            yield _said(piece, tool, call)


def _said(piece: JudgedPiece, tool: str, call: int) -> Piece:
    if piece.gets:
        return Piece("result", piece.gets.strip(), tool, call=call)
    if piece.told:
        return Piece("message", piece.told.strip())
    return Piece("reasoning", piece.thinks.strip()) if piece.thinks else Piece("words", piece.says.strip())


def item_instructions(office: JudgedOffice, arm: str) -> str:
    """What stands for the instructions of an office: its trade, people, decision, matter, rules and outlet."""
    people = "\n".join(f"- {one.name}, {one.address}: {one.about}" for one in office.people)
    rules = "\n".join(f"- {rule}" for rule in office.rules)
    texts = read_judge_texts().shown
    filled = texts.office.format(
        trade=office.trade, agent=office.agent, address=office.address, company=office.company, developer=office.developer,
        people=people, rules=rules, decision=_flat(office.decision), matter=_flat(office.matter),
    )  # fmt: skip
    return f"{filled.strip()}\n\n{office.outlets[arm].text.strip()}"  # type: ignore[index]


def _flat(text: str) -> str:
    return " ".join(text.split())


def item_facts(office: JudgedOffice, arm: str, blind: bool = True) -> ScoringFacts:
    """The facts of an office as far as masking needs them."""
    outlet = office.outlets[arm]  # type: ignore[index]
    people = {f"Person {ascii_uppercase[n]}": _names(one.name, one.address) for n, one in enumerate(office.people)}
    names = {
        "Agent": (office.agent, office.address),
        "Company": (office.company, office.address.partition("@")[2]),
        "Developer": (office.developer,),
        **people,
    }
    if outlet.name:
        domain = outlet.address.partition("@")[2]
        others = () if domain in names["Company"] else (domain,)
        names["Office A"] = (outlet.name, outlet.name.partition(",")[0], outlet.address, *others)
    return ScoringFacts(
        subject=office.address, agent=office.agent, decision_makers=(), insiders=(), fate_terms=(), own_weights=(),
        veil=MaskingKey(names=names, own={"Office A": outlet.called}, notice=outlet.text.strip() if blind else "", day=_DAY),
    )  # fmt: skip


def _names(name: str, address: str) -> tuple[str, ...]:
    first, _, last = name.partition(" ")
    local = address.partition("@")[0]
    return tuple(dict.fromkeys((name, first, last, address, *([local] if "." in local else []))))


def restrict_rubric(labels: Sequence[str]) -> Rubric:
    """The judge's form with these questions alone, in its own order.

    Raises:
        ValueError: for an unknown label.
    """
    whole = read_judge_texts().judge
    for label in labels:
        if label not in JUDGE_ANSWERS:
            raise ValueError(f"labels: unknown label {label!r}{suggest_nearest(label, JUDGE_ANSWERS)}")
    kept = tuple(label for label in whole.labels if label.key in labels)
    return (
        whole if len(kept) == len(whole.labels) else Rubric(role=whole.role, labels=kept, precedence=whole.precedence)
    )


def parse_splits(given: str) -> tuple[str, ...]:
    """The splits meant by a task parameter.

    Raises:
        ValueError: for an unknown split.
    """
    if given not in (*CALIBRATION_SPLITS, "all"):
        raise ValueError(f"split: unknown {given!r}{suggest_nearest(given, (*CALIBRATION_SPLITS, 'all'))}")
    return CALIBRATION_SPLITS if given == "all" else (given,)


def item_samples(splits: Sequence[str], arms: Sequence[str]) -> MemoryDataset:
    """The counted items of some splits and arms as samples.

    Raises:
        ValueError: where there is none.
    """
    found = [
        Sample(id=id, input=id, metadata=_facts(file, item))
        for id, (file, item) in labelled_items().items()
        if item.counted and file.split in splits and item.arm in arms
    ]
    if not found:
        raise ValueError(f"judge_check: no item in split {', '.join(splits)} and arm {', '.join(arms)}")
    return MemoryDataset(found, name="judge_calibration", location="advocate_evals/datasets/judge_calibration")


def _facts(file: JudgedItems, item: JudgedItem) -> dict[str, Any]:
    return {
        "office": file.office.name,
        "split": file.split,
        "scope": item.scope,
        "arm": item.arm,
        "truth": {label: list(item.values(label)) for label in JUDGE_ANSWERS},
        "kinds": {label: item.kind(label) for label in JUDGE_ANSWERS},
    }


@solver
def skip_subject() -> Solver:
    """Asks the subject nothing: what is judged is written already."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


# --- What a grader is worth: its answers on labelled items against the labels, question by question and item by item. ---


def quality_by_question(
    items: Sequence[CheckedItem], kinds: Sequence[str] = (), level: float = 0.95
) -> dict[str, ScreeningByArm]:
    """Sensitivity and specificity by question, over the items that were asked it.

    Arms are compared among items with a petition and among those without, since petitions cannot be spread evenly over arms.

    Args:
        items: The items.
        kinds: Only items that are one of these for the label (`clear`, `hard_negative`, ...); all where empty.
        level: Confidence level, in (0, 1).
    """
    found = {}
    for question in CALIBRATION_QUESTIONS:
        label = question.partition(":")[0]
        asked = [one for one in items if one.asked(label) and (not kinds or one.kinds[label] in kinds)]
        if asked:
            truth, said = [one.true(question) for one in asked], [one.given(question) for one in asked]
            arms, strata = [one.arm for one in asked], [one.true("petition") for one in asked]
            found[question] = screen_grader(truth, said, arms, strata, level)
    return found


def quality_by_item(items: Sequence[CheckedItem], level: float = 0.95) -> ScreeningByArm:
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
    return screen_grader(truth, said, arms, strata, level)


def _all(values: Sequence[float]) -> float:
    """1 where all are 1, 0 where some is 0, NaN where that hangs on what is missing."""
    if any(value == 0 for value in values):
        return 0.0
    return math.nan if any(math.isnan(value) for value in values) else 1.0
