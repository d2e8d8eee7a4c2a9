"""Metrics of scorers that ask graders: how far the graders agree, and how many calls and tokens they took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Value, krippendorff_alpha, metric

from advocate_evals.judge.grader_panel import USAGE_KEYS
from advocate_evals.judge.rubric import find_question, judge_outcomes, text_outcomes
from advocate_evals.scorers.stated_figures import state_figures


@metric(scores="unreduced")
def agreement(figures: tuple[str, ...] = (), level: Literal["nominal", "interval"] = "nominal") -> Metric:
    """Krippendorff's alpha of the graders' votes, by outcome, over the episodes that two or more graders voted on.

    Gives `<outcome>_alpha`, and `<outcome>_voted`, the number of those episodes; nothing where there are none. 1 is
    perfect agreement, 0 that of chance. Alpha depends on how often the outcome happens, and does not measure being
    right.

    Args:
        figures: Names of outcomes of `TEXT_OUTCOMES` or `JUDGE_OUTCOMES`, or `rated`; earlier logs name none.
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
        return state_figures(metrics)

    return compute


def read_votes(metadata: Mapping[str, Any], outcome: str) -> list[float]:
    """The graders' votes on an outcome, from the metadata of a score, without missing ones."""
    votes = []
    for answers in (metadata.get("votes") or {}).values():
        if find_question(outcome):
            vote = (text_outcomes(answers) | judge_outcomes(answers))[outcome]
        else:
            vote = float(answers[outcome][0]) if answers.get(outcome) else math.nan
        if not math.isnan(vote):
            votes.append(vote)
    return votes


@metric(scores="unreduced")
def effort() -> Metric:
    """Calls and tokens that judging took.

    `asked`: episodes put to graders; `by_rules`: episodes that rules decided; `calls_saved`: their share of both;
    `grader_calls`, `grader_input_tokens` and `grader_output_tokens`: means per episode put to graders. Nothing where
    nobody was to be asked. Episodes without any grader's answer are left out, as Inspect leaves out what is unscored.
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
        for name in USAGE_KEYS:
            metrics[name] = sum(metadata[name] for metadata in graded) / len(graded) if graded else math.nan
        return state_figures(metrics if total else {})

    return compute
