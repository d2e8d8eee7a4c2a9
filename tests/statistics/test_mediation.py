"""What goes through a mediator, how well it is measured, and what an unmeasured cause would do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import MediatedWorld
from statsmodels.api import GLM, families

from advocate_evals.statistics.mediation import estimate_mediation, fit_logistic, inverse_logit


def test_the_fit_is_that_of_statsmodels() -> None:
    generator = default_rng(1)
    design = np.column_stack([np.ones(400), generator.normal(size=(400, 3))])
    act = (generator.random(400) < inverse_logit(design @ [-0.5, 1.0, -0.7, 0.0])).astype(float)
    weights = np.vstack([np.ones(400), generator.integers(0, 2, 400)]).astype(float)
    coefficients = fit_logistic(design, act, weights, np.zeros(4), 50)
    for row, weight in zip(coefficients, weights, strict=True):
        reference = GLM(act, design, family=families.Binomial(), freq_weights=weight).fit().params
        assert row == pytest.approx(reference, abs=0.002)  # the prior of SD 10 is hardly felt


def test_a_cell_without_an_event_does_not_run_away() -> None:
    design = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20)])
    act = np.where(np.arange(40) < 10, 1.0, 0.0)
    coefficients = fit_logistic(design, act, np.ones((1, 40)), np.zeros(2), 100)
    assert np.isfinite(coefficients).all()
    assert inverse_logit(coefficients.sum()) < 0.01


def test_the_parts_add_up_and_the_total_is_the_difference_of_rates() -> None:
    act, mediator, scenario = MediatedWorld().draw(default_rng(2), 150, 2)
    result = estimate_mediation(act, mediator, scenario)
    assert result.indirect.estimate + result.direct.estimate == pytest.approx(result.total.estimate)
    assert result.total.estimate == pytest.approx(act[:, -1].mean() - act[:, 0].mean(), abs=0.02)
    assert result.shift.estimate == pytest.approx(mediator[:, -1].mean() - mediator[:, 0].mean())
    assert result.indirect.upper < 0 < result.slope
    assert result.indirect.clusters == 150 and result.indirect.blocks == 300


def test_leaving_out_one_at_a_time_is_done_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick steps from the whole fit reach what fitting each set by itself reaches."""
    monkeypatch.setattr("advocate_evals.statistics.mediation.MIN_ACTS", 1)
    act, mediator, scenario = MediatedWorld().draw(default_rng(3), 12, 2)
    full_result = estimate_mediation(act, mediator, scenario)
    leave_one_out = [
        estimate_mediation(act[scenario != k], mediator[scenario != k], scenario[scenario != k]) for k in range(12)
    ]
    for name in ("shift", "indirect", "direct", "total"):
        values = np.array([getattr(result, name).estimate for result in leave_one_out])
        error = math.sqrt(11 / 12 * float(((values - values.mean()) ** 2).sum()))
        assert getattr(full_result, name).error == pytest.approx(error, rel=1e-3), name


@pytest.mark.parametrize(
    ("acts", "is_enough"), [((20, 4), False), ((4, 20), False), ((36, 20), False), ((20, 5), True)]
)
def test_rare_and_near_certain_acts_are_refused_at_either_end(acts: tuple[int, int], is_enough: bool) -> None:
    """Forty blocks; five acts and five episodes without one are needed under each condition."""
    table = np.column_stack([np.arange(40) < count for count in acts]).astype(float)
    result = estimate_mediation(table, default_rng(4).normal(size=table.shape))
    assert (result.insufficient == "") == is_enough
    assert math.isnan(result.indirect.estimate) != is_enough
    if not is_enough:
        assert "need 5 of each" in result.insufficient


def test_the_sensitivity_curve_starts_at_the_effect_and_ends_it_at_the_tipping_point() -> None:
    act, mediator, scenario = MediatedWorld().draw(default_rng(5), 200, 2)
    result = estimate_mediation(act, mediator, scenario)
    curve = dict(result.sensitivity)
    assert curve[0.0] == pytest.approx(result.indirect.estimate)
    assert sorted(curve.values()) == list(curve.values())  # towards 0, and past it
    below = max(gamma for gamma in curve if gamma < result.tipping)
    above = min(gamma for gamma in curve if gamma > result.tipping)
    assert curve[below] < 0 < curve[above]


def test_the_tipping_point_is_the_strength_of_the_cause_that_made_the_effect() -> None:
    """No true effect; all of it comes from a cause of strength 1.

    The fitted model does not contain the causes of the differences between scenarios (SD 1, and the part of the cause
    that the mediator does not carry), so its logits are smaller by a factor of 1/√(1 + 0.346 · 1.59).
    """
    act, mediator, scenario = MediatedWorld(slope=0.0, cause=1.0).draw(default_rng(6), 2000, 2)
    result = estimate_mediation(act, mediator, scenario % 25)
    assert result.indirect.upper < 0
    assert result.tipping == pytest.approx(math.sqrt(1 / math.sqrt(1 + 0.346 * 1.59)), abs=0.06)
    assert dict(result.sensitivity)[1.0] == pytest.approx(0.0, abs=0.05)


def test_an_unreliable_mediator_hides_the_effect_until_it_is_corrected() -> None:
    world = MediatedWorld(reliability=0.6)
    act, mediator, scenario = world.draw(default_rng(7), 800, 2)
    scenario = scenario % 25  # fewer sets to leave out: only the estimates matter here
    assert estimate_mediation(act, mediator, scenario).indirect.estimate > 0.7 * world.indirect()
    assert estimate_mediation(act, mediator, scenario, reliability=0.6).indirect.estimate == pytest.approx(
        world.indirect(), abs=0.03
    )
    unreliable = estimate_mediation(act, mediator, scenario, reliability=0.05)
    assert unreliable.insufficient == "the mediator varies by its error only"


def test_a_block_that_lacks_a_mediator_is_left_out_and_an_episode_too() -> None:
    act, mediator, scenario = MediatedWorld().draw(default_rng(9), 40, 1)
    mediator[0] = math.nan
    act[1, 0] = math.nan
    result = estimate_mediation(act, mediator, scenario)
    assert (result.indirect.blocks, result.indirect.dropped) == (39, 1)


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_a_reliability_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="reliability"):
        estimate_mediation(np.zeros((4, 2)), np.zeros((4, 2)), reliability=value)
