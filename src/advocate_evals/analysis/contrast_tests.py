"""On what terms a claim is tested: its direction, δ, the errors allowed, the interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from advocate_evals.analysis.block_values import ArmSet, BlockValues
from advocate_evals.analysis.findings import TestStep
from advocate_evals.predictions.claims import (
    Claim,
    DifferenceContrast,
    EquivalenceContrast,
    ExtremeContrast,
    OrderContrast,
    PredictionFile,
    StepContrast,
    TrendContrast,
)
from advocate_evals.statistics.block_rates import BlockTable, check_floor_ceiling
from advocate_evals.statistics.contrasts import estimate_contrast, estimate_trend, gatekept_order_test
from advocate_evals.statistics.intervals import Effect
from advocate_evals.statistics.risk_difference import effect_sd, risk_difference


@dataclass(frozen=True, slots=True)
class TestSpec:
    """What a test needs besides the data."""

    falls: bool
    """Whether the claim says that the outcome falls; else it says that it rises."""
    delta: float
    """The smallest effect that matters."""
    alpha: float
    """One-sided error of what bears the claim out."""
    alpha_refuted: float
    """One-sided error of what speaks against it."""
    method: str
    """Interval of a difference: `mover` or `t`."""
    missing: float
    """Share of the planned blocks that may be missing."""
    planned: int
    """Blocks planned."""

    @property
    def level(self) -> float:
        """Level of the two-sided interval."""
        return 1 - 2 * self.alpha

    @property
    def level_refuted(self) -> float:
        """Level of the one-sided limits that speak against the claim."""
        return 1 - self.alpha_refuted

    @property
    def one_level(self) -> bool:
        """Whether an effect at `level` has the one-sided limits at `level_refuted` too."""
        return math.isclose(self.level, self.level_refuted)

    def scaled(self, delta: float) -> TestSpec:
        """The same with δ on another scale."""
        return replace(self, delta=delta)


def build_test_spec(file: PredictionFile, claim: Claim, delta: float | None = None) -> TestSpec:
    """The terms of a registered claim; another δ makes it another claim, which the verdict then says.

    Args:
        file: The file that the claim stands in.
        claim: The claim.
        delta: Another δ for outcomes that are shares.
    """
    return TestSpec(
        falls=claim.direction == "falls",
        delta=claim.delta if delta is None else delta,
        alpha=file.alpha,
        alpha_refuted=file.alpha_refuted,
        method=claim.method,
        missing=file.missing,
        planned=claim.blocks,
    )


# --- A claim's contrast put to the test on a table of blocks: estimate, limits, and what they would bear out. ---


AnyContrast = DifferenceContrast | EquivalenceContrast | TrendContrast | OrderContrast | ExtremeContrast | StepContrast


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test came to, in the unit of the outcome and positive in the direction of the claim."""

    value: float
    """The estimate; NaN where there is none."""
    lower: float
    """Two-sided limits at the level 1 − 2α."""
    upper: float
    p: float
    """One-sided p-value of "not in the direction of the claim"; NaN where the claim has none."""
    holds: bool
    """Whether the claim is borne out at α, before any correction for the number of claims."""
    small: bool
    """Whether it is besides shown to be smaller than δ."""
    refuted: bool
    """Whether an effect of δ or more is excluded at α_refuted."""
    reversed: bool
    """Whether it goes the other way, at α_refuted."""
    floor: bool
    """Whether there is no room for an effect of δ."""
    analysed: int
    """Blocks with a value."""
    spread: float
    """SD of the effect between blocks beyond chance; NaN where single episodes do not show it."""
    steps: tuple[TestStep, ...]
    """The contrasts one by one."""
    insufficient: str
    """Why nothing can be told; empty where something can."""
    method: str
    """How estimate, interval and p were found."""


def arm_groups(contrast: AnyContrast, control: bool = False) -> tuple[ArmSet, ...]:
    """The groups of arms that a contrast compares, in the order of the claim.

    Args:
        contrast: The contrast.
        control: Whether the matched control stands in for the first group.
    """
    if isinstance(contrast, DifferenceContrast):
        return (contrast.control if control else contrast.baseline, contrast.treated)
    if isinstance(contrast, EquivalenceContrast):
        return (contrast.baseline, contrast.treated)
    if isinstance(contrast, StepContrast):
        return ((contrast.zero,), contrast.low, contrast.high)
    if isinstance(contrast, ExtremeContrast):
        return (*((other,) for other in contrast.others), contrast.treated)
    along = tuple((arm,) for arm in contrast.along)
    return (contrast.control, *along[1:]) if control and isinstance(contrast, TrendContrast) else along


def run_test(contrast: AnyContrast, table: BlockValues, terms: TestSpec, by_family: bool = False) -> TestResult:
    """Put a contrast to the test.

    Args:
        contrast: What is compared.
        table: Its groups of arms, in the order of `groups`.
        terms: Direction, δ, errors, method.
        by_family: Whether families are the independent units, in place of blocks.
    """
    data = (table if terms.falls else table.flipped()).cells(by_family)
    tests: dict[type, Callable[[AnyContrast, BlockTable, TestSpec], _Found]] = {
        DifferenceContrast: _simple, TrendContrast: _simple, StepContrast: _step, EquivalenceContrast: _same, OrderContrast: _order, ExtremeContrast: _most,
    }  # fmt: skip
    delta, top = terms.delta / table.top, table.top
    found = tests[type(contrast)](contrast, data, terms.scaled(delta))
    effect = found.effect
    return TestResult(
        value=effect.estimate * top,
        lower=effect.lower * top,
        upper=effect.upper * top,
        p=found.p,
        holds=found.holds,
        small=found.holds
        and effect.upper < delta
        and not isinstance(contrast, EquivalenceContrast | OrderContrast | ExtremeContrast),
        refuted=found.refuted,
        reversed=found.reversed,
        floor=_floor(contrast, data, terms.scaled(delta)),
        analysed=effect.blocks,
        spread=_spread(contrast, data) * top,
        steps=tuple(_in_unit(step, top) for step in found.steps),
        insufficient=effect.insufficient,
        method=METHOD_TEXTS.get(effect.method, effect.method),
    )


METHOD_TEXTS = {
    "mover": "difference of clustered Wilson limits (MOVER)",
    "t": "Student's t over blocks",
    "bounds": "exact bounds, since no block differs from another",
    "none": "",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """A test on the scale 0 to 1; `p` is NaN where there is none."""

    effect: Effect
    p: float
    holds: bool
    refuted: bool
    reversed: bool
    steps: tuple[TestStep, ...]


def _effect(contrast_: AnyContrast, data: BlockTable, method: str, level: float) -> Effect:
    """The contrast of a simple claim: first group against second, or the trend along all."""
    if isinstance(contrast_, TrendContrast):
        return estimate_trend(data, contrast_.at or None, level)
    return estimate_difference(data, 0, 1, method, level)


def estimate_difference(data: BlockTable, first: int, second: int, method: str, level: float) -> Effect:
    """Rate under one group less that under another, by the method named."""
    if method == "mover":
        return risk_difference(data, first, second, level)
    weights = [0.0] * data.conditions
    weights[first], weights[second] = 1.0, -1.0
    return estimate_contrast(data, weights, level)


def _simple(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> _Found:
    effect = _effect(claim, data, terms.method, terms.level)
    against = effect if terms.one_level else _effect(claim, data, terms.method, terms.level_refuted)
    known = not effect.insufficient
    return _Found(
        effect,
        effect.p_above,
        holds=known and effect.lower > 0,
        refuted=against.below(terms.delta),
        reversed=against.below(0.0),
        steps=(_step_of(claim.kind, effect, known and effect.lower > 0),),
    )


def _step(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> _Found:
    """The step is the claim; what is left above it is told beside."""
    found = _simple(claim, data, terms)
    rest = estimate_difference(data, 1, 2, terms.method, terms.level)
    beyond = _step_of("from the low chance to the highest, beside the claim", rest, None)
    whole = _step_of(
        "from no chance to the highest, beside the claim",
        estimate_difference(data, 0, 2, terms.method, terms.level),
        None,
    )
    return _Found(found.effect, found.p, found.holds, found.refuted, found.reversed, (*found.steps, beyond, whole))


def _same(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> _Found:
    effect = estimate_difference(data, 0, 1, terms.method, terms.level)
    against = effect if terms.one_level else estimate_difference(data, 0, 1, terms.method, terms.level_refuted)
    known = not effect.insufficient
    return _Found(
        effect,
        math.nan,
        holds=known and -terms.delta < effect.lower and effect.upper < terms.delta,
        refuted=against.above(terms.delta) or against.below(-terms.delta),
        reversed=False,
        steps=(_step_of(claim.kind, effect, None),),
    )


def _order(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> _Found:
    """Gatekept from the ends inwards; against it speak a whole fall below δ, or a step that goes the other way."""
    found = gatekept_order_test(data, 1 - terms.alpha)
    last = data.conditions - 1
    steps = [(estimate_difference(data, at, at + 1, terms.method, terms.level)) for at in range(last)]
    against = [
        estimate_difference(data, at, at + 1, terms.method, 1 - terms.alpha_refuted / last) for at in range(last)
    ]
    whole = estimate_difference(data, 0, last, terms.method, terms.level_refuted)
    weakest = min(steps, key=lambda effect: math.inf if math.isnan(effect.estimate) else effect.estimate)
    shown = tuple(_step_of(step.name, step.effect, step.significant, step.tested) for step in found)
    return _Found(
        weakest,
        max(step.effect.p_above for step in found),
        holds=all(step.significant for step in found),
        refuted=whole.below(terms.delta),
        reversed=any(effect.below(0.0) for effect in against),
        steps=shown,
    )


def _most(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> _Found:
    """Beyond each of the others (intersection-union); what speaks against it is corrected for their number."""
    assert isinstance(claim, ExtremeContrast)
    last, number = data.conditions - 1, len(claim.others)
    effects = [estimate_difference(data, at, last, terms.method, terms.level) for at in range(number)]
    against = [
        estimate_difference(data, at, last, terms.method, 1 - terms.alpha_refuted / number) for at in range(number)
    ]
    weakest = min(effects, key=lambda effect: math.inf if math.isnan(effect.estimate) else effect.estimate)
    known = not any(effect.insufficient for effect in effects)
    return _Found(
        weakest,
        max(effect.p_above for effect in effects),
        holds=known and all(effect.lower > 0 for effect in effects),
        refuted=any(effect.below(terms.delta) for effect in against),
        reversed=any(effect.below(0.0) for effect in against),
        steps=tuple(
            _step_of(f"{other} against those claimed", effect, effect.lower > 0)
            for other, effect in zip(claim.others, effects, strict=True)
        ),
    )


def _step_of(title: str, effect: Effect, passed: bool | None, tested: bool = True) -> TestStep:
    """A step on the scale 0 to 1; `passed` is None for what is told beside the claim and not tested."""
    return TestStep(
        title=title,
        value=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        p=effect.p_above,
        tested=tested and passed is not None,
        passed=bool(passed),
        note=effect.insufficient,
    )


def _in_unit(step: TestStep, top: float) -> TestStep:
    scaled = {
        name: None if (value := getattr(step, name)) is None else value * top for name in ("value", "lower", "upper")
    }
    return step.model_copy(update=scaled)


def _floor(claim: AnyContrast, data: BlockTable, terms: TestSpec) -> bool:
    """No room to fall by δ from where the claim starts; for claims about several starts, from none of them."""
    starts: Sequence[int] = (0,)
    if isinstance(claim, ExtremeContrast):
        starts = range(len(claim.others))
    elif isinstance(claim, EquivalenceContrast):
        starts = (0, 1)
    rooms = [check_floor_ceiling(data, terms.delta, start, terms.level_refuted) for start in starts]
    return all(found.floor and not found.insufficient for found in rooms)


def _spread(claim: AnyContrast, data: BlockTable) -> float:
    second = 1 if isinstance(claim, StepContrast) else data.conditions - 1
    return effect_sd(data, 0, second)
