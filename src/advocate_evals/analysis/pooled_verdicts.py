"""Verdicts over all models of a claim, whose makers are the independent units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, RobustnessCheck, Verdict
from advocate_evals.analysis.verdict_wording import format_amount, format_limits
from advocate_evals.model_names import is_human, model_vendor
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.inference_scope import describe_scope
from advocate_evals.statistics.intervals import upper_quantile
from advocate_evals.statistics.meta_analysis import PooledEffect, pool_effects
from advocate_evals.statistics.verdict_rule import (
    INCONCLUSIVE,
    Evidence,
    InconclusiveReason,
    VerdictLabel,
    classify_verdict,
    limits_evidence,
    same_verdict,
)

POOLED_MODEL = "pooled"
"""The name of all models together, where a verdict names a model."""
_NOT_READ: tuple[InconclusiveReason, ...] = ("incapable", "unvalidated", "replayed")
"""Reasons why a model is not in the pool: fixed before its outcome is seen."""
_SETTLED: tuple[InconclusiveReason, ...] = ("", "n", "controls")
"""Reasons of verdicts whose own figures are complete and checked."""


@dataclass(frozen=True, slots=True)
class _PoolMember:
    """What a model brings to the pool."""

    model: str
    maker: str
    value: float
    """Its estimate; NaN where nothing of it was scored."""
    error: float
    """Its standard error, above 0; NaN where there is none."""
    turns: bool
    """Whether its outcome turns back along ordered arms."""


@dataclass(frozen=True, slots=True)
class _PooledTest:
    """A pool of models at the level of the claim, and the label by its figures."""

    effect: PooledEffect
    evidence: Evidence

    @property
    def label(self) -> VerdictLabel:
        """The label by the figures alone."""
        return classify_verdict(self.evidence)[0]


def pool_verdicts(verdicts: Sequence[Verdict], makers: Mapping[str, str] = MappingProxyType({})) -> tuple[Verdict, ...]:
    """A verdict on all models together for each claim that two or more of them were run and read on.

    Scripts and models are never pooled with one another: where there are both, the scripts are left out. People are
    always left out. So is a model that cannot act, one whose vectors are not validated or that was not read itself, and
    one without an arm that the claim needs: all fixed before an outcome is seen. Every other model is in the pool, with
    the estimate that it has, whatever its own verdict: to leave out what is undecided would select by result. Where a
    model's own data are incomplete or its grader unchecked, and the label could turn with it, the pooled label is
    withdrawn; so it is where permuted copies show as much in one of the models.
    Models of one maker are not independent: the mean is over makers of the means of their models.
    Not corrected for the number of claims: it describes, and the verdicts by model decide.

    Args:
        verdicts: Verdicts by model.
        makers: Makers by model, where they are not those that the model's name says.
    """
    pooled = (_pool_claim(members, makers) for members in _group_by_claim(verdicts))
    return tuple(verdict for verdict in pooled if verdict is not None)


def _group_by_claim(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault((verdict.file, verdict.prediction), []).append(verdict)
    return list(by_claim.values())


def _pool_claim(verdicts: Sequence[Verdict], makers: Mapping[str, str]) -> Verdict | None:
    no_people = [verdict for verdict in verdicts if not is_human(verdict.model)]
    same_kind = [verdict for verdict in no_people if not verdict.standin] or no_people
    pooled = [verdict for verdict in same_kind if verdict.reason not in _NOT_READ and not verdict.absent_arms]
    members = [_read_member(verdict, makers) for verdict in pooled]
    if sum(not math.isnan(member.value) for member in members) < 2 or not verdicts[0].can_pool:
        return None
    first, floor = pooled[0], all(verdict.floor for verdict in pooled)
    test = _test_pool(members, first, floor)
    checks = tuple(_check_unsettled(pooled, members, test, floor))
    label, reason = classify_verdict(test.evidence, _find_withdrawal(pooled, checks, test.label))
    left_out = [verdict.model for verdict in verdicts if verdict not in pooled]
    if label != test.label:
        checks = (_figures_check(test), *checks)
    effect = test.effect
    return first.model_copy(
        update={
            **_estimate_fields(effect),
            **_summed_fields(pooled),
            "model": POOLED_MODEL,
            "label": label,
            "reason": reason,
            "sentence": _build_sentence(effect, label, pooled, left_out),
            "floor": floor,
            "turns": test.evidence.turns,
            **dict.fromkeys(("change", "shape"), ""),
            "primary": False,
            "arms": (),
            "cautions": (),
            "rates": (),
            "steps": (),
            "checks": checks,
            "excluded": tuple(f"{model} was excluded" for model in left_out),
        }
    )


def _read_member(verdict: Verdict, makers: Mapping[str, str]) -> _PoolMember:
    """A model with its maker, its estimate and the standard error that its interval implies."""
    error = math.nan
    if verdict.lower is not None and verdict.upper is not None:
        error = (verdict.upper - verdict.lower) / (2 * float(upper_quantile((1 - verdict.level) / 2)))
    return _PoolMember(
        model=verdict.model,
        maker=makers.get(verdict.model) or model_vendor(verdict.model),
        value=math.nan if verdict.value is None else verdict.value,
        error=error or math.nan,
        turns=verdict.turns,
    )


def _test_pool(members: Sequence[_PoolMember], claim: Verdict, floor: bool) -> _PooledTest:
    """The pooled mean at the level of the claim, with the evidence from it and from that against the claim.

    There is no room for a fall of the mean where no model has room for a fall of its own, and the mean trend says
    nothing of the order of the arms where the outcome turns back in half of the models or more.
    """
    effect, against = (_pool_at(members, claim, level) for level in (claim.level, 1 - 2 * claim.alpha_refuted))
    evidence = limits_evidence(effect.plain, against.plain, claim.delta)
    testable = evidence.testable and not effect.insufficient
    undecided: InconclusiveReason = "makers" if effect.insufficient else "n"
    turns = 2 * sum(member.turns for member in members) >= max(1, len(members))
    return _PooledTest(effect, replace(evidence, testable=testable, floor=floor, turns=turns, undecided=undecided))


def _pool_at(members: Sequence[_PoolMember], claim: Verdict, level: float) -> PooledEffect:
    """The pooled mean at a level, with limits that an effect can take: with two makers Student's may lie outside."""
    effect = pool_effects(
        [member.value for member in members],
        [member.error for member in members],
        level,
        [member.maker for member in members],
    )
    if claim.reach is None:
        return effect
    return replace(effect, plain=effect.plain.clipped(-claim.reach, claim.reach))


# Models whose own figures are incomplete or unchecked: they stay, and may withdraw the label.


def _check_unsettled(
    pooled: Sequence[Verdict], members: Sequence[_PoolMember], test: _PooledTest, floor: bool
) -> Iterator[RobustnessCheck]:
    """The label without each model that is not settled, and with all of them at their worst and at their best."""
    unsettled = {verdict.model: verdict for verdict in pooled if verdict.reason not in _SETTLED}
    if not unsettled or test.label == INCONCLUSIVE:
        return
    for model in unsettled:
        remaining = [member for member in members if member.model != model]
        yield _compare("without", f"without {model}", _test_pool(remaining, pooled[0], floor), test.label)
    for key, title, sign in (
        ("worst_case", "what is missing or unchecked of these models against the claim", -1.0),
        ("best_case", "what is missing or unchecked of these models in favour of the claim", 1.0),
    ):
        turned = [
            replace(member, value=_extreme_value(unsettled[member.model], sign))
            if member.model in unsettled
            else member
            for member in members
        ]
        if any(not math.isfinite(member.value) for member in turned):
            yield RobustnessCheck(key=key, title=title, agrees=False, note="the outcome has no bounds")
        else:
            yield _compare(key, title, _test_pool(turned, pooled[0], floor), test.label)


def _extreme_value(verdict: Verdict, sign: float) -> float:
    """The estimate of a model if what is not known of it had the most extreme effect; infinite without bounds.

    Unknown is each planned block without a value, each missing episode of a block with one (as the checks of the
    verdict fill it), and everything where the grader was not checked.
    """
    reach = math.inf if verdict.reach is None else verdict.reach
    is_lost = verdict.reason in ("completeness", "pilot", "missing", "data") and verdict.value is not None
    share = min(1.0, verdict.analysed / verdict.planned) if is_lost and verdict.planned else 0.0
    by_blocks = share * (verdict.value or 0.0) + (sign * (1.0 - share) * reach if share < 1.0 else 0.0)
    key = "worst_case" if sign < 0 else "best_case"
    by_checks = [check.value for check in verdict.checks if check.key == key and check.value is not None]
    return sign * max(sign * value for value in (by_blocks, *by_checks))


def _compare(key: str, title: str, test: _PooledTest, label: VerdictLabel) -> RobustnessCheck:
    plain = test.effect.plain
    return RobustnessCheck(
        key=key,
        title=title,
        value=plain.estimate,
        lower=plain.lower,
        upper=plain.upper,
        label=test.label,
        agrees=same_verdict(test.label, label),
        note=test.effect.insufficient,
    )


def _figures_check(test: _PooledTest) -> RobustnessCheck:
    title = "by the estimates alone, ignoring why the label was withdrawn"
    return _compare("figures", title, test, test.label).model_copy(update={"agrees": None})


def _find_withdrawal(
    pooled: Sequence[Verdict], checks: Sequence[RobustnessCheck], label: VerdictLabel
) -> InconclusiveReason:
    """Why the label by the figures is withdrawn; empty where it stands."""
    if any(verdict.reason == "controls" for verdict in pooled):
        return "controls"
    if label == INCONCLUSIVE or all(check.agrees for check in checks):
        return ""
    reasons = [verdict.reason for verdict in pooled if verdict.reason not in _SETTLED]
    return "completeness" if "data" in reasons else reasons[0]


# The record of a pooled verdict.


_SUMMED = ("planned", "started", "analysed", "episodes", "unscored")


def _estimate_fields(effect: PooledEffect) -> dict[str, Any]:
    """The estimate as fields of a verdict."""
    plain = effect.plain
    return {
        "value": _finite(plain.estimate),
        "lower": _finite(plain.lower),
        "upper": _finite(plain.upper),
        "p": _finite(effect.p_above),
        "p_adjusted": None,
        "p_refuted": None,
        "p_reversed": None,
        "block_sd": _finite(effect.tau),
        **{"family_effects": (), "family_p": None, "family_note": ""},
        "method": (
            f"mean over {effect.makers} makers of the means of their {effect.models} models, Student's t over makers; "
            "the SD is between models"
        ),
    }


def _summed_fields(pooled: Sequence[Verdict]) -> dict[str, Any]:
    """What the models add up to."""
    registrations = dict.fromkeys(verdict.registration for verdict in pooled if verdict.registration)
    return {
        "registered": all(verdict.registered for verdict in pooled),
        "registration": "; ".join(registrations),
        "versions": tuple(sorted({version for verdict in pooled for version in verdict.versions})),
        "families": tuple(sorted({family for verdict in pooled for family in verdict.families})),
        **{name: sum(getattr(verdict, name) for verdict in pooled) for name in _SUMMED},
    }


def _build_sentence(
    effect: PooledEffect, label: VerdictLabel, pooled: Sequence[Verdict], left_out: Sequence[str]
) -> str:
    first, plain = pooled[0], effect.plain
    outcome = first.outcome
    change = (
        f"{OUTCOMES[outcome].words} changes in the direction of the claim by {format_amount(plain.estimate, outcome)}"
    )
    interval = (
        f" ({effect.insufficient})"
        if math.isnan(plain.lower)
        else f" ({first.level * 100:g} % interval {format_limits(plain.lower, plain.upper, outcome)})"
    )
    subjects = f"{effect.models} scripts" if first.standin else f"{effect.models} models of {effect.makers} maker"
    if effect.makers != 1 and not first.standin:
        subjects += "s"
    without = f", without {', '.join(left_out)}" if left_out else ""
    unsettled = [verdict.model for verdict in pooled if verdict.reason not in _SETTLED]
    caution = f" Incomplete or unchecked by themselves: {', '.join(unsettled)}." if unsettled else ""
    families = len({family for verdict in pooled for family in verdict.families})
    plots = describe_scope(first.scope, families)
    return f"{label}: over {subjects}{without}, {plots} {change}{interval}, {first.contrast}.{caution}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# The models side by side.


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
