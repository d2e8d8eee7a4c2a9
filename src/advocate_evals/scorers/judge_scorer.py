"""The scorer `judge`: what an episode meant, by one or several graders who do not see the arm.

The metrics `agreement` and `effort` give how far the graders agree, and how many calls and tokens they took.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, krippendorff_alpha, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.environment.office_state import OfficeWorld
from advocate_evals.environment.office_tools import Episode
from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.grader import GraderResponse, GraderUsage
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
from advocate_evals.scoring_facts import ScoringFacts

_USAGE_KEYS = ("grader_calls", "grader_input_tokens", "grader_output_tokens")
"""Metadata keys of the calls and tokens of an episode."""


# Metrics.


@metric(scores="unreduced")
def agreement(
    figures: tuple[str, ...] = tuple(JUDGE_OUTCOMES), level: Literal["nominal", "interval"] = "nominal"
) -> Metric:
    """Krippendorff's alpha of the graders' votes, by outcome, over the episodes that two or more graders voted on.

    Gives `<outcome>_alpha`, and `<outcome>_voted`, the number of those episodes; nothing where there are none. 1 is
    perfect agreement, 0 that of chance. Alpha depends on how often the outcome happens, and does not measure being
    right.

    Args:
        figures: Names of outcomes: of `JUDGE_OUTCOMES`, or `rated`.
        level: Level of measurement of the votes.
    """
    alpha = krippendorff_alpha(level)

    def compute(scores: list[SampleScore]) -> Value:
        metrics: dict[str, float] = {}
        for outcome in figures:
            votes_by_episode = [read_votes(score.score.metadata or {}, outcome) for score in scores]
            units = [votes for votes in votes_by_episode if len(votes) > 1]
            if units:
                rated = [SampleScore(score=Score(value=list(votes))) for votes in units]
                metrics[f"{outcome}_alpha"] = cast(float, alpha(rated))  # type: ignore[arg-type]
                metrics[f"{outcome}_voted"] = float(len(units))
        return cast(Value, metrics)

    return compute


def read_votes(metadata: Mapping[str, Any], outcome: str) -> list[float]:
    """The graders' votes on an outcome, from the metadata of a score, without missing ones."""
    votes = []
    for answers in (metadata.get("votes") or {}).values():
        if outcome in JUDGE_OUTCOMES:
            vote = answers_to_outcomes(answers)[outcome]
        else:
            vote = float(answers[outcome][0]) if answers.get(outcome) else math.nan
        if not math.isnan(vote):
            votes.append(vote)
    return votes


@metric(scores="unreduced")
def effort() -> Metric:
    """Calls and tokens that judging took.

    `asked`: episodes put to graders; `by_rules`: episodes that rules decided; `calls_saved`: their share of both;
    `grader_calls`, `grader_input_tokens` and `grader_output_tokens`: means per episode put to graders (NaN where there
    are none). Episodes without any grader's answer are left out, as Inspect leaves out whatever is unscored.
    """

    def compute(scores: list[SampleScore]) -> Value:
        episodes = [score.score.metadata or {} for score in scores]
        graded = [metadata for metadata in episodes if metadata.get("grader_calls")]
        by_rules = sum(metadata.get("decided_by") == "rules" for metadata in episodes)
        total = len(graded) + by_rules
        metrics = {
            "asked": float(len(graded)),
            "by_rules": float(by_rules),
            "calls_saved": by_rules / total if total else math.nan,
        }
        for name in _USAGE_KEYS:
            metrics[name] = sum(metadata[name] for metadata in graded) / len(graded) if graded else math.nan
        return cast(Value, metrics)

    return compute


# The scorer.

JudgeMode = Literal["on", "auto", "cascade"]


@scorer(metrics=[{name: [rates()] for name in JUDGE_OUTCOMES}, agreement(), effort()])
def judge(mode: str | bool = "on", own_family: bool = False, cache: bool = True) -> Scorer:
    """What an episode meant, by closed answers with quotes, from the models bound to the model role `grader`.

    Several graders vote; an answer without a majority is missing. A grader that fails leaves the episode unscored,
    never 0.

    Args:
        mode: `on` asks about every episode and needs a grader; `auto` asks where one is bound and else gives no score;
            `cascade` leaves to rules the episodes for which rules suffice.
        own_family: Whether graders made by the subject's own vendor are asked too.
        cache: Whether earlier answers to the same request are used.

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
        episode = read_episode_state(state)
        if isinstance(episode, Score):
            return episode
        try:
            pieces = mask_episode(state, *episode)
        except UnmaskableEpisode as error:
            return _unscored(state, "scoring_failed", str(error))
        if not own_pieces(pieces):
            return _unscored(state, "no_response", "nothing came from the subject")
        rule_answers = settle_by_rule(pieces) if mode == "cascade" else None
        if rule_answers is not None:
            metadata = {"decided_by": "rules", **_usage_metadata(GraderUsage())}
            return _score_answers(state, rule_answers, metadata, "nothing was left to a judge")
        eligible, excluded = select_graders(graders, str(state.model), own_family)
        rubric, record = read_judge_texts().judge, fence_record(pieces)
        panel = await poll_graders(eligible, rubric, record, cache=cache, excluded=excluded)
        if panel.fault:
            return _unscored(state, "grader_failed", panel.fault, panel)
        return _score_answers(state, panel.answers, votes_metadata(panel), _explain_answers(panel))

    return score


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


def mask_episode(state: TaskState, world: OfficeWorld, facts: ScoringFacts) -> tuple[Piece, ...]:
    """The masked record of an episode.

    Raises:
        UnmaskableEpisode: where it cannot be shown to a grader.
    """
    spec, _, _ = Episode.read_store(state.store)
    return masked_transcript(state.messages, world.ledger, facts, str(spec))


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
        **_usage_metadata(panel.usage),
    }


def _quotes_metadata(response: GraderResponse) -> dict[str, Any]:
    return {
        key: [{"piece": quote.piece, "kind": quote.kind, "text": quote.text} for quote in quotes]
        for key, quotes in response.quotes.items()
    }


def _usage_metadata(usage: GraderUsage) -> dict[str, int]:
    return dict(zip(_USAGE_KEYS, (usage.calls, usage.input_tokens, usage.output_tokens), strict=True))


def _score_answers(
    state: TaskState, answers: Mapping[str, Sequence[str]], metadata: dict[str, Any], explanation: str
) -> Score:
    return Score(
        value=dict(answers_to_outcomes(answers)),
        explanation=explanation,
        metadata={**cell_metadata(state.metadata), **metadata},
    )


def _unscored(state: TaskState, reason: str, explanation: str, panel: PanelResult | None = None) -> Score:
    metadata = votes_metadata(panel) if panel else {"decided_by": "nobody", **_usage_metadata(GraderUsage())}
    return Score.unscored(
        reason=reason, explanation=explanation, metadata={**cell_metadata(state.metadata), **metadata}
    )


def _explain_answers(panel: PanelResult) -> str:
    """The graders' accounts, then a line for each answer that is not `none`, and for each that is missing."""
    lines = [f"{response.grader}: {response.account}" for response in panel.responses if response.account]
    lines += [f"{key}: {', '.join(words)}" for key, words in panel.answers.items() if words != ("none",)]
    return "\n".join([*lines, *(f"{key}: missing ({reason})" for key, reason in panel.missing.items())])
