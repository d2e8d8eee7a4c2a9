"""Verdicts: every claim on every subject, corrected for their number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from advocate_evals.analysis.block_values import rate_points
from advocate_evals.analysis.claim_tests import RegisteredClaim, TestedClaim, decide_verdict, run_claim_test
from advocate_evals.analysis.contrast_tests import arm_groups
from advocate_evals.analysis.findings import ChartPoint, Verdict
from advocate_evals.analysis.verdict_wording import arm_group_name, describe_contrast, verdict_sentence
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.contrasts import holm_adjust


def run_claim_tests(
    predictions: Iterable[RegisteredClaim], episodes: pd.DataFrame, labels: pd.DataFrame | None
) -> list[TestedClaim]:
    """Every claim on every subject that has episodes of its task.

    Claims about stand-ins are put to stand-ins only; claims about models to both, since a stand-in's known answer shows
    whether the whole path gives it back.
    """
    subjects = {str(model): rows for model, rows in episodes.groupby("model", sort=True)}
    found = []
    for prediction in predictions:
        for model, rows in subjects.items():
            if prediction.file.about == "standins" and not bool(rows["standin"].any()):
                continue
            one = run_claim_test(prediction, model, rows, labels)
            if one is not None:
                found.append(one)
    return found


def adjust_p_values(found: Sequence[TestedClaim]) -> list[float]:
    """The p-value of each draft after Holm's correction; NaN for claims that have none.

    Corrected together are the primary claims of a file over all subjects, and apart from them its secondary ones. Subjects
    that are scripts and those that are models are kept apart: a demonstration must not cost a model's verdict its power.
    """
    result = [math.nan] * len(found)
    families: dict[tuple[str, bool, bool], list[int]] = {}
    for at, one in enumerate(found):
        if one.prediction.claim.contrast.kind != "same":
            key = (one.prediction.file.name, one.prediction.claim.primary, one.standin)
            families.setdefault(key, []).append(at)
    for members in families.values():
        corrected = holm_adjust([found[at].test.p for at in members], found[members[0]].prediction.terms.alpha)
        for at, p in zip(members, corrected.p, strict=True):
            result[at] = p
    return result


def build_verdicts(found: Sequence[TestedClaim]) -> tuple[Verdict, ...]:
    """The verdict on each draft, in their order."""
    return tuple(_verdict(one, p) for one, p in zip(found, adjust_p_values(found), strict=True))


def _verdict(found: TestedClaim, p_adjusted: float) -> Verdict:
    claim, terms, test, table = found.prediction.claim, found.prediction.terms, found.test, found.table
    given, reason, checks = decide_verdict(found, p_adjusted)
    known = not test.insufficient
    return Verdict(
        prediction=claim.name,
        file=found.prediction.file.name,
        title=claim.title,
        claim=claim.claim.strip(),
        model=found.model,
        standin=found.standin,
        task=claim.task,
        versions=tuple(sorted({int(version) for version in found.chosen.rows["task_version"]})),
        outcome=claim.outcome,
        by=OUTCOMES[claim.outcome].by,
        kind=claim.contrast.kind,
        contrast=describe_contrast(claim),
        word=given,
        reason=reason,
        sentence=verdict_sentence(found, given, reason),
        value=test.value,
        lower=test.lower if known else None,
        upper=test.upper if known else None,
        level=terms.level,
        p=test.p if known else None,
        p_adjusted=p_adjusted if known else None,
        alpha=terms.alpha,
        alpha_refuted=terms.alpha_refuted,
        delta=terms.delta,
        registered=found.chosen.registered and terms.delta == claim.delta,
        registration=_registration(found),
        primary=claim.primary,
        planned=terms.planned,
        started=len(table.names),
        analysed=test.analysed,
        episodes=int(table.sizes.sum()),
        unscored=table.unscored,
        families=tuple(sorted(set(table.families))),
        slope_sd=test.spread,
        method=test.method,
        rates=_rates(found),
        steps=test.steps,
        checks=checks,
        aside=(*found.chosen.aside, *_more(found)),
    )


def _more(found: TestedClaim) -> Iterator[str]:
    if found.test.analysed > found.prediction.terms.planned:
        yield (
            f"{found.test.analysed} blocks where {found.prediction.terms.planned} were planned: all of them count; ask whether their "
            "number hung on what had been seen"
        )


def _registration(found: TestedClaim) -> str:
    asked = found.prediction.claim.delta != found.prediction.terms.delta
    other = (
        f"δ was set to {found.prediction.terms.delta:g}, not the registered {found.prediction.claim.delta:g}"
        if asked
        else ""
    )
    return "; ".join(part for part in (found.chosen.registration, other) if part)


def _rates(found: TestedClaim) -> tuple[ChartPoint, ...]:
    labels = [arm_group_name(list(arms)) for arms in arm_groups(found.prediction.claim.contrast)]
    return rate_points(found.table, labels, share=OUTCOMES[found.prediction.claim.outcome].share)
