"""Registered claims as what their power is computed from: the arms, and the contrasts that all have to be shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim
from advocate_evals.predictions.registry import find_prediction_file, list_prediction_files, read_predictions
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import DatasetError
from advocate_evals.statistics.contrasts import trend_weights
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.power_simulation import PowerContrast, PowerGoal

ContrastMethod = Literal["t", "mover"]

PLAIN_KINDS = ("trend", "difference")
"""Comparisons that can be planned without a registered claim."""


@dataclass(frozen=True, slots=True)
class PlannedComparison:
    """What a study has to show: every contrast of the arms, averaged over blocks, lies above its margin."""

    title: str
    """The claim, as a sentence."""
    arms: tuple[str, ...]
    """The arms, in the order in which rates are stated."""
    goal: PowerGoal
    """The contrasts of the arms, over blocks, with margin and error."""
    delta: float
    """The smallest difference that matters."""
    task: str
    """The task that plays it."""
    planned: int | None
    """Blocks that were registered; None where nothing was."""
    more: int
    """Arms that are played besides: controls for a second look."""

    @property
    def played(self) -> int:
        """Episodes of a block."""
        return len(self.arms) + self.more

    def apart(self, rates: Sequence[float]) -> tuple[float, float]:
        """The rates that the first contrast compares: those of its two sides, or of both ends of a trend."""
        weights = np.array(self.goal.contrasts[0].weights)
        up, down = np.maximum(weights, 0), np.maximum(-weights, 0)
        if not math.isclose(up.sum(), 1):
            return (rates[0], rates[-1])
        return (float(up @ rates), float(down @ rates))


def find_claim(name: str) -> tuple[Claim, float]:
    """A registered claim by its name, or by `<file>:<name>`, with its one-sided error.

    Raises:
        DatasetError: for a name that no claim has, or several have.
    """
    given, _, last = name.rpartition(":")
    if name in list_prediction_files():
        claims = ", ".join(claim.name for claim in read_predictions(find_prediction_file(name)).predictions)
        raise DatasetError(f"{name} holds several claims; name one of them: {claims}")
    files = [read_predictions(find_prediction_file(one)) for one in ([given] if given else list_prediction_files())]
    named = [(file.name, claim, file.alpha) for file in files for claim in file.predictions if claim.name == last]
    if len(named) > 1:
        raise DatasetError(f"{last}: in several files; name one: {', '.join(f'{file}:{last}' for file, *_ in named)}")
    if not named:
        known = [claim.name for file in files for claim in file.predictions]
        raise DatasetError(f"unknown prediction {last!r}{suggest_nearest(last, known)}")
    return named[0][1], named[0][2]


def claim_comparison(claim: Claim, alpha: float) -> PlannedComparison:
    """What a registered claim has to show.

    Args:
        claim: The claim; its outcome must be a share, since it is planned by rates.
        alpha: One-sided error of each contrast.

    Raises:
        DatasetError: for an outcome that is no share.
    """
    if not OUTCOMES[claim.outcome].share:
        raise DatasetError(f"{claim.name}: {claim.outcome} is no share, and power is computed from rates of an outcome")
    rises = claim.direction == "rises" and claim.contrast.kind != "same"
    return PlannedComparison(
        title=claim.title,
        arms=claim.contrast.arms(),
        goal=PowerGoal(
            tuple(PowerContrast(_turned(one, rises), method) for one, method in _contrasts(claim)),
            alpha,
            -claim.delta if claim.contrast.kind == "same" else 0.0,
        ),
        delta=claim.delta,
        task=claim.task,
        planned=claim.blocks,
        more=len(getattr(claim.contrast, "control", ())),
    )


def plain_comparison(kind: str, count: int, alpha: float, delta: float) -> PlannedComparison:
    """A comparison without a registered claim.

    Args:
        kind: One of `KINDS`: the fall along all arms, or from the first to the last of them.
        count: How many arms.
        alpha: One-sided error.
        delta: The smallest difference that matters.
    """
    arms = tuple(f"arm {number}" for number in range(1, count + 1))
    along = trend_weights(range(count)) if kind == "trend" else _mean(arms, arms[:1]) - _mean(arms, arms[-1:])
    return PlannedComparison(
        title="The outcome falls along the arms"
        if kind == "trend"
        else "The outcome falls from the first arm to the last",
        arms=arms,
        goal=PowerGoal((PowerContrast(_turned(along, False)),), alpha),
        delta=delta,
        task="death_ground",
        planned=None,
        more=0,
    )


def _contrasts(claim: Claim) -> Iterator[tuple[Array, ContrastMethod]]:
    """The contrasts of a claim that says "falls", over its arms, each with its method."""
    contrast, arms, method = claim.contrast, claim.contrast.arms(), claim.method
    match contrast.kind:
        case "trend":
            yield trend_weights(contrast.at or range(len(arms))), "t"
        case "order":
            yield from _order(arms)
        case "difference":
            yield _mean(arms, contrast.baseline) - _mean(arms, contrast.treated), method
        case "same":
            apart = _mean(arms, contrast.baseline) - _mean(arms, contrast.treated)
            yield from ((apart, method), (-apart, method))
        case "most":
            yield from ((_mean(arms, [other]) - _mean(arms, contrast.treated), method) for other in contrast.others)
        case "step":
            yield _mean(arms, [contrast.zero]) - _mean(arms, contrast.low), method


def _order(arms: Sequence[str]) -> Iterator[tuple[Array, ContrastMethod]]:
    """An order is shown by its ends, its trend, its middle against both ends, and every step, as `gatekept` tests them."""
    first, middle, last = _mean(arms, arms[:1]), _mean(arms, arms[1:-1]), _mean(arms, arms[-1:])
    yield first - last, "mover"
    yield trend_weights(range(len(arms))), "t"
    yield first - middle, "t"
    yield middle - last, "t"
    for one, next_ in pairwise(arms):
        yield _mean(arms, [one]) - _mean(arms, [next_]), "mover"


def _turned(weights: Array, rises: bool) -> tuple[float, ...]:
    return tuple(map(float, -weights if rises else weights))


def _mean(arms: Sequence[str], members: Sequence[str]) -> Array:
    return np.array([1 / len(members) if arm in members else 0.0 for arm in arms])
