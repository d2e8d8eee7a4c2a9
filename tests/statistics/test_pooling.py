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


def test_makers_are_the_units_where_models_have_them() -> None:
    pooled = pool_effects(EFFECTS, ERRORS, 0.95, ["a", "a", "b", "c", "c"])
    means = [(0.31 + 0.12) / 2, 0.25, (0.02 + 0.18) / 2]
    low, high = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (pooled.plain.lower, pooled.plain.upper) == pytest.approx((low, high))
    assert pooled.p_above == pytest.approx(float(stats.ttest_1samp(means, 0, alternative="greater").pvalue))
    assert (pooled.models, pooled.makers) == (5, 3)
    alone = pool_effects([0.2, 0.3], [0.1, 0.1], 0.95, ["a", "a"])
    assert alone.insufficient == "one maker, a: no statement beyond its models"
    assert math.isnan(alone.plain.lower) and alone.plain.estimate == pytest.approx(0.25)


@pytest.mark.parametrize("sizes", [(3, 3, 2, 2), (3, 2, 2)])
def test_makers_as_units_cover_where_models_as_units_do_not(sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(3)
    makers = [str(maker) for maker, size in enumerate(sizes) for _ in range(size)]
    places = np.array(makers, dtype=int)
    estimates = generator.normal(0, 0.1, (1200, len(sizes)))[:, places] + generator.normal(0, 0.03, (1200, len(makers)))
    by_maker = np.stack([estimates[:, places == maker].mean(axis=1) for maker in range(len(sizes))], axis=1)

    def coverage(units: np.ndarray) -> float:
        return float((stats.ttest_1samp(units, 0, axis=1).pvalue > 0.05).mean())

    one_run = pool_effects(estimates[0].tolist(), [0.03] * len(makers), 0.95, makers).plain
    assert (one_run.lower <= 0 <= one_run.upper) == (stats.ttest_1samp(by_maker[0], 0).pvalue > 0.05)
    assert 0.93 <= coverage(by_maker) <= 0.97
    assert coverage(estimates) < 0.85, "the negative control"


def test_a_model_without_a_standard_error_counts_in_the_plain_mean() -> None:
    pooled = pool_effects([0.2, 0.4, 0.3], [0.1, math.nan, 0.1])
    assert pooled.models == 3 and pooled.plain.estimate == pytest.approx(0.3)
    assert pooled.weighted.estimate == pytest.approx(0.25)
