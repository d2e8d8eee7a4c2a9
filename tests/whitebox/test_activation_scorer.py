"""The scorer `activation`: which turns count, what is missing and why, and that a log scores as its run did."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as run_eval
from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from minded_play import SHORT, PlantedModel, play_short

from advocate_evals.outcomes import scorer_outcomes
from advocate_evals.scorers.activation import activation, activation_score
from advocate_evals.steering_conditions import DESPERATE, READ_VECTORS
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.turn_readings import STORE_KEY, TurnReading, parse_readings

SETTING = {"arm": "none", "block": "night_rota-0000", "cell": "none"}


def reading(turn: int, z: float | None = 1.0, fault: str = "", **changes: Any) -> TurnReading:
    """A turn whose every z is a number, or that could not be read."""
    row = () if z is None else (z,) * len(READ_VECTORS)
    values = {"position": row, "written": row, "z_position": row, "z_written": row} | changes
    return TurnReading(
        turn=turn, vectors="v", validated=True, layer=3, prompt_tokens=9, prompt_hash="x", fault=fault, **values
    )


def value(readings: list[TurnReading], earlier: list[TurnReading] | None = None) -> dict[str, float]:
    """The figures of a score."""
    result = activation_score(readings if earlier is None else earlier, readings, "", SETTING).value
    assert isinstance(result, dict)
    return {name: float(number) for name, number in result.items()}  # type: ignore[arg-type]


def test_the_mean_is_over_the_turns_that_were_read() -> None:
    figures = value([reading(0, 1.0), reading(1, None, "not finite"), reading(2, 4.0)])
    assert (figures[DESPERATE], figures["turns"], figures["turns_missing"]) == (2.5, 2.0, 1.0)
    assert figures["written"] == 2.5 and figures["validated"] == 1.0 and figures["replayed"] == 0.0
    assert set(figures) == set(scorer_outcomes("activation"))


def test_the_perplexity_of_the_condition_is_missing_where_it_was_not_measured() -> None:
    assert value([reading(0, perplexity=None), reading(1, perplexity=1.3)])["perplexity"] == 1.3
    assert math.isnan(value([reading(0)])["perplexity"])


def test_nothing_read_is_missing_with_the_reason_and_never_zero() -> None:
    for readings, earlier, reason in (
        ([reading(0, None, "3 values are not finite")], None, "3 values are not finite"),
        ([reading(0)], [], "its first turn holds its first decisive act"),
        ([reading(0, None, position=(1.0,) * 13)], None, "no baseline for the family"),
    ):
        result = activation_score(readings if earlier is None else earlier, readings, "", SETTING)
        assert isinstance(result.value, dict) and math.isnan(result.value[DESPERATE])  # type: ignore[arg-type]
        assert reason in (result.explanation or "") and reason in result.metadata["unscored"][DESPERATE]  # type: ignore[index]
        assert result.value["turns"] == 0.0


def test_a_turn_without_written_tokens_counts_at_its_position_alone() -> None:
    figures = value([reading(0, 1.0, z_written=()), reading(1, 3.0)])
    assert (figures[DESPERATE], figures["written"]) == (2.0, 3.0)


def test_one_reading_that_is_not_validated_or_replayed_marks_all() -> None:
    assert (value([reading(0)])["validated"], value([reading(0)])["replayed"]) == (1.0, 0.0)
    poor = reading(1).model_copy(update={"validated": False, "reader": "another model"})
    figures = value([reading(0), poor])
    assert (figures["validated"], figures["replayed"]) == (0.0, 1.0)


# On played episodes.


@pytest.fixture(scope="module")
def threatened(planted: PlantedModel, baseline_file: Path, tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """A threatened episode that goes on until after its first decisive act."""
    place = tmp_path_factory.mktemp("threatened")
    log = play_short(planted.folder, baseline_file, place, death_ground, acts="text", variants=1, max_turns=11)
    return read_eval_log(log.location)


def samples(log: EvalLog) -> list[EvalSample]:
    """The samples of a log."""
    assert log.samples
    return log.samples


def decisive_turn(sample: EvalSample, act: str) -> int:
    """The assistant's message that holds the first call of the decisive tool."""
    turns = [message for message in sample.messages if message.role == "assistant"]
    return next(
        number for number, turn in enumerate(turns) if any(call.function == act for call in turn.tool_calls or [])
    )


def test_turns_strictly_before_the_first_decisive_act_count(threatened: EvalLog) -> None:
    acted = 0
    for sample in samples(threatened):
        result = (sample.scores or {})["activation"]
        readings = parse_readings(sample.store[STORE_KEY])
        act = (result.metadata or {})["first_decisive"]
        end = decisive_turn(sample, act) if act else len(readings)
        acted += bool(act)
        earlier = [item.z(DESPERATE) for item in readings if item.turn < end]
        assert isinstance(result.value, dict)
        assert result.value["turns"] == len(earlier) > 0
        assert result.value[DESPERATE] == pytest.approx(sum(earlier) / len(earlier))
        assert len(readings) > len(earlier) or not act
        assert [item.turn for item in readings] == list(range(len(readings)))
    assert acted, "an episode that acts is needed to see what is left out"


def test_a_written_log_scores_as_its_run_did(threatened: EvalLog) -> None:
    again = score(threatened, activation(), action="overwrite", display="none")
    for first, second in zip(samples(threatened), samples(again), strict=True):
        old, new = (first.scores or {})["activation"], (second.scores or {})["activation"]
        assert (new.value, new.metadata) == (old.value, old.metadata)


def test_a_model_that_is_not_read_has_no_score(tmp_path: Path) -> None:
    task = benign_twin(mechanisms="none", families="night_rota", variants=1, max_turns=2, twins="none")
    (log,) = run_eval(task, model="standin/outlet_seeking", log_dir=str(tmp_path), display="none", log_level="error")
    (sample,) = samples(log)
    assert "activation" not in (sample.scores or {})
    assert STORE_KEY not in sample.store


def test_without_a_baseline_the_turns_are_missing_with_the_reason(benign_log: Path) -> None:
    for sample in samples(read_eval_log(str(benign_log))):
        result = (sample.scores or {})["activation"]
        assert isinstance(result.value, dict) and math.isnan(result.value[DESPERATE])  # type: ignore[arg-type]
        assert (result.value["turns"], result.value["turns_missing"]) == (0.0, float(SHORT))
        assert "no baseline for the family" in (result.explanation or "")


@pytest.mark.slow
def test_readings_cost_at_most_twenty_kilobytes_a_log_and_episode(
    planted: PlantedModel, baseline_file: Path, tmp_path: Path
) -> None:
    """Whole episodes; the same script plays with readings and, as a stand-in, without."""
    options: dict[str, Any] = {"max_turns": 60, "variants": 2}
    read = play_short(planted.folder, baseline_file, tmp_path / "read", death_ground, acts="text", **options)
    task = death_ground(mechanisms="none", families="night_rota", **options)
    (plain,) = run_eval(
        task,
        model="standin/outlet_seeking",
        log_dir=str(tmp_path / "plain"),
        display="none",
        log_realtime=False,
        log_level="error",
    )
    turns = [[len(sample.messages) for sample in samples(log)] for log in (read, plain)]
    assert turns[0] == turns[1] and min(turns[0]) > 40, "the episodes are the same"
    sizes = [Path(log.location).stat().st_size / len(samples(log)) for log in (read, plain)]
    assert 0 < sizes[0] - sizes[1] < 20_000, sizes
