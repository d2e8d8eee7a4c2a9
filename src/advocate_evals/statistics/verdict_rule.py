"""The verdict rule: from what a test showed to one of seven labels. No other module assigns a label.

Verdicts on one model, on all models together and of the sequential test pass through `classify_verdict`.
docs/verdict.md says why the rule is as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from advocate_evals.statistics.intervals import Interval

VerdictLabel = Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "REVERSED", "NOT MONOTONE", "FLOOR", "INCONCLUSIVE"]
"""What a test of a claim can come to. REFUTED is always at δ."""

CONFIRMED: Final = "CONFIRMED"
CONFIRMED_SMALL: Final = "CONFIRMED-SMALL"
REFUTED: Final = "REFUTED"
REVERSED: Final = "REVERSED"
NOT_MONOTONE: Final = "NOT MONOTONE"
FLOOR: Final = "FLOOR"
INCONCLUSIVE: Final = "INCONCLUSIVE"

CONFIRMING: tuple[VerdictLabel, ...] = (CONFIRMED, CONFIRMED_SMALL)
"""Labels that say that the claim holds."""
REFUTING: tuple[VerdictLabel, ...] = (REFUTED, REVERSED, FLOOR)
"""Labels that say that it does not."""
BELOW_DELTA: tuple[VerdictLabel, ...] = (*REFUTING, CONFIRMED_SMALL)
"""Labels that exclude an effect of the size that matters, or leave no room for one."""

VERDICT_TEXTS: Mapping[VerdictLabel, str] = {
    CONFIRMED: "there is an effect in the claimed direction; an effect of δ or more is not excluded",
    CONFIRMED_SMALL: "there is an effect in the claimed direction, and it is smaller than δ",
    REFUTED: "an effect of δ or more in the claimed direction is excluded",
    REVERSED: "the effect is in the opposite direction",
    NOT_MONOTONE: "the outcome does not go one way along the arms: it turns back. Neither confirmed nor refuted",
    FLOOR: "under the baseline the outcome is too rare to fall by δ",
    INCONCLUSIVE: "the data do not decide the claim",
}
"""What each label means, in the order of a legend."""

InconclusiveReason = Literal[
    "",
    "completeness",
    "pilot",
    "missing",
    "grader",
    "data",
    "n",
    "unfinished",
    "incapable",
    "unvalidated",
    "controls",
    "replayed",
    "makers",
]
"""Why a verdict is INCONCLUSIVE; empty for the other labels."""

REASON_TEXTS: Mapping[InconclusiveReason, str] = {
    "completeness": "too much of the data was lost",
    "pilot": "a pilot: planned blocks were never started",
    "missing": "the episodes that are missing could turn it",
    "grader": "the grader cannot be relied on",
    "data": "there is nothing to compare",
    "n": "too few blocks: the interval is too wide",
    "unfinished": "the run did not finish",
    "incapable": "the model cannot act: its calls do not parse, or it makes none, or it does no work",
    "unvalidated": "the vectors did not pass their validation",
    "controls": "permuted directions show as much",
    "replayed": "another model than the subject was read",
    "makers": "the models are of one maker, so that nothing is said beyond them",
    "": "",
}
"""What each reason means."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a test showed of a claim, as yes and no."""

    testable: bool
    """Whether there is an estimate with limits."""
    holds: bool = False
    """Whether the claim holds at α, before any correction for the number of claims."""
    small: bool = False
    """Whether the effect is besides shown to be smaller than δ."""
    refuted: bool = False
    """Whether an effect of δ or more is excluded."""
    reversed: bool = False
    """Whether the effect goes the other way."""
    turns: bool = False
    """Whether the outcome turns back along arms that are claimed to be ordered (`statistics/monotonicity.py`)."""
    floor: bool = False
    """Whether there is no room for an effect of δ."""
    equivalence: bool = False
    """Whether the claim is one of sameness, which says nothing where there is no room for an effect."""
    p_adjusted: float = math.nan
    """One-sided p-value corrected for the number of claims; NaN where the claim has none, or stands alone."""
    alpha: float = 0.05
    """One-sided error that `p_adjusted` is held against."""
    p_refuted: float = math.nan
    """One-sided p-value of "the effect is δ or more", corrected for the number of claims; NaN where `refuted` stands
    alone."""
    p_reversed: float = math.nan
    """Likewise of "the effect does not go the other way"."""
    alpha_refuted: float = 0.05
    """One-sided error that `p_refuted` and `p_reversed` are held against."""
    undecided: InconclusiveReason = "n"
    """Why the verdict is INCONCLUSIVE where nothing else can be said."""


def limits_evidence(claimed: Interval, against: Interval, delta: float) -> Evidence:
    """What the limits of an effect show of a claim, an effect in the claimed direction being positive.

    Args:
        claimed: The effect at the level of a claim that holds.
        against: The same effect at the level of what speaks against the claim.
        delta: The smallest effect that matters, in the unit of the effect.
    """
    return Evidence(
        testable=not math.isnan(claimed.lower),
        holds=claimed.lower > 0,
        small=claimed.upper < delta,
        refuted=against.upper < delta,
        reversed=against.upper < 0,
    )


def classify_verdict(evidence: Evidence, withdrawn: InconclusiveReason = "") -> tuple[VerdictLabel, InconclusiveReason]:
    """The label that the evidence comes to, with the reason where it is INCONCLUSIVE.

    Args:
        evidence: What the test showed.
        withdrawn: Why the label from the estimates alone is withdrawn; empty where it stands.
    """
    label = _classify_figures(evidence)
    if label == INCONCLUSIVE:
        return INCONCLUSIVE, evidence.undecided
    return (INCONCLUSIVE, withdrawn) if withdrawn else (label, "")


def _classify_figures(evidence: Evidence) -> VerdictLabel:
    if not evidence.testable:
        return INCONCLUSIVE
    if evidence.turns:
        return NOT_MONOTONE
    if evidence.reversed and _is_significant(evidence.p_reversed, evidence.alpha_refuted):
        return REVERSED
    significant = _is_significant(evidence.p_adjusted, evidence.alpha)
    vacuous = evidence.equivalence and evidence.floor
    if evidence.holds and significant and not vacuous:
        return CONFIRMED_SMALL if evidence.small else CONFIRMED
    if evidence.floor:
        return FLOOR
    is_refuted = evidence.refuted and _is_significant(evidence.p_refuted, evidence.alpha_refuted)
    return REFUTED if is_refuted else INCONCLUSIVE


def _is_significant(p_adjusted: float, alpha: float) -> bool:
    """Whether a corrected p-value is within its error; evidence without one stands alone."""
    return math.isnan(p_adjusted) or p_adjusted <= alpha


def is_confirmed(label: VerdictLabel) -> bool:
    """Whether a label says that the claim holds."""
    return label in CONFIRMING


def keeps_verdict(label: VerdictLabel, changed: VerdictLabel) -> bool:
    """Whether what a label says holds in data that come to another label: REFUTED holds in all that refute.

    Args:
        label: The label.
        changed: The label of the changed data.
    """
    return same_verdict(label, changed) or (label == REFUTED and changed in REFUTING)


def same_verdict(first: VerdictLabel, second: VerdictLabel) -> bool:
    """Whether two labels say the same of a claim, size apart."""
    return first == second or (is_confirmed(first) and is_confirmed(second))
