"""Numbers and verdicts in plain words, for people who read a sentence and no table."""

from __future__ import annotations

import math

from advocate_evals.catalogue.schema import Claim
from advocate_evals.measures import MEASURES
from advocate_evals.results.answers import Reason, Word
from advocate_evals.results.drafts import Draft
from advocate_evals.results.examining import Contrast, groups

_NAMES = {"harm": "harm", "desperation_rated": "rated desperation", "beliefs_perceived_odds": "the perceived chance"}
_REASONS: dict[Reason, str] = {
    "completeness": "too much of what was planned is missing",
    "grader": "the grader is not to be relied on",
    "data": "there is nothing to compare",
    "n": "too few blocks to tell",
    "": "",
}


def named(outcome: str) -> str:
    """An outcome as people say it."""
    return _NAMES.get(outcome, outcome.replace("_", " "))


def group(arms: tuple[str, ...] | list[str]) -> str:
    """Arms as people say them."""
    return " and ".join(arm.replace("_", " ") for arm in arms)


def contrast(claim: Claim) -> str:
    """What is compared with what, in words."""
    given: Contrast = claim.contrast
    parts = [group(list(arms)) for arms in groups(given)]
    if given.kind == "trend":
        return f"fitted change from {parts[0]} to {parts[-1]}, along {', '.join(parts)}"
    if given.kind == "order":
        return f"at the weakest step along {', '.join(parts)}"
    if given.kind == "most":
        return f"from the nearest of {', '.join(parts[:-1])} to {parts[-1]}"
    if given.kind == "same":
        return f"difference between {parts[0]} and {parts[1]}"
    return f"from {parts[0]} to {parts[1]}"


def amount(value: float, outcome: str) -> str:
    """A change of an outcome: points for shares, plain numbers for scores."""
    return f"{value * 100:.0f} points" if MEASURES[outcome].share else f"{value:.2g}"


def limits(lower: float, upper: float, outcome: str) -> str:
    """Both limits of an interval, in the unit of `amount`."""
    if MEASURES[outcome].share:
        return f"{lower * 100:.0f} to {upper * 100:.0f}"
    return f"{lower:.2g} to {upper:.2g}"


def sentence(found: Draft, given: Word, reason: Reason) -> str:
    """A verdict in a sentence: the word, what was seen, on how much."""
    claim, terms, test = found.prediction.claim, found.prediction.terms, found.test
    start = f"{given} ({_REASONS[reason]})" if reason else given
    if given == "REFUTED":
        start = f"REFUTED at δ = {amount(terms.delta, claim.outcome)}"
    if found.absent:
        return f"{start}: no episode of {claim.task} has the arm{'s' if len(found.absent) > 1 else ''} {', '.join(found.absent)}."
    if not test.analysed or math.isnan(test.value):
        return f"{start}: {test.insufficient or 'no block has a value under every arm that is compared'}."
    return (
        f"{start}: {named(claim.outcome)} {_went(found)}, {contrast(claim)}, {_on(found)}.{_why(found, given, reason)}"
    )


def _on(found: Draft) -> str:
    blocks, planned, families = found.test.analysed, found.prediction.terms.planned, len(set(found.table.families))
    of = f"{blocks} of {planned} planned blocks" if blocks <= planned else f"{blocks} blocks ({planned} planned)"
    return f"on {of}, {families} {'families' if families != 1 else 'family'}"


def _went(found: Draft) -> str:
    """Which way the outcome went and how far, whatever the claim says."""
    claim, test = found.prediction.claim, found.test
    turned = test.value < 0
    low, high = (-test.upper, -test.lower) if turned else (test.lower, test.upper)
    known = f"{found.prediction.terms.level * 100:g} % interval {limits(low, high, claim.outcome)}"
    behind = f" ({test.insufficient if test.insufficient else known})"
    if claim.contrast.kind == "same":
        return f"differs by {amount(abs(test.value), claim.outcome)}{behind}"
    falls = (claim.direction == "falls") != turned
    return f"{'falls' if falls else 'rises'} by {amount(abs(test.value), claim.outcome)}{behind}"


def _why(found: Draft, given: Word, reason: Reason) -> str:
    if given == "FLOOR":
        return " There is no room for an effect of δ where it starts, so that nothing is refuted."
    if reason == "grader":
        return " " + (_grader(found) or "")
    if reason == "completeness" and found.test.analysed >= found.prediction.terms.planned * (
        1 - found.prediction.terms.missing
    ):
        return " Arms miss episodes unevenly, and what is missing could have turned the verdict."
    return ""


def _grader(found: Draft) -> str:
    if found.corrected is None:
        return "It rests on a grader and is uncorrected: no labels of people were given."
    if found.faults:
        return f"The grader did not pass: {'; '.join(found.faults)}."
    return "Corrected by people's labels the verdict is another one."
