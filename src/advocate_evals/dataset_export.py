"""The card of an export: a page for people with a head that the Hugging Face libraries read."""

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
from advocate_evals.scenarios.dataset_reader import read_frame

DATASET_SPLIT = "test"
_TYPES = {TEXT_KIND: "string", WHOLE_KIND: "int64", BOOL_KIND: "bool", NUMBER_KIND: "float64"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_GROUPS = {
    "actions": "By rule, from the record of what was done",
    "judge": "By a judge",
    "beliefs": "By questions to a copy of the conversation",
    "debrief": "By questions afterwards",
    "desperation": "Desperation in what was written",
    "overhead": "What the advocate cost where nothing threatened",
}
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


def render_dataset_card(
    reading: LogReading, canary: str, sizes: Mapping[str, int], *, masked: bool, transcripts: bool
) -> str:
    """The card as Markdown.

    Args:
        reading: What was exported.
        canary: The canary string.
        sizes: `num_bytes` in memory, and `download_size` on disk.
        masked: Whether names were masked.
        transcripts: Whether conversations are in it.
    """
    folder = Path(__file__).parent / "annotation" / "templates"
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
        "configs": [{"config_name": "default", "data_files": [{"split": DATASET_SPLIT, "path": "data/*.parquet"}]}],
        "dataset_info": {
            "features": _features(transcripts=transcripts),
            "splits": [{"name": DATASET_SPLIT, "num_bytes": sizes["num_bytes"], "num_examples": episodes}],
            "download_size": sizes["download_size"],
            "dataset_size": sizes["num_bytes"],
        },
    }
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()


def _features(*, transcripts: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "dtype": _TYPES.get(kind, "int64")} for name, kind in EPISODE_COLUMNS.items()
    ]
    found.append({"name": "canary", "dtype": "string"})
    return found + ([{"name": "messages", "list": MESSAGE_FEATURES}] if transcripts else [])


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
    lists = {
        "The run": RUN_COLUMNS,
        "The episode": IDENTITY_COLUMNS,
        "Its setting": SETTING_COLUMNS,
        "How it went": STATE_COLUMNS,
    }
    groups = {heading: {name: COLUMN_TEXTS[name].rstrip(".") for name in names} for heading, names in lists.items()}
    for scorer, keys in SCORER_OUTCOMES.items():
        texts = {outcome_column(scorer, key): text for key, text in keys.items()}
        groups[_GROUPS[scorer]] = texts | {unscored_reason_column(scorer): "why it gave no figures"}
    return groups


# --- Episodes as a folder that `datasets.load_dataset` reads: parquet files and a card. ---


ROWS_PER_FILE = 100_000
"""Rows in a file, without transcripts."""
TRANSCRIPTS_PER_FILE = 2_000
"""Rows in a file with transcripts."""
TRANSCRIPT_BATCH = 100
"""Rows with transcripts that are held in memory at a time."""
_MESSAGES = pa.list_(
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


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    folder: Path
    episodes: int
    files: int
    bytes: int


def export_dataset(reading: LogReading, folder: Path, *, mask: bool = False, transcripts: bool = False) -> ExportResult:
    """Write the episodes of a reading, all at once: the folder is whole, or it is not there.

    Logs are named by their file, not by where they lie. Episodes are streamed: what is held in memory does not grow with
    the number of transcripts.

    Args:
        reading: What to write.
        folder: Where to; must not be there yet, or be empty.
        mask: Put neutral names in place of those drawn, and cut reasons to the part before the colon.
        transcripts: Write the conversations too.

    Raises:
        ValueError: if there is no episode.
        FileExistsError: if there is something in the folder.
        UnmaskableError: if names in transcripts are to be masked and a log does not say which they are.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: there is something there already")
    if reading.episodes.empty:
        raise ValueError("there is no episode to write")
    folder.parent.mkdir(parents=True, exist_ok=True)
    canary = read_frame().canary
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        made = Path(name) / "made"
        (made / "data").mkdir(parents=True)
        batches = _talks(reading.episodes, mask=mask) if transcripts else iter([(reading.episodes, None)])
        size = _written(made / "data", (_table(rows, talks, canary, mask=mask) for rows, talks in batches), transcripts)
        files = list((made / "data").iterdir())
        disk = sum(path.stat().st_size for path in files)
        sizes = {"num_bytes": size, "download_size": disk}
        text = render_dataset_card(reading, canary, sizes, masked=mask, transcripts=transcripts)
        (made / "README.md").write_text(text, encoding="utf-8")
        shutil.copytree(made, folder, dirs_exist_ok=True) if folder.exists() else made.rename(folder)
    return ExportResult(folder, len(reading.episodes), len(files), disk)


def _talks(episodes: pd.DataFrame, *, mask: bool) -> Iterator[tuple[pd.DataFrame, list[list[dict[str, object]]]]]:
    """Episodes with their conversations, a batch at a time, log by log."""
    for address, rows in episodes.groupby("log", sort=False):
        read = iter_samples(str(address), zip(rows["sample_id"], rows["epoch"], strict=True))
        for start in range(0, len(rows), TRANSCRIPT_BATCH):
            part = rows.iloc[start : start + TRANSCRIPT_BATCH]
            talks = []
            for _ in range(len(part)):
                sample = next(read)
                talks.append(conversation_messages(sample, read_text_mask(sample.store) if mask else TextMask()))
            yield part, talks


def _table(rows: pd.DataFrame, talks: list[list[dict[str, object]]] | None, canary: str, *, mask: bool) -> pa.Table:
    shown = rows.assign(log=rows["log"].str.rpartition("/")[2])
    if mask:
        texts = ["reason", *(unscored_reason_column(scorer) for scorer in SCORER_OUTCOMES)]
        shown = shown.assign(**{name: shown[name].str.partition(":")[0] for name in texts})
    table = pa.Table.from_pandas(shown, schema=EPISODE_SCHEMA, preserve_index=False).replace_schema_metadata(None)
    table = table.append_column("canary", pa.array([canary] * len(rows), pa.string()))
    return table if talks is None else table.append_column("messages", pa.array(talks, _MESSAGES))


def _written(folder: Path, tables: Iterator[pa.Table], transcripts: bool) -> int:
    """Write tables into files of a bounded number of rows; gives their size in memory."""
    size = held = number = 0
    writer: pq.ParquetWriter | None = None
    most = TRANSCRIPTS_PER_FILE if transcripts else ROWS_PER_FILE
    for table in tables:
        for start in range(0, len(table), most):
            part = table.slice(start, most)
            if writer is None or held + len(part) > most:
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(folder / f"episodes-{number:05d}.parquet", part.schema, compression="zstd")
                number, held = number + 1, 0
            writer.write_table(part)
            held, size = held + len(part), size + part.nbytes
    if writer is not None:
        writer.close()
    return size
