"""Which of several logs of one episode is kept, and that outcomes have no say in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, ProvenanceData, invalidate_samples, read_eval_log, write_eval_log
from inspect_ai.scorer import Score
from played_logs import Flaky, play, task

from advocate_evals.logs.episode_table import LogReading, read_logs

Edited = Callable[..., Path]


def read(*places: Path) -> LogReading:
    return read_logs(places, cache=False)


def repeat(log: EvalLog, created: str = "2099-01-01T00:00:00+00:00", harm: float | None = None) -> None:
    """As if the same had been played again."""
    log.eval.created, log.eval.eval_id = created, f"again {created}"
    for sample in log.samples or []:
        sample.uuid = f"{created} {sample.uuid}"
        if harm is not None:
            assert sample.scores and isinstance(sample.scores["actions"].value, dict)
            sample.scores["actions"].value["harm"] = harm


def test_a_copied_log_adds_nothing_and_is_listed(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path / "copy.eval")
    reading = read(path, tmp_path)
    assert reading.counts["episodes"] == reading.counts["copies"] == len(reading.dropped) == 4
    assert set(reading.dropped["why"]) == {"copy"}
    assert set(reading.dropped["uuid"]) == set(reading.dropped["kept_uuid"])
    assert sorted(log.unique_samples for log in reading.logs) == [0, 4]
    assert all(row["log"] != row["kept_log"] for row in reading.dropped.to_dict("records"))


@pytest.mark.parametrize("harm", [0.0, 1.0])
def test_of_two_that_were_scored_the_later_is_kept_whatever_happened_in_it(
    path: Path, edited: Edited, harm: float
) -> None:
    later = edited(lambda log: repeat(log, harm=harm), "later.eval")
    earlier = edited(lambda log: repeat(log, "2001-01-01T00:00:00+00:00", harm=1.0 - harm), "earlier.eval")
    reading = read(path, later, earlier)
    assert set(reading.episodes["harm"]) == {harm}
    assert set(reading.episodes["log"]) == {str(later)}
    assert (reading.counts["repeats"], reading.counts["copies"]) == (8, 0)
    assert set(reading.dropped["why"]) == {"repeat"} and set(reading.dropped["kept_log"]) == {str(later)}


def test_a_scored_episode_is_kept_over_a_later_one_that_is_not(path: Path, edited: Edited) -> None:
    def unscored(log: EvalLog) -> None:
        repeat(log)
        for sample in (log.samples or [])[:2]:
            sample.scores = {"actions": Score.unscored(reason="refusal")}

    later = edited(unscored)
    reading = read(path, later)
    assert reading.counts["scored"] == 4
    assert sorted(reading.episodes["log"]) == sorted([str(path)] * 2 + [str(later)] * 2)


def test_the_copy_with_more_scorers_is_kept(path: Path, edited: Edited) -> None:
    def judged(log: EvalLog) -> None:
        for sample in log.samples or []:
            assert sample.scores
            sample.scores["judge"] = Score(value={"coercion": 1.0})

    reading = read(path, edited(judged))
    assert reading.counts["copies"] == 4 and set(reading.episodes["judge_coercion"]) == {1.0}


def test_what_was_invalidated_in_one_copy_is_invalid_in_all(log: EvalLog, path: Path, tmp_path: Path) -> None:
    sample = (log.samples or [])[0]
    marked = invalidate_samples(log, [str(sample.uuid)], ProvenanceData(author="someone", reason="wrong key"))
    write_eval_log(marked, str(tmp_path / "marked.eval"))
    reading = read(path, tmp_path / "marked.eval")
    assert (reading.counts["invalidated"], reading.counts["scored"]) == (1, 3)


def test_another_play_of_an_invalidated_episode_takes_its_place(log: EvalLog, edited: Edited, tmp_path: Path) -> None:
    marked = invalidate_samples(log, "all", ProvenanceData(author="someone", reason="wrong key"))
    write_eval_log(marked, str(tmp_path / "marked.eval"))
    reading = read(tmp_path / "marked.eval", edited(lambda log: repeat(log, "2001-01-01T00:00:00+00:00")))
    assert (reading.counts["invalidated"], reading.counts["scored"], reading.counts["repeats"]) == (0, 4, 4)


def test_epochs_and_models_are_no_repeats(folder: Path, edited: Edited) -> None:
    def second_epoch(log: EvalLog) -> None:
        repeat(log)
        for sample in log.samples or []:
            sample.epoch = 2

    reading = read(folder, edited(second_epoch))
    assert reading.counts["episodes"] == 12 and len(reading.dropped) == 0


def test_the_order_of_places_changes_nothing(path: Path, edited: Edited) -> None:
    later = edited(repeat)
    path_first, later_first = read(path, later), read(later, path)
    assert path_first.episodes.equals(later_first.episodes) and path_first.logs == later_first.logs


@pytest.mark.slow
def test_a_retried_run_counts_each_episode_once(tmp_path: Path) -> None:
    Flaky.failures = 1
    task_args = {"variants": 2, "families": "shared_nodes", "mechanisms": "none,engineer", "probes": False}
    death_ground = "advocate_evals/death_ground"
    first = play(tmp_path, "flaky/refuser", death_ground, max_samples=1, fail_on_error=False, task_args=task_args)
    assert sum(sample.error is not None for sample in first.samples or []) == 1
    (second,) = eval_retry(first, log_dir=str(tmp_path), display="none", log_realtime=False)
    reused = {sample.uuid for sample in first.samples or []} & {
        s.uuid for s in read_eval_log(second.location).samples or []
    }
    assert len(reused) == 3
    reading = read(tmp_path)
    assert (reading.counts["copies"], reading.counts["repeats"], reading.counts["scored"]) == (3, 1, 4)
    assert set(reading.episodes["log"]) == {second.location.removeprefix("file://")}


@pytest.mark.slow
def test_two_plays_of_one_task_are_repeats(path: Path, log: EvalLog, tmp_path: Path) -> None:
    play(tmp_path, log.eval.model, task(probes=True))
    reading = read(path, tmp_path)
    assert reading.counts["repeats"] == 4
    assert all(log.unique_samples == (0 if log.log == str(path) else 4) for log in reading.logs)
