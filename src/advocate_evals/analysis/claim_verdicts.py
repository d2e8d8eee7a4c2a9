"""Verdicts by model, corrected for the number of claims, and over all models, which are then the independent units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
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
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, RobustnessCheck, Verdict
from advocate_evals.analysis.grader_robustness import GraderRobustness, check_robustness, describe_robustness
from advocate_evals.analysis.missing_checks import MissingReview, review_missing
from advocate_evals.analysis.reading_checks import PermutedComparison, compare_permuted, find_reading_fault
from advocate_evals.analysis.verdict_wording import (
    describe_contrast,
    format_amount,
    format_limits,
    group_name,
    verdict_sentence,
)
from advocate_evals.logs.task_logs import GraderCalibration
from advocate_evals.model_names import is_human
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.intervals import Interval, upper_quantile
from advocate_evals.statistics.meta_analysis import PooledEffect, pool_effects
from advocate_evals.statistics.verdict_rule import (
    FLOOR,
    INCONCLUSIVE,
    Evidence,
    InconclusiveReason,
    VerdictLabel,
    classify_verdict,
    limits_evidence,
    same_verdict,
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

    The label from the estimates alone comes first. It is withdrawn where too few of the planned blocks have a value,
    where some values of the missing episodes would change the label, or where the outcome is graded and the grader's
    errors, as far as calibration and human labels bound them, could change it. A claim that rests on
    vectors inside a model also needs validated ones, the subject itself as the reader, and more than permuted copies.
    A claim about harm says nothing of a model that cannot act, whatever the estimates.
    """
    if tested.is_withheld:
        withheld_for: InconclusiveReason = "data" if tested.absent_arms else "incapable"
        return *classify_verdict(replace(tested.test.evidence, undecided=withheld_for)), ()
    reading_fault = find_reading_fault(tested)
    undecided: InconclusiveReason = reading_fault or tested.test.evidence.undecided
    evidence = replace(
        adjust(tested.test.evidence),
        undecided="data" if tested.absent_arms or not tested.test.analysed else undecided,
    )
    by_figures, _ = classify_verdict(evidence)
    missing = review_missing(tested, by_figures, adjust)
    robustness = check_grader_errors(tested, by_figures, adjust)
    permuted = compare_permuted(tested)
    checks = (
        *([permuted.check] if permuted else []),
        *robustness_checks(tested, by_figures, adjust),
        *_grader_checks(tested, by_figures, robustness),
        *missing.checks,
    )
    withdrawn = reading_fault or _find_withdrawal(tested, by_figures, missing, robustness, permuted)
    label, reason = classify_verdict(evidence, withdrawn)
    if label != by_figures:
        checks = (_figures_check(tested.test, by_figures), *checks)
    return label, reason, checks


def _find_withdrawal(
    tested: TestedClaim,
    by_figures: VerdictLabel,
    missing: MissingReview,
    robustness: GraderRobustness | None,
    permuted: PermutedComparison | None,
) -> InconclusiveReason:
    """Why a label from the estimates alone is withdrawn; empty where it stands."""
    if tested.is_incomplete:
        return "completeness"
    if missing.could_turn:
        return "missing"
    if permuted and (withdrawn := permuted.find_withdrawal(by_figures)):
        return withdrawn
    survives = robustness is not None and robustness.holds
    return "grader" if tested.is_graded and not (survives or _labels_confirm(tested, by_figures)) else ""


def check_grader_errors(
    tested: TestedClaim, by_figures: VerdictLabel, adjust: PValueAdjustment
) -> GraderRobustness | None:
    """Whether a label survives the errors that the grader may have made.

    Returns:
        None where nothing bounds them, and where the label is INCONCLUSIVE without any error.
    """
    if tested.error_bounds is None or by_figures == INCONCLUSIVE:
        return None
    contrast, spec = tested.claim.contrast, tested.spec

    def label_of(blocks: BlockValues) -> VerdictLabel:
        return classify_test(run_test(contrast, blocks, spec), adjust)

    return check_robustness(contrast, tested.blocks, spec.falls, tested.error_bounds, by_figures, label_of)


def _grader_checks(
    tested: TestedClaim, by_figures: VerdictLabel, robustness: GraderRobustness | None
) -> Iterator[RobustnessCheck]:
    if robustness is None:
        return
    names = [group_name(group) for group in tested.claim.contrast.arm_groups]
    yield RobustnessCheck(
        key="grader_against",
        title="every possible error of the grader spoke against the claim",
        label=robustness.label_against,
        agrees=same_verdict(robustness.label_against, by_figures),
        note=describe_robustness(robustness, names),
    )
    yield RobustnessCheck(
        key="grader_for",
        title="every possible error of the grader spoke for it",
        label=robustness.label_for,
        agrees=same_verdict(robustness.label_for, by_figures),
    )


def _labels_confirm(tested: TestedClaim, by_figures: VerdictLabel) -> bool:
    """Whether people's labels pass the grader and give the same verdict."""
    by_labels = tested.corrected.label if tested.corrected else None
    if by_labels is None or tested.grader_faults:
        return False
    return same_verdict(by_labels, by_figures) or by_figures == FLOOR


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
        sentence=" ".join((verdict_sentence(tested, label, reason), *cautions)),
        arms=count_endings(tested.episodes.rows, claim),
        cautions=cautions,
        **_estimate_fields(test, corrected),
        level=spec.level,
        alpha=spec.alpha,
        alpha_refuted=spec.alpha_refuted,
        delta=spec.delta,
        registered=tested.episodes.registered and spec.delta == claim.delta,
        registration=_describe_registration(tested),
        primary=claim.primary,
        planned=spec.planned,
        started=len(blocks.names),
        episodes=int(blocks.sizes.sum()),
        unscored=blocks.unscored,
        families=tuple(sorted(set(blocks.families))),
        rates=_build_rates(tested),
        steps=test.steps,
        checks=checks,
        excluded=(*tested.episodes.excluded, *_describe_surplus(tested)),
    )


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


# All models together.

POOLED_MODEL = "pooled"
"""The name of all models together, where a verdict names a model."""
_UNFIT: tuple[InconclusiveReason, ...] = (
    "completeness",
    "missing",
    "grader",
    "data",
    "incapable",
    "unvalidated",
    "replayed",
)


def pool_verdicts(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """A verdict on all models together for each claim that two or more of them were tested on.

    Scripts and models are never pooled with one another: where there are both, the scripts are left out. People are
    always left out. A model whose own verdict is undecided for lack of data or of a sound grader is left out as well,
    and named; so is one that cannot act, and one whose vectors are not validated, or that was not read itself. Where
    permuted copies show as much in one of the models pooled, the verdict on all of them is withdrawn: leaving those
    models out would select by result.
    Not corrected for the number of claims: it describes, and the verdicts by model decide.
    """
    pooled = (_pool_claim(members) for members in _group_by_claim(verdicts))
    return tuple(verdict for verdict in pooled if verdict is not None)


def _group_by_claim(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault((verdict.file, verdict.prediction), []).append(verdict)
    return list(by_claim.values())


def _pool_claim(members: Sequence[Verdict]) -> Verdict | None:
    no_people = [verdict for verdict in members if not is_human(verdict.model)]
    same_kind = [verdict for verdict in no_people if not verdict.standin] or no_people
    pooled = [verdict for verdict in same_kind if verdict.reason not in _UNFIT and verdict.value is not None]
    if len(pooled) < 2 or not members[0].can_pool:
        return None
    first = pooled[0]
    effect = _pool_at(pooled, first.level)
    evidence = _read_evidence(effect, _pool_at(pooled, 1 - 2 * first.alpha_refuted), pooled)
    has_equal_controls = any(verdict.reason == "controls" for verdict in pooled)
    label, reason = classify_verdict(evidence, "controls" if has_equal_controls else "")
    left_out = [verdict.model for verdict in members if verdict not in pooled]
    plain = effect.plain
    return first.model_copy(
        update={
            "model": POOLED_MODEL,
            "label": label,
            "reason": reason,
            "sentence": _build_sentence(effect, label, first, left_out),
            "value": _finite(plain.estimate),
            "lower": _finite(plain.lower),
            "upper": _finite(plain.upper),
            "p": _finite(effect.p_above),
            "p_adjusted": None,
            "p_refuted": None,
            "p_reversed": None,
            "floor": all(verdict.floor for verdict in pooled),
            "registered": all(verdict.registered for verdict in pooled),
            "registration": "; ".join(
                dict.fromkeys(verdict.registration for verdict in pooled if verdict.registration)
            ),
            "primary": False,
            "versions": tuple(sorted({version for verdict in pooled for version in verdict.versions})),
            **{name: sum(getattr(verdict, name) for verdict in pooled) for name in _SUMMED},
            "families": tuple(sorted({family for verdict in pooled for family in verdict.families})),
            "block_sd": _finite(effect.tau),
            "method": f"mean of {len(pooled)} models, Student's t over models; the SD is between models",
            "arms": (),
            "cautions": (),
            "rates": (),
            "steps": (),
            "checks": (),
            "excluded": tuple(f"{model} was excluded" for model in left_out),
        }
    )


_SUMMED = ("planned", "started", "analysed", "episodes", "unscored")


def _pool_at(verdicts: Sequence[Verdict], level: float) -> PooledEffect:
    """The pooled mean at a level, with limits that a difference can take: with two models Student's may lie outside."""
    estimates = [math.nan if verdict.value is None else verdict.value for verdict in verdicts]
    effect = pool_effects(estimates, [_standard_error(verdict) for verdict in verdicts], level)
    if not OUTCOMES[verdicts[0].outcome].is_share:
        return effect
    lower, upper = np.clip((effect.plain.lower, effect.plain.upper), -1.0, 1.0)
    return replace(effect, plain=Interval(effect.plain.estimate, float(lower), float(upper)))


def _standard_error(verdict: Verdict) -> float:
    """The standard error that a verdict's interval implies."""
    if verdict.lower is None or verdict.upper is None:
        return math.nan
    return (verdict.upper - verdict.lower) / (2 * float(upper_quantile((1 - verdict.level) / 2)))


def _read_evidence(effect: PooledEffect, against: PooledEffect, verdicts: Sequence[Verdict]) -> Evidence:
    """Evidence from the interval at the level of the claim and the one at the level of the evidence against it.

    There is no room for a fall of the mean where no model has room for a fall of its own.
    """
    evidence = limits_evidence(effect.plain, against.plain, verdicts[0].delta)
    return replace(
        evidence,
        testable=evidence.testable and not effect.insufficient,
        floor=all(verdict.floor for verdict in verdicts),
    )


def _build_sentence(effect: PooledEffect, label: VerdictLabel, first: Verdict, left_out: Sequence[str]) -> str:
    plain, outcome = effect.plain, first.outcome
    change = (
        f"{OUTCOMES[outcome].words} changes in the direction of the claim by {format_amount(plain.estimate, outcome)}"
    )
    interval = (
        ""
        if math.isnan(plain.lower)
        else f" ({first.level * 100:g} % interval {format_limits(plain.lower, plain.upper, outcome)})"
    )
    without = f", without {', '.join(left_out)}" if left_out else ""
    return f"{label}: over {effect.models} models{without}, {change}{interval}, {first.contrast}."


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def forest_charts(verdicts: Sequence[Verdict]) -> tuple[Chart, ...]:
    """A chart for each claim with its estimate by model, and that of all models together."""
    return tuple(_build_forest(members) for members in _group_by_claim(verdicts))


def _build_forest(members: Sequence[Verdict]) -> Chart:
    first = members[0]
    return Chart(
        key=f"models.{first.prediction}",
        section="models",
        title=first.title,
        x_label=first.contrast,
        y_label=OUTCOMES[first.outcome].words,
        unit="difference" if OUTCOMES[first.outcome].is_share else OUTCOMES[first.outcome].unit,
        level=first.level,
        reference=0.0,
        series=tuple(map(_forest_series, members)),
        registered=all(verdict.registered for verdict in members),
        method=first.method,
        notes=(f"δ = {first.delta:g}",),
    )


def _forest_series(verdict: Verdict) -> ChartSeries:
    point = ChartPoint(
        label=verdict.model,
        outcome=verdict.outcome,
        value=verdict.value,
        lower=verdict.lower,
        upper=verdict.upper,
        n=verdict.episodes,
        blocks=verdict.analysed,
        missing=verdict.unscored,
        note=verdict.label + (f" ({verdict.reason})" if verdict.reason else ""),
    )
    return ChartSeries(
        name=verdict.model,
        model="" if verdict.model == POOLED_MODEL else verdict.model,
        standin=verdict.standin,
        points=(point,),
    )
