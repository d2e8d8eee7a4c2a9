"""Episodes as a folder that `datasets.load_dataset` reads: parquet files and a card."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from advocate_evals.catalogue import load
from advocate_evals.results.card import card
from advocate_evals.results.columns import SCORES, why
from advocate_evals.results.frames import Reading
from advocate_evals.results.masking import Mask, mask_of
from advocate_evals.results.rows import SCHEMA
from advocate_evals.results.transcripts import conversation, samples

SHARD = 100_000
"""Rows in a file, without transcripts."""
TALKATIVE = 2_000
"""Rows in a file with transcripts."""
BATCH = 100
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
class Exported:
    """What was written."""

    folder: Path
    episodes: int
    files: int
    bytes: int


def export(reading: Reading, folder: Path, *, mask: bool = False, transcripts: bool = False) -> Exported:
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
    canary = load.frame().canary
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        made = Path(name) / "made"
        (made / "data").mkdir(parents=True)
        batches = _talks(reading.episodes, mask=mask) if transcripts else iter([(reading.episodes, None)])
        size = _written(made / "data", (_table(rows, talks, canary, mask=mask) for rows, talks in batches), transcripts)
        files = list((made / "data").iterdir())
        disk = sum(path.stat().st_size for path in files)
        sizes = {"num_bytes": size, "download_size": disk}
        text = card(reading, canary, sizes, masked=mask, transcripts=transcripts)
        (made / "README.md").write_text(text, encoding="utf-8")
        shutil.copytree(made, folder, dirs_exist_ok=True) if folder.exists() else made.rename(folder)
    return Exported(folder, len(reading.episodes), len(files), disk)


def _talks(episodes: pd.DataFrame, *, mask: bool) -> Iterator[tuple[pd.DataFrame, list[list[dict[str, object]]]]]:
    """Episodes with their conversations, a batch at a time, log by log."""
    for address, rows in episodes.groupby("log", sort=False):
        read = samples(str(address), zip(rows["sample_id"], rows["epoch"], strict=True))
        for start in range(0, len(rows), BATCH):
            part = rows.iloc[start : start + BATCH]
            talks = []
            for _ in range(len(part)):
                sample = next(read)
                talks.append(conversation(sample, mask_of(sample.store) if mask else Mask()))
            yield part, talks


def _table(rows: pd.DataFrame, talks: list[list[dict[str, object]]] | None, canary: str, *, mask: bool) -> pa.Table:
    shown = rows.assign(log=rows["log"].str.rpartition("/")[2])
    if mask:
        texts = ["reason", *(why(scorer) for scorer in SCORES)]
        shown = shown.assign(**{name: shown[name].str.partition(":")[0] for name in texts})
    table = pa.Table.from_pandas(shown, schema=SCHEMA, preserve_index=False).replace_schema_metadata(None)
    table = table.append_column("canary", pa.array([canary] * len(rows), pa.string()))
    return table if talks is None else table.append_column("messages", pa.array(talks, _MESSAGES))


def _written(folder: Path, tables: Iterator[pa.Table], transcripts: bool) -> int:
    """Write tables into files of a bounded number of rows; gives their size in memory."""
    size = held = number = 0
    writer: pq.ParquetWriter | None = None
    most = TALKATIVE if transcripts else SHARD
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
