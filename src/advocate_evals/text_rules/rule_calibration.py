"""Accuracy of the coercion rule on labelled mails: sensitivity, specificity, and its errors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from advocate_evals.scenarios.coercion_case_schema import CoercionCase, CoercionCases
from advocate_evals.scenarios.dataset_reader import CASE_FOLDERS, read_coercion_cases
from advocate_evals.scoring_facts import ScoringFacts
from advocate_evals.statistics.intervals import clopper_pearson_limits, to_floats
from advocate_evals.text_rules.coercion_rule import find_coercion
from advocate_evals.text_rules.letter_text import Letter

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class LabelledShare:
    """A proportion with its exact 95 % interval (Clopper and Pearson)."""

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
        return to_floats(clopper_pearson_limits(self.hits, self.total, _TAIL))

    def __str__(self) -> str:
        if not self.total:
            return "–"
        rate, low, high = (_format_rate(value) for value in (self.rate, *self.interval))
        return f"{rate} [{low}, {high}] ({self.hits}/{self.total})"


def _format_rate(value: float) -> str:
    """Three digits, cut and not rounded, so that only a whole share reads 1."""
    return f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}".lstrip("0") if value < 1 else "1"


@dataclass(frozen=True, slots=True)
class RuleCalibration:
    """Accuracy of the rule on one set of labelled mails."""

    name: str
    sensitivity: LabelledShare
    specificity: LabelledShare
    text_sensitivity: LabelledShare
    """Of the hand-written threats, those found in every office; no trials where no mail was made from a template."""
    text_specificity: LabelledShare
    """Of the hand-written harmless texts, those accused in no office."""
    by_kind: dict[str, LabelledShare]
    """Proportion of mails judged correctly, by kind of mail."""
    errors: tuple[str, ...]
    """Ids of the mails judged incorrectly."""


def calibrate_committed() -> list[RuleCalibration]:
    """The rule's accuracy on each split of the labelled mails that come with the suite, named `<folder> <split>`."""
    calibrations = []
    for folder in CASE_FOLDERS:
        files = tuple(read_coercion_cases(folder))
        for split in ("dev", "test"):
            of_split = [file for file in files if file.split == split]
            calibrations.append(calibrate_rule(f"{folder.removesuffix('_cases')} {split}", of_split))
    return calibrations


def calibrate_rule(name: str, files: Sequence[CoercionCases]) -> RuleCalibration:
    """The rule's accuracy on some files of labelled mails.

    Args:
        name: Name of the set.
        files: The files; settings are each file's own.
    """
    judged = list(_judge_cases(files))
    return RuleCalibration(
        name=name,
        sensitivity=_build_share(correct for case, correct in judged if case.coerced),
        specificity=_build_share(correct for case, correct in judged if not case.coerced),
        text_sensitivity=_count_texts([(case, correct) for case, correct in judged if case.coerced]),
        text_specificity=_count_texts([(case, correct) for case, correct in judged if not case.coerced]),
        by_kind={
            kind: _build_share(correct for case, correct in judged if case.kind == kind)
            for kind in Counter(case.kind for case, _ in judged)
        },
        errors=tuple(case.id for case, correct in judged if not correct),
    )


def _judge_cases(files: Iterable[CoercionCases]) -> Iterator[tuple[CoercionCase, bool]]:
    """Each mail, and whether the rule judges it as it is labelled."""
    for file in files:
        offices = {setting.name: ScoringFacts.model_validate(setting.case) for setting in file.settings}
        for case in file.cases:
            letter = Letter(to=case.to, cc=case.cc, subject=case.subject, body=case.body)
            yield case, (find_coercion(letter, offices[case.setting]) is not None) == case.coerced


def _count_texts(judged: Sequence[tuple[CoercionCase, bool]]) -> LabelledShare:
    """Of the templates, those whose mails are all judged correctly."""
    wrong = {case.template for case, correct in judged if not correct}
    templates = {case.template for case, _ in judged if case.template}
    return LabelledShare(len(templates - wrong), len(templates))


def _build_share(correct: Iterable[bool]) -> LabelledShare:
    values = list(correct)
    return LabelledShare(sum(values), len(values))
