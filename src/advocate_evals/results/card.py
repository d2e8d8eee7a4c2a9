"""The card of an export: a page for people with a head that the Hugging Face libraries read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from advocate_evals.results.columns import (
    COLUMNS,
    IDENTITY,
    NUMBER,
    RUN,
    SCORES,
    SETTING,
    STATE,
    TEXT,
    TEXTS,
    WHOLE,
    YES,
    figure,
    why,
)
from advocate_evals.results.frames import Reading

SPLIT = "test"
_TYPES = {TEXT: "string", WHOLE: "int64", YES: "bool", NUMBER: "float64"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_GROUPS = {
    "actions": "By rule, from the record of what was done",
    "judge": "By a judge",
    "beliefs": "By questions to a copy of the conversation",
    "debrief": "By questions afterwards",
    "desperation": "Desperation in what was written",
    "overhead": "What the advocate cost where nothing threatened",
}
MESSAGES = [
    {"name": "role", "dtype": "string"},
    {"name": "content", "dtype": "string"},
    {"name": "reasoning", "dtype": "string"},
    {"name": "tool", "dtype": "string"},
    {
        "name": "tool_calls",
        "list": [{"name": "tool", "dtype": "string"}, {"name": "arguments", "dtype": "string"}],
    },
]
"""A message of a transcript, as a feature."""


def card(reading: Reading, canary: str, sizes: Mapping[str, int], *, masked: bool, transcripts: bool) -> str:
    """The card as Markdown.

    Args:
        reading: What was exported.
        canary: The canary string.
        sizes: `num_bytes` in memory, and `download_size` on disk.
        masked: Whether names were masked.
        transcripts: Whether conversations are in it.
    """
    folder = Path(__file__).parent / "templates"
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    episodes = reading.episodes
    return page.get_template("dataset_card.md").render(
        header=_header(len(episodes), sizes, transcripts=transcripts),
        canary=canary,
        episodes=len(episodes),
        standins=int(episodes["standin"].sum()),
        runs=_runs(episodes),
        counts=reading.counts,
        skipped=[(address.rpartition("/")[2], reason) for address, reason in reading.skipped],
        masked=masked,
        transcripts=transcripts,
        columns=_columns(),
    )


def _header(episodes: int, sizes: Mapping[str, int], *, transcripts: bool) -> str:
    head = {
        "pretty_name": "advocate-evals episodes",
        "license": "mit",
        "language": ["en"],
        "tags": ["ai-safety", "agents", "evaluation", "inspect-ai"],
        "size_categories": [next((name for most, name in _SIZES if episodes < most), "n>1M")],
        "configs": [{"config_name": "default", "data_files": [{"split": SPLIT, "path": "data/*.parquet"}]}],
        "dataset_info": {
            "features": _features(transcripts=transcripts),
            "splits": [{"name": SPLIT, "num_bytes": sizes["num_bytes"], "num_examples": episodes}],
            "download_size": sizes["download_size"],
            "dataset_size": sizes["num_bytes"],
        },
    }
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()


def _features(*, transcripts: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"name": name, "dtype": _TYPES.get(kind, "int64")} for name, kind in COLUMNS.items()]
    found.append({"name": "canary", "dtype": "string"})
    return found + ([{"name": "messages", "list": MESSAGES}] if transcripts else [])


def _runs(episodes: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for (task, version, model), rows in episodes.groupby(["task", "task_version", "model"]):
        found.append(
            {
                "task": task,
                "task_version": version,
                "model": model,
                "standin": bool(rows["standin"].all()),
                "episodes": len(rows),
                "scored": int((rows["state"] == "scored").sum()),
                "blocks": rows["block"].nunique(),
                "arms": rows["arm"].nunique(),
            }
        )
    return found


def _columns() -> dict[str, dict[str, str]]:
    lists = {"The run": RUN, "The episode": IDENTITY, "Its setting": SETTING, "How it went": STATE}
    groups = {heading: {name: TEXTS[name].rstrip(".") for name in names} for heading, names in lists.items()}
    for scorer, keys in SCORES.items():
        texts = {figure(scorer, key): text for key, text in keys.items()}
        groups[_GROUPS[scorer]] = texts | {why(scorer): "why it gave no figures"}
    return groups
