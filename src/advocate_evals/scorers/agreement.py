"""How far graders agree, and what asking them cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Value, krippendorff_alpha, metric

from advocate_evals.grading.figures import figures as figures_of
from advocate_evals.labels import JUDGE


@metric(scores="unreduced")
def agreement(figures: tuple[str, ...] = tuple(JUDGE), level: Literal["nominal", "interval"] = "nominal") -> Metric:
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
            units = [voted for score in scores if len(voted := votes(score.score.metadata or {}, figure)) > 1]
            if units:
                rated = [SampleScore(score=Score(value=list(unit))) for unit in units]
                found[f"{figure}_alpha"] = cast(float, alpha(rated))  # type: ignore[arg-type]
                found[f"{figure}_voted"] = float(len(units))
        return cast(Value, found)

    return compute


def votes(kept: Mapping[str, Any], figure: str) -> list[float]:
    """The votes on a figure that a score keeps; missing ones left out."""
    found = []
    for answers in (kept.get("votes") or {}).values():
        if figure in JUDGE:
            value = figures_of(answers)[figure]
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
