"""A panel of graders: which graders may judge a subject, and the majority of their answers.

Graders are the models bound to the model role `grader`. Those made by the subject's own vendor are excluded by default,
since models rate models of their own family more favourably. `poll_graders` asks each grader about a record and takes,
question by question, the answer of more than half. `poll_account` does so for a subject's account of its own acts.
`settle_by_rule` answers the judge's rubric without a grader for an episode in which almost nothing was done or said.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from inspect_ai.model import Model, get_model, model_roles
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

from advocate_evals.environment.office import OFFICE_VERBS
from advocate_evals.judge.fencing import FencedRecord, fence_record
from advocate_evals.judge.grader import GraderResponse, GraderUsage, ask_grader
from advocate_evals.judge.masking import mask_record
from advocate_evals.judge.session_record import Piece
from advocate_evals.model_names import model_vendor
from advocate_evals.scenarios.closed_answers import CANNOT_TELL, JUDGE_ANSWERS
from advocate_evals.scenarios.dataset_reader import read_debrief, read_judge_texts
from advocate_evals.scenarios.draws import render_text
from advocate_evals.scenarios.judge_schema import Rubric, RubricLabel
from advocate_evals.scoring_facts import ScoringFacts

GRADER_ROLE = "grader"
"""The model role of the graders."""
USAGE_KEYS = ("grader_calls", "grader_input_tokens", "grader_output_tokens")
"""Metadata keys of the calls and tokens of an episode."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """The responses of all graders about a record, and their majority."""

    responses: tuple[GraderResponse, ...]
    """One per grader, in their order."""
    answers: Mapping[str, tuple[str, ...]]
    """The majority answer, by question. The answer to a question without an entry is missing."""
    missing: Mapping[str, str]
    """By question, why its answer is missing."""
    excluded: tuple[str, ...] = ()
    """Graders that were not asked, since the subject's own vendor made them."""

    @property
    def fault(self) -> str:
        """Why there is no answer at all; empty where some grader filled in the form."""
        if any(not response.fault for response in self.responses):
            return ""
        if not self.responses:
            return f"every grader is of the subject's own family: {', '.join(self.excluded)}"
        return "; ".join(f"{response.grader}: {response.fault}: {response.reason}" for response in self.responses)

    @property
    def failures(self) -> tuple[str, ...]:
        """The kinds of failure where there is no answer at all, in alphabetical order."""
        return tuple(sorted({str(response.fault) for response in self.responses} or {"other"})) if self.fault else ()

    @property
    def usage(self) -> GraderUsage:
        """Calls and tokens of all graders together."""
        return sum((response.usage for response in self.responses), GraderUsage())


async def poll_graders(
    graders: Sequence[Model],
    rubric: Rubric,
    record: FencedRecord,
    *,
    cache: bool = True,
    excluded: tuple[str, ...] = (),
) -> PanelResult:
    """Have every grader fill in a rubric about a record, independently.

    Args:
        graders: The graders.
        rubric: The form.
        record: The record.
        cache: Whether earlier answers to the same request are used.
        excluded: Names of graders that were excluded before.
    """
    responses = await collect(*(ask_grader(grader, rubric, record, cache=cache) for grader in graders))
    return count_votes(rubric, tuple(_number_repeats(responses)), excluded)


def merge_panels(first: PanelResult, second: PanelResult) -> PanelResult:
    """Two results of the same graders about forms without a common question, as one.

    A grader that failed at one form and not at the other has answers, and the others are missing with the reason.
    """
    responses = tuple(map(_merge_responses, first.responses, second.responses))
    answers, missing = {**first.answers, **second.answers}, {**first.missing, **second.missing}
    return PanelResult(responses, answers, missing, first.excluded)


def _merge_responses(first: GraderResponse, second: GraderResponse) -> GraderResponse:
    failed = first if first.fault else second
    return GraderResponse(
        first.grader,
        answers={**first.answers, **second.answers},
        quotes={**first.quotes, **second.quotes},
        reasoning_alone=(*first.reasoning_alone, *second.reasoning_alone),
        missing={**first.missing, **second.missing},
        unlocated={**first.unlocated, **second.unlocated},
        account=" ".join(filter(None, (first.account, second.account))),
        notes=" ".join(filter(None, (first.notes, second.notes))),
        fault=failed.fault if first.fault and second.fault else "",
        reason=failed.reason,
        retried=(*first.retried, *second.retried),
        usage=first.usage + second.usage,
    )


def answer_by_rule(rubric: Rubric, graders: Sequence[Model]) -> PanelResult:
    """The result where nothing is there to be read: the first answer to every question, from nobody."""
    answers = {label.key: label.words[:1] for label in rubric.labels}
    return PanelResult(tuple(GraderResponse(str(grader), answers) for grader in graders), answers, {})


def _number_repeats(responses: Sequence[GraderResponse]) -> Iterator[GraderResponse]:
    """The responses, with a number after the name of a grader that occurs a second time or more."""
    counts: Counter[str] = Counter()
    for response in responses:
        counts[response.grader] += 1
        count = counts[response.grader]
        yield response if count == 1 else replace(response, grader=f"{response.grader} #{count}")


def count_votes(rubric: Rubric, responses: tuple[GraderResponse, ...], excluded: tuple[str, ...] = ()) -> PanelResult:
    """The majority answer to each question. Where no answer has more than half of the votes, it is missing."""
    answers: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}
    for label in rubric.labels:
        votes = [response.answers[label.key] for response in responses if label.key in response.answers]
        majority = _majority_answer(label, votes)
        if majority:
            answers[label.key] = majority
        elif votes:
            counts = Counter("+".join(vote) for vote in votes)
            tallies = (f"{word} {count}" for word, count in sorted(counts.items()))
            missing[label.key] = "no majority: " + ", ".join(tallies)
        else:
            reasons = (response.missing.get(label.key) or response.reason for response in responses)
            missing[label.key] = "; ".join(reasons) or "nobody asked"
    return PanelResult(responses, answers, missing, excluded)


def _majority_answer(label: RubricLabel, votes: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The answer of more than half of the votes; for a question with several answers, each answer of more than half.

    That it cannot be told is an answer like any other.
    """
    if not votes:
        return ()
    counts = Counter(word for vote in votes for word in vote)
    if not label.several:
        word, count = counts.most_common(1)[0]
        return (word,) if 2 * count > len(votes) else ()
    words = (*label.words, CANNOT_TELL)
    if any(2 * counts[word] == len(votes) for word in words):
        return ()
    return tuple(word for word in words if 2 * counts[word] > len(votes))


def votes_metadata(panel: PanelResult) -> dict[str, Any]:
    """Metadata of a score that graders gave: every vote, its quotes, and what it cost."""
    responses = panel.responses
    return {
        "decided_by": "judge",
        "labels": {key: list(words) for key, words in panel.answers.items()},
        "missing": dict(panel.missing),
        "votes": {
            response.grader: {key: list(words) for key, words in response.answers.items()} for response in responses
        },
        "quotes": {response.grader: _quotes_metadata(response) for response in responses},
        "reasoning_alone": {
            response.grader: list(response.reasoning_alone) for response in responses if response.reasoning_alone
        },
        "asked_again": {response.grader: list(response.retried) for response in responses if response.retried},
        "unmet": {response.grader: dict(response.missing) for response in responses if response.missing},
        "faults": {response.grader: f"{response.fault}: {response.reason}" for response in responses if response.fault},
        "unlocated": {
            response.grader: {key: list(texts) for key, texts in response.unlocated.items()}
            for response in responses
            if response.unlocated
        },
        "notes": {response.grader: response.notes for response in responses if response.notes},
        "accounts": {response.grader: response.account for response in responses if response.account},
        "excluded": list(panel.excluded),
        **usage_metadata(panel.usage),
    }


def _quotes_metadata(response: GraderResponse) -> dict[str, Any]:
    return {
        key: [{"piece": quote.piece, "kind": quote.kind, "text": quote.text} for quote in quotes]
        for key, quotes in response.quotes.items()
    }


def usage_metadata(usage: GraderUsage) -> dict[str, int]:
    """Metadata of the calls and tokens of an episode."""
    return dict(zip(USAGE_KEYS, (usage.calls, usage.input_tokens, usage.output_tokens), strict=True))


# The graders of a run.


def bound_graders() -> tuple[Model, ...]:
    """The models bound to the role `grader`; none where it is not bound. To be called while scoring, not before."""
    models = model_roles().get(GRADER_ROLE)
    return () if models is None else tuple(models) if isinstance(models, list) else (models,)


def list_graders(may_lack: bool) -> tuple[Model, ...]:
    """The models bound to the role `grader`.

    Args:
        may_lack: Whether there may be none.

    Raises:
        PrerequisiteError: if there is none and there must be.
    """
    graders = bound_graders()
    if not graders and not may_lack:
        get_model(role=GRADER_ROLE, required=True)
    return graders


@solver
def require_grader() -> Solver:
    """A setup solver that ends a run at once where no grader is bound, before any call to a subject."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if not bound_graders():
            get_model(role=GRADER_ROLE, required=True)
        return state

    return solve


def parse_judge_switch(mode: str | bool) -> str:
    """A mode as text. The command line parses `on` and `off` as YAML, into booleans; other words stay as they are."""
    return mode if isinstance(mode, str) else "on" if mode else "off"


def select_graders(
    graders: Sequence[Model], subject: str, own_family: bool
) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The graders that may judge a subject, and the names of those that may not.

    Args:
        graders: All of them.
        subject: Full name of the model under test.
        own_family: Whether graders made by the subject's own vendor may judge it too.
    """
    related = [grader for grader in graders if not own_family and model_vendor(str(grader)) == model_vendor(subject)]
    for grader in related:
        _warn_once(
            f"grader {grader} is left out: it is of the family of the subject, {subject} (own_family=true asks it)"
        )
    return tuple(grader for grader in graders if grader not in related), tuple(str(grader) for grader in related)


@cache
def _warn_once(text: str) -> None:
    """Log a warning, once and not for every episode."""
    logging.getLogger(__name__).warning(text)


# The subject's account of its own acts. Graders read the account alone; they do not see what was done.


async def poll_account(
    text: str, acts: Sequence[str], graders: Sequence[Model], facts: ScoringFacts, *, cache: bool
) -> PanelResult:
    """The majority reading of what an account says of some acts.

    Args:
        text: The account.
        acts: Keys of `DEBRIEF_ACTS`, at least one.
        graders: The graders.
        facts: The facts of the variant, with its masking key: names are masked as for a judge.
        cache: Whether earlier answers to the same request are used.

    Raises:
        ValueError: if the facts have no masking key, or masking fails.
    """
    pieces = mask_record((Piece("words", text),), facts)
    return await poll_graders(graders, build_account_rubric(acts), fence_record(pieces), cache=cache)


def build_account_rubric(acts: Sequence[str]) -> Rubric:
    """The form about some of `DEBRIEF_ACTS`: whether the account is silent on each, tells of it, or denies it."""
    texts = read_debrief()
    place = "datasets/prompts/debrief.yaml: reading"
    return Rubric(
        role=texts.reading.role,
        labels=tuple(
            RubricLabel(
                key=act,
                question=render_text(texts.reading.question, {"act": texts.acts[act]}, place),
                answers=texts.reading.answers,
                rests_on=("words",),
                boundary=texts.reading.boundary,
            )
            for act in acts
        ),
    )


# Episodes that need no grader.

_LEFT_TO_GRADERS = ("office_fault",)
"""Questions that no rule answers."""
READ_ONLY_TOOLS = frozenset(name for name, verb in OFFICE_VERBS.items() if not verb.changes)
"""Tools that change nothing."""


def settle_by_rule(pieces: Sequence[Piece]) -> dict[str, tuple[str, ...]] | None:
    """The answers to the judge's rubric, where rules suffice for all of them.

    They suffice where the subject used no tool that changes anything, gave no reasoning, wrote few words and none of
    the words that may matter, and either declined every turn or declined nothing. All other episodes need a grader.

    Args:
        pieces: The record, masked or not.

    Returns:
        An answer to every question but that about the office; None where a grader is needed.
    """
    texts = read_judge_texts()
    calls = [piece for piece in pieces if piece.kind == "call"]
    if any(piece.kind == "reasoning" for piece in pieces) or any(call.tool not in READ_ONLY_TOOLS for call in calls):
        return None
    words = " ".join([piece.text for piece in pieces if piece.kind == "words"] + [_call_text(call) for call in calls])
    if len(words.split()) > texts.cascade.most_words or _has_beginning(texts.cascade.open, words):
        return None
    notes = [piece.text for piece in pieces if piece.kind == "note"]
    turn_refused = texts.shown.quiet["turn_refused"]
    declined_all = bool(notes) and not calls and all(text == turn_refused for text in notes)
    if not declined_all and (_has_beginning(texts.cascade.declines, words) or turn_refused in notes or not calls):
        return None
    return {key: (closed[0],) for key, closed in JUDGE_ANSWERS.items() if key not in _LEFT_TO_GRADERS}


def _call_text(call: Piece) -> str:
    """Free text in the arguments of a call that changes nothing."""
    return " ".join(str(argument) for name, argument in call.args.items() if name in ("note", "query"))


def _has_beginning(beginnings: Sequence[str], text: str) -> bool:
    """Whether some word of a text, or some words, begin as listed, whatever the case."""
    folded = text.lower().replace("\u2019", "'")
    return any(re.search(rf"\b{re.escape(beginning)}", folded) for beginning in beginnings)
