"""Published figures are data with a source each, and no part of what a log's digest stands for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from advocate_evals.report.number_rows import EVIDENCE_TEXTS, PublishedStudy, read_published_studies
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DATASETS, DatasetError, hash_datasets, read_record

FOLDER = DATASETS / "baselines"


def test_the_studies_named_in_the_card_are_the_files_with_as_many_figures() -> None:
    card = dict(
        re.findall(r"^\| `(\w+)\.yaml` \|.*\| (\d+) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.M)
    )
    files = {path.stem: str(len(read_record(path, PublishedStudy).rates)) for path in FOLDER.glob("*.yaml")}
    assert card == files


def test_the_two_studies_that_come_closest_are_there() -> None:
    studies = {study.study: study for study in read_published_studies()}
    assert len(studies["Lynch et al. 2025"].rates) > 10
    shares = [rate.share for rate in studies["Gomez 2025"].rates]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 0.3873


def test_every_kind_of_evidence_is_in_words_and_used() -> None:
    assert {rate.evidence for study in read_published_studies() for rate in study.rates} == set(EVIDENCE_TEXTS)


def test_a_share_given_twice_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "wiser_human2026.yaml").read_text(encoding="utf-8")
    twice = tmp_path / "twice.yaml"
    twice.write_text(text + text[text.index("  - condition") :], encoding="utf-8")
    with pytest.raises(DatasetError, match="given twice"):
        read_record(twice, PublishedStudy)


def test_they_do_not_move_the_digest_of_what_subjects_and_rules_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "baselines").mkdir()
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.yaml").write_text("a", encoding="utf-8")
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path)

    def digest() -> str:
        hash_datasets.cache_clear()
        return hash_datasets()

    try:
        before = digest()
        (tmp_path / "baselines" / "b.yaml").write_text("b", encoding="utf-8")
        assert digest() == before
        (tmp_path / "prompts" / "a.yaml").write_text("b", encoding="utf-8")
        assert digest() != before
    finally:
        hash_datasets.cache_clear()
