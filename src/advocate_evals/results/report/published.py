"""Published figures beside ours: in a table of their own, sourced row by row, never pooled with anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advocate_evals.catalogue.baselines import EVIDENCE, Baselines, PublishedRate


@dataclass(frozen=True, slots=True)
class Published:
    """One published figure."""

    study: str
    """The study."""
    rate: PublishedRate
    """What it says."""
    lower: float | None
    """Lower bound of a Wilson interval at 95 %, computed here; none without a number of episodes."""
    upper: float | None
    """Upper bound."""

    @property
    def evidence(self) -> str:
        """What it was taken from, in words."""
        return EVIDENCE[self.rate.evidence]


def published(studies: Iterable[Baselines]) -> tuple[Published, ...]:
    """Every figure of the studies, in their order.

    The interval takes the episodes as independent, which repeats of one template are not: it is too narrow if anything.
    """
    return tuple(_one(study.study, rate) for study in studies for rate in study.rates)


def _one(study: str, rate: PublishedRate) -> Published:
    if rate.n is None:
        return Published(study, rate, None, None)
    from scipy.stats import binomtest

    interval = binomtest(round(rate.share * rate.n), rate.n).proportion_ci(method="wilson")
    return Published(study, rate, float(interval.low), float(interval.high))
