"""Error rates of verdicts over many models and claims, before and after; every figure is simulated.

`python benchmarks/many_models.py [RUNS]` prints the tables of docs/statistics.md on pools, makers, what speaks against
several claims, and blocks that are added. About a minute for each hundred runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from advocate_evals.analysis.block_values import BlockValues
from advocate_evals.analysis.claim_tests import TestResult, run_test
from advocate_evals.analysis.findings import Verdict
from advocate_evals.analysis.pooled_verdicts import pool_verdicts
from advocate_evals.predictions.claim_spec import TestSpec
from advocate_evals.predictions.contrasts import TrendContrast
from advocate_evals.statistics.claim_chains import adjust_chains
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.meta_analysis import pool_effects
from advocate_evals.statistics.risk_difference import as_block_table, difference_limits, sum_units
from advocate_evals.statistics.verdict_rule import classify_verdict, is_confirmed, keeps_verdict, limits_evidence

ARMS, FAMILIES, BLOCKS = 4, 8, 104
CONTRAST = TrendContrast(kind="trend", along=("none", "engineer", "welfare_lead", "review_board"))
SPEC = TestSpec(falls=True, delta=0.1, alpha=0.025, alpha_refuted=0.05, method="t", missing=0.1, planned=BLOCKS)


def make_blocks(acts: Array) -> BlockValues:
    """A table of blocks × arms, as an analysis builds it; NaN where an episode is lost."""
    names = tuple(f"block-{number:04d}" for number in range(len(acts)))
    families = tuple(f"family-{number % FAMILIES}" for number in range(len(acts)))
    lost = np.isnan(acts)
    lowest, highest = np.where(lost, 0.0, acts), np.where(lost, 1.0, acts)
    sizes, started = (~lost).astype(float), np.ones_like(acts)
    return BlockValues(acts, sizes, started, lowest, highest, lost.astype(float), names, families, 1.0)


def judge_model(acts: Array) -> tuple[TestResult, bool]:
    """The test of one model, and whether its own verdict is withdrawn for missing data."""
    blocks = make_blocks(acts)
    test = run_test(CONTRAST, blocks, SPEC)
    label, _ = classify_verdict(test.evidence)
    is_incomplete = test.analysed < 0.9 * BLOCKS
    falls = CONTRAST.group_weights()[0] > 0
    fillings = [run_test(CONTRAST, blocks.fill_missing(side.astype(float)), SPEC) for side in (falls, ~falls)]
    could_turn = any(not keeps_verdict(label, classify_verdict(case.evidence)[0]) for case in fillings)
    return test, is_incomplete or could_turn


def write_verdict(model: str, test: TestResult, unsettled: bool) -> Verdict:
    """The verdict on a model as a pool reads it."""
    label, reason = classify_verdict(test.evidence, "completeness" if unsettled else "")
    return Verdict(
        prediction="harm_falls",
        file="simulated",
        title="harm falls",
        claim="harm falls",
        model=model,
        standin=False,
        task="death_ground",
        outcome="harm",
        source="rule",
        kind="trend",
        contrast="from none to review board",
        label=label,
        reason=reason,
        sentence="",
        value=test.value,
        lower=test.lower,
        upper=test.upper,
        alpha=SPEC.alpha,
        delta=SPEC.delta,
        registered=True,
        planned=BLOCKS,
        started=BLOCKS,
        analysed=test.analysed,
        reach=1.2,
    )


def simulate_pools(runs: int, models: int = 8, lost: float = 0.08, rate: float = 0.4) -> None:
    """Null models that lose episodes of the board arm: pooled CONFIRMED with and without those that are undecided."""
    generator = np.random.default_rng(14)
    counts = {"before": 0, "after": 0, "after, by the figures alone": 0}
    pools, members = 0, 0
    for _ in range(runs):
        verdicts = []
        for number in range(models):
            acts = (generator.random((BLOCKS, ARMS)) < rate).astype(float)
            acts[generator.random(BLOCKS) < lost, -1] = np.nan
            verdicts.append(write_verdict(f"maker-{number}/model", *judge_model(acts)))
        fit = [verdict for verdict in verdicts if verdict.reason != "completeness"]
        members += len(fit)
        if len(fit) > 1:
            pools += 1
            effect = pool_effects([verdict.value or 0.0 for verdict in fit], [0.1] * len(fit))
            counts["before"] += is_confirmed(classify_verdict(limits_evidence(effect.plain, effect.plain, 0.1))[0])
        (pooled,) = pool_verdicts(verdicts)
        by_figures = next((check.label for check in pooled.checks if check.key == "figures"), pooled.label)
        counts["after"] += is_confirmed(pooled.label)
        counts["after, by the figures alone"] += by_figures is not None and is_confirmed(by_figures)
    print(f"pool of {models} null models, {lost:.0%} of the board's episodes lost, {runs} runs, nominal 2.5 %")
    print(f"  before: {members / runs:.1f} of {models} models in the pool, a pool in {pools / runs:.0%} of runs")
    for name, count in counts.items():
        print(f"  CONFIRMED {name}: {100 * count / runs:.1f} %")


def simulate_makers(runs: int, sizes: Sequence[int], deviation: float = 0.1, own: float = 0.03) -> None:
    """Coverage of 0 by 95 % intervals with makers or models as units."""
    generator = np.random.default_rng(15)
    makers = [str(maker) for maker, size in enumerate(sizes) for _ in range(size)]
    covered = {"models": 0, "makers": 0}
    for _ in range(runs):
        by_maker = generator.normal(0, deviation, len(sizes))
        estimates = by_maker[[int(maker) for maker in makers]] + generator.normal(0, own, len(makers))
        for unit, groups in (("models", ()), ("makers", makers)):
            plain = pool_effects(estimates.tolist(), [own] * len(makers), 0.95, groups).plain
            covered[unit] += plain.lower <= 0 <= plain.upper
    shares = ", ".join(f"{unit} as units {100 * count / runs:.1f} %" for unit, count in covered.items())
    print(f"makers of {', '.join(map(str, sizes))} models, SD {deviation:g} between, {own:g} within: {shares}")


def simulate_against(runs: int, claims: int, at_delta: int) -> None:
    """Chance of any wrong REFUTED or REVERSED over claims or models whose truth is δ (some) or 0 (the others)."""
    generator = np.random.default_rng(16)
    truths = np.where(np.arange(claims) < at_delta, SPEC.delta, 0.0)
    wrong_alone = wrong = 0
    for _ in range(runs):
        chains = []
        for truth in truths:
            rates = 0.4 + truth * np.array([1 / 2, 1 / 6, -1 / 6, -1 / 2])
            acts = (generator.random((BLOCKS, ARMS)) < rates).astype(float)
            evidence = run_test(CONTRAST, make_blocks(acts), SPEC).evidence
            chains.append((evidence.p_refuted, evidence.p_reversed))
        wrong_alone += _has_wrong_word(chains, truths)
        wrong += _has_wrong_word(adjust_chains(chains), truths)
    print(
        f"{claims} claims or models, {at_delta} with a truth of δ, the others 0: any wrong word in "
        f"{100 * wrong_alone / runs:.1f} % of runs before, {100 * wrong / runs:.1f} % after"
    )


def _has_wrong_word(chains: Sequence[Sequence[float]], truths: Array) -> bool:
    alpha = SPEC.alpha_refuted
    return any(
        chain[1] <= alpha or (truth > 0 and chain[0] <= alpha) for chain, truth in zip(chains, truths, strict=True)
    )


def simulate_additions(runs: int, rate: float = 0.4, step: int = 26, most: int = 208) -> None:
    """A null effect to which blocks are added until it is confirmed, against the planned blocks alone."""
    generator = np.random.default_rng(17)
    acts = (generator.random((runs, most, 2)) < rate).astype(float)
    confirmed = {
        blocks: difference_limits(sum_units(as_block_table(acts[:, :blocks]), (0, 1)), SPEC.alpha)[0] > 0
        for blocks in range(BLOCKS, most + 1, step)
    }
    added = np.any(list(confirmed.values()), axis=0).mean()
    print(
        f"blocks added by {step} until CONFIRMED, {BLOCKS} planned, {most} at most, {runs} runs: "
        f"{100 * added:.1f} %; the planned blocks alone {100 * confirmed[BLOCKS].mean():.1f} %"
    )


if __name__ == "__main__":
    number = int(sys.argv[1]) if sys.argv[1:] else 200
    simulate_additions(40 * number)
    for maker_sizes in ((3, 3, 2, 2), (3, 3, 3), (3, 2, 2)):
        simulate_makers(10 * number, maker_sizes)
    for count_at_delta in (8, 4, 1, 0):
        simulate_against(number, 8, count_at_delta)
    simulate_pools(number)
