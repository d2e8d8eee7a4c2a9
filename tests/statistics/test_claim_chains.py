"""One error for all that speaks against several claims."""

from __future__ import annotations

import math

import numpy as np
import pytest

from advocate_evals.statistics.claim_chains import adjust_chains
from advocate_evals.statistics.dose_response import holm_adjust


def test_chains_of_a_single_hypothesis_are_corrected_as_holm_does() -> None:
    p_values = (0.03, 0.001, 0.2, math.nan, 0.03, 0.0)
    assert [p for (p,) in adjust_chains([(p,) for p in p_values])] == pytest.approx(holm_adjust(p_values).p)


def test_the_second_of_a_chain_waits_for_the_first_and_the_chain_counts_until_its_last() -> None:
    first, second = adjust_chains([(0.001, 0.01), (0.03, 0.5)])
    assert first == pytest.approx((0.002, 0.02)), "both count while either is open"
    assert second == pytest.approx((0.03, 0.5)), "the first chain is through"
    assert adjust_chains([(0.04, 0.0)]) == ((0.04, 0.04),), "never below the one before it"
    assert adjust_chains([]) == ()


@pytest.mark.parametrize("at_delta", [1, 4])
def test_any_wrong_word_among_eight_claims_has_the_error_of_one(at_delta: int) -> None:
    """Independent estimates with error 1 and δ = 2: some truths at δ, where REFUTED is wrong, the others at 0."""
    from scipy.stats import norm

    truths = np.where(np.arange(8) < at_delta, 2.0, 0.0)
    estimates = np.random.default_rng(1).normal(truths, 1.0, (800, 8))
    p_refuted, p_reversed = norm.cdf(estimates - 2.0), norm.cdf(estimates)
    wrong_alone = ((p_reversed <= 0.05) | ((p_refuted <= 0.05) & (truths == 2.0))).any(axis=1).mean()
    wrong = 0
    for refuted, reverse in zip(p_refuted, p_reversed, strict=True):
        adjusted = adjust_chains(list(zip(refuted, reverse, strict=True)))
        wrong += any(
            pair[1] <= 0.05 or (truth == 2.0 and pair[0] <= 0.05) for pair, truth in zip(adjusted, truths, strict=True)
        )
    assert wrong_alone > 0.25, "each at 5 % by itself"
    assert wrong / 800 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 800)
