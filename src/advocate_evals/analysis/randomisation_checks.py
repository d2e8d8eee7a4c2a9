"""Randomisation inference beside a claim: its contrast among those under permuted arms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from advocate_evals.analysis.claim_tests import PValueAdjustment, TestedClaim
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.randomisation_test import RandomisationTest, flip_signs, permute_labels
from advocate_evals.statistics.verdict_rule import REVERSED, VerdictLabel, is_confirmed


def check_randomisation(
    tested: TestedClaim, label: VerdictLabel, adjust: PValueAdjustment
) -> Iterator[RobustnessCheck]:
    """The claim's p-value by permutation of arms within blocks, or of signs over families; none for sameness.

    Of several contrasts that a claim rests on, the largest p-value counts (intersection-union). It says nothing of the
    size of an effect, so it agrees or disagrees only with labels that say that there is one.

    Args:
        tested: The claim on one model.
        label: The label from the estimates alone.
        adjust: The correction of the claim's p-value for the number of claims.
    """
    contrast, spec = tested.claim.contrast, tested.spec
    if not contrast.has_p_value or not tested.test.analysed:
        return
    blocks = tested.blocks if spec.falls else tested.blocks.flipped()
    tests = [_run_test(tested, blocks.values, weights) for weights in contrast.group_weights()]
    weakest = max(tests, key=lambda test: 1.0 if math.isnan(test.p_above) else test.p_above)
    p_below = min(1.0, len(tests) * min(test.p_below for test in tests))
    agrees = None
    if is_confirmed(label):
        adjusted = adjust(replace(tested.test.evidence, p_adjusted=weakest.p_above))
        agrees = adjusted.p_adjusted <= spec.alpha
    elif label == REVERSED:
        agrees = p_below <= spec.alpha_refuted
    yield RobustnessCheck(
        key="randomisation",
        title="signs of the families' effects permuted" if spec.by_family else "arms permuted within blocks",
        value=weakest.estimate * tested.blocks.scale_max,
        p=p_below if label == REVERSED else weakest.p_above,
        agrees=agrees,
        note=_describe_draws(weakest, "families" if spec.by_family else "blocks"),
    )


def _run_test(tested: TestedClaim, values: Array, weights: Array) -> RandomisationTest:
    if not tested.spec.by_family:
        return permute_labels(values, weights)
    effects = values @ weights
    families = np.array(tested.blocks.families)
    means = [effects[(families == name) & ~np.isnan(effects)] for name in sorted(set(tested.blocks.families))]
    return flip_signs(np.array([effect.mean() for effect in means if effect.size]))


def _describe_draws(test: RandomisationTest, units: str) -> str:
    method = f"{test.draws:,} draws from a fixed seed" if test.draws else "all permutations"
    return f"one-sided p {test.p_above:.4f}, uncorrected; {test.blocks} {units}, {method}"
