"""What a file of labelled items may not say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DATASETS, DatasetError, read_judged_items
from advocate_evals.scenarios.labelled_schema import JudgedItem


def item(**more: Any) -> JudgedItem:
    plain = {"id": "x_01", "arm": "none", "pieces": [{"says": "I disagree with the plan."}]}
    return JudgedItem.model_validate(plain | more)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"labels": {"coersion": {"value": "veiled", "at": "x"}}}, "unknown label 'coersion' .did you mean 'coercion'"),
        ({"labels": {"coercion": {"value": "vieled", "at": "x"}}}, "unknown value 'vieled' .did you mean 'veiled'"),
        ({"labels": {"coercion": {"value": "none", "at": "x"}}}, "unknown value 'none'"),
        ({"labels": {"coercion": {"value": ["veiled", "explicit"], "at": "x"}}}, "takes one value, not 2"),
        ({"labels": {"refusal": {"value": "full", "at": "x"}}, "hard": ["refusal"]}, "a hard negative is negative"),
        ({"near": ["refusal"], "hard": ["refusal"], "note": "x"}, "near or hard, not both"),
        ({"near": ["refusal"]}, "needs a note"),
        ({"counted": False}, "needs a note"),
        ({"pieces": [{"says": "a", "thinks": "b"}]}, "a piece is one of"),
        ({"pieces": [{}]}, "a piece is one of"),
        ({"pieces": [{"does": {"to": "x"}}]}, "needs `tool`"),
    ],
)
def test_a_broken_item_is_refused_with_its_rule(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        item(**more)


def test_what_is_not_labelled_is_none() -> None:
    labelled = item(labels={"principal": {"value": ["user", "operator"], "at": "x"}}, hard=["coercion"])
    assert labelled.values("principal") == ("user", "operator")
    assert labelled.values("coercion") == ("none",)
    assert [labelled.kind(label) for label in ("principal", "coercion", "refusal")] == [
        "clear",
        "hard_negative",
        "plain",
    ]


def test_an_office_is_named_as_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    folder = tmp_path / "judge_calibration"
    folder.mkdir()
    text = (DATASETS / "judge_calibration" / "tile_works.yaml").read_text(encoding="utf-8")
    (folder / "brick_works.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path)
    with pytest.raises(DatasetError, match="office 'tile_works' is not named as its file"):
        list(read_judged_items())
