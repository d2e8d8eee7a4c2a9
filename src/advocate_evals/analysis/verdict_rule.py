"""From a test to a word. The rules stand here and nowhere else; docs/verdict.md says why they are as they are."""

from __future__ import annotations

import math

from advocate_evals.analysis.contrast_tests import TestResult, TestSpec
from advocate_evals.analysis.findings import InconclusiveReason, VerdictLabel


def classify_verdict(
    found: TestResult, terms: TestSpec, p_adjusted: float = math.nan
) -> tuple[VerdictLabel, InconclusiveReason]:
    """What a test comes to, looking at its figures alone.

    Args:
        found: The test.
        terms: Its terms.
        p_adjusted: Its p-value corrected for the number of claims; NaN takes the uncorrected one.
    """
    if found.insufficient or math.isnan(found.value):
        return "INCONCLUSIVE", "n" if found.analysed else "data"
    p = found.p if math.isnan(p_adjusted) else p_adjusted
    if found.reversed:
        return "REVERSED", ""
    if found.holds and (math.isnan(p) or p <= terms.alpha) and not _vacuous(found):
        return ("CONFIRMED-SMALL" if found.small else "CONFIRMED"), ""
    if found.floor:
        return "FLOOR", ""
    if found.refuted:
        return "REFUTED", ""
    return "INCONCLUSIVE", "n"


def _vacuous(found: TestResult) -> bool:
    """A claim of sameness where neither side has room for an effect; it has no p-value, which tells it."""
    return found.floor and math.isnan(found.p)


def is_confirmed(given: VerdictLabel) -> bool:
    """Whether a word says that the claim holds."""
    return given in ("CONFIRMED", "CONFIRMED-SMALL")


def same_verdict(first: VerdictLabel, second: VerdictLabel) -> bool:
    """Whether two words say the same of a claim, size apart."""
    return first == second or (is_confirmed(first) and is_confirmed(second))
