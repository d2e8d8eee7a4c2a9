"""Whether what is missing could have turned a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.block_values import BlockValues, build_block_values
from advocate_evals.analysis.contrast_tests import AnyContrast, TestResult, TestSpec, arm_groups, run_test
from advocate_evals.analysis.episode_selection import SelectedEpisodes, select_episodes
from advocate_evals.analysis.findings import InconclusiveReason, RobustnessCheck, VerdictLabel
from advocate_evals.analysis.grader_correction import correct_contrast, grader_faults, pair_labels
from advocate_evals.analysis.verdict_rule import classify_verdict, same_verdict
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim, PredictionFile
from advocate_evals.statistics.contrasts import trend_weights

MAX_MISSING_GAP = 0.05
"""Arms whose shares of missing blocks differ by more than this: what is missing may hang on the arm."""


def is_missing_uneven(table: BlockValues) -> bool:
    """Whether some arm misses clearly more of its blocks than another."""
    return bool(len(table.names)) and float(np.ptp(table.missing)) > MAX_MISSING_GAP


def is_incomplete(analysed: int, terms: TestSpec) -> bool:
    """Whether so many of the planned blocks are missing that nothing is decided."""
    return analysed < math.ceil((1 - terms.missing) * terms.planned - 1e-9)


def missing_data_checks(
    contrast: AnyContrast, table: BlockValues, terms: TestSpec, given: VerdictLabel
) -> tuple[RobustnessCheck, ...]:
    """The verdict if everything missing had spoken against the claim, and if it had all spoken for it.

    Only cells of blocks that were started are filled; blocks that were never started are a matter of their number.
    Empty where nothing is missing, and where no block is complete.
    """
    gaps = np.isnan(table.values)
    if not gaps.any() or gaps.any(axis=1).all():
        return ()
    first = _first(contrast, table.values.shape[1])
    found = []
    for key, title, for_ in (
        ("worst_case", "all that is missing spoke against the claim", False),
        ("best_case", "all that is missing spoke for it", True),
    ):
        high = first if for_ else ~first
        filled = table.filled([float(one) for one in (high if terms.falls else ~high)])
        test = run_test(contrast, filled, terms)
        by_this = classify_verdict(test, terms)[0]
        found.append(
            RobustnessCheck(
                key=key,
                title=title,
                value=test.value,
                lower=test.lower,
                upper=test.upper,
                word=by_this,
                agrees=same_verdict(by_this, given),
                note=f"{int(gaps.sum())} cells of started blocks filled",
            )
        )
    return tuple(found)


def _first(contrast: AnyContrast, number: int) -> NDArray[np.bool_]:
    """Which groups stand on the side that the claim starts from."""
    start = [True] + [False] * (number - 1)
    if contrast.kind == "most":
        start = [True] * (number - 1) + [False]
    elif contrast.kind in ("trend", "order"):
        at = getattr(contrast, "at", ()) or range(number)
        start = [float(weight) > 0 for weight in trend_weights(at)]
    return np.array(start)


# --- One claim on one subject, as far as it can be told without the other claims: the test, and other ways of looking at it. ---


@dataclass(frozen=True, slots=True)
class RegisteredClaim:
    """A claim with the file it stands in."""

    file: PredictionFile
    claim: Claim
    hash: str
    terms: TestSpec


@dataclass(frozen=True, slots=True)
class TestedClaim:
    """A claim on one subject, before the correction for the number of claims."""

    prediction: RegisteredClaim
    model: str
    standin: bool
    chosen: SelectedEpisodes
    table: BlockValues
    test: TestResult
    absent: tuple[str, ...]
    """Arms that the claim needs and no episode has."""
    corrected: RobustnessCheck | None
    """The contrast without the grader's errors; None where the outcome is not a grader's, or there are no labels."""
    faults: tuple[str, ...]
    """Why the grader is not good enough for a CONFIRMED."""

    @property
    def graded(self) -> bool:
        """Whether the outcome is a grader's."""
        return OUTCOMES[self.prediction.claim.outcome].by == "grader"


def run_claim_test(
    prediction: RegisteredClaim, model: str, episodes: pd.DataFrame, labels: pd.DataFrame | None
) -> TestedClaim | None:
    """Put a claim to the test on one subject; None where no episode of its task is there.

    Args:
        prediction: The claim.
        model: The subject.
        episodes: Its episodes, one edition of each task.
        labels: What people said of them, as `grader` describes.
    """
    claim = prediction.claim
    if not (episodes["task"] == claim.task).any():
        return None
    chosen = select_episodes(episodes, claim, prediction.file.name, prediction.hash)
    compared = arm_groups(claim.contrast)
    table = build_block_values(chosen.rows, claim.outcome, compared)
    there = set(chosen.rows["arm"])
    pairs = pair_labels(chosen.rows, labels, claim.outcome, compared)
    return TestedClaim(
        prediction=prediction,
        model=model,
        standin=bool(episodes["standin"].any()),
        chosen=chosen,
        table=table,
        test=run_test(claim.contrast, table, prediction.terms),
        absent=tuple(dict.fromkeys(arm for group in compared for arm in group if arm not in there)),
        corrected=correct_contrast(claim.contrast, pairs, claim.outcome, prediction.terms) if pairs else None,
        faults=grader_faults(pairs, claim.outcome, prediction.terms.delta) if pairs else (),
    )


def decide_verdict(
    found: TestedClaim, p_adjusted: float
) -> tuple[VerdictLabel, InconclusiveReason, tuple[RobustnessCheck, ...]]:
    """The word, with its reason where it is INCONCLUSIVE, and the other ways of looking.

    What the figures alone would bear out comes first. It does not stand where too few of the planned blocks have a value, where
    arms miss episodes unevenly and what is missing could have turned it, or where it rests on a grader that nobody
    checked or that the check turned down.
    """
    terms, contrast = found.prediction.terms, found.prediction.claim.contrast
    by_figures, reason = classify_verdict(found.test, terms, p_adjusted)
    fills = missing_data_checks(contrast, found.table, terms, by_figures)
    checks = (*_others(found, by_figures), *fills)
    if by_figures == "INCONCLUSIVE":
        return by_figures, "data" if found.absent else reason, checks
    if is_incomplete(found.test.analysed, terms) or (
        is_missing_uneven(found.table) and any(check.agrees is False for check in fills)
    ):
        return "INCONCLUSIVE", "completeness", (_by_figures(found.test, by_figures), *checks)
    if found.graded and not _grader_bears_out(found, by_figures):
        return "INCONCLUSIVE", "grader", (_by_figures(found.test, by_figures), *checks)
    return by_figures, "", checks


def _grader_bears_out(found: TestedClaim, given: VerdictLabel) -> bool:
    by_labels = found.corrected.word if found.corrected else None
    if by_labels is None or found.faults:
        return False
    return same_verdict(by_labels, given) or given == "FLOOR"


def _by_figures(test: TestResult, given: VerdictLabel) -> RobustnessCheck:
    return RobustnessCheck(
        key="figures",
        title="by the figures alone, had this been all that was planned and the grader without error",
        value=test.value,
        lower=test.lower,
        upper=test.upper,
        word=given,
    )


def _others(found: TestedClaim, given: VerdictLabel) -> Iterator[RobustnessCheck]:
    """Another baseline, families as units, people's labels, another measure: none makes the verdict stronger."""
    claim, terms, rows = found.prediction.claim, found.prediction.terms, found.chosen.rows
    control = getattr(claim.contrast, "control", ())
    if control:
        table = build_block_values(rows, claim.outcome, arm_groups(claim.contrast, control=True))
        title = f"from {' and '.join(control)} in the place of {' and '.join(arm_groups(claim.contrast)[0])}"
        yield _check("control", title, run_test(claim.contrast, table, terms), terms, given)
    if len(set(found.table.families)) > 1:
        by_family = run_test(claim.contrast, found.table, terms, by_family=True)
        number = len(set(found.table.families))
        yield _check("family", f"with the {number} families as the independent units", by_family, terms, given)
    if found.corrected is not None:
        by_labels = found.corrected
        agrees = None if by_labels.word is None else same_verdict(by_labels.word, given)
        note = "; ".join((by_labels.note, *found.faults))
        yield by_labels.model_copy(update={"agrees": agrees, "note": note})
    elif found.graded:
        yield RobustnessCheck(
            key="corrected", title="corrected by people's labels", note="uncorrected: no labels were given"
        )
    if claim.outcome in SECOND_MEASURES:
        other = SECOND_MEASURES[claim.outcome]
        table = build_block_values(rows, other, arm_groups(claim.contrast))
        yield _check(
            "measure",
            f"by {OUTCOMES[other].about}",
            run_test(claim.contrast, table, terms.scaled(table.top / 10)),
            terms,
            None,
        )


SECOND_MEASURES = {"desperation_rated": "desperation_lexical"}
"""Outcomes that are measured a second way, on another scale: δ does not carry over, the direction does."""


def _check(key: str, title: str, test: TestResult, terms: TestSpec, given: VerdictLabel | None) -> RobustnessCheck:
    by_this = classify_verdict(test, terms)[0]
    note = test.insufficient
    if given is None:
        way = "the same way" if test.lower > 0 else "the other way" if test.upper < 0 else "neither way"
        return RobustnessCheck(
            key=key, title=title, value=test.value, lower=test.lower, upper=test.upper, note=note or way
        )
    return RobustnessCheck(
        key=key, title=title, value=test.value, lower=test.lower, upper=test.upper, word=by_this,
        agrees=same_verdict(by_this, given), note=note,
    )  # fmt: skip
