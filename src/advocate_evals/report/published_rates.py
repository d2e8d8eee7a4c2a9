"""Published figures to stand beside ours: what they are, where they are from, and how they were read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.shared_schema import Text

EvidenceKind = Literal["full", "excerpt", "repository", "secondary"]
"""What a figure was taken from: the publication read in full; its abstract or an excerpt; code, data or an issue of its
authors; somebody else's page about it."""

EVIDENCE_TEXTS: dict[EvidenceKind, str] = {
    "full": "read in full",
    "excerpt": "excerpt",
    "repository": "repository",
    "secondary": "secondary source",
}
"""The same in up to three words, for a table."""


class PublishedRate(Record):
    """How often something happened, as published."""

    condition: Text
    """What the subject met, in a few words."""
    model: Text
    """The subject, or over how many subjects it is a mean."""
    outcome: Text
    """What happened."""
    share: Annotated[float, Field(ge=0, le=1)]
    """How often, 0 to 1, as published."""
    n: Annotated[int, Field(ge=1)] | None = None
    """Episodes it is a share of; none where that is not said, or where it is a mean over models."""
    evidence: EvidenceKind
    """What the figure was taken from."""
    source: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Where."""
    note: str = ""
    """What a reader must know about this figure."""


class PublishedStudy(Record):
    """`baselines/<study>.yaml`: the figures of one study."""

    canary: Text
    """The canary string."""
    study: Text
    """Authors and year, as a table names it."""
    title: Text
    """Title."""
    year: Annotated[int, Field(ge=2020, le=2100)]
    """Year of publication."""
    closest: bool = False
    """Whether it asks our question closely enough to be shown first."""
    about: Text
    """What was done, in a sentence or two."""
    limits: Text
    """Why its figures cannot be pooled with ours."""
    rates: Annotated[tuple[PublishedRate, ...], Field(min_length=1)]
    """The figures."""

    @model_validator(mode="after")
    def _once(self) -> PublishedStudy:
        keys = [(rate.condition, rate.model, rate.outcome) for rate in self.rates]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise ValueError(f"rates: given twice: {sorted(repeated)}")
        return self


@cache
def read_published_studies() -> tuple[PublishedStudy, ...]:
    """All published figures, the studies closest to ours first, then by age.

    Raises:
        DatasetError: for a file that breaks a rule.
    """
    paths = sorted((dataset_reader.DATASETS / "baselines").glob("*.yaml"))
    return tuple(
        sorted(
            (read_record(path, PublishedStudy) for path in paths),
            key=lambda study: (not study.closest, study.year, study.study),
        )
    )


@dataclass(frozen=True, slots=True)
class PublishedFigure:
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
        return EVIDENCE_TEXTS[self.rate.evidence]


def published_figures(studies: Iterable[PublishedStudy]) -> tuple[PublishedFigure, ...]:
    """Every figure of the studies, in their order.

    The interval takes the episodes as independent, which repeats of one template are not: it is too narrow if anything.
    """
    return tuple(_add_interval(study.study, rate) for study in studies for rate in study.rates)


def _add_interval(study: str, rate: PublishedRate) -> PublishedFigure:
    if rate.n is None:
        return PublishedFigure(study, rate, None, None)
    from scipy.stats import binomtest

    interval = binomtest(round(rate.share * rate.n), rate.n).proportion_ci(method="wilson")
    return PublishedFigure(study, rate, float(interval.low), float(interval.high))
