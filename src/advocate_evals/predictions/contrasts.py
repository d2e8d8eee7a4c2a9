"""The kinds of contrast that a claim can make, one class each: its arms, weights, test, floor, wording and power.

A test works on the scale 0 to 1 and is turned so that the claim says "falls": an effect is positive where the claim is
right. One-sided errors are α for a claim that holds and α_refuted for what speaks against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from advocate_evals.predictions.claim_spec import ContrastMethod, TestSpec
from advocate_evals.records import Record
from advocate_evals.scenarios.shared_schema import Text
from advocate_evals.statistics.dose_response import (
    estimate_contrast,
    estimate_trend,
    gatekept_order_test,
    trend_weights,
)
from advocate_evals.statistics.intervals import Array, Effect
from advocate_evals.statistics.power_simulation import PowerContrast
from advocate_evals.statistics.risk_difference import BlockTable, check_floor_ceiling, effect_sd, risk_difference

ArmGroup = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Arms that count as one: the mean over them, block by block."""


@dataclass(frozen=True, slots=True)
class ContrastStep:
    """One contrast of a claim, on the scale 0 to 1."""

    title: str
    """What is compared with what."""
    effect: Effect
    """Its effect, positive in the direction of the claim."""
    passed: bool | None
    """Whether it was shown; None for what is reported beside the claim and not tested."""
    tested: bool = True
    """Whether it was tested: a step after one that failed is shown and not tested."""


@dataclass(frozen=True, slots=True)
class ContrastTest:
    """What a test of a contrast showed, on the scale 0 to 1."""

    effect: Effect
    """The effect that decides: of several contrasts the weakest."""
    p: float
    """One-sided p-value of "not in the direction of the claim"; NaN where the claim has none."""
    holds: bool
    """Whether the claim holds at α, before any correction for the number of claims."""
    p_refuted: float
    """One-sided p-value of "the effect is δ or more", corrected within the claim."""
    p_reversed: float
    """One-sided p-value of "the effect does not go the other way", corrected within the claim; NaN where no way is the
    other one."""
    steps: tuple[ContrastStep, ...]
    """The contrasts one by one, in the order in which they are tested."""


class Contrast(Record):
    """What every kind of contrast has. `kind` tells the kinds of a YAML file apart."""

    has_p_value: ClassVar[bool] = True
    """Whether it has a p-value, so that it is corrected for the number of claims."""
    nests_reversal: ClassVar[bool] = True
    """Whether a reversal excludes an effect of δ too, so that both can share one error."""
    names_small_effects: ClassVar[bool] = True
    """Whether a confirmed effect below δ is called small."""
    can_pool: ClassVar[bool] = True
    """Whether its effects on several models can be averaged."""
    takes_mover: ClassVar[bool] = True
    """Whether MOVER gives its interval."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups of arms that are compared, in the order of the claim."""
        raise NotImplementedError

    @property
    def control_groups(self) -> tuple[tuple[str, ...], ...]:
        """The same with the matched control in the place of the first group; empty where the claim names no control."""
        control: tuple[str, ...] = getattr(self, "control", ())
        return (control, *self.arm_groups[1:]) if control else ()

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs, in the order of its groups."""
        return tuple(arm for group in self.arm_groups for arm in group)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Places of the groups whose differences the claim rests on, the start first."""
        return ((0, 1),)

    @property
    def start_groups(self) -> tuple[int, ...]:
        """Places of the groups that the claim starts from, where there must be room for an effect."""
        return (0,)

    def group_weights(self) -> tuple[Array, ...]:
        """Weights of the groups in each contrast that the claim rests on; a fall is positive."""
        return tuple(_pair_weights(len(self.arm_groups), first, second) for first, second in self.pairs)

    def high_groups(self) -> tuple[bool, ...]:
        """Which groups are on the side the claim starts from: the outcome is frequent there if the claim is right."""
        return tuple(place in self.start_groups for place in range(len(self.arm_groups)))

    def test(self, table: BlockTable, spec: TestSpec) -> ContrastTest:
        """Test the contrast.

        Args:
            table: Blocks × groups, turned so that the claim says "falls".
            spec: δ on the scale 0 to 1, errors and method.
        """
        effect = self.estimate(table, spec.method, spec.level)
        holds = not effect.insufficient and effect.lower > 0
        return ContrastTest(
            effect,
            effect.p_above,
            holds=holds,
            p_refuted=effect.p_below_margin(spec.delta),
            p_reversed=effect.p_below,
            steps=(ContrastStep(self.kind_name, effect, holds),),
        )

    def estimate(self, table: BlockTable, method: ContrastMethod, level: float) -> Effect:
        """The effect of the first pair of groups."""
        return estimate_difference(table, *self.pairs[0], method, level)

    def has_floor(self, table: BlockTable, spec: TestSpec) -> bool:
        """Whether no group that the claim starts from has room for a fall of δ; without bounds there always is."""
        starts = self.start_groups if table.is_bounded else ()
        checks = [check_floor_ceiling(table, spec.delta, start, spec.level_refuted) for start in starts]
        return bool(checks) and all(check.floor and not check.insufficient for check in checks)

    def block_sd(self, table: BlockTable) -> float:
        """SD of the effect between blocks beyond chance; NaN where single episodes do not show it."""
        return effect_sd(table, 0, table.conditions - 1)

    def describe(self, group_names: Sequence[str]) -> str:
        """What is compared with what, in words.

        Args:
            group_names: The groups as a sentence calls them.
        """
        return f"from {group_names[0]} to {group_names[1]}"

    def power_contrasts(self, method: ContrastMethod) -> tuple[PowerContrast, ...]:
        """What a study has to show, as weights of `arms`, for a claim that says "falls"."""
        return tuple(PowerContrast(self.arm_weights(weights), method) for weights in self.group_weights())

    def arm_weights(self, group_weights: Array) -> tuple[float, ...]:
        """Weights of the arms from weights of the groups: each arm has its share of its group's."""
        pairs = zip(group_weights, self.arm_groups, strict=True)
        return tuple(float(weight) / len(group) for weight, group in pairs for _ in group)

    @property
    def kind_name(self) -> str:
        """The kind, as the YAML file names it."""
        return str(getattr(self, "kind", ""))


class DifferenceContrast(Contrast):
    """The baseline's mean less that of the treated arms."""

    kind: Literal["difference"]
    """Kind of contrast."""
    baseline: ArmGroup
    """Arms it starts from."""
    treated: ArmGroup
    """Arms it goes to."""
    control: tuple[Text, ...] = ()
    """Arms matched to the treated ones in form, which take the baseline's place in a second test; may be empty."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """Baseline and treated."""
        return (self.baseline, self.treated)


class EquivalenceContrast(Contrast):
    """Two groups of arms differ by less than δ, either way."""

    has_p_value: ClassVar[bool] = False
    names_small_effects: ClassVar[bool] = False
    can_pool: ClassVar[bool] = False

    kind: Literal["same"]
    """Kind of contrast."""
    baseline: ArmGroup
    """Arms on one side."""
    treated: ArmGroup
    """Arms on the other."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """Both sides."""
        return (self.baseline, self.treated)

    @property
    def start_groups(self) -> tuple[int, ...]:
        """Either side could show an effect."""
        return (0, 1)

    def high_groups(self) -> tuple[bool, ...]:
        """The first side."""
        return (True, False)

    def test(self, table: BlockTable, spec: TestSpec) -> ContrastTest:
        """Two one-sided tests: the whole interval lies within ±δ."""
        effect = self.estimate(table, spec.method, spec.level)
        return ContrastTest(
            effect,
            math.nan,
            holds=not effect.insufficient and -spec.delta < effect.lower and effect.upper < spec.delta,
            p_refuted=min(effect.p_above_margin(spec.delta), effect.p_below_margin(-spec.delta)),
            p_reversed=math.nan,
            steps=(ContrastStep(self.kind_name, effect, None),),
        )

    def describe(self, group_names: Sequence[str]) -> str:
        """The difference between the sides."""
        return f"difference between {group_names[0]} and {group_names[1]}"

    def power_contrasts(self, method: ContrastMethod) -> tuple[PowerContrast, ...]:
        """Both directions."""
        weights = self.arm_weights(self.group_weights()[0])
        return (PowerContrast(weights, method), PowerContrast(tuple(-weight for weight in weights), method))


class TrendContrast(Contrast):
    """The fitted change from the first arm to the last, along a straight line."""

    takes_mover: ClassVar[bool] = False
    kind: Literal["trend"]
    """Kind of contrast."""
    along: Annotated[tuple[Text, ...], Field(min_length=3)]
    """Arms in the order of the claim."""
    at: tuple[float, ...] = ()
    """Where they stand on the line; evenly spaced where it is empty."""
    control: tuple[Text, ...] = ()
    """Arm in the place of the first one for a second look; none where there is none."""

    @model_validator(mode="after")
    def _check_positions(self) -> TrendContrast:
        if self.at and (len(self.at) != len(self.along) or sorted(set(self.at)) != list(self.at)):
            raise ValueError(f"`at` needs a rising number for each of the {len(self.along)} arms")
        if len(self.control) > 1:
            raise ValueError("`control` takes the place of the first arm, so there is one at most")
        return self

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """Each arm on its own."""
        return tuple((arm,) for arm in self.along)

    def group_weights(self) -> tuple[Array, ...]:
        """Weights of the fitted fall."""
        return (trend_weights(self.at or tuple(range(len(self.along)))),)

    def high_groups(self) -> tuple[bool, ...]:
        """Arms with a positive weight."""
        return tuple(bool(weight > 0) for weight in self.group_weights()[0])

    def estimate(self, table: BlockTable, method: ContrastMethod, level: float) -> Effect:
        """The fitted fall."""
        return estimate_trend(table, self.at or None, level)

    def describe(self, group_names: Sequence[str]) -> str:
        """The ends, and the arms along the line."""
        return f"fitted change from {group_names[0]} to {group_names[-1]}, along {', '.join(group_names)}"

    def power_contrasts(self, method: ContrastMethod) -> tuple[PowerContrast, ...]:
        """The fitted fall, by Student's t."""
        return super().power_contrasts("t")


class OrderContrast(Contrast):
    """Each arm lies beyond the one before. Tested from the ends inwards; a step counts only if all before it held."""

    nests_reversal: ClassVar[bool] = False  # one step may go the other way along a fall of more than δ
    names_small_effects: ClassVar[bool] = False
    can_pool: ClassVar[bool] = False

    kind: Literal["order"]
    """Kind of contrast."""
    along: Annotated[tuple[Text, ...], Field(min_length=3)]
    """Arms in the order of the claim."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """Each arm on its own."""
        return tuple((arm,) for arm in self.along)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Neighbouring arms."""
        return tuple(pairwise(range(len(self.along))))

    def high_groups(self) -> tuple[bool, ...]:
        """Arms before the middle of the order."""
        return tuple(bool(weight > 0) for weight in trend_weights(range(len(self.along))))

    def test(self, table: BlockTable, spec: TestSpec) -> ContrastTest:
        """Gatekept; against the claim speak a whole fall below δ, or a step that goes the other way."""
        gatekept = gatekept_order_test(table, 1 - spec.alpha)
        neighbours = [estimate_difference(table, *pair, spec.method, spec.level) for pair in self.pairs]
        ends = estimate_difference(table, 0, len(self.along) - 1, spec.method, spec.level)
        return ContrastTest(
            _weakest(neighbours),
            max(step.effect.p_above for step in gatekept),
            holds=all(step.significant for step in gatekept),
            p_refuted=ends.p_below_margin(spec.delta),
            p_reversed=_smallest_of([effect.p_below for effect in neighbours]),
            steps=tuple(ContrastStep(step.name, step.effect, step.significant, step.tested) for step in gatekept),
        )

    def describe(self, group_names: Sequence[str]) -> str:
        """The weakest step."""
        return f"at the weakest step along {', '.join(group_names)}"

    def power_contrasts(self, method: ContrastMethod) -> tuple[PowerContrast, ...]:
        """Its ends, its trend, its middle against both ends, and every step, as `gatekept_order_test` tests them."""
        count = len(self.along)
        middle = np.array([0.0, *[1 / (count - 2)] * (count - 2), 0.0])
        first, last = np.eye(count)[0], np.eye(count)[-1]
        return (
            PowerContrast(tuple(first - last), "mover"),
            PowerContrast(tuple(trend_weights(range(count))), "t"),
            PowerContrast(tuple(first - middle), "t"),
            PowerContrast(tuple(middle - last), "t"),
            *(PowerContrast(tuple(weights), "mover") for weights in self.group_weights()),
        )


class ExtremeContrast(Contrast):
    """Some arms lie beyond each of several others."""

    names_small_effects: ClassVar[bool] = False
    can_pool: ClassVar[bool] = False

    kind: Literal["most"]
    """Kind of contrast."""
    treated: ArmGroup
    """Arms that are claimed to lie beyond, taken together."""
    others: ArmGroup
    """Each of the arms they are claimed to lie beyond."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """Each of the others on its own, then the arms that are claimed to lie beyond."""
        return (*((arm,) for arm in self.others), self.treated)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that are claimed to lie beyond, then the others."""
        return (*self.treated, *self.others)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Each of the others against those claimed."""
        return tuple((place, len(self.others)) for place in range(len(self.others)))

    @property
    def start_groups(self) -> tuple[int, ...]:
        """Each of the others."""
        return tuple(range(len(self.others)))

    def test(self, table: BlockTable, spec: TestSpec) -> ContrastTest:
        """Beyond each of the others (intersection-union); what speaks against it is corrected for their number."""
        effects = [estimate_difference(table, *pair, spec.method, spec.level) for pair in self.pairs]
        is_testable = not any(effect.insufficient for effect in effects)
        return ContrastTest(
            _weakest(effects),
            max(effect.p_above for effect in effects),
            holds=is_testable and all(effect.lower > 0 for effect in effects),
            p_refuted=_smallest_of([effect.p_below_margin(spec.delta) for effect in effects]),
            p_reversed=_smallest_of([effect.p_below for effect in effects]),
            steps=tuple(
                ContrastStep(f"{arm} against those claimed", effect, effect.lower > 0)
                for arm, effect in zip(self.others, effects, strict=True)
            ),
        )

    def describe(self, group_names: Sequence[str]) -> str:
        """From the nearest of the others."""
        return f"from the nearest of {', '.join(group_names[:-1])} to {group_names[-1]}"

    def arm_weights(self, group_weights: Array) -> tuple[float, ...]:
        """In the order of `arms`: those claimed first."""
        by_group = super().arm_weights(group_weights)
        return (*by_group[len(self.others) :], *by_group[: len(self.others)])


class StepContrast(Contrast):
    """The change from no chance to a low one; beside it, what is left to gain from the low one to the highest."""

    kind: Literal["step"]
    """Kind of contrast."""
    zero: Text
    """The arm without a chance."""
    low: ArmGroup
    """Arms with a low one."""
    high: ArmGroup
    """Arms with the highest."""

    @property
    def arm_groups(self) -> tuple[tuple[str, ...], ...]:
        """No chance, a low one, the highest."""
        return ((self.zero,), self.low, self.high)

    def test(self, table: BlockTable, spec: TestSpec) -> ContrastTest:
        """The step is the claim; what is left above it is reported beside."""
        step = super().test(table, spec)
        beside = (
            ("from the low chance to the highest, beside the claim", (1, 2)),
            ("from no chance to the highest, beside the claim", (0, 2)),
        )
        more = tuple(
            ContrastStep(title, estimate_difference(table, *pair, spec.method, spec.level), None)
            for title, pair in beside
        )
        return replace(step, steps=(*step.steps, *more))

    def block_sd(self, table: BlockTable) -> float:
        """SD of the step between blocks."""
        return effect_sd(table, 0, 1)


AnyContrast = Annotated[
    DifferenceContrast | EquivalenceContrast | TrendContrast | OrderContrast | ExtremeContrast | StepContrast,
    Field(discriminator="kind"),
]


def estimate_difference(table: BlockTable, first: int, second: int, method: ContrastMethod, level: float) -> Effect:
    """Rate under one group less that under another, by the method named."""
    if method == "mover":
        return risk_difference(table, first, second, level)
    return estimate_contrast(table, _pair_weights(table.conditions, first, second), level)


def _pair_weights(count: int, first: int, second: int) -> Array:
    weights = np.zeros(count)
    weights[first], weights[second] = 1.0, -1.0
    return weights


def _smallest_of(p_values: Sequence[float]) -> float:
    """The p-value of "some of these", after Bonferroni."""
    return min(1.0, len(p_values) * min(p_values))


def _weakest(effects: Sequence[Effect]) -> Effect:
    return min(effects, key=lambda effect: math.inf if math.isnan(effect.estimate) else effect.estimate)
