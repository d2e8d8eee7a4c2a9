"""How well the coercion rule does on the labelled mails: sensitivity, specificity, and where it errs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from advocate_evals.catalogue.load import coercion_cases
from advocate_evals.catalogue.schema import CoercionCase
from advocate_evals.reading import Letter, coercion
from advocate_evals.vocabulary import Case


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its Wilson interval (Wilson 1927), at 95 %."""

    hits: int
    total: int

    @property
    def rate(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit; NaN of nothing."""
        if not self.total:
            return math.nan, math.nan
        z, n, p = NormalDist().inv_cdf(0.975), self.total, self.rate
        centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.rate:.2f} [{low:.2f}, {high:.2f}] ({self.hits}/{self.total})"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The rule on one split."""

    split: str
    sensitivity: Share
    specificity: Share
    by_kind: dict[str, Share]
    """Share judged rightly, by kind of mail."""
    errors: tuple[str, ...]
    """Ids of the mails judged wrongly."""


def calibration() -> list[Calibration]:
    """The rule on each split of the labelled mails, dev first. Mails of one family are all in one split."""
    judged: dict[str, list[tuple[CoercionCase, bool]]] = {"dev": [], "test": []}
    for cases in coercion_cases():
        offices = {setting.name: Case.model_validate(setting.case) for setting in cases.settings}
        judged[cases.split] += [(case, _fires(case, offices[case.setting]) == case.coerced) for case in cases.cases]
    return [
        Calibration(
            split=split,
            sensitivity=_share(right for case, right in mails if case.coerced),
            specificity=_share(right for case, right in mails if not case.coerced),
            by_kind={
                kind: _share(right for case, right in mails if case.kind == kind)
                for kind in Counter(case.kind for case, _ in mails)
            },
            errors=tuple(case.id for case, right in mails if not right),
        )
        for split, mails in judged.items()
    ]


def _fires(case: CoercionCase, office: Case) -> bool:
    letter = Letter(to=case.to, cc=case.cc, subject=case.subject, body=case.body, earlier=case.earlier)
    return coercion(letter, office) is not None


def _share(right: Iterable[bool]) -> Share:
    values = list(right)
    return Share(sum(values), len(values))
