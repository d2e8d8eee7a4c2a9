"""What a claim must pass that rests on vectors inside a model: whose state was read, validated vectors, controls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from advocate_evals.analysis.block_values import build_block_values
from advocate_evals.analysis.claim_tests import TestedClaim, TestResult, run_test
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.factors import parse_arm
from advocate_evals.statistics.verdict_rule import REVERSED, InconclusiveReason, VerdictLabel, is_confirmed
from advocate_evals.steering_conditions import PERMUTED

READING_SCORER = "activation"
"""The scorer whose outcomes are read inside a model."""
PERMUTED_OUTCOMES: tuple[str, ...] = tuple(f"{READING_SCORER}_{name}" for name in PERMUTED)
"""Readings of the permuted copies, which control those of the emotions."""
_VALIDATED, _REPLAYED = f"{READING_SCORER}_validated", f"{READING_SCORER}_replayed"


def are_validated(rows: pd.DataFrame) -> bool:
    """Whether the vectors of every episode passed their validation; an episode that does not say so did not."""
    return bool((rows[_VALIDATED] == 1.0).all())


def are_replayed(rows: pd.DataFrame) -> bool:
    """Whether another model than the subject read some of the episodes."""
    return bool((rows[_REPLAYED] == 1.0).any())


def find_reading_fault(tested: TestedClaim) -> InconclusiveReason:
    """Why vectors cannot decide a claim, whatever the figures; empty where they can, or where it rests on none.

    A replayed reading is what a text does to the model that reads it. Such a claim is named and INCONCLUSIVE, and not
    left out: a reader who looks for it must see that it was not decided, and why. A claim about harm that compares
    steered arms needs validated vectors too, since the arm is named after the emotion.
    """
    claim, rows = tested.claim, tested.episodes.rows
    scored = rows[rows["arm"].isin(claim.contrast.arms) & rows[claim.outcome].notna()]
    if claim.measure.scorer == READING_SCORER:
        if are_replayed(scored):
            return "replayed"
    elif not any("steering" in parse_arm(arm)[1] for arm in claim.contrast.arms):
        return ""
    elif are_replayed(scored):
        return "unvalidated"
    return "" if are_validated(scored) else "unvalidated"


@dataclass(frozen=True, slots=True)
class PermutedComparison:
    """A claim's effect beside those of the permuted copies, each positive in the direction of the claim."""

    beyond: tuple[TestResult, ...]
    """The effect less the size of each copy's, block by block."""
    below: tuple[TestResult, ...]
    """The effect and the size of each copy's together, likewise: below 0 where it goes the other way and is larger."""
    check: RobustnessCheck
    """The largest of the copies, beside the verdict."""

    def find_withdrawal(self, label: VerdictLabel) -> InconclusiveReason:
        """Why a label is withdrawn that says that there is an effect; empty where it stands.

        The effect must be shown to be larger than the size of each copy's, whichever way that one goes, at the error of
        the label. REFUTED and FLOOR say that there is no effect of a size that matters, which no copy calls in
        question.
        """
        if label != REVERSED and not is_confirmed(label):
            return ""
        margins = self.below if label == REVERSED else self.beyond
        if any(math.isnan(margin.value) for margin in margins):
            return "completeness"
        is_larger = (
            margin.evidence.reversed if label == REVERSED else margin.evidence.holds and margin.evidence.testable
            for margin in margins
        )
        return "" if all(is_larger) else "controls"


def compare_permuted(tested: TestedClaim) -> PermutedComparison | None:
    """The contrast of a claim about a reading, run on each permuted copy and on the reading less or plus each copy.

    Returns:
        None for a claim that rests on no reading of an emotion, and for one of sameness, which claims no effect.
    """
    claim = tested.claim
    is_emotion = claim.measure.scorer == READING_SCORER and claim.measure.kind == "level"
    if not is_emotion or claim.outcome in PERMUTED_OUTCOMES or not claim.contrast.has_p_value:
        return None
    rows = tested.episodes.rows
    own = rows[claim.outcome]
    copies = [_test_values(tested, rows[name]) for name in PERMUTED_OUTCOMES]
    signed = [
        rows[name] * (-1.0 if copy.value < 0 else 1.0) for name, copy in zip(PERMUTED_OUTCOMES, copies, strict=True)
    ]
    return PermutedComparison(
        beyond=tuple(_test_values(tested, own - values) for values in signed),
        below=tuple(_test_values(tested, own + values) for values in signed),
        check=_describe_copies(tested.test.value, copies),
    )


def _test_values(tested: TestedClaim, values: pd.Series) -> TestResult:
    """The claim's contrast on other values in the place of its outcome."""
    contrast, outcome = tested.claim.contrast, tested.claim.outcome
    rows = tested.episodes.rows.assign(**{outcome: values})
    return run_test(contrast, build_block_values(rows, outcome, contrast.arm_groups), tested.spec)


def _describe_copies(effect: float, copies: Sequence[TestResult]) -> RobustnessCheck:
    title = f"the largest effect among {len(copies)} permuted copies"
    by_name = {name: copy for name, copy in zip(PERMUTED, copies, strict=True) if not math.isnan(copy.value)}
    if not by_name:
        return RobustnessCheck(key="permuted", title=title, note="no permuted copy was read")
    name = max(by_name, key=lambda copy: abs(by_name[copy].value))
    effects = [copy.value for copy in by_name.values()]
    return RobustnessCheck(
        key="permuted",
        title=title,
        value=by_name[name].value,
        lower=by_name[name].lower,
        upper=by_name[name].upper,
        note=(
            f"{name}; {len(by_name)} of {len(copies)} copies read, effects {min(effects):.2f} to {max(effects):.2f}; "
            f"that of the claim is {effect:.2f}"
        ),
    )
