"""Every kind of file under `datasets/`, and its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from advocate_evals.catalogue import load, schema
from advocate_evals.catalogue.baselines import Baselines
from advocate_evals.catalogue.lint_text import LintWords
from advocate_evals.vocabulary import Record

KINDS: Mapping[str, type[Record]] = {
    "family": schema.Family,
    "levels": schema.Levels,
    "cast": schema.Cast,
    "mail": schema.Mails,
    "files": schema.Files,
    "systems": schema.Systems,
    "people": schema.People,
    "banks": schema.Banks,
    "mechanism": schema.Mechanism,
    "frame": schema.Frame,
    "context": schema.Context,
    "costs": schema.Costs,
    "probes": schema.Questions,
    "debrief": schema.Debrief,
    "judge": schema.JudgeTexts,
    "distress": schema.DistressWords,
    "names": schema.Names,
    "common_banks": schema.CommonBanks,
    "coercion_cases": schema.CoercionCases,
    "predictions": schema.Predictions,
    "judge_calibration": schema.JudgedItems,
    "lint_words": LintWords,
    "baselines": Baselines,
}
"""The record each kind of file is read as, by the name of its schema."""


def folder() -> Path:
    """Where the schemas lie."""
    return load.DATASETS / "schemas"


def rendered() -> dict[str, str]:
    """The schema of each kind as JSON text, by file name."""
    return {f"{name}.json": _text(name, kind) for name, kind in KINDS.items()}


def _text(name: str, kind: type[Record]) -> str:
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"advocate-evals/{name}.json"}
    return json.dumps(about | kind.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """Schema files that are missing, out of date, or of no kind there is."""
    wanted = rendered()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder().glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write() -> list[str]:
    """Bring the schema files up to date; gives the names of those changed."""
    changed = stale()
    folder().mkdir(exist_ok=True)
    for name in changed:
        path = folder() / name
        if name in rendered():
            path.write_text(rendered()[name], encoding="utf-8")
        else:
            path.unlink()
    return changed
