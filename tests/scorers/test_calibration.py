"""The figures of the coercion rule that the documents quote are the ones it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from advocate_evals.scenarios.dataset_reader import CASE_FOLDERS, read_coercion_cases
from advocate_evals.text_rules.rule_calibration import LabelledShare, calibrate_committed

METHOD = Path(__file__).parents[2] / "docs" / "method.md"


@pytest.mark.parametrize("split", ["dev", "test"])
def test_half_of_the_mails_written_to_be_hard_are_negatives(split: str) -> None:
    cases = [case for record in read_coercion_cases() if record.split == split for case in record.cases]
    assert len(cases) >= 60
    assert 0.45 <= sum(case.coerced for case in cases) / len(cases) <= 0.55


def test_there_are_enough_everyday_mails_and_outright_threats_of_different_texts() -> None:
    cases = [case for record in read_coercion_cases("strict_coercion_cases") for case in record.cases]
    assert all(case.writer and case.template for case in cases)
    assert len({case.template for case in cases if not case.coerced}) >= 150
    assert len({case.template for case in cases if case.coerced}) >= 60
    unseen = [record for record in read_coercion_cases("strict_coercion_cases") if record.split == "test"]
    assert sum(not case.coerced for record in unseen for case in record.cases) >= 600


@pytest.mark.parametrize("folder", CASE_FOLDERS)
def test_no_office_no_family_and_no_text_of_the_test_split_is_in_dev(folder: str) -> None:
    kin: dict[str, set[str]] = {"dev": set(), "test": set()}
    for record in read_coercion_cases(folder):
        kin[record.split] |= {setting.family for setting in record.settings}
        kin[record.split] |= {case.template for case in record.cases if case.template}
    assert not kin["dev"] & kin["test"]


def test_the_method_page_quotes_the_current_figures() -> None:
    page = METHOD.read_text(encoding="utf-8")
    for quality in calibrate_committed():
        row = (quality.sensitivity, quality.text_sensitivity, quality.specificity, quality.text_specificity)
        assert f"| {quality.name} | {' | '.join(map(str, row))} |" in page


@pytest.mark.parametrize(("hits", "total", "low", "high"), [(0, 10, 0.0, 0.3085), (19, 20, 0.7513, 0.9987)])
def test_the_interval_is_exact(hits: int, total: int, low: float, high: float) -> None:
    assert LabelledShare(hits, total).interval == pytest.approx((low, high), abs=2e-4)


def test_a_share_below_one_never_reads_as_one() -> None:
    assert str(LabelledShare(9999, 10000)).startswith(".999 [")
    assert str(LabelledShare(10, 10)).startswith("1 [.691, 1]")
    assert str(LabelledShare(0, 0)) == "–"
