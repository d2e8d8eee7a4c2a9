"""What a trend hides, in words: an outcome that turns back, a step that goes the other way, a threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advocate_evals.analysis.block_values import rate_points
from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.analysis.verdict_wording import format_amount, format_level, format_limits, group_name
from advocate_evals.predictions.contrasts import TrendContrast
from advocate_evals.statistics.dose_shape import compare_line_steps
from advocate_evals.statistics.monotonicity import OrderShape, PairedRise


def describe_shape(tested: TestedClaim) -> str:
    """What a reader of a trend or an order must know of its shape, in a clause; empty where there is nothing to say.

    An outcome that turns back is told from its first arm to its last. Else each step is named that goes the other way
    by its own limits; and a trend that holds along a quantity is called a slope or a threshold.
    """
    shape, evidence = tested.test.shape, tested.test.evidence
    if shape is None or not evidence.testable:
        return ""
    if evidence.turns:
        return _describe_turn(tested, shape)
    clauses = [] if evidence.reversed else [*_describe_reversed_steps(tested, shape)]
    return "; ".join((*clauses, *_describe_curve(tested)))


def _group_names(tested: TestedClaim) -> list[str]:
    return [group_name(group) for group in tested.claim.contrast.arm_groups]


def _choose_verbs(tested: TestedClaim) -> tuple[str, str]:
    """The claimed way and the other."""
    return ("falls", "rises") if tested.claim.direction == "falls" else ("rises", "falls")


def _describe_turn(tested: TestedClaim, shape: OrderShape) -> str:
    """The outcome's way along the arms: to where it turns, to where it goes from there, and on if it turns again."""
    claim, turn = tested.claim, shape.steepest_rise
    if turn is None:
        return ""
    claimed, other_way = _choose_verbs(tested)
    names = _group_names(tested)
    points = rate_points(tested.blocks, names, is_event=claim.measure.is_event)
    means = [float("nan") if point.value is None else point.value for point in points]
    levels = [f"{format_level(mean, claim.outcome)} ({name})" for mean, name in zip(means, names, strict=True)]
    sign = 1 if claim.direction == "falls" else -1
    text = f"{claim.measure.words} "
    if sign * (means[0] - means[turn.earlier]) > 0:
        text += f"{claimed} from {levels[0]} to {levels[turn.earlier]} and {other_way} again to {levels[turn.later]}"
    else:
        text += f"{other_way} from {levels[turn.earlier]} to {levels[turn.later]}"
    after = [pair for pair in shape.pairs if pair.earlier >= turn.later and pair.rise.upper < 0]
    if after:
        lowest = min(after, key=lambda pair: pair.rise.upper)
        text += f", then {claimed} to {levels[lowest.later]}"
    return text


def _describe_reversed_steps(tested: TestedClaim, shape: OrderShape) -> Iterator[str]:
    names, (_, other_way) = _group_names(tested), _choose_verbs(tested)
    for step in shape.reversed_steps:
        arms = f"from {names[step.earlier]} to {names[step.later]}"
        change = f"{tested.claim.measure.words} {other_way} by {_format_rise(tested, step)}"
        yield f"one step goes the other way: {change} {arms}"


def _format_rise(tested: TestedClaim, step: PairedRise) -> str:
    """The rise of a step with its own limits, in the outcome's unit."""
    scale, outcome = tested.blocks.scale_max, tested.claim.outcome
    estimate, lower, upper = (value * scale for value in (step.rise.estimate, step.rise.lower, step.rise.upper))
    level = f"{tested.spec.level * 100:g} %"
    return f"{format_amount(estimate, outcome)} ({level} interval {format_limits(lower, upper, outcome)})"


def _describe_curve(tested: TestedClaim) -> Iterator[str]:
    """Slope or threshold, where a trend along a quantity holds."""
    contrast, blocks = tested.claim.contrast, tested.blocks
    if not isinstance(contrast, TrendContrast) or not contrast.at or not blocks.is_bounded:
        return
    if not tested.test.evidence.holds:
        return
    table = (blocks if tested.spec.falls else blocks.flipped()).as_table()
    curve = compare_line_steps(table, contrast.at, tested.spec.level)
    places = _join_alternatives([_name_gap(tested, contrast.at.index(place)) for place in curve.change_points])
    verb, _ = _choose_verbs(tested)
    if curve.form == "threshold":
        yield f"a threshold and no slope: {tested.claim.measure.words} {verb} in one step, {places}"
    elif curve.form == "slope":
        yield "a slope: a straight line fits better than one step at any place"
    else:
        yield f"a slope and a threshold are not told apart: one step fits as well, {places}"


def _name_gap(tested: TestedClaim, place: int) -> str:
    names = _group_names(tested)
    return f"between {names[place]} and {names[place + 1]}"


def _join_alternatives(phrases: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(phrases[:-1]), *phrases[-1:])))
