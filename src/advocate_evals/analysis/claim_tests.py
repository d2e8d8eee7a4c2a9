"""One claim on one model: which episodes, the test of its contrast, and robustness checks.

A test is turned so that the claim says "falls" and scaled so that the outcome lies between 0 and 1; `TestResult` is in
the outcome's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from advocate_evals.analysis.block_values import BlockValues, build_block_values, is_graded
from advocate_evals.analysis.capability_table import assess_task
from advocate_evals.analysis.data_sources import SelectedEpisodes, select_episodes
from advocate_evals.analysis.findings import RobustnessCheck, TestStep
from advocate_evals.analysis.grader_robustness import (
    BiasAnalysis,
    analyse_claim_bias,
    build_bias_check,
)
from advocate_evals.analysis.planned_blocks import cut_to_plan
from advocate_evals.logs.task_logs import GraderCalibration
from advocate_evals.outcomes import GATED_OUTCOMES
from advocate_evals.predictions.claim_spec import TestSpec
from advocate_evals.predictions.claims import Claim, PredictionFile
from advocate_evals.predictions.contrasts import AnyContrast, ContrastStep, OrderContrast, TrendContrast
from advocate_evals.statistics.capability_gate import UNMEASURED_GATE, CapabilityGate
from advocate_evals.statistics.inference_scope import (
    PLOTS_LIKE_THESE,
    PLOTS_PLAYED,
    InferenceScope,
    describe_scope,
)
from advocate_evals.statistics.intervals import Effect, Interval
from advocate_evals.statistics.monotonicity import OrderShape, assess_order
from advocate_evals.statistics.risk_difference import BlockTable
from advocate_evals.statistics.verdict_rule import (
    Evidence,
    InconclusiveReason,
    VerdictLabel,
    classify_verdict,
    same_verdict,
)

PValueAdjustment = Callable[[Evidence], Evidence]
"""What the correction for the number of claims makes of evidence in the place of a claim's own: for it and against."""

METHOD_TEXTS = {
    "mover": "MOVER on clustered Wilson limits",
    "t": "Student's t over blocks",
    "bounds": "exact bounds, since all blocks have the same value",
    "none": "",
}


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test showed, in the unit of the outcome and positive in the direction of the claim."""

    value: float
    """The estimate; NaN where there is none."""
    lower: float
    """Two-sided limits at the level 1 − 2α."""
    upper: float
    p: float
    """One-sided p-value of "not in the direction of the claim"; NaN where the claim has none."""
    evidence: Evidence
    """The same as yes and no, before the correction for the number of claims."""
    analysed: int
    """Blocks with a value."""
    block_sd: float
    """SD of the effect between blocks beyond chance; NaN where single episodes do not show it."""
    steps: tuple[TestStep, ...]
    """The contrasts one by one."""
    insufficient: str
    """Why nothing can be estimated; empty where something can."""
    method: str
    """How estimate, interval and p were found."""
    shape: OrderShape | None = None
    """How the outcome goes along arms that are claimed to be ordered, turned and scaled as the test is; else None."""


@dataclass(frozen=True, slots=True)
class RegisteredClaim:
    """A claim with the file it stands in."""

    file: PredictionFile
    claim: Claim
    hash: str
    """Hash of the file."""
    spec: TestSpec
    """How it is tested."""


@dataclass(frozen=True, slots=True)
class TestedClaim:
    """A claim on one model, before the correction for the number of claims."""

    registered: RegisteredClaim
    model: str
    standin: bool
    """Whether the model is a script."""
    episodes: SelectedEpisodes
    blocks: BlockValues
    """Blocks × groups of arms of the contrast."""
    test: TestResult
    absent_arms: tuple[str, ...]
    """Arms that the claim needs and no episode has."""
    bias: BiasAnalysis | None = None
    """The claim under the errors that the grader may have made; None where nothing bounds them."""
    capability: CapabilityGate = UNMEASURED_GATE
    """Whether the model can act in the claim's task."""
    all_blocks: BlockValues | None = None
    """Blocks × groups with those beyond the plan, which decide nothing; None where there are none."""

    @property
    def claim(self) -> Claim:
        """The claim."""
        return self.registered.claim

    @property
    def spec(self) -> TestSpec:
        """How it was tested."""
        return self.registered.spec

    @property
    def is_graded(self) -> bool:
        """Whether the outcome stands on a grader."""
        return is_graded(self.claim.outcome, self.episodes.rows)

    @property
    def is_withheld(self) -> bool:
        """Whether the outcome is a harm and the model cannot act, so that it has no rate."""
        return _has_no_rate(self.claim.outcome, self.capability)

    @property
    def incompleteness(self) -> InconclusiveReason:
        """Why there are too few of the planned blocks for a decision; empty where there are enough.

        A `pilot` lost no more than is allowed of the blocks that it started; the others were never started.
        """
        if not self._lacks_blocks(self.spec.planned):
            return ""
        return "completeness" if self._lacks_blocks(len(self.blocks.names)) else "pilot"

    def _lacks_blocks(self, due: int) -> bool:
        """Whether more of so many blocks have no value than is allowed, lost epochs among it."""
        complete = self.test.analysed - self.blocks.lost_blocks
        return complete < math.ceil((1 - self.spec.missing) * due - 1e-9) - 1e-9


def run_claim_test(
    registered: RegisteredClaim,
    model: str,
    episodes: pd.DataFrame,
    labels: pd.DataFrame | None,
    calibrations: Sequence[GraderCalibration] = (),
) -> TestedClaim | None:
    """Test a claim on one model; None where no episode of its task is there.

    Args:
        registered: The claim.
        model: The model.
        episodes: Its episodes, one comparable run of each task.
        labels: People's labels, as the module `grader_robustness` describes them.
        calibrations: Calibrations of graders on unseen items.
    """
    claim = registered.claim
    if not (episodes["task"] == claim.task).any():
        return None
    selected = select_episodes(episodes, claim, registered.file.name, registered.hash)
    groups, capability = claim.contrast.arm_groups, assess_task(episodes, claim.task)
    if withheld := _has_no_rate(claim.outcome, capability):
        selected, labels = replace(selected, rows=selected.rows.assign(**{claim.outcome: math.nan})), None
    all_rows = selected.rows
    rows, surplus = cut_to_plan(all_rows, claim.contrast.arms, registered.spec.planned)
    selected = replace(selected, rows=rows)
    blocks = build_block_values(selected.rows, claim.outcome, groups)
    present_arms = set(selected.rows["arm"])
    return TestedClaim(
        registered=registered,
        model=model,
        standin=bool(episodes["standin"].any()),
        episodes=selected,
        blocks=blocks,
        test=run_test(claim.contrast, blocks, registered.spec),
        absent_arms=tuple(dict.fromkeys(arm for group in groups for arm in group if arm not in present_arms)),
        bias=None if withheld else _analyse_bias(registered, selected.rows, calibrations, labels),
        capability=capability,
        all_blocks=build_block_values(all_rows, claim.outcome, groups) if surplus else None,
    )


def _analyse_bias(
    registered: RegisteredClaim,
    rows: pd.DataFrame,
    calibrations: Sequence[GraderCalibration],
    labels: pd.DataFrame | None,
) -> BiasAnalysis | None:
    """The bias analysis; a calibration of graders says nothing of an outcome by rule."""
    claim = registered.claim
    used = calibrations if is_graded(claim.outcome, rows) else ()
    return analyse_claim_bias(claim.contrast, rows, claim.outcome, registered.spec, used, labels)


def _has_no_rate(outcome: str, capability: CapabilityGate) -> bool:
    return outcome in GATED_OUTCOMES and capability.is_incapable


def run_test(contrast: AnyContrast, blocks: BlockValues, spec: TestSpec) -> TestResult:
    """Test a contrast, over blocks or over families, as the scope of the claim asks.

    Args:
        contrast: What is compared.
        blocks: Its groups of arms, in the order of `arm_groups`.
        spec: Direction, δ, errors, method, scope.
    """
    table = (blocks if spec.falls else blocks.flipped()).as_table(spec.by_family)
    scale, delta = blocks.scale_max, spec.delta / blocks.scale_max
    unit_spec = replace(spec, delta=delta)
    test = contrast.test(table, unit_spec)
    effect, shape = test.effect, _assess_shape(contrast, table, spec)
    in_unit, is_reversed = _scale_effect(effect, blocks), test.p_reversed <= spec.alpha_refuted
    return TestResult(
        value=in_unit.estimate,
        lower=in_unit.lower,
        upper=in_unit.upper,
        p=test.p,
        evidence=Evidence(
            testable=not effect.insufficient and not math.isnan(effect.estimate),
            holds=test.holds,
            small=test.holds and effect.upper < delta and contrast.names_small_effects,
            refuted=test.p_refuted <= spec.alpha_refuted,
            reversed=is_reversed,
            turns=shape is not None and shape.turns_back(is_reversed),
            floor=contrast.has_floor(table, unit_spec),
            equivalence=not contrast.has_p_value,
            p_adjusted=test.p,
            alpha=spec.alpha,
            p_refuted=test.p_refuted,
            p_reversed=test.p_reversed,
            alpha_refuted=spec.alpha_refuted,
            undecided="n" if effect.blocks else "data",
        ),
        analysed=effect.blocks,
        block_sd=contrast.block_sd(table) * scale,
        steps=tuple(_in_unit(step, blocks) for step in test.steps),
        insufficient=effect.insufficient,
        method=describe_method(effect.method, spec.scope),
        shape=shape,
    )


def _assess_shape(contrast: AnyContrast, table: BlockTable, spec: TestSpec) -> OrderShape | None:
    """How the outcome goes along the arms of a trend or an order; None for other contrasts."""
    if not isinstance(contrast, TrendContrast | OrderContrast):
        return None
    return assess_order(table, spec.alpha_refuted, spec.alpha)


def _scale_effect(effect: Effect, blocks: BlockValues) -> Interval:
    """An effect in the outcome's unit, within what a difference of two means can be.

    The fall of a fitted line may be larger than any difference: 1, 1, 0 and 0 give 1.2.
    """
    scale = blocks.scale_max
    in_unit = Interval(effect.estimate * scale, effect.lower * scale, effect.upper * scale)
    return in_unit.clipped(-scale, scale) if blocks.is_bounded else in_unit


def describe_method(method: str, scope: InferenceScope) -> str:
    """How an interval was found, in words.

    Args:
        method: The method as an effect names it.
        scope: Decides the units that it was found over.
    """
    text = METHOD_TEXTS.get(method, method)
    if scope == PLOTS_PLAYED or not text:
        return text
    return text.replace("over blocks", "over families") if "over blocks" in text else f"{text}, over families"


def _in_unit(step: ContrastStep, blocks: BlockValues) -> TestStep:
    effect, in_unit = step.effect, _scale_effect(step.effect, blocks)
    return TestStep(
        title=step.title,
        value=in_unit.estimate,
        lower=in_unit.lower,
        upper=in_unit.upper,
        p=effect.p_above,
        tested=step.tested and step.passed is not None,
        passed=bool(step.passed),
        note=effect.insufficient,
    )


def robustness_checks(tested: TestedClaim, label: VerdictLabel, adjust: PValueAdjustment) -> Iterator[RobustnessCheck]:
    """Another baseline, families as units, blocks beyond the plan, people's labels: none makes the verdict stronger.

    Args:
        tested: The claim.
        label: The label from the estimates alone.
        adjust: The correction of the claim's evidence for the number of claims.
    """
    claim, spec, rows = tested.claim, tested.spec, tested.episodes.rows
    control_groups = claim.contrast.control_groups
    if control_groups:
        control_blocks = build_block_values(rows, claim.outcome, control_groups)
        start = " and ".join(claim.contrast.arm_groups[0])
        title = f"with {' and '.join(control_groups[0])} as the baseline instead of {start}"
        yield compare_analysis("control", title, run_test(claim.contrast, control_blocks, spec), label, adjust)
    yield from _unit_check(tested, label, adjust)
    if tested.all_blocks is not None:
        number = len(tested.all_blocks.names)
        title = f"with all {number} blocks, the {number - len(tested.blocks.names)} beyond the plan included"
        yield compare_analysis("all_blocks", title, run_test(claim.contrast, tested.all_blocks, spec), label, adjust)
    if tested.bias is not None:
        yield build_bias_check(tested.bias, label, adjust, tested.claim.measure.change_range)
    elif tested.is_graded:
        note = "not corrected: neither labels nor a calibration were given"
        yield RobustnessCheck(key="corrected", title="corrected for errors of the grader", note=note)


def _unit_check(tested: TestedClaim, label: VerdictLabel, adjust: PValueAdjustment) -> Iterator[RobustnessCheck]:
    """The claim at the other scope: plots like these for one about the plots played, and the reverse."""
    families = len(set(tested.blocks.families))
    if not families:
        return
    scope: InferenceScope = PLOTS_PLAYED if tested.spec.by_family else PLOTS_LIKE_THESE
    key, units = ("block", "blocks") if tested.spec.by_family else ("family", f"the {families} families")
    title = f"with {units} as the independent units: {describe_scope(scope, families)}"
    if families == 1:
        note = "one family only: nothing can be said of other plots"
        yield RobustnessCheck(key="family", title="with families as the independent units", note=note)
        return
    test = run_test(tested.claim.contrast, tested.blocks, replace(tested.spec, scope=scope))
    yield compare_analysis(key, title, test, label, adjust)


def classify_test(test: TestResult, adjust: PValueAdjustment) -> VerdictLabel:
    """The label that a test comes to, its p-values corrected for the number of claims."""
    return classify_verdict(adjust(test.evidence))[0]


def compare_analysis(
    key: str, title: str, test: TestResult, label: VerdictLabel, adjust: PValueAdjustment
) -> RobustnessCheck:
    """A robustness check from the test of another analysis.

    Args:
        key: Name of the check.
        title: What was done differently.
        test: What the other analysis showed.
        label: The label from the estimates alone.
        adjust: The correction of the claim's p-value for the number of claims.
    """
    check_label = classify_test(test, adjust)
    return RobustnessCheck(
        key=key,
        title=title,
        value=test.value,
        lower=test.lower,
        upper=test.upper,
        label=check_label,
        agrees=same_verdict(check_label, label),
        note=test.insufficient,
    )
