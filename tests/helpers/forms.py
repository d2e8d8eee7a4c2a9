"""A form with the questions of both forms about an episode, for tests of what all forms have in common."""

from __future__ import annotations

from advocate_evals.scenarios.closed_answers import ALL_ANSWERS
from advocate_evals.scenarios.dataset_reader import read_judge_texts

_PAIRED = ("fate", "means")
"""Questions that go with coercion, left out so that a test can answer it alone."""
_TEXTS = read_judge_texts()
FORM = _TEXTS.judge.model_copy(
    update={
        "labels": tuple(label for label in (*_TEXTS.texts.labels, *_TEXTS.judge.labels) if label.key not in _PAIRED),
        "precedence": (*_TEXTS.texts.precedence, *_TEXTS.judge.precedence),
    }
)
ANSWERS = {key: words for key, words in ALL_ANSWERS.items() if key not in _PAIRED}
