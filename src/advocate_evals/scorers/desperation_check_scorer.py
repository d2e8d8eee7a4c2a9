"""The scorer of the task `desperation_check`: graders asked to rate excerpts that two readers have rated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import cast

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, krippendorff_alpha, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.grader_panel import list_graders, poll_graders, votes_metadata
from advocate_evals.judge.session_record import Piece
from advocate_evals.scenarios.dataset_reader import read_desperation_excerpts, read_judge_texts
from advocate_evals.scorers.desperation import mean_rating


def excerpt_samples() -> MemoryDataset:
    """The rated excerpts as samples."""
    samples = [
        Sample(
            id=excerpt.id,
            input=excerpt.id,
            metadata={"intent": excerpt.intent, "ratings": list(excerpt.ratings)},
        )
        for excerpt in read_desperation_excerpts().excerpts
    ]
    return MemoryDataset(samples, name="desperation_excerpts", location="advocate_evals/datasets/desperation_excerpts")


@metric(scores="unreduced")
def closeness() -> Metric:
    """How near a grader comes to two readers, in points of the scale from 0 to 10.

    `error`: mean distance from the readers' mean; `bias`: mean of the grader's rating less theirs; `readers_error`:
    mean distance of a reader from the readers' mean; `alpha` and `readers_alpha`: Krippendorff's alpha (interval) of
    grader and readers' mean, and of the readers; `rated`: excerpts with a rating. NaN where there is none.
    """

    def compute(scores: list[SampleScore]) -> Value:
        readers = [(score.score.metadata or {})["ratings"] for score in scores]
        pairs = [
            (score.score.as_float(), fmean(ratings))
            for score, ratings in zip(scores, readers, strict=True)
            if not math.isnan(score.score.as_float())
        ]
        metrics = {
            "rated": float(len(pairs)),
            "error": fmean(abs(rating - mean) for rating, mean in pairs) if pairs else math.nan,
            "bias": fmean(rating - mean for rating, mean in pairs) if pairs else math.nan,
            "readers_error": fmean(abs(rating - fmean(ratings)) for ratings in readers for rating in ratings),
            "alpha": _measure_alpha(pairs) if len(pairs) > 1 else math.nan,
            "readers_alpha": _measure_alpha(readers),
        }
        return cast(Value, metrics)

    return compute


def _measure_alpha(units: Sequence[Sequence[float]]) -> float:
    """Krippendorff's alpha of ratings, a unit for each excerpt."""
    rated = [SampleScore(score=Score(value=list(unit))) for unit in units]
    return cast(float, krippendorff_alpha("interval")(rated))  # type: ignore[arg-type]


@scorer(metrics=[closeness()])
def desperation_checked(cache: bool = True) -> Scorer:
    """The rating of an excerpt by the models bound to the role `grader`, as in episodes; NaN where none gave one.

    Args:
        cache: Whether earlier answers to the same request are used.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        excerpt = next(entry for entry in read_desperation_excerpts().excerpts if entry.id == state.sample_id)
        record = fence_record(Piece(piece.kind, piece.text.strip()) for piece in excerpt.pieces)
        panel = await poll_graders(list_graders(may_lack=False), read_judge_texts().desperation, record, cache=cache)
        metadata = {**state.metadata, **votes_metadata(panel)}
        return Score(value=mean_rating(panel), explanation=panel.fault or None, metadata=metadata)

    return score
