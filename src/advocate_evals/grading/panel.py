"""Several graders about one record: who may judge, and what most of them say."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache as once

from inspect_ai.model import Model, get_model, model_roles
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

from advocate_evals.catalogue.schema import JudgedLabel, Sheet
from advocate_evals.grading.ask import ask
from advocate_evals.grading.ballots import Ballot, Spent
from advocate_evals.grading.fence import Evidence
from advocate_evals.grading.makers import maker

ROLE = "grader"
"""The model role of the graders."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What the graders make of a record."""

    ballots: tuple[Ballot, ...]
    """One of each grader, in their order."""
    answers: Mapping[str, tuple[str, ...]]
    """What most of them answer, by question. A question that is not here is missing."""
    missing: Mapping[str, str]
    """Why an answer is missing, by question."""
    excluded: tuple[str, ...] = ()
    """Graders that were not asked, being of the subject's own family."""

    @property
    def fault(self) -> str:
        """Why nothing is known at all; empty where some grader filled in the form."""
        if any(not ballot.fault for ballot in self.ballots):
            return ""
        if not self.ballots:
            return f"every grader is of the subject's own family: {', '.join(self.excluded)}"
        return "; ".join(f"{ballot.grader}: {ballot.fault}: {ballot.why}" for ballot in self.ballots)

    @property
    def spent(self) -> Spent:
        """What all of it cost."""
        return sum((ballot.spent for ballot in self.ballots), Spent())


def bound() -> tuple[Model, ...]:
    """The models bound to the role `grader`; none where it is not bound. To be called while scoring, not before."""
    found = model_roles().get(ROLE)
    return () if found is None else tuple(found) if isinstance(found, list) else (found,)


def switched(given: str | bool) -> str:
    """`on` or `off` as the command line gives them, which reads such words as YAML does; other words as they are."""
    return given if isinstance(given, str) else "on" if given else "off"


@solver
def required() -> Solver:
    """A set-up that ends a run at once where no grader is bound, before any subject has been asked anything."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if not bound():
            get_model(role=ROLE, required=True)
        return state

    return solve


def eligible(graders: Sequence[Model], subject: str, own_family: bool) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The graders that may judge a subject, and the names of those that may not.

    Args:
        graders: All of them.
        subject: Full name of the model under test.
        own_family: Whether those made by the subject's own maker may judge it too.
    """
    kin = [grader for grader in graders if not own_family and maker(str(grader)) == maker(subject)]
    for grader in kin:
        _warn(f"grader {grader} is left out: it is of the family of the subject, {subject} (own_family=true asks it)")
    return tuple(grader for grader in graders if grader not in kin), tuple(str(grader) for grader in kin)


@once
def _warn(text: str) -> None:
    """Say it, but not for every episode anew."""
    logging.getLogger(__name__).warning(text)


async def poll(
    graders: Sequence[Model], sheet: Sheet, evidence: Evidence, *, cache: bool = True, excluded: tuple[str, ...] = ()
) -> Poll:
    """Have every grader fill in a form about a record, each by itself.

    Args:
        graders: The graders.
        sheet: The form.
        evidence: The record.
        cache: Whether earlier answers to the same request are taken.
        excluded: Names of graders that were left out before.
    """
    ballots = await collect(*(ask(grader, sheet, evidence, cache=cache) for grader in graders))
    return counted(sheet, tuple(_told_apart(ballots)), excluded)


def _told_apart(ballots: Sequence[Ballot]) -> Iterator[Ballot]:
    """The ballots, with a number after the name of a grader that is asked twice."""
    seen: Counter[str] = Counter()
    for ballot in ballots:
        seen[ballot.grader] += 1
        again = seen[ballot.grader]
        yield ballot if again == 1 else replace(ballot, grader=f"{ballot.grader} #{again}")


def counted(sheet: Sheet, ballots: tuple[Ballot, ...], excluded: tuple[str, ...] = ()) -> Poll:
    """What most ballots say, question by question; where no answer has more than half of them, it is missing."""
    answers: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}
    for label in sheet.labels:
        votes = [ballot.answers[label.key] for ballot in ballots if label.key in ballot.answers]
        found = _majority(label, votes)
        if found:
            answers[label.key] = found
        elif votes:
            given = Counter("+".join(vote) for vote in votes)
            missing[label.key] = "no majority: " + ", ".join(f"{word} {count}" for word, count in sorted(given.items()))
        else:
            missing[label.key] = (
                "; ".join(ballot.missing.get(label.key) or ballot.why for ballot in ballots) or "nobody asked"
            )
    return Poll(ballots, answers, missing, excluded)


def _majority(label: JudgedLabel, votes: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The answer of more than half of the votes; of a question with several answers, each that more than half give."""
    if not votes:
        return ()
    given = Counter(word for vote in votes for word in vote)
    if not label.several:
        word, count = given.most_common(1)[0]
        return (word,) if 2 * count > len(votes) else ()
    if any(2 * given[word] == len(votes) for word in label.words):
        return ()
    return tuple(word for word in label.words if 2 * given[word] > len(votes))
