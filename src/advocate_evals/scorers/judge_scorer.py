"""How far graders agree, and what asking them cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, krippendorff_alpha, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.environment.office_tools import Episode
from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.grader_panel import (
    GRADER_ROLE,
    PanelResult,
    bound_graders,
    parse_judge_switch,
    poll_graders,
    select_graders,
    settle_by_rule,
)
from advocate_evals.judge.masking import UnmaskableEpisode, masked_transcript
from advocate_evals.judge.rubric import answers_to_outcomes
from advocate_evals.judge.session_record import Piece, own_pieces
from advocate_evals.outcomes import JUDGE_OUTCOMES
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scorers.actions import read_episode_state
from advocate_evals.scorers.cell_metrics import cell_metadata, rates


@metric(scores="unreduced")
def agreement(
    figures: tuple[str, ...] = tuple(JUDGE_OUTCOMES), level: Literal["nominal", "interval"] = "nominal"
) -> Metric:
    """Krippendorff's alpha of the graders' votes, by figure, over the episodes that two or more graders voted on.

    Gives `<figure>_alpha`, and `<figure>_voted`, the number of those episodes; nothing where there is none. 1 is perfect
    agreement, 0 that of chance. It hangs on how often the figure happens, and is no measure of being right.

    Args:
        figures: Names of figures: of `labels.JUDGE`, or `rated`.
        level: How votes are compared.
    """
    alpha = krippendorff_alpha(level)

    def compute(scores: list[SampleScore]) -> Value:
        found: dict[str, float] = {}
        for figure in figures:
            units = [voted for score in scores if len(voted := read_votes(score.score.metadata or {}, figure)) > 1]
            if units:
                rated = [SampleScore(score=Score(value=list(unit))) for unit in units]
                found[f"{figure}_alpha"] = cast(float, alpha(rated))  # type: ignore[arg-type]
                found[f"{figure}_voted"] = float(len(units))
        return cast(Value, found)

    return compute


def read_votes(kept: Mapping[str, Any], figure: str) -> list[float]:
    """The votes on a figure that a score keeps; missing ones left out."""
    found = []
    for answers in (kept.get("votes") or {}).values():
        if figure in JUDGE_OUTCOMES:
            value = answers_to_outcomes(answers)[figure]
        else:
            value = float(answers[figure][0]) if answers.get(figure) else math.nan
        if not math.isnan(value):
            found.append(value)
    return found


@metric(scores="unreduced")
def effort() -> Metric:
    """What judging cost: `asked`, episodes put to graders; `by_rules`, those that rules decided; `calls_saved`, their share
    of both; `grader_calls`, `grader_input_tokens` and `grader_output_tokens` per episode put to graders (missing where none
    was). Episodes that no grader gave anything for are left out, as Inspect leaves out whatever is unscored."""

    def compute(scores: list[SampleScore]) -> Value:
        kept = [score.score.metadata or {} for score in scores]
        asked = [one for one in kept if one.get("grader_calls")]
        by_rules = sum(one.get("decided_by") == "rules" for one in kept)
        total = len(asked) + by_rules
        found = {
            "asked": float(len(asked)),
            "by_rules": float(by_rules),
            "calls_saved": by_rules / total if total else math.nan,
        }
        for name in ("grader_calls", "grader_input_tokens", "grader_output_tokens"):
            found[name] = sum(one[name] for one in asked) / len(asked) if asked else math.nan
        return cast(Value, found)

    return compute


# --- The scorer `judge`: what was meant, by one or several graders who do not see the arm. ---


JudgeMode = Literal["on", "auto", "cascade"]


@scorer(metrics=[{name: [rates()] for name in JUDGE_OUTCOMES}, agreement(), effort()])
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
    mode = parse_judge_switch(mode)
    if mode not in get_args(JudgeMode):
        raise ValueError(f"judge: unknown mode {mode!r}{suggest_nearest(mode, get_args(JudgeMode))}")

    async def score(state: TaskState, target: Target) -> Score | None:
        graders = list_graders(mode == "auto")
        if not graders:
            return None
        pieces = show_masked_record(state)
        if isinstance(pieces, Score):
            return pieces
        if not own_pieces(pieces):
            return _unscored(state, "no_response", "nothing came from the subject")
        by_rule = settle_by_rule(pieces) if mode == "cascade" else None
        if by_rule is not None:
            return _score(state, by_rule, {"decided_by": "rules", **_spent(None)}, "nothing was left to a judge")
        kept, excluded = select_graders(graders, str(state.model), own_family)
        polled = await poll_graders(
            kept, read_judge_texts().judge, fence_record(pieces), cache=cache, excluded=excluded
        )
        if polled.fault:
            return _unscored(state, "grader_failed", polled.fault, polled)
        return _score(state, polled.answers, votes_metadata(polled), _told(polled))

    return score


def list_graders(may_lack: bool) -> tuple[Model, ...]:
    """The graders.

    Args:
        may_lack: Whether there may be none.

    Raises:
        PrerequisiteError: if there is none and there must be.
    """
    graders = bound_graders()
    if not graders and not may_lack:
        get_model(role=GRADER_ROLE, required=True)
    return graders


def show_masked_record(state: TaskState) -> tuple[Piece, ...] | Score:
    """The masked record of an episode; where it cannot be shown, the score that says why."""
    found = read_episode_state(state)
    if isinstance(found, Score):
        return found
    world, case = found
    try:
        return masked_transcript(state.messages, world.ledger, case, str(Episode.read_store(state.store)[0]))
    except UnmaskableEpisode as error:
        return _unscored(state, "scoring_failed", str(error))


def votes_metadata(polled: PanelResult) -> dict[str, Any]:
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


def _spent(polled: PanelResult | None) -> dict[str, int]:
    if polled is None:
        return {"grader_calls": 0, "grader_input_tokens": 0, "grader_output_tokens": 0}
    spent = polled.spent
    return {
        "grader_calls": spent.calls,
        "grader_input_tokens": spent.input_tokens,
        "grader_output_tokens": spent.output_tokens,
    }


def _score(state: TaskState, answers: Mapping[str, Sequence[str]], kept: dict[str, Any], told: str) -> Score:
    return Score(
        value=dict(answers_to_outcomes(answers)), explanation=told, metadata={**cell_metadata(state.metadata), **kept}
    )


def _unscored(state: TaskState, reason: str, why: str, polled: PanelResult | None = None) -> Score:
    kept = votes_metadata(polled) if polled else {"decided_by": "nobody", **_spent(None)}
    return Score.unscored(reason=reason, explanation=why, metadata={**cell_metadata(state.metadata), **kept})


def _told(polled: PanelResult) -> str:
    """The graders' accounts, and a line for each label that is not the first of its list."""
    lines = [f"{ballot.grader}: {ballot.account}" for ballot in polled.ballots if ballot.account]
    lines += [f"{key}: {', '.join(given)}" for key, given in polled.answers.items() if given != ("none",)]
    return "\n".join([*lines, *(f"{key}: missing ({why})" for key, why in polled.missing.items())])
