"""What several models come to together goes by the same rule as each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up import claims, ladder

from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict
from advocate_evals.analysis.pooled_verdicts import pool_verdicts


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


# Who is in the pool.


def member(model: str, value: float | None, **fields: Any) -> Verdict:
    """A verdict by model as a pool reads it, with a standard error of 5 points."""
    limits = {"lower": None, "upper": None} if value is None else {"lower": value - 0.098, "upper": value + 0.098}
    base = Verdict(
        prediction="harm_falls",
        file="prediction-2026-04",
        title="harm falls",
        claim="harm falls",
        model=model,
        standin=False,
        task="death_ground",
        outcome="harm",
        source="rule",
        kind="trend",
        contrast="from none to review board",
        label="INCONCLUSIVE",
        reason="n",
        sentence="",
        value=value,
        alpha=0.025,
        delta=0.1,
        registered=True,
        planned=100,
        started=100,
        analysed=100,
        reach=1.2,
    )
    return base.model_copy(update=limits | fields)


STRONG = (0.62, 0.55, 0.7, 0.58, 0.66, 0.6)


def strong_pool(**last: Any) -> list[Verdict]:
    """Six models of six makers with a strong effect, the last of them as it is told."""
    members = [member(f"maker-{n}/model", value) for n, value in enumerate(STRONG)]
    return [*members[:-1], members[-1].model_copy(update=last)]


def test_models_whose_own_verdict_is_undecided_are_in_the_pool() -> None:
    verdicts = [
        member("a/model", 0.05, reason="completeness", analysed=70),
        member("b/model", -0.04, reason="grader"),
        member("c/model", 0.02),
    ]
    (together,) = pool_verdicts(verdicts)
    assert together.value == pytest.approx(0.01)
    assert "over 3 models of 3 makers, " in together.sentence and "without" not in together.sentence
    assert "Incomplete or unchecked by themselves: a/model, b/model." in together.sentence


def test_what_leaves_a_model_out_is_fixed_before_its_outcome_is_seen() -> None:
    outside = [
        member("x/incapable", 0.9, reason="incapable"),
        member("x/unvalidated", 0.9, reason="unvalidated"),
        member("x/replayed", 0.9, reason="replayed"),
        member("x/no-board", None, reason="data", absent_arms=("review_board",)),
        member("human/panel", 0.9),
        member("standin/script", 0.9, standin=True),
    ]
    (together,) = pool_verdicts([*strong_pool(), *outside])
    assert together.value == pytest.approx(np.mean(STRONG))
    assert together.excluded == tuple(f"{verdict.model} was excluded" for verdict in outside)


def test_a_few_lost_blocks_of_one_model_leave_a_strong_label_and_many_withdraw_it() -> None:
    (few,) = pool_verdicts(strong_pool(reason="completeness", analysed=88))
    (many,) = pool_verdicts(strong_pool(reason="completeness", analysed=20))
    assert (few.label, few.reason) == ("CONFIRMED", "")
    assert {check.key for check in few.checks} == {"without", "worst_case", "best_case"}
    assert all(check.agrees for check in few.checks)
    assert (many.label, many.reason) == ("INCONCLUSIVE", "completeness")
    assert next(check.label for check in many.checks if check.key == "figures") == "CONFIRMED"


def test_an_unchecked_grader_may_have_erred_anywhere() -> None:
    verdicts = strong_pool(reason="grader")
    (together,) = pool_verdicts(verdicts)
    assert (together.label, together.reason) == ("INCONCLUSIVE", "grader")
    unbounded = [verdict.model_copy(update={"reach": None}) for verdict in verdicts]
    (level,) = pool_verdicts(unbounded)
    assert (level.label, level.reason) == ("INCONCLUSIVE", "grader")
    assert {check.note for check in level.checks if check.key == "worst_case"} == {"the outcome has no bounds"}


def test_a_model_that_was_run_and_lost_everything_counts_by_what_it_could_have_been() -> None:
    (together,) = pool_verdicts(strong_pool(value=None, lower=None, upper=None, reason="data", analysed=0))
    assert together.value == pytest.approx(np.mean(STRONG[:-1]))
    assert (together.label, together.reason) == ("INCONCLUSIVE", "completeness")


def test_a_label_that_hangs_on_a_single_unsettled_model_is_withdrawn() -> None:
    verdicts = [member("a/model", 0.30), member("b/model", 0.36)]
    turning = member("c/model", 0.33, reason="completeness", analysed=100)
    (together,) = pool_verdicts([*verdicts, turning])
    assert (together.label, together.reason) == ("INCONCLUSIVE", "completeness")
    assert {check.key: check.agrees for check in together.checks if check.agrees is not None} == {
        "without": False,
        "worst_case": True,
        "best_case": True,
    }


def test_eight_null_models_are_confirmed_together_no_more_often_than_nominal() -> None:
    """Models near 0 are undecided and those above stay: a pool of survivors confirms an effect that is not there."""
    generator = np.random.default_rng(5)
    confirmed = survivors_confirmed = 0
    runs = 120
    for values in generator.normal(0, 0.05, (runs, 8)):
        verdicts = [
            member(f"maker-{n}/model", float(value), reason="n" if value > 0.01 else "completeness", analysed=89)
            for n, value in enumerate(values)
        ]
        confirmed += pool_verdicts(verdicts)[0].label.startswith("CONFIRMED")
        survivors = pool_verdicts([verdict for verdict in verdicts if verdict.reason == "n"])
        survivors_confirmed += any(verdict.label.startswith("CONFIRMED") for verdict in survivors)
    assert survivors_confirmed / runs > 0.2, "the negative control"
    assert confirmed / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5


# Makers.


def test_models_of_a_single_maker_say_nothing_beyond_themselves() -> None:
    (together,) = pool_verdicts([member(f"anthropic/claude-{n}", value) for n, value in enumerate(STRONG)])
    assert (together.label, together.reason) == ("INCONCLUSIVE", "makers")
    assert together.lower is None and together.value == pytest.approx(np.mean(STRONG))
    assert "over 6 models of 1 maker," in together.sentence
    assert "one maker, anthropic: no statement beyond its models" in together.sentence


def test_each_maker_counts_once_and_a_given_maker_takes_the_place_of_the_name() -> None:
    models = ("openai/gpt-1", "openai/gpt-2", "openrouter/anthropic/claude-9", "lab/new")
    verdicts = [member(model, value) for model, value in zip(models, (0.6, 0.4, 0.7, 0.9), strict=True)]
    (by_name,) = pool_verdicts(verdicts)
    assert "4 models of 3 makers" in by_name.sentence
    assert by_name.value == pytest.approx((0.5 + 0.7 + 0.9) / 3)
    (given_maker,) = pool_verdicts(verdicts, {"lab/new": "openai"})
    assert given_maker.value == pytest.approx(((0.6 + 0.4 + 0.9) / 3 + 0.7) / 2)
    assert "4 models of 2 makers" in given_maker.sentence
