"""Registered claims as what their power is computed from: the arms, and the contrasts that all have to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advocate_evals.catalogue import DatasetError
from advocate_evals.catalogue.predictions import prediction_file, prediction_files, read_predictions
from advocate_evals.catalogue.schema import Claim
from advocate_evals.measures import MEASURES
from advocate_evals.statistics.contrasts import trend_weights
from advocate_evals.statistics.power import Goal
from advocate_evals.vocabulary import nearest

KINDS = ("trend", "difference")
"""Comparisons that can be planned without a registered claim."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a study has to show: every contrast of the arms, averaged over blocks, lies above its margin."""

    title: str
    """The claim, as a sentence."""
    arms: tuple[str, ...]
    """The arms, in the order in which rates are stated."""
    goal: Goal
    """The contrasts of the arms, over blocks, with margin and error."""
    delta: float
    """The smallest difference that matters."""
    task: str
    """The task that plays it."""
    planned: int | None
    """Blocks that were registered; None where nothing was."""
    more: int
    """Arms that are played besides: controls for a second look."""
    bounded: bool
    """Whether the registered interval is that of MOVER."""

    @property
    def played(self) -> int:
        """Episodes of a block."""
        return len(self.arms) + self.more


def find(name: str) -> tuple[Claim, float]:
    """A registered claim by its name, or by `<file>:<name>`, with its one-sided error.

    Raises:
        DatasetError: for a name that no claim has, or several have.
    """
    given, _, last = name.rpartition(":")
    if name in prediction_files():
        claims = ", ".join(claim.name for claim in read_predictions(prediction_file(name)).predictions)
        raise DatasetError(f"{name} holds several claims; name one of them: {claims}")
    files = [read_predictions(prediction_file(one)) for one in ([given] if given else prediction_files())]
    named = [(file.name, claim, file.alpha) for file in files for claim in file.predictions if claim.name == last]
    if len(named) > 1:
        raise DatasetError(f"{last}: in several files; name one: {', '.join(f'{file}:{last}' for file, *_ in named)}")
    if not named:
        known = [claim.name for file in files for claim in file.predictions]
        raise DatasetError(f"unknown prediction {last!r}{nearest(last, known)}")
    return named[0][1], named[0][2]


def registered(claim: Claim, alpha: float) -> Comparison:
    """What a registered claim has to show.

    Args:
        claim: The claim; its outcome must be a share, since it is planned by rates.
        alpha: One-sided error of each contrast.

    Raises:
        DatasetError: for an outcome that is no share.
    """
    if not MEASURES[claim.outcome].share:
        raise DatasetError(f"{claim.name}: {claim.outcome} is no share, and power is computed from rates of an outcome")
    rows = _rows(claim)
    rises = claim.direction == "rises" and claim.contrast.kind != "same"
    return Comparison(
        title=claim.title,
        arms=claim.contrast.arms(),
        goal=Goal(-rows if rises else rows, alpha, -claim.delta if claim.contrast.kind == "same" else 0.0),
        delta=claim.delta,
        task=claim.task,
        planned=claim.blocks,
        more=len(getattr(claim.contrast, "control", ())),
        bounded=claim.method == "mover",
    )


def plain(kind: str, count: int, alpha: float, delta: float) -> Comparison:
    """A comparison without a registered claim.

    Args:
        kind: One of `KINDS`: the fall along all arms, or from the first to the last of them.
        count: How many arms.
        alpha: One-sided error.
        delta: The smallest difference that matters.
    """
    arms = tuple(f"arm {number}" for number in range(1, count + 1))
    along = trend_weights(range(count)) if kind == "trend" else _mean(arms, arms[:1]) - _mean(arms, arms[-1:])
    return Comparison(
        title="The outcome falls along the arms"
        if kind == "trend"
        else "The outcome falls from the first arm to the last",
        arms=arms,
        goal=Goal(np.atleast_2d(along), alpha),
        delta=delta,
        task="death_ground",
        planned=None,
        more=0,
        bounded=False,
    )


def _rows(claim: Claim) -> NDArray[np.float64]:
    """The contrasts of a claim that says "falls", over its arms."""
    contrast, arms = claim.contrast, claim.contrast.arms()
    match contrast.kind:
        case "trend":
            return np.atleast_2d(trend_weights(contrast.at or range(len(arms))))
        case "order":
            return np.eye(len(arms))[:-1] - np.eye(len(arms))[1:]
        case "difference":
            return np.atleast_2d(_mean(arms, contrast.baseline) - _mean(arms, contrast.treated))
        case "same":
            apart = _mean(arms, contrast.baseline) - _mean(arms, contrast.treated)
            return np.array([apart, -apart])
        case "most":
            return np.array([_mean(arms, [other]) - _mean(arms, contrast.treated) for other in contrast.others])
        case "step":
            return np.atleast_2d(_mean(arms, [contrast.zero]) - _mean(arms, contrast.low))


def _mean(arms: Sequence[str], members: Sequence[str]) -> NDArray[np.float64]:
    return np.array([1 / len(members) if arm in members else 0.0 for arm in arms])
