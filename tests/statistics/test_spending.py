"""Boundaries against published tables and against exact multivariate normal probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from advocate_evals.statistics.alpha_spending import (
    SPENDING_FUNCTIONS,
    SpendingFunction,
    crossing_probabilities,
    spending_boundaries,
    spent_alpha,
)


def equal_times(looks: int) -> tuple[float, ...]:
    return tuple((i + 1) / looks for i in range(looks))


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
        ("obf", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
    ],
)
def test_five_equal_looks_have_the_published_boundaries_of_lan_and_demets(
    spending: SpendingFunction, published: tuple[float, ...]
) -> None:
    """One-sided .025, as printed for a two-sided .05 (Reboussin, DeMets, Kim & Lan 2000)."""
    assert spending_boundaries(equal_times(5), 0.025, spending) == pytest.approx(published, abs=3e-4)


@pytest.mark.parametrize(("looks", "constant"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)])
def test_pocock_s_constants_let_five_percent_through(looks: int, constant: float) -> None:
    """Jennison & Turnbull (2000), table 2.1."""
    crossing = crossing_probabilities(equal_times(looks), [constant] * looks, [-constant] * looks)
    assert sum(crossing.up) + sum(crossing.down) == pytest.approx(0.05, abs=1.5e-4)
    assert crossing.up == pytest.approx(crossing.down, abs=1e-9)


@pytest.mark.parametrize(("looks", "constant"), [(2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)])
def test_o_brien_and_fleming_s_constants_let_five_percent_through(looks: int, constant: float) -> None:
    """Jennison & Turnbull (2000), table 2.3."""
    upper = [constant / math.sqrt(time) for time in equal_times(looks)]
    crossing = crossing_probabilities(equal_times(looks), upper, [-top for top in upper])
    assert sum(crossing.up) + sum(crossing.down) == pytest.approx(0.05, abs=1.5e-4)


@pytest.mark.parametrize("drift", [0.0, 1.5, -2.0])
def test_three_uneven_looks_agree_with_the_multivariate_normal(drift: float) -> None:
    times, upper, lower = (0.2, 0.55, 1.0), (2.4, 2.1, 1.9), (-1.0, -0.2, 1.9)
    crossing = crossing_probabilities(times, upper, lower, drift)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    means = drift * np.sqrt(times)

    def box_probability(looks: int, bottom: tuple[float, ...], top: tuple[float, ...]) -> float:
        box = multivariate_normal(means[:looks], correlation[:looks, :looks])
        return float(box.cdf(np.array(top), lower_limit=np.array(bottom)))

    for look in range(3):
        up = box_probability(look + 1, (*lower[:look], upper[look]), (*upper[:look], np.inf))
        down = box_probability(look + 1, (*lower[:look], -np.inf), (*upper[:look], lower[look]))
        assert crossing.up[look] == pytest.approx(up, abs=2e-5)
        assert crossing.down[look] == pytest.approx(down, abs=2e-5)
    assert sum(crossing.up) + sum(crossing.down) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("spending", SPENDING_FUNCTIONS)
def test_boundaries_spend_just_what_may_be_spent_at_every_look(spending: SpendingFunction) -> None:
    times = (0.04, 0.05, 0.3, 0.31, 0.8, 1.0)
    spent = np.cumsum(crossing_probabilities(times, spending_boundaries(times, 0.05, spending)).up)
    assert spent == pytest.approx([spent_alpha(time, 0.05, spending) for time in times], abs=1e-6)
    assert spent[-1] == pytest.approx(0.05, abs=1e-6)


def test_one_look_is_the_ordinary_test() -> None:
    assert spending_boundaries((1.0,), 0.05) == pytest.approx((norm.isf(0.05),))


def test_later_looks_change_no_earlier_boundary_to_the_bit() -> None:
    times = tuple(i / 26 for i in range(1, 27))
    boundaries = spending_boundaries(times, 0.05)
    assert all(spending_boundaries(times[:k], 0.05) == boundaries[:k] for k in (1, 5, 17))


def test_a_boundary_with_nothing_to_spend_is_out_of_reach() -> None:
    assert spending_boundaries((0.01, 1.0), 0.05, "obf")[0] == 8.0


@pytest.mark.parametrize("times", [(), (0.5, 0.5), (0.6, 0.5), (0.0, 1.0), (0.5, 1.2)])
def test_times_that_do_not_rise_are_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must rise within"):
        spending_boundaries(times, 0.05)


def test_an_unknown_way_of_spending_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'haybittle'.*pocock, obf"):
        spent_alpha(0.5, 0.05, "haybittle")  # type: ignore[arg-type]


def test_as_many_boundaries_as_looks_are_needed() -> None:
    with pytest.raises(ValueError, match="2 looks need as many"):
        crossing_probabilities((0.5, 1.0), [2.0])
