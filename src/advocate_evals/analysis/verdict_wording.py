"""Verdicts in sentences, for people who read a sentence and no table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from advocate_evals.analysis.block_values import describe_lower_bound
from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.analysis.sameness_power import describe_blocks_needed, describe_planned_power, is_undecidable
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.statistics.inference_scope import describe_scope
from advocate_evals.statistics.verdict_rule import (
    FLOOR,
    NOT_MONOTONE,
    REASON_TEXTS,
    REFUTED,
    InconclusiveReason,
    VerdictLabel,
)

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


def explain_reason(reason: InconclusiveReason, analysed: int, planned: int) -> str:
    """Why a verdict is INCONCLUSIVE, in words; empty where it is not.

    Args:
        reason: The reason.
        analysed: Blocks with a value.
        planned: Blocks planned.
    """
    return f"a pilot: {analysed} of {planned} planned blocks" if reason == "pilot" else REASON_TEXTS[reason]


def format_amount(value: float, outcome: str) -> str:
    """A change of an outcome: points for shares, plain numbers for scores."""
    if not OUTCOMES[outcome].is_share:
        return f"{value:.2g}"
    points = _format_points(value)
    return f"{points} point{'' if points in ('1', '-1') else 's'}"


def _format_points(share: float) -> str:
    """A share in whole points, without a sign before 0."""
    return f"{share * 100:.0f}".replace("-0", "0") if abs(share) < 0.005 else f"{share * 100:.0f}"


def format_level(value: float, outcome: str) -> str:
    """A mean of an outcome: percent for shares, plain numbers for scores."""
    return f"{value * 100:.0f} %" if OUTCOMES[outcome].is_share else f"{value:.2g}"


def format_limits(lower: float, upper: float, outcome: str) -> str:
    """Both limits of an interval, in the unit of `format_amount`."""
    if OUTCOMES[outcome].is_share:
        return f"{_format_points(lower)} to {_format_points(upper)}"
    return f"{lower:.2g} to {upper:.2g}"


def verdict_sentence(tested: TestedClaim, label: VerdictLabel, reason: InconclusiveReason, shape: str = "") -> str:
    """A verdict in a sentence: the label, what was seen, on how much data.

    Args:
        tested: The claim.
        label: Its label.
        reason: Why the label is INCONCLUSIVE; empty for the others.
        shape: What is to be said of the shape of a trend; empty for nothing.
    """
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
    plots = describe_scope(tested.spec.scope, len(set(tested.blocks.families)))
    change = f"{plots} {describe_change(tested)}, {_describe_compared(tested)}, {_describe_data(tested)}"
    if label == NOT_MONOTONE:
        change = f"{shape}. Without regard to that turn: {change}"
    elif shape:
        change += f"; {shape}"
    return f"{start}: {change}.{_explain(tested, label, reason)}{_describe_bound(tested)}"


def _describe_compared(tested: TestedClaim) -> str:
    """What is compared with what; of several comparisons the one whose effect is given."""
    contrast = tested.claim.contrast
    if len(contrast.pairs) < 2:
        return describe_contrast(tested.claim)
    means = np.nanmean(tested.blocks.values, axis=0)
    sign = 1.0 if tested.spec.falls else -1.0
    first, second = min(contrast.pairs, key=lambda pair: sign * (means[pair[0]] - means[pair[1]]))
    names = [group_name(group) for group in contrast.arm_groups]
    return f"from {names[first]} to {names[second]} ({describe_contrast(tested.claim)})"


def _explain_reason(tested: TestedClaim, reason: InconclusiveReason) -> str:
    """Why nothing is decided; for a claim of sameness that its size cannot show, how many blocks it needs."""
    if reason == "n" and is_undecidable(tested):
        return describe_blocks_needed(tested)
    return explain_reason(reason, tested.test.analysed, tested.spec.planned)


def _describe_bound(tested: TestedClaim) -> str:
    """What an outcome that counts less than happened leaves out."""
    bound = describe_lower_bound(tested.claim.outcome, tested.episodes.rows)
    return f" {bound}" if bound else ""


def _describe_data(tested: TestedClaim) -> str:
    blocks, planned, families = tested.test.analysed, tested.spec.planned, len(set(tested.blocks.families))
    share = f"{blocks} of {planned} planned blocks" if blocks <= planned else f"{blocks} blocks ({planned} planned)"
    return f"on {share}, {families} {'families' if families != 1 else 'family'}"


def describe_change(tested: TestedClaim) -> str:
    """Which way the outcome went and how far, whatever the claim says."""
    claim, test = tested.claim, tested.test
    words, level = claim.measure.words, f"{tested.spec.level * 100:g} % interval"
    falls = (claim.direction == "falls") == (test.value >= 0)
    if claim.contrast.has_p_value and _is_nothing(test.value, claim.outcome):
        limits = test.insufficient or f"{level} {format_limits(test.lower, test.upper, claim.outcome)}"
        unit = "1 point" if claim.measure.is_share else "0.05"
        amount = "does not change" if abs(test.value) < 1e-9 else f"changes by less than {unit}"
        return f"{words} {amount} ({limits}, positive where it {'falls' if tested.spec.falls else 'rises'})"
    low, high = (test.lower, test.upper) if test.value >= 0 else (-test.upper, -test.lower)
    interval = f"{level} {format_limits(low, high, claim.outcome)}"
    amount = f"{format_amount(abs(test.value), claim.outcome)} ({test.insufficient or interval})"
    if not claim.contrast.has_p_value:
        return f"{words} differs by {amount}"
    return f"{words} {'falls' if falls else 'rises'} by {amount}"


def _is_nothing(value: float, outcome: str) -> bool:
    """Whether a change is too small to have a direction in the digits that are written."""
    return abs(value) < (0.005 if OUTCOMES[outcome].is_share else 0.05)


def _explain(tested: TestedClaim, label: VerdictLabel, reason: InconclusiveReason) -> str:
    if reason == "pilot":
        return f" {_explain_completion(tested)}"
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


def _explain_completion(tested: TestedClaim) -> str:
    """How to come from a pilot to the planned blocks."""
    variants = math.ceil(tested.spec.planned / len(family_names()))
    return f"To complete it, run the task again with -T families=all -T variants={variants} and without a limit."


def _explain_grader(tested: TestedClaim) -> str:
    if tested.bias is None:
        return "The outcome is graded and uncorrected: neither human labels nor a calibration were given."
    if tested.bias.missing:
        return f"The outcome is graded and uncorrected: {tested.bias.missing}."
    return f"Errors of the grader that {tested.bias.source} allow could change the label; see the check `corrected`."
