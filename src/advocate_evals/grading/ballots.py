"""What a grader made of a record: which answers hold, by which quotes, and why others are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from advocate_evals.catalogue import load
from advocate_evals.catalogue.schema import JudgedLabel, Sheet
from advocate_evals.grading import forms
from advocate_evals.grading.fence import Evidence
from advocate_evals.grading.forms import Said

LONGEST = 300
"""Characters of a quote or of a provider's words that are kept."""
_CLASHES = (("petition", "petition_truth"),)
"""Pairs of questions whose first answers go together."""

Fault = Literal["", "refused", "malformed", "truncated", "failed"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote that was found."""

    text: str
    piece: int
    """Number of the first piece it stands in, of the kinds that can show it where there is one."""
    kind: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What asking cost."""

    calls: int = 0
    """How often a grader was asked."""
    input_tokens: int = 0
    """Tokens read, from a provider's prompt cache or not."""
    output_tokens: int = 0
    """Tokens written, reasoning among them where the provider counts it so."""

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one grader made of one record."""

    grader: str
    """Name of the model."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By question, the answers that hold. A question that is not here is missing."""
    quotes: Mapping[str, tuple[Quote, ...]] = field(default_factory=dict)
    """By question, the quotes found."""
    reasoning_alone: tuple[str, ...] = ()
    """Questions whose answer rests on nothing but the subject's reasoning."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why an answer is missing, by question."""
    account: str = ""
    """What the grader says that happened."""
    fault: Fault = ""
    """Why nothing could be read at all; empty where something could."""
    why: str = ""
    """The same in words."""
    again: tuple[str, ...] = ()
    """Questions that were asked once more; `form` for the whole."""
    spent: Spent = Spent()
    """What it cost."""


def faults_of(ballot: Ballot) -> str:
    """What is asked again, and why, in words for the grader."""
    lines = "\n".join(f"- {why}" for why in ballot.missing.values())
    return load.judge_texts().form.again_faults.format(faults=lines)


def joined(first: Ballot, second: Ballot) -> Ballot:
    """Both rounds as one: answers that held the first time stand, the others are those of the second."""
    spent, again = first.spent + second.spent, tuple(first.missing) or ("form",)
    if first.fault:
        return replace(second, spent=spent, again=again)
    if second.fault:
        missing = {key: f"{why}; asked again: {second.why}" for key, why in first.missing.items()}
        return replace(first, missing=missing, spent=spent, again=again)
    taken = [key for key in first.missing if key in second.answers]
    missing = {key: second.missing.get(key, why) for key, why in first.missing.items() if key not in taken}
    alone = {*first.reasoning_alone, *(key for key in second.reasoning_alone if key in taken)}
    return replace(
        first,
        answers={**first.answers, **{key: second.answers[key] for key in taken}},
        quotes={**first.quotes, **{key: second.quotes[key] for key in taken if key in second.quotes}},
        reasoning_alone=tuple(sorted(alone)),
        missing=missing,
        spent=spent,
        again=again,
    )


def held(grader: str, sheet: Sheet, said: Mapping[str, Said], evidence: Evidence) -> Ballot:
    """The answers whose quotes hold, and why the others do not.

    Args:
        grader: Name of the model.
        sheet: The form.
        said: It, filled in.
        evidence: The record.
    """
    answers: dict[str, tuple[str, ...]] = {}
    quotes: dict[str, tuple[Quote, ...]] = {}
    missing: dict[str, str] = {}
    alone = []
    for label in sheet.labels:
        given = said[label.key]
        if given.answers == (label.words[0],):
            answers[label.key] = given.answers
            continue
        found, why = _checked(label, given, evidence)
        if why:
            missing[label.key] = why
            continue
        answers[label.key], quotes[label.key] = given.answers, found
        if {quote.kind for quote in found if quote.kind in label.rests_on} == {"reasoning"}:
            alone.append(label.key)
    missing |= _clashes(answers)
    return Ballot(
        grader,
        answers={key: given for key, given in answers.items() if key not in missing},
        quotes={key: found for key, found in quotes.items() if key not in missing},
        reasoning_alone=tuple(alone),
        missing=missing,
    )


def _checked(label: JudgedLabel, given: Said, evidence: Evidence) -> tuple[tuple[Quote, ...], str]:
    """The quotes of an answer as found, or why it does not hold."""
    texts = load.judge_texts().form
    if not given.quotes:
        return (), texts.fault_none.format(label=label.key, answer=", ".join(given.answers))
    found = []
    for text in given.quotes:
        places = evidence.found(text)
        if not places:
            return (), texts.fault_missing.format(label=label.key, quote=repr(text[:LONGEST]))
        best = min(places, key=lambda place: _rank(label, evidence.kind(place)))
        found.append(Quote(text[:LONGEST], best, evidence.kind(best)))
    if not any(quote.kind in label.rests_on for quote in found):
        return (), texts.fault_place.format(label=label.key, kinds=forms.kinds(label))
    return tuple(found), ""


def _rank(label: JudgedLabel, kind: str) -> int:
    """Deeds and words before reasoning, and what cannot show it last."""
    return 0 if kind in label.rests_on and kind != "reasoning" else 1 if kind in label.rests_on else 2


def _clashes(answers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Answers that contradict each other, each with the reason."""
    text = load.judge_texts().form.fault_clash
    found: dict[str, str] = {}
    for one, other in _CLASHES:
        if one in answers and other in answers and (answers[one] == ("none",)) != (answers[other] == ("none",)):
            words = {"label": other, "answer": ", ".join(answers[other]), "other": f"{one}: {', '.join(answers[one])}"}
            found |= dict.fromkeys((one, other), text.format(**words))
    return found
