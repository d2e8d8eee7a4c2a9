"""What goes through a mediator, how well it is measured, and what an unmeasured cause would do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import Mediated
from statsmodels.api import GLM, families

from advocate_evals.statistics.mediation import estimate_mediation, fit_logistic, inverse_logit
from advocate_evals.statistics.rater_agreement import single_rating_reliability


def test_the_fit_is_that_of_statsmodels() -> None:
    chance = default_rng(1)
    design = np.column_stack([np.ones(400), chance.normal(size=(400, 3))])
    act = (chance.random(400) < inverse_logit(design @ [-0.5, 1.0, -0.7, 0.0])).astype(float)
    weights = np.vstack([np.ones(400), chance.integers(0, 2, 400)]).astype(float)
    found = fit_logistic(design, act, weights, np.zeros(4), 50)
    for row, weight in zip(found, weights, strict=True):
        theirs = GLM(act, design, family=families.Binomial(), freq_weights=weight).fit().params
        assert row == pytest.approx(theirs, abs=0.002)  # the prior of SD 10 is hardly felt


def test_a_cell_without_an_event_does_not_run_away() -> None:
    design = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20)])
    act = np.where(np.arange(40) < 10, 1.0, 0.0)
    found = fit_logistic(design, act, np.ones((1, 40)), np.zeros(2), 100)
    assert np.isfinite(found).all()
    assert inverse_logit(found.sum()) < 0.01


def test_the_parts_add_up_and_the_total_is_the_difference_of_rates() -> None:
    act, middle, scenario = Mediated().draw(default_rng(2), 150, 2)
    found = estimate_mediation(act, middle, scenario)
    assert found.indirect.estimate + found.direct.estimate == pytest.approx(found.total.estimate)
    assert found.total.estimate == pytest.approx(act[:, -1].mean() - act[:, 0].mean(), abs=0.02)
    assert found.shift.estimate == pytest.approx(middle[:, -1].mean() - middle[:, 0].mean())
    assert found.indirect.upper < 0 < found.slope
    assert found.indirect.clusters == 150 and found.indirect.blocks == 300


def test_leaving_out_one_at_a_time_is_done_in_full() -> None:
    """The quick steps from the whole fit reach what fitting each set by itself reaches."""
    act, middle, scenario = Mediated().draw(default_rng(3), 12, 2)
    found = estimate_mediation(act, middle, scenario)
    rest = [estimate_mediation(act[scenario != k], middle[scenario != k], scenario[scenario != k]) for k in range(12)]
    for name in ("shift", "indirect", "direct", "total"):
        values = np.array([getattr(one, name).estimate for one in rest])
        error = math.sqrt(11 / 12 * float(((values - values.mean()) ** 2).sum()))
        assert getattr(found, name).error == pytest.approx(error, rel=1e-3), name


def test_without_manipulation_it_is_an_association() -> None:
    act, middle, scenario = Mediated().draw(default_rng(4), 30, 2)
    assert estimate_mediation(act, middle, scenario).reading == "associational"
    assert estimate_mediation(act, middle, scenario, manipulated=True).reading == "causal"


def test_the_sensitivity_curve_starts_at_the_effect_and_ends_it_at_the_tipping_point() -> None:
    act, middle, scenario = Mediated().draw(default_rng(5), 200, 2)
    found = estimate_mediation(act, middle, scenario)
    curve = dict(found.sensitivity)
    assert curve[0.0] == pytest.approx(found.indirect.estimate)
    assert sorted(curve.values()) == list(curve.values())  # towards 0, and past it
    below = max(gamma for gamma in curve if gamma < found.tipping)
    above = min(gamma for gamma in curve if gamma > found.tipping)
    assert curve[below] < 0 < curve[above]


def test_the_tipping_point_is_the_strength_of_the_cause_that_made_the_effect() -> None:
    """No effect in truth; all of it comes from a cause of strength 1. The fitted model does not know what makes scenarios
    differ (SD 1, and what the mediator leaves of the cause), so its logits are shorter by 1/√(1 + 0.346 · 1.59)."""
    act, middle, scenario = Mediated(slope=0.0, cause=1.0).draw(default_rng(6), 2000, 2)
    found = estimate_mediation(act, middle, scenario % 25)
    assert found.indirect.upper < 0
    assert found.tipping == pytest.approx(math.sqrt(1 / math.sqrt(1 + 0.346 * 1.59)), abs=0.06)
    assert dict(found.sensitivity)[1.0] == pytest.approx(0.0, abs=0.05)


def test_an_unreliable_mediator_hides_the_effect_until_it_is_corrected() -> None:
    world = Mediated(reliability=0.6)
    act, middle, scenario = world.draw(default_rng(7), 800, 2)
    scenario = scenario % 25  # fewer sets to leave out: only the estimates matter here
    assert estimate_mediation(act, middle, scenario).indirect.estimate > 0.7 * world.indirect()
    assert estimate_mediation(act, middle, scenario, reliability=0.6).indirect.estimate == pytest.approx(
        world.indirect(), abs=0.03
    )
    lost = estimate_mediation(act, middle, scenario, reliability=0.05)
    assert lost.insufficient == "the mediator varies by its error only"


def test_reliability_is_estimated_from_repeated_ratings() -> None:
    chance = default_rng(8)
    ratings = chance.normal(5, 2, (300, 1)) + chance.normal(0, 1, (300, 3))
    found = single_rating_reliability(ratings)
    assert found.estimate == pytest.approx(0.8, abs=0.05)
    assert found.lower < 0.8 < found.upper


def test_a_block_that_lacks_a_mediator_is_left_out_and_an_episode_too() -> None:
    act, middle, scenario = Mediated().draw(default_rng(9), 40, 1)
    middle[0] = math.nan
    act[1, 0] = math.nan
    found = estimate_mediation(act, middle, scenario)
    assert (found.indirect.blocks, found.indirect.dropped) == (39, 1)


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_a_reliability_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="reliability"):
        estimate_mediation(np.zeros((4, 2)), np.zeros((4, 2)), reliability=value)
