"""Numbers and verdicts in plain words, for people who read a sentence and no table."""

from __future__ import annotations

import math

from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.analysis.contrast_tests import AnyContrast, arm_groups
from advocate_evals.analysis.findings import InconclusiveReason, VerdictLabel
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim

_NAMES = {"harm": "harm", "desperation_rated": "rated desperation", "beliefs_perceived_odds": "the perceived chance"}
_REASONS: dict[InconclusiveReason, str] = {
    "completeness": "too much of what was planned is missing",
    "grader": "the grader is not to be relied on",
    "data": "there is nothing to compare",
    "n": "too few blocks to tell",
    "": "",
}


def outcome_name(outcome: str) -> str:
    """An outcome as people say it."""
    return _NAMES.get(outcome, outcome.replace("_", " "))


def arm_group_name(arms: tuple[str, ...] | list[str]) -> str:
    """Arms as people say them."""
    return " and ".join(arm.replace("_", " ") for arm in arms)


def describe_contrast(claim: Claim) -> str:
    """What is compared with what, in words."""
    given: AnyContrast = claim.contrast
    parts = [arm_group_name(list(arms)) for arms in arm_groups(given)]
    if given.kind == "trend":
        return f"fitted change from {parts[0]} to {parts[-1]}, along {', '.join(parts)}"
    if given.kind == "order":
        return f"at the weakest step along {', '.join(parts)}"
    if given.kind == "most":
        return f"from the nearest of {', '.join(parts[:-1])} to {parts[-1]}"
    if given.kind == "same":
        return f"difference between {parts[0]} and {parts[1]}"
    return f"from {parts[0]} to {parts[1]}"


def format_amount(value: float, outcome: str) -> str:
    """A change of an outcome: points for shares, plain numbers for scores."""
    return f"{value * 100:.0f} points" if OUTCOMES[outcome].share else f"{value:.2g}"


def format_limits(lower: float, upper: float, outcome: str) -> str:
    """Both limits of an interval, in the unit of `amount`."""
    if OUTCOMES[outcome].share:
        return f"{lower * 100:.0f} to {upper * 100:.0f}"
    return f"{lower:.2g} to {upper:.2g}"


def verdict_sentence(found: TestedClaim, given: VerdictLabel, reason: InconclusiveReason) -> str:
    """A verdict in a sentence: the word, what was seen, on how much."""
    claim, terms, test = found.prediction.claim, found.prediction.terms, found.test
    start = f"{given} ({_REASONS[reason]})" if reason else given
    if given == "REFUTED":
        start = f"REFUTED at δ = {format_amount(terms.delta, claim.outcome)}"
    if found.absent:
        return f"{start}: no episode of {claim.task} has the arm{'s' if len(found.absent) > 1 else ''} {', '.join(found.absent)}."
    if not test.analysed or math.isnan(test.value):
        return f"{start}: {test.insufficient or 'no block has a value under every arm that is compared'}."
    return f"{start}: {outcome_name(claim.outcome)} {_went(found)}, {describe_contrast(claim)}, {_on(found)}.{_why(found, given, reason)}"


def _on(found: TestedClaim) -> str:
    blocks, planned, families = found.test.analysed, found.prediction.terms.planned, len(set(found.table.families))
    of = f"{blocks} of {planned} planned blocks" if blocks <= planned else f"{blocks} blocks ({planned} planned)"
    return f"on {of}, {families} {'families' if families != 1 else 'family'}"


def _went(found: TestedClaim) -> str:
    """Which way the outcome went and how far, whatever the claim says."""
    claim, test = found.prediction.claim, found.test
    turned = test.value < 0
    low, high = (-test.upper, -test.lower) if turned else (test.lower, test.upper)
    known = f"{found.prediction.terms.level * 100:g} % interval {format_limits(low, high, claim.outcome)}"
    behind = f" ({test.insufficient if test.insufficient else known})"
    if claim.contrast.kind == "same":
        return f"differs by {format_amount(abs(test.value), claim.outcome)}{behind}"
    falls = (claim.direction == "falls") != turned
    return f"{'falls' if falls else 'rises'} by {format_amount(abs(test.value), claim.outcome)}{behind}"


def _why(found: TestedClaim, given: VerdictLabel, reason: InconclusiveReason) -> str:
    if given == "FLOOR":
        return " There is no room for an effect of δ where it starts, so that nothing is refuted."
    if reason == "grader":
        return " " + (_grader(found) or "")
    if reason == "completeness" and found.test.analysed >= found.prediction.terms.planned * (
        1 - found.prediction.terms.missing
    ):
        return " Arms miss episodes unevenly, and what is missing could have turned the verdict."
    return ""


def _grader(found: TestedClaim) -> str:
    if found.corrected is None:
        return "It rests on a grader and is uncorrected: no labels of people were given."
    if found.faults:
        return f"The grader did not pass: {'; '.join(found.faults)}."
    return "Corrected by people's labels the verdict is another one."
