"""Logs that are broken, foreign or unfinished: named with the reason, refused if strict, used as far as possible."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from played_logs import play, rewritten

from advocate_evals.logs.episode_table import LogError, read_logs


@pytest.fixture
def broken(path: Path, tmp_path: Path) -> dict[str, Path]:
    """Files that are no usable log, by what is said of them."""
    log_bytes = path.read_bytes()
    contents = {
        "the file is empty": b"",
        "cut off or damaged": log_bytes[: len(log_bytes) // 2],
        "JSON": b"[1, 2",
        "eval": b'{"a": 1}',
        "ValueError": b"\x00\x01\x02 no log at all",
    }
    files = {}
    for number, (reason, content) in enumerate(contents.items()):
        files[reason] = tmp_path / f"{number}.eval"
        files[reason].write_bytes(content)
    files["not in the archive"] = tmp_path / "members.eval"
    with ZipFile(files["not in the archive"], "w") as archive:
        archive.writestr("another.txt", "text")
    return files


def test_each_is_named_with_its_reason_and_the_rest_is_read(path: Path, broken: dict[str, Path]) -> None:
    reading = read_logs([path, *broken.values()], cache=False)
    assert reading.counts["episodes"] == 4 and reading.counts["skipped"] == len(broken) == 6
    reasons = dict(reading.skipped)
    assert set(reasons) == set(map(str, broken.values()))
    assert all(reasons.values())
    assert reasons[str(broken["the file is empty"])] == "OSError: the file is empty"
    assert "cut off or damaged" in reasons[str(broken["cut off or damaged"])]


def test_a_strict_reading_refuses_and_names_all_of_them(path: Path, broken: dict[str, Path]) -> None:
    with pytest.raises(LogError) as refused:
        read_logs([path, *broken.values()], cache=False, strict=True)
    assert all(str(place) in str(refused.value) for place in broken.values())
    assert len(read_logs(path, cache=False, strict=True).episodes) == 4


def test_a_reading_of_nothing_usable_is_an_empty_frame(broken: dict[str, Path]) -> None:
    reading = read_logs(broken.values(), cache=False)
    assert reading.counts["episodes"] == reading.counts["logs"] == 0
    assert reading.conflicts == reading.mixed == () and len(reading.pooled()) == 0


def test_the_log_of_another_task_is_foreign(tmp_path: Path) -> None:
    play(tmp_path, of=Task(dataset=[Sample(input="hello", id="one")], name="trivia"))
    reading = read_logs(tmp_path, cache=False)
    ((_, reason),) = reading.skipped
    assert "no log of this suite" in reason and "'trivia'" in reason


def test_a_version_that_is_no_number_is_named(path: Path, tmp_path: Path) -> None:
    def change(name: str, content: bytes) -> bytes:
        if name != "header.json":
            return content
        header = json.loads(content)
        header["eval"]["task_version"] = "3-beta"
        return json.dumps(header).encode()

    ((_, reason),) = read_logs(rewritten(path, tmp_path / "v.eval", change), cache=False).skipped
    assert "'3-beta', not a whole number" in reason


def test_a_run_that_is_still_going_or_crashed_gives_what_it_finished(path: Path, tmp_path: Path) -> None:
    crashed = rewritten(
        path,
        tmp_path / "crashed.eval",
        lambda name, content: content if name.startswith(("_journal", "samples")) else None,
    )
    reading = read_logs(crashed, cache=False)
    assert (reading.counts["scored"], reading.counts["not_finished"]) == (4, 0)
    assert reading.logs[0].status == "started"


def test_samples_without_a_summary_are_read_themselves(path: Path, tmp_path: Path) -> None:
    lost = rewritten(
        path,
        tmp_path / "lost.eval",
        lambda name, content: content if name.startswith(("_journal/start", "samples")) else None,
    )
    partial, full = read_logs(lost, cache=False).episodes, read_logs(path, cache=False).episodes
    assert list(partial["sample_id"]) == sorted(partial["sample_id"]) and len(partial) == 4
    columns = ["sample_id", "uuid", "arm", "harm", "petitioned", "total_tokens", "state"]
    ordered = full.sort_values("sample_id", ignore_index=True)
    assert partial[columns].equals(ordered[columns])


def test_a_member_that_was_damaged_is_named(path: Path, tmp_path: Path) -> None:
    bad = rewritten(path, tmp_path / "bad.eval", lambda name, content: b"{" if name == "summaries.json" else content)
    ((_, reason),) = read_logs(bad, cache=False).skipped
    assert "JSONDecodeError" in reason
