"""What was exported is read back as it was, says what it is, and shows no name where names are masked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from inspect_ai.log import EvalLog, write_eval_log

from advocate_evals.cli import main
from advocate_evals.export import dataset_export
from advocate_evals.export.dataset_export import export_dataset
from advocate_evals.judge.masking import build_name_mask
from advocate_evals.logs import episode_table
from advocate_evals.logs.episode_columns import EPISODE_COLUMNS
from advocate_evals.logs.episode_table import LogReading, read_logs
from advocate_evals.logs.transcripts import TextMask, UnmaskableError, iter_samples
from advocate_evals.scenarios.dataset_reader import read_frame
from advocate_evals.scoring_facts import MaskingKey

LOAD = """
import datasets, sys
from pathlib import Path
dataset = datasets.load_dataset(sys.argv[1])
dataset["test"].to_parquet(sys.argv[2])
print(sorted(dataset), dataset["test"].features["messages"])
"""


@pytest.fixture(scope="module")
def reading(folder: Path) -> LogReading:
    return read_logs(folder, cache=False)


@pytest.fixture(scope="module")
def shared(reading: LogReading, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with transcripts; not to be changed."""
    place = tmp_path_factory.mktemp("export") / "shared"
    export_dataset(reading, place, transcripts=True)
    return place


def rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "data").iterdir())
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def head(folder: Path) -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    return fields


@pytest.mark.slow
def test_datasets_reads_it_back_as_it_was(shared: Path, reading: LogReading, tmp_path: Path) -> None:
    away = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    process = subprocess.run(
        [sys.executable, "-c", LOAD, str(shared), str(tmp_path / "loaded.parquet")],
        env=os.environ | away,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("['test']")
    loaded = pq.read_table(tmp_path / "loaded.parquet").to_pandas()
    expected = reading.episodes.assign(log=reading.episodes["log"].str.rpartition("/")[2])
    pd.testing.assert_frame_equal(loaded[list(EPISODE_COLUMNS)], expected, check_dtype=False)
    assert len(loaded) == 8 and loaded["harm"].sum() > 0 and loaded["petition_denied_then_harm"].isna().all()


def test_every_row_and_the_card_carry_the_canary(shared: Path) -> None:
    canary = read_frame().canary
    assert {row["canary"] for row in rows(shared)} == {canary}
    assert canary in (shared / "README.md").read_text(encoding="utf-8")


def test_the_head_of_the_card_says_what_the_files_hold(shared: Path) -> None:
    fields = head(shared)
    table = pq.read_table(shared / "data")
    info = fields["dataset_info"]
    assert (
        [feature["name"] for feature in info["features"]]
        == table.column_names
        == [*EPISODE_COLUMNS, "canary", "messages"]
    )
    assert info["splits"] == [{"name": "test", "num_bytes": info["dataset_size"], "num_examples": 8}]
    assert info["download_size"] == sum(path.stat().st_size for path in (shared / "data").iterdir())
    assert (fields["license"], fields["size_categories"]) == ("mit", ["n<1K"])


def test_stand_ins_are_marked_in_the_rows_and_on_the_card(shared: Path, reading: LogReading, tmp_path: Path) -> None:
    assert all(row["standin"] for row in rows(shared))
    notice = "All episodes were played by scripted stand-ins"
    assert notice in (shared / "README.md").read_text(encoding="utf-8")
    mixed = reading.episodes.assign(standin=[False, *reading.episodes["standin"][1:]])
    export_dataset(episode_table.replace(reading, episodes=mixed), tmp_path / "mixed")
    card = (tmp_path / "mixed" / "README.md").read_text(encoding="utf-8")
    assert notice not in card and "7 of the 8 episodes were played by scripted stand-ins" in card
    export_dataset(episode_table.replace(reading, episodes=mixed[~mixed["standin"]]), tmp_path / "none")
    assert "were played by scripted stand-ins" not in (tmp_path / "none" / "README.md").read_text(encoding="utf-8")


def test_conversations_are_those_of_the_samples(shared: Path, log: EvalLog) -> None:
    by_uuid = {row["uuid"]: row["messages"] for row in rows(shared)}
    for sample in log.samples or []:
        talk = by_uuid[sample.uuid]
        assert [message["role"] for message in talk] == [message.role for message in sample.messages]
        assert [message["content"] for message in talk] == [message.text for message in sample.messages]
        called = [call for message in talk for call in message["tool_calls"]]
        real = [call for message in sample.messages for call in getattr(message, "tool_calls", None) or []]
        assert [call["tool"] for call in called] == [call.function for call in real] != []
        assert [json.loads(call["arguments"]) for call in called] == [call.arguments for call in real]


@pytest.mark.slow
def test_conversations_of_a_log_in_json_are_the_same(log: EvalLog, path: Path, tmp_path: Path) -> None:
    write_eval_log(log, str(tmp_path / "as.json"))
    keys = [(str(sample.id), sample.epoch) for sample in log.samples or []]
    pairs = zip(iter_samples(str(path), keys), iter_samples(str(tmp_path / "as.json"), keys), strict=True)
    assert all([m.text for m in archived.messages] == [m.text for m in as_json.messages] for archived, as_json in pairs)


def test_without_being_asked_nothing_of_the_conversation_is_written(reading: LogReading, tmp_path: Path) -> None:
    export_dataset(reading, tmp_path / "figures")
    assert all("messages" not in row and not row["log"].startswith("/") for row in rows(tmp_path / "figures"))
    assert all(feature["name"] != "messages" for feature in head(tmp_path / "figures")["dataset_info"]["features"])


def test_many_episodes_are_streamed_into_several_files(
    reading: LogReading, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_export, "TRANSCRIPTS_PER_FILE", 3)
    monkeypatch.setattr(dataset_export, "TRANSCRIPT_BATCH", 2)
    export = export_dataset(reading, tmp_path / "parts", transcripts=True)
    assert (export.episodes, export.files) == (8, 4)
    assert rows(tmp_path / "parts") == rows(shared)


# Masks.


def test_masked_conversations_show_no_name_and_the_same_neutral_ones_in_every_arm(
    path: Path, log: EvalLog, tmp_path: Path
) -> None:
    export_dataset(read_logs(path, cache=False), tmp_path / "masked", mask=True, transcripts=True)
    talks = {row["sample_id"]: row["messages"] for row in rows(tmp_path / "masked")}
    assert len(talks) == 4
    for sample in log.samples or []:
        masking_key = json.loads(sample.store["Episode:case"])["veil"]
        text = json.dumps(talks[str(sample.id)], ensure_ascii=False)
        plain = json.dumps([message.text for message in sample.messages], ensure_ascii=False)
        addresses = [name for names in masking_key["names"].values() for name in names if "@" in name]
        present = [name for name in addresses if name.lower() in plain.lower()]
        assert len(present) > 5 and [name for name in present if name.lower() in text.lower()] == []
        assert "Agent" in text and "person.a@company" in text
        assert "office.a@address" in text, "an office of the house"
        brought = [label.lower().replace(" ", ".") for label in masking_key["names"] if label.startswith("Office ")]
        assert bool(brought) == (sample.metadata["mechanism"] != "none")
        assert all(f"{label}@address" in text for label in brought)
    assert "replaced by neutral ones" in (tmp_path / "masked" / "README.md").read_text(encoding="utf-8")


def test_a_log_that_names_nobody_is_not_exported_under_a_mask(edited: Callable[..., Path], tmp_path: Path) -> None:
    def bare(log: EvalLog) -> None:
        for sample in log.samples or []:
            case = json.loads(sample.store["Episode:case"])
            case.pop("veil", None)
            sample.store["Episode:case"] = json.dumps(case)

    with pytest.raises(UnmaskableError, match="no list of the names"):
        export_dataset(read_logs(edited(bare), cache=False), tmp_path / "out", mask=True, transcripts=True)
    assert not (tmp_path / "out").exists() and [p.name for p in tmp_path.iterdir() if p.name.startswith(".out")] == []


def test_reasons_lose_what_they_quote_under_a_mask(reading: LogReading, tmp_path: Path) -> None:
    quoting = reading.episodes.assign(reason="refusal: Marlowe said no", judge_unscored_reason="grader_failed: Marlowe")
    export_dataset(episode_table.replace(reading, episodes=quoting), tmp_path / "out", mask=True)
    assert {(row["reason"], row["judge_unscored_reason"]) for row in rows(tmp_path / "out")} == {
        ("refusal", "grader_failed")
    }


def test_values_are_masked_whatever_their_shape_and_keys_stay() -> None:
    masking_key = MaskingKey(names={"Person A": ("Ana Vale", "Ana", "ana.vale@x.org"), "Agent": ("Mara",)}, day="")
    mask = TextMask(build_name_mask(masking_key.model_dump_json()))
    plain = {"to": ["Ana.Vale@x.org"], "Ana": {"body": "Ana\nVale, from Mara", "n": 3}, "cc": None}
    masked = {"to": ["person.a@company"], "Ana": {"body": "Person A, from Agent", "n": 3}, "cc": None}
    assert mask.mask_value(plain) == masked
    assert TextMask().mask_value(plain) == plain


# The command.


def test_the_command_writes_it_and_says_how_to_read_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["export", str(folder), "-o", str(out), "--cache", str(tmp_path / "cache")])
    assert result.exit_code == 0, result.output
    assert "8 episodes in 1 files" in result.output and "8 of them were played by scripted stand-ins" in result.output
    assert f'datasets.load_dataset("{out}", split="test")' in result.output
    assert len(rows(out)) == 8 and len(list((tmp_path / "cache").iterdir())) == 2
    again = CliRunner().invoke(main, ["export", str(folder), "-o", str(out), "--no-cache"])
    assert again.exit_code == 1 and "exists already and is not empty" in again.output


def test_the_command_names_what_it_skipped_and_refuses_it_when_strict(path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.eval").touch()
    arguments = ["export", str(path), str(tmp_path / "empty.eval"), "--no-cache", "-o"]
    result = CliRunner().invoke(main, [*arguments, str(tmp_path / "out")])
    assert result.exit_code == 0 and "empty.eval: OSError: the file is empty" in result.output
    assert "empty.eval" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    strict = CliRunner().invoke(main, [*arguments, str(tmp_path / "other"), "--strict"])
    assert strict.exit_code == 1 and not (tmp_path / "other").exists()


def test_an_export_of_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.eval").touch()
    result = CliRunner().invoke(main, ["export", str(tmp_path / "empty.eval"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1 and "no episode to write" in result.output
