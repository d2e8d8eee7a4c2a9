"""A claim's contrast put to the test on a table of blocks: estimate, limits, and what they would bear out.

Everything is turned so that the claim says "falls", and scaled so that the outcome lies between 0 and 1; `Tested` is back in
the outcome's own unit. One-sided errors are α for what bears a claim out and α_refuted for what speaks against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advocate_evals.catalogue.schema.claims import Difference, Most, Order, Same, Trend
from advocate_evals.catalogue.schema.claims import Step as StepContrast
from advocate_evals.results.answers import Step
from advocate_evals.results.blocks import Blocks, Group
from advocate_evals.results.terms import Terms
from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.contrasts import contrast, trend
from advocate_evals.statistics.differences import difference, spread
from advocate_evals.statistics.ends import room
from advocate_evals.statistics.ordering import gatekept
from advocate_evals.statistics.results import Effect

Contrast = Difference | Same | Trend | Order | Most | StepContrast


@dataclass(frozen=True, slots=True)
class Tested:
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
    steps: tuple[Step, ...]
    """The contrasts one by one."""
    insufficient: str
    """Why nothing can be told; empty where something can."""
    method: str
    """How estimate, interval and p were found."""


def groups(contrast: Contrast, control: bool = False) -> tuple[Group, ...]:
    """The groups of arms that a contrast compares, in the order of the claim.

    Args:
        contrast: The contrast.
        control: Whether the matched control stands in for the first group.
    """
    if isinstance(contrast, Difference):
        return (contrast.control if control else contrast.baseline, contrast.treated)
    if isinstance(contrast, Same):
        return (contrast.baseline, contrast.treated)
    if isinstance(contrast, StepContrast):
        return ((contrast.zero,), contrast.low, contrast.high)
    if isinstance(contrast, Most):
        return (*((other,) for other in contrast.others), contrast.treated)
    along = tuple((arm,) for arm in contrast.along)
    return (contrast.control, *along[1:]) if control and isinstance(contrast, Trend) else along


def examine(contrast: Contrast, table: Blocks, terms: Terms, by_family: bool = False) -> Tested:
    """Put a contrast to the test.

    Args:
        contrast: What is compared.
        table: Its groups of arms, in the order of `groups`.
        terms: Direction, δ, errors, method.
        by_family: Whether families are the independent units, in place of blocks.
    """
    data = (table if terms.falls else table.flipped()).cells(by_family)
    tests: dict[type, Callable[[Contrast, Cells, Terms], _Found]] = {
        Difference: _simple, Trend: _simple, StepContrast: _step, Same: _same, Order: _order, Most: _most,
    }  # fmt: skip
    delta, top = terms.delta / table.top, table.top
    found = tests[type(contrast)](contrast, data, terms.scaled(delta))
    effect = found.effect
    return Tested(
        value=effect.estimate * top,
        lower=effect.lower * top,
        upper=effect.upper * top,
        p=found.p,
        holds=found.holds,
        small=found.holds and effect.upper < delta and not isinstance(contrast, Same | Order | Most),
        refuted=found.refuted,
        reversed=found.reversed,
        floor=_floor(contrast, data, terms.scaled(delta)),
        analysed=effect.blocks,
        spread=_spread(contrast, data) * top,
        steps=tuple(_in_unit(step, top) for step in found.steps),
        insufficient=effect.insufficient,
        method=METHODS.get(effect.method, effect.method),
    )


METHODS = {
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
    steps: tuple[Step, ...]


def _effect(contrast_: Contrast, data: Cells, method: str, level: float) -> Effect:
    """The contrast of a simple claim: first group against second, or the trend along all."""
    if isinstance(contrast_, Trend):
        return trend(data, contrast_.at or None, level)
    return between(data, 0, 1, method, level)


def between(data: Cells, first: int, second: int, method: str, level: float) -> Effect:
    """Rate under one group less that under another, by the method named."""
    if method == "mover":
        return difference(data, first, second, level)
    weights = [0.0] * data.conditions
    weights[first], weights[second] = 1.0, -1.0
    return contrast(data, weights, level)


def _simple(claim: Contrast, data: Cells, terms: Terms) -> _Found:
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


def _step(claim: Contrast, data: Cells, terms: Terms) -> _Found:
    """The step is the claim; what is left above it is told beside."""
    found = _simple(claim, data, terms)
    rest = between(data, 1, 2, terms.method, terms.level)
    beyond = _step_of("from the low chance to the highest, beside the claim", rest, None)
    whole = _step_of(
        "from no chance to the highest, beside the claim", between(data, 0, 2, terms.method, terms.level), None
    )
    return _Found(found.effect, found.p, found.holds, found.refuted, found.reversed, (*found.steps, beyond, whole))


def _same(claim: Contrast, data: Cells, terms: Terms) -> _Found:
    effect = between(data, 0, 1, terms.method, terms.level)
    against = effect if terms.one_level else between(data, 0, 1, terms.method, terms.level_refuted)
    known = not effect.insufficient
    return _Found(
        effect,
        math.nan,
        holds=known and -terms.delta < effect.lower and effect.upper < terms.delta,
        refuted=against.above(terms.delta) or against.below(-terms.delta),
        reversed=False,
        steps=(_step_of(claim.kind, effect, None),),
    )


def _order(claim: Contrast, data: Cells, terms: Terms) -> _Found:
    """Gatekept from the ends inwards; against it speak a whole fall below δ, or a step that goes the other way."""
    found = gatekept(data, 1 - terms.alpha)
    last = data.conditions - 1
    steps = [(between(data, at, at + 1, terms.method, terms.level)) for at in range(last)]
    against = [between(data, at, at + 1, terms.method, 1 - terms.alpha_refuted / last) for at in range(last)]
    whole = between(data, 0, last, terms.method, terms.level_refuted)
    weakest = min(steps, key=lambda effect: math.inf if math.isnan(effect.estimate) else effect.estimate)
    shown = tuple(_step_of(step.name, step.effect, step.held, step.tested) for step in found)
    return _Found(
        weakest,
        max(step.effect.p_above for step in found),
        holds=all(step.held for step in found),
        refuted=whole.below(terms.delta),
        reversed=any(effect.below(0.0) for effect in against),
        steps=shown,
    )


def _most(claim: Contrast, data: Cells, terms: Terms) -> _Found:
    """Beyond each of the others (intersection-union); what speaks against it is corrected for their number."""
    assert isinstance(claim, Most)
    last, number = data.conditions - 1, len(claim.others)
    effects = [between(data, at, last, terms.method, terms.level) for at in range(number)]
    against = [between(data, at, last, terms.method, 1 - terms.alpha_refuted / number) for at in range(number)]
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


def _step_of(title: str, effect: Effect, passed: bool | None, tested: bool = True) -> Step:
    """A step on the scale 0 to 1; `passed` is None for what is told beside the claim and not tested."""
    return Step(
        title=title,
        value=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        p=effect.p_above,
        tested=tested and passed is not None,
        passed=bool(passed),
        note=effect.insufficient,
    )


def _in_unit(step: Step, top: float) -> Step:
    scaled = {
        name: None if (value := getattr(step, name)) is None else value * top for name in ("value", "lower", "upper")
    }
    return step.model_copy(update=scaled)


def _floor(claim: Contrast, data: Cells, terms: Terms) -> bool:
    """No room to fall by δ from where the claim starts; for claims about several starts, from none of them."""
    starts: Sequence[int] = (0,)
    if isinstance(claim, Most):
        starts = range(len(claim.others))
    elif isinstance(claim, Same):
        starts = (0, 1)
    rooms = [room(data, terms.delta, start, terms.level_refuted) for start in starts]
    return all(found.floor and not found.insufficient for found in rooms)


def _spread(claim: Contrast, data: Cells) -> float:
    second = 1 if isinstance(claim, StepContrast) else data.conditions - 1
    return spread(data, 0, second)
