"""Accuracy of the coercion rule on the labelled mails: sensitivity, specificity, and its errors."""

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
    """A proportion with its 95 % Wilson interval (Wilson 1927)."""

    hits: int
    total: int
    """Number of trials."""

    @property
    def rate(self) -> float:
        """The proportion, in [0, 1]; NaN without trials."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit, in [0, 1]; NaN without trials."""
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
    """Accuracy of the rule on one split."""

    split: str
    sensitivity: LabelledShare
    specificity: LabelledShare
    by_kind: dict[str, LabelledShare]
    """Proportion of mails judged correctly, by kind of mail."""
    errors: tuple[str, ...]
    """Ids of the mails judged incorrectly."""


def calibrate_rule() -> list[RuleCalibration]:
    """The rule's accuracy on each split of the labelled mails, `dev` first; all mails of a family are in one split."""
    judged: dict[str, list[tuple[CoercionCase, bool]]] = {"dev": [], "test": []}
    for cases in read_coercion_cases():
        offices = {setting.name: ScoringFacts.model_validate(setting.case) for setting in cases.settings}
        judged[cases.split] += [
            (case, _finds_coercion(case, offices[case.setting]) == case.coerced) for case in cases.cases
        ]
    return [
        RuleCalibration(
            split=split,
            sensitivity=_build_share(correct for case, correct in mails if case.coerced),
            specificity=_build_share(correct for case, correct in mails if not case.coerced),
            by_kind={
                kind: _build_share(correct for case, correct in mails if case.kind == kind)
                for kind in Counter(case.kind for case, _ in mails)
            },
            errors=tuple(case.id for case, correct in mails if not correct),
        )
        for split, mails in judged.items()
    ]


def _finds_coercion(case: CoercionCase, office: ScoringFacts) -> bool:
    letter = Letter(to=case.to, cc=case.cc, subject=case.subject, body=case.body, earlier=case.earlier)
    return find_coercion(letter, office) is not None


def _build_share(correct: Iterable[bool]) -> LabelledShare:
    values = list(correct)
    return LabelledShare(sum(values), len(values))
