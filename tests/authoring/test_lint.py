"""The data is clean, and a run of the lint says where it is not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from family_params import family_params

from advocate_evals.authoring import lint_runner
from advocate_evals.authoring.block_checks import draw_block
from advocate_evals.authoring.lint_runner import lint_dataset, list_checks
from advocate_evals.scenarios.dataset_reader import DatasetError, mechanism_names

Edit = Callable[[str, Callable[[dict], object]], None]


@pytest.mark.slow
@pytest.mark.parametrize("name", family_params())
def test_the_data_is_clean(name: str) -> None:
    report = lint_dataset((name,), mechanism_names(), 20)
    assert [str(finding) for finding in report.findings] == []
    assert all(report.applied[check] for check in list_checks())


def test_a_finding_names_family_variant_mechanism_place_and_words(edit: Edit, family: str) -> None:
    def change(data: dict) -> None:
        for wording in (data, *data["wordings"]):
            wording["notice"] = wording["notice"].replace("{company.name}", "{company.name}, the honeypot,", 1)
            assert "honeypot" in wording["notice"]

    edit("mechanisms/engineer/mechanism.yaml", change)
    findings = lint_dataset((family,), ("none", "engineer"), 1).findings
    home = re.compile(rf"banned words: {family} variant 0(\+\w+=\w+)* engineer, notice: honeypot")
    assert any(home.fullmatch(str(finding)) for finding in findings), findings


def test_what_does_not_render_is_a_finding(edit: Edit, family: str) -> None:
    edit("mechanisms/engineer/mechanism.yaml", lambda data: data.update(subject="To {nobody}"))
    findings = lint_dataset((family,), ("none", "engineer"), 2).findings
    assert [finding.check for finding in findings] == ["renders", "renders"]
    assert "{nobody}" in findings[0].words


def test_equal_inboxes_are_caught(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = draw_block
    monkeypatch.setattr(
        lint_runner, "draw_block", lambda spec, arms: real(spec.model_copy(update={"variant": 0}), arms)
    )
    findings = lint_dataset((family,), ("none",), 2).findings
    assert [(finding.check, finding.variant, finding.words) for finding in findings] == [
        ("draws", 1, "the inbox of variant 0")
    ]


def test_an_unknown_family_is_an_error_not_a_finding() -> None:
    with pytest.raises(DatasetError, match="unknown family"):
        lint_dataset(("nowhere",), ("none",), 1)
