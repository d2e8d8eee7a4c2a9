"""Verdicts in sentences, for people who read a sentence and no table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from advocate_evals.analysis.block_values import describe_lower_bound
from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.analysis.sameness_power import describe_blocks_needed, describe_planned_power, is_undecidable
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim
from advocate_evals.statistics.verdict_rule import FLOOR, REASON_TEXTS, REFUTED, InconclusiveReason, VerdictLabel

_READING_TEXTS: Mapping[InconclusiveReason, str] = {
    "unvalidated": "The vectors did not pass their validation, so nothing is known of what they measure.",
    "controls": "It is not shown that the effect is larger than that of each permuted copy; see the check `permuted`.",
    "replayed": "Another model read the transcript: this is what the text does to that model, no state of the subject.",
}
"""What a verdict on vectors inside a model must say, by the reason why it is INCONCLUSIVE."""


def group_name(arms: Sequence[str]) -> str:
    """A group of arms as a sentence calls it."""
    return " and ".join(arm.replace("_", " ") for arm in arms)


def describe_contrast(claim: Claim) -> str:
    """What is compared with what, in words."""
    return claim.contrast.describe([group_name(group) for group in claim.contrast.arm_groups])


def format_amount(value: float, outcome: str) -> str:
    """A change of an outcome: points for shares, plain numbers for scores."""
    return f"{value * 100:.0f} points" if OUTCOMES[outcome].is_share else f"{value:.2g}"


def format_limits(lower: float, upper: float, outcome: str) -> str:
    """Both limits of an interval, in the unit of `format_amount`."""
    if OUTCOMES[outcome].is_share:
        return f"{lower * 100:.0f} to {upper * 100:.0f}"
    return f"{lower:.2g} to {upper:.2g}"


def verdict_sentence(tested: TestedClaim, label: VerdictLabel, reason: InconclusiveReason) -> str:
    """A verdict in a sentence: the label, what was seen, on how much data."""
    claim, test = tested.claim, tested.test
    start = f"{label} ({_explain_reason(tested, reason)})" if reason else label
    if label == REFUTED:
        start = f"{REFUTED} at δ = {format_amount(tested.spec.delta, claim.outcome)}"
    if reason == "incapable":
        return f"{start}: {'; '.join(tested.capability.reasons)}."
    if tested.absent_arms:
        plural = "s" if len(tested.absent_arms) > 1 else ""
        return f"{start}: no episode of {claim.task} has the arm{plural} {', '.join(tested.absent_arms)}."
    if not test.analysed or math.isnan(test.value):
        return f"{start}: {test.insufficient or 'no block has a value under every compared arm'}."
    return (
        f"{start}: {claim.measure.words} {_describe_change(tested)}, {describe_contrast(claim)}, "
        f"{_describe_data(tested)}.{_explain(tested, label, reason)}{_describe_bound(tested)}"
    )


def _explain_reason(tested: TestedClaim, reason: InconclusiveReason) -> str:
    """Why nothing is decided; for a claim of sameness that its size cannot show, how many blocks it needs."""
    return describe_blocks_needed(tested) if reason == "n" and is_undecidable(tested) else REASON_TEXTS[reason]


def _describe_bound(tested: TestedClaim) -> str:
    """What an outcome that counts less than happened leaves out."""
    bound = describe_lower_bound(tested.claim.outcome, tested.episodes.rows)
    return f" {bound}" if bound else ""


def _describe_data(tested: TestedClaim) -> str:
    blocks, planned, families = tested.test.analysed, tested.spec.planned, len(set(tested.blocks.families))
    share = f"{blocks} of {planned} planned blocks" if blocks <= planned else f"{blocks} blocks ({planned} planned)"
    return f"on {share}, {families} {'families' if families != 1 else 'family'}"


def _describe_change(tested: TestedClaim) -> str:
    """Which way the outcome went and how far, whatever the claim says."""
    claim, test = tested.claim, tested.test
    is_opposite = test.value < 0
    low, high = (-test.upper, -test.lower) if is_opposite else (test.lower, test.upper)
    interval = f"{tested.spec.level * 100:g} % interval {format_limits(low, high, claim.outcome)}"
    amount = f"{format_amount(abs(test.value), claim.outcome)} ({test.insufficient or interval})"
    if not claim.contrast.has_p_value:
        return f"differs by {amount}"
    falls = (claim.direction == "falls") != is_opposite
    return f"{'falls' if falls else 'rises'} by {amount}"


def _explain(tested: TestedClaim, label: VerdictLabel, reason: InconclusiveReason) -> str:
    if label == FLOOR:
        return " Under the baseline the outcome is too rare to fall by δ, so nothing is refuted."
    if reason == "grader":
        return f" {_explain_grader(tested)}"
    if reason in _READING_TEXTS:
        return f" {_READING_TEXTS[reason]}"
    if reason == "missing":
        count = int(tested.blocks.unknown.sum())
        return (
            f" {count} episodes of begun blocks have no outcome, or a limit ended them before it was seen: they could "
            "change the verdict; see the check `tipping`."
        )
    power = describe_planned_power(tested)
    return f" {power}" if power else ""


def _explain_grader(tested: TestedClaim) -> str:
    if tested.bias is None:
        return "The outcome is graded and uncorrected: neither human labels nor a calibration were given."
    if tested.bias.missing:
        return f"The outcome is graded and uncorrected: {tested.bias.missing}."
    return f"Errors of the grader that {tested.bias.source} allow could change the label; see the check `corrected`."
