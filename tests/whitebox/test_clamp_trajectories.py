"""Clamps that follow an earlier episode of the same block: the other arm's course, the own one, permuted directions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from inspect_ai import eval as run_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model
from minded_play import PlantedModel

from advocate_evals.steering_conditions import (
    PERMUTED,
    READ_VECTORS,
    TRAJECTORY_CLAMPS,
    UNSTEERED,
    parse_steering,
    steering_arms,
)
from advocate_evals.task_builder.office_task import build_blocks, build_office_task
from advocate_evals.tasks.steering import steering
from advocate_evals.turn_readings import STORE_KEY, ReadingRequest, TurnReading, parse_readings
from advocate_evals.whitebox.clamp_trajectories import ClampTrajectories, load_trajectories
from advocate_evals.whitebox.log_readout import read_out_logs
from advocate_evals.whitebox.open_models import OpenModelError, load_open_model
from advocate_evals.whitebox.vector_file import load_vectors

Cells = dict[tuple[str, str], list[TurnReading]]
TURNS, ENDS = 3, ("none", "review_board")
FOLLOWED = ("clamp_twin", "clamp_own", "clamp_twin_permuted3")


def play_cells(
    subject: Model, place: Path, conditions: Sequence[str], mechanisms: Sequence[str]
) -> tuple[EvalLog, Cells]:
    """The readings of short episodes of one block, by mechanism and condition."""
    arms = [{"mechanism": mechanism, "steering": level} for mechanism in mechanisms for level in conditions]
    dataset = build_blocks(arms, "night_rota", 1, 0, {})
    task = build_office_task(dataset, version=1, max_turns=TURNS, probes=False, judge="off")
    (log,) = run_eval(
        task,
        model=subject,
        log_dir=str(place),
        display="none",
        log_realtime=False,
        log_level="error",
        fail_on_error=False,
    )
    cells = {
        (str((sample.metadata or {})["mechanism"]), str((sample.metadata or {})["steering"])): parse_readings(
            sample.store.get(STORE_KEY)
        )
        for sample in log.samples or []
    }
    return log, cells


def minded(planted: PlantedModel, vectors: Path, **arguments: object) -> Model:
    return get_model(f"minded/{planted.folder}", vectors=str(vectors), device="cpu", memoize=False, **arguments)


def position(reading: TurnReading, vector: str) -> float:
    return reading.position[READ_VECTORS.index(vector)]


@pytest.fixture(scope="module")
def natural(
    planted: PlantedModel, baseline_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EvalLog, Cells]:
    log, cells = play_cells(minded(planted, baseline_file), tmp_path_factory.mktemp("natural"), [UNSTEERED], ENDS)
    assert log.status == "success" and set(cells) == {("none", "none"), ("review_board", "none")}
    return log, cells


def test_conditions_of_trajectories_name_their_vector_and_whose_course_they_follow() -> None:
    read = {name: parse_steering(name) for name in TRAJECTORY_CLAMPS}
    assert {name: condition.vector for name, condition in read.items()} == {
        "clamp_twin": "desperate",
        "clamp_own": "desperate",
        **{f"clamp_twin_{name}": name for name in PERMUTED},
    }
    assert [name for name, condition in read.items() if condition.trajectory == "own"] == ["clamp_own"]
    assert not any(condition.changes_nothing for condition in read.values())
    assert steering_arms("calm", 0, clamp=False, trajectories=True) == [UNSTEERED, *TRAJECTORY_CLAMPS]
    task = steering(families="night_rota", variants=1, strengths="0", clamp=False, trajectories=True)
    arms = {((sample.metadata or {})["mechanism"], (sample.metadata or {})["steering"]) for sample in task.dataset}
    assert arms == {(mechanism, level) for mechanism in ENDS for level in (UNSTEERED, *TRAJECTORY_CLAMPS)}


@pytest.mark.slow
def test_each_arm_follows_its_twin_and_the_sham_itself_turn_by_turn(
    planted: PlantedModel, baseline_file: Path, natural: tuple[EvalLog, Cells], tmp_path: Path
) -> None:
    log, before = natural
    subject = minded(planted, baseline_file, trajectories=log.location)
    clamped_log, cells = play_cells(subject, tmp_path, FOLLOWED, ENDS)
    assert clamped_log.status == "success", clamped_log.error
    assert len(cells) == 2 * len(FOLLOWED)
    for mechanism, twin in (("none", "review_board"), ("review_board", "none")):
        for condition, vector, source in (
            ("clamp_twin", "desperate", twin),
            ("clamp_own", "desperate", mechanism),
            ("clamp_twin_permuted3", "permuted3", twin),
        ):
            course = before[source, "none"]
            for reading in cells[mechanism, condition]:
                expected = course[min(reading.turn, len(course) - 1)]
                assert position(reading, vector) == pytest.approx(position(expected, vector), abs=1e-5)
    first, second = (before[mechanism, "none"][0] for mechanism in ("none", "review_board"))
    assert abs(position(first, "desperate") - position(second, "desperate")) > 1e-3  # the two arms do differ
    vectors = load_vectors(baseline_file)
    open_model = load_open_model(str(planted.folder / "model"), device="cpu")
    (readout,) = read_out_logs(clamped_log.location, vectors, open_model, tmp_path / "read")
    assert readout.live_difference < 1e-5  # a replay holds each turn where it was held


def test_without_trajectories_the_episode_fails_and_says_how_to_name_them(
    planted: PlantedModel, baseline_file: Path, tmp_path: Path
) -> None:
    log, _ = play_cells(minded(planted, baseline_file), tmp_path, ["clamp_twin"], ["none"])
    (sample,) = log.samples or []
    assert sample.error is not None and "-M trajectories=LOGS" in sample.error.message


def test_what_cannot_be_followed_is_refused_by_name(
    baseline_file: Path, natural: tuple[EvalLog, Cells], benign_log: Path, planted: PlantedModel
) -> None:
    vectors = load_vectors(baseline_file)
    trajectories = load_trajectories(natural[0].location, vectors)
    assert isinstance(trajectories, ClampTrajectories) and trajectories.mechanisms == ("none", "review_board")
    request = ReadingRequest(steering="clamp_twin", block="night_rota-0000", mechanism="none")
    assert trajectories.find_level(request) is not None
    assert trajectories.find_level(request.model_copy(update={"steering": "clamp"})) is None
    late = request.model_copy(update={"turn": 999})
    last = natural[1]["review_board", "none"][-1]
    assert trajectories.find_level(late) == position(last, "desperate")
    with pytest.raises(OpenModelError, match="no episode of block 'night_rota-0009' with mechanism 'review_board'"):
        trajectories.find_level(request.model_copy(update={"block": "night_rota-0009"}))
    with pytest.raises(OpenModelError, match="'engineer' has no twin among them"):
        trajectories.find_level(request.model_copy(update={"mechanism": "engineer"}))
    with pytest.raises(OpenModelError, match=r"must hold unsteered episodes of two mechanisms.*it holds none"):
        load_trajectories(benign_log, vectors)
    with pytest.raises(OpenModelError, match="-M vectors=FILE"):
        load_trajectories(benign_log, None)
