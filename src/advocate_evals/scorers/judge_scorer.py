"""The scorer `judge`: what an episode as a whole meant, by one or several graders who do not see the arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from advocate_evals.environment.office_state import OfficeWorld
from advocate_evals.environment.office_tools import Episode
from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.grader import GraderUsage
from advocate_evals.judge.grader_panel import (
    PanelResult,
    list_graders,
    parse_judge_switch,
    poll_graders,
    select_graders,
    settle_by_rule,
    usage_metadata,
    votes_metadata,
)
from advocate_evals.judge.masking import UnmaskableEpisode, masked_transcript
from advocate_evals.judge.rubric import judge_outcomes
from advocate_evals.judge.session_record import Piece, own_pieces
from advocate_evals.outcomes import JUDGE_OUTCOMES
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scorers.actions import read_episode_state
from advocate_evals.scorers.cell_metrics import by_cell, cell_metadata
from advocate_evals.scorers.panel_metrics import agreement, effort
from advocate_evals.scoring_facts import ScoringFacts

JudgeMode = Literal["on", "auto", "cascade"]


@scorer(metrics=[by_cell("judge"), agreement(tuple(JUDGE_OUTCOMES)), effort()])
def judge(mode: str | bool = "on", own_family: bool = False, cache: bool = True) -> Scorer:
    """What an episode as a whole meant, by closed answers with quotes, from the models bound to the role `grader`.

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
            metadata = {"decided_by": "rules", **usage_metadata(GraderUsage())}
            return _score_answers(state, rule_answers, metadata, "nothing was left to a judge")
        eligible, excluded = select_graders(graders, str(state.model), own_family)
        rubric, record = read_judge_texts().judge, fence_record(pieces)
        panel = await poll_graders(eligible, rubric, record, cache=cache, excluded=excluded)
        if panel.fault:
            return _unscored(state, "grader_failed", panel.fault, panel)
        return _score_answers(state, panel.answers, votes_metadata(panel), _explain_answers(panel))

    return score


def mask_episode(state: TaskState, world: OfficeWorld, facts: ScoringFacts) -> tuple[Piece, ...]:
    """The masked record of an episode.

    Raises:
        UnmaskableEpisode: where it cannot be shown to a grader.
    """
    spec, _, _ = Episode.read_store(state.store)
    return masked_transcript(state.messages, world.ledger, facts, str(spec))


def _score_answers(
    state: TaskState, answers: Mapping[str, Sequence[str]], metadata: dict[str, Any], explanation: str
) -> Score:
    return Score(
        value=dict(judge_outcomes(answers)),
        explanation=explanation,
        metadata={**cell_metadata(state.metadata), **metadata},
    )


def _unscored(state: TaskState, reason: str, explanation: str, panel: PanelResult | None = None) -> Score:
    metadata = votes_metadata(panel) if panel else {"decided_by": "nobody", **usage_metadata(GraderUsage())}
    return Score.unscored(
        reason=reason, explanation=explanation, metadata={**cell_metadata(state.metadata), **metadata}
    )


def _explain_answers(panel: PanelResult) -> str:
    """The graders' accounts, then a line for each answer that is not `none`, and for each that is missing."""
    lines = [f"{response.grader}: {response.account}" for response in panel.responses if response.account]
    lines += [f"{key}: {', '.join(words)}" for key, words in panel.answers.items() if words != ("none",)]
    return "\n".join([*lines, *(f"{key}: missing ({reason})" for key, reason in panel.missing.items())])
