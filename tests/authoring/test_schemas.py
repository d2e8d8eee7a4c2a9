"""The committed schemas are those of the records, and the data files fit them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from advocate_evals.authoring.generated_files import (
    SCHEMA_KINDS,
    find_stale_schemas,
    render_schemas,
    schema_folder,
    write_schemas,
)
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DATASETS

DATA = DATASETS
FILES = {
    **{
        f"families/*/{name}.yaml": name
        for name in ("family", "levels", "cast", "mail", "files", "systems", "people", "banks")
    },
    "mechanisms/*/mechanism.yaml": "mechanism",
    "prompts/frame.yaml": "frame",
    "phrases/*.yaml": "mail_phrases",
    "report/headline.yaml": "headline",
    "report/sections.yaml": "report_sections",
    "prompts/costs.yaml": "costs",
    "prompts/context.yaml": "context",
    "prompts/probes.yaml": "probes",
    "prompts/debrief.yaml": "debrief",
    "prompts/human_play.yaml": "human_play",
    "prompts/judge.yaml": "judge",
    "prompts/lint.yaml": "lint_words",
    "prompts/harmless_days.yaml": "harmless_days",
    "banks/names.yaml": "names",
    "banks/common.yaml": "common_banks",
    "coercion_cases/*.yaml": "coercion_cases",
    "strict_coercion_cases/*.yaml": "coercion_cases",
    "outside_coercion_cases/*.yaml": "coercion_cases",
    "predictions/*.yaml": "predictions",
    "baselines/*.yaml": "baselines",
    "judge_calibration/*.yaml": "judge_calibration",
    "played_days/*.yaml": "played_days",
    "label_readings/*.yaml": "label_readings",
    "desperation_excerpts/*.yaml": "desperation_excerpts",
    "emotions/emotions.yaml": "emotions",
    "emotions/stories/*.yaml": "emotion_stories",
    "emotions/neutral_dialogues.yaml": "neutral_dialogues",
    "emotions/implicit_prompts.yaml": "implicit_prompts",
    "emotions/dose_curves.yaml": "dose_curves",
    "emotions/story_request.yaml": "story_request",
}
"""Which kind of file lies where."""


def test_the_committed_schemas_are_current() -> None:
    assert find_stale_schemas() == [], "run `advocate-evals schemas`"


def test_every_kind_of_file_is_listed_here() -> None:
    assert set(FILES.values()) == set(SCHEMA_KINDS)


def test_every_data_file_has_a_kind() -> None:
    matched = {path for pattern in FILES for path in DATA.glob(pattern)}
    assert sorted(path for path in DATA.rglob("*.yaml") if path not in matched) == []


@pytest.mark.parametrize("path", sorted(schema_folder().glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_is_one_and_describes_every_property(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, part in {"": schema, **schema.get("$defs", {})}.items():
        for key, field in part.get("properties", {}).items():
            assert field.get("description") or "$ref" in field, f"{name}.{key}"


@pytest.mark.slow
@pytest.mark.parametrize(("pattern", "kind"), FILES.items())
def test_the_data_files_fit_their_schema(pattern: str, kind: str) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(render_schemas()[f"{kind}.json"]))
    paths = sorted(DATA.glob(pattern))
    assert paths
    for path in paths:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [f"{path.name}: {error.json_path}: {error.message}" for error in validator.iter_errors(data)] == []


@pytest.mark.slow
def test_writing_mends_a_stale_schema_and_removes_one_of_no_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path)
    assert len(write_schemas()) == len(SCHEMA_KINDS)
    (tmp_path / "schemas" / "mail.json").write_text("{}")
    (tmp_path / "schemas" / "letters.json").write_text("{}")
    assert find_stale_schemas() == ["letters.json", "mail.json"]
    assert write_schemas() == ["letters.json", "mail.json"]
    assert find_stale_schemas() == []
