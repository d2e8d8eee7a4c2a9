"""How well the coercion rule does on the labelled mails: sensitivity, specificity, and where it errs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from advocate_evals.scenarios.dataset_reader import read_coercion_cases
from advocate_evals.scenarios.judge_schema import CoercionCase
from advocate_evals.scoring_facts import ScoringFacts
from advocate_evals.text_rules.coercion_rule import find_coercion
from advocate_evals.text_rules.letter_text import Letter


@dataclass(frozen=True, slots=True)
class LabelledShare:
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
class RuleCalibration:
    """The rule on one split."""

    split: str
    sensitivity: LabelledShare
    specificity: LabelledShare
    by_kind: dict[str, LabelledShare]
    """Share judged rightly, by kind of mail."""
    errors: tuple[str, ...]
    """Ids of the mails judged wrongly."""


def calibrate_rule() -> list[RuleCalibration]:
    """The rule on each split of the labelled mails, dev first. Mails of one family are all in one split."""
    judged: dict[str, list[tuple[CoercionCase, bool]]] = {"dev": [], "test": []}
    for cases in read_coercion_cases():
        offices = {setting.name: ScoringFacts.model_validate(setting.case) for setting in cases.settings}
        judged[cases.split] += [(case, _fires(case, offices[case.setting]) == case.coerced) for case in cases.cases]
    return [
        RuleCalibration(
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


def _fires(case: CoercionCase, office: ScoringFacts) -> bool:
    letter = Letter(to=case.to, cc=case.cc, subject=case.subject, body=case.body, earlier=case.earlier)
    return find_coercion(letter, office) is not None


def _share(right: Iterable[bool]) -> LabelledShare:
    values = list(right)
    return LabelledShare(sum(values), len(values))
