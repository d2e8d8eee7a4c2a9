"""REFUTED and REVERSED are corrected over the claims and models of a family, as CONFIRMED is."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from made_up import claims, ladder

from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict

WEAKLY_REFUTED = (0.42, 0.42, 0.42, 0.42, 0.42)


def verdicts_on(*frames: pd.DataFrame, names: tuple[str, ...] = ("harm_falls",)) -> list[Verdict]:
    episodes = latest_comparable_runs(sort_episodes(pd.concat(frames)))[0]
    return list(build_verdicts(run_claim_tests(claims(*names), episodes, None)))


def test_alone_the_label_goes_by_the_limit_and_the_p_value_says_the_same() -> None:
    for seed in range(3):
        (result,) = verdicts_on(ladder(*WEAKLY_REFUTED, model="lab/model-0", seed=seed))
        assert result.p_refuted is not None and result.p_reversed is not None
        assert (result.label in ("REFUTED", "REVERSED")) == (result.p_refuted <= result.alpha_refuted)
        assert (result.label == "REVERSED") == (result.p_reversed <= result.alpha_refuted)


def test_a_refutation_that_stands_alone_may_not_stand_among_six() -> None:
    episodes = latest_comparable_runs(sort_episodes(ladder(*WEAKLY_REFUTED, model="lab/model")))[0]
    (tested,) = run_claim_tests(claims("harm_falls"), episodes, None)
    evidence = replace(tested.test.evidence, holds=False, refuted=True, reversed=False, p_refuted=0.02, p_reversed=0.6)
    tested = replace(tested, test=replace(tested.test, evidence=evidence))
    undecided = replace(tested.test, evidence=replace(evidence, refuted=False, p_refuted=0.3))
    further = [replace(tested, model=f"lab/model-{n}", test=undecided) for n in range(5)]
    (alone,) = build_verdicts([tested])
    together, *_ = build_verdicts([tested, *further])
    assert (alone.label, alone.p_refuted) == ("REFUTED", 0.02)
    assert (together.label, together.reason) == ("INCONCLUSIVE", "n")
    assert together.p_refuted == pytest.approx(0.12)


def test_what_is_plain_stays_plain_among_many() -> None:
    frames = [ladder(0.1, 0.1, 0.3, 0.5, 0.8, model=f"lab/model-{n}", seed=n) for n in range(3)]
    assert {result.label for result in verdicts_on(*frames)} == {"REVERSED"}


def test_scripts_cost_no_model_its_refutation() -> None:
    model = ladder(*WEAKLY_REFUTED, model="lab/model", seed=3)
    scripts = [ladder(*WEAKLY_REFUTED, model=f"standin/{n}", seed=n) for n in range(2)]
    (alone,) = verdicts_on(model)
    among_scripts = next(result for result in verdicts_on(model, *scripts) if not result.standin)
    assert among_scripts.p_refuted == pytest.approx(alone.p_refuted)


def test_a_claim_of_sameness_shares_the_error_against_the_secondary_claims() -> None:
    frame = ladder(0.8, 0.1, 0.3, 0.2, 0.1, model="lab/model")
    names = ("words_alone_do_nothing", "in_that_order")
    (same, _order) = verdicts_on(frame, names=names)
    assert same.label == "REFUTED" and same.p_reversed is None and same.p_adjusted is None
