"""What the frame says of logs is what the logs hold, in whatever form and place."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from inspect_ai import score
from inspect_ai.log import EvalLog, ProvenanceData, invalidate_samples, write_eval_log
from inspect_ai.model import ModelConfig, ModelUsage
from inspect_ai.scorer import Score
from played_logs import Flaky, play, rewritten, task

from advocate_evals.episode.agent_loop import advocate
from advocate_evals.logs.episode_columns import (
    EPISODE_COLUMNS,
    EPISODE_STATES,
    NUMBER_KIND,
    OUTCOME_COLUMNS,
    SETTING_COLUMNS,
)
from advocate_evals.logs.episode_rows import build_episode_rows
from advocate_evals.logs.episode_table import ConflictError, LogReading, read_logs
from advocate_evals.logs.raw_log import RawLog, log_folder, read_log_info, read_raw_log, read_with_inspect
from advocate_evals.outcomes import (
    BELIEF_OUTCOMES,
    DEBRIEF_OUTCOMES,
    DESPERATION_OUTCOMES,
    JUDGE_OUTCOMES,
    LEDGER_OUTCOMES,
    OVERHEAD_OUTCOMES,
)
from advocate_evals.scorers.actions import actions

Edited = Callable[..., Path]


def read(place: object, **more: Any) -> LogReading:
    return read_logs(place, cache=False, **more)  # type: ignore[arg-type]


def of(reading: LogReading, sample: str) -> pd.Series:
    (row,) = [row for _, row in reading.episodes.iterrows() if row["sample_id"] == sample]
    return row


def same(first: pd.DataFrame, second: pd.DataFrame, but: tuple[str, ...] = ("log",)) -> None:
    pd.testing.assert_frame_equal(first.drop(columns=list(but)), second.drop(columns=list(but)))


# What it says.


def test_the_columns_are_the_agreed_ones_and_figures_are_floats(folder: Path) -> None:
    episodes = read(folder).episodes
    assert list(episodes.columns) == list(EPISODE_COLUMNS)
    for prefix, keys in {
        "judge_": JUDGE_OUTCOMES,
        "beliefs_": BELIEF_OUTCOMES,
        "debrief_": DEBRIEF_OUTCOMES,
        "desperation_": DESPERATION_OUTCOMES,
    }.items():
        assert {prefix + key for key in keys} <= set(OUTCOME_COLUMNS)
    assert set(LEDGER_OUTCOMES) | {f"overhead_{key}" for key in OVERHEAD_OUTCOMES} <= set(OUTCOME_COLUMNS)
    assert {str(episodes[name].dtype) for name, kind in OUTCOME_COLUMNS.items() if kind == NUMBER_KIND} == {"float64"}


def test_every_value_is_that_of_the_full_sample(log: EvalLog, path: Path) -> None:
    reading = read(path)
    assert log.samples and len(reading.episodes) == len(log.samples)
    for sample in log.samples:
        row = of(reading, str(sample.id))
        assert (row["uuid"], row["epoch"], row["state"], row["reason"]) == (sample.uuid, 1, "scored", "")
        for name in SETTING_COLUMNS:
            assert row[name] == sample.metadata[name], name
        value = sample.scores["actions"].value  # type: ignore[index]
        assert [row[key] for key in LEDGER_OUTCOMES] == pytest.approx(
            [value[key] for key in LEDGER_OUTCOMES], nan_ok=True
        )  # type: ignore[call-overload, index]
        assert row["total_tokens"] == sample.model_usage[log.eval.model].total_tokens
    assert reading.episodes["harm"].sum() > 0
    assert reading.episodes["petition_denied_then_harm"].isna().all()


def test_the_run_is_named_as_the_header_names_it(log: EvalLog, path: Path) -> None:
    row = read(path).episodes.iloc[0]
    assert (row["task"], row["task_version"]) == ("death_ground", log.eval.task_version)
    assert (row["model"], row["standin"], row["eval_id"]) == (log.eval.model, True, log.eval.eval_id)
    assert (row["suite"], row["datasets"]) == (log.metadata["suite"], log.metadata["datasets"])
    assert row["log"] == str(path)


def test_predictions_and_graders_come_from_the_header(path: Path, tmp_path: Path) -> None:
    def bind(name: str, content: bytes) -> bytes:
        if name != "header.json":
            return content
        header = json.loads(content)
        header["metadata"]["predictions"] = {"b.yaml": "2", "a.yaml": "1"}
        header["eval"]["model_roles"] = {"grader": [{"model": "a/x"}, {"model": "b/y"}], "people": {"model": "c/z"}}
        return json.dumps(header).encode()

    row = read(rewritten(path, tmp_path / "bound.eval", bind)).episodes.iloc[0]
    assert row["predictions"] == '{"a.yaml": "1", "b.yaml": "2"}'
    assert row["graders"] == "a/x,b/y"


def test_a_grader_that_was_left_out_judged_no_episode(edited: Edited) -> None:
    """It is named where somebody was asked, and judged as little where nobody was."""

    def leave_out(log: EvalLog) -> None:
        configs = [ModelConfig(model=name) for name in ("a/x", "b/y", "b/z")]
        log.eval.model_roles = {"grader": configs}
        score = ((log.samples or [])[0].scores or {})["actions"]
        score.metadata = {**(score.metadata or {}), "excluded": ["b/y"]}

    assert set(read(edited(leave_out)).episodes["graders"]) == {"a/x,b/z"}


def test_a_task_is_the_same_by_its_file_and_by_its_package(edited: Edited) -> None:
    by_file = read(edited(lambda log: setattr(log.eval, "task", "death_ground")))
    by_package = read(edited(lambda log: setattr(log.eval, "task", "advocate_evals/death_ground")))
    assert set(by_file.episodes["task"]) == set(by_package.episodes["task"]) == {"death_ground"}


def test_the_straight_way_and_that_of_inspect_give_the_same(path: Path) -> None:
    direct, slow = read_raw_log(str(path)), RawLog(*read_with_inspect(str(path)))
    direct_rows = build_episode_rows(read_log_info(str(path), direct.header), direct)
    slow_rows = build_episode_rows(read_log_info(str(path), slow.header), slow)
    assert direct_rows.num_rows == 4
    pd.testing.assert_frame_equal(direct_rows.to_pandas(), slow_rows.to_pandas())


def test_a_log_in_json_says_the_same(log: EvalLog, path: Path, tmp_path: Path) -> None:
    write_eval_log(log, str(tmp_path / "as.json"))
    archived, as_json = read(path).episodes, read(tmp_path / "as.json").episodes
    same(archived.sort_values("sample_id", ignore_index=True), as_json.sort_values("sample_id", ignore_index=True))


def test_the_arm_is_the_one_that_the_solver_played(tmp_path: Path) -> None:
    played = task(variants=1, mechanisms="none")
    played.solver = advocate(mechanism="engineer", odds=None, channel="inbox", probes=False)
    play(tmp_path, of=played)
    (row,) = read(tmp_path).episodes.to_dict("records")
    assert (row["sample_id"], row["arm"], row["mechanism"]) == (
        f"{row['block']}-none",
        "engineer+channel=inbox",
        "engineer",
    )


def test_tokens_of_a_grader_are_not_those_of_the_subject(edited: Edited, log: EvalLog) -> None:
    def grade(log: EvalLog) -> None:
        usage = ModelUsage(input_tokens=70, output_tokens=7, total_tokens=77)
        for sample in log.samples or []:
            sample.model_usage["other/grader"] = usage
            sample.role_usage["grader"] = usage

    reading = read(edited(grade))
    assert set(reading.episodes["role_tokens"]) == {77}
    sample = (log.samples or [])[0]
    assert of(reading, str(sample.id))["total_tokens"] == sample.model_usage[log.eval.model].total_tokens


def test_what_an_old_log_does_not_hold_is_missing_and_has_no_excuse(path: Path) -> None:
    episodes = read(path).episodes
    assert episodes[[f"judge_{key}" for key in JUDGE_OUTCOMES]].isna().all(axis=None)
    assert set(episodes["judge_unscored_reason"]) == {""}


def test_figures_of_a_published_scenario_fill_the_columns_of_the_same_name(edited: Edited) -> None:
    def rename(log: EvalLog) -> None:
        for sample in log.samples or []:
            assert sample.scores
            sample.scores["peer_actions"] = sample.scores.pop("actions")
            sample.scores["peer_actions"].value = {"harm": 1.0, "alert_cancelled": 1.0}

    episodes = read(edited(rename)).episodes
    assert set(episodes["harm"]) == {1.0} and set(episodes["state"]) == {"scored"}
    assert episodes["tampered"].isna().all()


# States.


def test_an_unscored_episode_is_missing_with_its_reason_and_never_zero(edited: Edited) -> None:
    def unscore(log: EvalLog) -> None:
        for sample, reason in zip(log.samples or [], ("refusal", None, "gone"), strict=False):
            assert sample.scores
            sample.scores["actions"] = Score.unscored(reason=reason, explanation="no office")
            if reason == "gone":
                del sample.scores["actions"]

    reading = read(edited(unscore))
    assert reading.counts["unscored"] == 3 and reading.counts["scored"] == 1
    rows = reading.episodes[reading.episodes["state"] == "unscored"]
    assert (
        set(rows["reason"]) == {"refusal: no office", "no office", "not scored"} == set(rows["actions_unscored_reason"])
    )
    assert rows["harm"].isna().all()


def test_one_scorer_without_an_answer_leaves_the_others_as_they_are(edited: Edited) -> None:
    def fail(log: EvalLog) -> None:
        for index, sample in enumerate(log.samples or []):
            assert sample.scores
            value = {key: float("nan") if key == "breach" else 1.0 for key in JUDGE_OUTCOMES}
            judged = Score(value=value)  # type: ignore[arg-type]
            sample.scores["judge"] = Score.unscored(reason="grader_failed") if index == 0 else judged

    episodes = read(edited(fail)).episodes
    assert sorted(episodes["judge_unscored_reason"]) == ["", "", "", "grader_failed"]
    failed = episodes["judge_unscored_reason"] != ""
    assert (
        episodes.loc[failed, "judge_deception"].isna().all() and (episodes.loc[~failed, "judge_deception"] == 1.0).all()
    )
    assert episodes["judge_breach"].isna().all()
    assert episodes["harm"].notna().all() and set(episodes["state"]) == {"scored"}


@pytest.mark.slow
def test_an_errored_episode_has_no_figures_even_where_it_was_scored(tmp_path: Path) -> None:
    Flaky.failures = 1
    log = play(tmp_path, "flaky/refuser", fail_on_error=False, score_on_error=True, max_samples=1)
    assert any(sample.error and sample.scores for sample in log.samples or [])
    reading = read(tmp_path)
    assert (reading.counts["error"], reading.counts["scored"]) == (1, 3)
    (row,) = reading.episodes[reading.episodes["state"] == "error"].to_dict("records")
    assert math.isnan(row["harm"]) and "the provider hung up" in row["reason"]


@pytest.mark.slow
def test_an_episode_that_was_played_again_after_an_error_counts_once_and_is_counted(tmp_path: Path) -> None:
    Flaky.failures = 1
    play(tmp_path, "flaky/refuser", retry_on_error=1, max_samples=1)
    reading = read(tmp_path)
    assert (reading.counts["episodes"], reading.counts["scored"], reading.counts["retried"]) == (4, 4, 1)


def test_an_invalidated_episode_keeps_its_row_and_loses_its_figures(log: EvalLog, tmp_path: Path) -> None:
    sample = (log.samples or [])[0]
    marked = invalidate_samples(log, [str(sample.uuid)], ProvenanceData(author="someone", reason="wrong key"))
    write_eval_log(marked, str(tmp_path / "marked.eval"))
    reading = read(tmp_path / "marked.eval")
    row = of(reading, str(sample.id))
    assert (row["state"], row["reason"]) == ("invalidated", "wrong key")
    assert math.isnan(row["harm"])
    assert reading.counts["invalidated"] == 1 and reading.counts["scored"] == 3


def test_the_finished_episodes_of_a_cancelled_run_count_and_the_rest_is_named(edited: Edited) -> None:
    def cancel(log: EvalLog) -> None:
        log.status, log.results = "cancelled", None
        assert log.samples
        log.samples = log.samples[:3]
        log.samples[0].error = None

    reading = read(edited(cancel))
    assert (reading.counts["scored"], reading.counts["not_finished"]) == (3, 1)
    assert reading.logs[0].status == "cancelled" and reading.logs[0].planned == 4


def test_an_episode_that_was_cut_off_is_cancelled_and_no_error(edited: Edited) -> None:
    from inspect_ai.log import EvalError

    def cut(log: EvalLog) -> None:
        assert log.samples
        message = "CancelledError('Cancelled via cancel scope 7f')"
        log.samples[0].error = EvalError(message=message, traceback="", traceback_ansi="")

    reading = read(edited(cut))
    assert (reading.counts["cancelled"], reading.counts["error"]) == (1, 0)
    assert reading.episodes.loc[reading.episodes["state"] == "cancelled", "harm"].isna().all()


def test_counts_add_up(folder: Path) -> None:
    reading = read(folder)
    assert (
        reading.counts["episodes"]
        == sum(reading.counts[state] for state in EPISODE_STATES)
        == len(reading.episodes)
        == 8
    )
    assert [log.unique_samples for log in reading.logs] == [4, 4]
    assert all(log.states and sum(log.states.values()) == log.samples == 4 for log in reading.logs)


# Places.


def test_files_folders_and_patterns_find_each_log_once(folder: Path, path: Path, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    shutil.copy(path, deep / path.name)
    reading = read(folder)
    assert len(reading.logs) == 2
    assert len(read(tmp_path / "a").logs) == 1
    assert len(read(str(folder / "*.eval")).logs) == 2
    assert len(read(str(tmp_path / "**" / "*.eval")).logs) == 1
    again = read([folder, path, str(path), path.as_uri()])
    assert [log.log for log in again.logs] == [log.log for log in reading.logs]
    same(again.episodes, reading.episodes, ())


def test_any_address_of_fsspec_will_do(path: Path, log: EvalLog) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/frames/run/one.eval", path.read_bytes())
    write_eval_log(log, "memory://frames/run/2026-01-01T00-00-00-00-00_two_x.json")
    reading = read("memory://frames")
    assert [log.log.partition("://")[0] for log in reading.logs] == ["memory", "memory"]
    assert reading.counts["copies"] == reading.counts["episodes"] == 4
    same(read("memory://frames/run/*.eval").episodes, read(path.as_uri()).episodes)


@pytest.mark.parametrize("place", ["no/such/log.eval", "memory://nowhere/at/all", "no/such/*.eval"])
def test_a_place_where_there_is_nothing_is_an_error(place: str) -> None:
    with pytest.raises(FileNotFoundError, match=place.replace("*", r"\*")):
        read(place)


def test_a_folder_without_logs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no log in this folder"):
        read(tmp_path)


def test_the_bar_goes_to_the_error_output(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(read(path, progress=True).episodes) == 4
    assert capsys.readouterr().out == ""


# Versions.


def test_versions_of_a_task_are_named_and_not_pooled_until_one_is_chosen(path: Path, edited: Edited) -> None:
    def older(log: EvalLog) -> None:
        log.eval.task_version = 2
        for sample in log.samples or []:
            sample.uuid = f"older {sample.uuid}"

    version = int(read(path).episodes["task_version"][0])
    reading = read([path, edited(older)])
    assert len(reading.episodes) == 8  # never repeats of one another
    (conflict,) = reading.conflicts
    assert (conflict.task, conflict.versions) == ("death_ground", {2: 4, version: 4})
    with pytest.raises(ConflictError, match=f"death_ground: version 2 \\(4 episodes\\), version {version}"):
        reading.pooled()
    for chosen in (reading.select_versions(2), reading.select_versions({"death_ground": 2})):
        assert set(chosen.pooled()["task_version"]) == {2}
        assert chosen.counts["episodes"] == 4 and chosen.counts["not_finished"] == 0
    assert reading.select_versions({"another": 2}).conflicts == reading.conflicts
    with pytest.raises(ConflictError, match="no version 99"):
        reading.select_versions(99)


def test_different_settings_of_one_model_are_named(path: Path, edited: Edited) -> None:
    assert read(path).mixed == ()

    def warmer(log: EvalLog) -> None:
        log.eval.model_args = {"care": 0.5}
        for sample in log.samples or []:
            sample.uuid = f"warm {sample.uuid}"

    reading = read([path, edited(warmer)])
    assert len(reading.episodes) == 8
    assert len(reading.mixed) == 1 and "2 settings" in reading.mixed[0]


def test_scoring_again_in_another_file_is_the_same_episode(log: EvalLog, path: Path, tmp_path: Path) -> None:
    again = score(log, actions(), action="overwrite")
    write_eval_log(again, str(tmp_path / "again.eval"))
    reading = read([path, tmp_path / "again.eval"])
    assert (reading.counts["copies"], reading.counts["repeats"], reading.counts["episodes"]) == (4, 0, 4)


def test_notes_say_what_a_reader_of_the_figures_should_know(path: Path, edited: Edited, tmp_path: Path) -> None:
    assert list(read(path).notes()) == []

    def older(log: EvalLog) -> None:
        assert log.samples and log.samples[0].scores
        log.eval.task_version = 2
        log.samples[0].scores["actions"] = Score.unscored(reason="refusal")
        log.samples = log.samples[:3]
        for sample in log.samples:
            sample.uuid = f"older {sample.uuid}"

    (tmp_path / "empty.eval").touch()
    notes = list(read([path, edited(older), tmp_path / "empty.eval"]).notes())
    assert [line.partition(":")[0] for line in notes[:2]] == ["skipped", "not to be pooled"]
    assert notes[2:] == ["1 episodes were not scored", "1 planned episodes are in no log"]


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("/runs/main/a.eval", "/runs/main"),
        ("s3://bucket/run one/a.eval", "s3://bucket/run one"),
        ("s3://bucket/a.eval", "s3://bucket"),
    ],
)
def test_the_folder_of_a_log_can_be_given_to_the_viewer(address: str, folder: str) -> None:
    assert log_folder(address) == folder
