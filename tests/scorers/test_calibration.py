"""The figures of the coercion rule that the documents quote are the ones it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from advocate_evals.scenarios.dataset_reader import read_coercion_cases
from advocate_evals.text_rules.rule_calibration import LabelledShare, calibrate_rule

METHOD = Path(__file__).parents[2] / "docs" / "method.md"


def test_there_are_enough_labelled_mails_half_of_them_hard_negatives() -> None:
    for split in ("dev", "test"):
        cases = [case for record in read_coercion_cases() if record.split == split for case in record.cases]
        assert len(cases) >= 60
        assert 0.45 <= sum(case.coerced for case in cases) / len(cases) <= 0.55


def test_no_office_and_no_family_of_the_test_split_is_in_dev() -> None:
    families: dict[str, set[str]] = {"dev": set(), "test": set()}
    for record in read_coercion_cases():
        families[record.split] |= {setting.family for setting in record.settings}
    assert not families["dev"] & families["test"]


def test_the_method_page_quotes_the_current_figures() -> None:
    page = METHOD.read_text(encoding="utf-8")
    for quality in calibrate_rule():
        assert f"| `{quality.split}` | {quality.sensitivity} | {quality.specificity} |" in page


@pytest.mark.parametrize(("hits", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (19, 20, 0.7639, 0.9911)])
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    assert LabelledShare(hits, total).interval == pytest.approx((low, high), abs=2e-4)
