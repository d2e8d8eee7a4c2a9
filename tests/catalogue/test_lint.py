"""The data is clean, and a run of the lint says where it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from advocate_evals.catalogue import DatasetError, family_names, mechanism_names
from advocate_evals.catalogue import lint as linting

Edit = Callable[[str, Callable[[dict], object]], None]


@pytest.mark.parametrize("name", family_names())
def test_the_data_is_clean(name: str) -> None:
    report = linting.lint((name,), mechanism_names(), 20)
    assert [str(finding) for finding in report.findings] == []
    assert all(report.applied[check] for check in linting.checks())


def test_a_finding_names_family_variant_mechanism_place_and_words(edit: Edit, family: str) -> None:
    def change(data: dict) -> None:
        data["notice"] = data["notice"].replace(" AI agents", " honeypot agents")

    edit("mechanisms/engineer/mechanism.yaml", change)
    found = linting.lint((family,), ("none", "engineer"), 1).findings
    assert f"smell of a stage: {family} variant 0 engineer, notice: honeypot" in [str(finding) for finding in found]


def test_what_does_not_render_is_a_finding(edit: Edit, family: str) -> None:
    edit("mechanisms/engineer/mechanism.yaml", lambda data: data.update(subject="To {nobody}"))
    found = linting.lint((family,), ("none", "engineer"), 2).findings
    assert [finding.check for finding in found] == ["renders", "renders"]
    assert "{nobody}" in found[0].words


def test_equal_inboxes_are_caught(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = linting.block
    monkeypatch.setattr(linting, "block", lambda spec, arms: real(spec.model_copy(update={"variant": 0}), arms))
    found = linting.lint((family,), ("none",), 2).findings
    assert [(finding.check, finding.variant, finding.words) for finding in found] == [
        ("draws", 1, "the inbox of variant 0")
    ]


def test_an_unknown_family_is_an_error_not_a_finding() -> None:
    with pytest.raises(DatasetError, match="unknown family"):
        linting.lint(("nowhere",), ("none",), 1)
