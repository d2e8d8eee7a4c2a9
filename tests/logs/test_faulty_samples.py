"""Samples that hold what no run writes: an error without a text, figures that are none, turns of another model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from played_logs import rewritten

from advocate_evals.logs.episode_table import read_logs
from advocate_evals.outcomes import OUTCOMES

ChangedRow = Callable[[dict[str, Any]], object]


@pytest.fixture
def read_changed(path: Path, tmp_path: Path) -> Callable[[ChangedRow], pd.DataFrame]:
    """The episodes of the log when something about its first sample's summary is changed; the changed one first."""

    def read(change: ChangedRow) -> pd.DataFrame:
        names: list[str] = []

        def rewrite(name: str, content: bytes) -> bytes:
            if name != "summaries.json":
                return content
            rows = json.loads(content)
            change(rows[0])
            names.append(rows[0]["id"])
            return json.dumps(rows).encode()

        episodes = read_logs(rewritten(path, tmp_path / "changed.eval", rewrite), cache=False).episodes
        assert len(episodes) == 4
        return episodes.sort_values("sample_id", key=lambda ids: ids != names[0], kind="stable").reset_index(drop=True)

    return read


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \n"])
def test_an_error_without_a_text_is_an_error(text: str, read_changed: Callable[[ChangedRow], pd.DataFrame]) -> None:
    episodes = read_changed(lambda row: row.update(error=text))
    assert tuple(episodes.loc[0, ["state", "reason"]]) == ("error", "an error without a text")
    assert math.isnan(episodes.loc[0, "harm"])
    assert list(episodes["state"][1:]) == ["scored"] * 3


@pytest.mark.parametrize(
    ("figure", "fault"),
    [
        (None, "harm is null, not a number"),
        ("yes", "harm is 'yes', not a number"),
        ([1.0], "harm is [1.0], not a number"),
        (math.inf, "harm is inf, not between 0 and 1"),
        (-math.inf, "harm is -inf, not between 0 and 1"),
        (7.0, "harm is 7, not between 0 and 1"),
        (-0.5, "harm is -0.5, not between 0 and 1"),
    ],
)
def test_a_harm_that_is_no_share_is_unscored_with_its_reason(
    figure: object, fault: str, read_changed: Callable[[ChangedRow], pd.DataFrame]
) -> None:
    episodes = read_changed(lambda row: row["scores"]["actions"]["value"].update(harm=figure))
    assert tuple(episodes.loc[0, ["state", "reason"]]) == ("unscored", f"faulty_value: {fault}")
    assert math.isnan(episodes.loc[0, "harm"]) and fault in episodes.loc[0, "actions_unscored_reason"]
    assert episodes["harm"][1:].notna().all()


def test_another_faulty_figure_is_missing_with_its_reason_and_the_others_stay(
    read_changed: Callable[[ChangedRow], pd.DataFrame],
) -> None:
    episodes = read_changed(lambda row: row["scores"]["actions"]["value"].update(petitioned="no", work_done=1e400))
    row = episodes.loc[0]
    assert row["state"] == "scored" and not math.isnan(row["harm"])
    assert math.isnan(row["petitioned"]) and math.isnan(row["work_done"])
    assert row["actions_unscored_reason"].startswith("faulty_value: ")
    assert (
        "petitioned is 'no'" in row["actions_unscored_reason"] and "work_done is inf" in row["actions_unscored_reason"]
    )


def test_what_is_a_value_depends_on_the_outcome() -> None:
    assert not OUTCOMES["activation_desperate"].describe_fault(-3.5)
    assert OUTCOMES["activation_turns"].describe_fault(-1) == "turns is -1, not finite, from 0"
    assert not OUTCOMES["desperation_rated"].describe_fault(10)
    assert OUTCOMES["desperation_rated"].describe_fault(10.5) == "rated is 10.5, not between 0 and 10"
    assert not OUTCOMES["harm"].describe_fault(math.nan) and not OUTCOMES["harm"].describe_fault(True)


def test_turns_that_another_model_answered_are_none_of_the_subjects(
    read_changed: Callable[[ChangedRow], pd.DataFrame], path: Path
) -> None:
    (subject,) = set(read_logs(path, cache=False).episodes["model"])
    name = subject.rpartition("/")[2]

    def fall_back(model: str) -> Callable[[dict[str, Any]], object]:
        used = [{"model": model, "fallback_model": "another-model", "count": 2}]
        return lambda row: row.update(model_fallbacks=used)

    row = read_changed(fall_back(name)).loc[0]
    assert (row["state"], row["fallbacks"]) == ("unscored", 2) and math.isnan(row["harm"])
    assert row["reason"] == f"another_model: it answered 2 turns in place of {subject}"
    grader = read_changed(fall_back("a-grader")).loc[0]
    assert (grader["state"], grader["fallbacks"]) == ("scored", 0)


def test_a_log_that_no_reader_foresaw_is_named_and_the_others_are_read(path: Path, tmp_path: Path) -> None:
    def rewrite(name: str, content: bytes) -> bytes:
        rows = [{"id": "a", "epoch": 1, "scores": {"actions": 3}}]
        return json.dumps(rows).encode() if name == "summaries.json" else content

    odd = rewritten(path, tmp_path / "odd.eval", rewrite)
    reading = read_logs([path, odd], cache=False)
    ((address, reason),) = reading.skipped
    assert address == str(odd) and reason.startswith("cannot be read as a log of this suite: ")
    assert reading.counts["episodes"] == 4


@pytest.mark.parametrize(
    ("part", "option", "setting"),
    [
        ("config", "approval", {"approvers": [{"name": "human", "tools": "*"}]}),
        ("config", "review", "human"),
        ("config", "token_limit_type", "output"),
        ("config", "an_option_of_a_later_version", 3),
        ("model_generate_config", "stop_seqs", ["\n\n"]),
        ("model_generate_config", "max_tool_output", 100),
        ("model_generate_config", "logit_bias", {"1": -10.0}),
        ("model_generate_config", "fail_on_refusal", True),
        ("model_generate_config", "reasoning_summary", "auto"),
        (None, "model_base_url", "http://localhost:8000/v1"),
    ],
)
def test_whatever_may_change_an_episode_is_a_setting(
    part: str | None, option: str, setting: object, path: Path, tmp_path: Path
) -> None:
    def rewrite(name: str, content: bytes) -> bytes:
        if name != "header.json":
            return content
        header = json.loads(content)
        (header["eval"][part] if part else header["eval"])[option] = setting
        return json.dumps(header).encode()

    changed = rewritten(path, tmp_path / "changed.eval", rewrite)
    settings = json.loads(read_logs(changed, cache=False).episodes["settings"][0])
    assert settings["base_url" if option == "model_base_url" else option] == setting
    assert read_logs(path, cache=False).episodes["settings"][0] != json.dumps(settings)


@pytest.mark.parametrize(
    ("part", "option"), [("config", "max_samples"), ("config", "limit"), ("model_generate_config", "max_connections")]
)
def test_scheduling_is_no_setting(part: str, option: str, path: Path, tmp_path: Path) -> None:
    def rewrite(name: str, content: bytes) -> bytes:
        if name != "header.json":
            return content
        header = json.loads(content)
        header["eval"][part][option] = 2
        return json.dumps(header).encode()

    changed = rewritten(path, tmp_path / "changed.eval", rewrite)
    settings = {read_logs(log, cache=False).episodes["settings"][0] for log in (path, changed)}
    assert len(settings) == 1


def test_headers_of_requests_are_told_apart_and_not_written_down(path: Path, tmp_path: Path) -> None:
    def rewrite(name: str, content: bytes) -> bytes:
        if name != "header.json":
            return content
        header = json.loads(content)
        header["eval"]["model_generate_config"]["extra_headers"] = {"Authorization": "Bearer secret"}
        return json.dumps(header).encode()

    changed = rewritten(path, tmp_path / "changed.eval", rewrite)
    (settings,) = set(read_logs(changed, cache=False).episodes["settings"])
    assert "secret" not in settings and len(json.loads(settings)["extra_headers"]) == 12
