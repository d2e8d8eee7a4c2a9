"""Verdicts by model, corrected for the number of claims."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from advocate_evals.analysis.arm_balance import count_endings, describe_imbalance
from advocate_evals.analysis.block_values import BlockValues, rate_points
from advocate_evals.analysis.claim_corrections import p_value_adjustments
from advocate_evals.analysis.claim_tests import (
    PValueAdjustment,
    RegisteredClaim,
    TestedClaim,
    TestResult,
    classify_test,
    robustness_checks,
    run_claim_test,
    run_test,
)
from advocate_evals.analysis.family_findings import measure_families
from advocate_evals.analysis.findings import ChartPoint, RobustnessCheck, Verdict
from advocate_evals.analysis.grader_robustness import describe_tipping, find_tipping_counts
from advocate_evals.analysis.missing_checks import MissingReview, review_missing
from advocate_evals.analysis.randomisation_checks import check_randomisation
from advocate_evals.analysis.reading_checks import PermutedComparison, compare_permuted, find_reading_fault
from advocate_evals.analysis.shape_wording import describe_shape
from advocate_evals.analysis.verdict_wording import (
    describe_change,
    describe_contrast,
    group_name,
    verdict_sentence,
)
from advocate_evals.logs.task_logs import GraderCalibration
from advocate_evals.statistics.verdict_rule import (
    INCONCLUSIVE,
    Evidence,
    InconclusiveReason,
    VerdictLabel,
    classify_verdict,
)


def run_claim_tests(
    claims: Iterable[RegisteredClaim],
    episodes: pd.DataFrame,
    labels: pd.DataFrame | None,
    calibrations: Sequence[GraderCalibration] = (),
) -> list[TestedClaim]:
    """Every claim on every model that has episodes of its task.

    Claims about stand-ins are tested on stand-ins only; claims about models on both, since a stand-in's known answer
    shows whether the whole path recovers it.
    """
    by_model = {str(model): rows for model, rows in episodes.groupby("model", sort=True)}
    tested_claims = []
    for claim in claims:
        for model, rows in by_model.items():
            if claim.file.about == "standins" and not bool(rows["standin"].any()):
                continue
            tested = run_claim_test(claim, model, rows, labels, calibrations)
            if tested is not None:
                tested_claims.append(tested)
    return tested_claims


def build_verdicts(tested_claims: Sequence[TestedClaim]) -> tuple[Verdict, ...]:
    """The verdict on each tested claim, in their order."""
    return tuple(map(_build_verdict, tested_claims, p_value_adjustments(tested_claims)))


def decide_verdict(
    tested: TestedClaim, adjust: PValueAdjustment
) -> tuple[VerdictLabel, InconclusiveReason, tuple[RobustnessCheck, ...]]:
    """The label, with its reason where it is INCONCLUSIVE, and the robustness checks.

    The label from the estimates alone comes first. It is withdrawn where too few of the planned blocks have a value
    (because the run is a pilot, or because blocks were lost), where some values of the missing episodes would change
    the label, or where the outcome is graded and some error rates of the grader that labels or calibration allow would
    change it. A claim that rests on vectors inside a model also needs validated ones, the subject itself as the reader,
    and more than permuted copies.
    A claim about harm says nothing of a model that cannot act, whatever the estimates.
    """
    if tested.is_withheld:
        withheld_for: InconclusiveReason = "data" if tested.absent_arms else "incapable"
        return *classify_verdict(replace(tested.test.evidence, undecided=withheld_for)), ()
    reading_fault = find_reading_fault(tested)
    undecided: InconclusiveReason = reading_fault or tested.incompleteness or tested.test.evidence.undecided
    evidence = replace(
        adjust(tested.test.evidence),
        undecided="data" if tested.absent_arms or not tested.test.analysed else undecided,
    )
    by_figures, _ = classify_verdict(evidence)
    missing = review_missing(tested, by_figures, adjust)
    permuted = compare_permuted(tested)
    checks = (
        *([permuted.check] if permuted else []),
        *robustness_checks(tested, by_figures, adjust),
        *_tipping_check(tested, by_figures, adjust),
        *check_randomisation(tested, by_figures, adjust),
        *missing.checks,
    )
    withdrawn = reading_fault or _find_withdrawal(tested, by_figures, missing, permuted, adjust)
    label, reason = classify_verdict(evidence, withdrawn)
    if label != by_figures:
        checks = (_figures_check(tested.test, by_figures), *checks)
    return label, reason, checks


def _find_withdrawal(
    tested: TestedClaim,
    by_figures: VerdictLabel,
    missing: MissingReview,
    permuted: PermutedComparison | None,
    adjust: PValueAdjustment,
) -> InconclusiveReason:
    """Why a label from the estimates alone is withdrawn; empty where it stands."""
    if tested.incompleteness:
        return tested.incompleteness
    if missing.could_turn:
        return "missing"
    if permuted and (withdrawn := permuted.find_withdrawal(by_figures)):
        return withdrawn
    survives = tested.bias is not None and tested.bias.survives(by_figures, adjust)
    return "grader" if tested.is_graded and not survives else ""


def _tipping_check(
    tested: TestedClaim, by_figures: VerdictLabel, adjust: PValueAdjustment
) -> Iterator[RobustnessCheck]:
    """How many errors of the grader change the label; nothing where the outcome is not graded, or undecided anyway."""
    if not tested.is_graded or not tested.claim.measure.is_event or by_figures == INCONCLUSIVE:
        return
    contrast, spec = tested.claim.contrast, tested.spec

    def label_of(blocks: BlockValues) -> VerdictLabel:
        return classify_test(run_test(contrast, blocks, spec), adjust)

    counts = find_tipping_counts(contrast, tested.blocks, spec.falls, by_figures, label_of)
    yield RobustnessCheck(
        key="grader_tipping",
        title="the number of errors of the grader in one group alone that changes the label",
        note=describe_tipping(counts, [group_name(group) for group in contrast.arm_groups]),
    )


def _figures_check(test: TestResult, by_figures: VerdictLabel) -> RobustnessCheck:
    return RobustnessCheck(
        key="figures",
        title="by the estimates alone, ignoring why the label was withdrawn",
        value=test.value,
        lower=test.lower,
        upper=test.upper,
        label=by_figures,
    )


def _build_verdict(tested: TestedClaim, adjust: PValueAdjustment) -> Verdict:
    claim, spec, test, blocks = tested.claim, tested.spec, tested.test, tested.blocks
    label, reason, checks = decide_verdict(tested, adjust)
    cautions = () if tested.is_withheld else describe_imbalance(tested.episodes.rows, claim, label)
    corrected = adjust(test.evidence)
    return Verdict(
        prediction=claim.name,
        file=tested.registered.file.name,
        title=claim.title,
        claim=claim.claim.strip(),
        model=tested.model,
        standin=tested.standin,
        task=claim.task,
        versions=tuple(sorted({int(version) for version in tested.episodes.rows["task_version"]})),
        outcome=claim.outcome,
        source="grader" if tested.is_graded else claim.measure.source,
        kind=claim.contrast.kind,
        can_pool=claim.contrast.can_pool,
        contrast=describe_contrast(claim),
        label=label,
        reason=reason,
        **_wording_fields(tested, label, reason, cautions),
        arms=count_endings(tested.episodes.rows, claim),
        **_estimate_fields(test, corrected),
        level=spec.level,
        alpha=spec.alpha,
        alpha_refuted=spec.alpha_refuted,
        delta=spec.delta,
        scope=spec.scope,
        registered=tested.episodes.registered and spec.delta == claim.delta,
        registration=_describe_registration(tested),
        primary=claim.primary,
        planned=spec.planned,
        reach=claim.measure.scale_max,
        absent_arms=tested.absent_arms,
        started=len(blocks.names),
        episodes=int(blocks.sizes.sum()),
        unscored=blocks.unscored,
        families=tuple(sorted(set(blocks.families))),
        rates=_build_rates(tested),
        steps=test.steps,
        checks=checks,
        excluded=(*tested.episodes.excluded, *_describe_surplus(tested)),
        **measure_families(tested),
    )


def _wording_fields(
    tested: TestedClaim, label: VerdictLabel, reason: InconclusiveReason, cautions: tuple[str, ...]
) -> dict[str, Any]:
    """What a verdict says in words."""
    shape = describe_shape(tested)
    return {
        "sentence": " ".join((verdict_sentence(tested, label, reason, shape), *cautions)),
        "cautions": cautions,
        "change": "" if math.isnan(tested.test.value) else describe_change(tested),
        "shape": shape,
    }


def _estimate_fields(test: TestResult, corrected: Evidence) -> dict[str, Any]:
    """The estimate as fields of a verdict; no limits and no p-value where nothing can be estimated."""
    has_limits = not test.insufficient
    return {
        "value": test.value,
        "lower": test.lower if has_limits else None,
        "upper": test.upper if has_limits else None,
        "p": test.p if has_limits else None,
        "p_adjusted": corrected.p_adjusted if has_limits else None,
        "p_refuted": corrected.p_refuted if has_limits else None,
        "p_reversed": corrected.p_reversed if has_limits else None,
        "floor": test.evidence.floor,
        "turns": test.evidence.turns,
        "analysed": test.analysed,
        "block_sd": test.block_sd,
        "method": test.method,
    }


def _describe_surplus(tested: TestedClaim) -> Iterator[str]:
    if tested.all_blocks is not None:
        planned, started = len(tested.blocks.names), len(tested.all_blocks.names)
        yield (
            f"{started} blocks were started and {planned} planned: the first {planned} in the order of the design "
            "decide; the estimate with the others is shown beside (check `all_blocks`)"
        )


def _describe_registration(tested: TestedClaim) -> str:
    registered_delta, delta = tested.claim.delta, tested.spec.delta
    other_delta = (
        f"δ was set to {delta:g}, not the registered {registered_delta:g}" if delta != registered_delta else ""
    )
    return "; ".join(part for part in (tested.episodes.registration, other_delta) if part)


def _build_rates(tested: TestedClaim) -> tuple[ChartPoint, ...]:
    labels = [group_name(group) for group in tested.claim.contrast.arm_groups]
    return rate_points(tested.blocks, labels, is_event=tested.claim.measure.is_share)
