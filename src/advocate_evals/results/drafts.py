"""One claim on one subject, as far as it can be told without the other claims: the test, and other ways of looking at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from advocate_evals.catalogue.schema import Claim, Predictions
from advocate_evals.measures import MEASURES
from advocate_evals.results import grader
from advocate_evals.results.answers import Check, Reason, Word
from advocate_evals.results.blocks import Blocks, blocks
from advocate_evals.results.choosing import Chosen, choose
from advocate_evals.results.completeness import extremes, too_few, uneven
from advocate_evals.results.examining import Tested, examine, groups
from advocate_evals.results.terms import Terms
from advocate_evals.results.words import agree, word


@dataclass(frozen=True, slots=True)
class Registered:
    """A claim with the file it stands in."""

    file: Predictions
    claim: Claim
    hash: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim on one subject, before the correction for the number of claims."""

    prediction: Registered
    model: str
    standin: bool
    chosen: Chosen
    table: Blocks
    test: Tested
    absent: tuple[str, ...]
    """Arms that the claim needs and no episode has."""
    corrected: Check | None
    """The contrast without the grader's errors; None where the outcome is not a grader's, or there are no labels."""
    faults: tuple[str, ...]
    """Why the grader is not good enough for a CONFIRMED."""

    @property
    def graded(self) -> bool:
        """Whether the outcome is a grader's."""
        return MEASURES[self.prediction.claim.outcome].by == "grader"


def draft(prediction: Registered, model: str, episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Draft | None:
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
    chosen = choose(episodes, claim, prediction.file.name, prediction.hash)
    compared = groups(claim.contrast)
    table = blocks(chosen.rows, claim.outcome, compared)
    there = set(chosen.rows["arm"])
    pairs = grader.paired(chosen.rows, labels, claim.outcome, compared)
    return Draft(
        prediction=prediction,
        model=model,
        standin=bool(episodes["standin"].any()),
        chosen=chosen,
        table=table,
        test=examine(claim.contrast, table, prediction.terms),
        absent=tuple(dict.fromkeys(arm for group in compared for arm in group if arm not in there)),
        corrected=grader.correction(claim.contrast, pairs, claim.outcome, prediction.terms) if pairs else None,
        faults=grader.faults(pairs, claim.outcome, prediction.terms.delta) if pairs else (),
    )


def judged(found: Draft, p_adjusted: float) -> tuple[Word, Reason, tuple[Check, ...]]:
    """The word, with its reason where it is INCONCLUSIVE, and the other ways of looking.

    What the figures alone would bear out comes first. It does not stand where too few of the planned blocks have a value, where
    arms miss episodes unevenly and what is missing could have turned it, or where it rests on a grader that nobody
    checked or that the check turned down.
    """
    terms, contrast = found.prediction.terms, found.prediction.claim.contrast
    by_figures, reason = word(found.test, terms, p_adjusted)
    fills = extremes(contrast, found.table, terms, by_figures)
    checks = (*_others(found, by_figures), *fills)
    if by_figures == "INCONCLUSIVE":
        return by_figures, "data" if found.absent else reason, checks
    if too_few(found.test.analysed, terms) or (uneven(found.table) and any(check.agrees is False for check in fills)):
        return "INCONCLUSIVE", "completeness", (_by_figures(found.test, by_figures), *checks)
    if found.graded and not _grader_bears_out(found, by_figures):
        return "INCONCLUSIVE", "grader", (_by_figures(found.test, by_figures), *checks)
    return by_figures, "", checks


def _grader_bears_out(found: Draft, given: Word) -> bool:
    by_labels = found.corrected.word if found.corrected else None
    if by_labels is None or found.faults:
        return False
    return agree(by_labels, given) or given == "FLOOR"


def _by_figures(test: Tested, given: Word) -> Check:
    return Check(
        key="figures",
        title="by the figures alone, had this been all that was planned and the grader without error",
        value=test.value,
        lower=test.lower,
        upper=test.upper,
        word=given,
    )


def _others(found: Draft, given: Word) -> Iterator[Check]:
    """Another baseline, families as units, people's labels, another measure: none makes the verdict stronger."""
    claim, terms, rows = found.prediction.claim, found.prediction.terms, found.chosen.rows
    control = getattr(claim.contrast, "control", ())
    if control:
        table = blocks(rows, claim.outcome, groups(claim.contrast, control=True))
        title = f"from {' and '.join(control)} in the place of {' and '.join(groups(claim.contrast)[0])}"
        yield _check("control", title, examine(claim.contrast, table, terms), terms, given)
    if len(set(found.table.families)) > 1:
        by_family = examine(claim.contrast, found.table, terms, by_family=True)
        number = len(set(found.table.families))
        yield _check("family", f"with the {number} families as the independent units", by_family, terms, given)
    if found.corrected is not None:
        by_labels = found.corrected
        agrees = None if by_labels.word is None else agree(by_labels.word, given)
        note = "; ".join((by_labels.note, *found.faults))
        yield by_labels.model_copy(update={"agrees": agrees, "note": note})
    elif found.graded:
        yield Check(key="corrected", title="corrected by people's labels", note="uncorrected: no labels were given")
    if claim.outcome in ALSO:
        other = ALSO[claim.outcome]
        table = blocks(rows, other, groups(claim.contrast))
        yield _check(
            "measure",
            f"by {MEASURES[other].about}",
            examine(claim.contrast, table, terms.scaled(table.top / 10)),
            terms,
            None,
        )


ALSO = {"desperation_rated": "desperation_lexical"}
"""Outcomes that are measured a second way, on another scale: δ does not carry over, the direction does."""


def _check(key: str, title: str, test: Tested, terms: Terms, given: Word | None) -> Check:
    by_this = word(test, terms)[0]
    note = test.insufficient
    if given is None:
        way = "the same way" if test.lower > 0 else "the other way" if test.upper < 0 else "neither way"
        return Check(key=key, title=title, value=test.value, lower=test.lower, upper=test.upper, note=note or way)
    return Check(
        key=key, title=title, value=test.value, lower=test.lower, upper=test.upper, word=by_this,
        agrees=agree(by_this, given), note=note,
    )  # fmt: skip
