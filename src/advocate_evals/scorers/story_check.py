"""The scorer of the task `stories`: whether a story can be used for emotion vectors."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import cast

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.scenarios.dataset_reader import read_emotion_list
from advocate_evals.scorers.stated_figures import state_figures

MIN_WORDS = 90
"""Words below which a story is too short for its mean from the 50th token."""


@metric(scores="unreduced")
def story_figures() -> Metric:
    """Share of the stories that can be used, and their mean number of words."""

    def compute(scores: list[SampleScore]) -> Value:
        values = [cast(Mapping[str, float], score.score.value) for score in scores]
        return state_figures({name: fmean(value[name] for value in values) for name in ("usable", "words") if values})

    return compute


@scorer(metrics=[story_figures()])
def story_checked() -> Scorer:
    """1 where a story is long enough and contains none of the words that it must not contain; and its words."""

    async def score(state: TaskState, target: Target) -> Score:
        story = state.output.completion.strip()
        if not story:
            return Score.unscored(reason="scoring_failed", explanation="the model wrote no story")
        faults = find_story_faults(story)
        return Score(
            value={"usable": float(not faults), "words": float(len(story.split()))},
            answer=story,
            explanation="; ".join(faults) or None,
        )

    return score


def find_story_faults(story: str) -> list[str]:
    """Why a story cannot be used; nothing where it can."""
    words = len(story.split())
    faults = [] if words >= MIN_WORDS else [f"{words} words, fewer than {MIN_WORDS}"]
    absent = sorted({match[0].lower() for match in read_emotion_list().absent_words.finditer(story)})
    return faults + ([f"it says {', '.join(absent)}"] if absent else [])
