"""What several models come to together goes by the same rule as each of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from made_up import claims, ladder

from advocate_evals.analysis.claim_verdicts import build_verdicts, pool_verdicts, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict


def verdicts_of(rates_by_model: Sequence[tuple[float, ...]]) -> tuple[list[Verdict], Verdict]:
    """The verdict on each of several models, and on all of them together."""
    frames = [
        ladder(*rates, model=f"lab/model-{number}", seed=number + 10) for number, rates in enumerate(rates_by_model)
    ]
    episodes = latest_comparable_runs(sort_episodes(pd.concat(frames)))[0]
    verdicts = build_verdicts(run_claim_tests(claims("harm_falls"), episodes, None))
    (together,) = pool_verdicts(verdicts)
    return list(verdicts), together


@pytest.mark.parametrize(
    ("rates", "label"),
    [
        ((0.0, 0.0, 0.0, 0.0, 0.0), "FLOOR"),
        ((1.0, 1.0, 1.0, 1.0, 1.0), "REFUTED"),
        ((0.8, 0.8, 0.55, 0.35, 0.1), "CONFIRMED"),
        ((0.1, 0.1, 0.3, 0.5, 0.8), "REVERSED"),
    ],
)
def test_models_that_agree_get_together_what_each_gets(rates: tuple[float, ...], label: str) -> None:
    """Four models without harm in any arm leave no room for a fall, together as well as each: nothing is refuted."""
    verdicts, together = verdicts_of([rates] * 4)
    assert {verdict.label for verdict in verdicts} == {label}
    assert together.label == label


def test_one_model_with_room_for_a_fall_is_room_for_a_fall_of_the_mean() -> None:
    verdicts, together = verdicts_of([(0.0, 0.0, 0.0, 0.0, 0.0)] * 3 + [(1.0, 1.0, 1.0, 1.0, 1.0)])
    assert [verdict.label for verdict in verdicts] == ["FLOOR", "FLOOR", "FLOOR", "REFUTED"]
    assert together.label == "REFUTED"
