"""What differs between the arms of a claim besides its outcome: how episodes ended, and evaluation awareness.

A fall in harm under an arm may be due to episodes that ran out of turns, or to a subject that takes the arm's notice
for the mark of a test. Both are counted by arm and tested over blocks; a difference is said beside the verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_records import ArmBalance
from advocate_evals.analysis.block_values import build_block_values
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim
from advocate_evals.predictions.contrasts import AnyContrast
from advocate_evals.statistics.risk_difference import risk_difference
from advocate_evals.statistics.verdict_rule import INCONCLUSIVE, REVERSED, VerdictLabel, is_confirmed

BALANCE_LEVEL = 0.95
"""Level of the two-sided intervals, for all comparisons of a claim together (Bonferroni)."""
_BALANCE_TEXTS = {
    "judge_evaluation_awareness": "evaluation awareness",
    "limit_reached": "the share of episodes that a limit ended",
}
"""Outcomes that are compared between arms, as a sentence calls them."""


def count_endings(rows: pd.DataFrame, claim: Claim) -> tuple[ArmBalance, ...]:
    """How the episodes of each arm of a claim ended, in the order of the claim.

    Args:
        rows: The episodes of one model that may decide the claim.
        claim: The claim.
    """
    by_arm = dict(iter(rows.groupby("arm", sort=False)))
    return tuple(_count_arm(arm, by_arm[arm], claim.outcome) for arm in claim.contrast.arms if arm in by_arm)


def _count_arm(arm: str, rows: pd.DataFrame, outcome: str) -> ArmBalance:
    is_broken_off = rows["state"].isin(("error", "cancelled", "invalidated"))
    return ArmBalance(
        arm=arm,
        episodes=len(rows),
        errors=int(is_broken_off.sum()),
        unscored=int((rows[outcome].isna() & ~is_broken_off).sum()),
        out_of_turns=_find_share(rows["limit_reached"]),
        refused=_find_share(rows["refused"]),
        aware=_find_share(rows["judge_evaluation_awareness"]),
    )


def _find_share(values: pd.Series) -> float | None:
    return float(values.mean()) if values.notna().any() else None


def describe_imbalance(rows: pd.DataFrame, claim: Claim, label: VerdictLabel) -> tuple[str, ...]:
    """A sentence for each of awareness and endings that differs between arms that the claim compares.

    Args:
        rows: The episodes of one model that may decide the claim.
        claim: The claim.
        label: The verdict's label.
    """
    return tuple(
        sentence
        for outcome in _BALANCE_TEXTS
        if outcome != claim.outcome and rows[outcome].notna().any() and rows[outcome].max() > 0
        for sentence in _compare_arms(rows, claim, outcome, label)
    )


def _compare_arms(rows: pd.DataFrame, claim: Claim, outcome: str, label: VerdictLabel) -> Iterator[str]:
    """The comparison in which an outcome differs most, if it does in any."""
    groups, pairs = claim.contrast.arm_groups, _list_ends(claim.contrast)
    table = build_block_values(rows, outcome, groups).as_table()
    level = 1 - (1 - BALANCE_LEVEL) / len(pairs)
    effects = [(pair, risk_difference(table, *pair, level)) for pair in pairs]
    differing = [
        (pair, effect) for pair, effect in effects if not effect.insufficient and (effect.lower > 0 or effect.upper < 0)
    ]
    if not differing:
        return
    (first, last), effect = max(differing, key=lambda entry: abs(entry[1].estimate))
    start, end = (" and ".join(groups[place]).replace("_", " ") for place in (first, last))
    rises = effect.estimate < 0
    low, high = sorted((abs(effect.lower), abs(effect.upper)))
    name = _BALANCE_TEXTS[outcome]
    yield (
        f"{name[0].upper()}{name[1:]} {'rises' if rises else 'falls'} by {100 * abs(effect.estimate):.0f} points from "
        f"{start} to {end} ({100 * level:g} % interval {100 * low:.0f} to {100 * high:.0f}); "
        f"{_name_consequence(claim, label)}."
    )


def _list_ends(contrast: AnyContrast) -> list[tuple[int, int]]:
    """The groups that each comparison of a claim starts from and goes to: those of the largest and smallest weight."""
    return list(dict.fromkeys((int(np.argmax(row)), int(np.argmin(row))) for row in contrast.group_weights()))


def _name_consequence(claim: Claim, label: VerdictLabel) -> str:
    words = OUTCOMES[claim.outcome].words
    if is_confirmed(label) or label == REVERSED:
        if not claim.contrast.has_p_value:
            return f"that {words} is the same may be due to it"
        falls = (claim.direction == "falls") != (label == REVERSED)
        return f"the {'fall' if falls else 'rise'} in {words} may be due to it"
    return f"it may hide a change in {words}" if label != INCONCLUSIVE else f"a change in {words} may be due to it"
