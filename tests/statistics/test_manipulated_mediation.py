"""Mediation by a mediator that was set: estimands, the order in which they are shown, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from advocate_evals.statistics.manipulated_mediation import ClampTable, estimate_clamp_effects

BLOCKS = 400


def draw_table(
    p: tuple[float, float], twin: tuple[float, float], sham: tuple[float, float] | None = None
) -> ClampTable:
    """Blocks with rates p(0), p(1), p(0, M1), p(1, M0); permuted directions do nothing; all else is as it should be."""
    rng = default_rng(3)

    def acts(rates: tuple[float, float]) -> np.ndarray:
        return (rng.random((BLOCKS, 2)) < rates).astype(float)

    level = np.array([1.0, -1.0])
    return ClampTable(
        natural=acts(p),
        twin=acts(twin),
        sham=acts(sham or p),
        permuted=tuple(acts(p) for _ in range(5)),
        odds=np.clip(np.array([0.1, 0.6]) + rng.normal(0, 0.1, (BLOCKS, 2)), 0, 1),
        activation=level + rng.normal(0, 1, (BLOCKS, 2)),
        activation_twin=-level + rng.normal(0, 1, (BLOCKS, 2)),
    )


HALF = draw_table((0.5, 0.1), (0.3, 0.3))


def passed(table: ClampTable) -> list[bool | None]:
    return [step.passed for step in estimate_clamp_effects(table).steps]


def test_the_estimands_are_differences_of_cells_and_add_up() -> None:
    effects = estimate_clamp_effects(HALF)
    p0, p1 = HALF.natural.mean(axis=0)
    p0_m1, p1_m0 = HALF.twin.mean(axis=0)
    assert effects.total.estimate == pytest.approx(p0 - p1)
    assert effects.pure_indirect.estimate == pytest.approx(p0 - p0_m1)
    assert effects.total_indirect.estimate == pytest.approx(p1_m0 - p1)
    assert effects.direct.estimate == pytest.approx(p0 - p1_m0)
    assert effects.total.estimate == pytest.approx(effects.direct.estimate + effects.total_indirect.estimate)
    assert effects.mean_indirect.estimate == pytest.approx((p0 - p0_m1 + p1_m0 - p1) / 2)
    assert effects.interaction.estimate == pytest.approx((p1_m0 - p1) - (p0 - p0_m1))
    assert effects.mean_indirect.lower < 0.2 < effects.mean_indirect.upper


def test_half_carried_is_shown_in_both_arms_and_not_wholly() -> None:
    assert passed(HALF) == [True] * 6 + [False]
    assert estimate_clamp_effects(HALF).word == "carried in both arms"


def test_what_is_carried_wholly_needs_a_direct_effect_within_delta_and_a_sham_that_does_nothing() -> None:
    wholly = draw_table((0.5, 0.1), (0.1, 0.5))
    assert estimate_clamp_effects(wholly).word == "carried wholly"
    assert estimate_clamp_effects(replace(wholly, sham=None)).word == "carried in both arms"


def test_nothing_carried_is_not_shown() -> None:
    effects = estimate_clamp_effects(draw_table((0.5, 0.1), (0.5, 0.1)))
    assert effects.word == "not shown"
    assert [step.tested for step in effects.steps] == [True] * 4 + [False] * 3


def test_permuted_directions_that_do_as_much_stop_it() -> None:
    copies = (*HALF.permuted[:4], HALF.twin[::-1])  # one of five suffices
    effects = estimate_clamp_effects(replace(HALF, permuted=copies))
    assert effects.steps[3].passed and effects.steps[4].passed is False and effects.word == "not shown"


def test_a_sham_that_moves_the_event_stops_it() -> None:
    effects = estimate_clamp_effects(replace(HALF, sham=draw_table((0.2, 0.1), (0.3, 0.3)).natural))
    assert effects.sham_differs and effects.sham_same is False
    assert effects.steps[3].passed is None and effects.word == "not shown"


@pytest.mark.parametrize("lacking", ["odds", "activation", "activation_twin"])
def test_a_step_that_was_not_measured_stops_it_and_is_said(lacking: str) -> None:
    effects = estimate_clamp_effects(replace(HALF, **{lacking: None}))
    assert effects.word == "not tested"
    assert effects.mean_indirect.lower > 0  # the estimate stands all the same


def test_a_clamp_that_does_not_move_the_activation_stops_it() -> None:
    assert HALF.activation is not None
    effects = estimate_clamp_effects(replace(HALF, activation_twin=HALF.activation + 0.001 * HALF.twin))
    assert effects.steps[1].passed is False and effects.word == "not shown"


def test_tables_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="twin: a table of 400 blocks × 2 arms is needed"):
        estimate_clamp_effects(replace(HALF, twin=HALF.twin[:5]))
    with pytest.raises(ValueError, match="delta"):
        estimate_clamp_effects(HALF, delta=1.5)


def test_missing_cells_are_left_out_and_never_zero() -> None:
    natural = HALF.natural.copy()
    natural[:100, 0] = np.nan
    effects = estimate_clamp_effects(replace(HALF, natural=natural))
    assert effects.total.blocks == 300 and effects.total.dropped == 100
    assert effects.total.estimate == pytest.approx(float(natural[100:, 0].mean() - natural[100:, 1].mean()))
