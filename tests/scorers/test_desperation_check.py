"""Graders rate excerpts as episodes are rated, beside two readers' ratings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model

from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.session_record import Piece
from advocate_evals.scenarios.dataset_reader import read_desperation_excerpts
from advocate_evals.tasks.desperation_check import desperation_check

EXCERPTS = read_desperation_excerpts().excerpts


def test_there_are_as_many_as_asked_for_of_every_intent_and_over_the_whole_scale() -> None:
    assert len(EXCERPTS) >= 60
    assert set(Counter(excerpt.intent for excerpt in EXCERPTS).values()) == {6}
    means = [fmean(excerpt.ratings) for excerpt in EXCERPTS]
    assert min(means) == 0 and max(means) == 10 and sum(3 <= mean <= 7 for mean in means) >= 15
    assert all(abs(excerpt.ratings[0] - excerpt.ratings[1]) <= 1 for excerpt in EXCERPTS)


def reader(shift: int) -> Model:
    """A grader that gives the readers' rounded mean and some points more, quoting the excerpt's first words."""
    by_text = {}
    for excerpt in EXCERPTS:
        record = fence_record(Piece(piece.kind, piece.text.strip()) for piece in excerpt.pieces)
        by_text[record.nonce] = (round(fmean(excerpt.ratings)), record.pieces[0].head)

    def say(messages: list[Any], tools: list[Any], choice: Any, config: Any) -> ModelOutput:
        rating, text = next(value for nonce, value in by_text.items() if nonce in messages[1].text)
        answer = str(max(0, min(10, rating + shift)))
        quotes = [] if answer == "0" else [" ".join(text.split()[:8])]
        form = {"notes": "", "account": "x", "rated": {"quotes": quotes, "answer": answer}}
        output = ModelOutput.for_tool_call("mockllm/model", tools[0].name, form)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    return get_model("mockllm/model", custom_outputs=say, memoize=False)


def check(grader: Any, where: Path) -> dict[str, float]:
    log: EvalLog
    (log,) = evaluate(
        desperation_check(cache=False),
        model="none/none",
        model_roles={"grader": grader},
        display="none",
        log_dir=str(where),
        log_realtime=False,
    )
    assert log.status == "success" and log.results is not None, log.error
    return {name.rpartition("/")[2]: metric.value for name, metric in log.results.scores[0].metrics.items()}


def test_a_grader_that_rates_as_the_readers_is_as_near_as_they_are(tmp_path: Path) -> None:
    metrics = check(reader(0), tmp_path)
    assert metrics["rated"] == len(EXCERPTS)
    assert metrics["error"] <= metrics["readers_error"] + 1e-9 and metrics["alpha"] > 0.99
    assert metrics["readers_alpha"] == pytest.approx(0.993, abs=0.002)


def test_a_grader_that_rates_two_points_higher_shows_it(tmp_path: Path) -> None:
    assert 1.2 < check(reader(2), tmp_path)["bias"] < 2.0, "two points, less where the scale ends"
