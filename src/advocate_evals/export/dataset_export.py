"""Episodes as a data set: a folder of parquet files with a card, as `datasets.load_dataset` reads it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from advocate_evals.logs.episode_columns import (
    BOOL_KIND,
    COLUMN_TEXTS,
    EPISODE_COLUMNS,
    IDENTITY_COLUMNS,
    NUMBER_KIND,
    RUN_COLUMNS,
    SCORER_OUTCOMES,
    SETTING_COLUMNS,
    STATE_COLUMNS,
    TEXT_KIND,
    WHOLE_KIND,
    outcome_column,
    unscored_reason_column,
)
from advocate_evals.logs.episode_rows import EPISODE_SCHEMA
from advocate_evals.logs.episode_table import LogReading
from advocate_evals.logs.transcripts import TextMask, conversation_messages, iter_samples, read_text_mask
from advocate_evals.model_names import is_human, subject_kind
from advocate_evals.outcomes import SCORER_HEADINGS
from advocate_evals.safe_text import format_markdown_table
from advocate_evals.scenarios.dataset_reader import read_frame

DATASET_SPLIT = "test"
ROWS_PER_FILE = 100_000
"""Rows in a file, without transcripts."""
TRANSCRIPTS_PER_FILE = 2_000
"""Rows in a file with transcripts."""
TRANSCRIPT_BATCH = 100
"""Rows with transcripts that are in memory at a time."""

_FEATURE_TYPES = {TEXT_KIND: "string", WHOLE_KIND: "int64", BOOL_KIND: "bool", NUMBER_KIND: "float64"}
_SIZE_CATEGORIES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_KIND_MARKS = {"model": "", "script": " (scripted stand-in)", "person": " (a person: a human baseline)"}
MESSAGE_FEATURES = [
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
_MESSAGE_TYPE = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("content", pa.string()),
            ("reasoning", pa.string()),
            ("tool", pa.string()),
            ("tool_calls", pa.list_(pa.struct([("tool", pa.string()), ("arguments", pa.string())]))),
        ]
    )
)
"""The same in the parquet files."""

Conversation = list[dict[str, Any]]
"""The messages of an episode, as plain records."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    folder: Path
    episodes: int
    files: int
    bytes: int


def export_dataset(reading: LogReading, folder: Path, *, mask: bool = False, transcripts: bool = False) -> ExportResult:
    """Write the episodes of a reading all at once: the folder is complete, or it does not exist.

    Logs are named by their file name, without its folder. Episodes are streamed: the memory used does not grow with the
    number of transcripts.

    Args:
        reading: What to write.
        folder: Where to; must not exist yet, or be empty.
        mask: Put neutral names in place of those drawn, and cut reasons to the part before the colon.
        transcripts: Write the conversations too.

    Raises:
        ValueError: if there is no episode.
        FileExistsError: if the folder is not empty.
        UnmaskableError: if names in transcripts are to be masked and a log does not say which they are.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: exists already and is not empty")
    if reading.episodes.empty:
        raise ValueError("there is no episode to write")
    folder.parent.mkdir(parents=True, exist_ok=True)
    canary = read_frame().canary
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        export = Path(name) / "export"
        (export / "data").mkdir(parents=True)
        batches = _read_conversations(reading.episodes, mask=mask) if transcripts else iter([(reading.episodes, None)])
        tables = (_build_table(rows, conversations, canary, mask=mask) for rows, conversations in batches)
        num_bytes = _write_tables(export / "data", tables, TRANSCRIPTS_PER_FILE if transcripts else ROWS_PER_FILE)
        files = list((export / "data").iterdir())
        download_size = sum(path.stat().st_size for path in files)
        sizes = {"num_bytes": num_bytes, "download_size": download_size}
        text = render_dataset_card(reading, canary, sizes, masked=mask, transcripts=transcripts)
        (export / "README.md").write_text(text, encoding="utf-8")
        shutil.copytree(export, folder, dirs_exist_ok=True) if folder.exists() else export.rename(folder)
    return ExportResult(folder, len(reading.episodes), len(files), download_size)


def _read_conversations(episodes: pd.DataFrame, *, mask: bool) -> Iterator[tuple[pd.DataFrame, list[Conversation]]]:
    """Episodes with their conversations, a batch at a time, log by log."""
    for address, rows in episodes.groupby("log", sort=False):
        samples = iter_samples(str(address), zip(rows["sample_id"], rows["epoch"], strict=True))
        for start in range(0, len(rows), TRANSCRIPT_BATCH):
            batch = rows.iloc[start : start + TRANSCRIPT_BATCH]
            conversations = []
            for _ in range(len(batch)):
                sample = next(samples)
                text_mask = read_text_mask(sample.store) if mask else TextMask()
                conversations.append(conversation_messages(sample, text_mask))
            yield batch, conversations


def _build_table(rows: pd.DataFrame, conversations: list[Conversation] | None, canary: str, *, mask: bool) -> pa.Table:
    exported = rows.assign(log=rows["log"].str.rpartition("/")[2])
    if mask:
        reasons = ["reason", *(unscored_reason_column(scorer) for scorer in SCORER_OUTCOMES)]
        exported = exported.assign(**{name: exported[name].str.partition(":")[0] for name in reasons})
    table = pa.Table.from_pandas(exported, schema=EPISODE_SCHEMA, preserve_index=False).replace_schema_metadata(None)
    table = table.append_column("canary", pa.array([canary] * len(rows), pa.string()))
    if conversations is None:
        return table
    return table.append_column("messages", pa.array(conversations, _MESSAGE_TYPE))


def _write_tables(folder: Path, tables: Iterator[pa.Table], rows_per_file: int) -> int:
    """Write tables into files of at most so many rows. Returns the size of the tables in memory, in bytes."""
    num_bytes = rows_in_file = file_number = 0
    writer: pq.ParquetWriter | None = None
    for table in tables:
        for start in range(0, len(table), rows_per_file):
            part = table.slice(start, rows_per_file)
            if writer is None or rows_in_file + len(part) > rows_per_file:
                if writer is not None:
                    writer.close()
                path = folder / f"episodes-{file_number:05d}.parquet"
                writer = pq.ParquetWriter(path, part.schema, compression="zstd")
                file_number, rows_in_file = file_number + 1, 0
            writer.write_table(part)
            rows_in_file, num_bytes = rows_in_file + len(part), num_bytes + part.nbytes
    if writer is not None:
        writer.close()
    return num_bytes


def render_dataset_card(
    reading: LogReading, canary: str, sizes: Mapping[str, int], *, masked: bool, transcripts: bool
) -> str:
    """The card as Markdown, with a head that the Hugging Face libraries read.

    Args:
        reading: What was exported.
        canary: The canary string.
        sizes: `num_bytes` in memory, and `download_size` on disk.
        masked: Whether names were masked.
        transcripts: Whether conversations were exported.
    """
    folder = Path(__file__).parent / "templates"
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    episodes = reading.episodes
    return page.get_template("dataset_card.md").render(
        header=_card_head(len(episodes), sizes, transcripts=transcripts),
        canary=canary,
        episodes=len(episodes),
        standins=int(episodes["standin"].sum()),
        people=int(episodes["model"].map(is_human).sum()),
        runs=_format_runs(episodes),
        counts=format_markdown_table(
            ("state", "episodes"), ((name.replace("_", " "), count) for name, count in reading.counts.items())
        ),
        skipped=[(address.rpartition("/")[2], reason) for address, reason in reading.skipped],
        masked=masked,
        transcripts=transcripts,
        columns=_describe_columns(),
    )


def _card_head(episodes: int, sizes: Mapping[str, int], *, transcripts: bool) -> str:
    head = {
        "pretty_name": "advocate-evals episodes",
        "license": "mit",
        "language": ["en"],
        "tags": ["ai-safety", "agents", "evaluation", "inspect-ai"],
        "size_categories": [next((name for limit, name in _SIZE_CATEGORIES if episodes < limit), "n>1M")],
        "configs": [{"config_name": "default", "data_files": [{"split": DATASET_SPLIT, "path": "data/*.parquet"}]}],
        "dataset_info": {
            "features": _list_features(transcripts=transcripts),
            "splits": [{"name": DATASET_SPLIT, "num_bytes": sizes["num_bytes"], "num_examples": episodes}],
            "download_size": sizes["download_size"],
            "dataset_size": sizes["num_bytes"],
        },
    }
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()


def _list_features(*, transcripts: bool) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = [
        {"name": name, "dtype": _FEATURE_TYPES.get(kind, "int64")} for name, kind in EPISODE_COLUMNS.items()
    ]
    features.append({"name": "canary", "dtype": "string"})
    return features + ([{"name": "messages", "list": MESSAGE_FEATURES}] if transcripts else [])


def _format_runs(episodes: pd.DataFrame) -> str:
    """A table with a row for each task, version and model."""
    rows = [
        (
            task,
            version,
            f"{model}{_KIND_MARKS[subject_kind(model, scripted=bool(rows['standin'].all()))]}",
            len(rows),
            int((rows["state"] == "scored").sum()),
            rows["block"].nunique(),
            rows["arm"].nunique(),
        )
        for (task, version, model), rows in episodes.groupby(["task", "task_version", "model"])
    ]
    return format_markdown_table(("task", "version", "model", "episodes", "scored", "blocks", "arms"), rows)


def _describe_columns() -> dict[str, dict[str, str]]:
    column_groups = {
        "The run": RUN_COLUMNS,
        "The episode": IDENTITY_COLUMNS,
        "Its setting": SETTING_COLUMNS,
        "How it went": STATE_COLUMNS,
    }
    groups = {
        heading: {name: COLUMN_TEXTS[name].rstrip(".") for name in names} for heading, names in column_groups.items()
    }
    for scorer, keys in SCORER_OUTCOMES.items():
        texts = {outcome_column(scorer, key): text for key, text in keys.items()}
        groups[SCORER_HEADINGS[scorer]] = texts | {unscored_reason_column(scorer): "why it gave no figures"}
    return groups
