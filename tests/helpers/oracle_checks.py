"""Calibration checks: coverage, bias and error rates of the statistics on simulated data with a known truth.

`CHECKS` must hold; `CONTROLS` are naive methods that must fail. Each check draws its simulations from a seed of its own
and returns figures with the range they must lie in. The tests run them with few simulations, and
`benchmarks/calibration.py` at full size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from oracle import LAYOUTS, TRUTHS, Grader, MediatedWorld, Spreads, draw_acts, draw_labels, draw_tables

from advocate_evals.statistics.dose_response import contrast_limits, trend_weights
from advocate_evals.statistics.dose_shape import compare_step_slope
from advocate_evals.statistics.grader_quality import count_confusion
from advocate_evals.statistics.intervals import Array, upper_quantile, wilson_limits
from advocate_evals.statistics.mediation import estimate_mediation
from advocate_evals.statistics.meta_analysis import pool_effects
from advocate_evals.statistics.misclassification import corrected_difference_limits, limit_distances
from advocate_evals.statistics.risk_difference import (
    BlockTable,
    as_block_table,
    difference_limits,
    rate_limits,
    sum_units,
)

TAIL = 0.025
WEIGHTS = trend_weights(range(4))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a share over simulations, or a bias."""

    where: str
    value: float
    low: float
    high: float
    sims: int

    def holds(self, errors: float = 0.0) -> bool:
        """Whether it lies in its range, widened by so many standard errors of a share at the end of the range."""
        below, above = (errors * math.sqrt(max(end * (1 - end), 0.0) / self.sims) for end in (self.low, self.high))
        return self.low - below <= self.value <= self.high + above


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the calibration."""

    name: str
    description: str
    full: int
    """Simulations at full size."""
    small: int
    """Simulations in the tests."""
    run: Callable[[int], Iterator[Figure]]


def covered(limits: tuple[Array, Array], truth: float | Array) -> Array:
    """Share of simulations whose limits contain the truth, over the first axis."""
    return np.asarray(((limits[0] <= np.add(truth, 1e-9)) & (limits[1] >= np.subtract(truth, 1e-9))).mean(axis=0))


def worlds(names: tuple[str, ...], least: int, sims: int) -> Iterator[tuple[str, Array, BlockTable]]:
    """Simulated tables of each truth and layout with at least so many scenarios."""
    for name in names:
        for scenarios, seeds in LAYOUTS:
            if scenarios >= least:
                table = draw_tables(default_rng((ord(name[0]), scenarios)), TRUTHS[name], (sims, scenarios, seeds))
                yield f"{name} {scenarios}x{seeds}", np.array(TRUTHS[name]), table


def effect_coverage(sims: int) -> Iterator[Figure]:
    for where, p, table in worlds(("strong", "null", "weak"), 20, sims):
        sums = sum_units(table, range(4))
        value = covered(contrast_limits(sums, WEIGHTS, TAIL), float(p @ WEIGHTS))
        yield Figure(f"{where} trend", float(value), 0.935, 0.970, sims)
        for condition in (1, 2, 3):
            pair = sum_units(table, [0, condition])
            value = covered(difference_limits(pair, TAIL), float(p[0] - p[condition]))
            yield Figure(f"{where} RD 0-{condition}", float(value), 0.935, 0.970, sims)


def rate_coverage(sims: int) -> Iterator[Figure]:
    for where, p, table in worlds(tuple(TRUTHS), 10, sims):
        value = covered(rate_limits(sum_units(table, range(4)), TAIL), p)
        for condition in np.flatnonzero(p >= 0.01):
            yield Figure(f"{where} rate {condition}", float(value[condition]), 0.94, 1.0, sims)


def coverage_at_extremes(sims: int) -> Iterator[Figure]:
    for where, p, table in worlds(("floor", "saturated"), 20, sims):
        sums = sum_units(table, range(4))
        value = covered(contrast_limits(sums, WEIGHTS, TAIL), float(p @ WEIGHTS))
        yield Figure(f"{where} trend", float(value), 0.935, 1.0, sims)
        for condition in (1, 2, 3):
            pair = sum_units(table, [0, condition])
            value = covered(difference_limits(pair, TAIL), float(p[0] - p[condition]))
            yield Figure(f"{where} RD 0-{condition}", float(value), 0.935, 1.0, sims)


def effect_bias(sims: int) -> Iterator[Figure]:
    for where, p, table in worlds(tuple(TRUTHS), 10, sims):
        mean_rates = sum_units(table, range(4)).rates.mean(axis=0)
        noise = 3 * 0.09 / math.sqrt(sims)  # three standard errors of a difference at ten scenarios
        most = max(0.006, noise)
        yield Figure(f"{where} trend", abs(float((mean_rates - p) @ WEIGHTS)), 0.0, most, 10**9)
        for condition in (1, 2, 3):
            bias = abs(float(mean_rates[0] - mean_rates[condition] - p[0] + p[condition]))
            yield Figure(f"{where} RD 0-{condition}", bias, 0.0, most, 10**9)


def false_alarms(sims: int) -> Iterator[Figure]:
    for slope in (0.0, 0.5, 1.0):
        for scenarios, seeds in LAYOUTS:
            table = draw_tables(default_rng(5), TRUTHS["null"], (sims, scenarios, seeds), Spreads(slope=slope))
            lower, _ = contrast_limits(sum_units(table, range(4)), WEIGHTS, 0.05)
            yield Figure(f"slope SD {slope} {scenarios}x{seeds}", float((lower > 0).mean()), 0.035, 0.062, sims)


GRADERS = {
    "FNR10 FPR3": Grader((0.1, 0.1), (0.03, 0.03)),
    "FNR20 FPR10": Grader((0.2, 0.2), (0.10, 0.10)),
    "FPR3 none, FPR10 board": Grader((0.1, 0.1), (0.03, 0.10)),
}


def draw_graded(name: str, truth: str, sims: int) -> tuple[Array, Array]:
    """Acts and verdicts in 300 fresh blocks under the first and the last condition."""
    generator = default_rng((len(name), len(truth)))
    ends = (TRUTHS[truth][0], TRUTHS[truth][-1])
    true = draw_acts(generator, ends, (sims, 300, 1))[:, :, 0, :]
    return true, GRADERS[name].grade(generator, true)


def corrected_differences(sims: int) -> Iterator[Figure]:
    for truth in ("strong", "null"):
        rd = TRUTHS[truth][0] - TRUTHS[truth][-1]
        for name in GRADERS:
            true, verdicts = draw_graded(name, truth, sims)
            for labels, number, balanced in (("50 by verdict", 50, True), ("50 at random", 50, False)):
                human = draw_labels(default_rng(9), true, verdicts, number, balanced)
                sums = sum_units(as_block_table(verdicts), [0, 1])
                ppi_pairs = None if balanced else (verdicts, human)
                distances = limit_distances(sums, count_confusion(verdicts, human), TAIL, ppi_pairs)
                value = float(covered(corrected_difference_limits(sums, distances, (0, 1)), rd))
                bias = abs(float((distances.estimate[:, 0] - distances.estimate[:, 1]).mean()) - rd)
                where = f"{truth}, {name}, {labels}"
                yield Figure(f"{where}: coverage", value, 0.93, 0.985, sims)
                yield Figure(f"{where}: bias", bias, 0.0, max(0.005, 3 * 0.09 / math.sqrt(sims)), 10**9)


def mediation_coverage(sims: int) -> Iterator[Figure]:
    for name, world in (("NIE", MediatedWorld()), ("no NIE", MediatedWorld(slope=0.0))):
        share, bias = _coverage_and_bias(world, sims)
        yield Figure(f"{name}: coverage", share, 0.935, 0.965, sims)
        yield Figure(f"{name}: bias", bias, 0.0, max(0.01, 3 * 0.08 / math.sqrt(sims)), 10**9)


def mediation_with_error(sims: int) -> Iterator[Figure]:
    world = MediatedWorld(reliability=0.7)
    share, bias = _coverage_and_bias(world, sims, 0.7)
    yield Figure("reliability .7, corrected: coverage", share, 0.93, 0.97, sims)
    yield Figure("reliability .7, corrected: bias", bias, 0.0, max(0.015, 3 * 0.09 / math.sqrt(sims)), 10**9)


def _coverage_and_bias(world: MediatedWorld, sims: int, reliability: float = 1.0) -> tuple[float, float]:
    """Coverage of the NIE, and its absolute bias, over the studies that are not refused for too few acts."""
    truth, generator = world.indirect(), default_rng(17)
    hits, estimates = 0, []
    for _ in range(sims):
        act, mediator, scenario = world.draw(generator, 50, 2)
        effect = estimate_mediation(act, mediator, scenario, reliability).indirect
        if not math.isnan(effect.estimate):
            hits += effect.lower <= truth <= effect.upper
            estimates.append(effect.estimate)
    assert len(estimates) > 0.9 * sims, "studies of this size are seldom refused"
    return hits / len(estimates), abs(float(np.mean(estimates)) - truth)


ODDS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95)
SHAPES = {
    "step": (0.4, 0.1, 0.1, 0.1, 0.1, 0.1),
    "slope": tuple(0.4 - 0.35 * odds / 0.95 for odds in ODDS),
    "threshold at 25": (0.4, 0.4, 0.4, 0.1, 0.1, 0.1),
    "threshold at 50": (0.4, 0.4, 0.4, 0.4, 0.1, 0.1),
    "threshold at 75": (0.4, 0.4, 0.4, 0.4, 0.4, 0.1),
    "flat": (0.4,) * 6,
}
"""Rates of harm at the stated odds; a threshold lies after the odds that it is named for."""
_RIGHT_FORMS = {"flat": ("cannot tell",), "slope": ("slope", "slope or threshold")}


def shape_classification(sims: int) -> Iterator[Figure]:
    """A hundred blocks tell a step at 0 from a fall above it; a slope is not called a threshold, nor the reverse."""
    for name, rates in SHAPES.items():
        right, wrong = _classify_shapes(name, rates, 100, sims)
        yield Figure(f"{name}, 100 blocks: called another", wrong, 0.0, 0.05, sims)
        if name in ("step", "slope"):
            yield Figure(f"{name}, 100 blocks: called {name}", right, 0.85, 1.0, sims)
            right, wrong = _classify_shapes(name, rates, 10, sims)
            yield Figure(f"{name}, 10 blocks: called another", wrong, 0.0, 0.05, sims)
            yield Figure(f"{name}, 10 blocks: cannot tell", 1 - right - wrong, 0.6, 1.0, sims)


def _classify_shapes(name: str, p: tuple[float, ...], blocks: int, sims: int) -> tuple[float, float]:
    """Share classified correctly, and classified wrongly; forms that leave it open are neither, but for a flat truth.

    `slope or threshold` counts as right for a slope and leaves a threshold open; for a step it is wrong.
    """
    table = draw_tables(default_rng((blocks, len(name))), p, (sims, blocks, 1))
    forms = [
        compare_step_slope(BlockTable(table.totals[k], table.sizes[k], table.unit_index), ODDS).form
        for k in range(sims)
    ]
    family = name.partition(" ")[0]
    right = sum(form in _RIGHT_FORMS.get(family, (family,)) for form in forms)
    is_open = ("cannot tell", "slope or threshold") if family == "threshold" else ("cannot tell",)
    wrong = sum(form not in (*_RIGHT_FORMS.get(family, (family,)), *is_open) for form in forms)
    return right / sims, wrong / sims


def pooled_models(sims: int) -> Iterator[Figure]:
    """Ten models whose true effects differ by 15 points, around 20."""
    plain = weighted = 0
    for estimates, errors in _draw_models(sims):
        pooled = pool_effects(estimates, errors)
        plain += pooled.plain.lower <= 0.2 <= pooled.plain.upper
        weighted += pooled.weighted.lower <= 0.2 <= pooled.weighted.upper
    yield Figure("plain t", plain / sims, 0.935, 0.97, sims)
    yield Figure("Paule-Mandel, HKSJ", weighted / sims, 0.935, 0.97, sims)


def _draw_models(sims: int) -> Iterator[tuple[list[float], list[float]]]:
    generator = default_rng(12)
    for _ in range(sims):
        errors = np.tile([0.04, 0.06], 5)
        estimates = generator.normal(generator.normal(0.2, 0.15, 10), errors)
        yield estimates.tolist(), (errors * np.sqrt(generator.chisquare(99, 10) / 99)).tolist()


def naive_rate(sims: int) -> Iterator[Figure]:
    sums = sum_units(draw_tables(default_rng(1), TRUTHS["null"], (sims, 10, 10)), [0])
    value = covered(wilson_limits(sums.rates, sums.episodes, upper_quantile(TAIL)), 0.4)
    yield Figure("Wilson over episodes, 10x10, p=.40", float(value[0]), 0.0, 0.82, sims)


def naive_difference(sims: int) -> Iterator[Figure]:
    sums = sum_units(draw_tables(default_rng(2), TRUTHS["strong"], (sims, 10, 10)), [0, 3])
    p, n = sums.rates, sums.episodes
    half = upper_quantile(TAIL) * np.sqrt((p * (1 - p) / n).sum(axis=-1))
    middle = p[:, 0] - p[:, 1]
    value = float(covered((middle - half, middle + half), 0.39))
    yield Figure("Wald over episodes, RD strong 10x10", value, 0.0, 0.80, sims)


def uncorrected_grader(sims: int) -> Iterator[Figure]:
    _, verdicts = draw_graded("FPR3 none, FPR10 board", "null", sims)
    value = float(covered(difference_limits(sum_units(as_block_table(verdicts), [0, 1]), TAIL), 0.0))
    yield Figure("uncorrected, false positives 3 % against 10 %", value, 0.0, 0.85, sims)


def percentile_bootstrap(sims: int) -> Iterator[Figure]:
    generator = default_rng(3)
    table = draw_tables(generator, TRUTHS["null"], (sims, 5, 20))
    scenario = (table.totals / table.sizes) @ WEIGHTS
    weights = generator.multinomial(5, [0.2] * 5, (sims, 999)) / 5
    low = np.quantile(np.einsum("srk,sk->sr", weights, scenario), 0.05, axis=1)
    yield Figure("percentile bootstrap of 5 scenarios, one-sided .05", float((low > 0).mean()), 0.09, 1.0, sims)


def fixed_effect(sims: int) -> Iterator[Figure]:
    hits = 0
    for estimates, errors in _draw_models(sims):
        weights = 1 / np.square(errors)
        mean, half = float(weights @ estimates / weights.sum()), 1.96 / math.sqrt(weights.sum())
        hits += abs(mean - 0.2) <= half
    yield Figure("fixed effect, models differ by 15 points", hits / sims, 0.0, 0.60, sims)


def unmeasured_confounder(sims: int) -> Iterator[Figure]:
    share, _ = _coverage_and_bias(MediatedWorld(slope=0.0, cause=1.0), sims)
    yield Figure("no NIE, unmeasured cause of both", share, 0.0, 0.05, sims)


CHECKS = (
    Check("O1", "coverage of trend and RD; strong, null, weak; 20 scenarios or more", 8000, 400, effect_coverage),
    Check("O2", "coverage of rates, all truths of 1 % or more; 10 scenarios or more", 20_000, 1500, rate_coverage),
    Check(
        "O3", "coverage of trend and RD at floor and saturated; 20 scenarios or more", 2000, 400, coverage_at_extremes
    ),
    Check("O4", "absolute bias of trend and RD", 2000, 400, effect_bias),
    Check("O5", "false alarms of the trend, one-sided .05", 4000, 800, false_alarms),
    Check("O10", "corrected RD: coverage and bias", 4000, 300, corrected_differences),
    Check("O11", "NIE: coverage and bias, 50 scenarios x 2 seeds", 1000, 80, mediation_coverage),
    Check("O11b", "NIE with a mediator of reliability .7, corrected", 1000, 60, mediation_with_error),
    Check("S1", "classification of the shape of a dose response", 400, 15, shape_classification),
    Check("O12", "mean over ten models: coverage", 2000, 300, pooled_models),
)
"""Checks that must hold. Those of the sequential test are in `benchmarks/sequential.py`."""

CONTROLS = (
    Check("N1", "naive Wilson must miss", 4000, 400, naive_rate),
    Check("N2", "naive Wald must miss", 4000, 400, naive_difference),
    Check("N3", "the raw grader must miss", 4000, 300, uncorrected_grader),
    Check("N4", "the percentile bootstrap must give false alarms", 2000, 1500, percentile_bootstrap),
    Check("N5", "fixed-effect pooling must miss", 2000, 300, fixed_effect),
    Check("N6", "mediation with an unmeasured cause must miss", 500, 40, unmeasured_confounder),
)
"""Negative controls: if one of these passed, the checks could not detect a faulty method."""
