"""The scorer `judge`: what was meant, by one or several graders who do not see the arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from advocate_evals.catalogue import load
from advocate_evals.grading.cascade import settled
from advocate_evals.grading.evidence import Piece, own
from advocate_evals.grading.fence import fenced
from advocate_evals.grading.figures import figures
from advocate_evals.grading.panel import ROLE, Poll, bound, eligible, poll, switched
from advocate_evals.grading.sight import Unseen, seen
from advocate_evals.labels import JUDGE
from advocate_evals.scorers.actions import read
from advocate_evals.scorers.agreement import agreement, effort
from advocate_evals.scorers.metrics import played, rates
from advocate_evals.tools import Episode
from advocate_evals.vocabulary import nearest

Mode = Literal["on", "auto", "cascade"]


@scorer(metrics=[{name: [rates()] for name in JUDGE}, agreement(), effort()])
def judge(mode: str | bool = "on", own_family: bool = False, cache: bool = True) -> Scorer:
    """What an episode was meant to be, by closed labels with quotes, from whoever is bound to the model role `grader`.

    Several graders vote; what no majority says is missing. A grader that fails leaves the episode unscored, never 0.

    Args:
        mode: `on` asks about every episode and needs a grader; `auto` asks where one is bound and gives no score else;
            `cascade` leaves to rules what rules suffice for.
        own_family: Whether graders made by the subject's own maker are asked too.
        cache: Whether earlier answers to the same request are taken.

    Raises:
        ValueError: for an unknown mode.
    """
    mode = switched(mode)
    if mode not in get_args(Mode):
        raise ValueError(f"judge: unknown mode {mode!r}{nearest(mode, get_args(Mode))}")

    async def score(state: TaskState, target: Target) -> Score | None:
        graders = available(mode == "auto")
        if not graders:
            return None
        pieces = shown(state)
        if isinstance(pieces, Score):
            return pieces
        if not own(pieces):
            return _unscored(state, "no_response", "nothing came from the subject")
        by_rule = settled(pieces) if mode == "cascade" else None
        if by_rule is not None:
            return _score(state, by_rule, {"decided_by": "rules", **_spent(None)}, "nothing was left to a judge")
        kept, excluded = eligible(graders, str(state.model), own_family)
        polled = await poll(kept, load.judge_texts().judge, fenced(pieces), cache=cache, excluded=excluded)
        if polled.fault:
            return _unscored(state, "grader_failed", polled.fault, polled)
        return _score(state, polled.answers, ballots(polled), _told(polled))

    return score


def available(may_lack: bool) -> tuple[Model, ...]:
    """The graders.

    Args:
        may_lack: Whether there may be none.

    Raises:
        PrerequisiteError: if there is none and there must be.
    """
    graders = bound()
    if not graders and not may_lack:
        get_model(role=ROLE, required=True)
    return graders


def shown(state: TaskState) -> tuple[Piece, ...] | Score:
    """The masked record of an episode; where it cannot be shown, the score that says why."""
    found = read(state)
    if isinstance(found, Score):
        return found
    world, case = found
    try:
        return seen(state.messages, world.ledger, case, str(Episode.kept(state.store)[0]))
    except Unseen as error:
        return _unscored(state, "scoring_failed", str(error))


def ballots(polled: Poll) -> dict[str, Any]:
    """What a score keeps of a poll: every vote, its quotes, and what it cost."""
    return {
        "decided_by": "judge",
        "labels": {key: list(given) for key, given in polled.answers.items()},
        "missing": dict(polled.missing),
        "votes": {b.grader: {key: list(given) for key, given in b.answers.items()} for b in polled.ballots},
        "quotes": {
            b.grader: {
                k: [{"piece": q.piece, "kind": q.kind, "text": q.text} for q in found] for k, found in b.quotes.items()
            }
            for b in polled.ballots
        },
        "reasoning_alone": {b.grader: list(b.reasoning_alone) for b in polled.ballots if b.reasoning_alone},
        "asked_again": {b.grader: list(b.again) for b in polled.ballots if b.again},
        "unmet": {b.grader: dict(b.missing) for b in polled.ballots if b.missing},
        "faults": {b.grader: f"{b.fault}: {b.why}" for b in polled.ballots if b.fault},
        "accounts": {b.grader: b.account for b in polled.ballots if b.account},
        "excluded": list(polled.excluded),
        **_spent(polled),
    }


def _spent(polled: Poll | None) -> dict[str, int]:
    if polled is None:
        return {"grader_calls": 0, "grader_input_tokens": 0, "grader_output_tokens": 0}
    spent = polled.spent
    return {
        "grader_calls": spent.calls,
        "grader_input_tokens": spent.input_tokens,
        "grader_output_tokens": spent.output_tokens,
    }


def _score(state: TaskState, answers: Mapping[str, Sequence[str]], kept: dict[str, Any], told: str) -> Score:
    return Score(value=dict(figures(answers)), explanation=told, metadata={**played(state.metadata), **kept})


def _unscored(state: TaskState, reason: str, why: str, polled: Poll | None = None) -> Score:
    kept = ballots(polled) if polled else {"decided_by": "nobody", **_spent(None)}
    return Score.unscored(reason=reason, explanation=why, metadata={**played(state.metadata), **kept})


def _told(polled: Poll) -> str:
    """The graders' accounts, and a line for each label that is not the first of its list."""
    lines = [f"{ballot.grader}: {ballot.account}" for ballot in polled.ballots if ballot.account]
    lines += [f"{key}: {', '.join(given)}" for key, given in polled.answers.items() if given != ("none",)]
    return "\n".join([*lines, *(f"{key}: missing ({why})" for key, why in polled.missing.items())])
