"""One effect over several models."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from advocate_evals.statistics.meta_analysis import pool_effects

EFFECTS, ERRORS = [0.31, 0.12, 0.25, 0.02, 0.18], [0.05, 0.06, 0.04, 0.07, 0.05]


def test_the_plain_mean_is_the_t_test_over_models() -> None:
    pooled = pool_effects(EFFECTS, ERRORS)
    test = stats.ttest_1samp(EFFECTS, 0, alternative="greater")
    low, high = stats.ttest_1samp(EFFECTS, 0).confidence_interval(0.95)
    assert (pooled.plain.lower, pooled.plain.upper) == pytest.approx((low, high))
    assert pooled.p_above == pytest.approx(float(test.pvalue))
    assert pooled.p_below == pytest.approx(1 - float(test.pvalue))


def test_the_weighted_mean_is_that_of_statsmodels() -> None:
    pooled = pool_effects(EFFECTS, ERRORS)
    with pytest.warns(UserWarning, match="nobs"):  # about the intervals of the single models
        table = combine_effects(np.array(EFFECTS), np.square(ERRORS), method_re="iterated", use_t=True).summary_frame()
    row = table.loc["random effect wls"]
    assert (pooled.weighted.estimate, pooled.weighted.lower, pooled.weighted.upper) == pytest.approx(
        (row["eff"], row["ci_low"], row["ci_upp"]), abs=1e-6
    )


def test_heterogeneity_by_hand() -> None:
    pooled = pool_effects(EFFECTS, ERRORS)
    weights = 1 / np.square(ERRORS)
    mean = weights @ EFFECTS / weights.sum()
    q = float(weights @ (np.array(EFFECTS) - mean) ** 2)
    assert pooled.p_homogeneity == pytest.approx(float(stats.chi2.sf(q, 4)))
    assert pooled.i_squared == pytest.approx(1 - 4 / q)
    generalised = 1 / (np.square(ERRORS) + pooled.tau**2)  # Paule and Mandel: Q is then K less 1
    centre = generalised @ EFFECTS / generalised.sum()
    assert float(generalised @ (np.array(EFFECTS) - centre) ** 2) == pytest.approx(4, abs=1e-4)
    reach = stats.t.ppf(0.975, 3) * math.sqrt(pooled.tau**2 + 1 / generalised.sum())
    assert pooled.prediction.upper - pooled.prediction.estimate == pytest.approx(reach)


def test_models_that_happen_to_agree_are_not_taken_as_certain() -> None:
    pooled = pool_effects([0.1, 0.1, 0.1, 0.1], [0.05] * 4)
    assert pooled.tau == 0.0
    assert pooled.weighted.lower == pytest.approx(0.1 - stats.t.ppf(0.975, 3) * 0.025)
    assert pooled.plain.lower < 0.1 < pooled.plain.upper


def test_one_model_and_none() -> None:
    assert pool_effects([0.2, math.nan], [0.1, math.nan]).insufficient == "one model: models cannot be compared"
    assert pool_effects([0.2], [0.1]).plain.estimate == 0.2
    assert pool_effects([], []).insufficient == "no model with an estimate"
    assert pool_effects([0.2, 0.3], [0.1, 0.1]).prediction.upper == math.inf


def test_what_cannot_be_pooled_is_refused() -> None:
    with pytest.raises(ValueError, match="as many errors"):
        pool_effects([0.1], [0.1, 0.2])
    with pytest.raises(ValueError, match="above 0"):
        pool_effects([0.1, 0.2], [0.1, 0.0])
